import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from introspect.canvas.ticks import (
    clean,
    format_duration,
    format_ticks,
    format_value,
    nice_ticks,
)
from introspect.canvas.timeline import timeline


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.999_99, "1.00"),
        (9.999, "10.0"),
        (-0.5, "−0.500"),
        (0.001, "0.00100"),
        (0.000_999_9, "0.00100"),
        (999_999.0, "1.00×10⁶"),
        (123_456.0, "123\u202f456"),
        (-math.inf, "−∞"),
        (1e-300, "1.00×10⁻³⁰⁰"),
    ],
)
def test_values_have_three_significant_digits(value, text):
    assert format_value(value) == text


@given(st.floats(1e-3, 9.9e5))
def test_a_written_value_is_within_half_a_percent(value):
    written = float(format_value(value).replace("\u202f", ""))
    assert abs(written - value) <= 0.005 * value


@given(
    st.floats(-1e12, 1e12, allow_nan=False),
    st.floats(1e-9, 1e12),
    st.integers(2, 8),
)
def test_ticks_are_round_inside_the_range_and_not_too_many(low, span, most):
    high = low + span
    if not high > low or span < abs(low) * 1e-9:
        return
    ticks = nice_ticks(low, high, most=most)
    assert 1 <= len(ticks) <= most
    slack = span * 1e-6 + abs(low) * 1e-9
    assert all(low - slack <= tick <= high + slack for tick in ticks)


@given(st.floats(-100, 100), st.floats(0.01, 1000), st.integers(2, 8))
def test_tick_labels_tell_the_ticks_apart(low, span, most):
    ticks = nice_ticks(low, low + span, most=most)
    assert len(set(format_ticks(ticks))) == len(ticks)


@pytest.mark.parametrize("bounds", [(0.0, 0.0), (math.nan, 1.0), (-math.inf, math.inf)])
def test_a_range_without_a_length_gives_no_ladder(bounds):
    assert len(nice_ticks(*bounds)) <= 1


def test_durations_say_what_matters():
    assert format_duration(59.6) == "1 min 00 s"
    assert format_duration(-3) == "0.0 s"


def test_control_characters_and_newlines_leave_a_name():
    assert clean("a\nb\x1b[31m\x00\ud800c") == "a b[31mc"


def test_epochs_are_equally_wide_and_steps_equally_far_apart():
    train = np.array([[e, s] for e in range(3) for s in range(0, 500, 100)])
    test = np.array([[e, 450] for e in range(3)])
    line = timeline([train, test])
    assert np.diff(line.positions(train)).tolist() == [100.0] * 14
    assert line.positions(test).tolist() == [450.0, 950.0, 1450.0]
    assert line.ticks(0, 1400, most=8, epochs=True) == [
        (0.0, "epoch 0"),
        (500.0, "1"),
        (1000.0, "2"),
    ]


def test_steps_that_count_through_the_epochs_keep_their_count():
    steps = np.array([[1, 100], [1, 200], [2, 300], [2, 400]])
    line = timeline([steps])
    assert line.positions(steps).tolist() == [100.0, 200.0, 300.0, 400.0]
    assert line.ticks(100, 400, most=4, epochs=True) == [(100.0, "epoch 1"), (300.0, "2")]


def test_one_value_in_each_epoch_makes_each_epoch_one_wide():
    steps = np.array([[e, 468] for e in range(4)])
    assert timeline([steps]).positions(steps).tolist() == [0.0, 1.0, 2.0, 3.0]


def test_a_million_epochs_get_few_ticks():
    steps = np.array([[0, 0], [1_000_000, 0]])
    assert 1 <= len(timeline([steps]).ticks(0, 1e6, most=6, epochs=True)) <= 6


def test_int_steps_get_whole_ticks():
    labels = [label for _, label in timeline([]).ticks(0, 2, most=8, epochs=False)]
    assert labels == ["step 0", "1", "2"]


@given(
    st.lists(st.tuples(st.integers(0, 5), st.integers(0, 50)), min_size=1, max_size=40, unique=True)
)
def test_positions_keep_the_order_of_steps(pairs):
    steps = np.array(sorted(pairs))
    positions = timeline([steps]).positions(steps)
    assert (np.diff(positions) > 0).all()
