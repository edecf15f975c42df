import datetime as dt
import subprocess
import sys
import time
import warnings

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image as Picture

from introspect.canvas import Canvas
from introspect.errors import CanvasError, FormatError, IntrospectWarning
from introspect.nouns.metric import Metric
from introspect.nouns.panels import MessagePanel, ProgressPanel, SummaryPanel
from introspect.nouns.values import Image

rng = np.random.default_rng(0)
HOSTILE = ["$x_{", "<script>alert(1)</script>", "a\nb\tc", "\x1b[31m\x00", "x" * 500, "", "日本語"]


class FakeHistory:
    step = (3, 120)

    def get_total_time(self):
        return dt.timedelta(seconds=250)


def epochs_of(metric, name="loss", *, count=3, each=50):
    steps = [(e, s) for e in range(count) for s in range(0, each * 10, 10)]
    return metric(name, np.linspace(2.3, 0.2, len(steps)).tolist(), steps)


def test_inside_with_all_calls_make_one_picture(canvas, metric):
    with canvas:
        canvas.draw_plot(metric(data=[3.0, 2.0]))
        canvas.draw_image(metric("w", [np.eye(3)]))
        canvas.draw_hist(metric("w", [np.arange(9.0)]))
        canvas.draw_summary(FakeHistory())
        canvas.draw_progress(1, 10, epochs=2)
        assert canvas.panels == ()
    assert len(canvas.panels) == 5


def test_outside_each_call_is_a_picture_at_once(canvas):
    canvas.draw_plot([1, 2])
    assert len(canvas.panels) == 1
    canvas.draw_plot([3, 4])
    assert canvas.panels[0].series[0].values.tolist() == [3.0, 4.0]


def test_an_exception_in_the_block_draws_nothing_passes_and_leaves_the_canvas_usable(canvas):
    canvas.draw_plot([1, 2], title="before")

    def failing():
        with canvas:
            canvas.draw_plot([3], title="lost")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        failing()
    assert canvas.panels[0].title == "before"
    with canvas:
        canvas.draw_plot([4], title="after")
    assert canvas.panels[0].title == "after"


def test_the_figure_shows_names_values_epochs_and_no_legend(canvas, metric, texts):
    with canvas:
        canvas.draw_plot(
            [epochs_of(metric, "train"), epochs_of(metric, "test")], title="Loss", ylabel="nats"
        )
    figure = canvas.figure
    assert isinstance(figure, Figure)
    said = texts(figure)
    assert {"Loss", "nats", "train", "test", "0.200", "epoch 0", "1", "2"} <= set(said)
    assert figure.axes[0].get_legend() is None
    lines = [line for line in figure.axes[0].lines if len(line.get_xdata()) == 150]
    assert len(lines) == 2
    np.testing.assert_allclose(lines[0].get_ydata(), np.linspace(2.3, 0.2, 150))


def test_a_single_series_is_blue_and_needs_no_name_beside_its_title(canvas, metric, texts):
    from introspect import theme

    canvas.draw_plot(metric("loss", [2.0, 1.0]))
    figure = canvas.figure
    assert figure.axes[0].lines[0].get_color() == theme.series(0)
    assert texts(figure).count("loss") == 1


def test_labels_replace_names_and_every_kind_of_column_is_a_line(canvas, metric):
    torch = pytest.importorskip("torch")
    columns = [metric("m", [1.0]), [1, None, 2], np.arange(3), (torch.tensor(1.5), 2)]
    canvas.draw_plot(columns, labels=["a", "b"], title="all")
    series = canvas.panels[0].series
    assert [line.name for line in series] == ["a", "b", "2", "3"]
    assert series[1].gaps.tolist() == [False, True, False]
    assert series[3].values.tolist() == [1.5, 2.0]


@pytest.mark.parametrize(
    ("given", "shapes"),
    [
        ([1, 2, 3], [3]),
        ([[1, 2], [3]], [2, 1]),
        (np.zeros((2, 5)), [5, 5]),
        (0.5, [1]),
        ([], [0]),
        ({"a": [1, 2], "b": [1]}, [2, 1]),
        ([np.float32(1), np.array(2.0)], [2]),
    ],
)
def test_numbers_become_the_lines_one_expects(canvas, given, shapes):
    canvas.draw_plot(given)
    assert [len(line.values) for line in canvas.panels[0].series] == shapes


@pytest.mark.filterwarnings("ignore:no installed font has")
@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("suffix", [".png", ".svg", ".pdf"])
def test_hostile_names_are_text_and_nothing_else(canvas, metric, tmp_path, name, suffix):
    with canvas:
        canvas.draw_plot([metric(name, [1.0, 2.0]), metric(name + "2", [2.0])], title=name)
        canvas.draw_image(metric(name, [np.eye(3)]), title=name)
        canvas.draw_hist(metric(name, [np.arange(9.0)]), title=name)
    canvas.save(tmp_path / f"x{suffix}")
    content = (tmp_path / f"x{suffix}").read_bytes()
    assert content
    assert b"<script>" not in content


def test_svg_text_stays_text(canvas, metric, tmp_path):
    canvas.draw_plot([metric("train_loss", [2.0, 1.0]), metric("x & y", [1.0])], title="Loss")
    canvas.save(tmp_path / "x.svg")
    svg = (tmp_path / "x.svg").read_text(encoding="utf-8")
    assert ">train_loss</text>" in svg
    assert ">x &amp; y</text>" in svg


def test_the_same_panels_give_the_same_bytes(canvas, metric, tmp_path):
    canvas.draw_plot(metric(data=[2.0, 1.0]))
    for kind in ("svg", "pdf", "png", "gif"):
        canvas.save(tmp_path / f"a.{kind}")
        canvas.save(tmp_path / f"b.{kind}")
        assert (tmp_path / f"a.{kind}").read_bytes() == (tmp_path / f"b.{kind}").read_bytes()


def test_saving_makes_missing_folders_and_an_unknown_suffix_names_the_known_ones(canvas, tmp_path):
    canvas.draw_plot([1, 2])
    canvas.save(tmp_path / "deep" / "er" / "x.PNG")
    assert (tmp_path / "deep" / "er" / "x.PNG").read_bytes()[:4] == b"\x89PNG"
    with pytest.raises(FormatError, match=r"\.png, \.pdf, \.svg, \.html, \.gif"):
        canvas.save(tmp_path / "x.bmp")


def test_saving_with_nothing_drawn_says_so(canvas, tmp_path):
    with pytest.raises(CanvasError, match="nothing was drawn"):
        canvas.save(tmp_path / "x.png")
    assert not (tmp_path / "x.png").exists()


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"backend": "web"}, 'backend=\'web\'\\n  try    "auto" or "notebook" or'),
        ({"theme": "pink"}, 'theme=\'pink\'\\n  try    "light" or "dark"'),
        ({"width_in": 0}, "width_in=0"),
    ],
)
def test_unknown_options_are_refused_with_what_is_known(options, told):
    with pytest.raises(CanvasError, match=told):
        Canvas(**options)


def test_what_cannot_be_drawn_warns_once_and_hides_no_other(canvas, texts):
    def draw():
        for _ in range(3):
            with canvas:
                canvas.draw_plot([1, 2], title="good")
                canvas.draw_image("no picture", title="bad")

    with pytest.warns(IntrospectWarning, match="Training goes on") as caught:
        draw()
    assert len(caught) == 1
    assert isinstance(canvas.panels[1], MessagePanel)
    assert {"good", "bad"} <= set(texts(canvas.figure))


def test_a_broken_value_deep_in_a_metric_shows_in_its_panel(canvas, metric, texts):
    canvas.draw_image(metric("w", [np.array(["a"])]))
    with pytest.warns(IntrospectWarning, match="no picture"):
        figure = canvas.figure
    assert any("no picture" in text for text in texts(figure))


class Mine(Canvas):
    def draw_dots(self, many, *, color="k"):
        self.ax.scatter(range(many), range(many), c=color)
        self.ax.set_title("dots")

    def draw_trouble(self):
        raise ValueError("my mistake")

    def draw_both(self, metric):
        self.draw_plot(metric)
        self.draw_dots(2)


def test_a_method_of_a_subclass_paints_on_the_axes_of_its_panel(metric, texts):
    mine = Mine(backend="none")
    with mine:
        mine.draw_plot(metric(data=[1.0, 2.0]))
        mine.draw_dots(5, color="r")
    figure = mine.figure
    assert len(figure.axes) == 2
    assert len(figure.axes[1].collections[0].get_offsets()) == 5
    assert "dots" in texts(figure)
    with pytest.raises(CanvasError, match="while a panel is painted"):
        _ = mine.ax


def test_a_method_of_a_subclass_can_use_the_others_on_its_own_axes(metric):
    mine = Mine(backend="none")
    mine.draw_both(metric("m", [1.0, 2.0, 3.0]))
    (ax,) = mine.figure.axes
    assert any(len(line.get_xdata()) == 3 for line in ax.lines)
    assert len(ax.collections) == 1
    assert len(mine.panels) == 1


def test_a_fault_in_a_method_of_a_subclass_becomes_one_warning_and_a_message(texts):
    mine = Mine(backend="none")
    with mine:
        mine.draw_trouble()
        mine.draw_plot([1, 2], title="fine")
    with pytest.warns(IntrospectWarning, match="my mistake") as caught:
        first, second = mine.figure, mine.figure
    assert len(caught) == 1
    for figure in (first, second):
        assert {"ValueError: my mistake", "fine"} <= set(texts(figure))


@pytest.mark.parametrize(
    "data",
    [
        [],
        [1.0],
        [2.0] * 100,
        [np.nan] * 10,
        [1.0, np.inf, 2.0],
        [1e300, -1e308],
        [1e-300, 2e-300],
        [np.nan, 1.0] * 30,
    ],
)
@pytest.mark.parametrize("theme", ["light", "dark", "print"])
def test_every_odd_column_is_painted_in_every_theme(metric, data, theme, texts):
    canvas = Canvas(backend="none", theme=theme)
    with canvas:
        canvas.draw_plot(metric("m", data))
        canvas.draw_plot([metric("m", data), metric("n", [1.0, 2.0], [(0, 1), (0, 2)])])
    figure = canvas.figure
    figure.canvas.draw()
    assert ("no values yet" in texts(figure)) == (not data)


def test_points_between_breaks_are_marked_since_no_line_shows_them(canvas, metric):
    canvas.draw_plot(metric("m", [1.0, np.nan, 2.0, np.nan] * 300))
    marked = [line for line in canvas.figure.axes[0].lines if line.get_marker() == "o"]
    assert max(len(line.get_xdata()) for line in marked) == 600


def test_nan_gets_a_red_strip_and_words(canvas, metric, texts):
    canvas.draw_plot(metric("m", [1.0] * 56 + [np.nan] * 44))
    figure = canvas.figure
    assert "NaN from step 56" in texts(figure)
    assert len(figure.axes[0].collections) == 1


@pytest.mark.parametrize("width_in", [3.0, 6.0, 10.0, 20.0])
@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 7])
def test_no_text_leaves_the_figure_or_touches_another(metric, width_in, count):
    canvas = Canvas(backend="none", width_in=width_in)
    with canvas:
        canvas.draw_progress(70, 100, epochs=10)
        for index in range(count):
            names = [f"series {index} {i}" for i in range(index + 1)]
            canvas.draw_plot(
                [metric(n, (rng.random(40) + 1).tolist()) for n in names],
                title=f"A long title of panel {index}" if index % 2 else "",
                ylabel="some unit with words",
            )
        canvas.draw_hist(metric("weights", [rng.normal(size=100) for _ in range(5)]))
        canvas.draw_image(metric("image", [rng.normal(size=(8, 9)) for _ in range(5)]))
    figure = canvas.figure
    figure.canvas.draw()
    page = figure.bbox
    boxes = [
        (text.get_text(), text.get_window_extent())
        for ax in figure.axes
        for text in [*ax.texts, *ax.get_xticklabels(), *ax.get_yticklabels()]
        if text.get_text().strip() and (ax.axison or text in ax.texts)
    ]
    for rank, (words, box) in enumerate(boxes):
        assert page.x0 - 1 <= box.x0, words
        assert box.x1 <= page.x1 + 1, words
        assert page.y0 - 1 <= box.y0, words
        assert box.y1 <= page.y1 + 1, words
        for other, beside in boxes[:rank]:
            across = min(box.x1, beside.x1) - max(box.x0, beside.x0)
            down = min(box.y1, beside.y1) - max(box.y0, beside.y0)
            assert across <= 1.5 or down <= 2.5, (words, other)


def test_summary_and_progress_say_what_is_known(canvas, texts):
    with canvas:
        canvas.draw_summary(FakeHistory(), title="base-1")
        canvas.draw_progress(134, 200, epochs=10)
    summary, progress = canvas.panels
    assert summary == SummaryPanel("base-1", (3, 120), 250.0)
    assert isinstance(progress, ProgressPanel)
    said = texts(canvas.figure)
    assert {"base-1", "4 min 10 s", "7", "134", "of 200"} <= set(said)


def test_draw_summary_of_something_else_warns(canvas):
    with pytest.warns(IntrospectWarning, match="no history"):
        canvas.draw_summary([1, 2])


@pytest.mark.parametrize(("done", "total"), [(0, 0), (5, 0), (300, 200), (-1, 10)])
def test_odd_progress_is_painted(canvas, done, total):
    canvas.draw_progress(done, total, epochs=3)
    canvas.figure.canvas.draw()


def test_an_update_costs_the_same_at_any_length_of_history(canvas):
    def median_us(length):
        column = Metric("m", np.arange(length), np.zeros(length), np.zeros(length))
        costs = []
        for _ in range(300):
            begin = time.perf_counter()
            with canvas:
                canvas.draw_plot(column)
                canvas.draw_hist(column)
                canvas.draw_plot([column, column])
            costs.append(time.perf_counter() - begin)
        return sorted(costs)[150] * 1e6

    median_us(10)
    assert median_us(1_000_000) < 5 * median_us(10) + 50
    assert median_us(1_000_000) < 1000  # 10 us when the machine is quiet


def test_a_million_points_reach_the_figure_as_few(canvas):
    values = np.zeros(1_000_000)
    values[123_456] = 7.0
    canvas.draw_plot(Metric("m", np.arange(1_000_000), values, values))
    line = canvas.figure.axes[0].lines[0]
    assert len(line.get_xdata()) < 10_000
    assert line.get_ydata().max() == 7.0


def test_what_is_drawn_of_a_weight_does_not_change_with_the_weight(canvas):
    weight = np.zeros((2, 2))
    canvas.draw_image(weight)
    weight += 1
    assert canvas.panels[0].data[0].tolist() == [[0.0, 0.0], [0.0, 0.0]]


def test_a_film_replays_the_history_and_holds_its_last_frame(canvas, metric, tmp_path):
    steps = [(e, s) for e in range(3) for s in range(0, 100, 10)]
    with canvas:
        canvas.draw_progress(30, 30, epochs=3)
        canvas.draw_plot(metric("loss", np.linspace(2, 1, 30).tolist(), steps))
        canvas.draw_image(metric("w", [rng.normal(size=(4, 4)) for _ in range(30)], steps))
        canvas.draw_hist(metric("w", [rng.normal(size=99) for _ in range(30)], steps))
        canvas.draw_summary(FakeHistory())
    canvas.save(tmp_path / "x.gif", frames=12, fps=10)
    with Picture.open(tmp_path / "x.gif") as film:
        assert film.n_frames == 12
        film.seek(0)
        assert film.info["duration"] == 100
        first = np.asarray(film.convert("RGB"))
        assert (first[0, 0] == 255).all()
        film.seek(11)
        assert film.info["duration"] == 2000
        assert (np.asarray(film.convert("RGB")) != first).any()


def test_a_film_has_no_more_frames_than_there_are_steps(canvas, metric, tmp_path):
    canvas.draw_plot(metric("loss", [3.0, 2.0, 1.0]))
    canvas.save(tmp_path / "x.gif", frames=60)
    with Picture.open(tmp_path / "x.gif") as film:
        assert film.n_frames == 3


def test_a_film_of_things_without_steps_is_one_frame(canvas, tmp_path):
    canvas.draw_image(np.eye(4))
    canvas.save(tmp_path / "x.gif")
    with Picture.open(tmp_path / "x.gif") as film:
        assert film.n_frames == 1


def test_axes_stand_still_in_a_film(canvas, metric):
    from introspect.canvas.figure import Easel, kept_still, views_of
    from introspect.canvas.timeline import timeline
    from introspect.nouns.panels import up_to

    canvas.draw_plot(metric("loss", np.linspace(5, 1, 50).tolist()))
    (panel,) = canvas.panels
    line = timeline([panel.series[0].steps])
    (whole,) = views_of([panel], line, Easel())
    (early,) = views_of(
        [up_to(panel, lambda _: 5)], line, Easel(), fixed=[kept_still(panel, whole)]
    )
    assert (early.x_limits, early.y_limits) == (whole.x_limits, whole.y_limits)
    assert len(early.curves[0].y) == 5


def test_images_of_changing_shape_and_captions_are_drawn(canvas, metric, texts):
    data = [np.eye(2), np.eye(5), Image.of(np.eye(3), cmap="inferno", caption="a face")]
    canvas.draw_image(metric("w", data))
    assert any("a face" in text for text in texts(canvas.figure))


def test_no_pyplot_and_no_thread_is_left_behind():
    code = """
import sys, threading
from introspect.canvas import Canvas
assert "matplotlib" not in sys.modules and "rich" not in sys.modules
assert "IPython" not in sys.modules and "torch" not in sys.modules
canvas = Canvas(backend="none")
with canvas:
    canvas.draw_plot([1, 2, 3])
    canvas.draw_image([[1.0, -1.0]])
    canvas.draw_hist([1.0, 2.0])
canvas.figure, canvas._repr_png_()
canvas.save(sys.argv[1] + "/x.gif")
assert "matplotlib.pyplot" not in sys.modules
assert "torch" not in sys.modules
assert threading.active_count() == 1
"""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, "-c", code, folder], check=True, timeout=120)


def test_figures_are_freed(canvas):
    import gc
    import weakref

    canvas.draw_plot([1, 2, 3])
    figures = [weakref.ref(canvas.figure) for _ in range(3)]
    gc.collect()
    assert [ref() for ref in figures] == [None] * 3


def test_a_canvas_is_freed_with_its_custom_panels():
    import gc
    import weakref

    mine = Mine(backend="none")
    mine.draw_dots(3)
    ref = weakref.ref(mine)
    del mine
    gc.collect()
    assert ref() is None


def test_the_notebook_picture_is_a_png_with_a_line_of_text(canvas, metric):
    assert canvas._repr_png_() is None
    assert canvas._repr_mimebundle_()[0] == {"text/plain": "<Canvas: nothing drawn>"}
    canvas.draw_plot(metric("loss", [2.0, 1.5]))
    data, metadata = canvas._repr_mimebundle_()
    assert data["text/plain"] == "step 1   loss 1.50"
    assert metadata["image/png"]["width"] == 960
    assert canvas._repr_png_()[:4] == b"\x89PNG"


def test_drawing_warns_of_nothing(canvas, metric):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        canvas.draw_plot(metric("日本語 σ", [1.0, np.nan, 2.0]), title="中文")
        assert canvas._repr_png_() is not None
