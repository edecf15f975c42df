"""model and inputs -> Graph, against torch.fx and the model itself."""

import operator

import pytest
import torch
from torch import fx, nn

import introspect
from introspect.errors import TraceError


def leaf_paths(graph):
    parents = {call.parent for call in graph.calls}
    return [call.path for call in graph.calls if call not in parents]


def test_module_calls_are_those_that_fx_sees(convnet, image):
    graph = introspect.trace(convnet, image)
    seen_by_fx = [n.target for n in fx.symbolic_trace(convnet).graph.nodes if n.op == "call_module"]
    assert leaf_paths(graph) == seen_by_fx


def test_edges_between_modules_are_those_that_fx_sees(residual):
    graph = introspect.trace(residual, torch.randn(4, 8))
    ours = set()
    for op in graph.ops:
        for value in op.inputs:
            if value.kind == "result":
                ours.add((value.producer.call.path, op.call.path))
    nodes = fx.symbolic_trace(residual).graph.nodes

    def owner(node):  # an addition runs in the block around it
        if node.op == "call_module":
            return node.target
        return node.args[1].target.rpartition(".")[0]

    theirs = {
        (owner(source), owner(node))
        for node in nodes
        if node.op in {"call_module", "call_function"}
        for source in node.all_input_nodes
        if source.op != "placeholder"
    }
    # evaluation dropout returns its input itself: fx has a node there, the data has none
    passed = {a for a, _ in theirs if a.endswith("drop")}
    direct = {(a, b) for a, b in theirs if a not in passed and b not in passed}
    direct |= {(a, c) for a, b in theirs if b in passed for b2, c in theirs if b2 == b}
    reading_drops = {(a, b) for a, b in ours if b in passed}
    assert ours - reading_drops == direct


def test_shapes_are_those_that_the_modules_return(convnet, image):
    seen = {}
    hooks = [
        module.register_forward_hook(
            lambda _m, _args, out, path=path: seen.update({path: tuple(out.shape)})
        )
        for path, module in convnet.named_modules()
    ]
    convnet(image)
    for hook in hooks:
        hook.remove()
    graph = introspect.trace(convnet, image)
    assert {call.path: call.outputs[0].shape for call in graph.calls} == seen
    assert graph.parameters == sum(p.numel() for p in convnet.parameters())
    assert {value.dtype for value in graph.values} == {"float32"}


def test_a_module_called_three_times_has_three_calls_and_one_weight():
    class Thrice(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(4, 4)

        def forward(self, x):
            return self.layer(self.layer(self.layer(x)))

    graph = introspect.trace(Thrice(), torch.zeros(1, 4))
    assert [(c.path, c.repetition) for c in graph.calls[1:]] == [("layer", k) for k in range(3)]
    assert [v.name for v in graph.values if v.kind == "parameter"] == ["layer.weight", "layer.bias"]


def test_tied_weights_are_one_value_with_both_names():
    class Tied(nn.Module):
        def __init__(self):
            super().__init__()
            self.embed = nn.Embedding(10, 4)
            self.head = nn.Linear(4, 10, bias=False)
            self.head.weight = self.embed.weight

        def forward(self, ids):
            return self.head(self.embed(ids))

    graph = introspect.trace(Tied(), torch.tensor([[1, 2]]))
    weights = [value for value in graph.values if value.kind == "parameter"]
    assert [(w.name, w.aliases) for w in weights] == [("embed.weight", ("head.weight",))]
    assert graph.parameters == 40


@pytest.mark.parametrize(
    ("write", "names"),
    [
        (torch.relu_, ["clone", "relu_", "mul"]),
        (lambda x: operator.iadd(x, 1), ["clone", "add_", "mul"]),
        (lambda x: x[0].add_(1), ["clone", "__getitem__", "add_", "mul"]),
        (lambda x: x.__setitem__(0, 7.0), ["clone", "__setitem__", "mul"]),
        (lambda x: torch.exp(x, out=x), ["clone", "exp", "mul"]),
    ],
    ids=["in place", "augmented", "through a view", "item assignment", "out argument"],
)
def test_a_read_after_a_write_comes_from_the_writer(write, names):
    class Writes(nn.Module):
        def forward(self, x):
            x = x.clone()
            write(x)
            return x * 2

    graph = introspect.trace(Writes(), torch.zeros(3, 2))
    assert [op.name for op in graph.ops] == names
    assert graph.ops[-1].inputs[0].producer is graph.ops[-2]
    assert graph.ops[-2].writes


def test_an_op_that_returns_its_input_makes_no_new_value():
    x = torch.randn(4, 8)
    graph = introspect.trace(nn.Sequential(nn.Dropout(0.5).eval(), nn.ReLU()), x)
    dropout, relu = graph.ops
    assert dropout.outputs == graph.inputs == relu.inputs


def test_nested_inputs_and_outputs_keep_their_paths():
    class Nested(nn.Module):
        def forward(self, batch, *, scale):
            return {"sum": batch["a"] + batch["b"][0], "pair": (batch["a"] * scale, 3)}

    batch = {"a": torch.ones(2), "b": [torch.ones(2)]}
    graph = introspect.trace(Nested(), batch, scale=2.0)
    assert [value.name for value in graph.inputs] == ["batch.a", "batch.b.0"]
    assert graph.output_names == ("sum", "pair.0")
    assert graph.notes == ()


def test_an_output_that_depends_on_no_input_is_said():
    class Cut(nn.Module):
        def forward(self, x):
            return x + 1, torch.ones(2)

    assert introspect.trace(Cut(), torch.zeros(2)).notes == ("output 1 depends on no input",)


def test_the_authors_function_and_line_are_known():
    def author_named(x):
        return torch.tanh(x) * 2

    class Calls(nn.Module):
        def forward(self, x):
            return author_named(x) + 1

    graph = introspect.trace(Calls(), torch.zeros(2))
    assert [op.function for op in graph.ops] == ["author_named", "author_named", ""]
    assert all(op.source[0] == __file__ for op in graph.ops)


def test_random_numbers_buffers_and_gradients_are_as_if_nothing_had_run():
    model = nn.Sequential(nn.Linear(3, 3), nn.BatchNorm1d(3), nn.Dropout(0.5)).train()
    x = torch.randn(8, 3, requires_grad=True)
    buffers = {name: buffer.clone() for name, buffer in model.named_buffers()}
    state = torch.get_rng_state()
    introspect.trace(model, x)
    assert torch.equal(torch.get_rng_state(), state)
    for name, buffer in model.named_buffers():
        assert torch.equal(buffer, buffers[name])
    assert model.training
    assert x.grad is None
    assert torch.is_grad_enabled()


class Fails(nn.Module):
    def __init__(self, error=None):
        super().__init__()
        self.inner = nn.Sequential(nn.Linear(4, 4), nn.Linear(5, 5))
        self.error = error

    def forward(self, x):
        if self.error:
            raise self.error
        return self.inner(x)


def global_hooks():
    module = nn.modules.module
    return len(module._global_forward_hooks) + len(module._global_forward_pre_hooks)


def test_a_wrong_shape_names_the_module_the_op_and_the_inputs():
    with pytest.raises(TraceError) as caught:
        introspect.trace(Fails(), torch.zeros(2, 4))
    message = str(caught.value)
    assert "where  inner.1 (Linear), in linear" in message
    assert "given  input 0: float32 (2, 4) on cpu" in message
    assert "cause  RuntimeError" in message
    assert isinstance(caught.value.__cause__, RuntimeError)
    assert [op.name for op in caught.value.graph.ops] == ["linear"]
    assert global_hooks() == 0


def test_an_exception_of_the_models_own_names_its_module():
    with pytest.raises(TraceError, match=r"where  the model \(Fails\)[\s\S]*ValueError: no"):
        introspect.trace(Fails(ValueError("no")), torch.zeros(2, 4))


def test_an_exception_that_the_model_catches_is_no_failure():
    class Catches(nn.Module):
        def __init__(self):
            super().__init__()
            self.bad, self.good = nn.Linear(3, 3), nn.Linear(2, 2)

        def forward(self, x):
            try:
                return self.bad(x)
            except RuntimeError:
                return self.good(x)

    graph = introspect.trace(Catches(), torch.zeros(1, 2))
    assert [op.call.path for op in graph.ops] == ["good"]


def test_ctrl_c_passes_and_leaves_no_hook_and_no_mode():
    with pytest.raises(KeyboardInterrupt):
        introspect.trace(Fails(KeyboardInterrupt()), torch.zeros(2, 4))
    assert global_hooks() == 0
    assert torch._C._len_torch_function_stack() == 0
    assert torch.is_grad_enabled()


def test_a_model_without_tensors_in_its_output_is_refused():
    class Silent(nn.Module):
        def forward(self, x):
            return {"loss": float(x.sum())}

    with pytest.raises(TraceError, match=r"returned no tensor[\s\S]*a dict"):
        introspect.trace(Silent(), torch.zeros(2))


def test_a_thing_that_is_no_module_is_refused():
    with pytest.raises(TraceError, match=r"only a torch.nn.Module[\s\S]*builtins.function"):
        introspect.trace(lambda x: x, torch.zeros(2))


def test_a_call_with_wrong_arguments_speaks_the_models_own_words(convnet):
    with pytest.raises(TraceError, match="missing 1 required positional argument: 'x'"):
        introspect.trace(convnet)


@pytest.mark.torchvision
@pytest.mark.parametrize(("name", "ops"), [("vgg16", 40), ("resnet50", 175)])
def test_torchvision_models_trace_whole(name, ops):
    models = pytest.importorskip("torchvision.models", reason="torchvision is not installed")
    model = getattr(models, name)(weights=None).eval()
    graph = introspect.trace(model, torch.zeros(1, 3, 64, 64))
    assert len(graph.ops) == ops
    assert leaf_paths(graph) == [
        node.target for node in fx.symbolic_trace(model).graph.nodes if node.op == "call_module"
    ]
    assert graph.notes == ()
