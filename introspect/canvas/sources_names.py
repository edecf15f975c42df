"""What users pass to draw bars, pies, heat maps and confusion matrices, to Panels.

Metrics pass by reference; single values are copied, since a training may change them.

Not here: lines and pictures (``introspect.canvas.sources``).
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from introspect.canvas.newest import numbers_of
from introspect.errors import CanvasError
from introspect.nouns.metric import Metric
from introspect.nouns.panels import BarPanel, ConfusionPanel, HeatmapPanel, PiePanel, Rows, Stepped
from introspect.nouns.panels.lines import Ends

Floats = npt.NDArray[np.float64]
Names = Sequence[str] | None


def stepped(values: Any, call: str) -> tuple[str, npt.NDArray[np.int64] | None, Sequence[Any]]:
    """Name, steps and data of a Metric of arrays, or of one array, which is copied.

    Raises:
        CanvasError: If it holds no numbers.
    """
    if isinstance(values, Metric):
        if values.is_scalar and len(values):
            raise CanvasError(
                "this needs several numbers at each step.",
                given=repr(values),
                hint=f"canvas.draw_plot(history[{values.name!r}])",
            )
        return values.name, values.steps, values.data
    return "", None, [copied(values, call)]


def copied(values: Any, call: str) -> Any:
    """A copy of numbers; values of ours, which do not change, as they are."""
    if hasattr(values, "counts") or hasattr(values, "vectors") or hasattr(values, "precision"):
        return values
    try:
        return np.array(numbers_of(values))
    except (TypeError, ValueError, RuntimeError) as error:
        if isinstance(error, CanvasError):
            raise
        raise CanvasError(
            "this is no array of numbers.",
            given=type(values).__name__,
            cause=error,
            hint=f"canvas.{call}(history[key]) or an array",
        ) from error


def bar_panel(
    values: Any,
    names: Names,
    *,
    totals: Any,
    labels: Names,
    direction: str,
    title: str,
    ylabel: str,
    limits: Ends | None,
) -> BarPanel:
    """Numbers by name, or groups of them, to a bar panel.

    Args:
        values: Numbers, a Metric of arrays ``(k,)``, scalar Metrics (one bar each), a mapping of
            names to numbers or scalar Metrics, or of group names to columns; ``(g, k)`` are groups.
        names: Of the bars.
        totals: What each is a part of.
        labels: Names of the groups.
        direction: ``"vertical"`` or ``"horizontal"``.
        title: What is shown.
        ylabel: The unit.
        limits: Ends of the axis of values.

    Raises:
        CanvasError: If names and numbers do not fit each other.

    Example:
        >>> panel = bar_panel({"cat": 3, "dog": 4}, None, totals=5, labels=None,
        ...                   direction="vertical", title="", ylabel="", limits=None)
        >>> panel.names, panel.groups[0].data[-1].tolist(), panel.totals.tolist()
        (('cat', 'dog'), [3.0, 4.0], [5.0, 5.0])
    """
    groups, own = _groups(values)
    if labels is not None:
        given = [labels] if isinstance(labels, str) else list(labels)
        renamed = [*given, *(group.name for group in groups[len(given) :])]
        groups = [Stepped(str(n), g.steps, g.data) for n, g in zip(renamed, groups, strict=False)]
    count = next((len(numbers_of(g.data[-1]).ravel()) for g in groups if len(g.data)), 0)
    known = list(map(str, names)) if names is not None else own or [str(i) for i in range(count)]
    if direction not in {"vertical", "horizontal"}:
        raise CanvasError(
            "bars are vertical or horizontal.",
            given=f"direction={direction!r}",
            hint='"horizontal"',
        )
    if count and len(known) != count:
        raise CanvasError(
            "bars need a name for each number.", given=f"{len(known)} names, {count} numbers"
        )
    way: Literal["vertical", "horizontal"] = "vertical" if direction == "vertical" else "horizontal"
    whole = None if totals is None else _totals(totals, tuple(known))
    return BarPanel(tuple(known), tuple(groups), whole, way, title, ylabel, limits)


def _groups(values: Any) -> tuple[list[Stepped], list[str]]:
    """The groups, and names of the bars where the values have them."""
    if isinstance(values, Mapping):
        if all(_is_single(value) for value in values.values()):
            return [_of_singles(list(values.values()))], [str(key) for key in values]
        groups = []
        for key, value in values.items():
            _, steps, data = stepped(value, "draw_bar")
            groups.append(Stepped(str(key), steps, data))
        return groups, []
    if isinstance(values, list | tuple) and any(isinstance(v, Metric) for v in values):
        if all(_is_single(value) for value in values):
            return [_of_singles(list(values))], [
                getattr(v, "name", str(i)) for i, v in enumerate(values)
            ]
        return [Stepped(*stepped(value, "draw_bar")) for value in values], []
    name, steps, data = stepped(values, "draw_bar")
    if steps is None and np.ndim(data[0]) == 2:
        return [Stepped(str(i), None, [row]) for i, row in enumerate(data[0])], []
    return [Stepped(name, steps, data)], []


def _is_single(value: Any) -> bool:
    return value.is_scalar if isinstance(value, Metric) else np.ndim(value) == 0


def _of_singles(values: list[Any]) -> Stepped:
    """One bar for each scalar Metric or number; the newest value of each is the bar."""
    metrics = [value for value in values if isinstance(value, Metric)]
    if not metrics:
        return Stepped("", None, [np.array([float(value) for value in values])])
    longest = max(metrics, key=len)
    fixed = [v.data if isinstance(v, Metric) else np.full(len(longest), float(v)) for v in values]
    return Stepped("", longest.steps, Rows(tuple(fixed), len(longest)))


def _totals(totals: Any, names: tuple[str, ...]) -> Floats:
    if isinstance(totals, Mapping):
        totals = [totals[name] for name in names]
    if isinstance(totals, Metric):
        totals = totals.last if totals else np.nan
    row = np.array(numbers_of(totals)).ravel()
    row = np.full(len(names), row[0]) if len(row) == 1 else row
    if len(row) != len(names):
        raise CanvasError(
            "there is a total for each bar.", given=f"{len(row)} totals, {len(names)} names"
        )
    return row


def pie_panel(values: Any, names: Names, *, title: str) -> PiePanel:
    """Parts of a whole to a pie panel: a mapping, numbers or a Metric of arrays."""
    if isinstance(values, Mapping):
        group = _of_singles(list(values.values()))
        own = tuple(map(str, values))
        return PiePanel("", group.steps, group.data, names=own, title=title)
    name, steps, data = stepped(values, "draw_pie")
    return PiePanel(name, steps, data, names=tuple(map(str, names or ())), title=title)


def heatmap_panel(  # noqa: PLR0913  the options of a chart
    matrix: Any,
    *,
    rows: Names,
    columns: Names,
    cmap: str | None,
    numbers: bool | None,
    limits: Ends | None,
    over_steps: bool,
    title: str,
    ylabel: str,
) -> HeatmapPanel:
    """A matrix, or a Metric of matrices or vectors, to a heat map panel.

    A mapping of names to scalar Metrics is a row for each of them over their steps.
    """
    if isinstance(matrix, Mapping):
        group = _of_singles(list(matrix.values()))
        name, steps, data = "", group.steps, group.data
        rows, over_steps = rows or [str(key) for key in matrix], True
    else:
        if hasattr(matrix, "columns") and hasattr(matrix, "index"):  # a pandas frame
            rows = rows or [str(key) for key in matrix.index]
            columns = columns or [str(key) for key in matrix.columns]
        name, steps, data = stepped(matrix, "draw_heatmap")
    return HeatmapPanel(
        name,
        steps,
        data,
        row_names=tuple(map(str, rows or ())),
        column_names=tuple(map(str, columns or ())),
        cmap=cmap,
        numbers=numbers,
        limits=limits,
        over_steps=over_steps,
        title=title,
        ylabel=ylabel,
    )


def confusion_panel(counts: Any, names: Names, *, shares: bool, title: str) -> ConfusionPanel:
    """Counts ``(k, k)``, a ConfusionMatrix, or a Metric of either, to a confusion panel."""
    name, steps, data = stepped(counts, "draw_confusion")
    known = tuple(map(str, names or ()))
    return ConfusionPanel(name, steps, data, names=known, shares=shares, title=title)
