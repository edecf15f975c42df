"""Check the files of a run, and write a clean copy of one that is damaged.

Every checksum is verified and every value is decoded, which an ordinary reader leaves out for
values that nobody asks for. A copy holds each good frame byte for byte, in files of the same
names; nothing is invented for what is lost.

Cost: reading all bytes, and decoding all images.

Not here: the command (``introspect fsck``), reading past damage (``reader``).
"""

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from introspect.errors import SegmentError
from introspect.history.blocks import Rewind
from introspect.history.codec import KINDS
from introspect.history.folder import existing_folder, segments
from introspect.history.frames import Found, Scan, good_frames
from introspect.history.segment import (
    CELL,
    END,
    FACT,
    HEADER_BYTES,
    META_BYTES,
    NAMES,
    REWIND,
    ROWS,
    START,
    frame,
    parse_json,
    parse_meta,
    parse_names,
    parse_rewind,
    parse_rows,
    rewind_frame,
)


@dataclass(frozen=True, slots=True)
class SegmentReport:
    """What was found in one file.

    Attributes:
        path: The file.
        size_bytes: Its size.
        frame_count: Good frames in it.
        value_count: Values in those, rewound ones as well.
        unnamed_count: Values among them whose key is lost.
        unknown_count: Values of kinds that a newer introspect wrote.
        damaged: (first byte, bytes) of each place that is damaged.
        cut_bytes: The beginning of a frame at the end of the file: it is being written, or
            its writer was killed.
        is_closed: Whether its writer closed it.
        problem: Why it cannot be read at all, or None.
    """

    path: Path
    size_bytes: int = 0
    frame_count: int = 0
    value_count: int = 0
    unnamed_count: int = 0
    unknown_count: int = 0
    damaged: tuple[tuple[int, int], ...] = ()
    cut_bytes: int = 0
    is_closed: bool = False
    problem: str | None = None

    @property
    def is_clean(self) -> bool:
        """Whether nothing is damaged. A cut end is no damage."""
        return not self.damaged and not self.unnamed_count and self.problem is None

    def __str__(self) -> str:
        if self.problem is not None:
            return f"{self.path.name}: cannot be read: {self.problem}"
        state = "clean" if self.is_clean else f"{len(self.damaged)} damaged places"
        lines = [
            f"{self.path.name}: {self.value_count} values in {self.frame_count} frames, {state}"
        ]
        lines += [f"  {size} bytes at byte {at} are damaged" for at, size in self.damaged]
        if self.unnamed_count:
            lines.append(f"  the names of {self.unnamed_count} values are lost")
        if self.unknown_count:
            lines.append(f"  {self.unknown_count} values are of kinds that a newer version wrote")
        if self.cut_bytes:
            lines.append(f"  the last frame is cut short after {self.cut_bytes} bytes")
        if not self.is_closed:
            lines.append("  it was not closed: its writer is running, or was killed")
        return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class Report:
    """What was found in a run.

    Attributes:
        folder: The run.
        files: One report for each segment, by attempt and rank.
    """

    folder: Path
    files: tuple[SegmentReport, ...]

    @property
    def is_clean(self) -> bool:
        """Whether nothing is damaged."""
        return all(file.is_clean for file in self.files)

    @property
    def value_count(self) -> int:
        """Good values in all files."""
        return sum(file.value_count for file in self.files)

    def __str__(self) -> str:
        return "\n".join([f"{self.folder}: {len(self.files)} files", *map(str, self.files)])


def check(run: str | os.PathLike[str]) -> Report:
    """Verify every checksum and decode every value of a run. Nothing is changed.

    Args:
        run: Its folder.

    Raises:
        SegmentError: If there is no such folder.

    Example:
        >>> import tempfile
        >>> from introspect import History
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     with History(folder, facts=False) as history:
        ...         history.log(0, loss=0.5)
        ...     check(folder).is_clean
        True
    """
    folder = existing_folder(run)
    return Report(folder, tuple(_checked(name.path) for name in segments(folder)))


def repair(run: str | os.PathLike[str], target: str | os.PathLike[str]) -> Report:
    """Write every good frame of a run to a new folder.

    Args:
        run: The folder of the run; not changed.
        target: A folder that is empty, or not there yet.

    Returns:
        What was found in the run. `check` of the copy is clean, but for names that are lost.

    Raises:
        SegmentError: If `run` is no folder, or `target` is not empty or cannot be written.
    """
    source = existing_folder(run)
    copy = _empty_folder(target, source)
    names = segments(source)
    places = {name.path.name: _new_places(name.path) for name in names}
    reports = []
    for name in names:
        reports.append(_checked(name.path))
        try:
            with (copy / name.path.name).open("xb") as file:
                for data in _copied(name.path, places):
                    file.write(data)
        except OSError as error:
            raise _unwritable(copy, error) from error
    return Report(source, tuple(reports))


def _checked(path: Path) -> SegmentReport:
    scan, tally = Scan(), _Tally()
    try:
        size_bytes = path.stat().st_size
        with path.open("rb") as file:
            for found in good_frames(file, scan, whole_cells=True):
                if not tally.add(found):
                    scan.damage.append((found[0], HEADER_BYTES + found[1].size_bytes))
    except OSError as error:
        return SegmentReport(path, problem=f"{type(error).__name__}: {error}")
    return SegmentReport(
        path=path,
        size_bytes=size_bytes,
        frame_count=tally.frames,
        value_count=tally.values,
        unnamed_count=sum(n for key, n in tally.by_id.items() if key not in tally.names),
        unknown_count=tally.unknown,
        damaged=tuple(sorted(scan.damage + scan.bad_tail)),
        cut_bytes=scan.cut_bytes,
        is_closed=tally.is_closed,
    )


class _Tally:
    """Counts what is in good frames."""

    def __init__(self) -> None:
        self.frames = self.values = self.unknown = 0
        self.names: dict[int, str] = {}
        self.by_id: dict[int, int] = {}
        self.is_closed = False

    def add(self, found: Found) -> bool:
        """Count a frame; False if it cannot be decoded in spite of its checksum."""
        _, header, payload = found
        try:
            counts = self._counts(header.kind, payload)
        except Exception:  # noqa: BLE001  a decoder of hostile bytes may raise anything
            return False
        self.frames += 1
        self.is_closed = header.kind == END
        for key_id, count in counts.items():
            self.values += count
            self.by_id[key_id] = self.by_id.get(key_id, 0) + count
        return True

    def _counts(self, kind: int, payload: bytes) -> dict[int, int]:
        """Values by the id of their key."""
        if kind == NAMES:
            self.names |= parse_names(payload)
        elif kind in {START, FACT}:
            parse_json(payload)
        elif kind == REWIND:
            parse_rewind(payload)
        elif kind == ROWS:
            counts: dict[int, int] = {}
            for ids, block in parse_rows(payload):
                for key_id in ids:
                    counts[key_id] = counts.get(key_id, 0) + len(block.ticks)
            return counts
        elif kind == CELL:
            meta = parse_meta(payload)
            if meta is None:
                raise ValueError("the head of a cell is damaged")
            if meta.kind in KINDS:
                KINDS[meta.kind].decode(payload[META_BYTES:])
            else:
                self.unknown += 1
            return {meta.key_id: 1}
        return {}


def _good(path: Path) -> Iterator[tuple[int, int, bytes]]:
    """(first byte, kind, payload) of every frame that can be decoded."""
    tally = _Tally()
    with contextlib.suppress(OSError), path.open("rb") as file:
        for found in good_frames(file, Scan(), whole_cells=True):
            if tally.add(found):
                yield found[0], found[1].kind, found[2]


def _new_places(path: Path) -> list[tuple[int, int]]:
    """(end of a good frame here, end of it in the copy), in order."""
    places, end = [(0, 0)], 0
    for at, _, payload in _good(path):
        end += HEADER_BYTES + len(payload)
        places.append((at + HEADER_BYTES + len(payload), end))
    return places


def _copied(path: Path, places: dict[str, list[tuple[int, int]]]) -> Iterator[bytes]:
    """Every good frame; a rewind tells the sizes that its files have now."""
    for _, kind, payload in _good(path):
        if kind != REWIND:
            yield frame(kind, payload)
            continue
        rewind = parse_rewind(payload)
        before = {
            name: max((new for old, new in places.get(name, []) if old <= size), default=0)
            for name, size in rewind.before.items()
        }
        # As long as it was, or the places behind it would move: JSON may end in blanks.
        told = rewind_frame(Rewind(rewind.step, before))[HEADER_BYTES:].ljust(len(payload))
        yield frame(kind, told)


def _empty_folder(target: str | os.PathLike[str], source: Path) -> Path:
    try:
        folder = Path(target).expanduser().absolute()
        folder.mkdir(parents=True, exist_ok=True)
        is_empty = not any(folder.iterdir())
    except (OSError, ValueError, TypeError, RuntimeError) as error:
        raise _unwritable(target, error) from error
    if not is_empty:
        raise SegmentError(
            "a clean copy needs an empty folder.",
            where=f"repair({str(source)!r}, target)",
            given=str(folder),
            hint=f"{source.name}-repaired",
        )
    return folder


def _unwritable(target: object, error: Exception) -> SegmentError:
    return SegmentError(
        "the clean copy cannot be written.",
        where="repair(run, target)",
        given=repr(target) if not isinstance(target, Path) else str(target),
        cause=error,
        hint="another folder, on a disk with room",
    )
