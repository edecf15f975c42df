"""Node: a box with a size and a place. The working data of the layout.

Lengths are points. Inside a container, *across* is perpendicular to the flow and *along*
is with it: x and y when the flow goes down, y and x when it goes right.

Not here: the words in a box (``outline``), the shapes that draw it (``drawing``).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from introspect.graph.outline.box import Box
from introspect.nouns.drawing import Point

Direction = Literal["TB", "LR"]
Flow = Literal["TB", "LR", "BT"]
Form = Literal["card", "slim", "circle", "pill", "io", "group"]

# Sizes in points; docs/decisions/004-drawing.md says where they come from.
NAME, DETAIL, STRIP, EDGE, GROUP = 10.0, 8.5, 7.5, 7.5, 9.0  # font sizes
ONE_LINE, TWO_LINES, STRIP_HEIGHT, PILL = 19.0, 31.0, 13.0, 18.0  # heights
PADDING, TITLE_ROW, BETWEEN = 10.0, 19.0, 14.0  # of a group; between neighbours
GAP, LABELLED_GAP, PORT_GAP = 18.0, 26.0, 10.0  # along the flow
LANE = 9.0  # between parallel wires
STACK = 3.5  # offset of the cards behind a card
WIDEST_CARD = 176.0


@dataclass(frozen=True, slots=True, eq=False)
class Wire:
    """One edge inside one container.

    Attributes:
        points: From the source to the target, relative to the container.
        producer: The leaf whose value it carries, perhaps far away.
        source: The child it starts at, None at the container's border.
        target: The child it ends at, None at the border.
        count: How many values it carries; more than one is a bundle, drawn thick.
        label: Written in the middle of its longest stretch, or "".
    """

    points: tuple[Point, ...]
    producer: "Node"
    source: "Node | None"
    target: "Node | None"
    count: int = 1
    label: str = ""

    @property
    def has_arrow(self) -> bool:
        """An arrow head only where it ends on a box, not on a border."""
        return self.target is not None and self.target.form != "group"


@dataclass(frozen=True, slots=True, eq=False)
class Link:
    """An edge inside one container before it is routed; see `Wire` for the names."""

    producer: "Node"
    source: "Node | None"
    target: "Node | None"
    count: int = 1


@dataclass(slots=True, eq=False, repr=False)
class Node:
    """A box with a size and a place.

    Attributes:
        box: What it shows.
        form: How it is drawn.
        children: For a group.
        parent: The group around it.
        sources: For a leaf: the leaves that feed it.
        x, y: Top left corner, relative to the parent.
        width, height: Without the cards stacked behind it.
        axis: Where the main path enters, from the left (TB) or top (LR) edge.
        ports_in, ports_out: Producer -> offset of its border port from the axis.
        bundled_in, bundled_out: Producer -> the producer whose border port it shares.
        weight: Leaves inside, those of sealed cards included: opening a card changes nothing.
        order: Position in the order of execution; of a group, where its first leaf ran.
        flow: Which way the children of a group follow each other.
        links, wires: Edges between the children, before and after routing.
        shape_label: Its shape as a picture writes it, or "".
        edge_label: The same, if it is to be written where its value leaves, else "".
        is_shelf: Whether it is a group without a frame that lists outputs (``shelf``).
    """

    box: Box
    form: Form
    parent: "Node | None" = None
    children: "list[Node]" = field(default_factory=list)
    sources: "list[Node]" = field(default_factory=list)
    x: float = 0.0
    y: float = 0.0
    width: float = 0.0
    height: float = 0.0
    axis: float = 0.0
    ports_in: "dict[Node, float]" = field(default_factory=dict)
    ports_out: "dict[Node, float]" = field(default_factory=dict)
    bundled_in: "dict[Node, Node]" = field(default_factory=dict)
    bundled_out: "dict[Node, Node]" = field(default_factory=dict)
    weight: int = 1
    order: int = 0
    flow: Flow = "TB"
    links: list[Link] = field(default_factory=list)
    wires: list[Wire] = field(default_factory=list)
    shape_label: str = ""
    edge_label: str = ""
    is_shelf: bool = False

    def leaves(self) -> "Iterator[Node]":
        """Every node below that is no group; itself if it is none."""
        todo: list[Node] = [self]  # no recursion: modules may be nested thousands deep
        while todo:
            node = todo.pop()
            if node.form == "group":
                todo.extend(reversed(node.children))
            else:
                yield node

    def ancestors(self) -> "list[Node]":
        """The groups around it, outermost first."""
        chain: list[Node] = []
        node = self.parent
        while node is not None:
            chain.append(node)
            node = node.parent
        return chain[::-1]

    def __repr__(self) -> str:
        return f"<Node {self.form} {self.box!r}>"  # not the parent and the children with it

    @property
    def stacked(self) -> float:
        """How far the cards behind it reach beyond its right and lower edge."""
        return 2 * STACK if self.box.count > 1 else 0.0
