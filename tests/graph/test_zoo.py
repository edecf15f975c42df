"""The zoo: every model traces whole, in every mode, and leaves nothing behind, whatever happens.

Of the costlier questions (fake, ATen, replay) each is asked of a third of the models, fixed by
their names, and of all of them with INTROSPECT_FULL=1.
"""

import os
import sys
from collections import Counter
from functools import cached_property

import pytest
import torch
from torch import nn
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

import introspect
from introspect.errors import TraceError
from tests.graph.conftest import (
    check_cuts,
    check_nothing_left,
    check_wiring,
    content_of,
    state_of,
    tensors_in,
)
from tests.zoo.catalog import ENTRIES
from tests.zoo.runs import names

FULL = os.environ.get("INTROSPECT_FULL") == "1"


class Case:
    """One model of the zoo, shared by the tests that ask it, since none may change it."""

    def __init__(self, entry, sample):
        self.entry = entry
        self.model, self.args, self.kwargs = sample

    def trace(self, **options):
        return introspect.Tracer(**options).trace(self.model, *self.args, **self.kwargs)

    def state(self):
        return state_of(self.model, self.args, self.kwargs)

    @cached_property
    def before(self):
        return self.state()

    @cached_property
    def graph(self):
        return self.trace()

    def check_as_before(self):
        check_nothing_left(self.before, self.state())


@pytest.fixture(scope="module")
def case(request):
    entry = ENTRIES[request.param]
    if entry.missing:
        pytest.skip(f"{entry.name} needs {', '.join(entry.missing)}")
    with entry.opened() as sample:
        yield Case(entry, sample)


def each(*, third=None, but=(), xfail=None, says_missing=False, **facts):
    """Ask the test of each model, or of a third of them, or of those with certain facts.

    What cannot be made here skips in the one test that says so, and is left out of others.
    """
    models = []
    for name, entry in ENTRIES.items():
        left_out = name in but or (third is not None and not FULL and entry.third != third)
        left_out = left_out or (bool(entry.missing) and not says_missing)
        if left_out or any(getattr(entry, fact) != value for fact, value in facts.items()):
            continue
        marks = [pytest.mark.torchvision] if entry.family == "torchvision" else []
        if name in (xfail or {}):
            marks.append(pytest.mark.xfail(strict=True, reason=xfail[name]))
        models.append(pytest.param(name, marks=marks, id=name))
    return pytest.mark.parametrize("case", models, indirect=True, scope="module")


# ------------------------------------------------------------------------------ in auto


@each(says_missing=True)
def test_it_traces_without_a_cut_and_leaves_everything_as_it_was(case):
    before = case.before
    graph = case.graph
    check_nothing_left(before, case.state())
    assert graph.ops
    assert graph.level == "function"
    assert graph.mode == ("fake" if case.entry.name == "meta" else "real")
    check_wiring(graph)
    assert len(graph.notes) == len(case.entry.cuts), graph.notes
    for note, cut in zip(graph.notes, case.entry.cuts, strict=True):
        assert note.startswith(cut)
    assert len(check_cuts(graph)) == len(case.entry.cuts)


@each(but=("lazy",))
def test_its_parameters_are_counted_as_torch_counts_them(case):
    parameters = list(case.model.parameters())  # each once, however many names it has
    assert case.graph.parameters == sum(p.numel() for p in parameters)
    named = {value.name for value in case.graph.values if value.kind == "parameter"}
    assert named <= {name for name, _ in case.model.named_parameters(remove_duplicate=False)}


class Passes(TorchFunctionMode):
    """A mode that changes nothing but this: torch takes no fused path under one."""

    def __torch_function__(self, func, types, args=(), kwargs=None):
        return func(*args, **(kwargs or {}))


@each(but=("meta", "spectral_norm"))  # its estimate goes on in its buffers
def test_it_gives_the_same_twice_unless_it_is_said_to_be_random(case):
    results = []
    with torch.random.fork_rng(devices=[]), torch.no_grad(), Passes():
        model, args, kwargs = case.entry.make()
        for seed in (1, 2):
            torch.manual_seed(seed)
            results.append([content_of(t) for t in tensors_in(model(*args, **kwargs))])
    assert (results[0] != results[1]) == case.entry.is_random


def shapes(*trees):
    """Of every tensor in containers, again where it stands again; ragged sizes are unknown."""
    found = []
    for tree in trees:
        if isinstance(tree, torch.Tensor):
            found.append(None if tree.is_nested else tuple(tree.shape))
        elif isinstance(tree, dict):
            found += shapes(*tree.values())
        elif isinstance(tree, list | tuple | set):
            found += shapes(*tree)
    return found


def shapes_out(result):
    """Likewise, but results stand in objects, too (caches), and count once."""
    return shapes(tensors_in(result))


def known(values):
    return [None if -1 in v.shape else v.shape for v in values]


def calls_that_hooks_see(model, args, kwargs):
    """(path, shapes in, shapes out) of every call, in the order in which they begin."""
    calls, running, handles = [], [], []

    def enter(path, given):
        running.append(len(calls))
        calls.append([path, given, None])

    for path, module in model.named_modules():
        handles += [
            module.register_forward_pre_hook(
                lambda _m, args, kwargs, path=path: enter(path, shapes(args, kwargs)),
                with_kwargs=True,
            ),
            module.register_forward_hook(
                lambda _m, _args, out: calls[running.pop()].__setitem__(2, shapes_out(out))
            ),
        ]
    with torch.no_grad(), Passes():
        model(*args, **kwargs)
    return calls


@each(is_opaque=False, but=("meta",))
def test_its_calls_and_their_shapes_are_those_that_hooks_see(case):
    with torch.random.fork_rng(devices=[]):
        seen = calls_that_hooks_see(*case.entry.make())
    ours = [
        [call.path, known(call.inputs), known(dict.fromkeys(call.outputs))]
        for call in case.graph.calls
    ]
    assert ours == seen


# ------------------------------------------------------------------------ faults half-way


class Fault(TorchFunctionMode):
    """Raises in place of the n-th torch function inside of the model; counts them before."""

    def __init__(self, at=0, error=None):
        super().__init__()
        self.at, self.error, self.seen = at, error, 0

    def __torch_function__(self, func, types, args=(), kwargs=None):
        if self._in_a_module():
            self.seen += 1
            if self.seen == self.at:
                raise self.error
        return func(*args, **(kwargs or {}))

    @staticmethod
    def _in_a_module():
        frame = sys._getframe(2)
        while frame is not None and frame.f_code is not nn.Module._call_impl.__code__:
            frame = frame.f_back
        return frame is not None


# they run in C++ and call no torch function
WITHOUT_FUNCTIONS = ("scripted", "jit_traced")


@each(but=WITHOUT_FUNCTIONS)
def test_a_fault_or_ctrl_c_half_way_leaves_everything_as_it_was(case):
    before, whole = case.before, case.graph
    with Fault() as counter:
        case.trace()
    half = counter.seen // 2 + 1
    with Fault(half, OSError("pulled the plug")), pytest.raises(TraceError) as caught:
        case.trace()
    check_nothing_left(before, case.state())
    assert "OSError: pulled the plug" in str(caught.value)
    assert "  where  " in str(caught.value)
    done = names(caught.value.graph)
    assert done == names(whole)[: len(done)]
    assert len(done) < len(whole.ops)
    with Fault(half, KeyboardInterrupt()), pytest.raises(KeyboardInterrupt):
        case.trace()
    check_nothing_left(before, case.state())
    assert case.trace().fingerprint == whole.fingerprint


# ----------------------------------------------------------------------- modes and levels


@each(third=0)
def test_a_fake_run_shows_the_same_or_says_what_it_needs(case):
    before = case.before
    if case.entry.fake in {"same", "other"}:
        fake = case.trace(mode="fake")
        assert fake.mode == "fake"
        is_same = fake.fingerprint == case.graph.fingerprint
        assert is_same == (case.entry.fake == "same")
        assert [v.shape for v in fake.outputs] == [v.shape for v in case.graph.outputs]
    else:
        with pytest.raises(TraceError, match=r"where .*\(\w+\)") as caught:
            case.trace(mode="fake")
        if case.entry.fake == "refused":
            assert "), in " in str(caught.value)
            assert 'Tracer(mode="real")' in str(caught.value)
    check_nothing_left(before, case.state())


@each(third=0, but=("meta",))
def test_a_real_run_is_what_auto_does(case):
    assert case.trace(mode="real").fingerprint == case.graph.fingerprint
    case.check_as_before()


class Operators(TorchDispatchMode):
    """What torch dispatches; the results are kept, since torch detaches those that are."""

    def __init__(self):
        super().__init__()
        self.names, self.kept = [], []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        self.names.append(str(func))
        self.kept.append(func(*args, **(kwargs or {})))
        return self.kept[-1]


def bare(name):
    """Without the library."""
    return name.partition(".")[2]


def operators(graph):
    """Those below a torch function, and those that ran below none (in scripted parts)."""
    below = [bare(child.name) for op in graph.ops for child in op.children]
    return counted(below + [op.name for op in graph.ops if "." in op.name and not op.children])


def counted(operators):
    """Each so many times; a block that the profiler is told of is none."""
    return Counter(name for name in operators if not name.startswith("_record_function"))


def functions(graph):
    """The torch functions; "alias" is a tensor's way out of a transform, not one."""
    return [op.name for op in graph.ops if op.name != "alias" and "." not in op.name]


@each(third=1, but=("meta",))
def test_the_aten_level_holds_the_operators_that_torch_dispatches(case):
    graph = case.trace(level="aten")
    case.check_as_before()
    if not case.entry.is_opaque:  # a scripted part is one box, or its operators
        assert functions(graph) == functions(case.graph)
    assert not any(op.children for op in case.graph.ops)
    model, args, kwargs = case.entry.make()
    with torch.random.fork_rng(devices=[]), torch.no_grad(), Passes(), Operators() as seen:
        model(*args, **kwargs)
    assert operators(graph) == counted(map(bare, seen.names))


# parts of them run in C++, inside of a transform, or give a lazy parameter its shape
PARTLY_PROVEN = "lazy vmap ensemble func_grad fully_sharded".split()
PARTLY_PROVEN += "scripted scripted_part jit_traced jit_traced_part".split()


@each(third=2, but=("meta",))
def test_the_graph_proves_itself(case):
    before = case.before
    proof = introspect.verify(case.model, *case.args, **case.kwargs)
    check_nothing_left(before, case.state())
    assert proof.ops + len(proof.skipped) == len(proof.graph.ops)
    assert proof.tolerance == 0
    assert bool(proof.skipped) == (case.entry.name in PARTLY_PROVEN)
    assert proof.ops > 0 or case.entry.name in (*WITHOUT_FUNCTIONS, "vmap")
    assert proof.graph.fingerprint == case.graph.fingerprint
