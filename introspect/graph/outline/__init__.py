"""Graph -> Outline: nested boxes, repeats folded, edges lifted.

Fusing and folding make the picture, more than layout does: a Llama of 2005 ops is 19
boxes. Five passes over one tree of boxes, in this order:

=========  ===============================================================================
`read`     what is drawn, and what feeds what
`fuse`     norms and activations become strips; single children move up
`fold`     equal neighbours become one box ``×32``
`depth`    what does not fit becomes one card
`labels`   the words in a box (used by `read`)
=========  ===============================================================================

Pure functions of the Graph: nothing here knows sizes, colours or files.
"""

import math
from dataclasses import dataclass

from introspect.graph.outline.box import Box
from introspect.graph.outline.box import SideInput as SideInput
from introspect.graph.outline.box import Strip as Strip
from introspect.graph.outline.depth import Depth, choose_depth, dissolve, seal
from introspect.graph.outline.fold import fold as fold_repeats
from introspect.graph.outline.fuse import fuse, merge_single
from introspect.graph.outline.labels import PLAIN_CONTAINERS, by_times, short_count
from introspect.graph.outline.read import read
from introspect.nouns.graph import Graph

BUDGET = 48
"""Boxes in a picture whose depth is chosen: what fits a page at a readable size."""


@dataclass(frozen=True, slots=True)
class Outline:
    """What a picture shows, before anything has a place.

    Attributes:
        root: The tree of boxes; its leaves carry the edges.
        title: Of the picture.
        subtitle: Class, parameters, input shape, operations and boxes.
        batch: Size of the first dimension of the inputs; left out of the shapes.
    """

    root: Box
    title: str
    subtitle: str
    batch: int | None


def outline(
    graph: Graph,
    *,
    depth: Depth = "auto",
    fold: bool = True,
    title: str | None = None,
    budget: int = BUDGET,
) -> Outline:
    """The outline of a graph.

    Args:
        graph: As traced.
        depth: Levels of modules to open, ``"auto"`` (as many as fit), or ``"all"``.
        fold: Whether equal neighbours become one box.
        title: Of the picture; the graph's name if None.
        budget: Boxes that ``depth="auto"`` aims at.

    Returns:
        A fresh tree at every call. A few milliseconds for a ResNet-50.
    """
    root = read(graph)
    fuse(root)
    merge_single(root)
    if fold:
        fold_repeats(root)
        merge_single(root)
    choose_depth(root, depth, budget=budget)
    seal(root)
    merge_single(root)
    dissolve(root)
    shape = graph.inputs[0].shape if graph.inputs else None
    return Outline(
        root=root,
        title=graph.name if title is None else title,
        subtitle=_subtitle(graph, root),
        batch=shape[0] if shape and len(shape) > 1 else None,
    )


def _subtitle(graph: Graph, root: Box) -> str:
    boxes = sum(1 for _ in root.leaves())
    parts = [] if graph.module == graph.name else [graph.module]
    parts.append(f"{short_count(graph.parameters)} parameters")
    if len(graph.inputs) == 1 and graph.inputs[0].shape:
        parts.append(f"input {by_times(graph.inputs[0].shape)}")
    parts.append(f"{len(graph.ops)} operations in {boxes} boxes")
    return " · ".join([*parts, *graph.notes])


def sizes(shape: tuple[int, ...] | None, batch: int | None) -> str:
    """A shape as a picture writes it: without the batch dimension.

    Example:
        >>> sizes((8, 64, 56, 56), 8), sizes((), None), sizes(None, 8)
        ('64×56×56', 'scalar', '')
    """
    if shape is None:
        return ""
    if len(shape) > 1 and shape[0] == batch:
        shape = shape[1:]
    return by_times(shape) if shape else "scalar"


def as_text(graph: Graph, *, depth: int | None = None) -> str:
    """The outline as indented text, one line a box: what a terminal shows.

    Args:
        graph: As traced.
        depth: Levels of modules; None for as many as fit.
    """
    drawn = outline(graph, depth="auto" if depth is None else depth)
    rows = [row for child in drawn.root.children for row in _rows(child, 1, drawn.batch)]
    width = max((len(left) for left, _, _ in rows), default=0)
    shapes = max((len(shape) for _, shape, _ in rows), default=0)
    lines = [f"{left:<{width}}  {shape:>{shapes}}  {count}".rstrip() for left, shape, count in rows]
    return "\n".join([f"{drawn.title}  {drawn.subtitle}", *lines])


def _rows(box: Box, level: int, batch: int | None) -> list[tuple[str, str, str]]:
    module = "" if box.module in PLAIN_CONTAINERS else box.module
    strips = [strip.text for strip in (*box.before, *box.after)]
    words = [
        box.written_name,
        module,
        box.badge,
        box.detail,
        "+ " + ", ".join(strips) if strips else "",
    ]
    left = "  " * level + " ".join(word for word in words if word)
    count = short_count(box.parameters) if box.parameters else ""
    if box.kind != "group":
        return [(left, sizes(box.shape, batch), count)]
    below = [row for child in box.children for row in _rows(child, level + 1, batch)]
    return [(left, "", count), *below]


def whole_depth(depth: float | str | None) -> Depth:
    """What users write for a depth -> what `outline` takes.

    Example:
        >>> whole_depth(None), whole_depth(2), whole_depth(float("inf"))
        ('auto', 2, 'all')
    """
    if depth in {None, "auto"}:
        return "auto"
    if depth in {"all", math.inf}:
        return "all"
    return max(1, int(depth or 1))
