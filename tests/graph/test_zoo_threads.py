"""Several threads that trace, or trace and train, each as if it were alone."""

import threading

import pytest
import torch
from torch import nn

import introspect
from tests.graph.conftest import check_nothing_left, state_of, state_of_torch
from tests.zoo.catalog import make


def trained(model, steps, *, until=None):
    """Losses and final weights of a training; with `until`, steps go on till it is set."""
    optimizer = torch.optim.Adam(model.train().parameters(), lr=1e-3)
    x = torch.linspace(0, 1, 2 * 3 * 16 * 16).view(2, 3, 16, 16)
    losses = []
    while len(losses) < steps or (until is not None and not until.is_set()):
        optimizer.zero_grad()
        loss = model(x).pow(2).mean()
        loss.backward()
        optimizer.step()
        if len(losses) < steps:
            losses.append(loss.item())
            kept = [tensor.clone() for tensor in model.state_dict().values()]
    return losses, kept


@pytest.mark.usefixtures("stance")
def test_two_threads_trace_while_a_third_trains_and_all_get_what_they_get_alone(zoo_graph):
    models = ("unet", "transformer")
    alone = trained(make("unet").model, 8)
    wrong, done, got = [], threading.Event(), []

    def trace(name):
        model, args, kwargs = make(name)
        before = state_of(model, args, kwargs)["tensors"]
        for _ in range(10):
            graph = introspect.trace(model, *args, **kwargs)
            if graph.fingerprint != zoo_graph(name).fingerprint or graph.notes:
                wrong.append(name)
        if state_of(model, args, kwargs)["tensors"] != before:
            wrong.append(f"{name} was changed")

    for name in models:
        zoo_graph(name)
    trainee = make("unet").model
    trainer = threading.Thread(target=lambda: got.append(trained(trainee, 8, until=done)))
    tracers = [threading.Thread(target=trace, args=(name,)) for name in models]
    for thread in (trainer, *tracers):
        thread.start()
    for thread in tracers:
        thread.join()
    done.set()
    trainer.join()
    assert wrong == []
    assert got[0][0] == alone[0]
    assert all(torch.equal(a, b) for a, b in zip(got[0][1], alone[1], strict=True))


def overlapping(trace):
    """Two calls of `trace`: the first begins first and ends first, while the second runs.

    `trace` is given what its model calls half-way. Waits end by themselves, so that a trace
    may as well let another one wait.
    """
    inside = [threading.Event(), threading.Event()]
    first_is_done = threading.Event()

    def first():
        trace(lambda: (inside[0].set(), inside[1].wait(1)))
        first_is_done.set()

    def second():
        inside[0].wait(1)
        trace(lambda: (inside[1].set(), first_is_done.wait(1)))

    threads = [threading.Thread(target=call) for call in (first, second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert first_is_done.is_set()


class Meets(nn.Module):
    """Calls half-way what it is given."""

    def __init__(self):
        super().__init__()
        self.layer, self.norm = nn.Linear(4, 4), nn.BatchNorm1d(4)

    def forward(self, x, call):
        x = self.norm(self.layer(x))
        call()
        return self.norm(x)


@pytest.fixture
def stance():
    """The compiler's, after whatever."""
    import torch._dynamo

    yield lambda: torch._dynamo.eval_frame._stance.stance
    torch.compiler.set_stance("default")


@pytest.mark.parametrize("mode", ["real", "fake"])
def test_overlapping_traces_of_two_models_leave_what_belongs_to_the_process(stance, mode):
    before, was = state_of_torch(), stance()
    tracer, x = introspect.Tracer(mode=mode), torch.rand(3, 4)
    overlapping(lambda call: tracer.trace(Meets(), x, call))
    assert stance() == was
    check_nothing_left(before, state_of_torch())


@pytest.mark.usefixtures("stance")
@pytest.mark.parametrize("mode", ["real", "fake"])
def test_overlapping_traces_of_one_model_leave_it_as_it_was(mode):
    model, x = Meets().train(), torch.rand(3, 4)
    before = state_of(model, x)["tensors"]
    tracer = introspect.Tracer(mode=mode)
    overlapping(lambda call: tracer.trace(model, x, call))
    assert state_of(model, x)["tensors"] == before
