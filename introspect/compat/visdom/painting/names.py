"""Names of lines and groups onto axes: at line ends, or in a row above.

As everywhere in introspect there is no box of a legend: a name has the colour of what it names.

Not here: which lines have names (``introspect.compat.visdom.painting.native``).
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from introspect.canvas.ticks import clean
from introspect.canvas.writing import shortened, spread, text_width_pt

End = tuple[str, float, float, Any]
"""Name, x and y of the end of a line, and its colour."""

HUE = "introspect:hue"
"""Key of a trace under which its place among all traces stands: it gives it its colour."""

_LINE_PT = 10.5
_MOST_PT = 110.0
_GAP_PT = 12.0


def hue(trace: Mapping[str, Any], index: int) -> int:
    """Which of our colours a trace has: that of its place in the whole chart."""
    return int(trace.get(HUE, index))


def at_ends(ax: Any, ends: Sequence[End]) -> None:
    """Names right of the axes, each as high as its line ends, pushed apart.

    Args:
        ax: Axes whose limits and titles are final.
        ends: (name, x, y, colour) of each line.
    """
    known = [end for end in ends if end[0] and np.isfinite(end[2])]
    if not known:
        return
    ax.figure.get_layout_engine().execute(ax.figure)  # the height of the axes, before names
    height_pt = ax.figure.get_size_inches()[1] * 72 * ax.get_position().height
    natural = [
        ax.transAxes.inverted().transform(ax.transData.transform((x, y)))[1] for _, x, y, _ in known
    ]
    placed = spread([at * height_pt for at in natural], _LINE_PT, 0.0, height_pt)
    for (name, _, _, color), place in zip(known, placed, strict=True):
        ax.annotate(
            shortened(clean(name), _MOST_PT),
            xy=(1.0, place / height_pt),
            xycoords="axes fraction",
            xytext=(5, 0),
            textcoords="offset points",
            va="center",
            color=color,
            annotation_clip=False,
        )


def in_row(ax: Any, names: Sequence[tuple[str, Any]]) -> None:
    """Names side by side above the axes, each in its colour; as many rows as they need.

    Args:
        ax: Where.
        names: (name, colour).
    """
    room_pt = ax.figure.get_size_inches()[0] * 72 - 50.0
    rows: list[list[tuple[str, Any, float]]] = [[]]
    at_pt = 0.0
    for name, color in names:
        text = shortened(clean(name), _MOST_PT)
        width_pt = text_width_pt(text)
        if rows[-1] and at_pt + width_pt > room_pt:
            rows.append([])
            at_pt = 0.0
        rows[-1].append((text, color, at_pt))
        at_pt += width_pt + _GAP_PT
    for up, row in enumerate(reversed(rows)):
        for text, color, left_pt in row:
            ax.annotate(
                text,
                xy=(0, 1),
                xycoords="axes fraction",
                xytext=(left_pt, 5 + _LINE_PT * 1.15 * up),
                textcoords="offset points",
                color=color,
                annotation_clip=False,
            )
