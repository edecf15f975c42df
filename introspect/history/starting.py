"""Begin a segment: of which rank, in which attempt, in which file.

Processes agree on the attempt without talking to each other. Each segment says in its first
frame who began it: a *family* (one `History`, its forked children and its pickled copies), a
*launch* (the processes that one launcher started on one machine) and a *job* (the same over
several machines). A new segment joins the newest attempt if it is of its family, or if it is
of its launch or job and has no segment of its rank; otherwise it begins a new attempt.

Cost: one look at the folder and one at the first bytes of each segment of its newest attempt.

Not here: what follows (``store``), reading (``reader``).
"""

import contextlib
import hashlib
import os
import random
import socket
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from introspect.history.folder import SegmentName, compacted_attempts, newest_attempt, segments
from introspect.history.segment import HEADER_BYTES, START, json_frame, parse_header, parse_json

_HEAD_BYTES = 4096
_SAME_JOB_NS = 600 * 10**9
"""Processes on different machines that began within this belong to one start of a job."""

_MOMENT_S = 1.0
"""How long a rank waits for the first frame of a file that another one has just made."""

_RANKS = ("RANK", "OMPI_COMM_WORLD_RANK", "PMI_RANK", "SLURM_PROCID")
_JOB = ("MASTER_ADDR", "MASTER_PORT", "TORCHELASTIC_RUN_ID", "TORCHELASTIC_RESTART_COUNT")


@dataclass(frozen=True, slots=True)
class Started:
    """A segment that was just begun.

    Attributes:
        descriptor: Open for appending.
        name: What its name says.
        start: Its first frame, if that could not be written (the disk is full); else empty.
        size_bytes: What is in it.
    """

    descriptor: int
    name: SegmentName
    start: bytes
    size_bytes: int


def rank_of_process() -> int:
    """The rank of this process in a distributed training; 0 without one.

    As ``torch.distributed`` says if it is initialised, else as ``torchrun``, MPI or Slurm put it
    into the environment.
    """
    distributed = sys.modules.get("torch.distributed")
    if distributed is not None:
        with contextlib.suppress(Exception):
            if distributed.is_available() and distributed.is_initialized():
                return int(distributed.get_rank())
    texts = (os.environ.get(name, "") for name in _RANKS)
    return next((int(text) for text in texts if text.isdecimal()), 0)


def start_of(path: Path) -> dict[str, Any]:
    """What the first frame of a segment says; empty if it is not there or damaged."""
    with contextlib.suppress(OSError, ValueError, RecursionError), path.open("rb") as file:
        data = file.read(_HEAD_BYTES)
        header = parse_header(data)
        if header is not None and header.kind == START:
            return parse_json(data[HEADER_BYTES : HEADER_BYTES + header.size_bytes])
    return {}


def start_segment(folder: Path, *, family: str, attempt: int | None = None) -> Started:
    """A new segment in the folder, with its first frame.

    Args:
        folder: Made if it is missing.
        family: A word that no other family has.
        attempt: The attempt that it belongs to; None to find out.

    Raises:
        OSError: If the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    rank, about = rank_of_process(), {"family": family, **_launch()}
    if attempt is not None:
        return _begun(folder, attempt, rank, about)
    for tries in range(1, 100):
        number = _attempt_for(folder, rank, about)
        started = _begun(folder, number, rank, about)
        others = [
            name for name in segments(folder)
            if (name.attempt, name.rank) == (number, rank) and name.path != started.name.path
        ]  # fmt: skip
        if all(start_of(name.path).get("family") == family for name in others):
            return started
        # Somebody else began this attempt in the same moment. At least one of the two sees
        # the other, so never do both stay.
        os.close(started.descriptor)
        started.name.path.unlink(missing_ok=True)
        time.sleep(random.random() * 0.002 * tries)  # noqa: S311  no secret
    return _begun(folder, number + 1, rank, about)


def _attempt_for(folder: Path, rank: int, about: dict[str, Any]) -> int:
    newest = newest_attempt(folder)
    if not newest:
        return max(compacted_attempts(folder), default=0) + 1
    starts = [(name, _start_soon(name.path)) for name in newest]
    number = newest[0].attempt
    if any(start.get("family") == about["family"] for _, start in starts):
        return number
    is_mine_free = all(name.rank != rank for name in newest)
    is_ours = any(_is_together(start, about) for _, start in starts)
    return number if is_mine_free and is_ours else number + 1


def _start_soon(path: Path) -> dict[str, Any]:
    """What the first frame says; waits for a process that has made the file this moment.

    Between making a file and writing its first frame another rank may look: without that frame
    it would take the file for one of an earlier training, and begin an attempt of its own.
    """
    until_s = time.monotonic() + _MOMENT_S
    while True:
        start = start_of(path)
        if start or time.monotonic() > until_s or not _is_fresh(path):
            return start
        time.sleep(0.002)


def _is_fresh(path: Path) -> bool:
    try:
        return abs(time.time() - path.stat().st_mtime) < 2 * _MOMENT_S
    except OSError:
        return False


def _is_together(start: dict[str, Any], about: dict[str, Any]) -> bool:
    """Whether two segments were begun by ranks of one training."""
    if start.get("launch") == about["launch"]:
        return True
    created_ns = start.get("created_ns")
    is_near = type(created_ns) is int and abs(time.time_ns() - created_ns) < _SAME_JOB_NS
    is_same_job = about["job"] is not None and start.get("job") == about["job"]
    return is_near and is_same_job and start.get("host") != about["host"]


def _launch() -> dict[str, str | None]:
    """Digests: they tell same from other, and nothing else."""
    job = [os.environ.get(name, "") for name in _JOB]
    host = socket.gethostname()
    return {
        "host": _digest(host),
        "launch": _digest(host, str(os.getppid()), *job),
        "job": _digest(*job) if job[0] else None,
    }


def _digest(*words: str) -> str:
    return hashlib.sha256("\0".join(words).encode("utf-8", "replace")).hexdigest()[:16]


def _begun(folder: Path, attempt: int, rank: int, about: dict[str, Any]) -> Started:
    """A file that nobody else has, with its first frame."""
    pid = os.getpid()
    # Segments of one rank go in the order of this, even if the clock was set back in between.
    earlier = [
        start_of(name.path).get("created_ns")
        for name in segments(folder)
        if (name.attempt, name.rank) == (attempt, rank)
    ]
    created_ns = max([time.time_ns(), *(ns + 1 for ns in earlier if type(ns) is int)])
    record = {"format": 1, "attempt": attempt, "rank": rank, "pid": pid, "created_ns": created_ns}
    start = json_frame(START, record | about)
    suffix = 0
    while True:  # another host of a shared file system may have the same process number
        tail = f"-{suffix}" if suffix else ""
        path = folder / f"attempt-{attempt:04d}-rank-{rank}-pid-{pid}{tail}.segment"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND
        try:
            descriptor = os.open(path, flags | getattr(os, "O_BINARY", 0), 0o666)
        except FileExistsError:
            suffix += 1
            continue
        name = SegmentName(path, attempt, rank, pid)
        with contextlib.suppress(OSError):
            if os.write(descriptor, start) == len(start):
                return Started(descriptor, name, b"", len(start))
            os.ftruncate(descriptor, 0)
        return Started(descriptor, name, start, 0)
