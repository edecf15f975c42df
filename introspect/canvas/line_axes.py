"""Limits and ticks of the axes of a line chart, linear and logarithmic.

A logarithmic axis is linear in log10 of its values: limits, ticks and curves are in that unit,
and only their words are in the values.

Not here: the curves (``introspect.canvas.lines``), ticks of steps (``introspect.canvas.timeline``).
"""

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from introspect.canvas.ticks import THIN_SPACE, format_ticks, nice_ticks
from introspect.canvas.timeline import Timeline
from introspect.nouns.panels.lines import Ends

Floats = npt.NDArray[np.float64]
Range = tuple[float, float]
Marks = tuple[tuple[float, str], ...]

HUGE = 1e300  # beyond, differences of two values overflow
_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def y_range(columns: Sequence[Floats]) -> Range:
    """Bottom and top of the axis for some columns of values.

    Zero is the bottom when nothing is negative and the data reach below a third of the top;
    the top is the 99 % value after the first 2 % of each column, unless the highest value
    is hardly above it, and never below a newest value.

    Example:
        >>> y_range([np.array([8.0, *np.linspace(1.0, 0.2, 99)])])[0]
        0.0
        >>> y_range([np.array([8.0, *np.linspace(1.0, 0.2, 99)])])[1] < 1.1
        True
    """
    finite = [column[np.isfinite(column)] for column in columns]
    finite = [np.clip(column, -HUGE, HUGE) for column in finite if column.size]
    if not finite:
        return 0.0, 1.0
    low = min(float(column.min()) for column in finite)
    highest = max(float(column.max()) for column in finite)
    top = max(_late_top(column) for column in finite)
    if highest - low <= 1.25 * (top - low):
        top = highest
    if top <= low:  # constant
        pad = abs(low) * 0.1 or 0.5
        return low - pad, low + pad
    if low >= 0 and low < top / 3:
        return 0.0, top * 1.06
    pad = 0.06 * (top - low)
    return low - pad, top + pad


def log_range(columns: Sequence[Floats]) -> Range:
    """Both ends of an axis of log10 values; nothing is cut off.

    Example:
        >>> low, high = log_range([np.array([-3.0, 1.0])])
        >>> low < -3.0 and high > 1.0
        True
    """
    finite = [column[np.isfinite(column)] for column in columns]
    finite = [column for column in finite if column.size]
    if not finite:
        return -1.0, 0.0
    low = min(float(column.min()) for column in finite)
    high = max(float(column.max()) for column in finite)
    pad = 0.05 * (high - low) or 0.15
    return low - pad, high + pad


def log_ticks(low: float, high: float, *, most: int = 5) -> Marks:
    """Ticks of a logarithmic axis: 1-2-5 on less than 1.6 decades, 1-3 below 2.2, else powers.

    Args:
        low: Left or lower end, log10.
        high: The other end, log10.
        most: Upper bound of the number of powers.

    Example:
        >>> log_ticks(-4.1, 0.2)
        ((-4.0, '10⁻⁴'), (-3.0, '10⁻³'), (-2.0, '10⁻²'), (-1.0, '10⁻¹'), (0.0, '1'))
        >>> [label for _, label in log_ticks(-0.4, 0.9)]
        ['0.5', '1', '2', '5']
    """
    span = high - low
    if span < 0.5:  # hardly logarithmic: round values, wherever they lie
        values = [v for v in nice_ticks(10**low, 10**high, most=most) if v > 0]
        return tuple(zip(map(math.log10, values), format_ticks(values), strict=True))
    if span < 2.2:
        factors = (1, 2, 5) if span < 1.6 else (1, 3)
        decades = range(math.floor(low), math.ceil(high) + 1)
        found = [(d + math.log10(f), float(f"{f}e{d}")) for d in decades for f in factors]
        return tuple((at, _plain(v)) for at, v in found if low - 1e-9 <= at <= high + 1e-9)
    decades = list(range(math.ceil(low - 1e-9), math.floor(high + 1e-9) + 1))
    stride = -(-len(decades) // most)
    return tuple((float(d), _power(d)) for d in decades if d % stride == 0)


def limits_of(limits: Range, wanted: Ends | None, *, log: bool, least: float = 1e-12) -> Range:
    """The ends that a user wants, where one was named; in log10 where `log`."""
    if wanted is None:
        return limits
    ends = list(limits)
    for index, end in enumerate(wanted):
        if end is not None and math.isfinite(end) and (end > 0 or not log):
            ends[index] = math.log10(end) if log else float(end)
    low, high = min(ends), max(ends)
    return (low, high) if high - low > least * max(abs(low), abs(high), 1.0) else (low, low + 1.0)


def steps_of(wanted: Ends | None, line: Timeline, *, epochs: bool) -> Ends | None:
    """Ends in epochs as positions on the timeline; ends in steps as they are."""
    if wanted is None or not epochs:
        return wanted
    low, high = (None if end is None else line.position_of_epoch(end) for end in wanted)
    return low, high


def x_marks(line: Timeline, limits: Range, *, most: int, epochs: bool, log: bool) -> Marks:
    """At most `most` ticks of the x axis."""
    if not log:
        return tuple(line.ticks(*limits, most=most, epochs=epochs))
    marks = log_ticks(*limits, most=most)
    marks = marks if len(marks) <= most else marks[:: -(-len(marks) // most)]
    return tuple(
        (at, f"{line.unit}{label}" if not i else label) for i, (at, label) in enumerate(marks)
    )


def _late_top(column: Floats) -> float:
    """The 99 % value after the first 2 %, or the newest value if that is higher."""
    late = column[len(column) // 50 :]
    index = int(np.ceil(0.99 * (len(late) - 1)))
    return max(float(np.partition(late, index)[index]), float(column[-1]))


def _plain(value: float) -> str:
    if not 1e-3 <= value < 1e6:
        exponent = math.floor(math.log10(value) + 1e-9)
        factor = round(value / 10.0**exponent)
        return _power(exponent) if factor == 1 else f"{factor}×{_power(exponent)}"
    return f"{value:,.10g}".replace(",", THIN_SPACE)


def _power(exponent: int) -> str:
    return {0: "1", 1: "10"}.get(exponent) or f"10{str(exponent).translate(_SUPERSCRIPT)}"
