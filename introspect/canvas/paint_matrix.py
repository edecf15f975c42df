"""Heat maps and confusion matrices on a matplotlib axes.

Cells are apart by a hairline of paper; numbers are black or white, whichever reads better.

Not here: values and texts (``introspect.canvas.matrices``).
"""

from typing import Any

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.colors import to_hex, to_rgb

from introspect import theme
from introspect.canvas.brush import HEIGHT_IN, Brush, Setting, say_empty, write_head
from introspect.canvas.matrices import MatrixView
from introspect.canvas.paint_lines import size_pt
from introspect.canvas.style import colormap
from introspect.canvas.writing import shortened, text_width_pt
from introspect.theme import Mode

_NAME_MOST_PT = 96.0
_GAP_PT = 1.0
_CELL_IN = 0.21


def paint_matrix(ax: Axes, view: MatrixView, setting: Setting) -> None:
    """Draw the cells, their numbers and names."""
    mode = setting.mode
    width_pt, height_pt = size_pt(ax)
    rows, columns = view.shares.shape
    ax.set_axis_off()
    ax.set_xlim(0, width_pt)
    ax.set_ylim(height_pt, 0)
    if rows and columns:
        slant = _below_pt(view) if view.column_names else 0.0
        free = max(height_pt - slant, 10.0)
        high, wide = free / rows, width_pt / columns
        if view.square:
            high = wide = min(high, wide)
        _cells(ax, view, wide, high, mode)
        _names(ax, view, wide, high, mode)
    else:
        say_empty(ax, mode)
    ax.set_xlim(0, width_pt)
    ax.set_ylim(height_pt, 0)
    write_head(ax, view.title, view.how, room_pt=width_pt, mode=mode)


def rooms_pt(view: MatrixView) -> tuple[float, float]:
    """Names of the rows at the left."""
    widths = [min(text_width_pt(name), _NAME_MOST_PT) for name in view.row_names]
    return (max(widths) + 7.0 if widths else 0.0), 4.0


def height_in(view: MatrixView, width_in: float, in_row: int) -> float:
    """Rows as high as those of bars beside them; squares no wider than the axes."""
    rows, columns = view.shares.shape
    usual = HEIGHT_IN.get(in_row, 1.65)
    if not rows or not columns:
        return usual
    below = _below_pt(view) / 72 if view.column_names else 0.0
    if view.square:
        cell = min(width_in / columns, max(_CELL_IN, (usual - below) / rows))
        return max(cell * rows, 0.5) + below
    return max(min(max(_CELL_IN * rows, usual - below), 6.0), 0.4) + below


def _below_pt(view: MatrixView) -> float:
    """Room for the names of the columns, which are turned where they are long."""
    widest = max((min(text_width_pt(n, 8), _NAME_MOST_PT) for n in view.column_names), default=0.0)
    return widest * 0.71 + 12.0 if view.slanted else 14.0


def colors_of(view: MatrixView, mode: Mode) -> npt.NDArray[np.float64]:
    """float64 ``(r, c, 3)``."""
    table = mpl.colormaps[view.cmap] if view.cmap else colormap(view.ramp, mode)
    broken = ~np.isfinite(view.shares)
    cells = table(np.where(broken, 0.0, view.shares))[:, :, :3]
    cells[broken] = to_rgb(theme.color("bad", mode))
    if view.grey is not None:
        cells[view.grey] = to_rgb(theme.color("reference", mode))
    return cells


def _cells(ax: Axes, view: MatrixView, wide: float, high: float, mode: Mode) -> None:
    rows, columns = view.shares.shape
    cells = colors_of(view, mode)
    extent = (0, columns * wide, rows * high, 0)
    ax.imshow(cells, extent=extent, aspect="auto", interpolation="nearest", clip_on=False)
    paper = theme.color("surface", mode)
    if min(wide, high) >= 5.0:
        lines: dict[str, Any] = {"color": paper, "linewidth": _GAP_PT, "clip_on": False}
        ax.vlines([wide * at for at in range(1, columns)], 0, rows * high, **lines)
        ax.hlines([high * at for at in range(1, rows)], 0, columns * wide, **lines)
    size = min(8.0, high * 0.62)
    widest = max((text_width_pt(t, size) for row in view.texts for t in row), default=0.0)
    fits = widest + 3.0 <= wide and high >= 9.0
    if view.numbers is False or (view.numbers is None and not fits):
        return
    for row, texts in enumerate(view.texts):
        for column, text in enumerate(texts):
            if text:
                ax.text(
                    (column + 0.5) * wide,
                    (row + 0.5) * high,
                    text,
                    ha="center",
                    va="center_baseline",
                    fontsize=size,
                    color=theme.readable_on(to_hex(cells[row, column])),
                )


def _names(ax: Axes, view: MatrixView, wide: float, high: float, mode: Mode) -> None:
    rows = len(view.shares)
    grey = theme.color("ink_2", mode)
    size = min(8.5, max(high * 0.8, 4.0))
    stride = max(1, round(7.0 / high)) if high < 7.0 else 1
    for row, name in enumerate(view.row_names):
        if row % stride == 0:
            said = shortened(name, _NAME_MOST_PT, size)
            style: dict[str, Any] = {"ha": "right", "va": "center_baseline", "fontsize": size}
            ax.text(-6.0, (row + 0.5) * high, said, color=grey, clip_on=False, **style)
    under = theme.color("ink_3", mode)
    stride = max(1, int(np.ceil(9.0 / wide))) if view.slanted else 1
    for column, name in enumerate(view.column_names):
        if not name or column % stride:
            continue
        place = (column + 0.5) * wide, rows * high + 3.0
        said = shortened(name, _NAME_MOST_PT, 8)
        if view.slanted:
            ax.text(
                *(place[0] + 3.0, place[1]),
                said,
                ha="right",
                va="top",
                rotation=45,
                rotation_mode="anchor",
                fontsize=8,
                color=under,
                clip_on=False,
            )
        else:
            ax.text(*place, said, ha="center", va="top", fontsize=8, color=under, clip_on=False)


MATRIX = Brush(paint_matrix, rooms_pt=rooms_pt, height_in=height_in, below_in=0.02)
