"""Epochsviz, the three lines over Bokeh: ``from introspect.compat.epochsviz import Epochsviz``.

=======================================  ========  ================================================
name                                     is        remark
=======================================  ========  ================================================
``Epochsviz()``                          better    no Bokeh: ``python training.py`` shows it, too
``send_data(epoch, train, val)``         better    never raises into the training; any numbers
``start_thread(train_function=)``        better    raises what the training raised; ends by itself
``bokeh serve training.py``              same      the plot in Bokeh's page, with Bokeh installed
``save(path)``, ``history``, ``canvas``  better    the picture and the numbers stay
Bokeh's tools and sizes                  not here  our page zooms and reads off values by itself
=======================================  ========  ================================================

Where it is shown: under ``bokeh serve`` in Bokeh's page; in a notebook below the cell; else on a
page of this machine (extra ``page``), whose address is printed; without the extra in the terminal.

Cost of `send_data`: microseconds. Not here: more than two losses (``introspect.Canvas``).
"""

import os
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

from introspect.canvas import Canvas
from introspect.compat.ignored import tell_ignored
from introspect.errors import CanvasError, MissingExtraError
from introspect.history import History

_COLUMNS = ("epochs", "trainlosses", "vallosses")


class Epochsviz:
    """Training and validation loss, live.

    Args:
        title: Above the curves.
        port: Of the page; 0 takes a free one.
        open_browser: Whether to open the page; None if a person sits at this terminal.
        **options: Sizes and tools of Bokeh's figures; not heeded, warns once by name.

    Attributes:
        history: Every number that was sent, as ``train_loss`` and ``val_loss``.
        canvas: The picture; ``canvas.panels`` is what is shown.
        page: The page that is being served, or None.

    Example:
        >>> eviz = Epochsviz()
        >>> def train():
        ...     for epoch in range(1, 4):
        ...         eviz.send_data(epoch, 1 / epoch, 1.5 / epoch)
        >>> eviz.canvas = Canvas(backend="none")
        >>> _ = eviz.start_thread(train_function=train)
        >>> eviz.history["train_loss"].data.tolist()
        [1.0, 0.5, 0.3333333333333333]
    """

    def __init__(
        self,
        title: str = "Training and validation loss",
        *,
        port: int = 0,
        open_browser: bool | None = None,
        **options: Any,
    ) -> None:
        tell_ignored("Epochsviz", *options)
        self.title = title
        self.history = History()
        self.page: Any = None
        self._port = port
        self._open_browser = open_browser
        self._bokeh = _bokeh_document()
        self._source = None if self._bokeh is None else _bokeh_plot(self._bokeh, title)
        backend = "auto" if _is_notebook() else "none"
        self.canvas = Canvas(backend="none" if self._bokeh is not None else backend)

    def send_data(self, current_epoch: int, current_train_loss: Any, current_val_loss: Any) -> None:
        """Show one epoch.

        Args:
            current_epoch: Its number.
            current_train_loss: A number or a tensor of one.
            current_val_loss: Likewise; NaN or None for an epoch without.
        """
        losses = {"train_loss": current_train_loss, "val_loss": current_val_loss}
        self.history.log(
            current_epoch, **{name: loss for name, loss in losses.items() if loss is not None}
        )
        if self._source is not None:
            row = map(_number, (current_epoch, current_train_loss, current_val_loss))
            new = dict(zip(_COLUMNS, ([x] for x in row), strict=True))
            self._bokeh.add_next_tick_callback(partial(self._source.stream, new))
        known = [self.history[name] for name in losses if name in self.history]
        with self.canvas:
            self.canvas.draw_plot(
                known, ["training", "validation"][: len(known)], "loss", self.title
            )

    def start_thread(self, train_function: Callable[[], Any]) -> threading.Thread:
        """Run the training in a thread, and show what it sends.

        Under ``bokeh serve`` this returns at once, as Bokeh goes on serving. Else it returns when
        the training has ended; at a terminal the page stays until Ctrl-C.

        Args:
            train_function: Called without arguments; ``functools.partial`` for one with some.

        Returns:
            The thread.

        Raises:
            CanvasError: If it cannot be called, or the port is taken.
            BaseException: Whatever the training raised.
        """
        if not callable(train_function):
            raise CanvasError(
                "the training is a function.",
                given=f"train_function={train_function!r:.80}",
                hint="start_thread(train_function=train), without calling it",
            )
        ended: list[BaseException] = []

        def run() -> None:
            try:
                train_function()
            except BaseException as error:
                ended.append(error)
                if self._bokeh is not None:
                    raise  # nobody waits for it there: Python tells it

        thread = threading.Thread(target=run, name="training", daemon=self._bokeh is None)
        if self._bokeh is None and not _is_notebook():
            self._open_page()
        thread.start()
        if self._bokeh is None:
            self._attend(thread, ended)
        return thread

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the curves to ``.png``, ``.pdf``, ``.svg``, ``.html`` or ``.gif``.

        Raises:
            CanvasError: If nothing was sent.
            FormatError: If the suffix is unknown.
        """
        self.canvas.save(path)

    def close(self) -> None:
        """Let the page go."""
        page, self.page = self.page, None
        if page is not None:
            page.close()
        self.canvas.close()

    def _open_page(self) -> None:
        """Serve the canvas; in the terminal without the extra."""
        try:
            from introspect.canvas.page import serve  # noqa: PLC0415  an extra

            wanted = _is_attended() if self._open_browser is None else self._open_browser
            self.page = serve(self.canvas, port=self._port, open_browser=wanted, title=self.title)
        except MissingExtraError:
            self.canvas = Canvas()

    def _attend(self, thread: threading.Thread, ended: list[BaseException]) -> None:
        """Wait in the foreground, where Ctrl-C is heard."""
        try:
            thread.join()
            if not ended and self.page is not None and _is_attended():
                print(f"the training has ended; {self.page.url} stays until Ctrl-C")  # noqa: T201  somebody sits there
                self.page.wait()
        except KeyboardInterrupt:
            if thread.is_alive():
                raise
        finally:
            with suppress(CanvasError):
                self.close()
        if ended:
            raise ended[0]


def _number(value: Any) -> float:
    """A number, NaN for anything that is none: the history has warned of it."""
    try:
        return float(value)
    except (TypeError, ValueError):
        return float("nan")


def _is_attended() -> bool:
    """Whether a person sits at this terminal."""
    return all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout))


def _is_notebook() -> bool:
    shell = sys.modules.get("IPython")
    running = None if shell is None else shell.get_ipython()
    return running is not None and hasattr(running, "kernel")


def _bokeh_document() -> Any:
    """The document of ``bokeh serve``, if this script runs under it."""
    if "bokeh.io" not in sys.modules and "bokeh.server" not in sys.modules:
        return None
    from bokeh.io import curdoc  # noqa: PLC0415  it is there already

    document = curdoc()
    return document if document.session_context is not None else None


def _bokeh_plot(document: Any, title: str) -> Any:
    """Two lines in Bokeh's page; returns the source that they are streamed from."""
    from bokeh.models import ColumnDataSource  # noqa: PLC0415  as above
    from bokeh.plotting import figure  # noqa: PLC0415  as above

    source = ColumnDataSource(data={name: [] for name in _COLUMNS})
    plot = figure(title=title, x_axis_label="epoch", y_axis_label="loss")
    for column, color, label in (
        ("trainlosses", "green", "Train loss"),
        ("vallosses", "red", "Val loss"),
    ):
        plot.line(
            x="epochs", y=column, color=color, alpha=0.8, line_width=2, legend_label=label,
            source=source,
        )  # fmt: skip
    document.add_root(plot)
    return source
