"""Which values of a distributed tensor this rank counts.

Every value is counted by one rank: of a DTensor each rank counts its shard, and where the
tensor is a copy only the first rank of that mesh dimension; plain parameters are copies of
those of rank 0, as they are in DDP. So the sum of all ranks' sketches is the sketch of the
whole tensor. Activations that are no DTensors are each rank's own, as their batches are.

Cost: 2 us a DTensor, nothing for others.

Not here: adding up when it is read (``introspect.nouns.watched.over_ranks``), or by one
collective (``introspect.tensors.reducing``).
"""

import sys
from typing import Any

import torch
from torch import Tensor


def world() -> tuple[int, int]:
    """Rank and number of ranks of ``torch.distributed``; (0, 1) if it is not in use."""
    distributed = torch.distributed
    if distributed.is_available() and distributed.is_initialized():
        return distributed.get_rank(), distributed.get_world_size()
    return 0, 1


def is_dtensor(tensor: Any) -> bool:
    """Whether it is spread over ranks; does not import what nobody has imported."""
    module: Any = sys.modules.get("torch.distributed.tensor")
    return module is not None and isinstance(tensor, module.DTensor)


def own_part(tensor: Tensor, *, is_copy: bool) -> Tensor | None:
    """The values that this rank counts; None if another rank counts the same.

    Args:
        tensor: Of a DTensor, the shard is taken.
        is_copy: Whether plain tensors are the same on every rank.
    """
    if not is_dtensor(tensor):
        return None if is_copy and world()[0] else tensor
    spread: Any = tensor
    if any(place.is_partial() for place in spread.placements):
        from torch.distributed.tensor import Replicate  # noqa: PLC0415  a DTensor is here already

        whole = [Replicate() if p.is_partial() else p for p in spread.placements]
        spread = spread.redistribute(placements=whole)
    places = spread.device_mesh.get_coordinate()
    if places is None:
        return None
    copies = (at for at, how in zip(places, spread.placements, strict=True) if how.is_replicate())
    return None if any(copies) else spread.to_local()
