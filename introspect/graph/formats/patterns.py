"""Patterns over a fill, for pictures that are printed without colour.

A pattern is a square tile with a few lines or a dot, equal in every format.

Not here: which family has which pattern (``introspect.theme``).
"""

import math
from collections.abc import Mapping

TILE = 5.0
LINE_WIDTH = 0.7

Segment = tuple[float, float, float, float]

_SLASH = ((-1.0, 1.0, 1.0, -1.0), (0.0, TILE, TILE, 0.0), (TILE - 1, TILE + 1, TILE + 1, TILE - 1))
_BACK = tuple((TILE - x0, y0, TILE - x1, y1) for x0, y0, x1, y1 in _SLASH)
_ROW = ((0.0, TILE / 2, TILE, TILE / 2),)
_COLUMN = ((TILE / 2, 0.0, TILE / 2, TILE),)

SEGMENTS: Mapping[str, tuple[Segment, ...]] = {
    "diagonal": _SLASH,
    "back": _BACK,
    "cross": _SLASH + _BACK,
    "rows": _ROW,
    "columns": _COLUMN,
    "dots": ((TILE / 2 - 0.8, TILE / 2, TILE / 2 + 0.8, TILE / 2),),
}
"""Pattern to the lines (x0, y0, x1, y1) in its tile, in points."""


def line_width(pattern: str) -> float:
    """Of the lines of a pattern, in points; a dot is a short thick line."""
    return 1.6 if pattern == "dots" else LINE_WIDTH


def tile_path(pattern: str) -> str:
    """The lines of a tile as path data.

    Example:
        >>> tile_path("rows")
        'M0 2.5L5 2.5'
    """
    return "".join(f"M{x0:g} {y0:g}L{x1:g} {y1:g}" for x0, y0, x1, y1 in SEGMENTS[pattern])


def svg_pattern(pattern: str, fill: str, hatch: str) -> str:
    """A ``<pattern>`` element: the fill, and the lines over it.

    Example:
        >>> svg_pattern("rows", "#FFFFFF", "#C2C2C2")[:40]
        '<pattern id="introspect-rows-FFFFFF" pat'
    """
    path = tile_path(pattern)
    size = f'width="{TILE:g}" height="{TILE:g}"'
    return (
        f'<pattern id="introspect-{pattern}-{fill[1:]}" patternUnits="userSpaceOnUse" {size}>'
        f'<rect {size} fill="{fill}"/>'
        f'<path d="{path}" fill="none" stroke="{hatch}" stroke-width="{line_width(pattern):g}"/>'
        "</pattern>"
    )


def lines_over(pattern: str, x0: float, y0: float, x1: float, y1: float) -> list[Segment]:
    """The lines of a pattern over a rectangle, each in one piece; dots are dashed rows.

    They lie where the tiles of `svg_pattern` put them; what hangs over is to be clipped.

    Example:
        >>> lines_over("rows", 0, 0, 20, 10)
        [(0, 2.5, 20, 2.5), (0, 7.5, 20, 7.5)]
    """

    def steps(low: float, high: float, offset: float) -> list[float]:
        first = math.ceil((low - offset) / TILE)
        return [offset + k * TILE for k in range(first, math.floor((high - offset) / TILE) + 1)]

    found: list[Segment] = []
    if pattern in {"rows", "dots"}:
        start = math.floor(x0 / TILE) * TILE if pattern == "dots" else x0
        found += [(start, y, x1, y) for y in steps(y0, y1, TILE / 2)]
    if pattern == "columns":
        found += [(x, y0, x, y1) for x in steps(x0, x1, TILE / 2)]
    if pattern in {"diagonal", "cross"}:  # x + y is a multiple of the tile
        found += [(s - y0, y0, s - y1, y1) for s in steps(x0 + y0, x1 + y1, 0.0)]
    if pattern in {"back", "cross"}:  # x - y is
        found += [(d + y0, y0, d + y1, y1) for d in steps(x0 - y1, x1 - y0, 0.0)]
    return found
