"""Frames to an MP4 file: H.264 through PyAV, which is the extra ``movie``.

Cost: 3 ms a frame of 840 x 300 pixels, and about 1 kB.

Not here: the frames (``introspect.canvas.movie``).
"""

import io
from collections.abc import Iterable
from fractions import Fraction
from itertools import repeat
from typing import Any

import numpy as np
import numpy.typing as npt

from introspect.errors import MissingExtraError


def needed() -> Any:
    """PyAV.

    Raises:
        MissingExtraError: If it is not installed.
    """
    try:
        import av  # noqa: PLC0415  an extra
    except ImportError as error:
        raise MissingExtraError(
            "an MP4 film needs PyAV.",
            cause=error,
            hint="pip install 'torch-introspect[movie]', or save a .gif or .webp",
        ) from error
    return av


def mp4_bytes(
    pictures: Iterable[npt.NDArray[np.uint8]], *, fps: float, hold_s: float = 0.0
) -> bytes:
    """Pictures as a film that every browser and player shows (yuv420p).

    Args:
        pictures: uint8 ``(H, W, 3)``, all of one shape; odd sizes lose a row or column.
        fps: Frames a second.
        hold_s: How long the last picture stays.

    Raises:
        MissingExtraError: If PyAV is not installed.
    """
    av = needed()
    rate = Fraction(fps).limit_denominator(1000)
    buffer = io.BytesIO()
    with av.open(buffer, mode="w", format="mp4") as film:
        stream = film.add_stream("libx264", rate=rate)
        stream.pix_fmt = "yuv420p"
        stream.options = {"crf": "20", "preset": "veryfast", "tune": "animation"}
        last: npt.NDArray[np.uint8] | None = None
        for pixels in pictures:
            if last is None:
                stream.height, stream.width = (size // 2 * 2 for size in pixels.shape[:2])
            last = pixels[: stream.height, : stream.width]
            _add(film, stream, av.VideoFrame.from_ndarray(np.ascontiguousarray(last), "rgb24"))
        held = round(hold_s * fps)
        for pixels in repeat(last, held) if last is not None else ():
            _add(film, stream, av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), "rgb24"))
        for packet in stream.encode():
            film.mux(packet)
    return buffer.getvalue()


def _add(film: Any, stream: Any, frame: Any) -> None:
    for packet in stream.encode(frame):
        film.mux(packet)
