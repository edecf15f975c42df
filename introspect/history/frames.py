"""Good frames in a file that may be damaged, cut short or still being written.

Cost: one read of each byte of rows; of a cell only its first 64 bytes are looked at, unless its
checksum is asked for.

Not here: what is in a frame (``segment``), and what becomes of it (``reader``, ``repair``).
"""

import os
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from introspect.history.segment import (
    CELL,
    HEADER_BYTES,
    MAGIC,
    META_BYTES,
    Header,
    parse_header,
    parse_meta,
)

_WINDOW_BYTES = 1 << 20

Found = tuple[int, Header, bytes]
"""The first byte of a good frame, its header and its payload."""


@dataclass(slots=True)
class Scan:
    """How far a file has been read, and what was wrong with it.

    Attributes:
        position: Behind the last good frame.
        damage: (first byte, bytes) of each place that was skipped.
        bad_tail: The same of what follows the last good frame, if that is no frame cut short.
        cut_bytes: What follows the last good frame, if it is.
    """

    position: int = 0
    damage: list[tuple[int, int]] = field(default_factory=list)
    bad_tail: list[tuple[int, int]] = field(default_factory=list)
    cut_bytes: int = 0


def good_frames(file: BinaryIO, scan: Scan, *, whole_cells: bool = False) -> Iterator[Found]:
    """The good frames from ``scan.position`` on, which moves along.

    A frame that is cut short at the end is left for the next time: it is still being written,
    or its writer was killed.

    Args:
        file: Open for reading bytes.
        scan: Changed while frames are yielded.
        whole_cells: Give, and check, the whole payload of a cell; else only its first bytes.
    """
    window = _Window(file)
    at = good_end = scan.position
    while at < window.size:
        found = _frame(window, at, whole_cells=whole_cells)
        if found is None:
            at = window.find_magic(at + 1)
            continue
        if at > good_end:
            scan.damage.append((good_end, at - good_end))
        good_end = at + HEADER_BYTES + found[0].size_bytes
        scan.position = good_end
        yield at, *found
        at = good_end
    rest = window.size - good_end
    is_cut = rest > 0 and _is_cut(window, good_end)
    scan.bad_tail = [(good_end, rest)] if rest > 0 and not is_cut else []
    scan.cut_bytes = rest if is_cut else 0


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


def _frame(window: _Window, at: int, *, whole_cells: bool) -> tuple[Header, bytes] | None:
    """The complete, good frame at `at`, or None."""
    header = parse_header(window.get(at, HEADER_BYTES))
    if header is None:
        return None
    end = at + HEADER_BYTES + header.size_bytes
    if end > window.size:
        return None
    if header.kind == CELL and not whole_cells:
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
    header = parse_header(head)
    if header is not None:
        return at + HEADER_BYTES + header.size_bytes > window.size
    return len(head) < HEADER_BYTES and (head.startswith(MAGIC) or MAGIC.startswith(head))
