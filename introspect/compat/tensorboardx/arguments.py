"""What tensorboardX changes before it writes: tags, and the axes of films.

Not here: everything that both writers share (``compat.tensorboard``).
"""

import logging
import re
from typing import Any

import numpy as np
import numpy.typing as npt

from introspect.compat.tensorboard.arguments import make_np as _make_np

_UNFIT = re.compile(r"[^-/\w\.]")
_log = logging.getLogger("tensorboardX.x2num")  # the name by which programs silence it


def clean_tag(name: str) -> str:
    """A tag without what TensorFlow did not allow once.

    Example:
        >>> clean_tag("/a b:c")
        'a_b_c'
    """
    return _UNFIT.sub("_", name).lstrip("/")


def make_np(x: Any) -> npt.NDArray[Any]:
    """Numbers, lists, arrays and tensors as an array; says in the log if something is not finite.

    Raises:
        NotImplementedError: If it is anything else.

    Example:
        >>> make_np(2.5).shape
        ()
    """
    array = np.asarray(x) if np.isscalar(x) else _make_np(x)
    return check_nan(array)


def check_nan(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The same array; says in the log if something in it is not finite."""
    if array.dtype.kind in "fc" and not np.isfinite(array).all():
        _log.warning("NaN or Inf found in input tensor.")
    return array


def convert_to_NTCHW(tensor: npt.NDArray[Any], input_format: str) -> npt.NDArray[Any]:  # noqa: N802  tensorboardX's name
    """Films of any order of axes as (N, T, C, H, W).

    Raises:
        AssertionError: If they do not fit.
    """
    check_video(tensor.shape, input_format)
    return tensor.transpose([input_format.upper().find(letter) for letter in "NTCHW"])


def check_video(shape: tuple[int, ...], letters: str) -> None:
    """Refuse axes that do not fit.

    Raises:
        AssertionError: If there are not five different letters and axes.
    """
    if len(letters) != 5 or len(set(letters)) != 5:
        raise AssertionError(f"Only 5D tensor is supported, each axis once: {letters}")
    if len(shape) != 5:
        raise AssertionError(
            f"size of input tensor and input format are different: {shape}, {letters}"
        )
