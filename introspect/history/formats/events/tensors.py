"""A ``TensorProto`` -> an array, in each of the ways in which its numbers may be written.

bfloat16 and float8, which NumPy does not know, become float32.

Not here: what the array is for (``decoding``).
"""

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from introspect.history.formats.events.messages import DTYPES
from introspect.history.formats.events.proto import (
    BYTES,
    FIXED32,
    FIXED64,
    VARINT,
    as_bytes,
    as_int,
    fields,
    read_varint,
    signed,
)

_NAMES = {code: name for name, code in DTYPES.items()}
_SMALL_FLOATS = {14: "bfloat16", 24: "float8_e5m2", 25: "float8_e4m3fn"}
_MOST_REPEATED = 1 << 24


def tensor_of(content: bytes | memoryview) -> npt.NDArray[Any]:
    """A ``TensorProto`` as an array; texts as an object array of bytes.

    bfloat16 and float8 become float32.

    Raises:
        ValueError: If its shape and its bytes do not fit.
    """
    dtype, shape, packed, listed = 0, (), None, []
    for number, wire, part in fields(content):
        if number == 1:
            dtype = as_int(wire, part)
        elif number == 2:
            shape = _shape(part)
        elif number == 4:
            packed = part
        elif number in {5, 6, 7, 8, 9, 10, 11, 12, 13, 16, 17, 18}:
            listed.append((number, wire, part))
    size = math.prod(shape)
    if dtype == DTYPES["string"]:
        texts = np.empty(len(listed), object)
        texts[:] = [as_bytes(wire, part) for _, wire, part in listed]
        return texts.reshape(shape)
    if packed is not None and len(packed):
        flat = _from_content(packed, dtype)
    else:
        flat = _from_fields(listed, dtype)
    if len(flat) == 1 and 1 < size <= _MOST_REPEATED:  # the last value is repeated
        flat = np.repeat(flat, size)
    return flat.reshape(shape)


def _shape(message: memoryview) -> tuple[int, ...]:
    sizes = []
    for number, wire, part in fields(message):
        if number == 2 and wire == BYTES:
            sizes.append(
                sum(as_int(form, size) for place, form, size in fields(part) if place == 1)
            )
    if any(size < 0 for size in sizes) or len(sizes) > 32:
        raise ValueError("no shape")
    return tuple(sizes)


def _from_content(content: memoryview, dtype: int) -> npt.NDArray[Any]:
    if dtype in _SMALL_FLOATS:
        width = np.uint16 if dtype == 14 else np.uint8
        return _widened(np.frombuffer(content, width), dtype)
    name = _NAMES.get(dtype)
    if name is None:
        raise ValueError("a dtype that is not known here")
    return np.frombuffer(content, np.dtype(name).newbyteorder("<")).astype(name)


def _from_fields(listed: list[Any], dtype: int) -> npt.NDArray[Any]:
    """Numbers that are listed one by one, or packed."""
    parts = [_packed(number, wire, part) for number, wire, part in listed]
    flat = np.concatenate(parts) if parts else np.empty(0)
    if dtype in _SMALL_FLOATS:
        return _widened(flat.astype(np.uint16 if dtype == 14 else np.uint8), dtype)
    name = _NAMES.get(dtype)
    if name is None:
        raise ValueError("a dtype that is not known here")
    if name == "float16":
        return flat.astype(np.uint16).view(np.float16)
    if name.startswith("complex"):
        pairs = flat.reshape(-1, 2).astype(np.float64)
        return (pairs[:, 0] + 1j * pairs[:, 1]).astype(name)
    return flat.astype(name)


def _packed(number: int, wire: int, part: Any) -> npt.NDArray[Any]:
    if wire == VARINT:
        return np.array([part], np.uint64).view(np.int64)
    if number in {5, 9} and wire in {BYTES, FIXED32}:
        return np.frombuffer(part, "<f4")
    if number in {6, 12} and wire in {BYTES, FIXED64}:
        return np.frombuffer(part, "<f8")
    if number == 18 and wire == BYTES:
        return np.frombuffer(part, np.uint8)
    if wire != BYTES:
        raise ValueError("a number of another width")
    found, at = [], 0
    while at < len(part):
        value, at = read_varint(part, at)
        found.append(signed(value))
    return np.array(found, np.int64)


def _widened(bits: npt.NDArray[Any], dtype: int) -> npt.NDArray[np.float32]:
    """Floats that NumPy does not know."""
    if dtype == 14:
        return (bits.astype(np.uint32) << np.uint32(16)).view(np.float32)
    if dtype == 24:  # the upper half of a float16
        return (bits.astype(np.uint16) << np.uint16(8)).view(np.float16).astype(np.float32)
    exponent, mantissa = (bits >> 3 & 15).astype(np.int64), (bits & 7).astype(np.float64)
    size = np.where(
        exponent == 0, mantissa / 8 * 2.0**-6, (1 + mantissa / 8) * 2.0 ** (exponent - 7)
    )
    size = np.where(bits & 0x7F == 0x7F, np.nan, size)
    return np.where(bits & 0x80, -size, size).astype(np.float32)
