"""What all panels over a metric have in common: steps, and a value for each.

Axes:
    n: values of one metric
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self, overload

import numpy as np
import numpy.typing as npt

Steps = npt.NDArray[np.int64]
"""int64 ``(n,)``, or ``(n, 2)`` for (epoch, step); in order."""


@dataclass(frozen=True, slots=True, eq=False)
class Stepped:
    """Values that were logged at steps, or one value without a step.

    Attributes:
        name: Of the metric.
        steps: int64 ``(n,)`` or ``(n, 2)``; None for a single value without a step.
        data: ``n`` values, the newest last; each kind says of what. Grows at its end only:
            a row that was there does not change.
    """

    name: str
    steps: Steps | None
    data: Sequence[Any]


@dataclass(frozen=True, slots=True, eq=False)
class Rows(Sequence[npt.NDArray[np.float64]]):
    """Scalar columns side by side, read as one row of numbers for each step.

    Columns that are shorter than the longest are missing at the beginning: their newest
    values stand in the last row. Making one costs nothing, whatever the length.

    Attributes:
        columns: ``k`` arrays of float64 ``(n,)`` or shorter.
        length: ``n``.

    Example:
        >>> rows = Rows((np.array([1.0, 2.0]), np.array([5.0])), 2)
        >>> [row.tolist() for row in rows]
        [[1.0, nan], [2.0, 5.0]]
        >>> len(rows[:1])
        1
    """

    columns: tuple[npt.NDArray[np.float64], ...]
    length: int

    def __len__(self) -> int:
        return self.length

    @overload
    def __getitem__(self, index: int) -> npt.NDArray[np.float64]: ...
    @overload
    def __getitem__(self, index: slice) -> "Self | list[npt.NDArray[np.float64]]": ...
    def __getitem__(self, index: int | slice) -> Any:
        if isinstance(index, slice):
            start, stop, stride = index.indices(self.length)
            if start == 0 and stride == 1:
                cut = [c[: max(stop - (self.length - len(c)), 0)] for c in self.columns]
                return type(self)(tuple(cut), stop)
            return [self[at] for at in range(start, stop, stride)]
        at = index + self.length if index < 0 else index
        if not 0 <= at < self.length:
            raise IndexError(index)
        places = [at - (self.length - len(column)) for column in self.columns]
        return np.array(
            [
                float(column[place]) if place >= 0 else np.nan
                for column, place in zip(self.columns, places, strict=True)
            ]
        )
