"""Drawing -> SVG text. Real text, no script, no outside reference.

Format: SVG 1.1 (W3C Recommendation, 16 August 2011). Coordinates have two decimals, ids
and clocks are not used, so the same drawing gives the same bytes.
"""

import math

from introspect.nouns.drawing import Cluster, Drawing, Label, Point, Polyline, Rect, Shape, Span
from introspect.theme import GraphTheme

_ARROW_LENGTH, _ARROW_HALF_WIDTH = 5.5, 2.9
_FALLBACK_FONTS = "Verdana,Helvetica,Arial,sans-serif"


def to_svg(drawing: Drawing, theme: GraphTheme) -> str:
    """The drawing as one SVG document."""
    body = "".join(_shape(shape, theme) for shape in drawing.shapes)
    size = f'width="{drawing.width:.0f}" height="{drawing.height:.0f}"'
    box = f'viewBox="0 0 {_n(drawing.width)} {_n(drawing.height)}"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} {box} role="img" '
        f"font-family=\"'{escape(theme.font)}',{_FALLBACK_FONTS}\">"
        f"<title>{escape(drawing.title)}</title><desc>{escape(drawing.description)}</desc>"
        f'<rect width="100%" height="100%" fill="{theme.page}"/>{body}</svg>\n'
    )


def escape(text: str) -> str:
    """Text for an XML document; characters that XML forbids become U+FFFD.

    Example:
        >>> escape('<a & "b">')
        '&lt;a &amp; &quot;b&quot;&gt;'
    """
    clean = "".join(c if c >= " " or c in "\t\n" else "\ufffd" for c in text)
    for sign, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;")):
        clean = clean.replace(sign, entity)
    return clean.encode("utf-8", "replace").decode("utf-8")  # lone surrogates


def _n(value: float) -> str:
    """A coordinate with at most two decimals."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def _shape(shape: Shape, theme: GraphTheme) -> str:
    if isinstance(shape, Cluster):
        inner = "".join(_shape(item, theme) for item in shape.items)
        title = f"<title>{escape(shape.title)}</title>" if shape.title else ""
        role = f' class="{shape.role}"' if shape.role else ""
        return f"<g{role}>{title}{inner}</g>"
    if isinstance(shape, Rect):
        return _rect(shape, theme)
    return _polyline(shape, theme) if isinstance(shape, Polyline) else _label(shape, theme)


def _rect(rect: Rect, theme: GraphTheme) -> str:
    fill = theme.color(rect.fill) if rect.fill else "none"
    paint = f'fill="{fill}"'
    if rect.stroke:
        paint += f' stroke="{theme.color(rect.stroke)}" stroke-width="{_n(rect.line_width)}"'
    if all(rect.corners):
        radius = f' rx="{_n(rect.radius)}"' if rect.radius else ""
        place = f'x="{_n(rect.x)}" y="{_n(rect.y)}"'
        return (
            f'<rect {place} width="{_n(rect.width)}" height="{_n(rect.height)}"{radius} {paint}/>'
        )
    return f'<path d="{_partly_round(rect)}" {paint}/>'


def _partly_round(rect: Rect) -> str:
    """A rectangle with some corners round, clockwise from the top left."""
    x0, y0, x1, y1 = rect.x, rect.y, rect.x + rect.width, rect.y + rect.height
    tl, tr, br, bl = (rect.radius if is_round else 0.0 for is_round in rect.corners)
    return (
        f"M{_n(x0 + tl)} {_n(y0)}H{_n(x1 - tr)}Q{_n(x1)} {_n(y0)} {_n(x1)} {_n(y0 + tr)}"
        f"V{_n(y1 - br)}Q{_n(x1)} {_n(y1)} {_n(x1 - br)} {_n(y1)}"
        f"H{_n(x0 + bl)}Q{_n(x0)} {_n(y1)} {_n(x0)} {_n(y1 - bl)}"
        f"V{_n(y0 + tl)}Q{_n(x0)} {_n(y0)} {_n(x0 + tl)} {_n(y0)}Z"
    )


def rounded(points: tuple[Point, ...], radius: float) -> list[tuple[Point, Point, Point]]:
    """The bends of a polyline: (start of the curve, corner, end of the curve)."""
    bends = []
    for (ax, ay), (bx, by), (cx, cy) in zip(points, points[1:], points[2:], strict=False):
        before, after = math.hypot(bx - ax, by - ay), math.hypot(cx - bx, cy - by)
        reach = min(radius, before / 2, after / 2)
        start = bx - (bx - ax) / (before or 1) * reach, by - (by - ay) / (before or 1) * reach
        end = bx + (cx - bx) / (after or 1) * reach, by + (cy - by) / (after or 1) * reach
        bends.append((start, (bx, by), end))
    return bends


def arrow_head(points: tuple[Point, ...]) -> tuple[tuple[Point, ...], tuple[Point, Point, Point]]:
    """The line shortened to end inside its arrow head, and the head's corners."""
    (x0, y0), (x1, y1) = points[-2:]
    length = math.hypot(x1 - x0, y1 - y0) or 1.0
    ux, uy = (x1 - x0) / length, (y1 - y0) / length
    tip = x1 - ux * 0.5, y1 - uy * 0.5
    base = tip[0] - ux * _ARROW_LENGTH, tip[1] - uy * _ARROW_LENGTH
    left = base[0] - uy * _ARROW_HALF_WIDTH, base[1] + ux * _ARROW_HALF_WIDTH
    right = base[0] + uy * _ARROW_HALF_WIDTH, base[1] - ux * _ARROW_HALF_WIDTH
    return (*points[:-1], (base[0] + ux, base[1] + uy)), (tip, left, right)


def _polyline(line: Polyline, theme: GraphTheme) -> str:
    points, head = line.points, ""
    color = theme.color(line.stroke)
    if line.arrow:
        points, corners = arrow_head(points)
        tip, left, right = (f"{_n(x)} {_n(y)}" for x, y in corners)
        head = f'<path d="M{tip}L{left}L{right}Z" fill="{color}"/>'
    path = f"M{_n(points[0][0])} {_n(points[0][1])}"
    for start, corner, end in rounded(points, line.radius):
        path += f"L{_n(start[0])} {_n(start[1])}"
        path += f"Q{_n(corner[0])} {_n(corner[1])} {_n(end[0])} {_n(end[1])}"
    path += f"L{_n(points[-1][0])} {_n(points[-1][1])}"
    width = _n(line.line_width)
    return f'<path d="{path}" fill="none" stroke="{color}" stroke-width="{width}"/>{head}'


def _label(label: Label, theme: GraphTheme) -> str:
    spans = "".join(_span(span, theme) for span in label.spans)
    halo = ""
    if label.halo:
        color = theme.color(label.halo)
        halo = f' stroke="{color}" stroke-width="3" stroke-linejoin="round" paint-order="stroke"'
    anchor = f' text-anchor="{label.anchor}"' if label.anchor != "start" else ""
    return f'<text x="{_n(label.x)}" y="{_n(label.y)}"{anchor}{halo}>{spans}</text>'


def _span(span: Span, theme: GraphTheme) -> str:
    bold = ' font-weight="700"' if span.bold else ""
    look = f'font-size="{_n(span.size)}" fill="{theme.color(span.color)}"{bold}'
    return f"<tspan {look}>{escape(span.text)}</tspan>"
