"""Findings as text, HTML and rich; alerts; what is not judged."""

import xml.etree.ElementTree as ET
from types import SimpleNamespace

import numpy as np
import pytest

from introspect.errors import HistoryError, IntrospectWarning
from introspect.history import History
from introspect.nouns.sketch import Sketch
from introspect.tensors.findings import CAUSES, Alerts, Finding, Findings, health


def broken(name="fc.weight"):
    history = History()
    for step in range(3):
        values = np.linspace(-1, 1, 100)
        values[: 50 * step] = np.nan
        history.log((0, step), **{f"weights/{name}": Sketch.of(values)})
    return history


def test_a_history_without_tensors_is_not_judged():
    found = health(History())
    assert not found
    assert found.title == "nothing to judge"
    assert "introspect.watch" in repr(found)
    assert "introspect.watch" in found._repr_html_()


def test_what_is_no_history_says_so():
    with pytest.raises(HistoryError, match="int"):
        health(3)


def test_a_finding_says_where_since_when_and_what_to_try():
    (one,) = health(broken())
    assert (one.layer, one.step, one.severity) == ("fc.weight", (0, 1), "fault")
    assert one.since == "from epoch 0, step 1"
    assert "50 of 100 values (50 NaN, 0 Inf)" in one.evidence
    assert "learning rate" in one.hint
    text = repr(health(broken()))
    assert text.startswith("Health: 1 fault\n▲ weights of fc.weight are NaN or infinite\n")


def test_findings_are_a_sequence_sorted_by_what_causes_what():
    history = broken()
    for step in range(4):
        history.log((0, step), **{"activations/relu": Sketch.of([0.0] * 64)})
    found = health(history)
    assert isinstance(found, Findings)
    assert [one.cause for one in found] == ["not finite", "dead"]
    assert found[0] is found.of("not finite")[0]
    assert len(found[:1]) == 1
    assert found.faults == found.found
    order = [CAUSES.index(one.cause) for one in found]
    assert order == sorted(order)


@pytest.mark.parametrize("name", ["fc.weight", "<script>alert(1)</script>&\x00"])
def test_html_is_well_formed_and_safe(name):
    html = health(broken(name))._repr_html_()
    ET.fromstring(html)
    assert "<script>" not in html
    assert 'aria-label="Fault"' in html
    assert "polyline" in html


def test_rich_shows_the_same_words():
    rich = pytest.importorskip("rich.console", reason="rich is an extra")
    console = rich.Console(width=200, record=True, file=open("/dev/null", "w"))  # noqa: SIM115, PTH123  a sink
    console.print(health(broken()))
    assert "▲ weights of fc.weight are NaN or infinite" in console.export_text()
    console.file.close()


def test_alerts_tell_each_finding_once_while_training_goes_on():
    history, told = History(), []
    alerts = Alerts(history, told.append)
    for step in range(5):
        values = np.ones(50) * step
        values[0] = np.nan if step >= 3 else 1.0
        history.log(step, **{"activations/fc": Sketch.of(values)})
        alerts.check()
    assert [one.step for one in told] == [3]
    assert isinstance(told[0], Finding)


def test_an_alert_that_fails_warns_once_and_training_goes_on():
    def fails(finding):
        raise RuntimeError(finding.cause)

    alerts = Alerts(broken(), fails)
    with pytest.warns(IntrospectWarning, match="training goes on") as caught:
        alerts.check()
    assert len(caught) == 1
    alerts = Alerts(3, fails)
    with pytest.warns(IntrospectWarning):
        alerts.check()
    alerts.check()


def test_what_has_healed_is_no_finding():
    history = History()
    for step in range(10):
        dead = 1.0 if step < 5 else 0.0
        values = np.zeros(64) if step < 5 else np.linspace(0, 1, 64)
        history.log(step, **{"activations/relu": Sketch.of(values), "activations/relu/dead": dead})
    assert not health(history)


def test_the_ratio_is_computed_where_it_was_not_logged():
    history = History()
    for step in range(6):
        weights = np.linspace(-1, 1, 100) + step * 0.001
        update = np.full(100, 0.5)
        history.log(
            step,
            **{"weights/w": Sketch.of(weights), "updates/w": Sketch.of(update)},
        )
    (one,) = health(history).of("update ratio")
    exact = 0.5 * 10 / np.linalg.norm(np.linspace(-1, 1, 100))
    assert one.values[0] == pytest.approx(exact)
    assert one.severity == "fault"


def test_updates_are_not_judged_where_the_learning_rate_has_gone_down():
    def logged(rates):
        history = History()
        for step, rate in enumerate(rates):
            weights, update = np.linspace(-1, 1, 100) + step, np.full(100, 1e-3 * rate)
            history.log(step, lr=rate)
            sketches = {"weights/w": Sketch.of(weights), "updates/w": Sketch.of(update)}
            history.log(step, **sketches)
        return health(history).of("update ratio")

    assert not logged([1.0] * 4 + [1e-6] * 20)
    assert logged([1e-6] * 24)


def test_a_watch_tells_findings_while_they_come_up():
    import torch

    import introspect

    told = []
    model = torch.nn.Linear(4, 2)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with introspect.watch(model, optimizer, every=1, on_finding=told.append):
        for step in range(3):
            optimizer.zero_grad()
            (model(torch.ones(3, 4)).sum() * (float("inf") if step else 1.0)).backward()
            optimizer.step()
    assert [finding.cause for finding in told][:1] == ["not finite"]


def test_a_listener_that_fails_ends_no_training():
    import torch

    import introspect
    from introspect.errors import IntrospectWarning

    def fail(finding):
        raise ZeroDivisionError(finding.cause)

    model = torch.nn.Linear(4, 2)
    with introspect.watch(model, log="weights", every=1, on_finding=fail) as watch:
        model.weight.data[0, 0] = float("nan")
        with pytest.warns(IntrospectWarning, match="training goes on"):
            watch.step(0)
        watch.step(1)


def test_alerts_look_early_and_then_for_one_percent_of_the_time(monkeypatch):
    now_s, looks = [0.0], []
    clock = SimpleNamespace(perf_counter=lambda: now_s[0])
    monkeypatch.setattr("introspect.tensors.findings.time", clock)

    def look(self):
        del self
        looks.append(now_s[0])
        now_s[0] += 0.1

    monkeypatch.setattr(Alerts, "check", look)
    alerts = Alerts(History(), print)
    for _ in range(20_000):
        alerts.check_seldom()
        now_s[0] += 0.05
    assert sum(at < 6.0 for at in looks) >= 4, "a short training is told of its faults, too"
    assert 0.1 * len(looks) <= 0.5 + 0.01 * now_s[0] + 0.1
    assert 0.1 * len(looks) >= 0.009 * now_s[0]
