"""A model whose parameters, buffers and inputs have shapes but no numbers.

Each parameter and buffer is replaced, in its module, by a fake tensor of torch's
``FakeTensorMode`` for the time of one forward, and put back whatever happens. Nothing is
computed and nothing is allocated: a 70B model traces in megabytes. A tensor on ``meta`` gets
a fake on the CPU, since plain ``meta`` tensors fail where a model looks at a device.

Cost: the first use in a process loads a second's worth of torch; then 50 to 200 us an op.
"""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn
from torch.utils import _pytree as pytree

from introspect.graph.capture.leaves import named_tensors

Slot = tuple[dict[str, Any], str, torch.Tensor]


def lives_on_meta(model: nn.Module, inputs: Any) -> bool:
    """Whether a parameter, a buffer or an input has no numbers to compute with."""
    tensors = [*model.parameters(), *model.buffers()]
    tensors += [tensor for _, tensor in named_tensors(inputs)]
    return any(tensor.is_meta for tensor in tensors)


@contextmanager
def faked(model: nn.Module, inputs: Any) -> Generator[Any]:
    """The model with fake tensors in place of its own, and its inputs faked likewise.

    Args:
        model: Changed meanwhile, and as it was afterwards.
        inputs: Any nest of containers; tensors in it are replaced in a copy.

    Yields:
        The faked inputs.
    """
    from torch._subclasses.fake_tensor import FakeTensorMode  # noqa: PLC0415  a second, once

    mode = FakeTensorMode(allow_non_fake_inputs=True)
    fakes: dict[int, torch.Tensor] = {}

    def fake(tensor: torch.Tensor) -> torch.Tensor:
        known = fakes.get(id(tensor))  # tied weights stay tied
        if known is None:
            known = fakes[id(tensor)] = _fake(mode, tensor)
        return known

    slots = _slots(model)
    try:
        for place, name, tensor in slots:
            place[name] = fake(tensor)
        with mode:
            yield pytree.tree_map_only(torch.Tensor, fake, inputs)
    finally:
        for place, name, tensor in slots:
            place[name] = tensor


def _slots(model: nn.Module) -> list[Slot]:
    """Every place in the model that holds a parameter or buffer."""
    return [
        (place, name, tensor)
        for module in model.modules()
        for place in (module._parameters, module._buffers)
        for name, tensor in place.items()
        if tensor is not None
    ]


def _fake(mode: Any, tensor: torch.Tensor) -> torch.Tensor:
    device = torch.device("cpu") if tensor.is_meta else tensor.device
    with mode, torch.no_grad():
        if tensor.layout is torch.strided:
            fake = torch.empty_strided(
                tensor.shape, tensor.stride(), dtype=tensor.dtype, device=device
            )
        else:
            fake = torch.empty(tensor.shape, dtype=tensor.dtype, device=device)
        if isinstance(tensor, nn.Parameter):
            fake = nn.Parameter(fake, requires_grad=tensor.requires_grad)
    return fake
