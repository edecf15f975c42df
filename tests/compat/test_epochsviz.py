"""The tutorial's three lines, run as a script, in a thread, and under Bokeh's document."""

import importlib
import math
import subprocess
import sys
import textwrap
import types
import urllib.request

import pytest
import torch

from introspect.compat import ignored
from introspect.compat.epochsviz import Epochsviz
from introspect.errors import CanvasError, IntrospectWarning


@pytest.fixture
def eviz():
    made = Epochsviz()
    yield made
    made.close()


def test_what_is_sent_is_kept_and_drawn(eviz, tmp_path, capsys):
    pytest.importorskip("starlette", reason="the extra page is not installed")

    def train():
        for epoch in range(1, 4):
            eviz.send_data(epoch, torch.tensor(1.0 / epoch), 2.0 / epoch)

    thread = eviz.start_thread(train_function=train)
    assert not thread.is_alive()
    assert eviz.history["train_loss"].data.tolist() == [1.0, 0.5, pytest.approx(1 / 3)]
    assert eviz.history["val_loss"].data.tolist() == [2.0, 1.0, pytest.approx(2 / 3)]
    assert [line.name for line in eviz.canvas.panels[0].series] == ["training", "validation"]
    eviz.save(tmp_path / "losses.png")
    assert (tmp_path / "losses.png").stat().st_size > 1000
    assert "http://127.0.0.1:" in capsys.readouterr().err


def test_the_page_is_there_while_the_training_runs(eviz):
    pytest.importorskip("starlette", reason="the extra page is not installed")
    answers = []

    def train():
        eviz.send_data(1, 0.5, 0.7)
        browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
        with browser.open(eviz.page.url, timeout=20) as answer:
            answers.append((answer.status, answer.read()[:200]))

    eviz.start_thread(train)
    assert answers[0][0] == 200
    assert b"<" in answers[0][1]
    assert eviz.page is None  # nobody sits at this terminal


def test_what_the_training_raises_is_raised(eviz):
    def train():
        raise ZeroDivisionError("the loss")

    with pytest.raises(ZeroDivisionError, match="the loss"):
        eviz.start_thread(train)
    with pytest.raises(CanvasError, match=r"the training is a function(.|\n)*without calling it"):
        eviz.start_thread(None)


def test_an_epoch_without_validation_is_a_gap(eviz):
    eviz.send_data(1, 0.5, None)
    eviz.send_data(2, 0.4, 0.6)
    assert eviz.history["val_loss"].steps.tolist() == [2]
    assert eviz.history["train_loss"].steps.tolist() == [1, 2]


def test_sizes_of_bokeh_warn_once_by_name():
    ignored.forget()
    with pytest.warns(IntrospectWarning, match="Epochsviz does not heed: plot_width, tools"):
        Epochsviz(plot_width=600, tools="pan")
    Epochsviz(plot_width=600)


def test_the_tutorials_script_ends_by_itself(tmp_path):
    script = tmp_path / "training.py"
    script.write_text(
        textwrap.dedent("""
        from introspect.compat.epochsviz import Epochsviz
        eviz = Epochsviz()

        def train():
            for epoch in range(1, 4):
                eviz.send_data(epoch, 1 / epoch, 2 / epoch)

        eviz.start_thread(train_function=train)
        print(eviz.history["val_loss"].last)
        """)
    )
    ran = subprocess.run(
        [sys.executable, script], capture_output=True, text=True, timeout=120, check=True
    )
    assert float(ran.stdout) == pytest.approx(2 / 3)


def test_without_the_extra_the_terminal_shows_it(monkeypatch, eviz, capsys):
    monkeypatch.setitem(sys.modules, "introspect.canvas.page.app", None)
    eviz.start_thread(lambda: eviz.send_data(1, 0.5, 0.7))
    assert "training 0.5" in capsys.readouterr().out


class Document:
    """What Epochsviz uses of Bokeh's document: callbacks run at the next tick."""

    session_context = object()

    def __init__(self):
        self.roots, self.waiting = [], []

    def add_root(self, root):
        self.roots.append(root)

    def add_next_tick_callback(self, callback):
        self.waiting.append(callback)


def test_under_bokeh_serve_rows_are_streamed_to_its_document(monkeypatch):
    """Bokeh's API as its tutorial uses it, recorded: Bokeh itself need not be installed."""
    document, streamed, lines = Document(), [], []
    source = types.SimpleNamespace(stream=streamed.append)
    plot = types.SimpleNamespace(line=lambda **options: lines.append(options))
    for name, content in {
        "bokeh": {},
        "bokeh.io": {"curdoc": lambda: document},
        "bokeh.models": {"ColumnDataSource": lambda **_: source},
        "bokeh.plotting": {"figure": lambda **_: plot},
    }.items():
        module = types.ModuleType(name)
        vars(module).update(content)
        monkeypatch.setitem(sys.modules, name, module)
    eviz = Epochsviz()
    eviz.start_thread(lambda: eviz.send_data(3, torch.tensor(0.5), 0.75)).join()
    eviz.start_thread(lambda: eviz.send_data(4, 0.25, None)).join()
    assert eviz.page is None
    assert document.roots == [plot]
    assert [line["y"] for line in lines] == ["trainlosses", "vallosses"]
    assert streamed == []  # only Bokeh's own thread may touch its document
    for callback in document.waiting:
        callback()
    assert streamed[0] == {"epochs": [3.0], "trainlosses": [0.5], "vallosses": [0.75]}
    assert math.isnan(streamed[1]["vallosses"][0])


def test_a_real_bokeh_document_takes_the_rows(monkeypatch):
    pytest.importorskip("bokeh", reason="Bokeh is no dependency")
    real = importlib.import_module("bokeh.document").Document
    curdoc = importlib.import_module("bokeh.io").curdoc
    set_curdoc = importlib.import_module("bokeh.io.doc").set_curdoc

    before, document = curdoc(), real()
    monkeypatch.setattr(real, "session_context", object())
    set_curdoc(document)
    try:
        eviz = Epochsviz()
        waiting = []
        monkeypatch.setattr(document, "add_next_tick_callback", waiting.append)
        eviz.start_thread(lambda: eviz.send_data(1, 0.5, 0.75)).join()
        for callback in waiting:
            callback()
        renderers = document.roots[0].renderers
        assert dict(renderers[0].data_source.data) == {
            "epochs": [1.0],
            "trainlosses": [0.5],
            "vallosses": [0.75],
        }
    finally:
        set_curdoc(before)
