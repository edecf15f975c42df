"""A graph -> the bytes that its ops make, and how many live at once.

Views, in-place writes and pass-throughs make none: their outputs share the storage of what
they read. The peak is estimated from the lives of the others, each from the op that makes
it to the last op that reads it or a view of it:

- *inference*: weights, inputs, and what lives at the worst moment;
- *training*: weights, their gradients, inputs, and every activation, since autograd may
  need each until the backward pass.

Not counted: what an op makes and frees inside itself (scores inside an attention kernel),
the optimizer's state (Adam: twice the trainable parameters), the allocator's rounding.

Cost: 1 us an op.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import accumulate
from math import prod

from introspect.nouns.graph import Graph, Op, Value


@cache
def scalar_bytes(dtype: str) -> int:
    """Bytes of one scalar; types below a byte take a whole one.

    Example:
        >>> [scalar_bytes(name) for name in ("float32", "bfloat16", "complex64", "bool", "int4")]
        [4, 2, 8, 1, 1]
    """
    bits = re.search(r"\d+", dtype)
    return max(1, int(bits[0]) // 8) if bits else 1


def size_bytes(value: Value) -> int:
    """Bytes of a tensor of its own; 0 if its shape is not known."""
    return 0 if value.shape is None else prod(value.shape) * scalar_bytes(value.dtype)


@dataclass(frozen=True, slots=True)
class Activations:
    """What the ops of a graph make.

    Attributes:
        op_bytes: For each op, the bytes of the storages that it makes.
        peak_bytes: Most bytes of them alive at once, each freed after its last use.
    """

    op_bytes: tuple[int, ...]
    peak_bytes: int


def activations(graph: Graph) -> Activations:
    """Follow every storage through the run.

    Args:
        graph: As traced.
    """
    storage_of = list(range(len(graph.values)))  # a storage is named by its first value
    made: dict[int, int] = {}  # storage -> the op that makes it
    last_use = [-1] * len(graph.values)
    op_bytes = [0] * len(graph.ops)
    for op in graph.ops:
        new = _new_outputs(op)
        for value in op.inputs:
            if value.kind == "alias":  # what was written through another tensor
                _share(storage_of, value, value.producer)
            last_use[storage_of[value.index]] = op.index
        for value in op.outputs:
            if value.producer is not op:
                continue
            if value in new:
                made[value.index] = op.index
                op_bytes[op.index] += size_bytes(value)
            else:
                _share(storage_of, value, op)
            last_use[storage_of[value.index]] = op.index
    for value in graph.outputs:
        last_use[storage_of[value.index]] = len(graph.ops)
    return Activations(tuple(op_bytes), _peak(graph, made, last_use))


def _new_outputs(op: Op) -> tuple[Value, ...]:
    """Outputs with a storage of their own."""
    if "view" in op.flags or "out" in op.options:
        return ()
    if "in_place" in op.flags:
        # what it wrote comes first; batch_norm writes its averages and returns a new tensor
        return op.outputs[1:][-1:]
    return op.outputs


def _share(storage_of: list[int], value: Value, op: Op | None) -> None:
    """The value lies in the storage that `op` wrote or looked at."""
    if op is not None and op.inputs:
        base = op.inputs[-1 if "out" in op.options else 0]
        storage_of[value.index] = storage_of[base.index]


def _peak(graph: Graph, made: dict[int, int], last_use: Sequence[int]) -> int:
    """Most bytes alive while any one op runs: its inputs and its outputs both are."""
    change = [0] * (len(graph.ops) + 2)
    for storage, op in made.items():
        size = size_bytes(graph.values[storage])
        change[op] += size
        change[last_use[storage] + 1] -= size
    return max(accumulate(change))
