"""A model written as one function, and questions that tests ask a traced graph."""

from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from introspect.nouns.graph import Graph, Op


class Runs(nn.Module):
    """A forward written as a function of the module and its inputs, with layers by name."""

    def __init__(self, forward: Callable[..., Any], **children: Any) -> None:
        super().__init__()
        self._run = forward
        for name, child in children.items():
            if isinstance(child, torch.Tensor) and not isinstance(child, nn.Parameter):
                self.register_buffer(name, child)
            else:
                setattr(self, name, child)

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """What the function makes of it."""
        return self._run(self, *args, **kwargs)


def linear(takes: int = 4, gives: int = 4) -> nn.Linear:
    """The layer that most small models are about nothing else than."""
    return nn.Linear(takes, gives)


def names(graph: Graph) -> list[str]:
    """The functions, in the order of execution."""
    return [op.name for op in graph.ops]


def paths(graph: Graph) -> list[str]:
    """The module that each op ran in."""
    return [op.call.path for op in graph.ops if op.call is not None]


def feeding(graph: Graph) -> set[Op]:
    """The ops that the outputs are made of, however far back."""
    used: set[Op] = set()
    front = list(graph.outputs)
    while front:
        producer = front.pop().producer
        if producer is not None and producer not in used:
            used.add(producer)
            front.extend(producer.inputs)
    return used


def unreached(graph: Graph) -> list[str]:
    """Names of outputs that no path of reads and writes joins to an input."""
    reached = {value.index for value in graph.inputs}
    for op in graph.ops:
        if any(value.index in reached for value in op.inputs):
            reached.update(value.index for value in op.outputs)
    return [
        name
        for name, value in zip(graph.output_names, graph.outputs, strict=True)
        if value.index not in reached
    ]
