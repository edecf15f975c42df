"""Lazy modules stay lazy: a forward gives them sizes, and this takes them back."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn
from torch.nn.modules.lazy import LazyModuleMixin
from torch.nn.parameter import UninitializedBuffer, UninitializedParameter

from introspect.graph.capture.inventory import Inventory


@contextmanager
def lazy_again(model: nn.Module, inventory: Inventory | None = None) -> Generator[None]:
    """Undo what the first forward does to lazy modules: class, attributes, hooks, tensors.

    Args:
        model: Lazy or not.
        inventory: Of the model, if there is one already.
    """
    every = model.modules() if inventory is None else inventory.paths
    lazy = {kind for kind in set(map(type, every)) if issubclass(kind, LazyModuleMixin)}
    modules = [module for module in model.modules() if type(module) in lazy] if lazy else []
    if not modules:
        yield
        return
    states = [(module, type(module), _attributes(module)) for module in modules]
    tensors = [
        (tensor, type(tensor))
        for module in modules
        for tensor in (*module._parameters.values(), *module._buffers.values())
        if isinstance(tensor, UninitializedParameter | UninitializedBuffer)
    ]
    try:
        yield
    finally:
        for module, kind, state in states:
            module.__class__ = kind
            vars(module).clear()
            for name, (value, entries) in state.items():
                vars(module)[name] = value
                if entries is not None:  # hook handles refer to this very dict
                    value.clear()
                    value.update(entries)
        for tensor, kind in tensors:
            if type(tensor) is not kind:  # it was given its size in place
                with torch.no_grad():
                    tensor.data = torch.empty(0, dtype=tensor.dtype, device=tensor.device)
                tensor.__class__ = kind


def _attributes(module: nn.Module) -> dict[str, tuple[Any, dict[Any, Any] | None]]:
    return {
        name: (value, dict(value) if isinstance(value, dict) else None)
        for name, value in vars(module).items()
    }
