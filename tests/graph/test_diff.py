"""Two graphs -> changes: exactly the edits that were made to the model."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

import introspect
from introspect.graph.compare.diff import diff
from introspect.graph.compare.fingerprint import fingerprint


def traced(model, *shape):
    return introspect.trace(model.eval(), torch.zeros(shape or (2, 4)))


def told(changes):
    return [
        (change.kind, change.path, change.aspect, change.before, change.after) for change in changes
    ]


class Block(nn.Module):
    def __init__(self, width=8, act=nn.ReLU):
        super().__init__()
        self.up = nn.Linear(width, 2 * width)
        self.act = act()
        self.down = nn.Linear(2 * width, width)

    def forward(self, x):
        return x + self.down(self.act(self.up(x)))


def tower(count=6):
    return nn.Sequential(
        nn.Linear(4, 8), nn.Sequential(*[Block() for _ in range(count)]), nn.Linear(8, 3)
    )


def test_equal_graphs_have_no_changes():
    found = diff(traced(tower()), traced(tower()))
    assert not found
    assert (len(found), list(found)) == (0, [])
    assert repr(found) == "Sequential and Sequential are equal in structure"


def test_another_width_of_the_last_layer_is_seen_in_every_aspect():
    other = tower()
    other[2] = nn.Linear(8, 5)
    found = diff(traced(tower()), traced(other))
    assert told(found.changed) == [
        ("changed", "", "shapes", "2×3", "2×5"),
        ("changed", "2", "settings", "out_features=3", "out_features=5"),
        ("changed", "2", "parameters", "27", "45"),
        ("changed", "2", "shapes", "2×3", "2×5"),
    ]
    assert len(found) == len(found.changed)


def test_another_class_is_one_place_in_the_tree():
    other = tower()
    other[1][3].act = nn.GELU()
    found = diff(traced(tower()), traced(other))
    assert {change.path for change in found} == {"1.3.act"}
    assert ("changed", "1.3.act", "class", "ReLU", "GELU") in told(found)
    assert ("changed", "1.3.act", "op", "relu", "gelu") in told(found)


def test_another_argument_is_told_with_both_values():
    class Scaled(nn.Module):
        def __init__(self, by):
            super().__init__()
            self.by = by

        def forward(self, x):
            return torch.softmax(x * self.by, dim=-1)

    found = diff(traced(Scaled(2.0)), traced(Scaled(3.0)))
    assert told(found) == [("changed", "", "arguments", "(tensor, 2.0)", "(tensor, 3.0)")]
    assert found.changes[0].what == "op mul"


def test_other_wiring_of_the_same_ops_is_told():
    class Crossed(nn.Module):
        def __init__(self, *, crossed):
            super().__init__()
            self.crossed = crossed

        def forward(self, x):
            a, b = torch.relu(x), torch.tanh(x)
            return b - a if self.crossed else a - b

    (change,) = diff(traced(Crossed(crossed=False)), traced(Crossed(crossed=True)))
    assert (change.aspect, change.before, change.after) == (
        "wiring",
        "reads relu, tanh",
        "reads tanh, relu",
    )


def test_other_wiring_of_the_same_modules_is_told():
    class Routed(nn.Module):
        def __init__(self, *, swapped):
            super().__init__()
            self.a, self.b, self.swapped = nn.Linear(4, 4), nn.Linear(4, 4), swapped

        def forward(self, x):
            first = self.a(x)
            return self.b(x if self.swapped else first)

    found = diff(traced(Routed(swapped=False)), traced(Routed(swapped=True)))
    assert [change.aspect for change in found] == ["wiring"]


def test_a_removed_block_at_the_end_and_in_the_middle_is_one_change():
    assert [(c.kind, c.path) for c in diff(traced(tower(6)), traced(tower(5)))] == [
        ("removed", "1.5")
    ]
    (added,) = diff(traced(tower(5)), traced(tower(6)))
    assert (added.kind, added.path, added.what, added.after) == (
        "added",
        "1.5",
        "Block",
        "280 parameters",
    )


def test_an_insertion_renames_what_comes_after_and_changes_nothing():
    layers = [nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 5), nn.Tanh()]
    longer = [layers[0], nn.LayerNorm(4), *layers[1:]]
    found = diff(traced(nn.Sequential(*layers)), traced(nn.Sequential(*longer)))
    assert [(c.kind, c.path) for c in found.added] == [("added", "1")]
    assert [(c.before, c.after) for c in found.renamed] == [("1", "2"), ("2", "3"), ("3", "4")]
    assert not found.changed


def test_a_renamed_and_a_moved_block_are_found_by_their_hash():
    class Named(nn.Module):
        def __init__(self, names):
            super().__init__()
            self.names = names
            for name, layer in names.items():
                self.add_module(name, layer)

        def forward(self, x):
            for name in self.names:
                x = getattr(self, name)(x)
            return x

    stem, body, head = nn.Linear(4, 8), Block(), nn.Linear(8, 2)
    before = traced(Named({"stem": stem, "body": body, "head": head}))
    renamed = diff(before, traced(Named({"stem": stem, "trunk": body, "head": head})))
    assert [(c.kind, c.before, c.after) for c in renamed] == [("renamed", "body", "trunk")]
    inside = Named({"stem": stem, "wrap": nn.Sequential(nn.Identity(), body), "head": head})
    moved = diff(before, traced(inside))
    assert [(c.kind, c.path, c.before) for c in moved] == [
        ("added", "wrap", ""),
        ("moved", "wrap.1", "body"),
    ]
    back = diff(traced(inside), before)
    assert [(c.kind, c.path) for c in back] == [("removed", "wrap"), ("moved", "body")]


def test_layers_in_another_order_are_moved():
    class Ordered(nn.Module):
        def __init__(self, order):
            super().__init__()
            self.a, self.b, self.order = nn.ReLU(), nn.Tanh(), order

        def forward(self, x):
            for name in self.order:
                x = getattr(self, name)(x)
            return x

    found = diff(traced(Ordered("ab")), traced(Ordered("ba")))
    assert [change.kind for change in found] == ["moved"]


def test_names_and_shapes_of_inputs_and_outputs_are_compared():
    class Takes(nn.Module):
        def forward(self, image):
            return {"logits": image * 2}

    class Gives(nn.Module):
        def forward(self, picture):
            return {"scores": picture * 2}

    found = told(diff(traced(Takes()), traced(Gives())))
    assert ("changed", "", "names", "image", "picture") in found
    assert ("changed", "", "names", "logits", "scores") in found
    batch = diff(traced(tower(), 2, 4), traced(tower(), 7, 4))
    assert {change.aspect for change in batch} == {"shapes"}


def test_the_text_says_edits_first_and_sizes_in_one_line():
    other = tower()
    other[0] = nn.Linear(4, 8, bias=False)
    lines = repr(diff(traced(tower(), 2, 4), traced(other, 9, 4))).splitlines()
    assert lines[0].startswith("Sequential → Sequential: ")
    assert lines[1] == "  changed  0  Linear  parameters: 40 → 32"
    assert lines[-2] == "  changed  the model  inputs  shapes: 2×4 → 9×4"
    assert "more shapes or dtypes" in lines[-1]
    assert len(lines) < 8


def test_a_long_list_of_changes_ends_with_their_number():
    class Many(nn.Module):
        def __init__(self, by):
            super().__init__()
            self.by = by

        def forward(self, x):
            for _ in range(50):
                x = x * self.by
            return x

    text = repr(diff(traced(Many(1.0)), traced(Many(2.0))))
    assert text.splitlines()[-1].strip() == "... and 19 more in .changes"


@given(st.lists(st.sampled_from(["linear", "relu", "block"]), min_size=1, max_size=6), st.data())
@settings(max_examples=40, deadline=None)
def test_a_diff_is_empty_exactly_if_the_fingerprints_are_equal(kinds, data):
    makers = {"linear": lambda: nn.Linear(8, 8), "relu": nn.ReLU, "block": Block}
    model = nn.Sequential(*[makers[kind]() for kind in kinds])
    before = traced(model, 2, 8)
    assert not diff(before, traced(model, 2, 8))
    place = data.draw(st.integers(0, len(kinds) - 1))
    model[place] = data.draw(
        st.sampled_from([nn.Tanh, nn.ReLU, Block, lambda: Block(act=nn.GELU)])
    )()
    after = traced(model, 2, 8)
    found = diff(before, after)
    assert bool(found) == (fingerprint(before) != fingerprint(after))
    # whatever was edited, the path of the edit is among what is told, and nothing beside it
    assert all(change.path.split(".")[0] in {str(place), ""} for change in found.changed)


def test_two_llamas_differ_only_where_they_were_edited():
    transformers = pytest.importorskip("transformers", reason="transformers is not installed")
    config = transformers.LlamaConfig(
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=6,
        num_attention_heads=4,
        num_key_value_heads=2,
        vocab_size=100,
    )

    def llama(edit=None):
        model = transformers.LlamaForCausalLM(config).eval()
        if edit:
            edit(model.model.layers)
        return introspect.trace(model, input_ids=torch.arange(8)[None])

    def edit(layers):
        layers[2].mlp.act_fn = nn.ReLU()
        layers[4].mlp.gate_proj = nn.Linear(32, 64)

    assert not diff(llama(), llama())
    found = diff(llama(), llama(edit))
    assert {change.path for change in found} == {
        "model.layers.2.mlp.act_fn",
        "model.layers.4.mlp.gate_proj",
    }
