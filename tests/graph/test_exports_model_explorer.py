"""Graph -> Model Explorer's JSON, held to its schema as written down here."""

import json

import pytest
import torch
from torch import nn

import introspect
from introspect.errors import FormatError
from introspect.graph.formats.model_explorer import to_model_explorer

# Model Explorer 0.1.34, input_graph.ts and types.ts: key -> (required, check of the value).
_TEXT = str


def _pairs(found):
    return isinstance(found, list) and all(
        set(pair) == {"key", "value"} and all(isinstance(t, str) for t in pair.values())
        for pair in found
    )


def _metadata(found):
    return isinstance(found, list) and all(
        set(item) == {"id", "attrs"} and isinstance(item["id"], str) and _pairs(item["attrs"])
        for item in found
    )


_STYLE = {"backgroundColor", "borderColor", "hoveredBorderColor", "textColor", "borderWidth"}
_EDGE = {"sourceNodeId", "sourceNodeOutputId", "targetNodeInputId"}
_NODE = {
    "id": lambda v: isinstance(v, str) and v,
    "label": lambda v: isinstance(v, str),
    "namespace": lambda v: isinstance(v, str) and ";" not in v,
    "attrs": _pairs,
    "incomingEdges": lambda v: all(
        set(e) == _EDGE and all(isinstance(t, str) for t in e.values()) for e in v
    ),
    "inputsMetadata": _metadata,
    "outputsMetadata": _metadata,
    "style": lambda v: set(v) <= _STYLE,
}


def checked(document):
    """The nodes of the one graph, by id, after everything that the schema asks."""
    (found,) = json.loads(json.dumps(document))
    assert set(found) == {"id", "nodes", "groupNodeAttributes"}
    assert isinstance(found["id"], str)
    for node in found["nodes"]:
        assert set(node) == set(_NODE)
        for key, check in _NODE.items():
            assert check(node[key]), (key, node[key])
    nodes = {node["id"]: node for node in found["nodes"]}
    assert len(nodes) == len(found["nodes"])
    for node in nodes.values():
        for edge in node["incomingEdges"]:
            source = nodes[edge["sourceNodeId"]]
            slots = {item["id"] for item in source["outputsMetadata"]}
            assert edge["sourceNodeOutputId"] in slots
            assert edge["targetNodeInputId"] in {item["id"] for item in node["inputsMetadata"]}
    spaces = {node["namespace"] for node in nodes.values()}
    for space, attributes in found["groupNodeAttributes"].items():
        assert all(isinstance(t, str) for pair in attributes.items() for t in pair)
        if space:
            assert any(s == space or s.startswith(f"{space}/") for s in spaces)
    return nodes


def test_every_op_is_a_node_in_the_namespace_of_its_module(residual):
    graph = introspect.trace(residual, torch.zeros(4, 8))
    nodes = checked(to_model_explorer(graph))
    kept = [op for op in graph.ops if "pass_through" not in op.flags]
    assert len(nodes) == len(kept) + 2
    first = nodes["Residual/blocks/0/first/linear"]
    assert first["namespace"] == "Residual/blocks/0/first"
    assert {"key": "tensor_shape", "value": "float32 4×8"} in first["outputsMetadata"][0]["attrs"]
    attributes = {pair["key"]: pair["value"] for pair in first["attrs"]}
    assert attributes["in_features"] == "8"
    assert attributes["parameter blocks.0.first.weight"] == "float32 8×8"


def test_edges_are_the_reads_of_the_graph(residual):
    graph = introspect.trace(residual, torch.zeros(4, 8))
    nodes = checked(to_model_explorer(graph))
    edges = sum(len(node["incomingEdges"]) for node in nodes.values())
    data = {"input", "result", "alias"}
    kept = [op for op in graph.ops if "pass_through" not in op.flags]
    assert edges == sum(v.kind in data for op in kept for v in op.inputs) + len(graph.outputs)


def test_groups_say_class_and_parameters(residual):
    (found,) = to_model_explorer(introspect.trace(residual, torch.zeros(4, 8)))
    groups = found["groupNodeAttributes"]
    assert groups["Residual/blocks/0"]["class"] == "Block"
    assert groups["Residual/blocks/0"]["parameters"] == str(2 * 72 + 16)
    assert groups[""]["parameters"] == str(sum(p.numel() for p in residual.parameters()))


def test_hostile_names_leave_the_namespaces_whole():
    class Hostile(nn.Module):
        def __init__(self):
            super().__init__()
            for name in ("a/b", "a;b", "</script>", "\u202e🙂", "nul\x00"):
                self.add_module(name, nn.Linear(2, 2))

        def forward(self, x):
            for layer in self.children():
                x = layer(x)
            return x

    nodes = checked(to_model_explorer(introspect.trace(Hostile(), torch.zeros(1, 2))))
    inner = {node["namespace"] for node in nodes.values() if node["label"] == "linear"}
    assert len(inner) == 5
    assert all(space.count("/") == 1 for space in inner)


@pytest.mark.parametrize("net", [nn.Identity(), nn.GRU(2, 3), nn.MultiheadAttention(4, 2)])
def test_other_graphs_fit_the_schema(net):
    x = torch.zeros(1, 2, 4 if isinstance(net, nn.MultiheadAttention) else 2)
    inputs = (x, x, x) if isinstance(net, nn.MultiheadAttention) else (x,)
    checked(to_model_explorer(introspect.trace(net, *inputs)))
    checked(to_model_explorer(introspect.Tracer(level="module").trace(net)))


def test_the_long_suffix_writes_it_and_takes_no_options(residual, tmp_path):
    graph = introspect.trace(residual, torch.zeros(4, 8))
    graph.save(tmp_path / "m.model-explorer.json")
    written = json.loads((tmp_path / "m.model-explorer.json").read_bytes())
    assert written == json.loads(json.dumps(to_model_explorer(graph)))
    with pytest.raises(FormatError, match="depth"):
        graph.save(tmp_path / "m.model-explorer.json", depth=2)
