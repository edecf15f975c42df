"""Bars that are stacked, histograms, boxes and violins onto axes.

Not here: plain and grouped bars (``introspect.compat.visdom.painting.native``).
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from introspect import theme
from introspect.canvas.style import series_color
from introspect.compat.visdom.painting import names
from introspect.compat.visdom.painting.axes import numbers, words_of
from introspect.compat.visdom.painting.cells import is_histogram
from introspect.compat.visdom.painting.colors import color_of, colors_of
from introspect.compat.visdom.painting.plain import name_of
from introspect.theme import Mode

Trace = Mapping[str, Any]
Floats = npt.NDArray[np.float64]
_WIDE = 0.78
_MOST_TICKS = 12


def paint(ax: Any, traces: Sequence[Trace], layout: Mapping[str, Any], mode: Mode) -> None:
    """Draw bars: stacked, grouped or as a histogram."""
    counted = [_counted(trace) if trace.get("type") == "histogram" else trace for trace in traces]
    lies = counted[0].get("orientation") == "h"
    places, heights = ("y", "x") if lies else ("x", "y")
    if is_histogram(list(counted[0].get(places) or ())) and not lies:
        _histograms(ax, counted, mode)
    else:
        stacked = layout.get("barmode") in {"stack", "relative"}
        _groups(ax, counted, mode, (places, heights), stacked=stacked)
    named = [
        (name_of(trace, len(traces)), _label(trace, index, mode))
        for index, trace in enumerate(counted)
    ]
    names.in_row(ax, [pair for pair in named if pair[0]])


def _counted(trace: Trace) -> Trace:
    """A histogram of Plotly, which holds values, as bars."""
    values = numbers(trace.get("x") if trace.get("x") is not None else trace.get("y"))
    known = np.zeros(0) if values is None else values[np.isfinite(values)]
    wanted = trace.get("nbinsx") or trace.get("nbinsy") or "auto"
    counts, edges = np.histogram(known, bins=wanted)
    places = (edges[:-1] + edges[1:]) / 2
    return {**trace, "type": "bar", "x": places.tolist(), "y": counts.tolist(), "edges": edges}


def _histograms(ax: Any, traces: Sequence[Trace], mode: Mode) -> None:
    for index, trace in enumerate(traces):
        x, y = numbers(trace.get("x")), numbers(trace.get("y"))
        if x is None or y is None:
            continue
        # Visdom says where bins begin and the last one ends, with one place too few for the edges.
        edges = trace.get("edges")
        known = np.linspace(x[0], x[-1], len(x) + 1) if edges is None else edges
        color = _color(trace, index, mode)
        alpha = 0.85 if len(traces) == 1 else 0.5
        ax.bar(
            known[:-1],
            y,
            np.diff(known),
            align="edge",
            color=color,
            alpha=alpha,
            linewidth=0.6,
            edgecolor=theme.color("surface", mode),
        )


def _groups(
    ax: Any, traces: Sequence[Trace], mode: Mode, axes: tuple[str, str], *, stacked: bool
) -> None:
    places, heights = axes
    lies = places == "y"
    named = [list(trace.get(places) or range(len(trace.get(heights) or ()))) for trace in traces]
    order = {_word(name): None for column in named for name in column}
    at = {name: float(place) for place, name in enumerate(order)}
    top, bottom = np.zeros(len(at)), np.zeros(len(at))
    wide = _WIDE if stacked else _WIDE / len(traces)
    draw = ax.barh if lies else ax.bar
    for index, trace in enumerate(traces):
        values = numbers(trace.get(heights))
        if values is None:
            continue
        values = np.nan_to_num(values)
        rows = np.array([at[_word(name)] for name in named[index]], int)[: len(values)]
        values = values[: len(rows)]
        shift = 0.0 if stacked else (index - (len(traces) - 1) / 2) * wide
        below = np.where(values >= 0, top[rows], bottom[rows]) if stacked else np.zeros(len(rows))
        own = colors_of((trace.get("marker") or {}).get("color"), len(rows))
        look = {"color": own or _color(trace, index, mode), "linewidth": 0}
        if lies:
            draw(rows + shift, values, wide, left=below, **look)
        else:
            draw(rows + shift, values, wide, bottom=below, **look)
        np.add.at(top, rows, np.where(values >= 0, values, 0.0))
        np.add.at(bottom, rows, np.where(values < 0, values, 0.0))
    shown = list(at)
    step = max(1, -(-len(shown) // _MOST_TICKS))
    set_ticks = ax.set_yticks if lies else ax.set_xticks
    set_ticks(range(0, len(shown), step), [name[:14] for name in shown[::step]])
    ax.grid(visible=False, axis="y" if lies else "x")
    ax.grid(visible=True, axis="x" if lies else "y")


def _word(name: Any) -> str:
    return f"{name:g}" if isinstance(name, float) else words_of(name)


def _color(trace: Trace, index: int, mode: Mode) -> Any:
    chosen = (trace.get("marker") or {}).get("color")
    own = names.hue(trace, index)
    return color_of(chosen) if isinstance(chosen, str) else series_color(own, mode)


def _label(trace: Trace, index: int, mode: Mode) -> Any:
    chosen = (trace.get("marker") or {}).get("color")
    own = names.hue(trace, index)
    return color_of(chosen) if isinstance(chosen, str) else series_color(own, mode, text=True)


def _samples(traces: Sequence[Trace]) -> tuple[list[Floats], list[str], bool]:
    """Finite values and name of each, and whether they lie."""
    lies = bool(traces) and traces[0].get("y") is None
    columns = []
    for trace in traces:
        values = numbers(trace.get("x" if lies else "y"))
        columns.append(np.zeros(0) if values is None else values[np.isfinite(values)])
    return columns, [words_of(trace.get("name")) for trace in traces], lies


def _named(ax: Any, shown: Sequence[str], *, lies: bool) -> None:
    set_ticks = ax.set_yticks if lies else ax.set_xticks
    set_ticks(range(1, len(shown) + 1), [name[:16] for name in shown])
    ax.grid(visible=lies, axis="x")
    ax.grid(visible=not lies, axis="y")


def paint_boxes(ax: Any, traces: Sequence[Trace], layout: Mapping[str, Any], mode: Mode) -> None:
    """Draw quartiles, whiskers of 1.5 times their distance, and what lies beyond."""
    del layout
    columns, shown, lies = _samples(traces)
    ink, paper = theme.color("ink_2", mode), theme.color("surface", mode)
    for index, column in enumerate(columns):
        if not len(column):
            continue
        color = _color(traces[index], index, mode)
        ax.boxplot(
            [column],
            positions=[index + 1],
            widths=0.5,
            orientation="horizontal" if lies else "vertical",
            patch_artist=True,
            manage_ticks=False,
            boxprops={"facecolor": color, "edgecolor": "none", "alpha": 0.85},
            medianprops={"color": paper, "linewidth": 1.6},
            showcaps=False,
            whiskerprops={"color": ink, "linewidth": 1.0},
            flierprops={
                "marker": "o",
                "markersize": 2.6,
                "markerfacecolor": ink,
                "markeredgewidth": 0,
                "alpha": 0.6,
            },
        )
    ax.margins(x=0.05, y=0.06)
    (ax.set_ylim if lies else ax.set_xlim)(0.4, len(shown) + 0.6)
    _named(ax, shown, lies=lies)


def paint_violins(ax: Any, traces: Sequence[Trace], layout: Mapping[str, Any], mode: Mode) -> None:
    """Draw densities, quartiles and means."""
    del layout
    columns, shown, lies = _samples(traces)
    for index, (trace, column) in enumerate(zip(traces, columns, strict=True)):
        if len(column):
            _violin(ax, trace, column, index + 1, _color(trace, index, mode), mode, lies=lies)
    ax.margins(x=0.05, y=0.04)
    (ax.set_ylim if lies else ax.set_xlim)(0.4, len(shown) + 0.6)
    _named(ax, shown, lies=lies)


def _violin(
    ax: Any, trace: Trace, column: Floats, place: int, color: Any, mode: Mode, *, lies: bool
) -> None:
    at, density = _density(column, trace.get("bandwidth"))
    half = 0.4 * density / (density.max() or 1.0)
    side = trace.get("side", "both")
    low = place - (0.0 if side == "positive" else half)
    high = place + (0.0 if side == "negative" else half)
    fill = ax.fill_between if lies else ax.fill_betweenx
    fill(at, low, high, color=color, alpha=float(trace.get("opacity") or 0.8) * 0.75, linewidth=0)
    ink = theme.color("ink", mode)
    quartiles = np.percentile(column, [25, 50, 75])
    draw, dot = (ax.hlines, ax.plot) if lies else (ax.vlines, ax.plot)
    if (trace.get("box") or {}).get("visible"):
        draw([place], quartiles[0], quartiles[2], color=ink, linewidth=3.2)
        pair = (quartiles[1], place) if lies else (place, quartiles[1])
        dot(*pair, marker="o", markersize=3.4, color=theme.color("surface", mode), zorder=4)
    if (trace.get("meanline") or {}).get("visible"):
        mean, wide = float(column.mean()), 0.22
        line = ax.vlines if lies else ax.hlines
        line([mean], place - wide, place + wide, color=ink, linewidth=1.0, linestyle=(0, (3, 2)))
    if trace.get("points"):
        _strip(ax, trace, column, quartiles, place, color, lies=lies)


def _strip(
    ax: Any, trace: Trace, column: Floats, quartiles: Floats, place: int, color: Any, *, lies: bool
) -> None:
    """The values themselves, beside the violin."""
    reach = 1.5 * (quartiles[2] - quartiles[0])
    outside = (column < quartiles[0] - reach) | (column > quartiles[2] + reach)
    shown = column if trace["points"] == "all" else column[outside]
    # The same places in every picture: no chance is involved.
    shift = (np.arange(len(shown)) * 0.618) % 1.0 - 0.5
    aside = place - 0.42 + 0.16 * float(trace.get("jitter") or 0.0) * shift
    pair = (shown, aside) if lies else (aside, shown)
    ax.scatter(*pair, s=5.0, color=[color], alpha=0.6, linewidths=0)


def _density(column: Floats, bandwidth: Any) -> tuple[Floats, Floats]:
    """A kernel density with Silverman's bandwidth (1986), at 160 places."""
    spread = float(column.std()) or abs(float(column[0])) * 0.05 or 0.5
    width = float(bandwidth or 1.06 * spread * len(column) ** -0.2)
    at = np.linspace(column.min() - 2 * width, column.max() + 2 * width, 160)
    sample = column if len(column) <= 20_000 else column[:: len(column) // 20_000 + 1]
    bins = np.histogram(sample, bins=400, range=(at[0], at[-1]))
    middles = (bins[1][:-1] + bins[1][1:]) / 2
    kernel = np.exp(-0.5 * ((at[:, None] - middles) / width) ** 2)
    return at, kernel @ bins[0]
