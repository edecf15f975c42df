"""Every form of a comparison: what it draws, over which times, layers, kinds and runs."""

import time
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from introspect import theme
from introspect.errors import FormatError, HistoryError, MetricNotFoundError, SaveError
from introspect.history import History
from introspect.nouns.sketch import Sketch
from introspect.tensors import compare_histograms
from introspect.tensors.magnitudes import octave_shares

FORMS = ("overlay", "magnitude", "difference", "bands", "ridge")


def values(epoch, scale=1.0, size=4000):
    rng = np.random.default_rng(0)
    return rng.standard_normal(size) * scale * (1 + epoch) + 0.1 * epoch


def run(epochs=5, *, layers=("fc1", "fc2"), kinds=("weights",), scale=1.0):
    history = History()
    for epoch in range(epochs):
        for step in range(2):
            found = {
                f"{kind}/{layer}" + ("" if kind == "activations" else ".weight"): Sketch.of(
                    values(epoch, scale * 10.0 ** -(place + rank))
                )
                for place, kind in enumerate(kinds)
                for rank, layer in enumerate(layers)
            }
            history.log((epoch, step), **found)
    return history


def texts(figure):
    every = [text.get_text() for ax in figure.axes for text in ax.texts]
    return every + [text.get_text() for text in figure.texts]


@pytest.mark.parametrize("mode", ["light", "dark", "print"])
@pytest.mark.parametrize("form", FORMS)
def test_every_form_is_drawn_in_every_theme_and_written_in_every_format(form, mode, tmp_path):
    comparison = compare_histograms(run(), "weights/*", form=form, theme=mode)
    assert to_hex(comparison.figure.get_facecolor()) == theme.color("surface", mode)
    for suffix in (".png", ".pdf", ".svg", ".html"):
        path = comparison.save(tmp_path / f"x{suffix}")
        assert path.stat().st_size > 2000
    ET.fromstring((tmp_path / "x.svg").read_bytes())
    assert "<table" in (tmp_path / "x.html").read_text()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["x.html", "x.pdf", "x.png", "x.svg"]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    "kind", [np.zeros(40), np.ones(40), [np.nan], [np.inf, 1.0], [1e300, -1e300], [1e-40], [5.0]]
)
def test_odd_tensors_are_drawn_in_every_form(form, kind):
    history = History()
    history.log(0, w=np.asarray(kind))
    history.log(1, w=np.asarray(kind))
    assert len(compare_histograms(history, "w", form=form)._repr_png_()) > 1000


@pytest.mark.parametrize("form", FORMS)
def test_a_single_record_is_drawn_in_every_form(form):
    history = History()
    history.log(0, w=values(0))
    assert len(compare_histograms(history, "w", form=form)._repr_png_()) > 1000


def test_many_tensors_and_several_kinds_are_magnitudes_by_default():
    assert compare_histograms(run(), "weights/*").form == "overlay"
    both = run(kinds=("weights", "gradients"))
    assert compare_histograms(both, "*").form == "magnitude"
    many = run(2, layers=[f"fc{index}" for index in range(13)])
    assert compare_histograms(many, "weights/*").form == "magnitude"


def test_magnitudes_have_rows_of_layers_and_columns_of_kinds():
    history = run(kinds=("weights", "gradients", "activations"))
    figure = compare_histograms(history, "*").figure
    assert len(figure.axes) == 6
    found = [text.get_text() for text in figure.texts]
    assert [word for word in found if word in {"weights", "gradients", "activations"}] == [
        "weights",
        "gradients",
        "activations",
    ]
    assert found.count("fc1") == 1, "a weight, its gradient and its output share a row"
    limits = [ax.get_ylim() for ax in figure.axes]
    assert limits[0] == limits[1], "one axis a column"
    assert limits[0] != limits[2]


def test_runs_share_the_axis_of_a_kind():
    two = {"good": run(), "hot": run(scale=100.0)}
    figure = compare_histograms(two, "weights/*", form="magnitude").figure
    assert len({ax.get_ylim() for ax in figure.axes}) == 1
    said = texts(figure)
    assert [word for word in said if word in {"good", "hot"}] == ["good", "hot"]
    assert said.count("weights") == 2, "under each run, its kinds"


def test_a_half_octave_holds_the_share_that_numpy_counts():
    data = np.abs(values(0, size=100_000)).astype(np.float32)
    data[:20_000] = 0.0
    found = octave_shares(Sketch.of(data, bits=7), -20, 6)
    exact, _ = np.histogram(data, 2.0 ** (np.arange(-20, 7) / 2))
    assert np.allclose(found, exact / len(data), atol=0.002)
    signed = octave_shares(Sketch.of(-data, bits=7), -20, 6)
    assert np.allclose(signed, found)


def test_few_values_get_whole_octaves():
    found = octave_shares(Sketch.of(values(0, size=500)), -9, 4)
    assert np.allclose(found[1:-1:2], found[2::2]), "pairs from -8 on are alike"


def test_zeros_and_lost_values_are_words_in_magnitudes():
    history = History()
    history.log(0, a=np.ones(9), b=np.ones(9), c=np.ones(9))
    history.log(1, a=np.zeros(9), b=np.full(9, np.nan), c=np.array([0.0, 1.0, 1.0]))
    comparison = compare_histograms(history, ["a", "b", "c"], form="magnitude")
    assert {"all zero", "all NaN", "zero 33%"} <= set(texts(comparison.figure))
    bad = theme.color("bad", "light")
    strips = [p for ax in comparison.figure.axes for p in ax.patches]
    assert [to_hex(strip.get_facecolor()) for strip in strips] == [bad]


def test_a_difference_gains_what_it_loses():
    comparison = compare_histograms(run(), "weights/fc1.weight", form="difference")
    gained, lost = comparison.figure.axes[0].patches
    up, edges, _ = gained.get_data()
    down, _, _ = lost.get_data()
    width = np.diff(edges)
    assert (up * width).sum() == pytest.approx(-(down * width).sum(), abs=0.02)
    first, last = np.histogram(values(0), edges)[0], np.histogram(values(4), edges)[0]
    exact = (last - first) / 4000 / width
    assert np.corrcoef(exact, up + down)[0, 1] > 0.99
    assert {"gained", "lost"} <= set(texts(comparison.figure))


def test_bands_are_the_quantiles_over_all_records():
    comparison = compare_histograms(run(7), "weights/fc1.weight", form="bands")
    ax = comparison.figure.axes[0]
    median = max(ax.lines, key=lambda line: line.get_linewidth())
    exact = [np.median(values(epoch)) for epoch in range(7)]
    # The start, then the last record of each epoch.
    assert np.allclose(median.get_ydata()[1:], exact, atol=0.1)
    assert median.get_xdata().tolist() == [-0.5, 0, 1, 2, 3, 4, 5, 6]


def test_bands_of_uneven_width_are_logarithmic_on_both_sides():
    history = History()
    for step in range(6):
        history.log(step, w=values(0, 10.0**-step))
    figure = compare_histograms(history, "w", form="bands").figure
    assert figure.axes[0].get_yscale() == "symlog"
    words = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert any(word.startswith("−") for word in words)
    assert "0" in words


def test_bands_carry_a_red_strip_where_values_are_lost():
    history = History()
    for step in range(4):
        history.log(step, w=np.array([1.0, 2.0, np.nan if step == 2 else 3.0]))
    ax = compare_histograms(history, "w", form="bands").figure.axes[0]
    (strip,) = ax.patches
    assert (strip.get_x(), strip.get_width()) == (1.5, 1.0)
    assert to_hex(strip.get_facecolor()) == theme.color("bad", "light")


def test_a_time_alone_among_lost_ones_is_drawn_as_a_mark():
    history = History()
    for step in range(4):
        history.log(step, w=np.array([1.0, 2.0, 3.0]) if step == 1 else np.full(3, np.nan))
    ax = compare_histograms(history, "w", form="bands").figure.axes[0]
    (mark,) = [line for line in ax.lines if line.get_marker() == "o"]
    assert (mark.get_xdata()[0], mark.get_ydata()[0]) == (1, pytest.approx(2.0, rel=0.06))


def test_ridges_are_one_outline_a_time_and_say_when_one_is_cut():
    history = History()
    for step in range(5):
        history.log(step, w=values(0, 0.01 if step == 0 else 1.0))
    ax = compare_histograms(history, "w", form="ridge").figure.axes[0]
    assert len(ax.patches) == 2 * 5
    labels = [text.get_text() for text in ax.texts]
    assert "0 ↑" in labels
    assert "step 4" in labels


def test_runs_are_overlaid_on_the_first_in_colours_of_their_own():
    three = {"a": run(), "b": run(scale=2.0), "c": run(scale=3.0)}
    comparison = compare_histograms(three, "weights/fc1.weight")
    assert comparison.table.column("run") == ["a", "b", "c"]
    area, *lines = comparison.figure.axes[0].patches
    assert to_hex(area.get_facecolor()) == theme.color("reference", "light")
    colors = [to_hex(line.get_edgecolor()) for line in lines]
    assert colors == [theme.series(0), theme.series(1)]
    again = compare_histograms(three, "weights/fc1.weight", runs=["c", "a"], to="a")
    assert again.table.column("run") == ["a", "c"]
    assert again.table.column("w1")[1] == comparison.table.column("w1")[2]


def test_runs_at_several_epochs_have_a_panel_for_each():
    two = {"a": run(), "b": run(scale=2.0)}
    comparison = compare_histograms(two, "weights/*", epochs=[0, 4], form="difference")
    titles = [ax.get_title(loc="left") for ax in comparison.figure.axes]
    assert titles == [f"{n}.weight  epoch {e}" for n in ("fc1", "fc2") for e in (0, 4)]


def test_a_folder_of_runs_is_compared(tmp_path):
    from introspect.history.many import runs

    for name in ("good", "hot"):
        with History(tmp_path / name) as history:
            history.log(0, w=values(0))
    assert compare_histograms(runs(tmp_path), "w").table.column("run") == ["good", "hot"]


def test_exact_steps_are_chosen_and_compared_to_any_time():
    history = run()
    at = compare_histograms(history, "weights/fc1.weight", steps=[(1, 0), (3, 1)])
    assert at.table.column("step") == ["1:0", "3:1"]
    assert at.courses[0].moments[0].label == "step 1:0"
    to = compare_histograms(history, "weights/fc1.weight", epochs=[0, 2, 4], to=2)
    assert to.table.column("w1")[1] == 0
    assert to.table.column("w1")[0] > 0
    before = compare_histograms(history, "weights/fc1.weight", epochs=[0, 2, 4], to="previous")
    exact = values(4).std()
    assert before.table.column("w1")[2] < exact


def test_the_badge_is_the_distance_that_was_asked_for():
    for metric, word in (("w1", "W₁"), ("ks", "KS"), ("js", "JS")):
        found = texts(compare_histograms(run(), "weights/fc1.weight", metric=metric).figure)
        assert any(text.startswith(word) for text in found)


@pytest.mark.parametrize("form", FORMS)
def test_a_panel_is_drawn_on_axes_of_the_callers(form):
    figure = Figure()
    ax = figure.add_subplot()
    comparison = compare_histograms(run(), "weights/fc1.weight", form=form, ax=ax)
    assert comparison.figure is figure
    assert ax.has_data()
    with pytest.raises(HistoryError, match="room for one panel"):
        compare_histograms(run(), "weights/*", form=form, ax=ax)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"form": "violin"}, FormatError, '"ridge"'),
        ({"metric": "kl"}, FormatError, '"js"'),
        ({"steps": [(9, 9)]}, HistoryError, r"step \(9, 9\) was never logged"),
        ({"steps": [(1, 0)], "epochs": [1]}, HistoryError, "either steps or epochs"),
        ({"to": 77}, HistoryError, "never logged"),
        ({"to": "start"}, HistoryError, "first, previous"),
        ({"runs": ["a"]}, HistoryError, "one history has no runs"),
    ],
)
def test_options_that_cannot_be_say_what_can(options, error, message):
    with pytest.raises(error, match=message):
        compare_histograms(run(), "weights/fc1.weight", **options)


def test_sources_that_cannot_be_say_what_can(tmp_path):
    with pytest.raises(HistoryError, match=r"introspect\.runs"):
        compare_histograms(3, "w")
    with pytest.raises(HistoryError, match="no such run"):
        compare_histograms({"a": run()}, "weights/*", runs=["b"])
    with pytest.raises(HistoryError, match="no runs"):
        compare_histograms({}, "weights/*")
    with pytest.raises(MetricNotFoundError):
        compare_histograms({"a": run()}, "nothing/*")
    (tmp_path / "file").write_text("")
    with pytest.raises(SaveError):
        compare_histograms(run(), "weights/*").save(tmp_path / "file" / "x.png")


def test_w1_of_two_sketches_takes_a_tenth_of_a_millisecond():
    first, second = Sketch.of(values(0, size=200_000)), Sketch.of(values(1, size=200_000))
    least = float("inf")
    for _ in range(200):
        start = time.process_time()
        first.w1(second)
        least = min(least, time.process_time() - start)
    assert least < 300e-6, "100 us, and three times that on a machine that is busy"
