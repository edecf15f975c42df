"""What tracing a model costs: introspect beside torchview and TensorBoard's add_graph.

    python benchmarks/trace_model.py [--repeats 7]

Prints CPU time as a multiple of one eager forward of the same model in the same process.
Each tool runs in a process of its own, one thread, median of the repeats, and beside it the
first call, which is what a user waits for. torchview is `pip install torchview graphviz`; a
tool that is not installed or fails is said to.
"""

import argparse
import io
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import redirect_stdout
from typing import Any

import own_process
import torch
from torch import nn
from torch.nn import functional

MODELS = ("resnet50 at 64 px", "decoder of 32 layers")
TOOLS = ("introspect", "torchview", "add_graph")


class Block(nn.Module):
    """A transformer's decoder layer as Llama writes it, small enough that Python is the cost."""

    def __init__(self, width: int = 64, heads: int = 4) -> None:
        super().__init__()
        self.heads = heads
        self.norm, self.mlp_norm = nn.RMSNorm(width), nn.RMSNorm(width)
        self.query, self.key, self.value, self.out = (
            nn.Linear(width, width, bias=False) for _ in range(4)
        )
        self.gate, self.up = (nn.Linear(width, 2 * width, bias=False) for _ in range(2))
        self.down = nn.Linear(2 * width, width, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(batch, length, width) to the same shape."""
        batch, length, width = x.shape
        split = (batch, length, self.heads, width // self.heads)
        y = self.norm(x)
        q, k, v = (
            layer(y).view(split).transpose(1, 2) for layer in (self.query, self.key, self.value)
        )
        y = functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.out(y.transpose(1, 2).reshape(batch, length, width))
        y = self.mlp_norm(x)
        return x + self.down(functional.silu(self.gate(y)) * self.up(y))


def model_and_input(name: str) -> tuple[nn.Module, torch.Tensor]:
    torch.manual_seed(0)
    if name == MODELS[0]:
        from torchvision.models import resnet50

        return resnet50(weights=None).eval(), torch.randn(1, 3, 64, 64)
    decoder = nn.Sequential(nn.Embedding(1000, 64), *(Block() for _ in range(32)))
    return decoder.eval(), torch.randint(0, 1000, (1, 16))


def tool_call(tool: str, model: nn.Module, x: torch.Tensor, folder: str) -> Callable[[], Any]:
    """One capture, without drawing it, as each tool's documentation does it."""
    if tool == "introspect":
        from introspect import trace

        return lambda: trace(model, x)
    if tool == "torchview":
        from torchview import draw_graph

        # the smallest thing that it offers: the graph at full depth, not rendered
        return lambda: draw_graph(model, input_data=x, expand_nested=True, depth=50, device="cpu")
    from torch.utils.tensorboard import SummaryWriter

    writer = SummaryWriter(folder)
    return lambda: writer.add_graph(model, x)


def cpu_s(call: Callable[[], Any], repeats: int) -> tuple[float, float]:
    """CPU seconds of the first call, and the median of those after it."""
    times = []
    for _ in range(repeats + 1):
        start = time.process_time()
        with redirect_stdout(io.StringIO()):
            call()
        times.append(time.process_time() - start)
    return times[0], statistics.median(times[1:])


def measure(tool: str, model_name: str, repeats: int) -> dict[str, float]:
    torch.set_num_threads(1)
    model, x = model_and_input(model_name)
    _, eager = cpu_s(lambda: model(x), 5 * repeats)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        first, later = cpu_s(tool_call(tool, model, x, folder), repeats)
    _, again = cpu_s(lambda: model(x), 5 * repeats)
    eager = min(eager, again)  # the machine may have been busier the first time
    return {"eager_ms": eager * 1e3, "first_ms": first * 1e3, "later_ms": later * 1e3}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--tool", choices=TOOLS, help=argparse.SUPPRESS)
    parser.add_argument("--model", choices=MODELS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.tool:
        print(json.dumps(measure(options.tool, options.model, options.repeats)))
        return
    print(f"torch {torch.__version__}, Python {sys.version.split()[0]}, one thread, CPU time\n")
    print("| model | tool | x one eager forward | first call, ms |")
    print("|---|---|---:|---:|")
    for model in MODELS:
        for tool in TOOLS:
            arguments = ["--tool", tool, "--model", model, "--repeats", str(options.repeats)]
            try:
                row = own_process.measure(__file__, *arguments, one_thread=True)
            except RuntimeError as error:
                print(f"| {model} | {tool} | failed: {str(error).splitlines()[-1][:60]} | |")
                continue
            ratio = row["later_ms"] / row["eager_ms"]
            print(f"| {model} | {tool} | {ratio:.2f} | {row['first_ms']:.0f} |")


if __name__ == "__main__":
    main()
