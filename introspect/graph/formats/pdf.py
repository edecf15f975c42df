"""Drawing -> vector PDF with selectable text, through reportlab: one page, or sheets of paper.

The fonts are embedded as subsets, so a page looks the same everywhere; no system font is
read and no clock, so the same drawing gives the same bytes. A character that the font does
not have is drawn as a box and copied as itself (ActualText, ISO 32000-1, 14.9.4). A page is
at most 14,400 points (Annex C): a larger drawing is scaled to fit.

Cost: 40 us a box with its lines and words, and 20 ms for the fonts of the first picture.
"""

import io
import zlib
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from reportlab import rl_config
from reportlab.lib.colors import HexColor
from reportlab.pdfbase.pdfdoc import PDFStream, PDFStreamFilterZCompress
from reportlab.pdfgen.canvas import Canvas as Page

from introspect.graph.collector import collector_paused
from introspect.graph.formats.pdf_fonts import register
from introspect.graph.formats.pdf_shapes import Painter, overlaps
from introspect.graph.paper import MARGIN_PT, OVERLAP_PT, READABLE_SCALE, Tiling, one_sheet, tiled
from introspect.nouns.drawing import Cluster, Drawing, Label, Rect, Shape, Span
from introspect.theme import GraphTheme

LARGEST_PAGE_PT = 14_400.0
_LEVEL = 3


def to_pdf(
    drawing: Drawing, theme: GraphTheme, *, fit: str | None = None, tiles: bool = False
) -> bytes:
    """The drawing as a PDF file.

    Args:
        drawing: In points.
        theme: Its colours.
        fit: ``"A4"``, ``"A3"`` or ``"letter"``, upright or across as suits the drawing; None for
            one page of the drawing's own size.
        tiles: With `fit`: over several sheets to be glued together, instead of one.

    Raises:
        FormatError: If there is no such sheet.
    """
    with collector_paused():
        return _written(drawing, theme, fit, tiles=tiles)


def _written(drawing: Drawing, theme: GraphTheme, fit: str | None, *, tiles: bool) -> bytes:
    register()
    tiling = _tiling(drawing, fit, tiles=tiles)
    buffer = io.BytesIO()
    page = Page(buffer, pagesize=(tiling.width, tiling.height), invariant=True)
    page.setTitle(drawing.title)
    page.setSubject(drawing.description)
    page.setCreator("introspect")
    writer = _Writer(page, drawing, theme, tiling)
    for row in range(tiling.rows):
        for column in range(tiling.columns):
            writer.paint_sheet(column, row)
    with _binary_streams():
        page.save()
    return buffer.getvalue()


@contextmanager
def _binary_streams() -> Generator[None]:
    """Compressed streams as they are: written as ASCII they are a quarter larger."""
    config: Any = rl_config  # fills itself when it is imported, which no type checker sees
    before = config.useA85
    config.useA85 = 0
    try:
        yield
    finally:
        config.useA85 = before


def _tiling(drawing: Drawing, fit: str | None, *, tiles: bool) -> Tiling:
    if fit is None:
        scale = min(1.0, LARGEST_PAGE_PT / max(drawing.width, drawing.height))
        return Tiling(drawing.width * scale, drawing.height * scale, scale, 1, 1, margin=0.0)
    single = one_sheet(drawing, fit)
    if not tiles or single.scale >= 1:
        return single
    return tiled(drawing, fit, READABLE_SCALE)


class _Deflate(PDFStreamFilterZCompress):
    """A third of the time of zlib's usual level for a sixth more bytes."""

    def encode(self, text: str | bytes) -> bytes:
        """A page's operators as they stand in the file."""
        return zlib.compress(text.encode() if isinstance(text, str) else text, _LEVEL)


class _Writer:
    """One drawing onto the sheets of one file."""

    def __init__(self, page: Page, drawing: Drawing, theme: GraphTheme, tiling: Tiling) -> None:
        self._page = page
        self._drawing = drawing
        self._theme = theme
        self._tiling = tiling
        self._marks = dict(enumerate(_bookmarks(drawing)))
        if self._marks:
            page.showOutline()

    def paint_sheet(self, column: int, row: int) -> None:
        """The part of the drawing that one sheet shows, and marks where it joins others."""
        page, tiling = self._page, self._tiling
        left, top, width, height = tiling.part(column, row)
        page.saveState()
        self._fill_and_clip()
        page.translate(self._left() - left * tiling.scale, tiling.height - tiling.margin)
        page.scale(tiling.scale, tiling.scale)
        page.translate(0, top - self._drawing.height)
        painter = Painter(page, self._theme, self._drawing.height)
        is_whole = tiling.columns * tiling.rows == 1
        paint = painter.paint
        for shape in self._drawing.walk():
            if is_whole or overlaps(shape, left, top, width, height):
                paint(shape)
        page.addLiteral("\n".join(painter.operators))
        page.restoreState()
        self._bookmark(left, top, width, height)
        if not is_whole:
            self._joining_marks(column, row)
        page.showPage()
        made = page._doc.Pages.pages[-1]  # noqa: SLF001  reportlab lets no one choose how to deflate
        made.Contents = PDFStream(content=made.stream, filters=[_Deflate()])

    def _left(self) -> float:
        """Where the drawing begins on a sheet: one that fits stands in the middle."""
        spare = self._tiling.inner[0] - self._drawing.width * self._tiling.scale
        return self._tiling.margin + max(0.0, spare / 2) * (self._tiling.columns == 1)

    def _fill_and_clip(self) -> None:
        """A page of its own is filled whole; on paper nothing is drawn over the margins."""
        page, tiling = self._page, self._tiling
        page.setFillColor(HexColor(self._theme.page))
        if tiling.margin == 0 or self._theme.is_dark:
            page.rect(0, 0, tiling.width, tiling.height, stroke=0, fill=1)
        if tiling.margin:
            path = page.beginPath()
            path.rect(tiling.margin, tiling.margin, *tiling.inner)
            page.clipPath(path, stroke=0, fill=0)

    def _joining_marks(self, column: int, row: int) -> None:
        """Ticks in the margins where the neighbour begins, and which sheet this is."""
        page, tiling = self._page, self._tiling
        width, height = tiling.width, tiling.height
        page.setStrokeColor(HexColor(self._theme.soft))
        page.setFillColor(HexColor(self._theme.soft))
        page.setLineWidth(0.5)
        page.setDash(2, 2)
        near, tick = MARGIN_PT + OVERLAP_PT, MARGIN_PT - 4
        for x, is_joined in ((near, column > 0), (width - near, column < tiling.columns - 1)):
            if is_joined:
                page.line(x, 4, x, tick)
                page.line(x, height - tick, x, height - 4)
        for y, is_joined in ((height - near, row > 0), (near, row < tiling.rows - 1)):
            if is_joined:
                page.line(4, y, tick, y)
                page.line(width - tick, y, width - 4, y)
        page.setDash()
        name = f"row {row + 1} of {tiling.rows}, column {column + 1} of {tiling.columns}"
        painter = Painter(page, self._theme, height)
        painter.paint(Label(width / 2, height - 9, (Span(name, 7.0, "soft"),), "middle"))
        page.addLiteral("\n".join(painter.operators))

    def _bookmark(self, left: float, top: float, width: float, height: float) -> None:
        """Entries of the table of contents for the groups that begin on this sheet."""
        tiling = self._tiling
        for number, (title, frame) in list(self._marks.items()):
            x, y = frame.x - left, frame.y - top
            if 0 <= x < width and 0 <= y < height:
                del self._marks[number]  # sheets overlap: the first one has it
                key = f"group-{number}"
                place = self._left() + x * tiling.scale, tiling.margin + y * tiling.scale
                down = tiling.height - place[1]
                self._page.bookmarkPage(key, fit="XYZ", left=place[0], top=down, zoom=0)
                self._page.addOutlineEntry(title, key, level=0)


def _bookmarks(drawing: Drawing) -> list[tuple[str, Rect]]:
    """The outermost groups: title and frame."""
    found: list[tuple[str, Rect]] = []
    for shape in drawing.shapes:
        frame = _frame(shape)
        if frame is None or not isinstance(shape, Cluster):
            continue
        # the last one first: what a group holds comes after it
        if not any(_holds(outer, frame) for _, outer in reversed(found)):
            found.append((shape.title, frame))
    return found


def _frame(shape: Shape) -> Rect | None:
    if not isinstance(shape, Cluster) or shape.role != "group" or not shape.title:
        return None
    return next((item for item in reversed(shape.items) if isinstance(item, Rect)), None)


def _holds(outer: Rect, inner: Rect) -> bool:
    return (
        outer.x <= inner.x
        and outer.y <= inner.y
        and outer.x + outer.width >= inner.x + inner.width
        and outer.y + outer.height >= inner.y + inner.height
    )
