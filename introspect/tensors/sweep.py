"""Many tensors of one accelerator to Sketches, without waiting for it.

The values of all tensors stand in one row, in groups of at most 16 M; codes are counted by
one scatter into a table of ``(tensors, 4096)``, moments by reductions over segments: some
twenty launches a group, whatever the number of tensors. The tables go to pinned memory
behind it on the same stream, and are read when an event says that they have arrived.

Cost: on the host 0.1 ms a group and 10 us a tensor when it is read; on the device 17 bytes of
room a value of one group.

It runs on any device that torch has; on the CPU ``introspect.tensors.count`` is faster.

Axes:
    T: tensors    N: values of a group    C: codes, ``2**(9 + bits)``

Not here: which tensors (``introspect.tensors.recording``).
"""

from collections.abc import Callable, Iterator, Sequence
from math import nan
from typing import Any, Generic, TypeVar

import torch
from torch import Tensor

from introspect.nouns.float_bins import Tally
from introspect.nouns.sketch import Sketch

Result = TypeVar("Result")

GROUP_VALUES = 1 << 24
_MOMENTS = ("low", "high", "total", "squares", "nans", "below", "above")
_FLOATS = (torch.float32, torch.float16, torch.bfloat16)


class Sent:
    """Tensors on their way to the host.

    Attributes:
        tensors: Their copies, which may be read once `is_ready` says so, or after `wait`.
    """

    def __init__(self, tensors: Sequence[Tensor]) -> None:
        self._event: Any = None
        if not any(tensor.is_cuda for tensor in tensors):
            self.tensors = [tensor.cpu() for tensor in tensors]
            return
        self.tensors = [
            torch.empty_like(tensor, device="cpu", pin_memory=True) for tensor in tensors
        ]
        for room, tensor in zip(self.tensors, tensors, strict=True):
            room.copy_(tensor, non_blocking=True)
        self._event = torch.cuda.Event()
        self._event.record()

    @property
    def is_ready(self) -> bool:
        """Whether everything has arrived. Does not wait."""
        return self._event is None or self._event.query()

    def wait(self) -> None:
        """Wait until everything has arrived."""
        if self._event is not None:
            self._event.synchronize()


class Coming(Generic[Result]):
    """Something that can be read once its tensors have arrived."""

    def __init__(self, tensors: Sequence[Tensor], read: Callable[[list[Tensor]], Result]) -> None:
        self._sent = Sent(tensors)
        self._read = read
        self._results: list[Result] = []

    @property
    def is_ready(self) -> bool:
        """Whether `result` would not wait."""
        return self._sent.is_ready

    def result(self) -> Result:
        """What was sent; waits for it. Read once."""
        if not self._results:
            self._sent.wait()
            self._results.append(self._read(self._sent.tensors))
        return self._results[0]


def can_sweep(tensor: Tensor) -> bool:
    """Whether it is worth it, and exact: dense floats of at most 32 bits on a CUDA device."""
    return tensor.is_cuda and tensor.dtype in _FLOATS and tensor.layout == torch.strided


def tables(tensors: Sequence[Tensor], *, bits: int = 3) -> tuple[Tensor, Tensor]:
    """Counts and moments of tensors, on their device.

    Args:
        tensors: Dense floats of at most 32 bits, on one device, any shapes.
        bits: Mantissa bits.

    Returns:
        int32 of shape ``(T, C)`` and float64 of shape ``(T, 7)``: least and greatest finite
        value, their sum and sum of squares, how many are NaN, -Inf and +Inf.
    """
    with torch.no_grad():
        found = [_group(group, bits) for group in _groups(tensors)]
        return torch.cat([one for one, _ in found]), torch.cat([two for _, two in found])


def read_tables(counts: Tensor, moments: Tensor, *, bits: int = 3) -> list[Sketch]:
    """Sketches from `tables` that have arrived on the CPU.

    Example:
        >>> read_tables(*tables([torch.tensor([1.0, -2.0])]))
        [<Sketch of 2 values: mean -0.5, std 1.5, -2 to 1>]
    """
    sketches = []
    for row, found in zip(counts.to(torch.int64).numpy(), moments.tolist(), strict=True):
        stats = dict(zip(_MOMENTS, found, strict=True))
        is_empty = stats["low"] > stats["high"]
        tally = Tally(
            row,
            nan if is_empty else stats["low"] + 0.0,
            nan if is_empty else stats["high"] + 0.0,
            stats["total"],
            stats["squares"],
            int(stats["nans"]),
            (int(stats["below"]), int(stats["above"])),
        )
        sketches.append(Sketch.from_tally(tally, bits=bits))
    return sketches


def _groups(tensors: Sequence[Tensor]) -> Iterator[list[Tensor]]:
    group: list[Tensor] = []
    size = 0
    for tensor in tensors:
        if group and size + tensor.numel() > GROUP_VALUES:
            yield group
            group, size = [], 0
        group.append(tensor)
        size += tensor.numel()
    yield group


def _group(tensors: Sequence[Tensor], bits: int) -> tuple[Tensor, Tensor]:
    """One group; a tensor larger than a group is one by itself."""
    device, codes = tensors[0].device, 1 << (9 + bits)
    flat = torch.cat([tensor.detach().reshape(-1).float() for tensor in tensors])
    lengths = torch.tensor([tensor.numel() for tensor in tensors], dtype=torch.int64, device="cpu")
    if device.type == "cuda":
        lengths = lengths.pin_memory()
    lengths = lengths.to(device, non_blocking=True)
    rows = torch.arange(len(tensors), dtype=torch.int64, device=device)
    place = (flat.view(torch.int32) >> (23 - bits)).bitwise_and_(codes - 1).long()
    place += torch.repeat_interleave(rows * codes, lengths, output_size=len(flat))
    counts = torch.zeros(len(tensors) * codes, dtype=torch.int32, device=device)
    counts.scatter_add_(0, place, torch.ones(1, dtype=torch.int32, device=device).expand(len(flat)))
    return counts.view(len(tensors), codes), _moments(flat, lengths)


def _moments(flat: Tensor, lengths: Tensor) -> Tensor:
    reduce: Any = torch.segment_reduce  # ty: ignore[missing-attribute]  torch's stubs lack it

    def over(values: Tensor, how: str, start: float) -> Tensor:
        return reduce(values, how, lengths=lengths, unsafe=True, initial=start)

    is_finite = flat.isfinite()
    finite = flat.where(is_finite, 0.0).double()
    low = over(flat.where(is_finite, torch.inf), "min", torch.inf)
    high = over(flat.where(is_finite, -torch.inf), "max", -torch.inf)
    sums = [finite, finite.square()]
    sums += [flat.isnan().double(), flat.isneginf().double(), flat.isposinf().double()]
    found = [low.double(), high.double(), *(over(values, "sum", 0.0) for values in sums)]
    return torch.stack(found, dim=1)
