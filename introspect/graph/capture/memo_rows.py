"""The rows that a module call wrote -> the same rows for another call, renamed.

What a call wrote stands together: its ops, its calls, its values. Rows of values that were
made inside are counted from the first of them; those from outside (arguments, and parameters
that were read before) by the position of their tensor. A copy only adds.

Cost: 1 us an op, 2 us a module call.

Not here: whether a copy is allowed (``memo``).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn

from introspect.graph.capture.recorder import Recorder
from introspect.graph.capture.rows import CallRow, OpRow, ValueRow

_MADE_INSIDE = frozenset({"result", "alias"})
_OF_THE_MODEL = frozenset({"parameter", "buffer"})


@dataclass(slots=True)
class Marks:
    """How many rows there were when a call began.

    Attributes:
        ops, values: Before it.
        call: Row of the call itself.
    """

    ops: int
    values: int
    call: int


@dataclass(slots=True)
class CallCopy:
    """One call of a span: position of its module in the block, and its rows, relative."""

    position: int
    parent: int
    inputs: list[int]
    outputs: list[int]
    first_op: int
    is_direct: bool


@dataclass(slots=True)
class Span:
    """What one module call wrote.

    Relative rows of values are positive for those made inside; ``-1 - k`` is the tensor ``k``
    from outside.

    Attributes:
        ops: Rows with relative call and values.
        values: Rows with relative producers, in order; a position instead of a row for a
            parameter or buffer that was read for the first time.
        calls: Those inside, in order; the call itself is not among them.
        inputs: Relative rows of the call itself.
        children: Relative row of an op -> relative rows of its ATen operators.
    """

    ops: list[OpRow] = field(default_factory=list)
    values: list[ValueRow | int] = field(default_factory=list)
    calls: list[CallCopy] = field(default_factory=list)
    inputs: list[int] = field(default_factory=list)
    children: dict[int, list[OpRow]] = field(default_factory=dict)


class CannotCopyError(Exception):
    """A call touched rows in a way that no copy could repeat."""


def cut(
    recorder: Recorder,
    marks: Marks,
    outside: Sequence[tuple[torch.Tensor, int | None]],
    modules: Sequence[nn.Module],
    children: dict[int, list[OpRow]] | None,
) -> Span:
    """The span of a call that has just ended.

    Args:
        recorder: With its rows.
        marks: Where the call began.
        outside: The tensors that it was given or owns, with the row that each had before.
        modules: Of the block.
        children: ATen operators of each op, if they are recorded.

    Raises:
        CannotCopyError: If it used values or modules from elsewhere.
    """
    return _Cutter(recorder, marks, outside, modules).cut(children or {})


class _Cutter:
    def __init__(
        self,
        recorder: Recorder,
        marks: Marks,
        outside: Sequence[tuple[torch.Tensor, int | None]],
        modules: Sequence[nn.Module],
    ) -> None:
        self.recorder = recorder
        self.marks = marks
        self.positions = {id(module): k for k, module in enumerate(modules)}
        self.known: dict[int, int] = {}
        self.strangers: dict[int, int] = {}
        for k, (tensor, row) in enumerate(outside):
            if row is not None:
                self.known.setdefault(row, -1 - k)
            else:
                new = recorder.tensors.row_of(tensor)
                if new is not None:
                    self.strangers.setdefault(new, k)

    def cut(self, children: dict[int, list[OpRow]]) -> Span:
        recorder, marks = self.recorder, self.marks
        span = Span()
        for index in range(marks.values, len(recorder.values)):
            span.values.append(self._value(index, recorder.values[index]))
        for row in recorder.ops[marks.ops :]:
            span.ops.append(self._op(row))
        for row in recorder.calls[marks.call + 1 :]:
            span.calls.append(self._call(row))
        span.inputs = self._rows(recorder.calls[marks.call].inputs)
        for index, below in children.items():
            if index >= marks.ops:
                span.children[index - marks.ops] = [self._child(row) for row in below]
        return span

    def _value(self, index: int, row: ValueRow) -> ValueRow | int:
        kind, producer = row[3], row[4]
        if kind in _OF_THE_MODEL and index in self.strangers:
            return self.strangers[index]
        if kind not in _MADE_INSIDE or producer is None or producer < self.marks.ops:
            raise CannotCopyError(f"a {kind} from elsewhere")
        return (*row[:4], producer - self.marks.ops, *row[5:])

    def _rows(self, rows: Sequence[int]) -> list[int]:
        first, known = self.marks.values, self.known
        try:
            return [row - first if row >= first else known[row] for row in rows]
        except KeyError as error:
            raise CannotCopyError(f"value {error} from elsewhere") from None

    def _op(self, row: OpRow) -> OpRow:
        name, call, inputs, outputs = row[:4]
        if call is None or call < self.marks.call:
            raise CannotCopyError(f"{name} in another call")
        return (name, call - self.marks.call, self._rows(inputs), self._rows(outputs), *row[4:])

    def _child(self, row: OpRow) -> OpRow:
        name, call, inputs, outputs = row[:4]
        return (name, call, self._rows(inputs), self._rows(outputs), *row[4:])

    def _call(self, row: CallRow) -> CallCopy:
        position = self.positions.get(id(row.module))
        if position is None or row.parent is None or row.parent < self.marks.call:
            raise CannotCopyError(f"a call of {row.path}")
        return CallCopy(
            position,
            row.parent - self.marks.call,
            self._rows(row.inputs),
            self._rows(row.outputs),
            row.first_op - self.marks.ops,
            row.is_direct,
        )


def paste(
    span: Span,
    recorder: Recorder,
    ticket: int,
    outside: Sequence[torch.Tensor],
    modules: Sequence[nn.Module],
    children: dict[int, list[OpRow]] | None,
) -> int:
    """Write the rows of a span for the call that has just been entered.

    Args:
        span: Of a call that is alike.
        recorder: Is added to.
        ticket: Row of the call.
        outside: The tensors of this call, as `cut` was given those of the other.
        modules: Of this block.
        children: Is added to.

    Returns:
        The row of the first value.
    """
    tensors, ops = recorder.tensors, recorder.ops
    first_value, first_op = len(tensors.rows), len(ops)
    rows_of: list[Any] = [
        tensors.row_of(tensor) for tensor in reversed(outside)
    ]  # [-1 - k] is tensor k
    for value in span.values:
        if isinstance(value, int):
            tensors.add_stranger(outside[value])
        else:
            shape, dtype, device, kind, producer, name, aliases, needs_grad = value
            at = None if producer is None else producer + first_op
            tensors.rows.append((shape, dtype, device, kind, at, name, aliases, needs_grad))

    def absolute(rows: list[int]) -> list[Any]:
        return [row + first_value if row >= 0 else rows_of[row] for row in rows]

    _paste_calls(span, recorder, ticket, modules, absolute)
    for (
        name,
        call,
        inputs,
        outputs,
        arguments,
        options,
        function,
        source,
        bits,
        elapsed,
    ) in span.ops:
        ops.append(
            (
                name,
                ticket + (call or 0),
                [k + first_value if k >= 0 else rows_of[k] for k in inputs],
                [k + first_value if k >= 0 else rows_of[k] for k in outputs],
                arguments,
                options,
                function,
                source,
                bits,
                elapsed,
            )
        )
    if children is not None:
        for index, below in span.children.items():
            children[index + first_op] = [
                (row[0], row[1], absolute(row[2]), absolute(row[3]), *row[4:]) for row in below
            ]
    return first_value


def _paste_calls(
    span: Span,
    recorder: Recorder,
    ticket: int,
    modules: Sequence[nn.Module],
    absolute: Callable[[list[int]], list[Any]],
) -> None:
    first_op = len(recorder.ops)
    counts, paths, calls = recorder._repetitions, recorder.inventory.paths, recorder.calls
    for call in span.calls:
        module = modules[call.position]
        count = counts.get(module, 0)
        counts[module] = count + 1
        calls.append(
            CallRow(
                module,
                paths[module],
                ticket + call.parent,
                count,
                absolute(call.inputs),
                absolute(call.outputs),
                first_op + call.first_op,
                call.is_direct,
            )
        )
