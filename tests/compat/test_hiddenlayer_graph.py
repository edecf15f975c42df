"""hiddenlayer 0.3 itself is the truth: the same graphs and transforms into both, equal results."""

import base64
import importlib
import inspect
import re
import warnings
from itertools import pairwise
from typing import Any, cast

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

import introspect
import introspect.compat.hiddenlayer as hl
from introspect.compat import ignored
from introspect.errors import FormatError, IntrospectWarning, TraceError

OPS = ["Conv", "BatchNorm", "Relu", "Add"]
PATTERNS = [
    "Conv > BatchNorm > Relu",
    "Conv > Relu",
    "Conv | Relu",
    "(Conv > Relu) | Conv",
    "Conv > (Relu | BatchNorm) > Add",
    "((Conv > BatchNorm) | Relu) > Add > Relu",
    "Conv[3x3] > Relu[1x1]",
]


@pytest.fixture(scope="module")
def real():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        module = pytest.importorskip("hiddenlayer", reason="the oracle")
        pytest.importorskip("graphviz", reason="the oracle's own need")
    return module


@pytest.fixture(autouse=True)
def _warn_afresh():
    ignored.forget()


def shape_of(pattern):
    """A pattern as lists, whoever made it."""
    if hasattr(pattern, "patterns"):
        return type(pattern).__name__, [shape_of(part) for part in pattern.patterns]
    return None if pattern is None else (pattern.op, pattern.condition)


@given(text=st.text(alphabet="AB >|()[]13x", max_size=24))
def test_the_parser_reads_whatever_the_real_one_reads(real, text):
    ours, theirs = hl.ge.GEParser(text), real.ge.GEParser(text)
    assert shape_of(ours.parse()) == shape_of(theirs.parse())
    assert ours.index == theirs.index


@pytest.mark.parametrize("text", PATTERNS)
def test_patterns_parse_alike(real, text):
    assert shape_of(hl.ge.GEParser(text).parse()) == shape_of(real.ge.GEParser(text).parse())


@st.composite
def layered(draw):
    """Ops, and edges that lead on."""
    ops = draw(st.lists(st.sampled_from(OPS), min_size=1, max_size=9))
    ends = [(a, b) for b in range(len(ops)) for a in range(b)]
    edges = draw(st.sets(st.sampled_from(ends), max_size=12)) if ends else set()
    edges |= {(a, b) for a, b in pairwise(range(len(ops))) if draw(st.booleans())}
    return ops, sorted(edges)


def built(module, ops, edges):
    graph = module.Graph(meaningful_ids=True)
    for k, op in enumerate(ops):
        graph.add_node(module.Node(uid=f"n{k}", name=None, op=op, output_shape=(1, k + 1)))
    for a, b in edges:
        graph.add_edge_by_id(f"n{a}", f"n{b}", (1, a + 1))
    return graph


def contents(graph):
    nodes = [
        (key, n.id, n.op, n.name, n.title, n.caption, n.repeat, n.output_shape, repr(n))
        for key, n in graph.nodes.items()
    ]
    return nodes, graph.edges


@settings(max_examples=150, deadline=None)
@given(
    graph=layered(),
    pattern=st.sampled_from(PATTERNS),
    op=st.sampled_from(["Block", "__first__", "__last__"]),
    kind=st.sampled_from(["Fold", "Prune", "PruneBranch", "FoldDuplicates", "Rename"]),
)
def test_every_transform_makes_of_every_graph_what_the_real_one_makes(
    real, graph, pattern, op, kind
):
    def transform(module):
        make = getattr(module.transforms, kind)
        return {
            "Fold": lambda: make(pattern, op),
            "Prune": lambda: make(pattern),
            "PruneBranch": lambda: make(pattern),
            "FoldDuplicates": make,
            "Rename": lambda: make(op=r"(Conv|Relu)", to=r"\1Layer"),
        }[kind]()

    if kind == "Fold" and op != "Block" and "|" in pattern:
        return  # the node that is kept can match again, and the real one never ends
    ours, theirs = built(hl, *graph), built(real, *graph)
    before = contents(ours)
    mine = contents(transform(hl).apply(ours))
    assert mine == contents(transform(real).apply(theirs))
    assert contents(ours) == before


@settings(max_examples=60, deadline=None)
@given(graph=layered(), regex=st.sampled_from([r"(n)[1-4]", r"(n)", r"n(1|2)", r"(m)"]))
def test_fold_id_makes_the_same_groups_and_knows_their_shape(real, graph, regex):
    def ends(module):
        folded = module.transforms.FoldId(regex, "Group", "a name").apply(built(module, *graph))
        nodes = [(key, n.op, n.name) for key, n in folded.nodes.items()]
        return nodes, sorted({(a, b) for a, b, _ in folded.edges})

    assert ends(hl) == ends(real)


@settings(max_examples=60, deadline=None)
@given(graph=layered(), theme=st.sampled_from(["basic", "blue"]))
def test_the_dot_text_is_hiddenlayers(real, graph, theme):
    sources = []
    for module in (hl, real):
        one = built(module, *graph)
        one.theme = module.graph.THEMES[theme].copy()
        sources.append(module.transforms.FoldDuplicates().apply(one).build_dot().source)
    assert sources[0] == sources[1]


def test_the_questions_to_a_graph_are_answered_as_there(real):
    for module in (hl, real):
        graph = module.Graph()
        for name in "abcd":
            graph.add_node(name)
        for pair in ("ab", "ac", "bd", "cd", "ab"):
            graph.add_edge(*pair)
        assert len(graph.edges) == 4
        assert graph.outgoing("a") == ["b", "c"]
        assert graph.incoming(["c", "d"]) == ["a", "b"]
        assert graph.siblings("b") == ["b", "c"]
        assert graph.siblings("d") == ["d"]
        assert graph[graph.id("a")] == "a"
        assert graph[[graph.id("a"), 5]] == ["a", None]
        graph.replace(["b", "c"], "x")
        assert graph.outgoing("a") == ["x"]
        assert graph.incoming("d") == ["x"]
        graph.remove("x")
        assert graph.edges == []


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"kernel_shape": [3, 3]},
        {"kernel_shape": [7], "stride": [2]},
        {"kernel_shape": [3, 3], "stride": [2, 2]},
        {"kernel_shape": [3, 5], "stride": [1, 2]},
    ],
)
def test_titles_and_reprs_are_hiddenlayers(real, params):
    rows = []
    for module in (hl, real):
        node = module.Node("uid", None, "Conv", (1, 2), params)
        rows.append((node.title, node.caption, node.repeat, repr(node)))
    assert rows[0] == rows[1]
    assert hl.graph.THEMES == real.graph.THEMES


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, 4, 3, padding=1), nn.BatchNorm2d(4)
        self.conv2, self.bn2 = nn.Conv2d(4, 4, 3, 1, 1), nn.BatchNorm2d(4)
        self.down = nn.Sequential(nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4))
        self.pool, self.fc = nn.MaxPool2d(2), nn.Linear(4, 2)

    def forward(self, x):
        y = self.bn2(self.conv2(self.bn1(self.conv1(x)).relu()))
        y = self.pool((y + self.down(x)).relu())
        return self.fc(y.mean((2, 3)))


def by_place(graph):
    """Nodes without ids, and edges as places, for graphs whose folded ids are random."""
    place = {key: k for k, key in enumerate(graph.nodes)}
    nodes = [(n.op, n.name, n.title, n.repeat, n.output_shape) for n in graph.nodes.values()]
    return nodes, [(place[a], place[b], label) for a, b, label in graph.edges]


def test_a_model_folds_as_the_real_transforms_fold_it(real):
    net, x = Net().eval(), torch.zeros(1, 3, 8, 8)
    theirs = introspect.trace(net, x).to_hiddenlayer()
    for transform in real.transforms.SIMPLICITY_TRANSFORMS:
        theirs = transform.apply(theirs)
    for ours in (hl.build_graph(net, x), hl.Graph(net, x)):
        assert by_place(ours) == by_place(theirs)
    assert {"ConvBnRelu", "ConvBn", "MaxPool", "Linear", "Add"} <= {
        node.op for node in ours.nodes.values()
    }


def test_lists_can_be_switched_off_and_ids_have_scopes():
    net, x = Net().eval(), torch.zeros(1, 3, 8, 8)
    raw = hl.build_graph(net, x, transforms=None, framework_transforms=[])
    ops = [node.op for node in raw.nodes.values()]
    assert {"onnx::Conv", "onnx::BatchNormalization", "onnx::Gemm"} <= set(ops)
    folded = hl.transforms.FoldId(r"(Net/Sequential\[down\])/.*", "Down").apply(raw)
    down = folded["Net/Sequential[down]"]
    assert down.op == "Down"
    assert down.output_shape == (1, 4, 8, 8)
    assert [node.op for node in folded.outgoing(down)] == ["onnx::Add"]


BOTTLENECKS = [
    hl.transforms.Fold("Conv > BatchNorm > Relu", "ConvBnRelu"),
    hl.transforms.Fold("Conv > BatchNorm", "ConvBn"),
    hl.transforms.Fold(
        "((ConvBnRelu > ConvBnRelu > ConvBn) | ConvBn) > Add > Relu",
        "BottleneckBlock",
        "Bottleneck Block",
    ),
    hl.transforms.Fold(
        "ConvBnRelu > ConvBnRelu > ConvBn > Add > Relu", "ResBlock", "Residual Block"
    ),
    hl.transforms.FoldDuplicates(),
]


@pytest.mark.torchvision
def test_resnets_fold_into_the_blocks_of_the_readme():
    models = pytest.importorskip("torchvision.models", reason="torchvision is not installed")
    for name, repeats in {"resnet50": [2, 3, 5, 2], "resnet101": [2, 3, 22, 2]}.items():
        graph = hl.build_graph(
            getattr(models, name)(weights=None).eval(),
            torch.zeros(1, 3, 64, 64),
            transforms=BOTTLENECKS,
        )
        ops = [node.op for node in graph.nodes.values()]
        assert ops.count("BottleneckBlock") == 4
        residual = [node for node in graph.nodes.values() if node.op == "ResBlock"]
        assert sorted(node.repeat for node in residual) == sorted(repeats)
        assert {node.title for node in residual} == {"Residual Block"}
        assert len(ops) == 13


@pytest.mark.torchvision
def test_vgg_and_densenet_fold():
    models = pytest.importorskip("torchvision.models", reason="torchvision is not installed")
    vgg = hl.build_graph(models.vgg16(weights=None).eval(), torch.zeros(1, 3, 32, 32))
    found = sorted((n.op, n.repeat) for n in vgg.nodes.values() if "Relu" in n.op)
    assert found == [("ConvRelu", n) for n in (2, 2, 3, 3, 3)] + [("LinearRelu", 2)]
    dense = hl.build_graph(
        models.densenet121(weights=None).eval(),
        torch.zeros(1, 3, 32, 32),
        transforms=[
            hl.transforms.Fold("BatchNorm > Relu > Conv", "BnReluConv"),
            hl.transforms.Fold("Concat > BnReluConv > BnReluConv", "DenseLayer", "Dense Layer"),
        ],
    )
    layers = [node for node in dense.nodes.values() if node.op == "DenseLayer"]
    assert len(layers) == 6 + 12 + 24 + 16  # layers of the four blocks of a DenseNet-121


def test_a_group_whose_key_is_a_nodes_id_is_not_lost():
    graph = built(hl, ["Conv", "Relu", "Add"], [(0, 1), (1, 2)])
    folded = hl.transforms.FoldId(r"(n1|n0)", "Group").apply(graph)
    assert [n.op for n in folded.nodes.values()] == ["Add", "Group", "Group"]
    assert len(folded.edges) == 2


def test_rename_passes_over_nodes_without_a_name():
    graph = built(hl, ["Conv", "Relu"], [(0, 1)])
    graph["n1"].name = "my relu"
    renamed = hl.transforms.Rename(name=r"my (.*)", to=r"\1!").apply(graph)
    assert [n.name for n in renamed.nodes.values()] == [None, "relu!"]


def test_folds_that_would_never_end_end():
    graph = built(hl, ["Conv", "Conv", "Relu"], [(0, 1), (1, 2)])
    assert [
        n.name for n in hl.transforms.Fold("Conv", "Conv", "c").apply(graph).nodes.values()
    ] == [
        None,
        "c",
        "c",
    ]
    kept = hl.transforms.Fold("Conv", "__first__").apply(graph)
    assert contents(kept)[0] == contents(graph)[0]
    assert hl.transforms.FoldDuplicates().apply(hl.Graph()).nodes == {}


def test_mistakes_in_transforms_say_what_to_do():
    with pytest.raises(FormatError, match=r"this is no pattern(.|\n)*Conv > BatchNorm > Relu"):
        hl.transforms.Fold("Conv > > Relu", "X")
    with pytest.raises(FormatError, match="first group of its expression"):
        hl.transforms.FoldId("layer", "X")
    with pytest.raises(FormatError, match="either op or name"):
        hl.transforms.Rename(op="a", name="b", to="c")
    with pytest.raises(FormatError, match="tuple or list"):
        hl.Node(1, None, "Conv", cast("Any", 5))
    with pytest.raises(TraceError, match="is a torch module"):
        hl.build_graph(lambda x: x, torch.zeros(1))


def width_of(svg):
    return int(re.findall(r'<svg[^>]* width="(\d+)"', svg)[0])


def test_themes_reach_the_picture():
    graph = built(hl, ["Conv", "Relu"], [(0, 1)])
    graph.theme = {**hl.graph.THEMES["blue"], "font_size": "20", "fill_color": "gold"}
    svg = graph._repr_svg_()
    bundle = graph._repr_mimebundle_()
    assert bundle["image/svg+xml"] == svg
    assert base64.b64decode(bundle["image/png"])[1:4] == b"PNG"
    assert bundle["text/plain"] == repr(graph)
    assert {"#FFD700", "#7C96BC", "#202020"} <= set(re.findall(r'(?:fill|stroke)="(#\w+)"', svg))
    assert 'font-size="20"' in svg
    assert "Verdana" in svg
    width = width_of(svg)
    graph.theme["padding"] = "2.0,0.5"
    assert width_of(graph._repr_svg_()) - width == 2 * 72  # one inch more on each side


def test_shapes_and_counts_are_written():
    graph = built(hl, ["Conv", "Conv", "Relu"], [(0, 1), (1, 2)])
    svg = hl.transforms.FoldDuplicates().apply(graph)._repr_svg_()
    words = re.findall(r">([^<>]+)</t", svg)
    assert {"Conv", "x2", "Relu", "1x2"} <= {word.strip() for word in words}


def test_input_names_warns_once():
    x = torch.zeros(1, 4)
    with pytest.warns(IntrospectWarning, match="build_graph does not heed: input_names"):
        hl.build_graph(nn.Linear(4, 2), x, input_names=["x"])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        hl.build_graph(nn.Linear(4, 2), x, input_names=["x"])


def test_verbose_import_prints_every_op(capsys):
    hl.pytorch_builder.import_graph(hl.Graph(), nn.Linear(4, 2), torch.zeros(1, 4), verbose=True)
    assert "onnx::Linear" in capsys.readouterr().out


def test_every_public_name_of_hiddenlayer_is_here_with_its_parameters(real):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        rooms = {
            name: importlib.import_module(f"hiddenlayer.{name}")
            for name in (
                "canvas",
                "ge",
                "graph",
                "history",
                "pytorch_builder",
                "transforms",
                "utils",
            )
        }
    for name in ("Graph", "Node", "build_graph", "History", "Canvas", "show_images", "write"):
        assert getattr(hl, name)
    compared = 0
    for room, module in rooms.items():
        for name, theirs in vars(module).items():
            if getattr(theirs, "__module__", "") != module.__name__ or name == "detect_framework":
                continue
            ours = getattr(getattr(hl, room), name)
            for method in ["", *[m for m in vars(theirs) if not m.startswith("_") and m != "tag"]]:
                mine, other = (
                    getattr(owner, method) if method else owner for owner in (ours, theirs)
                )
                if callable(other):
                    wanted = [p for p in inspect.signature(other).parameters if p != "self"]
                    given = [p for p in inspect.signature(mine).parameters if p != "self"]
                    known = {"kwargs": "values"} if method == "log" else {}
                    assert given[: len(wanted)] == [known.get(p, p) for p in wanted], (name, method)
                    compared += 1
    assert compared > 50
    assert real.graph.THEMES.keys() == hl.graph.THEMES.keys()
    assert rooms["canvas"].DEFAULT_THEME == hl.canvas.DEFAULT_THEME
