"""Whether a run is running: from how its files end, their age, and the processes of this host.

A file that ends in its end frame was closed. One that does not belongs to a process that runs, or
that was killed. On the machine that wrote it the process itself is asked for; elsewhere silence
of ten minutes counts as an end.

Cost: a microsecond for a file that is not closed; nothing for the others.

Not here: reading the files (``glance``).
"""

import hashlib
import os
import socket
import time
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

State = Literal["running", "finished", "killed", "unreadable", "empty"]
"""``killed`` is whatever ended without closing its file: a signal, a crash, a power cut."""

SILENT_S = 600.0
"""On another machine, a file that was not written to for so long has no writer any more."""

_FRESH_S = 2.0
"""Flushes come every 0.2 s: what was written this moment has a writer, wherever that is."""


@dataclass(frozen=True, slots=True)
class Writer:
    """Who wrote one segment, and whether it closed it.

    Attributes:
        rank: Of the process.
        pid: Of the process, on its host.
        host: A digest of the name of the host; empty if it is not known.
        family: One `History` with its forked children.
        created_ns: When the file was begun, in ns since 1970; 0 if it is not known.
        is_closed: Whether the file ends in an end frame.
        changed_ns: When it was last written to.
    """

    rank: int
    pid: int
    host: str
    family: str
    created_ns: int
    is_closed: bool
    changed_ns: int


def state_of(writers: Iterable[Writer], *, now_ns: int | None = None) -> State:
    """The state of an attempt: running if any rank is, else killed if any was.

    Of each rank the `History` that was begun last counts, and of that the file of the process
    that began it: a resumed training is not killed because its first half was, nor is one
    whose data loaders were forked and ended in silence.

    Args:
        writers: One for each segment of the attempt.
        now_ns: The time, in ns since 1970; None for the clock.

    Example:
        >>> closed = Writer(0, 1, "", "a", 0, True, 0)
        >>> open_elsewhere = Writer(1, 1, "other", "b", 0, False, 0)
        >>> state_of([closed]), state_of([closed, open_elsewhere])
        ('finished', 'killed')
    """
    now_ns = time.time_ns() if now_ns is None else now_ns
    states = [_state_of_rank(same, now_ns) for same in _by_rank(writers).values()]
    if not states:
        return "empty"
    return min(states, key=["running", "killed", "finished"].index)


def _by_rank(writers: Iterable[Writer]) -> dict[int, list[Writer]]:
    ranks: dict[int, list[Writer]] = {}
    for writer in writers:
        ranks.setdefault(writer.rank, []).append(writer)
    return ranks


def _state_of_rank(writers: list[Writer], now_ns: int) -> State:
    if any(not writer.is_closed and _is_alive(writer, now_ns) for writer in writers):
        return "running"
    begun: dict[str, Writer] = {}
    for writer in sorted(writers, key=lambda writer: writer.created_ns):
        begun.setdefault(writer.family, writer)
    newest = max(begun.values(), key=lambda writer: writer.created_ns)
    return "finished" if newest.is_closed else "killed"


def _is_alive(writer: Writer, now_ns: int) -> bool:
    age_s = (now_ns - writer.changed_ns) / 1e9
    if age_s < _FRESH_S:
        return True
    if writer.host != this_host():
        return age_s < SILENT_S
    is_there = process_exists(writer.pid, writer.created_ns)
    return age_s < SILENT_S if is_there is None else is_there


@cache
def this_host() -> str:
    """The digest by which segments tell hosts apart (docs/formats/segment.md)."""
    return hashlib.sha256(socket.gethostname().encode("utf-8", "replace")).hexdigest()[:16]


def process_exists(pid: int, since_ns: int = 0) -> bool | None:
    """Whether a process of this number lives on this host; None if nobody can say.

    Args:
        pid: Its number.
        since_ns: It has lived since then: a later process that was given the same number is
            another one. Known on Linux only.
    """
    if os.name == "nt" or not 0 < pid < 1 << 31:  # there, os.kill(pid, 0) would end it
        return None if pid > 0 else False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    except OSError:
        return None
    began_s = _began_s(pid)
    if began_s == _ZOMBIE:
        return False
    return not (since_ns and began_s is not None and began_s > since_ns / 1e9 + _CLOCK_SLACK_S)


_ZOMBIE = -1.0
_CLOCK_SLACK_S = 10.0  # clocks are set, and a boot time is known to the second


def _began_s(pid: int) -> float | None:
    """When a process began, in seconds since 1970; None where there is no /proc."""
    try:
        # The name stands in brackets and may hold anything, brackets too.
        fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
        if fields[0] in {b"Z", b"X"}:
            return _ZOMBIE
        return _booted_s() + int(fields[19]) / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError, AttributeError):
        return None


def _booted_s() -> float:
    for line in Path("/proc/stat").read_text(encoding="ascii").splitlines():
        if line.startswith("btime "):
            return float(line.split()[1])
    raise ValueError("no btime")
