"""Equal branches of one fork and one join, such as gate and up of a SwiGLU: what is a fan.

A stretch of the spine and the bodies that leave and reach the spine exactly where the
stretch does are the *branches*. They are a fan if there are two that weigh about the same,
or three that are not tiny beside each other; a long path beside a short cut (a bottleneck
with its downsampling) is none. Fork or join may be missing: two towers that meet, two heads.
"""

from dataclasses import dataclass, field

from introspect.graph.layout.rank import Mesh

FORK, JOIN = 0.4, 0.6
"""Where in the gap below a row, from 0 to 1, lines leave for the side and come back."""
_EQUAL_PAIR, _NOT_TINY = 0.75, 0.25  # of the heaviest branch


@dataclass(slots=True, eq=False)
class Body:
    """A connected rest beside a spine, before it is placed.

    Attributes:
        items: Its items, virtual ones included.
        real: Those that are children.
        weight: Leaves inside.
        span: Rows from its first to its last item.
        first: When its first child ran.
        sources, targets: Places on the spine that feed it and that it feeds.
        joints: Along the rows, where it is joined to the spine: a row, or a row and a
            fraction for the gap below it.
        top, bottom: Along the rows, from its first to its last item or joint.
        first_row, last_row: Of its items, but for the ends of edges that enter from the side.
    """

    items: list[int]
    real: list[int]
    weight: int
    span: int
    first: int
    sources: set[int] = field(default_factory=set)
    targets: set[int] = field(default_factory=set)
    joints: list[float] = field(default_factory=list)
    top: float = 0.0
    bottom: float = 0.0
    first_row: int = 0
    last_row: int = 0

    def crossings(self, outside: "Body") -> int:
        """How often lines from the spine to a body outside of this one run through this one."""
        return sum(self.top < joint < self.bottom for joint in outside.joints)


@dataclass(slots=True, eq=False)
class Fan:
    """Branches to be centred on the spine, in the order in which they ran.

    Attributes:
        start: Place of the fork on the spine, -1 if the branches start by themselves.
        end: Place of the join, or the length of the spine.
        branches: The items of each.
    """

    start: int
    end: int
    branches: list[list[int]]


def find_fans(mesh: Mesh, path: list[int], bodies: list[Body]) -> list[Fan]:
    """The outermost fans of a spine; those inside a branch are found when it is packed."""
    between: dict[tuple[int, int], list[Body]] = {}
    for body in bodies:
        ends = _ends(body, len(path))
        if ends is not None:
            between.setdefault(ends, []).append(body)
    fans: list[Fan] = []
    for start, end in sorted(between, key=lambda ends: (ends[0] - ends[1], ends)):
        if any(start < fan.end and fan.start < end for fan in fans):
            continue
        fan = _fan(mesh, path, bodies, between[start, end], (start, end))
        if fan is not None:
            fans.append(fan)
    return fans


def _ends(body: Body, length: int) -> tuple[int, int] | None:
    """Where a body leaves and reaches the spine, if it does so once each."""
    if not body.real or len(body.sources) > 1 or len(body.targets) > 1:
        return None
    if not body.sources and not body.targets:
        return None
    start, end = min(body.sources, default=-1), min(body.targets, default=length)
    return (start, end) if end - start >= 2 else None


def _fan(
    mesh: Mesh, path: list[int], bodies: list[Body], beside: list[Body], ends: tuple[int, int]
) -> Fan | None:
    start, end = ends
    stretch = path[start + 1 : end]
    real = [item for item in stretch if mesh.is_real(item)]
    if not real:
        return None
    inside = _inside(bodies, beside, start, end)
    if inside is None:
        return None
    weight = sum(mesh.items.weight[item] for item in real) + sum(b.weight for b in inside)
    if not _are_equal([weight, *(body.weight for body in beside)]):
        return None
    above = mesh.row[path[start]] if start >= 0 else -1
    below = mesh.row[path[end]] if end < len(path) else mesh.rows
    if any(b.first_row <= above or b.last_row >= below for b in (*beside, *inside)):
        return None  # it also reaches beyond the fork or the join
    others = [b for b in bodies if b.real and b not in beside and b not in inside]
    if len(beside) == 1 and any(start in body.sources for body in others):
        return None  # three start here (Q, K and V): the one in the middle stays straight
    first = min([mesh.items.order[i] for i in real] + [b.first for b in inside])
    members = stretch + [item for body in inside for item in body.items]
    branches = [(first, members), *((body.first, list(body.items)) for body in beside)]
    branches.sort(key=lambda branch: (branch[0], branch[1][0]))
    return Fan(start, end, [items for _, items in branches])


def _inside(bodies: list[Body], beside: list[Body], start: int, end: int) -> list[Body] | None:
    """Bodies that belong to the stretch; None if one also reaches out of it."""
    found = []
    for body in bodies:
        if body in beside:
            continue
        joined = body.sources | body.targets
        if any(start < place < end for place in joined):
            if any(place < start or place > end for place in joined):
                return None
            found.append(body)
    return found


def _are_equal(weights: list[int]) -> bool:
    heaviest = max(weights)
    if len(weights) == 2:
        return min(weights) >= _EQUAL_PAIR * heaviest
    return sum(weight >= _NOT_TINY * heaviest for weight in weights) >= 3
