"""AutogradGraph -> a picture file: the same look as architectures, gradients flowing down.

Cost: 50 us a box. Not here: what is drawn (``introspect.graph.autograd.outline``).
"""

import json
import os
from collections.abc import Sequence
from dataclasses import replace
from inspect import signature
from pathlib import Path
from typing import Any, Literal

from introspect.errors import FormatError
from introspect.graph.autograd.outline import outline
from introspect.graph.formats import PAPER, check_names, graph_theme, put, render
from introspect.graph.formats.still import still_pictures
from introspect.graph.layout import layout
from introspect.graph.outline import Outline, whole_depth
from introspect.graph.wording import clean, one_line
from introspect.nouns.autograd import AutogradGraph
from introspect.nouns.drawing import Drawing

_DOT = ("show_attrs", "show_saved", "max_attr_chars")


def picture(  # noqa: PLR0913  the options of a picture, each with its own default
    graph: AutogradGraph,
    *,
    depth: float | str | None = None,
    expand: Sequence[str] = (),
    collapse: Sequence[str] = (),
    fold: bool = True,
    direction: Literal["TB", "LR"] = "TB",
    title: str | None = None,
    legend: bool = True,
    show_attrs: bool = False,
    show_saved: bool = False,
    show_accumulate: bool = False,
    max_attr_chars: int = 50,
    color_by_family: bool = True,
) -> Drawing:
    """The picture of an autograd graph, before any file format.

    Args:
        graph: As ``introspect.trace_backward`` returned it.
        depth: Levels of modules to open: None for as many as fit a page, ``"all"`` for all.
        expand: Module paths or patterns to open in any case.
        collapse: Those to draw as one card in any case.
        fold: Whether equal neighbours become one box ``×16``.
        direction: ``"TB"`` flows down from the loss, ``"LR"`` to the right.
        title: Instead of the graph's name.
        legend: Whether to say below what the colours mean.
        show_attrs: Whether functions tell what they saved besides tensors.
        show_saved: Whether saved tensors are drawn.
        show_accumulate: Whether an accumulate node has a box of its own.
        max_attr_chars: Longer attributes are cut.
        color_by_family: Whether functions wear the colours of the operations they came from;
            else all look alike.

    Raises:
        FormatError: If an option has a value that it cannot have.
    """
    if direction not in {"TB", "LR"}:
        raise FormatError(
            "a picture flows down or to the right.",
            given=f"direction={direction!r}",
            hint='direction="TB" or direction="LR"',
        )
    drawn = outlined(
        graph,
        depth=depth,
        expand=expand,
        collapse=collapse,
        fold=fold,
        title=title,
        show_attrs=show_attrs,
        show_saved=show_saved,
        show_accumulate=show_accumulate,
        max_attr_chars=max_attr_chars,
        color_by_family=color_by_family,
    )
    return layout(drawn, direction=direction, legend=legend)


def outlined(
    graph: AutogradGraph,
    *,
    depth: float | str | None = None,
    expand: Sequence[str] = (),
    collapse: Sequence[str] = (),
    is_open: bool = False,
    **words: Any,
) -> Outline:
    """What the picture shows, before anything has a place.

    Args:
        graph: As ``introspect.trace_backward`` returned it.
        depth: As of `picture`.
        expand: As of `picture`.
        collapse: As of `picture`.
        is_open: Whether closed modules keep their boxes, for a viewer.
        **words: The other options of ``introspect.graph.autograd.outline.outline``.

    Returns:
        The outline, with words that are safe to draw.
    """
    drawn = outline(
        graph,
        depth=whole_depth(depth),
        expand=[expand] if isinstance(expand, str) else expand,
        collapse=[collapse] if isinstance(collapse, str) else collapse,
        is_open=is_open,
        **words,
    )
    for box in (*drawn.root.groups(), *drawn.root.leaves()):
        clean(box)
    subtitle = one_line(drawn.subtitle, longest=240)
    return replace(drawn, title=one_line(drawn.title), subtitle=subtitle)


OPTIONS = tuple(signature(picture).parameters)[1:]
"""The names of the options of a picture of an autograd graph."""


def save(graph: AutogradGraph, path: str | os.PathLike[str], **options: Any) -> None:
    """Draw or write an autograd graph into a file; the suffix picks the format.

    Args:
        graph: As ``introspect.trace_backward`` returned it.
        path: Ends in ``.svg``, ``.pdf``, ``.png``; ``.html`` for a page that opens, searches
            and follows; ``.dot`` or ``.gv`` for what torchviz writes;
            ``.json`` for the graph itself.
        **options: Of `picture`; `theme`, as of architectures, ``"torchviz"`` for its colours;
            `scale` or `dpi` for PNG; `fit` and `tiles` for PDF; of DOT `show_attrs`,
            `show_saved` and `max_attr_chars`.

    Raises:
        FormatError: If the suffix, the theme or an option is unknown.
        SaveError: If the file cannot be written.
    """
    suffix = Path(path).suffix.lower()
    if suffix in {".dot", ".gv"}:
        check_names(options, _DOT, f"a {suffix} file")
        put(path, graph.to_dot(**options).encode("utf-8", "replace"))
    elif suffix == ".json":
        check_names(options, (), "a .json file")
        put(path, json.dumps(graph.to_dict(), default=str).encode())
    elif suffix == ".html":
        from introspect.graph.autograd.page import to_html  # noqa: PLC0415

        check_names(options, [*OPTIONS, "theme"], "a page of an autograd graph")
        put(path, to_html(graph, **options))
    elif suffix in PAPER:
        own = {name: options.pop(name) for name in list(options) if name in PAPER[suffix]}
        theme = options.pop("theme", "light")
        check_names(options, [*OPTIONS, "theme", *PAPER[suffix]], f"a {suffix} picture")
        if not graph_theme(theme).tells_families_apart:
            options.setdefault("color_by_family", False)  # the legend would repeat one colour
        put(path, render(picture(graph, **options), suffix, theme=theme, **own))
    else:
        raise FormatError(
            "an autograd graph cannot be saved in this format.",
            given=repr(str(path)),
            hint="a path that ends in one of "
            + ", ".join([*PAPER, ".html", ".dot", ".gv", ".json"]),
        )


def mime_bundle(graph: AutogradGraph) -> dict[str, str]:
    """What a notebook shows: the picture, and the text beside."""
    return {**still_pictures(picture(graph)), "text/plain": repr(graph)}
