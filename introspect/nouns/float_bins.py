"""Numbers to counts over the top bits of their float32 word: the grid under a Sketch.

A float32 word is sign, 8 exponent bits, 23 mantissa bits. Its top ``9 + bits`` bits, read
as an integer, number bins that grow with the magnitude: ``2**bits`` equal ones in each
octave. No range has to be known, and two grids of equal `bits` are the same grid.

A *code* is those top bits (sign first). A *bin* is the same with a usable order: 0 holds
zeros of both signs and magnitudes below ``2**-(126 + bits)``, bin ``k`` the magnitudes from
``edges(bits)[k]`` to ``edges(bits)[k + 1]``, bin ``-k`` the same below zero.

Cost: 2.4 ns an element with moments, in chunks of 32k that stay in the cache (one pass over
the whole array costs three times as much); 0.5 MB of buffers whatever the size.

Axes:
    C: codes, ``2**(9 + bits)``
    K: occupied bins

Not here: torch's faster path (``introspect.tensors.count``), what can be read from the
counts (``introspect.nouns.sketch``).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from math import nan

import numpy as np
import numpy.typing as npt

CHUNK_VALUES = 1 << 15
"""128 KB of float32 and the 512 KB of its two buffers: measured best of 16k, 32k and 64k."""

FLOAT32_LIMIT = 2.0**128
"""The first power of two that float32 cannot hold."""

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Tally:
    """What one pass over some numbers found.

    Attributes:
        dense: int64 of shape ``(C,)``, counts by code.
        low: Smallest finite value; NaN if there is none.
        high: Largest finite value; NaN if there is none.
        total: Sum of the finite values.
        squares: Sum of their squares.
        nans: How many values are NaN.
        infinities: How many are (-Inf, +Inf).
        overflows: How many are finite and beyond float32, (below, above) zero.
    """

    dense: Ints
    low: float
    high: float
    total: float
    squares: float
    nans: int = 0
    infinities: tuple[int, int] = (0, 0)
    overflows: tuple[int, int] = (0, 0)


@cache
def edges(bits: int) -> Floats:
    """Where the bins above zero begin and end.

    Returns:
        float64 of shape ``(255 * 2**bits + 1,)``: magnitudes, ascending from 0. Bin ``k`` is
        ``[edges[k], edges[k + 1])``; the last edge is `FLOAT32_LIMIT`. Read-only, cached.

    Example:
        >>> edges(3)[127 * 8 : 127 * 8 + 3].tolist()
        [1.0, 1.125, 1.25]
    """
    words = np.arange(0, (255 << bits), dtype=np.uint32) << np.uint32(23 - bits)
    result = np.append(words.view(np.float32).astype(np.float64), FLOAT32_LIMIT)
    result.flags.writeable = False
    return result


@cache
def intervals(bits: int) -> tuple[Floats, Floats]:
    """Lower and upper end of every bin, in order, each of shape ``(2 * 255 * 2**bits - 1,)``.

    Bin ``k`` is row ``k + 255 * 2**bits - 1``; the row of bin 0 is the point 0.
    """
    grid = edges(bits)
    lower = np.concatenate([-grid[:1:-1], [0.0], grid[1:-1]])
    upper = -lower[::-1]
    for ends in (lower, upper):
        ends.flags.writeable = False
    return lower, upper


def bins_of(dense: Ints, bits: int) -> tuple[npt.NDArray[np.int32], Ints]:
    """The occupied bins of counts by code, and their counts.

    Args:
        dense: int64 of shape ``(C,)``, counts by code; Inf and NaN codes are left out.
        bits: Mantissa bits.

    Returns:
        Bins as int32 of shape ``(K,)``, ascending, and counts as int64 of shape ``(K,)``.
    """
    half, top = 1 << (8 + bits), 255 << bits
    if dense[half]:  # zeros below zero
        dense = dense.copy()
        dense[0] += dense[half]
        dense[half] = 0
    places = np.flatnonzero(dense != 0)  # of int64 itself: three times as slow
    up, down, end = places.searchsorted((top, half, half + top))
    places = np.concatenate([places[down:end][::-1], places[:up]])
    bins = places.astype(np.int32)
    np.subtract(half, bins[: end - down], out=bins[: end - down])
    return bins, dense[places]


def tally(values: npt.NDArray[np.float32] | Floats, bits: int) -> Tally:
    """Count numbers and take their moments.

    Args:
        values: float32 or float64 of shape ``(n,)``; read, not kept.
        bits: Mantissa bits, 2..7.
    """
    dense, scratch = _count(values, bits)
    with np.errstate(over="ignore", invalid="ignore"):  # sums beyond float64 are Inf, as stated
        moments = _moments(_chunks(values), scratch)
        if not values.size or fits(moments[0], moments[1]):
            return Tally(dense, *moments)
        clean = (chunk[np.isfinite(chunk)] for chunk in _chunks(values))
        moments = _moments(clean, scratch)
    below, above = int(np.isneginf(values).sum()), int(np.isposinf(values).sum())
    overflows = (0, 0)
    if values.dtype == np.float64:  # finite, but an infinity once it is a float32
        overflows = (
            int((values <= -FLOAT32_LIMIT_ROUNDED).sum()) - below,
            int((values >= FLOAT32_LIMIT_ROUNDED).sum()) - above,
        )
    return Tally(dense, *moments, int(np.isnan(values).sum()), (below, above), overflows)


def fits(low: float, high: float) -> bool:
    """Whether numbers between these are all finite as float32; of NaN, False."""
    return low > -FLOAT32_LIMIT_ROUNDED and high < FLOAT32_LIMIT_ROUNDED


FLOAT32_LIMIT_ROUNDED = FLOAT32_LIMIT - 2.0**103
"""From here on a float64 rounds to an infinite float32: half a step above its largest value."""


def _chunks(values: npt.NDArray[np.float32] | Floats) -> Iterator[npt.NDArray[np.floating]]:
    return (values[i : i + CHUNK_VALUES] for i in range(0, values.size, CHUNK_VALUES))


def _count(values: npt.NDArray[np.float32] | Floats, bits: int) -> tuple[Ints, Floats]:
    """Counts by code, and a float64 buffer of one chunk for whoever comes next."""
    dense = np.zeros(1 << (9 + bits), np.int64)
    size = min(CHUNK_VALUES, values.size)
    codes = np.empty(size, np.int64)  # the type that bincount would otherwise copy to
    narrow = np.empty(size if values.dtype == np.float64 else 0, np.float32)
    for chunk in _chunks(values):
        if values.dtype == np.float64:
            with np.errstate(over="ignore", under="ignore", invalid="ignore"):
                narrow[: chunk.size] = chunk
            chunk = narrow[: chunk.size]  # noqa: PLW2901  the same numbers, narrowed
        code = codes[: chunk.size]
        np.right_shift(chunk.view(np.uint32), 23 - bits, out=code, casting="unsafe")
        dense += np.bincount(code, minlength=dense.size)
    return dense, np.empty(size, np.float64)


def _moments(
    chunks: Iterator[npt.NDArray[np.floating]], scratch: Floats
) -> tuple[float, float, float, float]:
    """Least, greatest, sum and sum of squares, added up in float64.

    A NaN makes both ends NaN. Not `numpy.dot`: BLAS starts threads for 32k numbers, which
    cost 20 times the sum.
    """
    lows, highs, total, squares = [], [], 0.0, 0.0
    for chunk in chunks:
        if not chunk.size:
            continue
        lows.append(np.minimum.reduce(chunk))  # what chunk.min() calls, 1 us later
        highs.append(np.maximum.reduce(chunk))
        wide = scratch[: chunk.size]
        wide[:] = chunk
        total += float(np.add.reduce(wide))
        np.multiply(wide, wide, out=wide)
        squares += float(np.add.reduce(wide))
    if not lows:
        return nan, nan, 0.0, 0.0
    low, high = float(np.minimum.reduce(lows)), float(np.maximum.reduce(highs))
    return low + 0.0, high + 0.0, total, squares  # + 0.0: no negative zero
