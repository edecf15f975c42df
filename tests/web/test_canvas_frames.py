"""A user's own HTML in a frame: shown as it looks, without scripts and without addresses."""

from introspect.canvas.html import page
from introspect.nouns.panels import FramePanel

MARKUP = """
<style>b { color: rgb(255, 0, 0) }</style>
<p style="font-size: 30px">words <b id="red">in red</b></p>
<svg width="80" height="40"><rect width="80" height="40" style="fill: rgb(0, 0, 255)"/></svg>
"""
HOSTILE = """
<p id="there">there</p>
<script>parent.hit = 1; document.body.innerHTML = ""; alert(1)</script>
<script src="https://example.org/x.js"></script>
<img src="https://example.org/a.png" onerror="parent.hit = 2"><svg onload="alert(3)"></svg>
<iframe src="https://example.org"></iframe><link rel="stylesheet" href="https://example.org/a.css">
<form action="https://example.org"><button id="send">send</button></form>
<a id="out" href="https://example.org" target="_top">out</a><meta http-equiv="refresh" content="0;https://example.org">
<base href="https://example.org">
"""


def test_markup_looks_as_it_was_written(show):
    panel = FramePanel("", None, [MARKUP], height_px=120, title="Mine")
    tab = show.plain(page([panel]).encode())
    frame = tab.frame_locator(".itc iframe")
    colour = frame.locator("#red").evaluate("(e) => getComputedStyle(e).color")
    assert colour == "rgb(255, 0, 0)"
    assert frame.locator("p").evaluate("(e) => getComputedStyle(e).fontSize") == "30px"
    assert frame.locator("rect").evaluate("(e) => getComputedStyle(e).fill") == "rgb(0, 0, 255)"
    assert tab.locator(".itc iframe").bounding_box()["height"] == 136
    assert tab.locator(".itc h2").text_content() == "Mine"


def test_no_script_of_it_runs_and_nothing_of_it_is_fetched(chromium, tmp_path):
    path = tmp_path / "page.html"
    path.write_text(page([FramePanel("", None, [HOSTILE])]))
    context = chromium.new_context()
    asked = []
    context.route(
        lambda url: not url.startswith(("file:", "data:", "blob:")),
        lambda route: (asked.append(route.request.url), route.abort()),
    )
    tab = context.new_page()
    tab.on("dialog", lambda dialog: asked.append(dialog.message))
    tab.goto(path.as_uri())
    frame = tab.frame_locator(".itc iframe")
    assert frame.locator("#there").text_content() == "there"
    frame.locator("#send").click()
    frame.locator("#out").click()
    tab.wait_for_timeout(300)
    assert tab.evaluate("window.hit") is None
    assert tab.url == path.as_uri()
    assert asked == []
    context.close()
