"""DOT text -> the bytes of a picture, and a picture on the screen.

svg, pdf and png are painted here; jpg, webp, gif, bmp and tiff are made of the png by Pillow;
the formats and engines that only Graphviz has go to Graphviz, if it is installed.
"""

import io
import os
import subprocess
import sys
from pathlib import Path

from introspect.compat.digraph.language import read
from introspect.compat.digraph.painting import paint
from introspect.compat.digraph.placing import place
from introspect.compat.ignored import tell_ignored
from introspect.errors import FormatError, MissingExtraError
from introspect.graph.formats import render as painted
from introspect.graph.formats.still import still_pictures

_PAINTED = frozenset({"svg", "pdf", "png"})
_BY_PILLOW = {
    "jpg": "JPEG", "jpeg": "JPEG", "jpe": "JPEG", "webp": "WEBP", "gif": "GIF", "bmp": "BMP",
    "tif": "TIFF", "tiff": "TIFF",
}  # fmt: skip
_TEXT = frozenset({"gv", "dot", "canon"})
_BY_GRAPHVIZ = frozenset({"eps", "fig", "json", "plain", "ps", "ps2", "svgz", "vml", "xdot"})
KNOWN_FORMATS = frozenset({*_PAINTED, *_BY_PILLOW, *_TEXT, *_BY_GRAPHVIZ})


def render(source: str, form: str, engine: str = "dot") -> bytes:
    """The picture of a graph.

    Args:
        source: In the DOT language.
        form: One of `KNOWN_FORMATS`.
        engine: ``"dot"`` for our own layout.

    Raises:
        FormatError: If the text is not in the DOT language.
        MissingExtraError: If the format needs Graphviz, which is not installed.

    Example:
        >>> render("digraph { a -> b }", "svg")[:4]
        b'<svg'
    """
    if form in _TEXT:
        return source.encode()
    if form in _BY_GRAPHVIZ:
        return _by_graphviz(source, form, engine)
    if engine != "dot":
        tell_ignored("Digraph.render", "engine", reason="pictures are laid out as dot does")
    drawing, theme = paint(place(read(source)))
    if form in _PAINTED:
        return painted(drawing, f".{form}", theme=theme)
    from PIL import Image  # noqa: PLC0415  for these formats alone

    file = io.BytesIO()
    with Image.open(io.BytesIO(painted(drawing, ".png", theme=theme))) as picture:
        picture.convert("RGB").save(file, _BY_PILLOW[form])
    return file.getvalue()


def notebook_pictures(source: str) -> dict[str, str]:
    """What a notebook keeps: SVG and, if it is not large, PNG.

    A front end that does not trust a stored notebook shows no SVG, so it would show the text.

    Args:
        source: In the DOT language.

    Raises:
        FormatError: If it is not.
    """
    return still_pictures(*paint(place(read(source))))


def _by_graphviz(source: str, form: str, engine: str) -> bytes:
    try:
        ran = subprocess.run(  # noqa: S603  dot, of the user's own machine, on its standard input
            [engine, f"-T{form}"], input=source.encode(), capture_output=True, check=False
        )
    except OSError as error:
        raise MissingExtraError(
            f"the format {form} is made by the program Graphviz, which was not found.",
            cause=error,
            hint='format="pdf", "svg" or "png" needs no program',
        ) from error
    if ran.returncode:
        raise FormatError(
            "Graphviz could not draw this graph.",
            cause=ran.stderr.decode(errors="replace").strip().partition("\n")[0],
            hint='format="pdf", "svg" or "png"',
        )
    return ran.stdout


def show(path: Path, *, quiet: bool = False) -> None:
    """Open a picture with the program that this machine has for it, or say where it is."""
    command = _viewer(path)
    if command:
        with open(os.devnull, "r+b") as nothing:  # noqa: PTH123  there is no path of it
            try:
                subprocess.Popen(command, stdin=nothing, stdout=nothing, stderr=nothing)  # noqa: S603  the desktop's own opener
            except OSError:
                command = []
    if not command and not quiet:
        print(f"no screen to show it on: the picture is {path.resolve()}")  # noqa: T201  the answer to .view()


def _viewer(path: Path) -> list[str]:
    if sys.platform == "darwin":
        return ["open", str(path)]
    if sys.platform == "win32":
        return ["cmd", "/c", "start", "", str(path.resolve())]
    is_shown = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    return ["xdg-open", str(path)] if is_shown else []
