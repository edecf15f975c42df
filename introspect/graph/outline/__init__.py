"""Graph -> Outline: nested boxes, repeats folded, edges lifted.

Fusing and folding make the picture, more than layout does: a Llama of 2005 ops is 19
boxes. Passes over one tree of boxes, in this order:

=========  ===============================================================================
`read`     what is drawn; `wire`: what feeds what; `labels`: the words in a box
`choose`   what the user wants open or closed
`fuse`     norms and activations become strips; single children move up
`fold`     equal neighbours become one box ``×32`` (`sign`: equal; `runs`: may fold)
`inset`    each kind of repeated block explained once; `symbols`: ``C → C/4``
`depth`    what does not fit becomes one card (`seal`)
`text`     the outline for a terminal
=========  ===============================================================================

Pure functions of the Graph: nothing here knows sizes, colours or files. Near linear: 0.2 s
for the 4745 operations of an 80-layer Llama.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from introspect.graph.outline.box import Box
from introspect.graph.outline.box import SideInput as SideInput
from introspect.graph.outline.box import Strip as Strip
from introspect.graph.outline.choose import mark_choices
from introspect.graph.outline.depth import Depth, choose_depth, dissolve
from introspect.graph.outline.fold import fold as fold_repeats
from introspect.graph.outline.fuse import fuse, merge_single
from introspect.graph.outline.inset import Inset as Inset
from introspect.graph.outline.inset import explain
from introspect.graph.outline.labels import by_times, short_count
from introspect.graph.outline.read import read
from introspect.graph.outline.seal import seal, write_cards
from introspect.graph.outline.text import in_columns, to_rows
from introspect.graph.outline.text import sizes as sizes
from introspect.nouns.graph import Graph

BUDGET = 60
"""Boxes in a picture whose depth is chosen: what fits a page at a readable size."""

Collapse = Sequence[str] | Callable[[Box], bool]


@dataclass(frozen=True, slots=True)
class Outline:
    """What a picture shows, before anything has a place.

    Attributes:
        root: The tree of boxes; its leaves carry the edges.
        title: Of the picture.
        subtitle: Class, parameters, input shape, operations and boxes, what was folded.
        batch: Size of the first dimension of the inputs; left out of the shapes.
        insets: Kinds of repeated blocks, each explained once; empty unless asked for.
    """

    root: Box
    title: str
    subtitle: str
    batch: int | None
    insets: tuple[Inset, ...] = ()


def outline(
    graph: Graph,
    *,
    depth: Depth = "auto",
    fold: bool = True,
    title: str | None = None,
    budget: int = BUDGET,
    expand: Sequence[str] = (),
    collapse: Collapse = (),
    insets: bool = False,
) -> Outline:
    """The outline of a graph.

    Args:
        graph: As traced.
        depth: Levels of modules to open, ``"auto"`` (as many as fit), or ``"all"``.
        fold: Whether equal neighbours become one box.
        title: Of the picture; the graph's name if None.
        budget: Boxes that ``depth="auto"`` aims at.
        expand: Paths of modules to open whatever the depth, as in ``model.named_modules()``,
            or patterns: ``*`` is any one name, ``**`` any number of them. A block of a folded
            run that is named alone is drawn by itself.
        collapse: Paths and patterns of modules to draw as one card whatever the depth, or a
            function of a group `Box` (its `path`, `module`, `parameters`) that says so.
        insets: Whether to draw repeated blocks as cards, and explain each kind once.

    Returns:
        A fresh tree at every call. A few milliseconds for a ResNet-50.

    Raises:
        FormatError: If a path names no module that ran, or is to be both open and closed;
            if the graph was loaded from a file and has a cycle.
    """
    root = _folded(graph, fold=fold, expand=expand, collapse=collapse)
    explained = explain(root) if insets else ()
    choose_depth(root, depth, budget=budget)
    seal(root)
    merge_single(root)
    dissolve(root)
    return _finished(graph, root, title, explained)


def open_outline(
    graph: Graph,
    *,
    depth: Depth = "auto",
    fold: bool = True,
    title: str | None = None,
    expand: Sequence[str] = (),
    collapse: Collapse = (),
    dissolved: bool = False,
) -> Outline:
    """The outline with every group open, for viewers that open and close groups by themselves.

    Args:
        graph: As traced.
        depth: As of `outline`; groups beyond it are open all the same, with `is_sealed` set:
            they start as one card.
        fold: Whether equal neighbours become one box.
        title: Of the picture; the graph's name if None.
        expand: As of `outline`: modules that start open.
        collapse: As of `outline`: modules that start as one card.
        dissolved: Whether a group that holds most of what is shown at first gives up its border,
            as in `outline`.

    Returns:
        A fresh tree. Each group carries the words of its card (`detail`, `family`, `shape`,
        `operations`) beside its children; nothing has an inset.

    Raises:
        FormatError: As of `outline`.
    """
    root = _folded(graph, fold=fold, expand=expand, collapse=collapse)
    choose_depth(root, depth, budget=BUDGET)
    write_cards(root)
    if dissolved:
        dissolve(root)
    return _finished(graph, root, title, ())


def _folded(graph: Graph, *, fold: bool, expand: Sequence[str], collapse: Collapse) -> Box:
    """The whole tree, nothing closed yet."""
    root = read(graph)
    if expand or collapse:
        mark_choices(graph, root, expand=expand, collapse=collapse)
    fuse(root)
    merge_single(root)
    if fold:
        fold_repeats(root)
        merge_single(root)
    return root


def _finished(graph: Graph, root: Box, title: str | None, insets: tuple[Inset, ...]) -> Outline:
    return Outline(
        root=root,
        title=graph.name if title is None else title,
        subtitle=_subtitle(graph, root),
        batch=_batch(graph, root),
        insets=insets,
    )


def _batch(graph: Graph, root: Box) -> int | None:
    """The first size of the first input, if half of the boxes have it, too.

    An image without a batch, as detectors take them, begins with its channels.
    """
    given = graph.inputs[0].shape if graph.inputs else None
    if not given or len(given) < 2:
        return None
    shapes = [box.shape for box in root.leaves() if box.kind != "io" and box.shape]
    alike = sum(shape[0] == given[0] for shape in shapes)
    return given[0] if not shapes or 2 * alike >= len(shapes) else None


def _subtitle(graph: Graph, root: Box) -> str:
    parts = [] if graph.module == graph.name else [graph.module]
    parts.append(f"{short_count(graph.parameters)} parameters")
    if len(graph.inputs) == 1 and graph.inputs[0].shape:
        parts.append(f"input {by_times(graph.inputs[0].shape)}")
    parts.append(_told(graph, root))
    return " · ".join([*parts, *graph.notes])


def _told(graph: Graph, root: Box) -> str:
    """``2005 operations in 19 boxes; 1 kind of block folded, 4 blocks closed``."""
    boxes: list[Box] = []
    groups: list[Box] = []
    todo = [root]
    while todo:
        for child in todo.pop().children:
            is_open = child.kind == "group" and not child.is_sealed
            (groups if is_open else boxes).append(child)
            todo += [child] if is_open else []
    folded = {(b.module or b.name) for b in (*boxes, *groups) if b.badge and b.kind != "io"}
    closed = sum(1 for box in boxes if box.is_sealed)
    words = []
    if folded:
        words.append(f"{len(folded)} {_plural('kind', len(folded))} of block folded")
    if closed:
        words.append(f"{closed} {_plural('block', closed)} closed")
    if graph.level == "module":
        counted = f"{len(graph.calls) - 1} modules in {len(boxes)} boxes"
    else:
        counted = f"{len(graph.ops)} operations in {len(boxes)} boxes"
    return "; ".join([counted, ", ".join(words)]) if words else counted


def _plural(word: str, count: int) -> str:
    return word if count == 1 else f"{word}s"


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


def as_text(
    graph: Graph,
    *,
    depth: Depth | None = None,
    fold: bool = True,
    expand: Sequence[str] = (),
    collapse: Collapse = (),
    insets: bool = False,
) -> str:
    """The outline as indented text, one line a box: what a terminal shows.

    Args:
        graph: As traced.
        depth: Levels of modules; None for as many as fit.
        fold: Whether equal neighbours become one box.
        expand: As of `outline`.
        collapse: As of `outline`.
        insets: Whether each kind of repeated block is explained once, below.

    Raises:
        FormatError: As of `outline`.
    """
    drawn = outline(
        graph,
        depth="auto" if depth is None else depth,
        fold=fold,
        expand=expand,
        collapse=collapse,
        insets=insets,
    )
    rows = to_rows(drawn.root, drawn.batch)
    parts = [(inset, to_rows(inset.root, drawn.batch)) for inset in drawn.insets]
    return in_columns(f"{drawn.title}  {drawn.subtitle}", rows, parts)
