"""A History to what rules of health ask for: numbers of tensors over time, in order of depth.

Not here: what is a fault (``introspect.tensors.rules``).
"""

from dataclasses import dataclass, field
from functools import cached_property
from math import sqrt
from typing import Any

import numpy as np
import numpy.typing as npt

from introspect.nouns.float_bins import edges
from introspect.nouns.metric import Metric, Step
from introspect.nouns.sketch import Sketch
from introspect.nouns.watched import KINDS, is_watched, over_ranks
from introspect.tensors.choosing import spaced

Floats = npt.NDArray[np.float64]
MOST_RECORDS = 48


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """One number of one tensor over time.

    Attributes:
        times: Steps, ascending.
        values: float64 of the same length.
    """

    times: tuple[Step, ...]
    values: Floats

    def __len__(self) -> int:
        return len(self.times)

    @property
    def last(self) -> float:
        """The newest value; NaN if there is none."""
        return float(self.values[-1]) if len(self.values) else float("nan")

    def since(self, holds: npt.NDArray[np.bool_]) -> Step:
        """The first time from which on it holds at every record."""
        wrong = np.flatnonzero(~holds)
        return self.times[min(int(wrong[-1]) + 1 if wrong.size else 0, len(self.times) - 1)]

    def where(self, keep: npt.NDArray[np.bool_]) -> "Series":
        """Some of the records."""
        times = tuple(time for time, kept in zip(self.times, keep, strict=True) if kept)
        return Series(times, self.values[keep])


@dataclass(frozen=True, slots=True, eq=False)
class Lost:
    """The first record of a tensor with values that are not finite.

    Attributes:
        time: Its step.
        sketch: What was recorded.
        before: Step and sketch of the record before; None for the first of all.
    """

    time: Step
    sketch: Sketch
    before: tuple[Step, Sketch] | None


EMPTY = Series((), np.zeros(0))


@dataclass(frozen=True, eq=False)
class Evidence:
    """What a history knows about tensors.

    Attributes:
        history: Where numbers are looked up.
        sketches: Kind to name to (times, sketches); in the order in which they were logged,
            which is the order of the model.
    """

    history: Any
    sketches: dict[str, dict[str, tuple[tuple[Step, ...], tuple[Sketch, ...]]]]
    _known: frozenset[str] = field(default_factory=frozenset)

    @classmethod
    def of(cls, history: Any) -> "Evidence":
        """Read at most `MOST_RECORDS` records of each tensor."""
        found: dict[str, dict[str, Any]] = {kind: {} for kind in KINDS}
        known = list(history.keys())
        for key in known:
            kind, _, name = key.partition("/")
            if not is_watched(key):
                continue
            read = _read(over_ranks(history[key]))
            if read[0]:
                found[kind][name] = read
        return cls(history, found, frozenset(known))

    def names(self, kind: str) -> list[str]:
        """The tensors of a kind, from the input to the output."""
        return list(self.sketches[kind])

    def matrices(self, kind: str) -> list[str]:
        """Of parameters, those that are neither biases nor small nor constant at the start."""
        return [
            name
            for name, (_, sketches) in self.sketches[kind].items()
            if not name.endswith("bias") and sketches[0].n >= 32 and not self._is_scale(name)
        ]

    def _is_scale(self, name: str) -> bool:
        """Whether weights are all one number at the start, as those of normalisations."""
        first = self.first("weights", name)
        return first is not None and first.finite > 0 and first.min == first.max

    def first(self, kind: str, name: str) -> Sketch | None:
        """The earliest sketch."""
        found = self.sketches[kind].get(name)
        return found[1][0] if found else None

    def last(self, kind: str, name: str) -> Sketch | None:
        """The newest sketch."""
        found = self.sketches[kind].get(name)
        return found[1][-1] if found else None

    def sketched(self, kind: str, name: str, number: Any) -> Series:
        """A number of each sketch."""
        times, sketches = self.sketches[kind].get(name, ((), ()))
        return Series(times, np.array([number(sketch) for sketch in sketches], np.float64))

    def first_lost(self, kind: str, name: str) -> "Lost | None":
        """The very first record with a value that is not finite, of all that there are."""
        times, sketches = self.sketches[kind][name]
        is_lost = [sketch.finite < sketch.n for sketch in sketches]
        counted = self._first_counted(kind, name)
        if not any(is_lost) and counted is None:
            return None
        metric = over_ranks(self.history[f"{kind}/{name}"])
        steps = list(metric.step_keys())
        if counted in steps:
            row = steps.index(counted)
        elif any(is_lost):  # in between those that were read, one may be earlier
            read = is_lost.index(True)
            start = steps.index(times[read - 1]) + 1 if read else 0
            rows = range(start, steps.index(times[read]) + 1)
            row = next(r for r in rows if metric.data[r].finite < metric.data[r].n)
        else:
            return None
        before = None if not row else (steps[row - 1], metric.data[row - 1])
        return Lost(steps[row], metric.data[row], before)

    def _first_counted(self, kind: str, name: str) -> Step | None:
        """By the numbers beside the sketches, of which there is one for each record."""
        found = []
        for number in ("nan", "inf"):
            key = f"{kind}/{name}/{number}"
            metric = self.history[key] if key in self._known else None
            if metric is not None and metric.is_scalar:
                rows = np.flatnonzero(metric.data > 0)
                found += [list(metric.step_keys())[rows[0]]] if rows.size else []
        return min(found, key=_pair, default=None)

    def logged(self, kind: str, name: str, number: str) -> Series:
        """A number that was logged beside the sketches; empty if there is none."""
        key = f"{kind}/{name}/{number}"
        if key not in self._known:
            return EMPTY
        metric = self.history[key]
        if not metric.is_scalar or not len(metric):
            return EMPTY
        if metric.parts:  # each rank has looked at its own batch
            metric = metric.by_rank().min() if number == "dead" else metric.by_rank().mean()
        rows = spaced(list(range(len(metric))), MOST_RECORDS * 4)
        steps = list(metric.step_keys())
        return Series(tuple(steps[row] for row in rows), metric.data[rows])

    def rms(self, kind: str, name: str) -> Series:
        """Root mean squares of the finite values."""
        return self.sketched(kind, name, root_mean_square)

    def ratio(self, name: str) -> Series:
        """Norm of the update as a share of the norm of the weight."""
        logged = self.logged("updates", name, "ratio")
        if len(logged):
            return logged
        updates, weights = self.rms("updates", name), self.rms("weights", name)
        norms = dict(zip(weights.times, weights.values, strict=True))
        pairs = [
            (time, value / norms[time])
            for time, value in zip(updates.times, updates.values, strict=True)
            if norms.get(time, 0) > 0
        ]
        return Series(tuple(time for time, _ in pairs), np.array([value for _, value in pairs]))

    @cached_property
    def learning_rate(self) -> Series:
        """The largest of the learning rates that were logged."""
        keys = [k for k in self._known if k.rpartition("/")[2].lower() in _RATES]
        metrics = [metric for metric in map(self.history.__getitem__, keys) if _is_usable(metric)]
        if not metrics:
            return EMPTY
        best = max(metrics, key=lambda metric: metric.max())
        return Series(tuple(best.step_keys()), best.data)

    def is_judged(self, times: tuple[Step, ...]) -> npt.NDArray[np.bool_]:
        """Whether the learning rate is at least a tenth of its peak; True if it is unknown."""
        rate = self.learning_rate
        if not len(rate) or not times:
            return np.ones(len(times), bool)
        order = [_pair(time) for time in rate.times]
        peak = float(np.nanmax(rate.values))
        kept = []
        for time in times:
            row = max(sum(1 for other in order if other <= _pair(time)) - 1, 0)
            kept.append(bool(rate.values[row] >= 0.1 * peak))
        return np.array(kept)

    def losses(self) -> dict[str, Series]:
        """Metrics that are losses."""
        keys = sorted(k for k in self._known if "loss" in k.lower() and k.count("/") < 2)
        metrics = {key: self.history[key] for key in keys}
        return {
            key: Series(tuple(metric.step_keys()), metric.data)
            for key, metric in metrics.items()
            if metric.is_scalar and len(metric)
        }

    def checks(self) -> tuple[str, ...]:
        """What was there to be looked at, in words."""
        counts = {kind: len(names) for kind, names in self.sketches.items() if names}
        records = max((len(t) for n in self.sketches.values() for t, _ in n.values()), default=0)
        words = [f"{kind} of {count}" for kind, count in counts.items()]
        return (*words, f"{records} records") if words else ()


_RATES = frozenset({"lr", "learning_rate", "learning-rate", "learningrate"})


def _is_usable(metric: Metric) -> bool:
    return metric.is_scalar and len(metric) > 0 and bool(np.isfinite(metric.data).any())


def _pair(step: Step) -> tuple[int, int]:
    return step if isinstance(step, tuple) else (0, step)


def root_mean_square(sketch: Sketch) -> float:
    """Of the finite values; NaN if there is none."""
    return sqrt(sketch.sum_squares / sketch.finite) if sketch.finite else float("nan")


def magnitude_quantile(sketch: Sketch, share: float) -> float:
    """The magnitude that a share of the finite values does not exceed, to the width of a bin.

    Example:
        >>> magnitude_quantile(Sketch.of([0.0, -2.0, 4.0, 4.0], bits=7), 0.5) // 0.01 / 100
        2.0
    """
    sizes = np.abs(sketch.bins)
    order = np.argsort(sizes, kind="stable")
    reached = np.cumsum(sketch.counts[order])
    place = int(np.searchsorted(reached, share * sketch.finite))
    if place >= len(order):  # among what is beyond float32
        return max(abs(sketch.min), abs(sketch.max))
    size = int(sizes[order[place]])
    low, high = edges(sketch.bits)[size : size + 2].tolist() if size else (0.0, 0.0)
    return 2 * low * high / (low + high) if high else 0.0


def _read(metric: Metric) -> tuple[tuple[Step, ...], tuple[Sketch, ...]]:
    """Times and sketches, evenly; nothing if it holds no sketches."""
    if metric.is_scalar or not len(metric):
        return (), ()
    steps = list(metric.step_keys())
    rows = spaced(list(range(len(metric))), MOST_RECORDS)
    pairs = [(steps[row], metric.data[row]) for row in rows]
    pairs = [(step, value) for step, value in pairs if isinstance(value, Sketch) and value.n]
    return tuple(step for step, _ in pairs), tuple(sketch for _, sketch in pairs)
