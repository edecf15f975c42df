"""Two graphs and what changed -> one tree of boxes that holds both, each box with its mark.

The tree is the second graph's, read afresh; every module of the first has its partner in it
(``merge_pairs``) or is put beside as a ghost, at its old place and with its old wires. Then
every box says what happened to it (``merge_marks``): added, removed, changed, renamed, nothing.

Cost: two readings of the graphs, and what the changes take: 0.1 s for two ResNet-50.

Not here: what is folded and how it is drawn (``picture``).
"""

from introspect.graph.compare.changes import Change
from introspect.graph.compare.merge_marks import Marker
from introspect.graph.compare.merge_pairs import Pairs, pair
from introspect.graph.compare.merge_tree import REMOVED, Merged
from introspect.graph.outline.box import Box
from introspect.graph.outline.read import read
from introspect.nouns.graph import Graph


def merge(before: Graph, after: Graph, changes: tuple[Change, ...]) -> Merged:
    """Both graphs as one tree of boxes.

    Args:
        before: The first graph.
        after: The second.
        changes: From the first to the second, as ``diff`` finds them.
    """
    old, new = read(before), read(after)
    pairs = pair(before, after, changes, old, new)
    _put_ghosts(old, new, pairs)
    merged = Merged(new)
    Marker(merged, pairs, before, after, changes).mark()
    return merged


def _put_ghosts(old: Box, new: Box, pairs: Pairs) -> None:
    """Take the boxes of the old tree that have no partner into the new one."""
    old_leaves = list(old.leaves())
    ghosts = _place(old, new, pairs)
    for ghost in ghosts:
        ghost.mark = REMOVED
    leaves = sorted((g for g in ghosts if g.kind != "group"), key=lambda box: box.order)
    inserted = set(leaves)
    ends: dict[Box, Box | None] = {}
    for leaf in old_leaves:
        ends[leaf] = pairs.leaf_of(leaf)
        if leaf in pairs.hidden and leaf.sources:
            first = leaf.sources[0]
            ends[leaf] = first if first in inserted else ends.get(first)
    last = max((leaf.order for leaf in new.leaves()), default=0)
    for ghost in leaves:
        sources = [s if s in inserted else ends.get(s) for s in ghost.sources]
        ghost.sources = list(dict.fromkeys(s for s in sources if s is not None))
        ghost.through = {}
        if ghost.kind == "io" and ghost.sources:
            ghost.order = last + 1
        elif ghost.kind != "io":
            ghost.order = max((s.order for s in ghost.sources), default=min(ghost.order, last))
    for leaf in old_leaves:
        reader = None if leaf in inserted else ends[leaf]
        if reader is not None:
            # Against the order of the second graph there would be a cycle.
            found = [s for s in leaf.sources if s in inserted and s.order < reader.order]
            reader.sources += [source for source in found if source not in reader.sources]


def _place(old: Box, new: Box, pairs: Pairs) -> list[Box]:
    """Put ghosts after the sibling they followed; returns them with all that is in them."""
    ghosts: list[Box] = []
    todo = [(old, new)]
    while todo:
        around, place = todo.pop()
        if place.kind != "group":  # it has no room for parts
            continue
        position = _first_place(place)
        for child in list(around.children):
            twin = pairs.new_of.get(child)
            if child in pairs.hidden:
                continue
            if twin is None:
                child.parent = place
                place.children.insert(position, child)
                ghosts += _only_ghosts(child, pairs, todo)
                position += 1
                continue
            if twin.parent is place:
                position = max(position, place.children.index(twin) + 1)
            if child.kind == "group":
                todo.append((child, twin))
    return ghosts


def _first_place(group: Box) -> int:
    """Behind the inputs of the model."""
    count = 0
    while count < len(group.children) and group.children[count].order < 0:
        count += 1
    return count


def _only_ghosts(ghost: Box, pairs: Pairs, todo: list[tuple[Box, Box]]) -> list[Box]:
    """A ghost and what is in it; what has moved out of it is taken out."""
    found: list[Box] = []
    inner = [ghost]
    while inner:
        box = inner.pop()
        found.append(box)
        kept = []
        for child in box.children:
            twin = pairs.new_of.get(child)
            if twin is None:
                kept.append(child)
            elif child.kind == "group":
                todo.append((child, twin))
        box.children = kept
        inner += kept
    return found
