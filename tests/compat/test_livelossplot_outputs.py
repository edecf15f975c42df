"""What livelossplot's outputs show and write: panels, figures, files, pages, events, cells."""

import base64
import io
import re
import subprocess
import sys
import textwrap
import urllib.request

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

from introspect.canvas import Canvas
from introspect.canvas.screens import chosen
from introspect.compat import ignored
from introspect.compat.livelossplot import PlotLosses
from introspect.compat.livelossplot.outputs import (
    BokehPlot,
    MatplotlibPlot,
    NeptuneLogger,
    TensorboardLogger,
    TensorboardTFLogger,
    bokeh_plot,
    matplotlib_plot,
)
from introspect.compat.livelossplot.outputs.matplotlib_subplots import BaseSubplot, Plot1D, Plot2d
from introspect.errors import CanvasError, IntrospectWarning
from introspect.nouns.panels import CustomPanel, Row, leaves


@pytest.fixture(autouse=True)
def quiet(monkeypatch):
    """Nothing goes to the output of the tests, save for what a test asks for."""
    monkeypatch.setattr(matplotlib_plot, "chosen", lambda wanted: "none")  # noqa: ARG005


def trained(*outputs, epochs=4, **options):
    """A training's worth of values, sent to outputs."""
    liveplot = PlotLosses(outputs=list(outputs), mode="script", **options)
    for epoch in range(epochs):
        told = {"acc": epoch / 4, "val_acc": epoch / 5, "loss": 1 / (1 + epoch), "lr": 0.1}
        liveplot.update(told)
        liveplot.send()
    return liveplot


def test_each_group_is_a_panel_and_each_metric_a_line():
    plot = MatplotlibPlot()
    trained(plot)
    first, second = plot.canvas.panels
    assert isinstance(first, Row)
    assert [panel.title for panel in leaves(plot.canvas.panels)] == ["Accuracy", "Loss", "lr"]
    assert second.title == "lr"
    accuracy = first.panels[0]
    assert [line.name for line in accuracy.series] == ["training", "validation"]
    assert accuracy.series[1].values.tolist() == [0.0, 0.2, 0.4, pytest.approx(0.6)]
    assert accuracy.series[1].steps.tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize(("columns", "rows"), [(1, [1, 1, 1]), (2, [2, 1]), (3, [3]), (9, [3])])
def test_rows_hold_at_most_so_many_panels(columns, rows):
    plot = MatplotlibPlot(max_cols=columns, cell_size=(2, 2))
    trained(plot)
    assert [len(list(leaves([placed]))) for placed in plot.canvas.panels] == rows
    assert plot.canvas.width_in == 2 * columns


def test_axes_end_and_begin_where_it_was_said(tmp_path):
    plot = MatplotlibPlot(max_epoch=10)
    trained(plot, from_step=-2, step_names={"Accuracy": "batch"})
    accuracy, loss, _ = leaves(plot.canvas.panels)
    assert accuracy.xlim == (0.0, 10.0)
    assert accuracy.series[0].steps.tolist() == [1, 2, 3]
    assert (accuracy.ylabel, accuracy.epochs) == ("by batch", None)
    assert (loss.ylabel, loss.epochs) == ("", 1.0)
    plot.canvas.save(tmp_path / "a.svg")
    assert "epoch" in (tmp_path / "a.svg").read_text()


def test_groups_without_values_have_no_panel():
    plot = MatplotlibPlot()
    trained(plot, groups={"a": ["never"], "b": ["lr", "never"]})
    (panel,) = plot.canvas.panels
    assert [line.name for line in panel.series] == ["lr"]
    empty = MatplotlibPlot()
    PlotLosses(outputs=[empty]).send()
    assert empty.canvas.panels == ()


def test_every_picture_is_saved_under_its_number_and_in_its_size(tmp_path):
    plot = MatplotlibPlot(figpath=str(tmp_path / "new" / "{i:02d}.png"))
    trained(plot, epochs=2, figsize=(8, 5))
    assert plot.file_idx == 2
    assert sorted(file.name for file in (tmp_path / "new").iterdir()) == ["00.png", "01.png"]
    with Image.open(tmp_path / "new" / "01.png") as picture:
        assert picture.width / picture.height == pytest.approx(8 / 5, abs=0.01)
        assert len(np.unique(np.asarray(picture.convert("L")))) > 20


@pytest.mark.parametrize(
    ("name", "begin"),
    [
        ("a.pdf", b"%PDF"),
        ("a.svg", b"<?xml"),
        ("a.jpg", b"\xff\xd8"),
        ("a.html", b"<!doctype html>"),
    ],
)
def test_the_suffix_is_the_format(tmp_path, name, begin):
    trained(MatplotlibPlot(figpath=str(tmp_path / name)), epochs=1)
    assert (tmp_path / name).read_bytes().startswith(begin)


def test_a_name_without_a_suffix_is_a_png(tmp_path):
    trained(MatplotlibPlot(figpath=str(tmp_path / "losses")), epochs=1)
    assert (tmp_path / "losses.png").read_bytes().startswith(b"\x89PNG")


def test_a_picture_that_cannot_be_written_ends_no_training(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.warns(IntrospectWarning, match=r"file/a\.png was not written"):
        trained(MatplotlibPlot(figpath=str(tmp_path / "file" / "a.png")), epochs=1)


@pytest.mark.parametrize("path", ["{epoch}.png", "{.png", "{0}.png", "{i.x}.png"])
def test_a_path_that_cannot_be_filled_in_is_told_at_once(path):
    with pytest.raises(CanvasError, match=r"figpath=(.|\n)*losses_{i}.png"):
        MatplotlibPlot(figpath=path)


def test_hooks_get_what_livelossplot_gives_them(tmp_path):
    called = []

    def before(figure, axes, count):
        figure.set_size_inches(5, 3)
        called.append((type(figure), axes.shape, count))

    plot = MatplotlibPlot(
        before_plots=before,
        after_subplot=lambda ax, group, word: called.append((type(ax), group, word)),
        after_plots=lambda figure: called.append((type(figure), len(figure.axes))),
        extra_plots=[lambda ax, logger: called.append((type(ax), logger.current_step))],
    )
    trained(plot, epochs=1, step_names="batch")
    assert called == [
        (Figure, (2, 2), 3),
        (Axes, "Accuracy", "batch"),
        (Axes, "Loss", "batch"),
        (Axes, "lr", "batch"),
        (Axes, 0),
        (Figure, 4),
    ]
    plot.canvas.save(tmp_path / "a.png")
    (panel,) = plot.canvas.panels
    assert panel.data[0].width_px / panel.data[0].height_px == pytest.approx(5 / 3, abs=0.01)


def test_a_hook_finds_the_curves_with_their_names(tmp_path):
    seen = {}

    def look(ax, group, word):
        seen[group] = {line.get_label(): line.get_ydata().tolist() for line in ax.lines}
        ax.set(title=f"{group} by {word}")

    trained(MatplotlibPlot(after_subplot=look, figpath=str(tmp_path / "a.svg")), epochs=2)
    assert seen["Accuracy"] == {"training": [0.0, 0.25], "validation": [0.0, 0.2]}
    text = (tmp_path / "a.svg").read_text()
    assert "Accuracy by epoch" in text


def test_what_a_hook_raises_is_raised():
    def broken(figure):
        raise ZeroDivisionError(figure.axes)

    with pytest.raises(ZeroDivisionError):
        trained(MatplotlibPlot(after_plots=broken))


def test_extra_plots_are_painted_when_the_picture_is(tmp_path):
    painted = []

    def mine(ax, logger):
        painted.append(len(logger.log_history["lr"]))
        ax.plot([0, 1], [0, 1])
        ax.set_title("of mine")

    plot = MatplotlibPlot(extra_plots=[mine, mine])
    trained(plot)
    panels = [p for p in leaves(plot.canvas.panels) if isinstance(p, CustomPanel)]
    assert [panel.name for panel in panels] == ["mine", "mine 2"]
    assert painted == []
    plot.canvas.save(tmp_path / "a.svg")
    assert painted == [4, 4]
    assert "of mine" in (tmp_path / "a.svg").read_text()


@pytest.mark.parametrize(
    "options", [{"max_cols": 0}, {"cell_size": (0, 4)}, {"figsize": (3, -1)}], ids=str
)
def test_a_picture_without_a_size_is_told_at_once(options):
    name, value = next(iter(options.items()))
    with pytest.raises(CanvasError, match=re.escape(f"{name}={value!r}")):
        MatplotlibPlot(**options)


def test_what_is_not_heeded_is_told_once_by_name():
    ignored.forget()
    with pytest.warns(IntrospectWarning, match="MatplotlibPlot does not heed: skip_first"):
        MatplotlibPlot(skip_first=0)
    MatplotlibPlot(skip_first=0)
    with pytest.warns(IntrospectWarning) as told:
        BokehPlot(skip_first=1, cell_size=(500, 300))
    assert [str(one.message).partition(" (")[0] for one in told] == [
        "BokehPlot does not heed: skip_first",
        "BokehPlot does not heed: cell_size",
    ]
    with pytest.warns(
        IntrospectWarning, match=r"NeptuneLogger does not heed: api_token(.|\n)*tags"
    ):
        neptune = NeptuneLogger(api_token="secret", tags=["a"])  # noqa: S106  none is sent
    trained(neptune)


def test_without_words_beside_it_a_script_gets_a_line(capsys, monkeypatch):
    monkeypatch.setattr(matplotlib_plot, "chosen", chosen)
    liveplot = PlotLosses(outputs=["MatplotlibPlot"], mode="script")
    liveplot.update({"loss": 0.5})
    liveplot.send()
    liveplot.close()
    assert capsys.readouterr().out == "step 0   loss 0.500\n"


def test_bokehs_curves_are_a_file_that_stands_by_itself(tmp_path, monkeypatch):
    monkeypatch.setattr(bokeh_plot, "_paged", lambda: Canvas(backend="none"))
    plot = BokehPlot(output_file=str(tmp_path / "deep" / "curves.html"))
    liveplot = trained(plot, epochs=2)
    first = (tmp_path / "deep" / "curves.html").read_bytes()
    assert first.startswith(b"<!doctype html>")
    assert b"bokeh" not in first.lower()
    liveplot.close()
    assert (tmp_path / "deep" / "curves.html").read_bytes() != first  # the last values, too
    assert [panel.title for panel in leaves(plot.canvas.panels)] == ["Accuracy", "Loss", "lr"]


def test_bokehs_curves_are_on_a_page_while_a_script_runs(tmp_path, monkeypatch, capsys):
    pytest.importorskip("starlette", reason="the extra page is not installed")
    monkeypatch.chdir(tmp_path)
    plot = BokehPlot()
    try:
        liveplot = trained(plot)
        browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
        with browser.open(plot.canvas.page.url, timeout=20) as answer:
            assert answer.status == 200
        assert plot.canvas.page.url.partition("?")[0] in capsys.readouterr().err
        liveplot.close()
        assert (tmp_path / "bokeh_output.html").exists()
    finally:
        plot.canvas.page.close()


def test_without_the_extra_bokehs_curves_are_in_the_terminal(tmp_path, monkeypatch, capsys):
    ignored.forget()
    monkeypatch.setitem(sys.modules, "introspect.canvas.page.app", None)
    plot = BokehPlot(output_file=str(tmp_path / "a.html"))
    with pytest.warns(IntrospectWarning, match="BokehPlot does not heed: page"):
        trained(plot, epochs=1)
    assert capsys.readouterr().out == "step 0   training 0   validation 0   loss 1.00   lr 0.100\n"


@pytest.mark.parametrize("kind", [TensorboardLogger, TensorboardTFLogger])
def test_event_files_hold_each_value_once_at_its_step(tmp_path, kind):
    accumulator = pytest.importorskip(
        "tensorboard.backend.event_processing.event_accumulator",
        reason="tensorboard is not installed",
    )
    output = kind(logdir=tmp_path, run_id="one")
    liveplot = PlotLosses(outputs=[output])
    for step in range(3):
        liveplot.update({"loss": 1.0 + step}, 10 * step)
        liveplot.update({"lr": 0.5}, 10 * step)
        liveplot.update({"loss": 2.0 + step}, 10 * step + 5)
        liveplot.send()
    liveplot.update({"lr": None})
    liveplot.send()
    liveplot.close()
    reader = accumulator.EventAccumulator(str(tmp_path / "one")).Reload()
    told = {
        name: [(event.step, event.value) for event in reader.Scalars(name)]
        for name in reader.Tags()["scalars"]
    }
    assert told == {
        "loss": [(0, 1.0), (5, 2.0), (10, 2.0), (15, 3.0), (20, 3.0), (25, 4.0)],
        "lr": [(0, 0.5), (10, 0.5), (20, 0.5)],
    }


def test_runs_without_a_name_are_named_by_the_time(tmp_path):
    liveplot = PlotLosses(outputs=[]).to_tensorboard(logdir=str(tmp_path))
    liveplot.update({"loss": 1.0})
    liveplot.send()
    liveplot.close()
    (run,) = tmp_path.iterdir()
    assert len(run.name) == len("2026-01-31 23_59_59")


class Model:
    def predict(self, points):
        return np.stack([1 - points[:, 0], points[:, 0]], axis=1) if points.ndim > 1 else points**2


def test_predictions_over_a_line_are_drawn_on_the_axes_that_are_given(tmp_path):
    points = np.linspace(0, 1, 5)
    plot = Plot1D(Model(), points, points)
    axes = Figure().subplots()
    plot(axes, None)
    assert axes.lines[1].get_ydata().tolist() == (points**2).tolist()
    beside = MatplotlibPlot(extra_plots=[plot])
    trained(beside, epochs=1)
    beside.canvas.save(tmp_path / "a.svg")
    assert "Ground truth" in (tmp_path / "a.svg").read_text()


def test_predictions_over_a_plane_are_an_output(tmp_path):
    points = np.array([[0.0, 0.0], [1.0, 1.0], [1.0, 0.0]])
    plot = Plot2d(Model(), points, [0, 1, 1], (points + 0.1, [0, 1, 1]), h=0.1)
    plot.canvas = Canvas(backend="none")
    trained(plot, epochs=1)
    plot.canvas.save(tmp_path / "a.png")
    with Image.open(tmp_path / "a.png") as picture:
        colors = np.asarray(picture.convert("RGB")).reshape(-1, 3).astype(int)
    red, blue = colors[:, 0] - colors[:, 2] > 60, colors[:, 2] - colors[:, 0] > 60
    assert red.any()
    assert blue.any()
    with pytest.raises(NotImplementedError):
        BaseSubplot()()


SETUP = """
from introspect.compat.livelossplot import PlotLosses
from introspect.compat.livelossplot.outputs import MatplotlibPlot
def train(liveplot):
    for epoch in range(4):
        liveplot.update({"loss": 1 / (1 + epoch), "val_loss": 1.0})
        print(epoch, end=" ")
        liveplot.send()
"""
HOOKED = """
def name(ax, group, word):
    ax.set_title(word)
train(PlotLosses(outputs=[MatplotlibPlot(after_subplot=name, figsize=(5, 3))]))
"""
EXTRA = """
def mine(ax, logger):
    ax.plot([1, 2], [2, 1])
train(PlotLosses(outputs=[MatplotlibPlot(extra_plots=[mine])]))
"""
CELLS = [SETUP, "liveplot = PlotLosses()\ntrain(liveplot)", "train(liveplot)", HOOKED, EXTRA]


@pytest.fixture(scope="module")
def cells(tmp_path_factory):
    nbformat = pytest.importorskip("nbformat", reason="nbformat is not installed")
    nbclient = pytest.importorskip("nbclient", reason="nbclient is not installed")
    pytest.importorskip("ipykernel", reason="ipykernel is not installed")
    book = nbformat.v4.new_notebook()
    book.cells = [nbformat.v4.new_code_cell(source) for source in CELLS]
    place = {"metadata": {"path": str(tmp_path_factory.mktemp("notebook"))}}
    nbclient.NotebookClient(book, timeout=120, resources=place).execute()
    return [
        [out for out in cell.outputs if out.output_type == "display_data"] for cell in book.cells
    ]


def test_a_cell_holds_one_picture_and_one_text_and_what_the_user_printed(cells):
    for cell, last in ((cells[1], 3), (cells[2], 7)):
        pictures = [out for out in cell if "image/png" in out.data]
        assert len(pictures) == 1
        assert f"step {last}" in pictures[0].data["text/plain"]
        (text,) = [out.data["text/plain"] for out in cell if list(out.data) == ["text/plain"]]
        assert text.splitlines()[0] == "Loss"
        assert text.splitlines()[1].startswith(
            "\ttraining         \t (min:    0.250, max:    1.000"
        )


def test_a_hooked_picture_is_one_picture_of_its_size(cells):
    (output,) = cells[3]
    assert output.metadata["image/png"]["width"] == 5 * 72
    with Image.open(io.BytesIO(base64.b64decode(output.data["image/png"]))) as picture:
        assert picture.size == (2 * 5 * 72, 2 * 3 * 72)


def test_an_extra_plot_stands_beside_the_curves(cells):
    (output,) = [out for out in cells[4] if "image/png" in out.data]
    with Image.open(io.BytesIO(base64.b64decode(output.data["image/png"]))) as picture:
        assert picture.width == 2 * output.metadata["image/png"]["width"]
        ink = np.asarray(picture.convert("L")) < 200
    left, right = np.array_split(ink, 2, axis=1)
    assert left.sum() > 500
    assert right.sum() > 500


def test_libraries_are_loaded_by_what_needs_them(tmp_path):
    code = """
        import sys
        from introspect.compat.livelossplot import PlotLosses
        liveplot = PlotLosses(outputs=["MatplotlibPlot", "BokehPlot", "ExtremaPrinter"])
        loaded = {name.partition(".")[0] for name in sys.modules}
        assert not loaded & {"matplotlib", "bokeh", "tensorflow", "keras", "torch"}, loaded
        liveplot = PlotLosses(outputs=["MatplotlibPlot", "ExtremaPrinter"])
        liveplot.update({"loss": 1.0})
        liveplot.send()
        liveplot.outputs[0].canvas.save("a.png")
        assert "matplotlib" in sys.modules
        assert "matplotlib.pyplot" not in sys.modules
    """
    subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        check=True,
        capture_output=True,
        timeout=60,
        cwd=tmp_path,
    )
