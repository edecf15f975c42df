"""A tensor to the values that are counted: all of them, or a sample at a prime distance.

A distance that divides a dimension would meet the same columns again and again; a prime that
divides none does not. The same values are taken each time, so differences are of the same.

Cost: nothing for all; a copy of the sample otherwise.

Not here: counting (``introspect.tensors.count``).
"""

from collections.abc import Sequence
from functools import lru_cache

import torch
from torch import Tensor


def sampled(tensor: Tensor, size: int | None) -> Tensor:
    """At most about `size` values of a tensor as one row; the tensor itself if it has no more.

    Example:
        >>> import torch
        >>> sampled(torch.arange(100.0).reshape(10, 10), 9).tolist()
        [0.0, 13.0, 26.0, 39.0, 52.0, 65.0, 78.0, 91.0]
    """
    if size is None or tensor.numel() <= size or tensor.layout != torch.strided:
        return tensor
    return tensor.reshape(-1)[:: stride_of(tuple(tensor.shape), size)].clone()


@lru_cache(maxsize=4096)
def stride_of(shape: Sequence[int], size: int) -> int:
    """The first prime that leaves at most `size` values and divides no dimension.

    Example:
        >>> stride_of((4096, 4096), 65536)
        257
    """
    total = 1
    for side in shape:
        total *= side
    stride = max(2, -(-total // size))
    while not _is_prime(stride) or any(side > 1 and side % stride == 0 for side in shape):
        stride += 1
    return stride


def _is_prime(number: int) -> bool:
    return all(number % divisor for divisor in range(2, int(number**0.5) + 1))
