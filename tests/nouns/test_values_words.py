"""Text and Table against pandas and plain Python."""

import datetime as dt
import math
from pathlib import PurePosixPath

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import introspect
from introspect.errors import HistoryError
from introspect.nouns.values import Table, Text

entries = st.one_of(
    st.none(), st.booleans(), st.text(), st.floats(), st.integers(-(2**63), 2**64 - 1)
)


def test_text_is_markdown_and_says_how_it_begins():
    text = Text("# " + "long " * 100)
    assert text._repr_markdown_() == text.text
    assert len(repr(text)) < 80
    assert Text.of(7) == Text("7")
    with pytest.raises(HistoryError, match=r"type str[\s\S]*7 \(int\)"):
        Text(7)  # ty: ignore[invalid-argument-type]
    with pytest.raises(HistoryError, match="too long"):
        Text("x" * 16_000_001)


@given(st.lists(st.tuples(entries, entries, entries), max_size=6))
def test_rows_of_plain_values_stay_what_they_are(rows):
    made = Table.of(rows, columns=["a", "b", "c"])
    assert made.columns == ("a", "b", "c")
    assert repr(made.rows) == repr(tuple(rows))


def test_rows_columns_dicts_and_frames_give_the_same_table():
    pd = pytest.importorskip("pandas", reason="frames are made by it")
    expected = Table(("word", "n", "p"), (("cat", 1, 0.5), ("dog", 2, 0.25)))
    columns = {"word": ["cat", "dog"], "n": np.array([1, 2]), "p": torch.tensor([0.5, 0.25])}
    rows = [["cat", np.int64(1), torch.tensor(0.5)], ("dog", 2, np.float32(0.25))]
    assert Table.of(columns) == expected
    assert Table.of(rows, columns=["word", "n", "p"]) == expected
    assert Table.of([dict(zip(columns, row, strict=True)) for row in rows]) == expected
    frame = pd.DataFrame({"word": ["cat", "dog"], "n": [1, 2], "p": [0.5, 0.25]}, index=[7, 9])
    assert Table.of(frame) == expected
    assert Table.of(frame, columns=["p", "word"]).rows == ((0.5, "cat"), (0.25, "dog"))
    pd.testing.assert_frame_equal(expected.to_pandas(), frame.reset_index(drop=True))


def test_what_python_has_no_entry_for_becomes_its_text_and_what_is_missing_none():
    pd = pytest.importorskip("pandas", reason="missing values of its own")
    row = [dt.date(2026, 1, 2), PurePosixPath("a/b"), pd.NaT, pd.NA, np.bool_(True),
           np.uint64(2**64 - 1), torch.tensor(True), np.array(3), np.str_("x")]  # fmt: skip
    (made,) = Table.of([row]).rows
    assert made == ("2026-01-02", "a/b", None, None, True, 2**64 - 1, True, 3, "x")
    assert [type(entry) for entry in made] == [
        str, str, type(None), type(None), bool, int, bool, int, str,
    ]  # fmt: skip
    (nan,) = Table.of([[np.float32("nan")]]).rows[0]
    assert type(nan) is float
    assert math.isnan(nan)


def test_missing_keys_of_rows_are_none_and_numbers_name_what_has_no_name():
    assert Table.of([{"a": 1}, {"b": 2}]).rows == ((1, None), (None, 2))
    assert Table.of([[1, 2]]).columns == ("0", "1")
    assert Table.of(np.eye(2)).rows == ((1.0, 0.0), (0.0, 1.0))
    assert Table.of([]) == Table((), ())
    assert Table.of([], columns=["a"]) == Table(("a",), ())


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Table.of([[1, 2], [3]]), "1 entries in row 1, 2 columns"),
        (lambda: Table.of({"a": [1], "b": [1, 2]}), r"equally long[\s\S]*a: 1, b: 2"),
        (lambda: Table.of([1, 2]), "a row of a table is a sequence"),
        (lambda: Table.of(["ab"]), "a row of a table is a sequence"),
        (lambda: Table.of([[np.zeros(3)]]), r"single value[\s\S]*\(3,\)"),
        (lambda: Table.of([[2**64]]), "65 bits in row 0"),
        (lambda: Table.of([[10**9999]]), "64 bits"),
        (lambda: Table.of({"a": [1]}, columns=["b"]), r"no such column[\s\S]*'a'"),
        (lambda: Table.of([[0] * 1000] * 2001), "too long"),
        (lambda: Table(("a",), ((object(),),)), "an entry is of type"),
        (lambda: Table(("a",), ((np.float64(1),),)), "an entry is of type"),
        (lambda: Table(["a"], ()), "columns is of type tuple"),
    ],
)
def test_what_is_no_table_is_told(make, words):
    with pytest.raises(HistoryError, match=words):
        make()


def test_nothing_in_a_table_breaks_out_of_its_cell():
    table = Table.of([["<script>", "a|b\nc", None]], columns=["<b>", "x", "y"])
    assert "<script>" not in table._repr_html_()
    assert "<b>" not in table._repr_html_()
    assert table.to_markdown().splitlines()[2] == r"| &lt;script&gt; | a\|b c |  |"
    assert "and 5 more rows" in Table.of([[0]] * 25)._repr_html_()


def test_the_room_of_values_offers_every_kind():
    for name in introspect.values.__all__:
        assert getattr(introspect.values, name).__name__ == name
    assert set(introspect.values.__all__) | {"to_numpy"} == set(dir(introspect.nouns.values))
    with pytest.raises(AttributeError, match="Picture"):
        introspect.nouns.values.Picture  # noqa: B018
