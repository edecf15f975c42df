"""A graph and a history -> a picture that notebooks show and files keep.

Cost: that of ``introspect.graph.formats.html``, and of ``pack``.

Not here: what is in the page (``page``).
"""

from dataclasses import dataclass, field
from os import PathLike
from typing import Any

from introspect.graph.formats import notebook_pictures, save
from introspect.graph.formats.html import to_html_fragment
from introspect.graph.life.watched import read_watched
from introspect.nouns.graph import Graph


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class LivingGraph:
    """A graph beside which its training is seen. Made by `Graph.with_history`.

    Attributes:
        graph: As traced.
        history: A History, a Watch or the folder of a run; read anew at each showing.
        options: Of ``graph.save``.
    """

    graph: Graph
    history: Any
    options: dict[str, Any] = field(default_factory=dict)

    def save(self, path: str | PathLike[str], **options: Any) -> None:
        """As ``graph.save(path, history=history, ...)``."""
        save(self.graph, path, history=self.history, **{**self.options, **options})

    def __repr__(self) -> str:
        found = read_watched(self.graph, self.history)
        return f"<{self.graph.name} with {len(found.records)} records of its training>"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        del include, exclude
        page = {k: v for k, v in self.options.items() if k != "size_by"}
        return {
            "text/html": to_html_fragment(self.graph, history=self.history, **page),
            **notebook_pictures(self.graph, history=self.history, **self.options),
            "text/plain": repr(self),
        }


def living(graph: Graph, history: Any, **options: Any) -> LivingGraph:
    """A graph with its training beside the boxes.

    Args:
        graph: As traced.
        history: A History, a Watch or the folder of a run.
        **options: Of ``graph.save``: `step`, `color`, `depth`, `theme` and so on.

    Raises:
        HistoryError: If the history has nothing to say about the graph.

    Example:
        >>> import introspect, torch
        >>> from introspect.nouns.sketch import Sketch
        >>> model, history = torch.nn.Linear(4, 2), introspect.History()
        >>> history.log(0, **{"weights/weight": Sketch.of(model.weight)})
        >>> living(introspect.trace(model, torch.zeros(1, 4)), history)
        <Linear with 1 records of its training>
    """
    read_watched(graph, history)
    return LivingGraph(graph, history, options)
