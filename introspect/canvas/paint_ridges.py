"""Ridges, heat over time, and the table of magnitudes on a matplotlib axes.

Not here: densities (``introspect.canvas.ridges``).
"""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.patches import Rectangle

from introspect import theme
from introspect.canvas.brush import Brush, Setting, say_empty, write_head
from introspect.canvas.line_axes import log_ticks
from introspect.canvas.paint_lines import size_pt
from introspect.canvas.ridges import MagnitudeCell, MagnitudesView, RidgeView
from introspect.canvas.style import colormap
from introspect.canvas.ticks import format_ticks, nice_ticks
from introspect.canvas.writing import shortened, text_width_pt
from introspect.theme import Mode

_OVERLAP = 3.0  # a ridge is as high as so many distances
_CELL_PT, _CELL_GAP_PT = 34.0, 9.0
_AXIS_PT = 26.0


def paint_ridges(ax: Axes, view: RidgeView, setting: Setting) -> None:
    """Draw the distributions over steps."""
    width_pt, height_pt = size_pt(ax)
    mode = setting.mode
    if not len(view.heights):
        ax.set_xticks([])
        ax.set_yticks([])
        say_empty(ax, mode)
    elif view.kind == "heat":
        _heat(ax, view, height_pt, width_pt, mode)
    else:
        _ridges(ax, view, width_pt, mode)
    _, right = rooms_pt(view)
    write_head(ax, view.title, view.how, room_pt=width_pt + right, mode=mode)


def rooms_pt(view: RidgeView) -> tuple[float, float]:
    """Ridges name steps at the right, heat has values at the left."""
    if view.kind == "heat":
        labels = format_ticks(nice_ticks(float(view.edges[0]), float(view.edges[-1]), most=5))
        return max((text_width_pt(label, 8) for label in labels), default=0.0) + 8.0, 6.0
    return 4.0, max((text_width_pt(label, 8) for label in view.labels), default=0.0) + 8.0


def height_in(view: RidgeView, width_in: float, in_row: int) -> float:
    """Ridges want height."""
    del width_in
    usual = {1: 2.3, 2: 1.95, 3: 1.65}.get(in_row, 1.65)
    return usual if view.kind == "heat" else usual + 0.35


def _ridges(ax: Axes, view: RidgeView, width_pt: float, mode: Mode) -> None:
    """Oldest behind and above, newest in front and below."""
    count = len(view.heights)
    ramp = theme.ramp("epoch", mode)
    middle = (view.edges[:-1] + view.edges[1:]) / 2
    paper = theme.color("surface", mode)
    for rank, row in enumerate(view.heights):
        base = float(count - 1 - rank)
        color = ramp[int(255 * rank / max(count - 1, 1))]
        tall = base + row * _OVERLAP
        ax.fill_between(middle, base, tall, color=paper, alpha=0.88, linewidth=0, zorder=2 + rank)
        newest = rank == count - 1
        ax.plot(middle, tall, color=color, linewidth=1.2 if newest else 0.8, zorder=2.5 + rank)
    ax.set_xlim(view.edges[0], view.edges[-1])
    ax.set_ylim(-0.1, count - 1 + _OVERLAP)
    ax.set_yticks([])
    marks = nice_ticks(float(view.edges[0]), float(view.edges[-1]), most=max(2, int(width_pt / 45)))
    ax.set_xticks(marks, format_ticks(marks))
    stride = max(1, -(-count // 5))
    for rank in range(count - 1, -1, -stride):
        ax.annotate(
            view.labels[rank] if rank == count - 1 else view.labels[rank].rpartition(" ")[2],
            xy=(1.0, float(count - 1 - rank)),
            xycoords=("axes fraction", "data"),
            xytext=(6.0, 1.0),
            textcoords="offset points",
            fontsize=8,
            color=theme.color("ink" if rank == count - 1 else "ink_3", mode),
            annotation_clip=False,
        )


def _heat(ax: Axes, view: RidgeView, height_pt: float, width_pt: float, mode: Mode) -> None:
    count = len(view.heights)
    cells = colormap("ink", mode)(view.heights.T[::-1])[:, :, :3]
    low, high = float(view.edges[0]), float(view.edges[-1])
    ax.imshow(cells, extent=(0, count, low, high), aspect="auto", interpolation="nearest")
    ax.grid(visible=False)
    ax.set_xlim(0, count)
    ax.set_ylim(low, high)
    marks = nice_ticks(low, high, most=max(2, int(height_pt / 28)))
    ax.set_yticks(marks, format_ticks(marks))
    widest = max((text_width_pt(label, 8) for label in view.labels), default=10.0)
    stride = max(1, -(-count // max(1, int(width_pt / (widest + 14.0)))))
    places = list(range(0, count, stride))
    labels = [
        view.labels[p] if i == 0 else view.labels[p].rpartition(" ")[2]
        for i, p in enumerate(places)
    ]
    ax.set_xticks([place + 0.5 for place in places], labels)


def paint_magnitudes(ax: Axes, view: MagnitudesView, setting: Setting) -> None:
    """Draw a small heat map for each layer and kind; one logarithmic axis a column."""
    mode = setting.mode
    width_pt, height_pt = size_pt(ax)
    ax.set_axis_off()
    ax.set_xlim(0, width_pt)
    ax.set_ylim(height_pt, 0)
    names = _names_pt(view)
    wide = (width_pt - names) / max(len(view.columns), 1)
    for column, title in enumerate(view.columns):
        left = names + column * wide
        style: dict[str, Any] = {"fontsize": 8.5, "va": "top"}
        ink = theme.color("ink_2", mode)
        ax.text(left + _AXIS_PT, 0.0, shortened(title, wide - _AXIS_PT), color=ink, **style)
        for row, cells in enumerate(view.cells):
            top = 13.0 + row * (_CELL_PT + _CELL_GAP_PT)
            box = (left + _AXIS_PT, top, wide - _AXIS_PT - 8.0)
            _cell(ax, cells[column], box, view.ranges[column], mode)
    for row, name in enumerate(view.rows):
        y = 13.0 + row * (_CELL_PT + _CELL_GAP_PT) + _CELL_PT / 2
        said = shortened(name, names - 4.0)
        ax.text(0.0, y, said, va="center_baseline", color=theme.color("ink_2", mode), fontsize=8.5)
    grey: dict[str, Any] = {"color": theme.color("ink_3", mode), "fontsize": 8, "va": "top"}
    bottom = 13.0 + len(view.rows) * (_CELL_PT + _CELL_GAP_PT) - _CELL_GAP_PT + 3.0
    if view.columns and view.rows:
        ax.text(names + _AXIS_PT, bottom, view.steps[0], **grey)
        ax.text(names + wide - 8.0, bottom, view.steps[1], ha="right", **grey)
    ax.set_xlim(0, width_pt)
    ax.set_ylim(height_pt, 0)
    write_head(ax, view.title, view.how, room_pt=width_pt, mode=mode)


def _names_pt(view: MagnitudesView) -> float:
    return min(max((text_width_pt(name) for name in view.rows), default=0.0), 120.0) + 8.0


def _cell(
    ax: Axes,
    cell: MagnitudeCell | None,
    box: tuple[float, float, float],
    span: tuple[float, float],
    mode: Mode,
) -> None:
    """One heat map; not logged is paper, logged and empty is the first step of the ramp."""
    left, top, wide = box
    if cell is None:
        return
    table = colormap("ink", mode)
    cells = table(np.maximum(cell.heights[::-1], 6 / 255))[:, :, :3]
    extent = (left, left + wide, top + _CELL_PT, top)
    ax.imshow(cells, extent=extent, aspect="auto", interpolation="nearest", clip_on=False)
    low, high = span
    marks = [m for m in log_ticks(low, high, most=2) if _CELL_PT * (m[0] - low) / (high - low) > 2]
    for place, label in marks[:: max(1, len(marks) - 1)]:
        y = top + _CELL_PT * (1 - (place - low) / ((high - low) or 1.0))
        grey = theme.color("ink_3", mode)
        ax.text(left - 4.0, y, label, ha="right", va="center_baseline", fontsize=7.5, color=grey)
    bad = theme.color("bad", mode)
    each = wide / max(len(cell.lost), 1)
    for place in np.flatnonzero(cell.lost).tolist():
        strip: dict[str, Any] = {"color": bad, "linewidth": 0, "clip_on": False}
        ax.add_patch(Rectangle((left + place * each, top), each, 0.1 * _CELL_PT, **strip))
    words = _words(cell)
    if words:
        ax.text(
            left + wide - 1.0,
            top + 1.0 + (0.1 * _CELL_PT if any(cell.lost) else 0.0),
            words,
            ha="right",
            va="top",
            fontsize=7.5,
            color=bad if words.startswith(("all", "not")) else theme.color("ink_2", mode),
            bbox={
                "facecolor": (*to_rgb(theme.color("surface", mode)), 0.85),
                "pad": 0.8,
                "linewidth": 0,
            },
        )


def _words(cell: MagnitudeCell) -> str:
    """What the heat map of the newest step cannot show: zeros, NaN and Inf."""
    if cell.broken:
        return "not finite " + ("100%" if cell.broken == 1 else _percent(cell.broken))
    if cell.zeros >= 0.9995:
        return "all zero"
    return f"zero {_percent(cell.zeros)}" if cell.zeros >= 0.005 else ""


def _percent(share: float) -> str:
    """Whole percent, from 1 to 99."""
    return f"{min(max(round(100 * share), 1), 99)}%"


def magnitudes_height_in(view: MagnitudesView, width_in: float, in_row: int) -> float:
    """A row for each layer."""
    del width_in, in_row
    return (13.0 + max(len(view.rows), 1) * (_CELL_PT + _CELL_GAP_PT) + 8.0) / 72


def _always(view: MagnitudesView) -> bool:
    del view
    return True


RIDGES = Brush(paint_ridges, rooms_pt=rooms_pt, height_in=height_in)
MAGNITUDES = Brush(
    paint_magnitudes,
    height_in=magnitudes_height_in,
    below_in=0.0,
    is_wide=_always,
    is_bare=True,
)
