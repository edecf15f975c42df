"""Many tensors of one CUDA device to counts and moments, in one launch for each of their types.

A program of the kernel takes 64k values of one tensor, counts them in a table of its own
(`tl.histogram`, in shared memory: plain atomics into 300 bins that all programs want would
wait for each other) and adds it to that of its tensor once. Where the tensors lie, which
program takes what, and the starting values of all moments go to the device in one copy from
pinned memory. Nothing waits.

Cost: one launch a float type, one clearing of the table and one copy a sweep; 16 KB of the
device a tensor at 3 bits. The time has not been measured yet. That it counts right has, in
Triton's interpreter, and that it compiles for compute capability 9.0 without spilling.

Axes:
    T: tensors    P: programs    C: codes, ``2**(9 + bits)``

Not here: what becomes of the tables (``introspect.tensors.sweep``, which counts with torch's
own operations until this has run on a GPU).
"""

# ruff: noqa: ANN001, N803, N806  pointers have no type in Triton, and its constants are capitals

from collections.abc import Callable, Sequence
from importlib.util import find_spec
from math import inf
from typing import Any

import numpy as np
import torch
from torch import Tensor

HAS_TRITON = find_spec("triton") is not None
if HAS_TRITON:
    import triton
    import triton.language as tl
    from triton.language import constexpr
else:
    constexpr = int

PROGRAM_VALUES = 1 << 16
CHUNK_VALUES = 1 << 12
MOST_BITS = 4
"""The table of more does not fit the registers of a program."""

_MOMENTS = (inf, -inf, 0.0, 0.0, 0.0, 0.0, 0.0)
_KINDS = {torch.float32: 0, torch.float16: 1, torch.bfloat16: 2}


def _compiled(kernel: Callable[..., None]) -> Any:
    """What can be launched; without Triton only the text of it, which nobody calls."""
    return triton.jit(kernel) if HAS_TRITON else kernel


@_compiled
def _sweep(  # noqa: PLR0913, PLR0917  a kernel has no other way to be told
    blocks,
    pointers,
    lengths,
    counts,
    moments,
    KIND: constexpr,
    BITS: constexpr,
    CHUNK: constexpr,
    PROGRAM: constexpr,
) -> None:
    """Values from ``blocks[p, 1]`` on of the tensor ``blocks[p, 0]``, for program p."""
    CODES: tl.constexpr = 1 << (9 + BITS)  # ty: ignore[invalid-assignment]  in Triton it is one
    tensor = tl.load(blocks + 2 * tl.program_id(0))
    start = tl.load(blocks + 2 * tl.program_id(0) + 1)
    length = tl.load(lengths + tensor)
    address = tl.load(pointers + tensor)
    if KIND == 0:
        values = address.to(tl.pointer_type(tl.float32))
    elif KIND == 1:
        values = address.to(tl.pointer_type(tl.float16))
    else:
        values = address.to(tl.pointer_type(tl.bfloat16))
    table = tl.zeros((CODES,), tl.int32)  # ty: ignore[invalid-argument-type]  a kernel's list
    low, high = tl.full((), float("inf"), tl.float64), tl.full((), float("-inf"), tl.float64)
    total, squares = tl.full((), 0.0, tl.float64), tl.full((), 0.0, tl.float64)
    nans, below = tl.full((), 0, tl.int32), tl.full((), 0, tl.int32)
    above, absent = tl.full((), 0, tl.int32), tl.full((), 0, tl.int32)
    for offset in range(0, PROGRAM, CHUNK):
        place = start + offset + tl.arange(0, CHUNK)
        is_there = place < length
        value = tl.load(values + place, mask=is_there, other=0.0).to(tl.float32)
        word = value.to(tl.int32, bitcast=True)
        table += tl.histogram((word >> (23 - BITS)) & (CODES - 1), CODES)
        absent += CHUNK - tl.sum(is_there.to(tl.int32))
        magnitude = word & 0x7FFFFFFF
        is_finite = is_there & (magnitude < 0x7F800000)
        is_infinite = is_there & (magnitude == 0x7F800000)
        nans += tl.sum((is_there & (magnitude > 0x7F800000)).to(tl.int32))
        below += tl.sum((is_infinite & (word < 0)).to(tl.int32))
        above += tl.sum((is_infinite & (word > 0)).to(tl.int32))
        wide = tl.where(is_finite, value, 0.0).to(tl.float64)
        total += tl.sum(wide)
        squares += tl.sum(wide * wide)
        low = tl.minimum(low, tl.min(tl.where(is_finite, value, float("inf"))).to(tl.float64))
        high = tl.maximum(high, tl.max(tl.where(is_finite, value, float("-inf"))).to(tl.float64))
    codes = tl.arange(0, CODES)
    table -= tl.where(codes == 0, absent, 0)  # what is not there was read as 0.0
    tl.atomic_add(counts + tensor * CODES + codes, table, mask=table != 0)
    row = moments + 7 * tensor
    tl.atomic_min(row, low)
    tl.atomic_max(row + 1, high)
    tl.atomic_add(row + 2, total)
    tl.atomic_add(row + 3, squares)
    tl.atomic_add(row + 4, nans.to(tl.float64))
    tl.atomic_add(row + 5, below.to(tl.float64))
    tl.atomic_add(row + 6, above.to(tl.float64))


def takes(tensors: Sequence[Tensor], *, bits: int = 3) -> bool:
    """Whether there is Triton, and all are dense CUDA tensors of a type that the kernel reads.

    Example:
        >>> takes([torch.ones(3)])
        False
    """
    return (
        HAS_TRITON
        and bits <= MOST_BITS
        and all(
            tensor.is_cuda and tensor.dtype in _KINDS and tensor.layout == torch.strided
            for tensor in tensors
        )
    )


def tables(tensors: Sequence[Tensor], *, bits: int = 3) -> tuple[Tensor, Tensor]:
    """Counts and moments of tensors, on their device; what `introspect.tensors.sweep.tables` gives.

    Args:
        tensors: Dense floats of at most 32 bits, on one device, any shapes.
        bits: Mantissa bits, 2..4.

    Returns:
        int32 of shape ``(T, C)`` and float64 of shape ``(T, 7)``: least and greatest finite
        value, their sum and sum of squares, how many are NaN, -Inf and +Inf.
    """
    rows = [_in_order(tensor.detach()) for tensor in tensors]
    device, size = rows[0].device, len(rows)
    blocks, programs = _blocks(rows)
    start = np.tile(np.array(_MOMENTS), size).view(np.int64)
    whole = np.array([[row.data_ptr() for row in rows], [row.numel() for row in rows]], np.int64)
    packed = torch.from_numpy(np.concatenate([whole.ravel(), start, blocks.ravel()]))
    if device.type == "cuda":
        packed = packed.pin_memory()
    packed = packed.to(device, non_blocking=True)
    pointers, lengths, moments, places = packed.split((size, size, 7 * size, blocks.size))
    moments = moments.view(torch.float64).view(size, 7)
    counts = torch.zeros((size, 1 << (9 + bits)), dtype=torch.int32, device=device)
    first = 0
    for kind, count in programs.items():
        here = places[2 * first :]
        _sweep[(count,)](
            here,
            pointers,
            lengths,
            counts,
            moments,
            KIND=kind,
            BITS=bits,
            CHUNK=CHUNK_VALUES,
            PROGRAM=PROGRAM_VALUES,
            num_warps=8,
        )
        first += count
    return counts, moments


def _in_order(tensor: Tensor) -> Tensor:
    """A tensor whose values fill their memory; a copy only if they do not."""
    order = sorted(range(tensor.dim()), key=tensor.stride, reverse=True)
    return tensor.permute(order).contiguous()


def _blocks(rows: Sequence[Tensor]) -> tuple[np.ndarray, dict[int, int]]:
    """Which tensor and from where, int64 of shape ``(P, 2)``, and how many programs a type has."""
    found: list[np.ndarray] = []
    programs: dict[int, int] = {}
    for kind in sorted({_KINDS[row.dtype] for row in rows}):
        for place, row in enumerate(rows):
            if _KINDS[row.dtype] != kind:
                continue
            starts = np.arange(0, row.numel(), PROGRAM_VALUES, dtype=np.int64)
            found.append(np.stack([np.full_like(starts, place), starts], axis=1))
            programs[kind] = programs.get(kind, 0) + len(starts)
    return np.concatenate(found), {kind: count for kind, count in programs.items() if count}
