"""The sketch against NumPy on the same data, itself in other orders, and damaged bytes."""

import math
import struct
import subprocess
import sys
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import stats

from introspect.errors import SketchError
from introspect.nouns.float_bins import edges
from introspect.nouns.sketch import Sketch

FLOAT32_MAX = float(np.finfo(np.float32).max)
TINY = float(np.finfo(np.float32).tiny)

any_float32 = st.floats(width=32)
finite32 = st.floats(width=32, allow_nan=False, allow_infinity=False)
normal32 = finite32.filter(lambda x: x == 0 or abs(x) >= TINY)
any_float64 = st.floats()
bits_range = st.integers(2, 7)


def arrays(elements, dtype=np.float32, low=0, high=60):
    return hnp.arrays(dtype, st.integers(low, high), elements=elements)


def exact_counts(values, bits):
    """Counts by bin from comparisons with the edges: no bit is shifted."""
    values = np.asarray(values, np.float32).astype(np.float64)
    values = values[np.isfinite(values)]
    grid = edges(bits)
    size = np.searchsorted(grid, np.abs(values), side="right") - 1
    return dict(zip(*np.unique(np.where(values < 0, -size, size), return_counts=True), strict=True))


def exact_ks(one, two):
    points = np.concatenate([one, two])
    share = [np.searchsorted(np.sort(x), points, side="right") / len(x) for x in (one, two)]
    return abs(share[0] - share[1]).max()


def draws():
    rng = np.random.default_rng(0)
    return {
        "normal": rng.standard_normal(200_000) * 0.02,
        "laplace": rng.laplace(size=100_000) * 1e-5,
        "lognormal": rng.lognormal(sigma=4, size=100_000),
        "relu": np.maximum(rng.standard_normal(100_000), 0),
        "uniform": rng.uniform(-0.05, 0.05, 100_000),
    }


@settings(deadline=None)
@given(arrays(any_float32), bits_range)
def test_every_float_is_counted_in_the_bin_that_the_edges_give(values, bits):
    sketch = Sketch.of(values, bits=bits)
    got = dict(zip(sketch.bins.tolist(), sketch.counts.tolist(), strict=True))
    assert got == exact_counts(values, bits)
    assert sketch.nans == np.isnan(values).sum()
    assert sketch.infinities == (np.isneginf(values).sum(), np.isposinf(values).sum())
    assert sketch.n == len(values)


@settings(deadline=None)
@given(arrays(finite32, low=1), bits_range)
def test_moments_are_exact_beside_the_bins(values, bits):
    sketch = Sketch.of(values, bits=bits)
    wide = values.astype(np.float64)
    assert (sketch.min, sketch.max) == (wide.min(), wide.max())
    assert sketch.sum == pytest.approx(math.fsum(wide), rel=1e-12, abs=1e-12 * abs(wide).max())
    assert sketch.sum_squares == pytest.approx(math.fsum(wide**2), rel=1e-12)
    assert sketch.mean == pytest.approx(wide.mean(), rel=1e-9, abs=1e-12 * abs(wide).max())
    assert sketch.share_zero == pytest.approx(np.mean(abs(wide) < 2.0 ** -(126 + bits)))


@settings(deadline=None)
@given(arrays(normal32, low=1), bits_range, st.lists(st.floats(0, 1), min_size=1, max_size=5))
def test_quantiles_keep_the_error_bound_of_the_bits(values, bits, q):
    """Between order statistics of one sign; across zero the bound is that of the magnitudes."""
    sketch, wide = Sketch.of(values, bits=bits), np.sort(values.astype(np.float64))
    bound = 2.0**-bits / (2 + 2.0**-bits)
    rank = np.asarray(q) * (len(wide) - 1)
    below, above = wide[np.floor(rank).astype(int)], wide[np.ceil(rank).astype(int)]
    part = rank - np.floor(rank)
    allowed = bound * ((1 - part) * abs(below) + part * abs(above))
    off = abs(sketch.quantile(q) - np.quantile(wide, q))
    assert (off <= allowed * (1 + 1e-9) + 1e-12 * abs(wide).max()).all()


@pytest.mark.parametrize("bits", range(2, 8))
@pytest.mark.parametrize("name", ["normal", "laplace", "lognormal", "relu", "uniform"])
def test_quantiles_of_large_samples_keep_the_bound(name, bits):
    values = draws()[name].astype(np.float32)
    q = [0.001, 0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99, 0.999]
    exact = np.quantile(values.astype(np.float64), q)
    found = Sketch.of(values, bits=bits).quantile(q)
    assert (abs(found - exact) <= 2.0**-bits / (2 + 2.0**-bits) * abs(exact) * 1.001).all()


@settings(deadline=None)
@given(arrays(finite32, low=1))
def test_the_ends_are_exact(values):
    sketch = Sketch.of(values)
    assert (sketch.quantile(0.0), sketch.quantile(1.0)) == (values.min(), values.max())
    assert sketch.support(0.0, 1.0) == pytest.approx((values.min(), values.max()), abs=2.0**-129)


@settings(deadline=None)
@given(arrays(any_float64, np.float64), arrays(any_float64, np.float64), bits_range, bits_range)
def test_a_sum_of_sketches_is_the_sketch_of_everything(one, two, bits_one, bits_two):
    merged = Sketch.of(one, bits=bits_one) + Sketch.of(two, bits=bits_two)
    whole = Sketch.of(np.concatenate([one, two]), bits=min(bits_one, bits_two))
    assert merged == whole
    assert merged == Sketch.of(two, bits=bits_two) + Sketch.of(one, bits=bits_one)


@settings(deadline=None)
@given(arrays(any_float32), st.integers(3, 7))
def test_a_coarser_sketch_is_the_one_that_fewer_bits_make(values, bits):
    for fewer in range(2, bits + 1):
        assert Sketch.of(values, bits=bits).coarser(fewer) == Sketch.of(values, bits=fewer)


def test_sum_of_a_list_starts_from_nothing():
    parts = [Sketch.of([float(i)]) for i in range(5)]
    assert sum(parts) == Sketch.of(np.arange(5.0))


@pytest.mark.parametrize(
    ("one", "two"),
    [([1.0], [2.0]), ([1.0, 1.0], [1.0]), ([math.nan], []), ([0.0], [1e-3]), ([1.0], [1.01])],
)
def test_different_values_are_different_sketches(one, two):
    assert Sketch.of(one) != Sketch.of(two)


def test_a_sketch_is_not_equal_to_other_bits_or_things():
    assert Sketch.of([1.0], bits=3) != Sketch.of([1.0], bits=4)
    assert Sketch.of([1.0]) != 1.0
    with pytest.raises(TypeError):
        hash(Sketch.of([1.0]))


@pytest.mark.parametrize(
    "dtype", ["?", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f2", "f4", "f8", ">f4", "g"]
)
def test_every_real_dtype_is_counted_like_its_float64(dtype):
    values = np.array([0, 1, 2, 3, 100, 127, 1, 0]).astype(dtype)
    assert Sketch.of(values) == Sketch.of(values.astype(np.float64))
    assert Sketch.of(values).max == float(values.max())


@pytest.mark.parametrize("dtype", ["F", "D"])
def test_complex_numbers_are_counted_by_magnitude(dtype):
    values = np.array([3 + 4j, -1j, 0, 1e38 + 1e38j]).astype(dtype)
    assert Sketch.of(values) == Sketch.of(abs(values.astype("D")))
    assert Sketch.of(values).max == pytest.approx(math.hypot(1e38, 1e38))


def test_any_layout_gives_the_same_counts():
    base = np.random.default_rng(1).standard_normal((40, 60, 5)).astype(np.float32)
    whole = Sketch.of(base)
    for view in (base.T, base[::-1], np.asfortranarray(base), base.transpose(1, 2, 0)):
        assert Sketch.of(view) == whole
    assert Sketch.of(base[::2, ::3]) == Sketch.of(base[::2, ::3].copy())


def test_more_than_one_chunk_is_counted_whole():
    values = np.random.default_rng(2).standard_normal(200_003)
    sketch = Sketch.of(values)
    assert sketch.n == 200_003
    assert sketch.std == pytest.approx(values.std(), rel=1e-12)
    values[[5, 100_000, 200_002]] = [np.nan, np.inf, -np.inf]
    sketch = Sketch.of(values)
    finite = values[np.isfinite(values)]
    assert (sketch.nans, sketch.infinities) == (1, (1, 1))
    assert sketch.mean == pytest.approx(finite.mean(), rel=1e-9)
    assert sketch.min == finite.min()


def test_a_float64_beyond_float32_is_an_overflow_and_no_infinity():
    sketch = Sketch.of([1e300, -1e39, 1e39, np.inf, 1.0])
    assert sketch.infinities == (0, 1)
    assert sketch.overflows == (1, 2)
    assert (sketch.min, sketch.max, sketch.finite) == (-1e39, 1e300, 4)
    assert sketch.quantile([0.0, 1.0]).tolist() == [-1e39, 1e300]
    assert sketch.cdf([0.0, 2.0, 1e300]).tolist() == [0.25, 0.5, 1.0]


def test_the_last_float32_is_no_overflow_and_its_neighbour_is_one():
    edge = 2.0**128 - 2.0**103
    below = np.nextafter(edge, 0)
    assert Sketch.of([below, -below]).overflows == (0, 0)
    assert Sketch.of([edge, -edge]).overflows == (1, 1)
    assert Sketch.of([FLOAT32_MAX]).counts.tolist() == [1]


def test_signed_zeros_and_the_smallest_denormals_are_zero():
    sketch = Sketch.of(np.array([0.0, -0.0, 1e-45, -1e-45, 1e-300], np.float64))
    assert (sketch.zeros, sketch.bins.tolist()) == (5, [0])
    assert str(Sketch.of([-0.0]).min) == "0.0"


def test_a_signalling_nan_whose_payload_is_low_is_a_nan():
    values = np.array([0x7F800001, 0xFF800001, 0x7F800000], np.uint32).view(np.float32)
    assert Sketch.of(values).nans == 2
    assert Sketch.of(values).infinities == (0, 1)


def test_nothing_is_a_sketch_too():
    empty = Sketch.of([])
    assert (empty.n, empty.finite, repr(empty)) == (0, 0, "<Sketch of 0 values>")
    unknown = [empty.mean, empty.std, empty.share_zero, empty.quantile(0.5), empty.cdf(0.0)]
    assert all(math.isnan(value) for value in [*unknown, *empty.support(), empty.min])
    assert empty.density([0, 1]).tolist() == [0.0]
    assert math.isnan(empty.w1(Sketch.of([1.0])))
    assert math.isnan(Sketch.of([1.0]).ks(empty))
    assert empty + Sketch.of([1.0]) == Sketch.of([1.0])
    assert Sketch.from_bytes(empty.to_bytes()) == empty


@settings(deadline=None)
@given(arrays(finite32, low=1, high=40), st.lists(finite32, min_size=1, max_size=10))
def test_the_cdf_is_the_share_of_values_to_within_one_bin(values, points):
    sketch = Sketch.of(values)
    wide = np.sort(values.astype(np.float64))
    for point in points:
        around = sketch.cdf(point)
        reach = abs(point) / 8 + 2.0**-129 + 2.0**-130
        low = np.searchsorted(wide, point - reach, side="left") / len(wide)
        high = np.searchsorted(wide, point + reach, side="right") / len(wide)
        assert low - 1e-9 <= around <= high + 1e-9


def test_density_integrates_to_one_and_follows_numpy():
    values = draws()["normal"]
    grid = np.linspace(values.min(), values.max(), 31)
    exact, _ = np.histogram(values, grid, density=True)
    found = Sketch.of(values, bits=5).density(grid)
    assert (found * np.diff(grid)).sum() == pytest.approx(1.0)
    assert abs(found - exact).max() < 0.03 * exact.max()


def test_zeros_fall_into_the_bin_that_holds_zero_or_are_left_out():
    sketch = Sketch.of([0.0, 0.0, 0.0, 1.0])
    assert sketch.density([-1, 0, 1, 2]).tolist() == [0.0, 0.75, 0.25]
    assert sketch.density([-1, 0, 1, 2], zeros=False).tolist() == [0.0, 0.0, 0.25]
    assert sketch.density([-1, 0]).tolist() == [0.75]


def test_a_hard_bound_stays_hard():
    values = np.random.default_rng(3).uniform(-0.05, 0.05, 100_000)
    outside = Sketch.of(values).density([-0.06, -0.0501, 0.0501, 0.06])[[0, 2]]
    assert outside.tolist() == [0.0, 0.0]


@pytest.mark.parametrize(
    "change", [lambda x: x + 0.002, lambda x: x * 1.1, lambda x: x * 2, lambda x: x * (x > 0)]
)
def test_distances_agree_with_scipy_on_the_values(change):
    values = np.random.default_rng(4).standard_normal(100_000) * 0.02
    one, two = Sketch.of(values), Sketch.of(change(values))
    w1 = stats.wasserstein_distance(values, change(values))
    ks = exact_ks(values, change(values))
    assert one.w1(two) == pytest.approx(w1, rel=0.01, abs=2e-5)
    assert one.ks(two) == pytest.approx(ks, abs=0.005)


@settings(deadline=None)
@given(arrays(normal32, low=1, high=30), arrays(normal32, low=1, high=30))
def test_distances_are_symmetric_and_zero_to_itself(one, two):
    a, b = Sketch.of(one / 1e10), Sketch.of(two / 1e10)
    assert a.w1(a) == 0
    assert a.ks(a) == 0
    assert a.w1(b) == pytest.approx(b.w1(a))
    assert a.ks(b) == pytest.approx(b.ks(a))
    assert -1e-12 <= a.ks(b) <= 1 + 1e-12


@settings(deadline=None)
@given(
    st.lists(st.sampled_from([-4.0, -2.0, 0.0, 1.0, 8.0]), min_size=1, max_size=20),
    st.lists(st.sampled_from([-4.0, -2.0, 0.0, 1.0, 8.0]), min_size=1, max_size=20),
)
def test_distances_of_single_points_are_near_scipys(one, two):
    """A value at the lower end of a bin is spread over an eighth of itself, at most."""
    a, b = Sketch.of(one, bits=7), Sketch.of(two, bits=7)
    assert a.w1(b) == pytest.approx(stats.wasserstein_distance(one, two), abs=8 * 2.0**-7 + 1e-9)
    assert a.ks(b) >= exact_ks(one, two) - 1e-9


@settings(max_examples=200, deadline=None)
@given(arrays(any_float64, np.float64, high=200), bits_range)
def test_bytes_bring_the_same_sketch_back(values, bits):
    sketch = Sketch.of(values, bits=bits)
    back = Sketch.from_bytes(sketch.to_bytes())
    assert back == sketch
    assert (back.bins.dtype, back.counts.dtype) == (np.int32, np.int64)
    assert [back.sum, back.sum_squares] == pytest.approx(
        [sketch.sum, sketch.sum_squares], nan_ok=True
    )


@settings(deadline=None)
@given(st.lists(st.integers(1, 2**62), min_size=1, max_size=40))
def test_counts_of_any_size_come_back(counts):
    bins = np.arange(len(counts), dtype=np.int32) * 7 - 100
    sketch = Sketch(3, bins, np.array(counts, np.int64), -1.0, 1.0, 0.0, 1.0)
    assert Sketch.from_bytes(sketch.to_bytes()).counts.tolist() == counts


@pytest.mark.parametrize(("name", "most"), [("normal", 500), ("relu", 300), ("uniform", 330)])
def test_bytes_are_few(name, most):
    assert len(Sketch.of(draws()[name]).to_bytes()) <= most


def test_twenty_million_weights_stay_under_600_bytes():
    part = Sketch.of(np.random.default_rng(5).standard_normal(2_000_000) * 0.02)
    whole = Sketch(3, part.bins, part.counts * 10 + part.counts % 7, *[1.0] * 4)
    assert len(whole.to_bytes()) <= 600


@settings(deadline=None)
@given(st.data())
def test_a_flipped_bit_is_noticed(data):
    good = bytearray(Sketch.of(np.linspace(-1, 1, 50)).to_bytes())
    place = data.draw(st.integers(0, len(good) * 8 - 1))
    good[place // 8] ^= 1 << place % 8
    with pytest.raises(SketchError):
        Sketch.from_bytes(bytes(good))


@settings(deadline=None)
@given(st.integers(0, 200))
def test_bytes_cut_short_are_noticed(size):
    good = Sketch.of(np.linspace(-1, 1, 500)).to_bytes()
    with pytest.raises(SketchError, match="no sketch"):
        Sketch.from_bytes(good[: min(size, len(good) - 1)])


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200), st.integers(0, 9), st.booleans())
def test_any_bytes_with_a_right_checksum_are_a_sketch_or_an_error(noise, bits, starts_right):
    """Damage that a checksum cannot see: an attacker, or another program."""
    head = bytes([1, bits]) + struct.pack("<4d", -1, 1, 0, 1) if starts_right else b""
    body = head + noise
    data = body + struct.pack("<I", zlib.crc32(body))
    try:
        sketch = Sketch.from_bytes(data)
    except SketchError:
        return
    assert Sketch.from_bytes(sketch.to_bytes()) == sketch


def test_a_bomb_is_refused_before_it_unfolds():
    """4 GB of zeros that deflate to 4 MB, declared as two bins."""
    engine = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = b"".join([engine.compress(bytes(1 << 24)) for _ in range(16)]) + engine.flush()
    head = bytes([1, 3]) + struct.pack("<4d", -1, 1, 0, 1) + bytes([0, 0, 0, 0, 0, 2, 5])
    length, size = b"", len(packed)
    while size > 127:
        length, size = length + bytes([size & 127 | 128]), size >> 7
    body = head + length + bytes([size]) + packed
    with pytest.raises(SketchError, match="more than there should be"):
        Sketch.from_bytes(body + struct.pack("<I", zlib.crc32(body)))


def test_a_newer_version_says_so():
    data = Sketch.of([1.0]).to_bytes()
    with pytest.raises(SketchError, match=r"version 9, known is 1"):
        Sketch.from_bytes(b"\x09" + data[1:])


@pytest.mark.parametrize("values", [["a"], [object()], [[1], [1, 2]], np.array(["x"]), None])
def test_what_is_no_number_is_refused(values):
    with pytest.raises(SketchError, match="no numbers that can be counted"):
        Sketch.of(values)


@pytest.mark.parametrize("bits", [1, 8, 3.0, True, "3"])
def test_bits_out_of_range_are_refused(bits):
    with pytest.raises(SketchError, match="2 to 7 mantissa bits"):
        Sketch.of([1.0], bits=bits)


def test_wrong_questions_are_refused():
    sketch = Sketch.of([1.0], bits=3)
    with pytest.raises(SketchError, match=r"lies in 0\.\.1"):
        sketch.quantile(1.5)
    with pytest.raises(SketchError, match="lies in"):
        sketch.quantile(math.nan)
    with pytest.raises(SketchError, match="must be two or more, and ascend"):
        sketch.density([1.0, 0.0])
    with pytest.raises(SketchError, match="cannot become finer"):
        sketch.coarser(5)
    with pytest.raises(TypeError):
        _ = sketch + 1


def test_counting_keeps_and_changes_nothing():
    values = np.array([3.0, 1.0, 2.0], np.float32)
    sketch = Sketch.of(values)
    values[:] = 9
    assert sketch.max == 3.0
    with pytest.raises(ValueError, match="read-only"):
        sketch.counts[0] = 5
    with pytest.raises(AttributeError):
        sketch.min = 3


def test_what_it_says_of_itself():
    text = repr(Sketch.of([0.0, 1.0, 2.0, math.nan, math.inf]))
    assert text == "<Sketch of 5 values: mean 1, std 0.8165, 0 to 2, zero 33.3%, 1 NaN, 1 Inf>"


def test_torch_is_not_needed():
    code = "import sys; from introspect.nouns.sketch import Sketch; Sketch.of([1.0]).to_bytes();"
    code += "assert not {'torch', 'matplotlib'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
