"""A Sheet of tiles on a matplotlib axes whose unit is the point.

Nearest pixel, no frame, captions beneath; NaN is red, since red means fault.

Not here: tiles and range (``introspect.canvas.pictures``), where the axes lies
(``introspect.canvas.figure``).
"""

from typing import Any

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb

from introspect import theme
from introspect.canvas.paint_lines import size_pt
from introspect.canvas.pictures import Sheet, Tile
from introspect.canvas.style import colormap
from introspect.canvas.writing import Word, shortened, write_row
from introspect.theme import Mode

_GAP_PT = 9.0
_CAPTION_PT = 13.0


def tile_size_pt(sheet: Sheet, width_pt: float, most_pt: float) -> tuple[float, float]:
    """Width and height of a tile in a row of ``sheet.slots``, at most `most_pt` high."""
    wide = (width_pt - _GAP_PT * (sheet.slots - 1)) / sheet.slots
    high = min(wide / sheet.aspect, most_pt)
    return min(wide, high * sheet.aspect), high


def sheet_height_pt(sheet: Sheet, width_pt: float, most_pt: float) -> float:
    """Height of the row with its captions."""
    high = max(tile_size_pt(sheet, width_pt, most_pt)[1], 6.0)
    return high + (_CAPTION_PT if sheet.slots > 1 or _captioned(sheet) else 0.0)


def paint_images(ax: Axes, sheet: Sheet, *, mode: Mode, cmap: str | None = None) -> None:
    """Draw the tiles.

    Args:
        ax: An axes of its final size.
        sheet: What to draw.
        mode: Of the theme.
        cmap: Name of a matplotlib colour map for the values; None takes the ramp.
    """
    width_pt, height_pt = size_pt(ax)
    ax.set_axis_off()
    ax.set_xlim(0, width_pt)
    ax.set_ylim(height_pt, 0)
    most = height_pt - (_CAPTION_PT if sheet.slots > 1 or _captioned(sheet) else 0.0)
    wide, high = tile_size_pt(sheet, width_pt, most)
    wide, high = max(wide, 2.0), max(high, 6.0)
    for index, tile in enumerate(sheet.tiles):
        left = index * (wide + _GAP_PT)
        ax.imshow(
            colored(tile, sheet, mode=mode, cmap=cmap),
            extent=(left, left + wide, high, 0),
            aspect="auto",
            interpolation="nearest",
            clip_on=False,
        )
        newest = index == len(sheet.tiles) - 1
        ax.text(
            left,
            high + 3.0,
            shortened(tile.caption, wide + _GAP_PT - 3.0, 8),
            va="top",
            fontsize=8,
            color=theme.color("ink_2" if newest else "ink_3", mode),
        )
    ax.set_xlim(0, width_pt)  # imshow moves them
    ax.set_ylim(height_pt, 0)
    ink, grey = theme.color("ink", mode), theme.color("ink_3", mode)
    words = [Word(sheet.title, ink, 9.5, bold=True), Word(sheet.how, grey)]
    write_row(ax, [w for w in words if w.text], room_pt=width_pt, up_pt=9.0)


def colored(
    tile: Tile, sheet: Sheet, *, mode: Mode, cmap: str | None = None
) -> npt.NDArray[np.uint8]:
    """uint8 ``(H, W, 3)`` or ``(H, W, 4)`` of a tile."""
    if tile.values.ndim == 3:
        return tile.values
    span = (sheet.high - sheet.low) or 1.0
    broken = ~np.isfinite(tile.values)
    share = np.clip(np.where(broken, 0.0, (tile.values - sheet.low) / span), 0.0, 1.0)
    pixels = _map(tile.cmap or cmap, sheet, mode)(share, bytes=True)[:, :, :3]
    pixels[broken] = _bytes(theme.color("bad", mode))
    if tile.blank is not None:
        pixels[tile.blank] = _bytes(theme.color("surface", mode))
    return pixels


def _map(name: str | None, sheet: Sheet, mode: Mode) -> Any:
    if name:
        return mpl.colormaps[name]
    if sheet.ramp == "gray":
        return mpl.colormaps["gray"]
    return colormap(sheet.ramp, mode)


def _bytes(color: str) -> list[int]:
    return [round(part * 255) for part in to_rgb(color)]


def _captioned(sheet: Sheet) -> bool:
    return any(tile.caption for tile in sheet.tiles)
