"""Points with labels to Plotly's traces: one for each label.

Axes:
    N: points, D: dimensions (2 or 3), K: labels

Cost: one pass over the points for each label.

Not here: the calls (``introspect.compat.visdom.points``).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from introspect.compat.visdom.arguments import Opts, check
from introspect.compat.visdom.layout import scrubbed

Array = npt.NDArray[Any]


@dataclass(frozen=True, slots=True, eq=False)
class Labelled:
    """Labels as numbers from 1.

    Attributes:
        numbers: int64 ``(N,)``.
        values: What each number stands for, where labels were no whole numbers from 1; or None.
        count: The largest number.
    """

    numbers: npt.NDArray[np.int64]
    values: Array | None
    count: int


def labelled(labels: Array | None, points: int, call: str) -> Labelled:
    """Labels of any kind as numbers from 1; None is one label for all.

    Raises:
        VisdomError: If there are more or fewer labels than points, or some are NaN.

    Example:
        >>> labelled(np.array(["cat", "ant", "cat"]), 3, "scatter").numbers.tolist()
        [2, 1, 2]
    """
    if labels is None:
        return Labelled(np.ones(points, np.int64), None, 1)
    flat = np.ravel(labels)
    check(
        len(flat) == points,
        call,
        "each point of X has one label in Y.",
        given=f"{points} points, {len(flat)} labels",
    )
    numeric = flat.dtype.kind in "biuf"
    check(
        not numeric or np.isfinite(flat.astype(np.float64)).all(),
        call,
        "labels are finite.",
        given="NaN or infinity in Y",
    )
    if numeric and flat.dtype.kind != "b" and (flat == np.round(flat)).all() and flat.min() >= 1:
        numbers = flat.astype(np.int64)
        return Labelled(numbers, None, int(numbers.max()))
    values, places = np.unique(flat, return_inverse=True)
    return Labelled(places.astype(np.int64) + 1, values, len(values))


@dataclass(frozen=True, slots=True, eq=False)
class Looks:
    """How points of each label look, checked.

    Attributes:
        colors: Label number to a colour for each of its points; or None.
        sizes: float64 ``(N,)``, or one size for all.
        lines: A colour for each label, or None.
        dashes: A dash for each label, or None.
        texts: A text for each point, or None.
    """

    colors: Mapping[int, list[str]] | None
    sizes: Array | float
    lines: Sequence[str] | None
    dashes: Array | None
    texts: Array | None


def looks_of(opts: Opts, labels: Labelled, call: str) -> Looks:
    """Colours, sizes and dashes of ``opts``, as many as there are points or labels.

    Raises:
        VisdomError: If there are too few, or colours are no whole numbers of 0 to 255.
    """
    count = len(labels.numbers)
    size = opts.get("markersize", 10)
    if isinstance(size, list | tuple | np.ndarray):
        size = _sizes(np.asarray(size, dtype=np.float64), labels, call)
    texts = opts.get("textlabels")
    if texts is not None:
        texts = np.ravel(np.asarray(texts))
        check(
            len(texts) == count,
            call,
            "there is a text label for each point.",
            given=f"{count} points, {len(texts)} opts.textlabels",
        )
    dashes = opts.get("dash")
    if dashes is not None:
        check(
            isinstance(dashes, np.ndarray) and len(dashes) == labels.count,
            call,
            "opts.dash has a dash for each line.",
            given=f"{np.shape(dashes)} for {labels.count} lines",
            hint='opts={"dash": np.array(["solid", "dash", "dot"])}',
        )
    return Looks(
        colors=_marker_colors(opts.get("markercolor"), labels, call),
        sizes=size,
        lines=_line_colors(opts.get("linecolor"), labels.count, call),
        dashes=dashes,
        texts=texts,
    )


def _sizes(sizes: Array, labels: Labelled, call: str) -> Array:
    count = len(labels.numbers)
    check(
        sizes.ndim == 1 and (len(sizes) == count or len(sizes) >= labels.count),
        call,
        "opts.markersize has a size for each point, or for each label.",
        given=f"{sizes.shape} for {count} points and {labels.count} labels",
    )
    return sizes if len(sizes) == count else sizes[labels.numbers - 1]


def _bytes(colors: Any, call: str, name: str) -> npt.NDArray[np.uint8]:
    fits = isinstance(colors, np.ndarray) and colors.dtype.kind in "iuf"
    whole = fits and bool(((colors >= 0) & (colors <= 255) & (colors == np.floor(colors))).all())
    check(whole, call, f"opts.{name} are whole numbers of 0 to 255.", given=colors)
    return np.asarray(colors).astype(np.uint8)


def _line_colors(colors: Any, count: int, call: str) -> list[str] | None:
    if colors is None:
        return None
    rows = _bytes(colors, call, "linecolor")
    check(
        rows.ndim == 2 and rows.shape == (count, 3),
        call,
        "opts.linecolor has three numbers for each line.",
        given=f"{rows.shape} for {count} lines",
    )
    return [_hex(row) for row in rows]


def _marker_colors(colors: Any, labels: Labelled, call: str) -> dict[int, list[str]] | None:
    if colors is None:
        return None
    rows = _bytes(colors, call, "markercolor")
    count = len(labels.numbers)
    check(
        rows.ndim in {1, 2}
        and (rows.ndim == 1 or rows.shape[1] == 3)
        and (len(rows) == count or len(rows) >= labels.count),
        call,
        "opts.markercolor has a colour (one number, or three) for each point, or for each label.",
        given=f"{rows.shape} for {count} points and {labels.count} labels",
    )
    if rows.ndim == 1:
        named = [f"rgba(0, 0, 255, {row / 255.0})" for row in rows]
    else:
        named = [_hex(row) for row in rows]
    if len(rows) != count:
        named = [named[number - 1] for number in labels.numbers]
    found: dict[int, list[str]] = {}
    for number, color in zip(labels.numbers.tolist(), named, strict=True):
        found.setdefault(number, []).append(color)
    return found


def _hex(row: Any) -> str:
    return "#" + "".join(f"{int(part):02x}" for part in row)


def traces_of(
    points: Array, labels: Labelled, looks: Looks, opts: Opts, *, name: str | None
) -> list[dict[str, Any]]:
    """A trace for each label that has points.

    Args:
        points: ``(N, D)``.
        labels: Of the points.
        looks: Of points and lines.
        opts: Checked; ``legend`` names the labels.
        name: Of the trace, where there is one label and no legend.
    """
    own = (opts.get("traceopts") or {"plotly": {}})["plotly"]
    present = np.unique(labels.numbers).tolist()
    traces = []
    for number in present:
        rows = labels.numbers == number
        shown = _name(number, labels, opts, name if len(present) == 1 else None)
        sizes = looks.sizes
        trace: dict[str, Any] = {
            "x": points[rows, 0].tolist(),
            "y": points[rows, 1].tolist(),
            "name": shown,
            "type": _kind(points, opts),
            "mode": opts.get("mode"),
            "text": None if looks.texts is None else looks.texts[rows].tolist(),
            "textposition": "right",
            "line": {
                "dash": None if looks.dashes is None else str(looks.dashes[number - 1]),
                "color": None if looks.lines is None else looks.lines[number - 1],
            },
            "marker": {
                "size": sizes[rows].tolist() if isinstance(sizes, np.ndarray) else sizes,
                "symbol": opts.get("markersymbol"),
                "color": None if looks.colors is None else looks.colors[number],
                "line": {"color": "#000000", "width": opts.get("markerborderwidth")},
            },
        }
        if opts.get("fillarea"):
            trace["fill"] = "tonexty"
        if points.shape[1] == 3:
            trace["z"] = points[rows, 2].tolist()
        traces.append(scrubbed(trace | own.get(shown, {})))
    return traces


def _kind(points: Array, opts: Opts) -> str:
    if points.shape[1] == 3:
        return "scatter3d"
    return "scattergl" if opts.get("webgl") else "scatter"


def _name(number: int, labels: Labelled, opts: Opts, name: str | None) -> str:
    if "legend" in opts:
        return str(opts["legend"][number - 1])
    if name is not None:
        return name
    return str(number if labels.values is None else labels.values[number - 1])
