"""A long chain -> level columns (or rows) side by side, so that a picture fits a page.

The root's rows are cut where few edges cross; the parts become columns of similar height, as
many as bring the page nearest to the wanted ratio. An edge that crosses a cut runs out below
its column, up the gutter, and in at the head of the next one; several do so nested, so that they
never cross each other.

All is computed along and across the flow, so that a picture that flows to the right wraps into
rows. Cost: wires times the cuts that they cross.

Not here: U-shaped pages (``bend``), insets beside the picture (``insets``).
"""

import math
from bisect import bisect_left, bisect_right
from dataclasses import dataclass, replace
from itertools import chain, pairwise

from introspect.graph.layout.container import side_width
from introspect.graph.layout.node import LANE, Direction, Node
from introspect.graph.layout.route import tidy
from introspect.nouns.drawing import Point

LEAST_LENGTH = {"TB": 640.0, "LR": 1100.0}
RATIO = 1.4
"""Width to height that a wrapped page aims at."""

_GUTTER, _LEAD, _BELOW = 40.0, 8.0, 12.0
_NEAR = 0.5  # points to which columns are balanced
_ABOVE = 30.0  # room for the parameters above a box when the flow goes right
_COLUMNS = (1, 2, 3, 4, 5, 6, 8, 11, 16, 23, 32, 45, 64, 90, 128, 181, 256)
_FEW = {"TB": 6, "LR": 16}  # columns or rows of a picture that is not huge; rows are flat
_HUGE = 4000.0
_MOST_CROSSING = 5  # edges that may cross one cut
_SHORT, _NARROW = 2.5, 0.8  # what empty page costs below short columns; beside narrow rows
_COLUMN_COST, _CROSSING_COST = 0.04, 0.05  # of each column, and of each edge beyond the first

Strand = tuple[int, float]
"""What crosses a cut: the number of its producer, and where across the flow."""


@dataclass(frozen=True, slots=True)
class _Cut:
    """Where the root may be cut: along the flow, and what crosses there, rightmost first."""

    at: float
    strands: tuple[Strand, ...]


@dataclass(frozen=True, slots=True)
class _Slab:
    """What stands between two neighbouring cuts.

    Attributes:
        start, end: The cuts.
        foot: Where the last box or wire ends.
        low, high: Extent across the flow.
    """

    start: _Cut
    end: _Cut
    foot: float
    low: float
    high: float


Column = list[_Slab]


def wrap(root: Node, direction: Direction, *, ratio: float = RATIO) -> None:
    """Cut the root into columns (rows if it flows to the right), if that makes a better page."""
    length = root.height if direction == "TB" else root.width
    if length < LEAST_LENGTH[direction] or len(root.children) < 2:
        return
    page = _Page(root, down=direction == "TB")
    slabs = page.slabs()
    wanted = ratio if direction == "TB" else 1 / ratio
    most = _FEW[direction] if length < _HUGE * _FEW[direction] else len(slabs)
    candidates = [_balanced(slabs, count) for count in _COLUMNS if count <= most]
    columns = min(candidates, key=lambda columns: _badness(columns, wanted))
    if len(columns) > 1:
        page.set_columns(columns)


def _balanced(slabs: list[_Slab], count: int) -> list[Column]:
    """At most `count` columns, the tallest as low as can be."""
    low = max(slab.end.at - slab.start.at for slab in slabs)
    high = slabs[-1].end.at - slabs[0].start.at
    while high - low > _NEAR:
        middle = (low + high) / 2
        if len(_filled(slabs, middle)) <= count:
            high = middle
        else:
            low = middle
    return _filled(slabs, high + 0.01)


def _filled(slabs: list[_Slab], height: float) -> list[Column]:
    columns: list[Column] = [[]]
    for slab in slabs:
        if columns[-1] and slab.end.at - columns[-1][0].start.at > height:
            columns.append([])
        columns[-1].append(slab)
    return columns


def _badness(columns: list[Column], ratio: float) -> float:
    heights = [column[-1].end.at - column[0].start.at for column in columns]
    widths = [max(s.high for s in column) - min(s.low for s in column) for column in columns]
    height = max(heights)
    width = sum(widths) + _GUTTER * (len(columns) - 1)
    short = sum(height - h for h in heights) / (height * len(columns))
    empty = 1 - sum(map(_area, chain.from_iterable(columns))) / max(width * height, 1.0)
    crossing = sum(max(len(column[0].start.strands) - 1, 0) for column in columns[1:])
    shape = abs(math.log(max(width, 1.0) / height / ratio))
    cost = _COLUMN_COST * (len(columns) - 1) + _CROSSING_COST * crossing
    return shape + _SHORT * short + _NARROW * max(empty - short, 0.0) + cost


def _area(slab: _Slab) -> float:
    return max(slab.high - slab.low, 0.0) * max(slab.foot - slab.start.at, 0.0)


def _spread(strands: set[Strand]) -> float:
    places = [place for _, place in strands]
    return max(places) - min(places) if places else 0.0


class _Page:
    """The root's children and wires along and across the flow."""

    def __init__(self, root: Node, *, down: bool) -> None:
        self.root = root
        self.down = down
        self.length = root.height if down else root.width
        self.producer: dict[Node, int] = {}
        for wire in root.wires:
            self.producer.setdefault(wire.producer, len(self.producer))
        self.lines = [self._flipped(wire.points) for wire in root.wires]

    def _flipped(self, points: tuple[Point, ...]) -> tuple[Point, ...]:
        return points if self.down else tuple((y, x) for x, y in points)

    def _extent(self, child: Node) -> tuple[float, float, float, float]:
        """Start and end along the flow, low and high across it."""
        side = side_width(child) if self.down else _ABOVE if child.box.side_inputs else 0.0
        x0, y0 = (child.x - side, child.y) if self.down else (child.x, child.y - side)
        x1, y1 = child.x + child.width + child.stacked, child.y + child.height + child.stacked
        return (y0, y1, x0, x1) if self.down else (x0, x1, y0, y1)

    def slabs(self) -> list[_Slab]:
        """The root between all its cuts, from its head to its foot."""
        cuts = self._cuts()
        places = [cut.at for cut in cuts]
        low = [math.inf] * (len(cuts) - 1)
        high = [-math.inf] * (len(cuts) - 1)
        foot = [0.0] * (len(cuts) - 1)

        def grow(start: float, end: float, left: float, right: float) -> None:
            first = max(bisect_right(places, start) - 1, 0)
            last = min(max(bisect_left(places, end) - 1, first), len(low) - 1)
            for k in range(min(first, last), last + 1):
                low[k], high[k] = min(low[k], left), max(high[k], right)
            foot[last] = max(foot[last], end)

        for child in self.root.children:
            grow(*self._extent(child))
        for line in self.lines:
            for (x0, y0), (x1, y1) in pairwise(line):
                if x0 == x1:
                    grow(y0, min(y1, places[bisect_right(places, y0 + 0.01)]), x0, x0)
                    if y1 > places[bisect_right(places, y0 + 0.01)]:
                        grow(y0, y1 - 0.02, x0, x0)
                else:
                    grow(y0, y1, min(x0, x1), max(x0, x1))
        return [_Slab(cuts[k], cuts[k + 1], foot[k], low[k], high[k]) for k in range(len(cuts) - 1)]

    def _cuts(self) -> list[_Cut]:
        """Between rows, at the height in the gap where the fewest edges cross, close together.

        Edges that have already spread to their targets would make the column above wider.
        """
        extents = sorted(self._extent(child)[:2] for child in self.root.children)
        levels = sorted({y for line in self.lines for _, y in line})
        gaps: list[list[float]] = []
        end = extents[0][1]
        for start, stop in extents[1:]:
            if start > end + 1:
                between = levels[bisect_right(levels, end + 0.5) : bisect_left(levels, start - 0.5)]
                bounds = [end, *between, start]
                gaps.append([max((a + b) / 2, b - 14) for a, b in pairwise(bounds) if b > a])
            end = max(end, stop)
        places = sorted(place for gap in gaps for place in gap)
        strands = self._strands(places)
        cuts = [_Cut(0.0, ())]
        for gap in gaps:
            best = min(
                gap, key=lambda place: (len(strands[place]), _spread(strands[place]), -place)
            )
            if len(strands[best]) <= _MOST_CROSSING:
                ordered = sorted(strands[best], key=lambda strand: (-strand[1], strand[0]))
                cuts.append(_Cut(best, tuple(ordered)))
        return [*cuts, _Cut(self.length, ())]

    def _strands(self, places: list[float]) -> dict[float, set[Strand]]:
        """For every place along the flow, what crosses it."""
        crossing: dict[float, set[Strand]] = {place: set() for place in places}
        for wire, line in zip(self.root.wires, self.lines, strict=True):
            number = self.producer[wire.producer]
            for (x0, y0), (_, y1) in pairwise(line):
                for place in places[bisect_right(places, y0) : bisect_left(places, y1)]:
                    if len(crossing[place]) <= _MOST_CROSSING:
                        crossing[place].add((number, round(x0, 1)))
        return crossing

    def set_columns(self, columns: list[Column]) -> None:
        """Move children and wires into columns, and join the columns through the gutters."""
        frames = _frames(columns)
        starts = [column[0].start.at for column in columns]
        for child in self.root.children:
            start, end, _, _ = self._extent(child)
            frame = frames[max(bisect_right(starts, (start + end) / 2) - 1, 0)]
            dx, dy = (frame.dx, frame.dy) if self.down else (frame.dy, frame.dx)
            child.x, child.y = child.x + dx, child.y + dy
        wires = []
        for wire, line in zip(self.root.wires, self.lines, strict=True):
            points = self._flipped(tuple(tidy(_led(line, self.producer[wire.producer], frames))))
            wires.append(replace(wire, points=points))
        self.root.wires = wires
        width = frames[-1].high + frames[-1].dx
        height = max(frame.foot + frame.dy + frame.room for frame in frames)
        self.root.width, self.root.height = (width, height) if self.down else (height, width)


@dataclass(frozen=True, slots=True)
class _Frame:
    """One column on the page.

    Attributes:
        start, end: The part of the root that it shows; the cuts at its ends.
        dx, dy: How far it moves across and along the flow.
        foot, high: Its last point along and across, before it moves.
        room: Below its foot, for the edges that leave it.
    """

    start: _Cut
    end: _Cut
    dx: float
    dy: float
    foot: float
    high: float
    room: float


def _frames(columns: list[Column]) -> list[_Frame]:
    frames: list[_Frame] = []
    left = 0.0
    for column in columns:
        start, end = column[0].start, column[-1].end
        low, high = min(slab.low for slab in column), max(slab.high for slab in column)
        head = _LEAD + LANE * max(len(start.strands) - 1, 0) if frames else 0.0
        count = len(end.strands)
        foot = max(slab.foot for slab in column)
        room = _BELOW + LANE * max(count - 1, 0) + 2 if count else 0.0
        frames.append(_Frame(start, end, left - low, head - start.at, foot, high, room))
        left += high - low + _GUTTER + LANE * max(count - 1, 0)
    return frames


def _led(line: tuple[Point, ...], producer: int, frames: list[_Frame]) -> list[Point]:
    """A wire through the columns: each piece moved, joined below, through the gutter, above."""
    number = 0
    while number + 1 < len(frames) and line[0][1] > frames[number].end.at:
        number += 1
    points: list[Point] = []
    for k, (x, y) in enumerate(line):
        while number + 1 < len(frames) and y > frames[number].end.at:
            column = line[k - 1][0]
            points += _joint(column, producer, frames[number], frames[number + 1])
            number += 1
        points.append((x + frames[number].dx, y + frames[number].dy))
    return points


def _joint(x: float, producer: int, above: _Frame, below: _Frame) -> list[Point]:
    """From the foot of one column through the gutter to the head of the next.

    The rightmost strand turns first below, is leftmost in the gutter and highest above: so
    strands never cross each other.
    """
    lane = above.end.strands.index((producer, round(x, 1)))
    foot = above.foot + above.dy + _BELOW + LANE * lane
    gutter = above.high + above.dx + _GUTTER / 2 + LANE * lane
    head = _LEAD + LANE * lane
    return [
        (x + above.dx, foot),
        (gutter, foot),
        (gutter, head),
        (x + below.dx, head),
    ]
