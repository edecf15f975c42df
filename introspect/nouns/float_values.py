"""Anything that holds numbers to one flat row of float32 or float64.

Which of the two: float32 where that is exact (bool, integers up to 16 bits, float16, bfloat16,
float8, float32), otherwise float64. Complex numbers become their magnitude.

Cost: no copy of float32 and float64 that are contiguous in any order of their axes.

Not here: recognising tensors (``introspect.nouns.values.to_numpy``), counting
(``introspect.nouns.float_bins``).
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from introspect.errors import SketchError
from introspect.nouns.values import to_numpy


def without_gaps(values: Any) -> tuple[Any, int]:
    """A sparse tensor to the values that it stores, and how many zeros it does not.

    So that the gradient of a large embedding is never made dense. Anything else as it is.

    Raises:
        SketchError: If the tensor cannot be read.

    Example:
        >>> without_gaps([1.0, 0.0])
        ([1.0, 0.0], 0)
    """
    layout = str(getattr(values, "layout", "")).removeprefix("torch.")
    if not layout.startswith("sparse"):
        return values, 0
    try:
        values = values.detach()
        if layout == "sparse_coo":
            values = values.coalesce()  # adds up what is stored twice
        stored = values.values()
    except (TypeError, ValueError, RuntimeError) as error:
        raise _refused(values, error) from error
    return stored, values.numel() - stored.numel()


def flat_floats(values: Any) -> npt.NDArray[Any]:
    """The numbers in `values` as float32 or float64 of shape ``(n,)``, in any order.

    Raises:
        SketchError: If they are no numbers.

    Example:
        >>> flat_floats([[True, False]]), flat_floats([3 + 4j])
        (array([1., 0.], dtype=float32), array([5.]))
    """
    try:
        if getattr(values, "is_nested", False):  # rows of different lengths
            rows = [flat_floats(row) for row in values.detach().unbind()]
            return np.concatenate(rows) if rows else np.empty(0, np.float32)
        array = to_numpy(_plain_tensor(values))
    except (TypeError, ValueError, RuntimeError) as error:
        raise _refused(values, error) from error
    kind, size = array.dtype.kind, array.dtype.itemsize
    if kind == "c":
        array = np.abs(array.astype(np.complex128, copy=False))  # complex64 may overflow in abs
    elif kind == "V" and array.dtype.names is None:  # bfloat16 and float8 of other packages
        try:
            array = array.astype(np.float32)
        except (TypeError, ValueError) as error:
            raise _refused(values, error) from error
    elif kind not in "biuf":
        raise _refused(values, None)
    elif kind == "f" and size > 8:
        array = _narrowed(array)
    wide = array.dtype.kind in "iuf" and array.dtype.itemsize > 2 and array.dtype.itemsize != 4
    wide = wide or (array.dtype.kind in "iu" and array.dtype.itemsize == 4)
    return array.astype(np.float64 if wide else np.float32, copy=False).ravel(order="K")


def _narrowed(array: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Long double to float64; what is finite stays finite."""
    largest = np.finfo(np.float64).max
    return np.where(np.isfinite(array), array.clip(-largest, largest), array).astype(np.float64)


def _plain_tensor(values: Any) -> Any:
    """A tensor of any layout to a strided one; anything else as it is. Needs no torch."""
    if not hasattr(values, "detach"):
        return values
    values = values.detach()
    if hasattr(values, "to_local"):  # a DTensor: the shard of this rank
        values = values.to_local()
    if getattr(values, "is_quantized", False):
        values = values.dequantize()
    if str(getattr(values, "layout", "torch.strided")) != "torch.strided":
        values = values.to_dense()
    if values.is_complex():
        values = values.cdouble()
    for lazy_bit in ("resolve_conj", "resolve_neg"):
        values = getattr(values, lazy_bit)()
    return values


def _refused(values: Any, cause: BaseException | None) -> SketchError:
    kind = getattr(values, "dtype", type(values).__name__)
    return SketchError(
        "these values are no numbers that can be counted.",
        given=f"{kind} {tuple(getattr(values, 'shape', ()))}".removesuffix(" ()"),
        cause=cause,
        hint="a tensor, an array or a sequence of bool, int, float or complex",
    )
