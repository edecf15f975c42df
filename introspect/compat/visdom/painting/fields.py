"""Matrices, surfaces and meshes onto axes.

Not here: plain heat maps (``introspect.compat.visdom.painting.native``).
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.ticker import MaxNLocator

from introspect import theme
from introspect.canvas.style import series_color
from introspect.compat.visdom.painting.axes import numbers, words_of
from introspect.compat.visdom.painting.colors import color_of, colormap_of
from introspect.compat.visdom.painting.names import hue
from introspect.theme import Mode

Trace = Mapping[str, Any]
Layout = Mapping[str, Any]
Floats = npt.NDArray[np.float64]
_MOST_TICKS = 12
_MOST_NOTES = 2000
_LEVELS = 12
_MOST_SIDE = 120  # cells of a surface along one side


def matrix_of(trace: Trace) -> Floats:
    """Heights ``(R, C)`` of a trace; rows that are shorter end in NaN.

    Example:
        >>> matrix_of({"z": [[1, None], [3]]}).tolist()
        [[1.0, nan], [3.0, nan]]
    """
    rows = [numbers(row) for row in trace.get("z") or ()]
    known = [np.zeros(0) if row is None else row for row in rows]
    wide = max((len(row) for row in known), default=0)
    matrix = np.full((len(known), wide), np.nan)
    for at, row in enumerate(known):
        matrix[at, : len(row)] = row
    return matrix


def _colored(trace: Trace, matrix: Floats) -> dict[str, Any]:
    finite = matrix[np.isfinite(matrix)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    ends = [trace.get(f"z{end}", trace.get(f"c{end}")) for end in ("min", "max")]
    vmin, vmax = (low if ends[0] is None else ends[0]), (high if ends[1] is None else ends[1])
    return {
        "cmap": colormap_of(trace.get("colorscale") or "Viridis"),
        "vmin": float(vmin),
        "vmax": float(vmax),
    }


def _bar(ax: Any, shown: Any, mode: Mode) -> None:
    """A narrow scale of colours beside the axes."""
    bar = ax.figure.colorbar(shown, ax=ax, shrink=0.9, aspect=28, pad=0.02)
    bar.outline.set_visible(False)
    bar.ax.tick_params(length=0, labelsize=7.5, colors=theme.color("ink_3", mode))


def paint_heat(ax: Any, traces: Sequence[Trace], layout: Layout, mode: Mode) -> None:
    """Draw matrices one over the other; NaN lets through what is behind."""
    for trace in traces:
        matrix = matrix_of(trace)
        x, y = _edges(trace.get("x"), matrix.shape[1]), _edges(trace.get("y"), matrix.shape[0])
        shown = ax.pcolormesh(
            x,
            y,
            np.ma.masked_invalid(matrix),
            linewidth=0,
            rasterized=True,
            **_colored(trace, matrix),
        )
        if trace.get("showscale", True):
            _bar(ax, shown, mode)
    last = traces[-1]
    _words(ax, "x", last.get("x"))
    _words(ax, "y", last.get("y"))
    _written(ax, layout, last)
    ax.grid(visible=False)


def _edges(places: Any, count: int) -> Floats:
    """Edges of cells around even numbers, or around 0, 1, 2, ..."""
    column = None if places is None else numbers(list(places))
    if column is None or len(column) != count or count < 2 or not (np.diff(column) > 0).all():
        return np.arange(count + 1, dtype=np.float64) - 0.5
    middles = (column[:-1] + column[1:]) / 2
    first, last = 2 * column[0] - middles[0], 2 * column[-1] - middles[-1]
    return np.concatenate([[first], middles, [last]])


def _written(ax: Any, layout: Layout, trace: Trace) -> None:
    """What a layout writes into cells."""
    columns, rows = (
        {str(name): at for at, name in enumerate(trace.get(letter) or ())} for letter in "xy"
    )
    for note in list(layout.get("annotations") or ())[:_MOST_NOTES]:
        x, y = columns.get(str(note.get("x"))), rows.get(str(note.get("y")))
        if x is None or y is None:
            continue
        color = color_of((note.get("font") or {}).get("color"))
        text = re.sub(r"<br\s*/?>", "\n", str(note.get("text") or ""))
        lines = [words_of(line) for line in text.split("\n")]
        ax.text(x, y, "\n".join(lines), ha="center", va="center", fontsize=7.5, color=color)


def _words(ax: Any, letter: str, names: Any) -> None:
    if names is None:
        getattr(ax, f"{letter}axis").set_major_locator(MaxNLocator(integer=True))
        return
    if numbers(list(names)) is not None:
        return
    step = max(1, -(-len(names) // _MOST_TICKS))
    shown = [words_of(name)[:14] for name in names[::step]]
    getattr(ax, f"set_{letter}ticks")(range(0, len(names), step), shown)


def paint_contour(ax: Any, traces: Sequence[Trace], layout: Layout, mode: Mode) -> None:
    """Draw areas between heights, and the lines that part them."""
    del layout
    for trace in traces:
        matrix = matrix_of(trace)
        if min(matrix.shape) < 2:
            continue
        x, y = _middles(trace.get("x"), matrix.shape[1]), _middles(trace.get("y"), matrix.shape[0])
        look = _colored(trace, matrix)
        low, high = look["vmin"], look["vmax"]
        levels = np.linspace(low, high if high > low else low + 1.0, _LEVELS + 1)
        whole = np.ma.masked_invalid(np.clip(matrix, levels[0], levels[-1]))
        shown = ax.contourf(x, y, whole, levels=levels, cmap=look["cmap"])
        paper = theme.color("surface", mode)
        ax.contour(x, y, whole, levels=levels, colors=[paper], linewidths=0.5, alpha=0.6)
        _bar(ax, shown, mode)
    ax.grid(visible=False)
    ax.margins(0.0)


def _middles(places: Any, count: int) -> Floats:
    column = None if places is None else numbers(list(places))
    return np.arange(count, dtype=np.float64) if column is None or len(column) != count else column


def paint_density(ax: Any, traces: Sequence[Trace], layout: Layout, mode: Mode) -> None:
    """Count points in cells of a grid and draw the counts."""
    del layout
    for trace in traces:
        x, y = numbers(trace.get("x")), numbers(trace.get("y"))
        if x is None or y is None:
            continue
        known = np.isfinite(x) & np.isfinite(y)
        usual = int(np.clip(np.sqrt(known.sum()) * 0.8, 4, 60))
        bins = [int(trace.get(name) or usual) for name in ("nbinsx", "nbinsy")]
        counts, left, down = np.histogram2d(x[known], y[known], bins=bins)
        counts = _normed(counts, left, down, str(trace.get("histnorm") or ""))
        look = _colored(trace, counts)
        shown = ax.pcolormesh(left, down, counts.T, linewidth=0, rasterized=True, **look)
        _bar(ax, shown, mode)
    ax.grid(visible=False)
    ax.margins(0.0)


def _normed(counts: Floats, left: Floats, down: Floats, how: str) -> Floats:
    """As Plotly's histnorm says."""
    total = counts.sum() or 1.0
    area = np.diff(left)[:, None] * np.diff(down)
    ways = {
        "percent": counts / total * 100.0,
        "probability": counts / total,
        "density": counts / area,
        "probability density": counts / total / area,
    }
    return ways.get(how, counts)


def paint_surface(ax: Any, traces: Sequence[Trace], layout: Layout, mode: Mode) -> None:
    """Draw heights as a surface in space."""
    del layout
    for trace in traces:
        matrix = matrix_of(trace)
        if min(matrix.shape) < 2:
            continue
        x, y = _middles(trace.get("x"), matrix.shape[1]), _middles(trace.get("y"), matrix.shape[0])
        rows, columns = (max(1, -(-size // _MOST_SIDE)) for size in matrix.shape)
        grid = np.meshgrid(x[::columns], y[::rows])
        look = _colored(trace, matrix)
        shown = ax.plot_surface(
            *grid,
            matrix[::rows, ::columns],
            rstride=1,
            cstride=1,
            linewidth=0,
            antialiased=False,
            **look,
        )
        _bar(ax, shown, mode)


def paint_mesh(ax: Any, traces: Sequence[Trace], layout: Layout, mode: Mode) -> None:
    """Draw triangles in space; without faces those that the vertices span."""
    del layout
    for index, trace in enumerate(traces):
        columns = [numbers(trace.get(letter)) for letter in "xyz"]
        known = [column for column in columns if column is not None]
        if len(known) < 3 or len(known[0]) < 3:
            continue
        x, y, z = known
        faces = [trace.get(letter) for letter in "ijk"]
        if all(face for face in faces):
            triangles: Any = np.array(faces, np.int64).T
        else:
            triangles = _hull(np.stack(known, axis=1))
        chosen = trace.get("color")
        color = series_color(hue(trace, index), mode) if chosen is None else color_of(chosen)
        opacity = trace.get("opacity")
        ax.plot_trisurf(
            x,
            y,
            z,
            triangles=triangles,
            color=color,
            linewidth=0.3,
            shade=True,
            edgecolor=theme.color("surface", mode),
            alpha=1.0 if opacity is None else float(opacity),
        )


def _hull(points: Floats) -> npt.NDArray[Any] | None:
    """Triangles of the convex hull, which is what Plotly draws; without scipy, of the plane."""
    from importlib.util import find_spec  # noqa: PLC0415  when needed

    if find_spec("scipy") is None:
        return None
    from scipy.spatial import ConvexHull, QhullError  # noqa: PLC0415  not needed by others

    try:
        return ConvexHull(points).simplices
    except QhullError:  # all in one plane
        return None


def paint_net(ax: Any, traces: Sequence[Trace], layout: Layout, mode: Mode) -> None:
    """Draw vertices on a plane and the lines between them."""
    del layout
    for index, trace in enumerate(traces):
        x, y = numbers(trace.get("x")), numbers(trace.get("y"))
        if x is None or y is None:
            continue
        chosen = trace.get("color")
        color = series_color(hue(trace, index), mode) if chosen is None else color_of(chosen)
        opacity = trace.get("opacity")
        alpha = 1.0 if opacity is None else float(opacity)
        for begin, end in zip(trace.get("i") or (), trace.get("j") or (), strict=False):
            pair = [int(begin), int(end)]
            ax.plot(x[pair], y[pair], color=color, linewidth=1.0, alpha=alpha)
        ax.scatter(x, y, s=12.0, color=[color], linewidths=0, alpha=alpha, zorder=3)
    ax.margins(0.06)
