"""One series to one curve: numbers for a painter, its trend, its faults in words.

``Series -> Curve``; a `LineView` holds the curves of a chart and everything around them.

Cost: a few passes over the values, 10 ms at 1e6 points, 60 ms with a trend.

Not here: limits, ticks and titles (``introspect.canvas.lines``).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from introspect.canvas.line_axes import HUGE, Marks, Range
from introspect.canvas.ticks import clean, format_percent, format_value
from introspect.canvas.timeline import Timeline
from introspect.canvas.trend import is_noisy, trend
from introspect.nouns.metric import format_step
from introspect.nouns.panels import LinePanel, Series

Floats = npt.NDArray[np.float64]

_FEW, _LONG = 3, 60  # names, and letters of all of them
_HALF_LIVES = 80.0  # in the length of the x axis


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """One line, ready to be drawn; in log10 where its axis is logarithmic.

    Attributes:
        name: Cleaned for one line of text.
        index: Which of the categorical colours.
        x: float64 ``(n,)``, positions.
        y: float64 ``(n,)``, NaN where the line breaks.
        faults: Positions of NaN and infinity, float64.
        fault_text: ``"NaN from step 560"``, or empty.
        last_text: The newest value as text, empty without values.
        ends_broken: Whether the newest value is NaN or infinite.
        smooth: float64 ``(n,)``, the trend, drawn strongly over a pale `y`; None without.
        low: float64 ``(n,)``, lower edge of the band; None without.
        high: float64 ``(n,)``, its upper edge.
        hidden: How many values a logarithmic axis cannot show.
        until: Where the x axis ends, if it ends before the line.
    """

    name: str
    index: int
    x: Floats
    y: Floats
    faults: Floats
    fault_text: str
    last_text: str
    ends_broken: bool
    smooth: Floats | None = None
    low: Floats | None = None
    high: Floats | None = None
    hidden: int = 0
    until: float = math.inf

    @property
    def main(self) -> Floats:
        """What is drawn strongly."""
        return self.y if self.smooth is None else self.smooth

    @property
    def end(self) -> tuple[float, float] | None:
        """The last finite point."""
        y = self.main
        y = y if self.until == math.inf else np.where(self.x <= self.until, y, np.nan)
        rows = np.flatnonzero(np.isfinite(y[-1000:]))
        if not rows.size:
            rows = np.flatnonzero(np.isfinite(y))
            return (float(self.x[rows[-1]]), float(y[rows[-1]])) if rows.size else None
        row = max(len(y) - 1000, 0) + rows[-1]
        return float(self.x[row]), float(y[row])


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
        log: Which axes are in log10.
        baselines: (bottom, top or None, words) of levels and ranges.
        square: Whether the chart wants to be rather square.
        diagonal: Whether chance is a diagonal.
    """

    title: str
    how: str
    curves: tuple[Curve, ...]
    x_limits: Range
    y_limits: Range
    y_ticks: Marks
    timeline: Timeline
    epochs: bool
    over: tuple[float, str] | None
    named: bool
    log: str = ""
    baselines: tuple[tuple[float, float | None, str], ...] = ()
    square: bool = False
    diagonal: bool = False

    def on_x(self, positions: Any) -> Any:
        """Positions as values of a matplotlib axis."""
        return 10.0 ** np.asarray(positions) if "x" in self.log else positions

    def on_y(self, values: Any) -> Any:
        """Plotted values as values of a matplotlib axis."""
        return 10.0 ** np.asarray(values) if "y" in self.log else values

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


def half_life_steps(panel: LinePanel, series: Series, span: Range) -> float:
    """The half-life of the trend of one line in steps; 0 where it is drawn as it is.

    Args:
        panel: Says how to smooth.
        series: One of its lines.
        span: Both ends of the x axis, in steps.
    """
    if panel.smooth == "off" or not len(series.values):
        return 0.0
    if panel.smooth == "auto":
        noisy = is_noisy(series.steps, series.values)
        return (span[1] - span[0]) / _HALF_LIVES if noisy else 0.0
    return max(float(panel.smooth), 0.0)


def names_title(names: Sequence[str]) -> str:
    """What a chart without a title is called: its names, or what long names have in common.

    Example:
        >>> names_title(["loss", "acc"])
        'loss, acc'
        >>> names_title([f"resnet18-cosine-warmup-{seed}" for seed in range(5)])
        'resnet18-cosine-warmup'
    """
    joined = ", ".join(names)
    if len(names) <= _FEW or len(joined) <= _LONG:
        return joined
    shortest = min(map(len, names))
    size = next((k for k in range(shortest) if len({n[k] for n in names}) > 1), shortest)
    same = names[0][:size].rstrip(" -_/.:=,")
    return same if len(same) >= _FEW else f"{len(names)} lines"


def colors_of(panel: LinePanel) -> list[int]:
    """Which of the categorical colours each series has: its own, or its place."""
    return [at if line.color is None else line.color for at, line in enumerate(panel.series)]


def curve_of(
    series: Series, index: int, line: Timeline, panel: LinePanel, *, percent: bool, span: Range
) -> Curve:
    """The curve of one series; `span` is the x axis in steps, `index` its colour."""
    values = np.asarray(series.values, dtype=np.float64)
    x = line.positions(series.steps)
    finite = np.isfinite(values)
    broken = ~finite if series.gaps is None else ~finite & ~series.gaps
    y = np.where(finite, np.clip(values, -HUGE, HUGE), np.nan) if not finite.all() else values
    smooth = _smooth(panel, series, x, y, span)
    rows = np.flatnonzero(~series.gaps) if series.gaps is not None else range(len(values))
    last = float(values[rows[-1]]) if len(rows) else None
    if smooth is not None and last is not None and math.isfinite(last):
        last = float(smooth[rows[-1]])
    curve = Curve(
        name=clean(series.name),
        index=index,
        x=x,
        y=y,
        faults=x[broken],
        fault_text=_fault_text(series, broken),
        last_text="" if last is None else (format_percent if percent else format_value)(last),
        ends_broken=last is not None and not math.isfinite(last),
        smooth=smooth,
        low=series.low,
        high=series.high,
    )
    return _logarithmic(curve, panel.log) if panel.log else curve


def within(curve: Curve, limits: Range, *, percent: bool, log: str) -> Curve:
    """The part of a curve between two ends of the x axis, and a point beyond each to lead there."""
    rows = np.flatnonzero((curve.x >= limits[0]) & (curve.x <= limits[1]))
    if not rows.size:
        nothing = np.empty(0)
        return replace(
            curve, x=nothing, y=nothing, faults=nothing, fault_text="", last_text="", smooth=None,
            low=None, high=None, ends_broken=False,
        )  # fmt: skip
    part = slice(max(int(rows[0]) - 1, 0), int(rows[-1]) + 2)
    columns = {
        name: None if column is None else column[part]
        for name, column in (("smooth", curve.smooth), ("low", curve.low), ("high", curve.high))
    }
    faults = curve.faults[(curve.faults >= limits[0]) & (curve.faults <= limits[1])]
    if int(rows[-1]) == len(curve.x) - 1:
        last_text, ends_broken = curve.last_text, curve.ends_broken
    else:
        last = float(curve.main[rows[-1]])
        ends_broken = curve.x[rows[-1]] in faults
        last = 10.0**last if "y" in log else last
        last_text = (format_percent if percent else format_value)(last)
    return replace(
        curve, x=curve.x[part], y=curve.y[part], faults=faults, last_text=last_text,
        fault_text=curve.fault_text if faults.size else "", ends_broken=ends_broken,
        until=limits[1], **columns,
    )  # fmt: skip


def _smooth(panel: LinePanel, series: Series, x: Floats, y: Floats, span: Range) -> Floats | None:
    half_life = half_life_steps(panel, series, span)
    if not half_life or len(x) < 2:
        return None
    gap = float(np.median(np.diff(x[:: max(1, len(x) // 10_000)]))) / max(1, len(x) // 10_000)
    rows = half_life / gap if gap > 0 else 0.0
    return trend(y, rows) if rows >= 0.5 else None


def _logarithmic(curve: Curve, log: str) -> Curve:
    """The curve in log10 of one or both axes; what has none breaks the line."""
    columns = {"y": curve.y, "smooth": curve.smooth, "low": curve.low, "high": curve.high}
    hidden = int(np.count_nonzero(curve.y <= 0)) if "y" in log else 0
    with np.errstate(all="ignore"):
        if "y" in log:
            columns = {k: None if v is None else _log10(v) for k, v in columns.items()}
        x, faults = curve.x, curve.faults
        if "x" in log:
            kept = x > 0
            x, faults = np.log10(x[kept]), np.log10(faults[faults > 0])
            columns = {k: None if v is None else v[kept] for k, v in columns.items()}
    return replace(curve, x=x, faults=faults, hidden=hidden, **columns)


def _log10(values: Floats) -> Floats:
    result = np.log10(values)
    result[~np.isfinite(result)] = np.nan
    return result


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
