"""Numbers to pixels: where the channels are, and what becomes 0 and 255.

uint8 is taken as it is, bool is black and white. Other numbers are multiplied by 255 if all of
them lie in 0..1; otherwise they are stretched from the smallest to the largest. Several pictures
that belong together share one such range, so that what is brighter in one is brighter in all.
NaN and -inf are black, inf is white.

Axes:
    T: pictures    H: height, W: width, C: channels (1, 3 or 4)
"""

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from introspect.errors import HistoryError
from introspect.nouns.values.arrays import described, to_numpy

Limits = tuple[float, float]
"""What becomes black and white."""

MOST_PIXELS = 64_000_000
"""A picture of more is refused: Pillow takes PNG files beyond 89 million for an attack."""


def picture_array(data: Any) -> npt.NDArray[Any]:
    """A tensor, array or picture of Pillow as an array whose numbers mean colours."""
    mode = getattr(data, "mode", None)
    if isinstance(mode, str) and hasattr(data, "convert"):  # Pillow; this room does not know it
        if mode not in {"1", "L", "I", "F", "I;16", "RGB", "RGBA"}:
            # Numbers of a palette, ink or hue would pass for colours.
            is_transparent = "A" in mode or "transparency" in getattr(data, "info", {})
            data = data.convert("RGBA" if is_transparent else "RGB")
        return np.asarray(data)
    return to_numpy(data)


def channels_last(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """(H, W), (C, H, W) or (H, W, C) to (H, W) or (H, W, C).

    Raises:
        HistoryError: If it is no picture.
    """
    if array.ndim == 3 and array.shape[0] in {1, 3, 4} and array.shape[-1] not in {3, 4}:
        array = np.moveaxis(array, 0, -1)  # (H, W, C)
    if array.ndim == 3 and array.shape[-1] == 1:
        array = array[:, :, 0]
    if (
        array.ndim not in {2, 3}
        or array.size == 0
        or (array.ndim == 3 and array.shape[-1] not in {3, 4})
    ):
        raise HistoryError(
            "this shape is no picture.",
            given=described(array),
            hint="(H, W), (C, H, W) or (H, W, C) with 1, 3 or 4 channels",
        )
    return array


def limits_of(arrays: Iterable[npt.NDArray[Any]]) -> Limits:
    """The range that these pictures share: 0 and 1, or their smallest and largest number.

    Raises:
        HistoryError: If the dtype is not real.
    """
    low, high = np.inf, -np.inf
    for array in arrays:
        if array.dtype.kind not in "biuf":
            raise HistoryError(
                "a picture needs real numbers.",
                given=described(array),
                hint="array.real, or abs(array)",
            )
        if array.dtype not in {np.dtype(np.uint8), np.dtype(bool)}:
            numbers = array.astype(np.float64)
            finite = numbers[np.isfinite(numbers)]
            if finite.size:
                low, high = min(low, float(finite.min())), max(high, float(finite.max()))
    return (low, high) if low < 0.0 or high > 1.0 else (0.0, 1.0)


def to_bytes(array: npt.NDArray[Any], limits: Limits) -> npt.NDArray[np.uint8]:
    """Any real dtype to uint8 of the same shape, always a copy."""
    if array.dtype == np.uint8:
        return array.copy()
    if array.dtype == bool:
        return array.astype(np.uint8) * np.uint8(255)
    numbers = array.astype(np.float64)
    low, high = limits
    if (low, high) != (0.0, 1.0):
        # Halves, since the span of the whole range of float64 is not in it.
        numbers = (numbers / 2 - low / 2) / (high / 2 - low / 2 or 1.0)
    return np.rint(np.nan_to_num(numbers, nan=0.0).clip(0.0, 1.0) * 255.0).astype(np.uint8)


def frames_of(data: Any, what: str) -> npt.NDArray[np.uint8]:
    """Pictures of one shape, scaled alike: uint8 of shape ``(T, H, W, C)``.

    Args:
        data: ``(T, H, W)``, ``(T, C, H, W)`` or ``(T, H, W, C)``, or a sequence of pictures.
        what: For messages.

    Raises:
        HistoryError: If the shape is none of these, or the pictures differ in shape.
    """
    pictures = [channels_last(one) for one in pictures_of(data, what)]
    if len({picture.shape for picture in pictures}) > 1:
        raise HistoryError(
            f"{what} needs pictures of one shape.",
            given=", ".join(sorted({str(picture.shape) for picture in pictures})),
        )
    if not pictures:
        raise HistoryError(f"{what} needs at least one picture.")
    limits = limits_of(pictures)
    height, width, channels = (*pictures[0].shape, 1)[:3]
    frames = np.empty((len(pictures), height, width, channels), np.uint8)
    for frame, picture in zip(frames, pictures, strict=True):
        frame[:] = to_bytes(picture, limits).reshape(frame.shape)
    frames.flags.writeable = False
    return frames


def pictures_of(data: Any, what: str) -> list[npt.NDArray[Any]]:
    """A batch or a sequence of pictures as a list of arrays.

    Raises:
        HistoryError: If it is a single picture, or nothing of the kind.
    """
    if isinstance(data, list | tuple):
        return [picture_array(one) for one in data]
    batch = to_numpy(data)
    if batch.ndim not in {3, 4}:
        raise HistoryError(
            f"{what} needs several pictures.",
            given=described(batch),
            hint="(N, H, W), (N, C, H, W), (N, H, W, C) or a list of pictures",
        )
    return list(batch)
