"""The callbacks of livelossplot, called as their frameworks call them; and by the real ones."""

import os
import sys
import types
from unittest import mock

import pytest
import torch

from introspect.compat.livelossplot import (
    PlotLossesIgnite,
    PlotLossesKeras,
    PlotLossesKerasTF,
    PlotLossesPoutyne,
)
from introspect.compat.livelossplot.inputs import keras, poutyne, pytorch_ignite, tf_keras
from introspect.errors import MissingExtraError

LOGS = {"loss": 0.5, "acc": 0.75, "val_loss": 0.625, "val_acc": 0.5}


class Callback:
    """What the frameworks' own class of this name is to ours."""

    began = 0

    def __init__(self):
        self.began += 1


def put(monkeypatch, name, **content):
    """A module of this name, and those that it lies in."""
    parts = name.split(".")
    for depth in range(1, len(parts) + 1):
        path = ".".join(parts[:depth])
        module = types.ModuleType(path)
        vars(module).update(content if depth == len(parts) else {})
        monkeypatch.setitem(sys.modules, path, module)


@pytest.fixture(autouse=True)
def fresh():
    yield
    for module in (keras, tf_keras, poutyne):
        module._made.cache_clear()


@pytest.mark.parametrize(
    ("make", "name"),
    [(PlotLossesKeras, "keras.callbacks"), (PlotLossesKerasTF, "tensorflow.keras.callbacks")],
)
def test_keras_tells_of_each_epoch(monkeypatch, make, name, capsys):
    put(monkeypatch, name, Callback=Callback)
    callback = make(outputs=["ExtremaPrinter"])
    assert isinstance(callback, Callback)
    assert callback.began == 1
    callback.on_epoch_end(3, LOGS)
    callback.on_epoch_end(4, None)
    callback.on_train_end()
    assert callback.liveplot.logger.log_history["val_acc"] == [(3, 0.5)]
    assert callback.liveplot.logger.current_step == 4
    assert capsys.readouterr().out.count("Accuracy\n") == 2


def test_poutyne_tells_of_its_metrics_alone(monkeypatch, capsys):
    put(monkeypatch, "poutyne.framework", Callback=Callback)
    callback = PlotLossesPoutyne(outputs=["ExtremaPrinter"])
    assert isinstance(callback, Callback)
    callback.model = types.SimpleNamespace(metrics_names=["acc"])
    callback.on_train_begin({})
    callback.on_epoch_end(1, LOGS | {"time": 3.0, "epoch": 1})
    callback.on_train_end({})
    assert list(callback.liveplot.logger.log_history) == ["loss", "acc", "val_loss", "val_acc"]
    assert capsys.readouterr().out == callback.liveplot.outputs[0].last_message + "\n"


class Engine:
    """What is used of Ignite's: handlers by event, and metrics."""

    def __init__(self):
        self.state = types.SimpleNamespace(metrics={}, epoch=0)
        self.handlers = {}
        self.last_event_name = None

    def add_event_handler(self, event, handler):
        self.handlers.setdefault(event, []).append(handler)

    def fire(self, event):
        self.last_event_name = event
        for handler in self.handlers.get(event, []):
            handler(self)


@pytest.fixture
def ignite(monkeypatch):
    names = "EPOCH_STARTED COMPLETED EPOCH_COMPLETED ITERATION_COMPLETED"
    events = types.SimpleNamespace(**{name: name for name in names.split()})
    put(monkeypatch, "ignite.handlers", global_step_from_engine=lambda e: lambda *_: e.state.epoch)
    put(monkeypatch, "ignite.engine", Events=events)


@pytest.mark.usefixtures("ignite")
def test_ignite_counts_the_training_engine_and_shows_at_its_epochs(capsys):
    train, check = Engine(), Engine()
    callback = PlotLossesIgnite(train_engine=train, outputs=["ExtremaPrinter"])
    callback.attach(check)
    for epoch in (1, 2):
        train.state.epoch = epoch
        train.fire("EPOCH_STARTED")
        check.state.metrics = {"loss": 1 / epoch}
        check.fire("EPOCH_COMPLETED")
    train.fire("COMPLETED")
    assert callback.liveplot.logger.log_history == {"loss": [(1, 1.0), (2, 0.5)]}
    assert capsys.readouterr().out.count("Loss\n") == 2


@pytest.mark.usefixtures("ignite")
def test_ignite_without_a_training_engine_shows_whatever_comes(capsys):
    engine = Engine()
    callback = PlotLossesIgnite(outputs=["ExtremaPrinter"])
    callback.attach(engine)
    engine.fire("ITERATION_COMPLETED")
    engine.state.metrics = {"loss": torch.tensor(2.0)}
    engine.fire("ITERATION_COMPLETED")
    engine.fire("EPOCH_COMPLETED")
    assert callback.liveplot.logger.log_history == {"loss": [(0, 2.0), (1, 2.0)]}
    assert capsys.readouterr().out.count("Loss\n") == 2


@pytest.mark.parametrize(
    ("make", "package"),
    [
        (PlotLossesKeras, "keras"),
        (PlotLossesKerasTF, "tensorflow"),
        (PlotLossesPoutyne, "poutyne"),
        (PlotLossesIgnite, "pytorch-ignite"),
    ],
)
def test_a_framework_that_is_missing_is_named(monkeypatch, make, package):
    for name in ("keras", "tensorflow", "poutyne", "ignite"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(MissingExtraError, match=rf"{package} is not installed(.|\n)*pip install"):
        make()


@pytest.mark.parametrize("module", [keras, tf_keras, poutyne])
def test_the_modules_have_one_name(module):
    with pytest.raises(AttributeError, match="Callbacks"):
        _ = module.Callbacks
    assert pytorch_ignite.PlotLossesCallback.__name__ == "PlotLossesCallback"


@pytest.mark.filterwarnings("ignore")
def test_the_real_keras_calls_it(capsys):
    with mock.patch.dict(os.environ, KERAS_BACKEND="torch"):
        real = pytest.importorskip("keras", reason="keras is not installed")
    model = real.Sequential([real.layers.Dense(1)])
    model.compile(loss="mse", metrics=["mae"])
    callback = PlotLossesKeras(outputs=["ExtremaPrinter"])
    x, y = torch.randn(16, 3), torch.randn(16, 1)
    model.fit(x, y, epochs=3, verbose=0, validation_data=(x, y), callbacks=[callback])
    history = callback.liveplot.logger.log_history
    assert sorted(history) == ["loss", "mae", "val_loss", "val_mae"]
    assert [step for step, _ in history["val_loss"]] == [0, 1, 2]
    assert capsys.readouterr().out.count("mae\n") == 3


@pytest.mark.filterwarnings("ignore")
def test_the_real_poutyne_calls_it():
    real = pytest.importorskip("poutyne", reason="poutyne is not installed")
    model = real.Model(torch.nn.Linear(3, 1), "sgd", "mse")
    callback = PlotLossesPoutyne(outputs=["ExtremaPrinter"])
    x, y = torch.randn(16, 3), torch.randn(16, 1)
    model.fit(x, y, epochs=2, verbose=False, validation_data=(x, y), callbacks=[callback])
    assert sorted(callback.liveplot.logger.log_history) == ["loss", "val_loss"]


@pytest.mark.filterwarnings("ignore")
def test_the_real_ignite_calls_it():
    engine = pytest.importorskip("ignite.engine", reason="pytorch-ignite is not installed")
    metrics = pytest.importorskip("ignite.metrics", reason="pytorch-ignite is not installed")
    train = engine.Engine(lambda _, batch: batch)
    check = engine.Engine(lambda _, batch: batch)
    metrics.Average().attach(check, "loss")
    train.add_event_handler(engine.Events.EPOCH_COMPLETED, lambda _: check.run([1.0, 3.0]))
    callback = PlotLossesIgnite(train_engine=train, outputs=["ExtremaPrinter"])
    callback.attach(check)
    train.run([0, 1, 2], max_epochs=2)
    assert callback.liveplot.logger.log_history["loss"][-1][1] == 2.0
    assert callback.liveplot.outputs[0].last_message.startswith("Loss\n")
