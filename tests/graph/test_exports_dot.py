"""Graph -> DOT and back through Graphviz; the engine that uses it."""

import re
import shutil
import subprocess
import xml.etree.ElementTree as ET

import pytest
import torch
from torch import nn

import introspect
from introspect.errors import FormatError, MissingExtraError
from introspect.graph.formats.dot import quoted, to_dot
from introspect.graph.formats.every_op import every_op
from introspect.graph.outline import outline
from introspect.theme import GRAPH_THEMES

SVG = "{http://www.w3.org/2000/svg}"
XLINK = "{http://www.w3.org/1999/xlink}"
HOSTILE = (
    "</text><script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "]]>",
    "javascript:alert(1)",
    "two\nlines",
    "nul\x00",
    "\u202ertl",
    "🙂é层",
    "\\N \\G \\L",
    "&amp;&#60;",
    "end",
    '";}',
)
needs_dot = pytest.mark.skipif(not shutil.which("dot"), reason="Graphviz is not installed")


def drawn(source, kind="svg"):
    """What the real dot makes of it; a word on stderr is a failure."""
    run = subprocess.run(
        ["dot", f"-T{kind}"], input=source.encode(), capture_output=True, check=True
    )
    said = run.stderr.decode()
    assert "Error" not in said, said
    assert "yntax" not in said, said
    return run.stdout


def texts_of(svg):
    return ["".join(text.itertext()) for text in ET.fromstring(svg).iter(f"{SVG}text")]


class Hostile(nn.Module):
    """Every layer is named after something that a file format could take for its own."""

    def __init__(self):
        super().__init__()
        for name in HOSTILE:
            inner = nn.Sequential(nn.Linear(2, 2), nn.Tanh(), nn.Linear(2, 2))
            self.add_module(name, inner)

    def forward(self, x):
        for layer in self.children():
            x = layer(x)
        return x


@pytest.fixture
def graph(residual):
    return introspect.trace(residual, torch.zeros(4, 8))


@needs_dot
def test_dot_draws_every_box_and_every_edge_of_the_outline(convnet, image):
    graph = introspect.trace(convnet, image)
    svg = ET.fromstring(drawn(to_dot(graph, depth="all")))
    kinds = [g.get("class") for g in svg.iter(f"{SVG}g")]
    root = outline(graph, depth="all").root
    leaves = list(root.leaves())
    assert kinds.count("node") == len(leaves)
    assert kinds.count("edge") == sum(len(leaf.sources) for leaf in leaves)
    assert kinds.count("cluster") == sum(1 for _ in root.groups()) - 1
    written = " ".join(texts_of(drawn(to_dot(graph, depth="all"))))
    for words in ("conv1", "Conv2d", "3×3, 1 → 16", "ReLU", "out", "64 → 10"):
        assert words in written


@needs_dot
def test_clusters_nest_as_modules_do(residual):
    graph = introspect.trace(nn.Sequential(residual, nn.Linear(2, 2)), torch.zeros(4, 8))
    svg = drawn(to_dot(graph, depth="all", fold=False))
    boxes = {}
    for group in ET.fromstring(svg).iter(f"{SVG}g"):
        if group.get("class") == "cluster":
            numbers = [
                float(n) for n in re.findall(r"-?\d+\.?\d*", group.find(f".//{SVG}path").get("d"))
            ]
            title = "".join("".join(t.itertext()) for t in group.iter(f"{SVG}text"))
            boxes[title] = (
                min(numbers[::2]),
                min(numbers[1::2]),
                max(numbers[::2]),
                max(numbers[1::2]),
            )
    outer = next(box for title, box in boxes.items() if "Residual" in title)
    inner = next(box for title, box in boxes.items() if "Block" in title)
    assert outer[0] < inner[0] < inner[2] < outer[2]
    assert outer[1] < inner[1] < inner[3] < outer[3]


def test_folds_and_depth_are_those_of_the_picture(graph):
    assert "×3" in to_dot(graph)
    assert "×3" not in to_dot(graph, fold=False, depth="all")
    assert to_dot(graph, fold=False, depth="all").count("->") > to_dot(graph).count("->")
    assert to_dot(graph, depth=1).count("->") < to_dot(graph, depth="all").count("->")


@needs_dot
def test_every_op_is_a_box_on_request(graph):
    svg = ET.fromstring(drawn(to_dot(graph, detail="ops")))
    nodes = [g for g in svg.iter(f"{SVG}g") if g.get("class") == "node"]
    assert len(nodes) == len(graph.ops) + len(graph.inputs) + len(graph.outputs)
    leaves = list(every_op(graph).root.leaves())
    reads = {(value.producer, op) for op in graph.ops for value in op.inputs if value.producer}
    from_input = [op for op in graph.ops if graph.inputs[0] in op.inputs]
    edges = sum(len(leaf.sources) for leaf in leaves)
    assert edges == len(reads) + len(from_input) + len(graph.outputs)


@needs_dot
@pytest.mark.parametrize("detail", ["outline", "ops"])
def test_hostile_names_are_text_in_dot_and_in_what_dot_draws(detail):
    graph = introspect.Tracer(name='<b>"&\x07').trace(Hostile(), torch.zeros(1, 2))
    svg = drawn(to_dot(graph, depth="all", fold=False, detail=detail))
    root = ET.fromstring(svg)
    assert not list(root.iter(f"{SVG}script"))
    assert not list(root.iter(f"{SVG}image"))
    links = [a.get(f"{XLINK}href") for a in root.iter(f"{SVG}a")]
    assert links.count(None) == len(links)
    written = texts_of(svg)
    shown = {name.replace("\n", "⏎").replace("\x00", "\ufffd") for name in HOSTILE}
    lines = {line.strip() for line in written}
    missing = {name for name in shown if not any(name.strip() in line for line in lines)}
    assert not missing
    tips = {a.get(f"{XLINK}title") for a in root.iter(f"{SVG}a")}
    assert any("</text><script>alert(1)</script>" in tip for tip in tips if tip)
    assert any("\\N \\G \\L" in tip for tip in tips if tip)


@pytest.mark.parametrize("theme", list(GRAPH_THEMES))
def test_every_theme_gives_its_own_colours(graph, theme):
    source = to_dot(graph, theme=theme)
    assert GRAPH_THEMES[theme].page in source
    assert GRAPH_THEMES[theme].families["linear"].fill in source


def test_a_string_of_dot_is_closed_whatever_it_holds():
    assert quoted('a"b\\') == '"a\\"b\\\\"'
    assert quoted("x\ny\x00") == '"x\\ny\ufffd"'


def test_wrong_options_are_named(graph):
    with pytest.raises(FormatError, match="'everything'"):
        to_dot(graph, detail="everything")
    with pytest.raises(FormatError, match='direction="LR"'):
        to_dot(graph, direction="sideways")
    with pytest.raises(FormatError, match="depth='deep'"):
        to_dot(graph, depth="deep")
    with pytest.raises(FormatError, match="no such theme"):
        to_dot(graph, theme="pink")


def test_suffixes_write_what_the_functions_return(graph, tmp_path):
    for suffix in ("dot", "gv"):
        graph.save(tmp_path / f"m.{suffix}", direction="LR")
        assert (tmp_path / f"m.{suffix}").read_text() == to_dot(graph, direction="LR")


@needs_dot
def test_the_same_graph_gives_the_same_bytes_and_one_box_or_none_is_drawn():
    empty = introspect.trace(nn.Identity(), torch.zeros(2))
    assert to_dot(empty) == to_dot(empty)
    assert b"</svg>" in drawn(to_dot(empty))
    assert b"</svg>" in drawn(to_dot(introspect.Tracer(level="module").trace(nn.ReLU())))


def test_deeply_nested_modules_are_written():
    net = nn.Linear(2, 2)
    for _ in range(60):
        net = nn.Sequential(net, nn.ReLU())
    graph = introspect.trace(net, torch.zeros(1, 2))
    source = to_dot(graph, detail="ops")
    assert source.count("{") == source.count("}")
    assert source.count("subgraph cluster_") >= 59


# ---------------------------------------------------------------------------- the engine


@needs_dot
@pytest.mark.parametrize(
    ("suffix", "magic"), [("svg", b"<?xml"), ("pdf", b"%PDF"), ("png", b"\x89PNG")]
)
def test_the_engine_graphviz_draws(graph, tmp_path, suffix, magic):
    pytest.importorskip("graphviz", reason="the package graphviz is an extra")
    path = tmp_path / f"m.{suffix}"
    graph.save(path, engine="graphviz", depth=1)
    assert path.read_bytes().startswith(magic)
    if suffix == "svg":
        assert b"graphviz" in path.read_bytes().lower()


@needs_dot
def test_the_engine_scales_a_png(graph, tmp_path):
    pytest.importorskip("graphviz", reason="the package graphviz is an extra")
    from PIL import Image

    sizes = []
    for scale in (1, 3):
        graph.save(tmp_path / "m.png", engine="graphviz", scale=scale)
        with Image.open(tmp_path / "m.png") as picture:
            sizes.append(picture.width)
    assert sizes[1] == pytest.approx(3 * sizes[0], abs=6)


def test_without_the_package_the_error_says_how_to_get_it_or_go_without(
    graph, tmp_path, monkeypatch
):
    monkeypatch.setitem(__import__("sys").modules, "graphviz", None)
    with pytest.raises(MissingExtraError, match=r"pip install[\s\S]*leave engine= out"):
        graph.save(tmp_path / "m.svg", engine="graphviz")
    assert not list(tmp_path.iterdir())


def test_without_the_program_the_error_says_how_to_get_it(graph, tmp_path, monkeypatch):
    pytest.importorskip("graphviz", reason="the package graphviz is an extra")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MissingExtraError, match=r"program dot[\s\S]*apt install graphviz"):
        graph.save(tmp_path / "m.svg", engine="graphviz")


def test_an_unknown_engine_or_option_is_named(graph, tmp_path):
    pytest.importorskip("graphviz", reason="the package graphviz is an extra")
    with pytest.raises(FormatError, match="'neato'"):
        graph.save(tmp_path / "m.svg", engine="neato")
    with pytest.raises(FormatError, match="color_by"):
        graph.save(tmp_path / "m.svg", engine="graphviz", color_by="flops")
