"""What came since, and TensorBoard's buckets, against NumPy on the same values."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from introspect.errors import SketchError
from introspect.nouns.float_bins import edges
from introspect.nouns.sketch import Sketch

bits_range = st.integers(2, 7)
any_float64 = st.floats()


def arrays(elements, dtype=np.float64, low=0, high=60):
    return hnp.arrays(dtype, st.integers(low, high), elements=elements)


def outward(value, bits):
    """How far a value may be from the outer edge of its bin, beyond float32: any distance."""
    grid = edges(bits)
    size = abs(value)
    place = int(np.searchsorted(grid, np.float64(np.float32(size)), side="right"))
    return math.inf if place >= len(grid) else float(grid[place] - grid[place - 1]) * 1.01


@settings(deadline=None)
@given(arrays(any_float64), arrays(any_float64), bits_range, bits_range)
def test_a_sum_less_one_part_has_the_counts_of_the_other(one, two, bits_one, bits_two):
    bits = min(bits_one, bits_two)
    with np.errstate(over="ignore", invalid="ignore"):
        later = Sketch.of(np.concatenate([one, two]), bits=bits_one)
        rest, new = later - Sketch.of(one, bits=bits_two), Sketch.of(two, bits=bits)
    assert (rest.n, rest.finite, rest.zeros) == (new.n, new.finite, new.zeros)
    assert rest.bins.tolist() == new.bins.tolist()
    assert rest.counts.tolist() == new.counts.tolist()
    assert (rest.nans, rest.infinities, rest.overflows) == (
        new.nans,
        new.infinities,
        new.overflows,
    )


@settings(deadline=None)
@given(arrays(st.floats(-1e30, 1e30), low=1), arrays(st.floats(-1e30, 1e30), low=1), bits_range)
def test_ends_of_the_rest_are_exact_where_they_are_new_and_else_a_bin_outwards(one, two, bits):
    rest = Sketch.of(np.concatenate([one, two]), bits=bits) - Sketch.of(one, bits=bits)
    if two.min() < one.min():
        assert rest.min == two.min()
    if two.max() > one.max():
        assert rest.max == two.max()
    zero = 2.0**-126  # the bin of zero is a point, but takes in what is smaller
    assert two.min() - outward(two.min(), bits) <= rest.min <= two.min() + zero
    assert two.max() - zero <= rest.max <= two.max() + outward(two.max(), bits)
    reach = np.abs(np.concatenate([one, two])).sum()
    assert rest.sum == pytest.approx(two.sum(), abs=1e-12 * reach)


def test_what_is_put_back_gives_the_sum_again():
    rng = np.random.default_rng(0)
    one, two = Sketch.of(rng.standard_normal(5000)), Sketch.of(rng.standard_normal(3000))
    assert ((one + two) - one) + one == one + two
    assert (one - one).n == 0
    assert math.isnan((one - one).mean)
    assert (one - one).sum == 0.0


def test_only_a_part_can_be_taken_away():
    week = Sketch.of([1.0, 2.0, math.nan])
    for other in (Sketch.of([1.0, 1.0]), Sketch.of([3.0]), Sketch.of([math.nan, math.nan])):
        with pytest.raises(SketchError, match="a sum and a part of it"):
            _ = week - other
    with pytest.raises(SketchError, match="a sum and a part"):
        _ = week - Sketch.of([-math.inf])
    with pytest.raises(TypeError):
        _ = week - 1


@settings(deadline=None)
@given(arrays(st.floats(-1e25, 1e25), low=1, high=80), bits_range)
def test_up_to_each_limit_a_bucket_counts_right_to_one_bin_of_the_sketch(values, bits):
    """Against the values themselves: what is wrong lies in the one bin that a limit cuts."""
    limits, counts = Sketch.of(values, bits=bits).buckets()
    assert counts.sum() == len(values)
    assert (np.diff(limits) > 0).all()
    assert counts[0] == 0
    assert (counts == np.rint(counts)).all()
    share = 2.0**-bits
    for limit, reached in zip(limits, np.cumsum(counts), strict=True):
        reach = abs(limit) * share * 1.001 + 2.0**-128
        assert (values < limit - reach).sum() - 1 <= reached <= (values <= limit + reach).sum() + 1


def test_buckets_stand_where_the_real_writer_puts_them():
    writer = pytest.importorskip("torch.utils.tensorboard", reason="needs tensorboard")
    made = writer.SummaryWriter.__new__(writer.SummaryWriter)
    made._get_file_writer = lambda: None  # only its edges are asked for
    made.log_dir, made.purge_step, made.max_queue, made.flush_secs = "", None, 1, 1
    made.filename_suffix = ""
    type(made).__init__(made, log_dir="")
    from introspect.nouns.mass import tensorboard_edges

    assert tensorboard_edges().tolist() == made.default_bins


def test_buckets_of_nothing_and_of_one_value():
    assert [part.tolist() for part in Sketch.of([math.nan]).buckets()] == [[], []]
    limits, counts = Sketch.of([0.0, 0.0]).buckets()
    assert (limits.tolist(), counts.tolist()) == ([0.0, 1e-12], [0.0, 2.0])
    limits, counts = Sketch.of([-1e30, 1e30]).buckets()
    assert (limits[0], limits[-1]) == (-1e30, 1e30)
    assert (counts[1], counts[-1], counts.sum()) == (1, 1, 2)


@settings(deadline=None)
@given(arrays(st.floats(width=32, allow_nan=False), np.float32, low=1, high=50), bits_range)
def test_zeros_that_are_not_stored_count_like_those_that_are(values, bits):
    with np.errstate(over="ignore"):
        assert Sketch.of(values, bits=bits).with_zeros(7) == Sketch.of(
            np.concatenate([values, np.zeros(7, np.float32)]), bits=bits
        )
