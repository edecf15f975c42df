"""The same curves without matplotlib: in a notebook its Canvas, from a script a page and a file.

The page (extra ``page``) is live and zooms and reads off values by itself; its address is
printed. The file stands by itself, too, and is written at most a fifth of the time.

Not here: Bokeh. Which curves: ``panels``.
"""

import weakref
from collections.abc import Sequence
from pathlib import Path

from introspect.canvas import Canvas
from introspect.canvas.faults import Faults
from introspect.canvas.screens import Report, Screen, in_kernel
from introspect.compat.ignored import tell_ignored
from introspect.compat.livelossplot.main_logger import MainLogger
from introspect.compat.livelossplot.outputs.base_output import BaseOutput, OutputMode
from introspect.compat.livelossplot.outputs.panels import in_rows, line_panels
from introspect.errors import MissingExtraError
from introspect.nouns.panels import Placed

_EVERY_S = 1.0


class BokehPlot(BaseOutput):
    """Interactive curves of every group.

    Args:
        max_cols: Panels in a row at most.
        skip_first: Not heeded, as in livelossplot.
        cell_size: Width and height of a panel in pixels; a page takes the room that it has.
        output_file: Where a script leaves the interactive picture.

    Attributes:
        canvas: What is shown.
    """

    def __init__(
        self,
        max_cols: int = 2,
        skip_first: int = 2,
        cell_size: tuple[int, int] = (400, 300),
        output_file: str = "./bokeh_output.html",
    ) -> None:
        if skip_first != 2:
            tell_ignored("BokehPlot", "skip_first", reason="from_step= chooses steps")
        if tuple(cell_size) != (400, 300):
            tell_ignored("BokehPlot", "cell_size", reason="a page takes the room that it has")
        self.max_cols = max_cols
        self.skip_first = skip_first
        self.plot_width, self.plot_height = cell_size
        self.output_file = output_file
        self.is_notebook = False
        self._canvas: Canvas | None = None
        self._file: PageFile | None = None

    @property
    def canvas(self) -> Canvas:
        """What is shown."""
        if self._canvas is None:
            self._canvas = Canvas() if self.is_notebook or in_kernel() else _paged()
        return self._canvas

    def set_output_mode(self, mode: OutputMode) -> None:
        """Whether this is a notebook or a script."""
        self.is_notebook = mode == "notebook"

    def send(self, logger: MainLogger) -> None:
        """Show the values as they are now."""
        placed = in_rows(line_panels(logger), self.max_cols)
        if not placed:
            return
        self.canvas.draw_panels(*placed)
        if not self.is_notebook:
            if self._file is None:
                self._file = PageFile(Path(self.output_file), report=Faults())
                weakref.finalize(self, self._file.close)
            self._file.show(placed)

    def close(self) -> None:
        """Write the file as it is now, and leave the last picture."""
        if self._file is not None:
            self._file.close()
        if self._canvas is not None:
            self._canvas.close()


class PageFile(Screen):
    """A screen that is a file: an interactive page that stands by itself.

    Args:
        path: Where.
        report: Told (path, fault) when it cannot be written.
    """

    def __init__(self, path: Path, *, report: Report) -> None:
        super().__init__(every_s=_EVERY_S, report=report)
        self.path = path.with_suffix(".html")

    def draw(self, panels: Sequence[Placed]) -> None:
        """Write the page whole or not at all."""
        from introspect.canvas.figure import Easel  # noqa: PLC0415  matplotlib, when needed
        from introspect.canvas.files import Film, write  # noqa: PLC0415  same

        write(panels, self.path, Easel(), film=Film())


def _paged() -> Canvas:
    """A canvas on a page; without the extra, or a port, in the terminal."""
    try:
        return Canvas(page=True)
    except (MissingExtraError, OSError) as error:
        tell_ignored("BokehPlot", "page", reason=str(error).partition("\n")[0])
        return Canvas()
