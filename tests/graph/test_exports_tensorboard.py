"""Graph -> an event file, read by TensorBoard's reader and shown by a real TensorBoard."""

import contextlib
import json
import math
import os
import re
import subprocess
import sys
import time
import urllib.parse
import urllib.request

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

import introspect
from introspect.errors import FormatError, MissingExtraError
from introspect.graph.formats.event_file import crc32c, framed
from introspect.graph.formats.graphdef import TAG, to_tensorboard

pytest.importorskip("tensorboard", reason="the extra tensorboard is not installed")


def events_in(path):
    """What TensorBoard's own reader finds."""
    from tensorboard.backend.event_processing.event_file_loader import LegacyEventFileLoader

    return list(LegacyEventFileLoader(str(path)).Load())


def graph_def_in(path):
    from tensorboard.compat.proto.graph_pb2 import GraphDef

    (found,) = [GraphDef.FromString(e.graph_def) for e in events_in(path) if e.graph_def]
    return found


def run_metadata_in(path):
    from tensorboard.compat.proto.config_pb2 import RunMetadata

    found = [e.tagged_run_metadata for e in events_in(path) if e.HasField("tagged_run_metadata")]
    return [(one.tag, RunMetadata.FromString(one.run_metadata)) for one in found]


def check_graph_def(found):
    """Names are unique and TensorFlow's; every input of a node names a node before it."""
    names = [node.name for node in found.node]
    assert len(set(names)) == len(names)
    seen = set()
    for node in found.node:
        assert re.fullmatch(r"[A-Za-z0-9.][A-Za-z0-9_.\-/]*", node.name)
        assert "//" not in node.name
        for source in node.input:
            name, _, slot = source.partition(":")
            assert name in seen, f"{node.name} reads {source}"
            assert slot.isdigit() or not slot
        seen.add(node.name)
    scopes = {name.rpartition("/")[0] for name in names}
    assert not scopes & set(names), "a node and a scope of one name"


@contextlib.contextmanager
def served(logdir):
    """The address of a real TensorBoard on a free port of this machine."""
    command = [sys.executable, "-W", "ignore", "-m", "tensorboard.main", "--logdir", str(logdir)]
    command += ["--host", "127.0.0.1", "--port", "0", "--load_fast", "false"]
    log = logdir / "tensorboard.log"
    with log.open("wb") as stream:
        server = subprocess.Popen(command, stdout=stream, stderr=stream, env={**os.environ})
    try:
        for _ in range(600):
            found = re.search(r"http://[\w.\-]+:(\d+)/", log.read_text())
            if found:
                break
            assert server.poll() is None, log.read_text()
            time.sleep(0.1)
        yield f"http://127.0.0.1:{found[1]}"
    finally:
        server.terminate()
        server.wait(30)


def fetched(address, **query):
    url = f"{address}?{urllib.parse.urlencode(query)}"
    with urllib.request.urlopen(url, timeout=60) as reply:  # noqa: S310  our own server
        return reply.read().decode()


def waited(address):
    """The graphs that it knows, as soon as it has read the folder."""
    for _ in range(300):
        found = json.loads(fetched(f"{address}/data/plugin/graphs/info"))
        if found and all(run["tags"] or run["run_graph"] for run in found.values()):
            return found
        time.sleep(0.1)
    raise AssertionError("TensorBoard found no graph")


@pytest.mark.slow
@pytest.mark.torchvision
def test_a_real_tensorboard_shows_vgg16_with_shapes_and_times(tmp_path):
    torchvision = pytest.importorskip("torchvision", reason="VGG16 is torchvision's")
    model = torchvision.models.vgg16().eval()
    graph = introspect.Tracer(times=True).trace(model, torch.zeros(1, 3, 32, 32))
    path = to_tensorboard(graph, tmp_path / "runs" / "vgg16")
    with served(tmp_path / "runs") as address:
        info = waited(address)
        assert info["vgg16"]["run_graph"]
        assert info["vgg16"]["tags"][TAG]["profile"]
        shown = fetched(f"{address}/data/plugin/graphs/graph", run="vgg16", conceptual="false")
        times = fetched(f"{address}/data/plugin/graphs/run_metadata", run="vgg16", tag=TAG)
    names = re.findall(r'^  name: "([^"]+)"', shown, flags=re.MULTILINE)
    reads = re.findall(r'^  input: "([^"]+)"', shown, flags=re.MULTILINE)
    assert len(names) == len(graph_def_in(path).node)
    assert {name.partition(":")[0] for name in reads} <= set(names)
    assert {"VGG/features/0/conv2d", "VGG/classifier/6/linear"} <= set(names)
    assert "_output_shapes" in shown
    timed = re.findall(r'node_name: "([^"]+)"', times)
    assert "VGG/features/0/conv2d" in timed
    assert set(timed) <= set(names)
    check_graph_def(graph_def_in(path))


def test_shapes_scopes_and_attributes_are_those_of_the_graph(convnet, image, tmp_path):
    graph = introspect.trace(convnet, image)
    found = graph_def_in(to_tensorboard(graph, tmp_path))
    check_graph_def(found)
    nodes = {node.name: node for node in found.node}
    convolution = nodes["ConvNet/conv1/0/conv2d"]
    assert convolution.op == "conv2d"
    assert list(convolution.input) == [
        "input/x",
        "ConvNet/conv1/0/weight",
        "ConvNet/conv1/0/bias",
    ]
    (shape,) = convolution.attr["_output_shapes"].list.shape
    assert [dim.size for dim in shape.dim] == [2, 16, 28, 28]
    assert convolution.attr["kernel_size"].s == b"(3, 3)"
    assert nodes["ConvNet/conv1/0/weight"].op == "Parameter"
    read = {name for node in found.node for name in node.input}
    parameters = {node.name for node in found.node if node.op == "Parameter"}
    assert parameters <= read
    assert len(parameters) == len(list(convnet.parameters()))


def test_times_are_those_of_the_trace_and_only_there_when_measured(convnet, image, tmp_path):
    plain = introspect.trace(convnet, image)
    assert run_metadata_in(to_tensorboard(plain, tmp_path / "plain")) == []
    graph = introspect.Tracer(times=True).trace(convnet, image)
    path = to_tensorboard(graph, tmp_path / "timed")
    ((tag, found),) = run_metadata_in(path)
    assert tag == TAG
    (device,) = found.step_stats.dev_stats
    assert device.device == "/job:localhost/replica:0/task:0/device:CPU:0"
    names = {node.name for node in graph_def_in(path).node}
    ops = [op for op in graph.ops if "pass_through" not in op.flags]
    assert len(device.node_stats) == len(ops)
    for op, row in zip(ops, device.node_stats, strict=True):
        assert row.node_name in names
        assert row.all_end_rel_micros == max(1, round(op.elapsed_s * 1e6))
        sizes = [dim.size for dim in row.output[0].tensor_description.shape.dim]
        assert sizes == list(op.outputs[0].shape)  # without a shape its page reads "NaN us"
        assert row.memory[0].total_bytes == 4 * math.prod(sizes)


def test_modules_that_run_twice_and_tied_weights_keep_their_own_names(tmp_path):
    class Shared(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(4, 4)
            self.conv2d = nn.Linear(4, 4)
            self.linear = self.layer

        def forward(self, x):
            return self.linear(self.layer(self.conv2d(self.layer(x)))) + x.clone()

    graph = introspect.trace(Shared(), torch.zeros(1, 4))
    found = graph_def_in(to_tensorboard(graph, tmp_path))
    check_graph_def(found)
    names = {node.name for node in found.node}
    assert {"Shared/layer_call1/linear", "Shared/layer_call2/linear"} <= names
    assert sum(node.op == "Parameter" for node in found.node) == 4


def test_outputs_of_one_op_are_told_apart(tmp_path):
    class Chunks(nn.Module):
        def forward(self, x):
            a, b = x.chunk(2, -1)
            return a * 2, b

    graph = introspect.trace(Chunks(), torch.zeros(1, 4))
    found = graph_def_in(to_tensorboard(graph, tmp_path))
    nodes = {node.name: node for node in found.node}
    assert list(nodes["Chunks/mul"].input) == ["Chunks/chunk"]
    assert list(nodes["output/1"].input) == ["Chunks/chunk:1"]


def test_hostile_names_become_names_that_tensorboard_takes(tmp_path):
    names = [
        "</script>",
        "a/b",
        "^control",
        "x:1",
        "nul\x00",
        "\u202e",
        "🙂",
        "two\nlines",
        "-",
        "input",
    ]

    class Hostile(nn.Module):
        def __init__(self):
            super().__init__()
            for name in names:
                self.add_module(name, nn.Sequential(nn.Linear(2, 2), nn.Tanh()))

        def forward(self, x):
            for layer in self.children():
                x = layer(x)
            return x

    graph = introspect.Tracer(name="input").trace(Hostile(), torch.zeros(1, 2))
    found = graph_def_in(to_tensorboard(graph, tmp_path))
    check_graph_def(found)
    assert sum(node.op == "linear" for node in found.node) == len(names)


def test_a_tree_of_modules_and_a_large_graph_are_written(tmp_path):
    tree = introspect.Tracer(level="module").trace(nn.Sequential(nn.Linear(2, 2), nn.ReLU()))
    check_graph_def(graph_def_in(to_tensorboard(tree, tmp_path / "tree")))
    net = nn.Sequential(*[nn.Linear(2, 2) for _ in range(1000)])
    graph = introspect.trace(net, torch.zeros(1, 2))
    began = time.process_time()
    path = to_tensorboard(graph, tmp_path / "large")
    assert time.process_time() - began < 10
    assert len(graph_def_in(path).node) == 3002


def test_no_extra_and_no_folder_say_what_to_do(convnet, image, tmp_path, monkeypatch):
    graph = introspect.trace(convnet, image)
    (tmp_path / "file").write_text("mine")
    with pytest.raises(FormatError, match="reads folders"):
        to_tensorboard(graph, tmp_path / "file")
    monkeypatch.setitem(sys.modules, "tensorboard.compat.proto.event_pb2", None)
    with pytest.raises(MissingExtraError, match=r"torch-introspect\[tensorboard\]"):
        to_tensorboard(graph, tmp_path / "new")
    assert not (tmp_path / "new").exists()


# ------------------------------------------------------------------------- the framing


def test_the_checksum_is_that_of_rfc_3720():
    assert crc32c(bytes(32)) == 0x8A9136AA
    assert crc32c(bytes([0xFF] * 32)) == 0x62A8AB43
    assert crc32c(bytes(range(32))) == 0x46DD794E


@given(st.binary(max_size=200))
def test_frames_equal_those_of_tensorboards_writer(record):
    import io

    from tensorboard.summary.writer.record_writer import RecordWriter

    stream = io.BytesIO()
    RecordWriter(stream).write(record)
    assert framed(record) == stream.getvalue()
