"""torchviz's own results are the truth; ours differ in the ids of nodes alone."""

import itertools
import re
import sys
import warnings
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any, cast

import pytest
import torch
from torch import nn

from introspect.compat import torchviz
from introspect.errors import TraceError

pytestmark = pytest.mark.filterwarnings("ignore:distutils Version:DeprecationWarning")
_ID = re.compile(r"(?m)^\t(\d+)(?: -> (\d+))?(?= \[|$)")


@pytest.fixture
def real():
    pytest.importorskip("setuptools", reason="torchviz 0.0.3 imports distutils")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("torchviz", reason="the oracle")


def numbered(body):
    """Statements with ids replaced by the order of their first appearance."""
    ids, count = {}, itertools.count()

    def renamed(found):
        words = [str(ids.setdefault(i, next(count))) for i in found.groups() if i]
        return "\t" + " -> ".join(words)

    return [_ID.sub(renamed, row) for row in body]


def assert_equal(real, var, **options):
    theirs = real.make_dot(var, **options)
    ours = torchviz.make_dot(var, **options)
    assert numbered(ours.body) == numbered(theirs.body)
    assert ours.graph_attr == theirs.graph_attr
    assert ours.node_attr == theirs.node_attr


class Scaled(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, scale):
        ctx.save_for_backward(x)
        ctx.scale = scale
        return x * scale

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        return grads[0] * ctx.scale, None


def convolutions():
    net = nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten()
    )
    return net, net(torch.rand(2, 1, 8, 8)).mean()


def recurrence():
    net = nn.LSTM(3, 5, 2)
    return net, net(torch.rand(4, 2, 3))[0].sum()


def attention():
    net = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
    return net, net(torch.rand(2, 3, 8))


def tied():
    net = nn.Linear(4, 4)
    return net, net(net(torch.rand(2, 4)))


def pieces():
    net = nn.Linear(4, 4)
    first, second = net(torch.rand(2, 4)).split(2, dim=1)
    return net, (first, second.exp())


def own_function():
    net = nn.Linear(4, 4)
    return net, Scaled.apply(net(torch.rand(2, 4)), 3.0)


MODELS = [convolutions, recurrence, attention, tied, pieces, own_function]
OPTIONS = [
    {},
    {"show_attrs": True},
    {"show_saved": True},
    {"show_attrs": True, "show_saved": True, "max_attr_chars": 8},
]


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("make", MODELS)
def test_every_statement_equals_torchviz(real, make, options):
    torch.manual_seed(0)
    net, result = make()
    assert_equal(real, result, params=dict(net.named_parameters()), **options)
    assert_equal(real, result, **options)


@pytest.mark.torchvision
@pytest.mark.parametrize("name", ["resnet18", "densenet121", "mobilenet_v3_small"])
def test_models_of_torchvision_equal_torchviz(real, name):
    models = pytest.importorskip("torchvision.models", reason="torchvision is not installed")
    net = getattr(models, name)(weights=None)
    result = net(torch.rand(2, 3, 64, 64))
    assert_equal(real, result, params=dict(net.named_parameters()))


def test_a_tensor_with_two_names_has_the_last(real):
    x = torch.ones(2, requires_grad=True)
    assert_equal(real, x.exp(), params={"first": x, "second": x})


def test_a_tensor_without_a_graph_is_one_node(real):
    assert_equal(real, torch.ones(2))


@dataclass
class Output:
    loss: torch.Tensor
    logits: torch.Tensor


def test_structures_that_torchviz_refuses_are_drawn_as_a_tuple_of_their_tensors(real):
    net = nn.Linear(4, 2)
    logits = net(torch.rand(3, 4))
    loss = logits.exp().mean()
    truth = numbered(real.make_dot((loss, logits)).body)
    structures = [
        {"loss": loss, "logits": logits},
        [loss, logits],
        OrderedDict(loss=loss, more={"logits": logits}),
        Output(loss, logits),
    ]
    for structure in structures:
        assert numbered(torchviz.make_dot(structure).body) == truth


def test_a_model_output_of_transformers_is_drawn(real):
    outputs = pytest.importorskip("transformers.modeling_outputs", reason="not installed")
    loss = nn.Linear(4, 2)(torch.rand(3, 4)).mean()
    result = outputs.SequenceClassifierOutput(loss=loss, logits=loss.exp())
    truth = numbered(real.make_dot((loss, result.logits)).body)
    assert numbered(torchviz.make_dot(result).body) == truth


def test_a_chain_beyond_the_recursion_limit_is_drawn():
    x = torch.ones(1, requires_grad=True)
    depth = 3 * sys.getrecursionlimit()
    y = x
    for _ in range(depth):
        y = y + 1
    dot = torchviz.make_dot(y, params={"x": x})
    assert dot.source.count("AddBackward0") == depth
    assert dot.pipe("svg").count(b"AddBackward0</text>") == depth


def test_what_backward_freed_is_drawn_all_the_same():
    net = nn.Linear(4, 2)
    loss = net(torch.rand(3, 4)).pow(2).mean()
    loss.backward()
    assert "PowBackward0" in torchviz.make_dot(loss, show_saved=True, show_attrs=True).source


def test_resize_graph_and_get_fn_name_equal_torchviz(real):
    net, result = convolutions()
    ours, theirs = torchviz.make_dot(result), real.make_dot(result)
    torchviz.resize_graph(ours, size_per_element=0.5, min_size=3)
    real.dot.resize_graph(theirs, size_per_element=0.5, min_size=3)
    assert ours.graph_attr == theirs.graph_attr
    for show in (True, False):
        name = torchviz.dot.get_fn_name(result.grad_fn, show, 4)
        assert name == real.dot.get_fn_name(result.grad_fn, show, 4)
    assert real.dot.Node._fields == torchviz.dot.Node._fields
    assert real.dot.SAVED_PREFIX == torchviz.dot.SAVED_PREFIX
    assert net is not None


def test_a_smaller_size_gives_a_smaller_picture():
    _, result = convolutions()
    dot = torchviz.make_dot(result)
    torchviz.resize_graph(dot, size_per_element=0.0, min_size=2)
    width, height = re.findall(r'width="(\d+)" height="(\d+)"', dot.pipe("svg").decode())[0]
    assert max(int(width), int(height)) == 144  # 2 inches of 72 points


def test_make_dot_from_trace_raises_as_there(real):
    for module in (real, torchviz):
        with pytest.raises(NotImplementedError):
            module.make_dot_from_trace(None)


def test_mistakes_say_what_to_do():
    with pytest.raises(TraceError, match=r"no tensor to draw(.|\n)*builtins.float(.|\n)*make_dot"):
        torchviz.make_dot(0.5)
    with pytest.raises(TraceError, match=r"'lr': float(.|\n)*named_parameters"):
        torchviz.make_dot(torch.ones(1), params={"lr": cast("Any", 0.1)})
