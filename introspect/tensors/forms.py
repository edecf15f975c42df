"""A Comparison to a matplotlib figure: a grid of panels, or the table of magnitudes.

Cost: 15 ms a panel; a grid stops at 48 panels and says so.

Not here: the panels themselves (``overlay``, ``difference``, ``bands``, ``ridges``,
``magnitudes``).
"""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Annotation
from matplotlib.transforms import ScaledTranslation

from introspect import theme
from introspect.canvas.style import style
from introspect.canvas.ticks import clean
from introspect.tensors.bands import paint_bands
from introspect.tensors.difference import paint_difference
from introspect.tensors.magnitudes import draw_magnitudes, paint_magnitude
from introspect.tensors.overlay import paint_overlay
from introspect.tensors.panel import ABOVE_IN, BELOW_IN, LEFT_IN, RIGHT_IN, Look
from introspect.tensors.ridges import paint_ridges
from introspect.theme import Mode

if TYPE_CHECKING:
    from introspect.tensors.compare import Comparison
    from introspect.tensors.moments import Course

MOST_PANELS = 48
SINGLE = 1.6
"""One panel alone is this much larger."""

PLOT_IN = (2.2, 1.28)
HEAD_IN = 0.44
FOOT_IN = 0.05

PAINTERS: Mapping[str, Callable[[Axes, "Course", Look], None]] = {
    "overlay": paint_overlay,
    "difference": paint_difference,
    "bands": paint_bands,
    "ridge": paint_ridges,
    "magnitude": paint_magnitude,
}
EXTRA_LEFT_IN = {"bands": 0.34}
"""Room for the words of a y axis."""
TALLER = {"ridge": 1.35}


def draw(comparison: "Comparison") -> Figure:
    """A figure of one panel, or of a grid with three columns, 10 inches wide.

    On axes of the caller's, its panel.
    """
    with rc_context(style(comparison.theme)):
        if comparison.ax is not None:
            how = _how(comparison.courses, 1, comparison)
            look = Look(comparison.theme, comparison.metric, how)
            PAINTERS[comparison.form](comparison.ax, comparison.courses[0], look)
            return comparison.ax.get_figure(root=True)
        if comparison.form == "magnitude":
            return draw_magnitudes(comparison.courses, comparison.title, comparison.theme)
        return _grid(comparison)


def _grid(comparison: "Comparison") -> Figure:
    courses, mode = comparison.courses, comparison.theme
    shown = courses[:MOST_PANELS]
    alone = len(shown) == 1
    scale = SINGLE if alone else 1.0
    left_in = LEFT_IN + EXTRA_LEFT_IN.get(comparison.form, 0.0)
    width_in = (PLOT_IN[0] + LEFT_IN - left_in) * scale
    height_in = PLOT_IN[1] * scale * TALLER.get(comparison.form, 1.0)
    columns = 1 if alone else min(3, len(shown))
    rows = -(-len(shown) // columns)
    below_in = 0.28 if alone else BELOW_IN
    cell_in = (left_in + width_in + RIGHT_IN, ABOVE_IN + height_in + below_in)
    head_in = 0.0 if alone else HEAD_IN
    size_in = np.array([columns * cell_in[0], head_in + rows * cell_in[1] + FOOT_IN])
    figure = Figure(figsize=tuple(size_in.tolist()))
    how = _how(shown, len(courses), comparison)
    if not alone:
        _write_head(figure, comparison.title, how, mode)
    for index, course in enumerate(shown):
        row, column = divmod(index, columns)
        corner_in = np.array(
            [
                column * cell_in[0] + left_in,
                size_in[1] - head_in - (row + 1) * cell_in[1] + below_in,
            ]
        )
        box = np.concatenate([corner_in / size_in, (width_in, height_in) / size_in])
        ax = figure.add_axes(tuple(box.tolist()))
        look = Look(mode, comparison.metric, how if alone else "")
        PAINTERS[comparison.form](ax, course, look)
    return figure


def _how(courses: "Sequence[Course]", total: int, comparison: "Comparison") -> str:
    """The grey words after the title: how to read the picture."""
    words = {
        "overlay": [f"{_base(courses, comparison)} in grey", "√ height"],
        "difference": [f"mass gained and lost since {_base(courses, comparison)}"],
        "bands": ["median, 25–75, 10–90 and 1–99 %", "ends thin"],
        "ridge": ["√ height", "newest in front"],
        "magnitude": ["log₁₀ |x| upwards"],
    }[comparison.form]
    if total > len(courses):
        words.append(f"{len(courses)} of {total} tensors shown")
    return ", ".join(words)


def _base(courses: "Sequence[Course]", comparison: "Comparison") -> str:
    """What the panels compare to, in words."""
    to = comparison.to
    if courses[0].over_runs or to in ("first", "previous"):
        firsts = {course.moments[0].label for course in courses}
        return clean(firsts.pop()) if len(firsts) == 1 else "first"
    if comparison.form == "overlay":
        return clean(courses[0].moments[0].label)
    return f"{to[0]}:{to[1]}" if isinstance(to, tuple) else f"epoch {to}"


def _write_head(figure: Figure, title: str, how: str, mode: Mode) -> None:
    """Title and grey words over a grid, on one line."""
    corner = figure.transFigure + ScaledTranslation(LEFT_IN, -0.16, figure.dpi_scale_trans)
    head = figure.text(
        0, 1, clean(title), transform=corner, va="top", fontsize=11, fontweight="bold"
    )
    note = Annotation(
        how,
        xy=(1.0, 0.0),
        xycoords=head,
        xytext=(7, 0),
        textcoords="offset points",
        fontsize=8.5,
        color=theme.color("ink_3", mode),
        va="bottom",
        annotation_clip=False,
    )
    figure.add_artist(note)
