"""The flush thread: buffer to columns, and on to the store.

Every 0.2 s, and on `flush` and `close`, what was logged is *taken* from the buffer into
the columns (under ``memory_lock``, for microseconds) and *stored* (under another lock, for as
long as the disk takes). The training thread waits for neither; a reader of this history
waits for the first only. Problems of the thread are told by the training thread, in its
next `log`.

A forked child starts with an empty buffer and a segment of its own.

Not here: the hot path (``history``, ``buffer``), frames and files (``store``).
"""

import os
import sys
import threading
import weakref
from collections import deque
from pathlib import Path

import numpy as np

from introspect.errors import IntrospectError, SegmentError
from introspect.history.blocks import Block, Cell
from introspect.history.buffer import Buffer
from introspect.history.checks import unstorable
from introspect.history.codec import OnDevice
from introspect.history.columns import Columns
from introspect.history.store import Store

FLUSH_INTERVAL_S = 0.2
_MOST_PROBLEMS = 20

_LIVING: "weakref.WeakSet[Writer]" = weakref.WeakSet()


class Writer:
    """What stands between a buffer and a run folder.

    Attributes:
        columns: Everything taken so far.
        memory_lock: Held by whoever takes, or reads `columns`.
        store: Where it is written; None in memory.
        is_started: Whether `start` was called since the last `close` or fork.
    """

    def __init__(self, buffer: Buffer, folder: Path | None) -> None:
        self.columns = Columns()
        self.memory_lock = threading.RLock()
        self.store = None if folder is None else Store(folder, self.report, self.memory_lock)
        self._buffer = buffer
        self._problems: dict[str, str] = {}
        self._told: set[str] = set()
        self._begin()
        _LIVING.add(self)

    def _begin(self) -> None:
        """The state that belongs to one process."""
        self.is_started = False
        self._disk_lock = threading.RLock()  # taken before memory_lock, never after it
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None
        self._taken: deque[Block | Cell] = deque()
        self._taken_count = 0  # values
        self._is_storing = False

    def start(self) -> None:
        """Open the file, so that a folder that cannot be written is told at the first log."""
        with self._disk_lock:
            if self.store is not None and not self.is_started:
                self.store.open()
                self.start_thread()
                self._flush_with_worker()
            self.is_started = True

    def start_thread(self) -> None:
        """Flush from now on in the background."""
        with self._disk_lock:
            if self._thread is not None:
                return
            self._wake = threading.Event()
            arguments = (weakref.ref(self), self._wake)
            self._thread = threading.Thread(
                target=_flush_forever, args=arguments, name="introspect-history", daemon=True
            )
            self._thread.start()

    def take(self) -> None:
        """Move what was logged from the buffer into the columns, and on to be stored."""
        with self.memory_lock:
            blocks, cells = self._buffer.take()
            numbers, cells = self._fetched(cells)
            parts = [*blocks, *numbers, *cells]
            self._add_to_columns(parts)
            if self.store is not None:
                self._taken.extend(parts)
                self._taken_count += sum(
                    p.values.size if isinstance(p, Block) else 1 for p in parts
                )

    def flush(self) -> None:
        """Take, and store what was taken; `unsaved` tells how much could not be."""
        with self._disk_lock:
            self.take()
            # A finalizer may call this in the midst of a flush of the same thread.
            if self.store is None or self._is_storing:
                return
            self._is_storing = True
            try:
                self._encode(self.store)
                self.store.write()
            finally:
                self._is_storing = False

    def close(self) -> None:
        """Flush, stop the thread, end the file. The next log would go on with it."""
        thread, self._thread = self._thread, None
        self.is_started = False
        self._wake.set()
        if thread is not None and thread is not threading.current_thread():
            thread.join()
        with self._disk_lock:
            self.flush()
            if self.store is not None:
                self.store.close()

    @property
    def unsaved(self) -> int:
        """How many values are in memory only, or not even there."""
        if self.store is None:
            return 0
        return self._taken_count - self.store.settled_count + self.store.dropped_count

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
        blocks, cells = self._buffer.take()
        self._add_to_columns([*blocks, *(c for c in cells if not isinstance(c.value, OnDevice))])
        self._buffer.interrupt()
        if self.store is not None:
            self.store = self.store.in_child(self.memory_lock)
        self._begin()

    def _encode(self, store: Store) -> None:
        with self.memory_lock:
            taken, self._taken = self._taken, deque()
        try:
            store.encode(taken)
        except BaseException:  # try again at the next flush
            with self.memory_lock:
                self._taken.extendleft(reversed(taken))
            raise

    def _add_to_columns(self, parts: list[Block | Cell]) -> None:
        for part in parts:
            if isinstance(part, Block):
                self.columns.add_block(part)
            else:
                self.columns.add_cell(part)

    def _fetched(self, cells: list[Cell]) -> tuple[list[Block], list[Cell]]:
        """Cells whose values are on an accelerator as numbers and arrays of this process."""
        numbers, others = [], []
        for cell in cells:
            if isinstance(cell.value, OnDevice):
                try:
                    value = cell.value.fetch()
                    if cell.kind == 0:
                        numbers.append(_one_number(cell, float(value)))
                        continue
                    cell.value = value
                except Exception as error:  # noqa: BLE001  a device may fail in any way; training goes on
                    self.report(f"value {cell.key}", unstorable(cell.key, cell.value, error))
                    continue
            others.append(cell)
        return numbers, others

    def _flush_with_worker(self) -> None:
        """A process of `multiprocessing` ends without atexit: flush in its own way of ending."""
        process = sys.modules.get("multiprocessing.process")
        if process is not None and process.parent_process() is not None:
            from multiprocessing.util import Finalize  # noqa: PLC0415  only in such a process

            Finalize(self, self.close, exitpriority=10)


def _one_number(cell: Cell, value: float) -> Block:
    steps = np.array([cell.step], np.int64)
    ticks = np.array([cell.tick], np.int64)
    return Block((cell.key,), steps, ticks, np.array([[value]]), cell.offset_ns)


def _flush_forever(writer: "weakref.ref[Writer]", wake: threading.Event) -> None:
    """Flush until the writer is closed or nobody holds it any more."""
    while not wake.wait(FLUSH_INTERVAL_S):
        alive = writer()
        if alive is None:
            return
        try:
            alive.flush()
        except Exception as error:  # noqa: BLE001  the thread must live on; the problem is told by `log`
            problem = SegmentError("a flush failed; the next one will try again.", cause=error)
            alive.report("flush", problem)
        del alive


_HELD: "list[Writer]" = []


def _before_fork() -> None:
    # So that no child gets columns that another thread was just changing.
    for writer in sorted(_LIVING, key=id):
        writer.memory_lock.acquire()
        _HELD.append(writer)


def _after_fork_in_parent() -> None:
    while _HELD:
        _HELD.pop().memory_lock.release()


def _after_fork_in_child() -> None:
    while _HELD:
        _HELD.pop().reset_in_child()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_before_fork,
        after_in_parent=_after_fork_in_parent,
        after_in_child=_after_fork_in_child,
    )
