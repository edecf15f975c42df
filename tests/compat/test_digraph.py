"""The package graphviz is the truth of the text, Graphviz itself of the colours."""

import base64
import contextlib
import io
import re
import shutil
import subprocess
import warnings
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from introspect.compat import ignored
from introspect.compat.digraph import Digraph
from introspect.compat.digraph.colors import _FIRST, hex_color
from introspect.compat.digraph.language import read
from introspect.compat.digraph.output import render
from introspect.errors import FormatError, IntrospectWarning, MissingExtraError, SaveError

WORDS = st.text(st.characters(codec="utf-8", exclude_characters="\\"), max_size=8)
TEXT = WORDS.filter(lambda text: not text.startswith("<"))
ATTRIBUTES = st.dictionaries(st.sampled_from(["color", "shape", "style"]), TEXT, max_size=3)


@pytest.fixture(scope="module")
def graphviz():
    return pytest.importorskip("graphviz", reason="the oracle")


def filled(make):
    dot = make(
        name="my graph",
        comment="a comment",
        graph_attr={"rankdir": "LR", "bgcolor": "white"},
        node_attr={"shape": "box", "style": "filled"},
        edge_attr={"color": "gray"},
        strict=True,
    )
    dot.attr(label="title", fontsize="9")
    dot.attr("node", fillcolor="light blue")
    dot.node("a", 'say "hi"\n\\l', tooltip="x")
    dot.node("node", "<<b>bold</b>>", _attributes={"height": "0.3"})
    dot.edge("a:port:s", "two words", label="", style=None)
    dot.edges([("a", "-.5"), ("1a", "node"), "xy"])
    with dot.subgraph(name="cluster_a", node_attr={"color": "red"}) as inner:
        inner.node("deep")
        inner.edge("deep", "a")
    return dot


def test_the_text_is_that_of_the_package(graphviz):
    assert filled(Digraph).source == filled(graphviz.Digraph).source
    assert str(filled(Digraph)) == filled(graphviz.Digraph).source
    assert filled(Digraph).copy().source == filled(graphviz.Digraph).source
    for keep in (True, False):
        ours, theirs = filled(Digraph), filled(graphviz.Digraph)
        ours.clear(keep)
        theirs.clear(keep_attrs=keep)
        assert ours.source == theirs.source
    assert Digraph().filename == graphviz.Digraph().filename
    assert Digraph("x").filepath == graphviz.Digraph("x").filepath
    assert Digraph().format == graphviz.Digraph().format
    assert Digraph().engine == graphviz.Digraph().engine


@settings(deadline=None)
@given(names=st.lists(TEXT, min_size=1, max_size=4), label=TEXT, attributes=ATTRIBUTES)
def test_anything_is_quoted_as_the_package_quotes_it_and_read_back(
    graphviz, names, label, attributes
):
    ours, theirs = Digraph(), graphviz.Digraph()
    for dot in (ours, theirs):
        for name in names:
            dot.node(name, label, **attributes)
    assert ours.source == theirs.source
    found = read(ours.source).nodes
    assert set(found) == set(names)
    assert all(row == {"label": label, **attributes} for row in found.values())


def test_the_language_is_read_as_people_write_it():
    found = read(
        """
        // a comment
        strict digraph G { # not a comment in here
        }""".replace("# not a comment in here", "")
    )
    assert found.strict
    found = read("""digraph {
        rankdir=LR; node [shape=box, color="red"]
        a -> {b c} -> d [label="x" + "y"] /* two
        lines */
        subgraph inner { node [color=blue] e; f -> a:port:n }
        g [label=<<b>x</b>>, style]
    }""")
    assert found.graph == {"rankdir": "LR"}
    assert [(a, b) for a, b, _ in found.edges] == [
        ("a", "b"), ("a", "c"), ("b", "d"), ("c", "d"), ("f", "a"),
    ]  # fmt: skip
    assert found.edges[0][2] == {"label": "xy"}
    assert found.nodes["a"]["color"] == "red"
    assert found.nodes["e"]["color"] == "blue"
    assert found.nodes["g"]["label"] == "<<b>x</b>>"
    for wrong in (
        "",
        "hello",
        "digraph { a -> }",
        "digraph { a [",
        'digraph { "a }',
        "digraph {<a",
    ):
        with pytest.raises(FormatError, match="not the DOT language"):
            read(wrong)


@given(st.text(alphabet='ab{}[]->;=,"<>\n ', max_size=30))
def test_no_text_does_more_than_raise_a_format_error(text):
    with contextlib.suppress(FormatError):
        read("digraph {" + text + "}")


@pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz is not installed")
def test_colours_are_graphvizs():
    names = [f"{name}{k}" for name in _FIRST for k in ("1", "2", "3", "4")]
    names += [
        "lightblue",
        "orange",
        "green",
        "gray",
        "gray35",
        "maroon",
        "lightgrey",
        "0.5 0.4 0.9",
    ]
    nodes = "".join(
        f'n{k} [label="" shape=box fixedsize=true width=.3 height=.3 style=filled penwidth=0 '
        f'fillcolor="{name}" pos="{k * 30},0!"]'
        for k, name in enumerate(names)
    )
    svg = subprocess.run(
        ["dot", "-Kneato", "-n", "-Tpng", "-Gdpi=72", "-Gpad=0"],
        input=f"graph {{{nodes}}}".encode(), capture_output=True, check=True,
    ).stdout  # fmt: skip
    with Image.open(io.BytesIO(svg)) as picture:
        pixels = picture.convert("RGB")
        for k, name in enumerate(names):
            seen: Any = pixels.getpixel((round((k * 30 + 10.8)), pixels.height // 2))
            mine = hex_color(name) or ""
            parts = [int(mine[i : i + 2], 16) for i in (1, 3, 5)]
            assert max(abs(a - b) for a, b in zip(parts, seen, strict=True)) <= 1, name
    assert hex_color("no such colour") is None


def words_of(svg):
    return [
        "".join(text.itertext())
        for text in ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")
    ]


def test_every_word_is_in_the_picture_and_circles_are_drawn():
    dot = Digraph(node_attr={"style": "filled", "fillcolor": "gold", "shape": "box"})
    for pair in ("ab", "bc", "ca", "cc", "cd"):
        dot.edge(*pair, label=f"to {pair[1]}")
    dot.node("s<c>", "<&> \\N")
    svg = dot.pipe("svg", encoding="utf-8")
    words = words_of(svg)
    assert {"a", "b", "c", "d", "<&> s<c>", "↻"} <= set(words)
    assert sum(word.startswith("to ") for word in words) >= 4
    assert svg.count("#FFD700") == 5


@pytest.mark.parametrize("rankdir", ["TB", "LR", "BT", "RL"])
def test_the_flow_goes_where_rankdir_says(rankdir):
    dot = Digraph(graph_attr={"rankdir": rankdir})
    dot.edge("first", "last")
    found = re.findall(
        r'<text x="([\d.]+)" y="([\d.]+)"[^>]*>(?:<tspan[^>]*>)?(\w+)', dot.pipe("svg").decode()
    )
    place = {word: (float(x), float(y)) for x, y, word in found}
    axis, sign = {"TB": (1, 1), "BT": (1, -1), "LR": (0, 1), "RL": (0, -1)}[rankdir]
    assert sign * (place["last"][axis] - place["first"][axis]) > 0


def test_files_are_where_graphviz_puts_them(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    dot = Digraph("net", format="png", directory="deep/folder")
    dot.edge("a", "b")
    assert dot.render() == str(Path("deep", "folder", "net.gv.png"))
    assert sorted(path.name for path in Path("deep/folder").iterdir()) == ["net.gv", "net.gv.png"]
    assert dot.render("other", "elsewhere", cleanup=True, format="svg") == "elsewhere/other.svg"
    assert [path.name for path in Path("elsewhere").iterdir()] == ["other.svg"]
    assert dot.render(outfile="out.pdf", directory="") == "out.pdf"
    assert Path("out.pdf").read_bytes()[:5] == b"%PDF-"
    assert dot.save("text.gv", "") == "text.gv"
    assert Path("text.gv").read_text(encoding="utf-8") == dot.source
    with Image.open(dot.render("j", format="jpg")) as picture:
        assert picture.format == "JPEG"
    with pytest.raises(FileExistsError):
        dot.render("j", format="jpg", raise_if_result_exists=True)
    with pytest.raises(FormatError, match="take the place of the text"):
        dot.render("same.svg", outfile="same.svg")
    with pytest.raises(SaveError):
        dot.save("out.pdf/x.gv")


def test_view_without_a_screen_says_where_the_file_is(tmp_path, monkeypatch, capsys):
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("sys.platform", "linux")
    dot = Digraph("net", directory=tmp_path / "new")
    dot.edge("a", "b")
    path = dot.view()
    assert path == str(tmp_path / "new" / "net.gv.pdf")
    assert path in capsys.readouterr().out
    dot.view(quiet_view=True)


def test_what_cannot_be_honoured_warns_once_by_name(tmp_path):
    ignored.forget()
    dot = Digraph(engine="neato")
    dot.node("a")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", IntrospectWarning)
        dot.render(tmp_path / "a", renderer="cairo", neato_no_op=2)
        dot.unflatten(stagger=3)
    said = [str(one.message) for one in caught]
    assert [text.partition(" (")[0] for text in said] == [
        "Digraph.render does not heed: renderer, neato_no_op",
        "Digraph.render does not heed: engine",
        "Digraph.unflatten does not heed: stagger",
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        dot.render(tmp_path / "a", renderer="cairo")


def test_formats_of_graphviz_alone_need_it(monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(MissingExtraError, match=r"format eps(.|\n)*needs no program"):
        render("digraph {a}", "eps")
    with pytest.raises(FormatError, match=r"no format of pictures(.|\n)*pdf"):
        Digraph(format="docx").pipe()
    with pytest.raises(FormatError, match="graph, node or edge"):
        Digraph().attr("vertex", color="red")
    with pytest.raises(TypeError, match=r"attributes of DOT are text: width=3"):
        Digraph().node("a", width=3)
    with pytest.raises(FormatError, match="its own name"):
        Digraph().subgraph(Digraph(), name="x")


def test_an_empty_graph_is_a_picture():
    assert Digraph()._repr_mimebundle_()["image/svg+xml"].startswith("<svg")


def test_a_stored_notebook_that_is_not_trusted_has_a_picture_too():
    dot = Digraph()
    dot.edge("left", "right")
    bundle = dot._repr_mimebundle_()
    assert bundle["text/plain"] == dot.source
    with Image.open(io.BytesIO(base64.b64decode(bundle["image/png"]))) as picture:
        assert picture.width > 40
        assert picture.getcolors(100_000)
    wide = Digraph(graph_attr={"rankdir": "LR"})
    for k in range(9):
        wide.node(f"{k}", width="30", height="2")
    assert set(wide._repr_mimebundle_()) == {
        "image/svg+xml",
        "text/plain",
    }  # too large to keep twice
