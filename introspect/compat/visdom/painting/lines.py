"""Points and lines with all that can be asked of them, onto axes.

Dashes, markers, colours and sizes of points, texts at points, areas, gaps, arrows, stalks of
several series, a second y axis, words and dates on the x axis; in three dimensions, too.

Not here: charts that need none of it (``introspect.compat.visdom.painting.native``).
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from introspect import theme
from introspect.canvas.style import series_color
from introspect.compat.visdom.painting import names
from introspect.compat.visdom.painting.axes import axis_of, numbers, words_of
from introspect.compat.visdom.painting.colors import color_of, colors_of
from introspect.compat.visdom.painting.names import End
from introspect.compat.visdom.painting.plain import name_of
from introspect.compat.visdom.stalks import arrows_of, stalks_of
from introspect.theme import Mode

Trace = Mapping[str, Any]
Floats = npt.NDArray[np.float64]

_DASHES: Mapping[str, Any] = {
    "solid": "-", "dot": (0, (1.0, 1.8)), "dash": (0, (5.0, 2.5)), "longdash": (0, (9.0, 3.0)),
    "dashdot": (0, (5.0, 2.0, 1.0, 2.0)), "longdashdot": (0, (9.0, 2.5, 1.0, 2.5)),
}  # fmt: skip
_SYMBOLS = {
    "dot": "o", "circle": "o", "square": "s", "diamond": "D", "cross": "P", "x": "X",
    "triangle-up": "^", "triangle-down": "v", "triangle-left": "<", "triangle-right": ">",
    "pentagon": "p", "hexagon": "h", "star": "*", "circle-open": "o", "square-open": "s",
    "diamond-open": "D",
}  # fmt: skip
_PT = 0.75  # of a pixel of CSS
_MOST_TEXTS = 200


def paint(ax: Any, traces: Sequence[Trace], layout: Mapping[str, Any], mode: Mode) -> list[End]:
    """Draw traces on a plane.

    Returns:
        The names of lines that belong at their ends, once the axes have their final place.
    """
    second = _second(ax, traces, layout)
    ends: list[End] = []
    heads: list[End] = []
    words = _places(ax, traces)
    for place, trace in enumerate(traces):
        here = second if second is not None and trace.get("yaxis") == "y2" else ax
        x, y = words[place], numbers(trace.get("y"))
        if x is None or y is None or not len(x):
            continue
        count = min(len(x), len(y))
        x, y = x[:count], y[:count]
        index = names.hue(trace, place)
        color = _color(trace, index, mode)
        kind = _mode(trace, count)
        _trace(here, (x, y), trace, color, kind, mode)
        name = name_of(trace, len(traces))
        label = series_color(index, mode, text=True) if _own_color(trace) is None else color
        finite = np.flatnonzero(np.isfinite(x) & np.isfinite(y))
        if name and len(finite):
            last = finite[-1]
            is_ended = "lines" in kind and second is None and stalks_of(x, y) is None
            (ends if is_ended else heads).append((name, float(x[last]), float(y[last]), label))
    _margins(ax, layout)
    if ends and not heads:
        return ends
    names.in_row(ax, [(name, color) for name, _, _, color in [*ends, *heads]])
    return []


def _second(ax: Any, traces: Sequence[Trace], layout: Mapping[str, Any]) -> Any:
    """Axes over the first ones with a y axis of their own, if a trace wants one."""
    if not any(trace.get("yaxis") == "y2" for trace in traces):
        return None
    second = ax.twinx()
    second.grid(visible=False)
    axis = axis_of(layout, "yaxis2")
    if axis.title:
        second.set_ylabel(axis.title)
    return second


def _places(ax: Any, traces: Sequence[Trace]) -> list[Floats | None]:
    """X of every trace as numbers; words and dates stand in their order, at 0, 1, 2, ..."""
    columns = [numbers(trace.get("x")) for trace in traces]
    counts = [len(trace.get("y") or ()) for trace in traces]
    if all(column is not None or "x" not in t for column, t in zip(columns, traces, strict=True)):
        return [
            np.arange(count, dtype=np.float64) if column is None else column
            for column, count in zip(columns, counts, strict=True)
        ]
    order = {str(x): None for trace in traces for x in trace.get("x") or ()}
    place = {word: float(at) for at, word in enumerate(order)}
    shown = list(order)
    step = max(1, -(-len(shown) // 8))
    ax.set_xticks(
        [place[word] for word in shown[::step]], [words_of(w)[:16] for w in shown[::step]]
    )
    return [np.array([place[str(x)] for x in trace.get("x") or ()]) for trace in traces]


def _mode(trace: Trace, count: int) -> str:
    usual = "lines+markers" if count < 20 else "lines"
    return str(trace.get("mode") or usual)


def _own_color(trace: Trace) -> Any:
    line, marker = trace.get("line") or {}, trace.get("marker") or {}
    chosen = line.get("color") or marker.get("color")
    return chosen if isinstance(chosen, str) else None


def _color(trace: Trace, index: int, mode: Mode) -> Any:
    chosen = _own_color(trace)
    return series_color(index, mode) if chosen is None else color_of(chosen)


def _trace(
    ax: Any, pair: tuple[Floats, Floats], trace: Trace, color: Any, kind: str, mode: Mode
) -> None:
    x, y = pair
    if "lines" in kind:
        if (found := arrows_of(x, y)) is not None:
            _arrows(ax, *found, color)
            return
        if (stalks := stalks_of(x, y)) is not None:
            _stalks(ax, *stalks, color, mode)
            return
        line = trace.get("line") or {}
        ax.plot(
            x,
            y,
            color=color,
            linestyle=_DASHES.get(str(line.get("dash")), "-"),
            linewidth=float(line.get("width") or 2.0) * _PT,
            zorder=2.5,
            solid_capstyle="round",
        )
    if trace.get("fill") in {"tonexty", "tozeroy", "toself", "tonextx", "tozerox"}:
        ax.fill_between(x, 0.0, y, color=color, alpha=0.14, linewidth=0)
    if "markers" in kind:
        _dots(ax, x, y, trace, color, is_line="lines" in kind)
    if "text" in kind:
        _texts(ax, x, y, trace, mode)


def _dots(ax: Any, x: Floats, y: Floats, trace: Trace, color: Any, *, is_line: bool) -> None:
    marker = trace.get("marker") or {}
    size = marker.get("size", 10)
    several = isinstance(size, list | tuple) and len(size) >= len(x)
    sizes_pt = np.asarray(
        size[: len(x)] if several else size if isinstance(size, int | float) else 10
    )
    symbol = str(marker.get("symbol") or "dot")
    own = colors_of(marker.get("color"), len(x), marker.get("colorscale"))
    shade = [color] * len(x) if own is None or isinstance(marker.get("color"), str) else own
    is_open = symbol.endswith("-open")
    rim = (marker.get("line") or {}).get("width", 0.0)
    ax.scatter(
        x,
        y,
        s=np.square(sizes_pt.astype(np.float64) * _PT * (0.7 if is_line else 1.0)),
        marker=_SYMBOLS.get(symbol, "o"),
        zorder=3,
        facecolors="none" if is_open else shade,
        edgecolors=shade if is_open else ax.get_figure().get_facecolor(),
        linewidths=1.0 if is_open else 0.4 if rim else 0.0,
        alpha=float(marker.get("opacity", 1.0)),
    )


def _texts(ax: Any, x: Floats, y: Floats, trace: Trace, mode: Mode) -> None:
    texts = trace.get("text")
    said = [texts] * len(x) if isinstance(texts, str) else list(texts or ())
    for left, up, word in list(zip(x, y, said, strict=False))[:_MOST_TEXTS]:
        if np.isfinite(left) and np.isfinite(up):
            ax.annotate(
                words_of(word),
                (left, up),
                xytext=(5, 0),
                textcoords="offset points",
                va="center",
                fontsize=7.5,
                color=theme.color("ink_2", mode),
            )


def _arrows(ax: Any, begin: Floats, tip: Floats, color: Any) -> None:
    """Arrows in their own units, as long as they are."""
    span = tip - begin
    known = np.isfinite(span).all(axis=1)
    ax.quiver(
        begin[known, 0],
        begin[known, 1],
        span[known, 0],
        span[known, 1],
        color=color,
        angles="xy",
        scale_units="xy",
        scale=1.0,
        width=0.004,
        headwidth=4.5,
        headlength=5.0,
    )
    ends = np.concatenate([begin[known], tip[known]]) if known.any() else np.zeros((1, 2))
    low, high = ends.min(axis=0), ends.max(axis=0)
    pad = np.where(high > low, 0.04 * (high - low), 0.5)
    ax.set_xlim(low[0] - pad[0], high[0] + pad[0])
    ax.set_ylim(low[1] - pad[1], high[1] + pad[1])
    ax.set_aspect("equal", adjustable="box")
    ax.grid(visible=False)


def _stalks(ax: Any, places: Floats, heights: Floats, color: Any, mode: Mode) -> None:
    ax.vlines(places, 0.0, heights, color=color, linewidth=1.0, alpha=0.55)
    ax.scatter(places, heights, s=9.0, color=[color], linewidths=0, zorder=3)
    ax.axhline(0.0, color=theme.color("axis", mode), linewidth=0.75)


def _margins(ax: Any, layout: Mapping[str, Any]) -> None:
    if axis_of(layout, "xaxis").is_log:
        ax.set_xscale("log", nonpositive="mask")
    ax.margins(x=0.03, y=0.07)


def paint_3d(ax: Any, traces: Sequence[Trace], layout: Mapping[str, Any], mode: Mode) -> None:
    """Draw traces in space."""
    del layout
    named = []
    for index, trace in enumerate(traces):
        columns = [numbers(trace.get(letter)) for letter in "xyz"]
        known = [column for column in columns if column is not None and len(column)]
        if len(known) < 3:
            continue
        x, y, z = known
        color = _color(trace, index, mode)
        kind = str(trace.get("mode") or "lines+markers")
        marker, line = trace.get("marker") or {}, trace.get("line") or {}
        if "lines" in kind:
            dash = _DASHES.get(str(line.get("dash")), "-")
            ax.plot(x, y, z, color=color, linestyle=dash, linewidth=1.5)
        if "markers" in kind:
            own = colors_of(marker.get("color"), len(x), marker.get("colorscale"))
            size = marker.get("size", 10)
            sizes = np.square(np.asarray(size, np.float64) * _PT * 0.6)
            ax.scatter(x, y, z, s=sizes, c=own or [color] * len(x), linewidths=0, depthshade=True)
        name = name_of(trace, len(traces))
        label = series_color(index, mode, text=True) if _own_color(trace) is None else color
        named += [(name, label)] if name else []
    if named:
        for at, (name, color) in enumerate(named):
            ax.text2D(0.0, 1.0 - 0.05 * at, name, transform=ax.transAxes, color=color, va="top")
