"""Tables, lines and repr, with names that try to break out of them."""

import io
import sys

import numpy as np
import pytest

from introspect.errors import IntrospectWarning
from introspect.history import History
from introspect.nouns.values import Image


def small():
    history = History()
    history.log((1, 100), loss=0.51234, acc=0.8)
    history.log((1, 200), loss=0.25, weight=np.zeros((2, 3), np.float32))
    history.log((1, 200), picture=Image.of(np.zeros((4, 5))))
    return history


def test_the_summary_lists_keys_counts_and_last_values():
    lines = repr(small().summary()).splitlines()
    assert lines[0] == "<History in memory: 4 keys, 5 values, last step 1:200>"
    assert [line.split() for line in lines[1:]] == [
        ["key", "values", "last"],
        ["loss", "2", "0.25"],
        ["acc", "1", "0.8"],
        ["weight", "1", "ndarray", "float32", "(2,", "3)"],
        ["picture", "1", "Image", "5×4", "grey"],
    ]


def test_a_summary_of_nothing_is_one_line():
    assert repr(History().summary()) == "<History in memory: empty>"


def test_the_summary_of_a_folder_is_that_of_the_writer(tmp_path):
    with History(tmp_path) as history:
        history.log(3, x=1.5, y=2)
    assert repr(History(tmp_path).summary()) == repr(history.summary())
    assert str(tmp_path) in repr(history)


def test_a_notebook_shows_a_table_in_which_names_are_escaped():
    history = History()
    history.log(0, **{"<script>alert(1)</script>": 1.0, "a&b": 2.0})
    html = history._repr_html_()
    assert "<script>" not in html
    assert "&lt;script&gt;" in html
    assert "a&amp;b" in html
    assert html.count("<tr>") == 3


def test_names_cannot_break_lines_or_move_the_cursor():
    history = History()
    history.log(0, **{"a\nb\x1b[2J": 1.0, "k" * 500: 2.0})
    text = repr(history.summary())
    assert len(text.splitlines()) == 4
    assert "\x1b" not in text
    assert max(map(len, text.splitlines())) < 80


def test_progress_prints_lines_where_there_is_no_terminal(capsys):
    history = small()
    history.progress()
    history.progress()
    lines = capsys.readouterr().out.splitlines()
    assert lines == ["step 1:200  0:00:00  loss 0.25  acc 0.8"] * 2


def test_progress_before_the_first_log(capsys):
    History().progress()
    assert capsys.readouterr().out == "nothing logged yet\n"


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_progress_rewrites_its_line_in_a_terminal(monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setenv("COLUMNS", "19")
    small().progress()
    assert terminal.getvalue() == "\rstep 1:200  0:00:0\x1b[K"


def test_progress_does_not_read_images_back(tmp_path):
    history = History(tmp_path)
    history.log(0, picture=Image.of(np.zeros((4, 5))), loss=1.0)
    history.flush()
    (path,) = tmp_path.glob("*.segment")
    path.unlink()
    history.progress()
    assert history["loss"].last == 1.0
    with pytest.warns(IntrospectWarning, match="deleted"):
        history.close()


def test_a_history_below_the_working_directory_shows_no_more_of_its_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert repr(History("runs/a")) == "<History runs/a: empty>"
    monkeypatch.chdir(tmp_path / "runs")
    assert str(tmp_path / "b") in repr(History(tmp_path / "b"))
