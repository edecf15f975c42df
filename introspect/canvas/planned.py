"""Lines that reach to the planned end of the training, where a progress panel beside them says it.

An axis that ends where the training will end stands still, and the lines grow along it. That
begins when an eighth is done: before, the lines would be too short to see. It ends with the
training.

Cost: a look at the last step of each line.

Not here: limits that a user gave, which stay (``introspect.canvas.line_axes``).
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from introspect.nouns.panels import Column, LinePanel, ProgressPanel, Row, leaves
from introspect.nouns.panels.lines import Ends

_LEAST_SHARE = 1 / 8


def reaching(panels: Sequence[Any]) -> tuple[Any, ...]:
    """The panels, lines with the end of their x axis where it is known.

    Args:
        panels: Panels, Rows and Columns.

    Example:
        >>> import numpy as np
        >>> from introspect.nouns.panels import Series
        >>> line = LinePanel((Series("loss", np.arange(500), np.ones(500)),))
        >>> reaching((ProgressPanel("", 500, 1000), line))[1].xlim
        (None, 1000.0)
    """
    plans = [panel for panel in leaves(panels) if isinstance(panel, ProgressPanel)]
    if len(plans) != 1 or not _LEAST_SHARE <= plans[0].done / max(plans[0].total, 1e-9) < 1:
        return tuple(panels)
    return tuple(_reaching(panel, plans[0]) for panel in panels)


def _reaching(member: Any, plan: ProgressPanel) -> Any:
    if isinstance(member, Row | Column):
        return replace(member, panels=tuple(_reaching(one, plan) for one in member.panels))
    if not isinstance(member, LinePanel) or "x" in member.log:
        return member
    low, high = member.xlim or (None, None)
    end = _end(member, plan) if high is None else None
    if end is None:
        return member
    xlim: Ends = (low, end)
    return replace(member, xlim=xlim)


def _end(panel: LinePanel, plan: ProgressPanel) -> float | None:
    """The planned end in the unit of the axis; None where the units may differ."""
    steps = [line.steps for line in panel.series if len(line.steps)]
    if not steps:
        return None
    if any(column.ndim == 2 for column in steps):
        first = min(int(column[0, 0]) for column in steps if column.ndim == 2)
        newest = max(int(column[-1, 0]) for column in steps if column.ndim == 2)
        end = None if plan.epochs is None else float(first + plan.epochs)
        return end if end is not None and newest < end else None
    newest = max(int(column[-1]) for column in steps)
    if not plan.done / 2 <= newest + 1 <= plan.done + 1 or isinstance(panel.epochs, tuple):
        return None
    return float(plan.total) / (1.0 if panel.epochs is None else panel.epochs)
