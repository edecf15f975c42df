"""The canvas in a browser: new point to pixel, ten million points, catching up, sizes.

    python benchmarks/canvas_page.py

Headless Chromium, which draws on the processor. Point to pixel goes through the WebSocket of the
page, at ten updates a second; the browser notes when the frame that holds the point is drawn.
"""

import base64
import gzip
import statistics
import time
from importlib.resources import files
from typing import Any

import numpy as np
import numpy.typing as npt

from introspect.canvas.feed import Feed
from introspect.canvas.html import fragment, page
from introspect.nouns.panels import LinePanel, Series

Floats = npt.NDArray[np.float64]
CHROMIUM = "/usr/bin/chromium"
VIEW = "document.querySelector('.itc').introspect"
ROWS = 10_000_000


def sizes() -> None:
    script = (files("introspect") / "_web" / "canvas.js").read_bytes()
    print(f"bundle {len(script) / 1e3:.1f} kB, gzip {len(gzip.compress(script, 9)) / 1e3:.1f} kB")
    rng = np.random.default_rng(0)
    steps = np.arange(100_000)
    panels = [
        LinePanel((Series(f"loss {k}", steps, rng.normal(size=100_000)),), smooth="auto")
        for k in range(3)
    ]
    still = fragment(panels, most_points=2000)
    print(f"notebook output of three lines of 2,000 points: {len(still) / 1e3:.0f} kB")


def shown(browser: Any, values: Floats) -> Any:
    """A page whose store is filled by messages, as a socket would bring them."""
    tab = browser.new_page(viewport={"width": 1000, "height": 500})
    first = LinePanel((Series("loss", np.arange(2), values[:2]),), "Loss")
    tab.set_content(page([first], most_points=None, state="live"))
    tab.wait_for_function("document.querySelector('.itc')?.introspect?.draws > 0")
    return tab


def take(tab: Any, messages: list[bytes]) -> list[float]:
    """Milliseconds from the first message to the frame in which it is drawn, and to the last."""
    texts = [base64.b64encode(message).decode() for message in messages]
    tab.evaluate("window.waiting = []")
    push = "(t) => { waiting.push(Uint8Array.from(atob(t), (c) => c.charCodeAt(0))); }"
    for text in texts:
        tab.evaluate(push, text)
    return tab.evaluate(
        """async () => {
        const view = document.querySelector('.itc').introspect;
        const frame = () => new Promise(requestAnimationFrame);
        const began = performance.now(); let first = 0;
        for (const message of waiting) {
            view.store.take(message);
            await frame(); await frame();
            first ||= performance.now() - began;
        }
        return [first, performance.now() - began];
    }"""
    )


def catching_up(browser: Any) -> tuple[Any, Floats]:
    values = np.random.default_rng(0).normal(size=ROWS)
    panel = LinePanel((Series("loss", np.arange(ROWS), values),), "Loss", smooth="off")
    feed = Feed()
    begin = time.perf_counter()
    messages = feed.full([panel])
    made_s = time.perf_counter() - begin
    tab = shown(browser, values)
    first, last = take(tab, messages)
    most = max(map(len, messages))
    print(
        f"catching up on {ROWS:,} points: {len(messages)} messages"
        f" of at most {most / 2**20:.2f} MiB"
        f" made in {made_s:.2f} s; first picture {first / 1e3:.2f} s,"
        f" complete {last / 1e3:.2f} s"
    )
    return tab, values


def frames(tab: Any, values: Floats) -> None:
    """Append and redraw in every frame; the extremes of what is drawn must be exact."""
    found = tab.evaluate(
        """async () => {
        const view = document.querySelector('.itc').introspect;
        const line = view.panels.get('0').drawn[0].line;
        const frame = () => new Promise(requestAnimationFrame), count = 180, spent = [];
        await frame();
        const idle = performance.now();
        for (let k = 0; k < count; k++) await frame();
        const most = 1000 * count / (performance.now() - idle);
        const began = performance.now();
        for (let k = 0; k < count; k++) {
            const rows = line.length, at = Float64Array.from({length: 16}, (_, i) => rows + i);
            line.steps.put(rows, at);
            line.values.put(rows, at.map(() => Math.random()));
            view.panels.get('0').dirty = true; view.wake();
            await frame(); spent.push(view.drawMs.at(-1));
        }
        const fps = 1000 * count / (performance.now() - began);
        const y = view.panels.get('0').drawn[0].curve.y;
        spent.sort((a, b) => a - b);
        return {fps, most, median: spent[count / 2], p95: spent[Math.floor(0.95 * count)],
                low: y.reduce((a, b) => Math.min(a, b)), high: y.reduce((a, b) => Math.max(a, b))};
    }"""
    )
    exact = found["low"] == values.min() and found["high"] == values.max()
    print(
        f"{ROWS:,} points, 16 more in every frame:"
        f" {found['fps']:.0f} of {found['most']:.0f} frames"
        f" a second, a frame takes {found['median']:.1f} ms (p95 {found['p95']:.1f});"
        f" extremes exact: {exact}"
    )


def point_to_pixel(browser: Any) -> None:
    """From `log` to the frame that shows it, through the page of `introspect.serve`."""
    from introspect import Canvas, History
    from introspect.canvas.page import serve

    history, canvas = History(), Canvas(backend="none")
    history.log(0, loss=1.0)

    def draw() -> None:
        with canvas:
            canvas.draw_plot(history["loss"], title="Loss")

    draw()
    shown_page = serve(canvas)
    try:
        tab = browser.new_page(viewport={"width": 1000, "height": 500})
        tab.goto(shown_page.url)
        tab.wait_for_function("document.querySelector('.itc')?.introspect?.draws > 0")
        tab.evaluate(
            f"""() => {{ const view = {VIEW}; window.seen = [];
            const look = () => {{ const one = view.panels.get('0')?.drawn[0];
                const rows = one?.line.length;
                if (rows && seen.at(-1)?.[0] !== rows) seen.push([rows, Date.now()]);
                requestAnimationFrame(look); }}; look(); }}"""
        )
        logged = {}
        for step in range(1, 61):
            logged[step + 1] = time.time() * 1e3
            history.log(step, loss=1 / step)
            draw()
            time.sleep(0.1)
        time.sleep(0.5)
        seen = tab.evaluate("seen")
    finally:
        shown_page.close()
    waits = []
    for count, at in logged.items():
        after = [when for rows, when in seen if rows >= count]
        if after:
            waits.append(min(after) - at)
    waits.sort()
    print(
        f"new point to pixel at 10 updates a second: median {statistics.median(waits):.0f} ms,"
        f" p95 {waits[int(0.95 * len(waits))]:.0f} ms, worst {waits[-1]:.0f} ms"
        f" ({len(waits)} points)"
    )


def main() -> None:
    from playwright.sync_api import sync_playwright

    sizes()
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        tab, values = catching_up(browser)
        frames(tab, values)
        tab.close()
        point_to_pixel(browser)
        browser.close()


if __name__ == "__main__":
    main()
