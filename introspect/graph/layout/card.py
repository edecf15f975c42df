"""Outline -> nodes with sizes: what form a box takes, and how large its words make it."""

from introspect.graph.layout.measure import text_width
from introspect.graph.layout.node import (
    DETAIL,
    NAME,
    ONE_LINE,
    PILL,
    STRIP,
    STRIP_HEIGHT,
    TWO_LINES,
    WIDEST_CARD,
    Form,
    Node,
)
from introspect.graph.outline import Box, sizes
from introspect.graph.outline.box import Strip, readers
from introspect.graph.outline.labels import PLAIN_CONTAINERS, short_count

_GLYPHS = "+×−÷"
_SLIM_FAMILIES = frozenset({"activation", "shape", "pool", "norm"})
_LEAST_WIDTH = 96.0


def to_nodes(root: Box, batch: int | None) -> Node:
    """A tree of boxes as nodes: forms, sizes and edge labels, but no places yet.

    Args:
        root: A group; its leaves carry the edges.
        batch: Size of the first dimension of the inputs; left out of the shapes.
    """
    node_of = _nodes(root)
    leaves = list(root.leaves())
    reading = readers(leaves)
    for leaf in leaves:
        node = node_of[leaf]
        node.sources = [node_of[source] for source in leaf.sources if source in node_of]
        node.shape_label = sizes(leaf.shape, batch)
        node.edge_label = _edge_label(leaf, reading[leaf], batch)
        _measure(node, batch)
    return node_of[root]


def _nodes(root: Box) -> dict[Box, Node]:
    """A node for every box, each before what it holds; modules may be nested very deep."""
    node_of = {root: Node(root, _form(root))}
    todo = [root]
    while todo:
        box = todo.pop()
        parent = node_of[box]
        for child in box.children:
            node = node_of[child] = Node(child, _form(child), parent)
            node.order = child.order
            node.weight = len(child.sealed_leaves) or 1
            parent.children.append(node)
        todo.extend(reversed([child for child in box.children if child.children]))
    for node in reversed(node_of.values()):
        if node.children:
            node.weight = sum(child.weight for child in node.children)
            node.order = min(child.order for child in node.children)
    return node_of


def _form(box: Box) -> Form:
    if box.kind in {"group", "io"}:
        return "group" if box.kind == "group" else "io"
    if box.kind == "op" and box.family == "merge" and not box.name:
        return "circle" if box.module in _GLYPHS else "pill"
    is_plain = not box.before and not box.after and not box.sealed_leaves
    if is_plain and (box.kind == "op" or box.family in _SLIM_FAMILIES):
        return "slim"
    return "card"


def module_word(box: Box) -> str:
    """The class as it is written: nothing for containers whose class says nothing."""
    return "" if box.module in PLAIN_CONTAINERS else box.module


def io_shape(node: Node, batch: int | None) -> str:
    """What an input or output pill says after its name."""
    return sizes(node.box.shape, batch)


def _edge_label(leaf: Box, reading: list[Box], batch: int | None) -> str:
    """The shape on the edge: only if it is news, and no output pill says it again."""
    if leaf.kind == "io" or leaf.shape is None:
        return ""
    if leaf.kind == "op" and leaf.operations > 2 and leaf.family != "attention":
        return ""  # an author's function with several results: one shape would mislead
    if len(reading) == 1 and reading[0].kind == "io":
        return ""
    before = leaf.sources[0].shape if leaf.sources else None
    return sizes(leaf.shape, batch) if leaf.shape != before else ""


def _measure(node: Node, batch: int | None) -> None:
    box = node.box
    if node.form == "io":
        name = text_width(box.name, NAME - 0.5, bold=True)
        node.width = name + text_width(io_shape(node, batch), DETAIL) + 30
        node.height = PILL
    elif node.form == "circle":
        strips = _strips_width(box.after, STRIP + 0.5, 0.0)
        node.width = PILL + (strips + 20 if strips else 0.0)
        node.height = PILL
    elif node.form == "pill":
        node.width = text_width(pill_text(box), DETAIL) + 22
        node.height = PILL
    elif node.form == "slim":
        node.width, node.height = _slim_width(box), ONE_LINE
    elif node.form == "card":
        strips = bool(box.before) + bool(box.after)
        has_second = bool(box.detail or box.parameters)
        node.width = _card_width(box)
        node.height = (TWO_LINES if has_second else ONE_LINE) + STRIP_HEIGHT * strips
    node.axis = node.width / 2


def pill_text(box: Box) -> str:
    """The words of a pill: ``concat · ReLU``."""
    return " · ".join([box.module, *(strip.text for strip in box.after)])


def _strips_width(strips: list[Strip], size: float, padding: float) -> float:
    return sum(text_width(strip.text, size) + padding for strip in strips)


def _slim_width(box: Box) -> float:
    width = text_width(box.written_name, DETAIL + 0.5, bold=True)
    width += text_width(module_word(box), DETAIL + 0.5) + (4 if box.name else 0)
    detail = text_width(box.detail, STRIP + 0.5) + 8 if box.detail else 0
    badge = text_width(box.written_badge, DETAIL, bold=True) + 16 if box.written_badge else 0
    return width + detail + badge + 26


def _card_width(box: Box) -> float:
    module, count = module_word(box), short_count(box.parameters) if box.parameters else ""
    first = text_width(box.written_name, NAME, bold=True) + text_width(module, NAME) + 22
    first += 5 if box.name and module else 0
    first += text_width(box.written_badge, DETAIL, bold=True) + 16 if box.written_badge else 0
    first += 14 if box.sealed_leaves else 0
    second = text_width(box.detail, DETAIL) + 22
    second += text_width(count, STRIP) + 14 if count else 0
    strips = max(_strips_width(s, STRIP, 14.0) for s in (box.before, box.after))
    return max(first, second, strips, _LEAST_WIDTH)


def equal_widths(roots: list[Node]) -> None:
    """One width for all cards of some trees; a row of three or more siblings has its own."""
    free: list[Node] = []
    groups = list(roots)
    while groups:
        group = groups.pop()
        rows: dict[tuple[Node, ...], list[Node]] = {}
        for child in group.children:
            if child.form == "group":
                groups.append(child)
            elif child.form == "card":
                rows.setdefault(tuple(child.sources), []).append(child)
        for row in rows.values():
            if len(row) >= 3:
                _widen(row, max(node.width for node in row))
            else:
                free += row
    _widen(free, min(max((node.width for node in free), default=0.0), WIDEST_CARD))


def _widen(nodes: list[Node], width: float) -> None:
    for node in nodes:
        node.width = max(node.width, width)
        node.axis = node.width / 2
