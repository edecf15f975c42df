"""A canvas on a page of its own: ``Canvas(page=True)``.

The page is opened by the constructor, where a missing package or a taken port may be an error,
and stays until the program ends or `Page.close` is called.

Not here: what a browser is sent (``session``).
"""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from introspect.canvas.page.opening import Page, serve
from introspect.canvas.pictured import Pictured
from introspect.canvas.screens import Report, Screen
from introspect.nouns.panels import Placed

if TYPE_CHECKING:
    from introspect.canvas.figure import Easel


class PageScreen(Screen):
    """What was drawn last, for every browser that asks.

    Drawing costs the training nothing but the painting of drawings of the user's own.

    Args:
        report: Told (where, fault) when something fails.
        easel: Makes what drawings of the user's own are painted with.

    Attributes:
        page: Where it is shown.
    """

    def __init__(self, *, report: Report, easel: "Callable[[], Easel]") -> None:
        super().__init__(every_s=0.0, report=report)
        self._pictured = Pictured(easel)
        self._latest: Sequence[Placed] = ()
        self._state = "live"
        self.page: Page = serve(self)

    def show(self, panels: Sequence[Placed]) -> None:
        """Keep the panels; browsers fetch them at their own pace."""
        try:
            self._latest = self._pictured.of(panels)
        except Exception as fault:  # noqa: BLE001  a picture must not end a training
            self._report("the live picture", fault)
        self._state = "live"

    def close(self) -> None:
        """Say that the training has ended; the page stays."""
        self._state = "finished"

    # As the source of the page -----------------------------------------------------------------

    def panels(self, wish: Mapping[str, Any]) -> tuple[Placed, ...]:
        """What was drawn last."""
        del wish
        return tuple(self._latest)

    def state(self, wish: Mapping[str, Any]) -> str:
        """``live`` until the canvas is closed."""
        del wish
        return self._state

    def contents(self) -> Mapping[str, Any]:
        """There is nothing to choose."""
        return {}
