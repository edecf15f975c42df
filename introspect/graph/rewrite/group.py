"""The units of a match -> a group that can safely be one op, and the graph in which it is.

Not here: which units match (``introspect.graph.rewrite.transform``), how the new graph is numbered
(``introspect.graph.rewrite.rebuild``).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from introspect.graph.rewrite.flow import OpFlow, Unit
from introspect.graph.rewrite.rebuild import plan_of, rebuild
from introspect.nouns.graph import Call, Flag, Graph, Op, Value


@dataclass(frozen=True, slots=True)
class Group:
    """Ops that can become one.

    Attributes:
        ops: In the order of execution, with the hidden ones between them.
        visible: Those that the pattern matched.
        inputs: What they read from outside, in the order of first use.
        outputs: What they made that is read outside; if nothing is, what the last one made.
    """

    ops: tuple[Op, ...]
    visible: tuple[Op, ...]
    inputs: tuple[Value, ...]
    outputs: tuple[Value, ...]


def group_of(
    units: Sequence[Unit],
    flow: OpFlow,
    readers: Mapping[Value, Sequence[Op]],
    outputs: set[Value],
) -> Group | None:
    """The group of a match, or None if one op cannot stand for it.

    Args:
        units: That matched.
        flow: That they are part of.
        readers: Value -> the ops that read it.
        outputs: Of the graph.
    """
    visible = {op for unit in units for op in unit.ops}
    members = visible | _hidden_between(units, flow)
    ops = tuple(sorted(members, key=lambda op: op.index))
    made = dict.fromkeys(value for op in ops for value in op.outputs if value.producer in members)
    inputs = dict.fromkeys(
        value for op in ops for value in op.inputs if value.producer not in members
    )
    written = [value for value in _read_outside(ops, readers) if value not in made]
    made.update(dict.fromkeys(written))
    leaving = tuple(
        value
        for value in made
        if value in outputs or any(op not in members for op in readers.get(value, ()))
    )
    last = ops[-1].index
    for value in leaving:
        if any(op.index < last for op in readers.get(value, ()) if op not in members):
            return None  # its result is needed before all of it has run
    passed = tuple(value for value in ops[-1].outputs if value in inputs)
    ends = tuple(value for value in ops[-1].outputs if value in made)
    return Group(
        ops=ops,
        visible=tuple(op for op in ops if op in visible),
        inputs=tuple(inputs),
        outputs=leaving or ends or passed,
    )


def _read_outside(ops: Sequence[Op], readers: Mapping[Value, Sequence[Op]]) -> list[Value]:
    """Values that these ops made by writing through another tensor: no op lists them."""
    members = set(ops)
    return [value for value in readers if value.kind == "alias" and value.producer in members]


def _hidden_between(units: Sequence[Unit], flow: OpFlow) -> set[Op]:
    """Views and the like that only hand results from one unit of the match to another."""
    members = set(units)
    inner = {
        unit
        for unit in units
        if flow.readers(unit) and all(reader in members for reader in flow.readers(unit))
    }
    return {op for op, origins in flow.origins.items() if not inner.isdisjoint(origins)}


def collapse(
    graph: Graph,
    groups: Sequence[Group],
    names: Sequence[str],
    *,
    repeats: Sequence[int] | None = None,
) -> Graph:
    """The graph in which each group is one op.

    Args:
        graph: That the groups were found in.
        groups: Without overlap.
        names: Of the new ops.
        repeats: Of `FoldDuplicates`: how often the first op of each group is repeated.

    Returns:
        The same graph if there are no groups.
    """
    if not groups:
        return graph
    plan = plan_of(graph)
    coverage = _Coverage(graph)
    at: dict[Op, tuple[Op, Sequence[Op]]] = {}
    gone: set[Op] = set()
    dropped: set[Call] = set()
    for index, (group, name) in enumerate(zip(groups, names, strict=True)):
        repeat = repeats[index] if repeats else 0
        covered, around = coverage.of(group.ops)
        call = _joint_call(group, name, covered, around, repeat) if covered else around
        if covered and call is not None:
            plan.stands_for.update(dict.fromkeys(covered, call))
            dropped.update(covered)
        at[group.ops[-1]] = (_joint_op(group, name, call, repeat), group.ops)
        gone.update(group.ops)
    plan.ops = [at.get(op, (op, olds)) for op, olds in plan.ops if op in at or op not in gone]
    plan.calls = _replaced(plan.calls, plan.stands_for, dropped)
    return rebuild(graph, plan)


class _Coverage:
    """Which module calls a group of ops covers whole."""

    def __init__(self, graph: Graph) -> None:
        self.count: dict[Call, int] = {}
        for op in graph.ops:
            for call in _upwards(op.call):
                self.count[call] = self.count.get(call, 0) + 1

    def of(self, ops: Sequence[Op]) -> tuple[list[Call], Call | None]:
        """(the outermost calls that run nothing but `ops`, the call around all of `ops`)."""
        inside: dict[Call, int] = {}
        for op in ops:
            for call in _upwards(op.call):
                inside[call] = inside.get(call, 0) + 1
        around = next((c for c in _upwards(ops[0].call) if inside[c] == len(ops)), None)
        if around is not None and around.parent is not None and self._is_whole(around, inside):
            return [around], around.parent
        below = [call for call in inside if call is not around and self._is_whole(call, inside)]
        outer = [call for call in below if call.parent is around or call.parent not in below]
        # The calls around `around` hold everything, too.
        above = set(_upwards(around))
        covered = [call for call in outer if call not in above]
        return sorted(covered, key=lambda call: call.index), around

    def _is_whole(self, call: Call, inside: Mapping[Call, int]) -> bool:
        return inside[call] == self.count[call]


def _upwards(call: Call | None) -> list[Call]:
    chain = []
    while call is not None:
        chain.append(call)
        call = call.parent
    return chain


def _joint_op(group: Group, name: str, call: Call | None, repeat: int) -> Op:
    first, ops = group.visible[0], group.ops
    functions = {op.function for op in group.visible}
    times = [op.elapsed_s for op in ops]
    flags: set[Flag] = set()
    if any("data_dependent" in op.flags for op in ops):
        flags.add("data_dependent")
    if any("in_place" in op.flags and op.inputs[0] in group.inputs for op in ops if op.inputs):
        flags.add("in_place")
    return Op(
        index=first.index,
        name=name,
        call=call,
        inputs=group.inputs,
        outputs=group.outputs,
        arguments=first.arguments if repeat else (),
        options={**first.options, "repeat": repeat} if repeat else {},
        function=functions.pop() if len(functions) == 1 else "",
        source=first.source,
        flags=frozenset(flags),
        children=group.visible if repeat and len(group.visible) == len(ops) else ops,
        elapsed_s=None if None in times else math.fsum(t for t in times if t is not None),
    )


def _joint_call(
    group: Group, name: str, covered: Sequence[Call], parent: Call | None, repeat: int
) -> Call:
    """One module call for those that a group covers; it keeps the path of the first."""
    first = covered[0]
    parameters = {value for value in group.inputs if value.kind == "parameter"}
    settings = _agreed([op.call for op in group.visible if op.call is not None])
    return Call(
        index=first.index,
        path=first.path,
        module=first.module if repeat and len({c.module for c in covered}) == 1 else name,
        builtin=False,
        parent=parent,
        repetition=first.repetition,
        settings={**settings, "repeat": repeat} if repeat else settings,
        parameters=sum(math.prod(value.shape or ()) for value in parameters),
        training=first.training,
        inputs=tuple(v for v in group.inputs if v.kind in {"input", "result", "alias"}),
        outputs=group.outputs,
    )


def _agreed(layers: Sequence[Call]) -> dict[str, Any]:
    """The settings of the layers that are joined, where they leave no doubt.

    A layer counts whole or not at all, since a picture reads its settings together: a block
    of two different convolutions has no one kernel, a convolution with its norm has.
    """
    of_class: dict[str, list[Mapping[str, Any]]] = {}
    for layer in dict.fromkeys(layers):
        known = of_class.setdefault(layer.module, [])
        if layer.settings not in known:
            known.append(layer.settings)
    found: dict[str, Any] = {}
    for variants in of_class.values():
        own = variants[0]
        if len(variants) == 1 and all(found.get(key, value) == value for key, value in own.items()):
            found.update(own)
    return found


def _replaced(
    calls: Sequence[Call], stands_for: Mapping[Call, Call], dropped: set[Call]
) -> list[Call]:
    """The calls in order, each new one where the first that it stands for was."""
    kept: dict[Call, None] = {}
    for call in calls:
        if call.parent in dropped:
            dropped.add(call)  # what ran inside a covered call is part of it
        if call in stands_for:
            kept[stands_for[call]] = None
        elif call not in dropped:
            kept[call] = None
    return list(kept)
