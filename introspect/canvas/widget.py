"""Panels to a live notebook output: drawn in the browser while the cell runs, lasting when it ends.

The training thread leaves panels behind; a publisher thread sends what is new, one binary message a
tick. When the cell ends, also by an exception or Ctrl-C, the output becomes a page that stands
by itself and a PNG: it needs no kernel, and shows after ``nbconvert`` and on sites that run no
script.

A view that comes late (a reload in mid-cell, a second view) cannot be answered by a kernel that
is busy. So a thinned picture is kept as state of the widget and refreshed every few seconds, and
messages go on from it. What a reload shows before the kernel has handed that over is in the
file itself (``introspect.canvas.kept``).

Cost: microseconds in the training thread; 0.3 ms a tick beside it.

Not here: what is sent (``introspect.canvas.feed``), images in place of a widget
(``introspect.canvas.notebook``).
"""

import math
import os
import struct
import threading
import time
import uuid
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Any

import anywidget
import traitlets
from IPython import get_ipython
from IPython.display import display

from introspect.canvas.feed import Feed
from introspect.canvas.figure import Easel, mime_bundle
from introspect.canvas.html import fragment
from introspect.canvas.kept import KeptPicture
from introspect.canvas.pictured import Pictured
from introspect.canvas.screens import Report, Screen

TICK_S = 0.08
"""Least time between two messages: 12 a second."""

_SNAPSHOT_S = (0.5, 1.0, 2.0, 4.0)  # then as the last
_MOST_POINTS = 2000
_FRAME_BYTES = 40_000
_PATIENCE_S = 5.0


@cache
def _script() -> str:
    """The front end as a module, which is what anywidget loads."""
    text = (files("introspect") / "_web" / "canvas.js").read_text("utf-8")
    return f"{text}\nexport default introspectCanvas.default;\n"


class CanvasWidget(anywidget.AnyWidget):
    """One output of a notebook. Holds no data but the picture that late views begin with."""

    _esm = traitlets.Unicode().tag(sync=True)
    uid = traitlets.Unicode().tag(sync=True)
    theme = traitlets.Unicode("auto").tag(sync=True)
    snapshot = traitlets.Bytes(b"").tag(sync=True)

    def __init__(self, **options: Any) -> None:
        super().__init__(_esm=_script(), uid=uuid.uuid4().hex, **options)


class Publisher:
    """A thread that sends what is new to one widget.

    Args:
        widget: Where to.
        kept: The picture in the file, or None.
        report: Told (where, fault) when sending fails.
    """

    def __init__(self, widget: Any, kept: KeptPicture | None = None, *, report: Report) -> None:
        self._widget = widget
        self._kept = kept
        self._report = report
        self._feed = Feed()
        self._panels: Sequence[Any] = ()
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._is_asked = False
        self._state = "live"
        self._told_s: tuple[float, int] = (time.monotonic(), 0)
        widget.on_msg(self._heard)
        self._thread = threading.Thread(target=self._run, name="introspect-canvas", daemon=True)
        self._thread.start()

    def show(self, panels: Sequence[Any]) -> None:
        """Panels to be sent with the next tick. Costs an assignment."""
        self._panels = panels

    def close(self, state: str) -> None:
        """Send what is left and end the thread; never waits longer than a few seconds."""
        self._state = state
        self._stopped.set()
        self._thread.join(_PATIENCE_S)
        if not self._thread.is_alive():
            self._tick(state)
            self._told_s = (-math.inf, 0)
            self._keep()
            if self._kept is not None:
                self._kept.clear()

    def _run(self) -> None:
        while not self._stopped.wait(TICK_S):
            self._tick("live")

    def _tick(self, state: str) -> None:
        try:
            with self._lock:
                if self._is_asked:
                    self._is_asked = False
                    for message in self._feed.full(self._panels, state=state):
                        self._send(message)
                message = self._feed.update(self._panels, state=state)
                if message is not None:
                    self._send(message)
                    self._keep()
            if self._kept is not None and state == "live":
                self._kept.refresh(self._panels)
        except Exception as fault:  # noqa: BLE001  same
            self._report("the live picture", fault)

    def _send(self, message: bytes) -> None:
        self._widget.send({"introspect": "canvas"}, buffers=[message])

    def _keep(self) -> None:
        """Refresh the picture for late views, ever more seldom."""
        last_s, times = self._told_s
        if time.monotonic() - last_s < _SNAPSHOT_S[min(times, len(_SNAPSHOT_S) - 1)]:
            return
        self._told_s = (time.monotonic(), times + 1)
        message = self._feed.snapshot(most_points=_MOST_POINTS)
        self._widget.snapshot = struct.pack("<I", len(message)) + message

    def _heard(self, widget: object, content: object, buffers: object) -> None:
        """A view asks for everything: the next tick answers, or this call after the last one."""
        del widget, buffers
        if isinstance(content, dict) and content.get("ask") == "full":
            self._is_asked = True
            if self._stopped.is_set() and not self._thread.is_alive():
                self._tick(self._state)


class WidgetScreen(Screen):
    """A live output for each cell that draws.

    Args:
        every_s: Least time between two pictures of a user's own drawing.
        report: Told (where, fault) when a picture fails.
        easel: For the PNG that stays, and for a user's own drawings.
    """

    def __init__(self, *, every_s: float, report: Report, easel: Easel) -> None:
        super().__init__(every_s=every_s, report=report)
        self._easel = easel
        self._pid = os.getpid()
        self._panels: Sequence[Any] = ()
        self._publisher: Publisher | None = None
        self._widget: CanvasWidget | None = None
        self._handle: Any = None
        self._listening: Any = None
        self._pictured = Pictured(lambda: easel)

    def show(self, panels: Sequence[Any]) -> None:
        """Leave panels for the publisher; the first ones of a cell make its output."""
        if os.getpid() != self._pid:
            return  # a forked child has neither the thread nor the notebook
        self._panels = panels
        if self._publisher is None:
            try:
                self._open()
            except Exception as fault:  # noqa: BLE001  a picture must not end a training
                self._report("the live picture", fault)
                return
        if self._publisher is not None:
            self._publisher.show(self._pictured.of(panels))

    def _open(self) -> None:
        shell = get_ipython()
        if self._listening is None and shell is not None:
            shell.events.register("post_run_cell", self._cell_ended)
            self._listening = shell
        theme = self._easel.mode if self._easel.mode == "dark" else "auto"
        if self._widget is not None:
            self._widget.close()
        self._widget = CanvasWidget(theme=theme)
        kept = KeptPicture(
            self._widget.uid, theme=theme, most_points=_MOST_POINTS, frame_bytes=_FRAME_BYTES
        )
        self._publisher = Publisher(self._widget, kept, report=self._report)
        self._handle = display(self._widget, display_id=True)

    def _cell_ended(self, result: Any = None) -> None:
        error = getattr(result, "error_in_exec", None) or getattr(result, "error_before_exec", None)
        self._end("stopped" if isinstance(error, KeyboardInterrupt) else "failed" if error else "")

    def close(self) -> None:
        """The lasting picture; the next one gets an output of its own."""
        self._end("")
        widget, self._widget = self._widget, None
        if widget is not None and os.getpid() == self._pid:
            widget.close()

    def _end(self, state: str) -> None:
        if os.getpid() != self._pid:
            return
        shell, self._listening = self._listening, None
        if shell is not None:
            shell.events.unregister("post_run_cell", self._cell_ended)
        publisher, self._publisher = self._publisher, None
        if publisher is None:
            return
        publisher.close(state)
        try:
            self._leave_picture(state)
        except Exception as fault:  # noqa: BLE001  a picture must not end a training
            self._report("the last picture", fault)
        self._handle = None  # the widget stays for a page that was reloaded and asks for it

    def _leave_picture(self, state: str) -> None:
        """Put a page and a PNG in place of the widget."""
        data, metadata = mime_bundle(self._panels, self._easel)
        panels = self._pictured.of(self._panels, now=True)
        theme: Any = self._easel.mode if self._easel.mode == "dark" else "auto"
        data["text/html"] = fragment(
            panels, theme=theme, most_points=_MOST_POINTS, frame_bytes=_FRAME_BYTES, state=state
        )
        self._handle.update(data, raw=True, metadata=metadata)
