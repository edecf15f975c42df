"""Every kind of chart: what its view says is the data, whatever is odd about them."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from introspect.canvas import Canvas
from introspect.canvas.bars import bar_view, pie_view
from introspect.canvas.matrices import confusion_view, heatmap_view
from introspect.canvas.points import principal, scatter_view, stem_view
from introspect.canvas.ridges import magnitudes_view, ridge_view
from introspect.canvas.shots import shots_of
from introspect.canvas.sources_lines import in_epochs
from introspect.canvas.terminal import as_renderable
from introspect.canvas.value_curves import curve_view
from introspect.canvas.words import markdown_lines, table_view
from introspect.errors import IntrospectWarning
from introspect.nouns.panels import (
    ConfusionPanel,
    HeatmapPanel,
    MessagePanel,
    PiePanel,
    RidgePanel,
    ScatterPanel,
    Stepped,
    leaves,
)
from introspect.nouns.sketch import Sketch
from introspect.values import Audio, ConfusionMatrix, Histogram, Images, PRCurve, Table, Video

RNG = np.random.default_rng(0)
NUMBERS = st.floats(-1e6, 1e6)


def only(canvas):
    (panel,) = leaves(canvas.panels)
    assert not isinstance(panel, MessagePanel), panel.message
    return panel


def as_text(canvas, width=100):
    from rich.console import Console

    console = Console(width=width, color_system=None, force_terminal=False)
    with console.capture() as said:
        console.print(as_renderable(canvas.panels, width=width, height=60))
    return said.get()


EVERY = {
    "bar": lambda c: c.draw_bar({"cat": 3, "dog": 4}, title="T"),
    "bar of total": lambda c: c.draw_bar(
        {"cat": 3, "dog": 4}, totals=5, direction="horizontal", title="T"
    ),
    "groups": lambda c: c.draw_bar({"a": [1, 2], "b": [3, np.nan]}, ["x", "y"], title="T"),
    "pie": lambda c: c.draw_pie({"a": 1, "b": 2}, title="T"),
    "heatmap": lambda c: c.draw_heatmap(RNG.random((3, 4)), rows=list("abc"), title="T"),
    "heatmap over steps": lambda c: c.draw_heatmap(
        {"a": metric_of_numbers([1.0, 2.0]), "b": metric_of_numbers([2.0])}, title="T"
    ),
    "confusion": lambda c: c.draw_confusion([[8, 2], [1, 9]], ["cat", "dog"], title="T"),
    "scatter": lambda c: c.draw_scatter(RNG.random((9, 2)), list("abcabcabc"), title="T"),
    "scatter 3D": lambda c: c.draw_scatter(RNG.random((9, 3)), title="T"),
    "thumbnails": lambda c: c.draw_scatter(
        RNG.random((4, 2)), thumbnails=RNG.random((4, 1, 5, 5)), title="T"
    ),
    "embedding": lambda c: c.draw_embedding(RNG.random((20, 8)), np.arange(20) % 3, title="T"),
    "embedding 3D": lambda c: c.draw_embedding(RNG.random((5, 30)), dimensions=3, title="T"),
    "stem": lambda c: c.draw_stem([1.0, -2.0, np.nan], title="T"),
    "curve": lambda c: c.draw_curve(([1, 2, 3], [3, 1, 2]), xlabel="x", log="x", title="T"),
    "pr": lambda c: c.draw_curve(PRCurve.of([0, 1, 1], [0.1, 0.4, 0.9]), kind="pr", title="T"),
    "roc": lambda c: c.draw_curve({"a": ([0, 0, 1], [0, 1, 1])}, kind="roc", title="T"),
    "ridge": lambda c: c.draw_ridge(RNG.random((5, 50)), title="T"),
    "heat": lambda c: c.draw_ridge(RNG.random((5, 50)), kind="heat", title="T"),
    "hist of a Histogram": lambda c: c.draw_hist(Histogram.of(RNG.random(99)), title="T"),
    "images": lambda c: c.draw_images(RNG.random((7, 1, 6, 6)), cmap="inferno", title="T"),
    "images beside targets": lambda c: c.draw_images(
        RNG.random((7, 3, 6, 6)), target=RNG.random((7, 3, 6, 6)), title="T"
    ),
    "Images": lambda c: c.draw_image(Images.of(RNG.random((3, 6, 6)), captions="abc"), title="T"),
    "table": lambda c: c.draw_table(
        {"a": [1, None], "b": [0.5, 0.25]}, best={"b": "min"}, title="T"
    ),
    "text": lambda c: c.draw_text("# head\n- **item**\n\n`code`", title="T"),
    "audio": lambda c: c.draw_audio(np.sin(np.arange(999)), rate_hz=8000, title="T"),
    "video": lambda c: c.draw_video(RNG.random((4, 3, 6, 6)), title="T"),
    "magnitudes": lambda c: c.draw_magnitudes(
        {"weights/fc.weight": metric_of([RNG.random(9), RNG.random(9)])}, title="T"
    ),
}


def metric_of_numbers(values):
    from introspect.nouns.metric import Metric

    return Metric("m", np.arange(len(values)), np.array(values), np.zeros(len(values)))


def metric_of(values, name="m", steps=None):
    from introspect.nouns.metric import Metric

    data = np.empty(len(values), dtype=object)
    for row, value in enumerate(values):
        data[row] = value
    steps = np.arange(len(values)) if steps is None else np.asarray(steps)
    return Metric(name, steps, data, np.zeros(len(values)))


@pytest.mark.parametrize("theme", ["light", "dark", "print"])
@pytest.mark.parametrize("kind", EVERY)
def test_every_chart_is_painted_with_its_title_and_no_warning(kind, theme, texts):
    canvas = Canvas(backend="none", theme=theme, width_in=5)
    EVERY[kind](canvas)
    only(canvas)
    figure = canvas.figure
    figure.canvas.draw()
    assert "T" in texts(figure)


@pytest.mark.parametrize("kind", EVERY)
def test_every_chart_has_a_form_in_a_terminal(kind):
    canvas = Canvas(backend="none")
    EVERY[kind](canvas)
    lines = as_text(canvas).splitlines()
    assert lines[0].startswith("T")
    assert all(len(line) <= 100 for line in lines)


def test_bars_write_the_values_and_the_worst_in_bold(canvas, metric):
    rows = [np.array([80.0, 45.0]), np.array([90.0, 44.0])]
    canvas.draw_bar(
        metric("right", rows), ["cat", "dog"], totals=[100, 50], direction="horizontal", title="T"
    )
    view = bar_view(only(canvas))
    assert view.values.tolist() == [[0.9, 0.88]]
    assert view.before.tolist() == [0.8, 0.9]
    assert view.texts == (("90.0", "88.0"),)
    assert view.worst == 1
    bold = canvas.figure.findobj(lambda a: getattr(a, "get_fontweight", str)() == "bold")
    assert "88.0" in [text.get_text() for text in bold]


def test_a_bar_for_each_scalar_metric_shows_its_newest_value(canvas, metric):
    canvas.draw_bar([metric("cat", [1.0, 2.0, 3.0]), metric("dog", [5.0])])
    panel = only(canvas)
    assert panel.names == ("cat", "dog")
    assert panel.groups[0].data[-1].tolist() == [3.0, 5.0]
    first = panel.groups[0].data[0]
    assert first[0] == 1.0
    assert np.isnan(first[1])


def test_bars_begin_at_zero_whatever_the_limits(canvas):
    canvas.draw_bar([5.0, 6.0], ["a", "b"], limits=(4, 7))
    low, high = canvas.figure.axes[0].get_ylim()
    assert low == 0.0
    assert high > 6.0


@given(arrays(np.float64, st.integers(1, 12), elements=st.floats(0, 1e9)))
@settings(max_examples=50)
def test_shares_of_a_pie_sum_to_one_or_there_are_none(values):
    shares = pie_view(
        PiePanel("", None, [values], names=tuple("abcdefghijkl"[: len(values)]))
    ).shares
    assert not shares.size or abs(float(shares.sum()) - 1) < 1e-9
    assert len(shares) <= 8


def test_confusion_shares_are_percent_of_the_true_class(canvas):
    truth, said = [0, 0, 0, 0, 1, 1], [0, 0, 0, 1, 1, 1]
    canvas.draw_confusion(ConfusionMatrix.of(truth, said, labels=["cat", "dog"]))
    view = confusion_view(only(canvas))
    assert view.texts == (("75", "25"), ("", "100"))
    assert view.row_names == ("cat", "dog")
    assert view.grey.tolist() == [[True, False], [False, True]]


def test_a_class_without_samples_is_an_empty_row():
    view = confusion_view(ConfusionPanel("", None, [np.array([[0, 0], [1, 1]])]))
    assert view.texts == (("", ""), ("50", "50"))


@given(arrays(np.float64, st.tuples(st.integers(1, 5), st.integers(1, 5)), elements=NUMBERS))
@settings(max_examples=50)
def test_heat_map_shares_order_cells_as_their_values(matrix):
    view = heatmap_view(HeatmapPanel("", None, [matrix]))
    assert ((view.shares >= 0) & (view.shares <= 1)).all()
    order = np.argsort(matrix.ravel(), kind="stable")
    assert (np.diff(view.shares.ravel()[order]) >= -1e-12).all()


def test_a_heat_map_over_steps_has_a_column_for_each_step(canvas, metric):
    canvas.draw_heatmap({"a": metric("a", [0.0, 1.0, 2.0]), "b": metric("b", [4.0, 0.0, 1.0])})
    view = heatmap_view(only(canvas))
    assert view.shares.tolist() == [[0.0, 0.25, 0.5], [1.0, 0.0, 0.25]]
    assert view.row_names == ("a", "b")
    assert view.column_names[0] == "step 0"


@given(arrays(np.float64, (12, 4), elements=st.floats(-100, 100)))
@settings(max_examples=40)
def test_principal_components_span_what_numpys_svd_finds(data):
    basis = principal(data, 2)
    centred = data - data.mean(axis=0)
    singular = np.linalg.svd(centred, compute_uv=False)
    total = float((singular**2).sum())
    kept = float(((centred @ basis.axes) ** 2).sum())
    assert kept == pytest.approx(float((singular[:2] ** 2).sum()), rel=1e-6, abs=1e-6)
    if total > 1e-9:
        assert basis.explained == pytest.approx(kept / total, rel=1e-6, abs=1e-9)


def test_points_that_are_not_finite_are_left_out_and_counted():
    points = np.array([[0.0, 1.0], [np.nan, 1.0], [2.0, np.inf]])
    view = scatter_view(ScatterPanel("", None, [points], classes=np.array([0, 1, 2])))
    assert view.points.tolist() == [[0.0, 1.0]]
    assert view.classes.tolist() == [0]
    assert "2 not finite" in view.how


def test_words_as_classes_become_names_at_their_points(canvas, texts):
    canvas.draw_scatter(RNG.random((30, 2)), ["cat", "dog", "eel"] * 10)
    assert {"cat", "dog", "eel"} <= set(texts(canvas.figure))


def test_the_area_under_a_roc_curve_is_that_of_scikit_learn(canvas):
    metrics = pytest.importorskip("sklearn.metrics", reason="scikit-learn is not installed")
    truth = RNG.integers(0, 2, 400)
    scores = truth * 0.3 + RNG.random(400)
    false_rate, true_rate, _ = metrics.roc_curve(truth, scores)
    canvas.draw_curve({"net": (false_rate, true_rate)}, kind="roc")
    said = curve_view(only(canvas)).curves[0].last_text
    assert said == f"AUC {metrics.roc_auc_score(truth, scores):.3f}"


def test_stalks_reach_zero_and_gaps_are_none(canvas):
    canvas.draw_stem([3.0, np.nan, -1.0])
    view = stem_view(only(canvas))
    assert view.y_limits[0] < -1
    assert view.y_limits[1] > 3
    assert np.isnan(view.y[1])


def test_ridges_of_sketches_and_of_the_same_arrays_look_alike():
    data = [RNG.normal(0, 1 + step / 4, 4000) for step in range(4)]
    plain = ridge_view(RidgePanel("w", np.arange(4), data))
    sketched = ridge_view(
        RidgePanel("w", np.arange(4), [Sketch.of(row) for row in data]), still=plain
    )
    assert np.abs(plain.heights - sketched.heights).max() < 0.2


def test_magnitudes_place_each_share_at_its_power(canvas):
    history = {
        "weights/a.weight": metric_of([Sketch.of(np.full(5000, 1e-3))] * 3),
        "gradients/a.weight": metric_of([np.zeros(5000)] * 3),
        "weights/a.bias": metric_of([np.ones(3)]),
    }
    canvas.draw_magnitudes(history)
    view = magnitudes_view(only(canvas))
    assert view.rows == ("a",)
    assert view.columns == ("weights", "gradients")
    weights, gradients = view.cells[0]
    low, high = view.ranges[0]
    row = int(np.argmax(weights.heights[:, -1]))
    place = low + (row + 0.5) / len(weights.heights) * (high - low)
    assert place == pytest.approx(-3, abs=0.2)
    assert gradients.zeros == 1.0
    assert "all zero" in [t.get_text() for t in canvas.figure.axes[0].texts]


def test_the_best_of_a_column_is_bold_and_nothing_is_a_dash(canvas):
    canvas.draw_table(
        [("base", 0.5, None), ("wide", 0.25, True)], ["run", "loss", "best"], best={"loss": "min"}
    )
    view = table_view(only(canvas))
    assert view.rows == (("base", "0.500", "–"), ("wide", "0.250", "yes"))
    assert view.best == {(1, 1)}
    assert view.right == (False, True, False)


def test_a_long_table_is_cut_and_counted(canvas):
    canvas.draw_table({"i": list(range(1000))}, limit=5)
    view = table_view(only(canvas))
    assert len(view.rows) == 5
    assert view.how == "first 5 of 1\u202f000 rows"


@given(st.text(max_size=300))
@settings(max_examples=100)
def test_no_markdown_breaks_or_brings_control_characters(text):
    for line in markdown_lines(text):
        assert all(letter.isprintable() for letter in line.words)


def test_markdown_keeps_words_and_drops_html_and_addresses():
    text = "see [this](javascript:alert(1)) ![x](http://far/x.png) <script>bad()</script> a < b"
    (line,) = markdown_lines(text)
    assert "javascript" not in line.words
    assert "http" not in line.words
    assert "<script>" not in line.words
    assert line.words.endswith("a < b")


def test_values_of_every_kind_pass_as_metrics(canvas):
    films = metric_of([Video.of(RNG.random((3, 3, 6, 6)))], "film")
    sounds = metric_of([Audio.of(np.zeros(99), rate_hz=8000)], "tone")
    tables = metric_of([Table.of({"a": [1]})], "table")
    batches = metric_of([RNG.random((4, 1, 5, 5)), RNG.random((6, 1, 5, 5))], "digits")
    with canvas:
        canvas.draw_video(films)
        canvas.draw_audio(sounds)
        canvas.draw_table(tables)
        canvas.draw_images(batches, target=batches)
    assert canvas.figure.axes
    assert not any(isinstance(panel, MessagePanel) for panel in canvas.panels)


def test_a_figure_is_kept_as_it_was_at_the_call(canvas):
    from matplotlib.figure import Figure

    drawn = Figure(figsize=(2, 1))
    axes = drawn.subplots()
    canvas.draw_figure(drawn)
    before = only(canvas).data[0].png
    axes.plot([1, 2])
    assert only(canvas).data[0].png == before


def test_a_graph_is_drawn_as_a_picture(canvas):
    torch = pytest.importorskip("torch")
    import introspect

    canvas.draw_graph(introspect.trace(torch.nn.Linear(2, 3), torch.zeros(1, 2)))
    assert canvas.figure.axes[0].images


@pytest.mark.parametrize(
    ("draw", "said"),
    [
        (lambda c: c.draw_bar([1, 2], ["a"]), "2 numbers"),
        (lambda c: c.draw_bar([1], ["a"], direction="up"), "vertical or horizontal"),
        (lambda c: c.draw_scatter(np.zeros((3, 2)), [0, 1]), "3 points, 2 classes"),
        (lambda c: c.draw_curve([1, 2, 3], kind="prc"), '"pr" or "roc"'),
        (lambda c: c.draw_ridge([1.0], kind="hill"), '"ridge" or "heat"'),
        (lambda c: c.draw_magnitudes({"loss": 1}), "introspect.watch"),
        (lambda c: c.draw_graph(3), "introspect.trace"),
        (lambda c: c.draw_embedding(np.zeros((3, 3)), dimensions=4), "2 or 3 dimensions"),
        (lambda c: c.draw_table({"a": [1]}, best={"a": "low"}), "min or a max"),
        (lambda c: c.draw_heatmap("words"), "no"),
        (lambda c: c.draw_plot([1], log="z"), 'log="y"'),
        (lambda c: c.draw_plot([1], smooth="much"), "half-life"),
        (lambda c: c.draw_plot([1], ylim=3), "pair"),
        (lambda c: c.draw_plot([1], baselines={"a": "b"}), "number or a pair"),
        (lambda c: c.draw_plot([1], epochs=-1), "len(loader)"),
        (lambda c: c.draw_plot([1, 2], band=([1], [1, 2, 3])), "as long as its line"),
    ],
)
def test_what_cannot_be_drawn_says_so_in_its_panel_and_warns(canvas, draw, said):
    with pytest.warns(IntrospectWarning):
        draw(canvas)
    (panel,) = canvas.panels
    assert isinstance(panel, MessagePanel)
    assert said in panel.message


def test_a_fault_that_shows_only_when_painted_is_told_in_its_panel(canvas, metric, texts):
    with canvas:
        canvas.draw_confusion(metric("conf", [np.zeros((2, 3))]), title="Confusion")
        canvas.draw_stem([1.0], title="Fine")
    with pytest.warns(IntrospectWarning, match="Confusion"):
        figure = canvas.figure
    words = texts(figure)
    assert "Fine" in words
    assert any("square of counts" in word for word in words)


EMPTY = [
    lambda c, m: c.draw_bar(m, []),
    lambda c, m: c.draw_hist(m),
    lambda c, m: c.draw_ridge(m),
    lambda c, m: c.draw_ridge(m, kind="heat"),
    lambda c, m: c.draw_heatmap(m),
    lambda c, m: c.draw_heatmap(m, over_steps=True),
    lambda c, m: c.draw_confusion(m),
    lambda c, m: c.draw_pie(m),
    lambda c, m: c.draw_stem(m),
    lambda c, m: c.draw_scatter(m),
    lambda c, m: c.draw_embedding(m),
    lambda c, m: c.draw_curve(m, kind="pr"),
    lambda c, m: c.draw_image(m),
    lambda c, m: c.draw_images(m),
    lambda c, m: c.draw_table(m),
    lambda c, m: c.draw_text(m),
    lambda c, m: c.draw_audio(m),
    lambda c, m: c.draw_video(m),
    lambda c, m: c.draw_figure(m),
]


@pytest.mark.parametrize("draw", EMPTY)
def test_a_metric_that_has_no_value_yet_is_a_panel_that_waits(canvas, draw):
    draw(canvas, metric_of([], "late"))
    only(canvas)
    canvas.figure.canvas.draw()
    assert as_text(canvas)


def test_one_row_of_scalar_columns_reads_like_the_stacked_columns():
    from introspect.nouns.panels import Rows

    rows = Rows((np.arange(5.0), np.arange(5.0, 10.0)), 5)
    stacked = np.stack([np.arange(5.0), np.arange(5.0, 10.0)], axis=1)
    for cut in (slice(None), slice(0, 3), slice(2, 5), slice(None, None, 2), slice(-2, None)):
        assert [row.tolist() for row in rows[cut]] == stacked[cut].tolist()


def test_panels_of_all_kinds_know_an_earlier_moment():
    from introspect.nouns.panels import BarPanel, Row, columns, up_to

    group = Stepped("g", np.arange(4), [np.array([float(step)]) for step in range(4)])
    row = Row((BarPanel(("a",), (group,)), RidgePanel("w", np.arange(4), list(range(4)))))
    earlier = up_to(row, lambda steps: int(np.searchsorted(steps, 1, side="right")))
    bars, ridge = leaves([earlier])
    assert bars.groups[0].data[-1].tolist() == [1.0]
    assert list(ridge.data) == [0, 1]
    assert [steps.tolist() for steps in columns(earlier)] == [[0, 1], [0, 1]]


def test_drawing_every_chart_at_once_warns_of_nothing():
    canvas = Canvas(backend="none")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with canvas:
            for draw in EVERY.values():
                draw(canvas)
        canvas.figure.canvas.draw()


@pytest.mark.parametrize("epochs", [100, 100.0, (100, 200, 300)])
def test_bars_and_pictures_count_in_epochs_where_they_are_told_how_long_one_is(
    canvas, metric, texts, epochs
):
    steps = [99, 199, 299]
    rows = metric("right", [np.array([1.0, 2.0]) + k for k in range(3)], steps)
    pictures = metric("filters", [np.eye(3) * (k + 1) for k in range(3)], steps)
    with canvas:
        canvas.draw_bar(rows, ["a", "b"], epochs=epochs)
        canvas.draw_image(pictures, epochs=epochs)
        canvas.draw_images(metric("grid", [np.zeros((2, 3, 3))] * 3, steps), epochs=epochs)
    said = " ".join(texts(canvas.figure))
    assert said.count("epoch 2") >= 2
    assert "tick: epoch 1" in said
    assert "299" not in said
    # In a browser the slider says the same.
    assert [shots_of(panel).step(2) for panel in leaves(canvas.panels)] == [[2, 99]] * 3


@given(
    st.lists(st.integers(-500, 5000), min_size=1, max_size=30).map(sorted),
    st.one_of(st.integers(1, 400), st.lists(st.integers(1, 4000), min_size=1, max_size=8)),
)
def test_an_epoch_and_the_step_in_it_are_the_step(steps, epochs):
    panel = PiePanel("", np.array(steps, dtype=np.int64), [None] * len(steps))
    pairs = in_epochs(panel, epochs).steps
    begins = [0, *sorted(set(epochs))] if isinstance(epochs, list) else None
    for step, (epoch, within) in zip(steps, pairs.tolist(), strict=True):
        if begins is None:
            assert (epoch, within) == divmod(step, epochs)
        elif step >= 0:
            assert epoch == max(k for k, begin in enumerate(begins) if begin <= step)
            assert begins[epoch] + within == step


def test_epochs_that_are_none_are_a_warning(canvas, metric):
    with pytest.warns(IntrospectWarning, match=r"epochs=len\(loader\)"):
        canvas.draw_bar(metric("x", [np.ones(2)]), ["a", "b"], epochs=-1)
