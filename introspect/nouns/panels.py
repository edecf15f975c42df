"""Panels: what each chart of a canvas shows, as plain data.

A Panel holds references to the columns of a history and nothing that is already drawn, so
making one costs microseconds whatever the length of the history. Columns are append-only:
what a panel refers to does not change after it was made, and `up_to` can show any earlier
moment of it (a film is that, frame by frame).

Axes:
    n: values of one metric

Not here: how the arguments of ``draw_*`` become panels (``introspect.canvas.sources``), how
a panel becomes a picture (``introspect.canvas.figure``, ``introspect.canvas.terminal``).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from introspect.nouns.metric import Step


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """One line of a line chart.

    Attributes:
        name: Written at the end of the line.
        steps: int64 ``(n,)``, or ``(n, 2)`` for (epoch, step); in order.
        values: float64 ``(n,)``. NaN and infinity are values, and faults.
        gaps: bool ``(n,)``, True where nothing was measured; None for no gap.
    """

    name: str
    steps: npt.NDArray[np.int64]
    values: npt.NDArray[np.float64]
    gaps: npt.NDArray[np.bool_] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class LinePanel:
    """Lines over steps.

    Attributes:
        series: In the order of their colours.
        title: What the chart shows.
        ylabel: The unit, written in grey after the title.
    """

    series: tuple[Series, ...]
    title: str = ""
    ylabel: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class ImagePanel:
    """Arrays or Images, the newest `limit` of them side by side.

    Attributes:
        name: Of the metric.
        steps: int64 ``(n,)`` or ``(n, 2)``; None for a single picture without a step.
        data: ``n`` arrays or Images.
        limit: How many of the newest are shown.
        title: What is shown.
        cmap: Name of a matplotlib colour map for one channel; None lets the values decide.
    """

    name: str
    steps: npt.NDArray[np.int64] | None
    data: Sequence[Any]
    limit: int = 5
    title: str = ""
    cmap: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class HistogramPanel:
    """The distribution of arrays or Sketches, the newest `limit` of them as overlay.

    Attributes:
        name: Of the metric.
        steps: int64 ``(n,)`` or ``(n, 2)``; None for a single distribution without a step.
        data: ``n`` arrays, or objects with ``density(edges)`` and ``quantile(q)``.
        limit: How many of the newest are shown.
        title: What is shown.
    """

    name: str
    steps: npt.NDArray[np.int64] | None
    data: Sequence[Any]
    limit: int = 4
    title: str = ""


@dataclass(frozen=True, slots=True)
class SummaryPanel:
    """One line of text: how far the training is.

    Attributes:
        title: Bold, before the numbers.
        step: The newest step, None before the first.
        elapsed_s: Training time.
    """

    title: str
    step: Step | None
    elapsed_s: float


@dataclass(frozen=True, slots=True)
class ProgressPanel:
    """How much of the planned training is done.

    Attributes:
        title: Bold, before the numbers.
        done: Steps taken.
        total: Steps planned.
        epochs: Epochs planned, which cut the line; None for an uncut line.
        elapsed_s: Since the first call.
        rate_per_s: Steps a second over the last minute, None while unknown.
        left_s: Estimate of the time left, None while it would be a guess.
    """

    title: str
    done: float
    total: float
    epochs: int | None = None
    elapsed_s: float = 0.0
    rate_per_s: float | None = None
    left_s: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class CustomPanel:
    """A drawing by the user's own method.

    Attributes:
        name: Of the method.
        paint: Draws on ``canvas.ax``; called once for each picture.
    """

    name: str
    paint: Callable[[], object]


@dataclass(frozen=True, slots=True)
class MessagePanel:
    """What is shown where a panel could not be made.

    Attributes:
        title: What should have been shown.
        message: Why it is not.
    """

    title: str
    message: str


Panel = (
    LinePanel
    | ImagePanel
    | HistogramPanel
    | SummaryPanel
    | ProgressPanel
    | CustomPanel
    | MessagePanel
)


def up_to(panel: Panel, rows: Callable[[npt.NDArray[np.int64]], int]) -> Panel:
    """The panel as it was when its columns were shorter.

    Args:
        panel: Any panel; kinds without columns come back as they are.
        rows: Column of steps to the number of its first rows that are kept.

    Example:
        >>> line = Series("loss", np.arange(3), np.array([3.0, 2.0, 1.0]))
        >>> earlier = up_to(LinePanel((line,)), lambda steps: 2)
        >>> earlier.series[0].values.tolist()
        [3.0, 2.0]
    """
    if isinstance(panel, LinePanel):
        return replace(panel, series=tuple(_first(line, rows(line.steps)) for line in panel.series))
    if isinstance(panel, ImagePanel | HistogramPanel) and panel.steps is not None:
        kept = rows(panel.steps)
        return replace(panel, steps=panel.steps[:kept], data=panel.data[:kept])
    return panel


def columns(panel: Panel) -> list[npt.NDArray[np.int64]]:
    """Every column of steps in a panel."""
    if isinstance(panel, LinePanel):
        return [line.steps for line in panel.series]
    if isinstance(panel, ImagePanel | HistogramPanel) and panel.steps is not None:
        return [panel.steps]
    return []


def _first(line: Series, kept: int) -> Series:
    gaps = None if line.gaps is None else line.gaps[:kept]
    return replace(line, steps=line.steps[:kept], values=line.values[:kept], gaps=gaps)
