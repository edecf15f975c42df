"""``tensorboardX.openvino_graph``, as its users import it.

Not here: how the file is read (``openvino``).
"""

import os
from typing import Any

from introspect.compat.tensorboard.messages import message
from introspect.compat.tensorboardx.openvino import graph_def_of_openvino

__all__ = ["load_openvino_graph"]


def load_openvino_graph(fname: str | os.PathLike[str]) -> Any:
    """The ``GraphDef`` of an OpenVINO file."""
    return message("graph_pb2", "GraphDef").FromString(graph_def_of_openvino(fname))
