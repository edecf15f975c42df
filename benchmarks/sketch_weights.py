"""One sweep over all weights of resnet50: introspect's Sketch beside TensorBoard's add_histogram.

    python benchmarks/sketch_weights.py

Each tool runs in a process of its own, one thread, CPU time, median of several sweeps. The
goal is a ratio of at least 40.
"""

import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable

import own_process

SWEEPS = {"introspect": 9, "introspect_bytes": 9, "tensorboard": 3}


def weights() -> dict:
    """The randomly initialised parameters of resnet50: 161 tensors, 25.6 million values."""
    import torch
    from torchvision.models import resnet50

    torch.set_num_threads(1)
    torch.manual_seed(0)
    return dict(resnet50(weights=None).named_parameters())


def sweep_introspect(parameters: dict, folder: str) -> Callable[[], object]:
    from introspect.tensors.count import count

    del folder
    return lambda: [count(parameter) for parameter in parameters.values()]


def sweep_introspect_bytes(parameters: dict, folder: str) -> Callable[[], object]:
    from introspect.tensors.count import count

    del folder
    return lambda: [count(parameter).to_bytes() for parameter in parameters.values()]


def sweep_tensorboard(parameters: dict, folder: str) -> Callable[[], object]:
    from torch.utils.tensorboard import SummaryWriter

    writer = SummaryWriter(folder)

    def sweep() -> None:
        for name, parameter in parameters.items():
            writer.add_histogram(name, parameter, 0)

    return sweep


def measure(tool: str) -> float:
    """Median CPU seconds of a sweep, after one to warm up."""
    parameters = weights()
    with tempfile.TemporaryDirectory() as folder:
        sweep = globals()[f"sweep_{tool}"](parameters, folder)
        times_s = []
        for _ in range(SWEEPS[tool] + 1):
            start = time.process_time()
            sweep()
            times_s.append(time.process_time() - start)
    return statistics.median(times_s[1:])


def main() -> None:
    if len(sys.argv) > 1:
        print(json.dumps(measure(sys.argv[1])))
        return
    cpu_s = {tool: own_process.measure(__file__, tool, one_thread=True) for tool in SWEEPS}
    slowest = cpu_s["tensorboard"]
    print("all weights of resnet50 (161 tensors, 25.6 M values), counts and exact moments")
    rows = {
        "introspect Sketch": "introspect",
        "  ... and its bytes": "introspect_bytes",
        "TensorBoard add_histogram": "tensorboard",
    }
    for label, tool in rows.items():
        print(f"{label:<26} {cpu_s[tool] * 1e3:8.1f} ms   1/{slowest / cpu_s[tool]:.0f}")


if __name__ == "__main__":
    main()
