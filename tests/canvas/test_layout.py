"""Rows and columns: where panels stand, and that nothing leaves the page."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from introspect.canvas import Canvas
from introspect.canvas.places import arranged, items_of
from introspect.errors import CanvasError
from introspect.nouns.panels import Column, MessagePanel, Row, leaves


def places(canvas):
    """Left, right, bottom and top of the axes, in shares of the page, in drawing order."""
    boxes = [ax.get_position() for ax in canvas.figure.axes]
    return [(box.x0, box.x1, box.y0, box.y1) for box in boxes]


def test_a_row_stands_side_by_side_and_a_column_one_under_the_other(canvas):
    with canvas, canvas.row([2, 1]):
        canvas.draw_plot([3, 2, 1], title="Loss")
        with canvas.column():
            canvas.draw_plot([1, 2], title="A")
            canvas.draw_plot([2, 3], title="B")
    loss, first, second = places(canvas)
    assert loss[1] < first[0]
    assert first[0] == pytest.approx(second[0])
    assert first[1] == pytest.approx(second[1])
    assert first[2] > second[3]
    assert loss[2] == pytest.approx(second[2], abs=0.02)
    assert loss[1] - loss[0] > 1.5 * (first[1] - first[0])


def test_a_row_outside_of_with_is_a_picture_of_its_own(canvas):
    with canvas.row():
        canvas.draw_plot([1, 2])
        canvas.draw_plot([2, 1])
    (row,) = canvas.panels
    assert isinstance(row, Row)
    assert len(row.panels) == 2


def test_an_exception_in_a_row_drops_the_picture_and_leaves_the_canvas_usable(canvas):
    canvas.draw_plot([1, 2], title="before")
    with pytest.raises(KeyError), canvas, canvas.row():  # noqa: PT012  what fails is in the block
        canvas.draw_plot([1])
        raise KeyError
    assert [panel.title for panel in leaves(canvas.panels)] == ["before"]
    canvas.draw_plot([1, 2], title="after")
    assert [panel.title for panel in leaves(canvas.panels)] == ["after"]


def test_an_empty_row_is_nothing(canvas):
    with canvas:
        with canvas.row():
            pass
        canvas.draw_plot([1, 2])
    assert len(canvas.panels) == 1


@pytest.mark.parametrize("shares", [[0, 1], [float("nan"), 1], [-1, 2]])
def test_shares_that_cannot_be_are_refused(canvas, shares):
    with pytest.raises(CanvasError, match="above 0"), canvas.row(shares):
        pass


def test_too_many_shares_for_a_narrow_page_go_one_under_the_other():
    canvas = Canvas(backend="none", width_in=3)
    with canvas, canvas.row():
        for _ in range(4):
            canvas.draw_plot([1, 2])
    lefts = {round(box[0], 3) for box in places(canvas)}
    assert len(lefts) == 1


def test_four_numbers_of_shares_for_two_members_are_ignored(canvas):
    with canvas, canvas.row([1, 2, 3, 4]):
        canvas.draw_plot([1, 2])
        canvas.draw_plot([1, 2])
    first, second = places(canvas)
    assert first[1] - first[0] == pytest.approx(second[1] - second[0], abs=0.03)


LEAF = st.just("leaf")
TREE = st.recursive(
    LEAF,
    lambda inner: st.tuples(
        st.sampled_from([Row, Column]), st.lists(inner, min_size=1, max_size=4)
    ),
    max_leaves=12,
)


def built(tree, count):
    if tree == "leaf":
        count.append(0)
        return MessagePanel(f"panel {len(count)}", "x")
    kind, members = tree
    return kind(tuple(built(member, count) for member in members))


@given(st.lists(TREE, min_size=1, max_size=5), st.floats(2, 20))
@settings(max_examples=100, deadline=None)
def test_no_two_panels_overlap_and_none_leaves_the_page(trees, width_in):
    count = []
    panels = [built(tree, count) for tree in trees]
    plan = arranged(list(leaves(panels)), width_in, items_of(panels))
    assert len(plan.places) == len(count)
    for index, one in enumerate(plan.places):
        assert one.left_in >= 0
        assert one.top_in >= 0
        assert one.top_in + one.height_in <= plan.height_in + 1e-9
        for other in plan.places[:index]:
            apart = (
                one.left_in + one.width_in <= other.left_in + 1e-9
                or other.left_in + other.width_in <= one.left_in + 1e-9
                or one.top_in + one.height_in <= other.top_in + 1e-9
                or other.top_in + other.height_in <= one.top_in + 1e-9
            )
            assert apart


def test_panels_that_count_epochs_share_their_x_axis(canvas, metric):
    steps = [(epoch, 0) for epoch in range(10)]
    with canvas:
        canvas.draw_plot(metric("long", list(range(10)), steps), title="long")
        canvas.draw_plot(metric("short", [1.0, 2.0], steps[:2]), title="short")
    first, second = canvas.figure.axes
    assert first.get_xlim() == second.get_xlim()


def test_axes_with_numbers_begin_at_the_same_x_down_a_column(canvas):
    with canvas:
        with canvas.row():
            canvas.draw_plot([1, 2])
            canvas.draw_plot([1e5, 2e5])
        with canvas.row():
            canvas.draw_plot([1e-5, 2e-5])
            canvas.draw_plot([1, 2])
    boxes = np.array(places(canvas))
    assert boxes[0, 0] == pytest.approx(boxes[2, 0])
    assert boxes[1, 0] == pytest.approx(boxes[3, 0])


def test_a_column_by_itself_stacks_whatever_the_width(canvas):
    canvas.width_in = 14.0
    with canvas, canvas.column():
        canvas.draw_plot([3, 2, 1], title="A")
        canvas.draw_plot([1, 2, 3], title="B")
        canvas.draw_bar({"x": 1, "y": 2}, title="C")
    boxes = [ax.get_position() for ax in canvas.figure.axes]
    assert len(boxes) == 3
    for upper, lower in pairwise(boxes):
        assert upper.y0 > lower.y1
        assert upper.width > 0.8
