"""Graph -> JSON -> Graph: nothing lost, nothing executed, damage named."""

import copy
import dataclasses
import json
import math
import subprocess
import sys

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

import introspect
from introspect.errors import FormatError
from introspect.graph.compare.plain import plain
from introspect.graph.formats.json import encode, from_dict, load, to_dict, to_json
from introspect.graph.formats.json_columns import decode
from introspect.nouns.graph import TENSOR, Call, Graph, Op, Value


def listing(graph):
    """Everything that a graph says, field by field, with references as numbers."""
    seen = {}

    def of(thing):
        if isinstance(thing, Value | Call | Op | Graph):
            if id(thing) in seen:
                return f"#{seen[id(thing)]}"
            seen[id(thing)] = len(seen)
            return [
                type(thing).__name__,
                *((f.name, of(getattr(thing, f.name))) for f in dataclasses.fields(thing)),
            ]
        if isinstance(thing, tuple):
            return [of(item) for item in thing]
        if isinstance(thing, frozenset):
            return sorted(map(repr, thing))
        return (type(plain(thing)).__name__, repr(plain(thing)))

    return of(graph)


class Everything(nn.Module):
    """Views, writes in place, slices, ties, buffers, an inner function, several results."""

    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(10, 4)
        self.head = nn.Linear(4, 10, bias=False)
        self.head.weight = self.embed.weight
        self.norm = nn.BatchNorm1d(4)
        self.register_buffer("scale", torch.ones(4))

    def forward(self, ids):
        x = self.embed(ids)
        x[..., 1:3] += 1
        x = self.norm(x.transpose(1, 2)).transpose(1, 2) * self.scale
        x = x.clamp(min=-math.inf).to(torch.float64).float()
        x = torch.dropout(x, 0.5, train=False)
        return {
            "logits": self.head(x),
            "parts": list(x[0].chunk(2)),
            "sum": self.norm.eps + x.sum(),
        }


def test_every_field_of_a_graph_comes_back(tmp_path):
    graph = introspect.trace(Everything(), torch.tensor([[1, 2, 3]]))
    graph.save(tmp_path / "graph.json")
    assert listing(load(tmp_path / "graph.json")) == listing(graph)
    assert listing(from_dict(to_dict(graph))) == listing(graph)


@pytest.mark.parametrize("level", ["aten", "module"])
def test_other_levels_come_back(level):
    tracer = introspect.Tracer(level=level)
    inputs = () if level == "module" else (torch.tensor([[1, 2, 3]]),)
    graph = tracer.trace(Everything().eval(), *inputs)
    again = from_dict(json.loads(to_json(graph)))
    assert listing(again) == listing(graph)
    assert any(op.children for op in again.ops) == (level == "aten")
    assert (again.level, len(again.calls)) == (level, 4)


def layers():
    leaf = st.sampled_from(
        [
            lambda: nn.Linear(6, 6),
            lambda: nn.ReLU(inplace=True),
            lambda: nn.Dropout(0.1),
            lambda: nn.LayerNorm(6),
            nn.Identity,
            nn.Tanh,
        ]
    ).map(lambda make: make())
    return st.recursive(
        leaf, lambda inner: st.lists(inner, min_size=1, max_size=4).map(lambda x: nn.Sequential(*x))
    )


@given(layers())
@settings(max_examples=25, deadline=None)
def test_random_models_come_back(model):
    graph = introspect.trace(nn.Sequential(model, nn.Linear(6, 2)).eval(), torch.zeros(2, 6))
    text = to_json(graph)
    again = from_dict(json.loads(text))
    assert listing(again) == listing(graph)
    assert to_json(again) == text


def test_the_ops_below_a_folded_op_come_back():
    from introspect.transforms import Fold

    graph = introspect.trace(nn.Sequential(nn.Linear(2, 2), nn.ReLU()), torch.zeros(1, 2))
    folded = Fold("linear > relu", "LinearReLU").apply(graph)
    again = from_dict(to_dict(folded))
    assert [child.name for child in again.ops[0].children] == ["linear", "relu"]
    assert listing(again) == listing(folded)


plain_data = st.deferred(
    lambda: (
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats()
        | st.complex_numbers()
        | st.text()
        | st.just(...)
        | st.just(TENSOR)
        | st.builds(slice, st.none() | st.integers(), st.integers(), st.none() | st.integers())
        | st.lists(plain_data, max_size=3)
        | st.lists(plain_data, max_size=3).map(tuple)
        | st.dictionaries(st.text() | st.integers(), plain_data, max_size=3)
    )
)


@given(plain_data)
def test_plain_arguments_are_the_same_after_a_text_was_made_of_them(data):
    text = json.dumps(encode(plain(data)), allow_nan=False)
    again = decode(json.loads(text), "data[0]", FormatError)
    assert repr(again) == repr(data)  # repr tells 1 from 1.0, -0.0 from 0.0, nan from inf
    assert type(again) is type(data)


def test_what_is_not_plain_is_written_as_its_repr():
    class Cast(nn.Module):
        def forward(self, x):
            return x.to(torch.float64)

    graph = introspect.trace(Cast(), torch.zeros(2))
    assert graph.ops[0].arguments == (TENSOR, torch.float64)
    assert from_dict(to_dict(graph)).ops[0].arguments == (TENSOR, "torch.float64")
    assert plain({"k": object}) == {"k": "<class 'object'>"}


def test_numbers_that_python_holds_equal_stay_apart():
    class Steps(nn.Module):
        def forward(self, x):
            return x.add(1).add(1.0).add(True)

    again = from_dict(to_dict(introspect.trace(Steps(), torch.zeros(2))))
    assert [repr(op.arguments[1]) for op in again.ops] == ["1", "1.0", "True"]


def test_a_file_is_read_without_torch(tmp_path):
    graph = introspect.trace(Everything(), torch.tensor([[1, 2, 3]]))
    graph.save(tmp_path / "graph.json")
    code = (
        "import sys; from introspect.graph.formats.json import load; "
        "from introspect.graph.compare.fingerprint import fingerprint; "
        "from introspect.graph.compare.diff import diff; from introspect.transforms import Fold; "
        f"graph = load({str(tmp_path / 'graph.json')!r}); "
        "print(fingerprint(graph), len(diff(graph, Fold('linear', 'L').apply(graph)))); "
        "assert 'torch' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    from introspect.graph.compare.fingerprint import fingerprint

    assert done.stdout.split()[0] == fingerprint(graph)


@pytest.fixture(scope="module")
def document():
    return to_dict(introspect.trace(Everything(), torch.tensor([[1, 2, 3]])))


def places(tree, path=()):
    """The path of every leaf and every list of a document."""
    yield path
    if isinstance(tree, dict):
        for key, item in tree.items():
            yield from places(item, (*path, key))
    elif isinstance(tree, list):
        for key, item in enumerate(tree[:6]):
            yield from places(item, (*path, key))


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_any_damage_is_a_format_error_or_no_damage(document, data):
    spoiled = copy.deepcopy(document)
    path = data.draw(st.sampled_from([path for path in places(document) if path]))
    parent = spoiled
    for key in path[:-1]:
        parent = parent[key]
    junk = st.sampled_from([None, -1, -2, 10**9, 1.5, "x", [], [[]], {}, {"dict": [[[], 1]]}, True])
    if data.draw(st.booleans()):
        parent[path[-1]] = data.draw(junk)
    else:
        del parent[path[-1]]
    try:
        graph = from_dict(spoiled)
    except FormatError:
        return  # any other exception is a failure of this test
    assert from_dict(to_dict(graph)).name == graph.name


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda d: d["ops"]["inputs"].__setitem__(2, [10**6]), r"ops\.inputs\[2\][\s\S]*1000000"),
        (lambda d: d["ops"]["name"].pop(), r"ops\.\w+\s+given\s+\d+ entries instead of"),
        (lambda d: d["values"].pop("shape"), r"values\.shape[\s\S]*missing"),
        (lambda d: d["calls"]["parent"].__setitem__(1, 3), r"calls\.parent\[1\]"),
        (lambda d: d.update(mode="dream"), r"mode[\s\S]*'dream', none of real, fake"),
        (lambda d: d["data"].__setitem__(0, {"eval": "1"}), r"data\[0\][\s\S]*'eval'"),
        (lambda d: d.update(version=2), r"version 2[\s\S]*newer introspect"),
        (lambda d: d.update(format="pickle"), r"no graph of introspect[\s\S]*'pickle'"),
    ],
    ids=["row", "length", "column", "parent", "mode", "object", "version", "format"],
)
def test_the_message_names_what_is_wrong(document, spoil, message):
    spoiled = copy.deepcopy(document)
    spoil(spoiled)
    with pytest.raises(FormatError, match=message):
        from_dict(spoiled)


@pytest.mark.parametrize("content", [b"", b"{", b"\x80\x04K\x01.", b"[" * 100_000, b"9" * 5000])
def test_files_that_are_no_json_are_refused_by_name(tmp_path, content):
    (tmp_path / "x.json").write_bytes(content)
    with pytest.raises(FormatError, match=r"x\.json"):
        load(tmp_path / "x.json")


def test_a_file_cut_short_at_any_place_is_refused(tmp_path, document):
    text = json.dumps(document)
    for end in range(0, len(text), 397):
        (tmp_path / "x.json").write_text(text[:end])
        with pytest.raises(FormatError):
            load(tmp_path / "x.json")


def test_options_of_a_picture_are_refused_for_a_file_without_one(tmp_path, document):
    with pytest.raises(FormatError, match="depth=2"):
        from_dict(document).save(tmp_path / "x.json", depth=2)


def test_hostile_names_are_only_names(tmp_path):
    hostile = nn.Sequential()
    hostile.add_module("__class__\ud800\x00</script>", nn.Linear(2, 2))
    graph = introspect.trace(hostile, torch.zeros(1, 2))
    graph.save(tmp_path / "x.json")
    assert (tmp_path / "x.json").read_bytes().isascii()
    assert load(tmp_path / "x.json").calls[1].path == graph.calls[1].path


def test_the_file_is_small():
    graph = introspect.trace(
        nn.Sequential(*[nn.Sequential(nn.Linear(4, 4), nn.ReLU()) for _ in range(200)]),
        torch.zeros(1, 4),
    )
    assert len(to_json(graph)) < 250 * len(graph.ops)
