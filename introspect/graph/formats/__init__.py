"""Drawing -> svg, pdf, png; Graph -> html, json and more. One file a format, one entry below.

`save` picks the painter or writer by the suffix of the path. They are imported when they are
used: writing an SVG needs neither reportlab nor resvg.

Not here: what is in the picture (``introspect.graph.picture``).
"""

import os
import warnings
from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from importlib import import_module
from inspect import Parameter, signature
from pathlib import Path
from typing import Any

from introspect.errors import FormatError, IntrospectWarning, SaveError
from introspect.graph.paper import READABLE_SCALE, one_sheet
from introspect.graph.picture import PICTURE_OPTIONS, picture
from introspect.nouns.drawing import Drawing
from introspect.nouns.graph import Graph
from introspect.theme import GRAPH_THEMES, OP_FAMILIES, GraphTheme

PAINTERS: Mapping[str, tuple[str, ...]] = {
    ".svg": (),
    ".pdf": ("tiles",),
    ".png": ("scale", "dpi"),
}
"""Formats of the picture, and the options that they take beside those of a picture."""

PAPER: Mapping[str, tuple[str, ...]] = {
    suffix: (*own, *(("fit",) if suffix == ".pdf" else ())) for suffix, own in PAINTERS.items()
}
"""The same for pictures that do not take the shape of a sheet: `fit` is the format's own."""

WRITERS: dict[str, str] = {
    ".json": "introspect.graph.formats.json:to_json",
    ".model-explorer.json": "introspect.graph.formats.model_explorer:to_json",
    ".dot": "introspect.graph.formats.dot:to_dot",
    ".gv": "introspect.graph.formats.dot:to_dot",
    ".mmd": "introspect.graph.formats.mermaid:to_mermaid",
    ".html": "introspect.graph.formats.html:to_html",
}
"""Formats of the graph itself: ``module:function`` that makes text or bytes of a graph.

The function's keyword-only parameters are the options of its format; one with ``**options``
takes those of a picture as well.
"""

_AUTO = "auto"
_OF_A_HISTORY = ("history", "step", "color")


def save(graph: Graph, path: str | os.PathLike[str], **options: Any) -> None:
    """Draw or write a graph into a file.

    Args:
        graph: As traced.
        path: Its suffix picks the format. Missing folders are made; an existing file is
            replaced only when the new one is complete.
        **options: Of ``introspect.graph.picture.picture``, and:

            - `theme`: a name of ``introspect.theme.GRAPH_THEMES``, a GraphTheme of your own, or
              for SVG ``"auto"``: light or dark as the reader's browser prefers;
            - `engine`: ``"graphviz"`` leaves the layout to Graphviz, which must be installed;
            - `scale` or `dpi`, for PNG: pixels a point (2 unless said otherwise) or an inch;
            - `tiles`, for PDF with `fit`: over several sheets to be glued together;
            - `history`: of a training that ``introspect.watch`` recorded; a page shows it all, a
              picture the colours of one `step` by one statistic, `color`: ``"update_ratio"``,
              ``"gradient_norm"``, ``"weight_norm"``, ``"zeros"``, ``"dead"``, ``"saturated"``,
              ``"nan"``.

    Raises:
        HistoryError: If the history has nothing to say about the graph, or not at this step.
        FormatError: If the suffix, the theme or an option is unknown, or an option does not
            belong to the format; the message names those that do.
        SaveError: If the file cannot be written. It is an OSError, too.
    """
    target = Path(path)
    suffix = suffix_of(target)
    engine = options.pop("engine", None)
    if suffix in WRITERS:
        content = _write(
            graph, suffix, options if engine is None else {**options, "engine": engine}
        )
    elif suffix in PAINTERS and engine is not None:
        content = _by_engine(graph, suffix, engine, options)
    elif suffix in PAINTERS:
        content = _paint(graph, suffix, options)
    else:
        raise FormatError(
            "a graph cannot be saved in this format.",
            given=repr(str(path)),
            hint="a path that ends in one of " + ", ".join([*PAINTERS, *WRITERS]),
        )
    put(target, content)


def suffix_of(path: str | os.PathLike[str]) -> str:
    """What a path says about the format: its suffix, or a longer one that is known.

    Example:
        >>> suffix_of("a.b.SVG"), suffix_of("m.model-explorer.json")
        ('.svg', '.model-explorer.json')
    """
    target = Path(path)
    name = target.name.lower()
    longer = (suffix for suffix in WRITERS if suffix.count(".") > 1 and name.endswith(suffix))
    return next(longer, target.suffix.lower())


def svg_text(graph: Graph, *, theme: str | GraphTheme = "light", **options: Any) -> str:
    """A graph as SVG text: what a notebook shows. Options as of `save`."""
    return _paint(graph, ".svg", {"theme": theme, **options}).decode()


def notebook_pictures(graph: Graph, **options: Any) -> dict[str, str]:
    """What a notebook keeps of a graph beside the page, by MIME type. Options as of `save`."""
    from introspect.graph.formats.still import still_pictures  # noqa: PLC0415  it imports this

    return still_pictures(_drawing(graph, ".svg", options), options.get("theme", "light"))


def graph_theme(theme: str | GraphTheme) -> GraphTheme:
    """A theme by its name; a theme itself passes through.

    Raises:
        FormatError: If there is no such theme, or it lacks a family.

    Example:
        >>> graph_theme("dark").page
        '#14181D'
    """
    if isinstance(theme, GraphTheme):
        missing = [name for name in OP_FAMILIES if name not in theme.families]
        if missing:
            raise FormatError(
                "a theme has a colour for every family of operations.",
                given="no " + ", ".join(missing),
                hint="families={**GRAPH_THEMES['light'].families, ...}",
            )
        return theme
    if theme == _AUTO:
        return GRAPH_THEMES["light"]
    found = GRAPH_THEMES.get(theme) if isinstance(theme, str) else None
    if found is None:
        known = [*GRAPH_THEMES, _AUTO]
        near = get_close_matches(str(theme).lower(), known, n=1, cutoff=0.6)
        hint = f"{near[0]!r}? There are " if near else ""
        raise FormatError(
            "there is no such theme.", given=repr(theme), hint=hint + ", ".join(known)
        )
    return found


def _paint(graph: Graph, suffix: str, options: Mapping[str, Any]) -> bytes:
    drawing = _drawing(graph, suffix, options)
    rest = {name: options[name] for name in PAINTERS[suffix] if name in options}
    if suffix == ".pdf":
        fit = options.get("fit")
        rest |= {"fit": fit, "tiles": _tiles(drawing, fit, rest.get("tiles"))}
    return render(drawing, suffix, theme=options.get("theme", "light"), **rest)


def _drawing(graph: Graph, suffix: str, options: Mapping[str, Any]) -> Drawing:
    own = PAINTERS[suffix]
    known = [*PICTURE_OPTIONS, "theme", *own, *_OF_A_HISTORY]
    check_names(options, known, f"a {suffix} picture")
    colors = graph_theme(options.get("theme", "light"))
    chosen = {name: value for name, value in options.items() if name in PICTURE_OPTIONS}
    chosen |= _colored(graph, options)
    if not colors.tells_families_apart and not {"color_by", "size_by"} & set(chosen):
        chosen.setdefault("legend", False)  # one colour for all says nothing
    if options.get("tiles"):
        chosen.pop("fit", None)  # over several sheets nothing need be left out
    return picture(graph, **chosen)


def _colored(graph: Graph, options: Mapping[str, Any]) -> dict[str, Any]:
    """What colours the boxes by a training, if there is one."""
    from introspect.graph.formats.html import check_life  # noqa: PLC0415  it imports pages

    history, step, color = (options.get(name) for name in _OF_A_HISTORY)
    color_by = options.get("color_by")
    check_life(history, step=step, color=color, color_by=color_by)
    if history is None or color_by is not None:
        return {}
    from introspect.graph.life.still import Coloring  # noqa: PLC0415  only who wants it pays

    folding = {name: options[name] for name in ("fold", "expand", "collapse") if name in options}
    return {"color_by": Coloring(graph, history, step=step, color=color, folding=folding)}


def render(
    drawing: Drawing, suffix: str, *, theme: str | GraphTheme = "light", **options: Any
) -> bytes:
    """A drawing, of anything, in one of the formats of pictures.

    Args:
        drawing: In points.
        suffix: One of `PAINTERS`.
        theme: A name of ``introspect.theme.GRAPH_THEMES``, a theme, or for SVG ``"auto"``.
        **options: Of the format, as in `PAINTERS`; for PDF `fit`, too.

    Raises:
        FormatError: If there is no such theme.
    """
    colors = graph_theme(theme)
    if suffix == ".svg":
        from introspect.graph.formats.svg import to_svg  # noqa: PLC0415

        dark = GRAPH_THEMES["dark"] if theme == _AUTO else None
        return to_svg(drawing, colors, dark=dark).encode()
    if suffix == ".png":
        from introspect.graph.formats.png import to_png  # noqa: PLC0415

        return to_png(drawing, colors, **options)
    from introspect.graph.formats.pdf import to_pdf  # noqa: PLC0415

    return to_pdf(drawing, colors, **options)


def _tiles(drawing: Drawing, fit: str | None, wanted: bool | None) -> bool:  # noqa: FBT001  three answers
    """Whether to use several sheets: as asked, or if one would make the words too small."""
    if fit is None:
        if wanted:
            raise FormatError(
                "tiles are sheets of paper of some size.",
                given="tiles=True",
                hint='fit="A4", tiles=True',
            )
        return False
    scale = one_sheet(drawing, fit).scale
    if wanted is None and scale < READABLE_SCALE:
        warnings.warn(
            f"the picture is on several sheets: on one {fit} its smallest words would be "
            f"{7.5 * scale:.1f} points. depth=1, collapse=[...] or insets=True show less; "
            "tiles=False takes one sheet all the same.",
            IntrospectWarning,
            stacklevel=2,
        )
        return True
    return bool(wanted)


def _by_engine(graph: Graph, suffix: str, engine: object, options: Mapping[str, Any]) -> bytes:
    if engine != "graphviz":
        raise FormatError(
            "there is no such engine.",
            given=f"engine={engine!r:.60}",
            hint='engine="graphviz", or leave it out: introspect lays out by itself',
        )
    from introspect.graph.formats.engine_graphviz import render  # noqa: PLC0415

    return render(graph, suffix, **options)


def _write(graph: Graph, suffix: str, options: Mapping[str, Any]) -> bytes:
    module, _, name = WRITERS[suffix].partition(":")
    writer: Callable[..., str | bytes] = getattr(import_module(module), name)
    parameters = signature(writer).parameters.values()
    known = [p.name for p in parameters if p.kind is Parameter.KEYWORD_ONLY]
    if "history" in options and "history" not in known:
        raise FormatError(
            f"a {suffix} file cannot show a training.",
            given="history=...",
            hint='graph.save("model.html", history=history), or .svg, .pdf, .png for one step',
        )
    if any(p.kind is Parameter.VAR_KEYWORD for p in parameters):
        known = list(dict.fromkeys([*known, *PICTURE_OPTIONS, "theme"]))
    if options and not known:
        raise FormatError(
            f"a {suffix} file holds the graph itself and takes no options of a picture.",
            given=", ".join(f"{key}={value!r:.60}" for key, value in options.items()),
            hint=f'graph.save("graph{suffix}")',
        )
    check_names(options, known, f"a {suffix} file")
    content = writer(graph, **options)
    return content.encode() if isinstance(content, str) else content


def check_names(options: Mapping[str, Any], known: Sequence[str], subject: str) -> None:
    """Raise a FormatError for an option that is not known; it names those that are near."""
    for name in options:
        if name in known:
            continue
        near = get_close_matches(name, known, n=3, cutoff=0.55)
        others = [suffix for suffix, own in PAINTERS.items() if name in own]
        hint = f"it is for {' and '.join(others)}" if others else " or ".join(near)
        raise FormatError(
            f"{subject} has no option of this name.",
            given=f"{name}={options[name]!r:.60}",
            hint=hint or ", ".join(known),
        )


def put(path: str | os.PathLike[str], content: bytes) -> None:
    """Write a file beside, then put it in its place; missing folders are made.

    Raises:
        SaveError: If it cannot be written.
    """
    target = Path(path)
    partial = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.is_dir():
            raise IsADirectoryError(21, "Is a directory", str(target))
        try:
            partial.write_bytes(content)
            partial.replace(target)
        finally:
            partial.unlink(missing_ok=True)
    except OSError as error:
        raise SaveError(
            "the picture could not be written.",
            given=repr(str(target)),
            cause=error,
            hint="a path in a folder that you may write to",
        ) from error
