"""Tables and Markdown to cells and lines of plain words.

Not here: type and hairlines (``introspect.canvas.paint_words``, ``text_words``).
"""

import math
import re
from dataclasses import dataclass
from typing import Any, Literal

from introspect.canvas.newest import stated_step
from introspect.canvas.ticks import clean, format_count, format_value
from introspect.errors import CanvasError
from introspect.nouns.panels import TablePanel, TextPanel


@dataclass(frozen=True, slots=True)
class TableView:
    """Cells as text.

    Attributes:
        title: Cleaned for one line.
        how: The grey words after it.
        columns: Heads.
        rows: Rows of texts.
        right: For each column whether it holds numbers, which stand right.
        best: (row, column) of cells that are bold.
    """

    title: str
    how: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    right: tuple[bool, ...]
    best: frozenset[tuple[int, int]]


def table_view(panel: TablePanel) -> TableView:
    """What a table panel shows.

    Raises:
        CanvasError: If the newest value has no columns and rows.
    """
    value: Any = panel.data[-1] if len(panel.data) else None
    columns, rows = getattr(value, "columns", ()), getattr(value, "rows", ())
    if value is not None and not hasattr(value, "rows"):
        raise CanvasError("this is no table.", given=type(value).__name__, hint="Table.of(rows)")
    shown = rows[: panel.limit]
    right = tuple(_is_numeric([row[at] for row in rows]) for at in range(len(columns)))
    left = len(rows) - len(shown)
    words = [f"first {len(shown)} of {format_count(len(rows))} rows" if left else ""]
    words.append(stated_step(panel.steps))
    return TableView(
        title=clean(panel.title) or clean(panel.name),
        how=", ".join(word for word in words if word),
        columns=tuple(map(clean, columns)),
        rows=tuple(tuple(_cell(entry) for entry in row) for row in shown),
        right=right,
        best=_best(panel, tuple(columns), rows, len(shown)),
    )


def _is_numeric(entries: list[Any]) -> bool:
    known = [entry for entry in entries if entry is not None]
    return bool(known) and all(
        isinstance(e, int | float) and not isinstance(e, bool) for e in known
    )


def _cell(entry: Any) -> str:
    if entry is None:
        return "–"
    if isinstance(entry, bool):
        return "yes" if entry else "no"
    if isinstance(entry, int):
        return format_count(entry) if abs(entry) < 10**15 else str(entry)
    return format_value(entry) if isinstance(entry, float) else clean(entry)


def _best(
    panel: TablePanel, columns: tuple[str, ...], rows: Any, shown: int
) -> frozenset[tuple[int, int]]:
    found: set[tuple[int, int]] = set()
    for name, way in panel.best:
        if name not in columns:
            continue
        at = columns.index(name)
        known = [
            (float(row[at]), i)
            for i, row in enumerate(rows)
            if isinstance(row[at], int | float) and not math.isnan(row[at])
        ]
        if known:
            best = (min if way == "min" else max)(value for value, _ in known)
            found |= {(i, at) for value, i in known if value == best and i < shown}
    return frozenset(found)


Look = Literal["plain", "head", "item", "code", "rule", "quote"]


@dataclass(frozen=True, slots=True)
class Line:
    """One paragraph of a text.

    Attributes:
        words: Without marks; spaces are kept in code.
        look: How it is set.
        depth: Of a list item, or the level of a head.
        mark: What stands before an item.
    """

    words: str
    look: Look = "plain"
    depth: int = 0
    mark: str = ""


@dataclass(frozen=True, slots=True)
class TextView:
    """Markdown without marks.

    Attributes:
        title: Cleaned for one line.
        how: The grey words after it.
        lines: Paragraphs.
    """

    title: str
    how: str
    lines: tuple[Line, ...]


def text_view(panel: TextPanel) -> TextView:
    """What a text panel shows."""
    value: Any = panel.data[-1] if len(panel.data) else ""
    text = getattr(value, "text", value)
    title = clean(panel.title) or clean(panel.name)
    return TextView(title, stated_step(panel.steps), markdown_lines(str(text)))


def markdown_lines(text: str) -> tuple[Line, ...]:
    r"""Paragraphs, heads, items, quotes and code of a Markdown text; HTML is dropped.

    Example:
        >>> for line in markdown_lines("# Run\nbest **so** far\n- [a](javascript:x) <b>b</b>"):
        ...     print(line.look, line.words)
        head Run
        plain best so far
        item a b
    """
    lines: list[Line] = []
    in_code = False
    open_paragraph = False
    for raw in text[:200_000].splitlines():
        stripped = raw.strip()
        if stripped.startswith(("```", "~~~")):
            in_code, open_paragraph = not in_code, False
        elif in_code:
            lines.append(Line("".join(c for c in raw.expandtabs(4) if c.isprintable()), "code"))
        elif not stripped:
            open_paragraph = False
        else:
            line = _line(raw, stripped)
            if line.look == "plain" and open_paragraph:
                line = Line(f"{lines.pop().words} {line.words}", "plain")
            lines.append(line)
            open_paragraph = line.look == "plain"
    return tuple(lines)


_HEAD = re.compile(r"(#{1,6})\s+(.*?)\s*#*$")
_ITEM = re.compile(r"(\s*)([-*+]|\d{1,9}[.)])\s+(.*)$")
_RULE = re.compile(r"([-*_])(\s*\1){2,}$")
_MARKS = (
    (re.compile(r"!\[([^\]]*)\]\([^)]*\)"), r"\1"),
    (re.compile(r"\[([^\]]*)\]\([^)]*\)"), r"\1"),
    (re.compile(r"</?[A-Za-z!][^<>]*>"), ""),
    (re.compile(r"(\*\*|__)(?=\S)(.+?)(?<=\S)\1"), r"\2"),
    (re.compile(r"(?<![\w*])([*_])(?=\S)(.+?)(?<=\S)\1(?![\w*])"), r"\2"),
    (re.compile(r"`([^`]*)`"), r"\1"),
)


def _line(raw: str, stripped: str) -> Line:
    if _RULE.match(stripped):
        return Line("", "rule")
    if head := _HEAD.match(stripped):
        return Line(_plain(head[2]), "head", depth=len(head[1]))
    if item := _ITEM.match(raw.expandtabs(4)):
        mark = item[2] if item[2][0].isdigit() else "•"
        return Line(_plain(item[3]), "item", depth=len(item[1]) // 2, mark=mark)
    if stripped.startswith(">"):
        return Line(_plain(stripped.lstrip("> ")), "quote")
    return Line(_plain(stripped))


def _plain(text: str) -> str:
    for pattern, kept in _MARKS:
        text = pattern.sub(kept, text)
    return clean(text)
