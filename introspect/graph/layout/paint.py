"""Placed nodes -> shapes: frames below wires below boxes, then the words on the wires.

Not here: what a box looks like (``shapes``), what the colours mean (``legend``), files
(``introspect.graph.formats``).
"""

from itertools import pairwise

from introspect.graph.layout.insets import Panel
from introspect.graph.layout.legend import Overlay
from introspect.graph.layout.measure import text_width
from introspect.graph.layout.node import EDGE, GROUP, Direction, Node, Wire
from introspect.graph.layout.shapes import frame_shapes, leaf_shapes, title_shapes
from introspect.nouns.drawing import Cluster, Label, Point, Polyline, Rect, Shape, Span

_LINE, _BUNDLE, _BEND = 1.2, 2.6, 7.0
_PANEL_RADIUS, _MARK = 8.0, 13.0
_UPRIGHT = 24.0


class Painter:
    """Draws trees of placed nodes.

    Attributes:
        direction: Of the flow: titles and labels keep clear of the wires.
        batch: Size of the first dimension of the inputs; left out of the shapes.
        overlay: What it adds to the boxes, or None.
    """

    def __init__(
        self, direction: Direction, batch: int | None, overlay: Overlay | None = None
    ) -> None:
        self.down = direction == "TB"
        self.batch = batch
        self.overlay = overlay

    def paint(self, root: Node, x: float, y: float) -> list[Shape]:
        """The children of a root as they ran, its upper left corner at (x, y)."""
        shapes: list[Shape] = []
        on_top: list[Shape] = []
        labelled: set[Node] = set()
        todo = [(root, x, y, 0)]
        while todo:  # no recursion: modules may be nested very deep
            node, x0, y0, depth = todo.pop()
            if node.form != "group":
                shapes.append(leaf_shapes(node, x0, y0, self.batch, self.overlay))
                continue
            halo = "page" if node.parent is None else f"group/{depth - 1}"
            if node is not root and not node.is_shelf:
                on_top.extend(title_shapes(node, x0, y0, down=self.down))
            shapes.extend(_frames(node, x0, y0, depth))
            shapes.extend(_lines(node, x0, y0))
            on_top.extend(_labels(node, x0, y0, halo, labelled))
            # As they ran, so that a screen reader tells them in that order.
            ran = sorted(node.children, key=lambda child: child.order, reverse=True)
            todo.extend((child, x0 + child.x, y0 + child.y, depth + 1) for child in ran)
        return [*shapes, *on_top]

    def panel(self, panel: Panel, x: float, y: float) -> list[Shape]:
        """An inset in its dashed frame, under its mark and title."""
        x, y = x + panel.x, y + panel.y
        inset = panel.inset
        shapes: list[Shape] = [
            Rect(
                x,
                y,
                panel.width,
                panel.height,
                _PANEL_RADIUS,
                None,
                "rim",
                1.1,
                dash=(4.0, 3.0),
            )
        ]
        left = x + 12
        if inset.mark:
            wide = max(_MARK, text_width(inset.mark, GROUP - 0.5, bold=True) + 7)
            mark = Span(inset.mark, GROUP - 0.5, "page", bold=True)
            shapes.append(Rect(left, y + 8, wide, _MARK, _MARK / 2, "ink"))
            shapes.append(Label(left + wide / 2, y + 17.7, (mark,), "middle"))
            left += wide + 6
        words = [Span(inset.title, GROUP, "ink", bold=True)]
        words += [Span(f"  {inset.note}", GROUP - 0.5, "soft")] if inset.note else []
        shapes.append(Label(left, y + 18, tuple(words)))
        return [*shapes, *self.paint(panel.root, x + panel.left, y + panel.top)]


def _frames(group: Node, x: float, y: float, depth: int) -> list[Shape]:
    shapes: list[Shape] = []
    for child in group.children:
        if child.form == "group" and not child.is_shelf:
            frame = frame_shapes(child, x + child.x, y + child.y, depth)
            name = f"{child.box.path} {child.box.module}".strip()
            shapes.append(Cluster(tuple(frame), name, "group"))
    return shapes


def _moved(wire: Wire, x: float, y: float) -> tuple[Point, ...]:
    return tuple([(x + px, y + py) for px, py in wire.points])


def _lines(group: Node, x: float, y: float) -> list[Shape]:
    return [
        Polyline(
            _moved(wire, x, y), "line", _BUNDLE if wire.count > 1 else _LINE, _BEND, wire.has_arrow
        )
        for wire in group.wires
    ]


def _labels(group: Node, x: float, y: float, halo: str, labelled: set[Node]) -> list[Label]:
    """The shape of each value once, where it leaves; of skips, in their middle."""
    labels: list[Label] = []
    for wire in group.wires:
        if wire.label:
            labels.append(_middle_label(_moved(wire, x, y), wire.label, halo, bold=False))
        elif wire.source is wire.producer and wire.producer not in labelled:
            labelled.add(wire.producer)
            if wire.producer.edge_label:
                text = wire.producer.edge_label
                labels.append(_start_label(_moved(wire, x, y), text, halo))
    return labels + _bundle_labels(group, x, y, halo)


def _bundle_labels(group: Node, x: float, y: float, halo: str) -> list[Label]:
    """``×5`` once for each bundle that starts in this group, on its longest wire."""
    longest: dict[Node, tuple[float, Wire]] = {}
    for wire in group.wires:
        if wire.count > 1 and wire.source is not None:
            length = max(_length(a, b) for a, b in pairwise(wire.points))
            if length > longest.get(wire.producer, (0.0, wire))[0]:
                longest[wire.producer] = length, wire
    return [
        _middle_label(_moved(wire, x, y), f"×{wire.count}", halo, bold=True)
        for _, wire in longest.values()
    ]


def _length(a: Point, b: Point) -> float:
    return abs(a[0] - b[0]) + abs(a[1] - b[1])


def _start_label(points: tuple[Point, ...], text: str, halo: str) -> Label:
    """A shape where its value leaves: left of a line down or up, above a line to the right."""
    (x, y), (x1, y1) = points[:2]
    spans = (Span(text, EDGE, "soft"),)
    if abs(x1 - x) > abs(y1 - y):
        return Label(x + 4, y - 4, spans, "start", halo)
    return Label(x - 5, y + 11 if y1 >= y else y - 5, spans, "end", halo)


def _middle_label(points: tuple[Point, ...], text: str, halo: str, *, bold: bool) -> Label:
    """Above the middle of the longest stretch across, or right of the longest along.

    A bundle is marked beside a stretch along the flow if one is long enough.
    """
    stretches = list(pairwise(points))
    upright = [(a, b) for a, b in stretches if a[0] == b[0] and _length(a, b) > _UPRIGHT]
    a, b = max(upright if bold and upright else stretches, key=lambda ab: _length(*ab))
    spans = (Span(text, EDGE, "soft", bold=bold),)
    x, y = (a[0] + b[0]) / 2, (a[1] + b[1]) / 2
    if abs(a[0] - b[0]) >= abs(a[1] - b[1]):
        return Label(x, y - 4.5, spans, "middle", halo)
    return Label(x + 6, y + 3, spans, "start", halo)
