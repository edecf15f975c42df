"""find and subgraph: parts of a graph by their names, against the model's own modules."""

import fnmatch

import pytest
import torch
from torch import nn

import introspect
from introspect.errors import FormatError
from introspect.graph.compare.fingerprint import fingerprint
from introspect.graph.query import find, subgraph


class Stage(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(2, 2, 1), nn.Conv2d(2, 2, 3, padding=1)

    def forward(self, x, scale):
        y = torch.relu_(self.conv1(x)) * scale
        self.kept = y + 1
        return self.conv2(y)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList(Stage() for _ in range(3))
        self.head = nn.Linear(2, 2)

    def forward(self, x):
        scale = x.mean() * 2
        for layer in self.layers:
            x = layer(x, scale)
        x = self.head(self.head(x.mean((2, 3))))
        return {"logits": x, "inner": self.layers[1].kept}


@pytest.fixture
def model():
    torch.manual_seed(0)
    return Net().eval()


@pytest.fixture
def graph(model):
    return introspect.trace(model, torch.randn(1, 2, 4, 4))


@pytest.mark.parametrize(
    ("pattern", "paths"),
    [
        ("layers.*.conv2", ["layers.0.conv2", "layers.1.conv2", "layers.2.conv2"]),
        ("layers.*", ["layers.0", "layers.1", "layers.2"]),
        ("layers.[12].conv?", [f"layers.{k}.conv{i}" for k in (1, 2) for i in (1, 2)]),
        ("**.conv1", ["layers.0.conv1", "layers.1.conv1", "layers.2.conv1"]),
        ("head", ["head", "head"]),
        ("", [""]),
        ("*", ["head", "head"]),
        ("nothing.*", []),
        ("class:Stage", ["layers.0", "layers.1", "layers.2"]),
    ],
)
def test_calls_are_found_by_path_and_class(graph, pattern, paths):
    assert [call.path for call in find(graph, pattern)] == paths


def test_ops_are_found_by_name_with_and_without_their_underscore(graph):
    assert [op.name for op in find(graph, "op:relu")] == ["relu_"] * 3
    assert [op.name for op in find(graph, "op:relu_")] == ["relu_"] * 3
    assert len(find(graph, "op:conv*")) == 6
    assert find(graph, "op:conv") == ()


def test_a_star_stands_for_one_name_and_two_for_any_number(graph, model):
    every = [path for path, module in model.named_modules() if type(module) is not nn.ModuleList]
    assert {call.path for call in find(graph, "**")} == set(every)
    one = {path for path in every if path.count(".") == 1 and fnmatch.fnmatchcase(path, "layers.*")}
    assert {call.path for call in find(graph, "layers.*")} == one


def test_a_subgraph_reads_and_returns_what_the_module_did(graph, model):
    part = subgraph(graph, "layers.1")
    assert [op.name for op in part.ops] == ["conv2d", "relu_", "mul", "add", "conv2d"]
    assert [value.kind for value in part.inputs] == ["input", "input"]
    assert [value.shape for value in part.inputs] == [(1, 2, 4, 4), ()]
    # what it returned, and what it kept for others to read
    assert [value.producer.name for value in part.outputs] == ["conv2d", "add"]
    assert part.output_names == ("", "inner")
    assert part.parameters == sum(p.numel() for p in model.layers[1].parameters())
    assert {v.name for v in part.values if v.kind == "parameter"} == {
        f"layers.1.{name}" for name, _ in model.layers[1].named_parameters()
    }
    assert (part.name, part.module) == ("Net.layers.1", "Stage")
    assert [(call.path, call.parent and call.parent.path) for call in part.calls] == [
        ("layers.1", None),
        ("layers.1.conv1", "layers.1"),
        ("layers.1.conv2", "layers.1"),
    ]
    assert [op.index for op in part.ops] == list(range(5))
    assert [value.index for value in part.values] == list(range(len(part.values)))


def test_a_subgraph_is_what_a_trace_of_the_module_alone_gives(graph, model):
    x, scale = torch.randn(1, 2, 4, 4), torch.tensor(1.0)
    alone = introspect.trace(model.layers[0], x, scale)
    part = subgraph(graph, "layers.0")
    assert [(op.name, op.arguments, len(op.inputs)) for op in part.ops] == [
        (op.name, op.arguments, len(op.inputs)) for op in alone.ops
    ]
    assert fingerprint(subgraph(graph, "layers.0")) == fingerprint(part)
    assert part.parameters == alone.parameters


def test_equal_modules_give_subgraphs_of_equal_fingerprint(graph):
    one, other = find(graph, "layers.0")[0], find(graph, "layers.2")[0]
    from introspect.graph.compare.fingerprint import hashes

    assert hashes(graph).calls[one] == hashes(graph).calls[other]


def test_the_subgraph_of_the_model_is_the_graph(graph):
    whole = subgraph(graph, "")
    assert fingerprint(whole) == fingerprint(graph)
    assert repr(whole) == repr(graph)


def test_one_of_several_calls_is_chosen(graph):
    first, second = subgraph(graph, "head"), subgraph(graph, "head", call=1)
    assert first.inputs[0].shape == second.inputs[0].shape == (1, 2)
    assert second.output_names == ("logits",)
    assert first.output_names == ("",)


def test_a_subgraph_draws_itself(graph):
    assert "conv1 Conv2d" in repr(subgraph(graph, "layers.1"))


@pytest.mark.parametrize(
    ("path", "call", "message"),
    [
        ("layers.1.conv", 0, r"no module of this path ran[\s\S]*layers\.1\.conv"),
        ("layer.1", 0, r"layers\.1"),
        ("conv2", 0, r"layers\.0\.conv2, layers\.1\.conv2"),
        ("layers", 0, r"was not called itself[\s\S]*layers\.0, layers\.1, layers\.2"),
        ("zzz", 0, r"graph\.calls"),
        ("head", 2, r"did not run that often[\s\S]*call=0 to call=1"),
        ("layers.1", -1, r"call=-1[\s\S]*its only one"),
    ],
)
def test_a_wrong_path_is_told_with_those_that_are_near(graph, path, call, message):
    with pytest.raises(FormatError, match=message):
        subgraph(graph, path, call=call)
