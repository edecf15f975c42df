"""Bars and pies on a matplotlib axes.

Bars of a total stand before their total in grey, the row before is a black tick, values are
written at the ends. Horizontal bars read from the top.

Not here: values and limits (``introspect.canvas.bars``).
"""

import math
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from introspect import theme
from introspect.canvas.bars import BarView, PieView
from introspect.canvas.brush import Brush, Setting, say_empty, write_head
from introspect.canvas.paint_lines import size_pt
from introspect.canvas.style import series_color
from introspect.canvas.ticks import format_ticks, nice_ticks
from introspect.canvas.writing import Word, shortened, text_width_pt, under_bar, write_row
from introspect.theme import Mode

Floats = npt.NDArray[np.float64]

_NAME_MOST_PT = 96.0
_ROW_IN = 0.21
_LEAST_IN = 0.9


def paint_bars(ax: Axes, view: BarView, setting: Setting) -> None:
    """Draw the bars."""
    mode = setting.mode
    width_pt, _ = size_pt(ax)
    _, right = rooms_pt(view)
    if not view.names:
        ax.set_xticks([])
        ax.set_yticks([])
        say_empty(ax, mode)
    elif view.direction == "horizontal":
        _horizontal(ax, view, mode)
    else:
        _vertical(ax, view, mode)
    _head(ax, view, width_pt + right, mode)


def rooms_pt(view: BarView) -> tuple[float, float]:
    """Names or ticks at the left, values at the right."""
    if view.direction == "vertical":
        ticks = _ticks(view)[1]
        return max((text_width_pt(t, 8) for t in ticks), default=0.0) + 8.0, 4.0
    names = max((min(text_width_pt(n), _NAME_MOST_PT) for n in view.names), default=0.0)
    values = max((text_width_pt(t, bold=True) for row in view.texts for t in row), default=0.0)
    return names + 9.0, values + 8.0


def height_in(view: BarView, width_in: float, in_row: int) -> float:
    """A row for each horizontal bar; the usual height for vertical ones."""
    if view.direction == "vertical" or not view.names:
        return {1: 2.3, 2: 1.95, 3: 1.65}.get(in_row, 1.65)
    del width_in
    rows = len(view.names) * max(1.0, 0.55 * len(view.group_names))
    return min(max(rows * _ROW_IN, _LEAST_IN), 12.0)


def _ticks(view: BarView) -> tuple[list[float], list[str]]:
    marks = nice_ticks(*view.limits, most=4)
    if view.percent and view.limits[1] <= 1.0 and view.limits[0] == 0.0 and view.totals is not None:
        marks = [0.0, 0.5, 1.0]
    return marks, format_ticks(marks, percent=view.percent)


def _slots(view: BarView, thick: float) -> tuple[list[float], float]:
    """Offset of each group within its slot of 1, and the thickness of a bar."""
    groups = len(view.values)
    each = thick / groups
    return [(rank - (groups - 1) / 2) * each for rank in range(groups)], each * (
        1.0 if groups == 1 else 0.88
    )


def _boxes(
    ax: Axes,
    places: npt.NDArray[Any],
    values: Floats,
    thick: float,
    *,
    color: str,
    alpha: float = 1.0,
    across: bool = False,
) -> None:
    """A bar for each value that is finite; limits are ours, so none are looked for.

    ``ax.bar`` measures the data anew for each bar: a third of the time of a frame of a film.
    """
    for place, value in zip(places.tolist(), values.tolist(), strict=True):
        if math.isfinite(value):
            corner, size = (place - thick / 2, 0.0), (thick, value)
            box = Rectangle(
                corner[::-1] if across else corner,
                *(size[::-1] if across else size),
                color=color,
                alpha=alpha,
                linewidth=0,
            )
            ax.add_artist(box)


def _horizontal(ax: Axes, view: BarView, mode: Mode) -> None:
    places = np.arange(len(view.names))
    offsets, thick = _slots(view, 0.5 if len(view.values) == 1 else 0.78)
    if view.totals is not None:
        grey = theme.color("reference", mode)
        _boxes(ax, places, view.totals, thick, color=grey, alpha=0.55, across=True)
    for rank, row in enumerate(view.values):
        color = series_color(rank, mode)
        _boxes(ax, places + offsets[rank], row, thick, color=color, across=True)
    if view.before is not None:
        low, high = places - thick * 0.72, places + thick * 0.72
        ax.vlines(view.before, low, high, color=theme.color("ink", mode), linewidth=1.2)
    ax.set_ylim(len(view.names) - 0.45, -0.55)
    ax.set_xlim(*view.limits)
    ax.grid(visible=False, axis="y")
    ax.grid(visible=True, axis="x")
    ax.spines["bottom"].set_visible(False)
    ax.tick_params(axis="x", length=0)
    marks, labels = _ticks(view)
    ax.set_xticks(marks, labels)
    if view.limits[0] < 0:
        ax.axvline(0, color=theme.color("axis", mode), linewidth=0.75)
    ax.set_yticks(places.tolist(), [shortened(name, _NAME_MOST_PT) for name in view.names])
    ax.tick_params(axis="y", labelcolor=theme.color("ink_2", mode), labelsize=8.5)
    each_pt = size_pt(ax)[1] / max(len(view.names) * len(view.values), 1)
    if each_pt >= 8.0:
        _values_beside(ax, view, places + 0.0, offsets, mode)


def _values_beside(
    ax: Axes, view: BarView, places: np.ndarray, offsets: list[float], mode: Mode
) -> None:
    """Values in a column at the right end, the worst share in bold."""
    for rank, row in enumerate(view.texts):
        for index, text in enumerate(row):
            worst = index == view.worst
            ax.annotate(
                text,
                xy=(1.0, float(places[index] + offsets[rank])),
                xycoords=("axes fraction", "data"),
                xytext=(5.0, 0.0),
                textcoords="offset points",
                va="center_baseline",
                fontsize=8.5 if len(view.texts) == 1 else 7.5,
                fontweight="bold" if worst else "normal",
                color=theme.color("ink" if worst else "ink_2", mode),
                annotation_clip=False,
            )


def _vertical(ax: Axes, view: BarView, mode: Mode) -> None:
    places = np.arange(len(view.names))
    offsets, thick = _slots(view, 0.6 if len(view.values) == 1 else 0.8)
    width_pt, height_pt = size_pt(ax)
    if view.totals is not None:
        grey = theme.color("reference", mode)
        _boxes(ax, places, view.totals, thick, color=grey, alpha=0.55)
    for rank, row in enumerate(view.values):
        _boxes(ax, places + offsets[rank], row, thick, color=series_color(rank, mode))
    if view.before is not None:
        low, high = places - thick * 0.62, places + thick * 0.62
        ax.hlines(view.before, low, high, color=theme.color("ink", mode), linewidth=1.2)
    ax.set_xlim(-0.6, len(view.names) - 0.4)
    low, high = view.limits
    ax.set_ylim(low, high + (high - low) * 12.0 / height_pt)
    marks, labels = _ticks(view)
    ax.set_yticks(marks, labels)
    if low < 0:
        ax.axhline(0, color=theme.color("axis", mode), linewidth=0.75)
        ax.spines["bottom"].set_visible(False)
    slot_pt = width_pt / max(len(view.names), 1)
    widest = max((text_width_pt(name, 8) for name in view.names), default=0.0)
    letters_pt = 8.0 if widest <= slot_pt - 2.0 else 7.0
    named = [under_bar(name, slot_pt - 2.0, letters_pt) for name in view.names]
    ax.set_xticks(places.tolist(), named if slot_pt > 7 else [""] * len(named))
    ax.tick_params(axis="x", length=0, pad=4, labelsize=letters_pt)
    _values_above(ax, view, offsets, slot_pt, mode)


def _values_above(
    ax: Axes, view: BarView, offsets: list[float], slot_pt: float, mode: Mode
) -> None:
    each = slot_pt / len(view.values)
    widest = max((text_width_pt(t, 8) for row in view.texts for t in row), default=0.0)
    if widest + 2.5 > each:
        return
    for rank, row in enumerate(view.texts):
        for index, text in enumerate(row):
            value = float(view.values[rank, index])
            if not np.isfinite(value):
                continue
            top = value if view.totals is None else max(value, float(view.totals[index]))
            worst = index == view.worst
            ax.annotate(
                text,
                xy=(index + offsets[rank], top),
                xytext=(0.0, 2.5 if top >= 0 else -2.5),
                textcoords="offset points",
                ha="center",
                va="bottom" if top >= 0 else "top",
                fontsize=8,
                fontweight="bold" if worst else "normal",
                color=theme.color("ink" if worst else "ink_2", mode),
                annotation_clip=False,
            )


def _head(ax: Axes, view: BarView, room_pt: float, mode: Mode) -> None:
    """Title; the names of several groups stand in it in their colours."""
    if len(view.group_names) < 2:
        write_head(ax, view.title, view.how, room_pt=room_pt, mode=mode)
        return
    words = [Word(view.title, theme.color("ink", mode), 9.5, bold=True)] if view.title else []
    if view.how:
        words.append(Word(view.how, theme.color("ink_3", mode)))
    words += [
        Word(name, series_color(rank, mode, text=True), gap_pt=8.0)
        for rank, name in enumerate(view.group_names)
    ]
    write_row(ax, words, room_pt=room_pt, up_pt=9.0)


def paint_pie(ax: Axes, view: PieView, setting: Setting) -> None:
    """Draw a ring, with names and shares beside it."""
    width_pt, height_pt = size_pt(ax)
    mode = setting.mode
    ax.set_axis_off()
    ax.set_xlim(0, width_pt)
    ax.set_ylim(0, height_pt)
    if not view.shares.size:
        say_empty(ax, mode)
    else:
        _ring(ax, view, width_pt, height_pt, mode)
    write_head(ax, view.title, view.how, room_pt=width_pt, mode=mode)


def _ring(ax: Axes, view: PieView, width_pt: float, height_pt: float, mode: Mode) -> None:
    radius = min(height_pt / 2, width_pt / 4) * 0.94
    colors = [series_color(index, mode) for index in range(len(view.shares))]
    if len(view.shares) == 8 and view.names[-1].endswith("others"):
        colors[-1] = theme.color("rule_strong", mode)
    ax.pie(
        view.shares,
        colors=colors,
        center=(radius, height_pt / 2),
        radius=radius,
        startangle=90,
        counterclock=False,
        wedgeprops={
            "width": radius * 0.42,
            "edgecolor": theme.color("surface", mode),
            "linewidth": 1.2,
        },
        frame=True,
    )
    ax.set_axis_off()
    ax.set_xlim(0, width_pt)
    ax.set_ylim(0, height_pt)
    step = min(13.0, height_pt / len(view.names))
    top = height_pt / 2 + step * (len(view.names) - 1) / 2
    room = width_pt - 2 * radius - 60.0
    for index, name in enumerate(view.names):
        y = top - index * step
        x = 2 * radius + 16.0
        said = shortened(name, room)
        style: dict[str, Any] = {"va": "center_baseline", "fontsize": min(8.5, step * 0.8)}
        ax.text(x, y, said, color=series_color(index, mode, text=True), **style)
        share = f"{view.shares[index]:.1%}"
        grey = theme.color("ink_2", mode)
        ax.text(x + text_width_pt(said) + 6.0, y, share, color=grey, **style)


BARS = Brush(paint_bars, rooms_pt=rooms_pt, height_in=height_in)
PIE = Brush(paint_pie, below_in=0.0, is_bare=True)
