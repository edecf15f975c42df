"""A panel of y over x to the same view as lines over steps, with a plain x axis.

``CurvePanel -> LineView``: painter and terminal draw it as they draw lines.

Not here: precision and recall themselves (``introspect.nouns.values``).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from introspect.canvas.line_axes import Marks, Range, limits_of, log_range, log_ticks
from introspect.canvas.line_curve import Curve, LineView
from introspect.canvas.newest import numbers_of, stated_step
from introspect.canvas.ticks import clean, format_ticks, format_value, nice_ticks
from introspect.canvas.timeline import Timeline
from introspect.errors import CanvasError
from introspect.nouns.panels import CurvePanel, Stepped

Floats = npt.NDArray[np.float64]
_MOST_POINTS = 4000


@dataclass(frozen=True, slots=True)
class ValueAxis(Timeline):
    """An x axis that counts values, not steps."""

    label: str = ""

    @property
    def unit(self) -> str:
        """Values need no word: the title says what they are."""
        return ""

    def ticks(self, low: float, high: float, *, most: int, epochs: bool) -> list[tuple[float, str]]:
        """At most `most` (position, label)."""
        del epochs
        marks = nice_ticks(low, high, most=most)
        return list(zip(marks, format_ticks(marks), strict=True))


def curve_view(panel: CurvePanel, *, still: LineView | None = None) -> LineView:
    """What a curve panel shows.

    Raises:
        CanvasError: If a curve is no pair of columns.

    Example:
        >>> curve = Stepped("net", None, [np.array([[0.0, 0.0, 1.0], [0.0, 1.0, 1.0]])])
        >>> view = curve_view(CurvePanel((curve,), kind="roc"))
        >>> view.curves[0].last_text, view.x_limits
        ('AUC 1.00', (0.0, 1.0))
    """
    pairs = [_pair(curve, panel.kind) for curve in panel.curves]
    curves = tuple(
        _curve(curve.name, index, pair, panel)
        for index, (curve, pair) in enumerate(zip(panel.curves, pairs, strict=True))
    )
    log_x, log_y = "x" in panel.log, "y" in panel.log
    rated = panel.kind in {"pr", "roc"}
    x_limits: Range = (0.0, 1.0) if rated else _range([c.x for c in curves], log=log_x)
    y_limits: Range = (0.0, 1.02) if rated else _range([c.y for c in curves], log=log_y)
    x_limits = limits_of(x_limits, panel.xlim, log=log_x)
    y_limits = limits_of(y_limits, panel.ylim, log=log_y)
    if still is not None:
        x_limits, y_limits = still.x_limits, still.y_limits
    words = {"pr": "precision over recall", "roc": "true over false positive rate"}
    over = f"over {clean(panel.xlabel)}" if panel.xlabel else ""
    steps = panel.curves[0].steps if panel.curves else None
    said = [words.get(panel.kind) or f"{clean(panel.ylabel)} {over}".strip(), stated_step(steps)]
    names = ", ".join(curve.name for curve in curves)
    return LineView(
        title=clean(panel.title) or names,
        how=", ".join(word for word in said if word),
        curves=curves,
        x_limits=x_limits,
        y_limits=y_limits,
        y_ticks=_ticks(y_limits, log=log_y),
        timeline=ValueAxis(label=clean(panel.xlabel)),
        epochs=False,
        over=None,
        named=clean(panel.title) != names,
        log=panel.log,
        square=rated,
        diagonal=panel.kind == "roc",
        baselines=tuple(
            (float(b.value), b.top, f"{clean(b.name)} {format_value(b.value)}".strip())
            for b in panel.baselines
        ),
    )


def _pair(curve: Stepped, kind: str) -> tuple[Floats, Floats, str]:
    """X and y of the newest value, x ascending where it was monotonic, and the area in words."""
    if not len(curve.data):
        return np.zeros(0), np.zeros(0), ""
    value: Any = curve.data[-1]
    if hasattr(value, "recall") and hasattr(value, "precision"):
        said = (value.true_positives + value.false_positives) > 0  # else there is no precision
        x, y = _rates(value) if kind == "roc" else (value.recall[said], value.precision[said])
    else:
        both = numbers_of(value)
        if both.ndim != 2 or both.shape[0] != 2:
            raise CanvasError(
                "a curve is two columns, x and y.",
                given=f"shape {both.shape}",
                hint="draw_curve((x, y)) or a PRCurve",
            )
        x, y = both
    x, y = np.asarray(x, np.float64), np.asarray(y, np.float64)
    if len(x) > 1 and (np.diff(x) <= 0).all():
        x, y = x[::-1], y[::-1]
    area = float(np.trapezoid(y, x)) if len(x) > 1 and np.isfinite(x).all() else math.nan
    word = "AUC" if kind in {"pr", "roc"} else ""
    said = f"{word} {format_value(area)}" if word and math.isfinite(area) else ""
    stride = max(1, len(x) // _MOST_POINTS)
    return x[::stride], y[::stride], said


def _rates(value: Any) -> tuple[Floats, Floats]:
    """False and true positive rate of a PRCurve."""
    right, wrong = value.true_positives, value.false_positives
    negatives = wrong + value.true_negatives
    positives = right + value.false_negatives
    with np.errstate(all="ignore"):
        return np.nan_to_num(wrong / negatives), np.nan_to_num(right / positives)


def _curve(name: str, index: int, pair: tuple[Floats, Floats, str], panel: CurvePanel) -> Curve:
    x, y, area = pair
    finite = np.isfinite(y) & np.isfinite(x)
    y = np.where(finite, y, np.nan)
    last = area or (format_value(y[finite][-1]) if finite.any() else "")
    with np.errstate(all="ignore"):
        if "y" in panel.log:
            y = np.where(y > 0, np.log10(y), np.nan)
        if "x" in panel.log:
            x = np.where(x > 0, np.log10(x), np.nan)
    kept = np.isfinite(x)
    return Curve(clean(name), index, x[kept], y[kept], np.zeros(0), "", last, ends_broken=False)


def _range(columns: Sequence[Floats], *, log: bool) -> Range:
    if log:
        return log_range(columns)
    known = [column[np.isfinite(column)] for column in columns]
    joined = np.concatenate(known) if known else np.zeros(0)
    low, high = (float(joined.min()), float(joined.max())) if joined.size else (0.0, 1.0)
    pad = 0.04 * (high - low) or abs(low) * 0.1 or 0.5
    return low - pad, high + pad


def _ticks(limits: Range, *, log: bool) -> Marks:
    if log:
        return log_ticks(*limits)
    marks = nice_ticks(*limits, most=5)
    return tuple(zip(marks, format_ticks(marks), strict=True))
