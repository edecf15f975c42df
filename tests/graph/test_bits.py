"""Copies of tensors and the differences between them, bit for bit."""

import re

import pytest
import torch

from introspect.graph.proof.bits import copied, difference


@pytest.mark.parametrize(
    "tensor",
    [
        torch.tensor(1.5),
        torch.tensor([1.0, float("nan"), float("inf"), -0.0]),
        torch.tensor([1, -2, 3], dtype=torch.int8),
        torch.tensor([True, False]),
        torch.randn(3, 2, dtype=torch.bfloat16),
        torch.randn(3, 2, dtype=torch.complex64).conj(),
        torch.randn(4, 4).t()[1:],
        torch.randn(1, 3).expand(4, 3),
        torch.eye(3).to_sparse(),
        torch.empty(0, 3),
    ],
    ids="number nan int8 bool bfloat16 complex view expanded sparse empty".split(),
)
def test_a_copy_is_equal_bit_for_bit_and_keeps_its_strides(tensor):
    copy = copied(tensor, {})
    assert difference(copy, tensor) is None
    if tensor.layout == torch.strided:
        assert copy.stride() == tensor.stride() or tensor.is_conj()
        if tensor.numel():
            assert copy.data_ptr() != tensor.data_ptr()


@pytest.mark.parametrize(
    ("left", "right", "words"),
    [
        ([1.0, 2.0], [1.0, 2.5], "1 of 2 numbers differ, by 0.5 at most"),
        ([0.0], [-0.0], "1 of 1 numbers differ, by 0 at most"),
        ([float("nan")], [1.0], "1 of 1 numbers differ, by inf at most"),
        ([1.0], [1.0, 1.0], r"float32 \(1,\) where the model has float32 \(2,\)"),
        ([1.0], [1], r"float32 \(1,\) where the model has int64 \(1,\)"),
        ([True], [False], "1 of 1 numbers differ, by 1 at most"),
    ],
)
def test_a_difference_is_said_in_words(left, right, words):
    assert re.fullmatch(words, difference(torch.tensor(left), torch.tensor(right)).what)


def test_copies_of_tensors_that_overlap_overlap():
    base, storages = torch.zeros(6), {}
    left, right = copied(base[:4], storages), copied(base[2:], storages)
    left.fill_(1)
    assert right.tolist() == [1, 1, 0, 0]
    assert base.sum() == 0
