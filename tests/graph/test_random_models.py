"""Modules that nobody wrote: each trace is proven by a replay, and leaves nothing behind."""

import copy

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import nn

import introspect
from introspect.errors import TraceError
from introspect.graph.proof.replay import verify

WIDTH = 6

# ------------------------------------------------------------------------------- the parts


class Conv(nn.Module):
    """A convolution for a batch of vectors."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv1d(1, 2, 3, padding=1)

    def forward(self, x):
        return self.conv(x.unsqueeze(1)).sum(1)


class Residual(nn.Module):
    def __init__(self, body):
        super().__init__()
        self.body = body

    def forward(self, x):
        return x + self.body(x)


class Again(nn.Module):
    """One module called several times, the last time as an attribute of a list."""

    def __init__(self, body, times):
        super().__init__()
        self.first = body
        self.list = nn.ModuleList([body])
        self.times = times

    def forward(self, x):
        for _ in range(self.times):
            x = self.first(x)
        return self.list[0](x)


class Branch(nn.Module):
    """Data picks the way."""

    def __init__(self, yes, no):
        super().__init__()
        self.ways = nn.ModuleDict({"yes": yes, "no": no})

    def forward(self, x):
        return self.ways["yes" if x.sum() > 0 else "no"](x)


class Halves(nn.Module):
    """Tuples and dicts go in and come out of modules."""

    class Swap(nn.Module):
        def forward(self, pair, *, scale):
            return {"left": pair[1], "right": [pair[0] * scale]}

    def __init__(self, left, right):
        super().__init__()
        self.swap, self.left, self.right = self.Swap(), left, right

    def forward(self, x):
        swapped = self.swap((self.left(x), self.right(x)), scale=0.5)
        return torch.cat([swapped["left"][:, :3], swapped["right"][0][:, 3:]], 1)


class Keeps(nn.Module):
    """A buffer that is updated, and a tensor that is neither parameter nor buffer."""

    def __init__(self, body):
        super().__init__()
        self.body = body
        self.table = torch.linspace(-1, 1, WIDTH)
        self.register_buffer("mean", torch.zeros(WIDTH))
        self.register_buffer("steps", torch.zeros((), dtype=torch.long))

    def forward(self, x):
        self.mean.mul_(0.9).add_(x.mean(0), alpha=0.1)
        self.steps += 1
        return self.body(x - self.mean) * self.table / self.steps


class NoGradient(nn.Module):
    def __init__(self, body):
        super().__init__()
        self.body = body

    def forward(self, x):
        with torch.no_grad():
            return self.body(x.detach())


def _slice(x):
    x[1:, ::2] = x[:-1, 1::2]


def _mask(x):
    x[x > 1] = 0.5


def _split(x):
    left, right = x.split(3, 1)
    left.add_(right)


def _transposed(x):
    x.t()[0].mul_(2).sub_(1)


def _twice_viewed(x):
    x.view(-1)[2:8].view(2, 3)[1].fill_(0.25)


def _out(x):
    torch.tanh(x, out=x)


def _unbound(x):
    first, *_, last = x.unbind(0)
    first.copy_(last)


WRITES = [
    _slice,
    _mask,
    _split,
    _transposed,
    _twice_viewed,
    _out,
    _unbound,
    torch.relu_,
    torch.sin_,
]


class Writes(nn.Module):
    """Writes into a copy of its input, or into the input itself, through all kinds of views."""

    def __init__(self, writes, *, copies):
        super().__init__()
        self.writes, self.copies = writes, copies

    def forward(self, x):
        y = x.clone() if self.copies else x
        whole = y.view(x.shape)
        for write in self.writes:
            write(y)
        return whole + y.contiguous()


class Noise(nn.Module):
    def forward(self, x):
        return x + torch.randn_like(x) * torch.rand(WIDTH)


class Numbers(nn.Module):
    def forward(self, x):
        return x * (1 + abs(x.mean().item()) % 1) + len(x.tolist())


class Unlucky(nn.Module):
    """Raises when it is called for the n-th time, after having changed things."""

    def __init__(self, calls):
        super().__init__()
        self.calls = calls
        self.register_buffer("seen", torch.zeros(1))

    def forward(self, x):
        self.seen += 1
        torch.rand(1)
        if self.seen.item() >= self.calls:
            raise ValueError("unlucky")
        return x


LEAVES = {
    "linear": lambda: nn.Linear(WIDTH, WIDTH),
    "conv": Conv,
    "layer norm": lambda: nn.LayerNorm(WIDTH),
    "batch norm": lambda: nn.BatchNorm1d(WIDTH),
    "relu": lambda: nn.ReLU(inplace=True),
    "gelu": nn.GELU,
    "tanh in place": lambda: nn.Hardtanh(inplace=True),
    "dropout": lambda: nn.Dropout(0.3),
    "identity": nn.Identity,
    "noise": Noise,
    "numbers": Numbers,
}


@st.composite
def modules(draw, pool, depth=0):
    """A module from vectors to vectors; now and then one that stands elsewhere too."""
    kinds = ["leaf", "leaf", "leaf", "writes"]
    kinds += ["sequence", "residual", "again", "branch", "halves", "keeps", "no grad"][: 8 - depth]
    kinds += ["shared"] if pool else []
    kind = draw(st.sampled_from(kinds if depth < 3 else kinds[:4])) if depth else "sequence"
    part = modules(pool, depth + 1)
    if kind == "shared":
        return draw(st.sampled_from(pool))
    if kind == "leaf":
        made = LEAVES[draw(st.sampled_from(sorted(LEAVES)))]()
    elif kind == "writes":
        writes = draw(st.lists(st.sampled_from(WRITES), min_size=1, max_size=3))
        made = Writes(writes, copies=draw(st.booleans()))
    elif kind == "sequence":
        made = nn.Sequential(*[draw(part) for _ in range(draw(st.integers(1, 4)))])
    elif kind == "again":
        made = Again(draw(part), draw(st.integers(1, 3)))
    elif kind in {"branch", "halves"}:
        made = (Branch if kind == "branch" else Halves)(draw(part), draw(part))
    else:
        made = {"residual": Residual, "keeps": Keeps, "no grad": NoGradient}[kind](draw(part))
    pool.append(made)
    return made


class Model(nn.Module):
    """Takes its tensor and gives its results in the containers that were drawn."""

    def __init__(self, body, takes, gives):
        super().__init__()
        self.body, self.takes, self.gives = body, takes, gives
        self.head = nn.Linear(WIDTH, 2)

    def forward(self, batch):
        x = batch[0] if self.takes == "tuple" else batch["x"] if self.takes == "dict" else batch
        y = self.body(x)
        results = {"logits": self.head(y), "hidden": [y, x], "zero": torch.zeros(2)}
        if self.gives == "tuple":
            return tuple(results.values())
        return results if self.gives == "dict" else results["logits"]


@st.composite
def models(draw, *, unlucky=False):
    """(model, input): with random weights, in training or evaluation."""
    torch.manual_seed(draw(st.integers(0, 9)))
    pool = [Unlucky(draw(st.integers(1, 3)))] if unlucky else []
    body = draw(modules(pool))
    if unlucky:
        body = nn.Sequential(body, pool[0])
    takes = draw(st.sampled_from(["tensor", "tuple", "dict"]))
    model = Model(body, takes, draw(st.sampled_from(["tensor", "tuple", "dict"])))
    model.train(draw(st.booleans()))
    x = torch.randn(4, WIDTH, requires_grad=draw(st.booleans()))
    if x.requires_grad and draw(st.booleans()):
        x = x * 1  # not a leaf
    return model, {"tensor": x, "tuple": (x,), "dict": {"x": x}}[takes]


many = settings(
    max_examples=200,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

# -------------------------------------------------------------------------- the properties


def wires(graph):
    return [
        ([value.index for value in op.inputs], [value.index for value in op.outputs])
        for op in graph.ops
    ]


def structure(graph):
    """All that two traces of one model must agree on."""
    return (
        [(op.name, op.call.path, op.flags) for op in graph.ops],
        wires(graph),
        [(value.shape, value.dtype, value.kind, value.name) for value in graph.values],
        [value.producer and value.producer.index for value in graph.values],
        [(call.path, call.repetition, call.parent and call.parent.index) for call in graph.calls],
        [value.index for value in graph.outputs],
        graph.notes,
    )


def lines(graph):
    return [(op.source, op.function) for op in graph.ops]


def a_copy(model, batch):
    """The same again, so that the oracle may change it."""
    return copy.deepcopy(model), (
        {key: value.detach().clone() for key, value in batch.items()}
        if isinstance(batch, dict)
        else tuple(value.detach().clone() for value in batch)
        if isinstance(batch, tuple)
        else batch.detach().clone()
    )


def run(model, batch, *, shift=0.0):
    """The plain forward of a copy, as tensors; the same random numbers every time."""
    twin, data = a_copy(model, batch)
    first = next(iter(data.values())) if isinstance(data, dict) else data
    first = first[0] if isinstance(first, tuple) else first
    first.add_(shift)
    with torch.no_grad(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(5)
        result = twin(data)
    if isinstance(result, dict):
        result = tuple(result.values())
    flat = []
    for item in result if isinstance(result, tuple) else (result,):
        flat.extend(item if isinstance(item, list) else [item])
    return [tensor.clone() for tensor in flat]


@many
@given(models())
def test_a_replay_of_the_graph_gives_what_the_model_gave(drawn):
    model, batch = drawn
    proof = verify(model, batch)
    assert proof.skipped == ()
    assert proof.tolerance == 0.0
    assert proof.ops == len(proof.graph.ops)


@many
@given(models())
def test_two_traces_have_one_structure_and_the_witness_changes_nothing(drawn):
    model, batch = drawn
    first, second = introspect.trace(model, batch), introspect.trace(model, batch)
    assert structure(first) == structure(second) == structure(verify(model, batch).graph)
    assert lines(first) == lines(second)


@many
@given(models())
def test_the_calls_are_those_that_hooks_see(drawn):
    model, batch = drawn
    graph = introspect.trace(model, batch)
    twin, data = a_copy(model, batch)
    seen = []
    for path, module in twin.named_modules():
        module.register_forward_pre_hook(lambda _m, _args, path=path: seen.append(path))
    with torch.no_grad():
        twin(data)
    assert [call.path for call in graph.calls] == seen
    for op in graph.ops:
        assert op.call in graph.calls


@many
@given(models())
def test_what_depends_on_the_input_is_reached_from_it(drawn):
    model, batch = drawn
    graph = introspect.trace(model, batch)
    reached = {value.index for value in graph.inputs}
    for op in graph.ops:
        if any(value.index in reached for value in op.inputs):
            reached.update(value.index for value in op.outputs)
    plain, shifted = run(model, batch), run(model, batch, shift=0.37)
    assert len(graph.outputs) == len(plain)
    for value, left, right in zip(graph.outputs, plain, shifted, strict=True):
        assert value.shape == tuple(left.shape)
        if not torch.equal(left.nan_to_num(), right.nan_to_num()):
            assert value.index in reached


@many
@given(models(), st.sampled_from([introspect.trace, verify]))
def test_nothing_is_left_behind(everything_left, drawn, look):
    model, batch = drawn
    before, plain = everything_left(model, batch), run(model, batch)
    look(model, batch)
    after = everything_left(model, batch)
    for what, was in before.items():
        assert after[what] == was, what
    for left, right in zip(run(model, batch), plain, strict=True):
        assert torch.equal(left.nan_to_num(), right.nan_to_num())


@many
@given(models(unlucky=True), st.sampled_from([introspect.trace, verify]))
def test_nothing_is_left_behind_when_the_model_fails(everything_left, drawn, look):
    model, batch = drawn
    before = everything_left(model, batch)
    error = None
    try:
        look(model, batch)
    except TraceError as caught:
        error = caught
    if error is not None:  # it may have been lucky
        assert "ValueError: unlucky" in str(error)
        assert "(Unlucky)" in str(error)
        assert error.graph.calls[-1].module == "Unlucky"
    after = everything_left(model, batch)
    for what, was in before.items():
        assert after[what] == was, what


def test_the_generator_draws_what_it_should():
    """A property over nothing proves nothing: each part occurs, and each fate."""
    seen, fates = set(), set()

    @settings(max_examples=200, deadline=None, database=None, derandomize=True)
    @given(models(), models(unlucky=True))
    def draw(model_and_batch, unlucky):
        for op in introspect.trace(*model_and_batch).ops:
            seen.update({op.name, *op.flags})
        seen.update(type(module).__name__ for module in model_and_batch[0].modules())
        try:
            introspect.trace(*unlucky)
            fates.add("lived")
        except TraceError:
            fates.add("failed")

    draw()
    assert fates == {"lived", "failed"}
    parts = "Conv Residual Again Branch Halves Keeps NoGradient Writes Noise Numbers BatchNorm1d"
    parts += " in_place view pass_through data_dependent"
    parts += " linear __setitem__ split randn_like dropout __bool__ item"
    assert set(parts.split()) - seen == set()


pytestmark = pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor that is not a leaf")
