"""What an ``add_*`` was given -> a number, a step, or an array that nobody else can change.

A training loop changes its tensors in place, so what is encoded later is copied now; a tensor
on an accelerator is copied there, and read by the thread.

Cost: 0.4 us a scalar tensor, 0.2 ms a million float32.

Not here: what is written of it (``encoding``, ``pictures``, ``histograms``).
"""

import warnings
from typing import Any

import numpy as np
import numpy.typing as npt

from introspect.errors import IntrospectWarning
from introspect.history.codec import OnDevice, on_accelerator
from introspect.nouns.values import to_numpy

Array = npt.NDArray[Any]
Kept = Array | OnDevice
"""A copy, perhaps on an accelerator."""

_warned: set[str] = set()


def one_number(value: Any) -> float | OnDevice:
    """A scalar of any kind: a number, an array or tensor of one element, of any shape.

    Raises:
        AssertionError: If it has another number of elements, as torch's writer does.
        NotImplementedError: If it is no array of numbers at all, likewise.

    Example:
        >>> one_number(3), one_number(np.float32([[0.5]]))
        (3.0, 0.5)
    """
    if hasattr(value, "detach"):
        if getattr(value, "is_cpu", True):
            try:
                return float(value.item())
            except (RuntimeError, ValueError):
                _check_one(value.numel(), value.ndim)
                raise
        _check_one(value.numel(), value.ndim)
        return float("nan") if value.is_meta else OnDevice.of(value)
    if isinstance(value, (int, float, str)):
        return float(value)
    array = make_np(value)
    _check_one(array.size, array.ndim)
    return float(array.reshape(-1)[0])


def _check_one(size: int, dimensions: int) -> None:
    if size != 1:
        raise AssertionError(
            "Tensor should contain one element (0 dimensions). "
            f"Was given size: {size} and {dimensions} dimensions."
        )


def number(kept: float | OnDevice) -> float:
    """A number, wherever it was."""
    return float(kept.fetch().reshape(-1)[0]) if isinstance(kept, OnDevice) else kept


def step_of(step: Any) -> int:
    """The step of an event: 0 if there is none; numbers and tensors as ints."""
    return 0 if step is None else int(step)


def make_np(x: Any) -> Array:
    """Numbers, arrays and tensors as an array; bfloat16 as float32, a number as shape ``(1,)``.

    Tensors of MXNet, Chainer, Paddle and JAX are read as well.

    Raises:
        NotImplementedError: If it is anything else.

    Example:
        >>> make_np(2.5)
        array([2.5])
    """
    if isinstance(x, np.ndarray):
        return x
    if np.isscalar(x):
        return np.array([x])
    if hasattr(x, "is_quantized"):
        return np.full(1, np.nan) if getattr(x, "is_meta", False) else _of_tensor(x)
    if hasattr(x, "asnumpy"):  # MXNet and its kin
        return np.asarray(x.asnumpy())
    if type(x).__module__.startswith("chainer"):
        return np.asarray(x.data.get() if hasattr(x.data, "get") else x.data)
    if isinstance(x, (list, tuple)) or hasattr(x, "__array__"):
        array = np.array([make_np(part) for part in x]) if _is_nested(x) else np.asarray(x)
        if array.dtype != object:
            return array
    raise NotImplementedError(f"Got {type(x)}, but numpy array or torch tensor are expected.")


def _is_nested(x: Any) -> bool:
    return isinstance(x, (list, tuple)) and any(hasattr(part, "detach") for part in x)


def _of_tensor(tensor: Any) -> Array:
    plain = tensor.detach().cpu()
    if plain.is_quantized:
        plain = plain.dequantize()
    if plain.layout is not None and "strided" not in str(plain.layout):
        plain = plain.to_dense()
    try:
        return plain.resolve_conj().resolve_neg().numpy()
    except TypeError:  # bfloat16, float8 and complex32, which NumPy does not know
        return plain.cfloat().numpy() if plain.is_complex() else to_numpy(plain)


def keep(value: Any) -> Kept:
    """A copy of an array or tensor.

    Raises:
        NotImplementedError: If it is none.
    """
    if on_accelerator(value) and not value.is_meta:
        return OnDevice.of(value)
    return np.array(make_np(value), order="C", copy=True)


def array(kept: Kept) -> Array:
    """An array, wherever it was."""
    return kept.fetch() if isinstance(kept, OnDevice) else kept


def shape_of(value: Any) -> tuple[int, ...]:
    """The shape of an array or tensor, without reading it."""
    return tuple(value.shape) if hasattr(value, "shape") else make_np(value).shape


def size_bytes(kept: Any) -> int:
    """What a copy takes in memory."""
    if isinstance(kept, OnDevice):
        return kept.tensor.numel() * kept.tensor.element_size()
    return getattr(kept, "nbytes", 0)


def warn_once(about: str, text: str) -> None:
    """Say that an argument cannot be honoured, once in a process."""
    if about not in _warned:
        _warned.add(about)
        warnings.warn(text, IntrospectWarning, stacklevel=3)
