"""What it takes to read a TensorBoard event file of a million scalars, here and in TensorBoard.

The file is what torch's SummaryWriter would write for ten keys in turn, one event each. Each
tool runs in a process of its own, several times, in turn; the table shows the least of CPU and
wall seconds. EventAccumulator keeps the values in memory; the import also verifies every checksum,
compresses, and writes a run.

Run: ``python benchmarks/import_events.py [--repeats 3] [--scalars 1000000] [--json]``.
"""

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import own_process

TOOLS = {
    "import_events": "introspect: import_events",
    "read_events": "introspect: read_events, one by one",
    "accumulator": "TensorBoard: EventAccumulator",
}
KEYS = [f"train/metric_{index}" for index in range(10)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--scalars", type=int, default=1_000_000)
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    parser.add_argument("--tool", choices=TOOLS, help=argparse.SUPPRESS)
    parser.add_argument("--folder", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.tool:
        print(json.dumps(measure(options.tool, options.folder)))
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "events.out.tfevents.1700000000.host.1.0")
        write_scalars(path, options.scalars)
        runs: dict[str, list[dict[str, float]]] = {tool: [] for tool in TOOLS}
        for _ in range(options.repeats):
            for tool in TOOLS:
                arguments = ("--tool", tool, "--folder", folder)
                runs[tool].append(own_process.measure(__file__, *arguments, one_thread=True))
        size_mb = path.stat().st_size / 1e6
    table = {
        tool: {name: min(run[name] for run in found) for name in found[0]}
        for tool, found in runs.items()
    }
    if any(row["count"] != options.scalars for row in table.values()):
        sys.exit(f"not every scalar was found: {table}")
    print(json.dumps(table, indent=2) if options.json else as_text(table, options, size_mb))


def write_scalars(path: Path, count: int) -> None:
    """Events of one scalar, the keys in turn, as torch's writer frames them."""
    from introspect.history.formats.events.messages import first_event
    from introspect.history.formats.events.proto import framed
    from introspect.history.formats.events.rows import Rows, encoded_rows

    rng = np.random.default_rng(0)
    step_count = count // len(KEYS)
    with path.open("wb") as file:
        file.write(framed(first_event(1.7e9)))
        for first in range(0, step_count, 10_000):
            steps = np.arange(first, min(first + 10_000, step_count))
            for size in np.unique(sizes(steps)):
                same = steps[sizes(steps) == size]
                tables = []
                for place, key in enumerate(KEYS):
                    values = rng.random((len(same), 1)).astype(np.float32).astype(float)
                    times = 1.7e9 + same * 0.01 + place * 1e-4
                    data = encoded_rows(Rows((key,), same, times, values))
                    tables.append(np.frombuffer(data, np.uint8).reshape(len(same), -1))
                file.write(np.stack(tables, axis=1).tobytes())


def sizes(steps: np.ndarray) -> np.ndarray:
    """Bytes of each step as a varint."""
    return 1 + (steps >= 1 << 7).astype(int) + (steps >= 1 << 14) + (steps >= 1 << 21)


def measure(tool: str, folder: str) -> dict[str, float]:
    """Seconds of one tool, without its imports, and how many scalars it found."""
    if tool == "accumulator":
        from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

        def run(_target: str) -> int:
            events = EventAccumulator(folder, size_guidance={"scalars": 0}).Reload()
            return sum(len(events.Scalars(key)) for key in events.Tags()["scalars"])

    elif tool == "read_events":
        from introspect.history.formats.events import read_events

        def run(_target: str) -> int:
            return sum(1 for _ in read_events(folder))

    else:
        from introspect.history.formats.events import import_events

        def run(_target: str) -> int:
            return import_events(folder, _target).value_count

    with tempfile.TemporaryDirectory() as target:
        wall_s, cpu_s = time.perf_counter(), time.process_time()
        count = run(target)
        return {
            "wall_s": time.perf_counter() - wall_s,
            "cpu_s": time.process_time() - cpu_s,
            "count": count,
        }


def as_text(table: dict[str, dict[str, float]], options: argparse.Namespace, size_mb: float) -> str:
    """A Markdown table, with each ratio to the import in brackets."""
    base = table["import_events"]
    what = f"{options.scalars:,} scalars, {size_mb:.0f} MB, least of {options.repeats} processes"
    lines = [
        f"Python {sys.version.split()[0]}, {what} for each tool",
        "",
        "| tool | wall, s | CPU, s |",
        "|---|---:|---:|",
    ]
    for tool, row in table.items():
        cells = [f"{row[n]:.2f} ({row[n] / base[n]:.1f}x)" for n in ("wall_s", "cpu_s")]
        lines.append(f"| {TOOLS[tool]} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
