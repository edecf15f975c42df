"""What a table of a thousand runs costs, and what Parquet of them does.

Makes runs of a thousand steps of five metrics each, then prints seconds (wall) for the table: when
nothing is remembered, in a fresh process that finds what an earlier one remembered, and a second
look of the same process; for a comparison of one metric over all of them; for writing one run of a
million numbers as Parquet and CSV; and bytes a number. Medians of several processes.

Run: ``python benchmarks/runs.py [--runs 1000] [--repeats 3] [--json]`` (about a minute).
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

import own_process

STEPS, NUMBERS = 1000, 1_000_000
KEYS = ("train/loss", "train/acc", "val/loss", "val/acc", "lr")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    parser.add_argument("--part", choices=["table", "parquet"], help=argparse.SUPPRESS)
    parser.add_argument("--folder", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.part:
        measured = {"table": measure_table, "parquet": measure_parquet}[options.part]
        print(json.dumps(measured(options.folder)))
        return
    with tempfile.TemporaryDirectory() as folder:
        os.environ["INTROSPECT_CACHE"] = str(Path(folder, "cache"))
        make_runs(Path(folder, "runs"), options.runs)
        figures: dict[str, list[float]] = {}
        for _ in range(options.repeats):
            for state in ("cold", "remembered"):
                if state == "cold":
                    for file in Path(folder).glob("cache/*"):
                        file.unlink()
                found = own_process.measure(
                    __file__, "--part", "table", "--folder", str(Path(folder, "runs"))
                )
                for name, value in found.items():
                    place = f"{state} {name}" if name == "table_s" else name
                    figures.setdefault(place, []).append(value)
            found = own_process.measure(__file__, "--part", "parquet", "--folder", folder)
            for name, value in found.items():
                figures.setdefault(name, []).append(value)
    medians = {name: statistics.median(values) for name, values in figures.items()}
    if options.json:
        print(json.dumps(medians, indent=2))
        return
    print(
        f"{options.runs} runs of {STEPS} steps of {len(KEYS)} metrics; Parquet of {NUMBERS} numbers"
    )
    for name, value in medians.items():
        print(f"  {name:<22}  {value:8.3f}")


def make_runs(folder: Path, count: int) -> None:
    from introspect import History

    for index in range(count):
        config = {"lr": 10.0 ** -(index % 5), "seed": index, "optimizer": {"name": "adam"}}
        with History(folder / f"sweep-{index // 100}" / f"run-{index}", config=config) as history:
            for step in range(STEPS):
                value = (index + 1) / (step + 1)
                history.log(step, **dict.fromkeys(KEYS, value))


def measure_table(folder: str) -> dict[str, float]:
    from introspect.history.many import runs
    from introspect.history.many.collecting import Collector

    figures = {}
    began = time.perf_counter()
    table = runs(folder)
    figures["table_s"] = time.perf_counter() - began
    collector = Collector(folder)
    collector.table()
    began = time.perf_counter()
    collector.table()
    figures["second look_s"] = time.perf_counter() - began
    began = time.perf_counter()
    table.compare("train/loss", group_by="config.lr")
    figures["compare_s"] = time.perf_counter() - began
    return figures


def measure_parquet(folder: str) -> dict[str, float]:
    import random

    from introspect import History
    from introspect.history.many.compacting import compact
    from introspect.history.many.exporting import export
    from introspect.history.many.row import open_history

    run = Path(folder, f"million-{os.getpid()}")
    with History(run, facts=False) as history:
        for step in range(NUMBERS // 10):
            history.log(step, **{f"key-{index}": random.random() for index in range(10)})  # noqa: S311  no secret
    segment_bytes = sum(path.stat().st_size for path in run.iterdir())
    began = time.perf_counter()
    done = compact(run)
    written_s = time.perf_counter() - began
    began = time.perf_counter()
    export(run, run / "run.csv", to="csv")
    csv_s = time.perf_counter() - began
    for path in run.glob("*.segment"):
        path.unlink()
    began = time.perf_counter()
    found = open_history(run)
    if sum(len(found[key]) for key in found) != NUMBERS:
        raise RuntimeError("the Parquet lacks numbers")
    return {
        "parquet write_s": written_s,
        "parquet read_s": time.perf_counter() - began,
        "parquet bytes a number": done.size_bytes / NUMBERS,
        "segment bytes a number": segment_bytes / NUMBERS,
        "csv write_s": csv_s,
    }


if __name__ == "__main__":
    sys.exit(main())
