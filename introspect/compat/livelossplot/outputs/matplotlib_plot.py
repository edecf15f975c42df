"""A curve for each metric, a panel for each group, on a Canvas.

With a hook (``after_subplot before_plots after_plots``) each ``send`` draws a matplotlib figure
instead, and the hook gets it; without one a picture is drawn when it is due.

Cost of ``send``: half a millisecond; 30-80 ms with a hook or a `figpath`.

Not here: which curves (``panels``), figures (``hooked``).
"""

import base64
import math
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from introspect.canvas import Canvas
from introspect.canvas.screens import Backend, chosen, in_kernel
from introspect.compat.ignored import tell_ignored
from introspect.compat.livelossplot.main_logger import MainLogger
from introspect.compat.livelossplot.outputs.base_output import BaseOutput, OutputMode
from introspect.compat.livelossplot.outputs.cell import CellOutput
from introspect.compat.livelossplot.outputs.hooked import Hooks, hooked_figure
from introspect.compat.livelossplot.outputs.panels import in_rows, line_panels
from introspect.errors import CanvasError, IntrospectWarning
from introspect.nouns.panels import CustomPanel, Panel
from introspect.nouns.values import Figure
from introspect.nouns.values.figure import png_size

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as MatplotlibFigure

_LEAST_IN, _MOST_IN = 2.0, 100.0
_CSS_DPI = 72  # as plt.show() in a notebook


class MatplotlibPlot(BaseOutput):
    """Curves of every group.

    Args:
        cell_size: Width and height of a panel in inches.
        max_cols: Panels in a row at most.
        max_epoch: Where x axes end; None for where the values do.
        skip_first: Not heeded, as in livelossplot.
        extra_plots: Called with (axes, logger), each paints a further panel.
        figpath: Where each picture is saved; ``{i}`` in it is its number.
        after_subplot: Called with (axes, group, name of a step) for each panel, in place of
            title, x label and legend.
        before_plots: Called with (figure, array of axes, number of groups) before anything is
            drawn, in place of setting the size.
        after_plots: Called with (figure) at the end, in place of saving to `figpath`.
        figsize: Width and height of the picture in inches; else as many cells as there are.

    Raises:
        CanvasError: If `max_cols` or a size is not above 0, or `figpath` cannot be filled in. It is
            a ValueError.

    Attributes:
        canvas: What is shown; ``canvas.save(path)`` keeps it.
        file_idx: The number of the next picture.
        is_beside_words: Whether an ExtremaPrinter says the values, too; then a script that
            writes to a file gets no lines of numbers from here.
    """

    def __init__(  # noqa: PLR0913, PLR0917  the order of livelossplot
        self,
        cell_size: tuple[int, int] = (6, 4),
        max_cols: int = 2,
        max_epoch: int | None = None,
        skip_first: int = 2,
        extra_plots: list[Callable[["Axes", MainLogger], None]] | None = None,
        figpath: str | None = None,
        after_subplot: Callable[["Axes", str, str], None] | None = None,
        before_plots: Callable[["MatplotlibFigure", "npt.NDArray[np.object_]", int], None]
        | None = None,
        after_plots: Callable[["MatplotlibFigure"], None] | None = None,
        figsize: tuple[int, int] | None = None,
    ) -> None:
        if skip_first != 2:
            tell_ignored("MatplotlibPlot", "skip_first", reason="from_step= chooses steps")
        if max_cols < 1 or not all(size > 0 for size in (*cell_size, *(figsize or ()))):
            raise CanvasError(
                "a picture has columns and a size.",
                given=f"{max_cols=}, {cell_size=}, {figsize=}",
                hint="MatplotlibPlot(max_cols=2, cell_size=(6, 4))",
            )
        _check_path(figpath)
        self.cell_size = cell_size
        self.max_cols = max_cols
        self.max_epoch = max_epoch
        self.skip_first = skip_first
        self.extra_plots = [] if extra_plots is None else list(extra_plots)
        self.figpath = figpath
        self.file_idx = 0
        self.figsize = figsize
        self.output_mode: OutputMode = "notebook"
        self.is_beside_words = False
        self._hooks = Hooks(after_subplot, before_plots, after_plots)
        self._canvas: Canvas | None = None
        self._output = CellOutput() if self._hooks and in_kernel() else None

    @property
    def canvas(self) -> Canvas:
        """What is shown."""
        if self._canvas is None:
            self._canvas = Canvas(backend="none" if self._output else self._backend())
        self._canvas.width_in = min(max(self._size(1)[0], _LEAST_IN), _MOST_IN)
        return self._canvas

    def set_output_mode(self, mode: OutputMode) -> None:
        """Whether this is a notebook or a script."""
        self.output_mode = mode

    def send(self, logger: MainLogger) -> None:
        """Show the values as they are now."""
        panels = line_panels(logger, max_epoch=self.max_epoch)
        if self._hooks:
            self._send_hooked(logger, panels)
            return
        canvas = self.canvas
        extra = [self._extra(number, logger, canvas) for number in range(len(self.extra_plots))]
        placed = in_rows([*panels, *extra], self.max_cols)
        if placed:
            canvas.draw_panels(*placed)
        if placed and self.figpath is not None:
            self._save(lambda: canvas.figure)

    def close(self) -> None:
        """Leave the last picture."""
        if self._canvas is not None:
            self._canvas.close()

    def _backend(self) -> Backend:
        """A script whose words go to a file would get them twice."""
        if self.output_mode == "script" and in_kernel():
            return "none"
        backend = chosen("auto")
        return "none" if backend == "lines" and self.is_beside_words else backend

    def _size(self, groups: int) -> tuple[float, float]:
        """Of the whole picture, in inches."""
        if self.figsize is not None:
            return self.figsize
        rows = max(1, math.ceil((groups + len(self.extra_plots)) / self.max_cols))
        return self.max_cols * self.cell_size[0], rows * self.cell_size[1]

    def _extra(self, number: int, logger: MainLogger, canvas: Canvas) -> Panel:
        """A panel that the user's own function paints; no two have the same name."""
        names = [getattr(plot, "__name__", type(plot).__name__) for plot in self.extra_plots]
        name, before = names[number], names[:number].count(names[number])
        plot = self.extra_plots[number]
        return CustomPanel(
            f"{name} {before + 1}" if before else name, lambda: plot(canvas.ax, logger)
        )

    def _send_hooked(self, logger: MainLogger, panels: list[Any]) -> None:
        """What the user's hooks make of a figure. What they raise is the user's to see."""
        figure = hooked_figure(
            logger,
            panels,
            hooks=self._hooks,
            extra_plots=self.extra_plots,
            max_cols=self.max_cols,
            size_in=self._size(len(panels)),
        )
        if self._hooks.after_plots is None and self.figpath is not None:
            self._save(lambda: figure)
        self._show_figure(figure)

    def _show_figure(self, figure: "MatplotlibFigure") -> None:
        """In a notebook as a picture of its size, elsewhere as the canvas can."""
        from introspect.canvas.figure import file_bytes  # noqa: PLC0415  matplotlib, when needed

        png = file_bytes(figure, "png", "light", dpi=2 * _CSS_DPI)
        self.canvas.draw_figure(Figure(png, *png_size(png)))
        if self._output is None:
            return
        width_px = round(figure.get_figwidth() * _CSS_DPI)
        self._output.show(
            {"image/png": base64.b64encode(png).decode("ascii"), "text/plain": repr(figure)},
            {"image/png": {"width": width_px}},
        )

    def _save(self, figure_of: Callable[[], "MatplotlibFigure"]) -> None:
        """Write the picture in its size; a full disk ends no training."""
        from introspect.canvas.figure import file_bytes  # noqa: PLC0415  matplotlib, when needed
        from introspect.canvas.files import put  # noqa: PLC0415  same

        place = Path(str(self.figpath).format(i=self.file_idx))
        self.file_idx += 1
        try:
            if place.suffix in {".html", ".gif", ".webp", ".mp4"} and not self._hooks:
                self.canvas.save(place)
                return
            place = place if place.suffix else place.with_suffix(".png")
            figure = figure_of()
            if self.figsize is not None:
                figure.set_size_inches(*self.figsize)
            put(place, file_bytes(figure, place.suffix[1:], "light"))
        except Exception as fault:  # noqa: BLE001  a picture must not end a training
            warnings.warn(f"{place} was not written: {fault}", IntrospectWarning, stacklevel=4)


def _check_path(figpath: Any) -> None:
    """Tell at once of a path that no picture could have."""
    try:
        str(figpath).format(i=0)
    except (KeyError, IndexError, ValueError, AttributeError) as error:
        raise CanvasError(
            "this path cannot be filled in.",
            given=f"figpath={figpath!r:.200}",
            cause=error,
            hint='figpath="losses_{i}.png"',
        ) from error
