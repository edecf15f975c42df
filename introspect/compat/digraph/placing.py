"""Nodes and edges -> places: sizes from the words, then our own layout.

Edges that close a circle are laid out the other way round, with their arrow where it was.

Cost: 0.1 ms a node. Not here: colours and shapes (``painting``).
"""

from dataclasses import dataclass, field, replace

from introspect.compat.digraph.framing import framing, grouped
from introspect.compat.digraph.labels import Line, lines
from introspect.compat.digraph.language import Frame, Statements
from introspect.graph.layout.connect import connect
from introspect.graph.layout.container import arrange
from introspect.graph.layout.measure import text_width
from introspect.graph.layout.node import Direction, Node
from introspect.graph.layout.page import wrap
from introspect.graph.outline.box import Box

FONT_SIZE, LINE_HEIGHT, PADDING_X, PADDING_Y, BETWEEN = 14.0, 1.25, 8.0, 4.5, 12.0
POINTS_PER_INCH = 72.0


@dataclass(slots=True)
class Arrow:
    """What is drawn along one wire: the edges between two nodes.

    Attributes:
        attributes: Of the first of them.
        labels: Of all of them that have one.
        is_turned: Whether the wire runs against the edge.
    """

    attributes: dict[str, str]
    labels: list[str] = field(default_factory=list)
    is_turned: bool = False


@dataclass(slots=True)
class Placed:
    """A graph with places.

    Attributes:
        statements: What it says.
        root: Holds a node for each node and a group for each cluster, in points.
        names: Node to its name.
        words: Name to the lines of its label.
        arrows: Ends of a wire to what is drawn along it.
        loops: Names of nodes with an edge to themselves.
        direction: Of the flow.
        frames: Group to its cluster.
    """

    statements: Statements
    root: Node
    names: dict[Node, str]
    words: dict[str, list[Line]]
    arrows: dict[tuple[Node, Node], Arrow]
    loops: set[str]
    direction: Direction
    frames: dict[Node, Frame]


def place(statements: Statements) -> Placed:
    """Give every node a size and a place, and every edge a way.

    Args:
        statements: As read.
    """
    flow = statements.graph.get("rankdir", "TB").upper()
    root = Node(Box("group"), "group")
    words = {
        name: lines(attributes.get("label", "\\N"), name)
        for name, attributes in statements.nodes.items()
    }
    found = framing(statements)
    groups = grouped(found, root)
    nodes = {
        name: _node(groups[chain[-1] if chain else None], words[name], statements.nodes[name])
        for name, chain in found.chains.items()
    }
    is_up = flow in {"BT", "RL"}
    pairs = [(head, tail) if is_up else (tail, head) for tail, head, _ in statements.edges]
    order = found.order(pairs)
    is_rotated = len(groups) == 1 and _reads_better_backwards(order, pairs, statements)
    if is_rotated:
        order.reverse()
    arrows = _arrows(statements, {name: k for k, name in enumerate(order)}, nodes)
    for k, name in enumerate(order):  # sources first, as things ran
        nodes[name].order = k
        _add(nodes[name])
    placed = Placed(
        statements,
        root,
        {node: name for name, node in nodes.items()},
        words,
        arrows,
        {tail for tail, head, _ in statements.edges if tail == head},
        "LR" if flow in {"LR", "RL"} else "TB",
        {group: frame for frame, group in groups.items() if frame is not None},
    )
    _write_on_wires(placed)
    connect(root)
    arrange(root, placed.direction, {})
    wrap(root, placed.direction)
    if is_rotated:
        _rotate(root)
    return placed


def _add(node: Node) -> None:
    """Into its group, and that into the one around it if it is the first there."""
    child, group = node, node.parent
    is_new = True
    while group is not None:
        if is_new:
            is_new = not group.children
            group.order = child.order if is_new else group.order
            group.weight = 0 if is_new else group.weight
            group.children.append(child)
        group.weight += 1
        child, group = group, group.parent


def _arrows(
    statements: Statements, position: dict[str, int], nodes: dict[str, Node]
) -> dict[tuple[Node, Node], Arrow]:
    """What runs between each two nodes, from the earlier one to the later; sets the sources."""
    arrows: dict[tuple[Node, Node], Arrow] = {}
    for tail, head, attributes in statements.edges:
        if tail == head:
            continue
        is_turned = position[tail] > position[head]
        first, last = (head, tail) if is_turned else (tail, head)
        pair = nodes[first], nodes[last]
        if pair not in arrows:
            arrows[pair] = Arrow(attributes, is_turned=is_turned)
            pair[1].sources.append(pair[0])
        if attributes.get("label"):
            arrows[pair].labels += [line.text for line in lines(attributes["label"], "")]
    return arrows


def _reads_better_backwards(
    order: list[str], pairs: list[tuple[str, str]], statements: Statements
) -> bool:
    """Whether edges are shorter if rows are counted from the end.

    So it is with gradients: each parameter belongs beside the function that reads it, and
    not in the first row with all others.
    """
    if any(attributes.get("label") for _, _, attributes in statements.edges):
        return False
    position = {name: k for k, name in enumerate(order)}
    turned = [(b, a) if position[a] > position[b] else (a, b) for a, b in pairs if a != b]
    back = [(b, a) for a, b in turned]
    return _spanned(order[::-1], back) < _spanned(order, turned)


def _spanned(order: list[str], pairs: list[tuple[str, str]]) -> int:
    """Rows that all edges cross, if each node stands in the first row that it can stand in."""
    above: dict[str, list[str]] = {name: [] for name in order}
    below: dict[str, list[str]] = {name: [] for name in order}
    for tail, head in pairs:
        above[head].append(tail)
        below[tail].append(head)
    row: dict[str, int] = {}
    for name in order:
        row[name] = 1 + max((row[other] for other in above[name]), default=-1)
    for name in order:
        if not above[name] and below[name]:
            row[name] = min(row[other] for other in below[name]) - 1
    return sum(row[head] - row[tail] for tail, head in pairs)


def _rotate(root: Node) -> None:
    """Turn the page by half: what was last is first. Words stay upright."""
    for node in root.children:
        node.x = root.width - node.x - node.width
        node.y = root.height - node.y - node.height
    root.wires = [
        replace(wire, points=tuple((root.width - x, root.height - y) for x, y in wire.points))
        for wire in root.wires
    ]


def _node(root: Node, words: list[Line], attributes: dict[str, str]) -> Node:
    size = number(attributes.get("fontsize"), FONT_SIZE)
    wide = max(
        text_width(line.text, size)
        + (text_width(line.value, size) + BETWEEN if line.value else 0.0)
        for line in words
    )
    least_wide = number(attributes.get("width"), 0.0) * POINTS_PER_INCH
    least_high = number(attributes.get("height"), 0.0) * POINTS_PER_INCH
    node = Node(Box("op"), "card", root)
    round_by = 1.25 if attributes.get("shape", "ellipse") in ROUND else 1.0
    node.width = max(wide * round_by + 2 * PADDING_X, least_wide)
    node.height = max(size * LINE_HEIGHT * len(words) + 2 * PADDING_Y, least_high)
    node.axis = node.width / 2
    return node


ROUND = frozenset({"ellipse", "oval", "circle", "doublecircle", "egg"})
"""Shapes that are drawn with round ends."""


def number(text: str | None, default: float) -> float:
    """A number of an attribute; the default if it is none, below 0 or far too large."""
    try:
        value = float(text or "")
    except ValueError:
        return default
    return value if 0.0 <= value < 1e5 else default


def _write_on_wires(placed: Placed) -> None:
    """A label that all edges of a node share is written once, where they leave."""
    leaving: dict[Node, list[Arrow]] = {}
    for (first, _), arrow in placed.arrows.items():
        leaving.setdefault(first, []).append(arrow)
    for node, arrows in leaving.items():
        texts = {", ".join(dict.fromkeys(arrow.labels)) for arrow in arrows}
        if len(texts) == 1 and not any(arrow.is_turned for arrow in arrows):
            node.edge_label = texts.pop()
