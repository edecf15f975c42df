"""Many equal branches of one fork or one join -> rows and columns, where one row is too wide.

Seventeen heads beside each other are wider than any page. Branches that are plain chains from
one fork, to one join, or both, are placed as a grid: the value of the fork comes down a trunk
left of it and enters each row from above, the results of each row go down a trunk right of it,
so that no two wires cross. Outside, the grid is one item; ``solve`` places that.

Cost: linear in items and edges. Numbers in, numbers out; web/graph/layout/grid.ts is its twin.
"""

import math
from dataclasses import dataclass, field

from introspect.graph.layout.node import BETWEEN, GAP, LABELLED_GAP
from introspect.graph.layout.rank import Edge, Items
from introspect.nouns.drawing import Point

LEAST, WIDEST = 6, 1000.0
"""Fewer branches, or branches that take less in one row, stay in one row."""

_TRUNK = 14.0  # from the boxes to the trunks
_LANE, _ARROW = 2.0, 12.0  # above a row: its lane, and from there to the boxes
_BELOW, _BELOW_LABEL, _APART = (
    7.0,
    18.0,
    10.0,
)  # from boxes to their lane; from there to what follows

Chain = list[int]


@dataclass(slots=True)
class Grid:
    """Branches as a grid, placed from its upper left box; everything in points.

    Attributes:
        chains: The branches in order, each from its first item to its last.
        columns: In a row.
        fork: An edge from the fork to each chain, or none.
        join: An edge from each chain to the join, or none.
        axis: Where the value of the fork enters, and the results leave.
        across: Column -> its axis.
        along: Row -> for each place along a chain, where its items begin.
        enter, leave: Row -> its lanes, above and below.
        low, high, length: Of the whole, trunks included.
    """

    chains: list[Chain]
    columns: int
    fork: list[Edge]
    join: list[Edge]
    axis: float = 0.0
    across: list[float] = field(default_factory=list)
    along: list[list[float]] = field(default_factory=list)
    enter: list[float] = field(default_factory=list)
    leave: list[float] = field(default_factory=list)
    low: float = 0.0
    high: float = 0.0
    length: float = 0.0


def find_grid(items: Items, *, labels_across: bool) -> Grid | None:
    """The first set of branches of a container that is to be a grid."""
    if len(items.edges) < LEAST:
        return None
    into: list[list[Edge]] = [[] for _ in range(len(items))]
    out: list[list[Edge]] = [[] for _ in range(len(items))]
    for edge in items.edges:
        into[edge.target].append(edge)
        out[edge.source].append(edge)
    if max(map(len, out)) < LEAST and max(map(len, into)) < LEAST:
        return None
    groups: dict[tuple[int, int, float, int, float], list[Chain]] = {}
    for item in range(len(items)):
        chain = _chain(item, items, into, out)
        if chain:
            start = [(e.source, e.producer, e.start) for e in into[item]] or [(-1, -1, 0.0)]
            end = [(e.target, e.end) for e in out[chain[-1]]] or [(-1, 0.0)]
            groups.setdefault((*start[0], *end[0]), []).append(chain)
    for (source, *_, target, _), chains in groups.items():
        if (source < 0 and target < 0) or len(chains) < LEAST:
            continue
        wide = sum(_width(chain, items) for chain in chains) + BETWEEN * (len(chains) - 1)
        if wide > WIDEST:
            chains.sort(key=lambda chain: items.order[chain[0]])
            columns = math.ceil(len(chains) / math.ceil(wide / WIDEST))
            fork = [edge for chain in chains for edge in into[chain[0]]]
            join = [edge for chain in chains for edge in out[chain[-1]]]
            grid = Grid(chains, max(columns, 2), fork, join)
            _place(grid, items, labels_across=labels_across)
            return grid
    return None


def _chain(item: int, items: Items, into: list[list[Edge]], out: list[list[Edge]]) -> Chain | None:
    """The branch that begins with an item; None if none does, or it has another way in or out."""
    is_port = item in items.first or item in items.last
    if is_port or len(into[item]) > 1:
        return None
    if into[item] and len(out[into[item][0].source]) == 1:
        return None  # it goes on with a chain
    chain = [item]
    while len(out[chain[-1]]) == 1:
        following = out[chain[-1]][0].target
        if len(into[following]) > 1 or following in items.last:
            return chain
        chain.append(following)
    return chain if not out[chain[-1]] else None


def _width(chain: Chain, items: Items) -> float:
    return max(items.left[i] for i in chain) + max(items.right[i] for i in chain)


def _place(grid: Grid, items: Items, *, labels_across: bool) -> None:
    count = grid.columns
    place = 0.0
    for column in range(count):
        members = [item for chain in grid.chains[column::count] for item in chain]
        place += max(items.left[item] for item in members)
        grid.across.append(place)
        place += max(items.right[item] for item in members) + BETWEEN
    wide = place - BETWEEN
    grid.axis = grid.across[count // 2] if count % 2 else wide / 2
    at = 0.0
    for start in range(0, len(grid.chains), count):
        row = grid.chains[start : start + count]
        grid.enter.append(at + _LANE)
        at += _LANE + _ARROW if grid.fork else 0.0
        places: list[float] = []
        label = 0.0
        for depth in range(max(map(len, row))):
            members = [chain[depth] for chain in row if depth < len(chain)]
            if depth:
                at += max(GAP, _room(label, labels_across=labels_across, free=LABELLED_GAP))
            places.append(at)
            at += max(items.length[item] for item in members)
            label = max(items.label[item] for item in members)
        grid.along.append(places)
        at += _room(label, labels_across=labels_across, free=_BELOW_LABEL) or _BELOW
        grid.leave.append(at)
        at += _APART
    grid.length = grid.leave[-1] + (_LANE if grid.join else -_BELOW)
    grid.low, grid.high = -_TRUNK, wide + _TRUNK


def _room(label: float, *, labels_across: bool, free: float) -> float:
    """Below a box whose value's shape is written there: beside the line, or along it."""
    if not label:
        return 0.0
    return free if labels_across else 16 + label


def reduced(items: Items, grid: Grid) -> tuple[Items, list[int], int]:
    """The container with the grid as one item.

    Returns:
        The items; for each old item its new number, -1 in the grid; the number of the grid.
    """
    inside = {item for chain in grid.chains for item in chain}
    head = min(inside)
    kept = [item for item in range(len(items)) if item == head or item not in inside]
    number = [-1] * len(items)
    for new, old in enumerate(kept):
        number[old] = new
    whole = number[head]
    number[head] = -1
    small = Items(
        left=[items.left[i] for i in kept],
        right=[items.right[i] for i in kept],
        reach=[items.reach[i] for i in kept],
        length=[items.length[i] for i in kept],
        weight=[items.weight[i] for i in kept],
        order=[items.order[i] for i in kept],
        overhang=[items.overhang[i] for i in kept],
        label=[items.label[i] for i in kept],
        takes_side_entry=[items.takes_side_entry[i] for i in kept],
        first={number[i] for i in items.first},
        last={number[i] for i in items.last},
    )
    small.left[whole] = small.reach[whole] = grid.axis - grid.low
    small.right[whole] = grid.high - grid.axis
    small.length[whole] = grid.length
    small.weight[whole] = sum(items.weight[item] for item in inside)
    small.order[whole] = min(items.order[item] for item in inside)
    small.overhang[whole] = small.label[whole] = 0.0
    small.takes_side_entry[whole] = False
    for edge in items.edges:
        if edge.source not in inside and edge.target not in inside:
            source, target = number[edge.source], number[edge.target]
            small.edges.append(Edge(source, target, edge.start, edge.end, edge.producer))
    for edge in grid.fork[:1]:
        small.edges.append(Edge(number[edge.source], whole, edge.start, 0.0, edge.producer))
    for edge in grid.join[:1]:
        small.edges.append(Edge(whole, number[edge.target], 0.0, edge.end, edge.producer))
    return small, number, whole


def grid_wires(
    items: Items, grid: Grid, at: Point, into: list[Point], out: list[Point]
) -> dict[tuple[int, int], list[Point]]:
    """The wires of the grid: (source, target) -> points.

    Args:
        items: The container.
        grid: Placed.
        at: Where its upper left box is, across and along the flow.
        into: The wire to the grid as a whole, or none.
        out: The wire from it, or none.
    """
    dx, dy = at
    wires: dict[tuple[int, int], list[Point]] = {}
    ends = [grid.low + dx, grid.high + dx, grid.axis + dx]
    for number, chain in enumerate(grid.chains):
        row, column = divmod(number, grid.columns)
        x = grid.across[column] + dx
        enter, leave = grid.enter[row] + dy, grid.leave[row] + dy
        tops = [place + dy for place in grid.along[row]]
        feet = [tops[k] + items.length[i] - items.overhang[i] for k, i in enumerate(chain)]
        if grid.fork:
            edge = grid.fork[number]
            trunk: list[Point] = [(ends[2], grid.enter[0] + dy)]
            if row:
                trunk += [(ends[0], trunk[0][1]), (ends[0], enter)]
            goal = x + edge.end
            wires[edge.source, edge.target] = [*into, *trunk, (goal, enter), (goal, tops[0])]
        if grid.join:
            edge = grid.join[number]
            begin = x + edge.start
            points: list[Point] = [(begin, feet[-1]), (begin, leave)]
            if row < len(grid.leave) - 1:
                points += [(ends[1], leave), (ends[1], grid.leave[-1] + dy)]
            wires[edge.source, edge.target] = [*points, (ends[2], grid.leave[-1] + dy), *out]
        for k in range(len(chain) - 1):
            edge = next(e for e in items.edges if (e.source, e.target) == (chain[k], chain[k + 1]))
            begin, goal = x + edge.start, x + edge.end
            half = tops[k + 1] - _ARROW
            wires[edge.source, edge.target] = [
                (begin, feet[k]), (begin, half), (goal, half), (goal, tops[k + 1]),
            ]  # fmt: skip
    return wires
