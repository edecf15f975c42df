"""Distributions of arrays and Sketches: overlaid, over time, layer by layer."""

from dataclasses import dataclass
from typing import Literal

from introspect.nouns.panels.stepped import Stepped


@dataclass(frozen=True, slots=True, eq=False)
class HistogramPanel(Stepped):
    """The distribution of arrays or Sketches, the newest `limit` of them as overlay.

    `data` are arrays, or objects with ``density(edges)`` and ``quantile(q)``.

    Attributes:
        limit: How many of the newest are shown.
        title: What is shown.
    """

    limit: int = 4
    title: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class RidgePanel(Stepped):
    """How a distribution moves: one for each step, spread evenly over all steps.

    `data` are arrays, or objects with ``density(edges)`` and ``quantile(q)``.

    Attributes:
        kind: ``"ridge"``: one above the other, the newest in front. ``"heat"``: steps to the
            right, values upwards, share as colour.
        limit: How many steps are shown; None for 24 ridges or 120 columns.
        title: What is shown.
    """

    kind: Literal["ridge", "heat"] = "ridge"
    limit: int | None = None
    title: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class MagnitudesPanel:
    """How large the numbers of each layer are, over training: a small heat map in each cell.

    Attributes:
        rows: Names of the layers.
        columns: What was measured of them: ``"weights"``, ``"gradients"``, ...
        cells: For each row, one for each column: Sketches over steps, or None where nothing
            was logged.
        title: What is shown.
    """

    rows: tuple[str, ...]
    columns: tuple[str, ...]
    cells: tuple[tuple[Stepped | None, ...], ...]
    title: str = ""
