"""Two sketches to one: their sum, what came since the earlier of them, fewer bits.

Counts are added and subtracted in int64, so they are exact, and any order gives the same.

Cost: 20 us for 300 bins each.

Not here: what a sketch is (``introspect.nouns.sketch``).
"""

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from introspect.errors import SketchError
from introspect.nouns.sketch import Sketch

Bins = npt.NDArray[np.int32]
Counts = npt.NDArray[np.int64]


def added(one: Sketch, two: Sketch) -> Sketch:
    """The sketch of the values of both; of different bits, the coarser."""
    one, two = _alike(one, two)
    bins, counts = _summed(
        np.concatenate([one.bins, two.bins]), np.concatenate([one.counts, two.counts])
    )
    return Sketch(
        bits=one.bits,
        bins=bins,
        counts=counts,
        min=float(np.fmin(one.min, two.min)),
        max=float(np.fmax(one.max, two.max)),
        sum=one.sum + two.sum,
        sum_squares=one.sum_squares + two.sum_squares,
        nans=one.nans + two.nans,
        infinities=_pairwise(one.infinities, two.infinities, 1),
        overflows=_pairwise(one.overflows, two.overflows, 1),
    )


def since(later: Sketch, earlier: Sketch) -> Sketch:
    """The sketch of the values that `later` has and `earlier` has not.

    Args:
        later: A sum that `earlier` is a part of.
        earlier: That part.

    Returns:
        Counts are exact, and so are an end that the earlier sketch had not reached and sums
        to the rounding of float64. An end that both share may have come from either: it is
        the outer edge of the last bin that is left, at most one bin too far out.

    Raises:
        SketchError: If the later one does not hold all of the earlier.

    Example:
        >>> day, week = Sketch.of([1.0, 2.0]), Sketch.of([1.0, 2.0, 5.0])
        >>> since(week, day).counts.tolist(), since(week, day).max, since(week, day).sum
        ([1], 5.0, 5.0)
    """
    later, earlier = _alike(later, earlier)
    bins, counts = _summed(
        np.concatenate([later.bins, earlier.bins]),
        np.concatenate([later.counts, -earlier.counts]),
    )
    outside = [
        later.nans - earlier.nans,
        *_pairwise(later.infinities, earlier.infinities, -1),
        *_pairwise(later.overflows, earlier.overflows, -1),
    ]
    if min([*outside, *counts.tolist()]) < 0:
        raise SketchError(
            "what came since can only be told of a sum and a part of it.",
            given=f"{later!r} - {earlier!r}",
            hint="(earlier + new) - earlier",
        )
    there = counts > 0
    nans, minus, plus, under, over = outside
    total, squares = later.sum - earlier.sum, later.sum_squares - earlier.sum_squares
    is_empty = not (there.any() or under or over)
    rest = Sketch(
        bits=later.bits,
        bins=bins[there],
        counts=counts[there],
        min=float("nan") if is_empty else later.min,
        max=float("nan") if is_empty else later.max,
        sum=0.0 if is_empty else total,
        sum_squares=0.0 if is_empty else max(squares, 0.0),
        nans=nans,
        infinities=(minus, plus),
        overflows=(under, over),
    )
    return rest if is_empty else _with_ends(rest, earlier)


def _with_ends(rest: Sketch, earlier: Sketch) -> Sketch:
    """The rest with its own ends: those it has now are of the earlier one, too."""
    lower, upper, _ = rest.intervals()
    low = float(lower[0]) if earlier.min == rest.min else rest.min
    high = float(upper[-1]) if earlier.max == rest.max else rest.max
    return replace(rest, min=low, max=high)


def coarser(sketch: Sketch, bits: int) -> Sketch:
    """The sketch that fewer bits would have made: sums of neighbouring bins."""
    if bits == sketch.bits:
        return sketch
    size = np.abs(sketch.bins) >> (sketch.bits - bits)
    bins, counts = _summed(np.sign(sketch.bins) * size, sketch.counts)
    return replace(sketch, bits=bits, bins=bins, counts=counts)


def _alike(one: Sketch, two: Sketch) -> tuple[Sketch, Sketch]:
    """Both at the bits of the coarser."""
    bits = min(one.bits, two.bits)
    return coarser(one, bits), coarser(two, bits)


def _summed(bins: npt.NDArray[Any], counts: Counts) -> tuple[Bins, Counts]:
    """Ascending bins without repeats, and the sums of their counts (in int64: exact)."""
    unique, place = np.unique(bins, return_inverse=True)
    total = np.zeros(len(unique), np.int64)
    np.add.at(total, place, counts)
    return unique.astype(np.int32), total


def _pairwise(one: tuple[int, int], two: tuple[int, int], sign: int) -> tuple[int, int]:
    return one[0] + sign * two[0], one[1] + sign * two[1]
