"""Numbers over the boxes, compared with what the cost of the graph says."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

import introspect
from introspect.errors import FormatError
from introspect.graph.cost import cost
from introspect.graph.outline import outline
from introspect.graph.overlay import paint_over
from introspect.graph.overlay_numbers import cost_numbers
from introspect.graph.picture import picture
from introspect.nouns.drawing import Cluster, Label, Rect


class Block(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.conv = nn.Conv2d(width, width, 3, padding=1)
        self.norm = nn.BatchNorm2d(width)

    def forward(self, x):
        return torch.relu(self.norm(self.conv(x))) + x


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 7)
        self.blocks = nn.Sequential(*[Block(8) for _ in range(5)])
        self.head = nn.Linear(8, 4)

    def forward(self, x):
        return self.head(self.blocks(self.stem(x)).mean((2, 3)))


@pytest.fixture(scope="module")
def graph():
    torch.manual_seed(0)
    return introspect.Tracer(times=True).trace(Net().eval(), torch.zeros(2, 3, 16, 16))


def boxes_of(drawn):
    return {box.path: box for box in drawn.root.leaves() if box.kind == "leaf"}


@pytest.mark.parametrize("measure", ["flops", "memory", "time"])
@pytest.mark.parametrize("depth", [1, "all"])
def test_unfolded_boxes_together_cost_what_the_whole_run_costs(graph, measure, depth):
    drawn = outline(graph, depth=depth, fold=False)
    leaves = [box for box in drawn.root.leaves() if box.kind != "io"]
    numbers = cost_numbers(graph, leaves, measure)
    total = cost(graph)
    drawn_ops = [op for op in graph.ops if op.name != "mean"]
    expected = {
        "flops": total.flops,
        "time": total.elapsed_s,
        "memory": sum(total.of(op).activation_bytes for op in graph.ops)
        + sum(math.prod(v.shape) * 4 for v in graph.values if v.kind == "parameter")
        + sum(math.prod(v.shape) * 4 for v in graph.values if v.kind == "buffer" and v.shape),
    }[measure]
    assert len(drawn_ops) == len(graph.ops) - 1
    assert sum(n.value for n in numbers.values()) == pytest.approx(expected, rel=1e-9)


def test_the_number_of_a_sealed_card_is_that_of_its_module(graph):
    drawn = outline(graph, depth=1, fold=False)
    overlay = paint_over(graph, drawn, color_by="flops")
    call = graph.find("blocks.0")[0] if "blocks.0" in boxes_of(drawn) else graph.find("blocks")[0]
    card = boxes_of(drawn)[call.path]
    expected = cost(graph).of(call).flops
    assert cost_numbers(graph, [card], "flops")[card].value == expected
    assert overlay.scales[0].title == "FLOPs"
    assert card.heat_text.replace("\xa0", " ") == f"{expected / 1e6:.3g} MFLOPs"


def test_a_folded_box_says_its_own_number(graph):
    drawn = outline(graph, depth="all")
    paint_over(graph, drawn, color_by="flops")
    conv = boxes_of(drawn)["blocks.0.conv"]
    call = graph.find("blocks.0.conv")[0]
    assert any(box.count == 5 for box in drawn.root.groups())
    assert conv.heat_text.replace("\xa0", " ") == f"{cost(graph).of(call).flops / 1e3:.3g} kFLOPs"


def test_a_folded_box_says_the_mean_where_its_members_differ(graph):
    times = {f"blocks.{k}.conv": float(k + 1) for k in range(5)}
    drawn = outline(graph, depth="all")
    paint_over(graph, drawn, color_by=times)
    assert boxes_of(drawn)["blocks.0.conv"].heat_text == "mean\N{NO-BREAK SPACE}3"
    drawn = outline(graph, depth="all")
    paint_over(graph, drawn, color_by={"blocks.*.conv": 7.0})
    assert boxes_of(drawn)["blocks.0.conv"].heat_text == "7"


def test_a_card_counts_the_norm_and_activation_that_were_fused_into_it(graph):
    drawn = outline(graph, depth="all", fold=False)
    conv = boxes_of(drawn)["blocks.1.conv"]
    assert [strip.text for strip in conv.after] == ["BatchNorm2d", "ReLU"]
    number = cost_numbers(graph, [conv], "time")[conv].value
    block = graph.find("blocks.1")[0]
    inside = [op for op in graph.ops if op.call in {block, *graph.find("blocks.1.*")}]
    assert [op.name for op in inside][:3] == ["conv2d", "batch_norm", "relu"]
    expected = [op.elapsed_s for op in inside[:3]]
    assert number == pytest.approx(sum(expected))


def test_parameters_are_those_of_the_card(graph):
    drawn = outline(graph, depth="all", fold=False)
    shown = {path: box.parameters for path, box in boxes_of(drawn).items()}
    numbers = cost_numbers(graph, list(boxes_of(drawn).values()), "parameters")
    assert {box.path: n.value for box, n in numbers.items()} == shown
    assert sum(shown.values()) == graph.parameters


def test_a_graph_of_modules_alone_has_parameters_and_nothing_else():
    bare = introspect.Tracer(level="module").trace(Net())
    drawn = outline(bare)
    paint_over(bare, drawn, color_by="parameters")
    assert boxes_of(drawn)["head"].heat_text == "36"
    with pytest.raises(FormatError, match=r'nothing was run[\s\S]*color_by="parameters"'):
        paint_over(bare, outline(bare), color_by="flops")


def test_times_that_were_not_measured_say_how_to():
    graph = introspect.trace(nn.Linear(2, 2), torch.zeros(1, 2))
    with pytest.raises(FormatError, match=r"Tracer\(times=True\)"):
        paint_over(graph, outline(graph), color_by="time")


@pytest.mark.parametrize(
    ("given_by", "message"),
    [
        ("flop", 'color_by="flops"'),
        ("speed", "or a mapping from module paths"),
        (3, "int: 3"),
        ({"block.0": 1.0}, "did you mean 'blocks.0'"),
        ({}, "an empty mapping"),
        ({"stem": "much"}, "str: 'much'"),
        ({"stem": True}, "bool: True"),
        ({"blocks.2.norm": 1.0}, "no number for any box"),
        (lambda _path: None, "no number for any box"),
    ],
)
def test_numbers_that_cannot_be_laid_over_say_why(graph, given_by, message):
    with pytest.raises(FormatError) as caught:
        picture(graph, color_by=given_by)
    assert message in str(caught.value)


def test_exact_paths_come_before_patterns_and_patterns_in_their_order(graph):
    drawn = outline(graph, depth="all", fold=False)
    numbers = {"blocks.*": 1.0, "*.conv": 2.0, "blocks.3.conv": 3.0, "stem": np.float32(4)}
    paint_over(graph, drawn, color_by=numbers)
    found = {path: box.heat_text for path, box in boxes_of(drawn).items() if "conv" in path}
    assert found["blocks.0.conv"] == "1"
    assert found["blocks.3.conv"] == "3"
    assert boxes_of(drawn)["stem"].heat_text == "4"


def test_a_function_is_asked_for_every_path(graph):
    drawn = outline(graph, depth="all", fold=False)
    paint_over(graph, drawn, color_by=lambda path: len(path) if path.endswith("conv") else None)
    assert boxes_of(drawn)["blocks.0.conv"].heat_text == "13"
    assert boxes_of(drawn)["head"].heat == -1


def test_tensors_and_scalars_of_numpy_are_numbers(graph):
    drawn = outline(graph, depth="all", fold=False)
    paint_over(graph, drawn, color_by={"stem": torch.tensor(2.0), "head": np.int64(1)})
    assert boxes_of(drawn)["stem"].heat == 1.0
    assert boxes_of(drawn)["head"].heat == 0.0


def test_no_number_infinity_and_negatives_have_their_places(graph):
    drawn = outline(graph, depth="all", fold=False)
    numbers = {
        "stem": math.nan,
        "head": math.inf,
        "blocks.0.conv": -math.inf,
        "blocks.1.conv": -2.0,
        "blocks.2.conv": 2.0,
        "blocks.3.conv": 0.0,
    }
    overlay = paint_over(graph, drawn, color_by=numbers, size_by=numbers)
    boxes = boxes_of(drawn)
    heat = {path: boxes[path].heat for path in numbers}
    assert heat == {
        "stem": -1.0,
        "head": 1.0,
        "blocks.0.conv": 0.0,
        "blocks.1.conv": 0.0,
        "blocks.2.conv": 1.0,
        "blocks.3.conv": 0.5,
    }
    texts = [boxes[path].heat_text for path in numbers]
    assert texts == ["NaN", "∞", "−∞", "−2", "2", ""]
    assert overlay.bars[boxes["blocks.1.conv"]] == 1.0
    assert boxes["stem"] not in overlay.bars
    scale = overlay.scales[0]
    assert (scale.low, scale.high) == ("−2", "2")
    assert scale.note == "dashed: no number"
    assert overlay.scales[1].note == "length is the absolute value"


@given(st.lists(st.floats(allow_nan=True, allow_infinity=True), min_size=7, max_size=7))
def test_any_numbers_have_places_in_their_order(graph, values):
    drawn = outline(graph, depth="all", fold=False)
    paths = ["stem", "head", *(f"blocks.{k}.conv" for k in range(5))]
    overlay = paint_over(
        graph,
        drawn,
        color_by=dict(zip(paths, values, strict=True)),
        size_by=dict(zip(paths, values, strict=True)),
    )
    boxes = boxes_of(drawn)
    assert all(0 <= length <= 1 for length in overlay.bars.values())
    known = sorted((v, boxes[p].heat) for p, v in zip(paths, values, strict=True) if v == v)  # noqa: PLR0124  NaN is not itself
    assert all(0 <= heat <= 1 for _, heat in known)
    heats = [heat for _, heat in known]
    assert heats == sorted(heats)


def test_numbers_over_a_factor_of_a_hundred_have_a_logarithmic_scale(graph):
    def scale(low, high):
        drawn = outline(graph, depth="all", fold=False)
        numbers = {"stem": low, "head": high, "blocks.0.conv": (low * high) ** 0.5}
        overlay = paint_over(graph, drawn, color_by=numbers)
        return overlay.scales[0].note, boxes_of(drawn)["blocks.0.conv"].heat

    note, middle = scale(1.0, 1e6)
    assert note.startswith("log scale")
    assert middle == pytest.approx(0.54)
    note, middle = scale(1.0, 99.0)
    assert "log" not in note
    assert middle == pytest.approx((99**0.5 - 1) / 98)


def test_the_picture_shows_the_numbers_their_scale_and_the_bars(graph):
    drawing = picture(graph, depth="all", color_by="flops", size_by="parameters")
    labels = [
        "".join(s.text for s in shape.spans) for shape in drawing.walk() if isinstance(shape, Label)
    ]
    assert "FLOPs" in labels
    assert "parameters" in labels
    assert any(label.endswith("FLOPs  ·  log scale, 0 is palest") for label in labels)
    boxes = [
        shape for shape in drawing.shapes if isinstance(shape, Cluster) and shape.role == "box"
    ]
    stem = next(box for box in boxes if box.title.startswith("stem"))
    fills = {item.fill for item in stem.items if isinstance(item, Rect)}
    assert any(fill and fill.startswith("heat/") for fill in fills)
    assert stem.description.startswith("470\N{NO-BREAK SPACE}kFLOPs; input 3×16×16")
    assert not any(fill and fill.startswith("conv/") for fill in fills)
    plain = picture(graph, depth="all")
    assert not any(
        isinstance(s, Rect) and s.fill and s.fill.startswith("heat") for s in plain.walk()
    )


def test_a_scale_stays_without_the_legend_of_families(graph, tmp_path):
    graph.save(tmp_path / "a.svg", theme="basic", color_by="flops")
    assert "FLOPs</text>" in (tmp_path / "a.svg").read_text()
    graph.save(tmp_path / "b.svg", theme="basic")
    assert "convolution" not in (tmp_path / "b.svg").read_text()
    graph.save(tmp_path / "c.svg", theme="basic", legend=True)
    assert "convolution" in (tmp_path / "c.svg").read_text()
