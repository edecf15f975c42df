"""Models with tensors of every kind, and functions of functions; each traced whole."""

import warnings

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

import introspect


class Runs(nn.Module):
    """A forward written as a function of the module and its inputs, with layers by name."""

    def __init__(self, forward, **children):
        super().__init__()
        self._run = forward
        for name, child in children.items():
            if isinstance(child, torch.Tensor) and not isinstance(child, nn.Parameter):
                self.register_buffer(name, child)
            else:
                setattr(self, name, child)

    def forward(self, *args, **kwargs):
        return self._run(self, *args, **kwargs)


def feeding(graph):
    """The ops that the outputs are made of, however far back."""
    used, front = set(), list(graph.outputs)
    while front:
        producer = front.pop().producer
        if producer is not None and producer not in used:
            used.add(producer)
            front.extend(producer.inputs)
    return used


def names(graph):
    return [op.name for op in graph.ops]


def paths(graph):
    return [op.call.path for op in graph.ops]


@pytest.fixture(autouse=True)
def _seed():
    torch.manual_seed(0)


# --------------------------------------------------------------- what torch can wrap around


@pytest.mark.parametrize("reentrant", [True, False])
def test_checkpointed_parts_appear_once(trace_whole, reentrant):
    model = Runs(
        lambda m, x: m.tail(checkpoint(m.body, x, use_reentrant=reentrant)),
        body=nn.Sequential(nn.Linear(4, 4), nn.Dropout(0.5), nn.ReLU()),
        tail=nn.Linear(4, 2),
    ).train()
    graph = trace_whole(model, torch.randn(2, 4, requires_grad=True))
    assert [path for path in paths(graph) if path.startswith("body")] == [
        "body.0",
        "body.1",
        "body.2",
    ]


def test_autocast_inside_and_frozen_parts(trace_whole):
    class Mixed(nn.Module):
        def __init__(self):
            super().__init__()
            self.frozen, self.head = nn.Linear(4, 4).requires_grad_(False), nn.Linear(4, 2)

        def forward(self, x):
            with torch.no_grad():
                x = self.frozen(x)
            with torch.autocast("cpu", torch.bfloat16):
                return self.head(x)

    graph = trace_whole(Mixed(), torch.randn(2, 4))
    assert graph.outputs[0].dtype == "bfloat16"


def test_autocast_around_the_trace_stays_on(trace_whole):
    with torch.autocast("cpu", torch.bfloat16):
        graph = trace_whole(nn.Linear(4, 2), torch.randn(2, 4))
        assert torch.is_autocast_enabled("cpu")
    assert graph.outputs[0].dtype == "bfloat16"


class Clamped(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, low):
        ctx.save_for_backward(x)
        return x.clamp(min=low) * 2

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        return grad * (x > 0) * 2, None


class Straight(torch.autograd.Function):
    """Returns its input itself, and one more."""

    @staticmethod
    def forward(ctx, x):
        ctx.mark_dirty(x)
        return x.round_()

    @staticmethod
    def backward(ctx, grad):
        del ctx
        return grad


class NewStyle(torch.autograd.Function):
    @staticmethod
    def forward(x, y):
        return x * y, x + y

    @staticmethod
    def setup_context(ctx, inputs, output):
        del output
        ctx.save_for_backward(*inputs)

    @staticmethod
    def backward(ctx, first, second):
        x, y = ctx.saved_tensors
        return first * y + second, first * x + second


@pytest.mark.parametrize(
    "call",
    [
        lambda x: Clamped.apply(x, 0.0),
        lambda x: Straight.apply(x * 3),
        lambda x: NewStyle.apply(x, x + 1)[0],
    ],
    ids=["plain", "in place", "two outputs"],
)
@pytest.mark.parametrize("needs_grad", [True, False])
def test_custom_autograd_functions_stay_linked(trace_whole, call, needs_grad):
    model = Runs(lambda m, x: m.tail(call(m.head(x))), head=nn.Linear(4, 4), tail=nn.Linear(4, 2))
    graph = trace_whole(model, torch.randn(2, 4, requires_grad=needs_grad))
    assert graph.ops[-1].inputs[0].producer is not None


def test_modules_never_called_are_no_calls(trace_whole):
    model = Runs(lambda m, x: m.used(x), used=nn.Linear(4, 4), unused=nn.Linear(9, 9))
    graph = trace_whole(model, torch.randn(1, 4))
    assert [call.path for call in graph.calls] == ["", "used"]
    assert graph.parameters == 20 + 90


def test_a_forward_called_directly_is_attributed_to_the_module_that_owns_its_weights(trace_whole):
    model = Runs(lambda m, x: m.b(m.a.forward(x)), a=nn.Linear(4, 4), b=nn.Linear(4, 2))
    graph = trace_whole(model, torch.randn(1, 4), order=False)
    assert paths(graph) == ["a", "b"]


def test_a_forward_called_directly_traces(trace_whole):
    model = Runs(lambda m, x: m.b(m.a.forward(x)), a=nn.Linear(4, 4), b=nn.Linear(4, 2))
    graph = trace_whole(model, torch.randn(1, 4), order=False)
    assert [v.name for v in graph.ops[0].inputs[1:]] == ["a.weight", "a.bias"]


def lazy_model():
    return nn.Sequential(nn.LazyConv2d(4, 3), nn.LazyBatchNorm2d(), nn.Flatten(), nn.LazyLinear(2))


def test_lazy_modules_trace_and_their_parameters_have_names():
    model = lazy_model()
    graph = introspect.trace(model, torch.randn(1, 3, 8, 8))
    named = {value.name for value in graph.values if value.kind == "parameter"}
    assert named == {"0.weight", "0.bias", "1.weight", "1.bias", "3.weight", "3.bias"}
    assert [call.module for call in graph.calls][1:] == [
        "Conv2d",
        "BatchNorm2d",
        "Flatten",
        "Linear",
    ]
    assert graph.parameters == (3 * 4 * 9 + 4) + 8 + (4 * 36 * 2 + 2)


def test_lazy_modules_are_lazy_again_after_the_trace():
    model = lazy_model()
    introspect.trace(model, torch.randn(1, 3, 8, 8))
    assert type(model[0]) is nn.LazyConv2d
    assert model(torch.randn(1, 5, 8, 8)).shape == (1, 2)


def test_data_parallel_without_devices_is_its_module(trace_whole):
    model = nn.DataParallel(nn.Sequential(nn.Linear(4, 4), nn.ReLU()))
    assert paths(trace_whole(model, torch.randn(2, 4))) == ["module.0", "module.1"]


@pytest.mark.parametrize("wrap", ["weight_norm", "spectral_norm", "orthogonal"])
@pytest.mark.parametrize("training", [True, False])
def test_parametrised_weights_come_from_their_parametrisation(trace_whole, wrap, training):
    model = Runs(lambda m, x: m.a(x), a=getattr(nn.utils.parametrizations, wrap)(nn.Linear(4, 4)))
    graph = trace_whole(model.train(training), torch.randn(2, 4))
    linear = next(op for op in graph.ops if op.name == "linear")
    assert linear.inputs[1].producer is not None
    assert linear.call.path == "a"


# ------------------------------------------------------------------- functions and tensors


def test_vmap_over_a_model(trace_whole):
    model = Runs(lambda m, x: torch.vmap(m.a)(x), a=nn.Linear(4, 2))
    graph = trace_whole(model, torch.randn(3, 5, 4))
    assert graph.outputs[0].shape == (3, 5, 2)
    assert "linear" in {op.name for op in feeding(graph)}


def test_torch_func_grad_inside_forward(trace_whole):
    def run(m, x):
        return x - torch.func.grad(lambda y: (m.a(y) ** 2).sum())(x)

    graph = trace_whole(Runs(run, a=nn.Linear(4, 2)), torch.randn(3, 4))
    assert "linear" in {op.name for op in feeding(graph)}


def test_functional_call_with_other_weights(trace_whole):
    def run(m, x, scale):
        weights = {name: p * scale for name, p in m.a.named_parameters()}
        return torch.func.functional_call(m.a, weights, (x,))

    graph = trace_whole(Runs(run, a=nn.Linear(4, 2)), torch.randn(3, 4), torch.tensor(2.0))
    linear = next(op for op in graph.ops if op.name == "linear")
    assert linear.inputs[1].producer.name == "mul"


def test_autograd_inside_forward(trace_whole):
    def run(m, x):
        with torch.enable_grad():
            y = x.detach().requires_grad_(requires_grad=True)
            energy = m.a(y).pow(2).sum()
            (force,) = torch.autograd.grad(energy, y)
        return x - force

    graph = trace_whole(Runs(run, a=nn.Linear(4, 2)), torch.randn(3, 4))
    assert "linear" in {op.name for op in feeding(graph)}


def test_sparse_tensors(trace_whole):
    def run(m, x, edges):
        values = torch.ones(edges.size(1))
        adjacency = torch.sparse_coo_tensor(edges, values, (3, 3)).coalesce()
        return m.a(torch.sparse.mm(adjacency, x)) + (adjacency.to_sparse_csr() @ x).sum()

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # "beta state", and invariants unchecked
        model = Runs(run, a=nn.Linear(4, 2))
        trace_whole(model, torch.randn(3, 4), torch.tensor([[0, 1, 2], [1, 2, 0]]))


def test_a_sparse_buffer(trace_whole):
    torch.sparse.check_sparse_tensor_invariants.disable()
    model = Runs(lambda m, x: torch.sparse.mm(m.adjacency, x), adjacency=torch.eye(3).to_sparse())
    graph = trace_whole(model, torch.randn(3, 4))
    assert [value.name for value in graph.values if value.kind == "buffer"] == ["adjacency"]


def test_complex_numbers_and_fourier_transforms(trace_whole):
    def run(m, x):
        spectrum = torch.fft.rfft(m.a(x)) * m.filter
        return (
            torch.fft.irfft(spectrum, n=8).real + spectrum.conj().abs().sum() + spectrum.imag.sum()
        )

    model = Runs(run, a=nn.Linear(4, 8), filter=nn.Parameter(torch.randn(5, dtype=torch.cfloat)))
    assert "complex64" in {value.dtype for value in trace_whole(model, torch.randn(2, 4)).values}


def test_einops_and_einsum(trace_whole):
    einops = pytest.importorskip("einops", reason="einops is not installed")

    def run(m, x):
        heads = einops.rearrange(m.a(x), "b t (h d) -> b h t d", h=2)
        scores = torch.einsum("bhid,bhjd->bhij", heads, heads)
        return einops.reduce(scores, "b h i j -> b i j", "mean")

    graph = trace_whole(Runs(run, a=nn.Linear(4, 8)), torch.randn(2, 3, 4))
    assert graph.outputs[0].shape == (2, 3, 3)
    assert "einsum" in names(graph)


def test_constants_held_and_made_in_forward(trace_whole):
    class Constants(nn.Module):
        def __init__(self):
            super().__init__()
            self.table = torch.arange(4.0)  # neither parameter nor buffer

        def forward(self, x):
            return x * self.table + torch.tensor([1.0]) + torch.linspace(0, 1, 4), torch.ones(2)

    graph = trace_whole(Constants(), torch.randn(2, 4), connected=False)
    assert "constant" in {value.kind for value in graph.values}
    assert [note.split(" ")[:2] for note in graph.notes] == [["output", "1"]]


def test_a_round_trip_through_numpy_is_said(trace_whole):
    def run(m, x):
        return m.b(torch.from_numpy(np.tanh(m.a(x).detach().numpy())))

    model = Runs(run, a=nn.Linear(4, 4), b=nn.Linear(4, 2))
    graph = trace_whole(model, torch.randn(1, 4), connected=False)
    assert graph.notes
    assert "numpy" in names(graph)


def test_a_round_trip_through_python_numbers_is_said(trace_whole):
    model = Runs(lambda m, x: torch.tensor(m.a(x).tolist()), a=nn.Linear(4, 4))
    graph = trace_whole(model, torch.randn(1, 4), connected=False)
    assert any("tolist" in note for note in graph.notes)


def test_a_model_on_meta_needs_no_numbers(trace_whole):
    with torch.device("meta"):
        model = nn.Sequential(nn.Linear(8, 8), nn.LayerNorm(8), nn.GELU())
    for x in (torch.randn(2, 8), torch.randn(2, 8, device="meta")):
        graph = introspect.trace(model, x)
        assert graph.outputs[0].shape == (2, 8)
        assert names(graph) == ["linear", "layer_norm", "gelu"]
        assert graph.notes == ()
    assert {p.device.type for p in model.parameters()} == {"meta"}
    del trace_whole


def test_inference_mode_around_the_trace(trace_whole):
    with torch.inference_mode():
        model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.ReLU(inplace=True))
        graph = trace_whole(model, torch.randn(1, 1, 5, 5))
        assert torch.is_inference_mode_enabled()
    assert graph.ops[-1].writes


def test_writes_inside_inference_mode_are_linked(trace_whole):
    def run(m, x):
        with torch.inference_mode():
            y = m.a(x)
            y[0].mul_(2)
            return y + 1

    graph = trace_whole(Runs(run, a=nn.Linear(4, 4)), torch.randn(2, 4))
    assert graph.ops[-1].inputs[0].producer.name == "mul_"


def test_a_custom_operator(trace_whole):
    @torch.library.custom_op("introspect_tests::twice", mutates_args=())
    def twice(x: torch.Tensor) -> torch.Tensor:
        return x * 2

    model = Runs(lambda m, x: m.b(twice(m.a(x))), a=nn.Linear(4, 4), b=nn.Linear(4, 2))
    graph = trace_whole(model, torch.randn(1, 4))
    assert paths(graph) == ["a", "", "b"]


def test_nested_tensors(trace_whole):
    def run(m, a, b):
        nested = torch.nested.nested_tensor([a, b], layout=torch.jagged)
        return m.a(nested).to_padded_tensor(0.0)

    model = Runs(run, a=nn.Linear(4, 2))
    trace_whole(model, torch.randn(2, 4), torch.randn(3, 4), connected=False)


def test_a_tensor_subclass_of_the_users_own(trace_whole):
    class Tagged(torch.Tensor):
        pass

    graph = trace_whole(nn.Linear(4, 2), torch.randn(1, 4).as_subclass(Tagged))
    assert names(graph) == ["linear"]


def test_a_tensor_subclass_made_inside(trace_whole):
    class Tagged(torch.Tensor):
        pass

    model = Runs(lambda m, x: m.b(m.a(x).as_subclass(Tagged)), a=nn.Linear(4, 4), b=nn.Linear(4, 2))
    graph = trace_whole(model, torch.randn(1, 4))
    assert len(feeding(graph)) == len(graph.ops)
