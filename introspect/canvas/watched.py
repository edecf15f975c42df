"""What `introspect.watch` wrote, as panels that are read first.

The table of magnitudes; then one chart for each number that tells trainings apart, with a line
for each layer from the input to the output; then how each weight moves. Numbers that have
nothing to say (no NaN at all) get no chart.

Cost: one look at each key, a pass over the numbers that are drawn.

Not here: other keys (``introspect.canvas.automatic``).
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from introspect.canvas import sources, sources_media
from introspect.nouns.metric import Metric
from introspect.nouns.panels import Panel
from introspect.nouns.watched import KINDS, is_beside, is_watched

MOST_LINES = 12
"""Layers of one chart, evenly in depth."""

Todo = list[tuple[str, Callable[[], Panel]]]

USUAL = {"usual": (1e-4, 1e-2)}

_CHARTS: tuple[tuple[str, str, str, dict[str, Any]], ...] = (
    ("updates", "ratio", "Update to weight", {"log": "y", "baselines": USUAL}),
    ("gradients", "norm", "Gradient norm", {"log": "y"}),
    ("activations", "dead", "Dead channels", {"ylabel": "% of channels", "ylim": (0.0, 1.0)}),
    ("activations", "saturated", "Saturated units", {"ylabel": "% of units", "ylim": (0.0, 1.0)}),
    ("weights", "stable_rank", "Stable rank", {}),
    *((kind, what, f"{word} in {kind}", {}) for what, word in (("nan", "NaN"), ("inf", "Inf"))
      for kind in ("weights", "gradients", "activations")),
)  # fmt: skip
"""Kind, number, title, options of the chart."""

_SILENT_AT_ZERO = frozenset({"dead", "saturated", "nan", "inf"})


def is_watched_key(key: str) -> bool:
    """Whether a key was written by a watch: a tensor, or a number beside it."""
    return is_watched(key) or is_beside(key)


def watched_panels(metrics: Mapping[str, Metric], *, title: str = "") -> Todo:
    """Panels to be made, by their titles; none if nothing was watched.

    Args:
        metrics: Of one run, by key.
        title: What the run is called, if there are several.

    Example:
        >>> from introspect.history import History
        >>> from introspect.nouns.sketch import Sketch
        >>> history, sketch = History(), Sketch.of([1.0])
        >>> for step in range(3):
        ...     history.log(step, **{"weights/fc.weight": sketch, "weights/fc.weight/nan": 0.0})
        >>> keys = {key: history[key] for key in history.keys()}
        >>> [title for title, _ in watched_panels(keys)]
        ['Magnitudes', 'weights/fc.weight']
    """
    tensors = {key: metric for key, metric in metrics.items() if _holds_tensors(key, metric)}
    if not tensors:
        return []
    head = f"Magnitudes, {title}" if title else "Magnitudes"
    made: Todo = [
        (
            head,
            lambda: sources_media.magnitudes_panel(tensors, layers=None, kinds=KINDS, title=head),
        )
    ]
    for kind, number, words, options in _CHARTS:
        lines = _lines(metrics, kind, number)
        if lines:
            name = f"{words}, {title}" if title else words
            made.append((name, lambda lines=lines, name=name, o=options: _chart(lines, name, o)))
    weights = [key for key in tensors if key.startswith("weights/") and not key.endswith("bias")]
    for key in weights:
        name = f"{key}, {title}" if title else key
        made.append((name, lambda m=tensors[key], name=name: _ridge(m, name)))
    return made


def _holds_tensors(key: str, metric: Metric) -> bool:
    return is_watched(key) and len(metric) > 0 and not metric.is_scalar


def _lines(metrics: Mapping[str, Metric], kind: str, number: str) -> dict[str, Metric]:
    """Layer to its number, from the input to the output, without biases."""
    found = {}
    for key, metric in metrics.items():
        parts = key.rpartition("/")
        layer = parts[0].removeprefix(f"{kind}/")
        is_meant = parts[2] == number and is_beside(key) and key.startswith(f"{kind}/")
        if is_meant and metric.is_scalar and len(metric) and layer.rpartition(".")[2] != "bias":
            found[layer.removesuffix(".weight")] = metric
    if number in _SILENT_AT_ZERO:
        found = {name: metric for name, metric in found.items() if np.nanmax(metric.data) > 0}
    names = list(found)
    count = min(len(names), MOST_LINES)
    places = np.linspace(0, len(names) - 1, count).round().astype(int).tolist()
    return {names[at]: found[names[at]] for at in places}


def _chart(lines: Mapping[str, Metric], title: str, options: Mapping[str, Any]) -> Panel:
    known: dict[str, Any] = {"ylabel": "", **options}
    return sources.line_panel(
        list(lines.values()), labels=list(lines), title=title, smooth="off", **known
    )


def _ridge(metric: Metric, title: str) -> Panel:
    return sources_media.ridge_panel(metric, kind="ridge", limit=None, title=title)
