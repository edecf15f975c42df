"""What the picture of an autograd graph shows, against torch's own walk over grad_fn."""

import base64
import json
import math
import re
import xml.etree.ElementTree as ET
import zlib
from collections import Counter

import pytest
import torch
from torch import nn

import introspect
from introspect.errors import FormatError
from introspect.graph.autograd.outline import outline
from introspect.graph.autograd.page import to_html
from introspect.graph.autograd.picture import picture
from introspect.nouns.autograd import AutogradGraph
from introspect.nouns.drawing import Label
from introspect.theme import GRAPH_THEMES


class Block(nn.Module):
    def __init__(self, width=6):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(width, width, 3, padding=1), nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 1)

    def forward(self, x):
        return torch.relu(self.conv2(torch.relu(self.bn1(self.conv1(x)))) + x)


class Net(nn.Module):
    def __init__(self, count=4):
        super().__init__()
        self.stem = nn.Conv2d(3, 6, 3, padding=1)
        self.blocks = nn.Sequential(*(Block() for _ in range(count)))
        self.fc = nn.Linear(6, 2)

    def forward(self, x):
        return self.fc(self.blocks(self.stem(x)).mean((2, 3)))


X = torch.zeros(2, 3, 4, 4)


def walked(loss):
    """Functions by name and edges by names, gradients flowing down, as torch says them."""
    names, edges, todo, seen = Counter(), Counter(), [loss.grad_fn], {loss.grad_fn}
    while todo:
        function = todo.pop()
        names[function.name()] += 1
        for following, _ in function.next_functions:
            if following is None:
                continue
            edges[function.name(), following.name()] += 1
            if following not in seen:
                seen.add(following)
                todo.append(following)
    return names, edges


def leaves_of(graph, *, saved=False, attrs=False, accumulate=False):
    drawn = outline(
        graph,
        fold=False,
        depth="all",
        show_saved=saved,
        show_attrs=attrs,
        show_accumulate=accumulate,
    )
    return list(drawn.root.leaves())


def test_every_function_is_one_box_and_every_gradient_one_wire():
    model = Net()
    loss = model(X).square().mean()
    graph = introspect.trace_backward(loss, model)
    boxes = leaves_of(graph, accumulate=True)
    names, edges = walked(loss)
    functions = [box for box in boxes if box.module.endswith(("Backward0", "Backward1", "Grad"))]
    spelled = Counter(name.rpartition("::")[2] for name in names.elements())
    assert Counter(box.module for box in functions) == spelled
    wires = Counter((s.module, box.module) for box in functions for s in box.sources if s.module)
    assert wires == Counter(
        (a.rpartition("::")[2], b.rpartition("::")[2]) for a, b in edges.elements()
    )


def test_a_parameter_and_its_accumulate_node_are_one_box_with_name_and_shape():
    model = Net(1)
    boxes = leaves_of(introspect.trace_backward(model(X).sum(), model))
    pills = {box.path: box for box in boxes if box.family == "leaf"}
    assert set(pills) == {name for name, _ in model.named_parameters()}
    assert pills["stem.weight"].detail == "6×3×3×3"
    assert not [box for box in boxes if box.module == "AccumulateGrad"]
    own = leaves_of(introspect.trace_backward(model(X).sum(), model), accumulate=True)
    assert sum(box.module == "AccumulateGrad" for box in own) == len(pills)


def test_gradients_flow_from_the_output_to_the_leaves():
    model = Net(2)
    boxes = leaves_of(introspect.trace_backward(model(X).sum(), model))
    place = {box: k for k, box in enumerate(sorted(boxes, key=lambda box: box.order))}
    assert boxes[0].kind == "io"
    assert not boxes[0].sources
    assert all(place[s] < place[box] for box in boxes for s in box.sources)
    assert all(box.sources for box in boxes[1:])
    drawing = picture(introspect.trace_backward(model(X).sum(), model))
    labels = [
        (shape.y, "".join(span.text for span in shape.spans))
        for shape in drawing.walk()
        if isinstance(shape, Label)
    ]
    above = min(y for y, text in labels if text.startswith("output"))
    assert above < min(y for y, text in labels if text.startswith("SumBackward0"))


def test_joined_functions_stand_in_the_modules_that_they_ran_in():
    model = Net()
    graph = introspect.trace(model, X).backward(model(X).sum(), model)
    by_index = {box.order: box for box in leaves_of(graph)}
    counted = Counter()
    for box in by_index.values():
        for group in box.ancestors()[1:]:
            counted[group.path] += 1
            assert box.path == group.path or box.path.startswith(f"{group.path}.")
    functions = Counter(
        node.path.rsplit(".", 1)[0]
        for node in graph.functions
        if node.path and "blocks." in node.path and node.path.count(".") > 1
    )
    assert set(functions) <= set(counted)
    assert all(f"blocks.{k}" in counted for k in range(4))


def test_a_module_that_was_called_twice_has_two_groups_and_no_circle():
    class Twice(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b = Block(), Block()

        def forward(self, x):
            return self.a(self.b(self.a(x)))

    model, x = Twice(), torch.zeros(1, 6, 4, 4)
    graph = introspect.trace(model, x).backward(model(x).sum(), model)
    root = outline(graph, fold=False, depth="all").root
    named = [group.written_name for group in root.groups() if group.path in {"a", "b"}]
    assert named == ["a (call 2)", "b", "a (call 1)"]
    assert picture(graph, depth="all").shapes


def test_without_a_forward_graph_parameters_tell_the_modules_and_it_says_so():
    model = Net()
    drawn = outline(introspect.trace_backward(model(X).sum(), model))
    assert "grouped by their parameters" in drawn.subtitle
    assert {"blocks.0", "blocks.3"} & {g.path for g in drawn.root.groups()} or any(
        box.count > 1 for box in (*drawn.root.groups(), *drawn.root.leaves())
    )
    flat = outline(introspect.trace_backward(model(X).sum()))
    assert "grouped" not in flat.subtitle


def test_equal_blocks_fold_and_none_is_lost():
    model = Net(8)
    graph = introspect.trace(model, X).backward(model(X).sum(), model)
    leaves = list(outline(graph, depth="all").root.leaves())
    assert len(leaves) < (len(graph.functions) + len(graph.leaves)) // 2
    stand_for = Counter()
    for box in leaves:
        stand_for[box.family == "leaf"] += math.prod(b.count for b in (box, *box.ancestors()))
    assert stand_for[True] == len(list(model.parameters()))
    assert stand_for[False] == len(graph.functions) + 1  # and the output


def test_saved_tensors_and_attributes_are_shown_when_asked_for():
    model = Net(1)
    loss = model(X).sum()
    graph = introspect.trace_backward(loss, model)
    plain, full = leaves_of(graph), leaves_of(graph, saved=True, attrs=True)
    assert not [box for box in plain if box.family == "saved"]
    saved = [node for node in graph.nodes if node.kind == "saved"]
    assert sum(box.family == "saved" for box in full) == len(saved)
    conv = next(box for box in full if box.module == "ConvolutionBackward0")
    attributes = next(n for n in graph.functions if n.name == "ConvolutionBackward0").attributes
    shown = conv.detail.split(" · ")
    assert shown[0].split(" ")[0] in attributes
    assert len(shown) > 2


def test_notes_are_in_the_subtitle():
    model = Net(1)
    model.stem.requires_grad_(False)
    graph = introspect.trace_backward(model(X).sum(), model)
    assert graph.notes
    assert all(note in outline(graph).subtitle for note in graph.notes)


def test_torchviz_colours_are_those_of_torchviz(tmp_path):
    model = Net(1)
    graph = introspect.trace_backward(model(X).sum(), model)
    graph.save(tmp_path / "b.svg", theme="torchviz", show_saved=True, depth="all")
    text = (tmp_path / "b.svg").read_text().upper()
    families = GRAPH_THEMES["torchviz"].families
    for name, color in {"leaf": "#ADD8E6", "saved": "#FFA500", "output": "#CAFF70"}.items():
        assert families[name].fill == color
        assert color in text
    words = "".join(ET.fromstring((tmp_path / "b.svg").read_text()).itertext())
    assert "convolution" not in words  # one grey for all functions: the legend has one word
    assert "backward function" in words


def test_dot_and_json_are_the_graph_itself(tmp_path):
    model = Net(1)
    graph = introspect.trace_backward(model(X).sum(), model)
    graph.save(tmp_path / "b.dot", show_saved=True)
    assert (tmp_path / "b.dot").read_text() == graph.to_dot(show_saved=True)
    graph.save(tmp_path / "b.json")
    again = AutogradGraph.from_dict(json.loads((tmp_path / "b.json").read_text()))
    assert again.to_dict() == graph.to_dict()
    again.save(tmp_path / "again.svg")
    graph.save(tmp_path / "graph.svg")
    assert (tmp_path / "again.svg").read_bytes() == (tmp_path / "graph.svg").read_bytes()


@pytest.mark.parametrize("suffix", [".svg", ".pdf", ".png"])
def test_the_same_loss_gives_the_same_bytes(tmp_path, suffix):
    for k in range(2):
        torch.manual_seed(0)
        model = Net(2)
        introspect.trace_backward(model(X).sum(), model).save(tmp_path / f"{k}{suffix}")
    first, second = ((tmp_path / f"{k}{suffix}").read_bytes() for k in range(2))
    assert first == second


def test_thousands_of_functions_in_a_row_are_no_recursion(tmp_path):
    x = torch.ones(3, requires_grad=True)
    y = x
    for k in range(2500):
        y = (y * 0.5).sin() if k % 7 else y.cos() + k
    graph = introspect.trace_backward(y.sum())
    assert len(graph.functions) > 4000
    graph.save(tmp_path / "long.svg")
    assert (tmp_path / "long.svg").stat().st_size > 1000


def test_hostile_names_are_text(tmp_path):
    class Named(nn.Module):
        def __init__(self):
            super().__init__()
            self.register_parameter("</title><script>", nn.Parameter(torch.ones(2)))
            self.register_parameter("a\nb\u202e\x00", nn.Parameter(torch.ones(2)))

        def forward(self, x):
            for parameter in self.parameters():
                x = x * parameter
            return x

    model = Named()
    graph = introspect.trace_backward(model(torch.ones(2)), model)
    for suffix in (".svg", ".pdf", ".png", ".dot", ".json"):
        graph.save(tmp_path / f"b{suffix}")
    root = ET.fromstring((tmp_path / "b.svg").read_text())
    assert not [e for e in root.iter() if e.tag.endswith("script")]
    assert "</title><script>" in "".join(root.itertext())


def test_a_cycle_in_a_loaded_graph_is_an_error_that_names_a_node():
    row = introspect.trace_backward(torch.ones(2, requires_grad=True).exp().sin()).to_dict()
    gradient = next(edge for edge in row["edges"] if edge[2] == "gradient")
    row["edges"].append([gradient[1], gradient[0], *gradient[2:]])
    with pytest.raises(FormatError, match="it has a cycle"):
        picture(AutogradGraph.from_dict(row))


def test_a_page_holds_every_function_and_leaf_of_closed_modules_too(tmp_path):
    model = nn.Sequential(*(nn.Sequential(nn.Linear(3, 3), nn.Tanh()) for _ in range(9)))
    graph = introspect.trace_backward(model(torch.ones(1, 3)).sum(), model)
    graph.save(tmp_path / "b.html", fold=False, depth=1)
    page = (tmp_path / "b.html").read_bytes()
    packed = re.search(rb'id="data">([^<]*)<', page)[1]
    texts = json.loads(zlib.decompress(base64.b64decode(packed)))["texts"]
    assert {"AddmmBackward0", "TanhBackward0", "SumBackward0"} <= set(texts)
    assert "gradient 1×3" in texts
    assert any(text.endswith(".bias") for text in texts)
    assert page == to_html(graph, fold=False, depth=1)


def test_a_notebook_gets_the_picture_and_the_text():
    graph = introspect.trace_backward(torch.ones(2, requires_grad=True).exp().sum())
    bundle = graph._repr_mimebundle_()
    assert bundle["text/plain"] == repr(graph)
    assert "ExpBackward0" in "".join(ET.fromstring(bundle["image/svg+xml"]).itertext())


@pytest.mark.parametrize(
    ("path", "options", "message"),
    [
        ("b.jpg", {}, r"\.svg, \.pdf, \.png, \.html, \.dot, \.gv, \.json"),
        ("b.svg", {"show_atrs": True}, "show_attrs"),
        ("b.svg", {"theme": "torchvis"}, "torchviz"),
        ("b.html", {"theme": "torchvis"}, "torchviz"),
        ("b.html", {"scale": 2}, "no option"),
        ("b.html", {"direction": "up"}, "TB"),
        ("b.svg", {"direction": "up"}, 'direction="TB"'),
        ("b.dot", {"theme": "dark"}, "show_attrs"),
        ("b.json", {"theme": "dark"}, "no option"),
    ],
)
def test_what_cannot_be_is_said_with_what_can(tmp_path, path, options, message):
    graph = introspect.trace_backward(torch.ones(2, requires_grad=True).exp().sum())
    with pytest.raises(FormatError, match=message):
        graph.save(tmp_path / path, **options)
    assert not list(tmp_path.iterdir())
