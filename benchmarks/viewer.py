"""What the interactive page costs at 20,000 boxes, in a real browser.

    python benchmarks/viewer.py [--boxes 20000] [--repeats 3]

Two made-up networks, nothing folded: one of equal blocks, and one in which every layer
differs in name, sizes and source line. Sizes are those of the file; times are taken inside
Debian's headless Chromium at 1400 x 900, drawing on the processor: first view from the start
of the navigation, each expansion of a group until its last stroke is given to the canvas, and each
frame of panning and zooming until its pixels are there. Goals: bundle 60 kB, 40
and 150 bytes a box, first view 1 s, expansion p95 50 ms, frame 16 ms, search 20 ms.
"""

import argparse
import random
import statistics
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

from introspect.graph.formats.html import to_html
from introspect.nouns.graph import Call, Graph, Op, Value

CHROMIUM = "/usr/bin/chromium"
BLOCK = ("norm", "q", "k", "v", "attention", "out", "add", "norm2", "up", "act", "down", "add2")
LAYERS = {"norm": "LayerNorm", "norm2": "LayerNorm", "attention": "", "add": "", "add2": ""}
READS = {
    "q": ("norm",),
    "k": ("norm",),
    "v": ("norm",),
    "attention": ("q", "k", "v"),
    "add": ("out", "input"),
    "add2": ("down", "add"),
}


class Network:
    """A network of stages of blocks, as its trace would be; nothing is run."""

    def __init__(self, boxes: int, *, equal: bool) -> None:
        self.equal = equal
        self.chance = random.Random(0)  # noqa: S311  no secrets
        self.values: list[Value] = []
        self.ops: list[Op] = []
        self.calls: list[Call] = []
        model = self.call("", "Network", None)
        given = value = self.value("input", None)
        blocks = boxes // (len(BLOCK) + 1)
        stages = max(1, round(blocks**0.5 / 2))
        for stage in range(stages):
            group = self.call(f"stages.{stage}", "Stage", model)
            for block in range(stage * blocks // stages, (stage + 1) * blocks // stages):
                name = block if equal else f"{block}_{self.chance.randrange(10**5)}"
                value = self.block(self.call(f"{group.path}.{name}", "Block", group), value)
        self.graph = Graph(
            name="Network",
            module="Network",
            ops=tuple(self.ops),
            values=tuple(self.values),
            calls=tuple(self.calls),
            inputs=(given,),
            outputs=(value,),
            output_names=("",),
            parameters=0,
        )

    def value(self, kind: str, producer: Op | None, width: int = 512) -> Value:
        """A tensor of a width."""
        made = Value(len(self.values), (1, 128, width), "float32", "meta", kind, producer=producer)
        self.values.append(made)
        return made

    def call(self, path: str, module: str, parent: Call | None, **settings: Any) -> Call:
        """A run of a module."""
        made = Call(
            len(self.calls),
            path,
            module,
            builtin=module in {"Linear", "LayerNorm"},
            parent=parent,
            repetition=0,
            settings=settings,
            parameters=settings.get("in_features", 0) * settings.get("out_features", 0),
            training=False,
        )
        self.calls.append(made)
        return made

    def block(self, call: Call, entering: Value) -> Value:
        """One block: norm, attention, two layers, two additions."""
        made = {"input": entering}
        before = "input"
        for k, part in enumerate(BLOCK):
            read = [made[name] for name in READS.get(part, (before,))]
            made[part] = self.part(call, part, read, k)
            before = part
        return made[before]

    def part(self, call: Call, part: str, read: list[Value], line: int) -> Value:
        """One operation of a block, in a module of its own if it is a layer."""
        wide, narrow = 512, 512
        if not self.equal:
            wide, narrow = self.chance.randrange(8, 9999), self.chance.randrange(8, 9999)
            line = self.chance.randrange(9999)
        module = LAYERS.get(part, "Linear")
        name = part if self.equal else f"{part}_{self.chance.randrange(10**5)}"
        where = call
        op = {"act": "gelu", "attention": "scaled_dot_product_attention"}.get(part, "linear")
        if part.startswith("add"):
            op = "__add__"
        elif module == "LayerNorm":
            op = "layer_norm"
            where = self.call(f"{call.path}.{name}", module, call, normalized_shape=(narrow,))
        elif module == "Linear" and part != "act":
            sizes = {"in_features": wide, "out_features": narrow}
            where = self.call(f"{call.path}.{name}", module, call, **sizes)
        index = len(self.ops)
        ran = Op(index, op, where, tuple(read), source=("network.py", line))
        result = self.value("result", ran, narrow)
        ran = replace(ran, outputs=(result,))
        self.values[-1] = result = replace(result, producer=ran)
        self.ops.append(replace(ran, outputs=(result,)))
        object.__setattr__(result, "producer", self.ops[-1])
        return result


STEPS = """async () => {
  const v = introspectViewer, frames = [];
  const next = () => new Promise(requestAnimationFrame);
  const groups = [...v.model.shown()].filter((b) => b.isGroup);
  const expand = [];
  for (let k = 0; k < 40; k++) {
    const shut = [...v.model.shown()].filter((b) => b.isGroup && !b.isOpen);
    if (!shut.length) break;
    v.toggle(shut[(k * 7919) % shut.length]);
    expand.push(v.spent.change);
    await next();
  }
  v.setAll(true);
  const all = v.spent.change;
  await next();
  const opened = [...v.model.shown()].filter((b) => b.isGroup);
  const among = [];
  for (let k = 0; k < 20; k++) {
    v.toggle(opened[(k * 7919) % opened.length]);
    among.push(v.spent.change);
    await next();
  }
  v.setAll(true);
  await next();
  const zooms = [v.view.zoom, 0.02, 0.05, 0.1, 0.2, 0.5, 1];
  const area = v.scene.area();
  const context = v.canvas.getContext('2d');
  for (const zoom of zooms) {
    v.view.zoom = zoom;
    v.view.centre(area.width / 2, area.height / 3);
    await next();
    await next();
    for (let k = 0; k < 12; k++) {
      v.view.pan(0, -23);
      if (k % 3 === 0) v.zoomBy(k % 2 ? 1.04 : 1 / 1.04);
      const began = performance.now();
      v.draw();
      context.getImageData(0, 0, 1, 1);
      frames.push(performance.now() - began);
      await next();
    }
  }
  await new Promise((done) => setTimeout(done, 1000)); // idle: the index is made
  const search = ["stages.1", "linear", "q", "add2", "nothing"].map((query) => {
    const input = document.querySelector("input[type=search]");
    input.value = query;
    const began = performance.now();
    input.dispatchEvent(new Event("input"));
    return performance.now() - began;
  });
  return { expand, among, all, frames, search, first: introspectFirstViewMs };
}"""


def p95(values: list[float]) -> float:
    return statistics.quantiles(values, n=20)[-1] if len(values) > 1 else values[0]


def measure(page: Page, path: Path) -> dict[str, float]:
    page.goto(path.as_uri())
    while not page.evaluate("window.introspectFirstViewMs"):
        time.sleep(0.02)  # Playwright's own waiting evaluates strings, which the page forbids
    found = page.evaluate(STEPS)
    return {
        "first view, ms": found["first"],
        "expand, median ms": statistics.median(found["expand"]),
        "expand, p95 ms": p95(found["expand"]),
        "shut or expand among all open, p95 ms": p95(found["among"]),
        "expand all, ms": found["all"],
        "pan or zoom, all open, median ms": statistics.median(found["frames"]),
        "pan or zoom, all open, p95 ms": p95(found["frames"]),
        "search, median ms": statistics.median(found["search"]),
        "search, worst ms": max(found["search"]),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--boxes", type=int, default=20_000)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    empty = len(to_html(Network(0, equal=True).graph, fold=False))
    print(f"page of an empty graph: {empty / 1000:.1f} kB")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        for equal in (True, False):
            network = Network(options.boxes, equal=equal)
            path = Path(folder) / f"{equal}.html"
            path.write_bytes(to_html(network.graph, fold=False))
            size = path.stat().st_size
            kind = "equal blocks" if equal else "every layer differs"
            print(f"\n{kind}: {len(network.ops)} operations")
            print(f"{(size - empty) / len(network.ops):10.1f}  bytes a box")
            runs = []
            for _ in range(options.repeats):
                page = browser.new_page(viewport={"width": 1400, "height": 900})
                runs.append(measure(page, path))
                page.close()
            for name in runs[0]:
                print(f"{statistics.median(run[name] for run in runs):10.1f}  {name}")
        browser.close()


if __name__ == "__main__":
    main()
