"""Graph -> Mermaid, held to the grammar of its flowcharts."""

import html
import re
import string

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

import introspect
from introspect.errors import FormatError
from introspect.graph.formats.mermaid import entities, to_mermaid
from introspect.graph.outline import outline

# The statements that we write, as the grammar of Mermaid's flowcharts has them.
_STRING = r'"[^"`\n][^"\n]*"'
_LINES = [
    re.compile(pattern)
    for pattern in (
        rf"n\d+(?:p\d+)?(?:\[{_STRING}\]|\(\[{_STRING}\]\)|\(\({_STRING}\)\)):::[a-z]+",
        rf"subgraph g\d+\[{_STRING}\]",
        r"end",
        rf"n\d+ -->(?:\|{_STRING}\|)? n\d+",
        r"n\d+p\d+ -\.-> n\d+",
        r"classDef [a-z]+ fill:#\w{6},stroke:#\w{6},color:#\w{6}",
        r"style g\d+ fill:#\w{6},stroke:#\w{6},color:#\w{6}",
    )
]


def checked(text):
    """The lines of the chart; each is a statement, and subgraphs are closed."""
    before, title, after, head, *lines = text.splitlines()
    assert (before, after) == ("---", "---")
    assert re.fullmatch(r'title: "(?:[^"\\\n]|\\u[0-9A-F]{4,6})*"', title)
    assert head in {"flowchart TB", "flowchart LR"}
    lines = [line.strip() for line in lines]
    for line in lines:
        assert any(pattern.fullmatch(line) for pattern in _LINES), line
    depth = 0
    for line in lines:
        depth += line.startswith("subgraph") - (line == "end")
        assert depth >= 0
    assert depth == 0
    return lines


def decoded(text):
    """What a reader sees: Mermaid's entities, then HTML's."""
    return html.unescape(re.sub(r"#(\d+);", r"&#\1;", text))


@pytest.fixture
def graph(residual):
    return introspect.trace(residual, torch.zeros(4, 8))


@pytest.mark.parametrize("detail", ["outline", "ops"])
@pytest.mark.parametrize("direction", ["TB", "LR"])
def test_every_line_is_a_statement_of_the_grammar(graph, detail, direction):
    lines = checked(to_mermaid(graph, detail=detail, direction=direction, depth="all"))
    assert any(line.startswith("classDef linear ") for line in lines)


def test_boxes_edges_and_groups_are_those_of_the_outline(graph):
    lines = checked(to_mermaid(graph, depth="all"))
    root = outline(graph, depth="all").root
    leaves = list(root.leaves())
    assert sum(bool(re.match(r"n\d+[\[(]", line)) for line in lines) == len(leaves)
    assert sum("-->" in line for line in lines) == sum(len(leaf.sources) for leaf in leaves)
    assert lines.count("end") == sum(1 for _ in root.groups()) - 1
    assert any("×3" in line for line in lines if line.startswith("subgraph"))


def test_edges_name_boxes_that_are_there(convnet, image):
    lines = checked(to_mermaid(introspect.trace(convnet, image)))
    boxes = {match[0] for line in lines if (match := re.match(r"n\d+(?=[\[(])", line))}
    ends = {name for line in lines if "-->" in line for name in re.findall(r"\bn\d+\b", line)}
    assert ends == boxes


def test_hostile_names_are_text():
    names = [
        '"]\nclick n1 "javascript:alert(1)"',
        "`code`",
        "%%{init:{}}%%",
        "- list",
        "1. list",
        "end",
    ]

    class Hostile(nn.Module):
        def __init__(self):
            super().__init__()
            for name in names:
                self.add_module(name.replace(".", ""), nn.Sequential(nn.Linear(2, 2), nn.Tanh()))

        def forward(self, x):
            for layer in self.children():
                x = layer(x)
            return x

    graph = introspect.Tracer(name='x" \\ \x00').trace(Hostile(), torch.zeros(1, 2))
    text = to_mermaid(graph, depth="all", fold=False, detail="ops")
    checked(text)
    for sign in ("`", "%%", "javascript:", "\x00"):
        assert sign not in text
    shown = decoded(text)
    for name in names:
        assert name.replace(".", "").replace("\n", " ") in shown


@given(st.text(max_size=30))
def test_a_label_reads_as_it_was_and_holds_nothing_that_mermaid_could_take_for_its_own(text):
    written = entities(text)
    shown = re.sub(r"#(\d+);", lambda match: chr(int(match[1])), written)
    unknown = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
    assert shown == unknown.sub("\ufffd", text.replace("\n", " ").replace("\t", " "))
    bare = re.sub(r"#\d+;", "", written)
    assert not set(bare) & (set(string.punctuation) - set(",._-/"))
    assert not re.match(r"[-+*.]|\d+[.)]", bare)


def test_the_suffix_writes_it_and_options_are_checked(graph, tmp_path):
    graph.save(tmp_path / "m.mmd", direction="LR", theme="dark")
    assert (tmp_path / "m.mmd").read_text() == to_mermaid(graph, direction="LR", theme="dark")
    with pytest.raises(FormatError, match="direction"):
        graph.save(tmp_path / "m.mmd", direction="down")
    with pytest.raises(FormatError, match="'all of it'"):
        to_mermaid(graph, detail="all of it")
