"""A label of DOT, plain or HTML-like -> lines of plain text.

Format: https://graphviz.org/doc/info/attrs.html#k:escString and shapes.html#html.
"""

import html
import re
from dataclasses import dataclass
from typing import Literal

Align = Literal["start", "middle", "end"]

_ALIGNS: dict[str, Align] = {"n": "middle", "l": "start", "r": "end"}
_BREAK = re.compile(r"\\([nlr])|\n")
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_ROW = re.compile(r"</tr\s*>|<br[^>]*/?>", re.IGNORECASE)
_TAG = re.compile(r"<[^>]*>")
_RIGHT = re.compile(r"align\s*=\s*['\"]right['\"]", re.IGNORECASE)
_RULE = re.compile(r"-{3,}")
_ATTRIBUTE = re.compile(r"(\w+) *: *(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a label.

    Attributes:
        text: What is written, at `align` of the box.
        value: Written at the right end of the same line, or "".
        is_rule: Whether it is a thin line and no text.
    """

    text: str
    align: Align = "middle"
    value: str = ""
    is_rule: bool = False


def lines(label: str, name: str) -> list[Line]:
    r"""The lines of a label.

    Args:
        label: As it stands in the text, HTML-like ones in ``<...>``.
        name: Of the node, for which ``\N`` stands.

    Example:
        >>> [line.text for line in lines("<<b>Conv</b><br/>x3>", "a")]
        ['Conv', 'x3']
        >>> lines("Add\n----\nalpha: 1", "a")[2]
        Line(text='alpha', align='start', value='1', is_rule=False)
    """
    if label.startswith("<") and label.endswith(">"):
        return _of_html(label[1:-1])
    found: list[Line] = []
    place = 0
    label = label.replace("\\N", name)
    for stop in _BREAK.finditer(label):
        found.append(Line(_plain(label[place : stop.start()]), _ALIGNS[stop[1] or "n"]))
        place = stop.end()
    if label[place:] or not found:
        found.append(Line(_plain(label[place:])))
    first = next((k for k, line in enumerate(found) if line.text), 0)
    return _as_table(found[first:])  # torchviz writes an empty line where a tensor has no name


def _plain(text: str) -> str:
    return _ESCAPE.sub(r"\1", text).strip()


def _of_html(text: str) -> list[Line]:
    rows = [row for row in _ROW.split(text) if _TAG.sub("", row).strip()]
    return [
        Line(
            " ".join(html.unescape(_TAG.sub("", row)).split()),
            "end" if _RIGHT.search(row) else "middle",
        )
        for row in rows
    ] or [Line("")]


def _as_table(found: list[Line]) -> list[Line]:
    """Rows of ``name : value`` under a row of dashes, as torchviz writes attributes."""
    rule = next((k for k, line in enumerate(found) if _RULE.fullmatch(line.text)), None)
    if not rule:
        return found
    table = [*found[:rule], Line("", is_rule=True)]
    for line in found[rule + 1 :]:
        parts = _ATTRIBUTE.fullmatch(line.text)
        table.append(Line(parts[1], "start", parts[2]) if parts else line)
    return table
