"""Which view shows which kind of panel, for pictures and terminals alike.

Not here: which brush paints a view (``introspect.canvas.brushes``).
"""

from collections.abc import Callable, Mapping
from typing import Any

from introspect.canvas.bars import BarView, bar_view, pie_view
from introspect.canvas.grids import grid_view
from introspect.canvas.line_curve import LineView
from introspect.canvas.markup import frame_view
from introspect.canvas.matrices import MatrixView, confusion_view, heatmap_view
from introspect.canvas.media import audio_view, figure_view, video_sheet
from introspect.canvas.points import ScatterView, StemView, scatter_view, stem_view
from introspect.canvas.ridges import RidgeView, magnitudes_view, ridge_view
from introspect.canvas.value_curves import curve_view
from introspect.canvas.words import table_view, text_view
from introspect.nouns.panels import (
    AudioPanel,
    BarPanel,
    ConfusionPanel,
    CurvePanel,
    FigurePanel,
    FramePanel,
    GridPanel,
    HeatmapPanel,
    MagnitudesPanel,
    PiePanel,
    RidgePanel,
    ScatterPanel,
    StemPanel,
    TablePanel,
    TextPanel,
    VideoPanel,
)


def _still(make: Callable[..., Any], kind: type) -> Callable[[Any, Any], Any]:
    """A view function that takes the axes of another view, if that is of its kind."""

    def made(panel: Any, still: Any) -> Any:
        return make(panel, still=still if isinstance(still, kind) else None)

    return made


def _alone(make: Callable[[Any], Any]) -> Callable[[Any, Any], Any]:
    return lambda panel, _: make(panel)


VIEWS: Mapping[type, Callable[[Any, Any], Any]] = {
    BarPanel: _still(bar_view, BarView),
    PiePanel: _alone(pie_view),
    HeatmapPanel: _still(heatmap_view, MatrixView),
    ConfusionPanel: _alone(confusion_view),
    ScatterPanel: _still(scatter_view, ScatterView),
    StemPanel: _still(stem_view, StemView),
    CurvePanel: _still(curve_view, LineView),
    RidgePanel: _still(ridge_view, RidgeView),
    MagnitudesPanel: _alone(magnitudes_view),
    GridPanel: _alone(grid_view),
    TablePanel: _alone(table_view),
    TextPanel: _alone(text_view),
    FramePanel: _alone(frame_view),
    AudioPanel: _alone(audio_view),
    VideoPanel: _alone(video_sheet),
    FigurePanel: _alone(figure_view),
}
"""Panel type to its view, of (panel, view of the whole run or None). Lines, images, histograms
and graphs need more and are made in ``introspect.canvas.figure``."""
