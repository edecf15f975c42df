"""Bars, matrices and pies to panels of our own.

Not here: lines and points (``introspect.compat.visdom.painting.native``).
"""

from collections.abc import Mapping, Sequence
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from introspect.compat.visdom.painting.axes import Axis, axis_of, numbers, words_of
from introspect.compat.visdom.painting.colors import colormap_name
from introspect.compat.visdom.painting.plain import flat_axes, is_bare, name_of, over
from introspect.nouns.panels import (
    BarPanel,
    ConfusionPanel,
    HeatmapPanel,
    Panel,
    PiePanel,
    Stepped,
)

Trace = Mapping[str, Any]
Layout = Mapping[str, Any]
Floats = npt.NDArray[np.float64]
_MOST_CELLS = 24  # along one side of a matrix whose cells are told apart


def bars(traces: Sequence[Trace], layout: Layout, title: str) -> Panel | None:
    """Bars and groups of them; None for stacked ones and histograms."""
    lies = traces[0].get("orientation") == "h"
    places, heights = ("y", "x") if lies else ("x", "y")
    axes = flat_axes(layout)
    columns = [numbers(trace.get(heights)) for trace in traces]
    names: list[list[Any]] = [list(trace.get(places) or ()) for trace in traces]
    if (
        axes is None
        or any(column is None for column in columns)
        or any(name != names[0] or t.get("orientation") != traces[0].get("orientation")
               for name, t in zip(names, traces, strict=True))
        or (layout.get("barmode") in {"stack", "relative", "overlay"} and len(traces) > 1)
        or not all(map(is_bare, traces))
        or is_histogram(names[0])
    ):  # fmt: skip
        return None
    known = cast("list[Floats]", columns)
    names[0] = names[0] or list(range(len(known[0])))
    x, y = (axes[1], axes[0]) if lies else axes
    if any(len(column) != len(names[0]) for column in known) or x.ends or y.is_log:
        return None
    groups = [
        Stepped(name_of(trace, len(traces)), None, [column])
        for trace, column in zip(traces, known, strict=True)
    ]
    return BarPanel(
        tuple(f"{name:g}" if isinstance(name, float) else words_of(name) for name in names[0]),
        tuple(groups),
        None,
        "horizontal" if lies else "vertical",
        title,
        over(x, y),
        y.ends,
    )


def heat(traces: Sequence[Trace], layout: Layout, title: str) -> Panel | None:
    """A matrix whose cells can be told apart, or counts of what was taken for what."""
    trace = traces[0]
    notes = bool(layout.get("annotations"))
    x, y = axis_of(layout, "xaxis"), axis_of(layout, "yaxis")
    name = colormap_name(trace.get("colorscale") or "Viridis")
    if len(traces) > 1 or name is None or not (x.is_plain and y.is_plain):
        return None
    rows = [numbers(row) for row in trace.get("z") or ()]
    if (
        not rows
        or any(row is None for row in rows)
        or len({len(r) for r in rows if r is not None}) > 1
    ):
        return None
    matrix = np.stack(cast("list[Floats]", rows))
    if max(matrix.shape) > _MOST_CELLS:
        return None
    if notes:
        said = [str(note.get("text")) for note in layout["annotations"]]
        return _confusion(trace, matrix, y, title) if _are_counts(matrix, said) else None
    up = [words_of(one) for one in trace.get("y") or ()]
    if not y.is_reversed:  # Plotly counts rows upwards
        matrix, up = matrix[::-1], up[::-1]
    ends = (trace.get("zmin"), trace.get("zmax"))
    limits = None if ends == (None, None) else tuple(None if e is None else float(e) for e in ends)
    across = [words_of(one) for one in trace.get("x") or ()]
    return HeatmapPanel(
        "",
        None,
        [matrix],
        row_names=tuple(up) if len(up) == len(matrix) else (),
        column_names=tuple(across) if len(across) == matrix.shape[1] else (),
        cmap="viridis" if trace.get("colorscale") is None else name,
        limits=cast("Any", limits),
        title=title,
        ylabel=over(x, y),
    )


def _are_counts(matrix: Floats, said: Sequence[str]) -> bool:
    """Whether the cells hold whole numbers, and nothing else is written into them."""
    whole = matrix[np.isfinite(matrix)]
    if whole.size < matrix.size or not (whole == np.round(whole)).all():
        return False
    return list(said) == [str(int(count)) for count in whole]


def _confusion(trace: Trace, matrix: Floats, y: Axis, title: str) -> Panel | None:
    """Counts of what was taken for what, if that is what is written into the cells."""
    names = [words_of(name) for name in trace.get("x") or ()]
    counts = matrix.astype(np.int64)
    fits = y.is_reversed and names == [words_of(name) for name in trace.get("y") or ()]
    if not fits or len(names) != len(matrix):
        return None
    return ConfusionPanel("", None, [counts], names=tuple(names), shares=False, title=title)


def pie(traces: Sequence[Trace], layout: Layout, title: str) -> Panel | None:
    """Shares of a whole, in our colours and without a hole."""
    del layout
    values = numbers(traces[0].get("values"))
    marker = traces[0].get("marker") or {}
    if len(traces) > 1 or values is None or marker.get("colors") or traces[0].get("hole"):
        return None
    names = traces[0].get("labels") or [str(at) for at in range(len(values))]
    if len(names) != len(values):
        return None
    return PiePanel("", None, [values], names=tuple(map(words_of, names)), title=title)


def is_histogram(places: Sequence[Any]) -> bool:
    """Whether bars stand side by side at even distances that are no whole numbers.

    Example:
        >>> is_histogram([0.0, 0.25, 0.5, 0.75]), is_histogram([1, 2, 3, 4]), is_histogram("abcd")
        (True, False, False)
    """
    column = numbers(list(places))
    if column is None or len(column) < 4 or not np.isfinite(column).all():
        return False
    gaps = np.diff(column)
    even = np.allclose(gaps, gaps[0], rtol=1e-3) and gaps[0] > 0
    return bool(even and not (column == np.round(column)).all())
