"""In JupyterLab: live while the cell runs, after a reload, and without a kernel."""

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
from introspect import Canvas, History
history, canvas = History(), Canvas()
for step in range(100_000):
    history.log(step, loss=1 / (1 + step / 50), wave=(step % 10) / 10)
    with canvas:
        canvas.draw_plot([history["loss"], history["wave"]], title="Loss")
        canvas.draw_hist([0.1 * step, 0.5, 0.2], title="<script>alert(1)</script>")
    time.sleep(0.01)
    if (step + 1) * 0.01 > SECONDS:
        break
"""
VIEW = "document.querySelector('.itc')?.introspect"


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """Address and folder of a JupyterLab with settings of its own."""
    home = tmp_path_factory.mktemp("lab")
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
            *(sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"),
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
            assert time.monotonic() < end, "JupyterLab did not start"
            time.sleep(0.3)
    yield address, home
    server.terminate()
    server.wait(20)


@pytest.fixture
def open_book(lab, chromium):
    """A notebook in a browser that may ask this machine alone."""
    address, home = lab
    contexts = []

    def opened(name, *sources):
        path = Path(home) / name
        if sources:
            book = nbformat.v4.new_notebook()
            book.cells = [nbformat.v4.new_code_cell(source) for source in sources]
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
        page.goto(f"{address}/lab/tree/{name}?token=secret&reset")
        page.wait_for_selector(".jp-Notebook .jp-CodeCell", timeout=60_000)
        return page

    def refuse(route):
        route.abort()

    yield opened
    for context in contexts:
        context.close()


def run_cell(page, index=0):
    # The page says "idle" before its kernel listens: press again until the prompt says "busy".
    page.wait_for_selector(".jp-Notebook-ExecutionIndicator[data-status=idle]", timeout=60_000)
    for _ in range(20):
        page.click(f".jp-CodeCell >> nth={index} >> .jp-InputArea-editor")
        page.keyboard.press("Shift+Enter")
        time.sleep(1.5)
        if prompt(page) != "[ ]:":
            return


def saved(page, path):
    """What stands in the file once it holds the output without a widget."""
    end = time.monotonic() + 30
    while True:
        page.click(".jp-CodeCell >> nth=0 >> .jp-InputArea-editor")
        page.keyboard.press("Control+s")
        time.sleep(1)
        text = path.read_text()
        if "display_data" in text and "widget-view" not in text:
            return json.loads(text)
        assert time.monotonic() < end, "the output was not replaced in the file"


def prompt(page):
    return page.text_content(".jp-CodeCell >> nth=0 >> .jp-InputPrompt")


def test_live_while_the_cell_runs_after_a_reload_and_then_without_a_kernel(open_book, until, lab):
    page = open_book("live.ipynb", TRAIN.replace("SECONDS", "14"))
    run_cell(page)
    until(page, f"{VIEW}?.store.points > 100", limit_s=40)
    assert "*" in prompt(page)
    before = page.evaluate(f"{VIEW}.store.points")
    until(page, f"{VIEW}.store.points > {before + 100}")
    assert "*" in prompt(page), "the cell ended before it was seen live"
    assert page.evaluate(f"{VIEW}.store.state") == "live"
    assert page.text_content(".itc .panel:nth-child(2) h2") == "<script>alert(1)</script>"
    names = page.locator(".itc svg.front text.name").all_text_contents()
    assert [name[:4] for name in names] == ["loss", "wave"]

    # The end of the cell leaves a page that stands by itself in place of the widget.
    page.wait_for_selector(".jp-OutputArea-output iframe", timeout=40_000)
    frame = page.frame_locator(".jp-OutputArea-output iframe")
    assert frame.locator(".itc h2").first.text_content() == "Loss"
    assert page.locator(".itc").count() == 0
    book = saved(page, Path(lab[1]) / "live.ipynb")
    (output,) = [o for o in book["cells"][0]["outputs"] if o["output_type"] == "display_data"]
    assert set(output["data"]) == {"text/html", "image/png", "text/plain"}
    size = sum(len("".join(part)) for part in output["data"].values())
    assert size <= 250_000, size

    again = open_book("live.ipynb")
    frame = again.frame_locator(".jp-OutputArea-output iframe")
    frame.locator(".itc svg.front text.name").first.wait_for(timeout=20_000)


def test_what_nbconvert_writes_is_interactive_offline(show):
    nbconvert = pytest.importorskip("nbconvert", reason="needs nbconvert")
    nbclient = pytest.importorskip("nbclient", reason="needs nbclient")
    book = nbformat.v4.new_notebook()
    book.cells = [nbformat.v4.new_code_cell(TRAIN.replace("SECONDS", "0.5"))]
    nbclient.NotebookClient(book, timeout=120).execute()
    exporter = nbconvert.HTMLExporter(template_name="basic")  # no address of a script server
    text, _ = exporter.from_notebook_node(book)
    tab = show.plain(f"<!doctype html><meta charset=utf-8><body>{text}".encode())
    frame = tab.frame_locator("iframe")
    frame.locator(".itc svg.front text.name").first.wait_for()
    assert frame.locator(".itc h2").first.text_content() == "Loss"


def test_a_reload_in_mid_cell_shows_the_whole_curve_once_the_kernel_can_answer(open_book, until):
    page = open_book("reload.ipynb", TRAIN.replace("SECONDS", "12"))
    run_cell(page)
    until(page, f"{VIEW}?.store.points > 200", limit_s=40)
    page.keyboard.press("Control+s")
    time.sleep(1)
    page.reload()
    page.wait_for_selector(".jp-Notebook .jp-CodeCell", timeout=60_000)
    until(page, f"{VIEW}?.store.points > 2000", limit_s=60)
    assert page.evaluate(f"{VIEW}.store.state") == ""
    assert page.locator(".itc svg.front text.name").count() == 2
