"""Outline -> places: what must hold in every picture, on the zoo and on random graphs."""

import subprocess
import sys
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from introspect.graph.layout import arrange_page, layout, place
from introspect.graph.layout.measure import font_file, text_width
from introspect.graph.outline import Box, Outline, outline
from introspect.nouns.drawing import Label, Polyline
from tests.zoo.catalog import ENTRIES

# Crossings that a picture may have: TB, folded, depth chosen. Each key and value of a cache is an
# output pill of its own, so the transformers that return one have lines to the far side.
CROSSINGS = {
    "mixture_of_experts": 4,
    "llama_32l": 4,
    "mixtral": 4,
    "gpt2": 2,
    "raft_small": 9,
    "t5": 16,
    "whisper": 10,
}
MOST_OTHERWISE = 0


def absolute(root):
    """Node -> (x0, y0, x1, y1) on the page."""
    boxes = {}

    def visit(node, x, y):
        x, y = x + node.x, y + node.y
        boxes[node] = (x, y, x + node.width, y + node.height)
        for child in node.children:
            visit(child, x, y)

    visit(root, 0.0, 0.0)
    return boxes


def wires(boxes):
    """(wire, points on the page, group) of every edge."""
    return [
        (wire, [(boxes[node][0] + x, boxes[node][1] + y) for x, y in wire.points], node)
        for node in boxes
        for wire in node.wires
    ]


def check_structure(root):
    """No overlap, no line through a box, children inside, lines end on their boxes."""
    boxes = absolute(root)
    for node, (x0, y0, x1, y1) in boxes.items():
        if node.parent is not None and node.parent.parent is not None:
            px0, py0, px1, py1 = boxes[node.parent]
            inside = px0 <= x0 + 0.01 and py0 <= y0 + 0.01 and x1 <= px1 + 0.01 and y1 <= py1 + 0.01
            assert inside, f"{node.box} leaves {node.parent.box}"
        for i, left in enumerate(node.children):
            for right in node.children[i + 1 :]:
                assert not overlap(boxes[left], boxes[right]), f"{left.box} lies on {right.box}"
    for wire, points, group in wires(boxes):
        assert touches(points[0], wire.source, group, boxes), f"{wire.source} is left in the air"
        assert touches(points[-1], wire.target, group, boxes), f"{wire.target} is not reached"
        for a, b in pairwise(points):
            assert abs(a[0] - b[0]) < 0.6 or abs(a[1] - b[1]) < 0.6, "a slanted line"
            for node in group.children:
                if node not in (wire.source, wire.target):
                    assert not crosses(a, b, boxes[node]), f"a line runs through {node.box}"
    return boxes


def overlap(a, b, slack=0.1):
    return (
        a[0] < b[2] - slack and b[0] < a[2] - slack and a[1] < b[3] - slack and b[1] < a[3] - slack
    )


def crosses(a, b, box, slack=0.6):
    """Whether an axis-parallel segment enters the inside of a box."""
    low, high = (min(a[0], b[0]), min(a[1], b[1])), (max(a[0], b[0]), max(a[1], b[1]))
    return (
        low[0] < box[2] - slack
        and high[0] > box[0] + slack
        and low[1] < box[3] - slack
        and high[1] > box[1] + slack
    )


def touches(point, node, group, boxes, slack=8.0):
    x0, y0, x1, y1 = boxes[group if node is None else node]
    near = x0 - slack <= point[0] <= x1 + slack and y0 - slack <= point[1] <= y1 + slack
    on_edge = min(abs(point[0] - x0), abs(point[0] - x1), abs(point[1] - y0), abs(point[1] - y1))
    return near and on_edge <= slack


def crossings(boxes):
    """Places where lines of different values cross."""
    level, upright = [], []
    for wire, points, _ in wires(boxes):
        for (x0, y0), (x1, y1) in pairwise(points):
            if abs(y0 - y1) < 0.3:
                level.append((min(x0, x1), max(x0, x1), y0, wire.producer))
            else:
                upright.append((x0, min(y0, y1), max(y0, y1), wire.producer))
    return len(
        {
            (round(x), round(y))
            for low, high, y, value in level
            for x, top, bottom, other in upright
            if value is not other and low + 0.5 < x < high - 0.5 and top + 0.5 < y < bottom - 0.5
        }
    )


@pytest.mark.parametrize("name", ENTRIES)
def test_the_structure_holds_and_few_lines_cross(name, zoo_graph):
    found = crossings(check_structure(place(outline(zoo_graph(name)))))
    assert found <= CROSSINGS.get(name, MOST_OTHERWISE)


@pytest.mark.parametrize("depth", [1, 2, "all"])
@pytest.mark.parametrize(
    "name", ["resnet50", "inception_v3", "vit_b_16", "unet", "gpt2", "bert_base"]
)
def test_the_structure_holds_at_every_depth_and_in_both_directions(name, depth, zoo_graph):
    drawn = outline(zoo_graph(name), depth=depth)
    for direction in ("TB", "LR"):
        check_structure(place(drawn, direction))


@pytest.mark.parametrize("name", ["unet", "shared_module_x3", "vae", "nested_containers"])
def test_the_structure_holds_for_pictures_that_fold_nothing(name, zoo_graph):
    drawn = outline(zoo_graph(name), depth="all", fold=False)
    for direction in ("TB", "LR"):
        check_structure(place(drawn, direction))


@st.composite
def random_outlines(draw):
    """A tree of groups and leaves in an order of execution, with random forward edges."""
    root = Box("group", name="model", module="Model")
    leaves = [root.add(Box("io", name="input", family="io", shape=(1, 4), order=-1))]
    groups = [root]
    for order in range(draw(st.integers(1, 14))):
        # like a call stack: stay, go into a new group, or come back out
        move = draw(st.integers(0, 3))
        if move == 1 and len(groups) < 4:
            groups.append(groups[-1].add(Box("group", name=f"g{order}", module="Group")))
        elif move == 2 and len(groups) > 1:
            groups.pop()
        sources = draw(st.sets(st.sampled_from(range(len(leaves))), min_size=1, max_size=3))
        is_merge = len(sources) > 1 and draw(st.booleans())
        leaf = Box(
            "op" if is_merge else "leaf",
            name="" if is_merge else f"layer{order}",
            module="+" if is_merge else draw(st.sampled_from(["Linear", "Conv2d", "ReLU"])),
            family="merge" if is_merge else draw(st.sampled_from(["linear", "conv", "activation"])),
            detail=draw(st.sampled_from(["", "4 → 4", "3×3, 64 → 128 /2"])),
            order=order,
            shape=draw(st.sampled_from([(1, 4), (1, 8, 2, 2)])),
            count=draw(st.sampled_from([1, 1, 1, 3])),
            parameters=draw(st.sampled_from([0, 20])),
        )
        leaf.badge = f"×{leaf.count}" if leaf.count > 1 else ""
        leaf.sources = [leaves[k] for k in sorted(sources)]
        leaves.append(groups[-1].add(leaf))
    output = Box("io", name="output", family="io", shape=(1, 4), order=99)
    output.sources = [leaves[-1]]
    root.add(output)
    return Outline(root, "random", "a random graph", 1)


@settings(max_examples=200, deadline=None)
@given(random_outlines(), st.sampled_from(["TB", "LR"]), st.sampled_from([0.5, 1.4, 3.0]))
def test_the_structure_holds_on_random_graphs(drawn, direction, ratio):
    check_structure(place(drawn, direction, ratio=ratio))


@settings(max_examples=40, deadline=None)
@given(random_outlines(), st.sampled_from(["TB", "LR"]))
def test_the_memo_changes_nothing(drawn, direction):
    assert layout(drawn, direction=direction) == layout(drawn, direction=direction, memo=False)


@settings(max_examples=60, deadline=None)
@given(random_outlines())
def test_everything_drawn_lies_on_the_page(drawn):
    check_on_page(layout(drawn))


def check_on_page(drawing):
    for shape in drawing.walk():
        if isinstance(shape, Polyline):
            xs, ys = zip(*shape.points, strict=True)
        elif isinstance(shape, Label):
            width = sum(text_width(s.text, s.size, bold=s.bold) for s in shape.spans)
            start = shape.x - width * {"start": 0, "middle": 0.5, "end": 1}[shape.anchor]
            xs, ys = (start, start + width), (shape.y,)
        else:
            xs, ys = (shape.x, shape.x + shape.width), (shape.y, shape.y + shape.height)
        assert 0 <= min(xs) <= max(xs) <= drawing.width
        assert 0 <= min(ys) <= max(ys) <= drawing.height


@pytest.mark.parametrize("name", ["unet", "resnet50", "vit_b_16", "gpt2"])
def test_everything_drawn_of_a_model_lies_on_the_page(name, zoo_graph):
    check_on_page(layout(outline(zoo_graph(name))))


@pytest.mark.parametrize("name", ["unet", "resnet50", "bert_base"])
def test_the_words_of_a_card_fit_into_it(name, zoo_graph):
    page = arrange_page(outline(zoo_graph(name)))
    cards = [node for node in page.root.leaves() if node.form == "card"]
    assert cards
    for node in cards:
        words = text_width(node.box.written_name, 10, bold=True) + text_width(node.box.module, 10)
        assert words + 17 <= node.width


SAME = """
from introspect.graph.layout import layout
from introspect.graph.outline import Box, Outline
root = Box("group", module="Model")
leaves = [root.add(Box("io", name="input", family="io", order=-1))]
for k in range(30):
    group = root.add(Box("group", name=f"g{k}", module="Group"))
    for j in range(3):
        leaf = group.add(Box("leaf", name=f"l{j}", module="Linear", family="linear"))
        leaf.order = 3 * k + j
        leaf.sources = [leaves[-1], leaves[(7 * k + j) % len(leaves)]]
        leaves.append(leaf)
print(layout(Outline(root, "same", "", None)).shapes)
"""


def test_two_processes_draw_the_same_picture():
    pictures = [
        subprocess.run(
            [sys.executable, "-c", SAME],
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert len(pictures[0]) > 1000
    assert pictures[0] == pictures[1]


def test_text_is_as_wide_as_the_font_says():
    from PIL import ImageFont

    for bold in (False, True):
        font = ImageFont.truetype(font_file(bold=bold), 1000, layout_engine=ImageFont.Layout.BASIC)
        for text in ("conv1 Conv2d", "3×3, 64 → 128 /2", "WAVE", "ßéЖλ…–²"):
            assert text_width(text, 1000, bold=bold) == pytest.approx(
                font.getlength(text), rel=0.002
            )


def test_every_width_is_the_one_that_fonttools_reads():
    fonts = pytest.importorskip("fontTools.ttLib", reason="fontTools is not installed")
    for bold in (False, True):
        with fonts.TTFont(font_file(bold=bold), lazy=True) as font:
            em, cmap, metrics = font["head"].unitsPerEm, font.getBestCmap(), font["hmtx"].metrics
            for code, glyph in cmap.items():
                if code <= 0xFFFF:
                    expected = metrics[glyph][0] / em
                    assert text_width(chr(code), 1, bold=bold) == pytest.approx(expected)


def test_a_character_that_the_font_lacks_has_a_width():
    assert text_width("\U0001f600漢", 10) == pytest.approx(12)
