"""Text -> its width in points, from the font that ships inside matplotlib.

Pictures are measured and drawn in DejaVu Sans, so that the same graph gives the same
picture on every machine. The widths of usual letters are a constant (``advances``); those of others
are read from the font's tables: a fraction of a millisecond, where a font library takes 25.

Format: OpenType 1.9, tables ``head``, ``hhea``, ``hmtx`` and ``cmap`` (format 4).
"""

import struct
from bisect import bisect_left
from functools import cache, lru_cache
from importlib.util import find_spec
from pathlib import Path

from introspect.errors import MissingExtraError
from introspect.graph.layout.advances import ADVANCES, LETTERS, UNITS_PER_EM

_FILES = {False: "DejaVuSans.ttf", True: "DejaVuSans-Bold.ttf"}
_UNKNOWN_EM = 0.6  # a character that the font does not have is drawn by another font
_NEEDED = frozenset({b"head", b"hhea", b"hmtx", b"cmap"})
_UNICODE, _SEGMENTS = ((3, 1), (0, 3)), 4  # platform and encoding; the cmap format


@cache
def font_file(*, bold: bool) -> Path:
    """The TrueType file of DejaVu Sans; matplotlib itself is not imported."""
    spec = find_spec("matplotlib")
    if spec is None or spec.origin is None:
        raise MissingExtraError(
            "the font of the pictures ships inside matplotlib, which is not installed.",
            hint="pip install matplotlib",
        )
    return Path(spec.origin).parent / "mpl-data" / "fonts" / "ttf" / _FILES[bold]


def _tables(file: Path) -> dict[bytes, bytes]:
    """The tables that widths need: 80 kB of a font of 750."""
    with file.open("rb", buffering=0) as font:
        count = struct.unpack_from(">H", font.read(12), 4)[0]
        directory = font.read(16 * count)
        found = {}
        for k in range(count):
            name, _, offset, length = struct.unpack_from(">4sIII", directory, 16 * k)
            if name in _NEEDED:
                font.seek(offset)
                found[name] = font.read(length)
    return found


class _Widths(dict[str, float]):
    """Character -> advance width in em; unusual ones are read from the font when asked for."""

    def __init__(self, *, bold: bool) -> None:
        shares = [advance / UNITS_PER_EM for advance in ADVANCES[bold]]
        super().__init__(zip(LETTERS, shares, strict=True))
        self._bold = bold
        self._map = b""

    def _read(self) -> None:
        """Open the font: for a letter that is none of the usual ones."""
        tables = _tables(font_file(bold=self._bold))
        self._advances, self._map = tables[b"hmtx"], self._segments(tables[b"cmap"])
        self._em = struct.unpack_from(">H", tables[b"head"], 18)[0]
        self._metrics = struct.unpack_from(">H", tables[b"hhea"], 34)[0]
        half = struct.unpack_from(">H", self._map, 6)[0] // 2
        self._count = half
        self._ends = struct.unpack_from(f">{half}H", self._map, 14)

    def _segments(self, table: bytes) -> bytes:
        """The character map of the basic plane."""
        for k in range(struct.unpack_from(">H", table, 2)[0]):
            platform, encoding, offset = struct.unpack_from(">HHI", table, 4 + 8 * k)
            kind = struct.unpack_from(">H", table, offset)[0]
            if (platform, encoding) in _UNICODE and kind == _SEGMENTS:
                return table[offset:]
        raise MissingExtraError(
            "the font of the pictures has no character map that could be read.",
            hint="reinstall matplotlib",
        )

    def __missing__(self, letter: str) -> float:
        if not self._map:
            self._read()
        glyph = self._glyph(ord(letter)) if ord(letter) <= 0xFFFF else 0
        width = _UNKNOWN_EM
        if glyph:
            place = 4 * min(glyph, self._metrics - 1)
            width = struct.unpack_from(">H", self._advances, place)[0] / self._em
        self[letter] = width
        return width

    def _glyph(self, code: int) -> int:
        """Number of a character's glyph, or 0."""
        half, k = self._count, bisect_left(self._ends, code)
        starts = 16 + 2 * half
        start, delta, offset = (
            struct.unpack_from(">H", self._map, starts + 2 * (k + part * half))[0]
            for part in range(3)
        )
        if code < start:
            return 0
        if not offset:
            return (code + delta) & 0xFFFF
        place = starts + 2 * (k + 2 * half) + offset + 2 * (code - start)
        glyph = struct.unpack_from(">H", self._map, place)[0]
        return (glyph + delta) & 0xFFFF if glyph else 0


@cache
def _widths(*, bold: bool) -> _Widths:
    return _Widths(bold=bold)


@lru_cache(maxsize=65536)  # a network says the same words again and again
def text_width(text: str, size: float, *, bold: bool = False) -> float:
    """Width in points of one line of DejaVu Sans at `size` points.

    Example:
        >>> round(text_width("conv1", 10), 1), text_width("", 10)
        (30.2, 0.0)
    """
    widths = _widths(bold=bold)
    return sum([widths[letter] for letter in text], 0.0) * size


def shortened(text: str, width: float, size: float, *, bold: bool = False) -> str:
    """The text, or as much of it as fits into `width` points with an ellipsis."""
    if text_width(text, size, bold=bold) <= width:
        return text
    while text and text_width(text + "…", size, bold=bold) > width:
        text = text[:-1]
    return text + "…"
