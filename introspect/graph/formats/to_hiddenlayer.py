"""Graph -> a real ``hiddenlayer.Graph`` (0.3), which its transforms and ``build_dot`` take.

What ``hiddenlayer.build_graph`` was meant to give and gives no more on torch of today: a node
for each operation, with the ONNX spelling that its patterns are written in, and ids with the
scopes that ``FoldId`` was used with (``ResNet/Sequential[layer1]/BasicBlock[0]/Conv2d[conv1]``).
As there, inputs, outputs and parameters have no nodes, and ops that no input reaches or no
output needs are left out; so are ops that returned their input (dropout in evaluation).

Cost: 10 us an op, and a second for the import of hiddenlayer.

Not here: hiddenlayer's API over our own pictures (``introspect.compat.hiddenlayer``).
"""

import warnings
from importlib import import_module
from typing import Any

from introspect.errors import MissingExtraError
from introspect.graph.formats.onnx_names import onnx_attributes, onnx_name
from introspect.nouns.graph import Call, Graph, Op, Value


def to_hiddenlayer(graph: Graph) -> Any:
    """A graph as ``hiddenlayer.Graph``.

    Args:
        graph: As traced.

    Returns:
        The graph before hiddenlayer's own ``transforms``: apply those you want, for example
        ``hiddenlayer.transforms.SIMPLICITY_TRANSFORMS``, each with ``.apply(graph)``.

    Raises:
        MissingExtraError: If hiddenlayer is not installed or cannot be imported.
    """
    hiddenlayer = _import()
    made = hiddenlayer.Graph()
    living = _living(graph)
    ids = {op: _uid(op) for op in living}
    for op in living:
        shape = op.outputs[0].shape if op.outputs else None
        made.add_node(
            hiddenlayer.Node(
                uid=ids[op],
                name=None,
                op=onnx_name(op),
                output_shape=shape,
                params=onnx_attributes(op),
            )
        )
    for op in living:
        read: dict[Op, Value] = {}
        for value in op.inputs:
            if value.producer is not None and value.producer in ids and value.producer is not op:
                read.setdefault(value.producer, value)
        for source, value in read.items():
            made.add_edge_by_id(ids[source], ids[op], value.shape)
    return made


def _living(graph: Graph) -> list[Op]:
    """Ops that an input reaches and an output needs; all of them if the graph is cut."""
    reached: set[Value] = set(graph.inputs)
    fed: set[Op] = set()
    for op in graph.ops:
        if "pass_through" not in op.flags and any(value in reached for value in op.inputs):
            fed.add(op)
            reached.update(op.outputs)
    needed: set[Op] = set()
    todo = list(graph.outputs)
    while todo:
        op = todo.pop().producer
        if op is not None and op in fed and op not in needed:
            needed.add(op)
            todo.extend(op.inputs)
    if needed:
        return [op for op in graph.ops if op in needed]
    return [op for op in graph.ops if "pass_through" not in op.flags]


def _uid(op: Op) -> str:
    """The scope as torch.jit wrote it, and the op's number, which makes it unique."""
    parts: list[str] = []
    call: Call | None = op.call
    while call is not None:
        above = call.parent
        if above is None:
            parts.append(call.module)
        else:
            prefix = f"{above.path}." if above.path else ""
            parts.append(f"{call.module}[{call.path.removeprefix(prefix)}]")
        call = above
    return "/".join([*reversed(parts), "outputs", str(op.index)])


def _import() -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # escapes in its strings, old names of matplotlib
            return import_module("hiddenlayer")
    except Exception as error:
        raise MissingExtraError(
            "a graph for hiddenlayer needs the package hiddenlayer 0.3.",
            cause=error,
            hint="pip install hiddenlayer graphviz, "
            "or graph.save('model.svg'), which needs neither",
        ) from error
