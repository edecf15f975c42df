"""How deep the picture goes: groups that do not fit are sealed into one card each."""

from collections import Counter
from collections.abc import Iterable
from typing import Literal

from introspect.graph.outline.box import Box

Depth = int | Literal["auto", "all"]

_DISSOLVE_SHARE = 0.6
_DISSOLVE_LEAST = 14
_LEAST_CODE = 8


def choose_depth(root: Box, depth: Depth, *, budget: int) -> None:
    """Mark the groups to be drawn as one card.

    Args:
        root: Of the folded tree.
        depth: Levels of modules to show; 1 shows the model's direct children only.
            ``"all"`` opens everything, ``"auto"`` opens level by level while the picture
            has at most `budget` boxes, and puts long stretches of loose operations on a card.
        budget: Number of boxes.
    """
    wanted = _wanted_open(root)
    for group in root.groups():
        is_shut = depth != "all" and group not in wanted
        group.is_sealed = group is not root and (is_shut or group.choice == "collapse")
    if depth == "all":
        return
    if depth == "auto":
        _open_what_fits(root, budget)
    else:
        _open_levels(root, depth)


def _wanted_open(root: Box) -> set[Box]:
    """The groups that the user expands, and those around what is expanded."""
    wanted: set[Box] = set()
    for box in (*root.groups(), *root.leaves()):
        if box.choice == "expand":
            around = box if box.kind == "group" else box.parent
            while around is not None and around not in wanted:
                wanted.add(around)
                around = around.parent
    return wanted


def _open_levels(root: Box, depth: int) -> None:
    """Open so many levels of modules; a made group is no level of its own."""
    level = [root]
    for opened in range(1, depth + 1):
        below = [part for group in level for part in _parts(group)]
        if opened == depth:
            return
        level = [group for group in below if group.choice != "collapse"]
        _set_sealed(level, sealed=False)


def _parts(group: Box) -> list[Box]:
    """The groups in a group; those in made groups, which are opened, too."""
    found: list[Box] = []
    todo = [group]
    while todo:
        for child in todo.pop().children:
            if child.kind == "group" and child.is_made and child.choice != "collapse":
                child.is_sealed = False
                todo.append(child)
            elif child.kind == "group":
                found.append(child)
    return found


def _open_what_fits(root: Box, budget: int) -> None:
    count = _count_boxes(root)
    if count > budget:
        count -= gather_code(root)
    level: list[Box] = [root]
    while level:
        below = [child for group in level for child in group.children if child.kind == "group"]
        kinds: dict[str, list[Box]] = {}
        for group in below:
            if group.is_sealed and group.choice != "collapse":
                kinds.setdefault(group.module or group.name, []).append(group)
        # all groups of one class open together, small classes first
        for members in sorted(kinds.values(), key=lambda m: sum(_size(box) for box in m)):
            count += _open_together(members, budget - count)
        level = [group for group in below if not group.is_sealed]


def _open_together(members: list[Box], room: int) -> int:
    """Open groups of one class if they fit; how many boxes more there are."""
    more = sum(_count_boxes(box) - 1 for box in members)
    if more <= room and not any(_is_messy(box) for box in members):
        _set_sealed(members, sealed=False)
        return more
    if all(box.is_made for box in members):  # a loop of loose code: show the modules in it
        less = [_code_length(box) for box in members]
        if more - sum(less) <= room and all(less):
            gathered = sum(gather_code(box) for box in members)
            _set_sealed(members, sealed=False)
            return more - gathered
    return 0


def _set_sealed(boxes: list[Box], *, sealed: bool) -> None:
    for box in boxes:
        box.is_sealed = sealed


def _size(box: Box) -> int:
    return sum(1 for _ in box.leaves())


def _count_boxes(group: Box) -> int:
    """How many boxes are drawn, as sealed as it is."""
    count = 0
    todo = [group]
    while todo:
        for child in todo.pop().children:
            if child.kind == "group" and not child.is_sealed:
                todo.append(child)
            else:
                count += 1
    return count


def _is_messy(group: Box) -> bool:
    """Many loose operations and few named parts: code to be read as code, not as a picture."""
    loose = sum(1 for child in group.children if child.kind == "op")
    return loose > 8 + 3 * (len(group.children) - loose)


def _stretches(group: Box) -> list[tuple[int, int]]:
    """From and to of long stretches of loose operations among the children."""
    found, start = [], 0
    for end in range(len(group.children) + 1):
        if end < len(group.children) and group.children[end].kind == "op":
            continue
        if end - start >= _LEAST_CODE:
            found.append((start, end))
        start = end + 1
    return found


def _code_length(group: Box) -> int:
    return sum(end - start - 1 for start, end in _stretches(group))


def gather_code(group: Box) -> int:
    """Put each long stretch of loose operations on one card; how many boxes fewer there are.

    A stretch in the order of execution can be taken together: no path leaves it and returns.
    """
    fewer = 0
    for start, end in reversed(_stretches(group)):
        inside = group.children[start:end]
        words = Counter(box.module for box in inside)
        card = Box("group", parent=group, path=group.path, order=inside[0].order)
        card.module = f"{sum(box.operations for box in inside)} operations"
        card.arrow_detail = " · ".join(f"{n} {word}" for word, n in words.most_common(2))
        card.children, card.is_sealed, card.choice = inside, True, "collapse"
        for box in inside:
            box.parent = card
        group.children[start:end] = [card]
        fewer += len(inside) - 1
    return fewer


def dissolve(root: Box) -> None:
    """A single group that holds most of the picture gives up its border.

    Otherwise nothing could wrap into columns. Its children take its name as a prefix. A sealed
    group counts as one box, whether it is a card already or not.
    """
    total = _count_boxes(root)
    while total > _DISSOLVE_LEAST:
        index = _holding_most(root.children, _DISSOLVE_SHARE * total)
        if index is None:
            return
        group = root.children[index]
        for child in group.children:
            child.parent = root
            if child.name:
                child.name = f"{group.name}.{child.name}"
        root.children[index : index + 1] = group.children


def _holding_most(children: Iterable[Box], share: float) -> int | None:
    for index, group in enumerate(children):
        is_open = group.kind == "group" and not group.is_sealed
        if is_open and group.count == 1 and _count_boxes(group) > share:
            return index
    return None
