"""What the values of a forward graph stand for among the functions of an autograd graph.

A value stands for the function that made it, a parameter for its accumulate node, and what
carries no gradient for `NONE`. What is not known yet has no entry.

Not here: how it becomes known (``introspect.graph.autograd.join``).
"""

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Collection

from introspect.graph.autograd.names import (
    CONSTANT,
    core_names,
    function_name,
    function_names,
    is_composite,
)
from introspect.nouns.autograd import AutogradGraph
from introspect.nouns.graph import Graph, Op, Value

End = tuple[int, int]  # a function or accumulate node, and which of its outputs

NONE: End = (-1, 0)  # stands for the function of a value that carries no gradient


class Ends:
    """The tables of both graphs, and the one between them that grows during a join.

    Attributes:
        nodes: Of the autograd graph.
        names: Of the nodes, as ``names.function_name`` spells them.
        sources: Function -> what it reads, by slot.
        users: Function or accumulate node -> the functions that read it.
        readings: How many functions of one name read one end.
        wanted: Indices of values that an op reads or the model returns.
    """

    def __init__(self, autograd: AutogradGraph, graph: Graph) -> None:
        self.nodes = autograd.nodes
        self.names = [function_name(node.name) for node in self.nodes]
        self.sources: dict[int, list[End]] = {}
        self.users: dict[int, list[int]] = {}
        for edge in autograd.edges:
            if edge.kind == "gradient":
                self.sources.setdefault(edge.target, []).append((edge.source, edge.output))
                self.users.setdefault(edge.source, []).append(edge.target)
        self.readings = Counter(
            (end, self.names[function])
            for function, ends in self.sources.items()
            for end in set(ends)
        )
        self._moments = sorted(node.sequence or 0 for node in autograd.functions)
        self._accumulate = {
            name: node.index for node in autograd.leaves for name in node.parameters
        }
        self._own = self._behind_parameters()
        self._known: dict[int, End] = {}
        self._values: dict[End, list[int]] = {}
        self._counts: dict[End, dict[str, tuple[int, int]]] = {}
        self._readers: dict[int, list[Op]] = {}
        self._read_forward(graph)
        self.wanted = {value.index for value in graph.outputs} | self._readers.keys()

    def _read_forward(self, graph: Graph) -> None:
        ops = [op for op in graph.ops if may_differentiate(op)]
        for op in ops:
            for value in dict.fromkeys(op.inputs):
                self._readers.setdefault(value.index, []).append(op)
        self._vocabulary = frozenset().union(*(function_names(op.name) for op in ops))
        for value in graph.values:
            if value.kind == "parameter":
                self.know(value.index, self._parameter(value))

    def __len__(self) -> int:
        return len(self._known)

    def _behind_parameters(self) -> set[int]:
        """Everything that was computed from a parameter of the model."""
        found = set(self._accumulate.values())
        stack = list(found)
        while stack:
            for user in self.users.get(stack.pop(), ()):
                if user not in found:
                    found.add(user)
                    stack.append(user)
        return found

    def _parameter(self, value: Value) -> End:
        names = (value.name, *value.aliases)
        found = [self._accumulate[name] for name in names if name in self._accumulate]
        return (found[0], 0) if found else NONE

    def of(self, value: Value) -> End | None:
        """What a value stands for; None if that is not known (yet)."""
        if value.kind == "buffer" or not is_differentiable(value):
            return NONE
        return self._known.get(value.index)

    def know(self, value: int, end: End) -> None:
        """Note what a value stands for; the first to tell is right."""
        if value not in self._known:
            self._known[value] = end
            self._values.setdefault(end, []).append(value)
            self._counts.pop(end, None)

    def matches(self, end: End, value: Value) -> bool:
        """Whether a function's output could be that value, by shape and dtype."""
        node = self.nodes[end[0]]
        shape = node.shape if end[1] == 0 else None
        if end[1] and end[1] <= len(node.further_shapes):
            shape = node.further_shapes[end[1] - 1]
        return shape == value.shape and node.dtype == value.dtype

    def could_be(self, end: End, value: Value) -> bool:
        """Whether a value that is not known yet could be what that function made."""
        function, op = end[0], value.producer
        if not self.matches(end, value):
            return False
        if op is None:  # an input or a constant: from outside of the model
            return function not in self._own
        name, names = self.names[function], function_names(op.name)
        if self.nodes[function].kind != "function":
            return False
        if name not in self._vocabulary:
            return True  # a user's own function, or an op that is not in the tables
        if name not in names and not (op.writes and name == "copyslices"):
            return False
        return is_composite(op.name) or self._reads_like(function, op)

    def _reads_like(self, function: int, op: Op) -> bool:
        """Whether a function reads all that is known of an op's inputs, and nothing against it."""
        ends = [self.of(value) for value in op.inputs]
        known = {end for end in ends if end is not None and end != NONE}
        read = set(self.sources.get(function, ()))
        return known <= read and (None in ends or read <= known)

    def count_readers(self, end: End, name: str) -> tuple[int, int]:
        """How many ops read a function's value and may leave `name`; how many of them must."""
        known = self._counts.setdefault(end, {})
        if name not in known:
            values = self._values.get(end, ())
            ops = dict.fromkeys(op for k in values for op in self._readers.get(k, ()))
            readers = [op for op in ops if name in function_names(op.name)]
            known[name] = len(readers), sum(not core_names(op.name) for op in readers)
        return known[name]

    def moment(self, function: int) -> int:
        """When a function was made."""
        return self.nodes[function].sequence or 0

    def are_one_run(self, functions: list[int], others: Collection[int]) -> bool:
        """Whether nobody else's function was made among these: ops run one after the other."""
        moments = [self.moment(k) for k in functions]
        first, last = min(moments), max(moments)
        among = bisect_right(self._moments, last) - bisect_left(self._moments, first)
        return among == sum(first <= self.moment(k) <= last for k in others)


def is_differentiable(value: Value) -> bool:
    """Whether a value could carry gradients."""
    return value.dtype.startswith(("float", "bfloat", "complex"))


def may_differentiate(op: Op) -> bool:
    """Whether an op could leave functions at all."""
    if op.name in CONSTANT:
        return False
    made = any(value not in op.inputs for value in op.outputs)
    return made and any(map(is_differentiable, op.outputs))
