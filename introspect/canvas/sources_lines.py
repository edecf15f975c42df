"""What can stand beside lines: bands, baselines, epochs, axes, as users pass them.

Not here: the lines (``introspect.canvas.sources``).
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from introspect.errors import CanvasError
from introspect.nouns.metric import Metric
from introspect.nouns.panels import BarPanel, Baseline, Series
from introspect.nouns.panels.lines import Ends, Log, Smooth
from introspect.nouns.values import to_numpy


def checked_log(log: str) -> Log:
    """Which axes are logarithmic.

    Raises:
        CanvasError: If it is not ``""``, ``"x"``, ``"y"`` or ``"xy"``.

    Example:
        >>> checked_log("yx")
        'xy'
    """
    known: dict[str, Log] = {"": "", "x": "x", "y": "y", "xy": "xy", "yx": "xy"}
    if log not in known:
        raise CanvasError("this is no choice of axes.", given=f"{log=}", hint='log="y"')
    return known[log]


def checked_smooth(smooth: Any) -> Smooth:
    """How lines are smoothed.

    Raises:
        CanvasError: If it is neither a word nor a half-life.
    """
    if smooth in {"auto", "off"}:
        return "auto" if smooth == "auto" else "off"
    if smooth is None or smooth is False:
        return "off"
    try:
        half_life = float(smooth)
    except (TypeError, ValueError):
        half_life = -1.0
    if not 0 <= half_life < float("inf"):
        raise CanvasError(
            "smoothing is a half-life in steps.",
            given=f"{smooth=}",
            hint='smooth=50, smooth="auto" or smooth="off"',
        )
    return half_life


def checked_ends(ends: Any, name: str) -> Ends | None:
    """Both ends of an axis, None where the data say it.

    Raises:
        CanvasError: If it is no pair.
    """
    if ends is None:
        return None
    try:
        low, high = (None if end is None else float(end) for end in ends)
    except (TypeError, ValueError) as error:
        raise CanvasError(
            "ends of an axis are a pair.", given=f"{name}={ends!r}", hint=f"{name}=(0, None)"
        ) from error
    return low, high


def baselines_of(baselines: Any) -> tuple[Baseline, ...]:
    """Levels and ranges: a number, several, or a mapping of names to numbers or pairs.

    Example:
        >>> baselines_of({"linear": 0.84, "usual": (1e-4, 1e-2)})[1]
        Baseline(value=0.0001, name='usual', top=0.01)
    """
    if baselines is None:
        return ()
    if isinstance(baselines, Baseline):
        return (baselines,)
    named = baselines if isinstance(baselines, Mapping) else None
    if named is None:
        several = baselines if isinstance(baselines, list | tuple) else [baselines]
        pairs: list[tuple[str, Any]] = [("", level) for level in several]
    else:
        pairs = [(str(name), level) for name, level in named.items()]
    return tuple(_baseline(name, level) for name, level in pairs)


def _baseline(name: str, level: Any) -> Baseline:
    if isinstance(level, Baseline):
        return level
    if isinstance(level, Metric):
        level = level.last
    try:
        if isinstance(level, tuple | list):
            low, high = sorted(float(end) for end in level)
            return Baseline(low, name, high)
        return Baseline(float(level), name)
    except (TypeError, ValueError) as error:
        raise CanvasError(
            "a baseline is a number or a pair.",
            given=f"{name} {level!r}"[:200],
            hint='baselines={"linear": 0.84}',
        ) from error


def epochs_of(epochs: Any) -> float | tuple[int, ...] | None:
    """Steps in an epoch, or the steps at which epochs end.

    Raises:
        CanvasError: If it is neither.
    """
    if epochs is None:
        return None
    try:
        if np.ndim(epochs) == 0:
            width = float(epochs)
            if width > 0 and np.isfinite(width):
                return width
        else:
            return tuple(int(step) for step in epochs)
    except (TypeError, ValueError):
        pass
    raise CanvasError(
        "epochs are steps in an epoch, or the steps at which they end.",
        given=f"{epochs=}",
        hint="epochs=len(loader)",
    )


def in_epochs(panel: Any, epochs: Any) -> Any:
    """A panel over int steps as one over (epoch, step), where it is known how long epochs are.

    Args:
        panel: Any over steps, or bars of several columns.
        epochs: Steps in an epoch, or the steps at which epochs end; None for as it is.

    Raises:
        CanvasError: If it is neither.

    Example:
        >>> import numpy as np
        >>> from introspect.nouns.panels import PiePanel
        >>> shown = in_epochs(PiePanel("", np.array([0, 99, 100]), [1, 2, 3]), 100)
        >>> shown.steps.tolist()
        [[0, 0], [0, 99], [1, 0]]
    """
    known = epochs_of(epochs)
    if known is None:
        return panel
    if isinstance(panel, BarPanel):
        return replace(panel, groups=tuple(in_epochs(group, epochs) for group in panel.groups))
    if panel.steps is None or panel.steps.ndim == 2:
        return panel
    begins = np.array([0, *sorted(set(known))] if isinstance(known, tuple) else [0])
    if isinstance(known, tuple):
        epoch = np.searchsorted(begins, panel.steps, "right") - 1
        within = panel.steps - begins[np.maximum(epoch, 0)]
    else:
        epoch = np.floor_divide(panel.steps, known).astype(np.int64)
        within = (panel.steps - epoch * known).astype(np.int64)
    return replace(panel, steps=np.stack([epoch, within], axis=1))


def with_bands(series: Sequence[Series], band: Any) -> tuple[Series, ...]:
    """Lines with a band around one or more of them.

    Args:
        series: The lines.
        band: (low, high) for the first line, a list of such pairs (None for no band), or a
            mapping of line names to pairs; columns as long as the line, or Metrics.

    Raises:
        CanvasError: If a band is no pair, or not as long as its line.
    """
    if band is None:
        return tuple(series)
    if isinstance(band, Mapping):
        pairs = [band.get(line.name) for line in series]
    elif isinstance(band, list):
        pairs = [*band, *([None] * len(series))]
    else:
        pairs = [band, *([None] * len(series))]
    return tuple(
        line if pair is None else _banded(line, pair)
        for line, pair in zip(series, pairs, strict=False)
    )


def _banded(line: Series, pair: Any) -> Series:
    try:
        low, high = (_column(edge) for edge in pair)
    except (TypeError, ValueError) as error:
        raise CanvasError(
            "a band is a pair of columns.", given=type(pair).__name__, hint="band=(low, high)"
        ) from error
    size = len(line.values)
    short = min(len(low), len(high))
    if max(len(low), len(high)) > size or size - short > 1:
        raise CanvasError(
            "a band is as long as its line.",
            given=f"{len(low)} and {len(high)} values, line of {size}",
        )
    if short < size:  # logged a moment later than the line
        low, high = (np.append(edge[:short], [np.nan] * (size - short)) for edge in (low, high))
    return replace(line, low=low[:size], high=high[:size])


def _column(edge: Any) -> npt.NDArray[np.float64]:
    if isinstance(edge, Metric):
        if not edge.is_scalar:
            raise TypeError(edge.name)
        return edge.data
    return np.array(to_numpy(edge), dtype=np.float64).ravel()
