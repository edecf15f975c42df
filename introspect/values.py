"""Values that `History.log` accepts beyond numbers, tensors and arrays (docs/values.md).

>>> from introspect.values import Image, Text
>>> Image.of([[0.0, 1.0]]).pixels.tolist()
[[0, 255]]
>>> Text("**warm-up** ends here")
<Text '**warm-up** ends here'>

The classes are of ``introspect.nouns.values``. The functions here are what those offer as
methods and what needs a library or a file format that a noun does not know.
"""

import io
import wave
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from introspect.errors import HistoryError, MissingExtraError
from introspect.nouns.values import (
    Audio,
    ConfusionMatrix,
    Embedding,
    Figure,
    Histogram,
    Image,
    Images,
    Mesh,
    PRCurve,
    Table,
    Text,
    Video,
)

__all__ = [
    "Audio",
    "ConfusionMatrix",
    "Embedding",
    "Figure",
    "Histogram",
    "Image",
    "Images",
    "Mesh",
    "PRCurve",
    "Table",
    "Text",
    "Video",
]

_SHORTEST_CS = 2  # browsers show a frame of a GIF that is shorter for a tenth of a second


def wav_bytes(audio: Audio) -> bytes:
    """A sound as a WAV file, 16-bit PCM: what `Audio.to_wav` gives."""
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(len(audio.samples))
        sound.setsampwidth(2)
        sound.setframerate(audio.rate_hz)
        sound.writeframes(np.ascontiguousarray(audio.samples.T, "<i2").tobytes())
    return file.getvalue()


def drawn(figure: Any, *, dpi: float | None, svg: bool) -> tuple[bytes, bytes | None]:
    """A matplotlib figure as PNG and SVG files: what `Figure.of` keeps.

    Raises:
        HistoryError: If it is no figure.
    """
    from matplotlib import rc_context  # noqa: PLC0415  whoever has a figure has paid for this
    from matplotlib.figure import FigureBase  # noqa: PLC0415  same

    if not isinstance(figure, FigureBase) or not hasattr(figure, "savefig"):
        raise HistoryError(
            "this is no figure of matplotlib.",
            given=type(figure).__name__,
            hint="Figure.of(axes.figure)" if hasattr(figure, "figure") else "Figure.of(figure)",
        )
    # The user's savefig.* settings speak of files that the user saves: a figure that is
    # logged is as large as it is. A fixed salt, or each SVG would have other ids.
    plain: Any = {"savefig.bbox": None, "savefig.dpi": "figure", "svg.hashsalt": "introspect"}
    chosen: Any = "figure" if dpi is None else float(dpi)
    files = []
    with rc_context(plain):
        for kind, metadata in (("png", {"Software": None}), ("svg", {"Date": None}))[: 1 + svg]:
            file = io.BytesIO()
            figure.savefig(file, format=kind, dpi=chosen, metadata=metadata)
            files.append(file.getvalue())
    return files[0], files[1] if svg else None


def gif_bytes(video: Video) -> bytes:
    """A film as a GIF file: what `Video.to_gif` gives."""
    from PIL import Image as Pillow  # noqa: PLC0415  only who asks for a file needs it

    pictures = []
    for frame in _opaque(video.frames):
        if frame.shape[2] == 1:
            picture = Pillow.fromarray(frame[:, :, 0])
        else:
            whole = Pillow.fromarray(frame)
            # Dithered: a smooth slope of more colours would become blocks.
            palette = whole.quantize(256)
            picture = whole.quantize(palette=palette, dither=Pillow.Dither.FLOYDSTEINBERG)
        pictures.append(picture)
    # Hundredths of a second, each from where the last one should have ended.
    ends = np.rint(np.arange(len(pictures) + 1) * 100.0 / video.fps)
    durations_ms = (np.diff(ends).clip(min=_SHORTEST_CS) * 10).astype(int).tolist()
    file = io.BytesIO()
    pictures[0].save(
        file,
        format="GIF",
        save_all=True,
        append_images=pictures[1:],
        duration=durations_ms,
        loop=0,
    )
    return file.getvalue()


def mp4_bytes(video: Video) -> bytes:
    """A film as an MP4 file: what `Video.to_mp4` gives.

    Raises:
        MissingExtraError: If PyAV is not installed.
    """
    try:
        import av  # noqa: PLC0415  an extra
    except ImportError as error:
        raise MissingExtraError(
            "MP4 files are written by PyAV, which is not installed.",
            where="Video.to_mp4()",
            cause=error,
            hint="pip install 'torch-introspect[movie]', or Video.to_gif()",
        ) from error
    frames = _opaque(video.frames)
    if frames.shape[3] == 1:
        frames = np.repeat(frames, 3, axis=3)
    # Colours have half the resolution: an odd last row or column is repeated.
    odd = [(0, size % 2) for size in frames.shape[1:3]]
    frames = np.pad(frames, [(0, 0), *odd, (0, 0)], mode="edge")
    file = io.BytesIO()
    codec = "libx264" if "libx264" in av.codecs_available else "mpeg4"
    with av.open(file, "w", format="mp4") as container:
        stream: Any = container.add_stream(codec, rate=Fraction(video.fps).limit_denominator(1001))
        stream.height, stream.width = frames.shape[1:3]
        stream.pix_fmt = "yuv420p"
        if codec == "libx264":
            stream.options = {"crf": "18"}
        for pixels in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode())
    return file.getvalue()


def _opaque(frames: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Frames on white, if they are transparent."""
    if frames.shape[3] != 4:
        return frames
    share = frames[..., 3:].astype(np.uint16)
    mixed = frames[..., :3] * share + 255 * (255 - share)
    return ((mixed + 127) // 255).astype(np.uint8)
