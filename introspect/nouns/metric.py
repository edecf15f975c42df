"""Metric: everything a history holds under one key, as columns.

Not here: how values are logged and stored (``introspect.history``), how a metric is
drawn (``introspect.canvas``).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Step = int | tuple[int, int]
"""A step: a number, or (epoch, step within the epoch)."""


def format_step(step: Step) -> str:
    """A step as people read it.

    Example:
        >>> format_step(300), format_step((2, 100))
        ('300', '2:100')
    """
    return f"{step[0]}:{step[1]}" if isinstance(step, tuple) else str(step)


@dataclass(frozen=True, slots=True, eq=False)
class Metric:
    """One key of a history: the steps at which it was logged, and what was logged.

    Attributes:
        name: The key, ``"train_loss"``.
        steps: int64 of shape ``(n,)``, or ``(n, 2)`` for (epoch, step). In the order of
            steps, without repeats. Where kinds mix, an int step reads as (0, step).
        data: float64 of shape ``(n,)`` for scalars; otherwise an object array of shape
            ``(n,)`` holding the arrays, Images or Sketches. Not copied: treat as read-only.
        times: float64 of shape ``(n,)``, seconds since the epoch of the clock.
    """

    name: str
    steps: npt.NDArray[np.int64]
    data: npt.NDArray[Any]
    times: npt.NDArray[np.float64]

    @property
    def is_scalar(self) -> bool:
        """Whether every value is a number."""
        return self.data.dtype != object

    @property
    def formatted_steps(self) -> list[str]:
        """The steps as text: ``"300"`` or ``"2:100"``."""
        return [format_step(step) for step in self.step_keys()]

    @property
    def last(self) -> Any:
        """The newest value: a float, array, Image or Sketch. IndexError if empty."""
        value = self.data[-1]
        return float(value) if self.is_scalar else value

    def step_keys(self) -> Iterator[Step]:
        """The steps as the Python values that were logged: ints or tuples of two ints."""
        if self.steps.ndim == 1:
            return iter(self.steps.tolist())
        return ((epoch, step) for epoch, step in self.steps.tolist())

    def at(self, step: Step) -> Any:
        """The value logged at exactly `step`; an int n finds (0, n). O(n).

        Raises:
            KeyError: If nothing was logged there.
        """
        if self.steps.ndim == 2:
            epoch, number = step if isinstance(step, tuple) else (0, step)
            hits = (self.steps[:, 0] == epoch) & (self.steps[:, 1] == number)
        else:
            hits = np.zeros(len(self), bool) if isinstance(step, tuple) else self.steps == step
        rows = np.flatnonzero(hits)
        if not rows.size:
            raise KeyError(step)
        value = self.data[rows[-1]]
        return float(value) if self.is_scalar else value

    def last_of_epochs(self) -> dict[int, int]:
        """Epoch to the row of its last record. With int steps, each step is its own epoch."""
        epochs = self.steps[:, 0] if self.steps.ndim == 2 else self.steps
        return {int(epoch): row for row, epoch in enumerate(epochs)}

    def __len__(self) -> int:
        return len(self.data)

    def __iter__(self) -> Iterator[tuple[Step, Any]]:
        return zip(self.step_keys(), self.data.tolist(), strict=True)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> npt.NDArray[Any]:  # noqa: FBT001
        if self.is_scalar:
            # NumPy passes copy=None for "only if needed", for which asarray is the word.
            return (
                np.asarray(self.data, dtype=dtype)
                if copy is None
                else np.array(self.data, dtype=dtype, copy=copy)
            )
        if copy is False:
            raise ValueError("the values of this metric can only be stacked into a new array")
        if not len(self):
            return np.empty(0, dtype)
        return np.stack([np.asarray(value, dtype=dtype) for value in self.data])

    def __repr__(self) -> str:
        if not len(self):
            return f"<Metric {self.name}: empty>"
        is_number = isinstance(self.last, float)
        newest = f"{self.last:.4g}" if is_number else type(self.last).__name__
        return (
            f"<Metric {self.name}: {len(self)} values, last {newest} at {self.formatted_steps[-1]}>"
        )
