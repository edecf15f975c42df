"""Callbacks of other frameworks. A framework is imported by the call, and has to be installed."""

from typing import Any


def PlotLossesKeras(**kwargs: Any) -> Any:  # noqa: N802  theirs
    """A callback of Keras: ``model.fit(..., callbacks=[PlotLossesKeras()])``.

    Args:
        **kwargs: Of `PlotLosses`.

    Raises:
        MissingExtraError: If keras is not installed. It is an ImportError.
    """
    from introspect.compat.livelossplot.inputs import keras  # noqa: PLC0415  theirs is lazy, too

    return keras.PlotLossesCallback(**kwargs)


def PlotLossesKerasTF(**kwargs: Any) -> Any:  # noqa: N802  theirs
    """A callback of TensorFlow's Keras.

    Args:
        **kwargs: Of `PlotLosses`.

    Raises:
        MissingExtraError: If tensorflow is not installed. It is an ImportError.
    """
    from introspect.compat.livelossplot.inputs import tf_keras  # noqa: PLC0415  same

    return tf_keras.PlotLossesCallback(**kwargs)


def PlotLossesPoutyne(**kwargs: Any) -> Any:  # noqa: N802  theirs
    """A callback of Poutyne: ``model.fit(..., callbacks=[PlotLossesPoutyne()])``.

    Args:
        **kwargs: Of `PlotLosses`.

    Raises:
        MissingExtraError: If poutyne is not installed. It is an ImportError.
    """
    from introspect.compat.livelossplot.inputs import poutyne  # noqa: PLC0415  same

    return poutyne.PlotLossesCallback(**kwargs)


def PlotLossesIgnite(**kwargs: Any) -> Any:  # noqa: N802  theirs
    """A callback of Ignite, which ``attach(engine)`` binds to an engine that computes metrics.

    Args:
        **kwargs: Of `PlotLosses`, and `train_engine`, whose steps are counted.

    Raises:
        MissingExtraError: If pytorch-ignite is not installed. It is an ImportError.
    """
    from introspect.compat.livelossplot.inputs import pytorch_ignite  # noqa: PLC0415  same

    return pytorch_ignite.PlotLossesCallback(**kwargs)


__all__ = ["PlotLossesIgnite", "PlotLossesKeras", "PlotLossesKerasTF", "PlotLossesPoutyne"]
