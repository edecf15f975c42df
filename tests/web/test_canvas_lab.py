"""In JupyterLab and Notebook 7: live while the cell runs, after a reload, without a kernel."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

pytest.importorskip("jupyterlab", reason="needs jupyterlab")
pytest.importorskip("anywidget", reason="needs anywidget")
nbformat = pytest.importorskip("nbformat")

pytestmark = pytest.mark.slow

TRAIN = """
import time
from pathlib import Path
from introspect import Canvas, History
history, canvas = History(), Canvas()
for step in range(100_000):
    history.log(step, loss=1 / (1 + step / 50), wave=(step % 10) / 10)
    with canvas:
        canvas.draw_plot([history["loss"], history["wave"]], title="Loss")
        canvas.draw_hist([0.1 * step, 0.5, 0.2], title="<script>alert(1)</script>")
    time.sleep(0.01)
    if step > 49 and (Path(STOP).exists() or step > 20_000):
        break
"""
KEPT = "[class^=introspect-] iframe"
VIEW = "document.querySelector('.itc')?.introspect"


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """Address and folder of a JupyterLab with settings of its own."""
    yield from served(tmp_path_factory.mktemp("lab"), "jupyterlab")


@pytest.fixture(scope="module")
def classic(tmp_path_factory):
    """Address and folder of a Notebook 7."""
    pytest.importorskip("notebook", minversion="7", reason="needs notebook 7")
    yield from served(tmp_path_factory.mktemp("notebook"), "notebook")


def served(home, application):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    folders = {
        "JUPYTER_CONFIG_DIR": "config",
        "JUPYTER_DATA_DIR": "data",
        "JUPYTER_RUNTIME_DIR": "runtime",
        "IPYTHONDIR": "ipython",
        "JUPYTERLAB_SETTINGS_DIR": "settings",
        "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
    }
    environment = {**os.environ, **{name: str(home / part) for name, part in folders.items()}}
    environment["OMP_NUM_THREADS"] = "1"
    server = subprocess.Popen(
        [
            *(sys.executable, "-m", application, "--no-browser", "--allow-root"),
            *("--ip=127.0.0.1", f"--port={port}", "--IdentityProvider.token=secret"),
            *(f"--ServerApp.root_dir={home}", "--ServerApp.port_retries=0"),
            "--LabApp.news_url=None",
        ],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    address = f"http://127.0.0.1:{port}"
    end = time.monotonic() + 60
    while True:
        try:
            urllib.request.urlopen(f"{address}/api?token=secret", timeout=2).close()  # noqa: S310  our own
            break
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            assert time.monotonic() < end, f"{application} did not start"
            time.sleep(0.3)
    yield address, home
    server.terminate()
    server.wait(20)


@pytest.fixture
def open_book(lab, chromium):
    """A notebook in a browser that may ask this machine alone."""
    yield from opening(*lab, "lab/tree", chromium)


@pytest.fixture
def open_classic(classic, chromium):
    """The same in Notebook 7."""
    yield from opening(*classic, "notebooks", chromium)


def opening(address, home, tree, chromium):
    contexts = []

    def opened(name, *sources):
        path = Path(home) / name
        if sources:
            book = nbformat.v4.new_notebook()
            cells = ["import introspect.canvas.widget; print('rea' + 'dy')", *sources]
            book.cells = [nbformat.v4.new_code_cell(source) for source in cells]
            book.metadata["kernelspec"] = {
                "name": "python3",
                "display_name": "Python 3",
                "language": "python",
            }
            nbformat.write(book, path)
        context = chromium.new_context(viewport={"width": 1280, "height": 900})
        contexts.append(context)
        context.route(lambda url: not url.startswith((address, "data:", "blob:")), refuse)
        page = context.new_page()
        # "Select kernel", "changed on disk": on a slow machine they come before the answer.
        accept = page.locator(".jp-Dialog .jp-Dialog-button.jp-mod-accept").first
        page.add_locator_handler(accept, lambda button: button.click())
        page.goto(f"{address}/{tree}/{name}?token=secret&reset")
        page.wait_for_selector(".jp-Notebook .jp-CodeCell", timeout=60_000)
        return page

    def refuse(route):
        route.abort()

    yield opened
    for context in contexts:
        context.close()


def run_cell(page):
    """Run the second cell once the first has shown that kernel and page hear each other."""
    press(page, 0)
    page.wait_for_selector(".jp-CodeCell >> nth=0 >> text=/ready/ >> visible=true", timeout=90_000)
    press(page, 1)


def press(page, index):
    """Run a cell; again until its prompt says so: a page is idle before its kernel listens."""
    for _ in range(20):
        page.click(f".jp-CodeCell >> nth={index} >> .jp-InputArea-editor")
        page.keyboard.press("Control+Enter")
        time.sleep(1.5)
        if prompt(page, index) != "[ ]:":
            break


def saved(page, path, is_there):
    """What stands in the file once its text is as wished."""
    end = time.monotonic() + 60
    while True:
        page.click(".jp-CodeCell >> nth=1 >> .jp-InputArea-editor")
        page.keyboard.press("Control+s")
        time.sleep(1)
        text = path.read_text()
        if is_there(text):
            return json.loads(text)
        assert time.monotonic() < end, "the output did not come into the file"


def is_final(text):
    """Whether the output stands without a widget."""
    return "display_data" in text and "widget-view" not in text


def is_kept(text):
    """Whether the picture of a cell that still runs is there."""
    return 'class=\\"introspect-' in text and "iframe" in text


def displayed(book):
    """The outputs that show something."""
    found = [o for o in book["cells"][1]["outputs"] if o["output_type"] == "display_data"]
    return [output for output in found if any(map("".join, output["data"].values()))]


def trained_until(name):
    """The training, until a file of that name is there."""
    return TRAIN.replace("STOP", repr(name))


def prompt(page, index=1):
    return page.text_content(f".jp-CodeCell >> nth={index} >> .jp-InputPrompt")


def test_live_while_the_cell_runs_after_a_reload_and_then_without_a_kernel(open_book, until, lab):
    def act(path, stop):
        page = open_book(path.name, trained_until(stop.name))
        run_cell(page)
        until(page, f"{VIEW}?.store.points > 100", limit_s=90)
        assert "*" in prompt(page)
        before = page.evaluate(f"{VIEW}.store.points")
        until(page, f"{VIEW}.store.points > {before + 100}")
        assert "*" in prompt(page), "the cell ended before it was seen live"
        assert page.evaluate(f"{VIEW}.store.state") == "live"
        assert page.text_content(".itc .panel:nth-child(2) h2") == "<script>alert(1)</script>"
        names = page.locator(".itc svg.front text.name").all_text_contents()
        assert [name[:4] for name in names] == ["loss", "wave"]

        # The end of the cell leaves a page that stands by itself in place of the widget.
        stop.touch()
        until(page, "document.querySelectorAll('.itc').length === 0", limit_s=60)
        frame = page.frame_locator(".jp-OutputArea-output iframe")
        assert frame.locator(".itc h2").first.text_content() == "Loss"
        assert page.locator(".itc").count() == 0
        book = saved(page, path, is_final)
        (output,) = displayed(book)
        assert set(output["data"]) == {"text/html", "image/png", "text/plain"}
        size = sum(len("".join(part)) for part in output["data"].values())
        assert size <= 250_000, size

        again = open_book(path.name)
        frame = again.frame_locator(".jp-OutputArea-output iframe")
        frame.locator(".itc svg.front text.name").first.wait_for(timeout=60_000)

    twice(act, "live", Path(lab[1]))


def test_what_nbconvert_writes_is_interactive_offline(show):
    nbconvert = pytest.importorskip("nbconvert", reason="needs nbconvert")
    nbclient = pytest.importorskip("nbclient", reason="needs nbclient")
    book = nbformat.v4.new_notebook()
    book.cells = [nbformat.v4.new_code_cell(trained_until("."))]
    nbclient.NotebookClient(book, timeout=120).execute()
    exporter = nbconvert.HTMLExporter(template_name="basic")  # no address of a script server
    text, _ = exporter.from_notebook_node(book)
    tab = show.plain(f"<!doctype html><meta charset=utf-8><body>{text}".encode())
    frame = tab.frame_locator("iframe")
    frame.locator(".itc svg.front text.name").first.wait_for()
    assert frame.locator(".itc h2").first.text_content() == "Loss"


def twice(act, name, folder):
    """Once more, from the beginning, if the first time the machine was too slow for a page."""
    from playwright.sync_api import Error

    for attempt in (1, 2):
        try:
            act(folder / f"{name}{attempt}.ipynb", folder / f"{name}{attempt}.stop")
        except (AssertionError, Error):
            if attempt == 2:
                raise
        else:
            return
        finally:
            (folder / f"{name}{attempt}.stop").touch()


def test_a_reload_in_mid_cell_shows_what_was_saved_and_then_the_whole_curve(open_book, until, lab):
    def act(book, stop):
        page = open_book(book.name, trained_until(stop.name))
        run_cell(page)
        until(page, f"{VIEW}?.store.points > 400", limit_s=90)
        # The picture in the file is there beside the live one, which hides it.
        page.wait_for_selector(KEPT, state="attached", timeout=60_000)
        assert page.locator(KEPT).is_hidden()
        saved(page, book, is_kept)
        page.reload()
        page.wait_for_selector(".jp-Notebook .jp-CodeCell", timeout=60_000)
        kept = page.frame_locator(KEPT)
        kept.locator(".itc svg.front text.name").first.wait_for(timeout=60_000)
        assert page.locator(".itc").count() == 0, "the kernel answered before the picture was seen"
        time.sleep(
            5
        )  # until the page has asked the kernel for its widgets, and waits for an answer
        stop.touch()
        points = "document.querySelector('.itc').introspect.store.points"
        in_file = kept.locator(".itc").evaluate(f"() => {points}")
        assert in_file > 100
        # Once the kernel can answer, the live picture is back with all points, and hides the other.
        until(page, f"{VIEW}?.store.points > {in_file}", limit_s=90)
        assert page.evaluate(f"{VIEW}.store.state") == ""
        assert page.locator(".itc svg.front text.name").count() == 2
        assert page.locator(KEPT).is_hidden()

    twice(act, "reload", Path(lab[1]))


def test_two_views_show_the_same_and_a_notebook_closed_in_mid_cell_has_its_picture(
    open_book, until, lab
):
    def act(book, stop):
        page = open_book(book.name, trained_until(stop.name))
        run_cell(page)
        until(page, f"{VIEW}?.store.points > 50", limit_s=90)
        page.wait_for_selector(KEPT, state="attached", timeout=90_000)
        saved(page, book, is_kept)
        page.locator(".itc").first.click(button="right", position={"x": 5, "y": 5})
        page.click(".lm-Menu-itemLabel:has-text('Create New View for')")
        until(page, "document.querySelectorAll('.itc').length === 2", limit_s=30)
        both = "[...document.querySelectorAll('.itc')].map((e) => e.introspect)"
        until(page, f"{both}.every((view) => view.draws > 3 && view.panels.size === 2)")
        before = page.evaluate(f"{both}.map((view) => view.store.points)")
        until(page, f"{both}.every((view) => view.store.points > {max(before) + 50})")
        names = page.locator(".itc svg.front text.name").all_text_contents()
        assert sorted(name[:4] for name in names) == ["loss", "loss", "wave", "wave"]
        page.context.close()
        again = open_book(book.name)
        again.frame_locator(KEPT).locator(".itc svg.front text.name").first.wait_for(timeout=60_000)
        time.sleep(5)  # as above
        stop.touch()
        until(again, f"{VIEW}?.store.points > {max(before)}", limit_s=90)

    twice(act, "views", Path(lab[1]))


def test_notebook_7_is_live_while_the_cell_runs_and_keeps_the_last_picture(
    open_classic, until, classic
):
    def act(path, stop):
        page = open_classic(path.name, trained_until(stop.name))
        run_cell(page)
        until(page, f"{VIEW}?.store.points > 100", limit_s=90)
        before = page.evaluate(f"{VIEW}.store.points")
        until(page, f"{VIEW}.store.points > {before + 100}")
        assert "*" in prompt(page), "the cell ended before it was seen live"
        stop.touch()
        until(page, "document.querySelectorAll('.itc').length === 0", limit_s=60)
        frame = page.frame_locator(".jp-OutputArea-output iframe").first
        frame.locator(".itc svg.front text.name").first.wait_for(timeout=60_000)
        assert page.locator(".itc").count() == 0

    twice(act, "classic", Path(classic[1]))
