"""Processes that were forked and log on: one file, one count, nothing lost and nothing twice."""

import os
import sys
import time

import numpy as np
import pytest
import torch

from introspect.compat.tensorboard import SummaryWriter
from introspect.compat.tensorboardx import GlobalSummaryWriter, shared_counts
from introspect.compat.tensorboardx import SummaryWriter as WriterOfX
from introspect.compat.tensorboardx.shared_counts import SharedCounts
from introspect.history.formats.events import read_events

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork"),
    pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning"),
]


def forked(work):
    """The number of a new process that does some work."""
    child = os.fork()
    if not child:
        code = 1
        try:
            work()
            code = 0
        finally:
            os._exit(code)
    return child


def waited_for(*children):
    for child in children:
        assert os.waitpid(child, 0)[1] == 0


def logged(folder):
    return [(key, step, value) for key, step, _, value in read_events(folder)]


@pytest.mark.parametrize("kind", [SummaryWriter, WriterOfX])
def test_a_fork_goes_on_in_the_file_of_its_parent_and_nothing_is_there_twice(tmp_path, kind):
    writer = kind(str(tmp_path))
    writer.add_scalar("parent", 1.0, 0)

    def child():
        writer.add_scalar("child", 2.0, 0)
        writer.add_text("words", "x", 0)
        writer.close()

    waited_for(forked(child))
    writer.add_scalar("parent", 3.0, 1)
    writer.close()
    keys = sorted(key for key, *_ in logged(tmp_path))
    assert keys == ["child", "parent", "parent", "words/text_summary"]
    assert len(list(tmp_path.iterdir())) == 1


def test_forks_that_log_all_at_once_do_not_break_each_others_records(tmp_path):
    writer = SummaryWriter(tmp_path)
    weights = torch.randn(20_000)

    def child(name):
        for step in range(100):
            writer.add_scalar(name, step, step)
            writer.add_histogram(f"{name}/h", weights, step)
            if not step % 10:
                writer.flush()
        writer.close()

    children = [forked(lambda index=index: child(f"c{index}")) for index in range(4)]
    child("parent")
    waited_for(*children)
    (path,) = tmp_path.iterdir()
    found = logged(path)
    for name in ("parent", "c0", "c1", "c2", "c3"):
        assert [step for key, step, _ in found if key == name] == list(range(100))
        assert [step for key, step, _ in found if key == f"{name}/h"] == list(range(100))


def test_a_fork_whose_file_was_deleted_begins_one(tmp_path):
    writer = SummaryWriter(tmp_path)
    (path,) = tmp_path.iterdir()

    def child():
        path.unlink()
        writer.add_scalar("x", 1.0, 0)
        writer.close()

    waited_for(forked(child))
    assert logged(tmp_path) == [("x", 0, 1.0)]
    writer.close()


def test_the_writer_of_a_program_gives_each_step_once_to_all_of_its_forks(tmp_path):
    writer = GlobalSummaryWriter(str(tmp_path))

    def child():
        for value in range(50):
            writer.add_scalar("x", value)
            writer.add_text("x", "words")
        writer.close()

    children = [forked(child) for _ in range(4)]
    child()
    waited_for(*children)
    found = logged(tmp_path)
    assert sorted(step for key, step, _ in found if key == "x") == list(range(250))
    assert sorted(step for key, step, _ in found if key == "x/text_summary") == list(range(250))
    assert sorted(value for key, _, value in found if key == "x") == sorted([*range(50)] * 5)
    assert len(list(tmp_path.iterdir())) == 1


def test_names_beyond_the_table_are_counted_too(monkeypatch):
    monkeypatch.setattr(shared_counts, "ROWS", 8)
    counts = SharedCounts()
    names = [f"name {index}" for index in range(20)]
    for turn in range(3):
        assert [counts.next(name) for name in names] == [turn] * 20


def test_a_process_that_died_while_it_counted_stops_no_other(monkeypatch):
    monkeypatch.setattr(shared_counts, "_WAIT_S", 0.2)
    counts = SharedCounts()
    waited_for(forked(counts._lock.acquire))
    began_s = time.monotonic()
    assert counts.next("a") == 0
    assert time.monotonic() - began_s < 5


def test_the_path_of_the_file_has_the_names_that_programs_use(tmp_path):
    with SummaryWriter(tmp_path / "a") as writer, WriterOfX(str(tmp_path / "b")) as other:
        (path,) = (tmp_path / "a").iterdir()
        assert writer._get_file_writer().event_writer._file_name == str(path)
        (path,) = (tmp_path / "b").iterdir()
        assert other._get_file_writer().event_writer._ev_writer._file_name == str(path)


@pytest.mark.skipif(sys.platform != "linux", reason="counts open files as Linux lists them")
def test_a_thousand_writers_one_after_the_other_leave_no_file_open(tmp_path):
    def opened():
        return len(os.listdir("/proc/self/fd"))  # noqa: PTH208  a folder that changes while it is read

    SummaryWriter(tmp_path).close()
    before = opened()
    for index in range(200):
        with SummaryWriter(tmp_path / str(index % 7)) as writer:
            writer.add_scalar("x", float(np.float32(index)), index)
    assert opened() <= before + 2
