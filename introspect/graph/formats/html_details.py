"""Box -> what the viewer tells about it beside the picture.

Numbers (parameters, FLOPs, bytes, time) are those of ``introspect.graph.cost``, for one
member of a fold; texts have one line a fact.

Cost: about 10 us a box.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from introspect.graph.cost import Cost, cost
from introspect.graph.outline import by_times
from introspect.graph.outline.box import Box
from introspect.nouns.graph import TENSOR, Call, Graph, Op, Value

_DATA = frozenset({"input", "result", "alias", "constant"})
_MOST_MEMBERS = 200
_LONGEST = 80


@dataclass(frozen=True, slots=True)
class Details:
    """Facts about one box; texts are empty and numbers 0 where there is nothing to say.

    Attributes:
        parameters: Scalars in its parameters.
        flops: Floating point operations of one forward.
        memory_bytes: Size of the tensors that it makes.
        time_us: Measured, in microseconds.
        reads, gives: Types and shapes, one a line.
        settings: Hyper-parameters and scalar arguments, ``name: value``.
        weights: Parameters and buffers, shapes, and what they are tied with.
        source: ``file.py:12``.
        members: Paths of the modules that a folded box stands for.
    """

    parameters: int = 0
    flops: int = 0
    memory_bytes: int = 0
    time_us: int = 0
    reads: str = ""
    gives: str = ""
    settings: str = ""
    weights: str = ""
    source: str = ""
    members: str = ""


class Reader:
    """Finds what the boxes of one graph stand for.

    Args:
        graph: As traced; its cost is counted here.
    """

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._cost: Cost = cost(graph)
        self._calls = {(call.path, call.repetition): call for call in graph.calls}
        self._first: dict[Call, Op] = {}
        for op in graph.ops:
            if op.call is not None:
                self._first.setdefault(op.call, op)
        self._weights: dict[str, list[Value]] = {}
        for value in graph.values:
            if value.kind in {"parameter", "buffer"} and value.name:
                for name in (value.name, *value.aliases):
                    self._weights.setdefault(name.rpartition(".")[0], []).append(value)

    def of(self, box: Box) -> Details:
        """The facts about one box of the graph's outline."""
        if box.kind == "io":
            return Details()
        if box.kind == "op":
            return self._of_ops(box)
        call = self._calls.get((box.path, max(box.call - 1, 0)))
        return self._of_call(box, call) if call is not None else Details(box.parameters)

    def _of_call(self, box: Box, call: Call) -> Details:
        spent = self._cost.of(call)
        first = self._first.get(call)
        plain = {k: v for k, v in call.settings.items() if isinstance(v, str | int | float | tuple)}
        return Details(
            parameters=box.parameters,
            flops=spent.flops,
            memory_bytes=spent.activation_bytes,
            time_us=_microseconds(spent.elapsed_s),
            reads=_tensors(call.inputs),
            gives=_tensors(call.outputs),
            settings=_pairs(plain),
            weights=self._own_weights(call.path),
            source=_source(first) if first is not None else "",
            members=self._members(box),
        )

    def _of_ops(self, box: Box) -> Details:
        ops = self._ops(box)
        if not ops:
            return Details(box.parameters)
        spent = [self._cost.of(op) for op in ops]
        inside = {value for op in ops for value in op.outputs}
        read = [v for op in ops for v in op.inputs if v not in inside]
        times = [own.elapsed_s for own in spent if own.elapsed_s is not None]
        weights = [v for v in read if v.kind in {"parameter", "buffer"}]
        return Details(
            parameters=box.parameters,
            flops=sum(own.flops for own in spent),
            memory_bytes=sum(own.activation_bytes for own in spent),
            time_us=_microseconds(sum(times) if times else None),
            reads=_tensors(dict.fromkeys(v for v in read if v.kind in _DATA)),
            gives=_tensors(ops[-1].outputs),
            settings=_call_text(ops[0]) if len(ops) == 1 else _names(ops),
            weights="\n".join(_weight(v, v.name) for v in dict.fromkeys(weights)),
            source=_source(ops[0]),
        )

    def _ops(self, box: Box) -> list[Op]:
        """The op of a box, or all that its function ran in one go."""
        ops = self._graph.ops
        if not 0 <= box.order < len(ops):
            return []
        first = ops[box.order]
        end = box.order + 1
        while first.function and end < len(ops):
            op = ops[end]
            if op.function != first.function or op.call is not first.call:
                break
            end += 1
        return list(ops[box.order : end])

    def _own_weights(self, path: str) -> str:
        rows = []
        for value in self._weights.get(path, ()):
            names = [value.name, *value.aliases]
            own = next(name for name in names if name.rpartition(".")[0] == path)
            rows.append(_weight(value, own))
        return "\n".join(rows)

    def _members(self, box: Box) -> str:
        """Paths of a fold's members: those that count on from the first and did run."""
        if box.count < 2 or not box.path:
            return ""
        found = re.fullmatch(r"(.*?)(\d+)", box.path)
        if found is None:
            return ""
        step = box.repeat.period if box.repeat is not None else 1
        start = int(found[2])
        paths = [f"{found[1]}{start + k * step}" for k in range(box.count)]
        if not all((path, 0) in self._calls for path in paths):
            return ""
        more = [f"and {box.count - _MOST_MEMBERS} more"] if box.count > _MOST_MEMBERS else []
        return "\n".join([*paths[:_MOST_MEMBERS], *more])


def _microseconds(elapsed_s: float | None) -> int:
    return round((elapsed_s or 0.0) * 1e6)


def _size(value: Value) -> str:
    sizes = by_times(value.shape) if value.shape else "scalar" if value.shape == () else ""
    return f"{value.dtype} {sizes}".strip()


def _tensors(values: Sequence[Value] | Mapping[Value, None]) -> str:
    return "\n".join(_size(value) for value in values)


def _weight(value: Value, name: str) -> str:
    """``weight: float32 64×3×7×7``, and what it is tied with."""
    text = f"{name.rpartition('.')[2]}: {_size(value)}"
    others = [other for other in (value.name, *value.aliases) if other != name]
    if others:
        text += f", tied with {', '.join(others)}"
    if value.kind == "buffer":
        return text + ", buffer"
    return text if value.requires_grad else text + ", frozen"


def _plain(value: Any) -> str:
    if value is TENSOR:
        return "·"
    text = by_times(value) if isinstance(value, list | tuple) else str(value)
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "…"


def _one_line(text: str) -> str:
    return text.replace("\n", "⏎")


def _pairs(settings: Mapping[str, Any]) -> str:
    return "\n".join(f"{_one_line(k)}: {_one_line(_plain(v))}" for k, v in settings.items())


def _call_text(op: Op) -> str:
    """The scalar arguments of an op, positional ones by their place."""
    rows = [
        f"argument {k}: {_one_line(_plain(value))}"
        for k, value in enumerate(op.arguments)
        if value is not TENSOR and value is not None
    ]
    options = {k: v for k, v in op.options.items() if v is not TENSOR and v is not None}
    return "\n".join([*rows, *([_pairs(options)] if options else [])])


def _names(ops: Sequence[Op]) -> str:
    return f"operations: {_one_line(', '.join(dict.fromkeys(op.name for op in ops)))}"


def _source(op: Op) -> str:
    """File and line; of the folders only the last, since pages are sent to others."""
    if op.source is None:
        return ""
    path, line = op.source
    return f"{'/'.join(PurePath(path).parts[-2:])}:{line}"
