"""Boxes of two graphs -> which box of the second stands for which of the first.

Modules go by their paths, as the changes translate them (``encoder.0`` was renamed to
``encoder.1``); inputs and outputs by name and place; operations by what they do, in their order
inside two modules that are a pair.

Cost: linear, but for operations that differ.
"""

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher

from introspect.graph.compare.changes import Change
from introspect.graph.outline.box import Box
from introspect.nouns.graph import Graph

_Key = tuple[str, int]
_SIZES = frozenset({"shapes", "dtypes"})


@dataclass(slots=True)
class Pairs:
    """What stands for what.

    Attributes:
        new_of: Box of the first tree to that of the second.
        old_of: The other way.
        by_word: Operations of the second that were paired by their word alone.
        hidden: Operations of the first whose twin is not drawn, such as a reshape of nothing.
        edited: Paths of the modules whose own operations changed.
    """

    new_of: dict[Box, Box] = field(default_factory=dict)
    old_of: dict[Box, Box] = field(default_factory=dict)
    by_word: set[Box] = field(default_factory=set)
    hidden: set[Box] = field(default_factory=set)
    edited: set[str] = field(default_factory=set)

    def add(self, old: Box, new: Box) -> None:
        """Note a pair; a box has one partner at most."""
        if old not in self.new_of and new not in self.old_of:
            self.new_of[old], self.old_of[new] = new, old

    def leaf_of(self, old: Box) -> Box | None:
        """The leaf of the second tree that gives what this one gave; None if there is none."""
        box: Box | None = old
        while box is not None and box not in self.new_of:
            box = box.parent  # a part of something that is one leaf now
        new = self.new_of[box] if box is not None else None
        if new is None or (box is not old and new.kind == "group"):
            return None
        while new.kind == "group" and new.children:
            new = new.children[-1]
        return None if new.kind == "group" else new


def pair(before: Graph, after: Graph, changes: Sequence[Change], old: Box, new: Box) -> Pairs:
    """Pair the boxes of two trees, as read.

    Args:
        before: The graph that `old` was read from.
        after: The graph that `new` was read from.
        changes: From the first to the second.
        old: Root of the first tree.
        new: Root of the second.
    """
    pairs = Pairs()
    pairs.add(old, new)
    translate = _Translation(before, after, changes)
    modules = {key_of(box): box for box in _modules(new)}
    for box in _modules(old):
        key = translate(key_of(box))
        if key in modules:
            pairs.add(box, modules[key])
    _pair_ends(old, new, pairs)
    pairs.edited = {c.path for c in changes if c.aspect == "op"}
    pairs.edited |= {c.path for c in changes if c.what[:3] == "op " and c.aspect not in _SIZES}
    for one, other in list(pairs.new_of.items()):
        if one.kind == other.kind == "group":
            left = _pair_operations(one, other, pairs)
            if other.path not in pairs.edited:
                pairs.hidden.update(left)
    return pairs


def key_of(box: Box) -> _Key:
    """Path of a module, and which of its calls."""
    return box.path, max(box.call - 1, 0)


def _modules(root: Box) -> list[Box]:
    every = [*root.groups(), *root.leaves()]
    return [box for box in every if box is not root and box.kind in {"group", "leaf"}]


class _Translation:
    """Module calls of the first graph -> those of the second that stand for them."""

    def __init__(self, before: Graph, after: Graph, changes: Sequence[Change]) -> None:
        self._moves = {c.before: c.after for c in changes if c.kind in {"renamed", "moved"}}
        self._removed = {c.path for c in changes if c.kind == "removed" and c.what[:3] != "op "}
        calls = [Counter(call.path for call in graph.calls) for graph in (before, after)]
        self._fewer = {p for p, count in calls[0].items() if 0 < calls[1][p] < count}
        self._fewer -= set(self._moves.values())

    def __call__(self, key: _Key) -> _Key | None:
        path, repetition = key
        head, tail = path, ""
        while head:
            if head in self._moves:
                return self._moves[head] + tail, repetition
            if head in self._removed and head not in self._fewer:
                return None
            head, dot, last = head.rpartition(".")
            tail = f".{last}{tail}" if dot else tail
        return key


def _pair_ends(old: Box, new: Box, pairs: Pairs) -> None:
    """Inputs and outputs: by name, then in their order."""
    for is_input in (True, False):
        olds, news = _ends(old, is_input=is_input), _ends(new, is_input=is_input)
        named = {box.path: box for box in news}
        for box in olds:
            if box.path in named:
                pairs.add(box, named[box.path])
        left = [box for box in olds if box not in pairs.new_of]
        right = [box for box in news if box not in pairs.old_of]
        for one, other in zip(left, right, strict=False):
            pairs.add(one, other)


def _ends(root: Box, *, is_input: bool) -> list[Box]:
    return [b for b in root.children if b.kind == "io" and (not b.sources) == is_input]


def _pair_operations(old: Box, new: Box, pairs: Pairs) -> list[Box]:
    """Pair the operations of two modules; returns those of the first that are left."""
    olds = [box for box in old.children if box.kind == "op"]
    news = [box for box in new.children if box.kind == "op"]
    for k, j in matched([_exact(box) for box in olds], [_exact(box) for box in news]):
        pairs.add(olds[k], news[j])
    left = [box for box in olds if box not in pairs.new_of]
    right = [box for box in news if box not in pairs.old_of]
    for k, j in matched([box.module for box in left], [box.module for box in right]):
        pairs.add(left[k], right[j])
        pairs.by_word.add(right[j])
    left = [box for box in left if box not in pairs.new_of]
    right = [box for box in right if box not in pairs.old_of]
    if len(left) == len(right):  # one word in place of another
        for one, other in zip(left, right, strict=True):
            pairs.add(one, other)
            pairs.by_word.add(other)
        left = []
    return left


def _exact(box: Box) -> Hashable:
    return box.module, box.detail, box.recipe


def matched(olds: Sequence[Hashable], news: Sequence[Hashable]) -> list[tuple[int, int]]:
    """Positions of a long common subsequence; equal ends are matched first, at no cost.

    Example:
        >>> matched("abcd", "axcd")
        [(0, 0), (2, 2), (3, 3)]
    """
    start, end = 0, 0
    most = min(len(olds), len(news))
    while start < most and olds[start] == news[start]:
        start += 1
    while end < most - start and olds[-1 - end] == news[-1 - end]:
        end += 1
    found = [(k, k) for k in range(start)]
    inner_a, inner_b = olds[start : len(olds) - end], news[start : len(news) - end]
    if inner_a and inner_b:
        for block in SequenceMatcher(None, inner_a, inner_b, autojunk=False).get_matching_blocks():
            found += [(start + block.a + k, start + block.b + k) for k in range(block.size)]
    return [*found, *((len(olds) - end + k, len(news) - end + k) for k in range(end))]
