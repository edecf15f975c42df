"""Boxes and scales -> the rows below a picture that say what its colours mean.

Families that are in use, in the order of ``introspect.theme.OP_FAMILIES``; or, where an
overlay paints the boxes, its scales (``introspect.graph.overlay``).

Not here: the shapes of the boxes themselves (``shapes``).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from introspect.graph.layout.measure import text_width
from introspect.graph.outline.box import Box
from introspect.nouns.drawing import Label, Rect, Shape, Span
from introspect.theme import BACKWARD_FAMILIES, OP_FAMILIES

ROW = 16.0
_SIZE = 8.0
_SWATCH, _SWATCH_HEIGHT, _AFTER_SWATCH, _BETWEEN = 11.0, 9.0, 4.0, 15.0
_RAMP, _STEPS = 120.0, 24
_BAR_HEIGHT = 2.6
_WORDS = {**OP_FAMILIES, **BACKWARD_FAMILIES}


@dataclass(frozen=True, slots=True)
class Scale:
    """What a colour or the length of a bar stands for.

    Attributes:
        title: What is measured: ``"FLOPs"``.
        low, high: The numbers at its ends, as they are written: ``"1.20 M"``.
        kind: ``"heat"``: the colour of a box; ``"bar"``: the bar at its foot.
        note: What else a reader must know: ``"log scale"``.
    """

    title: str
    low: str
    high: str
    kind: Literal["heat", "bar"] = "heat"
    note: str = ""


@dataclass(frozen=True, slots=True)
class Overlay:
    """What is laid over the boxes of a picture, beyond `Box.heat` and `Box.heat_text`.

    Attributes:
        scales: For the legend.
        bars: Box to the length of the bar at its foot, 0 to 1.
        notes: Box to its description for readers who cannot see it.
    """

    scales: tuple[Scale, ...] = ()
    bars: Mapping[Box, float] = field(default_factory=dict)
    notes: Mapping[Box, str] = field(default_factory=dict)


def families_of(leaves: Iterable[Box]) -> list[str]:
    """The colour families that boxes use, in legend order; inputs and outputs need no word."""
    used: set[str] = set()
    for leaf in leaves:
        if leaf.heat is None:
            used.add(leaf.family)
            used.update(strip.family for strip in (*leaf.before, *leaf.after))
        if leaf.side_inputs:
            used.add("embedding")
    return [name for name in _WORDS if name in used and name != "io"]


def legend_shapes(
    leaves: Iterable[Box], *, x: float, y: float, width: float, scales: Sequence[Scale] = ()
) -> tuple[list[Shape], float]:
    """The legend of a picture.

    Args:
        leaves: Every box that is drawn.
        x: Its left edge, in points.
        y: Its upper edge, in points.
        width: Entries that do not fit go to the next row.
        scales: Of an overlay; they come first, each in a row of its own.

    Returns:
        The shapes, and the height that they take.
    """
    shapes: list[Shape] = []
    top = y
    for scale in scales:
        shapes += _scale_row(scale, x, top)
        top += ROW
    rows = _rows(families_of(leaves), width)
    for row in rows:
        left = x
        for name in row:
            shapes += _entry(name, left, top)
            left += _entry_width(name)
        top += ROW
    return shapes, top - y


def _entry_width(name: str) -> float:
    return _SWATCH + _AFTER_SWATCH + text_width(_WORDS[name], _SIZE) + _BETWEEN


def _rows(names: list[str], width: float) -> list[list[str]]:
    rows: list[list[str]] = []
    used = 0.0
    for name in names:
        if not rows or used + _entry_width(name) > width:
            rows.append([])
            used = 0.0
        rows[-1].append(name)
        used += _entry_width(name)
    return rows


def _entry(name: str, x: float, y: float) -> list[Shape]:
    word = Span(_WORDS[name], _SIZE, "soft")
    return [
        Rect(x, y, _SWATCH, _SWATCH_HEIGHT, 2.5, f"{name}/fill", f"{name}/accent"),
        Label(x + _SWATCH + _AFTER_SWATCH, y + 7.6, (word,)),
    ]


def scale_width(scale: Scale) -> float:
    """Of the row of one scale, in points."""
    words = scale.high + (f"  ·  {scale.note}" if scale.note else "")
    title = text_width(scale.title, _SIZE, bold=True) + 10
    return title + text_width(scale.low, _SIZE) + 12 + _RAMP + text_width(words, _SIZE)


def _scale_row(scale: Scale, x: float, y: float) -> list[Shape]:
    """``FLOPs  1.2 M [ramp] 1.2 G  log scale``."""
    title = Span(scale.title, _SIZE, "ink", bold=True)
    left = x + text_width(scale.title, _SIZE, bold=True) + 10
    shapes: list[Shape] = [Label(x, y + 7.6, (title,))]
    shapes.append(Label(left, y + 7.6, (Span(scale.low, _SIZE, "soft"),)))
    left += text_width(scale.low, _SIZE) + 6
    shapes += _ramp(left, y) if scale.kind == "heat" else _bar(left, y)
    left += _RAMP + 6
    words = scale.high + (f"  ·  {scale.note}" if scale.note else "")
    shapes.append(Label(left, y + 7.6, (Span(words, _SIZE, "soft"),)))
    return shapes


def _ramp(x: float, y: float) -> list[Shape]:
    step = _RAMP / _STEPS
    bands: list[Shape] = [
        Rect(x + k * step, y, step + 0.3 * (k < _STEPS - 1), _SWATCH_HEIGHT, 0.0, heat)
        for k, heat in enumerate(f"heat/{round(100 * k / (_STEPS - 1)):03d}" for k in range(_STEPS))
    ]
    return [*bands, Rect(x, y, _RAMP, _SWATCH_HEIGHT, 0.0, None, "rim", 0.8)]


def _bar(x: float, y: float) -> list[Shape]:
    middle = y + (_SWATCH_HEIGHT - _BAR_HEIGHT) / 2
    return [Rect(x, middle, _RAMP, _BAR_HEIGHT, _BAR_HEIGHT / 2, "ink", "page", 0.6)]
