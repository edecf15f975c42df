"""A Sketch to bytes and back: about 1.3 bytes an occupied bin, checked by a CRC.

The layout is written down in docs/formats/sketch.md. What took the least room on real
weights: gaps between bins and the bit lengths of the counts change little from bin to bin, so
they are deflated as differences; the bits below each leading one are noise, so they are
packed as they are. Against varint counts in zlib that is 30 % smaller (435 to 310 bytes for
2.4 M normal weights, counts alone).

Cost: 80 us each way for 300 bins.

Not here: what the numbers mean (``introspect.nouns.sketch``).
"""

import struct
import zlib

import numpy as np
import numpy.typing as npt

from introspect.errors import SketchError
from introspect.nouns.sketch import BITS, Sketch

VERSION = 1
_MOMENTS = struct.Struct("<4d")
_CRC = struct.Struct("<I")


def pack(sketch: Sketch) -> bytes:
    """The bytes of a sketch."""
    bins, counts = sketch.bins.astype(np.int64), sketch.counts
    whole = [sketch.nans, *sketch.infinities, *sketch.overflows, len(bins)]
    parts = [
        bytes([VERSION, sketch.bits]),
        _MOMENTS.pack(sketch.min, sketch.max, sketch.sum, sketch.sum_squares),
        b"".join(_varint(number) for number in whole),
    ]
    if len(bins):
        gaps = np.diff(bins) - 1
        lengths = _bit_lengths(counts)
        steps = np.diff(lengths, prepend=0)
        folded = np.where(steps < 0, -2 * steps - 1, 2 * steps)  # 0 -1 1 -2 -> 0 1 2 3
        planes = (gaps & 0xFF, gaps >> 8, folded)
        head = _deflate(b"".join(plane.astype(np.uint8).tobytes() for plane in planes))
        parts += [_varint(int(bins[0]) + _span(sketch.bits)), _varint(len(head)), head]
        parts.append(_pack_tails(counts, lengths))
    body = b"".join(parts)
    return body + _CRC.pack(zlib.crc32(body))


def unpack(data: bytes) -> Sketch:
    """The sketch in some bytes.

    Raises:
        SketchError: If they are damaged, cut short, or of another version.
    """
    data = bytes(data)
    if len(data) < 2 + _MOMENTS.size + 6 + _CRC.size:
        raise _damaged(data, "too short")
    if data[0] != VERSION:
        raise SketchError(
            "this sketch has a format that is not known here.",
            given=f"version {data[0]}, known is {VERSION}",
            hint="a newer introspect, if the bytes are not damaged",
        )
    body = data[: -_CRC.size]
    if _CRC.unpack(data[-_CRC.size :])[0] != zlib.crc32(body):
        raise _damaged(data, "the checksum does not match")
    try:
        return _read(body)
    except (ValueError, IndexError, OverflowError, zlib.error) as error:
        raise _damaged(data, error) from error


def _read(body: bytes) -> Sketch:
    """The fields of a checked body. ValueError or IndexError if they contradict each other."""
    bits = body[1]
    if bits not in BITS:
        raise ValueError(f"{bits} mantissa bits")
    low, high, total, squares = _MOMENTS.unpack_from(body, 2)
    at = 2 + _MOMENTS.size
    whole = []
    for _ in range(6):
        number, at = _read_varint(body, at)
        whole.append(number)
    nans, below, above, under, over, size = whole
    bins, counts = np.empty(0, np.int32), np.empty(0, np.int64)
    span = _span(bits)
    if size > 2 * span + 1:
        raise ValueError(f"{size} bins")
    if size:
        first, at = _read_varint(body, at)
        length, at = _read_varint(body, at)
        head = np.frombuffer(_inflate(body[at : at + length], 3 * size - 2), np.uint8)
        bins, lengths = _read_head(head.astype(np.int64), size, first - span)
        counts = _unpack_tails(body[at + length :], lengths)
        if bins[-1] > span or bins[0] < -span:
            raise ValueError("a bin beyond the grid")
    elif at != len(body):
        raise ValueError("bytes after the end")
    return Sketch(
        bits, bins, counts, low, high, total, squares, nans, (below, above), (under, over)
    )


def _read_head(
    head: npt.NDArray[np.int64], size: int, first: int
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int64]]:
    """Bins and bit lengths from the deflated planes."""
    low, high, folded = head[: size - 1], head[size - 1 : 2 * size - 2], head[2 * size - 2 :]
    gaps = low + (high << 8) + 1
    bins = first + np.concatenate([[0], np.cumsum(gaps)])
    lengths = np.cumsum(np.where(folded & 1, -(folded + 1) // 2, folded // 2))
    if lengths.min() < 1 or lengths.max() > 63:
        raise ValueError("a count outside 1..2**63")
    if np.abs(bins).max() > 1 << 20:
        raise ValueError("a bin beyond the grid")
    return bins.astype(np.int32), lengths


def _span(bits: int) -> int:
    """The number of the last bin of finite floats."""
    return (255 << bits) - 1


def _bit_lengths(counts: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """How many bits each count has; exact also where float64 would round up."""
    length = np.frexp(counts.astype(np.float64))[1].astype(np.int64)
    return length - (counts >> np.minimum(length - 1, 62) == 0)


def _tail_mask(lengths: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Which bits below the leading one exist: shape ``(K, longest - 1)``."""
    return np.arange(int(lengths.max()) - 1) < (lengths - 1)[:, None]


def _pack_tails(counts: npt.NDArray[np.int64], lengths: npt.NDArray[np.int64]) -> bytes:
    mask = _tail_mask(lengths)
    bits = (counts[:, None] >> np.arange(mask.shape[1])) & 1
    return np.packbits(bits[mask].astype(np.uint8), bitorder="little").tobytes()


def _unpack_tails(data: bytes, lengths: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    mask = _tail_mask(lengths)
    total = int(mask.sum())
    if len(data) != -(-total // 8):
        raise ValueError("counts cut short, or bytes after the end")
    bits = np.zeros(mask.shape, np.int64)
    bits[mask] = np.unpackbits(np.frombuffer(data, np.uint8), count=total, bitorder="little")
    return (np.int64(1) << (lengths - 1)) + (bits << np.arange(mask.shape[1])).sum(axis=1)


def _deflate(data: bytes) -> bytes:
    """Raw deflate: zlib's own head and checksum would be 6 bytes more."""
    engine = zlib.compressobj(9, zlib.DEFLATED, -15)
    return engine.compress(data) + engine.flush()


def _inflate(data: bytes, size: int) -> bytes:
    """Exactly `size` bytes; never more memory than that, whatever the data claim."""
    engine = zlib.decompressobj(-15)
    result = engine.decompress(data, size + 1)
    if len(result) != size or not engine.eof or engine.unused_data:
        raise ValueError("bins cut short, or more than there should be")
    return result


def _varint(number: int) -> bytes:
    """LEB128: seven bits a byte, the lowest first, the high bit says that more follow."""
    result = bytearray()
    while number > 0x7F:
        result.append(number & 0x7F | 0x80)
        number >>= 7
    result.append(number)
    return bytes(result)


def _read_varint(data: bytes, at: int) -> tuple[int, int]:
    """A number and where it ends. IndexError at the end of the data."""
    number = 0
    for place in range(9):
        byte = data[at + place]
        number |= (byte & 0x7F) << (7 * place)
        if byte < 0x80:
            return number, at + place + 1
    raise ValueError("a number of more than 63 bits")


def _damaged(data: bytes, cause: BaseException | str) -> SketchError:
    return SketchError("these bytes are no sketch.", given=f"{len(data)} bytes", cause=cause)
