"""A user's own drawings as pictures for browsers."""

import time

import pytest

from introspect.canvas import Canvas, pictured
from introspect.canvas.figure import Easel
from introspect.canvas.pictured import Pictured
from introspect.nouns.panels import Column, CustomPanel, FigurePanel, LinePanel, Row, leaves
from introspect.nouns.values.figure import png_size


class Mine(Canvas):
    painted = 0

    def draw_mine(self, height):
        self.painted += 1
        self.ax.plot([0, height])


@pytest.fixture
def mine():
    return Mine(backend="none")


def test_drawings_become_pictures_where_they_stand(mine):
    with mine, mine.row():
        mine.draw_mine(1)
        with mine.column():
            mine.draw_plot([1, 2])
            mine.draw_mine(2)
    shown = Pictured(lambda: mine._easel("light")).of(mine.panels)
    assert [type(one) for one in leaves(shown)] == [FigurePanel, LinePanel, FigurePanel]
    assert isinstance(shown[0], Row)
    assert isinstance(shown[0].panels[1], Column)
    (value,) = next(leaves(shown)).data
    assert png_size(value.png) == (value.width_px, value.height_px)
    assert mine.painted == 2


def test_panels_without_drawings_pass_as_they_are_and_load_no_matplotlib(mine):
    mine.draw_plot([1, 2])

    def never():
        raise AssertionError

    assert Pictured(never).of(mine.panels) is mine.panels


def test_a_drawing_is_painted_at_its_pace_when_asked_and_when_another_appears(monkeypatch):
    shown = Pictured(Easel)
    panels = [CustomPanel("a", lambda: None)]
    first = shown.of(panels)[0]
    assert shown.of(panels)[0] is first
    assert shown.of(panels, now=True)[0] is not first
    assert len(shown.of([*panels, CustomPanel("b", lambda: None)])) == 2
    later = shown.of(panels)[0]
    monkeypatch.setattr(time, "monotonic", lambda: 1e12)
    assert shown.of(panels)[0] is not later
    assert pictured._SHARE >= 4
