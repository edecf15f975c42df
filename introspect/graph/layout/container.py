"""One group after another, innermost first: sizes of the children -> places in the group."""

from introspect.graph.layout.measure import text_width
from introspect.graph.layout.node import (
    BETWEEN,
    DETAIL,
    EDGE,
    GROUP,
    PADDING,
    STRIP,
    TITLE_ROW,
    Direction,
    Link,
    Node,
    Wire,
)
from introspect.graph.layout.pack import pack
from introspect.graph.layout.rank import Edge, Items, to_mesh
from introspect.graph.layout.route import Routing, route
from introspect.graph.outline.labels import PLAIN_CONTAINERS
from introspect.nouns.drawing import Point

_WIDEST_NAME_SHIFT = 60.0


def arrange(group: Node, direction: Direction) -> None:
    """Place the children of a group and of every group below it; sets the group's size."""
    for child in group.children:
        if child.form == "group":
            arrange(child, direction)
    down = direction == "TB"
    numbering = _Numbering(group)
    mesh = to_mesh(_items(group, numbering, down=down))
    routing = route(mesh, across := pack(mesh), labels_across=down)
    _apply(group, numbering, across, routing, down=down)


class _Numbering:
    """Children and border ports as the numbers that rank, pack and route work on."""

    def __init__(self, group: Node) -> None:
        children = group.children
        ports_in, ports_out = list(group.ports_in), list(group.ports_out)
        self.child = {child: number for number, child in enumerate(children)}
        self.port_in = {p: len(children) + k for k, p in enumerate(ports_in)}
        start = len(children) + len(ports_in)
        self.port_out = {p: start + k for k, p in enumerate(ports_out)}

    def source(self, link: Link) -> int:
        return self.port_in[link.producer] if link.source is None else self.child[link.source]

    def target(self, link: Link) -> int:
        return self.port_out[link.producer] if link.target is None else self.child[link.target]


def side_width(node: Node) -> float:
    """Room for the parameters that enter a box from the left."""
    widths = [text_width(side.name, STRIP) + 12 for side in node.box.side_inputs]
    return max(widths) + BETWEEN if widths else 0.0


def _items(group: Node, numbering: _Numbering, *, down: bool) -> Items:
    items = Items()
    for child in group.children:
        across, along = (child.width, child.height) if down else (child.height, child.width)
        side = side_width(child) if down else 30.0 if child.box.side_inputs else 0.0
        items.left.append(child.axis + side if down or child.form == "group" else across / 2 + side)
        items.right.append(across - (items.left[-1] - side) + child.stacked)
        items.length.append(along + child.stacked)
        items.weight.append(sum(1 for _ in child.leaves()))
        items.order.append(child.box.order)
        items.overhang.append(child.stacked)
        items.label.append(text_width(child.edge_label, EDGE) if child.form != "group" else 0.0)
        items.takes_side_entry.append(child.form in {"circle", "pill"})
    ports = [*numbering.port_in.values(), *numbering.port_out.values()]
    for column in (items.left, items.right, items.length, items.overhang, items.label):
        column.extend([0.0] * len(ports))
    items.weight.extend([0] * len(ports))
    items.order.extend([10**9] * len(ports))
    items.takes_side_entry.extend([False] * len(ports))
    items.first, items.last = set(numbering.port_in.values()), set(numbering.port_out.values())
    items.edges = [
        Edge(
            source=numbering.source(link),
            target=numbering.target(link),
            start=link.source.ports_out.get(link.producer, 0.0) if link.source else 0.0,
            end=link.target.ports_in.get(link.producer, 0.0) if link.target else 0.0,
            producer=link.producer,
        )
        for link in group.links
    ]
    return items


def _title_width(group: Node) -> float:
    box = group.box
    width = text_width(box.written_name, GROUP, bold=True) + 26
    if box.module not in PLAIN_CONTAINERS:
        width += text_width(box.module, GROUP)
    return width + (text_width(box.badge, DETAIL, bold=True) + 18 if box.badge else 0.0)


def _apply(
    group: Node, numbering: _Numbering, across: list[float], routing: Routing, *, down: bool
) -> None:
    """Add the border around what was routed, and move everything inside it."""
    is_root = group.parent is None
    low, high, length = routing.low, routing.high, routing.length
    lead = 0.0
    if not is_root:
        low, high = low - PADDING, high + PADDING
        low, high, length = _make_room_for_title(group, low, high, length, down=down)
        lead = _lead(group, down=down)
    if is_root:
        tail = 0.0
    elif group.ports_out:
        tail = 2.0 if down else 4.0
    else:
        tail = PADDING
    whole = lead + length + tail
    group.axis = -low
    group.width, group.height = (high - low, whole) if down else (whole, high - low)
    for child, number in numbering.child.items():
        place = across[number] - low, routing.along[number] + lead
        axis = child.axis if down or child.form == "group" else child.height / 2
        child.x, child.y = (place[0] - axis, place[1]) if down else (place[1], place[0] - axis)
    group.ports_in = {p: across[n] for p, n in numbering.port_in.items()}
    group.ports_out = {p: across[n] for p, n in numbering.port_out.items()}
    group.wires = [
        _wire(link, points, low, lead, whole, down=down)
        for link, points in zip(group.links, routing.wires, strict=True)
    ]


def _make_room_for_title(
    group: Node, low: float, high: float, length: float, *, down: bool
) -> tuple[float, float, float]:
    title = _title_width(group)
    if not down:
        return low - TITLE_ROW, high, max(length, title - 2 * PADDING)
    name = text_width(group.box.written_name + " ", GROUP, bold=True) + 16
    if group.ports_in and -low < name < -low + _WIDEST_NAME_SHIFT:
        low = -name  # the spine would run through the name
    if high - low < title:
        spare = (title - (high - low)) / 2
        low, high = low - spare, high + spare
    return low, high, length


def _lead(group: Node, *, down: bool) -> float:
    """Free space between the group's upper edge and its first row."""
    if down:
        return TITLE_ROW + (0.0 if group.ports_in else 0.6 * PADDING)
    return 4.0 if group.ports_in else PADDING


def _wire(
    link: Link, points: list[Point], low: float, lead: float, whole: float, *, down: bool
) -> Wire:
    """Move a polyline into the group; its ends at border ports lie on the border."""
    moved = [(place - low, at + lead) for place, at in points]
    if link.source is None:
        moved[0] = (moved[0][0], 0.0)
    if link.target is None:
        moved[-1] = (moved[-1][0], whole)
    if not down:
        moved = [(at, place) for place, at in moved]
    return Wire(tuple(moved), link.producer, link.source, link.target)
