"""compare_histograms: histories to a Comparison of tensors at different times, or in runs.

What is compared are Sketches, or arrays, which are sketched on the way. Distances are exact
on what the sketches know: W1 is how far mass has moved, in standard deviations of the
reference, KS the greatest gap between the two distribution functions, JS how much of the
mass lies in other bins.

Cost: 0.3 ms a row of the table; a picture 15 ms a panel. Needs no torch; the table needs no
matplotlib.

Not here: which moments there are (``introspect.tensors.choosing``), how the pictures are
drawn (``introspect.tensors.forms``), who logs the sketches (``introspect.tensors.watching``).
"""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

from introspect.errors import FormatError, HistoryError
from introspect.nouns.metric import Step
from introspect.tensors.choosing import (
    Choice,
    across_runs,
    courses_of,
    histories_of,
    metrics_of,
)
from introspect.tensors.moments import Course, MetricName, Moment
from introspect.tensors.table import Column, Table
from introspect.theme import Mode

Form = Literal["overlay", "magnitude", "difference", "bands", "ridge"]
SUFFIXES = (".png", ".pdf", ".svg", ".html")
SHOWN: Mapping[str, int] = {
    "overlay": 4,
    "difference": 2,
    "ridge": 9,
    "bands": 120,
    "magnitude": 120,
}
"""How many times a form can tell apart."""

MANY = 12
"""More tensors than this are shown as magnitudes."""

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
    Column("js", "JS"),
)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Comparison:
    """The same tensors at different times or in different runs: a table, a picture, a file.

    In a notebook it shows the picture.

    Attributes:
        courses: One for each panel: for each key, or each key of each run.
        title: What was asked for: the key or pattern.
        theme: ``"light"``, ``"dark"`` or ``"print"``.
        form: How it is drawn.
        metric: Which distance stands in the picture.
        to: What was compared to.
        ax: The axes of the caller that it is drawn on, or None.
    """

    courses: tuple[Course, ...]
    title: str
    theme: Mode
    form: Form = "overlay"
    metric: MetricName = "w1"
    to: Any = "first"
    ax: Any = None
    _drawn: list[Any] = field(default_factory=list)

    @property
    def table(self) -> Table:
        """A row for each key and moment, with `COLUMNS`; and the run, where there are several."""
        named = any(course.run or course.over_runs for course in self.courses)
        columns = (COLUMNS[0], Column("run", "run", "text"), *COLUMNS[1:]) if named else COLUMNS
        rows = [_row(course, moment) for course in self.courses for moment in course.moments]
        return Table(columns, tuple(rows))

    @property
    def figure(self) -> Any:
        """A matplotlib Figure, drawn once, without pyplot; the caller may change it."""
        if not self._drawn:
            from introspect.tensors.forms import draw  # noqa: PLC0415  matplotlib

            self._drawn.append(draw(self))
        return self._drawn[0]

    def save(self, path: str | Path) -> Path:
        """Write the picture; the file is complete or it is not there.

        Args:
            path: Ends in .png, .pdf, .svg, or .html (the picture and the table, one file);
                its folders are made.

        Returns:
            The path.

        Raises:
            FormatError: If the suffix is another one.
            SaveError: If the file cannot be written; it is an OSError, too.
        """
        path = Path(path)
        suffix = path.suffix.lower()
        if suffix not in SUFFIXES:
            raise FormatError(
                "a comparison cannot be saved in this format.",
                given=str(path),
                hint=f"a path that ends in {', '.join(SUFFIXES)}",
            )
        from introspect.canvas.files import put  # noqa: PLC0415  matplotlib
        from introspect.tensors.saving import encoded, page_of  # noqa: PLC0415  same

        put(path, page_of(self).encode() if suffix == ".html" else encoded(self, suffix[1:]))
        return path

    def _repr_png_(self) -> bytes:
        from introspect.tensors.saving import encoded  # noqa: PLC0415  matplotlib

        return encoded(self, "png")

    def _repr_mimebundle_(self, **options: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """The picture, sharper than it is shown; its text is the table, if that is short."""
        from introspect.tensors.saving import notebook_png  # noqa: PLC0415  matplotlib

        del options
        picture = base64.b64encode(notebook_png(self)).decode("ascii")
        width, height = (round(inches * 100) for inches in self.figure.get_size_inches())
        sized = {"image/png": {"width": width, "height": height}}
        return {"image/png": picture, "text/plain": self._words(12)}, sized

    def __repr__(self) -> str:
        return self._words(60)

    def _words(self, most_rows: int) -> str:
        rows = sum(len(course.moments) for course in self.courses)
        if rows > most_rows:
            return f"<Comparison of {self.title}: {rows} rows in .table>"
        return f"<Comparison of {self.title}>\n{self.table!r}"


def compare_histograms(  # noqa: PLR0913  options that all are keywords
    source: Any,
    key: str | Sequence[str],
    *,
    steps: Sequence[Step] | None = None,
    epochs: Sequence[int] | None = None,
    runs: Sequence[str] | None = None,
    form: Form | None = None,
    to: Any = "first",
    metric: MetricName = "w1",
    ax: Any = None,
    theme: Literal["light", "dark", "print"] = "light",
) -> Comparison:
    """Compare how the values of tensors are spread: over time, layers, kinds and runs.

    Args:
        source: A History, a Watch, several of them by name (``{"good": a, "hot": b}``), or
            the table of ``introspect.runs(folder)``.
        key: One key, a list of keys, or a glob pattern such as ``"weights/*"``. Their values
            are Sketches, or tensors and arrays.
        steps: Exact steps, as they were logged.
        epochs: Which epochs, each by its last record; an int step is its own epoch. With
            neither, as many as the form can show, evenly from the first record to the last.
        runs: Names of runs, in this order; None for all.
        form: ``"overlay"``: the reference as a grey area, at most three others as lines.
            ``"magnitude"``: layers by kinds, log magnitude over time. ``"difference"``: where
            mass was gained and lost. ``"bands"``: quantiles over time. ``"ridge"``: one
            outline a time. None for magnitudes of more than 12 tensors or several kinds,
            else the overlay. Overlay and difference of several runs have a panel for each
            key and time, and compare runs in it.
        to: What is compared to: ``"first"`` shown, ``"previous"``, an epoch, an exact
            (epoch, step), or the name of a run.
        metric: Which distance the picture states; the table has all. ``"w1"`` in standard
            deviations of the reference, ``"ks"``, or ``"js"``, the distance in 0..1.
        ax: matplotlib axes to draw on, if there is one panel.
        theme: The look of the picture.

    Raises:
        MetricNotFoundError: If a key was never logged, or a pattern matches none.
        HistoryError: If a time or run was never logged, or a key holds no tensors.
        FormatError: If a form, metric or theme is unknown.

    Example:
        >>> from introspect import History, Sketch
        >>> history = History()
        >>> for epoch in range(3):
        ...     history.log(epoch, weight=Sketch.of([1.0 + epoch, 2.0 + epoch]))
        >>> [round(w1) for w1 in compare_histograms(history, "weight").table.column("w1")]
        [0, 2, 4]
    """
    for word, given, known in (
        ("theme", theme, ("light", "dark", "print")),
        ("form", form, (None, *get_args(Form))),
        ("metric", metric, get_args(MetricName)),
    ):
        if given not in known:
            hint = ", ".join(f'"{one}"' for one in known if one)
            raise FormatError(f"no such {word}.", given=repr(given), hint=hint)
    histories = histories_of(source, runs)
    _check_to(to, histories)
    chosen = metrics_of(histories, key)
    shown = form or _form(chosen)
    choice = Choice(
        None if steps is None else tuple(steps),
        None if epochs is None else tuple(int(epoch) for epoch in epochs),
        SHOWN[shown],
        to,
    )
    courses = courses_of(chosen, choice)
    if len(histories) > 1 and shown in {"overlay", "difference"}:
        courses = across_runs(courses, choice)
    if ax is not None and len(courses) != 1:
        raise HistoryError(
            "one axes has room for one panel.", given=f"{len(courses)} panels", hint="ax=None"
        )
    count = len({course.key for course in courses})
    title = key if isinstance(key, str) else f"{count} tensor{'s' * (count != 1)}"
    made = Comparison(courses, title, theme, shown, metric, to, ax)
    if ax is not None:
        made.figure  # noqa: B018  whoever gives axes wants them drawn on
    return made


def _check_to(to: Any, histories: Mapping[str, Any]) -> None:
    if isinstance(to, str) and to not in {"first", "previous", *histories}:
        raise HistoryError(
            "there is nothing of this name to compare to.",
            given=f"to={to!r}",
            hint=", ".join(["first", "previous", "an epoch", *filter(None, histories)]),
        )


def _form(chosen: Mapping[str, Sequence[Any]]) -> Form:
    """Magnitudes for many tensors or several kinds, else the overlay."""
    names = {metric.name for metrics in chosen.values() for metric in metrics}
    kinds = {Course(name, ()).kind for name in names}
    return "magnitude" if len(names) > MANY or len(kinds) > 1 else "overlay"


def _row(course: Course, moment: Moment) -> Mapping[str, Any]:
    sketch = moment.sketch
    median, _ = sketch.support(0.5, 0.5)
    low, high = sketch.support(0.01, 0.99)
    return {
        "key": course.key,
        "run": moment.label if course.over_runs else course.run,
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
        "js": moment.js,
    }
