"""Moving pictures as frames of bytes.

Axes:
    N: films side by side    T: frames    H: height, W: width, C: channels (1, 3 or 4)

Not here: the bytes of GIF and MP4 files (``introspect.values``).
"""

from dataclasses import dataclass
from math import ceil, isfinite, sqrt
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from introspect.errors import HistoryError
from introspect.nouns.values.arrays import captioned, check_array, check_type, described, to_numpy
from introspect.nouns.values.pixels import MOST_PIXELS, frames_of
from introspect.nouns.verbs import verb

MOST_FPS = 1000.0


@dataclass(frozen=True, slots=True, eq=False)
class Video:
    """A film, kept as frames of bytes.

    Attributes:
        frames: uint8 of shape ``(T, H, W, C)``.
        fps: Frames a second.
        caption: Shown under it.
    """

    frames: npt.NDArray[np.uint8]
    fps: float = 4.0
    caption: str = ""

    def __post_init__(self) -> None:
        check_array(self.frames, "frames", np.uint8, "T H W C")
        check_type(self.fps, "fps", float)
        check_type(self.caption, "caption", str)
        count, height, width, channels = self.frames.shape
        if channels not in {1, 3, 4} or not count or not 0 < height * width <= MOST_PIXELS:
            raise HistoryError(
                "these frames are no film.",
                given=described(self.frames),
                hint="Video.of(data), which takes (T, C, H, W) and (T, H, W, C)",
            )
        if not 0.0 < self.fps <= MOST_FPS:
            raise HistoryError("no film runs at this rate.", given=f"fps={self.fps}")

    @classmethod
    def of(cls, data: Any, *, fps: float = 4.0, caption: str = "") -> Self:
        """A film of a tensor, an array or a list of pictures.

        Args:
            data: ``(T, C, H, W)`` or ``(T, H, W, C)`` with C in 1, 3, 4, or ``(T, H, W)``; or a
                list of pictures of one shape; or ``(N, T, C, H, W)``, which becomes a grid of N
                films. Numbers become bytes as those of `Image.of` do, with one range for all
                frames. Copied.
            fps: Frames a second, at most 1000.
            caption: Shown under it.

        Raises:
            HistoryError: If it is no film, or the rate is none.

        Example:
            >>> Video.of(np.zeros((8, 3, 48, 64)), fps=4)
            <Video 2 s, 8 frames of 64×48 RGB, 4 fps>
        """
        if not isinstance(data, list | tuple):
            array = to_numpy(data)
            data = _grid(array) if array.ndim == 5 else array
        frames = frames_of(data, "a film")
        return cls(frames=frames, fps=_rate(fps), caption=caption)

    @property
    def duration_s(self) -> float:
        """How long it is."""
        return len(self.frames) / self.fps

    def to_gif(self) -> bytes:
        """A GIF file that repeats for ever: greys exact, colours the best 256 of each frame.

        What is transparent becomes white. A GIF knows hundredths of a second: frames are shown for
        10 ms more or less so that none drifts, and for at least 20 ms, since browsers slow
        down shorter ones.

        Example:
            >>> Video.of(np.zeros((2, 4, 4))).to_gif()[:6]
            b'GIF89a'
        """
        return verb("introspect.values:gif_bytes")(self)

    def to_mp4(self) -> bytes:
        """An MP4 file (H.264 where PyAV has it, else MPEG-4), with an even width and height.

        Raises:
            MissingExtraError: If PyAV is not installed: ``pip install 'torch-introspect[movie]'``.
        """
        return verb("introspect.values:mp4_bytes")(self)

    def __len__(self) -> int:
        return len(self.frames)

    def __repr__(self) -> str:
        count, height, width, channels = self.frames.shape
        kind = {1: "grey", 3: "RGB", 4: "RGBA"}[channels]
        size = f"{count} frame{'' if count == 1 else 's'} of {width}×{height} {kind}"
        return captioned(f"Video {self.duration_s:.3g} s, {size}, {self.fps:g} fps", self.caption)


def _rate(fps: Any) -> float:
    try:
        rate = float(fps)
    except (TypeError, ValueError) as error:
        raise HistoryError("no film runs at this rate.", given=f"fps={fps!r}") from error
    if not isfinite(rate):
        raise HistoryError("no film runs at this rate.", given=f"fps={fps!r}")
    return rate


def _grid(films: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """(N, T, C, H, W) or (N, T, H, W, C) to (T, rows * H, columns * W, C); what is empty is 0."""
    if films.shape[2] in {1, 3, 4} and films.shape[-1] not in {3, 4}:
        films = np.moveaxis(films, 2, -1)  # (N, T, H, W, C)
    if not len(films):
        raise HistoryError("a film needs at least one picture.", given=described(films))
    columns = ceil(sqrt(len(films)))
    rows = ceil(len(films) / columns)
    missing = rows * columns - len(films)
    if missing:
        films = np.concatenate([films, np.zeros((missing, *films.shape[1:]), films.dtype)])
    _, count, height, width, channels = films.shape
    apart = films.reshape(rows, columns, count, height, width, channels)
    return apart.transpose(2, 0, 3, 1, 4, 5).reshape(
        count, rows * height, columns * width, channels
    )
