# ruff: noqa: E501  tables, one row a line
"""Graphs in TensorBoard: of models through our tracer, and of ONNX files."""

from typing import Any

import pytest
import torch
from torch import nn

from introspect.compat.tensorboard import SummaryWriter, _onnx_graph, _pytorch_graph
from introspect.errors import IntrospectWarning, TraceError
from introspect.history.formats.events.proto import bytes_field, float_field, int_field, text_field

pytest.importorskip("tensorboard", reason="the extra tensorboard is not installed")


class Two(nn.Module):
    """Takes two inputs, and returns what TorchScript refuses."""

    def __init__(self):
        super().__init__()
        self.first, self.drop = nn.Linear(3, 4), nn.Dropout()

    def forward(self, x, y):
        return {"sum": self.drop(self.first(x)) + y, "list": [x, y]}


def vgg_like():
    blocks = [(3, 8), (8, 8), (8, 16)]
    layers = [
        part
        for i, o in blocks
        for part in (nn.Conv2d(i, o, 3, padding=1), nn.ReLU(inplace=True), nn.MaxPool2d(2))
    ]
    return nn.Sequential(
        nn.Sequential(*layers), nn.Flatten(), nn.Sequential(nn.Linear(256, 10), nn.Dropout())
    )


@pytest.mark.parametrize(
    ("model", "inputs"),
    [
        (vgg_like(), torch.zeros(1, 3, 32, 32)),
        (Two(), (torch.zeros(2, 3), torch.zeros(2, 4))),
        (nn.LSTM(3, 4), [torch.zeros(5, 1, 3)]),
    ],
)
def test_every_input_of_a_node_names_a_node(model, inputs):
    graph, run = _pytorch_graph.graph(model, inputs)
    names = {node.name for node in graph.node}
    assert len(names) == len(graph.node) > 3
    reads = [source.split(":")[0] for node in graph.node for source in node.input]
    assert reads
    assert set(reads) <= names
    assert run.step_stats.dev_stats[0].device == "/device:CPU:0"


class Listed(nn.Module):
    """Modules in a list, and one that runs twice."""

    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(3, 3), nn.Linear(3, 3)])
        self.act = nn.ReLU()

    def forward(self, x):
        for layer in self.layers:
            x = self.act(layer(x))
        return x


@pytest.mark.filterwarnings("ignore:.*jit")
def test_modules_are_the_scopes_of_torch_by_class_and_name():
    from torch.utils.tensorboard import _pytorch_graph as theirs

    arguments = vgg_like(), torch.zeros(1, 3, 32, 32)
    (mine, _), (other, _) = _pytorch_graph.graph(*arguments), theirs.graph(*arguments)

    def scopes(graph):
        found = {node.name.rpartition("/")[0] for node in graph.node}
        return {s for s in found if not s.endswith(("/weight", "/bias", "/Dropout[1]"))}

    assert scopes(mine) == scopes(other)  # dropout does nothing here, and torch shows it
    ends = [[node.name for node in g.node if node.op == "IO Node"] for g in (mine, other)]
    assert [name.split("/")[0] for name in ends[0]] == ["input", "output"]
    assert ends[0][0] == ends[1][0].replace("input.1", "input")


def test_lists_of_modules_and_second_calls_have_scopes_of_their_own():
    graph, _ = _pytorch_graph.graph(Listed(), torch.zeros(2, 3))
    names = [node.name for node in graph.node if node.op in {"linear", "relu"}]
    assert names == [
        "Listed/ModuleList[layers]/Linear[0]/linear",
        "Listed/ReLU[act_call1]/relu",
        "Listed/ModuleList[layers]/Linear[1]/linear",
        "Listed/ReLU[act_call2]/relu",
    ]


def test_a_graph_is_traced_without_dropout_and_each_module_keeps_its_mode():
    model = Two()
    model.first.eval()
    graph, _ = _pytorch_graph.graph(model, (torch.zeros(2, 3), torch.zeros(2, 4)))
    assert model.training
    assert not model.first.training
    assert model.drop.training
    assert any("linear" in node.op.lower() for node in graph.node)


def test_a_model_that_fails_raises_what_torch_raises(tmp_path):
    with SummaryWriter(tmp_path) as writer:
        with pytest.raises(RuntimeError, match="mat1 and mat2") as caught:
            writer.add_graph(nn.Linear(3, 4), torch.zeros(1, 5))
        assert isinstance(caught.value, TraceError)
        writer.add_graph(nn.Linear(3, 4), torch.zeros(1, 3))


def test_tensorboard_reads_the_graph_that_was_added(tmp_path, capsys):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    from introspect.compat.tensorboard import arguments

    arguments._warned.clear()
    with (
        SummaryWriter(tmp_path) as writer,
        pytest.warns(IntrospectWarning, match="use_strict_trace"),
    ):
        writer.add_graph(
            vgg_like(), torch.zeros(1, 3, 32, 32), verbose=True, use_strict_trace=False
        )
    assert "conv2d" in capsys.readouterr().out.lower()
    reader = EventAccumulator(str(tmp_path)).Reload()
    assert len(reader.Graph().node) > 10
    assert reader.Tags()["run_metadata"] == ["step1"]


def onnx_file():
    """A small ONNX model, by the numbers of the fields of its proto."""

    def end(name, *sizes):
        dims = b"".join(bytes_field(1, int_field(1, size)) for size in sizes)
        tensor = int_field(1, 1) + bytes_field(2, dims)
        return text_field(1, name) + bytes_field(2, bytes_field(1, tensor))

    ints = bytes_field(
        5, text_field(1, "kernel_shape") + int_field(8, 3) + int_field(8, 3) + int_field(20, 7)
    )
    packed = bytes_field(
        5, text_field(1, "pads") + bytes_field(8, bytes([1, 2])) + int_field(20, 7)
    )
    number = bytes_field(5, text_field(1, "alpha") + float_field(2, 0.1) + int_field(20, 1))
    word = bytes_field(5, text_field(1, "mode") + bytes_field(4, b"up") + int_field(20, 3))
    nodes = [
        bytes_field(1, b"x")
        + bytes_field(1, b"w")
        + bytes_field(2, b"y")
        + text_field(3, "n")
        + text_field(4, "Conv")
        + ints
        + packed,
        bytes_field(1, b"y") + bytes_field(2, b"z") + text_field(4, "LeakyRelu") + number + word,
    ]
    graph = b"".join(bytes_field(1, node) for node in nodes)
    graph += bytes_field(11, end("x", 1, 3, 8, 8)) + bytes_field(12, end("z", 1, 4))
    return int_field(1, 8) + bytes_field(7, graph)


def protobuf_of_onnx(content):
    """The same file through Google's own reader, with a description of the proto."""
    from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

    kinds = {"s": 9, "i": 3, "f": 2, "b": 12, "m": 11, "e": 5}
    spec = {
        "Dim": [("dim_value", 1, "i", 0)],
        "Shape": [("dim", 1, "Dim", 1)],
        "Tensor": [("elem_type", 1, "e", 0), ("shape", 2, "Shape", 0)],
        "Type": [("tensor_type", 1, "Tensor", 0)],
        "Value": [("name", 1, "s", 0), ("type", 2, "Type", 0)],
        "Attribute": [
            ("name", 1, "s", 0),
            ("f", 2, "f", 0),
            ("i", 3, "i", 0),
            ("s", 4, "b", 0),
            ("floats", 7, "f", 1),
            ("ints", 8, "i", 1),
            ("type", 20, "e", 0),
        ],
        "Node": [
            ("input", 1, "s", 1),
            ("output", 2, "s", 1),
            ("name", 3, "s", 0),
            ("op_type", 4, "s", 0),
            ("attribute", 5, "Attribute", 1),
        ],
        "Graph": [("node", 1, "Node", 1), ("input", 11, "Value", 1), ("output", 12, "Value", 1)],
        "Model": [("ir_version", 1, "i", 0), ("graph", 7, "Graph", 0)],
    }
    file = vars(descriptor_pb2)["FileDescriptorProto"](
        name="onnx_for_a_test.proto", package="o", syntax="proto2"
    )
    for name, rows in spec.items():
        message = file.message_type.add(name=name)
        for field, number, kind, repeated in rows:
            is_message = kind in spec
            message.field.add(
                name=field, number=number, label=3 if repeated else 1, type=11 if is_message else kinds[kind],
                type_name=f".o.{kind}" if is_message else None,
            )  # fmt: skip
    pool: Any = vars(descriptor_pool)["DescriptorPool"]()
    pool.Add(file)
    model = message_factory.GetMessageClass(pool.FindMessageTypeByName("o.Model"))
    return model.FromString(content)


def test_an_onnx_file_becomes_the_graph_of_torch_without_onnx_and_in_silence(tmp_path, capsys):
    from torch.utils.tensorboard._onnx_graph import parse

    (tmp_path / "a.onnx").write_bytes(onnx_file())
    mine = _onnx_graph.load_onnx_graph(tmp_path / "a.onnx")
    with SummaryWriter(tmp_path) as writer:
        writer.add_onnx_graph(str(tmp_path / "a.onnx"))
        (tmp_path / "bad.onnx").write_bytes(b"")
        with pytest.raises(ValueError, match="no ONNX model"):
            writer.add_onnx_graph(tmp_path / "bad.onnx")
    assert not capsys.readouterr().out
    assert mine == parse(protobuf_of_onnx(onnx_file()).graph)
