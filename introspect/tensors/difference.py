"""A course of sketches as a difference: where mass was gained, and where it was lost.

Orange is more than at the reference, blue is less; both areas are equal but for zeros and what
is not finite, and half of their sum is the share of all values that lies elsewhere now.

Not here: grids of panels (``introspect.tensors.forms``).
"""

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes

from introspect import theme
from introspect.canvas.ticks import clean
from introspect.canvas.writing import shortened
from introspect.tensors.panel import (
    BAD_WORDS,
    Look,
    distance_text,
    notes_of,
    top_right,
    value_edges,
    write_panel_title,
    write_value_ticks,
)

if TYPE_CHECKING:
    from introspect.tensors.moments import Course, Moment


def paint_difference(ax: Axes, course: "Course", look: Look) -> None:
    """The last moment minus its reference; of runs, the last run minus the first."""
    mode = look.mode
    moment = course.moments[-1]
    now, before = moment.sketch, moment.reference
    ax.set_yticks([])
    ax.grid(visible=False)
    edges = value_edges([before, now])
    ramp = theme.ramp("diverging", mode)
    lost, gained = ramp[38], ramp[217]
    change = now.density(edges, zeros=False) - before.density(edges, zeros=False)
    change = change if now.finite and before.finite else np.zeros_like(change)
    for values, color in ((np.maximum(change, 0), gained), (np.minimum(change, 0), lost)):
        ax.stairs(values, edges, fill=True, color=color, lw=0)
    ax.plot(edges[[0, -1]], [0.0, 0.0], color=theme.color("axis", mode), lw=0.75)
    top = float(np.abs(change).max()) * 1.08 or 1.0
    ax.set_xlim(float(edges[0]), float(edges[-1]))
    ax.set_ylim(-top, top)
    write_value_ticks(ax)
    moved = float((np.abs(change) * np.diff(edges)).sum()) / 2
    _write_notes(ax, moment, moved, (gained, lost), look)
    write_panel_title(ax, course, look.how, mode)


def _write_notes(
    ax: Axes, moment: "Moment", moved: float, colors: tuple[str, str], look: Look
) -> None:
    """Right of the plot: what is compared, how far and how much has moved, zeros before and now."""
    mode = look.mode
    figure = ax.get_figure(root=True)
    if figure is None:
        return
    corner = figure.dpi_scale_trans + top_right(ax)
    grey, ink, bad = (theme.color(name, mode) for name in ("ink_3", "ink", "bad"))
    label = shortened(clean(moment.label), 60.0, 8)
    rows: list[tuple[str, str, float]] = [(label, ink, 8.0)]
    if moment.sketch.finite and moment.reference.finite:
        rows += [(distance_text(moment, look.metric), grey, 7.0)]
        rows += [(f"{100 * moved:.0f}% elsewhere", grey, 7.0)]
        rows += [("gained", colors[0], 8.0), ("lost", colors[1], 8.0)]
        was, now = (100 * s.share_zero for s in (moment.reference, moment.sketch))
        if max(was, now) > 1:
            rows.append((f"zero {was:.0f} → {now:.0f}%", grey, 7.0))
    rows += [
        (note, bad, 7.0)
        for note in notes_of(moment, look.metric, is_first=True)
        if note.startswith(BAD_WORDS)
    ]
    down_in = 0.03
    for text, color, size_pt in rows:
        ax.text(0.1, -down_in, text, transform=corner, color=color, fontsize=size_pt, va="top")
        down_in += 0.15 if size_pt > 7 else 0.14
