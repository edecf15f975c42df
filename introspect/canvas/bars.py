"""A bar panel to values, texts and limits; a pie panel to shares.

Axes:
    g: groups, k: names

Not here: rectangles and colours (``introspect.canvas.paint_bars``, ``text_bars``).
"""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from introspect.canvas.line_axes import Range, limits_of
from introspect.canvas.newest import numbers_of, rows_between, stated_step
from introspect.canvas.ticks import clean, format_count, format_percent, format_value
from introspect.errors import CanvasError
from introspect.nouns.panels import BarPanel, PiePanel

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class BarView:
    """Bars without pixels.

    Attributes:
        title: Cleaned for one line.
        how: The grey words after it.
        names: ``k``.
        group_names: ``g``.
        values: float64 ``(g, k)``; NaN for no bar.
        before: float64 ``(k,)``, the row before the newest; None without.
        totals: float64 ``(k,)``, what each bar is a part of; None without.
        texts: ``g`` rows of ``k`` texts.
        limits: Both ends of the axis of values; 0 is in it.
        percent: Whether the axis counts shares.
        direction: Of the bars.
        worst: Index of the lowest share; None without totals.
    """

    title: str
    how: str
    names: tuple[str, ...]
    group_names: tuple[str, ...]
    values: Floats
    before: Floats | None
    totals: Floats | None
    texts: tuple[tuple[str, ...], ...]
    limits: Range
    percent: bool
    direction: Literal["vertical", "horizontal"]
    worst: int | None = None


def bar_view(panel: BarPanel, *, still: BarView | None = None) -> BarView:
    """What a bar panel shows.

    Args:
        panel: Names, groups and totals.
        still: A view whose limits are taken, so that a film stands still.

    Raises:
        CanvasError: If rows and names differ in number.

    Example:
        >>> from introspect.nouns.panels import Stepped
        >>> right = Stepped("right", None, [np.array([80.0, 45.0])])
        >>> view = bar_view(BarPanel(("cat", "dog"), (right,), totals=np.array([100.0, 90.0])))
        >>> view.texts, view.worst
        ((('80', '45'),), 1)
    """
    names = tuple(clean(name) for name in panel.names)
    rows = [_row(group.data[-1], len(names)) if len(group.data) else None for group in panel.groups]
    blank = np.full(len(names), np.nan)
    values = np.stack([blank if row is None else row for row in rows]) if rows else blank[None, :0]
    totals = panel.totals
    before = _before(panel, len(names))
    sideways = panel.direction == "horizontal"
    percent = "%" in panel.ylabel or (totals is not None and sideways)
    worst = None
    if totals is not None and names:
        shares = np.where(totals > 0, values[0] / np.where(totals > 0, totals, 1.0), np.nan)
        worst = int(np.nanargmin(shares)) if np.isfinite(shares).any() else None
        if sideways:
            values = shares[None, :]
            before = None if before is None else before / np.where(totals > 0, totals, 1.0)
            totals = np.ones(len(names))
    return BarView(
        title=clean(panel.title) or ", ".join(clean(group.name) for group in panel.groups),
        how=_how(panel, before=before is not None),
        names=names,
        group_names=tuple(clean(group.name) for group in panel.groups),
        values=values,
        before=before,
        totals=totals,
        texts=tuple(tuple(_text(v, percent=percent) for v in row) for row in values.tolist()),
        limits=still.limits if still else _limits(panel, values, totals),
        percent=percent,
        direction=panel.direction,
        worst=worst,
    )


def _row(value: Any, count: int) -> Floats:
    row = numbers_of(value).ravel()
    if len(row) != count:
        raise CanvasError(
            "bars need a number for each name.", given=f"{len(row)} numbers, {count} names"
        )
    return row


def _before(panel: BarPanel, count: int) -> Floats | None:
    if len(panel.groups) != 1 or len(panel.groups[0].data) < 2 or panel.groups[0].steps is None:
        return None
    return _row(panel.groups[0].data[-2], count)


def _limits(panel: BarPanel, values: Floats, totals: Floats | None) -> Range:
    known = [values.ravel()] + ([] if totals is None else [totals])
    known += [numbers_of(row).ravel() for g in panel.groups for row in rows_between(g.data, 20)][
        : 20 if totals is None else 0
    ]
    finite = np.concatenate([k[np.isfinite(k)] for k in known] or [np.zeros(0)])
    low, high = (
        (min(0.0, float(finite.min())), max(0.0, float(finite.max()))) if finite.size else (0, 1)
    )
    if high <= low:
        low, high = 0.0, 1.0
    if totals is None:
        pad = 0.06 * (high - low)
        low, high = low - (pad if low < 0 else 0.0), high + (pad if high > 0 else 0.0)
    low, high = limits_of((low, high), panel.limits, log=False)
    return min(low, 0.0), max(high, 0.0)


def _how(panel: BarPanel, *, before: bool) -> str:
    words = [clean(panel.ylabel)]
    if panel.totals is not None:
        same = len(panel.totals) > 0 and bool((panel.totals == panel.totals[0]).all())
        words.append(
            f"of {format_value(panel.totals[0]).removesuffix('.0')}" if same else "of total"
        )
    steps = panel.groups[0].steps if panel.groups else None
    words.append(stated_step(steps))
    if before and steps is not None:
        words.append(f"tick: {stated_step(steps[:-1])}")
    return ", ".join(word for word in words if word)


def _text(value: float, *, percent: bool) -> str:
    if not np.isfinite(value):
        return "" if np.isnan(value) else format_value(value)
    if percent:
        return format_percent(value).removesuffix("%")
    return (
        format_count(value) if value == round(value) and abs(value) < 1e6 else format_value(value)
    )


@dataclass(frozen=True, slots=True, eq=False)
class PieView:
    """Shares of a whole.

    Attributes:
        title: Cleaned for one line.
        how: The grey words after it.
        names: Of the parts, the last "n others" where there are more than eight.
        shares: float64 ``(k,)``, their sum is 1; empty where nothing is above 0.
    """

    title: str
    how: str
    names: tuple[str, ...]
    shares: Floats


def pie_view(panel: PiePanel) -> PieView:
    """What a pie panel shows.

    Raises:
        CanvasError: If a part is negative, or parts and names differ in number.

    Example:
        >>> pie_view(PiePanel("", None, [np.array([3.0, 1.0])], names=("a", "b"))).shares.tolist()
        [0.75, 0.25]
    """
    values = numbers_of(panel.data[-1]).ravel() if len(panel.data) else np.zeros(0)
    names = [clean(name) for name in panel.names] or [str(i) for i in range(len(values))]
    if len(values) and len(values) != len(names):
        raise CanvasError(
            "a pie needs a number for each name.", given=f"{len(values)}, {len(names)}"
        )
    values = np.where(np.isfinite(values), values, 0.0)
    if (values < 0).any():
        raise CanvasError(
            "a part of a pie is negative.", given=f"{values.min():g}", hint="draw_bar"
        )
    if len(values) > 8:
        names = [*names[:7], f"{len(values) - 7} others"]
        values = np.append(values[:7], values[7:].sum())
    total = float(values.sum())
    return PieView(
        title=clean(panel.title) or clean(panel.name),
        how=", ".join(
            w for w in (f"of {format_value(total)}" if total else "", stated_step(panel.steps)) if w
        ),
        names=tuple(names),
        shares=values / total if total > 0 else np.zeros(0),
    )
