"""The page: panels in a browser, for a training outside of a notebook.

``panels -> feed -> WebSocket -> the same bundle as in a notebook``.

===========  ====================================================================
`opening`    serve: a canvas, a history or anything that has panels, on a free port
`guard`      who may connect: token, Host, Origin; what a page may load
`app`        the addresses of the page, as an ASGI application
`session`    one browser: what it has seen, and what it is sent next
`doors`      sockets, the thread of the server, the lines that tell the address
===========  ====================================================================

The training pays nothing for any of it: the server runs in a thread of its own and reads
panels that were already made. starlette, uvicorn and websockets are the extra ``page``.
"""

from introspect.canvas.page.opening import Page as Page
from introspect.canvas.page.opening import serve as serve

__all__ = ["Page", "serve"]
