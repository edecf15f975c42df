"""A module tree -> its names, in one walk: what every module, parameter and buffer is called.

torch's ``named_modules``, ``named_parameters`` and ``parameters`` walk the tree once a call;
for the counts of all submodules that is once a level. One walk of our own costs 1 us a module.
"""

from dataclasses import dataclass, field

import torch
from torch import nn

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

    def parameters(self, module: nn.Module) -> int:
        """Scalars in the parameters of a module and all below it, tied ones counted once."""
        known = self._counts.get(module)
        if known is not None:
            return known
        if self._has_ties or module not in self.paths:
            total = sum(_size(parameter) for parameter in module.parameters())
        else:
            own = module._parameters.values()
            children = module._modules.values()
            total = sum(_size(parameter) for parameter in own if parameter is not None)
            total += sum(self.parameters(child) for child in children if child is not None)
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
    inventory.paths.setdefault(module, path)
    around.add(module)
    dot = f"{path}." if path else ""
    for name, parameter in module._parameters.items():
        if parameter is not None:
            _name(inventory, parameter, "parameter", dot + name)
    for name, buffer in module._buffers.items():
        if buffer is not None:
            _name(inventory, buffer, "buffer", dot + name)
    for name, child in module._modules.items():
        # a module that holds itself would walk for ever; torch does not forbid it
        if child is not None and child not in around:
            _walk(inventory, child, dot + name, around)
    around.discard(module)


def _name(inventory: Inventory, tensor: torch.Tensor, kind: ValueKind, name: str) -> None:
    known = inventory.tensors.get(id(tensor))
    if known is None:
        inventory.tensors[id(tensor)] = NamedTensor(tensor, kind, name)
    else:
        known.aliases = (*known.aliases, name)
        inventory._has_ties = True


def _size(parameter: torch.Tensor) -> int:
    """Scalars in one parameter; a lazy one has none yet."""
    return 0 if isinstance(parameter, nn.parameter.UninitializedParameter) else parameter.numel()
