"""The attempts in a run folder: what is there, and one of them as far as it can be read.

Cost: a poll of an unchanged run takes 30 us for the folder and 10 us for each file, whatever
their length.

Not here: names of files (``folder``), what is in them (``reader``).
"""

import datetime as dt
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path

from introspect.errors import SegmentError
from introspect.history.folder import SegmentName, segments
from introspect.history.merge import Merged, Source
from introspect.history.reader import SegmentReader
from introspect.history.segment import END, frame
from introspect.history.starting import start_of
from introspect.nouns.metric import Step

_END_FRAME = frame(END, b"")


@dataclass(frozen=True, slots=True)
class Attempt:
    """One start of a training in a run folder.

    Attributes:
        number: 1 for the first.
        ranks: Of the processes that logged, lowest first.
        started: When its first segment was begun, in UTC; None if that part is damaged.
        changed: When anything was last written to it, in UTC.
        is_closed: Whether every process closed its file. False while one is running, and
            forever if one was killed.
        size_bytes: On disk.
        segments: Its files.
    """

    number: int
    ranks: tuple[int, ...]
    started: dt.datetime | None
    changed: dt.datetime
    is_closed: bool
    size_bytes: int
    segments: tuple[Path, ...]

    def __repr__(self) -> str:
        state = "closed" if self.is_closed else "open"
        ranks = f"{len(self.ranks)} ranks, " if len(self.ranks) > 1 else ""
        return f"<Attempt {self.number}: {ranks}{self.size_bytes} bytes, {state}>"


def attempts(folder: Path) -> tuple[Attempt, ...]:
    """The attempts in a run folder, oldest first. Reads the ends of each file only."""
    by_number: dict[int, list[SegmentName]] = {}
    for name in segments(folder):
        by_number.setdefault(name.attempt, []).append(name)
    found = (_attempt(number, names) for number, names in by_number.items())
    return tuple(attempt for attempt in found if attempt is not None)


def _attempt(number: int, names: list[SegmentName]) -> Attempt | None:
    changed_s, size_bytes, is_closed, created = 0.0, 0, True, []
    for name in names:
        try:
            stat = name.path.stat()
            with name.path.open("rb") as file:
                file.seek(max(0, stat.st_size - len(_END_FRAME)))
                is_closed &= file.read() == _END_FRAME
        except OSError:  # deleted this moment
            continue
        changed_s, size_bytes = max(changed_s, stat.st_mtime), size_bytes + stat.st_size
        created_ns = start_of(name.path).get("created_ns")
        created += [created_ns] if type(created_ns) is int else []
    if not changed_s:
        return None
    return Attempt(
        number=number,
        ranks=tuple(sorted({name.rank for name in names})),
        started=_utc(min(created) / 1e9) if created else None,
        changed=_utc(changed_s) or dt.datetime.now(dt.UTC),
        is_closed=is_closed,
        size_bytes=size_bytes,
        segments=tuple(name.path for name in names),
    )


def _utc(seconds: float) -> dt.datetime | None:
    try:
        return dt.datetime.fromtimestamp(seconds, dt.UTC)
    except (ValueError, OverflowError, OSError):  # a checksum that is right proves no date
        return None


class Run(Merged):
    """One attempt in a run folder, as far as it can be read.

    Attributes:
        folder: Where it lies.
        attempt: Its number; None for the newest, whichever that is at each poll.
        own: A source that is not read from the folder: the history that goes on with it.
        own_paths: Its files, which are passed over.
        files: One reader for each segment, in the order of `sources`.
    """

    def __init__(self, folder: Path, *, attempt: int | None = None) -> None:
        super().__init__()
        self.folder = folder
        self.attempt = attempt
        self.own: Source | None = None
        self.own_paths: AbstractSet[Path] = frozenset()
        self.files: list[SegmentReader] = []
        self._told = False

    def poll(self) -> None:
        """Read what is new; start over if there is a newer attempt."""
        names = segments(self.folder)
        number = self.attempt or max((name.attempt for name in names), default=0)
        names = [n for n in names if n.attempt == number and n.path not in self.own_paths]
        known = {file.path: file for file in self.files}
        if names and {name.path for name in names} != set(known):
            self.files = [
                known.get(name.path) or SegmentReader(name.path, rank=name.rank) for name in names
            ]
            self._joined.clear()
        for file in self.files:
            file.poll()
        self._hide()
        self.files.sort(key=lambda file: (-file.rank, file.created_ns, file.path.name))
        self.sources = [*self.files]
        if self.own is not None:  # begun last, so it wins within its rank
            place = sum(file.rank >= self.own.rank for file in self.files)
            self.sources.insert(place, self.own)

    def _hide(self) -> None:
        """Apply what one file rewound in others of its rank."""
        for rewinding in self.files:
            for rewind in rewinding.rewinds:
                for file in self.files:
                    size_bytes = rewind.before.get(file.path.name)
                    if size_bytes is not None and file.rank == rewinding.rank:
                        file.hide(size_bytes, rewind.step)

    def rewind_own(self, before: Mapping[str, int], step: Step) -> None:
        """Apply what `own` rewound in the files of its rank."""
        for file in self.files:
            if file.path.name in before:
                file.hide(before[file.path.name], step)

    def new_damage(self) -> str | None:
        """What was damaged, in four lines, the first time that there is any."""
        damaged = [file for file in self.files if file.all_damage]
        if not damaged or self._told:
            return None
        self._told = True
        places = [place for file in damaged for place in file.all_damage]
        first = damaged[0]
        error = SegmentError(
            f"damaged parts of this run were skipped: {len(places)}.",
            where=f"{first.path}, byte {first.all_damage[0][0]}",
            given=f"{sum(size for _, size in places)} bytes with wrong checksums",
            hint="all other values are right; a copy of the file may still hold the rest",
        )
        return str(error)
