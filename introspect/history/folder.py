"""Which file of a run folder belongs to which attempt, rank and process.

A run folder holds segments named ``attempt-0001-rank-0-pid-4711.segment``. Every start of
a training is an attempt; every rank of it and every forked process writes a file of its
own, so that nobody waits for a lock and nobody writes into another's file.

Not here: what is in the files (``segment``).
"""

import os
import re
from dataclasses import dataclass
from pathlib import Path

from introspect.errors import SegmentError

_NAME = re.compile(r"attempt-(\d+)-rank-(\d+)-pid-(\d+)(?:-(\d+))?\.segment")


@dataclass(frozen=True, slots=True)
class SegmentName:
    """What the name of a segment says."""

    path: Path
    attempt: int
    rank: int
    pid: int


def segments(folder: Path) -> list[SegmentName]:
    """The segments of a run folder, by attempt, rank (0 last) and process. Empty if it is gone."""
    found = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                match = _NAME.fullmatch(entry.name)
                if match:
                    attempt, rank, pid = (int(match[group]) for group in (1, 2, 3))
                    found.append(SegmentName(Path(entry.path), attempt, rank, pid))
    except OSError:
        return []
    return sorted(found, key=lambda name: (name.attempt, -name.rank, name.path.name))


def newest_attempt(folder: Path) -> list[SegmentName]:
    """The segments of the newest attempt."""
    found = segments(folder)
    return [name for name in found if name.attempt == found[-1].attempt]


def rank_of_process() -> int:
    """The rank that `torchrun` and its like put into the environment; 0 without one."""
    text = os.environ.get("RANK", "")
    return int(text) if text.isdecimal() else 0


def create_segment(folder: Path, *, attempt: int | None = None) -> tuple[int, SegmentName]:
    """A new, empty file in the folder, open for appending.

    Args:
        folder: Made if it is missing.
        attempt: The attempt that it belongs to; a new one by default. Ranks that start
            together get the same number, since each counts only the files of its own rank.

    Returns:
        Its descriptor and its name.

    Raises:
        OSError: If the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    rank, pid = rank_of_process(), os.getpid()
    if attempt is None:
        mine = [name.attempt for name in segments(folder) if name.rank == rank]
        attempt = max(mine, default=0) + 1
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
        return descriptor, SegmentName(path, attempt, rank, pid)


def open_folder(path: str | os.PathLike[str]) -> Path:
    """The run folder at `path`, absolute; made with its parents if it is missing.

    A folder that already holds a run may be read-only.

    Raises:
        SegmentError: If the path is a file, or no folder can be made or written there.
    """
    hint = "another folder, or History() for memory only"
    try:
        folder = Path(path).expanduser().absolute()
        is_file = folder.exists() and not folder.is_dir()
        if not is_file:
            folder.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError, TypeError, RuntimeError) as error:  # a NUL, a number, ~nobody
        raise SegmentError(
            "the run folder cannot be made.",
            where="History(path)",
            given=repr(path),
            cause=error,
            hint=hint,
        ) from error
    if is_file:
        raise SegmentError(
            "a run folder cannot be a file.", where=str(folder), given=repr(path), hint=hint
        )
    if not os.access(folder, os.W_OK | os.X_OK) and not segments(folder):
        raise SegmentError(
            "the run folder cannot be written.", where=str(folder), given=repr(path), hint=hint
        )
    return folder
