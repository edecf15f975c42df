"""Framed events -> an event file that grows; a full disk leaves no half of an event in it.

Cost: one write each time; up to `BACKLOG_BYTES` wait in memory while the disk takes no more.

Not here: what is in the events (``sink``).
"""

import contextlib
import itertools
import os
import re
import socket
import time
from collections import deque
from pathlib import Path

from introspect.history.formats.events.messages import first_event
from introspect.history.formats.events.proto import framed

BACKLOG_BYTES = 64 << 20
SUFFIX = ".introspect"

_COUNTER = itertools.count()
_UNFIT = re.compile(r"[^A-Za-z0-9_\-]")  # a dot would end the part of the name before it


def new_path(folder: Path) -> Path:
    """Where a new event file goes: TensorBoard reads those of a folder in the order of names."""
    host = _UNFIT.sub("_", socket.gethostname()) or "host"
    now_s = int(time.time())
    for path in folder.glob(f"events.out.tfevents.*{SUFFIX}"):  # even if the clock went back
        stamp = path.name.split(".")[3]
        if stamp.isdecimal() and len(stamp) == 10:
            now_s = max(now_s, int(stamp) + 1)
    number = next(_COUNTER)
    return folder / f"events.out.tfevents.{now_s:010d}.{host}.{os.getpid()}.{number}{SUFFIX}"


class EventFile:
    """One event file, made with the first event.

    Attributes:
        folder: Where it goes; made if it is missing.
        path: The file, or None before there is one.
        dropped_bytes: What did not fit into memory while the disk took no more.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path: Path | None = None
        self.dropped_bytes = 0
        self._waiting: deque[bytes] = deque()
        self._waiting_bytes = 0
        self._descriptor: int | None = None

    def add(self, framed_events: bytes) -> None:
        """Queue events; nothing is written yet."""
        if self._waiting_bytes + len(framed_events) > BACKLOG_BYTES and self._waiting:
            self.dropped_bytes += len(framed_events)
            return
        self._waiting.append(framed_events)
        self._waiting_bytes += len(framed_events)

    def flush(self) -> None:
        """Write what is queued.

        Raises:
            OSError: If the disk does not take it; it is tried again the next time.
        """
        if not self._waiting:
            return
        descriptor = self._open()
        while self._waiting:
            data = self._waiting[0]
            self._append(descriptor, data)
            self._waiting.popleft()
            self._waiting_bytes -= len(data)

    def close(self) -> None:
        """Write what is queued and let go of the file; another `add` and `flush` would go on."""
        try:
            self.flush()
        finally:
            descriptor, self._descriptor = self._descriptor, None
            if descriptor is not None:
                with contextlib.suppress(OSError):
                    os.close(descriptor)

    def _open(self) -> int:
        if self._descriptor is not None:
            if self.path is not None and self.path.exists():
                return self._descriptor
            descriptor, self._descriptor, self.path = self._descriptor, None, None
            with contextlib.suppress(OSError):  # somebody deleted it: begin another
                os.close(descriptor)
        flags = os.O_WRONLY | os.O_APPEND | getattr(os, "O_BINARY", 0)
        if self.path is not None and self.path.exists():
            self._descriptor = os.open(self.path, flags)
            return self._descriptor
        self.folder.mkdir(parents=True, exist_ok=True)
        path = new_path(self.folder)
        self._descriptor = os.open(path, flags | os.O_CREAT | os.O_EXCL, 0o666)
        self.path = path
        # TensorBoard follows a file only while its folder has no later one, so it has to begin now.
        self._waiting.appendleft(framed(first_event(time.time())))
        self._waiting_bytes += len(self._waiting[0])
        return self._descriptor

    def _append(self, descriptor: int, data: bytes) -> None:
        """Write all of it, or leave the file as it was."""
        end = os.fstat(descriptor).st_size
        rest = memoryview(data)
        try:
            while rest:
                rest = rest[os.write(descriptor, rest) :]
        except BaseException:
            with contextlib.suppress(OSError):
                os.ftruncate(descriptor, end)
            raise
