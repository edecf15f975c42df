"""Metric against plain Python and NumPy."""

import math
import sys
import time
import warnings
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from introspect.errors import HistoryError, MissingExtraError
from introspect.history import History
from introspect.nouns.metric import Metric, format_step
from introspect.nouns.metric_tables import columns_of


def scalars(steps, data, name="loss"):
    steps = np.array(steps, np.int64)
    return Metric(name, steps, np.array(data, np.float64), np.arange(len(data), dtype=float))


def objects(steps, values, name="weight"):
    data = np.empty(len(values), object)
    data[:] = values
    return Metric(name, np.array(steps, np.int64), data, np.zeros(len(values)))


def test_a_step_reads_as_a_number_or_as_epoch_and_step():
    assert [format_step(step) for step in (-3, (2, 100), 0)] == ["-3", "2:100", "0"]


def test_int_steps_come_back_as_ints_and_pairs_as_tuples():
    assert list(scalars([1, 5], [0.0, 1.0]).step_keys()) == [1, 5]
    pairs = scalars([[0, 7], [1, 2]], [0.0, 1.0])
    assert list(pairs.step_keys()) == [(0, 7), (1, 2)]
    assert pairs.formatted_steps == ["0:7", "1:2"]


def test_iteration_gives_step_and_value():
    assert list(scalars([3, 4], [0.5, 0.25])) == [(3, 0.5), (4, 0.25)]


def test_at_finds_a_step_of_either_kind():
    assert scalars([1, 2], [0.5, 0.25]).at(2) == 0.25
    pairs = scalars([[0, 7], [1, 2]], [0.5, 0.25])
    assert pairs.at((1, 2)) == 0.25
    assert pairs.at(7) == 0.5  # an int n reads as (0, n)


@pytest.mark.parametrize("step", [3, -1, (1, 2), (0, 1), 10**30])
def test_at_a_step_that_was_not_logged_is_a_key_error(step):
    # (1, 2) compared element by element with the steps [1, 2] would seem to be there.
    with pytest.raises(KeyError):
        scalars([1, 2], [0.5, 0.25]).at(step)


def test_the_last_row_of_each_epoch():
    pairs = scalars([[0, 1], [0, 2], [3, 0]], [1, 2, 3])
    assert pairs.last_of_epochs() == {0: 1, 3: 2}
    assert scalars([4, 9], [1, 2]).last_of_epochs() == {4: 0, 9: 1}


def test_last_is_a_plain_float_or_the_object_itself():
    assert type(scalars([1], [0.5]).last) is float
    array = np.eye(2)
    assert objects([1], [array]).last is array
    with pytest.raises(IndexError):
        _ = scalars([], []).last


def test_numpy_sees_the_numbers_and_copies_only_when_asked():
    metric = scalars([1, 2], [0.5, 0.25])
    assert np.shares_memory(np.asarray(metric), metric.data)
    assert not np.shares_memory(np.array(metric, copy=True), metric.data)
    assert np.asarray(metric, np.float32).dtype == np.float32
    with pytest.raises(ValueError, match="copy"):
        np.array(metric, np.float32, copy=False)


def test_numpy_sees_arrays_stacked():
    stacked = np.asarray(objects([1, 2], [np.zeros(3), np.ones(3)]))
    assert stacked.shape == (2, 3)
    assert np.asarray(objects([], [])).shape == (0,)
    with pytest.raises(ValueError, match="stacked"):
        np.array(objects([1], [np.ones(3)]), copy=False)


def test_the_repr_names_count_and_newest():
    assert repr(scalars([1, 2], [0.5, 0.25])) == "<Metric loss: 2 values, last 0.25 at 2>"
    assert repr(objects([1], [np.eye(2)])) == "<Metric weight: 1 values, last ndarray at 1>"
    assert repr(objects([1], [0.5])) == "<Metric weight: 1 values, last 0.5 at 1>"
    assert repr(scalars([], [])) == "<Metric loss: empty>"


def test_only_object_columns_are_not_scalar():
    assert scalars([1], [1.0]).is_scalar
    assert not objects([1], [np.eye(2)]).is_scalar


# --- extremes, smoothing, thinning, tables -----------------------------------------------

NUMBERS = st.lists(st.floats(width=32), min_size=1, max_size=80)


@given(NUMBERS)
def test_min_and_max_are_those_of_numpy_without_nan(numbers):
    metric = scalars(range(len(numbers)), numbers)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        low, high = np.nanmin(metric.data), np.nanmax(metric.data)
    np.testing.assert_equal([metric.min(), metric.max()], [low, high])
    assert type(metric.min()) is float


@pytest.mark.parametrize("metric", [scalars([], []), objects([1], [np.eye(2)])])
@pytest.mark.parametrize("method", ["min", "max"])
def test_extremes_of_nothing_or_of_arrays_are_an_error(metric, method):
    with pytest.raises(HistoryError, match="needs numbers"):
        getattr(metric, method)()


def smoothed_as_tensorboard_does(numbers, weight):
    """Line by line what the chart of TensorBoard computes."""
    if all(number == numbers[0] for number in numbers):
        return list(numbers)
    last, count, result = 0.0, 0, []
    for number in numbers:
        if not math.isfinite(number):
            result.append(number)
            continue
        last = last * weight + (1 - weight) * number
        count += 1
        result.append(last / (1 - weight**count))
    return result


@given(
    st.lists(
        st.floats(-1e6, 1e6) | st.sampled_from([math.nan, math.inf]), min_size=1, max_size=300
    ),
    st.sampled_from([0.0, 0.1, 0.6, 0.9, 0.99, 0.999]),
)
def test_smoothing_is_that_of_tensorboard(numbers, weight):
    metric = scalars(range(len(numbers)), numbers)
    truth = smoothed_as_tensorboard_does(numbers, weight)
    np.testing.assert_allclose(metric.smoothed(weight).data, truth, rtol=1e-9, atol=1e-8)
    assert metric.data.tolist() == pytest.approx(numbers, nan_ok=True)


@pytest.mark.parametrize("weight", [1.0, -0.1, math.nan])
def test_a_smoothing_weight_outside_is_refused(weight):
    with pytest.raises(HistoryError, match="less than 1"):
        scalars([1], [1.0]).smoothed(weight)


def test_smoothing_reaches_every_rank():
    parts = tuple(replace(scalars([0, 1], [0.0, rank + 1.0]), rank=rank) for rank in range(2))
    smooth = replace(parts[0], parts=parts).smoothed(0.5)
    assert [part.last for part in smooth.by_rank().values()] == pytest.approx([2 / 3, 4 / 3])


@settings(deadline=None)
@given(
    st.integers(0, 2**32), st.integers(1, 3000), st.integers(1, 40), st.booleans(),
    st.integers(-10, 9000), st.integers(-10, 9000),
)  # fmt: skip
def test_each_column_of_pixels_keeps_its_extremes_and_ends(seed, count, width, wide, low, high):
    rng = np.random.default_rng(seed)
    numbers = rng.normal(size=count)
    numbers[rng.random(count) < rng.choice([0.0, 0.1, 0.9])] = np.nan
    numbers[rng.random(count) < 0.01] = rng.choice([np.inf, -np.inf])
    steps = np.cumsum(rng.integers(1, 5, count))
    metric = scalars(np.stack([steps // 7, steps], axis=1) if wide else steps, numbers)
    low_step, high_step = ((low // 7, low), (high // 7, high)) if wide else (low, high)
    thin = metric.thinned(low_step, high_step, width_px=width)
    assert len(thin) <= 4 * width + 2
    rows = np.searchsorted(steps, thin.steps[:, 1] if wide else thin.steps)
    np.testing.assert_array_equal(thin.data, metric.data[rows])  # each with its own step
    assert np.all(np.diff(rows) > 0)
    inside = np.flatnonzero((steps >= low) & (steps <= high))
    if not inside.size:
        return
    assert {inside[0], inside[-1], max(inside[0] - 1, 0)} <= set(rows.tolist())
    first, span = steps[inside[0]], steps[inside[-1]] - steps[inside[0]]
    if wide:
        edges = np.linspace(inside[0], inside[-1] + 1, width + 1).astype(int)
        pixels = np.searchsorted(edges, inside, "right")
    else:
        pixels = np.searchsorted(first + np.arange(1, width) * span / width, steps[inside], "right")
    for pixel in np.unique(pixels):
        column = metric.data[inside[pixels == pixel]]
        kept = thin.data[np.isin(rows, inside[pixels == pixel])]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            assert bits(np.nanmin(kept)) == bits(np.nanmin(column))
            assert bits(np.nanmax(kept)) == bits(np.nanmax(column))


def bits(number):
    return "nan" if math.isnan(number) else float(number) + 0.0


def test_thinning_costs_what_the_picture_is_wide_not_what_the_curve_is_long():
    column = np.random.default_rng(0).normal(size=2_000_000)
    metric = scalars(np.arange(len(column)), column)
    metric.thinned(width_px=500)  # builds the pyramid
    start = time.process_time()
    for _ in range(10):
        thin = metric.thinned(1000, 1_900_000, width_px=500)
    each_s = (time.process_time() - start) / 10
    assert each_s < 0.1
    assert thin.min() == column[999:1_900_002].min()


def test_a_pyramid_serves_a_column_while_it_grows():
    rng = np.random.default_rng(0)
    history = History()
    for step, value in enumerate(rng.normal(size=5000).tolist()):
        history.log(step, x=value)
        if step % 500 == 499:
            metric = history["x"]
            thin = metric.thinned(width_px=10)
            assert (thin.min(), thin.max()) == (metric.min(), metric.max())
            assert len(thin) <= 42
    short = Metric("x", metric.steps[:100], metric.data[:100], metric.times[:100],
                   pyramid=metric.pyramid)  # fmt: skip
    assert short.thinned(width_px=3).max() == short.max()


def test_steps_at_the_ends_of_int64_can_be_thinned():
    steps = np.unique(np.linspace(-(2.0**63), 2.0**63 - 2048, 5000).astype(np.int64))
    metric = scalars(steps, np.arange(len(steps)))
    thin = metric.thinned(width_px=5)
    assert len(thin) <= 22
    assert (thin.steps[0], thin.steps[-1]) == (steps[0], steps[-1])


@pytest.mark.parametrize(
    ("metric", "width"), [(scalars([1], [1.0]), 0), (objects([1], [np.eye(2)]), 5)]
)
def test_what_cannot_be_thinned_says_so(metric, width):
    with pytest.raises(HistoryError):
        metric.thinned(width_px=width)
    assert len(scalars([], []).thinned()) == 0


def test_arrow_gets_steps_times_and_values():
    pa = pytest.importorskip("pyarrow", reason="Arrow is an extra")
    table = pa.table(scalars([[0, 7], [1, 2]], [0.5, 0.25]))
    assert table.column_names == ["epoch", "step", "time", "value"]
    assert table["step"].to_pylist() == [7, 2]
    assert table["value"].to_pylist() == [0.5, 0.25]
    assert table["time"].type == pa.timestamp("ns", tz="UTC")
    assert table["time"].cast(pa.int64()).to_pylist() == [0, 10**9]
    assert pa.table(scalars([], [])).num_rows == 0


def test_pandas_gets_a_row_for_each_rank():
    pd = pytest.importorskip("pandas", reason="nothing else here needs pandas")
    parts = tuple(replace(scalars([0, 1], [0.0, rank + 1.0]), rank=rank) for rank in range(2))
    frame = replace(parts[0], parts=parts).to_pandas()
    assert frame.columns.tolist() == ["step", "time", "value", "rank"]
    assert frame["value"].tolist() == [0.0, 1.0, 0.0, 2.0]
    assert frame["rank"].tolist() == [0, 0, 1, 1]
    assert frame["time"][1] == pd.Timestamp(1, unit="s", tz="UTC")


@pytest.mark.parametrize(
    ("module", "ask", "hint"),
    [
        ("pyarrow", lambda metric: metric.__arrow_c_stream__(), "torch-introspect"),
        ("pandas", lambda metric: metric.to_pandas(), "pip install pandas"),
    ],
)
def test_a_table_without_its_library_says_what_to_install(monkeypatch, module, ask, hint):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingExtraError, match=hint):
        ask(scalars([1], [1.0]))


def test_only_numbers_are_a_table():
    with pytest.raises(HistoryError, match="ndarray"):
        columns_of(objects([1], [np.eye(2)]))
    assert columns_of(scalars([], []))["value"].tolist() == []
