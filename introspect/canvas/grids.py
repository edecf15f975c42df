"""A batch of pictures to tiles in a grid, each beside its target where there is one.

Axes:
    N: pictures, H: height, W: width, C: channels

Not here: colours (``introspect.canvas.paint_grid``), single pictures
(``introspect.canvas.pictures``).
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from introspect.canvas.newest import stated_step
from introspect.canvas.pictures import Tile
from introspect.canvas.ticks import clean, format_value
from introspect.errors import CanvasError
from introspect.nouns.panels import GridPanel
from introspect.nouns.values import Image, Images, to_numpy

Captions = tuple[str, str]
"""Words under a picture; where there are two, the first is a fault."""


@dataclass(frozen=True, slots=True, eq=False)
class GridView:
    """Tiles row by row.

    Attributes:
        title: Cleaned for one line.
        how: The grey words after it.
        tiles: Pictures; uint8 values of one channel are 0 to 255.
        targets: As many tiles, or none.
        captions: As many, ``("", "")`` for none.
        columns: Tiles a row, a pair counting one; None for as many as look well.
        cmap: Of tiles with one channel, or None for grey.
    """

    title: str
    how: str
    tiles: tuple[Tile, ...]
    targets: tuple[Tile, ...]
    captions: tuple[Captions, ...]
    columns: int | None
    cmap: str | None

    @property
    def aspect(self) -> float:
        """Width by height of the widest tile, within what can be looked at."""
        shapes = [tile.values.shape[:2] for tile in self.tiles] or [(1, 1)]
        widest = max(wide / max(high, 1) for high, wide in shapes)
        return min(max(widest, 0.2), 8.0)

    @property
    def caption_rows(self) -> int:
        """Lines of words under each tile."""
        return max((sum(map(bool, pair)) for pair in self.captions), default=0)


def grid_view(panel: GridPanel) -> GridView:
    """What a grid panel shows.

    Raises:
        CanvasError: If the newest value is no batch of pictures, or targets differ in number.

    Example:
        >>> view = grid_view(GridPanel("x", None, [np.zeros((3, 1, 6, 6))]))
        >>> len(view.tiles), view.how
        (3, '3 of 6×6, range 0 to 0')
    """
    batch: Any = panel.data[-1] if len(panel.data) else []
    images, words = _images(batch, panel)
    targets: tuple[Tile, ...] = ()
    if panel.targets is not None and len(panel.targets) and images:
        wanted, _ = _images(panel.targets[-1], panel)
        if len(wanted) < len(images):
            raise CanvasError(
                "each picture needs a target.",
                given=f"{len(images)} pictures, {len(wanted)} targets",
            )
        targets = tuple(_tile(image) for image in wanted[: len(images)])
    how = [words, "each before its target" if targets else "", stated_step(panel.steps)]
    own = batch.columns if isinstance(batch, Images) else None
    return GridView(
        title=clean(panel.title) or clean(panel.name),
        how=", ".join(word for word in how if word),
        tiles=tuple(_tile(image) for image in images),
        targets=targets,
        captions=_captions(panel, images),
        columns=panel.columns or own,
        cmap=panel.cmap,
    )


def good_columns(count: int, most: int) -> int:
    """Pictures a row: a divisor of their number if one is near, so that rows are full.

    Example:
        >>> good_columns(64, 10), good_columns(15, 6), good_columns(7, 5), good_columns(3, 9)
        (8, 5, 5, 3)
    """
    most = max(1, most)
    if count <= most:
        return max(count, 1)
    divisors = [n for n in range(most, 0, -1) if count % n == 0]
    return divisors[0] if divisors[0] * 2 > most else most


def _images(batch: Any, panel: GridPanel) -> tuple[tuple[Image, ...], str]:
    """Pictures, all scaled alike, at most `panel.limit`; and how many of what, in words."""
    if isinstance(batch, Images):
        shown = batch.images[: panel.limit]
        return shown, _counted(len(shown), len(batch.images), shown)
    if isinstance(batch, list | tuple):
        given: Any = list(batch)
    else:
        given = to_numpy(batch)
    total = len(given) if isinstance(given, list) or given.ndim else 0
    if not total:
        return (), "no pictures yet"
    images = Images.of(given[: panel.limit], cmap=panel.cmap).images
    words = _counted(len(images), total, images)
    if not isinstance(given, list) and given.dtype.kind == "f":
        finite = given[np.isfinite(given)]
        if finite.size:
            low, high = float(finite.min()), float(finite.max())
            low = 0.0 if 0 < low < 1e-3 * high else low
            words += f", range {format_value(low)} to {format_value(high)}"
    return images, words


def _counted(shown: int, total: int, images: tuple[Image, ...]) -> str:
    sizes = {image.pixels.shape[:2] for image in images}
    count = f"{shown} of {total}" if shown < total else f"{shown}"
    if len(sizes) != 1:
        return f"{count} pictures"
    high, wide = sizes.pop()
    return f"{count} of {high}×{wide}" if shown == total else f"{count}, {high}×{wide}"


def _tile(image: Image) -> Tile:
    pixels = image.pixels
    stride = max(1, math.ceil(max(pixels.shape[:2]) / 1000))
    pixels = pixels[::stride, ::stride]
    return Tile(pixels if pixels.ndim == 3 else pixels.astype(np.float64), cmap=image.cmap)


def _captions(panel: GridPanel, images: tuple[Image, ...]) -> tuple[Captions, ...]:
    found: list[Captions] = []
    for index, image in enumerate(images):
        given = panel.captions[index] if index < len(panel.captions) else image.caption
        pair = given if isinstance(given, tuple) else ("", given)
        found.append((clean(pair[0]), clean(pair[1])))
    return tuple(found)
