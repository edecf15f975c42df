"""A line panel to what any painter needs: limits, ticks, curves, faults and words.

``LinePanel -> LineView``, in NumPy alone. The rules of the look live here, so that a figure
and a terminal follow the same ones: losses from zero, the top at the 99 % value after the
first 2 % of steps with the cut-off announced, NaN and infinity as a break and a word, never
in the range of an axis; noisy columns with their trend, which the title states.

Cost: a few passes over the values, 20 ms at 1e6 points, 100 ms with a trend.

Not here: axes (``introspect.canvas.line_axes``), how many points are drawn
(``introspect.canvas.decimate``), colours, fonts, glyphs (``introspect.canvas.paint_lines``,
``terminal``).
"""

import math
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from introspect.canvas.line_axes import (
    Marks,
    Range,
    limits_of,
    log_range,
    log_ticks,
    steps_of,
    y_range,
)
from introspect.canvas.line_curve import (
    Curve,
    LineView,
    colors_of,
    curve_of,
    half_life_steps,
    names_title,
    within,
)
from introspect.canvas.ticks import (
    clean,
    format_count,
    format_percent,
    format_ticks,
    format_value,
    nice_ticks,
)
from introspect.canvas.timeline import Timeline, counted, paired
from introspect.nouns.panels import LinePanel, Series

Floats = npt.NDArray[np.float64]


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
    panel = evened(panel)
    percent = "%" in clean(panel.title) + clean(panel.ylabel) and _within_one(panel.series)
    own_epochs = panel.epochs is not None and not any(s.steps.ndim == 2 for s in panel.series)
    line = counted(panel.epochs) if own_epochs and panel.epochs is not None else timeline
    epochs = own_epochs or any(series.steps.ndim == 2 for series in panel.series)
    log_x, log_y = "x" in panel.log, "y" in panel.log
    span = limits.x if limits and not log_x else _extent(panel, line)
    curves = tuple(
        curve_of(series, color, line, panel, percent=percent, span=span)
        for series, color in zip(panel.series, colors_of(panel), strict=True)
    )
    x_limits = _x_limits(curves)
    if epochs and not own_epochs and x_shared is not None and not log_x:
        x_limits = x_shared
    x_limits = limits_of(x_limits, steps_of(panel.xlim, line, epochs=epochs), log=log_x)
    if panel.xlim is not None:
        curves = tuple(within(c, x_limits, percent=percent, log=panel.log) for c in curves)
    y_limits = (log_range if log_y else y_range)(_shown(curves, x_limits))
    y_limits = _with_baselines(panel, y_limits, log=log_y)
    y_limits = limits_of(y_limits, panel.ylim, log=log_y)
    if limits is not None:
        x_limits, y_limits = limits.x, limits.y
    title, how = _title(panel)
    return LineView(
        title=title,
        how=_how(how, panel, curves, span),
        curves=curves,
        x_limits=x_limits,
        y_limits=y_limits,
        y_ticks=_y_ticks(y_limits, most_y_ticks, percent=percent, log=log_y),
        timeline=line,
        epochs=epochs,
        over=_over(curves, y_limits, percent=percent, log=log_y),
        named=title != _names(panel),
        log=panel.log,
        baselines=_baselines(panel, y_limits, log=log_y, percent=percent),
    )


def evened(panel: LinePanel) -> LinePanel:
    """The panel with one kind of steps: where kinds mix, an int n reads as (0, n)."""
    kinds = {series.steps.ndim for series in panel.series if len(series.steps)}
    if len(kinds) < 2:
        return panel
    series = tuple(replace(series, steps=paired(series.steps)) for series in panel.series)
    return replace(panel, series=series)


def _shown(curves: tuple[Curve, ...], x_limits: Range) -> list[Floats]:
    """Every column that the y axis has to hold, without points that lead beyond the ends of x."""
    parts = [
        slice(None) if c.until == math.inf else (c.x >= x_limits[0]) & (c.x <= x_limits[1])
        for c in curves
    ]
    lines = [curve.y[part] for curve, part in zip(curves, parts, strict=True)]
    both = zip(curves, parts, strict=True)
    return lines + [b[part] for c, part in both for b in (c.low, c.high) if b is not None]


def _extent(panel: LinePanel, line: Timeline) -> Range:
    ends = [line.positions(s.steps[[0, -1]]) for s in panel.series if len(s.steps)]
    return _ends([(float(a), float(b)) for a, b in ends])


def _x_limits(curves: tuple[Curve, ...]) -> Range:
    return _ends([(float(curve.x[0]), float(curve.x[-1])) for curve in curves if len(curve.x)])


def _ends(ends: list[Range]) -> Range:
    if not ends:
        return 0.0, 1.0
    low, high = min(a for a, _ in ends), max(b for _, b in ends)
    return (low, high) if high > low else (low - 0.5, low + 0.5)


def _with_baselines(panel: LinePanel, limits: Range, *, log: bool) -> Range:
    """Limits that hold every baseline that is no further off than the data are wide."""
    low, high = limits
    width = high - low
    levels = [b.value for b in panel.baselines if not log or b.value > 0]
    for level in (math.log10(v) if log else v for v in levels if math.isfinite(v)):
        if limits[0] - width <= level <= limits[1] + width:
            low, high = min(low, level - 0.04 * width), max(high, level + 0.04 * width)
    return (0.0 if limits[0] == 0.0 and low > -0.2 * width and not log else low), high


def _baselines(
    panel: LinePanel, limits: Range, *, log: bool, percent: bool
) -> tuple[tuple[float, float | None, str], ...]:
    shown = []
    for level in panel.baselines:
        ends = [level.value, level.value if level.top is None else level.top]
        if not all(math.isfinite(e) and (e > 0 or not log) for e in ends):
            continue
        low, high = sorted(math.log10(e) if log else float(e) for e in ends)
        if high < limits[0] or low > limits[1]:
            continue
        value = (format_percent if percent else format_value)(level.value)
        words = f"{clean(level.name)} {value}".strip() if level.top is None else clean(level.name)
        shown.append((low, None if level.top is None else high, words))
    return tuple(shown)


def _y_ticks(limits: Range, most: int, *, percent: bool, log: bool) -> Marks:
    if log:
        return log_ticks(*limits, most=most + 1)
    marks = nice_ticks(*limits, most=most)
    marks = marks if len(marks) > 2 else nice_ticks(*limits, most=most + 1)
    return tuple(zip(marks, format_ticks(marks, percent=percent), strict=True))


def _below(curve: Curve, row: int, limits: Range) -> float:
    """Where the curve is well below the top again after `row`: a note there hides nothing."""
    low = limits[1] - 0.15 * (limits[1] - limits[0])
    after = np.flatnonzero(curve.y[row:] < low)
    return float(curve.x[row + after[0]] if after.size else curve.x[row])


def _over(
    curves: tuple[Curve, ...], limits: Range, *, percent: bool, log: bool
) -> tuple[float, str] | None:
    best: tuple[float, float] | None = None
    for curve in curves:
        if len(curve.y) and np.nanmax(np.append(curve.y, -np.inf)) > limits[1]:
            row = int(np.nanargmax(curve.y))
            if best is None or curve.y[row] > best[1]:
                best = _below(curve, row, limits), float(curve.y[row])
    if best is None:
        return None
    return best[0], "↑ " + (format_percent if percent else format_value)(
        10 ** best[1] if log else best[1]
    )


def _within_one(series: tuple[Series, ...]) -> bool:
    finite = [line.values[np.isfinite(line.values)] for line in series]
    return all(not column.size or float(np.abs(column).max()) <= 1.0 for column in finite)


def _how(unit: str, panel: LinePanel, curves: tuple[Curve, ...], span: Range) -> str:
    """Unit, scale, trend, band and what is left out, in words."""
    words = [unit] if unit else []
    if panel.log:
        words.append({"x": "log x", "y": "log scale", "xy": "log scales"}[panel.log])
    smooth = [curve for curve in curves if curve.smooth is not None]
    if smooth:
        series = panel.series[curves.index(smooth[0])]
        over = 2 * half_life_steps(panel, series, span)
        who = "" if len(smooth) == len(curves) else ", ".join(c.name for c in smooth) + " "
        words.append(f"{who}smoothed over {format_count(max(round(over), 1))} steps")
    if panel.band and any(curve.low is not None for curve in curves):
        words.append(clean(panel.band))
    hidden = sum(curve.hidden for curve in curves)
    if hidden:
        words.append(f"{format_count(hidden)} value{'s' * (hidden > 1)} ≤ 0 not shown")
    return ", ".join(words)


def _title(panel: LinePanel) -> tuple[str, str]:
    title, unit = clean(panel.title), clean(panel.ylabel)
    if title:
        return title, unit
    if unit:
        return unit, ""
    return _names(panel), ""


def _names(panel: LinePanel) -> str:
    return names_title([clean(series.name) for series in panel.series])
