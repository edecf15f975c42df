"""Raw records of a run -> Graph. Runs once, after the forward; about 3 us an op."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import nn

from introspect.graph.recorder import CallRow, Recorder
from introspect.nouns.graph import Call, Graph, Op, Value

# What a picture may say about a layer (introspect.graph.outline.labels reads them).
_SETTINGS = frozenset(
    "in_channels out_channels kernel_size stride padding dilation groups transposed in_features "
    "out_features num_features normalized_shape num_embeddings embedding_dim output_size p "
    "negative_slope num_heads embed_dim hidden_size num_layers bidirectional scale_factor mode "
    "num_groups nf nx num_key_value_heads head_dim inplace".split()
)


def assemble(
    recorder: Recorder,
    model: nn.Module,
    *,
    name: str,
    inputs: Sequence[int],
    outputs: Sequence[int],
    output_names: Sequence[str],
) -> Graph:
    """The nouns of everything that `recorder` wrote down."""
    count = _ParameterCounter()
    calls: list[Call] = []
    for index, row in enumerate(recorder.calls):
        calls.append(_call(index, row, calls, count))
    values, ops = _values_and_ops(recorder, calls)
    for call, row in zip(calls, recorder.calls, strict=True):
        # `Call` is frozen for everyone else; it precedes its values, so it is finished here.
        object.__setattr__(call, "inputs", tuple(values[k] for k in row.inputs))
        object.__setattr__(call, "outputs", tuple(values[k] for k in row.outputs))
    return Graph(
        name=name or type(model).__name__,
        module=type(model).__name__,
        ops=tuple(ops),
        values=tuple(values),
        calls=tuple(calls),
        inputs=tuple(values[k] for k in inputs),
        outputs=tuple(values[k] for k in outputs),
        output_names=tuple(output_names),
        parameters=count(model),
        mode="real",
        notes=_notes(ops, inputs, outputs, output_names),
    )


def _values_and_ops(recorder: Recorder, calls: list[Call]) -> tuple[list[Value], list[Op]]:
    """Values and ops refer to each other: each op is made before the values it produces."""
    rows = recorder.values
    spell = _Speller()
    made: list[Value | None] = [None] * len(rows)
    ops: list[Op] = []

    def value(k: int) -> Value:
        known = made[k]
        if known is None:
            row = rows[k]
            known = made[k] = Value(
                index=k,
                shape=row.shape,
                dtype=spell(row.dtype),
                device=spell(row.device),
                kind=row.kind,
                name=row.name,
                aliases=row.aliases,
                producer=None if row.producer is None else ops[row.producer],
            )
        return known

    for index, row in enumerate(recorder.ops):
        op = Op(
            index=index,
            name=row.name,
            call=None if row.call is None else calls[row.call],
            inputs=tuple(value(k) for k in row.inputs),
            arguments=row.arguments,
            options=row.options,
            function=row.function,
            source=row.source,
            writes=row.writes,
        )
        ops.append(op)
        object.__setattr__(op, "outputs", tuple(value(k) for k in row.outputs))
    return [value(k) for k in range(len(rows))], ops


class _Speller:
    """dtypes and devices as text; spelling each only once is ten times cheaper."""

    def __init__(self) -> None:
        self._known: dict[Any, str] = {}

    def __call__(self, thing: torch.dtype | torch.device) -> str:
        text = self._known.get(thing)
        if text is None:
            text = self._known[thing] = str(thing).removeprefix("torch.")
        return text


def _call(index: int, row: CallRow, calls: list[Call], count: "_ParameterCounter") -> Call:
    cls = type(row.module)
    return Call(
        index=index,
        path=row.path,
        module=cls.__name__,
        builtin=cls.__module__.startswith("torch."),
        parent=None if row.parent is None else calls[row.parent],
        repetition=row.repetition,
        settings=_settings(row.module),
        parameters=count(row.module),
        training=row.module.training,
    )


def _settings(module: nn.Module) -> dict[str, Any]:
    found = {}
    own = vars(module)  # getattr costs 0.7 us for each name that an nn.Module lacks
    for name in own.keys() & _SETTINGS:
        value = own[name]
        if isinstance(value, bool | int | float | str):
            found[name] = value
        elif isinstance(value, tuple | list) and all(isinstance(v, int | float) for v in value):
            found[name] = tuple(value)
    return found


class _ParameterCounter:
    """Scalars in a module's parameters; each module is counted once, tied parameters too."""

    def __init__(self) -> None:
        self._known: dict[nn.Module, int] = {}

    def __call__(self, module: nn.Module) -> int:
        total = self._known.get(module)
        if total is None:
            lazy = nn.parameter.UninitializedParameter
            total = sum(p.numel() for p in module.parameters() if not isinstance(p, lazy))
            self._known[module] = total
        return total


def _notes(
    ops: list[Op],
    inputs: Sequence[int],
    outputs: Sequence[int],
    names: Sequence[str],
) -> tuple[str, ...]:
    """One sentence for each output that depends on no input: the graph must not lie."""
    reached = set(inputs)
    for op in ops:
        if any(value.index in reached for value in op.inputs):
            reached.update(value.index for value in op.outputs)
    cut = [name or str(k) for k, name in zip(outputs, names, strict=True) if k not in reached]
    return tuple(f"output {name} depends on no input" for name in cut) if inputs else ()
