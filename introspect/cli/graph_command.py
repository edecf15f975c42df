"""``introspect graph SPEC -o FILE``: one model, drawn into files or printed as an outline.

Not here: what a SPEC can be (``introspect.graph.spec``), the formats
(``introspect.graph.formats``).
"""

import inspect
import re
import tempfile
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from introspect.cli.steps import Steps
from introspect.errors import FormatError
from introspect.nouns.graph import Graph
from introspect.nouns.verbs import verb

_SPEC = (
    "A torchvision or timm name; package.module:factory or file.py:factory; a transformers "
    "config.json or its folder; a saved graph .json; an exported .pt2."
)
_INPUT = "Sizes and dtype of an input: 1,3,224,224 or 1,16:int64 or input_ids=1,16:int64."
_OUT = "File to write; its suffix is the format. May be given several times."
_COLOR = "flops, parameters, memory or time: what fills the boxes."


def graph(  # noqa: PLR0913, PLR0917  a command's options are its arguments
    spec: Annotated[str, typer.Argument(metavar="SPEC", help=_SPEC, show_default=False)],
    out: Annotated[list[Path] | None, typer.Option("--out", "-o", help=_OUT)] = None,
    inputs: Annotated[list[str] | None, typer.Option("--input", "-i", help=_INPUT)] = None,
    depth: Annotated[
        str | None, typer.Option(help="Levels of modules to open, or all; as fits a page if none.")
    ] = None,
    expand: Annotated[list[str] | None, typer.Option(help="Module path to open.")] = None,
    collapse: Annotated[list[str] | None, typer.Option(help="Module path to draw shut.")] = None,
    fold: Annotated[  # noqa: FBT002  a flag
        bool, typer.Option("--fold/--no-fold", help="Equal neighbours as one box ×n.")
    ] = True,
    direction: Annotated[str | None, typer.Option(help="TB flows down, LR to the right.")] = None,
    theme: Annotated[
        str | None, typer.Option(help="light, dark, print, high-contrast, basic or blue.")
    ] = None,
    color_by: Annotated[str | None, typer.Option(help=_COLOR)] = None,
    size_by: Annotated[str | None, typer.Option(help="The same, as a bar in each box.")] = None,
    fit: Annotated[str | None, typer.Option(help="A sheet of paper: A4, A3, letter.")] = None,
    title: Annotated[str | None, typer.Option(help="Instead of the model's name.")] = None,
    scale: Annotated[float | None, typer.Option(help="Pixels a point, for PNG.")] = None,
    engine: Annotated[
        str | None, typer.Option(help="graphviz: let Graphviz do the layout.")
    ] = None,
    mode: Annotated[
        str, typer.Option(help="real; fake: without numbers and memory; auto.")
    ] = "auto",
    level: Annotated[
        str, typer.Option(help="function; aten: also what is below; module: the tree, no run.")
    ] = "function",
    show: Annotated[  # noqa: FBT002  a flag
        bool, typer.Option("--open", help="Open the first file when it is written.")
    ] = False,
) -> None:
    """Draw a model. Without -o its outline is printed."""
    from introspect.graph.spec import graph_of_spec  # noqa: PLC0415  --help need not load it

    chosen = {
        "depth": _depth(depth),
        "expand": expand or None,
        "collapse": collapse or None,
        "fold": None if fold else False,
        "direction": None if direction is None else direction.upper(),
        "theme": theme,
        "color_by": color_by,
        "size_by": size_by,
        "fit": fit,
        "title": title,
        "scale": scale,
        "engine": engine,
    }
    options = {name: value for name, value in chosen.items() if value is not None}
    files = list(out or [])
    if show and not files:
        folder = Path(tempfile.mkdtemp(prefix="introspect-"))
        files = [folder / f"{re.sub(r'[^A-Za-z0-9_.-]', '_', Path(spec).name) or 'model'}.svg"]
    plans = [(file, _options_of(file, options)) for file in files]
    _check_all_used(options, plans)
    with Steps() as steps:
        traced = graph_of_spec(
            spec,
            inputs or (),
            mode=mode,
            level=level,
            times="time" in {color_by, size_by},
            progress=steps.begin,
        )
        for file, own in plans:
            steps.begin(f"drawing {file}")
            _save(traced, file, own)
    if not files:
        typer.echo(_outline(traced, options))
    for file in files:
        typer.echo(f"wrote {file}", err=True)
    if show:
        typer.launch(files[0].resolve().as_uri())


def _depth(depth: str | None) -> int | str | None:
    """Levels as a number, or a word that the picture checks."""
    if depth is None or not depth.strip().isdigit():
        return depth
    return int(depth)


def _save(traced: Graph, file: Path, options: Mapping[str, Any]) -> None:
    """Write one file; what the picture had to leave out is said in one line, not in a trace."""
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        traced.save(file, **options)
    for warning in said:
        typer.echo(f"introspect: {warning.message}", err=True)


def _options_of(file: Path, options: Mapping[str, Any]) -> dict[str, Any]:
    """Those options that the format of a file takes; formats differ, one command line is one."""
    from introspect.graph import formats  # noqa: PLC0415  --help need not load it

    suffix = formats.suffix_of(file)
    if suffix in formats.PAINTERS:
        known = {*formats.PICTURE_OPTIONS, "theme", "engine", *formats.PAINTERS[suffix]}
    elif suffix in formats.WRITERS:
        parameters = inspect.signature(verb(formats.WRITERS[suffix])).parameters.values()
        known = {p.name for p in parameters if p.kind is p.KEYWORD_ONLY}
        if any(p.kind is p.VAR_KEYWORD for p in parameters):
            known |= {*formats.PICTURE_OPTIONS, "theme"}
    else:
        raise FormatError(
            "a graph cannot be saved in this format.",
            given=repr(str(file)),
            hint="-o with a path that ends in " + ", ".join([*formats.PAINTERS, *formats.WRITERS]),
        )
    return {name: value for name, value in options.items() if name in known}


def _check_all_used(
    options: Mapping[str, Any], plans: Sequence[tuple[Path, Mapping[str, Any]]]
) -> None:
    """An option that no file takes was meant for something else."""
    unused = [name for name in options if plans and not any(name in own for _, own in plans)]
    if unused:
        raise FormatError(
            "no file that is to be written takes this option.",
            given=", ".join(f"--{name.replace('_', '-')}" for name in unused),
            where=", ".join(str(file) for file, _ in plans),
            hint="leave it out, or write an .svg, .pdf or .png, too",
        )


def _outline(traced: Graph, options: Mapping[str, Any]) -> str:
    from introspect.graph.outline import whole_depth  # noqa: PLC0415  --help need not load it

    depth = options.get("depth")
    if depth is None:
        return traced.outline_text()
    try:
        whole = whole_depth(depth)
    except (TypeError, ValueError):
        raise FormatError(
            "a depth is a number of levels.", given=repr(depth), hint="--depth 2 or --depth all"
        ) from None
    return verb("introspect.graph.outline:as_text")(traced, depth=whole)
