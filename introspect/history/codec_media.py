"""Audio and Video to and from bytes: a WAV file, and frames less the frames before them.

Cost, in the flush thread: 10 ns a byte of sound or film, less where little moves.

Not here: GIF and MP4 files, which lose something (``introspect.values``).
"""

import io
import wave
from typing import Any

import numpy as np

from introspect.history.codec_records import damaged, kept, pack, str_of, unpack
from introspect.nouns.values import Audio, Video


def keep_audio(audio: Audio) -> Audio:
    """With samples of its own."""
    return kept(audio)


def encode_audio(audio: Audio) -> bytes:
    """A record of a WAV file."""
    return pack({"caption": audio.caption}, {"wav": np.frombuffer(audio.to_wav(), "u1")})


def decode_audio(payload: bytes) -> Audio:
    """The Audio of such a record."""
    about, arrays = unpack(payload)
    with wave.open(io.BytesIO(arrays["wav"].tobytes())) as sound:
        channels, width, rate_hz, count = sound.getparams()[:4]
        data = sound.readframes(count)  # no more than is there, whatever the count
    if width != 2 or len(data) != 2 * channels * count:
        raise damaged(f"a WAV file of {len(data)} bytes, {8 * width} bit")
    samples = np.frombuffer(data, "<i2").reshape(count, channels).T.astype(np.int16, order="C")
    samples.flags.writeable = False
    return Audio(samples, rate_hz, str_of(about, "caption"))


def keep_video(video: Video) -> Video:
    """With frames of its own."""
    return kept(video)


def encode_video(video: Video) -> bytes:
    """A record of frames, each less the one before it."""
    changes = video.frames.copy()
    changes[1:] -= video.frames[:-1]  # modulo 256
    return pack({"fps": video.fps, "caption": video.caption}, {"changes": changes})


def decode_video(payload: bytes) -> Video:
    """The Video of such a record."""
    about, arrays = unpack(payload)
    changes: Any = arrays["changes"]
    if changes.dtype != np.uint8 or changes.ndim != 4:
        raise damaged(f"frames of {changes.dtype} {changes.shape}")
    frames = changes.copy()
    for index in range(1, len(frames)):
        frames[index] += frames[index - 1]
    frames.flags.writeable = False
    return Video(frames, about["fps"], str_of(about, "caption"))
