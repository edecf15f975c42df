"""Events and summaries as bytes: what TensorBoard's protos call them, field by field.

The numbers of the fields are those of ``event.proto``, ``summary.proto``, ``tensor.proto`` and the
plugins' ``plugin_data.proto`` in TensorBoard's repository. Two fields are our own, with numbers
that no proto there uses, so that every reader passes over them: `PAIR` in an event holds the step
that was logged as (epoch, step), `EXACT` in a value the float64 behind a float32.

Not here: which value becomes which summary (``showing``), reading (``decoding``).
"""

import struct
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from introspect.history.formats.events.proto import (
    bytes_field,
    double_field,
    float_field,
    int_field,
    packed_field,
    text_field,
    varint,
)
from introspect.nouns.metric import Step

FILE_VERSION = "brain.Event:2"
PAIR, EXACT = 1001, 1001
PAIR_LAYOUT = struct.Struct("<qq")

DTYPES = {
    "float32": 1, "float64": 2, "int32": 3, "uint8": 4, "int16": 5, "int8": 6, "string": 7,
    "complex64": 8, "int64": 9, "bool": 10, "uint16": 17, "complex128": 18, "float16": 19,
    "uint32": 22, "uint64": 23,
}  # fmt: skip
"""``tensorflow.DataType`` by the name of NumPy; bfloat16 and float8 exist in files only."""

HPARAMS = "_hparams_/session_start_info"
HPARAMS_END = "_hparams_/session_end_info"
_MESH_PARTS = {"VERTEX": 1, "FACE": 2, "COLOR": 3}


def event(
    time_s: float, step: int, content: bytes = b"", *, pair: tuple[int, int] | None = None
) -> bytes:
    """One event.

    Args:
        time_s: Seconds since 1970.
        step: The step that TensorBoard shows.
        content: The field that says what it is: `summary`, `graph_def`, ...
        pair: The step as (epoch, step), if it was one.
    """
    parts = [double_field(1, time_s), int_field(2, step), content]
    if pair is not None:
        parts.append(bytes_field(PAIR, PAIR_LAYOUT.pack(*pair)))
    return b"".join(parts)


def first_event(time_s: float) -> bytes:
    """The event that every file begins with."""
    writer = bytes_field(10, text_field(1, "introspect"))
    return event(time_s, 0, text_field(3, FILE_VERSION) + writer)


def purge_event(time_s: float, step: int) -> bytes:
    """Hides what was written before it at `step` and later: ``SessionLog`` with status START."""
    return event(time_s, step, bytes_field(7, int_field(1, 1)))


def summary(values: Iterable[bytes]) -> bytes:
    """The content of an event that holds values."""
    return bytes_field(5, b"".join(bytes_field(1, value) for value in values))


def graph_def(content: bytes) -> bytes:
    """The content of an event that holds a serialised ``GraphDef``."""
    return bytes_field(4, content)


def value(tag: str, content: bytes, meta: bytes = b"") -> bytes:
    """One ``Summary.Value``: its name, its metadata at the first time, what it holds."""
    return text_field(1, tag) + content + bytes_field(9, meta, is_always=False)


def metadata(plugin: str, content: bytes = b"", *, description: str = "") -> bytes:
    """A ``SummaryMetadata``: which tab shows it, and how."""
    plugin_data = text_field(1, plugin) + bytes_field(2, content, is_always=False)
    return bytes_field(1, plugin_data) + text_field(3, description)


def simple(number: float, *, exact: bool = False) -> bytes:
    """A scalar, float32 for everybody; with `exact` the float64 beside it where they differ."""
    content = float_field(2, number, is_always=True)
    with np.errstate(over="ignore"):
        is_same = float(np.float32(number)) == number or number != number  # noqa: PLR0124  NaN
    return content + (double_field(EXACT, number) if exact and not is_same else b"")


def picture(content: bytes, *, width_px: int, height_px: int, channels: int) -> bytes:
    """A picture in any format that browsers know."""
    parts = (int_field(1, height_px), int_field(2, width_px), int_field(3, channels))
    return bytes_field(4, b"".join(parts) + bytes_field(4, content))


def sound(wav: bytes, *, rate_hz: float, channels: int, length: int) -> bytes:
    """A WAV file."""
    parts = (float_field(1, rate_hz), int_field(2, channels), int_field(3, length))
    content = bytes_field(4, wav) + text_field(5, "audio/wav")
    return bytes_field(6, b"".join(parts) + content)


def histo(
    limits: npt.NDArray[np.float64],
    counts: npt.NDArray[np.float64],
    *,
    minimum: float,
    maximum: float,
    count: float,
    total: float,
    squares: float,
) -> bytes:
    """A ``HistogramProto``: counts, each up to its limit."""
    numbers = enumerate((minimum, maximum, count, total, squares), 1)
    parts = [double_field(place, float(number)) for place, number in numbers]
    parts += [packed_field(6, limits.astype("<f8")), packed_field(7, counts.astype("<f8"))]
    return bytes_field(5, b"".join(parts))


def tensor(array: npt.NDArray[Any]) -> bytes:
    """A ``TensorProto`` of numbers.

    Raises:
        KeyError: If it has no such dtype.
    """
    head = int_field(1, DTYPES[array.dtype.name]) + bytes_field(2, _shape(array.shape))
    little = array.astype(array.dtype.newbyteorder("<"), copy=False)
    return bytes_field(8, head + bytes_field(4, little.tobytes(), is_always=False))


def strings(texts: Iterable[bytes], shape: tuple[int, ...]) -> bytes:
    """A ``TensorProto`` of byte strings."""
    head = int_field(1, DTYPES["string"]) + bytes_field(2, _shape(shape))
    return bytes_field(8, head + b"".join(bytes_field(8, text) for text in texts))


def _shape(shape: tuple[int, ...]) -> bytes:
    return b"".join(bytes_field(2, int_field(1, size)) for size in shape)


def pr_curve_metadata(thresholds: int) -> bytes:
    """The metadata of a tensor of shape (6, thresholds)."""
    return metadata("pr_curves", int_field(2, thresholds))


def mesh_values(
    tag: str, parts: Mapping[str, npt.NDArray[Any] | None], *, is_first: bool
) -> list[bytes]:
    """The values that make one mesh.

    Args:
        tag: Its name.
        parts: Of ``"VERTEX"``, ``"FACE"`` and ``"COLOR"``, arrays of shape ``(1, n, 3)``.
        is_first: Whether the name is new, so that metadata is needed.
    """
    present = {name: array for name, array in parts.items() if array is not None}
    bits = sum(1 << _MESH_PARTS[name] for name in present)
    found = []
    for name, array in present.items():
        sizes = b"".join(map(varint, array.shape))
        content = b"".join((
            text_field(2, tag), int_field(3, _MESH_PARTS[name]), text_field(5, "{}"),
            bytes_field(6, sizes), int_field(7, bits),
        ))  # fmt: skip
        meta = metadata("mesh", content) if is_first else b""
        found.append(value(f"{tag}_{name}", tensor(array), meta))
    return found


def hparams_value(config: Mapping[str, Any], began_s: float) -> bytes:
    """Hyper-parameters: a session start of the tab HPARAMS. Nested names are joined by dots."""
    entries = []
    for name, entry in flat_config(config).items():
        if isinstance(entry, bool):
            packed = int_field(4, int(entry), is_always=True)
        elif isinstance(entry, (int, float)):
            packed = varint(2 << 3 | 1) + struct.pack("<d", entry)
        else:
            packed = bytes_field(3, entry.encode("utf-8", "backslashreplace"))
        entries.append(bytes_field(1, text_field(1, name) + bytes_field(2, packed)))
    info = b"".join(entries) + double_field(5, began_s)
    return value(
        HPARAMS, tensor(np.empty(0, np.float32)), metadata("hparams", bytes_field(3, info))
    )


def hparams_end_value(ended_s: float) -> bytes:
    """The end of such a session: success."""
    info = int_field(1, 1) + double_field(2, ended_s)
    meta = metadata("hparams", bytes_field(4, info))
    return value(HPARAMS_END, tensor(np.empty(0, np.float32)), meta)


def flat_config(config: Mapping[str, Any], prefix: str = "") -> dict[str, float | str]:
    """Hyper-parameters as TensorBoard has them: bools, numbers and texts by name.

    Example:
        >>> flat_config({"lr": 0.1, "net": {"layers": [1, 2], "bias": True}, "seed": None})
        {'lr': 0.1, 'net.layers': '[1, 2]', 'net.bias': True, 'seed': 'None'}
    """
    found: dict[str, float | str] = {}
    for name, entry in config.items():
        if isinstance(entry, Mapping) and entry:
            found |= flat_config(entry, f"{prefix}{name}.")
        elif isinstance(entry, int) and abs(entry) >> 1023:
            found[f"{prefix}{name}"] = str(entry)  # no float is that large
        else:
            is_plain = isinstance(entry, (bool, int, float, str))
            found[f"{prefix}{name}"] = entry if is_plain else str(entry)
    return found


def pair_of(step: Step) -> tuple[int, int] | None:
    """A step as a pair, if it is one."""
    return step if isinstance(step, tuple) else None


def seconds(time_ns: int) -> float:
    """Nanoseconds as the nearest number of seconds.

    Example:
        >>> seconds(1_700_000_000_123_456_789)
        1700000000.1234567
    """
    whole, rest = divmod(time_ns, 1_000_000_000)
    return whole + rest / 1e9


def nanoseconds(time_s: float) -> int:
    """Seconds as nanoseconds, from which `seconds` makes the same float again; 0 if not finite.

    Example:
        >>> seconds(nanoseconds(1700000000.1234567))
        1700000000.1234567
    """
    if not -9e9 < time_s < 9e9:
        return 0
    whole = int(time_s // 1)
    return whole * 1_000_000_000 + round((time_s - whole) * 1e9)
