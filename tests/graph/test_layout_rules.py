"""What a reader may expect of a picture: symmetry, a U, bundles, columns, insets, stability."""

import math

import pytest

from introspect.graph.layout import arrange_page, layout, place
from introspect.graph.outline import Box, Inset, Outline
from introspect.nouns.drawing import Label, Polyline, Rect
from tests.graph.test_layout import absolute, check_on_page, check_structure, crossings


class Model:
    """Boxes added in the order of execution."""

    def __init__(self):
        self.root = Box("group", name="model", module="Model")
        self.order = 0

    def box(self, name, *sources, parent=None, module="Linear", family="linear", **extra):
        box = Box("leaf", name=name, module=module, family=family, **extra)
        if family == "io":
            box.kind = "io"
        elif family == "merge":
            box.kind, box.name = "op", ""
        box.order, box.sources = self.order, list(sources)
        self.order += 1
        return (parent or self.root).add(box)

    def io(self, name, *sources):
        return self.box(name, *sources, module="", family="io", shape=(1, 8))

    def merge(self, sign, *sources, parent=None):
        return self.box("", *sources, parent=parent, module=sign, family="merge")

    def group(self, name, parent=None):
        return (parent or self.root).add(Box("group", name=name, module="Group"))

    def place(self, direction="TB", **options):
        root = place(Outline(self.root, "model", "", 1), direction, **options)
        check_structure(root)
        return root, {node.box: corners for node, corners in absolute(root).items()}


def middle(corners):
    return (corners[0] + corners[2]) / 2


def test_two_equal_branches_stand_left_and_right_of_the_spine():
    model = Model()
    x = model.io("input")
    mlp = model.group("mlp")
    gate, up = (model.box(name, x, parent=mlp) for name in ("gate", "up"))
    product = model.merge("×", gate, up, parent=mlp)
    down = model.box("down", product, parent=mlp)
    model.io("output", down)
    _, at = model.place()
    assert middle(at[gate]) < middle(at[product]) < middle(at[up])
    assert middle(at[gate]) + middle(at[up]) == pytest.approx(2 * middle(at[product]))
    assert at[mlp][0] + at[mlp][2] == pytest.approx(at[gate][0] + at[up][2])  # it hugs them


@pytest.mark.parametrize("count", [3, 4, 5])
def test_branches_of_a_fan_are_centred_and_keep_their_order(count):
    model = Model()
    x = model.io("input")
    branches = [model.box(f"branch{k}", x) for k in range(count)]
    longer = model.box("tail", branches[1])
    ends = [branches[0], longer, *branches[2:]]
    concat = model.merge("concat", *ends)
    model.io("output", concat)
    _, at = model.place()
    centres = [middle(at[branch]) for branch in branches]
    assert centres == sorted(centres)
    assert (centres[0] + centres[-1]) / 2 == pytest.approx(middle(at[concat]))
    assert middle(at[longer]) == pytest.approx(centres[1])


def test_a_short_cut_beside_a_long_path_leaves_the_path_straight():
    model = Model()
    x = model.io("input")
    path = [model.box("conv1", x)]
    path.append(model.box("conv2", path[-1]))
    path.append(model.box("conv3", path[-1]))
    short = model.box("downsample", x)
    merged = model.merge("+", path[-1], short)
    model.io("output", merged)
    _, at = model.place()
    assert {round(middle(at[box]), 1) for box in (x, *path, merged)} == {round(middle(at[x]), 1)}
    assert at[short][0] > at[path[0]][2]


def u_net(model, levels, *, open_blocks):
    """Blocks down, blocks up, a concat for each skip."""

    def block(name, *sources):
        if not open_blocks:
            return model.box(name, *sources, shape=(1, 8, 4))
        group = model.group(name)
        return model.box("b", model.box("a", *sources, parent=group), parent=group, shape=(1, 8, 4))

    x = model.io("input")
    first, skips, joins = x, [], []
    for k in range(levels):
        x = block(f"enc{k}", x)
        skips.append(x)
        x = model.box(f"pool{k}", x, module="MaxPool2d", family="pool")
    x = block("mid", x)
    for k in reversed(range(levels)):
        x = model.merge("concat", skips[k], model.box(f"up{k}", x))
        joins.append(x)
        x = block(f"dec{k}", x)
    return first, skips, joins[::-1], model.io("output", x)


@pytest.mark.parametrize("open_blocks", [False, True])
def test_a_u_net_is_drawn_as_a_u_with_level_skips(open_blocks):
    model = Model()
    first, skips, joins, last = u_net(model, 4, open_blocks=open_blocks)
    root, at = model.place()
    assert at[first][1] == pytest.approx(at[last][1])
    assert [at[box][1] for box in skips] == sorted(at[box][1] for box in skips)
    assert all(at[skip][2] < at[join][0] for skip, join in zip(skips, joins, strict=True))
    level = [wire.points for wire in root.wires if wire.label]
    assert len(level) == 4
    assert all(points[-1][1] == pytest.approx(points[-2][1]) for points in level)
    assert crossings(absolute(root)) == 0


def test_the_skips_of_a_u_bear_their_shapes_even_if_the_block_kept_its_shape():
    model = Model()
    x = model.io("input")
    skips = []
    for k in range(3):
        skips.append(model.box(f"enc{k}", x, shape=(1, 8)))  # the shape of the input: no news
        x = model.box(f"pool{k}", skips[-1], module="MaxPool2d", family="pool", shape=(1, 4))
    for k in reversed(range(3)):
        x = model.merge("concat", skips[k], model.box(f"up{k}", x, shape=(1, 8)))
    model.io("output", x)
    root, _ = model.place()
    assert [wire.label for wire in root.wires if wire.label] == ["8"] * 3


def test_residual_blocks_one_after_another_are_no_u():
    model = Model()
    x = model.io("input")
    for k in range(5):
        x = model.merge("+", x, model.box(f"b{k}", model.box(f"a{k}", x)))
    model.io("output", x)
    root, at = model.place("TB", ratio=0.1)
    assert len({round(middle(at[box])) for box in at if box.kind == "leaf"}) == 1
    skips = [wire.points for wire in root.wires if len(wire.points) > 2]
    assert len(skips) == 5
    assert all(min(x for x, _ in points) == points[0][0] for points in skips)  # on one side


def pyramid(readers):
    """A group that makes five maps of one value; all of them go to each reader."""
    model = Model()
    x = model.io("input")
    fpn = model.group("fpn")
    maps = []
    for k in range(5):
        x = model.box(f"inner{k}", x, parent=fpn)
        maps.append(model.box(f"layer{k}", x, parent=fpn))
    heads = [model.box(f"head{k}", *maps) for k in range(readers)]
    model.io("output", *heads)
    return model, fpn


@pytest.mark.parametrize("readers", [1, 2])
def test_five_values_from_one_group_to_the_same_boxes_are_one_thick_wire(readers):
    model, fpn = pyramid(readers)
    root, _ = model.place()
    out = [wire for wire in root.wires if wire.source is not None and wire.source.box is fpn]
    assert [wire.count for wire in out] == [5] * readers
    drawing = layout(Outline(model.root, "fpn", "", 1))
    texts = [span.text for s in drawing.walk() if isinstance(s, Label) for span in s.spans]
    assert texts.count("×5") == 1
    assert max(s.line_width for s in drawing.walk() if isinstance(s, Polyline)) > 2


def test_values_that_part_later_are_not_bundled():
    model, fpn = pyramid(1)
    leaves = list(model.root.leaves())
    model.box("extra", leaves[2])  # one of the five has a reader of its own
    root, _ = model.place()
    counts = [w.count for w in root.wires if w.source is not None and w.source.box is fpn]
    assert sorted(counts) == [1, 1, 4]


def chain(length, *, skip=False):
    model = Model()
    boxes = [model.io("input")]
    for k in range(length):
        boxes.append(model.box(f"layer{k}", boxes[-1], shape=(1, k + 1)))
    if skip:
        boxes[-1].sources.append(boxes[1])
    model.io("output", boxes[-1])
    return model


@pytest.mark.parametrize("direction", ["TB", "LR"])
def test_a_long_chain_wraps_towards_the_wanted_ratio(direction):
    for ratio in (0.9, 1.4, 2.5):
        root, _ = chain(60).place(direction, ratio=ratio)
        assert abs(math.log(root.width / root.height / ratio)) < 0.5


@pytest.mark.parametrize("direction", ["TB", "LR"])
def test_an_edge_over_the_whole_chain_does_not_keep_it_from_wrapping(direction):
    root, _ = chain(60, skip=True).place(direction)
    assert 0.7 < root.width / root.height < 2.8
    assert crossings(absolute(root)) == 0


def test_boxes_without_any_edge_are_listed_from_top_to_bottom():
    model = Model()
    boxes = [model.box(f"layer{k}") for k in range(6)]
    _, at = model.place()
    tops = [at[box][1] for box in boxes]
    assert tops == sorted(set(tops))


def test_opening_a_group_does_not_reorder_its_neighbours():
    def picture(opened):
        model = Model()
        x = model.io("input")
        boxes, ends = {}, []
        for name in "abcd":
            if name == opened:
                group = boxes[name] = model.group(name)
                inner = model.box("one", x, parent=group)
                for k in range(3):
                    inner = model.box(f"more{k}", inner, parent=group)
            else:
                inner = boxes[name] = model.box(name, x)
                inner.sealed_leaves = tuple(Box("leaf") for _ in range(4))
                model.order += 3
            ends.append(inner)
        model.io("output", model.merge("+", *ends))
        _, at = model.place()
        return sorted("abcd", key=lambda name: middle(at[boxes[name]]))

    assert [picture(opened) for opened in ("", "a", "b", "c", "d")] == [list("abcd")] * 5


def test_insets_stand_beside_the_picture_in_dashed_frames_with_their_marks():
    def block():
        model = Model()
        x = model.io("x")
        for k in range(3):
            x = model.box(f"conv{k}", x)
        model.io("y", x)
        return model.root

    main = chain(20)
    insets = tuple(Inset(mark, f"Block{mark}", block()) for mark in "ABC")
    drawn = Outline(main.root, "model", "", 1, insets)
    page = arrange_page(drawn)
    assert len(page.panels) == 3
    for panel in page.panels:
        check_structure(panel.root)
        assert panel.x > page.root.width
    for above, below in zip(page.panels, page.panels[1:], strict=False):
        apart = below.y >= above.y + above.height or below.x >= above.x + above.width
        assert apart
    drawing = layout(drawn)
    check_on_page(drawing)
    assert sum(isinstance(s, Rect) and bool(s.dash) for s in drawing.walk()) == 3
    texts = [span.text for s in drawing.walk() if isinstance(s, Label) for span in s.spans]
    assert {"A", "B", "C", "BlockA"} <= set(texts)


@pytest.mark.parametrize("direction", ["TB", "LR"])
def test_a_picture_of_one_box_and_one_of_none_are_drawn(direction):
    empty = Outline(Box("group", name="model"), "nothing", "", None)
    assert layout(empty, direction=direction).width > 0
    one = Model()
    one.box("only")
    check_on_page(layout(Outline(one.root, "one", "", None), direction=direction))


def test_groups_may_be_nested_very_deep():
    model = Model()
    x = model.io("input")
    group = None
    for k in range(1500):
        group = model.group(f"g{k}", group)
    model.box("deep", x, parent=group)
    root = place(Outline(model.root, "deep", "", 1))
    assert root.height > 1500


def test_thousands_of_boxes_in_one_chain_are_placed_in_columns():
    root = place(Outline(chain(5000).root, "long", "", 1))
    assert 0.3 < root.width / root.height < 4
