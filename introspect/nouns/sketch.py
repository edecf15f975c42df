"""Sketch: a histogram of any numbers in a few hundred bytes; two sketches add exactly.

What ``introspect.watch`` keeps instead of a tensor. Numbers are counted in the bins that the
top bits of a float32 word make by themselves (``introspect.nouns.float_bins``): 8 in each
octave, from the smallest to the largest float, so that no range is chosen and no outlier can
spoil the rest. Count, least, greatest, sum and sum of squares are kept exactly beside them.

>>> old, new = Sketch.of([-1.0, 0.0, 2.0]), Sketch.of([4.0, float("nan")])
>>> both = old + new
>>> both.n, both.max, both.share_zero, both.nans
(5, 4.0, 0.25, 1)

A bin of normal floats is known by its harmonic middle ``2ab / (a + b)``, whose relative error
is at most ``2**-bits / (2 + 2**-bits)``: 5.9 % at 3 bits, 0.4 % at 7 (DDSketch, Masson et al.
2019, section 2, for bins that are equal in the logarithm; here for the float's own).

Cost: 2.4 ns an element to make, 10 us to add, 12 bytes an occupied bin (150 to 400 bins).

Axes:
    K: occupied bins    E: edges given by the caller    B: TensorBoard's buckets

Not here: the bytes of a sketch (``introspect.nouns.sketch_bytes``), distances over intervals
(``introspect.nouns.mass``), sums and differences (``introspect.nouns.sketch_sums``), torch's
faster counting (``introspect.tensors.count``).
"""

from dataclasses import dataclass
from math import isnan, sqrt
from typing import Any, Self, cast, overload

import numpy as np
import numpy.typing as npt

from introspect.errors import SketchError
from introspect.nouns import float_bins, mass
from introspect.nouns.float_bins import FLOAT32_LIMIT, Tally, bins_of, tally
from introspect.nouns.float_values import flat_floats, without_gaps
from introspect.nouns.mass import Mass

Floats = npt.NDArray[np.float64]

_NONE = np.empty(0)

BITS = range(2, 8)
"""How many mantissa bits a sketch may keep."""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Sketch:
    """Counts of numbers by the top bits of their float32 word. Make one with `Sketch.of`.

    Every statistic is of the finite values; NaN and infinities are only counted.

    Attributes:
        bits: Mantissa bits kept, 2..7; a bin is ``2**-bits`` of its magnitude wide.
        bins: int32 of shape ``(K,)``, ascending: 0 is zero, ``k`` and ``-k`` are magnitudes
            from ``edges(bits)[k]`` to ``edges(bits)[k + 1]``. Read-only.
        counts: int64 of shape ``(K,)``, all positive. Read-only.
        min: Smallest finite value, exact; NaN if there is none.
        max: Largest finite value, exact; NaN if there is none.
        sum: Sum in float64.
        sum_squares: Sum of the squares in float64; Inf where float64 ends (from about 1e154).
        nans: How many values are NaN.
        infinities: How many are (-Inf, +Inf).
        overflows: How many float64 are finite and beyond float32, (below, above) zero.
    """

    bits: int
    bins: npt.NDArray[np.int32]
    counts: npt.NDArray[np.int64]
    min: float
    max: float
    sum: float
    sum_squares: float
    nans: int = 0
    infinities: tuple[int, int] = (0, 0)
    overflows: tuple[int, int] = (0, 0)

    def __post_init__(self) -> None:
        self.bins.flags.writeable = False
        self.counts.flags.writeable = False

    @classmethod
    def of(cls, values: Any, *, bits: int = 3) -> Self:
        """Count the values of a tensor, array or sequence.

        Args:
            values: Any shape (also empty), any layout and device; read once, not kept. bool
                and integers count as numbers, complex numbers as their magnitude. 32 and
                64 bit integers pass through float64, so beyond 2**53 they are rounded.
            bits: Mantissa bits, 2..7. Each one more halves the error and doubles the bins.

        Raises:
            SketchError: If `bits` is out of range or the values are no numbers.

        Example:
            >>> Sketch.of([[1.0, -2.0], [0.0, 4.0]]).bins.tolist()
            [-1024, 0, 1016, 1032]
        """
        check_bits(bits)
        plain, zeros = without_gaps(values)
        return cls.from_tally(tally(flat_floats(plain), bits), bits=bits).with_zeros(zeros)

    @classmethod
    def from_tally(cls, found: Tally, *, bits: int) -> Self:
        """A sketch of what a counting pass found (``introspect.nouns.float_bins``)."""
        bins, counts = bins_of(found.dense, bits)
        return cls(
            bits=bits,
            bins=bins,
            counts=counts,
            min=found.low,
            max=found.high,
            sum=found.total,
            sum_squares=found.squares,
            nans=found.nans,
            infinities=found.infinities,
            overflows=found.overflows,
        )

    def with_zeros(self, zeros: int) -> Self:
        """The same and so many zeros more: those that a sparse tensor does not store.

        Example:
            >>> Sketch.of([1.0]).with_zeros(3) == Sketch.of([1.0, 0.0, 0.0, 0.0])
            True
        """
        if not zeros:
            return self
        only = type(self)(self.bits, np.zeros(1, np.int32), np.array([zeros]), 0.0, 0.0, 0.0, 0.0)
        return cast("Self", self + only)

    @classmethod
    def from_bytes(cls, data: bytes) -> "Sketch":
        """A sketch from what `to_bytes` gave.

        Raises:
            SketchError: If the bytes are damaged, cut short, or of a newer version.
        """
        from introspect.nouns.sketch_bytes import unpack  # noqa: PLC0415  it builds sketches

        return unpack(data)

    def to_bytes(self) -> bytes:
        """The sketch in about 1.3 bytes an occupied bin (docs/formats/sketch.md).

        Example:
            >>> Sketch.from_bytes(Sketch.of([1.0, 2.0]).to_bytes()) == Sketch.of([2.0, 1.0])
            True
        """
        from introspect.nouns.sketch_bytes import pack  # noqa: PLC0415  it builds sketches

        return pack(self)

    @property
    def n(self) -> int:
        """How many values were counted, NaN and infinities included."""
        return self.finite + self.nans + sum(self.infinities)

    @property
    def finite(self) -> int:
        """How many values are neither NaN nor infinite."""
        return int(self.counts.sum()) + sum(self.overflows)

    @property
    def mean(self) -> float:
        """Mean of the finite values; NaN if there is none."""
        return self.sum / self.finite if self.finite else float("nan")

    @property
    def std(self) -> float:
        """Standard deviation with denominator n; NaN if there are no finite values.

        From the two sums, so about 8 digits are lost where the mean is 1e4 times the result.
        """
        if not self.finite:
            return float("nan")
        if self.min == self.max:
            return 0.0
        return sqrt(max(self.sum_squares / self.finite - self.mean**2, 0.0))

    @property
    def zeros(self) -> int:
        """How many are zero, or too small for a bin: below ``2**-(126 + bits)``."""
        return int(self.counts[self.bins == 0].sum())

    @property
    def share_zero(self) -> float:
        """`zeros` as a share of the finite values; NaN if there are none."""
        return self.zeros / self.finite if self.finite else float("nan")

    @overload
    def quantile(self, q: float) -> float: ...
    @overload
    def quantile(self, q: npt.ArrayLike) -> Any: ...
    def quantile(self, q: Any) -> Any:
        """Quantiles of the finite values, as `numpy.quantile` defines them by default.

        Each is a line between two order statistics, and each of those is known to a relative
        ``2**-bits / (2 + 2**-bits)`` if it is a normal float32. 0 and 1 give the exact
        minimum and maximum.

        Args:
            q: Probabilities in 0..1, of any shape.

        Returns:
            A float, or float64 of the shape of `q`; NaN if there are no finite values.

        Raises:
            SketchError: If a probability is not in 0..1.

        Example:
            >>> Sketch.of(range(101), bits=7).quantile([0.0, 0.25, 1.0]).round().tolist()
            [0.0, 25.0, 100.0]
        """
        wanted = np.asarray(q, np.float64)
        if not ((wanted >= 0) & (wanted <= 1)).all():
            raise SketchError("a probability lies in 0..1.", given=f"q={q!r}")
        if not self.finite:
            result = np.full(wanted.shape, np.nan)
        else:
            rank = wanted * (self.finite - 1)
            first = np.floor(rank)
            low = self._order_statistic(first)
            high = self._order_statistic(np.minimum(first + 1, self.finite - 1))
            result = low + (high - low) * (rank - first)
        return result if result.shape else float(result)

    def _order_statistic(self, rank: Floats) -> Floats:
        """The rank-th smallest value, rank 0 first."""
        lower, upper, counts = self.intervals()
        half = lower / 2 + upper / 2
        middle = np.divide(lower, half, out=np.zeros_like(half), where=half != 0) * upper
        found = middle[np.searchsorted(np.cumsum(counts), rank, side="right")]
        return np.where(rank == 0, self.min, np.where(rank == self.finite - 1, self.max, found))

    def intervals(self) -> tuple[Floats, Floats, npt.NDArray[np.int64]]:
        """Lower end, upper end and count of each bin and overflow, in order.

        Cut to the exact minimum and maximum, so that a hard bound (a uniform start, a clipped
        weight) stays hard. Zero is a point.
        """
        rows = self.bins + ((255 << self.bits) - 1)
        lower, upper = (ends[rows] for ends in float_bins.intervals(self.bits))
        counts = self.counts
        below, above = self.overflows
        if below:
            lower, upper = np.append(self.min, lower), np.append(-FLOAT32_LIMIT, upper)
            counts = np.append(below, counts)
        if above:
            lower, upper = np.append(lower, FLOAT32_LIMIT), np.append(upper, self.max)
            counts = np.append(counts, above)
        for ends in (lower, upper):
            np.maximum(ends, self.min, out=ends)
            np.minimum(ends, self.max, out=ends)
        return lower, upper, counts

    def spread(self, *, zeros: bool = True) -> Mass:
        """Where the finite values lie, each bin spread evenly; without zeros on request."""
        lower, upper, counts = self.intervals()
        share = counts / max(self.finite, 1)
        if not zeros:
            share[(lower == 0) & (upper == 0)] = 0.0
        return Mass.of(lower, upper, share)

    def cdf(self, points: npt.ArrayLike) -> Any:
        """The share of the finite values that is at most each point.

        Args:
            points: Values in the unit of the data, of any shape.

        Returns:
            A float, or float64 of the shape of `points`; NaN if there are no finite values.

        Example:
            >>> Sketch.of([-1.0, 0.0, 0.0, 1.0]).cdf([-0.5, 0.0, 1.0]).tolist()
            [0.25, 0.75, 1.0]
        """
        wanted = np.asarray(points, np.float64)
        result = self.spread().at(wanted) if self.finite else np.full(wanted.shape, np.nan)
        return result if result.shape else float(result)

    def density(self, bin_edges: npt.ArrayLike, *, zeros: bool = True) -> Floats:
        """The share of the finite values per unit, in bins of the caller's choice.

        Args:
            bin_edges: Shape ``(E,)``, ascending, ``E >= 2``; bins are ``[a, b)``, the last
                ``[a, b]``, as in `numpy.histogram`.
            zeros: Whether exact zeros count. They are a point: their whole share falls into
                the bin that holds 0, and makes it as high as that bin is narrow. Without them
                the density integrates to ``1 - share_zero`` and zeros can be said in words.

        Returns:
            float64 of shape ``(E - 1,)``; 0 if there are no finite values.

        Raises:
            SketchError: If the edges are fewer than two or do not ascend.

        Example:
            >>> Sketch.of([1.0, 3.0, 0.0, 0.0]).density([0, 2, 4]).tolist()
            [0.375, 0.125]
        """
        wanted = np.asarray(bin_edges, np.float64)
        if wanted.ndim != 1 or len(wanted) < 2 or not (np.diff(wanted) > 0).all():
            raise SketchError(
                "edges of bins must be two or more, and ascend.", given=f"{wanted.tolist()}"[:80]
            )
        if not self.finite:
            return np.zeros(len(wanted) - 1)
        return mass.density(self.spread(zeros=zeros), wanted)

    def buckets(self) -> tuple[Floats, Floats]:
        """The counts in TensorBoard's buckets, as its ``add_histogram_raw`` takes them.

        Its edges grow by a tenth from 1e-12 to 1e20, on both sides of 0. A bin that one of
        them cuts is split in proportion, so up to each edge the number is right to what lies
        in that bin; the sum of all is exact.

        Returns:
            Upper limits and counts, float64 of shape ``(B,)`` each: from an empty bucket
            before the first that is filled to the last. Counts are whole numbers. Both are
            empty if there are no finite values.

        Example:
            >>> limits, counts = Sketch.of([1.0, 1.0, 1.2]).buckets()
            >>> limits.round(2).tolist(), counts.tolist()
            ([1.01, 1.11, 1.22], [0.0, 2.0, 1.0])
        """
        return mass.buckets(self.spread(), self.finite) if self.finite else (_NONE, _NONE)

    def support(self, low: float = 0.001, high: float = 0.999) -> tuple[float, float]:
        """The points between which nearly everything lies: the robust range of a picture.

        Unlike `quantile`, read off the bins as if each were filled evenly: closer on smooth
        data, but only known to the width of a bin.

        Args:
            low: The share that lies below.
            high: The share that lies below the upper end.

        Returns:
            Lower and upper end; NaN if there are no finite values.

        Example:
            >>> Sketch.of([1.0, 2.0]).support(0.0, 1.0)
            (1.0, 2.0)
        """
        if not self.finite:
            return float("nan"), float("nan")
        lower, upper = self.spread().reach(np.array([low, high])).tolist()
        return lower, upper

    def w1(self, other: "Sketch") -> float:
        """How far mass has to move to make one out of the other (1-Wasserstein distance).

        In the unit of the values; NaN if one has no finite values.

        Example:
            >>> round(Sketch.of([1.0, 2.0]).w1(Sketch.of([2.0, 3.0])), 1)
            1.0
        """
        if not (self.finite and other.finite):
            return float("nan")
        return mass.w1(self.spread(), other.spread())

    def ks(self, other: "Sketch") -> float:
        """The greatest difference of the two distribution functions (Kolmogorov-Smirnov).

        0..1; NaN if one has no finite values.

        Example:
            >>> Sketch.of([0.0, 0.0, 1.0]).ks(Sketch.of([0.0, 1.0, 1.0])).__round__(3)
            0.333
        """
        if not (self.finite and other.finite):
            return float("nan")
        return mass.ks(self.spread(), other.spread())

    def coarser(self, bits: int) -> "Sketch":
        """The sketch that fewer bits would have made: sums of neighbouring bins, exact.

        Raises:
            SketchError: If `bits` is more than the sketch has, or fewer than 2.

        Example:
            >>> Sketch.of([1.0, 1.2], bits=5).coarser(3) == Sketch.of([1.0, 1.2], bits=3)
            True
        """
        check_bits(bits)
        if bits > self.bits:
            raise SketchError(
                "a sketch cannot become finer.",
                given=f"a sketch of {self.bits} bits",
                hint=f"Sketch.of(values, bits={bits})",
            )
        from introspect.nouns import sketch_sums  # noqa: PLC0415  it builds sketches

        return sketch_sums.coarser(self, bits)

    def __add__(self, other: object) -> "Sketch":
        """The sketch of both; of different bits, the coarser. Any order gives the same."""
        if not isinstance(other, Sketch):
            return NotImplemented
        from introspect.nouns import sketch_sums  # noqa: PLC0415  it builds sketches

        return sketch_sums.added(self, other)

    def __sub__(self, other: object) -> "Sketch":
        """What was counted since: of a sum and a part of it, the sketch of the rest.

        Counts are exact. Where both have the same minimum (or maximum), nobody knows which
        of them brought it; then that of the rest is known to one bin, outwards.

        Raises:
            SketchError: If the other is no part of this one.

        Example:
            >>> monday, tuesday = Sketch.of([1.0, 2.0]), Sketch.of([0.5, 2.0])
            >>> since = (monday + tuesday) - monday
            >>> since.n, since.min, since.max, since.mean
            (2, 0.5, 2.0, 1.25)
        """
        if not isinstance(other, Sketch):
            return NotImplemented
        from introspect.nouns import sketch_sums  # noqa: PLC0415  it builds sketches

        return sketch_sums.since(self, other)

    def __radd__(self, other: object) -> "Sketch":
        """So that ``sum(sketches)`` works, which starts from 0."""
        return self if other == 0 else NotImplemented

    def __eq__(self, other: object) -> bool:
        """Whether the same values were counted, in any order.

        All is compared exactly but the two sums: their rounding depends on the order of
        addition, so they may differ by 1e-11 of the most that they could add up to.
        """
        if not isinstance(other, Sketch):
            return NotImplemented
        reach = self.finite * max(abs(self.min), abs(self.max))  # >= the sum of magnitudes
        return (
            self._exact() == other._exact()
            and np.array_equal(self.bins, other.bins)
            and np.array_equal(self.counts, other.counts)
            and _is_close(self.sum, other.sum, 1e-11 * reach)
            and _is_close(self.sum_squares, other.sum_squares, 1e-11 * self.sum_squares)
        )

    __hash__ = None  # equality forgives rounding, a hash cannot

    def _exact(self) -> tuple[Any, ...]:
        low, high = (None, None) if isnan(self.min) else (self.min, self.max)
        return self.bits, low, high, self.nans, self.infinities, self.overflows

    def __repr__(self) -> str:
        words = [f"<Sketch of {self.n} values"]
        if self.finite:
            words.append(f": mean {self.mean:.4g}, std {self.std:.4g}")
            words.append(f", {self.min:.4g} to {self.max:.4g}")
            words.append(f", zero {self.share_zero:.1%}" if self.zeros else "")
        words.append(f", {self.nans} NaN" if self.nans else "")
        words.append(f", {sum(self.infinities)} Inf" if any(self.infinities) else "")
        return "".join(words) + ">"


def check_bits(bits: int) -> None:
    """Raise a SketchError unless `bits` is a number of mantissa bits that can be counted."""
    if not isinstance(bits, int) or bits not in BITS:
        raise SketchError("a sketch keeps 2 to 7 mantissa bits.", given=f"bits={bits!r}")


def _is_close(one: float, two: float, tolerance: float) -> bool:
    both_lost = isnan(one) and isnan(two)
    return one == two or both_lost or abs(one - two) <= tolerance or tolerance == float("inf")
