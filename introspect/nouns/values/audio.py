"""Sound as 16-bit samples.

Axes:
    c: channels    n: samples of each

Not here: the bytes of a WAV file (``introspect.values``).
"""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from introspect.errors import HistoryError
from introspect.nouns.values.arrays import (
    captioned,
    check_array,
    check_type,
    described,
    private,
    real_numbers,
)
from introspect.nouns.verbs import verb

MOST_CHANNELS = 64
MOST_RATE_HZ = 10_000_000


@dataclass(frozen=True, slots=True, eq=False)
class Audio:
    """Sound, kept as 16-bit samples.

    Attributes:
        samples: int16 of shape ``(c, n)``.
        rate_hz: Samples a second.
        caption: Shown under it.
    """

    samples: npt.NDArray[np.int16]
    rate_hz: int
    caption: str = ""

    def __post_init__(self) -> None:
        check_array(self.samples, "samples", np.int16, "channels n")
        check_type(self.rate_hz, "rate_hz", int)
        check_type(self.caption, "caption", str)
        if not 1 <= len(self.samples) <= MOST_CHANNELS:
            raise HistoryError(
                f"a sound has 1 to {MOST_CHANNELS} channels.", given=described(self.samples)
            )
        if not 1 <= self.rate_hz <= MOST_RATE_HZ:
            raise HistoryError("no sound has this rate.", given=f"rate_hz={self.rate_hz}")

    @classmethod
    def of(cls, data: Any, *, rate_hz: float = 44_100, caption: str = "") -> Self:
        """A sound of a tensor or array.

        Args:
            data: ``(n,)``, ``(1 or 2, n)`` or ``(n, 1 or 2)``; copied. Floats are -1 to 1, what is
                beyond is clipped and NaN is silence; int16 is taken as it is.
            rate_hz: Samples a second; rounded to a whole number.
            caption: Shown under it.

        Raises:
            HistoryError: If the shape, the dtype or the rate is none of a sound.

        Example:
            >>> Audio.of([0.0, 1.0, -2.0], rate_hz=8000).samples.tolist()
            [[0, 32767, -32767]]
            >>> Audio.of(np.zeros((33075, 2)), rate_hz=22050)
            <Audio 1.5 s, 2 channels, 22050 Hz>
        """
        hint = "floats in -1..1, or int16"
        array = real_numbers(data, "a sound", hint)
        if array.ndim == 1:
            array = array[None]
        elif array.ndim == 2 and array.shape[0] not in {1, 2} and array.shape[1] in {1, 2}:
            array = array.T
        if array.ndim != 2 or array.shape[0] not in {1, 2}:
            raise HistoryError(
                "this shape is no sound.",
                given=described(array),
                hint="(n,), (1, n), (2, n), (n, 1) or (n, 2)",
            )
        if array.dtype.kind == "f":
            whole = np.nan_to_num(array.astype(np.float64), nan=0.0).clip(-1.0, 1.0)
            array = np.rint(whole * 32767.0).astype(np.int16)
        elif array.dtype != np.int16:
            raise HistoryError("a sound needs floats or int16.", given=described(array), hint=hint)
        if not 1 <= rate_hz <= MOST_RATE_HZ:  # NaN, too
            raise HistoryError("no sound has this rate.", given=f"rate_hz={rate_hz}")
        samples = private(array.astype(np.int16))  # in the byte order of this machine
        return cls(samples=samples, rate_hz=round(float(rate_hz)), caption=caption)

    @property
    def duration_s(self) -> float:
        """How long it is."""
        return self.samples.shape[1] / self.rate_hz

    def to_wav(self) -> bytes:
        """A WAV file, 16-bit PCM.

        Example:
            >>> Audio.of([0.0, 1.0]).to_wav()[:4]
            b'RIFF'
        """
        return verb("introspect.values:wav_bytes")(self)

    def __repr__(self) -> str:
        count = len(self.samples)
        channels = f"{count} channel{'' if count == 1 else 's'}"
        words = f"Audio {self.duration_s:.3g} s, {channels}, {self.rate_hz} Hz"
        return captioned(words, self.caption)
