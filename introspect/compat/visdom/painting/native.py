"""Traces to panels of our own, where these can say all that was asked for.

A chart that asks for more (dashes, markers, colours, ticks of its own, a second axis, several kinds
of traces) is None here, and is drawn as a picture.

Not here: bars and matrices (``introspect.compat.visdom.painting.cells``), pictures (``figures``).
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, cast

import numpy as np
import numpy.typing as npt

from introspect.compat.visdom.painting import cells
from introspect.compat.visdom.painting.axes import Axis, axis_of, numbers, words_of
from introspect.compat.visdom.painting.plain import flat_axes, is_bare, name_of, over
from introspect.compat.visdom.stalks import stalks_of
from introspect.nouns.panels import (
    Baseline,
    CurvePanel,
    LinePanel,
    Panel,
    ScatterPanel,
    Series,
    StemPanel,
    Stepped,
)

Trace = Mapping[str, Any]
Layout = Mapping[str, Any]
Floats = npt.NDArray[np.float64]

_SIZE = 10  # Visdom's usual one, which nobody chose
_MARKED = 300  # points of a line whose markers can be told apart
_GUESS = ([0.0, 1.0], [0.0, 1.0])


def native(traces: Sequence[Trace], layout: Layout, title: str) -> Panel | None:
    """A panel of ours, or None.

    Example:
        >>> trace = {"type": "scatter", "mode": "lines", "x": [0, 1], "y": [3.0, 2.0], "name": "1"}
        >>> type(native([trace], {}, "Loss")).__name__
        'LinePanel'
        >>> native([trace | {"line": {"dash": "dot"}}], {}, "Loss") is None
        True
    """
    kinds = {_kind(trace) for trace in traces}
    if len(kinds) != 1 or any("yaxis" in t and t["yaxis"] != "y" for t in traces):
        return None
    make = _MAKERS.get(kinds.pop())
    return None if make is None else make(traces, layout, title)


def _kind(trace: Trace) -> str:
    """The type, and of points and lines how they are drawn."""
    kind = str(trace.get("type") or "scatter")
    if kind not in {"scatter", "scattergl", "scatter3d"}:
        return kind
    points = len(trace.get("x") or ())
    usual = "lines+markers" if points < 20 and kind != "scatter3d" else "lines"
    mode = trace.get("mode") or usual
    flat = "3d" if kind == "scatter3d" else ""
    if mode == "lines+markers" and (points > _MARKED or not trace.get("mode")):
        mode = "lines"
    return f"{mode}{flat}"


# Lines ------------------------------------------------------------------------------------


def _lines(traces: Sequence[Trace], layout: Layout, title: str) -> Panel | None:
    axes = flat_axes(layout)
    columns = [(numbers(t.get("x")), numbers(t.get("y"))) for t in traces]
    if axes is None or any(x is None or y is None or len(x) != len(y) for x, y in columns):
        return None
    pairs = cast("list[tuple[Floats, Floats]]", columns)
    if len(traces) == 1 and is_bare(traces[0]) and (found := stalks_of(*pairs[0])):
        return _stalks(found, axes, title)
    rates = _rates(traces, pairs, axes, title)
    if rates is not None:
        return rates
    if not all(map(is_bare, traces)) or any(np.isnan(x[:-1]).any() for x, _ in pairs):
        return None
    kept = [(x[np.isfinite(x)], y[np.isfinite(x)]) for x, y in pairs]
    names = [name_of(trace, len(traces)) for trace in traces]
    x, y = axes
    log = cast('Literal["", "x", "y", "xy"]', "x" * x.is_log + "y" * y.is_log)
    if not x.title and not x.is_log and all(_are_steps(column) for column, _ in kept):
        series = [
            Series(name, column.astype(np.int64), heights, gaps=_gaps(heights))
            for name, (column, heights) in zip(names, kept, strict=True)
        ]
        return LinePanel(
            tuple(series),
            title=title,
            ylabel=y.title,
            log=log,
            xlim=x.ends,
            ylim=y.ends,
            smooth="auto",
            x_linked="",
        )
    curves = [Stepped(name, None, [np.stack(pair)]) for name, pair in zip(names, kept, strict=True)]
    return CurvePanel(
        tuple(curves),
        title=title,
        xlabel=x.title,
        ylabel=y.title,
        log=log,
        xlim=x.ends,
        ylim=y.ends,
    )


def _gaps(heights: Floats) -> npt.NDArray[np.bool_] | None:
    """Where Plotly leaves a line open, which is at None and NaN."""
    gaps = np.isnan(heights)
    return gaps if gaps.any() else None


def _are_steps(column: Floats) -> bool:
    whole = (column == np.round(column)).all() and np.abs(column).max(initial=0.0) < 2**53
    return bool(whole and len(column) > 0 and (np.diff(column) > 0).all())


def _stalks(found: tuple[Floats, Floats], axes: tuple[Axis, Axis], title: str) -> Panel | None:
    x, y = axes
    if x.is_log or y.is_log or x.ends is not None:
        return None
    return StemPanel(
        "", None, [found[1]], positions=found[0], title=title, ylabel=over(x, y), ylim=y.ends
    )


def _rates(
    traces: Sequence[Trace],
    pairs: Sequence[tuple[Floats, Floats]],
    axes: tuple[Axis, Axis],
    title: str,
) -> Panel | None:
    """One line and a dashed level or diagonal to compare it with, as `roc_curve` and `pr_curve`."""
    is_dashed = len(traces) == 2 and (traces[1].get("line") or {}) == {"dash": "dash"}
    if not is_dashed or not is_bare(traces[0]) or any(axis.is_log or axis.ends for axis in axes):
        return None
    places, heights = (column.tolist() for column in pairs[1])
    inside = all(((c >= 0) & (c <= 1)).all() for pair in pairs for c in pair)
    if places != _GUESS[0] or not inside:
        return None
    curve = Stepped(words_of(traces[0].get("name")), None, [np.stack(pairs[0])])
    x, y = axes
    if heights == _GUESS[1]:
        return CurvePanel((curve,), kind="roc", title=title, xlabel=x.title, ylabel=y.title)
    if heights[0] != heights[1]:
        return None
    level = Baseline(heights[0], words_of(traces[1].get("name")))
    return CurvePanel(
        (curve,),
        title=title,
        xlabel=x.title,
        ylabel=y.title,
        xlim=(0.0, 1.0),
        ylim=(0.0, 1.02),
        baselines=(level,),
    )


# Points -----------------------------------------------------------------------------------


def _points(traces: Sequence[Trace], layout: Layout, title: str) -> Panel | None:
    """Points without chosen looks; words for hovering."""
    is_3d = traces[0].get("type") == "scatter3d"
    axes = flat_axes(layout)
    sizes = [(t.get("marker") or {}).get("size", _SIZE) for t in traces]
    # In space nearer points are larger: one size for all says nothing there.
    plain = all(isinstance(s, int | float) if is_3d else s == _SIZE for s in sizes)
    if axes is None or not plain or not all(map(is_bare, traces)):
        return None
    clouds = [_cloud(trace, is_3d=is_3d) for trace in traces]
    if any(cloud is None for cloud in clouds) or any(axis.is_log for axis in axes):
        return None
    known = cast("list[Floats]", clouds)
    names = [name_of(trace, len(traces)) for trace in traces]
    classes = np.repeat(np.arange(len(known)), [len(cloud) for cloud in known])
    words = [
        str(word) for t in traces for word in (t.get("text") or ()) if not isinstance(word, dict)
    ]
    count = sum(map(len, known))
    has_classes = any(names)
    x, y = axes
    z = axis_of(layout, "zaxis")
    scene = [axis.title for axis in (axis_of(layout, "xaxis"), axis_of(layout, "yaxis"), z)]
    remark = ", ".join(filter(None, scene)) if is_3d else over(x, y)
    return ScatterPanel(
        "",
        None,
        [np.concatenate(known)],
        classes=classes if has_classes else None,
        class_names=tuple(names) if has_classes else (),
        point_names=tuple(words) if len(words) == count else (),
        dimensions=3 if is_3d else 2,
        title=title,
        ylabel=remark,
        xlim=None if is_3d else x.ends,
        ylim=None if is_3d else y.ends,
    )


def _cloud(trace: Trace, *, is_3d: bool) -> Floats | None:
    columns = [numbers(trace.get(letter)) for letter in ("xyz" if is_3d else "xy")]
    known = [column for column in columns if column is not None]
    if len(known) < len(columns) or len({len(column) for column in known}) != 1:
        return None
    return np.stack(known, axis=1)


_MAKERS: Mapping[str, Callable[[Sequence[Trace], Layout, str], Panel | None]] = {
    "lines": _lines,
    "markers": _points,
    "markers3d": _points,
    "bar": cells.bars,
    "heatmap": cells.heat,
    "pie": cells.pie,
}
