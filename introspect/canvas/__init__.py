"""The live picture: Metric -> Panel -> notebook, page, terminal or file.

Four steps, each a few modules:

==============================  ==================================================================
modules                         turn
==============================  ==================================================================
`canvas`, `draw_*`              calls into Panels, and hand them to a backend
`sources*`                      Metrics, arrays and values into Panels
`lines`, `bars`, `points`, ...  a Panel into a view: limits, ticks, words, no pixels (`shown`)
`figure`, `paint_*`             views into a matplotlib figure, one brush for each kind (`brushes`)
`places`                        views into places on a page
`movie`                         Panels into a film, replayed from the history
`terminal`, `text_*`            views into text; `live` redraws it
`feed`, `specs`, `html`, ...    Panels into messages for a browser; `notebook` and `page` send them
`files`                         all of it into a file
==============================  ==================================================================

Every ``draw_*`` method has a twin here that draws on a matplotlib axes, `plot` for ``draw_plot``:
``plot(history["loss"], ax=ax)``. They are `twins.NAMES`. Importing this package loads neither
matplotlib nor rich.
"""

from typing import Any

from introspect.canvas.canvas import Canvas
from introspect.canvas.twins import NAMES, twin

__all__ = ["Canvas", *NAMES]  # noqa: PLE0604  the twins


def __getattr__(name: str) -> Any:
    if name in NAMES:
        value = twin(name)
        globals()[name] = value
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
