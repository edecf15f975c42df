"""The first view of the viewer -> places: the page opens as the still picture of the same graph.

Columns of a long chain, a U, lists of outputs and thick wires are found in Python alone; the
viewer gets them as finished places. As soon as a reader opens or shuts a group it lays out
by itself, plainly and in place; when all is as at first again, so is the picture.

The numbers of one open group, those of the root first, in the order of the tree::

    width height axis enters  x y of each child ...  wires, and for each of them:
    source+1 target+1 producer count named points  x y dx dy dx dy ...

Source and target are children, 0 the border; the producer is counted among the boxes shown
as one; `named` says that the shape stands in the middle of the line, not at its start.

Cost: a layout of what is shown. Not here: what else the page holds (``html_data``).
"""

from collections.abc import Mapping
from dataclasses import replace

from introspect.graph.formats.html_shapes import Number, short
from introspect.graph.layout import place_cards
from introspect.graph.layout.node import Direction, Node, Wire
from introspect.graph.outline import Outline
from introspect.graph.outline.box import Box
from introspect.nouns.drawing import Point

MOST_BOXES = 400
"""A first view of more boxes is laid out by the viewer: its places would outweigh its boxes."""


def first_places(
    outline: Outline,
    cards: Mapping[Box, Node],
    direction: Direction = "TB",
    *,
    beside_pt: Mapping[Box, float] | None = None,
) -> list[list[Number]]:
    """Places of everything that the page shows at first, a list of numbers for each open group.

    Args:
        outline: Every group open, those that start as one card sealed.
        cards: Every box as a card with its size.
        direction: Of the flow.
        beside_pt: Box -> room at its right, for what the viewer draws there.

    Returns:
        Nothing if it shows more than `MOST_BOXES`.
    """
    twin = _as_shown(outline.root)
    if twin is None:
        return []
    root = twin[outline.root]
    width = {twin[box]: node.width for box, node in cards.items() if box in twin}
    beside = {twin[box]: room for box, room in (beside_pt or {}).items() if box in twin}
    placed = place_cards(replace(outline, root=root), width, direction, beside_pt=beside)
    return _Writer(placed, outline.root, twin).write()


def _as_shown(root: Box) -> dict[Box, Box] | None:
    """Every box that is shown -> its copy in a tree whose sealed groups are leaves."""
    twin: dict[Box, Box] = {root: replace(root, children=[], parent=None)}
    seen_as: dict[Box, Box] = {}
    shut: list[tuple[Box, list[Box]]] = []
    todo = [root]
    while todo:
        group = todo.pop()
        for child in group.children:
            copy = twin[child] = replace(child, children=[], sources=[], parent=None)
            twin[group].add(copy)
            if child.kind == "group" and not child.is_sealed:
                todo.append(child)
                continue
            inside = list(child.leaves())
            seen_as.update(dict.fromkeys(inside, copy))
            shut.append((child, inside))
            if child.kind == "group":
                copy.kind, copy.sealed_leaves = "leaf", tuple(inside)
        if len(shut) > MOST_BOXES:
            return None
    for child, inside in shut:
        copy = twin[child]
        sources = (seen_as[s] for leaf in inside for s in leaf.sources if s in seen_as)
        copy.sources = [source for source in dict.fromkeys(sources) if source is not copy]
    return twin


class _Writer:
    def __init__(self, placed: Node, root: Box, twin: Mapping[Box, Box]) -> None:
        self.root = root
        self.twin = twin
        self.node: dict[Box, Node] = {}
        self.shelf: Node | None = None
        todo = [placed]
        while todo:
            node = todo.pop()
            self.node[node.box] = node
            self.shelf = node if node.is_shelf else self.shelf
            todo.extend(node.children)
        self.number: dict[Node, int] = {}  # of what is shown as one box

    def write(self) -> list[list[Number]]:
        groups = [self.root]
        todo = self.root.children[::-1]
        while todo:
            box = todo.pop()
            if box.kind == "group" and not box.is_sealed:
                groups.append(box)
                todo.extend(reversed(box.children))
            else:
                self.number[self.node[self.twin[box]]] = len(self.number)
        return [self._group(group) for group in groups]

    def _group(self, group: Box) -> list[Number]:
        node = self.node[self.twin[group]]
        children = [self.node[self.twin[child]] for child in group.children]
        out = [short(node.width), short(node.height), short(node.axis), int(bool(node.ports_in))]
        for child in children:
            out += [short(value) for value in self._place(child)]
        place = {child: k for k, child in enumerate(children)}
        wires = self._wires(node)
        out.append(len(wires))
        for wire in wires:
            out += self._wire(wire, place)
        return out

    def _place(self, child: Node) -> Point:
        """The viewer has no shelf: what stands on it stands in the root."""
        shelf = self.shelf
        if shelf is not None and child.parent is shelf:
            return child.x + shelf.x, child.y + shelf.y
        return child.x, child.y

    def _wires(self, group: Node) -> list[Wire]:
        """Those of the group; one that ends on the shelf goes on to its box there."""
        shelf, found = self.shelf, []
        for wire in group.wires:
            if shelf is None or wire.target is not shelf:
                found.append(wire)
                continue
            for rest in shelf.wires:
                if rest.producer is wire.producer:
                    moved = [(x + shelf.x, y + shelf.y) for x, y in rest.points[1:]]
                    points = (*wire.points, *moved)
                    found.append(replace(wire, points=points, target=rest.target))
        return found

    def _wire(self, wire: Wire, place: Mapping[Node, int]) -> list[Number]:
        ends = [0 if end is None else place[end] + 1 for end in (wire.source, wire.target)]
        out: list[Number] = [*ends, self.number[wire.producer], wire.count, int(bool(wire.label))]
        out.append(len(wire.points))
        before = (0.0, 0.0)
        for point in wire.points:
            out += [short(round(a - b, 1)) for a, b in zip(point, before, strict=True)]
            before = point
        return out
