"""Metrics of Ignite's engines, shown when an epoch of the training begins or the training ends."""

from importlib import import_module
from typing import Any

from introspect.compat.livelossplot.plot_losses import PlotLosses
from introspect.errors import MissingExtraError


class PlotLossesCallback:
    """Takes the metrics of the engines that it is attached to.

    Args:
        train_engine: Whose steps are counted, and whose epochs show the picture; None shows
            it whenever an engine has computed metrics, and counts these times.
        **kwargs: Of `PlotLosses`.

    Raises:
        MissingExtraError: If pytorch-ignite is not installed. It is an ImportError.
    """

    def __init__(self, train_engine: Any = None, **kwargs: Any) -> None:
        self._events = _ignite("ignite.engine").Events
        self._step_of = _ignite("ignite.handlers").global_step_from_engine
        self.liveplot = PlotLosses(**kwargs)
        self.train_engine = train_engine
        if train_engine is not None:
            train_engine.add_event_handler(self._events.EPOCH_STARTED, self.send)
            train_engine.add_event_handler(self._events.COMPLETED, self.send)

    def attach(self, engine: Any) -> None:
        """Take what an engine computes at the ends of its iterations and epochs.

        Metrics have to be attached to the engine before.
        """
        engine.add_event_handler(self._events.EPOCH_COMPLETED, self.store)
        engine.add_event_handler(self._events.ITERATION_COMPLETED, self.store)

    def store(self, engine: Any) -> None:
        """Take the metrics of an engine as they are now."""
        metrics = dict(getattr(engine.state, "metrics", None) or {})
        if not metrics:
            return
        train = self.train_engine
        if train is None:
            self.liveplot.update(metrics)
            self.send()
            return
        step = self._step_of(train)(train, train.last_event_name)
        self.liveplot.update(metrics, current_step=step)

    def send(self, _: Any = None) -> None:
        """Show what was taken."""
        self.liveplot.send()


def _ignite(module: str) -> Any:
    try:
        return import_module(module)
    except ImportError as error:
        raise MissingExtraError(
            "pytorch-ignite is not installed.", cause=error, hint="pip install pytorch-ignite"
        ) from error
