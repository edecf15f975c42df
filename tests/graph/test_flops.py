"""One op, or one equation -> floating point operations, against FlopCounterMode and by hand."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

import introspect
from introspect.graph.cost import cost
from introspect.graph.cost.einsum import einsum_flops
from introspect.graph.cost.flops import flops
from introspect.nouns.graph import TENSOR, Graph, Op, Value


def test_the_fused_lstm_that_torch_leaves_at_zero_counts_like_the_unfused_one():
    x = torch.randn(3, 2, 6)
    fused = cost(introspect.trace(nn.LSTM(6, 5), x)).flops
    with FlopCounterMode(display=False) as counter:  # there is no fused kernel for float64
        nn.LSTM(6, 5).double()(x.double())
    assert fused == counter.get_total_flops() > 0


def test_a_product_with_a_vector_counts_like_one_with_a_matrix_of_one_column():
    class Vectors(nn.Module):
        def forward(self, matrix, vector):
            return (matrix @ vector) @ torch.mv(matrix, vector)

    assert cost(introspect.trace(Vectors(), torch.ones(4, 3), torch.ones(3))).flops == 2 * (
        4 * 3 + 4 * 3 + 4
    )


def test_a_product_added_in_place_counts_like_the_one_that_is_not():
    class Adds(nn.Module):
        def forward(self, x, *, in_place):
            y = torch.zeros(4, 4)
            return y.addmm_(x, x.T) if in_place else y.addmm(x, x.T)

    x = torch.ones(4, 3)
    counts = [cost(introspect.trace(Adds(), x, in_place=place)).flops for place in (True, False)]
    assert counts == [2 * 4 * 3 * 4] * 2


def value(*shape, index=0, dtype="float32", kind="input"):
    return Value(index, shape, dtype, "cpu", kind)


def test_an_op_without_a_formula_counts_its_aten_children():
    mm = Op(0, "aten.mm.default", None, (value(2, 3), value(3, 4)), (value(2, 4),), (TENSOR,) * 2)
    relu = Op(0, "aten.relu.default", None, (value(2, 4),), (value(2, 4),), (TENSOR,))
    assert flops(Op(0, "my_function", None, (), (), children=(mm, relu))) == 48
    assert flops(Op(0, "my_function", None, ())) == 0


def test_an_op_whose_shapes_cannot_be_read_is_said_to_be_uncounted():
    nested = Value(0, None, "float32", "cpu", "input")
    op = Op(0, "matmul", None, (nested, nested), (), (TENSOR, TENSOR))
    graph = Graph("m", "M", (op,), (nested,), (), (nested,), (), (), 0)
    assert cost(graph).uncounted == (op,)
    assert cost(graph).flops == 0


@st.composite
def equations(draw):
    """An equation with two to four operands, repeated and broadcast indices, and its shapes."""
    sizes = {letter: draw(st.integers(1, 4)) for letter in "abcde"}
    terms = draw(st.lists(st.text("abcde", min_size=1, max_size=3), min_size=1, max_size=4))
    broadcast = draw(st.booleans())
    shapes = []
    for term in terms:
        own = {k: 1 if broadcast and draw(st.booleans()) else sizes[k] for k in set(term)}
        shapes.append(tuple(own[letter] for letter in term))
    used = sorted(set("".join(terms)))
    output = draw(st.none() | st.lists(st.sampled_from(used), unique=True))
    equation = ",".join(terms) + ("" if output is None else "->" + "".join(output))
    if draw(st.booleans()):
        equation = equation.replace(",", "...,", 1).replace("->", "->...")
        before = "..." in equation.partition("->")[0]
        if before:
            shapes[0] = (*shapes[0], 2, 3)
        else:
            equation = equation.replace("...", "")
    return equation, shapes


@pytest.mark.skipif(torch.backends.opt_einsum.is_available(), reason="opt_einsum reorders")
@settings(max_examples=300, deadline=None)
@given(equations())
def test_any_einsum_counts_what_torch_counts(case):
    equation, shapes = case
    tensors = [torch.zeros(shape) for shape in shapes]
    with FlopCounterMode(display=False) as counter:
        torch.einsum(equation, *tensors)
    assert einsum_flops(equation, shapes) == counter.get_total_flops()
