"""Pictures, films and sounds -> summaries, with the pixels and samples that torch's writer gives.

Nothing here runs in the training loop but `drawn`, since a figure is changed by its owner.

Cost: in the thread, of a picture of 224 x 224, 5 ms. Films are GIFs by Pillow, without moviepy.

Not here: other values (``encoding``).
"""

import io
import sys
import wave
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from introspect.compat.tensorboard.arguments import Kept, array
from introspect.compat.tensorboard.encoding import summed
from introspect.history.formats.events.messages import picture, sound, value
from introspect.nouns.values import Video

Pixels = npt.NDArray[np.uint8]
Array = npt.NDArray[Any]


def check_format(shape: Sequence[int], letters: str) -> None:
    """Refuse axes that do not fit, as torch's ``convert_to_HWC`` does.

    Raises:
        AssertionError: If a letter comes twice, or their number is wrong.
    """
    if len(set(letters)) != len(letters):
        raise AssertionError(
            f"You can not use the same dimension shorthand twice. input_format: {letters}"
        )
    if len(shape) != len(letters):
        raise AssertionError(
            "size of input tensor and input format are different. "
            f"tensor shape: {tuple(shape)}, input_format: {letters}"
        )


def convert_to_HWC(tensor: Array, input_format: str) -> Array:  # noqa: N802  torch's name
    """A picture, or a grid of pictures, as (height, width, channels); grey becomes RGB.

    Args:
        tensor: Of two axes (HW), three (C) or four (N), in any order.
        input_format: Their letters.

    Raises:
        AssertionError: If they do not fit.

    Example:
        >>> convert_to_HWC(np.zeros((8, 3, 4, 5)), "NCHW").shape
        (4, 40, 3)
    """
    check_format(tensor.shape, input_format)
    letters = input_format.upper()
    if len(letters) == 4:
        return make_grid(_moved(tensor, letters, "NCHW")).transpose(1, 2, 0)
    if len(letters) == 3:
        pixels = _moved(tensor, letters, "HWC")
        return np.repeat(pixels, 3, axis=2) if pixels.shape[2] == 1 else pixels
    if len(letters) == 2:
        return np.stack([_moved(tensor, letters, "HW")] * 3, axis=2)
    raise AssertionError(f"no picture has the axes {input_format}")


def _moved(tensor: Array, letters: str, wanted: str) -> Array:
    return tensor.transpose([letters.find(letter) for letter in wanted])


def make_grid(I: Array, ncols: int = 8) -> Array:  # noqa: E741, N803  torch's names
    """Pictures of shape (N, C, H, W) side by side, as (C, H, W); grey becomes RGB.

    Raises:
        AssertionError: If they have neither one, three nor four channels.
    """
    if I.ndim == 4 and I.shape[1] == 1:
        I = np.repeat(I, 3, axis=1)  # noqa: E741, N806  same
    if I.ndim != 4 or I.shape[1] not in {3, 4}:
        raise AssertionError("Input should be a 4D numpy array with 3 channels")
    count, channels, height, width = I.shape
    columns = max(1, min(count, ncols))
    rows = -(-count // columns)
    room = np.zeros((rows * columns, channels, height, width), I.dtype)
    room[:count] = I
    apart = room.reshape(rows, columns, channels, height, width).transpose(2, 0, 3, 1, 4)
    return apart.reshape(channels, rows * height, columns * width)


def prepare_video(films: Array) -> Array:
    """Films of shape (N, T, C, H, W) as frames (T, H, W, C), side by side in a grid of 2^n."""
    count, frames, channels, height, width = films.shape
    if films.dtype == np.uint8:
        films = films.astype(np.float32) / 255.0
    if count & count - 1 or not count:
        missing = (1 << count.bit_length()) - count
        black = np.zeros((missing, frames, channels, height, width))
        films = np.concatenate([films, black])
    rows = 1 << (max(count, 1).bit_length() - 1) // 2
    columns = len(films) // rows
    apart = films.reshape(rows, columns, frames, channels, height, width)
    return apart.transpose(2, 0, 4, 1, 5, 3).reshape(
        frames, rows * height, columns * width, channels
    )


def as_bytes(pixels: Array) -> Pixels:
    """Numbers from 0 to 1 as bytes, cut off at both ends; bytes as they are; NaN is black."""
    if pixels.dtype == np.uint8:
        return pixels
    scaled = np.nan_to_num(pixels.astype(np.float32) * 255, posinf=255, neginf=0)
    return scaled.clip(0, 255).astype(np.uint8)


def image(
    tag: str, kept: Kept, letters: str, rescale: float = 1, boxes: Kept | None = None,
    labels: Sequence[str] | None = None,
) -> bytes:  # fmt: skip
    """A picture, with boxes drawn in red if there are some."""
    pixels = as_bytes(convert_to_HWC(array(kept), letters))
    return summed(
        [value(tag, encoded(pixels, rescale, None if boxes is None else array(boxes), labels))]
    )


def encoded(
    pixels: Pixels, rescale: float = 1, boxes: Array | None = None,
    labels: Sequence[str] | None = None,
) -> bytes:  # fmt: skip
    """Pixels of shape (H, W, C) as the field of a PNG; its size is the one before scaling."""
    from PIL import Image  # noqa: PLC0415  in the thread only

    height, width, channels = pixels.shape
    page = Image.fromarray(np.ascontiguousarray(pixels[:, :, 0] if channels == 1 else pixels))
    for index, box in enumerate(() if boxes is None else boxes):
        draw_box(page, box[:4].tolist(), str(labels[index]) if labels is not None else "")
    size = (int(width * rescale), int(height * rescale))
    if size != page.size:
        page = page.resize(size, Image.Resampling.LANCZOS)
    file = io.BytesIO()
    page.save(file, format="PNG")
    return picture(file.getvalue(), width_px=width, height_px=height, channels=channels)


def draw_box(page: Any, box: Sequence[float], label: str, color: str = "Red") -> None:
    """A box, and its label inside at the lower left."""
    from PIL import ImageDraw, ImageFont  # noqa: PLC0415  in the thread only

    font, draw = ImageFont.load_default(), ImageDraw.Draw(page)
    left, top, right, bottom = box
    corners = [(left, top), (left, bottom), (right, bottom), (right, top), (left, top)]
    draw.line(corners, width=2, fill=color)
    if not label:
        return
    _left, _top, _right, _bottom = font.getbbox(label)
    width, height = _right - _left, _bottom - _top
    margin = np.ceil(0.05 * height)
    draw.rectangle([(left, bottom - height - 2 * margin), (left + width, bottom)], fill=color)
    draw.text((left + margin, bottom - height - margin), label, fill="black", font=font)


def video(tag: str, kept: Kept, fps: float) -> bytes:
    """Films of shape (N, T, C, H, W) as a GIF that repeats."""
    return summed([value(tag, film(as_bytes(prepare_video(array(kept))), fps))])


def film(frames: Pixels, fps: float) -> bytes:
    """Frames of shape (T, H, W, C) as the field of a GIF."""
    _, height, width, channels = frames.shape
    shown = frames if channels in {1, 3, 4} else np.repeat(frames[..., :1], 3, axis=-1)
    content = Video(np.ascontiguousarray(shown), float(min(max(fps, 0.001), 1000.0))).to_gif()
    return picture(content, width_px=width, height_px=height, channels=channels)


def audio(tag: str, kept: Kept, rate_hz: int) -> bytes:
    """A sound of one channel from -1 to 1, cut off at both ends."""
    samples = array(kept).reshape(-1)
    scaled = (np.nan_to_num(samples).clip(-1, 1) * np.iinfo(np.int16).max).astype("<i2")
    return summed([value(tag, wav(scaled[:, None], rate_hz))])


def audio_of_x(tag: str, kept: Kept, rate_hz: int) -> bytes:
    """A sound of shape (n,) or (n, channels), rounded as libsndfile does; int16 as it is."""
    samples = array(kept)
    samples = samples[:, None] if samples.ndim == 1 else samples
    if samples.dtype != np.int16:
        clipped = np.nan_to_num(samples.astype(np.float64)).clip(-1, 1)
        samples = np.rint(clipped * np.iinfo(np.int16).max)
    return summed([value(tag, wav(samples.astype("<i2"), rate_hz))])


def wav(samples: npt.NDArray[np.int16], rate_hz: int) -> bytes:
    """Samples of shape (n, channels) as the field of a WAV file."""
    file = io.BytesIO()
    length, channels = samples.shape
    with wave.open(file, "wb") as writer:
        writer.setnchannels(channels)
        writer.setsampwidth(2)
        writer.setframerate(rate_hz)
        writer.writeframes(np.ascontiguousarray(samples).tobytes())
    return sound(file.getvalue(), rate_hz=rate_hz, channels=channels, length=length)


def drawn(figures: Any, *, close: bool = True) -> Pixels:
    """A figure of matplotlib as (3, H, W), or a list of them of one size as (N, 3, H, W).

    The figure keeps its canvas, and pyplot is not asked for one that is not its own.
    """
    if isinstance(figures, list):
        return np.stack([drawn(figure, close=close) for figure in figures])
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415  who has a figure has it

    before = figures.canvas
    canvas = FigureCanvasAgg(figures)
    canvas.draw()
    pixels = np.asarray(canvas.buffer_rgba())[:, :, :3].copy()
    figures.set_canvas(before)
    pyplot = sys.modules.get("matplotlib.pyplot")
    if close and pyplot is not None:
        pyplot.close(figures)
    return np.moveaxis(pixels, 2, 0)
