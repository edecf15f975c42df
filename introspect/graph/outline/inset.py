"""Folded tree -> each kind of repeated block, explained once beside the picture.

A kind is a class with one inner structure: the same boxes, strips and wires, whatever the
numbers. It is explained if it has two members or more and at most 14 leaves; of nested
kinds the outermost. Where its members differ, numbers become symbols (``C``, ``C/4``) if
they keep one ratio in all members, else ranges.

Cost: linear in the boxes.

Not here: where an inset is drawn (``introspect.graph.layout``).
"""

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, replace

from introspect.graph.outline.box import Box
from introspect.graph.outline.labels import PLAIN_CONTAINERS
from introspect.graph.outline.symbols import without_stride, write_numbers

_MOST_LEAVES = 14
_LEAST_LEAVES = 2
_LEAST_MEMBERS = 2
_FIELDS = (
    "kind name call module family detail arrow_detail parameters path order shape count badge "
    "operations recipe steps"
).split()


@dataclass(frozen=True, slots=True)
class Inset:
    """One kind of repeated block, explained once beside the picture.

    Attributes:
        mark: ``"A"``; cards that it explains carry it in `Box.inset`.
        title: The class of the block, or its name where the class says nothing.
        root: A group with the block's boxes between input and output pills.
        note: What its symbols stand for (``"C = 256, 512, 1024, 2048"``), or ``""``.
    """

    mark: str
    title: str
    root: Box
    note: str = ""


def explain(root: Box) -> tuple[Inset, ...]:
    """Mark the blocks of each repeated kind as cards, and copy one of each.

    Args:
        root: Folded, nothing sealed yet. The blocks get their `inset` and are closed
            (`choice`); those that the user expands stay as they are.
    """
    kinds: dict[Hashable, list[Box]] = {}
    for block in _candidates(root):
        kinds.setdefault(_kind(block), []).append(block)
    chosen = {kind: blocks for kind, blocks in kinds.items() if _members(blocks) >= _LEAST_MEMBERS}
    taken: set[Box] = set()
    insets: list[Inset] = []
    for blocks in chosen.values():
        free = [block for block in blocks if not any(box in taken for box in block.ancestors())]
        if _members(free) < _LEAST_MEMBERS:
            continue
        mark = _mark(len(insets))
        insets.append(_inset(mark, free, _readers(root)))
        for block in free:
            block.inset, block.choice = mark, "collapse"
            taken.add(block)
    return tuple(insets)


def _candidates(root: Box) -> list[Box]:
    """Small enough groups, each before those inside it."""
    sizes: dict[Box, int] = {}
    groups = list(root.groups())
    for group in reversed(groups):
        sizes[group] = sum(sizes[c] if c.kind == "group" else 1 for c in group.children)
    marked = {box for box in (*groups, *root.leaves()) if box.choice}
    holding = {around for box in marked for around in box.ancestors()} | marked
    return [
        group
        for group in groups
        if group is not root
        and not group.is_made
        and group not in holding
        and not _is_stage(group)
        and _LEAST_LEAVES <= sizes[group] <= _MOST_LEAVES
    ]


def _is_stage(group: Box) -> bool:
    """A plain container of blocks: its blocks are what is to be explained."""
    return group.module in PLAIN_CONTAINERS and any(c.kind == "group" for c in group.children)


def _members(blocks: Iterable[Box]) -> int:
    """How many blocks the boxes stand for, those in folded groups as often as these."""
    count = 0
    for block in blocks:
        times = block.count
        for around in block.ancestors():
            times *= around.count
        count += times
    return count


def _mark(index: int) -> str:
    """The marks in their order: A to Z, AA, AB."""
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def _kind(block: Box) -> Hashable:
    """Class, boxes and inner wiring, without numbers."""
    leaves = list(block.leaves())
    place = {leaf: k for k, leaf in enumerate(leaves)}
    ports: dict[Box, int] = {}

    def of_leaf(leaf: Box) -> Hashable:
        wires = [
            place[s] if s in place else -1 - ports.setdefault(s, len(ports)) for s in leaf.sources
        ]
        strips = tuple((s.text, s.family) for s in (*leaf.before, *leaf.after))
        words = (leaf.kind, leaf.module, leaf.family, leaf.badge, strips)
        return (*words, without_stride(leaf.arrow_detail or leaf.detail), tuple(wires))

    tree = tuple(
        (group.module, group.badge if group is not block else "", len(group.children))
        for group in block.groups()
    )
    return (block.module, tree, tuple(of_leaf(leaf) for leaf in leaves))


def _readers(root: Box) -> dict[Box, list[Box]]:
    reading: dict[Box, list[Box]] = {}
    for leaf in root.leaves():
        for source in leaf.sources:
            reading.setdefault(source, []).append(leaf)
    return reading


def _inset(mark: str, blocks: Sequence[Box], reading: dict[Box, list[Box]]) -> Inset:
    block = blocks[0]
    copies = _copy(block)
    root = copies[block]
    root.name, root.count, root.badge, root.repeat = "", 1, "", None
    originals = list(block.leaves())
    outside = dict.fromkeys(s for leaf in originals for s in leaf.sources if s not in copies)
    inputs = {s: _pill("x", k, len(outside), s) for k, s in enumerate(outside)}
    for leaf in originals:
        copies[leaf].sources = [copies[s] if s in copies else inputs[s] for s in leaf.sources]
    leaving = [
        leaf for leaf in originals if any(reader not in copies for reader in reading.get(leaf, ()))
    ] or originals[-1:]
    outputs = []
    for k, leaf in enumerate(leaving):
        pill = _pill("y", k, len(leaving), leaf)
        pill.sources, pill.order = [copies[leaf]], originals[-1].order + 1
        outputs.append(pill)
    root.children = [*inputs.values(), *root.children, *outputs]
    for pill in (*inputs.values(), *outputs):
        pill.parent = root
    note = write_numbers([copies[leaf] for leaf in originals], [list(b.leaves()) for b in blocks])
    _drop_what_differs(blocks, copies)
    title = block.name if block.module in PLAIN_CONTAINERS or not block.module else block.module
    return Inset(mark, title, root, note)


def _pill(letter: str, index: int, how_many: int, stands_for: Box) -> Box:
    name = letter if how_many == 1 else f"{letter}{index + 1}"
    return Box("io", name=name, family="io", order=-1, path=stands_for.path)


def _copy(block: Box) -> dict[Box, Box]:
    """Every box of a block -> a copy, children in their places, edges still missing."""
    copies: dict[Box, Box] = {}
    for box in [*block.groups(), *block.leaves()]:
        twin = Box(**{name: getattr(box, name) for name in _FIELDS})
        twin.before, twin.after = list(box.before), list(box.after)
        twin.side_inputs = list(box.side_inputs)
        if box.repeat is not None:
            twin.repeat = replace(box.repeat, carried=(), collected=())
        copies[box] = twin
    for box, twin in copies.items():
        for child in box.children:
            twin.add(copies[child])
    return copies


def _drop_what_differs(blocks: Sequence[Box], copies: dict[Box, Box]) -> None:
    """Shapes and counts of parameters that are not those of every member."""
    rows = [[*block.groups(), *block.leaves()] for block in blocks]
    for twins in zip(*rows, strict=True):
        copy = copies[twins[0]]
        if len({twin.shape for twin in twins}) > 1:
            copy.shape = None
        if len({twin.parameters for twin in twins}) > 1:
            copy.parameters = 0
