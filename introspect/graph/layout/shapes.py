"""A placed box -> the rectangles, lines and words that draw it."""

from introspect.graph.layout.card import io_shape, module_word, pill_text
from introspect.graph.layout.legend import Overlay
from introspect.graph.layout.measure import text_width
from introspect.graph.layout.node import (
    DETAIL,
    NAME,
    STACK,
    STRIP,
    STRIP_HEIGHT,
    TWO_LINES,
    Node,
)
from introspect.graph.layout.side_inputs import side_input_shapes
from introspect.graph.layout.title import badge_shapes
from introspect.graph.outline.box import Box, Strip
from introspect.graph.outline.labels import short_count
from introspect.nouns.drawing import Cluster, Label, Polyline, Rect, Shape, Span

_RADIUS, _GROUP_RADIUS = 5.0, 8.0
_SIGN = 4.2  # half the length of a + inside its circle
_MARK_RADIUS = 5.5
_MARKED = {"+": "added", "−": "removed", "~": "changed", "→": "moved", "=": "same"}
NO_HEAT = "merge/fill"  # of a box that an overlay has no number for: its heat is negative


def leaf_shapes(
    node: Node, x: float, y: float, batch: int | None, overlay: Overlay | None = None
) -> Cluster:
    """One leaf with everything on it, its upper left corner at (x, y)."""
    box = node.box
    radius = node.height / 2 if node.form in {"io", "circle", "pill"} else _RADIUS
    behind = [
        Rect(
            x + STACK * k,
            y + STACK * k,
            node.width,
            node.height,
            radius,
            *_paint(box),
            dash=_dash(box),
        )
        for k in range(min(box.count - 1, 2), 0, -1)
    ]
    draw = {
        "io": _io,
        "circle": _circle,
        "pill": _pill,
        "slim": _slim,
        "card": _card,
    }[node.form]
    shapes = [*behind, *draw(node, x, y, batch)]
    note = ""
    if overlay is not None:
        note = overlay.notes.get(box, "")
        if box in overlay.bars:
            shapes += _bar(node, x, y, overlay.bars[box])
    shapes += side_input_shapes(node, x, y)
    if box.mark not in {"", "="}:
        shapes += mark_shapes(box.mark, x + 1, y + 1)
    words = [box.path or box.written_name, box.module, box.detail, box.written_badge]
    return Cluster(tuple(shapes), " ".join(word for word in words if word), "box", note)


def _fill_and_line(family: str) -> tuple[str, str]:
    return f"{family}/fill", f"{family}/accent"


def look(box: Box) -> str:
    """Whose colours a box wears: its family's, or those of what happened to it."""
    return _MARKED.get(box.mark, box.family)


def mark_shapes(mark: str, x: float, y: float) -> list[Shape]:
    """The sign of what happened to a box, in a disc around (x, y)."""
    disc = 2 * _MARK_RADIUS
    accent = f"{_MARKED[mark]}/accent"

    def line(*points: tuple[float, float], radius: float = 0.0) -> Polyline:
        return Polyline(tuple((x + px, y + py) for px, py in points), "page", 1.4, radius)

    signs = {
        "+": [line((-3, 0), (3, 0)), line((0, -3), (0, 3))],
        "−": [line((-3, 0), (3, 0))],
        "~": [line((-3.2, 1.2), (-1.4, -1.4), (1.4, 1.4), (3.2, -1.2), radius=1.6)],
        "→": [line((-3, 0), (3, 0)), line((0.4, -2.4), (3, 0), (0.4, 2.4))],
        "=": [line((-2.6, -1.3), (2.6, -1.3)), line((-2.6, 1.3), (2.6, 1.3))],
    }
    left, top = x - _MARK_RADIUS, y - _MARK_RADIUS
    return [Rect(left, top, disc, disc, _MARK_RADIUS, accent, "page", 0.8), *signs[mark]]


def _paint(box: Box) -> tuple[str, str]:
    """Fill and outline of a box: its family's, or its place on the scale of an overlay."""
    if box.heat is None:
        return _fill_and_line(look(box))
    return (NO_HEAT, "rim") if box.heat < 0 else (f"heat/{round(100 * box.heat):03d}", "line")


def _ink(box: Box) -> str:
    """The colour of the words in a box: black or white over an overlay, whichever reads."""
    if box.heat is None:
        return f"{look(box)}/text"
    return "merge/text" if box.heat < 0 else f"heat/{round(100 * box.heat):03d}/text"


def _strip_paint(strip: Strip, box: Box) -> tuple[str, str]:
    """Fill and text of a band on a card; an overlay paints the card as a whole."""
    return (
        (_paint(box)[0], _ink(box))
        if box.heat is not None
        else (f"{strip.family}/fill", f"{strip.family}/text")
    )


def _strip_line(strip: Strip, box: Box) -> str:
    return f"{strip.family}/accent" if box.heat is None else "line"


def _dash(box: Box) -> tuple[float, ...]:
    """A box without a number under an overlay is dashed, and one that is there no more."""
    is_dashed = box.mark == "−" or (box.heat is not None and box.heat < 0)
    return (3.0, 2.0) if is_dashed else ()


def _bar(node: Node, x: float, y: float, share: float) -> list[Shape]:
    """The second number of an overlay: a bar at the foot of the card, its length the number."""
    if node.form in {"circle", "pill", "io"}:
        return []
    foot = STRIP_HEIGHT if node.box.after else 0.0
    left, wide, top = x + 6, node.width - 12, y + node.height - foot - 3.2
    ink = _ink(node.box)
    shapes: list[Shape] = [Polyline(((left, top + 1), (left + wide, top + 1)), ink, 0.35, 0.0)]
    if share > 0:
        length = max(wide * share, 1.0)
        shapes.append(Rect(left, top, length, 2.0, min(1.0, length / 2), ink))
    return shapes


def _io(node: Node, x: float, y: float, batch: int | None) -> list[Shape]:
    name = Span(node.box.name, NAME - 0.5, _ink(node.box), bold=True)
    shape = Span(_spaced(io_shape(node, batch), 2), DETAIL, "soft")
    return [
        Rect(
            x, y, node.width, node.height, node.height / 2, *_paint(node.box), dash=_dash(node.box)
        ),
        Label(x + node.width / 2, y + node.height / 2 + 3.4, _written([name, shape]), "middle"),
    ]


def _circle(node: Node, x: float, y: float, batch: int | None) -> list[Shape]:
    """A sign in a circle; a fused activation makes it a pill with the circle at its left."""
    del batch
    box, size = node.box, node.height
    shapes: list[Shape] = []
    if box.after:
        (fill, ink), line = _strip_paint(box.after[0], box), _strip_line(box.after[0], box)
        shapes.append(Rect(x, y, node.width, size, size / 2, fill, line))
        text = " · ".join(strip.text for strip in box.after)
        span = Span(text, STRIP + 0.5, ink)
        shapes.append(Label(x + size + 5, y + size / 2 + 2.9, (span,)))
    shapes.append(Rect(x, y, size, size, size / 2, *_paint(box), 1.2, dash=_dash(box)))
    return [*shapes, *_sign(box.module, x + size / 2, y + size / 2, _ink(box))]


def _sign(sign: str, x: float, y: float, ink: str) -> list[Shape]:
    """The operator as lines: no font draws these equally heavy."""

    def line(x0: float, y0: float, x1: float, y1: float) -> Polyline:
        return Polyline(((x + x0, y + y0), (x + x1, y + y1)), ink, 1.5, 0.0)

    across, diagonal = line(-_SIGN, 0, _SIGN, 0), _SIGN * 0.72
    if sign == "×":
        return [
            line(-diagonal, -diagonal, diagonal, diagonal),
            line(-diagonal, diagonal, diagonal, -diagonal),
        ]
    if sign == "+":
        return [across, line(0, -_SIGN, 0, _SIGN)]
    if sign == "÷":
        return [across, line(0, -3.6, 0, -2.1), line(0, 2.1, 0, 3.6)]
    return [across]


def _pill(node: Node, x: float, y: float, batch: int | None) -> list[Shape]:
    del batch
    fill, line = _paint(node.box)
    text = Span(pill_text(node.box), DETAIL, _ink(node.box))
    return [
        Rect(x, y, node.width, node.height, node.height / 2, fill, line, 1.2, dash=_dash(node.box)),
        Label(x + node.width / 2, y + node.height / 2 + 3, (text,), "middle"),
    ]


def _slim(node: Node, x: float, y: float, batch: int | None) -> list[Shape]:
    del batch
    box = node.box
    color = _ink(box)
    module = module_word(box)
    spans = [
        Span(box.written_name, DETAIL + 0.5, color, bold=True),
        Span(_spaced(module, bool(box.name)), DETAIL + 0.5, color),
        Span(_spaced(box.detail, 2), STRIP + 0.5, color),
    ]
    shapes: list[Shape] = [
        Rect(x, y, node.width, node.height, _RADIUS, *_paint(box), dash=_dash(box)),
        Label(x + node.width / 2, y + node.height / 2 + 3.2, _written(spans), "middle"),
    ]
    if box.written_badge:
        shapes += badge_shapes(x + node.width - 5, y + 3, box.written_badge)
    return shapes


def _spaced(text: str, spaces: int) -> str:
    """The text after some no-break spaces; no text stays none."""
    return "\N{NO-BREAK SPACE}" * spaces + text if text else ""


def _written(spans: list[Span]) -> tuple[Span, ...]:
    """Only the spans that say something."""
    return tuple(span for span in spans if span.text)


def _card(node: Node, x: float, y: float, batch: int | None) -> list[Shape]:
    del batch
    box = node.box
    fill, line = _paint(box)
    above = STRIP_HEIGHT if box.before else 0.0
    below = STRIP_HEIGHT if box.after else 0.0
    body = node.height - above - below
    shapes: list[Shape] = [Rect(x, y, node.width, node.height, _RADIUS, fill)]
    if box.before:
        shapes += _strip_row(box.before, node, x, y, is_first=True)
    if box.after:
        shapes += _strip_row(box.after, node, x, y + node.height - below, is_first=False)
    top = y + above
    if box.heat is None:
        shapes.append(Rect(x + 3.2, top + 4, 2.4, body - 8, 1.2, line))
    shapes += _card_words(node, x, top)
    right = x + node.width - 5
    if box.sealed_leaves and not box.mark:
        if box.inset:
            shapes += _inset_mark(right - 10.5, top + 5, box.inset)
        else:
            shapes += _plus_box(right - 9, top + 4, "soft" if box.heat is None else _ink(box))
        right -= 13
    if box.written_badge:
        shapes += badge_shapes(right, top + 4, box.written_badge)
    outline = Rect(x, y, node.width, node.height, _RADIUS, None, line, 1.1, dash=_dash(box))
    return [*shapes, outline]


def _card_words(node: Node, x: float, top: float) -> list[Shape]:
    box = node.box
    color = _ink(box)
    module = module_word(box)
    first = [
        Span(box.written_name, NAME, color, bold=True),
        Span(_spaced(module, bool(box.name)), NAME, color),
    ]
    shapes: list[Shape] = [Label(x + 10, top + 13, _written(first))]
    number = box.heat_text or (short_count(box.parameters) if box.parameters else "")
    detail = box.detail.removesuffix(box.heat_text).rstrip("\N{NO-BREAK SPACE}")
    if detail:
        shapes.append(Label(x + 10, top + 25, (Span(detail, DETAIL, color),)))
    if number:
        count = Span(number, STRIP, color)
        height = TWO_LINES - 6
        shapes.append(Label(x + node.width - 7, top + height, (count,), "end"))
    return shapes


def _strip_row(
    strips: list[Strip], node: Node, x: float, y: float, *, is_first: bool
) -> list[Shape]:
    """Bands side by side over the whole width, each as wide as its word asks."""
    natural = [text_width(strip.text, STRIP) + 14 for strip in strips]
    spare = (node.width - sum(natural)) / len(strips)
    shapes: list[Shape] = []
    left = x
    for k, (strip, width) in enumerate(zip(strips, natural, strict=True)):
        starts, ends = k == 0, k == len(strips) - 1
        corners = (starts, ends, False, False) if is_first else (False, False, ends, starts)
        wide = width + spare
        fill, ink = _strip_paint(strip, node.box)
        shapes.append(Rect(left, y, wide, STRIP_HEIGHT, _RADIUS, fill, corners=corners))
        word = Span(strip.text, STRIP, ink)
        shapes.append(Label(left + wide / 2, y + 9.4, (word,), "middle"))
        left += wide
    if node.box.heat is not None:  # one colour for the whole card: a hairline sets the band off
        edge = y + STRIP_HEIGHT * is_first
        shapes.append(Polyline(((x, edge), (x + node.width, edge)), _ink(node.box), 0.35, 0.0))
    return shapes


def _plus_box(x: float, y: float, line: str) -> list[Shape]:
    """The small boxed plus of a card that holds more."""
    return [
        Rect(x, y, 9, 9, 2, None, line, 0.9),
        Polyline(((x + 2, y + 4.5), (x + 7, y + 4.5)), line, 0.9, 0.0),
        Polyline(((x + 4.5, y + 2), (x + 4.5, y + 7)), line, 0.9, 0.0),
    ]


def _inset_mark(x: float, y: float, mark: str) -> list[Shape]:
    """The letter of the inset that explains a card, as it stands on the inset itself."""
    return [
        Rect(x, y, 11, 11, 5.5, "ink", "page", 0.6),
        Label(x + 5.5, y + 8.2, (Span(mark, STRIP, "page", bold=True),), "middle"),
    ]


def frame_shapes(node: Node, x: float, y: float, depth: int) -> list[Shape]:
    """The border of a group, and the cards behind it if it stands for several."""
    fill = f"group/{depth}"
    offsets = range(min(node.box.count - 1, 2), -1, -1)
    return [
        Rect(x + STACK * k, y + STACK * k, node.width, node.height, _GROUP_RADIUS, fill, "rim")
        for k in offsets
    ]
