"""A merged tree -> an Outline: changes in the open, what is unchanged folded to quiet cards.

Groups are opened down to the changes; what is unchanged, added or removed as a whole is one card.
Equal neighbours of one mark fold to ``×n``; stretches of unchanged siblings become one card,
``30 unchanged``, where the picture would be long.

Cost: that of an outline. Not here: the marks (``merge_marks``), the shapes (``picture_paint``).
"""

from introspect.graph.compare.merge_tree import ADDED, REMOVED, SAME, Merged
from introspect.graph.outline.box import Box, Strip, readers
from introspect.graph.outline.depth import dissolve
from introspect.graph.outline.fold import fold as fold_repeats
from introspect.graph.outline.fuse import fuse, merge_single
from introspect.graph.outline.seal import seal, write_cards

LOOKS = {"+": "added", "−": "removed", "~": "changed", "→": "moved", "=": "same"}
_GUESTS = frozenset({"norm", "activation"})
_NEWS = frozenset(LOOKS.values()) - {"same"}
_CALM = 16
_LEAST_RUN = 3
_BUDGET = 110


def condense(merged: Merged, *, depth: int | None, fold: bool, is_open: bool) -> dict[Box, str]:
    """Fuse, fold and close the boxes of a merged tree, in place.

    Args:
        merged: Its notes are written into the boxes.
        depth: Levels of modules to open at most; None for as many as hold changes and fit.
        fold: Whether equal neighbours, and stretches of what is unchanged, become one box.
        is_open: Whether closed groups keep their boxes, for a viewer that opens them.

    Returns:
        Box to the changes of the strips on its card, with their paths.
    """
    root = merged.root
    swallowed = _fuse(merged)
    _shift_marks(merged)
    merge_single(root)
    if fold:
        _fold(merged)
        _shift_marks(merged)
        merge_single(root)
    for leaf in root.leaves():
        leaf.before, leaf.after = (
            [_strip(leaf, s) for s in ss] for ss in (leaf.before, leaf.after)
        )
    _close(root, depth)
    if fold and _count(root) > _CALM:
        for group in [g for g in root.groups() if not g.is_sealed and not _is_inside_card(g)]:
            _gather(group)
    write_cards(root)
    if not is_open:
        seal(root)
    _write_notes(merged)
    if not is_open and all(not _is_marked(child) for child in root.children if child.children):
        dissolve(root)
    return swallowed


def _is_marked(box: Box) -> bool:
    return box.mark not in {"", SAME}


def _changes_on(box: Box) -> int:
    """How many changes a box shows by itself and on its strips."""
    strips = sum(strip.family in _NEWS for strip in (*box.before, *box.after))
    return int(_is_marked(box)) + strips * (box.mark not in {ADDED, REMOVED})


# ---------------------------------------------------------------- fuse, merge, fold


def _fuse(merged: Merged) -> dict[Box, str]:
    """Fuse norms and activations; those that changed say so on their strip."""
    root = merged.root
    leaves = list(root.leaves())
    reading = readers(leaves)
    words = {leaf: leaf.module for leaf in leaves if leaf.family in _GUESTS and _is_marked(leaf)}
    for guest, word in words.items():
        note = merged.notes.get(guest, "")
        guest.module = f"{guest.mark} {word}{f' {note}' if note else ''}"
    fuse(root)
    left = set(root.leaves())
    swallowed: dict[Box, str] = {}
    for guest, word in words.items():
        if guest in left:
            guest.module = word
            continue
        host = guest.sources[0]
        if host not in left or all(strip.text != guest.module for strip in host.after):
            host = guest
            while host not in left:  # the layer that it stood before
                host = reading[host][0]
        text = f"{LOOKS[guest.mark]}: {guest.path} {guest.module[2:]}"
        swallowed[host] = "; ".join(filter(None, [swallowed.get(host, ""), text]))
    return swallowed


def _strip(leaf: Box, strip: Strip) -> Strip:
    """In the colours of what happened to it; a sign that its card has, too, is not said twice."""
    sign, space, word = strip.text[:1], strip.text[1:2], strip.text[2:]
    if space == " " and sign in LOOKS and strip.family in _GUESTS:
        return Strip(word if sign == leaf.mark else strip.text, LOOKS[sign])
    return Strip(strip.text, LOOKS[leaf.mark] if leaf.mark in {ADDED, REMOVED} else "same")


def _shift_marks(merged: Merged) -> None:
    """A group that gives its place to its only child gives its mark, too."""
    notes = merged.notes
    for group in reversed(list(merged.root.groups())):
        if len(group.children) != 1 or group.count != 1 or not _is_marked(group):
            continue
        only = group.children[0]
        if only.kind == "io" or only.mark == group.mark or group is merged.root:
            continue
        if _is_marked(only):
            merged.remarks.append(f"{LOOKS[group.mark]}  {group.path}  {group.module}")
        else:
            only.mark = group.mark
        if group in notes:
            notes[only] = ", ".join(filter(None, [notes[group], notes.get(only, "")]))
        if " → " in group.module:  # another class: the only child would hide it
            only.module = f"{only.module} in {group.module}"


def _fold(merged: Merged) -> None:
    """Fold equal neighbours of one mark: badges hold marks and notes apart meanwhile."""
    every = [*merged.root.groups(), *merged.root.leaves()]
    own: dict[Box, tuple[str, str]] = {}
    for box in every:
        note = merged.notes.get(box, "")
        if _is_marked(box) or note:
            own[box] = (f"{box.badge}{box.mark}{note}", box.badge)
            box.badge = own[box][0]
    fold_repeats(merged.root)
    for box, (marked, badge) in own.items():
        if box.badge == marked:
            box.badge = badge


# ------------------------------------------------------------------ close and gather


def _close(root: Box, depth: int | None) -> None:
    """Seal what holds no change, what came or went as a whole, and what lies too deep."""
    groups = [group for group in root.groups() if group is not root]
    inside: dict[Box, int] = {}
    for group in reversed(groups):
        own = [_changes_on(child) for child in group.children]
        deep = [inside.get(child, 0) for child in group.children]
        whole = group.mark in {ADDED, REMOVED}
        inside[group] = 0 if whole else sum(own) + sum(deep)
        group.is_sealed = not inside[group]
        if not _is_marked(group):
            group.mark = "" if inside[group] else SAME
    limits = [depth] if depth is not None else [None, 5, 4, 3, 2, 1]
    for limit in limits:
        if limit is not None:
            _limit(root, limit, inside)
        if _count(root) <= _BUDGET:
            return


def _limit(root: Box, depth: int, inside: dict[Box, int]) -> None:
    level = [root]
    for opened in range(1, depth + 1):
        below = [g for box in level for g in box.children if g.kind == "group" and not g.is_sealed]
        if opened == depth:
            for group in below:
                group.is_sealed = True
                group.mark = group.mark if _is_marked(group) else "~"
                count = inside[group] * group.count
                group.heat_text = f"{count} change{'s' * (count != 1)} inside"
        level = below


def _is_inside_card(group: Box) -> bool:
    return any(around.is_sealed for around in group.ancestors())


def _count(root: Box) -> int:
    """Boxes that are drawn."""
    count, todo = 0, [root]
    while todo:
        for child in todo.pop().children:
            is_open = child.kind == "group" and not child.is_sealed
            todo += [child] if is_open else []
            count += not is_open
    return count


def _gather(group: Box) -> None:
    """Put each long stretch of unchanged siblings, one after the other, on one card."""
    place = {leaf: child for child in group.children for leaf in child.leaves()}
    reads: dict[Box, set[Box]] = {child: set() for child in group.children}
    readers_of: dict[Box, set[Box]] = {child: set() for child in group.children}
    for leaf, child in place.items():
        for source in leaf.sources:
            giver = place.get(source, group)  # the group itself stands for all outside
            reads[child].add(giver)
            readers_of.setdefault(giver, set()).add(child)
    inside = set(place)
    for leaf in _root_of(group).leaves():
        for source in leaf.sources if leaf not in inside else ():
            if source in inside:
                readers_of[place[source]].add(group)
    kept: list[Box] = []
    run: list[Box] = []
    for child in [*group.children, None]:
        is_calm = child is not None and child.mark == SAME and not _changes_on(child)
        if child is not None and is_calm and child.kind != "io":
            follows = run and reads[child] - {child} <= set(run)
            passes = run and readers_of[run[-1]] - {run[-1]} <= {child}
            if follows and passes:
                run.append(child)
                continue
            kept += _shortened(group, run)
            run = [child]
            continue
        kept += _shortened(group, run)
        run = []
        kept += [child] if child is not None else []
    group.children = kept


def _root_of(box: Box) -> Box:
    while box.parent is not None:
        box = box.parent
    return box


def _shortened(group: Box, run: list[Box]) -> list[Box]:
    return [_one_card(group, run)] if len(run) >= _LEAST_RUN else run


def _one_card(group: Box, run: list[Box]) -> Box:
    card = Box("group", path=group.path, parent=group, order=run[0].order, mark=SAME)
    card.module = f"{sum(box.count for box in run)} unchanged"
    names = [name for name in (run[0].name, run[-1].name) if name]
    card.name = " … ".join(dict.fromkeys(names)) if len(names) == 2 else ""
    card.parameters = sum(box.parameters * box.count for box in run)
    card.children, card.is_sealed = run, True
    for box in run:
        box.parent = card
    return card


# ------------------------------------------------------------------------- the words


def _write_notes(merged: Merged) -> None:
    """Put the notes into the detail lines, and the signs before the names of open groups."""
    root, notes = merged.root, merged.notes
    for box in [*root.groups(), *root.leaves()]:
        note = notes.get(box, "")
        if box is root:
            continue
        if box.heat_text:  # it was closed over its changes
            box.detail, box.heat_text = box.heat_text, ""
        if box.kind == "group" and not box.is_sealed:
            if _is_marked(box):
                box.name = f"{box.mark} {box.name}"
                box.module = " · ".join(filter(None, [box.module, note]))
        elif box.kind == "io":
            box.name += f" ({note})" if note else ""
        elif note and box.mark == "~":
            box.detail = note
        elif note:
            box.detail = " · ".join(filter(None, [box.detail, note]))
