"""Block and Cell: values on their way from a call of `log` to a column or a file.

A `Block` is a run of calls that named the same keys: all numbers. A `Cell` is one value that is
more than a number. Both carry *ticks*, a clock that never goes back, so that the order of
the calls survives whatever the wall clock does. A `Rewind` hides what came before it, a `Fact`
tells about the run as a whole.

Not here: columns (``columns``), bytes (``segment``).
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from introspect.nouns.metric import Step

LOST = object()
"""What a cell becomes whose bytes are damaged."""


def seconds(time_ns: Any) -> Any:
    """Nanoseconds since 1970 as seconds, an int or int64 of any shape.

    The nearest float64: 1.7e18 ns as one float64 would be 128 ns off before the division.

    Example:
        >>> seconds(1_700_000_000_123_456_789) == 1700000000.123456789
        True
    """
    return time_ns // 10**9 + time_ns % 10**9 / 1e9


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """Consecutive calls that logged the same keys, all numbers.

    Attributes:
        keys: In the order of the call.
        steps: int64 of shape ``(n,)``, or ``(n, 2)`` for (epoch, step).
        ticks: int64 of shape ``(n,)``, nanoseconds of a clock that never goes back.
        values: float64 of shape ``(n, len(keys))``.
        offset_ns: Wall clock minus ticks.
    """

    keys: tuple[str, ...]
    steps: npt.NDArray[np.int64]
    ticks: npt.NDArray[np.int64]
    values: npt.NDArray[np.float64]
    offset_ns: int

    @property
    def times(self) -> npt.NDArray[np.float64]:
        """float64 of shape ``(n,)``, seconds of the wall clock."""
        return seconds(self.ticks + self.offset_ns)


@dataclass(slots=True, eq=False)
class Cell:
    """One value that is more than a number.

    Attributes:
        key: Its key.
        step: Its step.
        tick: Nanoseconds of a clock that never goes back.
        offset_ns: Wall clock minus tick.
        kind: Its code in ``codec.KINDS``; 0 for a number that is still on an accelerator.
        value: The value; None once it lies in a file.
        load: Reads it back from there; it returns `LOST` if the file is damaged.
    """

    key: str
    step: Step
    tick: int
    offset_ns: int
    kind: int
    value: Any
    load: Callable[[], Any] | None = None

    def resolve(self) -> Any:
        """The value, from memory or from its file."""
        return self.value if self.load is None else self.load()


@dataclass(frozen=True, slots=True)
class Rewind:
    """Hides every value of its rank at `step` and later steps that was written before it.

    Attributes:
        step: The first step that is hidden; an int n reads as (0, n).
        before: Other segments of the rank to the bytes that they had: what is behind was
            written later, and is not hidden.
    """

    step: Step
    before: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Fact:
    """A record about the run as a whole, for ``facts.About.add``."""

    record: Mapping[str, Any]


Part = Block | Cell | Rewind | Fact
"""What a segment is made of."""


def joined_blocks(blocks: Iterable[Block]) -> list[Block]:
    """Blocks of the same keys, step kind and clock as one, in order of first appearance."""
    groups: dict[tuple[Any, ...], list[Block]] = {}
    for block in blocks:
        groups.setdefault((block.keys, block.steps.ndim, block.offset_ns), []).append(block)
    return [same[0] if len(same) == 1 else _one_block(same) for same in groups.values()]


def _one_block(same: list[Block]) -> Block:
    steps, ticks, values = (
        np.concatenate([getattr(block, name) for block in same])
        for name in ("steps", "ticks", "values")
    )
    return Block(same[0].keys, steps, ticks, values, same[0].offset_ns)
