"""How deep the picture goes: groups that do not fit are sealed into one card each."""

from collections import Counter
from typing import Literal

from introspect.graph.outline.box import Box

Depth = int | Literal["auto", "all"]

_MAIN = frozenset({"merge", "io", "shape"})
_DISSOLVE_SHARE = 0.6
_DISSOLVE_LEAST = 14


def choose_depth(root: Box, depth: Depth, *, budget: int) -> None:
    """Mark the groups to be drawn as one card.

    Args:
        root: Of the folded tree.
        depth: Levels of modules to show; 1 shows the model's direct children only.
            ``"all"`` opens everything, ``"auto"`` opens level by level while the picture
            has at most `budget` boxes.
        budget: Number of boxes.
    """
    for group in root.groups():
        group.is_sealed = depth != "all" and group is not root
    if depth == "all":
        return
    level, opened = [root], 1
    while level and (depth == "auto" or opened < depth):
        below = [c for g in level for c in g.children if c.kind == "group" and not g.is_sealed]
        kinds: dict[str, list[Box]] = {}
        for group in below:
            kinds.setdefault(group.module, []).append(group)
        # all groups of one class open together, small classes first
        for members in sorted(kinds.values(), key=lambda m: sum(_size(box) for box in m)):
            _set_sealed(members, sealed=False)
            crowded = depth == "auto" and _count_boxes(root) > budget
            if crowded or (depth == "auto" and any(_is_messy(box) for box in members)):
                _set_sealed(members, sealed=True)
        level = [group for group in below if not group.is_sealed]
        opened += 1


def _set_sealed(boxes: list[Box], *, sealed: bool) -> None:
    for box in boxes:
        box.is_sealed = sealed


def _size(box: Box) -> int:
    return sum(1 for _ in box.leaves())


def _count_boxes(group: Box) -> int:
    return sum(
        1 if child.kind != "group" or child.is_sealed else _count_boxes(child)
        for child in group.children
    )


def _is_messy(group: Box) -> bool:
    """Many loose operations and few named parts: code to be read as code, not as a picture."""
    loose = sum(1 for child in group.children if child.kind == "op")
    return loose > 8 + 3 * (len(group.children) - loose)


def seal(root: Box) -> None:
    """Turn every sealed group into one card, and lift its edges to the card."""
    card_of: dict[Box, Box] = {}
    for group in list(root.groups()):
        if group.is_sealed and not any(above.is_sealed for above in group.ancestors()):
            card_of.update(dict.fromkeys(group.leaves(), group))
    leaves = list(root.leaves())
    for card in dict.fromkeys(card_of.values()):
        _become_card(card)
    for leaf in leaves:
        reader = card_of.get(leaf, leaf)
        lifted = [card_of.get(source, source) for source in leaf.sources]
        if reader is leaf:
            leaf.sources = list(dict.fromkeys(lifted))
        else:
            reader.sources += [s for s in lifted if s is not reader and s not in reader.sources]


def _become_card(group: Box) -> None:
    inner = tuple(group.leaves())
    words = Counter()
    weight: Counter[str] = Counter()
    for leaf in inner:
        if leaf.kind == "leaf":
            words[leaf.module] += leaf.count
        weight[leaf.family] += max(leaf.parameters, 1)
    group.operations = sum(leaf.operations for leaf in inner)
    common = " · ".join(f"{count} {word}" for word, count in words.most_common(2))
    group.detail = common or f"{group.operations} operations"
    heaviest = weight.most_common(1)[0][0]
    group.family = "module" if heaviest in _MAIN else heaviest
    group.shape, group.order = inner[-1].shape, inner[0].order
    group.sealed_leaves = inner
    group.kind, group.children, group.sources = "leaf", [], []


def dissolve(root: Box) -> None:
    """A single group that holds most of the picture gives up its border.

    Otherwise nothing could wrap into columns. Its children take its name as a prefix.
    """
    total = _size(root)
    if total <= _DISSOLVE_LEAST:
        return
    for index, group in enumerate(root.children):
        if group.kind == "group" and group.count == 1 and _size(group) > _DISSOLVE_SHARE * total:
            for child in group.children:
                child.parent = root
                if child.name:
                    child.name = f"{group.name}.{child.name}"
            root.children[index : index + 1] = group.children
            dissolve(root)
            return
