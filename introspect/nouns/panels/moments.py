"""Panels as they were at an earlier moment, and the columns that say when.

Not here: which moments a film shows (``introspect.canvas.movie``).
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any

from introspect.nouns.panels.bars import BarPanel
from introspect.nouns.panels.distributions import MagnitudesPanel
from introspect.nouns.panels.layout import Column, Row
from introspect.nouns.panels.lines import LinePanel, Series
from introspect.nouns.panels.pictures import GridPanel
from introspect.nouns.panels.points import CurvePanel
from introspect.nouns.panels.stepped import Stepped, Steps

Count = Callable[[Steps], int]


def up_to(panel: Any, rows: Count) -> Any:
    """The panel as it was when its columns were shorter.

    Args:
        panel: Any panel, `Row` or `Column`; kinds without columns come back as they are.
        rows: Column of steps to the number of its first rows that are kept.

    Example:
        >>> import numpy as np
        >>> line = Series("loss", np.arange(3), np.array([3.0, 2.0, 1.0]))
        >>> earlier = up_to(LinePanel((line,)), lambda steps: 2)
        >>> earlier.series[0].values.tolist()
        [3.0, 2.0]
    """
    if isinstance(panel, LinePanel):
        return replace(panel, series=tuple(_first(line, rows(line.steps)) for line in panel.series))
    if isinstance(panel, Stepped):
        return _cut(panel, rows)
    if isinstance(panel, BarPanel):
        return replace(panel, groups=tuple(_cut(group, rows) for group in panel.groups))
    if isinstance(panel, CurvePanel):
        return replace(panel, curves=tuple(_cut(curve, rows) for curve in panel.curves))
    if isinstance(panel, MagnitudesPanel):
        cells = [[None if c is None else _cut(c, rows) for c in row] for row in panel.cells]
        return replace(panel, cells=tuple(tuple(row) for row in cells))
    if isinstance(panel, Row | Column):
        return replace(panel, panels=tuple(up_to(member, rows) for member in panel.panels))
    return panel


def columns(panel: Any) -> list[Steps]:
    """Every column of steps in a panel, `Row` or `Column`."""
    if isinstance(panel, LinePanel):
        return [line.steps for line in panel.series]
    if isinstance(panel, Row | Column):
        return [steps for member in panel.panels for steps in columns(member)]
    parts: Iterable[Stepped | None] = ()
    if isinstance(panel, Stepped):
        parts = (panel,)
    elif isinstance(panel, BarPanel):
        parts = panel.groups
    elif isinstance(panel, CurvePanel):
        parts = panel.curves
    elif isinstance(panel, MagnitudesPanel):
        parts = [cell for row in panel.cells for cell in row]
    return [part.steps for part in parts if part is not None and part.steps is not None]


def leaves(panels: Iterable[Any]) -> Iterator[Any]:
    """The panels without rows and columns, in the order in which they were drawn.

    Example:
        >>> from introspect.nouns.panels.header import MessagePanel
        >>> both = Row((MessagePanel("a", ""), Column((MessagePanel("b", ""),))))
        >>> [panel.title for panel in leaves([both])]
        ['a', 'b']
    """
    for panel in panels:
        if isinstance(panel, Row | Column):
            yield from leaves(panel.panels)
        else:
            yield panel


def _cut(part: Stepped, rows: Count) -> Stepped:
    if part.steps is None:
        return part
    kept = rows(part.steps)
    cut = replace(part, steps=part.steps[:kept], data=part.data[:kept])
    if isinstance(cut, GridPanel) and cut.targets is not None and len(cut.targets) > 1:
        return replace(cut, targets=cut.targets[:kept])
    return cut


def _first(line: Series, kept: int) -> Series:
    names = ("steps", "values", "gaps", "low", "high")
    found = {name: getattr(line, name) for name in names}
    return replace(line, **{k: v[:kept] for k, v in found.items() if v is not None})
