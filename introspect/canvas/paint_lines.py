"""A LineView on a matplotlib axes.

Names and newest values stand at the line ends, pushed apart, or, in a narrow panel, in the
title row; a legend box is never drawn.

Not here: limits, ticks and cut-offs (``introspect.canvas.lines``), where the axes lies
(``introspect.canvas.figure``).
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib import rcParams
from matplotlib.axes import Axes

from introspect import theme
from introspect.canvas.decimate import decimate
from introspect.canvas.line_axes import Marks, x_marks
from introspect.canvas.line_curve import Curve, Floats, LineView
from introspect.canvas.style import series_color
from introspect.canvas.ticks import format_count
from introspect.canvas.writing import (
    Word,
    row_width_pt,
    shortened,
    spread,
    text_width_pt,
    write_row,
)
from introspect.theme import Mode

_LABEL_GAP_PT = 11.0
_NAME_MOST_PT = 110.0
_MARK_EVERY_PT = 9.0


def left_room_pt(view: LineView) -> float:
    """Room that the y labels need."""
    return max((text_width_pt(label, 8) for _, label in view.y_ticks), default=0.0) + 8.0


def right_room_pt(view: LineView) -> float:
    """Room that names and values at the line ends need."""
    labels = [_name(view, curve, _NAME_MOST_PT) for curve in view.curves if curve.last_text]
    values = [text_width_pt(curve.last_text) for curve in view.curves if curve.last_text]
    widths = [
        text_width_pt(name) + (5.0 if name else 0.0) + value
        for name, value in zip(labels, values, strict=True)
    ]
    return max(widths, default=0.0) + 12.0


def paint_lines(ax: Axes, view: LineView, *, mode: Mode, ends: bool = True) -> None:
    """Draw the view.

    Args:
        ax: An axes of its final size.
        view: What to draw.
        mode: Of the theme.
        ends: Names and values at the line ends; False puts them into the title row.
    """
    width_pt, height_pt = size_pt(ax)
    _axes(ax, view, width_pt)
    _baselines(ax, view, mode, width_pt)
    if view.diagonal:
        ax.plot([0, 1], [0, 1], color=theme.color("reference", mode), linewidth=1.0, zorder=1.5)
    for curve in view.curves:
        _line(ax, view, curve, width_pt, mode)
    if ends:
        _end_labels(ax, view, height_pt, mode)
    _faults(ax, view, width_pt, height_pt, mode)
    if view.is_empty:
        ax.text(
            *(0.5, 0.5),
            "no values yet",
            transform=ax.transAxes,
            ha="center",
            va="center",
            color=theme.color("ink_3", mode),
            bbox=_veil(mode),
        )
    _title(ax, view, width_pt, mode, ends=ends)


def size_pt(ax: Axes) -> tuple[float, float]:
    """Width and height of an axes in points."""
    box = ax.get_window_extent()
    return float(box.width * 72 / ax.figure.dpi), float(box.height * 72 / ax.figure.dpi)


def _axes(ax: Axes, view: LineView, width_pt: float) -> None:
    if view.log:
        ax.set_xscale("log" if "x" in view.log else "linear")
        ax.set_yscale("log" if "y" in view.log else "linear")
        ax.minorticks_off()
    ax.set_xlim(*view.on_x(view.x_limits))
    ax.set_ylim(*view.on_y(view.y_limits))
    ax.set_yticks(*_marked(view.y_ticks, view.on_y))
    if view.is_empty:
        ax.set_xticks([])
        ax.set_yticks([])
        return
    widest = 14.0 if view.epochs else text_width_pt(format_count(view.x_limits[1]), 8)
    most = max(2, min(8, int(width_pt / (widest + 12.0))))
    marks = x_marks(
        view.timeline, view.x_limits, most=most, epochs=view.epochs, log="x" in view.log
    )
    ax.set_xticks(*_marked(marks, view.on_x))


def _marked(marks: Marks, on_axis: Callable[[float], float]) -> tuple[list[float], list[str]]:
    return [on_axis(place) for place, _ in marks], [label for _, label in marks]


def _baselines(ax: Axes, view: LineView, mode: Mode, width_pt: float) -> None:
    """Levels as dashes, usual ranges as a pale strip; the words at the right end."""
    for low, high, words in view.baselines:
        grey = theme.color("ink_3" if high is None else "good", mode)
        bottom, top = view.on_y(low), view.on_y(low if high is None else high)
        if high is None:
            ax.axhline(bottom, color=grey, linewidth=0.75, dashes=(3, 3), zorder=1.5)
        else:
            ax.axhspan(bottom, top, color=grey, alpha=0.08, linewidth=0, zorder=0.5)
        lowest, highest = view.y_limits
        place = ((low if high is None else min(high, highest)) - lowest) / (highest - lowest)
        under = high is not None or place > 0.85
        ax.annotate(
            shortened(words, width_pt * 0.6, 8),
            xy=(1.0, place),
            xycoords="axes fraction",
            xytext=(-2.0, -2.0 if under else 2.0),
            textcoords="offset points",
            ha="right",
            va="top" if under else "bottom",
            fontsize=8,
            color=grey,
            bbox=_veil(mode),
            annotation_clip=False,
        )


def _line(ax: Axes, view: LineView, curve: Curve, width_pt: float, mode: Mode) -> None:
    color = series_color(curve.index, mode)
    span = view.x_limits[1] - view.x_limits[0]
    wide = int(width_pt * 2)

    def few(y: Floats) -> tuple[Floats, Floats]:
        return decimate(curve.x, y, columns=wide, limits=view.x_limits)

    if curve.low is not None and curve.high is not None:
        _band(ax, view, curve, few, color)
    x, y = few(curve.main)
    if curve.smooth is not None:
        raw_x, raw_y = few(curve.y)
        raw: dict[str, Any] = {"color": color, "alpha": 0.26, "linewidth": 0.75, "zorder": 1.8}
        ax.plot(view.on_x(raw_x), view.on_y(raw_y), **raw)
    covered = (float(curve.x[-1] - curve.x[0]) / span if len(curve.x) else 0.0) * width_pt
    dense = len(x) > covered and curve.smooth is None  # a thick line would hide how it swings
    dashes = theme.tokens()["categorical"]["dash_print"] if mode == "print" else ("solid",)
    thick = rcParams["lines.linewidth"]
    line = ax.plot(
        view.on_x(x), view.on_y(y), color=color, linewidth=0.6 * thick if dense else thick
    )
    if (dash := dashes[curve.index % len(dashes)]) != "solid":
        line[0].set_dashes([float(part) for part in dash.split()])
    marked = np.isfinite(y) & (y <= view.y_limits[1]) & (y >= view.y_limits[0])
    marked &= (x >= view.x_limits[0]) & (x <= view.x_limits[1])
    if len(x) * _MARK_EVERY_PT >= max(covered, _MARK_EVERY_PT * 2) or curve.smooth is not None:
        marked &= _alone(y)  # a point between two breaks has no line to be seen by
    if marked.any():
        dots = ax.plot(view.on_x(x[marked]), view.on_y(y[marked]), "o", color=color, clip_on=False)
        dots[0].set(markersize=3.0, markeredgewidth=0.0)
    if (
        curve.end
        and view.y_limits[0] <= curve.end[1] <= view.y_limits[1]
        and _is_inside(view, curve)
    ):
        end = ax.plot(*_placed(view, curve.end), "o", color=color, markersize=4.5, clip_on=False)
        end[0].set_markeredgewidth(0)


def _band(
    ax: Axes,
    view: LineView,
    curve: Curve,
    few: Callable[[Floats], tuple[Floats, Floats]],
    color: str,
) -> None:
    """Between the edges; many points keep the outermost of each pixel."""
    if curve.low is None or curve.high is None:
        return
    (x, low), (_, high) = few(curve.low), few(curve.high)
    if len(low) == len(high):
        where = np.isfinite(low) & np.isfinite(high)
        edges = view.on_y(low), view.on_y(high)
        ax.fill_between(view.on_x(x), *edges, where=where, color=color, alpha=0.14, linewidth=0)


def _is_inside(view: LineView, curve: Curve) -> bool:
    return curve.end is not None and view.x_limits[0] <= curve.end[0] <= view.x_limits[1]


def _placed(view: LineView, point: tuple[float, float]) -> tuple[float, float]:
    return view.on_x(point[0]), view.on_y(point[1])


def _alone(y: Floats) -> npt.NDArray[np.bool_]:
    missing = np.isnan(np.concatenate(([np.nan], y, [np.nan])))
    return missing[:-2] & missing[2:]


def _end_labels(ax: Axes, view: LineView, height_pt: float, mode: Mode) -> None:
    ended = [curve for curve in view.curves if curve.end and curve.last_text]
    room = max(1, int(height_pt / _LABEL_GAP_PT) + 1)
    shown, more = ended[:room], len(ended) - room
    if more > 0:
        shown, more = ended[: room - 1], more + 1
    low, high = view.y_limits
    wanted = [(curve.end[1] - low) / (high - low) * height_pt for curve in shown if curve.end]
    wanted = [min(max(place, 0.0), height_pt) for place in wanted]
    places = spread(wanted, _LABEL_GAP_PT, 0.0, height_pt)
    for curve, place, natural in zip(shown, places, wanted, strict=True):
        _end_label(ax, view, curve, place / height_pt, abs(place - natural), mode)
    if more > 0:
        _beside(ax, f"+{more} more", 0.0, -8.0 / height_pt, theme.color("ink_3", mode))


def _end_label(
    ax: Axes, view: LineView, curve: Curve, place: float, moved_pt: float, mode: Mode
) -> None:
    """`place` is the height of the label as a fraction of the axes."""
    name = _name(view, curve, _NAME_MOST_PT)
    _beside(ax, name, 0.0, place, series_color(curve.index, mode, text=True))
    after = text_width_pt(name) + 5.0 if name else 0.0
    tone = theme.color("bad" if curve.ends_broken else "ink_2", mode)
    _beside(ax, curve.last_text, after, place, tone)
    early = curve.end is not None and curve.end[0] < view.x_limits[1] - 0.02 * (
        view.x_limits[1] - view.x_limits[0]
    )
    if curve.end and (moved_pt > 4.5 or early):
        ax.annotate(
            "",
            xy=_placed(view, curve.end),
            xytext=(1.0, place),
            textcoords=("axes fraction", "axes fraction"),
            arrowprops={
                "arrowstyle": "-",
                "color": series_color(curve.index, mode),
                "alpha": 0.5,
                "linewidth": 0.6,
                "shrinkA": 0,
                "shrinkB": 2.5,
            },
            annotation_clip=False,
        )


def _beside(ax: Axes, text: str, after_pt: float, place: float, color: str) -> None:
    if text:
        ax.annotate(
            text,
            xy=(1.0, place),
            xycoords="axes fraction",
            xytext=(7.0 + after_pt, 0),
            textcoords="offset points",
            color=color,
            va="center_baseline",
            annotation_clip=False,
        )


def _faults(ax: Axes, view: LineView, width_pt: float, height_pt: float, mode: Mode) -> None:
    """The strip over NaN and infinity, its words, and the value that was cut off at the top."""
    low, high = view.x_limits
    least = (high - low) * 2.0 / width_pt
    bad, grey = theme.color("bad", mode), theme.color("ink_3", mode)
    spans = _merged([x for curve in view.curves for x in curve.faults.tolist()], least)
    row = 1.0 - (5.0 / height_pt if spans else 0.0)
    taken = (0.0, 0.0)
    if view.over:
        taken = _note(ax, view, view.over[1], (view.over[0] + least, row), color=grey, mode=mode)
    if spans:
        strip = 3.0 / height_pt
        spans = [(min(start, high - least), max(width, least)) for start, width in spans]
        drawn = [(view.on_x(at), view.on_x(at + wide) - view.on_x(at)) for at, wide in spans]
        ax.broken_barh(
            drawn, (1.0 - strip, strip), transform=ax.get_xaxis_transform(), color=bad, linewidth=0
        )
        words = shortened(view.fault_text, width_pt)
        begin, end = _extent(view, words, spans[0][0], width_pt)
        if begin < taken[1] and end > taken[0]:
            row -= 11.0 / height_pt
        _note(ax, view, words, (spans[0][0], row), color=bad, mode=mode)


def _note(
    ax: Axes, view: LineView, text: str, place: tuple[float, float], *, color: str, mode: Mode
) -> tuple[float, float]:
    """Text at x in data and y in the axes; its begin and end in points."""
    begin, end = _extent(view, text, place[0], size_pt(ax)[0])
    ax.annotate(
        text,
        xy=(0.0, place[1]),
        xycoords="axes fraction",
        xytext=(begin, 0.0),
        textcoords="offset points",
        color=color,
        va="top",
        annotation_clip=False,
        bbox=_veil(mode),
    )
    return begin, end


def _extent(view: LineView, text: str, x: float, width_pt: float) -> tuple[float, float]:
    """Begin and end in points of a text at x, moved left where it would leave the axes."""
    low, high = view.x_limits
    size = text_width_pt(text) + 2.0
    begin = max(min((x - low) / (high - low) * width_pt + 1.0, width_pt - size), 0.0)
    return begin, begin + size


def _veil(mode: Mode) -> dict[str, Any]:
    """What keeps words readable on lines; a stroke would turn the text of an SVG to paths."""
    return {"facecolor": theme.color("surface", mode), "alpha": 0.75, "pad": 0.6, "linewidth": 0}


def _merged(positions: list[float], least: float) -> list[tuple[float, float]]:
    """(start, width) of runs of positions nearer than `least` pixels."""
    spans: list[tuple[float, float]] = []
    for x in sorted(positions):
        if spans and x - (spans[-1][0] + spans[-1][1]) <= 2 * least:
            spans[-1] = (spans[-1][0], x - spans[-1][0])
        else:
            spans.append((x, 0.0))
    return spans


def _title(ax: Axes, view: LineView, width_pt: float, mode: Mode, *, ends: bool) -> None:
    """What and how; in a narrow panel the names and values, which matter more than the how."""
    said = view.title if ends or view.named or len(view.curves) == 1 else ""
    words = [Word(said, theme.color("ink", mode), 9.5, bold=True)] if said else []
    how = [Word(view.how, theme.color("ink_3", mode))] if view.how else []
    if ends:
        write_row(ax, words + how, room_pt=width_pt + right_room_pt(view), up_pt=9.0)
        return
    pairs = [_pair(view, curve, mode) for curve in view.curves if curve.last_text]
    free = width_pt - row_width_pt(words)
    if row_width_pt([*how, *(word for pair in pairs for word in pair)]) <= free:
        words += how
        free -= row_width_pt(how)
    elif free < 60.0 and words and pairs:  # a long title leaves room for the first value
        title = shortened(view.title, width_pt - row_width_pt(pairs[0]), 9.5, bold=True)
        words = [Word(title, words[0].color, 9.5, bold=True)]
        free = width_pt - row_width_pt(words)
    if sum(row_width_pt(pair) for pair in pairs) > free and len(pairs) > 1:
        names = [pair[:1] for pair in pairs]  # better every name than one with its value
        pairs = names if sum(row_width_pt(pair) for pair in names) <= free else pairs
    for rank, pair in enumerate(pairs):
        left = len(pairs) - rank
        more = Word(f"+{left} more", theme.color("ink_3", mode), gap_pt=8.0)
        if row_width_pt(pair) > free - (more.width_pt if left > 1 else 0.0):
            words.append(more)
            break
        words += pair
        free -= row_width_pt(pair)
    write_row(ax, words, room_pt=width_pt + 6.0, up_pt=9.0)


def _pair(view: LineView, curve: Curve, mode: Mode) -> list[Word]:
    """Name and newest value for the title row."""
    name = _name(view, curve, _NAME_MOST_PT)
    tone = theme.color("bad" if curve.ends_broken else "ink_2", mode)
    value = Word(curve.last_text, tone, gap_pt=3.0 if name else 8.0)
    return (
        [Word(name, series_color(curve.index, mode, text=True), gap_pt=8.0), value]
        if name
        else [value]
    )


def _name(view: LineView, curve: Curve, most_pt: float) -> str:
    """The name at the line end; none where the title already says it."""
    if len(view.curves) == 1 and curve.name.casefold() == view.title.casefold():
        return ""
    return shortened(curve.name, most_pt, keep_end=True)
