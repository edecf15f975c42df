"""Long lines to few rows for a first picture or a file, extremes exactly.

Rows are kept, not averaged: of each stretch the first, the least, the greatest and the last, so
that the picture has the same outline at every pixel.

Cost: a pass over the values, 5 ms at 1e6 rows.

Not here: what is sent when (``introspect.canvas.feed``).
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from introspect.canvas.line_curve import half_life_steps
from introspect.canvas.message import Part, small
from introspect.canvas.timeline import timeline
from introspect.canvas.trend import trend
from introspect.nouns.panels import LinePanel, Series

_GAP_ROWS = 1000


def kept_rows(values: npt.NDArray[np.float64], most: int) -> npt.NDArray[np.int64]:
    """At most so many rows with the extremes of every stretch; all of them if there are fewer.

    Args:
        values: float64 ``(n,)``; NaN and infinity are passed over, but the first one is kept.
        most: Upper bound of the number of rows; at least 8.

    Example:
        >>> values = np.zeros(1000)
        >>> values[501] = 9.0
        >>> rows = kept_rows(values, 40)
        >>> len(rows) <= 40, 501 in rows, rows[0], rows[-1]
        (True, True, np.int64(0), np.int64(999))
    """
    count = len(values)
    if count <= most:
        return np.arange(count)
    stretches = max(1, (most - 2) // 4)
    edges = np.linspace(0, count, stretches + 1).astype(np.int64)
    starts, ends = edges[:-1], edges[1:]
    finite = np.isfinite(values)
    low = _places(np.where(finite, values, np.inf), np.fmin, starts, ends)
    high = _places(np.where(finite, values, -np.inf), np.fmax, starts, ends)
    broken = np.flatnonzero(~finite)[:1]
    return np.unique(np.concatenate([starts, low, high, ends - 1, broken]))


def _places(
    values: npt.NDArray[np.float64],
    extreme: np.ufunc,
    starts: npt.NDArray[np.int64],
    ends: npt.NDArray[np.int64],
) -> npt.NDArray[np.int64]:
    """The first row of each stretch that holds its extreme."""
    best = extreme.reduceat(values, starts)
    hits = np.flatnonzero(values == np.repeat(best, ends - starts))
    return hits[np.minimum(np.searchsorted(hits, starts), len(hits) - 1)]


def coarse_parts(prefix: str, series: Series, rows: int, most: int) -> list[Part]:
    """The shape of the first rows of a line, to be shown until they have come."""
    kept = kept_rows(series.values[:rows], most)
    return _parts(prefix, series, kept, {"coarse": rows})


def thin_parts(prefix: str, series: Series, panel: Any, most: int) -> list[Part]:
    """A line for a file: few rows, and its trend computed from all of them."""
    rows = min(len(series.steps), len(series.values))
    kept = kept_rows(series.values[:rows], most)
    parts = _parts(prefix, series, kept, {})
    soft = _trend(series, panel) if len(kept) < rows else None
    if soft is not None:
        parts.insert(0, Part(f"{prefix}.soft", soft[kept].astype(np.float32)))
    return parts


def _trend(series: Series, panel: Any) -> npt.NDArray[np.float64] | None:
    if not isinstance(panel, LinePanel):
        return None
    line = timeline([other.steps for other in panel.series])
    ends = [line.positions(other.steps[[0, -1]]) for other in panel.series if len(other.steps)]
    span = (float(min(end[0] for end in ends)), float(max(end[1] for end in ends)))
    half_life = half_life_steps(panel, series, span)
    x = line.positions(series.steps[[0, -1]])
    gap = float(x[1] - x[0]) / max(len(series.values) - 1, 1)
    if not half_life or not gap:
        return None
    return trend(np.where(np.isfinite(series.values), series.values, np.nan), half_life / gap)


def _parts(
    prefix: str, series: Series, kept: npt.NDArray[np.int64], marks: dict[str, Any]
) -> list[Part]:
    columns = {
        "x": series.steps,
        "gaps": None if series.gaps is None else series.gaps.astype(np.uint8),
        "low": series.low,
        "high": series.high,
        "y": series.values,
    }
    gap = {"gap": _gap(series.steps)} if series.steps.ndim == 2 else {}
    return [
        Part(f"{prefix}.{key}", small(column[kept]), 0, {**marks, **(gap if key == "x" else {})})
        for key, column in columns.items()
        if column is not None
    ]


def _gap(steps: npt.NDArray[np.int64]) -> float:
    """Steps between two neighbours of an epoch."""
    few = steps[:_GAP_ROWS]
    gaps = np.diff(few[:, 1])[np.diff(few[:, 0]) == 0]
    return float(np.median(gaps)) if gaps.size else 1.0
