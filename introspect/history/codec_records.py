"""Records: a JSON object and some arrays, to deflated bytes and back.

What comes back is checked before it is believed: sizes before memory is asked for, types and
shapes before they are used. A stream that inflates to more than it announced, or than
`MOST_BYTES`, is given up there, so hostile bytes cost no more than an honest value of that size.

Cost: 10 to 20 ns a byte to write (shuffle, zlib level 1), 3 to read.

Not here: which fields each kind has (``codec_arrays`` and its neighbours).
"""

import json
import struct
import zlib
from collections.abc import Mapping
from dataclasses import fields, replace
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from introspect.errors import HistoryError
from introspect.nouns.values.arrays import MOST_BYTES, private

MOST_JSON_BYTES = 64 << 20
"""Of one value: parsing takes up to 25 times as much memory."""

_DTYPES = {name: np.dtype(name) for name in ("|u1", "<i2", "<i4", "<i8", "<f4", "<f8")}
_SIZE = struct.Struct("<I")
_MOST_AXES = 8


def kept(value: Any) -> Any:
    """A value whose arrays nobody else can change; itself, if that is so already."""
    changed = {}
    for field in fields(value):
        array = getattr(value, field.name)
        if isinstance(array, np.ndarray):
            mine = private(array)
            if mine is not array:
                changed[field.name] = mine
    return replace(value, **changed) if changed else value


def deflate(data: bytes) -> bytes:
    """One zlib stream."""
    return zlib.compress(data, 1)


def inflate(payload: bytes, most_bytes: int = MOST_JSON_BYTES) -> bytes:
    """What one zlib stream holds, if that is not more than so many bytes.

    Raises:
        HistoryError: If it is more, or cut short, or something follows it.
        zlib.error: If it is no such stream.
    """
    stream = _Stream(payload)
    data = stream.read(most_bytes)
    stream.end()
    return data


def json_bytes(record: Any) -> bytes:
    """JSON in ASCII, so that half of a surrogate pair survives; infinity and NaN as JavaScript's.

    Raises:
        HistoryError: If it is more than `MOST_JSON_BYTES`.
    """
    text = json.dumps(record, separators=(",", ":")).encode("ascii")
    if len(text) > MOST_JSON_BYTES:
        raise HistoryError(
            "the texts of a value are too long to be stored.",
            given=f"{len(text)} bytes",
            hint=f"at most {MOST_JSON_BYTES}",
        )
    return text


def parse_object(data: bytes) -> dict[str, Any]:
    """A JSON object.

    Raises:
        HistoryError: If it is anything else.
        ValueError: If it is no JSON.
    """
    record = json.loads(data)
    if not isinstance(record, dict):
        raise damaged(f"{type(record).__name__} instead of an object")
    return record


def pack(about: Mapping[str, Any], arrays: Mapping[str, npt.NDArray[Any]]) -> bytes:
    """A record of JSON and arrays (docs/formats/segment.md, "Records").

    Args:
        about: Whatever JSON knows.
        arrays: uint8, int16, int32, int64, float32 or float64, of any shapes.

    Example:
        >>> about, arrays = unpack(pack({"n": 2}, {"x": np.arange(3)}))
        >>> about, arrays["x"].tolist()
        ({'n': 2}, [0, 1, 2])
    """
    ordered = {name: _little(array) for name, array in arrays.items()}
    listed = [[name, array.dtype.str, list(array.shape)] for name, array in ordered.items()]
    text = json_bytes({**about, "arrays": listed})
    stream = zlib.compressobj(1)
    parts = [stream.compress(_SIZE.pack(len(text)) + text)]
    parts += [stream.compress(_shuffled(array)) for array in ordered.values()]
    return b"".join([*parts, stream.flush()])


def unpack(payload: bytes) -> tuple[dict[str, Any], dict[str, npt.NDArray[Any]]]:
    """What `pack` was given; the arrays are read-only.

    Raises:
        HistoryError: If sizes, types or names are none of a record.
        ValueError, zlib.error: If JSON or the stream are damaged.
    """
    stream = _Stream(payload)
    (size,) = _SIZE.unpack(stream.exactly(_SIZE.size))
    if size > MOST_JSON_BYTES:
        raise damaged(f"{size} bytes of JSON")
    about = parse_object(stream.exactly(size))
    listed = about.pop("arrays", None)
    plans = [_plan(one) for one in listed] if isinstance(listed, list) else []
    if sum(dtype.itemsize * prod(shape) for _, dtype, shape in plans) > MOST_BYTES:
        raise damaged(f"arrays of more than {MOST_BYTES} bytes")
    arrays = {}
    for name, dtype, shape in plans:
        raw = stream.exactly(dtype.itemsize * prod(shape))
        arrays[name] = private(_unshuffled(raw, dtype).reshape(shape))
    stream.end()
    return about, arrays


def damaged(what: str) -> HistoryError:
    """The error for bytes that are no value."""
    return HistoryError("a stored value is damaged.", given=what)


def str_of(about: Mapping[str, Any], name: str) -> str:
    """A text of a JSON object, "" if it is missing.

    Raises:
        HistoryError: If it is something else.
    """
    text = about.get(name, "")
    if not isinstance(text, str):
        raise damaged(f"{name}: {type(text).__name__}")
    return text


def strings_of(about: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """A list of texts; the noun that gets it checks each.

    Raises:
        HistoryError: If it is no list.
    """
    names = about.get(name, [])
    if not isinstance(names, list):
        raise damaged(f"{name}: {type(names).__name__}")
    return tuple(names)


def rows_of(about: Mapping[str, Any], name: str) -> tuple[tuple[Any, ...], ...]:
    """A list of lists; the noun that gets it checks what is in them.

    Raises:
        HistoryError: If it is none.
    """
    rows = strings_of(about, name)
    if not all(isinstance(row, list) for row in rows):
        raise damaged(f"{name}: something that is no list")
    return tuple(map(tuple, rows))


class _Stream:
    """Reads a zlib stream piece by piece, never more than was asked for."""

    def __init__(self, payload: bytes) -> None:
        self._inflater = zlib.decompressobj()
        self._rest = payload

    def read(self, size: int) -> bytes:
        """At most so many bytes; fewer at the end."""
        parts, missing = [], size
        while missing and not self._inflater.eof:
            part = self._inflater.decompress(self._rest, missing)
            is_stuck = not part and len(self._inflater.unconsumed_tail) == len(self._rest)
            self._rest = self._inflater.unconsumed_tail
            if is_stuck or not (part or self._rest):
                break
            parts.append(part)
            missing -= len(part)
        return b"".join(parts)

    def exactly(self, size: int) -> bytes:
        """So many bytes."""
        data = self.read(size)
        if len(data) != size:
            raise damaged(f"{len(data)} bytes where {size} were announced")
        return data

    def end(self) -> None:
        """Nothing more comes, and the checksum of the stream is right."""
        if self.read(1) or not self._inflater.eof or self._inflater.unused_data:
            raise damaged("more, or fewer, bytes than were announced")


def _little(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The array in C order and little-endian."""
    return np.ascontiguousarray(array, array.dtype.newbyteorder("<")).reshape(array.shape)


def _plan(one: Any) -> tuple[str, np.dtype[Any], tuple[int, ...]]:
    """Name, dtype and shape of one array that is announced."""
    if isinstance(one, list) and len(one) == 3:
        name, kind, shape = one
        is_good = isinstance(name, str) and isinstance(kind, str) and kind in _DTYPES
        is_good = is_good and isinstance(shape, list) and len(shape) <= _MOST_AXES
        if is_good and all(type(size) is int and 0 <= size <= MOST_BYTES for size in shape):
            return name, _DTYPES[kind], tuple(shape)
    raise damaged(f"no array: {str(one)[:60]}")


def _shuffled(array: npt.NDArray[Any]) -> bytes:
    """All first bytes, then all second bytes, ...: neighbours differ less, so it packs better."""
    if array.itemsize == 1:
        return array.tobytes()
    return array.reshape(-1).view("u1").reshape(-1, array.itemsize).T.tobytes()


def _unshuffled(raw: bytes, dtype: np.dtype[Any]) -> npt.NDArray[Any]:
    planes = np.frombuffer(raw, "u1").reshape(dtype.itemsize, -1)
    return np.ascontiguousarray(planes.T).reshape(-1).view(dtype)
