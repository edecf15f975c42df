"""Values of a history -> summaries that one of TensorBoard's tabs shows.

=====================  ==========================================================
Image, Figure          the tab IMAGES, as PNG; colour maps are applied
Images                 IMAGES, one sample for each
Video                  IMAGES, as a GIF that plays
array, Sketch,         HISTOGRAMS and DISTRIBUTIONS; an array is sketched first
Histogram
Text, Table            TEXT, as Markdown; an array of texts, too
ConfusionMatrix        IMAGES as a heat map, TEXT as a table
Audio                  AUDIO, as 16-bit WAV
PRCurve                PR CURVES
Mesh                   MESH
=====================  ==========================================================

Cost: of a picture of 224 x 224, 1 ms (smooth) to 5 ms (noise); 87 us a sketch of 10,000 normal
numbers, 9 us a histogram, 6 us a text.

Not here: numbers (``rows``), embeddings, which are files of their own (``projector``), graphs and
hyper-parameters (``sink``).
"""

import io
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from introspect.errors import HistoryError
from introspect.history.formats.events.messages import (
    histo,
    mesh_values,
    metadata,
    picture,
    pr_curve_metadata,
    simple,
    sound,
    strings,
    tensor,
    value,
)
from introspect.nouns.sketch import Sketch
from introspect.nouns.values import Image

TagOf = Callable[[str], tuple[str, bool]]
"""Plugin to the tag under which a key has its values there, and whether it is new."""

_HEAT_PX = 320  # a side of a confusion matrix, at least
_MOST_CELLS = 400  # of a table or matrix as text, in each direction


def shown(kind: int, content: Any, tag_of: TagOf) -> list[bytes]:
    """The summaries of a value.

    Args:
        kind: Its code in ``codec.KINDS``.
        content: The value.
        tag_of: Finds the tag.

    Raises:
        HistoryError: If no tab of TensorBoard can show it.
    """
    show = _SHOW.get(kind)
    if show is None:
        raise HistoryError("TensorBoard has no tab for such a value.", given=type(content).__name__)
    return show(content, tag_of)


def _image(image: Image, tag_of: TagOf) -> list[bytes]:
    return [_picture(tag_of, *_png(image), caption=image.caption)]


def _images(images: Any, tag_of: TagOf) -> list[bytes]:
    """All samples of a series have one size there, so smaller ones are padded with white."""
    if not images.images:
        raise HistoryError("there is no picture to be shown.", given=repr(images))
    tag, is_first = tag_of("images")
    height = max(image.pixels.shape[0] for image in images.images)
    width = max(image.pixels.shape[1] for image in images.images)
    files = [_png(_padded(image, height, width))[0] for image in images.images]
    meta = metadata("images", description=images.caption) if is_first else b""
    sizes = [str(width).encode(), str(height).encode()]
    return [value(tag, strings([*sizes, *files], (len(files) + 2,)), meta)]


def _padded(image: Image, height: int, width: int) -> Image:
    missing = (height - image.pixels.shape[0], width - image.pixels.shape[1])
    if not any(missing):
        return image
    pixels = np.atleast_3d(image.pixels)
    room = [(0, missing[0]), (0, missing[1]), (0, 0)]
    padded = np.pad(pixels, room, constant_values=255)
    return Image(padded if image.pixels.ndim == 3 else padded[:, :, 0], image.cmap, image.caption)


def _figure(figure: Any, tag_of: TagOf) -> list[bytes]:
    size = (figure.width_px, figure.height_px, 4)
    return [_picture(tag_of, figure.png, *size, caption=figure.caption)]


def _video(video: Any, tag_of: TagOf) -> list[bytes]:
    _, height, width, channels = video.frames.shape
    return [_picture(tag_of, video.to_gif(), width, height, channels, caption=video.caption)]


def _picture(
    tag_of: TagOf, content: bytes, width: int, height: int, channels: int, *, caption: str
) -> bytes:
    tag, is_first = tag_of("images")
    meta = metadata("images", description=caption) if is_first and caption else b""
    field = picture(content, width_px=width, height_px=height, channels=channels)
    return value(tag, field, meta)


def _png(image: Image) -> tuple[bytes, int, int, int]:
    """A PNG file with its width, height and channels."""
    from PIL import Image as Pillow  # noqa: PLC0415  flush thread only: 40 ms that the loop never pays

    pixels = image.pixels
    if image.cmap is not None and pixels.ndim == 2:
        pixels = _coloured(pixels, image.cmap)
    file = io.BytesIO()
    Pillow.fromarray(pixels).save(file, "png", compress_level=3)
    height, width = pixels.shape[:2]
    return file.getvalue(), width, height, 1 if pixels.ndim == 2 else pixels.shape[2]


def _coloured(pixels: npt.NDArray[np.uint8], cmap: str) -> npt.NDArray[np.uint8]:
    """Grey through a colour map; left grey if there is no such map."""
    from matplotlib import colormaps  # noqa: PLC0415  only coloured pictures need it

    if cmap not in colormaps:
        return pixels
    table = colormaps[cmap](np.arange(256), bytes=True)[:, :3]
    return np.ascontiguousarray(table[pixels])


def _audio(audio: Any, tag_of: TagOf) -> list[bytes]:
    tag, is_first = tag_of("audio")
    channels, length = audio.samples.shape
    meta = metadata("audio", description=audio.caption) if is_first and audio.caption else b""
    field = sound(audio.to_wav(), rate_hz=audio.rate_hz, channels=channels, length=length)
    return [value(tag, field, meta)]


def _text(text: Any, tag_of: TagOf) -> list[bytes]:
    return [_words(text.text, tag_of)]


def _table(table: Any, tag_of: TagOf) -> list[bytes]:
    return [_words(table.to_markdown(), tag_of)]


def _words(text: str, tag_of: TagOf) -> bytes:
    tag, is_first = tag_of("text")
    content = strings([text.encode("utf-8", "backslashreplace")], (1,))
    return value(tag, content, metadata("text") if is_first else b"")


def _confusion(matrix: Any, tag_of: TagOf) -> list[bytes]:
    counts, labels = matrix.counts, [label.replace("|", "\\|") for label in matrix.labels]
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    size = max(1, -(-_HEAT_PX // max(1, len(labels))))
    cells = np.rint(shares * 255).astype(np.uint8).repeat(size, axis=0).repeat(size, axis=1)
    few = labels[:_MOST_CELLS]
    lines = ["| true \\ predicted | " + " | ".join(few) + " |", "|---" * (len(few) + 1) + "|"]
    for label, row in zip(few, counts[:_MOST_CELLS, :_MOST_CELLS].tolist(), strict=False):
        lines.append(f"| **{label}** | " + " | ".join(map(str, row)) + " |")
    heat = _image(Image(cells, cmap="viridis"), tag_of) if cells.size else []
    return [*heat, _words("\n".join(lines), tag_of)]


def _array(array: npt.NDArray[Any], tag_of: TagOf) -> list[bytes]:
    if array.dtype.kind in "US":
        tag, is_first = tag_of("text")
        texts = [_utf8(text) for text in array.ravel().tolist()]
        return [value(tag, strings(texts, array.shape), metadata("text") if is_first else b"")]
    if array.ndim == 0:
        return [value(tag_of("scalars")[0], simple(float(array.real)))]
    return _sketch(Sketch.of(array), tag_of)


def _utf8(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode("utf-8", "backslashreplace")


def _sketch(sketch: Sketch, tag_of: TagOf) -> list[bytes]:
    limits, counts = _limits(sketch)
    field = histo(
        limits, counts, minimum=sketch.min, maximum=sketch.max, count=sketch.finite,
        total=sketch.sum, squares=sketch.sum_squares,
    )  # fmt: skip
    return [value(tag_of("histograms")[0], field)]


def _limits(sketch: Sketch) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Upper limits and counts of the bins of a sketch, empty ones in the gaps.

    TensorBoard's charts pass over buckets of no width, so zeros, and an outer bin that is no
    more than the minimum or maximum, get a little.
    """
    if not sketch.finite:
        return np.empty(0), np.empty(0)
    mass = sketch.spread()
    lower, upper = mass.knots[::2].copy(), mass.knots[1::2].copy()
    counts = np.diff(mass.below[1::2], prepend=0.0) * sketch.finite
    if len(lower) > 1:
        little = 1e-6 * max(abs(sketch.min), abs(sketch.max))
        is_zero = (lower >= -little) & (upper <= little)
        if is_zero.any():  # what lies so near to zero goes with it
            first = int(np.flatnonzero(is_zero)[0])
            counts[first] = counts[is_zero].sum()
            is_zero[first] = False
            lower, upper, counts = lower[~is_zero], upper[~is_zero], counts[~is_zero]
            lower[first], upper[first] = -little, little
            np.maximum(lower[first + 1 :], little, out=lower[first + 1 :])
            np.minimum(upper[:first], -little, out=upper[:first])
        if len(lower) > 1 and lower[-1] == upper[-1]:
            lower[-1] -= min(little, (lower[-1] - lower[-2]) / 2)
            upper[-2] = min(upper[-2], lower[-1])
        if len(lower) > 1 and lower[0] == upper[0]:
            upper[0] += min(little, (upper[1] - upper[0]) / 2)
            lower[1] = max(lower[1], upper[0])
    edges, filled = [float(lower[0])], [0.0]
    for low, high, count in zip(lower.tolist(), upper.tolist(), counts.tolist(), strict=True):
        if low > edges[-1]:
            edges.append(low)
            filled.append(0.0)
        edges.append(high)
        filled.append(float(round(count)))
    return np.array(edges), np.array(filled)


def _histogram(histogram: Any, tag_of: TagOf) -> list[bytes]:
    """An empty bucket goes before the others, since a bucket knows its upper limit only."""
    finite = np.clip(histogram.edges, -1.7e308, 1.7e308)
    field = histo(
        finite,
        np.concatenate([[0.0], histogram.counts]),
        minimum=histogram.minimum, maximum=histogram.maximum, count=histogram.n,
        total=histogram.total, squares=histogram.total_of_squares,
    )  # fmt: skip
    return [value(tag_of("histograms")[0], field)]


def _pr_curve(curve: Any, tag_of: TagOf) -> list[bytes]:
    tag, is_first = tag_of("pr_curves")
    rows = (
        curve.true_positives, curve.false_positives, curve.true_negatives, curve.false_negatives,
        curve.precision, curve.recall,
    )  # fmt: skip
    table = np.stack([np.asarray(row, np.float32) for row in rows])
    meta = pr_curve_metadata(len(curve.thresholds)) if is_first else b""
    return [value(tag, tensor(table), meta)]


def _mesh(mesh: Any, tag_of: TagOf) -> list[bytes]:
    tag, is_first = tag_of("mesh")
    parts = {"VERTEX": mesh.vertices, "FACE": mesh.faces, "COLOR": mesh.colors}
    batch = {name: None if part is None else part[None] for name, part in parts.items()}
    return mesh_values(tag, batch, is_first=is_first)


_SHOW: dict[int, Callable[[Any, TagOf], list[bytes]]] = {
    1: _array,
    2: _image,
    3: _sketch,
    4: _text,
    5: _audio,
    6: _video,
    7: _table,
    9: _figure,
    10: _pr_curve,
    11: _confusion,
    12: _mesh,
    14: _histogram,
    15: _images,
}
