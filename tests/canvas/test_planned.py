"""The x axis reaches to the planned end of the training."""

import numpy as np
import pytest

from introspect.canvas import Canvas
from introspect.canvas.planned import reaching
from introspect.nouns.panels import LinePanel, ProgressPanel, Row, Series


def line(steps, **options):
    steps = np.asarray(steps, np.int64)
    return LinePanel((Series("loss", steps, np.ones(len(steps))),), **options)


PAIRS = [(epoch, step) for epoch in range(1, 4) for step in range(10)]


@pytest.mark.parametrize(
    ("plan", "panel", "xlim"),
    [
        (ProgressPanel("", 500, 1000), line(range(500)), (None, 1000.0)),
        (ProgressPanel("", 500, 1000), line(range(501)), (None, 1000.0)),
        (ProgressPanel("", 500, 1000), line(range(0, 500, 100)), (None, 1000.0)),
        (ProgressPanel("", 500, 1000), line(range(500), xlim=(10, None)), (10, 1000.0)),
        (ProgressPanel("", 500, 1000), line(range(500), epochs=100), (None, 10.0)),
        (ProgressPanel("", 30, 100, epochs=10), line(PAIRS), (None, 11.0)),
        # An end of the user's own, units that differ, nothing to see yet, nothing to come.
        (ProgressPanel("", 500, 1000), line(range(500), xlim=(0, 700)), (0, 700)),
        (ProgressPanel("", 500, 1000), line(range(5)), None),
        (ProgressPanel("", 5, 10), line(range(500)), None),
        (ProgressPanel("", 30, 100), line(PAIRS), None),
        (ProgressPanel("", 3, 2, epochs=1), line(PAIRS), None),
        (ProgressPanel("", 100, 1000), line(range(100)), None),
        (ProgressPanel("", 1000, 1000), line(range(1000)), None),
        (ProgressPanel("", 0, 0), line(range(10)), None),
        (ProgressPanel("", 500, 1000), line(range(500), log="x"), None),
        (ProgressPanel("", 500, 1000), line([]), None),
    ],
)
def test_the_axis_ends_where_the_training_will(plan, panel, xlim):
    (shown,) = [one for one in reaching([plan, panel]) if one is not plan]
    assert shown.xlim == xlim


def test_two_plans_or_none_change_nothing():
    panel, plan = line(range(500)), ProgressPanel("", 500, 1000)
    assert reaching([panel]) == (panel,)
    assert reaching([plan, plan, panel]) == (plan, plan, panel)


def test_rows_are_looked_into_and_the_picture_has_the_axis():
    canvas = Canvas(backend="none")
    with canvas:
        canvas.draw_progress(500, 1000)
        with canvas.row():
            canvas.draw_plot(list(range(500)), title="A")
            canvas.draw_plot(list(range(500)), title="B", xlim=(0, 100))
    assert isinstance(canvas.panels[1], Row)
    ends = [ax.get_xlim()[1] for ax in canvas.figure.axes[1:]]
    assert ends == [1000.0, 100.0]
    with canvas:
        canvas.draw_progress(1000, 1000)
        canvas.draw_plot(list(range(1000)), title="A")
    assert canvas.figure.axes[1].get_xlim()[1] == 999.0
