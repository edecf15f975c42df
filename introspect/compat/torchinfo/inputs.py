"""``input_data`` or ``input_size`` -> what the model is called with, its sizes and its bytes."""

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import nn

from introspect.errors import FormatError


def mapped(data: Any, change: Callable[[Any], Any]) -> Any:
    """The same structure with every tensor and array changed."""
    if isinstance(data, torch.Tensor | np.ndarray):
        return change(data)
    if isinstance(data, Mapping):
        made = {key: mapped(value, change) for key, value in data.items()}
        return made if type(data) is dict else type(data)(made)
    if isinstance(data, tuple) and hasattr(data, "_fields"):
        return type(data)(*(mapped(part, change) for part in data))
    if isinstance(data, list | tuple):
        return type(data)([mapped(part, change) for part in data])
    return data


def to_device(data: Any, device: torch.device | None) -> Any:
    """Every tensor moved; arrays and all else as they are."""
    if device is None:
        return data
    return mapped(data, lambda part: part.to(device) if isinstance(part, torch.Tensor) else part)


def sizes(data: Any) -> Any:
    """The same structure with sizes in place of tensors and arrays."""
    return mapped(data, lambda part: torch.Size(part.shape))


def bytes_of(data: Any) -> int:
    """Of the storages of all tensors and arrays; of all else 0."""
    found: list[int] = []

    def count(part: Any) -> Any:
        tensor = torch.from_numpy(part) if isinstance(part, np.ndarray) else part
        is_plain = tensor.layout == torch.strided
        found.append(
            sys.getsizeof(tensor.untyped_storage())
            if is_plain
            else tensor.numel() * tensor.element_size()
        )
        return part

    mapped(data, count)
    return sum(found)


def own_device(model: nn.Module) -> torch.device:
    """Where the model's first parameter is; the CPU without parameters."""
    first = next(model.parameters(), None)
    return first.device if first is not None else torch.device("cpu")


def checked_sizes(input_size: Any) -> list[Any]:
    """One size an input.

    Raises:
        TypeError: If it is no list and no tuple.
        FormatError: If it is empty, or a size is not positive.

    Example:
        >>> checked_sizes((1, 3)), checked_sizes([2, 4]), checked_sizes([(1, 3), (1, 2)])
        ([(1, 3)], [(2, 4)], [(1, 3), (1, 2)])
    """
    if not isinstance(input_size, list | tuple):
        raise TypeError(
            f"input_size= is a tuple of sizes, or a list of such for several inputs; "
            f"given {type(input_size).__name__}"
        )
    numbers = list(_numbers(input_size))
    if not input_size or any(size <= 0 for size in numbers):
        raise FormatError(
            "sizes of an input are positive.",
            given=f"input_size={input_size!r}",
            hint="(1, 3, 8, 8)",
        )
    is_many = isinstance(input_size[0], list | tuple)
    return list(input_size) if is_many else [tuple(input_size)]


def _numbers(nested: Sequence[Any]) -> Iterator[Any]:
    for part in nested:
        if isinstance(part, list | tuple):
            yield from _numbers(part)
        else:
            yield part


def made_inputs(
    input_sizes: Iterable[Any],
    dtypes: Sequence[torch.dtype] | None,
    *,
    batch_dim: int | None,
    device: torch.device,
) -> list[torch.Tensor]:
    """Random tensors of these sizes; the random numbers that follow are as without them.

    Raises:
        FormatError: If there are fewer dtypes than sizes.
    """
    all_sizes = list(input_sizes)
    wanted = list(dtypes) if dtypes is not None else [torch.float] * len(all_sizes)
    if len(wanted) < len(all_sizes):
        raise FormatError(
            "each input needs a dtype.", given=f"{len(all_sizes)} sizes, {len(wanted)} dtypes"
        )
    with torch.random.fork_rng(devices=[]):
        made = [torch.rand(*size) for size in all_sizes]
    if batch_dim is not None:
        made = [tensor.unsqueeze(batch_dim) for tensor in made]
    return [tensor.to(device, dtype) for tensor, dtype in zip(made, wanted, strict=False)]
