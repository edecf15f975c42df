"""MainLogger -> line panels, a row of them for each few groups.

Columns pass by reference: a panel costs microseconds, whatever the number of values.

Not here: who shows them (``matplotlib_plot``, ``bokeh_plot``).
"""

from collections.abc import Sequence

from introspect.compat.livelossplot.main_logger import MainLogger
from introspect.nouns.panels import LinePanel, Panel, Placed, Row, Series


def line_panels(logger: MainLogger, *, max_epoch: int | None = None) -> list[LinePanel]:
    """A panel for each group that has values.

    Args:
        logger: The values.
        max_epoch: Where the x axis ends; None for where the values do.

    Example:
        >>> logger = MainLogger()
        >>> logger.update({"loss": 1.0, "val_loss": 2.0})
        >>> [(panel.title, [line.name for line in panel.series]) for panel in line_panels(logger)]
        [('Loss', ['training', 'validation'])]
    """
    panels = []
    for group, names in logger.shown_names().items():
        found = {shown: logger.columns(metric) for metric, shown in names.items()}
        series = tuple(
            Series(shown, metric.steps, metric.data)
            for shown, metric in found.items()
            if metric is not None and len(metric) and metric.is_scalar
        )
        if series:
            xlim = None if max_epoch is None else (0.0, float(max_epoch))
            word = logger.step_name(group)
            panels.append(
                LinePanel(
                    series,
                    title=group,
                    ylabel="" if word in {"epoch", "step"} else f"by {word}",  # axes say these
                    xlim=xlim,
                    epochs=1.0 if word == "epoch" else None,
                )
            )
    return panels


def in_rows(panels: Sequence[Panel], max_cols: int) -> tuple[Placed, ...]:
    """The panels in rows of at most so many."""
    if max_cols < 2:
        return tuple(panels)
    rows = [tuple(panels[at : at + max_cols]) for at in range(0, len(panels), max_cols)]
    return tuple(Row(row) if len(row) > 1 else row[0] for row in rows)
