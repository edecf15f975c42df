"""Intervals that hold known shares of some numbers, to shares, densities and distances.

A `Mass` is what a sketch knows about where its numbers lie: each bin is an interval with a
share, spread evenly inside it; a bin of no width is a point. So its distribution function is
a chain of straight pieces and jumps, and the two distances here are exact integrals over it.

Cost: 20 us a distribution function, 60 us a distance, for sketches of 300 bins.

Axes:
    K: intervals
    E: edges given by the caller    B: TensorBoard's buckets, those that are filled

Not here: which intervals a sketch has (``introspect.nouns.sketch``).
"""

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Mass:
    """Shares on intervals.

    Attributes:
        knots: float64 of shape ``(2 K,)``: lower and upper end of each interval, in order.
        below: float64 of shape ``(2 K,)``: the share at or below each knot.
        has_jumps: Whether an interval is a point.
    """

    knots: Floats
    below: Floats
    has_jumps: bool

    @classmethod
    def of(cls, lower: Floats, upper: Floats, share: Floats) -> "Mass":
        """Intervals ``lower..upper`` of shape ``(K,)`` that do not overlap, in order."""
        knots = np.empty(2 * len(share))
        knots[0::2], knots[1::2] = lower, upper
        below = np.empty(2 * len(share))
        np.cumsum(share, out=below[1::2])
        below[0] = 0.0
        below[2::2] = below[1:-1:2]
        return cls(knots, below, bool((lower == upper).any()))

    def at(self, points: npt.NDArray[Any]) -> Floats:
        """The share ``<= point``, for each point."""
        return self._walk(points, "right")

    def before(self, points: npt.NDArray[Any]) -> Floats:
        """The share ``< point``, for each point."""
        return self._walk(points, "left")

    def reach(self, share: npt.NDArray[Any]) -> Floats:
        """The point up to which each share lies: the inverse of `at`."""
        return np.interp(share, self.below, self.knots)

    def _walk(self, points: npt.NDArray[Any], side: Any) -> Floats:
        """Straight lines between knots; at a jump the side says which end of it counts."""
        if not self.has_jumps:
            return np.interp(points, self.knots, self.below)  # a quarter of the time
        after = np.searchsorted(self.knots, points, side=side)
        left, right = np.maximum(after - 1, 0), np.minimum(after, len(self.knots) - 1)
        width = self.knots[right] - self.knots[left]
        part = np.where(width > 0, points - self.knots[left], 0.0) / np.where(width > 0, width, 1.0)
        share = self.below[left] + (self.below[right] - self.below[left]) * np.clip(part, 0.0, 1.0)
        last = float(self.below[-1])
        return np.where(after == 0, 0.0, np.where(after == len(self.knots), last, share))


def density(mass: Mass, edges: Floats) -> Floats:
    """The share per unit between edges; bins are ``[a, b)`` and the last ``[a, b]``.

    Args:
        mass: What is spread.
        edges: float64 of shape ``(E,)``, ascending.

    Returns:
        float64 of shape ``(E - 1,)``.
    """
    reached = mass.before(edges)
    reached[-1] = mass.at(edges[-1:])[0]
    return np.diff(reached) / np.diff(edges)


@cache
def tensorboard_edges() -> Floats:
    """The edges of TensorBoard's buckets: 0, and on both sides 1e-12 and a tenth more each.

    float64 of shape ``(1549,)``, ascending, all below 1e20; read-only. Multiplied one by one,
    as its writer does, since a power would round in another way.
    """
    sizes, size = [], 1e-12
    while size < 1e20:
        sizes.append(size)
        size *= 1.1
    edges = np.array([*(-size for size in reversed(sizes)), 0.0, *sizes])
    edges.flags.writeable = False
    return edges


def buckets(mass: Mass, finite: int) -> tuple[Floats, Floats]:
    """So many values in TensorBoard's buckets, an empty one first: a bucket knows only its end.

    Returns:
        Upper limits and counts, float64 of shape ``(B,)`` each; the counts are whole.
    """
    edges = tensorboard_edges()
    limits = np.append(edges, max(float(mass.knots[-1]), np.nextafter(edges[-1], np.inf)))
    reached = np.append(np.rint(mass.before(edges) * finite), finite)
    counts = np.diff(reached, prepend=0.0)
    filled = np.flatnonzero(counts)
    first, last = int(filled[0]), int(filled[-1])
    if first:
        return limits[first - 1 : last + 1], counts[first - 1 : last + 1]
    return np.append(mass.knots[0], limits[: last + 1]), np.append(0.0, counts[: last + 1])


def w1(first: Mass, second: Mass) -> float:
    """The 1-Wasserstein distance, the integral of ``|F - G|`` (Vallender 1974, eq. 1).

    Between two knots F - G is a straight line. One that keeps its sign encloses a trapezoid,
    one that crosses zero two triangles, of area ``(d0^2 + d1^2) / (2 (|d0| + |d1|))``.
    """
    knots, after, before = _differences(first, second)
    start, stop = np.abs(after[:-1]), np.abs(before[1:])
    reach = start + stop
    crosses = after[:-1] * before[1:] < 0
    height = np.where(crosses, (start**2 + stop**2) / np.where(reach > 0, reach, 1.0), reach)
    return float(np.sum(np.diff(knots) * height) / 2)


def ks(first: Mass, second: Mass) -> float:
    """The Kolmogorov-Smirnov distance, the greatest ``|F - G|``; it lies at a knot."""
    _, after, before = _differences(first, second)
    return float(max(np.abs(after).max(), np.abs(before).max()))


def _differences(first: Mass, second: Mass) -> tuple[Floats, Floats, Floats]:
    """All knots in order, and F - G at each of them, as seen from its right and its left."""
    knots = np.concatenate([first.knots, second.knots])
    knots.sort(kind="stable")  # two runs in order: the merge is nearly free
    after = first.at(knots) - second.at(knots)
    if not (first.has_jumps or second.has_jumps):
        return knots, after, after
    return knots, after, first.before(knots) - second.before(knots)
