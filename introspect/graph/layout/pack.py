"""Rows -> places across the flow: one straight spine, everything else packed beside it.

The spine is the heaviest path. What is left when it is taken out falls into connected
bodies; each is placed by the same procedure, so it is rigid and straight, and is pushed
against a skyline of what stands already. Nested bodies never cross, since short spans are
packed first, inside longer ones.
"""

from dataclasses import dataclass, field

from introspect.graph.layout.node import BETWEEN
from introspect.graph.layout.rank import Mesh

_ALMOST_ALIGNED = 24.0
_VIRTUAL_ORDER = 10**9


@dataclass(slots=True)
class _Block:
    """Items that have been placed relative to each other.

    Attributes:
        across: Item -> position of its axis.
        low, high: Row -> the extent that the block takes there.
    """

    across: dict[int, float] = field(default_factory=dict)
    low: dict[int, float] = field(default_factory=dict)
    high: dict[int, float] = field(default_factory=dict)


@dataclass(slots=True)
class _Body:
    """A connected rest beside a spine, before it is placed."""

    items: list[int]
    real: list[int]
    span: int
    first: int


def pack(mesh: Mesh) -> list[float]:
    """The axis position of every item, virtual ones included; the spine is at 0."""
    packer = _Packer(mesh)
    across = [0.0] * len(mesh.row)
    low: dict[int, float] = {}
    high: dict[int, float] = {}
    bodies = packer.bodies(range(len(mesh.row)))
    bodies.sort(key=lambda items: -sum(packer.weight(item) for item in items))
    for items in bodies:  # unconnected parts stand side by side
        block = packer.pack(items)
        rows = [r for r in block.low if r in high]
        shift = max((high[r] + BETWEEN - block.low[r] for r in rows), default=0.0)
        for item, place in block.across.items():
            across[item] = place + shift
        for r in block.low:
            low[r] = min(low.get(r, block.low[r] + shift), block.low[r] + shift)
            high[r] = max(high.get(r, block.high[r] + shift), block.high[r] + shift)
    return across


class _Packer:
    def __init__(self, mesh: Mesh) -> None:
        self.mesh = mesh
        self.around: list[set[int]] = [set(lower) for lower in mesh.below]
        for upper, lower in enumerate(mesh.below):
            for item in lower:
                self.around[item].add(upper)

    def weight(self, item: int) -> int:
        """A child weighs by its leaves; a port almost nothing, a virtual item nothing."""
        items = self.mesh.items
        return 1000 * items.weight[item] + 1 if item < len(items) else 0

    def order(self, item: int) -> int:
        items = self.mesh.items
        return items.order[item] if item < len(items) else _VIRTUAL_ORDER

    def left(self, item: int) -> float:
        return self.mesh.items.left[item] if item < len(self.mesh.items) else 0.0

    def right(self, item: int) -> float:
        return self.mesh.items.right[item] if item < len(self.mesh.items) else 0.0

    def bodies(self, items: "range | list[int]") -> list[list[int]]:
        """Connected components, each from its lowest item on."""
        rest = dict.fromkeys(items)
        found = []
        while rest:
            seed = next(iter(rest))
            del rest[seed]
            body, todo = [seed], [seed]
            while todo:
                for item in sorted(self.around[todo.pop()]):
                    if item in rest:
                        del rest[item]
                        body.append(item)
                        todo.append(item)
            found.append(body)
        return found

    def spine(self, items: list[int]) -> list[int]:
        """The heaviest path; at a fork of equals, through the child nearest the middle."""
        inside = set(items)
        best: dict[int, int] = {}
        follows: dict[int, int] = {}
        fed: set[int] = set()
        for item in sorted(items, key=lambda i: -self.mesh.row[i]):
            lower = sorted((i for i in self.mesh.below[item] if i in inside), key=self.order)
            fed.update(lower)
            best[item] = self.weight(item)
            if lower:
                chosen = self._nearest_middle(lower, best)
                follows[item] = chosen
                best[item] += best[chosen]
        starts = [item for item in items if item not in fed]
        path = [max(starts, key=lambda i: (best[i], -self.mesh.row[i], -i))]
        while path[-1] in follows:
            path.append(follows[path[-1]])
        return path

    def _nearest_middle(self, lower: list[int], best: dict[int, int]) -> int:
        heaviest = max(best[item] for item in lower)
        real = [item for item in lower if item < len(self.mesh.items)]
        middle = (len(real) - 1) / 2
        ties = [item for item in lower if best[item] == heaviest]
        return min(ties, key=lambda i: abs(real.index(i) - middle) if i in real else len(lower))

    def pack(self, items: list[int]) -> _Block:
        """Spine at 0, bodies beside it."""
        row = self.mesh.row
        path = self.spine(items)
        block = _Block(across=dict.fromkeys(path, 0.0))
        for level in range(row[path[0]], row[path[-1]] + 1):
            block.low[level] = block.high[level] = 0.0
        for item in path:
            block.low[row[item]] = -self.left(item)
            block.high[row[item]] = self.right(item)
        on_spine = {row[item]: item for item in path}
        bodies = [self._body(b) for b in self.bodies([i for i in items if i not in block.across])]
        bodies.sort(key=lambda body: (not body.real, body.span, body.first, body.items[0]))
        for body in bodies:
            self._place(body, block, self._goes_left(body, bodies, on_spine))
        self._align_skips([body for body in bodies if not body.real], block)
        return block

    def _body(self, items: list[int]) -> _Body:
        rows = [self.mesh.row[item] for item in items]
        real = [item for item in items if self.mesh.is_real(item)]
        first = min((self.order(item) for item in real), default=_VIRTUAL_ORDER)
        return _Body(items, real, max(rows) - min(rows), first)

    def _goes_left(self, body: _Body, bodies: list[_Body], on_spine: dict[int, int]) -> bool:
        """Left, if it ran before the spine's box beside it and another body shares the row.

        So Q, K and V stand in the order in which they ran, around the spine. Bare skips and
        lone branches go right, side inputs left.
        """
        if not body.real:
            return False
        mesh = self.mesh
        if all(mesh.is_real(item) and not mesh.before[item] for item in body.items):
            return True
        level = mesh.row[min(body.real, key=self.order)]
        beside = on_spine.get(level)
        mates = (b for b in bodies if b is not body and any(mesh.row[i] == level for i in b.real))
        return beside is not None and body.first < self.order(beside) and any(mates)

    def _place(self, body: _Body, block: _Block, left: bool) -> None:  # noqa: FBT001
        inner = self.pack(body.items)
        rows = sorted(inner.low)
        if len(inner.across) == len(rows):
            # one item in every row: it may slide along the flow, so its widest extent counts
            inner.low = dict.fromkeys(rows, min(inner.low.values()))
            inner.high = dict.fromkeys(rows, max(inner.high.values()))
        if left:
            shift = min(block.low.get(r, 0.0) - BETWEEN - inner.high[r] for r in rows)
        else:
            shift = max(block.high.get(r, 0.0) + BETWEEN - inner.low[r] for r in rows)
        for r in rows:
            if left:
                block.low[r] = inner.low[r] + shift
                block.high.setdefault(r, 0.0)
            else:
                block.high[r] = inner.high[r] + shift
                block.low.setdefault(r, 0.0)
        for item, place in inner.across.items():
            block.across[item] = place + shift

    def _align_skips(self, skips: list[_Body], block: _Block) -> None:
        """Bare skips that almost share a line, and share no row, share the outermost."""
        if not skips:
            return
        row = self.mesh.row
        widest = max(block.across[body.items[0]] for body in skips)
        taken = [row[item] for body in skips for item in body.items]
        for body in skips:
            alone = all(taken.count(row[item]) == 1 for item in body.items)
            if alone and widest - block.across[body.items[0]] < _ALMOST_ALIGNED:
                for item in body.items:
                    block.across[item] = widest
                    block.high[row[item]] = max(block.high[row[item]], widest)
