"""Event files of any writer -> runs: every value, none thinned out.

A folder with event files is a run; so is each folder below it that has some, which is how
torch writes ``add_scalars`` and ``add_hparams``. What a session start hides in TensorBoard is
hidden in the run by a rewind, and kept on disk. Metadata, and the form in which a value was
written, become facts of the run, so that ``export_events`` can write them as they were.

Cost: 0.5 us a number under one key, 0.7 us under ten in turn, checksums and compression
included.

Not here: reading (``reading``), the way back (``exporting``).
"""

import base64
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from introspect.errors import DataError
from introspect.history.blocks import Block, Cell, Fact, Part, Rewind
from introspect.history.codec import kind_of
from introspect.history.folder import open_folder
from introspect.history.formats.events.columns import Numbers
from introspect.history.formats.events.decoding import Event, Raw
from introspect.history.formats.events.messages import nanoseconds
from introspect.history.formats.events.reading import Tags, event_files, parts_of
from introspect.history.formats.events.records import Found
from introspect.history.formats.timed_store import TimedStore

FACT = "tensorboard"
"""Under which name the facts of an import stand: ``metas``, ``forms``, ``raw``."""

_UNNAMED = "(no tag)"


@dataclass(frozen=True, slots=True)
class ImportedRun:
    """One run that was made.

    Attributes:
        source: The folder of the event files, or the file.
        folder: The run.
        file_count: Event files that were read.
        event_count: Good events in them.
        value_count: Values that were written.
        damaged: Of each place that was skipped: the file, its first byte, bytes.
        cut_bytes: Beginnings of events at the ends of files.
        unknown_count: Events that do not parse in spite of their checksum.
        raw_count: Values that have no noun here; they are kept as bytes.
    """

    source: Path
    folder: Path
    file_count: int
    event_count: int
    value_count: int
    damaged: tuple[tuple[Path, int, int], ...]
    cut_bytes: int
    unknown_count: int
    raw_count: int

    @property
    def is_clean(self) -> bool:
        """Whether nothing was damaged or unknown. A cut end is no damage."""
        return not self.damaged and not self.unknown_count

    def __str__(self) -> str:
        what = (
            f"{self.value_count} values from {self.event_count} events in {self.file_count} files"
        )
        lines = [f"{self.source} -> {self.folder}: {what}"]
        lines += [f"  {size} bytes at byte {at} of {file.name} are damaged"
                  for file, at, size in self.damaged]  # fmt: skip
        if self.cut_bytes:
            lines.append(f"  {self.cut_bytes} bytes at the ends of files are cut short")
        if self.unknown_count:
            lines.append(f"  {self.unknown_count} events could not be understood")
        if self.raw_count:
            lines.append(f"  {self.raw_count} values are kept as the bytes of their message")
        return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import did.

    Attributes:
        runs: One for each folder of event files.
    """

    runs: tuple[ImportedRun, ...]

    @property
    def value_count(self) -> int:
        """Values in all runs."""
        return sum(run.value_count for run in self.runs)

    @property
    def is_clean(self) -> bool:
        """Whether nothing was damaged or unknown."""
        return all(run.is_clean for run in self.runs)

    def __str__(self) -> str:
        return "\n".join(map(str, self.runs))


def import_events(
    source: str | os.PathLike[str], run_folder: str | os.PathLike[str], *, check: bool = True
) -> ImportReport:
    """Make runs of event files.

    Args:
        source: An event file, or a folder: its own files become the run `run_folder`, those of
            a folder below it the run of the same relative name there.
        run_folder: Made if it is missing. If it holds a run, what is imported is its
            newest attempt.
        check: Verify the checksum of each event.

    Raises:
        DataError: If there are no event files, or the disk takes no more.
        SegmentError: If `run_folder` is a file or cannot be made.

    Example:
        >>> import tempfile
        >>> from introspect import History
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     with History(tensorboard=folder + "/events") as history:
        ...         history.log(7, loss=0.5)
        ...     import_events(folder + "/events", folder + "/run").value_count
        ...     History.open(folder + "/run")["loss"].at(7)
        1
        0.5
    """
    places = _places(Path(source))
    target = open_folder(run_folder)
    return ImportReport(tuple(
        _imported(place, files, target / relative, check=check)
        for place, files, relative in places
    ))  # fmt: skip


def _places(source: Path) -> list[tuple[Path, list[Path], Path]]:
    """Each folder of event files, its files, and its name below the source."""
    if not source.is_dir():
        return [(source, event_files(source), Path())]
    found = []
    for folder, names, _ in os.walk(source):
        names[:] = sorted(name for name in names if not name.startswith("."))
        place = Path(folder)
        files = event_files(place)
        if files:
            found.append((place, files, place.relative_to(source)))
    if not found:
        raise DataError(
            "there are no event files to be read.",
            where=str(source),
            hint="a file events.out.tfevents..., or a folder that holds one, or folders of them",
        )
    return found


@dataclass(slots=True)
class _State:
    """One run on its way."""

    store: TimedStore
    tags: Tags = field(default_factory=Tags)
    forms: dict[str, str] = field(default_factory=dict)
    raw: dict[str, str] = field(default_factory=dict)
    value_count: int = 0
    raw_count: int = 0


def _imported(source: Path, files: list[Path], folder: Path, *, check: bool) -> ImportedRun:
    state = _State(TimedStore(folder))
    totals, damaged = Found(), []
    try:
        for file in files:
            found = Found()
            _take_file(file, state, found, check=check)
            damaged += [(file, at, size) for at, size in found.damage]
            totals.event_count += found.event_count
            totals.cut_bytes += found.cut_bytes
            totals.unknown_count += found.unknown_count
        state.store.encode([Fact(record) for record in _facts(source, state)])
        state.store.finish()
    finally:
        state.store.release()
    return ImportedRun(
        source=source,
        folder=folder,
        file_count=len(files),
        event_count=totals.event_count,
        value_count=state.value_count,
        damaged=tuple(damaged),
        cut_bytes=totals.cut_bytes,
        unknown_count=totals.unknown_count,
        raw_count=state.raw_count,
    )


def _take_file(file: Path, state: _State, found: Found, *, check: bool) -> None:
    for part in parts_of(file, state.tags, found, check=check):
        taken: list[Part]
        if isinstance(part, Numbers):
            taken = [_block(part, state)]
        else:
            event = part[1]
            taken = [Rewind(event.step)] if event.is_start else _cells(event, state)
        if not state.store.add(taken):
            return  # the disk is full, which is told at the end


def _block(part: Numbers, state: _State) -> Block:
    for key, form in zip(part.keys, part.forms, strict=True):
        if form:
            state.forms.setdefault(key, form)
    times = np.where(np.abs(part.times) < 9e9, part.times, 0.0)  # NaN is not smaller, either
    whole = np.floor(times)
    ticks = whole.astype(np.int64) * 1_000_000_000 + np.rint((times - whole) * 1e9).astype(np.int64)
    state.value_count += part.values.size
    steps = part.steps if part.pairs is None else part.pairs
    return Block(part.keys, steps, ticks, part.values, 0)


def _cells(event: Event, state: _State) -> list[Part]:
    """The values of an event; what is a number is a block of one row."""
    found: list[Part] = []
    time_ns = nanoseconds(event.time_s)
    step = event.logged_step
    for tag, value, form in event.values:
        key = tag or _UNNAMED
        meta = state.tags.metas.get(tag)
        if isinstance(value, Raw) and meta is not None and meta.plugin == "hparams":
            continue  # it is all in the metadata
        if meta is not None and meta.plugin == "hparams":
            continue
        state.value_count += 1
        if form:
            state.forms.setdefault(key, form)
        if isinstance(value, float):
            steps = np.array([step], np.int64)
            ticks = np.array([time_ns], np.int64)
            found.append(Block((key,), steps, ticks, np.array([[value]]), 0))
            continue
        kept: Any = value
        if isinstance(value, Raw):
            state.raw.setdefault(key, value.kind)
            state.raw_count += 1
            kept = np.frombuffer(value.content, np.uint8).copy()
        kind = kind_of(kept)
        if kind is not None:
            found.append(Cell(key, step, time_ns, 0, kind.code, kept))
    return found


def _facts(source: Path, state: _State) -> list[dict[str, Any]]:
    """What an export needs to write everything as it was, and the hyper-parameters."""
    metas = {
        tag: base64.b64encode(meta.message).decode("ascii")
        for tag, meta in state.tags.metas.items()
    }
    origin = {"source": source.name, "metas": metas, "forms": state.forms, "raw": state.raw}
    records: list[dict[str, Any]] = [{"facts": {FACT: origin}}]
    if state.tags.config:
        records.append({"config": state.tags.config})
    return records
