"""A module tree -> its names, in one walk: what every module, parameter and buffer is called.

torch's ``named_modules``, ``named_parameters`` and ``parameters`` walk the tree once a call;
for the counts of all submodules that is once a level. One walk of our own costs 1 us a module.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import nn
from torch.nn.parameter import UninitializedParameter

from introspect.nouns.graph import ValueKind


@dataclass(slots=True)
class NamedTensor:
    """A parameter or buffer and everything that it is called.

    Attributes:
        tensor: Held so that its id stays its own.
        kind: ``"parameter"`` or ``"buffer"``.
        name: The first qualified name.
        aliases: Further names (tied weights).
    """

    tensor: torch.Tensor
    kind: ValueKind
    name: str
    aliases: tuple[str, ...] = ()


@dataclass(slots=True, eq=False)
class Inventory:
    """The names and sizes in one model.

    Attributes:
        paths: Module -> its first qualified name; ``""`` for the model itself.
        tensors: id of a parameter or buffer -> its names.
    """

    paths: dict[nn.Module, str] = field(default_factory=dict)
    tensors: dict[int, NamedTensor] = field(default_factory=dict)
    _has_ties: bool = False
    _counts: dict[nn.Module, int] = field(default_factory=dict)

    def of_kind(self, kind: ValueKind) -> list[torch.Tensor]:
        """The parameters, or the buffers, each once."""
        return [named.tensor for named in self.tensors.values() if named.kind == kind]

    def parameters(self, module: nn.Module) -> int:
        """Scalars in the parameters of a module and all below it, tied ones counted once."""
        known = self._counts.get(module)
        if known is not None:
            return known
        if self._has_ties or module not in self.paths:
            total = sum(map(_size, module.parameters()))
        else:
            total = 0
            for parameter in module._parameters.values():
                if parameter is not None:
                    total += _size(parameter)
            for child in module._modules.values():
                if child is not None:
                    total += self.parameters(child)
        self._counts[module] = total
        return total


def take_inventory(model: nn.Module) -> Inventory:
    """Walk a model once.

    Example:
        >>> inventory = take_inventory(nn.Sequential(nn.Linear(2, 3)))
        >>> list(inventory.paths.values()), inventory.parameters(next(iter(inventory.paths)))
        (['', '0'], 9)
    """
    inventory = Inventory()
    _walk(inventory, model, "", set())
    return inventory


def _walk(inventory: Inventory, module: nn.Module, path: str, around: set[nn.Module]) -> None:
    if module in inventory.paths:
        inventory._has_ties = True
    else:
        inventory.paths[module] = path
    dot = f"{path}." if path else ""
    if module._parameters:
        _name(inventory, module._parameters, "parameter", dot)
    if module._buffers:
        _name(inventory, module._buffers, "buffer", dot)
    if not module._modules:
        return
    around.add(module)
    for name, child in module._modules.items():
        # a module that holds itself would walk for ever; torch does not forbid it
        if child is not None and child not in around:
            _walk(inventory, child, dot + name, around)
    around.discard(module)


def _name(
    inventory: Inventory, own: Mapping[str, torch.Tensor | None], kind: ValueKind, dot: str
) -> None:
    tensors = inventory.tensors
    for name, tensor in own.items():
        if tensor is None:
            continue
        known = tensors.get(id(tensor))
        if known is None:
            tensors[id(tensor)] = NamedTensor(tensor, kind, dot + name)
        else:
            known.aliases = (*known.aliases, dot + name)
            inventory._has_ties = True


def _size(parameter: torch.Tensor) -> int:
    """Scalars in one parameter; a lazy one has none yet."""
    if type(parameter) is not nn.Parameter and isinstance(parameter, UninitializedParameter):
        return 0
    return parameter.numel()
