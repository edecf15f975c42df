"""Charts at one step: bars, distributions, matrices, points and curves as JSON and arrays.

Not here: pictures (``introspect.canvas.shots_pictures``).
"""

from dataclasses import replace
from typing import Any

import numpy as np

from introspect.canvas.bars import bar_view, pie_view
from introspect.canvas.histograms import histogram_view
from introspect.canvas.matrices import MatrixView, confusion_view, heatmap_view
from introspect.canvas.points import scatter_view, stem_view
from introspect.canvas.ridges import magnitudes_view
from introspect.canvas.shots_pictures import Shot, lut
from introspect.canvas.value_curves import curve_view
from introspect.nouns.panels import (
    BarPanel,
    ConfusionPanel,
    CurvePanel,
    HeatmapPanel,
    HistogramPanel,
    MagnitudesPanel,
    PiePanel,
    RidgePanel,
    ScatterPanel,
    StemPanel,
)

_MOST_TEXTS = 900
_MOST_POINTS = 20_000
_MOST_THUMBNAIL_BYTES = 1 << 20


def bars(panel: BarPanel, compact: bool) -> Shot:  # noqa: FBT001  the signature of every maker
    """Bars, the row before, totals, and their texts."""
    del compact
    view = bar_view(panel)
    names = ("names", "values", "before", "totals", "texts", "limits", "percent", "worst")
    meta = {name: getattr(view, name) for name in names}
    return meta | {"how": view.how, "groups": view.group_names, "direction": view.direction}, {}


def pie(panel: PiePanel, compact: bool) -> Shot:  # noqa: FBT001  the signature of every maker
    """Shares of a whole."""
    del compact
    view = pie_view(panel)
    return {"how": view.how, "names": view.names, "shares": view.shares}, {}


def histogram(panel: HistogramPanel | RidgePanel, compact: bool) -> Shot:  # noqa: FBT001  same
    """The newest distribution alone, over bins of its own."""
    del compact
    newest = HistogramPanel(
        panel.name,
        None if panel.steps is None else panel.steps[-1:],
        [panel.data[-1]] if len(panel.data) else [],
        limit=1,
        title=panel.title,
    )
    view = histogram_view(newest)
    label = view.labels[0] if view.labels else ""
    meta = {"label": label, "broken": view.broken, "empty": not view.densities}
    densities = view.densities[0] if view.densities else np.zeros(len(view.edges) - 1)
    return meta, {"edges": view.edges, "density": np.asarray(densities, np.float32)}


def magnitudes(panel: MagnitudesPanel, compact: bool) -> Shot:  # noqa: FBT001  same
    """All cells over all steps."""
    del compact
    view = magnitudes_view(panel)
    arrays, zeros, lost, broken = {}, [], [], []
    for row, cells in enumerate(view.cells):
        zeros.append([None if cell is None else cell.zeros for cell in cells])
        broken.append([None if cell is None else cell.broken for cell in cells])
        lost.append([[] if cell is None else np.flatnonzero(cell.lost).tolist() for cell in cells])
        for column, cell in enumerate(cells):
            if cell is not None:
                heights = np.rint(cell.heights * 255).astype(np.uint8)
                arrays[f"{row}.{column}"] = np.ascontiguousarray(heights)
    names = ("how", "rows", "columns", "ranges", "steps")
    meta = {name: getattr(view, name) for name in names}
    return meta | {"zeros": zeros, "lost": lost, "broken": broken}, arrays


def heatmap(panel: HeatmapPanel, compact: bool) -> Shot:  # noqa: FBT001  the signature of every maker
    """A matrix as shares of the colour scale."""
    del compact
    return _matrix(heatmap_view(panel))


def confusion(panel: ConfusionPanel, compact: bool) -> Shot:  # noqa: FBT001  same
    """What was taken for what."""
    del compact
    return _matrix(confusion_view(panel))


def _matrix(view: MatrixView) -> Shot:
    shown = view.numbers is not False and view.shares.size <= _MOST_TEXTS
    meta = {
        "how": view.how,
        "texts": view.texts if shown else [],
        "rowNames": view.row_names,
        "columnNames": view.column_names,
        "ramp": view.ramp,
        "square": view.square,
        "limits": view.limits,
        "diagonal": view.grey is not None,
    }
    shares = np.where(np.isfinite(view.shares), np.rint(view.shares * 65534), 65535)
    arrays = {"shares": shares.astype(np.uint16)}
    return meta, arrays | ({"lut": lut(view.cmap)} if view.cmap else {})


def scatter(panel: ScatterPanel, compact: bool) -> Shot:  # noqa: FBT001  the signature of every maker
    """Points in two or three dimensions."""
    view = scatter_view(panel)
    most = _MOST_POINTS // 10 if compact else _MOST_POINTS
    kept = np.arange(len(view.points))[:: max(1, -(-len(view.points) // most))]
    names = panel.point_names
    meta: dict[str, Any] = {
        "how": view.how + (f", {len(kept)} shown" if len(kept) < len(view.points) else ""),
        "classNames": view.class_names,
        "limits": view.limits,
        "axes": view.axes,
        "pointNames": [str(names[at]) for at in view.kept[kept]] if names else [],
    }
    arrays: dict[str, Any] = {
        "points": np.ascontiguousarray(view.points[kept], np.float32),
        "classes": view.classes[kept].astype(np.int32),
    }
    thumbnails = view.thumbnails
    if thumbnails is not None and thumbnails[:1].size * len(kept) <= _MOST_THUMBNAIL_BYTES:
        arrays["thumbnails"] = np.ascontiguousarray(thumbnails[kept])
    return meta, arrays


def stem(panel: StemPanel, compact: bool) -> Shot:  # noqa: FBT001  the signature of every maker
    """A dot on a stalk for each number."""
    del compact
    view = stem_view(panel)
    names = ("how", "x", "y", "names")
    limits = {"xLimits": view.x_limits, "yLimits": view.y_limits}
    return {name: getattr(view, name) for name in names} | limits, {}


def curves(panel: CurvePanel, compact: bool) -> Shot:  # noqa: FBT001  the signature of every maker
    """Curves over values; logarithmic axes are linear in log10."""
    del compact
    view = curve_view(panel)
    lines = [
        {"name": curve.name, "last": curve.last_text, "x": curve.x, "y": curve.y}
        for curve in (replace(curve, faults=np.zeros(0)) for curve in view.curves)
    ]
    return {
        "how": view.how,
        "curves": lines,
        "xLimits": view.x_limits,
        "yLimits": view.y_limits,
        "yTicks": view.y_ticks,
        "xTicks": view.timeline.ticks(*view.x_limits, most=6, epochs=False),
        "log": view.log,
        "baselines": view.baselines,
        "named": view.named,
    }, {}
