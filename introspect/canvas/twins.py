"""``draw_plot`` of a canvas as ``plot(..., ax=ax)``: one chart on a matplotlib axes of yours.

Each twin takes what the method takes, and `ax` and `theme` besides. Where a canvas warns and goes
on, a twin raises: it is not called inside a training.

Not here: the charts (``introspect.canvas.draw_charts``, ``draw_things``).
"""

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from introspect.errors import CanvasError
from introspect.nouns.panels import Panel
from introspect.theme import Mode

if TYPE_CHECKING:
    from matplotlib.axes import Axes

NAMES = (
    *("plot", "bar", "hist", "ridge", "magnitudes", "scatter", "embedding", "stem", "curve"),
    *("heatmap", "confusion", "pie", "image", "images", "table", "text", "audio", "video", "graph"),
    *("summary", "progress", "frame"),
)
"""Methods ``draw_*`` that have a twin."""


def twin(name: str) -> "Callable[..., Axes]":
    """The Axes-accepting twin of ``Canvas.draw_<name>``."""
    from introspect.canvas.canvas import Canvas  # noqa: PLC0415  it imports this package

    method = getattr(Canvas, f"draw_{name}")

    def on_axes(
        *args: Any, ax: "Axes | None" = None, theme: Mode = "light", **options: Any
    ) -> "Axes":
        bound = signature.bind(*args, **options)
        return _painted(panel_of(name, *bound.args, **bound.kwargs), ax, theme)

    own = inspect.signature(method)
    parameters = [p for key, p in own.parameters.items() if key != "self"]
    signature = own.replace(parameters=parameters)
    keyword = inspect.Parameter.KEYWORD_ONLY
    on_axes.__signature__ = own.replace(  # ty: ignore[missing-attribute]
        parameters=[
            *parameters,
            inspect.Parameter("ax", keyword, default=None, annotation="Axes | None"),
            inspect.Parameter("theme", keyword, default="light", annotation=Mode),
        ],
        return_annotation="Axes",
    )
    on_axes.__name__ = on_axes.__qualname__ = name
    on_axes.__doc__ = f"""{inspect.getdoc(method)}

The twin of ``Canvas.draw_{name}`` with two more options: `ax`, the matplotlib axes to draw on
(None makes a figure of its own, without pyplot), and `theme`. Returns the axes; raises CanvasError
where a canvas would warn.
"""
    return on_axes


def panel_of(name: str, *args: Any, **options: Any) -> Panel:
    """The panel that ``Canvas.draw_<name>`` would draw.

    Raises:
        CanvasError: If it cannot be drawn.

    Example:
        >>> panel_of("plot", [3.0, 2.0], title="Loss").title
        'Loss'
    """
    from introspect.canvas.canvas import Canvas  # noqa: PLC0415  it imports this package

    sketch = _Sketch()
    getattr(Canvas, f"draw_{name}")(sketch, *args, **options)
    if sketch.panel is None:
        raise CanvasError("there is nothing to draw.", given=f"draw_{name}")
    return sketch.panel


class _Sketch:
    """Stands in for a canvas: keeps the panel, and lets faults pass."""

    def __init__(self) -> None:
        from introspect.canvas.clock import ProgressClock  # noqa: PLC0415  same

        self._clock = ProgressClock()
        self.panel: Panel | None = None

    def _draw(self, title: str, make: Callable[[], Panel]) -> None:
        del title
        self.panel = make()

    def draw_images(self, *args: Any, **options: Any) -> None:
        """``draw_image`` of a grid calls it."""
        from introspect.canvas.draw_things import Things  # noqa: PLC0415  same

        Things.draw_images(self, *args, **options)  # ty: ignore[invalid-argument-type]


def _painted(panel: Panel, ax: "Axes | None", theme: Mode) -> "Axes":
    from introspect.canvas.figure import Easel, own_figure, paint_into  # noqa: PLC0415  matplotlib

    faults: list[Exception] = []
    easel = Easel(mode=theme, report=lambda _, fault: faults.append(fault))
    if ax is None:
        ax = own_figure(panel, easel)
    else:
        paint_into(ax, panel, easel)
    if faults:
        raise faults[0]
    return ax
