"""Graph -> Drawing: outline and layout in one call."""

from introspect.graph.layout import layout
from introspect.graph.layout.node import Direction
from introspect.graph.outline import outline, whole_depth
from introspect.nouns.drawing import Drawing
from introspect.nouns.graph import Graph


def picture(
    graph: Graph,
    *,
    depth: float | str | None = None,
    fold: bool = True,
    direction: Direction = "TB",
    title: str | None = None,
    legend: bool = True,
) -> Drawing:
    """The picture of a graph, before any file format.

    Args:
        graph: As traced.
        depth: Levels of modules to open: None for as many as fit a page, 1 for the model's
            direct children, ``"all"`` for everything.
        fold: Whether equal neighbours become one box ``×32``.
        direction: ``"TB"`` flows down, ``"LR"`` to the right.
        title: Instead of the graph's name.
        legend: Whether to say below what the colours mean.
    """
    chosen = outline(graph, depth=whole_depth(depth), fold=fold, title=title)
    return layout(chosen, direction=direction, legend=legend)
