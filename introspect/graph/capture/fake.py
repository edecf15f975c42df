"""A model whose parameters, buffers and inputs have shapes but no numbers.

Each parameter and buffer is replaced, in its module, by a fake tensor of torch's
``FakeTensorMode`` for the time of one forward, and put back whatever happens. Nothing is
computed and nothing is allocated: a 70B model traces in megabytes. A tensor on ``meta`` gets
a fake on the CPU, since plain ``meta`` tensors fail where a model looks at a device.

Cost: the first use in a process loads a second's worth of torch; then 50 to 200 us an op.
"""

import functools
import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn
from torch.nn.parameter import UninitializedBuffer, UninitializedParameter
from torch.utils import _pytree as pytree

from introspect.graph.capture.inventory import Inventory, take_inventory
from introspect.graph.capture.leaves import named_tensors

Slot = tuple[dict[str, Any], str, torch.Tensor]


def lives_on_meta(model: nn.Module, inputs: Any, inventory: Inventory | None = None) -> bool:
    """Whether a parameter, a buffer or an input has no numbers to compute with.

    Args:
        model: That holds the parameters and buffers.
        inputs: Any nest of containers.
        inventory: Of the model, if there is one already.
    """
    tensors = [named.tensor for named in (inventory or take_inventory(model)).tensors.values()]
    tensors += [tensor for _, tensor in named_tensors(inputs)]
    return any(tensor.is_meta for tensor in tensors)


@contextmanager
def faked(model: nn.Module, inputs: Any, *, is_watched: bool = False) -> Generator[Any]:
    """The model with fake tensors in place of its own, and its inputs faked likewise.

    Args:
        model: Changed meanwhile, and as it was afterwards.
        inputs: Any nest of containers; tensors in it are replaced in a copy.
        is_watched: Whether ``memo_watch`` will look at the model's code.

    Yields:
        The faked inputs.
    """
    mode = _mode(is_quiet=is_watched)(allow_non_fake_inputs=True)
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


@functools.cache
def _mode(*, is_quiet: bool) -> Any:
    """``FakeTensorMode``; if quiet, one whose own Python code is not seen by a profile function.

    ``memo_watch`` looks at the model's code, and an ATen operator on fake tensors is a thousand
    calls of torch's. From Python 3.12 on, switching costs more than it saves.
    """
    from torch._subclasses.fake_tensor import FakeTensorMode  # noqa: PLC0415  a second, once

    if not is_quiet or sys.version_info >= (3, 12):
        return FakeTensorMode

    class QuietFakeTensorMode(FakeTensorMode):
        def __torch_dispatch__(
            self, func: Any, types: Any, args: Any = (), kwargs: Any = None
        ) -> Any:
            profile = sys.getprofile()
            # What others register as the fake of their own operators is the user's code. A
            # profiler written in C (cProfile) cannot be set again, and sees everything.
            if not callable(profile) or func.namespace != "aten":
                return super().__torch_dispatch__(func, types, args, kwargs)
            sys.setprofile(None)
            try:
                return super().__torch_dispatch__(func, types, args, kwargs)
            finally:
                sys.setprofile(profile)

    return QuietFakeTensorMode


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
    fake: torch.Tensor
    if isinstance(tensor, UninitializedParameter | UninitializedBuffer):
        with torch._C._DisableTorchDispatch(), torch._C.DisableTorchFunction():
            nothing = torch.empty(0, dtype=tensor.data.dtype, device="meta")
            fake = _lazy_fake(type(tensor))(mode, nothing, device)
    elif tensor.layout is torch.strided:
        fake = new_fake(mode, tensor.shape, tensor.stride(), dtype=tensor.dtype, device=device)
    else:
        with mode, torch.no_grad():
            fake = torch.empty(tensor.shape, dtype=tensor.dtype, device=device)
    if isinstance(tensor, nn.Parameter):
        fake.requires_grad = tensor.requires_grad
        fake._is_param = True  # what makes a tensor of another class a parameter
    elif tensor.requires_grad:
        fake.requires_grad = True
        if not tensor.is_leaf:  # or a model that writes into it would be refused
            with mode, torch.enable_grad():
                fake = fake.clone()
    return fake


@functools.cache
def _lazy_fake(kind: type[torch.Tensor]) -> Any:
    """The class of the fakes of a lazy module's tensors, which have no shape before it runs.

    Torch gives them one in place, as it does with real ones: a parameter stays the same object
    and keeps its name.

    Args:
        kind: ``UninitializedParameter`` or ``UninitializedBuffer``.
    """
    from torch._subclasses.fake_tensor import FakeTensor  # noqa: PLC0415  a second, once

    def make(cls: Any, *about: Any) -> Any:
        return FakeTensor.__new__(cls, *about)

    def materialize(self: Any, shape: Any, device: Any = None, dtype: Any = None) -> None:
        self.__class__ = FakeTensor  # first, since a fake's data are read through its shape
        self.data = torch.empty(shape, device=device or self.device, dtype=dtype or self.dtype)

    facts = {"__new__": make, "materialize": materialize}
    return type(kind)(f"Fake{kind.__name__}", (kind, FakeTensor), facts)


def new_fake(
    mode: Any,
    shape: Sequence[int],
    stride: Sequence[int],
    *,
    dtype: torch.dtype,
    device: torch.device,
) -> torch.Tensor:
    """A fake tensor made directly: 10 us, where ``empty_strided`` in the mode costs 60.

    Args:
        mode: A ``FakeTensorMode``.
        shape: Sizes.
        stride: In elements.
        dtype: Any.
        device: That the tensor claims to be on.
    """
    from torch._subclasses.fake_tensor import FakeTensor  # noqa: PLC0415  a second, once

    with torch._C._DisableTorchDispatch(), torch._C.DisableTorchFunction():
        meta = torch.empty_strided(shape, stride, dtype=dtype, device="meta")
        return FakeTensor(mode, meta, device)
