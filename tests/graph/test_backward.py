"""tensors -> AutogradGraph, against torchviz itself and against the running forward."""

import gc
import itertools
import json
import re
import warnings
import weakref
from collections import Counter
from dataclasses import dataclass

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional
from torch.overrides import TorchFunctionMode
from torch.utils.checkpoint import checkpoint

import introspect
from introspect.errors import TraceError
from introspect.graph.autograd.grad_fns import walk
from introspect.graph.backward import trace_backward
from introspect.graph.capture.leaves import named_tensors
from introspect.nouns.autograd import AutogradGraph

# ------------------------------------------------------------------------ models


class Scale(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, weight):
        ctx.save_for_backward(x, weight, x.detach() * 2)
        ctx.factor = 2
        return x * weight

    @staticmethod
    def backward(ctx, gradient):
        x, weight, _ = ctx.saved_tensors
        return gradient * weight, (gradient * x).sum(0)


class Custom(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(4))
        self.head = nn.Linear(4, 2)

    def forward(self, x):
        return self.head(Scale.apply(x.sin(), self.weight).relu())


class Recurrent(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(4, 6, num_layers=2, bidirectional=True, batch_first=True)
        self.head = nn.Linear(12, 2)

    def forward(self, x):
        out, _ = self.lstm(x[:, None].expand(-1, 5, -1))
        return self.head(out[:, -1])


class Gated(nn.Module):
    def __init__(self):
        super().__init__()
        self.gru = nn.GRU(4, 6)
        self.cell = nn.LSTMCell(6, 5)

    def forward(self, x):
        _, last = self.gru(x[None].expand(3, -1, -1))
        hidden, _ = self.cell(last[0])
        return hidden


class Tied(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(4, 4)
        self.head = nn.Linear(4, 4, bias=False)
        self.head.weight = self.embed.weight

    def forward(self, x):
        return self.head(self.embed(x.argmax(1)))


class InPlace(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(4, 4)

    def forward(self, x):
        y = self.layer(x) * 2
        y += 1
        y[:, 0] = x[:, 1]
        y[:, 1:3].mul_(2)
        z = torch.zeros(len(x), 4)
        z[:, 2:] = y[:, :2]
        return functional.relu_(z + y)


class Views(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(4, 8)

    def forward(self, x):
        y = self.layer(x).view(-1, 2, 4).transpose(1, 2)
        first, second = y.unbind(2)
        left, right = (first * second).chunk(2, dim=1)
        return torch.cat([left, right[..., None].squeeze(-1)], 1)[:, 1:].t()


class Checkpointed(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 4))
        self.head = nn.Linear(4, 2)
        self.runs = 0

    def _count(self, x):
        self.runs += 1
        return self.body(x)

    def forward(self, x):
        return self.head(checkpoint(self._count, x, use_reentrant=False))


class Several(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Linear(4, 4)
        self.left = nn.Linear(4, 2)
        self.right = nn.Linear(4, 3)

    def forward(self, x):
        hidden = self.body(x).relu()
        return {"left": self.left(hidden), "deep": [self.right(hidden).softmax(1), hidden]}


class Shared(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(4, 4)

    def forward(self, x):
        return self.layer(self.layer(self.layer(x).relu()).relu())


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.block = nn.TransformerEncoderLayer(4, 2, 8, dropout=0.0, batch_first=True)
        self.head = nn.Linear(4, 2)

    def forward(self, x):
        return self.head(self.block(x[:, None].repeat(1, 3, 1)).mean(1))


class Conv(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 3, 3, padding=1)
        self.norm = nn.BatchNorm2d(3)
        self.down = nn.Conv2d(3, 3, 1)

    def forward(self, x):
        y = functional.max_pool2d(self.norm(self.conv(x[:, None, None].expand(-1, 1, 4, -1))), 2)
        return (y + self.down(y)).flatten(1)


MODELS = {
    "conv": Conv,
    "residual": lambda: nn.Sequential(nn.Linear(4, 4), Several(), Pick("deep", 1)),
    "lstm": Recurrent,
    "gru and cell": Gated,
    "tied weights": Tied,
    "in place": InPlace,
    "views": Views,
    "custom function": Custom,
    "checkpoint": Checkpointed,
    "several outputs": Several,
    "shared module": Shared,
    "attention": Attention,
}


class Pick(nn.Module):
    def __init__(self, *keys):
        super().__init__()
        self.keys = keys

    def forward(self, tree):
        for key in self.keys:
            tree = tree[key]
        return tree


def made(name):
    torch.manual_seed(0)
    return MODELS[name](), torch.randn(3, 4)


# ----------------------------------------------------------- against the real torchviz


def torchviz_source(outputs, model, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it imports distutils
        torchviz = pytest.importorskip("torchviz", reason="the oracle of these tests")
        parameters = None if model is None else dict(model.named_parameters())
        return torchviz.make_dot(outputs, parameters, **options).source


def renumbered(source):
    """A DOT source with its ids replaced by the order of their first appearance."""
    ids = {}
    lines = []
    for line in source.splitlines():
        found = re.match(r"\t(\d+)( -> )?(\d+)?(.*)$", line)
        if found is None:
            lines.append(line)
            continue
        ends = [ids.setdefault(end, len(ids)) for end in found.group(1, 3) if end]
        lines.append(f"{ends}{found[4]}")
    return lines


OPTIONS = [
    {},
    {"show_attrs": True},
    {"show_saved": True},
    {"show_attrs": True, "show_saved": True, "max_attr_chars": 9},
]


def assert_equals_torchviz(outputs, model, options):
    tensors = tuple(tensor for _, tensor in named_tensors(outputs))
    named = [] if model is None else model.named_parameters()
    ours = walk(named_tensors(outputs), named, run_hooks=True).to_dot(**options)
    theirs = torchviz_source(tensors, model, **options)
    assert renumbered(ours) == renumbered(theirs)


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("name", MODELS)
def test_every_statement_is_that_of_torchviz(name, options):
    model, x = made(name)
    assert_equals_torchviz(model(x), model, options)


@pytest.mark.torchvision
@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("name", ["resnet18", "vit_b_16", "densenet121"])
def test_every_statement_is_that_of_torchviz_on_torchvision_models(name, options):
    torchvision = pytest.importorskip("torchvision", reason="models to compare on")
    size = {"image_size": 32} if name.startswith("vit") else {}
    model = torchvision.models.get_model(name, **size)
    assert_equals_torchviz(model(torch.randn(2, 3, 32, 32)), model, options)


def transformer(name):
    transformers = pytest.importorskip("transformers", reason="models to compare on")
    torch.manual_seed(0)
    sizes = {"vocab_size": 32, "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2}
    if name == "gpt2":
        config = transformers.GPT2Config(
            vocab_size=32, n_embd=16, n_layer=2, n_head=2, bos_token_id=0, eos_token_id=0
        )
        return transformers.GPT2Model(config), {"use_cache": False}
    if name == "bert":
        return transformers.BertModel(transformers.BertConfig(**sizes, intermediate_size=32)), {}
    config = transformers.LlamaConfig(**sizes, intermediate_size=32)
    return transformers.LlamaForCausalLM(config), {"use_cache": False}


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("name", ["gpt2", "bert", "llama"])
def test_every_statement_is_that_of_torchviz_on_transformers(name, options):
    model, kwargs = transformer(name)
    assert_equals_torchviz(model(torch.arange(6)[None], **kwargs), model, options)


def test_an_output_that_another_output_saved_is_drawn_as_torchviz_draws_it():
    x = torch.randn(3, requires_grad=True)
    y = x.exp()
    z = y * y
    for options in OPTIONS:
        assert_equals_torchviz((z, y, x, y.view(3, 1), z.sin()), None, options)


def written(a, b):
    out = torch.zeros(3, 3)
    out[0] = a[1]
    out[1:] += b[:2]
    return out


EXPRESSIONS = {
    "add": lambda a, b: a + b,
    "mul": lambda a, b: a * b,
    "matmul": lambda a, b: a @ b,
    "sin": lambda a, _: a.sin(),
    "in place": lambda a, b: a.clone().mul_(b),
    "rows": lambda a, b: torch.cat([a[:1], b[1:]]),
    "view": lambda a, _: a.t().reshape(3, 3),
    "written row": written,
    "softmax": lambda a, _: a.softmax(0),
    "detached": lambda a, b: a.detach() + b,
}


steps = st.lists(
    st.tuples(st.sampled_from(sorted(EXPRESSIONS)), st.integers(0, 20), st.integers(0, 20)),
    min_size=1,
    max_size=14,
)


class Random(nn.Module):
    """Any program over 3 x 3 matrices, each step from two earlier results."""

    def __init__(self, program, outputs):
        super().__init__()
        self.weight = nn.Parameter(torch.eye(3) + 0.1)
        self.other = nn.Parameter(torch.ones(3, 3))
        self.program = program
        self.outputs = outputs

    def forward(self, x):
        results = [self.weight, x, self.other]
        for name, first, second in self.program:
            arguments = results[first % len(results)], results[second % len(results)]
            results.append(EXPRESSIONS[name](*arguments))
        return tuple(results[-1 - k % (len(results) - 2)] for k in self.outputs)


@given(steps, st.lists(st.integers(0, 20), min_size=1, max_size=3))
@settings(max_examples=80, deadline=None)
def test_random_programs_are_drawn_as_torchviz_draws_them(program, outputs):
    model = Random(program, outputs)
    found = model(torch.ones(3, 3))
    for options in OPTIONS:
        assert_equals_torchviz(found, model, options)


# ------------------------------------------------- against the forward that is running


class Watcher(TorchFunctionMode):
    """Notes when each torch function began and ended, in autograd's own counter."""

    def __init__(self, model):
        super().__init__()
        self.rows = []
        self._path = []
        for path, module in model.named_modules():
            module.register_forward_pre_hook(lambda _m, _a, path=path: self._path.append(path))
            module.register_forward_hook(lambda _m, _a, _o: [self._path.pop(), None][1])

    def __torch_function__(self, func, types, args=(), kwargs=None):
        del types
        begin = torch.autograd._get_sequence_nr()
        result = func(*args, **(kwargs or {}))
        end = torch.autograd._get_sequence_nr()
        if end > begin:
            name = func.__name__
            name = func.__self__.__name__ if name == "__get__" else name
            self.rows.append((begin, end, name, self._path[-1] if self._path else None))
        return result


def joined(model, args, kwargs=None, *, loss=lambda output: output, gradients=False):
    """The joined graph of a loss, and how many functions were joined to the wrong op.

    With gradients a function that should have been joined and was not is wrong, too.
    """
    graph = introspect.Tracer(gradients=gradients).trace(model, *args, **(kwargs or {}))
    watcher = Watcher(model)
    with watcher:
        output = model(*args, **(kwargs or {}))
    backward = trace_backward(loss(output), model, graph)
    truth = {k: row for row in watcher.rows for k in range(row[0], row[1])}
    op_of, wrong = {}, []
    for node in backward.functions:
        row = truth.get(node.sequence)
        if node.op is None:
            if gradients and row is not None:
                wrong.append((node, None, row))
            continue
        op = graph.ops[node.op]
        # one op is one row and one row is one op, of the same name, in the same module
        if row is None or (op.name, node.path) != row[2:] or op_of.setdefault(row, op) is not op:
            wrong.append((node, op, row))
    rows = sorted(op_of)
    for first, second in itertools.pairwise(rows):
        if op_of[first].index >= op_of[second].index:
            wrong.append(("order", op_of[first], second))
    return backward, wrong


@pytest.mark.parametrize("name", [name for name in MODELS if name != "in place"])
def test_functions_join_the_op_that_made_them(name):
    model, x = made(name)
    backward, wrong = joined(model, (x,))
    assert not wrong
    assert backward.joined == 1 or name == "custom function"


def test_a_custom_function_is_joined_by_its_place_or_not_at_all():
    model, x = made("custom function")
    backward, wrong = joined(model, (x,))
    assert [node.name for node in backward.functions if node.custom] == ["ScaleBackward"]
    assert not [row for row in wrong if not row[0].custom]
    assert backward.joined > 0.6


@pytest.mark.parametrize("name", ["gpt2", "bert", "llama"])
def test_functions_of_transformers_join_the_op_that_made_them(name):
    model, kwargs = transformer(name)
    backward, wrong = joined(
        model, (torch.arange(6)[None],), kwargs, loss=lambda output: output[0].pow(2).mean()
    )
    assert not wrong
    outside = {"PowBackward0", "MeanBackward0"}
    assert {node.name for node in backward.functions if node.op is None} <= outside
    assert "joined no forward op" in backward.notes[-1]


@pytest.mark.torchvision
@pytest.mark.parametrize("name", ["resnet18", "vit_b_16", "densenet121"])
def test_functions_of_torchvision_models_join_the_op_that_made_them(name):
    torchvision = pytest.importorskip("torchvision", reason="models to compare on")
    size = {"image_size": 32} if name.startswith("vit") else {}
    model = torchvision.models.get_model(name, **size)
    backward, wrong = joined(model, (torch.randn(2, 3, 32, 32),))
    assert not wrong
    assert backward.joined == 1


@given(steps, st.lists(st.integers(0, 20), min_size=1, max_size=2))
@settings(max_examples=300, deadline=None, derandomize=True)
def test_random_programs_are_never_joined_wrongly(program, outputs):
    model = Random(program, outputs)
    if not any(tensor.requires_grad for tensor in model(torch.ones(3, 3))):
        return
    _, wrong = joined(model, (torch.ones(3, 3),))
    assert not wrong


@pytest.mark.parametrize("name", MODELS)
def test_a_graph_traced_with_gradients_joins_every_function_exactly(name):
    model, x = made(name)
    _, wrong = joined(model, (x,), gradients=True)
    assert not wrong


@pytest.mark.parametrize("name", ["gpt2", "bert", "llama"])
def test_a_transformer_traced_with_gradients_joins_every_function_exactly(name):
    model, kwargs = transformer(name)
    _, wrong = joined(
        model,
        (torch.arange(6)[None],),
        kwargs,
        loss=lambda output: output[0].pow(2).mean(),
        gradients=True,
    )
    assert not wrong


def split(a, b):
    first, second = a.split([1, 2])
    return torch.cat([second * b[0], first])


def written_through_views(a, b):
    out = a * 1
    out.view(-1)[:3].mul_(b[0])
    out.t()[1] += b.sum(1)
    return out


HOSTILE = {
    **EXPRESSIONS,
    "linear": lambda a, b: functional.linear(a[None], b, b[0])[0],
    "layer norm": lambda a, b: functional.layer_norm(a, (3,), b[0], b[1]),
    "softsign": lambda a, _: functional.softsign(a),
    "normalize": lambda a, _: functional.normalize(a),
    "gelu": lambda a, _: functional.gelu(a),
    "einsum": lambda a, b: torch.einsum("ij,kj->ik", a, b),
    "where": lambda a, b: torch.where(a > b, a, b * 2),
    "outer": lambda a, b: torch.outer(a[0], b[1]),
    "split": split,
    "unbind": lambda a, b: torch.stack([x + b[0] for x in a.unbind(1)]),
    "views": written_through_views,
    "picked": lambda a, b: a[b[0] > 0].sum(0) + b,
    "own function": Scale.apply,
    "checkpoint": lambda a, b: checkpoint(lambda x, y: (x * y).sin(), a, b, use_reentrant=False),
    "without gradients": lambda a, b: a + torch.no_grad()(torch.mul)(a, b),
    "same twice": lambda a, _: a * a,
    "dropout": lambda a, _: functional.dropout(a, 0.5),
}
hostile_steps = st.lists(
    st.tuples(st.sampled_from(sorted(HOSTILE)), st.integers(0, 20), st.integers(0, 20)),
    min_size=1,
    max_size=14,
)


class Hostile(Random):
    """Such programs of what is hard to tell apart, and of modules that run several times."""

    def __init__(self, program, outputs):
        super().__init__(program, outputs)
        self.layer = nn.Linear(3, 3)
        self.block = nn.Sequential(self.layer, nn.Tanh(), nn.Linear(3, 3), nn.Tanh())

    def forward(self, x):
        results = [self.weight, x, self.other]
        for k, (name, first, second) in enumerate(self.program):
            a, b = results[first % len(results)], results[second % len(results)]
            results.append(HOSTILE[name](a, b))
            if (first + second) % 5 == 0:
                results.append((self.layer if k % 2 else self.block)(results[-1]))
        return tuple(results[-1 - k % (len(results) - 2)] for k in self.outputs)


@given(hostile_steps, st.lists(st.integers(0, 20), min_size=1, max_size=2))
@settings(max_examples=200, deadline=None, derandomize=True)
def test_hostile_programs_traced_with_gradients_are_joined_exactly(program, outputs):
    model = Hostile(program, outputs)
    if not any(tensor.requires_grad for tensor in model(torch.ones(3, 3))):
        return
    _, wrong = joined(model, (torch.ones(3, 3),), gradients=True)
    assert not wrong


def test_a_model_that_ran_twice_in_a_loss_is_joined_exactly_in_both_runs():
    model = nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 4), nn.ReLU())
    graph = introspect.Tracer(gradients=True).trace(model, torch.randn(2, 4))
    loss = (model(torch.randn(3, 4)) - model(torch.randn(3, 4)) * 2).sum()
    backward = trace_backward(loss, model, graph)
    found = Counter(node.op for node in backward.functions)
    assert found == {0: 4, 1: 2, 2: 4, 3: 2, None: 3}


def test_a_run_that_took_another_way_is_not_joined_by_its_moments():
    class Branch(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.second = nn.Linear(4, 4), nn.Linear(4, 4)

        def forward(self, x):
            y = self.first(x)
            return self.second(y.sigmoid()) if x.sum() > 0 else self.second(y).tanh()

    model, x = Branch(), torch.ones(2, 4)
    graph = introspect.Tracer(gradients=True).trace(model, x)
    backward = trace_backward(model(-x), model, graph)
    assert all(node.op is None for node in backward.functions if "Tanh" in node.name)
    names = {node.op: node.name for node in backward.functions if node.op is not None}
    assert all(graph.ops[op].name == "linear" for op in names)


def test_tracing_with_gradients_leaves_the_gradients_and_the_graph_as_they_are():
    norm, x = nn.BatchNorm1d(4), torch.randn(3, 4)
    model = nn.Sequential(nn.Linear(4, 4), norm)
    with torch.no_grad():
        graph = introspect.Tracer(gradients=True).trace(model, x)
        assert not torch.is_grad_enabled()
    assert all(parameter.grad is None for parameter in model.parameters())
    assert norm.running_mean is not None
    assert torch.equal(norm.running_mean, torch.zeros(4))
    same = [(op.name, op.arguments, op.outputs[0].shape) for op in graph.ops]
    plain = introspect.trace(model, x)
    assert same == [(op.name, op.arguments, op.outputs[0].shape) for op in plain.ops]


def test_a_model_that_ran_twice_is_not_joined_at_random():
    model = nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 2))
    x = torch.randn(3, 4)
    graph = introspect.trace(model, x)
    backward = trace_backward(model(x) - model(x + 1), model, graph)
    assert backward.joined == 0
    assert "joined no forward op" in backward.notes[-1]


def test_a_part_left_out_of_the_loss_does_not_shift_the_rest():
    class Detached(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(4, 4)

        def forward(self, x):
            return self.layer(x).detach() + self.layer(x.cos()).relu()

    backward, wrong = joined(Detached(), (torch.randn(3, 4),))
    assert not wrong
    assert backward.joined < 1


def test_a_graph_traced_on_other_shapes_joins_nothing_and_says_so():
    model = nn.Linear(4, 2)
    graph = introspect.trace(model, torch.zeros(1, 4))
    backward = trace_backward(model(torch.zeros(7, 4)), model, graph)
    assert backward.joined == 0
    assert "of 2 functions joined no forward op" in backward.notes[0]


def test_without_the_model_the_note_asks_for_it():
    model = nn.Linear(4, 2)
    x = torch.zeros(1, 4)
    backward = trace_backward(model(x), graph=introspect.trace(model, x))
    assert "trace_backward(loss, model, graph)" in backward.notes[0]


# --------------------------------------------------------------------- what it says


def test_a_chain_of_twenty_thousand_ops_is_no_recursion():
    y = torch.ones(1, requires_grad=True)
    for _ in range(20_000):
        y = y + 1
    graph = trace_backward(y)
    assert len(graph.functions) == 20_000
    assert graph.to_dot().count("AddBackward0") == 20_000
    assert "19,920 functions before" in repr(graph)
    del y  # freeing it is torch's own business, and no recursion either


def test_parameters_carry_all_names_of_tied_ones():
    model, x = made("tied weights")
    graph = trace_backward(model(x), model)
    assert [leaf.parameters for leaf in graph.leaves] == [("embed.weight", "head.weight")]


def test_outputs_are_named_by_their_place_in_any_structure():
    @dataclass
    class Result:
        loss: torch.Tensor
        rest: tuple[torch.Tensor, dict[str, torch.Tensor]]

    x = torch.ones(2, requires_grad=True)
    result = Result(x.sum(), (x * 2, {"frozen": torch.zeros(3)}))
    graph = trace_backward(result)
    assert [graph.nodes[k].name for k in graph.outputs] == ["loss", "rest.0", "rest.1.frozen"]
    assert graph.notes == ("output rest.1.frozen carries no gradient",)


def test_bases_of_views_are_nodes_with_their_shape():
    x = torch.ones(6, requires_grad=True)
    graph = trace_backward((x * 2).view(2, 3)[0])
    assert [(node.kind, node.shape) for node in graph.nodes if node.kind == "base"] == [
        ("base", (6,))
    ]


def test_parameters_that_no_gradient_reaches_are_named():
    model, x = made("several outputs")
    model.left.bias.requires_grad_(False)
    graph = trace_backward(model(x)["left"], model)
    assert graph.notes == (
        "2 of 6 parameters are not reached: right.weight, right.bias",
        "1 of 6 parameters are frozen: left.bias",
    )


def test_scalars_that_functions_saved_are_attributes_and_tensors_are_described():
    x = torch.randn(2, 3, requires_grad=True)
    (node,) = trace_backward(x.softmax(1)).functions
    assert node.attributes == {"dim": 1, "result": "[saved tensor]"}
    assert [(s.name, s.shape, s.dtype) for s in node.saved] == [("result", (2, 3), "float32")]


def test_no_tensor_is_kept_and_backward_works_afterwards():
    model, x = made("conv")
    output = model(x)
    expected = torch.autograd.grad(output.sum(), model.conv.weight, retain_graph=True)[0]
    graph = trace_backward(output, model)
    output.sum().backward()
    assert torch.equal(model.conv.weight.grad, expected)
    dead = weakref.ref(output)
    del output
    gc.collect()
    assert dead() is None
    assert len(graph.functions) > 5


def test_a_checkpoint_is_not_run_again_and_the_note_says_what_was_not_read():
    model, x = made("checkpoint")
    output = model(x)
    graph = trace_backward(output, model)
    assert model.runs == 1
    assert "saved through hooks were not read" in graph.notes[0]
    assert any(saved.shape is None for node in graph.functions for saved in node.saved)
    output.sum().backward()
    assert model.runs == 2


def test_after_backward_the_freed_tensors_are_said_and_the_rest_is_there():
    model, x = made("shared module")
    output = model(x)
    before = trace_backward(output, model)
    output.sum().backward()
    after = trace_backward(output, model)
    assert [node.name for node in after.functions] == [node.name for node in before.functions]
    assert after.notes[0].startswith("backward() has freed the saved tensors of ")


def test_saved_tensors_that_were_overwritten_are_said_before_backward_fails_on_them():
    y = torch.ones(3, requires_grad=True).exp()
    y.mul_(2)
    graph = trace_backward(y)
    assert graph.notes == (
        "backward() will fail: an in-place operation has changed the saved tensors of ExpBackward0",
    )
    with pytest.raises(RuntimeError, match="inplace operation"):
        y.sum().backward()


@pytest.mark.parametrize("name", MODELS)
def test_two_runs_give_the_same_graph_and_json_gives_it_back(name):
    graphs = []
    for _ in range(2):
        model, x = made(name)
        graphs.append(trace_backward(model(x), model, introspect.trace(model, x)))
    rows = [graph.to_dict() for graph in graphs]
    for row in rows:
        first = min(node["sequence"] for node in row["nodes"] if "sequence" in node)
        for node in row["nodes"]:
            if "sequence" in node:
                node["sequence"] -= first
    assert rows[0] == rows[1]
    again = AutogradGraph.from_dict(json.loads(json.dumps(graphs[0].to_dict())))
    assert again.to_dict() == graphs[0].to_dict()
    options = {"show_attrs": True, "show_saved": True}
    assert again.to_dot(**options) == graphs[0].to_dot(**options)
    assert repr(again) == repr(graphs[0])


def test_the_outline_groups_functions_by_module():
    model = nn.Sequential(nn.Linear(4, 3), nn.ReLU())
    x = torch.zeros(2, 4)
    graph = trace_backward(model(x), model, introspect.trace(model, x))
    assert repr(graph).splitlines() == [
        "Sequential: autograd graph of 3 functions and 2 leaves, 100% joined",
        "  output  2×3  <- #1",
        "  1",
        "    ReluBackward0 #1  2×3  <- #3",
        "  0",
        "    AddmmBackward0 #3  2×3  <- 0.bias, #7",
        "    TBackward0 #7  4×3  <- 0.weight",
    ]


# ----------------------------------------------------------------------------- errors


def frozen():
    model = nn.Linear(2, 1).requires_grad_(False)
    return model(torch.ones(1, 2)), model


def under_no_grad():
    model = nn.Linear(2, 1)
    with torch.no_grad():
        return model(torch.ones(1, 2)), model


def in_inference_mode():
    model = nn.Linear(2, 1)
    with torch.inference_mode():
        return model(torch.ones(1, 2)), model


@pytest.mark.parametrize(
    ("make", "cause", "hint"),
    [
        (frozen, "every parameter is frozen", "model.requires_grad_(True)"),
        (under_no_grad, "computed under torch.no_grad()", "outside of no_grad"),
        (in_inference_mode, "inference_mode", "outside of it"),
        (lambda: (torch.arange(3), None), "whole numbers", "the loss or the logits"),
    ],
)
def test_outputs_without_gradients_are_refused_with_the_reason(make, cause, hint):
    output, model = make()
    with pytest.raises(TraceError, match="no output carries gradients") as caught:
        trace_backward(output, model)
    lines = str(caught.value).splitlines()
    assert any(line.startswith("  cause") and cause in line for line in lines)
    assert any(line.startswith("  try") and hint in line for line in lines)


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        ((0.5,), "not loss.item"),
        (({},), "what the model returned"),
        ((torch.ones(1), torch.ones(1)), "for two tensors"),
        ((torch.ones(1), None, "graph"), "introspect.trace"),
    ],
)
def test_what_is_no_tensor_model_or_graph_is_refused_with_a_hint(arguments, hint):
    with pytest.raises(TraceError, match=re.escape(hint)):
        trace_backward(*arguments)
