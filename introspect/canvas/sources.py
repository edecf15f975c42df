"""What users pass to ``draw_*``, to Panels.

Metrics pass by reference, so a panel of a history costs microseconds whatever its length.
Lists are copied into columns; what a training may change in place (a weight given as it
is) is copied as well. What cannot be drawn raises `CanvasError` here and becomes a message
in the canvas.

Not here: any look (``introspect.canvas.lines``, ``pictures``, ``histograms``).
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from introspect.canvas.sources_lines import (
    baselines_of,
    checked_ends,
    checked_log,
    checked_smooth,
    epochs_of,
    with_bands,
)
from introspect.errors import CanvasError
from introspect.nouns.metric import Metric
from introspect.nouns.panels import HistogramPanel, ImagePanel, LinePanel, Series, SummaryPanel
from introspect.nouns.values import Image, to_numpy
from introspect.nouns.watched import over_ranks


def line_panel(  # noqa: PLR0913  the options of a chart
    metrics: Any,
    *,
    labels: str | Sequence[str] | None,
    ylabel: str,
    title: str,
    log: str = "",
    xlim: Any = None,
    ylim: Any = None,
    smooth: Any = "off",
    band: Any = None,
    band_label: str = "",
    baselines: Any = None,
    epochs: Any = None,
) -> LinePanel:
    """Metrics, numbers, or several of them, to a line panel.

    Args:
        metrics: A Metric, a list of Metrics, numbers, several lists of numbers, an array of
            shape ``(n,)`` or ``(lines, n)``, or a mapping of names to any of these.
        labels: Names in place of the metrics' own.
        ylabel: The unit.
        title: What is shown.
        log: Logarithmic axes.
        xlim: Ends of the x axis.
        ylim: Ends of the y axis.
        smooth: ``"auto"``, ``"off"`` or a half-life in steps.
        band: Around one or more lines.
        band_label: What it is.
        baselines: Levels and ranges.
        epochs: Steps in an epoch, or the steps at which epochs end.

    Raises:
        CanvasError: If something is no number.

    Example:
        >>> line_panel([3, None, 1], labels=None, ylabel="", title="").series[0].gaps.tolist()
        [False, True, False]
    """
    if isinstance(labels, str):
        labels = [labels]
    given = list(labels or [])
    named = dict(enumerate(_several(metrics)))
    if isinstance(metrics, Mapping):
        named = dict(metrics)
    series = []
    for index, (key, values) in enumerate(named.items()):
        name = given[index] if index < len(given) else None
        if name is None:
            name = key if isinstance(metrics, Mapping) else _own_name(values, index, len(named))
        series.append(_series(values, str(name)))
    return LinePanel(
        with_bands(series, band),
        title=title,
        ylabel=ylabel,
        log=checked_log(log),
        xlim=checked_ends(xlim, "xlim"),
        ylim=checked_ends(ylim, "ylim"),
        smooth=checked_smooth(smooth),
        band=band_label,
        baselines=baselines_of(baselines),
        epochs=epochs_of(epochs),
    )


def image_panel(metric: Any, *, limit: int, title: str, cmap: str | None) -> ImagePanel:
    """A Metric of arrays, or one array, Image or scalar tensor, to an image panel."""
    if isinstance(metric, Metric):
        return ImagePanel(
            metric.name, metric.steps, metric.data, limit=max(1, limit), title=title, cmap=cmap
        )
    if not isinstance(metric, Image):
        metric = np.array(_array(metric, "draw_image"))
    return ImagePanel("", None, [metric], limit=1, title=title, cmap=cmap)


def histogram_panel(
    metric: Any, *, title: str, limit: int = 4, over: str = "last"
) -> HistogramPanel:
    """A Metric of arrays or Sketches, or a single one, to a histogram panel.

    A Metric of numbers is one distribution of all of them. Sketches that several ranks logged are
    added up.

    Raises:
        CanvasError: If `over` is unknown, or something has no distribution.
    """
    if over not in {"last", "all"}:
        raise CanvasError("this is not known.", given=f"{over=}", hint='over="last" or "all"')
    if isinstance(metric, Metric):
        if metric.is_scalar:
            return HistogramPanel(metric.name, None, [metric.data], title=title)
        whole: Any = over_ranks(metric)
        steps, data, limit = whole.steps, whole.data, max(1, limit)
        if over == "all" and len(data) > limit:
            first = 0 if limit > 1 else len(data) - 1
            rows = np.linspace(first, len(data) - 1, limit).round().astype(np.int64)
            steps, data = steps[rows], data[rows]
        return HistogramPanel(metric.name, steps, data, limit=limit, title=title)
    if not hasattr(metric, "density") and not hasattr(metric, "edges"):
        metric = np.array(_array(metric, "draw_hist"))
    return HistogramPanel("", None, [metric], title=title)


def summary_panel(history: Any, *, title: str) -> SummaryPanel:
    """Anything with ``step`` and ``get_total_time()`` to a summary panel."""
    try:
        step, elapsed = history.step, history.get_total_time()
    except AttributeError as error:
        raise CanvasError(
            "this is no history.",
            given=type(history).__name__,
            cause=error,
            hint="canvas.draw_summary(history)",
        ) from error
    return SummaryPanel(title, step, float(getattr(elapsed, "total_seconds", lambda: elapsed)()))


def _several(metrics: Any) -> list[Any]:
    """The lines that were given; one of numbers is one line."""
    if isinstance(metrics, Metric | Mapping):
        return [metrics]
    if isinstance(metrics, list | tuple):
        nested = any(_is_column(item) for item in metrics)
        return list(metrics) if nested else [metrics]
    array = to_numpy(metrics)
    return list(array) if array.ndim == 2 else [array.ravel()]


def _is_column(item: Any) -> bool:
    return isinstance(item, Metric | list | tuple) or bool(getattr(item, "ndim", 0))


def _own_name(values: Any, index: int, count: int) -> str:
    if isinstance(values, Metric):
        return values.name
    return "" if count == 1 else str(index)


def _series(values: Any, name: str) -> Series:
    if isinstance(values, Metric):
        if not values.is_scalar:
            raise CanvasError(
                "a line needs numbers.",
                given=repr(values),
                hint=f"draw_image or draw_hist of {values.name!r}",
            )
        return Series(name, values.steps, values.data)
    numbers, gaps = _numbers(values)
    return Series(name, np.arange(len(numbers)), numbers, gaps)


def _numbers(values: Any) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_] | None]:
    """A column of float64, and where None stood."""
    gaps = None
    if isinstance(values, list | tuple):
        missing = [value is None for value in values]
        gaps = np.array(missing) if any(missing) else None
        values = [np.nan if value is None else _number(value) for value in values]
    array = _array(values, "draw_plot")
    if array.ndim > 1:
        raise CanvasError(
            "a line needs a column of numbers.",
            given=f"{array.dtype} {array.shape}",
            hint="draw_image(array) shows it as a picture",
        )
    return np.atleast_1d(array).astype(np.float64), gaps


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError, RuntimeError) as error:
        raise CanvasError(
            "this is no number.", given=f"{type(value).__name__} {value!r}"[:200], cause=error
        ) from error


def _array(values: Any, call: str) -> npt.NDArray[Any]:
    try:
        array = to_numpy(values)
    except (TypeError, ValueError, RuntimeError) as error:
        raise CanvasError(
            "this is no array of numbers.", given=type(values).__name__, cause=error
        ) from error
    if array.dtype.kind not in "biufc":
        raise CanvasError(
            "this is no array of numbers.",
            given=f"{type(values).__name__}, {array.dtype} {array.shape}",
            hint=f"canvas.{call}(history[key]) or an array",
        )
    return array
