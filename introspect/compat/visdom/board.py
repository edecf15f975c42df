"""The windows of every environment, where Visdom would have a server.

``message -> Board.answer -> reply``. All clients with one address share a board, as they would
share a server: what one part of a program draws, another can update.

Cost: microseconds, and what a window holds in memory. A lock is held while one window changes.

Not here: what a window holds (``introspect.compat.visdom.updates``), where it is seen (``stage``).
"""

import copy
import itertools
import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from introspect.compat.visdom.arguments import VisdomError
from introspect.compat.visdom.message import finite
from introspect.compat.visdom.records import no_experiment, told
from introspect.compat.visdom.updates import Pane, opened, refusal, update

Told = Callable[[str, str, Mapping[str, Any]], None]
"""Told (environment, window, message) after a window changed."""


@dataclass(slots=True, eq=False)
class Window:
    """One window.

    Attributes:
        pane: What Visdom's server would hold.
        value: A value of ``introspect.values`` that shows it better; or None.
        changes: Grows with every change.
    """

    pane: Pane
    value: Any = None
    changes: int = 0


@dataclass(slots=True, eq=False)
class Env:
    """One environment: windows by id, in the order in which they came."""

    windows: dict[str, Window] = field(default_factory=dict)
    experiment: dict[str, Any] | None = None


class Board:
    """Windows of every environment.

    Attributes:
        lock: Held while windows change; hold it to look at several at once.
        listeners: Told of every change, in the thread that made it.

    Example:
        >>> board = Board()
        >>> message = {"data": [{"type": "text", "content": "hello"}], "win": "w", "eid": "main"}
        >>> board.answer("events", message)
        'w'
        >>> board.answer("win_exists", {"win": "w", "eid": "main"})
        'true'
    """

    def __init__(self) -> None:
        self.envs: dict[str, Env] = {"main": Env()}
        self.lock = threading.RLock()
        self.listeners: list[Told] = []
        self._changes = itertools.count(1)

    def answer(self, endpoint: str, message: Mapping[str, Any]) -> Any:
        """What a server would reply.

        Args:
            endpoint: ``events``, ``update``, ``close``, ``win_exists``, ``win_data``,
                ``env_state``, ``delete_env``, ``fork_env``, ``experiments/log`` or ``env/...``.
            message: JSON.

        Raises:
            VisdomError: If there is no such endpoint, window or environment.
        """
        env = safe_name(str(message.get("eid") or "main"))
        if endpoint.startswith("env/"):
            endpoint = "env"
        act = _ENDPOINTS.get(endpoint)
        if act is None:
            raise VisdomError("there is no such endpoint.", given=endpoint)
        with self.lock:
            reply, changed = act(self, env, message)
        if changed is not None:
            for tell in tuple(self.listeners):
                tell(env, changed, message)
        return reply

    def window(self, env: str, win: str | None) -> Window | None:
        """A window, if it is there."""
        found = self.envs.get(env)
        return None if found is None or win is None else found.windows.get(str(win))

    def snapshot(self, env: str, win: str) -> Window | None:
        """A copy of a window that nobody changes any more; numbers in lists are shared by none."""
        with self.lock:
            found = self.window(env, win)
            return found and Window(copied(found.pane), found.value, found.changes)

    def names(self, env: str) -> list[str]:
        """Ids of the windows of an environment, in their order."""
        with self.lock:
            known = self.envs.get(env)
            return [] if known is None else list(known.windows)

    # Endpoints ------------------------------------------------------------------------------

    def _open(self, env: str, message: Mapping[str, Any]) -> tuple[str, str]:
        pane = opened(message)
        windows = self.envs.setdefault(env, Env()).windows
        old = windows.get(pane["id"])
        pane["i"] = len(windows) if old is None else old.pane["i"]
        if old is not None:
            pane["comment"] = old.pane.get("comment") or pane["comment"]
        value = getattr(message, "value", None)
        windows[pane["id"]] = Window(pane, value, next(self._changes))
        return pane["id"], pane["id"]

    def _update(self, env: str, message: Mapping[str, Any]) -> tuple[str, str | None]:
        win = message.get("win")
        window = self.window(env, win)
        if window is None:
            first = (message.get("data") or [{}])[0]
            if message.get("append") or first.get("type") == "text":
                return self._open(env, message)
            return "win does not exist", None
        problem = refusal(window.pane, message) or update(window.pane, message)
        if problem:
            return problem, None
        window.value, window.changes = None, next(self._changes)
        return window.pane["id"], window.pane["id"]

    def _close(self, env: str, message: Mapping[str, Any]) -> tuple[str, str | None]:
        known = self.envs.get(env, Env()).windows
        gone = list(known) if message.get("win") is None else [str(message["win"])]
        for win in gone:
            known.pop(win, None)
        return "", ""

    def _exists(self, env: str, message: Mapping[str, Any]) -> tuple[str, None]:
        return json.dumps(self.window(env, message.get("win")) is not None), None

    def _data(self, env: str, message: Mapping[str, Any]) -> tuple[str, str | None]:
        """Tell the content of windows, or set it."""
        win = message.get("win")
        if "data" in message:
            return self._set_data(env, win, message["data"])
        if win is None:
            panes = {name: w.pane for name, w in self.envs.get(env, Env()).windows.items()}
            return json.dumps(finite(panes)), None
        window = self.window(env, win)
        if window is None:
            raise VisdomError(
                "there is no such window.",
                given=f"win={win!r}, env={env!r}",
                hint=", ".join(self.names(env)) or "no window yet",
            )
        return json.dumps(finite(window.pane)), None

    def _set_data(self, env: str, win: Any, text: Any) -> tuple[str, str]:
        try:
            data = json.loads(text) if isinstance(text, str | bytes) else copied(text)
            panes = dict(data) if win is None else {str(win): data}
            windows = {}
            for at, (name, pane) in enumerate(panes.items()):
                kept = {"i": at, "title": "", "version": 1} | pane | {"id": str(name)}
                windows[str(name)] = Window(kept, None, next(self._changes))
                if not {"type", "content"} <= kept.keys():
                    raise KeyError("type and content")  # noqa: TRY301  told below
        except (ValueError, TypeError, KeyError) as error:
            raise VisdomError("this is no data of windows.", given=repr(text)[:80], cause=error,
                              hint="what get_window_data returned") from error  # fmt: skip
        known = self.envs.setdefault(env, Env())
        known.windows = windows if win is None else known.windows | windows
        return "", ""

    def _state(self, env: str, message: Mapping[str, Any]) -> tuple[str, None]:
        if message.get("eid") is None:
            return json.dumps(list(self.envs)), None
        known = self.envs.get(env)
        if known is None:
            return json.dumps({"error": f"env '{env}' not found"}), None
        return json.dumps(finite({name: w.pane for name, w in known.windows.items()})), None

    def _delete(self, env: str, message: Mapping[str, Any]) -> tuple[str, str | None]:
        if message.get("eid") is None or env == "main":
            return "", None
        self.envs.pop(env, None)
        return "", ""

    def _fork(self, env: str, message: Mapping[str, Any]) -> tuple[str, str]:
        del env
        old, new = (safe_name(str(message[key])) for key in ("prev_eid", "eid"))
        if old not in self.envs:
            raise VisdomError(
                "the environment to be forked is not there.", given=old, hint=", ".join(self.envs)
            )
        windows = {
            name: Window(copied(w.pane), w.value, next(self._changes))
            for name, w in self.envs[old].windows.items()
        }
        self.envs[new] = Env(windows, copy.deepcopy(self.envs[old].experiment))
        return new, ""

    def _begin(self, env: str, message: Mapping[str, Any]) -> tuple[str, None]:
        del message
        self.envs.setdefault(env, Env())
        return "", None

    def _experiment(self, env: str, message: Mapping[str, Any]) -> tuple[str, str | None]:
        known = self.envs.setdefault(env, Env())
        if known.experiment is None and message["action"] == "finish":
            raise VisdomError("no experiment was begun.", given=env, hint="vis.experiment(params=)")
        record = known.experiment or no_experiment(env)
        if record["status"] != "running":
            raise VisdomError(f"this experiment has {record['status']}.", given=env)
        known.experiment = told(record, message)
        return json.dumps(finite(known.experiment)), ""


_ENDPOINTS: Mapping[str, Callable[[Board, str, Mapping[str, Any]], tuple[Any, str | None]]] = {
    "events": Board._open,  # noqa: SLF001  its own module
    "update": Board._update,  # noqa: SLF001  same
    "close": Board._close,  # noqa: SLF001  same
    "win_exists": Board._exists,  # noqa: SLF001  same
    "win_data": Board._data,  # noqa: SLF001  same
    "env_state": Board._state,  # noqa: SLF001  same
    "delete_env": Board._delete,  # noqa: SLF001  same
    "fork_env": Board._fork,  # noqa: SLF001  same
    "env": Board._begin,  # noqa: SLF001  same
    "experiments/log": Board._experiment,  # noqa: SLF001  same
}


def safe_name(env: str) -> str:
    """The name of an environment as Visdom keeps it: it names a file and stands in addresses.

    Example:
        >>> safe_name("runs/one")
        'runs_one'
    """
    return env.translate({ord("/"): "_", ord("\\"): "_", ord("\n"): "-", ord("\r"): "-"})


def copied(value: Any) -> Any:
    """Dicts and lists anew; lists of plain numbers at the speed of memory."""
    if isinstance(value, Mapping):
        return {key: copied(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        if value and isinstance(value[0], Mapping | list | tuple):
            return [copied(entry) for entry in value]
        return list(value)
    return value


_BOARDS: dict[tuple[str, int, str], Board] = {}


def board_of(address: tuple[str, int, str]) -> Board:
    """The board of an address: server, port and base of the URL."""
    return _BOARDS.setdefault(address, Board())
