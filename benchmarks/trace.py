"""What tracing a model costs: introspect beside torchview, torchlens and TensorBoard's add_graph.

    python benchmarks/trace.py [--repeats 7] [--own]

Prints CPU time as a multiple of one eager forward of the same model on the same tensors in the
same process (for the fake mode: of one fake forward). Each tool runs in a process of its own,
one thread, median of the repeats, and beside it the first call, which is what a user waits
for. Peers: `pip install torchview graphviz torchlens`; a tool or model library that is not
installed, or fails, is said to.
"""

import argparse
import io
import json
import statistics
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from contextlib import redirect_stdout
from typing import Any

import own_process
import torch
from torch import nn

TOOLS = (
    "introspect",
    "introspect, and its ops read",
    "introspect, aten level",
    "introspect, fake mode",
    "torchview",
    "torchlens",
    "add_graph",
)


def resnet50() -> tuple[nn.Module, dict[str, torch.Tensor]]:
    from torchvision import models

    return models.resnet50(weights=None), {"x": torch.randn(1, 3, 64, 64)}


def bert_base() -> tuple[nn.Module, dict[str, torch.Tensor]]:
    from transformers import BertConfig, BertModel

    ids = torch.randint(0, 1000, (1, 16))
    return BertModel(BertConfig()), {"input_ids": ids, "attention_mask": torch.ones_like(ids)}


def llama() -> tuple[nn.Module, dict[str, torch.Tensor]]:
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(
        vocab_size=1000,
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=32,
        num_attention_heads=4,
        num_key_value_heads=2,
    )
    return LlamaForCausalLM(config), {"input_ids": torch.randint(0, 1000, (1, 16))}


MODELS = {
    "resnet50 at 64 px": resnet50,
    "bert-base": bert_base,
    "llama, 32 layers of 64": llama,
}


def tool_call(
    tool: str, model: nn.Module, inputs: dict[str, torch.Tensor], folder: str
) -> Callable[[], Any]:
    """One capture, without drawing it, as each tool's documentation does it."""
    if tool.startswith("introspect"):
        from introspect import Tracer

        options = {"introspect, aten level": {"level": "aten"}}.get(tool, {})
        options = {"introspect, fake mode": {"mode": "fake"}}.get(tool, options)
        tracer = Tracer(**options)
        if tool.endswith("read"):  # its ops, values and calls are made when they are asked for
            return lambda: tracer.trace(model, **inputs).ops
        return lambda: tracer.trace(model, **inputs)
    if tool == "torchview":
        from torchview import draw_graph

        # the smallest thing that it offers: the graph at full depth, not rendered
        options = {"expand_nested": True, "depth": 50, "device": "cpu"}
        return lambda: draw_graph(model, input_data=inputs, **options)
    if tool == "torchlens":
        import torchlens

        if "x" in inputs:  # it takes no keyword for what it can be given by position
            return lambda: torchlens.trace(model, list(inputs.values()), {}, save=None)
        return lambda: torchlens.trace(model, [], inputs, save=None)
    from torch.utils.tensorboard import SummaryWriter

    writer = SummaryWriter(folder)
    return lambda: writer.add_graph(model, tuple(inputs.values()))


def cpu_s(call: Callable[[], Any], repeats: int) -> tuple[float, float]:
    """CPU seconds of the first call, and the median of those after it."""
    times = []
    for _ in range(repeats + 1):
        start = time.process_time()
        with redirect_stdout(io.StringIO()):
            call()
        times.append(time.process_time() - start)
    return times[0], statistics.median(times[1:])


def forward_s(model: nn.Module, inputs: dict[str, torch.Tensor], repeats: int, tool: str) -> float:
    """CPU seconds of one forward, of the kind that the tool makes."""
    if "fake" not in tool:
        return cpu_s(lambda: model(**inputs), repeats)[1]
    from introspect.graph.capture.fake import faked

    with faked(model, ((), inputs)) as (_, fakes), torch.no_grad():
        return cpu_s(lambda: model(**fakes), repeats)[1]


def measure(tool: str, model_name: str, repeats: int) -> dict[str, float]:
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    torch.manual_seed(0)
    model, inputs = MODELS[model_name]()
    model.eval()
    before = forward_s(model, inputs, 3 * repeats, tool)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        first, later = cpu_s(tool_call(tool, model, inputs, folder), repeats)
    after = forward_s(model, inputs, 3 * repeats, tool)
    # the machine may have been busier the first time; torchlens leaves torch slower behind it
    eager = before if tool == "torchlens" else min(before, after)
    return {"eager_ms": eager * 1e3, "first_ms": first * 1e3, "later_ms": later * 1e3}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--own", action="store_true", help="introspect alone")
    parser.add_argument("--tool", choices=TOOLS, help=argparse.SUPPRESS)
    parser.add_argument("--model", choices=MODELS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.tool:
        print(json.dumps(measure(options.tool, options.model, options.repeats)))
        return
    print(f"torch {torch.__version__}, Python {sys.version.split()[0]}, one thread, CPU time\n")
    print("| model | tool | x one forward | first call, ms |")
    print("|---|---|---:|---:|")
    for model in MODELS:
        for tool in TOOLS:
            if options.own and not tool.startswith("introspect"):
                continue
            arguments = ["--tool", tool, "--model", model, "--repeats", str(options.repeats)]
            try:
                row = own_process.measure(__file__, *arguments, one_thread=True)
            except RuntimeError as error:
                print(f"| {model} | {tool} | failed: {str(error).splitlines()[-1][:60]} | |")
                continue
            ratio = row["later_ms"] / row["eager_ms"]
            print(f"| {model} | {tool} | {ratio:.2f} | {row['first_ms']:.0f} |", flush=True)


if __name__ == "__main__":
    main()
