"""A histogram panel to densities over common bins.

``HistogramPanel -> HistogramView``: one distribution for each of the newest steps, each of
that step alone, all over the bins that hold 99.8 % of everything shown.

Axes:
    B: bins, S: shown steps

Cost: two passes over the shown values; a Sketch is asked, not read.

Not here: areas, steps and colours (``introspect.canvas.paint_histogram``).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from introspect.canvas.ticks import clean
from introspect.errors import CanvasError
from introspect.nouns.metric import format_step
from introspect.nouns.panels import HistogramPanel
from introspect.nouns.sketch import Sketch
from introspect.nouns.values import Image, to_numpy

Floats = npt.NDArray[np.float64]
_BINS, _FEWEST = 48, 8


@dataclass(frozen=True, slots=True, eq=False)
class HistogramView:
    """Distributions over common bins.

    Attributes:
        title: Cleaned for one line.
        how: The grey words after it.
        edges: float64 ``(B + 1,)``.
        densities: ``S`` arrays of float64 ``(B,)``, oldest first; share per unit of value.
        labels: ``S`` texts, ``"step 300"``.
        broken: How many of the newest values are NaN or infinite.
    """

    title: str
    how: str
    edges: Floats
    densities: tuple[Floats, ...]
    labels: tuple[str, ...]
    broken: int = 0


def histogram_view(panel: HistogramPanel, *, edges: Floats | None = None) -> HistogramView:
    """What a histogram panel shows.

    Args:
        panel: The steps and values.
        edges: Bins fixed from outside, float64 ``(B + 1,)``; None fits them to the values.

    Raises:
        CanvasError: If a value has no distribution.

    Example:
        >>> view = histogram_view(HistogramPanel("w", None, [np.array([0.0, 1.0])]))
        >>> float(np.sum(view.densities[0] * np.diff(view.edges)))
        1.0
    """
    newest = [_values(value) for value in panel.data[-panel.limit :]]
    broken = newest[-1][1] if newest else 0
    values = [value for value, _ in newest]
    if edges is None:
        edges = _edges(values)
    densities = tuple(_density(value, edges) for value in values)
    labels = _labels(panel, len(values))
    grey = f"{labels[0]} in grey, √ height" if len(labels) > 1 else "√ height"
    return HistogramView(
        title=clean(panel.title) or clean(panel.name),
        how=grey if values else "",
        edges=edges,
        densities=densities,
        labels=labels,
        broken=broken,
    )


@dataclass(frozen=True, slots=True, eq=False)
class Counted:
    """Bins that were counted before, asked like a Sketch: evenly spread within each bin."""

    edges: Floats
    counts: Floats

    def _cdf(self, points: Floats) -> Floats:
        total = float(self.counts.sum()) or 1.0
        return np.interp(
            points, self.edges, np.concatenate(([0.0], np.cumsum(self.counts))) / total
        )

    def density(self, edges: Floats) -> Floats:
        """Share per unit of value in other bins."""
        return np.diff(self._cdf(edges)) / np.diff(edges)

    def quantile(self, q: float) -> float:
        """The value below which a share of `q` lies."""
        sums = np.concatenate(([0.0], np.cumsum(self.counts)))
        kept = np.concatenate(([True], np.diff(sums) > 0))
        return float(np.interp(q * sums[-1], sums[kept], self.edges[kept]))


def _values(value: Any) -> tuple[Any, int]:
    """The finite values as one flat array, or the sketch; and how many were not finite."""
    if hasattr(value, "density") and hasattr(value, "quantile"):
        return value, 0
    if hasattr(value, "edges") and hasattr(value, "counts"):
        return Counted(np.asarray(value.edges), np.asarray(value.counts)), 0
    array = value.pixels if isinstance(value, Image) else to_numpy(value)
    if array.dtype.kind not in "biuf":
        raise CanvasError(
            "this has no histogram.",
            given=f"{array.dtype} {array.shape}",
            hint="draw_hist of real numbers or Sketches",
        )
    flat = array.ravel()
    if array.dtype.kind == "f":
        flat = flat[np.isfinite(flat)]
    return flat.astype(np.float64, copy=False), array.size - flat.size


def _edges(values: Sequence[Any]) -> Floats:
    ends = [_ends(value) for value in values if not isinstance(value, np.ndarray) or value.size]
    ends = [pair for pair in ends if np.isfinite(pair).all()]
    if not ends:
        return np.linspace(0.0, 1.0, _BINS + 1)
    low, high = min(low for low, _ in ends), max(high for _, high in ends)
    if high <= low:
        pad = abs(low) * 0.1 or 0.5
        low, high = low - pad, high + pad
    pad = 0.02 * (high - low)
    sizes = [
        value.size if isinstance(value, np.ndarray) else value.finite
        for value in values
        if isinstance(value, np.ndarray | Sketch)
    ]
    # Twice the cube root, or a small bias would look like noise; counted bins are as they are.
    bins = int(np.clip(round(2 * np.cbrt(max(sizes))), _FEWEST, _BINS)) if sizes else _BINS
    return np.linspace(low - pad, high + pad, bins + 1)


def _ends(value: Any) -> tuple[float, float]:
    if isinstance(value, np.ndarray):
        low, high = np.quantile(value, [0.001, 0.999])
        return float(low), float(high)
    return float(value.quantile(0.001)), float(value.quantile(0.999))


def _density(value: Any, edges: Floats) -> Floats:
    if not isinstance(value, np.ndarray):
        return np.nan_to_num(np.asarray(value.density(edges), dtype=np.float64))
    counts = np.histogram(value, edges)[0]
    return counts / (max(value.size, 1) * np.diff(edges))


def _labels(panel: HistogramPanel, shown: int) -> tuple[str, ...]:
    if panel.steps is None or not shown:
        return ("",) * shown
    steps = panel.steps[len(panel.steps) - shown :]
    if steps.ndim == 2 and len(np.unique(steps[:, 0])) == shown > 1:
        return tuple(f"epoch {epoch}" for epoch in steps[:, 0].tolist())
    keys = [tuple(s) if isinstance(s, list) else s for s in steps.tolist()]
    return tuple(f"step {format_step(key)}" for key in keys)
