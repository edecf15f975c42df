"""Which brush paints which kind of view.

A new chart is a panel (``introspect.nouns.panels``), a view (``introspect.canvas.shown``), a brush
and a line in the table here.

Not here: places (``introspect.canvas.places``), the figure (``introspect.canvas.figure``).
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from matplotlib.axes import Axes

from introspect.canvas import paint_header, paint_histogram, paint_images, paint_lines
from introspect.canvas.bars import BarView, PieView
from introspect.canvas.brush import HEIGHT_IN, TICKS_IN, Brush, Setting
from introspect.canvas.grids import GridView
from introspect.canvas.histograms import HistogramView
from introspect.canvas.line_curve import LineView
from introspect.canvas.matrices import MatrixView
from introspect.canvas.media import AudioView, PictureView
from introspect.canvas.paint_bars import BARS, PIE
from introspect.canvas.paint_grid import GRID
from introspect.canvas.paint_matrix import MATRIX
from introspect.canvas.paint_media import AUDIO, PICTURE
from introspect.canvas.paint_points import SCATTER, STEM
from introspect.canvas.paint_ridges import MAGNITUDES, RIDGES
from introspect.canvas.paint_words import TABLE, TEXT
from introspect.canvas.pictures import Sheet
from introspect.canvas.points import ScatterView, StemView
from introspect.canvas.ridges import MagnitudesView, RidgeView
from introspect.canvas.words import TableView, TextView
from introspect.nouns.panels import CustomPanel, MessagePanel, ProgressPanel, SummaryPanel

_STRIP_IN = 1.75


def _lines(ax: Axes, view: LineView, setting: Setting) -> None:
    paint_lines.paint_lines(ax, view, mode=setting.mode, ends=setting.ends)


def _line_rooms(view: LineView) -> tuple[float, float]:
    return paint_lines.left_room_pt(view), paint_lines.right_room_pt(view)


def _line_height_in(view: LineView, width_in: float, in_row: int) -> float:
    """Rates against rates want to be rather square."""
    usual = HEIGHT_IN.get(in_row, 1.65)
    return min(usual + 0.5, width_in) if view.square else usual


def _histogram(ax: Axes, view: HistogramView, setting: Setting) -> None:
    paint_histogram.paint_histogram(ax, view, mode=setting.mode, top=setting.top)


def _images(ax: Axes, view: Sheet, setting: Setting) -> None:
    paint_images.paint_images(ax, view, mode=setting.mode, cmap=view.cmap)


def _sheet_height_in(view: Sheet, width_in: float, in_row: int) -> float:
    if in_row > 1:
        return HEIGHT_IN.get(in_row, 1.65)
    most_in = _STRIP_IN if view.slots > 1 else HEIGHT_IN[1]
    return paint_images.sheet_height_pt(view, width_in * 72, most_in * 72) / 72


def _custom(ax: Axes, view: CustomPanel, setting: Setting) -> None:
    del ax, setting
    view.paint()


def _plain(paint: Callable[..., None]) -> Callable[[Axes, Any, Setting], None]:
    return lambda ax, view, setting: paint(ax, view, mode=setting.mode)


def _fixed(height_in: float, view: Any, width_in: float, in_row: int) -> float:
    del view, width_in, in_row
    return height_in


def _always(view: Any) -> bool:
    del view
    return True


BRUSHES: Mapping[type, Brush] = {
    LineView: Brush(_lines, rooms_pt=_line_rooms, height_in=_line_height_in),
    HistogramView: Brush(
        _histogram, rooms_pt=lambda view: (7.2, paint_histogram.right_room_pt(view))
    ),
    Sheet: Brush(
        _images,
        height_in=_sheet_height_in,
        below_in=0.0,
        is_wide=lambda view: view.slots > 1,
        share=0.75,
        is_bare=True,
    ),
    BarView: BARS,
    PieView: PIE,
    MatrixView: MATRIX,
    ScatterView: SCATTER,
    StemView: STEM,
    RidgeView: RIDGES,
    MagnitudesView: MAGNITUDES,
    GridView: GRID,
    TableView: TABLE,
    TextView: TEXT,
    AudioView: AUDIO,
    PictureView: PICTURE,
    SummaryPanel: Brush(
        _plain(paint_header.paint_summary),
        height_in=partial(_fixed, 0.18),
        above_in=0.0,
        below_in=0.02,
        is_wide=_always,
        is_bare=True,
    ),
    ProgressPanel: Brush(
        _plain(paint_header.paint_progress),
        height_in=partial(_fixed, 0.24),
        above_in=0.02,
        below_in=0.06,
        is_wide=_always,
        is_bare=True,
    ),
    MessagePanel: Brush(
        _plain(paint_header.paint_message),
        height_in=partial(_fixed, 0.25),
        below_in=0.0,
        is_bare=True,
    ),
    CustomPanel: Brush(_custom, rooms_pt=lambda _: (32.4, 10.8), below_in=TICKS_IN),
}
"""View type to its brush."""


def brush_of(view: Any) -> Brush:
    """The brush of a view."""
    return BRUSHES[type(view)]
