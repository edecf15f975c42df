"""What a history costs: logging, storing and reading, beside the loggers people use.

Prints microseconds of wall time a call in the training thread (one scalar, a dict of ten, a
0-d tensor), the 99.9th percentile of a paced loop, bytes a scalar on disk, and seconds to read
the run back. Each tool runs in a process of its own, several times, in turn; the table shows
medians. Tools that are not installed are named and left out. ``--read`` adds ten million points.

Run: ``python benchmarks/history.py [--repeats 3] [--read] [--json]`` (about two minutes).
"""

import argparse
import importlib.util
import json
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import own_process

MODULES = {
    "introspect": "introspect",
    "SummaryWriter": "torch.utils.tensorboard",
    "tensorboardX": "tensorboardX",
    "wandb offline": "wandb",
    "trackio": "trackio",
}
CALLS = {"introspect": 200_000, "SummaryWriter": 10_000}
READ_POINTS = {"introspect": 1_000_000, "SummaryWriter": 100_000}
KEYS = [f"train/metric_{index}" for index in range(10)]
PACED_CALLS, PACE_S = 3000, 0.001
Log = Callable[[int, dict[str, Any]], None]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    parser.add_argument(
        "--read", action="store_true", help="write and read ten million points, too"
    )
    parser.add_argument("--tool", choices=MODULES, help=argparse.SUPPRESS)
    parser.add_argument("--points", type=int, default=0, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.points:
        print(json.dumps(measure_reading(options.tool, options.points)))
        return
    if options.tool:
        print(json.dumps(measure(options.tool)))
        return
    tools = [tool for tool in MODULES if is_installed(MODULES[tool])]
    figures: dict[str, list[dict[str, float]]] = {tool: [] for tool in tools}
    for _ in range(options.repeats):
        for tool in tools:
            figures[tool].append(own_process.measure(__file__, "--tool", tool))
    table = {tool: medians(runs) for tool, runs in figures.items()}
    if options.read:
        ten = own_process.measure(__file__, "--tool", "introspect", "--points", "10000000")
        table["introspect"]["read_ten_million_s"] = ten["read_s"]
    print(json.dumps(table, indent=2) if options.json else as_text(table, options.repeats))


def is_installed(module: str) -> bool:
    """Whether a tool is here; its import may need a part that is not."""
    try:
        if importlib.util.find_spec(module.partition(".")[0]) is None:
            return False
        if module == "torch.utils.tensorboard":
            return importlib.util.find_spec("tensorboard") is not None
    except ImportError:
        return False
    return True


def measure(tool: str) -> dict[str, float]:
    """All figures of one tool."""
    import torch

    calls = CALLS.get(tool, 3_000)
    # Random to the last bit: the worst that compression can meet.
    numbers = [random.random() for _ in range(calls)]  # noqa: S311  no secret
    rows = [dict(zip(KEYS, numbers[i : i + 10], strict=True)) for i in range(0, calls - 9, 10)]
    tensors = [{"loss": torch.tensor(number)} for number in numbers[:20_000]]
    figures = {}
    for name, values in (
        ("one_us", [{"loss": number} for number in numbers]), ("ten_us", rows),
        ("tensor_us", tensors),
    ):  # fmt: skip
        with tempfile.TemporaryDirectory() as folder:
            log, close = opened(tool, folder)
            log(0, values[0])
            figures[name] = timed_us(log, values)
            close()
            if name == "ten_us":
                figures["stored_bytes"] = size_bytes(folder) / (10 * len(rows))
    with tempfile.TemporaryDirectory() as folder:
        log, close = opened(tool, folder)
        figures["paced_us"] = paced_us(log)
        close()
    figures |= measure_reading(tool, READ_POINTS.get(tool, 0))
    return figures


def opened(tool: str, folder: str) -> tuple[Log, Callable[[], None]]:
    """A way to log a dict at a step, as each tool's documentation has it; and to close."""
    if tool == "introspect":
        from introspect import History

        # Facts are collected once in the first 0.2 s of a run, which here would be all of it.
        history = History(folder, facts=False)
        return lambda step, row: history.log(step, **row), history.close
    if tool in {"SummaryWriter", "tensorboardX"}:
        import importlib

        writer = importlib.import_module(MODULES[tool]).SummaryWriter(folder)

        def log(step: int, row: dict[str, Any]) -> None:
            for key, number in row.items():
                writer.add_scalar(key, number, step)

        return log, writer.close
    os.environ |= {"TRACKIO_DIR": folder, "WANDB_SILENT": "true"}
    if tool == "trackio":
        import trackio

        trackio.init(project="benchmark", embed=False)
        return lambda step, row: trackio.log(row, step=step), trackio.finish
    import wandb

    run = wandb.init(mode="offline", dir=folder, project="benchmark")
    return lambda step, row: run.log(row, step=step), run.finish


def timed_us(log: Log, values: Sequence[Any]) -> float:
    """Microseconds a call, less those of this loop: the mean, so that waiting counts, too."""
    taken_s = []
    for call in (lambda _step, _row: None, log):
        start = time.perf_counter()
        for step, row in enumerate(values):
            call(step, row)
        taken_s.append(time.perf_counter() - start)
    return (taken_s[1] - taken_s[0]) / len(values) * 1e6


def paced_us(log: Log) -> float:
    """The 99.9th percentile of a call with ten scalars, in a loop of a millisecond a step."""
    row = dict.fromkeys(KEYS, 0.5)
    log(0, row)
    taken = []
    for step in range(1, PACED_CALLS):
        start = time.perf_counter()
        log(step, row)
        taken.append(time.perf_counter() - start)
        time.sleep(PACE_S)
    return statistics.quantiles(taken, n=1000)[-1] * 1e6


def measure_reading(tool: str, points: int) -> dict[str, float]:
    """Seconds to read so many points of one key back, of those tools that can."""
    if not points:
        return {}
    with tempfile.TemporaryDirectory() as folder:
        log, close = opened(tool, folder)
        for step in range(points):
            log(step, {"loss": step / 3})
        close()
        start = time.perf_counter()
        count = read(tool, folder)
        read_s = time.perf_counter() - start
        if count != points:
            raise RuntimeError(f"{tool} gave back {count} of {points} points")
        return {"read_s": read_s, "read_million_s": read_s / points * 1e6}


def read(tool: str, folder: str) -> int:
    """How many points of the key ``loss`` a tool gives back."""
    if tool == "introspect":
        from introspect import History

        return len(History.open(folder)["loss"])
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(folder, size_guidance={"tensors": 0, "scalars": 0})
    events.Reload()
    return len(events.Scalars("loss"))


def size_bytes(folder: str) -> int:
    """All files below a folder."""
    return sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file())


def medians(runs: Sequence[dict[str, float]]) -> dict[str, float]:
    """The median of each figure."""
    return {name: statistics.median(run[name] for run in runs) for name in runs[0]}


def as_text(table: dict[str, dict[str, float]], repeats: int) -> str:
    """A Markdown table, with each ratio to introspect in brackets."""
    base = table["introspect"]
    names = {
        "one_us": "one scalar, us", "ten_us": "dict of ten, us", "tensor_us": "0-d tensor, us",
        "paced_us": "paced loop, p99.9, us", "stored_bytes": "bytes a scalar",
        "read_million_s": "read a million, s",
    }  # fmt: skip
    lines = [
        f"Python {sys.version.split()[0]}, medians of {repeats} processes for each tool",
        "",
        "| tool | " + " | ".join(names.values()) + " |",
        "|---|" + "---:|" * len(names),
    ]
    for tool, row in table.items():
        cells = [
            f"{row[name]:.2f} ({row[name] / base[name]:.1f}x)" if name in row else "-"
            for name in names
        ]
        lines.append(f"| {tool} | " + " | ".join(cells) + " |")
    missing = [tool for tool in MODULES if tool not in table]
    lines += ["", f"Not installed: {', '.join(missing)}."] if missing else []
    if "read_ten_million_s" in base:
        lines += ["", f"Ten million points are read in {base['read_ten_million_s']:.2f} s."]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
