"""Arrays, and values that are mostly arrays: sketches, histograms, scores, points.

Arrays are NPY files, sketches have a format of their own, the others are records.

Not here: records (``codec_records``), pictures (``codec_pictures``).
"""

import io
from typing import Any

import numpy as np
import numpy.typing as npt

from introspect.errors import HistoryError
from introspect.history.codec import OnDevice, on_accelerator
from introspect.history.codec_records import (
    damaged,
    kept,
    pack,
    rows_of,
    strings_of,
    unpack,
)
from introspect.nouns.values import (
    ConfusionMatrix,
    Embedding,
    Histogram,
    Mesh,
    PRCurve,
    to_numpy,
)

_CURVE = (
    "thresholds", "true_positives", "false_positives", "true_negatives", "false_negatives",
    "precision", "recall",
)  # fmt: skip
_SUMS = ("minimum", "maximum", "total", "total_of_squares")


def keep_array(value: Any) -> Any:
    """A copy, also of what is no array yet; of a tensor on an accelerator, one made there."""
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


def encode_array(array: npt.NDArray[Any]) -> bytes:
    """An NPY file."""
    file = io.BytesIO()
    np.lib.format.write_array(file, array, allow_pickle=False)
    return file.getvalue()


def decode_array(payload: bytes) -> npt.NDArray[Any]:
    """The array of an NPY file; refused before memory is asked for, if the file is too short."""
    file = io.BytesIO(payload)
    version = np.lib.format.read_magic(file)
    # Version 3 differs from 2 in the encoding of names only, and NumPy has one function for both.
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else _header_2
    shape, is_fortran, dtype = read(file)
    if dtype.hasobject:
        raise damaged("an array of Python objects")
    count = 1
    for size in shape:
        if size < 0:
            raise damaged(f"an array of shape {shape}")
        count *= size
    rest = payload[file.tell() :]
    if len(rest) != count * dtype.itemsize:
        raise damaged(f"{len(rest)} bytes of {dtype} {shape}")
    flat = np.frombuffer(rest, dtype) if dtype.itemsize else np.empty(count, dtype)
    return flat.reshape(shape, order="F" if is_fortran else "C").copy(order="K")


def _header_2(file: io.BytesIO) -> Any:
    return np.lib.format.read_array_header_2_0(file)


def keep_sketch(sketch: Any) -> Any:
    """Itself: nobody can change it."""
    return sketch


def encode_sketch(sketch: Any) -> bytes:
    """docs/formats/sketch.md."""
    return sketch.to_bytes()


def decode_sketch(payload: bytes) -> Any:
    """The Sketch of such bytes."""
    from introspect.nouns.sketch import Sketch  # noqa: PLC0415  only runs that hold one need it

    return Sketch.from_bytes(payload)


def keep_histogram(value: Histogram) -> Histogram:
    """With arrays of its own."""
    return kept(value)


def encode_histogram(value: Histogram) -> bytes:
    """A record of edges, counts and sums."""
    about = {"n": value.n, **{name: getattr(value, name) for name in _SUMS}}
    return pack(about, {"edges": value.edges, "counts": value.counts})


def decode_histogram(payload: bytes) -> Histogram:
    """The Histogram of such a record."""
    about, arrays = unpack(payload)
    sums = {name: about[name] for name in _SUMS}
    return Histogram(arrays["edges"], arrays["counts"], about["n"], **sums)


def keep_pr_curve(value: PRCurve) -> PRCurve:
    """With arrays of its own."""
    return kept(value)


def encode_pr_curve(value: PRCurve) -> bytes:
    """A record of seven columns."""
    return pack({}, {name: getattr(value, name) for name in _CURVE})


def decode_pr_curve(payload: bytes) -> PRCurve:
    """The PRCurve of such a record."""
    _, arrays = unpack(payload)
    return PRCurve(*(arrays[name] for name in _CURVE))


def keep_confusion_matrix(value: ConfusionMatrix) -> ConfusionMatrix:
    """With an array of its own."""
    return kept(value)


def encode_confusion_matrix(value: ConfusionMatrix) -> bytes:
    """A record of counts and labels."""
    return pack({"labels": value.labels}, {"counts": value.counts})


def decode_confusion_matrix(payload: bytes) -> ConfusionMatrix:
    """The ConfusionMatrix of such a record."""
    about, arrays = unpack(payload)
    return ConfusionMatrix(arrays["counts"], strings_of(about, "labels"))


def keep_embedding(value: Embedding) -> Embedding:
    """With arrays of its own."""
    return kept(value)


def encode_embedding(value: Embedding) -> bytes:
    """A record of labels, vectors and pictures."""
    arrays: dict[str, Any] = {"vectors": value.vectors}
    if value.thumbnails is not None:
        arrays["thumbnails"] = value.thumbnails
    return pack({"columns": value.columns, "labels": value.labels}, arrays)


def decode_embedding(payload: bytes) -> Embedding:
    """The Embedding of such a record."""
    about, arrays = unpack(payload)
    return Embedding(
        arrays["vectors"],
        strings_of(about, "columns"),
        rows_of(about, "labels"),
        arrays.get("thumbnails"),
    )


def keep_mesh(value: Mesh) -> Mesh:
    """With arrays of its own."""
    return kept(value)


def encode_mesh(value: Mesh) -> bytes:
    """A record of points, colours and corners."""
    arrays = {"vertices": value.vertices, "colors": value.colors, "faces": value.faces}
    return pack({}, {name: array for name, array in arrays.items() if array is not None})


def decode_mesh(payload: bytes) -> Mesh:
    """The Mesh of such a record."""
    _, arrays = unpack(payload)
    return Mesh(arrays["vertices"], arrays.get("colors"), arrays.get("faces"))
