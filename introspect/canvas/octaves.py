"""Magnitudes of a Sketch or of numbers to shares of half octaves: cells of equal log width.

Zeros have no logarithm and are in no cell. Below 2000 values pairs of halves get their mean,
where halves would be holes and spikes.

Cost: 70 us a Sketch, 10 ns a number.

Not here: tables of such columns (``introspect.canvas.ridges``,
``introspect.tensors.magnitudes``).
"""

import numpy as np
import numpy.typing as npt

from introspect.nouns.float_bins import edges as float_edges
from introspect.nouns.sketch import Sketch

Floats = npt.NDArray[np.float64]

HALF = float(np.log10(2.0)) / 2
"""Half an octave, in decades."""
FEW = 2000


def octave_shares(sketch: Sketch, first: int, last: int) -> Floats:
    """The share of the finite values in each half octave of magnitude.

    Args:
        sketch: Any; below 2000 values, pairs of halves get their mean.
        first: The lowest, as a power of the root of 2.
        last: The end, not included.

    Returns:
        float64 of shape ``(last - first,)``; zeros are in none of them.

    Example:
        >>> octave_shares(Sketch.of([1.0] * 3000 + [0.0] * 1000), -1, 2).tolist()
        [0.0, 0.75, 0.0]
    """
    if not sketch.finite:
        return np.zeros(last - first)
    start, end = first - first % 2, last + last % 2  # whole octaves
    edges = 2.0 ** (np.arange(start, end + 1) / 2)
    mass = sketch.spread()
    up, down = mass.before(edges), mass.at(-edges)  # [a, b) above zero, (-b, -a] below
    shares = np.maximum(np.diff(up) - np.diff(down), 0.0)
    return _paired(shares, sketch.finite)[first - start :][: last - first]


def octaves_of(values: npt.NDArray[np.float64], first: int, last: int) -> Floats:
    """The same of the numbers themselves, float64 of any shape; exact.

    Example:
        >>> octaves_of(np.array([-1.0] * 3000 + [0.0] * 1000), -1, 2).tolist()
        [0.0, 0.75, 0.0]
    """
    finite = np.abs(values[np.isfinite(values)])
    if not finite.size:
        return np.zeros(last - first)
    start, end = first - first % 2, last + last % 2
    counts = np.histogram(finite[finite > 0], 2.0 ** (np.arange(start, end + 1) / 2))[0]
    return _paired(counts / finite.size, finite.size)[first - start :][: last - first]


def _paired(shares: Floats, values: int) -> Floats:
    return shares if values >= FEW else np.repeat(shares.reshape(-1, 2).mean(axis=1), 2)


def reach(sketch: Sketch) -> tuple[float, float] | None:
    """log10 of the 1 % quantile of the magnitudes that are not zero, and of the largest.

    None if nothing is finite and not zero.
    """
    if not sketch.finite or sketch.share_zero >= 1:
        return None
    sizes, counts = np.abs(sketch.bins), np.where(sketch.bins == 0, 0, sketch.counts)
    order = np.argsort(sizes, kind="stable")
    reached = np.cumsum(counts[order])
    largest = float(np.log10(max(abs(sketch.min), abs(sketch.max))))
    if not (reached.size and reached[-1]):  # all beyond float32
        return largest, largest
    size = int(sizes[order][np.searchsorted(reached, 0.01 * reached[-1], side="right")])
    return float(np.log10(float_edges(sketch.bits)[size])), largest


def reach_of(values: npt.NDArray[np.float64]) -> tuple[float, float] | None:
    """The same of the numbers themselves."""
    sizes = np.abs(values[np.isfinite(values) & (values != 0)])
    if not sizes.size:
        return None
    rank = sizes.size // 100
    return float(np.log10(np.partition(sizes, rank)[rank])), float(np.log10(sizes.max()))
