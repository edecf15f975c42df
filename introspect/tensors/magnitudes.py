"""Courses of sketches as a table of log-magnitude heat maps: layers by kinds, over time.

Rows are layers, columns kinds (weights, gradients, updates, activations) and runs; in each
cell the magnitude goes upwards on one logarithmic axis a column, time to the right. Colour is
the square root of the share of values in each half octave (a whole one below 2000 values,
where halves would be holes): steps of equal logarithmic width, so shares are densities. Zeros
have no logarithm: their share stands in words. A time with values that are not finite carries
a red strip.

Cost: 2 ms a sketch.

Axes:
    B: half octaves, T: times

Not here: which times (``introspect.tensors.choosing``).
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from introspect import theme
from introspect.canvas.line_axes import log_ticks
from introspect.canvas.octaves import HALF, octave_shares, reach
from introspect.canvas.style import colormap
from introspect.canvas.ticks import clean, format_count, format_ticks
from introspect.canvas.writing import shortened, text_width_pt
from introspect.nouns.watched import KINDS, in_order
from introspect.tensors.panel import Look, write_panel_title
from introspect.tensors.timescale import places_of, ticks_of, word_of
from introspect.theme import Mode

if TYPE_CHECKING:
    from introspect.tensors.moments import Course

Floats = npt.NDArray[np.float64]
DECADES = 9.0
MOST_ROWS = 40
MOST_COLUMNS = 8

WIDTH_IN, MARGIN_IN = 10.0, 0.16
CELL_IN, GAP_IN = 0.5, 0.1
HEAD_IN, RUN_HEAD_IN, COLUMN_HEAD_IN, FOOT_IN = 0.44, 0.26, 0.24, 0.34
BETWEEN_IN = 0.16
TICKS_IN = 0.34


def draw_magnitudes(courses: "Sequence[Course]", title: str, mode: Mode) -> Figure:
    """The table of heat maps, 10 inches wide."""
    rows = _rows_of(courses)
    order = {kind: place for place, kind in enumerate((*KINDS, "values"))}
    runs = list(dict.fromkeys(course.run for course in courses))
    columns = sorted(
        {(course.run, course.kind) for course in courses},
        key=lambda pair: (runs.index(pair[0]), order[pair[1]]),
    )
    dropped = _words_for_the_rest(len(rows), len(columns))
    runs_in = RUN_HEAD_IN if any(runs) else 0.0
    top_in = HEAD_IN + runs_in + COLUMN_HEAD_IN
    shown_rows, shown_columns = rows[:MOST_ROWS], columns[:MOST_COLUMNS]
    cells = {((course.run, course.kind), _row_of(course)): course for course in courses}
    names_in = min(max(text_width_pt(clean(row)) for row in shown_rows), 150.0) / 72 + 0.1
    height_in = top_in + len(shown_rows) * (CELL_IN + GAP_IN) + FOOT_IN
    figure = Figure(figsize=(WIDTH_IN, height_in))
    _write_head(figure, title, dropped, mode)
    wide_in = (WIDTH_IN - 2 * MARGIN_IN - names_in) / len(shown_columns)
    scales = {kind: _scale([c for c in courses if c.kind == kind]) for _, kind in columns}
    for number, column in enumerate(shown_columns):
        found = [cells.get((column, row)) for row in shown_rows]
        left_in = MARGIN_IN + names_in + number * wide_in + TICKS_IN
        box_in = (left_in, wide_in - TICKS_IN - BETWEEN_IN)
        box_in = (*box_in, top_in)
        _column(figure, found, column, box_in, scales[column[1]], mode)
        if column[0] and column[0] not in [run for run, _ in shown_columns[:number]]:
            count = sum(run == column[0] for run, _ in shown_columns)
            _write_run(figure, column[0], left_in, count * wide_in - TICKS_IN - BETWEEN_IN, mode)
    for number, row in enumerate(shown_rows):
        down = top_in + number * (CELL_IN + GAP_IN) + CELL_IN / 2
        name = _end_of(clean(row), names_in * 72 - 6.0)
        at = (MARGIN_IN / WIDTH_IN, 1 - down / height_in)
        figure.text(*at, name, va="center_baseline", color=theme.color("ink_2", mode))
    return figure


def paint_magnitude(ax: Axes, course: "Course", look: Look) -> None:
    """One cell on axes of its own."""
    times = [moment.when for moment in course.moments]
    _paint(ax, course, times, *_scale([course]), look.mode, ticks=4)
    _write_times(ax, times)
    write_panel_title(ax, course, look.how, look.mode)


def _rows_of(courses: "Sequence[Course]") -> list[str]:
    """Layers in the order of the model: modules without weights stand where they are in it."""
    columns: dict[tuple[str, str], list[str]] = {}
    for course in courses:
        columns.setdefault((course.run, course.kind), []).append(_row_of(course))
    return in_order(*columns.values())


def _row_of(course: "Course") -> str:
    """The layer: a weight, its gradient and its output share a row."""
    return course.name.removesuffix(".weight")


def _end_of(name: str, room_pt: float) -> str:
    """The name, or as much of its end as fits."""
    while len(name) > 4 and text_width_pt(name) > room_pt:
        name = "…" + name[2:]
    return name


def _words_for_the_rest(rows: int, columns: int) -> str:
    words = []
    if rows > MOST_ROWS:
        words.append(f"{MOST_ROWS} of {rows} layers shown")
    if columns > MOST_COLUMNS:
        words.append(f"{MOST_COLUMNS} of {columns} columns shown")
    return ", ".join(words)


def _write_head(figure: Figure, title: str, dropped: str, mode: Mode) -> None:
    height_in = figure.get_figheight()
    y = 1 - 0.16 / height_in
    name = shortened(clean(title), 260.0, 11, bold=True)
    figure.text(MARGIN_IN / WIDTH_IN, y, name, va="top", fontsize=11, fontweight="bold")
    x = MARGIN_IN + (text_width_pt(name, 11, bold=True) + 8.0) / 72
    how = "log₁₀ |x| upwards, time to the right, stronger is more mass"
    how = ", ".join(filter(None, [dropped, how]))
    grey = theme.color("ink_3", mode)
    figure.text(x / WIDTH_IN, y - 0.025 / height_in, how, va="top", fontsize=8.5, color=grey)


def _column(
    figure: Figure,
    found: "Sequence[Course | None]",
    column: tuple[str, str],
    box_in: tuple[float, float, float],
    scale: tuple[tuple[float, float], float],
    mode: Mode,
) -> None:
    """One kind of one run: its head, its cells, the times under the last.

    Args:
        figure: Where.
        found: A course for each row, or None.
        column: Run and kind.
        box_in: Left edge, width, and how far down the first cell begins.
        scale: The axis of the kind, and the share that is its darkest.
        mode: Of the theme.
    """
    left_in, wide_in, top_in = box_in
    height_in = figure.get_figheight()
    courses = [course for course in found if course is not None]
    times = sorted({moment.when for course in courses for moment in course.moments}, key=_order)
    span, top = scale
    y = 1 - (top_in - 0.1) / height_in
    said = shortened(column[1], (wide_in + BETWEEN_IN) * 72)
    figure.text(left_in / WIDTH_IN, y, said, va="baseline", color=theme.color("ink", mode))
    last = max(number for number, course in enumerate(found) if course is not None)
    for number, course in enumerate(found):
        if course is None:
            continue
        down_in = top_in + number * (CELL_IN + GAP_IN) + CELL_IN
        ax = figure.add_axes(
            (
                left_in / WIDTH_IN,
                1 - down_in / height_in,
                wide_in / WIDTH_IN,
                CELL_IN / height_in,
            )
        )
        _paint(ax, course, times, span, top, mode, ticks=2)
        ax.set_xticks([])
        if number == last:
            _write_times(ax, times)


def _write_run(figure: Figure, run: str, left_in: float, wide_in: float, mode: Mode) -> None:
    """The name of a run over its columns, and a line that says which they are."""
    y = 1 - (HEAD_IN + 0.1) / figure.get_figheight()
    x = left_in / WIDTH_IN
    name = shortened(clean(run), wide_in * 72, bold=True)
    figure.text(x, y, name, va="baseline", fontweight="bold")
    below = y - 0.06 / figure.get_figheight()
    ends = [x, (left_in + wide_in) / WIDTH_IN]
    figure.add_artist(Line2D(ends, [below] * 2, color=theme.color("rule_strong", mode), lw=0.8))


def _order(time: object) -> tuple[int, int]:
    return time if isinstance(time, tuple) else (0, int(str(time)))


def _write_times(ax: Axes, times: Sequence) -> None:
    """Steps or epochs, at columns of records: as many as have room for their words."""
    places = places_of(times)
    word = word_of(times)
    room_pt = ax.get_position().width * _figure_width_in(ax) * 72
    low, high = float(places[0]), float(places[-1])
    for most in (6, 5, 4, 3, 2):
        marks, words = ticks_of(low, high, word, most=most)
        columns = np.interp(marks, places, np.arange(len(places)) + 0.5)
        if len(marks) > 1 and _fit(words, columns * room_pt / len(places)):
            break
    else:  # the first and the last, or the last alone
        marks = sorted({float(np.ceil(low)), float(np.floor(high))})
        words = [f"{word} {format_ticks(marks)[0]}", *format_ticks(marks)[1:]]
        columns = np.interp(marks, places, np.arange(len(places)) + 0.5)
        if not _fit(words, columns * room_pt / len(places)):
            words = ["", words[-1]]
    ax.set_xticks(columns, words)
    ax.tick_params(axis="x", length=2.5)


def _fit(words: Sequence[str], centres_pt: Floats) -> bool:
    """Whether words at these centres leave a gap between them."""
    half = np.array([text_width_pt(word) / 2 for word in words])
    return bool(np.all(np.diff(centres_pt) >= half[:-1] + half[1:] + 5.0))


def _figure_width_in(ax: Axes) -> float:
    figure = ax.get_figure(root=True)
    return figure.get_figwidth() if figure else WIDTH_IN


def _paint(
    ax: Axes,
    course: "Course",
    times: Sequence,
    span: tuple[float, float],
    top: float,
    mode: Mode,
    *,
    ticks: int,
) -> None:
    """One heat map; not logged is paper, logged and empty is the first step of the ramp."""
    shares, logged, lost = _grid(course, times, span)
    cells = colormap("ink", mode)(np.maximum(np.sqrt(shares / top), 7 / 255).clip(0, 1))
    cells[:, ~logged] = (*to_rgb(theme.color("surface", mode)), 1.0)
    ax.imshow(
        cells,
        extent=(0, len(times), *span),
        aspect="auto",
        interpolation="nearest",
        origin="lower",
    )
    ax.grid(visible=False)
    ax.spines["bottom"].set_visible(False)
    for place in np.flatnonzero(lost).tolist():
        ax.axvspan(place, place + 1, 0.9, 1.0, color=theme.color("bad", mode), lw=0)
    low, high = span
    marks = [mark for mark in log_ticks(low, high, most=ticks) if low <= mark[0] <= high]
    marks = marks if ticks > 2 else marks[:: max(1, len(marks) - 1)]
    ax.set_yticks([place for place, _ in marks], [word for _, word in marks], fontsize=7.5)
    ax.tick_params(axis="y", pad=3)
    _write_words(ax, course, mode)


def _write_words(ax: Axes, course: "Course", mode: Mode) -> None:
    """At the upper right: the share of zeros of the last time, and what is not finite."""
    sketch = course.moments[-1].sketch
    lost = sketch.n - sketch.finite
    words, color = "", theme.color("ink_2", mode)
    if lost:
        name = "NaN" if sketch.nans else "Inf"
        words = f"all {name}" if lost == sketch.n else f"{name} {format_count(lost)}"
        color = theme.color("bad", mode)
    elif sketch.n and sketch.share_zero > 0.9995:
        words, color = "all zero", theme.color("bad", mode)
    elif sketch.finite and sketch.share_zero >= 0.01:
        words = f"zero {min(round(100 * sketch.share_zero), 99)}%"
    if words:
        paper = {"facecolor": theme.color("surface", mode), "alpha": 0.85, "pad": 1.0, "lw": 0}
        ax.annotate(
            words,
            xy=(1.0, 0.97),
            xycoords="axes fraction",
            xytext=(-3.0, -2.0),
            textcoords="offset points",
            ha="right",
            va="top",
            fontsize=7.5,
            color=color,
            bbox=paper,
        )


def _range(courses: "Sequence[Course]") -> tuple[float, float]:
    """Both ends in log10: where 99 % of the magnitudes of every cell lie, at most 9 decades."""
    ends = []
    for course in courses:
        for moment in course.moments:
            found = reach(moment.sketch)
            if found is not None:
                ends.append(found)
    if not ends:
        return -1.0, 1.0
    low, high = min(a for a, _ in ends), max(b for _, b in ends)
    low = np.floor(max(low, high - DECADES) / HALF) * HALF
    return float(low), float(max(np.ceil(high / HALF) * HALF, low + 4 * HALF))


def _grid(
    course: "Course", times: Sequence, span: tuple[float, float]
) -> tuple[Floats, npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Shares of shape ``(B, T)``, whether each time was logged, and whether something is lost."""
    first, last = round(span[0] / HALF), round(span[1] / HALF)
    shares = np.zeros((last - first, len(times)))
    logged, lost = np.zeros(len(times), bool), np.zeros(len(times), bool)
    places = {time: place for place, time in enumerate(times)}
    for moment in course.moments:
        place = places[moment.when]
        shares[:, place] = octave_shares(moment.sketch, first, last)
        logged[place] = True
        lost[place] = moment.sketch.finite < moment.sketch.n
    return shares, logged, lost


def _scale(courses: "Sequence[Course]") -> tuple[tuple[float, float], float]:
    """The axis of a kind, of all runs alike, and the share that is its darkest.

    That is exceeded in 1 % of the half octaves that hold anything.
    """
    span = _range(courses)
    found = []
    for course in courses:
        times = [moment.when for moment in course.moments]
        found.append(_grid(course, times, span)[0].ravel())
    filled = np.concatenate(found)
    filled = filled[filled > 0]
    return span, float(np.quantile(filled, 0.99)) if filled.size else 1.0
