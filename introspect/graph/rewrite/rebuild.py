"""A list of old and new ops -> a Graph of its own, consistently numbered.

Every transform says what it wants in terms of the old graph (which ops, which calls, which
value instead of which), and `rebuild` makes fresh nouns of it: the old graph stays as it is.

Cost: about 10 us an op.

Not here: what to fold or prune (``introspect.graph.rewrite.transform``), which part to take
(``introspect.graph.query``).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from introspect.nouns.graph import Call, Graph, Op, Value


@dataclass(slots=True)
class Plan:
    """What the new graph is made of, in terms of the old one.

    Attributes:
        ops: New or old ops in the order of execution, each with the old ops it stands for.
            They refer to old values and old or new calls.
        calls: New or old calls; a parent comes before its children.
        inputs: Old values.
        outputs: Old values with their names.
        stands_for: Old call -> the new call that took its place.
        bridges: Old value -> the old value that is read instead.
        entering: Old values that become inputs, with their new names.
        notes: Added to those of the old graph.
    """

    ops: list[tuple[Op, Sequence[Op]]]
    calls: list[Call]
    inputs: list[Value]
    outputs: list[tuple[str, Value]]
    stands_for: dict[Call, Call] = field(default_factory=dict)
    bridges: dict[Value, Value] = field(default_factory=dict)
    entering: dict[Value, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def plan_of(graph: Graph) -> Plan:
    """The plan that would copy a graph."""
    return Plan(
        ops=[(op, (op,)) for op in graph.ops],
        calls=list(graph.calls),
        inputs=list(graph.inputs),
        outputs=list(zip(graph.output_names, graph.outputs, strict=True)),
    )


def rebuild(
    graph: Graph,
    plan: Plan,
    *,
    name: str | None = None,
    module: str | None = None,
    parameters: int | None = None,
) -> Graph:
    """The graph that `plan` describes.

    Args:
        graph: The old graph; it is not changed.
        plan: What to keep and what to put in its place.
        name: Title, if another than before.
        module: Class of the model, if another than before.
        parameters: Number of scalars, if another than before.

    Returns:
        New nouns throughout. A value whose producer is gone becomes a constant.
    """
    linker = _Linker(graph, plan)
    ops = linker.link()
    return Graph(
        name=graph.name if name is None else name,
        module=graph.module if module is None else module,
        ops=ops,
        values=tuple(linker.values.values()),
        calls=tuple(linker.calls.values()),
        inputs=linker.reads(plan.inputs),
        outputs=linker.reads(value for _, value in plan.outputs),
        output_names=tuple(name for name, _ in plan.outputs),
        parameters=graph.parameters if parameters is None else parameters,
        mode=graph.mode,
        level=graph.level,
        notes=(*graph.notes, *plan.notes),
    )


class _Linker:
    """Old nouns -> new nouns."""

    def __init__(self, graph: Graph, plan: Plan) -> None:
        self.plan = plan
        self.home = {old: index for index, (_, olds) in enumerate(plan.ops) for old in olds}
        self.calls: dict[Call, Call] = {}
        for old in plan.calls:
            self.calls[old] = replace(
                old, index=len(self.calls), parent=self._call(old.parent), inputs=(), outputs=()
            )
        used = self._used()
        self.values: dict[Value, Value] = {}
        for old in graph.values:
            if old in used:
                self.values[old] = self._value(old, len(self.values))

    def link(self) -> tuple[Op, ...]:
        """The new ops, with everything that refers to them."""
        ops = tuple(self._op(op, index) for index, (op, _) in enumerate(self.plan.ops))
        for old, new in self.values.items():
            index = None if old in self.plan.entering else self.home.get(old.producer or _NO_OP)
            # Values come before the ops that make them, so they are finished here.
            object.__setattr__(new, "producer", None if index is None else ops[index])
        for old, new in self.calls.items():
            object.__setattr__(new, "inputs", self._known(old.inputs))
            object.__setattr__(new, "outputs", self._known(old.outputs))
        return ops

    def reads(self, values: Iterable[Value]) -> tuple[Value, ...]:
        """New values for old ones, across what was taken out."""
        return tuple(self.values[self._bridged(value)] for value in values)

    def _op(self, op: Op, index: int) -> Op:
        return replace(
            op,
            index=index,
            call=self._call(op.call),
            inputs=self.reads(op.inputs),
            outputs=self.reads(op.outputs),
            children=tuple(self._op(child, index) for child in op.children),
        )

    def _call(self, call: Call | None) -> Call | None:
        """The new call for an old one, or for the nearest around it that is still there."""
        while call is not None:
            call = self.plan.stands_for.get(call, call)
            if call in self.calls:
                return self.calls[call]
            call = call.parent
        return None

    def _bridged(self, value: Value) -> Value:
        while value in self.plan.bridges:
            value = self.plan.bridges[value]
        return value

    def _used(self) -> set[Value]:
        used = {self._bridged(value) for value in self.plan.inputs}
        used.update(self._bridged(value) for _, value in self.plan.outputs)
        todo = [op for op, _ in self.plan.ops]
        while todo:
            op = todo.pop()
            used.update(self._bridged(value) for value in (*op.inputs, *op.outputs))
            todo.extend(op.children)
        for call in self.plan.calls:
            for value in map(self._bridged, (*call.inputs, *call.outputs)):
                if value.producer is None or value.producer in self.home:
                    used.add(value)
        return used

    def _known(self, values: Iterable[Value]) -> tuple[Value, ...]:
        bridged = (self._bridged(value) for value in values)
        return tuple(self.values[value] for value in bridged if value in self.values)

    def _value(self, old: Value, index: int) -> Value:
        if old in self.plan.entering:
            return replace(
                old, index=index, kind="input", name=self.plan.entering[old], producer=None
            )
        lost = old.producer is not None and old.producer not in self.home
        return replace(old, index=index, kind="constant" if lost else old.kind, producer=None)


_NO_OP = Op(index=-1, name="", call=None, inputs=())


def read_by(ops: Iterable[Op]) -> Mapping[Value, list[Op]]:
    """Value -> the ops that read it, in the order of execution, each once."""
    readers: dict[Value, list[Op]] = {}
    for op in ops:
        for value in dict.fromkeys(op.inputs):
            readers.setdefault(value, []).append(op)
    return readers
