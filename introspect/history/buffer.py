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
from collections import deque
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
        taken: What `take` moved out of both, for whoever called it to take from the left.
    """

    __slots__ = ("_known", "_moving", "_offset_ns", "cells", "rows", "taken")

    def __init__(self) -> None:
        self.rows: dict[type, dict[str | tuple[str, ...], Row]] = {int: {}, tuple: {}}
        self.cells: deque[Cell] = deque()
        self.taken: deque[Block | Cell] = deque()
        self._moving: tuple[bytearray, bytes, Block] | None = None
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

    def take(self) -> None:
        """Move everything so far to `taken`. One taker at a time.

        Ctrl-C may come between any two lines of it, and nothing is lost: what is being moved
        is known, and the next call sees whether it had left its buffer.
        """
        self._finish()
        offset_ns = self.offset_ns
        for (step_type, keys), (buffer, _) in list(self._known.items()):
            if buffer:
                packed = bytes(buffer)
                self._moving = (buffer, packed, _block(step_type, keys, packed, offset_ns))
                del buffer[: len(packed)]
                self._finish()
        while self.cells:
            cell = self.cells[0]
            if not self.taken or self.taken[-1] is not cell:
                self.taken.append(cell)
            self.cells.popleft()

    def _finish(self) -> None:
        """Append the block that left its buffer; rows hold nanoseconds, so none is like another."""
        if self._moving is not None:
            buffer, packed, block = self._moving
            if not buffer.startswith(packed) and not (self.taken and self.taken[-1] is block):
                self.taken.append(block)
            self._moving = None


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
