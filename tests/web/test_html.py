"""The page of the viewer, looked at without a browser."""

import base64
import hashlib
import html as markup
import json
import re
import zlib

import pytest
import torch
from torch import nn

import introspect
from introspect.errors import FormatError
from introspect.graph.formats.html import to_html, to_html_fragment
from introspect.nouns.graph import Graph
from introspect.theme import GRAPH_THEMES


def tables(page):
    """The data in a page."""
    packed = re.search(rb'id="data">([^<]*)<', page)[1]
    return json.loads(zlib.decompress(base64.b64decode(packed)))


def test_the_page_is_the_same_every_time(graph):
    assert to_html(graph) == to_html(graph)


def test_the_policy_names_the_hash_of_each_script_and_style_and_nothing_else(graph):
    page = to_html(graph).decode()
    policy = markup.unescape(re.search(r'Security-Policy" content="([^"]*)"', page)[1])
    allowed = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    style = re.search(r"<style>(.*?)</style>", page, re.DOTALL)[1]
    loader = re.search(r"<script>(.*?)</script>", page, re.DOTALL)[1]
    packed = re.search(r'id="script">([^<]*)<', page)[1]
    viewer = zlib.decompress(base64.b64decode(packed)).decode()

    def named(text):
        digest = hashlib.sha256(text.encode()).digest()
        return f"'sha256-{base64.b64encode(digest).decode()}'"

    assert allowed["default-src"] == "'none'"
    assert allowed["style-src"] == named(style)
    assert set(allowed["script-src"].split()) == {named(loader), named(viewer)}
    assert "unsafe" not in policy


def test_no_address_stands_in_the_page(graph):
    page = to_html(graph).decode()
    assert not re.search(r"(?:src|href)=", page)
    assert "http://" not in page
    assert "https://" not in page


def test_every_box_is_stored_with_its_facts(graph):
    found = tables(to_html(graph, fold=False))
    texts = found["texts"]
    assert any("weight: float32 32×32, tied with" in text for text in texts)
    assert any(re.fullmatch(r"web/conftest\.py:\d+", text) for text in texts)
    assert "float32 2×3×16×16" in texts
    assert not any(text.startswith("/") for text in texts)  # no folder of this machine


def test_flops_in_the_page_are_those_of_the_cost(graph):
    found = tables(to_html(graph, fold=False))
    column = found["heads"][15]
    total, values = 0, set()
    for step in column:
        total += step
        values.add(total)
    for path in ("stem", "layers.0.attention.q", "head"):
        (call,) = graph.find(path)
        assert graph.cost().of(call).flops in values


def test_equal_blocks_cost_almost_nothing():
    def network(blocks):
        block = [nn.Linear(8, 8), nn.LayerNorm(8), nn.Sigmoid()]
        model = nn.Sequential(*(nn.Sequential(*block) for _ in range(blocks)))
        return introspect.trace(model, torch.zeros(1, 8))

    few, many = (len(to_html(network(n), fold=False)) for n in (20, 220))
    assert (many - few) / (200 * 3) < 40


@pytest.mark.parametrize("name", GRAPH_THEMES)
def test_every_theme_has_a_colour_for_every_role(graph, name):
    found = tables(to_html(graph, theme=name))
    for theme in found["themes"].values():
        assert set(found["roles"]) - {""} <= set(theme["roles"])
        assert all(re.fullmatch("#[0-9A-Fa-f]{6}", color) for color in theme["roles"].values())


def test_options_choose_what_starts_open_and_how_it_flows(graph):
    shut, whole = tables(to_html(graph, depth=1)), tables(to_html(graph, depth="all"))

    def sealed(found):
        flags, now = [], 0
        for step in found["heads"][7]:
            now += step
            flags.append(now & 1)
        return sum(flags)

    assert sealed(shut) > 0
    assert sealed(whole) == 0
    assert tables(to_html(graph, direction="LR"))["direction"] == "LR"
    assert tables(to_html(graph, title="mine"))["title"] == "mine"
    assert tables(to_html(graph, color_by="flops"))["colorBy"] == "flops"


def test_numbers_of_the_user_become_a_measure(graph):
    found = tables(to_html(graph, color_by={"layers.*": 3.0, "stem": 1.0}))
    assert found["colorBy"] == "given"
    assert found["measures"][0] == {"key": "given", "title": "given numbers"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"theme": "neon"}, r"no such theme.*'neon'.*auto"),
        ({"direction": "UP"}, r"no such direction.*'UP'.*TB"),
        ({"color_by": "beauty"}, r"does not know this measure.*'beauty'.*flops"),
    ],
)
def test_unknown_options_are_named_with_the_known_ones(graph, options, message):
    with pytest.raises(FormatError, match=f"(?s){message}"):
        to_html(graph, **options)


def test_an_empty_graph_and_a_module_tree_have_pages():
    empty = Graph("none", "none", (), (), (), (), (), (), 0)
    assert tables(to_html(empty))["title"] == "none"
    tree = introspect.Tracer(level="module").trace(nn.Sequential(nn.Linear(1, 2), nn.ReLU()))
    assert "Linear" in tables(to_html(tree))["texts"]


def test_a_fragment_is_one_frame_that_may_only_run_scripts_and_save(graph):
    fragment = to_html_fragment(graph, height_px=300)
    assert re.fullmatch(r"<iframe [^<>]*></iframe>", fragment)
    assert 'sandbox="allow-scripts allow-downloads"' in fragment
    held = markup.unescape(re.search(r'srcdoc="([^"]*)"', fragment)[1])
    assert held.encode() == to_html(graph)
