"""Pictures at one step: values and bytes that a browser colours.

One channel is sent as values, with its range and, where a user asked for a matplotlib colour map,
256 colours; the browser does the rest.

Axes:
    N: pictures, H: height, W: width, C: channels

Not here: charts (``introspect.canvas.shots_charts``).
"""

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from introspect.canvas.grids import grid_view
from introspect.canvas.pictures import Tile, image_sheet
from introspect.nouns.panels import GridPanel, ImagePanel

Shot = tuple[dict[str, Any], dict[str, npt.NDArray[Any]]]

_MOST_SIDE, _MOST_SIDE_COMPACT = 512, 160


def image(panel: ImagePanel, compact: bool) -> Shot:  # noqa: FBT001  the signature of every maker
    """The newest array or Image alone."""
    newest = replace(
        panel,
        steps=None if panel.steps is None else panel.steps[-1:],
        data=list(panel.data[-1:]),
        limit=1,
    )
    sheet = image_sheet(newest)
    if not sheet.tiles:
        return {"how": sheet.how, "empty": True}, {}
    tile = sheet.tiles[0]
    meta: dict[str, Any] = {
        "how": sheet.how,
        "caption": "" if panel.steps is not None and not _has_words(panel) else tile.caption,
        "ramp": sheet.ramp,
        "low": sheet.low,
        "high": sheet.high,
    }
    if panel.steps is not None and _has_words(panel):
        meta["caption"] = str(getattr(panel.data[-1], "caption", ""))
    arrays = _pixels(tile, sheet.low, sheet.high, compact=compact)
    cmap = tile.cmap or panel.cmap
    return meta, arrays | ({"lut": lut(cmap)} if cmap and tile.values.ndim == 2 else {})


def grid(panel: GridPanel, compact: bool) -> Shot:  # noqa: FBT001  the signature of every maker
    """The newest batch: tiles, targets, captions."""
    view = grid_view(panel)
    meta = {"how": view.how, "captions": view.captions, "columns": view.columns}
    arrays = {}
    for name, tiles in (("tile", view.tiles), ("target", view.targets)):
        for at, tile in enumerate(tiles):
            arrays[f"{name}{at}"] = _thinned(tile.values, compact=compact).astype(np.uint8)
    cmap = view.cmap or next((tile.cmap for tile in view.tiles if tile.cmap), None)
    return meta, arrays | ({"lut": lut(cmap)} if cmap else {})


@cache
def lut(name: str) -> npt.NDArray[np.uint8]:
    """A matplotlib colour map as uint8 ``(256, 3)``; grey for a name that is unknown."""
    from matplotlib import colormaps  # noqa: PLC0415  when a user asks for one

    if name not in colormaps:
        name = "gray"
    colors = colormaps[name](np.linspace(0.0, 1.0, 256))[:, :3]
    return np.rint(colors * 255).astype(np.uint8)


def _has_words(panel: ImagePanel) -> bool:
    return bool(len(panel.data) and getattr(panel.data[-1], "caption", ""))


def _pixels(tile: Tile, low: float, high: float, *, compact: bool) -> dict[str, npt.NDArray[Any]]:
    """Values as float32, or in few bytes as shares of the range; bytes as they are."""
    values = _thinned(tile.values, compact=compact)
    if values.dtype == np.uint8:
        return {"bytes": np.ascontiguousarray(values)}
    arrays: dict[str, npt.NDArray[Any]] = {}
    if tile.blank is not None:
        arrays["blank"] = _thinned(tile.blank, compact=compact).astype(np.uint8)
    if compact:
        shares = (values - low) / ((high - low) or 1.0)
        codes = np.where(np.isfinite(shares), np.rint(np.clip(shares, 0, 1) * 254), 255)
        return arrays | {"codes": codes.astype(np.uint8)}
    return arrays | {"values": values.astype(np.float32)}


def _thinned(values: npt.NDArray[Any], *, compact: bool) -> npt.NDArray[Any]:
    most = _MOST_SIDE_COMPACT if compact else _MOST_SIDE
    rows, columns = (max(1, -(-size // most)) for size in values.shape[:2])
    return np.ascontiguousarray(values[::rows, ::columns])
