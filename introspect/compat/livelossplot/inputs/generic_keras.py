"""What Keras, TensorFlow and Poutyne call at the end of an epoch."""

from importlib import import_module
from typing import Any

from introspect.compat.livelossplot.plot_losses import PlotLosses
from introspect.errors import MissingExtraError


class _PlotLossesCallback:
    """Shows the metrics of each epoch.

    Args:
        **kwargs: Of `PlotLosses`.
    """

    def __init__(self, **kwargs: Any) -> None:
        self.liveplot = PlotLosses(**kwargs)

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Take the metrics of an epoch and show them."""
        self.liveplot.update(dict(logs or {}), epoch)
        self.liveplot.send()

    def on_train_end(self, logs: dict[str, float] | None = None) -> None:
        """Leave the last picture."""
        del logs
        self.liveplot.close()


def base_class(module: str, package: str) -> type:
    """``Callback`` of a framework.

    Raises:
        MissingExtraError: If its package is not installed.
    """
    try:
        return import_module(module).Callback
    except ImportError as error:
        raise MissingExtraError(
            f"{package} is not installed.", cause=error, hint=f"pip install {package}"
        ) from error


def keras_callback(module: str, package: str) -> type:
    """A class that is a callback of Keras and ours."""
    base = base_class(module, package)

    def begin(self: Any, **kwargs: Any) -> None:
        base.__init__(self)
        _PlotLossesCallback.__init__(self, **kwargs)

    return type("PlotLossesCallback", (_PlotLossesCallback, base), {"__init__": begin})
