"""What logging costs the training thread: introspect beside torch's SummaryWriter.

Prints microseconds of wall time per call, for one scalar and for a dict of ten, and the
bytes that a scalar takes on disk. Each tool runs in a process of its own, several times, in
turn; the table shows medians. The loop logs as fast as it can, so a tool whose thread
cannot keep up is charged for the waiting, as a training would be.

Run: ``python benchmarks/log_scalar.py [--repeats 5] [--json]`` (about 30 s).
"""

import argparse
import json
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import own_process

TOOLS = ("introspect", "introspect, memory only", "SummaryWriter")
SCALAR_CALLS = {"SummaryWriter": 10_000}
MOST_CALLS = 200_000
Loop = Callable[[Sequence[Any]], None]
KEYS = [f"train/metric_{index}" for index in range(10)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    parser.add_argument("--tool", choices=TOOLS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.tool:
        print(json.dumps(measure(options.tool)))
        return
    figures = {tool: [] for tool in TOOLS}
    for _ in range(options.repeats):
        for tool in TOOLS:
            figures[tool].append(own_process.measure(__file__, "--tool", tool))
    table = {tool: medians(runs) for tool, runs in figures.items()}
    print(json.dumps(table, indent=2) if options.json else as_text(table, options.repeats))


def measure(tool: str) -> dict[str, float]:
    """Microseconds for one scalar and for ten, and bytes for each scalar of the latter."""
    calls = SCALAR_CALLS.get(tool, MOST_CALLS)
    # Random to the last bit: the worst that compression can meet.
    numbers = [random.random() for _ in range(calls)]  # noqa: S311  no secret
    rows = [dict(zip(KEYS, numbers[i : i + 10], strict=True)) for i in range(0, calls - 9, 10)]
    with tempfile.TemporaryDirectory() as folder:
        log_ones, _, close = opened(tool, folder)
        log_ones([0.5])
        one_us = timed(log_ones, numbers)
        close()
    with tempfile.TemporaryDirectory() as folder:
        _, log_tens, close = opened(tool, folder)
        log_tens(rows[:1])
        ten_us = timed(log_tens, rows)
        close()
        stored = size_bytes(folder) / (10 * len(rows))
    return {"one_us": one_us, "ten_us": ten_us, "stored_bytes": stored}


def opened(tool: str, folder: str) -> tuple[Loop, Loop, Callable[[], None]]:
    """Loops that log scalars and dicts of ten as each tool's documentation does it; and close."""
    if tool == "SummaryWriter":
        return open_summary_writer(folder)
    from introspect import History

    history = History(folder if tool == "introspect" else None)

    def log_ones(numbers: Sequence[Any]) -> None:
        for step, number in enumerate(numbers):
            history.log(step, train_loss=number)

    def log_tens(rows: Sequence[Any]) -> None:
        for step, row in enumerate(rows):
            history.log(step, **row)

    return log_ones, log_tens, history.close


def open_summary_writer(folder: str) -> tuple[Loop, Loop, Callable[[], None]]:
    """The same loops with torch's SummaryWriter, which takes one scalar a call."""
    from torch.utils.tensorboard import SummaryWriter

    writer = SummaryWriter(folder)

    def log_ones(numbers: Sequence[Any]) -> None:
        for step, number in enumerate(numbers):
            writer.add_scalar("train_loss", number, step)

    def log_tens(rows: Sequence[Any]) -> None:
        for step, row in enumerate(rows):
            for key, number in row.items():
                writer.add_scalar(key, number, step)

    return log_ones, log_tens, writer.close


def timed(loop: Loop, values: Sequence[Any]) -> float:
    """Microseconds a call: the mean of all, so that waiting for a thread counts, too."""
    start = time.perf_counter()
    loop(values)
    return (time.perf_counter() - start) / len(values) * 1e6


def size_bytes(folder: str) -> int:
    """All files below a folder."""
    return sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file())


def medians(runs: Sequence[dict[str, float]]) -> dict[str, float]:
    """The median of each figure."""
    return {name: statistics.median(run[name] for run in runs) for name in runs[0]}


def as_text(table: dict[str, dict[str, float]], repeats: int) -> str:
    """A Markdown table with ratios to introspect in a folder."""
    base = table["introspect"]
    lines = [
        f"Python {sys.version.split()[0]}, medians of {repeats} processes for each tool",
        "",
        "| tool | one scalar, us | ratio | dict of ten, us | ratio | bytes a scalar |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for tool, row in table.items():
        stored = f"{row['stored_bytes']:.1f}" if row["stored_bytes"] else "-"
        lines.append(
            f"| {tool} | {row['one_us']:.2f} | {row['one_us'] / base['one_us']:.1f} "
            f"| {row['ten_us']:.2f} | {row['ten_us'] / base['ten_us']:.1f} | {stored} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
