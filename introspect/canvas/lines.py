"""A line panel to what any painter needs: limits, ticks, curves, faults and words.

``LinePanel -> LineView``, in NumPy alone. The rules of the look live here, so that a figure
and a terminal follow the same ones: losses from zero, the top at the 99 % value after the
first 2 % of steps with the cut-off announced, NaN and infinity as a break and a word, never
in the range of an axis.

Cost: a few passes over the values, 20 ms at 1e6 points.

Not here: how many points are drawn (``introspect.canvas.decimate``), colours, fonts, glyphs
(``introspect.canvas.paint_lines``, ``terminal``).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from introspect.canvas.ticks import clean, format_percent, format_ticks, format_value, nice_ticks
from introspect.canvas.timeline import Timeline
from introspect.nouns.metric import format_step
from introspect.nouns.panels import LinePanel, Series

Floats = npt.NDArray[np.float64]
Range = tuple[float, float]

_HUGE = 1e300  # beyond, differences of two values overflow


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """One line, ready to be drawn.

    Attributes:
        name: Cleaned for one line of text.
        index: Which of the categorical colours.
        x: float64 ``(n,)``, positions.
        y: float64 ``(n,)``, NaN where the line breaks.
        faults: Positions of NaN and infinity, float64.
        fault_text: ``"NaN from step 560"``, or empty.
        last_text: The newest value as text, empty without values.
        ends_broken: Whether the newest value is NaN or infinite.
    """

    name: str
    index: int
    x: Floats
    y: Floats
    faults: Floats
    fault_text: str
    last_text: str
    ends_broken: bool

    @property
    def end(self) -> tuple[float, float] | None:
        """The last finite point."""
        rows = np.flatnonzero(np.isfinite(self.y[-1000:]))
        if not rows.size:
            rows = np.flatnonzero(np.isfinite(self.y))
            return (float(self.x[rows[-1]]), float(self.y[rows[-1]])) if rows.size else None
        row = max(len(self.y) - 1000, 0) + rows[-1]
        return float(self.x[row]), float(self.y[row])


@dataclass(frozen=True, slots=True, eq=False)
class LineView:
    """A line chart without pixels.

    Attributes:
        title: Cleaned for one line.
        how: The grey words after it.
        curves: In the order of the series.
        x_limits: Left and right end.
        y_limits: Bottom and top.
        y_ticks: (position, label) within the limits.
        timeline: For the ticks of x, which depend on the room.
        epochs: Whether x counts epochs.
        over: (x where a note has room, label) of the highest value cut off, or None.
        named: Whether a user gave the title; else it repeats the names.
    """

    title: str
    how: str
    curves: tuple[Curve, ...]
    x_limits: Range
    y_limits: Range
    y_ticks: tuple[tuple[float, str], ...]
    timeline: Timeline
    epochs: bool
    over: tuple[float, str] | None
    named: bool

    @property
    def is_empty(self) -> bool:
        """Whether there is no value to show, not even a fault."""
        return not any(curve.last_text for curve in self.curves)

    @property
    def fault_text(self) -> str:
        """What broke and since when, all curves in one line."""
        said = [curve for curve in self.curves if curve.fault_text]
        named = len(self.curves) > 1
        return ", ".join(f"{c.name} {c.fault_text}" if named else c.fault_text for c in said)


@dataclass(frozen=True, slots=True)
class Limits:
    """Axis limits fixed from outside, so that a film does not jump."""

    x: Range
    y: Range


def line_view(
    panel: LinePanel,
    timeline: Timeline,
    *,
    limits: Limits | None = None,
    x_shared: Range | None = None,
    most_y_ticks: int = 4,
) -> LineView:
    """What a line panel shows.

    Args:
        panel: The series.
        timeline: Of the whole canvas.
        limits: Fixed limits of both axes; None takes them from the data.
        x_shared: x limits of all panels that count epochs.
        most_y_ticks: Upper bound of the number of y ticks.
    """
    words = clean(panel.title) + clean(panel.ylabel)
    percent = "%" in words and _within_one(panel.series)
    curves = tuple(
        _curve(series, index, timeline, percent=percent)
        for index, series in enumerate(panel.series)
    )
    epochs = any(series.steps.ndim == 2 for series in panel.series)
    x_limits, y_limits = _x_limits(curves), y_range([curve.y for curve in curves])
    if epochs and x_shared is not None:
        x_limits = x_shared
    if limits is not None:
        x_limits, y_limits = limits.x, limits.y
    marks = nice_ticks(*y_limits, most=most_y_ticks)
    marks = marks if len(marks) > 2 else nice_ticks(*y_limits, most=most_y_ticks + 1)
    title, how = _title(panel)
    return LineView(
        title=title,
        how=how,
        curves=curves,
        x_limits=x_limits,
        y_limits=y_limits,
        y_ticks=tuple(zip(marks, format_ticks(marks, percent=percent), strict=True)),
        timeline=timeline,
        epochs=epochs,
        over=_over(curves, y_limits, percent=percent),
        named=title != _names(panel),
    )


def y_range(columns: list[Floats]) -> Range:
    """Bottom and top of the axis for some columns of values.

    Zero is the bottom when nothing is negative and the data reach below a third of the top;
    the top is the 99 % value after the first 2 % of each column, unless the highest value
    is hardly above it, and never below a newest value.

    Example:
        >>> y_range([np.array([8.0, *np.linspace(1.0, 0.2, 99)])])[0]
        0.0
        >>> y_range([np.array([8.0, *np.linspace(1.0, 0.2, 99)])])[1] < 1.1
        True
    """
    finite = [column[np.isfinite(column)] for column in columns]
    finite = [np.clip(column, -_HUGE, _HUGE) for column in finite if column.size]
    if not finite:
        return 0.0, 1.0
    low = min(float(column.min()) for column in finite)
    highest = max(float(column.max()) for column in finite)
    top = max(_late_top(column) for column in finite)
    if highest - low <= 1.25 * (top - low):
        top = highest
    if top <= low:  # constant
        pad = abs(low) * 0.1 or 0.5
        return low - pad, low + pad
    if low >= 0 and low < top / 3:
        return 0.0, top * 1.06
    pad = 0.06 * (top - low)
    return low - pad, top + pad


def _late_top(column: Floats) -> float:
    """The 99 % value after the first 2 %, or the newest value if that is higher."""
    late = column[len(column) // 50 :]
    index = int(np.ceil(0.99 * (len(late) - 1)))
    return max(float(np.partition(late, index)[index]), float(column[-1]))


def _curve(series: Series, index: int, timeline: Timeline, *, percent: bool) -> Curve:
    values = np.asarray(series.values, dtype=np.float64)
    x = timeline.positions(series.steps)
    finite = np.isfinite(values)
    broken = ~finite if series.gaps is None else ~finite & ~series.gaps
    y = np.where(finite, np.clip(values, -_HUGE, _HUGE), np.nan) if not finite.all() else values
    rows = np.flatnonzero(~series.gaps) if series.gaps is not None else range(len(values))
    last = float(values[rows[-1]]) if len(rows) else None
    return Curve(
        name=clean(series.name),
        index=index,
        x=x,
        y=y,
        faults=x[broken],
        fault_text=_fault_text(series, broken),
        last_text="" if last is None else (format_percent if percent else format_value)(last),
        ends_broken=last is not None and not np.isfinite(last),
    )


def _fault_text(series: Series, broken: npt.NDArray[np.bool_]) -> str:
    rows = np.flatnonzero(broken)
    if not rows.size:
        return ""
    word = "NaN" if np.isnan(series.values[rows[0]]) else "inf"
    first = series.steps[rows[0]].tolist()
    step = format_step(tuple(first) if isinstance(first, list) else first)
    lasting = rows.size == len(broken) - rows[0]
    if lasting and rows.size > 1:
        return f"{word} from step {step}"
    if rows.size == 1:
        return f"{word} at step {step}"
    return f"{word} at {rows.size} steps from {step}"


def _x_limits(curves: tuple[Curve, ...]) -> Range:
    ends = [(float(curve.x[0]), float(curve.x[-1])) for curve in curves if len(curve.x)]
    if not ends:
        return 0.0, 1.0
    low, high = min(a for a, _ in ends), max(b for _, b in ends)
    return (low, high) if high > low else (low - 0.5, low + 0.5)


def _below(curve: Curve, row: int, limits: Range) -> float:
    """Where the curve is well below the top again after `row`: a note there hides nothing."""
    low = limits[1] - 0.15 * (limits[1] - limits[0])
    after = np.flatnonzero(curve.y[row:] < low)
    return float(curve.x[row + after[0]] if after.size else curve.x[row])


def _over(curves: tuple[Curve, ...], limits: Range, *, percent: bool) -> tuple[float, str] | None:
    best: tuple[float, float] | None = None
    for curve in curves:
        if len(curve.y) and np.nanmax(np.append(curve.y, -np.inf)) > limits[1]:
            row = int(np.nanargmax(curve.y))
            if best is None or curve.y[row] > best[1]:
                best = _below(curve, row, limits), float(curve.y[row])
    if best is None:
        return None
    return best[0], "↑ " + (format_percent if percent else format_value)(best[1])


def _within_one(series: tuple[Series, ...]) -> bool:
    finite = [line.values[np.isfinite(line.values)] for line in series]
    return all(not column.size or float(np.abs(column).max()) <= 1.0 for column in finite)


def _title(panel: LinePanel) -> tuple[str, str]:
    title, unit = clean(panel.title), clean(panel.ylabel)
    if title:
        return title, unit
    if unit:
        return unit, ""
    return _names(panel), ""


def _names(panel: LinePanel) -> str:
    return ", ".join(clean(series.name) for series in panel.series)
