"""Tracer(memoize=True): repeated blocks are copied, and the graph is what a run would give.

Every model is traced twice, with and without; nothing may differ. Where a block depends on
something hidden, it does something else from the fourth call on: the first two calls are run in
any case, so that a copy that should not have been made shows itself.
"""

import itertools
import os
import random
import sys
import threading
import time
from functools import partial

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

import introspect
from introspect.errors import TraceError
from introspect.graph import trace as tracing
from introspect.graph.capture.memo import Memo


@pytest.fixture
def memos(monkeypatch):
    """Every `Memo` that was made."""
    made = []

    class Remembered(Memo):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            made.append(self)

    monkeypatch.setattr(tracing, "Memo", Remembered)
    return made


def op_of(op):
    return (
        *(op.index, op.name, op.call and op.call.index, op.arguments, op.options),
        *(op.function, op.source, op.flags),
        [value.index for value in op.inputs],
        [value.index for value in op.outputs],
        [op_of(child) for child in op.children],
    )


def value_of(value):
    maker = value.producer and value.producer.index
    return (
        *(value.index, value.shape, value.dtype, value.device, value.kind, value.name),
        *(value.aliases, value.requires_grad, maker),
    )


def call_of(call):
    return (
        *(call.index, call.path, call.module, call.builtin, call.repetition, call.settings),
        *(call.parameters, call.training, call.parent and call.parent.index),
        [value.index for value in call.inputs],
        [value.index for value in call.outputs],
    )


def assert_same(memoised, plain):
    """Everything in two graphs is equal."""
    assert [op_of(op) for op in memoised.ops] == [op_of(op) for op in plain.ops]
    assert [value_of(v) for v in memoised.values] == [value_of(v) for v in plain.values]
    assert [call_of(call) for call in memoised.calls] == [call_of(c) for c in plain.calls]
    assert memoised.to_dict() == plain.to_dict()
    assert memoised.fingerprint == plain.fingerprint


def trace_both(make, *args, level="function", **kwargs):
    """Trace two models that are made alike, since a forward may leave traces in its model."""
    tracers = [introspect.Tracer(mode="fake", memoize=on, level=level) for on in (False, True)]
    plain, memoised = [tracer.trace(make(), *args, **kwargs) for tracer in tracers]
    assert_same(memoised, plain)
    assert memoised.mode == "fake"
    return memoised


class Stack(nn.Module):
    """Blocks in a row, with the other arguments for each."""

    def __init__(self, *blocks):
        super().__init__()
        self.blocks = nn.ModuleList(blocks)

    def forward(self, x, *args, **kwargs):
        for block in self.blocks:
            x = block(x, *args, **kwargs)
        return x


class Block(nn.Module):
    def __init__(self, number=0, width=4):
        super().__init__()
        self.number = number
        self.norm = nn.LayerNorm(width)
        self.line = nn.Linear(width, width)

    def forward(self, x):
        return x + torch.relu(self.line(self.norm(x)))


X = torch.zeros(2, 4)


def stack_of(kind, count=6, **options):
    return lambda: Stack(*(kind(number, **options) for number in range(count)))


# ------------------------------------------------------------------------------- is copied


class Rotated(Block):
    """Takes a tuple and keywords as decoder layers do, and returns a tuple."""

    def forward(self, x, turn=None, *, mask=None, scale=1.0):
        cos, sin = turn
        y = self.line(x) * cos + x * sin * scale
        return y if mask is None else y + mask


class Nested(Block):
    """Two parts of one class in each block."""

    def __init__(self, number):
        super().__init__(number)
        self.parts = nn.Sequential(Block(0), nn.GELU(), Block(1))

    def forward(self, x):
        return self.parts(x) * 2


class InPlace(Block):
    """Writes what it made itself."""

    def forward(self, x):
        y = self.line(x)
        y += 1
        y[0].mul_(2)
        return torch.relu_(y)


class Views(Block):
    """Returns a view of its input."""

    def forward(self, x):
        return self.line(x).sum() + x.reshape(-1).view(2, 4)


class JustAView(Block):
    def forward(self, x):
        self.line(x)
        return x.reshape(4, 2).view(2, 4)


class ItsInput(Block):
    def forward(self, x):
        self.line(x)
        return x


class Slices(Block):
    """Returns a part of what it made."""

    def forward(self, x):
        return torch.cat([self.line(x), x], -1)[:, 1:5]


class OwnTable(nn.Module):
    """Has a parameter and a buffer of its own, and a list and a dict."""

    def __init__(self, number):
        super().__init__()
        self.number = number
        self.weight = nn.Parameter(torch.ones(4))
        self.register_buffer("shift", torch.zeros(4))
        self.steps = [1, 2, {"by": 3}]
        self.act = torch.relu

    def forward(self, x):
        for step in self.steps[:2]:
            x = self.act(x * self.weight + self.shift) * step
        return x * self.steps[2]["by"]


@pytest.mark.parametrize(
    "kind", [Block, Nested, InPlace, Views, JustAView, ItsInput, Slices, OwnTable]
)
@pytest.mark.parametrize("level", ["function", "aten"])
def test_a_block_that_repeats_is_copied(memos, kind, level):
    trace_both(stack_of(kind), X, level=level)
    # what the first block is given may be alike for code, but it is no view as the others' is
    assert memos[0].copied >= (3 if kind in {JustAView, Slices} else 4)
    assert memos[0].doubts == []


def test_a_block_with_the_arguments_of_a_decoder_layer_is_copied(memos):
    turn = (torch.zeros(2, 4), torch.zeros(2, 4))
    trace_both(stack_of(Rotated), X, turn, mask=None, scale=2.0)
    trace_both(stack_of(Rotated), X, turn, mask=torch.zeros(2, 1))
    assert [memo.copied for memo in memos] == [4, 4]


class Returns(Block):
    def __init__(self, number, form):
        super().__init__(number)
        self.form = form

    def forward(self, x):
        y = self.line(x)
        return self.form(y)


def in_tuple(y):
    return y, None


def in_dict(y):
    return {"y": y, "both": [y, y.t()], "n": 3}


def twice(y):
    return y, y


def overlapping(y):
    return y[:1], y[1:]


class Opens(nn.Module):
    """Runs blocks whose result is nested, and goes on with its first tensor."""

    def __init__(self, form):
        super().__init__()
        self.blocks = nn.ModuleList(Returns(k, form) for k in range(5))

    def forward(self, x):
        kept = []
        for block in self.blocks:
            result = block(x)
            kept.append(result)
            first = result["y"] if isinstance(result, dict) else result[0]
            x = first.expand(2, 4)
        return kept


@pytest.mark.parametrize("form", [in_tuple, in_dict, twice, overlapping])
def test_results_of_copies_have_the_same_structure(memos, form):
    trace_both(lambda: Opens(form), X)
    assert memos[0].copied == 2  # the first is given no view, and the next two are run


def test_a_module_that_runs_again_and_again_is_copied(memos):
    class Loop(nn.Module):
        def __init__(self):
            super().__init__()
            self.step = Block()

        def forward(self, x):
            for _ in range(6):
                x = self.step(x)
            return x

    graph = trace_both(Loop, X)
    assert [call.repetition for call in graph.calls if call.path == "step"] == list(range(6))
    # the first run is not known to repeat, the second reads parameters that are known by then
    assert memos[0].copied == 3


def test_tied_weights_stay_tied(memos):
    def make():
        model = Stack(*(Block(k) for k in range(6)))
        for block in model.blocks[1:]:
            block.line.weight = model.blocks[0].line.weight
        model.blocks[4].line.bias = model.blocks[1].line.bias
        return model

    graph = trace_both(make, X)
    assert len(graph.find("blocks.3")) == 1
    assert memos[0].copied >= 1


def test_weights_tied_inside_one_block_make_it_another_kind(memos):
    def make():
        model = Stack(*(Nested(k) for k in range(6)))
        model.blocks[4].parts[2].line.weight = model.blocks[4].parts[0].line.weight
        return model

    trace_both(make, X)
    assert memos[0].copied >= 2


def test_stages_of_a_residual_network_are_copied_in_evaluation(memos):
    class Bottleneck(nn.Module):
        def __init__(self, width):
            super().__init__()
            self.conv = nn.Conv2d(width, width, 3, padding=1)
            self.bn = nn.BatchNorm2d(width)
            self.relu = nn.ReLU(inplace=True)

        def forward(self, x):
            out = self.bn(self.conv(x))
            out += x
            return self.relu(out)

    def make():
        stages = [nn.Sequential(*(Bottleneck(w) for _ in range(4))) for w in (4, 8)]
        return nn.Sequential(stages[0], nn.Conv2d(4, 8, 1), stages[1])

    trace_both(lambda: make().eval(), torch.zeros(1, 4, 8, 8))
    assert memos[0].copied == 4
    trace_both(lambda: make().train(), torch.zeros(1, 4, 8, 8))  # writes running statistics
    assert memos[1].copied == 0


def test_a_number_that_nobody_reads_does_not_matter(memos):
    trace_both(stack_of(Block), X)
    assert memos[0].copied == 4


def test_torchs_own_layers_are_copied_where_they_are_called_from_one_line(memos):
    layer = partial(nn.TransformerEncoderLayer, 4, 2, 8, batch_first=True)
    trace_both(lambda: Stack(*(layer() for _ in range(5))).eval(), torch.zeros(1, 3, 4))
    assert memos[0].copied == 3


def test_ops_of_layers_called_from_many_lines_keep_their_lines(memos):
    class Lines(nn.Module):
        def __init__(self):
            super().__init__()
            for name in "abcd":
                setattr(self, name, nn.Sequential(nn.Linear(4, 4), nn.ReLU()))

        def forward(self, x):
            x = self.a(x)
            x = self.b(x)
            x = self.c(x)
            return self.d(x)

    graph = trace_both(Lines, X)
    assert len({op.source for op in graph.ops}) == 4
    assert memos[0].copied == 0


# ------------------------------------------------------------------- is run, for good reasons


class Config:
    """An object that is shared."""

    def __init__(self):
        self.mode = "plain"
        self.calls = 0
        self.nested = {"mode": ["plain"]}


COUNT = 0
LOG = []
LIMITS = Config()
TICKS = itertools.count()
DICE = random.Random(0)  # noqa: S311  not for secrets


def late(x, count):
    """Something else from the fourth call on."""
    return torch.sigmoid(x) if count > 3 else torch.tanh(x)


class CountsGlobally(Block):
    def forward(self, x):
        global COUNT  # noqa: PLW0603  the point
        COUNT += 1
        return late(self.line(x), COUNT)


class CountsInItself(Block):
    calls = 0

    def forward(self, x):
        type(self).calls += 1
        return late(self.line(x), self.calls)


class CountsByName(Block):
    calls = 0

    def forward(self, x):
        CountsByName.calls += 1
        return late(self.line(x), CountsByName.calls)


class Logs(Block):
    def forward(self, x):
        LOG.append(len(LOG))
        return late(self.line(x), len(LOG))


class UsesObject(Block):
    def forward(self, x):
        LIMITS.calls += 1
        return late(self.line(x), LIMITS.calls)


def remember(seen=[]):  # noqa: B006  the point
    seen.append(1)
    return len(seen)


class HasMutableDefault(Block):
    def forward(self, x):
        return late(self.line(x), remember())


def counter():
    count = 0

    def step():
        nonlocal count
        count += 1
        return count

    return step


STEP = counter()


class UsesClosure(Block):
    def forward(self, x):
        return late(self.line(x), STEP())


class Iterates(Block):
    def forward(self, x):
        return late(self.line(x), next(TICKS))


class RollsDice(Block):
    def forward(self, x):
        return late(self.line(x), DICE.randint(0, 10))


class RollsGlobalDice(Block):
    def forward(self, x):
        return late(self.line(x), 10 * random.random())  # noqa: S311


class ReadsItsNumber(Block):
    def forward(self, x):
        return late(self.line(x), self.number)


class ReadsItsNumberByName(Block):
    def forward(self, x):
        return late(self.line(x), getattr(self, "num" + "ber"))


class ReadsItsTable(Block):
    def forward(self, x):
        return late(self.line(x), self.__dict__["number"])


class ReadsItsTableByVars(Block):
    def forward(self, x):
        return late(self.line(x), vars(self)["number"])


class ReadsPastTheTrap(Block):
    def forward(self, x):
        return late(self.line(x), object.__getattribute__(self, "number"))


class LayerWithPart(Block):
    """It is a part inside that reads its number."""

    def __init__(self, number):
        super().__init__(number)
        self.inner = nn.Sequential(ReadsItsNumber(number))

    def forward(self, x):
        return self.inner(x) * 2


HIDDEN = [
    *(CountsGlobally, CountsInItself, CountsByName, Logs, UsesObject, HasMutableDefault),
    *(UsesClosure, Iterates, RollsDice, RollsGlobalDice, ReadsItsNumber, ReadsItsNumberByName),
    *(ReadsItsTable, ReadsItsTableByVars, ReadsPastTheTrap, LayerWithPart),
]


@pytest.fixture
def fresh(monkeypatch):
    """Puts everything that the blocks above count in back to its beginning."""

    def reset():
        monkeypatch.setitem(globals(), "COUNT", 0)
        LOG.clear()
        LIMITS.calls = CountsInItself.calls = CountsByName.calls = 0
        remember.__defaults__[0].clear()
        monkeypatch.setitem(globals(), "STEP", counter())
        monkeypatch.setitem(globals(), "TICKS", itertools.count())
        DICE.seed(4)
        random.seed(4)

    return reset


@pytest.mark.parametrize("kind", HIDDEN)
def test_a_block_that_depends_on_something_hidden_is_run(fresh, kind):
    def make():
        fresh()
        return Stack(*(kind(number) for number in range(8)))

    graph = trace_both(make, X)
    assert {"tanh", "sigmoid"} <= {op.name for op in graph.ops}  # it does matter


def test_side_effects_happen_as_often_as_without(fresh):
    class Counts(Block):
        def forward(self, x):
            LOG.append(self.number)
            return self.line(x)

    class CountsItself(Block):
        def forward(self, x):
            self.runs = getattr(self, "runs", 0) + 1
            return self.line(x)

    fresh()
    introspect.Tracer(memoize=True).trace(Stack(*(Counts(k) for k in range(6))), X)
    assert list(range(6)) == LOG
    model = Stack(*(CountsItself(k) for k in range(6)))
    introspect.Tracer(memoize=True).trace(model, X)
    assert [block.runs for block in model.blocks] == [1] * 6


def test_a_block_that_prints_or_warns_is_run(capsys):
    class Prints(Block):
        def forward(self, x):
            print("here")  # noqa: T201  the point
            return self.line(x)

    introspect.Tracer(memoize=True).trace(stack_of(Prints)(), X)
    assert capsys.readouterr().out == "here\n" * 6


def test_the_third_block_differs_in_one_scalar(memos):
    def make():
        model = Stack(*(Nested(k) for k in range(7)))
        model.blocks[3].parts[0].norm.eps = 0.5
        return model

    graph = trace_both(make, X)
    norms = [op for op in graph.ops if op.name == "layer_norm"]
    odd = [k for k, op in enumerate(norms) if 0.5 in {*op.arguments[4:], op.options.get("eps")}]
    assert odd == [6]
    assert memos[0].copied >= 4


@pytest.mark.parametrize(
    "change",
    [
        lambda block: block.line.weight.requires_grad_(requires_grad=False),
        lambda block: block.eval(),
        lambda block: block.register_forward_hook(lambda _m, _args, out: out * 3),
        lambda block: block.register_forward_pre_hook(lambda _m, args: (args[0] * 3,)),
        lambda block: setattr(block, "line", nn.Linear(4, 4, bias=False)),
        lambda block: setattr(block, "line", nn.utils.parametrizations.weight_norm(block.line)),
        lambda block: setattr(block, "forward", lambda x: x * 3),
        lambda block: block.line.register_buffer("more", torch.zeros(1)),
        lambda block: block.double(),
    ],
    ids="frozen eval hook pre_hook no_bias parametrised forward buffer dtype".split(),
)
def test_one_block_that_is_different_is_seen(memos, change):
    class Casts(Block):
        def forward(self, x):
            y = self.line(x.to(self.line.weight.dtype))
            y = nn.functional.dropout(y, 0.5, self.training)
            return (y * 2 if self.line.weight.requires_grad else y).float()

    def make():
        model = Stack(*(Casts(k) for k in range(7)))
        change(model.blocks[4])
        return model

    trace_both(make, X)
    assert memos[0].copied >= 3


class Writes(Block):
    def forward(self, x):
        x.mul_(2)
        return self.line(x)


class WritesItsView(Block):
    def forward(self, x):
        x.view(-1)[:2].zero_()
        return self.line(x)


class WritesItsWeight(Block):
    def forward(self, x):
        with torch.no_grad():
            self.line.weight.clamp_(-1, 1)
        return self.line(x)


@pytest.mark.parametrize("kind", [Writes, WritesItsView, WritesItsWeight])
def test_a_block_that_writes_what_it_was_given_or_owns_is_run(memos, kind):
    class AndReads(nn.Module):
        def __init__(self):
            super().__init__()
            self.blocks = nn.ModuleList(kind(k) for k in range(5))

        def forward(self, x):
            x = x + 0
            total = 0
            for block in self.blocks:
                total = total + block(x)
            return total, x * 2

    trace_both(AndReads, X)
    assert memos[0].copied == 0


class Cache:
    def __init__(self):
        self.keys = []

    def update(self, key, number):
        self.keys.append((number, key))
        return torch.cat([k for _, k in self.keys])


class Cached(Block):
    def forward(self, x, cache=None):
        y = self.line(x)
        if cache is not None:
            y = cache.update(y, self.number)[:2]
        return y


def test_a_cache_among_the_arguments_is_filled_as_without(memos):
    trace_both(stack_of(Cached), X)
    assert memos[0].copied == 4  # without a cache nobody reads the number
    model, cache = Stack(*(Cached(k) for k in range(6))), Cache()
    memoised = introspect.Tracer(memoize=True).trace(model, X, cache)
    assert [number for number, _ in cache.keys] == list(range(6))
    assert_same(memoised, introspect.Tracer(mode="fake").trace(model, X, Cache()))


class Told(nn.Module):
    """What is around the blocks changes something between their calls."""

    def __init__(self, tell, block=Block):
        super().__init__()
        self.config = Config()
        self.blocks = nn.ModuleList(block(k) for k in range(7))
        for part in self.blocks:
            part.config = self.config
        self.tell = tell

    def forward(self, x):
        for number, block in enumerate(self.blocks):
            x = self.tell(self, number, block, x)
        return x


SWITCH = "plain"


class Obeys(Block):
    def forward(self, x):
        y = self.line(x)
        if (
            "late" in {self.config.mode, *self.config.nested["mode"]}
            or os.environ.get("INTROSPECT_TEST")
            or SWITCH != "plain"
        ):
            y = torch.relu(y)
        return y if torch.is_grad_enabled() else y * 1


def change_config(self, number, block, x):
    self.config.mode = "late" if number > 3 else "plain"
    return block(x)


def change_deeply(self, number, block, x):
    self.config.nested["mode"][0] = "late" if number > 3 else "plain"
    return block(x)


def change_environment(_model, number, block, x):
    if number > 3:
        os.environ["INTROSPECT_TEST"] = "1"
    return block(x)


def change_global(_model, number, block, x):
    globals()["SWITCH"] = "late" if number > 3 else "plain"
    return block(x)


def change_grad_mode(_model, number, block, x):
    with torch.set_grad_enabled(number > 3):
        return block(x).detach()


def change_autocast(_model, number, block, x):
    with torch.autocast("cpu", enabled=number > 3):
        return block(x).float()


def change_argument(_model, number, block, x):
    return block(x[:, :4] if number < 4 else x.double().float())


def same_tensor_twice(_model, number, block, x):
    return block(x, x if number > 3 else x * 1)


def numbers(_model, number, block, x):
    return block(x, torch.tensor(float(number)))


def lambdas(_model, number, block, x):
    return block(x, (lambda y: y.relu()) if number > 3 else torch.tanh)


def scalars(_model, number, block, x):
    return block(x, number > 3)


def ones(_model, number, block, x):
    return block(x, True if number > 3 else 1)


class TakesTwo(Block):
    def forward(self, x, other):
        y = self.line(x)
        if callable(other):
            return other(y)
        if isinstance(other, bool | int | float):
            return torch.relu(y) if other is True else y
        if other.dim() == 0:
            return y if other.item() < 4 else torch.relu(y)
        return torch.relu(y + other) if other is x else y + other


@pytest.mark.parametrize(
    ("tell", "block"),
    [
        *((tell, Obeys) for tell in (change_config, change_deeply, change_environment)),
        (change_global, Obeys),
        *((tell, Obeys) for tell in (change_grad_mode, change_autocast, change_argument)),
        *((tell, TakesTwo) for tell in (same_tensor_twice, numbers, lambdas, scalars, ones)),
    ],
)
def test_what_changes_between_two_calls_is_seen(memos, monkeypatch, tell, block):
    def make():
        monkeypatch.delenv("INTROSPECT_TEST", raising=False)
        monkeypatch.setitem(globals(), "SWITCH", "plain")
        return Told(tell, block)

    trace_both(make, X)
    # copied until it changes, and again after it has
    assert memos[0].copied >= (0 if tell in {numbers, lambdas, change_argument} else 2)


def test_blocks_that_reach_each_other_are_run(memos):
    class Chained(Block):
        def forward(self, x):
            x = self.line(x)
            return x if self.before is None else x + self.before[0].line(x)

    def make():
        model = Stack(*(Chained(k) for k in range(6)))
        for k, block in enumerate(model.blocks):
            block.before = [model.blocks[k - 1]] if k else None
        return model

    trace_both(make, X)
    assert memos[0].copied == 0


def test_a_forward_that_is_called_directly_is_seen(memos):
    class Direct(Block):
        def forward(self, x):
            return self.line.forward(x) + self.norm.forward(x)

    class Odd(Stack):
        def forward(self, x):
            for k, block in enumerate(self.blocks):
                if k == 4:
                    x = block.line.forward(x)
                x = block(x)
            return x

    trace_both(stack_of(Direct), X)
    trace_both(lambda: Odd(*(Direct(k) for k in range(6))), X)
    assert memos[0].copied >= 3


# --------------------------------------------------------------------------- random models


@st.composite
def random_stacks(draw):
    kinds = [Block, Nested, InPlace, Views, JustAView, ItsInput, Slices, OwnTable, ReadsItsNumber]
    blocks = draw(
        st.lists(
            st.tuples(st.sampled_from(kinds), st.integers(0, 5), st.booleans()),
            min_size=3,
            max_size=8,
        )
    )
    repeated = draw(st.lists(st.integers(0, len(blocks) - 1), min_size=4, max_size=14))
    return blocks, repeated


@settings(max_examples=40, deadline=None)
@given(random_stacks())
def test_random_stacks_of_blocks_give_the_same_graph(drawn):
    blocks, order = drawn

    def make():
        made = [kind(number).train(is_training) for kind, number, is_training in blocks]
        return Stack(*(made[k] for k in order))  # some of them several times

    trace_both(make, X)


# ---------------------------------------------------------------------------- and leaves clean


@pytest.mark.parametrize(
    "options", [{"mode": "real"}, {"level": "module"}, {"times": True}, {"verify": True}]
)
def test_only_a_fake_run_can_be_memoised(options):
    with pytest.raises(TraceError, match=r"no two blocks are alike[\s\S]*Tracer\(memoize=True\)"):
        introspect.Tracer(memoize=True, **options)


def test_memoising_alone_asks_for_fake_tensors():
    assert introspect.Tracer(memoize=True).trace(Block(), X).mode == "fake"


def test_a_block_that_fails_names_itself_and_leaves_nothing_behind(everything_left):
    class Fails(Block):
        def forward(self, x):
            if self.number == 4:
                raise ValueError("no")
            return self.line(x)

    model = Stack(*(Fails(k) for k in range(6)))
    before = everything_left(model, X)
    with pytest.raises(TraceError, match=r"blocks\.4 \(Fails\)") as caught:
        introspect.Tracer(memoize=True).trace(model, X)
    assert [op.name for op in caught.value.graph.ops] == ["linear"] * 4
    assert everything_left(model, X) == before
    assert sys.getprofile() is None
    assert "number" not in vars(Fails)


def test_an_attribute_of_the_class_is_there_again_afterwards():
    class Numbered(Block):
        number = 7

    model = Stack(*(Numbered(k) for k in range(4)))
    introspect.Tracer(memoize=True).trace(model, X)
    assert Numbered.number == 7
    assert [block.number for block in model.blocks] == [0, 1, 2, 3]


def test_under_a_profiler_all_blocks_are_run_and_the_profiler_stays(memos):
    def profile(frame, event, argument):
        del frame, event, argument

    sys.setprofile(profile)
    try:
        memoised = introspect.Tracer(memoize=True).trace(stack_of(Block)(), X)
        assert sys.getprofile() is profile
    finally:
        sys.setprofile(None)
    assert memos[0].copied == 0
    assert_same(memoised, introspect.Tracer(mode="fake").trace(stack_of(Block)(), X))


def test_two_threads_memoise_models_of_one_class():
    wanted = introspect.Tracer(mode="fake").trace(stack_of(ReadsItsNumber)(), X)
    wrong = []

    def trace():
        for _ in range(8):
            graph = introspect.Tracer(memoize=True).trace(stack_of(ReadsItsNumber)(), X)
            if [op_of(op) for op in graph.ops] != [op_of(op) for op in wanted.ops]:
                wrong.append(graph)

    threads = [threading.Thread(target=trace) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert "number" not in vars(ReadsItsNumber)


def test_copies_cost_less_than_runs():
    model = stack_of(Nested, 60)()
    tracers = introspect.Tracer(mode="fake"), introspect.Tracer(memoize=True)

    def cost(tracer):
        start = time.process_time()
        tracer.trace(model, X)
        return time.process_time() - start

    costs = [[cost(tracer) for tracer in tracers] for _ in range(4)]
    assert min(memoised for _, memoised in costs) < 0.6 * min(plain for plain, _ in costs)


# ------------------------------------------------------------------------------ known models

SMALL = {"hidden_size": 32, "num_attention_heads": 2, "intermediate_size": 48, "vocab_size": 99}
IDS = torch.zeros(1, 8, dtype=torch.long)


def transformer(name, **options):
    transformers = pytest.importorskip("transformers", reason="transformers is missing")
    config = getattr(transformers, name.replace("ForCausalLM", "Model")[:-5] + "Config")
    torch.manual_seed(0)
    return getattr(transformers, name)(config(**options)).eval()


MODELS = {
    "bert": ("BertModel", SMALL | {"num_hidden_layers": 5}, {"input_ids": IDS}, 3),
    "llama": (
        "LlamaForCausalLM",
        SMALL | {"num_hidden_layers": 6, "num_key_value_heads": 1},
        {"input_ids": IDS, "use_cache": False},
        4,
    ),
    "llama with a cache": (
        "LlamaForCausalLM",
        SMALL | {"num_hidden_layers": 6, "num_key_value_heads": 1},
        {"input_ids": IDS},
        4,
    ),
    "llama with states": (
        "LlamaForCausalLM",
        SMALL | {"num_hidden_layers": 6, "num_key_value_heads": 1},
        {"input_ids": IDS, "use_cache": False, "output_hidden_states": True},
        4,
    ),
    "mixtral": (
        "MixtralForCausalLM",
        SMALL | {"num_hidden_layers": 5, "num_key_value_heads": 1, "num_local_experts": 4},
        {"input_ids": IDS, "use_cache": False},
        3,
    ),
    "gemma": (
        "Gemma2ForCausalLM",
        SMALL | {"num_hidden_layers": 6, "num_key_value_heads": 1, "head_dim": 16},
        {"input_ids": IDS, "use_cache": False},
        2,
    ),
    "gpt2": (
        "GPT2Model",
        {"n_layer": 5, "n_embd": 32, "n_head": 2, "vocab_size": 99, "eos_token_id": 1}
        | {"bos_token_id": 1},
        {"input_ids": IDS, "use_cache": False},
        3,
    ),
    "t5": (
        "T5Model",
        {"d_model": 32, "d_ff": 48, "num_layers": 5, "num_heads": 2, "d_kv": 16, "vocab_size": 99},
        {"input_ids": IDS, "decoder_input_ids": IDS, "use_cache": False},
        4,
    ),
}


@pytest.mark.parametrize("name", MODELS)
def test_transformers_give_the_same_graph(memos, name):
    kind, options, inputs, least = MODELS[name]
    trace_both(partial(transformer, kind, **options), **inputs)
    assert memos[0].copied >= least


@pytest.mark.torchvision
@pytest.mark.parametrize(("name", "least"), [("resnet50", 4), ("swin_t", 4), ("vit_b_16", 10)])
def test_torchvision_models_give_the_same_graph(memos, name, least):
    models = pytest.importorskip("torchvision.models", reason="torchvision is missing")
    size = 224 if name == "vit_b_16" else 64
    trace_both(lambda: getattr(models, name)().eval(), torch.zeros(1, 3, size, size))
    assert memos[0].copied >= least
