"""Canvas: ``draw_*`` calls to Panels, handed to the screen that is there.

``Metric -> Panel -> Screen``. Inside ``with canvas:`` the calls collect panels, and the exit
hands them over; outside, each call is a picture of its own. A panel refers to the columns
of the history and is drawn only when the screen is due, so an update between two pictures
costs microseconds whatever the length of the history.

Nothing here raises into a training, save for what the user's own block raises: what cannot
be drawn becomes one warning, and a message in its panel.

Not here: the ``draw_*`` calls (``introspect.canvas.draw_charts``, ``draw_things``), pictures
(``introspect.canvas.figure``), text (``introspect.canvas.terminal``).
matplotlib, rich and IPython are imported by the first picture that needs them.
"""

import functools
import os
import weakref
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, cast

from introspect.canvas.clock import ProgressClock
from introspect.canvas.draw_charts import Charts
from introspect.canvas.draw_things import Things
from introspect.canvas.faults import Faults
from introspect.canvas.planned import reaching
from introspect.canvas.screens import (
    BACKENDS,
    Backend,
    LineScreen,
    Screen,
    chosen,
)
from introspect.errors import CanvasError
from introspect.nouns.panels import (
    Column,
    CustomPanel,
    MessagePanel,
    Panel,
    Placed,
    Row,
    leaves,
)
from introspect.theme import Mode

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from introspect.canvas.figure import Easel
    from introspect.canvas.page import Page

_EVERY_S = {"notebook": 0.0, "image": 0.25, "terminal": 0.5, "lines": 10.0, "none": 0.0}


class Canvas(Charts, Things):
    """A live picture of a training.

    Args:
        backend: ``"notebook"`` (one output, updated in place), ``"terminal"`` (text, redrawn),
            ``"lines"`` (one plain line each ten seconds), ``"none"`` (nothing is shown, `save`
            works), ``"image"`` (a picture in a notebook, updated in place), or ``"auto"``:
            whichever fits the place.
        theme: ``"light"``, ``"dark"`` or ``"print"``.
        width_in: Width of pictures in inches.
        every_s: Least time between two pictures in seconds; None for that of the backend.
        page: Show it on a page of this machine instead, whose address is printed: `Canvas.page`.

    Raises:
        CanvasError: If an option is unknown.
        MissingExtraError: If `page` is given without the extra ``page``.

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
        page: bool = False,
    ) -> None:
        _check("backend", backend, BACKENDS)
        _check("theme", theme, ("light", "dark", "print"))
        if not 2.0 <= width_in <= 100.0:
            raise CanvasError("this width cannot be drawn.", given=f"width_in={width_in!r}")
        self.theme: Mode = theme
        self.width_in = width_in
        self._backend: Backend = backend
        self._every_s = every_s
        self._panels: tuple[Placed, ...] = ()
        self._collecting: list[Placed] | None = None
        self._ax: Axes | None = None
        self._screen: Screen | None = None
        self._faults = Faults()
        self._clock = ProgressClock()
        self._process = os.getpid()
        if page:
            from introspect.canvas.page.screen import PageScreen  # noqa: PLC0415  an extra

            make = weakref.WeakMethod(self._easel)  # the page outlives its canvas
            self._screen = PageScreen(report=self._faults, easel=lambda: cast("Any", make())(theme))

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

    # Where it goes ------------------------------------------------------------------------

    @contextmanager
    def row(self, shares: Sequence[float] | None = None) -> Generator[Self]:
        """What is drawn inside stands side by side.

        Args:
            shares: Width of each member in proportion; None for equal ones.

        Example:
            >>> canvas = Canvas(backend="none")
            >>> with canvas, canvas.row([2, 1]):
            ...     canvas.draw_plot([3, 2, 1], title="Loss")
            ...     with canvas.column():
            ...         canvas.draw_bar({"cat": 3, "dog": 4})
            ...         canvas.draw_text("two of a column")
            >>> len(canvas.panels[0].panels)
            2
        """
        wide = None if shares is None else tuple(float(share) for share in shares)
        if wide is not None and not all(0 < share < float("inf") for share in wide):
            raise CanvasError("shares of a row are above 0.", given=f"{shares=}", hint="[2, 1]")
        with self._inside(lambda members: Row(members, wide)):
            yield self

    @contextmanager
    def column(self) -> Generator[Self]:
        """What is drawn inside stands one under the other: a member of a row."""
        with self._inside(Column):
            yield self

    @contextmanager
    def _inside(self, make: Callable[[tuple[Placed, ...]], Placed]) -> Generator[None]:
        """Collect panels for one row or column; an exception drops it."""
        outer, self._collecting = self._collecting, []
        try:
            yield
            members = tuple(self._collecting)
        finally:
            self._collecting = outer
        if members and outer is not None:
            outer.append(make(members))
        elif members:
            self._show((make(members),))

    # What can be had ----------------------------------------------------------------------

    @property
    def panels(self) -> tuple[Placed, ...]:
        """What was drawn last: panels, and rows and columns of them."""
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
        dpi: float | None = None,
        frames: int = 60,
        every: int | None = None,
        fps: float = 8,
    ) -> None:
        """Write what was drawn last to a file; the suffix picks the format.

        A film is drawn from the history at this call, so the training pays nothing for it.

        Args:
            path: Ends in ``.png``, ``.pdf``, ``.svg``, ``.html`` (interactive, one file), ``.gif``,
                ``.webp`` or ``.mp4``. Missing folders are made; an existing file is replaced only
                when the new one is complete.
            theme: Another than that of the canvas.
            dpi: Pixels an inch of a PNG; matplotlib's ``savefig.dpi`` unless said.
            frames: Of a film: at most so many, spread evenly over the steps.
            every: A frame at each `every`-th step that was logged, in place of `frames`.
            fps: Frames a second of a film.

        Raises:
            CanvasError: If nothing was drawn, or `every` or `fps` cannot be.
            FormatError: If the suffix is unknown; the message names the known ones.
            MissingExtraError: For ``.mp4``, if PyAV is not installed.
            SaveError: If the file cannot be written. It is an OSError, too.
        """
        from introspect.canvas.files import Film, checked, write  # noqa: PLC0415  when needed

        place = checked(path)
        film = Film(frames=frames, every=every, fps=fps)
        write(self._drawn(), place, self._easel(theme or self.theme), film=film, dpi=dpi)

    def close(self) -> None:
        """Show what was held back and leave a lasting last frame. The canvas stays usable."""
        screen, self._screen = self._screen, None
        if screen is not None:
            _close(screen, self._process)
            if hasattr(screen, "page"):  # it stays, for whoever looks
                self._screen = screen

    @property
    def page(self) -> "Page":
        """The page of ``Canvas(page=True)``: its `url`, `start(train)`, `close()`.

        Raises:
            CanvasError: If the canvas has none.
        """
        page = getattr(self._screen, "page", None)
        if page is None:
            raise CanvasError("this canvas has no page.", hint="introspect.Canvas(page=True)")
        return page

    def start(self, train: Callable[[], Any]) -> Any:
        """Run a training in a thread, with the page in the foreground until Ctrl-C.

        Three lines make a live page of a script: ``canvas = Canvas(page=True)``, a ``draw_*``
        in the training, ``canvas.start(train)``; or ``@canvas.start`` above the training.

        Args:
            train: Called without arguments.

        Returns:
            What the training returned, if it has ended.

        Raises:
            CanvasError: If the canvas has no page.
        """
        return self.page.start(train)

    def draw_panels(self, *panels: Placed) -> None:
        """Panels that were made elsewhere: by ``introspect.canvas.automatic.panels_of``, say."""
        if self._collecting is not None:
            self._collecting.extend(panels)
        elif panels:
            self._show(panels)

    def __repr__(self) -> str:
        known = (type(panel).__name__ for panel in leaves(self._panels))
        kinds = ", ".join(known) or "nothing drawn"
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

    def _show(self, panels: tuple[Placed, ...]) -> None:
        self._panels = panels = reaching(panels)
        if os.getpid() != self._process:
            return  # a forked child has no screen: its parent draws
        if self._screen is None:
            self._screen = self._made_screen()
        self._screen.show(panels)

    def _made_screen(self) -> Screen:
        """The screen of this place; closed when the canvas goes or the program ends."""
        backend = chosen(self._backend)
        every_s = _EVERY_S[backend] if self._every_s is None else self._every_s
        if backend == "notebook":
            from introspect.canvas.widget import WidgetScreen  # noqa: PLC0415  when needed

            screen: Screen = WidgetScreen(
                every_s=every_s, report=self._faults, easel=self._easel(self.theme)
            )
        elif backend == "image":
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
        weakref.finalize(self, _close, screen, os.getpid())
        return screen

    def _easel(self, mode: Mode) -> "Easel":
        from introspect.canvas.figure import Easel  # noqa: PLC0415  matplotlib, when needed

        canvas = weakref.ref(self)  # a screen outlives its canvas, and must not keep it

        def expose(ax: "Axes | None") -> None:
            alive = canvas()
            if alive is not None:
                alive._ax = ax  # noqa: SLF001  its own class

        return Easel(width_in=self.width_in, mode=mode, expose=expose, report=self._faults)

    def _drawn(self) -> tuple[Placed, ...]:
        if not self._panels:
            raise CanvasError(
                "nothing was drawn on this canvas yet.", hint="canvas.draw_plot(history['loss'])"
            )
        return self._panels


def _close(screen: Screen, process: int) -> None:
    """Close a screen in the process that made it; a forked child leaves it alone."""
    if os.getpid() == process:
        screen.close()


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
