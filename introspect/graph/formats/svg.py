"""Drawing -> SVG text. Real text, no script, no outside reference.

Format: SVG 1.1 (W3C Recommendation, 16 August 2011). Colours are plain attributes, which
every renderer knows. With a second theme they are CSS variables as well, and the picture
follows the reader's light or dark mode. Coordinates have two decimals and there is no
clock, so the same drawing gives the same bytes. Every box and group has a ``<title>`` and a
``<desc>``. The only ids are those of fill patterns, which say what they hold: two pictures
in one page may share them.

Cost: 45 us a box with its lines and words.
"""

import hashlib
import math
import re
from functools import lru_cache

from introspect.graph.collector import collector_paused
from introspect.graph.formats.patterns import svg_pattern
from introspect.nouns.drawing import Cluster, Drawing, Label, Point, Polyline, Rect, Shape, Span
from introspect.theme import GraphTheme

_ARROW_LENGTH, _ARROW_HALF_WIDTH = 5.5, 2.9
_FALLBACK_FONTS = "Verdana,Helvetica,Arial,sans-serif"
_FORBIDDEN = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # XML 1.0, Char
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"}
_SPECIAL = re.compile('[&<>"]')


def to_svg(drawing: Drawing, theme: GraphTheme, *, dark: GraphTheme | None = None) -> str:
    """The drawing as one SVG document.

    Args:
        drawing: In points.
        theme: Its colours.
        dark: Further colours for readers who prefer dark pages.
    """
    painter = _Painter(theme, is_switching=dark is not None)
    with collector_paused():
        body = "".join([painter.shape(shape) for shape in drawing.shapes])
    page = painter.look("page", None, 0)
    style, name = ("", "") if dark is None else _style(theme, dark, painter.roles)
    size = f'width="{drawing.width:.0f}" height="{drawing.height:.0f}"'
    box = f'viewBox="0 0 {_n(drawing.width)} {_n(drawing.height)}"'
    patterns = "".join(svg_pattern(*key, theme.hatch) for key in sorted(painter.patterns))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} {box}{name} '
        f'role="graphics-document" aria-label="{escape(drawing.title)}" '
        f"font-family=\"'{escape(theme.font)}',{_FALLBACK_FONTS}\">"
        f"<title>{escape(drawing.title)}</title><desc>{escape(drawing.description)}</desc>{style}"
        f"{f'<defs>{patterns}</defs>' if patterns else ''}"
        f'<rect width="100%" height="100%"{page}/>{body}</svg>\n'
    )


def escape(text: str) -> str:
    """Text for an XML document; characters that XML forbids become U+FFFD.

    Example:
        >>> escape('<a & "b">')
        '&lt;a &amp; &quot;b&quot;&gt;'
    """
    if text.isascii() and text.isalnum():
        return text
    return _SPECIAL.sub(lambda sign: _ENTITIES[sign[0]], _FORBIDDEN.sub("\ufffd", text))


def _style(light: GraphTheme, dark: GraphTheme, roles: set[tuple[str, str]]) -> tuple[str, str]:
    """The rules of a picture in two themes, and the class that keeps them to this picture."""
    names = sorted({role for _, role in roles})

    def values(theme: GraphTheme) -> str:
        return ";".join(f"--{_css_name(role)}:{theme.color(role)}" for role in names)

    name = "introspect-" + hashlib.sha256((values(light) + values(dark)).encode()).hexdigest()[:8]
    rules = "".join(
        f".{name} .{part[0]}-{_css_name(role)}{{{part}:var(--{_css_name(role)})}}"
        for part, role in sorted(roles)
    )
    switch = f"@media (prefers-color-scheme:dark){{.{name}{{{values(dark)}}}}}"
    return f"<style>.{name}{{{values(light)}}}{switch}{rules}</style>", f' class="{name}"'


def _css_name(role: str) -> str:
    return role.replace("/", "-")


@lru_cache(maxsize=65536)  # rows and columns: the same numbers come again and again
def _n(value: float) -> str:
    """A coordinate with at most two decimals.

    Example:
        >>> _n(12.0), _n(0.125), _n(-0.001)
        ('12', '0.12', '0')
    """
    if value == (whole := int(value)):
        return str(whole)
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


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


class _Painter:
    """Shapes to elements in the colours of one theme, or of two.

    Attributes:
        roles: Every (``"fill"`` or ``"stroke"``, role) that was used.
        patterns: Every (pattern, fill colour) that was used.
    """

    def __init__(self, theme: GraphTheme, *, is_switching: bool) -> None:
        self.roles: set[tuple[str, str]] = set()
        self.patterns: set[tuple[str, str]] = set()
        self._theme = theme
        self._is_switching = is_switching
        self._looks: dict[tuple[str | None, str | None, float], str] = {}
        self._heads: dict[tuple[str, float, bool], str] = {}

    def shape(self, shape: Shape) -> str:
        """One shape as text."""
        if isinstance(shape, Cluster):
            return self._cluster(shape)
        if isinstance(shape, Rect):
            return self._rect(shape)
        return self._polyline(shape) if isinstance(shape, Polyline) else self._label(shape)

    def look(self, fill: str | None, stroke: str | None, line_width: float) -> str:
        """The attributes of a fill and an outline, each a role or None."""
        key = fill, stroke, line_width
        if key not in self._looks:
            self._looks[key] = self._new_look(fill, stroke, line_width)
        return self._looks[key]

    def _new_look(self, fill: str | None, stroke: str | None, line_width: float) -> str:
        used = [(part, role) for part, role in (("fill", fill), ("stroke", stroke)) if role]
        text = ""
        if self._is_switching and used:
            self.roles.update(used)
            classes = " ".join(f"{part[0]}-{_css_name(role)}" for part, role in used)
            text = f' class="{classes}"'
        text += f' fill="{self._fill(fill)}"'
        if stroke:
            width = _n(line_width * self._theme.line_scale)
            text += f' stroke="{self._theme.color(stroke)}" stroke-width="{width}"'
        return text

    def _fill(self, role: str | None) -> str:
        if role is None:
            return "none"
        color, pattern = self._theme.color(role), self._theme.pattern(role)
        if not pattern or self._is_switching:
            return color
        self.patterns.add((pattern, color))
        return f"url(#introspect-{pattern}-{color[1:]})"

    def _cluster(self, cluster: Cluster) -> str:
        inner = "".join(self.shape(item) for item in cluster.items)
        title = f"<title>{escape(cluster.title)}</title>" if cluster.title else ""
        if cluster.description:
            title += f"<desc>{escape(cluster.description)}</desc>"
        role = f' class="{cluster.role}" role="img"' if cluster.role else ""
        return f"<g{role}>{title}{inner}</g>"

    def _rect(self, rect: Rect) -> str:
        paint = self.look(rect.fill, rect.stroke, rect.line_width) + _dash(rect.dash)
        if all(rect.corners):
            radius = f' rx="{_n(rect.radius)}"' if rect.radius else ""
            place = f'x="{_n(rect.x)}" y="{_n(rect.y)}"'
            size = f'width="{_n(rect.width)}" height="{_n(rect.height)}"'
            return f"<rect {place} {size}{radius}{paint}/>"
        return f'<path d="{_partly_round(rect)}"{paint}/>'

    def _polyline(self, line: Polyline) -> str:
        points, head = line.points, ""
        if line.arrow:
            points, corners = arrow_head(points)
            tip, left, right = (f"{_n(x)} {_n(y)}" for x, y in corners)
            head = f'<path d="M{tip}L{left}L{right}Z"{self.look(line.stroke, None, 0)}/>'
        path = f"M{_n(points[0][0])} {_n(points[0][1])}"
        for start, corner, end in rounded(points, line.radius):
            path += f"L{_n(start[0])} {_n(start[1])}"
            path += f"Q{_n(corner[0])} {_n(corner[1])} {_n(end[0])} {_n(end[1])}"
        path += f"L{_n(points[-1][0])} {_n(points[-1][1])}"
        paint = self.look(None, line.stroke, line.line_width) + _dash(line.dash)
        return f'<path d="{path}"{paint}/>{head}'

    def _label(self, label: Label) -> str:
        place = f'x="{_n(label.x)}" y="{_n(label.y)}"'
        if label.anchor != "start":
            place += f' text-anchor="{label.anchor}"'
        halo = ""
        if label.halo:
            # beneath, and not paint-order: printers and old viewers do not know that
            look = self.look(label.halo, label.halo, 3 / self._theme.line_scale)
            words = "".join(self._span(span, is_halo=True) for span in label.spans)
            halo = f'<text {place}{look} stroke-linejoin="round" aria-hidden="true">{words}</text>'
        if len(label.spans) == 1:
            span = label.spans[0]
            return f"{halo}<text {place}{self._font(span)}>{escape(span.text)}</text>"
        return f"{halo}<text {place}>{''.join(map(self._span, label.spans))}</text>"

    def _span(self, span: Span, *, is_halo: bool = False) -> str:
        font = self._font(span, is_halo=is_halo)
        return f"<tspan{font}>{escape(span.text)}</tspan>"

    def _font(self, span: Span, *, is_halo: bool = False) -> str:
        key = "" if is_halo else span.color, span.size, span.bold
        if key not in self._heads:
            bold = ' font-weight="700"' if span.bold else ""
            look = "" if is_halo else self.look(span.color, None, 0)
            self._heads[key] = f' font-size="{_n(span.size)}"{look}{bold}'
        return self._heads[key]


def _dash(dash: tuple[float, ...]) -> str:
    return f' stroke-dasharray="{" ".join(map(_n, dash))}"' if dash else ""


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
