"""Event files of any writer -> keys, steps, times and values; nothing is left out.

`read_events` gives one value after the other, in the order of the file; `parts_of` gives columns
of numbers for whoever wants them fast (``importing``).

Cost: 0.4 us a number in columns, 2 us one by one; memory for a few times a window of 4 MiB, or one
record.

Not here: bytes (``records``, ``columns``, ``decoding``), a run of it (``importing``).
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from introspect.errors import DataError
from introspect.history.formats.events.columns import Numbers, numbers_of
from introspect.history.formats.events.decoding import (
    Event,
    Meta,
    Raw,
    config_of,
    event_of,
    meta_of,
)
from introspect.history.formats.events.messages import HPARAMS
from introspect.history.formats.events.numbering import Pair
from introspect.history.formats.events.records import Found, good_records
from introspect.nouns.metric import Step


@dataclass(slots=True)
class Tags:
    """What is known of the tags of a run so far.

    Attributes:
        metas: Tag to its metadata.
        config: Hyper-parameters.
    """

    metas: dict[str, Meta] = field(default_factory=dict)

    @property
    def config(self) -> dict[str, Any]:
        """Hyper-parameters, if the run has told any."""
        meta = self.metas.get(HPARAMS)
        return {} if meta is None else config_of(meta.content)

    def learn(self, part: Numbers) -> None:
        """Take over the metadata that columns had with them."""
        for key, message in zip(part.keys, part.metas, strict=True):
            if message and key not in self.metas:
                meta = meta_of(message)
                if meta is not None:
                    self.metas[key] = meta


def event_files(source: str | os.PathLike[str]) -> list[Path]:
    """The event files at a path: itself, or those right in the folder, in TensorBoard's order.

    Raises:
        DataError: If there is nothing at the path.
    """
    try:
        path = Path(source)
        if path.is_file():
            return [path]
        found = sorted(
            entry for entry in path.iterdir() if "tfevents" in entry.name and entry.is_file()
        )
    except (OSError, ValueError, TypeError) as error:
        raise DataError(
            "there are no event files to be read.",
            where=str(source),
            cause=error,
            hint="a file events.out.tfevents..., or the folder that holds it",
        ) from error
    # What is being written has another name for a moment: a dot before it.
    return [entry for entry in found if not entry.name.startswith(".")]


def parts_of(
    path: Path, tags: Tags, found: Found, *, check: bool = True
) -> Iterator[Numbers | tuple[int, Event]]:
    """One file in parts: columns of numbers, and (place in the batch, event) for all else.

    Parts between two session starts come in any order.

    Raises:
        DataError: If it cannot be opened.
    """
    try:
        file = path.open("rb")
    except OSError as error:
        raise DataError("an event file cannot be read.", where=str(path), cause=error) from error
    with file:
        for batch in good_records(file, found, check=check):
            events: dict[int, Event] = {}
            numbers, rest = numbers_of(batch)
            for part in numbers:
                tags.learn(part)
            for index in rest:
                try:
                    events[index] = event_of(batch.content(index), tags.metas)
                except ValueError:
                    found.unknown_count += 1
            yield from _cut_by_starts(numbers, events)


def _cut_by_starts(
    numbers: list[Numbers], events: dict[int, Event]
) -> Iterator[Numbers | tuple[int, Event]]:
    """Parts so that what comes before a session start is given before it."""
    starts = sorted(index for index, event in events.items() if event.is_start)
    low = 0
    for high in [*starts, None]:
        for part in numbers:
            rows = part.order >= low
            if high is not None:
                rows &= part.order < high
            if rows.all():
                yield part
            elif rows.any():
                yield part.at(rows)
        for index, event in events.items():
            if low <= index and (high is None or index < high) and not event.is_start:
                yield index, event
        if high is not None:
            yield high, events[high]
            low = high + 1


def read_events(
    path: str | os.PathLike[str], *, check: bool = True, found: Found | None = None
) -> Iterator[tuple[str, Step, float, Any]]:
    """Every value in an event file, in the order in which it was written.

    Files of torch, TensorBoard, tensorboardX, Lightning and TensorFlow are read alike. Nothing is
    thinned out, and what a later session start hides in TensorBoard is given as well.

    Args:
        path: An event file; or a folder, whose files are read in the order of their names.
        check: Verify the checksum of each event. That of its length is verified in any case.
        found: Filled while values are given: what is damaged, cut short or unknown.

    Yields:
        Key, step (an int, or (epoch, step) if introspect wrote it), seconds since 1970, and the
        value: a float, an array, an Image or another noun of ``introspect.values``; bytes of
        the message for what has no noun here, a ``GraphDef`` say.

    Raises:
        DataError: If there is nothing to be read at `path`.

    Example:
        >>> import tempfile
        >>> from introspect import History
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     with History(tensorboard=folder) as history:
        ...         history.log((0, 100), loss=0.5)
        ...     [(key, step, value) for key, step, _, value in read_events(folder)]
        [('loss', (0, 100), 0.5)]
    """
    found = Found() if found is None else found
    tags = Tags()
    return _all_values(event_files(path), tags, found, check=check)


def _all_values(
    files: list[Path], tags: Tags, found: Found, *, check: bool
) -> Iterator[tuple[str, Step, float, Any]]:
    for file in files:
        try:
            opened = file.open("rb")
        except OSError as error:
            raise DataError(
                "an event file cannot be read.", where=str(file), cause=error
            ) from error
        with opened:
            for batch in good_records(opened, found, check=check):
                rows: dict[int, list[tuple[str, Step, float, Any]]] = {}
                numbers, rest = numbers_of(batch)
                for part in numbers:
                    tags.learn(part)
                    _fill(rows, part)
                for index in rest:
                    try:
                        event = event_of(batch.content(index), tags.metas)
                    except ValueError:
                        found.unknown_count += 1
                        continue
                    rows[index] = [
                        (key, event.logged_step, event.time_s, _plain(value))
                        for key, value, _ in event.values
                    ]
                for index in sorted(rows):
                    yield from rows[index]


def _fill(rows: dict[int, list[tuple[str, Step, float, Any]]], part: Numbers) -> None:
    steps: list[Any] = part.steps.tolist()
    if part.pairs is not None:
        steps = [(epoch, step) for epoch, step in part.pairs.tolist()]
    columns = zip(
        part.order.tolist(), steps, part.times.tolist(), part.values.tolist(), strict=True
    )
    for index, step, time_s, values in columns:
        rows[index] = [
            (key, step, time_s, value) for key, value in zip(part.keys, values, strict=True)
        ]


def _plain(value: Any) -> Any:
    return value.content if isinstance(value, Raw) else value


def steps_of(folder: Path) -> Iterator[tuple[Pair | None, int]]:
    """Each step in the event files of a folder, as it was logged and as TensorBoard shows it."""
    tags, found = Tags(), Found()
    if not folder.is_dir():
        return
    for file in event_files(folder):
        for part in parts_of(file, tags, found):
            if isinstance(part, Numbers):
                if part.pairs is not None:
                    pairs = [(epoch, step) for epoch, step in part.pairs.tolist()]
                    yield from zip(pairs, part.steps.tolist(), strict=True)
            else:
                yield part[1].pair, part[1].step
