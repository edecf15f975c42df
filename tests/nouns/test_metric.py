"""Metric against plain Python and NumPy."""

import numpy as np
import pytest

from introspect.nouns.metric import Metric, format_step


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
