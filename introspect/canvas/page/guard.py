"""Who may connect to a page, and what the page may load.

A page listens on the loopback interface, where every program and every page that the same
browser has open can reach it. So a request needs three things:

* the *token* of this server, which stands in the address that is printed, and is turned into
  a cookie at the first visit (its name holds the port, since cookies are shared by all ports
  of a host);
* a *Host* that is a name of this machine, at any port, so that an SSH tunnel works and
  a foreign name that was made to point here (DNS rebinding) does not;
* for a WebSocket, an *Origin* that is such a name, too: browsers let any page open one.

Not here: the addresses (``app``), sockets (``doors``).
"""

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})

_POLICY = (
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self' 'unsafe-inline'",  # charts place their elements by style
    "img-src 'self' data: blob:",
    "media-src data: blob:",
    "font-src data:",
    "connect-src 'self'",
    "frame-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'self'",  # the graph of a model is a frame in the page
)

HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": "; ".join(_POLICY),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
"""Sent with every answer."""

FRAME_HEADERS: Mapping[str, str] = {
    **HEADERS,
    "Content-Security-Policy": "frame-ancestors 'self'; sandbox allow-scripts allow-downloads",
}
"""Sent with a page that stands in a frame: it names its own scripts by their hashes, and can reach
neither the page around it nor its cookies."""


@dataclass(frozen=True, slots=True)
class Guard:
    """The checks of one server.

    Attributes:
        port: Of the server; part of the cookie's name.
        hosts: Names beside those of the loopback interface.
        token: Whoever has it may look.
    """

    port: int
    hosts: frozenset[str] = frozenset()
    token: str = field(default_factory=lambda: secrets.token_urlsafe(24), repr=False)

    @classmethod
    def of(cls, port: int, hosts: Iterable[str] = ()) -> "Guard":
        """A guard with a new token; a host may be given as people write it in an address."""
        return cls(port, frozenset(name for host in hosts if (name := host_name(host))))

    @property
    def cookie(self) -> str:
        """Name of the cookie that holds the token."""
        return f"introspect-{self.port}"

    def allows_host(self, host: str | None) -> bool:
        """Whether a Host header names this machine.

        Example:
            >>> guard = Guard(8000)
            >>> guard.allows_host("localhost:9999"), guard.allows_host("[::1]:8000")
            (True, True)
            >>> guard.allows_host("evil.example"), guard.allows_host(None)
            (False, False)
        """
        name = host_name(host or "")
        return name is not None and (name in LOOPBACK or name in self.hosts)

    def allows_origin(self, origin: str | None) -> bool:
        """Whether an Origin header is a page of this machine.

        Example:
            >>> guard = Guard(8000)
            >>> guard.allows_origin("http://127.0.0.1:8000"), guard.allows_origin("null")
            (True, False)
        """
        parts = _split(origin or "")
        return parts is not None and parts[0] in {"http", "https"} and self.allows_host(parts[1])

    def has_token(self, *given: str | None) -> bool:
        """Whether one of the words is the token; takes as long for a near miss as for any."""
        wanted = self.token.encode()
        found = [secrets.compare_digest((word or "").encode(), wanted) for word in given]
        return any(found)


def host_name(host: str) -> str | None:
    """The name in a Host header or an address, without its port and in small letters.

    Example:
        >>> host_name("LocalHost:80"), host_name("[::1]:80"), host_name("a b"), host_name("x@y")
        ('localhost', '::1', None, None)
    """
    text = host.strip().lower().removesuffix(".")
    if not text or any(sign in text for sign in "@/?#\\ \t\r\n\0"):
        return None
    try:
        parts = urlsplit(f"//{text}")
        _ = parts.port  # not a number: ValueError
    except ValueError:
        return None
    return (parts.hostname or "").removesuffix(".") or None


def _split(origin: str) -> tuple[str, str] | None:
    scheme, mark, host = origin.partition("://")
    return (scheme.lower(), host) if mark else None
