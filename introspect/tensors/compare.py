"""compare_histograms: a History to a Comparison of the same tensors at different times.

What is compared are Sketches, or arrays, which are sketched on the way. Distances are exact
on what the sketches know: W1 is how far mass has moved, in standard deviations of the first
shown, KS the greatest gap between the two distribution functions.

Cost: 0.2 ms a sketch for the table; a picture 15 ms a panel. Needs no torch; the table needs
no matplotlib.

Not here: how the picture is drawn (``introspect.tensors.overlay``), who logs the sketches
(``introspect.tensors.watching``).
"""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from io import BytesIO
from pathlib import Path
from typing import Any, Literal

import numpy as np

from introspect.errors import FormatError, HistoryError, MetricNotFoundError, SketchError
from introspect.nouns.metric import Metric, format_step
from introspect.nouns.sketch import Sketch
from introspect.tensors.table import Column, Table
from introspect.theme import Mode

SUFFIXES = (".png", ".pdf", ".svg")
SHOWN = 4
"""One grey area and three lines: more cannot be told apart."""

COLUMNS = (
    Column("key", "key", "text"),
    Column("epoch", "epoch", "count"),
    Column("step", "at step", "text"),
    Column("n", "n", "count"),
    Column("mean", "mean"),
    Column("std", "std"),
    Column("min", "min"),
    Column("q01", "1 %"),
    Column("median", "median"),
    Column("q99", "99 %"),
    Column("max", "max"),
    Column("zero", "zero", "share"),
    Column("w1", "W₁ / σ"),
    Column("ks", "KS"),
)


@dataclass(frozen=True, slots=True)
class Moment:
    """One tensor at one time.

    Attributes:
        label: ``"epoch 3"``, ``"step 300"``, or ``"start"`` for a first record that is not the
            last of its epoch.
        epoch: The epoch (the step itself, if steps are no tuples).
        step: The exact step, as text.
        sketch: Its values.
        w1: How far mass has moved from the first shown, in the unit of the values.
        w1_sigma: The same in standard deviations of the first shown; NaN where it has none.
        ks: The Kolmogorov-Smirnov distance to the first shown.
    """

    label: str
    epoch: int
    step: str
    sketch: Sketch
    w1: float
    w1_sigma: float
    ks: float


@dataclass(frozen=True, slots=True)
class Course:
    """One key, and its moments in the order of time."""

    key: str
    moments: tuple[Moment, ...]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Comparison:
    """The same tensors at different times: a table, a picture, a file.

    In a notebook it shows the picture.

    Attributes:
        courses: One for each key.
        title: What was asked for: the key or pattern.
        theme: ``"light"``, ``"dark"`` or ``"print"``.
    """

    courses: tuple[Course, ...]
    title: str
    theme: Mode
    _drawn: list[Any] = field(default_factory=list)

    @property
    def table(self) -> Table:
        """A row for each key and moment, with `COLUMNS`."""
        rows = [_row(course.key, moment) for course in self.courses for moment in course.moments]
        return Table(COLUMNS, tuple(rows))

    @property
    def figure(self) -> Any:
        """A matplotlib Figure, drawn once, without pyplot; the caller may change it."""
        if not self._drawn:
            from introspect.tensors.overlay import draw  # noqa: PLC0415  matplotlib

            self._drawn.append(draw(self.courses, self.title, self.theme))
        return self._drawn[0]

    def save(self, path: str | Path) -> Path:
        """Write the picture.

        Args:
            path: Ends in .png, .pdf or .svg; its folders are made.

        Returns:
            The path.

        Raises:
            FormatError: If the suffix is another one.
            OSError: If the file cannot be written.
        """
        path = Path(path)
        suffix = path.suffix.lower()
        if suffix not in SUFFIXES:
            raise FormatError(
                "a comparison cannot be saved in this format.",
                given=str(path),
                hint=f"a path that ends in {', '.join(SUFFIXES)}",
            )
        data = self._encoded(suffix[1:])
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return path

    def _encoded(self, format_name: str) -> bytes:
        """The same bytes for the same picture: no date is written."""
        from matplotlib import rc_context  # noqa: PLC0415  only for a picture

        from introspect.canvas.style import style  # noqa: PLC0415  same

        date = {"png": {}, "pdf": {"CreationDate": None}, "svg": {"Date": None}}[format_name]
        target = BytesIO()
        with rc_context(style(self.theme)):
            self.figure.savefig(target, format=format_name, metadata=date)
        return target.getvalue()

    def _repr_png_(self) -> bytes:
        return self._encoded("png")

    def _repr_mimebundle_(self, **options: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """The picture at half its pixels, so that it is sharp, and the table as its text."""
        del options
        picture = base64.b64encode(self._encoded("png")).decode("ascii")
        width, height = (round(inches * 100) for inches in self.figure.get_size_inches())
        sized = {"image/png": {"width": width, "height": height}}
        return {"image/png": picture, "text/plain": repr(self)}, sized

    def __repr__(self) -> str:
        return f"<Comparison of {self.title}>\n{self.table!r}"


def compare_histograms(
    history: Any,
    key: str | Sequence[str],
    *,
    epochs: Sequence[int] | None = None,
    theme: Literal["light", "dark", "print"] = "light",
) -> Comparison:
    """Compare how the values of a tensor are spread at different times of a training.

    Args:
        history: An ``introspect.History``.
        key: One key, a list of keys, or a glob pattern such as ``"weights/*"``. Their values
            are Sketches, or tensors and arrays.
        epochs: Which epochs, each by its last record; an int step is its own epoch. None for
            the first record and up to three spread evenly to the last. The picture shows the
            first in grey and at most three more (the table all).
        theme: The look of the picture.

    Raises:
        MetricNotFoundError: If a key was never logged, or a pattern matches none.
        HistoryError: If an epoch was never logged, or a key holds no tensors.

    Example:
        >>> from introspect import History, Sketch
        >>> history = History()
        >>> for epoch in range(3):
        ...     history.log(epoch, weight=Sketch.of([1.0 + epoch, 2.0 + epoch]))
        >>> [round(w1) for w1 in compare_histograms(history, "weight").table.column("w1")]
        [0, 2, 4]
    """
    if theme not in {"light", "dark", "print"}:
        raise FormatError("no such theme.", given=repr(theme), hint='"light", "dark" or "print"')
    keys, is_pattern = _keys(history, key)
    metrics = [history[name] for name in keys]
    if is_pattern:  # a pattern may well touch keys that hold other things
        metrics = [metric for metric in metrics if _holds_tensors(metric)] or metrics[:1]
    wanted = None if epochs is None else _wanted(metrics, epochs)
    courses = tuple(course for metric in metrics if (course := _course(metric, wanted)).moments)
    title = key if isinstance(key, str) else f"{len(courses)} tensors"
    return Comparison(courses, title, theme)


def _keys(history: Any, key: str | Sequence[str]) -> tuple[list[str], bool]:
    """The keys that are meant, and whether they came from a pattern."""
    known = list(history.keys())
    if not isinstance(key, str):
        found = [name for one in key for name in _keys(history, one)[0]]
        if not found:
            raise MetricNotFoundError("an empty list of keys compares nothing.", given=repr(key))
        return list(dict.fromkeys(found)), False
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
    if metric.is_scalar or not len(metric):
        return False
    return isinstance(metric.last, Sketch) or hasattr(metric.last, "__array__")


def _wanted(metrics: Sequence[Metric], epochs: Sequence[int]) -> list[int]:
    """The epochs asked for, once each, in order; each has to exist for one key at least."""
    known = sorted({epoch for metric in metrics for epoch in metric.last_of_epochs()})
    missing = [epoch for epoch in epochs if epoch not in known]
    if missing or not len(epochs):
        shown = ", ".join(map(str, known[:12])) + (f" ... {known[-1]}" if len(known) > 12 else "")
        raise HistoryError(
            f"epoch {missing[0]} was never logged." if missing else "no epochs were given.",
            where=metrics[0].name,
            given=f"epochs={list(epochs)}",
            hint=f"those there are: {shown}" if known else "log something first",
        )
    return sorted({int(epoch) for epoch in epochs})


def _course(metric: Metric, epochs: Sequence[int] | None) -> Course:
    """One key at the epochs asked for (those it has), or at its start and up to its end."""
    if not _holds_tensors(metric):
        held = "numbers" if metric.is_scalar else type(metric.last).__name__
        raise HistoryError(
            "only sketches and tensors have histograms.",
            where=metric.name,
            given=held,
            hint='watch(model, history=history), then "weights/*"',
        )
    last = metric.last_of_epochs()
    if epochs is None:
        rows = _spread(sorted({0, *last.values()}))
    else:
        rows = [last[epoch] for epoch in epochs if epoch in last]
    steps = list(metric.step_keys())
    word = "epoch" if metric.steps.ndim == 2 else "step"
    ends = set(last.values())
    sketches = [_sketch(metric, row) for row in rows]
    moments = []
    for row, sketch in zip(rows, sketches, strict=True):
        step = steps[row]
        epoch = step[0] if isinstance(step, tuple) else step
        label = f"{word} {epoch}" if row in ends else "start"
        moments.append(Moment(label, epoch, format_step(step), sketch, *_gap(sketch, sketches[0])))
    return Course(metric.name, tuple(moments))


def _spread(rows: list[int]) -> list[int]:
    """At most `SHOWN` of the rows, evenly, with the first and the last."""
    places = np.linspace(0, len(rows) - 1, min(SHOWN, len(rows)))
    return [rows[round(place)] for place in places.tolist()]


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


def _gap(sketch: Sketch, first: Sketch) -> tuple[float, float, float]:
    """W1, W1 in standard deviations of the first, and KS."""
    w1 = sketch.w1(first)
    sigma = first.std or (float("nan") if w1 else 1.0)
    return w1, w1 / sigma, sketch.ks(first)


def _row(key: str, moment: Moment) -> Mapping[str, Any]:
    sketch = moment.sketch
    median, _ = sketch.support(0.5, 0.5)
    low, high = sketch.support(0.01, 0.99)
    return {
        "key": key,
        "epoch": moment.epoch,
        "step": moment.step,
        "n": sketch.n,
        "mean": sketch.mean,
        "std": sketch.std,
        "min": sketch.min,
        "q01": low,
        "median": median,
        "q99": high,
        "max": sketch.max,
        "zero": sketch.share_zero,
        "w1": moment.w1_sigma,
        "ks": moment.ks,
    }
