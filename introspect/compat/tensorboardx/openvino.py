"""An OpenVINO file (XML) -> a graph of TensorBoard, as tensorboardX makes it.

Better than tensorboardX's: a layer that reads several others is one node with all of them, and
layers that read nothing are nodes, too.

Not here: ONNX files (``compat.tensorboard.onnx``).
"""

import os
import xml.etree.ElementTree as ET
from pathlib import Path

from introspect.history.formats.events.proto import bytes_field, int_field, text_field

_PRODUCER = 22


def graph_def_of_openvino(path: str | os.PathLike[str]) -> bytes:
    """The serialised ``GraphDef`` of the XML file of an OpenVINO model.

    Raises:
        OSError: If it cannot be read.
        ValueError: If it is no such file, or declares entities.
    """
    content = Path(path).read_bytes()
    if b"<!ENTITY" in content or b"<!DOCTYPE" in content:
        raise ValueError(f"an OpenVINO file declares no entities: {path}")
    try:
        root = ET.fromstring(content)  # noqa: S314  without entities there is nothing to expand
    except ET.ParseError as error:
        raise ValueError(f"no OpenVINO model: {path}") from error
    layers, edges = root.find("layers"), root.find("edges")
    if layers is None or edges is None:
        raise ValueError(f"no OpenVINO model: {path}")
    names = {layer.get("id"): layer.get("name", "") for layer in layers}
    kinds = {layer.get("id"): layer.get("type", "op") for layer in layers}
    reads: dict[str | None, list[str]] = {number: [] for number in names}
    for edge in edges:
        source, target = edge.get("from-layer"), edge.get("to-layer")
        if source in names and target in reads:
            reads[target].append(names[source])
    nodes = [
        text_field(1, names[number])
        + text_field(2, kinds[number])
        + b"".join(text_field(3, source) for source in sources)
        for number, sources in reads.items()
    ]
    return b"".join(bytes_field(1, node) for node in nodes) + bytes_field(
        4, int_field(1, _PRODUCER)
    )
