"""A table of words -> aligned text for a terminal."""

import shutil
import textwrap
from collections.abc import Sequence
from itertools import zip_longest

from introspect.graph.summary.cells import Line, Table

_LEAST_NAME = 24
_GAP = "  "


def as_text(table: Table, *, width: int | None) -> str:
    """The table with its totals, as wide as it needs to be.

    Args:
        table: In words.
        width: Characters in a line; None for the terminal's. If the rows need more, names are
            cut, down to 24 characters.
    """
    room = shutil.get_terminal_size().columns if width is None else width
    names = [_name(line) for line in table.lines]
    columns = list(zip(table.headings, *(line.cells for line in table.lines), strict=True))
    widths = [max(map(len, column)) for column in columns]
    taken = sum(len(_GAP) + size for size in widths)
    longest = max(map(len, ["Module", *names]))
    name_width = min(longest, max(_LEAST_NAME, room - taken))
    rule = "─" * (name_width + taken)
    head = _row("Module", table.headings, name_width, widths)
    rows = [
        _row(name, line.cells, name_width, widths)
        for name, line in zip(names, table.lines, strict=True)
    ]
    below = [rule, *_totals(table, max(room, len(rule)))]
    for note in table.notes:
        below += ["", *textwrap.wrap(note, max(room, len(rule)))]
    return "\n".join([head, rule, *rows, *below])


def _name(line: Line) -> str:
    words = " ".join(word for word in (line.name, line.module, line.times) if word)
    return line.branch + words


def _row(name: str, cells: tuple[str, ...], name_width: int, widths: list[int]) -> str:
    if len(name) > name_width:
        name = name[: name_width - 1] + "…"
    written = [f"{cell:>{width}}" for cell, width in zip(cells, widths, strict=True)]
    return _GAP.join([f"{name:<{name_width}}", *written]).rstrip()


def _totals(table: Table, room: int) -> list[str]:
    """The groups side by side if they fit, else below each other."""
    blocks = [_aligned(group) for group in table.totals]
    sizes = [max(map(len, block)) for block in blocks]
    if sum(sizes) + 4 * (len(blocks) - 1) > room:
        return _aligned([entry for group in table.totals for entry in group])
    rows = (
        "    ".join(f"{cell:<{size}}" for cell, size in zip(row, sizes, strict=True))
        for row in zip_longest(*blocks, fillvalue="")
    )
    return [row.rstrip() for row in rows]


def _aligned(group: Sequence[tuple[str, str]]) -> list[str]:
    words = max(len(word) for word, _ in group)
    values = max(len(value) for _, value in group)
    return [f"{word:<{words}}  {value:>{values}}" for word, value in group]
