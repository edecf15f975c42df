# ruff: noqa: FBT001, FBT002  signatures of torch
"""A model -> TensorBoard's graph, through our tracer: ``torch.utils.tensorboard._pytorch_graph``.

Modules are scopes by class and name, ``ResNet/Sequential[layer1]/BasicBlock[0]``, and inputs and
outputs are of the op ``IO Node``, as in torch. Better: every input of a node names a node, lists,
dicts and keyword results are followed, and the model is left in the mode it was in.

Cost: 1 to 3 forwards, and 60 us an op.

Not here: what the nodes say (``introspect.graph.formats.graphdef``).
"""

import contextlib
import re
from collections.abc import Generator, Mapping
from dataclasses import replace
from typing import Any

import torch
from torch import nn

from introspect.compat.tensorboard.arguments import warn_once
from introspect.compat.tensorboard.messages import message
from introspect.graph.formats.graphdef import graph_def
from introspect.graph.formats.scopes import ScopedGraph, scoped
from introspect.graph.trace import Tracer
from introspect.nouns.graph import Call, Graph

__all__ = ["graph"]

_UNFIT = re.compile(r"[^A-Za-z0-9_.\-]")


def graph(
    model: Any, args: Any, verbose: bool = False, use_strict_trace: bool = True
) -> tuple[Any, Any]:
    """The ``GraphDef`` of a model, and an empty ``RunMetadata``.

    Args:
        model: A module, or a function of TorchScript.
        args: What it is called with; a tuple or list are several arguments.
        verbose: Print the graph.
        use_strict_trace: Lists and dicts are recorded in any case.

    Raises:
        TraceError: If the model raises; a ``RuntimeError``, as in torch.
        MissingExtraError: If tensorboard is not installed.
    """
    if not use_strict_trace:
        warn_once(
            "use_strict_trace",
            "add_graph: use_strict_trace=False is not needed; lists and dicts are always recorded.",
        )
    run_metadata = message("config_pb2", "RunMetadata")
    given = () if args is None else tuple(args) if isinstance(args, (tuple, list)) else (args,)
    module = model if isinstance(model, nn.Module) else _Called(model)
    with _evaluating(module):
        traced = Tracer().trace(module, *given)
    if verbose:
        print(traced)  # noqa: T201  what the argument asks for
    classes = {path: type(inner).__name__ for path, inner in module.named_modules()}
    named = _as_torch_names(traced, classes)
    made = graph_def(named)
    for node, known in zip(made.node, named.nodes, strict=True):
        node.op = "IO Node" if known.kind in {"input", "output"} else node.op
    run = run_metadata()
    run.step_stats.dev_stats.add(device="/device:CPU:0")
    return made, run


def _as_torch_names(traced: Graph, classes: Mapping[str, str]) -> ScopedGraph:
    """The nodes with a class in each scope.

    Args:
        traced: Of a model.
        classes: Path of each of its modules to its class.
    """
    named = scoped(traced, clean=_clean)
    known: dict[str, str] = {}
    for call, scope in named.scopes.items():  # a module after the one that called it
        known[scope] = _scope_of(call, named.scopes, known, classes)

    def renamed(name: str) -> str:
        around, _, last = name.rpartition("/")
        if not around:
            return name
        if around not in known:
            known[around] = renamed(around)
        return f"{known[around]}/{last}"

    nodes = [
        replace(
            node,
            name=renamed(node.name),
            reads=tuple([(renamed(source), slot) for source, slot in node.reads]),
        )
        for node in named.nodes
    ]
    return replace(named, nodes=tuple(nodes))


def _scope_of(
    call: Call, scopes: Mapping[Call, str], known: Mapping[str, str], classes: Mapping[str, str]
) -> str:
    """``VGG/Sequential[features]/Conv2d[0]``."""
    above = call.parent
    if above is None:
        return scopes[call]
    parts = scopes[call].removeprefix(f"{scopes[above]}/").split("/")
    inner = call.path.removeprefix(f"{above.path}.").split(".")
    found = known.get(scopes[above], scopes[above])
    for k, part in enumerate(parts[:-1], 1):  # lists of modules, which nobody calls
        kind = classes.get(".".join(filter(None, [above.path, *inner[:k]])), "")
        found += f"/{kind}[{part}]" if kind else f"/{part}"
    return f"{found}/{call.module}[{parts[-1]}]"


def _clean(part: str) -> str:
    """One part of a name, without what would end it."""
    return _UNFIT.sub("_", part)


class _Called(nn.Module):
    """A function as a module."""

    def __init__(self, function: Any) -> None:
        super().__init__()
        self.function = function

    def forward(self, *args: Any) -> Any:
        return self.function(*args)


@contextlib.contextmanager
def _evaluating(model: nn.Module) -> Generator[None]:
    """Without dropout, as torch traces it; each module gets back the mode it was in."""
    modes = [(module, module.training) for module in model.modules()]
    model.train(mode=False)
    try:
        with torch.no_grad():
            yield
    finally:
        for module, mode in modes:
            module.training = mode
