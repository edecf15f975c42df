"""introspect: see what a PyTorch model is, what its training is doing, how its tensors move.

>>> import introspect
>>> history = introspect.History()
>>> for step in range(3):
...     history.log(step, loss=1 / (1 + step))
>>> history["loss"].data.tolist()
[1.0, 0.5, 0.3333333333333333]

The map: plain nouns, four subjects that turn them into each other, then rooms for people.

====================  =======================================================
``introspect.nouns``     the plain data: Graph, Metric, Sketch, Image, Panel, Drawing
``introspect.graph``     what the model is: trace -> outline -> layout -> file
``introspect.history``   what the training said: log -> segment -> Metric
``introspect.canvas``    the live picture: Metric -> Panel -> notebook, terminal, file
``introspect.tensors``   how the tensors move: watch -> Sketch -> comparison
``introspect.viewer``    the page over many runs
``introspect.compat``    drop-in modules for the tools that people come from
``introspect.demo``      all of it on Fashion-MNIST
====================  =======================================================

Names are imported when they are first used, so `import introspect` costs milliseconds
and needs neither torch nor matplotlib nor NumPy.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from introspect.canvas import Canvas as Canvas
    from introspect.canvas.page import Page as Page
    from introspect.canvas.page import serve as serve
    from introspect.errors import IntrospectError as IntrospectError
    from introspect.errors import IntrospectWarning as IntrospectWarning
    from introspect.graph.backward import trace_backward as trace_backward
    from introspect.graph.compare.diff import diff as diff
    from introspect.graph.proof.replay import verify as verify
    from introspect.graph.trace import Tracer as Tracer
    from introspect.graph.trace import trace as trace
    from introspect.history import History as History
    from introspect.history.many import Runs as Runs
    from introspect.history.many import runs as runs
    from introspect.nouns.graph import Graph as Graph
    from introspect.nouns.metric import Metric as Metric
    from introspect.nouns.sketch import Sketch as Sketch
    from introspect.tensors import Comparison as Comparison
    from introspect.tensors import Findings as Findings
    from introspect.tensors import Watch as Watch
    from introspect.tensors import compare_histograms as compare_histograms
    from introspect.tensors import health as health
    from introspect.tensors import watch as watch
    from introspect.viewer import view as view

__version__ = "0.1.0"

_HOMES = {
    "Canvas": "introspect.canvas",
    "Comparison": "introspect.tensors",
    "Findings": "introspect.tensors",
    "Graph": "introspect.nouns.graph",
    "History": "introspect.history",
    "IntrospectError": "introspect.errors",
    "IntrospectWarning": "introspect.errors",
    "Metric": "introspect.nouns.metric",
    "Page": "introspect.canvas.page",
    "Runs": "introspect.history.many",
    "Sketch": "introspect.nouns.sketch",
    "Tracer": "introspect.graph.trace",
    "Watch": "introspect.tensors",
    "compare_histograms": "introspect.tensors",
    "diff": "introspect.graph.compare.diff",
    "health": "introspect.tensors",
    "runs": "introspect.history.many",
    "serve": "introspect.canvas.page",
    "trace": "introspect.graph.trace",
    "trace_backward": "introspect.graph.backward",
    "verify": "introspect.graph.proof.replay",
    "view": "introspect.viewer",
    "watch": "introspect.tensors",
}

__all__ = [*_HOMES, "__version__"]  # noqa: PLE0604


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        value = getattr(import_module(_HOMES[name]), name)
        globals()[name] = value
        return value
    if name in {"compat", "transforms", "values"}:
        return import_module(f"introspect.{name}")
    raise AttributeError(f"module 'introspect' has no attribute {name!r}")


def load_ipython_extension(shell: Any) -> None:
    """``%load_ext introspect``: gives a notebook ``%introspect view PATH``."""
    from introspect.viewer.magic import load  # noqa: PLC0415  a notebook alone needs it

    load(shell)


def __dir__() -> list[str]:
    return sorted(__all__)
