"""What is compared: a source, keys and times to courses of moments.

Cost: what reading the metrics of the history costs, and 2.4 ns a value where tensors and not
sketches were logged.

Not here: pictures (``introspect.tensors.compare``).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

import numpy as np

from introspect.errors import HistoryError, MetricNotFoundError, SketchError
from introspect.nouns.metric import Metric, Step, format_step
from introspect.nouns.sketch import Sketch
from introspect.nouns.watched import is_beside, over_ranks
from introspect.tensors.moments import Course, Moment


@dataclass(frozen=True, slots=True)
class Choice:
    """Which times, and what they are measured against.

    Attributes:
        steps: Exact steps, or None.
        epochs: Epochs, each by its last record, or None.
        most: Of all records, at most so many, evenly, if neither is given.
        to: ``"first"``, ``"previous"``, an epoch, an exact step, or the name of a run.
    """

    steps: tuple[Step, ...] | None
    epochs: tuple[int, ...] | None
    most: int
    to: Any


def histories_of(source: Any, runs: Sequence[str] | None) -> dict[str, Any]:
    """Name to history. A single history has the name ``""``.

    Raises:
        HistoryError: If the source is none of those, or a run is unknown.
    """
    if hasattr(source, "history") and not hasattr(source, "keys"):
        source = source.history  # a Watch
    if isinstance(source, Mapping) and not hasattr(source, "log"):
        found = {str(name): history for name, history in source.items()}
    elif hasattr(source, "metric_keys"):  # the table of introspect.runs(folder)
        wanted = None if runs is None else set(runs)
        found = {r.name: r.open() for r in source if wanted is None or r.name in wanted}
    elif hasattr(source, "keys") and hasattr(source, "__getitem__"):
        found = {"": source}
    else:
        raise HistoryError(
            "histograms are compared in a history, or in several.",
            given=type(source).__name__,
            hint='a History, a Watch, {"name": History, ...} or introspect.runs(folder)',
        )
    if runs is not None and found.keys() != {""}:
        missing = [name for name in runs if name not in found]
        if missing:
            raise HistoryError(
                "there is no such run.", given=repr(missing[0]), hint=", ".join(found) or None
            )
        found = {name: found[name] for name in runs}
    elif runs is not None:
        raise HistoryError(
            "one history has no runs to choose from.",
            given=f"runs={list(runs)}",
            hint='{"name": History, ...} or introspect.runs(folder)',
        )
    if not found:
        raise HistoryError("there are no runs to compare.", given="0 runs")
    return found


def metrics_of(histories: Mapping[str, Any], key: Any) -> dict[str, list[Metric]]:
    """The metrics that are meant, by run; those of a pattern that hold no tensors are left out."""
    chosen, problems = {}, []
    for run, history in histories.items():
        try:
            keys, is_pattern = _keys(history, key)
            metrics = [over_ranks(history[name]) for name in keys]
        except MetricNotFoundError as error:
            problems.append(error)
            continue
        if is_pattern:  # a pattern may well touch keys that hold other things
            metrics = [metric for metric in metrics if _holds_tensors(metric)] or metrics[:1]
        chosen[run] = metrics
    if not chosen:
        raise problems[0]
    return chosen


def courses_of(chosen: Mapping[str, list[Metric]], choice: Choice) -> tuple[Course, ...]:
    """A course for each key of each run."""
    everything = [metric for metrics in chosen.values() for metric in metrics]
    _check_times(everything, choice)
    found = []
    for run, metrics in chosen.items():
        found += [_course(metric, choice, run) for metric in metrics]
    return tuple(course for course in found if course.moments)


def across_runs(courses: Sequence[Course], choice: Choice) -> tuple[Course, ...]:
    """Courses of several runs, turned: one for each key and time, whose moments are the runs.

    Without times, the last of each run.
    """
    has_times = choice.steps is not None or choice.epochs is not None
    groups: dict[tuple[str, str], list[tuple[str, Moment]]] = {}
    for course in courses:
        for moment in course.moments if has_times else course.moments[-1:]:
            time = (moment.step if choice.steps else str(moment.epoch)) if has_times else ""
            groups.setdefault((course.key, time), []).append((course.run, moment))
    turned = []
    for (key, _), found in groups.items():
        names = [name for name, _ in found]
        base = found[names.index(choice.to) if choice.to in names else 0][1].sketch
        order = sorted(found, key=lambda pair: pair[1].sketch is not base)
        moments = tuple(Moment(name, m.epoch, m.step, m.sketch, base, m.when) for name, m in order)
        stated = f" {found[0][1].label}" if has_times else ""
        turned.append(Course(key, moments, stated.strip(), over_runs=True))
    return tuple(turned)


def _keys(history: Any, key: str | Sequence[str]) -> tuple[list[str], bool]:
    """The keys that are meant, and whether they came from a pattern."""
    known = list(history.keys())
    if not isinstance(key, str):
        found = [name for one in key for name in _keys(history, one)[0]]
        if not found:
            raise MetricNotFoundError("an empty list of keys compares nothing.", given=repr(key))
        return list(dict.fromkeys(found)), any(_keys(history, one)[1] for one in key)
    if key in known or not set(key) & set("*?["):
        return [key], False
    found = [name for name in known if fnmatchcase(name, key)]
    if not found:
        shown = ", ".join(known[:8]) + (f" and {len(known) - 8} more" if len(known) > 8 else "")
        raise MetricNotFoundError(
            "no key matches this pattern.", given=repr(key), hint=shown or "log something first"
        )
    return found, True


def _holds_tensors(metric: Metric) -> bool:
    """Whether the newest value is a sketch, or something that can be sketched."""
    if metric.is_scalar or not len(metric) or is_beside(metric.name):
        return False  # beside a weight: singular values, not values of a tensor
    return isinstance(metric.last, Sketch) or hasattr(metric.last, "__array__")


def _check_times(metrics: Sequence[Metric], choice: Choice) -> None:
    """Each epoch or step that was asked for has to exist for one key at least."""
    if choice.steps is not None and choice.epochs is not None:
        raise HistoryError(
            "either steps or epochs.", given=f"steps={choice.steps}, epochs={choice.epochs}"
        )
    wanted: tuple[Any, ...] | None = choice.epochs if choice.steps is None else choice.steps
    if wanted is None:
        return
    word = "epoch" if choice.steps is None else "step"
    known: list[Any] = sorted(
        {epoch for metric in metrics for epoch in metric.last_of_epochs()}
        if choice.steps is None
        else {step for metric in metrics for step in metric.step_keys()}
    )
    missing = [time for time in wanted if time not in known]
    if missing or not wanted:
        shown = ", ".join(map(str, known[:12])) + (f" ... {known[-1]}" if len(known) > 12 else "")
        raise HistoryError(
            f"{word} {missing[0]} was never logged." if missing else f"no {word}s were given.",
            where=metrics[0].name,
            given=f"{word}s={list(wanted)}",
            hint=f"those there are: {shown}" if known else "log something first",
        )


def _course(metric: Metric, choice: Choice, run: str) -> Course:
    """One key at the times asked for (those it has), or at its start and up to its end."""
    if not _holds_tensors(metric):
        held = "numbers" if metric.is_scalar else type(metric.last).__name__
        raise HistoryError(
            "only sketches and tensors have histograms.",
            where=metric.name,
            given=held,
            hint='watch(model, history=history), then "weights/*"',
        )
    steps = list(metric.step_keys())
    last = metric.last_of_epochs()
    rows = _rows(metric, choice, steps, last)
    word = "epoch" if metric.steps.ndim == 2 else "step"
    ends = set(last.values())
    sketches = [_sketch(metric, row) for row in rows]
    reference = _reference(metric, choice, steps, last, sketches)
    moments = []
    for place, (row, sketch) in enumerate(zip(rows, sketches, strict=True)):
        step = steps[row]
        epoch = step[0] if isinstance(step, tuple) else step
        label = f"{word} {epoch}" if row in ends else "start"
        if row not in ends and (choice.steps is not None or row):
            label = f"step {format_step(step)}"
        moments.append(Moment(label, epoch, format_step(step), sketch, reference(place), step))
    return Course(metric.name, tuple(moments), run)


def _rows(metric: Metric, choice: Choice, steps: list[Step], last: Mapping[int, int]) -> list[int]:
    if choice.steps is not None:
        places = {step: row for row, step in enumerate(steps)}
        return sorted({places[step] for step in choice.steps if step in places})
    if choice.epochs is not None:
        return sorted({last[int(epoch)] for epoch in choice.epochs if epoch in last})
    of_epochs = sorted({0, *last.values()})
    rows = of_epochs if len(of_epochs) > 6 or choice.most <= 6 else list(range(len(metric)))
    return spaced(rows, choice.most)


def spaced(rows: list[int], most: int) -> list[int]:
    """At most so many, evenly, with the first and the last."""
    places = np.linspace(0, len(rows) - 1, min(most, len(rows)))
    return [rows[round(place)] for place in places.tolist()]


def _reference(
    metric: Metric,
    choice: Choice,
    steps: list[Step],
    last: Mapping[int, int],
    sketches: list[Sketch],
) -> Callable[[int], Sketch]:
    """Of the place of a moment, the sketch that it is measured against."""
    to = choice.to
    if to == "previous":
        return lambda place: sketches[max(place - 1, 0)]
    if to == "first" or isinstance(to, str):
        return lambda _: sketches[0]
    row = steps.index(to) if to in steps and isinstance(to, tuple) else last.get(to)
    if row is None:
        raise HistoryError(
            "what should be compared to was never logged.",
            where=metric.name,
            given=f"to={to!r}",
            hint='"first", "previous", an epoch, or an (epoch, step)',
        )
    base = _sketch(metric, row)
    return lambda _: base


def _sketch(metric: Metric, row: int) -> Sketch:
    value = metric.data[row]
    if isinstance(value, Sketch):
        return value
    try:
        return Sketch.of(value)
    except SketchError as error:
        raise HistoryError(
            "only sketches and tensors have histograms.", where=metric.name, cause=error
        ) from error
