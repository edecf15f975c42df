"""One sweep over all weights of a model: Sketch beside TensorBoard, wandb and a sum.

    python benchmarks/sketch_weights.py                 resnet50 and a transformer of 110 M
    PEERS=/a/site-packages python benchmarks/sketch_weights.py
                                                        wandb from a folder of its own

Every tool runs in a process of its own, all take turns, one thread, CPU time, medians. TensorBoard
writes its event file; of wandb it is the statistics of ``wandb.watch``
(``TorchHistory.log_tensor_stats``) with the run that they are sent to left out. A sum reads
every value once and does nothing else: no counting can be faster than the memory.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import own_process

ROUNDS = 7
SLOW = ("wandb", "tensorboard")
Parameters = dict[str, Any]
Sweep = Callable[[], object]


def parameters_of(model: str) -> Parameters:
    """The randomly initialised parameters of a model."""
    import torch

    torch.set_num_threads(1)
    torch.manual_seed(0)
    if model == "resnet50":
        from torchvision.models import resnet50

        return dict(resnet50(weights=None).named_parameters())
    from transformers import BertConfig, BertModel

    return dict(BertModel(BertConfig()).named_parameters())


def sweep_introspect(parameters: Parameters, folder: str) -> Sweep:
    from introspect.tensors.count import count

    del folder
    return lambda: [count(parameter) for parameter in parameters.values()]


def sweep_compiled(parameters: Parameters, folder: str) -> Sweep:
    from introspect.tensors.count_compiled import use_compiled

    use_compiled()
    return sweep_introspect(parameters, folder)


def sweep_packed(parameters: Parameters, folder: str) -> Sweep:
    from introspect.tensors.count import count

    del folder
    return lambda: [count(parameter).to_bytes() for parameter in parameters.values()]


def sweep_sum(parameters: Parameters, folder: str) -> Sweep:
    del folder
    return lambda: [parameter.sum() for parameter in parameters.values()]


def sweep_tensorboard(parameters: Parameters, folder: str) -> Sweep:
    from torch.utils.tensorboard import SummaryWriter

    writer = SummaryWriter(folder)

    def sweep() -> None:
        for name, parameter in parameters.items():
            writer.add_histogram(name, parameter, 0)

    return sweep


def sweep_wandb(parameters: Parameters, folder: str) -> Sweep:
    del folder
    sys.path.append(os.environ.get("PEERS", ""))
    import wandb  # ty: ignore[import-not-found]
    from wandb.integration.torch.wandb_torch import TorchHistory  # ty: ignore[import-not-found]

    wandb.run = SimpleNamespace(_log=lambda *_, **__: None)
    history = TorchHistory()

    def sweep() -> None:
        for name, parameter in parameters.items():
            history.log_tensor_stats(parameter.data.cpu(), f"parameters/{name}")

    return sweep


def serve(tool: str, model: str) -> None:
    """The process of one tool: a sweep for each line that comes in, its CPU seconds goes out."""
    parameters = parameters_of(model)
    with tempfile.TemporaryDirectory() as folder:
        sweep = globals()[f"sweep_{tool}"](parameters, folder)
        sweep()  # to warm up
        print("ready", flush=True)
        for _ in sys.stdin:
            start = time.process_time()
            sweep()
            print(time.process_time() - start, flush=True)


def started(tool: str, model: str) -> "subprocess.Popen[str]":
    """A tool in a process of its own, ready to sweep.

    Raises:
        RuntimeError: If it cannot, with the last line of what it said.
    """
    command = [sys.executable, "-W", "ignore", __file__, tool, model]
    environment = os.environ | own_process.QUIET | own_process.ONE_THREAD
    pipe = subprocess.PIPE
    process = subprocess.Popen(
        command, stdin=pipe, stdout=pipe, stderr=pipe, text=True, env=environment
    )
    if process.stdout is None or process.stdout.readline() != "ready\n":
        said = process.communicate()[1]
        raise RuntimeError((said.splitlines() or ["it ended"])[-1])
    return process


def swept_s(process: "subprocess.Popen[str]") -> float:
    """CPU seconds of one more sweep."""
    if process.stdin is None or process.stdout is None:
        raise RuntimeError("the process has no pipes")
    process.stdin.write("sweep\n")
    process.stdin.flush()
    return float(process.stdout.readline())


def by_turns(model: str, *, rounds: int = ROUNDS) -> dict[str, float]:
    """Median CPU seconds of a sweep for each tool; NaN for one that is not installed."""
    processes: dict[str, subprocess.Popen[str]] = {}
    for tool in LABELS:
        try:
            processes[tool] = started(tool, model)
        except RuntimeError as error:
            print(f"{tool}: {error}", file=sys.stderr)
    found: dict[str, list[float]] = {tool: [] for tool in LABELS}
    try:
        for _ in range(rounds):
            for tool, process in processes.items():
                found[tool] += [swept_s(process) for _ in range(1 if tool in SLOW else 3)]
    finally:
        for process in processes.values():
            process.communicate()  # the end of its input ends it
    return {
        tool: statistics.median(times_s) if times_s else float("nan")
        for tool, times_s in found.items()
    }


LABELS = {
    "introspect": "introspect",
    "compiled": "introspect, use_compiled()",
    "packed": "introspect, and its bytes",
    "sum": "sum() of each tensor",
    "wandb": "wandb.watch's statistics",
    "tensorboard": "TensorBoard add_histogram",
}
GOALS = {"resnet50": (40, 6, 12), "bert-base": (35, 8, 12)}


def print_table(model: str, cpu_s: dict[str, float]) -> None:
    """Milliseconds, and how they stand to the others and to the goals."""
    fewer, than_wandb, sums = GOALS[model]
    print(f"\nall weights of {model}, counts and exact moments", flush=True)
    print(f"{'':<28} {'ms':>8}  of add_histogram   of wandb    of sum()")
    for tool, label in LABELS.items():
        own = cpu_s[tool]
        ratios = (cpu_s["tensorboard"] / own, cpu_s["wandb"] / own, own / cpu_s["sum"])
        print(
            f"{label:<28} {own * 1e3:8.1f} {'1/':>9}{ratios[0]:<8.1f}"
            f" {'1/':>5}{ratios[1]:<6.1f} {ratios[2]:>8.1f}x"
        )
    print(
        f"{'goal':<28} {'':8} {'1/':>9}{fewer:<8} {'1/':>5}{than_wandb:<6} {sums:>8}x", flush=True
    )


def main() -> None:
    if len(sys.argv) > 2:
        serve(sys.argv[1], sys.argv[2])
        return
    for model in GOALS:
        print_table(model, by_turns(model))


if __name__ == "__main__":
    main()
