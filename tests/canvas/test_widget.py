"""The live picture of a notebook without a notebook: what is sent, kept and never waited for."""

import threading
import time

import numpy as np
import pytest

pytest.importorskip("anywidget", reason="needs the extra notebook")

from introspect.canvas import kept, widget
from introspect.canvas.kept import KeptPicture
from introspect.canvas.message import decode
from introspect.canvas.widget import Publisher
from introspect.nouns.panels import LinePanel, Series


class FakeWidget:
    """Takes messages as a kernel would."""

    def __init__(self, send=None):
        self.sent, self.snapshot, self._heard = [], b"", None
        self._send = send or self.sent.append

    def on_msg(self, heard):
        self._heard = heard

    def send(self, content, buffers):
        assert content == {"introspect": "canvas"}
        self._send(bytes(buffers[0]))

    def ask(self):
        self._heard(self, {"ask": "full"}, [])


def panels(count):
    steps = np.arange(count)
    return (LinePanel((Series("loss", steps, steps / 10),), title="Loss"),)


def header(message):
    return decode(message)[0]


def until(ready, limit_s=20.0):
    end = time.monotonic() + limit_s
    while not ready():
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.fixture
def faults():
    return []


@pytest.fixture
def publish(faults):
    made = []

    def publish(fake, picture=None):
        made.append(Publisher(fake, picture, report=lambda *fault: faults.append(fault)))
        return made[-1]

    yield publish
    for publisher in made:
        publisher.close("")


def test_a_late_view_is_answered_in_whole_also_after_the_end(publish):
    fake = FakeWidget()
    publisher = publish(fake)
    publisher.show(panels(3))
    until(lambda: fake.sent)
    fake.ask()
    until(lambda: sum("reset" in header(message) for message in fake.sent) >= 2)
    publisher.close("finished")
    count = len(fake.sent)
    fake.ask()
    assert "reset" in header(fake.sent[count])
    assert header(fake.sent[count])["state"] == "finished"
    assert fake.snapshot


def test_a_full_queue_holds_neither_the_training_nor_its_end(publish, monkeypatch):
    monkeypatch.setattr(widget, "_PATIENCE_S", 0.2)
    free = threading.Event()
    publisher = publish(FakeWidget(lambda _: free.wait(60)))
    publisher.show(panels(3))
    time.sleep(3 * widget.TICK_S)  # the thread waits inside of send now
    begin_s = time.process_time()
    for count in range(1000):
        publisher.show(panels(5 + count % 2))
    assert time.process_time() - begin_s < 2.0
    began_s = time.monotonic()
    publisher.close("finished")
    assert time.monotonic() - began_s < 10
    free.set()


def test_a_channel_that_breaks_is_reported_and_the_next_message_tried(publish, faults):
    def broken(_):
        raise OSError("closed")

    publisher = publish(FakeWidget(broken))
    publisher.show(panels(3))
    until(lambda: faults)
    publisher.show(panels(9))
    until(lambda: len(faults) >= 2)
    assert {(where, type(fault)) for where, fault in faults} == {("the live picture", OSError)}


class Shown:
    """Stands in for an output of the notebook."""

    def __init__(self):
        self.outputs = []

    def display(self, data, *, raw, display_id):
        assert raw
        assert display_id
        self.outputs.append(data)
        return self

    def update(self, data, *, raw):
        assert raw
        self.outputs.append(data)


@pytest.fixture
def shown(monkeypatch):
    shown = Shown()
    monkeypatch.setattr(kept, "display", shown.display)
    return shown


def picture(**options):
    return KeptPicture("abc", **{"theme": "auto", "most_points": 50, "frame_bytes": 0} | options)


def test_a_running_cell_keeps_its_picture_and_an_ended_one_empties_it(shown, monkeypatch):
    one = picture()
    one.refresh(panels(3))
    assert shown.outputs == []  # the cell may be over soon
    now = [time.monotonic() + 3]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    one.refresh(())
    assert shown.outputs == []
    one.refresh(panels(3))
    one.refresh(panels(4))  # too early
    assert len(shown.outputs) == 1
    assert shown.outputs[0]["text/html"].startswith('<div class="introspect-abc"><iframe ')
    assert len(shown.outputs[0]["text/html"]) < 250_000
    now[0] += 100
    one.refresh(panels(5))
    assert len(shown.outputs) == 2
    one.clear()
    one.clear()
    assert len(shown.outputs) == 3
    assert set(shown.outputs[-1].values()) == {""}


def test_a_cell_that_ends_at_once_never_had_the_second_output(shown, publish):
    publisher = publish(FakeWidget(), picture())
    publisher.show(panels(3))
    publisher.close("finished")
    assert shown.outputs == []


def test_keeping_the_picture_is_seldom_whatever_it_costs(shown, monkeypatch):
    clock = [time.monotonic() + 3]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    spent = iter(np.arange(100) * 5.0)  # each picture takes 5 s of the thread
    monkeypatch.setattr(time, "thread_time", lambda: next(spent))
    one = picture()
    for _ in range(1000):
        one.refresh(panels(3))
        clock[0] += 1
    assert len(shown.outputs) == 1
