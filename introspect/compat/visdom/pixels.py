"""Arrays to pictures, sounds and films, and those to the markup of Visdom's messages, and back.

Axes:
    H: height, W: width, C: channels, T: frames, n: samples

Cost: a PNG of 3 x 256 x 256 takes 3 ms, an MP4 what its codec takes.

Not here: the calls (``introspect.compat.visdom.media``).
"""

import base64
import binascii
import io
import re
import wave
from typing import Any

import numpy as np
import numpy.typing as npt

from introspect.compat.visdom.arguments import VisdomError, check
from introspect.nouns.values import Audio, Image, Video

Bytes = npt.NDArray[np.uint8]
_SLACK = 1e-5  # floats that a colour conversion left a little outside of 0 to 1
_MOST_FRAMES = 600
_DATA = re.compile(r"data:[\w.+-]+/[\w.+-]+;base64,([A-Za-z0-9+/=\s]+)")
_AUDIO = {"wav": "wav", "mp3": "mp3", "ogg": "ogg", "flac": "flac"}
_VIDEO = {"mp4": "mp4", "ogv": "ogg", "avi": "avi", "webm": "webm"}


def as_bytes(image: npt.NDArray[Any], *, normalize: bool) -> Bytes:
    """Values as bytes: 0 to 1 and -1 to 1 fill the range, others are cut at 0 and 255.

    Args:
        image: Any shape.
        normalize: Whether the smallest becomes 0 and the largest 255.

    Example:
        >>> as_bytes(np.array([0.0, 0.5, 1.0]), normalize=False).tolist()
        [0, 127, 255]
        >>> as_bytes(np.array([-1.0, 0.0, 1.0]), normalize=False).tolist()
        [0, 127, 255]
    """
    if image.dtype == np.uint8:
        return image
    values = image.astype(np.float64)
    if image.dtype == bool:
        values *= 255.0
    elif image.dtype.kind == "f":
        known = values[np.isfinite(values)]
        low, high = (float(known.min()), float(known.max())) if known.size else (0.0, 0.0)
        if normalize:
            values = (values - low) / (high - low) * 255.0 if high > low else values * 0.0
        elif low >= -_SLACK and high <= 1.0 + _SLACK:
            values *= 255.0
        elif low >= -1.0 - _SLACK and high <= 1.0 + _SLACK:
            values = (values + 1.0) / 2.0 * 255.0
    return np.clip(np.nan_to_num(values, nan=0.0, posinf=255.0, neginf=0.0), 0, 255).astype(
        np.uint8
    )


def channels_last(image: Bytes, call: str) -> Bytes:
    """``(H, W)`` or ``(C, H, W)`` as ``(H, W)``, ``(H, W, 3)`` or ``(H, W, 4)``.

    Raises:
        VisdomError: If it is no picture.
    """
    check(
        image.ndim == 2 or (image.ndim == 3 and image.shape[0] in {1, 3, 4}),
        call,
        "a picture is (H, W), or (C, H, W) with 1, 3 or 4 channels.",
        given=image,
        hint="permute(2, 0, 1)" if image.ndim == 3 else "",
    )
    check(image.size > 0, call, "a picture has pixels.", given=image)
    if image.ndim == 2:
        return image
    return image[0] if len(image) == 1 else np.moveaxis(image, 0, -1)


def picture_source(pixels: Bytes, quality: float | None) -> str:
    """Pixels as a data address: PNG, or JPEG of a quality where nothing is transparent."""
    from PIL import Image as Pillow  # noqa: PLC0415  when a picture is sent

    file = io.BytesIO()
    is_jpeg = quality is not None and pixels.shape[2:] != (4,)
    picture = Pillow.fromarray(np.ascontiguousarray(pixels))
    if is_jpeg:
        picture.save(file, "JPEG", quality=round(float(quality or 0)))
    else:
        picture.save(file, "PNG", compress_level=1)  # a third of the time for a tenth more bytes
    kind = "jpeg" if is_jpeg else "png"
    return f"data:image/{kind};base64,{base64.b64encode(file.getvalue()).decode()}"


def picture_of(source: str, caption: str = "") -> Image:
    """The picture in a data address.

    Raises:
        VisdomError: If it holds none.
    """
    from PIL import Image as Pillow  # noqa: PLC0415  when needed
    from PIL import UnidentifiedImageError  # noqa: PLC0415  same

    try:
        with Pillow.open(io.BytesIO(embedded(source))) as picture:
            plain = picture if picture.mode in {"L", "RGB", "RGBA"} else picture.convert("RGBA")
            return Image(np.asarray(plain), caption=caption)
    except (UnidentifiedImageError, OSError, ValueError) as error:
        raise VisdomError("this is no picture.", given=source[:60], cause=error) from error


def embedded(markup: str) -> bytes:
    """The first file that stands in markup as a data address; empty without one."""
    found = _DATA.search(markup)
    try:
        return b"" if found is None else base64.b64decode(found[1])
    except binascii.Error:
        return b""


def sound_of(samples: npt.NDArray[Any], rate_hz: float) -> Audio:
    """Samples ``(n,)`` or ``(n, 2)``, the loudest of them at full range, as Visdom plays them."""
    values = np.nan_to_num(samples.astype(np.float64))
    most = float(np.abs(values).max(initial=0.0))
    whole = (values / most * 32767 if most else values).astype(np.int16)
    return Audio(np.ascontiguousarray(np.atleast_2d(whole.T)), round(rate_hz))


def audio_markup(file: bytes, extension: str) -> str:
    """A sound file as an element of a page.

    Raises:
        VisdomError: If the kind of file is not known.
    """
    kind = _known(extension, _AUDIO, "audio")
    data = base64.b64encode(file).decode()
    source = f'<source type="audio/{kind}" src="data:audio/{kind};base64,{data}">'
    return f"<audio controls>{source}</audio>"


def audio_of(markup: str, caption: str = "") -> Audio | None:
    """The sound in markup; WAV, or anything else where PyAV is installed; None if it cannot be."""
    file = embedded(markup)
    if file[:4] == b"RIFF":
        with wave.open(io.BytesIO(file), "rb") as sound:
            if sound.getsampwidth() == 2:
                raw = np.frombuffer(sound.readframes(sound.getnframes()), "<i2")
                samples = np.ascontiguousarray(raw.reshape(-1, sound.getnchannels()).T)
                return Audio(samples.astype(np.int16), sound.getframerate(), caption)
    return _decoded_audio(file, caption)


def _decoded_audio(file: bytes, caption: str) -> Audio | None:
    try:
        import av  # noqa: PLC0415  an extra
    except ImportError:
        return None
    try:
        with av.open(io.BytesIO(file), "r") as container:
            stream = container.streams.audio[0]
            resampler = av.AudioResampler(format="s16p", layout="stereo", rate=stream.rate)
            frames = [
                part for frame in container.decode(stream) for part in resampler.resample(frame)
            ]
            samples = np.concatenate([frame.to_ndarray() for frame in frames], axis=1)
            return Audio(np.ascontiguousarray(samples[:2]), int(stream.rate), caption)
    except (av.FFmpegError, IndexError, ValueError):
        return None


def film_of(frames: npt.NDArray[Any], fps: float) -> Video:
    """Frames ``(T, H, W, C)`` in the order blue, green, red, as Visdom takes them."""
    values = frames * 255.0 if frames.dtype.kind == "f" else frames
    whole = np.clip(np.nan_to_num(np.asarray(values, np.float64)), 0, 255).astype(np.uint8)
    whole = whole[..., ::-1] if whole.shape[-1] == 3 else whole
    return Video(np.ascontiguousarray(whole), float(fps))


def film_markup(film: Video) -> str:
    """A film as an element of a page: MP4 where PyAV is installed, else an animated picture."""
    from importlib.util import find_spec  # noqa: PLC0415  when a film is sent

    if find_spec("av") is not None:
        return video_markup(film.to_mp4(), "mp4")
    data = base64.b64encode(film.to_gif()).decode()
    return f'<img src="data:image/gif;base64,{data}">'


def video_markup(file: bytes, extension: str) -> str:
    """A video file as an element of a page.

    Raises:
        VisdomError: If the kind of file is not known.
    """
    kind = _known(extension, _VIDEO, "video")
    data = base64.b64encode(file).decode()
    source = f'<source type="video/{kind}" src="data:video/{kind};base64,{data}">'
    return f"<video controls>{source}</video>"


def video_of(markup: str, caption: str = "") -> Video | None:
    """The film in markup, where PyAV is installed; None if it cannot be read."""
    try:
        import av  # noqa: PLC0415  an extra
    except ImportError:
        return None
    try:
        with av.open(io.BytesIO(embedded(markup)), "r") as container:
            stream = container.streams.video[0]
            frames = [
                frame.to_ndarray(format="rgb24")
                for _, frame in zip(range(_MOST_FRAMES), container.decode(stream), strict=False)
            ]
            return Video(
                np.stack(frames).astype(np.uint8), float(stream.average_rate or 25), caption
            )
    except (av.FFmpegError, IndexError, ValueError):
        return None


def _known(extension: str, kinds: dict[str, str], what: str) -> str:
    kind = kinds.get(extension.lower().lstrip("."))
    if kind is None:
        raise VisdomError(
            f"this kind of {what} file is not known.",
            where=f"Visdom.{what}",
            given=extension or "no suffix",
            hint=", ".join(kinds),
        )
    return kind
