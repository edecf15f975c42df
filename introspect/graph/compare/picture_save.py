"""Drawing -> bytes of an SVG, PDF or PNG, and into a file: for pictures that are not of one Graph.

Not here: the painters (``introspect.graph.formats``).
"""

import os
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from introspect.errors import FormatError
from introspect.graph.formats import PAINTERS, _put, graph_theme
from introspect.nouns.drawing import Drawing
from introspect.theme import GRAPH_THEMES, GraphTheme

SUFFIXES: Mapping[str, tuple[str, ...]] = {
    suffix: (*own, *(("fit",) if suffix == ".pdf" else ())) for suffix, own in PAINTERS.items()
}
"""Formats of a picture, and the options that they take beside those of what is drawn."""


def render(
    drawing: Drawing, suffix: str, *, theme: str | GraphTheme = "light", **options: Any
) -> bytes:
    """A drawing in one of the formats.

    Args:
        drawing: Of anything.
        suffix: One of `SUFFIXES`.
        theme: A name of ``introspect.theme.GRAPH_THEMES``, a theme, or for SVG ``"auto"``.
        **options: Of the format, as in `SUFFIXES`.

    Raises:
        FormatError: If there is no such theme.
    """
    colors = graph_theme(theme)
    if suffix == ".svg":
        from introspect.graph.formats.svg import to_svg  # noqa: PLC0415

        dark = GRAPH_THEMES["dark"] if theme == "auto" else None
        return to_svg(drawing, colors, dark=dark).encode()
    if suffix == ".png":
        from introspect.graph.formats.png import to_png  # noqa: PLC0415

        return to_png(drawing, colors, **options)
    from introspect.graph.formats.pdf import to_pdf  # noqa: PLC0415

    return to_pdf(drawing, colors, **options)


def put(path: str | os.PathLike[str], content: bytes) -> None:
    """Write a file beside, then put it in its place; missing folders are made.

    Raises:
        SaveError: If it cannot be written.
    """
    _put(Path(path), content)


def check_names(options: Mapping[str, Any], known: Sequence[str], subject: str) -> None:
    """Raise a FormatError for an option that is not known; it names those that are near."""
    for name in options:
        if name not in known:
            near = get_close_matches(name, known, n=3, cutoff=0.55)
            raise FormatError(
                f"{subject} has no option of this name.",
                given=f"{name}={options[name]!r:.60}",
                hint=" or ".join(near) or ", ".join(known),
            )
