"""Module calls -> rows of a table, one a call, equal neighbours folded to one row ``×32``.

Every number belongs to exactly one row, so that a column adds up to its total (a row ``×n``
counts n times): an opened module keeps what is its own, its parameters outside of any module
below and the ops of its own forward; a closed one has everything below it.
"""

import re
from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from introspect.graph.cost import Cost
from introspect.graph.cost.weights import NO_WEIGHTS, Weights, groups, owner
from introspect.nouns.graph import Call, Graph

Note = Literal["", "recursive", "tied"]


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table.

    Attributes:
        depth: 0 for the model itself.
        is_last: For each level from 1 to `depth`, whether that row is its parent's last.
        name: Relative to the row around it: ``"conv1"``, ``"layers.0–31"``.
        module: Class name.
        count: How many equal calls this row stands for; its numbers are those of one.
        note: ``"recursive"``: the module ran before and its parameters are counted there;
            ``"tied"``: its parameters are another module's.
        input_size: Shape of the first tensor that it was given, or None.
        output_size: Shape of the first tensor that it returned, or None.
        kernel_size: Of a convolution or pooling, else ``()``.
        parameters: Scalars in parameters counted in this row.
        trainable: How many of them are trained.
        flops: Floating point operations counted in this row.
        activation_bytes: Size of what its ops make.
        elapsed_s: Measured time in seconds (of folded calls the mean), or None.
    """

    depth: int
    is_last: tuple[bool, ...]
    name: str
    module: str
    count: int
    note: Note
    input_size: tuple[int, ...] | None
    output_size: tuple[int, ...] | None
    kernel_size: tuple[int, ...]
    parameters: int
    trainable: int
    flops: int
    activation_bytes: int
    elapsed_s: float | None


@dataclass(slots=True, eq=False)
class _Node:
    """A module call with what is its own; the working data of this file."""

    call: Call
    weights: Weights = NO_WEIGHTS
    is_tied: bool = False
    flops: int = 0
    activation_bytes: int = 0
    elapsed_s: float = 0.0
    count: int = 1
    last: Call | None = None
    children: "list[_Node]" = field(default_factory=list)
    key: int = -1

    def absorb(self) -> None:
        """Close it: what is below becomes its own."""
        for child in self.children:
            child.absorb()
            self.weights = self.weights.plus(child.weights, child.count)
            self.flops += child.count * child.flops
            self.activation_bytes += child.count * child.activation_bytes
            self.elapsed_s += child.elapsed_s
        self.children = []

    def merge(self, twin: "_Node") -> None:
        """Stand for an equal neighbour, too. Times are added, and divided when written."""
        self.count += 1
        self.last = twin.call
        self.add_time(twin)

    def add_time(self, twin: "_Node") -> None:
        """Add the times of a twin and of all below it."""
        self.elapsed_s += twin.elapsed_s
        for own, other in zip(self.children, twin.children, strict=True):
            own.add_time(other)


def table_rows(graph: Graph, cost: Cost, *, depth: int | None, fold: bool) -> list[Row]:
    """The rows of the table, from top to bottom.

    Args:
        graph: As traced.
        cost: Of that graph.
        depth: Levels of modules below the model, None for all.
        fold: Whether equal neighbours share a row.
    """
    roots = _tree(graph, cost)
    for root in roots:
        if fold:  # before closing: blocks that differ inside are not equal, open or closed
            _fold(root, {})
        _close(root, depth)
    is_timed = cost.elapsed_s is not None
    return [row for root in roots for row in _rows(root, (), 1, is_timed=is_timed)]


def _tree(graph: Graph, cost: Cost) -> list[_Node]:
    nodes = [_Node(call) for call in graph.calls]
    for op, spent in zip(graph.ops, cost.ops, strict=True):
        if op.call is not None:
            node = nodes[op.call.index]
            node.flops += spent.flops
            node.activation_bytes += spent.activation_bytes
            node.elapsed_s += spent.elapsed_s or 0.0
    for call, node in zip(graph.calls, nodes, strict=True):
        if call.parent is not None:
            nodes[call.parent.index].children.append(node)
    _give_weights(graph, nodes)
    return [node for node in nodes if node.call.parent is None]


def _give_weights(graph: Graph, nodes: list[_Node]) -> None:
    """Each parameter to the first call of its one owner; other homes of it are tied."""
    first = {node.call.path: node for node in reversed(nodes)}
    for group in groups(graph):
        path = owner(group, first)
        if path in first:
            first[path].weights = first[path].weights.plus(group.weights)
        for home in group.homes if len(group.homes) > 1 else ():
            if home in first and home != path:
                first[home].is_tied = True


def _close(node: _Node, depth: int | None) -> None:
    if depth == 0:
        node.absorb()
    for child in node.children:
        _close(child, None if depth is None else depth - 1)


def _fold(node: _Node, keys: dict[Hashable, int]) -> None:
    """Fold the children of a node that are equal and follow each other, innermost first."""
    for child in node.children:
        _fold(child, keys)
    kept: list[_Node] = []
    for child in node.children:
        before = kept[-1] if kept else None
        if before is not None and before.key == child.key and _follows(before, child):
            before.merge(child)
        else:
            kept.append(child)
    node.children = kept
    node.key = keys.setdefault(_signature(node), len(keys))


def _signature(node: _Node) -> Hashable:
    """What must be equal for two calls to share a row: all that any column could show."""
    call = node.call
    return (
        call.module,
        tuple(call.settings.items()),
        call.training,
        call.repetition > 0,
        node.is_tied,
        node.weights,
        node.flops,
        node.activation_bytes,
        tuple(value.shape for value in call.inputs),
        tuple(value.shape for value in call.outputs),
        tuple((_relative_name(c), c.count, c.key) for c in node.children),
    )


def _follows(before: _Node, after: _Node) -> bool:
    """Whether the names count on (``layers.3``, ``layers.4``), or are the same."""
    last = (before.last or before.call).path
    if last == after.call.path:
        return True
    one, two = re.fullmatch(r"(.*?)(\d+)", last), re.fullmatch(r"(.*?)(\d+)", after.call.path)
    return bool(one and two and one[1] == two[1] and int(one[2]) + 1 == int(two[2]))


def _relative_name(node: _Node) -> str:
    """``0``, ``conv1``, ``layers.0–31`` for a run of equal ones."""
    above = node.call.parent.path if node.call.parent else ""
    name = node.call.path.removeprefix(f"{above}.") if above else node.call.path
    if node.last is None or node.last.path == node.call.path:
        return name
    number = re.search(r"\d+$", node.last.path)
    return f"{name}–{number[0]}" if number else name


def _rows(node: _Node, is_last: tuple[bool, ...], times: int, *, is_timed: bool) -> Iterator[Row]:
    call, own = node.call, node.weights
    times *= node.count
    is_recursive = call.repetition > 0 and call.parameters > 0
    is_tied = node.is_tied and not own.parameters
    kernel = call.settings.get("kernel_size", ())
    yield Row(
        depth=len(is_last),
        is_last=is_last,
        name=_relative_name(node),
        module=call.module,
        count=node.count,
        note="recursive" if is_recursive else "tied" if is_tied else "",
        input_size=call.inputs[0].shape if call.inputs else None,
        output_size=call.outputs[0].shape if call.outputs else None,
        kernel_size=kernel if isinstance(kernel, tuple) else (kernel,),
        parameters=own.parameters,
        trainable=own.trainable,
        flops=node.flops,
        activation_bytes=node.activation_bytes,
        elapsed_s=node.elapsed_s / times if is_timed else None,
    )
    for child in node.children:
        below = (*is_last, child is node.children[-1])
        yield from _rows(child, below, times, is_timed=is_timed)
