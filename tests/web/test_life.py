"""The living architecture in a real browser: offline, under its own policy, held to NumPy."""

import base64
import hashlib
import html as markup
import re
import struct
import zlib
from functools import cache
from importlib.resources import files

import numpy as np
import pytest
import torch
from torch import nn

import introspect
from introspect.graph.formats.html import to_html
from introspect.graph.life.pack import pack
from introspect.graph.life.watched import Course, Watched, read_watched
from introspect.nouns.sketch import Sketch
from introspect.theme import GRAPH_THEMES

HOSTILE = (
    "</script><script>alert(1)</script>",
    '"><img src=x onerror=alert(2)>',
    "</style>",
    "a\nb",
    "\u202egnp exe",
    "🙂 emoji",
    "__proto__",
)

FIND = """(path) => {
  const v = introspectViewer;
  for (const box of v.model.everything()) if (box.path === path && box.parent) return box;
}"""


class Block(nn.Module):
    """Two layers around a skip."""

    def __init__(self, width):
        super().__init__()
        self.first = nn.Linear(width, width)
        self.second = nn.Linear(width, width)

    def forward(self, x):
        return x + self.second(torch.relu(self.first(x)))


class Net(nn.Module):
    """Folded blocks, a group that can be shut, a layer with an activation, a lost parameter."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Linear(8, 8), nn.Tanh())
        self.blocks = nn.Sequential(*(Block(8) for _ in range(3)))
        self.head = nn.Linear(8, 3)
        self.lost = nn.Parameter(torch.ones(2))

    def forward(self, x):
        return self.head(self.blocks(self.stem(x)))


@cache
def trained():
    torch.manual_seed(0)
    model, history = Net(), introspect.History()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    given = torch.randn(16, 6)
    with introspect.watch(model, optimizer, history=history, every=1):
        for step in range(8):
            optimizer.zero_grad()
            model(given).square().mean().backward()
            optimizer.step()
            history.log((step // 4, step % 4), loss=1.0)
    return introspect.trace(model, given), history


@pytest.fixture
def living(show):
    graph, history = trained()
    return show(to_html(graph, history=history, depth=1))


def call(page, path, body):
    """Run JavaScript with the viewer as `v` and the box of a path as `box`."""
    script = f"(path) => {{ const v = introspectViewer; const box = ({FIND})(path); {body} }}"
    return page.evaluate(script, path)


def strip_place(page, path, kind, record):
    """Where on the screen a record of a strip is."""
    body = f"""
      const kind = v.life.store.document.kinds.indexOf({kind!r});
      const a = v.scene.areaOf(box), k = v.view.zoom, s = v.canvas.getBoundingClientRect();
      const pane = v.life.beside.panes(box, a.x, a.y).find((one) => one.kind === kind);
      const x = pane.x + pane.width * ({record} + 0.5) / v.life.store.document.records.length;
      return [s.left + v.view.x + x * k, s.top + v.view.y + (pane.y + pane.height / 2) * k];"""
    return call(page, path, body)


def go_to(page, record):
    page.get_by_role("slider", name="Record").fill(str(record))


def kind_of(page, kind):
    return page.evaluate("(k) => introspectViewer.life.store.document.kinds.indexOf(k)", kind)


def merged(page, path, kind, record):
    """The sketch that the page has of a box: occupied bins, counts and moments."""
    number = kind_of(page, kind)
    body = f"""
      v.openMoments(box, {number}, {record});
      const s = v.life.moments.sketch({record});
      if (!s) return null;
      const middle = (s.dense.length - 1) / 2;
      const bins = [...s.dense.keys()].filter((k) => s.dense[k]);
      return {{ bins: bins.map((k) => k - middle), counts: bins.map((k) => s.dense[k]),
        finite: s.finite, zeros: s.zeros, low: s.low, high: s.high, mean: s.mean, std: s.std,
        nans: s.nans, infinities: s.infinities }};"""
    return call(page, path, body)


def check_equal(found, sketch):
    assert found["bins"] == sketch.bins.tolist()
    assert found["counts"] == sketch.counts.tolist()
    assert found["finite"] == sketch.finite
    assert found["zeros"] == sketch.zeros
    assert (found["nans"], found["infinities"]) == (sketch.nans, sum(sketch.infinities))
    for word, wanted in {"low": sketch.min, "high": sketch.max, "mean": sketch.mean}.items():
        assert found[word] == pytest.approx(wanted, rel=1e-5, abs=1e-7), word
    assert found["std"] == pytest.approx(sketch.std, rel=1e-4)


def names_of(prefix, history, kind):
    return [
        k
        for k in history.groups()[kind]
        if k.split("/")[1].startswith(prefix) and k.count("/") == 1
    ]


# ---- the bundle and the page


@pytest.mark.parametrize("name", ["life.js", "life.css"])
def test_building_again_gives_the_committed_bytes(built, name):
    assert (built / name).read_bytes() == (files("introspect") / "_web" / name).read_bytes()


def test_nothing_in_the_bundle_loads_or_evaluates():
    text = (files("introspect") / "_web" / "life.js").read_text(encoding="ascii")
    assert len(text) <= 120_000
    for forbidden in (r"\beval\(", r"new Function", r"\bimport\(", r"\bfetch\(", "XMLHttp"):
        assert not re.search(forbidden, text), forbidden
    assert set(re.findall(r"https?://[^\s\"'`)]+", text)) <= {"http://www.w3.org/2000/svg"}


def test_the_page_names_its_hashes_and_no_address():
    graph, history = trained()
    page = to_html(graph, history=history)
    assert page == to_html(graph, history=history)
    text = page.decode()
    policy = markup.unescape(re.search(r'Security-Policy" content="([^"]*)"', text)[1])
    style = re.search(r"<style>(.*?)</style>", text, re.DOTALL)[1]
    packed = re.search(r'id="script">([^<]*)<', text)[1]
    for asset in (style, zlib.decompress(base64.b64decode(packed)).decode()):
        digest = base64.b64encode(hashlib.sha256(asset.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in policy
    assert "unsafe" not in policy
    assert not re.search(r"(?:src|href)=|https?:", text)


def test_a_page_without_a_history_has_nothing_of_one():
    graph, _ = trained()
    page = to_html(graph).decode()
    assert 'id="life"' not in page
    assert (files("introspect") / "_web" / "life.css").read_text() not in page


def test_a_notebook_shows_the_same_in_a_frame():
    graph, history = trained()
    living = graph.with_history(history, depth=1, color="weight_norm")
    bundle = living._repr_mimebundle_()
    held = markup.unescape(re.search(r'srcdoc="([^"]*)"', bundle["text/html"])[1])
    assert held.encode() == to_html(graph, history=history, depth=1, color="weight_norm")
    assert "weight norm" in bundle["image/svg+xml"]
    assert "9 records" in bundle["text/plain"] or "8 records" in bundle["text/plain"]


# ---- what the page knows


@pytest.mark.parametrize("kind", ["weights", "gradients", "updates"])
def test_a_collapsed_box_has_the_sum_of_the_sketches_inside(living, kind):
    _, history = trained()
    keys = names_of("stem.", history, kind)
    assert len(keys) == 4
    for record in (0, 3):
        step = living.evaluate(f"introspectViewer.life.store.document.records[{record}]")
        wanted = sum(history[key].at(tuple(step)) for key in keys)
        check_equal(merged(living, "stem", kind, record), wanted)


def test_an_expanded_box_shows_what_each_inside_has(living):
    _, history = trained()
    call(living, "stem", "v.toggle(box);")
    step = tuple(living.evaluate("introspectViewer.life.store.document.records[2]"))
    for path in ("stem.0", "stem.2"):
        keys = names_of(path + ".", history, "gradients")
        wanted = sum(history[key].at(step) for key in keys)
        check_equal(merged(living, path, "gradients", 2), wanted)
    call(living, "stem", "v.toggle(box);")
    assert call(living, "stem", "return box.isShut && box.beside > 0;")


def test_a_folded_box_is_the_merge_of_its_members_and_tells_their_range(living):
    _, history = trained()
    step = tuple(living.evaluate("introspectViewer.life.store.document.records[5]"))
    keys = [f"weights/blocks.{k}.second.{word}" for k in range(3) for word in ("weight", "bias")]
    wanted = sum(history[key].at(step) for key in keys)
    check_equal(merged(living, "blocks.0.second", "weights", 5), wanted)
    stds = [sum(history[key].at(step) for key in keys[2 * k : 2 * k + 2]).std for k in range(3)]
    go_to(living, 5)
    words = living.locator(".moments .which").inner_text()
    assert f"std of the 3: {min(stds):.3g} to {max(stds):.3g}" in words


def test_activations_belong_to_the_module_that_made_them(living):
    _, history = trained()
    step = tuple(living.evaluate("introspectViewer.life.store.document.records[1]"))
    wanted = sum(history[f"activations/stem.{k}"].at(step) for k in range(4))
    check_equal(merged(living, "stem", "activations", 1), wanted)
    check_equal(merged(living, "head", "activations", 1), history["activations/head"].at(step))


def test_a_parameter_in_no_box_is_told_in_a_line(living):
    assert "1 parameter in no box: lost" in living.locator(".foot").inner_text()


# ---- colours over time


def wanted_color(values, value):
    """The colour of a number on the scale over all of them, as a still picture has it."""
    spread = np.sort([v for v in values if v > 0])
    edge = int(len(spread) * 0.02)
    low, high = spread[edge], spread[-1 - edge]
    place = 0.08 + 0.92 * np.log(value / low) / np.log(high / low)
    step = round(float(np.clip(place, 0, 1)) * 32)
    return GRAPH_THEMES["light"].color(f"heat/{round(100 * step / 32):03d}").lower()


def color_in_svg(page, word):
    svg = page.evaluate("introspectViewer.svg(introspectViewer.scene.area())")
    before = svg[: svg.index(f">{word}<")]
    return re.findall(r'<rect[^>]*rx="5" fill="(#[0-9A-Fa-f]{6})"', before)[-1].lower()


def test_the_slider_changes_the_colours_to_those_of_the_numbers(living):
    _, history = trained()
    living.get_by_role("combobox", name="Colour by").select_option("gradient_norm")
    records = [tuple(r) for r in living.evaluate("introspectViewer.life.store.document.records")]

    def norm(prefix, step):
        keys = names_of(prefix, history, "gradients")
        try:
            return np.linalg.norm([history[f"{key}/norm"].at(step) for key in keys])
        except KeyError:
            return np.nan

    boxes = {
        "stem": "stem.",
        "stem.0": "stem.0.",
        "stem.2": "stem.2.",
        "head": "head.",
        "blocks": "blocks.",
    }
    every = [norm(prefix, step) for prefix in boxes.values() for step in records]
    inside = ["first", "second"]
    sums = {
        name: [
            np.linalg.norm([norm(f"blocks.{k}.{name}", step) for k in range(3)]) for step in records
        ]
        for name in inside
    }
    every += [value for values in sums.values() for value in values]
    known = [value for value in every if np.isfinite(value)]
    found = {}
    for record in (0, 2, 6):
        go_to(living, record)
        for path in ("stem", "head"):
            value = norm(boxes[path], records[record])
            assert call(living, path, "return v.value(box);") == pytest.approx(value, rel=1e-5)
            found[path, record] = color_in_svg(living, path)
    head = [found["head", record] for record in (0, 2, 6)]
    assert len(set(head)) > 1
    # every box of the graph takes part in the scale, so the page's own ends are asked for
    page_values = living.evaluate("""() => {
      const v = introspectViewer, all = [];
      const boxes = [...v.model.everything()].filter((b) => b.parent && v.life.members.has(b));
      for (const box of boxes)
        for (let k = 0; k < v.life.store.document.records.length; k++) {
          const value = v.value(box, 'gradient_norm', k);
          if (value !== null) all.push(value);
        }
      return all; }""")
    for value in known:
        assert min(abs(np.array(page_values) / value - 1)) < 1e-5
    for (path, record), color in found.items():
        assert color == wanted_color(page_values, norm(boxes[path], records[record])), path


def test_the_colours_of_a_page_at_its_start_are_those_asked_for(show):
    graph, history = trained()
    page = show(to_html(graph, history=history, color="dead", step=(0, 1)))
    assert page.get_by_role("combobox", name="Colour by").input_value() == "dead"
    assert page.evaluate(
        "introspectViewer.life.store.document.records[introspectViewer.record]"
    ) == [0, 1]
    assert "dead channels" in page.locator(".legend").inner_text()
    plain = show(to_html(graph, history=history, color_by="parameters"))
    assert plain.get_by_role("combobox", name="Colour by").input_value() == "parameters"
    assert "parameters" in plain.locator(".legend").inner_text()


@pytest.mark.parametrize(
    ("color", "numbers"),
    [
        (
            "weight_norm",
            lambda h, s: (
                h["weights/head.weight/norm"].at(s) ** 2 + h["weights/head.bias/norm"].at(s) ** 2
            ),
        ),
        ("dead", lambda h, s: h["activations/stem.1/dead"].at(s)),
        ("saturated", lambda h, s: h["activations/stem.3/saturated"].at(s)),
        ("zeros", lambda h, s: h["activations/stem.1/zeros"].at(s)),
    ],
)
def test_each_statistic_is_what_was_logged(show, color, numbers):
    graph, history = trained()
    page = show(to_html(graph, history=history, depth="all"))
    path = {"weight_norm": "head", "dead": "stem.0", "saturated": "stem.2", "zeros": "stem.0"}[
        color
    ]
    value = call(page, path, f"return v.value(box, {color!r}, 1);")
    step = tuple(page.evaluate("introspectViewer.life.store.document.records[1]"))
    wanted = numbers(history, step)
    if color == "weight_norm":
        assert value == pytest.approx(np.sqrt(wanted), rel=1e-5)
    else:  # the card holds the layer, whose own share is 0, and its activation
        assert value == pytest.approx(wanted if color == "saturated" else wanted / 2, abs=1e-6)


def test_keys_and_the_button_move_the_record(living):
    go_to(living, 3)
    living.locator(".stage > canvas").click(position={"x": 5, "y": 300})
    living.keyboard.press(".")
    assert living.evaluate("introspectViewer.record") == 4
    living.keyboard.press(",")
    living.keyboard.press(",")
    assert living.evaluate("introspectViewer.record") == 2
    assert (
        living.get_by_role("slider", name="Record")
        .get_attribute("aria-valuetext")
        .startswith("epoch")
    )
    living.get_by_role("slider", name="Record").focus()
    living.keyboard.press("ArrowRight")
    assert living.evaluate("introspectViewer.record") == 3


def test_play_shows_every_record_and_stops_at_the_last(living, until):
    go_to(living, 7)
    living.get_by_role("button", name="Play all records").click()
    until(
        living,
        "introspectViewer.record === introspectViewer.life.store.document.records.length - 1",
    )
    until(living, "document.querySelector('.time button').textContent === 'Play'")


# ---- strips and their histograms


def test_a_click_on_a_strip_opens_its_histogram_with_the_right_numbers(living):
    _, history = trained()
    living.mouse.click(*strip_place(living, "stem", "gradients", 4))
    panel = living.get_by_role("complementary", name="Distributions over time")
    assert panel.is_visible()
    assert not call(living, "stem", "return box.isOpen;")
    records = [tuple(r) for r in living.evaluate("introspectViewer.life.store.document.records")]
    keys = names_of("stem.", history, "gradients")
    base = sum(history[key].at(records[0]) for key in keys)
    then = sum(history[key].at(records[4]) for key in keys)
    rows = [row.inner_text().split("\t") for row in panel.locator("tbody tr").all()]
    row = next(row for row in rows if row[0] == f"epoch {records[4][0]}, step {records[4][1]}")
    assert float(
        row[2].replace("×10", "e").translate(str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789"))
    ) == pytest.approx(then.std, rel=5e-3)
    assert float(row[3]) == pytest.approx(then.w1(base) / base.std, rel=5e-3, abs=1e-3)
    assert row[4] == f"{100 * then.share_zero:.1f}%"
    assert f"{then.n} values" in panel.inner_text().replace("\u202f", "")
    assert panel.locator("svg.chart path").count() == len(rows)


def test_times_are_taken_in_and_out_and_the_first_stays(living):
    living.mouse.click(*strip_place(living, "head", "weights", 2))
    panel = living.get_by_role("complementary", name="Distributions over time")
    shown = living.evaluate("introspectViewer.life.moments.chosen")
    plot = panel.locator(".plot").bounding_box()
    records = living.evaluate("introspectViewer.life.store.document.records.length")
    fresh = next(k for k in range(1, records) if k not in shown)
    place = plot["x"] + plot["width"] * (fresh + 0.5) / records
    living.mouse.click(place, plot["y"] + 40)
    assert fresh in living.evaluate("introspectViewer.life.moments.chosen")
    assert living.evaluate("introspectViewer.record") == fresh
    living.mouse.click(place, plot["y"] + 40)
    assert fresh not in living.evaluate("introspectViewer.life.moments.chosen")
    assert panel.locator("tbody tr").first.inner_text().startswith("epoch 0, step 0")


def test_one_tensor_of_a_box_can_be_looked_at_alone(living):
    _, history = trained()
    living.mouse.click(*strip_place(living, "stem", "weights", 1))
    panel = living.get_by_role("complementary", name="Distributions over time")
    panel.get_by_role("combobox", name="Tensor").select_option(label="stem.2.bias")
    assert "8 values" in panel.inner_text()
    found = living.evaluate("introspectViewer.life.moments.sketch(1).std")
    step = tuple(living.evaluate("introspectViewer.life.store.document.records[1]"))
    assert found == pytest.approx(history["weights/stem.2.bias"].at(step).std, rel=1e-5)


def test_the_keyboard_reaches_the_distributions(living):
    living.locator(".stage > canvas").click(position={"x": 5, "y": 300})
    call(living, "head", "v.jump(box);")
    details = living.get_by_role("complementary", name="Details")
    assert "Training, epoch" in details.inner_text()
    details.get_by_role("button", name="gradients").press("Enter")
    panel = living.get_by_role("complementary", name="Distributions over time")
    assert panel.is_visible()
    living.locator("ul.tree").focus()
    living.keyboard.press("Escape")
    assert not panel.is_visible()


def test_strips_show_where_the_magnitudes_are(living):
    _, history = trained()
    shares, rows, there = living.evaluate("""() => {
      const v = introspectViewer, kind = v.life.store.document.kinds.indexOf('gradients');
      const box = [...v.model.everything()].find((b) => b.path === 'stem');
      const s = v.life.beside.of(box)[kind];
      return [[...s.shares], s.rows, s.isThere]; }""")
    table = np.array(shares).reshape(rows + 1, -1)
    assert table[:, np.array(there)].sum(axis=0) == pytest.approx(1.0)
    low, high = living.evaluate("""() => { const d = introspectViewer.life.store.document;
      return d.spans[d.kinds.indexOf('gradients')]; }""")
    step = tuple(living.evaluate("introspectViewer.life.store.document.records[0]"))
    whole = sum(history[key].at(step) for key in names_of("stem.", history, "gradients"))
    edges = 2.0 ** np.arange(low, high + 1)
    up = np.array([whole.cdf(edge) - whole.cdf(-edge) for edge in edges])
    inner = np.diff(up)[1:-1]  # what lies beyond the ends is in the first and last octave
    octaves = table[:rows, 0].reshape(-1, 2).sum(axis=1)[::-1]
    assert octaves[1:-1] == pytest.approx(inner, abs=0.02)
    assert table[rows, 0] == pytest.approx(whole.share_zero)


def test_values_that_are_not_finite_are_a_red_strip_and_counted(show):
    model = nn.Linear(4, 2)
    graph, history = introspect.trace(model, torch.zeros(1, 4)), introspect.History()
    for step in range(4):
        values = np.linspace(-1, 1, 8).astype(np.float32)
        values[0] = np.nan if step == 2 else values[0]
        values[1] = np.inf if step == 2 else values[1]
        history.log(step, **{"gradients/weight": Sketch.of(values)})
    page = show(to_html(graph, history=history))
    assert page.evaluate("""() => { const v = introspectViewer;
      const box = [...v.model.shown()].find((b) => b.beside);
      return v.life.beside.of(box)[0].isBroken; }""") == [False, False, True, False]
    page.get_by_role("combobox", name="Colour by").select_option("nan")
    go_to(page, 2)
    assert (
        call(page, "", "const b = [...v.model.shown()].find((b) => b.beside); return v.value(b);")
        == 2
    )
    page.evaluate("""() => { const v = introspectViewer;
      v.openMoments([...v.model.shown()].find((b) => b.beside), 0, 2); }""")
    assert page.locator("td.bad").inner_text() == "2"


def test_a_saved_svg_has_the_strips(living):
    svg = living.evaluate("introspectViewer.svg(introspectViewer.scene.area())")
    images = re.findall(r'<image [^>]*href="data:image/png;base64,([^"]*)"', svg)
    assert len(images) > 8
    data = base64.b64decode(images[0])
    width, height = struct.unpack(">II", data[16:24])
    assert width == living.evaluate("introspectViewer.life.store.document.records.length")
    assert height > 8


@pytest.mark.parametrize("theme", ["light", "dark", "auto", "print"])
@pytest.mark.parametrize("direction", ["TB", "LR"])
def test_every_theme_and_direction_opens(show, theme, direction):
    graph, history = trained()
    page = show(to_html(graph, history=history, theme=theme, direction=direction))
    page.evaluate("() => { const v = introspectViewer; v.setAll(true); v.setAll(false); }")
    overlaps = page.evaluate("""() => { const v = introspectViewer; v.setAll(true);
      const boxes = [...v.model.shown()].filter((b) => b.isShut).map((b) => v.scene.areaOf(b));
      const meet = (a, b) => a.x < b.x + b.width - 0.1 && b.x < a.x + a.width - 0.1 &&
        a.y < b.y + b.height - 0.1 && b.y < a.y + a.height - 0.1;
      return boxes.some((a, i) => boxes.some((b, j) => i < j && meet(a, b))); }""")
    assert not overlaps


# ---- hostile and large input


def test_hostile_names_are_text(show):
    model = nn.Sequential()
    for name in HOSTILE:
        model.add_module(name, nn.Linear(4, 4))
    history = introspect.History()
    for step in range(3):
        history.log(step, **{f"weights/{n}": Sketch.of(p) for n, p in model.named_parameters()})
    graph = introspect.trace(model, torch.zeros(1, 4))
    page = show(to_html(graph, history=history, fold=False))
    count = page.evaluate("""() => { const v = introspectViewer;
      const boxes = [...v.model.shown()].filter((b) => b.beside);
      for (const box of boxes) { v.jump(box); v.openMoments(box, 0, 1); }
      return boxes.length; }""")
    assert count == len(HOSTILE)
    options = page.locator(".which option").all_inner_texts()
    assert any("__proto__" in text for text in options)
    page.evaluate("introspectViewer.svg()")


def test_records_that_do_not_fit_are_thinned_evenly():
    rng = np.random.default_rng(0)
    sketches = tuple(Sketch.of(rng.normal(size=3000).astype(np.float32)) for _ in range(60))
    watched = Watched(tuple(range(60)), (Course("weights", "weight", sketches),), 60)
    packed = pack(watched, budget_bytes=6000)
    assert packed.bits == 2
    assert len(packed.text) <= 6000
    kept = packed.watched.records
    assert (kept[0], kept[-1]) == (0, 59)
    assert len(kept) > 15
    assert np.ptp(np.diff(kept)) <= 1
    assert np.diff(kept).max() <= 2
    whole = pack(watched)
    assert (whole.bits, len(whole.watched.records)) == (3, 60)


def test_counts_beyond_32_bits_and_empty_sketches_survive(show):
    model = nn.Linear(4, 2)
    graph, history = introspect.trace(model, torch.zeros(1, 4)), introspect.History()
    big = Sketch.of([1.0, -2.0, 0.0])
    for _ in range(36):
        big = big + big
    history.log(0, **{"weights/weight": big, "weights/bias": Sketch.of([])})
    history.log(1, **{"weights/weight": Sketch.of([1e300, -1e-45, 3.0])})
    page = show(to_html(graph, history=history))
    counts = page.evaluate("""() => { const v = introspectViewer;
      const box = [...v.model.shown()].find((b) => b.beside);
      v.openMoments(box, 0, 1);
      return [0, 1].map((k) => { const s = v.life.moments.sketch(k);
        return [...s.dense].filter(Boolean).concat(s.finite); }); }""")
    assert counts[0] == [2**36, 2**36, 2**36, 3 * 2**36]
    assert counts[1][-1] == 3


def test_a_history_read_from_disk_gives_the_same_page(tmp_path):
    graph, history = trained()
    with introspect.History(tmp_path / "run") as copy:
        for key in history:
            for step, value in history[key]:
                copy.log(step, **{key: value})
    assert len(read_watched(graph, tmp_path / "run").records) == len(
        read_watched(graph, history).records
    )
