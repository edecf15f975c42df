"""The same event files under the name of livelossplot's TensorFlow output; no TensorFlow."""

from introspect.compat.livelossplot.outputs.tensorboard_logger import TensorboardLogger


class TensorboardTFLogger(TensorboardLogger):
    """As `TensorboardLogger`."""
