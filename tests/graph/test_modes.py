"""Modes and levels of tracing, flags, hints, and two threads at once."""

import cProfile
import sys
import threading
import time

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

import introspect
from introspect.errors import TraceError


def structure(graph):
    """What must be equal for two graphs to show the same thing."""
    return [
        (op.name, op.call.path, [v.index for v in op.inputs], [v.shape for v in op.outputs])
        for op in graph.ops
    ]


def test_a_fake_run_gives_the_same_graph_and_changes_nothing(convnet, image):
    weights = dict(convnet.named_parameters())
    real = introspect.trace(convnet, image)
    fake = introspect.Tracer(mode="fake").trace(convnet, image)
    assert (real.mode, fake.mode) == ("real", "fake")
    assert structure(fake) == structure(real)
    assert all(p is weights[name] for name, p in convnet.named_parameters())


def test_a_model_on_meta_is_traced_fake_by_itself():
    with torch.device("meta"):
        model = nn.Sequential(nn.Linear(8, 4), nn.ReLU(), nn.Linear(4, 2))
    graph = introspect.trace(model, torch.zeros(3, 8))
    assert graph.mode == "fake"
    assert graph.outputs[0].shape == (3, 2)
    assert graph.notes == ()
    assert all(p.is_meta for p in model.parameters())


def test_a_fake_run_that_needs_numbers_names_the_way_out():
    class Branches(nn.Module):
        def forward(self, x):
            return x if x.sum() > 0 else -x

    with pytest.raises(TraceError, match=r'reads numbers[\s\S]*mode="real"'):
        introspect.Tracer(mode="fake").trace(Branches(), torch.ones(2))
    assert [op.name for op in introspect.trace(Branches(), torch.ones(2)).ops][:2] == ["sum", "gt"]


def test_a_fake_run_that_goes_through_numpy_names_the_way_out():
    class Numpy(nn.Module):
        def forward(self, x):
            return torch.from_numpy(x.numpy() + 1)

    with pytest.raises(TraceError, match=r"in numpy[\s\S]*reads numbers[\s\S]*mode=\"real\""):
        introspect.Tracer(mode="fake").trace(Numpy(), torch.ones(2))


def test_lazy_modules_learn_their_sizes_from_fakes_and_are_lazy_again():
    model = nn.Sequential(nn.LazyConv2d(4, 3), nn.LazyBatchNorm2d(), nn.Flatten(), nn.LazyLinear(2))
    parameters = dict(model.named_parameters())
    for options in ({"mode": "fake"}, {"memoize": True}, {"mode": "fake", "level": "aten"}):
        graph = introspect.Tracer(**options).trace(model, torch.zeros(1, 3, 8, 8))
        assert graph.mode == "fake"
        assert [op.name for op in graph.ops if op.name in {"conv2d", "batch_norm", "linear"}] == [
            "conv2d",
            "batch_norm",
            "linear",
        ]
        linear = graph.ops[-1]
        assert linear.inputs[1].shape == (2, 144)
        assert graph.outputs[0].shape == (1, 2)
        assert {v.name for v in graph.values if v.kind == "parameter"} == set(parameters)
    assert [type(layer) for layer in model][::3] == [nn.LazyConv2d, nn.LazyLinear]
    assert all(p is parameters[name] for name, p in model.named_parameters())
    assert all(type(p) is nn.UninitializedParameter for p in parameters.values())
    assert model(torch.zeros(1, 5, 8, 8)).shape == (1, 2)


@pytest.mark.parametrize("is_leaf", [True, False])
def test_a_fake_input_requires_grad_where_its_own_does(is_leaf):
    x = torch.ones(2, 3, requires_grad=True)
    x = x if is_leaf else x * 2
    seen = []

    class Looks(nn.Module):
        def forward(self, x, y):
            seen.append((x.requires_grad, y.requires_grad, x.is_leaf))
            return x.add_(1) + y

    model = Looks()
    introspect.Tracer(mode="fake").trace(model, x, torch.ones(2, 3))
    if not is_leaf:  # torch refuses to write into a leaf that requires grad
        introspect.Tracer(mode="fake", gradients=True).trace(model, x, torch.ones(2, 3))
    assert set(seen) == {(True, False, is_leaf)}


@pytest.mark.parametrize("options", [{"mode": "fake"}, {"memoize": True}, {"mode": "real"}])
def test_a_trace_can_be_profiled(convnet, image, options):
    profile = cProfile.Profile()
    profile.enable()
    try:
        graph = introspect.Tracer(**options).trace(convnet, image)
        stays = sys.getprofile()
    finally:
        profile.disable()
    assert structure(graph) == structure(introspect.trace(convnet, image))
    if sys.version_info < (3, 12):  # later ones do not show it here
        assert stays is profile


def test_parameters_come_back_when_a_fake_run_fails(convnet):
    weights = list(convnet.parameters())
    with pytest.raises(TraceError):
        introspect.Tracer(mode="fake").trace(convnet, torch.zeros(2, 3, 28, 28))
    assert all(a is b for a, b in zip(convnet.parameters(), weights, strict=True))


def test_tied_weights_stay_tied_when_they_are_faked():
    model = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4))
    model[1].weight = model[0].weight
    graph = introspect.Tracer(mode="fake").trace(model, torch.zeros(1, 4))
    assert [v.aliases for v in graph.values if v.name == "0.weight"] == [("1.weight",)]


class Counts(TorchDispatchMode):
    def __init__(self):
        super().__init__()
        self.names = []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        self.names.append(str(func))
        return func(*args, **(kwargs or {}))


@pytest.mark.parametrize(
    "model",
    [
        nn.Sequential(
            nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.ReLU(), nn.Flatten(), nn.Linear(8, 3)
        ),
        nn.MultiheadAttention(8, 2, batch_first=True),
        nn.LSTM(8, 4, batch_first=True),
    ],
    ids=["conv", "attention", "lstm"],
)
def test_the_aten_level_holds_the_operators_that_torch_dispatches(model):
    model.eval()
    x = torch.randn(1, 1, 4, 4) if isinstance(model, nn.Sequential) else torch.randn(1, 4, 8)
    args = (x, x, x) if isinstance(model, nn.MultiheadAttention) else (x,)
    with torch.no_grad(), Counts() as seen:
        model(*args)
    graph = introspect.Tracer(level="aten").trace(model, *args)
    ours = [child.name for op in graph.ops for child in op.children]
    if isinstance(model, nn.Sequential):
        assert ours == seen.names
    else:  # under a function mode torch leaves its fused paths, for the same numbers
        assert len(ours) > 5
    assert graph.level == "aten"
    plain = introspect.trace(model, *args)
    assert [op.name for op in graph.ops] == [op.name for op in plain.ops]
    assert not any(op.children for op in plain.ops)
    made = {value for op in graph.ops for child in op.children for value in child.outputs}
    assert set(graph.outputs) & made


def test_the_module_level_needs_no_inputs_and_no_run():
    class Never(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = nn.Sequential(nn.Linear(2, 3), nn.ReLU())

        def forward(self):
            raise AssertionError

    graph = introspect.Tracer(level="module").trace(Never())
    assert [(c.path, c.module, c.parameters) for c in graph.calls] == [
        ("", "Never", 9),
        ("inner", "Sequential", 9),
        ("inner.0", "Linear", 9),
        ("inner.1", "ReLU", 0),
    ]
    assert graph.calls[2].parent is graph.calls[1]
    assert graph.ops == ()


def test_times_are_measured_on_request_and_add_up_to_less_than_the_whole(convnet, image):
    start = time.perf_counter()
    graph = introspect.Tracer(times=True).trace(convnet, image)
    whole = time.perf_counter() - start
    assert all(op.elapsed_s > 0 for op in graph.ops)
    assert sum(op.elapsed_s for op in graph.ops) < whole
    assert introspect.trace(convnet, image).ops[0].elapsed_s is None


def test_flags_say_what_an_op_did():
    class Ops(nn.Module):
        def forward(self, x):
            y = x * 2
            y.add_(1)
            z = y.view(-1).contiguous()
            if z.sum().item() > -1e9:
                return z
            return x

    graph = introspect.trace(Ops(), torch.ones(2, 2))
    flags = {op.name: set(op.flags) for op in graph.ops}
    assert flags == {
        "mul": set(),
        "add_": {"in_place"},
        "view": {"view"},
        "contiguous": {"pass_through"},
        "sum": set(),
        "item": {"data_dependent"},
    }


@pytest.mark.parametrize(
    ("args", "hint"),
    [
        (
            ((1, 1, 28, 28),),
            r"is a shape, not a tensor: trace\(model, torch.zeros\(1, 1, 28, 28\)\)",
        ),
        ((torch.Size([1, 1, 28, 28]),), "is a shape, not a tensor"),
        ((np.zeros((1, 1, 28, 28), np.float32),), "is a NumPy array: torch.from_numpy"),
        (("hello",), "is text: tokenise it first"),
        ((), r'without inputs: Tracer\(level="module"\)'),
    ],
    ids=["tuple", "size", "numpy", "string", "nothing"],
)
def test_first_mistakes_get_their_own_hint(convnet, args, hint):
    with pytest.raises(TraceError, match=hint):
        introspect.trace(convnet, *args)


def test_a_batch_of_one_in_training_gets_its_own_hint():
    model = nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4)).train()
    with pytest.raises(TraceError, match=r"model.eval\(\), or a batch of two"):
        introspect.trace(model, torch.zeros(1, 4))


def test_inputs_on_another_device_get_their_own_hint():
    class Elsewhere(nn.Module):
        def forward(self, _x):
            raise RuntimeError("Expected all tensors to be on the same device, but found two")

    with pytest.raises(TraceError, match=r"x.to\(next\(model.parameters\(\)\).device\)"):
        introspect.trace(Elsewhere(), torch.zeros(1))


def test_a_class_in_place_of_a_model_gets_its_own_hint():
    with pytest.raises(TraceError, match="an instance, not the class"):
        introspect.trace(nn.ReLU, torch.zeros(1))


def test_unknown_options_name_the_known_ones():
    with pytest.raises(TraceError, match="'auto' or 'real' or 'fake'"):
        introspect.Tracer(mode="magic")
    with pytest.raises(TraceError, match="'function' or 'aten' or 'module'"):
        introspect.Tracer(level="deep")


def test_two_threads_trace_at_once_and_a_third_trains(convnet, residual, image):
    expected = {
        "conv": structure(introspect.trace(convnet, image)),
        "res": structure(introspect.trace(residual, torch.zeros(4, 8))),
    }
    wrong, stop = [], threading.Event()
    trained = nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 1))
    optimizer = torch.optim.SGD(trained.parameters(), lr=0.1)

    def trace(name, model, x):
        graphs = [introspect.trace(model, x) for _ in range(20)]
        wrong.extend(name for graph in graphs if structure(graph) != expected[name])

    def train():
        while not stop.is_set():
            optimizer.zero_grad()
            trained(torch.ones(2, 4)).sum().backward()
            optimizer.step()

    threads = [
        threading.Thread(target=trace, args=("conv", convnet, image)),
        threading.Thread(target=trace, args=("res", residual, torch.zeros(4, 8))),
    ]
    trainer = threading.Thread(target=train)
    trainer.start()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    stop.set()
    trainer.join()
    assert wrong == []
    assert all(p.grad is not None for p in trained.parameters())
    assert nn.Module.__call__ is nn.Module._wrapped_call_impl


def test_a_model_that_traces_another_one_inside(convnet, image):
    inner = []

    class Curious(nn.Module):
        def __init__(self):
            super().__init__()
            self.net = convnet

        def forward(self, x):
            inner.append(introspect.trace(nn.Linear(2, 2), torch.zeros(1, 2)))
            return self.net(x)

    outer = introspect.trace(Curious(), image)
    assert [op.name for op in inner[0].ops] == ["linear"]
    assert "net.conv1.0" in {call.path for call in outer.calls}
    assert outer.notes == ()


def test_garbage_collection_is_on_again(convnet, image):
    import gc

    introspect.trace(convnet, image)
    assert gc.isenabled()


def test_a_trace_can_be_verified_before_it_is_returned(convnet, image, monkeypatch):
    graph = introspect.Tracer(verify=True).trace(convnet, image)
    assert structure(graph) == structure(introspect.trace(convnet, image))
    asked = []
    monkeypatch.setattr("introspect.graph.proof.replay.verify", lambda *args: asked.append(args))
    introspect.Tracer(verify=True).trace(convnet, image)
    assert asked == [(convnet, image)]
    with pytest.raises(TraceError, match="without a real run"):
        introspect.Tracer(verify=True, mode="fake")
