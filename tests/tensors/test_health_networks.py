"""Each finding on a real network that has the fault; silence on a healthy one. All on digits."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from torch import nn

from introspect.history import History
from introspect.nouns.sketch import Sketch
from introspect.tensors.findings import Findings, health
from introspect.tensors.watching import watch

datasets = pytest.importorskip("sklearn.datasets", reason="the digits of scikit-learn")


@pytest.fixture(scope="module")
def digits():
    images, labels = datasets.load_digits(return_X_y=True)
    inputs = torch.tensor(images, dtype=torch.float32).sub(4.9).div(6.0)
    return inputs, torch.tensor(labels)


def mlp(*widths, unit=nn.ReLU):
    torch.manual_seed(0)
    layers = []
    for index, (wide, narrow) in enumerate(pairwise(widths)):
        layers.append((f"fc{index}", nn.Linear(wide, narrow)))
        if index < len(widths) - 2:
            layers.append((f"act{index}", unit()))
    net = nn.Sequential()
    for name, layer in layers:
        net.add_module(name, layer)
    return net


def train(net, digits, *, optimizer=None, steps=40, schedule=None, spoil=None, every=2, spectra=0):
    """The findings of a training, and its history."""
    inputs, labels = digits
    optimizer = optimizer or torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9)
    history = History()
    generator = torch.Generator().manual_seed(0)
    peak = optimizer.param_groups[0]["lr"]
    with watch(net, optimizer, history, every=every, spectra=spectra):
        for step in range(steps):
            rows = torch.randint(len(inputs), (128,), generator=generator)
            batch = inputs[rows] if spoil is None else spoil(step, inputs[rows])
            rate = peak if schedule is None else peak * schedule(step / steps)
            for group in optimizer.param_groups:
                group["lr"] = rate
            loss = nn.functional.cross_entropy(net(batch), labels[rows])
            history.log(step, loss=loss.item(), lr=rate)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return health(history), history


def cosine(share):
    return 0.5 * (1 + np.cos(np.pi * share))


@pytest.mark.parametrize("unit", [nn.ReLU, nn.Tanh, nn.GELU])
def test_nothing_is_found_in_a_healthy_network_that_learns(digits, unit):
    found, history = train(mlp(64, 64, 64, 10, unit=unit), digits, steps=80)
    assert history["loss"].last < 0.5
    assert list(found) == [], found
    assert found.title == "nothing found"
    assert any("weights" in check for check in found.checks)


def test_nothing_is_found_in_a_healthy_convolutional_network(digits):
    torch.manual_seed(0)
    net = nn.Sequential(
        nn.Unflatten(1, (1, 8, 8)),
        nn.Conv2d(1, 16, 3, padding=1),
        nn.BatchNorm2d(16),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1),
        nn.BatchNorm2d(32),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(512, 10),
    )
    optimizer = torch.optim.AdamW(net.parameters(), lr=1e-3)
    found, history = train(net, digits, optimizer=optimizer, steps=60)
    assert history["loss"].last < 0.5
    assert list(found) == [], found


def test_a_schedule_that_ends_at_zero_is_no_fault(digits):
    found, _ = train(mlp(64, 64, 64, 10), digits, steps=80, schedule=cosine)
    assert list(found) == [], found


def test_a_dead_layer_is_found_and_explains_the_missing_gradient(digits):
    net = mlp(64, 64, 64, 64, 10)
    net.fc2.bias.data.fill_(-50.0)
    found, _ = train(net, digits)
    assert found[0].cause == "dead"
    assert found[0].severity == "fault"
    assert found[0].layer == "act2"
    assert found[0].step == 0
    assert "100%" in found[0].evidence
    (missing,) = found.of("vanishing")
    # Only the bias of fc3 still learns: its weight gets 0 from act2.
    assert missing.layers == tuple(f"fc{place}.weight" for place in range(4))
    assert "act2, which is dead" in missing.hint


def test_gradients_that_vanish_through_sigmoids_are_found(digits):
    found, _ = train(mlp(64, *[32] * 8, 10, unit=nn.Sigmoid), digits)
    (one,) = found.of("vanishing")
    assert one.layers == ("fc0.weight", "fc8.weight")
    assert one.severity == "fault"
    assert "ReLU" in one.hint


class Sine(nn.Module):
    def forward(self, x):
        return torch.sin(10 * x)


def test_gradients_that_explode_by_depth_are_found(digits):
    net = mlp(64, *[64] * 9, 10, unit=Sine)
    optimizer = torch.optim.SGD(net.parameters(), lr=1e-5)
    found, history = train(net, digits, optimizer=optimizer)
    (one,) = found.of("exploding")
    assert one.layers == ("fc0.weight", "fc9.weight")
    first, last = (history[f"gradients/fc{place}.weight"].last for place in (0, 9))
    steep = np.sqrt(first.sum_squares / first.n / (last.sum_squares / last.n))
    assert one.values[-1] == pytest.approx(steep)
    assert steep > 1e3


def test_a_burst_of_the_gradient_is_found_at_its_step(digits):
    found, _ = train(
        mlp(64, 64, 10), digits, spoil=lambda step, batch: batch * (1e5 if step == 20 else 1)
    )
    (one,) = found.of("exploding")
    assert one.step == 20
    assert "Clip" in one.hint


def test_saturated_units_are_found(digits):
    net = mlp(64, 64, 64, 10, unit=nn.Tanh)
    net.fc1.weight.data.mul_(200)
    found, _ = train(net, digits)
    (one,) = found.of("saturated")
    assert one.layer == "act1"
    assert one.step == 0
    assert "derivative" in one.evidence


class Log(nn.Module):
    def forward(self, x):
        return torch.log(x)


def test_the_first_module_that_makes_nan_is_named_with_its_step(digits):
    net = mlp(64, 64, 64, 10)
    net.fc1.bias.data.fill_(5.0)
    net.act1 = nn.Sequential(nn.ReLU(), Log())
    flip = lambda step, batch: batch * (1 if step < 10 else 40)  # noqa: E731  short
    found, _ = train(net, digits, spoil=flip, every=1)
    one = found[0]
    assert one.cause == "not finite"
    assert one.layer.startswith("act1")
    assert one.step == 10
    assert "Inf" in one.evidence
    assert "log" in one.hint


@pytest.mark.parametrize("beside", [True, False], ids=["with numbers", "without numbers"])
def test_the_first_nan_is_found_among_more_records_than_are_read(beside):
    history = History()
    for step in range(1000):
        values = [1.0, np.nan] if step == 613 or (not beside and step > 613) else [1.0, 2.0]
        history.log(step, **{"weights/a": Sketch.of(values)})
        if beside:
            history.log(step, **{"weights/a/nan": float(np.isnan(values).sum())})
    (one,) = health(history).of("not finite")
    assert one.step == 613
    assert "1 of 2 values" in one.evidence
    assert "one record before was 2" in one.evidence


def test_a_nan_of_the_loss_alone_is_found():
    history = History()
    for step in range(4):
        history.log(step, loss=float("nan") if step > 1 else 1.0)
    (one,) = health(history)
    assert one.step == 2
    assert "loss" in one.what


def test_parameters_that_get_a_gradient_and_do_not_move_are_frozen_by_mistake(digits):
    net = mlp(64, 64, 64, 10)
    others = [*net.fc0.parameters(), *net.fc2.parameters()]
    optimizer = torch.optim.SGD(others, lr=0.05, momentum=0.9)
    found, _ = train_with_a_forgotten_layer(net, optimizer, digits)
    (one,) = found.of("frozen")
    assert one.severity == "fault"
    assert one.layers == ("fc1.weight", "fc1.bias")
    assert "optimizer" in one.hint


def train_with_a_forgotten_layer(net, optimizer, digits):
    """What is read where every gradient of the model is: after the backward pass."""
    inputs, labels = digits
    history = History()
    for step in range(6):
        optimizer.zero_grad()
        nn.functional.cross_entropy(net(inputs), labels).backward()
        named = dict(net.named_parameters())
        history.log(step, **{f"weights/{name}": Sketch.of(one) for name, one in named.items()})
        history.log(
            step, **{f"gradients/{name}": Sketch.of(one.grad) for name, one in named.items()}
        )
        optimizer.step()
    return health(history), history


def test_parameters_frozen_on_purpose_are_a_notice(digits):
    net = mlp(64, 64, 64, 10)
    net.fc0.requires_grad_(False)
    found, _ = train(net, digits)
    (one,) = found.of("frozen")
    assert one.severity == "notice"
    assert one.layers == ("fc0.weight", "fc0.bias")


def test_a_learning_rate_of_zero_moves_nothing(digits):
    net = mlp(64, 64, 10)
    found, _ = train(net, digits, optimizer=torch.optim.SGD(net.parameters(), lr=0.0))
    (one,) = found.of("frozen")
    assert one.what == "no parameter moves"


@pytest.mark.parametrize(("rate", "word"), [(0.3, "large"), (1e-7, "small")])
def test_updates_outside_the_usual_range_are_found(digits, rate, word):
    net = mlp(64, 64, 64, 10, unit=nn.Tanh)
    found, history = train(net, digits, optimizer=torch.optim.Adam(net.parameters(), lr=rate))
    (one,) = found.of("update ratio")
    assert f"are {word} beside" in one.what
    logged = history[f"updates/{one.layer}/ratio"].last
    assert (logged > 1e-2) == (word == "large")


def test_weights_that_run_away_are_found(digits):
    net = mlp(64, 64, 64, 10)
    optimizer = torch.optim.Adam(net.parameters(), lr=0.1)
    found, _ = train(net, digits, optimizer=optimizer, steps=100)
    assert found.of("drift")
    one = found.of("drift")[0]
    assert one.values[-1] >= 3
    assert one.values[0] == 0


def test_a_channel_that_sticks_out_is_found(digits):
    net = mlp(64, 256, 256, 10)
    net.fc1.weight.data[7] *= 0.0
    net.fc1.bias.data[7] = 300.0
    net.fc2.weight.data[:, 7] = 0.0
    optimizer = torch.optim.SGD(net.parameters(), lr=1e-4)
    found, _ = train(net, digits, optimizer=optimizer)
    (one,) = found.of("outliers")
    assert one.layers == ("fc1", "act1")
    assert one.severity == "notice"
    assert one.what == "fc1 and act1 have outlier channels"


def test_a_weight_that_loses_its_rank_is_found(digits):
    inputs, labels = digits
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(64, 64), nn.Linear(64, 1))
    target = (labels == 3).float().unsqueeze(1)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.05, weight_decay=0.1)
    history = History()
    with watch(net, optimizer, history, every=20, spectra=2) as watching:
        for epoch in range(1000):
            loss = (net(inputs) - target).square().mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            watching.step((epoch // 100, epoch))
    (one,) = health(history).of("rank collapse")
    weight = dict(net.named_parameters())["0.weight"].detach()
    exact = torch.linalg.svdvals(weight)
    assert one.layer == "0.weight"
    assert one.values[-1] == pytest.approx(float(exact.square().sum() / exact[0] ** 2), rel=0.05)


def test_a_watch_diagnoses_itself(digits):
    net = mlp(64, 64, 10)
    with watch(net, every=1) as watching:
        net(digits[0][:8]).sum().backward()
        watching.step(0)
    assert isinstance(health(watching), Findings)
    assert isinstance(watching.diagnose(), Findings)


class Block(nn.Module):
    """A residual block of two convolutions with batch normalisation."""

    def __init__(self, wide):
        super().__init__()
        self.conv1 = nn.Conv2d(wide, wide, 3, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(wide)
        self.conv2 = nn.Conv2d(wide, wide, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(wide)
        self.relu = nn.ReLU()

    def forward(self, x):
        inner = self.norm2(self.conv2(self.relu(self.norm1(self.conv1(x)))))
        return self.relu(x + inner)


class Rows(nn.Module):
    """A small transformer that reads an image row by row."""

    def __init__(self):
        super().__init__()
        self.embed = nn.Linear(8, 32)
        self.place = nn.Parameter(0.02 * torch.randn(8, 32))
        layer = nn.TransformerEncoderLayer(
            32, 4, 64, dropout=0.0, activation="gelu", batch_first=True, norm_first=True
        )
        self.encoder = nn.TransformerEncoder(layer, 3, enable_nested_tensor=False)
        self.head = nn.Linear(32, 10)

    def forward(self, x):
        return self.head(self.encoder(self.embed(x.view(-1, 8, 8)) + self.place).mean(1))


def residual():
    start = [nn.Unflatten(1, (1, 8, 8)), nn.Conv2d(1, 16, 3, padding=1), nn.BatchNorm2d(16)]
    end = [nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(64, 10)]
    return nn.Sequential(*start, nn.ReLU(), Block(16), Block(16), *end)


@pytest.mark.parametrize(
    ("make", "optimizer", "steps"),
    [
        (residual, lambda p: torch.optim.SGD(p, lr=0.02, momentum=0.9), 60),
        (Rows, lambda p: torch.optim.AdamW(p, lr=2e-3), 120),
        (lambda: mlp(64, 128, 128, 10), lambda p: torch.optim.Adam(p, lr=1e-3), 80),
    ],
    ids=["residual", "transformer", "mlp with Adam"],
)
def test_nothing_is_found_in_other_healthy_networks(digits, make, optimizer, steps):
    torch.manual_seed(0)
    net = make()
    found, history = train(net, digits, optimizer=optimizer(net.parameters()), steps=steps)
    assert history["loss"].last < 0.5
    assert list(found.faults) == [], found
    assert list(found) == [], found


def test_a_layer_that_the_optimizer_was_not_given_is_found_by_its_gradient(digits):
    net = mlp(64, 64, 64, 10)
    optimizer = torch.optim.SGD([*net.fc0.parameters(), *net.fc2.parameters()], lr=0.05)
    found, history = train(net, digits, optimizer=optimizer)
    (one,) = found.of("frozen")
    assert one.severity == "fault"
    assert one.layers == ("fc1.weight", "fc1.bias")
    assert "They get a gradient" in one.evidence
    assert history["gradients/fc1.weight"].formatted_steps[0] == "2", "from the second record on"
    assert [other.cause for other in found] == ["frozen"], "what piles up is no explosion"


def test_a_pooling_behind_a_dead_unit_shares_its_finding(digits):
    torch.manual_seed(0)
    net = nn.Sequential(
        nn.Unflatten(1, (1, 8, 8)),
        nn.Conv2d(1, 8, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(128, 10),
    )
    net[1].bias.data.fill_(-50.0)
    found, _ = train(net, digits)
    (one,) = found.of("dead")
    assert one.layers == ("2", "3")
    assert not found.of("update ratio"), "no gradient arrives, which says it"
