"""A tall chain -> level columns side by side, so that a picture fits a page.

The root's rows are cut where exactly one straight edge crosses; the parts become columns
of similar height. The joining edge runs down below the column, up the gutter, and in.
"""

import math
from itertools import pairwise

from introspect.graph.layout.container import side_width
from introspect.graph.layout.node import Node, Wire
from introspect.nouns.drawing import Point

LEAST_HEIGHT = 640.0
RATIO = 1.4
"""Width to height that a wrapped page aims at."""

_GUTTER = 40.0
_MOST_COLUMNS = 6
_WASTE, _COLUMN_COST = 2.5, 0.04

Part = tuple[float, float]


def wrap(root: Node) -> None:
    """Cut the root into columns, if that makes a better page. Flow must go down."""
    if root.height < LEAST_HEIGHT:
        return
    cuts = _cuts(root)
    parts = min(
        (_balanced(cuts, columns) for columns in range(1, _MOST_COLUMNS + 1)),
        key=lambda parts: _badness(root, parts),
    )
    if len(parts) > 1:
        _set_columns(root, parts)


def _cuts(root: Node) -> list[float]:
    """Heights at which the root may be cut, its top and bottom included."""
    tops = sorted({round(child.y, 1) for child in root.children})
    cuts = [0.0]
    for lower_top in tops[1:]:
        end = max(c.y + c.height + c.stacked for c in root.children if c.y < lower_top - 0.1)
        if end > lower_top:
            continue
        middle = (end + lower_top) / 2
        crossing = [w for w in root.wires if _top(w) < middle - 0.01 and _bottom(w) > middle + 0.01]
        if len(crossing) == 1 and _is_vertical(crossing[0]):
            cuts.append(middle)
    return [*cuts, root.height]


def _top(wire: Wire) -> float:
    return min(y for _, y in wire.points)


def _bottom(wire: Wire) -> float:
    return max(y for _, y in wire.points)


def _is_vertical(wire: Wire) -> bool:
    return all(abs(x - wire.points[0][0]) < 0.3 for x, _ in wire.points)


def _balanced(cuts: list[float], columns: int) -> list[Part]:
    """At most `columns` parts between cuts, the tallest as low as can be."""
    low = max(b - a for a, b in pairwise(cuts))
    high = cuts[-1]
    for _ in range(30):  # bisection to a thousandth of a point
        middle = (low + high) / 2
        if len(_filled(cuts, middle)) <= columns:
            high = middle
        else:
            low = middle
    return _filled(cuts, high + 0.01)


def _filled(cuts: list[float], height: float) -> list[Part]:
    parts, start = [], cuts[0]
    for a, b in pairwise(cuts):
        if b - start > height:
            parts.append((start, a))
            start = a
    return [*parts, (start, cuts[-1])]


def _badness(root: Node, parts: list[Part]) -> float:
    height = max(b - a for a, b in parts)
    width = len(parts) * (root.width + _GUTTER)
    waste = sum(height - (b - a) for a, b in parts) / (height * len(parts))
    shape = abs(math.log(width / height / RATIO))
    return shape + _WASTE * waste + _COLUMN_COST * (len(parts) - 1)


def _set_columns(root: Node, parts: list[Part]) -> None:
    """Move children and wires into columns, and join the columns."""
    axis, left = root.axis, 0.0
    wires: list[Wire] = []
    ends: list[tuple[float, float, float, float]] = []  # axis, bottom, top, left of each column
    crossings = [_crossing(root, b) for _, b in parts[:-1]]
    for number, (start, end) in enumerate(parts):
        members = [c for c in root.children if start - 0.1 <= c.y + c.height / 2 < end]
        inner = [w for w in root.wires if start - 0.1 <= _top(w) and _bottom(w) <= end + 0.1]
        reach = [x for w in inner for x, _ in w.points]
        low = min([c.x - side_width(c) for c in members] + reach)
        high = max([c.x + c.width + c.stacked for c in members] + reach)
        top = min(c.y for c in members)
        dx, dy = left - low, (22.0 if number else 0.0) - top
        wires += [_moved(w, dx, dy) for w in inner]
        for child in members:
            child.x, child.y = child.x + dx, child.y + dy
        bottom = max(c.y + c.height + c.stacked for c in members)
        ends.append((axis + dx, bottom, top + dy, left))
        left += high - low + _GUTTER
    for crossing, above, below in zip(crossings, ends, ends[1:], strict=False):
        wires.append(_joint(crossing, above, below))
    root.wires = wires
    root.width = left - _GUTTER
    root.height = max(bottom for _, bottom, _, _ in ends) + 14


def _crossing(root: Node, cut: float) -> Wire:
    return next(w for w in root.wires if _top(w) < cut < _bottom(w))


def _moved(wire: Wire, dx: float, dy: float) -> Wire:
    points = tuple((x + dx, y + dy) for x, y in wire.points)
    return Wire(points, wire.producer, wire.source, wire.target)


def _joint(
    wire: Wire, above: tuple[float, float, float, float], below: tuple[float, float, float, float]
) -> Wire:
    """From the foot of one column through the gutter to the head of the next."""
    x0, bottom, _, _ = above
    x1, _, top, left = below
    gutter = left - _GUTTER / 2
    points: tuple[Point, ...] = (
        (x0, bottom),
        (x0, bottom + 12),
        (gutter, bottom + 12),
        (gutter, top - 14),
        (x1, top - 14),
        (x1, top),
    )
    return Wire(points, wire.producer, wire.source, wire.target)
