"""A matplotlib figure as it looked at the call.

Cost: what drawing costs, 50 to 200 ms: its owner may change it in place the moment after.

Not here: the drawing (``introspect.values``).
"""

import struct
from dataclasses import dataclass
from typing import Any, Self

from introspect.errors import HistoryError
from introspect.nouns.values.arrays import MOST_BYTES, captioned, check_type
from introspect.nouns.verbs import verb

_PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"


@dataclass(frozen=True, slots=True, eq=False)
class Figure:
    """A drawn figure.

    Attributes:
        png: A PNG file.
        width_px: Of the PNG.
        height_px: Of the PNG.
        svg: The same as an SVG file, if it was asked for. It comes from whoever logged it: show it
            as an image, never as a part of a page.
        caption: Shown under it.
    """

    png: bytes
    width_px: int
    height_px: int
    svg: bytes | None = None
    caption: str = ""

    def __post_init__(self) -> None:
        check_type(self.png, "png", bytes)
        check_type(self.svg, "svg", (bytes, type(None)))
        check_type(self.width_px, "width_px", int)
        check_type(self.height_px, "height_px", int)
        check_type(self.caption, "caption", str)
        if png_size(self.png) != (self.width_px, self.height_px):
            raise HistoryError(
                "a figure is a PNG file of its width and height.",
                given=f"{self.width_px}×{self.height_px}, bytes that begin with {self.png[:24]!r}",
                hint="Figure.of(figure)",
            )
        if len(self.png) + len(self.svg or b"") > MOST_BYTES:
            raise HistoryError(
                "a figure is too large to be logged.", given=f"{len(self.png)} bytes"
            )

    @classmethod
    def of(
        cls, figure: Any, *, dpi: float | None = None, svg: bool = False, caption: str = ""
    ) -> Self:
        """Draw a matplotlib figure.

        Uses Agg, whatever the backend, and no state of pyplot; leaves the figure as it is, open
        or closed. ``history.log(step, plot=figure)`` does the same.

        Args:
            figure: A ``matplotlib.figure.Figure``.
            dpi: Dots an inch; its own by default.
            svg: Draw an SVG file, too.
            caption: Shown under it.

        Raises:
            HistoryError: If it is no figure.

        Example:
            >>> from matplotlib.figure import Figure as MatplotlibFigure
            >>> Figure.of(MatplotlibFigure(figsize=(2, 1)), dpi=100)
            <Figure 200×100>
        """
        png, vectors = verb("introspect.values:drawn")(figure, dpi=dpi, svg=svg)
        width_px, height_px = png_size(png)
        return cls(png=png, width_px=width_px, height_px=height_px, svg=vectors, caption=caption)

    def _repr_png_(self) -> bytes:
        return self.png

    def __repr__(self) -> str:
        kind = " and SVG" if self.svg else ""
        return captioned(f"Figure {self.width_px}×{self.height_px}{kind}", self.caption)


def png_size(png: bytes) -> tuple[int, int]:
    """Width and height of a PNG file, from its first 24 bytes; (0, 0) if it is none."""
    if len(png) < 24 or not png.startswith(_PNG):
        return 0, 0
    width, height = struct.unpack_from(">II", png, 16)
    return (width, height) if width and height else (0, 0)
