"""A torch tensor to a Sketch: the counts of `Sketch.of`, twice as fast on large ones.

The float32 words are shifted by NumPy (torch lacks the shift of unsigned words, so that it
needs a second pass to mask the sign) into a buffer that is kept between calls, and counted by
`torch.bincount`, 256k at a time: a temporary of the whole tensor spills the cache and costs
4.5 times as much, 64k at a time a third more. Moments are taken from a float64 copy of the
same chunk, in the same pass: in float32 it would be a sixth faster, and a spread of 0.001
about 1 a third off.

Cost: 1.2 ns an element in the cache of one core (0.7 counts, 0.5 moments), 1.5 to 2 from a busy
memory, 40 us a small tensor; 4 MB of buffers a thread. Half of that with
``introspect.tensors.count_compiled``, which is off until
somebody asks for it. A tensor on another device is copied to the CPU first, whole and once,
so it waits for that device. NaN, infinities and float64 beyond float32 send a tensor through
the NumPy path, which tells them apart.

Not here: what the bins are (``introspect.nouns.float_bins``), which tensors are counted
and when (``introspect.tensors.watching``), many of an accelerator
(``introspect.tensors.sweep``).
"""

import threading
from math import inf

import numpy as np
import torch
from torch import Tensor

from introspect.nouns.float_bins import Tally, fits, tally
from introspect.nouns.sketch import Sketch, check_bits
from introspect.tensors import count_compiled

CHUNK_VALUES = 1 << 18
SMALL_VALUES = 1 << 14
"""Below this the calls into torch cost more than NumPy's whole pass."""

_FLOATS = (torch.float32, torch.float64, torch.float16, torch.bfloat16)


class _Buffers(threading.local):
    """One chunk of codes, of float32 and of float64, for each thread.

    Made outside inference mode: tensors born in it cannot be written outside.
    """

    def __init__(self) -> None:
        with torch.inference_mode(mode=False):
            self.codes = torch.empty(CHUNK_VALUES, dtype=torch.int32, device="cpu")
            self.narrow = torch.empty(CHUNK_VALUES, dtype=torch.float32, device="cpu")
            self.wide = torch.empty(CHUNK_VALUES, dtype=torch.float64, device="cpu")
        self.words = self.codes.numpy().view(np.uint32)  # the same memory


_buffers = _Buffers()


def count(tensor: Tensor, *, bits: int = 3) -> Sketch:
    """Count the values of a tensor.

    Args:
        tensor: Any shape, dtype, layout and device; of a DTensor, this rank's shard. Read
            once, neither kept nor changed; no autograd graph is recorded.
        bits: Mantissa bits, 2..7.

    Raises:
        SketchError: If `bits` is out of range or the tensor cannot be read.

    Example:
        >>> count(torch.tensor([1.0, -2.0, 0.0])) == Sketch.of([1.0, -2.0, 0.0])
        True
    """
    check_bits(bits)
    tensor = tensor.detach()
    if type(tensor) is not Tensor and hasattr(tensor, "to_local"):
        with torch.no_grad():
            tensor = tensor.to_local()  # ty: ignore[not-callable]  a DTensor
    is_dense = tensor.layout == torch.strided and not (tensor.is_quantized or tensor.is_nested)
    if type(tensor) is not Tensor or not is_dense or tensor.dtype not in _FLOATS or tensor.is_meta:
        return Sketch.of(tensor, bits=bits)
    flat = _flat(tensor.cpu().resolve_neg())
    kernel = count_compiled.kernel()
    if kernel is not None and kernel.takes(flat):
        return kernel.count(flat, bits=bits)
    if len(flat) < SMALL_VALUES:
        return Sketch.from_tally(tally(_numbers(flat), bits), bits=bits)
    found = _tally(flat, bits)
    return Sketch.from_tally(tally(_numbers(flat), bits) if found is None else found, bits=bits)


def _flat(tensor: Tensor) -> Tensor:
    """All values as one row, without a copy if they fill their memory in any order of axes."""
    if tensor.is_contiguous():
        return tensor.view(-1)
    order = sorted(range(tensor.dim()), key=tensor.stride, reverse=True)
    return tensor.permute(order).reshape(-1)


def _numbers(flat: Tensor) -> np.ndarray:
    """A row of floats for NumPy, which has no bfloat16 and is slow on float16."""
    return (flat if flat.dtype in (torch.float32, torch.float64) else flat.float()).numpy()


def _tally(flat: Tensor, bits: int) -> Tally | None:
    """Counts and moments of a row of floats; None if some are not finite as float32."""
    codes, shift = 1 << (9 + bits), 23 - bits
    dense = np.zeros(codes, np.int64)
    low, high, total, squares = inf, -inf, 0.0, 0.0
    buffers = _buffers
    for chunk in flat.split(CHUNK_VALUES):
        size = len(chunk)
        least, greatest = torch.aminmax(chunk)
        low, high = min(low, least.item()), max(high, greatest.item())
        if not fits(low, high) or least != least:  # noqa: PLR0124  NaN, which min() passes over
            return None
        words = chunk if chunk.dtype == torch.float32 else buffers.narrow[:size].copy_(chunk)
        np.right_shift(words.numpy().view(np.uint32), shift, out=buffers.words[:size])
        dense += torch.bincount(buffers.codes[:size], minlength=codes).numpy()
        double = buffers.wide[:size].copy_(chunk)
        total += double.sum().item()
        squares += torch.dot(double, double).item()
    return Tally(dense, low + 0.0, high + 0.0, total, squares)
