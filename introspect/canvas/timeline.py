"""Steps to positions on an x axis, and positions to ticks.

An int step is its own position. An (epoch, step) step lies at the beginning of its epoch
plus the step within the epoch, all epochs being as wide as the widest one seen: equal
distances are equal numbers of steps. Users who count steps through the epochs, (1, 469)
after (0, 468), keep their own count as position.

One timeline is made for a whole canvas, so that an epoch is as wide in one panel as in the
next and a film can cut every panel at the same moment.

Cost: O(n) NumPy passes over the steps, 5 ms at 1e6.

Not here: ticks of values (``introspect.canvas.ticks``).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from introspect.canvas.ticks import format_count, nice_ticks

Steps = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Timeline:
    """How steps lie on the x axis.

    Attributes:
        counts_epochs: Whether any step was an (epoch, step).
        first_epoch: The smallest epoch.
        first_step: The smallest step within an epoch.
        width: Steps in an epoch, as far as seen.
        starts: (epoch, position of its beginning) where steps are counted through the epochs;
            empty where they begin anew in each epoch.
    """

    counts_epochs: bool = False
    first_epoch: int = 0
    first_step: int = 0
    width: float = 1.0
    starts: tuple[tuple[int, float], ...] = ()

    @property
    def unit(self) -> str:
        """What a number on the axis is, before the first label."""
        return "step "

    def positions(self, steps: Steps) -> npt.NDArray[np.float64]:
        """float64 ``(n,)`` of int64 ``(n,)`` or ``(n, 2)``."""
        if steps.ndim == 1:
            return steps.astype(np.float64)
        within = steps[:, 1].astype(np.float64)
        if self.starts:
            return within
        return (steps[:, 0] - self.first_epoch) * self.width + (within - self.first_step)

    def position_of_epoch(self, epoch: float) -> float:
        """Where an epoch begins; half epochs lie between."""
        if not self.starts:
            return (epoch - self.first_epoch) * self.width
        known = [float(number) for number, _ in self.starts]
        places = [place for _, place in self.starts]
        step = (places[-1] - places[0]) / (known[-1] - known[0])
        beyond = max(epoch - known[-1], 0.0) + min(epoch - known[0], 0.0)
        return float(np.interp(epoch, known, places)) + beyond * step

    def ticks(self, low: float, high: float, *, most: int, epochs: bool) -> list[tuple[float, str]]:
        """At most `most` (position, label); the first label carries the unit.

        Args:
            low: Left end of the axis.
            high: Right end.
            most: Upper bound of the number of ticks.
            epochs: Whether the axis shows (epoch, step) steps.
        """
        if epochs:
            marks = self._epoch_marks(low, high, most)
            if marks:
                return _with_unit(marks, "epoch")
        whole = [(p, format_count(p)) for p in nice_ticks(low, high, most=most) if p == round(p)]
        return _with_unit(whole or [(low, format_count(low))], "step")

    def _epoch_marks(self, low: float, high: float, most: int) -> list[tuple[float, str]]:
        slack = (high - low) * 1e-9 + 1e-9
        if self.starts:
            all_marks = [(p, e) for e, p in self.starts if low - slack <= p <= high + slack]
        else:
            first = int(np.ceil((low - slack) / self.width))
            last = int(np.floor((high + slack) / self.width))
            stride = max(1, (last - first) // 1000)  # never a list of a million epochs
            all_marks = [
                (i * self.width, self.first_epoch + i) for i in range(first, last + 1, stride)
            ]
        stride = next(s for s in _strides() if len(all_marks) <= most * s)
        return [(p, str(e)) for i, (p, e) in enumerate(all_marks) if i % stride == 0]


def paired(steps: Steps) -> Steps:
    """Steps as (epoch, step): an int n reads as (0, n).

    Example:
        >>> paired(np.array([3, 4])).tolist()
        [[0, 3], [0, 4]]
    """
    if steps.ndim == 2:
        return steps
    return np.stack([np.zeros_like(steps), steps], axis=1)


def counted(epochs: float | tuple[int, ...]) -> Timeline:
    """A timeline of int steps on which epochs are known.

    Args:
        epochs: Steps in an epoch, or the steps at which epochs end.

    Example:
        >>> counted((100, 250)).ticks(0, 250, most=4, epochs=True)
        [(0.0, 'epoch 0'), (100.0, '1'), (250.0, '2')]
    """
    if isinstance(epochs, tuple):
        ends = sorted(set(epochs))
        return Timeline(True, starts=tuple((i, float(end)) for i, end in enumerate([0, *ends])))
    return Timeline(True, width=max(float(epochs), 1e-9))


def timeline(columns: Sequence[Steps]) -> Timeline:
    """The common timeline of many columns of steps.

    Args:
        columns: Each int64 ``(n,)`` or ``(n, 2)``, in order.

    Example:
        >>> line = timeline([np.array([[1, 0], [1, 100], [2, 0], [2, 100]])])
        >>> line.positions(np.array([[2, 50]])).tolist()
        [250.0]
        >>> line.ticks(0, 300, most=4, epochs=True)
        [(0.0, 'epoch 1'), (200.0, '2')]
    """
    pairs = [steps for steps in columns if steps.ndim == 2 and len(steps)]
    if not pairs:
        return Timeline()
    first_epoch = min(int(steps[0, 0]) for steps in pairs)
    first_step = min(int(steps[:, 1].min()) for steps in pairs)
    starts = _counted_through(pairs)
    if starts:
        return Timeline(True, first_epoch, first_step, 1.0, starts)
    width = max(_epoch_width(steps, first_step) for steps in pairs)
    return Timeline(True, first_epoch, first_step, width)


def _epoch_width(steps: Steps, first_step: int) -> float:
    """Steps from the first of an epoch to the first of the next, guessed from one column."""
    inside = np.diff(steps[:, 0]) == 0
    gaps = np.diff(steps[:, 1])[inside]
    gap = float(np.median(gaps)) if gaps.size else 1.0
    return float(steps[:, 1].max()) - first_step + max(gap, 1.0)


def _counted_through(pairs: list[Steps]) -> tuple[tuple[int, float], ...]:
    """Where each epoch begins if the step goes on counting through them; else empty."""
    extent: dict[int, tuple[int, int]] = {}
    for steps in pairs:
        epochs, begins = np.unique(steps[:, 0], return_index=True)
        ends = np.append(begins[1:], len(steps)) - 1
        for epoch, begin, end in zip(epochs.tolist(), begins, ends, strict=True):
            low, high = int(steps[begin, 1]), int(steps[end, 1])
            known = extent.get(epoch, (low, high))
            extent[epoch] = (min(low, known[0]), max(high, known[1]))
    ordered = sorted(extent.items())
    if len(ordered) < 2 or any(b[1][0] <= a[1][1] for a, b in pairwise(ordered)):
        return ()
    return tuple((epoch, float(low)) for epoch, (low, _) in ordered)


def _with_unit(marks: list[tuple[float, str]], unit: str) -> list[tuple[float, str]]:
    if marks:
        marks[0] = (marks[0][0], f"{unit} {marks[0][1]}")
    return marks


def _strides() -> list[int]:
    return [factor * 10**power for power in range(7) for factor in (1, 2, 5)]
