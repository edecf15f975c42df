"""Clusters are framed: Graphviz itself is the truth of which node is in which."""

import json
import shutil
import subprocess
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from introspect.compat.digraph import Digraph
from introspect.compat.digraph.framing import framing, in_order
from introspect.compat.digraph.language import read
from introspect.compat.digraph.painting import paint
from introspect.compat.digraph.placing import place
from introspect.nouns.drawing import Cluster, Label, Polyline, Rect

MANY = """digraph {
    label="not of the frames"
    first -> a
    subgraph cluster_one { label="one two"; color=red; fontcolor=blue; style=dashed; a -> b
        subgraph cluster_in { label=inner; style="filled,rounded"; fillcolor=yellow; c; b -> c }
        subgraph plain { d } }
    subgraph cluster_two { label=second; a; e -> c -> f; peripheries=0 }
    subgraph cluster_empty { label=nothing }
    subgraph cluster_one { g }
    subgraph named { cluster=true; h }
    { rank=same; i; j }
    f -> last; last -> a
}"""


def framed(source):
    """Name of each node to the names of the clusters around it."""
    found = framing(read(source)).chains
    return {name: [frame.name for frame in chain] for name, chain in found.items()}


def test_nodes_are_in_the_clusters_that_named_them_first():
    assert framed(MANY) == {
        "first": [],
        "a": ["cluster_one"],
        "b": ["cluster_one", "cluster_in"],
        "c": ["cluster_one", "cluster_in"],
        "d": ["cluster_one"],
        "e": ["cluster_two"],
        "f": ["cluster_two"],
        "g": ["cluster_one"],
        "h": ["named"],
        "i": [],
        "j": [],
        "last": [],
    }


@pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz is not installed")
@settings(max_examples=25, deadline=None)
@given(
    st.recursive(
        st.lists(st.sampled_from("abcdef"), min_size=1, max_size=3),
        lambda inner: st.lists(inner, min_size=1, max_size=3),
        max_leaves=5,
    )
)
def test_graphviz_puts_every_node_into_the_same_clusters(tree):
    dot = Digraph()
    counted = iter(range(1000))

    def fill(part, graph):
        if isinstance(part, str):
            graph.node(part)
            return
        with graph.subgraph(name=f"cluster_{next(counted)}") as inner:
            for item in part:
                fill(item, inner)

    fill(tree, dot)
    ran = subprocess.run(
        ["dot", "-Tdot_json"], input=dot.source, capture_output=True, text=True, check=True
    )
    rows = json.loads(ran.stdout)["objects"]
    ours = framed(dot.source)
    for name, chain in ours.items():
        (number,) = [row["_gvid"] for row in rows if row["name"] == name and "nodes" not in row]
        theirs = {row["name"] for row in rows if number in row.get("nodes", [])}
        if len(chain) == len(theirs):  # it warns where two that are apart name one node
            assert set(chain) == theirs
        else:
            assert set(chain) < theirs


def boxes(node, x=0.0, y=0.0):
    """Every node and group with its corners on the page."""
    found = {node: (x, y, x + node.width, y + node.height)}
    for child in node.children:
        found |= boxes(child, x + child.x, y + child.y)
    return found


NAMES = st.sampled_from([f"n{k}" for k in range(8)])


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(NAMES, NAMES), max_size=14),
    st.lists(st.lists(NAMES, min_size=1, max_size=4), max_size=4),
    st.sampled_from(["TB", "LR", "BT"]),
    st.booleans(),
)
def test_frames_hold_their_nodes_and_no_others_and_every_arrow_has_its_head(
    edges, clusters, rankdir, nested
):
    dot = Digraph(graph_attr={"rankdir": rankdir})
    around = dot
    for k, names in enumerate(clusters):
        inner = Digraph(name=f"cluster_{k}", graph_attr={"label": f"frame {k}"})
        for name in names:
            inner.node(name)
        around.subgraph(inner)
        around = inner if nested and not k else dot
    for tail, head in edges:
        dot.edge(tail, head)
    placed = place(read(dot.source))
    places = boxes(placed.root)
    chains = framing(placed.statements).chains
    for node, name in placed.names.items():
        left, top, right, low = places[node]
        for group, frame in placed.frames.items():
            a, b, c, d = places[group]
            if frame in chains[name]:
                assert a < left < right < c
                assert b < top < low < d
            else:
                assert right <= a or c <= left or low <= b or d <= top
    drawing, _ = paint(placed)
    heads = [s for s in drawing.shapes if isinstance(s, Polyline) and s.arrow]
    apart = {(tail, head) for tail, head in edges if tail != head}
    both = {(tail, head) for tail, head in apart if (head, tail) in apart and tail < head}
    starts = {s.points[-1] for s in heads}
    assert len(apart) - len(both) >= len(starts)
    assert bool(starts) == bool(apart)
    frames = [s for s in drawing.shapes if isinstance(s, Cluster) and s.role == "group"]
    assert len(frames) == len(placed.frames)


def test_a_frame_has_its_label_and_the_colours_of_the_text():
    drawing, theme = paint(place(read(MANY)))
    frames = {s.title: s.items[0] for s in drawing.shapes if isinstance(s, Cluster)}
    one, inner, second = (frames[name] for name in ("one two", "inner", "second"))
    assert isinstance(one, Rect)
    assert isinstance(inner, Rect)
    assert isinstance(second, Rect)
    assert theme.families[str(one.stroke).split("/")[0]].accent == "#FF0000"
    assert one.dash
    assert not one.fill
    assert theme.families[str(inner.fill).split("/")[0]].fill == "#FFFF00"
    assert inner.radius > one.radius
    assert not second.stroke
    assert "nothing" not in frames
    labels = {
        "".join(span.text for span in s.spans): s.spans[0].color
        for s in drawing.shapes
        if isinstance(s, Label)
    }
    assert {"one two", "inner", "second"} <= set(labels)
    assert theme.families[labels["one two"].split("/")[0]].text == "#0000FF"


def test_what_needs_two_clusters_to_be_first_is_drawn_against_its_arrow():
    source = """digraph { subgraph cluster_a { a1 -> a2 } subgraph cluster_b { b1 -> b2 }
        a1 -> b2; b1 -> a2 }"""
    placed = place(read(source))
    ends = {
        (placed.names[tail], placed.names[head]): arrow.is_turned
        for (tail, head), arrow in placed.arrows.items()
    }
    assert ends == {
        ("a1", "a2"): False, ("b1", "b2"): False, ("a1", "b2"): False, ("a2", "b1"): True,
    }  # fmt: skip


def test_circles_begin_with_what_was_named_first():
    assert in_order("abcd", [("a", "b"), ("b", "c"), ("c", "a"), ("d", "a")]) == [*"dabc"]
    assert in_order("ba", [("a", "b")]) == ["a", "b"]
    assert in_order("ab", [("a", "a")]) == ["a", "b"]


def test_frames_are_in_every_format(tmp_path):
    pypdf = pytest.importorskip("pypdf", reason="reads the PDF")
    dot = Digraph()
    with dot.subgraph(name="cluster_x", graph_attr={"label": "the frame"}) as inner:
        inner.edge("a", "b")
    for form in ("svg", "pdf"):
        dot.render(tmp_path / "g", format=form)
    texts = ["".join(e.itertext()) for e in ET.parse(tmp_path / "g.svg").iter()]
    assert any("the frame" in text for text in texts)
    assert "the frame" in pypdf.PdfReader(tmp_path / "g.pdf").pages[0].extract_text()


def test_clusters_nested_very_deep_are_drawn():
    depth = 300
    inside = "".join(f"subgraph cluster_{k} {{ n{k}; " for k in range(depth))
    placed = place(read(f"digraph {{ {inside} {'}' * depth} n0 -> n{depth - 1} }}"))
    assert len(placed.frames) == depth
    assert len(paint(placed)[0].shapes) > depth
