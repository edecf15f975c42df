"""Canvas: ``draw_*`` calls to Panels, handed to the screen that is there.

``Metric -> Panel -> Screen``. Inside ``with canvas:`` the calls collect panels, and the exit
hands them over; outside, each call is a picture of its own. A panel refers to the columns
of the history and is drawn only when the screen is due, so an update between two pictures
costs microseconds whatever the length of the history.

Nothing here raises into a training, save for what the user's own block raises: what cannot
be drawn becomes one warning, and a message in its panel.

Not here: pictures (``introspect.canvas.figure``), text (``introspect.canvas.terminal``).
matplotlib, rich and IPython are imported by the first picture that needs them.
"""

import functools
import os
import weakref
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, cast

from introspect.canvas import sources
from introspect.canvas.faults import Faults
from introspect.canvas.progress import ProgressClock
from introspect.canvas.screens import (
    BACKENDS,
    Backend,
    LineScreen,
    Screen,
    chosen,
)
from introspect.errors import CanvasError
from introspect.nouns.panels import CustomPanel, MessagePanel, Panel
from introspect.theme import Mode

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from introspect.canvas.figure import Easel

_EVERY_S = {"notebook": 0.25, "terminal": 0.5, "lines": 10.0, "none": 0.0}


class Canvas:
    """A live picture of a training.

    Args:
        backend: ``"notebook"`` (one output, updated in place), ``"terminal"`` (text, redrawn),
            ``"lines"`` (one plain line each ten seconds), ``"none"`` (nothing is shown, `save`
            works), or ``"auto"``: whichever fits the place.
        theme: ``"light"``, ``"dark"`` or ``"print"``.
        width_in: Width of pictures in inches.
        every_s: Least time between two pictures in seconds; None for that of the backend.

    Raises:
        CanvasError: If an option is unknown.

    A subclass may have ``draw_*`` methods of its own. They paint with matplotlib on
    ``self.ax`` and get a panel like the others; they run when the picture is drawn.

    Example:
        >>> canvas = Canvas(backend="none")
        >>> with canvas:
        ...     canvas.draw_plot([2.3, 0.9, 0.4], title="Loss")
        ...     canvas.draw_hist([[0.1, -0.2], [0.0, 0.3]], title="fc.weight")
        >>> [type(panel).__name__ for panel in canvas.panels]
        ['LinePanel', 'HistogramPanel']
    """

    def __init__(
        self,
        *,
        backend: Backend = "auto",
        theme: Mode = "light",
        width_in: float = 10.0,
        every_s: float | None = None,
    ) -> None:
        _check("backend", backend, BACKENDS)
        _check("theme", theme, ("light", "dark", "print"))
        if not 2.0 <= width_in <= 100.0:
            raise CanvasError("this width cannot be drawn.", given=f"width_in={width_in!r}")
        self.theme: Mode = theme
        self.width_in = width_in
        self._backend: Backend = backend
        self._every_s = every_s
        self._panels: tuple[Panel, ...] = ()
        self._collecting: list[Panel] | None = None
        self._ax: Axes | None = None
        self._screen: Screen | None = None
        self._faults = Faults()
        self._clock = ProgressClock()

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        for name, method in list(vars(cls).items()):
            if name.startswith("draw_") and callable(method):
                setattr(cls, name, _recorded(name, method))

    def __enter__(self) -> Self:
        self._collecting = []
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        panels, self._collecting = self._collecting, None
        if kind is None and panels:
            self._show(tuple(panels))

    # What can be drawn ------------------------------------------------------------------

    def draw_plot(
        self,
        metrics: Any,
        labels: str | Sequence[str] | None = None,
        ylabel: str = "",
        title: str = "",
    ) -> None:
        """Lines over steps.

        Args:
            metrics: A Metric, a list of them, a list or array of numbers (None is a gap), or
                several of those.
            labels: Names at the line ends in place of the metrics' own.
            ylabel: The unit; with a ``%`` in it, shares are written as percent.
            title: Else the name of the metric.
        """
        self._draw(
            title,
            lambda: sources.line_panel(metrics, labels=labels, ylabel=ylabel, title=title),
        )

    def draw_image(
        self, metric: Any, limit: int = 5, title: str = "", cmap: str | None = None
    ) -> None:
        """The newest arrays or Images of a metric side by side, or a single one.

        Args:
            metric: A Metric of arrays or Images, or one array ``(H, W)``, ``(C, H, W)`` or
                ``(O, I, H, W)``, the last as a grid of filters.
            limit: How many steps.
            title: Else the name of the metric.
            cmap: Name of a matplotlib colour map; None takes blue to orange for signed values,
                white to ink for others, grey for bytes.
        """
        self._draw(title, lambda: sources.image_panel(metric, limit=limit, title=title, cmap=cmap))

    def draw_hist(self, metric: Any, title: str = "") -> None:
        """The distributions of the last four steps of a metric, overlaid.

        Args:
            metric: A Metric of arrays or Sketches, or a single one.
            title: Else the name of the metric.
        """
        self._draw(title, lambda: sources.histogram_panel(metric, title=title))

    def draw_summary(self, history: Any, title: str = "") -> None:
        """The newest step and the training time of a history, in one line."""
        self._draw(title, lambda: sources.summary_panel(history, title=title))

    def draw_progress(
        self, done: float, total: float, *, epochs: int | None = None, title: str = ""
    ) -> None:
        """How much of the training is done, how fast it goes and how long it will take.

        Args:
            done: Steps taken.
            total: Steps planned.
            epochs: Epochs planned; they cut the line.
            title: Before the numbers.
        """
        self._draw(title, lambda: self._clock.panel(done, total, epochs=epochs, title=title))

    # What can be had ----------------------------------------------------------------------

    @property
    def panels(self) -> tuple[Panel, ...]:
        """What was drawn last."""
        return self._panels

    @property
    def ax(self) -> "Axes":
        """The matplotlib axes of the panel that is being painted.

        Raises:
            CanvasError: Outside of a ``draw_*`` method of a subclass.
        """
        if self._ax is None:
            raise CanvasError(
                "canvas.ax exists only while a panel is painted.",
                hint="use self.ax inside a draw_* method of a subclass of Canvas",
            )
        return self._ax

    @property
    def figure(self) -> "Figure":
        """A fresh matplotlib figure of what was drawn last, on an Agg canvas, without pyplot.

        Raises:
            CanvasError: If nothing was drawn.
        """
        from introspect.canvas.figure import figure  # noqa: PLC0415  matplotlib, when needed

        return figure(self._drawn(), self._easel(self.theme))

    def save(
        self,
        path: str | os.PathLike[str],
        *,
        theme: Mode | None = None,
        frames: int = 60,
        fps: float = 8,
    ) -> None:
        """Write what was drawn last to a file; the suffix picks the format.

        Args:
            path: Ends in ``.png``, ``.pdf``, ``.svg`` or ``.gif``. Missing folders are made.
            theme: Another than that of the canvas.
            frames: Of a GIF, which replays the history: at most so many.
            fps: Frames a second of a GIF.

        Raises:
            CanvasError: If nothing was drawn.
            FormatError: If the suffix is unknown; the message names the known ones.
            OSError: If the file cannot be written.
        """
        from introspect.canvas.files import checked, write  # noqa: PLC0415  when needed

        place = checked(path)
        easel = self._easel(theme or self.theme)
        write(self._drawn(), place, easel, frames=frames, fps=fps)

    def close(self) -> None:
        """Show what was held back and leave a lasting last frame. The canvas stays usable."""
        screen, self._screen = self._screen, None
        if screen is not None:
            screen.close()

    def __repr__(self) -> str:
        kinds = ", ".join(type(panel).__name__ for panel in self._panels) or "nothing drawn"
        return f"<Canvas: {kinds}>"

    def _repr_png_(self) -> bytes | None:
        if not self._panels:
            return None
        from introspect.canvas.figure import png_bytes  # noqa: PLC0415  when needed

        return png_bytes(self._panels, self._easel(self.theme), dpi=192)

    def _repr_mimebundle_(
        self, include: object = None, exclude: object = None
    ) -> tuple[dict[str, str], dict[str, Any]]:
        del include, exclude
        if not self._panels:
            return {"text/plain": repr(self)}, {}
        from introspect.canvas.figure import mime_bundle  # noqa: PLC0415  when needed

        return mime_bundle(self._panels, self._easel(self.theme))

    # How it works ---------------------------------------------------------------------------

    def _draw(self, title: str, make: Callable[[], Panel]) -> None:
        try:
            panel = make()
        except Exception as fault:  # noqa: BLE001  a picture must not end a training
            self._faults(title or "a panel", fault)
            panel = MessagePanel(title, f"{type(fault).__name__}: {fault}")
        if self._ax is not None:  # a user's draw_x that is being painted draws with ours
            self._paint_now(panel)
        elif self._collecting is not None:
            self._collecting.append(panel)
        else:
            self._show((panel,))

    def _paint_now(self, panel: Panel) -> None:
        from introspect.canvas.figure import paint_into  # noqa: PLC0415  when needed

        ax = self.ax
        paint_into(ax, panel, self._easel(self.theme))
        self._ax = ax

    def _show(self, panels: tuple[Panel, ...]) -> None:
        self._panels = panels
        if self._screen is None:
            self._screen = self._made_screen()
        self._screen.show(panels)

    def _made_screen(self) -> Screen:
        """The screen of this place; closed when the canvas goes or the program ends."""
        backend = chosen(self._backend)
        every_s = _EVERY_S[backend] if self._every_s is None else self._every_s
        if backend == "notebook":
            from introspect.canvas.notebook import NotebookScreen  # noqa: PLC0415  when needed

            screen = NotebookScreen(
                every_s=every_s, report=self._faults, easel=self._easel(self.theme)
            )
        elif backend == "terminal":
            from introspect.canvas.live import TerminalScreen  # noqa: PLC0415  when needed

            screen = TerminalScreen(every_s=every_s, report=self._faults)
        elif backend == "lines":
            screen = LineScreen(every_s=every_s, report=self._faults)
        else:
            return Screen(every_s=every_s, report=self._faults)
        weakref.finalize(self, screen.close)
        return screen

    def _easel(self, mode: Mode) -> "Easel":
        from introspect.canvas.figure import Easel  # noqa: PLC0415  matplotlib, when needed

        canvas = weakref.ref(self)  # a screen outlives its canvas, and must not keep it

        def expose(ax: "Axes | None") -> None:
            alive = canvas()
            if alive is not None:
                alive._ax = ax  # noqa: SLF001  its own class

        return Easel(width_in=self.width_in, mode=mode, expose=expose, report=self._faults)

    def _drawn(self) -> tuple[Panel, ...]:
        if not self._panels:
            raise CanvasError(
                "nothing was drawn on this canvas yet.", hint="canvas.draw_plot(history['loss'])"
            )
        return self._panels


def _recorded(name: str, method: Callable[..., object]) -> Callable[..., None]:
    """A user's own ``draw_*`` method: called now, run when its panel is painted."""

    @functools.wraps(method)
    def record(self: Canvas, *args: object, **options: object) -> None:
        if self._ax is not None:  # called by another one that is being painted
            method(self, *args, **options)
            return
        paint = functools.partial(method, self, *args, **options)
        self._draw(name, lambda: CustomPanel(name, paint))

    return cast("Callable[..., None]", record)


def _check(option: str, value: object, known: Sequence[str]) -> None:
    if value not in known:
        raise CanvasError(
            f"this {option} is not known.",
            given=f"{option}={value!r}",
            hint=" or ".join(f'"{name}"' for name in known),
        )
