"""Paired boxes and changes -> what happened to each box, and in which words it says so.

A wider layer changes the numbers of all that reads it. Only the cause is marked as changed; what
merely follows (other input sizes, and settings that must agree with them) stays unchanged, with
a note of what it was.

Cost: linear in the boxes and changes.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from introspect.graph.compare.changes import Change
from introspect.graph.compare.merge_pairs import Pairs, key_of
from introspect.graph.compare.merge_tree import ADDED, CHANGED, MOVED, REMOVED, SAME, Merged
from introspect.graph.compare.plain import plain
from introspect.graph.outline.box import Box
from introspect.graph.outline.labels import by_times, short_count
from introspect.nouns.graph import Call, Graph, Value

_SIZES = frozenset({"shapes", "dtypes"})
_GIVEN = frozenset(
    "in_features in_channels num_features normalized_shape num_channels input_size in1_features "
    "in2_features nx".split()
)
"""Settings that must be as large as what is given."""
_DEPTHWISE = frozenset({"in_channels", "out_channels", "groups"})
_WORDS: Mapping[str, str] = {
    "out_features": "out",
    "out_channels": "out",
    "in_features": "in",
    "in_channels": "in",
    "kernel_size": "kernel",
    "num_features": "features",
    "normalized_shape": "size",
    "num_embeddings": "entries",
    "embedding_dim": "size",
    "hidden_size": "units",
    "nf": "out",
    "nx": "in",
}
_MOST_SETTINGS = 3
_LONGEST = 64
_NONE = object()


class Marker:
    """Marks the boxes of one merged tree.

    Args:
        merged: Its marks, notes, remarks and counts are written.
        pairs: Which box stands for which.
        before: The first graph.
        after: The second.
        changes: From the first to the second.
    """

    def __init__(
        self,
        merged: Merged,
        pairs: Pairs,
        before: Graph,
        after: Graph,
        changes: Sequence[Change],
    ) -> None:
        self._merged = merged
        self._pairs = pairs
        self._changes = changes
        self._old_calls = {(call.path, call.repetition): call for call in before.calls}
        self._new_calls = {(call.path, call.repetition): call for call in after.calls}
        self._moved = {c.after: c.before for c in changes if c.kind in {"renamed", "moved"}}
        self._changed: dict[str, list[Change]] = defaultdict(list)
        for change in changes:
            if change.kind == "changed" or change.what.startswith("op "):
                self._changed[change.path].append(change)

    def mark(self) -> None:
        """Mark every box; what no box can say becomes a remark."""
        root = self._merged.root
        every = [box for box in (*root.groups(), *root.leaves()) if box is not root]
        for box in every:
            if not box.mark:
                self._mark(box)
        if not any(box.mark != SAME for box in every):
            self._mark_sizes(every)
        self._mark_wiring(every)
        self._remark(every)
        self._count(every)

    # ------------------------------------------------------------------ one box

    def _mark(self, box: Box) -> None:
        old = self._pairs.old_of.get(box)
        if old is None:  # an operation that was there, and was hidden, is no news
            is_known = box.kind == "op" and box.parent in self._pairs.old_of
            box.mark = SAME if is_known and box.path not in self._pairs.edited else ADDED
            return
        box.mark = SAME
        if box.kind == "io":
            self._mark_end(box, old)
        elif box.kind == "op":
            self._mark_operation(box, old)
        else:
            self._mark_module(box, old)

    def _mark_end(self, box: Box, old: Box) -> None:
        if box.path != old.path and box.path and old.path:
            self._say(box, MOVED, f"was {old.path}")
        elif box.shape != old.shape and not box.sources:
            self._say(box, CHANGED, f"was {by_times(old.shape or ())}")

    def _mark_operation(self, box: Box, old: Box) -> None:
        if box not in self._pairs.by_word:
            return
        if box.module != old.module:
            box.module = f"{old.module} → {box.module}"
            self._say(box, CHANGED, "")
        elif self._given(box) == self._given(old):
            differ = old.detail != box.detail and old.detail
            self._say(box, CHANGED, f"{old.detail} → {box.detail}" if differ else self._said(box))
        else:
            self._follow(box, old)

    def _said(self, box: Box) -> str:
        """What the changes of a box's module say about operations."""
        found = [
            c for c in self._changed[box.path] if c.what[:3] == "op " and c.aspect not in _SIZES
        ]
        texts = [f"{c.before} → {c.after}" for c in found if c.kind == "changed"]
        return texts[0] if len(texts) == 1 else ""

    @staticmethod
    def _given(box: Box) -> list[Any]:
        return [source.shape for source in box.sources if source.mark != REMOVED]

    def _mark_module(self, box: Box, old: Box) -> None:
        a, b = self._old_calls.get(key_of(old)), self._new_calls.get(key_of(box))
        if box.path in self._moved:
            self._say(box, MOVED, f"was {self._moved[box.path]}")
        elif a is not None and b is not None and box.path in self._changed:
            self._compare(box, old, a, b)

    def _compare(self, box: Box, old: Box, a: Call, b: Call) -> None:
        if a.module != b.module:
            box.module = f"{old.module} → {box.module}"
            is_told = old.detail not in {"", box.detail} and box.kind == "leaf"
            is_told = is_told and "norm" not in {old.family, box.family}
            self._say(box, CHANGED, f"was {old.detail}" if is_told else "")
            return
        resized = _sizes(a.inputs) != _sizes(b.inputs)
        settings = _settings(a, b)
        own = [row for row in settings if not (resized and _follows(row[0], b.settings))]
        if own:
            self._say(box, CHANGED, _words(own))
        elif box.kind == "leaf" or old.kind == "leaf":
            self._compare_leaf(box, old, a, b, resized=resized, settings=bool(settings))
        elif settings:
            self._follow(box, old)

    def _compare_leaf(
        self, box: Box, old: Box, a: Call, b: Call, *, resized: bool, settings: bool
    ) -> None:
        """A layer whose own settings are the same, or must differ."""
        inside = [c for c in self._changed[box.path] if c.what[:3] == "op "]
        other = [c for c in inside if c.aspect not in _SIZES]
        swapped = [c for c in other if c.aspect != "arguments"]
        if swapped or (other and not resized and not settings):
            self._say(box, CHANGED, _change_words((swapped or other)[0]))
        elif box.kind != old.kind:
            self._say(box, CHANGED, "other parts")
        elif a.parameters != b.parameters and not resized and not settings:
            counts = short_count(a.parameters), short_count(b.parameters)
            self._say(box, CHANGED, f"{counts[0]} → {counts[1]} parameters")
        else:
            self._follow(box, old)

    def _follow(self, box: Box, old: Box) -> None:
        if box.detail != old.detail and old.detail:
            now, then = box.detail.split(", "), old.detail.split(", ")
            while len(now) > 1 and len(then) > 1 and now[0] == then[0]:
                del now[0], then[0]
            self._merged.notes[box] = f"was {', '.join(then)}"

    def _say(self, box: Box, mark: str, note: str) -> None:
        box.mark = mark
        if note:
            cut = note if len(note) <= _LONGEST else note[: _LONGEST - 1] + "…"
            self._merged.notes[box] = cut

    # ------------------------------------------------------------- the whole picture

    def _mark_sizes(self, every: Iterable[Box]) -> None:
        """Nothing was edited, yet sizes or types differ: mark where that begins."""
        for box in every:
            given = [c for c in self._changed.get(box.path, ()) if c.what[:3] != "inp"]
            old = self._pairs.old_of.get(box)
            if box.kind == "leaf" and given and old is not None:
                a, b = self._old_calls.get(key_of(old)), self._new_calls.get(key_of(box))
                if a is None or b is None or _sizes(a.inputs) == _sizes(b.inputs):
                    self._say(box, CHANGED, _change_words(given[0]))

    def _mark_wiring(self, every: Iterable[Box]) -> None:
        """Where modules or operations read others than before."""
        rewired = {c.path for c in self._changes if c.aspect == "wiring"}
        for box in every if rewired else ():
            around = box.parent
            if box.kind == "group" or box.mark != SAME or around is None:
                continue
            if not any(group.path in rewired for group in (*box.ancestors()[1:], around)):
                continue
            old = self._pairs.old_of.get(box)
            if old is None or old.kind == "group":
                continue
            now = {source for source in box.sources if source.mark not in {ADDED, REMOVED}}
            ends = [self._pairs.leaf_of(source) for source in old.sources]
            if now != {end for end in ends if end is not None}:
                self._say(box, CHANGED, "reads others")

    def _remark(self, every: Sequence[Box]) -> None:
        """Find the changes that no mark stands for; mark the module around, or write them down."""
        said: set[str] = set()
        shown: dict[str, list[Box]] = defaultdict(list)
        modules: dict[str, Box] = {"": self._merged.root}
        for box in every:
            if box.kind in {"group", "leaf"}:
                modules.setdefault(box.path, box)
            if box.mark not in {"", SAME}:
                shown[box.path].append(box)
        for change in self._changes:
            if self._is_shown(change, shown, modules):
                continue
            place = modules.get(change.path)
            if place is None or place is self._merged.root or change.kind == "removed":
                if change.path not in said or not change.path:  # one line tells enough of a layer
                    self._merged.remarks.append(str(change))
                said.add(change.path)
            else:
                self._say(place, CHANGED, _change_words(change))
                shown[change.path].append(place)

    def _is_shown(
        self, change: Change, shown: Mapping[str, Sequence[Box]], modules: Mapping[str, Box]
    ) -> bool:
        if change.aspect in _SIZES and (change.path or change.what == "outputs"):
            return True
        if change.path in shown:
            return True
        if change.path in modules and change.aspect in {"settings", "parameters", "arguments"}:
            return True  # it follows from others
        head = change.path
        while head:  # inside of something that was added or removed as a whole
            head = head.rpartition(".")[0]
            if any(box.mark in {ADDED, REMOVED} for box in shown.get(head, ())):
                return True
        ends = (box for box in self._merged.root.children if box.kind == "io")
        return (
            not change.path
            and change.what in {"inputs", "outputs"}
            and any(
                box.mark != SAME and bool(box.sources) == (change.what == "outputs") for box in ends
            )
        )

    def _count(self, every: Iterable[Box]) -> None:
        counts = self._merged.counts
        for box in every:
            above = box.parent.mark if box.parent is not None else ""
            if box.mark in {ADDED, REMOVED} and above == box.mark:
                continue
            counts[box.mark] += 1
            self._merged.follows += box.mark == SAME and box in self._merged.notes


def _sizes(values: Sequence[Value]) -> list[Any]:
    return [(value.shape, value.dtype) for value in values]


def _settings(a: Call, b: Call) -> list[tuple[str, Any, Any]]:
    """Settings that differ: name, before, after."""
    old, new = plain(a.settings), plain(b.settings)
    rows = [(key, old.get(key, _NONE), new.get(key, _NONE)) for key in {**old, **new}]
    return [row for row in rows if row[1] != row[2]]


def _follows(key: str, settings: Mapping[str, Any]) -> bool:
    """Whether a setting must be what the input asks for."""
    if key in _GIVEN:
        return True
    wide = [settings.get(name) for name in _DEPTHWISE]
    return key in _DEPTHWISE and None not in wide and len(set(wide)) == 1


def _words(rows: Sequence[tuple[str, Any, Any]]) -> str:
    """``out 64 → 128, kernel 3×3 → 5×5``."""
    words = [
        f"{_WORDS.get(key, key.replace('_', ' '))} {_plain(old)} → {_plain(new)}"
        for key, old, new in rows[:_MOST_SETTINGS]
    ]
    more = len(rows) - _MOST_SETTINGS
    return ", ".join(words) + (f", and {more} more" if more > 0 else "")


def _plain(value: Any) -> str:
    if value is _NONE or value is None:
        return "none"
    return by_times(value) if isinstance(value, tuple | list) and value else str(value)


def _change_words(change: Change) -> str:
    if change.kind == "changed":
        told = f"{change.before} → {change.after}"
        if change.aspect == "arguments":
            return f"{change.what.removeprefix('op ')} {told}"
        return f"{change.aspect}: {told}" if change.aspect in {"dtypes", "wiring"} else told
    return f"{change.kind} {change.what}"
