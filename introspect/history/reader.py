"""One segment to columns: skips what is damaged, follows what is still being written.

`SegmentReader.poll` reads what was appended since the last time; a frame that is not complete
yet is left for the next. Values that are more than numbers stay in the file until their key
is read.

Cost: 0.1 us a number, once; a poll of an unchanged file 10 us.

Not here: finding good frames (``frames``), their layout (``segment``), and several
segments of one run (``attempts``).
"""

import zlib
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from introspect.history.blocks import LOST, Block, Cell, Rewind
from introspect.history.codec import KINDS
from introspect.history.columns import Columns, part_before
from introspect.history.facts import About
from introspect.history.frames import Scan, good_frames
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
    Header,
    parse_json,
    parse_meta,
    parse_names,
    parse_rewind,
    parse_rows,
)
from introspect.nouns.metric import Step

_HEAD_BYTES = 256
"""No two files agree in so many: they say who began them, and when, to the nanosecond."""


class SegmentReader:
    """One file, read up to `position`.

    Attributes:
        path: The file.
        rank: Its rank.
        columns: What it holds, less what was rewound.
        about: What it says about the run as a whole.
        start: What it says about its writer; empty if that was damaged.
        rewinds: What it hides in itself (done already) and in other segments of its rank.
        is_closed: Whether its writer closed it.
    """

    def __init__(self, path: Path, *, rank: int = 0) -> None:
        self.path = path
        self.rank = rank
        self._cuts: dict[tuple[int, Step], bool] = {}  # (byte, step) to whether it was passed
        self._begin()

    def _begin(self) -> None:
        self.columns = Columns()
        self.about = About()
        self.start: dict[str, Any] = {}
        self.rewinds: list[Rewind] = []
        self.is_closed = False
        self._scan = Scan()
        self._lost_cells: list[tuple[int, int]] = []
        self._head = b""
        self._seen_bytes = 0
        self._names: dict[int, str] = {}
        self._nameless: list[tuple[list[int], Block | Cell]] = []
        self._cuts = dict.fromkeys(self._cuts, False)

    @property
    def position(self) -> int:
        """The byte up to which it has been read."""
        return self._scan.position

    @property
    def created_ns(self) -> int:
        """When its writer began it, by the wall clock: segments of one rank go in this order."""
        created = self.start.get("created_ns")
        return created if type(created) is int else self.columns.first_time_ns

    @property
    def all_damage(self) -> list[tuple[int, int]]:
        """(first byte, bytes) of what is damaged, and of what follows the last good frame."""
        return self._scan.damage + self._lost_cells + self._scan.bad_tail

    def poll(self) -> None:
        """Read the frames that are complete. A file that is gone keeps what was read of it."""
        try:
            size_bytes = self.path.stat().st_size
            if size_bytes == self._seen_bytes:
                return
            with self.path.open("rb") as file:
                head = file.read(_HEAD_BYTES)
                if size_bytes < self.position or not head.startswith(self._head):
                    self._begin()  # another file under the same name
                self._head, self._seen_bytes = head, size_bytes
                for at, header, payload in good_frames(file, self._scan):
                    self._cut(at)
                    self._take(at, header, payload)
        except OSError:
            return
        self._cut(self.position, is_end=True)

    def hide(self, before_byte: int, step: Step) -> None:
        """Hide the values at `step` and later steps that lie before a byte of this file."""
        cut = (before_byte, step)
        if cut in self._cuts:
            return
        self._cuts[cut] = False
        if before_byte < self.position:  # values behind it are in the columns already
            self._begin()
            self.poll()
        else:
            self._cut(self.position, is_end=True)

    def _cut(self, at: int, *, is_end: bool = False) -> None:
        """Hide what `hide` was told to, when as far as `at` has been read."""
        for (before_byte, step), is_passed in list(self._cuts.items()):
            if not is_passed and (before_byte <= at or is_end):
                self._cuts[before_byte, step] = before_byte <= at
                self._rewind(step)

    def _rewind(self, step: Step) -> None:
        self.columns.rewind(step)
        waiting, self._nameless = self._nameless, []
        for ids, part in waiting:
            kept = part_before(part, step)
            if kept is not None:
                self._nameless.append((ids, kept))

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
            elif header.kind == REWIND:
                rewind = parse_rewind(payload)
                self.rewinds.append(rewind)
                self._rewind(rewind.step)
            elif header.kind == FACT:
                self.about.add(parse_json(payload))
            elif header.kind == START:
                self.start = parse_json(payload)
        except (ValueError, ArithmeticError, KeyError, zlib.error, MemoryError, RecursionError):
            self._scan.damage.append((at, header.size_bytes))  # told by attempts.Run.new_damage

    def _take_cell(self, at: int, header: Header, payload: bytes) -> None:
        meta = parse_meta(payload)
        if meta is None:
            self._scan.damage.append((at, HEADER_BYTES + header.size_bytes))
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
            self._lost_cells.append((at, HEADER_BYTES + header.size_bytes))
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
