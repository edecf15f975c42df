"""What every painter of a kind of view tells: its room, its height, and how to paint it.

Not here: which brush paints what (``introspect.canvas.brushes``).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes

from introspect import theme
from introspect.canvas.writing import Word, text_width_pt, write_row
from introspect.theme import Mode

TITLE_IN, TICKS_IN = 0.3, 0.24
HEIGHT_IN = {1: 2.3, 2: 1.95, 3: 1.65}


@dataclass(frozen=True, slots=True)
class Setting:
    """How one view is painted.

    Attributes:
        mode: Of the theme.
        ends: Whether lines are named at their ends; else in the title row.
        top: Upper end of a histogram's axis, as square root of density; None fits it.
    """

    mode: Mode = "light"
    ends: bool = True
    top: float | None = None


def _no_rooms(view: Any) -> tuple[float, float]:
    del view
    return 0.0, 0.0


def usual_height_in(view: Any, width_in: float, in_row: int) -> float:
    """The height of a chart that has none of its own."""
    del view, width_in
    return HEIGHT_IN.get(in_row, 1.65)


def never(view: Any) -> bool:
    """Of a kind that stands beside others."""
    del view
    return False


@dataclass(frozen=True, slots=True)
class Brush:
    """A painter of one kind of view.

    Attributes:
        paint: Draws the view on an axes of its final size.
        rooms_pt: Room that the view needs left and right of the axes, in points.
        height_in: Height of the axes, of (view, width of the axes in inches, panels in the row).
        above_in: Room above for the title.
        below_in: Room below for ticks.
        is_wide: Whether the view takes a row of its own where nobody said otherwise.
        share: Width in proportion to neighbours.
        is_bare: Whether the right room of its column is no concern of it.
    """

    paint: Callable[[Axes, Any, Setting], None]
    rooms_pt: Callable[[Any], tuple[float, float]] = _no_rooms
    height_in: Callable[[Any, float, int], float] = usual_height_in
    above_in: float = TITLE_IN
    below_in: float = TICKS_IN
    is_wide: Callable[[Any], bool] = never
    share: float = 1.0
    is_bare: bool = False


def write_head(ax: Axes, title: str, how: str, *, room_pt: float, mode: Mode) -> None:
    """The title row: bold what, then grey how."""
    ink, grey = theme.color("ink", mode), theme.color("ink_3", mode)
    head = Word(title, ink, 9.5, bold=True)
    parts = how.split(", ")
    while len(parts) > 1 and head.width_pt + text_width_pt(", ".join(parts)) > room_pt:
        parts.pop()  # what comes first matters most
    words = [head, Word(", ".join(parts), grey)]
    write_row(ax, [word for word in words if word.text], room_pt=room_pt, up_pt=9.0)


def say_empty(ax: Axes, mode: Mode, words: str = "no values yet") -> None:
    """What stands where a chart will be."""
    ax.text(
        *(0.5, 0.5),
        words,
        transform=ax.transAxes,
        ha="center",
        va="center",
        color=theme.color("ink_3", mode),
    )
