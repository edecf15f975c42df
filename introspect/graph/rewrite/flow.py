"""Graph -> what a pattern sees: units, and who reads whom.

A *unit* is one op, or one whole module call where the pattern names its class: for
``Conv2d > BatchNorm2d`` each such call, for ``Bottleneck > Bottleneck`` each block with
everything in it (the outermost call counts, if calls of that class nest).

Hidden, as in the pictures, are views, casts, and ops that returned their input (dropout in
evaluation): ``linear > relu`` matches with a reshape between them. They are seen when the
pattern names them; a bare ``*`` does not. An op that returned its input then stands between
the value's maker and whoever reads it later.

Names are compared with the op's without its in-place underscore (``relu`` is ``relu_``, too),
``add`` stands for ``__add__``, ``__radd__`` and ``__iadd__``.

Cost: about 3 us an op.

Not here: the pattern language (``introspect.graph.rewrite.pattern``).
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from introspect.graph.outline.labels import VIEWS, op_word
from introspect.graph.rewrite.conditions import holds
from introspect.graph.rewrite.pattern import Step
from introspect.nouns.graph import Call, Graph, Op, Value


@dataclass(frozen=True, slots=True, eq=False)
class Unit:
    """One op, or one module call with all its ops.

    Attributes:
        ops: In the order of execution; more may be appended while the flow is read.
        call: The module call that the pattern names by its class, None for a single op.
    """

    ops: list[Op]
    call: Call | None = None

    @property
    def main(self) -> Op:
        """The op that computes: the first that is no view."""
        return next((op for op in self.ops if not _is_hidden(op)), self.ops[0])


OUTPUT = Unit([])
"""Reads what the graph returns. No step fits it."""


class OpFlow:
    """The units of a graph as a pattern's `Flow`.

    Args:
        graph: As traced.
        named: The steps of the pattern; empty to see every op but the hidden ones.

    Attributes:
        units: In the order of execution.
        unit_of: Op -> its unit; hidden ops have none.
        origins: Hidden op -> the units that its result comes from.
    """

    def __init__(self, graph: Graph, named: Sequence[Step] = ()) -> None:
        self._named = [step for step in named if not step.is_any]
        self.unit_of: dict[Op, Unit] = {}
        self.origins: dict[Op, tuple[Hashable, ...]] = {}
        self.units: list[Unit] = self._units(graph)
        self._readers: dict[Unit, dict[Unit, None]] = {unit: {} for unit in self.units}
        self._sources: dict[Unit, dict[Hashable, None]] = {unit: {} for unit in self.units}
        self._holders: dict[Value, tuple[Hashable, ...]] = {}
        for op in graph.ops:
            self._follow(op)
        for value in graph.outputs:
            for unit in self._held(value):
                if isinstance(unit, Unit):
                    self._readers[unit][OUTPUT] = None

    # ------------------------------------------------------------ what patterns ask

    def fits(self, node: Unit, step: Step) -> bool:
        """Whether the unit has the name of a step, and its conditions hold."""
        if not node.ops or not self._is_named(node, step):
            return False
        main = node.main
        call = node.call or main.call
        return all(holds(condition, main, call) for condition in step.conditions)

    def readers(self, node: Unit) -> list[Unit]:
        """Units that read a result, past hidden ops."""
        return list(self._readers[node])

    def sources(self, node: Unit) -> list[Hashable]:
        """Units and inputs of the graph that a unit reads, past hidden ops."""
        return list(self._sources[node])

    def siblings(self, node: Unit) -> list[Unit]:
        """Units with exactly the same sources."""
        wanted = self._sources[node].keys()
        first = next(iter(wanted), None)
        if first is None:
            return [node]
        return [unit for unit in self._beside(first) if self._sources[unit].keys() == wanted]

    # -------------------------------------------------------------------- the inside

    def _units(self, graph: Graph) -> list[Unit]:
        of_call: dict[Call, Unit] = {}
        classes = {call.module for call in graph.calls}
        wanted = {name for name in classes if any(step.names(name) for step in self._named)}
        for call in graph.calls:
            if call.parent is not None and call.parent in of_call:
                of_call[call] = of_call[call.parent]
            elif call.module in wanted:
                of_call[call] = Unit([], call)
        units: dict[Unit, None] = {}
        for op in graph.ops:
            unit = of_call.get(op.call) if op.call is not None else None
            if unit is not None:
                unit.ops.append(op)
            elif not _is_hidden(op) or any(_names(step, op) for step in self._named):
                unit = Unit([op])
            if unit is not None:
                units[unit] = None
                self.unit_of[op] = unit
        return list(units)

    def _is_named(self, node: Unit, step: Step) -> bool:
        if node.call is None:
            return _names(step, node.ops[0])
        if step.names(node.call.module):
            return True
        visible = [op for op in node.ops if not _is_hidden(op)]
        return len(visible) == 1 and _names(step, visible[0])

    def _follow(self, op: Op) -> None:
        unit = self.unit_of.get(op)
        held = dict.fromkeys(holder for value in op.inputs for holder in self._held(value))
        if unit is None:
            self.origins[op] = tuple(held)
            for value in op.outputs:
                if value not in op.inputs:
                    self._holders[value] = tuple(held)
            return
        for holder in held:
            if holder is not unit:
                self._sources[unit][holder] = None
                if isinstance(holder, Unit):
                    self._readers[holder][unit] = None
        for value in op.outputs:
            self._holders[value] = (unit,)

    def _held(self, value: Value) -> tuple[Hashable, ...]:
        """Who has the value now: its maker, or the visible op that last passed it on."""
        known = self._holders.get(value)
        if known is not None:
            return known
        if value.producer is not None:  # written through another tensor
            unit = self.unit_of.get(value.producer)
            return self.origins.get(value.producer, ()) if unit is None else (unit,)
        return (value,) if value.kind == "input" else ()

    def _beside(self, source: Hashable) -> list[Unit]:
        if isinstance(source, Unit):
            return [unit for unit in self._readers[source] if unit is not OUTPUT]
        return [unit for unit in self.units if source in self._sources[unit]]


def _is_hidden(op: Op) -> bool:
    if "in_place" in op.flags:
        return False
    return "view" in op.flags or "pass_through" in op.flags or op_word(op.name) in VIEWS


def _names(step: Step, op: Op) -> bool:
    word = plain_name(op.name)
    return step.names(word) or step.names(op.name)


def plain_name(name: str) -> str:
    """The name that a pattern compares: ``relu_`` is relu, ``__iadd__`` and ``__radd__`` are add.

    Example:
        >>> [plain_name(name) for name in ("relu_", "__add__", "__iadd__", "__getitem__")]
        ['relu', 'add', 'add', 'getitem']
    """
    if name.startswith("__") and name.endswith("__"):
        word = name.strip("_")
        return word[1:] if word[1:] in _REFLECTED and word[0] in "ir" else word
    return op_word(name)


_REFLECTED = frozenset("add sub mul truediv floordiv pow matmul mod and or xor".split())
