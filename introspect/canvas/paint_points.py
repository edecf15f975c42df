"""Scatter and stem views on a matplotlib axes.

Class names stand at the medians of their points, pushed apart. Three dimensions are projected
by hand: nearer points are larger and stronger, the floor is a grid.

Not here: points and limits (``introspect.canvas.points``).
"""

from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgba
from matplotlib.offsetbox import AnnotationBbox, OffsetImage

from introspect import theme
from introspect.canvas.brush import Brush, Setting, say_empty, write_head
from introspect.canvas.paint_lines import size_pt
from introspect.canvas.points import ScatterView, StemView
from introspect.canvas.style import series_color
from introspect.canvas.ticks import format_ticks, nice_ticks
from introspect.canvas.writing import shortened, spread, text_width_pt
from introspect.theme import Mode

Floats = npt.NDArray[np.float64]
_RINGS_FROM = 8
_GREY_FROM = 16
_MOST_THUMBNAILS = 400
_AZIMUTH, _ELEVATION = np.radians(-55.0), np.radians(24.0)


def paint_scatter(ax: Axes, view: ScatterView, setting: Setting) -> None:
    """Draw the points and the names of their classes."""
    mode = setting.mode
    width_pt, _ = size_pt(ax)
    if view.points.shape[1] >= 3:
        flat, near = _seen(ax, view, mode)
    else:
        flat, near = view.points[:, :2], np.full(len(view.points), 0.75)
        _axes(ax, view)
    if not len(flat):
        say_empty(ax, mode)
    elif view.thumbnails is not None and len(flat) <= _MOST_THUMBNAILS:
        _thumbnails(ax, view, flat)
    else:
        _dots(ax, view, flat, near, mode)
    _class_names(ax, view, flat, mode)
    write_head(ax, view.title, view.how, room_pt=width_pt, mode=mode)


def scatter_rooms_pt(view: ScatterView) -> tuple[float, float]:
    """Labels of the y axis."""
    if not view.axes or view.points.shape[1] >= 3:
        return 2.0, 6.0
    labels = format_ticks(nice_ticks(*view.limits[1], most=5))
    return max((text_width_pt(label, 8) for label in labels), default=0.0) + 8.0, 6.0


def scatter_height_in(view: ScatterView, width_in: float, in_row: int) -> float:
    """An embedding is rather square."""
    usual = {1: 2.9, 2: 2.6, 3: 2.2}.get(in_row, 2.0)
    return min(usual, width_in) if not view.axes or view.points.shape[1] >= 3 else usual - 0.3


def _axes(ax: Axes, view: ScatterView) -> None:
    x, y = view.limits[0], view.limits[1]
    if not view.axes:
        ax.set_axis_off()
        _equal(ax, x, y)
        return
    width_pt, _ = size_pt(ax)
    ax.set_xlim(*x)
    ax.set_ylim(*y)
    marks = nice_ticks(*x, most=max(2, int(width_pt / 45)))
    ax.set_xticks(marks, format_ticks(marks))
    marks = nice_ticks(*y, most=5)
    ax.set_yticks(marks, format_ticks(marks))


def _equal(ax: Axes, x: tuple[float, float], y: tuple[float, float]) -> None:
    """Limits under which a unit is as long on both axes; what is too wide grows to the right."""
    width_pt, height_pt = size_pt(ax)
    unit = max((x[1] - x[0]) / width_pt, (y[1] - y[0]) / height_pt)
    middle = (y[0] + y[1]) / 2
    ax.set_xlim(x[0], x[0] + unit * width_pt)
    ax.set_ylim(middle - unit * height_pt / 2, middle + unit * height_pt / 2)


def _seen(ax: Axes, view: ScatterView, mode: Mode) -> tuple[Floats, Floats]:
    """Points as seen from above and aside, on a floor; and how near they are, 0.3 to 0.9."""
    ends = np.array(view.limits[:3])
    span = np.maximum(ends[:, 1] - ends[:, 0], 1e-12)
    unit = (view.points[:, :3] - ends[:, 0]) / span - 0.5
    flat, depth = _turned(unit)
    ax.set_axis_off()
    floor = [
        pair
        for at in np.linspace(-0.5, 0.5, 6)
        for pair in ([[at, -0.5, -0.5], [at, 0.5, -0.5]], [[-0.5, at, -0.5], [0.5, at, -0.5]])
    ]
    lines = [_turned(np.array(pair))[0] for pair in floor]
    ax.add_collection(
        LineCollection(lines, colors=theme.color("rule", mode), linewidths=0.75, zorder=0.5)
    )
    _equal(ax, (-0.72, 0.72), (-0.62, 0.62))
    low, high = (depth.min(), depth.max()) if len(depth) else (0.0, 1.0)
    near = (depth - low) / ((high - low) or 1.0)
    return flat, 0.3 + 0.6 * near


def _turned(points: Floats) -> tuple[Floats, Floats]:
    x, y, z = points.T
    across = -np.sin(_AZIMUTH) * x + np.cos(_AZIMUTH) * y
    towards = np.cos(_AZIMUTH) * x + np.sin(_AZIMUTH) * y
    up = np.cos(_ELEVATION) * z - np.sin(_ELEVATION) * towards
    depth = np.cos(_ELEVATION) * towards + np.sin(_ELEVATION) * z
    return np.stack([across, up], axis=1), depth


def _dots(ax: Axes, view: ScatterView, flat: Floats, near: Floats, mode: Mode) -> None:
    """Discs for the first eight classes, rings for the next eight, grey beyond."""
    solid = view.points.shape[1] >= 3
    order = np.argsort(near, kind="stable")
    colors = np.array([to_rgba(_color(view, int(c), mode)) for c in view.classes])
    colors = colors.reshape(-1, 4)
    colors[:, 3] = near if solid else (0.75 if len(flat) < 3000 else 0.4)
    rings = (view.classes >= _RINGS_FROM) & (len(view.class_names) <= _GREY_FROM)
    size = (1.6 + 3.0 * (near - 0.3)) ** 2 * 3.0 if solid else np.full(len(flat), _area(len(flat)))
    for ring in (False, True):
        rows = order[rings[order] == ring]
        if len(rows):
            look: dict[str, Any] = (
                {"facecolors": "none", "edgecolors": colors[rows], "linewidths": 0.8}
                if ring
                else {"facecolors": colors[rows], "linewidths": 0}
            )
            ax.scatter(flat[rows, 0], flat[rows, 1], s=size[rows], clip_on=view.axes, **look)


def _area(count: int) -> float:
    return 11.0 if count < 1000 else 6.0 if count < 5000 else 2.5


def _color(view: ScatterView, index: int, mode: Mode) -> str:
    if index < 0 and len(view.class_names):
        return theme.color("axis", mode)
    if len(view.class_names) > _GREY_FROM:
        return theme.color("axis", mode)
    return series_color(max(index, 0) % 8, mode)


def _thumbnails(ax: Axes, view: ScatterView, flat: Floats) -> None:
    if view.thumbnails is None:
        return
    tall = float(max(view.thumbnails.shape[1:3]))
    zoom: float = (13.0 if len(flat) > 100 else 20.0) / tall
    for place, picture in zip(flat, view.thumbnails, strict=True):
        plain = picture[:, :, 0] if picture.ndim == 3 and picture.shape[2] == 1 else picture
        box = OffsetImage(plain, zoom=zoom, cmap="gray", interpolation="nearest")
        ax.add_artist(AnnotationBbox(box, tuple(place), frameon=False, pad=0))


def _class_names(ax: Axes, view: ScatterView, flat: Floats, mode: Mode) -> None:
    """Names at the medians, pushed apart where they would touch."""
    if not view.class_names or len(view.class_names) > _GREY_FROM or not len(flat):
        return
    known = [c for c in range(len(view.class_names)) if (view.classes == c).any()]
    if not known:
        return
    middles = np.array([np.median(flat[view.classes == c], axis=0) for c in known])
    pixels = ax.transData.transform(middles) * 72 / ax.figure.dpi
    origin = np.asarray(ax.get_window_extent().min) * 72 / ax.figure.dpi
    places = _apart(pixels - origin, [view.class_names[c] for c in known])
    for (x, y), index in zip(places, known, strict=True):
        ax.annotate(
            view.class_names[index],
            xy=(0, 0),
            xycoords="axes points",
            xytext=(x, y),
            textcoords="axes points",
            ha="center",
            va="center",
            color=series_color(index % 8, mode, text=True),
            bbox={
                "facecolor": theme.color("surface", mode),
                "alpha": 0.75,
                "pad": 0.6,
                "linewidth": 0,
            },
            annotation_clip=False,
        )


def _apart(places: Floats, names: list[str]) -> list[tuple[float, float]]:
    """Heights moved apart among names that overlap sideways."""
    halves = [text_width_pt(name) / 2 for name in names]
    groups: list[list[int]] = []
    for index in sorted(range(len(names)), key=lambda i: places[i, 0]):
        touching = [
            g
            for g in groups
            if any(abs(places[i, 0] - places[index, 0]) < halves[i] + halves[index] + 2 for i in g)
        ]
        merged = [index, *(i for g in touching for i in g)]
        groups = [g for g in groups if g not in touching] + [merged]
    found = [(float(x), float(y)) for x, y in places]
    for group in groups:
        heights = spread([places[i, 1] for i in group], 11.0, -1e6, 1e6)
        for index, height in zip(group, heights, strict=True):
            found[index] = (float(places[index, 0]), height)
    return found


def paint_stem(ax: Axes, view: StemView, setting: Setting) -> None:
    """Draw the stalks."""
    mode = setting.mode
    width_pt, _ = size_pt(ax)
    color = series_color(0, mode)
    ax.set_xlim(*view.x_limits)
    ax.set_ylim(*view.y_limits)
    ax.axhline(0, color=theme.color("axis", mode), linewidth=0.75, zorder=1.5)
    ax.spines["bottom"].set_visible(False)
    each_pt = width_pt / max(len(view.x), 1)
    kept = np.isfinite(view.y)
    ax.vlines(
        view.x[kept], 0, view.y[kept], color=color, linewidth=min(1.4, max(each_pt * 0.6, 0.3))
    )
    if each_pt >= 3.0:
        ax.plot(
            view.x[kept],
            view.y[kept],
            "o",
            color=color,
            markersize=min(4.5, each_pt),
            clip_on=False,
        )
    marks = nice_ticks(*view.y_limits, most=5)
    ax.set_yticks(marks, format_ticks(marks))
    if view.names and each_pt >= 8.0:
        names = [shortened(name, each_pt - 2.0, 8) or name[:1] for name in view.names]
        ax.set_xticks(view.x.tolist(), names)
    elif len(view.x) <= 16 and each_pt >= 9.0:
        ax.set_xticks(view.x.tolist(), format_ticks(view.x.tolist()))
    else:
        marks = nice_ticks(*view.x_limits, most=max(2, min(10, int(width_pt / 30))))
        ax.set_xticks(marks, format_ticks(marks))
    ax.tick_params(axis="x", length=0)
    if not len(view.y):
        say_empty(ax, mode)
    write_head(ax, view.title, view.how, room_pt=width_pt, mode=mode)


def stem_rooms_pt(view: StemView) -> tuple[float, float]:
    """Labels of the y axis."""
    labels = format_ticks(nice_ticks(*view.y_limits, most=5))
    return max((text_width_pt(label, 8) for label in labels), default=0.0) + 8.0, 6.0


SCATTER = Brush(paint_scatter, rooms_pt=scatter_rooms_pt, height_in=scatter_height_in)
STEM = Brush(paint_stem, rooms_pt=stem_rooms_pt)
