"""Panels side by side and one under the other.

A canvas is a sequence of panels, rows and columns. Panels that stand in it by themselves
are placed as they fit; a `Row` keeps its members in one row, and a `Column` is one member of
a row in which panels stand one under the other.
"""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """Members side by side.

    Attributes:
        panels: Panels and Columns, left to right.
        shares: Width of each in proportion; None for equal ones.
    """

    panels: tuple[Any, ...]
    shares: tuple[float, ...] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """Members one under the other.

    Attributes:
        panels: Panels and Rows, top to bottom.
    """

    panels: tuple[Any, ...]
