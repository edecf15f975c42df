"""Panels to a live region of the terminal, redrawn in place.

The region is rich's: what the training prints appears above it. The cursor stays visible,
so that a process that is killed leaves a usable terminal; the last frame stays when the
canvas is closed, at the end of the program, after an exception and after Ctrl-C.

Not here: what the text is (``introspect.canvas.terminal``).
"""

from collections.abc import Sequence

from rich.console import Console
from rich.live import Live

from introspect.canvas.screens import Report, Screen
from introspect.canvas.terminal import as_renderable
from introspect.nouns.panels import Panel


class TerminalScreen(Screen):
    """A region of the terminal."""

    def __init__(self, *, every_s: float, report: Report, console: Console | None = None) -> None:
        super().__init__(every_s=every_s, report=report)
        self._console = console or Console(highlight=False)
        self._live: Live | None = None

    def draw(self, panels: Sequence[Panel]) -> None:
        """Redraw the region."""
        width, height = self._console.size
        text = as_renderable(panels, width=width - 1, height=height - 1)
        if self._live is None:
            self._live = Live(text, console=self._console, auto_refresh=False)
            self._live.start()
            self._console.show_cursor(True)
        self._live.update(text, refresh=True)

    def close(self) -> None:
        """Leave the last frame and give stdout back."""
        self.flush()
        live, self._live = self._live, None
        if live is not None:
            live.stop()
