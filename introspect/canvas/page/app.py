"""The addresses of a page, as an ASGI application.

==============  ====================================================================
``/``           the page; with ``?token=`` it sets the cookie and drops the token
``/page.js``    the bundle
``/live``       the WebSocket
``/graph/...``  the page of a graph, for a frame in the page
==============  ====================================================================

Everything else, and everything without token or with a foreign Host, is refused.
"""

import asyncio
import html
from collections.abc import Awaitable, Callable
from importlib.resources import files
from typing import Any

from starlette.applications import Starlette
from starlette.requests import HTTPConnection, Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from introspect.canvas.page.graphs import Graphs
from introspect.canvas.page.guard import FRAME_HEADERS, HEADERS, Guard
from introspect.canvas.page.session import Session, Source

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,"><script src="page.js" defer></script></head>
<body></body></html>
"""


def application(source: Source, guard: Guard, *, title: str = "introspect") -> "_Guarded":
    """The page of one source.

    Args:
        source: What is shown.
        guard: Who may look.
        title: In the tab of the browser.
    """

    async def home(request: Request) -> Response:
        if "token" in request.query_params:  # out of the address bar, into a cookie
            answer: Response = RedirectResponse(request.url.path, 303, dict(HEADERS))
            answer.set_cookie(guard.cookie, guard.token, httponly=True, samesite="strict")
            return answer
        text = _PAGE.format(title=html.escape(title))
        return Response(text, 200, dict(HEADERS), "text/html; charset=utf-8")

    async def script(request: Request) -> Response:
        del request
        return Response(bundle("page.js"), 200, dict(HEADERS), "text/javascript; charset=utf-8")

    async def live(socket: WebSocket) -> None:
        await socket.accept()
        try:
            await Session(socket, source, graphs).run()
        except (WebSocketDisconnect, TimeoutError, RuntimeError):  # the browser went
            return

    async def graph(request: Request) -> Response:
        name, theme = request.path_params["name"], request.query_params.get("theme", "")
        page = await asyncio.to_thread(graphs.page, name, theme)
        if page is None:
            return PlainTextResponse("there is no such graph", 404, dict(HEADERS))
        return Response(page, 200, dict(FRAME_HEADERS), "text/html; charset=utf-8")

    graphs = Graphs()
    routes = [
        Route("/", home),
        Route("/graph/{name}", graph),
        Route("/page.js", script),
        WebSocketRoute("/live", live),
    ]
    return _Guarded(Starlette(routes=routes), guard)


class _Guarded:
    """Nothing of the application runs before these checks."""

    def __init__(self, app: Any, guard: Guard) -> None:
        self._app = app
        self._guard = guard

    async def __call__(
        self,
        scope: dict[str, Any],
        receive: Callable[[], Awaitable[Any]],
        send: Callable[[Any], Awaitable[None]],
    ) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        asked = HTTPConnection(scope)
        reason = self._refusal(asked, is_socket=scope["type"] == "websocket")
        if reason is None:
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await WebSocket(scope, receive, send).close(1008, reason)  # answers 403
        else:
            await PlainTextResponse(reason, 403, dict(HEADERS))(scope, receive, send)

    def _refusal(self, asked: HTTPConnection, *, is_socket: bool) -> str | None:
        guard, origin = self._guard, asked.headers.get("origin")
        if not guard.allows_host(asked.headers.get("host")):
            return "this page is not served under that name; see --allow-host"
        if (is_socket or origin is not None) and not guard.allows_origin(origin):
            return "another site may not use this page"
        if not guard.has_token(asked.cookies.get(guard.cookie), asked.query_params.get("token")):
            return "open the whole address that was printed, with its token"
        return None


def bundle(name: str) -> str:
    """A file of the built front end."""
    return (files("introspect") / "_web" / name).read_text("utf-8")
