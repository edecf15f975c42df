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

===============  ================================================================
`watching`       Watch: the handle that records while a model trains
`selection`      which parameters and modules, chosen by glob patterns
`clock`, `pace`  which step a record belongs to, how often one is made; `optimizers`
`recording`      weights, gradients, updates into a History; `taps`: activations; `records`: back
`readings`       a Sketch and the numbers beside it; `spectra`: singular values
`count`          a torch tensor to a Sketch; `sweep`: many on an accelerator; `samples`
`count_compiled` the same by the machine's C compiler, if asked for; `count_triton`: in one launch
`sharding`       what each rank counts; `reducing`: one collective for all
`leaving`        nothing stays on the model
`compare`        compare_histograms: a History to a Comparison
`choosing`       which steps, runs and keys; `moments`, `timescale`
`forms`          a Comparison to a figure: `overlay`, `magnitudes`, `difference`, `bands`, `ridges`
`table`          Table: rows that print themselves; `saving`: a Comparison as bytes
`findings`       health: a History to Findings; `evidence`, `rules`, `rules_of_depth`,
                 `rules_not_finite`, `grouping`, `wording`
===============  ================================================================

Comparing a saved run needs no torch, and its table no matplotlib: names are imported when
they are first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from introspect.nouns.watched import over_ranks as over_ranks
    from introspect.tensors.compare import Comparison as Comparison
    from introspect.tensors.compare import compare_histograms as compare_histograms
    from introspect.tensors.findings import Alerts as Alerts
    from introspect.tensors.findings import Finding as Finding
    from introspect.tensors.findings import Findings as Findings
    from introspect.tensors.findings import health as health
    from introspect.tensors.watching import Watch as Watch
    from introspect.tensors.watching import watch as watch

_HOMES = {
    "Alerts": "introspect.tensors.findings",
    "Comparison": "introspect.tensors.compare",
    "Finding": "introspect.tensors.findings",
    "Findings": "introspect.tensors.findings",
    "Watch": "introspect.tensors.watching",
    "compare_histograms": "introspect.tensors.compare",
    "health": "introspect.tensors.findings",
    "over_ranks": "introspect.nouns.watched",
    "watch": "introspect.tensors.watching",
}

__all__ = [*_HOMES]  # noqa: PLE0604


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        value = getattr(import_module(_HOMES[name]), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module 'introspect.tensors' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
