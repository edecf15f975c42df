"""Distributions over steps, and magnitudes layer by layer, to densities on common bins.

Axes:
    B: bins, S: shown steps

Not here: areas and colours (``introspect.canvas.paint_ridges``), single steps
(``introspect.canvas.histograms``).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from introspect.canvas.histograms import histogram_view
from introspect.canvas.newest import rows_between
from introspect.canvas.octaves import HALF, octave_shares, octaves_of, reach, reach_of
from introspect.canvas.ticks import clean
from introspect.nouns.panels import HistogramPanel, MagnitudesPanel, RidgePanel, Stepped
from introspect.nouns.sketch import Sketch
from introspect.nouns.values import to_numpy

Floats = npt.NDArray[np.float64]
_RIDGES, _COLUMNS = 24, 120
_CELLS = 60  # steps in a cell of the table of magnitudes
_DECADES = 9.0


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
        zeros: Share of zeros among what is finite at the newest step.
        lost: For each step, whether some values were NaN or infinite.
        broken: Share of those at the newest step.
    """

    heights: Floats
    zeros: float
    lost: tuple[bool, ...] = ()
    broken: float = 0.0


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
    found = [[None if c is None else _steps(c) for c in row] for row in panel.cells]
    ranges = [
        _range([step for row in found for step in row[column] or ()])
        for column in range(len(panel.columns))
    ]
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


@dataclass(frozen=True, slots=True, eq=False)
class _Numbers:
    """One step of one cell, asked like a Sketch."""

    values: Floats

    @property
    def n(self) -> int:
        return self.values.size

    @property
    def finite(self) -> int:
        return int(np.isfinite(self.values).sum())

    @property
    def share_zero(self) -> float:
        return float(np.sum(self.values == 0) / max(self.finite, 1))


Step = Any
"""A Sketch, or `_Numbers`."""


def _steps(cell: Stepped) -> list[Step]:
    return [
        value if isinstance(value, Sketch) else _Numbers(to_numpy(value).astype(np.float64).ravel())
        for value in rows_between(cell.data, _CELLS)
    ]


def _range(steps: list[Step]) -> tuple[float, float]:
    """Both ends in log10: where 99 % of the magnitudes of every layer lie."""
    found = [reach_of(s.values) if isinstance(s, _Numbers) else reach(s) for s in steps]
    ends = [pair for pair in found if pair is not None]
    if not ends:
        return -1.0, 0.0
    low, high = min(low for low, _ in ends), max(high for _, high in ends)
    low = float(np.floor(max(low, high - _DECADES) / HALF) * HALF)
    return low, float(max(np.ceil(high / HALF) * HALF, low + 4 * HALF))


def _cell(steps: list[Step], span: tuple[float, float]) -> MagnitudeCell | None:
    if not steps:
        return None
    first, last = round(span[0] / HALF), round(span[1] / HALF)
    columns = [
        octaves_of(s.values, first, last)
        if isinstance(s, _Numbers)
        else octave_shares(s, first, last)
        for s in steps
    ]
    heights = np.sqrt(np.stack(columns, axis=1))
    top = float(heights.max(initial=0.0)) or 1.0
    newest = steps[-1]
    return MagnitudeCell(
        heights / top,
        float(newest.share_zero) if newest.finite else 0.0,
        tuple(s.finite < s.n for s in steps),
        1.0 - newest.finite / newest.n if newest.n else 0.0,
    )
