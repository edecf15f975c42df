"""Traces to a picture in our style, for charts that no panel of ours can show.

``traces -> axes of matplotlib -> PNG``. No pyplot: a figure is a value.

Cost: 30 to 80 ms, most of it matplotlib's text.

Not here: which charts need one (``introspect.compat.visdom.painting.native``).
"""

import io
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from matplotlib import rc_context
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from introspect import theme
from introspect.canvas.style import style
from introspect.compat.visdom.arguments import VisdomError
from introspect.compat.visdom.painting import across, bars, fields, flows, lines, networks
from introspect.compat.visdom.painting.axes import apply
from introspect.compat.visdom.painting.drawn import TIMES, Drawn
from introspect.compat.visdom.painting.names import HUE, End, at_ends
from introspect.theme import Mode

Trace = Mapping[str, Any]
Paint = Callable[[Any, Sequence[Trace], Mapping[str, Any], Mode], list[End] | None]

_DPI = 110
_FLAT_IN, _DEEP_IN = (4.2, 2.4), (4.2, 3.2)
_LEAST_PX, _MOST_PX = 160, 1400

_FLAT: Mapping[str, Paint] = {
    "scatter": lines.paint, "scattergl": lines.paint, "bar": bars.paint, "histogram": bars.paint,
    "box": bars.paint_boxes, "violin": bars.paint_violins, "heatmap": fields.paint_heat,
    "contour": fields.paint_contour, "histogram2d": fields.paint_density,
    "histogram2dcontour": fields.paint_density, "mesh": fields.paint_net,
    "pie": flows.paint_pie, "sunburst": flows.paint_rings, "sankey": flows.paint_flows,
    "parcoords": across.paint_parallel,
}  # fmt: skip
_DEEP: Mapping[str, Paint] = {
    "scatter3d": lines.paint_3d, "surface": fields.paint_surface, "mesh3d": fields.paint_mesh,
}  # fmt: skip
_OWN_AXES = {"pie", "sunburst", "sankey", "parcoords"}


def known_kinds() -> tuple[str, ...]:
    """Types of traces that can be drawn."""
    return (*_FLAT, *_DEEP)


def drawn(
    traces: Sequence[Trace],
    layout: Mapping[str, Any],
    *,
    mode: Mode = "light",
    size_px: tuple[Any, Any] = (None, None),
) -> Drawn:
    r"""A picture of traces.

    Args:
        traces: Of Plotly.
        layout: Of Plotly.
        mode: Of the theme.
        size_px: Width and height that were asked for; None for the usual ones.

    Raises:
        VisdomError: If no trace is of a kind that can be drawn.

    Example:
        >>> made = drawn([{"type": "box", "y": [1.0, 2.0, 4.0], "name": "a"}], {})
        >>> made.png[:4], made.width_px
        (b'\x89PNG', 462)
    """
    placed = [{HUE: at, **trace} for at, trace in enumerate(traces)]
    known = [trace for trace in placed if str(trace.get("type") or "scatter") in known_kinds()]
    if not known:
        kinds = sorted({str(trace.get("type")) for trace in traces})
        raise VisdomError(
            "these traces cannot be drawn.",
            given=", ".join(kinds) or "no trace",
            hint=", ".join(known_kinds()),
        )
    first = str(known[0].get("type") or "scatter")
    is_deep = first in _DEEP
    table = _DEEP if is_deep else _FLAT
    size_in = _size_in(size_px, _DEEP_IN if is_deep else _FLAT_IN)
    with rc_context(rc=style(mode, text=_words(known, layout))):
        figure = Figure(figsize=size_in, layout="constrained")
        FigureCanvasAgg(figure)
        ax = figure.add_subplot(projection="3d" if is_deep else None)
        if is_deep:
            _dress(ax, mode)
        ends: list[End] = []
        for kind in dict.fromkeys(str(trace.get("type") or "scatter") for trace in known):
            same = [trace for trace in known if str(trace.get("type") or "scatter") == kind]
            if kind in table:
                ends += table[kind](ax, same, layout, mode) or []
        if first not in _OWN_AXES:
            apply(ax, layout, names="xyz" if is_deep else "xy")
        at_ends(ax, ends)
        return _picture(figure)


def network(pane: Mapping[str, Any], mode: Mode) -> Drawn:
    """A picture of nodes and edges."""
    words = "".join(str(node.get("label")) for node in pane["content"]["nodes"])
    with rc_context(rc=style(mode, text=words)):
        size_in = _size_in((pane.get("width"), pane.get("height")), _DEEP_IN)
        figure = Figure(figsize=size_in, layout="constrained")
        FigureCanvasAgg(figure)
        networks.paint(figure.add_subplot(), pane, mode)
        return _picture(figure)


def _picture(figure: Figure) -> Drawn:
    file = io.BytesIO()
    with warnings.catch_warnings():
        # a glyph that no installed font has is drawn as a box; a layout that cannot fit stays
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        warnings.filterwarnings("ignore", message="constrained_layout not applied")
        figure.savefig(file, format="png", dpi=_DPI * TIMES, metadata={"Software": None})
    return Drawn.of_png(file.getvalue())


def _size_in(size_px: tuple[Any, Any], usual: tuple[float, float]) -> tuple[float, float]:
    """What was asked for, within bounds; with one of both, the other one keeps the shape."""
    width, height = (
        min(max(float(px), _LEAST_PX), _MOST_PX) / _DPI
        if isinstance(px, int | float) and px > 0
        else None
        for px in size_px
    )
    if width is None and height is None:
        return usual
    ratio = usual[1] / usual[0]
    return width or (height or 0) / ratio, height or (width or 0) * ratio


def _dress(ax: Any, mode: Mode) -> None:
    """Axes in space as quiet as those on a plane."""
    rule, none = theme.color("rule", mode), (0.0, 0.0, 0.0, 0.0)
    for axis in (ax.xaxis, ax.yaxis, ax.zaxis):
        axis.set_pane_color(none)
        axis.line.set_color(theme.color("axis", mode))
        axis._axinfo["grid"].update(color=rule, linewidth=0.6)  # noqa: SLF001  there is no other way
        axis.set_major_locator(MaxNLocator(5))
    ax.grid(visible=True)
    ax.view_init(elev=24, azim=-55)


def _words(traces: Sequence[Trace], layout: Mapping[str, Any]) -> str:
    """What may be written, to find the fonts that have the letters."""
    found: list[str] = []

    def collect(value: Any, depth: int) -> None:
        if isinstance(value, str):
            found.append(value[:200])
        elif isinstance(value, Mapping) and depth < 4:
            for entry in value.values():
                collect(entry, depth + 1)
        elif isinstance(value, list | tuple) and depth < 4:
            for entry in value[:200]:
                collect(entry, depth + 1)

    collect([dict(trace) for trace in traces], 0)
    collect(layout, 0)
    return "".join(found)
