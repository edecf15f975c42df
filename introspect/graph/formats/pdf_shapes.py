"""Rectangles, lines and labels onto a page of PDF; y is turned upside down.

Not here: pages, sheets and bookmarks (``pdf``).
"""

from itertools import groupby
from typing import Any

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfgen.canvas import Canvas as Page

from introspect.graph.formats.patterns import TILE, line_width, lines_over
from introspect.graph.formats.svg import arrow_head, rounded
from introspect.graph.layout.measure import text_width
from introspect.nouns.drawing import Label, Point, Polyline, Rect, Span
from introspect.theme import GraphTheme

FONTS = {False: "IntrospectSans", True: "IntrospectSans-Bold"}
_NO_GLYPH = "\ufffe"  # no character at all, so every font draws its empty box
_CIRCLE = 0.5523  # control points of a quarter circle, 4/3 (sqrt 2 - 1)


def overlaps(
    shape: Rect | Polyline | Label, left: float, top: float, width: float, height: float
) -> bool:
    """Whether any of a shape may be seen in a part of the drawing."""
    if isinstance(shape, Rect):
        x0, y0, x1, y1 = shape.x, shape.y, shape.x + shape.width, shape.y + shape.height
    elif isinstance(shape, Polyline):
        xs, ys = zip(*shape.points, strict=True)
        x0, y0, x1, y1 = min(xs), min(ys), max(xs), max(ys)
    else:
        wide = sum(text_width(span.text, span.size, bold=span.bold) for span in shape.spans)
        x0 = shape.x - {"start": 0.0, "middle": 0.5, "end": 1.0}[shape.anchor] * wide
        tall = max((span.size for span in shape.spans), default=0.0)
        x1, y0, y1 = x0 + wide, shape.y - tall, shape.y + tall / 2
    edge = 4.0  # arrow heads, outlines
    return (
        x0 - edge < left + width
        and x1 + edge > left
        and y0 - edge < top + height
        and y1 + edge > top
    )


class Painter:
    """Shapes onto a page; PDF's y grows upwards, a drawing's downwards.

    Paths and colours are written as operators (ISO 32000-1, Annex A): through reportlab's
    path objects they take three times as long.
    """

    def __init__(self, page: Page, theme: GraphTheme, height: float) -> None:
        self.page = page
        self.theme = theme
        self.height = height
        self._colors: dict[str, str] = {}
        self._runs: dict[tuple[bool, str], list[tuple[str, str]]] = {}
        self._fonts: dict[bool, Any] = {
            bold: pdfmetrics.getFont(name) for bold, name in FONTS.items()
        }

    def paint(self, shape: Rect | Polyline | Label) -> None:
        """Draw one shape."""
        if isinstance(shape, Rect):
            self._rect(shape)
        elif isinstance(shape, Polyline):
            self._polyline(shape)
        else:
            self._label(shape)

    def _color(self, role: str) -> str:
        """The three numbers of a colour operator."""
        if role not in self._colors:
            self._colors[role] = _numbers(self.theme.color(role))
        return self._colors[role]

    def _at(self, x: float, y: float) -> str:
        return f"{x:.2f} {self.height - y:.2f}"

    def _rect(self, rect: Rect) -> None:
        path = self._outline(rect)
        pattern = self.theme.pattern(rect.fill) if rect.fill else ""
        operators = []
        if rect.fill:
            operators.append(f"{self._color(rect.fill)} rg")
        if rect.fill and pattern:
            operators += [path, "f", *self._hatch(rect, path, pattern)]
        if rect.stroke:
            operators += self._pen(rect.stroke, rect.line_width, rect.dash)
        is_filled = rect.fill is not None and not pattern
        paint = {(True, True): "B", (True, False): "f", (False, True): "S", (False, False): "n"}
        operators += [path, paint[is_filled, rect.stroke is not None]]
        if rect.stroke and rect.dash:
            operators.append("[] 0 d")
        self.page.addLiteral("\n".join(operators))

    def _pen(self, stroke: str, line_width: float, dash: tuple[float, ...]) -> list[str]:
        pen = [f"{self._color(stroke)} RG {line_width * self.theme.line_scale:g} w"]
        return [*pen, f"[{' '.join(f'{length:g}' for length in dash)}] 0 d"] if dash else pen

    def _outline(self, rect: Rect) -> str:
        x0, x1, y0, y1 = rect.x, rect.x + rect.width, rect.y, rect.y + rect.height
        at, bend = self._at, 1 - _CIRCLE
        if not rect.radius:
            return f"{at(x0, y0)} m {at(x1, y0)} l {at(x1, y1)} l {at(x0, y1)} l h"
        tl, tr, br, bl = (rect.radius if is_round else 0.0 for is_round in rect.corners)
        return (
            f"{at(x0 + tl, y0)} m {at(x1 - tr, y0)} l "
            f"{at(x1 - tr * bend, y0)} {at(x1, y0 + tr * bend)} {at(x1, y0 + tr)} c "
            f"{at(x1, y1 - br)} l "
            f"{at(x1, y1 - br * bend)} {at(x1 - br * bend, y1)} {at(x1 - br, y1)} c "
            f"{at(x0 + bl, y1)} l "
            f"{at(x0 + bl * bend, y1)} {at(x0, y1 - bl * bend)} {at(x0, y1 - bl)} c "
            f"{at(x0, y0 + tl)} l "
            f"{at(x0, y0 + tl * bend)} {at(x0 + tl * bend, y0)} {at(x0 + tl, y0)} c h"
        )

    def _hatch(self, rect: Rect, path: str, pattern: str) -> list[str]:
        """The lines of a pattern, clipped to the rectangle."""
        width = line_width(pattern)
        pen = f"{_numbers(self.theme.hatch)} RG {width:g} w"
        if pattern == "dots":
            pen += f" [{width:g} {TILE - width:g}] {-(TILE - width) / 2 % TILE:g} d"
        lines = lines_over(pattern, rect.x, rect.y, rect.x + rect.width, rect.y + rect.height)
        drawn = (f"{self._at(x0, y0)} m {self._at(x1, y1)} l" for x0, y0, x1, y1 in lines)
        return ["q", path, "W n", pen, *drawn, "S", "Q"]

    def _polyline(self, line: Polyline) -> None:
        points, at = line.points, self._at
        operators = []
        if line.arrow:
            points, (tip, left, right) = arrow_head(points)
            head = f"{at(*tip)} m {at(*left)} l {at(*right)} l h f"
            operators += [f"{self._color(line.stroke)} rg", head]
        operators += self._pen(line.stroke, line.line_width, line.dash)
        path = f"{at(*points[0])} m"
        for start, corner, end in rounded(points, line.radius):
            first, second = at(*_third(start, corner)), at(*_third(end, corner))
            path += f" {at(*start)} l {first} {second} {at(*end)} c"
        operators.append(f"{path} {at(*points[-1])} l S")
        if line.dash:
            operators.append("[] 0 d")
        self.page.addLiteral("\n".join(operators))

    def _label(self, label: Label) -> None:
        widths = [text_width(span.text, span.size, bold=span.bold) for span in label.spans]
        x = label.x - {"start": 0.0, "middle": 0.5, "end": 1.0}[label.anchor] * sum(widths)
        if label.halo:
            # an artefact: outlines behind words are nothing to be read or copied
            pen = f"{self._color(label.halo)} RG 3 w 1 j"
            self.page.addLiteral(f"/Span <</ActualText <FEFF>>> BDC {pen}")
            self._write(label, x, widths, mode=1)
            self.page.addLiteral("EMC 0 j")
        self._write(label, x, widths, mode=0)

    def _write(self, label: Label, x: float, widths: list[float], *, mode: int) -> None:
        for span, width in zip(label.spans, widths, strict=True):
            if mode == 0:
                self.page.addLiteral(f"{self._color(span.color)} rg")
            glyphs = self._fonts[span.bold].face.charToGlyph
            if span.text.isascii() or all(ord(letter) in glyphs for letter in span.text):
                self._run(span, span.text, x, label.y, mode)
            else:
                self._broken_run(span, x, label.y, mode, glyphs)
            x += width

    def _broken_run(
        self, span: Span, x: float, y: float, mode: int, glyphs: dict[int, int]
    ) -> None:
        """Letters that the font does not have are its empty box, and are copied as themselves."""
        for is_known, letters in groupby(span.text, lambda letter: ord(letter) in glyphs):
            text = "".join(letters)
            if not is_known and mode == 0:
                code = ("\ufeff" + text).encode("utf-16-be", "replace").hex().upper()
                self.page.addLiteral(f"/Span <</ActualText <{code}>>> BDC")
            self._run(span, text if is_known else _NO_GLYPH * len(text), x, y, mode)
            if not is_known and mode == 0:
                self.page.addLiteral("EMC")
            x += text_width(text, span.size, bold=span.bold)

    def _run(self, span: Span, written: str, x: float, y: float, mode: int) -> None:
        key = span.bold, written
        if key not in self._runs:
            font, document = self._fonts[span.bold], self.page._doc  # noqa: SLF001  splitString asks for it
            self._runs[key] = [
                (font.getSubsetInternalName(subset, document), chunk.hex())
                for subset, chunk in font.splitString(written, document)
            ]
        words = "".join(f"{name} {span.size:g} Tf <{code}> Tj " for name, code in self._runs[key])
        # 1 strokes; the mode outlives the text object, so that it is put back
        before, after = ("1 Tr ", "0 Tr ") if mode else ("", "")
        self.page.addLiteral(f"BT {before}1 0 0 1 {self._at(x, y)} Tm {words}{after}ET")


def _numbers(color: str) -> str:
    """A hex colour as the three shares of an operator.

    Example:
        >>> _numbers("#FF8000")
        '1 0.502 0'
    """
    return " ".join(f"{round(int(color[k : k + 2], 16) / 255, 4):.3g}" for k in (1, 3, 5))


def _third(end: Point, corner: Point) -> Point:
    """A quadratic curve's corner as one of the two control points of the cubic."""
    return end[0] + (corner[0] - end[0]) * 2 / 3, end[1] + (corner[1] - end[1]) * 2 / 3
