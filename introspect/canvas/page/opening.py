"""`serve`: a page for a canvas or a history, from the same process.

>>> import introspect
>>> history = introspect.History()
>>> history.log(0, loss=1.0)
>>> with serve(history, tell=False) as page:  # doctest: +SKIP
...     page.url
'http://127.0.0.1:40123/?token=...'
"""

import threading
import webbrowser
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Any, Self

from introspect.canvas.page import doors
from introspect.canvas.page.guard import Guard
from introspect.canvas.page.session import Source
from introspect.canvas.page.sources import source_of
from introspect.errors import CanvasError, MissingExtraError


class Page:
    """A page that is being served. Made by `serve`.

    Attributes:
        url: What to open in a browser; it holds the token.
        port: Where it listens.
    """

    def __init__(
        self, source: Source, *, host: str, port: int, hosts: Iterable[str], title: str
    ) -> None:
        try:
            from introspect.canvas.page.app import application  # noqa: PLC0415  an extra
        except ImportError as error:
            raise MissingExtraError(
                "a page needs packages that are not installed.",
                cause=error,
                hint="pip install 'torch-introspect[page]'",
            ) from error
        door = doors.bound(host, port)
        self.port: int = door.getsockname()[1]
        guard = Guard.of(self.port, [*hosts, host])
        shown = f"[{host}]" if ":" in host else host
        self.url = f"http://{shown}:{self.port}/?token={guard.token}"
        self._server = doors.Server(application(source, guard, title=title), door)

    @property
    def is_open(self) -> bool:
        """Whether browsers can connect."""
        return self._server.is_open

    def open(self) -> bool:
        """Open it in a browser of this machine, if there is one; whether there is."""
        try:
            return webbrowser.open(self.url)
        except webbrowser.Error:
            return False

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait until it is closed, or for Ctrl-C, which closes it; whether it is closed."""
        try:
            return self._server.wait(timeout_s)
        except KeyboardInterrupt:
            self.close()
            return True

    def start(self, train: Callable[[], Any]) -> Any:
        """Run a training in a thread while the page stays in the foreground.

        Returns what the training returned, once it has ended *and* the page was closed by
        Ctrl-C; raises what it raised.

        Args:
            train: Called without arguments.
        """
        ended: dict[str, Any] = {}

        def run() -> None:
            try:
                ended["result"] = train()
            except BaseException as error:  # noqa: BLE001  raised again in the foreground
                ended["error"] = error
                self.close()

        thread = threading.Thread(target=run, name="training", daemon=True)
        thread.start()
        self.wait()
        thread.join(0.0 if thread.is_alive() else None)
        if "error" in ended:
            raise ended["error"]
        return ended.get("result")

    def close(self) -> None:
        """Let every browser go and free the port."""
        self._server.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Page {self.url}>" if self.is_open else f"<Page, closed, port {self.port}>"

    def __reduce__(self) -> tuple[Any, ...]:
        raise CanvasError("a page belongs to its process and cannot be pickled.", given=repr(self))


def serve(
    what: Any,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    allow_hosts: Iterable[str] = (),
    open_browser: bool = False,
    title: str = "introspect",
    tell: bool = True,
) -> Page:
    """A page on this machine that shows a training live.

    Args:
        what: A Canvas, a History, a list of Panels, or a function that returns one of these.
        host: An interface. Another than the loopback one lets other machines in, who need the
            token, over an unencrypted connection: an SSH tunnel is better.
        port: 0 takes a free one.
        allow_hosts: Names beside ``localhost`` under which browsers may ask for it.
        open_browser: Open it in a browser of this machine.
        title: In the tab of the browser.
        tell: Print the address on stderr.

    Returns:
        The page; ``page.url`` holds the address. It lives until `Page.close` or the end of
        the program.

    Raises:
        CanvasError: If this cannot be shown, or the port is taken.
        MissingExtraError: Without the extra ``page``.
    """
    page = Page(source_of(what), host=host, port=port, hosts=allow_hosts, title=title)
    if tell:
        doors.tell(doors.told(page.url, host, page.port))
    if open_browser:
        page.open()
    return page


__all__ = ["Page", "serve"]
