"""Values that are more than a number: what `History.log` may be given.

An `Image` is bytes ready to be shown. Numbers, tensors and arrays need no wrapper.

Axes:
    H: height, W: width, C: channels (1, 3 or 4)
"""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from introspect.errors import HistoryError


def to_numpy(values: Any) -> npt.NDArray[Any]:
    """A NumPy array of anything that looks like a tensor or array.

    Tensors are recognised by their methods, so that this module needs no torch. bfloat16
    and float8, which NumPy does not know, become float32.
    """
    if hasattr(values, "detach"):
        values = values.detach()
        if getattr(values, "is_floating_point", bool)() and values.element_size() < 4:
            values = values.float()
        values = values.cpu().numpy()
    return np.asarray(values)


@dataclass(frozen=True, slots=True, eq=False)
class Image:
    """A picture, kept as bytes.

    Attributes:
        pixels: uint8 of shape ``(H, W)``, ``(H, W, 3)`` or ``(H, W, 4)``.
        cmap: Name of a matplotlib colour map for ``(H, W)``, or None for grey.
        caption: Shown under it.
    """

    pixels: npt.NDArray[np.uint8]
    cmap: str | None = None
    caption: str = ""

    @classmethod
    def of(cls, data: Any, *, cmap: str | None = None, caption: str = "") -> Self:
        """An image of a tensor or array.

        Args:
            data: ``(H, W)``, ``(C, H, W)`` or ``(H, W, C)`` with C in 1, 3, 4; copied. uint8
                is taken as it is, bool as black and white, numbers in 0..1 are scaled by
                255, and numbers outside that range are stretched from their minimum to
                their maximum. NaN and -inf are black, inf is white.
            cmap: Name of a matplotlib colour map, for one channel.
            caption: Shown under it.

        Raises:
            HistoryError: If the shape is no picture, or the dtype is not real.

        Example:
            >>> Image.of([[0.0, 0.5], [0.5, 1.0]]).pixels.tolist()
            [[0, 128], [128, 255]]
        """
        array = _channels_last(to_numpy(data))
        return cls(pixels=_to_bytes(array), cmap=cmap, caption=caption)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> npt.NDArray[Any]:  # noqa: FBT001
        if copy is None:
            return np.asarray(self.pixels, dtype=dtype)
        return np.array(self.pixels, dtype=dtype, copy=copy)

    def __repr__(self) -> str:
        height, width, *channels = self.pixels.shape
        kind = {(): "grey", (3,): "RGB", (4,): "RGBA"}.get(tuple(channels), "?")
        return f"<Image {width}×{height} {kind}{': ' if self.caption else ''}{self.caption}>"


def _channels_last(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """(H, W), (C, H, W) or (H, W, C) to (H, W) or (H, W, C)."""
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
            given=f"{array.dtype} {array.shape}",
            hint="(H, W), (C, H, W) or (H, W, C) with 1, 3 or 4 channels",
        )
    return array


def _to_bytes(array: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    """Any dtype to uint8, always a copy."""
    if array.dtype == np.uint8:
        return array.copy()
    if array.dtype == bool:
        return array.astype(np.uint8) * np.uint8(255)
    if array.dtype.kind not in "iuf":
        raise HistoryError(
            "a picture needs real numbers.",
            given=f"{array.dtype} {array.shape}",
            hint="array.real, or abs(array)",
        )
    numbers = array.astype(np.float64)
    finite = numbers[np.isfinite(numbers)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    if low < 0.0 or high > 1.0:
        # Halves, since the span of the whole range of float64 is not in it.
        numbers = (numbers / 2 - low / 2) / (high / 2 - low / 2 or 1.0)
    return np.rint(np.nan_to_num(numbers, nan=0.0).clip(0.0, 1.0) * 255.0).astype(np.uint8)
