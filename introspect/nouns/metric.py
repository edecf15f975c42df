"""Metric: everything a history holds under one key, as columns.

Not here: how values are logged and stored (``introspect.history``), how a metric is
drawn (``introspect.canvas``).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from introspect.errors import HistoryError
from introspect.nouns.metric_tables import arrow_stream, data_frame
from introspect.nouns.pyramid import Pyramid
from introspect.nouns.ranks import Ranks
from introspect.nouns.smoothing import smoothed

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
        rank: Of the process that logged it; the lowest, if several did.
        parts: Where several ranks logged: what each did, lowest rank first. Else empty.
        pyramid: Where the extremes of many rows are, for `thinned`; built when first asked.
    """

    name: str
    steps: npt.NDArray[np.int64]
    data: npt.NDArray[Any]
    times: npt.NDArray[np.float64]
    rank: int = 0
    parts: "tuple[Metric, ...]" = ()
    pyramid: Pyramid = field(default_factory=Pyramid, repr=False)

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

    @property
    def paired_steps(self) -> npt.NDArray[np.int64]:
        """The steps as int64 of shape ``(n, 2)``: an int n reads as (0, n)."""
        if self.steps.ndim == 2:
            return self.steps
        return np.stack([np.zeros_like(self.steps), self.steps], axis=1)

    def min(self) -> float:
        """The smallest value; NaN is passed over, unless there is nothing else. O(n).

        Raises:
            HistoryError: If there are no values, or they are not numbers.

        Example:
            >>> from introspect import History
            >>> history = History()
            >>> for step, loss in enumerate([3.0, 1.0, 2.0]):
            ...     history.log(step, loss=loss)
            >>> history["loss"].min(), history["loss"].max()
            (1.0, 3.0)
        """
        return float(np.fmin.reduce(self._numbers("min()")))

    def max(self) -> float:
        """The largest value; NaN is passed over, unless there is nothing else. O(n).

        Raises:
            HistoryError: If there are no values, or they are not numbers.
        """
        return float(np.fmax.reduce(self._numbers("max()")))

    def smoothed(self, weight: float = 0.9) -> "Metric":
        """A Metric of the debiased exponential moving average, as TensorBoard draws it.

        Args:
            weight: 0 (nothing changes) to less than 1.

        Raises:
            HistoryError: If the weight is outside, or the values are not numbers.
        """
        data = smoothed(self._numbers("smoothed()", may_be_empty=True), weight)
        parts = tuple(part.smoothed(weight) for part in self.parts)
        return replace(self, data=data, parts=parts, pyramid=Pyramid())

    def thinned(
        self, low: Step | None = None, high: Step | None = None, *, width_px: int = 1000
    ) -> "Metric":
        """The rows that a curve of so many pixels needs: its look is that of all rows.

        Of the rows in each column of pixels the first, the smallest, the largest and the last are
        kept, with their own steps; of the rows outside only the nearest one on each side.

        Args:
            low: The first step shown; None for the first there is.
            high: The last step shown; None for the last there is.
            width_px: Columns of pixels. Steps of two parts are spread by their order.

        Returns:
            A Metric of at most ``4 * width_px + 2`` rows. O(width_px + log n), and O(n) once for
            a column that was never asked before.

        Raises:
            HistoryError: If the values are not numbers, or `width_px` is less than 1.

        Example:
            >>> steps = np.arange(1_000_000)
            >>> data = np.sin(steps / 1e5)
            >>> data[123_456] = 7.0
            >>> thin = Metric("loss", steps, data, np.zeros(1_000_000)).thinned(width_px=100)
            >>> len(thin) <= 402, thin.at(123_456)
            (True, 7.0)
        """
        data = self._numbers("thinned()", may_be_empty=True)
        if width_px < 1:
            raise HistoryError("a picture is at least one pixel wide.", given=f"{width_px=}")
        first = 0 if low is None else self._place(low, "left")
        end = len(self) if high is None else self._place(high, "right")
        if end - first <= 4 * width_px:
            rows = np.arange(first, max(first, end))
        else:
            edges = self._pixel_edges(first, end, width_px)
            starts, ends = edges[:-1][edges[:-1] < edges[1:]], edges[1:][edges[:-1] < edges[1:]]
            extremes = self.pyramid.extremes(data, starts, ends)
            rows = np.unique(np.concatenate([starts, *extremes, ends - 1]))
        around = [row for row in (first - 1, end) if 0 <= row < len(self)]
        kept = np.unique(np.append(rows, np.array(around, np.int64)))
        columns = {name: getattr(self, name)[kept] for name in ("steps", "data", "times")}
        return replace(self, **columns, parts=(), pyramid=Pyramid())

    def by_rank(self) -> Ranks:
        """What each rank of a distributed training logged, and `Ranks.mean` of them.

        Example:
            >>> Metric("loss", np.arange(1), np.ones(1), np.ones(1), rank=3).by_rank()
            <Ranks loss: 3>
        """
        return Ranks({part.rank: part for part in self.parts or (self,)})

    def to_pandas(self) -> Any:
        """A ``pandas.DataFrame`` of ``step`` (and ``epoch``), ``time`` and ``value``.

        It has a column ``rank``, too, where several ranks logged.

        Raises:
            MissingExtraError: If pandas is not installed.
            HistoryError: If the values are not numbers.
        """
        return data_frame(self)

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

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        return arrow_stream(self, requested_schema)

    def _numbers(self, what: str, *, may_be_empty: bool = False) -> npt.NDArray[np.float64]:
        if self.is_scalar and (len(self) or may_be_empty):
            return self.data
        raise HistoryError(
            f"{what} needs numbers.",
            where=f"history[{self.name!r}].{what}",
            given=f"values of {type(self.last).__name__}" if len(self) else "no values",
        )

    def _place(self, step: Step, side: Any) -> int:
        """The row before or behind which a step belongs. O(log n)."""
        epoch, number = step if isinstance(step, tuple) else (0, step)
        if self.steps.ndim == 1:
            if epoch:
                return 0 if epoch < 0 else len(self)
            return int(np.searchsorted(self.steps, number, side))
        low = int(np.searchsorted(self.steps[:, 0], epoch, "left"))
        high = int(np.searchsorted(self.steps[:, 0], epoch, "right"))
        return low + int(np.searchsorted(self.steps[low:high, 1], number, side))

    def _pixel_edges(self, first: int, end: int, width_px: int) -> npt.NDArray[np.int64]:
        """The first row of each column of pixels, and `end`. O(width_px log n)."""
        if self.steps.ndim == 2:
            return np.linspace(first, end, width_px + 1).astype(np.int64)
        low, high = float(self.steps[first]), float(self.steps[end - 1])
        between = np.ceil(np.linspace(low, high, width_px + 1)[1:-1])
        # As int64, or searchsorted would copy the whole column into floats.
        edges = np.clip(between, -(2.0**63), 2.0**63 - 1024).astype(np.int64)
        return np.concatenate(
            [[first], first + np.searchsorted(self.steps[first:end], edges), [end]]
        )

    def __repr__(self) -> str:
        if not len(self):
            return f"<Metric {self.name}: empty>"
        is_number = isinstance(self.last, float)
        newest = f"{self.last:.4g}" if is_number else type(self.last).__name__
        return (
            f"<Metric {self.name}: {len(self)} values, last {newest} at {self.formatted_steps[-1]}>"
        )
