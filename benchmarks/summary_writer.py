"""What logging costs the training thread: our SummaryWriter beside torch's, same calls.

Prints microseconds of wall time per call in the loop, and of processor time per call in the
whole process, the thread and `close` included. Each tool runs in a process of its own, several
times, in turn. Calls come in blocks, a training step of 50 ms apart; the table shows the median
block of the median run, so that what else the machine does counts little. What a tool leaves to
its thread is in the processor time.

Run: ``python benchmarks/summary_writer.py [--repeats 5] [--json]`` (about a minute).
"""

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from typing import Any

import own_process

TOOLS = ("introspect", "torch")
GOALS = {"scalar": 50, "scalar tensor": 0, "histogram of 1M": 15, "image 3x224x224": 0}
BLOCKS = {
    "scalar": (40, 500),
    "scalar tensor": (20, 500),
    "histogram of 1M": (15, 1),
    "image 3x224x224": (30, 1),
}
"""How many blocks, of how many calls each."""
STEP_S = 0.05


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    parser.add_argument("--tool", choices=TOOLS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.tool:
        print(json.dumps(measure(options.tool)))
        return
    runs: dict[str, list[Any]] = {tool: [] for tool in TOOLS}
    for _ in range(options.repeats):
        for tool in TOOLS:
            runs[tool].append(own_process.measure(__file__, "--tool", tool))
    table = {tool: medians(found) for tool, found in runs.items()}
    print(json.dumps(table, indent=2) if options.json else as_text(table, options.repeats))


def measure(tool: str) -> dict[str, tuple[float, float]]:
    """Microseconds of a call in the loop, and of processor time in all."""
    import torch

    if tool == "introspect":
        from introspect.compat.tensorboard import SummaryWriter
    else:
        from torch.utils.tensorboard import SummaryWriter

    torch.set_num_threads(1)
    generator = torch.Generator().manual_seed(0)
    numbers = torch.rand(20_000, generator=generator, dtype=torch.float64)
    floats, tensors = numbers.tolist(), list(numbers.float())
    weights = torch.randn(1_000_000, generator=generator)
    picture = torch.rand(3, 224, 224, generator=generator)
    calls: dict[str, Callable[[Any, int], None]] = {
        "scalar": lambda writer, step: writer.add_scalar("loss", floats[step], step),
        "scalar tensor": lambda writer, step: writer.add_scalar("loss", tensors[step], step),
        "histogram of 1M": lambda writer, step: writer.add_histogram("weights", weights, step),
        "image 3x224x224": lambda writer, step: writer.add_image("input", picture, step),
    }
    return {what: timed(SummaryWriter, calls[what], *BLOCKS[what]) for what in calls}


def timed(
    kind: Any, call: Callable[[Any, int], None], blocks: int, count: int
) -> tuple[float, float]:
    looped_s = []
    with tempfile.TemporaryDirectory() as folder:
        writer = kind(folder)
        call(writer, 0)
        writer.flush()
        used_s = time.process_time()
        for block in range(blocks):
            began_s = time.perf_counter()
            for step in range(block * count, (block + 1) * count):
                call(writer, step)
            looped_s.append(time.perf_counter() - began_s)
            time.sleep(STEP_S)
        writer.close()
        used_s = time.process_time() - used_s
    return statistics.median(looped_s) / count * 1e6, used_s / count / blocks * 1e6


def medians(runs: list[dict[str, list[float]]]) -> dict[str, list[float]]:
    return {
        what: [statistics.median(run[what][place] for run in runs) for place in (0, 1)]
        for what in BLOCKS
    }


def as_text(table: dict[str, dict[str, list[float]]], repeats: int) -> str:
    lines = [
        f"median of {repeats} runs, microseconds a call",
        "",
        "| call               | torch, loop | ours, loop | ratio | torch, CPU | ours, CPU | goal |",
        "|--------------------|------------:|-----------:|------:|-----------:|----------:|-----:|",
    ]
    for what, goal in GOALS.items():
        (theirs, their_cpu), (ours, our_cpu) = table["torch"][what], table["introspect"][what]
        lines.append(
            f"| {what:<18} | {theirs:11,.1f} | {ours:10,.2f} | {theirs / ours:5,.0f} "
            f"| {their_cpu:10,.1f} | {our_cpu:9,.1f} | {f'{goal}x' if goal else '':>4} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
