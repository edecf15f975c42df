"""The drop-in for torchview, against the real one: the same boxes and the same arrows."""

import inspect
import re
from collections import Counter

import pytest
import torch
from PIL import Image
from torch import nn

from introspect.compat import torchview as ours
from introspect.compat.digraph import Digraph
from introspect.compat.digraph.language import read
from introspect.errors import FormatError, TraceError
from tests.zoo.catalog import ENTRIES, NAMES
from tests.zoo.runs import Runs

THEY_LOSE = {  # what reads zeros_like and randn_like; what was assigned to a part; dataclasses
    "vae", "mixture_of_experts", "transformer_encoder", "transformer_encoder_training",
    "inplace_ops", "cache_in", "cache_out", "packed_sequence",
}  # fmt: skip
VISION = ["resnet50", "densenet121", "mobilenet_v3_small", "r3d_18"]
SMALL = [name for name in NAMES if ENTRIES[name].family in {"hand", "kinds"}]
ODD = ["autograd_function_in_place", "autograd_function_two_outputs", "numpy_round_trip"]
ASKED = [name for name in SMALL if name not in THEY_LOSE] + VISION + ODD
LOOKS = [
    {},
    {"depth": 0},
    {"depth": 1},
    {"depth": 2, "roll": True},
    {"depth": 9, "hide_module_functions": False, "hide_inner_tensors": False},
]


@pytest.fixture
def real():
    pytest.importorskip("graphviz", reason="graphviz is not installed")
    return pytest.importorskip("torchview", reason="torchview is not installed")


def there(name):
    if ENTRIES[name].missing:
        pytest.skip(f"needs {', '.join(ENTRIES[name].missing)}")


def seen(found):
    """Words of boxes, and of arrows by the words at their ends, each with how often."""
    read_back = read(found.visual_graph.source)
    words = {
        name: " ".join(re.sub(r"<[^>]*>|>$", " ", row["label"]).split())
        for name, row in read_back.nodes.items()
    }
    arrows = {(tail, head): row.get("label", "") for tail, head, row in read_back.edges}
    named = Counter(
        (words[tail], words[head], text.strip()) for (tail, head), text in arrows.items()
    )
    return Counter(words.values()), named


def drawn(draw_graph, name, **options):
    with ENTRIES[name].opened() as (model, args, kwargs):
        return seen(draw_graph(model, input_data=list(args), **options, **kwargs))


@pytest.mark.parametrize("look", LOOKS, ids=str)
@pytest.mark.parametrize("name", ASKED)
def test_boxes_and_arrows_are_torchviews(real, name, look):
    there(name)
    mine = drawn(ours.draw_graph, name, **look)
    try:
        theirs = drawn(real.draw_graph, name, device="cpu", **look)
    except KeyError:
        pytest.skip("torchview raises KeyError")
    assert mine == theirs


@pytest.mark.parametrize("name", ["vae", "mixture_of_experts", "transformer_encoder"])
def test_nothing_that_torchview_draws_is_missing_where_it_loses_arrows(real, name):
    boxes, arrows = drawn(ours.draw_graph, name)
    their_boxes, their_arrows = drawn(real.draw_graph, name, device="cpu")
    assert boxes >= their_boxes
    assert arrows > their_arrows


def test_how_a_lazy_module_gets_its_weights_is_not_drawn(real):
    everything = {"depth": 9, "hide_module_functions": False, "hide_inner_tensors": False}
    assert drawn(ours.draw_graph, "lazy", **everything) == drawn(
        real.draw_graph, "lazy", device="cpu", **everything
    )
    closed, _ = drawn(ours.draw_graph, "lazy", depth=1)
    theirs, _ = drawn(real.draw_graph, "lazy", device="cpu", depth=1)
    assert closed == Counter(words.removeprefix("Lazy") for words in theirs.elements())


def test_what_is_assigned_to_a_part_is_drawn():
    boxes, arrows = drawn(ours.draw_graph, "inplace_ops")
    (assigned,) = [words for words in boxes if words.startswith("__setitem__")]
    assert any(head == assigned for _, head, _ in arrows)
    assert any(tail == assigned for tail, _, _ in arrows)


def test_signature_and_names_are_torchviews(real):
    theirs = inspect.signature(real.draw_graph).parameters
    mine = inspect.signature(ours.draw_graph).parameters
    assert [(p.name, p.default, p.kind) for p in mine.values()] == [
        (p.name, p.default, p.kind) for p in theirs.values()
    ]
    assert set(real.__all__) - set(ours.__all__) == {"RecorderTensor"}


def test_what_reads_a_like_tensor_hangs_on_it():
    model = Runs(lambda m, x: m.a(x) + torch.zeros_like(x), a=nn.Linear(4, 4))
    edges = {(str(a), str(b)) for a, b in ours.draw_graph(model, input_size=(1, 4)).edge_list}
    assert ("zeros_like", "add") in edges or ("zeros_like", "__add__") in edges
    assert ("input-tensor", "zeros_like") in edges


def test_a_language_model_with_a_cache_is_drawn():
    there("gpt2")
    boxes, _ = drawn(ours.draw_graph, "gpt2", depth=2)
    with ENTRIES["gpt2"].opened() as (model, _, _):
        blocks = sum(type(module).__name__ == "GPT2Block" for module in model.modules())
    assert sum(count for words, count in boxes.items() if words.startswith("GPT2Block")) == blocks


class Norm(nn.Module):
    """A norm in full precision, whose cast returns its input itself where that is in it."""

    def forward(self, x):
        wide = x.to(torch.float32)
        return wide * wide.pow(2).mean(-1, keepdim=True).rsqrt()


def test_a_residual_comes_from_where_it_was_made_and_not_from_a_cast_of_it(real):
    model = Runs(lambda m, x: (h := m.a(x)) + m.b(m.norm(h)), a=nn.Linear(4, 4), b=nn.Linear(4, 4))
    model.norm = Norm()
    for look in LOOKS:
        mine = seen(ours.draw_graph(model, input_size=(1, 4), **look))
        assert mine == seen(real.draw_graph(model, input_size=(1, 4), device="cpu", **look))
    found = ours.draw_graph(model, input_size=(1, 4), depth=1)
    edges = [(str(tail), str(head)) for tail, head in found.edge_list]
    assert edges.count(("Linear", "add")) == 2
    assert ("Norm", "add") not in edges


def test_an_identity_stands_between():
    model = nn.Sequential(nn.Linear(4, 4), nn.Identity(), nn.ReLU())
    edges = [(str(a), str(b)) for a, b in ours.draw_graph(model, input_size=(1, 4)).edge_list]
    assert edges == [
        ("input-tensor", "Linear"),
        ("Linear", "Identity"),
        ("Identity", "ReLU"),
        ("ReLU", "output-tensor"),
    ]


def test_the_picture_is_drawn_and_resized(tmp_path):
    found = ours.draw_graph(
        nn.Sequential(*[nn.Linear(4, 4) for _ in range(30)]),
        input_size=(1, 4),
        save_graph=True,
        graph_name="deep",
        directory=str(tmp_path),
        graph_dir="LR",
    )
    assert isinstance(found.visual_graph, Digraph)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["deep.gv", "deep.gv.png"]
    with Image.open(tmp_path / "deep.gv.png") as picture:
        full = picture.size
    assert len(found.visual_graph.body) == 32 + 31
    found.resize_graph(scale=0.1)
    wide, high = map(float, found.visual_graph.graph_attr["size"].split(","))
    assert wide == high == pytest.approx(0.1 * 63 * 0.3)
    found.visual_graph.render(format="png")
    with Image.open(tmp_path / "deep.gv.png") as picture:
        assert max(picture.size) < max(full)
    found.resize_graph(min_size=50)
    assert found.visual_graph.graph_attr["size"] == "50.0,50.0"


def test_a_graph_is_drawn_again_as_its_attributes_say():
    with ENTRIES["unet"].opened() as (model, args, _):
        found = ours.draw_graph(model, input_data=list(args), depth=2)
        deep = seen(found)
        found.depth, found.show_shapes = 0, False
        found.fill_visual_graph()
        assert list(seen(found)[0]) == [
            "input-tensor depth:0",
            "UNet depth:0",
            "output-tensor depth:0",
        ]
        found.depth, found.show_shapes = 2, True
        found.fill_visual_graph()
    assert seen(found) == deep
    assert [str(node) for node in found.root_container] == ["input-tensor"]
    assert len(found.id_dict) == len(found.node_set) == sum(deep[0].values())


def test_nested_modules_are_clusters_as_in_torchview(real):
    with ENTRIES["unet"].opened() as (model, args, _):
        options = {"input_data": list(args), "expand_nested": True}
        clusters = [
            re.findall(r"label=(\w+) labeljust", one.visual_graph.source)
            for one in (
                ours.draw_graph(model, **options),
                real.draw_graph(model, device="cpu", **options),
            )
        ]
    assert clusters[0] == clusters[1] != []


def test_nested_modules_are_framed():
    inner = type("Inner", (nn.Sequential,), {})(nn.Linear(4, 4), nn.ReLU())
    model = nn.Sequential(inner, nn.Linear(4, 2))
    frames = []
    for is_framed in (False, True):
        found = ours.draw_graph(model, input_size=(1, 4), expand_nested=is_framed)
        picture = found.visual_graph.pipe("svg").decode()
        frames.append((picture.count("stroke-dasharray"), ">Inner<" in picture))
    assert frames == [(0, False), (1, True)]


def test_edges_are_numbered_when_not_strict():
    model = Runs(lambda m, x: torch.cat(m.a.forward(x).chunk(3)), a=nn.Linear(3, 3))
    found = ours.draw_graph(model, input_size=(3, 3), strict=False)
    texts = re.findall(r'label="? (x\d)', found.visual_graph.source)
    assert texts == ["x2", "x3"]
    assert found.visual_graph.source.startswith("digraph")
    found = ours.draw_graph(model, input_size=(3, 3))
    assert re.findall(r'label="? (x\d)', found.visual_graph.source) == ["x3"]


def test_attributes_are_collected_when_asked_for():
    found = ours.draw_graph(nn.Conv2d(3, 4, 3), input_size=(1, 3, 8, 8), collect_attributes=True)
    (conv,) = [head for _, head in found.edge_list if isinstance(head, ours.ModuleNode)]
    assert "kernel" in conv.attributes
    assert (conv.input_shape, conv.output_shape) == ([(1, 3, 8, 8)], [(1, 4, 6, 6)])
    assert (conv.is_root(), conv.is_leaf()) == (False, False)


def test_the_model_stays_as_it_was():
    model = nn.Sequential(nn.BatchNorm1d(3), nn.Dropout())
    model[0].eval()
    ours.draw_graph(model, input_size=(4, 3), mode="train")
    assert [module.training for module in model] == [False, True]
    assert model[0].num_batches_tracked == 0
    with torch.device("meta"):
        large = nn.Linear(10_000, 10_000)
    assert ours.draw_graph(large, input_size=(1, 10_000)).graph.mode == "fake"


def test_names_with_brackets_are_text():
    odd = type("Odd<b>&", (nn.Identity,), {})
    found = ours.draw_graph(odd(), input_size=(1,))
    assert "Odd&lt;b&gt;&amp;" in found.visual_graph.source
    assert b"Odd&lt;b&gt;&amp;" in found.visual_graph.pipe("svg")


@pytest.mark.parametrize(
    ("options", "kind", "words"),
    [
        ({"depth": -1}, ValueError, "depth=-1"),
        ({"mode": "x"}, FormatError, "mode='x'"),
        ({"graph_dir": "up"}, FormatError, "graph_dir='up'"),
        ({"input_size": None}, RuntimeError, "one of input_data"),
        ({"input_size": (1, 4)}, TraceError, "0 \\(Linear\\)"),
        ({"input_size": (1, -3)}, ValueError, "positive"),
    ],
)
def test_errors_name_what_was_given(options, kind, words):
    with pytest.raises(kind, match=words):
        ours.draw_graph(nn.Sequential(nn.Linear(3, 2)), **{"input_size": (1, 3), **options})
