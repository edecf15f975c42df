"""Places -> a Drawing, and the theme with its colours.

Colours are those of the text: ``fillcolor``, ``color``, ``fontcolor``, ``bgcolor``.

Not here: how large it may be (``sizing``), file formats (``introspect.graph.formats``).
"""

from dataclasses import replace

from introspect.compat.digraph.colors import hex_color
from introspect.compat.digraph.labels import Line
from introspect.compat.digraph.placing import (
    FONT_SIZE,
    LINE_HEIGHT,
    PADDING_X,
    PADDING_Y,
    POINTS_PER_INCH,
    ROUND,
    Arrow,
    Placed,
    number,
)
from introspect.compat.digraph.sizing import sized
from introspect.graph.layout.node import Node, Wire
from introspect.graph.layout.title import title_shapes
from introspect.nouns.drawing import Cluster, Drawing, Label, Point, Polyline, Rect, Shape, Span
from introspect.theme import GRAPH_THEMES, GraphTheme, Swatch

_PAD_IN = 0.11
_EDGE_SIZE = 8.0
_DASHES = {"dashed": (5.0, 3.0), "dotted": (1.5, 3.0)}
_FRAMELESS = frozenset({"plaintext", "plain", "none"})
_GENERIC = frozenset({"", "monospace", "sans", "sans-serif", "courier", "courier new"})
_LIGHT = GRAPH_THEMES["light"]


def paint(placed: Placed) -> tuple[Drawing, GraphTheme]:
    """The picture of a graph.

    Args:
        placed: With places.

    Returns:
        A Drawing and the theme that its colour roles are of.
    """
    brush = _Brush(placed)
    graph = placed.statements.graph
    pad_x, pad_y = _pad(graph.get("pad", ""))
    body: list[Shape] = []
    words: list[Shape] = []
    todo = [(placed.root, pad_x, pad_y)]
    for group, x, y in todo:  # the frames around a cluster before it
        if group is not placed.root:
            body.append(brush.frame(group, x, y))
        todo += [(node, x + node.x, y + node.y) for node in group.children if node in placed.frames]
    for group, x, y in todo:
        for wire in group.wires:
            body += brush.wire(wire, group, x, y)
            words += brush.wire_words(wire, group, x, y)
        words += brush.frame_words(group, x, y) if group is not placed.root else []
    for group, x, y in todo:
        body += [brush.node(node, x, y) for node in group.children if node not in placed.frames]
    drawing = Drawing(
        width=max(placed.root.width, 8.0) + 2 * pad_x,
        height=max(placed.root.height, 8.0) + 2 * pad_y,
        shapes=(*body, *words),
        title=graph.get("label", "graph"),
        description=f"{len(placed.statements.nodes)} nodes, {len(placed.statements.edges)} edges",
    )
    return sized(drawing, graph.get("size", "")), brush.theme()


class _Brush:
    """Shapes of one picture; remembers which colours it used."""

    def __init__(self, placed: Placed) -> None:
        self._placed = placed
        self._swatches: dict[tuple[str, str, str], str] = {}
        self._labelled: set[Node] = set()
        self._ways: dict[Node, list[tuple[Node, Arrow]]] = {}
        for (tail, head), arrow in placed.arrows.items():
            self._ways.setdefault(tail, []).append((head, arrow))
        self.page = hex_color(placed.statements.graph.get("bgcolor", "")) or "#FFFFFF"

    def theme(self) -> GraphTheme:
        """Every colour that was used."""
        families = {name: Swatch(*colors) for colors, name in self._swatches.items()}
        return replace(
            _LIGHT,
            families={**_LIGHT.families, **families},
            page=self.page,
            ink="#000000",
            font=self._font(),
        )

    def _font(self) -> str:
        """The font of most nodes; words were measured in ours, so a wider one is not taken."""
        names = [row.get("fontname", "") for row in self._placed.statements.nodes.values()]
        name = max(set(names), key=names.count, default="")
        return _LIGHT.font if name.lower() in _GENERIC else name

    def _family(self, fill: str, line: str, ink: str) -> str:
        return self._swatches.setdefault((fill, line, ink), f"own{len(self._swatches)}")

    def node(self, node: Node, x: float, y: float) -> Cluster:
        """One node with its words."""
        name = self._placed.names[node]
        row = self._placed.statements.nodes[name]
        x, y = x + node.x, y + node.y
        line = hex_color(row.get("color", "black"))
        filled = "filled" in row.get("style", "")
        fill = hex_color(row.get("fillcolor", row.get("color", "lightgrey"))) if filled else None
        ink = hex_color(row.get("fontcolor", "black")) or "#000000"
        family = self._family(fill or self.page, line or self.page, ink)
        shape = row.get("shape", "ellipse")
        shapes: list[Shape] = []
        if fill or (line and shape not in _FRAMELESS):
            round_corner = 4.0 if "rounded" in row.get("style", "") else 1.5
            shapes.append(
                Rect(
                    x,
                    y,
                    node.width,
                    node.height,
                    min(node.height, node.width) / 2 if shape in ROUND else round_corner,
                    f"{family}/fill" if fill else None,
                    f"{family}/accent" if line and shape not in _FRAMELESS else None,
                    number(row.get("penwidth"), 1.0) * 0.8,
                    dash=_dash(row),
                )
            )
        size = number(row.get("fontsize"), FONT_SIZE)
        words = self._placed.words[name]
        for k, words_of in enumerate(words):
            shapes += _written(words_of, k, (x, y, node.width), size, family)
        if name in self._placed.loops:
            shapes.append(
                Label(x + node.width - 2, y + 8, (Span("↻", 8.0, f"{family}/text"),), "end")
            )
        title = row.get("tooltip") or " ".join(line.text for line in words if line.text)
        return Cluster(tuple(shapes), title, "box")

    def frame(self, group: Node, x: float, y: float) -> Cluster:
        """The frame of a cluster."""
        row = self._placed.frames[group].attributes
        line = hex_color(row.get("pencolor", row.get("color", "black")))
        filled = "filled" in row.get("style", "")
        color = row.get("fillcolor", row.get("color", "lightgrey")) if filled else None
        fill = hex_color(color or row.get("bgcolor", ""))
        has_line = line is not None and row.get("peripheries") != "0"
        family = self._family(fill or self.page, line or self.page, self._ink(row))
        box = Rect(
            x,
            y,
            group.width,
            group.height,
            6.0 if "rounded" in row.get("style", "") else 2.0,
            f"{family}/fill" if fill else None,
            f"{family}/accent" if has_line else None,
            number(row.get("penwidth"), 1.0) * 0.7,
            dash=_dash(row),
        )
        return Cluster((box,), group.box.name, "group")

    def frame_words(self, group: Node, x: float, y: float) -> list[Shape]:
        """The label of a cluster, at the upper left, between the wires that enter there."""
        row = self._placed.frames[group].attributes
        ink = self._ink(row)
        family = self._family(self.page, ink, ink)
        return [
            replace(
                shape,
                spans=tuple(replace(span, color=f"{family}/text") for span in shape.spans),
            )
            for shape in title_shapes(group, x, y, down=self._placed.direction == "TB")
            if isinstance(shape, Label)
        ]

    def _ink(self, row: dict[str, str]) -> str:
        return hex_color(row.get("fontcolor", "black")) or "#000000"

    def _arrow(self, wire: Wire, group: Node) -> Arrow:
        """What is drawn along a wire inside a group, which may end at a border."""
        ways = self._ways[wire.producer]
        if wire.target is not None and wire.target not in self._placed.frames:
            return self._placed.arrows[wire.producer, wire.target]
        inside = wire.target or group
        is_wanted = wire.target is not None
        fitting = (arrow for head, arrow in ways if (inside in head.ancestors()) == is_wanted)
        return next(fitting, ways[0][1])

    def wire(self, wire: Wire, group: Node, x: float, y: float) -> list[Shape]:
        """The line of an edge inside a group, with its arrow heads."""
        arrow = self._arrow(wire, group)
        row = arrow.attributes
        if "invis" in row.get("style", ""):
            return []
        color = hex_color(row.get("color", "black")) or "#000000"
        points = _moved(wire, x, y)
        way = row.get("dir", "forward")
        ends = [
            way in {"forward", "both"} and row.get("arrowhead") != "none",
            way in {"back", "both"},
        ]
        at_end, at_start = ends[::-1] if arrow.is_turned else ends
        at_end = at_end and wire.target is not None and wire.target not in self._placed.frames
        at_start = at_start and wire.source is wire.producer
        thick = 1.5 if wire.count > 1 else 0.9
        line = Polyline(
            points,
            f"{self._family(self.page, color, color)}/accent",
            thick * number(row.get("penwidth"), 1.0),
            arrow=at_end,
            dash=_dash(row),
        )
        back = replace(line, points=points[::-1], arrow=True)
        return [back] if at_start and not at_end else [line, back] if at_start else [line]

    def wire_words(self, wire: Wire, group: Node, x: float, y: float) -> list[Shape]:
        """What stands on an edge: once a node if all its edges say the same."""
        arrow = self._arrow(wire, group)
        ink = hex_color(arrow.attributes.get("fontcolor", "black")) or "#000000"
        text = wire.producer.edge_label or ", ".join(dict.fromkeys(arrow.labels))
        if not text:
            return []
        spans = (Span(text, _EDGE_SIZE, f"{self._family(self.page, ink, ink)}/text"),)
        points = _moved(wire, x, y)
        if wire.producer.edge_label:
            if wire.source is not wire.producer or wire.producer in self._labelled:
                return []
            self._labelled.add(wire.producer)
            return [_at_start(points, spans)]
        if wire.target is None or wire.target in self._placed.frames:
            return []  # it stands where the edge ends
        return [_near_end(points, spans)]


def _moved(wire: Wire, x: float, y: float) -> tuple[Point, ...]:
    return tuple((x + px, y + py) for px, py in wire.points)


def _dash(row: dict[str, str]) -> tuple[float, ...]:
    style = row.get("style", "")
    return next((dash for word, dash in _DASHES.items() if word in style), ())


def _written(
    line: Line, k: int, place: tuple[float, float, float], size: float, family: str
) -> list[Shape]:
    """One line of a label in a box at (x, y) of a width."""
    x, y, width = place
    top = y + PADDING_Y + k * size * LINE_HEIGHT
    ink = f"{family}/text"
    if line.is_rule:
        middle = top + size * LINE_HEIGHT / 2
        return [Polyline(((x + 5, middle), (x + width - 5, middle)), f"{family}/accent", 0.5, 0.0)]
    base = top + size * 0.97
    ends = {"start": x + PADDING_X, "middle": x + width / 2, "end": x + width - PADDING_X}
    shapes: list[Shape] = []
    if line.text:
        shapes.append(Label(ends[line.align], base, (Span(line.text, size, ink),), line.align))
    if line.value:
        shapes.append(Label(ends["end"], base, (Span(line.value, size, ink),), "end"))
    return shapes


def _at_start(points: tuple[Point, ...], spans: tuple[Span, ...]) -> Label:
    (x, y), (x1, y1) = points[:2]
    if abs(x1 - x) > abs(y1 - y):
        return Label(x + 4, y - 4, spans, "start", "page")
    return Label(x - 5, y + 11, spans, "end", "page")


def _near_end(points: tuple[Point, ...], spans: tuple[Span, ...]) -> Label:
    """On the last stretch, which no other edge shares."""
    (ax, ay), (bx, by) = points[-2:]
    x, y = (ax + bx) / 2, (ay + by) / 2
    if abs(ax - bx) >= abs(ay - by):
        return Label(x, y - 4, spans, "middle", "page")
    return Label(x + 4, y + 1, spans, "start", "page")


def _pad(text: str) -> tuple[float, float]:
    """The free border in points, of an attribute in inches: one number, or x and y."""
    parts = text.split(",")
    x = number(parts[0], _PAD_IN)
    y = number(parts[1], _PAD_IN) if len(parts) > 1 else x
    return x * POINTS_PER_INCH, y * POINTS_PER_INCH
