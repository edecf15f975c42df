"""Panels to one notebook output that is updated in place.

A display with an id is made by the first picture of a cell and rewritten by the later ones;
the picture that the throttle held back is shown when the cell ends, also after an exception
or an interrupt. A cell that runs later gets an output of its own. What stays in the file is
one PNG at twice the size, and a line of text.

Not here: the picture (``introspect.canvas.figure``), the interactive canvas.
"""

from collections.abc import Sequence
from typing import Any

from IPython import get_ipython
from IPython.display import display

from introspect.canvas.figure import Easel, mime_bundle
from introspect.canvas.screens import Report, Screen
from introspect.nouns.panels import Panel


class NotebookScreen(Screen):
    """One output of the running cell."""

    def __init__(self, *, every_s: float, report: Report, easel: Easel) -> None:
        super().__init__(every_s=every_s, report=report)
        self._easel = easel
        self._handle: Any = None
        self._listening: Any = None

    def show(self, panels: Sequence[Panel]) -> None:
        """Draw if it is time; the end of the cell draws what was held back."""
        if self._listening is None:
            shell = get_ipython()
            if shell is not None:
                shell.events.register("post_run_cell", self._cell_ended)
                self._listening = shell
        super().show(panels)

    def draw(self, panels: Sequence[Panel]) -> None:
        """Make the output, or rewrite it."""
        data, metadata = mime_bundle(panels, self._easel)
        if self._handle is None:
            self._handle = display(data, raw=True, metadata=metadata, display_id=True)
        else:
            self._handle.update(data, raw=True, metadata=metadata)

    def _cell_ended(self, result: object = None) -> None:
        del result
        self.close()

    def close(self) -> None:
        """The last picture; the next one gets a new output."""
        self.flush()
        self._handle = None
        self._due = 0.0
        shell, self._listening = self._listening, None
        if shell is not None:
            shell.events.unregister("post_run_cell", self._cell_ended)
