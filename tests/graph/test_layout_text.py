"""Words in a picture: no wire, box or other word lies on one."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from torch import nn

import introspect
from introspect.graph.layout import layout
from introspect.graph.layout.measure import text_width
from introspect.graph.outline import outline
from introspect.nouns.drawing import Cluster, Label, Polyline, Rect
from tests.graph.test_layout import random_outlines
from tests.zoo.catalog import ENTRIES


def rectangle(label):
    """What the letters of a label take: (x0, y0, x1, y1)."""
    width = sum(text_width(span.text, span.size, bold=span.bold) for span in label.spans)
    size = max(span.size for span in label.spans)
    left = label.x - width * {"start": 0, "middle": 0.5, "end": 1}[label.anchor]
    return left, label.y - 0.74 * size, left + width, label.y + 0.18 * size


def parts(drawing):
    """Labels as (rectangle, text, box that it stands in or None), wires, and boxes."""
    labels, wires, boxes = [], [], []
    todo = [(shape, None) for shape in drawing.shapes]
    while todo:
        shape, owner = todo.pop()
        if isinstance(shape, Cluster):
            todo += [(item, shape if shape.role == "box" else owner) for item in shape.items]
        elif isinstance(shape, Label) and shape.spans:
            text = "".join(span.text for span in shape.spans)
            labels.append((rectangle(shape), text, owner))
        elif isinstance(shape, Polyline) and owner is None:
            wires.append(shape.points)
        elif isinstance(shape, Rect) and owner is not None:
            boxes.append((shape.x, shape.y, shape.x + shape.width, shape.y + shape.height))
    return labels, wires, boxes


def overlap(a, b, slack=0.2):
    return (
        a[0] < b[2] - slack and b[0] < a[2] - slack and a[1] < b[3] - slack and b[1] < a[3] - slack
    )


def faults(drawing):
    labels, wires, boxes = parts(drawing)
    found = []
    lines = [
        (min(a[0], b[0]) - 0.6, min(a[1], b[1]) - 0.6, max(a[0], b[0]) + 0.6, max(a[1], b[1]) + 0.6)
        for points in wires
        for a, b in pairwise(points)
    ]
    for k, (area, text, owner) in enumerate(labels):
        found += [f"{text} and {other}" for at, other, _ in labels[k + 1 :] if overlap(area, at)]
        found += [f"a line through {text}" for line in lines if overlap(area, line)]
        if owner is None:
            found += [f"a box on {text}" for box in boxes if overlap(area, box)]
    return found


@pytest.mark.parametrize("direction", ["TB", "LR"])
@pytest.mark.parametrize("name", ENTRIES)
def test_nothing_lies_on_a_word(name, direction, zoo_graph):
    assert faults(layout(outline(zoo_graph(name)), direction=direction)) == []


@pytest.mark.parametrize("name", ["t5", "raft_small", "inception_v3", "mixtral", "transformer"])
def test_nothing_lies_on_a_word_where_everything_is_open(name, zoo_graph):
    drawn = outline(zoo_graph(name), depth="all")
    assert faults(layout(drawn)) == []


@pytest.mark.torchvision
@pytest.mark.parametrize(
    "name",
    ["squeezenet1_1", "densenet121", "mobilenet_v3_small", "shufflenet_v2_x0_5", "regnet_y_400mf"],
)
def test_nothing_lies_on_a_word_in_nets_of_torchvision(name):
    models = pytest.importorskip("torchvision.models", reason="needs torchvision")
    torch = pytest.importorskip("torch")
    graph = introspect.trace(models.get_model(name).eval(), torch.zeros(1, 3, 224, 224))
    for direction in ("TB", "LR"):
        assert faults(layout(outline(graph), direction=direction)) == []


@settings(max_examples=60, deadline=None)
@given(random_outlines())
def test_words_of_random_graphs_lie_on_no_other_words(drawn):
    assert [fault for fault in faults(layout(drawn)) if " and " in fault] == []


class Loop(nn.Module):
    """A cell over time, and what it found."""

    def __init__(self):
        super().__init__()
        self.cell, self.head = nn.GRUCell(4, 8), nn.Linear(8, 2)

    def forward(self, x):
        state, found = x.new_zeros(x.shape[0], 8), []
        for t in range(x.shape[1]):
            state = self.cell(x[:, t], state)
            found.append(self.head(state))
        return nn.functional.relu(found[-1])


def test_a_loop_says_so_and_a_stack_of_layers_does_not():
    import torch

    loop = outline(introspect.trace(Loop(), torch.zeros(2, 12, 4)))
    badges = {box.written_badge for box in (*loop.root.groups(), *loop.root.leaves())} - {""}
    assert badges
    assert all(badge.startswith("↻ ×12") for badge in badges)
    layers = nn.Sequential(*(nn.Sequential(nn.Linear(4, 4), nn.GELU()) for _ in range(5)))
    stack = outline(introspect.trace(layers, torch.zeros(2, 4)))
    assert {box.written_badge for box in (*stack.root.groups(), *stack.root.leaves())} == {"", "×5"}


def test_the_badge_of_a_turn_stands_beside_the_main_path(zoo_graph):
    from introspect.graph.layout import place
    from introspect.graph.layout.title import title_shapes

    root = place(outline(zoo_graph("raft_small")))
    loop = next(child for child in root.children if child.box.module == "loop")
    pill = next(s for s in title_shapes(loop, 0.0, 0.0, down=True) if isinstance(s, Rect))
    assert loop.axis < pill.x < loop.axis + loop.width / 3
