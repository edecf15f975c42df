"""The training thread's side: what was logged and not yet taken.

A call ``log(step, a=..., b=...)`` of numbers is one packed row in the bytearray of that set
of keys::

    int64 step (two for (epoch, step)) | int64 tick_ns | float64 for each key

so that a call costs one lookup, one `struct.pack` and one `+=`, and the rows need no
further parsing: taken as bytes, they are a NumPy array.

Measured, Python 3.11, one scalar / ten (the empty call: 0.07 / 0.41 us):
one 40-byte record for each value 0.53 / 2.07 us; one row for each call 0.42 / 1.47 us, and
a row stores its step and time once.

Thread safety rests on the GIL: `+=` of bytes, ``bytes(buffer)`` and ``del buffer[:n]`` are
one step each. Nobody may hold a memoryview of a buffer, for then `+=` would raise.

Not here: `log` itself (``history``), who takes and when (``writer``).
"""

import struct
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from introspect.history.blocks import Block, Cell

Row = tuple[bytearray, Callable[..., bytes]]
"""Where the rows of one set of keys go, and what packs one."""

MOST_KEY_SETS = 4096
"""Sets of keys with a buffer of their own; further sets are logged key by key."""

_CLOCK_STEP_NS = 50_000_000  # a wall clock that moved by less against the ticks has not been set


class Buffer:
    """Rows and cells in the order of the calls.

    Attributes:
        rows: For the hot path: type of step to (key, or tuple of keys) to `Row`. Emptied by
            `interrupt`; a missing entry sends the next call of `log` the long way.
        cells: Values that are more than numbers.
    """

    __slots__ = ("_known", "_offset_ns", "cells", "rows")

    def __init__(self) -> None:
        self.rows: dict[type, dict[str | tuple[str, ...], Row]] = {int: {}, tuple: {}}
        self.cells: list[Cell] = []
        self._known: dict[tuple[type, tuple[str, ...]], Row] = {}
        self._offset_ns = time.time_ns() - time.perf_counter_ns()

    def row(self, step_type: type, keys: tuple[str, ...]) -> Row | None:
        """The row of these keys, now on the hot path; None if there are too many sets."""
        row = self._known.get((step_type, keys))
        if row is None:
            if len(keys) > 1 and len(self._known) >= MOST_KEY_SETS:
                return None
            integers = "qq" if step_type is int else "qqq"
            row = (bytearray(), struct.Struct(f"<{integers}{len(keys)}d").pack)
            # setdefault: two threads may meet here, and both must get the same bytearray.
            row = self._known.setdefault((step_type, keys), row)
        self.rows[step_type][keys if len(keys) != 1 else keys[0]] = row
        return row

    def interrupt(self) -> None:
        """Send the next call of `log` the long way, where it looks after warnings."""
        for by_keys in self.rows.values():
            by_keys.clear()

    @property
    def offset_ns(self) -> int:
        """Wall clock minus ticks; steady, unless the wall clock was set."""
        offset = time.time_ns() - time.perf_counter_ns()
        if abs(offset - self._offset_ns) > _CLOCK_STEP_NS:
            self._offset_ns = offset
        return self._offset_ns

    def take(self) -> tuple[list[Block], list[Cell]]:
        """Everything so far, which leaves the buffer. One taker at a time."""
        offset_ns = self.offset_ns
        blocks = []
        for (step_type, keys), (buffer, _) in list(self._known.items()):
            if buffer:
                packed = bytes(buffer)
                del buffer[: len(packed)]
                blocks.append(_block(step_type, keys, packed, offset_ns))
        cells = self.cells[:]
        del self.cells[: len(cells)]
        return blocks, cells


def _block(step_type: type, keys: tuple[str, ...], packed: bytes, offset_ns: int) -> Block:
    step_width = 1 if step_type is int else 2
    table: Any = np.frombuffer(packed, "<i8").reshape(-1, step_width + 1 + len(keys))
    return Block(
        keys=keys,
        steps=table[:, 0] if step_width == 1 else table[:, :2],
        ticks=table[:, step_width],
        values=table[:, step_width + 1 :].view("<f8"),
        offset_ns=offset_ns,
    )
