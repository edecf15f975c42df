import numpy as np
import pytest

from introspect.canvas.histograms import histogram_view
from introspect.canvas.paint_images import colored
from introspect.canvas.pictures import image_sheet
from introspect.errors import CanvasError
from introspect.nouns.panels import HistogramPanel, ImagePanel
from introspect.nouns.values import Image

rng = np.random.default_rng(0)


def sheet(*data, **options):
    return image_sheet(ImagePanel("w", None, list(data), **options))


def test_signed_values_get_a_range_symmetric_about_zero():
    made = sheet(np.array([[-1.0, 0.25]]))
    assert (made.ramp, made.low, made.high) == ("diverging", -1.0, 1.0)
    middle = colored(sheet(np.array([[-1.0, 0.0, 1.0]])).tiles[0], made, mode="light")[0, 1]
    assert middle.tolist() == [247] * 3  # the middle of the ramp


def test_values_from_zero_get_the_ink_ramp_and_bytes_stay_grey():
    assert sheet(np.array([[0.0, 2.0]])).ramp == "ink"
    assert sheet(np.array([[0, 255]], dtype=np.uint8)).ramp == "gray"
    assert sheet(Image.of([[0.0, 1.0]])).ramp == "gray"


def test_outliers_do_not_pale_the_picture_and_the_range_says_so():
    weights = rng.normal(size=(100, 100))
    weights[0, 0] = 1000.0
    made = sheet(weights)
    assert made.high < 5
    assert "holds 99.5%" in made.how


def test_a_convolution_weight_is_a_grid_of_its_filters():
    made = sheet(rng.normal(size=(16, 1, 5, 5)))
    assert made.how.startswith("16 filters of 5×5")
    tile = made.tiles[0]
    assert tile.blank is not None
    assert (~tile.blank).sum() == 16 * 5 * 5 * (12 // 5) ** 2


def test_many_kernels_are_cut_and_the_cut_is_said():
    assert sheet(rng.normal(size=(64, 64, 3, 3))).how.startswith("1024 of 4096 kernels of 3×3")


def test_three_channels_are_colours():
    made = sheet(rng.uniform(size=(3, 8, 9)))
    assert made.tiles[0].values.shape == (8, 9, 3)


def test_nan_is_red_and_infinity_too():
    made = sheet(np.array([[np.nan, np.inf, 0.5]]))
    pixels = colored(made.tiles[0], made, mode="light")[0]
    assert (pixels[0] == pixels[1]).all()
    assert pixels[0][0] > 150 > pixels[0][1] + 80


@pytest.mark.parametrize(
    "odd",
    [
        np.float64(3.0),
        np.arange(5.0),
        np.zeros((2, 2)),
        np.full((2, 2), np.nan),
        np.ones((2, 3, 4, 5, 6)),
        np.array([[True, False]]),
        np.array([[1 + 2j]]),
        np.zeros((1, 100_000)),
    ],
)
def test_odd_arrays_are_pictures_all_the_same(odd):
    made = sheet(odd)
    assert colored(made.tiles[0], made, mode="dark").dtype == np.uint8
    assert made.high > made.low


@pytest.mark.parametrize("bad", [np.zeros((0, 3)), np.array(["a"])])
def test_what_is_no_picture_says_what_it_was(bad):
    with pytest.raises(CanvasError, match="no picture"):
        sheet(bad)


def test_only_the_newest_steps_are_shown_with_their_steps():
    data = [np.full((2, 2), float(i)) for i in range(9)]
    made = image_sheet(ImagePanel("w", np.arange(9) * 10, data, limit=3))
    assert [tile.caption for tile in made.tiles] == ["step 60", "70", "80"]
    assert made.slots == 3


def test_each_histogram_is_of_its_own_step_alone():
    steps = [rng.normal(0, 1 + i, 5000) for i in range(6)]
    view = histogram_view(HistogramPanel("w", np.arange(6), steps))
    assert view.labels == ("step 2", "step 3", "step 4", "step 5")
    for shown, density in zip(steps[2:], view.densities, strict=True):
        counts = np.histogram(shown, view.edges)[0]
        np.testing.assert_allclose(density, counts / (5000 * np.diff(view.edges)))


def test_bins_hold_all_but_the_outermost_thousandth():
    values = rng.normal(size=100_000)
    view = histogram_view(HistogramPanel("w", None, [values]))
    covered = float(np.sum(view.densities[0] * np.diff(view.edges)))
    assert 0.997 < covered <= 1.0


@pytest.mark.parametrize(
    "odd", [np.array([]), np.array([np.nan]), np.zeros(5), np.array([1e300, -1e300]), np.float32(1)]
)
def test_odd_values_have_a_histogram_without_nan(odd):
    view = histogram_view(HistogramPanel("w", None, [odd]))
    assert np.isfinite(view.densities[0]).all()
    assert np.isfinite(view.edges).all()


def test_broken_values_are_counted():
    view = histogram_view(HistogramPanel("w", None, [np.array([1.0, np.nan, np.inf])]))
    assert view.broken == 2


def test_a_sketch_is_asked_for_its_density_and_quantiles():
    sketches = pytest.importorskip("introspect.nouns.sketch")
    values = rng.normal(size=20_000).astype(np.float32)
    edges = np.linspace(-2, 2, 11)
    panel = HistogramPanel("w", np.array([1]), [sketches.Sketch.of(values)])
    shown = histogram_view(panel, edges=edges).densities[0]
    true = np.histogram(values, edges)[0] / (values.size * np.diff(edges))
    np.testing.assert_allclose(shown, true, atol=0.02)


def test_epochs_name_the_histograms_where_each_has_its_own():
    data = [rng.normal(size=10) for _ in range(3)]
    view = histogram_view(HistogramPanel("w", np.array([[1, 9], [2, 9], [3, 9]]), data))
    assert view.labels == ("epoch 1", "epoch 2", "epoch 3")
    assert "epoch 1 in grey" in view.how
