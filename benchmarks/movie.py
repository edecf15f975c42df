"""What a film of three panels costs, drawn from the history after the training.

    python benchmarks/movie.py [--frames 100]

Two line panels of 1,000 points and one of bars, as GIF, WebP and MP4; beside them matplotlib's own
animation writers with the plainest figure of the same lines. Each in a process of its own, one
thread, CPU time. MP4 needs `pip install 'torch-introspect[movie]'`. Goal: a GIF of 100 frames in at
most 7 s, an MP4 in at most 6 s.
"""

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import own_process

TOOLS = ("introspect .gif", "introspect .webp", "introspect .mp4", "matplotlib .gif")


def introspect_film(path: Path, frames: int) -> None:
    from introspect import Canvas, History

    rng = np.random.default_rng(0)
    history = History()
    for step in range(1000):
        history.log(
            (step // 100, step % 100), loss=float(np.exp(-step / 300) + rng.normal(0, 0.05))
        )
        history.log((step // 100, step % 100), accuracy=float(1 - np.exp(-step / 300)))
        if step % 100 == 99:
            history.log((step // 100, step % 100), right=rng.random(10) * 100)
    canvas = Canvas(backend="none")
    with canvas:
        canvas.draw_plot(history["loss"], title="Loss")
        canvas.draw_plot(history["accuracy"], title="Accuracy %")
        canvas.draw_bar(history["right"], totals=100, title="Right by class")
    canvas.save(path, frames=frames, fps=20)


def matplotlib_film(path: Path, frames: int) -> None:
    from matplotlib.animation import FuncAnimation, PillowWriter
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 2.3), dpi=84)
    FigureCanvasAgg(figure)
    first, second, third = figure.subplots(1, 3)
    columns = np.random.default_rng(0).random((2, 1000))

    def draw(frame: int) -> None:
        size = 1000 * (frame + 1) // frames
        for ax, column in zip((first, second), columns, strict=True):
            ax.clear()
            ax.plot(column[:size])
            ax.set_xlim(0, 1000)
        third.clear()
        third.bar(range(10), columns[0, :10])

    FuncAnimation(figure, draw, frames=frames).save(path, writer=PillowWriter(20))


def run_one(tool: str, frames: int) -> dict[str, float]:
    name, suffix = tool.split()
    make = introspect_film if name == "introspect" else matplotlib_film
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"film{suffix}"
        make(path, 2)  # fonts and imports
        began = time.process_time()
        make(path, frames)
        return {"cpu_s": time.process_time() - began, "size_bytes": path.stat().st_size}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--frames", type=int, default=100)
    parser.add_argument("--tool", choices=TOOLS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.tool:
        print(json.dumps(run_one(options.tool, options.frames)))
        return
    print(f"| film of {options.frames} frames, three panels | CPU s | kB |\n|---|---|---|")
    for tool in TOOLS:
        arguments = ("--tool", tool, "--frames", str(options.frames))
        try:
            found = own_process.measure(__file__, *arguments, one_thread=True)
        except RuntimeError as error:
            print(f"| {tool} | {str(error).splitlines()[-1]} | |", file=sys.stderr)
            continue
        print(f"| {tool} | {found['cpu_s']:.1f} | {found['size_bytes'] / 1000:.0f} |")


if __name__ == "__main__":
    main()
