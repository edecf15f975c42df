"""Pies with holes, rings of parts, and flows onto axes.

Not here: plain pies (``introspect.compat.visdom.painting.native``).
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.colors import to_rgb
from matplotlib.patches import PathPatch, Rectangle, Wedge
from matplotlib.path import Path

from introspect import theme
from introspect.canvas.style import series_color
from introspect.canvas.writing import shortened
from introspect.compat.visdom.painting.axes import numbers, words_of
from introspect.compat.visdom.painting.colors import color_of
from introspect.theme import Mode, readable_on

Trace = Mapping[str, Any]
Layout = Mapping[str, Any]
Floats = npt.NDArray[np.float64]
_LEAST_ANGLE = 9.0  # of a part that has room for its name
_MOST_DEPTH = 12


def paint_pie(ax: Any, traces: Sequence[Trace], layout: Layout, mode: Mode) -> None:
    """Draw shares of a whole, with chosen colours or a hole."""
    del layout
    trace = traces[0]
    values = numbers(trace.get("values"))
    ax.set_axis_off()
    ax.set_aspect("equal")
    if values is None or not np.nansum(values) > 0:
        return
    chosen = (trace.get("marker") or {}).get("colors") or ()
    colors = [
        color_of(chosen[at]) if at < len(chosen) else series_color(at, mode)
        for at in range(len(values))
    ]
    names = [words_of(name) for name in trace.get("labels") or range(len(values))]
    share = np.nan_to_num(values) / np.nansum(values)
    labels = [
        f"{name} {part:.0%}" if part > 0.02 else ""
        for name, part in zip(names, share, strict=False)
    ]
    wide = 1.0 - min(max(float(trace.get("hole") or 0.0), 0.0), 0.95)
    ax.pie(
        share,
        labels=labels,
        colors=colors,
        startangle=90,
        counterclock=False,
        labeldistance=1.08,
        wedgeprops={"width": wide, "linewidth": 1.2, "edgecolor": theme.color("surface", mode)},
        textprops={"fontsize": 8, "color": theme.color("ink_2", mode)},
    )


def paint_rings(ax: Any, traces: Sequence[Trace], layout: Layout, mode: Mode) -> None:
    """Draw parts of parts: the whole in the middle, a ring for each depth."""
    del layout
    trace = traces[0]
    names = [str(name) for name in trace.get("labels") or ()]
    parents = [str(name or "") for name in trace.get("parents") or ()]
    given = numbers(trace.get("values"))
    children: dict[str, list[int]] = {}
    for at, parent in enumerate(parents):
        children.setdefault(parent, []).append(at)
    sizes: dict[int, float] = {}

    def size(at: int, depth: int) -> float:
        inner = [] if depth > _MOST_DEPTH else children.get(names[at], [])
        below = sum(size(child, depth + 1) for child in inner)
        own = 0.0 if given is None or np.isnan(given[at]) else float(given[at])
        sizes[at] = below + own if inner else (1.0 if given is None else own)
        return sizes[at]

    roots = [at for at, parent in enumerate(parents) if parent not in set(names)]
    total = sum(size(at, 0) for at in roots) or 1.0
    depths = [0]

    def ring(members: Sequence[int], begin: float, room: float, depth: int, hue: int) -> None:
        whole = sum(sizes[at] for at in members) or 1.0
        depths.append(depth)
        for place, at in enumerate(members):
            angle = room * sizes[at] / max(whole, room / 360.0 * total)
            color_index = place if depth == (1 if len(roots) == 1 else 0) else hue
            _wedge(
                ax, names[at], (begin, angle), (depth, color_index), mode, is_root=len(roots) == 1
            )
            if depth < _MOST_DEPTH and children.get(names[at]):
                ring(children[names[at]], begin, angle, depth + 1, color_index)
            begin += angle

    ring(roots, 0.0, 360.0, 0, 0)
    reach = max(depths) + 1.0
    ax.set_xlim(-reach, reach)
    ax.set_ylim(-reach, reach)
    ax.set_aspect("equal")
    ax.set_axis_off()


def _wedge(
    ax: Any,
    name: str,
    arc: tuple[float, float],
    place: tuple[int, int],
    mode: Mode,
    *,
    is_root: bool,
) -> None:
    """One part: its angles from the top, and its depth and hue."""
    (begin, angle), (depth, hue) = arc, place
    if angle <= 0:
        return
    middle = is_root and depth == 0
    paper = theme.color("surface", mode)
    base = np.array(to_rgb(series_color(hue % 8, mode)))
    weight = 0.9 * 0.72 ** max(0, depth - is_root)
    blend = (
        theme.color("sunken", mode)
        if middle
        else tuple(base * weight + np.array(to_rgb(paper)) * (1 - weight))
    )
    first, last = 90.0 - begin - angle, 90.0 - begin
    ax.add_patch(
        Wedge(
            (0, 0),
            depth + 1.0,
            first,
            last,
            width=None if middle else 1.0,
            facecolor=blend,
            edgecolor=paper,
            linewidth=1.0,
        )
    )
    if angle < _LEAST_ANGLE:
        return
    at, radius = np.radians((first + last) / 2), 0.0 if middle else depth + 0.5
    turn = (first + last) / 2 % 360
    turn = 0.0 if middle else turn + 180 if 90 < turn < 270 else turn
    ink = readable_on("#" + "".join(f"{round(255 * part):02x}" for part in to_rgb(blend)))
    ax.text(
        radius * np.cos(at),
        radius * np.sin(at),
        shortened(words_of(name), 46.0, 7.5),
        rotation=turn,
        rotation_mode="anchor",
        ha="center",
        va="center",
        fontsize=7.5,
        color=ink,
    )


def paint_flows(ax: Any, traces: Sequence[Trace], layout: Layout, mode: Mode) -> None:
    """Draw flows from left to right: nodes as columns of bars, links as bands."""
    del layout
    trace = traces[0]
    link, node = trace.get("link") or {}, trace.get("node") or {}
    begin = np.array(link.get("source") or [], np.int64)
    end = np.array(link.get("target") or [], np.int64)
    amount = np.array(link.get("value") or [], np.float64)
    ax.set_axis_off()
    if not len(begin):
        return
    count = int(max(begin.max(), end.max())) + 1
    columns = _columns(begin, end, count)
    sent = np.bincount(begin, amount, count)
    got = np.bincount(end, amount, count)
    sizes = np.maximum(sent, got)
    tops = _stacked(columns, sizes)
    chosen = node.get("color")
    colors = [
        color_of(chosen if isinstance(chosen, str) else chosen[at % len(chosen)])
        if chosen else series_color(at % 8, mode)
        for at in range(count)
    ]  # fmt: skip
    wide = 0.03 * max(columns.max(), 1)
    out, into = tops.copy(), tops.copy()
    order = np.lexsort((end, begin))
    for at in order.tolist():
        source, target, size = int(begin[at]), int(end[at]), float(amount[at])
        _band(
            ax,
            (columns[source] + wide, out[source]),
            (columns[target], into[target]),
            size,
            colors[source],
        )
        out[source] -= size
        into[target] -= size
    names = node.get("label") or [str(at) for at in range(count)]
    for at in range(count):
        if sizes[at] <= 0:
            continue
        ax.add_patch(
            Rectangle(
                (columns[at], tops[at] - sizes[at]),
                wide,
                sizes[at],
                facecolor=colors[at],
                linewidth=0,
            )
        )
        is_last = columns[at] == columns.max()
        ax.annotate(
            words_of(names[at]),
            (columns[at] + (0 if is_last else wide), tops[at] - sizes[at] / 2),
            xytext=(-4 if is_last else 4, 0),
            textcoords="offset points",
            fontsize=8,
            va="center",
            ha="right" if is_last else "left",
            color=theme.color("ink", mode),
        )
    ax.set_xlim(-0.02, columns.max() + wide + 0.02)
    ax.set_ylim((tops - sizes).min() - 0.02 * sizes.sum(), tops.max() + 0.02 * sizes.sum())


def _columns(begin: npt.NDArray[np.int64], end: npt.NDArray[np.int64], count: int) -> Floats:
    """How far each node is from where flows begin; a circle is cut where it closes."""
    column = np.zeros(count)
    for _ in range(count):
        further = column.copy()
        np.maximum.at(further, end, column[begin] + (begin != end))
        if (further == column).all() or further.max() >= count:
            break
        column = further
    return column


def _stacked(columns: Floats, sizes: Floats) -> Floats:
    """Upper ends of the nodes, those of a column one under the other, in the middle."""
    gap = 0.06 * max(sizes[columns == c].sum() for c in np.unique(columns))
    tops = np.zeros(len(sizes))
    for column in np.unique(columns):
        members = np.flatnonzero(columns == column)
        at = (sizes[members].sum() + gap * (len(members) - 1)) / 2
        for member in members:
            tops[member] = at
            at -= sizes[member] + gap
    return tops


def _band(ax: Any, left: tuple[Any, Any], right: tuple[Any, Any], size: float, color: Any) -> None:
    (x0, y0), (x1, y1) = left, right
    middle = (x0 + x1) / 2
    points = [
        (x0, y0), (middle, y0), (middle, y1), (x1, y1),
        (x1, y1 - size), (middle, y1 - size), (middle, y0 - size), (x0, y0 - size), (x0, y0),
    ]  # fmt: skip
    curve, line = Path.CURVE4, Path.LINETO
    codes = [Path.MOVETO, curve, curve, curve, line, curve, curve, curve, Path.CLOSEPOLY]
    ax.add_patch(PathPatch(Path(points, codes), facecolor=color, alpha=0.32, linewidth=0))
