"""Views to places on a page, in inches: from what their words need, so nothing overlaps.

``views -> Plan``. Where nobody said otherwise, up to three narrow panels stand side by side, and
a strip of pictures, a progress line or a summary has its own row; a `Row` keeps its members
together, a `Column` stacks them. Plots in a column begin and end at the same x. No solver runs:
text is measured, and sums do the rest.

Not here: what is painted there (``introspect.canvas.figure``).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from introspect.canvas.bars import BarView
from introspect.canvas.brush import TITLE_IN
from introspect.canvas.brushes import brush_of
from introspect.canvas.line_curve import LineView
from introspect.canvas.value_curves import ValueAxis
from introspect.canvas.writing import text_width_pt
from introspect.nouns.panels import Column, MessagePanel, Row

View = Any
"""A view or panel that has a brush (``introspect.canvas.brushes``)."""

_EDGE_IN = 0.1
_COLUMN_GAP_IN = 0.3
_ROW_GAP_IN = 0.16
_LEAST_CELL_IN = 1.3  # narrower cells of a Row go one under the other
_NAMES_PT = 190.0  # names of vertical bars that fit below a third of a page
ENDS_FROM_IN = 3.6  # narrower panels name their lines in the title row

Item = int | Row | Column
"""Index of a view, or members in a row or column that are items again."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the axes of one panel lies, in inches from the top left of the figure."""

    left_in: float
    top_in: float
    width_in: float
    height_in: float
    ends: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """Places of all panels, in their order, and the height of the figure."""

    places: tuple[Place, ...]
    height_in: float


@dataclass(frozen=True, slots=True)
class _Line:
    """Cells side by side: items and their widths in proportion."""

    cells: tuple[Item, ...]
    shares: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class _Box:
    """Where things may go: left, top and width in inches."""

    left: float
    top: float
    width: float


def items_of(panels: Iterable[Any]) -> list[Item]:
    """Rows and Columns with indices in place of their panels, as `leaves` counts them."""
    count = iter(range(1_000_000))

    def item(panel: Any) -> Item:
        if isinstance(panel, Row):
            return Row(tuple(item(member) for member in panel.panels), panel.shares)
        if isinstance(panel, Column):
            return Column(tuple(item(member) for member in panel.panels))
        return next(count)

    return [item(panel) for panel in panels]


def arranged(views: Sequence[View], width_in: float, items: Sequence[Item] | None = None) -> Plan:
    """Where each view goes.

    Args:
        views: What is shown.
        width_in: Of the figure.
        items: Rows and columns of indices; None for all of them one after the other.
    """
    places: dict[int, Place] = {}
    box = _Box(_EDGE_IN, _EDGE_IN, width_in - 2 * _EDGE_IN)
    wanted = list(range(len(views))) if items is None else list(items)
    bottom = _stack(views, wanted, box, places)
    return Plan(tuple(places[index] for index in range(len(views))), bottom + _EDGE_IN)


def _stack(
    views: Sequence[View], items: Sequence[Item], box: _Box, places: dict[int, Place]
) -> float:
    """Rows one under the other; the bottom of the last one."""
    lines = _lines(views, items, box.width)
    left, right = _rooms(views, lines)
    top = box.top
    for line in lines:
        height = _line(views, line, _Box(box.left, top, box.width), (left, right), places)
        top += height + _ROW_GAP_IN
    return max(top - _ROW_GAP_IN, box.top)


def _lines(views: Sequence[View], items: Sequence[Item], width_in: float) -> list[_Line]:
    """Items by row: runs of panels that nobody placed are split evenly."""
    lines: list[_Line] = []
    run: list[int] = []
    for item in [*items, None]:
        if isinstance(item, int) and not brush_of(views[item]).is_wide(views[item]):
            run.append(item)
            continue
        lines += [_Line(tuple(row), _shares(views, row)) for row in _split(views, run, width_in)]
        run = []
        if isinstance(item, Row):
            lines += _row_lines(views, item, width_in)
        elif item is not None:
            lines.append(_Line((item,), (1.0,)))
    return lines


def _split(views: Sequence[View], run: list[int], width_in: float) -> Iterable[list[int]]:
    most = 3 if width_in >= 7.8 else 2 if width_in >= 5.4 else 1
    crowded = any(_is_crowded(views[index]) for index in run)
    count = -(-len(run) // (min(most, 2) if crowded else most))
    for rank in range(count):
        size = -(-len(run) // (count - rank))
        yield run[:size]
        run = run[size:]


def _row_lines(views: Sequence[View], row: Row, width_in: float) -> list[_Line]:
    """A Row as one line; one line for each member where it would be too narrow."""
    cells = row.panels
    shares = row.shares if row.shares and len(row.shares) == len(cells) else None
    shares = shares or tuple(
        brush_of(views[c]).share if isinstance(c, int) and len(cells) > 1 else 1.0 for c in cells
    )
    free = width_in - _COLUMN_GAP_IN * (len(cells) - 1)
    if cells and free * min(shares) / sum(shares) < _LEAST_CELL_IN:
        return [_Line((cell,), (1.0,)) for cell in cells]
    return [_Line(cells, shares)] if cells else []


def _is_crowded(view: View) -> bool:
    """Whether names need room: at line ends, since no title row could hold them, or below bars."""
    if isinstance(view, BarView) and view.direction == "vertical":
        return sum(text_width_pt(name, 7) + 2.0 for name in view.names) > _NAMES_PT
    return isinstance(view, LineView) and len(view.curves) > 3


def _shares(views: Sequence[View], row: list[int]) -> tuple[float, ...]:
    return tuple(brush_of(views[i]).share if len(row) > 1 else 1.0 for i in row)


Rooms = tuple[dict[tuple[int, int], float], dict[tuple[int, int], float]]


def _rooms(views: Sequence[View], lines: list[_Line]) -> Rooms:
    """Room in inches left and right of the axes, equal down a column of panels."""
    left: dict[tuple[int, int], float] = {}
    right: dict[tuple[int, int], float] = {}
    for line in lines:
        for column, item in enumerate(line.cells):
            if isinstance(item, int):
                key = (len(line.cells), column)
                before, after = (pt / 72 for pt in brush_of(views[item]).rooms_pt(views[item]))
                left[key] = max(left.get(key, 0.0), before)
                if isinstance(views[item], LineView):  # other kinds end where their words end
                    right[key] = max(right.get(key, 0.0), after)
    first = max((room for (_, column), room in left.items() if column == 0), default=0.0)
    return {key: first if key[1] == 0 else room for key, room in left.items()}, right


def _line(
    views: Sequence[View], line: _Line, box: _Box, rooms: Rooms, places: dict[int, Place]
) -> float:
    """Place the cells of one row; its height."""
    free = box.width - _COLUMN_GAP_IN * (len(line.cells) - 1)
    count = len(line.cells)
    boxes: list[_Box] = []
    outer = box.left
    for share in line.shares:
        cell = free * share / sum(line.shares)
        boxes.append(_Box(outer, box.top, cell))
        outer += cell + _COLUMN_GAP_IN
    sides = [
        _sides(views, item, (count, at), boxes[at], rooms) for at, item in enumerate(line.cells)
    ]
    widths = [max(b.width - sum(side), 0.3) for b, side in zip(boxes, sides, strict=True)]
    above, high, below = _heights(views, line, widths)
    total = above + high + below
    for item, cell in zip(line.cells, boxes, strict=True):
        if not isinstance(item, int):
            total = max(total, _cell_bottom(views, item, cell, {}) - box.top)
    for at, item in enumerate(line.cells):
        if isinstance(item, int):
            wide = boxes[at].width >= ENDS_FROM_IN
            place = (boxes[at].left + sides[at][0], box.top + above, widths[at])
            places[item] = Place(*place, total - above - below, wide)
        else:
            _cell_bottom(views, item, boxes[at], places)
    return total


def _cell_bottom(
    views: Sequence[View], item: Row | Column, box: _Box, places: dict[int, Place]
) -> float:
    members: Sequence[Item] = (item,)
    if isinstance(item, Column):  # one under the other, also where two would have room
        members = [Row((member,)) if isinstance(member, int) else member for member in item.panels]
    return _stack(views, members, box, places)


def _sides(
    views: Sequence[View], item: Item, key: tuple[int, int], box: _Box, rooms: Rooms
) -> tuple[float, float]:
    """Room left and right of the axes of one cell."""
    if not isinstance(item, int):
        return 0.0, 0.0
    view, (left, right) = views[item], rooms
    before, after = left[key], brush_of(view).rooms_pt(view)[1] / 72
    if isinstance(view, LineView):
        after = right[key]
    if box.width < ENDS_FROM_IN and isinstance(view, LineView):
        # names and values stand in the title row
        after = 0.05 if not isinstance(view.timeline, ValueAxis) else 0.12
    return before, 0.0 if brush_of(view).is_bare else after


def _heights(views: Sequence[View], line: _Line, widths: list[float]) -> tuple[float, float, float]:
    """Room above for titles, height of the axes, room below for ticks; in inches."""
    cells = [
        (views[item], width)
        for item, width in zip(line.cells, widths, strict=True)
        if isinstance(item, int)
    ]
    if not cells:
        return 0.0, 0.0, 0.0
    above = max(brush_of(view).above_in for view, _ in cells)
    below = max(brush_of(view).below_in for view, _ in cells)
    shown = [cell for cell in cells if not isinstance(cell[0], MessagePanel)] or cells
    high = max(brush_of(v).height_in(v, width, len(line.cells)) for v, width in shown)
    return above if len(cells) > 1 else brush_of(cells[0][0]).above_in, high, below


__all__ = ["ENDS_FROM_IN", "TITLE_IN", "Item", "Place", "Plan", "View", "arranged", "items_of"]
