"""What folds, what must not, and what the badge says."""

import pytest
import torch
from torch import nn

import introspect
from introspect.graph.outline import as_text, open_outline, outline


def badges(graph, **options):
    root = open_outline(graph, **options).root
    return [
        (box.name or box.module, box.badge) for box in (*root.groups(), *root.leaves()) if box.badge
    ]


def trace(forward, modules, *inputs):
    """Trace `forward(model, *inputs)` of a model that holds `modules`."""

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            for name, module in modules.items():
                setattr(self, name, module)

        def forward(self, *args):
            return forward(self, *args)

    return introspect.trace(Model().eval(), *inputs)


class Block(nn.Module):
    def __init__(self, width, act=None, shift=0):
        super().__init__()
        self.a, self.b = nn.Linear(width, 2 * width), nn.Linear(2 * width, width)
        self.act, self.shift = act or nn.ReLU(), shift

    def forward(self, x):
        if self.shift:
            x = torch.roll(x, self.shift)
        return x + self.b(self.act(self.a(x)))


def stack(*blocks):
    return introspect.trace(nn.Sequential(*blocks), torch.zeros(2, 4))


def test_pairs_that_alternate_fold_into_one_group_of_two():
    graph = stack(*[Block(4, shift=k % 2) for k in range(6)])
    root = outline(graph, depth=1).root
    assert badges(graph) == [("0–5", "×3")]
    assert [child.name for child in next(g for g in root.groups() if g.badge).children] == [
        "0",
        "1",
    ]


def test_an_odd_one_is_left_over():
    assert badges(stack(*[Block(4, shift=k % 2) for k in range(7)])) == [("0–5", "×3")]


def test_blocks_that_differ_in_views_alone_do_not_fold():
    class Turned(nn.Module):
        def __init__(self, *, swap):
            super().__init__()
            self.a, self.b, self.swap = nn.Linear(4, 4), nn.Linear(4, 4), swap

        def forward(self, x):
            if self.swap:
                return self.b(self.a(x.transpose(0, 1))).transpose(0, 1)
            return self.b(self.a(x))

    def graph(*swaps):
        return introspect.trace(
            nn.Sequential(*[Turned(swap=s) for s in swaps]), torch.zeros(4, 4, 4)
        )

    assert badges(graph(True, True, True))[0] == ("0–2", "×3")
    assert ("0–2", "×3") not in badges(graph(False, True, True))
    assert badges(graph(False, True, False, True))[0] == ("0–3", "×2")


def test_one_slope_that_differs_among_many_is_not_hidden_in_a_range():
    acts = [nn.LeakyReLU(0.3 if k == 2 else 0.1) for k in range(8)]
    graph = stack(*[Block(4, act) for act in acts])
    assert badges(graph) == [("0–1", "×2"), ("3–7", "×5")]


def test_a_loop_of_operations_folds_with_its_state():
    def forward(model, x):
        for _ in range(10):
            x = torch.tanh(x @ model.w) * x
        return x

    graph = trace(forward, {"w": nn.Parameter(torch.ones(4, 4))}, torch.zeros(2, 4))
    assert badges(graph) == [("loop", "×10")]
    loop = next(g for g in open_outline(graph).root.groups() if g.badge)
    assert [leaf.module for leaf in loop.leaves()] == ["matmul", "×"]  # tanh is a strip


def test_a_function_called_in_a_loop_is_one_pill_and_its_count():
    weight = nn.Parameter(torch.ones(4, 4))

    def forward(model, x):
        for _ in range(10):
            x = advance(x, model.w)
        return x

    assert badges(trace(forward, {"w": weight}, torch.zeros(2, 4))) == [("advance", "×10")]


def advance(state, weight):
    return torch.tanh(state @ weight + state) * state


@pytest.mark.parametrize("cell", [nn.GRUCell, nn.LSTMCell, nn.RNNCell])
def test_a_cell_over_time_is_told_by_its_calls(cell):
    def forward(model, x):
        state = None
        for t in range(12):
            state = model.cell(x[:, t], state)
        return state[0] if isinstance(state, tuple) else state

    graph = trace(forward, {"cell": cell(4, 8)}, torch.zeros(2, 12, 4))
    assert badges(graph) == [("cell", "×12 calls")]
    assert "(call 2)" in as_text(graph, fold=False)


def test_results_that_a_loop_collects_are_said_to_be():
    def forward(model, x):
        state, found = torch.zeros(2, 8), []
        for t in range(12):
            state = model.cell(x[:, t], state)
            found.append(model.head(state))
        return torch.stack(found)

    modules = {"cell": nn.GRUCell(4, 8), "head": nn.Linear(8, 2)}
    graph = trace(forward, modules, torch.zeros(2, 12, 4))
    assert badges(graph) == [("loop", "×12 collected")]
    leaves = {leaf.name or leaf.module: leaf for leaf in outline(graph).root.leaves()}
    assert leaves["stack"].sources == [leaves["head"]]


def test_a_list_of_predictions_is_one_pill():
    def forward(model, x):
        found = []
        for _ in range(5):
            x = model.a(x)
            found.append(model.b(x))
        return found

    graph = trace(forward, {"a": nn.Linear(4, 4), "b": nn.Linear(4, 3)}, torch.zeros(2, 4))
    assert badges(graph) == [("loop", "×5"), ("output 0–4", "×5")]


def test_a_loop_reads_its_input_at_places_that_advance_and_no_others():
    def looped(places):
        def forward(model, x):
            state = torch.zeros(2, 4)
            for place in places:
                state = model.cell(x[:, place], state)
            return state

        return badges(trace(forward, {"cell": nn.GRUCell(4, 4)}, torch.zeros(2, 9, 4)))

    assert looped([0, 1, 2, 3]) == [("cell", "×4 calls")]
    assert looped([8, 6, 4, 2]) == [("cell", "×4 calls")]
    assert ("cell", "×4 calls") not in looped([0, 5, 2, 3])


def test_parallel_heads_and_experts_fold():
    class Expert(nn.Sequential):
        def __init__(self):
            super().__init__(nn.Linear(4, 8), nn.GELU(), nn.Linear(8, 4))

    def forward(model, x):
        weights = model.gate(x).softmax(-1)
        return torch.stack([weights[:, k : k + 1] * e(x) for k, e in enumerate(model.experts)])

    experts = nn.ModuleList(Expert() for _ in range(8))
    graph = trace(forward, {"gate": nn.Linear(4, 8), "experts": experts}, torch.zeros(2, 4))
    assert badges(graph) == [("experts.0–7", "×8 parallel")]

    def heads(model, x):
        return torch.cat([head(x) for head in model.heads], -1)

    graph = trace(heads, {"heads": nn.ModuleList(Block(4) for _ in range(17))}, torch.zeros(2, 4))
    assert badges(graph) == [("heads.0–16", "×17 parallel")]


def test_parallel_branches_that_differ_in_a_number_show_its_range():
    branches = nn.ModuleList(nn.Conv2d(4, 8, 3, dilation=d, padding=d) for d in (12, 24, 36))

    def forward(model, x):
        return torch.cat([branch(x) for branch in model.branches], 1)

    graph = trace(forward, {"branches": branches}, torch.zeros(1, 4, 8, 8))
    leaf = next(leaf for leaf in outline(graph).root.leaves() if leaf.badge)
    assert (leaf.name, leaf.badge) == ("branches.0–2", "×3 parallel")
    assert leaf.detail == "3×3, 4 → 8, dilation 12…36"


def test_query_key_and_value_stay_three():
    def forward(model, x):
        return nn.functional.scaled_dot_product_attention(model.q(x), model.k(x), model.v(x))

    modules = {name: nn.Linear(4, 4) for name in "qkv"}
    assert badges(trace(forward, modules, torch.zeros(2, 3, 4))) == []


class Dense(nn.Module):
    def __init__(self, reads):
        super().__init__()
        self.reads = reads
        widths = [4 * len(reads(k)) for k in range(6)]
        self.layers = nn.ModuleList(Joined(width) for width in widths)

    def forward(self, x):
        found = [x]
        for k, layer in enumerate(self.layers):
            found.append(layer([found[j] for j in self.reads(k)]))
        return torch.cat(found, 1)


class Joined(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.conv = nn.Conv2d(width, 4, 3, padding=1)

    def forward(self, parts):
        return self.conv(torch.cat(parts, 1)).relu() + 1


def test_a_dense_block_says_how_it_is_wired_and_others_do_not_fold():
    image = torch.zeros(1, 4, 8, 8)
    dense = introspect.trace(Dense(lambda k: list(range(k + 1))), image)
    assert ("layers.1–5", "×5 dense") in badges(dense)
    harmonic = introspect.trace(
        Dense(lambda k: [j for j in range(k + 1) if (k - j) % 2 == 0]), image
    )
    assert badges(harmonic) == []


def test_two_modules_called_in_turn_are_told_from_four():
    one, two = Block(4), Block(4)
    assert badges(stack(one, two, one, two)) == [("0–1", "×4 calls of 2")]
    assert badges(stack(*[Block(4) for _ in range(4)])) == [("0–3", "×4")]


def test_two_results_that_meet_again_are_a_skip_and_not_a_run():
    def forward(model, x):
        first = model.a(x)
        return model.b(first) * first

    graph = trace(forward, {"a": nn.Linear(4, 4), "b": nn.Linear(4, 4)}, torch.zeros(2, 4))
    assert badges(graph) == []


def test_what_repeats_inside_a_turn_folds_first():
    turns = [layer for _ in range(3) for layer in (*[Block(4) for _ in range(4)], nn.Linear(4, 4))]
    graph = stack(*turns)
    assert badges(graph) == [("0–14", "×3"), ("0–3", "×4")]


def test_folded_duplicates_of_a_transform_keep_their_count():
    from introspect.transforms import FoldDuplicates

    graph = introspect.trace(
        nn.Sequential(*[nn.Linear(4, 4) for _ in range(5)]), torch.zeros(2, 4)
    ).transformed(FoldDuplicates())
    assert [badge for _, badge in badges(graph)] == ["×5"]


def test_a_module_tree_folds_by_its_classes():
    model = nn.Sequential(*[Block(4) for _ in range(5)], Block(4, nn.GELU()))
    graph = introspect.Tracer(level="module").trace(model)
    assert ("0–4", "×5") in badges(graph)
