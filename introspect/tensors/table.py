"""Rows of a comparison to text and HTML.

Not here: what the numbers mean (``introspect.tensors.compare``).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape
from math import isnan
from typing import Any, Literal

from introspect.canvas.ticks import clean, format_count, format_percent, format_value

Kind = Literal["text", "count", "share", "number"]


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its key in a row, what stands over it, how its cells are written."""

    name: str
    heading: str
    kind: Kind = "number"

    def write(self, value: Any) -> str:
        """A cell as people read it; what is unknown as a dash."""
        if value is None or (isinstance(value, float) and isnan(value)):
            return "–"
        if self.kind == "text":
            return clean(value)
        if self.kind == "count":
            return format_count(value)
        return format_percent(value) if self.kind == "share" else format_value(value)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Table:
    """Rows that print themselves: aligned text, and HTML in a notebook.

    Attributes:
        columns: What each row holds.
        rows: Each a mapping of `Column.name` to its value, numbers unrounded.

    Example:
        >>> table = Table((Column("key", "key", "text"), Column("n", "n", "count")),
        ...               ({"key": "weights/fc.bias", "n": 64},))
        >>> table
        key               n
        weights/fc.bias  64
        >>> table[0]["n"], table.column("key")
        (64, ['weights/fc.bias'])
    """

    columns: tuple[Column, ...]
    rows: tuple[Mapping[str, Any], ...]

    def column(self, name: str) -> list[Any]:
        """The values of one column.

        Raises:
            KeyError: If there is none of that name.
        """
        if name not in {column.name for column in self.columns}:
            raise KeyError(name)
        return [row[name] for row in self.rows]

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> Mapping[str, Any]:
        return self.rows[index]

    def __iter__(self) -> Iterator[Mapping[str, Any]]:
        return iter(self.rows)

    def _cells(self) -> list[list[str]]:
        """Every cell as text; the first column is said once for rows that share it."""
        cells = [[column.write(row[column.name]) for column in self.columns] for row in self.rows]
        for row in range(len(cells) - 1, 0, -1):
            if cells[row][0] == cells[row - 1][0]:
                cells[row][0] = ""
        return cells

    def __repr__(self) -> str:
        lines = [[column.heading for column in self.columns], *self._cells()]
        widths = [max(map(len, texts)) for texts in zip(*lines, strict=True)]
        return "\n".join(
            "  ".join(
                text.ljust(width) if column.kind == "text" else text.rjust(width)
                for text, width, column in zip(line, widths, self.columns, strict=True)
            ).rstrip()
            for line in lines
        )

    def _repr_html_(self) -> str:
        """Hairlines, numbers to the right; the colours are those of the page."""
        head = _html_row("th", [column.heading for column in self.columns], self.columns)
        body = "".join(_html_row("td", cells, self.columns) for cells in self._cells())
        style = "border-collapse:collapse;font-variant-numeric:tabular-nums"
        return f'<table style="{style}"><thead>{head}</thead><tbody>{body}</tbody></table>'


def _html_row(tag: str, texts: list[str], columns: tuple[Column, ...]) -> str:
    cells = []
    for text, column in zip(texts, columns, strict=True):
        side = "left" if column.kind == "text" else "right"
        style = f"text-align:{side};padding:3px 8px;white-space:nowrap"
        cells.append(f'<{tag} style="{style}">{escape(text)}</{tag}>')
    line = "border-bottom:1px solid rgba(128,128,128,.3)" if texts[0] or tag == "th" else ""
    return f'<tr style="{line.replace("bottom", "bottom" if tag == "th" else "top")}">' + (
        "".join(cells) + "</tr>"
    )
