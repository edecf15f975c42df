"""Views to places on a page, in inches: from what their words need, so nothing overlaps.

``views -> Plan``. Up to three narrow panels (lines, histograms, single pictures) stand side by
side; a strip of pictures, a progress line or a summary has its own row. Plots in a column
begin and end at the same x. No solver runs: text is measured, and sums do the rest.

Not here: what is painted there (``introspect.canvas.figure``).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from introspect.canvas import paint_histogram, paint_images, paint_lines
from introspect.canvas.histograms import HistogramView
from introspect.canvas.lines import LineView
from introspect.canvas.pictures import Sheet
from introspect.nouns.panels import CustomPanel, MessagePanel, ProgressPanel, SummaryPanel

View = LineView | HistogramView | Sheet | SummaryPanel | ProgressPanel | CustomPanel | MessagePanel

_EDGE_IN = 0.1
_COLUMN_GAP_IN = 0.3
_ROW_GAP_IN = 0.16
_TITLE_IN = 0.3
_TICKS_IN = 0.24
_HEIGHT_IN = {1: 2.3, 2: 1.95, 3: 1.65}
_STRIP_IN = 1.75
ENDS_FROM_IN = 3.6  # narrower panels name their lines in the title row


@dataclass(frozen=True, slots=True)
class Place:
    """Where the axes of one panel lies, in inches from the top left of the figure."""

    left_in: float
    top_in: float
    width_in: float
    height_in: float
    ends: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """Places of all panels, in their order, and the height of the figure."""

    places: tuple[Place, ...]
    height_in: float


def arranged(views: Sequence[View], width_in: float) -> Plan:
    """Where each view goes."""
    rows = _rows(views, width_in)
    left, right = _rooms(views, rows)
    places: dict[int, Place] = {}
    top = _EDGE_IN
    for row in rows:
        shares = [_share(views[index], len(row)) for index in row]
        free = width_in - 2 * _EDGE_IN - _COLUMN_GAP_IN * (len(row) - 1)
        outer = _EDGE_IN
        height, above, below = _row_height(views, row, free - left[len(row), 0])
        for column, index in enumerate(row):
            cell = free * shares[column] / sum(shares)
            before, after = left[len(row), column], right[len(row), column]
            narrow = cell < ENDS_FROM_IN
            after = 0.05 if narrow and isinstance(views[index], LineView) else after
            if isinstance(views[index], Sheet | SummaryPanel | ProgressPanel | MessagePanel):
                after = 0.0
            width = max(cell - before - after, 0.3)
            places[index] = Place(outer + before, top + above, width, height, not narrow)
            outer += cell + _COLUMN_GAP_IN
        top += above + height + below + _ROW_GAP_IN
    return Plan(tuple(places[index] for index in range(len(views))), top - _ROW_GAP_IN + _EDGE_IN)


def _rows(views: Sequence[View], width_in: float) -> list[list[int]]:
    """Indices by row; runs of narrow panels are split evenly."""
    most = 3 if width_in >= 8.0 else 2 if width_in >= 5.6 else 1
    rows: list[list[int]] = []
    run: list[int] = []
    for index, view in enumerate([*views, None]):
        if view is not None and not _is_wide(view):
            run.append(index)
            continue
        crowded = any(_is_crowded(views[i]) for i in run)
        count = -(-len(run) // (min(most, 2) if crowded else most))
        for rank in range(count):
            size = -(-len(run) // (count - rank))
            rows.append(run[:size])
            run = run[size:]
        if view is not None:
            rows.append([index])
    return rows


def _is_wide(view: View) -> bool:
    if isinstance(view, Sheet):
        return view.slots > 1
    return isinstance(view, SummaryPanel | ProgressPanel)


def _is_crowded(view: View) -> bool:
    """Whether names and values need line ends, since no title row could hold them."""
    return isinstance(view, LineView) and len(view.curves) > 3


def _share(view: View, in_row: int) -> float:
    return 0.75 if in_row > 1 and isinstance(view, Sheet) else 1.0


def _rooms(
    views: Sequence[View], rows: list[list[int]]
) -> tuple[dict[tuple[int, int], float], dict[tuple[int, int], float]]:
    """Room in inches left and right of the axes, equal down a column of panels."""
    left: dict[tuple[int, int], float] = {}
    right: dict[tuple[int, int], float] = {}
    for row in rows:
        for column, index in enumerate(row):
            key = (len(row), column)
            before, after = _room(views[index])
            left[key] = max(left.get(key, 0.0), before)
            right[key] = max(right.get(key, 0.0), after)
    first = max((room for (_, column), room in left.items() if column == 0), default=0.0)
    return {key: first if key[1] == 0 else room for key, room in left.items()}, right


def _room(view: View) -> tuple[float, float]:
    if isinstance(view, LineView):
        return paint_lines.left_room_pt(view) / 72, paint_lines.right_room_pt(view) / 72
    if isinstance(view, HistogramView):
        return 0.1, paint_histogram.right_room_pt(view) / 72
    if isinstance(view, CustomPanel):
        return 0.45, 0.15
    return 0.0, 0.0


def _row_height(
    views: Sequence[View], row: list[int], width_in: float
) -> tuple[float, float, float]:
    """Height of the axes, room above for titles, room below for ticks; in inches."""
    view = views[row[0]]
    if isinstance(view, SummaryPanel):
        return 0.18, 0.0, 0.02
    if isinstance(view, ProgressPanel):
        return 0.24, 0.02, 0.06
    if isinstance(view, Sheet) and len(row) == 1:
        most_in = _STRIP_IN if view.slots > 1 else _HEIGHT_IN[1]
        high_pt = paint_images.sheet_height_pt(view, width_in * 72, most_in * 72)
        return high_pt / 72, _TITLE_IN, 0.0
    if all(isinstance(views[index], MessagePanel) for index in row):
        return 0.25, _TITLE_IN, 0.0
    ticked = any(not isinstance(views[index], Sheet | MessagePanel) for index in row)
    return _HEIGHT_IN.get(len(row), 1.65), _TITLE_IN, _TICKS_IN if ticked else 0.0
