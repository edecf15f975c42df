"""A user's own HTML and SVG: its words in still pictures, its markup for browsers."""

import io
import re
from html import escape

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

import introspect
from introspect.canvas import Canvas, frame
from introspect.canvas.html import page
from introspect.canvas.markup import stated_height_px, words_of
from introspect.canvas.shots import shots_of
from introspect.canvas.terminal import as_renderable
from introspect.errors import IntrospectWarning
from introspect.nouns.panels import FramePanel, TextPanel, leaves

WORDS = st.text("abc äß<>&\"'", min_size=1, max_size=20).filter(lambda text: text.strip() == text)


def test_markup_is_sent_as_it_was_written_and_shown_as_its_words(canvas, texts):
    html = '<p style="color:red">one <b>two</b></p><script>alert(1)</script><p>three &lt; four'
    canvas.draw_frame(html, title="Mine")
    (panel,) = canvas.panels
    meta, arrays = shots_of(panel).shot(0)
    assert (meta["html"], arrays) == (html, {})
    drawn = texts(canvas.figure)
    assert {"Mine", "one two", "three < four"} <= set(drawn)
    assert not any("alert" in text for text in drawn)


def test_what_shows_itself_in_a_notebook_and_metrics_of_texts_are_frames():
    class Shown:
        def _repr_html_(self):
            return "<i>from a notebook</i>"

    class Drawn:
        def _repr_svg_(self):
            return '<svg height="40"><text>drawn</text></svg>'

    history = introspect.History()
    for step in range(3):
        history.log(step, note=introspect.values.Text(f"<b>{step}</b>"))
    canvas = Canvas(backend="none")
    with canvas:
        canvas.draw_frame(Shown())
        canvas.draw_frame(Drawn())
        canvas.draw_frame(history["note"])
    first, second, third = (shots_of(panel) for panel in leaves(canvas.panels))
    assert first.shot(0)[0]["html"] == "<i>from a notebook</i>"
    assert second.shot(0)[0]["height"] == 40
    assert [third.shot(row)[0]["html"] for row in range(3)] == ["<b>0</b>", "<b>1</b>", "<b>2</b>"]
    assert third.title == "note"


@pytest.mark.parametrize(
    ("html", "height"),
    [
        ('<svg width="90" height="72pt"></svg>', 96),
        ("<svg viewBox='0 0 90 40'/>", 40),
        ('<?xml version="1.0"?><!-- x --><svg height="2in" viewBox="0 0 1 1">', 192),
        ('<div style="width:10px; height: 150px">x</div>', 150),
        ('<svg height="100%" viewBox="0,0,90,44.6">', 45),
        ('<div style="line-height:3">', None),
        ("<p>words", None),
        ("no markup", None),
        ('<svg height="1.2.3">', None),
        ('<svg height="99999999">', 2000),
    ],
)
def test_a_frame_is_as_high_as_its_markup_says(html, height):
    assert stated_height_px(html) == height


def test_a_height_that_was_given_wins_and_one_that_cannot_be_is_a_warning():
    canvas = Canvas(backend="none")
    canvas.draw_frame('<svg height="40">', height_px=300)
    assert shots_of(next(leaves(canvas.panels))).shot(0)[0]["height"] == 300
    with pytest.warns(IntrospectWarning, match=r"a frame cannot be so high[\s\S]*height_px=0"):
        canvas.draw_frame("x", height_px=0)


def test_too_much_markup_says_so_in_its_place():
    meta, _ = shots_of(FramePanel("", None, ["x" * 1_000_001])).shot(0)
    assert "1\u202f000\u202f001 letters are too many" in meta["html"]


@given(st.lists(WORDS, max_size=5))
def test_paragraphs_come_back_as_their_words(paragraphs):
    html = "".join(f"<p>{escape(words)}</p>" for words in paragraphs)
    shown = [re.sub(r"\s+", " ", line.words) for line in words_of(html)]
    assert shown == [re.sub(r"\s+", " ", words) for words in paragraphs]


@given(st.text("<>/!?-ab =\"'&;#x0", max_size=80))
def test_broken_markup_is_some_words_and_no_error(html):
    assert all(line.words for line in words_of(html))
    assert (stated_height_px(html) or 1) >= 1


def test_the_twin_draws_on_axes_of_mine():
    ax = frame("<h1>Head</h1><ul><li>item", title="T")
    assert {"Head", "item"} <= {text.get_text() for text in ax.texts}


def test_a_terminal_shows_the_words(canvas):
    canvas.draw_frame("<table><tr><td>a<td>b</table>")
    console = Console(width=60, record=True, file=io.StringIO())
    console.print(as_renderable(canvas.panels, width=60, height=20))
    assert "a b" in console.export_text()


def test_only_a_page_with_markup_of_a_users_allows_its_styles():
    steps = np.arange(1)
    plain = page([TextPanel("", steps, ["<b style='color:red'>x</b>"])])
    framed = page([FramePanel("", steps, ["<b style='color:red'>x</b>"])])
    assert "unsafe-inline" not in plain
    assert "style-src &#x27;unsafe-inline&#x27;;" in framed
    assert "script-src &#x27;sha256-" in framed
