"""The drop-in for livelossplot: the real one's groups, lists and texts."""

import contextlib
import functools
import importlib
import inspect
import io
import math
import os
import time
import warnings
from unittest import mock

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import introspect
from introspect.compat import ignored
from introspect.compat import livelossplot as ours
from introspect.compat.livelossplot import MainLogger, PlotLosses, outputs
from introspect.compat.livelossplot.main_logger import COMMON_NAME_SHORTCUTS, LogItem
from introspect.compat.livelossplot.outputs import ExtremaPrinter, MatplotlibPlot
from introspect.errors import CanvasError, FormatError, IntrospectWarning

METRICS = ["acc", "loss", "mse", "nll", "lr", "my_loss", "iou-0", "train_f1", "test_f1"]
names = st.sampled_from([f"{before}{name}" for before in ("", "val_", "val-") for name in METRICS])
numbers = st.floats(-1e6, 1e6) | st.integers(-1000, 1000)
updates = st.lists(
    st.tuples(st.dictionaries(names, numbers, max_size=6), st.none() | st.integers(0, 99)),
    max_size=8,
)
options_of = st.fixed_dictionaries(
    {},
    optional={
        "groups": st.dictionaries(
            st.sampled_from(["acc", "loss", "zoo", "Alpha"]),
            st.lists(names, max_size=4),
            max_size=3,
        ),
        "from_step": st.integers(-4, 6),
        "current_step": st.integers(-3, 10),
        "auto_generate_groups_if_not_available": st.booleans(),
        "group_patterns": st.just([(r"^(train_)(.*)", "training "), (r"^(test_)(.*)", "test ")]),
        "step_names": st.sampled_from(["batch", {"lr": "batch"}]),
    },
)


@pytest.fixture(scope="module")
def real():
    with mock.patch.dict(os.environ, MPLBACKEND="Agg"):
        yield pytest.importorskip("livelossplot", reason="livelossplot is not installed")


def hides(logger):
    """Whether livelossplot loses a metric or a group to another that is shown under its name."""
    groups = [COMMON_NAME_SHORTCUTS.get(name, name) for name in logger.groups]
    shown = [[logger.metric_to_name.get(n, n) for n in set(row)] for row in logger.groups.values()]
    return any(len(set(row)) < len(row) for row in [groups, *shown])


@settings(max_examples=100, deadline=None)
@given(updates, options_of)
def test_groups_lists_and_texts_are_livelossplots(real, told, options):
    theirs, mine = real.MainLogger(**options), MainLogger(**options)
    for logs, step in told:
        theirs.update(logs, step)
        mine.update(logs, step)
    assert list(mine.log_history.items()) == list(theirs.log_history.items())
    assert (mine.current_step, mine.metric_to_name) == (theirs.current_step, theirs.metric_to_name)
    raw = {"raw_names": True, "raw_group_names": True}
    assert mine.grouped_log_history(**raw) == theirs.grouped_log_history(**raw)
    assert mine.groups == theirs.groups
    if hides(theirs):
        return
    grouped = [
        [(group, list(metrics.items())) for group, metrics in logger.grouped_log_history().items()]
        for logger in (mine, theirs)
    ]
    assert grouped[0] == grouped[1]
    printers = [ExtremaPrinter(), real.outputs.ExtremaPrinter()]
    with contextlib.redirect_stdout(io.StringIO()) as said:
        printers[0].send(mine)
        printers[1].send(theirs)
    assert printers[0].last_message == printers[1].last_message
    assert said.getvalue() == 2 * f"{printers[1].last_message}\n"


SIGNATURES = """MainLogger MainLogger.update MainLogger.reset MainLogger.grouped_log_history
MainLogger.history_shorter PlotLosses PlotLosses.update PlotLosses.send PlotLosses.reset_outputs
PlotLosses.to_matplotlib PlotLosses.to_extrema_printer PlotLosses.to_bokeh PlotLosses.to_tensorboard
PlotLosses.to_tensorboard_tf outputs.MatplotlibPlot outputs.ExtremaPrinter outputs.BokehPlot
outputs.TensorboardLogger outputs.TensorboardTFLogger outputs.BaseOutput.set_output_mode
outputs.matplotlib_subplots.Plot1D outputs.matplotlib_subplots.Plot2d
inputs.PlotLossesKeras""".split()


@pytest.mark.parametrize("path", SIGNATURES)
def test_signatures_are_livelossplots(real, path):
    called = [functools.reduce(getattr, path.split("."), module) for module in (ours, real)]
    mine, theirs = (list(inspect.signature(one).parameters.values()) for one in called)
    if path == "MainLogger":
        assert mine.pop().name == "history"  # ours
    assert [(p.name, p.kind, str(p.default)) for p in mine] == [
        (p.name, p.kind, str(p.default)) for p in theirs
    ]


def test_every_name_of_livelossplot_is_there(real):
    assert set(real.__all__) <= set(ours.__all__)
    assert set(real.outputs.__all__) <= set(outputs.__all__)
    assert importlib.import_module("livelossplot.main_logger").COMMON_NAME_SHORTCUTS == (
        COMMON_NAME_SHORTCUTS
    )


def said_by(module, capsys):
    """What a script of five epochs writes to its terminal."""
    capsys.readouterr()
    groups = {"acc": ["acc", "val_acc"], "rest": ["lr", "never"]}
    liveplot = module.PlotLosses(groups=groups, mode="script")
    for epoch in range(5):
        acc = 1 - 0.5**epoch
        liveplot.update({"acc": acc, "val_acc": 0.9 * acc, "lr": 0.1 / (1 + epoch)})
        liveplot.send()
    return capsys.readouterr().out


@pytest.mark.filterwarnings("ignore")  # their pyplot warns that there is no screen
def test_a_script_says_the_extremes_and_nothing_else(real, capsys):
    mine = said_by(ours, capsys)
    theirs = said_by(real, capsys)
    importlib.import_module("matplotlib.pyplot").close("all")
    assert mine == theirs.replace("\x1b[2K\r", "")  # they clear the line, for notebooks
    assert mine.count("Accuracy\n") == 5


def test_the_text_names_groups_metrics_and_what_has_no_value(capsys):
    liveplot = PlotLosses(groups={"acc": ["acc", "val_acc"], "rest": ["lr", "never"]})
    for acc in (0.25, 1.0, 0.5):
        liveplot.update({"acc": acc, "val_acc": acc / 2, "lr": 1})
    liveplot.send()
    assert capsys.readouterr().out == (
        "Accuracy\n"
        "\ttraining         \t (min:    0.250, max:    1.000, cur:    0.500)\n"
        "\tvalidation       \t (min:    0.125, max:    0.500, cur:    0.250)\n"
        "rest\n"
        "\tlr               \t (min:    1.000, max:    1.000, cur:    1.000)\n"
        "\tnever            \t (no values!)\n"
    )


def test_what_is_no_number_hides_no_extreme(capsys):
    printer = ExtremaPrinter("{metric_name} {min} {max} {current}")
    logger = MainLogger()
    for value in (math.nan, 3, None, "much", 1.5, math.nan):
        logger.update({"loss": value, "gone": None, "nan": math.nan})
    printer.send(logger)
    assert printer.last_message.splitlines() == [
        "gone",
        "\tgone             \t (no values!)",
        "Loss",
        "loss 1.5 3 nan",
        "nan",
        "nan nan nan nan",
    ]
    assert capsys.readouterr().out == printer.last_message + "\n"


@pytest.mark.parametrize("template", ["{minimum}", "{min:8.3z}", "{", "{0}", "{current.real.x}"])
def test_a_template_that_cannot_be_filled_in_is_told_at_once(template):
    with pytest.raises(FormatError, match=r"cannot be filled in(.|\n)*now {current:.3f}"):
        ExtremaPrinter(template)


def test_names_that_were_given_stay():
    logger = MainLogger(metric_to_name={"acc": "Mine"})
    logger.update({"acc": 1.0, "val_acc": 2.0})
    assert list(logger.grouped_log_history()["Accuracy"]) == ["Mine", "validation"]
    given = {}
    MainLogger(metric_to_name=given).update({"acc": 1.0, "val_acc": 2.0})
    assert given == {}


def test_no_curve_is_lost_to_another_of_its_name():
    logger = MainLogger(groups={"all": ["b_loss", "loss"], "loss": ["lr"], "Loss": ["mse"]})
    logger.update({"b_loss": 1.0, "loss": 2.0, "lr": 3.0, "mse": 4.0})
    assert logger.grouped_log_history() == {
        "Loss": {"mse": [(0, 4.0)]},
        "all": {"b_loss": [(0, 1.0)], "loss": [(0, 2.0)]},
        "loss": {"lr": [(0, 3.0)]},
    }


def test_names_are_generated_only_if_they_are_wanted():
    logger = MainLogger(auto_generate_metric_to_name=False)
    logger.update({"acc": 1.0, "val_acc": 2.0})
    assert list(logger.grouped_log_history()["Accuracy"]) == ["acc", "val_acc"]


def test_a_group_may_be_named_as_it_was_given_or_as_it_is_shown():
    logger = MainLogger(step_names={"acc": "batch", "Loss": "iteration"})
    logger.update({"acc": 1.0, "loss": 2.0, "lr": 3.0})
    shown = logger.grouped_log_history()
    assert [logger.step_name(group) for group in shown] == ["batch", "iteration", "epoch"]


def test_a_tensor_is_its_number_and_may_change_or_go():
    weight = torch.ones((), requires_grad=True)
    array = np.array(2.5)
    logger = MainLogger()
    logger.update(
        {"loss": weight * 3, "half": torch.tensor([1.5], dtype=torch.bfloat16), "a": array}
    )
    array[()] = 7
    assert logger.log_history == {
        "loss": [LogItem(0, 3.0)],
        "half": [LogItem(0, 1.5)],
        "a": [LogItem(0, 2.5)],
    }
    assert all(type(items[0].value) is float for items in logger.log_history.values())


def test_what_is_no_number_is_left_out_of_the_curve_and_told_once(tmp_path):
    ignored.forget()
    logger = MainLogger(history=introspect.History(tmp_path / "run"))
    with pytest.warns(IntrospectWarning, match=r"heed: words, row \(a curve needs numbers\)"):
        logger.update({"loss": 1, "words": "many", "row": np.ones(3), "gone": None})
    logger.update({"loss": np.float32(2), "words": 3.0, "row": torch.ones(2)})
    assert logger.columns("loss").data.tolist() == [1.0, 2.0]
    assert logger.columns("words").data.tolist() == [3.0]
    assert logger.columns("row") is None
    assert logger.history["words"].steps.tolist() == [1]


def test_values_are_kept_in_a_history_in_memory_or_in_a_run(tmp_path):
    for history in (None, introspect.History(tmp_path / "run")):
        liveplot = PlotLosses(outputs=[], history=history)
        for epoch in (1, 2, 4):
            liveplot.update({"loss": 1 / epoch, "val_loss": 2 / epoch}, epoch)
        liveplot.update({"late": 1.0})
        assert liveplot.history["loss"].steps.tolist() == [1, 2, 4]
        assert liveplot.history["val_loss"].data.tolist() == [2.0, 1.0, 0.5]
        assert liveplot.history["late"].steps.tolist() == [5]
    history.close()
    assert introspect.History.open(tmp_path / "run")["loss"].data.tolist() == [1.0, 0.5, 0.25]


def test_a_reset_begins_anew_and_what_was_written_stays(tmp_path):
    history = introspect.History(tmp_path / "run")
    for written in (None, history):
        logger = MainLogger(history=written)
        logger.update({"loss": 1.0})
        assert len(logger.columns("loss")) == 1
        logger.reset()
        assert (logger.log_history, logger.groups, logger.current_step) == ({}, {}, -1)
        assert logger.columns("loss") is None
        logger.update({"loss": 2.0}, 7)
        assert logger.columns("loss").data.tolist() == [2.0]
    assert history["loss"].data.tolist() == [1.0, 2.0]


def test_lists_that_others_put_there_are_shown():
    logger = MainLogger()
    logger.update({"loss": 1.0})
    logger.log_history["loss"].append(LogItem(5, 3.0))
    assert logger.columns("loss").steps.tolist() == [0, 5]
    logger.log_history = {"loss": [LogItem(2, 9.0)]}
    assert logger.columns("loss").data.tolist() == [9.0]
    assert logger.history["loss"].steps.tolist() == [2]


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, 30), min_size=1, max_size=20), st.integers(-8, 25))
def test_columns_hold_what_the_lists_show(steps, first):
    logger = MainLogger(from_step=first)
    for place, step in enumerate(steps):
        logger.update({"loss": float(place)}, step)
    shown = dict(logger.history_shorter("loss"))  # of one step, the last value counts
    column = logger.columns("loss")
    assert dict(zip(column.steps.tolist(), column.data.tolist(), strict=True)) == shown


def test_a_step_that_is_no_whole_number_is_told_once_and_drawn_nearby():
    ignored.forget()
    logger = MainLogger()
    logger.update({"loss": 1.0}, 0.5)
    logger.update({"loss": 2.0}, 1.75)
    with pytest.warns(IntrospectWarning, match=r"does not heed: current_step \(0.5 is no whole"):
        assert logger.columns("loss").steps.tolist() == [0, 2]
    assert logger.log_history["loss"] == [(0.5, 1.0), (1.75, 2.0)]


@pytest.mark.parametrize("step", [2**70, (1, 2, 3), "first", None])
def test_no_step_ends_a_training(step):
    ignored.forget()
    liveplot = PlotLosses(outputs=["ExtremaPrinter"])
    liveplot.update({"loss": 1.0}, step)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        liveplot.send()
        _ = liveplot.history
    assert liveplot.logger.log_history["loss"][0].value == 1.0
    assert len(told) == (0 if step is None else 1)
    assert all("does not heed: current_step" in str(one.message) for one in told)


def test_outputs_are_names_classes_or_objects_of_yours():
    class Mine:
        sent = 0

        def send(self, logger):
            self.sent += logger.log_history["loss"][-1].value

    mine = Mine()
    liveplot = PlotLosses(outputs=["ExtremaPrinter", MatplotlibPlot, mine], mode="script")
    assert [type(output) for output in liveplot.outputs] == [ExtremaPrinter, MatplotlibPlot, Mine]
    assert liveplot.outputs[1].output_mode == "script"
    liveplot.reset_outputs().to_extrema_printer(message_template="{min}").outputs.append(mine)
    liveplot.update({"loss": 2.0})
    liveplot.draw()
    liveplot.close()
    assert mine.sent == 2.0
    assert liveplot.outputs[0].last_message == "Loss\n2.0"
    mine.sent = None
    with pytest.raises(TypeError, match="NoneType"):  # what yours raise is yours to see
        liveplot.send()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"outputs": ["Matplotlib"]}, "'Matplotlib'(.|\n)*BokehPlot ExtremaPrinter MatplotlibPlot"),
        ({"outputs": [3]}, r"an output has send\(logger\)"),
        ({"mode": "page"}, "mode='page'"),
        ({"group_patterns": [("(", "x")]}, r"pairs of a regular expression(.|\n)*\^\(train_\)"),
        ({"group_patterns": ["val"]}, "group_patterns="),
    ],
)
def test_what_cannot_be_is_told_by_the_constructor(options, words):
    with pytest.raises(ValueError, match=words) as told:
        PlotLosses(**options)
    assert isinstance(told.value, CanvasError | FormatError)


def test_the_cost_of_an_update_and_a_picture_does_not_grow_with_the_history():
    costs = {}
    for count in (100, 20_000):
        liveplot = PlotLosses(outputs=[MatplotlibPlot()], mode="script")
        liveplot.outputs[0].is_beside_words = True  # no lines in the output of the tests
        liveplot.logger.log_history = {
            name: [LogItem(step, 1.0) for step in range(count)] for name in ("loss", "val_loss")
        }
        liveplot.logger.current_step = count
        taken = []
        for _ in range(30):
            begin = time.process_time()
            liveplot.update({"loss": 1.0, "val_loss": 2.0})
            liveplot.outputs[0].send(liveplot.logger)
            taken.append(time.process_time() - begin)
        costs[count] = sorted(taken)[len(taken) // 2]
    assert costs[20_000] < 10 * costs[100]
