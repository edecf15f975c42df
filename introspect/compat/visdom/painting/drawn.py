"""A finished picture with two pixels for each that is shown, sharp on any screen.

Not here: who draws it (``introspect.compat.visdom.painting.figures``).
"""

from dataclasses import dataclass
from typing import Self

from introspect.nouns.values.figure import png_size

TIMES = 2
"""Pixels of the file for one that is shown, to each side."""


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """A picture, as a figure panel takes it.

    Attributes:
        png: A PNG file.
        width_px: As it is shown: half as wide as the file.
        height_px: Likewise.
        caption: Shown under it.
    """

    png: bytes
    width_px: int
    height_px: int
    caption: str = ""

    @classmethod
    def of_png(cls, png: bytes, caption: str = "") -> Self:
        """A PNG file that was drawn with twice the pixels."""
        width, height = png_size(png)
        return cls(png, max(1, width // TIMES), max(1, height // TIMES), caption)
