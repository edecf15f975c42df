"""Arrays and JSON to the bytes of one message, and back.

What the bytes mean is written down in docs/formats/canvas-message.md; the front end reads them
with ``web/canvas/message.ts``.

Not here: what is sent when (``introspect.canvas.feed``).
"""

import json
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from introspect.errors import FormatError

MAGIC = b"ITC1"
_DTYPES = ("float64", "float32", "int32", "uint16", "uint8")


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """An array of a message.

    Attributes:
        name: Its id.
        values: Of a dtype that a browser has.
        at: Row at which it is put in; 0 replaces what was there.
        marks: More about it, as JSON: ``coarse``, ``gap``.
    """

    name: str
    values: npt.NDArray[Any]
    at: int = 0
    marks: Mapping[str, Any] | None = None


def encode(header: Mapping[str, Any], parts: Sequence[Part] = ()) -> bytes:
    """One message.

    Args:
        header: JSON without ``arrays``, which are described here.
        parts: Arrays in any order.

    Raises:
        FormatError: If a dtype is none that a browser has.

    Example:
        >>> message = encode({"seq": 0}, [Part("0.0.y", np.array([1.5], np.float32))])
        >>> decode(message)[1]["0.0.y"].tolist(), len(message) % 8
        ([1.5], 0)
    """
    entries, bodies = [], []
    for part in parts:
        name = part.values.dtype.name
        if name not in _DTYPES:
            raise FormatError("a browser has no such numbers.", given=f"{part.name}: {name}")
        entry: dict[str, Any] = {
            "id": part.name,
            "dtype": name,
            "shape": list(part.values.shape),
            "at": part.at,
            **(part.marks or {}),
        }
        even = _even(part.values)
        if even is not None:
            entry["range"] = even
        else:
            body = part.values.astype(part.values.dtype.newbyteorder("<"), copy=False).tobytes()
            bodies.append(body + b"\0" * (-len(body) % 8))
        entries.append(entry)
    text = json.dumps(
        {**header, "arrays": entries}, separators=(",", ":"), allow_nan=False, ensure_ascii=False
    ).encode("utf-8", "replace")
    text += b" " * (-len(text) % 8)
    return MAGIC + struct.pack("<I", len(text)) + text + b"".join(bodies)


def decode(message: bytes) -> tuple[dict[str, Any], dict[str, npt.NDArray[Any]]]:
    """A message to its header and its arrays by their ids.

    Raises:
        FormatError: If this is no message.
    """
    if message[:4] != MAGIC or len(message) < 8:
        raise FormatError("these bytes are no canvas message.", given=repr(message[:8]))
    size = struct.unpack_from("<I", message, 4)[0]
    header = json.loads(message[8 : 8 + size])
    place, arrays = 8 + size, {}
    for entry in header["arrays"]:
        shape = tuple(entry["shape"])
        count = int(np.prod(shape))
        if "range" in entry:
            first, stride = entry["range"]
            arrays[entry["id"]] = first + stride * np.arange(count, dtype=np.float64)
            continue
        dtype = np.dtype(entry["dtype"]).newbyteorder("<")
        found = np.frombuffer(message, dtype, count, place)
        arrays[entry["id"]] = found.reshape(shape)
        place += -(-found.nbytes // 8) * 8
    return header, arrays


def small(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Numbers in as few bytes as hold them exactly: int32 or float32 where that loses nothing.

    Example:
        >>> small(np.array([0.5, np.nan])).dtype.name, small(np.array([0.1])).dtype.name
        ('float32', 'float64')
        >>> small(np.array([1, 2])).dtype.name, small(np.array([2**40])).dtype.name
        ('int32', 'float64')
    """
    if values.dtype.kind in "iub":
        if not values.size or (values.min() >= -(2**31) and values.max() < 2**31):
            return values.astype(np.int32)
        return values.astype(np.float64)
    with np.errstate(over="ignore", invalid="ignore"):
        few = values.astype(np.float32)
    return few if np.array_equal(few, values, equal_nan=True) else values.astype(np.float64)


def _even(values: npt.NDArray[Any]) -> list[int] | None:
    """First value and difference of evenly spaced whole numbers; three or more of them."""
    if values.ndim != 1 or len(values) < 3 or values.dtype != np.int32:
        return None
    stride = int(values[1]) - int(values[0])
    if int(values[-1]) - int(values[0]) != stride * (len(values) - 1):
        return None
    return [int(values[0]), stride] if bool(np.all(np.diff(values) == stride)) else None
