"""Tiles to half blocks: two pixels a cell, in the terminal's own 16 colours.

Signed values run from blue over nothing to yellow, others from nothing to white; without
colours (``NO_COLOR``) a cell is a shade of its magnitude.

Not here: tiles and range (``introspect.canvas.pictures``).
"""

import os

import numpy as np
import numpy.typing as npt
from rich.text import Text

from introspect.canvas.braille import sampled
from introspect.canvas.pictures import Sheet, Tile

_SIGNED = ("bright_blue", "blue", None, "yellow", "bright_yellow")
_GREYS = (None, "bright_black", "white", "bright_white")
_SHADES = " ░▒▓█"
_LEAST_COLUMNS = 10


def tile_cells(sheet: Sheet, width: int, rows: int) -> tuple[int, int, int]:
    """Rows and columns of one tile, and how many stand side by side."""
    shown = min(sheet.slots, max(1, (width + 2) // (_LEAST_COLUMNS + 2)))
    wide = min((width - 2 * (shown - 1)) // shown, max(1, round(rows * 2 * sheet.aspect)))
    high = min(rows, max(1, round(wide / sheet.aspect / 2)))
    return high, max(wide, 1), shown


def picture_lines(tile: Tile, sheet: Sheet, rows: int, columns: int) -> list[Text]:
    """One tile as `rows` lines of `columns` cells."""
    levels = _levels(tile, sheet, rows * 2, columns)
    if os.environ.get("NO_COLOR"):
        return _shaded(levels, sheet)
    colors = _SIGNED if sheet.ramp == "diverging" and tile.values.ndim == 2 else _GREYS
    lines = []
    for row in range(rows):
        line = Text(no_wrap=True)
        for above, below in zip(levels[2 * row], levels[2 * row + 1], strict=True):
            line.append(*_cell(colors[above], colors[below]))
        lines.append(line)
    return lines


def _levels(tile: Tile, sheet: Sheet, high: int, wide: int) -> npt.NDArray[np.int64]:
    """Index of the colour of each pixel."""
    values = tile.values
    if values.ndim == 3:
        luminance = values[:, :, :3] @ np.array([0.2126, 0.7152, 0.0722])
        return _binned(sampled(luminance / 255.0, high, wide), len(_GREYS))
    share = (np.nan_to_num(values, posinf=sheet.high, neginf=sheet.low) - sheet.low) / (
        (sheet.high - sheet.low) or 1.0
    )
    signed = sheet.ramp == "diverging"
    if tile.blank is not None:
        share = np.where(tile.blank, 0.5 if signed else 0.0, share)
    return _binned(sampled(share, high, wide), len(_SIGNED) if signed else len(_GREYS))


def _binned(share: npt.NDArray[np.generic], count: int) -> npt.NDArray[np.int64]:
    return np.clip((np.asarray(share, dtype=np.float64) * count).astype(np.int64), 0, count - 1)


def _cell(above: str | None, below: str | None) -> tuple[str, str]:
    if above == below:
        return ("█", above) if above else (" ", "")
    if above is None:
        return "▄", below or ""
    return "▀", f"{above} on {below}" if below else above


def _shaded(levels: npt.NDArray[np.int64], sheet: Sheet) -> list[Text]:
    strength = np.abs(levels - 2) * 2 if sheet.ramp == "diverging" else levels
    pairs = strength.reshape(len(levels) // 2, 2, -1).max(axis=1)
    return [Text("".join(_SHADES[min(int(n), 4)] for n in row), no_wrap=True) for row in pairs]
