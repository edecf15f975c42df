"""What every trace must keep to, whatever the model: asked of each kind and of random ones."""

import gc

import pytest
import torch
from torch import nn

import introspect
from introspect.graph.proof.replay import verify

_HOOK_TABLES = (
    "_forward_hooks",
    "_forward_pre_hooks",
    "_forward_hooks_with_kwargs",
    "_forward_hooks_always_called",
    "_backward_hooks",
    "_backward_pre_hooks",
    "_state_dict_hooks",
)


def tensors_in(tree, found=None, depth=0):
    """Every tensor in a tree of containers and plain objects, each once, in order."""
    found = [] if found is None else found
    if isinstance(tree, torch.Tensor):
        if all(tree is not tensor for tensor in found):
            found.append(tree)
        return found
    if isinstance(tree, dict):
        children = list(tree.values())
    elif isinstance(tree, list | tuple | set):
        children = list(tree)
    else:
        children = (
            [] if isinstance(tree, nn.Module) else list(getattr(tree, "__dict__", {}).values())
        )
    for child in children if depth < 8 else ():
        tensors_in(child, found, depth + 1)
    return found


def content_of(tensor):
    """The numbers of a tensor as bytes, so that NaN equals NaN."""
    if isinstance(tensor, nn.parameter.UninitializedTensorMixin):
        return "uninitialised"
    with torch.no_grad():
        plain = tensor.full_tensor() if hasattr(tensor, "full_tensor") else tensor.detach()
        if plain.device.type == "meta":
            return "meta"
        if plain.layout != torch.strided or plain.is_quantized or type(plain) is not torch.Tensor:
            return repr(plain)
        dense = plain.resolve_conj().resolve_neg().contiguous().reshape(-1)
        return (tuple(plain.shape), plain.dtype, dense.view(torch.uint8).numpy().tobytes())


def state_of(model, *inputs):
    """Everything that a trace could leave behind, as one comparable dict."""
    everything = nn.modules.module
    tensors = [*model.named_parameters(), *model.named_buffers()]
    return {
        "tensors": {name: (id(t), content_of(t)) for name, t in tensors},
        "inputs": [(id(t), content_of(t), t.requires_grad) for t in tensors_in(inputs)],
        "grads": [t.grad is None or content_of(t.grad) for _, t in model.named_parameters()],
        "requires_grad": [t.requires_grad for _, t in tensors],
        "training": [module.training for module in model.modules()],
        "attributes": [sorted(vars(module)) for module in model.modules()],
        "hooks": [[len(getattr(m, t)) for t in _HOOK_TABLES] for m in model.modules()],
        "global hooks": [
            len(v)
            for k, v in vars(everything).items()
            if k.startswith("_global") and k.endswith("hooks")
        ],
        "always called": len(everything._global_forward_hooks_always_called),
        "rng": torch.get_rng_state().tolist(),
        "grad mode": (torch.is_grad_enabled(), torch.is_inference_mode_enabled()),
        "function modes": torch._C._len_torch_function_stack(),
        "dispatch modes": torch._C._len_torch_dispatch_stack(),
        "autocast": (torch.is_autocast_enabled("cpu"), torch.is_autocast_cache_enabled()),
        "anomaly": torch.is_anomaly_enabled(),
        "collector": gc.isenabled(),
    }


def module_order(model, *args, **kwargs):
    """Paths in the order in which the forwards begin, by hooks on the modules themselves."""
    paths, hooks = [], []
    for path, module in model.named_modules():
        hooks.append(
            module.register_forward_pre_hook(lambda _m, _args, path=path: paths.append(path))
        )
    before = torch.get_rng_state()
    try:
        model(*args, **kwargs)
    finally:
        torch.set_rng_state(before)
        for hook in hooks:
            hook.remove()
    return paths


def unreached(graph):
    """Names of outputs that no path of reads and writes joins to an input."""
    reached = {value.index for value in graph.inputs}
    for op in graph.ops:
        if any(value.index in reached for value in op.inputs):
            reached.update(value.index for value in op.outputs)
    return [
        name
        for name, value in zip(graph.output_names, graph.outputs, strict=True)
        if value.index not in reached
    ]


def check_wiring(graph):
    """Indices are positions; what an op reads was there before it; producers list their outputs."""
    assert [op.index for op in graph.ops] == list(range(len(graph.ops)))
    assert [value.index for value in graph.values] == list(range(len(graph.values)))
    for op in graph.ops:
        for value in op.inputs:
            assert graph.values[value.index] is value
            if value.producer is not None:
                assert value.producer.index < op.index, f"{op} reads {value} before it is made"
        for value in op.outputs:
            assert graph.values[value.index] is value
    for value in graph.values:
        if value.kind == "result":
            assert value in value.producer.outputs, f"{value} is no output of {value.producer}"


@pytest.fixture
def trace_whole():
    """Trace a model and hold the trace to everything that holds for any model."""

    def traced(model, *args, connected=True, order=True, **kwargs):
        before = state_of(model, args, kwargs)
        graph = introspect.trace(model, *args, **kwargs)
        after = state_of(model, args, kwargs)
        for what, was in before.items():
            assert after[what] == was, f"the trace left something behind: {what}"
        assert graph.ops
        check_wiring(graph)
        cut = unreached(graph)
        for name in cut:
            said = f"output {name} ".replace("  ", " ")
            assert any(note.startswith(said) for note in graph.notes), f"{said}is hollow"
        if connected:
            assert not [op for op in graph.ops if op.name == graph.module], "a hollow bridge"
            assert cut == []
            assert not [note for note in graph.notes if "depends on no input" in note]
        assert verify(model, *args, **kwargs).graph.ops
        after = state_of(model, args, kwargs)
        for what, was in before.items():
            assert after[what] == was, f"verify left something behind: {what}"
        if order is True:
            order = module_order(model, *args, **kwargs)
        if order is not False:
            assert [call.path for call in graph.calls] == order
        return graph

    return traced


@pytest.fixture
def everything_left():
    """`state_of`, for tests that ask by themselves."""
    return state_of
