"""What panels of sketches share: the look, the range of values, ticks, titles, words of zeros.

Not here: what is in the panels (``overlay``, ``difference``, ``bands``, ``ridges``).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.transforms import ScaledTranslation

from introspect.canvas.style import colormap, write_title
from introspect.canvas.ticks import (
    clean,
    format_count,
    format_percent,
    format_ticks,
    format_value,
    nice_ticks,
)
from introspect.canvas.writing import text_width_pt
from introspect.nouns.sketch import Sketch
from introspect.theme import Mode

if TYPE_CHECKING:
    from introspect.tensors.moments import Course, MetricName, Moment

Floats = npt.NDArray[np.float64]

ALL_ZERO = 0.9995
"""Beyond this share, a tensor is said to be zero."""
BAD_WORDS = ("NaN", "Inf", "all zero")
"""How notes begin that are red."""

LETTERS = 34
"""How many letters of a tick fit under a plot of a grid."""
LEFT_IN, RIGHT_IN = 0.16, 0.97
"""Beside the plot: a little air, and the column in which the names stand."""
ABOVE_IN, BELOW_IN = 0.36, 0.46
"""Over the plot its title, under it the ticks and the space to the next row."""


@dataclass(frozen=True, slots=True)
class Look:
    """How a panel is painted.

    Attributes:
        mode: Of the theme.
        metric: Which distance is stated.
        how: Grey words for the title of this panel.
    """

    mode: Mode
    metric: "MetricName" = "w1"
    how: str = ""


def epoch_colors(lines: int, mode: Mode) -> list[str]:
    """The epoch ramp from its weakest to its strongest; a single line is the strongest."""
    ramp = colormap("epoch", mode)
    places = np.linspace(0.0, 1.0, lines) if lines > 1 else np.ones(lines)
    return [to_hex(ramp(place)) for place in places.tolist()]


def value_edges(sketches: Sequence[Sketch]) -> Floats:
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


def write_value_ticks(ax: Axes) -> None:
    """As many round positions as have room for their words, at most five."""
    for most in (5, 4, 3, 2):
        ticks = nice_ticks(*ax.get_xlim(), most=most)
        words = format_ticks(ticks)
        if len(ticks) < 2 or sum(map(len, words)) + 2 * len(words) <= LETTERS:
            break
    ax.set_xticks(ticks, words)


def top_right(ax: Axes) -> ScaledTranslation:
    """Where the corner of the plot is."""
    return ScaledTranslation(1.0, 1.0, ax.transAxes)  # ty: ignore[invalid-argument-type]


def notes_of(moment: "Moment", metric: "MetricName", *, is_first: bool) -> list[str]:
    """What stands under a name: how far it has moved, zeros above 1 %, what is not finite."""
    sketch = moment.sketch
    notes = []
    if not is_first and sketch.finite:
        notes.append(distance_text(moment, metric))
    if sketch.finite and sketch.share_zero > ALL_ZERO:
        notes.append("all zero")
    elif sketch.finite and sketch.share_zero > 0.01:
        notes.append(f"zero {min(round(100 * sketch.share_zero), 99)}%")
    lost = {"NaN": sketch.nans, "Inf": sum(sketch.infinities)}
    words = [word for word, count in lost.items() if count]
    if words:
        notes.append(f"{', '.join(words)} {format_percent(sum(lost.values()) / sketch.n)}")
    return notes


def distance_text(moment: "Moment", metric: "MetricName") -> str:
    """The distance to the reference, with its name and unit."""
    if metric != "w1":
        return f"{metric.upper()} {getattr(moment, metric):.2f}"
    sigmas = moment.w1_sigma
    if np.isnan(sigmas):  # a constant start has no σ: in the unit of the values
        return f"W₁ {format_value(moment.w1)}"
    return f"W₁ {sigmas:.{2 if sigmas < 9.995 else 0}f} σ"


def write_panel_title(ax: Axes, course: "Course", how: str, mode: Mode) -> None:
    """Key, and the run or time it is of; then how many values, then the grey words."""
    name = clean(course.name if course.kind == "weights" else course.key)
    name = f"{name}  {clean(course.run)}" if course.run else name
    size = f"n {format_count(course.moments[-1].sketch.n)}"
    _fit_title(ax, name, size + (f", {how}" if how else ""), mode)


def _fit_title(ax: Axes, name: str, how: str, mode: Mode) -> None:
    """The name in bold, then as many of the grey words as have room.

    Where all of the name has none, its end.
    """
    figure = ax.get_figure(root=True)
    if figure is not None:
        plot_in = ax.get_position().width * figure.get_figwidth()
        room_pt = (plot_in + RIGHT_IN - 0.2) * 72
        while ", " in how and _width_pt(name, how) > room_pt:
            how = how.rpartition(", ")[0]
        while len(name) > 8 and _width_pt(name, how) > room_pt:
            name = "…" + name[2:]
    write_title(ax, name, how, mode=mode)


def _width_pt(name: str, how: str) -> float:
    return text_width_pt(name, 9.5, bold=True) + text_width_pt(how, 8.5)
