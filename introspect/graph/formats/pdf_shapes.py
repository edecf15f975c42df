"""Rectangles, lines and labels onto a page of PDF; y is turned upside down.

Not here: pages, sheets and bookmarks (``pdf``).
"""

from itertools import groupby
from typing import Any

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfgen.canvas import Canvas as Page

from introspect.graph.formats.patterns import TILE, line_width, lines_over
from introspect.graph.formats.pdf_fonts import FONTS
from introspect.graph.formats.svg import arrow_head, rounded
from introspect.graph.layout.measure import text_width
from introspect.nouns.drawing import Label, Point, Polyline, Rect, Span
from introspect.theme import GraphTheme

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
    """Shapes to operators of a page; PDF's y grows upwards, a drawing's downwards.

    Paths and colours are written as operators (ISO 32000-1, Annex A): through reportlab's
    path objects they take three times as long. What many shapes share is written once
    and moved: the outline of a card, a run of words.

    Attributes:
        operators: What was painted, for the page's content.
    """

    def __init__(self, page: Page, theme: GraphTheme, height: float) -> None:
        self.operators: list[str] = []
        self._document = page._doc  # noqa: SLF001  splitString asks for it
        self._theme = theme
        self._height = height
        self._colors: dict[str, str] = {}
        self._rects: dict[tuple[Any, ...], str] = {}
        self._lines: dict[tuple[Any, ...], str] = {}
        self._pens: dict[tuple[Any, ...], str] = {}
        self._runs: dict[tuple[bool, float, str], str] = {}
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
            self._colors[role] = _numbers(self._theme.color(role))
        return self._colors[role]

    def _rect(self, rect: Rect) -> None:
        pattern = self._theme.pattern(rect.fill) if rect.fill else ""
        look = rect.fill, rect.stroke, rect.line_width, rect.dash
        key = (rect.width, rect.height, rect.radius, rect.corners, *look)
        painted = self._rects.get(key)
        if painted is None:
            painted = self._rects[key] = self._painted(rect, is_filled=not pattern)
        place = f"q 1 0 0 1 {rect.x:.2f} {self._height - rect.y:.2f} cm"
        if pattern:
            path = f"{_outline(rect)} {self._color(rect.fill or '')} rg f"
            self.operators += [f"{place} {path} Q", *self._hatch(rect, place, pattern)]
        self.operators.append(f"{place} {painted} Q")

    def _painted(self, rect: Rect, *, is_filled: bool) -> str:
        """A rectangle with its upper left corner at (0, 0), in its colours."""
        paint = {(True, True): "B", (True, False): "f", (False, True): "S", (False, False): "n"}
        has_fill = is_filled and rect.fill is not None
        fill = f"{self._color(rect.fill)} rg " if has_fill and rect.fill else ""
        pen = self._pen(rect.stroke, rect.line_width, rect.dash) if rect.stroke else ""
        return f"{fill}{pen} {_outline(rect)} {paint[has_fill, rect.stroke is not None]}".lstrip()

    def _pen(self, stroke: str, line_width: float, dash: tuple[float, ...]) -> str:
        key = stroke, line_width, dash
        if key not in self._pens:
            pen = f"{self._color(stroke)} RG {line_width * self._theme.line_scale:g} w"
            dashes = f" [{' '.join(f'{length:g}' for length in dash)}] 0 d" if dash else ""
            self._pens[key] = pen + dashes
        return self._pens[key]

    def _hatch(self, rect: Rect, place: str, pattern: str) -> list[str]:
        """The lines of a pattern, clipped to the rectangle."""
        width = line_width(pattern)
        pen = f"{_numbers(self._theme.hatch)} RG {width:g} w"
        if pattern == "dots":
            pen += f" [{width:g} {TILE - width:g}] {-(TILE - width) / 2 % TILE:g} d"
        lines = lines_over(pattern, rect.x, rect.y, rect.x + rect.width, rect.y + rect.height)
        back = f"1 0 0 1 {-rect.x:.2f} {rect.y - self._height:.2f} cm"  # patterns lie on the page
        high = self._height
        drawn = (
            f"{x0:.2f} {high - y0:.2f} m {x1:.2f} {high - y1:.2f} l" for x0, y0, x1, y1 in lines
        )
        return [f"{place} {_outline(rect)} W n {back} {pen}", *drawn, "S Q"]

    def _polyline(self, line: Polyline) -> None:
        (left, top), look = line.points[0], (line.stroke, line.line_width, line.radius, line.dash)
        steps = tuple([(round(x - left, 2), round(y - top, 2)) for x, y in line.points])
        key = (steps, line.arrow, *look)
        drawn = self._lines.get(key)
        if drawn is None:
            drawn = self._lines[key] = self._drawn(line, steps)
        self.operators.append(f"q 1 0 0 1 {left:.2f} {self._height - top:.2f} cm {drawn} Q")

    def _drawn(self, line: Polyline, points: tuple[Point, ...]) -> str:
        """A line that begins at (0, 0), in its colour, with its arrow head."""
        head = ""
        if line.arrow:
            points, (tip, left, right) = arrow_head(points)
            head = (
                f"{self._color(line.stroke)} rg {_at(*tip)} m {_at(*left)} l {_at(*right)} l h f "
            )
        path = f"{_at(*points[0])} m "
        for start, (x, y), end in rounded(points, line.radius):
            # the corner of a quadratic curve as the two control points of a cubic one
            first, second = ((2 * x + at_x, 2 * y + at_y) for at_x, at_y in (start, end))
            path += f"{_at(*start)} l {_at(first[0] / 3, first[1] / 3)} "
            path += f"{_at(second[0] / 3, second[1] / 3)} {_at(*end)} c "
        pen = self._pen(line.stroke, line.line_width, line.dash)
        return f"{head}{pen} {path}{_at(*points[-1])} l S"

    def _label(self, label: Label) -> None:
        widths = [text_width(span.text, span.size, bold=span.bold) for span in label.spans]
        x = label.x - {"start": 0.0, "middle": 0.5, "end": 1.0}[label.anchor] * sum(widths)
        if label.halo:
            # an artefact: outlines behind words are nothing to be read or copied
            pen = f"{self._color(label.halo)} RG 3 w 1 j"
            self.operators.append(f"/Span <</ActualText <FEFF>>> BDC {pen}")
            self._write(label, x, widths, mode=1)
            self.operators.append("EMC 0 j")
        self._write(label, x, widths, mode=0)

    def _write(self, label: Label, x: float, widths: list[float], *, mode: int) -> None:
        for span, width in zip(label.spans, widths, strict=True):
            color = f"{self._color(span.color)} rg " if mode == 0 else ""
            is_written = (span.bold, span.size, span.text) in self._runs
            glyphs = self._fonts[span.bold].face.charToGlyph
            if is_written or glyphs.keys() >= set(map(ord, span.text)):
                self._run(span, span.text, x, label.y, mode, color)
            else:
                self.operators.append(color)
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
                self.operators.append(f"/Span <</ActualText <{code}>>> BDC")
            self._run(span, text if is_known else _NO_GLYPH * len(text), x, y, mode)
            if not is_known and mode == 0:
                self.operators.append("EMC")
            x += text_width(text, span.size, bold=span.bold)

    def _run(
        self, span: Span, written: str, x: float, y: float, mode: int, color: str = ""
    ) -> None:
        key = span.bold, span.size, written
        words = self._runs.get(key)
        if words is None:
            font, document = self._fonts[span.bold], self._document
            words = self._runs[key] = "".join(
                f"{font.getSubsetInternalName(subset, document)} {span.size:g} Tf "
                f"<{chunk.hex()}> Tj "
                for subset, chunk in font.splitString(written, document)
            )
        # 1 strokes; the mode outlives the text object, so that it is put back
        before, after = ("1 Tr ", "0 Tr ") if mode else ("", "")
        place = f"{x:.2f} {self._height - y:.2f} Td"
        self.operators.append(f"{color}BT {before}{place} {words}{after}ET")


def _at(x: float, y: float) -> str:
    """A place beside (0, 0), with y upside down.

    Example:
        >>> _at(12.5, 3.14159), _at(0, 0)
        ('12.5 -3.1416', '0 0')
    """
    return f"{x:.5g} {0.0 - y:.5g}"


def _outline(rect: Rect) -> str:
    """The path of a rectangle whose upper left corner is (0, 0)."""
    width, height = rect.width, rect.height
    if not rect.radius:
        return f"0 0 {width:.2f} {-height:.2f} re"
    bend, at = 1 - _CIRCLE, _at
    tl, tr, br, bl = (rect.radius if is_round else 0.0 for is_round in rect.corners)
    return (
        f"{at(tl, 0)} m {at(width - tr, 0)} l "
        f"{at(width - tr * bend, 0)} {at(width, tr * bend)} {at(width, tr)} c "
        f"{at(width, height - br)} l "
        f"{at(width, height - br * bend)} "
        f"{at(width - br * bend, height)} {at(width - br, height)} c "
        f"{at(bl, height)} l "
        f"{at(bl * bend, height)} {at(0, height - bl * bend)} {at(0, height - bl)} c "
        f"{at(0, tl)} l "
        f"{at(0, tl * bend)} {at(tl * bend, 0)} {at(tl, 0)} c h"
    )


def _numbers(color: str) -> str:
    """A hex colour as the three shares of an operator.

    Example:
        >>> _numbers("#FF8000")
        '1 0.502 0'
    """
    return " ".join(f"{round(int(color[k : k + 2], 16) / 255, 4):.3g}" for k in (1, 3, 5))
