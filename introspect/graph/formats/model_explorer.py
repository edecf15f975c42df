"""Graph -> JSON for Model Explorer, Google's viewer of large graphs.

A list with one graph of every operation; Model Explorer folds by namespace, which is the path
of the module. Parameters are attributes of the op that reads them, and rows of its inputs.

Format: the ``Graph`` and ``GraphNode`` of Model Explorer's ``input_graph.ts`` (0.1.34). Every
id, key and value is text. A semicolon or slash in a namespace would mean something: names
lose theirs.

Cost: 40 us an op.
"""

import json
from collections.abc import Iterable
from typing import Any

from introspect.graph.formats.scopes import ScopedNode, listed_shapes, scoped, shape_text
from introspect.graph.outline.labels import module_family, op_label
from introspect.nouns.graph import Graph
from introspect.theme import GRAPH_THEMES

_NOT_IN_NAMES = str.maketrans({"/": "∕", ";": ",", "\x00": "\ufffd"})
_INLINE = frozenset({"parameter", "buffer"})


def to_model_explorer(graph: Graph) -> list[dict[str, Any]]:
    """A graph as what ``json.dumps`` makes a Model Explorer file of.

    Args:
        graph: As traced.

    Returns:
        One graph: ``id``, ``nodes`` and ``groupNodeAttributes``.

    Example:
        >>> import introspect, torch
        >>> graph = introspect.trace(torch.nn.Linear(4, 2), torch.zeros(1, 4))
        >>> [node["label"] for node in to_model_explorer(graph)[0]["nodes"]]
        ['input', 'linear', 'output']
    """
    named = scoped(graph, clean=_clean)
    inline = {node.name: node for node in named.nodes if node.kind in _INLINE}
    nodes = {node.name: node for node in named.nodes}
    rows = [_row(node, nodes, inline) for node in named.nodes if node.name not in inline]
    drawn = _around(row["namespace"] for row in rows)
    groups = {
        scope: {
            "class": call.module,
            "path": call.path or "(model)",
            "parameters": str(call.parameters),
            **{name: repr(value) for name, value in call.settings.items()},
        }
        for call, scope in named.scopes.items()
        if scope in drawn
    }
    whole = {
        "model": graph.name,
        "class": graph.module,
        "parameters": str(graph.parameters),
        **{f"note {k}": note for k, note in enumerate(graph.notes, 1)},
    }
    return [
        {
            "id": graph.name or "model",
            "nodes": rows,
            "groupNodeAttributes": {"": whole, **groups},
        }
    ]


def to_json(graph: Graph) -> bytes:
    """The file: ASCII, on one line."""
    return json.dumps(to_model_explorer(graph), separators=(",", ":")).encode("ascii")


def _around(namespaces: Iterable[str]) -> set[str]:
    """Namespaces and everything around them: the groups that the viewer makes."""
    found: set[str] = set()
    for namespace in namespaces:
        space = namespace
        while space and space not in found:
            found.add(space)
            space = space.rpartition("/")[0]
    return found


def _row(
    node: ScopedNode, nodes: dict[str, ScopedNode], inline: dict[str, ScopedNode]
) -> dict[str, Any]:
    edges, inputs = [], []
    attributes = dict(node.attributes or {})
    for place, (source, slot) in enumerate(node.reads):
        made = nodes[source].shapes
        about = listed_shapes(made[slot : slot + 1])
        if source in inline:
            what = (inline[source].attributes or {}).get("name") or source
            attributes[f"{inline[source].kind} {what}"] = about
        else:
            what = source
            edges.append(
                {
                    "sourceNodeId": source,
                    "sourceNodeOutputId": str(slot),
                    "targetNodeInputId": str(place),
                }
            )
        inputs.append(_metadata(place, {"from": what, "tensor_shape": about}))
    outputs = [
        _metadata(slot, {"tensor_shape": f"{dtype} {shape_text(shape)}"})
        for slot, (shape, dtype) in enumerate(node.shapes)
    ]
    label = node.word if node.kind in {"op", "module"} else node.name.rpartition("/")[2]
    return {
        "id": node.name,
        "label": label,
        "namespace": "" if node.kind in {"input", "output"} else node.scope,
        "attrs": [{"key": key, "value": text} for key, text in attributes.items()],
        "incomingEdges": edges,
        "inputsMetadata": inputs,
        "outputsMetadata": [] if node.kind == "output" else outputs,
        "style": _style(node),
    }


def _metadata(place: int, attributes: dict[str, str]) -> dict[str, Any]:
    return {
        "id": str(place),
        "attrs": [{"key": key, "value": text} for key, text in attributes.items()],
    }


def _style(node: ScopedNode) -> dict[str, str]:
    """The colours of our own pictures."""
    if node.op is not None:
        family = op_label(node.op)[1]
    else:
        family = module_family(node.word) if node.kind == "module" else "io"
    swatch = GRAPH_THEMES["light"].families[family]
    return {
        "backgroundColor": swatch.fill,
        "borderColor": swatch.accent,
        "textColor": swatch.text,
    }


def _clean(part: str) -> str:
    return part.translate(_NOT_IN_NAMES)
