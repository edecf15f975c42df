"""Sketches of several ranks are the sketch of the whole, added up on reading or by a collective.

Every scenario runs in real processes with gloo, on 2 and 4 ranks. What each rank checks raises
there, and `torch.multiprocessing.spawn` raises it here.
"""

import os
import socket
import warnings

import numpy as np
import pytest
import torch
from torch import nn

from introspect.errors import WatchError
from introspect.history import History
from introspect.nouns.sketch import Sketch
from introspect.nouns.watched import over_ranks
from introspect.tensors import watch
from introspect.tensors.readings import Reading
from introspect.tensors.reducing import Reducing, Window, _row, _widened, window_of
from introspect.tensors.sharding import own_part

pytestmark = pytest.mark.skipif(
    not torch.distributed.is_available(), reason="this torch has no torch.distributed"
)

ROWS = 13
"""Of the first weight: uneven on 2 and on 4 ranks."""


def network():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(6, ROWS), nn.ReLU(), nn.Linear(ROWS, 3))


def batch(rank):
    return torch.randn(8, 6, generator=torch.Generator().manual_seed(rank))


def alone(ranks):
    """One step on all batches in this process: what every rank must add up to."""
    model = network()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with watch(model, optimizer, every=1) as watching:
        losses = [model(batch(rank)).square().mean() for rank in range(ranks)]
        torch.stack(losses).mean().backward()
        optimizer.step()
    return watching.at(0), watching.history


def started(rank, ranks, port):
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    os.environ |= {"RANK": str(rank), "WORLD_SIZE": str(ranks), "LOCAL_RANK": str(rank)}
    torch.distributed.init_process_group(
        "gloo", init_method=f"tcp://127.0.0.1:{port}", rank=rank, world_size=ranks
    )


def wrapped(model, how):
    if how == "ddp":
        return nn.parallel.DistributedDataParallel(model)
    from torch.distributed.fsdp import fully_shard

    for module in (model[0], model[2]):
        fully_shard(module)
    return fully_shard(model)


def train_all(rank, ranks, port, folder):
    started(rank, ranks, port)
    try:
        for how in ("ddp", "fsdp"):
            for reduce in (False, True):
                train(how, f"{folder}/{how}-{reduce}", reduce)
    finally:
        torch.distributed.destroy_process_group()


def train(how, folder, reduce):
    rank = torch.distributed.get_rank()
    model = wrapped(network(), how)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    made = []
    with History(folder) as history:
        watching = watch(model, optimizer, history, every=1, reduce=reduce)
        for _ in range(3):
            optimizer.zero_grad()
            model(batch(rank)).square().mean().backward()
            optimizer.step()
            if reduce:
                reducing = watching._recording._reducing
                assert reducing is not None
                made.append(reducing.collectives)
        watching.close()
    assert made == ([3, 4, 5] if reduce else []), "agreed on once, then one for each record"
    with pytest.raises(WatchError, match="different steps"):
        watch(model, optimizer, every="auto")


def spawn(function, ranks, *arguments):
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        port = door.getsockname()[1]
    torch.multiprocessing.spawn(function, args=(ranks, port, *arguments), nprocs=ranks)


def close_to(found, expected):
    """The same counts in all but a few neighbouring bins: sums over ranks round differently."""
    assert found.n == expected.n
    assert found.min == pytest.approx(expected.min, rel=1e-4, abs=1e-9)
    assert found.max == pytest.approx(expected.max, rel=1e-4, abs=1e-9)
    assert found.sum_squares == pytest.approx(expected.sum_squares, rel=1e-4)
    assert found.ks(expected) < 0.03


@pytest.mark.parametrize("ranks", [2, 4])
def test_ranks_add_up_to_the_whole(tmp_path, ranks):
    spawn(train_all, ranks, str(tmp_path))
    expected, told = alone(ranks)
    for how in ("ddp", "fsdp"):
        for reduce in (False, True):
            history = History.open(tmp_path / f"{how}-{reduce}")
            check_whole(history, expected)
            check_numbers(history, told, is_whole=reduce or how == "ddp", reduce=reduce)


def check_whole(history, expected):
    for key, sketch in expected.items():
        found = over_ranks(history[key]).at(0)
        if key.startswith(("weights/", "activations/")):
            assert found == sketch, key
        else:
            close_to(found, sketch)


def check_numbers(history, told, *, is_whole, reduce):
    keys = set(history.keys())
    if is_whole:
        for key in ("weights/0.weight/norm", "gradients/2.bias/norm", "updates/0.weight/ratio"):
            assert history[key].at(0) == pytest.approx(told[key].at(0), rel=1e-4)
    else:
        assert "weights/0.weight/norm" not in keys, "a shard's norm is not that of the whole"
    if reduce:
        assert history["activations/1/dead"].at(0) == told["activations/1/dead"].at(0)
        assert not any(history[key].parts for key in keys), "rank 0 alone has written"


def test_a_partial_gradient_and_copies_are_counted_once():
    spawn(check_placements, 2)


def check_placements(rank, ranks, port):
    started(rank, ranks, port)
    try:
        from torch.distributed.tensor import DTensor, Partial, Replicate, Shard, init_device_mesh

        mesh = init_device_mesh("cpu", (ranks,))
        part = torch.arange(4.0) + rank
        copies = DTensor.from_local(part, mesh, [Replicate()])
        found = own_part(copies, is_copy=True)
        assert (found is None) == (rank > 0)
        summed = own_part(DTensor.from_local(part, mesh, [Partial()]), is_copy=True)
        assert (summed is None) == (rank > 0)
        if summed is not None:
            assert summed.tolist() == [1.0, 3.0, 5.0, 7.0]
        rows = own_part(DTensor.from_local(part, mesh, [Shard(0)]), is_copy=True)
        assert rows is not None
        assert rows.tolist() == part.tolist()
        assert (own_part(part, is_copy=True) is None) == (rank > 0)
        check_reducing(rank)
    finally:
        torch.distributed.destroy_process_group()


def check_reducing(rank):
    """Ranks with other keys, other ranges, no finite values at all."""
    reducing = Reducing()
    values = [[1.0, -2.0, np.nan], [np.inf, np.nan]][rank]
    mine = {
        "a": Reading(Sketch.of(values), len(values)),
        f"only/{rank}": Reading(
            Sketch.of([rank + 3.0]), 1, base_squares=4.0, alive=np.array([True, False])
        ),
    }
    for factor in (1.0, 1.1, 1e9, 2.0):
        mine["wide"] = Reading(Sketch.of([factor * (rank + 1), -1e300]), 2)
        found = reducing.summed(mine)
        assert found["a"].sketch == Sketch.of([1.0, -2.0, np.nan, np.inf, np.nan])
        assert found["a"].size == 5
        assert found["only/0"].sketch == Sketch.of([3.0])
        assert found["only/1"].base_squares == 4.0
        np.testing.assert_array_equal(found["only/1"].alive, [True, False])
        assert found["wide"].sketch == Sketch.of([factor, 2 * factor, -1e300, -1e300])
    assert reducing.collectives == 3 + 1 + 3 + 1, "1e9 does not fit the window of 1"


def test_one_process_reduces_to_itself_without_a_collective():
    reducing = Reducing()
    mine = {"a": Reading(Sketch.of([1.0]), 1)}
    assert reducing.summed(mine)["a"].sketch == Sketch.of([1.0])
    assert reducing.collectives == 0


def test_windows_cover_what_they_join():
    one, two = Window(5, 9, alive=2), Window(20, 21, linear=4)
    both = one.joined(two)
    assert (both.low, both.high, both.alive, both.linear) == (5, 21, 2, 4)
    assert Window(1, 0).joined(Window(1, 0)).width == 0
    assert Window(5, 9).covers(Window(1, 0))
    assert not Window(5, 9).covers(Window(4, 9))
    reading = Reading(Sketch.of([1e-45, 3e38, 0.0]), 3)
    window = _widened(window_of(reading))
    assert len(_row({"a": reading}, {"a": window}, fits=True)) == 1 + window.size + 3


def test_sketches_of_ranks_are_added_at_the_steps_that_they_share(tmp_path, monkeypatch):
    for rank, steps in enumerate([(0, 1), (1, 2)]):
        monkeypatch.setenv("RANK", str(rank))
        monkeypatch.setenv("WORLD_SIZE", "2")
        with History(tmp_path) as history:
            for step in steps:
                history.log(step, values=Sketch.of([float(rank), 10.0 * step]))
    metric = over_ranks(History.open(tmp_path)["values"])
    assert metric.formatted_steps == ["0", "1", "2"]
    assert metric.at(0) == Sketch.of([0.0, 0.0])
    assert metric.at(1) == Sketch.of([0.0, 10.0, 1.0, 10.0])
    assert metric.at(2) == Sketch.of([1.0, 20.0])
