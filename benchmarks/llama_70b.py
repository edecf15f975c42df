"""A Llama of 70 billion parameters, built on `meta`, traced and drawn: CPU time and memory.

    python benchmarks/llama_70b.py

Sequence of 2,048 tokens. Each row is a process of its own, in which a small model is traced
before, so that torch's fake tensors are loaded; no peer draws such a model. Needs transformers.
The goals for building and tracing are 1.5 s and 50 MB, and 0.15 s with ``memoize=True``, whose
graph must be the same. The last rows go from the model on `meta` straight to a folded SVG file,
with the goals of 3 s and 100 MB: after the small trace, and in a process that has traced and drawn
nothing before.
"""

import json
import resource
import sys
import tempfile
import time
import warnings
from pathlib import Path
from statistics import median
from typing import Any

import own_process
import torch
from transformers import LlamaConfig, LlamaForCausalLM

import introspect

SMALL = {"vocab_size": 100, "hidden_size": 64, "intermediate_size": 64, "num_hidden_layers": 3}
SMALL |= {"num_attention_heads": 4, "num_key_value_heads": 2}
LARGE = {"vocab_size": 128_256, "hidden_size": 8192, "intermediate_size": 28_672}
LARGE |= {"num_hidden_layers": 80, "num_attention_heads": 64, "num_key_value_heads": 8}
RUNS = 5
FILE_ROWS = {"warm": "after a small trace", "cold": "the first thing in a process"}


def resident_mb() -> float:
    """The most memory that this process has held."""
    scale = 1e6 if sys.platform == "darwin" else 1e3
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / scale


def build(config: dict[str, int]) -> torch.nn.Module:
    with torch.device("meta"):
        return LlamaForCausalLM(LlamaConfig(**config, dtype=torch.bfloat16))


def trace(model: torch.nn.Module, length: int, *, memoize: bool) -> introspect.Graph:
    ids = torch.zeros(1, length, dtype=torch.long)
    return introspect.Tracer(memoize=memoize).trace(model, input_ids=ids, use_cache=False)


def measure(*, memoize: bool) -> dict[str, Any]:
    """One process: build, trace for the first time, trace again, draw."""
    trace(build(SMALL), 16, memoize=memoize)
    memory_mb, start = resident_mb(), time.process_time()
    model = build(LARGE)
    built_s, start = time.process_time() - start, time.process_time()
    graph = trace(model, 2048, memoize=memoize)
    traced_s, grown_mb = time.process_time() - start, resident_mb() - memory_mb
    start = time.process_time()
    trace(model, 2048, memoize=memoize)
    again_s, start = time.process_time() - start, time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        graph.save(Path(folder) / "llama.svg")
    drawn_s = time.process_time() - start
    is_same = None
    if memoize:
        is_same = are_same(graph, trace(model, 2048, memoize=False))
    return {
        "what": f"{graph.parameters / 1e9:.1f} B parameters, {len(graph.ops)} operations",
        "times": [built_s, traced_s, again_s, drawn_s, grown_mb],
        "is_same": is_same,
    }


def measure_file(*, is_cold: bool) -> list[float]:
    """From the model on `meta` to an SVG file: CPU seconds, and megabytes grown since."""
    if not is_cold:
        trace(build(SMALL), 16, memoize=False)
    model = build(LARGE)
    memory_mb, start = resident_mb(), time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        trace(model, 2048, memoize=False).save(Path(folder) / "llama.svg")
    return [time.process_time() - start, resident_mb() - memory_mb]


def are_same(graph: introspect.Graph, other: introspect.Graph) -> bool:
    """Every op, value and call, with its wiring, lines and flags."""

    def everything(graph: introspect.Graph) -> list[Any]:
        where = [(op.function, op.source, op.flags, op.call and op.call.index) for op in graph.ops]
        calls = [(c.path, c.module, c.repetition, c.parameters) for c in graph.calls]
        made = [(v.kind, v.name, v.aliases, v.producer and v.producer.index) for v in graph.values]
        return [graph.to_dict(), graph.fingerprint, where, calls, made]

    return everything(graph) == everything(other)


def main() -> None:
    if len(sys.argv) > 1:
        warnings.simplefilter("ignore")
        what = sys.argv[1]
        if what in FILE_ROWS:
            print(json.dumps(measure_file(is_cold=what == "cold")))
        else:
            print(json.dumps(measure(memoize=what == "memoize")))
        return
    print(f"{'CPU seconds':14}{'built':>8}{'traced':>8}{'again':>8}{'drawn':>8}{'MB':>6}")
    for name in ("plain", "memoize"):
        runs = [own_process.measure(__file__, name, one_thread=True) for _ in range(RUNS)]
        times = [median(column) for column in zip(*(run["times"] for run in runs), strict=True)]
        cells = "".join(f"{seconds:8.3f}" for seconds in times[:-1])
        print(f"{name:14}{cells}{times[-1]:6.0f}")
    print(runs[-1]["what"])
    print("the same graph" if all(run["is_same"] for run in runs) else "THE GRAPHS DIFFER")
    print(f"\n{'meta model to SVG file':32}{'CPU s':>8}{'MB':>6}")
    for name, title in FILE_ROWS.items():
        rows = [own_process.measure(__file__, name, one_thread=True) for _ in range(RUNS)]
        seconds, grown_mb = (median(column) for column in zip(*rows, strict=True))
        print(f"{title:32}{seconds:8.3f}{grown_mb:6.0f}")


if __name__ == "__main__":
    main()
