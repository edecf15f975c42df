"""Which tensors are faces of the same memory."""

from typing import Any

import torch

_wrapped: Any = getattr(torch._C, "_functorch", None)


def unwrapped(tensor: torch.Tensor) -> torch.Tensor:
    """The plain tensor below the wrappers of ``torch.func`` and DTensor."""
    while _wrapped is not None and _wrapped.is_functorch_wrapped_tensor(tensor):
        tensor = _wrapped.get_unwrapped(tensor)
    local = getattr(tensor, "_local_tensor", None) if type(tensor) is not torch.Tensor else None
    return tensor if local is None else local


def storage_of(tensor: torch.Tensor) -> int:
    """A number that tensors share while they share memory; reused once the memory is freed."""
    try:
        return unwrapped(tensor).untyped_storage()._cdata
    except (RuntimeError, NotImplementedError, ValueError):  # sparse, opaque and lazy ones
        return id(tensor)


def is_view_of(tensor: torch.Tensor, inputs: list[torch.Tensor]) -> bool:
    """Whether it is a view of one of the inputs, and not of a temporary of the function."""
    try:
        base = tensor._base
        if base is None:
            return False
        for source in inputs:  # three times as fast as to compare storages
            if source is base or source._base is base:
                return True
    except (RuntimeError, ValueError):  # a lazy parameter is none
        return False
    storage = storage_of(tensor)
    return any(storage_of(source) == storage for source in inputs)


def is_same_view(one: torch.Tensor, other: torch.Tensor) -> bool:
    """Whether two tensors of one storage show the same numbers in the same order."""
    try:
        return one.shape == other.shape and _layout(unwrapped(one)) == _layout(unwrapped(other))
    except (RuntimeError, NotImplementedError, ValueError):
        return False


def _layout(tensor: torch.Tensor) -> tuple[Any, ...]:
    return tensor.shape, tensor.dtype, tensor.stride(), tensor.storage_offset()
