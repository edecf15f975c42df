"""Sheets of paper: how large a drawing can be on one, and how many it takes.

Lengths in points, 1/72 inch. A4 and A3: ISO 216; letter: ANSI/ASME Y14.1.

Not here: the pages themselves (``introspect.graph.formats.pdf``).
"""

import math
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal

from introspect.errors import FormatError
from introspect.nouns.drawing import Drawing

Fit = Literal["A4", "A3", "letter"]

SHEETS_PT: dict[str, tuple[float, float]] = {
    "A4": (595.28, 841.89),
    "A3": (841.89, 1190.55),
    "letter": (612.0, 792.0),
}
READABLE_SCALE = 0.8
"""The smallest words of a picture, 7.5 points, are 6 points on paper at this scale."""

MARGIN_PT = 24.0
OVERLAP_PT = 18.0
"""What neighbouring tiles both show, in points of the paper."""


@dataclass(frozen=True, slots=True)
class Tiling:
    """A drawing over sheets of paper.

    Attributes:
        width, height: Of one sheet, in points.
        scale: Points on paper for each point of the drawing.
        columns, rows: Number of sheets.
        margin: Around the drawing, in points.
    """

    width: float
    height: float
    scale: float
    columns: int
    rows: int
    margin: float = MARGIN_PT

    @property
    def inner(self) -> tuple[float, float]:
        """Width and height between the margins."""
        return self.width - 2 * self.margin, self.height - 2 * self.margin

    def part(self, column: int, row: int) -> tuple[float, float, float, float]:
        """What one sheet shows: left, top, width and height, in points of the drawing."""
        width, height = self.inner
        left, top = column * (width - OVERLAP_PT), row * (height - OVERLAP_PT)
        return left / self.scale, top / self.scale, width / self.scale, height / self.scale


def sheet(fit: str) -> tuple[float, float]:
    """Width and height of an upright sheet.

    Raises:
        FormatError: If there is no such sheet.
    """
    if fit not in SHEETS_PT:
        near = get_close_matches(str(fit), SHEETS_PT, n=1, cutoff=0.5)
        raise FormatError(
            "there is no such sheet of paper.",
            given=f"fit={fit!r}",
            hint=" or ".join(f'fit="{name}"' for name in near or SHEETS_PT),
        )
    return SHEETS_PT[fit]


def one_sheet(drawing: Drawing, fit: str) -> Tiling:
    """The drawing on one sheet, upright or across, as large as it can be, at most its own size.

    Example:
        >>> one_sheet(Drawing(1600, 800, ()), "A4").width
        841.89
    """
    short, long = sheet(fit)
    tilings = []
    for width, height in ((short, long), (long, short)):
        across = (width - 2 * MARGIN_PT) / drawing.width
        down = (height - 2 * MARGIN_PT) / drawing.height
        tilings.append(Tiling(width, height, min(1.0, across, down), 1, 1))
    return max(tilings, key=lambda tiling: tiling.scale)


def largest_scale(drawing: Drawing, fit: str) -> float:
    """How much smaller than drawn it is on one sheet; 1 if it fits as it is."""
    return one_sheet(drawing, fit).scale


def tiled(drawing: Drawing, fit: str, scale: float) -> Tiling:
    """The drawing over as few sheets as possible, at a scale.

    Neighbouring sheets both show `OVERLAP_PT` of it, for the glue.
    """
    short, long = sheet(fit)

    def count(length: float, paper: float) -> int:
        inner = paper - 2 * MARGIN_PT
        return max(1, math.ceil((length * scale - OVERLAP_PT) / (inner - OVERLAP_PT) - 1e-6))

    tilings = [
        Tiling(w, h, scale, count(drawing.width, w), count(drawing.height, h))
        for w, h in ((short, long), (long, short))
    ]
    return min(tilings, key=lambda tiling: tiling.columns * tiling.rows)
