"""A HistogramView on a matplotlib axes: the oldest as grey area, later ones as steps.

Not here: bins and densities (``introspect.canvas.histograms``).
"""

import numpy as np
from matplotlib.axes import Axes

from introspect import theme
from introspect.canvas.histograms import HistogramView
from introspect.canvas.paint_lines import size_pt
from introspect.canvas.ticks import format_count, format_ticks, nice_ticks
from introspect.canvas.writing import Word, text_width_pt, write_row
from introspect.theme import Mode


def right_room_pt(view: HistogramView) -> float:
    """Room that the labels of the steps need."""
    named = view.labels[1:] if len(view.labels) > 1 else ()
    return max((text_width_pt(label) for label in named), default=0.0) + (22.0 if named else 6.0)


def paint_histogram(ax: Axes, view: HistogramView, *, mode: Mode, top: float | None = None) -> None:
    """Draw the overlay.

    Args:
        ax: An axes of its final size.
        view: What to draw.
        mode: Of the theme.
        top: Upper end of the axis as square root of density; None fits it.
    """
    width_pt, height_pt = size_pt(ax)
    colors = _colors(len(view.densities), mode)
    ax.set_yticks([])
    ax.set_xlim(view.edges[0], view.edges[-1])
    for index, density in enumerate(view.densities):
        height = np.sqrt(density)
        if index == 0:
            ax.stairs(height, view.edges, fill=True, color=colors[0], linewidth=0)
            continue
        newest = index == len(view.densities) - 1
        width = 1.4 if newest else 0.9
        ax.stairs(height, view.edges, baseline=None, color=colors[index], linewidth=width)
    ax.set_ylim(0, (top or peak(view) or 1.0) * 1.04)
    ends = float(view.edges[0]), float(view.edges[-1])
    most = max(2, int(width_pt / 45))
    marks = nice_ticks(*ends, most=most)
    marks = marks if len(marks) > 1 else nice_ticks(*ends, most=most + 1)
    ax.set_xticks(marks, format_ticks(marks))
    _labels(ax, view, colors, height_pt, mode)
    if not view.densities:
        grey = theme.color("ink_3", mode)
        ax.text(0.5, 0.5, "no values yet", transform=ax.transAxes, ha="center", color=grey)
    words = [
        Word(view.title, theme.color("ink", mode), 9.5, bold=True),
        Word(view.how, theme.color("ink_3", mode)),
    ]
    if view.broken:
        text = f"{format_count(view.broken)} NaN or infinite"
        words.append(Word(text, theme.color("bad", mode)))
    room = width_pt + right_room_pt(view)
    write_row(ax, [w for w in words if w.text], room_pt=room, up_pt=9.0)


def peak(view: HistogramView) -> float:
    """The largest square root of a density."""
    return max((float(np.sqrt(density.max())) for density in view.densities), default=0.0)


def _colors(shown: int, mode: Mode) -> list[str]:
    """Grey (blue where it is alone), then the epoch ramp up to its strongest."""
    if shown <= 1:
        return [theme.series(0, mode)] * shown
    ramp = theme.ramp("epoch", mode)
    later = shown - 1
    places = [int(255 * (rank + 1) / later) if later > 1 else 255 for rank in range(later)]
    return [theme.color("reference", mode), *(ramp[place] for place in places)]


def _labels(ax: Axes, view: HistogramView, colors: list[str], height_pt: float, mode: Mode) -> None:
    """The steps at the right, newest first, each behind a short line of its colour."""
    for rank, index in enumerate(range(len(view.labels) - 1, 0, -1)):
        y = 1.0 - (6.0 + 12.0 * rank) / height_pt
        ax.annotate(
            view.labels[index],
            xy=(1.0, y),
            xycoords="axes fraction",
            xytext=(18.0, 0.0),
            textcoords="offset points",
            color=theme.color("ink" if rank == 0 else "ink_2", mode),
            va="center_baseline",
            annotation_clip=False,
        )
        ax.annotate(
            "",
            xy=(1.0, y),
            xycoords="axes fraction",
            xytext=(15.0, 0.0),
            textcoords="offset points",
            arrowprops={
                "arrowstyle": "-",
                "color": colors[index],
                "linewidth": 1.4,
                "shrinkA": 0,
                "shrinkB": 6,
            },
            annotation_clip=False,
        )
