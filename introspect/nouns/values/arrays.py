"""Anything that looks like a tensor or array to NumPy, and arrays that nobody else can change.

Not here: pixels (``introspect.nouns.values.pixels``).
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from introspect.errors import HistoryError

MOST_BYTES = 1 << 30
"""Arrays of one value may take so much together; a file holds no more of one, either."""


def to_numpy(values: Any) -> npt.NDArray[Any]:
    """A NumPy array of anything that looks like a tensor or array.

    Tensors are recognised by their methods, so that this module needs no torch. bfloat16
    and float8, which NumPy does not know, become float32.
    """
    if hasattr(values, "detach"):
        values = values.detach()
        if getattr(values, "is_floating_point", bool)() and values.element_size() < 4:
            values = values.float()
        values = values.cpu().numpy()
    return np.asarray(values)


def private(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """A read-only array in C order that shares no memory with one that can be written.

    Free for what it made itself.

    Example:
        >>> mine = private(np.zeros(3))
        >>> mine.flags.writeable, private(mine) is mine, private(mine[1:]) is mine
        (False, True, False)
    """
    if type(array) is np.ndarray and array.base is None and not array.flags.writeable:
        return array
    copy = np.array(array, order="C", copy=True, subok=False)
    copy.flags.writeable = False
    return copy


def real_numbers(values: Any, what: str, hint: str) -> npt.NDArray[Any]:
    """An array of bools, integers or floats.

    Raises:
        HistoryError: If it is anything else.
    """
    try:
        array = to_numpy(values)
    except (TypeError, ValueError) as error:  # rows of different lengths, say
        raise HistoryError(
            f"{what} needs numbers.", given=type(values).__name__, cause=error, hint=hint
        ) from error
    if array.dtype.kind not in "biuf":
        raise HistoryError(f"{what} needs real numbers.", given=described(array), hint=hint)
    return array


def check_array(
    array: Any, what: str, dtype: type[np.generic] | tuple[type[np.generic], ...], shape: str
) -> None:
    """Whether a field is an array of these types and of a shape such as ``"n 3"``.

    Args:
        array: What was given.
        what: The field, for the message.
        dtype: NumPy's classes of numbers.
        shape: Names and numbers of axes; a number must be met.

    Raises:
        HistoryError: If it is not.
    """
    wanted = dtype if isinstance(dtype, tuple) else (dtype,)
    axes = shape.split()
    is_good = isinstance(array, np.ndarray) and array.dtype.type in wanted
    is_good = is_good and array.ndim == len(axes)
    is_good = is_good and all(
        not axis.isdigit() or int(axis) == size
        for axis, size in zip(axes, array.shape, strict=True)
    )
    if not is_good:
        names = " or ".join(np.dtype(kind).name for kind in wanted)
        raise HistoryError(
            f"{what} is an array of {names} of shape ({', '.join(axes)}).", given=described(array)
        )
    if array.nbytes > MOST_BYTES:
        raise HistoryError(
            f"{what} is too large to be logged.",
            given=f"{described(array)}, {array.nbytes} bytes",
            hint=f"at most {MOST_BYTES} bytes",
        )


def check_type(value: Any, what: str, kind: type | tuple[type, ...]) -> None:
    """Whether a field is of exactly one of these classes.

    Raises:
        HistoryError: If it is not.
    """
    kinds = kind if isinstance(kind, tuple) else (kind,)
    if type(value) not in kinds:
        names = " or ".join(one.__name__ for one in kinds)
        raise HistoryError(
            f"{what} is of type {names}.", given=f"{repr(value)[:60]} ({type(value).__name__})"
        )


def check_names(names: Any, what: str) -> None:
    """Whether a field is a tuple of str.

    Raises:
        HistoryError: If it is not.
    """
    check_type(names, what, tuple)
    for name in names:
        check_type(name, f"each of {what}", str)


def described(array: Any) -> str:
    """Dtype and shape, for messages."""
    if isinstance(array, np.ndarray):
        return f"{array.dtype} {array.shape}"
    return type(array).__name__


def captioned(words: str, caption: str) -> str:
    """What stands in ``<...>``, with a caption if there is one; it cannot break out of its line.

    Example:
        >>> captioned("Audio 1 s", "a dog"), captioned("Audio 1 s", "")
        ('<Audio 1 s: a dog>', '<Audio 1 s>')
    """
    shown = "".join(c if c.isprintable() else repr(c)[1:-1] for c in str(caption))
    return f"<{words}{': ' if shown else ''}{shown}>"
