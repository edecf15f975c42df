"""What every trace must keep to, whatever the model: asked of each kind and of random ones."""

import gc
import random
import sys
import zlib

import numpy as np
import pytest
import torch
from torch import nn

import introspect
from introspect.graph.proof.replay import verify
from tests.zoo.catalog import find
from tests.zoo.runs import unreached

_HOOK_TABLES = (
    "_forward_hooks",
    "_forward_pre_hooks",
    "_forward_hooks_with_kwargs",
    "_forward_hooks_always_called",
    "_forward_pre_hooks_with_kwargs",
    "_backward_hooks",
    "_backward_pre_hooks",
    "_state_dict_hooks",
    "_load_state_dict_pre_hooks",
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
    """The numbers of a tensor, down to the bit, so that NaN equals NaN."""
    if isinstance(tensor, nn.parameter.UninitializedTensorMixin):
        return "uninitialised"
    with torch.no_grad():
        plain = tensor.full_tensor() if hasattr(tensor, "full_tensor") else tensor.detach()
        if plain.device.type == "meta":
            return "meta"
        if plain.layout != torch.strided or plain.is_quantized or type(plain) is not torch.Tensor:
            return repr(plain)
        dense = plain.resolve_conj().resolve_neg().contiguous().reshape(-1)
        content = dense.view(torch.uint8).numpy()
        # a checksum for large ones: copying the half gigabyte of a vgg16 each time costs seconds
        kept = zlib.crc32(content) if content.size > 2**16 else content.tobytes()
        return (tuple(plain.shape), plain.dtype, kept)


def state_of(model, *inputs):
    """Everything that a trace could leave behind, as one comparable dict."""
    tensors = [*model.named_parameters(), *model.named_buffers()]
    return {
        "state dict": list(model.state_dict()),
        "tensors": {name: (id(t), content_of(t)) for name, t in tensors},
        "inputs": [(id(t), content_of(t), t.requires_grad) for t in tensors_in(inputs)],
        "grads": [t.grad is None or content_of(t.grad) for _, t in model.named_parameters()],
        "requires_grad": [t.requires_grad for _, t in tensors],
        "classes": [type(module) for module in model.modules()],
        "training": [module.training for module in model.modules()],
        "attributes": [sorted(vars(module)) for module in model.modules()],
        "hooks": [[len(getattr(m, t)) for t in _HOOK_TABLES] for m in model.modules()],
        "numpy": zlib.crc32(repr(np.random.get_state()).encode()),  # noqa: NPY002  the old global
        "python": zlib.crc32(repr(random.getstate()).encode()),
        "torch": zlib.crc32(torch.get_rng_state().numpy()),
        **state_of_torch(),
    }


def state_of_torch():
    """What of it belongs to the process and the thread, not to a model."""
    everything = nn.modules.module
    dynamo = sys.modules.get("torch._dynamo.eval_frame")
    return {
        "global hooks": [
            len(v)
            for k, v in vars(everything).items()
            if k.startswith("_global") and k.endswith("hooks")
        ],
        "always called": len(everything._global_forward_hooks_always_called),
        "module call": nn.Module.__call__,
        "grad mode": (torch.is_grad_enabled(), torch.is_inference_mode_enabled()),
        "function modes": torch._C._len_torch_function_stack(),
        "dispatch modes": torch._C._len_torch_dispatch_stack(),
        "autocast": (torch.is_autocast_enabled("cpu"), torch.is_autocast_cache_enabled()),
        "anomaly": torch.is_anomaly_enabled(),
        "deterministic": torch.are_deterministic_algorithms_enabled(),
        "defaults": (torch.get_default_dtype(), torch.get_default_device()),
        "fast path": torch.backends.mha.get_fastpath_enabled(),
        "stance": "default" if dynamo is None else dynamo._stance.stance,
        "interpreter": (sys.getprofile(), sys.gettrace(), sys.getrecursionlimit()),
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


def check_cuts(graph):
    """An output that no input leads to is said to be so, by name."""
    cut = unreached(graph)
    for name in cut:
        said = f"output {name} ".replace("  ", " ")
        assert any(note.startswith(said) for note in graph.notes), f"{said}is hollow"
    return cut


def check_nothing_left(before, after):
    """Two of `state_of` are equal; if not, the first difference is named."""
    assert after.keys() == before.keys()
    for what, was in before.items():
        assert after[what] == was, f"something was left behind: {what}"


@pytest.fixture
def trace_whole():
    """Trace a model and hold the trace to everything that holds for any model."""

    def traced(model, *args, connected=True, order=True, **kwargs):
        before = state_of(model, args, kwargs)
        graph = introspect.trace(model, *args, **kwargs)
        check_nothing_left(before, state_of(model, args, kwargs))
        assert graph.ops
        check_wiring(graph)
        cut = check_cuts(graph)
        if connected:
            assert not [op for op in graph.ops if op.name == graph.module], "a hollow bridge"
            assert cut == []
            assert not [note for note in graph.notes if "depends on no input" in note]
        assert verify(model, *args, **kwargs).graph.ops
        check_nothing_left(before, state_of(model, args, kwargs))
        if order is True:
            order = module_order(model, *args, **kwargs)
        if order is not False:
            assert [call.path for call in graph.calls] == order
        return graph

    return traced


@pytest.fixture
def trace_entry(trace_whole):
    """Trace a model of the zoo likewise: ``trace_entry("tree_net")``."""

    def traced(name, **options):
        entry = find(name)
        if entry.missing:
            pytest.skip(f"{name} needs {', '.join(entry.missing)}")
        with entry.opened() as (model, args, kwargs):
            options = {"connected": not entry.cuts, "order": not entry.is_opaque, **options}
            return trace_whole(model, *args, **options, **kwargs)

    return traced


@pytest.fixture
def everything_left():
    """`state_of`, for tests that ask by themselves."""
    return state_of
