"""Equal neighbours become one box, times n. A wrong fold is worse than a long picture.

Group by group, innermost first, in the order of execution. A run of single siblings keeps
its first box (``layers.0–31 ×32``); a run of longer turns, as of Swin's plain and shifted
windows or of a loop, becomes a made group that holds the first turn. What may fold, and
what may not: ``runs``; what counts as equal: ``sign``.

Cost: near linear. 0.1 s of CPU time for the 4745 operations of an 80-layer Llama.
"""

import re
from dataclasses import replace

from introspect.graph.outline.box import Box, Repeat, readers
from introspect.graph.outline.ranges import common_path, range_of_names, ranged
from introspect.graph.outline.runs import find_run
from introspect.graph.outline.siblings import Run, Siblings
from introspect.graph.outline.sign import Signs

_MOST_PASSES = 4


def fold(root: Box) -> None:
    """Fold every group of the tree, in place, and let the edges follow."""
    folding = _Folding(root)
    for group in _innermost_first(root):
        folding.fold_children(group)
    folding.finish()


def _innermost_first(root: Box) -> list[Box]:
    """Every group after those inside it and those that ran before it."""
    found: list[Box] = []
    todo = [root]
    while todo:
        group = todo.pop()
        found.append(group)
        todo.extend(child for child in group.children if child.kind == "group")
    return found[::-1]


class _Folding:
    """The state of one pass over the tree: who reads whom, who stands for whom."""

    def __init__(self, root: Box) -> None:
        self.root = root
        self.stands_in: dict[Box, Box] = {}
        self.reading = readers(list(root.leaves()))
        self.signs = Signs()
        self.is_wired = any(leaf.sources for leaf in root.leaves())

    def resolve(self, leaf: Box) -> Box:
        """The leaf that stands for one that was folded away."""
        seen = leaf
        while seen in self.stands_in:
            seen = self.stands_in[seen]
        while leaf is not seen:  # the next look-up is one step
            self.stands_in[leaf], leaf = seen, self.stands_in[leaf]
        return seen

    def fold_children(self, group: Box) -> None:
        for child in group.children:
            self.signs.loose(child)
        for _ in range(_MOST_PASSES):
            if not self._pass(group):
                break

    def _pass(self, group: Box) -> bool:
        """Fold the runs among the children from left to right; whether there was any."""
        row = Siblings(group.children, self.signs, self.reading, self.resolve, self.is_wired)
        if len(row.boxes) < 2 or not row.sign():
            return False
        kept: list[Box] = []
        failed: dict[int, int] = {}
        at = 0
        while at < len(row.boxes):
            run = find_run(row, at, failed)
            if run is None:
                kept.append(row.boxes[at])
                at += 1
                continue
            kept += row.boxes[at : run.start]
            kept.append(self._collapse(row, run, group))
            at = run.end
        folded = len(kept) < len(row.boxes)
        group.children = kept
        return folded

    def _collapse(self, row: Siblings, run: Run, around: Box) -> Box:
        """Keep the first member; whoever read another reads it instead."""
        period = run.repeat.period
        turns = [row.boxes[k : k + period] for k in range(run.start, run.end, period)]
        members = [[leaf for box in turn for leaf in box.leaves()] for turn in turns]
        inside = {leaf for member in members for leaf in member}
        if run.repeat.kind in {"similar", "dense"} or _differ(members):
            _write_ranges(turns, members)
        for place, kept in enumerate(members[0]):
            own = set(members[0])
            reading = [r for r in self.reading[kept] if r in own]
            for member in members:
                reading += [r for r in self.reading[member[place]] if self.resolve(r) not in inside]
            self.reading[kept] = list(dict.fromkeys(reading))
        for member in members[1:]:
            self.stands_in.update(zip(member, members[0], strict=True))
        self._fold_pills(run)
        return self._head(turns, run, around)

    def _fold_pills(self, run: Run) -> None:
        for k, first in enumerate(run.pills[0] if run.pills else ()):
            last = run.pills[-1][k]
            first.count *= run.count
            first.badge = f"×{first.count}"
            first.name = range_of_names(first.name, last.name)
            self.stands_in.update((pills[k], first) for pills in run.pills[1:])

    def _head(self, turns: list[list[Box]], run: Run, around: Box) -> Box:
        first, last = turns[0], turns[-1]
        is_loop = all(a.path == b.path for a, b in zip(first, last, strict=True))
        if run.repeat.period == 1:
            head = first[0]
            head.name = range_of_names(head.name, last[0].name)
        else:
            head = Box("group", path=around.path, parent=around, order=first[0].order)
            head.module = "loop" if is_loop else ""
            head.name = "" if is_loop else _name_of_turns(turns)
            head.children = first
            head.parameters = sum({b.path: b.parameters for b in first if b.kind != "op"}.values())
            for box in first:
                box.parent = head
        if is_loop:
            for box in (*head.groups(), *head.leaves()):
                box.call = 0  # it stands for every call
        head.count, head.repeat = run.count, run.repeat
        head.badge = _badge(turns, run)
        self.signs.forget(first[0])
        self.signs.forget(head)
        self.signs.loose(head)
        return head

    def finish(self) -> None:
        """Write what feeds whom into the boxes that are left."""
        for leaf in self.root.leaves():
            now = dict.fromkeys(self.resolve(source) for source in leaf.sources)
            leaf.sources = [source for source in now if source is not leaf]
        self.root.children = [box for box in self.root.children if box not in self.stands_in]
        for box in _every(self.root):
            if box.repeat is not None:
                box.repeat = self._now(box.repeat)

    def _now(self, repeat: Repeat) -> Repeat:
        return replace(
            repeat,
            carried=tuple((r, s, first and self.resolve(first)) for r, s, first in repeat.carried),
            collected=tuple((self.resolve(box), place) for box, place in repeat.collected),
        )


def _every(root: Box) -> list[Box]:
    return [*root.groups(), *root.leaves()]


def _badge(turns: list[list[Box]], run: Run) -> str:
    """``×32``, ``×3 calls``, ``×17 parallel``, ``×24 dense``, ``×12 collected``."""
    modules = [tuple(box.path for box in turn if box.kind != "op") for turn in turns]
    distinct = len(set(modules)) if modules[0] else run.count
    badge = f"×{run.count}"
    if distinct < run.count and run.repeat.period == 1:
        badge += " calls" if distinct == 1 else f" calls of {distinct}"
    word = {"parallel": " parallel", "dense": " dense"}.get(run.repeat.kind, "")
    if run.repeat.kind == "chain" and run.repeat.collected:
        word = " collected"
    return badge + word


def _differ(members: list[list[Box]]) -> bool:
    """Whether the members of a parallel run have other numbers each."""
    return any(
        (a.detail, a.shape, a.parameters) != (b.detail, b.shape, b.parameters)
        for member in members[1:]
        for a, b in zip(members[0], member, strict=True)
    )


def _write_ranges(turns: list[list[Box]], members: list[list[Box]]) -> None:
    for everyone in zip(*members, strict=True):
        original = everyone[0]
        if len({twin.detail for twin in everyone}) > 1:
            original.detail = ranged([twin.arrow_detail or twin.detail for twin in everyone])
        if len({twin.shape for twin in everyone}) > 1:
            original.shape = None
        if len({twin.parameters for twin in everyone}) > 1:
            original.parameters = 0
    groups = [[g for box in turn for g in box.groups()] for turn in turns]
    for twins in zip(*groups, strict=True):
        if len({twin.parameters for twin in twins}) > 1:
            twins[0].parameters = 0


def _name_of_turns(turns: list[list[Box]]) -> str:
    """``5.0`` and ``5.1`` to ``5.4`` and ``5.5``: ``5.0–5``; ``stages.0.*`` to ``stages.0–2``."""
    first = [box.name for box in turns[0] if box.name]
    last = [box.name for box in turns[-1] if box.name]
    if not first or not last:
        return ""
    shared, shared_last = common_path(first), common_path(last)
    if len(first) > 1 and shared and shared != shared_last:
        return range_of_names(shared, shared_last)
    return range_of_names(first[0], re.sub(r"^(.*?)(\d+)–(\d+)$", r"\1\3", last[-1]))
