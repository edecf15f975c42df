"""``torch.utils.tensorboard._onnx_graph``, as its users import it.

Not here: how the file is read (``onnx``).
"""

import os
from typing import Any

from introspect.compat.tensorboard.messages import message
from introspect.compat.tensorboard.onnx import graph_def_of_onnx

__all__ = ["load_onnx_graph"]


def load_onnx_graph(fname: str | os.PathLike[str]) -> Any:
    """The ``GraphDef`` of an ONNX file; the package onnx is not needed."""
    return message("graph_pb2", "GraphDef").FromString(graph_def_of_onnx(fname))
