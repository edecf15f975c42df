"""Drawing -> PNG: resvg over the SVG, with the font that the text was measured in.

No system font is read, so the same drawing gives the same bytes on every machine.
"""

import math

import resvg_py

from introspect.errors import FormatError
from introspect.graph.formats.svg import to_svg
from introspect.graph.layout.measure import font_file
from introspect.nouns.drawing import Drawing
from introspect.theme import GraphTheme

MOST_PIXELS = 120_000_000
"""About 480 MB of RGBA while painting."""

_POINTS_PER_INCH = 72.0


def to_png(
    drawing: Drawing, theme: GraphTheme, *, scale: float | None = None, dpi: float | None = None
) -> bytes:
    """The drawing as a PNG file.

    Args:
        drawing: In points.
        theme: Its colours.
        scale: Pixels a point; 2 if neither is given, less if the picture would be too large.
        dpi: Pixels an inch instead: ``dpi=300`` for print.

    Raises:
        FormatError: If a picture of the size that was asked for has more than `MOST_PIXELS`
            pixels; the message says what scale fits.
    """
    pixels_per_point = _pixels_per_point(drawing, scale, dpi)
    fonts = [str(font_file(bold=bold)) for bold in (False, True)]
    pixels = resvg_py.svg_to_bytes(
        svg_string=to_svg(drawing, theme),
        width=max(1, round(drawing.width * pixels_per_point)),
        font_files=fonts,
        skip_system_fonts=True,
        font_family="DejaVu Sans",
        sans_serif_family="DejaVu Sans",
    )
    return bytes(pixels)


def _pixels_per_point(drawing: Drawing, scale: float | None, dpi: float | None) -> float:
    most = math.sqrt(MOST_PIXELS / (drawing.width * drawing.height))
    if scale is None and dpi is None:
        return min(2.0, most)
    if scale is not None and dpi is not None:
        raise FormatError(
            "scale and dpi say the same thing twice.",
            given=f"scale={scale!r}, dpi={dpi!r}",
            hint="one of them: dpi is 72 times scale",
        )
    name, value = ("scale", scale) if dpi is None else ("dpi", dpi)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not math.isfinite(value) or value <= 0:
        raise FormatError(
            f"{name} is a positive number of pixels a{' point' if dpi is None else 'n inch'}.",
            given=f"{name}={value!r}",
            hint="scale=2, or dpi=300",
        )
    wanted = float(value) if dpi is None else float(value) / _POINTS_PER_INCH
    if wanted > most:
        width, height = drawing.width * wanted, drawing.height * wanted
        factor = 1.0 if dpi is None else _POINTS_PER_INCH
        fitting = math.floor(most * factor * 100) / 100
        raise FormatError(
            "the picture would have too many pixels.",
            given=f"{name}={value:g}: {width:,.0f} × {height:,.0f} pixels, "
            f"{width * height / 1e6:,.0f} million of at most {MOST_PIXELS / 1e6:,.0f} million",
            hint=f"{name}={fitting:g}, a smaller depth=, or .svg or .pdf, which have no pixels",
        )
    return wanted
