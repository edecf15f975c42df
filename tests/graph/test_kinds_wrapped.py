"""Models inside something: compiled, scripted, quantised, sharded. Each traced whole."""

import copy
import shutil
import warnings
from itertools import groupby

import pytest
import torch

import introspect
from tests.zoo.catalog import find
from tests.zoo.hand import MnistSeq
from tests.zoo.runs import feeding, names
from tests.zoo.wrapped import CompiledGelu, Part, small

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
    model, x = CompiledGelu().requires_grad_(False), torch.randn(2, 4)
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


# torch 2.13 scripts in its own inductor, and warns of it
own_warning = pytest.mark.filterwarnings("ignore:.torch.jit:DeprecationWarning")
needs_compiler = pytest.mark.skipif(shutil.which("g++") is None, reason="inductor needs g++")


@needs_compiler
@own_warning
@pytest.mark.slow
@pytest.mark.parametrize("part", [False, True], ids=["whole", "part"])
def test_what_inductor_compiled_traces_and_is_not_compiled_again(trace_whole, dynamo, part):
    body = torch.compile(small().requires_grad_(False), backend="inductor")
    model, x = Part(body) if part else body, torch.randn(2, 4)
    graph = trace_whole(model, x, order=False)
    assert compilations(dynamo) == 0  # neither trace nor verify compiles
    want = model(x)
    assert compilations(dynamo) == 1
    assert dynamo["inductor"]  # it was the one that compiled
    again = trace_whole(model, x, order=False)
    assert names(again) == names(graph) == ["linear", "relu", "linear", *AROUND[part]]
    assert torch.equal(model(x), want)
    assert compilations(dynamo) == 1
    assert not dynamo["recompiles"]


AROUND = {False: [], True: ["linear", "sum", "add"]}


@needs_compiler
@own_warning
@pytest.mark.slow
def test_training_what_inductor_compiled_goes_on_after_a_trace_as_before(dynamo):
    def train(model, x, *, traced):
        optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)
        for step in range(4):
            optimizer.zero_grad()
            model(x).pow(2).sum().backward()
            optimizer.step()
            if traced and step == 1:
                introspect.trace(model, x)
        return [p.detach().clone() for p in model.parameters()]

    torch.manual_seed(0)
    model, x = MnistSeq().train(), torch.rand(4, 1, 28, 28)
    twin = copy.deepcopy(model)
    plain = train(torch.compile(model, backend="inductor"), x, traced=False)
    once = compilations(dynamo)
    torch._dynamo.reset()
    torch._dynamo.utils.counters.clear()
    seen = train(torch.compile(twin, backend="inductor"), x, traced=True)
    assert compilations(dynamo) == once
    assert all(p.isfinite().all() for p in plain)
    assert all(torch.equal(a, b) for a, b in zip(plain, seen, strict=True))


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


def test_a_scripted_function_inside_is_linked(trace_entry):
    graph = trace_entry("scripted_function")
    assert {op.call.path for op in feeding(graph)} == {"", "a"}
    assert [op.name for op in graph.ops] == ["linear", "double", "relu"]


# ------------------------------------------------------------------------------ quantised


def test_dynamically_quantised_layers_trace(trace_entry):
    graph = trace_entry("quantised_dynamic")
    assert [path for path, _ in groupby(op.call.path for op in graph.ops)] == ["0", "1", "2"]


def test_statically_quantised_layers_trace(trace_entry):
    assert {"quint8"} <= {value.dtype for value in trace_entry("quantised_static").values}


@pytest.mark.parametrize("name", ["torchao_weights", "torchao_dynamic"])
def test_torchao_weights_trace(trace_entry, name):
    graph = trace_entry(name)
    assert [v.name for v in graph.values if v.kind == "parameter" and "weight" in v.name] == [
        "0.weight",
        "2.weight",
    ]
    assert {op.call.path for op in feeding(graph)} == {"0", "1", "2"}


# -------------------------------------------------------------------------------- sharded


def test_fully_sharded_models_trace_and_compute_the_same_afterwards(trace_whole):
    with find("fully_sharded").opened() as (model, (x,), _):
        want = model(x).detach().clone()
        graph = trace_whole(model, x)
        assert torch.equal(model(x), want)
    linears = [op for op in graph.ops if op.name == "linear"]
    assert [op.call.path for op in linears] == ["0", "2"]
    assert set(linears) <= feeding(graph)


def test_distributed_tensors_trace(trace_entry):
    graph = trace_entry("tensor_parallel")
    linears = [op for op in graph.ops if op.name == "linear"]
    assert [op.call.path for op in linears] == ["0", "2"]
    assert set(linears) <= feeding(graph)


def test_a_model_of_distributed_tensors_keeps_parameter_names(trace_entry):
    graph = trace_entry("distributed_tensors")
    assert [v.name for v in graph.values if v.kind == "parameter"] == [
        "0.weight",
        "0.bias",
        "2.weight",
        "2.bias",
    ]
