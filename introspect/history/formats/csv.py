"""The numbers of a run as CSV: one row a value (long), or one row a step (wide).

Numbers have as many digits as it takes to read the same float64 back. Other values have no place in
a CSV file and are counted.

Cost: 1.5 us a number.

Not here: reading a run (``introspect.history.many.exporting``).
"""

import csv
import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from typing import IO, Any

import numpy as np

from introspect.nouns.metric import Metric

LONG = ("key", "rank", "epoch", "step", "time", "value")


def write_long(file: IO[str], metrics: Iterable[Metric]) -> int:
    """One row for each number: key, rank, epoch, step, time (ISO 8601, UTC), value.

    Args:
        file: Open for text, with ``newline=""``.
        metrics: Of numbers, with the parts of all ranks.

    Returns:
        How many rows.

    Example:
        >>> import io
        >>> steps = np.arange(2)
        >>> text = io.StringIO()
        >>> write_long(text, [Metric("loss", steps, np.array([0.5, 0.25]), np.zeros(2))])
        2
        >>> text.getvalue().splitlines()[1]
        'loss,0,,0,1970-01-01T00:00:00.000000+00:00,0.5'
    """
    writer = csv.writer(file)
    writer.writerow(LONG)
    count = 0
    for metric in metrics:
        for part in metric.parts or (metric,):
            writer.writerows(_long_rows(part))
            count += len(part)
    return count


def write_wide(file: IO[str], metrics: Sequence[Metric]) -> int:
    """One row for each step: epoch, step, a column for each key; empty where it has nothing.

    Args:
        file: Open for text, with ``newline=""``.
        metrics: Of numbers; of several ranks the lowest counts.

    Returns:
        How many rows.

    Example:
        >>> import io
        >>> text, ones = io.StringIO(), np.ones(2)
        >>> one = Metric("a", np.array([0, 1]), ones, ones)
        >>> write_wide(text, [one, Metric("b", np.array([1, 2]), ones / 2, ones)])
        3
        >>> text.getvalue().split()
        ['epoch,step,a,b', ',0,1.0,', ',1,1.0,0.5', ',2,,0.5']
    """
    writer = csv.writer(file)
    writer.writerow(["epoch", "step", *(metric.name for metric in metrics)])
    if not metrics:
        return 0
    has_epochs = any(metric.steps.ndim == 2 for metric in metrics)
    pairs = [metric.paired_steps for metric in metrics]
    every, rows = np.unique(np.concatenate(pairs), axis=0, return_inverse=True)
    ends = np.cumsum([len(pair) for pair in pairs])[:-1]
    columns = []
    for metric, places in zip(metrics, np.split(rows.ravel(), ends), strict=True):
        column: list[Any] = [""] * len(every)
        for place, value in zip(places.tolist(), metric.data.tolist(), strict=True):
            column[place] = value
        columns.append(column)
    epochs = every[:, 0].tolist() if has_epochs else [""] * len(every)
    writer.writerows(zip(epochs, every[:, 1].tolist(), *columns, strict=True))
    return len(every)


def _long_rows(part: Metric) -> Iterator[tuple[Any, ...]]:
    is_pair = part.steps.ndim == 2
    rows = zip(part.steps.tolist(), part.times.tolist(), part.data.tolist(), strict=True)
    for step, time_s, value in rows:
        epoch, number = step if is_pair else ("", step)
        yield part.name, part.rank, epoch, number, time_text(time_s), value


def time_text(time_s: float) -> str:
    """A time in ISO 8601, UTC; the number itself where no calendar reaches.

    Example:
        >>> time_text(0.5)
        '1970-01-01T00:00:00.500000+00:00'
    """
    try:
        return dt.datetime.fromtimestamp(time_s, dt.UTC).isoformat(timespec="microseconds")
    except (ValueError, OverflowError, OSError):
        return repr(time_s)
