"""The first view of 20,000 boxes: our page beside TensorBoard's graph tab, in the same browser.

    python benchmarks/viewer_tensorboard.py [--boxes 20000] [--repeats 3]

The two networks of ``viewer.py``, written as a page and as an event file with the same names,
scopes and shapes; a TensorBoard of its own serves that and has read it before the clock starts.
Debian's headless Chromium at 1400 x 900, a fresh context for each view, the two interleaved;
wall time from the navigation until the first box can be seen, taken from outside both pages.
Then one group is opened: by a double click in TensorBoard, by a click in ours. The goal is 0.15
times TensorBoard for the first view; opening has its goal in ``viewer.py``.
"""

import argparse
import json
import re
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright
from viewer import CHROMIUM, Network

from introspect.graph.formats.graphdef import to_tensorboard
from introspect.graph.formats.html import to_html

LIMIT_S = 120.0
NODES = "g.nodes > g.node"  # boxes that TensorBoard shows; Playwright looks into shadow roots


@contextmanager
def served(folder: Path) -> Generator[str]:
    """The address of a TensorBoard that has read a folder."""
    command = [sys.executable, "-W", "ignore", "-m", "tensorboard.main", "--logdir", str(folder)]
    command += ["--host", "127.0.0.1", "--port", "0", "--load_fast", "false"]
    log = folder / "tensorboard.log"
    with log.open("wb") as stream:
        server = subprocess.Popen(command, stdout=stream, stderr=stream)
    try:
        port = until(lambda: re.search(r"http://[\w.\-]+:(\d+)/", log.read_text(encoding="utf-8")))
        address = f"http://127.0.0.1:{port[1]}"
        until(lambda: _is_read(address))
        yield address
    finally:
        server.terminate()
        server.wait(30)


def _is_read(address: str) -> bool:
    with urllib.request.urlopen(f"{address}/data/plugin/graphs/info", timeout=60) as reply:  # noqa: S310  our own server
        found = json.loads(reply.read())
    return any(run["run_graph"] for run in found.values())


def until(ask: Callable[[], Any]) -> Any:
    """The first true answer."""
    end = time.monotonic() + LIMIT_S
    while not (answer := ask()):
        if time.monotonic() > end:
            raise TimeoutError("no answer")
        time.sleep(0.01)
    return answer


def fresh(browser: Browser) -> Page:
    """A page without anything in its caches."""
    context = browser.new_context(viewport={"width": 1400, "height": 900})
    context.set_default_timeout(LIMIT_S * 1000)
    return context.new_page()


def our_ms(browser: Browser, page_file: Path) -> tuple[float, float]:
    """Milliseconds of the first view, and of opening a group."""
    page = fresh(browser)
    start = time.perf_counter()
    page.goto(page_file.as_uri(), wait_until="commit")
    until(lambda: page.evaluate("window.introspectFirstViewMs"))
    first = time.perf_counter() - start
    x, y = page.evaluate(
        """() => {
          const v = introspectViewer;
          const box = [...v.model.shown()].find((b) => b.isGroup && !b.isOpen);
          const place = v.scene.areaOf(box), { zoom } = v.view;
          v.view.centre(place.x, place.y);
          v.draw();
          const around = v.canvas.getBoundingClientRect();
          return [around.x + v.view.x + (place.x + 40) * zoom,
                  around.y + v.view.y + (place.y + 8) * zoom];
        }"""
    )
    shown = page.evaluate("[...introspectViewer.model.shown()].length")
    start = time.perf_counter()
    page.mouse.click(x, y)
    until(lambda: page.evaluate("[...introspectViewer.model.shown()].length") > shown)
    opened = time.perf_counter() - start
    page.context.close()
    return first * 1e3, opened * 1e3


def their_ms(browser: Browser, address: str) -> tuple[float, float]:
    """The same of TensorBoard's graph tab."""
    page = fresh(browser)
    start = time.perf_counter()
    page.goto(f"{address}/#graphs", wait_until="commit")
    boxes = page.locator(NODES)
    until(boxes.count)
    first = time.perf_counter() - start
    shown = boxes.count()
    start = time.perf_counter()
    page.locator("g.node.meta > g.nodeshape").last.dispatch_event("dblclick")
    until(lambda: boxes.count() > shown)
    opened = time.perf_counter() - start
    page.context.close()
    return first * 1e3, opened * 1e3


def compare(browser: Browser, folder: Path, network: Network, repeats: int) -> None:
    """Print the rows of one network."""
    page_file = folder / "page.html"
    page_file.write_bytes(to_html(network.graph, fold=False))
    to_tensorboard(network.graph, folder / "runs" / "network")
    ours, theirs = [], []
    with served(folder / "runs") as address:
        for _ in range(repeats):
            ours.append(our_ms(browser, page_file))
            theirs.append(their_ms(browser, address))
    for k, name in enumerate(("first view", "open a group")):
        our, their = (statistics.median(run[k] for run in runs) for runs in (ours, theirs))
        print(f"| {name} | {our:.0f} | {their:.0f} | {our / their:.3f} |", flush=True)


def main() -> None:
    """Print a table for each network."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--boxes", type=int, default=20_000)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        for equal in (True, False):
            network = Network(options.boxes, equal=equal)
            kind = "equal blocks" if equal else "every layer differs"
            print(f"\n{kind}: {len(network.ops)} operations\n")
            print("| | introspect, ms | TensorBoard, ms | x |\n|---|---:|---:|---:|")
            with tempfile.TemporaryDirectory() as folder:
                compare(browser, Path(folder), network, options.repeats)
        browser.close()


if __name__ == "__main__":
    main()
