"""Bars, pies, matrices: a number for each name.

Axes:
    k: names, r: rows, c: columns
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from introspect.nouns.panels.lines import Ends
from introspect.nouns.panels.stepped import Stepped


@dataclass(frozen=True, slots=True, eq=False)
class BarPanel:
    """A bar for each name; groups stand side by side.

    Attributes:
        names: ``k`` names, in their order; it stays put.
        groups: One or more, each with a colour; `data` are float64 ``(k,)``. The newest row is
            the bars, the one before it a tick on each (one group only).
        totals: float64 ``(k,)``: what each bar is a part of, drawn grey behind it; the value
            is then written as percent. None without.
        direction: Vertical bars want few short names.
        title: What is shown.
        ylabel: The unit, written in grey after the title.
        limits: Ends of the axis of values; bars begin at 0 whatever it says.
    """

    names: tuple[str, ...]
    groups: tuple[Stepped, ...]
    totals: npt.NDArray[np.float64] | None = None
    direction: Literal["vertical", "horizontal"] = "vertical"
    title: str = ""
    ylabel: str = ""
    limits: Ends | None = None


@dataclass(frozen=True, slots=True, eq=False)
class PiePanel(Stepped):
    """Shares of a whole. `data` are float64 ``(k,)``, the newest is shown.

    Attributes:
        names: ``k`` names.
        title: What is shown.
    """

    names: tuple[str, ...] = ()
    title: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class HeatmapPanel(Stepped):
    """A matrix as colours, the newest one. `data` are float ``(r, c)``.

    Attributes:
        row_names: ``r`` names, or ``()``.
        column_names: ``c`` names, or ``()``.
        cmap: Name of a matplotlib colour map; None takes blue to orange around zero for signed
            values, surface to ink for others.
        numbers: Whether values are written into the cells; None where they have room.
        limits: Values of the first and the last colour; None from the data.
        over_steps: `data` are float ``(r,)`` and each step is a column.
        title: What is shown.
        ylabel: The unit, written in grey after the title.
    """

    row_names: tuple[str, ...] = ()
    column_names: tuple[str, ...] = ()
    cmap: str | None = None
    numbers: bool | None = None
    limits: Ends | None = None
    over_steps: bool = False
    title: str = ""
    ylabel: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class ConfusionPanel(Stepped):
    """What was taken for what, the newest. `data` are counts ``(k, k)``: rows true, columns said.

    They are int64 or float64 arrays, or `ConfusionMatrix` values.

    Attributes:
        names: ``k`` class names; ``()`` for those of the value, or numbers.
        shares: Percent of the true class, else counts.
        title: What is shown.
    """

    names: tuple[str, ...] = ()
    shares: bool = True
    title: str = ""
