"""Graph -> boxes: what is fused, folded, hidden and sealed, and what must not be."""

import pytest
import torch
from torch import nn

import introspect
from introspect.graph.outline import as_text, outline
from introspect.graph.outline.labels import layer_detail


def words(graph, **options):
    """(name, class, badge) of every leaf of the outline."""
    root = outline(graph, **options).root
    return [(leaf.name, leaf.module, leaf.badge) for leaf in root.leaves()]


def by_name(graph, **options):
    return {leaf.name: leaf for leaf in outline(graph, **options).root.leaves()}


def test_activations_become_strips_and_views_vanish(convnet, image):
    graph = introspect.trace(convnet, image)
    assert words(graph) == [
        ("input", "", ""),
        ("0", "Conv2d", ""),
        ("2", "AvgPool2d", ""),
        ("0", "Conv2d", ""),
        ("2", "MaxPool2d", ""),
        ("", "flatten", ""),
        ("0", "Linear", ""),
        ("2", "Linear", ""),
        ("out", "Linear", ""),
        ("output", "", ""),
    ]
    conv = next(leaf for leaf in outline(graph).root.leaves() if leaf.module == "Conv2d")
    assert [strip.text for strip in conv.after] == ["ReLU"]
    assert conv.detail == "3×3, 1 → 16"


def test_equal_blocks_in_a_chain_fold_and_keep_their_count(residual):
    graph = introspect.trace(residual, torch.zeros(4, 8))
    groups = [g for g in outline(graph).root.groups() if g.badge]
    assert [(g.name, g.module, g.badge, g.count) for g in groups] == [
        ("blocks.0–2", "Block", "×3", 3)
    ]
    assert not [g for g in outline(graph, fold=False).root.groups() if g.badge]


@pytest.mark.parametrize(
    "change",
    [
        lambda model: model.blocks[1].norm.__init__(8, eps=0.5),
        lambda model: setattr(model.blocks[1], "act", nn.GELU()),
        lambda model: setattr(model.blocks[1], "act", nn.LeakyReLU(0.3)),
    ],
    ids=["another epsilon", "another class", "another slope"],
)
def test_a_block_that_differs_does_not_fold(residual, change):
    change(residual)
    graph = introspect.trace(residual, torch.zeros(4, 8))
    assert [g.badge for g in outline(graph).root.groups() if g.module == "Block"] == ["", "", ""]


def test_a_block_whose_result_is_used_elsewhere_does_not_fold():
    class Tapped(nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = nn.ModuleList(nn.Linear(4, 4) for _ in range(3))

        def forward(self, x):
            first = self.layers[0](x)
            return self.layers[2](self.layers[1](first)) * first

    names = [name for name, _, _ in words(introspect.trace(Tapped(), torch.zeros(1, 4)))]
    assert "layers.0" in names


def test_three_calls_and_three_modules_are_told_apart():
    class Calls(nn.Module):
        def __init__(self, layers):
            super().__init__()
            self.layers = nn.ModuleList(layers)

        def forward(self, x):
            for layer in self.layers:
                x = layer(x)
            return x

    one = nn.Linear(4, 4)
    three_calls = words(introspect.trace(Calls([one] * 3), torch.zeros(1, 4)))
    three_modules = words(
        introspect.trace(Calls([nn.Linear(4, 4) for _ in range(3)]), torch.zeros(1, 4))
    )
    assert ("layers.0", "Linear", "×3 calls") in three_calls
    assert ("layers.0–2", "Linear", "×3") in three_modules


def test_dropout_is_hidden_in_evaluation(residual):
    text = as_text(introspect.trace(residual, torch.zeros(4, 8)))
    assert "Dropout" not in text
    assert "BatchNorm1d, ReLU" in text


def test_depth_one_shows_the_children_of_the_model(convnet, image):
    graph = introspect.trace(convnet, image)
    leaves = by_name(graph, depth=1)
    assert set(leaves) == {"input", "conv1", "conv2", "", "fc", "out", "output"}
    assert leaves["fc"].detail == "2 Linear"
    assert leaves["fc"].parameters == sum(p.numel() for p in convnet.fc.parameters())
    assert leaves["fc"].sources == [leaves[""]]
    assert leaves["out"].sources == [leaves["fc"]]


def test_the_chosen_depth_stays_within_the_budget():
    model = nn.Sequential(
        *[nn.Sequential(nn.Linear(4, 4 + k), nn.Linear(4 + k, 4)) for k in range(9)]
    )
    graph = introspect.trace(model, torch.zeros(1, 4))
    assert len(words(graph, budget=12, fold=False)) <= 12
    assert len(words(graph, depth="all", fold=False)) == 20


def test_masks_made_from_nothing_are_not_drawn():
    class Masked(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(4, 4)

        def forward(self, x):
            mask = torch.ones(4).cumsum(0) > 2
            return self.layer(x).masked_fill(mask, 0.0)

    text = as_text(introspect.trace(Masked(), torch.zeros(1, 4)))
    assert "cumsum" not in text
    assert "masked fill" in text


def test_a_parameter_beside_an_operation_enters_from_the_side():
    class Positions(nn.Module):
        def __init__(self):
            super().__init__()
            self.pos = nn.Parameter(torch.zeros(4))

        def forward(self, x):
            return x + self.pos

    leaves = outline(introspect.trace(Positions(), torch.zeros(2, 4))).root.leaves()
    plus = next(leaf for leaf in leaves if leaf.module == "+")
    assert [(side.name, side.shape) for side in plus.side_inputs] == [("pos", (4,))]


class Attending(nn.MultiheadAttention):
    """Takes one input, as a Sequential gives it."""

    def __call__(self, x):
        return super().__call__(x, x, x)


Attending.__name__ = "MultiheadAttention"


def given_to(layer):
    """An input that a layer takes."""
    if isinstance(layer, nn.Embedding):
        return (torch.zeros(1, 3, dtype=torch.long),)
    if isinstance(layer, nn.Conv1d):
        return (torch.zeros(1, layer.in_channels, 9),)
    if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
        return (torch.zeros(1, layer.in_channels, 9, 9),)
    wide = {nn.Linear: 4096, nn.LayerNorm: 768, Attending: 64, nn.LSTM: 4}.get(type(layer))
    return (torch.zeros(1, 3, wide) if wide else torch.zeros(1, 2, 9, 9),)


@pytest.mark.parametrize(
    ("layer", "expected"),
    [
        (nn.Conv2d(64, 128, 3, stride=2), "3×3, 64 → 128 /2"),
        (nn.Conv2d(64, 64, 3), "3×3, 64"),
        (nn.Conv2d(32, 32, 5, groups=32), "5×5, 32 depthwise"),
        (nn.Conv2d(32, 64, 3, groups=4, dilation=2), "3×3, 32 → 64, 4 groups, dilation 2"),
        (nn.ConvTranspose2d(128, 64, 2, stride=2), "2×2, 128 → 64 ↑2"),
        (nn.Conv1d(8, 16, 7), "7, 8 → 16"),
        (nn.Linear(4096, 14336), "4096 → 14336"),
        (nn.Embedding(100, 8), "100 × 8"),
        (nn.LayerNorm(768), "768"),
        (nn.MaxPool2d(3, 2), "3×3 /2"),
        (nn.AdaptiveAvgPool2d(1), "global"),
        (nn.AdaptiveAvgPool2d((7, 7)), "to 7×7"),
        (Attending(64, 4), "4 heads × 16"),
        (nn.LSTM(4, 8, num_layers=2, bidirectional=True), "8 units, 2 layers, both ways"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_label_grammar(layer, expected):
    call = introspect.trace(nn.Sequential(layer), *given_to(layer)).calls[1]
    assert call.module == type(layer).__name__
    assert layer_detail(call.module, call.settings, None) == expected


def test_reading_an_outline_twice_gives_the_same_text(residual):
    graph = introspect.trace(residual, torch.zeros(4, 8))
    assert as_text(graph) == as_text(graph) == repr(graph)
