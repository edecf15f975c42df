"""Rows -> places across the flow: one straight spine, everything else packed beside it.

1. The spine is the heaviest path (``spine``); it stands at 0.
2. What is left when it is taken out falls into connected bodies.
3. Bodies that leave the spine where one of its stretches does, come back where it does, and
   weigh about the same, form a *fan* with that stretch (``fan``): its branches stand side by
   side in the order in which they ran, centred on 0.
4. Every other body is placed by the same procedure, so it is rigid and straight, and is
   pushed against a skyline of what stands already: short spans first, so that nested bodies
   never cross; left or right by its kind, unless the other side has fewer crossings.

All is decided by rows, weights and the order of execution, not by sizes: opening a card never
changes the order of its neighbours. Cost: bodies times the rows that they span.
"""

from collections import Counter
from dataclasses import dataclass, field

from introspect.graph.layout.fan import FORK, JOIN, Body, Fan, find_fans
from introspect.graph.layout.node import BETWEEN
from introspect.graph.layout.rank import Mesh

_ALMOST_ALIGNED = 24.0
_VIRTUAL_ORDER = 10**9
_MOST_COMPARED = 300  # bodies beside one spine whose crossings are counted, pair by pair
LEFT, RIGHT = -1, 1


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

    def add(self, inner: "_Block", shift: float) -> None:
        """Take in a block that was placed by itself."""
        for item, place in inner.across.items():
            self.across[item] = place + shift
        for row, low in inner.low.items():
            self.low[row] = min(self.low.get(row, low + shift), low + shift)
            high = inner.high[row] + shift
            self.high[row] = max(self.high.get(row, high), high)


def pack(mesh: Mesh, *, skips: int = RIGHT) -> list[float]:
    """The axis position of every item, virtual ones included; the spine is at 0.

    Args:
        mesh: Rows. A long edge that would enter a merge from the side in a fan is changed to
            enter from above.
        skips: The side on which bare skips run: 1 right, -1 left.
    """
    packer = _Packer(mesh, skips)
    across = [0.0] * len(mesh.row)
    whole = _Block()
    bodies = packer.bodies(range(len(mesh.row)))
    bodies.sort(key=lambda items: -sum(packer.weight[item] for item in items))
    for items in bodies:  # unconnected parts stand side by side
        block = packer.pack(items)
        rows = [r for r in block.low if r in whole.high]
        shift = max((whole.high[r] + BETWEEN - block.low[r] for r in rows), default=0.0)
        whole.add(block, shift)
    for item, place in whole.across.items():
        across[item] = place
    return across


class _Packer:
    def __init__(self, mesh: Mesh, skips: int) -> None:
        self.mesh = mesh
        self.skips = skips
        items = mesh.items
        virtual = len(mesh.row) - len(items)
        # a child weighs by its leaves, a port almost nothing, a virtual item nothing
        self.weight = [1000 * weight + 1 for weight in items.weight] + [0] * virtual
        self.order = [*items.order, *([_VIRTUAL_ORDER] * virtual)]
        self.left = [*items.left, *([0.0] * virtual)]
        self.right = [*items.right, *([0.0] * virtual)]
        self.above: list[list[int]] = [[] for _ in mesh.row]
        for upper, lower in enumerate(mesh.below):
            for item in lower:
                self.above[item].append(upper)
        self.side_targets: list[list[int]] = [[] for _ in mesh.row]
        self.side_sources: list[list[int]] = [[] for _ in mesh.row]
        for k, edge in enumerate(items.edges):
            if mesh.from_side[k]:
                self.side_targets[mesh.chains[k][-1]].append(edge.target)
                self.side_sources[edge.target].append(mesh.chains[k][-1])

    def bodies(self, items: "range | list[int]") -> list[list[int]]:
        """Connected components, each from its lowest item on."""
        rest = set(items)
        found = []
        for seed in items:
            if seed not in rest:
                continue
            rest.discard(seed)
            body, todo = [seed], [seed]
            while todo:
                item = todo.pop()
                beside = (*self.side_sources[item], *self.side_targets[item])
                for other in (*self.above[item], *self.mesh.below[item], *beside):
                    if other in rest:
                        rest.discard(other)
                        body.append(other)
                        todo.append(other)
            found.append(body)
        return found

    def spine(self, items: list[int]) -> list[int]:
        """The heaviest path; at a fork of equals, through the child nearest the middle."""
        inside = set(items)
        best: dict[int, int] = {}
        follows: dict[int, int] = {}
        fed: set[int] = set()
        for item in sorted(items, key=lambda i: -self.mesh.row[i]):
            lower = [i for i in self.mesh.below[item] if i in inside]
            best[item] = self.weight[item]
            if lower:
                fed.update(lower)
                chosen = lower[0]
                if len(lower) > 1:
                    lower.sort(key=self.order.__getitem__)
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
        """Spine at 0, fans around it, bodies beside it."""
        row = self.mesh.row
        path = self.spine(items)
        on_path = {item: number for number, item in enumerate(path)}
        rest = self.bodies([item for item in items if item not in on_path])
        bodies = [self._body(body, on_path) for body in rest]
        block = _Block()
        for level in range(row[path[0]], row[path[-1]] + 1):
            block.low[level] = block.high[level] = 0.0
        in_fans: set[int] = set()
        for fan in find_fans(self.mesh, path, bodies):
            in_fans.update(item for branch in fan.branches for item in branch)
            self._place_fan(fan, path, block)
        for item in path:
            if item not in in_fans:
                block.across[item] = 0.0
                block.low[row[item]] = min(block.low[row[item]], -self.left[item])
                block.high[row[item]] = max(block.high[row[item]], self.right[item])
        bodies = [body for body in bodies if body.items[0] not in in_fans]
        self._place_bodies(bodies, path, block)
        return block

    def _body(self, items: list[int], on_path: dict[int, int]) -> Body:
        """What a body is, and where it is joined to the spine."""
        row, below = self.mesh.row, self.mesh.below
        real = [item for item in items if self.mesh.is_real(item)]
        sources: set[int] = set()
        targets: set[int] = set()
        joints: list[float] = []
        for item in items:
            for upper in self.above[item]:
                if upper in on_path:
                    sources.add(on_path[upper])
                    joints.append(row[upper] + FORK)
            for lower in below[item]:
                if lower in on_path:
                    targets.add(on_path[lower])
                    joints.append(row[lower] - 1 + JOIN)
            for target in self.side_targets[item]:
                if target in on_path:
                    targets.add(on_path[target])
                    joints.append(row[target])
        rows = [row[item] for item in items]
        return Body(
            items=items,
            real=real,
            weight=sum(self.mesh.items.weight[item] for item in real),
            span=max(rows) - min(rows),
            first=min((self.order[item] for item in real), default=_VIRTUAL_ORDER),
            sources=sources,
            targets=targets,
            joints=joints,
            top=min([*rows, *joints]),
            bottom=max([*rows, *joints]),
            first_row=min(rows),
            # what enters a join from the side ends there, unless another wire goes on with it
            last_row=max(
                (row[i] for i in items if below[i] or not self.side_targets[i]), default=0
            ),
        )

    def _place_fan(self, fan: Fan, path: list[int], block: _Block) -> None:
        """Branches side by side, centred on 0; the middle one of an odd number is straight."""
        if fan.end < len(path):
            self._enter_from_above(fan, path[fan.end])
        inner = [self.pack(branch) for branch in fan.branches]
        axes: list[float] = []
        edge = 0.0
        for branch in inner:
            low, high = min(branch.low.values()), max(branch.high.values())
            axes.append(edge + BETWEEN - low if axes else 0.0)
            edge = axes[-1] + high
        half = len(axes) // 2
        centre = axes[half] if len(axes) % 2 else (axes[0] + axes[-1]) / 2
        for branch, axis in zip(inner, axes, strict=True):
            block.add(branch, axis - centre)

    def _enter_from_above(self, fan: Fan, target: int) -> None:
        """All branches of a fan join their merge on one bus, so none enters from the side."""
        mesh = self.mesh
        inside = [set(branch) for branch in fan.branches]
        for k, edge in enumerate(mesh.items.edges):
            if edge.target != target or not mesh.from_side[k]:
                continue
            for branch, members in zip(fan.branches, inside, strict=True):
                if edge.source in members:
                    last = mesh.chains[k].pop()
                    mesh.from_side[k] = False
                    if last in members:
                        members.discard(last)
                        branch.remove(last)

    def _place_bodies(self, bodies: list[Body], path: list[int], block: _Block) -> None:
        bodies.sort(key=lambda body: (not body.real, body.span, body.first, body.items[0]))
        side = self._sides(bodies, path)
        for number, body in enumerate(bodies):
            self._place(body, block, side[number])
        for one in (LEFT, RIGHT):
            skips = [b for n, b in enumerate(bodies) if side[n] == one and not b.real]
            self._align_skips(skips, block, one)

    def _sides(self, bodies: list[Body], path: list[int]) -> list[int]:
        """For each body its side; `bodies` stand from the inside to the outside.

        What enters through the border chooses first: it comes from a skip outside.
        """
        row, items = self.mesh.row, self.mesh.items
        on_spine = {row[item]: item for item in path}
        starting = Counter(row[i] for body in bodies for i in body.real)
        enters = [any(item in items.first for item in body.items) for body in bodies]
        side = [0] * len(bodies)
        crowd = len(bodies) <= _MOST_COMPARED
        for number in sorted(range(len(bodies)), key=lambda n: (not enters[n], n)):
            body = bodies[number]
            side[number] = self._side(body, starting, on_spine)
            crossings = {LEFT: 0, RIGHT: 0}
            for other in range(len(bodies)) if crowd else ():
                if side[other] and other != number:
                    inner, outer = sorted((number, other))
                    crossings[side[other]] += bodies[inner].crossings(bodies[outer])
            if crossings[-side[number]] < crossings[side[number]]:
                side[number] = -side[number]
        return side

    def _side(self, body: Body, starting: Counter[int], on_spine: dict[int, int]) -> int:
        """Left, if it ran before the spine's box beside it and another body shares the row.

        So Q, K and V stand in the order in which they ran, around the spine. Bare skips and
        lone branches go right, side inputs left.
        """
        mesh = self.mesh
        if not body.real:
            return self.skips
        if all(mesh.is_real(item) and not mesh.before[item] for item in body.items):
            return LEFT
        level = mesh.row[min(body.real, key=self.order.__getitem__)]
        beside = on_spine.get(level)
        own = sum(mesh.row[item] == level for item in body.real)
        has_mates = starting[level] > own
        ran_first = beside is not None and body.first < self.order[beside]
        return LEFT if ran_first and has_mates else RIGHT

    def _place(self, body: Body, block: _Block, side: int) -> None:
        inner = self.pack(body.items)
        rows = sorted(inner.low)
        if len(inner.across) == len(rows):
            # one item in every row: it may slide along the flow, so its widest extent counts
            inner.low = dict.fromkeys(rows, min(inner.low.values()))
            inner.high = dict.fromkeys(rows, max(inner.high.values()))
        if side == LEFT:
            shift = min(block.low.get(r, 0.0) - BETWEEN - inner.high[r] for r in rows)
        else:
            shift = max(block.high.get(r, 0.0) + BETWEEN - inner.low[r] for r in rows)
        for r in rows:
            block.low.setdefault(r, 0.0)
            block.high.setdefault(r, 0.0)
        block.add(inner, shift)

    def _align_skips(self, skips: list[Body], block: _Block, side: int) -> None:
        """Bare skips that almost share a line, and share no row, share the outermost."""
        if not skips:
            return
        row = self.mesh.row
        furthest = max(side * block.across[body.items[0]] for body in skips)
        crowd = Counter(row[item] for body in skips for item in body.items)
        for body in skips:
            alone = all(crowd[row[item]] == 1 for item in body.items)
            if alone and furthest - side * block.across[body.items[0]] < _ALMOST_ALIGNED:
                for item in body.items:
                    block.across[item] = side * furthest
                    block.low[row[item]] = min(block.low[row[item]], side * furthest)
                    block.high[row[item]] = max(block.high[row[item]], side * furthest)
