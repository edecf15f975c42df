"""The cells of a table of runs as words: what is shown, and how.

Not here: where they stand (``picture``).
"""

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from introspect.history.many.row import RunRow, goal_of
from introspect.history.report import number_text, printable
from introspect.nouns.metric import format_step

if TYPE_CHECKING:
    from introspect.history.many.table import Runs

MOST_METRICS, MOST_CONFIG = 4, 5
"""Columns that are chosen if nobody chose."""

_MOST_ASKED = 2000  # names are asked what they mean: of a hundred thousand keys, not all

_UNITS = ((86_400, "d"), (3600, "h"), (60, "min"))


@dataclass(frozen=True, slots=True)
class Words:
    """A table of words.

    Attributes:
        heads: Of the columns.
        is_right: Which columns hold numbers.
        rows: Words, one tuple a run.
        states: The state of each row.
        problems: What is wrong with each row, or "".
    """

    heads: tuple[str, ...]
    is_right: tuple[bool, ...]
    rows: tuple[tuple[str, ...], ...]
    states: tuple[str, ...]
    problems: tuple[str, ...]


def words_of(
    runs: "Runs", *, metrics: Collection[str] | None = None, now: dt.datetime | None = None
) -> Words:
    """The table in words.

    Args:
        runs: The table.
        metrics: Keys; None for those that most runs have and that have something good about them.
        now: The time; None for the clock.
    """
    now = now or dt.datetime.now(dt.UTC)
    keys = chosen_metrics(runs) if metrics is None else list(metrics)
    names = runs.config_keys()[:MOST_CONFIG]
    columns: list[tuple[str, bool, list[str]]] = [
        ("run", False, [printable(run.name) for run in runs]),
        ("state", False, [run.state for run in runs]),
        ("started", True, [_ago(run.started, now) for run in runs]),
        ("took", True, [duration_text(run.duration_s) for run in runs]),
        ("step", True, ["" if run.step is None else format_step(run.step) for run in runs]),
    ]
    for name in names:
        values = [run.flat_config.get(name) for run in runs]
        is_right = all(isinstance(v, (int, float, type(None))) for v in values)
        columns.append((printable(name), is_right, [_config_text(value) for value in values]))
    for key in keys:
        columns += _metric_columns(runs, key)
    return Words(
        heads=tuple(head for head, _, _ in columns),
        is_right=tuple(is_right for _, is_right, _ in columns),
        rows=tuple(zip(*(cells for _, _, cells in columns), strict=True)),
        states=tuple(run.state for run in runs),
        problems=tuple(printable_line(run.problem or "") for run in runs),
    )


def chosen_metrics(runs: "Runs") -> list[str]:
    """The keys that say most: those with something good about them first, then the shared ones."""
    keys = runs.metric_keys[:_MOST_ASKED]
    told = [key for key in keys if goal_of(key)]
    rest = [key for key in keys if not goal_of(key)]
    return (told + rest)[:MOST_METRICS]


def duration_text(seconds: float) -> str:
    """A time in two units at most.

    Example:
        >>> duration_text(0.4), duration_text(75), duration_text(3 * 3600 + 120)
        ('0.4 s', '1 min 15 s', '3 h 2 min')
    """
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    whole = int(seconds)
    for size, unit in _UNITS:
        if whole >= size:
            lower = {"d": (3600, "h"), "h": (60, "min"), "min": (1, "s")}[unit]
            rest = whole % size // lower[0]
            return f"{whole // size} {unit}" + (f" {rest} {lower[1]}" if rest else "")
    return ""


def printable_line(text: str) -> str:
    """A text that cannot break out of its line: escaped, not cut."""
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)


def _metric_columns(runs: "Runs", key: str) -> list[tuple[str, bool, list[str]]]:
    last = [_number(run.last(key)) for run in runs]
    columns = [(printable(key), True, last)]
    if goal_of(key) is not None:
        best = [_number(run.best(key)) for run in runs]
        columns.append(("best", True, best))
    return columns


def _number(value: float | None) -> str:
    return "" if value is None else number_text(value)


def _config_text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.6g}"
    return printable(str(value))


def _ago(moment: dt.datetime | None, now: dt.datetime) -> str:
    if moment is None:
        return ""
    seconds = (now - moment).total_seconds()
    if seconds < 0:
        return "now"
    for size, unit in _UNITS:
        if seconds >= size:
            return f"{seconds // size:.0f} {unit} ago"
    return f"{seconds:.0f} s ago"


def row_value_text(run: RunRow, column: str) -> str:
    """What stands in a column, for machines: full digits, times in ISO 8601."""
    value = run.value(column)
    if value is None:
        return ""
    if isinstance(value, dt.datetime):
        return value.isoformat()
    if isinstance(value, tuple):
        return format_step((value[0], value[1]))
    return printable_line(str(value))
