"""Values that are more than a number, to and from bytes; and what may be logged at all.

One `Kind` for each: how a value is *kept* at the call (a private copy, in the training
thread), how it is *encoded* (in the flush thread) and *decoded*. A new kind of value is one
more entry in `KINDS`; its code is part of the file format (docs/formats/segment.md).

Cost at the call: one copy of the value; of a tensor on an accelerator, one asynchronous
copy on that accelerator and no synchronisation.

Not here: numbers, which are packed in rows (``buffer``), and frames (``segment``).
"""

import io
import json
import struct
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from introspect.errors import HistoryError
from introspect.nouns.values import Image, to_numpy

MOST_PIXELS = 64_000_000
"""An Image of more is refused: Pillow takes PNG files beyond 89 million for an attack."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of value.

    Attributes:
        code: Its number in the file.
        name: As people call it.
        accepts: Whether a value is of this kind.
        keep: A copy that later changes of the value cannot reach. Training thread.
        encode: A kept value to bytes. Flush thread.
        decode: Those bytes to the value.
    """

    code: int
    name: str
    accepts: Callable[[Any], bool]
    keep: Callable[[Any], Any]
    encode: Callable[[Any], bytes]
    decode: Callable[[bytes], Any]


def kind_of(value: Any) -> Kind | None:
    """The kind of a value, or None if it cannot be logged.

    Example:
        >>> kind_of(np.zeros(3)).name, kind_of("text")
        ('array', None)
    """
    return next((kind for kind in KINDS.values() if kind.accepts(value)), None)


def is_tensor(value: Any) -> bool:
    """Whether a value is a tensor, told by its methods (this room knows no torch)."""
    return hasattr(value, "detach") and hasattr(value, "item")


def on_accelerator(value: Any) -> bool:
    """Whether reading a tensor would make the training wait for a device."""
    return is_tensor(value) and not getattr(value, "is_cpu", True)


@dataclass(frozen=True, slots=True)
class OnDevice:
    """A copy of a tensor that lies, or will lie, on an accelerator.

    Attributes:
        tensor: The copy.
        event: Recorded after it on the stream of the training, or None.
    """

    tensor: Any
    event: Any

    @classmethod
    def of(cls, tensor: Any) -> "OnDevice":
        """Ask for a copy; returns before the device has made it."""
        copy = tensor.detach().clone()
        # The flush thread has another current stream, on which a read would not wait for
        # the copy. torch is here already, since the tensor is.
        accelerator = getattr(sys.modules.get("torch"), "accelerator", None)
        event = None
        if accelerator is not None and accelerator.is_available():
            event = accelerator.current_stream(copy.device).record_event()
        return cls(copy, event)

    def fetch(self) -> npt.NDArray[Any]:
        """The values as an array; waits for the device."""
        if self.event is not None:
            self.event.synchronize()
        return to_numpy(self.tensor)


def _accepts_array(value: Any) -> bool:
    return is_tensor(value) or (hasattr(value, "__array__") and not isinstance(value, np.generic))


def _keep_array(value: Any) -> Any:
    if on_accelerator(value):
        return OnDevice.of(value)
    array = np.array(to_numpy(value), order="C", copy=True)
    if array.dtype.hasobject:
        raise HistoryError(
            "an array of Python objects cannot be stored.",
            given=f"{array.dtype} {array.shape}",
            hint="array.astype(float)",
        )
    return array


def _encode_array(array: npt.NDArray[Any]) -> bytes:
    file = io.BytesIO()
    np.lib.format.write_array(file, array, allow_pickle=False)
    return file.getvalue()


def _decode_array(payload: bytes) -> npt.NDArray[Any]:
    return np.lib.format.read_array(io.BytesIO(payload), allow_pickle=False)


def _keep_image(image: Image) -> Image:
    pixels = np.array(image.pixels, order="C", copy=True)
    is_picture = pixels.ndim == 2 or (pixels.ndim == 3 and pixels.shape[2] in {3, 4})
    if pixels.dtype != np.uint8 or not is_picture or not 0 < pixels.size <= 4 * MOST_PIXELS:
        raise HistoryError(
            "these pixels are no picture.",
            given=f"{pixels.dtype} {pixels.shape}",
            hint="Image.of(data), which takes (H, W), (C, H, W) and (H, W, C)",
        )
    return Image(pixels=pixels, cmap=image.cmap, caption=image.caption)


def _encode_image(image: Image) -> bytes:
    from PIL import Image as Pillow  # noqa: PLC0415  flush thread only: 40 ms that the loop never pays

    about = json.dumps({"cmap": image.cmap, "caption": image.caption}).encode("ascii")
    file = io.BytesIO()
    # Level 1 of 9: 4 ms for a photograph of 224 x 224, not 15; the file is 18 % larger.
    Pillow.fromarray(image.pixels).save(file, "png", compress_level=1)
    return struct.pack("<I", len(about)) + about + file.getvalue()


def _decode_image(payload: bytes) -> Image:
    from PIL import Image as Pillow  # noqa: PLC0415  reading a run of numbers needs no Pillow

    (size,) = struct.unpack_from("<I", payload)
    about = json.loads(payload[4 : 4 + size])
    with Pillow.open(io.BytesIO(payload[4 + size :]), formats=["png"]) as picture:
        pixels = np.array(picture)
    return Image(pixels=pixels, cmap=about["cmap"], caption=about["caption"])


def _accepts_sketch(value: Any) -> bool:
    # Whoever holds a Sketch has imported its module; nobody else should pay for that.
    module = sys.modules.get("introspect.nouns.sketch")
    return module is not None and isinstance(value, module.Sketch)


def _decode_sketch(payload: bytes) -> Any:
    from introspect.nouns.sketch import Sketch  # noqa: PLC0415  only runs that hold one need it

    return Sketch.from_bytes(payload)


KINDS = {
    kind.code: kind
    for kind in (
        Kind(
            code=2,
            name="image",
            accepts=lambda value: isinstance(value, Image),
            keep=_keep_image,
            encode=_encode_image,
            decode=_decode_image,
        ),
        Kind(
            code=3,
            name="sketch",
            accepts=_accepts_sketch,
            keep=lambda sketch: sketch,  # immutable
            encode=lambda sketch: sketch.to_bytes(),
            decode=_decode_sketch,
        ),
        Kind(  # last: it accepts whatever can become an array
            code=1,
            name="array",
            accepts=_accepts_array,
            keep=_keep_array,
            encode=_encode_array,
            decode=_decode_array,
        ),
    )
}
"""Code to kind, in the order in which they are asked."""
