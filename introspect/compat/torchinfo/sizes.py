"""What a module was given or returned -> the one size that torchinfo shows for it.

Of a tuple that is the first tensor's, of a dict the last one's.
"""

import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import torch


def size_of(data: Any, batch_dim: int | None) -> tuple[list[Any], int]:
    """Sizes and bytes an element of the tensor that stands for all; ``[], 0`` if there is none.

    Args:
        data: The positional inputs of a module as a tuple, or its result.
        batch_dim: Dimension that is shown as 1, or None. Single tensors are shown as they are.

    Example:
        >>> size_of((torch.zeros(8, 3), torch.zeros(1)), 0), size_of("text", None)
        (([1, 3], 4), ([], 0))
    """
    if isinstance(data, torch.Tensor | np.ndarray):
        return _first(data)
    if isinstance(data, dict):
        sizes, element_bytes = _first(list(data.values())[-1]) if data else ([], 0)
        return ([_with_one(sizes, batch_dim)] if batch_dim is not None else sizes), element_bytes
    if not isinstance(data, list | tuple):
        return [], 0
    inner = data[0] if data else None
    if not isinstance(inner, torch.Tensor):
        inner = getattr(inner, "data", None)  # a packed sequence has one
    if isinstance(inner, torch.Tensor):
        sizes, element_bytes = _first(inner)
        return _with_one(sizes, batch_dim), element_bytes
    sizes, element_bytes = _first(data)
    if batch_dim is not None and batch_dim < len(sizes):
        sizes[batch_dim] = 1
    return sizes, element_bytes


def _with_one(sizes: list[int], batch_dim: int | None) -> list[int]:
    return sizes if batch_dim is None else [*sizes[:batch_dim], 1, *sizes[batch_dim + 1 :]]


def _first(data: Any) -> tuple[list[int], int]:
    """The same of the first tensor, however deep."""
    while True:
        if hasattr(data, "tensors"):
            data = data.tensors
        elif isinstance(data, torch.Tensor):
            return [_plain(size) for size in data.shape], data.element_size()
        elif isinstance(data, np.ndarray):
            return list(data.shape), data.itemsize
        elif isinstance(data, dict) and data:
            data = list(data.values())
        elif isinstance(data, list | tuple) and data:
            data = data[0]
        else:
            return [], 0


def _plain(size: Any) -> int:
    """A size as a number; -1 for the ragged one of a nested tensor."""
    if type(size) is int:
        return size
    try:
        return int(size)
    except (AttributeError, RuntimeError):  # a NestedIntNode has no number to give
        return -1


def product(sizes: Iterable[Any]) -> int:
    """Of all numbers in nested lists; a ragged size counts as 1.

    Example:
        >>> product([2, [3, 4]]), product([]), product([5, -1])
        (24, 1, 5)
    """
    return math.prod(
        product(size) if isinstance(size, Iterable) else 1 if size < 0 else size for size in sizes
    )


def parameter_count(module: torch.nn.Module, name: str, parameter: torch.Tensor) -> tuple[int, str]:
    """How many scalars of a parameter are used, and its name; pruned ones count by their mask."""
    if name.endswith("_orig"):
        plain = name.removesuffix("_orig")
        owner, _, last = plain.rpartition(".")
        mask = getattr(module.get_submodule(owner), f"{last}_mask", None)
        if isinstance(mask, torch.Tensor):
            is_real = not mask.is_meta and type(mask) is torch.Tensor
            return (int(mask.sum()) if is_real else mask.numel()), plain
    return parameter.numel(), name


def kernel_size(module: torch.nn.Module) -> int | list[int] | None:
    """A module's attribute of that name, if it is one."""
    size = getattr(module, "kernel_size", None)
    if isinstance(size, int):
        return size
    return (
        list(size) if isinstance(size, Iterable) and not isinstance(size, str | Mapping) else None
    )
