"""How the tensors move: a model in training -> Sketches in a History -> pictures of change.

>>> import introspect, torch
>>> model = torch.nn.Linear(4, 2)
>>> history = introspect.History()
>>> with introspect.watch(model, history=history, every=1) as watch:
...     for epoch in range(3):
...         watch.step(epoch)
...         _ = model.weight.data.mul_(2.0)
>>> comparison = introspect.compare_histograms(history, "weights/weight")
>>> comparison.table.column("w1")[0]
0.0

=============  ==================================================================
`watching`     Watch: the handle that records weights while a model trains
`selection`    which parameters, chosen by glob patterns of modules
`clock`        which step a record belongs to
`count`        a torch tensor to a Sketch, at 1.4 ns an element
`compare`      compare_histograms: a History to a Comparison
`overlay`      a Comparison to a matplotlib figure
`table`        Table: rows that print themselves
=============  ==================================================================

Comparing a saved run needs no torch, and its table no matplotlib: names are imported when
they are first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from introspect.tensors.compare import Comparison as Comparison
    from introspect.tensors.compare import compare_histograms as compare_histograms
    from introspect.tensors.watching import Watch as Watch
    from introspect.tensors.watching import watch as watch

_HOMES = {
    "Comparison": "introspect.tensors.compare",
    "Watch": "introspect.tensors.watching",
    "compare_histograms": "introspect.tensors.compare",
    "watch": "introspect.tensors.watching",
}

__all__ = ["Comparison", "Watch", "compare_histograms", "watch"]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        value = getattr(import_module(_HOMES[name]), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module 'introspect.tensors' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
