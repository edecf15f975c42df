"""Heat maps and confusion matrices to cells: values, shares of the colour scale, texts.

Axes:
    r: rows, c: columns

Not here: colours (``introspect.canvas.paint_matrix``, ``text_matrix``).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from introspect.canvas.newest import numbers_of, rows_between, stated_step
from introspect.canvas.ticks import clean, format_value
from introspect.errors import CanvasError
from introspect.nouns.metric import format_step
from introspect.nouns.panels import ConfusionPanel, HeatmapPanel

Floats = npt.NDArray[np.float64]
_MOST_COLUMNS = 120
_FULL = 20.0  # percent: the strongest colour of an error


@dataclass(frozen=True, slots=True, eq=False)
class MatrixView:
    """Cells without pixels.

    Attributes:
        title: Cleaned for one line.
        how: The grey words after it.
        shares: float64 ``(r, c)``, 0 to 1 on the colour scale; NaN where there is no number.
        texts: ``r`` rows of ``c`` texts, "" for none.
        row_names: ``r``, or ``()``.
        column_names: ``c``, or ``()``; "" where a name would not fit between others.
        ramp: Of the theme.
        cmap: Name of a matplotlib colour map in place of the ramp; None for the ramp.
        grey: bool ``(r, c)``, cells that are drawn grey: right answers; None for none.
        square: Whether cells are square.
        slanted: Whether column names are long, and drawn at 45 degrees.
        limits: Values of the first and the last colour.
        numbers: Whether texts are written; None where they have room.
    """

    title: str
    how: str
    shares: Floats
    texts: tuple[tuple[str, ...], ...]
    row_names: tuple[str, ...]
    column_names: tuple[str, ...]
    ramp: Literal["ink", "diverging"] = "ink"
    cmap: str | None = None
    grey: npt.NDArray[np.bool_] | None = None
    square: bool = False
    slanted: bool = False
    limits: tuple[float, float] = (0.0, 1.0)
    numbers: bool | None = None


def heatmap_view(panel: HeatmapPanel, *, still: MatrixView | None = None) -> MatrixView:
    """What a heat map panel shows.

    Raises:
        CanvasError: If the newest value is no matrix.

    Example:
        >>> view = heatmap_view(HeatmapPanel("m", None, [np.array([[0.0, 2.0]])]))
        >>> view.shares.tolist(), view.how
        ([[0.0, 1.0]], '0 to 2.00')
    """
    values, columns = (
        _over_steps(panel) if panel.over_steps else (_matrix(panel), panel.column_names)
    )
    low, high, ramp = _scale(panel, values)
    if still is not None:
        low, high, ramp = *still.limits, still.ramp
    span = (high - low) or 1.0
    words = f"±{format_value(high)}" if ramp == "diverging" and low == -high else ""
    words = words or f"{format_value(low)} to {format_value(high)}"
    step = "" if panel.over_steps else stated_step(panel.steps)
    said = [clean(panel.ylabel), words if values.size else "no values yet", step]
    return MatrixView(
        title=clean(panel.title) or clean(panel.name),
        how=", ".join(word for word in said if word),
        shares=np.clip((values - low) / span, 0.0, 1.0),
        texts=tuple(tuple(format_value(v) for v in row) for row in values.tolist())
        if values.size <= 4000
        else (),
        row_names=_fitting(panel.row_names, values.shape[0], "rows"),
        column_names=tuple(map(clean, columns))
        if panel.over_steps
        else _fitting(columns, values.shape[1], "columns"),
        ramp=ramp,
        cmap=panel.cmap,
        square=False,
        slanted=not panel.over_steps and max(map(len, columns), default=0) > 4,
        limits=(low, high),
        numbers=panel.numbers,
    )


def confusion_view(panel: ConfusionPanel) -> MatrixView:
    """What a confusion panel shows: errors in ink, right answers in grey.

    Raises:
        CanvasError: If the newest value is no square of counts.

    Example:
        >>> view = confusion_view(ConfusionPanel("", None, [np.array([[8, 2], [0, 10]])]))
        >>> view.texts, view.how
        ((('80', '20'), ('', '100')), '% of true class, rows true')
    """
    value = panel.data[-1] if len(panel.data) else np.zeros((0, 0))
    counts = numbers_of(getattr(value, "counts", value))
    if counts.ndim != 2 or counts.shape[0] != counts.shape[1]:
        raise CanvasError("a confusion matrix is a square of counts.", given=str(counts.shape))
    names = panel.names or getattr(value, "labels", ()) or tuple(map(str, range(len(counts))))
    right = np.eye(len(counts), dtype=bool)
    totals = counts.sum(axis=1, keepdims=True)
    percent = 100.0 * counts / np.where(totals > 0, totals, 1.0)
    errors = np.where(right, 0.0, percent)
    full = max(_FULL, float(errors.max(initial=0.0)))
    if panel.shares:
        texts = [[f"{v:.0f}" if v >= 1.5 else "" for v in row] for row in percent.tolist()]
    else:
        texts = [
            [format_value(v) if v % 1 else f"{v:.0f}" if v else "" for v in row]
            for row in counts.tolist()
        ]
    said = ["% of true class" if panel.shares else "counts", "rows true", stated_step(panel.steps)]
    return MatrixView(
        title=clean(panel.title) or clean(panel.name),
        how=", ".join(word for word in said if word),
        shares=(errors / full) ** 0.7,
        texts=tuple(map(tuple, texts)),
        row_names=_fitting(tuple(map(str, names)), len(counts), "rows"),
        column_names=_fitting(tuple(map(str, names)), len(counts), "columns"),
        grey=right,
        square=True,
        slanted=max((len(str(name)) for name in names), default=0) > 2,
        limits=(0.0, full),
    )


def _matrix(panel: HeatmapPanel) -> Floats:
    values = numbers_of(panel.data[-1]) if len(panel.data) else np.zeros((0, 0))
    if values.ndim != 2:
        raise CanvasError(
            "a heat map is a matrix.",
            given=f"shape {values.shape}",
            hint="draw_heatmap(metric, over_steps=True) for a vector at each step",
        )
    return values


def _over_steps(panel: HeatmapPanel) -> tuple[Floats, tuple[str, ...]]:
    """A column for each step, at most `_MOST_COLUMNS`, and the names of some of them."""
    rows = rows_between(panel.data, _MOST_COLUMNS)
    if not rows:
        return np.zeros((len(panel.row_names), 0)), ()
    vectors = [numbers_of(row).ravel() for row in rows]
    tall = max(len(vector) for vector in vectors)
    padded = [np.pad(v, (0, tall - len(v)), constant_values=np.nan) for v in vectors]
    return np.stack(padded, axis=1), _step_names(panel, len(rows))


def _step_names(panel: HeatmapPanel, shown: int) -> tuple[str, ...]:
    if panel.steps is None:
        return ()
    steps: Sequence[Any] = rows_between(panel.steps.tolist(), _MOST_COLUMNS)
    stride = -(-shown // 6)
    epochs = panel.steps.ndim == 2 and len({step[0] for step in steps}) == shown
    names = [
        str(s[0]) if epochs else format_step(tuple(s) if isinstance(s, list) else s) for s in steps
    ]
    names = [name if at % stride == 0 else "" for at, name in enumerate(names)]
    return (f"{'epoch' if epochs else 'step'} {names[0]}", *names[1:]) if names else ()


def _scale(panel: HeatmapPanel, values: Floats) -> tuple[float, float, Literal["ink", "diverging"]]:
    finite = values[np.isfinite(values)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    if panel.limits is not None:
        low = low if panel.limits[0] is None else panel.limits[0]
        high = high if panel.limits[1] is None else panel.limits[1]
        return low, high, "diverging" if low == -high else "ink"
    if panel.cmap:
        return low, high if high > low else low + 1.0, "ink"
    if low < 0:
        most = max(-low, high)
        return -most, most, "diverging"
    return 0.0, high or 1.0, "ink"


def _fitting(names: tuple[str, ...], count: int, what: str) -> tuple[str, ...]:
    if names and len(names) != count and count:
        raise CanvasError(
            f"this heat map has names for other {what}.",
            given=f"{len(names)} names, {count} {what}",
        )
    return tuple(clean(name) for name in names)
