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
from dataclasses import dataclass, replace
from typing import Any

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from introspect.canvas import paint_header, paint_histogram, paint_images, paint_lines
from introspect.canvas.histograms import HistogramView, histogram_view
from introspect.canvas.lines import Limits, LineView, Range, line_view
from introspect.canvas.pictures import Scale, Sheet, common_scale, evenly, image_sheet
from introspect.canvas.places import ENDS_FROM_IN, Plan, View, arranged
from introspect.canvas.screens import one_line
from introspect.canvas.style import style
from introspect.canvas.timeline import Timeline, timeline
from introspect.nouns.panels import (
    CustomPanel,
    HistogramPanel,
    ImagePanel,
    LinePanel,
    MessagePanel,
    Panel,
    ProgressPanel,
    SummaryPanel,
    columns,
)
from introspect.theme import Mode

_CSS_DPI = 96
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


def figure(panels: Sequence[Panel], easel: Easel) -> Figure:
    """A fresh figure of the panels, on an Agg canvas."""
    with rc_context(rc=style(easel.mode)):
        line = timeline([steps for panel in panels for steps in columns(panel)])
        views = views_of(panels, line, easel)
        plan = arranged(views, easel.width_in)
        drawn = Figure(figsize=(easel.width_in, plan.height_in))
        FigureCanvasAgg(drawn)
        paint(drawn, views, plan, easel)
    return drawn


def png_bytes(panels: Sequence[Panel], easel: Easel, *, dpi: float) -> bytes:
    """The panels as a PNG file."""
    return file_bytes(figure(panels, easel), "png", easel.mode, dpi=dpi)


def mime_bundle(
    panels: Sequence[Panel], easel: Easel
) -> tuple[dict[str, str], dict[str, dict[str, int]]]:
    """What a notebook keeps: a PNG at twice the size plus a line of text, and its width."""
    png = png_bytes(panels, easel, dpi=_CSS_DPI * _TIMES)
    data = {"image/png": base64.b64encode(png).decode("ascii"), "text/plain": one_line(panels)}
    return data, {"image/png": {"width": round(easel.width_in * _CSS_DPI)}}


def file_bytes(drawn: Figure, kind: str, mode: Mode, *, dpi: float = 200) -> bytes:
    """A figure as png, pdf or svg; the same figure gives the same bytes."""
    dateless = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}
    buffer = io.BytesIO()
    with rc_context(rc=style(mode)), warnings.catch_warnings():
        # a glyph that no installed font has is drawn as a box
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        drawn.savefig(buffer, format=kind, dpi=dpi, metadata=dateless.get(kind))
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
            views.append(_view(panel, line, shared, fixed[index] if fixed else Fixed()))
        except Exception as fault:  # noqa: BLE001  one broken panel must not hide the others
            name = getattr(panel, "title", "") or getattr(panel, "name", "")
            easel.report(name or type(panel).__name__, fault)
            views.append(MessagePanel(name, f"{type(fault).__name__}: {fault}"))
    return views


def _view(panel: Panel, line: Timeline, shared: Range | None, fixed: Fixed) -> View:
    if isinstance(panel, LinePanel):
        return line_view(panel, line, limits=fixed.limits, x_shared=shared)
    if isinstance(panel, ImagePanel):
        return image_sheet(panel, scale=fixed.scale)
    if isinstance(panel, HistogramPanel):
        return histogram_view(panel, edges=fixed.edges)
    return panel


def _shared_x(panels: Sequence[Panel], line: Timeline) -> Range | None:
    """Panels that count epochs share their x axis: an epoch is an epoch in each."""
    ends = []
    for panel in panels:
        if isinstance(panel, LinePanel):
            for steps in columns(panel):
                if steps.ndim == 2 and len(steps):
                    ends.extend(line.positions(steps[[0, -1]]).tolist())
    return (min(ends), max(ends)) if ends and max(ends) > min(ends) else None


def paint(
    drawn: Figure,
    views: Sequence[View],
    plan: Plan,
    easel: Easel,
    *,
    fixed: Sequence[Fixed] | None = None,
) -> None:
    """Paint every view into an empty figure; call it inside ``rc_context(style(mode))``."""
    for index, (view, place) in enumerate(zip(views, plan.places, strict=True)):
        ax = drawn.add_axes(
            (
                place.left_in / easel.width_in,
                1.0 - (place.top_in + place.height_in) / plan.height_in,
                place.width_in / easel.width_in,
                place.height_in / plan.height_in,
            )
        )
        top = fixed[index].top if fixed else None
        paint_view(ax, view, easel, ends=place.ends, top=top)


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
    line = timeline(columns(panel))
    ends = paint_lines.size_pt(ax)[0] >= ENDS_FROM_IN * 72
    paint_view(ax, views_of([panel], line, easel)[0], easel, ends=ends)


def _paint_view(ax: Axes, view: View, easel: Easel, *, ends: bool, top: float | None) -> None:
    mode = easel.mode
    if isinstance(view, LineView):
        paint_lines.paint_lines(ax, view, mode=mode, ends=ends)
    elif isinstance(view, Sheet):
        paint_images.paint_images(ax, view, mode=mode)
    elif isinstance(view, HistogramView):
        paint_histogram.paint_histogram(ax, view, mode=mode, top=top)
    elif isinstance(view, SummaryPanel):
        paint_header.paint_summary(ax, view, mode=mode)
    elif isinstance(view, ProgressPanel):
        paint_header.paint_progress(ax, view, mode=mode)
    elif isinstance(view, MessagePanel):
        paint_header.paint_message(ax, view, mode=mode)
    else:
        easel.expose(ax)
        try:
            view.paint()
        finally:
            easel.expose(None)


def kept_still(panel: Panel, view: View) -> Fixed:
    """What of a panel does not move in a film: axes, bins and ranges of the whole run."""
    if isinstance(view, LineView):
        return Fixed(limits=Limits(view.x_limits, view.y_limits))
    if isinstance(panel, HistogramPanel) and isinstance(view, HistogramView):
        every = histogram_view(replace(panel, steps=None, data=evenly(panel.data), limit=60))
        return Fixed(edges=every.edges, top=paint_histogram.peak(every))
    if isinstance(panel, ImagePanel) and isinstance(view, Sheet):
        return Fixed(scale=common_scale(panel))
    return Fixed()
