"""Boxes -> bodies: the inside of every group as a small program, equal ones stored once.

A *body* says which children a group has and which values each child reads. Its values are
numbers: first what enters through the border, one for each producer outside; then what the
children give, one for a leaf and one for each producer that leaves a group. Since it names
nothing outside, 32 equal layers share one body, and the viewer knows every edge at every
border without a second look at the graph.

Cost: linear in the boxes, plus an entry for each edge and border between its ends.
"""

from dataclasses import dataclass, field

from introspect.graph.outline.box import Box


@dataclass(slots=True)
class Border:
    """What crosses the border of one group, in the order in which it is read.

    Attributes:
        enters: Producer outside -> its number.
        leaves: Producer inside -> its number.
        child_of: Producer -> the child it comes from; not there if it enters.
    """

    enters: dict[Box, int] = field(default_factory=dict)
    leaves: dict[Box, int] = field(default_factory=dict)
    child_of: dict[Box, Box] = field(default_factory=dict)


def borders(root: Box) -> dict[Box, Border]:
    """Every group with the values that cross its border."""
    found = {group: Border() for group in root.groups()}
    above: dict[Box, list[Box]] = {}
    for reader in root.leaves():
        for producer in reader.sources:
            up, down = _around(producer, above), _around(reader, above)
            common = 0
            while common < min(len(up), len(down)) and up[common] is down[common]:
                common += 1
            _cross(found, producer, up, common)
            for group in down[common:]:
                entering = found[group].enters
                entering.setdefault(producer, len(entering))
    return found


def _around(leaf: Box, above: dict[Box, list[Box]]) -> list[Box]:
    if leaf.parent is None:
        return []
    if leaf.parent not in above:
        above[leaf.parent] = leaf.ancestors()
    return above[leaf.parent]


def _cross(found: dict[Box, Border], producer: Box, up: list[Box], common: int) -> None:
    """Let a value out of the producer's groups, up to the one that holds its reader, too."""
    child = producer
    for group in reversed(up[common - 1 :]):
        found[group].child_of[producer] = child
        if group is not up[common - 1]:
            leaving = found[group].leaves
            leaving.setdefault(producer, len(leaving))
        child = group


def wiring(group: Box, found: dict[Box, Border]) -> list[list[int]]:
    """What each child of a group reads; the last list is what leaves the group.

    Returns:
        Values as distances: 1 is the value just before the child's own first one.
    """
    border = found[group]
    first: dict[Box, int] = {}
    count = len(border.enters)
    for child in group.children:
        first[child] = count
        count += len(found[child].leaves) if child.kind == "group" else 1

    def value(producer: Box) -> int:
        if producer in border.enters:
            return border.enters[producer]
        child = border.child_of[producer]
        place = found[child].leaves[producer] if child.kind == "group" else 0
        return first[child] + place

    rows = []
    for child in group.children:
        read = found[child].enters if child.kind == "group" else child.sources
        rows.append([first[child] - value(producer) for producer in read])
    return [*rows, [count - value(producer) for producer in border.leaves]]
