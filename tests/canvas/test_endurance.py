"""What a long training does to a canvas: forks, interrupts, late metrics, thousands of redraws."""

import gc
import os
import subprocess
import sys
import threading
import tracemalloc

import numpy as np
import pytest

from introspect import History
from introspect.canvas import Canvas
from introspect.nouns.panels import MessagePanel

FULL = bool(os.environ.get("INTROSPECT_FULL"))


def test_redraws_leave_no_figure_thread_or_memory(metric):
    canvas = Canvas(backend="none", width_in=5)
    loss, weight = metric("loss", [3.0, 2.0, 1.0]), metric("w", [np.eye(3), np.eye(3)])

    def redraw(times):
        for _ in range(times):
            with canvas:
                canvas.draw_plot(loss)
                canvas.draw_bar({"a": 1.0, "b": 2.0})
                canvas.draw_heatmap(weight)
            canvas.figure.canvas.draw()

    redraw(5)
    threads = threading.active_count()
    tracemalloc.start()
    redraw(2)
    gc.collect()
    before = tracemalloc.take_snapshot()
    redraw(10_000 if FULL else 12)
    gc.collect()
    after = tracemalloc.take_snapshot()
    tracemalloc.stop()
    grown = sum(entry.size_diff for entry in after.compare_to(before, "filename"))
    assert grown < 1_500_000
    assert threading.active_count() == threads
    assert (
        "matplotlib.pyplot" not in sys.modules or not sys.modules["matplotlib.pyplot"].get_fignums()
    )


def test_a_hundred_thousand_updates_keep_nothing():
    canvas = Canvas(backend="none")
    values = np.arange(3.0)

    def update(times):
        for _ in range(times):
            with canvas, canvas.row():
                canvas.draw_plot(values)
                canvas.draw_bar(values)
                canvas.draw_scatter((values, values))

    update(100)
    tracemalloc.start()
    update(100)
    before, _ = tracemalloc.get_traced_memory()
    update(100_000 if FULL else 2000)
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert after - before < 200_000


def test_a_forked_child_draws_nothing_and_the_parent_goes_on():
    script = """
import os, sys, time
from introspect.canvas import Canvas
canvas = Canvas(backend="lines", every_s=0)
canvas.draw_plot([3, 2], labels="parent")
sys.stdout.flush()
child = os.fork()
if not child:
    canvas.draw_plot([1, 1], labels="child")
    canvas.close()
    assert canvas.panels[0].series[0].name == "child"
    sys.exit(0)  # runs finalizers, as a worker that returns does
os.waitpid(child, 0)
canvas.draw_plot([2, 1], labels="again")
"""
    done = subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", script],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "child" not in done.stdout
    assert "parent" in done.stdout
    assert "again" in done.stdout


def test_an_interrupt_inside_with_passes_and_the_last_picture_stays(canvas):
    canvas.draw_plot([1, 2], title="before")
    with pytest.raises(KeyboardInterrupt), canvas:  # noqa: PT012  what fails is in the block
        canvas.draw_plot([3, 4], title="half")
        raise KeyboardInterrupt
    assert [panel.title for panel in canvas.panels] == ["before"]
    with canvas:
        canvas.draw_plot([5, 6], title="after")
    assert [panel.title for panel in canvas.panels] == ["after"]


def test_an_interrupt_while_a_value_is_read_passes(canvas):
    class Stopping:
        def __array__(self, dtype=None, copy=None):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        canvas.draw_bar(Stopping())
    canvas.draw_bar([1.0], ["a"])


def test_metrics_that_appear_late_join_the_lines_that_are_there(texts):
    history = History()
    canvas = Canvas(backend="none")
    for step in range(4):
        history.log(step, train=float(step))
        if step >= 2:
            history.log(step, test=float(step) * 2)
        with canvas:
            canvas.draw_plot([history[key] for key in history.keys()], title="Loss")  # noqa: SIM118
    assert [len(line.values) for line in canvas.panels[0].series] == [4, 2]
    assert {"train", "test"} <= set(texts(canvas.figure))


def test_draw_summary_alone_is_a_picture(texts):
    history = History()
    history.log((1, 20), loss=1.0)
    canvas = Canvas(backend="none")
    canvas.draw_summary(history, title="run")
    assert {"run", "epoch", "1", "step", "20"} <= set(texts(canvas.figure))


@pytest.mark.parametrize(
    "values",
    [
        [],
        [1.0],
        [np.nan],
        [np.inf, -np.inf],
        [1.0, np.nan, np.nan, 2.0],
        [5.0] * 100,
        [0.0] * 3,
        [1e300, -1e300],
        [5e-324, 1e-320],
    ],
)
@pytest.mark.parametrize("log", ["", "x", "y", "xy"])
def test_every_odd_column_is_painted_on_every_axis(canvas, metric, values, log):
    canvas.draw_plot(metric("loss", values), log=log, smooth=3, baselines={"b": 0.5})
    assert not isinstance(canvas.panels[0], MessagePanel)
    canvas.figure.canvas.draw()


def test_pictures_of_changing_shape_stand_in_one_grid(canvas, metric):
    data = [np.zeros((2, 1, 4, 4)), np.ones((3, 3, 8, 5))]
    canvas.draw_images(metric("x", data), title="x")
    canvas.figure.canvas.draw()
    mixed = [np.zeros((4, 4)), np.ones((3, 8, 5))]
    canvas.draw_images(mixed)
    assert len(canvas.figure.axes[0].images) == 2


@pytest.mark.parametrize("suffix", [".png", ".svg", ".html"])
def test_labels_with_html_stay_words(canvas, tmp_path, suffix):
    evil = "<script>alert(1)</script><img src=x onerror=alert(2)>"
    with canvas:
        canvas.draw_plot([1, 2], labels=evil, title=evil, ylabel=evil, baselines={evil: 1})
        canvas.draw_bar([1, 2], [evil, "b"], title=evil)
        canvas.draw_text(evil, title=evil)
        canvas.draw_table([(evil, 1)], [evil, "n"])
        canvas.draw_scatter([[0.0, 0.0]], [evil])
        canvas.draw_heatmap([[1.0]], rows=[evil], columns=[evil])
        canvas.draw_pie({evil: 1})
    canvas.save(tmp_path / f"x{suffix}")
    content = (tmp_path / f"x{suffix}").read_bytes()
    assert b"<script>alert" not in content
    assert b"<img src=x" not in content


def test_the_cost_of_an_update_is_the_same_at_any_length(metric):
    import time

    canvas = Canvas(backend="none")

    def cost(n):
        columns = [metric(f"m{i}", np.zeros(1)) for i in range(3)]
        from introspect.nouns.metric import Metric

        columns = [Metric(c.name, np.arange(n), np.zeros(n), np.zeros(n)) for c in columns]
        best = np.inf
        for _ in range(200):
            begin = time.process_time()
            with canvas:
                for column in columns:
                    canvas.draw_plot(column)
            best = min(best, time.process_time() - begin)
        return best

    few, many = cost(100), cost(1_000_000)
    assert many < 3 * few + 2e-5
    assert many < 1e-3
