"""Values that are more than a number: which there are, and what handles each.

`KINDS` is the one table. Each entry says how a value is *kept* at the call (a private copy, in the
training thread), how it is *encoded* (in the flush thread) and *decoded*. A new kind of value is
one more line in it and three functions in a `codec_*` module, `keep_<name>`, `encode_<name>`
and `decode_<name>`; its code is part of the file format (docs/formats/segment.md).

Those modules are imported when they are first needed, so a run of numbers pays for none.

Cost at the call: finding the kind 0.3 us; one copy of a value that somebody could still change,
none of what ``.of`` made; of a tensor on an accelerator, one asynchronous copy on that
accelerator and no synchronisation.

Not here: numbers, which are packed in rows (``buffer``), and frames (``segment``).
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import numpy as np
import numpy.typing as npt

from introspect.errors import HistoryError
from introspect.nouns.values import to_numpy
from introspect.nouns.verbs import verb


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of value.

    Attributes:
        code: Its number in the file.
        name: As people call it.
        classes: (module, name) of the classes of such values; subclasses belong to it, too. Names,
            since whoever holds such a value has imported its class, and nobody else should.
        keep: A copy that later changes of the value cannot reach. Training thread.
        encode: A kept value to bytes. Flush thread.
        decode: Those bytes to the value; an error, whatever they hold, if they are no such value.
    """

    code: int
    name: str
    classes: tuple[tuple[str, str], ...]
    keep: Callable[[Any], Any]
    encode: Callable[[Any], bytes]
    decode: Callable[[bytes], Any]


def kind_of(value: Any) -> Kind | None:
    """The kind of a value, or None if it cannot be logged.

    Raises:
        HistoryError: If it cannot, and it is clear what was meant.

    Example:
        >>> kind_of(np.zeros(3)).name, kind_of(object())
        ('array', None)
        >>> kind_of("text")
        Traceback (most recent call last):
        introspect.errors.HistoryError: a str needs a wrapper: Text(text).
    """
    for ancestor in type(value).__mro__:
        name = (ancestor.__module__, ancestor.__qualname__)
        kind = _BY_CLASS.get(name)
        if kind is not None:
            return kind
        if name in _WRAPPERS:
            raise HistoryError(f"a {name[1]} needs a wrapper: {_WRAPPERS[name]}.")
    return KINDS[1] if _looks_like_an_array(value) else None


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


def _looks_like_an_array(value: Any) -> bool:
    return is_tensor(value) or (hasattr(value, "__array__") and not isinstance(value, np.generic))


def _kind(code: int, name: str, family: str, *classes: str) -> Kind:
    """A kind whose functions are found by name in ``codec_<family>`` on their first call."""
    pairs = (one.partition(":") for one in classes)
    functions = (
        partial(_call, f"introspect.history.codec_{family}:{action}_{name}")
        for action in ("keep", "encode", "decode")
    )
    return Kind(code, name, tuple((module, found) for module, _, found in pairs), *functions)


@cache
def _function(place: str) -> Callable[[Any], Any]:
    return verb(place)


def _call(place: str, value: Any) -> Any:
    return _function(place)(value)


_NOUNS = "introspect.nouns.values."

KINDS = {
    kind.code: kind
    for kind in (
        _kind(1, "array", "arrays", "numpy:ndarray", "torch:Tensor"),  # and what looks like one
        _kind(2, "image", "pictures", _NOUNS + "image:Image"),
        _kind(3, "sketch", "arrays", "introspect.nouns.sketch:Sketch"),
        _kind(4, "text", "words", _NOUNS + "words:Text"),
        _kind(5, "audio", "media", _NOUNS + "audio:Audio"),
        _kind(6, "video", "media", _NOUNS + "video:Video"),
        _kind(7, "table", "words", _NOUNS + "words:Table"),
        _kind(8, "embedding", "arrays", _NOUNS + "points:Embedding"),
        _kind(
            9, "figure", "pictures", _NOUNS + "figure:Figure", "matplotlib.figure:Figure"
        ),  # the latter is drawn at the call
        _kind(10, "pr_curve", "arrays", _NOUNS + "scores:PRCurve"),
        _kind(11, "confusion_matrix", "arrays", _NOUNS + "scores:ConfusionMatrix"),
        _kind(12, "mesh", "arrays", _NOUNS + "points:Mesh"),
        _kind(13, "graph", "words", "introspect.nouns.graph:Graph"),
        _kind(14, "histogram", "arrays", _NOUNS + "histogram:Histogram"),
        _kind(15, "images", "pictures", _NOUNS + "image:Images"),
    )
}
"""Code to kind."""

_BY_CLASS = {name: kind for kind in KINDS.values() for name in kind.classes}

_WRAPPERS = {
    ("builtins", "str"): "Text(text)",
    ("builtins", "list"): "np.array(numbers), Images.of(pictures) or Table.of(rows)",
    ("builtins", "tuple"): "np.array(numbers), Images.of(pictures) or Table.of(rows)",
    ("builtins", "dict"): "history.log(step, **values) or Table.of(columns)",
    ("PIL.Image", "Image"): "Image.of(picture)",
    ("matplotlib.axes._base", "_AxesBase"): "the figure, axes.figure",
}
"""What people log by mistake, and what they mean; the names are those of introspect.values."""
