"""SVG, read as XML, by resvg and by a real browser."""

import io
import re
import shutil
import xml.etree.ElementTree as ET

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from torch import nn

import introspect
from introspect.graph.formats import svg_text
from introspect.graph.formats.svg import to_svg
from introspect.graph.picture import picture
from introspect.nouns.drawing import Cluster, Drawing, Label, Polyline, Rect, Span
from introspect.theme import GRAPH_THEMES

SVG = "{http://www.w3.org/2000/svg}"
LIGHT = GRAPH_THEMES["light"]
HOSTILE = [
    "</title><script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "]]>",
    "javascript:alert(1)",
    "a\nb\r\nc\td",
    "nul\x00bell\x07",
    "\u202eright to left\u202c \u200f",
    "层🙂é",
    "--><!--",
    "&amp;&lt;",
]


def words(root):
    return ["".join(text.itertext()) for text in root.iter(f"{SVG}text")]


def one_label(text, *, title=""):
    span = Span(text, 10.0)
    box = Cluster((Rect(2, 2, 90, 20, 5, "conv/fill"), Label(5, 15, (span,))), text, "box", text)
    return Drawing(100, 30, (box,), title or text, text)


@given(st.text(min_size=1, max_size=40))
def test_any_text_makes_xml_that_says_it_again(text):
    root = ET.fromstring(to_svg(one_label(text), LIGHT))
    allowed = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
    expected = allowed.sub("\ufffd", text)
    assert words(root) == [expected]
    assert [element.tag for element in root.iter()] == [
        f"{SVG}{tag}" for tag in ("svg", "title", "desc", "rect", "g", "title", "desc")
    ] + [f"{SVG}rect", f"{SVG}text"]
    assert root.find(f"{SVG}title").text in {expected, None}


def test_lone_surrogates_become_the_replacement_character():
    root = ET.fromstring(to_svg(one_label("a\ud800b"), LIGHT).encode())
    assert words(root) == ["a\ufffdb"]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_is_one_line_of_text_wherever_it_stands(name):
    class Hostile(nn.Module):
        def __init__(self):
            super().__init__()
            self.add_module(name.replace(".", " "), nn.Linear(2, 2))

        def forward(self, x):
            return next(self.children())(x) + 1

    graph = introspect.Tracer(name=name).trace(Hostile(), torch.zeros(1, 2))
    for theme in ("light", "auto"):
        root = ET.fromstring(svg_text(graph, theme=theme, depth="all"))
        tags = {element.tag.removeprefix(SVG) for element in root.iter()}
        assert tags <= {"svg", "title", "desc", "style", "rect", "g", "path", "text", "tspan"}
        for text in words(root):
            assert text.replace("\N{NO-BREAK SPACE}", " ").isprintable(), text
        for element in root.iter():
            assert not any(key.startswith("on") or key.endswith("href") for key in element.attrib)


def test_each_box_says_what_it_is_what_goes_through_it_and_where_it_is_written():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(3, 8, 3, padding=1)

        def forward(self, x):
            return torch.relu(self.conv(x))

    graph = introspect.trace(Net(), torch.zeros(2, 3, 6, 6))
    root = ET.fromstring(svg_text(graph))
    boxes = {g.find(f"{SVG}title").text: g for g in root.iter(f"{SVG}g") if g.get("class") == "box"}
    conv = boxes["conv Conv2d 3×3, 3 → 8"]
    said = conv.find(f"{SVG}desc").text
    assert said.startswith("with ReLU; input 3×6×6; output 8×6×6; 224 parameters; ")
    assert re.search(r"; test_formats_svg\.py:\d+$", said)  # the file's name, not its folder
    assert conv.get("role") == "img"
    assert root.get("role") == "graphics-document"
    assert root.get("aria-label") == "Net"


def test_a_picture_of_the_readers_own_mode_carries_both_themes(residual):
    graph = introspect.trace(residual, torch.zeros(4, 8))
    text = svg_text(graph, theme="auto")
    light, dark = GRAPH_THEMES["light"], GRAPH_THEMES["dark"]
    style = ET.fromstring(text).find(f"{SVG}style").text
    before, after = style.split("@media (prefers-color-scheme:dark)")
    for role in ("page", "linear/fill", "ink", "line"):
        variable = f"--{role.replace('/', '-')}"
        assert f"{variable}:{light.color(role)}" in before
        assert f"{variable}:{dark.color(role)}" in after.split("}}")[0]
    # readers that know no variables see the light one
    plain = svg_text(graph)
    stripped = re.sub(r"<style>.*?</style>| class=\"(?!box|group)[^\"]*\"", "", text)
    assert stripped == re.sub(r" class=\"(?!box|group)[^\"]*\"", "", plain)


def test_two_pictures_in_one_page_do_not_touch_each_other(residual):
    graph = introspect.trace(residual, torch.zeros(4, 8))
    for theme in ("auto", "print", "light"):
        text = svg_text(graph, theme=theme)
        for identifier in re.findall(r'\bid="([^"]*)"', text):
            assert identifier.startswith("introspect-")  # of a pattern: equal where it is equal
        style = re.search(r"<style>(.*?)</style>", text)
        if style:
            scope = re.search(r'<svg[^>]* class="(introspect-[0-9a-f]{8})"', text)[1]
            rules = re.findall(r"(?:^|[{}])([^{}@]+)\{", style[1])
            assert rules
            assert all(rule.startswith(f".{scope}") for rule in rules)


def test_a_pattern_lies_over_its_fill_in_what_is_printed(residual):
    drawing = picture(introspect.trace(residual, torch.zeros(4, 8)))
    root = ET.fromstring(to_svg(drawing, GRAPH_THEMES["print"]))
    patterns = {p.get("id") for p in root.iter(f"{SVG}pattern")}
    used = {e.get("fill")[5:-1] for e in root.iter() if (e.get("fill") or "").startswith("url(#")}
    assert patterns == used == {"introspect-diagonal-FFFFFF"}  # linear layers


def test_lines_of_every_kind_are_drawn():
    drawing = Drawing(
        50,
        50,
        (
            Polyline(((5, 5), (5, 30), (40, 30)), arrow=True, dash=(4.0, 3.0)),
            Rect(5, 40, 20, 8, 3, None, "rim", corners=(True, False, False, True), dash=(2.0,)),
        ),
    )
    root = ET.fromstring(to_svg(drawing, LIGHT))
    line, head, rect = root.findall(f"{SVG}path")
    assert line.get("stroke-dasharray") == "4 3"
    assert "Q5 30" in line.get("d")
    assert head.get("fill") == LIGHT.line
    assert rect.get("stroke-dasharray") == "2"


def test_lines_are_heavier_where_a_theme_asks_for_contrast(residual):
    drawing = picture(introspect.trace(residual, torch.zeros(4, 8)))
    widths = {
        name: re.findall(r'stroke-width="([\d.]+)"', to_svg(drawing, GRAPH_THEMES[name]))
        for name in ("light", "high-contrast")
    }
    assert "1.2" in widths["light"]
    assert "1.8" in widths["high-contrast"]


@pytest.fixture(scope="module")
def browser():
    api = pytest.importorskip("playwright.sync_api", reason="the browser tests need Playwright")
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        pytest.skip("chromium is not installed")
    with api.sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield running
        running.close()


def test_a_browser_draws_what_resvg_draws_and_follows_the_readers_mode(browser, residual, tmp_path):
    graph = introspect.trace(residual, torch.zeros(4, 8))
    graph.save(tmp_path / "auto.svg", theme="auto")
    for mode in ("light", "dark"):
        graph.save(tmp_path / f"{mode}.png", theme=mode, scale=1)
        expected = Image.open(tmp_path / f"{mode}.png").convert("RGB")
        page = browser.new_page(
            color_scheme=mode, viewport={"width": expected.width, "height": expected.height}
        )
        page.goto(f"file://{tmp_path}/auto.svg")
        seen = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
        page.close()
        theme = GRAPH_THEMES[mode]
        for role in ("page", "linear/fill", "group/0"):
            color = tuple(bytes.fromhex(theme.color(role)[1:]))
            counts = [(np.asarray(image) == color).all(axis=2).sum() for image in (expected, seen)]
            assert counts[0] > 100
            assert abs(counts[0] - counts[1]) < 0.15 * counts[0], (mode, role, counts)


def test_words_stay_inside_their_boxes_in_a_browser(browser, residual, tmp_path):
    graph = introspect.trace(residual, torch.zeros(4, 8))
    graph.save(tmp_path / "graph.svg", depth="all", color_by="flops", size_by="parameters")
    page = browser.new_page()
    page.goto(f"file://{tmp_path}/graph.svg")
    over = page.evaluate("""() => [...document.querySelectorAll('g.box')].flatMap(box => {
        const outer = box.querySelector('rect').getBBox()
        return [...box.querySelectorAll('text')].filter(text => {
            const inner = text.getBBox()
            return inner.x < outer.x - 0.5 || inner.x + inner.width > outer.x + outer.width + 0.5
        }).map(text => text.textContent)
    })""")
    page.close()
    assert over == []
