"""A group's name, class and badge -> the row under its upper border, between the wires there.

Wires enter a group through its upper border (and leave an arm of a U that flows up through it),
so the row is cut into free stretches. The name takes the first one that it fits in, the class
stands after it or in a later one, or nowhere; the badge stands at the right, that of a loop
or of a turn beside the main path.

Not here: the room for all that (``container``), the same in the viewer (web/graph/scene.ts).
"""

from introspect.graph.layout.card import module_word
from introspect.graph.layout.measure import shortened, text_width
from introspect.graph.layout.node import DETAIL, GROUP, Node
from introspect.nouns.drawing import Label, Rect, Shape, Span

BADGE_HEIGHT, BADGE_PADDING = 13.0, 11.0
LEFT, RIGHT = 8.0, 6.0  # from the edges of the frame
_BEFORE_WIRE, _AFTER_WIRE, _APART = 5.0, 8.0, 8.0
_SPACE = 3.2
_LEAST_WORD = 26.0  # a name that is cut shorter says nothing
_NO_BREAK = "\N{NO-BREAK SPACE}"

Stretch = tuple[float, float]


def free_stretches(node: Node, *, down: bool) -> list[Stretch]:
    """Where nothing crosses the row of the title, from left to right."""
    wires = {end[0] for w in node.wires for end in (w.points[0], w.points[-1]) if end[1] <= 0.5}
    found: list[Stretch] = []
    left = LEFT
    for x in sorted(wires) if down else ():
        found.append((left, x - _BEFORE_WIRE))
        left = x + _AFTER_WIRE
    return [*found, (left, node.width - RIGHT)]


def title_shapes(node: Node, x: float, y: float, *, down: bool) -> list[Shape]:
    """What stands in the row, for a group whose upper left corner is at (x, y)."""
    box = node.box
    free = free_stretches(node, down=down)
    shapes: list[Shape] = []
    if box.written_badge:
        right, free = _badge_place(node, free)
        shapes += badge_shapes(x + right, y + 4, box.written_badge)
    words = [(box.written_name, 0, True), (module_word(box), 1, False), (box.heat_text, 2, False)]
    return [*_written(words, free, x, y), *shapes]


def _badge_place(node: Node, free: list[Stretch]) -> tuple[float, list[Stretch]]:
    """Right end of the badge, and what is left for the words."""
    width = text_width(node.box.written_badge, DETAIL, bold=True) + BADGE_PADDING
    fitting = [k for k, (a, b) in enumerate(free) if b - a >= width] or [len(free) - 1]
    beside = [k for k in fitting if free[k][0] > node.axis]
    if node.box.is_made and beside:
        k = beside[0]
        a, b = free[k]
        return a + width, [*free[:k], (a + width + _APART, b), *free[k + 1 :]]
    k = fitting[-1]
    a, b = free[k]
    return b, [*free[:k], (a, b - width - _APART), *free[k + 1 :]]


def _written(
    words: list[tuple[str, int, bool]], free: list[Stretch], x: float, y: float
) -> list[Shape]:
    """Words from left to right, those in one stretch as one line."""
    lines: dict[int, list[Span]] = {}
    left = [a for a, _ in free]
    at = 0
    for word, spaces, bold in words:
        width = text_width(word + " " * bold, GROUP, bold=bold) + 5 * max(spaces - 1, 0)
        slack = _SPACE if bold else 0.0  # the space after a name may reach beyond
        places = [k for k in range(at, len(free)) if left[k] + width <= free[k][1] + slack]
        text = word
        if not places and bold:
            widest = max(range(len(free)), key=lambda k: free[k][1] - free[k][0])
            width = free[widest][1] - free[widest][0]
            places = [widest] if width >= _LEAST_WORD else []
            text = shortened(word, width, GROUP, bold=True)
        if not word or not places:
            continue
        at = places[0]
        line = lines.setdefault(at, [])
        before = _NO_BREAK * (spaces if line else 0)
        line.append(Span(before + text, GROUP, "ink" if bold else "soft", bold=bold))
        left[at] += width
    return [Label(x + free[k][0], y + 13, tuple(spans)) for k, spans in lines.items()]


def badge_shapes(right: float, y: float, text: str) -> list[Shape]:
    """``×32`` in a dark pill whose right end is at `right`."""
    width = text_width(text, DETAIL, bold=True) + BADGE_PADDING
    return [
        Rect(right - width, y, width, BADGE_HEIGHT, BADGE_HEIGHT / 2, "ink"),
        Label(right - width / 2, y + 9.8, (Span(text, DETAIL, "page", bold=True),), "middle"),
    ]
