"""Pyramid: where the smallest and the largest number of every 16, 256, 4096, ... rows are.

A curve of ten million points has a thousand pixels to lie in. For each of them the extremes of
some rows are asked for, whichever part of the curve is shown; the pyramid answers from a few
rows of each level. It is built when it is first asked and grows with its column.

Cost: building 20 ns a row, once; 1.1 bytes a row; a question about ``m`` ranges O(m), whatever the
number of rows.

Axes:
    M: ranges of rows

Not here: which rows lie in which pixel (``Metric.thinned``).
"""

import threading

import numpy as np
import numpy.typing as npt

FAN = 16
"""Rows of one level that the next sums up."""

Rows = npt.NDArray[np.int64]


class Pyramid:
    """The extremes of blocks of rows of a column that only grows.

    A longer column may be given at any later call, a shorter one too: only blocks that lie
    within it are used. NaN is smaller than nothing and larger than nothing: a block of NaN alone is
    stood for by its first row.
    """

    __slots__ = ("_levels", "_lock")

    def __init__(self) -> None:
        self._levels: list[tuple[Rows, Rows]] = []  # rows of the minima, of the maxima
        self._lock = threading.Lock()

    def extremes(
        self, data: npt.NDArray[np.float64], starts: Rows, ends: Rows
    ) -> tuple[Rows, Rows]:
        """The rows of the smallest and the largest value of each range of rows.

        Args:
            data: float64 of shape ``(n,)``, not copied.
            starts: int64 of shape ``(M,)``, the first row of each range.
            ends: int64 of shape ``(M,)``, behind the last one; more than `starts`.

        Returns:
            Two int64 arrays of shape ``(M,)``. NaN is passed over unless there is nothing else.

        Example:
            >>> column = np.array([3.0, 1.0, 2.0, np.nan])
            >>> [rows.tolist() for rows in Pyramid().extremes(column, *np.array([[0, 2], [2, 4]]))]
            [[1, 2], [0, 2]]
        """
        levels = self._built(data)
        least, most = starts.copy(), starts.copy()
        low, high = starts, ends
        for depth in range(len(levels) + 1):
            low_up, high_up = -(-low // FAN), high // FAN
            is_top = depth == len(levels)
            # What sticks out of whole blocks of the next level; all of it if there is none.
            inside = (low_up < high_up) & (not is_top)
            edges = [(low, np.where(inside, low_up * FAN, high))]
            edges.append((np.where(inside, high_up * FAN, high), high))
            for first, end in edges:
                lows, highs = levels[depth - 1] if depth else (None, None)
                least = _better(data, np.fmin, _candidates(least, lows, first, end))
                most = _better(data, np.fmax, _candidates(most, highs, first, end))
            low, high = np.where(inside, low_up, 0), np.where(inside, high_up, 0)
            if not inside.any():
                break
        return least, most

    def _built(self, data: npt.NDArray[np.float64]) -> list[tuple[Rows, Rows]]:
        """The levels, with every whole block of `data`."""
        with self._lock:
            below: tuple[Rows, Rows] | None = None
            count, depth = len(data) // FAN, 0
            while count:
                if depth == len(self._levels):
                    self._levels.append((np.empty(0, np.int64), np.empty(0, np.int64)))
                known = self._levels[depth]
                if len(known[0]) < count:
                    fresh = _summed_up(data, below, len(known[0]), count)
                    pairs = zip(known, fresh, strict=True)
                    lows, highs = (np.concatenate(pair) for pair in pairs)
                    self._levels[depth] = (lows, highs)
                below = self._levels[depth]
                count, depth = count // FAN, depth + 1
            return self._levels[:depth]


def _summed_up(
    data: npt.NDArray[np.float64], below: tuple[Rows, Rows] | None, first: int, end: int
) -> tuple[Rows, Rows]:
    """The rows of the extremes of blocks `first` to `end` of one level, from the level below."""
    if below is None:
        rows = np.arange(first * FAN, end * FAN).reshape(-1, FAN)
        return _better(data, np.fmin, rows), _better(data, np.fmax, rows)
    part = slice(first * FAN, end * FAN)
    lows, highs = (level[part].reshape(-1, FAN) for level in below)
    return _better(data, np.fmin, lows), _better(data, np.fmax, highs)


def _better(data: npt.NDArray[np.float64], extreme: np.ufunc, rows: Rows) -> Rows:
    """Of each row of candidates, shape ``(M, any)``, the first that is the extreme."""
    values = data[rows]
    best = extreme.reduce(values, axis=1, keepdims=True)
    is_best = values == best
    is_best[:, 0] |= np.isnan(best[:, 0])  # NaN equals nothing
    return rows[np.arange(len(rows)), is_best.argmax(axis=1)]


def _candidates(known: Rows, level: Rows | None, first: Rows, end: Rows) -> Rows:
    """The best rows so far, then those between two places of a level: ``(M, 1 + widest)``.

    Ranges that are shorter than the widest repeat their last place, empty ones what is known.
    """
    sizes = end - first
    widest = int(sizes.max(initial=0))
    if widest <= 0:
        return known[:, None]
    places = first[:, None] + np.minimum(np.arange(widest), np.maximum(sizes - 1, 0)[:, None])
    is_empty = (sizes <= 0)[:, None]
    places[is_empty[:, 0]] = 0
    rows = places if level is None else level[places]
    return np.column_stack([known, np.where(is_empty, known[:, None], rows)])
