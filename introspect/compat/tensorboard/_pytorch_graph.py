# ruff: noqa: FBT001, FBT002  signatures of torch
"""A model -> TensorBoard's graph, through our tracer: ``torch.utils.tensorboard._pytorch_graph``.

Every input of a node names a node, lists, dicts and keyword results are followed, and the model
is left in the mode it was in.

Cost: 1 to 3 forwards, and 60 us an op.

Not here: names and scopes (``introspect.graph.formats.graphdef``).
"""

import contextlib
from collections.abc import Generator
from typing import Any

import torch
from torch import nn

from introspect.compat.tensorboard.arguments import warn_once
from introspect.compat.tensorboard.messages import message
from introspect.graph.formats.graphdef import event_records
from introspect.graph.trace import Tracer

__all__ = ["graph"]


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
    event, run_metadata = message("event_pb2", "Event"), message("config_pb2", "RunMetadata")
    given = () if args is None else tuple(args) if isinstance(args, (tuple, list)) else (args,)
    module = model if isinstance(model, nn.Module) else _Called(model)
    with _evaluating(module):
        traced = Tracer().trace(module, *given)
    if verbose:
        print(traced)  # noqa: T201  what the argument asks for
    records = list(event_records(traced))
    packed = event.FromString(records[1]).graph_def
    run = run_metadata()
    run.step_stats.dev_stats.add(device="/device:CPU:0")
    return message("graph_pb2", "GraphDef").FromString(packed), run


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
