"""GraphDiff -> one HTML page: the interactive viewer over both architectures.

What is unchanged starts closed and opens on a click; offline, like every page of the viewer.

Not here: the viewer's data and page (``introspect.graph.formats.html``).
"""

from introspect.graph.compare.changes import GraphDiff
from introspect.graph.compare.merge_tree import REMOVED
from introspect.graph.compare.picture import check, graphs_of, outlined, remarks_of
from introspect.graph.compare.picture_outline import LOOKS
from introspect.graph.formats.html_data import encode
from introspect.graph.formats.html_details import Reader
from introspect.graph.formats.html_page import finished_page
from introspect.graph.layout.node import Direction
from introspect.graph.outline.box import Box
from introspect.theme import DIFF_FAMILIES, GraphTheme


def to_html(
    diff: GraphDiff,
    *,
    theme: str | GraphTheme | None = None,
    depth: int | None = None,
    fold: bool = True,
    direction: Direction = "TB",
    title: str | None = None,
    legend: bool = True,
) -> bytes:
    """A page that shows what changed and lets a reader open, search and follow it.

    Args:
        diff: As ``introspect.diff`` returned it.
        theme: None or ``"auto"`` follows the reader's system; else as of the viewer.
        depth: Levels that start open at most; None for as many as hold changes.
        fold: Whether equal neighbours become one box.
        direction: ``"TB"`` flows down, ``"LR"`` to the right.
        title: Instead of the names of the two graphs.
        legend: Whether to say what the marks mean.

    Returns:
        The page, UTF-8. The same diff and options give the same bytes.
    """
    check(direction=direction, depth=depth)
    _, after = graphs_of(diff)
    drawn, merged, _ = outlined(diff, depth=depth, fold=fold, title=title, is_open=True)
    for box in (*drawn.root.groups(), *drawn.root.leaves()):
        _prepare(box)
    document, _ = encode(drawn, Reader(after).of)
    counts = [f"{n} {LOOKS[mark]}" for mark, n in merged.counts.items() if mark in "+−~→" and n]
    words = [", ".join(sorted(counts)), drawn.subtitle, *remarks_of(merged)]
    return finished_page(
        drawn,
        {**document, "subtitle": " · ".join(filter(None, words))},
        theme=theme,
        direction=direction,
        families=DIFF_FAMILIES if legend else {},
        roles=[f"{look}/{part}" for look in DIFF_FAMILIES for part in ("fill", "accent", "text")],
    )


def _prepare(box: Box) -> None:
    """What the viewer tells about a box: of one that is there no more, nothing of the new graph."""
    if box.mark == REMOVED:
        box.path = f"{box.path} (removed)" if box.path else ""
        box.order = -1
