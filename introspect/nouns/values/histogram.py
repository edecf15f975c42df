"""Counts between edges: a histogram as NumPy and TensorBoard have it.

A `Sketch` chooses its bins by itself, costs less and adds to others; a `Histogram` has the edges
that you want.

Axes:
    k: bins

Not here: `Sketch` (``introspect.nouns.sketch``).
"""

from dataclasses import dataclass
from math import nan
from typing import Any, Literal, Self, get_args

import numpy as np
import numpy.typing as npt

from introspect.errors import HistoryError
from introspect.nouns.values.arrays import (
    check_array,
    check_type,
    described,
    private,
    real_numbers,
)

Floats = npt.NDArray[np.float64]
Rule = Literal["auto", "fd", "scott", "rice", "sturges", "doane", "sqrt"]
"""How many bins: rules of `numpy.histogram_bin_edges`."""

MOST_BINS = 1_000_000
_MOST_BY_RULE = 4096
_VAST = 2.0**900  # a power of two, which costs no digit


@dataclass(frozen=True, slots=True, eq=False)
class Histogram:
    """Counts between edges, and what is known exactly of the numbers that were counted.

    Attributes:
        edges: float64 of shape ``(k + 1,)``, never descending. The first and last may be infinite.
        counts: float64 of shape ``(k,)``, none negative. Bin i is ``[edges[i], edges[i + 1])``,
            the last one has both ends.
        n: How many numbers there were; some may lie outside the edges.
        minimum: The smallest; NaN if there was none.
        maximum: The greatest; NaN if there was none.
        total: Their sum.
        total_of_squares: The sum of their squares.
    """

    edges: Floats
    counts: Floats
    n: int
    minimum: float
    maximum: float
    total: float
    total_of_squares: float

    def __post_init__(self) -> None:
        check_array(self.edges, "edges", np.float64, "k+1")
        check_array(self.counts, "counts", np.float64, "k")
        check_type(self.n, "n", int)
        for name in ("minimum", "maximum", "total", "total_of_squares"):
            check_type(getattr(self, name), name, float)
        if len(self.edges) != len(self.counts) + 1 or len(self.counts) > MOST_BINS:
            raise HistoryError(
                "a histogram has one edge more than bins.",
                given=f"{len(self.edges)} edges, {len(self.counts)} counts",
                hint=f"at most {MOST_BINS} bins",
            )
        # Compared, since the difference of two infinite edges is NaN.
        if not (self.edges[1:] >= self.edges[:-1]).all() or np.isnan(self.edges).any():
            raise HistoryError("the edges of a histogram never descend.", given=_some(self.edges))
        if not (np.isfinite(self.counts) & (self.counts >= 0)).all():
            raise HistoryError("a count is 0 or more.", given=_some(self.counts))
        if not 0 <= self.n < 1 << 63:
            raise HistoryError("how many numbers there were is 0 or more.", given=f"n={self.n}")

    @classmethod
    def of(cls, data: Any, *, bins: Rule | int | npt.ArrayLike = "auto") -> Self:
        """Count the numbers of a tensor, array or sequence, as `numpy.histogram` does.

        Args:
            data: Any shape, also empty; read once, not kept. NaN and infinities are left out.
            bins: A rule, how many of equal width, or their edges. "auto" and "fd" make at most
                4096, where NumPy would try to make millions of outliers.

        Raises:
            HistoryError: If the values are no numbers, or the bins are none.

        Example:
            >>> Histogram.of([1, 2, 2, 4], bins=3).counts.tolist()
            [1.0, 2.0, 1.0]
        """
        array = real_numbers(data, "a histogram", "abs(values)").ravel()
        if array.dtype == bool:
            array = array.astype(np.uint8)
        elif array.dtype.kind == "f":
            array = array.astype(np.float64)
            array = array[np.isfinite(array)]
        with np.errstate(over="ignore"):
            counts, edges = _counted(array, bins)
            floats = array.astype(np.float64)
            total, squares = float(floats.sum()), float(np.dot(floats, floats))
        return cls(
            edges=private(edges),
            counts=private(counts),
            n=array.size,
            minimum=float(array.min()) if array.size else nan,
            maximum=float(array.max()) if array.size else nan,
            total=total,
            total_of_squares=squares,
        )

    @classmethod
    def of_counts(
        cls,
        edges: Any,
        counts: Any,
        *,
        n: int | None = None,
        minimum: float | None = None,
        maximum: float | None = None,
        total: float | None = None,
        total_of_squares: float | None = None,
    ) -> Self:
        """A histogram that somebody else counted.

        Args:
            edges: ``k + 1`` numbers; copied.
            counts: ``k`` numbers; copied.
            n: How many numbers there were; the sum of the counts by default.
            minimum: By default the lower end of the first bin that is not empty.
            maximum: By default the upper end of the last one.
            total: By default as if all numbers of a bin lay in its middle, like the next.
            total_of_squares: The sum of the squares.

        Raises:
            HistoryError: If the numbers of edges and counts do not fit, or the edges descend.

        Example:
            >>> Histogram.of_counts([0, 1, 2], [3, 1])
            <Histogram of 4 numbers in 2 bins, 0 to 2>
        """
        ends = private(real_numbers(edges, "a histogram", "floats").astype(np.float64))
        sizes = private(real_numbers(counts, "a histogram", "floats").astype(np.float64))
        filled = np.flatnonzero(sizes > 0) if ends.shape == (sizes.size + 1,) else np.empty(0, int)
        low, high = (ends[filled[0]], ends[filled[-1] + 1]) if filled.size else (nan, nan)
        middles = np.zeros(0)
        if filled.size:
            known = np.nan_to_num(ends)  # an infinite edge, too, has to have a middle
            middles = known[filled] / 2 + known[filled + 1] / 2
        with np.errstate(over="ignore"):
            sums = [float((sizes[filled] * middles**power).sum()) for power in (1, 2)]
        return cls(
            edges=ends,
            counts=sizes,
            n=round(float(sizes[filled].sum())) if n is None else int(n),
            minimum=float(low if minimum is None else minimum),
            maximum=float(high if maximum is None else maximum),
            total=float(sums[0] if total is None else total),
            total_of_squares=float(sums[1] if total_of_squares is None else total_of_squares),
        )

    @property
    def mean(self) -> float:
        """The mean of the numbers; NaN if there was none."""
        return self.total / self.n if self.n else nan

    def __repr__(self) -> str:
        bins = f"{len(self.counts)} bin{'' if len(self.counts) == 1 else 's'}"
        ends = f", {self.minimum:.4g} to {self.maximum:.4g}" if self.n else ""
        return f"<Histogram of {self.n} numbers in {bins}{ends}>"


def _counted(array: npt.NDArray[Any], bins: Any) -> tuple[Floats, Floats]:
    """Counts and edges, float64."""
    if isinstance(bins, str):
        if bins not in get_args(Rule):
            raise HistoryError(
                "there is no such rule for bins.",
                given=f"bins={bins!r}",
                hint=", ".join(get_args(Rule)),
            )
        bins = _most_by_rule(array, bins)
    elif np.ndim(bins) == 0:
        bins = _bin_count(bins)
    else:
        bins = real_numbers(bins, "edges", "floats").astype(np.float64)
        if bins.ndim != 1 or not 2 <= bins.size <= MOST_BINS or not (bins[1:] >= bins[:-1]).all():
            raise HistoryError(
                "edges of bins are two or more, and never descend.", given=described(bins)
            )
    if isinstance(bins, np.ndarray) or not _is_vast(array):
        counts, edges = np.histogram(array, bins=bins)
        return counts.astype(np.float64), edges.astype(np.float64)
    counts, edges = np.histogram(array * _VAST**-1, bins=bins)
    return counts.astype(np.float64), edges * _VAST


def _is_vast(array: npt.NDArray[Any]) -> bool:
    """Whether the span, or its square, is beyond float64, so that NumPy finds no bins."""
    if array.dtype != np.float64 or not array.size:
        return False
    return bool(array.max() / 2 - array.min() / 2 > 1e140)


def _bin_count(bins: Any) -> int:
    if isinstance(bins, bool | np.bool_) or not isinstance(bins, int | np.integer):
        raise HistoryError("bins are a rule, a number or edges.", given=f"bins={bins!r}")
    if not 1 <= bins <= MOST_BINS:
        raise HistoryError(
            "a histogram has at least one bin.",
            given=f"bins={bins}",
            hint=f"at most {MOST_BINS} bins",
        )
    return int(bins)


def _most_by_rule(array: npt.NDArray[Any], rule: str) -> str | int:
    """The rule; or a number, where the rule would make so many bins that memory ends."""
    if array.size < 2 or rule not in {"auto", "fd"}:  # the others grow with the numbers alone
        return rule
    low, first, third, high = (
        np.quantile(array.astype(np.float64) / 8, (0, 0.25, 0.75, 1))
    ).tolist()
    width = 2 * (third - first) / array.size ** (1 / 3)  # Freedman and Diaconis, as in NumPy
    return _MOST_BY_RULE if width > 0 and (high - low) / width > _MOST_BY_RULE else rule


def _some(array: npt.NDArray[Any]) -> str:
    return f"{np.array2string(array, threshold=8)}"[:80]
