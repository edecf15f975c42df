"""One run folder to a `Glance`: everything that a table of runs shows of it.

Cost: reading the numbers of its newest attempt once (0.1 us each). What is not a number stays in
its file.

Not here: where runs are (``finding``), remembering glances (``memory``), the table
(``table``).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from introspect.history.folder import COMPACTED
from introspect.history.many.finding import Found
from introspect.history.many.indexed import IndexedRun, Stored
from introspect.history.many.state import State, Writer, state_of
from introspect.nouns.metric import Metric, Step

Signature = tuple[tuple[str, int, int], ...]
"""Name, size and time of change (ns) of each file: the same files say the same."""


@dataclass(frozen=True, slots=True)
class KeySummary:
    """One key of one run, in a few numbers.

    Attributes:
        count: Values at different steps.
        kind: ``number``, or what else it is: ``image``.
        last: The number at the last step; None for other kinds.
        last_step: The last step.
        least: The smallest number; NaN only if there is nothing else. None for other kinds.
        least_step: Where it was first.
        most: The largest number.
        most_step: Where it was first.
    """

    count: int
    kind: str
    last: float | None = None
    last_step: Step | None = None
    least: float | None = None
    least_step: Step | None = None
    most: float | None = None
    most_step: Step | None = None


@dataclass(frozen=True, slots=True)
class Glance:
    """A run, as a table of runs needs to know it: its newest attempt.

    Attributes:
        attempt: The number of that; 0 if there is none.
        attempt_count: How many there are.
        writers: Of its segments.
        size_bytes: Of its files.
        metrics: Key to summary, in the order in which they were first logged.
        config: Hyper-parameters.
        tags: Words.
        notes: Texts of the notes.
        facts: What was recorded of program, machine and repository.
        step: The step that was logged last.
        duration_s: From the first log to the last, without gaps.
        started_ns: When the attempt was begun, in ns since 1970; 0 if it is not known.
        changed_ns: When its files were last written to.
        value_count: Values.
        problem: What is wrong with it, in one line, or None.
    """

    attempt: int = 0
    attempt_count: int = 0
    writers: tuple[Writer, ...] = ()
    size_bytes: int = 0
    metrics: Mapping[str, KeySummary] = field(default_factory=dict)
    config: Mapping[str, Any] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    step: Step | None = None
    duration_s: float = 0.0
    started_ns: int = 0
    changed_ns: int = 0
    value_count: int = 0
    problem: str | None = None

    def state(self) -> State:
        """Whether it runs, this moment."""
        if not self.attempt:
            return "unreadable" if self.problem else "empty"
        if self.problem and not self.metrics and not self.writers:
            return "unreadable"
        return state_of(self.writers)


def signature_of(found: Found) -> Signature:
    """The files of the newest attempt, or of a compacted run, by size and time of change."""
    newest = [name for name in found.segments if name.attempt == found.segments[-1].attempt]
    paths = [name.path for name in newest]
    if not paths and found.has_parquet:
        paths = [found.path / COMPACTED]
    signature = [("", len({name.attempt for name in found.segments}), 0)]
    for path in paths:
        try:
            stat = path.stat()
        except OSError:  # deleted this moment
            signature.append((path.name, -1, 0))
            continue
        signature.append((path.name, stat.st_size, stat.st_mtime_ns))
    return tuple(signature)


def glance_at(found: Found, run: IndexedRun | None = None) -> Glance:
    """Read a run; never raises for what is in it.

    Args:
        found: The run.
        run: The same run as it was read before, which costs only what is new.
    """
    if found.problem:
        return Glance(problem=found.problem)
    try:
        if not found.segments and found.has_parquet:
            from introspect.history.formats.parquet_reader import glance_of  # noqa: PLC0415  an extra

            return glance_of(found.path)
        return _glance(found, run or IndexedRun(found.path))
    except Exception as error:  # noqa: BLE001  one run that is broken in a new way must not hide the others
        first = str(error).partition("\n")[0]
        return Glance(problem=f"{type(error).__name__}: {first}")


def _glance(found: Found, run: IndexedRun) -> Glance:
    run.poll()
    attempt = run.attempt or max((name.attempt for name in found.segments), default=0)
    metrics = {}
    for key in run.keys():  # noqa: SIM118  no mapping
        metric = run.metric(key)
        if metric is not None and len(metric):
            metrics[key] = summary_of(metric)
    about, writers, size_bytes = run.about, *_writers(found, run)
    created = [writer.created_ns for writer in writers if writer.created_ns]
    return Glance(
        attempt=attempt,
        attempt_count=len({name.attempt for name in found.segments}),
        writers=writers,
        size_bytes=size_bytes,
        metrics=metrics,
        config=about.config,
        tags=tuple(about.tags),
        notes=tuple(note.text for note in about.notes),
        facts=about.facts,
        step=run.step,
        duration_s=run.total_ns / 1e9,
        started_ns=min(created, default=0),
        changed_ns=max((writer.changed_ns for writer in writers), default=0),
        value_count=run.value_count,
        problem=_problem(run),
    )


def _writers(found: Found, run: IndexedRun) -> tuple[tuple[Writer, ...], int]:
    """Who wrote the segments, and their size."""
    pids = {name.path: name.pid for name in found.segments}
    writers, size_bytes = [], 0
    for file in run.files:
        try:
            stat = file.path.stat()
        except OSError:  # deleted this moment
            continue
        size_bytes += stat.st_size
        words = [file.start.get(name) for name in ("host", "family")]
        host, family = (word if isinstance(word, str) else "" for word in words)
        created_ns = file.start.get("created_ns")
        writers.append(
            Writer(
                rank=file.rank,
                pid=pids.get(file.path, 0),
                host=host,
                family=family,
                created_ns=created_ns if type(created_ns) is int else 0,
                is_closed=file.is_closed,
                changed_ns=stat.st_mtime_ns,
            )
        )
    return tuple(writers), size_bytes


def _problem(run: IndexedRun) -> str | None:
    """What is wrong, in one line."""
    said = []
    places = run.damage
    if places:
        lost = sum(size for _, size in places)
        said.append(f"{len(places)} damaged place{'s' * (len(places) > 1)}, {lost} bytes skipped")
    for file in run.files:
        if file.position:
            continue
        try:
            with file.path.open("rb"):
                pass
        except OSError as error:
            said.append(f"{file.path.name}: {error.strerror or error}")
    if run.unknown_count:
        said.append(f"{run.unknown_count} values of a newer version")
    return "; ".join(said) or None


def summary_of(metric: Metric) -> KeySummary:
    """One key in a few numbers. Values may be `Stored`. O(n).

    Example:
        >>> steps = np.arange(3)
        >>> summary = summary_of(Metric("loss", steps, np.array([3.0, 1.0, 2.0]), steps / 1.0))
        >>> summary.last, summary.least, summary.least_step
        (2.0, 1.0, 1)
    """
    last_step = _step_at(metric, -1)
    if not metric.is_scalar:
        last = metric.data[-1]
        kind = last.kind_name if isinstance(last, Stored) else type(last).__name__.lower()
        return KeySummary(len(metric), kind, last_step=last_step)
    least, most = int(metric.data.argmin()), int(metric.data.argmax())
    if np.isnan(metric.data[least]):  # there the first NaN is found: it is passed over
        numbers = np.flatnonzero(~np.isnan(metric.data))
        if len(numbers):
            least = int(numbers[metric.data[numbers].argmin()])
            most = int(numbers[metric.data[numbers].argmax()])
    return KeySummary(
        len(metric), "number",
        float(metric.data[-1]), last_step,
        float(metric.data[least]), _step_at(metric, least),
        float(metric.data[most]), _step_at(metric, most),
    )  # fmt: skip


def _step_at(metric: Metric, row: int) -> Step:
    step = metric.steps[row].tolist()
    return (step[0], step[1]) if isinstance(step, list) else step


def to_plain(glance: Glance) -> dict[str, Any]:
    """A glance as JSON: what `from_plain` takes."""
    plain = {name: getattr(glance, name) for name in Glance.__slots__}
    plain["writers"] = [[getattr(w, name) for name in Writer.__slots__] for w in glance.writers]
    plain["metrics"] = {
        key: [getattr(summary, name) for name in KeySummary.__slots__]
        for key, summary in glance.metrics.items()
    }
    return plain


def from_plain(plain: Mapping[str, Any]) -> Glance:
    """A glance out of JSON.

    Raises:
        ValueError: If it is none; also TypeError, KeyError and AttributeError.
    """
    given: dict[str, Any] = dict(plain)
    if set(given) != set(Glance.__slots__):
        raise ValueError("of another version")
    metrics = {
        str(key): KeySummary(count, kind, last, as_step(s), least, as_step(sl), most, as_step(sm))
        for key, (count, kind, last, s, least, sl, most, sm) in given["metrics"].items()
    }
    given["writers"] = tuple(Writer(*row) for row in given["writers"])
    given["metrics"] = metrics
    given["tags"], given["notes"] = tuple(given["tags"]), tuple(given["notes"])
    given["step"] = as_step(given["step"])
    return Glance(**given)


def as_step(plain: Any) -> Step | None:
    """A step out of JSON."""
    return tuple(plain) if isinstance(plain, list) else plain


def flat(config: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    """Nested mappings as one, with dots between the names.

    Example:
        >>> flat({"lr": 0.1, "optimizer": {"name": "adam", "betas": [0.9, 0.99]}})
        {'lr': 0.1, 'optimizer.name': 'adam', 'optimizer.betas': [0.9, 0.99]}
    """
    found: dict[str, Any] = {}
    for name, value in config.items():
        if isinstance(value, Mapping) and value:
            found |= flat(value, f"{before}{name}.")
        else:
            found[f"{before}{name}"] = value
    return found
