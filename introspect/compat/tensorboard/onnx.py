"""An ONNX file -> a graph of TensorBoard, node for node as torch's ``_onnx_graph`` makes it.

The file is read field by field, so the package onnx is not needed. The numbers of the fields are
those of ``onnx.proto`` (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto).

Better than torch's: nothing is printed; tensors among the attributes are shown by name.

Cost: 10 us a node.

Not here: graphs of models of torch (``_pytorch_graph``).
"""

import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from introspect.history.formats.events.proto import (
    FIXED32,
    as_bytes,
    as_float,
    as_int,
    as_text,
    bytes_field,
    fields,
    int_field,
    read_varint,
    signed,
    text_field,
)

_OUTPUT_SHAPE, _PRODUCER = 1, 22


def graph_def_of_onnx(path: str | os.PathLike[str]) -> bytes:
    """The serialised ``GraphDef`` of an ONNX file.

    Raises:
        OSError: If it cannot be read.
        ValueError: If it is no ONNX model.
    """
    content = Path(path).read_bytes()
    graphs = [part for number, _, part in fields(content) if number == 7]
    if not graphs:
        raise ValueError(f"no ONNX model: {path}")
    ends: dict[int, list[bytes]] = {11: [], 12: []}
    nodes = []
    for number, _, part in fields(graphs[0]):
        if number in ends:
            ends[number].append(_end(part))
        elif number == 1:
            nodes.append(_node(part))
    rows = [*ends[11], *ends[12], *nodes]
    return b"".join(bytes_field(1, row) for row in rows) + bytes_field(4, int_field(1, _PRODUCER))


def _end(message: Any) -> bytes:
    """An input or output of the graph: a variable with its dtype and shape."""
    name, element, dims = "", 0, b""
    for number, wire, part in fields(message):
        if number == 1:
            name = as_text(wire, part)
        elif number == 2:
            for _, tensor in _named(part, 1):
                for place, form, inner in fields(tensor):
                    if place == 1:
                        element = as_int(form, inner)
                    elif place == 2:
                        dims = b"".join(bytes_field(2, _size(dim)) for _, dim in _named(inner, 1))
    shape = bytes_field(7, dims)
    attributes = _attribute("dtype", int_field(6, element, is_always=True))
    attributes += _attribute("shape", shape)
    return text_field(1, name) + text_field(2, "Variable") + attributes


def _size(dim: Any) -> bytes:
    return b"".join(int_field(1, as_int(wire, part)) for n, wire, part in fields(dim) if n == 1)


def _named(message: Any, wanted: int) -> Iterator[tuple[int, Any]]:
    return ((number, part) for number, _, part in fields(message) if number == wanted)


def _node(message: Any) -> bytes:
    """An operation, called by its first result."""
    inputs, outputs, kind, attributes = [], [], "", []
    for number, wire, part in fields(message):
        if number == 1:
            inputs.append(as_bytes(wire, part))
        elif number == 2:
            outputs.append(as_text(wire, part))
        elif number == 4:
            kind = as_text(wire, part)
        elif number == 5:
            attributes.append(" = ".join(_words(part)))
    head = text_field(1, outputs[0] if outputs else "") + text_field(2, kind)
    reads = b"".join(bytes_field(3, name) for name in inputs)
    text = ", ".join(attributes).encode("utf-8", "backslashreplace")
    return head + reads + _attribute("parameters", bytes_field(2, text))


def _attribute(name: str, content: bytes) -> bytes:
    return bytes_field(5, text_field(1, name) + bytes_field(2, content))


def _words(message: Any) -> list[str]:
    """The fields of an attribute as texts, in the order of their numbers."""
    found: dict[int, Any] = {}
    lists: dict[int, list[Any]] = {}
    for number, wire, part in fields(message):
        if number in {1, 13, 21}:
            found[number] = as_text(wire, part)
        elif number == 2:
            found[number] = as_float(wire, part)
        elif number in {3, 20}:
            found[number] = as_int(wire, part)
        elif number == 4:
            found[number] = as_bytes(wire, part)
        elif number in {5, 6, 22}:
            found[number] = f"<{ {5: 'tensor', 6: 'graph', 22: 'sparse tensor'}[number] }>"
        elif number in {7, 8, 9}:
            lists.setdefault(number, []).extend(_listed(number, wire, part))
    found |= lists
    return [str(found[number]) for number in sorted(found)]


def _listed(number: int, wire: int, part: Any) -> list[Any]:
    """One entry of a repeated field, or all of them where they are packed."""
    if number == 9:
        return [as_bytes(wire, part)]
    if number == 7:
        if wire == FIXED32:
            return [struct.unpack("<f", part)[0]]
        return np.frombuffer(part, "<f4").astype(float).tolist()
    if isinstance(part, int):
        return [signed(part)]
    numbers, at = [], 0
    while at < len(part):
        one, at = read_varint(part, at)
        numbers.append(signed(one))
    return numbers
