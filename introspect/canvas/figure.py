"""Panels to a matplotlib figure, and the figure to bytes.

``Panels -> views -> Plan -> Figure``. Views are computed once, each gets a place, and one painter
for each kind draws it there. A panel that fails shows its fault and hides no other.

Cost: 40-80 ms for three panels of 1,000 points, most of it matplotlib's text.

Not here: what the panels mean (``introspect.canvas.lines``, ``pictures``, ``histograms``),
where they lie (``introspect.canvas.places``).

No pyplot: a figure is a value that the garbage collector frees.
"""

import base64
import io
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any

from matplotlib import rc_context, rcParams
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from introspect.canvas import paint_header, paint_histogram, paint_lines
from introspect.canvas.brush import Setting
from introspect.canvas.brushes import brush_of
from introspect.canvas.histograms import HistogramView, histogram_view
from introspect.canvas.line_curve import LineView
from introspect.canvas.lines import Limits, Range, evened, line_view
from introspect.canvas.media import graph_view
from introspect.canvas.pictures import Scale, Sheet, common_scale, evenly, image_sheet
from introspect.canvas.places import ENDS_FROM_IN, Plan, View, arranged, items_of
from introspect.canvas.screens import one_line
from introspect.canvas.shown import VIEWS
from introspect.canvas.style import style
from introspect.canvas.timeline import Timeline, timeline
from introspect.canvas.value_curves import ValueAxis
from introspect.nouns.panels import (
    CustomPanel,
    GraphPanel,
    HistogramPanel,
    ImagePanel,
    LinePanel,
    MessagePanel,
    Panel,
    Placed,
    columns,
    leaves,
)
from introspect.theme import Mode

_CSS_DPI = 96
_MOST_PNG_BYTES = 100_000  # of a picture in a notebook that keeps all its colours
_TIMES = 2  # pixels per CSS pixel


@dataclass(frozen=True, slots=True)
class Easel:
    """How panels are painted.

    Attributes:
        width_in: Of the figure.
        mode: Of the theme.
        expose: Told the axes while a user's own panel is painted, and None after it.
        report: Told (panel, fault) when a panel fails.
    """

    width_in: float = 10.0
    mode: Mode = "light"
    expose: Callable[[Axes | None], None] = lambda _: None
    report: Callable[[str, Exception], None] = lambda _, __: None


@dataclass(frozen=True, slots=True)
class Fixed:
    """What a film keeps still in one panel; None is taken from the data."""

    limits: Limits | None = None
    edges: Any = None
    top: float | None = None
    scale: Scale | None = None
    still: View = None


def figure(panels: Sequence[Placed], easel: Easel) -> Figure:
    """A fresh figure of the panels, on an Agg canvas."""
    shown = list(leaves(panels))
    with rc_context(rc=style(easel.mode, text=words_of(shown))):
        views = views_of(shown, common_timeline(shown), easel)
        plan = arranged(views, easel.width_in, items_of(panels))
        drawn = Figure(figsize=(easel.width_in, plan.height_in))
        FigureCanvasAgg(drawn)
        paint(drawn, views, plan, easel)
    return drawn


def own_figure(panel: Panel, easel: Easel) -> Axes:
    """The axes of a fresh figure with one panel."""
    return figure([panel], replace(easel, width_in=6.4)).axes[0]


def common_timeline(panels: Sequence[Panel]) -> Timeline:
    """One timeline for all panels; in a chart that mixes kinds of steps an int n is (0, n)."""
    even = [evened(p) if isinstance(p, LinePanel) else p for p in panels]
    return timeline([steps for panel in even for steps in columns(panel)])


def words_of(panels: Sequence[Panel]) -> str:
    """Every word that will be written, or near to it: to find the fonts that have the letters."""
    found: list[str] = []

    def collect(value: Any, depth: int) -> None:
        if isinstance(value, str):
            found.append(value[:2000])
        elif isinstance(value, tuple | list) and depth < 5:
            for member in value[:200]:
                collect(member, depth + 1)
        elif is_dataclass(value) and depth < 4:
            for name in fields(value):
                collect(getattr(value, name.name), depth + 1)

    for panel in panels:
        if not isinstance(panel, CustomPanel | GraphPanel):
            collect(panel, 0)
    return "".join(found)


def png_bytes(panels: Sequence[Placed], easel: Easel, *, dpi: float) -> bytes:
    """The panels as a PNG file."""
    return file_bytes(figure(panels, easel), "png", easel.mode, dpi=dpi)


def mime_bundle(
    panels: Sequence[Placed], easel: Easel
) -> tuple[dict[str, str], dict[str, dict[str, int]]]:
    """What a notebook keeps: a PNG at twice the size plus a line of text, and its width."""
    png = _smaller(png_bytes(panels, easel, dpi=_CSS_DPI * _TIMES))
    words = one_line(tuple(leaves(panels)))
    data = {"image/png": base64.b64encode(png).decode("ascii"), "text/plain": words}
    return data, {"image/png": {"width": round(easel.width_in * _CSS_DPI)}}


def _smaller(png: bytes) -> bytes:
    """A large PNG with 256 colours, a third of the bytes: notebooks are kept in repositories."""
    if len(png) <= _MOST_PNG_BYTES:
        return png
    from PIL import Image as Pillow  # noqa: PLC0415  only pictures of many colours

    buffer = io.BytesIO()
    with Pillow.open(io.BytesIO(png)) as picture:
        few = picture.convert("RGB").quantize(256, dither=Pillow.Dither.NONE)
    few.save(buffer, "png", optimize=True)
    return min(png, buffer.getvalue(), key=len)


def file_bytes(drawn: Figure, kind: str, mode: Mode, *, dpi: float | None = None) -> bytes:
    """A figure as png, pdf or svg; the same figure gives the same bytes."""
    dateless = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}
    buffer = io.BytesIO()
    with rc_context(rc=style(mode)), warnings.catch_warnings():
        # a glyph that no installed font has is drawn as a box
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        drawn.savefig(
            buffer, format=kind, dpi=dpi or rcParams["savefig.dpi"], metadata=dateless.get(kind)
        )
    return buffer.getvalue()


def views_of(
    panels: Sequence[Panel],
    line: Timeline,
    easel: Easel,
    *,
    fixed: Sequence[Fixed] | None = None,
) -> list[View]:
    """What each panel shows; a panel that cannot be shown becomes a message."""
    shared = _shared_x(panels, line)
    views: list[View] = []
    for index, panel in enumerate(panels):
        try:
            still = fixed[index] if fixed else Fixed()
            views.append(_view(panel, line, shared, still, easel.mode))
        except Exception as fault:  # noqa: BLE001  one broken panel must not hide the others
            name = getattr(panel, "title", "") or getattr(panel, "name", "")
            easel.report(name or type(panel).__name__, fault)
            views.append(MessagePanel(name, f"{type(fault).__name__}: {fault}"))
    return views


def _view(panel: Panel, line: Timeline, shared: Range | None, fixed: Fixed, mode: Mode) -> View:
    if isinstance(panel, LinePanel):
        return line_view(
            panel, line, limits=fixed.limits, x_shared=shared if panel.x_linked else None
        )
    if isinstance(panel, ImagePanel):
        return image_sheet(panel, scale=fixed.scale)
    if isinstance(panel, HistogramPanel):
        return histogram_view(panel, edges=fixed.edges)
    if isinstance(panel, GraphPanel):
        return graph_view(panel, mode=mode)
    made = VIEWS.get(type(panel))
    return panel if made is None else made(panel, fixed.still)


def _shared_x(panels: Sequence[Panel], line: Timeline) -> Range | None:
    """Panels that count epochs share their x axis: an epoch is an epoch in each."""
    ends = []
    for panel in panels:
        if isinstance(panel, LinePanel) and panel.x_linked:
            for steps in columns(evened(panel)):
                if steps.ndim == 2 and len(steps):
                    ends.extend(line.positions(steps[[0, -1]]).tolist())
    return (min(ends), max(ends)) if ends and max(ends) > min(ends) else None


def paint(drawn: Figure, views: Sequence[View], plan: Plan, easel: Easel) -> None:
    """Paint every view into an empty figure; call it inside ``rc_context(style(mode))``."""
    for view, ax, place in zip(views, axes_of(drawn, plan), plan.places, strict=True):
        paint_view(ax, view, easel, ends=place.ends)


def axes_of(drawn: Figure, plan: Plan) -> list[Axes]:
    """An empty axes in each place."""
    width_in, height_in = drawn.get_size_inches()
    return [
        drawn.add_axes(
            (
                place.left_in / width_in,
                1.0 - (place.top_in + place.height_in) / height_in,
                place.width_in / width_in,
                place.height_in / height_in,
            )
        )
        for place in plan.places
    ]


def paint_view(
    ax: Axes, view: View, easel: Easel, *, ends: bool = True, top: float | None = None
) -> None:
    """Paint one view; a fault inside becomes its message."""
    try:
        _paint_view(ax, view, easel, ends=ends, top=top)
    except Exception as fault:  # noqa: BLE001  the user's method, or one of ours: show and go on
        title = view.name if isinstance(view, CustomPanel) else getattr(view, "title", "")
        easel.report(title, fault)
        message = MessagePanel(title, f"{type(fault).__name__}: {fault}")
        paint_header.paint_message(ax, message, mode=easel.mode)


def paint_into(ax: Axes, panel: Panel, easel: Easel) -> None:
    """Paint one panel into an axes that is already there."""
    line = common_timeline([panel])
    ends = paint_lines.size_pt(ax)[0] >= ENDS_FROM_IN * 72
    with rc_context(rc=style(easel.mode, text=words_of([panel]))):
        paint_view(ax, views_of([panel], line, easel)[0], easel, ends=ends)


def _paint_view(ax: Axes, view: View, easel: Easel, *, ends: bool, top: float | None) -> None:
    setting = Setting(easel.mode, ends, top)
    if not isinstance(view, CustomPanel):
        brush_of(view).paint(ax, view, setting)
        return
    easel.expose(ax)
    try:
        view.paint()
    finally:
        easel.expose(None)


def kept_still(panel: Panel, view: View) -> Fixed:
    """What of a panel does not move in a film: axes, bins and ranges of the whole run."""
    if isinstance(view, LineView) and not isinstance(view.timeline, ValueAxis):
        return Fixed(limits=Limits(view.x_limits, view.y_limits))
    if isinstance(panel, HistogramPanel) and isinstance(view, HistogramView):
        every = histogram_view(replace(panel, steps=None, data=evenly(panel.data), limit=60))
        return Fixed(edges=every.edges, top=paint_histogram.peak(every))
    if isinstance(panel, ImagePanel) and isinstance(view, Sheet):
        return Fixed(scale=common_scale(panel))
    return Fixed(still=view)
