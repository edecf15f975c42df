"""A folder to the runs below it, however deep: names and files, nothing is opened.

A run is a folder that holds segments, or the Parquet files that they were compacted to. Folders
whose names begin with a dot are passed over, links are followed once.

Cost: one listing of each folder, 20 us; 40 us more for a run.

Not here: what the files say (``glance``).
"""

import fnmatch
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from introspect.errors import HistoryError
from introspect.history.folder import COMPACTED, SegmentName, segments

_NUMBER = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,15})?(?:e-[0-9]{1,3})?)")
_SKIPPED = frozenset({"__pycache__", "node_modules"})


@dataclass(frozen=True, slots=True)
class Found:
    """A run, or a folder that cannot be listed.

    Attributes:
        name: The path below the folder that was searched, with "/"; that folder's own name if it
            is a run itself.
        path: The run folder.
        segments: Its segments, oldest attempt first.
        has_parquet: Whether it was compacted.
        problem: Why it cannot be listed, or None.
    """

    name: str
    path: Path
    segments: tuple[SegmentName, ...] = ()
    has_parquet: bool = False
    problem: str | None = None


def find_runs(folder: Path, *, pattern: str | Sequence[str] | None = None) -> list[Found]:
    """The runs in a folder and in all folders below it, by name.

    Numbers in names count as numbers: run2 comes before run10, lr0.03 before lr0.1.

    Args:
        folder: Where to look; may be a run itself.
        pattern: Names with ``*`` and ``?``, any of which a name has to match; None for all.

    Raises:
        HistoryError: If `pattern` is neither text nor a list of texts.
    """
    patterns = [pattern] if isinstance(pattern, str) else list(pattern or ["*"])
    if not all(isinstance(each, str) for each in patterns):
        raise HistoryError(
            "a pattern is a text.", given=repr(pattern), hint='runs(folder, pattern="sweep/lr*")'
        )
    found = (
        run for run in _walk(folder)
        if any(fnmatch.fnmatchcase(run.name, each) for each in patterns)
    )  # fmt: skip
    return sorted(found, key=lambda run: _natural(run.name))


def _walk(root: Path) -> Iterator[Found]:
    waiting, seen = [(root, "")], set()
    while waiting:
        folder, name = waiting.pop()
        shown = name or root.name or str(root)
        try:
            stat = folder.stat()
            place = (stat.st_dev, stat.st_ino)
            if place in seen and stat.st_ino:  # a link that leads back; some systems know no inodes
                continue
            seen.add(place)
            below, has_segments, has_parquet = _listed(folder)
        except FileNotFoundError:
            continue  # deleted this moment
        except OSError as error:
            yield Found(shown, folder, problem=f"{type(error).__name__}: {error.strerror or error}")
            continue
        waiting += [(folder / part, f"{name}/{part}" if name else part) for part in below]
        if has_segments or has_parquet:
            yield Found(shown, folder, tuple(segments(folder)) if has_segments else (), has_parquet)


def _listed(folder: Path) -> tuple[list[str], bool, bool]:
    """The folders in a folder, and whether it holds segments or Parquet."""
    below, has_segments, has_parquet = [], False, False
    with os.scandir(folder) as entries:
        for entry in entries:
            name = entry.name
            if name.endswith(".segment") and name.startswith("attempt-"):
                has_segments = True
            elif name == COMPACTED:
                has_parquet = True
            elif not name.startswith(".") and name not in _SKIPPED and _is_folder(entry):
                below.append(name)
    return below, has_segments, has_parquet


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself
        return False


def _natural(name: str) -> list[tuple[int, float, str]]:
    parts = _NUMBER.split(name)
    return [
        (0, float(part), part) if index % 2 else (1, 0.0, part) for index, part in enumerate(parts)
    ]
