"""Lines over steps, and what can stand beside them.

Axes:
    n: values of one metric
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Log = Literal["", "x", "y", "xy"]
Smooth = Literal["auto", "off"] | float
Ends = tuple[float | None, float | None]
"""Both ends of an axis; None takes that end from the data."""


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """One line of a line chart.

    Attributes:
        name: Written at the end of the line.
        steps: int64 ``(n,)``, or ``(n, 2)`` for (epoch, step); in order.
        values: float64 ``(n,)``. NaN and infinity are values, and faults.
        gaps: bool ``(n,)``, True where nothing was measured; None for no gap.
        low: float64 ``(n,)``, lower edge of a band around the line; None for no band.
        high: float64 ``(n,)``, its upper edge; None exactly when `low` is.
        color: Which of the categorical colours, 0 for the first; None for its place among the
            lines. What has a colour of its own keeps it when other lines come and go.
    """

    name: str
    steps: npt.NDArray[np.int64]
    values: Floats
    gaps: npt.NDArray[np.bool_] | None = None
    low: Floats | None = None
    high: Floats | None = None
    color: int | None = None


@dataclass(frozen=True, slots=True)
class Baseline:
    """A level to compare with, or, with `top`, a range of usual values.

    Attributes:
        value: On the y axis.
        name: Written at its right end.
        top: Upper end of the range; None for a dashed line at `value`.
    """

    value: float
    name: str = ""
    top: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class LinePanel:
    """Lines over steps.

    Attributes:
        series: In the order of their colours.
        title: What the chart shows.
        ylabel: The unit, written in grey after the title.
        log: Which axes are logarithmic; values <= 0 are then left out and counted.
        xlim: Ends of the x axis in steps (or epochs, where steps are (epoch, step)).
        ylim: Ends of the y axis.
        smooth: ``"auto"`` (long, noisy columns), ``"off"``, or a half-life in steps.
        band: What bands are, in words, written after the title: ``"range of 3 seeds"``.
        baselines: Levels and ranges behind the lines.
        epochs: For int steps: an epoch is so many steps, or the steps at which epochs end;
            x then counts epochs. None where that is not known, or steps say it themselves.
        x_linked: Panels with the same word share ends of x and cursor; "" for a panel alone.
    """

    series: tuple[Series, ...]
    title: str = ""
    ylabel: str = ""
    log: Log = ""
    xlim: Ends | None = None
    ylim: Ends | None = None
    smooth: Smooth = "off"
    band: str = ""
    baselines: tuple[Baseline, ...] = ()
    epochs: float | tuple[int, ...] | None = None
    x_linked: str = "steps"
