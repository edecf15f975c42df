"""Exported .pt2 files -> Graph, from their model JSON alone."""

import json
import struct
import zipfile

import pytest
import torch
from torch import nn

import introspect
from introspect.errors import FormatError
from introspect.graph.formats.exported import MOST_BYTES, load_exported


class Branches(nn.Module):
    """Nested containers, a module that runs twice, a tied input, and a dict of outputs."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3, stride=2, padding=1)
        self.norm = nn.BatchNorm2d(4)
        self.act = nn.ReLU()
        self.blocks = nn.ModuleList(nn.Sequential(nn.Linear(4, 4), nn.GELU()) for _ in range(2))
        self.up = nn.ConvTranspose2d(4, 2, 2, stride=2)

    def forward(self, x, scale=None):
        x = self.act(self.norm(self.conv(x)))
        picture = self.up(self.act(x))
        x = x.mean((2, 3))
        for block in self.blocks:
            x = x + block(x)
        return {"logits": x * scale, "parts": (picture, x.softmax(-1))}


@pytest.fixture(scope="module")
def program():
    torch.manual_seed(0)
    inputs = (torch.zeros(1, 3, 8, 8),), {"scale": torch.tensor(2.0)}
    return torch.export.export(Branches().eval(), *inputs)


@pytest.fixture
def saved(program, tmp_path):
    path = tmp_path / "branches.pt2"
    torch.export.save(program, path)
    return path


def rewritten(source, target, change, **options):
    """A copy of an archive in which `change` got each member's name and content."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", **options) as new:
        for member in old.infolist():
            content = change(member.filename, old.read(member))
            if content is not None:
                new.writestr(member.filename, content)
    return target


def model_changed(source, target, change):
    """A copy of an archive with another model JSON."""

    def edit(name, content):
        if not name.endswith("model.json"):
            return content
        document = json.loads(content)
        change(document)
        return json.dumps(document)

    return rewritten(source, target, edit)


def test_ops_shapes_and_modules_are_those_of_a_trace(saved):
    graph = load_exported(saved)
    model = Branches().eval()
    traced = introspect.trace(model, torch.zeros(1, 3, 8, 8), scale=torch.tensor(2.0))
    words = {"__add__": "add", "__mul__": "mul"}
    names = [words.get(op.name, op.name) for op in traced.ops]
    assert [op.name for op in graph.ops] == names
    assert [op.outputs[0].shape for op in graph.ops] == [op.outputs[0].shape for op in traced.ops]
    assert [op.call.path for op in graph.ops] == [op.call.path for op in traced.ops]
    assert [op.call.module for op in graph.ops] == [op.call.module for op in traced.ops]
    assert [op.call.repetition for op in graph.ops] == [op.call.repetition for op in traced.ops]
    assert [op.source[1] for op in graph.ops] == [op.source[1] for op in traced.ops]
    assert graph.module == "Branches"
    assert graph.output_names == traced.output_names == ("logits", "parts.0", "parts.1")
    assert [value.name for value in graph.inputs] == ["x", "scale"]
    assert graph.parameters == traced.parameters
    by_path = {call.path: call.parameters for call in traced.calls}
    assert all(call.parameters == by_path[call.path] for call in graph.calls)


def test_reads_and_costs_are_those_of_a_trace(saved):
    graph = load_exported(saved)
    traced = introspect.trace(Branches().eval(), torch.zeros(1, 3, 8, 8), scale=torch.tensor(2.0))

    def reads(one):
        return [[v.producer.index if v.producer else v.name for v in op.inputs] for op in one.ops]

    plain = [[name for name in row if "running" not in str(name)] for row in reads(graph)]
    others = [[name for name in row if "running" not in str(name)] for row in reads(traced)]
    assert [sorted(map(str, row)) for row in plain] == [sorted(map(str, row)) for row in others]
    assert graph.cost().flops == traced.cost().flops
    assert graph.cost().parameters == traced.cost().parameters


def test_it_draws_and_saves_like_any_graph(saved, tmp_path):
    graph = load_exported(saved)
    graph.save(tmp_path / "m.svg")
    words = (tmp_path / "m.svg").read_text()
    assert "3×3, 3 → 4 /2" in words
    assert "↑2" in words
    graph.save(tmp_path / "m.json")
    again = introspect.Graph.load(tmp_path / "m.json")
    assert repr(again) == repr(graph)
    assert again.fingerprint == graph.fingerprint


# torch 2.13 copies its own tree specs in a way that it calls outdated.
@pytest.mark.filterwarnings("ignore:.*LeafSpec:FutureWarning")
def test_decomposed_programs_are_named_as_functions(program, tmp_path):
    path = tmp_path / "core.pt2"
    torch.export.save(program.run_decompositions(), path)
    graph = load_exported(path)
    names = [op.name for op in graph.ops]
    assert "conv2d" in names
    assert "conv_transpose2d" in names
    assert "batch_norm" in names
    assert "softmax" in names
    settings = {call.path: call.settings for call in graph.calls}
    assert settings["conv"]["in_channels"] == 3
    assert settings["up"]["out_channels"] == 2
    assert settings["up"]["transposed"]


def test_open_sizes_have_the_value_that_they_were_exported_with(tmp_path):
    batch = torch.export.Dim("batch")
    program = torch.export.export(
        nn.Linear(4, 2), (torch.zeros(3, 4),), dynamic_shapes={"input": {0: batch}}
    )
    torch.export.save(program, tmp_path / "open.pt2")
    graph = load_exported(tmp_path / "open.pt2")
    assert graph.inputs[0].shape == (3, 4)
    assert graph.outputs[0].shape == (3, 2)


def test_weights_and_pickles_are_not_even_looked_at(saved, tmp_path):
    def spoil(name, content):
        return content if name.endswith("models/model.json") else b"\x80\x04not a pickle"

    path = rewritten(saved, tmp_path / "spoiled.pt2", spoil)
    assert len(load_exported(path).ops) == len(load_exported(saved).ops)
    with pytest.raises(Exception, match=r".*"):
        torch.export.load(path)


def test_the_older_layout_is_read(saved, tmp_path):
    with zipfile.ZipFile(saved) as archive:
        (name,) = [n for n in archive.namelist() if n.endswith("models/model.json")]
        content = archive.read(name)
    old = tmp_path / "old.pt2"
    with zipfile.ZipFile(old, "w") as archive:
        archive.writestr("serialized_exported_program.json", content)
    assert len(load_exported(old).ops) == len(load_exported(saved).ops)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut", b"\x00" * 100])
def test_what_is_no_archive_is_said_to_be_none(tmp_path, content):
    path = tmp_path / "no.pt2"
    path.write_bytes(content)
    with pytest.raises(FormatError, match=r"zip archive[\s\S]*torch\.export\.save"):
        load_exported(path)


def test_a_half_written_archive_is_said_to_be_damaged(saved, tmp_path):
    path = tmp_path / "half.pt2"
    content = saved.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(FormatError, match="damaged"):
        load_exported(path)


def test_a_flipped_bit_is_found_by_the_checksum(saved, tmp_path):
    content = bytearray(saved.read_bytes())
    place = content.index(b'"graph_module"')
    content[place + 3] ^= 1
    path = tmp_path / "flipped.pt2"
    path.write_bytes(content)
    with pytest.raises(FormatError, match="damaged"):
        load_exported(path)


def test_a_zip_bomb_is_refused_before_it_is_unpacked(tmp_path):
    path = tmp_path / "bomb.pt2"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("m/models/model.json", b" " * 50_000_000)
    assert path.stat().st_size < 100_000
    with pytest.raises(FormatError, match=r"too large[\s\S]*50,000,000 bytes"):
        load_exported(path)


def test_a_size_that_is_a_lie_is_refused(tmp_path):
    path = tmp_path / "lie.pt2"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("m/models/model.json", b"[]")
    content = bytearray(path.read_bytes())
    central = content.index(b"PK\x01\x02")
    content[central + 24 : central + 28] = struct.pack("<I", MOST_BYTES + 1)
    path.write_bytes(content)
    with pytest.raises(FormatError, match="too large"):
        load_exported(path)


def test_other_archives_say_what_they_hold(tmp_path):
    torch.save({"weight": torch.zeros(2)}, tmp_path / "state.pt2")
    with pytest.raises(FormatError, match="pickled objects"):
        load_exported(tmp_path / "state.pt2")
    with zipfile.ZipFile(tmp_path / "zip.pt2", "w") as archive:
        archive.writestr("a.txt", "a")
    with pytest.raises(FormatError, match=r"no models/\*\.json"):
        load_exported(tmp_path / "zip.pt2")


@pytest.mark.parametrize("content", ["[]", "{", "[" * 100_000, '{"graph_module": 1}', "null", "{}"])
def test_json_of_something_else_is_damaged(tmp_path, content):
    path = tmp_path / "odd.pt2"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("m/models/model.json", content)
    with pytest.raises(FormatError, match="damaged"):
        load_exported(path)


def test_a_later_schema_is_named(saved, tmp_path):
    path = model_changed(
        saved, tmp_path / "later.pt2", lambda d: d["schema_version"].update(major=99)
    )
    with pytest.raises(FormatError, match="schema 99"):
        load_exported(path)


@pytest.mark.parametrize(
    "place",
    [
        ("graph_module", "graph", "nodes", 0, "inputs", 0, "arg", "as_tensor", "name"),
        ("graph_module", "graph", "nodes", 0, "target"),
        ("graph_module", "graph", "nodes", 0, "outputs"),
        ("graph_module", "graph", "tensor_values"),
        ("graph_module", "signature"),
        ("graph_module", "signature", "input_specs", 0, "parameter", "parameter_name"),
    ],
)
@pytest.mark.parametrize("wrong", [None, 7, "nonsense", [], {}, [7]])
def test_whatever_is_wrong_inside_ends_in_one_clear_error(saved, tmp_path, place, wrong):
    def change(document):
        for key in place[:-1]:
            document = document[key]
        document[place[-1]] = wrong

    path = model_changed(saved, tmp_path / "wrong.pt2", change)
    try:
        load_exported(path)
    except FormatError as error:
        assert "damaged" in str(error)  # noqa: PT017  some of these are harmless: a name is a name
