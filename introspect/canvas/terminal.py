"""Panels to text for a terminal, in its own 16 colours: rich renderables.

Lines are braille, histograms eighth blocks, pictures half blocks. Two narrow panels stand
side by side from 90 columns on; heights shrink to what the terminal has.

Cost: 3-8 ms for three panels.

Not here: the glyphs (``introspect.canvas.braille``), redrawing (``introspect.canvas.live``).
"""

from collections.abc import Sequence

import numpy as np
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from introspect.canvas.braille import block_bars, braille_lines
from introspect.canvas.decimate import decimate
from introspect.canvas.header import Fact, progress_facts, summary_facts
from introspect.canvas.histograms import HistogramView, histogram_view
from introspect.canvas.line_axes import x_marks
from introspect.canvas.line_curve import Curve, LineView
from introspect.canvas.lines import evened, line_view
from introspect.canvas.pictures import image_sheet
from introspect.canvas.shown import VIEWS
from introspect.canvas.text_charts import (
    BAD,
    GREY,
    INK,
    SERIES,
    as_text_chart,
    heading,
    pictures,
)
from introspect.canvas.ticks import clean, format_ticks, nice_ticks
from introspect.canvas.timeline import Timeline, timeline
from introspect.canvas.writing_text import cut, padded, place_words
from introspect.nouns.panels import (
    CustomPanel,
    GraphPanel,
    HistogramPanel,
    ImagePanel,
    LinePanel,
    MessagePanel,
    Panel,
    Placed,
    ProgressPanel,
    SummaryPanel,
    columns,
    leaves,
)

_MOST_COLUMNS = 100
_GAP = 4


def as_renderable(panels: Sequence[Placed], *, width: int, height: int) -> Group:
    """The panels as text.

    Args:
        panels: Of the canvas.
        width: Columns there are; at most 100 are used.
        height: Rows there are.
    """
    width = max(20, min(width, _MOST_COLUMNS))
    shown: list[Panel] = list(leaves(panels))
    even = [evened(panel) if isinstance(panel, LinePanel) else panel for panel in shown]
    line = timeline([steps for panel in even for steps in columns(panel)])
    rows = _rows(shown, width)
    tall = sum(1 for row in rows if not isinstance(shown[row[0]], SummaryPanel | ProgressPanel))
    plot = max(3, min(8, (height - 2 * len(rows)) // max(tall, 1) - 3))
    parts: list[RenderableType] = []
    for row in rows:
        cell = (width - _GAP * (len(row) - 1)) // len(row)
        cells = [_panel(shown[index], line, cell, plot) for index in row]
        parts.append(cells[0] if len(cells) == 1 else _beside(cells, cell))
        if row is not rows[-1]:
            parts.append(Text(""))
    return Group(*parts)


def _rows(panels: Sequence[Panel], width: int) -> list[list[int]]:
    rows: list[list[int]] = []
    open_row = False
    for index, panel in enumerate(panels):
        narrow = isinstance(panel, LinePanel | HistogramPanel)
        if narrow and open_row and width >= 90:
            rows[-1].append(index)
            open_row = False
        else:
            rows.append([index])
            open_row = narrow
    return rows


def _beside(cells: Sequence[RenderableType], width: int) -> Table:
    table = Table.grid(padding=(0, _GAP, 0, 0), pad_edge=False)
    for _ in cells:
        table.add_column(width=width, no_wrap=True)
    table.add_row(*cells)
    return table


def _panel(panel: Panel, line: Timeline, width: int, rows: int) -> RenderableType:
    """One panel; what cannot be shown says why."""
    if isinstance(panel, SummaryPanel):
        return _facts(panel.title, summary_facts(panel))
    if isinstance(panel, ProgressPanel):
        return _progress(panel, width)
    if isinstance(panel, CustomPanel):
        return Text(cut(f"{panel.name}: drawn in pictures only", width), style=GREY)
    if isinstance(panel, MessagePanel):
        return _message(panel.title, panel.message, width)
    try:
        return _chart(panel, line, width, rows)
    except Exception as fault:  # noqa: BLE001  one broken panel must not hide the others
        return _message(getattr(panel, "title", ""), f"{type(fault).__name__}: {fault}", width)


def _chart(panel: Panel, line: Timeline, width: int, rows: int) -> RenderableType:
    if isinstance(panel, LinePanel):
        return _lines(line_view(panel, line), width, rows)
    if isinstance(panel, HistogramPanel):
        return _histogram(histogram_view(panel), width, rows)
    if isinstance(panel, ImagePanel):
        return pictures(image_sheet(panel), width, rows)
    if isinstance(panel, GraphPanel):
        return heading(clean(panel.title), "the model's graph: drawn in pictures only", width)
    view = VIEWS[type(panel)](panel, None)
    if isinstance(view, LineView):
        return _lines(view, width, rows)
    return as_text_chart(view, width, rows)


def _message(title: str, message: str, width: int) -> Text:
    text = Text(no_wrap=True)
    title = cut(clean(title), width // 2)
    text.append(title + "  " if title else "", INK)
    return text.append(cut(clean(message), max(width - len(title) - 2, 8)), "red")


def _lines(view: LineView, width: int, rows: int) -> RenderableType:
    head = heading(view.title, view.how, width)
    if view.is_empty:
        return Group(head, Text("no values yet", style=GREY))
    before = max((len(label) for _, label in view.y_ticks), default=0) + 1
    ends = _end_labels(view, rows, width)
    after = max((len(name) + len(value) for name, value in ends.values()), default=0) + 3
    columns_ = max(10, width - before - after)
    glyphs, owner = braille_lines(
        [
            decimate(curve.x, curve.main, columns=2 * columns_, limits=view.x_limits)
            for curve in view.curves
        ],
        x_limits=view.x_limits,
        y_limits=view.y_limits,
        columns=columns_,
        rows=rows,
    )
    low, high = view.y_limits
    marks = {round((high - p) / (high - low) * (rows - 1)): label for p, label in view.y_ticks}
    body = Text(no_wrap=True)
    for row in range(rows):
        body.append(padded(marks.get(row, ""), before - 1) + " ", GREY)
        for column, glyph in enumerate(glyphs[row]):
            index = int(owner[row, column])
            body.append(glyph if index >= 0 else " ", SERIES[index % 8] if index >= 0 else "")
        if row in ends:
            name, value = ends[row]
            curve = next(c for c in view.curves if _labelled(view, c, width) == (name, value))
            body.append(" " + name, SERIES[curve.index % 8])
            body.append((" " if name else "") + value, BAD if curve.ends_broken else "")
        body.append("\n")
    body.append(" " * before + _x_axis(view, columns_), GREY)
    notes = [(view.fault_text, BAD), (view.over[1] if view.over else "", GREY)]
    said = Text("  ").join(Text(cut(words, width), style=tone) for words, tone in notes if words)
    return Group(head, said, body) if said.plain else Group(head, body)


def _x_axis(view: LineView, wide: int) -> str:
    most = max(2, wide // 12)
    marks = x_marks(
        view.timeline, view.x_limits, most=most, epochs=view.epochs, log="x" in view.log
    )
    low, high = view.x_limits
    places = [((p - low) / (high - low) * (wide - 1), label) for p, label in marks]
    return place_words(places, wide)


def _end_labels(view: LineView, rows: int, width: int) -> dict[int, tuple[str, str]]:
    """Row to (name, value), one curve a row, near the end of its line."""
    low, high = view.y_limits
    placed: dict[int, tuple[str, str]] = {}
    for curve in view.curves[:rows]:
        if curve.end is None or not curve.last_text:
            continue
        share = (high - min(max(curve.end[1], low), high)) / (high - low)
        wanted = round(share * (rows - 1))
        free = [row for row in range(rows) if row not in placed]
        placed[min(free, key=lambda row: abs(row - wanted))] = _labelled(view, curve, width)
    return placed


def _labelled(view: LineView, curve: Curve, width: int) -> tuple[str, str]:
    alone = len(view.curves) == 1 and curve.name.casefold() == view.title.casefold()
    return ("" if alone else cut(curve.name, max(6, width // 4))), curve.last_text


def _histogram(view: HistogramView, width: int, rows: int) -> RenderableType:
    """The newest distribution as bars; a terminal cell cannot hold an overlay."""
    newest = view.labels[-1] if view.labels else ""
    head = heading(view.title, f"{newest}, √ height".removeprefix(", "), width)
    if not view.densities:
        return Group(head, Text("no values yet", style=GREY))
    high = np.sqrt(view.densities[-1])
    bins = len(high)
    wide = max(bins, width // bins * bins) if width >= bins else width
    shares = high[(np.arange(wide) * bins) // wide] / (float(high.max()) or 1.0)
    body = Text("\n".join(block_bars(shares, rows=rows)), style=SERIES[0], no_wrap=True)
    low, top = float(view.edges[0]), float(view.edges[-1])
    marks = nice_ticks(low, top, most=max(2, wide // 12))
    labels = format_ticks(marks)
    places = [
        ((p - low) / (top - low) * (wide - 1), label)
        for p, label in zip(marks, labels, strict=True)
    ]
    return Group(head, body, Text(place_words(places, wide), style=GREY, no_wrap=True))


def _facts(title: str, facts: Sequence[Fact]) -> Text:
    text = Text(no_wrap=True)
    if clean(title):
        text.append(clean(title) + "   ", INK)
    for index, (before, number, after) in enumerate(facts):
        text.append("   " if index else "")
        text.append(before, GREY)
        text.append(number, INK)
        text.append(after, GREY)
    return text


def _progress(panel: ProgressPanel, width: int) -> RenderableType:
    left, right = progress_facts(panel)
    begin, end = _facts(panel.title, left), _facts("", right)
    begin.truncate(max(width - end.cell_len - 2, 0), overflow="ellipsis")
    begin.append(" " * max(2, width - begin.cell_len - end.cell_len))
    share = min(max(panel.done / panel.total, 0.0), 1.0) if panel.total > 0 else 0.0
    filled = round(share * width)
    bar = Text("━" * filled, style=INK, no_wrap=True)
    bar.append("─" * (width - filled), GREY)
    return Group(begin.append_text(end), bar)
