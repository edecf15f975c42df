"""AutogradGraph + forward Graph -> each function with the op and module that it came from.

Both graphs describe the same model, but come from two runs: they share no object. What they
share are the names of parameters, the shapes, and the wiring. So the forward ops are gone
through in the order of execution, and each is given the functions that read what it read:

- A value stands for the function that made it; a parameter for its accumulate node.
- The functions of an op read only what the op read, or each other; have names that the op
  may leave (``names``); and end in one of the shape and dtype of the op's output.
- Where an input is not known yet (a model's input, an op that could not be joined), the
  wiring of a sure function tells it, and the op that made it is joined from behind.
- Where two functions could be meant (part of the model was left out of the loss, or it ran
  twice), none is taken. At last, functions of a later op must have been made later.

A wrong join is worse than none: what is not certain stays apart, and a note counts it. What
stays apart: writes through views (their later functions replace the earlier), a user's own
functions, parts of a model that ran more than once, graphs traced on other shapes.

Cost: 15 us an op. No torch.

Not here: the exact way, for graphs that were traced with gradients (``moments``).
"""

import heapq
from collections import Counter
from dataclasses import dataclass, field, replace

from introspect.graph.autograd.ends import (
    NONE,
    End,
    Ends,
    is_differentiable,
    may_differentiate,
)
from introspect.graph.autograd.moments import owners as owners_by_moment
from introspect.graph.autograd.names import (
    CONSTANT,
    LAYOUT,
    RECURRENT,
    core_names,
    exact_names,
    function_names,
    is_composite,
)
from introspect.nouns.autograd import AutogradGraph, AutogradNode
from introspect.nouns.graph import Graph, Op, Value, autograd_of

_PASSES = 3  # each pass may learn what the one before could not know
_LISTED = 4


def join(autograd: AutogradGraph, graph: Graph) -> tuple[tuple[AutogradNode, ...], tuple[str, ...]]:
    """The nodes of `autograd` with `op` and `path` where certain, and what to say of the rest."""
    moments = autograd_of(graph)
    owners = None if moments is None else owners_by_moment(autograd, moments)
    if owners is None:
        owners = _Join(autograd, graph).owners()
    nodes = tuple(
        node if (op := owners.get(node.index)) is None else _owned(node, graph.ops[op])
        for node in autograd.nodes
    )
    return nodes, _notes(nodes, autograd)


def _owned(node: AutogradNode, op: Op) -> AutogradNode:
    return replace(node, op=op.index, path=op.call.path if op.call else "")


def _notes(nodes: tuple[AutogradNode, ...], autograd: AutogradGraph) -> tuple[str, ...]:
    functions = [node for node in nodes if node.kind == "function"]
    apart = Counter(node.name for node in functions if node.op is None)
    if not apart:
        return ()
    if not any(node.parameters for node in autograd.nodes):
        why = ": without the model (trace_backward(loss, model, graph)) no parameter has a name"
    else:
        names = [f"{count} {name}" for name, count in apart.most_common(_LISTED)]
        why = f": {', '.join(names)}{', ...' if len(apart) > _LISTED else ''}"
    total = sum(apart.values())
    return (f"{total} of {len(functions)} functions joined no forward op{why}",)


@dataclass(slots=True)
class _Region:
    """The functions of one op while they are being gathered."""

    known: set[End]
    wild: list[Value]
    allowed: frozenset[str]
    inside: set[int] = field(default_factory=set)
    bound: dict[int, tuple[Value, End]] = field(default_factory=dict)


class _Join:
    """The state of a join: what each value stands for, and what each function belongs to."""

    def __init__(self, autograd: AutogradGraph, graph: Graph) -> None:
        self._graph = graph
        self._ends = Ends(autograd, graph)
        self._owner: dict[int, int] = {}
        self._region: dict[int, list[int]] = {}

    def owners(self) -> dict[int, int]:
        """Function -> op, for every function whose op is certain."""
        for _ in range(_PASSES):
            before = len(self._owner) + len(self._ends)
            for op in self._graph.ops:
                self._visit(op)
            if len(self._owner) + len(self._ends) == before:
                break
        self._drop_disordered()
        return self._owner

    # --------------------------------------------------------------------- ops

    def _visit(self, op: Op) -> None:
        """Join one op, if what it read and what may have come of it leave no doubt."""
        if op.index in self._region:
            return
        fresh = [value for value in op.outputs if value not in op.inputs]
        ends = {value.index: self._ends.of(value) for value in op.inputs}
        if op.name in CONSTANT or all(e == NONE for e in ends.values()):
            for value in fresh:
                self._ends.know(value.index, NONE)
            return
        if not fresh or not may_differentiate(op):
            return
        region = _Region(
            known={end for end in ends.values() if end is not None and end != NONE},
            wild=[v for v in dict.fromkeys(op.inputs) if ends[v.index] is None],
            allowed=function_names(op.name) | ({"copyslices"} if op.writes else set()),
        )
        wanted = [v for v in fresh if v.index in self._ends.wanted and is_differentiable(v)]
        if region.known and wanted:
            self._grow(op, region, wanted)

    def _grow(self, op: Op, region: _Region, wanted: list[Value]) -> None:
        """Gather functions in the order they were made, until the op's output is there."""
        heap: list[tuple[int, int]] = []
        tried: set[int] = set()
        for source, _ in region.known:
            self._push_users(source, region, heap)
        while heap:
            _, function = heapq.heappop(heap)
            if function in tried or function in region.inside:
                continue
            tried.add(function)
            if not self._fits(op, function, region):
                continue
            results = self._results(op, region, wanted)
            if results is not None:
                self._accept(op, region, results)
                return
            self._push_users(function, region, heap)

    def _push_users(self, source: int, region: _Region, heap: list[tuple[int, int]]) -> None:
        for user in self._ends.users.get(source, ()):
            if user not in self._owner and self._ends.names[user] in region.allowed:
                heapq.heappush(heap, (self._ends.moment(user), user))

    def _fits(self, op: Op, function: int, region: _Region) -> bool:
        """Take a function in, if it reads nothing but what the op read or already made."""
        if self._is_doubtful(op, function, region) or self._is_too_early(op, function, region):
            return False
        foreign = []
        for end in self._ends.sources.get(function, ()):
            if end[0] in region.inside or end in region.known:
                continue
            if any(end == bound for _, bound in region.bound.values()):
                continue
            foreign.append(end)
        if foreign:
            binding = self._bind(foreign, region)
            if binding is None:
                return False
            region.bound.update(binding)
        region.inside.add(function)
        return True

    def _bind(self, foreign: list[End], region: _Region) -> dict[int, tuple[Value, End]] | None:
        """Which unknown input each foreign source must be; None if none or several could be."""
        free = [value for value in region.wild if value.index not in region.bound]
        distinct = list(dict.fromkeys(foreign))
        fitting = [[value for value in free if self._ends.could_be(end, value)] for end in distinct]
        if all(len(values) == 1 for values in fitting):
            chosen = [values[0] for values in fitting]
        elif len(distinct) == len(free) and all(map(self._ends.could_be, distinct, free)):
            chosen = free  # alike in shape: then in the order of the arguments
        else:
            return None
        if len(set(chosen)) < len(chosen):
            return None
        return {v.index: (v, end) for v, end in zip(chosen, distinct, strict=True)}

    def _is_doubtful(self, op: Op, function: int, region: _Region) -> bool:
        """Whether another op could have left this function, or another function is as good.

        Counted where a function starts from a value: as many ops must read it in this way as
        functions do. Fewer functions: a part is not in the loss. More functions behind a
        parameter: the model ran more than once. An op that may rearrange first, but need not,
        leaves what rearranges to the ops that must.
        """
        name, core = self._ends.names[function], core_names(op.name)
        may_rearrange = name in LAYOUT and bool(core) and is_composite(op.name)
        for end in dict.fromkeys(self._ends.sources.get(function, ())):
            if end not in region.known:
                continue
            readers, rivals = self._ends.count_readers(end, name)
            if may_rearrange:
                if rivals:
                    return True
                continue
            functions = self._ends.readings[end, name]
            at_leaf = self._ends.nodes[end[0]].kind == "accumulate" and op.name not in RECURRENT
            if readers > functions or (at_leaf and functions > readers):
                return True
        return False

    def _is_too_early(self, op: Op, function: int, region: _Region) -> bool:
        """Whether a function must follow the product that an op is about (a linear's bias)."""
        name, core = self._ends.names[function], core_names(op.name)
        sources = self._ends.sources.get(function, ())
        follows = name not in LAYOUT and bool(core) and name not in core
        return follows and not any(source in region.inside for source, _ in sources)

    def _results(self, op: Op, region: _Region, wanted: list[Value]) -> dict[int, End] | None:
        """Which function made each wanted output; None while the op is not complete."""
        exact = exact_names(op.name)
        if exact and tuple(sorted(self._ends.names[k] for k in region.inside)) not in exact:
            return None
        latest = max(region.inside, key=self._ends.moment)
        results = self._ends_of(op, region, wanted, latest)
        if results is None:
            return None
        behind = self._leading_to(region, [end[0] for end in results.values()] or [latest])
        core = core_names(op.name)
        if core and not any(self._ends.names[k] in core for k in behind):
            return None
        read = {end for k in behind for end in self._ends.sources.get(k, ())}
        return (
            results
            if region.known <= read and self._ends.are_one_run(behind, region.inside)
            else None
        )

    def _ends_of(
        self, op: Op, region: _Region, wanted: list[Value], latest: int
    ) -> dict[int, End] | None:
        """The function of each wanted output, by shape; one that could be several has none."""
        further = self._ends.nodes[latest].further_shapes
        if len(op.outputs) > 1 and len(further) + 1 == len(op.outputs):
            ends = {value.index: (latest, k) for k, value in enumerate(op.outputs)}
            if all(self._ends.matches(ends[value.index], value) for value in wanted):
                return {value.index: ends[value.index] for value in wanted}
        if len(wanted) == 1:
            end = (latest, 0)
            return {wanted[0].index: end} if self._ends.matches(end, wanted[0]) else None
        found: dict[int, End] = {}
        for value in wanted:
            fitting = [(k, 0) for k in region.inside if self._ends.matches((k, 0), value)]
            if len(fitting) == 1:
                found[value.index] = fitting[0]
            elif not fitting:
                return None
        return found if len(region.inside) >= len(wanted) else None

    def _accept(self, op: Op, region: _Region, results: dict[int, End]) -> None:
        self._assign(op, self._leading_to(region, [end[0] for end in results.values()]))
        for index, end in results.items():
            self._ends.know(index, end)
        for value, end in region.bound.values():
            self._learn(value, end)

    def _leading_to(self, region: _Region, ends: list[int]) -> list[int]:
        """Those functions of a region that its results depend on."""
        if not ends:
            return list(region.inside)
        found: set[int] = set()
        stack = list(ends)
        while stack:
            function = stack.pop()
            if function in region.inside and function not in found:
                found.add(function)
                stack.extend(source for source, _ in self._ends.sources.get(function, ()))
        return list(found)

    def _assign(self, op: Op, functions: list[int]) -> None:
        for function in functions:
            self._owner[function] = op.index
        self._region[op.index] = functions

    # ------------------------------------------------------------- from behind

    def _learn(self, value: Value, end: End) -> None:
        """A value's function became known through its reader: join the ops before it."""
        stack = [(value, end)]
        while stack:
            value, end = stack.pop()
            if self._ends.of(value) is not None:
                continue
            self._ends.know(value.index, end)
            op, function = value.producer, end[0]
            if op is None or op.index in self._region or function in self._owner:
                continue
            name, names = self._ends.names[function], function_names(op.name)
            # the last of several: where they begin cannot be seen from behind
            is_last = bool(exact_names(op.name)) or (name in LAYOUT and not names <= LAYOUT)
            if name in names and not (is_last and is_composite(op.name)):
                stack.extend(self._from_behind(op, function))

    def _from_behind(self, op: Op, function: int) -> list[tuple[Value, End]]:
        """Join an op to the one function that made its output; what that tells of its inputs."""
        ends = {value.index: self._ends.of(value) for value in op.inputs}
        region = _Region(
            known={end for end in ends.values() if end is not None and end != NONE},
            wild=[v for v in dict.fromkeys(op.inputs) if ends[v.index] is None],
            allowed=frozenset(),
        )
        read = self._ends.sources.get(function, [])
        foreign = [end for end in read if end not in region.known]
        binding = self._bind(foreign, region) if foreign else {}
        if binding is None or not region.known <= set(read):
            return []
        self._assign(op, [function])
        return list(binding.values())

    # ------------------------------------------------------------------- order

    def _drop_disordered(self) -> None:
        """Ops ran one after the other: so must have come the functions that they made."""
        latest, holder = -1, -1
        wrong: set[int] = set()
        for op in sorted(self._region):
            moments = [self._ends.moment(k) for k in self._region[op]]
            if min(moments) <= latest:
                wrong |= {op, holder}
            if max(moments) > latest:
                latest, holder = max(moments), op
        for op in wrong:
            for function in self._region.pop(op):
                del self._owner[function]
