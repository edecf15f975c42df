"""A run to Parquet, beside its segments or instead of them.

Segments are deleted only when asked for, and only when what was written has been read back and
found equal, bit for bit.

Cost: reading the run once, writing 0.3 us a number; removing reads both again.

Not here: the files (``introspect.history.formats.parquet``).
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from introspect.errors import DataError
from introspect.history.folder import COMPACTED, existing_folder, segments
from introspect.history.many.finding import Found
from introspect.history.many.glance import Glance, glance_at
from introspect.history.many.indexed import IndexedRun, Stored
from introspect.history.many.places import is_url
from introspect.nouns.metric import Metric

if TYPE_CHECKING:
    from introspect.history.formats.parquet_rows import Rows


@dataclass(frozen=True, slots=True)
class Compacted:
    """What became of a run.

    Attributes:
        files: What was written.
        number_count: Numbers in it.
        value_count: Other values in it.
        damaged_count: Other values that were damaged and are left out.
        removed: Segments that were deleted.
        size_bytes: Of the files; 0 where they are far away.
    """

    files: tuple[str, ...]
    number_count: int
    value_count: int
    damaged_count: int
    removed: tuple[Path, ...] = ()
    size_bytes: int = 0


def compact(
    run: str | os.PathLike[str],
    target: str | os.PathLike[str] | None = None,
    *,
    name: str | None = None,
    remove_segments: bool = False,
) -> Compacted:
    """Write all attempts of a run as Parquet, sorted by key, rank, attempt and step.

    Args:
        run: Its folder.
        target: A folder, or a URL of fsspec; None for the run folder itself.
        name: What the column ``run`` says; None for the name of the folder.
        remove_segments: Delete the segments once the Parquet has been read back and is equal.
            What was rewound, or logged again at the same step, is then gone.

    Raises:
        SegmentError: If there is no such folder.
        DataError: If it holds no run; or if segments shall be removed and the run is still being
            written, is damaged, or holds what this version does not know.
        MissingExtraError: If pyarrow is not installed.

    Example:
        >>> import tempfile
        >>> from introspect import History
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     with History(folder) as history:
        ...         history.log(0, loss=0.5)
        ...     done = compact(folder)
        ...     [Path(file).name for file in done.files], done.number_count
        (['scalars.parquet', 'values.parquet', 'about.parquet'], 1)
    """
    from introspect.history.formats.parquet import write_parquet  # noqa: PLC0415  an extra

    folder = existing_folder(run)
    is_here = target is None or (not is_url(target) and Path(target).absolute() == folder)
    attempts = read_attempts(folder)
    if remove_segments:
        _check_removable(folder, attempts, is_here=is_here)
    place = str(folder if target is None else target)
    if not is_url(place):
        _check_nothing_lost(Path(place), attempts)
    done = write_parquet(attempts, place, name=name or folder.name)
    removed: tuple[Path, ...] = ()
    if remove_segments:
        removed = _remove(folder, attempts)
    size_bytes = 0 if is_url(place) else sum(Path(file).stat().st_size for file in done.files)
    return Compacted(
        done.files, done.number_count, done.value_count, done.damaged_count, removed, size_bytes
    )


def read_attempts(folder: Path) -> dict[int, tuple[IndexedRun, Glance]]:
    """Every attempt of a run, with its numbers.

    Raises:
        DataError: If the folder holds none.
    """
    names = segments(folder)
    found = {}
    for number in sorted({name.attempt for name in names}):
        own = tuple(name for name in names if name.attempt == number)
        run = IndexedRun(folder, attempt=number)
        found[number] = (run, glance_at(Found(folder.name, folder, own), run))
    if not found:
        raise DataError(
            "this folder holds no segments of a run.",
            given=repr(str(folder)),
            hint="introspect runs FOLDER lists the runs below a folder",
        )
    return found


def _check_removable(
    folder: Path, attempts: dict[int, tuple[IndexedRun, Glance]], *, is_here: bool
) -> None:
    problem = None if is_here else "the Parquet is written to another folder"
    for number, (_, glance) in attempts.items():
        if glance.problem:
            problem = f"attempt {number}: {glance.problem}"
        elif glance.state() == "running":
            problem = f"attempt {number} is still being written"
    if problem:
        raise DataError(
            "the segments of this run cannot be removed.",
            where=str(folder), cause=problem, hint="keep them: Parquet beside them does no harm",
        )  # fmt: skip


def _check_nothing_lost(target: Path, attempts: dict[int, tuple[IndexedRun, Glance]]) -> None:
    """Parquet whose segments were removed is the only copy: nothing may replace it."""
    if not (target / COMPACTED).exists():
        return
    from introspect.history.formats.parquet_reader import glances_of  # noqa: PLC0415  an extra

    known = {
        (number, writer.rank, writer.pid, writer.created_ns)
        for number, (_, glance) in attempts.items()
        for writer in glance.writers
    }
    held = {
        (number, writer.rank, writer.pid, writer.created_ns)
        for number, glance in glances_of(target).items()
        for writer in glance.writers
    }
    if not held <= known:
        raise DataError(
            "there is Parquet of other segments, which this would replace.",
            where=str(target / COMPACTED),
            given=f"attempts {', '.join(map(str, sorted({place[0] for place in held - known})))}",
            hint="another target folder, or move the older Parquet away",
        )


def _remove(folder: Path, attempts: dict[int, tuple[IndexedRun, Glance]]) -> tuple[Path, ...]:
    """Delete the segments if the Parquet says the same."""
    for number, (run, _) in attempts.items():
        difference = difference_of(folder, number, run)
        if difference:
            raise DataError(
                "the Parquet does not say what the segments say; nothing was removed.",
                where=str(folder), cause=difference,
            )  # fmt: skip
    read = {file.path: file.position for run, _ in attempts.values() for file in run.files}
    names = segments(folder)
    for name in names:
        if read.get(name.path) != name.path.stat().st_size:
            raise DataError(
                "the run was written to in the meantime; nothing was removed.",
                where=str(name.path), hint="compact it when it is closed",
            )  # fmt: skip
    for name in names:
        name.path.unlink()
    return tuple(name.path for name in names)


def difference_of(folder: Path, attempt: int, run: IndexedRun) -> str | None:
    """The first thing that the Parquet says otherwise than the run; None if they are equal."""
    from introspect.history.formats import parquet_reader  # noqa: PLC0415  an extra
    from introspect.history.formats.parquet import parts_of  # noqa: PLC0415  an extra

    copy = parquet_reader.CompactedRun(folder, attempt=attempt)
    if copy.keys() != run.keys():
        return "the keys differ"
    if copy.about.record() != run.about.record():
        return "config, notes, tags or facts differ"
    for key in run.keys():  # noqa: SIM118  no mapping
        for part in parts_of(run, key):
            is_other = np.array([isinstance(value, Stored) for value in part.data], bool)
            place = (copy.shown.get(key, key), part.rank, attempt)
            files = (copy.row_files.scalars, ~is_other), (copy.row_files.values, is_other)
            for file, rows in files:
                if rows.any() and not _is_equal(file.rows(place), part, rows):
                    return f"{key!r} of rank {part.rank} in attempt {attempt}"
    return None


def _is_equal(found: "Rows", part: Metric, rows: npt.NDArray[np.bool_]) -> bool:
    if not np.array_equal(found.steps, part.steps[rows]):
        return False
    if not np.array_equal(found.times, part.times[rows]):
        return False
    data = part.data[rows]
    if found.cells is not None:
        return found.cells == [(value.kind, value.payload()) for value in data]
    bits = [np.asarray(side, np.float64).view(np.int64) for side in (found.numbers, data)]
    return bool(np.array_equal(bits[0], bits[1]))
