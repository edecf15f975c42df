"""Panels to one HTML page that can be looked into: offline, without a server, without a kernel.

The page holds its data deflated, the front end and its loader; it asks for no address, and its
own content security policy allows nothing but the two scripts and the style sheet by their hashes
(and styles, where a user's own markup has some).

Cost: 30 kB and then 20 to 40 kB for each line of 2,000 points.

Not here: still pictures (``introspect.canvas.files``), the live page (``introspect.canvas.page``).
"""

import base64
import hashlib
import struct
import zlib
from collections.abc import Sequence
from functools import cache
from html import escape
from importlib.resources import files
from typing import Any, Literal

from introspect.canvas.feed import Feed
from introspect.canvas.heights import needed_height_px
from introspect.canvas.ticks import clean
from introspect.nouns.panels import FramePanel, leaves

_STYLE = "body{margin:0}"
_NO_SCRIPT = (
    "This picture is drawn by a script, and scripts are off here. "
    "canvas.save(&quot;run.svg&quot;) writes one that needs none."
)


def page(
    panels: Sequence[Any],
    *,
    title: str = "",
    theme: Literal["auto", "light", "dark"] = "auto",
    most_points: int | None = 20_000,
    frame_bytes: int = 2_000_000,
    state: str = "",
) -> str:
    """A page that shows panels and lets a reader zoom, hover, step and save.

    Args:
        panels: Panels, Rows and Columns.
        title: In the tab of the browser; "" for the first title of a panel.
        theme: ``"auto"`` follows the reader's system.
        most_points: Of each line at most, extremes exactly; None for all of them.
        frame_bytes: Of older steps of each panel at most; the newest is always there.
        state: ``"finished"``, ``"stopped"``, ``"failed"`` or "" for none.

    Example:
        >>> from introspect.canvas import Canvas
        >>> canvas = Canvas(backend="none")
        >>> canvas.draw_plot([3.0, 2.0, 1.0], title="Loss")
        >>> text = page(canvas.panels)
        >>> text[:15], "<title>Loss</title>" in text, text.count("https:")
        ('<!doctype html>', True, 0)
    """
    feed = Feed()
    if most_points is None:
        messages = feed.full(panels, state=state)
    else:
        messages = feed.full(panels, most_points=most_points, frame_bytes=frame_bytes, state=state)
    named = title or next((t for p in leaves(panels) if (t := getattr(p, "title", ""))), "")
    has_markup = any(isinstance(panel, FramePanel) for panel in leaves(panels))
    return _page(clean(named) or "introspect", packed(messages), theme, has_markup=has_markup)


def fragment(panels: Sequence[Any], *, height_px: int | None = None, **options: Any) -> str:
    """The page as an element for other pages, such as notebooks.

    Args:
        panels: Panels, Rows and Columns.
        height_px: Of the frame; None for what the panels will need.
        **options: Of `page`.

    Returns:
        An ``<iframe>`` that holds the whole page and may run its script and save files, and
        nothing else: not read the page around it, not open addresses.
    """
    look = f"width:100%;height:{height_px or needed_height_px(panels)}px;border:0"
    return (
        '<iframe title="Training" sandbox="allow-scripts allow-downloads" '
        f'style="{look}" srcdoc="{escape(page(panels, **options))}"></iframe>'
    )


def packed(messages: Sequence[bytes]) -> str:
    """Messages as text for a page: their sizes and bytes, deflated, in base64."""
    whole = b"".join(struct.pack("<I", len(message)) + message for message in messages)
    return base64.b64encode(zlib.compress(whole, 9)).decode("ascii")


def _page(title: str, data: str, theme: str, *, has_markup: bool) -> str:
    loader, script = _asset("loader.js"), _asset("canvas.js")
    # A frame obeys the policy of its page, and markup of a user's has styles of its own.
    style = "'unsafe-inline'" if has_markup else _hash(_STYLE)
    policy = (
        f"default-src 'none'; script-src {_hash(loader)} {_hash(script)}; "
        f"style-src {style}; "
        "img-src data: blob:; media-src data: blob:; base-uri 'none'; form-action 'none'"
    )
    shown = "".join(c if c >= " " else "\ufffd" for c in title)
    name = shown.encode("utf-8", "replace").decode()  # lone surrogates
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{escape(policy)}">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        f"<title>{escape(name)}</title><style>{_STYLE}</style></head><body>"
        f'<div id="introspect" data-theme="{theme}"><noscript><p>{_NO_SCRIPT}</p></noscript></div>'
        '<div id="viewer"></div>'
        f'<script type="text/plain" id="introspect-data">{data}</script>'
        f'<script type="text/plain" id="script">{_packed_script()}</script>'
        f"<script>{loader}</script></body></html>\n"
    )


@cache
def _asset(name: str) -> str:
    return (files("introspect") / "_web" / name).read_text("utf-8").strip()


@cache
def _packed_script() -> str:
    return base64.b64encode(zlib.compress(_asset("canvas.js").encode(), 9)).decode("ascii")


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
