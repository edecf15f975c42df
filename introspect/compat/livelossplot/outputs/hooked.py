"""Line panels -> a matplotlib figure with an axes for each, through the user's hooks.

No pyplot: the figure is a value, and no window opens.

Not here: when (``matplotlib_plot``).
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from introspect.compat.livelossplot.main_logger import MainLogger
from introspect.nouns.panels import LinePanel

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@dataclass(frozen=True, slots=True)
class Hooks:
    """Functions of the user's; None for what is done without them.

    Attributes:
        after_subplot: Called with (axes, group, name of a step).
        before_plots: Called with (figure, array of axes, number of groups).
        after_plots: Called with (figure).
    """

    after_subplot: Callable[[Any, str, str], Any] | None = None
    before_plots: Callable[[Any, Any, int], Any] | None = None
    after_plots: Callable[[Any], Any] | None = None

    def __bool__(self) -> bool:
        return any((self.after_subplot, self.before_plots, self.after_plots))


def hooked_figure(
    logger: MainLogger,
    panels: Sequence[LinePanel],
    *,
    hooks: Hooks,
    extra_plots: Sequence[Callable[[Any, MainLogger], Any]],
    max_cols: int,
    size_in: tuple[float, float],
) -> "Figure":
    """A figure with the curves, as the hooks want it.

    Args:
        logger: Handed to extra plots.
        panels: One for each group.
        hooks: Each is called as livelossplot calls it.
        extra_plots: Called with (axes, logger).
        max_cols: Axes in a row.
        size_in: Width and height in inches, unless a hook sets them.
    """
    from matplotlib import rc_context  # noqa: PLC0415  only who has hooks pays
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415  same
    from matplotlib.figure import Figure  # noqa: PLC0415  same

    from introspect.canvas.style import style  # noqa: PLC0415  same

    count = len(panels) + len(extra_plots)
    # The ticks of a user's own axes may be formulas, which names of metrics never are.
    with rc_context(rc={**style("light"), "text.parse_math": True}):
        figure = Figure(figsize=size_in, layout="tight" if hooks.after_plots is None else None)
        FigureCanvasAgg(figure)
        rows = max(1, math.ceil(count / max_cols))
        axes = figure.subplots(rows, max_cols, squeeze=False)
        if hooks.before_plots is not None:
            hooks.before_plots(figure, axes, len(panels))
        for ax in axes.flat[count:]:
            ax.set_visible(False)
        for ax, panel in zip(axes.flat, panels, strict=False):
            _draw(ax, panel, logger, hooks)
        for ax, plot in zip(axes.flat[len(panels) :], extra_plots, strict=False):
            plot(ax, logger)
        if hooks.after_plots is not None:
            hooks.after_plots(figure)
    return figure


def _draw(ax: "Axes", panel: LinePanel, logger: MainLogger, hooks: Hooks) -> None:
    from introspect.canvas.style import series_color  # noqa: PLC0415  as above

    for index, line in enumerate(panel.series):
        ax.plot(line.steps, line.values, label=line.name, color=series_color(index))
    if panel.xlim is not None:
        ax.set_xlim(*panel.xlim)
    word = logger.step_name(panel.title)
    if hooks.after_subplot is not None:
        hooks.after_subplot(ax, panel.title, word)
        return
    ax.set_title(panel.title)
    ax.set_xlabel(word)
    ax.legend(loc="center right")
