"""Which file of a run folder belongs to which attempt, rank and process.

A run folder holds segments named ``attempt-0001-rank-0-pid-4711.segment``. Every start of
a training is an attempt; every rank of it and every forked process writes a file of its
own, so that nobody waits for a lock and nobody writes into another's file.

Not here: what is in the files (``segment``), making one (``starting``).
"""

import contextlib
import os
import re
from dataclasses import dataclass
from pathlib import Path

from introspect.errors import IntrospectError, SegmentError

_NAME = re.compile(r"attempt-(\d+)-rank-(\d+)-pid-(\d+)(?:-(\d+))?\.segment")


COMPACTED = "scalars.parquet"
"""The numbers of a run that was compacted (docs/formats/parquet.md)."""


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
                    name = SegmentName(Path(entry.path), attempt, rank, pid)
                    found.append(((attempt, -rank, pid, int(match[4] or 0)), name))
    except OSError:
        return []
    return [name for _, name in sorted(found, key=lambda pair: pair[0])]


def newest_attempt(folder: Path) -> list[SegmentName]:
    """The segments of the newest attempt."""
    found = segments(folder)
    return [name for name in found if name.attempt == found[-1].attempt]


def compacted_attempts(folder: Path) -> tuple[int, ...]:
    """The attempts of which the folder holds Parquet, lowest first; none that cannot be read."""
    if not (folder / COMPACTED).is_file():
        return ()
    with contextlib.suppress(IntrospectError, OSError):
        from introspect.history.formats.parquet_reader import glances_of  # noqa: PLC0415  an extra

        return tuple(sorted(glances_of(folder)))
    return ()


def is_compacted(folder: Path, attempt: int | None) -> bool:
    """Whether to read Parquet: segments that were begun after it are newer."""
    if not (folder / COMPACTED).is_file():
        return False
    return not segments(folder) or attempt in compacted_attempts(folder)


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


def shown_path(path: str | os.PathLike[str]) -> str:
    """A path as it is shown: from the working directory, if it lies below that.

    A notebook that is stored or shared so names no machine and no person.

    Example:
        >>> shown_path(Path.cwd() / "runs" / "a")
        'runs/a'
    """
    with contextlib.suppress(OSError, ValueError):
        return Path(path).relative_to(Path.cwd()).as_posix()
    return str(path)


def existing_folder(path: str | os.PathLike[str]) -> Path:
    """A folder to read from, absolute.

    Raises:
        SegmentError: If there is none.
    """
    cause: Exception | None = None
    try:
        folder = Path(path).expanduser().absolute()
        if folder.is_dir():
            return folder
    except (OSError, ValueError, TypeError, RuntimeError) as error:  # a NUL, a number, ~nobody
        cause = error
    raise SegmentError(
        "there is no run folder.",
        where="History.open(path)",
        given=repr(path),
        cause=cause,
        hint="History(path) makes one and logs to it",
    )
