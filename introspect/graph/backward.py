"""A loss, or whatever a model returned -> AutogradGraph: what ``backward()`` would run.

Nothing is run: ``backward()`` works afterwards as before.

Cost: 20 to 35 us a function (resnet50: 6 ms), whatever the batch; with a forward graph as much
again.

Not here: the walk (``introspect.graph.autograd.grad_fns``), the join (``autograd.join``).
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import nn

from introspect.errors import TraceError
from introspect.graph.autograd.grad_fns import listed, walk
from introspect.graph.autograd.join import join
from introspect.graph.capture.leaves import named_tensors
from introspect.graph.trace import no_collection
from introspect.nouns.autograd import AutogradGraph
from introspect.nouns.graph import Graph


def trace_backward(
    outputs: Any, model: nn.Module | None = None, graph: Graph | None = None
) -> AutogradGraph:
    """The autograd graph of a tensor or any structure of tensors.

    Args:
        outputs: A loss, or what a model returned: a tensor, list, tuple, dict, dataclass.
        model: Names the parameters, and tells those that no gradient reaches.
        graph: A forward graph of the same model, as ``introspect.trace`` made it. Each function
            is then joined to the op and module that it came from, where that is certain;
            needs `model`, since parameters are what both graphs can name. Traced by
            ``Tracer(gradients=True)`` the join is exact, whatever the model does; else it goes
            by shapes and wiring.

    Returns:
        Functions, leaves, outputs and saved tensors, with the edges between them.

    Raises:
        TraceError: If there is no tensor in `outputs`, or none that carries gradients.

    Example:
        >>> model = nn.Sequential(nn.Linear(4, 2), nn.ReLU())
        >>> graph = trace_backward(model(torch.zeros(1, 4)), model)
        >>> [node.name for node in graph.functions]
        ['ReluBackward0', 'AddmmBackward0', 'TBackward0']
        >>> [node.parameters[0] for node in graph.leaves]
        ['0.bias', '0.weight']
    """
    _check(model, graph)
    found = list(named_tensors(outputs))
    if not any(tensor.requires_grad for _, tensor in found):
        raise _no_gradient(outputs, found, model)
    named = [] if model is None else list(model.named_parameters(remove_duplicate=False))
    with no_collection():
        walked = walk(found, named)
        notes = [*walked.notes, *_unreached(walked, named)]
        if graph is None:
            name = "" if model is None else type(model).__name__
            return replace(walked, notes=tuple(notes), name=name)
        nodes, said = join(walked, graph)
        return replace(walked, nodes=nodes, notes=(*notes, *said), name=graph.name)


def _check(model: Any, graph: Any) -> None:
    if model is not None and not isinstance(model, nn.Module):
        raise TraceError(
            "the second argument of trace_backward is the model.",
            given=f"{type(model).__module__}.{type(model).__qualname__}",
            hint="trace_backward(loss, model), or trace_backward((loss, other)) for two tensors",
        )
    if graph is not None and not isinstance(graph, Graph):
        raise TraceError(
            "graph= takes what introspect.trace returned.",
            given=f"{type(graph).__module__}.{type(graph).__qualname__}",
            hint="trace_backward(loss, model, introspect.trace(model, x))",
        )


def _no_gradient(
    outputs: Any, found: Sequence[tuple[str, torch.Tensor]], model: nn.Module | None
) -> TraceError:
    """Nothing leads anywhere: say why, for each reason has its own cure."""
    if not found:
        kind = type(outputs)
        return TraceError(
            "there is no tensor to trace back from.",
            given=f"{kind.__module__}.{kind.__qualname__}",
            hint="pass the loss itself (not loss.item()), or what the model returned",
        )
    cause, hint = _reason([tensor for _, tensor in found], model)
    rows = [
        f"{name + ': ' if name else ''}{str(t.dtype)[6:]} {tuple(t.shape)}" for name, t in found
    ]
    return TraceError(
        "no output carries gradients.",
        where="" if model is None else type(model).__name__,
        given=listed(rows),
        cause=cause,
        hint=hint,
    )


def _reason(tensors: Sequence[torch.Tensor], model: nn.Module | None) -> tuple[str, str]:
    parameters = [] if model is None else list(model.parameters())
    if any(tensor.is_inference() for tensor in tensors):
        return "it was computed in torch.inference_mode()", "run the model outside of it"
    if not torch.is_grad_enabled():
        return "gradients are off here (torch.no_grad())", "run the model outside of no_grad"
    if not any(tensor.is_floating_point() or tensor.is_complex() for tensor in tensors):
        return "whole numbers and booleans have no gradient", "pass the loss or the logits"
    if parameters and not any(parameter.requires_grad for parameter in parameters):
        return "every parameter is frozen", "model.requires_grad_(True), or x.requires_grad_()"
    return (
        "it was computed under torch.no_grad(), detached, or from nothing that requires gradients",
        "run the model outside of no_grad, and pass its output without .detach()",
    )


def _unreached(graph: AutogradGraph, named: Sequence[tuple[str, torch.Tensor]]) -> Iterator[str]:
    """One note for trained parameters that get no gradient, one for frozen ones."""
    reached = {name for node in graph.leaves for name in node.parameters}
    first: dict[int, tuple[str, torch.Tensor]] = {}
    for name, tensor in named:
        first.setdefault(id(tensor), (name, tensor))
    lost = [name for name, p in first.values() if p.requires_grad and name not in reached]
    frozen = [name for name, p in first.values() if not p.requires_grad]
    if lost:
        yield f"{len(lost)} of {len(first)} parameters are not reached: {listed(lost)}"
    if frozen:
        yield f"{len(frozen)} of {len(first)} parameters are frozen: {listed(frozen)}"
