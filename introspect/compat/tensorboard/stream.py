"""Events of many writers -> event files: a queue for the loops, a thread that encodes and writes.

All writers of one folder in a process share one file, since TensorBoard never goes back to a file
after it saw a later one in its folder; a fork appends to the file of its parent. A writer costs no
thread: there is one for all.

An item of the queue is ``(tag, number, step, time_s)``, or ``(None, job, step, time_s)`` with a
`Job` that makes the content of an event. What a job raises is told once, at the next flush;
the training sees none of it.

Cost: in the thread 0.7 us a scalar. What was logged is on disk after a second at the latest, or
after `flush`; up to 256 MB of arrays wait in memory, then the loop itself helps encoding.

Not here: what the events say (``encoding``), the summary writers (``writer``).
"""

import atexit
import itertools
import os
import re
import socket
import sys
import threading
import time
import warnings
import weakref
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from introspect.compat.tensorboard.arguments import number
from introspect.errors import HistoryError, IntrospectWarning
from introspect.history.formats.events.file import EventFile
from introspect.history.formats.events.messages import event, first_event
from introspect.history.formats.events.proto import framed, text_field
from introspect.history.formats.events.rows import Rows, encoded_rows

QUIET_S = 1.0
"""So long may an event wait for the thread."""

WAKE_AT = 16_384
"""So many events wake it earlier."""

_MOST_WAITING = 1 << 20
_MOST_BYTES = 256 << 20
_WRITE_BYTES = 8 << 20
_STAMP = re.compile(r"events\.out\.tfevents\.(\d{10})\.")

Item = tuple[Any, Any, int, float]


@dataclass(frozen=True, slots=True)
class Job:
    """What makes the content of an event later.

    Attributes:
        where: The call, for a message.
        encode: Given the rest, returns the field that says what the event is; nothing for none.
        arguments: For it.
        size_bytes: What they hold in memory.
    """

    where: str
    encode: Callable[..., bytes]
    arguments: tuple[Any, ...]
    size_bytes: int = 0


class Stream:
    """One event file of this process, for all writers of a folder.

    Args:
        folder: Where it is.
        suffix: Ends its name.
        inherited: The file of the process that this one was forked from, to go on with.
    """

    def __init__(self, folder: Path, suffix: str, inherited: Path | None = None) -> None:
        self.queue: deque[Item] = deque()
        self.users = 0
        self.period_s = QUIET_S
        self.wake_at = WAKE_AT
        self.waiting_bytes = 0
        self.problems: dict[str, HistoryError] = {}
        self._told: set[str] = set()
        self._lock = threading.RLock()
        self._file = EventFile(folder)
        folder.mkdir(parents=True, exist_ok=True)
        has_one = inherited is not None and inherited.exists()
        # Each batch is one write to a file opened for appending: processes do not mix theirs.
        self._file.path = inherited if has_one else _begun(folder, suffix)

    @property
    def path(self) -> Path | None:
        """The file; None after it was lost, until there is another."""
        return self._file.path

    def put(self, item: Item) -> None:
        """Queue an event."""
        self.queue.append(item)
        if type(item[1]) is Job:
            self.waiting_bytes += item[1].size_bytes
        if not len(self.queue) % self.wake_at or self.waiting_bytes > _MOST_BYTES // 2:
            self.relieve()

    def relieve(self) -> None:
        """Have the queue emptied: by the thread, or here if that cannot keep up."""
        if len(self.queue) > _MOST_WAITING or self.waiting_bytes > _MOST_BYTES:
            self.drain()
        else:
            _THREAD.wake()

    def drain(self) -> None:
        """Encode and write what is queued; keeps it if the disk refuses."""
        with self._lock:
            while count := min(len(self.queue), _MOST_WAITING):
                items = [self.queue.popleft() for _ in range(count)]
                self._encode(items)
            self._write()

    def close(self) -> None:
        """Write everything, and let go of the file."""
        self.drain()
        with self._lock:
            try:
                self._file.close()
            except OSError as error:
                self._tell("the file", error)

    def tell(self) -> None:
        """Warn about each problem that was not told yet."""
        while self.problems:
            about, problem = self.problems.popitem()
            if about not in self._told:
                self._told.add(about)
                warnings.warn(str(problem), IntrospectWarning, stacklevel=4)

    def _encode(self, items: list[Item]) -> None:
        """In their order: numbers as many at once as there are between two other events."""
        if Job not in set(map(type, [item[1] for item in items])):
            self._add_numbers(items)
            return
        for is_number, group in itertools.groupby(items, _is_number):
            if is_number:
                self._add_numbers(list(group))
                continue
            for _, job, step, time_s in group:
                self._add(job, step, time_s)

    def _add_numbers(self, items: list[Item]) -> None:
        """All at once; one by one if one of them is bad."""
        try:
            self._file.add(_numbers(items))
        except Exception as error:  # noqa: BLE001  a bad time or a lost device must not cost the others
            if len(items) == 1:
                self._tell(f"add_scalar({items[0][0]!r:.80})", error)
                return
            for item in items:
                self._add_numbers([item])

    def _add(self, job: Job, step: int, time_s: float) -> None:
        self.waiting_bytes -= job.size_bytes
        content = b""
        try:
            with np.errstate(all="ignore"):
                content = job.encode(*job.arguments)
            if content:
                self._file.add(framed(event(time_s, _int64(step), content)))
        except Exception as error:  # noqa: BLE001  one value must not cost the others
            self._tell(job.where, error)
        if len(content) > _WRITE_BYTES:
            self._write()

    def _write(self) -> None:
        try:
            self._file.flush()
        except OSError as error:
            self._tell("the file", error)
        if self._file.dropped_bytes:
            self._tell("the file", OSError(f"{self._file.dropped_bytes} bytes are lost"))

    def _tell(self, where: str, error: Exception) -> None:
        self.problems.setdefault(
            where,
            HistoryError(
                "something is not in TensorBoard's files.",
                where=where if where != "the file" else str(self._file.folder),
                cause=error,
                hint="writer.close() tries again what the disk refused"
                if where == "the file"
                else None,
            ),
        )


def _is_number(item: Item) -> bool:
    return type(item[1]) is not Job


def _numbers(items: list[Item]) -> bytes:
    """Scalars as framed events, in their order."""
    tags, values, steps, times = zip(*items, strict=True)
    try:
        numbers = np.array(values, np.float64)
    except TypeError:
        numbers = np.array([number(value) for value in values])
    try:
        places = np.array(steps, np.int64)
    except OverflowError:
        places = np.array([_int64(step) for step in steps], np.int64)
    if not all(isinstance(tag, str) for tag in set(tags)):
        return _numbers([(str(tag), *rest) for tag, *rest in items])  # ty: ignore[invalid-argument-type]
    order, walls = np.arange(len(tags)), np.array(times, np.float64)
    rows = Rows((tags[0],), order, places, walls, numbers[:, None])
    groups: dict[str, list[int]] = {}
    for index, tag in enumerate(tags):
        groups.setdefault(tag, []).append(index)
    return encoded_rows(
        [replace(rows.at(np.array(chosen)), tags=(tag,)) for tag, chosen in groups.items()]
    )


def _int64(step: int) -> int:
    """A step as protobuf holds it."""
    return (step + (1 << 63)) % (1 << 64) - (1 << 63)


def _begun(folder: Path, suffix: str) -> Path:
    """A new event file behind all others of the folder in the order of names, with its first event.

    TensorBoard reads them in that order.
    """
    host = socket.gethostname() or "host"
    now_s = int(time.time())
    for name in os.listdir(folder):  # noqa: PTH208  ten times as fast, and there may be thousands
        found = _STAMP.match(name)
        if found and int(found[1]) < 10 * now_s:
            now_s = max(now_s, int(found[1]) + 1)
    for count in itertools.count():
        name = f"events.out.tfevents.{now_s:010d}.{host}.{os.getpid()}.{count}{suffix}"
        try:
            with (folder / name).open("xb") as file:
                file.write(framed(first_event(time.time())))
        except FileExistsError:
            continue
        return folder / name
    raise AssertionError


class _Thread:
    """The thread that empties the queues of all streams of this process."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.streams: dict[tuple[str, str], Stream] = {}
        self._wake = threading.Event()
        self._runner: threading.Thread | None = None

    def open(self, folder: str, suffix: str, inherited: Path | None = None) -> Stream:
        """The stream of a folder, made if there is none."""
        key = (os.path.realpath(folder), suffix)
        with self.lock:
            stream = self.streams.get(key)
            if stream is None:
                stream = self.streams[key] = Stream(Path(folder), suffix, inherited)
            stream.users += 1
            if self._runner is None:
                self._runner = threading.Thread(
                    target=self._run, name="introspect-tensorboard", daemon=True
                )
                self._runner.start()
                _at_exit_of_child()
        return stream

    def release(self, stream: Stream) -> None:
        """One user less; the last one closes the file."""
        with self.lock:
            stream.users -= 1
            if stream.users:
                stream.drain()
                return
            self.streams = {key: one for key, one in self.streams.items() if one is not stream}
        stream.close()

    def wake(self) -> None:
        if not self._wake.is_set():
            self._wake.set()

    def _run(self) -> None:
        while True:
            with self.lock:
                streams = list(self.streams.values())
                if not streams:
                    self._runner = None
                    return
            self._wake.wait(min([QUIET_S, *(stream.period_s for stream in streams)]))
            self._wake.clear()
            for stream in streams:
                if stream.queue:
                    stream.drain()

    def finish(self) -> None:
        """At the end of the process."""
        for stream in list(self.streams.values()):
            stream.drain()
            for problem in stream.problems.values():
                sys.stderr.write(f"{problem}\n")


_THREAD = _Thread()
_WRITERS: "weakref.WeakSet[EventFileWriter]" = weakref.WeakSet()


def _at_exit_of_child() -> None:
    """A process of `multiprocessing` ends without ``atexit``."""
    util = sys.modules.get("multiprocessing.util")
    process = sys.modules.get("multiprocessing.process")
    if util and process and process.parent_process() is not None:
        util.Finalize(None, _THREAD.finish, exitpriority=10)


def _begin_in_child() -> None:
    """A fork has the parent's queues but not its thread: the parent writes what is in them."""
    global _THREAD  # noqa: PLW0603  the old one may hold locks for ever
    _THREAD = _Thread()
    for writer in list(_WRITERS):
        writer.forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_begin_in_child)
atexit.register(lambda: _THREAD.finish())  # noqa: PLW0108  the one of that moment: a fork replaces it


class EventFileWriter:
    """Writes events to a file in a folder: TensorBoard's class of this name, without protobuf.

    Args:
        logdir: The folder; made now.
        max_queue_size: More than ten: so many events wake the thread. Fewer are never needed.
        flush_secs: Less than a second: how long an event waits at most.
        filename_suffix: Ends the name of the file.

    Raises:
        OSError: If there can be no such folder or file.
        HistoryError: If it is not on this machine.
    """

    def __init__(
        self, logdir: str, max_queue_size: int = 10, flush_secs: float = 120,
        filename_suffix: str = "",
    ) -> None:  # fmt: skip
        if "://" in logdir:
            raise HistoryError(
                "events are written to local folders.",
                where="SummaryWriter",
                given=logdir,
                hint="write to a local folder and copy it, or mount the store",
            )
        self._logdir = logdir
        self._suffix = filename_suffix
        self._options = (max_queue_size, flush_secs)
        self._is_closed = False
        self._stream: Stream | None = None
        self._inherited: Path | None = None
        self.stream()
        _WRITERS.add(self)

    def get_logdir(self) -> str:
        """The folder."""
        return self._logdir

    @property
    def _file_name(self) -> str:
        """The path of the file, by the name that TensorBoard's class has for it."""
        return str(self.stream().path)

    @property
    def _ev_writer(self) -> "EventFileWriter":
        """What has ``_file_name`` in tensorboardX."""
        return self

    def stream(self) -> Stream:
        """The file that is being written, through a queue of this process."""
        if self._stream is None:
            self._stream = _THREAD.open(self._logdir, self._suffix, self._inherited)
            most, flush_s = self._options
            if most and most > 10:
                self._stream.wake_at = min(self._stream.wake_at, int(most))
            if flush_s is not None:
                self._stream.period_s = max(0.01, min(self._stream.period_s, float(flush_s)))
        return self._stream

    def put(self, item: Item) -> None:
        """Queue an event; nothing once it is closed."""
        if not self._is_closed:
            self.stream().put(item)

    def add_event(self, event: Any) -> None:
        """Queue an ``Event`` of protobuf.

        Raises:
            TypeError: If it is none.
        """
        if not hasattr(event, "SerializeToString") or not hasattr(event, "wall_time"):
            raise TypeError(f"Expected an event_pb2.Event proto,  but got {type(event)}")
        content = _content_of(event)
        self.put((None, Job("add_event", bytes, (content,)), event.step, event.wall_time))

    def flush(self) -> None:
        """Have everything in the file when this returns."""
        if self._stream is not None:
            self._stream.drain()
            self._stream.tell()

    def close(self) -> None:
        """Flush, and let go of the file."""
        stream, self._stream = self._stream, None
        self._is_closed = True
        if stream is not None:
            _THREAD.release(stream)
            stream.tell()

    def reopen(self) -> None:
        """Go on after `close`."""
        self._is_closed = False

    def forget(self) -> None:
        """In a process that was forked: leave the queue to the parent, and share its file."""
        if self._stream is not None:
            self._inherited = self._stream.path
        self._stream = None


def _content_of(message: Any) -> bytes:
    """An ``Event`` without its time and step, which are written again."""
    copy = type(message)()
    copy.CopyFrom(message)
    copy.ClearField("wall_time")
    copy.ClearField("step")
    return copy.SerializeToString() or text_field(3, "")
