"""Graphs of models on a page: a frame that can be opened, searched and followed.

``GraphPanel -> GraphFrame``, and its name to the graph's own page, which the application serves to
the frame. The page of a graph is made when a browser asks for it, once for each theme.

Not here: that page (``introspect.graph.formats.html``), pictures of graphs elsewhere
(``introspect.canvas.shots_media``).
"""

import secrets
import threading
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from introspect.canvas.ticks import clean
from introspect.nouns.panels import Column, GraphPanel, Row

_MOST_GRAPHS = 32
THEMES = ("light", "dark")


@dataclass(frozen=True, slots=True)
class GraphFrame:
    """What a browser is told of a graph.

    Attributes:
        title: Above it.
        address: Of its page, relative to that of the canvas.
    """

    title: str
    address: str

    @property
    def spec(self) -> dict[str, Any]:
        """As `introspect.canvas.specs` tells it."""
        return {"kind": "graph", "title": self.title, "address": self.address, "wide": True}


class Graphs:
    """The graphs that browsers of one page have been told of."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        # By identity; the graph is held so that no other takes its place.
        self._names: OrderedDict[tuple[int, int | None], str] = OrderedDict()
        self._panels: dict[str, GraphPanel] = {}
        self._pages: dict[tuple[str, str], bytes] = {}

    def framed(self, panels: Iterable[Any]) -> tuple[Any, ...]:
        """The panels with frames in place of graphs."""
        return tuple(self._framed(panel) for panel in panels)

    def _framed(self, panel: Any) -> Any:
        if isinstance(panel, Row | Column):
            return replace(panel, panels=self.framed(panel.panels))
        if not isinstance(panel, GraphPanel):
            return panel
        title = clean(panel.title) or clean(getattr(panel.graph, "name", ""))
        return GraphFrame(title, f"graph/{self._name(panel)}")

    def _name(self, panel: GraphPanel) -> str:
        key = (id(panel.graph), panel.depth)
        with self._lock:
            if key not in self._names:
                self._names[key] = secrets.token_urlsafe(9)
                self._panels[self._names[key]] = panel
                while len(self._names) > _MOST_GRAPHS:
                    _, gone = self._names.popitem(last=False)
                    del self._panels[gone]
                    for theme in THEMES:
                        self._pages.pop((gone, theme), None)
            self._names.move_to_end(key)
            return self._names[key]

    def page(self, name: str, theme: str) -> bytes | None:
        """The page of a graph; None for a name that was not given out.

        Args:
            name: Of `GraphFrame.address`, without ``graph/``.
            theme: ``"light"`` or ``"dark"``; anything else is light.
        """
        from introspect.graph.formats.html import to_html  # noqa: PLC0415  when somebody looks

        theme = theme if theme in THEMES else THEMES[0]
        with self._lock:
            panel, known = self._panels.get(name), self._pages.get((name, theme))
        if panel is None or known is not None:
            return known
        made = to_html(panel.graph, theme=theme, depth=panel.depth)
        with self._lock:
            self._pages[name, theme] = made
        return made
