from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from introspect.canvas.braille import block_bars, braille_lines
from introspect.canvas.decimate import decimate
from introspect.canvas.line_curve import names_title
from introspect.canvas.lines import line_view, y_range
from introspect.canvas.timeline import Timeline, timeline
from introspect.canvas.writing import shortened, spread, text_width_pt
from introspect.nouns.panels import LinePanel, Series

values = st.lists(st.floats(-1e6, 1e6) | st.just(float("nan")), min_size=50, max_size=400)


def line(name, data, steps=None):
    data = np.asarray(data, dtype=np.float64)
    return Series(name, np.arange(len(data)) if steps is None else steps, data)


def view_of(*series, **options):
    steps = timeline([each.steps for each in series])
    return line_view(LinePanel(series, **options), steps)


@given(values, st.integers(3, 20))
@settings(deadline=None)
def test_decimation_keeps_the_exact_extremes_of_every_pixel_column(data, columns):
    y = np.array(data)
    x = np.arange(len(y), dtype=np.float64)
    limits = (0.0, float(len(y) - 1))
    few_x, few_y = decimate(x, y, columns=columns, limits=limits)
    assert len(few_x) <= max(4 * columns, 4 * columns + 4)
    edges = np.linspace(*limits, columns + 1)[1:-1]
    whole, few = (
        np.searchsorted(edges, x, side="right"),
        np.searchsorted(edges, few_x, side="right"),
    )
    if len(few_x) == len(x):
        return
    for column in range(columns):
        inside = y[whole == column]
        shown = few_y[few == column]
        if np.isfinite(inside).any():
            assert np.nanmin(shown) == np.nanmin(inside)
            assert np.nanmax(shown) == np.nanmax(inside)
        else:
            assert not np.isfinite(shown).any()


def test_one_spike_in_a_million_points_is_kept():
    y = np.zeros(1_000_000)
    y[777_777] = 5.0
    few_x, few_y = decimate(np.arange(1e6), y, columns=500, limits=(0.0, 1e6))
    assert few_y.max() == 5.0
    assert len(few_x) <= 2000


def test_a_loss_begins_at_zero_and_an_accuracy_that_stays_high_does_not():
    assert y_range([np.array([2.3, 1.0, 0.4])])[0] == 0.0
    assert y_range([np.array([0.85, 0.9])])[0] > 0.8


def test_what_is_cut_off_at_the_top_is_announced():
    view = view_of(line("loss", [22.0, *np.linspace(2.0, 0.5, 200)]))
    assert view.y_limits[1] < 2.3
    assert view.over is not None
    assert view.over[1] == "↑ 22.0"


def test_the_newest_value_is_never_cut_off():
    view = view_of(line("loss", [*np.linspace(1.0, 0.5, 400), 9.0]))
    assert view.y_limits[1] > 9.0
    assert view.over is None


def test_nan_is_no_part_of_a_range_and_is_said_in_words():
    data = np.linspace(2, 1, 100)
    data[56:] = np.nan
    view = view_of(line("loss", data, np.arange(100) * 10))
    assert view.y_limits[1] < 3
    assert view.fault_text == "NaN from step 560"
    assert view.curves[0].ends_broken
    assert view.curves[0].end == (550.0, pytest.approx(data[55]))


def test_infinity_breaks_the_line_and_names_the_series_among_several():
    view = view_of(line("a", [1.0, np.inf, 1.0]), line("b", [1.0, 2.0, 3.0]))
    assert view.fault_text == "a inf at step 1"
    assert np.isnan(view.curves[0].y[1])


def test_a_gap_is_no_fault():
    gap = Series("a", np.arange(3), np.array([1.0, np.nan, 2.0]), np.array([False, True, False]))
    view = view_of(gap)
    assert view.fault_text == ""
    assert np.isnan(view.curves[0].y[1])


@pytest.mark.parametrize(
    "data", [[], [0.0], [5.0, 5.0], [np.nan], [np.inf, -np.inf], [1e300, -1e308], [1e-320, 0.0]]
)
def test_odd_columns_have_finite_limits_and_ticks(data):
    view = view_of(line("odd", data))
    assert np.isfinite([*view.x_limits, *view.y_limits]).all()
    assert view.x_limits[0] < view.x_limits[1]
    assert view.y_limits[0] < view.y_limits[1]


def test_percent_is_written_only_where_the_title_says_so():
    plain, share = view_of(line("acc", [0.884])), view_of(line("acc", [0.884]), ylabel="%")
    assert plain.curves[0].last_text == "0.884"
    assert share.curves[0].last_text == "88.4%"
    hundred = view_of(line("acc", [88.4]), ylabel="%")
    assert hundred.curves[0].last_text == "88.4"


@given(
    st.lists(st.floats(-50, 150), min_size=1, max_size=12),
    st.floats(1, 20),
)
def test_pushed_labels_keep_their_distance_and_their_order(wanted, gap):
    placed = spread(wanted, gap, 0.0, 100.0)
    ordered = sorted(placed)
    assert all(b - a >= gap - 1e-6 for a, b in pairwise(ordered))
    assert [placed[i] for i in np.argsort(wanted, kind="stable")] == ordered
    if gap * (len(wanted) - 1) <= 100:
        assert ordered[0] >= -1e-6
        assert ordered[-1] <= 100 + 1e-6


def test_a_shortened_text_fits():
    assert text_width_pt(shortened("W" * 500, 77.0)) <= 77.0


def test_braille_draws_a_flat_line_on_one_row_of_dots_and_breaks_at_nan():
    x, y = np.arange(8.0), np.array([0.0, 0, 0, np.nan, np.nan, np.nan, 0, 0])
    lines, owner = braille_lines([(x, y)], x_limits=(0, 7), y_limits=(0, 1), columns=4, rows=2)
    assert lines[0] == "⠀" * 4
    assert (owner[1] == [0, 0, -1, 0]).all() or (owner[1] == [0, 0, 0, 0]).all()
    assert lines[1][0] == "⣀"


def test_the_first_series_wins_a_shared_cell():
    x, y = np.arange(4.0), np.zeros(4)
    _, owner = braille_lines([(x, y), (x, y)], x_limits=(0, 3), y_limits=(0, 1), columns=2, rows=1)
    assert owner.tolist() == [[0, 0]]


def test_a_spike_is_seen_in_braille_at_any_length():
    y = np.zeros(100_000)
    y[50_000] = 1.0
    lines, _ = braille_lines(
        [(np.arange(1e5), y)], x_limits=(0, 1e5), y_limits=(0, 1), columns=40, rows=4
    )
    assert lines[0].strip("⠀") != ""


def test_bars_are_as_high_as_their_share():
    assert block_bars(np.array([0.5, 1.5, np.nan]), rows=2) == [" █ ", "██ "]


def test_a_timeline_of_nothing_is_still_an_axis():
    assert Timeline().ticks(0, 1, most=4, epochs=False) == [(0.0, "step 0"), (1.0, "1")]


def test_a_name_cut_in_its_middle_fits_and_keeps_its_end():
    name = "resnet18-cosine-warmup-seed12"
    for room in (30.0, 60.0, 90.0):
        cut = shortened(name, room, keep_end=True)
        assert text_width_pt(cut) <= room
        assert cut[0] == "r"
        assert cut.endswith("2")
    assert shortened(name, 500.0, keep_end=True) == name


@pytest.mark.parametrize(
    ("names", "title"),
    [
        (["loss", "acc"], "loss, acc"),
        ([f"run-{k}" for k in range(5)], "run-0, run-1, run-2, run-3, run-4"),
        ([f"resnet18-cosine-warmup-{k}" for k in range(5)], "resnet18-cosine-warmup"),
        ([f"{k}-a-name-that-is-rather-long" for k in range(5)], "5 lines"),
        (["a" * 40] * 4, "a" * 40),
    ],
)
def test_a_chart_without_a_title_is_called_by_what_its_names_have_in_common(names, title):
    assert names_title(names) == title
