"""Numbers -> counts between TensorBoard's edges, the same as ``np.histogram`` gives.

Those 1549 edges grow by a tenth each, so the top bits of a float (sign, exponent, seven of the
mantissa) leave at most one edge in question: two look-ups and a comparison place a number, exactly.

Better than torch's: what is empty, not finite or beyond the edges raises nothing. Numbers that
are not finite are left out, also of minimum, maximum and sums; those beyond the edges get a bucket.

Cost: 12 ms a million float32, of which 4 ms are minimum, maximum and sums in float64.

Not here: the event (``encoding``).
"""

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from introspect.history.formats.events.messages import histo, value

Floats = npt.NDArray[np.float64]

_SHIFTS = {"float32": (np.uint32, 16), "float64": (np.uint64, 45)}
_CHUNK = 1 << 16  # numbers at once, so that everything stays in the cache


@dataclass(frozen=True, slots=True, eq=False)
class Counts:
    """What a ``HistogramProto`` says.

    Attributes:
        limits: float64 of shape ``(k,)``, upper edges of buckets.
        counts: float64 of shape ``(k,)``.
        minimum: Of the finite numbers, as the following three.
        maximum: Likewise.
        n: How many there are.
        total: Their sum.
        squares: The sum of their squares.
    """

    limits: Floats
    counts: Floats
    minimum: float = 0.0
    maximum: float = 0.0
    n: int = 0
    total: float = 0.0
    squares: float = 0.0

    def field(self, tag: str) -> bytes:
        """The summary value."""
        content = histo(
            self.limits, self.counts, minimum=self.minimum, maximum=self.maximum, count=self.n,
            total=self.total, squares=self.squares,
        )  # fmt: skip
        return value(tag, content)


@cache
def default_edges() -> Floats:
    """TensorBoard's own edges, float64 of shape ``(1549,)``."""
    edges, edge = [], 1e-12
    while edge < 1e20:
        edges.append(edge)
        edge *= 1.1
    return np.array([-edge for edge in reversed(edges)] + [0.0] + edges)


def counted(values: npt.NDArray[Any], bins: Any = None, max_bins: int | None = None) -> Counts:
    """Count numbers.

    Args:
        values: Of any shape and dtype.
        bins: As of ``np.histogram``; None for TensorBoard's own.
        max_bins: If there are more, that many neighbours become one.

    Raises:
        ValueError: If the bins are none.

    Example:
        >>> counted(np.array([0.5, 0.5, np.nan]), [0, 1, 2]).counts
        array([0., 2.])
    """
    flat = np.ravel(values)
    if flat.dtype.name not in _SHIFTS:
        flat = flat.astype(np.float64)
    wide = flat.astype(np.float64)
    with np.errstate(all="ignore"):
        total = float(wide.sum())
        if not np.isfinite(total):
            is_finite = np.isfinite(flat)
            flat, wide = flat[is_finite], wide[is_finite]
            total = float(wide.sum())
        if not len(flat):
            return Counts(np.empty(0), np.empty(0))
        low, high = float(flat.min()), float(flat.max())
        sums = {"total": total, "squares": float(wide.dot(wide))}
    counts, edges = (
        _counted_fast(flat, low, high) if bins is None else np.histogram(wide, bins=bins)
    )
    if max_bins is not None and len(counts) > max_bins:
        counts, edges = _merged(counts, edges, max(1, int(max_bins)))
    limits, filled = _trimmed(counts, edges)
    return Counts(limits, filled, low, high, len(flat), **sums)


def _counted_fast(flat: npt.NDArray[Any], low: float, high: float) -> tuple[Any, Floats]:
    edges = default_edges()
    below, border = _tables(flat.dtype.name)
    word, shift = _SHIFTS[flat.dtype.name]
    bits = flat.view(word)
    found = np.zeros(len(edges) + 1, np.int64)
    for first in range(0, len(flat), _CHUNK):
        part = flat[first : first + _CHUNK]
        cells = bits[first : first + _CHUNK] >> word(shift)
        index = below[cells] + (part >= border[cells])
        found += np.bincount(index, minlength=len(found))
    if found[-1]:  # the last edge belongs to the last bucket
        at_end = int(np.count_nonzero(flat == edges[-1]))
        found[-2] += at_end
        found[-1] -= at_end
    if found[0]:
        edges = np.concatenate([[low], edges])
    else:
        found = found[1:]
    if found[-1]:
        return found, np.concatenate([edges, [high]])
    return found[:-1], edges


@cache
def _tables(dtype: str) -> tuple[npt.NDArray[np.int16], npt.NDArray[Any]]:
    """For each cell, how many edges are at or below all of its numbers, and the one that is not.

    A cell without such an edge has infinity there.
    """
    word, shift = _SHIFTS[dtype]
    edges = default_edges()
    with np.errstate(over="ignore"):
        narrow = edges.astype(dtype)
    narrow = np.where(narrow < edges, np.nextafter(narrow, np.inf, dtype=dtype), narrow)
    heads = np.arange(1 << (np.dtype(dtype).itemsize * 8 - shift), dtype=word) << word(shift)
    ends = heads | word((1 << shift) - 1)
    one, two = heads.view(dtype), ends.view(dtype)
    with np.errstate(invalid="ignore"):
        first, last = np.minimum(one, two), np.maximum(one, two)
    is_number = np.isfinite(first) & np.isfinite(last)
    below = np.searchsorted(narrow, np.where(is_number, first, 0), side="right")
    upto = np.searchsorted(narrow, np.where(is_number, last, 0), side="right")
    border = np.full(len(heads), np.inf, dtype)
    has_one = is_number & (upto > below)
    border[has_one] = narrow[below[has_one]]
    return below.astype(np.int16), border


def _merged(counts: Any, edges: Floats, most: int) -> tuple[Any, Floats]:
    """Neighbours together, as many as bring their number near to `most`."""
    size = len(counts) // most
    rest = len(counts) % size
    padded = np.pad(counts, [[0, size - rest if rest else 0]])
    merged = padded.reshape(-1, size).sum(axis=-1)
    return merged, np.append(edges[:-1:size], edges[-1])


def _trimmed(counts: Any, edges: Floats) -> tuple[Floats, Floats]:
    """Upper limits and counts from the first filled bucket to the last, an empty one before."""
    filled = np.flatnonzero(counts)
    if not len(filled):
        return np.empty(0), np.empty(0)
    start, end = int(filled[0]), int(filled[-1]) + 1
    head = counts[start - 1 : start] if start else [0]
    return (
        np.asarray(edges[start : end + 1], np.float64),
        np.concatenate([head, counts[start:end]]).astype(np.float64),
    )
