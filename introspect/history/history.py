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

import copyreg
import os
import sys
import time
import warnings
import weakref
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter_ns
from types import TracebackType
from typing import Any, Self, cast

from introspect.errors import HistoryError, IntrospectWarning
from introspect.history.attempts import Run
from introspect.history.blocks import Cell
from introspect.history.buffer import Buffer
from introspect.history.checks import READERS, checked_step, empty_key, number_of, unstorable
from introspect.history.codec import OnDevice, kind_of
from introspect.history.facts import plain_config
from introspect.history.folder import existing_folder, is_compacted, open_folder, segments
from introspect.history.reading import Readable
from introspect.history.surroundings import surroundings
from introspect.history.writer import Writer
from introspect.nouns.metric import Step

_INT64_LOW, _INT64_HIGH = -(1 << 63), (1 << 63) - 1


class History(Readable):
    """Everything a training said, by key.

    Args:
        path: A run folder, made with its parents if it is missing; None for memory only. A
            folder that holds a run is read, and can be read-only; the first `log` begins
            a new attempt in a file beside the old ones, and from then on this history
            shows what it logged itself.
        resume: Go on with the newest attempt instead (or with `attempt`): this history shows
            what was logged before and after. `rewind` hides what a crash made worthless.
        attempt: Read this one, not the newest. `attempts` lists them.
        config: Hyper-parameters, written with the first log: a mapping, a dataclass or an
            ``argparse.Namespace``.
        tags: Words by which runs are told apart, written with the first log.
        facts: Record command line, versions, machine and git commit once. Never environment
            variables; credentials are cut.
        tensorboard: Write TensorBoard's event files, too, in the background: True for the run
            folder itself, or another folder. ``tensorboard --logdir`` of it, or of its parent,
            shows the run live. Forked and pickled copies write to the run alone.

    Raises:
        SegmentError: If `path` is a file, or a folder cannot be made or written there.
        HistoryError: If there is no such attempt, `config` has no names, or ``tensorboard=True``
            has no `path`.

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

    __slots__ = ("__weakref__", "_buffer", "_finalizer", "_is_reader", "_resume", "_rows")

    def __init__(
        self,
        path: str | os.PathLike[str] | None = None,
        *,
        resume: bool = False,
        attempt: int | None = None,
        config: Any = None,
        tags: Sequence[str] = (),
        facts: bool = True,
        tensorboard: bool | str | os.PathLike[str] = False,
    ) -> None:
        folder = None if path is None else open_folder(path)
        self._begin(folder, resume=resume, attempt=attempt, facts=facts)
        if tensorboard is not False:
            self._mirror(tensorboard)
        record = {"config": plain_config(config or {}), "tags": _checked_tags(tags)}
        if record["config"] or record["tags"]:
            self._writer.tell(record)

    def _mirror(self, target: bool | str | os.PathLike[str]) -> None:  # noqa: FBT001  as it was given
        """Write event files as well."""
        from introspect.history.formats.events.sink import EventSink  # noqa: PLC0415  only who wants them pays

        place = self._folder if isinstance(target, bool) else open_folder(target)
        if place is None:
            raise HistoryError(
                "tensorboard=True means the run folder, and there is none.",
                where="History(None, tensorboard=True)",
                hint="History('runs/name', tensorboard=True), or tensorboard='another/folder'",
            )
        rank, writer = self._writer.rank, self._writer
        sink = EventSink(
            place / f"rank-{rank}" if rank else place,
            config=lambda: writer.about.config,
            is_resumed=self._resume,
            report=writer.report,
        )
        writer.sinks.append(sink)
        if self._folder is None:
            self._finalizer = weakref.finalize(self, _close_at_end, writer)

    def _begin(
        self,
        folder: Path | None,
        *,
        resume: bool = False,
        attempt: int | None = None,
        facts: bool = True,
        family: str | None = None,
        is_reader: bool = False,
    ) -> None:
        found = [] if folder is None else segments(folder)
        known = {name.attempt for name in found}
        if (
            is_reader
            and attempt not in known
            and folder is not None
            and is_compacted(folder, attempt)
        ):
            self._begin_compacted(folder, attempt)
            return
        if attempt is not None and attempt not in known:
            raise _no_such_attempt(folder, attempt, sorted(known))
        if resume and found:
            attempt = attempt or found[-1].attempt
        self._folder = folder
        self._buffer = Buffer()
        self._rows = self._buffer.rows
        self._writer = Writer(
            self._buffer,
            folder,
            attempt=attempt if resume else None,
            family=family,
            surroundings=surroundings if facts and folder is not None else None,
        )
        self._resume = resume
        self._is_reader = is_reader
        is_read = folder is not None and (is_reader or found)
        self._run = Run(folder, attempt=attempt) if folder is not None and is_read else None
        if folder is not None:  # at the end of the process, too
            self._finalizer = weakref.finalize(self, _close_at_end, self._writer)

    def _begin_compacted(self, folder: Path, attempt: int | None) -> None:
        """A run of which only the Parquet is left."""
        from introspect.history.formats.parquet_reader import CompactedRun  # noqa: PLC0415  an extra

        self._begin(None, facts=False, is_reader=True)
        self._folder, self._run = folder, cast("Any", CompactedRun(folder, attempt=attempt))

    @classmethod
    def open(cls, path: str | os.PathLike[str], *, attempt: int | None = None) -> Self:
        """A run, to be read: finished, or still being written by another process.

        Each question is answered with what the writers have flushed by then, at most 0.2 s
        ago, and costs what is new, whatever the length of the run. Nothing is ever written.

        Args:
            path: Its folder; may be empty as yet.
            attempt: Which attempt; the newest by default, and a newer one when there is one.

        Raises:
            SegmentError: If there is no such folder.
            HistoryError: If there is no such attempt.

        Example:
            >>> import tempfile
            >>> with tempfile.TemporaryDirectory() as folder:
            ...     with History(folder) as history:
            ...         history.log(0, loss=0.5)
            ...     History.open(folder)["loss"]
            <Metric loss: 1 values, last 0.5 at 0>
        """
        history = cls.__new__(cls)
        folder = existing_folder(path)
        history._begin(folder, attempt=attempt, facts=False, is_reader=True)  # noqa: SLF001  an object of this class
        return history

    def log(self, step: Step, /, **values: Any) -> None:
        """Remember values at a step.

        Args:
            step: An int, or (epoch, step), within int64; negative ones and any order are fine.
            **values: By key. Numbers become float64 (ints beyond 2**53 lose digits), as do
                tensors without dimensions. Other tensors and arrays, Sketches,
                Graphs, matplotlib figures and the values of ``introspect.values`` are kept as
                they are now: changing them later changes nothing here.

        Raises:
            HistoryError: If the step is neither, or a key is empty.

        Several calls at one step add up; of one key at one step, the last value counts.
        A value that cannot be stored is left out, with one `IntrospectWarning` for its key.

        Example:
            >>> history = History()
            >>> import numpy as np
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
        # A tensor on the CPU adds what `item` takes, 0.25 us, and as much again to ask first.
        try:
            rows = self._rows[step.__class__]
            for key, value in values.items():
                if value.__class__ is not float:
                    values[key] = READERS[value.__class__](value)
            if step.__class__ is int:
                if len(values) == 1:
                    buffer, pack = rows[key]
                    buffer += pack(step, perf_counter_ns(), values[key])
                else:
                    buffer, pack = rows[tuple(values)]
                    buffer += pack(step, perf_counter_ns(), *values.values())
                return
            epoch, number = step  # ty: ignore[not-iterable]
            if epoch.__class__ is int is number.__class__:
                if len(values) == 1:
                    buffer, pack = rows[key]
                    buffer += pack(epoch, number, perf_counter_ns(), values[key])
                else:
                    buffer, pack = rows[tuple(values)]
                    buffer += pack(epoch, number, perf_counter_ns(), *values.values())
                return
        except Exception:  # noqa: BLE001, S110  a new key, a wrong step, or whatever a value does: see below
            pass
        self._log_the_long_way(step, values)

    def _log_the_long_way(self, step: Any, values: dict[str, Any]) -> None:
        """`log` for anything: checks the step, knows every kind of value, tells problems."""
        if step.__class__ is not int or not _INT64_LOW <= step <= _INT64_HIGH:
            step = checked_step(step)
        if "" in values:
            raise empty_key(step)
        if not self._writer.is_started:
            self._start()
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

    def _start(self) -> None:
        """Begin to write, or go on after `close`."""
        if self._is_reader:
            raise HistoryError(
                "this history was opened to be read.",
                where=f"History.open({str(self._folder)!r})",
                hint="History(path, resume=True) goes on with a run, History(path) begins anew",
            )
        self._writer.start()
        if self._run is not None and self._resume and self._writer.store is not None:
            self._run.own, self._run.own_paths = self._writer, self._writer.store.paths
        else:
            self._run = None

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

    def rewind(self, step: Step) -> None:
        """Hide what this rank logged at `step` and at later steps; on disk it is kept.

        For a training that goes on from a checkpoint: what a crashed attempt logged after the
        checkpoint would otherwise stand between what is logged now. Flushes.

        Args:
            step: The first step that is hidden, an int or (epoch, step). An int n hides what
                stands at (0, n) and behind.

        Raises:
            HistoryError: If it is no step, or this history shows a run that it does not resume.

        Example:
            >>> history = History()
            >>> for step in range(5):
            ...     history.log(step, loss=float(step))
            >>> history.rewind(3)
            >>> history["loss"].steps.tolist()
            [0, 1, 2]
        """
        step = checked_step(step)
        if self._run is not None and not self._resume:
            raise HistoryError(
                "only what this history logs, or resumes, can be rewound.",
                where=f"history.rewind({step!r})",
                given=f"a history that reads {self._folder}",
                hint="History(path, resume=True).rewind(step)",
            )
        if not self._writer.is_started:
            self._start()
        self._writer.flush()  # so that sinks have what comes before it
        rewound = self._writer.rewind(step)
        for sink in self._writer.sinks:
            hide: Any = getattr(sink, "rewind", None)
            if hide is not None:
                hide(step)
        self._writer.flush()
        if self._run is not None:
            self._run.poll()
            self._run.rewind_own(rewound.before, step)
        self._warn(stacklevel=3)

    def note(self, text: str) -> None:
        """Write a remark into the run, with the time and the step that was logged last.

        Args:
            text: Markdown, if you like.

        Example:
            >>> history = History()
            >>> history.log(7, loss=0.5)
            >>> history.note("learning rate halved by hand")
            >>> history.notes
            (<Note at 7: learning rate halved by hand>,)
        """
        step = self.step
        record = {"text": str(text), "step": step, "time_ns": time.time_ns()}
        self._tell({"notes": [record | ({"step": list(step)} if isinstance(step, tuple) else {})]})

    def tag(self, *tags: str) -> None:
        """Add words by which runs are told apart: ``history.tag("baseline")``."""
        self._tell({"tags": _checked_tags(tags)})

    def _tell(self, record: dict[str, Any]) -> None:
        """Record something about the run as a whole; begins the run, as `log` does."""
        if not self._writer.is_started:
            self._start()
        self._writer.tell(record)
        if self._writer.has_problems:
            self._warn(stacklevel=4)

    @property
    def unsaved(self) -> int:
        """How many values, of those taken by the last flush, are not in the file. 0 in memory."""
        return self._writer.unsaved

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
        # A child that is being spawned must find the attempt of its parent.
        context = sys.modules.get("multiprocessing.context")
        is_spawning = context is not None and context.get_spawning_popen() is not None
        if is_spawning and not self._is_reader and not self._writer.is_started:
            self._start()
        store = self._writer.store
        attempt = None if store is None or store.segment is None else store.segment.attempt
        state = (str(self._folder), self._is_reader, os.getpid(), self._writer.family, attempt)
        return copyreg.__newobj__, (type(self),), state  # ty: ignore[missing-attribute]

    def __setstate__(self, state: tuple[str, bool, int, str, int | None]) -> None:
        # In the process that pickled it, or a child of that, a copy writes to the same attempt,
        # in a file of its own; anywhere else it is a history of its own.
        path, is_reader, process, family, attempt = state
        if is_reader:
            self._begin(existing_folder(path), facts=False, is_reader=True)
            return
        is_near = process in {os.getpid(), os.getppid()} or _is_child_of(process)
        folder = open_folder(path)
        self._begin(folder, facts=not is_near, family=family if is_near else None)
        if is_near and self._writer.store is not None:
            self._writer.store.join(attempt)


def _is_child_of(process: int) -> bool:
    """Whether `multiprocessing` made this process for that one, with a server between them."""
    processes: Any = sys.modules.get("multiprocessing.process")
    if processes is None:
        return False
    if getattr(processes.current_process(), "_inheriting", False):
        return True  # this moment it reads what its parent gave it
    parent = processes.parent_process()
    return parent is not None and parent.pid == process


def _checked_tags(tags: Sequence[str]) -> list[str]:
    if isinstance(tags, str) or not all(isinstance(tag, str) and tag for tag in tags):
        raise HistoryError(
            "tags are a list of words.", given=repr(tags), hint='History(path, tags=["baseline"])'
        )
    return list(tags)


def _no_such_attempt(folder: Path | None, attempt: Any, known: list[int]) -> HistoryError:
    return HistoryError(
        "there is no such attempt.",
        where=f"History({str(folder) if folder else None!r}, attempt={attempt!r})",
        given=repr(attempt),
        hint="one of " + ", ".join(map(str, known)) if known else "the folder holds none yet",
    )


def _close_at_end(writer: Writer) -> None:
    """At the end of the process, or of the last reference: store what can be stored."""
    unsaved = writer.unsaved if not writer.is_started else 0  # told by close() already
    writer.close()
    last = writer.unsaved_problem() if writer.unsaved != unsaved else None
    for text in [*writer.pop_problems(), last]:
        if text is not None:
            warnings.warn(text, IntrospectWarning, stacklevel=2)
