"""A running forward -> raw records: the part of tracing that runs inside the model.

A `TorchFunctionMode` sees every call of a torch function with the very tensor objects that
the model uses; global module hooks tell which module is running. Both are thread-local or
check the thread, and both are gone when the `with` block ends, however it ends.

What is recorded are plain rows (`OpRow`, `ValueRow`, `CallRow`); ``assemble`` makes the
nouns of them after the forward, so that the forward itself is slowed as little as can be:
about 10 us an op, of which the mode is 1.5 us and the walk to the user's line 2 us.

How tensors become values:

- A tensor is known by its id *and* a weak reference, since ids are reused after a free.
- Each value remembers the tensor's version counter. A later read with another version
  means that someone wrote through a view: a new value, made by the last writer of the
  storage.
- An op that returns its own input (``contiguous``, ``to`` without effect, dropout in
  evaluation) makes no new value, or the module around it would seem to produce it.
"""

import sys
import threading
import weakref
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

import torch
from torch import nn
from torch.nn.modules import module as torch_module
from torch.overrides import TorchFunctionMode

from introspect.graph.frames import locate
from introspect.graph.leaves import collect, named_tensors
from introspect.nouns.graph import TENSOR, ValueKind

_DATA_DEPENDENT = frozenset(
    "item tolist __bool__ __int__ __float__ __index__ numpy nonzero equal is_nonzero".split()
)


def _metadata_functions() -> frozenset[Any]:
    """Calls that read about a tensor, not from it. Never a node; tested first, on every call."""
    getters = (
        "shape dtype device requires_grad ndim is_cuda is_meta is_sparse is_quantized grad_fn "
        "is_leaf _version layout itemsize nbytes is_nested _base grad is_mps is_xla is_cpu is_xpu "
        "names output_nr retains_grad is_mkldnn is_sparse_csr"
    )
    methods = (
        "size dim stride numel is_contiguous is_floating_point is_complex storage_offset data_ptr "
        "__len__ untyped_storage nelement element_size get_device ndimension is_signed "
        "is_inference __hash__ __repr__ is_same_size register_hook requires_grad_ dense_dim "
        "sparse_dim has_names"
    )
    found: set[Any] = {torch.is_floating_point, torch.is_complex, torch.numel, torch.is_tensor}
    for name in getters.split():
        getter = getattr(torch.Tensor, name, None)
        if hasattr(getter, "__get__"):
            found.add(getter.__get__)
    found.update(getattr(torch.Tensor, name, None) for name in methods.split())
    return frozenset(found)


_METADATA = _metadata_functions()


@dataclass(slots=True)
class ValueRow:
    """One tensor at one moment, before it becomes a `Value`."""

    shape: tuple[int, ...] | None
    dtype: torch.dtype
    device: torch.device
    kind: ValueKind
    producer: int | None
    name: str = ""
    aliases: tuple[str, ...] = ()


@dataclass(slots=True)
class OpRow:
    """One call of a torch function, before it becomes an `Op`. Numbers are row numbers."""

    name: str
    call: int | None
    inputs: list[int]
    outputs: list[int]
    arguments: tuple[Any, ...]
    options: dict[str, Any]
    function: str
    source: tuple[str, int] | None
    writes: bool


@dataclass(slots=True)
class CallRow:
    """One run of a module's forward, before it becomes a `Call`."""

    module: nn.Module
    path: str
    parent: int | None
    repetition: int
    inputs: list[int]
    outputs: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Failure:
    """Where an exception was first seen on its way out of the model."""

    error: BaseException
    call: int | None
    op: str = ""


class Recorder(TorchFunctionMode):
    """Records what happens between ``with recorder:`` and its end.

    Args:
        model: Names of modules, parameters and buffers come from it.
        source: Whether to look up the user's line for every op (2 us each).

    Attributes:
        ops, values, calls: The rows, in the order of events.
        failure: The last exception seen, whether or not the model caught it.
    """

    def __init__(self, model: nn.Module, *, source: bool = True) -> None:
        super().__init__()
        self.ops: list[OpRow] = []
        self.values: list[ValueRow] = []
        self.calls: list[CallRow] = []
        self.failure: Failure | None = None
        self._source = source
        self._known: dict[int, tuple[weakref.ref[torch.Tensor], int, int]] = {}
        self._writers: dict[int, int] = {}
        self._named = _names_of_tensors(model)
        self._paths = {module: path for path, module in reversed(list(model.named_modules()))}
        self._repetitions: dict[nn.Module, int] = {}
        self._stack: list[tuple[nn.Module, int]] = []
        self._call: int | None = None
        self._thread = threading.get_ident()
        self._hooks: list[Any] = []

    def __enter__(self) -> Self:
        enter = torch_module.register_module_forward_pre_hook(self._enter_module)
        # always_call: an exception that the model catches must still close its module
        leave = torch_module.register_module_forward_hook(self._leave_module, always_call=True)
        self._hooks = [enter, leave]
        super().__enter__()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None:
        try:
            super().__exit__(exc_type, exc_val, exc_tb)
        finally:
            for hook in self._hooks:
                hook.remove()
            self._known.clear()

    # ------------------------------------------------------------------ values

    def add_input(self, name: str, tensor: torch.Tensor) -> int:
        """Register a tensor that the user passes to the model."""
        known = self._lookup(tensor)
        return self._mint(tensor, "input", None, name) if known is None else known

    def value_of(self, tensor: torch.Tensor) -> int:
        """The row of a tensor as it is now; minted if it was never seen or has changed."""
        entry = self._known.get(id(tensor))
        if entry is None or entry[0]() is not tensor:
            names = self._named.get(id(tensor))
            if names is not None and names[0] is tensor:
                return self._mint(tensor, names[1], None, names[2], names[3])
            return self._mint(tensor, "constant", None)
        if _version(tensor) != entry[2]:
            writer = self._writers.get(_storage(tensor))
            return self._mint(tensor, "result", writer)
        return entry[1]

    def _lookup(self, tensor: torch.Tensor) -> int | None:
        entry = self._known.get(id(tensor))
        return entry[1] if entry is not None and entry[0]() is tensor else None

    def _mint(
        self,
        tensor: torch.Tensor,
        kind: ValueKind,
        producer: int | None,
        name: str = "",
        aliases: tuple[str, ...] = (),
    ) -> int:
        row = len(self.values)
        self.values.append(
            ValueRow(_shape(tensor), tensor.dtype, tensor.device, kind, producer, name, aliases)
        )
        self._known[id(tensor)] = (weakref.ref(tensor), row, _version(tensor))
        return row

    # --------------------------------------------------------------------- ops

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        """Run one torch function and write it down."""
        del types
        options = kwargs or {}
        if func in _METADATA:
            return func(*args, **options)
        given = collect(args, [])
        if options:
            collect(options, given)
        inputs = [self.value_of(tensor) for tensor in given]
        before = [_version(tensor) for tensor in given]
        try:
            result = func(*args, **options)
        except BaseException as error:
            self.failure = Failure(error, self._call, _name_of(func))
            raise
        made = collect(result, []) if result is not None else []
        written = [t for t, version in zip(given, before, strict=True) if _version(t) != version]
        if not made and not written and _name_of(func) not in _DATA_DEPENDENT:
            return result  # it asked about a tensor, and got no tensor
        self._add_op(func, args, options, inputs, written, made)
        return result

    def _add_op(
        self,
        func: Callable[..., Any],
        args: tuple[Any, ...],
        options: dict[str, Any],
        inputs: list[int],
        written: list[torch.Tensor],
        made: list[torch.Tensor],
    ) -> None:
        index = len(self.ops)
        outputs: list[int] = []
        for tensor in written:
            self._writers[_storage(tensor)] = index
            outputs.append(self._mint(tensor, "result", index))
        for tensor in made:
            known = self._lookup(tensor)
            row = self._mint(tensor, "result", index) if known is None else known
            if row not in outputs:
                outputs.append(row)
        function, source = locate() if self._source else ("", None)
        self.ops.append(
            OpRow(
                name=_name_of(func),
                call=self._call,
                inputs=inputs,
                outputs=outputs,
                arguments=tuple(_template(arg) for arg in args),
                options={name: _template(arg) for name, arg in options.items()},
                function=function,
                source=source,
                writes=bool(written),
            )
        )

    # ----------------------------------------------------------------- modules

    def _enter_module(self, module: nn.Module, args: tuple[Any, ...]) -> None:
        if threading.get_ident() != self._thread:
            return  # global hooks see every thread, a mode only its own
        with torch._C.DisableTorchFunction():
            count = self._repetitions.get(module, 0)
            self._repetitions[module] = count + 1
            path = self._paths.get(module)
            self.calls.append(
                CallRow(
                    module=module,
                    path=f"<{type(module).__name__}>" if path is None else path,
                    parent=self._call,
                    repetition=count,
                    inputs=[self.value_of(tensor) for tensor in collect(args, [])],
                )
            )
            self._call = len(self.calls) - 1
            self._stack.append((module, self._call))

    def _leave_module(self, module: nn.Module, args: Any, result: Any) -> None:
        del args
        if threading.get_ident() != self._thread or all(m is not module for m, _ in self._stack):
            return
        with torch._C.DisableTorchFunction():
            call = self._call
            while self._stack:
                entered, call = self._stack.pop()
                if entered is module:
                    break
            self._call = self._stack[-1][1] if self._stack else None
            error = sys.exc_info()[1]
            if error is not None and (self.failure is None or self.failure.error is not error):
                self.failure = Failure(error, call)
            if call is not None and result is not None:
                tensors = [tensor for _, tensor in named_tensors(result)]
                self.calls[call].outputs = [self.value_of(tensor) for tensor in tensors]


def _names_of_tensors(
    model: nn.Module,
) -> dict[int, tuple[torch.Tensor, ValueKind, str, tuple[str, ...]]]:
    """Tensor id -> (tensor, kind, first name, further names), for parameters and buffers."""
    named: dict[int, tuple[torch.Tensor, ValueKind, str, tuple[str, ...]]] = {}
    kinds: tuple[tuple[ValueKind, Any], ...] = (
        ("parameter", model.named_parameters),
        ("buffer", model.named_buffers),
    )
    for kind, listing in kinds:
        for name, tensor in listing(remove_duplicate=False):
            seen = named.get(id(tensor))
            row = (tensor, kind, name, ()) if seen is None else (*seen[:3], (*seen[3], name))
            named[id(tensor)] = row
    return named


def _shape(tensor: torch.Tensor) -> tuple[int, ...] | None:
    try:
        return tuple(tensor.shape)
    except RuntimeError:  # nested tensors have no one shape
        return None


def _version(tensor: torch.Tensor) -> int:
    try:
        return tensor._version
    except RuntimeError:  # inference tensors do not track versions
        return 0


def _storage(tensor: torch.Tensor) -> int:
    try:
        return tensor.untyped_storage()._cdata
    except (RuntimeError, NotImplementedError):  # sparse and opaque tensors have none
        return id(tensor)


_function_names: dict[Any, str] = {}


def _name_of(func: Callable[..., Any]) -> str:
    """``conv2d``, ``__add__``; the attribute's name for a property such as ``T``."""
    name = _function_names.get(func)
    if name is None:
        name = getattr(func, "__name__", None) or str(func)
        if name in {"__get__", "__set__"}:
            name = getattr(getattr(func, "__self__", None), "__name__", name)
        _function_names[func] = name
    return name


_PLAIN = (int, float, str, complex, type(None), torch.dtype, torch.device, type(...))


def _template(argument: Any) -> Any:
    """An argument without its tensors, safe to keep: what is mutable is copied."""
    if isinstance(argument, torch.Tensor):
        return TENSOR
    if isinstance(argument, _PLAIN):
        return argument
    if isinstance(argument, list | tuple):
        return tuple(_template(item) for item in argument)
    if isinstance(argument, dict):
        return {key: _template(item) for key, item in argument.items()}
    if isinstance(argument, slice):
        return slice(*(_template(part) for part in (argument.start, argument.stop, argument.step)))
    return f"<{type(argument).__name__}>"
