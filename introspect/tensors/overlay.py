"""Courses of sketches to a matplotlib figure: one panel a tensor, the past as a grey area.

The first moment is a grey area, at most three later ones are steps in the epoch ramp, the
last one the strongest. Names stand beside the plot in the colour of the line, with how far
the mass has moved. Heights are square roots, so that tails can be seen; bins are equal and
their number goes with the sample (twice its cube root), so that a small bias does not look
like noise. Exact zeros are no density: their share is said in words.

Cost: 15 ms a panel; a grid stops at 48 panels and says so.

Not here: which moments there are (``introspect.tensors.compare``), the style of every
chart (``introspect.canvas.style``).
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.text import Annotation, Text
from matplotlib.transforms import ScaledTranslation

from introspect import theme
from introspect.canvas.style import colormap, style, write_title
from introspect.canvas.ticks import (
    clean,
    format_count,
    format_percent,
    format_ticks,
    format_value,
    nice_ticks,
)
from introspect.nouns.sketch import Sketch
from introspect.theme import Mode

if TYPE_CHECKING:
    from introspect.tensors.compare import Course, Moment

Floats = npt.NDArray[np.float64]

MOST_PANELS = 48
LINES = 3
SINGLE = 1.6
"""One panel alone is this much larger."""

PLOT_IN = (2.2, 1.28)
LETTERS = 34
"""How many letters of a tick fit under a plot of a grid."""
LEFT_IN, RIGHT_IN = 0.16, 0.97
"""Beside the plot: a little air, and the column in which the names stand."""
ABOVE_IN, BELOW_IN = 0.36, 0.46
"""Over the plot its title, under it the ticks and the space to the next row."""
HEAD_IN = 0.44
FOOT_IN = 0.05


def draw(courses: "Sequence[Course]", title: str, mode: Mode) -> Figure:
    """A figure of one panel, or of a grid with three columns, 10 inches wide."""
    shown = courses[:MOST_PANELS]
    alone = len(shown) == 1
    width_in, height_in = (side * (SINGLE if alone else 1.0) for side in PLOT_IN)
    columns = 1 if alone else min(3, len(shown))
    rows = -(-len(shown) // columns)
    below_in = 0.28 if alone else BELOW_IN
    cell_in = (LEFT_IN + width_in + RIGHT_IN, ABOVE_IN + height_in + below_in)
    head_in = 0.0 if alone else HEAD_IN
    size_in = np.array([columns * cell_in[0], head_in + rows * cell_in[1] + FOOT_IN])
    with rc_context(style(mode)):
        figure = Figure(figsize=tuple(size_in.tolist()))
        if not alone:
            _write_head(figure, title, _how(shown, len(courses)), mode)
        for index, course in enumerate(shown):
            row, column = divmod(index, columns)
            corner_in = np.array(
                [
                    column * cell_in[0] + LEFT_IN,
                    size_in[1] - head_in - (row + 1) * cell_in[1] + below_in,
                ]
            )
            box = np.concatenate([corner_in / size_in, (width_in, height_in) / size_in])
            ax = figure.add_axes(tuple(box.tolist()))
            _draw_panel(ax, course, _how(shown, 1) if alone else "", mode)
    return figure


def _how(courses: "Sequence[Course]", total: int) -> str:
    """The grey words after the title: how to read the picture."""
    firsts = {course.moments[0].label for course in courses}
    words = [f"{firsts.pop() if len(firsts) == 1 else 'first'} in grey", "√ height"]
    if total > len(courses):
        words.append(f"{len(courses)} of {total} tensors shown")
    return ", ".join(words)


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


def _draw_panel(ax: Axes, course: "Course", how: str, mode: Mode) -> None:
    """One tensor: the area, the lines, their names, its title."""
    moments = _shown(course.moments)
    edges = _edges([moment.sketch for moment in moments])
    ax.set_yticks([])
    ax.grid(visible=False)
    colors = _colors(len(moments) - 1, mode)
    top = 0.0
    for index, moment in enumerate(moments):
        heights = np.sqrt(moment.sketch.density(edges, zeros=False))
        top = max(top, float(heights.max()))
        if not moment.sketch.finite:
            continue
        if index == 0:
            ax.stairs(heights, edges, fill=True, color=theme.color("reference", mode), lw=0)
        else:
            wide = 1.7 if index == len(moments) - 1 else 1.0
            ax.stairs(heights, edges, baseline=None, color=colors[index - 1], lw=wide)
    ax.set_xlim(float(edges[0]), float(edges[-1]))
    ax.set_ylim(0, top * 1.04 if top > 0 else 1.0)
    if any(moment.sketch.finite for moment in moments):
        _write_ticks(ax)
    else:
        ax.set_xticks([])
        note = ax.text(0.5, 0.5, "no finite values", transform=ax.transAxes, ha="center")
        note.set_color(theme.color("ink_3", mode))
    _write_names(ax, moments, colors, mode)
    size = format_count(moments[-1].sketch.n)
    _write_panel_title(ax, course.key, f"n {size}" + (f", {how}" if how else ""), mode)


def _shown(moments: "tuple[Moment, ...]") -> "list[Moment]":
    """The first, and at most `LINES` more up to the last, evenly."""
    places = np.linspace(0, len(moments) - 1, min(LINES + 1, len(moments)))
    return [moments[round(place)] for place in places.tolist()]


def _colors(lines: int, mode: Mode) -> list[str]:
    """The epoch ramp from its weakest to its strongest; a single line is the strongest."""
    ramp = colormap("epoch", mode)
    places = np.linspace(0.0, 1.0, lines) if lines > 1 else np.ones(lines)
    return [to_hex(ramp(place)) for place in places.tolist()]


def _edges(sketches: Sequence[Sketch]) -> Floats:
    """Equal bins from the least 0.1 % to the greatest 99.9 % value of all that is shown.

    Below 500 values every one is shown, with an empty bin at each end to close the outline.
    """
    sample = max((sketch.finite for sketch in sketches), default=1)
    beyond = 0.001 if sample >= 500 else 0.0
    ranges = [sketch.support(beyond, 1 - beyond) for sketch in sketches if sketch.finite]
    low = min((least for least, _ in ranges), default=0.0)
    high = max((greatest for _, greatest in ranges), default=0.0)
    if high - low <= 1e-6 * max(abs(low), abs(high)):  # all the same: a bar in the middle
        margin = 0.05 * max(abs(low), abs(high)) or 1.0
        return np.linspace(low - margin, high + margin, 12)
    bins = int(np.clip(round(2 * np.cbrt(sample)), 6, 60))
    if beyond:
        return np.linspace(low, high, bins + 1)
    width = (high - low) * (1 + 1e-6) / bins  # the greatest value lies inside, not on an edge
    return np.linspace(low - width, low + width * (bins + 1), bins + 3)


def _write_ticks(ax: Axes) -> None:
    """Three or four round positions."""


def _write_ticks(ax: Axes) -> None:
    """As many round positions as have room for their words, at most five."""
    for most in (5, 4, 3, 2):
        ticks = nice_ticks(*ax.get_xlim(), most=most)
        words = format_ticks(ticks)
        if len(ticks) < 2 or sum(map(len, words)) + 2 * len(words) <= LETTERS:
            break
    ax.set_xticks(ticks, words)


def _write_names(ax: Axes, moments: "list[Moment]", colors: list[str], mode: Mode) -> None:
    """Right of the plot, the newest first: a stroke, its name, and what is known of it."""
    figure = ax.get_figure(root=True)
    if figure is None:
        return
    corner = figure.dpi_scale_trans + _top_right(ax)  # in inches
    ink, bad = theme.color("ink_3", mode), theme.color("bad", mode)
    named = [(moment, _notes(moment, is_first=index == 0)) for index, moment in enumerate(moments)]
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
        rows = [(moment.label, color if index else ink, 8.0)]
        rows += [(note, bad if note[0] in "NI" else ink, 7.0) for note in notes]
        for text, shade, size_pt in rows:
            ax.text(0.27, -down_in, text, transform=corner, color=shade, fontsize=size_pt, va="top")
            down_in += tight * (0.15 if size_pt > 7 else 0.13)
        down_in += tight * 0.05


def _top_right(ax: Axes) -> ScaledTranslation:
    """Where the corner of the plot is."""
    return ScaledTranslation(1.0, 1.0, ax.transAxes)  # ty: ignore[invalid-argument-type]


def _notes(moment: "Moment", *, is_first: bool) -> list[str]:
    """What stands under a name: how far it has moved, zeros above 1 %, what is not finite."""
    sketch = moment.sketch
    notes = []
    if not is_first and sketch.finite:
        notes.append(_distance(moment))
    if sketch.finite and sketch.share_zero > 0.01:
        notes.append(f"zero {round(100 * sketch.share_zero)}%")
    lost = {"NaN": sketch.nans, "Inf": sum(sketch.infinities)}
    words = [word for word, count in lost.items() if count]
    if words:
        notes.append(f"{', '.join(words)} {format_percent(sum(lost.values()) / sketch.n)}")
    return notes


def _distance(moment: "Moment") -> str:
    if np.isnan(moment.w1_sigma):  # a constant start has no σ: in the unit of the values
        return f"W₁ {format_value(moment.w1)}"
    digits = 2 if moment.w1_sigma < 9.995 else 0
    return f"W₁ {moment.w1_sigma:.{digits}f} σ"


def _write_panel_title(ax: Axes, key: str, how: str, mode: Mode) -> None:
    """The key in bold (its end, where all of it has no room), then the grey words."""
    figure = ax.get_figure(root=True)
    name = clean(key.removeprefix("weights/"))
    if figure is not None:
        plot_in = ax.get_position().width * figure.get_figwidth()
        measure = Text(0, 0, how, fontsize=8.5)
        probe = Text(0, 0, name, fontsize=9.5, fontweight="bold")
        figure.add_artist(measure)
        figure.add_artist(probe)
        room_px = (plot_in + RIGHT_IN - 0.2) * figure.dpi - measure.get_window_extent().width
        while len(name) > 8 and probe.get_window_extent().width > room_px:
            name = "…" + name[2:]
            probe.set_text(name)
        probe.remove()
        measure.remove()
    write_title(ax, name, how, mode=mode)
