"""Graph -> the data of the interactive viewer: columns of numbers, one table of texts.

=============  =======================================================================
`html_wiring`  the inside of groups, equal ones once (*bodies*)
`html_shapes`  what boxes look like, equal ones once (*skeletons*)
`html_details` what is told about a box
=============  =======================================================================

A box is a *head* (its words, card and facts) with a body if it is a group. Equal heads and
equal bodies are stored once, so a network of equal layers costs little more than one; what
remains is deflated: 2 bytes a box where blocks repeat, 70 where none do.

Cost: 120 us a box. Not here: the page around the data (``html``).
"""

import json
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

from introspect.graph.formats.html_details import Details
from introspect.graph.formats.html_shapes import Number, Skeletons, short
from introspect.graph.formats.html_wiring import Border, borders, wiring
from introspect.graph.layout.card import equal_widths, module_word, to_nodes
from introspect.graph.layout.container import side_width
from introspect.graph.layout.measure import text_width
from introspect.graph.layout.node import DETAIL, EDGE, GROUP, Node
from introspect.graph.layout.shapes import leaf_shapes, look
from introspect.graph.outline import Outline, sizes
from introspect.graph.outline.box import Box

VERSION = 1
SEALED, NO_LABEL, SIDE_ENTRY, IO, HEAT, MADE = 1, 2, 4, 8, 16, 32
_LEVEL = 9

DETAIL_COLUMNS = tuple(f.name for f in fields(Details))
"""What the last columns of a head are, in order."""

Row = tuple[Number, ...]


@dataclass(slots=True)
class _Tables:
    """Everything that is stored once, in the order of first use."""

    texts: dict[str, int] = field(default_factory=lambda: {"": 0})
    labels: dict[tuple[int, Number], int] = field(default_factory=lambda: {(0, 0): 0})
    titles: dict[Row, int] = field(default_factory=lambda: {(0,) * 6: 0})
    cards: dict[Row, int] = field(default_factory=dict)
    heads: dict[Row, int] = field(default_factory=dict)
    bodies: dict[Row, int] = field(default_factory=dict)
    skeletons: Skeletons = field(default_factory=Skeletons)

    def text(self, text: str) -> int:
        """The number of a text; characters that no font draws become U+FFFD."""
        known = self.texts.get(text)
        if known is not None:
            return known
        clean = "".join(c if c >= " " or c == "\n" else "\ufffd" for c in text)
        return self.texts.setdefault(clean, len(self.texts))


def encode(
    outline: Outline,
    facts: Callable[[Box], Details],
    *,
    numbers: Mapping[Box, float] | None = None,
) -> tuple[dict[str, Any], int]:
    """The tables of the viewer, ready for JSON, and how many boxes they hold.

    Args:
        outline: Every group open (``open_outline``).
        facts: What is told about a box: of a graph ``html_details.Reader(graph).of``.
        numbers: Of the user, to colour by; boxes without one are missing.
    """
    writer = _Writer(outline, facts, numbers or {})
    head, body = writer.write()
    tables = writer.tables
    document = {
        "version": VERSION,
        "title": outline.title,
        "subtitle": outline.subtitle,
        "root": [head, body],
        "texts": list(tables.texts),
        "roles": list(tables.skeletons.roles),
        "labels": _columns(list(tables.labels)),
        "titles": _columns(list(tables.titles)),
        "skeletons": [list(skeleton) for skeleton in tables.skeletons.known],
        "cards": [_delta(list(card)) for card in tables.cards],
        "heads": _columns(list(tables.heads)),
        "bodies": [list(body) for body in tables.bodies],
    }
    return document, writer.count


def pack(document: Mapping[str, Any]) -> bytes:
    """The document as zlib-deflated JSON in ASCII."""
    text = json.dumps(document, ensure_ascii=True, separators=(",", ":"))
    return zlib.compress(text.encode("ascii"), _LEVEL)


def _columns(rows: Sequence[Row]) -> list[list[Number]]:
    """Rows as columns, each number as the step from the one before it."""
    return [_steps(list(column)) for column in zip(*rows, strict=True)]


def _steps(column: list[Number]) -> list[Number]:
    before: Number = 0
    out: list[Number] = []
    for value in column:
        out.append(short(value - before))
        before = value
    return out


def _delta(card: list[Number]) -> list[Number]:
    """Text numbers of a card as steps: words that were new together are neighbours."""
    return [*card[:3], *_steps(card[3:])]


class _Writer:
    def __init__(
        self, outline: Outline, facts: Callable[[Box], Details], numbers: Mapping[Box, float]
    ) -> None:
        self.tables = _Tables()
        self.count = 0
        self._outline = outline
        self._numbers = numbers
        self._facts = facts
        self._borders = borders(outline.root)
        self._node = sized(outline)
        self._open: dict[Box, tuple[int, int]] = {}

    def write(self) -> tuple[int, int]:
        """Fill the tables, innermost groups first; returns head and body of the root."""
        groups = list(self._outline.root.groups())
        for group in reversed(groups):
            body = self._body(group)
            self._open[group] = (self._head(group), body)
        return self._open[self._outline.root]

    def _body(self, group: Box) -> int:
        """Rows of (head, body, how many values it reads, those), as steps; then what leaves."""
        rows = wiring(group, self._borders)
        out: list[Number] = [len(self._borders[group].enters), len(group.children)]
        ranks = _order_ranks(group)
        out.append(int(ranks != list(range(len(ranks)))))
        head_before = body_before = 0
        for k, child in enumerate(group.children):
            if child.kind == "group":
                head, body = self._open.pop(child)
                border: Border = self._borders[child]
                out += [head - head_before, body + 1 - body_before, len(border.leaves)]
                body_before = body + 1
            else:
                head = self._head(child)
                out += [head - head_before, -body_before, 1]
                body_before = 0
            head_before = head
            out += [len(rows[k]), *rows[k]]
        out += [len(rows[-1]), *rows[-1]]
        if out[2]:
            out += ranks
        self.count += len(group.children)
        return self.tables.bodies.setdefault(tuple(out), len(self.tables.bodies))

    def _head(self, box: Box) -> int:
        tables, text = self.tables, self.tables.text
        card = 0 if box is self._outline.root else self._card(box)
        label = sizes(box.shape, self._outline.batch)
        width = short(text_width(label, EDGE)) if label else 0
        row = (
            text(box.written_name),
            text(_relative_path(box)),
            text(module_word(box)),
            text(box.detail),
            text(box.written_badge),
            card,
            tables.labels.setdefault((text(label), width), len(tables.labels)),
            self._flags(box),
            short(side_width(self._node[box])) if box in self._node else 0,
            self._node[box].weight if box in self._node else 0,
            box.count,
            self._title(box) if box.kind == "group" else 0,
            tables.skeletons.role(f"{look(box)}/fill"),
            short(self._numbers.get(box, 0.0)),
            *self._details(box),
        )
        return tables.heads.setdefault(row, len(tables.heads))

    def _details(self, box: Box) -> list[int]:
        facts = self._facts(box)
        values = (getattr(facts, name) for name in DETAIL_COLUMNS)
        return [self.tables.text(value) if isinstance(value, str) else value for value in values]

    def _flags(self, box: Box) -> int:
        flags = SEALED if box.is_sealed else 0
        if box.kind == "op" and box.operations > 2 and box.family != "attention":
            flags |= NO_LABEL  # several results: one shape would mislead
        if box in self._node and self._node[box].form in {"circle", "pill"}:
            flags |= SIDE_ENTRY
        if box in self._numbers:
            flags |= HEAT
        if box.is_made:
            flags |= MADE
        return flags | (IO if box.kind == "io" else 0)

    def _card(self, box: Box) -> int:
        node = self._node[box]
        shapes = leaf_shapes(node, 0.0, 0.0, self._outline.batch)
        skeleton, words = self.tables.skeletons.add(shapes.items, node.width)
        row = (skeleton, short(node.width), short(node.height), *map(self.tables.text, words))
        return self.tables.cards.setdefault(row, len(self.tables.cards))

    def _title(self, box: Box) -> int:
        """Words above an open group, with their widths."""
        name, module = box.written_name, module_word(box)
        text = self.tables.text
        row = (
            text(name),
            text(module),
            text(box.written_badge),
            short(text_width(f"{name} ", GROUP, bold=True)),
            short(text_width(module, GROUP)),
            short(text_width(box.written_badge, DETAIL, bold=True)) if box.written_badge else 0,
        )
        return self.tables.titles.setdefault(row, len(self.tables.titles))


def _order_ranks(group: Box) -> list[int]:
    """Place of each child in the order of execution; ties by place."""
    orders = [_order(child) for child in group.children]
    ranks = [0] * len(orders)
    for rank, k in enumerate(sorted(range(len(orders)), key=lambda k: orders[k])):
        ranks[k] = rank
    return ranks


def _order(box: Box) -> int:
    return box.order if box.kind != "group" else min((_order(c) for c in box.children), default=0)


def _relative_path(box: Box) -> str:
    """The path without the parent's, marked by a leading dot; equal in equal blocks."""
    above = box.parent.path if box.parent is not None else ""
    if not above:
        return box.path
    return box.path.removeprefix(above) if _is_below(box.path, above) else box.path


def _is_below(path: str, above: str) -> bool:
    return path == above or path.startswith(f"{above}.")


def sized(outline: Outline) -> dict[Box, Node]:
    """Every box as a card with its size: leaves as they stand, groups as if they were shut.

    All cards have one width, as in a picture, and keep it whatever is open.
    """
    everything = to_nodes(outline.root, outline.batch)
    shut: dict[Box, Box] = {}
    flat = Box("group", name="cards")
    for group in outline.root.groups():
        if group is not outline.root:
            leaves = tuple(group.leaves())
            card = replace(group, kind="leaf", children=[], sources=[], sealed_leaves=leaves)
            shut[flat.add(card)] = group
    cards = to_nodes(flat, outline.batch)
    for node in cards.children:
        node.sources = [node]  # no two read the same, or they would be one row of siblings
    equal_widths([everything, cards])
    nodes = {node.box: node for node in everything.leaves()}
    return nodes | {shut[node.box]: node for node in cards.children}
