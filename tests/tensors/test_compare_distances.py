"""Distances of sketches are those of SciPy on the data, within what a bin hides."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from introspect.history import History
from introspect.nouns.float_bins import edges
from introspect.nouns.sketch import Sketch
from introspect.tensors import compare_histograms
from introspect.tensors.moments import jensen_shannon

scipy = pytest.importorskip("scipy", reason="the peer")
from scipy.spatial.distance import jensenshannon  # noqa: E402  after the skip
from scipy.stats import ks_2samp, wasserstein_distance  # noqa: E402  same

numbers = st.floats(-1e4, 1e4, width=32).map(lambda x: 0.0 if abs(x) < 1e-30 else x)
data = arrays(np.float32, st.integers(2, 200), elements=numbers)
two = st.tuples(data, data, st.integers(2, 7))


def compared(first, second, bits):
    history = History()
    history.log(0, w=Sketch.of(first, bits=bits))
    history.log(1, w=Sketch.of(second, bits=bits))
    return compare_histograms(history, "w").courses[0].moments[1]


def widths(values, bits):
    """Of each value, how wide its bin is."""
    grid = edges(bits)
    place = np.searchsorted(grid, np.abs(values.astype(np.float64)), side="right") - 1
    return np.where(values == 0, 0.0, grid[place + 1] - grid[place])


def in_bins(values, bits):
    """Shares in bins of both signs."""
    grid = edges(bits)
    # [a, b) in magnitude on both sides: below zero the bins are (-b, -a].
    above, _ = np.histogram(values[values >= 0], grid)
    below, _ = np.histogram(-values[values < 0], grid)
    return np.concatenate([below[::-1], above]) / len(values)


@settings(max_examples=120, deadline=None)
@given(two)
def test_w1_is_scipys_to_the_width_of_the_bins(pair):
    first, second, bits = pair
    exact = wasserstein_distance(first.astype(np.float64), second.astype(np.float64))
    bound = widths(first, bits).mean() + widths(second, bits).mean()
    assert abs(compared(first, second, bits).w1 - exact) <= bound * (1 + 1e-9) + 1e-30


@settings(max_examples=120, deadline=None)
@given(two)
def test_ks_is_scipys_to_the_share_of_a_bin(pair):
    first, second, bits = pair
    exact = ks_2samp(first.astype(np.float64), second.astype(np.float64), method="asymp").statistic
    bound = in_bins(first, bits).max() + in_bins(second, bits).max()
    assert abs(compared(first, second, bits).ks - exact) <= bound + 1e-9


@settings(max_examples=120, deadline=None)
@given(two)
def test_js_is_exactly_scipys_on_the_bins(pair):
    first, second, bits = pair
    exact = jensenshannon(in_bins(first, bits), in_bins(second, bits), base=2)
    assert compared(first, second, bits).js == pytest.approx(exact, abs=1e-7)


@pytest.mark.parametrize("bits", [3, 5, 7])
def test_on_many_values_all_three_agree_with_scipy(bits):
    rng = np.random.default_rng(0)
    first = rng.normal(0, 0.02, 200_000).astype(np.float32)
    second = (rng.normal(0.005, 0.03, 200_000)).astype(np.float32)
    found = compared(first, second, bits)
    assert found.w1 == pytest.approx(wasserstein_distance(first, second), rel=0.01)
    assert found.w1_sigma == pytest.approx(wasserstein_distance(first, second) / first.std(), 0.01)
    assert found.ks == pytest.approx(ks_2samp(first, second).statistic, abs=0.01)


def test_js_of_different_bits_uses_the_coarser_and_of_nothing_is_nan():
    fine, coarse = Sketch.of([1.0, 1.1, 3.0], bits=7), Sketch.of([1.0, 2.0], bits=3)
    assert jensen_shannon(fine, coarse) == jensen_shannon(fine.coarser(3), coarse)
    assert np.isnan(jensen_shannon(Sketch.of([]), coarse))
    huge = Sketch.of(np.array([1e300, -1e300]))
    assert jensen_shannon(huge, huge) == 0.0
    assert jensen_shannon(huge, coarse) == 1.0
