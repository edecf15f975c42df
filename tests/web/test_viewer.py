"""The viewer in a real browser: offline, under its own policy, by mouse and by keyboard."""

import re
from xml.etree import ElementTree as ET

import pytest
import torch
from torch import nn

import introspect
from introspect.graph.formats.html import to_html, to_html_fragment
from introspect.theme import GRAPH_THEMES

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = (
    "</script><script>alert(1)</script>",
    '"><img src=x onerror=alert(2)>',
    "]]>",
    "javascript:alert(3)",
    "a\nb",
    "nul\0byte",
    "\u202egnp.exe",
    "🙂 emoji",
    "\ud800 lone",
    "__proto__",
)

FIND = """(path) => {
  const v = introspectViewer;
  for (const box of v.model.everything()) if (box.path === path && box.name) return box;
}"""


def call(page, path, body):
    """Run JavaScript with the viewer as `v` and the box of a path as `box`."""
    script = f"(path) => {{ const v = introspectViewer; const box = ({FIND})(path); {body} }}"
    return page.evaluate(script, path)


def place(page, path):
    """Where a shown box is on the screen: left, top, width, height, and its axis, in pixels."""
    body = """
      const a = v.scene.areaOf(box), k = v.view.zoom;
      const stage = v.canvas.getBoundingClientRect();
      const axis = box.isOpen ? box.placed.plan.axis : a.width / 2;
      return [stage.left + v.view.x + a.x * k, stage.top + v.view.y + a.y * k,
              a.width * k, a.height * k, stage.left + v.view.x + (a.x + axis) * k];"""
    return call(page, path, body)


def click(page, path, **options):
    left, top, width, _, _ = place(page, path)
    page.mouse.click(left + min(width / 4, 30), top + 8, **options)


def is_open(page, path):
    return call(page, path, "return box.isOpen;")


@pytest.fixture
def viewer(graph, show):
    return show(to_html(graph, depth=1))


def test_it_opens_from_a_file_and_draws_something(viewer):
    colours = viewer.evaluate(
        """() => {
          const c = introspectViewer.canvas;
          const pixels = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;
          const seen = new Set();
          for (let k = 0; k < pixels.length; k += 4) {
            seen.add(pixels[k] << 16 | pixels[k + 1] << 8 | pixels[k + 2]);
          }
          return seen.size;
        }"""
    )
    assert colours > 20
    assert viewer.title() == "Mixed"
    assert viewer.evaluate("introspectFirstViewMs") < 10_000


def test_a_clicked_group_opens_and_shuts_where_it_is(viewer):
    before = place(viewer, "blocks")
    click(viewer, "blocks")
    opened = place(viewer, "blocks")
    assert is_open(viewer, "blocks")
    assert opened[3] > 2 * before[3]
    assert opened[4] == pytest.approx(before[4], abs=0.01)
    assert opened[1] == pytest.approx(before[1], abs=0.01)
    click(viewer, "blocks")  # its title
    assert not is_open(viewer, "blocks")
    assert place(viewer, "blocks") == pytest.approx(before, abs=0.01)


def test_what_opens_has_the_boxes_of_what_starts_open(graph, show):
    started = show(to_html(graph, depth="all"))
    grown = show(to_html(graph, depth=1))
    grown.get_by_role("button", name="Open every group").click()
    boxes = """[...introspectViewer.model.shown()].map((b) => {
      const { width, height } = introspectViewer.scene.areaOf(b);
      return b.isOpen ? [b.path, b.name] : [b.path, b.name, width, height];
    })"""
    assert grown.evaluate(boxes) == started.evaluate(boxes)
    assert len(grown.evaluate(boxes)) > 20


def test_opening_far_away_leaves_cached_containers_alone(viewer):
    click(viewer, "blocks")
    kept = call(viewer, "blocks", "v.kept = box.placed; return v.kept !== null;")
    assert kept
    call(viewer, "layers.0", "v.toggle(box);")
    assert call(viewer, "blocks", "return box.placed === v.kept;")


def test_dragging_and_the_wheel_pan_and_ctrl_wheel_zooms_at_the_pointer(viewer):
    x0, y0, width, *_ = place(viewer, "stem")
    viewer.mouse.move(200, 500)
    viewer.mouse.down()
    viewer.mouse.move(260, 540, steps=4)
    viewer.mouse.up()
    x1, y1, *_ = place(viewer, "stem")
    assert (x1 - x0, y1 - y0) == pytest.approx((60, 40), abs=1)
    viewer.mouse.wheel(10, -50)
    viewer.wait_for_timeout(100)
    x2, y2, *_ = place(viewer, "stem")
    assert (x2 - x1, y2 - y1) == pytest.approx((-10, 50), abs=1)
    viewer.mouse.move(x2, y2)
    viewer.keyboard.down("Control")
    viewer.mouse.wheel(0, -40)
    viewer.keyboard.up("Control")
    x3, y3, wider, *_ = place(viewer, "stem")
    assert wider > 1.2 * width
    assert (x3, y3) == pytest.approx((x2, y2), abs=1.5)


def test_search_lists_hits_and_a_jump_opens_what_hides_them(viewer):
    viewer.keyboard.press("/")
    viewer.keyboard.type("layers.0.attention.q")
    hits = viewer.get_by_role("listbox", name="Hits").get_by_role("option")
    assert hits.count() == 1
    assert "q" in hits.first.inner_text()
    viewer.keyboard.press("ArrowDown")
    viewer.keyboard.press("Enter")
    assert is_open(viewer, "layers.0")
    left, top, width, height, _ = place(viewer, "layers.0.attention.q")
    assert 0 <= left < left + width <= 1200
    assert 0 <= top < top + height <= 800
    assert viewer.get_by_role("heading", name="q", exact=True).is_visible()


def test_ctrl_f_searches_and_nothing_found_is_said(viewer):
    viewer.keyboard.press("Control+f")
    viewer.keyboard.type("no such thing")
    assert viewer.get_by_text("Nothing found").is_visible()
    viewer.keyboard.press("Escape")
    assert viewer.get_by_text("Nothing found").is_hidden()


def test_the_keyboard_walks_opens_and_leaves(viewer):
    viewer.get_by_role("tree").focus()
    viewer.keyboard.press("Home")
    selected = "introspectViewer.selected && introspectViewer.selected.title"
    assert viewer.evaluate(selected) == "input"
    viewer.keyboard.press("ArrowDown")
    viewer.keyboard.press("ArrowDown")
    assert viewer.evaluate(selected) == "blocks"
    viewer.keyboard.press("ArrowRight")
    assert is_open(viewer, "blocks")
    viewer.keyboard.press("ArrowRight")
    assert viewer.evaluate("introspectViewer.selected.path") == "blocks.0"
    viewer.keyboard.press("ArrowLeft")
    viewer.keyboard.press("Enter")
    assert not is_open(viewer, "blocks")
    viewer.keyboard.press("Escape")
    assert viewer.evaluate(selected) is None
    before = viewer.evaluate("introspectViewer.view.x")
    viewer.keyboard.press("ArrowRight")
    assert viewer.evaluate("introspectViewer.view.x") < before
    zoom = viewer.evaluate("introspectViewer.view.zoom")
    viewer.keyboard.press("+")
    assert viewer.evaluate("introspectViewer.view.zoom") > zoom
    viewer.keyboard.press("0")
    assert viewer.evaluate(
        "introspectViewer.view.area.width >= introspectViewer.scene.area().width - 1"
    )


def test_every_control_is_reached_by_tab(viewer):
    names = []
    for _ in range(12):
        viewer.keyboard.press("Tab")
        names.append(viewer.evaluate("document.activeElement.ariaLabel"))
    for wanted in ("Search boxes", "Colour by", "Open every group", "Save the picture", "Zoom in"):
        assert wanted in names
    assert "Boxes of the picture" in names


def test_details_tell_shapes_parameters_flops_source_and_ties(viewer, graph):
    click(viewer, "head")
    details = viewer.get_by_role("complementary", name="Details")
    text = details.inner_text()
    assert "head" in text
    assert "Linear" in text
    assert re.search(r"float32 2×32", text)
    assert "tied with tied.weight" in text
    (head,) = graph.find("head")
    assert f"FLOPs\n{graph.cost().of(head).flops}" in text.replace("\n\n", "\n")
    assert re.search(r"conftest\.py:\d+", text)
    details.get_by_role("button", name="tied").click()
    assert viewer.evaluate("introspectViewer.selected.path") == "tied"
    details.get_by_role("button", name="Close details").click()
    assert details.is_hidden()


def test_a_fold_names_all_its_members(viewer):
    click(viewer, "layers.0")
    viewer.keyboard.press("Escape")
    call(viewer, "layers.0", "v.jump(box);")
    text = viewer.get_by_role("complementary", name="Details").inner_text()
    assert "×4" in text
    for k in range(4):
        assert f"layers.{k}" in text


def test_hovering_marks_what_feeds_and_what_reads(viewer):
    left, top, *_ = place(viewer, "blocks")
    viewer.mouse.move(left + 20, top + 20)
    near = "(b) => [b.sources().map((s) => s.path), b.readers().map((r) => r.title)]"
    sources, readers = viewer.evaluate(f"({near})(introspectViewer.hovered)")
    assert sources == ["stem"]
    assert len(readers) >= 2


def test_the_path_between_two_boxes_is_shown(viewer):
    click(viewer, "stem")
    viewer.keyboard.down("Shift")
    click(viewer, "head")
    viewer.keyboard.up("Shift")
    steps = viewer.evaluate("introspectViewer.path.map((b) => b.title)")
    assert steps[0] == "stem"
    assert steps[-1] == "head"
    assert "blocks" in steps
    assert viewer.get_by_role("status").filter(has_text="Path from stem to head").first.is_visible()
    edges = viewer.evaluate(
        "introspectViewer.path.slice(1)"
        ".every((b, k) => b.sources().includes(introspectViewer.path[k]))"
    )
    assert edges
    viewer.keyboard.press("Escape")
    assert viewer.evaluate("introspectViewer.path") is None


def test_the_tree_of_elements_is_in_step_with_the_picture(viewer):
    def names():
        return viewer.get_by_role("treeitem").evaluate_all(
            "(items) => items.map((i) => i.firstChild.textContent.split(',')[0])"
        )

    def shown():
        return viewer.evaluate("[...introspectViewer.model.shown()].map((b) => b.title)")

    assert names() == shown()
    blocks = viewer.get_by_role("treeitem", name=re.compile("^blocks"))
    assert blocks.get_attribute("aria-expanded") == "false"
    click(viewer, "blocks")
    assert blocks.get_attribute("aria-expanded") == "true"
    assert names() == shown()
    viewer.get_by_role("button", name="Open every group").click()
    assert names() == shown()
    viewer.get_by_role("button", name="Shut every group").click()
    assert names() == shown()


def test_saved_svg_is_valid_and_says_what_is_shown(viewer, tmp_path):
    click(viewer, "blocks")
    viewer.get_by_role("button", name="Save the picture").click()
    with viewer.expect_download() as download:
        viewer.get_by_role("menuitem", name="SVG of everything shown").click()
    path = tmp_path / "saved.svg"
    download.value.save_as(path)
    assert download.value.suggested_filename == "Mixed.svg"
    root = ET.parse(path).getroot()
    words = " ".join("".join(text.itertext()) for text in root.iter(f"{SVG}text"))
    for word in ("stem", "Conv2d", "Block", "layers.0–3", "×4", "input"):
        assert word in words
    assert not list(root.iter(f"{SVG}script"))


def test_saved_png_is_a_picture_of_the_view(viewer, tmp_path):
    viewer.get_by_role("button", name="Save the picture").click()
    with viewer.expect_download() as download:
        viewer.get_by_role("menuitem", name="PNG of this view").click()
    path = tmp_path / "saved.png"
    download.value.save_as(path)
    content = path.read_bytes()
    assert content[:8] == b"\x89PNG\r\n\x1a\n"
    width = int.from_bytes(content[16:20], "big")
    assert width == pytest.approx(2 * 1200, rel=0.02)


def page_colour(page):
    return page.evaluate("getComputedStyle(document.body).backgroundColor")


def test_dark_mode_follows_the_system_and_can_be_switched(graph, show, until):
    page = show(to_html(graph), color_scheme="dark")
    dark = page_colour(page)
    page.get_by_role("button", name="Switch between light and dark").click()
    assert page_colour(page) == "rgb(255, 255, 255)" != dark
    page.get_by_role("button", name="Switch between light and dark").click()
    assert page_colour(page) == dark
    light = show(to_html(graph), color_scheme="light")
    assert page_colour(light) == "rgb(255, 255, 255)"
    light.emulate_media(color_scheme="dark")
    until(light, "document.documentElement.dataset.theme === 'dark'")
    assert page_colour(light) == dark
    assert page_colour(show(to_html(graph, theme="dark"), color_scheme="light")) == dark


def test_colouring_by_flops_shows_a_scale(viewer):
    before = viewer.evaluate("introspectViewer.svg()")
    viewer.get_by_role("combobox", name="Colour by").select_option("flops")
    assert "FLOPs" in viewer.get_by_label("Legend").inner_text()
    assert viewer.evaluate("introspectViewer.svg()") != before


class Named(nn.Module):
    """A model whose modules have the names that it is given."""

    def __init__(self, names):
        super().__init__()
        for name in names:
            self._modules[name] = nn.Linear(4, 4)

    def forward(self, x):
        for module in self._modules.values():
            x = module(x)
        return x


def test_hostile_names_are_drawn_as_text(show):
    graph = introspect.trace(Named(HOSTILE), torch.zeros(1, 4))
    page = show(to_html(graph, title="<b>&amp;</b>", fold=False))
    page.wait_for_timeout(200)
    assert page.title() == "<b>&amp;</b>"
    assert page.evaluate("document.images.length") == 0
    items = page.get_by_role("treeitem").all_inner_texts()
    for name in ("</script><script>alert(1)</script>", "]]>", "javascript:alert(3)", "🙂 emoji"):
        assert any(item.startswith(name) for item in items), name
    root = ET.fromstring(page.evaluate("introspectViewer.svg(introspectViewer.scene.area())"))
    words = ["".join(text.itertext()) for text in root.iter(f"{SVG}text")]
    assert any('"><img src=x onerror=alert(2)>' in word for word in words)
    for query in ("img", "alert", "proto"):
        page.keyboard.press("/")
        page.keyboard.type(query)
        assert page.locator("#hits [role=option]").count() >= 1
        page.keyboard.press("Enter")
        page.keyboard.press("Escape")


def test_an_empty_graph_says_so(show):
    from introspect.nouns.graph import Graph

    page = show(to_html(Graph("none", "none", (), (), (), (), (), (), 0)))
    assert page.get_by_text("no operations to draw").is_visible()


def test_several_fragments_live_in_one_page(graph, show, until):
    fragment = to_html_fragment(graph, depth=1, height_px=300).replace('loading="lazy"', "")
    content = f"<!doctype html><title>notebook</title>{fragment}{fragment}".encode()
    page = show.plain(content)
    first, second = page.frames[1:]
    for frame in (first, second):
        until(frame, "window.introspectFirstViewMs > 0")
    first.get_by_role("button", name="Open every group").click()
    opened = "[...introspectViewer.model.shown()].filter((b) => b.isOpen).length"
    assert first.evaluate(opened) > 0
    assert second.evaluate(opened) == 0


def test_without_scripts_the_page_says_what_to_do(graph, show):
    page = show.plain(to_html(graph), java_script_enabled=False)
    assert "model.svg" in page.locator("body").inner_text()


def test_a_narrow_page_keeps_everything_in_reach(graph, show):
    page = show(to_html(graph, depth=1), width=720, height=480)
    assert page.evaluate("document.documentElement.scrollWidth") <= 720
    for name in ("Open every group", "Save the picture", "Zoom in"):
        box = page.get_by_role("button", name=name).bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 720


def test_a_model_that_flows_right_opens_where_it_is(graph, show):
    page = show(to_html(graph, depth=1, direction="LR"))
    before = place(page, "blocks")
    click(page, "blocks")
    opened = place(page, "blocks")
    assert opened[0] == pytest.approx(before[0], abs=0.01)
    assert opened[2] > before[2]


@pytest.mark.slow
def test_a_thousand_layers_open_fast_enough(show, until):
    model = nn.Sequential(
        *(nn.Sequential(nn.Linear(4, 4), nn.LayerNorm(4), nn.Tanh()) for _ in range(350))
    )
    page = show(to_html(introspect.trace(model, torch.zeros(1, 4)), fold=False, depth=1))
    page.get_by_role("button", name="Open every group").click()
    assert page.evaluate("introspectViewer.spent.change") < 3000
    assert page.evaluate("introspectViewer.draw(), introspectViewer.spent.frame") < 500
    until(
        page,
        "document.querySelectorAll('[role=treeitem]').length"
        " === [...introspectViewer.model.shown()].length",
    )


def test_what_was_removed_is_dashed_and_so_are_its_wires(show, tmp_path):
    def traced(layers):
        return introspect.trace(nn.Sequential(*layers), torch.zeros(1, 4))

    more = [nn.Linear(4, 4), nn.LayerNorm(4), nn.Conv1d(1, 1, 1), nn.Linear(4, 4)]
    introspect.diff(traced(more[:2]), traced(more[:1])).save(tmp_path / "d.html", fold=False)
    viewer = show((tmp_path / "d.html").read_bytes())
    drawn = ET.fromstring(viewer.evaluate("introspectViewer.svg(introspectViewer.scene.area())"))
    gone = GRAPH_THEMES["light"].color("removed/accent")
    dashed = [shape for shape in drawn.iter() if shape.get("stroke-dasharray")]
    assert dashed
    assert {shape.get("stroke") for shape in dashed} == {gone}
    assert {shape.tag for shape in dashed} == {f"{SVG}rect", f"{SVG}path"}
    plain = [s for s in drawn.iter(f"{SVG}path") if s.get("stroke") and s not in dashed]
    assert len(plain) >= 1


def test_themes_without_colour_have_their_patterns_on_the_canvas_and_in_its_svg(show, graph):
    viewer = show(to_html(graph, theme="print"))
    drawn = ET.fromstring(viewer.evaluate("introspectViewer.svg(introspectViewer.scene.area())"))
    patterns = {found.get("id") for found in drawn.iter(f"{SVG}pattern")}
    used = {
        shape.get("fill")[5:-1]
        for shape in drawn.iter(f"{SVG}rect")
        if shape.get("fill", "").startswith("url(")
    }
    assert used == patterns
    assert patterns
    shades = viewer.evaluate(
        """() => {
          const v = introspectViewer, ratio = devicePixelRatio;
          const box = [...v.model.shown()].find((b) => b.module === "Linear");
          const { x, y, width, height } = v.scene.areaOf(box), { zoom } = v.view;
          v.view.zoom = 2; v.view.centre(x + width / 2, y + height / 2); v.draw();
          const at = [v.view.x + 2 * x, v.view.y + 2 * y].map((n) => n * ratio);
          const seen = v.canvas.getContext("2d")
            .getImageData(at[0] + 20, at[1] + 4, 2 * width - 40, 4).data;
          return [...new Set(seen.filter((_, k) => k % 4 === 0))];
        }"""
    )
    hatch = int(GRAPH_THEMES["print"].hatch[1:3], 16)
    assert len(shades) > 2  # lines over the fill, smoothed
    assert min(abs(shade - hatch) for shade in shades) < 24
