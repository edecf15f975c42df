"""What a page can show: a canvas, a history, panels, or a function that returns one of these.

Not here: many runs (``introspect.viewer``).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, is_dataclass
from typing import Any, get_args

from introspect.canvas.automatic import panels_of
from introspect.canvas.page.session import Source
from introspect.errors import CanvasError
from introspect.nouns.panels import Column, Panel, Placed, Row

_PANELS = (*get_args(Panel), Row, Column)


@dataclass(frozen=True, slots=True)
class Shown:
    """A source of panels.

    Attributes:
        make: The panels now, for a browser's wish.
        tell: What there is to choose from.
    """

    make: Callable[[Mapping[str, Any]], tuple[Placed, ...]]
    tell: Callable[[], Mapping[str, Any]] = dict

    def panels(self, wish: Mapping[str, Any]) -> tuple[Placed, ...]:
        """What to draw now."""
        return self.make(wish)

    def state(self, wish: Mapping[str, Any]) -> str:
        """A training of this process goes on."""
        del wish
        return "live"

    def contents(self) -> Mapping[str, Any]:
        """What there is to choose from."""
        return self.tell()


def source_of(what: Any) -> Source:
    """A source of whatever people want to see on a page.

    Raises:
        CanvasError: If it cannot be shown.

    Example:
        >>> from introspect.canvas import Canvas
        >>> canvas = Canvas(backend="none")
        >>> canvas.draw_plot([3.0, 2.0])
        >>> [type(panel).__name__ for panel in source_of(canvas).panels({})]
        ['LinePanel']
    """
    if hasattr(what, "panels") and hasattr(what, "contents"):
        return what
    if callable(what) and not hasattr(what, "panels"):
        return Shown(lambda wish: _panels(what(), wish))
    _panels(what, {})  # an error now, not in a thread later
    return Shown(lambda wish: _panels(what, wish))


def _panels(what: Any, wish: Mapping[str, Any]) -> tuple[Placed, ...]:
    if isinstance(what, _PANELS):
        return (what,)
    if isinstance(what, list | tuple) and all(isinstance(panel, _PANELS) for panel in what):
        return tuple(what)
    panels = getattr(what, "panels", None)
    if isinstance(panels, tuple):
        return panels
    if hasattr(what, "keys") and hasattr(what, "get_total_time"):
        return panels_of(what, search=str(wish.get("search", "")))
    raise CanvasError(
        "this cannot be shown on a page.",
        given=f"a dataclass {type(what).__name__}" if is_dataclass(what) else repr(what)[:200],
        hint="introspect.serve(history), introspect.serve(canvas)",
    )
