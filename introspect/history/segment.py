"""The file format: rows, cells and names to checksummed frames, and back.

A segment is a row of frames, only ever appended to. Each has a header with a checksum of
its own and a checksum of its payload, so that a reader finds the next good frame after any
damage. The format is written down in docs/formats/segment.md; change both or neither.

Cost: 0.1 us a number in rows of ten (shuffle, then zlib level 1), 7 bytes where values are
random to the last bit; reading 0.05 us.

Not here: when and where frames are written (``writer``), and finding them in a damaged
file (``reader``).
"""

import json
import struct
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from introspect.errors import SegmentError
from introspect.history.blocks import Block, Cell, Rewind

MAGIC = b"\x93SEG"
VERSION = 1
START, NAMES, ROWS, CELL, END, REWIND, FACT = 1, 2, 3, 4, 5, 6, 7

HEADER_BYTES = 20
META_BYTES = 44
ROWS_BYTES = 64 * 1024
"""Rows in one frame, before they are compressed: what one damaged frame costs."""
MOST_CELL_BYTES = 1 << 30

_HEADER = struct.Struct("<4sBBHII")  # magic, kind, version, 0, payload bytes, payload crc32
_CRC = struct.Struct("<I")
_NAME = struct.Struct("<II")  # id, bytes
_BLOCK = struct.Struct("<IIHHIqq")  # keys, rows, step width, 0, tick unit, first tick, offset
_META = struct.Struct("<IHHqqqq")  # key id, kind, step width, epoch, step, tick, offset


@dataclass(frozen=True, slots=True)
class Header:
    """The header of one frame."""

    kind: int
    size_bytes: int
    crc: int


@dataclass(frozen=True, slots=True)
class CellMeta:
    """The part of a cell that is read when its value is not: 44 bytes with a checksum."""

    key_id: int
    kind: int
    step: int | tuple[int, int]
    tick: int
    offset_ns: int


def frame(kind: int, payload: bytes) -> bytes:
    """One frame of `payload`.

    Example:
        >>> len(frame(END, b""))
        20
    """
    head = _HEADER.pack(MAGIC, kind, VERSION, 0, len(payload), zlib.crc32(payload))
    return b"".join((head, _CRC.pack(zlib.crc32(head)), payload))


def parse_header(data: bytes) -> Header | None:
    """The header in the first 20 bytes, or None if there is none or it is damaged."""
    if len(data) < HEADER_BYTES or not data.startswith(MAGIC):
        return None
    head = data[: _HEADER.size]
    if _CRC.unpack_from(data, _HEADER.size)[0] != zlib.crc32(head):
        return None
    _, kind, _, _, size_bytes, crc = _HEADER.unpack(head)
    return Header(kind, size_bytes, crc)


def json_frame(kind: int, record: Mapping[str, Any]) -> bytes:
    """A frame of JSON: `START` (who writes this file), `REWIND` or `FACT`."""
    return frame(kind, json.dumps(dict(record)).encode("ascii"))


def parse_json(payload: bytes) -> dict[str, Any]:
    """The record of such a frame.

    Raises:
        ValueError: If it is no JSON object.
    """
    record = json.loads(payload)
    if not isinstance(record, dict):
        raise ValueError(f"a record is an object, not {type(record).__name__}")  # noqa: TRY004  for the reader, all damage is one
    return record


def rewind_frame(rewind: Rewind) -> bytes:
    """A frame that hides what was written before it."""
    step = list(rewind.step) if isinstance(rewind.step, tuple) else rewind.step
    return json_frame(REWIND, {"step": step, "before": dict(rewind.before)})


def parse_rewind(payload: bytes) -> Rewind:
    """The rewind of such a frame.

    Raises:
        ValueError: If it is none.
    """
    record = parse_json(payload)
    before = record.get("before", {})
    step: Any = record.get("step")
    parts = step if isinstance(step, list) and len(step) == 2 else [step]
    if not all(type(part) is int for part in parts) or not isinstance(before, dict):
        raise ValueError(f"no rewind: {str(record)[:80]}")
    sizes = {str(name): size for name, size in before.items() if type(size) is int}
    return Rewind(step if len(parts) == 1 else (step[0], step[1]), sizes)


def name_frames(names: Sequence[tuple[int, str]]) -> Iterator[bytes]:
    """Ids and the keys that they stand for, about 64 KiB a frame."""
    payload = bytearray()
    for key_id, name in names:
        # A key may hold half of a surrogate pair, since a Python str may.
        text = name.encode("utf-8", "surrogatepass")
        payload += _NAME.pack(key_id, len(text)) + text
        if len(payload) >= ROWS_BYTES:
            yield frame(NAMES, bytes(payload))
            payload.clear()
    if payload:
        yield frame(NAMES, bytes(payload))


def parse_names(payload: bytes) -> dict[int, str]:
    """Id to key."""
    names, at = {}, 0
    while at < len(payload):
        key_id, size = _NAME.unpack_from(payload, at)
        at += _NAME.size
        names[key_id] = payload[at : at + size].decode("utf-8", "surrogatepass")
        at += size
    return names


def row_frames(
    blocks: Sequence[Block], ids: Mapping[str, int], *, tick_unit_ns: int
) -> Iterator[tuple[bytes, int]]:
    """Blocks as frames of at most 64 KiB before compression (one row may be more).

    Args:
        blocks: Joined, so that each set of keys comes once.
        ids: Key to id.
        tick_unit_ns: Ticks are rounded down to this. A microsecond compresses well; 1
            where the order of rows of different blocks must survive.

    Yields:
        A frame, and how many values it holds.
    """
    payload, count = bytearray(), 0
    for block in blocks:
        row_bytes = 8 * (block.steps.ndim + 1 + len(block.keys))
        rows = max(1, ROWS_BYTES // row_bytes)
        for first in range(0, len(block.ticks), rows):
            packed = _pack_block(block, slice(first, first + rows), ids, tick_unit_ns)
            if payload and len(payload) + len(packed) > ROWS_BYTES:
                yield frame(ROWS, zlib.compress(bytes(payload), 1)), count
                payload, count = bytearray(), 0
            payload += packed
            count += block.values[first : first + rows].size
    if payload:
        yield frame(ROWS, zlib.compress(bytes(payload), 1)), count


def parse_rows(payload: bytes) -> Iterator[tuple[list[int], Block]]:
    """The ids of the keys of each block, and the block without its keys."""
    raw = zlib.decompress(payload)
    at = 0
    while at < len(raw):
        keys, rows, step_width, _, unit_ns, first_tick, offset_ns = _BLOCK.unpack_from(raw, at)
        at += _BLOCK.size
        ids = np.frombuffer(raw, "<u4", keys, at).tolist()
        at += 4 * keys
        columns = step_width + 1 + keys
        numbers = _unshuffled(raw, at, columns * rows).reshape(columns, rows)
        at += 8 * columns * rows
        steps = np.cumsum(numbers[:step_width], axis=1)
        ticks = first_tick + np.cumsum(numbers[step_width]) * unit_ns
        values = numbers[step_width + 1 :].view("<f8").T
        shaped = steps[0] if step_width == 1 else steps.T
        yield ids, Block((), shaped, ticks, values, offset_ns)


def cell_frame(cell: Cell, key_id: int, value: bytes) -> bytes:
    """One cell whose value is already bytes.

    Raises:
        SegmentError: If they are more than a GiB.
    """
    if len(value) > MOST_CELL_BYTES:
        raise SegmentError(
            "the value is too large for a run file.",
            given=f"{len(value)} bytes, of at most {MOST_CELL_BYTES}",
        )
    epoch, step = cell.step if isinstance(cell.step, tuple) else (0, cell.step)
    width = 2 if isinstance(cell.step, tuple) else 1
    meta = _META.pack(key_id, cell.kind, width, epoch, step, cell.tick, cell.offset_ns)
    return frame(CELL, b"".join((meta, _CRC.pack(zlib.crc32(meta)), value)))


def parse_meta(payload: bytes) -> CellMeta | None:
    """What the first 44 bytes of a cell say, or None if they are damaged."""
    if len(payload) < META_BYTES:
        return None
    if _CRC.unpack_from(payload, _META.size)[0] != zlib.crc32(payload[: _META.size]):
        return None
    key_id, kind, width, epoch, step, tick, offset_ns = _META.unpack_from(payload)
    return CellMeta(key_id, kind, step if width == 1 else (epoch, step), tick, offset_ns)


def _pack_block(block: Block, rows: slice, ids: Mapping[str, int], tick_unit_ns: int) -> bytes:
    steps, ticks = block.steps[rows], block.ticks[rows]
    first_tick = int(ticks[0])
    width = steps.ndim
    numbers = np.empty((width + 1 + len(block.keys), len(ticks)), "<i8")
    # Differences of int64 wrap around, and so do the sums that undo them.
    numbers[:width] = np.diff(steps.T.reshape(width, -1), axis=1, prepend=0)
    numbers[width] = np.diff((ticks - first_tick) // tick_unit_ns, prepend=0)
    numbers[width + 1 :] = np.ascontiguousarray(block.values[rows].T, "<f8").view("<i8")
    key_ids = np.array([ids[key] for key in block.keys], "<u4")
    head = _BLOCK.pack(
        len(block.keys), len(ticks), width, 0, tick_unit_ns, first_tick, block.offset_ns
    )
    return b"".join((head, key_ids.tobytes(), _shuffled(numbers)))


def _shuffled(numbers: npt.NDArray[np.int64]) -> bytes:
    """All first bytes, then all second bytes, ...: neighbours differ less, so it packs better."""
    return np.ascontiguousarray(numbers).view("u1").reshape(-1, 8).T.tobytes()


def _unshuffled(raw: bytes, at: int, count: int) -> npt.NDArray[np.int64]:
    planes = np.frombuffer(raw, "u1", 8 * count, at).reshape(8, count)
    return np.ascontiguousarray(planes.T).view("<i8").ravel()
