"""One browser: what it has seen, and what it is sent next.

Each browser has a `Feed` of its own, which knows what that browser holds. One message is on its
way at a time: the next is made when the browser says that it has drawn the last. A slow browser
so gets larger messages less often, and slows neither the training nor other browsers.

Not here: who may connect (``guard``), the bytes of a message (``introspect.canvas.feed``).
"""

import asyncio
import json
import time
from collections.abc import Mapping
from typing import Any, Protocol

from introspect.canvas.feed import Feed
from introspect.canvas.page.graphs import Graphs
from introspect.errors import IntrospectError
from introspect.nouns.panels import MessagePanel, Placed

TICK_S = 0.05
"""Least time between two messages: 20 a second."""

PATIENCE_S = 60.0
"""A browser that was sent something and says nothing for so long is let go."""


class Source(Protocol):
    """What a page shows."""

    def panels(self, wish: Mapping[str, Any]) -> tuple[Placed, ...]:
        """What to draw now, for a browser with that wish (which runs, which metric).

        Called from a thread of the server, many times a second; cheap if nothing is new.
        """
        ...

    def state(self, wish: Mapping[str, Any]) -> str:
        """How the training is: ``live``, ``finished``, ``stopped``, ``failed``, or "" for none."""
        ...

    def contents(self) -> Mapping[str, Any]:
        """What there is to choose from, as JSON: names of runs, their states. May be empty."""
        ...


class Socket(Protocol):
    """The part of a WebSocket that a session needs."""

    async def send_bytes(self, data: bytes) -> None:
        """Send one binary message."""
        ...

    async def send_text(self, data: str) -> None:
        """Send one text message."""
        ...

    async def receive_text(self) -> str:
        """The next text message of the browser."""
        ...


class Session:
    """What one browser is sent, until it goes.

    Args:
        socket: Accepted.
        source: What is shown.
        graphs: Where graphs get their addresses.
    """

    def __init__(self, socket: Socket, source: Source, graphs: Graphs) -> None:
        self._graphs = graphs
        self._socket = socket
        self._source = source
        self._feed = Feed()
        self._wish: dict[str, Any] = {}
        self._contents: Mapping[str, Any] | None = None
        self._must_be_whole = True
        self._heard = asyncio.Event()  # an answer to what was sent

    async def run(self) -> None:
        """Send until the browser goes; whatever ends the socket ends this."""
        listener = asyncio.create_task(self._listen())
        teller = asyncio.create_task(self._tell())
        try:
            done, _ = await asyncio.wait({listener, teller}, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in (listener, teller):
                task.cancel()
            await asyncio.gather(listener, teller, return_exceptions=True)

    async def _listen(self) -> None:
        while True:
            asked = _parsed(await self._socket.receive_text())
            if asked.get("ask") == "full":
                self._must_be_whole = True
            wish = asked.get("wish")
            if isinstance(wish, dict):
                self._wish = wish
            self._heard.set()

    async def _tell(self) -> None:
        while True:
            began_s = time.monotonic()
            await self._tell_contents()
            for message in await asyncio.to_thread(self._messages):
                self._heard.clear()
                await self._socket.send_bytes(message)
                await asyncio.wait_for(self._heard.wait(), PATIENCE_S)
            await asyncio.sleep(max(0.0, TICK_S - (time.monotonic() - began_s)))

    async def _tell_contents(self) -> None:
        try:
            contents = await asyncio.to_thread(self._source.contents)
        except (IntrospectError, OSError):  # the folder went: what was told stays
            return
        if contents and contents != self._contents:
            self._contents = contents
            await self._socket.send_text(json.dumps({"contents": contents}))

    def _messages(self) -> list[bytes]:
        """What this browser lacks. In a thread: panels may have to be read from a file."""
        whole, self._must_be_whole = self._must_be_whole, False
        try:
            panels = self._graphs.framed(self._source.panels(self._wish))
            state = self._source.state(self._wish)
        except Exception as error:  # noqa: BLE001  a browser is told, the others go on
            panels, state = (MessagePanel("", f"{type(error).__name__}: {error}"),), ""
        if whole:
            self._feed = Feed()
            return [*self._feed.full(panels, state=state)]
        message = self._feed.update(panels, state=state)
        return [] if message is None else [message]


def _parsed(text: str) -> dict[str, Any]:
    """What the browser said; empty for nonsense."""
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}
