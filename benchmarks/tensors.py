"""Everything that sketching and watching tensors may cost, beside its goal.

    python benchmarks/tensors.py                  all of it: about ten minutes
    PEERS=/a/site-packages python benchmarks/tensors.py
                                                  wandb from a folder of its own

Times are CPU time of one thread, each part in processes of its own; how each is taken is told
in ``sketch_weights.py`` and ``watch.py``. Collectives and graph breaks are counted, not timed.
"""

import json
import os
import statistics
import sys
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any

import own_process
import sketch_weights

LOGGED_STEPS = 20
RECORDS = 5


def measure_watch() -> dict[str, float]:
    """Shares of a step of a small transformer: weights and gradients, every step and every 10."""
    import torch
    import watch

    torch.set_num_threads(1)
    plain, recorded, between = watch.recorded_and_not(("weights", "gradients"))
    each = recorded / plain - 1
    return {"each": each, "tenth": each / 10, "between": between / plain - 1}


def measure_distance() -> float:
    """Median CPU seconds of the W1 of two sketches of 2.4 million weights, moved a little."""
    import torch

    from introspect.tensors.count import count

    torch.manual_seed(0)
    weights = torch.randn(2_359_296) * 0.02
    old, new = count(weights), count(weights * 1.02 + 0.001)
    times_s = []
    for _ in range(500):
        start = time.process_time()
        old.w1(new)
        times_s.append(time.process_time() - start)
    return statistics.median(times_s)


def measure_stored(model: str) -> dict[str, float]:
    """Bytes on disk of all weights at five steps, as History and as TensorBoard's event file."""
    import torch
    from torch.utils.tensorboard import SummaryWriter

    import introspect
    from introspect.tensors.count import count

    parameters = sketch_weights.parameters_of(model)
    with tempfile.TemporaryDirectory() as folder:
        ours, theirs = Path(folder) / "ours", Path(folder) / "theirs"
        writer = SummaryWriter(str(theirs))
        sizes = []
        with introspect.History(ours) as history, torch.no_grad():
            for step in range(RECORDS):
                sketches = {f"weights/{name}": count(value) for name, value in parameters.items()}
                sizes += [len(sketch.to_bytes()) for sketch in sketches.values()]
                history.log(step, **sketches)
                for name, value in parameters.items():
                    writer.add_histogram(name, value, step)
                    value.mul_(1.01).add_(1e-4 * torch.randn_like(value))
        writer.close()
        return {
            "ours": _size_bytes(ours),
            "theirs": _size_bytes(theirs),
            "median": statistics.median(sizes),
            "most": max(sizes),
        }


def _size_bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def count_collectives(rank: int, folder: str) -> None:
    """One of two ranks: every collective of torch.distributed is counted, by wrapping it."""
    import torch
    import torch.distributed as dist

    import introspect

    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{folder}/door", rank=rank, world_size=2)
    calls: list[str] = []
    for name in ("all_reduce", "all_gather", "all_gather_object", "broadcast", "barrier"):
        setattr(dist, name, _counted(getattr(dist, name), calls, name))
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(32, 64), torch.nn.ReLU(), torch.nn.Linear(64, 8))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    watching = introspect.watch(model, optimizer, every=1, reduce=True)
    made = []
    for step in range(LOGGED_STEPS + 1):
        optimizer.zero_grad()
        batch = torch.randn(16, 32, generator=torch.Generator().manual_seed(2 * step + rank))
        model(batch).square().mean().backward()
        before = len(calls)
        optimizer.step()
        made.append(len(calls) - before)
    watching.close()
    dist.destroy_process_group()
    if not rank:
        Path(folder, "made.json").write_text(json.dumps(made))


def _counted(function: Any, calls: list[str], name: str) -> Any:
    def wrapped(*arguments: Any, **options: Any) -> Any:
        calls.append(name)
        return function(*arguments, **options)

    return wrapped


def measure_collectives() -> list[int]:
    """How many collectives each logged step made; on the first the ranks agree on a layout."""
    import torch

    with tempfile.TemporaryDirectory() as folder:
        torch.multiprocessing.spawn(count_collectives, args=(folder,), nprocs=2)
        return json.loads(Path(folder, "made.json").read_text())


def measure_breaks() -> dict[str, int]:
    """Graph breaks of a compiled transformer whose activations are watched, and what was read."""
    import torch
    import watch

    import introspect

    torch.manual_seed(0)
    model = watch.Language()
    words = torch.randint(0, watch.WORDS, (2, 16))
    with introspect.watch(model, log="activations", every=1) as watching:
        found = torch._dynamo.explain(model)(words)  # noqa: SLF001  no public way
        torch.compiler.reset()
        compiled = torch.compile(model, backend="aot_eager", fullgraph=True)
        compiled(words).sum().backward()
        watching.after_backward()
        read = len(watching.at(0))
    return {"breaks": found.graph_break_count, "graphs": found.graph_count, "read": read}


def _measured(part: str, *arguments: str) -> Any:
    return own_process.measure(__file__, part, *arguments, one_thread=True)


def main() -> None:
    if len(sys.argv) > 1:
        print(json.dumps(globals()[f"measure_{sys.argv[1]}"](*sys.argv[2:])))
        return
    os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")
    for model in sketch_weights.GOALS:
        sketch_weights.print_table(model, sketch_weights.by_turns(model))
    shares = [_measured("watch") for _ in range(3)]
    each, tenth, between = (
        statistics.median(share[name] for share in shares) for name in ("each", "tenth", "between")
    )
    print(f"\n{'':<52} {'found':>9}  goal")
    print(f"{'weights and gradients, every 10 steps':<52} {tenth:9.2%}  <= 1 % of the step")
    print(f"{'weights and gradients, every step':<52} {each:9.1%}  <= 10 %")
    print(f"{'  steps in between':<52} {between:9.2%}  nothing")
    print(f"{'W1 of two sketches':<52} {_measured('distance') * 1e6:6.0f} us  <= 100 us")
    for model in sketch_weights.GOALS:
        stored = _measured("stored", model)
        share = f"1/{stored['theirs'] / stored['ours']:.0f}"
        print(f"{f'bytes on disk, {model}, of TensorBoard':<52} {share:>9}  <= 1/10")
        sizes = f"{stored['median']:.0f}, {stored['most']:.0f}"
        print(f"{'  bytes a tensor, median and most':<52} {sizes:>9}  typically < 300, <= 600")
    first, *others = _measured("collectives")
    row = f"collectives a logged step (the first: {first})"
    print(f"{row:<52} {sum(others) / len(others):9.2f}  1")
    breaks = _measured("breaks")
    row = f"graph breaks, {breaks['read']} activations watched, fullgraph=True"
    print(f"{row:<52} {breaks['breaks']:9d}  0")


if __name__ == "__main__":
    main()
