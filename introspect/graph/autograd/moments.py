"""When autograd's functions were made in the traced run -> which op made those of another run.

Autograd counts the functions that a thread makes. While a model is traced with gradients on
(``Tracer(gradients=True)``) the count before and after each op is noted, and at the end which
functions lead to the outputs. Another run of the same program makes the same functions in the
same order, from another start: the runs differ by one number. It is looked for among functions
that few others are like, and believed only if every function of that run has the name and the
sources of its counterpart. So a join is exact, or there is none.

What came before the model or after it (the loss) belongs to no op; a model that ran twice has
two starts; if a run took another way through the code, nothing is joined here.

Cost: 4 us a function while tracing, besides the forward with gradients, and 4 us to join it,
a quarter of the join by shapes. No torch.

Not here: the join without such notes (``join``).
"""

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from introspect.nouns.autograd import AutogradGraph

Source = tuple[str, Any, int]
"""``("function", its moment, its output)``, ``("leaf", name of the parameter, 0)``, or
``("outside", None, 0)`` for a function that was made before the run or after it."""

_MOST_ALIKE = 4
_OUTSIDE: Source = ("outside", None, 0)
_LEAF: Source = ("leaf", "", 0)


@dataclass(frozen=True, slots=True)
class Function:
    """One function of autograd.

    Attributes:
        name: Its class.
        sources: What it read, by position of the differentiable argument.
    """

    name: str
    sources: Mapping[int, Source]


@dataclass(frozen=True, slots=True, eq=False)
class Moments:
    """What autograd made in one run of a model.

    Attributes:
        starts: Count before each op that made functions, ascending.
        ends: Count after it.
        ops: Its row.
        functions: Moment -> function, for all that lead to the outputs.
    """

    starts: tuple[int, ...]
    ends: tuple[int, ...]
    ops: tuple[int, ...]
    functions: Mapping[int, Function]

    def op_at(self, moment: int) -> int | None:
        """The op that was running, or None."""
        k = bisect_right(self.starts, moment) - 1
        return self.ops[k] if k >= 0 and moment < self.ends[k] else None

    def spans(self, moment: int) -> bool:
        """Whether it lies between the first op and the last."""
        return bool(self.starts) and self.starts[0] <= moment < self.ends[-1]


def noted(
    clock: Sequence[tuple[int, int, int]],
    outputs: Iterable[Any],
    named: Iterable[tuple[str, Any]],
) -> Moments:
    """What autograd made in the run that has just ended.

    Args:
        clock: Count before, count after, and row of each op that made functions.
        outputs: The tensors that the model returned.
        named: Names and tensors of the parameters; of a tied one the first name counts.
    """
    starts, ends, ops = zip(*clock, strict=True) if clock else ((), (), ())
    names: dict[int, str] = {}
    for name, tensor in named:
        names.setdefault(id(tensor), name)
    functions: dict[int, Function] = {}
    moments = Moments(starts, ends, ops, functions)
    stack = [tensor.grad_fn for tensor in outputs if tensor.grad_fn is not None]
    seen = set(stack)
    while stack:
        function = stack.pop()
        sources: dict[int, Source] = {}
        for slot, (source, output) in enumerate(function.next_functions):
            if source is None:
                continue
            if type(source).__name__ == "AccumulateGrad":
                sources[slot] = ("leaf", names.get(id(source.variable), ""), 0)
                continue
            moment = source._sequence_nr()  # noqa: SLF001  the only clock that autograd has
            inside = moments.spans(moment)
            sources[slot] = ("function", moment, output) if inside else _OUTSIDE
            if source not in seen:
                seen.add(source)
                stack.append(source)
        at = function._sequence_nr()  # noqa: SLF001  same
        if moments.spans(at):
            functions[at] = Function(type(function).__name__, sources)
    return moments


def owners(autograd: AutogradGraph, moments: Moments) -> dict[int, int] | None:
    """Node of each function that an op of the traced run made -> that op.

    Args:
        autograd: Of another run of the model, or of several.
        moments: Of the traced run.

    Returns:
        None if no run in `autograd` made the same functions.
    """
    found = _Match(autograd, moments)
    shifts = found.shifts()
    if not shifts:
        return None
    ops: dict[int, int] = {}
    for shift in shifts:
        for moment, node in found.nodes.items():
            op = moments.op_at(moment - shift)
            if op is not None:
                ops[node] = op
    return ops


class _Match:
    """The functions of a graph by moment, and the shifts that lay the traced run over them."""

    def __init__(self, autograd: AutogradGraph, moments: Moments) -> None:
        self.moments = moments
        self.nodes: dict[int, int] = {}
        self.functions: dict[int, Function] = {}
        nodes = autograd.nodes
        self._has_names = any(node.parameters for node in nodes)
        sources: defaultdict[int, dict[int, Source]] = defaultdict(dict)
        for edge in autograd.edges:
            if edge.kind != "gradient":
                continue
            source = nodes[edge.source]
            if source.kind == "accumulate":
                name = source.parameters[0] if source.parameters else ""
                sources[edge.target][edge.slot] = ("leaf", name, 0)
            else:
                sources[edge.target][edge.slot] = ("function", source.sequence, edge.output)
        for node in nodes:
            if node.kind == "function" and node.sequence is not None:
                self.nodes[node.sequence] = node.index
                self.functions[node.sequence] = Function(node.name, sources[node.index])

    def shifts(self) -> list[int]:
        """How far the moments of each run lie behind those of the traced run; none if in doubt."""
        candidates = ((self._count(shift), shift) for shift in self._candidates())
        fitting = sorted(((count, shift) for count, shift in candidates if count), reverse=True)
        if not fitting:
            return []
        length = self.moments.ends[-1] - self.moments.starts[0]
        chosen: list[tuple[int, int]] = []
        for count, shift in fitting:
            near = [known for known in chosen if abs(known[1] - shift) < length]
            if any(known[0] == count for known in near):
                return []  # two starts explain as much
            if not near:
                chosen.append((count, shift))
        return [shift for _, shift in chosen]

    def _candidates(self) -> Iterable[int]:
        """Shifts that lay a function over one like it, of those with the fewest like them."""
        alike: defaultdict[Any, list[int]] = defaultdict(list)
        for moment, function in self.moments.functions.items():
            alike[self._likeness(function)].append(moment)
        here: defaultdict[Any, list[int]] = defaultdict(list)
        for moment, function in self.functions.items():
            here[self._likeness(function)].append(moment)
        common = sorted(alike.keys() & here.keys(), key=lambda key: (len(alike[key]), str(key)))
        votes: Counter[int] = Counter()
        for k, key in enumerate(common):
            if k and len(alike[key]) > _MOST_ALIKE:
                break
            votes.update(at - moment for at in here[key] for moment in alike[key])
        return votes

    def _likeness(self, function: Function) -> Any:
        """What two functions must have in common, whatever moments their runs began at."""
        if not self._has_names:
            return function.name, tuple(function.sources)
        leaves = (source[1] for source in function.sources.values() if source[0] == "leaf")
        return function.name, tuple(function.sources), tuple(leaves)

    def _count(self, shift: int) -> int:
        """How many functions a shift explains; 0 if it is wrong for any."""
        count = 0
        for moment, function in self.functions.items():
            at = moment - shift
            if not self.moments.spans(at):
                continue
            twin = self.moments.functions.get(at)
            if twin is None:  # the traced outputs do not depend on it, or it is none of the run
                continue
            if not self._are_twins(function, twin, shift):
                return 0
            count += 1
        return count

    def _are_twins(self, function: Function, twin: Function, shift: int) -> bool:
        if function.name != twin.name or function.sources.keys() != twin.sources.keys():
            return False
        return all(
            self._seen(source, shift) == self._seen(twin.sources[slot], None)
            for slot, source in function.sources.items()
        )

    def _seen(self, source: Source, shift: int | None) -> Source:
        """A source as the traced run would name it, from here if there is a shift."""
        kind, moment, output = source
        if kind == "leaf":
            return source if self._has_names else _LEAF
        if kind == "function" and shift is not None:
            inside = self.moments.spans(moment - shift)
            return ("function", moment - shift, output) if inside else _OUTSIDE
        return source
