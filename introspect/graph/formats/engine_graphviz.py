"""Graph -> svg, pdf or png laid out by Graphviz, through the package ``graphviz``.

``graph.save("model.svg", engine="graphviz")``: for those who know and want dot's layout. The
boxes are those of our own pictures; only their places and curves are dot's.

Cost: a process of dot: 0.15 s for a ResNet-50, 2.6 s for 5,000 boxes, minutes for 20,000.
"""

from importlib import import_module
from typing import Any, Literal

from introspect.errors import FormatError, MissingExtraError
from introspect.graph.formats.dot import to_dot
from introspect.nouns.graph import Graph
from introspect.theme import GraphTheme

Suffix = Literal[".svg", ".pdf", ".png"]
_POINTS_PER_INCH = 72.0
_OR_NONE = "or leave engine= out: introspect lays out by itself"


def render(
    graph: Graph,
    suffix: str,
    *,
    theme: str | GraphTheme = "light",
    scale: float = 2.0,
    **options: Any,
) -> bytes:
    """The picture of a graph as Graphviz draws it.

    Args:
        graph: As traced.
        suffix: ``".svg"``, ``".pdf"`` or ``".png"``.
        theme: A name of ``introspect.theme.GRAPH_THEMES``, or a theme.
        scale: Pixels a point, for PNG.
        **options: Of ``introspect.graph.formats.dot.to_dot``: `depth`, `fold`, `expand`,
            `collapse`, `title`, `direction`, `detail`.

    Returns:
        The content of the file.

    Raises:
        MissingExtraError: If the package or the program is missing; says how to install which.
        FormatError: If the suffix is another, an option is none of these, or dot fails.
    """
    if suffix not in {".svg", ".pdf", ".png"}:
        raise FormatError(
            "Graphviz draws pictures only.", given=repr(suffix), hint=".svg, .pdf or .png"
        )
    known = {"depth", "fold", "expand", "collapse", "title", "direction", "detail"}
    unknown = sorted(options.keys() - known)
    if unknown:
        raise FormatError(
            'engine="graphviz" does not take every option of our own pictures.',
            given=", ".join(unknown),
            hint=f"{', '.join(sorted(known))}, theme and scale; {_OR_NONE}",
        )
    graphviz = _package()
    source = to_dot(graph, theme=theme, **options)
    if suffix == ".png":
        source = source.replace("graph [", f"graph [dpi={scale * _POINTS_PER_INCH:.6g}, ", 1)
    try:
        return graphviz.Source(source).pipe(format=suffix[1:])
    except graphviz.ExecutableNotFound as error:
        raise MissingExtraError(
            "the program dot of Graphviz was not found.",
            cause=str(error).partition("\n")[0],
            hint=f"apt install graphviz, brew install graphviz, or graphviz.org; {_OR_NONE}",
        ) from error
    except graphviz.CalledProcessError as error:
        said = error.stderr.decode(errors="replace") if error.stderr else str(error)
        raise FormatError(
            "Graphviz could not draw this graph.",
            given=f"{len(graph.ops)} operations",
            cause=said.strip().partition("\n")[0],
            hint=_OR_NONE,
        ) from error


def _package() -> Any:
    try:
        return import_module("graphviz")
    except ImportError as error:
        raise MissingExtraError(
            'engine="graphviz" needs the package graphviz.',
            cause=error,
            hint=f"pip install 'torch-introspect[graphviz]', and the program dot; {_OR_NONE}",
        ) from error
