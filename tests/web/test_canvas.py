"""The canvas in a browser: what is drawn, what hands can do, and what never happens."""

import base64
import io
from itertools import pairwise

import numpy as np
import pytest
from matplotlib import colormaps
from PIL import Image as Picture

from introspect.canvas.figure import common_timeline
from introspect.canvas.heights import needed_height_px
from introspect.canvas.html import fragment, page
from introspect.canvas.lines import line_view
from introspect.canvas.ticks import format_value
from introspect.nouns.panels import (
    AudioPanel,
    BarPanel,
    Baseline,
    Column,
    ConfusionPanel,
    CurvePanel,
    GridPanel,
    HeatmapPanel,
    HistogramPanel,
    ImagePanel,
    LinePanel,
    MagnitudesPanel,
    MessagePanel,
    PiePanel,
    ProgressPanel,
    RidgePanel,
    Row,
    ScatterPanel,
    Series,
    StemPanel,
    Stepped,
    TablePanel,
    TextPanel,
)
from introspect.nouns.values import Audio, Table

VIEW = "document.querySelector('.itc').introspect"
RNG = np.random.default_rng(0)
EVIL = '<img src=x onerror="alert(1)"><script>alert(2)</script>'


@pytest.fixture
def opened(show, until):
    """A page of panels, drawn."""

    def opened(*panels, width=1000, height=700, context=None, **options):
        tab = show.plain(
            page(panels, **options).encode(), width=width, height=height, **(context or {})
        )
        until(tab, "document.querySelector('.itc')?.introspect?.draws > 0")
        tab.wait_for_timeout(100)
        return tab

    return opened


def line(values, name="loss", steps=None, **more):
    steps = np.arange(len(values)) if steps is None else np.asarray(steps, np.int64)
    return Series(name, steps, np.asarray(values, np.float64), **more)


def texts(tab, selector="svg text"):
    return tab.locator(selector).all_text_contents()


def drawn(tab, panel=0):
    """The points of the first line as they are drawn."""
    found = tab.evaluate(
        f"(() => {{ const c = {VIEW}.panels.get('{panel}').drawn[0].curve;"
        " return {x: c.x, y: c.y.map((v) => Number.isNaN(v) ? null : v)}; })()"
    )
    return np.array(found["x"]), np.array([np.nan if v is None else v for v in found["y"]])


def box(tab, panel=0):
    return tab.locator(f"[data-panel='{panel}'] .plot").bounding_box()


def scale(tab, panel=0):
    return tab.evaluate(
        f"(() => {{ const p = {VIEW}.panels.get('{panel}'); return [p.x, p.y]; }})()"
    )


# Lines ------------------------------------------------------------------------------------


def test_lines_are_named_where_they_end_with_their_last_value(opened):
    tab = opened(LinePanel((line([3, 2, 1.5], "train"), line([3, 2.5, 2.25], "test")), "Loss"))
    assert sorted(texts(tab, "svg.front text.name")) == ["test2.25", "train1.50"]
    assert texts(tab, "h2") == ["Loss"]


def test_values_are_written_as_python_writes_them(opened):
    values = [0.884, 2.3304, 12.0, 1234.6, 0.00032, -7.0, 0.0, 3e9, 999.6, 1e-3, 123456.0]
    lines = tuple(line([value], f"n{k}") for k, value in enumerate(values))
    tab = opened(LinePanel(lines), height=900)
    tab.evaluate(f"{VIEW}.panels.get('0').expand()")
    tab.wait_for_timeout(100)
    found = set(texts(tab, "svg.front text.name"))
    assert found == {f"n{k}{format_value(value)}" for k, value in enumerate(values)}


def test_what_python_packed_is_what_the_browser_has(opened):
    rng = np.random.default_rng(0)
    values = rng.normal(size=1000)
    values[[3, 500]] = np.nan, np.inf
    tab = opened(LinePanel((line(values, steps=np.arange(1000) * 7 + 2**33),)), most_points=None)
    found = tab.evaluate(
        f"(() => {{ const l = {VIEW}.panels.get('0').drawn[0].line;"
        " return [[...l.y()].map(String), [...l.steps.view()]]; })()"
    )
    expected = [str(v).replace("nan", "NaN").replace("inf", "Infinity") for v in values.tolist()]
    assert [float(v) for v in found[0] if v not in {"NaN", "Infinity"}] == values[
        np.isfinite(values)
    ].tolist()
    assert found[0][3] == expected[3]
    assert found[0][500] == expected[500]
    assert found[1] == (np.arange(1000.0) * 7 + 2**33).tolist()


def test_every_extreme_of_half_a_million_points_is_drawn_at_any_zoom(opened):
    rng = np.random.default_rng(1)
    values = rng.normal(size=500_000)
    values[rng.integers(0, 500_000, 20)] *= 30
    values[200_000:200_100] = np.nan
    tab = opened(LinePanel((line(values),)), most_points=None)
    for low, high in [(0, 499_999), (123_000, 260_000), (199_990, 200_200), (499_000, 499_999)]:
        tab.evaluate(f"{VIEW}.panels.get('0').zoom([{low}, {high}])")
        tab.wait_for_timeout(80)
        x, y = drawn(tab)
        inside = (x >= low) & (x <= high)
        shown = values[low : high + 1]
        assert np.nanmin(y[inside]) == np.nanmin(shown)
        assert np.nanmax(y[inside]) == np.nanmax(shown)
        # A column of pixels at a time, too.
        edges = np.linspace(low, high, 50)
        for first, last in pairwise(edges):
            part = values[int(np.ceil(first)) : int(last) + 1]
            if np.isfinite(part).any() and last - first > 3000:
                near = (x >= first - 300) & (x <= last + 300)
                assert np.nanmax(y[near]) >= np.nanmax(part)


def test_the_cursor_is_shared_by_charts_with_the_same_x_and_tells_the_values(opened):
    steps = np.arange(100)
    tab = opened(
        LinePanel((line(steps / 10.0, "a"), line(5 - steps / 50.0, "b")), "One"),
        LinePanel((line(steps**2.0, "c"),), "Two"),
        LinePanel((line(steps**2.0, "d"),), "Alone", x_linked=""),
    )
    (x, _), place = scale(tab), box(tab)
    at = place["x"] + x["from"] + (x["to"] - x["from"]) * 40 / 99
    tab.mouse.move(at, place["y"] + 80)
    tip = tab.locator("[data-panel='0'] .tip")
    assert tip.is_visible()
    assert tip.locator(".h").text_content() == "step 40"
    assert tip.locator(".l").all_text_contents() == ["b4.20", "a4.00"]  # in the order of the lines
    assert tab.locator("[data-panel='1'] .cursor").count() == 1
    assert not tab.locator("[data-panel='1'] .tip").is_visible()
    assert tab.locator("[data-panel='2'] .cursor").count() == 0
    tab.mouse.move(5, 5)
    assert not tip.is_visible()
    assert tab.locator(".cursor").count() == 0


def test_dragging_zooms_all_charts_with_the_same_x_and_a_double_click_undoes_it(opened):
    tab = opened(
        LinePanel((line(np.arange(200.0)),), "One"), LinePanel((line(np.arange(200.0)),), "Two")
    )
    (x, _), place = scale(tab), box(tab)
    width = x["to"] - x["from"]
    tab.mouse.move(place["x"] + x["from"] + width * 0.25, place["y"] + 60)
    tab.mouse.down()
    tab.mouse.move(place["x"] + x["from"] + width * 0.5, place["y"] + 90, steps=4)
    assert tab.locator("[data-panel='0'] .select").is_visible()
    tab.mouse.up()
    tab.wait_for_timeout(80)
    for panel in (0, 1):
        zoomed = scale(tab, panel)[0]
        assert zoomed["low"] == pytest.approx(199 * 0.25, abs=1.5)
        assert zoomed["high"] == pytest.approx(199 * 0.5, abs=1.5)
    assert "zoomed" in tab.locator("[data-panel='0'] .sub").text_content()
    tab.mouse.dblclick(place["x"] + x["from"] + width * 0.5, place["y"] + 60)
    tab.wait_for_timeout(80)
    assert (scale(tab)[0]["low"], scale(tab)[0]["high"]) == (0, 199)


def test_keys_zoom_pan_switch_the_axis_and_fill_the_window(opened):
    tab = opened(LinePanel((line(np.arange(1.0, 201.0)),), "One"))
    tab.locator("[data-panel='0'] .plot").focus()
    tab.keyboard.press("+")
    tab.wait_for_timeout(60)
    zoomed = scale(tab)[0]
    assert zoomed["high"] - zoomed["low"] == pytest.approx(199 / 2)
    tab.keyboard.press("ArrowRight")
    tab.wait_for_timeout(60)
    assert scale(tab)[0]["low"] > zoomed["low"]
    tab.keyboard.press("0")
    tab.keyboard.press("l")
    tab.wait_for_timeout(60)
    assert scale(tab)[0]["low"] == 0
    assert scale(tab)[1]["log"]
    assert "log scale" in tab.locator(".sub").text_content()
    tab.keyboard.press("f")
    tab.wait_for_timeout(60)
    assert tab.locator(".panel.full").bounding_box()["height"] == 700
    tab.keyboard.press("Escape")
    tab.wait_for_timeout(60)
    assert tab.locator(".panel.full").count() == 0


def test_a_click_on_a_name_hides_its_line_and_the_title_row_brings_it_back(opened):
    tab = opened(LinePanel((line([1, 2], "a"), line([100, 200], "b")), "Two"))
    before = tab.evaluate(f"{VIEW}.panels.get('0').drawn.map((d) => [d.name, d.color])")
    tab.locator("svg.front text.name", has_text="b").click()
    tab.wait_for_timeout(60)
    assert texts(tab, "svg.front text.name") == ["a2.00"]
    assert scale(tab)[1]["high"] < 5
    after = tab.evaluate(f"{VIEW}.panels.get('0').drawn.map((d) => [d.name, d.color])")
    assert after == before[:1]  # hiding one recolours none
    tab.locator("header .name.off").click()
    tab.wait_for_timeout(60)
    assert len(texts(tab, "svg.front text.name")) == 2


def test_smoothing_is_stated_drawn_over_the_raw_line_and_equal_to_pythons(opened):
    from introspect.canvas.trend import trend

    rng = np.random.default_rng(2)
    values = 1 + rng.normal(0, 0.2, 801)
    values[300] = np.nan
    tab = opened(LinePanel((line(values),), "Loss", smooth=10.0), most_points=None)
    assert tab.locator(".sub").text_content() == "smoothed over 20 steps"
    soft = tab.evaluate(
        f"(() => {{ const d = {VIEW}.panels.get('0').drawn[0];"
        " return [d.last, d.raw !== null]; })()"
    )
    assert soft[0] == pytest.approx(trend(values, 10.0)[-1], rel=1e-9)
    assert soft[1]
    tab.locator("[data-panel='0'] summary", has_text="Smooth").click(force=True)
    tab.locator("input[type=range]").fill("0")
    tab.wait_for_timeout(60)
    assert tab.locator(".sub").text_content() == ""
    assert tab.evaluate(f"{VIEW}.panels.get('0').drawn[0].raw") is None


def test_a_thinned_page_shows_the_trend_of_all_points(opened):
    from introspect.canvas.trend import trend

    values = 1 + np.random.default_rng(3).normal(0, 0.2, 30_000)
    tab = opened(LinePanel((line(values),), smooth=200.0), most_points=1000)
    last = tab.evaluate(f"{VIEW}.panels.get('0').drawn[0].last")
    assert last == pytest.approx(trend(values, 200.0)[-1], rel=1e-5)


def test_nan_breaks_the_line_under_a_red_strip_and_a_gap_only_breaks_it(opened):
    values = np.ones(100)
    values[60:] = np.nan
    gaps = np.zeros(100, bool)
    tab = opened(
        LinePanel((line(values),), "Broken"),
        LinePanel((line(values, gaps=np.isnan(values)),), "Missing"),
    )
    assert "NaN from step 60" in texts(tab, "[data-panel='0'] svg.front text")
    (x, _) = scale(tab)
    strip = tab.locator("[data-panel='0'] rect.fault")
    expected = x["from"] + (x["to"] - x["from"]) * 60 / 99
    assert float(strip.get_attribute("x")) == pytest.approx(expected, abs=0.5)
    assert tab.locator("[data-panel='1'] rect.fault").count() == 0
    assert gaps.sum() == 0


def test_epochs_are_counted_on_the_x_axis(opened):
    steps = [(epoch, step) for epoch in range(4) for step in range(0, 100, 10)]
    tab = opened(LinePanel((line(np.arange(40.0), steps=steps),), "Loss"))
    labels = texts(tab, "svg.back text")
    assert [text for text in labels if text in {"epoch 0", "1", "2", "3"}] == [
        "epoch 0",
        "1",
        "2",
        "3",
    ]


def test_a_cut_off_beginning_is_announced_and_zero_is_the_bottom_of_a_loss(opened):
    values = np.concatenate([[50.0, 20.0], np.linspace(1.0, 0.2, 400)])
    tab = opened(LinePanel((line(values),), "Loss"))
    assert "↑ 50.0" in texts(tab, "svg.front text")
    assert scale(tab)[1]["low"] == 0
    assert scale(tab)[1]["high"] < 2


def test_baselines_bands_limits_and_log_axes_of_the_panel_are_kept(opened):
    values = 10.0 ** np.linspace(-4, 1, 50)
    band = line(values, low=values / 2, high=values * 2)
    tab = opened(
        LinePanel((band,), log="y", band="range of 3 seeds"),
        LinePanel((line([0.2, 0.8]),), ylim=(0.0, 2.0), baselines=(Baseline(0.5, "linear"),)),
    )
    assert scale(tab)[1]["log"]
    assert "range of 3 seeds" in tab.locator("[data-panel='0'] .sub").text_content()
    assert "10⁻²" in texts(tab, "[data-panel='0'] svg.back text")
    assert tab.evaluate(f"{VIEW}.panels.get('0').drawn[0].band !== null")
    assert (scale(tab, 1)[1]["low"], scale(tab, 1)[1]["high"]) == (0, 2)
    assert any("linear" in text for text in texts(tab, "[data-panel='1'] svg.back text"))


@pytest.mark.parametrize(
    "values",
    [[], [1.0], [np.nan], [np.nan] * 5, [2.0] * 60, [np.inf, 1.0, -np.inf], [1e308, -1e308], [0.0]],
    ids=str,
)
def test_odd_columns_are_drawn_without_a_complaint(opened, values):
    tab = opened(LinePanel((line(values),), "Odd"))
    assert tab.locator("h2").text_content() == "Odd"
    assert tab.evaluate("document.body.scrollWidth <= innerWidth")


# Other panels ------------------------------------------------------------------------------


def pixels(tab, index=0, panel=0):
    href = tab.locator(f"[data-panel='{panel}'] svg.tiles image").nth(index).get_attribute("href")
    with Picture.open(io.BytesIO(base64.b64decode(href.partition(",")[2]))) as picture:
        return np.asarray(picture.convert("RGBA"))


def test_a_matplotlib_map_is_applied_in_the_browser(opened):
    values = np.array([[0.0, 0.5], [1.0, 0.25]])
    tab = opened(ImagePanel("x", None, [values], cmap="inferno"))
    expected = colormaps["inferno"](values)[:, :, :3] * 255
    assert np.abs(pixels(tab)[:, :, :3] - expected).max() <= 2


def test_colour_pictures_are_shown_as_they_are(opened):
    picture = np.random.default_rng(0).integers(0, 256, (3, 5, 6)).astype(np.uint8)
    tab = opened(ImagePanel("x", None, [picture]))
    np.testing.assert_array_equal(pixels(tab)[:, :, :3], np.moveaxis(picture, 0, 2))


def test_a_slider_goes_through_all_steps_with_keys_and_follows_the_newest(opened):
    pictures = [np.full((2, 2), step, np.uint8) for step in range(0, 250, 50)]
    panel = ImagePanel("w", np.arange(0, 500, 100), pictures, limit=1)
    tab = opened(panel)
    track = tab.locator(".track")
    assert track.get_attribute("aria-valuetext") == "step 400"
    assert tab.locator(".track i").count() == 5
    assert pixels(tab)[0, 0].tolist() == [200, 200, 200, 255]
    track.focus()
    tab.keyboard.press("Home")
    tab.wait_for_timeout(60)
    assert track.get_attribute("aria-valuetext") == "step 0"
    assert pixels(tab)[0, 0, 0] == 0
    tab.keyboard.press("ArrowRight")
    tab.wait_for_timeout(60)
    assert pixels(tab)[0, 0, 0] == 50


def test_a_grid_shows_each_picture_beside_its_target_with_its_caption(opened):
    batch = np.zeros((2, 4, 4), np.uint8)
    targets = np.full((2, 4, 4), 255, np.uint8)
    panel = GridPanel("r", None, [batch], targets=[targets], captions=(("Shirt", "Coat"), "Bag"))
    tab = opened(panel)
    assert [pixels(tab, k)[0, 0, 0] for k in range(4)] == [0, 255, 0, 255]
    assert texts(tab, "svg.tiles text") == ["Shirt", "Coat", "Bag"]


def test_bars_are_as_long_as_their_values_and_stay_in_order(opened):
    counts = Stepped("correct", np.arange(2), [np.array([10.0, 40]), np.array([30.0, 50])])
    tab = opened(
        BarPanel(("cat", "dog"), (counts,), np.array([60.0, 50]), "horizontal", "By class"),
        BarPanel(("cat", "dog"), (counts,), None, "vertical", "Plain"),
    )
    wide = [
        float(bar.get_attribute("width")) for bar in tab.locator("[data-panel='0'] .bar-of").all()
    ]
    assert wide[0] / wide[1] == pytest.approx(0.5)
    assert "50.0" in texts(tab, "[data-panel='0'] text")
    tall = [
        float(bar.get_attribute("height")) for bar in tab.locator("[data-panel='1'] .bar-of").all()
    ]
    assert tall[0] / tall[1] == pytest.approx(30 / 50)


def test_a_confusion_matrix_has_names_numbers_and_a_grey_diagonal(opened):
    counts = np.array([[8.0, 2.0], [1.0, 9.0]])
    tab = opened(ConfusionPanel("c", None, [counts], ("cat", "dog"), title="Confusion"))
    found = texts(tab, ".plot text")
    assert {"80", "20", "10", "90"} <= set(found)
    assert found.count("cat") == 2
    fills = [rect.get_attribute("fill") for rect in tab.locator(".plot rect").all()]
    assert fills[0] == fills[3] != fills[1]


def test_all_kinds_draw_and_none_hides_another(opened):
    rng = np.random.default_rng(0)
    steps = np.arange(3)
    weights = Stepped("w", steps, [rng.normal(size=500) * (k + 1) for k in range(3)])
    seconds = np.sin(np.arange(4000) / 5)
    panels = (
        ProgressPanel("", 30, 100, 10, 21.0, 64.0, 10.0),
        MessagePanel("Broken", "KeyError: 'loss'"),
        HistogramPanel("w", steps, weights.data, title="hist"),
        RidgePanel("w", steps, weights.data, title="ridge"),
        RidgePanel("w", steps, weights.data, kind="heat", title="heat"),
        MagnitudesPanel(("fc", "out"), ("weights",), ((weights,), (None,)), "magnitudes"),
        PiePanel("p", None, [np.array([1.0, 3.0])], names=("a", "b"), title="pie"),
        HeatmapPanel("m", None, [rng.random((3, 4))], row_names=("x", "y", "z"), title="heatmap"),
        ScatterPanel("s", None, [rng.random((50, 2))], title="scatter"),
        ScatterPanel("s", None, [rng.random((50, 3))], dimensions=3, title="scatter 3D"),
        StemPanel("g", None, [rng.normal(size=8)], title="stem"),
        CurvePanel((Stepped("net", None, [np.array([[0.0, 1], [1, 0]])]),), "pr", title="pr"),
        TablePanel("t", None, [Table.of([["a", 1.0]], columns=["name", "value"])], title="table"),
        TextPanel("n", None, ["some *text*"], title="text"),
        AudioPanel("a", None, [Audio.of(seconds, rate_hz=8000)], title="audio"),
        BarPanel(("a",), (Stepped("b", None, [np.zeros(3)]),), title="wrong bars"),
    )
    tab = opened(*panels, height=2000)
    titles = texts(tab, "h2")
    assert titles[0] == "Broken"
    assert set(titles) >= {"hist", "ridge", "heat", "magnitudes", "pie", "scatter 3D", "audio"}
    messages = texts(tab, ".message")
    assert len(messages) == 2
    assert "3 numbers, 1 names" in messages[1]
    assert tab.evaluate("document.body.scrollWidth <= innerWidth")
    assert "epoch 4 of 10" in tab.locator(".facts").text_content()


def test_a_distribution_is_the_area_that_numpy_counts(opened):
    values = np.random.default_rng(0).normal(size=2000)
    tab = opened(HistogramPanel("w", None, [values]))
    found = tab.evaluate(
        f"(() => {{ const a = {VIEW}.store.shots.get('0')[0].arrays;"
        " return [[...a.edges], [...a.density]]; })()"
    )
    counts, _ = np.histogram(values, found[0])
    np.testing.assert_allclose(found[1], counts / (2000 * np.diff(found[0])), rtol=1e-5)


# What never happens --------------------------------------------------------------------------


def test_names_and_text_with_markup_stay_text_and_nothing_is_asked_for(opened):
    markdown = (
        f"# {EVIL}\n{EVIL} ![pic](https://example.org/x.png) [go](javascript:alert(1)) "
        "[ok](https://example.org) <b>bold</b>"
    )
    table = Table.of([[EVIL, 1.0]], columns=[EVIL, "n"])
    tab = opened(
        LinePanel((line([1, 2], EVIL), line([2, 1], "b")), EVIL, EVIL, band=EVIL),
        BarPanel((EVIL,), (Stepped(EVIL, None, [np.ones(1)]),), title=EVIL),
        ConfusionPanel("c", None, [np.eye(1)], (EVIL,), title=EVIL),
        TablePanel(EVIL, None, [table]),
        TextPanel("t", None, [markdown], title=EVIL),
        MessagePanel(EVIL, EVIL),
        title=EVIL,
    )
    assert tab.locator(".itc img, .itc script, .itc b:has-text('bold')").count() == 0
    assert texts(tab, "h2")[0] == EVIL
    assert tab.locator("td").first.text_content() == EVIL
    links = tab.locator(".markdown a")
    assert [link.get_attribute("href") for link in links.all()] == ["https://example.org"]
    assert "<b>bold</b>" in tab.locator(".markdown").text_content()


def test_tables_sort_by_a_click_on_a_head(opened):
    rows = [["b", 10.0], ["a", 9.0], ["c", 100.0]]
    tab = opened(TablePanel("t", None, [Table.of(rows, columns=["name", "value"])]))
    tab.get_by_role("button", name="value").click()
    assert texts(tab, "td:first-child") == ["a", "b", "c"]
    tab.get_by_role("button", name="value").click()
    tab.wait_for_timeout(60)
    assert texts(tab, "td:first-child") == ["c", "b", "a"]


# Saving and places ------------------------------------------------------------------------------


def saved(tab, kind, panel=0):
    tab.locator(f"[data-panel='{panel}']").hover()
    tab.locator(f"[data-panel='{panel}'] summary", has_text="Save").click()
    with tab.expect_download() as waiting:
        tab.locator(f"[data-panel='{panel}'] .list button", has_text=kind.upper()).click()
    return waiting.value.suggested_filename, waiting.value.path().read_bytes()


def test_a_panel_is_saved_as_svg_png_and_csv(opened):
    tab = opened(LinePanel((line([3.0, 2.0, 1.0], "=train"),), "Loss & more"))
    name, svg = saved(tab, "svg")
    assert name == "Loss-more.svg"
    assert b"var(--" not in svg
    assert b"Loss &amp; more" in svg
    assert svg.count(b"<path") == 1
    _, png = saved(tab, "png")
    with Picture.open(io.BytesIO(png)) as picture:
        assert len(np.unique(np.asarray(picture.convert("L")))) > 10
    _, csv = saved(tab, "csv")
    assert csv.decode() == 'name,step,value\n"\'=train",0,3\n"\'=train",1,2\n"\'=train",2,1\n'


def test_dark_readers_get_a_dark_page_and_a_theme_can_be_fixed(opened):
    def surface(tab):
        return tab.evaluate("getComputedStyle(document.body).backgroundColor")

    panel = LinePanel((line([1, 2]),), "Loss")
    assert surface(opened(panel, context={"color_scheme": "dark"})) == "rgb(19, 20, 23)"
    assert surface(opened(panel, context={"color_scheme": "light"})) == "rgb(255, 255, 255)"
    assert surface(opened(panel, theme="dark")) == "rgb(19, 20, 23)"


@pytest.mark.parametrize("width", [360, 560, 720, 1024, 1440])
def test_no_width_scrolls_sideways_and_no_words_leave_the_window(opened, width):
    panels = (
        ProgressPanel("", 30, 100, 10, 21.0, 64.0, 10.0),
        LinePanel((line(np.arange(50.0), "a rather long name of a line"),), "Loss", "unit"),
        LinePanel((line(np.arange(50.0), "b"), line(np.arange(50.0), "c")), "Accuracy"),
        ImagePanel("w", None, [np.eye(8)], title="Picture"),
    )
    tab = opened(*panels, width=width, height=900)
    assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth")
    outside = tab.evaluate(
        "[...document.querySelectorAll('.itc text')].map((t) => t.getBoundingClientRect())"
        ".filter((r) => r.width && (r.right > innerWidth + 1 || r.left < -1)).length"
    )
    assert outside == 0


def test_rows_and_columns_are_kept(opened):
    a, b, c = (LinePanel((line([1, 2]),), name) for name in "abc")
    tab = opened(Row((a, Column((b, c)))))
    places = [tab.locator(f"[data-panel='{k}']").bounding_box() for k in range(3)]
    assert places[0]["y"] == places[1]["y"]
    assert places[1]["x"] == places[2]["x"] > places[0]["x"]
    assert places[2]["y"] > places[1]["y"]


def test_reduced_motion_stops_the_pulse(opened):
    tab = opened(LinePanel((line([1, 2]),)), state="live", context={"reduced_motion": "reduce"})
    assert tab.evaluate("getComputedStyle(document.querySelector('.halo')).animationName") == "none"


def test_a_frame_in_a_notebook_is_as_high_as_what_is_in_it(show):
    panels = (
        ProgressPanel("", 30, 100, 10, 21.0, 64.0, 10.0),
        LinePanel((line(np.arange(50.0)),), "Loss"),
        LinePanel((line(np.arange(50.0)),), "Accuracy"),
        LinePanel((line(np.arange(50.0)),), "Rate"),
    )
    text = f"<!doctype html><body style='width:900px'>{fragment(panels)}"
    tab = show.plain(text.encode(), width=960)
    frame = tab.frame_locator("iframe")
    frame.locator("h2").first.wait_for()
    high = frame.locator(".itc").bounding_box()["height"]
    assert high <= needed_height_px(panels) <= high + 80


STEPS = np.arange(3)
GRIDS = {
    "a batch": GridPanel("g", None, [RNG.random((12, 1, 16, 16))]),
    "large pictures": GridPanel("g", None, [RNG.random((5, 3, 90, 160))]),
    "with targets": GridPanel(
        "g", STEPS, [RNG.random((9, 8, 8))] * 3, targets=[np.ones((9, 8, 8))] * 3
    ),
    "with captions": GridPanel(
        "g", None, [RNG.random((20, 8, 8))], captions=tuple(f"c{k}" for k in range(20))
    ),
    "pairs of captions": GridPanel("g", None, [RNG.random((6, 8, 8))], captions=(("a", "b"),) * 6),
    "columns": GridPanel("g", None, [RNG.random((40, 28, 28))], columns=10),
    "one image": ImagePanel("i", None, [RNG.random((40, 30))], limit=1),
    "a row of images": ImagePanel("i", STEPS, [RNG.random((10, 12))] * 3, limit=3),
    "filters": ImagePanel("i", STEPS, [RNG.normal(size=(8, 1, 3, 3))] * 3, limit=3),
    "horizontal bars": BarPanel(
        ("a", "b", "c"), (Stepped("", None, [np.ones(3)]),), direction="horizontal"
    ),
    "groups": BarPanel(
        ("a", "b"),
        (Stepped("x", None, [np.ones(2)]), Stepped("y", None, [np.ones(2)])),
        direction="horizontal",
    ),
    "confusion": ConfusionPanel("", None, [np.ones((10, 10))], names=tuple("abcdefghij")),
    "long names": ConfusionPanel(
        "", None, [np.ones((10, 10))], names=tuple(f"a long name {k}" for k in range(10))
    ),
    "heat map": HeatmapPanel("", None, [RNG.random((4, 30))]),
    "ridges": RidgePanel("r", STEPS, [RNG.normal(size=50)] * 3),
    "points": ScatterPanel("", None, [RNG.random((9, 2))]),
    "table": TablePanel("", None, [Table.of([[k, k * k] for k in range(7)], columns=("a", "b"))]),
    "text": TextPanel("", None, ["# Head\nsome words\n\n- one\n- two"]),
}


@pytest.mark.parametrize("name", GRIDS)
def test_the_height_of_every_kind_is_known_beforehand(show, name):
    panels = (GRIDS[name],)
    text = f"<!doctype html><body style='width:900px'>{fragment(panels)}"
    tab = show.plain(text.encode(), width=960)
    frame = tab.frame_locator("iframe")
    frame.locator(".itc h2").first.wait_for(state="attached")
    tab.wait_for_timeout(150)
    high = frame.locator(".itc").bounding_box()["height"]
    assert high <= needed_height_px(panels) <= high + 90


def test_a_page_of_three_lines_of_2000_points_stays_small():
    rng = np.random.default_rng(0)
    panels = tuple(LinePanel((line(rng.normal(size=2000)),), smooth=25.0) for _ in range(3))
    assert len(page(panels, most_points=2000)) < 150_000


@pytest.mark.parametrize("first", [0, 1, 5])
@pytest.mark.parametrize("counts_on", [False, True])
def test_limits_in_epochs_are_where_python_puts_them(opened, first, counts_on):
    pairs = [
        (first + epoch, step + (7 * epoch if counts_on else 0))
        for epoch in range(6)
        for step in range(7)
    ]
    series = line(np.arange(42.0), steps=pairs)
    panel = LinePanel((series,), "T", xlim=(first + 1.5, first + 4))
    expected = line_view(panel, common_timeline([panel])).x_limits
    tab = opened(panel)
    x, _ = scale(tab)
    assert (x["low"], x["high"]) == pytest.approx(expected)


def test_limits_in_epochs_of_int_steps_and_of_one_chart_of_many(opened):
    steps = np.arange(100)
    wide = LinePanel((line(steps, "a"),), "A")
    narrow = LinePanel((line(steps, "b"),), "B", xlim=(2, 4), epochs=10.0)
    tab = opened(wide, narrow)
    assert [scale(tab, 0)[0][end] for end in ("low", "high")] == [0, 99]
    assert [scale(tab, 1)[0][end] for end in ("low", "high")] == [20, 40]


def test_long_names_of_lines_keep_their_ends_where_runs_differ(opened):
    lines = tuple(
        line([k, k + 1.0], f"resnet18-cosine-warmup-with-a-long-name-{k}") for k in range(9)
    )
    tab = opened(LinePanel(lines, "T"), width=500)
    names = tab.locator("svg.front text.name tspan:first-child").all_text_contents()
    assert len(set(names)) == 9
    assert all("…" in name and name[-1].isdigit() for name in names)


def test_a_name_that_is_cut_below_a_bar_says_so(opened):
    names = tuple(f"a name that is long {k}" for k in range(8))
    tab = opened(BarPanel(names, (Stepped("", None, [np.ones(8)]),)), width=500)
    cut = tab.locator("svg g:has(title) > text").all_text_contents()
    assert len(cut) == 8
    assert all(text.endswith("…") for text in cut)
    assert texts(tab, "svg g > title") == list(names)


def test_a_long_title_has_two_lines(opened):
    title = "validation accuracy of the whole ensemble on the held-out split by class and by run"
    tab = opened(LinePanel((line([1, 2], "a"),), title), width=420)
    head = tab.locator("h2")
    assert head.text_content() == title
    assert 30 <= head.bounding_box()["height"] <= 40
