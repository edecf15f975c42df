"""Raw records of a run -> Graph.

What must be read from the modules is read at once (5 us a module); the nouns are made when
they are first asked for (3 us an op), so that a trace that is only saved, or compared by its
size, or dropped, does not pay for them.
"""

import gc
from collections.abc import Sequence
from dataclasses import dataclass, fields, make_dataclass
from typing import Any, Literal

import torch
from torch import nn

from introspect.graph.capture.recorder import Recorder
from introspect.graph.capture.rows import FLAGS, CallRow, OpRow, ValueRow
from introspect.nouns.graph import Call, Graph, Op, Value, unread


def _open_twin(noun: Any) -> Any:
    """The same class with attributes that can be set, until ``__class__`` makes it the noun.

    Graphs are circular (op, output, producer), so nouns must be made before they are whole.
    Making a frozen dataclass also costs three times as much, for thousands of them.
    """
    names = [field.name for field in fields(noun)]
    return make_dataclass(f"Open{noun.__name__}", names, slots=True, eq=False)


_OpenCall, _OpenOp, _OpenValue = _open_twin(Call), _open_twin(Op), _open_twin(Value)

# What a picture may say about a layer (introspect.graph.outline.labels reads them).
_SETTINGS = frozenset(
    "in_channels out_channels kernel_size stride padding dilation groups transposed in_features "
    "out_features num_features normalized_shape num_embeddings embedding_dim output_size p "
    "negative_slope num_heads embed_dim hidden_size num_layers bidirectional scale_factor mode "
    "num_groups nf nx num_key_value_heads head_dim inplace".split()
)


def assemble(  # noqa: PLR0913  the facts of one run
    recorder: Recorder,
    model: nn.Module,
    *,
    name: str,
    inputs: Sequence[int],
    outputs: Sequence[int],
    output_names: Sequence[str],
    mode: Literal["real", "fake"] = "real",
    level: Literal["function", "aten", "module"] = "function",
    children: dict[int, list[OpRow]] | None = None,
    autograd: Any = None,
) -> Graph:
    """The nouns of everything that `recorder` wrote down.

    Args:
        recorder: After the run.
        model: That ran.
        name: Title of the graph; the model's class name if empty.
        inputs: Rows of the values that the model was given.
        outputs: Rows of those that it returned.
        output_names: Where each stood in the result.
        mode: Of the run.
        level: Of the run.
        children: Row of an op -> rows of its ATen operators.
        autograd: What autograd made in the run (``autograd.moments``).
    """
    recorder.tensors.add_unread()
    facts = _CallFacts(recorder)
    rows = Rows(
        recorder.ops,
        recorder.values,
        [facts.of(row) for row in recorder.calls],
        children or {},
        tuple(inputs),
        tuple(outputs),
        tuple(output_names),
    )
    return unread(
        rows.read,
        autograd=autograd,
        name=name or type(model).__name__,
        module=type(model).__name__,
        output_names=rows.output_names,
        parameters=recorder.inventory.parameters(model),
        mode=mode,
        level=level,
    )


@dataclass(slots=True, frozen=True, eq=False)
class Rows:
    """All that was written down of a run, without its tensors and modules.

    Attributes:
        ops, values: As the recorder wrote them.
        calls: The fields of `Call`, with rows in place of nouns.
        children: Row of an op -> rows of its ATen operators.
        inputs, outputs: Rows of values.
        output_names: Where each output stood in the result.
    """

    ops: list[OpRow]
    values: list[ValueRow]
    calls: list[tuple[Any, ...]]
    children: dict[int, list[OpRow]]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    output_names: tuple[str, ...]

    def read(self) -> dict[str, Any]:
        """The fields of `Graph` that are made of rows."""
        was_on = gc.isenabled()
        gc.disable()  # all that is made here stays
        try:
            return self._read()
        finally:
            if was_on:
                gc.enable()

    def _read(self) -> dict[str, Any]:
        calls: list[Any] = []
        for index, (parent, *about, _, _) in enumerate(self.calls):
            path, module, is_builtin, *others = about
            above = None if parent is None else calls[parent]
            calls.append(_OpenCall(index, path, module, is_builtin, above, *others, (), ()))
        values, ops = _Linker(self, calls).link()
        for call, (*_, inputs, outputs) in zip(calls, self.calls, strict=True):
            call.inputs = tuple([values[k] for k in inputs])
            call.outputs = tuple([values[k] for k in outputs])
            call.__class__ = Call
        return {
            "ops": tuple(ops),
            "values": tuple(values),
            "calls": tuple(calls),
            "inputs": tuple([values[k] for k in self.inputs]),
            "outputs": tuple([values[k] for k in self.outputs]),
            "notes": _notes(ops, values, self.inputs, self.outputs, self.output_names),
        }


def _sizes(shape: Any) -> tuple[int, ...]:
    """Sizes as they are; -1 for one that differs from row to row (a jagged nested tensor)."""
    return tuple([size if type(size) is int else -1 for size in shape])


class _Linker:
    """Values and ops refer to each other: each op is made before the values it produces."""

    def __init__(self, rows: Rows, calls: list[Call]) -> None:
        self.rows = rows
        self.calls = calls
        self.children = rows.children
        self.values: list[Any] = [None] * len(rows.values)
        self.ops: list[Op] = []
        self._spelled: dict[Any, str] = {}

    def link(self) -> tuple[list[Value], list[Op]]:
        """Everything, in the order of the rows."""
        values, rows, calls, ops = self.values, self.rows.values, self.calls, self.ops
        for index, row in enumerate(rows):
            if row[4] is None:  # what no op made can be made at once
                values[index] = self._value(index, row, None)
        for index, row in enumerate(self.rows.ops):
            name, call, inputs, outputs, arguments, options, function, source, bits, elapsed = row
            op = _OpenOp(
                index,
                name,
                None if call is None else calls[call],
                tuple([values[k] or self._alias(k) for k in inputs]),
                (),
                arguments,
                options,
                function,
                source,
                FLAGS[bits],
                (),
                elapsed,
            )
            ops.append(op)
            for k in outputs:
                if values[k] is None:
                    values[k] = self._value(k, rows[k], op)
            op.outputs = tuple([values[k] for k in outputs])
            if index in self.children:
                below = tuple(self._child(op, row) for row in self.children[index])
                op.children = below
            op.__class__ = Op
        for index, row in enumerate(rows):  # written by an op below one that failed
            if values[index] is None:
                values[index] = self._value(index, row, None)
        return values, ops

    def _alias(self, k: int) -> Value:
        """A tensor that an earlier op wrote through another tensor: that op produced it."""
        known = self.values[k] = self._value(k, self.rows.values[k], None)
        return known

    def _value(self, index: int, row: ValueRow, producer: Op | None) -> Value:
        shape, dtype, device, kind, made_by, name, aliases, needs_grad = row
        if producer is None and made_by is not None and made_by < len(self.ops):
            producer = self.ops[made_by]
        value = _OpenValue(
            index,
            None if shape is None else _sizes(shape),
            self._spell(dtype),
            self._spell(device),
            kind,
            name,
            aliases,
            producer,
            needs_grad,
        )
        value.__class__ = Value
        return value

    def _child(self, parent: Op, row: OpRow) -> Op:
        name, _, inputs, outputs, arguments, options, _, _, bits, elapsed = row
        rows = self.rows.values
        for k in (*inputs, *outputs):
            if self.values[k] is None:
                self.values[k] = self._value(k, rows[k], parent)
        return Op(
            parent.index,
            name,
            parent.call,
            tuple([self.values[k] for k in inputs]),
            tuple([self.values[k] for k in outputs]),
            arguments,
            options,
            flags=FLAGS[bits],
            elapsed_s=elapsed,
        )

    def _spell(self, thing: torch.dtype | torch.device) -> str:
        """Dtypes and devices as text; spelling each only once is ten times cheaper."""
        text = self._spelled.get(thing)
        if text is None:
            text = self._spelled[thing] = str(thing).removeprefix("torch.")
        return text


class _CallFacts:
    """What a `Call` says of its module, read while the module is as it was in the run."""

    def __init__(self, recorder: Recorder) -> None:
        self._inventory = recorder.inventory
        self._known: dict[nn.Module, tuple[Any, ...]] = {}
        self._classes: dict[type, tuple[str, bool]] = {}
        self._shown: dict[tuple[str, ...], list[str]] = {}  # attributes -> those that are settings

    def of(self, row: CallRow) -> tuple[Any, ...]:
        """Row of the parent, the fields of `Call` from `path` on, rows of inputs and outputs."""
        module = row.module
        about = self._known.get(module)
        if about is None:
            about = self._known[module] = self._about(module)
        name, is_builtin, settings, parameters, training = about
        return (
            row.parent,
            row.path,
            name,
            is_builtin,
            row.repetition,
            settings,
            parameters,
            training,
            row.inputs,
            row.outputs,
        )

    def _about(self, module: nn.Module) -> tuple[Any, ...]:
        cls = type(module)
        known = self._classes.get(cls)
        if known is None:
            known = self._classes[cls] = (cls.__name__, cls.__module__.startswith("torch."))
        return (*known, self._settings(module), self._inventory.parameters(module), module.training)

    def _settings(self, module: nn.Module) -> dict[str, Any]:
        own = vars(module)  # getattr costs 0.7 us for each name it lacks
        names = tuple(own)
        shown = self._shown.get(names)
        if shown is None:
            shown = self._shown[names] = [name for name in names if name in _SETTINGS]
        return _plain({name: own[name] for name in shown}) if shown else {}


def _plain(settings: dict[str, Any]) -> dict[str, Any]:
    """Those of the settings that are numbers, texts, or rows of numbers."""
    found = {}
    for name, value in settings.items():
        if isinstance(value, bool | int | float | str):
            found[name] = value
        elif isinstance(value, tuple | list) and all(isinstance(v, int | float) for v in value):
            found[name] = tuple(value)
    return found


def _notes(
    ops: list[Op],
    values: list[Value],
    inputs: Sequence[int],
    outputs: Sequence[int],
    names: Sequence[str],
) -> tuple[str, ...]:
    """One sentence for each output that depends on no input, and where the link ends."""
    if not inputs:
        return ()
    reached = {values[k] for k in inputs}
    ends: list[Op] = []
    for op in ops:
        if any(value in reached for value in op.inputs):
            reached.update(op.outputs)
            if "data_dependent" in op.flags:
                ends.append(op)
    notes = []
    for k, name in zip(outputs, names, strict=True):
        if values[k] not in reached:
            where = f"; the link ends at {_place(ends[-1])}" if ends else ""
            notes.append(f"output {name} depends on no input{where}".replace("output  ", "output "))
    return tuple(notes)


def _place(op: Op) -> str:
    line = f", {op.source[0]}:{op.source[1]}" if op.source else ""
    path = f" in {op.call.path}" if op.call and op.call.path else ""
    return f"{op.name}{path}{line}"
