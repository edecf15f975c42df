"""DejaVu Sans for reportlab, with its tables read in one go.

reportlab reads a font number by number, 18 ms for each face; here the same tables are unpacked
whole, 2 ms for each. What it makes of them, the embedded subset, is its own.

Format: OpenType 1.9, tables ``cmap`` (format 12), ``hmtx`` and ``loca``.

Not here: where letters go (``pdf_shapes``), widths of words (``introspect.graph.layout.measure``).
"""

import struct
from typing import Any
from weakref import WeakKeyDictionary

from reportlab import rl_settings
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTEncoding, TTFont, TTFontFace, TTFontFile

from introspect.graph.layout.measure import font_file

FONTS = {False: "IntrospectSans", True: "IntrospectSans-Bold"}
"""Bold or not, to the name that reportlab knows the font by."""

_GROUPS = 12  # the format of a character map
_PER_EM = 1000.0  # PDF measures glyphs in thousandths of the font size
_SPACE, _NO_BREAK_SPACE = 0x20, 0xA0


def register() -> None:
    """Make the two fonts known to reportlab; once in a process."""
    for bold, name in FONTS.items():
        if name not in pdfmetrics.getRegisteredFontNames():
            file = str(font_file(bold=bold))
            font = _Font(name, file)
            pdfmetrics.registerFont(font if font.face.charToGlyph else TTFont(name, file))


class _Face(TTFontFace):
    """A face whose letters are read at once; what it holds is what reportlab would have read."""

    def __init__(self, filename: str) -> None:
        pdfmetrics.TypeFace.__init__(self, None)
        TTFontFile.__init__(self, filename, charInfo=0)  # 0 leaves out what is read below
        self.charToGlyph: dict[int, int] = _letters(self.get_table("cmap"))
        if _SPACE in self.charToGlyph:
            self.charToGlyph[_NO_BREAK_SPACE] = self.charToGlyph[_SPACE]
        self.hmetrics = self._metrics()
        self.defaultWidth = self._width(0)
        is_long = self._is_long()
        offsets = struct.unpack_from(
            f">{self.numGlyphs + 1}{'L' if is_long else 'H'}", self.get_table("loca")
        )
        self.glyphPos = offsets if is_long else tuple(2 * offset for offset in offsets)

    def getCharWidth(self, code: int) -> float:  # noqa: N802  reportlab's name
        """Width of a character in thousandths of the font size."""
        return self._width(self.charToGlyph.get(code, 0))

    def _width(self, glyph: int) -> float:
        return self.hmetrics[glyph][0] * (_PER_EM / self.unitsPerEm)

    def _metrics(self) -> list[tuple[int, int]]:
        """Advance width and left bearing of each glyph; the last width holds for the rest."""
        wide = struct.unpack_from(">H", self.get_table("hhea"), 34)[0]
        rest = self.numGlyphs - wide
        numbers = struct.unpack_from(f">{2 * wide + rest}H", self.get_table("hmtx"))
        pairs = list(zip(numbers[: 2 * wide : 2], numbers[1 : 2 * wide : 2], strict=True))
        return pairs + [(pairs[-1][0], bearing) for bearing in numbers[2 * wide :]]

    def _is_long(self) -> bool:
        return struct.unpack_from(">H", self.get_table("head"), 50)[0] == 1


class _Font(TTFont):
    """reportlab's font around our face: what its own constructor sets, without the slow reading."""

    def __init__(self, name: str, filename: str) -> None:
        self.fontName = name
        self.face = _Face(filename)
        self.encoding = TTEncoding()
        self.state: WeakKeyDictionary[Any, Any] = WeakKeyDictionary()
        self._asciiReadable = rl_settings.ttfAsciiReadable
        self.shapable = False  # letters stand where they were measured


def _letters(table: bytes) -> dict[int, int]:
    """Code point to glyph, of the map that knows all planes; empty if there is none."""
    count = struct.unpack_from(">H", table, 2)[0]
    offsets = [struct.unpack_from(">I", table, 8 + 8 * k)[0] for k in range(count)]
    starts = [at for at in offsets if struct.unpack_from(">H", table, at)[0] == _GROUPS]
    found: dict[int, int] = {}
    for start in starts[:1]:
        groups = struct.unpack_from(">I", table, start + 12)[0]
        numbers = struct.unpack_from(f">{3 * groups}I", table, start + 16)
        for first, last, glyph in zip(numbers[::3], numbers[1::3], numbers[2::3], strict=True):
            codes = range(first, last + 1)
            found.update(zip(codes, range(glyph, glyph + len(codes)), strict=True))
    return found
