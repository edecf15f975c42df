"""Many processes on one run: ranks, launchers, workers, forks, spawns and pickles."""

import multiprocessing
import os
import pickle
import subprocess
import sys
import textwrap
import threading
import time
from concurrent.futures import ProcessPoolExecutor

import numpy as np
import pytest

from introspect.errors import HistoryError
from introspect.history import History
from introspect.history.folder import segments

TRAINING = """
    import os, sys, time
    import torch, torch.distributed as dist
    from introspect.history import History
    dist.init_process_group("gloo")
    rank = dist.get_rank()
    history = History(sys.argv[1], resume=len(sys.argv) > 2)
    first = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    if first:
        history.rewind(first)
    for step in range(first, first + 50):
        loss = torch.tensor(float(step + rank))
        history.log(step, loss=loss, **{f"only/{rank}": 1.0})
        dist.all_reduce(loss)
    assert history["loss"].by_rank()[rank].last == step + rank
    if rank == 0:
        history.log(step, summed=loss)
    dist.barrier()
    history.close()
    dist.destroy_process_group()
"""


def torchrun(folder, ranks, *arguments):
    script = folder.parent / "train.py"
    script.write_text(textwrap.dedent(TRAINING))
    command = [
        sys.executable, "-m", "torch.distributed.run", "--standalone",
        "--nproc-per-node", str(ranks), str(script), str(folder), *map(str, arguments),
    ]  # fmt: skip
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=300, check=False,
        env={**os.environ, "OMP_NUM_THREADS": "1", "TORCH_CPP_LOG_LEVEL": "ERROR"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]


@pytest.mark.slow
@pytest.mark.parametrize("ranks", [2, 4])
def test_ranks_of_torchrun_share_a_run_without_talking_to_each_other(tmp_path, ranks):
    folder = tmp_path / "run"
    torchrun(folder, ranks)
    opened = History(folder)
    assert {(name.attempt, name.rank) for name in segments(folder)} == {
        (1, rank) for rank in range(ranks)
    }
    metric = opened["loss"]
    by_rank = metric.by_rank()
    assert list(by_rank) == list(range(ranks))
    for rank, part in by_rank.items():
        assert part.data.tolist() == [float(step + rank) for step in range(50)]
    truth = [step + (ranks - 1) / 2 for step in range(50)]
    assert by_rank.mean().data.tolist() == truth
    assert metric.data.tolist() == list(range(50))  # rank 0 at a shared step
    assert sorted(opened.keys()) == sorted(["loss", "summed", *(f"only/{r}" for r in range(ranks))])

    torchrun(folder, ranks, 30)  # goes on from a checkpoint, and rewinds each rank
    assert {name.attempt for name in segments(folder)} == {1}
    for rank, part in opened["loss"].by_rank().items():
        assert part.data.tolist() == [float(step + rank) for step in range(80)]
    torchrun(folder, ranks)  # and starts anew
    assert {name.attempt for name in segments(folder)} == {1, 2}
    assert len([name for name in segments(folder) if name.attempt == 2]) == ranks
    assert len(opened["loss"]) == 50


def log_as_rank(folder, rank, values, monkeypatch, **options):
    monkeypatch.setenv("RANK", str(rank))
    with History(folder, **options) as history:
        for step, value in values.items():
            history.log(step, loss=value)
    monkeypatch.delenv("RANK")
    return history


def test_by_rank_gives_each_rank_and_sums_them_up(tmp_path, monkeypatch):
    log_as_rank(tmp_path, 0, {0: 1.0, 1: 2.0, 3: np.nan}, monkeypatch)
    log_as_rank(tmp_path, 2, {1: 6.0, 2: 5.0, 3: 1.0}, monkeypatch)
    ranks = History(tmp_path)["loss"].by_rank()
    assert repr(ranks) == "<Ranks loss: 0, 2>"
    assert len(ranks) == 2
    assert dict(ranks[2]) == {1: 6.0, 2: 5.0, 3: 1.0}
    assert dict(ranks.min()) == {0: 1.0, 1: 2.0, 2: 5.0, 3: 1.0}
    assert dict(ranks.max()) == {0: 1.0, 1: 6.0, 2: 5.0, 3: 1.0}
    mean = ranks.mean()
    assert mean.steps.tolist() == [0, 1, 2, 3]
    np.testing.assert_array_equal(mean.data, [1.0, 4.0, 5.0, np.nan])
    with pytest.raises(KeyError):
        _ = ranks[1]


def test_a_metric_of_one_rank_knows_it(tmp_path, monkeypatch):
    history = log_as_rank(tmp_path, 3, {0: 1.0}, monkeypatch)
    for opened in (history, History(tmp_path)):
        assert list(opened["loss"].by_rank()) == [3]
        assert opened["loss"].by_rank().mean().last == 1.0
        assert opened["loss"].rank == 3


def test_steps_of_both_kinds_are_summed_up_over_ranks_as_pairs(tmp_path, monkeypatch):
    log_as_rank(tmp_path, 0, {7: 1.0, 8: 3.0}, monkeypatch)
    log_as_rank(tmp_path, 1, {(0, 7): 5.0, (1, 0): 9.0}, monkeypatch)
    mean = History(tmp_path)["loss"].by_rank().mean()
    assert dict(mean) == {(0, 7): 3.0, (0, 8): 3.0, (1, 0): 9.0}


def test_only_numbers_can_be_summed_up_over_ranks(tmp_path, monkeypatch):
    for rank in range(2):
        log_as_rank(tmp_path, rank, {0: np.eye(2)}, monkeypatch)
    ranks = History(tmp_path)["loss"].by_rank()
    assert ranks[1].last.tolist() == np.eye(2).tolist()
    with pytest.raises(HistoryError, match="ndarray"):
        ranks.mean()


def test_a_resumed_rank_keeps_its_own_and_sees_the_others(tmp_path, monkeypatch):
    for rank in range(2):
        log_as_rank(tmp_path, rank, {0: float(rank), 1: float(rank)}, monkeypatch)
    history = log_as_rank(tmp_path, 1, {1: 7.0, 2: 8.0}, monkeypatch, resume=True)
    for opened in (history, History(tmp_path)):
        ranks = opened["loss"].by_rank()
        assert dict(ranks[0]) == {0: 0.0, 1: 0.0}
        assert dict(ranks[1]) == {0: 1.0, 1: 7.0, 2: 8.0}
        assert dict(opened["loss"]) == {0: 0.0, 1: 0.0, 2: 8.0}


def test_a_rewind_of_one_rank_leaves_the_others(tmp_path, monkeypatch):
    for rank in range(2):
        log_as_rank(tmp_path, rank, {0: 1.0, 1: 1.0, 2: 1.0}, monkeypatch)
    monkeypatch.setenv("RANK", "1")
    with History(tmp_path, resume=True) as history:
        history.rewind(1)
    ranks = History(tmp_path)["loss"].by_rank()
    assert [len(ranks[rank]) for rank in ranks] == [3, 1]


@pytest.mark.parametrize("first_starts", [2, 0])
def test_ranks_whose_counts_of_starts_differ_still_meet(tmp_path, monkeypatch, first_starts):
    # Rank 1 crashed before it logged anything, in some starts.
    for launch in range(first_starts):
        monkeypatch.setattr(os, "getppid", lambda launch=launch: 1000 + launch)
        log_as_rank(tmp_path, 0, {0: 1.0}, monkeypatch)
    monkeypatch.setattr(os, "getppid", lambda: 5000)
    for rank in (1, 0):
        log_as_rank(tmp_path, rank, {0: float(rank)}, monkeypatch)
    assert list(History(tmp_path)["loss"].by_rank()) == [0, 1]
    assert {name.attempt for name in segments(tmp_path)} == set(range(1, first_starts + 2))


@pytest.mark.parametrize(
    ("names", "rank"),
    [
        ({"RANK": "3", "SLURM_PROCID": "5"}, 3),
        ({"OMPI_COMM_WORLD_RANK": "2"}, 2),
        ({"SLURM_PROCID": "4"}, 4),
        ({"RANK": "x"}, 0),
        ({"RANK": "-1"}, 0),
    ],
)
def test_the_rank_is_that_of_the_launcher(tmp_path, monkeypatch, names, rank):
    for name, value in names.items():
        monkeypatch.setenv(name, value)
    with History(tmp_path) as history:
        history.log(0, x=1.0)
    assert [name.rank for name in segments(tmp_path)] == [rank]


def test_two_programs_that_start_at_once_get_an_attempt_each(tmp_path):
    code = """
        import sys, time
        from introspect.history import History
        history = History(sys.argv[1], facts=False)
        while time.time() < float(sys.argv[2]): pass
        for step in range(100):
            history.log(step, x=1.0)
        history.close()
    """
    import time

    command = [sys.executable, "-c", textwrap.dedent(code), str(tmp_path), str(time.time() + 3)]
    running = [subprocess.Popen(command) for _ in range(6)]
    assert [process.wait(60) for process in running] == [0] * 6
    numbers = [name.attempt for name in segments(tmp_path)]
    # Two that meet may both step back and leave a number unused; they never share one.
    assert len(set(numbers)) == len(numbers) == 6
    for attempt in numbers:
        assert len(History(tmp_path, attempt=attempt)["x"]) == 100


# --- forks, spawns and pickles -----------------------------------------------------------


def in_own_python(code, folder):
    script = folder.parent / "program.py"
    script.write_text(textwrap.dedent(code))
    done = subprocess.run(
        [sys.executable, "-W", "error", str(script), str(folder)],
        capture_output=True, text=True, timeout=120, check=False,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]


@pytest.mark.parametrize("method", ["fork", "spawn"])
@pytest.mark.parametrize("logs_before", [True, False])
def test_workers_of_a_dataloader_log_to_the_attempt_of_their_parent(tmp_path, method, logs_before):
    in_own_python(
        f"""
        import sys, torch
        from introspect.history import History
        class Data(torch.utils.data.Dataset):
            def __init__(self, history):
                self.history = history
            def __len__(self):
                return 40
            def __getitem__(self, index):
                self.history.log(index, worker=float(index))
                return index
        if __name__ == "__main__":
            history = History(sys.argv[1])
            if {logs_before}:
                history.log(0, parent=0.0)
            data = Data(history)
            loader = torch.utils.data.DataLoader(
                data, batch_size=4, num_workers=2, multiprocessing_context={method!r}
            )
            seen = sum(len(batch) for batch in loader)
            history.log(1, parent=float(seen))
            history.close()
        """,
        tmp_path / "run",
    )
    opened = History(tmp_path / "run")
    assert {name.attempt for name in segments(tmp_path / "run")} == {1}
    assert dict(opened["worker"]) == {index: float(index) for index in range(40)}
    assert "42 values" in repr(opened) if logs_before else "41 values" in repr(opened)
    assert opened["parent"].last == 40.0


def work(history, index):
    history.log(index, child=float(index))
    return os.getpid()


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_a_pickled_history_in_another_process_writes_to_the_same_attempt(tmp_path, method):
    with History(tmp_path) as history:
        history.log(0, parent=1.0)
        context = multiprocessing.get_context(method)
        worker = context.Process(target=work, args=(history, 5))
        worker.start()
        worker.join(60)
        assert worker.exitcode == 0
    opened = History(tmp_path)
    assert dict(opened["child"]) == {5: 5.0}
    assert dict(opened["parent"]) == {0: 1.0}
    assert {name.attempt for name in segments(tmp_path)} == {1}


def test_a_pool_of_processes_may_come_before_the_first_log_of_the_parent(tmp_path):
    history = History(tmp_path)
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(2, mp_context=context) as pool:
        list(pool.map(work, [history] * 6, range(6)))
    history.log(9, parent=1.0)
    history.close()
    opened = History(tmp_path)
    assert {name.attempt for name in segments(tmp_path)} == {1}
    assert dict(opened["child"]) == {index: float(index) for index in range(6)}
    assert opened["parent"].last == 1.0


def test_a_copy_by_pickle_in_the_same_process_loses_nothing(tmp_path):
    history = History(tmp_path)
    history.log(0, x=1.0)
    copy = pickle.loads(pickle.dumps(history))  # noqa: S301  our own
    copy.log(1, y=2.0)
    history.log(2, x=3.0)
    copy.close()
    history.close()
    opened = History(tmp_path)
    assert dict(opened["x"]) == {0: 1.0, 2: 3.0}
    assert dict(opened["y"]) == {1: 2.0}


def test_a_pickled_history_that_only_reads_still_does(tmp_path):
    with History(tmp_path) as history:
        history.log(0, x=1.0)
    copy = pickle.loads(pickle.dumps(History.open(tmp_path)))  # noqa: S301  our own
    assert copy["x"].last == 1.0
    with pytest.raises(HistoryError):
        copy.log(0, x=1.0)


def test_a_history_pickled_by_a_program_that_ended_begins_a_new_attempt(tmp_path):
    in_own_python(
        """
        import pathlib, pickle, sys
        from introspect.history import History
        history = History(sys.argv[1])
        history.log(0, x=1.0)
        pathlib.Path(sys.argv[1]).with_suffix(".pickle").write_bytes(pickle.dumps(history))
        """,
        tmp_path / "run",
    )
    copy = pickle.loads((tmp_path / "run.pickle").read_bytes())  # noqa: S301  our own
    assert copy["x"].last == 1.0
    copy.log(0, x=2.0)
    copy.close()
    assert len(copy.attempts) == 2


def test_a_rank_that_finds_the_file_of_another_without_its_first_frame_waits_for_it(
    tmp_path, monkeypatch
):
    """As it looks between the making of a file and its first frame, which takes a moment."""
    monkeypatch.setenv("RANK", "1")
    with History(tmp_path / "first", facts=False) as first:
        first.log(0, x=1.0)
    (whole,) = (tmp_path / "first").glob("*.segment")
    run = tmp_path / "run"
    run.mkdir()
    (run / whole.name).touch()
    threading.Timer(0.2, lambda: (run / whole.name).write_bytes(whole.read_bytes())).start()
    monkeypatch.setenv("RANK", "0")
    with History(run, facts=False) as second:
        second.log(0, x=2.0)
    assert [name.attempt for name in segments(run)] == [1, 1]
    assert sorted(History.open(run)["x"].by_rank()) == [0, 1]


def test_a_file_that_stayed_without_its_first_frame_costs_a_second_at_most(tmp_path, monkeypatch):
    run = tmp_path / "run"
    run.mkdir()
    (run / "attempt-0001-rank-1-pid-1.segment").touch()
    monkeypatch.setenv("RANK", "0")
    began_s = time.monotonic()
    with History(run, facts=False) as history:
        history.log(0, x=2.0)
    assert time.monotonic() - began_s < 10
    assert History.open(run)["x"].last == 2.0
