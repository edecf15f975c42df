"""The thread that flushes, and what happens when its process forks or is asked to end.

SIGTERM (a scheduler takes the machine away) ends a Python process at once, with up to 0.2 s of
values unwritten. Where nobody else handles it, a handler asks the threads to flush first; the
last of them then ends the process by the same signal. The handler itself only sets plain
variables: it may run in the midst of anything, so it takes no lock and waits for nothing. A
second SIGTERM ends the process at once.

Not here: what a flush does (``writer``).
"""

import contextlib
import os
import signal
import threading
import time
import weakref
from typing import Any

from introspect.errors import SegmentError

FLUSH_INTERVAL_S = 0.2
_LONGEST_END_S = 5.0
"""After this the process ends, even if a disk does not answer."""

LIVING: "weakref.WeakSet[Any]" = weakref.WeakSet()
"""Every Writer of this process."""

_THREADS: "set[FlushThread]" = set()


class _Ending:
    """What the handler of SIGTERM says to the threads."""

    process = 0
    asked_s: float | None = None


class FlushThread:
    """Flushes a writer every 0.2 s until it is stopped or nobody holds the writer any more."""

    __slots__ = ("__weakref__", "_thread", "_wake", "_writer", "is_done")

    def __init__(self, writer: Any) -> None:
        self.is_done = False
        self._writer = weakref.ref(writer)
        self._wake = threading.Event()
        self._thread = threading.Thread(target=self._run, name="introspect-history", daemon=True)
        _THREADS.add(self)
        _handle_sigterm()
        self._thread.start()

    def stop(self) -> None:
        """Let it end, and wait for that."""
        self._wake.set()
        if self._thread is not threading.current_thread():
            self._thread.join()
        _THREADS.discard(self)
        _restore_sigterm()

    def _run(self) -> None:
        try:
            while not self._wake.wait(FLUSH_INTERVAL_S):
                writer = self._writer()
                if writer is None:
                    return
                self._flush(writer)
                del writer
                if _Ending.asked_s is not None:
                    self.is_done = True
                    _end_if_all_are_done(_Ending.asked_s)
        finally:
            _THREADS.discard(self)

    def _flush(self, writer: Any) -> None:
        try:
            writer.tell_surroundings()
            writer.flush()
        except Exception as error:  # noqa: BLE001  the thread must live on; the problem is told by `log`
            problem = SegmentError("a flush failed; the next one will try again.", cause=error)
            writer.report("flush", problem)


def _handle_sigterm() -> None:
    """Ask for a flush before the end, where the end is what SIGTERM means."""
    with contextlib.suppress(ValueError, OSError):  # not the main thread, or no signals here
        if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
            signal.signal(signal.SIGTERM, _on_sigterm)
            _Ending.process = os.getpid()


def _restore_sigterm() -> None:
    with contextlib.suppress(ValueError, OSError):
        if not _THREADS and signal.getsignal(signal.SIGTERM) is _on_sigterm:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _on_sigterm(number: int, frame: Any) -> None:
    del frame
    signal.signal(number, signal.SIG_DFL)
    if _Ending.process == os.getpid() and _THREADS:
        _Ending.asked_s = time.monotonic()  # seen by the threads within 0.2 s
    else:
        os.kill(os.getpid(), number)


def _end_if_all_are_done(asked_s: float) -> None:
    if all(thread.is_done for thread in list(_THREADS)) or (
        time.monotonic() - asked_s > _LONGEST_END_S
    ):
        os.kill(os.getpid(), signal.SIGTERM)


_HELD: list[Any] = []


def _before_fork() -> None:
    # So that no child gets columns that another thread was just changing.
    for writer in sorted(LIVING, key=id):
        writer.memory_lock.acquire()
        _HELD.append(writer)


def _after_fork_in_parent() -> None:
    while _HELD:
        _HELD.pop().memory_lock.release()


def _after_fork_in_child() -> None:
    _THREADS.clear()
    _Ending.asked_s = None
    _restore_sigterm()
    while _HELD:
        _HELD.pop().reset_in_child()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_before_fork,
        after_in_parent=_after_fork_in_parent,
        after_in_child=_after_fork_in_child,
    )
