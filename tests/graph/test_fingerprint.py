"""The fingerprint: equal for equal structure, anywhere; different for any difference in it."""

import dataclasses
import os
import subprocess
import sys

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch import nn

import introspect
from introspect.graph.compare.fingerprint import fingerprint, hashes
from introspect.graph.formats.json import from_dict, to_dict


def traced(model, *shape, dtype=torch.float32):
    return introspect.trace(model, torch.zeros(shape or (2, 4), dtype=dtype))


class Wired(nn.Module):
    """Three results combined in an order that the test chooses."""

    def __init__(self, order=(0, 1, 2), *, scale=2.0, inner=None):
        super().__init__()
        self.first = nn.Linear(4, 4)
        self.second = inner or nn.Linear(4, 4)
        self.order, self.scale = order, scale

    def forward(self, x):
        parts = [self.first(x), self.second(x), x * self.scale]
        a, b, c = (parts[k] for k in self.order)
        return (a - b) * c


def test_the_same_structure_has_the_same_fingerprint_however_often_it_is_traced():
    assert fingerprint(traced(Wired())) == fingerprint(traced(Wired()))
    named = introspect.Tracer(name="other", source=False).trace(Wired(), torch.ones(2, 4))
    assert fingerprint(named) == fingerprint(traced(Wired()))


@pytest.mark.parametrize(
    ("model", "shape", "dtype"),
    [
        (Wired((1, 0, 2)), (2, 4), torch.float32),
        (Wired((0, 2, 1)), (2, 4), torch.float32),
        (Wired((0, 0, 2)), (2, 4), torch.float32),
        (Wired(scale=3.0), (2, 4), torch.float32),
        (Wired(scale=2), (2, 4), torch.float32),
        (Wired(), (3, 4), torch.float32),
        (Wired().double(), (2, 4), torch.float64),
        (Wired(inner=nn.Linear(4, 4, bias=False)), (2, 4), torch.float32),
        (Wired(inner=nn.Sequential(nn.Linear(4, 4))), (2, 4), torch.float32),
        (Wired(inner=nn.Bilinear(4, 4, 4)), None, None),
    ],
    ids="wires-swap-twice-scale-type-batch-dtype-bias-nesting-class".split("-"),
)
def test_any_difference_is_seen(model, shape, dtype):
    if shape is None:
        model = Wired(inner=type("Linear2", (nn.Linear,), {})(4, 4))
        shape, dtype = (2, 4), torch.float32
    assert fingerprint(traced(model, *shape, dtype=dtype)) != fingerprint(traced(Wired()))


def test_equal_blocks_have_equal_hashes_wherever_they_stand(residual):
    graph = traced(residual, 4, 8)
    found = hashes(graph).calls
    blocks = [found[call] for call in graph.calls if call.module == "Block"]
    assert len(blocks) == 3
    assert len(set(blocks)) == 1
    residual.blocks[1].second = nn.Linear(8, 8, bias=False)
    graph = traced(residual, 4, 8)
    found = hashes(graph).calls
    assert len({found[call] for call in graph.calls if call.module == "Block"}) == 2


def test_paths_inside_count_and_the_shared_weight_is_told_from_two():
    class Two(nn.Module):
        def __init__(self, *, tied=False, name="b"):
            super().__init__()
            self.a = nn.Linear(4, 4, bias=False)
            self.add_module(name, nn.Linear(4, 4, bias=False))
            self.name = name
            if tied:
                getattr(self, name).weight = self.a.weight

        def forward(self, x):
            return self.a(x) + getattr(self, self.name)(x)

    prints = [fingerprint(traced(m)) for m in (Two(), Two(tied=True), Two(name="c"))]
    assert len(set(prints)) == 3


def test_which_inner_result_is_read_outside_matters():
    class Tapped(nn.Module):
        def __init__(self, tap):
            super().__init__()
            self.block = Inner(tap)

        def forward(self, x):
            return self.block(x) + self.block.kept

    class Inner(nn.Module):
        def __init__(self, tap):
            super().__init__()
            self.tap = tap

        def forward(self, x):
            first = x * 2
            second = first * 2
            self.kept = (first, second)[self.tap]
            return second * 2

    assert fingerprint(traced(Tapped(0))) != fingerprint(traced(Tapped(1)))
    assert fingerprint(traced(Tapped(0))) == fingerprint(traced(Tapped(0)))


def test_writing_to_a_file_and_back_keeps_it():
    class Casts(nn.Module):
        def forward(self, x):
            return x.to(torch.float64)[:, 1:].sum(dim=-1, dtype=torch.float32)

    graph = traced(Casts())
    assert fingerprint(from_dict(to_dict(graph))) == fingerprint(graph)


def test_another_process_with_another_hash_seed_agrees():
    code = (
        "import torch, introspect; from torch import nn;"
        "from introspect.graph.compare.fingerprint import fingerprint;"
        "net = nn.Sequential(nn.Conv2d(1, 4, 3, stride=2), nn.BatchNorm2d(4), nn.ReLU());"
        "print(fingerprint(introspect.trace(net.eval(), torch.zeros(1, 1, 8, 8))))"
    )
    prints = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(prints) == 1
    # Written down, so that an accidental change of the format is noticed.
    assert len(prints.pop().strip()) == 32


def test_two_ops_that_change_places_change_the_fingerprint():
    graph = traced(nn.Sequential(nn.ReLU(), nn.Tanh()))
    ops = (
        dataclasses.replace(graph.ops[0], name="tanh"),
        dataclasses.replace(graph.ops[1], name="relu"),
    )
    assert fingerprint(dataclasses.replace(graph, ops=ops)) != fingerprint(graph)


def test_what_ran_below_an_op_counts():
    def aten(model):
        return introspect.Tracer(level="aten").trace(model, torch.zeros(2, 4))

    one = aten(nn.Linear(4, 4))
    assert fingerprint(one) == fingerprint(aten(nn.Linear(4, 4)))
    op = one.ops[0]
    other = dataclasses.replace(op, children=op.children[1:])
    assert op.children
    assert fingerprint(dataclasses.replace(one, ops=(other,))) != fingerprint(one)


def test_the_module_tree_alone_has_a_fingerprint():
    def tree(model):
        return introspect.Tracer(level="module").trace(model)

    assert fingerprint(tree(Wired())) == fingerprint(tree(Wired()))
    assert fingerprint(tree(Wired())) != fingerprint(tree(Wired(inner=nn.Linear(4, 5))))


def programs():
    """Small random programs: each step applies an op to two earlier results."""
    step = st.tuples(
        st.sampled_from("add mul relu neg sub_".split()), st.integers(0, 9), st.integers(0, 9)
    )
    return st.lists(step, min_size=1, max_size=8)


class Program(nn.Module):
    def __init__(self, steps):
        super().__init__()
        self.steps = steps

    def forward(self, x):
        results = [x, x + 1]
        for name, i, j in self.steps:
            a, b = results[i % len(results)], results[j % len(results)]
            if name == "sub_":
                results.append(a.clone().sub_(b))
            elif name in {"relu", "neg"}:
                results.append(getattr(torch, name)(a))
            else:
                results.append(getattr(torch, name)(a, b))
        return results[-1]


def wiring(steps):
    """What a program does, worked out without a trace."""
    known = [("x",), ("x+1",)]
    done = []
    for k, (name, i, j) in enumerate(steps):
        a, b = i % (k + 2), j % (k + 2)
        done.append((name, a) if name in {"relu", "neg"} else (name, a, b))
    return known, done


@given(programs(), programs())
@settings(max_examples=60, deadline=None)
def test_random_programs_have_equal_fingerprints_only_if_they_are_equal(one, other):
    print_one = fingerprint(traced(Program(one)))
    assert print_one == fingerprint(traced(Program(list(one))))
    assume(wiring(one) != wiring(other))
    assert print_one != fingerprint(traced(Program(other)))
