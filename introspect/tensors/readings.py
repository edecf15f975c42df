"""Reading: what was found in one tensor at one step, and the numbers beside its Sketch.

A Reading adds: of two micro-batches, two shards, two ranks. The numbers are taken when
nothing more is to be added.

Cost: 20 us for the numbers of one reading.

Not here: where readings come from (``introspect.tensors.recording``,
``introspect.tensors.taps``).
"""

from dataclasses import dataclass
from math import isfinite, sqrt
from typing import Any

import numpy as np
import numpy.typing as npt

from introspect.nouns.float_bins import edges
from introspect.nouns.sketch import Sketch

SATURATED_SHARE = 1 / 32
"""How near an end of its range, as a share of that range, a bounded unit is saturated."""

LINEAR_BINS = 64


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """One tensor at one step.

    Attributes:
        sketch: Counts of its values.
        size: How many values it has; more than ``sketch.n`` if only a sample was counted.
        base_squares: Of an update: the sum of squares of the weights before it, over the same
            values. None otherwise.
        alive: Of an activation: bool of shape ``(channels,)``, False where a channel was zero
            throughout. None otherwise.
        linear: Of a bounded activation: int64 of shape ``(64,)``, counts over its range in
            bins of equal width, since those of a sketch are wide near 1. None otherwise.
    """

    sketch: Sketch
    size: int
    base_squares: float | None = None
    alive: npt.NDArray[np.bool_] | None = None
    linear: npt.NDArray[np.int64] | None = None

    def __add__(self, other: "Reading") -> "Reading":
        return Reading(
            self.sketch + other.sketch,
            self.size + other.size,
            _either(self.base_squares, other.base_squares, lambda a, b: a + b),
            _either(self.alive, other.alive, _alive_in_one),
            _either(self.linear, other.linear, lambda a, b: a + b),
        )


def _either(one: Any, two: Any, joined: Any) -> Any:
    return two if one is None else one if two is None else joined(one, two)


def _alive_in_one(one: npt.NDArray[np.bool_], two: npt.NDArray[np.bool_]) -> Any:
    return one | two if one.shape == two.shape else two


def numbers(reading: Reading) -> dict[str, float]:
    """The numbers beside a sketch, by the last part of their keys; those that exist.

    ==============  ===============================================================
    ``norm``        root of the sum of squares of the finite values
    ``zeros``       share of exact zeros
    ``nan, inf``    how many
    ``peak``        largest magnitude as a multiple of its 99.9 % quantile
    ``ratio``       of an update: its norm as a share of that of the weights
    ``dead``        of an activation: share of channels that were zero throughout
    ``saturated``   of a bounded one: share of units within 1/32 of its range's ends
    ==============  ===============================================================

    Example:
        >>> numbers(Reading(Sketch.of([3.0, -4.0, 0.0, 0.0]), 4))["norm"]
        5.0
    """
    sketch = reading.sketch
    finite = sketch.finite
    found = {"nan": float(sketch.nans), "inf": float(sum(sketch.infinities))}
    counted = finite + sketch.nans + sum(sketch.infinities)
    scale = reading.size / counted if counted else 1.0
    found["norm"] = sqrt(sketch.sum_squares * scale)
    if finite:
        found["peak"] = peak(sketch)
    if reading.base_squares:
        found["ratio"] = sqrt(sketch.sum_squares / reading.base_squares)
    found |= shares(reading)
    return {key: value for key, value in found.items() if isfinite(value)}


def shares(reading: Reading) -> dict[str, float]:
    """Those of the numbers that mean something for a part of a tensor, too."""
    sketch, found = reading.sketch, {}
    finite = sketch.finite
    if finite:
        place = int(np.searchsorted(sketch.bins, 0))
        is_there = place < len(sketch.bins) and sketch.bins[place] == 0
        found["zeros"] = float(sketch.counts[place]) / finite if is_there else 0.0
    if reading.alive is not None and reading.alive.size:
        found["dead"] = 1.0 - float(reading.alive.mean())
    if reading.linear is not None and reading.linear.any():
        ends = round(LINEAR_BINS * SATURATED_SHARE)
        near = reading.linear[:ends].sum() + reading.linear[-ends:].sum()
        found["saturated"] = float(near / reading.linear.sum())
    return found


def peak(sketch: Sketch) -> float:
    """The largest magnitude as a multiple of the 99.9 % quantile of magnitudes.

    About 1 where nothing sticks out; known to the width of a bin. NaN if 99.9 % are zeros.
    """
    largest = max(abs(sketch.min), abs(sketch.max))
    sizes = np.abs(sketch.bins)
    order = np.argsort(sizes, kind="stable")
    reached = np.cumsum(sketch.counts[order])
    place = int(np.searchsorted(reached, 0.999 * sketch.finite))
    if place >= len(order):
        return 1.0  # 99.9 % lie among those beyond float32
    size = int(sizes[order[place]])
    if not size:
        return float("nan")
    grid = edges(sketch.bits)
    low, high = float(grid[size]), float(grid[size + 1])
    return max(1.0, largest / (2 * low * high / (low + high)))
