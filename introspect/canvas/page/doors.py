"""Sockets, the thread of the server, and the lines that tell its address.

The port is bound before the server starts, so that the address is known at once and a port
that is taken is an error of the call, not of a thread.
"""

import getpass
import os
import socket
import sys
import threading
from typing import Any

from introspect.canvas.page.guard import LOOPBACK
from introspect.errors import CanvasError

_STOP_S = 5.0
_START_S = 10.0


def bound(host: str, port: int) -> socket.socket:
    """A listening socket.

    Args:
        host: An address of this machine; ``127.0.0.1`` is reached from this machine only.
        port: 0 for a free one.

    Raises:
        CanvasError: If the port is taken, or the address is not of this machine.
    """
    try:
        if not 0 <= port <= 65535:  # else it is taken modulo 65536
            raise OverflowError("a port is a number from 0 to 65535")  # noqa: TRY301  told below
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        door = socket.socket(family, kind, protocol)
    except (OSError, UnicodeError, OverflowError) as error:
        raise _no_door(host, port, error) from error
    try:
        if os.name == "posix":  # elsewhere it would let two servers share a port
            door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        door.bind(address)
        door.listen(128)
    except (OSError, OverflowError) as error:
        door.close()
        raise _no_door(host, port, error) from error
    return door


def _no_door(host: str, port: int, error: Exception) -> CanvasError:
    return CanvasError(
        "the page has no address to listen on.",
        given=f"host={host!r}, port={port!r}",
        cause=error,
        hint="port=0 takes a free port; host='127.0.0.1' is always there",
    )


class Server:
    """A uvicorn server in a daemon thread.

    Args:
        app: The application.
        door: The socket that it listens on; closed with the server.
    """

    def __init__(self, app: Any, door: socket.socket) -> None:
        import uvicorn  # noqa: PLC0415  only whoever opens a page pays for it

        config = uvicorn.Config(
            app,
            log_config=None,  # a training's logging is its own
            access_log=False,
            server_header=False,
            ws="websockets-sansio",
            ws_max_size=65536,  # of what a browser sends
            timeout_graceful_shutdown=1,
            lifespan="off",
        )
        self._server = uvicorn.Server(config)
        self._door = door
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="introspect page", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._server.run(sockets=[self._door])
        finally:
            self._door.close()
            self._ended.set()

    @property
    def is_open(self) -> bool:
        """Whether browsers can connect."""
        return not self._ended.is_set()

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait for the end; whether it came."""
        return self._ended.wait(timeout_s)

    def close(self) -> None:
        """Let every browser go and free the port."""
        self._server.should_exit = True
        if threading.current_thread() is not self._thread:
            self._thread.join(_STOP_S)


def told(url: str, host: str, port: int) -> list[str]:
    """The lines to print: the address, and how to reach it from the other end of SSH.

    Example:
        >>> told("http://127.0.0.1:8000/?token=x", "127.0.0.1", 8000)[0]
        'introspect page: http://127.0.0.1:8000/?token=x'
    """
    lines = [f"introspect page: {url}"]
    connection = os.environ.get("SSH_CONNECTION", "").split()
    if len(connection) == 4 and host in LOOPBACK:
        machine = connection[2]
        lines.append(f"  from your machine: ssh -L {port}:127.0.0.1:{port} {_user()}@{machine}")
    return lines


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):  # a container's user without a name
        return "user"


def tell(lines: list[str]) -> None:
    """Print to stderr, since stdout may be a training's own output."""
    try:
        print("\n".join(lines), file=sys.stderr, flush=True)  # noqa: T201  the one thing to know
    except (OSError, ValueError, AttributeError):  # no stderr: page.url holds it
        return
