"""A LineView on a matplotlib axes.

Names and newest values stand at the line ends, pushed apart, or, in a narrow panel, in the
title row; a legend box is never drawn.

Not here: limits, ticks and cut-offs (``introspect.canvas.lines``), where the axes lies
(``introspect.canvas.figure``).
"""

from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

from introspect import theme
from introspect.canvas.decimate import decimate
from introspect.canvas.lines import Curve, Floats, LineView
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
    ax.set_xlim(*view.x_limits)
    ax.set_ylim(*view.y_limits)
    ax.set_yticks([p for p, _ in view.y_ticks], [label for _, label in view.y_ticks])
    if view.is_empty:
        ax.set_xticks([])
        ax.set_yticks([])
        return
    widest = 14.0 if view.epochs else text_width_pt(format_count(view.x_limits[1]), 8)
    most = max(2, min(8, int(width_pt / (widest + 12.0))))
    marks = view.timeline.ticks(*view.x_limits, most=most, epochs=view.epochs)
    ax.set_xticks([p for p, _ in marks], [label for _, label in marks])


def _line(ax: Axes, view: LineView, curve: Curve, width_pt: float, mode: Mode) -> None:
    color = theme.series(curve.index, mode)
    span = view.x_limits[1] - view.x_limits[0]
    x, y = decimate(curve.x, curve.y, columns=int(width_pt * 2), limits=view.x_limits)
    covered = (float(curve.x[-1] - curve.x[0]) / span if len(curve.x) else 0.0) * width_pt
    dense = len(x) > covered  # a thick line would hide how it swings
    ax.plot(x, y, color=color, linewidth=0.8 if dense else 1.4)
    marked = np.isfinite(y) & (y <= view.y_limits[1])
    if len(x) * _MARK_EVERY_PT >= max(covered, _MARK_EVERY_PT * 2):
        marked &= _alone(y)  # a point between two breaks has no line to be seen by
    if marked.any():
        dots = ax.plot(x[marked], y[marked], "o", color=color, clip_on=False)[0]
        dots.set(markersize=3.0, markeredgewidth=0.0)
    if curve.end and curve.end[1] <= view.y_limits[1]:
        ax.plot(*curve.end, "o", color=color, markersize=4.5, markeredgewidth=0, clip_on=False)


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
    _beside(ax, name, 0.0, place, theme.series(curve.index, mode, text=True))
    after = text_width_pt(name) + 5.0 if name else 0.0
    tone = theme.color("bad" if curve.ends_broken else "ink_2", mode)
    _beside(ax, curve.last_text, after, place, tone)
    early = curve.end is not None and curve.end[0] < view.x_limits[1] - 0.02 * (
        view.x_limits[1] - view.x_limits[0]
    )
    if curve.end and (moved_pt > 4.5 or early):
        ax.annotate(
            "",
            xy=curve.end,
            xytext=(1.0, place),
            textcoords=("axes fraction", "axes fraction"),
            arrowprops={
                "arrowstyle": "-",
                "color": theme.series(curve.index, mode),
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
        taken = _note(ax, view.over[1], (view.over[0] + least, row), color=grey, mode=mode)
    if spans:
        strip = 3.0 / height_pt
        spans = [(min(start, high - least), max(width, least)) for start, width in spans]
        ax.broken_barh(
            spans, (1.0 - strip, strip), transform=ax.get_xaxis_transform(), color=bad, linewidth=0
        )
        words = shortened(view.fault_text, width_pt)
        begin, end = _extent(ax, words, spans[0][0], width_pt)
        if begin < taken[1] and end > taken[0]:
            row -= 11.0 / height_pt
        _note(ax, words, (spans[0][0], row), color=bad, mode=mode)


def _note(
    ax: Axes, text: str, place: tuple[float, float], *, color: str, mode: Mode
) -> tuple[float, float]:
    """Text at x in data and y in the axes; its begin and end in points."""
    begin, end = _extent(ax, text, place[0], size_pt(ax)[0])
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


def _extent(ax: Axes, text: str, x: float, width_pt: float) -> tuple[float, float]:
    """Begin and end in points of a text at x, moved left where it would leave the axes."""
    low, high = ax.get_xlim()
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
        [Word(name, theme.series(curve.index, mode, text=True), gap_pt=8.0), value]
        if name
        else [value]
    )


def _name(view: LineView, curve: Curve, most_pt: float) -> str:
    """The name at the line end; none where the title already says it."""
    if len(view.curves) == 1 and curve.name.casefold() == view.title.casefold():
        return ""
    return shortened(curve.name, most_pt)
