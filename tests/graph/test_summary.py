"""Graph -> the table of its modules, against torchinfo and against its own totals."""

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
import torch
from torch import nn

import introspect
from introspect.errors import FormatError
from introspect.graph.summary import summarise
from introspect.graph.summary.cells import COLUMNS


class Block(nn.Module):
    """A residual block whose sum runs in its own forward, and whose scale is its own."""

    def __init__(self, width):
        super().__init__()
        self.first = nn.Linear(width, width)
        self.act = nn.ReLU()
        self.second = nn.Linear(width, width, bias=False)
        self.scale = nn.Parameter(torch.ones(width))

    def forward(self, x):
        return x + self.scale * self.second(self.act(self.first(x)))


class Stack(nn.Module):
    """Equal blocks, another one, then one of them again, and a tied head."""

    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(20, 8)
        self.blocks = nn.ModuleList([Block(8) for _ in range(4)] + [nn.Sequential(Block(8))])
        self.head = nn.Linear(8, 20, bias=False)
        self.head.weight = self.embed.weight

    def forward(self, ids):
        x = self.embed(ids)
        for block in self.blocks:
            x = block(x)
        return self.head(self.blocks[0](x))


@pytest.fixture
def stack():
    torch.manual_seed(0)
    return Stack().eval()


@pytest.fixture
def ids():
    return torch.arange(6).view(2, 3)


def written(table):
    """(depth, name, count) of every row."""
    return [(row.depth, row.name, row.count) for row in table.rows]


def weighed(table, number):
    """The sum of a column, a row ×n and all below it n times."""
    total, times = 0, []
    for row in table.rows:
        del times[row.depth :]
        times.append(row.count)
        product = 1
        for count in times:
            product *= count
        total += product * getattr(row, number)
    return total


def test_equal_neighbours_share_a_row_and_everything_else_has_its_own(stack, ids):
    inner = ["first", "act", "second"]
    assert written(summarise(introspect.trace(stack, ids))) == [
        (0, "", 1),
        (1, "embed", 1),
        (1, "blocks.0–3", 4),
        *((2, name, 1) for name in inner),
        (1, "blocks.4", 1),
        (2, "0", 1),
        *((3, name, 1) for name in inner),
        (1, "blocks.0", 1),
        *((2, name, 1) for name in inner),
        (1, "head", 1),
    ]


def test_without_folding_there_is_a_row_for_every_call(stack, ids):
    graph = introspect.trace(stack, ids)
    table = summarise(graph, fold=False)
    assert len(table.rows) == len(graph.calls)
    assert {row.count for row in table.rows} == {1}


def test_blocks_that_differ_in_anything_a_column_shows_are_not_folded():
    def blocks(**change):
        model = nn.Sequential(*(Block(8) for _ in range(3))).eval()
        for name, make in change.items():
            setattr(model[1], name, make)
        return len(summarise(introspect.trace(model, torch.zeros(2, 8)), depth=1).rows) - 1

    assert blocks() == 1
    assert blocks(act=nn.GELU()) == 3
    assert blocks(second=nn.Linear(8, 8)) == 3
    assert blocks(first=nn.Linear(8, 8).requires_grad_(requires_grad=False)) == 3


@pytest.mark.parametrize("fold", [True, False])
@pytest.mark.parametrize("depth", [None, 0, 1, 2])
def test_columns_add_up_to_their_totals_at_any_depth(stack, ids, depth, fold):
    stack.blocks[2].requires_grad_(requires_grad=False)
    table = summarise(introspect.trace(stack, ids), depth=depth, fold=fold)
    assert max(row.depth for row in table.rows) <= (3 if depth is None else depth)
    assert weighed(table, "parameters") == sum(p.numel() for p in stack.parameters())
    trained = sum(p.numel() for p in stack.parameters() if p.requires_grad)
    assert weighed(table, "trainable") == trained == table.cost.trainable
    assert weighed(table, "flops") == table.cost.flops
    assert weighed(table, "activation_bytes") == table.cost.whole.activation_bytes


def test_measured_times_add_up_and_a_folded_row_gives_the_mean(stack, ids):
    graph = introspect.trace(stack, ids)
    ops = tuple(replace(op, elapsed_s=float(1 + op.index)) for op in graph.ops)
    table = summarise(replace(graph, ops=ops), columns=["time"])
    assert weighed(table, "elapsed_s") == pytest.approx(sum(op.elapsed_s for op in ops))
    assert re.search(r"Time in operations +\d+\.\d\d s", table.text(width=200))
    firsts = [
        op.elapsed_s
        for op in ops
        if op.call and re.fullmatch(r"blocks\.[0-3]\.first", op.call.path)
    ]
    mean = next(row for row in table.rows if row.name == "first").elapsed_s
    assert mean == pytest.approx(sum(firsts[:4]) / 4)


def test_a_second_call_says_recursive_and_a_tied_weight_tied(stack, ids):
    table = summarise(introspect.trace(stack, ids), columns=["parameters"])
    notes = {(row.name, row.note) for row in table.rows if row.note}
    assert notes == {
        ("blocks.0", "recursive"),
        ("first", "recursive"),
        ("second", "recursive"),
        ("head", "tied"),
    }
    text = table.text(width=80)
    assert re.search(r"head Linear +\(tied\)$", text, re.MULTILINE)
    assert re.search(r"blocks\.0 Block +\(recursive\)$", text, re.MULTILINE)


def torchinfo_summary(model, *args, **options):
    torchinfo = pytest.importorskip("torchinfo", reason="torchinfo is not installed")
    return torchinfo.summary(model, input_data=list(args), verbose=0, depth=99, **options)


def assert_like_torchinfo(model, *args, tied=0, outer=0):
    """Equal, but for `tied` scalars counted twice there and `outer` left out of its size."""
    theirs = torchinfo_summary(model, *args)
    ours = summarise(introspect.trace(model, *args), fold=False)
    cost = ours.cost
    assert cost.parameters == theirs.total_params - tied
    assert cost.trainable == theirs.trainable_params - tied
    assert cost.whole.parameter_bytes == theirs.total_param_bytes + 4 * (outer - tied)
    assert ours.forward_backward_bytes == theirs.total_output_bytes
    # it measures the Python objects around the inputs, too
    assert 0 <= theirs.total_input - cost.input_bytes <= 64 * len(args)
    layers = [info for info in theirs.summary_list if info.executed]
    assert [row.module for row in ours.rows] == [info.class_name for info in layers]
    assert [row.depth for row in ours.rows] == _depths(theirs.summary_list)
    shapes = [info.output_size for info in layers if info.is_leaf_layer]
    leaves = [
        list(row.output_size) for row, info in zip(ours.rows, layers, strict=True)
        if info.is_leaf_layer
    ]  # fmt: skip
    assert leaves == shapes
    return ours, theirs


def _depths(listed):
    """Depth among the modules that ran: a ModuleList has a level in torchinfo and no forward."""
    found, chain = [], []
    for info in listed:
        del chain[info.depth :]
        if info.executed:
            found.append(sum(chain))
        chain.append(info.executed)
    return found


def test_totals_and_rows_are_torchinfos(stack, ids):
    block_scales = 5 * 8  # parameters of modules that have modules below
    ours, theirs = assert_like_torchinfo(stack, ids, tied=160, outer=block_scales)
    layers = [info for info in theirs.summary_list if info.executed]
    for row, info in zip(ours.rows, layers, strict=True):
        assert (row.note == "recursive") == (info.is_recursive and info.num_params > 0)


def test_frozen_parameters_are_torchinfos():
    model = nn.Sequential(nn.Linear(4, 4), nn.LayerNorm(4), nn.LSTM(4, 3, batch_first=True)).eval()
    model[0].requires_grad_(requires_grad=False)
    ours, theirs = assert_like_torchinfo(model, torch.zeros(2, 5, 4))
    assert ours.cost.whole.frozen == theirs.total_params - theirs.trainable_params == 20


def test_multiply_adds_are_torchinfos_where_the_definitions_agree():
    model = nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1, bias=False),
        nn.ReLU(),
        nn.Conv2d(8, 8, 3, stride=2, groups=4, bias=False),
        nn.Flatten(),
        nn.Linear(8 * 3 * 3, 5, bias=False),
    ).eval()
    ours, theirs = assert_like_torchinfo(model, torch.zeros(2, 3, 8, 8))
    assert ours.cost.macs == theirs.total_mult_adds
    assert [row.flops // 2 for row in ours.rows[1:]] == [
        info.macs for info in theirs.summary_list[1:]
    ]


@pytest.mark.torchvision
@pytest.mark.parametrize(
    ("name", "size", "outer"),
    [("resnet50", 64, 0), ("vgg11", 64, 0), ("densenet121", 64, 0), ("vit_b_16", 224, 28500480)],
)
def test_totals_of_torchvision_models_are_torchinfos(name, size, outer):
    models = pytest.importorskip("torchvision.models", reason="torchvision is not installed")
    model = getattr(models, name)(weights=None).eval()
    ours, theirs = assert_like_torchinfo(model, torch.zeros(1, 3, size, size), outer=outer)
    if name == "resnet50":  # its definition counts biases and norms
        norms = sum(p.numel() for n, p in model.named_parameters() if "bn" in n or "sample.1" in n)
        assert theirs.total_mult_adds - ours.cost.macs == norms + 1000


def test_the_text_is_a_tree_with_aligned_columns(stack, ids):
    table = summarise(introspect.trace(stack, ids), columns=list(COLUMNS))
    lines = table.text(width=200).splitlines()
    head, rule = lines[0], lines[1]
    rows = lines[2 : lines.index(rule, 2)]
    assert head.split() == ["Module", *(heading.title for heading in COLUMNS.values())]
    assert {len(line) for line in rows} == {len(head)} == {len(rule)}
    assert [line.split()[0] for line in rows[:3]] == ["Stack", "├─", "├─"]
    assert rows[3].startswith("│  ├─ first Linear")
    assert rows[-1].startswith("└─ head Linear")
    fold = next(line for line in rows if "×4" in line)
    assert fold.startswith("├─ blocks.0–3 Block ×4")
    assert "stands for n equal calls" in lines[-1]


@pytest.mark.parametrize("width", [1, 60, 72, 300])
def test_names_are_cut_to_fit_the_width_but_not_below_24_characters(width):
    model = nn.Sequential()
    model.add_module("a_name_of_forty_characters_exactly_so_" * 2, nn.Linear(2, 2))
    table = summarise(introspect.trace(model, torch.zeros(1, 2)))
    head, rule, _, row, *_ = table.text(width=width).splitlines()
    assert len(row) == len(head) == len(rule)
    taken = len(head) - head.index("  Output")
    assert len(rule) == min(max(width, 24 + taken), 3 + 76 + 7 + taken)
    assert ("…" in row) == (width < 300)


def test_the_terminals_width_is_used(stack, ids, monkeypatch):
    table = summarise(introspect.trace(stack, ids), columns=list(COLUMNS))
    monkeypatch.setenv("COLUMNS", "150")
    assert repr(table) == table.text(width=150)


class Cells(HTMLParser):
    """The text of every cell, row by row, and the tags that were left open."""

    def __init__(self, text):
        super().__init__()
        self.rows, self.open, self.seen = [], [], set()
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        del attrs
        self.open.append(tag)
        self.seen.add(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in {"td", "th"}:
            self.rows[-1].append("")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if {"td", "th"} & set(self.open):
            self.rows[-1][-1] += data


def test_the_notebook_shows_the_same_cells_in_light_and_dark(stack, ids):
    table = summarise(introspect.trace(stack, ids), columns=list(COLUMNS))
    html = table._repr_html_()
    page = Cells(html)
    assert page.open == []
    assert len(page.rows) == 1 + len(table.rows)
    assert page.rows[3][0] == "blocks.0–3 Block ×4"
    text = table.text(width=300)
    for cells in page.rows:
        assert all(cell in text for cell in cells[1:])
    assert "@media(prefers-color-scheme:dark)" in html
    assert "script" not in page.seen


def test_hostile_names_stay_names():
    model = nn.Sequential()
    name = "<script>alert('1')</script>"
    model.add_module(name, nn.Linear(2, 2))
    model[0].__class__ = type("<b>&amp;", (nn.Linear,), {})
    table = summarise(introspect.trace(model, torch.zeros(1, 2)))
    page = Cells(table._repr_html_())
    assert page.rows[2][0] == f"{name} <b>&amp;"
    assert "script" not in page.seen


@pytest.mark.parametrize(
    ("columns", "hint"),
    [(["num_params"], "'parameters'"), (["paramters"], "'parameters'"), (["?"], "one of input")],
)
def test_an_unknown_column_names_the_known_ones(stack, ids, columns, hint):
    with pytest.raises(FormatError, match=rf"no such column[\s\S]*try +{hint}"):
        summarise(introspect.trace(stack, ids), columns=columns)


def test_a_negative_depth_is_refused(stack, ids):
    with pytest.raises(FormatError, match="depth=-1"):
        summarise(introspect.trace(stack, ids), depth=-1)


def test_notes_of_the_graph_are_passed_on():
    class Cut(nn.Module):
        def forward(self, x):
            return torch.ones(2) + 0 * len(x)

    text = repr(summarise(introspect.trace(Cut(), torch.zeros(3))))
    assert "depends on no input" in text
    assert "scalar" not in text


def test_parameters_that_are_in_no_row_are_said(stack, ids):
    graph = introspect.trace(stack, ids)
    assert "no operation read" not in repr(summarise(graph))
    more = replace(graph, parameters=graph.parameters + 1234)
    assert "1,234 parameters that no operation read are in no row" in repr(summarise(more))


def test_ops_that_could_not_be_counted_are_said(stack, ids):
    graph = introspect.trace(stack, ids)
    shapeless = replace(graph.inputs[0], shape=None)
    ops = tuple(replace(op, inputs=(shapeless,) * len(op.inputs)) for op in graph.ops)
    table = summarise(replace(graph, ops=ops))
    assert table.cost.uncounted
    assert {op.name for op in table.cost.uncounted} == {"linear"}
    assert f"{len(table.cost.uncounted)} of linear" in repr(table)


def test_the_documentation_names_every_column():
    text = summarise.__doc__ + Path(summarise.__code__.co_filename).read_text(encoding="utf-8")
    assert all(column in text for column in COLUMNS)
