"""What a forward changes in passing, put back: as if nothing had run.

Random number generators, buffers and inputs are copied before the run. Parameters are not,
for they are the bulk of a model and forwards rarely write them: a parameter is copied just before
the first function that may write it, which a `Recorder` sees coming. Where a write
came past it (an operator of one's own), the version counter tells, and a warning says so.

Cost: a copy of the buffers; 0.1 us a parameter.

Not here: lazy modules (``lazy``), fakes in place of tensors (``fake``).
"""

import functools
import sys
import threading
import warnings
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from types import FunctionType
from typing import Any

import torch
from torch import nn
from torch.nn import functional
from torch.nn.parameter import UninitializedBuffer, UninitializedParameter

from introspect.errors import IntrospectWarning
from introspect.graph.capture.inventory import Inventory, take_inventory
from introspect.graph.capture.storage import storage_of

_local = threading.local()


@contextmanager
def unchanged(
    model: nn.Module, inputs: Iterable[torch.Tensor] = (), inventory: Inventory | None = None
) -> Generator[None]:
    """Put back random number generators, buffers, inputs and parameters, as if nothing had run.

    Args:
        model: That will run.
        inputs: What it will be given.
        inventory: Of the model, if there is one already.
    """
    inventory = inventory or take_inventory(model)
    copies = Copies((*inventory.of_kind("buffer"), *inputs))
    devices = list(range(torch.cuda.device_count())) if torch.cuda.is_initialized() else []
    keeper, outer = Keeper(model, inventory.of_kind("parameter")), current_keeper()
    with torch.random.fork_rng(devices=devices):
        _local.keeper = keeper
        try:
            yield
        finally:
            _local.keeper = outer
            with torch.no_grad():
                copies.put_back()
                keeper.put_back()


def current_keeper() -> "Keeper | None":
    """That of the run of this thread."""
    return getattr(_local, "keeper", None)


_JOINED = frozenset({torch.float32, torch.bfloat16, torch.float16, torch.float64, torch.int64})
_JOINED |= {torch.int32, torch.int16, torch.int8, torch.uint8, torch.bool}
_SMALL = 65536  # numbers: to join larger ones saves nothing, and takes their memory twice


class Copies:
    """Copies of tensors: small plain ones joined end to end, the others one by one.

    To copy and to compare a hundred small ones as one costs a fifth of doing so one by one.

    Args:
        tensors: Each is written back only if its numbers changed, since a write invalidates
            what autograd has saved.
    """

    def __init__(self, tensors: Iterable[torch.Tensor]) -> None:
        self._single: list[tuple[torch.Tensor, int, torch.Tensor]] = []
        alike: dict[Any, list[torch.Tensor]] = {}
        for tensor in tensors:
            if isinstance(tensor, UninitializedBuffer):
                continue
            if _is_small(tensor):
                alike.setdefault((tensor.dtype, tensor.device), []).append(tensor)
            else:
                self._single.append((tensor, _version(tensor), tensor.detach().clone()))
        with torch.no_grad():
            self._joined = [_Joined(group) for group in alike.values()]

    def put_back(self) -> None:
        """Write back what has changed; to be called without gradients."""
        for tensor, version, before in self._single:
            if _has_changed(tensor, version, before):
                tensor.copy_(before)
        for joined in self._joined:
            joined.put_back()


def _is_small(tensor: torch.Tensor) -> bool:
    return (
        type(tensor) is torch.Tensor
        and tensor.dtype in _JOINED
        and tensor.layout is torch.strided
        and not tensor.is_meta
        and tensor.numel() <= _SMALL
    )


class _Joined:
    """The numbers of tensors of one dtype on one device, end to end."""

    def __init__(self, tensors: list[torch.Tensor]) -> None:
        self._tensors = tensors
        self._places = [(tensor.shape, tensor.data_ptr()) for tensor in tensors]
        self._before = torch.cat([tensor.reshape(-1) for tensor in tensors])

    def put_back(self) -> None:
        places = [(tensor.shape, tensor.data_ptr()) for tensor in self._tensors]
        if places == self._places:
            now = torch.cat([tensor.reshape(-1) for tensor in self._tensors])
            if _is_same(now, self._before):
                return
        sizes = [shape.numel() for shape, _ in self._places]
        parts = self._before.split(sizes)
        for tensor, place, was, part in zip(
            self._tensors, places, self._places, parts, strict=True
        ):
            before = part.view(was[0])
            if place != was:  # `x.data = ...`: what it shows now is the memory of another
                tensor.data = before.clone()
            elif not _is_same(tensor.reshape(-1), part):
                tensor.copy_(before)


def _is_same(one: torch.Tensor, other: torch.Tensor) -> bool:
    """Whether two have the same bits: NaN equals NaN, 0 is not -0."""
    return torch.equal(one.view(torch.uint8), other.view(torch.uint8))


class Keeper:
    """Copies parameters before they are written.

    Args:
        model: Names them.
        parameters: All of the model's.
    """

    def __init__(self, model: nn.Module, parameters: Iterable[torch.Tensor]) -> None:
        self._model = model
        self._parameters: dict[int, tuple[torch.Tensor, int]] = {
            id(parameter): (parameter, _version(parameter))
            for parameter in parameters
            if not isinstance(parameter, UninitializedParameter)
        }
        self._copies: dict[int, tuple[torch.Tensor, torch.Tensor]] = {}
        self._storages: dict[int, list[int]] = {}

    def before_write(
        self,
        func: Callable[..., Any],
        args: Sequence[Any],
        options: Mapping[str, Any],
        given: Iterable[torch.Tensor],
    ) -> None:
        """A function that may write is about to run.

        Args:
            func: A torch function.
            args: Its arguments.
            options: Its keyword arguments.
            given: The tensors among them.
        """
        if isinstance(func, FunctionType) and not _writes(func, args, options):
            return
        for tensor in given:
            for parameter in self._behind(tensor):
                if parameter not in self._copies:
                    original, _ = self._parameters[parameter]
                    with torch._C.DisableTorchFunction(), torch.no_grad():
                        # `p.data = ...` gives the parameter another memory: this is the old
                        self._copies[parameter] = (original.detach(), original.detach().clone())

    def _behind(self, tensor: torch.Tensor) -> Sequence[int]:
        """The parameters that a tensor is, or is a view of."""
        if id(tensor) in self._parameters:
            return (id(tensor),)
        with torch._C.DisableTorchFunction():
            if not self._storages:
                for key, (parameter, _) in self._parameters.items():
                    self._storages.setdefault(storage_of(parameter), []).append(key)
            return self._storages.get(storage_of(tensor), ())

    def put_back(self) -> None:
        """Give every parameter the memory and the numbers that it had."""
        lost = set()
        for key, (parameter, version) in self._parameters.items():
            copy = self._copies.get(key)
            if copy is None:
                if _version(parameter) != version:
                    lost.add(key)
                continue
            memory, before = copy
            if storage_of(parameter) != storage_of(memory) or parameter.shape != memory.shape:
                parameter.data = memory
            if _has_changed(parameter, version, before):
                parameter.copy_(before)
        if lost:
            names = [name for name, p in self._model.named_parameters() if id(p) in lost]
            warnings.warn(
                f"the model wrote {', '.join(names[:3])}{' ...' if len(names) > 3 else ''} where "
                "introspect could not see it coming: these parameters stay as the run left them",
                IntrospectWarning,
                stacklevel=2,
            )


_SWITCHES = {functional.embedding: "max_norm", functional.embedding_bag: "max_norm"}
"""Options of the functions written in Python that make them write what they are given."""


def _writes(func: FunctionType, args: Sequence[Any], options: Mapping[str, Any]) -> bool:
    """Whether a torch function written in Python writes what it is given, as it is called."""
    if options.get("out") is not None or func.__name__.endswith("_"):
        return True
    name, place = _switch(func)
    asked = args[place] if len(args) > place else options.get(name)
    return asked is not None and asked is not False


@functools.cache
def _switch(func: FunctionType) -> tuple[str, int]:
    """The argument that makes a function write, ``inplace`` for most, and where it stands."""
    name = _SWITCHES.get(func, "inplace")
    names = func.__code__.co_varnames[: func.__code__.co_argcount]
    return name, names.index(name) if name in names else sys.maxsize


def _has_changed(tensor: torch.Tensor, version: int, before: torch.Tensor) -> bool:
    """Whether to copy it back. Only then, for a copy invalidates what autograd has saved.

    Native batch_norm writes without counting versions, so the values are compared; sparse
    tensors have no comparison, so there the version counts.
    """
    if _version(tensor) != version:
        return True
    return tensor.layout is torch.strided and not torch.equal(tensor, before)


def _version(tensor: torch.Tensor) -> int:
    return 0 if tensor.is_inference() else tensor._version
