"""Protocol buffers and framed records, as far as event files need them, without protobuf.

Format: a message is a row of fields; each is a varint ``number << 3 | wire type`` and its value
(https://protobuf.dev/programming-guides/encoding). A file is a row of records (TFRecord): the
length (uint64, little-endian), the masked CRC-32C of those eight bytes, the record, its masked
CRC-32C. A CRC is masked by rotating it right by 15 bits and adding 0xA282EAD8, so that the CRC
of a text that contains CRCs stays useful.
https://www.tensorflow.org/tutorials/load_data/tfrecord#tfrecords_format_details.

Cost: 1 us a field.

Not here: which field means what (``messages``, ``decoding``), finding records in a damaged
file (``records``).
"""

import struct
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from introspect.history.formats.events.checksum import crc32c, crc32c_rows

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
"""Wire types."""

_MASK = 0xA282EAD8
_U64, _DOUBLE, _FLOAT = struct.Struct("<Q"), struct.Struct("<d"), struct.Struct("<f")

Field = tuple[int, int, Any]
"""Number, wire type, and an int (varint) or a memoryview of the bytes."""


def varint(value: int) -> bytes:
    """An int as a varint; negative ones as their 64 bits.

    Example:
        >>> varint(300).hex(), len(varint(-1))
        ('ac02', 10)
    """
    value &= 0xFFFFFFFFFFFFFFFF
    if value < 0x80:
        return bytes((value,))
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    found.append(value)
    return bytes(found)


def signed(value: int) -> int:
    """The int64 whose bits a varint holds.

    Example:
        >>> signed(2**64 - 1)
        -1
    """
    return value - (1 << 64) if value >= 1 << 63 else value


def int_field(number: int, value: int, *, is_always: bool = False) -> bytes:
    """A varint field; left out where it is zero, which is what a reader assumes."""
    return varint(number << 3) + varint(value) if value or is_always else b""


def double_field(number: int, value: float) -> bytes:
    """A field of eight bytes; left out where it is zero."""
    return varint(number << 3 | FIXED64) + _DOUBLE.pack(value) if value else b""


def float_field(number: int, value: float, *, is_always: bool = False) -> bytes:
    """A field of four bytes; values beyond float32 become infinite."""
    with np.errstate(over="ignore"):
        packed = np.float32(value).tobytes()
    return varint(number << 3 | FIXED32) + packed if value or is_always else b""


def bytes_field(number: int, content: bytes, *, is_always: bool = True) -> bytes:
    """A field of bytes, text or a message."""
    if not content and not is_always:
        return b""
    return b"".join((varint(number << 3 | BYTES), varint(len(content)), content))


def text_field(number: int, text: str) -> bytes:
    """A field of text, which must be UTF-8: halves of surrogate pairs are spelled out."""
    return bytes_field(number, text.encode("utf-8", "backslashreplace"), is_always=False)


def packed_field(number: int, values: npt.NDArray[Any]) -> bytes:
    """A repeated field of floats or doubles, of which TensorBoard reads the packed form."""
    return bytes_field(number, values.tobytes(), is_always=False)


def fields(message: bytes | memoryview | int) -> Iterator[Field]:
    """The fields of a message; an int is a field of another type where one was expected.

    Raises:
        ValueError: If it is none. What a length promises is never allocated.

    Example:
        >>> [(number, value) for number, _, value in fields(int_field(2, 7))]
        [(2, 7)]
    """
    if isinstance(message, int):
        raise ValueError("a number where a message was expected")  # noqa: TRY004  for readers, all damage is one
    view = memoryview(message)
    at, end = 0, len(view)
    while at < end:
        key, at = read_varint(view, at)
        wire = key & 7
        if wire == VARINT:
            value, at = read_varint(view, at)
            yield key >> 3, wire, value
            continue
        if wire == BYTES:
            size, at = read_varint(view, at)
        elif wire == FIXED64:
            size = 8
        elif wire == FIXED32:
            size = 4
        else:
            raise ValueError(f"no wire type of today: {wire}")
        if size > end - at or key < 8:
            raise ValueError("a field is longer than its message")
        yield key >> 3, wire, view[at : at + size]
        at += size


def read_varint(view: memoryview, at: int) -> tuple[int, int]:
    """The varint at a byte, and the byte behind it.

    Raises:
        ValueError: If there is none.
    """
    value = shift = 0
    end = min(len(view), at + 10)
    while at < end:
        byte = view[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & 0xFFFFFFFFFFFFFFFF, at
        shift += 7
    raise ValueError("a number has no end")


def as_double(wire: int, value: Any) -> float:
    """A field of eight bytes as a float.

    Raises:
        ValueError: If it is of another wire type.
    """
    if wire != FIXED64:
        raise ValueError("this field is no double")
    return _DOUBLE.unpack(value)[0]


def as_float(wire: int, value: Any) -> float:
    """A field of four bytes as a float.

    Raises:
        ValueError: If it is of another wire type.
    """
    if wire != FIXED32:
        raise ValueError("this field is no float")
    return _FLOAT.unpack(value)[0]


def as_int(wire: int, value: Any) -> int:
    """A varint field as an int64.

    Raises:
        ValueError: If it is of another wire type.
    """
    if wire != VARINT:
        raise ValueError("this field is no int")
    return signed(value)


def as_bytes(wire: int, value: Any) -> bytes:
    """A field of bytes.

    Raises:
        ValueError: If it is of another wire type.
    """
    if wire != BYTES:
        raise ValueError("this field holds no bytes")
    return bytes(value)


def as_text(wire: int, value: Any) -> str:
    """A field of text; what is no UTF-8 is replaced.

    Raises:
        ValueError: If it is of another wire type.
    """
    return as_bytes(wire, value).decode("utf-8", "replace")


def framed(record: bytes) -> bytes:
    """One record as it stands in the file.

    Example:
        >>> framed(b"")[:8] == bytes(8), len(framed(b"abc"))
        (True, 19)
    """
    return b"".join((_head(len(record)), record, struct.pack("<I", masked(crc32c(record)))))


def framed_rows(rows: npt.NDArray[np.uint8]) -> bytes:
    """Records of one length as they stand in the file.

    Args:
        rows: uint8 of shape ``(n, length)``.

    Example:
        >>> framed_rows(np.zeros((2, 5), np.uint8)) == 2 * framed(bytes(5))
        True
    """
    count, length = rows.shape
    whole = np.empty((count, length + 16), np.uint8)
    whole[:, :12] = np.frombuffer(_head(length), np.uint8)
    whole[:, 12:-4] = rows
    whole[:, -4:] = masked_rows(crc32c_rows(rows)).astype("<u4")[:, None].view(np.uint8)
    return whole.tobytes()


def masked(crc: int) -> int:
    """A CRC as it stands in the file."""
    return ((crc >> 15 | crc << 17) + _MASK) & 0xFFFFFFFF


def masked_rows(crcs: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint32]:
    """CRCs as they stand in the file."""
    return (crcs >> np.uint32(15) | crcs << np.uint32(17)) + np.uint32(_MASK)


@lru_cache(4096)
def _head(size_bytes: int) -> bytes:
    length = _U64.pack(size_bytes)
    return length + struct.pack("<I", masked(crc32c(length)))
