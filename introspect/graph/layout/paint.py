"""Placed nodes -> shapes: frames below wires below boxes, then the words on the wires.

Not here: what a box looks like (``shapes``), what the colours mean (``legend``), files
(``introspect.graph.formats``).
"""

from dataclasses import replace
from itertools import pairwise

from introspect.graph.layout.insets import Panel
from introspect.graph.layout.legend import Overlay
from introspect.graph.layout.measure import text_width
from introspect.graph.layout.node import EDGE, GROUP, Direction, Node, Wire
from introspect.graph.layout.shapes import frame_shapes, leaf_shapes
from introspect.graph.layout.title import title_shapes
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
            labels.append(_middle_label(_moved(wire, x, y), wire.label, halo))
        elif wire.source is wire.producer and wire.producer not in labelled:
            labelled.add(wire.producer)
            if wire.producer.edge_label:
                text = wire.producer.edge_label
                behind = wire.producer.stacked
                labels.append(_start_label(_moved(wire, x, y), text, halo, behind))
    return labels + _bundle_labels(group, x, y, halo)


def _bundle_labels(group: Node, x: float, y: float, halo: str) -> list[Label]:
    """``×5`` once for each bundle that starts in this group, where nothing else is."""
    bundles: dict[Node, list[Wire]] = {}
    for wire in group.wires:
        if wire.count > 1 and wire.source is not None:
            bundles.setdefault(wire.producer, []).append(wire)
    labels = []
    for producer, wires in bundles.items():
        taken = [
            (min(a[0], b[0]), min(a[1], b[1]), max(a[0], b[0]), max(a[1], b[1]))
            for wire in group.wires
            if wire.producer is not producer
            for a, b in pairwise(wire.points)
        ]
        taken += [(c.x, c.y, c.x + c.width, c.y + c.height) for c in group.children]
        found = _free_spot(wires, taken)
        labels.append(replace(found, x=found.x + x, y=found.y + y, halo=halo))
    return labels


def _free_spot(wires: list[Wire], taken: list[tuple[float, float, float, float]]) -> Label:
    """Beside the longest stretch along the flow that has a free spot, else the longest across."""
    stretches = [(a, b) for wire in wires for a, b in pairwise(wire.points)]
    stretches.sort(key=lambda s: (_is_upright(*s), _length(*s)), reverse=True)
    spans = (Span(f"×{wires[0].count}", EDGE, "soft", bold=True),)
    wide = text_width(spans[0].text, EDGE, bold=True)
    spots = []
    for (x0, y0), (x1, y1) in stretches:
        for share in (0.5, 0.3, 0.7, 0.15, 0.85):
            x, y = x0 + (x1 - x0) * share, y0 + (y1 - y0) * share
            is_level = abs(x1 - x0) >= abs(y1 - y0)
            spots.append(
                Label(x, y - 4.5, spans, "middle") if is_level else Label(x + 6, y + 3, spans)
            )
    for spot in spots:
        left = spot.x - (wide / 2 if spot.anchor == "middle" else 0)
        box = left - 2, spot.y - EDGE, left + wide + 2, spot.y + 2
        if not any(
            box[0] < t[2] and t[0] < box[2] and box[1] < t[3] and t[1] < box[3] for t in taken
        ):
            return spot
    return spots[0]


def _is_upright(a: Point, b: Point) -> bool:
    return a[0] == b[0] and _length(a, b) > _UPRIGHT


def _length(a: Point, b: Point) -> float:
    return abs(a[0] - b[0]) + abs(a[1] - b[1])


def _start_label(points: tuple[Point, ...], text: str, halo: str, behind: float) -> Label:
    """A shape where its value leaves: left of a line down or up, above a line to the right.

    It clears the cards `behind` its box, which reach beyond its right and lower edge.
    """
    (x, y), (x1, y1) = points[:2]
    spans = (Span(text, EDGE, "soft"),)
    if abs(x1 - x) > abs(y1 - y):
        return Label(x + 4 + behind, y - 4, spans, "start", halo)
    return Label(x - 5, y + 11 + behind if y1 >= y else y - 5, spans, "end", halo)


def _middle_label(points: tuple[Point, ...], text: str, halo: str) -> Label:
    """Above the middle of the longest stretch across, or right of the longest along."""
    a, b = max(pairwise(points), key=lambda ab: _length(*ab))
    spans = (Span(text, EDGE, "soft"),)
    x, y = (a[0] + b[0]) / 2, (a[1] + b[1]) / 2
    if abs(a[0] - b[0]) >= abs(a[1] - b[1]):
        return Label(x, y - 4.5, spans, "middle", halo)
    return Label(x + 6, y + 3, spans, "start", halo)
