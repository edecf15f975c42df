"""Graph -> Graph: several ops become one, or vanish, or get another name.

A transform is a small frozen value with one method, ``apply(graph) -> Graph``; the graph
that it is given never changes, and is returned itself where nothing matched. Patterns
(``introspect.graph.rewrite.pattern``) see the graph as its pictures show it
(``introspect.graph.rewrite.flow``): views and casts are passed over unless they are named.

A match must be safe: what the inner ops make is read inside the match alone and is no output of
the model, and nothing outside runs between that needs the result. Matches do not overlap; they are
sought once, in the order of execution, so a new op is not matched again by the same transform.

Cost: about 15 us an op of the graph for each transform.

Not here: how the new graph is put together (``introspect.graph.rewrite.rebuild``).
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from introspect.errors import FormatError
from introspect.graph.rewrite.conditions import check_keys
from introspect.graph.rewrite.flow import OUTPUT, OpFlow, Unit, plain_name
from introspect.graph.rewrite.group import Group, collapse, group_of
from introspect.graph.rewrite.pattern import Pattern, match, parse, steps
from introspect.graph.rewrite.rebuild import Plan, plan_of, read_by, rebuild
from introspect.nouns.graph import Graph, Op, Value

Where = Callable[[tuple[Op, ...]], bool]


class Transform(Protocol):
    """Anything that makes a graph of a graph."""

    def apply(self, graph: Graph) -> Graph:
        """A new graph; the given one stays as it is."""
        ...


def transformed(graph: Graph, transforms: Transform | Iterable[Transform]) -> Graph:
    """Apply transforms one after the other.

    Args:
        graph: As traced.
        transforms: One, or several in order.
    """
    chain = transforms if isinstance(transforms, Iterable) else [transforms]
    for transform in chain:
        graph = transform.apply(graph)
    return graph


def find_groups(graph: Graph, pattern: Pattern, where: Where | None = None) -> list[Group]:
    """The safe matches of a pattern, in the order of execution, without overlap.

    Args:
        graph: As traced.
        pattern: As parsed.
        where: Asked with the matched ops of each match, in the order of execution.
    """
    flow = OpFlow(graph, list(steps(pattern)))
    used: set[Unit] = set()
    groups: list[Group] = []
    readers = read_by(graph.ops)
    outputs = set(graph.outputs)
    for unit in flow.units:
        found = None if unit in used else match(pattern, flow, [unit])
        if found is None or used & set(found.nodes):
            continue
        ops = tuple(sorted((op for u in found.nodes for op in u.ops), key=lambda op: op.index))
        if where is not None and not where(ops):
            continue
        group = group_of(found.nodes, flow, readers, outputs)
        if group is not None:
            used.update(found.nodes)
            groups.append(group)
    return groups


@dataclass(frozen=True, slots=True)
class _Patterned:
    """A transform that begins with a pattern; the text is parsed, and refused, at once."""

    pattern: str
    tree: Pattern = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        tree = parse(self.pattern)
        check_keys(tree, self.pattern)
        object.__setattr__(self, "tree", tree)


@dataclass(frozen=True, slots=True)
class Fold(_Patterned):
    """Every match of a pattern becomes one op.

    The new op reads what the match read from outside and makes what is read outside; the ops
    that it stands for are its `Op.children`. Module calls that are covered whole become one
    call of the same name, with their settings where these agree.

    Args:
        pattern: Such as ``"conv2d > batch_norm > relu"``.
        name: Of the new op; the pattern itself if empty.
        where: A function of the matched ops that says whether to fold them.

    Raises:
        FormatError: If the pattern cannot be read.

    Example:
        >>> import introspect, torch
        >>> net = torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.ReLU())
        >>> graph = introspect.trace(net, torch.zeros(1, 4))
        >>> [op.name for op in Fold("linear[out=3] > relu", "LinearReLU").apply(graph).ops]
        ['LinearReLU']
    """

    name: str = ""
    where: Where | None = None

    def apply(self, graph: Graph) -> Graph:
        """The folded graph."""
        groups = find_groups(graph, self.tree, self.where)
        return collapse(graph, groups, [self.name or self.pattern] * len(groups))


@dataclass(frozen=True, slots=True)
class Prune(_Patterned):
    """Every match of a pattern is taken out.

    Where a match has one input and one result (dropout, a cast, an activation), its readers
    read the input instead. Else what was read from it becomes a constant, and the graph says
    so in its notes. (hiddenlayer always cuts.)

    Args:
        pattern: Such as ``"dropout"``.
        where: A function of the matched ops that says whether to take them out.

    Raises:
        FormatError: If the pattern cannot be read.
    """

    where: Where | None = None

    def apply(self, graph: Graph) -> Graph:
        """The graph without the matches."""
        groups = find_groups(graph, self.tree, self.where)
        if not groups:
            return graph
        plan = plan_of(graph)
        gone: set[Op] = set()
        notes: list[str] = []
        for group in groups:
            gone.update(group.ops)
            data = [value for value in group.inputs if _is_data(value)]
            if len(data) == 1 and len(group.outputs) == 1:
                if data[0] is not group.outputs[0]:  # an op that returned its input left none
                    plan.bridges[group.outputs[0]] = data[0]
            else:
                notes.append(f"{group.ops[-1].name} was pruned; what read it is cut off there")
        plan.notes = tuple(dict.fromkeys(notes))
        return rebuild(graph, _without(graph, plan, gone))


@dataclass(frozen=True, slots=True)
class PruneBranch(_Patterned):
    """Every match is taken out, and with it all that was computed for it alone.

    Outputs of the model that end such a branch vanish with it.

    Args:
        pattern: Of the branch's last ops, such as ``"softmax"``.
        where: A function of the matched ops that says whether to take them out.

    Raises:
        FormatError: If the pattern cannot be read.
    """

    where: Where | None = None

    def apply(self, graph: Graph) -> Graph:
        """The graph without the branches."""
        gone = {op for g in find_groups(graph, self.tree, self.where) for op in g.ops}
        if not gone:
            return graph
        plan = plan_of(graph)
        lost = {op for op in gone if not set(op.outputs).isdisjoint(graph.outputs)}
        returned = {value for value in graph.outputs if value.producer not in lost}
        readers = read_by(graph.ops)
        for op in reversed(graph.ops):
            later = [o for v in op.outputs for o in readers.get(v, ()) if o.index > op.index]
            if later and gone.issuperset(later) and returned.isdisjoint(op.outputs):
                gone.add(op)
        cut = {
            op.name
            for op in gone
            for value in op.outputs
            if any(reader not in gone for reader in readers.get(value, ()))
        }
        plan.notes = tuple(
            f"{name} was pruned; what read it is cut off there" for name in sorted(cut)
        )
        return rebuild(graph, _without(graph, plan, gone))


@dataclass(frozen=True, slots=True)
class Rename:
    r"""Ops, or module classes, get another name.

    Args:
        op: Regular expression, sought in the name of each op.
        to: What takes the place of what was found; ``\1`` is its first group.
        module: Regular expression, sought in the class name of each module call instead.

    Raises:
        FormatError: If not exactly one of `op` and `module` is given, or it cannot be read.

    Example:
        >>> Rename(op=r"conv(\d)d", to=r"Conv\1").renamed("conv2d")
        'Conv2'
    """

    op: str = ""
    to: str = ""
    module: str = ""

    def __post_init__(self) -> None:
        if bool(self.op) == bool(self.module):
            raise FormatError(
                "a Rename needs exactly one of op= and module=.",
                given=f"op={self.op!r}, module={self.module!r}",
                hint=r"Rename(op=r'conv(\d)d', to=r'Conv\1')",
            )
        try:
            re.sub(self.op or self.module, self.to, "")
            _check_groups(self.op or self.module, self.to)
        except (re.error, IndexError) as error:
            raise FormatError(
                "a Rename has a regular expression that cannot be used.",
                given=f"{self.op or self.module!r}, to={self.to!r}",
                cause=error,
                hint=r"Rename(op=r'conv(\d)d', to=r'Conv\1')",
            ) from error

    def renamed(self, name: str) -> str:
        """The new name for an old one."""
        return re.sub(self.op or self.module, self.to, name)

    def apply(self, graph: Graph) -> Graph:
        """The graph with other names."""
        plan = plan_of(graph)
        if self.op:
            plan.ops = [(replace(op, name=self.renamed(op.name)), (op,)) for op in graph.ops]
        else:
            plan.calls = [replace(c, module=self.renamed(c.module)) for c in graph.calls]
            plan.stands_for = dict(zip(graph.calls, plan.calls, strict=True))
        return rebuild(graph, plan)


def _check_groups(expression: str, to: str) -> None:
    """Raise what a match would raise: Python reads the template only for an actual match."""
    pattern = re.compile(f"(?:{expression})|")
    pattern.sub(to, "")


@dataclass(frozen=True, slots=True)
class FoldDuplicates:
    """Runs of ops with one name become one op, which says how many under ``repeat``.

    Each op of a run reads its predecessor alone and is read by its successor alone. The new op
    has the name and arguments of the first; ``options["repeat"]`` adds up what was folded
    before. Sizes may differ, as they do along VGG.

    Example:
        >>> import introspect, torch
        >>> net = torch.nn.Sequential(*[torch.nn.Linear(4, 4) for _ in range(3)])
        >>> graph = introspect.trace(net, torch.zeros(1, 4))
        >>> [(op.name, op.options["repeat"]) for op in FoldDuplicates().apply(graph).ops]
        [('linear', 3)]
    """

    def apply(self, graph: Graph) -> Graph:
        """The graph with its runs folded."""
        flow = OpFlow(graph)
        readers = read_by(graph.ops)
        outputs = set(graph.outputs)
        groups: list[Group] = []
        used: set[Unit] = set()
        for unit in flow.units:
            run = [] if unit in used else _run_from(unit, flow)
            group = group_of(run, flow, readers, outputs) if len(run) > 1 else None
            if group is not None:
                used.update(run)
                groups.append(group)
        names = [group.ops[0].name for group in groups]
        repeats = [sum(_repeat(op) for op in group.visible) for group in groups]
        return collapse(graph, groups, names, repeats=repeats)


def _run_from(unit: Unit, flow: OpFlow) -> list[Unit]:
    run = [unit]
    while True:
        following = flow.readers(run[-1])
        if len(following) != 1 or following[0] is OUTPUT:
            return run
        after = following[0]
        same = plain_name(after.ops[0].name) == plain_name(unit.ops[0].name)
        if not same or flow.sources(after) != [run[-1]]:
            return run
        run.append(after)


def _repeat(op: Op) -> int:
    count = op.options.get("repeat", 1)
    return count if isinstance(count, int) and op.children else 1


def _is_data(value: Value) -> bool:
    return value.kind in {"input", "result", "alias"}


def _without(graph: Graph, plan: Plan, gone: set[Op]) -> Plan:
    """The plan without some ops, the calls that only they ran in, and the outputs they made."""
    plan.ops = [(op, olds) for op, olds in plan.ops if op not in gone]
    had = _calls_around(graph.ops)
    have = _calls_around(op for op, _ in plan.ops)
    plan.calls = [call for call in plan.calls if call in have or call not in had]
    plan.outputs = [
        (name, value)
        for name, value in plan.outputs
        if value in plan.bridges or value.producer not in gone
    ]
    return plan


def _calls_around(ops: Iterable[Op]) -> set[object]:
    found: set[object] = set()
    for op in ops:
        call = op.call
        while call is not None and call not in found:
            found.add(call)
            call = call.parent
    return found


__all__: Sequence[str] = (
    "Fold",
    "FoldDuplicates",
    "Prune",
    "PruneBranch",
    "Rename",
    "Transform",
    "transformed",
)
