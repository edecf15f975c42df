"""A graph -> its parameters and buffers, and whose they are.

A tied parameter is one tensor with several names. It counts once in every sum; in a list
that must add up it belongs to the first module of those that ran.
"""

from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import prod

from introspect.graph.cost.memory import size_bytes
from introspect.nouns.graph import Graph, Value


@dataclass(frozen=True, slots=True)
class Weights:
    """Sums over some parameters and buffers.

    Attributes:
        parameters: Number of scalars in the parameters.
        trainable: How many of them are trained.
        parameter_bytes: Size of the parameters.
        trainable_bytes: Size of those that are trained, and so of their gradients.
        buffer_bytes: Size of the buffers.
    """

    parameters: int = 0
    trainable: int = 0
    parameter_bytes: int = 0
    trainable_bytes: int = 0
    buffer_bytes: int = 0

    def plus(self, other: "Weights", times: int = 1) -> "Weights":
        """These and `times` the others."""
        return Weights(
            self.parameters + times * other.parameters,
            self.trainable + times * other.trainable,
            self.parameter_bytes + times * other.parameter_bytes,
            self.trainable_bytes + times * other.trainable_bytes,
            self.buffer_bytes + times * other.buffer_bytes,
        )


NO_WEIGHTS = Weights()


@dataclass(frozen=True, slots=True)
class Group:
    """The parameters and buffers that lie in the same modules.

    Attributes:
        homes: Qualified names of those modules; several for tied parameters.
        weights: Their sums.
    """

    homes: tuple[str, ...]
    weights: Weights


def groups(graph: Graph) -> list[Group]:
    """Every parameter and buffer of the model, each in one group."""
    named = {v.name: v for v in graph.values if v.kind in {"parameter", "buffer"}}
    together: defaultdict[tuple[str, ...], list[Value]] = defaultdict(list)
    for value in named.values():
        names = (value.name, *value.aliases)
        together[tuple([name.rpartition(".")[0] for name in names])].append(value)
    return [Group(homes, _sums(values)) for homes, values in together.items()]


def _sums(values: Iterable[Value]) -> Weights:
    parameters = trainable = parameter_bytes = trainable_bytes = buffer_bytes = 0
    for value in values:
        size = size_bytes(value)
        if value.kind == "buffer":
            buffer_bytes += size
            continue
        count = 0 if value.shape is None else prod(value.shape)
        parameters += count
        parameter_bytes += size
        if value.requires_grad:
            trainable += count
            trainable_bytes += size
    return Weights(parameters, trainable, parameter_bytes, trainable_bytes, buffer_bytes)


def total(found: Sequence[Group]) -> Weights:
    """The sums over all groups."""
    return Weights(
        sum(group.weights.parameters for group in found),
        sum(group.weights.trainable for group in found),
        sum(group.weights.parameter_bytes for group in found),
        sum(group.weights.trainable_bytes for group in found),
        sum(group.weights.buffer_bytes for group in found),
    )


def by_module(found: Iterable[Group]) -> dict[str, Weights]:
    """Qualified module name -> the weights in it and below; a tied one once in each."""
    inside: defaultdict[str, list[Group]] = defaultdict(list)
    for group in found:
        for path in {path for home in group.homes for path in _upwards(home)}:
            inside[path].append(group)
    return {
        path: below[0].weights if len(below) == 1 else total(below)
        for path, below in inside.items()
    }


def _upwards(path: str) -> Iterator[str]:
    """``a.b`` itself, then ``a``, then the model, ``""``."""
    yield path
    while path:
        path = path.rpartition(".")[0]
        yield path


def owner(group: Group, called: Container[str]) -> str:
    """The one called module that a group counts for.

    Args:
        group: Of weights.
        called: Paths of the modules that ran; a set or dict.

    Returns:
        The first of its homes that ran, else the nearest module above that did.
    """
    for home in group.homes:
        if home in called:
            return home
    return next((path for path in _upwards(group.homes[0]) if path in called), "")
