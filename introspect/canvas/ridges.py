"""Distributions over steps, and magnitudes layer by layer, to densities on common bins.

Axes:
    B: bins, S: shown steps

Not here: areas and colours (``introspect.canvas.paint_ridges``), single steps
(``introspect.canvas.histograms``).
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from introspect.canvas.histograms import histogram_view
from introspect.canvas.newest import rows_between
from introspect.canvas.ticks import clean
from introspect.nouns.panels import HistogramPanel, MagnitudesPanel, RidgePanel, Stepped
from introspect.nouns.values import to_numpy

Floats = npt.NDArray[np.float64]
_RIDGES, _COLUMNS = 24, 120
_OCTAVE = np.log10(2.0)
_FEW = 2000  # of fewer numbers, half octaves would be holes and spikes


@dataclass(frozen=True, slots=True, eq=False)
class RidgeView:
    """Distributions over steps.

    Attributes:
        title: Cleaned for one line.
        how: The grey words after it.
        edges: float64 ``(B + 1,)``.
        heights: float64 ``(S, B)``, square root of density, 0 to 1, oldest first.
        labels: ``S`` texts, ``"step 300"``.
        kind: ``"ridge"`` or ``"heat"``.
    """

    title: str
    how: str
    edges: Floats
    heights: Floats
    labels: tuple[str, ...]
    kind: str


def ridge_view(panel: RidgePanel, *, still: RidgeView | None = None) -> RidgeView:
    """What a ridge panel shows.

    Example:
        >>> panel = RidgePanel("w", np.arange(3), [np.arange(9.0)] * 3)
        >>> ridge_view(panel).heights.shape[0]
        3
    """
    most = panel.limit or (_RIDGES if panel.kind == "ridge" else _COLUMNS)
    data = rows_between(panel.data, most)
    steps = None
    if panel.steps is not None:
        kept = rows_between(range(len(panel.steps)), most)
        steps = panel.steps[np.array(kept, dtype=np.int64)]
    plain = HistogramPanel(panel.name, steps, data, limit=max(len(data), 1), title=panel.title)
    view = histogram_view(plain, edges=still.edges if still else None)
    tall = (
        np.sqrt(np.stack(view.densities)) if view.densities else np.zeros((0, len(view.edges) - 1))
    )
    top = float(tall.max(initial=0.0)) or 1.0
    words = "√ height" if panel.kind == "ridge" else "√ share as colour"
    return RidgeView(
        view.title, words if len(data) else "", view.edges, tall / top, view.labels, panel.kind
    )


@dataclass(frozen=True, slots=True, eq=False)
class MagnitudeCell:
    """One layer and one kind of numbers over steps.

    Attributes:
        heights: float64 ``(B, S)``, square root of share, 0 to 1; upwards is larger.
        zeros: Share of zeros at the newest step.
    """

    heights: Floats
    zeros: float


@dataclass(frozen=True, slots=True, eq=False)
class MagnitudesView:
    """A table of small heat maps with one logarithmic axis a column.

    Attributes:
        title: Cleaned for one line.
        how: The grey words after it.
        rows: Names of the layers.
        columns: What was measured.
        cells: For each row, one for each column; None where nothing was logged.
        ranges: For each column both ends of log10 of the magnitude.
        steps: First and last step in words.
    """

    title: str
    how: str
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    cells: tuple[tuple[MagnitudeCell | None, ...], ...]
    ranges: tuple[tuple[float, float], ...]
    steps: tuple[str, str] = ("", "")


def magnitudes_view(panel: MagnitudesPanel) -> MagnitudesView:
    """What a magnitudes panel shows."""
    found = [[None if c is None else _columns(c) for c in row] for row in panel.cells]
    ranges = []
    for column in range(len(panel.columns)):
        spans = [s for row in found if (cell := row[column]) for s in cell if s is not None]
        ranges.append(_range(spans))
    cells = tuple(
        tuple(None if cell is None else _cell(cell, ranges[at]) for at, cell in enumerate(row))
        for row in found
    )
    ends = [c for row in panel.cells for c in row if c is not None and len(c.data)]
    return MagnitudesView(
        title=clean(panel.title) or "Magnitudes",
        how="log₁₀ |x| upwards, steps to the right",
        rows=tuple(map(clean, panel.rows)),
        columns=tuple(map(clean, panel.columns)),
        cells=cells,
        ranges=tuple(ranges),
        steps=_ends(ends[0]) if ends else ("", ""),
    )


def _ends(cell: Stepped) -> tuple[str, str]:
    from introspect.canvas.newest import stated_step  # noqa: PLC0415  avoids a longer head

    if cell.steps is None:
        return "", ""
    return stated_step(cell.steps[:1]), stated_step(cell.steps).removeprefix("step ")


Spread = tuple[int, Floats, float]
"""Lowest half octave, share in each from there on, and the share of zeros."""


def _columns(cell: Stepped) -> list[Spread | None]:
    return [_spread(value) for value in rows_between(cell.data, 60)]


def _spread(value: Any) -> Spread | None:
    """Magnitudes of one step: a Sketch is asked, an array counted."""
    if hasattr(value, "cdf"):
        return _sketched(value)
    array = np.abs(to_numpy(value).astype(np.float64)).ravel()
    array = array[np.isfinite(array)]
    if not array.size:
        return None
    zeros = float(np.mean(array == 0))
    array = array[array > 0]
    if not array.size:
        return 0, np.zeros(0), zeros
    each = _OCTAVE if array.size < _FEW else _OCTAVE / 2
    places = np.floor(np.log10(array) / each).astype(np.int64)
    shares = np.bincount(places - places.min()) / (array.size / (1 - zeros))
    low = int(places.min())
    return (low, shares, zeros) if each < _OCTAVE else (2 * low, np.repeat(shares / 2, 2), zeros)


def _sketched(sketch: Any) -> Spread | None:
    if not sketch.finite:
        return None
    zeros = float(sketch.share_zero)
    ends = np.abs(np.asarray(sketch.quantile(np.linspace(0.0, 1.0, 401)), dtype=np.float64))
    ends = ends[np.isfinite(ends) & (ends > 0)]
    if not ends.size:
        return 0, np.zeros(0), zeros
    half = _OCTAVE / 2
    low = int(np.floor(np.log10(ends.min()) / half)) - 2
    high = int(np.ceil(np.log10(ends.max()) / half)) + 1
    edges = 10.0 ** (np.arange(low, high + 1) * half)
    up, down = np.asarray(sketch.cdf(edges)), np.asarray(sketch.cdf(-edges))
    shares = np.maximum(np.diff(up) - np.diff(down), 0.0)
    if sketch.finite < _FEW:
        pairs = shares[: len(shares) // 2 * 2].reshape(-1, 2).mean(axis=1)
        shares = np.repeat(pairs, 2)
    return low, shares, zeros


def _range(spans: list[Spread]) -> tuple[float, float]:
    """Both ends in log10: where 99.5 % of every layer lies."""
    half = _OCTAVE / 2
    ends = []
    for low, shares, _ in spans:
        if shares.size and shares.sum() > 0:
            inside = np.flatnonzero(np.cumsum(shares) / shares.sum() > 0.005)
            ends.append(((low + int(inside[0])) * half, (low + len(shares)) * half))
    if not ends:
        return -1.0, 0.0
    low, high = min(a for a, _ in ends), max(b for _, b in ends)
    return max(low, high - 9.0), high


def _cell(spreads: list[Spread | None], span: tuple[float, float]) -> MagnitudeCell | None:
    if not spreads:
        return None
    half = _OCTAVE / 2
    first, last = int(np.floor(span[0] / half)), int(np.ceil(span[1] / half))
    heights = np.zeros((max(last - first, 1), len(spreads)))
    zeros = 0.0
    for column, spread in enumerate(spreads):
        if spread is None:
            continue
        low, shares, zeros = spread
        for at, share in enumerate(shares.tolist(), start=low - first):
            if share > 0:
                heights[min(max(at, 0), len(heights) - 1), column] += share
    heights = np.sqrt(heights)
    top = float(heights.max(initial=0.0)) or 1.0
    return replace(MagnitudeCell(heights, zeros), heights=heights / top)
