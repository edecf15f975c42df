"""Times of a course to places on an axis, and its ticks.

Records stand at their steps where all steps are ints, else at their epochs, evenly within.

Not here: the axes of metrics (``introspect.canvas.timeline``).
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from introspect.canvas.ticks import format_ticks, nice_ticks
from introspect.nouns.metric import Step

Floats = npt.NDArray[np.float64]


def places_of(times: Sequence[Step]) -> Floats:
    """Ascending places of times, in steps or in epochs.

    The last record of an epoch stands at the epoch; those before it lie evenly behind the
    epoch before.

    Example:
        >>> places_of([(0, 1), (0, 2), (1, 1), (1, 2)]).tolist()
        [-0.5, 0.0, 0.5, 1.0]
    """
    if not any(isinstance(time, tuple) for time in times):
        return np.array(times, np.float64)
    epochs = np.array([time[0] if isinstance(time, tuple) else 0 for time in times])
    places = epochs.astype(np.float64)
    for epoch in np.unique(epochs):
        rows = np.flatnonzero(epochs == epoch)
        places[rows] += (np.arange(1, len(rows) + 1) - len(rows)) / len(rows)
    return places


def word_of(times: Sequence[Step]) -> str:
    """``"epoch"`` or ``"step"``."""
    return "epoch" if any(isinstance(time, tuple) for time in times) else "step"


def ticks_of(low: float, high: float, word: str, *, most: int) -> tuple[list[float], list[str]]:
    """Whole places and their words; the first one says what they are."""
    marks = [mark for mark in nice_ticks(low, high, most=most) if mark == round(mark)]
    if not marks:
        marks = [float(np.floor(high))]
    words = format_ticks(marks)
    return marks, [f"{word} {words[0]}", *words[1:]]
