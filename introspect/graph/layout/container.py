"""One group after another, innermost first: sizes of the children -> places in the group.

A group becomes plain numbers (``Items``: extents, lengths, weights, edges), the numbers become
places (``solve``), and the places are written back with a border around. Groups whose numbers
are equal have equal places, so they are solved once: a network of equal blocks costs
little more than one block, folded or not.
"""

from introspect.graph.layout.grid import Grid, find_grid, grid_wires, reduced
from introspect.graph.layout.measure import text_width
from introspect.graph.layout.node import (
    BETWEEN,
    DETAIL,
    EDGE,
    GROUP,
    PADDING,
    STRIP,
    TITLE_ROW,
    Flow,
    Link,
    Node,
    Wire,
)
from introspect.graph.layout.pack import LEFT, RIGHT, pack
from introspect.graph.layout.rank import Edge, Items, to_mesh
from introspect.graph.layout.route import Routing, route, tidy
from introspect.graph.layout.shelf import place_on_shelf
from introspect.graph.outline.labels import PLAIN_CONTAINERS
from introspect.nouns.drawing import Point

_WIDEST_NAME_SHIFT = 60.0
BESIDE_LABEL = 8.0  # from the axis to a shape, and from the shape to what stands left of it

Solution = tuple[list[float], Routing]
Memo = dict[tuple[object, ...], Solution]


def arrange(group: Node, flow: Flow, memo: Memo | None) -> None:
    """Place the children of a group and of every group below it; sets the group's size.

    Args:
        group: Its links must be there (``connect``).
        flow: Which way the children follow each other.
        memo: Solutions found so far, to be added to; None to solve every group by itself.
    """
    order = [group]
    for outer in order:  # outermost first; no recursion: modules may be nested very deep
        order.extend(child for child in outer.children if child.form == "group")
    for inner in reversed(order):
        _arrange_one(inner, flow, memo)


def _arrange_one(group: Node, flow: Flow, memo: Memo | None) -> None:
    group.flow = flow
    if group.is_shelf:
        return  # placed with the group around: the places of its lanes follow those of the others
    for child in group.children:
        if child.is_shelf:
            place_on_shelf(child)
    numbering = _Numbering(group)
    items = _items(group, numbering, flow)
    across, routing = _solved(items, flow, memo)
    _apply(group, numbering, across, routing)


def solve(items: Items, *, labels_across: bool, skips: int = RIGHT) -> Solution:
    """Places across and along the flow, and the polylines between them.

    Args:
        items: Numbers in, numbers out: nothing here knows what the items are.
        labels_across: Whether edge labels are written across the flow (it goes down or up).
        skips: The side on which bare skips run: 1 right, -1 left.
    """
    grid = find_grid(items, labels_across=labels_across)
    if grid is not None:
        return _with_grid(items, grid, labels_across=labels_across, skips=skips)
    mesh = to_mesh(items)
    across = pack(mesh, skips=skips)
    return across, route(mesh, across, labels_across=labels_across)


def _with_grid(items: Items, grid: Grid, *, labels_across: bool, skips: int) -> Solution:
    """Solve with the grid as one item, then put its boxes and wires where it stands."""
    small, number, whole = reduced(items, grid)
    outer, routing = solve(small, labels_across=labels_across, skips=skips)
    x, y = outer[whole] - grid.axis, routing.along[whole]
    across, along = ([outer[n] if n >= 0 else 0.0 for n in number], [0.0] * len(number))
    for old, new in enumerate(number):
        along[old] = routing.along[new] if new >= 0 else 0.0
    for place, chain in enumerate(grid.chains):
        row, column = divmod(place, grid.columns)
        for depth, item in enumerate(chain):
            across[item] = x + grid.across[column]
            along[item] = y + grid.along[row][depth]
    known = {(e.source, e.target): w for e, w in zip(small.edges, routing.wires, strict=True)}
    into = known[number[grid.fork[0].source], whole] if grid.fork else []
    out = known[whole, number[grid.join[0].target]] if grid.join else []
    inside = grid_wires(items, grid, (x, y), into, out)
    outside = iter(routing.wires)
    wires = [
        tidy(inside[e.source, e.target]) if (e.source, e.target) in inside else next(outside)
        for e in items.edges
    ]
    low, high = routing.low, routing.high
    return across, Routing(along, wires, low, high, routing.length)


def _solved(items: Items, flow: Flow, memo: Memo | None) -> Solution:
    skips = LEFT if flow == "BT" else RIGHT
    if memo is None:
        return solve(items, labels_across=flow != "LR", skips=skips)
    key = (flow, *items.as_key())
    if key not in memo:
        memo[key] = solve(items, labels_across=flow != "LR", skips=skips)
    return memo[key]


class _Numbering:
    """Children, border ports and producers as the numbers that rank, pack and route work on."""

    def __init__(self, group: Node) -> None:
        children = group.children
        self.child = {child: number for number, child in enumerate(children)}
        self.port_in = _ports(group.ports_in, group.bundled_in, len(children))
        first_out = len(children) + len(set(self.port_in.values()))
        self.port_out = _ports(group.ports_out, group.bundled_out, first_out)
        self.count = first_out + len(set(self.port_out.values()))
        self.producer: dict[Node, int] = {}
        for link in group.links:
            self.producer.setdefault(link.producer, len(self.producer))

    def source(self, link: Link) -> int:
        return self.port_in[link.producer] if link.source is None else self.child[link.source]

    def target(self, link: Link) -> int:
        return self.port_out[link.producer] if link.target is None else self.child[link.target]


def _ports(ports: dict[Node, float], bundled: dict[Node, Node], start: int) -> dict[Node, int]:
    """Producer -> item number of its port; bundled producers share one."""
    numbers: dict[Node, int] = {}
    for producer in ports:
        chosen = bundled.get(producer, producer)
        if chosen not in numbers:
            numbers[chosen] = start
            start += 1
        numbers[producer] = numbers[chosen]
    return numbers


def side_width(node: Node) -> float:
    """Room for the parameters that enter a box from the left."""
    if not node.box.side_inputs:
        return 0.0
    return max(text_width(side.name, STRIP) for side in node.box.side_inputs) + 12 + BETWEEN


def _items(group: Node, numbering: _Numbering, flow: Flow) -> Items:
    items = Items()
    down = flow != "LR"
    for child in group.children:
        across, along = (child.width, child.height) if down else (child.height, child.width)
        side = side_width(child) if down else 30.0 if child.box.side_inputs else 0.0
        axis = child.axis if down or child.form == "group" else across / 2
        label = text_width(child.edge_label, EDGE) if child.form != "group" else 0.0
        beside = label + BESIDE_LABEL if label and down else 0.0  # it stands left of the axis
        items.left.append(max(axis + side, beside))
        items.reach.append(axis + side)
        items.right.append(across - axis + child.stacked)
        items.length.append(along + child.stacked)
        items.weight.append(child.weight)
        items.order.append(child.order)
        items.overhang.append(0.0 if flow == "BT" else child.stacked)
        items.label.append(label)
        items.takes_side_entry.append(child.form in {"circle", "pill"})
    ports = numbering.count - len(group.children)
    for column in (items.left, items.right, items.reach, items.length, items.overhang, items.label):
        column.extend([0.0] * ports)
    items.weight.extend([0] * ports)
    items.order.extend([10**9] * ports)
    items.takes_side_entry.extend([False] * ports)
    items.first, items.last = set(numbering.port_in.values()), set(numbering.port_out.values())
    items.edges = [
        Edge(
            source=numbering.source(link),
            target=numbering.target(link),
            start=link.source.ports_out.get(link.producer, 0.0) if link.source else 0.0,
            end=link.target.ports_in.get(link.producer, 0.0) if link.target else 0.0,
            producer=numbering.producer[link.producer],
        )
        for link in group.links
    ]
    return items


def _title_width(group: Node) -> float:
    box = group.box
    width = text_width(box.written_name, GROUP, bold=True) + 26
    if box.module not in PLAIN_CONTAINERS:
        width += text_width(box.module, GROUP)
    return width + (
        text_width(box.written_badge, DETAIL, bold=True) + 18 if box.written_badge else 0.0
    )


def _apply(group: Node, numbering: _Numbering, across: list[float], routing: Routing) -> None:
    """Add the border around what was routed, and move everything inside it."""
    flow, down = group.flow, group.flow != "LR"
    low, high, length = routing.low, routing.high, routing.length
    lead, tail = _lead_and_tail(group)
    if group.parent is not None:
        low, high = low - PADDING, high + PADDING
        crossed = group.ports_out if flow == "BT" else group.ports_in
        number = numbering.port_out if flow == "BT" else numbering.port_in
        wires = [across[number[producer]] for producer in crossed]
        low, high, length = _make_room_for_title(group, low, high, length, wires, down=down)
    whole = lead + length + tail
    group.axis = -low
    group.width, group.height = (high - low, whole) if down else (whole, high - low)
    for child, number in numbering.child.items():
        place, at = across[number] - low, routing.along[number]
        if flow == "BT":
            child.x = place - child.axis
            child.y = whole - lead - at - child.height - child.stacked
        elif down:
            child.x, child.y = place - child.axis, at + lead
        else:
            axis = child.axis if child.form == "group" else child.height / 2
            child.x, child.y = at + lead, place - axis
    group.ports_in = {p: across[numbering.port_in[p]] for p in group.ports_in}
    group.ports_out = {p: across[numbering.port_out[p]] for p in group.ports_out}
    group.wires = [
        _wire(link, points, low, lead, whole, flow)
        for link, points in zip(group.links, routing.wires, strict=True)
    ]


def _make_room_for_title(
    group: Node, low: float, high: float, length: float, wires: list[float], *, down: bool
) -> tuple[float, float, float]:
    """A wider group, if its name or badge would meet a wire that crosses the row of the title."""
    title = _title_width(group)
    if not down:
        return low - TITLE_ROW, high, max(length, title - 2 * PADDING)
    name = text_width(group.box.written_name + " ", GROUP, bold=True) + 16
    if wires:
        left = min(wires) - low
        if left < name < left + _WIDEST_NAME_SHIFT:
            low = min(wires) - name
        if group.box.written_badge:
            badge = text_width(group.box.written_badge, DETAIL, bold=True)
            high = max(high, max(wires) + badge + 26)
    if high - low < title:
        spare = (title - (high - low)) / 2
        low, high = low - spare, high + spare
    return low, high, length


def _lead_and_tail(group: Node) -> tuple[float, float]:
    """Free space between the border where the flow enters and the first row; after the last."""
    if group.parent is None:
        return 0.0, 0.0
    has_in, has_out = bool(group.ports_in), bool(group.ports_out)
    if group.flow == "LR":
        return 4.0 if has_in else PADDING, 4.0 if has_out else PADDING
    if group.flow == "BT":  # the title is still above
        return 2.0 if has_in else PADDING, TITLE_ROW + (0.0 if has_out else 0.6 * PADDING)
    return TITLE_ROW + (0.0 if has_in else 0.6 * PADDING), 2.0 if has_out else PADDING


def _wire(
    link: Link, points: list[Point], low: float, lead: float, whole: float, flow: Flow
) -> Wire:
    """Move a polyline into the group; its ends at border ports lie on the border."""
    moved = [(place - low, at + lead) for place, at in points]
    if link.source is None:
        moved[0] = (moved[0][0], 0.0)
    if link.target is None:
        moved[-1] = (moved[-1][0], whole)
    if flow == "LR":
        moved = [(at, place) for place, at in moved]
    elif flow == "BT":
        moved = [(place, whole - at) for place, at in moved]
    return Wire(tuple(moved), link.producer, link.source, link.target, link.count)
