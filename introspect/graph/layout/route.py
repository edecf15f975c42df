"""Rows and places across -> places along the flow and the polylines of the edges.

Every bend of an edge is a *fork* (it leaves its source's column) or a *join* (it reaches
its target's). Forks of one producer share a lane near the source; joins of one target
share a lane near the target, so that five wires into one box are one bus. Lanes in one
gap are assigned by interval colouring, shortest first.
"""

from dataclasses import dataclass

from introspect.graph.layout.lanes import Key, Lanes
from introspect.graph.layout.node import GAP, LABELLED_GAP, LANE, PORT_GAP
from introspect.graph.layout.rank import Edge, Mesh
from introspect.nouns.drawing import Point

_SAME = 0.5  # points that differ by less are one line
_FORK, _FORK_AT_BORDER = 7.0, 4.0  # first fork below its source
_FORK_BELOW_LABEL, _FORK_AFTER_LABEL = 17.0, 10.0  # if it would run through a shape written there
_JOIN, _JOIN_AT_BORDER = 12.0, 5.0  # last join above its target


@dataclass(frozen=True, slots=True)
class _Bend:
    """One horizontal stretch of an edge."""

    row: int
    is_fork: bool
    lane: Key


@dataclass(slots=True)
class Routing:
    """What `route` found, in the order of the items and edges given to it."""

    along: list[float]
    wires: list[list[Point]]
    low: float
    high: float
    length: float


class _Router:
    def __init__(self, mesh: Mesh, across: list[float], *, labels_across: bool) -> None:
        self.mesh = mesh
        self.across = across
        self.labels_across = labels_across
        self.items = mesh.items
        self.height = [0.0] * mesh.rows
        self.in_row: list[list[int]] = [[] for _ in range(mesh.rows)]
        for item, length in enumerate(self.items.length):
            self.in_row[mesh.row[item]].append(item)
            self.height[mesh.row[item]] = max(self.height[mesh.row[item]], length)
        self.passing: list[list[int]] = [[] for _ in range(mesh.rows)]
        for item in range(len(self.items), len(mesh.row)):
            self.passing[mesh.row[item]].append(item)
        self.any_label = any(self.items.label)
        self.forks = [Lanes() for _ in range(mesh.rows + 1)]
        self.joins = [Lanes() for _ in range(mesh.rows + 1)]
        self.top = [0.0] * mesh.rows
        self.gap = [0.0] * mesh.rows
        self.first_fork = [0.0] * mesh.rows
        self.along = [0.0] * len(self.items)

    def route(self) -> Routing:
        self._allow_side_entries()
        bends = [self._bends(k, edge) for k, edge in enumerate(self.items.edges)]
        for lanes in (*self.forks, *self.joins):
            lanes.assign()
        length = self._place_rows()
        self._place_items(length)
        self._slide_lone_branches()
        wires = [self._wire(k, edge, bends[k]) for k, edge in enumerate(self.items.edges)]
        items = range(len(self.items))
        low = min((self.across[i] - self.items.left[i] for i in items), default=0.0)
        high = max((self.across[i] + self.items.right[i] for i in items), default=0.0)
        places = [point[0] for wire in wires for point in wire]
        return Routing(
            along=self.along,
            wires=wires,
            low=min([low, *(place - 2 for place in places)]),
            high=max([high, *(place + 2 for place in places)]),
            length=length,
        )

    def _allow_side_entries(self) -> None:
        """From the side only if nothing stands between in that row; else from above."""
        mesh, items = self.mesh, self.items
        for k, edge in enumerate(items.edges):
            if not mesh.from_side[k]:
                continue
            low, high = sorted((self.across[mesh.chains[k][-1]], self.across[edge.target]))
            row = mesh.row[edge.target]
            blocked = any(
                i != edge.target
                and self.across[i] + items.right[i] > low
                and self.across[i] - items.left[i] < high
                for i in self.in_row[row]
            )
            if blocked:
                mesh.from_side[k] = False
                mesh.chains[k] = mesh.chains[k][:-1]

    def _columns(self, k: int, edge: Edge) -> list[float]:
        """Where the edge is across the flow: at its source, in each row, at its target."""
        start = self.across[edge.source] + edge.start
        end = self.across[edge.target] + edge.end
        return [start, *(self.across[item] for item in self.mesh.chains[k]), end]

    def _bends(self, k: int, edge: Edge) -> list[_Bend | None]:
        row = self.mesh.row
        columns = self._columns(k, edge)
        rows = [row[edge.source], *(row[i] for i in self.mesh.chains[k]), row[edge.target]]
        bends: list[_Bend | None] = []
        for j in range(len(columns) - 1):
            start, end = columns[j], columns[j + 1]
            if abs(start - end) <= _SAME or rows[j + 1] <= rows[j]:
                bends.append(None)
                continue
            is_direct = len(columns) == 2
            is_fork = j == 0 and (not is_direct or len(self.mesh.below[edge.source]) > 1)
            key = (edge.producer, edge.source) if is_fork else (edge.target, round(edge.end))
            (self.forks if is_fork else self.joins)[rows[j]].add(key, start, end)
            bends.append(_Bend(rows[j], is_fork, key))
        return bends

    def _place_rows(self) -> float:
        """Start of every row; returns the length of the whole."""
        place = 0.0
        for row in range(self.mesh.rows):
            self.top[row] = place
            place += self.height[row]
            if row < self.mesh.rows - 1:
                self.first_fork[row] = self._first_fork(row)
                self.gap[row] = self._gap_below(row)
                place += self.gap[row]
        return place

    def _first_fork(self, row: int) -> float:
        """How far below a row the first fork runs: below the shapes that it would cross."""
        if self.height[row] == 0:
            return _FORK_AT_BORDER
        first = _FORK
        for item in self.in_row[row]:
            width, across = self.items.label[item], self.across[item]
            if not width:
                continue
            low = across - 5 - width if self.labels_across else across - 11
            if any(a < across - 2 and b > low for a, b in self.forks[row].spans.values()):
                below = _FORK_BELOW_LABEL if self.labels_across else _FORK_AFTER_LABEL + width
                first = max(first, below)
        return first

    def _gap_below(self, row: int) -> float:
        above, below = self.height[row] == 0, self.height[row + 1] == 0  # rows of border ports
        forks, joins = self.forks[row].count, self.joins[row].count
        gap = PORT_GAP if above or below else GAP
        if forks or joins:
            gap = self.first_fork[row] - (not above) + LANE * forks
            gap += LANE * joins + 3 if joins else 0.0
            gap += (_JOIN_AT_BORDER if below else _JOIN - 1) + (5 if forks and joins else 0)
        if self.labels_across and self.any_label and not (above or below):
            gap = max(gap, LABELLED_GAP - 2)  # an even rhythm in a group with labels
        labels = [
            self.items.label[i]
            for i in self.in_row[row]
            if self.items.label[i] and not (self.labels_across and self._is_lone_branch(i))
        ]
        if any(labels) and self.labels_across:
            room = 20.0 if below else LABELLED_GAP
            gap = max(gap, room + LANE * joins + (3 if forks else 0))
        elif any(labels):
            # when the flow goes right, labels lie along it, before the joins
            gap = max(gap, 16 + max(labels) + (LANE * joins + 3 if joins else 0.0))
        return gap

    def _is_lone_branch(self, item: int) -> bool:
        """Beside the spine, with one source and one target and rows to spare between."""
        before, after = self.mesh.before[item], self.mesh.after[item]
        if len(before) != 1 or len(after) != 1 or abs(self.across[item]) <= 20:
            return False
        return self.mesh.row[after[0]] - self.mesh.row[before[0]] > 2

    def _place_items(self, length: float) -> None:
        """Cards start at the top of their row; small things stand in its middle."""
        items, row = self.items, self.mesh.row
        crowd = [0] * self.mesh.rows
        for item in range(len(items)):
            crowd[row[item]] += items.length[item] > 0
        for item in range(len(items)):
            spare = self.height[row[item]] - items.length[item]
            is_small = items.takes_side_entry[item] or items.length[item] < 25
            centred = crowd[row[item]] < 2 or is_small or not self.labels_across
            self.along[item] = self.top[row[item]] + (spare / 2 if centred else 0.0)
            if item in items.first:
                self.along[item] = 0.0
            elif item in items.last:
                self.along[item] = length

    def _slide_lone_branches(self) -> None:
        """A lone branch beside a longer path (downsample) moves to the middle of its slack."""
        if not self.labels_across:
            return
        for item in range(len(self.items)):
            if not self.mesh.is_real(item) or not self._is_lone_branch(item):
                continue
            source, target = self.mesh.before[item][0], self.mesh.after[item][0]
            start, end = self.mesh.row[source], self.mesh.row[target]
            is_pair = len(set(self.mesh.after[source])) == 2
            if not is_pair or self.mesh.row[item] != start + 1:
                continue
            if self._is_free(item, start, end):
                low = self.top[start] + self.height[start] + self.gap[start]
                high = self.top[end] - self.gap[end - 1] - self.items.length[item]
                middle = (low + high) / 2
                self.along[item] = max(low, min(high, middle))

    def _is_free(self, item: int, start: int, end: int) -> bool:
        """Whether nothing stands or passes in the item's column between two rows."""
        items, row, across = self.items, self.mesh.row, self.across
        low, high = across[item] - items.left[item], across[item] + items.right[item]
        beside = (i for r in range(start + 1, end) for i in self.in_row[r] if i != item)
        for other in beside:
            starts, ends = across[other] - items.left[other], across[other] + items.right[other]
            if ends >= low and starts <= high:
                return False
        own: set[int] = set()
        for k, edge in enumerate(items.edges):
            if item in {edge.source, edge.target}:
                own.update(self.mesh.chains[k])
            if self.mesh.from_side[k] and start < row[edge.target] < end:
                reach = sorted((across[self.mesh.chains[k][-1]], across[edge.target]))
                if reach[0] < across[item] < reach[1]:
                    return False
        passing = (i for r in range(start + 1, end) for i in self.passing[r] if i not in own)
        if any(low <= across[i] <= high for i in passing):
            return False
        spans = [
            span
            for table in (self.forks, self.joins)
            for r in range(start, end)
            for span in table[r].spans.values()
        ]
        return not any(a < low - 4 and b > high + 4 for a, b in spans)

    def _wire(self, k: int, edge: Edge, bends: list[_Bend | None]) -> list[Point]:
        items, source = self.items, edge.source
        columns = self._columns(k, edge)
        leave = self.along[source] + items.length[source] - items.overhang[source]
        points: list[Point] = [(columns[0], leave)]
        for j, bend in enumerate(bends):
            if self.mesh.from_side[k] and j == len(bends) - 1:
                return tidy([*points, *self._side_entry(edge, points[-1][0])])
            if bend is not None:
                at = self._lane_place(bend)
                points += [(columns[j], at), (columns[j + 1], at)]
        points.append((columns[-1], self.along[edge.target]))
        return tidy(points)

    def _side_entry(self, edge: Edge, column: float) -> list[Point]:
        items, target = self.items, edge.target
        middle = self.along[target] + items.length[target] / 2
        is_right = column > self.across[target]
        reach = items.right[target] if is_right else -items.reach[target]
        return [(column, middle), (self.across[target] + reach, middle)]

    def _lane_place(self, bend: _Bend) -> float:
        bottom = self.top[bend.row] + self.height[bend.row]
        if bend.is_fork:
            return bottom + self.first_fork[bend.row] + LANE * self.forks[bend.row].lane[bend.lane]
        last = _JOIN_AT_BORDER if self.height[bend.row + 1] == 0 else _JOIN
        lane = self.joins[bend.row].lane[bend.lane]
        return bottom + self.gap[bend.row] - last - LANE * lane


def route(mesh: Mesh, across: list[float], *, labels_across: bool) -> Routing:
    """Places along the flow and polylines, as (across, along) points.

    Args:
        mesh: Rows; edges that cannot enter from the side are changed to enter from above.
        across: Of every item, virtual ones included.
        labels_across: Whether shapes are written across the flow (it goes down) or along it.
    """
    return _Router(mesh, across, labels_across=labels_across).route()


def tidy(points: list[Point]) -> list[Point]:
    """The same line without repeated points and without bends of no angle.

    Example:
        >>> tidy([(0, 0), (0, 5), (0, 9), (4, 9), (4, 9)])
        [(0, 0), (0, 9), (4, 9)]
    """
    kept = [points[0]]
    for point in points[1:]:
        if abs(point[0] - kept[-1][0]) < _SAME and abs(point[1] - kept[-1][1]) < _SAME:
            continue
        if len(kept) > 1 and any(_is_straight(kept[-2], kept[-1], point, axis) for axis in (0, 1)):
            kept[-1] = point
        else:
            kept.append(point)
    return kept


def _is_straight(a: Point, b: Point, c: Point, axis: int) -> bool:
    return abs(a[axis] - b[axis]) < _SAME and abs(b[axis] - c[axis]) < _SAME
