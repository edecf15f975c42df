"""GraphDiff -> a picture of both architectures, with what happened to each part.

=================  =======================================================
`merge`            both graphs as one tree of boxes (`merge_tree`): `merge_pairs` finds
                   what stands for what, `merge_marks` what happened to it
`picture_outline`  fuse, fold, close: what is drawn
`picture_paint`    the Drawing;  `picture_page`: the interactive page
=================  =======================================================

Cost: that of two pictures. Not here: how changes are found (``diff``).
"""

import os
from collections.abc import Mapping
from inspect import signature
from pathlib import Path
from typing import Any

from introspect.errors import FormatError
from introspect.graph.compare.changes import GraphDiff
from introspect.graph.compare.merge import merge
from introspect.graph.compare.merge_tree import SAME, Merged
from introspect.graph.compare.picture_outline import LOOKS, condense
from introspect.graph.compare.picture_paint import paint
from introspect.graph.formats import PAPER, check_names, put, render
from introspect.graph.formats.still import still_pictures
from introspect.graph.layout.node import Direction
from introspect.graph.outline import Outline
from introspect.graph.outline.box import Box
from introspect.graph.outline.labels import short_count
from introspect.graph.wording import clean, one_line
from introspect.nouns.drawing import Drawing
from introspect.nouns.graph import Graph

_MOST_REMARKS = 12
_LONGEST_REMARK = 120
_WORDS = {"+": "added", "−": "removed", "~": "changed", "→": "renamed or moved"}


def picture(
    diff: GraphDiff,
    *,
    depth: int | None = None,
    fold: bool = True,
    direction: Direction = "TB",
    title: str | None = None,
    legend: bool = True,
) -> Drawing:
    """The picture of what changed, before any file format.

    Args:
        diff: As ``introspect.diff`` returned it.
        depth: Levels of modules to open at most; None for as many as hold changes and fit.
        fold: Whether equal neighbours, and stretches of what is unchanged, become one box.
        direction: ``"TB"`` flows down, ``"LR"`` to the right.
        title: Instead of the names of the two graphs.
        legend: Whether to say below what the marks mean.

    Raises:
        FormatError: If an option has a value that it cannot have, or the diff has no graphs.

    Example:
        >>> import introspect, torch
        >>> def traced(width):
        ...     net = torch.nn.Sequential(torch.nn.Linear(4, width), torch.nn.ReLU())
        ...     return introspect.trace(net, torch.zeros(1, 4))
        >>> picture(introspect.diff(traced(8), traced(9))).description.split(";")[0]
        '1 changed'
    """
    check(direction=direction, depth=depth)
    drawn, merged, swallowed = outlined(diff, depth=depth, fold=fold, title=title)
    return paint(
        drawn,
        direction=direction,
        legend=legend,
        chips=_chips(merged),
        remarks=remarks_of(merged),
        notes={box: _heard(box, swallowed) for box in drawn.root.leaves()},
    )


OPTIONS = tuple(signature(picture).parameters)[1:]
"""The names of the options of a picture of changes."""


def outlined(
    diff: GraphDiff,
    *,
    depth: int | None = None,
    fold: bool = True,
    title: str | None = None,
    is_open: bool = False,
) -> tuple[Outline, Merged, dict[Box, str]]:
    """What the picture shows, before anything has a place.

    Args:
        diff: As ``introspect.diff`` returned it.
        depth: As of `picture`.
        fold: As of `picture`.
        title: As of `picture`.
        is_open: Whether closed groups keep their boxes, for a viewer.

    Returns:
        The outline, whose boxes have marks; counts and remarks; box to changes of its strips.
    """
    before, after = graphs_of(diff)
    merged = merge(before, after, diff.changes)
    swallowed = condense(merged, depth=depth, fold=fold, is_open=is_open)
    root = merged.root
    for box in (*root.groups(), *root.leaves()):
        clean(box)
    names = f"{before.name} → {after.name}"
    if before.name == after.name:
        names = f"What changed in {after.name}"
    drawn = Outline(
        root=root,
        title=one_line(names if title is None else title),
        subtitle=one_line(_subtitle(before, after, merged, len(diff.changes)), longest=400),
        batch=_batch(after, root),
    )
    return drawn, merged, swallowed


def graphs_of(diff: GraphDiff) -> tuple[Graph, Graph]:
    """The two graphs of a diff.

    Raises:
        FormatError: If it was put together by hand and has none.
    """
    graphs = diff._graphs  # noqa: SLF001  the noun keeps them for this room alone
    if graphs is None:
        raise FormatError(
            "this diff holds its changes alone and cannot be drawn.",
            given=f"{diff.before} → {diff.after}",
            hint="introspect.diff(before, after) keeps both graphs",
        )
    return graphs


def check(*, direction: object, depth: object) -> None:
    """Raise a FormatError where an option has a value that it cannot have."""
    if direction not in {"TB", "LR"}:
        raise FormatError(
            "a picture flows down or to the right.",
            given=f"direction={direction!r}",
            hint='direction="TB" or direction="LR"',
        )
    if depth is not None and (not isinstance(depth, int) or isinstance(depth, bool) or depth < 1):
        raise FormatError(
            "this is no depth of a picture of changes.",
            given=f"depth={depth!r}",
            hint="a number of levels from 1 on, or None for as many as hold changes",
        )


def _chips(merged: Merged) -> list[tuple[str, str]]:
    found = [
        (mark, f"{merged.counts[mark]} {word}")
        for mark, word in _WORDS.items()
        if merged.counts[mark]
    ]
    return found or [(SAME, "other details" if merged.remarks else "equal in structure")]


def _subtitle(before: Graph, after: Graph, merged: Merged, changes: int) -> str:
    counts = [short_count(graph.parameters) for graph in (before, after)]
    if before.parameters != after.parameters and counts[0] == counts[1]:
        counts = [f"{graph.parameters:,}" for graph in (before, after)]
    parts = [f"{' → '.join(dict.fromkeys(counts))} parameters"]
    parts.append(f"{merged.counts[SAME]} parts unchanged")
    if merged.follows:
        follow = (
            "one of them follows" if merged.follows == 1 else f"{merged.follows} of them follow"
        )
        parts[-1] += f", {follow} in size"
    if changes:
        parts.append(f"{changes} difference{'s' * (changes != 1)} in all")
    return " · ".join(parts)


def remarks_of(merged: Merged) -> list[str]:
    """Changes that no box stands for, as lines."""
    lines = [one_line(" ".join(r.split()), longest=_LONGEST_REMARK) for r in merged.remarks]
    more = len(lines) - _MOST_REMARKS
    lines = [*lines[:_MOST_REMARKS], *([f"and {more} more in .changes"] if more > 0 else [])]
    return ["Not drawn:", *lines] if lines else []


def _heard(box: Box, swallowed: Mapping[Box, str]) -> str:
    words = [LOOKS.get(box.mark, ""), *(strip.text for strip in (*box.before, *box.after))]
    return "; ".join(filter(None, [*words, swallowed.get(box, "")]))


def _batch(graph: Graph, root: Box) -> int | None:
    """The first size of the first input, if half of the boxes have it, too."""
    given = graph.inputs[0].shape if graph.inputs else None
    if not given or len(given) < 2:
        return None
    shapes = [box.shape for box in root.leaves() if box.kind != "io" and box.shape]
    alike = sum(shape[0] == given[0] for shape in shapes)
    return given[0] if not shapes or 2 * alike >= len(shapes) else None


def save(diff: GraphDiff, path: str | os.PathLike[str], **options: Any) -> None:
    """Draw what changed into a file; the suffix picks the format.

    Args:
        diff: As ``introspect.diff`` returned it.
        path: Ends in ``.svg``, ``.pdf``, ``.png`` or ``.html``.
        **options: Of `picture`; `theme`; `scale` or `dpi` for PNG; `fit` and `tiles` for PDF.

    Raises:
        FormatError: If the suffix, the theme or an option is unknown.
        SaveError: If the file cannot be written.
    """
    suffix = Path(path).suffix.lower()
    if suffix == ".html":
        from introspect.graph.compare.picture_page import to_html  # noqa: PLC0415

        check_names(options, [*OPTIONS, "theme"], "a page of changes")
        put(path, to_html(diff, **options))
        return
    if suffix not in PAPER:
        raise FormatError(
            "what changed cannot be saved in this format.",
            given=repr(str(path)),
            hint="a path that ends in one of " + ", ".join([*PAPER, ".html"]),
        )
    own = {name: options.pop(name) for name in list(options) if name in PAPER[suffix]}
    theme = options.pop("theme", "light")
    check_names(options, [*OPTIONS, "theme", *PAPER[suffix]], f"a {suffix} picture of changes")
    put(path, render(picture(diff, **options), suffix, theme=theme, **own))


def mime_bundle(diff: GraphDiff) -> dict[str, str]:
    """What a notebook shows: the picture, and the text beside."""
    bundle = {"text/plain": repr(diff)}
    if diff._graphs is not None:  # noqa: SLF001  the noun keeps them for this room alone
        bundle |= still_pictures(picture(diff))
    return bundle
