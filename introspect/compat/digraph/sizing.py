"""A Drawing -> the same one, as large as the attribute ``size`` says.

Not here: how large the boxes of the picture are (``placing``).
"""

from dataclasses import replace

from introspect.compat.digraph.placing import POINTS_PER_INCH, number
from introspect.nouns.drawing import Cluster, Drawing, Polyline, Rect, Shape


def sized(drawing: Drawing, size: str) -> Drawing:
    """The drawing, smaller if it is larger than a size in inches; ``!`` makes it larger, too."""
    parts = size.removesuffix("!").split(",")
    wide = number(parts[0], 0.0) * POINTS_PER_INCH
    high = number(parts[1], 0.0) * POINTS_PER_INCH if len(parts) > 1 else wide
    if not wide or not high:
        return drawing
    share = min(wide / drawing.width, high / drawing.height)
    if share >= 1.0 and not size.endswith("!"):
        return drawing
    return replace(
        drawing,
        width=drawing.width * share,
        height=drawing.height * share,
        shapes=tuple(_scaled(shape, share) for shape in drawing.shapes),
    )


def _scaled(shape: Shape, share: float) -> Shape:
    if isinstance(shape, Cluster):
        return replace(shape, items=tuple(_scaled(item, share) for item in shape.items))
    if isinstance(shape, Rect):
        sizes = {key: getattr(shape, key) * share for key in ("x", "y", "width", "height")}
        return replace(
            shape, **sizes, radius=shape.radius * share, line_width=shape.line_width * share
        )
    if isinstance(shape, Polyline):
        points = tuple((x * share, y * share) for x, y in shape.points)
        return replace(
            shape, points=points, line_width=shape.line_width * share, radius=shape.radius * share
        )
    spans = tuple(replace(span, size=span.size * share) for span in shape.spans)
    return replace(shape, x=shape.x * share, y=shape.y * share, spans=spans)
