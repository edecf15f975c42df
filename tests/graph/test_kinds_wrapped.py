"""Models inside something: compiled, scripted, quantised, sharded. Each traced whole."""

import warnings
from itertools import groupby

import pytest
import torch
import torch.distributed as dist
from torch import nn

import introspect


def small():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2)).eval()


class Part(nn.Module):
    """A plain head around a body that a test wraps."""

    def __init__(self, body):
        super().__init__()
        self.body = body
        self.head = nn.Linear(2, 3)

    def forward(self, x):
        return self.head(self.body(x)) + x.sum()


def names(graph):
    return [op.name for op in graph.ops]


def feeding(graph):
    """The ops that the outputs are made of, however far back."""
    used, front = set(), list(graph.outputs)
    while front:
        producer = front.pop().producer
        if producer is not None and producer not in used:
            used.add(producer)
            front.extend(producer.inputs)
    return used


# ------------------------------------------------------------------------------- compiled


@pytest.fixture
def dynamo():
    """Compiled code of other tests is forgotten before and after."""
    torch._dynamo.reset()
    torch._dynamo.utils.counters.clear()
    yield torch._dynamo.utils.counters
    torch._dynamo.reset()


def compilations(counters):
    return counters["stats"].get("unique_graphs", 0)


@pytest.mark.parametrize("backend", ["eager", "aot_eager"])
@pytest.mark.parametrize("warm", [True, False])
def test_a_compiled_model_traces_and_is_not_compiled_again(trace_whole, dynamo, backend, warm):
    model, x = torch.compile(small(), backend=backend), torch.randn(2, 4)
    want = model(x) if warm else None
    before = compilations(dynamo)
    graph = trace_whole(model, x, order=False)
    assert names(graph) == ["linear", "relu", "linear"]
    assert [op.call.path.removeprefix("_orig_mod.") for op in graph.ops] == ["0", "1", "2"]
    assert compilations(dynamo) == before
    after = model(x)
    assert compilations(dynamo) == 1  # the one that the model needs itself
    assert want is None or torch.equal(after, want)


def test_a_compiled_part_traces_and_is_not_compiled_again(trace_whole, dynamo):
    model, x = Part(torch.compile(small(), backend="eager")), torch.randn(2, 4)
    model(x)
    assert compilations(dynamo) == 1
    graph = trace_whole(model, x, order=False)
    assert names(graph) == ["linear", "relu", "linear", "linear", "sum", "add"]
    model(x)
    assert compilations(dynamo) == 1


def test_a_module_compiled_in_place_traces(trace_whole, dynamo):
    model, x = Part(small()), torch.randn(2, 4)
    model.body.compile(backend="eager")
    model(x)
    before = compilations(dynamo)  # torch 2.13 counts none here
    graph = trace_whole(model, x, order=False)
    assert {op.call.path for op in graph.ops} == {"body.0", "body.1", "body.2", "head", ""}
    model(x)
    assert compilations(dynamo) == before


def test_a_compiled_function_inside_traces(trace_whole, dynamo):
    class Compiled(nn.Module):
        def __init__(self):
            super().__init__()
            self.a = nn.Linear(4, 4)
            self.gelu = torch.compile(lambda x: x * torch.sigmoid(1.7 * x), backend="eager")

        def forward(self, x):
            return self.gelu(self.a(x))

    model, x = Compiled().requires_grad_(False), torch.randn(2, 4)
    model(x)
    assert "sigmoid" in names(trace_whole(model, x, order=False))
    model(x)
    assert compilations(dynamo) == 1


def test_tracing_before_compiling_changes_nothing_about_compiling(dynamo):
    model, x = small(), torch.randn(2, 4)
    introspect.trace(model, x)
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        torch.compile(model, backend="eager")(x)
        introspect.trace(model, x)
    assert not [w for w in heard if "hook" in str(w.message).lower()]
    assert compilations(dynamo) == 1


# ------------------------------------------------------------------------------- scripted


def scripted(model):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # scripting is deprecated, and yet people have such models
        return torch.jit.script(model)


def jit_traced(model, x):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return torch.jit.trace(model, x)


@pytest.mark.parametrize("wrap", [scripted, lambda m: jit_traced(m, torch.randn(2, 4))])
def test_a_scripted_part_is_linked_to_what_is_around_it(trace_whole, wrap):
    model = Part(wrap(small()))
    graph = trace_whole(model, torch.randn(2, 4), order=False)
    head = next(op for op in graph.ops if op.call.path == "head")
    made = head.inputs[0].producer
    assert made is not None
    assert made.call.path.startswith("body")


@pytest.mark.parametrize("wrap", [scripted, lambda m: jit_traced(m, torch.randn(2, 4))])
def test_a_scripted_model_traces_at_least_as_one_box(trace_whole, wrap):
    graph = trace_whole(wrap(small()), torch.randn(2, 4), connected=False, order=False)
    assert graph.notes == ()
    assert graph.outputs[0].producer is not None


@pytest.mark.xfail(
    strict=True,
    reason="a scripted function runs in C++ and calls no torch function: its result comes from "
    "nowhere, and the note cannot name it",
)
def test_a_scripted_function_inside_is_linked(trace_whole):
    def double(x):
        return x * 2 + 1

    class Scripted(nn.Module):
        def __init__(self):
            super().__init__()
            self.a = nn.Linear(4, 4)
            self.double = scripted(double)

        def forward(self, x):
            return self.double(self.a(x)).relu()

    graph = trace_whole(Scripted(), torch.randn(2, 4))
    assert {op.call.path for op in feeding(graph)} == {"", "a"}


# ------------------------------------------------------------------------------ quantised


def test_dynamically_quantised_layers_trace(trace_whole):
    if "fbgemm" not in torch.backends.quantized.supported_engines:
        pytest.skip("this build of torch has no quantised kernels")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch.ao.quantization is deprecated
        model = torch.ao.quantization.quantize_dynamic(small(), {nn.Linear}, dtype=torch.qint8)
        graph = trace_whole(model, torch.randn(2, 4))
    assert [path for path, _ in groupby(op.call.path for op in graph.ops)] == ["0", "1", "2"]


def test_statically_quantised_layers_trace(trace_whole):
    if "fbgemm" not in torch.backends.quantized.supported_engines:
        pytest.skip("this build of torch has no quantised kernels")
    torch.backends.quantized.engine = "fbgemm"
    quantization = torch.ao.quantization
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = nn.Sequential(quantization.QuantStub(), *small(), quantization.DeQuantStub()).eval()
        model.qconfig = quantization.get_default_qconfig("fbgemm")
        prepared = quantization.prepare(model)
        prepared(torch.randn(8, 4))
        model = quantization.convert(prepared)
        graph = trace_whole(model, torch.randn(2, 4))
    assert {"quint8"} <= {value.dtype for value in graph.values}


@pytest.mark.parametrize(
    "config", ["Int8WeightOnlyConfig", "Int8DynamicActivationInt8WeightConfig"]
)
def test_torchao_weights_trace(trace_whole, config):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        quantization = pytest.importorskip("torchao.quantization", reason="torchao is missing")
        model = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 32)).eval()
        quantization.quantize_(model, getattr(quantization, config)())
        graph = trace_whole(model, torch.randn(2, 64))
    assert [v.name for v in graph.values if v.kind == "parameter" and "weight" in v.name] == [
        "0.weight",
        "2.weight",
    ]
    assert {op.call.path for op in feeding(graph)} == {"0", "1", "2"}


# -------------------------------------------------------------------------------- sharded


@pytest.fixture
def mesh(tmp_path):
    """One rank of gloo, gone after the test."""
    if not dist.is_available() or dist.is_initialized():
        pytest.skip("torch.distributed is not available here")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dist.init_process_group(
            "gloo", init_method=f"file://{tmp_path}/rendezvous", rank=0, world_size=1
        )
        try:
            yield dist.init_device_mesh("cpu", (1,))
        finally:
            dist.destroy_process_group()


def test_fully_sharded_models_trace(trace_whole, mesh):
    from torch.distributed.fsdp import fully_shard

    model = small()
    for layer in (model[0], model[2], model):
        fully_shard(layer, mesh=mesh)
    x = torch.randn(2, 4)
    want = model(x).detach().clone()
    graph = trace_whole(model, x)
    linears = [op for op in graph.ops if op.name == "linear"]
    assert [op.call.path for op in linears] == ["0", "2"]
    assert set(linears) <= feeding(graph)
    assert torch.equal(model(x), want)


def test_distributed_tensors_trace(trace_whole, mesh):
    from torch.distributed.tensor.parallel import (
        ColwiseParallel,
        RowwiseParallel,
        parallelize_module,
    )

    model = parallelize_module(small(), mesh, {"0": ColwiseParallel(), "2": RowwiseParallel()})
    graph = trace_whole(model, torch.randn(2, 4))
    linears = [op for op in graph.ops if op.name == "linear"]
    assert [op.call.path for op in linears] == ["0", "2"]
    assert set(linears) <= feeding(graph)


def test_a_model_of_distributed_tensors_keeps_parameter_names(trace_whole, mesh):
    from torch.distributed.tensor import Replicate, distribute_module, distribute_tensor

    model = distribute_module(small(), mesh)
    x = distribute_tensor(torch.randn(2, 4), mesh, [Replicate()])
    graph = trace_whole(model, x)
    assert [v.name for v in graph.values if v.kind == "parameter"] == [
        "0.weight",
        "0.bias",
        "2.weight",
        "2.bias",
    ]
