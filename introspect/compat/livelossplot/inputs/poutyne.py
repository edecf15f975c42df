"""``PlotLossesCallback`` for Poutyne; made when it is asked for, since it is a subclass."""

from functools import cache
from typing import Any

from introspect.compat.livelossplot.inputs.generic_keras import base_class
from introspect.compat.livelossplot.plot_losses import PlotLosses


def __getattr__(name: str) -> Any:
    if name != "PlotLossesCallback":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return _made()


@cache
def _made() -> type:
    base = base_class("poutyne.framework", "poutyne")

    def begin(self: Any, **kwargs: Any) -> None:
        base.__init__(self)
        self.liveplot = PlotLosses(**kwargs)
        self.metrics = None

    body = {f.__name__: f for f in (on_train_begin, on_epoch_end, on_train_end)}
    return type("PlotLossesCallback", (base,), {**body, "__init__": begin})


def on_train_begin(self: Any, logs: Any) -> None:
    """Find out which of the logs are metrics."""
    del logs
    names = ["loss", *self.model.metrics_names]
    self.metrics = [*names, *(f"val_{name}" for name in names)]


def on_epoch_end(self: Any, epoch_number: int, logs: dict[str, float]) -> None:
    """Take the metrics of an epoch and show them."""
    self.liveplot.update({name: logs[name] for name in self.metrics if name in logs}, epoch_number)
    self.liveplot.send()


def on_train_end(self: Any, logs: Any) -> None:
    """Leave the last picture."""
    del logs
    self.liveplot.close()
