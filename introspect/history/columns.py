"""Blocks and cells to the growable columns behind a `Metric`.

Cost: adding a block is O(keys); making a Metric copies each row once, when its key is
first read, so reading after every log is O(1) amortised. Sorting happens only for keys
whose steps did not increase strictly. 24 bytes a value that was read, 8 x (2 + k) / k
bytes a value of a row of k that was not.

Not here: bytes (``segment``, ``codec``), locks (``writer``).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from introspect.history.blocks import LOST, Block, Cell
from introspect.nouns.metric import Metric, Step

_FULL = 512  # pending parts after which a column of numbers is copied, read or not


@dataclass(frozen=True, slots=True, eq=False)
class _Part:
    """Rows of one key on their way into a column."""

    steps: npt.NDArray[np.int64]
    ticks: npt.NDArray[np.int64]
    times: npt.NDArray[np.float64]
    data: npt.NDArray[Any]


class _Growing:
    """An array that doubles its room. Rows once appended never change, so views stay true."""

    __slots__ = ("length", "room")

    def __init__(self, dtype: Any, shape: tuple[int, ...] = ()) -> None:
        self.room: npt.NDArray[Any] = np.empty((0, *shape), dtype)
        self.length = 0

    def extend(self, rows: npt.NDArray[Any]) -> None:
        end = self.length + len(rows)
        if end > len(self.room):
            self._recast(self.room.dtype, self.room.shape[1:], max(16, end, 2 * self.length))
        self.room[self.length : end] = rows
        self.length = end

    def _recast(self, dtype: Any, shape: tuple[int, ...], size: int) -> None:
        room = np.empty((size, *shape), dtype)
        if len(shape) > self.room.ndim - 1:  # ints join (epoch, step): n reads as (0, n)
            room[: self.length, 0] = 0
            room[: self.length, 1] = self.room[: self.length]
        else:
            room[: self.length] = self.room[: self.length]
        self.room = room

    def widen(self, dtype: Any, shape: tuple[int, ...] = ()) -> None:
        """Numbers become objects, or int steps become pairs, in new memory."""
        if self.room.dtype != dtype or self.room.shape[1:] != shape:
            self._recast(dtype, shape, len(self.room))

    def view(self) -> npt.NDArray[Any]:
        view = self.room[: self.length]
        view.flags.writeable = False
        return view


class Column:
    """Everything logged under one key, in the order in which it was logged."""

    __slots__ = ("_data", "_increasing", "_parts", "_sorted", "_steps", "_times", "count", "name")

    def __init__(self, name: str) -> None:
        self.name = name
        self.count = 0
        self._parts: list[tuple[Block, int] | Cell] = []
        self._steps = _Growing(np.int64)
        self._times = _Growing(np.float64)
        self._data = _Growing(np.float64)
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

    def metric(self) -> Metric:
        """The column as a Metric: views where the steps increase strictly, else sorted."""
        self._settle()
        if self._increasing:
            return Metric(self.name, self._steps.view(), self._data.view(), self._times.view())
        if self._sorted is None:
            parts = (self._steps.view(), self._data.view(), self._times.view())
            self._sorted = sorted_metric(self.name, *parts)
        return self._sorted

    def last(self) -> Any:
        """The value logged last; `LOST` if there is none."""
        newest = max(self._parts, key=_last_tick, default=None)
        if isinstance(newest, Cell):
            return newest.resolve()
        if newest is not None:
            return float(newest[0].values[-1, newest[1]])
        return self._data.room[self._data.length - 1] if self._data.length else LOST

    def _settle(self) -> None:
        """Copy what is pending into the growing arrays."""
        pending, self._parts = self._parts, []
        parts = [part for part in map(_part, pending) if part is not None]
        if not parts:
            return
        whole = _joined(parts)
        if whole.data.dtype == object:
            self._data.widen(np.dtype(object))
        width = whole.steps.shape[1:]
        if self._steps.length == 0 or width:
            self._steps.widen(np.dtype(np.int64), width)
        steps = _pairs(whole.steps) if self._steps.room.ndim == 2 else whole.steps
        seen = self._steps.length
        self._steps.extend(steps)
        self._times.extend(whole.times)
        self._data.extend(whole.data)
        self._sorted = None
        fresh = self._steps.room[max(0, seen - 1) : self._steps.length]
        self._increasing = self._increasing and _increases(fresh)


class Columns:
    """Every key of one attempt, in the order in which they were first logged."""

    __slots__ = ("by_key", "first_tick", "last_step", "last_tick", "value_count")

    def __init__(self) -> None:
        self.by_key: dict[str, Column] = {}
        self.first_tick: int | None = None
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
        self._passed(int(block.ticks[0]), int(block.ticks[-1]), step)

    def add_cell(self, cell: Cell) -> None:
        """Add one value."""
        self._column(cell.key).add(cell)
        self.value_count += 1
        self._passed(cell.tick, cell.tick, cell.step)

    @property
    def total_ns(self) -> int:
        """From the first log to the last."""
        return 0 if self.first_tick is None else self.last_tick - self.first_tick

    def _column(self, key: str) -> Column:
        column = self.by_key.get(key)
        if column is None:
            column = self.by_key[key] = Column(key)
        return column

    def _passed(self, first: int, last: int, step: Step) -> None:
        if self.first_tick is None or first < self.first_tick:
            self.first_tick = first
        if self.last_step is None or last >= self.last_tick:
            self.last_tick, self.last_step = last, step


def sorted_metric(
    name: str,
    steps: npt.NDArray[np.int64],
    data: npt.NDArray[Any],
    times: npt.NDArray[np.float64],
) -> Metric:
    """A Metric in the order of steps; of rows with one step, the last is kept.

    Args:
        name: The key.
        steps: int64 of shape ``(n,)`` or ``(n, 2)``.
        data: Of shape ``(n,)``.
        times: float64 of shape ``(n,)``.

    Example:
        >>> arrays = np.array([3, 1, 3]), np.array([0.1, 0.2, 0.3]), np.zeros(3)
        >>> sorted_metric("loss", *arrays).data.tolist()
        [0.2, 0.3]
    """
    rows = np.lexsort(steps.T[::-1]) if steps.ndim == 2 else np.argsort(steps, kind="stable")
    ordered = steps[rows]
    differs = ordered[1:] != ordered[:-1]
    is_last = np.append(
        differs.any(axis=1) if steps.ndim == 2 else differs, [True] * (len(rows) > 0)
    )
    kept = rows[is_last]
    return Metric(name, *(_frozen(column[kept]) for column in (steps, data, times)))


def merged_metric(name: str, metrics: Sequence[Metric]) -> Metric:
    """Several writers of one key as one Metric; at one step, the later of `metrics` wins."""
    if len(metrics) == 1:
        return metrics[0]
    is_pair = any(metric.steps.ndim == 2 for metric in metrics)
    steps = np.concatenate([_pairs(m.steps) if is_pair else m.steps for m in metrics])
    data = np.concatenate([metric.data for metric in metrics])
    return sorted_metric(name, steps, data, np.concatenate([metric.times for metric in metrics]))


def _last_tick(part: tuple[Block, int] | Cell) -> int:
    return part.tick if isinstance(part, Cell) else int(part[0].ticks[-1])


def _part(pending: tuple[Block, int] | Cell) -> _Part | None:
    if isinstance(pending, tuple):
        block, index = pending
        return _Part(block.steps, block.ticks, block.times, block.values[:, index])
    value = pending.resolve()
    if value is LOST:
        return None
    data = np.empty(1, object)
    data[0] = value
    times = np.array([(pending.tick + pending.offset_ns) / 1e9])
    return _Part(np.array([pending.step], np.int64), np.array([pending.tick]), times, data)


def _joined(parts: list[_Part]) -> _Part:
    """Parts as one, in the order of their ticks."""
    if len(parts) == 1:
        return parts[0]
    is_pair = any(part.steps.ndim == 2 for part in parts)
    steps = np.concatenate([_pairs(part.steps) if is_pair else part.steps for part in parts])
    ticks = np.concatenate([part.ticks for part in parts])
    times = np.concatenate([part.times for part in parts])
    data = np.concatenate([part.data for part in parts])
    if np.all(ticks[1:] >= ticks[:-1]):
        return _Part(steps, ticks, times, data)
    # Calls that named other sets of keys were buffered apart: {a, b} then {a}.
    order = np.argsort(ticks, kind="stable")
    return _Part(steps[order], ticks[order], times[order], data[order])


def _pairs(steps: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """int64 of shape ``(n, 2)``: an int n reads as (0, n)."""
    return steps if steps.ndim == 2 else np.stack([np.zeros_like(steps), steps], axis=1)


def _increases(steps: npt.NDArray[np.int64]) -> bool:
    if steps.ndim == 1:
        return bool(np.all(steps[1:] > steps[:-1]))
    later_epoch = steps[1:, 0] > steps[:-1, 0]
    same_epoch = steps[1:, 0] == steps[:-1, 0]
    return bool(np.all(later_epoch | (same_epoch & (steps[1:, 1] > steps[:-1, 1]))))


def _frozen(column: npt.NDArray[Any]) -> npt.NDArray[Any]:
    column.flags.writeable = False
    return column
