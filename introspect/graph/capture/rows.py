"""What a running forward writes down, before ``assemble`` makes nouns of it.

Values and ops are plain tuples: making one costs 0.05 us where a dataclass costs 0.5, and a
forward makes thousands of them while the user waits.
"""

from dataclasses import dataclass, field
from typing import Any

from torch import nn

from introspect.nouns.graph import Flag, ValueKind

ValueRow = tuple[
    tuple[int, ...] | None, Any, Any, ValueKind, int | None, str, tuple[str, ...], bool
]
"""shape, dtype, device, kind, row of the producing op, name, further names, requires_grad."""

OpRow = tuple[
    str,
    int | None,
    list[int],
    list[int],
    tuple[Any, ...],
    dict[str, Any],
    str,
    tuple[str, int] | None,
    int,
    float | None,
]
"""name, call, inputs, outputs, arguments, options, function, source, flag bits, seconds."""

IN_PLACE, VIEW, PASS_THROUGH, DATA_DEPENDENT = 1, 2, 4, 8
_FLAG_NAMES: tuple[Flag, ...] = ("in_place", "view", "pass_through", "data_dependent")
FLAGS: tuple[frozenset[Flag], ...] = tuple(
    frozenset(name for k, name in enumerate(_FLAG_NAMES) if bits & 1 << k) for bits in range(16)
)
"""Flag bits -> the flags of `Op`."""


@dataclass(slots=True, eq=False)
class CallRow:
    """One run of a module's forward, before it becomes a `Call`.

    Attributes:
        module: That ran.
        path: Its qualified name.
        parent: Row of the call around it.
        repetition: 0 for its first call.
        inputs, outputs: Rows of values.
        first_op: How many ops had been written down when it began.
        is_direct: Whether its ``forward`` was called, not the module.
    """

    module: nn.Module
    path: str
    parent: int | None
    repetition: int
    inputs: list[int]
    outputs: list[int] = field(default_factory=list)
    first_op: int = 0
    is_direct: bool = False


@dataclass(slots=True)
class Failure:
    """Where an exception was first seen on its way out of the model."""

    error: BaseException
    call: int | None
    op: str = ""
