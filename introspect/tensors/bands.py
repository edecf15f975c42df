"""A course of sketches as bands: quantiles over time.

The median as a line, 25-75, 10-90 and 1-99 % as bands, the exact least and greatest value as
thin lines that may leave the picture: it shows where 1-99 % lie. Where the widest band is
more than 30 times the narrowest the axis is logarithmic on both sides of zero. Times with
values that are not finite carry a red strip.

Not here: grids of panels (``introspect.tensors.forms``).
"""

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

from introspect import theme
from introspect.canvas.line_axes import log_ticks
from introspect.canvas.ticks import format_ticks, format_value, nice_ticks
from introspect.tensors.panel import (
    BAD_WORDS,
    Look,
    distance_text,
    notes_of,
    top_right,
    write_panel_title,
)
from introspect.tensors.timescale import places_of, ticks_of, word_of

if TYPE_CHECKING:
    from introspect.tensors.moments import Course, Moment

Floats = npt.NDArray[np.float64]
SHARES = np.array([0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99])
UNEVEN = 30.0


def paint_bands(ax: Axes, course: "Course", look: Look) -> None:
    """Quantiles of one tensor over time."""
    mode = look.mode
    moments = course.moments
    places = places_of([moment.when for moment in moments])
    if len(moments) == 1:  # one time is a short stretch
        moments, places = (moments[0], moments[0]), np.array([places[0] - 0.5, places[0] + 0.5])
    values = np.array([_quantiles(moment) for moment in moments])
    color = theme.series(0, mode)
    _set_scale(ax, values)
    for first, alpha in ((0, 0.14), (1, 0.2), (2, 0.28)):
        low, high = values[:, first], values[:, 6 - first]
        ax.fill_between(places, low, high, color=color, alpha=alpha, lw=0)
    for side in (7, 8):
        ax.plot(places, values[:, side], color=color, lw=0.6, alpha=0.6)
    ax.plot(places, values[:, 3], color=color, lw=1.6)
    for row in _lonely(values):  # between times of which nothing is finite a line has no length
        ax.vlines(places[row], values[row, 0], values[row, 6], color=color, alpha=0.4, lw=3)
        ax.plot(places[row], values[row, 3], "o", ms=3.5, color=color, clip_on=False)
    ax.set_xlim(places[0], places[-1])
    marks, words = ticks_of(places[0], places[-1], word_of([m.when for m in moments]), most=6)
    ax.set_xticks(marks, words)
    _write_strip(ax, moments, places, mode)
    _write_ends(ax, moments[-1], values[-1], look)
    write_panel_title(ax, course, look.how, mode)


def _quantiles(moment: "Moment") -> Floats:
    """Those of `SHARES`, then both ends; NaN if nothing is finite."""
    sketch = moment.sketch
    return np.append(sketch.quantile(SHARES), [sketch.min, sketch.max])


def _lonely(values: Floats) -> list[int]:
    """Rows that are finite between rows that are not."""
    known = np.pad(np.isfinite(values[:, 3]), 1)
    return np.flatnonzero(known[1:-1] & ~known[:-2] & ~known[2:]).tolist()


def _set_scale(ax: Axes, values: Floats) -> None:
    """The axis for what lies between 1 and 99 %, and its ticks."""
    inner = values[:, :7]
    inner = inner[np.isfinite(inner).all(axis=1)]
    low, high = (float(inner.min()), float(inner.max())) if inner.size else (0.0, 1.0)
    if high <= low:
        pad = abs(low) * 0.1 or 0.5
        low, high = low - pad, high + pad
    widths = inner[:, 6] - inner[:, 0] if inner.size else np.ones(1)
    widths = widths[widths > 0]
    if widths.size and widths.max() > UNEVEN * widths.min():
        sizes = np.abs(inner[inner != 0])
        least = max(float(np.quantile(sizes, 0.05)), 1e-7 * float(sizes.max()))
        ax.set_yscale("symlog", linthresh=least, linscale=0.4)
        marks = _both_sides(low, high, least)
        ax.set_yticks([place for place, _ in marks], [word for _, word in marks])
        ax.set_yticks([], minor=True)
        ax.set_ylim(low * (1.6 if low < 0 else 0.6), high * (1.6 if high > 0 else 0.6))
        return
    pad = 0.06 * (high - low)
    ax.set_ylim(low - pad, high + pad)
    ticks = nice_ticks(low - pad, high + pad, most=4)
    ax.set_yticks(ticks, format_ticks(ticks))


def _both_sides(low: float, high: float, least: float) -> list[tuple[float, str]]:
    """Powers of ten on each side of zero that has values, and zero."""
    marks = [(0.0, "0")]
    for end, sign, word in ((high, 1.0, ""), (-low, -1.0, "−")):
        if end > least:
            found = log_ticks(np.log10(least), np.log10(end), most=3)[-3:]
            marks += [(sign * 10.0**place, word + text) for place, text in found]
    return sorted(marks)


def _write_strip(ax: Axes, moments: "tuple[Moment, ...]", places: Floats, mode: theme.Mode) -> None:
    """Red along the top, over the times that have values that are not finite."""
    bad = theme.color("bad", mode)
    middles = (places[:-1] + places[1:]) / 2
    starts, ends = np.append(places[0], middles), np.append(middles, places[-1])
    for moment, start, end in zip(moments, starts, ends, strict=True):
        if moment.sketch.finite < moment.sketch.n:
            ax.axvspan(start, end, 0.965, 1.0, color=bad, lw=0)


def _write_ends(ax: Axes, moment: "Moment", values: Floats, look: Look) -> None:
    """Right of the plot: the last time and what is known of it."""
    figure = ax.get_figure(root=True)
    if figure is None:
        return
    corner = figure.dpi_scale_trans + top_right(ax)
    grey, ink, bad = (theme.color(name, look.mode) for name in ("ink_3", "ink_2", "bad"))
    rows = [(moment.label, ink, 8.0)]
    if moment.sketch.finite:
        rows.append((distance_text(moment, look.metric), grey, 7.0))
        low, high = ax.get_ylim()
        outside = [f"↑ {_short(values[8])}"] if values[8] > high else []
        outside += [f"↓ {_short(values[7])}"] if values[7] < low else []
        rows += [(words, grey, 7.0) for words in outside]
    notes = notes_of(moment, look.metric, is_first=True)
    rows += [(note, bad if note.startswith(BAD_WORDS) else grey, 7.0) for note in notes]
    down_in = 0.03
    for text, color, size_pt in rows:
        ax.text(0.1, -down_in, text, transform=corner, color=color, fontsize=size_pt, va="top")
        down_in += 0.15 if size_pt > 7 else 0.13


def _short(value: float) -> str:
    return format_value(float(value))
