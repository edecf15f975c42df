"""Pictures: an `Image` is bytes ready to be shown, `Images` are several side by side.

Cost: one pass over the numbers, 15 ns each; bytes are only copied.

Axes:
    N: pictures    H: height, W: width, C: channels (1, 3 or 4)

Not here: how numbers become bytes (``introspect.nouns.values.pixels``).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, sqrt
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from introspect.errors import HistoryError
from introspect.nouns.values.arrays import captioned, check_type
from introspect.nouns.values.pixels import (
    channels_last,
    limits_of,
    picture_array,
    pictures_of,
    to_bytes,
)


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
        """An image of a tensor, an array or a picture of Pillow.

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
        array = channels_last(picture_array(data))
        return cls(pixels=to_bytes(array, limits_of([array])), cmap=cmap, caption=caption)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> npt.NDArray[Any]:  # noqa: FBT001
        if copy is None:
            return np.asarray(self.pixels, dtype=dtype)
        return np.array(self.pixels, dtype=dtype, copy=copy)

    def __repr__(self) -> str:
        height, width, *channels = self.pixels.shape
        kind = {(): "grey", (3,): "RGB", (4,): "RGBA"}.get(tuple(channels), "?")
        return captioned(f"Image {width}×{height} {kind}", self.caption)


@dataclass(frozen=True, slots=True, eq=False)
class Images:
    """Pictures that are looked at together, in a grid.

    Attributes:
        images: From left to right, then down; their shapes may differ. May be none.
        columns: Of the grid; None lets whoever shows it decide.
        caption: Shown under all of them; each has its own besides.
    """

    images: tuple[Image, ...]
    columns: int | None = None
    caption: str = ""

    def __post_init__(self) -> None:
        check_type(self.images, "images", tuple)
        for image in self.images:
            if not isinstance(image, Image):
                raise HistoryError(
                    "each of the images is an Image.",
                    given=type(image).__name__,
                    hint="Images.of(pictures)",
                )
        check_type(self.columns, "columns", (int, type(None)))
        check_type(self.caption, "caption", str)
        if self.columns is not None and self.columns < 1:
            raise HistoryError("a grid has at least one column.", given=f"columns={self.columns}")

    @classmethod
    def of(
        cls,
        batch: Any,
        *,
        cmap: str | None = None,
        columns: int | None = None,
        caption: str = "",
        captions: Sequence[str] | None = None,
    ) -> Self:
        """Images of a batch, all scaled alike: what is brighter in one is brighter in all.

        Args:
            batch: ``(N, C, H, W)``, ``(N, H, W, C)`` or ``(N, H, W)``, or a sequence of what
                `Image.of` takes, of any shapes; an Image among them stays as it is. Copied.
            cmap: Name of a matplotlib colour map, for one channel.
            columns: Of the grid.
            caption: Shown under all of them.
            captions: One for each picture.

        Raises:
            HistoryError: If it is no batch of pictures, or there are more or fewer captions.

        Example:
            >>> Images.of([[[0.0, 2.0]], [[4.0, 1.0]]]).images[0].pixels.tolist()
            [[0, 128]]
        """
        given: Sequence[Any] = batch
        if not isinstance(batch, list | tuple):
            given = pictures_of(batch, "a grid")
        arrays = [None if isinstance(one, Image) else _array(one) for one in given]
        limits = limits_of(array for array in arrays if array is not None)
        if captions is not None and len(captions) != len(arrays):
            raise HistoryError(
                "each picture needs one caption.",
                given=f"{len(captions)} captions of {len(arrays)} pictures",
            )
        images = []
        for index, (one, array) in enumerate(zip(given, arrays, strict=True)):
            words = "" if captions is None else str(captions[index])
            if isinstance(one, Image):
                images.append(Image(one.pixels.copy(), one.cmap, words or one.caption))
            elif array is not None:
                images.append(Image(to_bytes(array, limits), cmap, words))
        return cls(images=tuple(images), columns=columns, caption=caption)

    def to_image(self, *, gap_px: int = 2) -> Image:
        """All of them in one picture, white between them.

        Grey pictures stay grey if all are; their colour map is kept if it is one for all.

        Args:
            gap_px: Between neighbours.

        Raises:
            HistoryError: If there are none.

        Example:
            >>> Images.of(np.zeros((6, 10, 20), np.uint8), columns=3).to_image()
            <Image 64×22 grey>
        """
        if not self.images:
            raise HistoryError("there is no picture to be shown.", given=repr(self))
        columns = min(self.columns or ceil(sqrt(len(self.images))), len(self.images))
        rows = ceil(len(self.images) / columns)
        channels = max((*image.pixels.shape, 1)[2] for image in self.images)
        height = max(image.pixels.shape[0] for image in self.images)
        width = max(image.pixels.shape[1] for image in self.images)
        page_height = rows * (height + gap_px) - gap_px
        page_width = columns * (width + gap_px) - gap_px
        page = np.full((page_height, page_width, channels), 255, np.uint8)
        for index, image in enumerate(self.images):
            down, right = divmod(index, columns)
            pixels = _with_channels(image.pixels, channels)
            top, left = down * (height + gap_px), right * (width + gap_px)
            page[top : top + pixels.shape[0], left : left + pixels.shape[1]] = pixels
        cmaps = {image.cmap for image in self.images}
        cmap = cmaps.pop() if channels == 1 and len(cmaps) == 1 else None
        return Image(page[:, :, 0] if channels == 1 else page, cmap, self.caption)

    def __len__(self) -> int:
        return len(self.images)

    def __repr__(self) -> str:
        shapes = {image.pixels.shape[:2] for image in self.images}
        size = " of different sizes"
        if len(shapes) == 1:
            ((height, width),) = shapes
            size = f" of {width}×{height}"
        return captioned(f"Images: {len(self.images)}{size if shapes else ''}", self.caption)


def _array(data: Any) -> npt.NDArray[Any]:
    return channels_last(picture_array(data))


def _with_channels(pixels: npt.NDArray[np.uint8], channels: int) -> npt.NDArray[np.uint8]:
    """(H, W) or (H, W, C) to (H, W, channels)."""
    if pixels.ndim == 2:
        pixels = pixels[:, :, None]
    if pixels.shape[2] == 1 and channels > 1:
        pixels = np.repeat(pixels, 3, axis=2)
    if pixels.shape[2] == 3 and channels == 4:
        opaque = np.full((*pixels.shape[:2], 1), 255, np.uint8)
        pixels = np.concatenate([pixels, opaque], axis=2)
    return pixels
