"""Boxes -> indented text, one line a box: what a terminal shows of an outline."""

from collections.abc import Sequence

from introspect.graph.outline.box import Box, Shape
from introspect.graph.outline.inset import Inset
from introspect.graph.outline.labels import PLAIN_CONTAINERS, by_times, short_count

Row = tuple[str, str, str]
"""Words, shape, parameters."""


def in_columns(head: str, rows: Sequence[Row], parts: Sequence[tuple[Inset, Sequence[Row]]]) -> str:
    """The rows of an outline and of its insets, aligned with each other."""
    every = [row for some in (rows, *(below for _, below in parts)) for row in some]
    width = max((len(left) for left, _, _ in every), default=0)
    shapes = max((len(shape) for _, shape, _ in every), default=0)

    def lines(some: Sequence[Row]) -> list[str]:
        return [
            f"{left:<{width}}  {shape:>{shapes}}  {count}".rstrip() for left, shape, count in some
        ]

    text = [printable(head), *lines(rows)]
    for inset, below in parts:
        note = f"  ({inset.note})" if inset.note else ""
        text += ["", printable(f"{inset.mark}  {inset.title}{note}"), *lines(below)]
    return "\n".join(text)


def to_rows(root: Box, batch: int | None) -> list[Row]:
    """A line for every box below `root`, indented as it is nested."""
    found: list[Row] = []
    todo = [(child, 1) for child in reversed(root.children)]
    while todo:
        box, level = todo.pop()
        left = "  " * level + printable(_words(box))
        count = short_count(box.parameters) if box.parameters else ""
        found.append((left, "" if box.kind == "group" else sizes(box.shape, batch), count))
        todo += [(child, level + 1) for child in reversed(box.children)]
    return found


def _words(box: Box) -> str:
    strips = ", ".join(strip.text for strip in (*box.before, *box.after))
    words = [
        box.written_name,
        "" if box.module in PLAIN_CONTAINERS else box.module,
        box.badge,
        "" if box.kind == "group" else box.detail,
        f"+ {strips}" if strips else "",
        f"({box.inset})" if box.inset else "",
    ]
    return " ".join(word for word in words if word)


def printable(text: str) -> str:
    r"""The text with what a terminal would obey written out.

    Example:
        >>> printable("a\x1b[2Jb\n")
        'a\\x1b[2Jb\\n'
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def sizes(shape: Shape, batch: int | None) -> str:
    """A shape as a picture writes it: without the batch dimension.

    Example:
        >>> sizes((8, 64, 56, 56), 8), sizes((), None), sizes(None, 8)
        ('64×56×56', 'scalar', '')
    """
    if shape is None:
        return ""
    if len(shape) > 1 and shape[0] == batch:
        shape = shape[1:]
    return by_times(shape) if shape else "scalar"
