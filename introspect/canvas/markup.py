"""HTML and SVG of a user's to its words, and to the height that it asks for.

``markup -> TextView`` for still pictures and terminals, which show what it says and not how it
looks. Scripts, styles and comments say nothing.

Cost: one pass over the text, of which the first 200,000 letters count.

Not here: the frame that shows it in a browser (``web/canvas/media.ts``).
"""

import re
from html.parser import HTMLParser
from typing import Any

from introspect.canvas.newest import stated_step
from introspect.canvas.ticks import clean
from introspect.canvas.words import Line, Look, TextView
from introspect.nouns.panels import FramePanel

_MOST_LETTERS = 200_000
_HEADS = ("h1", "h2", "h3", "h4", "h5", "h6")
_SILENT = frozenset({"script", "style", "head", "template", "metadata", "defs"})
_INLINE = frozenset(
    "a abbr b bdi bdo cite code em font i kbd mark q s samp small span strong sub sup "
    "tspan u var wbr".split()
)


def frame_view(panel: FramePanel) -> TextView:
    """What a still picture shows of a frame."""
    value: Any = panel.data[-1] if len(panel.data) else ""
    title = clean(panel.title) or clean(panel.name)
    return TextView(title, stated_step(panel.steps), words_of(str(getattr(value, "text", value))))


def words_of(html: str) -> tuple[Line, ...]:
    """Heads, items and paragraphs of some markup.

    Example:
        >>> for line in words_of("<h1>Run</h1><p>best <b>so</b> far<script>x()</script><li>one"):
        ...     print(line.look, line.words)
        head Run
        plain best so far
        item one
    """
    reader = _Reader()
    reader.feed(html[:_MOST_LETTERS])
    reader.close()
    reader.end_line()
    return tuple(reader.lines)


def stated_height_px(html: str) -> int | None:
    """The height in CSS pixels that a single SVG, or an element before all others, gives itself.

    Example:
        >>> stated_height_px('<svg width="90" height="72pt"><g/></svg>')
        96
        >>> stated_height_px('<svg viewBox="0 0 90 40"/>'), stated_height_px("<b>words</b>")
        (40, None)
    """
    found = re.search(r"<(?![!?/])([a-zA-Z]+)([^<>]*)", html[:_MOST_LETTERS])
    if found is None:
        return None
    stated = re.search(
        r"(?<![\w-])height\s*[=:]\s*[\"']?\s*([\d.]{1,12})(px|pt|in)?(?![\w.%])", found[2]
    )
    if stated is None and found[1].lower() == "svg":
        stated = re.search(r"viewBox\s*=\s*[\"'](?:[-\d.]+[\s,]+){3}([\d.]{1,12})()", found[2])
    if stated is None:
        return None
    try:
        wanted = float(stated[1]) * {"pt": 96 / 72, "in": 96.0}.get(stated[2] or "", 1.0)
    except ValueError:  # two points in a number
        return None
    return min(max(round(wanted), 1), 2000)


class _Reader(HTMLParser):
    """Lines of words, as elements begin and end."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.lines: list[Line] = []
        self._words = ""
        self._look: Look = "plain"
        self._depth = 0
        self._silent: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        del attrs
        if tag in _SILENT:
            self._silent.append(tag)
        if tag in {"td", "th"}:
            self._words += "  "
        elif tag not in _INLINE:
            self.end_line()
        if tag in _HEADS:
            self._look, self._depth = "head", int(tag[1])
        elif tag == "li":
            self._look, self._depth = "item", 0

    def handle_startendtag(self, tag: str, attrs: object) -> None:
        del attrs
        if tag not in _INLINE:
            self.end_line()

    def handle_endtag(self, tag: str) -> None:
        if tag in self._silent:
            del self._silent[self._silent.index(tag) :]
        if tag not in _INLINE and tag not in {"td", "th"}:
            self.end_line()

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self._words += data

    def end_line(self) -> None:
        """What was said since the last line is a line."""
        words = clean(" ".join(self._words.split()))
        if words:
            self.lines.append(
                Line(words, self._look, self._depth, "•" if self._look == "item" else "")
            )
        self._words, self._look, self._depth = "", "plain", 0
