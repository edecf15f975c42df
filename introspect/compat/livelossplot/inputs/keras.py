"""``PlotLossesCallback`` for Keras; made when it is asked for, since it is a subclass."""

from functools import cache
from typing import Any

from introspect.compat.livelossplot.inputs.generic_keras import keras_callback


def __getattr__(name: str) -> Any:
    if name != "PlotLossesCallback":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return _made()


@cache
def _made() -> type:
    return keras_callback("keras.callbacks", "keras")
