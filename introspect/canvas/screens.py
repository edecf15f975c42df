"""Where a live canvas is seen: the common part of all backends, and the two plain ones.

A screen is handed panels at every step and draws them when it is due; what it held back is
drawn when it closes. Drawing takes at most a fifth of the time of the training, whatever a
picture costs.

Not here: notebooks (``introspect.canvas.notebook``), terminals (``introspect.canvas.live``).
"""

import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from typing import Any, Literal

from introspect.canvas.header import as_text, progress_facts, summary_facts
from introspect.canvas.ticks import THIN_SPACE, clean, format_value
from introspect.nouns.metric import format_step
from introspect.nouns.panels import (
    LinePanel,
    MessagePanel,
    Placed,
    ProgressPanel,
    SummaryPanel,
    leaves,
)

Backend = Literal["auto", "notebook", "image", "terminal", "lines", "none"]
BACKENDS: tuple[Backend, ...] = ("auto", "notebook", "image", "terminal", "lines", "none")

Report = Callable[[str, Exception], None]

_SHARE = 4.0  # a picture that took 1 s is followed by 4 s of training


class Screen:
    """A throttled display of panels.

    Args:
        every_s: Least time between two pictures.
        report: Told (where, fault) when a picture fails; never raises into the training.
    """

    def __init__(self, *, every_s: float, report: Report) -> None:
        self.every_s = every_s
        self._report = report
        self._held: Sequence[Any] | None = None
        self._due = 0.0

    def show(self, panels: Sequence[Any]) -> None:
        """Draw the panels if it is time, else hold them back."""
        self._held = panels
        if time.monotonic() >= self._due:
            self.flush()

    def flush(self) -> None:
        """Draw what was held back, now."""
        panels, self._held = self._held, None
        if panels is None:
            return
        begin = time.monotonic()
        try:
            self.draw(panels)
        except Exception as fault:  # noqa: BLE001  a picture must not end a training
            self._report("the live picture", fault)
        end = time.monotonic()
        self._due = end + max(self.every_s, _SHARE * (end - begin))

    def draw(self, panels: Sequence[Any]) -> None:
        """Draw, whatever the time."""
        del panels

    def close(self) -> None:
        """Draw what was held back and leave a lasting picture."""
        self.flush()


class LineScreen(Screen):
    """One plain line of text every ten seconds, for logs: no colour codes."""

    def draw(self, panels: Sequence[Any]) -> None:
        """Write the line to stdout."""
        text = one_line(panels)
        encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
        sys.stdout.write(text.encode(encoding, "replace").decode(encoding) + "\n")
        sys.stdout.flush()


def chosen(backend: Backend) -> Backend:
    """What ``"auto"`` means here: a Jupyter kernel, a terminal, or neither.

    Without anywidget a notebook gets an image that is updated in place.
    """
    if backend == "notebook" or (backend == "auto" and in_kernel()):
        return "notebook" if find_spec("anywidget") else "image"
    if backend != "auto":
        return backend
    if getattr(sys.stdout, "isatty", bool)() and os.environ.get("TERM") != "dumb":
        return "terminal"
    return "lines"


def in_kernel() -> bool:
    """Whether this is a Jupyter kernel; IPython is not imported to find out."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return hasattr(shell, "kernel")


def one_line(panels: Sequence[Placed]) -> str:
    """The newest step and values as one plain line.

    Example:
        >>> import numpy as np
        >>> from introspect.nouns.panels import Series
        >>> loss = Series("loss", np.array([[0, 100], [0, 200]]), np.array([2.0, 1.5]))
        >>> one_line([LinePanel((loss,))])
        'step 0:200   loss 1.50'
    """
    panels = tuple(leaves(panels))
    names = Counter(line.name for p in panels if isinstance(p, LinePanel) for line in p.series)
    parts: list[str] = []
    newest: list[object] = []
    for panel in panels:
        if isinstance(panel, SummaryPanel):
            parts.append(as_text(panel.title, summary_facts(panel)))
        elif isinstance(panel, ProgressPanel):
            left, right = progress_facts(panel)
            parts.append(as_text(panel.title, left + right))
        elif isinstance(panel, MessagePanel):
            parts.append(clean(f"{panel.title}: {panel.message}"))
        elif isinstance(panel, LinePanel):
            for line in panel.series:
                if len(line.values):
                    name = f"{panel.title} {line.name}" if names[line.name] > 1 else line.name
                    parts.append(clean(f"{name} {format_value(line.values[-1])}"))
                    newest.append(line.steps[-1].tolist())
    if newest and not any(isinstance(panel, SummaryPanel | ProgressPanel) for panel in panels):
        parts.insert(0, f"step {_latest(newest)}")
    return "   ".join(parts).replace(THIN_SPACE, " ") or "nothing to tell in a line"


def _latest(newest: list[object]) -> str:
    pairs = [(0, step) if isinstance(step, int) else tuple(step) for step in newest]  # ty: ignore[invalid-argument-type]
    best = newest[pairs.index(max(pairs))]
    return format_step(tuple(best) if isinstance(best, list) else best)  # ty: ignore[invalid-argument-type]
