"""A run folder to columns: skips what is damaged, follows what is still being written.

`Run.poll` reads what was appended since the last time; a frame that is not complete yet is
left for the next. Values that are more than numbers stay in the file until their key is
read: only 64 bytes of such a frame are looked at.

Cost: 0.1 us a number, once; a poll of an unchanged run 30 us for the folder and 10 us for
each file.

Not here: the format (``segment``), and the writer's own columns (``writer``).
"""

import os
import zlib
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from introspect.errors import SegmentError
from introspect.history.blocks import LOST, Block, Cell
from introspect.history.codec import KINDS
from introspect.history.columns import Columns, merged_metric
from introspect.history.folder import newest_attempt
from introspect.history.segment import (
    CELL,
    END,
    HEADER_BYTES,
    MAGIC,
    META_BYTES,
    NAMES,
    ROWS,
    Header,
    parse_header,
    parse_meta,
    parse_names,
    parse_rows,
)
from introspect.nouns.metric import Metric, Step

_WINDOW_BYTES = 1 << 20


class Run:
    """The newest attempt in a run folder, as far as it can be read.

    Attributes:
        folder: Where it lies.
        files: One `SegmentReader` for each segment, rank 0 last.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.files: list[SegmentReader] = []
        self._told = False
        self._merged: dict[str, tuple[tuple[int, ...], Metric]] = {}

    def poll(self) -> None:
        """Read what is new; start over if there is a newer attempt."""
        names = newest_attempt(self.folder)
        known = {file.path: file for file in self.files}
        if names and [name.path for name in names] != list(known):
            self.files = [
                known.get(name.path) or SegmentReader(name.path, rank=name.rank) for name in names
            ]
            self._merged.clear()
        for file in self.files:
            file.poll()

    def keys(self) -> list[str]:
        """Every key, rank 0 first, in the order in which they were first logged."""
        return list(dict.fromkeys(k for f in reversed(self.files) for k in f.columns.by_key))

    def metric(self, key: str) -> Metric | None:
        """One key over all files, or None if no file has it."""
        columns = [f.columns.by_key[key] for f in self.files if key in f.columns.by_key]
        if not columns:
            return None
        counts = tuple(column.count for column in columns)
        if key not in self._merged or self._merged[key][0] != counts:
            metrics = [m for m in (column.metric() for column in columns) if len(m)]
            self._merged[key] = (counts, merged_metric(key, metrics or [columns[0].metric()]))
        return self._merged[key][1]

    def count(self, key: str) -> int:
        """How many values a key has."""
        return sum(f.columns.by_key[key].count for f in self.files if key in f.columns.by_key)

    def last(self, key: str) -> Any:
        """The value that was logged last, by rank 0 if it has one."""
        found = [f.columns.by_key[key] for f in self.files if key in f.columns.by_key]
        return found[-1].last() if found else LOST

    @property
    def step(self) -> Step | None:
        """The step that was logged last, by the lowest rank that logged."""
        steps = (file.columns.last_step for file in reversed(self.files))
        return next((step for step in steps if step is not None), None)

    @property
    def total_ns(self) -> int:
        """From the first log to the last, of the process that logged longest."""
        return max((file.columns.total_ns for file in self.files), default=0)

    @property
    def value_count(self) -> int:
        """How many values there are."""
        return sum(file.columns.value_count for file in self.files)

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


class SegmentReader:
    """One file, read up to `position`.

    Attributes:
        path: The file.
        rank: Its rank.
        columns: What it holds.
        damage: (first byte, bytes) of each place that was skipped.
        is_closed: Whether its writer closed it.
        position: The byte up to which it has been read.
    """

    def __init__(self, path: Path, *, rank: int = 0) -> None:
        self.path = path
        self.rank = rank
        self.columns = Columns()
        self.damage: list[tuple[int, int]] = []
        self.is_closed = False
        self.position = 0
        self.bad_tail: list[tuple[int, int]] = []
        self._seen_bytes = 0
        self._names: dict[int, str] = {}
        self._nameless: list[tuple[list[int], Block | Cell]] = []

    def poll(self) -> None:
        """Read the frames that are complete. A file that is gone keeps what was read of it."""
        try:
            size_bytes = self.path.stat().st_size
            if size_bytes == self._seen_bytes:
                return
            self._seen_bytes = size_bytes
            with self.path.open("rb") as file:
                for at, header, payload in _frames(file, self):
                    self._take(at, header, payload)
        except OSError:
            return

    @property
    def all_damage(self) -> list[tuple[int, int]]:
        """`damage`, and what follows the last good frame if that is no frame cut short."""
        return self.damage + self.bad_tail

    def _take(self, at: int, header: Header, payload: bytes) -> None:
        """One good frame. Whatever does not parse in spite of its checksum is damage, too."""
        self.is_closed = header.kind == END
        try:
            if header.kind == NAMES:
                self._names |= parse_names(payload)
                waiting, self._nameless = self._nameless, []
                for ids, part in waiting:
                    self._add(ids, part)
            elif header.kind == ROWS:
                for ids, block in parse_rows(payload):
                    self._add(ids, block)
            elif header.kind == CELL:
                self._take_cell(at, header, payload)
        except (ValueError, ArithmeticError, KeyError, zlib.error, MemoryError) as error:
            del error  # told with all other damage, by Run.new_damage
            self.damage.append((at, header.size_bytes))

    def _take_cell(self, at: int, header: Header, payload: bytes) -> None:
        meta = parse_meta(payload)
        if meta is None:
            self.damage.append((at, HEADER_BYTES + header.size_bytes))
            return
        if meta.kind not in KINDS:
            return  # written by a newer introspect
        load = partial(self._load, at, header, meta.kind)
        cell = Cell("", meta.step, meta.tick, meta.offset_ns, meta.kind, None, load)
        self._add([meta.key_id], cell)

    def _add(self, ids: list[int], part: Block | Cell) -> None:
        if not all(key_id in self._names for key_id in ids):
            self._nameless.append((ids, part))  # its names were damaged; they are repeated later
        elif isinstance(part, Cell):
            part.key = self._names[ids[0]]
            self.columns.add_cell(part)
        else:
            self.columns.add_block(replace(part, keys=tuple(self._names[i] for i in ids)))

    def _load(self, at: int, header: Header, kind: int) -> Any:
        value = load_cell(self.path, at, header, kind)
        if value is LOST:
            self.damage.append((at, HEADER_BYTES + header.size_bytes))
        return value


def load_cell(path: Path, at: int, header: Header, kind: int) -> Any:
    """The value of the cell whose frame starts at byte `at`; `LOST` if it is damaged."""
    try:
        with path.open("rb") as file:
            file.seek(at + HEADER_BYTES)
            payload = file.read(header.size_bytes)
        if len(payload) != header.size_bytes or zlib.crc32(payload) != header.crc:
            return LOST
        return KINDS[kind].decode(payload[META_BYTES:])
    except Exception:  # noqa: BLE001  a decoder of hostile bytes may raise anything; the run must open
        return LOST


class _Window:
    """Bytes of a file by position, through one buffer of 1 MiB."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._start = 0
        self._data = b""
        self.size = os.fstat(file.fileno()).st_size

    def get(self, at: int, size: int) -> bytes:
        """`size` bytes from `at`, fewer at the end."""
        first = at - self._start
        if first < 0 or first + size > len(self._data):
            self._file.seek(at)
            self._data = self._file.read(max(size, _WINDOW_BYTES))
            self._start, first = at, 0
        return self._data[first : first + size]

    def find_magic(self, at: int) -> int:
        """The next byte from `at` on where a frame may start; the end of the file if none."""
        while at < self.size:
            data = self.get(at, _WINDOW_BYTES)
            found = data.find(MAGIC)
            if found >= 0:
                return at + found
            if len(data) < _WINDOW_BYTES:
                break
            at += len(data) - len(MAGIC) + 1
        return self.size


def _frames(file: BinaryIO, segment: SegmentReader) -> Iterator[tuple[int, Header, bytes]]:
    """(first byte, header, payload) of good frames from `segment.position` on, which moves along.

    The payload of a cell is only its first bytes. A frame that is cut short at the end is
    left for the next time: it is still being written, or its writer was killed.
    """
    window = _Window(file)
    at = good_end = segment.position
    while at < window.size:
        found = _frame(window, at)
        if found is None:
            at = window.find_magic(at + 1)
            continue
        if at > good_end:
            segment.damage.append((good_end, at - good_end))
        good_end = at + HEADER_BYTES + found[0].size_bytes
        segment.position = good_end
        yield at, *found
        at = good_end
    rest = window.size - good_end
    segment.bad_tail = [(good_end, rest)] if rest and not _is_cut(window, good_end) else []


def _frame(window: _Window, at: int) -> tuple[Header, bytes] | None:
    """The complete, good frame at `at`, or None."""
    header = parse_header(window.get(at, HEADER_BYTES))
    if header is None:
        return None
    end = at + HEADER_BYTES + header.size_bytes
    if end > window.size:
        return None
    if header.kind == CELL:
        # Checking gigabytes of images to read a loss would be absurd: a good head before a
        # good neighbour is enough here, and the value is checked when it is read.
        head = window.get(at + HEADER_BYTES, META_BYTES)
        if parse_meta(head) and MAGIC.startswith(window.get(end, len(MAGIC))):
            return header, head
    payload = window.get(at + HEADER_BYTES, header.size_bytes)
    return (header, payload) if zlib.crc32(payload) == header.crc else None


def _is_cut(window: _Window, at: int) -> bool:
    """Whether the file ends inside the frame at `at`, which is good so far."""
    head = window.get(at, HEADER_BYTES)
    return parse_header(head) is not None or (len(head) < HEADER_BYTES and _begins(head))


def _begins(head: bytes) -> bool:
    return head.startswith(MAGIC) or MAGIC.startswith(head)
