"""hiddenlayer's ``write`` and ``to_data``: tensors as plain data, and in print."""

from typing import Any

import numpy as np

_MOST_LISTED = 10


def to_data(value: Any) -> Any:
    """A tensor as a NumPy array of its own, one number as Python's; anything else as it is.

    Args:
        value: A torch tensor of any device and dtype (bfloat16 becomes float32), a NumPy
            number, or anything.

    Example:
        >>> import torch
        >>> to_data(torch.ones(2, dtype=torch.bfloat16)), to_data(np.float32(0.5))
        (array([1., 1.], dtype=float32), 0.5)
    """
    if type(value).__module__.startswith("torch") and hasattr(value, "detach"):
        tensor = value.detach().cpu()
        tensor = tensor.to_dense() if tensor.layout.__repr__() != "torch.strided" else tensor
        name = str(tensor.dtype)
        tensor = tensor.float() if "bfloat16" in name or "float8" in name else tensor
        value = tensor.resolve_conj().resolve_neg().numpy().copy()
        return value if value.shape else value.item()
    return value.item() if isinstance(value, np.generic) else value


def write(*args: Any) -> None:
    """Print, with dtype, shape, least and greatest value of tensors and arrays.

    Args:
        *args: Anything; each array ends its line.

    Example:
        >>> write("weights", np.eye(2))
        weights	Tensor  float64 (2, 2)  min: 0.000  max: 1.000
    """
    row = ""
    for arg in map(to_data, args):
        if isinstance(arg, np.ndarray):
            print(row + ("\t" if row else "") + _described(arg))  # noqa: T201  it is a print
            row = ""
        elif isinstance(arg, list):
            row += ("\t" if row else "") + f"list    len: {len(arg)}  {arg[:_MOST_LISTED]}"
        else:
            row += (" " if row else "") + str(arg)
    if row:
        print(row)  # noqa: T201  it is a print


def _described(array: np.ndarray[Any, Any]) -> str:
    words = f"Tensor  {array.dtype} {array.shape}"
    if array.size and array.dtype.kind in "fiub":
        words += f"  min: {float(array.min()):.3f}  max: {float(array.max()):.3f}"
    return words
