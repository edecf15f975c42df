"""A course of sketches as an overlay: the reference as a grey area, others as lines.

At most three lines, in the epoch ramp where they are times (the last one the strongest), in
colours of their own where they are runs. Names stand beside the plot in the colour of the
line, with how far the mass has moved. Heights are square roots, so that tails can be seen;
bins are equal and their number goes with the sample (twice its cube root), so that a small
bias does not look like noise. Exact zeros are no density: their share is said in words.

Cost: 15 ms a panel.

Not here: grids of panels (``introspect.tensors.forms``), the style of every chart
(``introspect.canvas.style``).
"""

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from introspect import theme
from introspect.canvas.ticks import clean
from introspect.canvas.writing import shortened
from introspect.tensors.panel import (
    BAD_WORDS,
    BELOW_IN,
    Look,
    epoch_colors,
    notes_of,
    top_right,
    value_edges,
    write_panel_title,
    write_value_ticks,
)

if TYPE_CHECKING:
    from introspect.tensors.moments import Course, Moment

LINES = 3
RUN_LINES = 5


def paint_overlay(ax: Axes, course: "Course", look: Look) -> None:
    """One tensor: the area, the lines, their names, its title."""
    mode = look.mode
    moments = _shown(course)
    edges = value_edges([moment.sketch for moment in moments])
    ax.set_yticks([])
    ax.grid(visible=False)
    colors = _colors(course, len(moments) - 1, look)
    top = 0.0
    for index, moment in enumerate(moments):
        heights = np.sqrt(moment.sketch.density(edges, zeros=False))
        top = max(top, float(heights.max()))
        if not moment.sketch.finite:
            continue
        if index == 0:
            ax.stairs(heights, edges, fill=True, color=theme.color("reference", mode), lw=0)
        else:
            wide = 1.7 if index == len(moments) - 1 or course.over_runs else 1.0
            ax.stairs(heights, edges, baseline=None, color=colors[index - 1], lw=wide)
    ax.set_xlim(float(edges[0]), float(edges[-1]))
    ax.set_ylim(0, top * 1.04 if top > 0 else 1.0)
    if any(moment.sketch.finite for moment in moments):
        write_value_ticks(ax)
    else:
        ax.set_xticks([])
        note = ax.text(0.5, 0.5, "no finite values", transform=ax.transAxes, ha="center")
        note.set_color(theme.color("ink_3", mode))
    _write_names(ax, moments, colors, look)
    write_panel_title(ax, course, look.how, mode)


def _shown(course: "Course") -> "list[Moment]":
    """The first, and at most some more up to the last, evenly; of runs, the first ones."""
    moments = course.moments
    if course.over_runs:
        return list(moments[: RUN_LINES + 1])
    places = np.linspace(0, len(moments) - 1, min(LINES + 1, len(moments)))
    return [moments[round(place)] for place in places.tolist()]


def _colors(course: "Course", lines: int, look: Look) -> list[str]:
    if course.over_runs:
        return [theme.series(index, look.mode) for index in range(lines)]
    return epoch_colors(lines, look.mode)


def _write_names(ax: Axes, moments: "list[Moment]", colors: list[str], look: Look) -> None:
    """Right of the plot, the newest first: a stroke, its name, and what is known of it."""
    mode = look.mode
    figure = ax.get_figure(root=True)
    if figure is None:
        return
    corner = figure.dpi_scale_trans + top_right(ax)  # in inches
    ink, bad = theme.color("ink_3", mode), theme.color("bad", mode)
    named = [
        (moment, notes_of(moment, look.metric, is_first=index == 0))
        for index, moment in enumerate(moments)
    ]
    needed_in = sum(0.2 + 0.13 * len(notes) for _, notes in named)
    room_in = ax.get_position().height * figure.get_figheight() + BELOW_IN
    tight = float(np.clip(room_in / needed_in, 0.77, 1.0))  # below, lines would touch
    down_in = 0.03
    for index in range(len(moments) - 1, -1, -1):
        moment, notes = named[index]
        if index == 0 and not notes:
            continue
        color = colors[index - 1] if index else theme.color("reference", mode)
        stroke = Line2D([0.1, 0.21], [-down_in - 0.055] * 2, color=color, transform=corner)
        stroke.set(linewidth=5.0 if index == 0 else 1.7, solid_capstyle="butt", clip_on=False)
        ax.add_line(stroke)
        rows = [(shortened(clean(moment.label), 48.0, 8), color if index else ink, 8.0)]
        rows += [(note, bad if note.startswith(BAD_WORDS) else ink, 7.0) for note in notes]
        for text, shade, size_pt in rows:
            ax.text(0.27, -down_in, text, transform=corner, color=shade, fontsize=size_pt, va="top")
            down_in += tight * (0.15 if size_pt > 7 else 0.13)
        down_in += tight * 0.05
