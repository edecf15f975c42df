"""Outline -> Drawing: where everything goes. Pure Python, no system program.

===========  =============================================================================
`card`       forms and sizes of the boxes, from the words in them
`connect`    edges cut at every border, one port for each producer; `bundle`: thick wires
`container`  one group as plain numbers, solved once for all groups with equal numbers
`rank`       one container as rows, with virtual items for long edges
`pack`       a straight spine, equal branches around it (`fan`), the rest packed beside it
`grid`       branches too wide for one row, in rows and columns
`route`      lanes for the bends (`lanes`), places along the flow, polylines
`page`       a long picture cut into level columns; `bend`: a U-Net as a U; `insets`; `shelf`
`paint`      the placed boxes as shapes; `shapes`: one box; `title`: a group's; `legend`: colours
===========  =============================================================================

Containers are laid out innermost first, each by itself, so the cost is the sum over
the containers that differ: 3 ms for a ResNet-50 of 43 boxes. The same code flows down (TB) and
right (LR). Deterministic: the same graph gives the same picture.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from introspect.graph.collector import collector_paused
from introspect.graph.layout.bend import bend, skips_of
from introspect.graph.layout.card import equal_widths, to_nodes
from introspect.graph.layout.connect import connect
from introspect.graph.layout.container import Memo, arrange
from introspect.graph.layout.insets import Panel, place_insets
from introspect.graph.layout.legend import Overlay, legend_shapes, scale_width
from introspect.graph.layout.measure import text_width
from introspect.graph.layout.node import Direction, Node
from introspect.graph.layout.page import RATIO, wrap
from introspect.graph.layout.paint import Painter
from introspect.graph.layout.shelf import shelve
from introspect.graph.outline import Box, Outline
from introspect.nouns.drawing import Drawing, Label, Shape, Span

_MARGIN, _TITLE_BLOCK = 22.0, 50.0


@dataclass(frozen=True, slots=True)
class Page:
    """An outline with all its places, before it is painted.

    Attributes:
        root: The picture; its upper left corner is (0, 0).
        panels: Insets beside it.
        width, height: Of all that.
    """

    root: Node
    panels: tuple[Panel, ...]
    width: float
    height: float


def layout(
    outline: Outline,
    *,
    direction: Direction = "TB",
    legend: bool = True,
    ratio: float = RATIO,
    overlay: Overlay | None = None,
    memo: bool = True,
) -> Drawing:
    """Give every box of an outline its place, and draw it.

    Args:
        outline: Read only; lay it out again as often as you like.
        direction: ``"TB"`` flows down and wraps tall pictures into columns, ``"LR"`` flows
            to the right and wraps wide ones into rows.
        legend: Whether to say below what the colours mean.
        ratio: Width to height that a wrapped page aims at: 1.4 suits a screen, 0.7 a sheet of
            paper on end.
        overlay: Scales for the legend, and what it adds to the boxes.
        memo: Whether groups with equal numbers are solved only once; the result is the same.

    Returns:
        The picture, with a title above and a legend below.
    """
    with collector_paused():
        page = arrange_page(outline, direction, ratio=ratio, memo=memo)
        return _drawing(outline, page, direction, legend=legend, overlay=overlay)


def _drawing(
    outline: Outline, page: Page, direction: Direction, *, legend: bool, overlay: Overlay | None
) -> Drawing:
    header = text_width(outline.title, 15, bold=True), text_width(outline.subtitle, 8.5)
    scales = overlay.scales if overlay and legend else ()
    inner = max(page.width, *header, *map(scale_width, scales))
    left = _MARGIN + max((inner - page.width) / 2, 0)
    top = _TITLE_BLOCK + 8
    painter = Painter(direction, outline.batch, overlay)
    body = painter.paint(page.root, left, top)
    for panel in page.panels:
        body += painter.panel(panel, left, top)
    below = top + page.height + 20
    leaves = list(outline.root.leaves()) if legend else []
    leaves += [leaf for i in outline.insets if legend for leaf in i.root.leaves()]
    foot, foot_height = legend_shapes(leaves, x=_MARGIN, y=below, width=inner, scales=scales)
    head: list[Shape] = [
        Label(_MARGIN, 26, (Span(outline.title, 15, "ink", bold=True),)),
        Label(_MARGIN, 42, (Span(outline.subtitle, 8.5, "soft"),)),
    ]
    return Drawing(
        width=inner + 2 * _MARGIN,
        height=below + foot_height + 8,
        shapes=(*head, *body, *foot),
        title=outline.title,
        description=outline.subtitle,
    )


def place(
    outline: Outline, direction: Direction = "TB", *, ratio: float = RATIO, memo: bool = True
) -> Node:
    """Every box of an outline with a size and a place, and every edge with its line.

    Args:
        outline: Read only; its insets are left out.
        direction: Of the flow.
        ratio: Width to height that a wrapped page aims at.
        memo: Whether equal groups are laid out only once; the result is the same.

    Returns:
        The root. Places are relative to the group around; ``x`` and ``y`` of the root are 0.
    """
    return _placed(outline, direction, ratio, {} if memo else None)


def arrange_page(
    outline: Outline, direction: Direction = "TB", *, ratio: float = RATIO, memo: bool = True
) -> Page:
    """The picture and its insets with all their places; options as of `layout`."""
    solved: Memo | None = {} if memo else None
    root = _placed(outline, direction, ratio, solved)
    panels = place_insets(outline.insets, root, outline.batch, direction=direction, memo=solved)
    return Page(
        root=root,
        panels=panels,
        width=max([root.width, *(panel.x + panel.width for panel in panels)]),
        height=max([root.height, *(panel.y + panel.height for panel in panels)]),
    )


def place_cards(
    outline: Outline,
    width: Mapping[Box, float],
    direction: Direction = "TB",
    *,
    beside_pt: Mapping[Box, float] | None = None,
) -> Node:
    """As `place`, but with the width of each card given: a viewer's cards keep theirs.

    Args:
        outline: Read only; its insets are left out.
        width: Of every leaf, in points.
        direction: Of the flow.
        beside_pt: Box -> room at its right; the flow still enters the middle of the card.
    """
    root = to_nodes(outline.root, outline.batch)
    beside = beside_pt or {}
    for node in root.leaves():
        node.width = width[node.box] + beside.get(node.box, 0.0)
        node.axis = width[node.box] / 2
    return _arranged(root, direction, RATIO, {}, wraps=True)


def _placed(outline: Outline, direction: Direction, ratio: float, memo: Memo | None) -> Node:
    root = to_nodes(outline.root, outline.batch)
    equal_widths([root])
    return _arranged(root, direction, ratio, memo, wraps=not outline.insets)


def _arranged(
    root: Node, direction: Direction, ratio: float, memo: Memo | None, *, wraps: bool
) -> Node:
    """Boxes that have their sizes -> their places; see `place`."""
    if direction == "TB":
        shelve(root)
    connect(root)
    is_plain = direction == "TB" and not any(child.is_shelf for child in root.children)
    skips = skips_of(root) if is_plain else []
    if skips:
        bend(root, skips, memo)
        return root
    arrange(root, direction, memo)
    if wraps:
        wrap(root, direction, ratio=ratio)
    return root
