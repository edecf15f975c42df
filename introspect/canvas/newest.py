"""The newest value of a stepped panel: as numbers, and its step in words.

Not here: what each kind makes of it.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from introspect.errors import CanvasError
from introspect.nouns.metric import format_step
from introspect.nouns.panels.stepped import Steps
from introspect.nouns.values import to_numpy


def numbers_of(value: Any) -> npt.NDArray[np.float64]:
    """Any array of real numbers as float64.

    Raises:
        CanvasError: If it holds something else.
    """
    array = to_numpy(value)
    if array.dtype.kind not in "biuf":
        raise CanvasError("these are no real numbers.", given=f"{array.dtype} {array.shape}")
    return array.astype(np.float64, copy=False)


def stated_step(steps: Steps | None) -> str:
    """The newest step in words; empty without one.

    Example:
        >>> stated_step(np.array([[2, 1], [2, 100]])), stated_step(np.array([7])), stated_step(None)
        ('step 2:100', 'step 7', '')
        >>> stated_step(np.array([[0, 99], [1, 99]]))
        'epoch 1'
    """
    if steps is None or not len(steps):
        return ""
    newest = steps[-1].tolist()
    if isinstance(newest, list) and len(steps) > 1 and (np.diff(steps[-3:, 0]) > 0).all():
        return f"epoch {newest[0]}"
    return f"step {format_step(tuple(newest) if isinstance(newest, list) else newest)}"


def rows_between(data: Sequence[Any], most: int) -> list[Any]:
    """At most `most` of the data, spread evenly, the last among them."""
    stride = max(1, -(-len(data) // max(most, 1)))
    return [data[at] for at in range(len(data) - 1, -1, -stride)][::-1]
