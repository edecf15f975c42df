"""Kinds of repeated blocks, each explained once, as panels beside the picture.

The picture stays one column of stages where it can; the panels stand to its right, in as
many columns as it takes for none to be taller than the picture. The cards that a panel
explains and the panel itself wear the same mark.

Not here: which blocks are explained (``introspect.graph.outline``).
"""

from dataclasses import dataclass

from introspect.graph.layout.card import equal_widths, to_nodes
from introspect.graph.layout.connect import connect
from introspect.graph.layout.container import Memo, arrange
from introspect.graph.layout.measure import text_width
from introspect.graph.layout.node import GROUP, Direction, Node
from introspect.graph.outline import Inset

PANEL_TITLE = 26.0
_PADDING, _BETWEEN, _BESIDE = 14.0, 16.0, 34.0


@dataclass(frozen=True, slots=True)
class Panel:
    """One inset with its place.

    Attributes:
        inset: What it explains.
        root: Its boxes, placed; to be drawn from (x + left, y + top).
        x, y, width, height: Of its frame.
        left, top: From the frame to the root.
    """

    inset: Inset
    root: Node
    x: float
    y: float
    width: float
    height: float
    left: float
    top: float = PANEL_TITLE + 2


def place_insets(
    insets: tuple[Inset, ...],
    main: Node,
    batch: int | None,
    *,
    direction: Direction,
    memo: Memo | None,
) -> tuple[Panel, ...]:
    """Lay every inset out, and stack the panels beside the main picture (below it for LR)."""
    roots = [to_nodes(inset.root, batch) for inset in insets]
    equal_widths(roots)
    for root in roots:
        connect(root)
        arrange(root, direction, memo)
    sizes = [_frame(inset, root) for inset, root in zip(insets, roots, strict=True)]
    down = direction == "TB"
    lengths = [height if down else width for width, height in sizes]
    limit = max([main.height if down else main.width, *lengths]) + 0.1
    panels = []
    across = (main.width if down else main.height) + _BESIDE
    along = reach = 0.0
    for inset, root, (width, height) in zip(insets, roots, sizes, strict=True):
        length, breadth = (height, width) if down else (width, height)
        if along and along + length > limit:
            across, along, reach = across + reach + _BETWEEN, 0.0, 0.0
        x, y = (across, along) if down else (along, across)
        left = (width - root.width) / 2
        panels.append(Panel(inset, root, x, y, width, height, left))
        along += length + _BETWEEN
        reach = max(reach, breadth)
    return tuple(panels)


def _frame(inset: Inset, root: Node) -> tuple[float, float]:
    title = text_width(inset.title, GROUP, bold=True) + text_width(inset.mark, GROUP) + 50
    title += text_width(f"  {inset.note}", GROUP - 0.5) if inset.note else 0.0
    width = max(root.width, title) + 2 * _PADDING
    return width, PANEL_TITLE + 2 + root.height + _PADDING
