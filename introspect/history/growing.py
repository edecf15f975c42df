"""Arrays that grow, and rows in the order of steps: what a `Metric` is a view of.

Cost: a row appended O(1), amortised; sorting happens only where steps did not increase strictly.

Not here: what is appended (``columns``), and several writers of one key (``merge``).
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from introspect.nouns.metric import Metric, Step


class Growing:
    """An array that doubles its room. Rows once appended never change, so views stay true."""

    __slots__ = ("length", "room")

    def __init__(self, dtype: Any, shape: tuple[int, ...] = ()) -> None:
        self.room: npt.NDArray[Any] = np.empty((0, *shape), dtype)
        self.length = 0

    def extend(self, rows: npt.NDArray[Any]) -> None:
        """Append rows. O(1) a row, amortised."""
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

    def keep(self, rows: npt.NDArray[np.bool_]) -> None:
        """Only the rows where the mask is set, in new memory: views stay true."""
        self.room = self.room[: self.length][rows]
        self.length = len(self.room)

    def view(self) -> npt.NDArray[Any]:
        """All rows, read-only, not copied."""
        view = self.room[: self.length]
        view.flags.writeable = False
        return view


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
    return Metric(name, _frozen(steps[kept]), _frozen(data[kept]), _frozen(times[kept]))


def paired(steps: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """int64 of shape ``(n, 2)``: an int n reads as (0, n)."""
    return steps if steps.ndim == 2 else np.stack([np.zeros_like(steps), steps], axis=1)


def increases(steps: npt.NDArray[np.int64]) -> bool:
    """Whether each step is later than the one before it."""
    if steps.ndim == 1:
        return bool(np.all(steps[1:] > steps[:-1]))
    later_epoch = steps[1:, 0] > steps[:-1, 0]
    same_epoch = steps[1:, 0] == steps[:-1, 0]
    return bool(np.all(later_epoch | (same_epoch & (steps[1:, 1] > steps[:-1, 1]))))


def _frozen(column: npt.NDArray[Any]) -> npt.NDArray[Any]:
    column.flags.writeable = False
    return column


def is_before(steps: npt.NDArray[np.int64], step: Step) -> npt.NDArray[np.bool_]:
    """Which steps come before one; an int n stands at (0, n).

    Example:
        >>> is_before(np.array([1, 2, 3]), 3).tolist(), is_before(np.array([[1, 9]]), 3).tolist()
        ([True, True, False], [False])
    """
    epoch, number = step if isinstance(step, tuple) else (0, step)
    pairs = paired(steps)
    return (pairs[:, 0] < epoch) | ((pairs[:, 0] == epoch) & (pairs[:, 1] < number))
