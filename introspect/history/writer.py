"""The flush thread: buffer to columns, and on to the store.

Every 0.2 s, and on `flush` and `close`, what was logged is *taken* from the buffer into
the columns (under ``memory_lock``, for microseconds) and *stored* (under another lock, for as
long as the disk takes). The training thread waits for neither; a reader of this history
waits for the first only. Problems of the thread are told by the training thread, in its
next `log`.

A forked child starts with an empty buffer and a segment of its own.

Not here: the hot path (``history``, ``buffer``), frames and files (``store``), the thread
itself and the end of a process (``flushing``).
"""

import inspect
import sys
import threading
import uuid
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from introspect.errors import IntrospectError, SegmentError
from introspect.history.blocks import Block, Cell, Fact, Part, Rewind
from introspect.history.buffer import Buffer
from introspect.history.checks import unstorable
from introspect.history.codec import OnDevice
from introspect.history.columns import Columns
from introspect.history.facts import About
from introspect.history.flushing import LIVING, FlushThread
from introspect.history.merge import Merged
from introspect.history.starting import rank_of_process
from introspect.history.store import Store
from introspect.nouns.metric import Step

_MOST_PROBLEMS = 20


class Sink(Protocol):
    """A second place where everything is written: TensorBoard's files, say. Flush thread."""

    def write(self, blocks: list[Block], cells: list[Cell]) -> None:
        """Write what was logged since the last time. The cells hold their values."""
        ...

    def flush(self) -> None:
        """Hand what was written to the operating system."""
        ...

    def close(self) -> None:
        """Flush, and let go of every file. Another `write` would go on."""
        ...


class Writer:
    """What stands between a buffer and a run folder.

    Attributes:
        columns: Everything taken so far.
        about: What was said of the run as a whole.
        rank: Of this process.
        family: A word that only this history, its forks and its pickled copies know.
        memory_lock: Held by whoever takes, or reads `columns`.
        merged: Itself, as the one source of what a history shows.
        store: Where it is written; None in memory.
        sinks: Where it is written, too.
        surroundings: What collects the facts of system and repository, in the thread; or None.
        is_started: Whether `start` was called since the last `close` or fork.
    """

    def __init__(
        self,
        buffer: Buffer,
        folder: Path | None,
        *,
        attempt: int | None = None,
        family: str | None = None,
        surroundings: Callable[[], dict[str, Any]] | None = None,
    ) -> None:
        self.columns = Columns()
        self.about = About()
        self.rank = rank_of_process()
        self.family = family or uuid.uuid4().hex
        self.memory_lock = threading.RLock()
        self.store: Store | None = None
        if folder is not None:
            self.store = Store(
                folder, self.report, self.memory_lock, family=self.family, attempt=attempt
            )
        self.sinks: list[Sink] = []
        self.surroundings = surroundings
        self.merged = Merged([self])
        self._buffer = buffer
        self._problems: dict[str, str] = {}
        self._told: set[str] = set()
        self._begin()
        LIVING.add(self)

    def _begin(self) -> None:
        """The state that belongs to one process."""
        self.is_started = False
        self._has_begun = False  # what was told before the first log waits for it
        self._disk_lock = threading.RLock()  # taken before memory_lock, never after it
        self._thread: FlushThread | None = None
        self._taken: deque[Part] = deque()

    def start(self) -> None:
        """Open the file, so that a folder that cannot be written is told at the first log."""
        with self._disk_lock:
            if self.store is not None and not self.is_started:
                self.store.open()
                if self.store.segment is not None:
                    self.rank = self.store.segment.rank
                self._flush_with_worker()
            if self.store is not None or self.sinks:
                self.start_thread()
            self.is_started = self._has_begun = True

    def start_thread(self) -> None:
        """Flush from now on in the background."""
        with self._disk_lock:
            if self._thread is None:
                self._thread = FlushThread(self)

    def take(self) -> None:
        """Move what was logged from the buffer into the columns, and on to be stored."""
        with self.memory_lock:
            self._buffer.take()
            taken = self._buffer.taken
            while taken:
                part = taken[0]
                self._take_one(part)
                # Behind it: an interrupt in between may repeat a part, which hides nothing.
                taken.popleft()

    def _take_one(self, part: Block | Cell) -> None:
        kept = self._fetched(part) if isinstance(part, Cell) else part
        if kept is None:
            return
        if isinstance(kept, Block):
            self.columns.add_block(kept)
        else:
            self.columns.add_cell(kept)
        if self.store is not None or self.sinks:
            self._taken.append(kept)

    def rewind(self, step: Step) -> Rewind:
        """Hide what was logged at `step` and later, here and in the other files of this rank."""
        with self._disk_lock, self.memory_lock:
            self.take()
            before = {} if self.store is None else self.store.other_sizes()
            rewind = Rewind(step, before)
            self.columns.rewind(step)
            if self.store is not None:
                self._taken.append(rewind)
            return rewind

    def tell(self, record: dict[str, Any]) -> None:
        """Add a record about the run as a whole."""
        with self.memory_lock:
            self.about.add(record)
            if self.store is not None:
                self._taken.append(Fact(record))

    def tell_surroundings(self) -> None:
        """Collect the facts of system and repository, once."""
        collect, self.surroundings = self.surroundings, None
        if collect is not None:
            try:
                self.tell({"facts": collect()})
            except Exception as error:  # noqa: BLE001  facts are no reason to end a training
                self.report("facts", SegmentError("no facts were recorded.", cause=error))

    def flush(self) -> None:
        """Take, and store what was taken; `unsaved` tells how much could not be."""
        with self._disk_lock:
            self.take()
            # A finalizer may call this in the midst of a flush of the same thread. A flag would
            # stay set if Ctrl-C came before the line that clears it; the stack cannot.
            if not self._is_writing():
                self._write()

    def close(self) -> None:
        """Flush, stop the thread, end the file. The next log would go on with it."""
        thread, self._thread = self._thread, None
        was_started, self.is_started = self.is_started, False
        if thread is not None:
            thread.stop()
        with self._disk_lock:
            if was_started:
                self.tell_surroundings()
            self.flush()
            if self.store is not None:
                self.store.close()
            for sink in self.sinks:
                self._ask(sink, sink.close)

    @property
    def unsaved(self) -> int:
        """How many values are in memory only, or not even there."""
        if self.store is None:
            return 0
        return (
            sum(_value_count(part) for part in list(self._taken))
            + self.store.waiting_count
            + self.store.dropped_count
        )

    def unsaved_problem(self) -> str | None:
        """What to say at the end about values that are not in the file."""
        if self.store is None or not self.unsaved:
            return None
        error = SegmentError(
            f"{self.unsaved} values of this run are not in its file.",
            where=str(self.store.segment.path) if self.store.segment else "no file could be made",
            given=f"{self.store.dropped_count} given up, the others still in memory",
            hint="free some space, then history.close() again",
        )
        return str(error)

    def report(self, about: str, problem: IntrospectError) -> None:
        """Remember a problem, to be told once by the training thread.

        Args:
            about: Problems about the same thing are told once.
            problem: Four lines.
        """
        if about not in self._told and len(self._told) < _MOST_PROBLEMS:
            self._told.add(about)
            self._problems[about] = str(problem)
            self._buffer.interrupt()

    @property
    def has_problems(self) -> bool:
        """Whether there is something to tell."""
        return bool(self._problems)

    def pop_problems(self) -> list[str]:
        """The problems that nobody was told of."""
        problems, self._problems = self._problems, {}
        return list(problems.values())

    def reset_in_child(self) -> None:
        """After a fork: what was logged before can be read here, and the parent stores it."""
        self.memory_lock = threading.RLock()
        self._buffer.take()
        taken = list(self._buffer.taken)
        self._buffer.taken.clear()
        for part in taken:
            if isinstance(part, Block):
                self.columns.add_block(part)
            elif not isinstance(part.value, OnDevice):
                self.columns.add_cell(part)
        self._buffer.interrupt()
        if self.store is not None:
            self.store = self.store.in_child(self.memory_lock)
        self.sinks = []  # they are the parent's files
        self.surroundings = None
        self._begin()

    def _is_writing(self) -> bool:
        """Whether this thread is in the midst of `_write`."""
        frame = inspect.currentframe()
        while frame is not None:
            if frame.f_code is Writer._write.__code__ and frame.f_locals.get("self") is self:
                return True
            frame = frame.f_back
        return False

    def _write(self) -> None:
        """Hand on what was taken. One caller at a time."""
        if not self._has_begun or (self.store is None and not self.sinks):
            return
        taken = list(self._taken)
        if self.store is not None:
            self.store.encode(taken)
        for _ in taken:  # only now: an error, or Ctrl-C, repeats them at the next flush
            self._taken.popleft()
        for sink in self.sinks:  # before the store lets go of the values of cells
            blocks = [part for part in taken if isinstance(part, Block)]
            cells = [part for part in taken if isinstance(part, Cell)]
            if blocks or cells:
                self._ask(sink, lambda s=sink, b=blocks, c=cells: s.write(b, c))
            self._ask(sink, sink.flush)
        if self.store is not None:
            self.store.write()

    def _ask(self, sink: Sink, action: Callable[[], None]) -> None:
        """Let a sink do something; if it cannot, that is told once."""
        try:
            action()
        except Exception as error:  # noqa: BLE001  the run itself must be stored whatever a sink does
            name = type(sink).__name__
            problem = SegmentError(f"{name} could not be written; the run itself is.", cause=error)
            self.report(f"sink {id(sink)}", problem)

    def _fetched(self, cell: Cell) -> Block | Cell | None:
        """A cell whose value may be on an accelerator as a number or array of this process."""
        if not isinstance(cell.value, OnDevice):
            return cell
        try:
            value = cell.value.fetch()
            if cell.kind == 0:
                return _one_number(cell, float(value))
        except Exception as error:  # noqa: BLE001  a device may fail in any way; training goes on
            self.report(f"value {cell.key}", unstorable(cell.key, cell.value, error))
            return None
        cell.value = value
        return cell

    def _flush_with_worker(self) -> None:
        """A process of `multiprocessing` ends without atexit: flush in its own way of ending."""
        process = sys.modules.get("multiprocessing.process")
        if process is not None and process.parent_process() is not None:
            from multiprocessing.util import Finalize  # noqa: PLC0415  only in such a process

            Finalize(self, self.close, exitpriority=10)


def _value_count(part: Part) -> int:
    if isinstance(part, Block):
        return part.values.size
    return 1 if isinstance(part, Cell) else 0


def _one_number(cell: Cell, value: float) -> Block:
    steps = np.array([cell.step], np.int64)
    ticks = np.array([cell.tick], np.int64)
    return Block((cell.key,), steps, ticks, np.array([[value]]), cell.offset_ns)
