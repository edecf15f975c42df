"""A torch model -> the nodes and edges of a hiddenlayer Graph, with ONNX's names for ops.

hiddenlayer asked torch.jit and torch.onnx, which answer no more since torch 1.6; here the model
is traced by ``introspect.trace``. Names are raw (``onnx::BatchNormalization``, ``onnx::Gemm``)
until `FRAMEWORK_TRANSFORMS` made them those of patterns (``BatchNorm``, ``Linear``).

Cost: a forward, and 10 us an op.
"""

from typing import Any

from introspect.compat.hiddenlayer.node import Node
from introspect.compat.hiddenlayer.transforms import Rename
from introspect.errors import TraceError
from introspect.graph.formats.onnx_names import onnx_attributes, onnx_name
from introspect.graph.formats.to_hiddenlayer import _living, _uid
from introspect.nouns.graph import Graph, Op, Value

FRAMEWORK_TRANSFORMS = [
    Rename(op=r"onnx::(.*)", to=r"\1"),
    Rename(op=r"Gemm", to=r"Linear"),
    Rename(op=r"aten::max\_pool2d\_with\_indices", to="MaxPool"),
    Rename(op=r"BatchNormalization", to="BatchNorm"),
]
"""What makes ONNX's names those that hiddenlayer's patterns are written in."""

_RAW = {"BatchNorm": "BatchNormalization", "Linear": "Gemm"}


def import_graph(
    hl_graph: Any,
    model: Any,
    args: Any,
    input_names: Any = None,
    verbose: bool = False,  # noqa: FBT001, FBT002  theirs
) -> Any:
    """Add the layers of a model to a graph.

    Args:
        hl_graph: Is changed; its ``traced`` is the ``introspect.Graph``.
        model: A torch module.
        args: Its input, or a tuple of its inputs.
        input_names: Not heeded, as in hiddenlayer.
        verbose: Whether to print every op.

    Returns:
        The same graph.

    Raises:
        TraceError: If the model is no torch module, or fails.
    """
    from torch import nn  # noqa: PLC0415  when a model is there

    from introspect.graph.trace import trace  # noqa: PLC0415  likewise

    del input_names
    if not isinstance(model, nn.Module):
        raise TraceError(
            "the model is a torch module.",
            given=f"{type(model).__module__}.{type(model).__qualname__}",
            hint="build_graph(model, torch.zeros(1, 1, 28, 28))",
        )
    traced = trace(model, *(args if isinstance(args, tuple) else (args,)))
    if verbose:
        dump_pytorch_graph(traced)
    living = _living(traced)
    ids = {op: pytorch_id(op) for op in living}
    for op in living:
        name = onnx_name(op)
        hl_graph.add_node(
            Node(
                uid=ids[op],
                name=None,
                op=f"onnx::{_RAW.get(name, name)}",
                output_shape=get_shape(op),
                params=onnx_attributes(op),
            )
        )
    for op in living:
        read: dict[Op, Value] = {}
        for value in op.inputs:
            if value.producer in ids and value.producer is not op and value.producer is not None:
                read.setdefault(value.producer, value)
        for source, value in read.items():
            hl_graph.add_edge_by_id(ids[source], ids[op], value.shape)
    hl_graph.traced = traced
    return hl_graph


def dump_pytorch_graph(graph: Graph) -> None:
    """Print every op of a traced graph: its kind, scope, inputs and outputs."""
    print(f"{'kind':25} {'scopeName':40}   inputs -> outputs")  # noqa: T201  what it is for
    number = {value: k for k, value in enumerate(graph.values)}
    for op in graph.ops:
        read, made = ([number[value] for value in row] for row in (op.inputs, op.outputs))
        scope = op.call.path if op.call else ""
        print(f"onnx::{onnx_name(op):19} {scope:40}   {read} -> {made}")  # noqa: T201  likewise


def pytorch_id(node: Op) -> str:
    """An id as torch.jit spelled scopes: ``ResNet/Conv2d[conv1]/outputs/0``."""
    return _uid(node)


def get_shape(torch_node: Op) -> tuple[int, ...] | None:
    """Sizes of the first result of an op, or None."""
    return torch_node.outputs[0].shape if torch_node.outputs else None
