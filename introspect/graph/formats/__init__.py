"""Drawing -> svg, pdf, png; Graph -> json. One file a format; a new one is one entry below.

`save` picks the painter or writer by the suffix of the path. They are imported when they are
used: writing an SVG needs neither reportlab nor resvg.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from introspect.errors import FormatError
from introspect.graph.picture import picture
from introspect.nouns.drawing import Drawing
from introspect.nouns.graph import Graph
from introspect.theme import GRAPH_THEMES, GraphTheme


def _svg(drawing: Drawing, theme: GraphTheme, scale: float) -> bytes:
    del scale
    from introspect.graph.formats.svg import to_svg  # noqa: PLC0415

    return to_svg(drawing, theme).encode()


def _pdf(drawing: Drawing, theme: GraphTheme, scale: float) -> bytes:
    del scale
    from introspect.graph.formats.pdf import to_pdf  # noqa: PLC0415

    return to_pdf(drawing, theme)


def _png(drawing: Drawing, theme: GraphTheme, scale: float) -> bytes:
    from introspect.graph.formats.png import to_png  # noqa: PLC0415

    return to_png(drawing, theme, scale=scale)


PAINTERS: dict[str, Callable[[Drawing, GraphTheme, float], bytes]] = {
    ".svg": _svg,
    ".pdf": _pdf,
    ".png": _png,
}


def _json(graph: Graph) -> bytes:
    from introspect.graph.formats.json import to_json  # noqa: PLC0415

    return to_json(graph)


WRITERS: dict[str, Callable[[Graph], bytes]] = {".json": _json}
"""Formats of the graph itself, not of its picture: options of the picture do not apply."""


def save(
    graph: Graph,
    path: str | os.PathLike[str],
    *,
    theme: str | GraphTheme = "light",
    scale: float = 2.0,
    **options: Any,
) -> None:
    """Draw or write a graph into a file.

    Args:
        graph: As traced.
        path: Its suffix picks the format. Missing folders are made; an existing file is
            replaced only when the new one is complete.
        theme: ``"light"``, ``"dark"``, ``"print"``, or a GraphTheme of your own.
        scale: Pixels a point, for PNG.
        **options: Of ``introspect.graph.picture``: `depth`, `fold`, `direction`, `title`,
            `legend`.

    Raises:
        FormatError: If the suffix or theme is unknown; the message names the known ones. If
            options of a picture are given for a format that draws none.
    """
    target = Path(path)
    suffix = target.suffix.lower()
    if suffix in WRITERS:
        if options:
            raise FormatError(
                f"a {suffix} file holds the graph itself and takes no options of a picture.",
                given=", ".join(f"{name}={value!r}" for name, value in options.items()),
                hint=f'graph.save("{target.name}")',
            )
        content = WRITERS[suffix](graph)
    elif suffix in PAINTERS:
        content = PAINTERS[suffix](picture(graph, **options), graph_theme(theme), scale)
    else:
        raise FormatError(
            "a graph cannot be saved in this format.",
            given=repr(str(path)),
            hint="a path that ends in one of " + ", ".join([*PAINTERS, *WRITERS]),
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        partial.write_bytes(content)
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)


def svg_text(graph: Graph, *, theme: str | GraphTheme = "light", **options: Any) -> str:
    """A graph as SVG text: what a notebook shows."""
    return PAINTERS[".svg"](picture(graph, **options), graph_theme(theme), 1.0).decode()


def graph_theme(theme: str | GraphTheme) -> GraphTheme:
    """A theme by its name; a theme itself passes through."""
    if isinstance(theme, GraphTheme):
        return theme
    if theme not in GRAPH_THEMES:
        raise FormatError(
            "there is no such theme.", given=repr(theme), hint=", ".join(GRAPH_THEMES)
        )
    return GRAPH_THEMES[theme]
