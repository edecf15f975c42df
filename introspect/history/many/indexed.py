"""A run whose numbers are read and whose other values stay in their files, as `Stored`.

For tables of many runs and for copies into other formats: nobody wants to decode ten thousand
images to learn the last loss, or to copy them byte for byte.

Cost: that of reading the numbers (0.1 us each); a value that is no number costs its 44 bytes of
head until `Stored.payload` is asked for.

Not here: the reader itself (``reader``), several segments as one run (``attempts``).
"""

import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from introspect.history.attempts import Run
from introspect.history.blocks import LOST
from introspect.history.codec import KINDS
from introspect.history.folder import segments
from introspect.history.reader import SegmentReader
from introspect.history.segment import (
    CELL,
    FACT,
    HEADER_BYTES,
    META_BYTES,
    NAMES,
    Header,
    parse_meta,
)


@dataclass(frozen=True, slots=True)
class Stored:
    """A value that is more than a number, where it lies.

    Attributes:
        path: The file.
        at: The first byte of its frame.
        header: Of that frame.
        kind: Its code in ``codec.KINDS``.
    """

    path: Path
    at: int
    header: Header
    kind: int

    @property
    def kind_name(self) -> str:
        """As people call it: ``image``."""
        return KINDS[self.kind].name

    def payload(self) -> bytes | None:
        """The value as the file holds it; None if it is damaged."""
        try:
            with self.path.open("rb") as file:
                file.seek(self.at + HEADER_BYTES)
                payload = file.read(self.header.size_bytes)
        except OSError:
            return None
        if len(payload) != self.header.size_bytes or zlib.crc32(payload) != self.header.crc:
            return None
        return payload[META_BYTES:]

    def value(self) -> Any:
        """The value itself; `LOST` if it is damaged."""
        payload = self.payload()
        try:
            return LOST if payload is None else KINDS[self.kind].decode(payload)
        except Exception:  # noqa: BLE001  a decoder of hostile bytes may raise anything
            return LOST


class IndexedSegment(SegmentReader):
    """One segment, with `Stored` in place of every value that is no number.

    Attributes:
        unknown_count: Values of kinds that a newer introspect wrote.
    """

    unknown_count = 0

    def _take(self, at: int, header: Header, payload: bytes) -> None:
        was_closed = self.is_closed
        super()._take(at, header, payload)
        if header.kind in {NAMES, FACT}:  # repeated at the end; values alone open a file again
            self.is_closed = was_closed

    def _take_cell(self, at: int, header: Header, payload: bytes) -> None:
        meta = parse_meta(payload)
        if header.kind == CELL and meta is not None and meta.kind not in KINDS:
            self.unknown_count += 1
        super()._take_cell(at, header, payload)

    def _load(self, at: int, header: Header, kind: int) -> Any:
        return Stored(self.path, at, header, kind)


class IndexedRun(Run):
    """One attempt of a run, with `Stored` in place of every value that is no number."""

    def poll(self) -> None:
        """Read what is new; start over if there is a newer attempt."""
        names = segments(self.folder)
        number = self.attempt or max((name.attempt for name in names), default=0)
        known = {file.path for file in self.files}
        # `Run.poll` makes readers for files that it does not know; these it knows.
        self.files += [
            IndexedSegment(name.path, rank=name.rank)
            for name in names
            if name.attempt == number and name.path not in known
        ]
        super().poll()

    @property
    def unknown_count(self) -> int:
        """Values of kinds that a newer introspect wrote."""
        return sum(getattr(file, "unknown_count", 0) for file in self.files)

    @property
    def damage(self) -> list[tuple[int, int]]:
        """(first byte, bytes) of what is damaged, in all files."""
        return [place for file in self.files for place in file.all_damage]
