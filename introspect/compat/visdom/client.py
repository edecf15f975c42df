"""`Visdom`: the client, without a server.

Not here: the calls that draw (``points``, ``series``, ``curves``, ``confusion``, ``fields``,
``bars``, ``shares``, ``images``, ``media``, ``words``, ``plotly``), the windows (``board``), where
they are seen (``stage``), what is kept (``kept``).
"""

# ruff: noqa: PLR0913, PLR0917, FBT001, FBT002  Visdom's signatures, kept by name and place

import json
import os
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlparse

from introspect.compat.ignored import tell_ignored
from introspect.compat.visdom.arguments import check
from introspect.compat.visdom.bars import Bars
from introspect.compat.visdom.board import board_of, safe_name
from introspect.compat.visdom.confusion import Confusion
from introspect.compat.visdom.curves import Curves
from introspect.compat.visdom.environments import Environments
from introspect.compat.visdom.experiments import Experiments
from introspect.compat.visdom.fields import Fields
from introspect.compat.visdom.images import Images
from introspect.compat.visdom.kept import keeper_of
from introspect.compat.visdom.media import Media
from introspect.compat.visdom.message import finite
from introspect.compat.visdom.plotly import Plotly
from introspect.compat.visdom.series import SeriesCalls
from introspect.compat.visdom.shares import Shares
from introspect.compat.visdom.stage import Stage
from introspect.compat.visdom.updates import new_window
from introspect.errors import IntrospectWarning

if TYPE_CHECKING:
    from introspect.canvas import Canvas
    from introspect.canvas.page import Page
    from introspect.history import History
    from introspect.theme import Mode

_HERE = frozenset({"localhost", "127.0.0.1", "0.0.0.0", "::1", ""})  # noqa: S104  names of this machine
_PORT = 8097
_UNHEEDED: Mapping[str, Any] = {
    "endpoint": "events", "base_url": "/", "ipv6": True, "http_proxy_host": None,
    "http_proxy_port": None, "username": None, "password": None, "proxies": None,
    "use_polling": False, "session_idle_timeout": 600, "session_idle_check_interval": 60,
    "ssl_verify": None,
}  # fmt: skip
"""Of a connection to a server, with their defaults."""


class Visdom(
    SeriesCalls,
    Curves,
    Confusion,
    Fields,
    Bars,
    Shares,
    Images,
    Media,
    Plotly,
    Environments,
    Experiments,
):
    """Windows in a notebook or on a page of this machine, and in memory until they are closed.

    Args:
        server: Its name; that of another machine warns once, since nothing is sent to it.
        endpoint: Not heeded, like everything else of a connection.
        port: Of the page, if it is free.
        base_url: Not heeded.
        ipv6: Not heeded.
        http_proxy_host: Not heeded.
        http_proxy_port: Not heeded.
        env: The environment of windows for which none is named.
        send: False returns messages in place of sending them.
        raise_exceptions: Taken; there is no connection that could fail.
        use_incoming_socket: Taken; no events come back.
        log_to_filename: A file to which every message is appended, for `replay_log`.
        username: Not heeded: the page is guarded by a token.
        password: Not heeded.
        proxies: Not heeded.
        offline: Write the log and show nothing.
        use_polling: Not heeded.
        session_idle_timeout: Not heeded.
        session_idle_check_interval: Not heeded.
        ssl_verify: Not heeded.
        run: A folder in which each environment is kept as a run, for ``introspect view``; True for
            ``runs/visdom``. None heeds the variable ``INTROSPECT_VISDOM_RUN``, else memory.
        page: Whether a page is opened outside of notebooks.

    Attributes:
        env: The environment of windows for which none is named.

    Raises:
        VisdomError: If `base_url` or `log_to_filename` cannot be.

    Example:
        >>> vis = Visdom(page=False, server="example")  # doctest: +SKIP
        >>> vis = Visdom(page=False)
        >>> vis.line([1.0, 0.5], X=[0, 1], win="loss", opts={"title": "Loss"})
        'loss'
        >>> vis.line([0.25], X=[2], win="loss", update="append")
        'loss'
        >>> json.loads(vis.get_window_data("loss"))["content"]["data"][0]["y"]
        [1.0, 0.5, 0.25]
        >>> vis.close("loss")
        ''
    """

    def __init__(
        self,
        server: str = "http://localhost",
        endpoint: str = "events",
        port: int = _PORT,
        base_url: str = "/",
        ipv6: bool = True,
        http_proxy_host: str | None = None,
        http_proxy_port: int | None = None,
        env: str = "main",
        send: bool = True,
        raise_exceptions: bool | None = None,
        use_incoming_socket: bool = True,
        log_to_filename: str | os.PathLike[str] | None = None,
        username: str | None = None,
        password: str | None = None,
        proxies: Mapping[str, str] | None = None,
        offline: bool = False,
        use_polling: bool = False,
        session_idle_timeout: float = 600,
        session_idle_check_interval: float = 60,
        ssl_verify: Any = None,
        *,
        run: str | os.PathLike[str] | bool | None = None,
        page: bool = True,
    ) -> None:
        given = locals()
        check(
            base_url == "/" or (base_url.startswith("/") and not base_url.endswith("/")),
            "__init__",
            "base_url begins with / and does not end with it.",
            given=base_url,
        )
        check(
            not offline or log_to_filename is not None,
            "__init__",
            "offline=True writes a log.",
            hint='log_to_filename="visdom.log"',
        )
        tell_ignored("Visdom", *(k for k, usual in _UNHEEDED.items() if given[k] != usual))
        name = urlparse(server if "//" in server else f"//{server}").hostname or ""
        if name not in _HERE:
            tell_ignored("Visdom", "server", reason="the windows are shown by this program")
        self.server, self.endpoint, self.port = server.rstrip("/"), endpoint, port
        self.server_base_name = name
        self.base_url = "" if base_url == "/" else base_url
        self.ipv6, self.proxies, self.username = ipv6, proxies, username
        self.env = safe_name(env)
        self.env_list = {self.env}
        self.send, self.offline, self.raise_exceptions = send, offline, raise_exceptions
        self.log_to_filename = log_to_filename
        self.use_socket, self.socket_alive = use_incoming_socket and not offline, not offline
        self.event_handlers: dict[tuple[str | None, str], list[Callable[..., Any]]] = {}
        self.win_data: dict[str, Any] = {}
        self._board = board_of((self.server, int(port), self.base_url))
        self._keeper = keeper_of(self._board, run) if send else None
        self._stage = Stage.of(
            self._board, port=int(port), page=page, is_shown=send and not offline
        )
        if send:
            self._board.answer(f"env/{self.env}", {"eid": self.env})

    def _send(
        self,
        msg: dict[str, Any],
        endpoint: str = "events",
        quiet: bool = False,
        from_log: bool = False,
        create: bool = True,
    ) -> Any:
        """Hand a message to the board; with ``send=False`` return it.

        Args:
            msg: JSON with ``win`` and ``eid``; a ``win`` that is None becomes a new one.
            endpoint: As of Visdom's server.
            quiet: Taken; nothing is printed in any case.
            from_log: Whether it comes from a log, and is not written there again.
            create: Whether a ``win`` that is None means a new window.

        Raises:
            VisdomError: If the board refuses it.
        """
        del quiet
        if msg.get("eid") is None:
            msg["eid"] = self.env
        self.env_list.add(msg["eid"])
        if not self.send:
            return msg, endpoint
        if create and "win" in msg and msg["win"] is None:
            msg["win"] = new_window()
        if not from_log:
            self._log(msg, endpoint)
        reply = self._board.answer(endpoint, msg)
        if endpoint == "update" and reply != str(msg.get("win")):
            warnings.warn(
                f"an update was not done: {reply} (win={msg.get('win')!r})",
                IntrospectWarning,
                stacklevel=2,
            )
        if self.offline:
            return msg.get("win", True)
        return reply

    def _log(self, msg: Mapping[str, Any], endpoint: str) -> None:
        if self.log_to_filename is not None and endpoint in {"events", "update"}:
            line = json.dumps([endpoint, finite(msg)])
            with Path(self.log_to_filename).open("a", encoding="utf-8") as file:
                file.write(line + "\n")

    # Ours -------------------------------------------------------------------------------------

    def canvas(
        self,
        env: str | None = None,
        *,
        win: str | None = None,
        theme: "Mode" = "light",
        width_in: float = 10.0,
    ) -> "Canvas":
        """The windows as a canvas: ``vis.canvas().save("windows.png")``; pdf, svg and html, too.

        Args:
            env: The environment.
            win: One window of it; None for all.
            theme: ``"light"``, ``"dark"`` or ``"print"``.
            width_in: Of pictures.

        Raises:
            VisdomError: If there is no such window.
        """
        from introspect.canvas import Canvas  # noqa: PLC0415  when asked for

        name = safe_name(env or self.env)
        known = self._board.names(name)
        check(
            win is None or win in known,
            "canvas",
            "there is no such window.",
            given=win,
            hint=", ".join(known) or "no window yet",
        )
        made = Canvas(backend="none", theme=theme, width_in=width_in)
        made.draw_panels(*self._stage.panels(name, wins=None if win is None else [win], mode=theme))
        return made

    @property
    def history(self) -> "History":
        """What the windows of this environment were told, as a History.

        Raises:
            VisdomError: With ``send=False``.
        """
        check(self._keeper is not None, "history", "nothing is kept with send=False.")
        keeper: Any = self._keeper
        return keeper.history(self.env)

    @property
    def page(self) -> "Page | None":
        """The page that shows the windows outside of notebooks, once there are some."""
        return self._stage.page

    def wait(self, timeout_s: float | None = None) -> None:
        """Keep the page until Ctrl-C, or for so many seconds."""
        if self._stage.page is not None:
            self._stage.page.wait(timeout_s)

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> Any:
        return self.canvas()._repr_mimebundle_(include, exclude)

    def __repr__(self) -> str:
        return f"<Visdom {self.env}: {len(self._board.names(self.env))} windows>"
