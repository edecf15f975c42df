"""What windows are told, to a History for each environment.

Lines over whole numbers are kept as metrics, ``title/line``. In memory that is all; in a folder
(``Visdom(run="runs/visdom")``, or the variable ``INTROSPECT_VISDOM_RUN``) pictures, texts, tables,
sounds, films and matrices are kept as what they are, and other charts as pictures, so that
``introspect view`` shows everything.

Cost: a microsecond a number; what is no number is encoded by the history in the background, but for
charts that have to be drawn: those at most every ten seconds, and at the end.

Not here: the file (``introspect.history``).
"""

import atexit
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from introspect.compat.visdom.board import Board, Window
from introspect.history import History
from introspect.nouns.values import Figure

_VARIABLE = "INTROSPECT_VISDOM_RUN"
_DRAWN_S = 10.0


class Keeper:
    """The histories of one board.

    Args:
        board: Whose windows are kept.
        folder: Above the runs.
        is_kept: Whether anything is written; else numbers are kept in memory.
    """

    def __init__(self, board: Board, folder: Path, *, is_kept: bool) -> None:
        self.folder = folder
        self._board = board
        self._is_kept = is_kept
        self._histories: dict[str, History] = {}
        self._said: dict[tuple[str, str, str], int] = {}
        self._drawn_s: dict[tuple[str, str], float] = {}
        self._stale: dict[tuple[str, str], None] = {}
        self._process = os.getpid()
        board.listeners.append(self.changed)
        if is_kept:
            atexit.register(self.close)

    def history(self, env: str) -> History:
        """That of an environment."""
        found = self._histories.get(env)
        if found is None:
            found = History(self.folder / env) if self._is_kept else History()
            self._histories[env] = found
        return found

    def changed(self, env: str, win: str, message: Mapping[str, Any]) -> None:
        """Keep what a window was told."""
        if os.getpid() != self._process:
            return
        if message.get("metrics"):
            self._log_metrics(env, message)
        window = self._board.window(env, win)
        if window is None or "data" not in message:
            return
        name = str(window.pane.get("title") or win)
        if self._log_lines(env, name, window, message) or not self._is_kept:
            return
        now_s = time.monotonic()
        if _is_cheap(window):
            self._log_value(env, win)
        elif now_s - self._drawn_s.get((env, win), -_DRAWN_S) >= _DRAWN_S:
            self._drawn_s[env, win] = now_s
            self._log_value(env, win)
        else:
            self._stale[env, win] = None

    def close(self) -> None:
        """Draw what was put off, and end the files."""
        if os.getpid() != self._process:
            return
        stale, self._stale = self._stale, {}
        for env, win in stale:
            self._log_value(env, win)
        for history in self._histories.values():
            history.close()

    def _log_metrics(self, env: str, message: Mapping[str, Any]) -> None:
        step = message.get("step")
        at = self._next(env, "metrics", "") if step is None else int(step)
        self.history(env).log(at, **message["metrics"])

    def _log_lines(self, env: str, name: str, window: Window, message: Mapping[str, Any]) -> bool:
        """Keep new points of lines over whole numbers; whether it is such a window."""
        lines = [one for one in message["data"] if _is_line(one)]
        if window.pane["type"] != "plot" or not lines or len(lines) < len(message["data"]):
            return False
        columns = [_column(line) for line in lines]
        if any(column is None for column in columns):
            return False
        history = self.history(env)
        for line, column in zip(lines, columns, strict=True):
            own = str(message.get("name") or line.get("name") or "")
            plain = own in {"", "1"} and len(window.pane["content"]["data"]) <= 1
            key = name if plain else f"{name}/{own}"
            for step, value in column or ():
                history.log(step, **{key: value})
        return True

    def _log_value(self, env: str, win: str) -> None:
        window = self._board.snapshot(env, win)
        if window is None:
            return
        name = str(window.pane.get("title") or win)
        value = _value_of(window)
        if value is not None:
            self.history(env).log(self._next(env, win, name), **{name: value})

    def _next(self, env: str, win: str, name: str) -> int:
        key = (env, win, name)
        self._said[key] = self._said.get(key, -1) + 1
        return self._said[key]


_KEEPERS: dict[Board, Keeper] = {}


def keeper_of(board: Board, run: str | os.PathLike[str] | bool | None) -> Keeper:  # noqa: FBT001  as it was given
    """The keeper of a board; the first client that asks for a folder decides which."""
    wanted = os.environ.get(_VARIABLE) or None if run is None else run
    folder = Path("runs/visdom") if isinstance(wanted, bool) or wanted is None else Path(wanted)
    is_kept = bool(wanted)
    known = _KEEPERS.get(board)
    if known is None or (is_kept and not known._is_kept):  # noqa: SLF001  its own module
        if known is not None:
            board.listeners.remove(known.changed)
        known = _KEEPERS[board] = Keeper(board, folder, is_kept=is_kept)
    return known


def _is_line(trace: Mapping[str, Any]) -> bool:
    return trace.get("type") == "scatter" and "lines" in str(trace.get("mode"))


def _column(line: Mapping[str, Any]) -> list[tuple[int, float]] | None:
    """Points as (step, value), without gaps; None if some place is no whole number."""
    try:
        x = np.asarray(line["x"], np.float64)
        y = np.asarray(line["y"], np.float64)
    except (TypeError, ValueError):
        return None
    known = np.isfinite(x)
    if not known.all() or not (x == np.round(x)).all() or np.abs(x).max(initial=0) > 2**53:
        return None if not _is_masked(x) else []
    return list(zip(x.astype(np.int64).tolist(), y.tolist(), strict=True))


def _is_masked(x: np.ndarray) -> bool:
    """Whether nothing is said: the line was left out of this update."""
    return not np.isfinite(x).any()


def _is_cheap(window: Window) -> bool:
    """Whether its value is there without drawing."""
    kind = window.pane["type"]
    if kind != "plot":
        return kind not in {"network", "plot_history"}
    return _matrix(window) is not None


def _matrix(window: Window) -> np.ndarray | None:
    """The numbers of a heat map or surface, as they were given; None for other windows."""
    traces = window.pane["content"]["data"] if window.pane["type"] == "plot" else ()
    if len(traces) != 1 or traces[0].get("type") not in {"heatmap", "surface", "contour"}:
        return None
    from introspect.compat.visdom.painting.fields import matrix_of  # noqa: PLC0415  matplotlib

    return matrix_of(traces[0])


def _value_of(window: Window) -> Any:
    """A window as a value of a history."""
    from introspect.compat.visdom.painting import panel_of  # noqa: PLC0415  matplotlib, when needed

    matrix = _matrix(window)
    if matrix is not None:
        return matrix
    panel = panel_of(window, mode="light")
    kind = type(panel).__name__
    data: Any = getattr(panel, "data", ())
    if kind in {"ImagePanel", "TablePanel", "AudioPanel", "VideoPanel"}:
        return data[-1]
    if kind in {"TextPanel", "FramePanel"}:
        from introspect.compat.visdom.painting.markup import plain_text  # noqa: PLC0415  same

        return plain_text(str(data[-1]))
    return _picture(panel)


def _picture(panel: Any) -> Figure:
    """A chart as a picture."""
    from introspect.canvas import Canvas  # noqa: PLC0415  when needed

    canvas = Canvas(backend="none", width_in=5.0)
    canvas.draw_panels(panel)
    return Figure.of(canvas.figure, dpi=144)
