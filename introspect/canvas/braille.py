"""Numbers to characters: lines as braille, bars as eighth blocks, pictures as half blocks.

Rows of ``(text, paint)`` cells come out, where paint is the index of a series or a shade,
or -1: a terminal colours them, a test reads them.

Cost: 0.5 ms for a chart of 80 x 8 cells, 2 ms from 1e6 points.

Not here: colours and layout (``introspect.canvas.terminal``).
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Glyphs = tuple[list[str], npt.NDArray[np.int8]]
"""Lines of text, and int8 ``(rows, columns)``: which series painted each cell, -1 for none."""

_DOTS = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]])
_EIGHTHS = " ▁▂▃▄▅▆▇█"


def braille_lines(
    curves: Sequence[tuple[Floats, Floats]],
    *,
    x_limits: tuple[float, float],
    y_limits: tuple[float, float],
    columns: int,
    rows: int,
) -> Glyphs:
    """Curves as braille, two by four dots a cell, the exact lowest and highest in each column.

    Args:
        curves: (x, y) of each, float64 ``(n,)``; NaN breaks the line.
        x_limits: Left and right end.
        y_limits: Bottom and top; what lies outside is not drawn.
        columns: Of cells.
        rows: Of cells.

    Example:
        >>> x = np.array([0.0, 1.0])
        >>> lines, _ = braille_lines([(x, x)], x_limits=(0, 1), y_limits=(0, 1), columns=4, rows=2)
        >>> lines
        ['⠀⠀⣠⠞', '⡴⠋⠁⠀']
    """
    masks = np.zeros((rows, columns), dtype=np.int64)
    owner = np.full((rows, columns), -1, dtype=np.int8)
    for index, (x, y) in enumerate(curves):
        dots = _dots(x, y, x_limits, y_limits, (rows * 4, columns * 2))
        cells = dots.reshape(rows, 4, columns, 2).transpose(0, 2, 1, 3)
        own = (cells * _DOTS).sum(axis=(2, 3))
        masks |= own
        owner[(own > 0) & (owner < 0)] = index
    return ["".join(chr(0x2800 + int(mask)) for mask in row) for row in masks], owner


def _dots(
    x: Floats,
    y: Floats,
    x_limits: tuple[float, float],
    y_limits: tuple[float, float],
    size: tuple[int, int],
) -> npt.NDArray[np.bool_]:
    """Bool (rows, columns) of dots that the polyline touches."""
    high, wide = size
    dots = np.zeros(size, dtype=bool)
    if not len(x):
        return dots
    low, top = _column_extent(x, y, x_limits, wide)
    bottom, above = y_limits
    inside = (low <= above) & (top >= bottom)
    scale = (high - 1) / (above - bottom)
    first = (above - np.clip(top, bottom, above)) * scale
    last = (above - np.clip(low, bottom, above)) * scale
    for column in np.flatnonzero(inside):
        dots[round(first[column]) : round(last[column]) + 1, column] = True
    return dots


def _column_extent(
    x: Floats, y: Floats, x_limits: tuple[float, float], wide: int
) -> tuple[Floats, Floats]:
    """Lowest and highest of the polyline in each dot column, NaN where there is none."""
    edges = np.linspace(x_limits[0], x_limits[1], wide + 1)
    at_edges = np.interp(edges, x, y, left=np.nan, right=np.nan)
    low = np.fmin(at_edges[:-1], at_edges[1:])
    high = np.fmax(at_edges[:-1], at_edges[1:])
    inside = (x >= x_limits[0]) & (x <= x_limits[1])
    x, y = x[inside], y[inside]
    if not len(x):
        return low, high
    column = np.clip(np.searchsorted(edges, x, side="right") - 1, 0, wide - 1)
    starts = np.flatnonzero(np.diff(column, prepend=-1))
    touched = column[starts]
    low[touched] = np.fmin(low[touched], np.fmin.reduceat(y, starts))
    high[touched] = np.fmax(high[touched], np.fmax.reduceat(y, starts))
    return low, high


def braille_dots(
    points: Floats,
    classes: npt.NDArray[np.int64],
    *,
    limits: Sequence[tuple[float, float]],
    columns: int,
    rows: int,
) -> Glyphs:
    """Points as single dots.

    Args:
        points: float64 ``(m, 2)``, finite.
        classes: int64 ``(m,)``, 0 to 126.
        limits: Both ends of x and of y; points outside are not drawn.
        columns: Of cells.
        rows: Of cells.

    Example:
        >>> corners = np.array([[0.0, 0.0], [1.0, 1.0]])
        >>> braille_dots(corners, np.zeros(2, int), limits=((0, 1), (0, 1)), columns=2, rows=1)[0]
        ['⡀⠈']
    """
    masks = np.zeros((rows, columns), dtype=np.int64)
    owner = np.full((rows, columns), -1, dtype=np.int8)
    ends = np.array(limits, dtype=np.float64)
    share = (points - ends[:, 0]) / np.maximum(ends[:, 1] - ends[:, 0], 1e-300)
    inside = ((share >= 0) & (share <= 1)).all(axis=1)
    across = np.rint(share[inside, 0] * (columns * 2 - 1)).astype(np.int64)
    down = np.rint((1 - share[inside, 1]) * (rows * 4 - 1)).astype(np.int64)
    np.bitwise_or.at(masks, (down // 4, across // 2), _DOTS[down % 4, across % 2])
    owner[down // 4, across // 2] = np.minimum(classes[inside], 126)
    return ["".join(chr(0x2800 + int(mask)) for mask in row) for row in masks], owner


def block_bars(shares: Floats, *, rows: int) -> list[str]:
    """Bars from below, one column each, in eighths of a cell.

    Args:
        shares: float64 ``(columns,)``, 0 to 1.
        rows: Of cells.

    Example:
        >>> block_bars(np.array([0.0, 0.25, 1.0]), rows=2)
        ['  █', ' ▄█']
    """
    eighths = np.rint(np.clip(np.nan_to_num(shares), 0.0, 1.0) * rows * 8).astype(int)
    filled = eighths[None, :] - 8 * np.arange(rows - 1, -1, -1)[:, None]
    return ["".join(_EIGHTHS[min(max(int(n), 0), 8)] for n in row) for row in filled]


def sampled(values: npt.NDArray[np.generic], high: int, wide: int) -> npt.NDArray[np.generic]:
    """The nearest pixel of each cell of a coarser or finer grid; never an average."""
    rows = (np.arange(high) + 0.5) * values.shape[0] / high
    columns = (np.arange(wide) + 0.5) * values.shape[1] / wide
    return values[rows.astype(int)][:, columns.astype(int)]
