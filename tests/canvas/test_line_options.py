"""Smoothing, logarithms, limits, bands, baselines and epochs of line charts."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from matplotlib.colors import to_hex

from introspect.canvas.figure import common_timeline
from introspect.canvas.line_axes import log_ticks
from introspect.canvas.lines import line_view
from introspect.canvas.sources import line_panel
from introspect.canvas.specs import described
from introspect.canvas.style import series_color
from introspect.canvas.trend import is_noisy, trend
from introspect.nouns.panels import LinePanel, Series

RNG = np.random.default_rng(0)


def view_of(metrics, **options):
    panel = line_panel(metrics, labels=options.pop("labels", None), ylabel="", title="T", **options)
    return line_view(panel, common_timeline([panel]))


def plain_average(values, half_life):
    """The definition: weights halve every `half_life` rows, divided by their sum."""
    found = []
    for row in range(len(values)):
        ages = np.arange(row, -1, -1)
        weights = 0.5 ** (ages / half_life)
        found.append(float((weights * values[: row + 1]).sum() / weights.sum()))
    return np.array(found)


@given(
    arrays(np.float64, st.integers(1, 200), elements=st.floats(-1e3, 1e3)),
    st.floats(0.5, 50),
)
@settings(max_examples=60)
def test_a_trend_is_the_average_by_its_definition(values, half_life):
    assert trend(values, half_life) == pytest.approx(plain_average(values, half_life), abs=1e-6)


def test_a_trend_begins_anew_after_a_fault_and_keeps_it():
    values = np.array([5.0, 6.0, np.nan, 1.0, np.inf, 2.0])
    found = trend(values, 3.0)
    assert found[0] == 5.0
    assert np.isnan(found[2])
    assert found[3] == 1.0
    assert np.isinf(found[4])
    assert found[5] == 2.0


def test_a_constant_stays_constant_to_the_last_bit():
    assert set(trend(np.full(1000, 0.1), 7.0).tolist()) == {0.1}


def test_only_long_and_noisy_columns_are_smoothed():
    steps = np.arange(400)
    noisy = 1 + RNG.normal(0, 0.1, 400)
    epochs = np.stack([np.arange(400), np.zeros(400, int)], axis=1)
    assert is_noisy(steps, noisy)
    assert not is_noisy(steps[:40], noisy[:40])
    assert not is_noisy(epochs, noisy)
    assert not is_noisy(steps, np.full(400, 3.0))
    assert not is_noisy(steps, 0.05 * (1 + np.cos(np.pi * steps / 400)))
    assert not is_noisy(steps, np.repeat([0.1, 0.01, 0.001, 1e-4], 100))
    assert not is_noisy(steps, np.full(400, np.nan))


def test_smoothing_is_stated_and_the_raw_values_stay_behind_it(canvas, metric, texts):
    noisy = metric("train", (1 + RNG.normal(0, 0.1, 800)).tolist())
    canvas.draw_plot([noisy, metric("test", [1.0, 0.9])], title="Loss")
    figure = canvas.figure
    assert any("train smoothed over 20 steps" in words for words in texts(figure))
    pale = [line for line in figure.axes[0].lines if line.get_alpha() == 0.26]
    assert len(pale) == 1
    off = view_of(noisy, smooth="off")
    assert off.curves[0].smooth is None
    assert "smoothed" not in off.how


def test_a_half_life_in_steps_does_not_depend_on_how_often_was_logged(metric):
    steps = np.arange(0, 4000, 10)
    noise = RNG.normal(0, 1, 400)
    dense = view_of(metric("a", noise.tolist(), steps // 10), smooth=5)
    sparse = view_of(metric("a", noise.tolist(), steps), smooth=50)
    assert dense.curves[0].smooth == pytest.approx(sparse.curves[0].smooth)


def test_the_last_value_of_a_smoothed_line_is_that_of_its_trend(metric):
    values = RNG.normal(1, 0.1, 500)
    curve = view_of(metric("a", values.tolist()), smooth=20).curves[0]
    assert curve.end[1] == pytest.approx(float(trend(values, 20)[-1]))
    assert float(curve.last_text) == pytest.approx(curve.end[1], abs=0.006)


def test_a_logarithmic_axis_is_matplotlibs_own_and_leaves_out_what_it_cannot_show(canvas, texts):
    canvas.draw_plot([1e-3, 0.0, 1e-1, -2.0, 10.0], log="y", title="Norm")
    figure = canvas.figure
    (ax,) = figure.axes
    assert ax.get_yscale() == "log"
    low, high = ax.get_ylim()
    assert low < 1e-3
    assert high > 10
    assert any("2 values ≤ 0 not shown" in words for words in texts(figure))
    assert {"10⁻³", "10⁻²", "10⁻¹", "1", "10"} <= set(texts(figure))


@given(st.floats(-30, 30), st.floats(0.01, 40))
@settings(max_examples=200)
def test_logarithmic_ticks_are_in_order_inside_and_few(low, span):
    marks = log_ticks(low, low + span)
    places = [place for place, _ in marks]
    assert places == sorted(places)
    assert all(low - 1e-6 <= place <= low + span + 1e-6 for place in places)
    assert len(places) <= 7
    assert len({label for _, label in marks}) == len(marks)


def test_limits_are_taken_where_they_are_named(metric):
    view = view_of(metric("a", [1.0, 2.0, 3.0]), xlim=(0, 10), ylim=(None, 5), smooth="off")
    assert view.x_limits == (0.0, 10.0)
    assert view.y_limits[1] == 5.0
    assert view.y_limits[0] < 1.0


def test_limits_of_x_are_epochs_where_steps_are(metric):
    steps = [(epoch, step) for epoch in range(2) for step in range(0, 100, 10)]
    view = view_of(metric("a", list(range(20)), steps), xlim=(0, 5))
    assert view.x_limits == (0.0, 500.0)
    labels = [label for _, label in view.timeline.ticks(*view.x_limits, most=8, epochs=True)]
    assert labels == ["epoch 0", "1", "2", "3", "4", "5"]


def test_swapped_or_equal_limits_still_draw(canvas):
    canvas.draw_plot([1, 2], ylim=(3, 0), xlim=(1, 1), title="T")
    canvas.figure.canvas.draw()


def test_bands_lie_around_their_line_and_are_part_of_the_axis(canvas, metric):
    low, high = metric("low", [0.0, 1.0, 1.0]), metric("high", [4.0, 9.0, 3.0])
    canvas.draw_plot(metric("mean", [2.0, 2.0, 2.0]), band=(low, high), band_label="range of 3")
    (ax,) = canvas.figure.axes
    assert ax.get_ylim()[1] >= 9.0
    (band,) = ax.collections
    ys = band.get_paths()[0].vertices[:, 1]
    assert {0.0, 9.0} <= set(ys.tolist())


def test_a_band_that_was_logged_a_moment_later_is_one_value_short(metric):
    view = view_of(metric("m", [1.0, 2.0]), band=([0.0], [3.0]))
    assert view.curves[0].low[0] == 0.0
    assert np.isnan(view.curves[0].low[1])


def test_baselines_are_dashed_named_and_in_view_when_near(canvas, texts):
    canvas.draw_plot([0.7, 0.8], baselines={"linear": 0.84, "far": 1e6}, title="Accuracy %")
    figure = canvas.figure
    assert figure.axes[0].get_ylim()[1] > 0.84
    assert "linear 84.0%" in texts(figure)
    assert not any("far" in words for words in texts(figure))


def test_epochs_of_int_steps_are_marked_where_they_end(metric):
    loss = metric("loss", list(range(300)))
    regular = view_of(loss, epochs=100, smooth="off")
    assert regular.timeline.ticks(0, 299, most=8, epochs=regular.epochs) == [
        (0.0, "epoch 0"),
        (100.0, "1"),
        (200.0, "2"),
    ]
    uneven = view_of(loss, epochs=[50, 250], smooth="off")
    assert uneven.timeline.ticks(0, 299, most=8, epochs=uneven.epochs) == [
        (0.0, "epoch 0"),
        (50.0, "1"),
        (250.0, "2"),
    ]


def test_an_int_step_beside_epochs_reads_as_epoch_zero(metric):
    pairs = metric("a", [1.0, 2.0, 3.0], [(0, 0), (0, 50), (1, 0)])
    ints = metric("b", [5.0, 6.0], [0, 50])
    view = view_of([pairs, ints])
    assert view.curves[0].x[:2].tolist() == view.curves[1].x.tolist()
    assert view.epochs


def test_ten_million_points_are_painted_from_few(canvas, metric):
    values = RNG.normal(1, 0.1, 10_000_000)
    values[7_654_321] = 9.0
    from introspect.nouns.metric import Metric

    metric = Metric("loss", np.arange(len(values)), values, np.zeros(0))
    canvas.draw_plot(metric, ylim=(0, 10), title="Loss")
    figure = canvas.figure
    drawn = [line.get_ydata() for line in figure.axes[0].lines]
    assert max(len(y) for y in drawn) < 20_000
    assert max(float(np.nanmax(y)) for y in drawn) == 9.0


def test_a_colour_of_its_own_is_kept_in_pictures_terminals_and_browsers(canvas):
    steps, values = np.arange(3), np.array([1.0, 2.0, 3.0])
    lines = (Series("a", steps, values, color=4), Series("b", steps, values + 1))
    canvas.draw_panels(LinePanel(lines, title="T"))
    drawn = canvas.figure.axes[0].lines
    shades = {to_hex(line.get_color()) for line in drawn}
    assert {series_color(4), series_color(1)} <= shades
    assert series_color(0) not in shades
    told = described(canvas.panels[0], "0").spec["series"]
    assert [line.get("color") for line in told] == [4, None]


@pytest.mark.parametrize("log", ["", "y"])
def test_xlim_scales_names_and_marks_only_what_lies_within(log):
    steps = np.arange(100)
    metrics = {"loss": 10 / (1 + steps), "late": steps + 1.0}
    view = view_of(list(metrics.values()), labels=list(metrics), xlim=(2, 12), log=log)
    assert view.x_limits == (2.0, 12.0)
    assert view.on_y(view.y_limits[1]) < 16
    assert [curve.last_text for curve in view.curves] == ["0.769", "13.0"]
    ends = [(curve.end[0], float(view.on_y(curve.end[1]))) for curve in view.curves]
    assert ends == [(12.0, pytest.approx(10 / 13)), (12.0, pytest.approx(13.0))]
    assert view.curves[0].x.tolist() == list(range(1, 14))  # one beyond each end, to lead there


def test_a_line_of_which_xlim_shows_nothing_is_no_error():
    view = view_of([np.arange(9.0)], labels=["a"], xlim=(20, 30))
    assert view.curves[0].end is None
    assert view.curves[0].last_text == ""
