"""Blocks and cells to the growable columns behind a `Metric`.

Cost: adding a block is O(keys); making a Metric copies each row once, when its key is
first read, so reading after every log is O(1) amortised. Sorting happens only for keys
whose steps did not increase strictly. 24 bytes a value that was read, 8 x (2 + k) / k
bytes a value of a row of k that was not.

Not here: bytes (``segment``, ``codec``), locks (``writer``), several writers (``merge``).
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from introspect.history.blocks import LOST, Block, Cell, seconds
from introspect.history.growing import Growing, increases, is_before, paired, sorted_metric
from introspect.nouns.metric import Metric, Step
from introspect.nouns.pyramid import Pyramid

_FULL = 512  # pending parts after which a column of numbers is copied, read or not


@dataclass(frozen=True, slots=True, eq=False)
class _Part:
    """Rows of one key on their way into a column."""

    steps: npt.NDArray[np.int64]
    ticks: npt.NDArray[np.int64]
    times: npt.NDArray[np.float64]
    data: npt.NDArray[Any]


class Column:
    """Everything logged under one key, in the order in which it was logged.

    Attributes:
        name: The key.
        count: Values in it.
        version: Counts what changed rows that were there before.
    """

    __slots__ = (
        "_data", "_increasing", "_length", "_parts", "_pyramid", "_sorted", "_steps", "_times",
        "count", "name", "version",
    )  # fmt: skip

    def __init__(self, name: str) -> None:
        self.name = name
        self.count = 0
        self.version = 0
        self._parts: list[tuple[Block, int] | Cell] = []
        self._clear()

    def _clear(self) -> None:
        self._steps = Growing(np.int64)
        self._times = Growing(np.float64)
        self._data = Growing(np.float64)
        self._pyramid = Pyramid()
        self._length = 0  # rows that are in all three
        self._increasing = True
        self._sorted: Metric | None = None

    def add(self, part: tuple[Block, int] | Cell) -> None:
        """Remember a part; it is copied when the key is read, or when there are many."""
        self._parts.append(part)
        if isinstance(part, Cell):
            self.count += 1
            return
        self.count += len(part[0].ticks)
        if len(self._parts) >= _FULL and not any(isinstance(p, Cell) for p in self._parts):
            self._settle()

    def metric(self, rank: int = 0) -> Metric:
        """The column as a Metric: views where the steps increase strictly, else sorted."""
        self._settle()
        parts = (self._steps.view(), self._data.view(), self._times.view())
        if self._increasing:
            return Metric(self.name, *parts, rank=rank, pyramid=self._pyramid)
        if self._sorted is None:
            self._sorted = replace(sorted_metric(self.name, *parts), rank=rank)
        return self._sorted

    def rewind(self, step: Step) -> None:
        """Drop every value at `step` and later steps. O(n); nothing is decoded."""
        kept = [_pending_before(part, step) for part in self._parts]
        self._parts = [part for part in kept if part is not None]
        rows = is_before(self._steps.view(), step)
        if not rows.all():
            for column in (self._steps, self._times, self._data):
                column.keep(rows)
            self._length = self._steps.length
            self._increasing = increases(self._steps.view())
            self._sorted, self._pyramid = None, Pyramid()
        pending = sum(1 if isinstance(p, Cell) else len(p[0].ticks) for p in self._parts)
        self.count = pending + self._steps.length
        self.version += 1

    def last(self) -> Any:
        """The value logged last; `LOST` if there is none."""
        newest = max(self._parts, key=_last_tick, default=None)
        if isinstance(newest, Cell):
            return newest.resolve()
        if newest is not None:
            return float(newest[0].values[-1, newest[1]])
        return self._data.room[self._data.length - 1] if self._data.length else LOST

    def last_time_s(self) -> float:
        """When the newest value was logged; -inf if there is none."""
        times = [float(self._times.room[self._times.length - 1])] if self._times.length else []
        times += [seconds(_last_tick(p) + _offset_ns(p)) for p in self._parts]
        return max(times, default=-np.inf)

    def last_step(self) -> Step | None:
        """The step at which the newest value was logged."""
        newest = max(self._parts, key=_last_tick, default=None)
        if isinstance(newest, Cell):
            return newest.step
        rows = self._steps.view() if newest is None else newest[0].steps
        row = rows[-1].tolist() if len(rows) else None
        return (row[0], row[1]) if isinstance(row, list) else row

    def _settle(self) -> None:
        """Copy what is pending into the growing arrays."""
        pending = self._parts[:]
        parts = [part for part in map(_part, pending) if part is not None]
        if parts:
            self._append(_joined(parts))
        del self._parts[: len(pending)]

    def _append(self, whole: _Part) -> None:
        """Append rows; Ctrl-C in between leaves the column as it was."""
        length = self._length
        for column in (self._steps, self._times, self._data):
            column.length = length
        if whole.data.dtype == object:
            self._data.widen(np.dtype(object))
        width = whole.steps.shape[1:]
        if length == 0 or width:
            self._steps.widen(np.dtype(np.int64), width)
        self._steps.extend(paired(whole.steps) if self._steps.room.ndim == 2 else whole.steps)
        self._times.extend(whole.times)
        self._data.extend(whole.data)
        self._sorted = None
        fresh = self._steps.room[max(0, length - 1) : self._steps.length]
        self._increasing = self._increasing and increases(fresh)
        if not self._increasing:
            self.version += 1  # rows may come in between others
        self._length = self._steps.length


class Columns:
    """Every key of one attempt, in the order in which they were first logged."""

    __slots__ = ("by_key", "first_tick", "first_time_ns", "last_step", "last_tick", "value_count")

    def __init__(self) -> None:
        self.by_key: dict[str, Column] = {}
        self.first_tick: int | None = None
        self.first_time_ns = 0
        self.last_tick: int = 0
        self.last_step: Step | None = None
        self.value_count = 0

    def add_block(self, block: Block) -> None:
        """Add rows. O(keys)."""
        for index, key in enumerate(block.keys):
            self._column(key).add((block, index))
        self.value_count += block.values.size
        newest = block.steps[-1].tolist()
        step = tuple(newest) if isinstance(newest, list) else newest
        self._passed(int(block.ticks[0]), int(block.ticks[-1]), block.offset_ns, step)

    def add_cell(self, cell: Cell) -> None:
        """Add one value."""
        self._column(cell.key).add(cell)
        self.value_count += 1
        self._passed(cell.tick, cell.tick, cell.offset_ns, cell.step)

    def rewind(self, step: Step) -> None:
        """Drop every value at `step` and later steps, and the keys that have none left."""
        for column in self.by_key.values():
            column.rewind(step)
        self.by_key = {key: column for key, column in self.by_key.items() if column.count}
        self.value_count = sum(column.count for column in self.by_key.values())
        newest = max(self.by_key.values(), key=Column.last_time_s, default=None)
        self.last_step = None if newest is None else newest.last_step()

    @property
    def total_ns(self) -> int:
        """From the first log to the last."""
        return 0 if self.first_tick is None else self.last_tick - self.first_tick

    def _column(self, key: str) -> Column:
        column = self.by_key.get(key)
        if column is None:
            column = self.by_key[key] = Column(key)
        return column

    def _passed(self, first: int, last: int, offset_ns: int, step: Step) -> None:
        if self.first_tick is None or first < self.first_tick:
            self.first_tick, self.first_time_ns = first, first + offset_ns
        if self.last_step is None or last >= self.last_tick:
            self.last_tick, self.last_step = last, step


def part_before(part: Block | Cell, step: Step) -> Block | Cell | None:
    """What of a block or cell comes before a step; None if nothing does."""
    if isinstance(part, Cell):
        return part if is_before(np.array([part.step], np.int64), step)[0] else None
    rows = is_before(part.steps, step)
    if rows.all():
        return part
    if not rows.any():
        return None
    return replace(part, steps=part.steps[rows], ticks=part.ticks[rows], values=part.values[rows])


def _pending_before(part: tuple[Block, int] | Cell, step: Step) -> tuple[Block, int] | Cell | None:
    if isinstance(part, Cell):
        return part if part_before(part, step) is part else None
    block = part_before(part[0], step)
    return (block, part[1]) if isinstance(block, Block) else None


def _last_tick(part: tuple[Block, int] | Cell) -> int:
    return part.tick if isinstance(part, Cell) else int(part[0].ticks[-1])


def _offset_ns(part: tuple[Block, int] | Cell) -> int:
    return part.offset_ns if isinstance(part, Cell) else part[0].offset_ns


def _part(pending: tuple[Block, int] | Cell) -> _Part | None:
    if isinstance(pending, tuple):
        block, index = pending
        return _Part(block.steps, block.ticks, block.times, block.values[:, index])
    value = pending.resolve()
    if value is LOST:
        return None
    data = np.empty(1, object)
    data[0] = value
    times = np.array([seconds(pending.tick + pending.offset_ns)])
    return _Part(np.array([pending.step], np.int64), np.array([pending.tick]), times, data)


def _joined(parts: list[_Part]) -> _Part:
    """Parts as one, in the order of their ticks."""
    if len(parts) == 1:
        return parts[0]
    is_pair = any(part.steps.ndim == 2 for part in parts)
    steps = np.concatenate([paired(part.steps) if is_pair else part.steps for part in parts])
    ticks = np.concatenate([part.ticks for part in parts])
    times = np.concatenate([part.times for part in parts])
    data = np.concatenate([part.data for part in parts])
    if np.all(ticks[1:] >= ticks[:-1]):
        return _Part(steps, ticks, times, data)
    # Calls that named other sets of keys were buffered apart: {a, b} then {a}.
    order = np.argsort(ticks, kind="stable")
    return _Part(steps[order], ticks[order], times[order], data[order])
