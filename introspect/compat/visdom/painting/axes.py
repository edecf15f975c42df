"""Plotly's layout to what an axis needs, and onto axes of matplotlib.

Not here: traces (``introspect.compat.visdom.painting.lines``).
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
_MOST_TICKS = 400


@dataclass(frozen=True, slots=True)
class Axis:
    """What is asked of an axis.

    Attributes:
        title: Beside it.
        is_log: Whether it is logarithmic.
        ends: Of what is shown, in units of the data; or None.
        ticks: Where ticks stand; or None.
        texts: What stands at them; or None.
        every: Distance of ticks; or None.
        is_bare: Whether it has no numbers.
        is_reversed: Whether it counts downwards.
    """

    title: str = ""
    is_log: bool = False
    ends: tuple[float, float] | None = None
    ticks: tuple[Any, ...] | None = None
    texts: tuple[str, ...] | None = None
    every: float | None = None
    is_bare: bool = False
    is_reversed: bool = False

    @property
    def is_plain(self) -> bool:
        """Whether it wants no ticks of its own."""
        return self.ticks is None and self.every is None and not self.is_bare


def axis_of(layout: Mapping[str, Any], name: str) -> Axis:
    """An axis of a layout.

    Args:
        layout: Of Plotly.
        name: ``"xaxis"``, ``"yaxis2"``, or ``"zaxis"`` of a scene.

    Example:
        >>> axis_of({"xaxis": {"title": {"text": "loss"}, "type": "log", "range": [1, 9]}}, "xaxis")
        Axis(title='loss', is_log=True, ends=(1.0, 9.0), ticks=None, texts=None, every=None,
             is_bare=False, is_reversed=False)
    """
    said: Any = layout.get(name) or (layout.get("scene") or {}).get(name) or {}
    ends = said.get("range")
    is_pair = isinstance(ends, list | tuple) and len(ends) == 2
    is_known = is_pair and all(isinstance(end, int | float) for end in ends)
    every = said.get("dtick")
    ticks, texts = said.get("tickvals"), said.get("ticktext")
    return Axis(
        title=words_of(said.get("title")),
        is_log=said.get("type") == "log",
        ends=(float(ends[0]), float(ends[1])) if is_known else None,
        ticks=None if ticks is None else tuple(ticks),
        texts=None if texts is None else tuple(map(words_of, texts)),
        every=float(every) if isinstance(every, int | float) and every > 0 else None,
        is_bare=said.get("showticklabels") is False,
        is_reversed=said.get("autorange") == "reversed",
    )


def words_of(title: Any) -> str:
    """A title that is a str or has one, without marks of HTML.

    Example:
        >>> words_of({"text": "a<br><b>b</b>"}), words_of(None)
        ('a b', '')
    """
    if isinstance(title, Mapping):
        title = title.get("text")
    if title is None:
        return ""
    return re.sub(r"<[^<>]*>", "", re.sub(r"<br\s*/?>", " ", str(title))).strip()


def numbers(values: Any) -> Floats | None:
    """A column of numbers, None of them NaN; None if it holds words or is none.

    Example:
        >>> numbers([1, None, 2.5]).tolist(), numbers(["a"])
        ([1.0, nan, 2.5], None)
    """
    if not isinstance(values, list | tuple | np.ndarray):
        return None
    try:
        column = np.array([np.nan if one is None else one for one in values])
        return column.astype(np.float64).ravel() if column.dtype.kind in "biuf" else None
    except (TypeError, ValueError):
        return None


def apply(ax: Any, layout: Mapping[str, Any], *, names: str = "xy") -> None:
    """Titles, ends, scales and ticks onto axes.

    Args:
        ax: Axes of matplotlib, flat or 3D.
        layout: Of Plotly.
        names: Letters of the axes.
    """
    for letter in names:
        axis = axis_of(layout, f"{letter}axis")
        if axis.title:
            getattr(ax, f"set_{letter}label")(axis.title)
        if axis.is_log:
            getattr(ax, f"set_{letter}scale")("log", nonpositive="mask")
        if axis.ends is not None and axis.ends[0] != axis.ends[1]:
            getattr(ax, f"set_{letter}lim")(*axis.ends)
        if axis.is_reversed:
            getattr(ax, f"invert_{letter}axis")()
        _set_ticks(ax, letter, axis)


def _set_ticks(ax: Any, letter: str, axis: Axis) -> None:
    if axis.is_bare:
        getattr(ax, f"set_{letter}ticks")([])
        return
    places: Sequence[Any] | None = axis.ticks
    if places is None and axis.every is not None:
        low, high = sorted(getattr(ax, f"get_{letter}lim")())
        if (high - low) / axis.every <= _MOST_TICKS:
            first = np.ceil(low / axis.every - 1e-9) * axis.every
            places = np.arange(first, high + 1e-9 * axis.every, axis.every).tolist()
    known = None if places is None else numbers(list(places))
    if known is not None and np.isfinite(known).all():
        texts = axis.texts if axis.texts and len(axis.texts) == len(known) else None
        getattr(ax, f"set_{letter}ticks")(known.tolist(), texts)
