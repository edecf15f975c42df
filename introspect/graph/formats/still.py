"""Drawing -> the still pictures that a notebook keeps beside an interactive one.

A front end that does not trust a stored notebook shows neither its HTML nor its SVG, and a site
that renders notebooks often only their PNG: without one it would show text.

Cost: 0.1 s for a small picture, up to half a second for the largest that gets a PNG.

Not here: the page (``html``).
"""

import base64
import io

from introspect.graph.formats import render
from introspect.nouns.drawing import Drawing
from introspect.theme import GraphTheme

_MOST_PT2 = 1_000_000
"""Of a picture that is kept as PNG, too: about four million pixels."""

_COLORS = 64


def still_pictures(drawing: Drawing, theme: str | GraphTheme = "light") -> dict[str, str]:
    """SVG and, if it is not large, PNG (in base64) by MIME type."""
    found = {"image/svg+xml": render(drawing, ".svg", theme=theme).decode()}
    if drawing.width * drawing.height <= _MOST_PT2:
        png = render(drawing, ".png", theme=theme)
        found["image/png"] = base64.b64encode(_in_few_colors(png)).decode()
    return found


def _in_few_colors(png: bytes) -> bytes:
    """Less than half the bytes: boxes, lines and the edges of letters need no more colours."""
    from PIL import Image  # noqa: PLC0415  for notebooks alone

    file = io.BytesIO()
    with Image.open(io.BytesIO(png)) as picture:
        few = picture.convert("RGB").quantize(_COLORS, dither=Image.Dither.NONE)
        few.save(file, "PNG", optimize=True)
    return file.getvalue()
