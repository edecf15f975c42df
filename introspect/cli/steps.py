"""What a long command is doing, on stderr: a spinner on a terminal, plain lines elsewhere.

Short steps say nothing in a log: a line is written when a step has lasted two seconds.
"""

import os
import sys
import threading
import time
from types import TracebackType
from typing import Any, Self, TextIO

_PATIENCE_S = 2.0


class Steps:
    """One step after another; the next one ends the last.

    Args:
        stream: Where to write; stderr if None.
        patience_s: How long a step may take before a plain line says so.

    Example:
        >>> with Steps() as steps:
        ...     steps.begin("tracing resnet50")
    """

    def __init__(self, stream: TextIO | None = None, *, patience_s: float = _PATIENCE_S) -> None:
        self._stream = sys.stderr if stream is None else stream
        self._patience_s = patience_s
        self._status: Any = None
        self._timer: threading.Timer | None = None
        self._began_s = 0.0
        self._step = ""
        self._was_said = False

    def __enter__(self) -> Self:
        # The cell of a notebook is no terminal, though its `!` says so: a spinner leaves lines.
        if self._stream.isatty() and "JPY_PARENT_PID" not in os.environ:
            from rich.console import Console  # noqa: PLC0415  30 ms that a log need not pay

            self._status = Console(file=self._stream).status("")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end()

    def begin(self, step: str) -> None:
        """Say what is done from now on."""
        self._end()
        self._step, self._began_s = step, time.monotonic()
        if self._status is not None:
            from rich.markup import escape  # noqa: PLC0415  with the console

            self._status.update(escape(f"{step} ..."))
            self._status.start()
            return
        self._timer = threading.Timer(self._patience_s, self._say)
        self._timer.daemon = True
        self._timer.start()

    def _say(self) -> None:
        self._was_said = True
        self._write(f"{self._step} ...")

    def _end(self) -> None:
        if self._status is not None:
            self._status.stop()
        if self._timer is not None:
            self._timer.cancel()
            self._timer.join()
            self._timer = None
        if self._was_said:
            self._was_said = False
            self._write(f"{self._step}: {time.monotonic() - self._began_s:.1f} s")

    def _write(self, line: str) -> None:
        self._stream.write(f"introspect: {line}\n")
        self._stream.flush()
