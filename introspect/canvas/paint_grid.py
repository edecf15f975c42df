"""A grid of pictures on a matplotlib axes whose unit is the point.

Nearest pixel, no frames; a target stands close at the right of its picture.

Not here: tiles and captions (``introspect.canvas.grids``).
"""

import math

from matplotlib.axes import Axes

from introspect import theme
from introspect.canvas.brush import Brush, Setting, say_empty, write_head
from introspect.canvas.grids import GridView, good_columns
from introspect.canvas.paint_images import colored
from introspect.canvas.paint_lines import size_pt
from introspect.canvas.pictures import Sheet, Tile
from introspect.canvas.writing import shortened
from introspect.theme import Mode

_GAP_PT, _PAIR_GAP_PT = 6.0, 1.5
_CAPTION_PT = 10.0
_LARGEST_PT = 64.0
_CAPTION_LEAST_PT = 34.0  # narrower tiles have no room for words
_USUAL_PT = 168.0
_MOST_IN = 6.0


def paint_grid(ax: Axes, view: GridView, setting: Setting) -> None:
    """Draw the tiles."""
    mode = setting.mode
    width_pt, height_pt = size_pt(ax)
    ax.set_axis_off()
    columns, wide, high = _tile_size(view, width_pt)
    rows = math.ceil(len(view.tiles) / columns)
    tall = rows * (high + _row_gap(view)) - _row_gap(view) + view.caption_rows * _CAPTION_PT
    shrink = min(1.0, height_pt / tall) if tall > 0 else 1.0
    wide, high = wide * shrink, high * shrink
    for index, tile in enumerate(view.tiles):
        cell = wide * (2 if view.targets else 1) + (_PAIR_GAP_PT if view.targets else 0.0)
        left = index % columns * (cell + _GAP_PT)
        top = index // columns * (high + _row_gap(view))
        _put(ax, view, tile, (left, top, wide, high), mode)
        if view.targets:
            beside = left + wide + _PAIR_GAP_PT
            _put(ax, view, view.targets[index], (beside, top, wide, high), mode)
        _caption(ax, view.captions[index], left, top + high, cell, mode)
    ax.set_xlim(0, width_pt)
    ax.set_ylim(height_pt, 0)
    if not view.tiles:
        say_empty(ax, mode)
    write_head(ax, view.title, view.how, room_pt=width_pt, mode=mode)


def _row_gap(view: GridView) -> float:
    return _GAP_PT + view.caption_rows * _CAPTION_PT


def _tile_size(view: GridView, width_pt: float) -> tuple[int, float, float]:
    """Tiles a row, and width and height of one: as large as the usual height allows."""
    count = max(len(view.tiles), 1)
    if view.columns is not None:
        return view.columns, *_tile(view, width_pt, view.columns, 180.0)
    largest = _LARGEST_PT * max(min(view.aspect, 2.0), 0.5)
    best = (1, *_tile(view, width_pt, 1, largest))
    for most in range(1, count + 1):
        columns = good_columns(count, most)
        wide, high = _tile(view, width_pt, columns, largest)
        if view.caption_rows and wide < _CAPTION_LEAST_PT and most > 1:
            return best
        best = (columns, wide, high)
        if math.ceil(count / columns) * (high + _row_gap(view)) <= _USUAL_PT:
            return best
    return best


def _tile(view: GridView, width_pt: float, columns: int, largest_pt: float) -> tuple[float, float]:
    """Width and height of a tile, so many a row."""
    cell = (width_pt + _GAP_PT) / columns - _GAP_PT
    wide = (cell - _PAIR_GAP_PT) / 2 if view.targets else cell
    wide = max(min(wide, largest_pt), 1.0)
    return wide, wide / view.aspect


def height_in(view: GridView, width_in: float, in_row: int) -> float:
    """As many rows as there are."""
    del in_row
    columns, _, high = _tile_size(view, width_in * 72)
    rows = max(math.ceil(len(view.tiles) / columns), 1)
    tall = rows * (high + _row_gap(view)) - _GAP_PT
    return min(max(tall, 20.0) / 72, _MOST_IN)


def _put(
    ax: Axes, view: GridView, tile: Tile, box: tuple[float, float, float, float], mode: Mode
) -> None:
    left, top, wide, high = box
    rows, columns = tile.values.shape[:2]
    scale = min(wide / columns, high / rows)  # pictures of other shapes keep their own
    sheet = Sheet((tile,), "", "", "gray", 0.0, 255.0, 1)
    ax.imshow(
        colored(tile, sheet, mode=mode, cmap=view.cmap),
        extent=(left, left + columns * scale, top + rows * scale, top),
        aspect="auto",
        interpolation="nearest",
        clip_on=False,
    )


def _caption(
    ax: Axes, words: tuple[str, str], left: float, top: float, wide: float, mode: Mode
) -> None:
    """The fault in red over the truth in grey."""
    y = top + 2.0
    for text, tone in zip(words, ("bad", "ink_3"), strict=True):
        if text:
            said = shortened(text, wide + _GAP_PT - 2.0, 7.5)
            ax.text(left, y, said, va="top", fontsize=7.5, color=theme.color(tone, mode))
            y += _CAPTION_PT


def _is_wide(view: GridView) -> bool:
    return len(view.tiles) > 24


GRID = Brush(paint_grid, height_in=height_in, below_in=0.02, is_wide=_is_wide, is_bare=True)
