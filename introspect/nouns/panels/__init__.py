"""Panels: what each chart of a canvas shows, as plain data.

A Panel holds references to the columns of a history and nothing that is already drawn, so
making one costs microseconds whatever the length of the history. Columns are append-only:
what a panel refers to does not change after it was made, and `up_to` can show any earlier
moment of it (a film is that, frame by frame).

Most kinds are `Stepped`: a name, steps, and data, of which the newest is shown. `Row` and
`Column` arrange panels; `leaves` finds the panels in them.

Not here: how the arguments of ``draw_*`` become panels (``introspect.canvas.sources``), how
a panel becomes a picture (``introspect.canvas.figure``, ``introspect.canvas.terminal``).
"""

from introspect.nouns.panels.bars import BarPanel, ConfusionPanel, HeatmapPanel, PiePanel
from introspect.nouns.panels.distributions import HistogramPanel, MagnitudesPanel, RidgePanel
from introspect.nouns.panels.header import CustomPanel, MessagePanel, ProgressPanel, SummaryPanel
from introspect.nouns.panels.layout import Column, Row
from introspect.nouns.panels.lines import Baseline, LinePanel, Series
from introspect.nouns.panels.media import (
    AudioPanel,
    FigurePanel,
    FramePanel,
    GraphPanel,
    TablePanel,
    TextPanel,
    VideoPanel,
)
from introspect.nouns.panels.moments import columns, leaves, up_to
from introspect.nouns.panels.pictures import GridPanel, ImagePanel
from introspect.nouns.panels.points import CurvePanel, ScatterPanel, StemPanel
from introspect.nouns.panels.stepped import Rows, Stepped

Panel = (
    LinePanel
    | ImagePanel
    | GridPanel
    | HistogramPanel
    | RidgePanel
    | MagnitudesPanel
    | BarPanel
    | PiePanel
    | HeatmapPanel
    | ConfusionPanel
    | ScatterPanel
    | StemPanel
    | CurvePanel
    | TablePanel
    | TextPanel
    | FramePanel
    | AudioPanel
    | VideoPanel
    | FigurePanel
    | GraphPanel
    | SummaryPanel
    | ProgressPanel
    | CustomPanel
    | MessagePanel
)
Placed = Panel | Row | Column
"""What a canvas is a sequence of."""

__all__ = [
    "AudioPanel",
    "BarPanel",
    "Baseline",
    "Column",
    "ConfusionPanel",
    "CurvePanel",
    "CustomPanel",
    "FigurePanel",
    "FramePanel",
    "GraphPanel",
    "GridPanel",
    "HeatmapPanel",
    "HistogramPanel",
    "ImagePanel",
    "LinePanel",
    "MagnitudesPanel",
    "MessagePanel",
    "Panel",
    "PiePanel",
    "Placed",
    "ProgressPanel",
    "RidgePanel",
    "Row",
    "Rows",
    "ScatterPanel",
    "Series",
    "StemPanel",
    "Stepped",
    "SummaryPanel",
    "TablePanel",
    "TextPanel",
    "VideoPanel",
    "columns",
    "leaves",
    "up_to",
]
