"""Branches that are wider than a page in one row stand in rows and columns."""

import pytest

from introspect.graph.layout.grid import LEAST, WIDEST, find_grid
from introspect.graph.layout.rank import Items
from tests.graph.test_layout import absolute, crossings
from tests.graph.test_layout_rules import Model, middle


def heads(count, *, fork=True, join=True, length=1):
    """Branches of `length` boxes between a stem and a concat."""
    model = Model()
    stem = model.box("stem", model.io("input")) if fork else None
    ends = []
    rows = []
    for k in range(count):
        box = model.box(f"head{k}", stem) if stem else model.io(f"input{k}")
        rows.append(box)
        for n in range(length - 1):
            box = model.box(f"tail{k}.{n}", box)
        ends.append(box)
    if join:
        model.io("output", model.merge("concat", *ends))
    return model, rows


@pytest.mark.parametrize("direction", ["TB", "LR"])
@pytest.mark.parametrize(("fork", "join"), [(True, True), (True, False), (False, True)])
@pytest.mark.parametrize("length", [1, 2])
def test_many_branches_are_rows_and_columns_without_crossings(direction, fork, join, length):
    model, _ = heads(40, fork=fork, join=join, length=length)
    root, _ = model.place(direction)
    assert crossings(absolute(root)) == 0


def test_a_wide_fan_is_as_wide_as_a_page_and_reads_from_left_to_right_and_down():
    model, rows = heads(17)
    root, at = model.place(ratio=0.1)
    tops = sorted({at[box][1] for box in rows})
    assert len(tops) == 2
    assert root.width < WIDEST + 60
    places = [(at[box][1], at[box][0]) for box in rows]
    assert places == sorted(places)
    columns = {round(middle(at[box])) for box in rows}
    assert len(columns) == 9


def test_the_middle_column_of_an_odd_number_stands_on_the_main_path():
    model, rows = heads(17)
    _, at = model.place(ratio=0.1)
    stem = next(box for box in at if box.name == "stem")
    assert middle(at[rows[4]]) == pytest.approx(middle(at[stem]))


def test_few_branches_stay_in_one_row():
    model, rows = heads(LEAST - 1)
    _, at = model.place(ratio=0.1)
    assert len({at[box][1] for box in rows}) == 1


def test_nothing_is_no_grid():
    assert find_grid(Items(), labels_across=True) is None
