"""Views of bars, matrices, points, tables and words to text for a terminal.

Bars are eighth blocks, points braille, matrices numbers or shades; what has no form in text is
one line that says what it is.

Not here: lines, histograms, pictures and the page (``introspect.canvas.terminal``).
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from rich.cells import cell_len
from rich.console import Group, RenderableType
from rich.text import Text

from introspect.canvas.bars import BarView, PieView
from introspect.canvas.braille import block_bars, braille_dots
from introspect.canvas.grids import GridView
from introspect.canvas.matrices import MatrixView
from introspect.canvas.media import AudioView, PictureView
from introspect.canvas.pictures import Sheet
from introspect.canvas.points import ScatterView, StemView
from introspect.canvas.ridges import MagnitudesView, RidgeView
from introspect.canvas.text_pictures import picture_lines, tile_cells
from introspect.canvas.ticks import format_ticks, format_value, nice_ticks
from introspect.canvas.words import TableView, TextView
from introspect.canvas.writing_text import cut, padded, place_words

SERIES = ("blue", "yellow", "green", "magenta", "cyan", "bright_blue", "bright_yellow", "white")
GREY, INK, BAD = "bright_black", "bold", "bold red"
_PARTS = " ▏▎▍▌▋▊▉█"
_SHADES = " ░▒▓█"
_MOST_ROWS = 24


def as_text_chart(view: Any, width: int, rows: int) -> RenderableType:
    """A view as text.

    Args:
        view: Of a panel.
        width: Columns of the terminal.
        rows: Of a plot.
    """
    return _CHARTS[type(view)](view, width, rows)


def heading(title: str, how: str, width: int) -> Text:
    """Bold what, grey how, in one line."""
    text = Text(no_wrap=True)
    title = cut(title, width)
    text.append(title, INK)
    left = width - cell_len(title) - 2
    if how and left > 6:
        text.append(("  " if title else "") + cut(how, left), GREY)
    return text


def pictures(sheet: Sheet, width: int, rows: int) -> RenderableType:
    """Tiles side by side as half blocks."""
    head = heading(sheet.title, sheet.how, width)
    if not sheet.tiles:
        return head
    high, wide, shown = tile_cells(sheet, width, rows)
    tiles = sheet.tiles[-shown:]
    lines = [picture_lines(tile, sheet, high, wide) for tile in tiles]
    body = Text("\n", no_wrap=True).join(
        Text("  ").join(tile[row] for tile in lines) for row in range(high)
    )
    captions = "  ".join(cut(tile.caption, wide).ljust(wide) for tile in tiles)
    return Group(head, body, Text(captions, style=GREY, no_wrap=True))


def _bars(view: BarView, width: int, rows: int) -> RenderableType:
    del rows
    names, marks = [], []
    for index, name in enumerate(view.names):
        for rank in range(len(view.values)):
            names.append(name if rank == 0 else "")
            marks.append((rank, index))
    head = heading(view.title, view.how, width)
    if len(view.group_names) > 1:
        for rank, group in enumerate(view.group_names):
            head.append(f"  {group}", SERIES[rank % 8])
    if not names:
        return Group(head, Text("no values yet", style=GREY))
    values = [float(view.values[at]) for at in marks]
    texts = [view.texts[rank][index] for rank, index in marks]
    tones = [SERIES[rank % 8] for rank, _ in marks]
    ends = [0.0] * len(values)
    if view.totals is not None:
        ends = [float(view.totals[index]) for _, index in marks]
    bold = {row for row, (_, index) in enumerate(marks) if index == view.worst}
    return Group(head, _rows(names, values, texts, tones, (view.limits, ends, bold), width))


def _pie(view: PieView, width: int, rows: int) -> RenderableType:
    del rows
    head = heading(view.title, view.how, width)
    if not view.shares.size:
        return Group(head, Text("no values yet", style=GREY))
    shares = view.shares.tolist()
    tones = [SERIES[index % 8] for index in range(len(shares))]
    texts = [f"{share:.1%}" for share in shares]
    limits = (0.0, 1.0)
    return Group(
        head, _rows(view.names, shares, texts, tones, (limits, [0.0] * len(shares), set()), width)
    )


def _rows(
    names: Sequence[str],
    values: Sequence[float],
    texts: Sequence[str],
    tones: Sequence[str],
    axis: tuple[tuple[float, float], Sequence[float], set[int]],
    width: int,
) -> Text:
    """One bar a row: name, bar before its total in grey, value; negative bars are hatched."""
    (low, high), totals, bold = axis
    most = max(abs(low), abs(high)) or 1.0
    before = min(max((cell_len(name) for name in names), default=0), max(width // 3, 4))
    after = max((cell_len(text) for text in texts), default=0)
    room = max(width - before - after - 2, 4)
    body = Text(no_wrap=True)
    for row, name in enumerate(names[:_MOST_ROWS]):
        value = values[row] if np.isfinite(values[row]) else 0.0
        eighths = round(min(abs(value) / most, 1.0) * room * 8)
        bar = "█" * (eighths // 8) + _PARTS[eighths % 8].strip()
        total = min(round(abs(totals[row]) / most * room), room)
        body.append("\n" if row else "")
        body.append(padded(cut(name, before), before) + " ", GREY)
        body.append(bar if value >= 0 else "▒" * len(bar), tones[row])
        body.append("·" * max(total - len(bar), 0), GREY)
        body.append(" " * (room - max(len(bar), total)))
        body.append(" " + padded(texts[row], after), INK if row in bold else "")
    if len(names) > _MOST_ROWS:
        body.append(f"\n… {len(names) - _MOST_ROWS} more", GREY)
    return body


def _matrix(view: MatrixView, width: int, rows: int) -> RenderableType:
    """Numbers where they fit, else shades."""
    head = heading(view.title, view.how, width)
    high, wide = view.shares.shape
    if not view.shares.size:
        return Group(head, Text("no values yet", style=GREY))
    before = min(max((cell_len(n) for n in view.row_names), default=0), width // 4)
    room = (width - before - 1) // wide
    longest = max((cell_len(text) for row in view.texts for text in row), default=0)
    numbers = bool(view.texts) and longest + 1 <= room and high <= max(rows, 12)
    cell = longest + 1 if numbers else min(max(room, 1), 2)
    step_rows, step_columns = -(-high // 24), max(1, -(-wide * cell // max(width - before - 1, 1)))
    body = Text(no_wrap=True)
    for row in range(0, high, step_rows):
        name = view.row_names[row] if view.row_names else ""
        body.append("\n" if row else "")
        body.append(padded(cut(name, before), before) + " ", GREY)
        for column in range(0, wide, step_columns):
            share = view.shares[row, column]
            grey = view.grey is not None and bool(view.grey[row, column])
            if numbers:
                tone = GREY if grey else SERIES[0] if share > 0.4 else ""
                body.append(padded(view.texts[row][column], cell), tone)
            else:
                shade = "?" if np.isnan(share) else _SHADES[min(int(share * 5), 4)]
                body.append(("▚" if grey else shade) * cell, GREY if grey else SERIES[0])
    return Group(head, body)


def _scatter(view: ScatterView, width: int, rows: int) -> RenderableType:
    head = heading(view.title, view.how, width)
    if not len(view.points):
        return Group(head, Text("no values yet", style=GREY))
    columns = min(width, rows * 5)
    classes = np.maximum(view.classes, 0)
    glyphs, owner = braille_dots(
        view.points[:, :2], classes, limits=view.limits[:2], columns=columns, rows=rows
    )
    body = Text(no_wrap=True)
    for row, line in enumerate(glyphs):
        body.append("\n" if row else "")
        for column, glyph in enumerate(line):
            index = int(owner[row, column])
            body.append(glyph if index >= 0 else " ", SERIES[index % 8] if index >= 0 else "")
    names = Text(no_wrap=True)
    for index, name in enumerate(view.class_names[:16]):
        names.append(f"{name} ", SERIES[index % 8])
    names.truncate(width, overflow="ellipsis")
    return Group(head, body, names) if names.plain else Group(head, body)


def _stem(view: StemView, width: int, rows: int) -> RenderableType:
    del rows
    head = heading(view.title, view.how, width)
    if not len(view.y):
        return Group(head, Text("no values yet", style=GREY))
    names = list(view.names) or format_ticks(view.x.tolist())
    values = np.nan_to_num(view.y).tolist()
    texts = [format_value(value) for value in view.y.tolist()]
    tones = [SERIES[0]] * len(values)
    return Group(
        head, _rows(names, values, texts, tones, (view.y_limits, [0.0] * len(values), set()), width)
    )


def _ridges(view: RidgeView, width: int, rows: int) -> RenderableType:
    """The newest distribution as bars."""
    newest = view.labels[-1] if view.labels else ""
    head = heading(view.title, f"{newest}, √ height".removeprefix(", "), width)
    if not len(view.heights):
        return Group(head, Text("no values yet", style=GREY))
    row = view.heights[-1]
    shares = row[(np.arange(width) * len(row)) // width] / (float(row.max()) or 1.0)
    body = Text("\n".join(block_bars(shares, rows=rows)), style=SERIES[0], no_wrap=True)
    low, high = float(view.edges[0]), float(view.edges[-1])
    marks = nice_ticks(low, high, most=max(2, width // 12))
    labels = format_ticks(marks)
    places = [
        ((m - low) / (high - low) * (width - 1), t) for m, t in zip(marks, labels, strict=True)
    ]
    return Group(head, body, Text(place_words(places, width), style=GREY, no_wrap=True))


def _table(view: TableView, width: int, rows: int) -> RenderableType:
    del rows
    head = heading(view.title, view.how, width)
    table = [view.columns, *view.rows]
    widths = [min(max(cell_len(row[at]) for row in table), 28) for at in range(len(view.columns))]
    body = Text(no_wrap=True)
    for index, cells in enumerate(table):
        line = Text(no_wrap=True)
        for at, entry in enumerate(cells):
            said = cut(entry, widths[at])
            filled = (
                padded(said, widths[at])
                if view.right[at]
                else said + " " * (widths[at] - cell_len(said))
            )
            line.append(
                ("  " if at else "") + filled,
                GREY if index == 0 else INK if (index - 1, at) in view.best else "",
            )
        line.truncate(width, overflow="ellipsis")
        body.append("\n" if index else "")
        body.append_text(line)
    return Group(head, body)


def _text(view: TextView, width: int, rows: int) -> RenderableType:
    del rows
    body: list[RenderableType] = [heading(view.title, view.how, width)] if view.title else []
    for line in view.lines[:_MOST_ROWS]:
        before = {"item": "  " * line.depth + line.mark + " ", "quote": "│ "}.get(line.look, "")
        words = "─" * width if line.look == "rule" else before + line.words
        tone = INK if line.look == "head" else GREY if line.look in {"rule", "quote"} else ""
        body.append(Text(words, style=tone, overflow="fold"))
    if len(view.lines) > _MOST_ROWS:
        body.append(Text(f"… {len(view.lines) - _MOST_ROWS} more", style=GREY))
    return Group(*body)


def _audio(view: AudioView, width: int, rows: int) -> RenderableType:
    parts: list[RenderableType] = [heading(view.title, view.how, width)]
    for track in view.tracks:
        loud = np.maximum(np.abs(track.low), np.abs(track.high))
        edges = np.linspace(0, len(loud), width, endpoint=False).astype(int)
        shares = np.maximum.reduceat(loud, edges)
        parts.append(
            Text("\n".join(block_bars(shares, rows=min(rows, 2))), style=SERIES[0], no_wrap=True)
        )
        parts.append(Text(cut(track.words, width), style=GREY))
    return Group(*parts)


def _grid(view: GridView, width: int, rows: int) -> RenderableType:
    """The first pictures, each before its target."""
    tiles = view.tiles
    if view.targets:
        tiles = tuple(t for pair in zip(view.tiles, view.targets, strict=True) for t in pair)
    fitting = max(1, width // 14)
    sheet = Sheet(
        tiles[:fitting], view.title, view.how, "gray", 0.0, 255.0, max(len(tiles[:fitting]), 1)
    )
    return pictures(sheet, width, rows)


def _picture(view: PictureView, width: int, rows: int) -> RenderableType:
    del rows
    return heading(view.title, f"{view.name}: drawn in pictures only", width)


def _magnitudes(view: MagnitudesView, width: int, rows: int) -> RenderableType:
    del rows
    words = f"{len(view.rows)} layers, {', '.join(view.columns)}: drawn in pictures only"
    return heading(view.title, words, width)


_CHARTS: Mapping[type, Callable[[Any, int, int], RenderableType]] = {
    BarView: _bars,
    PieView: _pie,
    MatrixView: _matrix,
    ScatterView: _scatter,
    StemView: _stem,
    RidgeView: _ridges,
    TableView: _table,
    TextView: _text,
    AudioView: _audio,
    GridView: _grid,
    PictureView: _picture,
    MagnitudesView: _magnitudes,
    Sheet: pictures,
}
