"""Text -> its width in points, from the font that ships inside matplotlib.

Pictures are measured and drawn in DejaVu Sans, so that the same graph gives the same
picture on every machine. Only the advance widths are read: 60 ms on the first call,
then a table look-up for each character.
"""

from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from fontTools.ttLib import TTFont

from introspect.errors import MissingExtraError

_FILES = {False: "DejaVuSans.ttf", True: "DejaVuSans-Bold.ttf"}
_UNKNOWN_EM = 0.6  # a character that the font does not have is drawn by another font
_LAST_MEASURED = 0x2600  # emoji and CJK are not in DejaVu Sans anyway


@cache
def font_file(*, bold: bool) -> Path:
    """The TrueType file of DejaVu Sans; matplotlib itself is not imported."""
    spec = find_spec("matplotlib")
    if spec is None or spec.origin is None:
        raise MissingExtraError(
            "the font of the pictures ships inside matplotlib, which is not installed.",
            hint="pip install matplotlib",
        )
    return Path(spec.origin).parent / "mpl-data" / "fonts" / "ttf" / _FILES[bold]


@cache
def _advances(*, bold: bool) -> dict[str, float]:
    """Character -> advance width in em."""
    with TTFont(font_file(bold=bold), lazy=True) as font:
        head: Any = font["head"]
        widths: Any = font["hmtx"]
        cmap = font.getBestCmap() or {}
        em = head.unitsPerEm
        return {chr(c): widths[g][0] / em for c, g in cmap.items() if c < _LAST_MEASURED}


def text_width(text: str, size: float, *, bold: bool = False) -> float:
    """Width in points of one line of DejaVu Sans at `size` points.

    Example:
        >>> round(text_width("conv1", 10), 1), text_width("", 10)
        (30.2, 0)
    """
    advances = _advances(bold=bold)
    return sum(advances.get(letter, _UNKNOWN_EM) for letter in text) * size


def shortened(text: str, width: float, size: float, *, bold: bool = False) -> str:
    """The text, or as much of it as fits into `width` points with an ellipsis."""
    if text_width(text, size, bold=bold) <= width:
        return text
    while text and text_width(text + "…", size, bold=bold) > width:
        text = text[:-1]
    return text + "…"
