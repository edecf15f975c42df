"""Where windows are seen: below the cell of a notebook, else on a page of this machine.

``board -> panels -> Canvas | page``. In a notebook each environment is an output of the cell that
draws, with the windows that this cell touched, and stays when the cell ends. Elsewhere the first
window opens a page that shows all environments, one at a time.

Panels are made when they are due: a window that takes 50 ms to be drawn is drawn again after
200 ms, and once more when the cell ends or the page asks for it. Between that, a call costs
microseconds.

Not here: what a window looks like (``introspect.compat.visdom.painting``).
"""

import os
import sys
import threading
import time
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Self

from introspect.canvas.screens import in_kernel
from introspect.compat.visdom.board import Board
from introspect.errors import CanvasError, IntrospectWarning, MissingExtraError
from introspect.nouns.panels import MessagePanel, Panel
from introspect.theme import Mode

_SHARE = 4.0  # drawing takes a fifth of the time at most
_LEAST_S = 0.1
_PORT = 8097
_KEPT = (
    "these windows go with the program: vis.wait() keeps the page, Visdom(run='runs/visdom') "
    "keeps what was drawn"
)


class Wall:
    """Panels of one board, each made anew only when its window changed and it is time."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._lock = threading.Lock()  # browsers and the training ask at once
        self._made: dict[tuple[str, str, Mode], tuple[int, Panel]] = {}
        self._due_s: dict[tuple[str, str, Mode], float] = {}

    def panels(
        self, env: str, *, wins: Sequence[str] | None = None, mode: Mode = "light",
        must_be_new: bool = True,
    ) -> tuple[Panel, ...]:  # fmt: skip
        """Panels of windows, in the order in which they were opened.

        Args:
            env: The environment.
            wins: Ids; None for all.
            mode: Of what is drawn with matplotlib.
            must_be_new: Whether a panel that is not due is made, too.
        """
        names = self._board.names(env)
        wanted = names if wins is None else [name for name in names if name in set(wins)]
        with self._lock:
            found = [self._panel(env, win, mode, must_be_new=must_be_new) for win in wanted]
        return tuple(panel for panel in found if panel is not None)

    def _panel(self, env: str, win: str, mode: Mode, *, must_be_new: bool) -> Panel | None:
        key = (env, win, mode)
        window = self._board.window(env, win)
        if window is None:
            return None
        changes, panel = self._made.get(key, (-1, None))
        is_due = must_be_new or time.monotonic() >= self._due_s.get(key, 0.0)
        if panel is not None and (changes == window.changes or not is_due):
            return panel
        still = self._board.snapshot(env, win)
        if still is None:
            return None
        began_s = time.monotonic()
        panel = _attempted(still, mode)
        took_s = time.monotonic() - began_s
        self._made[key] = still.changes, panel
        self._due_s[key] = began_s + took_s + max(_LEAST_S, _SHARE * took_s)
        return panel


def _attempted(window: Any, mode: Mode) -> Panel:
    from introspect.compat.visdom.painting import panel_of  # noqa: PLC0415  matplotlib, when needed

    try:
        return panel_of(window, mode=mode)
    except Exception as fault:  # noqa: BLE001  a picture must not end a training, nor hide others
        title = str(window.pane.get("title") or window.pane["id"])
        return MessagePanel(title, f"{type(fault).__name__}: {fault}")


class Stage:
    """What shows one board."""

    def __init__(self, board: Board, *, port: int) -> None:
        self._board = board
        self._wall = Wall(board)
        self._port = port
        self.is_shown = False
        self.wants_page = False
        self.page: Any = None
        self._is_mute = False
        self._cell: Any = None
        self._process = os.getpid()

    @classmethod
    def of(cls, board: Board, *, port: int, page: bool, is_shown: bool) -> Self:
        """The stage of a board; made by the first client, shared by the others.

        Args:
            board: What is shown.
            port: Of the page, if it is free.
            page: Whether this client wants a page outside of notebooks.
            is_shown: Whether this client wants its windows to be seen at all.
        """
        made = _STAGES.get(board)
        if made is None:
            made = _STAGES[board] = cls(board, port=port)
            board.listeners.append(made.changed)
        made.is_shown = made.is_shown or is_shown
        made.wants_page = made.wants_page or (page and is_shown)
        return made  # ty: ignore[invalid-explicit-return]

    def panels(
        self, env: str, *, wins: Sequence[str] | None = None, mode: Mode = "light"
    ) -> tuple[Panel, ...]:
        """Panels of windows as they are now."""
        return self._wall.panels(env, wins=wins, mode=mode)

    def changed(self, env: str, win: str, message: Mapping[str, Any]) -> None:
        """Show a window that changed; never raises into the training."""
        del message
        if os.getpid() != self._process or not self.is_shown or not win:
            return
        if in_kernel():
            if self._cell is None:
                self._cell = _Cell(self._wall)
            self._cell.changed(env, win)
        elif self.wants_page and self.page is None and not self._is_mute:
            self._open()

    def _open(self) -> None:
        self._is_mute = True
        try:
            self.page = _served(_Envs(self._board, self._wall), self._port)
        except MissingExtraError:
            warnings.warn(
                "the windows are kept and shown nowhere: a page needs "
                "pip install 'torch-introspect[page]'; vis.canvas().save('windows.html') does",
                IntrospectWarning,
                stacklevel=5,
            )
        else:
            sys.stderr.write(f"introspect: {_KEPT}\n")


_STAGES: dict[Board, Stage] = {}


def _served(source: Any, port: int) -> Any:
    from introspect.canvas.page import serve  # noqa: PLC0415  an extra

    try:
        return serve(source, port=port, title="visdom · introspect")
    except CanvasError:  # another program has it, maybe a Visdom server
        return serve(source, title="visdom · introspect")


class _Envs:
    """A board as the source of a page: environments to choose from, and their windows."""

    def __init__(self, board: Board, wall: Wall) -> None:
        self._board = board
        self._wall = wall

    def contents(self) -> Mapping[str, Any]:
        """The environments."""
        with self._board.lock:
            counts = {env: len(known.windows) for env, known in self._board.envs.items()}
            newest = max(
                self._board.envs,
                key=lambda env: max(
                    (w.changes for w in self._board.envs[env].windows.values()), default=0
                ),
            )
        rows = [
            {"name": env, "state": f"{count} window{'' if count == 1 else 's'}", "step": None,
             "problem": None, "config": {}}
            for env, count in counts.items()
            if count or len(counts) == 1
        ]  # fmt: skip
        return {"folder": "visdom", "newest": newest, "more": 0, "groups": [], "runs": rows}

    def panels(self, wish: Mapping[str, Any]) -> tuple[Panel, ...]:
        """Windows of the chosen environments whose titles hold what is searched for."""
        wanted = wish.get("runs")
        known = list(self._board.envs)
        chosen = [env for env in wanted if env in known] if isinstance(wanted, list) else []
        chosen = chosen or [str(self.contents()["newest"])]
        words = str(wish.get("search") or "").lower().split()
        found = []
        for env in chosen:
            for panel in self._wall.panels(env, must_be_new=False):
                title = getattr(panel, "title", "")
                if all(word in title.lower() for word in words):
                    many = len(chosen) > 1
                    found.append(replace(panel, title=f"{env}: {title}") if many else panel)
        return tuple(found) or (MessagePanel("", "no window"),)

    def state(self, wish: Mapping[str, Any]) -> str:
        """A training of this process goes on."""
        del wish
        return "live"


class _Cell:
    """The outputs of the running cell: one for each environment."""

    def __init__(self, wall: Wall) -> None:
        self._wall = wall
        self._canvases: dict[str, Any] = {}
        self._touched: dict[str, dict[str, None]] = {}
        self._due_s: dict[str, float] = {}
        self._shell: Any = None

    def changed(self, env: str, win: str) -> None:
        """A window of this cell: drawn now if it is time, else when the cell ends."""
        if self._shell is None:  # before the canvas, whose last picture needs our last panels
            from IPython import get_ipython  # noqa: PLC0415  it is there already

            self._shell = get_ipython()
            self._shell.events.register("post_run_cell", self._ended)
        self._touched.setdefault(env, {})[win] = None
        if time.monotonic() >= self._due_s.get(env, 0.0):
            self._draw(env, must_be_new=False)

    def _draw(self, env: str, *, must_be_new: bool) -> None:
        from introspect.canvas import Canvas  # noqa: PLC0415  when needed

        began_s = time.monotonic()
        panels = self._wall.panels(env, wins=list(self._touched[env]), must_be_new=must_be_new)
        canvas = self._canvases.get(env)
        if canvas is None:
            canvas = self._canvases[env] = Canvas()
        canvas.draw_panels(*panels)
        now_s = time.monotonic()
        self._due_s[env] = now_s + max(_LEAST_S, _SHARE * (now_s - began_s))

    def _ended(self, result: Any = None) -> None:
        del result
        shell, self._shell = self._shell, None
        shell.events.unregister("post_run_cell", self._ended)
        try:
            for env in self._touched:
                self._draw(env, must_be_new=True)
        except Exception as fault:  # noqa: BLE001  IPython would print it below every cell
            told = f"the last windows of a cell: {type(fault).__name__}: {fault}"
            warnings.warn(told, IntrospectWarning, stacklevel=2)
        self._touched.clear()
        self._due_s.clear()
