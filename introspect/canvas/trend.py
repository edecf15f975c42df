"""A noisy column to its trend: an exponential average of the past with a half-life.

Corrected for its start, so that it begins at the first value; begun anew after NaN and
infinity; computed from every value, so that zoom and length change nothing.

Cost: O(n), 60 ms at 1e6 points.

Not here: TensorBoard's own weights (``introspect.nouns.smoothing``).
"""

from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

_LEAST = 50  # shorter columns are read point by point
_NOISE = 0.005  # of the range; a schedule is smoother than that
_HALVES = 40.0  # half-lives in a block: 2**40 keeps every digit that matters
_MOST_STRETCHES = 1000


def is_noisy(steps: npt.NDArray[np.int64], values: Floats) -> bool:
    """Whether a trend says more than the column: long, no epoch metric, no schedule, no constant.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> steps = np.arange(500)
        >>> is_noisy(steps, rng.random(500)), is_noisy(steps, np.cos(steps / 160))
        (True, False)
    """
    if len(values) < _LEAST:
        return False
    if steps.ndim == 2 and 2 * (len(np.flatnonzero(np.diff(steps[:, 0]))) + 1) > len(steps):
        return False
    sample = values[:: max(1, len(values) // 100_000)]  # of neighbours, so not for the noise
    low, high = np.quantile(sample[np.isfinite(sample)], [0.05, 0.95]) if _some(sample) else (0, 0)
    at = np.arange(1, len(values) - 1, max(1, len(values) // 100_000))
    bent = np.abs(values[at] - values[at - 1] / 2 - values[at + 1] / 2)
    bent = bent[np.isfinite(bent)]
    return bool(bent.size and high > low and np.median(bent) > _NOISE * (high - low))


def trend(values: Floats, half_life: float) -> Floats:
    """The exponential average of a column.

    Args:
        values: float64 ``(n,)``; what is not finite stays and begins the average anew.
        half_life: In rows; at most 0 gives the column itself.

    Returns:
        float64 ``(n,)``.

    Example:
        >>> trend(np.array([1.0, 3.0, np.nan, 5.0]), 1.0).round(3).tolist()
        [1.0, 2.333, nan, 5.0]
    """
    if half_life <= 0 or not len(values):
        return values
    finite = np.isfinite(values)
    if finite.all():
        return _average(values, half_life)
    result = values.copy()
    begins = np.flatnonzero(finite & ~np.concatenate(([False], finite[:-1])))
    ends = np.flatnonzero(finite & ~np.concatenate((finite[1:], [False]))) + 1
    if len(begins) > _MOST_STRETCHES:  # faults everywhere: they are passed over
        result[finite] = _average(values[finite], half_life)
        return result
    for begin, end in zip(begins.tolist(), ends.tolist(), strict=True):
        result[begin:end] = _average(values[begin:end], half_life)
    return result


def _average(values: Floats, half_life: float) -> Floats:
    """Blocks of scaled running sums, so that no loop runs over rows."""
    first = values[0]
    values = values - first  # a constant stays one to the last bit
    rate = np.log(2.0) / half_life
    size = max(1, min(len(values), int(_HALVES * half_life)))
    fade = np.exp(-rate * np.arange(size + 1))
    sums = np.empty_like(values)
    carried = 0.0
    for begin in range(0, len(values), size):
        block = values[begin : begin + size]
        local = fade[: len(block)]
        sums[begin : begin + size] = local * (np.cumsum(block / local) + carried * fade[1])
        carried = sums[begin + len(block) - 1]
    total = -np.expm1(-rate * np.arange(1, len(values) + 1)) / -np.expm1(-rate)
    return sums / total + first


def _some(values: Any) -> bool:
    return bool(np.isfinite(values).any())
