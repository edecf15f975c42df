"""Blocks and cells to frames, and frames to the file of this process.

A full disk keeps frames in memory, at most `BACKLOG_BYTES` of them, and they are tried again
at every flush; a frame that was written in part is cut off. What does not fit is dropped and
counted. A file that somebody deleted is begun again.

Cost, in the flush thread: 0.1 us a number in rows of ten, 0.5 us alone; 4 ms for a
photograph of 224 x 224.

Not here: when this happens (``writer``), the layout of a frame (``segment``).
"""

import contextlib
import os
import threading
from collections import deque
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

from introspect.errors import IntrospectError, SegmentError
from introspect.history.blocks import Block, Cell, Fact, Part, Rewind, joined_blocks
from introspect.history.checks import unstorable
from introspect.history.codec import KINDS
from introspect.history.facts import About
from introspect.history.folder import SegmentName, segments
from introspect.history.reader import load_cell
from introspect.history.segment import (
    END,
    FACT,
    cell_frame,
    frame,
    json_frame,
    name_frames,
    parse_header,
    rewind_frame,
    row_frames,
)
from introspect.history.starting import start_segment

BACKLOG_BYTES = 256 << 20
"""Frames kept in memory while the disk is full; what comes after is counted, not kept."""

_BATCH_BYTES = 1 << 20
_FIRST_REPEAT_BYTES = 64 * 1024

Frame = tuple[bytes, int, Cell | None]
"""A frame, how many values it holds, and the cell if it is one."""


class Store:
    """The segment of this process. One caller at a time.

    Attributes:
        segment: Its name, once there is a file.
        paths: Every file that it wrote; more than one only if somebody deleted one.
        about: What was said of the run as a whole, and is said again at the end.
        backlog_bytes: Frames that wait for the disk.
        dropped_count: Values that were dropped.
    """

    def __init__(
        self,
        folder: Path,
        report: Callable[[str, IntrospectError], None],
        memory_lock: threading.RLock,
        *,
        family: str,
        attempt: int | None = None,
    ) -> None:
        self.segment: SegmentName | None = None
        self.paths: set[Path] = set()
        self.about = About()
        self.backlog_bytes = 0
        self.dropped_count = 0
        self._folder = folder
        self._report = report
        self._memory_lock = memory_lock
        self._family = family
        self._attempt = attempt
        self._descriptor: int | None = None
        self._end = 0  # of the last complete frame
        self._named_end = 0  # where the names were last repeated
        self._is_ended = True
        self._ids: dict[str, int] = {}
        self._frames: deque[Frame] = deque()

    def open(self) -> bool:
        """Have a file to append to; if there can be none, say so and return False."""
        if self._descriptor is not None and not self._is_deleted():
            return True
        try:
            if self.segment is not None:
                self._descriptor = os.open(self.segment.path, os.O_WRONLY | os.O_APPEND)
                return True
            with self._memory_lock:  # no fork in between: a child writes to the same attempt
                made = start_segment(self._folder, family=self._family, attempt=self._attempt)
                self._descriptor, self.segment, self._end = (
                    made.descriptor, made.name, made.size_bytes,
                )  # fmt: skip
                self._attempt = self.segment.attempt
                self.paths.add(self.segment.path)
        except OSError as error:
            self._report_disk(error)
            return False
        first = [made.start, *self._all_names(), *self._again()]
        first = [data for data in first if data]
        self._frames.extendleft((data, 0, None) for data in reversed(first))
        self.backlog_bytes += sum(map(len, first))
        self._is_ended = False
        return True

    @property
    def waiting_count(self) -> int:
        """Values in frames that wait for the disk."""
        return sum(count for _, count, _ in list(self._frames))

    def join(self, attempt: int | None) -> None:
        """Write to this attempt, if it is known; else to that of the family."""
        self._attempt = attempt

    def other_sizes(self) -> dict[str, int]:
        """The other segments of this rank and attempt, and their bytes."""
        if self.segment is None:
            return {}
        mine, sizes = self.segment, {}
        for name in segments(self._folder):
            if (name.attempt, name.rank) == (mine.attempt, mine.rank) and name.path != mine.path:
                with contextlib.suppress(OSError):  # deleted this moment
                    sizes[name.path.name] = name.path.stat().st_size
        return sizes

    def encode(self, taken: Iterable[Part]) -> None:
        """Queue what was taken as frames; all of it, or nothing changes."""
        taken = list(taken)
        keys = [key for part in taken if isinstance(part, Block) for key in part.keys]
        keys += [part.key for part in taken if isinstance(part, Cell)]
        fresh = [key for key in dict.fromkeys(keys) if key not in self._ids]
        ids = self._ids | {key: len(self._ids) + index for index, key in enumerate(fresh)}
        names = name_frames([(ids[key], key) for key in fresh])
        frames: list[Frame] = [(data, 0, None) for data in names]
        first = 0
        for index, part in enumerate(taken):  # what comes before a rewind must lie before it
            if isinstance(part, Rewind):
                frames += self._encoded_values(taken[first:index], ids)
                # Twice, since one damaged frame must not bring back what it hides.
                frames += [(rewind_frame(part), 0, None)] * 2
                first = index + 1
        frames += self._encoded_values(taken[first:], ids)
        for part in taken:
            if isinstance(part, Fact):
                self.about.add(part.record)
                frames.append((json_frame(FACT, part.record), 0, None))
        self._ids = ids
        for data, count, cell in frames:
            self._queue(data, count, cell)

    def _encoded_values(self, taken: list[Part], ids: dict[str, int]) -> list[Frame]:
        """The frames of blocks and cells."""
        blocks = joined_blocks(part for part in taken if isinstance(part, Block))
        cells = [part for part in taken if isinstance(part, Cell)]
        keys = [key for block in blocks for key in block.keys] + [cell.key for cell in cells]
        # Ticks to the microsecond pack into 0.2 bytes a row. They are kept to the nanosecond
        # where rows of several blocks have to be put in order again.
        unit_ns = 1000 if len(set(keys)) == len(keys) else 1
        frames = row_frames(blocks, ids, tick_unit_ns=unit_ns)
        values: list[Frame] = [(data, count, None) for data, count in frames]
        return values + [(self._encoded(cell, ids[cell.key]), 1, cell) for cell in cells]

    def write(self) -> None:
        """Append frames until none is left or the disk takes no more."""
        while self._frames and self.open():
            batch, size_bytes = [], 0
            for data, _, _ in self._frames:
                batch.append(data)
                size_bytes += len(data)
                if size_bytes >= _BATCH_BYTES:
                    break
            if not self._append(b"".join(batch)):
                return
            for _ in batch:
                data, _, cell = self._frames[0]
                self._settle(data, cell)
                self._frames.popleft()
            if self._end >= max(_FIRST_REPEAT_BYTES, 2 * self._named_end):
                self._named_end = self._end
                self._queue_all(self._all_names())

    def close(self) -> None:
        """Write what is left and the end of the file. Another `write` would go on with it."""
        self.write()
        if self._descriptor is None:
            return
        if not self._is_ended and not self._frames:
            self._queue_all([*self._all_names(), *self._again(), frame(END, b"")])
            self._named_end = self._end + self.backlog_bytes  # else names might come behind the end
            self.write()
            self._is_ended = not self._frames
        self.release()

    def release(self) -> None:
        """Close the descriptor and nothing else: in a forked child it is the parent's file."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            with contextlib.suppress(OSError):
                os.close(descriptor)

    def in_child(self, memory_lock: threading.RLock) -> "Store":
        """A store of the same attempt for a forked child, which writes nothing of its parent."""
        self.release()
        child = Store(
            self._folder, self._report, memory_lock, family=self._family, attempt=self._attempt
        )
        child.paths = self.paths | child.paths  # already in its memory
        return child

    def _all_names(self) -> list[bytes]:
        return list(name_frames([(key_id, name) for name, key_id in self._ids.items()]))

    def _again(self) -> list[bytes]:
        """What was said of the run as a whole, once more: no damage takes all copies."""
        record = self.about.record()
        return [json_frame(FACT, record)] if record else []

    def _encoded(self, cell: Cell, key_id: int) -> bytes:
        """The frame of a cell; empty if no file can hold its value."""
        try:
            return cell_frame(cell, key_id, KINDS[cell.kind].encode(cell.value))
        except Exception as error:  # noqa: BLE001  one such value must not stop the others
            self._report(f"value {cell.key}", unstorable(cell.key, cell.value, error))
            return b""

    def _queue_all(self, frames: Iterable[bytes]) -> None:
        for data in frames:
            self._queue(data, 0, None)

    def _queue(self, data: bytes, count: int, cell: Cell | None) -> None:
        if count and (not data or self.backlog_bytes + len(data) > BACKLOG_BYTES):
            self.dropped_count += count
            return
        self._frames.append((data, count, cell))
        self.backlog_bytes += len(data)

    def _append(self, data: bytes) -> bool:
        """Write all of it, or leave the file as it was."""
        descriptor = self._descriptor
        assert descriptor is not None  # noqa: S101  open() said so
        try:
            # Asked, not counted: Ctrl-C may have come between a write and the counting.
            self._end = os.fstat(descriptor).st_size
            rest = memoryview(data)
            while rest:
                rest = rest[os.write(descriptor, rest) :]
        except BaseException as error:
            with contextlib.suppress(OSError):  # else a reader skips the half by its checksum
                os.ftruncate(descriptor, self._end)
            if not isinstance(error, OSError):
                raise
            self._report_disk(error)
            return False
        return True

    def _settle(self, data: bytes, cell: Cell | None) -> None:
        """A frame is in the file, at `_end`."""
        self.backlog_bytes -= len(data)
        self._is_ended = False
        if cell is not None:
            header = parse_header(data)
            assert header is not None  # noqa: S101  made by cell_frame
            assert self.segment is not None  # noqa: S101  open() said so
            # Its key may never be read here: drop the value, and read it back if it is.
            with self._memory_lock:
                cell.load = partial(load_cell, self.segment.path, self._end, header, cell.kind)
                cell.value = None
        self._end += len(data)

    def _is_deleted(self) -> bool:
        """Whether the file has lost its name, so that what is written to it is lost as well."""
        assert self._descriptor is not None  # noqa: S101  open() asks only then
        assert self.segment is not None  # noqa: S101  same
        # Both, since some network file systems report no links for any file.
        if os.fstat(self._descriptor).st_nlink or self.segment.path.exists():
            return False
        lost = self.segment.path
        self.release()
        self.segment, self._end, self._named_end = None, 0, 0
        problem = SegmentError(
            "the file of this run was deleted; a new one is begun.",
            where=str(lost),
            hint="what was logged before is still in memory: history[key]",
        )
        self._report("deleted", problem)
        return True

    def _report_disk(self, error: OSError) -> None:
        problem = SegmentError(
            "the run cannot be written.",
            where=str(self.segment.path if self.segment else self._folder),
            given=f"{self.backlog_bytes} bytes waiting",
            cause=error,
            hint="free some space: values are kept in memory "
            f"(up to {BACKLOG_BYTES >> 20} MiB) and written as soon as possible",
        )
        self._report("disk", problem)
