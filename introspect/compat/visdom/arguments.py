"""What callers pass, to arrays and checked ``opts``; what does not fit, to an error.

Nothing that is passed is changed: ``opts`` are copied, arrays are read.

Not here: what becomes of ``opts`` in a chart (``introspect.compat.visdom.layout``).
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from introspect.compat.ignored import tell_ignored
from introspect.errors import CanvasError
from introspect.nouns.values import to_numpy

Opts = dict[str, Any]

_UNHEEDED = (
    "inflate marginbottom marginleft marginright margintop show_slider tight_layout webgl"
).split()
"""Of panes that are dragged and of Plotly's canvas; ours arrange and scale by themselves."""


class VisdomError(CanvasError, AssertionError):
    """A call that Visdom refuses, too; where it fails an assertion, so does this."""


def check(fits: Any, call: str, what: str, *, given: Any = "", hint: str = "") -> None:
    """Refuse what does not fit.

    Args:
        fits: Whether it does.
        call: The method.
        what: What it needs.
        given: What it got; arrays are told by their shapes.
        hint: What to try.

    Raises:
        VisdomError: If it does not fit.

    Example:
        >>> check(False, "pie", "X is one-dimensional.", given=np.zeros((2, 3)))
        Traceback (most recent call last):
        introspect.compat.visdom.arguments.VisdomError: X is one-dimensional.
          where  Visdom.pie
          given  float64 (2, 3)
    """
    if not fits:
        raise VisdomError(
            what, where=f"Visdom.{call}", given=_told(given) or None, hint=hint or None
        )


def _told(given: Any) -> str:
    if isinstance(given, np.ndarray):
        return f"{given.dtype} {given.shape}"
    if isinstance(given, tuple) and given and all(isinstance(one, np.ndarray) for one in given):
        return ", ".join(map(_told, given))
    return given if isinstance(given, str) else repr(given)[:200]


def array(value: Any) -> Any:
    """Tensors and lists as arrays; None and everything else as it is.

    Example:
        >>> array([[1, 2], [3, 4]]).shape, array(None)
        ((2, 2), None)
    """
    if isinstance(value, list | tuple):
        if any(hasattr(one, "detach") for one in value):
            return np.stack([to_numpy(one) for one in value])
        return np.array(value)
    if hasattr(value, "detach") or (hasattr(value, "__array__") and hasattr(value, "shape")):
        return to_numpy(value)
    return value


def needed(value: Any, call: str, name: str) -> np.ndarray:
    """An array, where there has to be one.

    Raises:
        VisdomError: If it is none.
    """
    found = array(value)
    check(
        isinstance(found, np.ndarray),
        call,
        f"{name} is a tensor, an array or a list of numbers.",
        given=value,
    )
    return found


def opts_of(opts: Mapping[str, Any] | None, call: str) -> Opts:
    """A checked copy of ``opts``; a title is a str, and one that is None is none.

    Raises:
        VisdomError: If one of them cannot be.

    Example:
        >>> opts_of({"title": 7, "markersize": 4}, "line")
        {'title': '7', 'markersize': 4}
    """
    check(opts is None or isinstance(opts, Mapping), call, "opts is a dict.", given=opts)
    copy = {key: _plain(key, value) for key, value in (opts or {}).items()}
    if copy.get("title", "") is None:
        del copy["title"]
    title = copy.get("title")
    if isinstance(title, int | float | np.number) and not isinstance(title, bool):
        copy["title"] = str(title)
    _check_opts(copy, call)
    tell_ignored("visdom opts", *(key for key in copy if key in _UNHEEDED))
    return copy


def _plain(key: str, value: Any) -> Any:
    """Tensors become arrays; lists stay lists, as they are names."""
    if hasattr(value, "detach"):
        return to_numpy(value)
    if key in {"dash", "linecolor", "markercolor"} and isinstance(value, list | tuple):
        return np.array(value)
    return value


def is_number(value: Any) -> bool:
    """Whether it is a number, and no bool."""
    return isinstance(value, int | float | np.number) and not isinstance(value, bool)


def _check_opts(opts: Opts, call: str) -> None:
    for name in ("color", "colormap", "mode", "markersymbol", "title"):
        value = opts.get(name)
        check(value is None or isinstance(value, str), call, f"opts.{name} is a str.", given=value)
    for name in ("columnnames", "rownames"):
        value = opts.get(name)
        check(
            value is None or isinstance(value, list), call, f"opts.{name} is a list.", given=value
        )
    _check_range(opts, call, "jpgquality", low=0, high=100)
    _check_range(opts, call, "opacity", low=0, high=1, has_low=True)
    _check_range(opts, call, "fps", low=0)
    _check_range(opts, call, "markerborderwidth", low=0, has_low=True)
    size = opts.get("markersize")
    if size is not None:
        several = isinstance(size, list | tuple | np.ndarray)
        positive = all(one > 0 for one in size) if several else is_number(size) and size > 0
        check(positive, call, "opts.markersize is positive.", given=size)


def _check_range(
    opts: Opts, call: str, name: str, *, low: float, high: float = np.inf, has_low: bool = False
) -> None:
    value = opts.get(name)
    if value is None:
        return
    fits = is_number(value) and (low <= value if has_low else low < value) and value <= high
    above = "from" if has_low else "above"
    ends = f"{above} {low}" + (f" to {high}" if np.isfinite(high) else "")
    check(fits, call, f"opts.{name} is a number {ends}.", given=value)
