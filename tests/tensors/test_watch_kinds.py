"""Gradients, updates and activations are those that the training used; so are the numbers."""

import copy
import gc
import pickle
import warnings
import weakref

import numpy as np
import pytest
import torch
from torch import nn
from torch.optim import optimizer as torch_optimizer
from torch.utils.checkpoint import checkpoint

from introspect.errors import IntrospectWarning, WatchError
from introspect.history import History
from introspect.nouns.sketch import Sketch
from introspect.tensors import watch
from introspect.tensors.pace import Pace
from introspect.tensors.samples import sampled, stride_of
from introspect.tensors.spectra import spectrum
from introspect.tensors.sweep import read_tables, tables


@pytest.fixture
def model():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(6, 5), nn.ReLU(), nn.Linear(5, 2))


def sgd(model, **options):
    return torch.optim.SGD(model.parameters(), lr=0.1, **options)


def inputs(rows=8, seed=1):
    return torch.randn(rows, 6, generator=torch.Generator().manual_seed(seed))


def attached(model):
    """Every hook that torch knows, on the model and on all optimizers."""
    here = [
        (name, key, len(value))
        for name, module in model.named_modules()
        for key, value in vars(module).items()
        if "hook" in key and hasattr(value, "__len__")
    ]
    return here, [
        len(hooks)
        for hooks in (
            torch_optimizer._global_optimizer_pre_hooks,
            torch_optimizer._global_optimizer_post_hooks,
        )
    ]


def of_gradients(model):
    return {f"gradients/{name}": Sketch.of(p.grad) for name, p in model.named_parameters()}


def test_each_kind_is_what_the_step_used(model):
    optimizer = sgd(model)
    with watch(model, optimizer, every=1) as watching:
        before = {name: p.detach().clone() for name, p in model.named_parameters()}
        hidden = model[0](inputs()).detach()
        with torch.no_grad():
            outputs = {"0": hidden, "1": hidden.relu(), "2": model[2](hidden.relu())}
        watching.resume()  # forgets what this test has run by hand
        model(inputs()).square().mean().backward()
        optimizer.step()
    found = watching.at(0)
    expected = {f"weights/{name}": Sketch.of(old) for name, old in before.items()}
    expected |= of_gradients(model)
    for name, parameter in model.named_parameters():
        expected[f"updates/{name}"] = Sketch.of(parameter.detach() - before[name])
    expected |= {f"activations/{name}": Sketch.of(value) for name, value in outputs.items()}
    assert found == expected


def test_the_numbers_beside_are_those_of_numpy(model):
    model = nn.Sequential(model[0], nn.Tanh(), model[2])
    optimizer, history = sgd(model), History()
    with torch.no_grad():
        model.get_parameter("0.weight")[2] = 50.0
    before = model.get_parameter("0.weight").detach().clone()
    with watch(model, optimizer, history, every=1):
        model(inputs()).square().mean().backward()
        optimizer.step()
    change = float((model.get_parameter("0.weight").detach() - before).double().norm())
    tanh = torch.tanh(nn.functional.linear(inputs(), before, torch.zeros(5)))
    assert history["updates/0.weight/ratio"].at(0) == pytest.approx(
        change / float(before.double().norm()), 1e-6
    )
    assert history["weights/0.weight/norm"].at(0) == pytest.approx(
        float(before.double().norm()), 1e-6
    )
    assert history["weights/0.weight/nan"].at(0) == history["weights/0.weight/inf"].at(0) == 0.0
    assert history["weights/0.weight/zeros"].at(0) == 0.0
    assert history["activations/1/linear"].at(0).sum() == tanh.numel()
    assert 0.15 < history["activations/1/saturated"].at(0) < 0.4, "one unit of five, and some"


def test_peak_is_the_largest_as_a_multiple_of_the_quantile(model):
    with torch.no_grad():
        model.add_module("wide", nn.Linear(300, 300))
        model.get_parameter("wide.weight")[0, 0] = 20.0
    with watch(model, log="weights") as watching:
        watching.step(0)
    values = model.get_parameter("wide.weight").detach().abs().numpy()
    expected = values.max() / np.quantile(values, 0.999)
    assert watching.history["weights/wide.weight/peak"].last == pytest.approx(expected, rel=0.07)


def test_dead_channels_are_those_that_are_zero_for_all_micro_batches(model):
    with torch.no_grad():
        model[0].get_parameter("bias")[:2] = -1e3
    optimizer = sgd(model)
    with watch(model, optimizer, log="activations", every=1) as watching:
        for part in range(3):
            model(inputs(seed=part)).square().mean().backward()
        optimizer.step()
    assert watching.at(0)["activations/1"].n == 3 * 8 * 5
    assert watching.history["activations/1/dead"].last == pytest.approx(0.4)
    assert watching.history["activations/1/zeros"].last >= 0.4


def test_channels_of_images_are_the_second_dimension():
    net = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU())
    with torch.no_grad():
        net[0].get_parameter("bias")[1] = -1e3
    optimizer = sgd(net)
    with watch(net, optimizer, log="activations", every=1) as watching:
        net(torch.randn(2, 1, 6, 6)).sum().backward()
        optimizer.step()
    assert watching.history["activations/1/dead"].last == 0.25


def test_nan_and_inf_are_counted(model):
    optimizer = sgd(model)
    with watch(model, optimizer, log="gradients", every=1) as watching:
        model(inputs()).sum().backward()
        model[0].weight.grad[0, :2] = torch.tensor([torch.nan, -torch.inf])
        optimizer.step()
    assert watching.history["gradients/0.weight/nan"].last == 1.0
    assert watching.history["gradients/0.weight/inf"].last == 1.0


def test_gradients_are_read_after_accumulation_and_clipping(model):
    optimizer = sgd(model)
    with watch(model, optimizer, log="gradients", every=1) as watching:
        for part in range(2):
            model(inputs(seed=part)).square().sum().backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1e-3)
        expected = of_gradients(model)
        optimizer.step()
    assert watching.at(0) == expected


def test_gradients_are_unscaled_and_skipped_steps_are_no_steps(model):
    optimizer = sgd(model)
    scaler = torch.amp.GradScaler("cpu", init_scale=1024.0, growth_interval=1000)
    with watch(model, optimizer, log="gradients", every=1) as watching:
        for step in range(2):
            optimizer.zero_grad()
            scaler.scale(model(inputs()).square().mean()).backward()
            if step == 0:
                model[0].bias.grad[0] = torch.inf
            scaler.step(optimizer)
            scaler.update()
        expected = of_gradients(model)
    assert watching.history["gradients/0.bias"].formatted_steps == ["0"]
    assert watching.at(0) == expected
    plain = copy.deepcopy(model)
    plain.zero_grad()
    assert watching.at(0)["gradients/2.bias"].max < 10, "not multiplied by 512"


def test_after_backward_reads_where_no_optimizer_steps(model):
    with watch(model, log=("weights", "gradients"), every=1) as watching:
        for _ in range(2):
            model.zero_grad()
            (model(inputs()).square().mean() * 8.0).backward()
            watching.after_backward(scale=8.0)
    unscaled = {key: Sketch.of(p.grad / 8.0) for key, p in model.named_parameters()}
    assert watching.history["gradients/0.weight"].formatted_steps == ["0", "1"]
    assert watching.at(1)["gradients/0.weight"] == unscaled["0.weight"]


def test_a_step_after_after_backward_is_the_same_step_and_its_gradients_count(model):
    optimizer = sgd(model)
    with watch(model, optimizer, log=("gradients", "updates"), every=1) as watching:
        for _ in range(2):
            optimizer.zero_grad()
            model(inputs()).square().mean().backward()
            watching.after_backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1e-3)
            optimizer.step()
    assert watching.history["gradients/0.weight"].formatted_steps == ["0", "1"]
    assert watching.at(1)["gradients/0.weight"] == Sketch.of(model[0].weight.grad)
    assert "updates/0.weight" in watching.at(1)


def test_optimizers_in_the_backward_pass_are_one_step(model):
    optimizers = {p: torch.optim.SGD([p], lr=0.1) for p in model.parameters()}
    seen = {}

    def update(parameter):
        seen[id(parameter)] = Sketch.of(parameter.grad)
        optimizers[parameter].step()
        optimizers[parameter].zero_grad()

    handles = [p.register_post_accumulate_grad_hook(update) for p in model.parameters()]
    with watch(model, log=("gradients", "updates"), every=1) as watching:
        model(inputs()).square().mean().backward()
    for handle in handles:
        handle.remove()
    found = watching.at(0)
    for name, parameter in model.named_parameters():
        assert found[f"gradients/{name}"] == seen[id(parameter)]
        assert f"updates/{name}" in found


def test_a_closure_makes_its_gradients_within_the_step(model):
    optimizer = torch.optim.LBFGS(model.parameters(), max_iter=2)

    def closure():
        optimizer.zero_grad()
        loss = model(inputs()).square().mean()
        loss.backward()
        return loss

    with watch(model, optimizer, every=1) as watching:
        optimizer.step(closure)
    assert watching.at(0)["gradients/0.weight"] == Sketch.of(model[0].weight.grad)
    assert watching.at(0)["updates/0.weight"].zeros < 30


def test_frozen_parameters_have_weights_only(model):
    model[0].requires_grad_(requires_grad=False)
    optimizer = sgd(model)
    with watch(model, optimizer, log=("weights", "gradients", "updates"), every=1) as watching:
        model(inputs()).sum().backward()
        optimizer.step()
    assert [key for key in watching.at(0) if "/0." in key] == ["weights/0.weight", "weights/0.bias"]


class Checkpointed(nn.Module):
    def __init__(self, *, reentrant):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(6, 5), nn.ReLU(inplace=True))
        self.head = nn.Linear(5, 2)
        self.reentrant = reentrant

    def forward(self, values):
        values = values.requires_grad_()
        return self.head(checkpoint(self.body, values, use_reentrant=self.reentrant))


@pytest.mark.parametrize("reentrant", [True, False])
def test_what_a_checkpoint_computes_again_is_not_counted_again(reentrant):
    net = Checkpointed(reentrant=reentrant)
    optimizer = sgd(net)
    with watch(net, optimizer, log="activations", every=1) as watching:
        net(inputs()).sum().backward()
        optimizer.step()
    found = watching.at(0)
    assert {key: sketch.n for key, sketch in found.items()} == {
        "activations/body.0": 40,
        "activations/body.1": 40,
        "activations/head": 16,
    }
    assert found["activations/body.0"].min < 0 <= found["activations/body.1"].min, (
        "read before the in-place operation"
    )


def test_an_evaluation_between_the_steps_is_passed_over(model):
    optimizer = sgd(model)
    with watch(model, optimizer, log="activations", every=1) as watching:
        model(inputs()).sum().backward()
        model.eval()
        with torch.no_grad():
            model(inputs(100))
        model.train()
        optimizer.step()
    assert watching.at(0)["activations/0"].n == 40


def test_outputs_of_many_kinds_are_read():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.lstm = nn.LSTM(6, 4, batch_first=True)
            self.drop = nn.Dropout(0.5)
            self.attention = nn.MultiheadAttention(4, 2, batch_first=True)

        def forward(self, values):
            values, _ = self.lstm(values)
            return self.attention(*[self.drop(values)] * 3)[0]

    net = Net()
    optimizer = sgd(net)
    with watch(net, optimizer, log="activations", every=1) as watching:
        net(torch.randn(2, 3, 6)).sum().backward()
        optimizer.step()
    assert list(watching.at(0)) == ["activations/lstm", "activations/attention"]
    assert watching.at(0)["activations/lstm"].n == 24


@pytest.mark.parametrize("backend", ["eager", "aot_eager"])
def test_a_compiled_graph_calls_the_taps_without_a_break(model, backend):
    torch._dynamo.reset()
    optimizer = sgd(model)
    with watch(model, optimizer, log=("weights", "activations"), every=1) as watching:
        compiled = torch.compile(model, backend=backend, fullgraph=True)
        for seed in range(3):
            optimizer.zero_grad()
            compiled(inputs(seed=seed)).square().mean().backward()
            if seed == 2:
                with torch.no_grad():
                    expected = Sketch.of(
                        nn.functional.linear(inputs(seed=2), *model[0].parameters())
                    )
            optimizer.step()
        assert torch._dynamo.explain(model)(inputs()).graph_break_count == 0
    assert watching.history["activations/0"].formatted_steps[:3] == ["0", "1", "2"]
    assert watching.at(2)["activations/0"] == expected
    assert watching.at(2)["activations/1"].n == 40
    compiled(inputs()).sum().backward()
    torch._dynamo.reset()


def test_a_model_whose_compiled_code_may_exist_is_refused_until_reset(model):
    torch._dynamo.reset()
    compiled = torch.compile(model, backend="eager")
    watch(compiled, log="activations").close()
    compiled(inputs())
    with pytest.raises(WatchError, match=r"torch\.compiler\.reset\(\)"):
        watch(compiled)
    watch(compiled, log=("weights", "gradients", "updates")).close()
    torch.compiler.reset()
    optimizer = sgd(model)
    with watch(compiled, optimizer, every=1) as watching:
        compiled(inputs()).sum().backward()
        optimizer.step()
    assert "activations/0" in watching.at(0)
    torch._dynamo.reset()


def test_hooks_that_are_never_called_are_said_once(model):
    torch._dynamo.reset()
    optimizer = sgd(model)

    @torch.compile(backend="eager")
    def loss(values):
        return model(values).sum()

    loss(inputs())
    with watch(model, optimizer, every=1), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for _ in range(3):
            loss(inputs()).backward()
            optimizer.step()
    said = [str(w.message) for w in caught if issubclass(w.category, IntrospectWarning)]
    assert len(said) == 1
    assert "torch.compiler.reset()" in said[0]
    torch._dynamo.reset()


def test_scripted_models_are_refused_for_activations(model):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        scripted = torch.jit.script(model)
    with pytest.raises(WatchError, match="call no hooks"):
        watch(scripted)
    watch(scripted, log="weights").close()


def test_nothing_is_left_after_close_or_an_exception(model):
    before = attached(model)

    def interrupted():
        optimizer = sgd(model)
        with watch(model, optimizer, every=1):
            assert attached(model) != before
            model(inputs()).sum().backward()
            optimizer.step()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert attached(model) == before
    watching = watch(model, every=1)
    watching.step(0)
    watching.close()
    assert attached(model) == before
    reference = weakref.ref(watching)
    del watching
    assert reference() is None, "no cycle keeps a Watch alive"


def test_no_tensor_outlives_its_model(model):
    optimizer = sgd(model)
    watching = watch(model, optimizer, every=1)
    model(inputs()).sum().backward()
    optimizer.step()
    weight = weakref.ref(model[0].weight)
    del optimizer, model
    gc.collect()
    fixture_holds = 1  # pytest's own reference to what the fixture returned
    assert len(gc.get_referrers(weight())) <= 1 + fixture_holds
    watching.close()


def test_copies_and_pickles_of_a_watched_model_are_silent(model):
    optimizer = sgd(model)
    with watch(model, optimizer, log="activations", every=1) as watching:
        twin, loaded = copy.deepcopy(model), pickle.loads(pickle.dumps(model))  # noqa: S301  our own bytes
        twin(inputs(50))
        loaded(inputs(50))
        model(inputs()).sum().backward()
        optimizer.step()
    assert watching.at(0)["activations/0"].n == 40


def test_patterns_choose_activations_too(model):
    optimizer = sgd(model)
    with watch(model, optimizer, every=1, modules="2") as watching:
        model(inputs()).sum().backward()
        optimizer.step()
    assert sorted(watching.at(0)) == [
        "activations/2", "gradients/2.bias", "gradients/2.weight", "updates/2.bias",
        "updates/2.weight", "weights/2.bias", "weights/2.weight",
    ]  # fmt: skip


def test_an_explicit_step_gets_the_last_step_of_the_optimizer(model):
    optimizer = sgd(model)
    with watch(model, optimizer, every=3) as watching:
        for step in range(5):  # 0 is recorded by the hook, 1 and 4 by the calls
            optimizer.zero_grad()
            old = model[0].weight.detach().clone()
            model(inputs(seed=step)).square().mean().backward()
            optimizer.step()
            watching.step((0, step))
            if step == 4:
                found = watching.at((0, 4))
                assert found["gradients/0.weight"] == Sketch.of(model[0].weight.grad)
                assert found["weights/0.weight"] == Sketch.of(model[0].weight)
                assert found["updates/0.weight"] == Sketch.of(model[0].weight.detach() - old)
                assert found["activations/0"].n == 40


def test_explicit_steps_once_an_epoch_get_all_kinds(model):
    optimizer = sgd(model)
    with watch(model, optimizer, every=1) as watching:
        for epoch in range(4):
            for _ in range(5):
                optimizer.zero_grad()
                model(inputs()).square().mean().backward()
                optimizer.step()
            watching.step(epoch + 10)
    assert {key.split("/")[0] for key in watching.at(13)} == {
        "weights", "gradients", "updates", "activations",
    }  # fmt: skip
    assert watching.at(13)["activations/0"].n == 40


def test_a_history_that_is_followed_gets_all_kinds(model):
    optimizer, history = sgd(model), History()
    with watch(model, optimizer, history, every=2) as watching:
        for step in range(12):
            optimizer.zero_grad()
            model(inputs()).square().mean().backward()
            optimizer.step()
            if step % 3 == 2:
                history.log((1, step), loss=1.0)
    for step in [(1, 5), (1, 8)]:
        found = watching.at(step)
        assert len(found) == 4 + 4 + 4 + 3
        assert found["activations/0"].n == 40


@pytest.mark.parametrize("size", [1, 7, 100, 4096])
def test_samples_are_spread_over_all_columns(size):
    values = torch.arange(64 * 128.0).reshape(64, 128)
    taken = sampled(values, size)
    assert len(taken) <= size
    stride = stride_of((64, 128), size)
    assert torch.equal(taken, values.flatten()[::stride])
    assert 64 % stride
    assert 128 % stride
    if size == 4096:
        share = (taken.long() % 128 == 0).double().mean().item()
        assert share == pytest.approx(1 / 128, rel=0.2)


def test_samples_estimate_norms_and_leave_weights_alone():
    torch.manual_seed(0)
    net = nn.Linear(300, 300)
    optimizer = sgd(net)
    old = net.weight.detach().clone()
    with watch(net, optimizer, every=1, sample=5000) as watching:
        net(torch.randn(4, 300)).square().mean().backward()
        optimizer.step()
    change = net.weight.detach() - old
    assert watching.at(0)["weights/weight"].n <= 5000
    norm = watching.history["weights/weight/norm"].at(0)
    assert norm == pytest.approx(float(old.norm()), rel=0.05)
    ratio = watching.history["updates/weight/ratio"].at(0)
    assert ratio == pytest.approx(float(change.norm() / old.norm()), rel=0.1)
    assert watching.at(0)["updates/weight"].min >= change.min()


@pytest.mark.parametrize("shape", [(40, 30), (600, 700), (8, 3, 5, 5)])
def test_spectra_are_those_of_numpy(shape):
    generator = torch.Generator().manual_seed(0)
    weight = torch.randn(shape, generator=generator)
    weight[0] *= 10.0
    found = spectrum(weight, 3)
    true = np.linalg.svd(weight.flatten(1).numpy().astype(np.float64), compute_uv=False)
    assert found is not None
    values, stable_rank = found
    assert values[0].item() == pytest.approx(true[0], rel=1e-4)
    np.testing.assert_allclose(values.numpy(), true[:3], rtol=0.05)
    assert stable_rank == pytest.approx((true**2).sum() / true[0] ** 2, rel=1e-3)


def test_spectra_come_once_an_epoch_and_leave_the_random_numbers_alone(model):
    optimizer, history = sgd(model), History()
    state = torch.get_rng_state()
    with watch(model, optimizer, history, log="weights", every=1, spectra=2) as watching:
        for epoch in range(2):
            for step in range(3):
                watching.step((epoch, step))
    assert torch.equal(state, torch.get_rng_state())
    assert history["weights/0.weight/stable_rank"].formatted_steps == ["0:0", "1:0"]
    assert history["weights/0.weight/spectrum"].last.shape == (2,)
    assert "weights/0.bias/stable_rank" not in history.keys()  # noqa: SIM118
    assert spectrum(torch.zeros(3, 3), 1) is None
    assert spectrum(torch.full((3, 3), torch.nan), 1) is None
    assert spectrum(torch.ones(3), 1) is None


def test_a_pace_spends_its_share_and_saves_nothing(monkeypatch):
    now = [0.0]
    monkeypatch.setattr("introspect.tensors.pace.perf_counter", lambda: now[0])
    pace, records = Pace(0.01), 0
    for step in range(10_000):
        now[0] += 100.0 if step == 5000 else 0.1  # a long validation
        pace.tick()
        if pace.is_due:
            records += 1
            now[0] += 0.05
            pace.spend(0.05)
    assert pace.spent_s <= 0.01 * pace.trained_s + 0.05
    assert records == pytest.approx(10_000 * 0.1 * 0.01 / 0.05, rel=0.05)


def test_auto_records_the_first_step_and_then_seldom(model):
    optimizer = sgd(model)
    with watch(model, optimizer, every="auto") as watching:
        for _ in range(300):
            optimizer.zero_grad()
            model(inputs()).sum().backward()
            optimizer.step()
    steps = watching.history["weights/0.weight"].formatted_steps
    assert steps[0] == "0"
    assert len(steps) < 30


_TENSORS = [
    torch.randn(1000, generator=torch.Generator().manual_seed(3)),
    torch.tensor([0.0, -0.0, 1.0, torch.nan, torch.inf, -torch.inf, -torch.inf]),
    torch.empty(0),
    torch.randn(7, 5, generator=torch.Generator().manual_seed(4)).t(),
    torch.full((3,), torch.nan),
    torch.tensor([1e-40, -3e38, 3.0]),
    torch.randn(9, generator=torch.Generator().manual_seed(5)).to(torch.bfloat16),
]


@pytest.mark.parametrize("group", [1 << 24, 8])
def test_a_sweep_over_many_tensors_counts_as_one_by_one(monkeypatch, group):
    monkeypatch.setattr("introspect.tensors.sweep.GROUP_VALUES", group)
    assert read_tables(*tables(_TENSORS)) == [Sketch.of(tensor) for tensor in _TENSORS]


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_a_sweep_on_a_device_is_read_later_and_equal():
    net = nn.Sequential(nn.Linear(64, 64), nn.Tanh(), nn.Linear(64, 2)).cuda()
    optimizer = sgd(net)
    old = {name: p.detach().cpu() for name, p in net.named_parameters()}
    with watch(net, optimizer, every=1) as watching:
        torch.cuda.set_sync_debug_mode("error")
        net(torch.randn(8, 64, device="cuda")).square().mean().backward()
        optimizer.step()
        torch.cuda.set_sync_debug_mode("default")
    found = watching.at(0)
    for name, parameter in net.named_parameters():
        assert found[f"weights/{name}"] == Sketch.of(old[name])
        assert found[f"gradients/{name}"] == Sketch.of(parameter.grad)
    assert found["activations/1"].n == 512


def test_the_overhead_is_the_share_of_the_time_that_records_took(model):
    optimizer = sgd(model)
    with watch(model, optimizer, every=2) as watching:
        assert watching.overhead == 0.0
        for _ in range(20):
            optimizer.zero_grad()
            model(inputs()).sum().backward()
            optimizer.step()
        pace = watching._pace
        assert watching.overhead == pytest.approx(pace.spent_s / pace.trained_s)
        assert watching.overhead > 0.0


def test_learning_rates_are_logged_by_group_and_by_optimizer(model):
    one = torch.optim.SGD(
        [{"params": [model[0].weight], "lr": 0.5}, {"params": [model[0].bias], "lr": 0.25}]
    )
    two = torch.optim.Adam(model[2].parameters(), lr=torch.tensor(0.125))
    schedule = torch.optim.lr_scheduler.ExponentialLR(one, 0.5)
    with watch(model, every=1) as watching:
        for _ in range(2):
            model(inputs()).sum().backward()
            one.step()
            two.step()
            schedule.step()
    history = watching.history
    assert history["optimizer/group_0/lr"].data.tolist() == [0.5, 0.25]
    assert history["optimizer/group_1/lr"].data.tolist() == [0.25, 0.125]
    assert history["optimizer_1/lr"].data.tolist() == [0.125, 0.125]
