"""A whole history as panels, chosen by names and kinds: what `introspect view` shows first.

Numbers that measure the same thing on several sets of data share a chart: ``train/loss`` with
``val/loss``, ``train_acc`` with ``test_acc``. What `introspect.watch` wrote is a table of
magnitudes and a few charts over all layers. Everything else is a panel of its own.

Cost: one look at each key, and at the newest value of those that are no numbers.

Not here: how a metric of one kind becomes a panel (``sources``).
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from introspect.canvas import sources
from introspect.canvas.twins import panel_of
from introspect.canvas.watched import is_watched_key, watched_panels
from introspect.nouns.metric import Metric
from introspect.nouns.panels import MessagePanel, Panel
from introspect.nouns.watched import is_beside

MOST_PANELS = 48
"""More than people look at; the search finds the others."""

_LONG = 64

_SETS = frozenset(
    "train training val valid validation dev test testing eval evaluation holdout".split()
)
_DRAWN = {
    "Sketch": "hist", "Histogram": "hist", "Images": "images", "Text": "text", "Table": "table",
    "Audio": "audio", "Video": "video", "Figure": "figure", "Embedding": "embedding",
    "PRCurve": "curve", "ConfusionMatrix": "confusion", "Graph": "graph",
}  # fmt: skip
"""Kind of value to the ``draw_*`` that shows it; arrays and Images are pictures, long rows
of numbers are histograms."""

_CUT = re.compile(r"[/._\- ]+")


def measure(key: str) -> str:
    """What a key measures, without the set of data that it was measured on.

    Example:
        >>> measure("train/loss"), measure("val_loss"), measure("loss/test"), measure("lr")
        ('loss', 'loss', 'loss', 'lr')
        >>> measure("train")
        'train'
    """
    words = [word for word in _CUT.split(key) if word and word.lower() not in _SETS]
    return " ".join(words) or key


def panels_of(history: Any, *, search: str = "") -> tuple[Panel, ...]:
    """A history as panels: numbers first, in the order in which they were first logged.

    Args:
        history: A History.
        search: Words; only keys that hold all of them are shown.

    Example:
        >>> from introspect.history import History
        >>> history = History()
        >>> history.log(0, train_loss=1.0, lr=0.1, test_loss=2.0)
        >>> [panel.title for panel in panels_of(history)]
        ['', 'loss', 'lr']
        >>> [panel.title for panel in panels_of(history, search="lr")]
        ['', 'lr']
    """
    keys = found(list(history.keys()), search)
    metrics = {key: history[key] for key in keys}
    numbers = [key for key in keys if metrics[key].is_scalar]
    groups = grouped(numbers)
    others = [key for key in keys if key not in set(numbers)]
    watched = {} if search else {key: metrics[key] for key in keys if is_watched_key(key)}
    if watched:
        groups = grouped(key for key in numbers if key not in watched)
        others = [key for key in others if key not in watched]
    made: list[Panel] = [sources.summary_panel(history, title="")]
    todo: list[tuple[str, Callable[[], Panel]]] = [
        (name, lambda name=name, keys=keys: _lines(name, [metrics[key] for key in keys]))
        for name, keys in groups.items()
    ]
    todo += watched_panels(watched)
    todo += [(key, lambda key=key: of_metric(metrics[key])) for key in others]
    made += [attempted(title, make) for title, make in todo[:MOST_PANELS]]
    if len(todo) > MOST_PANELS:
        made.append(MessagePanel("", f"{len(todo) - MOST_PANELS} more: search for a name"))
    return tuple(made)


def found(keys: Sequence[str], search: str) -> list[str]:
    """Keys that hold every word of a search, whatever the case.

    Numbers beside a watched tensor are found by their own name: ``"fc norm"``.
    """
    words = search.lower().split()
    return [
        key
        for key in keys
        if all(word in key.lower() for word in words)
        and (not words or not is_beside(key) or any(w in key.rpartition("/")[2] for w in words))
    ]


def grouped(keys: Iterable[str]) -> Mapping[str, list[str]]:
    """Keys by what they measure, in order of first appearance."""
    groups: dict[str, list[str]] = {}
    for key in keys:
        groups.setdefault(measure(key), []).append(key)
    return groups


def of_metric(metric: Metric) -> Panel:
    """One metric of any kind as the panel that suits it."""
    if metric.is_scalar:
        return _lines(metric.name, [metric])
    kind = type(metric.last).__name__
    if kind == "Mesh":
        return MessagePanel(metric.name, f"a {kind} is shown by TensorBoard")
    usual = "hist" if _is_long(metric.last) else "image"
    return panel_of(_DRAWN.get(kind, usual), metric, title=metric.name)


def _is_long(value: Any) -> bool:
    """A row of many numbers, which as a picture is a hairline."""
    return getattr(value, "ndim", 0) == 1 and value.size >= _LONG


def attempted(title: str, make: Callable[[], Panel]) -> Panel:
    """A panel, or why there is none: one that cannot be made hides no other."""
    try:
        return make()
    except Exception as error:  # noqa: BLE001  shown in its place
        return MessagePanel(title, f"{type(error).__name__}: {error}")


def _lines(name: str, metrics: list[Metric]) -> Panel:
    title = metrics[0].name if len(metrics) == 1 else name
    return sources.line_panel(metrics, labels=None, ylabel="", title=title, smooth="auto")
