"""``tensorboardX.onnx_graph``, as its users import it.

Not here: how the file is read (``compat.tensorboard.onnx``).
"""

from introspect.compat.tensorboard._onnx_graph import load_onnx_graph

__all__ = ["load_onnx_graph"]
