"""HTML and SVG that users pass, to panels: words, tables, sounds and films as what they are.

Everything else goes into a frame in which no script runs and nothing is fetched.

Not here: the frame (``introspect.nouns.panels.FramePanel``).
"""

import html
import re
from html.parser import HTMLParser
from typing import Any

from introspect.canvas.markup import words_of
from introspect.canvas.ticks import clean
from introspect.canvas.words import markdown_lines
from introspect.compat.visdom.pixels import audio_of, video_of
from introspect.nouns.panels import (
    AudioPanel,
    FramePanel,
    Panel,
    TablePanel,
    TextPanel,
    VideoPanel,
)
from introspect.nouns.values import Table, Text

_TABLE = re.compile(
    r"\s*(?:<style>.*?</style>)?\s*(<table class='visdom-table'>.*</table>)\s*", re.DOTALL
)
_TAG = re.compile(r"<[a-zA-Z!/]")
_CAPTION = re.compile(r"</(?:audio|video)>\s*<p>(.*?)</p>", re.DOTALL)
_MOST_PX = 2000


def panel_of_markup(text: str, title: str, height_px: Any = None) -> Panel:
    r"""What shows a text.

    Args:
        text: Words, HTML or SVG.
        title: Above it.
        height_px: What was asked for; or None.

    Example:
        >>> type(panel_of_markup("a <b>bold</b> word", "")).__name__
        'FramePanel'
        >>> panel_of_markup("3 * 4<br>is 12", "").data
        ['3 * 4\n\nis 12']
    """
    if "<audio" in text and (sound := audio_of(text, _caption(text))) is not None:
        return AudioPanel("", None, [sound], title=title)
    if "<video" in text and (film := video_of(text, _caption(text))) is not None:
        return VideoPanel("", None, [film], title=title)
    if found := _TABLE.fullmatch(text):
        return TablePanel("", None, [_table(found[1])], title=title)
    words = _words(text)
    if words is not None:
        return TextPanel("", None, [words], title=title)
    known = isinstance(height_px, int | float) and 1 <= height_px <= _MOST_PX
    return FramePanel("", None, [text], height_px=round(height_px) if known else None, title=title)


def plain_text(text: str) -> Text:
    """The words of some markup, for a history."""
    return Text("\n".join(line.words for line in words_of(text)))


def _words(text: str) -> str | None:
    """Text without markup as paragraphs; None if it has markup, or Markdown would read some."""
    plain = re.sub(r"<br\s*/?>", "\n\n", text)
    if _TAG.search(plain):
        return None
    words = "\n\n".join(" ".join(part.split()) for part in html.unescape(plain).split("\n\n"))
    shown = [part for part in words.split("\n\n") if part]
    lines = markdown_lines(words)
    same = [line.words for line in lines] == [clean(part) for part in shown]
    return words if same and all(line.look == "plain" for line in lines) else None


def _caption(text: str) -> str:
    found = _CAPTION.search(text)
    return html.unescape(found[1]) if found else ""


def _table(text: str) -> Table:
    reader = _Rows()
    reader.feed(text)
    columns, *rows = reader.rows or [[]]
    whole = [row for row in rows if len(row) == len(columns)]
    return Table(tuple(columns), tuple(tuple(row) for row in whole))


class _Rows(HTMLParser):
    """Rows of cells, as elements begin and end."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.rows: list[list[str]] = []
        self._is_in_cell = False

    def handle_starttag(self, tag: str, attrs: object) -> None:
        del attrs
        if tag == "tr":
            self.rows.append([])
        elif tag in {"td", "th"} and self.rows:
            self.rows[-1].append("")
            self._is_in_cell = True

    def handle_endtag(self, tag: str) -> None:
        if tag in {"td", "th"}:
            self._is_in_cell = False

    def handle_data(self, data: str) -> None:
        if self._is_in_cell:
            self.rows[-1][-1] += data
