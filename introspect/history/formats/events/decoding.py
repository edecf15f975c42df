"""One event -> the values in it, as numbers, arrays and the nouns of ``introspect.values``.

What has no noun here, and what its noun could not give back as it was, becomes `Raw`: the bytes
of the message, so that an export can write them again.

Cost: 9 us a number, 22 us a text, 34 us a histogram of 30 bins; else what it takes to decode a
picture. What a length or shape promises is never allocated before the bytes are there.

Not here: events of numbers alone (``columns``), whole files (``reading``).
"""

import io
import wave
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from introspect.history.formats.events.messages import EXACT, PAIR, PAIR_LAYOUT
from introspect.history.formats.events.proto import (
    BYTES,
    FIXED64,
    as_bytes,
    as_double,
    as_float,
    as_int,
    as_text,
    fields,
)
from introspect.history.formats.events.tensors import tensor_of
from introspect.nouns.metric import Step

MOST_PIXELS = 64_000_000
RawKind = Literal["value", "graph_def", "run_metadata", "meta_graph_def", "log"]


@dataclass(frozen=True, slots=True)
class Raw:
    """A message that has no noun here.

    Attributes:
        content: Its bytes.
        kind: Which message.
    """

    content: bytes
    kind: RawKind


@dataclass(frozen=True, slots=True)
class Meta:
    """What the first value of a tag says about all of them.

    Attributes:
        plugin: The tab that shows it.
        content: What the plugin wants to know.
        message: The whole ``SummaryMetadata``.
    """

    plugin: str = ""
    content: bytes = b""
    message: bytes = b""


@dataclass(slots=True)
class Event:
    """One event.

    Attributes:
        time_s: Seconds since 1970.
        step: As TensorBoard has it.
        pair: As (epoch, step), if it was logged so.
        values: Key, value, and the form in which it was written: ``""`` for that of its noun.
        is_start: Hides what came before it at `step` and later.
        file_version: Of the first event of a file.
    """

    time_s: float = 0.0
    step: int = 0
    pair: tuple[int, int] | None = None
    values: list[tuple[str, Any, str]] = field(default_factory=list)
    is_start: bool = False

    @property
    def logged_step(self) -> Step:
        """The step as it was logged."""
        return self.step if self.pair is None else self.pair


def event_of(record: bytes | memoryview, metas: dict[str, Meta]) -> Event:
    """An event.

    Args:
        record: Its bytes.
        metas: What is known of tags so far; added to.

    Raises:
        ValueError: If it is none. A value inside that does not parse is `Raw`.
    """
    event, summaries = Event(), []
    for number, wire, content in fields(record):
        if number == 1:
            event.time_s = as_double(wire, content)
        elif number == 2:
            event.step = as_int(wire, content)
        elif number == PAIR and wire == BYTES and len(content) == 16:
            event.pair = PAIR_LAYOUT.unpack(content)
        elif number == 5:
            summaries.append(content)
        elif number == 4:
            event.values.append(("graph_def", Raw(as_bytes(wire, content), "graph_def"), ""))
        elif number == 9:
            raw = Raw(as_bytes(wire, content), "meta_graph_def")
            event.values.append(("meta_graph_def", raw, ""))
        elif number == 8:
            event.values.append(_run_metadata(content))
        elif number == 6:
            event.values.append(("log", Raw(as_bytes(wire, content), "log"), ""))
        elif number == 7:
            statuses = [as_int(form, part) for inner, form, part in fields(content) if inner == 1]
            event.is_start = statuses == [1]
    for summary in summaries:
        messages = [part for number, wire, part in fields(summary) if (number, wire) == (1, BYTES)]
        event.values += _values(messages, metas)
    return event


def _run_metadata(content: memoryview) -> tuple[str, Raw, str]:
    tag = "".join(as_text(wire, part) for number, wire, part in fields(content) if number == 1)
    return f"run_metadata/{tag}", Raw(bytes(content), "run_metadata"), ""


def _values(messages: list[memoryview], metas: dict[str, Meta]) -> Iterator[tuple[str, Any, str]]:
    """The values of a summary; the parts of a mesh are put together."""
    meshes: dict[str, dict[int, tuple[npt.NDArray[Any], memoryview]]] = {}
    for message in messages:
        tag, value, form = _value(message, metas)
        meta = metas.get(tag)
        if meta is not None and meta.plugin == "mesh" and isinstance(value, np.ndarray):
            name, part = _mesh_part(meta.content, tag)
            meshes.setdefault(name, {})[part] = value, message
        else:
            yield tag, value, form
    for name, parts in meshes.items():
        mesh = _mesh({part: array for part, (array, _) in parts.items()})
        if mesh is not None:
            yield name, mesh, ""
        else:
            for part, (_, message) in parts.items():
                suffix = {1: "VERTEX", 2: "FACE", 3: "COLOR"}.get(part, "PART")
                yield f"{name}_{suffix}", Raw(bytes(message), "value"), ""


def _value(message: memoryview, metas: dict[str, Meta]) -> tuple[str, Any, str]:
    """Tag, value and form of one ``Summary.Value``."""
    tag, held, exact = "", None, None
    for number, wire, content in fields(message):
        if number == 1:
            tag = as_text(wire, content)
        elif number == 9 and wire == BYTES:
            meta = meta_of(content)
            if meta is not None:
                tag_now = tag or next((as_text(w, c) for n, w, c in fields(message) if n == 1), "")
                metas.setdefault(tag_now, meta)
        elif number in {2, 4, 5, 6, 8}:
            held = number, wire, content
        elif number == EXACT and wire == FIXED64:
            exact = as_double(wire, content)
    raw = Raw(bytes(message), "value")
    if held is None:
        return tag, raw, ""
    number, wire, content = held
    meta = metas.get(tag, Meta())
    try:
        if number == 2:
            return tag, as_float(wire, content) if exact is None else exact, ""
        if number == 8:
            value, form = _of_tensor(content, meta)
        else:
            value, form = _DECODERS[number](content), ""
    except Exception:  # noqa: BLE001  a decoder of somebody else's bytes may raise anything; they are kept
        return tag, raw, ""
    return (tag, raw, "") if value is None else (tag, value, form)


def meta_of(content: bytes | memoryview) -> Meta | None:
    """A ``SummaryMetadata``; None if it is none."""
    try:
        plugin, inner = "", b""
        for number, _, part in fields(content):
            if number == 1:
                for place, wire, entry in fields(part):
                    if place == 1:
                        plugin = as_text(wire, entry)
                    elif place == 2:
                        inner = as_bytes(wire, entry)
        return Meta(plugin, inner, bytes(content))
    except ValueError:
        return None


# --------------------------------------------------------------------------- tensors


def _of_tensor(content: memoryview, meta: Meta) -> tuple[Any, str]:
    """A value that was written as a tensor, by its plugin, and its dtype as the form."""
    array = tensor_of(content)
    form = "string" if array.dtype == object else array.dtype.name
    if array.dtype == object:
        return _of_strings(array, meta), form
    if meta.plugin == "histograms" and array.ndim == 2 and array.shape[1] == 3:
        return _of_buckets(array), form
    if meta.plugin == "pr_curves" and array.ndim == 2 and array.shape[0] == 6:
        return _curve(array), form
    if array.ndim == 0 and array.dtype.kind in "biuf" and meta.plugin != "hparams":
        number = float(array)
        if array.dtype.kind in "bf" or int(number) == int(array):
            return number, form
    return array, form


def _of_strings(texts: npt.NDArray[Any], meta: Meta) -> Any:
    from introspect.nouns.values import Images, Text  # noqa: PLC0415  runs of numbers need none

    flat = texts.ravel().tolist()
    if meta.plugin == "images":
        pictures = tuple(picture_of(part) for part in flat[2:])
        return Images(images=pictures) if texts.ndim == 1 and pictures else None
    if meta.plugin == "audio":
        is_one = len(flat) == 1 or (len(flat) == 2 and texts.shape == (1, 2) and not flat[1])
        return _audio_file(flat[0]) if is_one else None
    if meta.plugin != "text":
        return None
    decoded = [part.decode("utf-8") for part in flat]
    if texts.size == 1 and texts.ndim == 1:
        return Text(decoded[0])
    if any(text.endswith("\0") for text in decoded):
        return None  # arrays of NumPy would cut it off
    return np.array(decoded, np.str_).reshape(texts.shape)


def _of_buckets(buckets: npt.NDArray[Any]) -> Any:
    """A histogram of rows (left, right, count); None if its buckets do not touch."""
    from introspect.nouns.values import Histogram  # noqa: PLC0415  runs of numbers need none

    table = buckets.astype(np.float64)
    if not len(table):
        return None
    if not np.array_equal(table[1:, 0], table[:-1, 1]):
        return None
    edges = np.append(table[:, 0], table[-1, 1])
    return Histogram.of_counts(edges, table[:, 2])


def _curve(rows: npt.NDArray[Any]) -> Any:
    from introspect.nouns.values import PRCurve  # noqa: PLC0415  runs of numbers need none

    count = rows.shape[1]
    numbers = rows.astype(np.float64)
    return PRCurve(np.linspace(0.0, 1.0, count), *(np.ascontiguousarray(row) for row in numbers))


# --------------------------------------------------------------------------- older forms


def _picture(content: memoryview) -> Any:
    parts = {number: (wire, part) for number, wire, part in fields(content)}
    return picture_of(as_bytes(*parts[4]))


def picture_of(content: bytes) -> Any:
    """A picture of any format that Pillow knows; several frames become a Video.

    Raises:
        ValueError: If it is none, or has more than 64 million pixels.
    """
    from PIL import Image as Pillow  # noqa: PLC0415  runs without pictures need no Pillow
    from PIL import ImageSequence  # noqa: PLC0415  same

    from introspect.nouns.values import Image, Video  # noqa: PLC0415  same

    with Pillow.open(io.BytesIO(content), formats=["PNG", "GIF", "JPEG", "WEBP", "BMP"]) as file:
        count = getattr(file, "n_frames", 1)
        if file.width * file.height * count > MOST_PIXELS:
            raise ValueError("a picture of too many pixels")
        if count > 1:
            frames = [np.array(frame.convert("RGB")) for frame in ImageSequence.Iterator(file)]
            duration_ms = float(file.info.get("duration") or 250)
            return Video(np.stack(frames), fps=1000.0 / duration_ms)
        has_alpha = file.mode in {"RGBA", "LA", "PA"} or "transparency" in file.info
        mode = "L" if file.mode in {"L", "1"} else "RGBA" if has_alpha else "RGB"
        return Image(np.array(file.convert(mode)))


def _sound(content: memoryview) -> Any:
    parts = {number: (wire, part) for number, wire, part in fields(content)}
    return _audio_file(as_bytes(*parts[4]))


def _audio_file(content: bytes) -> Any:
    """A WAV file of 16 bits; None if it is another one."""
    from introspect.nouns.values import Audio  # noqa: PLC0415  runs of numbers need none

    with wave.open(io.BytesIO(content)) as file:
        if file.getsampwidth() != 2 or file.getnchannels() not in {1, 2}:
            return None
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2")
        shaped = np.ascontiguousarray(samples.reshape(-1, file.getnchannels()).T)
        return Audio(shaped.astype(np.int16), file.getframerate())


def _histo(content: memoryview) -> Any:
    from introspect.nouns.values import Histogram  # noqa: PLC0415  runs of numbers need none

    numbers, lists = dict.fromkeys(range(1, 6), 0.0), {6: [], 7: []}
    for number, wire, part in fields(content):
        if number in numbers:
            numbers[number] = as_double(wire, part)
        elif number in lists:
            lists[number].append(np.frombuffer(part, "<f8"))
    limits, counts = (
        np.concatenate([np.empty(0), *lists[number]]).astype(np.float64) for number in (6, 7)
    )
    if not len(limits) or numbers[3] != round(numbers[3]):
        return None
    if len(limits) > 1 and counts[0] == 0:
        edges, counts = limits, counts[1:].copy()
    else:
        edges = np.append(min(numbers[1], limits[0]), limits)
    if not len(counts):
        return None
    return Histogram(edges, counts, round(numbers[3]), *(numbers[place] for place in (1, 2, 4, 5)))


_DECODERS: dict[int, Callable[[memoryview], Any]] = {4: _picture, 5: _histo, 6: _sound}


# --------------------------------------------------------------------------- meshes, hparams


def _mesh_part(content: bytes, tag: str) -> tuple[str, int]:
    """The name of a mesh, and which part of it a tag holds."""
    name, part = tag.rpartition("_")[0], 0
    for number, wire, value in fields(content):
        if number == 2:
            name = as_text(wire, value)
        elif number == 3:
            part = as_int(wire, value)
    return name, part


def _mesh(parts: dict[int, npt.NDArray[Any]]) -> Any:
    """A mesh of a batch of one; None if its parts are no such thing."""
    from introspect.nouns.values import Mesh  # noqa: PLC0415  runs of numbers need none

    if 1 not in parts or any(array.ndim != 3 or len(array) != 1 for array in parts.values()):
        return None
    narrow = {2: np.dtype(np.int32), 3: np.dtype(np.uint8)}
    exact: dict[int, npt.NDArray[Any]] = {}
    for part, array in parts.items():
        with np.errstate(invalid="ignore"):
            exact[part] = np.ascontiguousarray(array[0], narrow.get(part, np.dtype(np.float32)))
        if not np.array_equal(exact[part], array[0], equal_nan=part == 1):
            return None
    try:
        return Mesh(exact[1], exact.get(3), exact.get(2))
    except ValueError:
        return None


def config_of(content: bytes) -> dict[str, Any]:
    """The hyper-parameters in the plugin data of a session start; empty if it is none.

    Example:
        >>> config_of(b"")
        {}
    """
    found: dict[str, Any] = {}
    try:
        for number, _, info in fields(content):
            if number != 3:
                continue
            for place, _, entry in fields(info):
                if place == 1:
                    name, value = _entry(entry)
                    found[name] = value
    except ValueError:
        return found
    return found


def _entry(message: memoryview) -> tuple[str, Any]:
    name, value = "", None
    for number, wire, part in fields(message):
        if number == 1:
            name = as_text(wire, part)
        elif number == 2:
            for kind, form, content in fields(part):
                if kind == 2:
                    value = as_double(form, content)
                elif kind == 3:
                    value = as_text(form, content)
                elif kind == 4:
                    value = bool(as_int(form, content))
    return name, value
