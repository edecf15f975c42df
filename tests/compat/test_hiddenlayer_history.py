"""hiddenlayer's History, Canvas and words: the real ones are the truth."""

import pickle
import warnings
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import introspect.compat.hiddenlayer as hl
from introspect.errors import CanvasError, DataError, MetricNotFoundError


@pytest.fixture(scope="module")
def real():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("hiddenlayer", reason="the oracle")


def logged(module, steps):
    history = module.History()
    for k, step in enumerate(steps):
        values = {"loss": 0.5 * k} if k % 3 else {"loss": torch.tensor(float(k)), "acc": k}
        history.log(step, weight=np.full((2, 2), k), **values)
    return history


STEPS = [[0, 1, 2, 10, 3], [(0, 5), (0, 1), (1, 0)], [7], [4, 4, 5]]


@pytest.mark.parametrize("steps", STEPS, ids=str)
def test_a_history_answers_as_hiddenlayers(real, steps):
    ours, theirs = logged(hl, steps), logged(real, steps)
    assert ours.step == theirs.step
    assert ours.steps == theirs.steps
    assert ours.formatted_steps == theirs.formatted_steps
    assert ours.metrics == theirs.metrics
    for name in ("loss", "acc"):
        assert ours[name].name == name
        assert ours[name].steps == theirs[name].steps
        assert ours[name].formatted_steps == theirs[name].formatted_steps
        assert ours[name].data.tolist() == theirs[name].data.tolist()
    for mine, other in zip(ours["weight"].data, theirs["weight"].data, strict=True):
        assert np.array_equal(mine, other)
    for step, row in theirs.history.items():
        mine = ours.history[step]
        assert mine.keys() == row.keys()
        assert mine["__timestamp__"] == pytest.approx(row["__timestamp__"], abs=20)
        assert mine["loss"] == row["loss"]


def test_each_reads_the_file_of_the_other(real, tmp_path):
    steps = [(0, 100), (0, 200), (1, 100)]
    logged(real, steps).save(tmp_path / "theirs.pkl")
    logged(hl, steps).save(tmp_path / "ours.pkl")
    mine, other = hl.History(), real.History()
    mine.log(999, gone=1.0)
    mine.load(tmp_path / "theirs.pkl")
    other.load(tmp_path / "ours.pkl")
    for history in (mine, other):
        assert history.step == (1, 100)
        assert history.steps == steps
        assert history.metrics == {"loss", "acc", "weight"}
        assert history["loss"].data.tolist() == [0.0, 0.5, 1.0]
        assert np.array_equal(history["weight"].data[2], np.full((2, 2), 2))
    mine.log((2, 0), loss=0.1)
    assert mine["loss"].data.tolist() == [0.0, 0.5, 1.0, 0.1]


def test_the_time_of_a_loaded_history_is_that_of_the_training(real, tmp_path):
    rows = {k: {"loss": 1.0, "__timestamp__": 1e9 + 60.0 * k} for k in range(3)}
    (tmp_path / "h.pkl").write_bytes(pickle.dumps(rows))
    for module in (hl, real):
        history = module.History()
        history.load(tmp_path / "h.pkl")
        assert history.get_total_time().total_seconds() == 120.0


def test_summary_prints_hiddenlayers_lines(real, tmp_path, capsys):
    (tmp_path / "h.pkl").write_bytes(
        pickle.dumps({k: {"a": 1.0, "__timestamp__": 60.0 * k} for k in (1, 2)})
    )
    printed = []
    for module in (hl, real):
        history = module.History()
        history.load(tmp_path / "h.pkl")
        history.summary()
        printed.append(capsys.readouterr().out)
    assert printed[0] == printed[1]


class Harm:
    def __reduce__(self):
        return print, ("harm",)


def test_a_pickle_is_read_and_not_run(tmp_path, capsys):
    (tmp_path / "harm.pkl").write_bytes(pickle.dumps({0: {"loss": Harm()}}))
    (tmp_path / "list.pkl").write_bytes(pickle.dumps([1, 2]))
    history = hl.History()
    with pytest.raises(DataError, match="asks for more than plain data"):
        history.load(tmp_path / "harm.pkl")
    with pytest.raises(DataError, match=r"no history of hiddenlayer(.|\n)*given  list"):
        history.load(tmp_path / "list.pkl")
    with pytest.raises(DataError, match="cannot be read"):
        history.load(tmp_path / "missing.pkl")
    assert capsys.readouterr().out == ""


def test_an_unknown_metric_names_those_that_are_near():
    history = logged(hl, [0, 1])
    with pytest.raises(MetricNotFoundError, match="loss"):
        history["los"]


@given(st.one_of(st.integers(0, 10**7), st.tuples(st.integers(0, 9999), st.integers(0, 10**6))))
def test_steps_are_written_as_hiddenlayer_writes_them(real, step):
    for zero_prefix in (False, True):
        mine = hl.history.format_step(step, zero_prefix)
        assert mine == real.history.format_step(step, zero_prefix)


@pytest.mark.parametrize(
    "args",
    [
        ("a", 1, [1, 2]),
        ("x", torch.arange(6.0).reshape(2, 3), "behind"),
        (np.eye(2), torch.tensor(2.5), list(range(20))),
        (torch.nn.Parameter(torch.ones(2)),),
        (),
    ],
    ids=str,
)
def test_write_prints_what_hiddenlayer_prints(real, capsys, args):
    hl.write(*args)
    mine = capsys.readouterr().out
    real.write(*args)
    assert mine == capsys.readouterr().out


def test_write_takes_what_hiddenlayer_refuses(capsys):
    hl.write(torch.ones(2, dtype=torch.bfloat16), np.zeros((0, 3)), np.array([True, False]))
    assert capsys.readouterr().out.splitlines() == [
        "Tensor  float32 (2,)  min: 1.000  max: 1.000",
        "Tensor  float64 (0, 3)",
        "Tensor  bool (2,)  min: 0.000  max: 1.000",
    ]


def test_data_are_standardised_as_there(real):
    for value in (torch.ones(2, requires_grad=True), torch.tensor(3), np.float32(0.5), "x", [1]):
        mine, other = hl.utils.to_data(value), real.utils.to_data(value)
        assert type(mine) is type(other)
        assert np.array_equal(mine, other)
    tensor = torch.ones(2)
    copied = hl.utils.to_data(tensor)
    tensor += 1
    assert copied.tolist() == [1.0, 1.0]


def test_a_canvas_draws_hiddenlayers_metrics_and_own_drawings(tmp_path):
    class Mine(hl.Canvas):
        def draw_bars(self, metric):
            self.ax.bar(range(len(metric.data)), metric.data)
            figures.append(self.figure is self.ax.figure)
            specs.append(self.gs)

    figures, specs = [], []
    history = logged(hl, [(0, 1), (0, 2), (0, 3)])
    canvas = Mine()
    assert canvas.figure is None
    canvas.render()
    with canvas:
        canvas.draw_summary(history, title="A training")
        canvas.draw_plot([history["loss"], history["acc"]], labels=["L", "A"], ylabel="u")
        canvas.draw_plot(history["loss"], title="named")
        canvas.draw_image(history["weight"], limit=2)
        canvas.draw_hist(history["weight"], title="spread")
        canvas.draw_bars(history["loss"])
    kinds = [type(panel).__name__ for panel in canvas.panels]
    assert kinds == [
        "SummaryPanel",
        "LinePanel",
        "LinePanel",
        "ImagePanel",
        "HistogramPanel",
        "CustomPanel",
    ]
    panels: Any = canvas.panels
    assert panels[2].title == "named"
    canvas.save(tmp_path / "canvas.png")
    assert figures == [True]
    assert specs[0] is not None
    assert canvas.figure.get_size_inches()[0] == pytest.approx(hl.canvas.DEFAULT_THEME["fig_width"])
    assert canvas.drawing_calls == []


def test_a_canvas_works_after_an_exception_and_with_a_summary_alone(tmp_path):
    canvas, history = hl.Canvas(), logged(hl, [0, 1])

    def fail():
        with canvas:
            canvas.draw_plot(history["loss"])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    canvas.draw_plot(history["loss"])
    assert len(canvas.panels) == 1
    with canvas:
        canvas.draw_summary(history)
    canvas.save(tmp_path / "summary.png")
    assert (tmp_path / "summary.png").stat().st_size > 1000


def test_images_are_shown_in_rows():
    plt = pytest.importorskip("matplotlib.pyplot")
    images = [torch.rand(4, 4), np.ones((4, 4)), np.random.default_rng(0).random((4, 4, 3))]
    hl.show_images(images, titles=["a", "b"], cols=2, cmap="viridis")
    figure = plt.gcf()
    assert [ax.get_title() for ax in figure.axes] == ["a", "b", ""]
    assert figure.axes[0].images[0].get_cmap().name == "viridis"
    low, high = figure.axes[0].images[0].get_clim()
    assert (low, high) == (0.0, 1.0)
    plt.close(figure)
    hl.show_images([[np.eye(2), np.eye(2)]])
    assert plt.gcf().axes[0].images[0].get_array().shape == (2, 4)
    plt.close("all")
    with pytest.raises(CanvasError, match="no images"):
        hl.show_images([])


def test_a_canvas_is_saved_by_either_name(tmp_path):
    canvas = hl.Canvas()
    canvas.draw_plot([1.0, 2.0])
    canvas.save(file_name=tmp_path / "a.png")
    canvas.save(path=tmp_path / "b.png")
    assert (tmp_path / "a.png").exists()
    assert (tmp_path / "b.png").exists()
    with pytest.raises(CanvasError, match="needs a path"):
        canvas.save()
