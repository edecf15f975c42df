"""One metric over many runs: aligned as NumPy would, with mean and band of each group."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from introspect.errors import HistoryError
from introspect.history import History
from introspect.history.many import runs


def logged(path, pairs, **config):
    with History(path, config=config, facts=False) as history:
        for step, value in pairs:
            history.log(step, loss=value)


@pytest.fixture
def table(tmp_path):
    generator = np.random.default_rng(0)
    for lr in (0.1, 0.2):
        for seed in range(4):
            data = generator.normal(size=30)
            logged(tmp_path / f"lr{lr}-{seed}", enumerate(data.tolist()), lr=lr, seed=seed)
    return runs(tmp_path, cache=False)


def data_of(table, **config):
    return np.stack([run.open()["loss"].data for run in table.where(**config)])


def test_equal_steps_are_compared_as_they_are(table):
    found = table.compare("loss", group_by="config.lr")
    assert [group.label for group in found.groups] == ["lr=0.1", "lr=0.2"]
    assert found.axis.tolist() == list(range(30))
    for group, lr in zip(found.groups, (0.1, 0.2), strict=True):
        data = data_of(table, lr=lr)
        np.testing.assert_array_equal(group.values, data)
        np.testing.assert_allclose(group.mean, data.mean(axis=0))
        np.testing.assert_allclose(group.high - group.mean, data.std(axis=0, ddof=1))
        assert group.count.tolist() == [4] * 30
        assert len(group.runs) == 4


def test_bands(table):
    data = data_of(table, lr=0.1)
    part = table.where(lr=0.1)
    one = part.compare("loss", group_by="config.lr", band="minmax").groups[0]
    np.testing.assert_allclose([one.low, one.high], [data.min(axis=0), data.max(axis=0)])
    one = part.compare("loss", group_by="config.lr", band=(0.1, 0.9)).groups[0]
    np.testing.assert_allclose(
        [one.low, one.mean, one.high], np.quantile(data, [0.1, 0.5, 0.9], axis=0)
    )
    one = part.compare("loss", group_by="config.lr", band="sem").groups[0]
    np.testing.assert_allclose(one.high - one.mean, data.std(axis=0, ddof=1) / 2)


def test_other_steps_are_interpolated_between_and_never_beyond(tmp_path):
    logged(tmp_path / "a", [(0, 0.0), (10, 10.0)])
    logged(tmp_path / "b", [(5, 1.0), (20, 4.0)])
    found = runs(tmp_path, cache=False).compare("loss", group_by="state")
    (group,) = found.groups
    assert found.axis.tolist() == [0, 5, 10, 20]
    np.testing.assert_allclose(group.values[0], [0, 5, 10, np.nan])
    np.testing.assert_allclose(group.values[1], [np.nan, 1, 2, 4])
    np.testing.assert_allclose(group.mean, [0, 3, 6, 4])
    assert group.count.tolist() == [1, 2, 2, 1]
    assert group.low[0] == group.high[0] == 0.0


def test_long_runs_are_brought_to_so_many_points(tmp_path):
    steps = np.arange(0, 5000, 7)
    logged(tmp_path / "a", zip(steps.tolist(), np.sin(steps / 500).tolist(), strict=True))
    found = runs(tmp_path, cache=False).compare("loss", points=50)
    assert len(found.axis) == 50
    assert found.axis[0] == 0
    assert found.axis[-1] == steps[-1]
    expected = np.interp(found.axis, steps, np.sin(steps / 500))
    np.testing.assert_allclose(found.groups[0].values[0], expected)


def test_steps_of_epochs_are_placed_by_their_order(tmp_path):
    for name, shift in (("a", 0.0), ("b", 1.0)):
        logged(
            tmp_path / name,
            [((epoch, step), epoch + shift) for epoch in range(2) for step in range(3)],
        )
    found = runs(tmp_path, cache=False).compare("loss", group_by="state")
    assert found.axis.tolist() == [[e, s] for e in range(2) for s in range(3)]
    assert found.groups[0].mean.tolist() == [0.5] * 3 + [1.5] * 3


def test_steps_at_both_ends_of_int64_do_not_wrap_around(tmp_path):
    low, high = -(2**63), 2**63 - 1
    logged(tmp_path / "a", [(low, 0.0), (high, 1.0)])
    logged(tmp_path / "b", [(low, 0.0), (0, 0.5), (high, 1.0)])
    found = runs(tmp_path, cache=False).compare("loss")
    assert found.axis.tolist() == [low, 0, high]
    np.testing.assert_allclose(found.groups[0].mean, [0, 0.5, 1])
    few = runs(tmp_path, cache=False).compare("loss", points=2)
    assert few.axis.tolist() == [low, high]


def test_nan_is_left_out_of_curves(tmp_path):
    logged(tmp_path / "a", [(0, 1.0), (1, float("nan")), (2, 3.0), (3, float("inf"))])
    (group,) = runs(tmp_path, cache=False).compare("loss").groups
    np.testing.assert_array_equal(group.mean, [1, 3])
    logged(tmp_path / "b", [(0, float("nan"))])
    assert runs(tmp_path, cache=False).compare("loss").skipped == ("b",)


def test_seconds_count_from_the_first_value_of_each_run(tmp_path):
    for name in ("a", "b"):
        logged(tmp_path / name, [(step, float(step)) for step in range(100)])
    found = runs(tmp_path, cache=False).compare("loss", x="seconds", points=20)
    longest = max(
        np.ptp(run.open()["loss"].times) for run in runs(tmp_path, cache=False)
    )  # fmt: skip
    assert found.axis[0] == 0.0
    assert found.axis[-1] == pytest.approx(longest)
    assert all(group.values[0, 0] == 0.0 for group in found.groups)


def test_smoothing_is_that_of_a_metric(tmp_path):
    logged(tmp_path / "a", [(step, float(step % 3)) for step in range(30)])
    table = runs(tmp_path, cache=False)
    smooth = table.compare("loss", smooth=0.9).groups[0].mean
    np.testing.assert_allclose(smooth, table["a"].open()["loss"].smoothed(0.9).data)


def test_groups_of_several_columns_and_of_functions(table):
    found = table.compare("loss", group_by=["config.lr", "config.seed"])
    assert found.groups[0].label == "lr=0.1, seed=0"
    assert len(found.groups) == 8
    found = table.compare("loss", group_by=lambda run: run.config["seed"] % 2)
    assert [(group.label, len(group.runs)) for group in found.groups] == [("0", 4), ("1", 4)]
    assert len(table.compare("loss").groups) == 8


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"points": 1}, "at least 2"),
        ({"band": "box"}, "std, sem, minmax"),
        ({"band": (0.9, 0.1)}, "two quantiles"),
        ({"x": "epoch"}, "step or seconds"),
    ],
)
def test_options_that_make_no_sense_say_which_do(table, options, said):
    with pytest.raises(HistoryError, match=said):
        table.compare("loss", **options)


def test_a_metric_that_no_run_has_names_those_that_are(table):
    with pytest.raises(HistoryError, match="'loss'"):
        table.compare("los")


def test_a_data_frame_has_a_row_for_each_group_and_point(table):
    pytest.importorskip("pandas", reason="makes a data frame")
    found = table.compare("loss", group_by="config.lr")
    frame = found.to_pandas()
    assert len(frame) == 60
    part = frame[frame["group"] == "lr=0.2"]
    np.testing.assert_array_equal(part["mean"], found.groups[1].mean)
    assert "2 runs" not in repr(found)
    assert "4 runs" in repr(found)


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.lists(st.integers(-1000, 1000), min_size=1, max_size=20, unique=True),
        min_size=1, max_size=4,
    )
)  # fmt: skip
def test_every_run_is_interpolated_as_numpy_does(tmp_path_factory, curves):
    folder = tmp_path_factory.mktemp("runs")
    for index, steps in enumerate(curves):
        logged(folder / str(index), [(step, float(step**2)) for step in sorted(steps)])
    found = runs(folder, cache=False).compare("loss", group_by="state", points=1000)
    assert found.axis.tolist() == sorted(set().union(*curves))
    for values, steps in zip(found.groups[0].values, curves, strict=True):
        own = np.array(sorted(steps), float)
        expected = np.interp(found.axis, own, own**2, left=np.nan, right=np.nan)
        np.testing.assert_allclose(values, expected)
