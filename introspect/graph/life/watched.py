"""History -> Watched: the sketches and numbers of a watched training, joined to a graph.

``introspect.watch`` logs sketches under ``weights/NAME``, ``gradients/NAME``, ``updates/NAME`` and
``activations/MODULE``, and numbers beside each: ``weights/NAME/norm``. Here they become one
course for each tensor, over the records that all courses share.

Cost: what reading the history costs, and 1 us a record of each tensor.

Axes:
    T: records

Not here: which box holds which tensor (``members``), what is read off them (``statistics``).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from os import PathLike
from typing import Any

import numpy as np
import numpy.typing as npt

from introspect.errors import HistoryError
from introspect.graph.life.names import module_names, parameter_names
from introspect.history import History
from introspect.nouns.graph import Graph
from introspect.nouns.metric import Metric, Step, format_step
from introspect.nouns.sketch import Sketch

KINDS = ("weights", "gradients", "updates", "activations")
NUMBERS = ("norm", "ratio", "dead", "saturated")
"""Of the numbers beside a sketch, those that cannot be read off it."""

_SHOWN = 4
_CHANNELS_LAST = 3
_CHANNELS_SECOND = ("Conv1d", "ConvTranspose1d", "BatchNorm1d", "InstanceNorm1d")


@dataclass(frozen=True, slots=True, eq=False)
class Course:
    """One tensor over time.

    Attributes:
        kind: One of `KINDS`.
        name: Of the parameter or module, as the graph has it.
        sketches: One a record; None where nothing was recorded.
        numbers: Of `NUMBERS`, float64 of shape ``(T,)``; NaN where there is none.
        channels: Of an activation: how many it has; the weight of its share of dead ones.
    """

    kind: str
    name: str
    sketches: tuple[Sketch | None, ...]
    numbers: Mapping[str, npt.NDArray[np.float64]] = field(default_factory=dict)
    channels: int = 1


@dataclass(frozen=True, slots=True, eq=False)
class Watched:
    """All that was recorded of one model.

    Attributes:
        records: The steps, in order; `T` of them.
        courses: By kind, in the order of `KINDS`, then in the order of the history.
        recorded: How many records the history has; more than `T` if some were left out.
        strangers: Keys with sketches that belong to nothing in the graph.
    """

    records: tuple[Step, ...]
    courses: tuple[Course, ...]
    recorded: int
    strangers: tuple[str, ...] = ()

    def thinned(self, most: int) -> "Watched":
        """At most so many records, evenly, with the first and the last."""
        if len(self.records) <= most:
            return self
        rows = sorted({round(x) for x in np.linspace(0, len(self.records) - 1, max(most, 2))})
        return replace(
            self,
            records=tuple(self.records[row] for row in rows),
            courses=tuple(
                replace(
                    course,
                    sketches=tuple(course.sketches[row] for row in rows),
                    numbers={key: column[rows] for key, column in course.numbers.items()},
                )
                for course in self.courses
            ),
        )

    def record(self, step: Step | None) -> int:
        """Which record a step is; the last for None.

        Raises:
            HistoryError: If nothing was recorded then; names the nearest records.
        """
        if step is None:
            return len(self.records) - 1
        if step in self.records:
            return self.records.index(step)
        same = [
            k for k, one in enumerate(self.records) if isinstance(one, tuple) and one[0] == step
        ]
        if same:
            return same[-1]  # an epoch is known by its last record
        near = ", ".join(map(repr, _nearest(self.records, step)))
        raise HistoryError(
            "nothing was recorded of the model at this step.",
            given=f"step={step!r}",
            hint=f"of {len(self.records)} records the nearest are {near}; an epoch alone stands "
            "for its last record",
        )


def history_of(source: Any) -> Any:
    """A history, from what people have in hand: itself, a Watch, or the folder of a run.

    Raises:
        HistoryError: If it is none of those.
    """
    if isinstance(source, str | PathLike):
        return History.open(source)
    if hasattr(source, "history") and not hasattr(source, "keys"):
        source = source.history  # a Watch
    if hasattr(source, "keys") and hasattr(source, "__getitem__") and hasattr(source, "step"):
        return source
    raise HistoryError(
        "this is no history of a training.",
        given=f"history={source!r:.60}",
        hint="an introspect.History, the Watch that wrote it, or the folder of a run",
    )


def read_watched(graph: Graph, source: Any) -> Watched:
    """What a history says about the tensors of a graph.

    Args:
        graph: As traced.
        source: A History, a Watch or the folder of a run.

    Raises:
        HistoryError: If it holds no sketches of a model, or none of this one.

    Example:
        >>> import introspect, torch
        >>> model, history = torch.nn.Linear(4, 2), introspect.History()
        >>> history.log(3, **{"weights/weight": Sketch.of(model.weight)})
        >>> found = read_watched(introspect.trace(model, torch.zeros(1, 4)), history)
        >>> found.records, found.courses[0].name, found.courses[0].sketches[0].n
        ((3,), 'weight', 8)
    """
    history = history_of(source)
    metrics = _sketched(history)
    if not metrics:
        raise HistoryError(
            "this history holds no sketches of a model.",
            where=repr(history),
            given="keys " + _some(history.keys()) if len(history) else "an empty history",
            hint="introspect.watch(model, optimizer, history=history) before the training",
        )
    names = {"activations": module_names(graph)}
    parameters = parameter_names(graph)
    found: dict[tuple[str, str], Metric] = {}
    strangers = []
    for key, metric in metrics.items():
        kind, _, name = key.partition("/")
        known = names.get(kind, parameters).find(name)
        if known is None:
            strangers.append(key)
        else:
            found.setdefault((kind, known), metric)
    if not found:
        raise HistoryError(
            "no key of this history belongs to a parameter or module of this graph.",
            where=repr(history),
            given=_some(strangers),
            hint=f"the graph {graph.name} has {_some(_own_names(graph))}",
        )
    return _joined(graph, history, found, tuple(strangers))


def _sketched(history: Any) -> dict[str, Metric]:
    """The keys of a watch that hold sketches."""
    found = {}
    for kind in KINDS:
        for key in history.groups().get(kind, ()):
            metric = history[key]
            if not metric.is_scalar and len(metric) and isinstance(metric.last, Sketch):
                found[key] = metric
    return found


def _own_names(graph: Graph) -> list[str]:
    return [value.name for value in graph.values if value.kind == "parameter" and value.name]


def _some(names: Iterable[str]) -> str:
    names = list(names)
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(repr(name) for name in names[:_SHOWN]) + more


def _joined(
    graph: Graph, history: Any, found: Mapping[tuple[str, str], Metric], strangers: tuple[str, ...]
) -> Watched:
    paired = sorted({tuple(row) for m in found.values() for row in m.paired_steps.tolist()})
    place = {pair: k for k, pair in enumerate(paired)}
    has_epochs = any(metric.steps.ndim == 2 for metric in found.values())
    records = tuple((e, s) if has_epochs else s for e, s in paired)
    keys = set(history.keys())
    channels = _channels(graph)
    courses = []
    for (kind, name), metric in found.items():
        sketches: list[Sketch | None] = [None] * len(paired)
        for row, value in zip(metric.paired_steps.tolist(), metric.data, strict=True):
            sketches[place[tuple(row)]] = value if isinstance(value, Sketch) else None
        numbers = {
            word: _column(history[f"{metric.name}/{word}"], place)
            for word in NUMBERS
            if f"{metric.name}/{word}" in keys
        }
        width = channels.get(name, 1) if kind == "activations" else 1
        courses.append(Course(kind, name, tuple(sketches), numbers, width))
    return Watched(records, tuple(courses), len(records), strangers)


def _column(metric: Metric, place: Mapping[tuple[int, ...], int]) -> npt.NDArray[np.float64]:
    column = np.full(len(place), np.nan)
    if metric.is_scalar:
        for row, value in zip(metric.paired_steps.tolist(), metric.data.tolist(), strict=True):
            if tuple(row) in place:
                column[place[tuple(row)]] = value
    return column


def _channels(graph: Graph) -> dict[str, int]:
    """Module path -> the channels of its output, told from its shape as a watch does."""
    found: dict[str, int] = {}
    for call in graph.calls:
        shape = call.outputs[0].shape if call.outputs else None
        if not shape or len(shape) < 2:
            continue
        is_last = len(shape) == _CHANNELS_LAST and call.module not in _CHANNELS_SECOND
        found.setdefault(call.path, max(shape[-1 if is_last else 1], 1))
    return found


def _nearest(records: Sequence[Step], step: Any) -> list[Step]:
    pair = step if isinstance(step, tuple) and len(step) == 2 else (0, step)
    if not isinstance(step, tuple) and isinstance(records[0], tuple):
        pair = (step, 0)  # an epoch
    try:
        return sorted(records, key=lambda one: _apart(one, pair))[:3]
    except TypeError:
        return list(records[:3])


def _apart(one: Step, pair: tuple[Any, Any]) -> tuple[Any, Any]:
    epoch, number = one if isinstance(one, tuple) else (0, one)
    return abs(epoch - pair[0]), abs(number - pair[1])


def written_step(step: Step) -> str:
    """A record as people read it: ``"epoch 2, step 300"``.

    Example:
        >>> written_step((2, 300)), written_step(1500)
        ('epoch 2, step 300', 'step 1500')
    """
    if isinstance(step, tuple):
        return f"epoch {step[0]}, step {step[1]}"
    return f"step {format_step(step)}"
