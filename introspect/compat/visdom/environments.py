"""Environments and windows as a whole: listed, copied, closed, told, set, saved, replayed.

Not here: what is in them (``introspect.compat.visdom.board``).
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from introspect.compat.visdom.arguments import VisdomError, check, opts_of
from introspect.compat.visdom.board import Board, safe_name
from introspect.compat.visdom.kept import Keeper
from introspect.compat.visdom.layout import layout_of
from introspect.compat.visdom.message import Message, Sender
from introspect.compat.visdom.stage import Stage


class Environments(Sender):
    """Calls about windows that are there."""

    send: bool
    env_list: set[str]
    _board: Board
    _keeper: Keeper | None
    _stage: Stage

    def save(self, envs: list[str]) -> str:
        """Write environments to files: Visdom's JSON, and a page that stands by itself.

        They are called ``<env>.json`` and ``<env>.html`` and lie in the folder of `run`, or in
        ``runs/visdom``. A Visdom server shows the JSON if it lies in its folder.

        Args:
            envs: Their names; those that are not there are left out.

        Returns:
            Those that were written, as JSON.

        Raises:
            VisdomError: If it is no list of names.
            SaveError: If a file cannot be written.
        """
        check(
            isinstance(envs, list) and all(isinstance(env, str) for env in envs),
            "save",
            "envs is a list of names.",
            given=envs,
            hint='vis.save(["main"])',
        )
        if not self.send:
            return self._send({"data": envs}, "save")
        from introspect.compat.visdom.saved import save_env  # noqa: PLC0415  when asked for

        known = [name for name in map(safe_name, envs) if name in self._board.envs]
        folder = Path("runs/visdom") if self._keeper is None else self._keeper.folder
        for env in known:
            save_env(self._board, env, folder, self._stage.panels(env))
        return json.dumps(known)

    def fork_env(self, prev_eid: str, eid: str) -> Any:
        """Copy an environment.

        Args:
            prev_eid: Its name.
            eid: That of the copy.

        Raises:
            VisdomError: If there is none.
        """
        check(
            isinstance(prev_eid, str) and isinstance(eid, str),
            "fork_env",
            "environments have names.",
            given=f"{prev_eid!r}, {eid!r}",
        )
        return self._send({"prev_eid": prev_eid, "eid": eid}, "fork_env")

    def delete_env(self, env: str) -> Any:
        """Forget an environment; "main" stays, as it does in Visdom."""
        return self._send({"eid": env}, "delete_env")

    def delete_envs(self, env_list: list[str]) -> list[Any]:
        """Forget several.

        Raises:
            VisdomError: If it is no list of names.
        """
        check(
            isinstance(env_list, list) and all(isinstance(env, str) for env in env_list),
            "delete_envs",
            "env_list is a list of names.",
            given=env_list,
        )
        return [self.delete_env(env) for env in env_list]

    def get_env_list(self) -> list[str]:
        """Names of all environments."""
        return list(self.env_list) if self.offline else list(self._board.envs)

    def get_env_state(self, env: str) -> dict[str, Any] | None:
        """Windows of an environment by id; None if there is none.

        Raises:
            VisdomError: If it is no name.
        """
        check(isinstance(env, str), "get_env_state", "env is a name.", given=env)
        state = json.loads(self._board.answer("env_state", {"eid": env}))
        return None if "error" in state and safe_name(env) not in self._board.envs else state

    # Windows ----------------------------------------------------------------------------------

    def close(self, win: str | None = None, env: str | None = None) -> Any:
        """Close a window, or all of an environment."""
        return self._send({"win": win, "eid": env}, "close", create=False)

    def win_exists(self, win: Any, env: str | None = None) -> bool | None:
        """Whether there is such a window; None with ``send=False``.

        Raises:
            VisdomError: If `win` is None.
        """
        reply = self._win_exists_wrap(win, env)
        return {"true": True, "false": False}.get(reply) if isinstance(reply, str) else None

    def _win_exists_wrap(self, win: Any, env: str | None = None) -> Any:
        check(win is not None, "win_exists", "a window has an id.", hint='win="loss"')
        message = {"win": win, "eid": env}
        return (
            self._board.answer("win_exists", message | {"eid": env or self.env})
            if self.send
            else self._send(message, "win_exists")
        )

    def get_window_data(self, win: str | None = None, env: str | None = None) -> Any:
        """A window as Visdom's JSON text, or all of an environment by id.

        Raises:
            VisdomError: If there is no such window.
        """
        return self._send({"win": win, "eid": env}, "win_data", create=False)

    def set_window_data(self, data: Any, win: str | None = None, env: str | None = None) -> Any:
        """Set what `get_window_data` told.

        Args:
            data: The text, or the same as a dict.
            win: The window; None for all of the environment.
            env: The environment.

        Raises:
            VisdomError: If it is something else.
        """
        return self._send({"win": win, "eid": env, "data": data}, "win_data", create=False)

    def update_window_opts(self, win: str, opts: Mapping[str, Any], env: str | None = None) -> Any:
        """Change title, axes and legend of a window, and not what it shows."""
        checked = opts_of(opts, "update_window_opts")
        message = Message(win=win, eid=env, layout=layout_of(checked), opts=checked)
        return self._send(message, "update")

    def replay_log(self, log_filename: str | os.PathLike[str]) -> None:
        """Draw again what a log says, ours or Visdom's.

        Raises:
            VisdomError: If a line is no message.
        """
        try:
            lines = Path(log_filename).read_text("utf-8").splitlines()
            entries = [json.loads(line) for line in lines if line.strip()]
            pairs = [(str(endpoint), dict(message)) for endpoint, message in entries]
        except (OSError, ValueError, TypeError) as error:
            raise VisdomError("this log cannot be replayed.", given=os.fspath(log_filename),
                              cause=error) from error  # fmt: skip
        for endpoint, message in pairs:
            self._send(message, endpoint, from_log=True)
