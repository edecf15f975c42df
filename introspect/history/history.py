"""History: ``log`` values while training, read each key back as a `Metric`.

>>> history = History()
>>> for step in range(3):
...     history.log(step, loss=1 / (1 + step))
>>> history["loss"]
<Metric loss: 3 values, last 0.3333 at 2>

``log`` is the one thing here that runs inside somebody's training loop. Cost: 0.4 us for
one float, 1.6 us for ten, 1.8 us for a tensor on the CPU, whatever the length of the history.
It raises only for a step or a key that can never be right; anything else warns once.

Not here: the buffer (``buffer``), the thread and the disk (``writer``), the file format
(``segment``).
"""

import datetime as dt
import difflib
import os
import struct
import sys
import warnings
import weakref
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter_ns
from types import TracebackType
from typing import Any, Self

import numpy as np

from introspect.errors import HistoryError, IntrospectWarning, MetricNotFoundError
from introspect.history.blocks import Cell
from introspect.history.buffer import Buffer
from introspect.history.checks import checked_step, empty_key, number_of, unstorable
from introspect.history.codec import OnDevice, kind_of
from introspect.history.folder import open_folder, segments
from introspect.history.reader import Run
from introspect.history.report import Summary, printable, progress_line, show_line, value_text
from introspect.history.writer import Writer
from introspect.nouns.metric import Metric, Step

_INT64_LOW, _INT64_HIGH = -(1 << 63), (1 << 63) - 1
_MOST_CANDIDATES = 5000


class History:
    """Everything a training said, by key.

    Args:
        path: A run folder, made with its parents if it is missing; None for memory only. A
            folder that holds a run is read, and can be read-only; the first `log` begins
            a new attempt in a file beside the old ones, and from then on this history
            shows what it logged itself.

    Raises:
        SegmentError: If `path` is a file, or a folder cannot be made or written there.

    What was logged is in memory and, within 0.2 s, in the file; what `flush` or `close`
    returned for survives a killed process. With a full disk, up to 256 MiB wait in memory and
    are written as soon as there is room.

    Example:
        >>> with History() as history:
        ...     history.log((0, 100), loss=0.5, acc=0.8)
        ...     history.log((0, 200), loss=0.25)
        >>> history.summary()
        <History in memory: 2 keys, 3 values, last step 0:200>
          key   values  last
          loss       2  0.25
          acc        1  0.8
    """

    __slots__ = ("__weakref__", "_buffer", "_folder", "_rows", "_run", "_writer")

    def __init__(self, path: str | os.PathLike[str] | None = None) -> None:
        self._folder = None if path is None else open_folder(path)
        self._buffer = Buffer()
        self._rows = self._buffer.rows
        self._writer = Writer(self._buffer, self._folder)
        self._run = Run(self._folder) if self._folder and segments(self._folder) else None
        if self._folder is not None:  # at the end of the process, too
            weakref.finalize(self, _close_at_end, self._writer)

    def log(self, step: Step, /, **values: Any) -> None:
        """Remember values at a step.

        Args:
            step: An int, or (epoch, step), within int64; negative ones and any order are fine.
            **values: By key. Numbers become float64 (ints beyond 2**53 lose digits), as do
                tensors without dimensions. Other tensors and arrays, Images and Sketches
                are kept as they are now: changing them later changes nothing here.

        Raises:
            HistoryError: If the step is neither, or a key is empty.

        Several calls at one step add up; of one key at one step, the last value counts.
        A value that cannot be stored is left out, with one `IntrospectWarning` for its key.

        Example:
            >>> history = History()
            >>> history.log(7, loss=0.5, weight=np.eye(2))
            >>> history["weight"].last.tolist()
            [[1.0, 0.0], [0.0, 1.0]]
        """
        # The hot path: numbers under keys that were logged together before. Measured with
        # Python 3.11 (us for one / ten floats; the call alone takes 0.07 / 0.41):
        #   this                                       0.45 / 1.5
        #   without the branch for one key             0.66 / 1.5   tuple(values), star call
        #   testing types with a set and map           0.79 / 1.6   instead of the loop
        #   calling bytearray.extend instead of +=     0.81 / 1.6
        #   one record for each value                  0.53 / 2.1
        try:
            rows = self._rows[step.__class__]
            for key, value in values.items():  # noqa: B007  the only key of one is used below
                if value.__class__ is not float:
                    break
            else:
                if step.__class__ is int:
                    if len(values) == 1:
                        buffer, pack = rows[key]
                        buffer += pack(step, perf_counter_ns(), value)
                    else:
                        buffer, pack = rows[tuple(values)]
                        buffer += pack(step, perf_counter_ns(), *values.values())
                    return
                epoch, number = step  # ty: ignore[not-iterable]
                if epoch.__class__ is int is number.__class__:
                    if len(values) == 1:
                        buffer, pack = rows[key]
                        buffer += pack(epoch, number, perf_counter_ns(), value)
                    else:
                        buffer, pack = rows[tuple(values)]
                        buffer += pack(epoch, number, perf_counter_ns(), *values.values())
                    return
        except (KeyError, ValueError, struct.error):
            pass  # a new key, or a step that is wrong
        self._log_the_long_way(step, values)

    def _log_the_long_way(self, step: Any, values: dict[str, Any]) -> None:
        """`log` for anything: checks the step, knows every kind of value, tells problems."""
        if step.__class__ is not int or not _INT64_LOW <= step <= _INT64_HIGH:
            step = checked_step(step)
        if "" in values:
            raise empty_key(step)
        if not self._writer.is_started:
            self._writer.start()
            self._run = None
        tick = perf_counter_ns()
        numbers: dict[str, float] = {}
        for key, value in values.items():
            if value.__class__ is float:
                numbers[key] = value
                continue
            try:
                kept = number_of(value)
                if kept.__class__ is float:
                    numbers[key] = kept
                else:
                    self._keep(key, step, tick, value if kept is None else kept)
            except Exception as error:  # noqa: BLE001  whatever a value does when asked, training goes on
                self._writer.report(f"value {key}", unstorable(key, value, error))
        if numbers:
            self._pack(step, tick, numbers)
        if self._writer.has_problems:
            self._warn(stacklevel=4)

    def _pack(self, step: Step, tick: int, numbers: dict[str, float]) -> None:
        where = step if step.__class__ is tuple else (step,)
        keys = tuple(numbers)
        by_keys = self._rows[step.__class__]
        row = by_keys.get(keys if len(keys) != 1 else keys[0])
        row = row or self._buffer.row(step.__class__, keys)
        if row is not None:
            buffer, pack = row
            buffer += pack(*where, tick, *numbers.values())
            return
        for key, value in numbers.items():  # too many sets of keys: each key by itself
            self._pack(step, tick, {key: value})

    def _keep(self, key: str, step: Step, tick: int, value: Any) -> None:
        """Put aside a value that is more than a number."""
        offset_ns = self._buffer.offset_ns
        if isinstance(value, OnDevice):
            cell = Cell(key, step, tick, offset_ns, 0, value)
        else:
            kind = kind_of(value)
            if kind is None:
                self._writer.report(f"value {key}", unstorable(key, value))
                return
            cell = Cell(key, step, tick, offset_ns, kind.code, kind.keep(value))
        self._buffer.cells.append(cell)
        if isinstance(cell.value, OnDevice):  # memory of the device must not pile up
            self._writer.start_thread()

    def __getitem__(self, key: str) -> Metric:
        """The metric of a key, with everything logged so far. A view: costs what is new.

        Raises:
            MetricNotFoundError: If nothing was logged under `key`.
        """
        if self._run is not None:
            self._poll()
            metric = self._run.metric(key)
            self._warn(stacklevel=3)
            if metric is not None:
                return metric
        else:
            with self._writer.memory_lock:
                self._writer.take()
                column = self._writer.columns.by_key.get(key)
                if column is not None:
                    return column.metric()
        raise self._not_found(key)

    def __contains__(self, key: object) -> bool:
        return key in self.keys()

    def __iter__(self) -> Iterator[str]:
        return iter(self.keys())

    def __len__(self) -> int:
        return len(self.keys())

    def keys(self) -> list[str]:
        """The keys, in the order in which they were first logged."""
        self._poll()
        if self._run is not None:
            return self._run.keys()
        with self._writer.memory_lock:
            return list(self._writer.columns.by_key)

    @property
    def path(self) -> Path | None:
        """The run folder, absolute; None for memory only."""
        return self._folder

    @property
    def step(self) -> Step | None:
        """The step that was logged last; None before the first."""
        self._poll()
        return self._writer.columns.last_step if self._run is None else self._run.step

    @property
    def unsaved(self) -> int:
        """How many values, of those taken by the last flush, are not in the file. 0 in memory."""
        return self._writer.unsaved

    def get_total_time(self) -> dt.timedelta:
        """The time from the first log to the last."""
        self._poll()
        source = self._writer.columns if self._run is None else self._run
        return dt.timedelta(microseconds=source.total_ns / 1000)

    def summary(self) -> Summary:
        """The keys with how many values each has and the last one; prints as a table."""
        rows = ((key, count, value_text(last)) for key, count, last in self._overview())
        return Summary(repr(self), tuple(rows))

    def progress(self) -> None:
        """Print step, time and last numbers: in a terminal over the line before."""
        values = [(key, last) for key, _, last in self._overview()]
        line = progress_line(self.step, values, self.get_total_time().total_seconds())
        show_line(line, sys.stdout)

    def flush(self) -> None:
        """Write everything logged so far to the file. Warns once if the disk takes no more."""
        self._writer.flush()
        self._warn(stacklevel=3)

    def close(self) -> None:
        """Flush, and stop the thread. Logging on is allowed and goes on in the same file.

        Warns if values could not be written; `unsaved` tells how many.
        """
        self._writer.close()
        self._buffer.interrupt()  # the next log starts the thread again
        self._warn(self._writer.unsaved_problem(), stacklevel=3)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __reduce__(self) -> tuple[Any, ...]:
        if self._folder is None:
            raise HistoryError(
                "a history in memory cannot be pickled.", hint="History('runs/name') can"
            )
        return type(self), (str(self._folder),)

    def __repr__(self) -> str:
        self._poll()
        columns = self._writer.columns
        values = columns.value_count if self._run is None else self._run.value_count
        place = "in memory" if self._folder is None else str(self._folder)
        if not values:
            return f"<History {place}: empty>"
        step = progress_line(self.step, (), 0).split("  ")[0]
        return f"<History {place}: {len(self)} keys, {values} values, last {step}>"

    def _repr_html_(self) -> str:
        return self.summary()._repr_html_()

    def _overview(self) -> list[tuple[str, int, Any]]:
        """Key, number of values and last value, of every key."""
        run, keys = self._run, self.keys()
        if run is not None:
            return [(key, run.count(key), _plain(run.last(key))) for key in keys]
        with self._writer.memory_lock:
            columns = self._writer.columns.by_key.values()
            return [(column.name, column.count, _plain(column.last())) for column in columns]

    def _poll(self) -> None:
        """Bring what is read up to date: the run folder, or what was logged here."""
        if self._run is not None:
            self._run.poll()
            self._warn(stacklevel=4)
        else:
            self._writer.take()

    def _warn(self, last: str | None = None, *, stacklevel: int) -> None:
        """Tell, in the thread of the user, what nobody was told of yet, and `last`."""
        damage = self._run.new_damage() if self._run is not None else None
        for text in [*self._writer.pop_problems(), damage, last]:
            if text is not None:
                warnings.warn(text, IntrospectWarning, stacklevel=stacklevel)

    def _not_found(self, key: Any) -> MetricNotFoundError:
        keys = self.keys()[:_MOST_CANDIDATES]
        near = difflib.get_close_matches(str(key), keys, n=3, cutoff=0.4) or keys[:3]
        names = ", ".join(repr(printable(name)) for name in near)
        return MetricNotFoundError(
            "nothing was logged under this key.",
            where=repr(self),
            given=repr(key),
            hint=names or "history.log(step, loss=loss) first",
        )


def _plain(value: Any) -> Any:
    return float(value) if isinstance(value, np.floating) else value


def _close_at_end(writer: Writer) -> None:
    """At the end of the process, or of the last reference: store what can be stored."""
    unsaved = writer.unsaved if not writer.is_started else 0  # told by close() already
    writer.close()
    last = writer.unsaved_problem() if writer.unsaved != unsaved else None
    for text in [*writer.pop_problems(), last]:
        if text is not None:
            warnings.warn(text, IntrospectWarning, stacklevel=2)
