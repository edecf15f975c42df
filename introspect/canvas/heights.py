"""Panels to how high they will be in a browser, in CSS pixels: for frames that cannot grow.

A frame in a notebook has a fixed height and may not tell the page around it what it needs, so it
is worked out here by the rules of the front end, for a given width.

Cost: that of the newest frame of each panel.

Not here: the page (``introspect.canvas.html``), places in still pictures
(``introspect.canvas.places``).
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from introspect.canvas.grids import good_columns
from introspect.canvas.shots import Shots, shots_of
from introspect.canvas.specs import is_wide
from introspect.nouns.panels import (
    Column,
    GraphPanel,
    LinePanel,
    MessagePanel,
    ProgressPanel,
    Row,
    SummaryPanel,
)

_GAP_PX = 28
_HEAD_PX = 32
_SLIDER_PX = 30
_TILE_GAP_PX = 6

Meta = Mapping[str, Any]
Shapes = Mapping[str, tuple[int, ...]]


def needed_height_px(panels: Sequence[Any], width_px: int = 900) -> int:
    """How high the panels will be, as the front end arranges them.

    Args:
        panels: Panels, Rows and Columns.
        width_px: Of the page.

    Example:
        >>> from introspect.canvas import Canvas
        >>> canvas = Canvas(backend="none")
        >>> canvas.draw_plot([3.0, 2.0, 1.0])
        >>> 200 < needed_height_px(canvas.panels) < 400
        True
    """
    most = 3 if width_px >= 1100 else 2 if width_px >= 620 else 1
    heights: list[float] = []
    run: list[Any] = []
    for member in [*panels, None]:
        if member is not None and not isinstance(member, Row | Column) and not is_wide(member):
            run.append(member)
            continue
        across = 3 if most == 2 and len(run) == 3 and not any(map(_is_crowded, run)) else most
        for left in range(-(-len(run) // across), 0, -1):
            size = -(-len(run) // left)
            heights.append(_row_px(run[:size], width_px, None))
            run = run[size:]
        if member is not None:
            heights.append(height_px(member, width_px))
    return math.ceil(sum(heights) + _GAP_PX * max(0, len(heights) - 1)) + 40


def _is_crowded(panel: Any) -> bool:
    return isinstance(panel, LinePanel) and len(panel.series) > 3


def _row_px(members: Sequence[Any], width_px: float, shares: Sequence[float] | None) -> float:
    wide = shares if shares and len(shares) == len(members) else [1.0] * len(members)
    free = width_px - 32 * (len(members) - 1)
    parts = [free * share / sum(wide) for share in wide]
    return max((height_px(m, w) for m, w in zip(members, parts, strict=True)), default=0.0)


def height_px(member: Any, width_px: float) -> float:
    """How high one panel, Row or Column is, its title and slider included."""
    if isinstance(member, Row):
        return _row_px(member.panels, width_px, member.shares)
    if isinstance(member, Column):
        inner = [height_px(one, width_px) for one in member.panels]
        return sum(inner) + _GAP_PX * max(0, len(inner) - 1)
    if isinstance(member, SummaryPanel | ProgressPanel):
        return 34
    if isinstance(member, MessagePanel):
        return _HEAD_PX + 28
    if isinstance(member, LinePanel):
        return _HEAD_PX + _plot_px(width_px)
    if isinstance(member, GraphPanel):
        return _HEAD_PX + _graph_px(member, width_px)
    try:
        shots = shots_of(member)
        meta, arrays = shots.shot(max(shots.count - 1, 0), compact=True)
    except Exception:  # noqa: BLE001  the panel will say what is wrong with it
        return _HEAD_PX + 28
    slider = _SLIDER_PX if shots.count > 1 and not shots.is_whole else 0
    if meta.get("empty") or meta.get("fault"):
        return _HEAD_PX + 28 + slider
    shapes = {name: values.shape for name, values in arrays.items()}
    return _HEAD_PX + slider + _PLOTS.get(shots.kind, _chart)(shots, meta, shapes, width_px)


def _plot_px(width_px: float) -> float:
    return 172 if width_px < 360 else 260 if width_px > 760 else 224


def _graph_px(panel: GraphPanel, width_px: float) -> float:
    from introspect.graph.picture import picture  # noqa: PLC0415  when needed

    options: dict[str, Any] = {} if panel.depth is None else {"depth": panel.depth}
    drawn = picture(panel.graph, title="", **options)
    wide, high = drawn.width * 96 / 72, drawn.height * 96 / 72
    return high * min(1.0, width_px / wide)


def _chart(shots: Shots, meta: Meta, shapes: Shapes, width_px: float) -> float:
    del shots, meta, shapes
    return _plot_px(width_px)


def _scatter(shots: Shots, meta: Meta, shapes: Shapes, width_px: float) -> float:
    del shots, meta, shapes
    return max(_plot_px(width_px), 240)


def _bars(shots: Shots, meta: Meta, shapes: Shapes, width_px: float) -> float:
    del shots, shapes
    if meta["direction"] != "horizontal":
        return _plot_px(width_px)
    groups = len(meta["groups"])
    return len(meta["names"]) * (10 * groups + 10 if groups > 1 else 26) + 22


def _ridge(shots: Shots, meta: Meta, shapes: Shapes, width_px: float) -> float:
    del meta, shapes
    return _plot_px(width_px) if shots.options["look"] == "heat" else max(_plot_px(width_px), 260)


def _magnitudes(shots: Shots, meta: Meta, shapes: Shapes, width_px: float) -> float:
    del shots, shapes, width_px
    return 46 + 62 * len(meta["rows"])


def _matrix(shots: Shots, meta: Meta, shapes: Shapes, width_px: float) -> float:
    del shots
    rows, columns = shapes["shares"]
    longest = 6.2 * max((len(str(name)) for name in meta["columnNames"]), default=0)
    left = 6.2 * max((len(str(name)) for name in meta["rowNames"]), default=0)
    each = (width_px - left) / max(columns, 1)
    below = 0.75 * longest + 16 if longest > each - 4 else 20 if longest else 2
    if meta["square"]:
        return rows * min(each, 32) + below
    high = max(rows * 18, _plot_px(width_px) - below) / max(rows, 1)
    return rows * min(42, max(2, high)) + below


def _picture(shots: Shots, meta: Meta, shapes: Shapes, width_px: float) -> float:
    del shots, shapes
    return meta["height"] * min(1.0, width_px / max(meta["width"], 1))


def _table(shots: Shots, meta: Meta, shapes: Shapes, width_px: float) -> float:
    del shots, shapes, width_px
    return min(31 * len(meta["rows"]) + 26, 420)


def _text(shots: Shots, meta: Meta, shapes: Shapes, width_px: float) -> float:
    del shots, shapes
    lines = sum(1 + int(len(line) * 6.5 / width_px) for line in meta["text"].splitlines())
    return min(21 * lines + 12, 420)


def _frame(shots: Shots, meta: Meta, shapes: Shapes, width_px: float) -> float:
    del shots, shapes
    return meta["height"] + 16 if meta["height"] else _plot_px(width_px)


def _audio(shots: Shots, meta: Meta, shapes: Shapes, width_px: float) -> float:
    del meta, shapes, width_px
    return 115 * min(shots.count, shots.options.get("limit", 3))


def _images(shots: Shots, meta: Meta, shapes: Shapes, width_px: float) -> float:
    known = [shapes[name] for name in ("bytes", "values", "codes") if name in shapes]
    count = min(shots.count, shots.options.get("limit", 1)) if shots.count > 1 else 1
    lines = 1 if count > 1 or meta["caption"] else 0
    columns = count if count > 1 else None
    return _tiles_px([known[0]] * count, columns, lines, width_px, pairs=False)


def _grid(shots: Shots, meta: Meta, shapes: Shapes, width_px: float) -> float:
    del shots
    sizes = [shape for name, shape in shapes.items() if name.startswith("t")]
    pairs = any(name.startswith("target") for name in shapes)
    lines = max((sum(map(bool, words)) for words in meta["captions"]), default=0)
    return _tiles_px(sizes, meta["columns"], lines, width_px, pairs=pairs)


def _tiles_px(
    sizes: Sequence[tuple[int, ...]],
    columns: int | None,
    lines: int,
    width_px: float,
    *,
    pairs: bool,
) -> float:
    """As ``layOut`` of ``web/canvas/images.ts`` places them."""
    if not sizes:
        return 28
    most = 128.0 if len(sizes) > 1 else min(_plot_px(width_px), 280)
    aspect = min(8.0, max(0.2, *(size[1] / max(size[0], 1) for size in sizes), 0.0))
    two = 2 if pairs else 1
    smallest = max(28.0, min(most, 64 * math.sqrt(aspect)))
    room = two * smallest * (1.0 if len(sizes) > 12 else 1.4) + _TILE_GAP_PX
    per = columns or good_columns(len(sizes) // two, int((width_px + _TILE_GAP_PX) // room))
    across = per * two
    wide = min((width_px - _TILE_GAP_PX * (across - 1)) / across, most * aspect)
    if wide > sizes[0][1]:
        wide = sizes[0][1] * max(1, wide // sizes[0][1])
    step = wide / aspect + _TILE_GAP_PX + 14 * lines + (4 if lines else 0)
    return max(1.0, math.ceil(len(sizes) / across) * step - _TILE_GAP_PX)


_PLOTS: Mapping[str, Callable[[Shots, Meta, Shapes, float], float]] = {
    "images": _images, "grid": _grid, "bars": _bars, "ridge": _ridge, "scatter": _scatter,
    "magnitudes": _magnitudes, "matrix": _matrix, "picture": _picture, "table": _table,
    "text": _text, "frame": _frame, "audio": _audio,
}  # fmt: skip
"""Kind of a panel to the height of its plot; the others are charts."""
