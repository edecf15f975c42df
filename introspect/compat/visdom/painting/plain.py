"""What a chart asks for beyond data: whether panels of our own can say it.

Not here: the panels (``introspect.compat.visdom.painting.native``, ``cells``).
"""

from collections.abc import Mapping
from typing import Any

from introspect.compat.visdom.painting.axes import Axis, axis_of, words_of

Trace = Mapping[str, Any]
Layout = Mapping[str, Any]
_SYMBOLS = {None, "dot", "circle"}


def is_bare(trace: Trace) -> bool:
    """Whether nobody chose a look."""
    line, marker = trace.get("line") or {}, trace.get("marker") or {}
    return (
        line.get("dash") in {None, "solid"}
        and line.get("color") is None
        and line.get("width") is None
        and marker.get("color") is None
        and (marker.get("symbol") is None or marker.get("symbol") in _SYMBOLS)
        and not trace.get("fill")
        and trace.get("visible", True) is True
    )


def flat_axes(layout: Layout) -> tuple[Axis, Axis] | None:
    """Both axes, if they ask for nothing that ours cannot."""
    x, y = axis_of(layout, "xaxis"), axis_of(layout, "yaxis")
    odd = any(
        (layout.get(name) or {}).get("type") in {"date", "category"} for name in ("xaxis", "yaxis")
    )
    fits = x.is_plain and y.is_plain and not (x.is_reversed or y.is_reversed or odd)
    return (x, y) if fits and not layout.get("annotations") and not layout.get("shapes") else None


def over(x: Axis, y: Axis) -> str:
    """What is drawn over what, in words."""
    return f"{y.title} over {x.title}" if x.title and y.title else y.title or x.title


def name_of(trace: Trace, count: int) -> str:
    """The name of a line; "" for the "1" that Visdom gives to a single one."""
    name = words_of(trace.get("name"))
    return "" if count == 1 and name in {"1", "True"} else name
