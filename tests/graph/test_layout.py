"""Outline -> Drawing: what must hold in every picture, on real models and on random graphs."""

from itertools import pairwise

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import introspect
from introspect.graph.layout import layout, place
from introspect.graph.layout.measure import text_width
from introspect.graph.outline import Box, Outline, outline
from introspect.nouns.drawing import Label, Polyline


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


@pytest.mark.parametrize("direction", ["TB", "LR"])
@pytest.mark.parametrize("fold", [True, False])
def test_boxes_never_overlap_and_lines_end_on_their_boxes(residual, direction, fold):
    graph = introspect.trace(residual, torch.zeros(4, 8))
    check_structure(place(outline(graph, fold=fold), direction))


@pytest.mark.torchvision
@pytest.mark.parametrize("name", ["vgg16", "resnet50", "googlenet", "densenet121", "vit_b_16"])
@pytest.mark.parametrize("depth", [1, 2, "auto", "all"])
def test_the_structure_holds_on_torchvision_models(name, depth):
    models = pytest.importorskip("torchvision.models", reason="torchvision is not installed")
    options = {"init_weights": False} if name == "googlenet" else {}
    model = getattr(models, name)(weights=None, **options).eval()
    graph = introspect.trace(model, torch.zeros(1, 3, 224, 224))
    check_structure(place(outline(graph, depth=depth)))


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


@settings(max_examples=150, deadline=None)
@given(random_outlines(), st.sampled_from(["TB", "LR"]))
def test_boxes_of_random_graphs_never_overlap(drawn, direction):
    root = place(drawn, direction)
    boxes = absolute(root)
    for node in boxes:
        for i, left in enumerate(node.children):
            for right in node.children[i + 1 :]:
                assert not overlap(boxes[left], boxes[right])
    for wire, points, group in wires(boxes):
        assert touches(points[0], wire.source, group, boxes)
        assert touches(points[-1], wire.target, group, boxes)


@settings(max_examples=30, deadline=None)
@given(random_outlines())
def test_the_same_outline_gives_the_same_drawing(drawn):
    assert layout(drawn) == layout(drawn)


def test_everything_drawn_lies_on_the_page(residual):
    drawing = layout(outline(introspect.trace(residual, torch.zeros(4, 8))))
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


def test_the_words_of_a_card_fit_into_it(residual):
    root = place(outline(introspect.trace(residual, torch.zeros(4, 8))))
    for node in root.leaves():
        if node.form == "card":
            words = text_width(node.box.written_name, 10, bold=True) + text_width(
                node.box.module, 10
            )
            assert words + 17 <= node.width


def test_text_is_as_wide_as_the_font_says():
    from PIL import ImageFont

    from introspect.graph.layout.measure import font_file

    for bold in (False, True):
        font = ImageFont.truetype(font_file(bold=bold), 1000, layout_engine=ImageFont.Layout.BASIC)
        for text in ("conv1 Conv2d", "3×3, 64 → 128 /2", "WAVE"):
            assert text_width(text, 1000, bold=bold) == pytest.approx(
                font.getlength(text), rel=0.002
            )
