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
from introspect.graph.compare.picture_save import SUFFIXES, check_names, put, render
from introspect.graph.formats import graph_theme
from introspect.graph.layout import layout
from introspect.graph.outline import whole_depth
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
    drawn = outline(
        graph,
        depth=whole_depth(depth),
        expand=[expand] if isinstance(expand, str) else expand,
        collapse=[collapse] if isinstance(collapse, str) else collapse,
        fold=fold,
        title=title,
        show_attrs=show_attrs,
        show_saved=show_saved,
        show_accumulate=show_accumulate,
        max_attr_chars=max_attr_chars,
        color_by_family=color_by_family,
    )
    for box in (*drawn.root.groups(), *drawn.root.leaves()):
        clean(box)
    words = one_line(drawn.title), one_line(drawn.subtitle, longest=240)
    return layout(
        replace(drawn, title=words[0], subtitle=words[1]), direction=direction, legend=legend
    )


OPTIONS = tuple(signature(picture).parameters)[1:]
"""The names of the options of a picture of an autograd graph."""


def save(graph: AutogradGraph, path: str | os.PathLike[str], **options: Any) -> None:
    """Draw or write an autograd graph into a file; the suffix picks the format.

    Args:
        graph: As ``introspect.trace_backward`` returned it.
        path: Ends in ``.svg``, ``.pdf``, ``.png``; ``.dot`` or ``.gv`` for what torchviz writes;
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
    elif suffix in SUFFIXES:
        own = {name: options.pop(name) for name in list(options) if name in SUFFIXES[suffix]}
        theme = options.pop("theme", "light")
        check_names(options, [*OPTIONS, "theme", *SUFFIXES[suffix]], f"a {suffix} picture")
        if not graph_theme(theme).tells_families_apart:
            options.setdefault("color_by_family", False)  # the legend would repeat one colour
        put(path, render(picture(graph, **options), suffix, theme=theme, **own))
    else:
        raise FormatError(
            "an autograd graph cannot be saved in this format.",
            given=repr(str(path)),
            hint="a path that ends in one of " + ", ".join([*SUFFIXES, ".dot", ".gv", ".json"]),
        )


def mime_bundle(graph: AutogradGraph) -> dict[str, str]:
    """What a notebook shows: the picture, and the text beside."""
    svg = render(picture(graph), ".svg").decode()
    return {"image/svg+xml": svg, "text/plain": repr(graph)}
