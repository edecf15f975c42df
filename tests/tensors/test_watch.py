"""What is recorded, when, under which step; and that nothing is left behind."""

import gc
import warnings
import weakref

import numpy as np
import pytest
import torch
from torch import nn
from torch.optim import optimizer as torch_optimizer

from introspect.errors import IntrospectWarning, WatchError
from introspect.history import History
from introspect.nouns.sketch import Sketch
from introspect.tensors import Watch
from introspect.tensors import watch as watch_all


def watch(*arguments, log=("weights",), **options):
    """Weights alone; the other kinds have tests of their own."""
    return watch_all(*arguments, log=log, **options)


def hooks():
    pre, post = (
        torch_optimizer._global_optimizer_pre_hooks,
        torch_optimizer._global_optimizer_post_hooks,
    )
    assert len(pre) == len(post)
    return len(pre)


@pytest.fixture(autouse=True)
def nothing_is_left_in_torch():
    gc.collect()
    before = hooks()
    yield
    gc.collect()
    assert hooks() == before


@pytest.fixture
def model():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(6, 5), nn.ReLU(), nn.Linear(5, 2))


def sgd(model, **options):
    return torch.optim.SGD(model.parameters(), lr=0.1, **options)


def train(model, optimizer, steps, after=lambda _: None):
    """Some steps of training; `after` runs after each."""
    generator = torch.Generator().manual_seed(1)
    for step in range(steps):
        inputs = torch.randn(8, 6, generator=generator)
        optimizer.zero_grad()
        model(inputs).square().mean().backward()
        optimizer.step()
        after(step)


def weights_of(model):
    return {f"weights/{name}": Sketch.of(tensor) for name, tensor in model.named_parameters()}


def recorded(history, key="weights/0.weight"):
    return history[key].formatted_steps


def test_the_first_record_is_the_model_as_it_was_initialised(model):
    initial = weights_of(model)
    with watch(model, every=100) as watching:
        train(model, sgd(model), 3)
    assert watching.at(0) == initial
    assert list(watching.at(0)) == list(initial)


def test_optimizer_steps_are_counted_without_any_call(model):
    seen = {0: weights_of(model)}
    with watch(model, every=4) as watching:
        train(model, sgd(model), 10, lambda step: seen.update({step + 1: weights_of(model)}))
    assert recorded(watching.history) == ["0", "4", "8", "10"]
    for step in (0, 4, 8, 10):
        assert watching.at(step) == seen[step]


def test_close_records_what_the_last_step_left_but_only_if_there_was_one(model):
    optimizer = sgd(model)
    watching = watch(model, optimizer, every=1)
    train(model, optimizer, 2)
    watching.close()
    watching.close()
    assert recorded(watching.history) == ["0", "1", "2"]
    assert watching.at(2) == weights_of(model)


def test_records_take_the_step_that_was_logged_last(model):
    history, seen = History(), {}
    optimizer = sgd(model)
    with watch(model, optimizer, history, every=10):
        for epoch in range(2):

            def after(step, epoch=epoch):
                if step % 10 == 0:
                    history.log((epoch, step), loss=1.0)
                    seen[epoch, step] = weights_of(model)

            train(model, optimizer, 30, after)
    metric = history["weights/0.weight"]
    assert metric.formatted_steps == ["0:0", "0:10", "0:20", "1:0", "1:10", "1:20"]
    for step in [(0, 10), (0, 20), (1, 0), (1, 10), (1, 20)]:
        assert metric.at(step) == seen[step]["weights/0.weight"], "weights of the moment of the log"


def test_a_history_that_is_logged_to_once_an_epoch_gets_one_record_an_epoch(model):
    history, seen = History(), {}
    optimizer = sgd(model)
    with watch(model, optimizer, history, every=2):
        for epoch in range(3):
            train(model, optimizer, 5)
            history.log((epoch, 4), acc=0.5)
            seen[epoch, 4] = weights_of(model)
    metric = history["weights/0.weight"]
    assert metric.formatted_steps[-2:] == ["1:4", "2:4"]
    assert metric.at((1, 4)) == seen[1, 4]["weights/0.weight"]
    assert metric.at((2, 4)) == seen[2, 4]["weights/0.weight"]


def test_a_single_log_before_the_training_does_not_stop_the_counting(model):
    history, optimizer = History(), sgd(model)
    history.log(0, batch_size=8.0)
    with watch(model, optimizer, history, every=2):
        train(model, optimizer, 5)
    assert recorded(history) == ["0", "2", "4", "5"]


def test_a_run_that_goes_on_is_followed_from_where_it_stands(model):
    history, optimizer = History(), sgd(model)
    history.log((3, 9), loss=1.0)
    with watch(model, optimizer, history, every=1):
        train(model, optimizer, 2, lambda step: history.log((4, step), loss=1.0))
    assert recorded(history) == ["3:9", "4:0", "4:1"]


def test_a_history_that_counts_slower_is_said_once_and_the_optimizer_counts_on(model):
    history, optimizer = History(), sgd(model)

    def epochs():
        for epoch in range(3):
            train(model, optimizer, 4)
            history.log(epoch, acc=0.5)

    with watch(model, optimizer, history, every=2), pytest.warns(IntrospectWarning) as caught:
        epochs()
    assert recorded(history) == ["0", "2", "4", "6", "8", "10", "12"]
    assert len(caught) == 1
    assert "watch.step(step)" in str(caught[0].message)


def test_explicit_steps_win_over_the_optimizer(model):
    history, optimizer = History(), sgd(model)
    watching = watch(model, optimizer, history, every=2)
    for epoch in range(5):
        watching.step((epoch, 0))
        train(model, optimizer, 3)
    watching.close()
    assert recorded(history) == ["0:0", "2:0", "4:0"]


def test_explicit_steps_without_a_step_follow_history_or_count(model):
    history = History()
    with watch(model, history=history, every=1) as watching:
        watching.step()
        watching.step()
        history.log(7, loss=1.0)
        watching.step()
        watching.step()
    assert recorded(history) == ["0", "1", "7"]


def test_one_step_is_recorded_once(model):
    history, optimizer = History(), sgd(model)
    initial = weights_of(model)
    with watch(model, optimizer, history, every=1) as watching:
        watching.step(5)
        train(model, optimizer, 1)
        watching.step(5)
    assert recorded(history) == ["5"]
    assert watching.at(5) == initial


def test_a_hooked_record_and_an_explicit_one_share_no_step(model):
    optimizer = sgd(model)
    with watch(model, optimizer, every=1) as watching:
        train(model, optimizer, 1)
        watching.step(0)
        watching.step(1)
    assert recorded(watching.history) == ["0", "1"]
    assert watching.at(1) == weights_of(model)


def test_pause_and_resume(model):
    optimizer = sgd(model)
    watching = watch(model, optimizer, every=2)
    train(model, optimizer, 3)
    watching.pause()
    assert "paused" in repr(watching)
    train(model, optimizer, 4)
    watching.resume()
    train(model, optimizer, 1)
    watching.pause()
    watching.close()
    assert recorded(watching.history) == ["0", "2", "7"]


def test_optimizers_of_other_models_do_not_count(model):
    other = nn.Sequential(nn.Linear(6, 2))
    with watch(model, every=1) as watching:
        train(other, sgd(other), 3)
        assert "0 records" in repr(watching)
        train(model, sgd(model), 1)
    assert recorded(watching.history) == ["0", "1"]


def test_only_the_given_optimizer_counts(model):
    mine, other = sgd(model), sgd(model)
    with watch(model, mine, every=1) as watching:
        train(model, other, 3)
        assert "0 records" in repr(watching)
        train(model, mine, 1)


def test_two_optimizers_that_take_turns_make_one_step(model):
    body, head = torch.optim.SGD(model[0].parameters(), lr=0.1), sgd(model[2])
    with watch(model, every=1) as watching:
        for _ in range(3):
            model(torch.ones(2, 6)).sum().backward()
            body.step()
            head.step()
    assert recorded(watching.history) == ["0", "1", "2", "3"]


def test_a_second_optimizer_takes_over_when_the_first_is_done(model):
    with watch(model, every=1) as watching:
        first = sgd(model)
        train(model, first, 3)
        train(model, sgd(model), 3)
    assert len(recorded(watching.history)) == 6


def test_an_optimizer_that_is_given_the_model_later_counts(model):
    other = nn.Linear(1, 1)
    optimizer = torch.optim.SGD(other.parameters(), lr=0.1)
    with watch(model, every=1) as watching:
        optimizer.step()
        assert "0 records" in repr(watching)
        optimizer.add_param_group({"params": list(model.parameters())})
        optimizer.step()
        assert "1 records" in repr(watching)


def test_training_is_bit_for_bit_the_same():
    def result(every):
        torch.manual_seed(3)
        net = nn.Sequential(nn.Linear(6, 300), nn.Dropout(0.5), nn.ReLU(), nn.Linear(300, 300))
        optimizer = torch.optim.AdamW(net.parameters())
        watching = watch(net, optimizer, every=every) if every else None
        train(net, optimizer, 20)
        if watching:
            watching.close()
        return [tensor.detach().clone() for tensor in net.parameters()], torch.get_rng_state()

    plain, state = result(0)
    watched, watched_state = result(1)
    assert all(torch.equal(one, two) for one, two in zip(plain, watched, strict=True))
    assert torch.equal(state, watched_state)


def test_nothing_is_put_on_the_model(model):
    def attachments():
        return [
            (type(value), len(value) if hasattr(value, "__len__") else None)
            for module in model.modules()
            for value in vars(module).values()
        ] + [len(tensor._backward_hooks or {}) for tensor in model.parameters()]

    before, state = attachments(), list(model.state_dict())
    with watch(model, every=1) as watching:
        train(model, sgd(model), 2)
        del watching
        assert attachments() == before
    assert list(model.state_dict()) == state
    assert not any(tensor.requires_grad is False for tensor in model.parameters())


def test_no_graph_is_kept(model):
    with torch.no_grad(), watch(model, every=1) as watching:
        watching.step(0)
    with torch.inference_mode():
        second = watch(model, every=1)
        second.step(0)
        second.close()
    assert all(tensor.grad is None and tensor.grad_fn is None for tensor in model.parameters())


def test_an_exception_in_the_block_takes_the_hook_off(model):
    before = hooks()

    def interrupted():
        with watch(model, every=1):
            assert hooks() == before + 1
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert hooks() == before


def test_a_collected_watch_takes_its_hook_off(model):
    before = hooks()
    watching = watch(model, every=1)
    train(model, sgd(model), 1)
    del watching
    gc.collect()
    assert hooks() == before
    train(model, sgd(model), 1)


def test_a_watch_that_was_never_kept_says_so(model):
    with pytest.warns(IntrospectWarning, match=r"Keep it: watch = introspect\.watch"):
        watch(model)


def test_a_watch_does_not_keep_its_model_alive():
    net = nn.Linear(2, 2)
    reference = weakref.ref(net)
    watching = watch(net, sgd(net), every=1)
    del net
    gc.collect()
    assert reference() is None
    watching.step(0)
    assert "a model that is gone" in repr(watching)
    other = nn.Sequential(nn.Linear(6, 2))
    train(other, sgd(other), 1)
    assert not recorded_any(watching)
    watching.close()


def recorded_any(watching):
    return [key for key in watching.history.keys() if key.startswith("weights/")]  # noqa: SIM118


def test_a_history_that_fails_is_one_warning_and_no_exception(model):
    class Broken:
        step = None

        def log(self, _step, /, **_values):
            raise OSError(28, "No space left on device")

    optimizer = sgd(model)
    watching = watch(model, optimizer, Broken(), every=1)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        train(model, optimizer, 5)
        watching.step(9)
        watching.close()
    assert [warning.category for warning in caught] == [IntrospectWarning]
    assert "No space left" in str(caught[0].message)


def test_a_step_that_is_none_is_one_warning_and_no_exception(model):
    with watch(model) as watching, pytest.warns(IntrospectWarning, match="could not record"):
        watching.step("three")


def test_a_parameter_that_cannot_be_read_does_not_cost_the_others(model):
    model[2] = nn.Linear(5, 2, device="meta")
    with pytest.warns(IntrospectWarning, match=r"2\.weight"), watch(model) as watching:
        watching.step(0)
    assert list(watching.at(0)) == ["weights/0.weight", "weights/0.bias"]


def test_a_closed_watch_is_silent(model):
    watching = watch(model, every=1)
    watching.step(0)
    watching.close()
    watching.step(1)
    train(model, sgd(model), 1)
    assert recorded(watching.history) == ["0"]
    assert "closed" in repr(watching)


def test_a_shared_parameter_is_recorded_once_under_its_first_name():
    class Tied(nn.Module):
        def __init__(self):
            super().__init__()
            self.embed = nn.Embedding(4, 3)
            self.head = nn.Linear(3, 4, bias=False)
            self.head.weight = self.embed.weight

    tied = Tied()
    with watch(tied) as watching:
        watching.step(0)
    assert list(watching.at(0)) == ["weights/embed.weight"]
    with watch(tied, modules="head") as watching:
        watching.step(0)
    assert list(watching.at(0)) == ["weights/head.weight"]


@pytest.mark.parametrize(
    ("patterns", "expected"),
    [
        ("0", ["0.weight", "0.bias"]),
        (["2", "0"], ["0.weight", "0.bias", "2.weight", "2.bias"]),
        ("*", ["0.weight", "0.bias", "2.weight", "2.bias"]),
        ("[!0]", ["2.weight", "2.bias"]),
    ],
)
def test_patterns_choose_modules(model, patterns, expected):
    with watch(model, modules=patterns) as watching:
        watching.step(0)
    assert [key.removeprefix("weights/") for key in watching.at(0)] == expected


def test_a_path_stands_for_all_below_it():
    net = nn.ModuleDict({"body": nn.Sequential(nn.Linear(2, 2)), "head": nn.Linear(2, 1)})
    with watch(net, modules="body") as watching:
        watching.step(0)
    assert list(watching.at(0)) == ["weights/body.0.weight", "weights/body.0.bias"]


def test_lazy_parameters_are_recorded_once_they_have_values():
    net = nn.Sequential(nn.LazyLinear(3), nn.Linear(3, 2))
    with watch(net, every=1) as watching:
        watching.step(0)
        net(torch.ones(1, 4))
        watching.step(1)
    assert "weights/0.weight" not in watching.at(0)
    assert "weights/0.weight" in watching.at(1)


def test_a_compiled_model_keeps_its_plain_names(model):
    class Compiled(nn.Module):
        """What torch.compile returns, as far as names are concerned."""

        def __init__(self, inner):
            super().__init__()
            self._orig_mod = inner

    with watch(Compiled(model)) as watching:
        watching.step(0)
    assert "weights/0.weight" in watching.at(0)


def test_records_are_there_when_a_run_is_opened_again(model, tmp_path):
    optimizer = sgd(model)
    with History(tmp_path / "run") as history, watch(model, optimizer, history, every=3):
        train(model, optimizer, 6)
    reopened = History(tmp_path / "run")
    assert reopened["weights/2.bias"].last == Sketch.of(model[2].bias)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda m: watch([m]), "only a torch.nn.Module can be watched"),
        (lambda _: watch(None), "only a torch.nn.Module can be watched"),
        (lambda _: watch(nn.ReLU()), "no parameters to watch"),
        (lambda m: watch(m, History()), "the second argument is the optimizer"),
        (lambda m: watch(m, sgd(nn.Linear(1, 1))), "holds no parameters of the model"),
        (lambda m: watch(m, history={}), "this is no history"),
        (lambda m: watch(m, log=("weights", "moments")), "watch records weights, gradients"),
        (lambda m: watch(m, log=()), "watch records weights"),
        (lambda m: watch(m, every=0), "every counts calls"),
        (lambda m: watch(m, every=2.5), "every counts calls"),
        (lambda m: watch(m, every=True), "every counts calls"),
        (lambda m: watch(m, every="often"), "every counts calls"),
        (lambda m: watch(m, sample=0), "sample counts values"),
        (lambda m: watch(m, spectra=-1), "spectra counts singular values"),
        (lambda m: watch(m, modules="layer*"), "no module matches"),
        (lambda m: watch(m, modules=["0", "nope"]), "no module matches"),
        (lambda m: watch(m, modules="1"), "have no parameters"),
        (lambda m: watch(m, modules=[]), "have no parameters"),
    ],
)
def test_what_cannot_be_watched_is_refused_at_once(model, call, message):
    with pytest.raises(WatchError, match=message):
        call(model)


def test_errors_say_what_there_is(model):
    with pytest.raises(WatchError, match=r"try    one of 0, 2"):
        watch(model, modules="layer*")
    with pytest.raises(WatchError, match=r"given  log=\('spectra',\)"):
        watch(model, log=("spectra",))
    with watch(model) as watching:
        with pytest.raises(WatchError, match="train first"):
            watching.at(0)
        watching.step(3)
        with pytest.raises(WatchError, match="one of 3"):
            watching.at(4)


def test_one_name_is_as_good_as_a_tuple_of_one(model):
    with watch(model, log="weights") as watching:
        watching.step(0)
    assert isinstance(watching, Watch)


def test_warnings_that_are_errors_are_the_only_thing_that_can_stop_a_training(model):
    """With `-W error` a person asks for exceptions; the weights are still whole."""
    history = History()
    with watch(model, history=history) as watching, warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(IntrospectWarning):
            watching.step("x")
    assert np.isfinite(model[0].weight.detach().numpy()).all()
