"""Graph -> a real hiddenlayer.Graph, which hiddenlayer's own transforms fold and draw."""

import re
import shutil
import sys
import warnings

import pytest
import torch
from torch import nn

import introspect
from introspect.errors import MissingExtraError
from introspect.graph.formats.onnx_names import onnx_name
from introspect.graph.formats.to_hiddenlayer import to_hiddenlayer
from introspect.nouns.graph import Op


@pytest.fixture
def hl():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("hiddenlayer", reason="hiddenlayer is a peer")


def folded(graph, transforms):
    for transform in transforms:
        graph = transform.apply(graph)
    return graph


def ops_of(graph):
    return sorted((node.op, node.repeat) for node in graph.nodes.values())


def drawn(graph):
    if not shutil.which("dot"):
        pytest.skip("Graphviz is not installed")
    return graph.build_dot().pipe(format="svg").decode()


def test_nodes_have_onnx_names_shapes_and_titles(hl, convnet, image):
    made = to_hiddenlayer(introspect.trace(convnet, image))
    assert type(made) is hl.Graph
    assert [node.op for node in made.nodes.values()] == (
        "Conv Relu AveragePool Conv Relu MaxPool Reshape Linear Relu Linear Relu Linear".split()
    )
    first, *_, last = made.nodes.values()
    assert (first.title, first.output_shape) == ("Conv3x3", (2, 16, 28, 28))
    assert first.params["kernel_shape"] == [3, 3]
    assert last.output_shape == (2, 10)
    assert made["ConvNet/Sequential[conv2]/MaxPool2d[2]/outputs/5"].title == "MaxPool2x2/s2"
    assert all(a in made.nodes and b in made.nodes for a, b, _ in made.edges)
    assert made.edges[0][2] == (2, 16, 28, 28)


def test_its_default_transforms_fold_as_they_were_made_to(hl, convnet, image):
    made = to_hiddenlayer(introspect.trace(convnet, image))
    simple = folded(made, hl.transforms.SIMPLICITY_TRANSFORMS)
    assert ops_of(simple) == [
        ("AveragePool", 1),
        ("ConvRelu", 1),
        ("ConvRelu", 1),
        ("Linear", 1),
        ("LinearRelu", 2),
        ("MaxPool", 1),
        ("Reshape", 1),
    ]
    assert len(made.nodes) == 12  # transforms return copies
    assert "x2" in drawn(simple)


@pytest.mark.torchvision
def test_its_readmes_bottleneck_folds_fit_resnet(hl):
    torchvision = pytest.importorskip("torchvision", reason="ResNet is torchvision's")
    model = torchvision.models.resnet101().eval()
    made = to_hiddenlayer(introspect.trace(model, torch.zeros(1, 3, 32, 32)))
    ht = hl.transforms
    transforms = [
        ht.Fold("Conv > BatchNorm > Relu", "ConvBnRelu"),
        ht.Fold("Conv > BatchNorm", "ConvBn"),
        ht.Fold("((ConvBnRelu > ConvBnRelu > ConvBn) | ConvBn) > Add > Relu", "Bottleneck"),
        ht.Fold("ConvBnRelu > ConvBnRelu > ConvBn > Add > Relu", "Bottleneck"),
        ht.FoldDuplicates(),
    ]
    assert ops_of(folded(made, transforms)) == [
        ("Bottleneck", 33),
        ("ConvBnRelu", 1),
        ("Flatten", 1),
        ("GlobalAveragePool", 1),
        ("Linear", 1),
        ("MaxPool", 1),
    ]


def test_each_other_transform_does_its_work(hl, residual):
    made = to_hiddenlayer(introspect.trace(residual, torch.zeros(4, 8)))
    ht = hl.transforms
    assert "Relu" not in [node.op for node in ht.Prune("Relu").apply(made).nodes.values()]
    renamed = ht.Rename(op="BatchNorm", to="Norm").apply(made)
    assert [op for op, _ in ops_of(renamed)].count("Norm") == 3
    blocks = ht.FoldId(r"(Residual/Block\[blocks\.\d\])/", "Block").apply(made)
    assert [op for op, _ in ops_of(blocks)] == ["Block"] * 3 + ["Linear"]
    assert len(ht.PruneBranch("Add").apply(made).nodes) < len(made.nodes)
    assert "Linear" in drawn(made)


@pytest.mark.usefixtures("hl")
def test_dropout_in_evaluation_and_what_no_output_needs_have_no_node():
    class Wasteful(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer, self.drop = nn.Linear(4, 4), nn.Dropout()

        def forward(self, x):
            torch.relu(x)
            return self.drop(self.layer(x)) * torch.ones(4).exp()

    made = to_hiddenlayer(introspect.trace(Wasteful().eval(), torch.zeros(1, 4)))
    assert [node.op for node in made.nodes.values()] == ["Linear", "Mul"]
    training = to_hiddenlayer(introspect.trace(Wasteful().train(), torch.zeros(1, 4)))
    assert [node.op for node in training.nodes.values()] == ["Linear", "Dropout", "Mul"]


def test_hostile_names_of_ops_stay_words_that_patterns_can_name():
    for name in ('<b>"x"</b>', "a b", "]]>", "", "层"):
        assert re.fullmatch(r"\w+", onnx_name(Op(0, name, None, ())))


def test_without_hiddenlayer_the_error_says_what_to_do(convnet, image, monkeypatch):
    graph = introspect.trace(convnet, image)
    monkeypatch.setitem(sys.modules, "hiddenlayer", None)
    with pytest.raises(MissingExtraError, match=r"pip install hiddenlayer[\s\S]*graph\.save"):
        to_hiddenlayer(graph)
