"""Models with tensors of every kind, and functions of functions; each traced whole."""

import warnings

import pytest
import torch
from torch import nn

import introspect
from tests.zoo.catalog import make
from tests.zoo.runs import feeding, names, paths
from tests.zoo.tensors import Tagged
from tests.zoo.transforms import AUTOGRAD_FUNCTIONS, parametrised, with_autograd_function


@pytest.fixture(autouse=True)
def _seed():
    torch.manual_seed(0)


# --------------------------------------------------------------- what torch can wrap around


@pytest.mark.parametrize("name", ["checkpointed", "checkpointed_reentrant"])
def test_checkpointed_parts_appear_once(trace_entry, name):
    graph = trace_entry(name)
    assert [path for path in paths(graph) if path.startswith("body")] == [
        "body.0",
        "body.1",
        "body.2",
    ]


def test_autocast_inside_and_frozen_parts(trace_entry):
    graph = trace_entry("autocast_and_frozen")
    assert graph.outputs[0].dtype == "bfloat16"
    assert {v.name for v in graph.values if v.kind == "parameter" and not v.requires_grad} == {
        "frozen.weight",
        "frozen.bias",
    }


def test_autocast_around_the_trace_stays_on(trace_whole):
    with torch.autocast("cpu", torch.bfloat16):
        graph = trace_whole(nn.Linear(4, 2), torch.randn(2, 4))
        assert torch.is_autocast_enabled("cpu")
    assert graph.outputs[0].dtype == "bfloat16"


@pytest.mark.parametrize("kind", AUTOGRAD_FUNCTIONS)
@pytest.mark.parametrize("needs_grad", [True, False])
def test_custom_autograd_functions_stay_linked(trace_whole, kind, needs_grad):
    model = with_autograd_function(kind)
    graph = trace_whole(model, torch.randn(2, 4, requires_grad=needs_grad))
    assert graph.ops[-1].inputs[0].producer is not None


def test_modules_never_called_are_no_calls(trace_entry):
    graph = trace_entry("never_called")
    assert [call.path for call in graph.calls] == ["", "used"]
    assert graph.parameters == 20 + 90


def test_a_forward_called_directly_is_attributed_to_the_module_that_owns_its_weights(trace_entry):
    graph = trace_entry("forward_called_directly")
    assert paths(graph) == ["a", "b"]
    assert [v.name for v in graph.ops[0].inputs[1:]] == ["a.weight", "a.bias"]


def test_lazy_modules_trace_and_their_parameters_have_names():
    model, (x,), _ = make("lazy")
    graph = introspect.trace(model, x)
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
    model, (x,), _ = make("lazy")
    introspect.trace(model, x)
    assert type(model[0]) is nn.LazyConv2d
    assert model(torch.randn(1, 5, 8, 8)).shape == (1, 2)


def test_data_parallel_without_devices_is_its_module(trace_entry):
    graph = trace_entry("data_parallel")
    assert {"module.layer1.0", "module.fc"} <= set(paths(graph))
    assert [call.path for call in graph.calls][:2] == ["", "module"]


@pytest.mark.parametrize("wrap", ["weight_norm", "spectral_norm", "orthogonal", "symmetric"])
@pytest.mark.parametrize("training", [True, False])
def test_parametrised_weights_come_from_their_parametrisation(trace_whole, wrap, training):
    graph = trace_whole(parametrised(wrap).train(training), torch.randn(2, 4))
    linear = next(op for op in graph.ops if op.name == "linear")
    assert linear.inputs[1].producer is not None
    assert linear.call.path == "a"


# ------------------------------------------------------------------- functions and tensors


def test_vmap_over_a_model(trace_entry):
    graph = trace_entry("vmap")
    assert graph.outputs[0].shape == (3, 5, 2)
    assert "linear" in {op.name for op in feeding(graph)}


def test_torch_func_grad_inside_forward(trace_entry):
    assert "linear" in {op.name for op in feeding(trace_entry("func_grad"))}


def test_three_models_stacked_and_mapped_over_are_joined_to_all_their_weights(trace_entry):
    graph = trace_entry("ensemble", order=False)
    read = {value.name for op in feeding(graph) for value in op.inputs if value.name}
    assert {f"members.{k}.{name}" for k in range(3) for name in ("weight", "bias")} <= read


def test_functional_call_with_other_weights(trace_entry):
    linear = next(op for op in trace_entry("functional_call").ops if op.name == "linear")
    assert linear.inputs[1].producer.name == "mul"


def test_autograd_inside_forward(trace_entry):
    assert "linear" in {op.name for op in feeding(trace_entry("autograd_inside"))}


def test_sparse_tensors(trace_entry):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # "beta state", and invariants unchecked
        trace_entry("sparse_made_inside")


def test_a_sparse_buffer(trace_entry):
    torch.sparse.check_sparse_tensor_invariants.disable()
    graph = trace_entry("sparse_buffer")
    assert [value.name for value in graph.values if value.kind == "buffer"] == ["adjacency"]


def test_complex_numbers_and_fourier_transforms(trace_entry):
    assert "complex64" in {value.dtype for value in trace_entry("complex_fourier").values}


def test_einops_and_einsum(trace_entry):
    graph = trace_entry("einops_functions")
    assert graph.outputs[0].shape == (2, 3, 3)
    assert "einsum" in names(graph)


def test_einops_as_layers(trace_entry):
    graph = trace_entry("einops_layers")
    assert [call.module for call in graph.calls][1:] == ["Rearrange", "Linear", "Reduce"]


def test_constants_held_and_made_in_forward(trace_entry):
    graph = trace_entry("constants")
    assert "constant" in {value.kind for value in graph.values}
    assert [note.split(" ")[:2] for note in graph.notes] == [["output", "1"]]


def test_a_round_trip_through_numpy_is_said(trace_entry):
    graph = trace_entry("numpy_round_trip")
    assert graph.notes
    assert "numpy" in names(graph)


def test_a_round_trip_through_python_numbers_is_said(trace_entry):
    assert any("tolist" in note for note in trace_entry("python_round_trip").notes)


def test_a_model_on_meta_needs_no_numbers():
    model = make("meta").model
    for x in (torch.randn(2, 8), torch.randn(2, 8, device="meta")):
        graph = introspect.trace(model, x)
        assert graph.outputs[0].shape == (2, 8)
        assert names(graph) == ["linear", "layer_norm", "gelu"]
        assert graph.notes == ()
    assert {p.device.type for p in model.parameters()} == {"meta"}


def test_inference_mode_around_the_trace(trace_whole):
    with torch.inference_mode():
        model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.ReLU(inplace=True))
        graph = trace_whole(model, torch.randn(1, 1, 5, 5))
        assert torch.is_inference_mode_enabled()
    assert graph.ops[-1].writes


def test_writes_inside_inference_mode_are_linked(trace_entry):
    graph = trace_entry("inference_mode_inside")
    assert graph.ops[-1].inputs[0].producer.name == "mul_"


def test_a_custom_operator(trace_entry):
    assert paths(trace_entry("custom_operator")) == ["a", "", "b"]


def test_nested_tensors(trace_entry):
    assert trace_entry("nested_tensors").outputs[0].shape == (2, 3, 2)


def test_a_tensor_subclass_of_the_users_own(trace_whole):
    graph = trace_whole(nn.Linear(4, 2), torch.randn(1, 4).as_subclass(Tagged))
    assert names(graph) == ["linear"]


def test_a_tensor_subclass_made_inside(trace_entry):
    graph = trace_entry("tensor_subclass")
    assert len(feeding(graph)) == len(graph.ops)
