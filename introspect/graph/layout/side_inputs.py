"""Parameters that an operation reads directly -> small pills beside its box.

The room for them is kept by ``container``.
"""

from introspect.graph.layout.measure import shortened, text_width
from introspect.graph.layout.node import STRIP, Node
from introspect.nouns.drawing import Label, Polyline, Rect, Shape, Span

_HEIGHT = 14.0
_ARROW, _APART = 12.0, 4.0
_BEYOND, _LEAST = 20.0, 64.0  # above a box: how far they reach beyond it; least room


def side_input_shapes(node: Node, x: float, y: float) -> list[Shape]:
    """Pills with arrows into a box whose upper left corner is at (x, y).

    They stand at its left, or above it in a group that flows to the right.
    """
    if not node.box.side_inputs:
        return []
    if node.parent is not None and node.parent.flow == "LR":
        return _inputs_above(node, x, y)
    shapes: list[Shape] = []
    sides = node.box.side_inputs
    for k, side in enumerate(sides):
        width = text_width(side.name, STRIP) + 12
        middle = y + node.height / 2 + (k - (len(sides) - 1) / 2) * 17
        left = x - width - _ARROW
        end = (x, y + node.height / 2)
        shapes.append(Polyline(((left + width, middle), end), "line", 1.2, 0.0, True))
        shapes += _input_pill(side.name, left, middle - _HEIGHT / 2)
    return shapes


def _inputs_above(node: Node, x: float, y: float) -> list[Shape]:
    """Side by side above the box; one pill with all the names where that is too wide."""
    names = [side.name for side in node.box.side_inputs]
    room = max(node.width + _BEYOND, _LEAST)
    if sum(text_width(name, STRIP) + 12 for name in names) + _APART * (len(names) - 1) > room:
        names = [shortened(" · ".join(names), room - 12, STRIP)]
    widths = [text_width(name, STRIP) + 12 for name in names]
    left = x + node.width / 2 - (sum(widths) + _APART * (len(widths) - 1)) / 2
    top = y - _ARROW - _HEIGHT
    shapes: list[Shape] = []
    for name, width in zip(names, widths, strict=True):
        at = min(max(left + width / 2, x + 6), x + node.width - 6)
        shapes.append(Polyline(((at, top + _HEIGHT), (at, y)), "line", 1.2, 0.0, True))
        shapes += _input_pill(name, left, top)
        left += width + _APART
    return shapes


def _input_pill(name: str, left: float, top: float) -> list[Shape]:
    width = text_width(name, STRIP) + 12
    word = Span(name, STRIP, "embedding/text")
    return [
        Rect(left, top, width, _HEIGHT, _HEIGHT / 2, "embedding/fill", "embedding/accent"),
        Label(left + width / 2, top + _HEIGHT / 2 + 2.7, (word,), "middle"),
    ]
