"""Several runs in one chart: a line for each run, or mean and band of each group.

Cost: that of `panels_of` for each run. Groups are aligned again when a run has grown.

Not here: one run alone (``introspect.canvas.automatic``), the alignment
(``introspect.history.many.comparing``).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from introspect.canvas import sources
from introspect.canvas.automatic import MOST_PANELS, attempted, found, of_metric
from introspect.canvas.watched import is_watched_key, watched_panels
from introspect.history.many import Runs
from introspect.history.many.row import goal_of
from introspect.nouns.panels import LinePanel, MessagePanel, Panel, Series, TablePanel
from introspect.nouns.values import Table

MOST_LINES = 24
"""Of one chart; more cannot be told apart."""

_MOST_PICTURES = 3  # runs whose pictures and histograms stand side by side


def together(
    histories: Mapping[str, Any], *, search: str = "", colors: Mapping[str, int] | None = None
) -> tuple[Panel, ...]:
    """Runs as panels: a chart for each metric with a line for each run.

    Args:
        histories: Name of a run to its History.
        search: Words; only keys that hold all of them are shown.
        colors: Name of a run to which of the categorical colours it has in every chart; None for
            its place among the runs that are shown.

    Example:
        >>> from introspect.history import History
        >>> one, other = History(), History()
        >>> one.log(0, loss=1.0)
        >>> other.log(0, loss=2.0)
        >>> (panel,) = together({"one": one, "other": other})
        >>> panel.title, [line.name for line in panel.series]
        ('loss', ['one', 'other'])
    """
    shades = {name: place for place, name in enumerate(histories)} | dict(colors or {})
    metrics = {name: _metrics(history, search) for name, history in histories.items()}
    watched: list[tuple[str, Callable[[], Panel]]] = []
    if not search:  # what a watch wrote: a table of magnitudes and two charts for each run
        for name, of_run in list(metrics.items())[:_MOST_PICTURES]:
            mine = {key: metric for key, metric in of_run.items() if is_watched_key(key)}
            watched += watched_panels(mine, title=name)[:3]
        metrics = {
            name: {key: metric for key, metric in of_run.items() if not is_watched_key(key)}
            for name, of_run in metrics.items()
        }
    keys = list(dict.fromkeys(key for of_run in metrics.values() for key in of_run))
    todo: list[tuple[str, Callable[[], Panel]]] = []
    later: list[tuple[str, Callable[[], Panel]]] = []
    for key in keys:
        having = {name: of_run[key] for name, of_run in metrics.items() if key in of_run}
        if all(metric.is_scalar for metric in having.values()):
            todo.append((key, lambda key=key, having=having: _lines(key, having, shades)))
        else:
            for name, metric in list(having.items())[:_MOST_PICTURES]:
                title = f"{key}, {name}"
                later.append((title, lambda m=metric, t=title: _titled(of_metric(m), t)))
    return limited([*todo, *watched, *later])


def by_group(
    table: Runs, group: str, *, search: str = "", colors: Mapping[str, int] | None = None
) -> tuple[Panel, ...]:
    """Runs as panels: mean and range of each group of runs, a chart for each metric.

    Args:
        table: The runs.
        group: Dotted name of a hyper-parameter.
        search: Words; only keys that hold all of them are shown.
        colors: Name of a run to which of the categorical colours its group has; None for the
            place of the group among those that are shown.
    """
    keys, shades = found(table.metric_keys, search), dict(colors or {})
    return limited([(key, lambda key=key: _groups(table, key, group, shades)) for key in keys])


def settings(table: Runs, metrics: Sequence[str] = ()) -> TablePanel | None:
    """The runs as a table: settings that differ, and the last of each metric."""
    config = table.config_keys()
    keys = list(metrics)[:6]
    if not len(table) or not (config or keys):
        return None
    rows = [
        [run.name, *(run.flat_config.get(name) for name in config), *(run.last(k) for k in keys)]
        for run in table
    ]
    made = Table.of(rows, columns=("run", *config, *keys))
    best = tuple((key, goal) for key in keys if (goal := goal_of(key)))
    return TablePanel("runs", None, [made], best=best, title="Runs")


def limited(todo: Sequence[tuple[str, Callable[[], Panel]]]) -> tuple[Panel, ...]:
    """The first panels, and a word about how many more there are."""
    made = [attempted(title, make) for title, make in todo[:MOST_PANELS]]
    if len(todo) > MOST_PANELS:
        made.append(MessagePanel("", f"{len(todo) - MOST_PANELS} more: search for a name"))
    return tuple(made)


def _metrics(history: Any, search: str) -> dict[str, Any]:
    return {key: history[key] for key in found(list(history.keys()), search)}


def _lines(key: str, having: Mapping[str, Any], shades: Mapping[str, int]) -> Panel:
    shown = dict(list(having.items())[:MOST_LINES])
    more = len(having) - len(shown)
    note = f"{more} more runs not shown" if more else ""
    panel = sources.line_panel(shown, labels=None, ylabel=note, title=key, smooth="auto")
    colored = zip(panel.series, shown, strict=True)
    return replace(panel, series=tuple(replace(line, color=shades[run]) for line, run in colored))


def _groups(table: Runs, key: str, group: str, shades: Mapping[str, int]) -> Panel:
    compared = table.compare(key, group_by=f"config.{group}", band="minmax")
    steps = np.asarray(compared.axis, np.int64)
    series = tuple(
        Series(
            _value(one.label),
            steps,
            one.mean,
            one.count == 0,
            one.low,
            one.high,
            shades.get(one.runs[0]),
        )
        for one in compared.groups
    )
    return LinePanel(series, title=key, band=f"mean and range of runs by {group}")


def _value(label: str) -> str:
    """What a group has in common, without the name that stands beside the title."""
    return label.rpartition("=")[2] or label


def _titled(panel: Panel, title: str) -> Panel:
    return replace(panel, title=title) if hasattr(panel, "title") else panel
