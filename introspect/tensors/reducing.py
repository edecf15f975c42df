"""Readings of every rank to readings of all ranks, by one collective for each record.

All counts stand in one row of float64, in the window of bins that a record has occupied, with
12 octaves below and 4 above, and are summed with one ``all_reduce``. What cannot be summed, the
least and the greatest value, has a place for every rank. A rank whose values do not fit the
window says so in the same row; then the ranks agree on a new one and sum again, which takes a
second and a third collective. The first record does that, later ones rarely.

Cost: about 600 numbers a tensor.

Axes:
    W: magnitudes in a window    S: the row

Not here: reading without a collective (``introspect.nouns.watched.over_ranks``).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import nan
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from introspect.nouns.sketch import Sketch
from introspect.tensors.readings import Reading
from introspect.tensors.sharding import world

Floats = npt.NDArray[np.float64]

BITS = 3
SPARE_BELOW = 12 << BITS
"""Bins: the smallest magnitude of a tensor moves by many octaves from step to step,"""
SPARE_ABOVE = 4 << BITS
"""the largest by few."""

_LAST_BIN = (255 << BITS) - 1
_PLAIN = 11  # zeros, overflows, infinities, NaN, size, base, sum, sum of squares, how many ranks


@dataclass(frozen=True, slots=True)
class Window:
    """Where the numbers of one key stand.

    Attributes:
        low: First magnitude bin.
        high: Last magnitude bin; below `low` if there is none.
        alive: Channels.
        linear: Bins of equal width.
        has_base: Whether it is an update.
    """

    low: int
    high: int
    alive: int = 0
    linear: int = 0
    has_base: bool = False

    @property
    def width(self) -> int:
        """W."""
        return max(0, self.high - self.low + 1)

    @property
    def size(self) -> int:
        """How many numbers."""
        return _PLAIN + 2 * self.width + self.alive + self.linear

    def covers(self, other: "Window") -> bool:
        """Whether what fits the other fits here."""
        fits = not other.width or (self.low <= other.low and other.high <= self.high)
        same = (self.alive, self.linear, self.has_base)
        return fits and same == (other.alive, other.linear, other.has_base)

    def joined(self, other: "Window") -> "Window":
        """One that covers both; of different lengths, the longer."""
        low = min(w.low for w in (self, other) if w.width) if self.width or other.width else 1
        high = max(w.high for w in (self, other) if w.width) if self.width or other.width else 0
        alive, linear = max(self.alive, other.alive), max(self.linear, other.linear)
        return Window(low, high, alive, linear, self.has_base or other.has_base)


class Reducing:
    """Adds readings up over the ranks.

    Attributes:
        collectives: How many were made.
    """

    def __init__(self) -> None:
        self.collectives = 0
        self._windows: dict[str, Window] = {}

    def summed(self, readings: Mapping[str, Reading]) -> dict[str, Reading]:
        """What all ranks have read, on every rank. Every rank has to call it.

        Args:
            readings: What this rank has read, by key; may be fewer than those of others.
        """
        if world()[1] == 1:
            return dict(readings)
        mine = {key: window_of(reading) for key, reading in readings.items()}
        fits = all(key in self._windows and self._windows[key].covers(w) for key, w in mine.items())
        row = self._all_reduced(_row(readings if fits else {}, self._windows, fits=fits))
        if row[0]:
            self._agree(mine)
            row = self._all_reduced(_row(readings, self._windows, fits=True))
        return _readings(row, self._windows)

    def _agree(self, mine: Mapping[str, Window]) -> None:
        """The same windows on all ranks, in the order of the first that has a key."""
        gathered: list[Any] = [None] * world()[1]
        torch.distributed.all_gather_object(gathered, dict(mine))
        self.collectives += 1
        found: dict[str, Window] = {}
        for windows in gathered:
            for key, window in windows.items():
                found[key] = found[key].joined(window) if key in found else window
        for key, window in found.items():
            wide = _widened(window)
            self._windows[key] = self._windows[key].joined(wide) if key in self._windows else wide

    def _all_reduced(self, row: Floats) -> Floats:
        backend = torch.distributed.get_backend()
        device = "cuda" if backend == "nccl" else "cpu"
        sent = torch.from_numpy(row).to(device)
        torch.distributed.all_reduce(sent)
        self.collectives += 1
        return sent.cpu().numpy()


def _widened(window: Window) -> Window:
    if not window.width:
        return window
    low, high = max(1, window.low - SPARE_BELOW), min(_LAST_BIN, window.high + SPARE_ABOVE)
    return replace(window, low=low, high=high)


def window_of(reading: Reading) -> Window:
    """The window that a reading occupies.

    Example:
        >>> window_of(Reading(Sketch.of([1.0, -2.0, 0.0]), 3))
        Window(low=1016, high=1024, alive=0, linear=0, has_base=False)
    """
    sizes = np.abs(reading.sketch.bins[reading.sketch.bins != 0])
    low, high = (int(sizes.min()), int(sizes.max())) if sizes.size else (1, 0)
    alive = 0 if reading.alive is None else reading.alive.size
    linear = 0 if reading.linear is None else reading.linear.size
    return Window(low, high, alive, linear, reading.base_squares is not None)


def _row(readings: Mapping[str, Reading], windows: Mapping[str, Window], *, fits: bool) -> Floats:
    """Float64 of shape ``(S,)``: whether something did not fit, the sums, the rank's extremes."""
    rank, ranks = world()
    sums = sum(window.size for window in windows.values())
    row = np.zeros(1 + sums + 3 * ranks * len(windows))
    row[0] = not fits
    extremes = row[1 + sums :].reshape(ranks, len(windows), 3)[rank]
    place = 1
    for index, (key, window) in enumerate(windows.items()):
        if key in readings:
            _fill(row[place : place + window.size], readings[key], window)
            sketch = readings[key].sketch
            extremes[index] = (1.0, sketch.min, sketch.max) if sketch.finite else 0.0
        place += window.size
    return row


def _fill(row: Floats, reading: Reading, window: Window) -> None:
    sketch = reading.sketch
    row[:_PLAIN] = (
        sketch.zeros,
        *sketch.overflows,
        *sketch.infinities,
        sketch.nans,
        reading.size,
        reading.base_squares or 0.0,
        sketch.sum,
        sketch.sum_squares,
        1.0,
    )
    up, down = sketch.bins > 0, sketch.bins < 0
    middle = _PLAIN + window.width
    row[_PLAIN + sketch.bins[up] - window.low] = sketch.counts[up]
    row[middle - sketch.bins[down] - window.low] = sketch.counts[down]
    rest = row[middle + window.width :]
    if reading.alive is not None:
        rest[: reading.alive.size] = reading.alive
    if reading.linear is not None:
        rest[window.alive : window.alive + reading.linear.size] = reading.linear


def _readings(row: Floats, windows: Mapping[str, Window]) -> dict[str, Reading]:
    ranks = world()[1]
    sums = sum(window.size for window in windows.values())
    extremes = row[1 + sums :].reshape(ranks, len(windows), 3)
    found: dict[str, Reading] = {}
    place = 1
    for index, (key, window) in enumerate(windows.items()):
        part = row[place : place + window.size]
        place += window.size
        if part[_PLAIN - 1]:
            found[key] = _reading(part, window, extremes[:, index])
    return found


def _reading(row: Floats, window: Window, extremes: Floats) -> Reading:
    zeros, below, above, minus, plus, nans, size, base, total, squares, _ = row[:_PLAIN].tolist()
    middle = _PLAIN + window.width
    up, down = row[_PLAIN:middle], row[middle : middle + window.width]
    sizes = np.arange(window.low, window.low + window.width)
    bins = np.concatenate([-sizes[::-1], [0], sizes]).astype(np.int32)
    counts = np.concatenate([down[::-1], [zeros], up]).astype(np.int64)
    there = counts > 0
    with_values = extremes[extremes[:, 0] > 0, 1:]
    low, high = (nan, nan)
    if len(with_values):
        low, high = float(with_values[:, 0].min()), float(with_values[:, 1].max())
    rest = row[middle + window.width :]
    sketch = Sketch(
        BITS,
        bins[there],
        counts[there],
        low,
        high,
        total,
        squares,
        int(nans),
        (int(minus), int(plus)),
        (int(below), int(above)),
    )
    alive = rest[: window.alive] > 0 if window.alive else None
    linear = rest[window.alive :].astype(np.int64) if window.linear else None
    return Reading(sketch, int(size), base if window.has_base else None, alive, linear)
