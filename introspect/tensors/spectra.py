"""Spectra of weight matrices: the largest singular values and the stable rank.

A matrix of small sides is decomposed whole; a larger one by block power iteration from
random vectors with a generator of its own, so that the training draws what it would have
drawn (Halko, Martinsson and Tropp 2011, algorithm 4.4, with orthonormal blocks).

Cost: 5 ms for 512 x 512; for larger ones 8 products with ``top + 8`` vectors.

Not here: when (``introspect.tensors.recording``).
"""

import torch
from torch import Tensor

SMALL_SIDE = 512
"""Matrices with a side of at most this are decomposed whole."""

ROUNDS = 8
SPARE = 8


def spectrum(weight: Tensor, top: int) -> tuple[Tensor, float] | None:
    """The largest singular values of a weight, and its stable rank.

    Args:
        weight: Of at least two dimensions; those behind the first are one.
        top: How many singular values.

    Returns:
        float32 of shape ``(min(top, sides),)``, descending, on the CPU; and the sum of all
        squares over the largest, 1 to the number of rows. None for vectors, for weights that
        are zero, and where something is not finite.

    Example:
        >>> values, stable_rank = spectrum(torch.diag(torch.tensor([2.0, 1.0])), 1)
        >>> values.tolist(), stable_rank
        ([2.0], 1.25)
    """
    if weight.dim() < 2 or not weight.is_floating_point() or not weight.numel():
        return None
    with torch.no_grad():
        matrix = weight.detach().float().flatten(1)
        total = matrix.square().sum()
        if not (torch.isfinite(total) and total > 0):
            return None
        if min(matrix.shape) <= SMALL_SIDE:
            values = torch.linalg.svdvals(matrix)[:top]
        else:
            values = _largest(matrix, top)
        return values.cpu(), float(total / values[0].square())


def _largest(matrix: Tensor, top: int) -> Tensor:
    """Singular values of the matrix within the space that its largest ones span."""
    generator = torch.Generator().manual_seed(0)
    width = min(top + SPARE, *matrix.shape)
    block = torch.randn(matrix.shape[1], width, generator=generator).to(matrix.device)
    for _ in range(ROUNDS):
        block = torch.linalg.qr(matrix.T @ torch.linalg.qr(matrix @ block).Q).Q
    return torch.linalg.svdvals(matrix @ block)[:top]
