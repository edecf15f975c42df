"""What a summary of resnet50 costs: introspect beside torchinfo.

    python benchmarks/summary.py [--repeats 15] [--size 64]

From the model to the printed text: introspect traces, counts and writes; torchinfo does its
own forward and writes. Each tool in a process of its own, one thread, CPU time, median of
the repeats and the first call. Needs `pip install torchinfo torchvision`; goal: no slower.
"""

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable

import own_process
import torch
from torch import nn

TOOLS = ("introspect", "introspect, every row", "torchinfo", "one forward")


def tool_call(tool: str, model: nn.Module, x: torch.Tensor) -> Callable[[], str]:
    if tool == "torchinfo":
        import torchinfo

        return lambda: str(torchinfo.summary(model, input_data=[x], verbose=0, depth=99))
    if tool == "one forward":
        return lambda: str(model(x).shape)
    import introspect
    from introspect.graph.summary import summarise

    fold = tool == "introspect"
    return lambda: repr(summarise(introspect.trace(model, x), fold=fold))


def run_one(tool: str, repeats: int, size: int) -> dict[str, float]:
    from torchvision.models import resnet50

    torch.manual_seed(0)
    model, x = resnet50(weights=None).eval(), torch.randn(1, 3, size, size)
    call = tool_call(tool, model, x)
    times_s = []
    with torch.no_grad():
        for _ in range(3):
            model(x)
        for _ in range(repeats + 1):
            began = time.process_time()
            call()
            times_s.append(time.process_time() - began)
    return {"first_s": times_s[0], "median_s": statistics.median(times_s[1:])}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=15)
    parser.add_argument("--size", type=int, default=64, help="pixels of the square image")
    parser.add_argument("--tool", choices=TOOLS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.tool:
        torch.set_num_threads(1)
        print(json.dumps(run_one(options.tool, options.repeats, options.size)))
        return
    figures = {}
    print(f"| summary of resnet50 at {options.size} px | median ms | first ms |\n|---|---|---|")
    for tool in TOOLS:
        arguments = ("--tool", tool, "--repeats", str(options.repeats), "--size", str(options.size))
        try:
            figures[tool] = own_process.measure(__file__, *arguments, one_thread=True)
        except RuntimeError as error:
            print(f"| {tool} | {str(error).splitlines()[-1]} | |", file=sys.stderr)
            continue
        found = figures[tool]
        print(f"| {tool} | {found['median_s'] * 1e3:.1f} | {found['first_s'] * 1e3:.1f} |")
    if "torchinfo" in figures:
        ratio = figures["introspect"]["median_s"] / figures["torchinfo"]["median_s"]
        print(f"\nintrospect / torchinfo: {ratio:.2f} (goal: <= 1)")


if __name__ == "__main__":
    main()
