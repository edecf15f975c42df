"""A user's own drawings as pictures, for browsers: ``CustomPanel -> FigurePanel``.

They are painted in the user's thread, where their methods expect to run, and no more often than
a fifth of the time of the training.

Cost: 30 to 100 ms for each drawing, when it is due; a look at the panels otherwise.

Not here: the painting (``introspect.canvas.figure``).
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from introspect.nouns.panels import Column, CustomPanel, FigurePanel, Row, leaves
from introspect.nouns.values import Figure
from introspect.nouns.values.figure import png_size

if TYPE_CHECKING:
    from introspect.canvas.figure import Easel

_SHARE = 4.0  # a picture that took 1 s is followed by 4 s of training
_EVERY_S = 1.0
_WIDTH_IN = 4.2


class Pictured:
    """Keeps the newest picture of each drawing.

    Args:
        easel: Makes what they are painted with, when there is something to paint.
    """

    def __init__(self, easel: "Callable[[], Easel]") -> None:
        self._easel = easel
        self._known: dict[int, FigurePanel] = {}
        self._due_s = 0.0

    def of(self, panels: Sequence[Any], *, now: bool = False) -> Sequence[Any]:
        """The panels with pictures in place of drawings.

        Args:
            panels: Panels, Rows and Columns.
            now: Paint, whatever the time.
        """
        drawings = [panel for panel in leaves(panels) if isinstance(panel, CustomPanel)]
        if not drawings:
            return panels
        begin_s = time.monotonic()
        if now or begin_s >= self._due_s or len(drawings) != len(self._known):
            self._known = {at: self._painted(one) for at, one in enumerate(drawings)}
            end_s = time.monotonic()
            self._due_s = end_s + max(_EVERY_S, _SHARE * (end_s - begin_s))
        places = {id(drawing): at for at, drawing in enumerate(drawings)}
        return tuple(self._replaced(panel, places) for panel in panels)

    def _painted(self, panel: CustomPanel) -> FigurePanel:
        from introspect.canvas.figure import png_bytes  # noqa: PLC0415  matplotlib, when needed

        easel = replace(self._easel(), width_in=_WIDTH_IN)
        png = png_bytes((panel,), easel, dpi=192)
        return FigurePanel(panel.name, None, [Figure(png, *png_size(png))])

    def _replaced(self, member: Any, places: dict[int, int]) -> Any:
        if isinstance(member, Row | Column):
            inner = tuple(self._replaced(one, places) for one in member.panels)
            return replace(member, panels=inner)
        return self._known[places[id(member)]] if isinstance(member, CustomPanel) else member
