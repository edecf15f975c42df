"""A placed box -> the rectangles, lines and words that draw it."""

from introspect.graph.layout.card import io_shape, module_word, pill_text
from introspect.graph.layout.measure import text_width
from introspect.graph.layout.node import (
    DETAIL,
    GROUP,
    NAME,
    STACK,
    STRIP,
    STRIP_HEIGHT,
    TWO_LINES,
    Node,
)
from introspect.graph.outline import Box
from introspect.graph.outline.box import Strip
from introspect.graph.outline.labels import short_count
from introspect.nouns.drawing import Cluster, Label, Polyline, Rect, Shape, Span

_RADIUS, _GROUP_RADIUS = 5.0, 8.0
_BADGE_HEIGHT = 13.0
_SIGN = 4.2  # half the length of a + inside its circle


def leaf_shapes(node: Node, x: float, y: float, batch: int | None) -> Cluster:
    """One leaf with everything on it, its upper left corner at (x, y)."""
    box, family = node.box, node.box.family
    radius = node.height / 2 if node.form in {"io", "circle", "pill"} else _RADIUS
    behind = [
        Rect(x + STACK * k, y + STACK * k, node.width, node.height, radius, *_fill_and_line(family))
        for k in range(min(box.count - 1, 2), 0, -1)
    ]
    draw = {
        "io": _io,
        "circle": _circle,
        "pill": _pill,
        "slim": _slim,
        "card": _card,
    }[node.form]
    shapes = [*behind, *draw(node, x, y, batch), *_side_inputs(node, x, y)]
    words = [box.path or box.written_name, box.module, box.detail, box.badge]
    return Cluster(tuple(shapes), " ".join(word for word in words if word), "box")


def _fill_and_line(family: str) -> tuple[str, str]:
    return f"{family}/fill", f"{family}/accent"


def _io(node: Node, x: float, y: float, batch: int | None) -> list[Shape]:
    name = Span(node.box.name, NAME - 0.5, "io/text", bold=True)
    shape = Span(_spaced(io_shape(node, batch), 2), DETAIL, "soft")
    return [
        Rect(x, y, node.width, node.height, node.height / 2, *_fill_and_line("io")),
        Label(x + node.width / 2, y + node.height / 2 + 3.4, _written([name, shape]), "middle"),
    ]


def _circle(node: Node, x: float, y: float, batch: int | None) -> list[Shape]:
    """A sign in a circle; a fused activation makes it a pill with the circle at its left."""
    del batch
    box, size = node.box, node.height
    shapes: list[Shape] = []
    if box.after:
        fill, line = _fill_and_line(box.after[0].family)
        shapes.append(Rect(x, y, node.width, size, size / 2, fill, line))
        text = " · ".join(strip.text for strip in box.after)
        span = Span(text, STRIP + 0.5, f"{box.after[0].family}/text")
        shapes.append(Label(x + size + 5, y + size / 2 + 2.9, (span,)))
    fill, line = _fill_and_line("merge")
    shapes.append(Rect(x, y, size, size, size / 2, fill, line, 1.2))
    return [*shapes, *_sign(box.module, x + size / 2, y + size / 2)]


def _sign(sign: str, x: float, y: float) -> list[Shape]:
    """The operator as lines: no font draws these equally heavy."""

    def line(x0: float, y0: float, x1: float, y1: float) -> Polyline:
        return Polyline(((x + x0, y + y0), (x + x1, y + y1)), "merge/accent", 1.5, 0.0)

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
    fill, line = _fill_and_line(node.box.family)
    text = Span(pill_text(node.box), DETAIL, f"{node.box.family}/text")
    return [
        Rect(x, y, node.width, node.height, node.height / 2, fill, line, 1.2),
        Label(x + node.width / 2, y + node.height / 2 + 3, (text,), "middle"),
    ]


def _slim(node: Node, x: float, y: float, batch: int | None) -> list[Shape]:
    del batch
    box = node.box
    color = f"{box.family}/text"
    module = module_word(box)
    spans = [
        Span(box.written_name, DETAIL + 0.5, color, bold=True),
        Span(_spaced(module, bool(box.name)), DETAIL + 0.5, color),
        Span(_spaced(box.detail, 2), STRIP + 0.5, color),
    ]
    shapes: list[Shape] = [
        Rect(x, y, node.width, node.height, _RADIUS, *_fill_and_line(box.family)),
        Label(x + node.width / 2, y + node.height / 2 + 3.2, _written(spans), "middle"),
    ]
    if box.badge:
        shapes += badge_shapes(x + node.width - 5, y + 3, box.badge)
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
    fill, line = _fill_and_line(box.family)
    above = STRIP_HEIGHT if box.before else 0.0
    below = STRIP_HEIGHT if box.after else 0.0
    body = node.height - above - below
    shapes: list[Shape] = [Rect(x, y, node.width, node.height, _RADIUS, fill)]
    if box.before:
        shapes += _strip_row(box.before, node, x, y, is_first=True)
    if box.after:
        shapes += _strip_row(box.after, node, x, y + node.height - below, is_first=False)
    top = y + above
    shapes.append(Rect(x + 3.2, top + 4, 2.4, body - 8, 1.2, line))
    shapes += _card_words(node, x, top)
    right = x + node.width - 5
    if box.sealed_leaves:
        shapes += _plus_box(right - 9, top + 4)
        right -= 13
    if box.badge:
        shapes += badge_shapes(right, top + 4, box.badge)
    return [*shapes, Rect(x, y, node.width, node.height, _RADIUS, None, line, 1.1)]


def _card_words(node: Node, x: float, top: float) -> list[Shape]:
    box = node.box
    color = f"{box.family}/text"
    module = module_word(box)
    first = [
        Span(box.written_name, NAME, color, bold=True),
        Span(_spaced(module, bool(box.name)), NAME, color),
    ]
    shapes: list[Shape] = [Label(x + 10, top + 13, _written(first))]
    if box.detail:
        shapes.append(Label(x + 10, top + 25, (Span(box.detail, DETAIL, color),)))
    if box.parameters:
        count = Span(short_count(box.parameters), STRIP, color)
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
        shapes.append(
            Rect(left, y, wide, STRIP_HEIGHT, _RADIUS, f"{strip.family}/fill", corners=corners)
        )
        word = Span(strip.text, STRIP, f"{strip.family}/text")
        shapes.append(Label(left + wide / 2, y + 9.4, (word,), "middle"))
        left += wide
    return shapes


def _plus_box(x: float, y: float) -> list[Shape]:
    """The small boxed plus of a card that holds more."""
    line = "soft"
    return [
        Rect(x, y, 9, 9, 2, None, line, 0.9),
        Polyline(((x + 2, y + 4.5), (x + 7, y + 4.5)), line, 0.9, 0.0),
        Polyline(((x + 4.5, y + 2), (x + 4.5, y + 7)), line, 0.9, 0.0),
    ]


def badge_shapes(right: float, y: float, text: str) -> list[Shape]:
    """``×32`` in a dark pill whose right end is at `right`."""
    width = text_width(text, DETAIL, bold=True) + 11
    return [
        Rect(right - width, y, width, _BADGE_HEIGHT, _BADGE_HEIGHT / 2, "ink"),
        Label(right - width / 2, y + 9.8, (Span(text, DETAIL, "page", bold=True),), "middle"),
    ]


def _side_inputs(node: Node, x: float, y: float) -> list[Shape]:
    """Parameters that an operation reads directly: small pills at its left."""
    shapes: list[Shape] = []
    sides = node.box.side_inputs
    for k, side in enumerate(sides):
        width = text_width(side.name, STRIP) + 12
        middle = y + node.height / 2 + (k - (len(sides) - 1) / 2) * 17
        left = x - width - 12
        shapes += [
            Polyline(((left + width, middle), (x, y + node.height / 2)), "line", 1.2, 0.0, True),
            Rect(left, middle - 7, width, 14, 7, *_fill_and_line("embedding")),
            Label(
                left + width / 2,
                middle + 2.7,
                (Span(side.name, STRIP, "embedding/text"),),
                "middle",
            ),
        ]
    return shapes


def frame_shapes(node: Node, x: float, y: float, depth: int) -> list[Shape]:
    """The border of a group, and the cards behind it if it stands for several."""
    fill = f"group/{depth}"
    offsets = range(min(node.box.count - 1, 2), -1, -1)
    return [
        Rect(x + STACK * k, y + STACK * k, node.width, node.height, _GROUP_RADIUS, fill, "rim")
        for k in offsets
    ]


def title_shapes(node: Node, x: float, y: float, *, down: bool) -> list[Shape]:
    """Name and class of a group, beside the main path that enters through its border."""
    box = node.box
    name, module = box.written_name, module_word(box)
    name_width = text_width(f"{name} ", GROUP, bold=True)
    module_width = text_width(module, GROUP)
    spine = node.axis if down and node.ports_in else float("inf")
    badge = text_width(box.badge, DETAIL, bold=True) + 16 if box.badge else 4.0
    title = Span(name, GROUP, "ink", bold=True)
    shapes: list[Shape] = []
    if 8 + name_width + module_width <= min(spine - 5, node.width - badge):
        spans = _written([title, Span(_spaced(module, bool(name)), GROUP, "soft")])
        shapes.append(Label(x + 8, y + 13, spans))
    else:  # the class would sit on the line: right of it if there is room, else nowhere
        if name:
            shapes.append(Label(x + 8, y + 13, (title,)))
        if module and spine + 8 + module_width < node.width - badge:
            shapes.append(Label(x + spine + 8, y + 13, (Span(module, GROUP, "soft"),)))
    if box.badge:
        shapes += badge_shapes(x + node.width - 6, y + 4, box.badge)
    return shapes


def families_of(leaves: list[Box]) -> set[str]:
    """The colour families that a picture uses, for its legend."""
    used = {leaf.family for leaf in leaves}
    used |= {strip.family for leaf in leaves for strip in (*leaf.before, *leaf.after)}
    used |= {"embedding" for leaf in leaves if leaf.side_inputs}
    return used - {"io"}
