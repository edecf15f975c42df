"""Tables and texts on a matplotlib axes whose unit is the point.

Hairlines under the head and between rows, numbers right, the best in bold.

Not here: cells and paragraphs (``introspect.canvas.words``).
"""

from typing import Any

from matplotlib import rcParams
from matplotlib.axes import Axes

from introspect import theme
from introspect.canvas.brush import Brush, Setting, say_empty, write_head
from introspect.canvas.paint_lines import size_pt
from introspect.canvas.words import Line, TableView, TextView
from introspect.canvas.writing import shortened, text_width_pt
from introspect.theme import Mode

_ROW_PT = 15.0
_COLUMN_GAP_PT = 16.0
_MOST_PT = 170.0
_LINE_PT = 12.5
_MOST_LINES = 60


def paint_table(ax: Axes, view: TableView, setting: Setting) -> None:
    """Draw heads, hairlines and cells; columns that do not fit are counted."""
    mode = setting.mode
    width_pt, height_pt = _plain(ax)
    if not view.columns:
        say_empty(ax, mode, "no rows yet")
    widths = _widths(view)
    shown = _fitting(widths, width_pt)
    left = 0.0
    for column in range(shown):
        right = left + widths[column]
        head = shortened(view.columns[column], widths[column])
        x, align = (right, "right") if view.right[column] else (left, "left")
        style: dict[str, Any] = {"ha": align, "va": "center_baseline"}
        ax.text(x, height_pt - 6.0, head, color=theme.color("ink_3", mode), **style)
        for row, cells in enumerate(view.rows):
            best = (row, column) in view.best
            ax.text(
                x,
                height_pt - 6.0 - _ROW_PT * (row + 1),
                shortened(cells[column], widths[column], bold=best),
                color=theme.color("ink", mode),
                fontweight="bold" if best else "normal",
                **style,
            )
        left = right + _COLUMN_GAP_PT
    edge = max(left - _COLUMN_GAP_PT, 0.0)
    for row in range(len(view.rows) if view.columns else 0):
        y = height_pt - 13.5 - _ROW_PT * row
        name = "rule_strong" if row == 0 else "rule"
        ax.plot([0, edge], [y, y], color=theme.color(name, mode), linewidth=0.75, clip_on=False)
    left_out = len(view.columns) - shown
    words = [view.how, f"{left_out} more columns" if left_out else ""]
    how = ", ".join(word for word in words if word)
    write_head(ax, view.title, how, room_pt=width_pt, mode=mode)


def _widths(view: TableView) -> list[float]:
    widths = []
    for column, head in enumerate(view.columns):
        cells = [
            text_width_pt(row[column], bold=(index, column) in view.best)
            for index, row in enumerate(view.rows)
        ]
        widths.append(min(max([text_width_pt(head), *cells]) + 1.0, _MOST_PT))
    return widths


def _fitting(widths: list[float], room_pt: float) -> int:
    """How many columns fit; the first one always."""
    used = 0.0
    for index, width in enumerate(widths):
        used += width + (_COLUMN_GAP_PT if index else 0.0)
        if used > room_pt + 1.0 and index:
            return index
    return len(widths)


def table_height_in(view: TableView, width_in: float, in_row: int) -> float:
    """A line for each row."""
    del width_in, in_row
    return (13.0 + _ROW_PT * len(view.rows)) / 72


def paint_text(ax: Axes, view: TextView, setting: Setting) -> None:
    """Draw the paragraphs, as many as fit."""
    mode = setting.mode
    width_pt, height_pt = _plain(ax)
    y = height_pt
    lines = _set(view, width_pt)
    for index, (words, line, first) in enumerate(lines):
        y -= _LINE_PT + (4.0 if line.look == "head" and first and index else 0.0)
        if y < -2.0 or index >= _MOST_LINES:
            left = len(lines) - index
            ax.text(0.0, y + 3.0, f"… {left} more lines", color=theme.color("ink_3", mode))
            break
        _write(ax, words, line, y + 3.0, width_pt, first=first, mode=mode)
    if not lines:
        say_empty(ax, mode, "no words yet")
    write_head(ax, view.title, view.how, room_pt=width_pt, mode=mode)


def _set(view: TextView, width_pt: float) -> list[tuple[str, Line, bool]]:
    """(words, paragraph, whether it is its first line) of every line of type."""
    lines: list[tuple[str, Line, bool]] = []
    for line in view.lines:
        room = width_pt - _indent(line)
        found = [line.words] if line.look in {"code", "rule"} else _wrapped(line, room)
        lines += [(words, line, index == 0) for index, words in enumerate(found or [""])]
        if len(lines) > 4 * _MOST_LINES:
            break
    return lines


def _wrapped(line: Line, room_pt: float) -> list[str]:
    bold = line.look == "head"
    found: list[str] = []
    for word in line.words.split():
        longer = f"{found[-1]} {word}" if found else word
        if found and text_width_pt(longer, bold=bold) <= room_pt:
            found[-1] = longer
        else:
            found.append(shortened(word, room_pt, bold=bold))
    return found


def _indent(line: Line) -> float:
    return {"item": 11.0 + 10.0 * line.depth, "quote": 9.0, "code": 6.0}.get(line.look, 0.0)


def _write(
    ax: Axes, words: str, line: Line, y: float, width_pt: float, *, first: bool, mode: Mode
) -> None:
    rule = theme.color("rule_strong", mode)
    x = _indent(line)
    if line.look == "rule":
        ax.plot([0, width_pt], [y + 3.0] * 2, color=rule, linewidth=0.75)
        return
    if line.look == "quote":
        ax.plot([1.0, 1.0], [y - 3.0, y + _LINE_PT - 3.5], color=rule, linewidth=1.5)
    if line.look == "item" and first:
        mark: dict[str, Any] = {"color": theme.color("ink_3", mode), "ha": "right"}
        ax.text(x - 3.5, y, line.mark, **mark)
    heavy = line.look == "head"
    code = line.look == "code"
    ax.text(
        x,
        y,
        words[: int((width_pt - x) / 4.6)] if code else words,
        color=theme.color("ink" if heavy else "ink_2", mode),
        fontsize=7.5 if code else 9.5 if heavy and line.depth <= 2 else 8.5,
        fontweight="bold" if heavy else "normal",
        family="DejaVu Sans Mono" if code else rcParams["font.family"],
    )


def text_height_in(view: TextView, width_in: float, in_row: int) -> float:
    """A line of type for each line of words."""
    del in_row
    lines = _set(view, width_in * 72)[:_MOST_LINES]
    heads = sum(1 for _, line, first in lines if line.look == "head" and first)
    return max(len(lines), 1) * _LINE_PT / 72 + heads * 4.0 / 72 + 0.04


def _plain(ax: Axes) -> tuple[float, float]:
    """The axes in points, without axes; its size."""
    width_pt, height_pt = size_pt(ax)
    ax.set_axis_off()
    ax.set_xlim(0, width_pt)
    ax.set_ylim(0, height_pt)
    return width_pt, height_pt


TABLE = Brush(paint_table, height_in=table_height_in, below_in=0.04, is_bare=True)
TEXT = Brush(paint_text, height_in=text_height_in, below_in=0.04, is_bare=True)
