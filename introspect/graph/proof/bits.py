"""Two tensors -> what differs between them, bit for bit; and copies that keep their layout.

Any tensor that torch has: dense, sparse, quantised, nested, or a wrapper around those.

Cost: one pass over both tensors, and a second one only where bits differ.

Not here: which tensors are compared and why (``introspect.graph.proof.replay``).
"""

from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from torch._functorch.pyfunctorch import temporarily_clear_interpreter_stack
from torch.nn.parameter import is_lazy

from introspect.graph.capture.storage import storage_of

_functorch: Any = torch._C._functorch  # noqa: SLF001  there is no public way to ask
_INTEGERS = {1: torch.uint8, 2: torch.int16, 4: torch.int32, 8: torch.int64}


@dataclass(frozen=True, slots=True)
class Difference:
    """How one tensor is unlike another.

    Attributes:
        what: In words, for an error: ``"3 of 8 numbers differ, by 0.25 at most"``.
        largest: The largest absolute difference; infinite where the two cannot be compared.
        scale: The largest finite absolute number of both.
    """

    what: str
    largest: float = float("inf")
    scale: float = 0.0


def difference(left: torch.Tensor, right: torch.Tensor) -> Difference | None:
    """What differs between two tensors, or None; NaN equals NaN, and 0.0 is not -0.0.

    Example:
        >>> difference(torch.tensor([1.0, 2.0]), torch.tensor([1.0, 2.5])).what
        '1 of 2 numbers differ, by 0.5 at most'
        >>> nan = torch.tensor(float("nan"))
        >>> difference(nan, nan.clone()) is None
        True
    """
    if left.dtype != right.dtype or left.layout != right.layout or not _same_sizes(left, right):
        return Difference(f"{describe(left)} where the model has {describe(right)}")
    return difference_of_numbers(left, right)


def difference_of_numbers(left: torch.Tensor, right: torch.Tensor) -> Difference | None:
    """As `difference`, of the dense tensors inside: a wrapper may equal what it wraps."""
    lefts, rights = list(_dense_parts(left)), list(_dense_parts(right))
    if len(lefts) != len(rights):
        return Difference("the two are made of different parts")
    for a, b in zip(lefts, rights, strict=True):
        found = _difference_of_dense(a, b)
        if found is not None:
            return found
    return None


def describe(tensor: torch.Tensor) -> str:
    """``float32 (2, 3)``, for messages."""
    try:
        shape: object = tuple(tensor.shape)
    except RuntimeError:  # nested tensors have no one shape
        shape = "(nested)"
    return f"{str(tensor.dtype).removeprefix('torch.')} {shape}"


def size_bytes(tensor: torch.Tensor) -> int:
    """Bytes of the numbers in a tensor, without those that a stride of 0 repeats."""
    return sum(part.numel() * part.element_size() for part in _dense_parts(tensor))


def is_transformed(tensor: torch.Tensor) -> bool:
    """Whether it stands for many (``vmap``) or for a function's argument (``torch.func``)."""
    return _functorch.is_functorch_wrapped_tensor(tensor)


def is_empty_shell(tensor: torch.Tensor) -> bool:
    """Whether it has no numbers of its own to copy: lazy, or inside ``vmap`` or ``torch.func``."""
    return is_lazy(tensor) or is_transformed(tensor)


def is_transforming() -> bool:
    """Whether ``vmap`` or ``torch.func`` is at work, so that even plain ops are not plain."""
    return _functorch.peek_interpreter_stack() is not None


def copied(tensor: torch.Tensor, storages: dict[int, tuple[Any, Any]] | None = None) -> Any:
    """A detached copy with the same strides; copies of one storage share a storage.

    Args:
        tensor: Not changed.
        storages: Identity of a storage -> (the storage, its copy), filled by this function
            and kept by the caller, so that tensors that overlap still do. None: a plain copy.
    """
    with torch.no_grad(), torch.inference_mode(mode=False), _untransformed():
        plain = tensor.detach()
        if storages is None or not _is_plain(plain):
            return plain.clone()
        pair = storages.get(storage_of(plain))
        if pair is None:
            storage = plain.untyped_storage()
            pair = storages[storage_of(plain)] = (storage, storage.clone())
        copy = torch.empty((0,), dtype=plain.dtype, device=plain.device)
        return copy.set_(pair[1], plain.storage_offset(), plain.shape, plain.stride())


def _untransformed() -> Any:
    """Out of ``vmap`` and ``torch.func``, inside of which even ``detach`` wraps."""
    if not is_transforming():
        return nullcontext()
    return temporarily_clear_interpreter_stack()


def _is_plain(tensor: torch.Tensor) -> bool:
    return (
        type(tensor) in {torch.Tensor, torch.nn.Parameter}
        and tensor.layout == torch.strided
        and not (tensor.is_quantized or tensor.is_nested or tensor.is_conj() or tensor.is_neg())
    )


def _same_sizes(left: torch.Tensor, right: torch.Tensor) -> bool:
    if left.is_nested or right.is_nested:
        return left.is_nested and right.is_nested
    return left.shape == right.shape


def _dense_parts(tensor: torch.Tensor) -> Iterator[torch.Tensor]:
    """The dense tensors that hold a tensor's numbers, in a fixed order."""
    plain = tensor.detach()
    if plain.device.type == "meta":  # nested tensors keep their bounds in the shape of one
        return
    parts: Any = getattr(plain, "__tensor_flatten__", None)
    if parts is not None:  # a wrapper says itself what it wraps
        for name in parts()[0]:
            part = getattr(plain, name)
            yield from _dense_parts(part) if isinstance(part, torch.Tensor) else ()
    elif plain.is_nested:
        for part in plain.unbind():
            yield from _dense_parts(part)
    elif plain.layout == torch.sparse_coo:
        whole = plain.coalesce()
        yield from (whole.indices(), whole.values())
    elif plain.layout in {torch.sparse_csr, torch.sparse_bsr}:
        yield from (plain.crow_indices(), plain.col_indices(), plain.values())
    elif plain.layout in {torch.sparse_csc, torch.sparse_bsc}:
        yield from (plain.ccol_indices(), plain.row_indices(), plain.values())
    elif plain.is_quantized:
        yield plain.int_repr()
    else:
        plain = plain.as_subclass(torch.Tensor) if type(plain) is not torch.Tensor else plain
        yield torch.view_as_real(plain.resolve_conj()) if plain.is_complex() else plain


def _difference_of_dense(left: torch.Tensor, right: torch.Tensor) -> Difference | None:
    if left.shape != right.shape:
        return Difference(f"{describe(left)} where the model has {describe(right)}")
    left, right = left.resolve_neg().contiguous(), right.resolve_neg().contiguous()
    unlike = _integers(left) != _integers(right)
    if not unlike.any():
        return None
    if left.dtype.is_floating_point:
        unlike &= ~(left.isnan() & right.isnan())
        if not unlike.any():
            return None
    a, b = left.double(), right.double()
    gap = float((a - b)[unlike].abs().nan_to_num(nan=float("inf"), posinf=float("inf")).max())
    scale = torch.cat([a.flatten(), b.flatten()]).nan_to_num(0.0, 0.0, 0.0).abs().max()
    words = f"{int(unlike.sum())} of {unlike.numel()} numbers differ, by {gap:.3g} at most"
    return Difference(words, gap, float(scale))


def _integers(tensor: torch.Tensor) -> torch.Tensor:
    """The bits of every number, as whole numbers."""
    return tensor if tensor.dtype == torch.bool else tensor.view(_INTEGERS[tensor.element_size()])
