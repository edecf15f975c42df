"""Drawing -> PNG: resvg over the SVG, with the font that the text was measured in."""

import math

import resvg_py

from introspect.graph.formats.svg import to_svg
from introspect.graph.layout.measure import font_file
from introspect.nouns.drawing import Drawing
from introspect.theme import GraphTheme

_MOST_PIXELS = 120_000_000
"""About 480 MB of RGBA while painting; larger pictures are scaled down."""


def to_png(drawing: Drawing, theme: GraphTheme, *, scale: float = 2.0) -> bytes:
    """The drawing as a PNG file.

    Args:
        drawing: In points.
        theme: Its colours.
        scale: Pixels a point; less if the picture would exceed 120 million pixels.
    """
    most = math.sqrt(_MOST_PIXELS / (drawing.width * drawing.height))
    fonts = [str(font_file(bold=bold)) for bold in (False, True)]
    pixels = resvg_py.svg_to_bytes(
        svg_string=to_svg(drawing, theme),
        width=max(1, round(drawing.width * min(scale, most))),
        font_files=fonts,
        skip_system_fonts=True,
        font_family="DejaVu Sans",
        sans_serif_family="DejaVu Sans",
    )
    return bytes(pixels)
