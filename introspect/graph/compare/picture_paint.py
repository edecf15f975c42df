"""An Outline of what changed -> a Drawing: counts above, both architectures, a legend below.

Not here: what is in the outline (``picture_outline``), the boxes (``graph.layout.shapes``).
"""

from collections.abc import Mapping, Sequence

from introspect.graph.compare.merge_tree import REMOVED
from introspect.graph.compare.picture_outline import LOOKS
from introspect.graph.layout import arrange_page
from introspect.graph.layout.legend import Overlay
from introspect.graph.layout.measure import text_width
from introspect.graph.layout.node import Direction, Node
from introspect.graph.layout.paint import Painter
from introspect.graph.layout.shapes import mark_shapes
from introspect.graph.outline import Outline
from introspect.graph.outline.box import Box
from introspect.nouns.drawing import Drawing, Label, Point, Polyline, Rect, Shape, Span
from introspect.theme import DIFF_FAMILIES

_MARGIN, _HEAD, _ROW, _DISC = 22.0, 78.0, 16.0, 5.5
_TITLE, _CHIP, _SMALL = 15.0, 9.5, 8.5
_BETWEEN = 16.0
_DASH = (3.0, 2.5)


def paint(
    outline: Outline,
    *,
    direction: Direction,
    legend: bool,
    chips: Sequence[tuple[str, str]],
    remarks: Sequence[str],
    notes: Mapping[Box, str],
) -> Drawing:
    """The picture of an outline of what changed.

    Args:
        outline: Its boxes have marks.
        direction: Of the flow.
        legend: Whether to say below what the marks mean.
        chips: Mark and words, for the line under the title: ``("+", "8 added")``.
        remarks: Lines below the picture.
        notes: What a reader who cannot see a box hears.
    """
    page = arrange_page(outline, direction)
    chips_width = sum(_chip_width(text) for _, text in chips)
    words = [text_width(line, _SMALL) for line in (outline.subtitle, *remarks)]
    title = text_width(outline.title, _TITLE, bold=True)
    inner = max([page.width, title, chips_width, *words])
    left = _MARGIN + max((inner - page.width) / 2, 0)
    painter = Painter(direction, outline.batch, Overlay(notes=notes))
    body = _with_ghost_wires(painter.paint(page.root, left, _HEAD), page.root, left, _HEAD)
    foot, bottom = _foot(outline, _HEAD + page.height + 20, legend=legend, remarks=remarks)
    return Drawing(
        width=inner + 2 * _MARGIN,
        height=bottom + 8,
        shapes=(*_head(outline, chips), *body, *foot),
        title=outline.title,
        description="; ".join([*(text for _, text in chips), outline.subtitle]),
    )


def _head(outline: Outline, chips: Sequence[tuple[str, str]]) -> list[Shape]:
    shapes: list[Shape] = [
        Label(_MARGIN, 26, (Span(outline.title, _TITLE, "ink", bold=True),)),
        Label(_MARGIN, 62, (Span(outline.subtitle, _SMALL, "soft"),)),
    ]
    x = _MARGIN
    for mark, text in chips:
        shapes += mark_shapes(mark, x + _DISC, 42)
        span = Span(text, _CHIP, "ink", bold=mark != "=")
        shapes.append(Label(x + 2 * _DISC + 4, 45.4, (span,)))
        x += _chip_width(text)
    return shapes


def _chip_width(text: str) -> float:
    return 2 * _DISC + 4 + text_width(text, _CHIP, bold=True) + _BETWEEN


def _foot(
    outline: Outline, top: float, *, legend: bool, remarks: Sequence[str]
) -> tuple[list[Shape], float]:
    """Remarks, then the legend; and where they end."""
    shapes: list[Shape] = []
    for line in remarks:
        shapes.append(Label(_MARGIN, top + 7.6, (Span(line, _SMALL, "soft"),)))
        top += 13.0
    top += 9.0 if remarks else 0.0
    if not legend:
        return shapes, top
    used = {box.mark for box in (*outline.root.groups(), *outline.root.leaves())}
    used |= {
        mark
        for mark, look in LOOKS.items()
        for leaf in outline.root.leaves()
        for strip in (*leaf.before, *leaf.after)
        if strip.family == look
    }
    x = _MARGIN
    for mark, look in LOOKS.items():
        if mark in used:
            shapes += _swatch(mark, look, x, top)
            x += 34 + text_width(DIFF_FAMILIES[look], _SMALL) + _BETWEEN
    return shapes, top + _ROW


def _swatch(mark: str, look: str, x: float, y: float) -> list[Shape]:
    """A small box as it looks in the picture, and what it means."""
    dash = _DASH if mark == REMOVED else ()
    shapes: list[Shape] = [
        Rect(x + 3, y, 24, 11, 3, f"{look}/fill", f"{look}/accent", 1.0, dash=dash)
    ]
    if mark != "=":
        shapes += mark_shapes(mark, x + 4, y + 1.5)
    word = Span(DIFF_FAMILIES[look], _SMALL, "soft")
    return [*shapes, Label(x + 32, y + 8.6, (word,))]


def _with_ghost_wires(shapes: Sequence[Shape], root: Node, x: float, y: float) -> list[Shape]:
    """Wires from and to boxes that are there no more: dashed, in the colour of removal."""
    ghosts = _ghost_wires(root, x, y)
    if not ghosts:
        return list(shapes)
    return [
        Polyline(s.points, "removed/accent", s.line_width, s.radius, s.arrow, _DASH)
        if isinstance(s, Polyline) and s.points in ghosts
        else s
        for s in shapes
    ]


def _ghost_wires(root: Node, x: float, y: float) -> set[tuple[Point, ...]]:
    found: set[tuple[Point, ...]] = set()
    todo = [(root, x, y)]
    while todo:  # places are added up as the painter does, so that they are equal to the last bit
        group, x0, y0 = todo.pop()
        for wire in group.wires:
            ends = [node.box.mark for node in (wire.producer, wire.target) if node is not None]
            if REMOVED in ends:
                found.add(tuple([(x0 + px, y0 + py) for px, py in wire.points]))
        todo += [(c, x0 + c.x, y0 + c.y) for c in group.children if c.form == "group"]
    return found
