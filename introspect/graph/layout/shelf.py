"""Several outputs -> a list under each other, where a row of them would be wider than the page.

Language models return a cache for every layer: nine pills with long names are 3,000 points in a
row, and two of them already push the rest of the model off its main path. On a shelf each
value comes down in a lane of its own and turns right into its pill, the rightmost lane first;
so no two of them cross. The shelf is a group without a frame.

Cost: linear in the outputs.

Not here: pictures that flow to the right, where outputs are under each other anyway.
"""

from itertools import pairwise

from introspect.graph.layout.node import BETWEEN, LANE, Node, Wire
from introspect.graph.outline.box import Box
from introspect.nouns.drawing import Point

LEAST, LEAST_OF_ONE, WIDEST_ROW = 4, 2, 480.0
_LEAD, _APART, _ARROW = 12.0, 8.0, 16.0
_WIDEST_LANES = 240.0


def shelve(root: Node) -> None:
    """Move the outputs of a root on to a shelf, if there are several and they are wide.

    An output that a box of the root itself makes stays where it is, at the end of its path.
    """
    read = {source for leaf in root.leaves() for source in leaf.sources}
    outputs = [
        child
        for child in root.children
        if child.form == "io"
        and child.sources
        and child not in read
        and any(source.parent is not root for source in child.sources)
    ]
    width = sum(pill.width for pill in outputs) + BETWEEN * (len(outputs) - 1)
    makers = {_child_of(root, source) for pill in outputs for source in pill.sources}
    least = LEAST_OF_ONE if len(makers) == 1 else LEAST
    if len(outputs) < least or width <= WIDEST_ROW:
        return
    order = min(pill.order for pill in outputs)
    shelf = Node(Box("group", order=order), "group", root, outputs, order=order, is_shelf=True)
    for pill in outputs:
        pill.parent = shelf
    gone = set(outputs)
    root.children = [*(child for child in root.children if child not in gone), shelf]


def place_on_shelf(shelf: Node) -> None:
    """Give the pills their places, and the values that come in their lanes.

    The groups that make the values must have their sizes: values keep the order in
    which they leave them.
    """
    lanes = sorted(shelf.ports_in, key=lambda producer: _leaving(shelf, producer))
    offsets = _offsets(shelf, lanes)
    lane = {producer: x - offsets[0] for producer, x in zip(lanes, offsets, strict=True)}
    left = lane[lanes[-1]] + _ARROW
    ranked = sorted(shelf.children, key=lambda pill: (-lane[pill.sources[0]], pill.order))
    top = _LEAD
    for pill in ranked:
        pill.x, pill.y = left, top
        top += pill.height + pill.stacked + _APART
    straight = min(range(len(lanes)), key=lambda k: abs(offsets[k]))
    shelf.axis = lane[lanes[straight]]
    shelf.width = left + max(pill.width + pill.stacked for pill in ranked)
    shelf.height = top - _APART
    shelf.ports_in = {producer: x - shelf.axis for producer, x in lane.items()}
    shelf.wires = []
    for link in shelf.links:
        pill, x = link.target, lane[link.producer]
        if pill is not None:
            points: tuple[Point, ...] = ((x, 0.0), (x, _entry(pill, link.producer)))
            points = (*points, (pill.x, points[1][1]))
            shelf.wires.append(Wire(points, link.producer, None, pill, link.count))


def _offsets(shelf: Node, lanes: list[Node]) -> list[float]:
    """Where the lanes stand: right below the ports of the first source, if they are close.

    So its values come straight down if the shelf stands on the main path (whose offset is 0);
    the other values stand right of them.
    """
    ranks = [_leaving(shelf, producer) for producer in lanes]
    own = [offset for rank, offset in ranks if rank == ranks[0][0]]
    apart = [b - a for a, b in pairwise(own)]
    is_below = (
        0.0 in own and own[-1] - own[0] <= _WIDEST_LANES and all(gap >= LANE - 0.1 for gap in apart)
    )
    places = own if is_below else [LANE * k for k in range(len(own))]
    return places + [places[-1] + LANE * (k + 1) for k in range(len(lanes) - len(own))]


def _entry(pill: Node, producer: Node) -> float:
    """Where a value enters a pill; one made of several values takes them one below the other."""
    place, count = pill.sources.index(producer), len(pill.sources)
    return pill.y + pill.height * (place + 1) / (count + 1)


def _leaving(shelf: Node, producer: Node) -> tuple[int, float]:
    """From left to right: by the box of the root that a value comes from, then by its port."""
    source = producer if shelf.parent is None else _child_of(shelf.parent, producer)
    return -source.order, source.ports_out.get(producer, 0.0)


def _child_of(root: Node, leaf: Node) -> Node:
    """What stands in the root, and is or holds a leaf."""
    while leaf.parent is not None and leaf.parent is not root:
        leaf = leaf.parent
    return leaf
