"""What an update of a live canvas costs the training: introspect, hiddenlayer and matplotlib.

    python benchmarks/canvas.py [--most 1000000] [--repeats 200]

One new point in each of three line panels, at histories of 100 to 1,000,000 points. introspect:
``with canvas:`` and three ``draw_plot`` of a history, which is all that the training thread does.
hiddenlayer: its Canvas on the Agg backend, with its own History. matplotlib: three lines whose data
are set again, and one draw. Each tool in a process of its own, one thread, CPU time, median of
the repeats. Needs `pip install hiddenlayer`; goal: at most 0.1 ms, flat, and a 1,000th of
hiddenlayer at 10,000 points.
"""

import argparse
import json
import statistics
import sys
import time
import types
from collections.abc import Callable

import numpy as np
import own_process

TOOLS = ("introspect", "introspect, and log", "hiddenlayer", "matplotlib")
SLOW = {"hiddenlayer": 100_000, "matplotlib": 1_000_000}  # points beyond which minutes go by
KEYS = ("loss", "accuracy", "norm")


def update_call(tool: str, n: int) -> Callable[[int], None]:
    rng = np.random.default_rng(0)
    if tool.startswith("introspect"):
        return introspect_call(n, rng, log=tool != "introspect")
    if tool == "hiddenlayer":
        return hiddenlayer_call(n, rng)
    return matplotlib_call(n, rng)


def introspect_call(n: int, rng: np.random.Generator, *, log: bool) -> Callable[[int], None]:
    from introspect import Canvas, History

    history = History()
    for step, row in enumerate(rng.random((n, 3)).tolist()):
        history.log(step, **dict(zip(KEYS, row, strict=True)))
    canvas = Canvas(backend="none")

    def update(step: int) -> None:
        if log:
            history.log(step, loss=0.5, accuracy=0.5, norm=0.5)
        with canvas:
            for key in KEYS:
                canvas.draw_plot(history[key])

    return update


def hiddenlayer_call(n: int, rng: np.random.Generator) -> Callable[[int], None]:
    import matplotlib as mpl

    mpl.use("Agg")
    # hiddenlayer 0.3 imports torch._C names that later versions do not have
    sys.modules.setdefault("hiddenlayer.pytorch_builder", types.ModuleType("pytorch_builder"))
    import hiddenlayer
    from matplotlib import pyplot as plt

    plt.pause = lambda _: None  # it sleeps 0.1 s a picture; only its work is counted
    history = hiddenlayer.History()
    for step, row in enumerate(rng.random((n, 3)).tolist()):
        history.log(step, **dict(zip(KEYS, row, strict=True)))
    canvas = hiddenlayer.Canvas()

    def update(step: int) -> None:
        history.log(step, loss=0.5, accuracy=0.5, norm=0.5)
        with canvas:
            for key in KEYS:
                canvas.draw_plot(history[key])

    return update


def matplotlib_call(n: int, rng: np.random.Generator) -> Callable[[int], None]:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 3))
    screen = FigureCanvasAgg(figure)
    lines = [ax.plot([], [])[0] for ax in figure.subplots(1, 3)]
    columns = rng.random((3, n)).tolist()

    def update(step: int) -> None:
        del step
        for line, column in zip(lines, columns, strict=True):
            column.append(0.5)
            line.set_data(np.arange(len(column)), column)
            line.axes.relim()
            line.axes.autoscale_view()
        screen.draw()

    return update


def run_one(tool: str, n: int, repeats: int) -> dict[str, float]:
    update = update_call(tool, n)
    times_s = []
    few = min(repeats, 20 if tool in SLOW else repeats)
    for repeat in range(few + 1):
        began = time.process_time()
        update(n + repeat)
        times_s.append(time.process_time() - began)
    return {"median_s": statistics.median(times_s[1:])}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--most", type=int, default=1_000_000)
    parser.add_argument("--repeats", type=int, default=200)
    parser.add_argument("--tool", choices=TOOLS, help=argparse.SUPPRESS)
    parser.add_argument("--points", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.tool:
        print(json.dumps(run_one(options.tool, options.points, options.repeats)))
        return
    sizes = [size for size in (100, 1000, 10_000, 100_000, 1_000_000) if size <= options.most]
    print("| update of three panels, ms | " + " | ".join(f"{size:,}" for size in sizes) + " |")
    print("|---|" + "---|" * len(sizes))
    found: dict[tuple[str, int], float] = {}
    for tool in TOOLS:
        cells = []
        for size in sizes:
            if size > SLOW.get(tool, size):
                cells.append("–")
                continue
            arguments = ("--tool", tool, "--points", str(size), "--repeats", str(options.repeats))
            try:
                result = own_process.measure(__file__, *arguments, one_thread=True)
            except RuntimeError as error:
                print(f"{tool}: {str(error).splitlines()[-1]}", file=sys.stderr)
                cells.append("failed")
                continue
            found[tool, size] = result["median_s"]
            cells.append(f"{result['median_s'] * 1e3:.3f}")
        print(f"| {tool} | " + " | ".join(cells) + " |")
    if ("hiddenlayer", 10_000) in found:
        ratio = found["hiddenlayer", 10_000] / found["introspect", 10_000]
        print(f"\nhiddenlayer / introspect at 10,000 points: {ratio:,.0f} (goal: >= 1,000)")


if __name__ == "__main__":
    main()
