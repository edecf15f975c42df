"""The three kinds of nodes of a picture, with torchview's names."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True, eq=False)
class Node:
    """A box.

    Attributes:
        name: What stands in it: a class, a function, ``input-tensor``.
        depth: How many module calls are around it, the model's own included.
        node_id: Equal for boxes that are one in the picture.
        parents: Where its arrows come from.
        children: Where they go.
    """

    name: str
    depth: int
    node_id: str
    parents: "list[Node]" = field(default_factory=list)
    children: "list[Node]" = field(default_factory=list)

    def is_root(self) -> bool:
        """Whether no arrow leads here."""
        return not self.parents

    def is_leaf(self) -> bool:
        """Whether no arrow leads on."""
        return not self.children

    def __str__(self) -> str:
        return self.name


@dataclass(slots=True, eq=False)
class TensorNode(Node):
    """A tensor; its sizes."""

    tensor_shape: tuple[int, ...] = ()


@dataclass(slots=True, eq=False)
class _Computation(Node):
    input_shape: list[tuple[int, ...]] = field(default_factory=list)
    output_shape: list[tuple[int, ...]] = field(default_factory=list)
    attributes: Any = None
    is_container: bool = True


@dataclass(slots=True, eq=False)
class ModuleNode(_Computation):
    """A module call; sizes of the tensors that it took and returned; whether it holds no module."""


@dataclass(slots=True, eq=False)
class FunctionNode(_Computation):
    """A call of a torch function; sizes of the tensors that it took and returned."""
