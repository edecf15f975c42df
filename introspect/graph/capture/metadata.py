"""Which torch functions ask about a tensor, and what the others are called."""

from collections.abc import Callable, Mapping, Sequence
from types import BuiltinFunctionType, MethodDescriptorType, WrapperDescriptorType
from typing import Any

import torch
from torch.nn import functional


def _metadata_functions() -> frozenset[Any]:
    getters = (
        "shape dtype device requires_grad ndim is_cuda is_meta is_sparse is_quantized grad_fn "
        "is_leaf _version layout itemsize nbytes is_nested _base grad is_mps is_xla is_cpu is_xpu "
        "names output_nr retains_grad is_mkldnn is_sparse_csr"
    )
    methods = (
        "size dim stride numel is_contiguous is_floating_point is_complex storage_offset data_ptr "
        "__len__ untyped_storage nelement element_size get_device ndimension is_signed "
        "is_inference __hash__ __repr__ is_same_size register_hook requires_grad_ dense_dim "
        "sparse_dim has_names _is_view"
    )
    found: set[Any] = {torch.is_floating_point, torch.is_complex, torch.numel, torch.is_tensor}
    for name in getters.split():
        getter = getattr(torch.Tensor, name, None)
        if hasattr(getter, "__get__"):
            found.add(getter.__get__)
    found.update(getattr(torch.Tensor, name, None) for name in methods.split())
    return frozenset(found)


METADATA = _metadata_functions()
"""Calls that read about a tensor, not from it: never an op."""

_names: dict[Any, str] = {}


def name_of(func: Callable[..., Any]) -> str:
    """``conv2d``, ``__add__``; ``T`` and ``set_data`` for reading and setting a property.

    Example:
        >>> name_of(torch.relu), name_of(torch.Tensor.T.__get__)
        ('relu', 'T')
    """
    name = _names.get(func)
    if name is None:
        name = getattr(func, "__name__", None) or str(func)
        if name in {"__get__", "__set__"}:
            attribute = getattr(getattr(func, "__self__", None), "__name__", name)
            name = attribute if name == "__get__" else f"set_{attribute}"
        _names[func] = name
    return name


FunctionFacts = tuple[str, bool, bool]
"""Name of a torch function, whether it may write its inputs (unless asked to by ``out=``), and
whether Python reads numbers through it. No name: it asks about a tensor and is no op."""

READS_NUMBERS = frozenset(
    "item tolist __bool__ __int__ __float__ __index__ numpy nonzero equal is_nonzero".split()
)
"""Names of the functions through which Python reads numbers, or sizes that depend on them."""

FACTS: dict[Any, FunctionFacts] = dict.fromkeys(METADATA, ("", False, False))
"""What is known of each torch function that was met: one look-up an op."""


# Operators that never write; the schemas of the others tell.
_PURE = frozenset(
    "__add__ __radd__ __sub__ __mul__ __rmul__ __truediv__ __div__ __matmul__ __neg__ __getitem__ "
    "__eq__ __ne__ __lt__ __le__ __gt__ __ge__ __and__ __or__ __xor__ __invert__".split()
)
_OWNERS = ("torch", "torch._C._nn", torch._C.TensorBase)
_WRITTEN_IN_C = (BuiltinFunctionType, MethodDescriptorType, WrapperDescriptorType)


def learn(func: Callable[..., Any]) -> FunctionFacts:
    """The facts of a function that is not in `FACTS`; now it is.

    Example:
        >>> learn(torch.Tensor.tolist), learn(torch.add), learn(torch.Tensor.add_)
        (('tolist', True, True), ('add', False, False), ('add_', True, False))
    """
    name = name_of(func)
    may_write = func in RUNNING_STATISTICS or not _is_pure(func, name)
    facts = FACTS[func] = (name, may_write, name in READS_NUMBERS)
    return facts


def _is_pure(func: Callable[..., Any], name: str) -> bool:
    """Whether torch's own schemas say that it writes nothing but what is given as ``out=``."""
    if not isinstance(func, _WRITTEN_IN_C):
        return False  # of Python: it may do anything
    if name in _PURE:
        return True
    owner = getattr(func, "__module__", None) or getattr(func, "__objclass__", None)
    if owner not in _OWNERS:
        return False
    schemas = torch._C._jit_get_schemas_for_operator(f"aten::{name}")
    return bool(schemas) and not any(
        argument.alias_info is not None and argument.alias_info.is_write and not argument.kwarg_only
        for schema in schemas
        for argument in schema.arguments
    )


RUNNING_STATISTICS: Mapping[Any, tuple[tuple[int, str], ...]] = {
    functional.batch_norm: ((1, "running_mean"), (2, "running_var"), (5, "training")),
    functional.instance_norm: ((1, "running_mean"), (2, "running_var"), (5, "use_input_stats")),
    torch.batch_norm: ((3, "running_mean"), (4, "running_var"), (5, "training")),
}
"""Norms, and where their running mean, running variance and switch stand."""


GET_DATA: Any = torch.Tensor.data.__get__  # ty: ignore[missing-attribute]  of C
SET_DATA: Any = torch.Tensor.data.__set__  # ty: ignore[missing-attribute]  of C
UNCOUNTED = frozenset({*RUNNING_STATISTICS, GET_DATA, SET_DATA})
"""Functions that write, or let others write, without counting a version."""


def silently_written(
    func: Callable[..., Any], args: Sequence[Any], options: Mapping[str, Any]
) -> list[torch.Tensor]:
    """What a function writes without counting a version.

    The running statistics of a norm in training; the tensor that is given other ``data``.

    Args:
        func: One of `UNCOUNTED`.
        args: Its arguments.
        options: Its keyword arguments.
    """
    if func not in RUNNING_STATISTICS:
        return [args[0]] if func == SET_DATA else []
    mean, variance, is_on = (
        args[k] if k < len(args) else options.get(name, k == 5 and "use" in name)
        for k, name in RUNNING_STATISTICS[func]
    )
    return [t for t in (mean, variance) if is_on and isinstance(t, torch.Tensor)]


def writes_by_name(name: str, options: Mapping[str, Any]) -> bool:
    """Whether a torch function writes one of its inputs, as far as its name tells.

    For inference tensors alone, which do not count their versions.

    Example:
        >>> writes_by_name("mul_", {}), writes_by_name("__add__", {}), writes_by_name("add", {})
        (True, False, False)
    """
    if options.get("out") is not None or options.get("inplace") is True:
        return True
    if name.startswith("__"):
        return name == "__setitem__" or name.startswith("__i")
    return name.endswith("_")
