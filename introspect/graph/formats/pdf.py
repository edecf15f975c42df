"""Drawing -> one vector page of PDF with selectable text, through reportlab.

The fonts are embedded as subsets, so the page looks the same everywhere. A PDF page is at
most 14,400 points (ISO 32000-1, Annex C): a larger drawing is scaled to fit.
"""

import io

from reportlab.lib.colors import Color, HexColor
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas as Page

from introspect.graph.formats.svg import arrow_head, rounded
from introspect.graph.layout.measure import font_file, text_width
from introspect.nouns.drawing import Drawing, Label, Point, Polyline, Rect
from introspect.theme import GraphTheme

_LARGEST_PAGE_PT = 14_400.0
_FONTS = {False: "IntrospectSans", True: "IntrospectSans-Bold"}
_CIRCLE = 0.5523  # control points of a quarter circle, 4/3 (sqrt 2 - 1)


def to_pdf(drawing: Drawing, theme: GraphTheme) -> bytes:
    """The drawing as a PDF file of one page."""
    for bold, name in _FONTS.items():
        if name not in pdfmetrics.getRegisteredFontNames():
            pdfmetrics.registerFont(TTFont(name, str(font_file(bold=bold))))
    scale = min(1.0, _LARGEST_PAGE_PT / max(drawing.width, drawing.height))
    size = drawing.width * scale, drawing.height * scale
    buffer = io.BytesIO()
    page = Page(buffer, pagesize=size, invariant=True)  # no clock: the same bytes every time
    page.setTitle(drawing.title)
    page.setSubject(drawing.description)
    page.setCreator("introspect")
    page.setFillColor(HexColor(theme.page))
    page.rect(0, 0, *size, stroke=0, fill=1)
    page.scale(scale, scale)
    painter = _Painter(page, theme, drawing.height)
    for shape in drawing.walk():
        painter.paint(shape)
    page.showPage()
    page.save()
    return buffer.getvalue()


class _Painter:
    """Shapes onto a page; PDF's y grows upwards, a drawing's downwards."""

    def __init__(self, page: Page, theme: GraphTheme, height: float) -> None:
        self.page = page
        self.theme = theme
        self.height = height

    def paint(self, shape: Rect | Polyline | Label) -> None:
        """Draw one shape."""
        if isinstance(shape, Rect):
            self._rect(shape)
        elif isinstance(shape, Polyline):
            self._polyline(shape)
        else:
            self._label(shape)

    def _color(self, role: str) -> Color:
        return HexColor(self.theme.color(role))

    def _up(self, point: Point) -> Point:
        return point[0], self.height - point[1]

    def _rect(self, rect: Rect) -> None:
        x0, x1 = rect.x, rect.x + rect.width
        y0, y1 = self.height - rect.y, self.height - rect.y - rect.height
        tl, tr, br, bl = (rect.radius if is_round else 0.0 for is_round in rect.corners)
        path, bend = self.page.beginPath(), 1 - _CIRCLE
        path.moveTo(x0 + tl, y0)
        path.lineTo(x1 - tr, y0)
        path.curveTo(x1 - tr * bend, y0, x1, y0 - tr * bend, x1, y0 - tr)
        path.lineTo(x1, y1 + br)
        path.curveTo(x1, y1 + br * bend, x1 - br * bend, y1, x1 - br, y1)
        path.lineTo(x0 + bl, y1)
        path.curveTo(x0 + bl * bend, y1, x0, y1 + bl * bend, x0, y1 + bl)
        path.lineTo(x0, y0 - tl)
        path.curveTo(x0, y0 - tl * bend, x0 + tl * bend, y0, x0 + tl, y0)
        path.close()
        if rect.fill:
            self.page.setFillColor(self._color(rect.fill))
        if rect.stroke:
            self.page.setStrokeColor(self._color(rect.stroke))
            self.page.setLineWidth(rect.line_width)
        self.page.drawPath(path, stroke=bool(rect.stroke), fill=bool(rect.fill))

    def _polyline(self, line: Polyline) -> None:
        points = line.points
        color = self._color(line.stroke)
        if line.arrow:
            points, corners = arrow_head(points)
            head = self.page.beginPath()
            head.moveTo(*self._up(corners[0]))
            head.lineTo(*self._up(corners[1]))
            head.lineTo(*self._up(corners[2]))
            head.close()
            self.page.setFillColor(color)
            self.page.drawPath(head, stroke=0, fill=1)
        path = self.page.beginPath()
        path.moveTo(*self._up(points[0]))
        for start, corner, end in rounded(points, line.radius):
            path.lineTo(*self._up(start))
            first = _third(start, corner)
            second = _third(end, corner)
            path.curveTo(*self._up(first), *self._up(second), *self._up(end))
        path.lineTo(*self._up(points[-1]))
        self.page.setStrokeColor(color)
        self.page.setLineWidth(line.line_width)
        self.page.drawPath(path, stroke=1, fill=0)

    def _label(self, label: Label) -> None:
        widths = [text_width(span.text, span.size, bold=span.bold) for span in label.spans]
        x = label.x - {"start": 0.0, "middle": 0.5, "end": 1.0}[label.anchor] * sum(widths)
        if label.halo:
            self.page.setStrokeColor(self._color(label.halo))
            self.page.setLineWidth(3)
            self.page.setLineJoin(1)
            self._write(label, x, widths, mode=1)
            self.page.setLineJoin(0)
        self._write(label, x, widths, mode=0)

    def _write(self, label: Label, x: float, widths: list[float], *, mode: int) -> None:
        for span, width in zip(label.spans, widths, strict=True):
            text = self.page.beginText(x, self.height - label.y)
            text.setFont(_FONTS[span.bold], span.size)
            text.setTextRenderMode(mode)  # 0 fills, 1 strokes
            if mode == 0:
                text.setFillColor(self._color(span.color))
            text.textOut(span.text)
            text.setTextRenderMode(0)
            self.page.drawText(text)
            x += width


def _third(end: Point, corner: Point) -> Point:
    """A quadratic curve's corner as one of the two control points of the cubic."""
    return end[0] + (corner[0] - end[0]) * 2 / 3, end[1] + (corner[1] - end[1]) * 2 / 3
