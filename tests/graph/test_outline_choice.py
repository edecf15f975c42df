"""What the user opens and closes, insets, the default depth, and hostile or huge graphs."""

import time

import pytest
import torch
from torch import nn

import introspect
from introspect.errors import FormatError
from introspect.graph.outline import as_text, open_outline, outline
from introspect.nouns.graph import TENSOR, Call, Graph, Op, Value


class Block(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.a, self.b = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x):
        return x + self.b(self.a(x).relu())


class Stack(nn.Module):
    def __init__(self, *widths):
        super().__init__()
        self.layers = nn.ModuleList(Block(width) for width in widths)

    def forward(self, x):
        for layer in self.layers:
            x = layer(x)
        return x


@pytest.fixture
def thirty_two():
    return introspect.trace(Stack(*[8] * 32), torch.zeros(2, 8))


def drawn(graph, **options):
    root = outline(graph, **options).root
    boxes = (*[g for g in root.groups() if g is not root], *root.leaves())
    return {(box.name, box.badge, box.kind) for box in boxes if box.name.startswith("layers")}


def test_a_block_that_is_named_alone_stands_out_of_its_run(thirty_two):
    assert drawn(thirty_two, depth=1, expand=["layers.5"]) == {
        ("layers.0–4", "×5", "leaf"),
        ("layers.5", "", "group"),
        ("layers.6–31", "×26", "leaf"),
    }


@pytest.mark.parametrize("pattern", ["layers", "layers.*"])
def test_a_run_that_is_named_whole_is_opened_and_stays_folded(thirty_two, pattern):
    assert drawn(thirty_two, depth=1, expand=[pattern]) == {("layers.0–31", "×32", "group")}


def test_what_is_inside_is_opened_with_what_is_around(thirty_two):
    names = drawn(thirty_two, depth=1, expand=["layers.31.a"])
    assert ("layers.31", "", "group") in names
    assert ("layers.0–30", "×31", "leaf") in names


@pytest.mark.parametrize(
    "collapse", [["layers.*"], ["layers"], ["**.3*", "layers.*"], lambda box: box.module == "Block"]
)
def test_what_is_collapsed_is_a_card_at_any_depth(thirty_two, collapse):
    root = outline(thirty_two, depth="all", collapse=collapse).root
    cards = [box for box in root.leaves() if box.module == "Block"]
    assert cards
    assert all(box.sealed_leaves for box in cards)


def test_a_path_that_names_nothing_is_an_error_that_names_near_ones(thirty_two):
    with pytest.raises(FormatError, match="expand= names no module that ran") as caught:
        outline(thirty_two, expand=["layers.5.aa"])
    assert "layers.5.a" in str(caught.value)
    with pytest.raises(FormatError, match="collapse= names no module"):
        outline(thirty_two, collapse=["layer.5"])


def test_open_and_closed_at_once_is_an_error(thirty_two):
    with pytest.raises(FormatError, match="expanded and collapsed"):
        outline(thirty_two, expand=["layers.5"], collapse=["layers.5"])


def test_a_module_that_never_ran_is_no_path():
    class Idle(nn.Module):
        def __init__(self):
            super().__init__()
            self.used, self.idle = nn.Linear(4, 4), nn.Linear(4, 4)

        def forward(self, x):
            return self.used(x)

    graph = introspect.trace(Idle(), torch.zeros(1, 4))
    assert "idle" not in as_text(graph)
    with pytest.raises(FormatError, match="no module that ran"):
        outline(graph, expand=["idle"])


def test_the_open_outline_has_the_words_of_every_card(thirty_two):
    card = next(b for b in outline(thirty_two, depth=1).root.leaves() if b.badge)
    tree = open_outline(thirty_two, depth=1)
    group = next(b for b in tree.root.groups() if b.badge)
    assert group.is_sealed
    assert len(group.children) == 3
    told = ("detail", "family", "shape", "operations", "parameters", "name", "badge")
    assert [getattr(group, t) for t in told] == [getattr(card, t) for t in told]
    opened = next(b for b in open_outline(thirty_two, expand=["layers"]).root.groups() if b.badge)
    assert not opened.is_sealed


def test_the_subtitle_says_what_was_folded_and_closed(thirty_two):
    assert outline(thirty_two, depth=1).subtitle.endswith(
        "operations in 3 boxes; 1 kind of block folded, 1 block closed"
    )


def test_insets_explain_each_kind_once_with_symbols():
    class Stages(nn.Module):
        def __init__(self):
            super().__init__()
            self.stages = nn.ModuleList(Stack(width, width) for width in (8, 16, 32))
            self.down = nn.ModuleList(nn.Linear(w, 2 * w) for w in (8, 16))

        def forward(self, x):
            for k, stage in enumerate(self.stages):
                x = stage(x)
                x = self.down[k](x) if k < 2 else x
            return x

    graph = introspect.trace(Stages(), torch.zeros(2, 8))
    made = outline(graph, insets=True)
    (inset,) = made.insets
    cards = [box for box in made.root.leaves() if box.inset]
    assert [(box.inset, box.badge) for box in cards] == [("A", "×2")] * 3
    assert inset.mark == "A"
    assert [(b.name, b.detail) for b in inset.root.leaves()] == [
        ("x", ""),
        ("a", "C/4 → C"),
        ("b", "C → C/4"),
        ("", ""),
        ("y", ""),
    ]
    assert inset.note == "C = 32, 64, 128"
    text = as_text(graph, insets=True)
    assert "Block  (C = 32, 64, 128)" in text
    leaves = set(inset.root.leaves())
    assert all(source in leaves for leaf in leaves for source in leaf.sources)


def test_numbers_that_keep_no_ratio_become_ranges():
    widths = (3, 5, 7, 11, 13, 17)

    class Odd(nn.Module):
        def __init__(self, inside, outside):
            super().__init__()
            self.a, self.b = nn.Linear(8, inside), nn.Linear(inside, outside)
            self.c, self.d = nn.Linear(outside, inside + 1), nn.Linear(inside + 1, outside**2)
            self.e, self.f = nn.Linear(outside**2, inside**3), nn.Linear(inside**3, 8)

        def forward(self, x):
            return self.f(self.e(self.d(self.c(self.b(self.a(x))).relu())))

    model = nn.Sequential(*[Odd(w, 40 - w) for w in widths])
    made = outline(introspect.trace(model, torch.zeros(1, 8)), insets=True, fold=False)
    assert made.insets[0].note == ""
    assert made.insets[0].root.children[1].detail == "8 → 3…17"


# Graphs made by hand: what no model gives.


def by_hand(count, *, read=lambda k: (k,), name=None, call=None):
    """A graph of `count` ops; op k reads the values `read(k)`, 0 being the input."""
    root = Call(0, "", "Model", False, None, 0, {}, 0, False)
    values = [Value(0, (2, 4), "float32", "cpu", "input", "x")]
    ops = [
        Op(k, name(k) if name else "step", call(k) if call else root, (), (), (TENSOR,))
        for k in range(count)
    ]
    values += [
        Value(k + 1, (2, 4), "float32", "cpu", "result", producer=ops[k]) for k in range(count)
    ]
    for k, op in enumerate(ops):
        object.__setattr__(op, "inputs", tuple(values[j] for j in read(k)))
        object.__setattr__(op, "outputs", (values[k + 1],))
    last = tuple(values[-1:]) if count else ()
    return Graph(
        "Model",
        "Model",
        tuple(ops),
        tuple(values),
        (root,),
        tuple(values[:1]),
        last,
        ("",) * len(last),
        0,
    )


def test_an_empty_graph_and_one_of_one_node_have_an_outline():
    empty = Graph("Model", "Model", (), (), (), (), (), (), 0)
    assert as_text(empty) == "Model  0 parameters · 0 operations in 0 boxes"
    one = outline(by_hand(1)).root
    assert [leaf.name or leaf.module for leaf in one.leaves()] == ["input", "step", "output"]


def test_a_cycle_is_an_error_that_names_both_ends():
    graph = by_hand(6, read=lambda k: (k, 5) if k == 2 else (k,))
    for draw in (outline, open_outline):
        with pytest.raises(FormatError, match="order of execution") as caught:
            draw(graph)
        assert "operation 2" in str(caught.value)
        assert "operation 4" in str(caught.value)


def test_modules_nested_thousands_deep_need_no_recursion():
    calls = [Call(0, "", "Model", False, None, 0, {}, 0, False)]
    for _ in range(2500):
        path = f"{calls[-1].path}.m".strip(".")
        calls.append(Call(len(calls), path, "Deep", False, calls[-1], 0, {}, 0, False))
    graph = by_hand(2500, name=lambda k: f"op{k % 7}", call=lambda k: calls[k + 1])
    assert sum(1 for _ in outline(graph, depth="all", fold=False).root.leaves()) == 2502
    assert outline(graph).root.children
    deepest = calls[-1].path
    assert outline(graph, expand=[deepest, "**"]).root.children


def test_twenty_thousand_operations_take_seconds_at_most():
    graph = by_hand(20_000, name=lambda k: f"op{k * 7919 % 50}")
    begin = time.process_time()
    root = outline(graph).root
    assert time.process_time() - begin < 10
    assert sum(1 for _ in root.leaves()) < 60


def test_a_long_row_that_cannot_fold_is_looked_at_once():
    graph = by_hand(8000, read=lambda k: (k, max(0, k - 1 - k * k % 7)))
    begin = time.process_time()
    outline(graph)
    assert time.process_time() - begin < 10


def test_loose_operations_that_do_not_fit_go_on_a_card():
    graph = by_hand(300, name=lambda k: f"op{k * k % 97}")
    made = outline(graph)
    cards = [box for box in made.root.leaves() if box.sealed_leaves]
    assert [card.module for card in cards] == ["300 operations"]
    assert sum(1 for _ in outline(graph, depth="all", fold=False).root.leaves()) == 302


def test_hostile_names_stay_on_their_line():
    class Evil(nn.Module):
        def __init__(self):
            super().__init__()
            self.add_module("a\n\x1b[2J\u202eb", nn.Linear(4, 4))
            self.add_module("</script>", nn.Linear(4, 4))

        def forward(self, x):
            for module in self.children():
                x = module(x)
            return x

    graph = introspect.trace(Evil(), torch.zeros(1, 4))
    text = as_text(graph, fold=False)
    assert len(text.splitlines()) == 5
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "</script>" in text
