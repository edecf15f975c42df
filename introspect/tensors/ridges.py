"""A course of sketches as ridges: one outline a time, the oldest behind, the newest in front.

All share bins and scale; heights are square roots of densities. About ten times can be told
apart. Not here: grids of panels (``introspect.tensors.forms``).
"""

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes

from introspect import theme
from introspect.canvas.ticks import clean
from introspect.canvas.writing import shortened
from introspect.tensors.panel import (
    Look,
    distance_text,
    epoch_colors,
    notes_of,
    value_edges,
    write_panel_title,
    write_value_ticks,
)

if TYPE_CHECKING:
    from introspect.tensors.moments import Course, Moment

OVERLAP = 2.6
"""A ridge is at most as high as so many distances between two."""
MOST = 24
PEAK = 2.0
"""How high a ridge may be, as a multiple of the median one."""


def paint_ridges(ax: Axes, course: "Course", look: Look) -> None:
    """Outlines of one tensor, newest below and in front."""
    mode = look.mode
    every = np.linspace(0, len(course.moments) - 1, min(MOST, len(course.moments)))
    moments = [course.moments[round(place)] for place in every.tolist()]
    edges = value_edges([moment.sketch for moment in moments])
    heights = [np.sqrt(moment.sketch.density(edges, zeros=False)) for moment in moments]
    peaks = np.array([float(height.max()) for height in heights])
    # One needle would flatten all others: it is cut, and its label says so.
    top = min(float(peaks.max()), PEAK * float(np.median(peaks)) or float(peaks.max())) or 1.0
    colors = epoch_colors(len(moments), mode)
    ax.set_yticks([])
    ax.grid(visible=False)
    paper = theme.color("surface", mode)
    count = len(moments)
    cut = peaks > top * (1 + 1e-9)
    heights = [np.minimum(height, top) for height in heights]
    for rank, (height, color) in enumerate(zip(heights, colors, strict=True)):
        base = float(count - 1 - rank)
        line = base + height / top * OVERLAP
        newest = rank == count - 1
        # One stair at a time: paper hides what is behind, then the outline.
        ax.stairs(line, edges, baseline=base, fill=True, color=paper, alpha=0.9, zorder=2 + rank)
        width = 1.3 if newest else 0.8
        ax.stairs(line, edges, baseline=base, color=color, lw=width, zorder=2.5 + rank)
    ax.set_xlim(float(edges[0]), float(edges[-1]))
    ax.set_ylim(-0.05, count - 1 + OVERLAP * 1.02)
    write_value_ticks(ax)
    _write_labels(ax, moments, cut.tolist(), look)
    write_panel_title(ax, course, look.how, mode)


def _write_labels(ax: Axes, moments: "list[Moment]", cut: list[bool], look: Look) -> None:
    """At the foot of each ridge its time, and of the newest how far it has come."""
    mode = look.mode
    count = len(moments)
    figure = ax.get_figure(root=True)
    height_pt = ax.get_position().height * (figure.get_figheight() if figure else 2.0) * 72
    apart_pt = height_pt / (count - 1 + OVERLAP * 1.02 + 0.05)
    stride = max(1, int(np.ceil(10.0 / apart_pt)))
    grey, ink = theme.color("ink_3", mode), theme.color("ink", mode)
    bad = theme.color("bad", mode)
    words = {moment.label.rpartition(" ")[0] for moment in moments[1:]}
    for rank, moment in enumerate(moments):
        newest = rank == count - 1
        if (count - 1 - rank) % stride:
            continue
        lost = [n for n in notes_of(moment, look.metric, is_first=True) if n[0] in "NI"]
        label = clean(moment.label)
        is_plain = newest or not label.rpartition(" ")[0]
        is_mixed = len(words) > 1 and label.startswith("epoch ")  # among exact steps
        text = label if is_plain or is_mixed else label.rpartition(" ")[2]
        text += " ↑" if cut[rank] else ""
        ax.annotate(
            shortened(lost[0] if lost else text, 60.0, 8),
            xy=(1.0, float(count - 1 - rank)),
            xycoords=("axes fraction", "data"),
            xytext=(6.0, 0.0),
            textcoords="offset points",
            fontsize=8,
            color=bad if lost else ink if newest else grey,
            annotation_clip=False,
        )
    if moments[-1].sketch.finite:
        ax.annotate(
            distance_text(moments[-1], look.metric),
            xy=(1.0, 0.0),
            xycoords=("axes fraction", "data"),
            xytext=(6.0, -9.0),
            textcoords="offset points",
            fontsize=7,
            color=grey,
            annotation_clip=False,
        )
