"""The table against NumPy, the picture through its artists, the files through their readers."""

import base64
import io
import subprocess
import sys
import xml.etree.ElementTree as ET
from typing import Any, cast

import numpy as np
import pytest
from PIL import Image
from scipy import stats

from introspect import theme
from introspect.errors import FormatError, HistoryError, MetricNotFoundError
from introspect.history import History
from introspect.nouns.sketch import Sketch
from introspect.tensors import Comparison, compare_histograms
from introspect.tensors.forms import MOST_PANELS

KEY = "weights/fc.weight"


def values(epoch, size=5000, seed=0):
    return np.random.default_rng(seed).standard_normal(size) * (1 + epoch / 10) + epoch / 20


def run(epochs=6, *, keys=(KEY,), steps=3):
    """Epochs with several records each; the last one of an epoch is `values(epoch)`."""
    history = History()
    for epoch in range(epochs):
        for step in range(steps):
            drift = 0 if step == steps - 1 else -0.5
            history.log(
                (epoch, step), **{key: Sketch.of(values(epoch) + drift) for key in keys}, loss=1.0
            )
    return history


def panels(comparison):
    return comparison.figure.axes


def texts(comparison):
    figure = comparison.figure
    return [text.get_text() for ax in figure.axes for text in ax.texts] + [
        text.get_text() for text in figure.texts
    ]


def test_the_table_holds_the_last_record_of_each_epoch():
    table = compare_histograms(run(), KEY, epochs=[0, 2, 5]).table
    assert table.column("epoch") == [0, 2, 5]
    assert table.column("step") == ["0:2", "2:2", "5:2"]
    for row, epoch in zip(table, (0, 2, 5), strict=True):
        exact = values(epoch)
        assert row["key"] == KEY
        assert row["n"] == 5000
        assert [row["mean"], row["std"]] == pytest.approx([exact.mean(), exact.std()])
        assert [row["min"], row["max"]] == pytest.approx([exact.min(), exact.max()])
        assert [row["q01"], row["q99"]] == pytest.approx(np.quantile(exact, [0.01, 0.99]), rel=0.06)
        assert row["median"] == pytest.approx(np.median(exact), abs=0.02)
        w1 = stats.wasserstein_distance(values(0), exact) / values(0).std()
        assert row["w1"] == pytest.approx(w1, rel=0.01, abs=1e-12)
        assert row["zero"] == 0


def test_without_epochs_the_start_and_three_up_to_the_end_are_shown():
    comparison = compare_histograms(run(10), KEY)
    assert [moment.label for moment in comparison.courses[0].moments] == [
        "start",
        "epoch 2",
        "epoch 6",
        "epoch 9",
    ]
    few = compare_histograms(run(2, steps=1), KEY)
    assert [moment.label for moment in few.courses[0].moments] == ["epoch 0", "epoch 1"]


def test_int_steps_are_their_own_epochs():
    history = History()
    for step in (0, 100, 200):
        history.log(step, w=Sketch.of(values(step / 100)))
    comparison = compare_histograms(history, "w", epochs=[0, 200])
    assert [moment.label for moment in comparison.courses[0].moments] == ["step 0", "step 200"]


def test_arrays_are_sketched_on_the_way():
    history = History()
    history.log(0, w=np.array([[0.0, 1.0], [2.0, 3.0]]))
    history.log(1, w=np.array([[0.0, 1.0], [2.0, 5.0]], np.float32))
    table = compare_histograms(history, "w").table
    assert table.column("max") == [3.0, 5.0]
    assert table.column("zero") == [0.25, 0.25]


def test_lists_and_patterns_choose_keys():
    keys = [f"weights/{name}" for name in ("a", "b", "c")]
    history = run(2, keys=[*keys, "gradients/a"])
    assert [c.key for c in compare_histograms(history, "weights/*").courses] == keys
    assert [c.key for c in compare_histograms(history, ["weights/c", "*/a"]).courses] == [
        "weights/c",
        "weights/a",
        "gradients/a",
    ]
    everything = compare_histograms(history, "*")
    assert len(everything.courses) == 4, "the loss is no tensor and is passed over"


def test_a_key_with_signs_of_a_pattern_is_itself():
    history = run(2, keys=["weights/[0]", "weights/0"])
    assert [c.key for c in compare_histograms(history, "weights/[0]").courses] == ["weights/[0]"]


def test_a_key_that_lacks_an_epoch_shows_those_it_has():
    history = run(3, keys=["weights/a"])
    history.log((1, 0), **{"weights/late": Sketch.of([1.0, 2.0])})
    courses = compare_histograms(history, "weights/*", epochs=[0, 1]).courses
    assert [len(course.moments) for course in courses] == [2, 1]


@pytest.mark.parametrize(
    ("key", "epochs", "error", "message"),
    [
        (KEY, [0, 77], HistoryError, r"epoch 77 was never logged"),
        (KEY, [77], HistoryError, r"those there are: 0, 1, 2, 3, 4, 5"),
        (KEY, [], HistoryError, "no epochs were given"),
        ("weights/none", None, MetricNotFoundError, "weights/none"),
        ("bias*", None, MetricNotFoundError, "no key matches this pattern"),
        ([], None, MetricNotFoundError, "empty list"),
        ("loss", None, HistoryError, r"(?s)only sketches and tensors.*given  numbers"),
        ("lo*", None, HistoryError, "only sketches and tensors"),
    ],
)
def test_what_is_not_there_says_what_is(key, epochs, error, message):
    with pytest.raises(error, match=message):
        compare_histograms(run(), key, epochs=epochs)


def test_a_theme_or_suffix_that_is_unknown_names_the_known(tmp_path):
    with pytest.raises(FormatError, match="light"):
        compare_histograms(run(2), KEY, theme=cast("Any", "blue"))
    comparison = compare_histograms(run(2), KEY)
    with pytest.raises(FormatError, match=r"\.png, \.pdf, \.svg"):
        comparison.save(tmp_path / "new" / "x.bmp")
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("mode", ["light", "dark", "print"])
def test_the_first_is_a_grey_area_and_the_last_the_thickest_line(mode):
    comparison = compare_histograms(run(), KEY, epochs=[0, 1, 3, 5], theme=mode)
    from matplotlib.colors import to_hex

    area, *lines = panels(comparison)[0].patches
    assert area.get_fill()
    assert to_hex(area.get_facecolor()) == theme.color("reference", mode)
    assert not any(line.get_fill() for line in lines)
    widths = [line.get_linewidth() for line in lines]
    assert len(lines) == 3
    assert widths[-1] > max(widths[:-1])
    assert to_hex(lines[-1].get_edgecolor()) == theme.ramp("epoch", mode)[255]
    assert to_hex(comparison.figure.get_facecolor()) == theme.color("surface", mode)


def test_at_most_three_lines_are_drawn_but_the_table_has_all():
    comparison = compare_histograms(run(), KEY, epochs=range(6))
    assert len(panels(comparison)[0].patches) == 4
    assert len(comparison.table) == 6


def test_heights_are_square_roots_of_the_density_of_equal_bins():
    comparison = compare_histograms(run(), KEY, epochs=[0, 5])
    area = panels(comparison)[0].patches[0]
    heights, edges, _ = area.get_data()
    assert np.allclose(np.diff(edges), edges[1] - edges[0])
    assert 30 <= len(heights) <= 60
    exact, _ = np.histogram(values(0), edges)
    exact = np.sqrt(exact / 5000 / np.diff(edges))
    middle = exact > 0.3
    assert np.allclose(heights[middle], exact[middle], rtol=0.25)


def test_small_tensors_get_few_bins_and_closed_outlines():
    history = History()
    history.log(0, b=np.linspace(-1, 1, 10))
    history.log(1, b=np.linspace(-2, 1, 10))
    heights, _, _ = panels(compare_histograms(history, "b"))[0].patches[1].get_data()
    assert len(heights) <= 10
    assert heights[0] == heights[-1] == 0


def test_there_is_no_y_axis_and_the_title_says_how_to_read():
    comparison = compare_histograms(run(), KEY, epochs=[0, 5])
    ax = panels(comparison)[0]
    assert ax.get_title(loc="left") == "fc.weight"
    assert not ax.get_yticks().size
    assert any("epoch 0 in grey" in text and "√ height" in text for text in texts(comparison))


def test_names_stand_beside_the_plot_with_their_distance():
    found = texts(compare_histograms(run(), KEY, epochs=[0, 3, 5]))
    assert "epoch 3" in found
    assert "epoch 5" in found
    w1 = stats.wasserstein_distance(values(0), values(5)) / values(0).std()
    assert f"W₁ {w1:.2f} σ" in found


def test_zeros_are_words_and_no_spike():
    history = History()
    for epoch in range(2):
        relu = np.maximum(values(0, seed=epoch) - epoch, 0)
        history.log((epoch, 0), relu=relu)
    comparison = compare_histograms(history, "relu")
    share = round(100 * np.mean(np.maximum(values(0, seed=1) - 1, 0) == 0))
    assert f"zero {share}%" in texts(comparison)
    heights, edges, _ = panels(comparison)[0].patches[1].get_data()
    assert (heights**2 * np.diff(edges)).sum() == pytest.approx(1 - share / 100, abs=0.01)


def test_values_that_are_not_finite_are_said_in_red():
    history = History()
    history.log(0, w=values(0))
    bad = values(1)
    bad[:500] = np.nan
    history.log(1, w=bad)
    comparison = compare_histograms(history, "w")
    (note,) = [t for t in panels(comparison)[0].texts if "NaN" in t.get_text()]
    assert note.get_text() == "NaN 10.0%"
    assert note.get_color() == theme.color("bad", "light")


def test_a_constant_start_has_a_distance_without_sigma():
    history = History()
    history.log(0, w=np.ones(50))
    history.log(1, w=np.linspace(1, 1.2, 50))
    comparison = compare_histograms(history, "w")
    assert np.isnan(comparison.table.column("w1")[1])
    assert "W₁ 0.1" in " ".join(texts(comparison))


@pytest.mark.parametrize(
    "kind", [np.zeros(40), np.ones(40), [], [np.nan], [np.inf], [1e300, -1e300], [1e-40], [5.0]]
)
def test_odd_tensors_are_drawn(kind):
    history = History()
    history.log(0, w=np.asarray(kind))
    history.log(1, w=np.asarray(kind))
    comparison = compare_histograms(history, "w")
    assert len(comparison._repr_png_()) > 1000
    assert repr(comparison.table)


def boxes(comparison):
    """Where each text, and the plot of each panel, lies on the page."""
    figure = comparison.figure
    figure.canvas.draw()
    words = [text for ax in figure.axes for text in ax.texts if text.get_text()]
    words += [ax.title for ax in figure.axes] + [ax._left_title for ax in figure.axes]
    words += [label for ax in figure.axes for label in ax.get_xticklabels()]
    words += figure.texts
    shown = [(word.get_text(), word.get_window_extent()) for word in words if word.get_text()]
    return shown, [ax.get_window_extent() for ax in figure.axes], figure.bbox


@pytest.mark.parametrize("count", [1, 2, 3, 7])
def test_no_words_lie_over_lines_or_each_other_or_off_the_page(count):
    history = History()
    rng = np.random.default_rng(0)
    names = ["encoder.layers.11.self_attention.output_projection.weight", "b", "relu", "tiny"]
    for epoch in range(4):
        for index in range(count):
            data = rng.standard_normal(3000) * (1 + epoch) * 10.0 ** (-3 * index)
            data = np.maximum(data, 0) if index == 2 else data
            data[:100] = np.nan if index == 2 else data[:100]
            history.log((epoch, 0), **{f"weights/{(names * 2)[index]}{index}": data})
    words, plots, page = boxes(compare_histograms(history, "weights/*"))
    for index, (text, box) in enumerate(words):
        assert page.x0 <= box.x0, text
        assert box.x1 <= page.x1, text
        assert page.y0 <= box.y0, text
        assert box.y1 <= page.y1, text
        for other, second in words[index + 1 :]:
            lap = min(box.x1, second.x1) - max(box.x0, second.x0)
            rise = min(box.y1, second.y1) - max(box.y0, second.y0)
            assert lap <= 0.5 or rise <= 1.5, (text, other)
        for plot in plots:
            lap = min(box.x1, plot.x1) - max(box.x0, plot.x0)
            rise = min(box.y1, plot.y1) - max(box.y0, plot.y0)
            assert lap <= 0.5 or rise <= 1.5, text


def test_a_grid_is_ten_inches_wide_with_a_panel_for_each_key():
    history = run(2, keys=[f"weights/{index}" for index in range(10)])
    comparison = compare_histograms(history, "weights/*")
    assert comparison.figure.get_figwidth() == pytest.approx(10, abs=0.1)
    assert [ax.get_title(loc="left") for ax in panels(comparison)] == [str(i) for i in range(10)]
    assert "weights/*" in texts(comparison)


def test_what_does_not_fit_is_announced():
    history = History()
    names = [f"weights/{index:03}" for index in range(MOST_PANELS + 3)]
    for epoch in range(2):
        history.log((epoch, 0), **{name: Sketch.of([1.0, 2.0 + epoch]) for name in names})
    comparison = compare_histograms(history, "weights/*", form="overlay")
    assert len(panels(comparison)) == MOST_PANELS
    notes = [artist.get_text() for artist in comparison.figure.artists]
    assert any(f"{MOST_PANELS} of {MOST_PANELS + 3} tensors shown" in note for note in notes)
    assert len(comparison.table) == 2 * len(names)


@pytest.mark.parametrize("suffix", [".png", ".pdf", ".svg", ".PNG"])
def test_saved_files_are_what_their_suffix_says(suffix, tmp_path):
    comparison = compare_histograms(run(3), KEY)
    path = comparison.save(tmp_path / "deep" / "er" / f"x{suffix}")
    data = path.read_bytes()
    if suffix.lower() == ".png":
        assert Image.open(io.BytesIO(data)).size[0] > 800
    elif suffix == ".pdf":
        assert data.startswith(b"%PDF")
        assert b"CreationDate" not in data
    else:
        words = " ".join(ET.fromstring(data).itertext())
        assert "epoch 2" in words
    again = compare_histograms(run(3), KEY).save(tmp_path / f"again{suffix}")
    assert again.read_bytes() == data


def test_a_notebook_shows_the_picture_at_two_thirds_of_its_pixels_in_few_colours():
    comparison = compare_histograms(run(2), KEY)
    bundle, sizes = comparison._repr_mimebundle_(include=None, exclude=None)
    picture = Image.open(io.BytesIO(base64.b64decode(bundle["image/png"])))
    assert sizes["image/png"]["width"] == pytest.approx(picture.size[0] / 1.5, abs=1)
    assert picture.mode == "P"
    assert len(bundle["image/png"]) < len(comparison._repr_png_())
    assert bundle["text/plain"].startswith(f"<Comparison of {KEY}>")
    assert isinstance(comparison, Comparison)


def test_the_figure_is_made_once_and_without_pyplot():
    comparison = compare_histograms(run(2), KEY)
    assert comparison.figure is comparison.figure
    code = """
import sys
import numpy as np
from introspect.history import History
from introspect.tensors import compare_histograms
history = History()
history.log(0, w=np.arange(10.0)); history.log(1, w=np.arange(10.0) * 2)
comparison = compare_histograms(history, "w")
repr(comparison.table)
assert not {"torch", "matplotlib"} & set(sys.modules), "a table needs neither"
comparison.figure
assert not {"torch", "matplotlib.pyplot"} & set(sys.modules), "a picture needs no pyplot"
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-1500:]


def test_the_style_of_the_user_comes_back():
    from matplotlib import rcParams

    before = dict(rcParams)
    assert compare_histograms(run(2), KEY).figure.axes
    assert dict(rcParams) == before


def test_the_table_prints_aligned_and_as_html():
    history = run(2, keys=["weights/<b>&.weight"])
    table = compare_histograms(history, "weights/*").table
    lines = repr(table).splitlines()
    assert lines[0].split()[:3] == ["key", "epoch", "at"]
    assert len({line.index(":2") for line in lines[2:]}) == 1
    html = table._repr_html_()
    ET.fromstring(html)
    assert "&lt;b&gt;&amp;" in html
    assert "<b>" not in html
    with pytest.raises(KeyError):
        table.column("nope")
    assert table[0]["epoch"] == 0
    assert len(list(table)) == len(table)


def test_hostile_keys_are_drawn_as_they_are(tmp_path):
    history = run(2, keys=["weights/$a_b$\x00\n<x>", "weights/" + "long" * 60])
    comparison = compare_histograms(history, "weights/*")
    for suffix in ("png", "svg", "pdf"):
        comparison.save(tmp_path / f"x.{suffix}")
    ET.fromstring((tmp_path / "x.svg").read_bytes())
