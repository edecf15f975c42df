"""One container as rows: which child stands in which row, and where long edges pass.

Items are numbers: the children first, then one item of zero size for each border port.
Rows go along the flow. An edge that skips rows gets a *virtual* item in each row it
crosses, shared by all edges of one producer, so that a fan-out is one line.

Rank is the longest path from the in-ports; an item without producers sinks to the row
above its reader. Where nothing is connected at all the items are listed, one a row.

Cost: linear in items, edges and the rows that the edges span.
"""

from collections import deque
from dataclasses import dataclass, field
from itertools import pairwise


@dataclass(frozen=True, slots=True)
class Edge:
    """An edge between two items.

    Attributes:
        source, target: Items.
        start, end: Where it leaves and enters, as an offset from the item's axis.
        producer: A number, equal for edges that carry the same value.
    """

    source: int
    target: int
    start: float
    end: float
    producer: int


@dataclass(slots=True)
class Items:
    """The items of one container; every list has one entry an item.

    Attributes:
        left, right: Extents across the flow, from the item's axis.
        reach: Of `left`, what the box itself takes: an edge from the side ends there.
        length: Extent along the flow.
        weight: Leaves inside, those of sealed cards included; the main path is the heaviest.
        order: Position in the order of execution.
        overhang: Part of `length` that a card stack takes behind the card.
        label: Width of the shape written on its outgoing edge, or 0.
        takes_side_entry: Whether an edge may enter from the side (merges).
        first, last: In-ports and out-ports: items of the first and the last row.
        edges: Between the items.
    """

    left: list[float] = field(default_factory=list)
    right: list[float] = field(default_factory=list)
    reach: list[float] = field(default_factory=list)
    length: list[float] = field(default_factory=list)
    weight: list[int] = field(default_factory=list)
    order: list[int] = field(default_factory=list)
    overhang: list[float] = field(default_factory=list)
    label: list[float] = field(default_factory=list)
    takes_side_entry: list[bool] = field(default_factory=list)
    first: set[int] = field(default_factory=set)
    last: set[int] = field(default_factory=set)
    edges: list[Edge] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.left)

    def as_key(self) -> tuple[object, ...]:
        """Equal for items whose places will be equal; the order of execution counts as a rank."""
        rank = {order: number for number, order in enumerate(sorted(set(self.order)))}
        return (
            tuple(self.left),
            tuple(self.right),
            tuple(self.reach),
            tuple(self.length),
            tuple(self.weight),
            tuple(rank[order] for order in self.order),
            tuple(self.overhang),
            tuple(self.label),
            tuple(self.takes_side_entry),
            len(self.first),
            len(self.last),
            tuple((e.source, e.target, e.start, e.end, e.producer) for e in self.edges),
        )


@dataclass(slots=True)
class Mesh:
    """Items and virtual items in rows.

    Attributes:
        items: As given.
        row: Of every item, virtual ones included.
        rows: How many rows there are.
        chains: For each edge its virtual items, from the source to the target.
        from_side: For each edge whether it enters its target from the side; its last
            virtual item then stands in the target's own row.
        below: Item -> items that it is connected to in later rows, in order.
        before, after: Item -> sources and targets of its edges, virtual items skipped.
    """

    items: Items
    row: list[int]
    rows: int
    chains: list[list[int]]
    from_side: list[bool]
    below: list[list[int]]
    before: list[list[int]]
    after: list[list[int]]

    def is_real(self, item: int) -> bool:
        """Whether an item is a child, neither a virtual item nor a port."""
        items = self.items
        return item < len(items) and item not in items.first and item not in items.last


def to_mesh(items: Items) -> Mesh:
    """Give every item a row and every long edge its virtual items."""
    count = len(items)
    after: list[list[int]] = [[] for _ in range(count)]
    before: list[list[int]] = [[] for _ in range(count)]
    for edge in items.edges:
        after[edge.source].append(edge.target)
        before[edge.target].append(edge.source)
    row = _rank(items, before, after)
    rows = max(row, default=0) + 1
    chains, from_side = _virtual_items(items, row)
    below: list[dict[int, None]] = [{} for _ in row]
    for edge, chain, side in zip(items.edges, chains, from_side, strict=True):
        path = [edge.source, *chain] if side else [edge.source, *chain, edge.target]
        for upper, lower in pairwise(path):
            below[upper][lower] = None
    lower = [list(readers) for readers in below]
    return Mesh(items, row, rows, chains, from_side, lower, before, after)


def _rank(items: Items, before: list[list[int]], after: list[list[int]]) -> list[int]:
    if not items.edges:
        return list(range(len(items)))
    top = 1 if items.first else 0
    row = [0 if item in items.first else top for item in range(len(items))]
    missing = [len(sources) for sources in before]
    ready = deque(item for item, count in enumerate(missing) if count == 0)
    sequence = []
    while ready:
        item = ready.popleft()
        sequence.append(item)
        for reader in after[item]:
            row[reader] = max(row[reader], row[item] + 1)
            missing[reader] -= 1
            if missing[reader] == 0:
                ready.append(reader)
    for item in reversed(sequence):
        if not before[item] and item not in items.first and after[item]:
            row[item] = max(top, min(row[reader] for reader in after[item]) - 1)
    inner = [row[item] for item in range(len(items)) if item not in items.last]
    bottom = max(inner, default=0) + 1
    for item in items.last:
        row[item] = bottom
    return row


def _virtual_items(items: Items, row: list[int]) -> tuple[list[list[int]], list[bool]]:
    """Append a virtual item to `row` for each row that an edge crosses."""
    shared: dict[tuple[int, int, int], int] = {}
    chains, from_side = [], []
    for edge in items.edges:
        span = row[edge.target] - row[edge.source]
        side = items.takes_side_entry[edge.target] and span > 1
        chain = []
        for level in range(row[edge.source] + 1, row[edge.target] + side):
            key = (edge.source, edge.producer, level)
            if key not in shared:
                shared[key] = len(row)
                row.append(level)
            chain.append(shared[key])
        chains.append(chain)
        from_side.append(side)
    return chains, from_side
