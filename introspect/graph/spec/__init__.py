"""SPEC, the text that names a model -> its Graph. What ``introspect graph SPEC`` draws.

==============================  ===========================================================
SPEC                            is
==============================  ===========================================================
``resnet50``                    a model of torchvision, or else of timm, with random weights
``timm/resnet50``               of timm, where both have the name; likewise ``torchvision/``
``package.module:factory``      a module, its class, or a function that returns it, or
                                ``(model, inputs)``
``file.py:factory``             the same, from a file
``config.json``, its folder     a model of transformers, built without weights on ``meta``
``model.json``                  a graph that ``graph.save`` wrote
``model.pt2``                   a model that ``torch.export.save`` wrote; its JSON alone is read
==============================  ===========================================================

Nothing is downloaded, no weights are read, nothing is unpickled, and no code runs but that of
the installed packages and of the module or file that SPEC names.

Not here: the command (``introspect.cli``), the tracing (``introspect.graph.trace``).
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from introspect.errors import FormatError, TraceError
from introspect.graph.spec.inputs import InputSpec, parse_inputs
from introspect.nouns.graph import Graph

KINDS = (
    "a torchvision or timm name; package.module:factory or file.py:factory; a transformers "
    "config.json or its folder; a saved graph .json; an exported .pt2"
)
"""What a SPEC can be, as errors say it."""


@dataclass(frozen=True, slots=True)
class Options:
    """How a model is run. As of ``introspect.Tracer``.

    Attributes:
        mode: ``"auto"``, ``"real"`` or ``"fake"``.
        level: ``"function"``, ``"aten"`` or ``"module"``.
        times: Whether every op is timed.
        name: Title of the graph; the model's own if empty.
        inputs: What it is called with; the default of its kind if there is none.
    """

    mode: str = "auto"
    level: str = "function"
    times: bool = False
    name: str = ""
    inputs: tuple[InputSpec, ...] = ()


@dataclass(frozen=True, slots=True)
class Built:
    """A model, and what it is to be called with.

    Attributes:
        model: A torch module.
        args: Its positional arguments.
        kwargs: Its keyword arguments.
        guessed: What the inputs are if nobody chose them: ``"1,3,224,224"``; else ``""``.
        name: Title of the graph, where the name says more than the class.
    """

    model: Any
    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] | None = None
    guessed: str = ""
    name: str = ""


def _quiet(_step: str) -> None:
    """Nobody watches."""


def graph_of_spec(
    spec: str,
    inputs: Sequence[str] = (),
    *,
    mode: str = "auto",
    level: str = "function",
    times: bool = False,
    name: str = "",
    progress: Callable[[str], None] = _quiet,
) -> Graph:
    """The graph of whatever SPEC names.

    Args:
        spec: See above.
        inputs: ``"1,3,224,224"``, ``"1,16:int64"`` or ``"input_ids=1,16:int64"``: sizes, dtype
            (float32 if left out) and the argument's name. Numbers are random between 0 and 1,
            whole numbers and booleans are zeros.
        mode: As of ``introspect.Tracer``. With ``"fake"`` torchvision and timm models are
            built on ``meta``, without weights.
        level: As of ``introspect.Tracer``.
        times: Whether every op is timed.
        name: Title of the graph; the model's own if empty.
        progress: Called with each step's name before it begins.

    Raises:
        FormatError: If SPEC names nothing; the message has names that are near.
        TraceError: If the model cannot be built or run.

    Example:
        >>> graph_of_spec("torch.nn:Identity", ["2,3"]).inputs[0].shape
        (2, 3)
    """
    options = Options(mode, level, times, name, parse_inputs(inputs))
    path = Path(spec)
    if spec and path.exists() and ":" not in path.name:
        read = _reader(path)
        progress(f"reading {path.name}")
        found = read(path, options)
        return found if isinstance(found, Graph) else _traced(found, options, spec, progress)
    progress(f"building {spec}")
    if ":" in spec:
        from introspect.graph.spec.factory import from_factory  # noqa: PLC0415  torch

        built = from_factory(spec, options)
    else:
        from introspect.graph.spec.named import from_name  # noqa: PLC0415  torchvision, a second

        built = from_name(spec, options)
    return built if isinstance(built, Graph) else _traced(built, options, spec, progress)


def _reader(path: Path) -> Callable[[Path, Options], Built | Graph]:
    """Who reads a file or folder."""
    suffix = path.suffix.lower()
    if path.is_dir():
        return _config
    if suffix == ".pt2":
        return _exported
    if suffix == ".json":
        return _json
    if suffix == ".py":
        raise FormatError(
            "a Python file needs the name of what makes the model.",
            given=str(path),
            hint=f"{path}:factory, where factory is a function or an nn.Module of that file",
        )
    reason = {
        ".pt": "it holds pickled objects, which run code when they are loaded",
        ".pth": "it holds pickled objects, which run code when they are loaded",
        ".bin": "it holds weights alone",
        ".ckpt": "it holds pickled objects, which run code when they are loaded",
        ".safetensors": "it holds weights alone",
        ".onnx": "introspect reads PyTorch models",
    }.get(suffix)
    raise FormatError(
        "there is no graph to be read from this file.", given=str(path), cause=reason, hint=KINDS
    )


def _exported(path: Path, options: Options) -> Graph:
    from introspect.graph.formats.exported import load_exported  # noqa: PLC0415  when needed

    _no_inputs(path, options)
    return load_exported(path)


def _json(path: Path, options: Options) -> Built | Graph:
    """A saved graph or a transformers configuration; the keys tell which."""
    try:
        document = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise FormatError(
            "this file is no JSON.", given=str(path), cause=error, hint=KINDS
        ) from error
    if isinstance(document, dict) and "model_type" in document:
        return _config(path, options)
    if isinstance(document, dict) and "format" in document:
        from introspect.graph.formats.json_reader import read_graph  # noqa: PLC0415  when needed

        _no_inputs(path, options)
        return read_graph(document, where=str(path))
    raise FormatError(
        "this JSON is neither a saved graph nor a transformers configuration.",
        given=f"{path}: " + (", ".join(map(repr, list(document)[:6])) if document else "nothing"),
        cause='it has neither a "format" nor a "model_type"',
        hint='graph.save("model.json"), or the config.json of a transformers model',
    )


def _config(path: Path, options: Options) -> Built:
    from introspect.graph.spec.transformers_config import from_config  # noqa: PLC0415  seconds

    return from_config(path, options)


def _no_inputs(path: Path, options: Options) -> None:
    if options.inputs:
        raise FormatError(
            "this file holds a graph that was traced already; it takes no inputs.",
            given=f"{path}, --input {options.inputs[0].written}",
            hint="leave --input out",
        )


def _traced(built: Built, options: Options, spec: str, progress: Callable[[str], None]) -> Graph:
    """Run the model once."""
    from introspect.graph.spec.inputs import tensors  # noqa: PLC0415  torch, when a model is there
    from introspect.graph.trace import Tracer  # noqa: PLC0415  same

    args, kwargs = built.args, dict(built.kwargs or {})
    if options.inputs:
        args, kwargs = tensors(options.inputs, built.model)
    progress(f"tracing {spec}")
    tracer = Tracer(
        mode=options.mode,  # ty: ignore[invalid-argument-type]  checked by the tracer
        level=options.level,  # ty: ignore[invalid-argument-type]  same
        times=options.times,
        name=options.name or built.name,
    )
    if options.level == "module":
        return tracer.trace(built.model)
    try:
        return tracer.trace(built.model, *args, **kwargs)
    except TraceError as error:
        if options.inputs or not built.guessed:
            raise
        raise TraceError(
            f"the model could not be run with the input that was guessed, {built.guessed}.",
            where=spec,
            cause=str(error).replace("\n", "\n         "),
            hint="--input 1,3,224,224, --input input_ids=1,16:int64, or --level module",
        ) from error
