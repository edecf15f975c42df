"""Arrays and Images to tiles of plain numbers, with one range for all of them, in words.

``ImagePanel -> Sheet``. Signed values get a range symmetric about zero, others begin at
zero, bytes keep 0 to 255; whatever range is chosen is stated.

Axes:
    H: height, W: width, C: channels, O: filters, I: input channels

Cost: a pass over the shown values; quantiles are taken from at most 200,000 of them.

Not here: colours (``introspect.canvas.paint_images``, ``terminal``).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from introspect.canvas.ticks import clean, format_value
from introspect.errors import CanvasError
from introspect.nouns.metric import format_step
from introspect.nouns.panels import ImagePanel
from introspect.nouns.values import Image, to_numpy

Array = npt.NDArray[Any]
Ramp = Literal["diverging", "ink", "gray"]

_MOST_KERNELS = 1024
_SAMPLE = 200_000
_MOST_PIXELS = 1500  # along one side; more cannot be seen in a panel


@dataclass(frozen=True, slots=True, eq=False)
class Tile:
    """One picture.

    Attributes:
        values: float64 ``(H, W)``, or uint8 ``(H, W, 3)`` or ``(H, W, 4)``.
        blank: bool ``(H, W)``, True between the kernels of a grid; None without a grid.
        caption: Under it.
        cmap: Own matplotlib colour map, or None for that of the sheet.
    """

    values: Array
    blank: npt.NDArray[np.bool_] | None = None
    caption: str = ""
    cmap: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Sheet:
    """Pictures side by side.

    Attributes:
        tiles: Oldest first.
        title: Cleaned for one line.
        how: Shape and range, in words.
        ramp: Colours of the tiles with values.
        low: Value of the first colour.
        high: Value of the last.
        slots: How many tiles the panel has room for.
        cmap: Name of a matplotlib colour map in place of the ramp; None for the ramp.
    """

    tiles: tuple[Tile, ...]
    title: str
    how: str
    ramp: Ramp
    low: float
    high: float
    slots: int
    cmap: str | None = None

    @property
    def aspect(self) -> float:
        """Width by height of a tile, within the bounds that can be looked at."""
        if not self.tiles:
            return 1.0
        height, width = self.tiles[-1].values.shape[:2]
        return min(max(width / max(height, 1), 0.2), 8.0)


Scale = tuple[Ramp, float, float, str]
"""Colours, value of the first and of the last, and the range in words."""


def image_sheet(panel: ImagePanel, *, scale: Scale | None = None) -> Sheet:
    """What an image panel shows.

    Args:
        panel: The steps and values.
        scale: Range fixed from outside; None fits it to what is shown.

    Raises:
        CanvasError: If a value is no picture.

    Example:
        >>> sheet = image_sheet(ImagePanel("w", None, [np.array([[-0.5, 0.25]])]))
        >>> sheet.ramp, sheet.low, sheet.high, sheet.how
        ('diverging', -0.5, 0.5, '1×2, range ±0.500')
    """
    newest = list(panel.data[-panel.limit :]) if panel.limit > 0 else []
    captions = _captions(panel, len(newest))
    made = [_tile(value, caption) for value, caption in zip(newest, captions, strict=True)]
    tiles = tuple(tile for tile, _ in made)
    shapes = made[-1][1] if made else "no values yet"
    ramp, low, high, words = scale or _range(newest, tiles, panel.cmap)
    return Sheet(
        tiles=tiles,
        title=clean(panel.title) or clean(panel.name),
        how=", ".join(part for part in (shapes, words) if part),
        ramp=ramp,
        low=low,
        high=high,
        slots=1 if panel.steps is None else max(1, panel.limit),
        cmap=panel.cmap,
    )


def common_scale(panel: ImagePanel) -> Scale:
    """The range of every value of the panel, not only of those it shows."""
    data = evenly(panel.data)
    return _range(data, tuple(_tile(value, "")[0] for value in data), panel.cmap)


def evenly(data: Sequence[Any], most: int = 60) -> list[Any]:
    """At most `most` of the data, spread evenly, the last among them."""
    stride = max(1, -(-len(data) // most))
    return list(data[::-1][::stride])[::-1]


def _captions(panel: ImagePanel, shown: int) -> list[str]:
    if panel.steps is None:
        return [""] * shown
    steps = panel.steps[len(panel.steps) - shown :].tolist()
    texts = [format_step(tuple(s) if isinstance(s, list) else s) for s in steps]
    return [f"step {text}" if index == 0 else text for index, text in enumerate(texts)]


def _tile(value: Any, caption: str) -> tuple[Tile, str]:
    if isinstance(value, Image):
        words = clean(value.caption)
        caption = f"{caption}  {words}" if caption and words else caption or words
        pixels = value.pixels if value.pixels.ndim == 3 else value.pixels.astype(np.float64)
        return Tile(_thinned(pixels), None, caption, value.cmap), _shape(value.pixels)
    array = to_numpy(value)
    if array.dtype.kind == "c":
        array = np.abs(array)
    if array.dtype.kind not in "biuf" or array.size == 0:
        raise CanvasError(
            "this is no picture.",
            given=f"{array.dtype} {array.shape}",
            hint="draw_image of numbers with at least one value",
        )
    if array.ndim == 3 and _is_colour(array):
        pixels = Image.of(array).pixels
        return Tile(_thinned(pixels), None, caption), _shape(pixels)
    flat, blank, words = _flat(array)
    return Tile(_thinned(flat), None if blank is None else _thinned(blank), caption), words


def _is_colour(array: Array) -> bool:
    return array.shape[0] in {3, 4} or (array.shape[-1] in {3, 4} and array.shape[0] != 1)


def _flat(array: Array) -> tuple[Array, npt.NDArray[np.bool_] | None, str]:
    """Any array of numbers to (H, W): more than two axes become a grid of their last two."""
    values = array.astype(np.float64)
    if values.ndim <= 2:
        flat = np.atleast_2d(values)
        return flat, None, _shape(flat)
    if values.ndim == 3 and values.shape[0] == 1:
        return values[0], None, _shape(values[0])
    height, width = values.shape[-2:]
    kernels = values.reshape(-1, height, width)
    columns = int(np.ceil(np.sqrt(min(len(kernels), _MOST_KERNELS) * height / width)))
    noun = "maps"
    if values.ndim == 4:
        noun = "filters" if values.shape[1] == 1 else "kernels"
        if values.shape[1] > 4:  # a row for each filter, a column for each input channel
            kernels = values[:32, :32].reshape(-1, height, width)
            columns = min(values.shape[1], 32)
    total = int(np.prod(values.shape[:-2]))
    shown = min(len(kernels), _MOST_KERNELS)
    count = f"{shown} {noun}" if shown == total else f"{shown} of {total} {noun}"
    flat, blank = _grid(kernels[:shown], max(1, min(columns, shown)))
    return flat, blank, f"{count} of {height}×{width}"


def _grid(kernels: Array, columns: int) -> tuple[Array, npt.NDArray[np.bool_]]:
    """(K, H, W) to one array with gaps, small kernels enlarged so that a gap can be thin."""
    count, height, width = kernels.shape
    times = max(1, 12 // max(height, width))
    kernels = kernels.repeat(times, axis=1).repeat(times, axis=2)
    high, wide = height * times, width * times
    gap = max(1, round(0.12 * max(high, wide)))
    rows = -(-count // columns)
    flat = np.zeros((rows * (high + gap) - gap, columns * (wide + gap) - gap))
    blank = np.ones(flat.shape, dtype=bool)
    for index in range(count):
        top, left = index // columns * (high + gap), index % columns * (wide + gap)
        flat[top : top + high, left : left + wide] = kernels[index]
        blank[top : top + high, left : left + wide] = False
    return flat, blank


def _range(raw: Sequence[Any], tiles: tuple[Tile, ...], cmap: str | None) -> Scale:
    plain = [tile for tile in tiles if tile.values.ndim == 2]
    if not plain:
        return "gray", 0.0, 255.0, ""
    if all(isinstance(value, Image) or to_numpy(value).dtype == np.uint8 for value in raw):
        return "gray", 0.0, 255.0, ""
    sample = np.concatenate([_sample(tile) for tile in plain])
    if not sample.size:
        return "ink", 0.0, 1.0, "no finite value"
    low, high = float(sample.min()), float(sample.max())
    if cmap:
        high = high if high > low else low + 1.0
        return "gray", low, high, f"{format_value(low)} to {format_value(high)}"
    if low >= 0:
        return "ink", 0.0, high or 1.0, f"0 to {format_value(high)}"
    most = max(-low, high)
    usual = float(np.quantile(np.abs(_strided(sample)), 0.995))
    if 0 < usual < most / 1.5:
        return "diverging", -usual, usual, f"±{format_value(usual)} holds 99.5%"
    return "diverging", -most, most, f"range ±{format_value(most)}"


def _sample(tile: Tile) -> Array:
    values = tile.values if tile.blank is None else tile.values[~tile.blank]
    return values[np.isfinite(values)]


def _strided(values: Array) -> Array:
    return values[:: max(1, values.size // _SAMPLE)]


def _thinned(values: Array) -> Array:
    rows, wide = (max(1, size // _MOST_PIXELS) for size in values.shape[:2])
    return values[::rows, ::wide]


def _shape(array: Array) -> str:
    return f"{array.shape[0]}×{array.shape[1]}"
