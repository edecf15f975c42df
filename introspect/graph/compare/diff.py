"""Two graphs -> what changed between them, as a short list of changes.

Both are hashed (``fingerprint``); calls of equal hash are skipped with all that
is in them. Where hashes differ, the calls inside are aligned by name and hash, the own ops by
what they do, and only what differs is entered. Then whatever was removed here and added there
with an equal hash is said to be renamed or moved.

Cost: two fingerprints (4 us an op of each graph), then about 20 us for each call that differs.

Not here: what a change is and how it is written (``introspect.graph.compare.changes``).
"""

from collections.abc import Callable, Sequence
from difflib import SequenceMatcher
from typing import Literal

from introspect.graph.compare.changes import Aspect, Change, GraphDiff, Kind
from introspect.graph.compare.fingerprint import Hashes, hashes
from introspect.graph.compare.plain import plain
from introspect.graph.outline.labels import by_times, short_count
from introspect.nouns.graph import Call, Graph, Op, Value

_LONGEST_LIST = 4
_NONE = object()


def diff(before: Graph, after: Graph) -> GraphDiff:
    """What changed from one graph to another.

    Args:
        before: As traced, or loaded.
        after: Likewise.

    Returns:
        The changes; ``bool()`` of it is False if there are none.

    Example:
        >>> import introspect, torch
        >>> def traced(width):
        ...     net = torch.nn.Sequential(torch.nn.Linear(4, width), torch.nn.ReLU())
        ...     return introspect.trace(net, torch.zeros(1, 4))
        >>> diff(traced(8), traced(8))
        Sequential and Sequential are equal in structure
        >>> str(diff(traced(8), traced(9)).changed[1])
        'changed  0  Linear  settings: out_features=8 → out_features=9'
    """
    comparison = _Comparison(before, after)
    comparison.run()
    changes = tuple(comparison.all_changes())
    return GraphDiff(before.name, after.name, changes, (before, after))


class _Side:
    """One of the two graphs, with its hashes and who is in whom."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.hashes: Hashes = hashes(graph)
        self.calls_in: dict[Call | None, list[Call]] = {None: []}
        self.ops_in: dict[Call | None, list[Op]] = {}
        for call in graph.calls:
            self.calls_in.setdefault(call.parent, []).append(call)

    def below(self, calls: Sequence[Call]) -> list[Call]:
        """The calls inside some calls, at any depth."""
        found: list[Call] = []
        todo = list(calls)
        while todo:
            inner = self.calls_in.get(todo.pop(0), [])
            found.extend(inner)
            todo.extend(inner)
        return found

    def group_ops(self) -> None:
        """Find the ops of each call. Needed only if something differs."""
        for op in self.graph.ops:
            self.ops_in.setdefault(op.call, []).append(op)


class _Comparison:
    """Goes down both trees of calls at once."""

    def __init__(self, before: Graph, after: Graph) -> None:
        self.before, self.after = _Side(before), _Side(after)
        self.changes: list[Change] = []
        self.removed: list[Call] = []
        self.added: list[Call] = []
        self.twins: list[tuple[Call, Call]] = []

    def run(self) -> None:
        before, after = self.before, self.after
        if before.hashes.whole == after.hashes.whole:
            return
        before.group_ops()
        after.group_ops()
        self._ends()
        self._ops(None, None, "", "")
        roots = before.calls_in[None], after.calls_in[None]
        if len(roots[0]) == len(roots[1]) == 1:
            self._pair(roots[0][0], roots[1][0])
        else:
            self._children(*roots)

    def all_changes(self) -> list[Change]:
        """The changes, once what was taken out here and put in there is paired."""
        self._find_twins()
        paired = {call for twins in self.twins for call in twins}
        removed = [_whole("removed", call) for call in self.removed if call not in paired]
        added = [_whole("added", call) for call in self.added if call not in paired]
        return [*self.changes, *removed, *added, *(_twins(*pair) for pair in self.twins)]

    def _find_twins(self) -> None:
        """Pair removed and added calls of equal hash; one may now be inside a new one."""
        hash_a, hash_b = self.before.hashes.calls, self.after.hashes.calls
        free: dict[str, list[Call]] = {}
        for call in [*self.added, *self.after.below(self.added)]:
            free.setdefault(hash_b[call], []).append(call)
        added = set(self.added)
        for call in self.removed:
            same = free.get(hash_a[call])
            if same and (same[0] in added or call.parameters):
                self.twins.append((call, same.pop(0)))
        paired = {twin for _, twin in self.twins}
        inside: dict[str, list[Call]] = {}
        for call in self.before.below(self.removed):
            inside.setdefault(hash_a[call], []).append(call)
        for call in self.added:
            same = inside.get(hash_b[call])
            if same and call not in paired and call.parameters:
                self.twins.append((same.pop(0), call))

    # ----------------------------------------------------------------- what is compared

    def _ends(self) -> None:
        a, b = self.before.graph, self.after.graph
        names = [value.name for value in a.inputs], [value.name for value in b.inputs]
        self._note_lists("", "inputs", "names", *names)
        self._note_lists("", "outputs", "names", a.output_names, b.output_names)
        self._values("", "inputs", a.inputs, b.inputs)
        self._values("", "outputs", a.outputs, b.outputs)

    def _pair(self, a: Call, b: Call) -> None:
        """Two calls that stand for each other, of unequal hash."""
        hash_a, hash_b = self.before.hashes.calls[a], self.after.hashes.calls[b]
        if hash_a == hash_b:
            return
        count = self._count()
        self._note(b.path, b.module, "class", a.module, b.module)
        old, new = plain(a.settings), plain(b.settings)
        keys = [key for key in {**old, **new} if old.get(key, _NONE) != new.get(key, _NONE)]
        for key in sorted(keys):
            self._note(b.path, b.module, "settings", _setting(key, old), _setting(key, new))
        inner = self.before.calls_in.get(a, []), self.after.calls_in.get(b, [])
        if not (inner[0] or inner[1]):
            # Above the layers the sums follow from the parts.
            given = short_count(a.parameters), short_count(b.parameters)
            if a.parameters != b.parameters and given[0] == given[1]:
                given = str(a.parameters), str(b.parameters)
            self._note(b.path, b.module, "parameters", *given)
        self._ops(a, b, b.path, b.module)
        self._children(*inner)
        if count == self._count():
            self._rest(a, b)

    def _count(self) -> int:
        return len(self.changes) + len(self.removed) + len(self.added) + len(self.twins)

    def _rest(self, a: Call, b: Call) -> None:
        """The hashes differ, and nothing above has said why."""
        if a.parameters != b.parameters:
            self._note(b.path, b.module, "parameters", str(a.parameters), str(b.parameters))
            return
        self.changes.append(
            Change("changed", b.path, b.module, "wiring", "other order or inputs", "of its parts")
        )

    def _children(self, olds: Sequence[Call], news: Sequence[Call]) -> None:
        """Align the calls inside: equal ones of one name, equal ones, then those of one name."""
        hash_a, hash_b = self.before.hashes.calls, self.after.hashes.calls
        left, right = _unaligned(
            olds, news, lambda call: (*_key(call), hash_a.get(call) or hash_b[call])
        )
        here = {(*_key(call), hash_b[call]): call for call in right}
        for call in list(left):
            twin = here.pop((*_key(call), hash_a[call]), None)
            if twin is not None:  # the same, only not in this order
                left.remove(call)
                right.remove(twin)
                self.twins.append((call, twin))
        # Without this an insertion into a Sequential would change all that comes after it.
        inner_a, inner_b = _unaligned(left, right, lambda call: hash_a.get(call) or hash_b[call])
        same_a = [call for call in left if call not in inner_a]
        same_b = [call for call in right if call not in inner_b]
        self.twins.extend(zip(same_a, same_b, strict=True))
        named = {_key(call): call for call in inner_b}
        for call in inner_a:
            twin = named.pop(_key(call), None)
            if twin is None:
                self.removed.append(call)
            else:
                self._pair(call, twin)
        self.added.extend(named.values())

    def _ops(self, a: Call | None, b: Call | None, path: str, what: str) -> None:
        """The own ops of two calls."""
        olds, news = self.before.ops_in.get(a, []), self.after.ops_in.get(b, [])
        texts_a, texts_b = self.before.hashes.ops, self.after.hashes.ops
        same_a, same_b = _aligned([texts_a[op] for op in olds], [texts_b[op] for op in news])
        left = [op for k, op in enumerate(olds) if k not in same_a]
        right = [op for k, op in enumerate(news) if k not in same_b]
        if not left and not right:
            self._wires(olds, news, path)
            return
        by_name_a, by_name_b = _aligned([op.name for op in left], [op.name for op in right])
        for k, j in zip(sorted(by_name_a), sorted(by_name_b), strict=True):
            self._op(left[k], right[j], path)
        left = [op for k, op in enumerate(left) if k not in by_name_a]
        right = [op for k, op in enumerate(right) if k not in by_name_b]
        while left and right and len(left) == len(right):
            old, new = left.pop(0), right.pop(0)
            self._note(path, what or "op", "op", old.name, new.name)
        self.changes.extend(Change("removed", path, f"op {op.name}") for op in left)
        self.changes.extend(Change("added", path, f"op {op.name}") for op in right)

    def _op(self, a: Op, b: Op, path: str) -> None:
        """Two ops of one name that differ in their arguments or in what they made."""
        what = f"op {b.name}"
        self._note(path, what, "arguments", _arguments(a), _arguments(b))
        self._values(path, what, a.outputs, b.outputs)
        if a.children or b.children:
            inner_a, inner_b = [c.name for c in a.children], [c.name for c in b.children]
            self._note(path, what, "op", " > ".join(inner_a), " > ".join(inner_b))

    def _wires(self, olds: Sequence[Op], news: Sequence[Op], path: str) -> None:
        for old, new in zip(olds, news, strict=True):
            a, b = self.before.hashes.wires[old], self.after.hashes.wires[new]
            if a != b:
                self._note(path, f"op {new.name}", "wiring", _sources(old), _sources(new))
                return  # numbers are relative: after the first, all may be shifted

    def _values(self, path: str, what: str, olds: Sequence[Value], news: Sequence[Value]) -> None:
        self._note_lists(path, what, "shapes", _shapes(olds), _shapes(news))
        dtypes = [value.dtype for value in olds], [value.dtype for value in news]
        self._note_lists(path, what, "dtypes", *dtypes)

    def _note_lists(
        self, path: str, what: str, aspect: Aspect, before: Sequence[str], after: Sequence[str]
    ) -> None:
        """A change of a list, told by what stands in one of the two alone if it is long."""
        olds, news = list(before), list(after)
        if olds == news:
            return
        same_a, same_b = _aligned(olds, news)
        if max(len(olds), len(news)) > _LONGEST_LIST:
            olds = [word for k, word in enumerate(olds) if k not in same_a]
            news = [word for k, word in enumerate(news) if k not in same_b]
        self.changes.append(Change("changed", path, what, aspect, _few(olds), _few(news)))

    def _note(self, path: str, what: str, aspect: Aspect, before: str, after: str) -> None:
        if before != after:
            self.changes.append(Change("changed", path, what, aspect, before, after))


def _aligned(olds: Sequence[object], news: Sequence[object]) -> tuple[set[int], set[int]]:
    """Positions of a long common subsequence; equal ends are matched first, at no cost."""
    start, end = 0, 0
    most = min(len(olds), len(news))
    while start < most and olds[start] == news[start]:
        start += 1
    while end < most - start and olds[-1 - end] == news[-1 - end]:
        end += 1
    same_a = {*range(start), *range(len(olds) - end, len(olds))}
    same_b = {*range(start), *range(len(news) - end, len(news))}
    inner_a, inner_b = olds[start : len(olds) - end], news[start : len(news) - end]
    if inner_a and inner_b:
        for block in SequenceMatcher(None, inner_a, inner_b).get_matching_blocks():
            same_a.update(range(start + block.a, start + block.a + block.size))
            same_b.update(range(start + block.b, start + block.b + block.size))
    return same_a, same_b


def _unaligned(
    olds: Sequence[Call], news: Sequence[Call], key: Callable[[Call], object]
) -> tuple[list[Call], list[Call]]:
    same_a, same_b = _aligned([key(call) for call in olds], [key(call) for call in news])
    left = [call for k, call in enumerate(olds) if k not in same_a]
    return left, [call for k, call in enumerate(news) if k not in same_b]


def _key(call: Call) -> tuple[str, int]:
    """What names a call among those beside it."""
    above = call.parent.path if call.parent else ""
    name = call.path.removeprefix(f"{above}.") if above else call.path
    return name, call.repetition


def _twins(a: Call, b: Call) -> Change:
    """The same block in two places, or under two names in one place."""
    kind: Kind = "renamed" if _home(a) == _home(b) and _key(a) != _key(b) else "moved"
    return Change(kind, b.path, b.module, before=a.path, after=b.path)


def _home(call: Call) -> str:
    return call.parent.path if call.parent else ""


def _whole(kind: Literal["added", "removed"], call: Call) -> Change:
    count = f"{short_count(call.parameters)} parameters" if call.parameters else ""
    return Change(
        kind,
        call.path,
        call.module,
        before=count if kind == "removed" else "",
        after=count if kind == "added" else "",
    )


def _setting(key: str, settings: dict[str, object]) -> str:
    return f"{key}={settings[key]!r}" if key in settings else f"no {key}"


def _shapes(values: Sequence[Value]) -> list[str]:
    return ["?" if v.shape is None else by_times(v.shape) or "scalar" for v in values]


def _few(words: Sequence[str]) -> str:
    if not words:
        return "none"
    more = len(words) - _LONGEST_LIST
    text = ", ".join(word or "(unnamed)" for word in words[:_LONGEST_LIST])
    return f"{text} and {more} more" if more > 0 else text


def _arguments(op: Op) -> str:
    words = [repr(plain(argument)) for argument in op.arguments]
    words += [f"{key}={plain(item)!r}" for key, item in op.options.items()]
    return f"({', '.join(words)})"


def _sources(op: Op) -> str:
    """Where an op reads from, in words."""
    words = []
    for value in op.inputs:
        maker = value.producer
        if maker is None:
            words.append(value.name or value.kind)
        else:
            place = maker.call.path if maker.call and maker.call is not op.call else ""
            words.append(f"{maker.name} in {place}" if place else maker.name)
    return "reads " + ", ".join(words)
