"""What a reader may expect of a page: outputs listed, parameters above, boxes as they ran."""

import pytest

from introspect.graph.layout import layout
from introspect.graph.outline import Outline
from introspect.graph.outline.box import SideInput
from introspect.nouns.drawing import Cluster, Label, Polyline, Rect
from tests.graph.test_layout import absolute, check_on_page, crossings
from tests.graph.test_layout_rules import Model, middle


def cache(model, count):
    """A decoder that hands out a cache for each of its layers, and its result."""
    x = model.io("input")
    decoder = model.group("decoder")
    kept = []
    for k in range(count):
        x = model.box(f"layer{k}", x, parent=decoder)
        kept.append(model.box(f"key{k}", x, parent=decoder))
    return [
        model.io(f"past_key_values.layers.{k}.keys.with.a.long.name", v) for k, v in enumerate(kept)
    ], x


def test_wide_outputs_stand_under_each_other_and_no_two_of_their_lines_cross():
    model = Model()
    pills, x = cache(model, 6)
    head = model.box("head", x)
    logits = model.io("logits", head)
    root, at = model.place()
    assert len({at[pill][0] for pill in pills}) == 1
    assert root.width < 2 * max(at[pill][2] - at[pill][0] for pill in pills) + 400
    assert middle(at[logits]) == pytest.approx(middle(at[head]))  # on its own path, not listed
    shelf = next(child for child in root.children if child.is_shelf)
    assert [child.box for child in shelf.children] == pills
    drawing = layout(Outline(model.root, "model", "", 1))
    assert [c.title for c in drawing.shapes if isinstance(c, Cluster) and c.role == "group"] == [
        "Group"
    ]
    check_on_page(drawing)


@pytest.mark.parametrize(("count", "direction"), [(1, "TB"), (6, "LR")])
def test_one_output_and_those_of_a_picture_to_the_right_are_not_moved(count, direction):
    model = Model()
    cache(model, count)
    root, _ = model.place(direction)
    assert not any(child.is_shelf for child in root.children)


def test_a_parameter_stands_above_its_box_in_a_picture_that_flows_to_the_right():
    model = Model()
    x = model.io("input")
    both = [SideInput("weight", (4,)), SideInput("bias", (4,))]
    named = model.box("linear", x, module="linear", side_inputs=both)
    added = model.merge("+", named)
    added.side_inputs = [SideInput("a_rather_long_parameter_name", (4,)), *both]
    model.io("output", added)
    drawing = layout(Outline(model.root, "model", "", 1), direction="LR", legend=False)
    check_on_page(drawing)
    clusters = [c for c in drawing.shapes if isinstance(c, Cluster) and c.role == "box"]
    for cluster, words in zip(clusters[1:3], (["weight", "bias"], None), strict=True):
        box = next(item for item in cluster.items if isinstance(item, Rect))
        pills = [r for r in cluster.items if isinstance(r, Rect) and r.fill == "embedding/fill"]
        said = [i.spans[0].text for i in cluster.items if isinstance(i, Label)]
        assert pills
        assert all(pill.y + pill.height < box.y for pill in pills)
        assert words is None or said[-2:] == words
        arrows = [i for i in cluster.items if isinstance(i, Polyline) and i.arrow]
        assert all(box.x <= a.points[1][0] <= box.x + box.width for a in arrows)
        assert all(a.points[1][1] == box.y for a in arrows)


def test_boxes_are_written_in_the_order_in_which_they_ran():
    model = Model()
    x = model.io("first")
    group = model.group("second")
    x = model.box("inner", x, parent=group)
    deep = model.group("deep", group)
    x = model.box("innermost", x, parent=deep)
    x = model.box("after", x, parent=group)
    model.io("last", x)
    drawing = layout(Outline(model.root, "model", "", 1))
    titles = [
        c.title.split(" ")[0] for c in drawing.shapes if isinstance(c, Cluster) and c.role == "box"
    ]
    assert titles == ["first", "inner", "innermost", "after", "last"]


def test_a_pyramid_stands_close_beside_its_backbone_and_the_cut_adds_no_crossings():
    model = Model()
    x = model.io("input")
    body = model.group("body")
    maps = []
    for k in range(4):
        for j in range(4):
            x = model.box(f"conv{k}{j}", x, parent=body, shape=(1, 8))
        maps.append(x)
    fpn = model.group("fpn")
    inner = [model.box(f"inner{k}", value, parent=fpn) for k, value in enumerate(maps)]
    y = inner[-1]
    for k in (2, 1, 0):
        y = model.merge("+", model.box(f"resize{k}", y, parent=fpn), inner[k], parent=fpn)
        y = model.box(f"layer{k}", y, parent=fpn)
        y = model.box(f"smooth{k}", y, parent=fpn)
    model.io("output", y)
    root, at = model.place()
    assert at[fpn][0] > at[body][2]
    assert at[fpn][0] - at[body][2] < 120  # four lines in the gutter, and nothing else
    tall, _ = model.place(ratio=0.05)
    assert tall.height > 1.5 * root.height
    assert crossings(absolute(root)) <= crossings(absolute(tall))
