"""What a call of `log` was given: a step, a key and numbers, or the error that says why not.

Not here: values that are more than a number (``codec``).
"""

import sys
from collections.abc import Callable
from operator import index
from typing import Any

import numpy as np

from introspect.errors import HistoryError
from introspect.history.codec import KINDS, OnDevice
from introspect.nouns.metric import Step

READERS: dict[type, Callable[[Any], float]] = dict.fromkeys(
    [int, bool, *(kind for kind in set(np.sctypeDict.values()) if np.dtype(kind).kind in "biuf")],
    float,
)
"""For the hot path of `log`: what turns a value of exactly this class into a float. It may raise
anything, for then the long way decides. Tensors are added when the first one is logged."""

_INT64 = range(-(1 << 63), 1 << 63)


def checked_step(step: Any) -> Step:
    """A step as a Python int, or a tuple of two.

    Args:
        step: Anything that counts as an int (NumPy's do, a bool does not), or (epoch, step).

    Raises:
        HistoryError: If it is anything else, or beyond int64.

    Example:
        >>> checked_step(np.int32(7)), checked_step((np.int64(1), 7))
        (7, (1, 7))
    """
    parts = step if isinstance(step, tuple) else (step,)
    cause: Exception | None = None
    try:
        numbers = [index(part) for part in parts if not isinstance(part, (bool, np.bool_))]
    except Exception as error:  # noqa: BLE001  an __index__ of somebody else may raise anything
        numbers, cause = [], error
    if len(numbers) != len(parts) or not all(number in _INT64 for number in numbers):
        raise _wrong_step(step, cause)
    if not isinstance(step, tuple):
        return numbers[0]
    if len(numbers) != 2:
        raise _wrong_step(step, cause)
    return numbers[0], numbers[1]


def number_of(value: Any) -> float | OnDevice | None:
    """A value as a float, or the promise of one from an accelerator; None if it is no number.

    Example:
        >>> number_of(np.float32(0.5)), number_of(True), number_of([1.0]) is None
        (0.5, 1.0, True)
    """
    # Tensors first: they are what loops log, and every isinstance costs them 0.1 us.
    if hasattr(value, "detach"):
        if type(value) not in READERS:
            _learn(type(value))
        if value.ndim:
            return None
        return float(value.item()) if getattr(value, "is_cpu", True) else OnDevice.of(value)
    if isinstance(value, (int, float, np.floating, np.integer, np.bool_)):
        return float(value)
    if isinstance(value, np.ndarray) and value.ndim == 0:
        return float(value.item())
    return None


def _learn(kind: type) -> None:
    """Take the plain classes of torch into `READERS`; not subclasses, which may do as they like."""
    torch: Any = sys.modules.get("torch")
    if torch is not None and kind in {torch.Tensor, torch.nn.Parameter}:
        READERS[kind] = _number_of_tensor


def _number_of_tensor(tensor: Any) -> float:
    """A tensor without dimensions on the CPU as a float, in a third of a microsecond."""
    if tensor.is_cpu and not tensor.dim():
        return float(tensor.item())
    raise ValueError


def empty_key(step: Step) -> HistoryError:
    """The error of a key that is empty."""
    return HistoryError(
        "a key cannot be empty.",
        where=f"history.log({step!r}, ...)",
        given="''",
        hint="history.log(step, loss=loss)",
    )


def unstorable(key: str, value: Any, error: BaseException | None = None) -> HistoryError:
    """The problem of a value that was left out."""
    kinds = ", ".join(kind.name for kind in KINDS.values())
    return HistoryError(
        "a value cannot be logged; it was left out.",
        where=f"history.log(..., {_shortened(key)}=...)",
        given=type(value).__name__,
        cause=error,
        hint=f"a number, or one of: {kinds}",
    )


def _wrong_step(step: Any, cause: Exception | None) -> HistoryError:
    return HistoryError(
        "a step is an int, or a tuple (epoch, step) of two ints, within int64.",
        where="history.log(step, ...)",
        given=f"{_shortened(repr(step))} ({type(step).__name__})",
        cause=cause,
        hint="history.log(step, loss=loss) or history.log((epoch, step), loss=loss)",
    )


def _shortened(text: str) -> str:
    return text if len(text) <= 60 else text[:59] + "…"
