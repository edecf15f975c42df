"""What reaches the disk, whatever happens around the writer."""

import ast
import shutil
import subprocess
import sys
import time
import warnings
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from introspect.compat.tensorboard import RecordWriter, SummaryWriter
from introspect.compat.tensorboard.histograms import counted
from introspect.errors import IntrospectWarning
from introspect.history.formats.events import read_events


def logged(folder):
    """(key, step, value) of every value in a folder."""
    return [(key, step, value) for key, step, _, value in read_events(folder)]


def test_a_hundred_writers_of_one_folder_lose_nothing_and_need_one_file(tmp_path):
    writers = [SummaryWriter(tmp_path) for _ in range(100)]
    for step in range(20):
        for index, writer in enumerate(writers):
            writer.add_scalar(f"of/{index}", step / 2, step)
    for writer in writers:
        writer.close()
    assert len(list(tmp_path.iterdir())) == 1
    assert sorted(logged(tmp_path)) == sorted(
        (f"of/{index}", step, step / 2) for index in range(100) for step in range(20)
    )


def test_writers_one_after_the_other_make_files_in_the_order_of_their_names(tmp_path):
    for index in range(25):
        with SummaryWriter(tmp_path) as writer:
            writer.add_scalar("x", index, index)
    names = sorted(path.name for path in tmp_path.iterdir())
    assert len(names) == 25
    found = []
    for name in names:
        alone = tmp_path / "alone" / name
        alone.parent.mkdir(exist_ok=True)
        shutil.copy(tmp_path / name, alone)
        found += [step for _, step, _ in logged(alone)]
    assert found == list(range(25))


def test_everything_is_on_disk_when_flush_returns_and_a_second_later_without(tmp_path):
    with SummaryWriter(tmp_path) as writer:
        writer.add_scalar("x", 1.0, 0)
        writer.add_histogram("h", torch.ones(5), 0)
        writer.flush()
        assert [key for key, *_ in logged(tmp_path)] == ["x", "h"]
        writer.add_scalar("y", 2.0, 0)
        until_s = time.monotonic() + 20
        while len(logged(tmp_path)) < 3 and time.monotonic() < until_s:
            time.sleep(0.05)
        assert ("y", 0, 2.0) in logged(tmp_path)


def test_a_writer_goes_on_after_close(tmp_path):
    writer = SummaryWriter(tmp_path)
    writer.add_scalar("x", 1.0, 0)
    writer.close()
    writer.close()
    writer.add_scalar("x", 2.0, 1)
    writer.add_text("t", "more", 1)
    writer.close()
    assert [step for _, step, _ in logged(tmp_path)] == [0, 1, 1]


def test_what_changes_after_the_call_is_logged_as_it_was(tmp_path):
    weights, picture = torch.zeros(1000), np.zeros((3, 8, 8))
    with SummaryWriter(tmp_path) as writer:
        writer.add_histogram("h", weights, 0)
        writer.add_image("i", picture, 0)
        weights += 5
        picture += 1
    found = {key: value for key, _, value in logged(tmp_path)}
    assert found["h"].maximum == 0
    assert not found["i"].pixels.any()


@pytest.mark.parametrize(
    "values",
    [
        np.empty(0),
        np.empty((0, 3), np.float32),
        np.array([np.nan]),
        np.array([np.nan, np.inf, -np.inf, 1.0], np.float32),
        np.array([1e30, -1e300]),
        torch.tensor([float("nan"), 1.0]).bfloat16(),
        torch.empty(0, device="meta"),
        torch.tensor([3e38]).bfloat16(),
        torch.eye(3).to_sparse(),
        torch.ones(3, dtype=torch.complex64).conj().real,
    ],
)
def test_no_histogram_raises_in_the_loop(tmp_path, values):
    with SummaryWriter(tmp_path) as writer:
        writer.add_histogram("h", values, 1)
        writer.add_histogram("h", values, 1, max_bins=10)
    assert len(logged(tmp_path)) == 2


def test_numbers_that_are_not_finite_are_left_out_and_those_beyond_the_edges_are_not():
    found = counted(np.array([np.nan, np.inf, 2.0, 1e25, -1e22]))
    assert (found.n, found.minimum, found.maximum) == (3, -1e22, 1e25)
    assert found.counts.sum() == 3
    assert found.limits[-1] == 1e25


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(width=32), max_size=60), st.sampled_from([np.float32, np.float64]))
def test_every_finite_number_is_in_one_bucket_at_its_place(numbers, dtype):
    values = np.array(numbers, dtype)
    found = counted(values)
    finite = np.sort(values[np.isfinite(values)].astype(np.float64))
    assert found.counts.sum() == found.n == len(finite)
    below = np.searchsorted(finite, found.limits[:-1], side="left")
    np.testing.assert_array_equal(np.cumsum(found.counts)[:-1], below)


def test_a_problem_of_the_thread_is_told_once_and_costs_the_others_nothing(tmp_path):
    writer = SummaryWriter(tmp_path)
    for step in range(3):
        writer.add_histogram("bad", np.ones(4), step, bins=[3.0, 1.0])
        writer.add_scalar("x", step, step)
    with pytest.warns(IntrospectWarning, match="add_histogram\\('bad'\\)") as caught:
        writer.close()
    assert len(caught) == 1
    assert "monotonically" in str(caught[0].message)
    assert [key for key, *_ in logged(tmp_path)] == ["x"] * 3


def test_a_folder_that_vanishes_stops_no_training(tmp_path):
    folder = tmp_path / "run"
    with SummaryWriter(folder) as writer:
        writer.add_scalar("x", 1.0, 0)
        writer.flush()
        shutil.rmtree(folder)
        writer.add_scalar("x", 2.0, 1)
        writer.flush()
        writer.add_scalar("x", 3.0, 2)
    assert [step for _, step, _ in logged(folder)] == [1, 2]


def test_a_folder_that_is_a_file_is_refused_at_once(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="file"):
        SummaryWriter(tmp_path / "file" / "run")


LEFT_OPEN = """
import multiprocessing, sys
from introspect.compat.tensorboard import SummaryWriter

def child(folder):
    writer = SummaryWriter(folder)
    for step in range(50):
        writer.add_scalar("child", step, step)

if __name__ == "__main__":
    writer = SummaryWriter(sys.argv[1])
    for step in range(50):
        writer.add_scalar("main", step, step)
    process = multiprocessing.get_context("spawn").Process(target=child, args=(sys.argv[1],))
    process.start()
    process.join()
    print("torch" in sys.modules, "google.protobuf" in sys.modules, "tensorboard" in sys.modules)
"""


def test_programs_that_never_close_lose_nothing_and_scalars_need_no_protobuf(tmp_path):
    (tmp_path / "program.py").write_text(LEFT_OPEN)
    done = subprocess.run(
        [sys.executable, tmp_path / "program.py", tmp_path / "run"],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    assert done.stdout.split() == ["False"] * 3, done.stdout
    assert len(logged(tmp_path / "run")) == 100


def test_hostile_tags_steps_and_times_cost_nobody_else_anything(tmp_path):
    writer = SummaryWriter(tmp_path)
    tags: list[Any] = [None, 7, b"x", "\ud800", "a\0b", "x"]
    noon: Any = "noon"
    for tag in tags:
        writer.add_scalar(tag, 1.0, 1)
    writer.add_scalar("huge", 1.0, 1 << 80)
    writer.add_scalar("late", 1.0, 1, walltime=noon)
    writer.add_scalar("x", 2.0, 2)
    with pytest.warns(IntrospectWarning, match="add_scalar\\('late'\\)"):
        writer.close()
    keys = [key for key, *_ in logged(tmp_path)]
    assert keys == ["None", "7", "b'x'", "\\ud800", "a\0b", "x", "huge", "x"]


def test_the_thread_ends_with_the_last_writer(tmp_path):
    import threading

    from introspect.compat.tensorboard import stream

    for left_open in list(stream._THREAD.streams.values()):  # by other tests
        left_open.users = 1
        stream._THREAD.release(left_open)
    SummaryWriter(tmp_path).close()
    until_s = time.monotonic() + 20
    while time.monotonic() < until_s:
        names = [thread.name for thread in threading.enumerate()]
        if "introspect-tensorboard" not in names:
            break
        time.sleep(0.05)
    assert "introspect-tensorboard" not in names


def test_threads_may_share_a_writer(tmp_path):
    import threading

    with SummaryWriter(tmp_path) as writer:

        def work(name):
            for step in range(500):
                writer.add_scalar(name, step, step)

        threads = [threading.Thread(target=work, args=(f"t{index}",)) for index in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    found = logged(tmp_path)
    for index in range(4):
        assert [step for key, step, _ in found if key == f"t{index}"] == list(range(500))


def test_embeddings_of_a_loop_are_all_listed_in_the_projector(tmp_path):
    for _ in range(2):  # started again: the same names, not more
        with SummaryWriter(tmp_path) as writer:
            for _ in range(3):
                writer.add_embedding(torch.rand(4, 2), ["a", "b", "c", "d"])
            writer.add_embedding(torch.rand(4, 2), global_step=7, tag="x/y")
    with SummaryWriter(tmp_path) as writer:
        writer.add_embedding(torch.rand(4, 2), tag="other")
    listing = (tmp_path / "projector_config.pbtxt").read_text()
    names = [
        ast.literal_eval(line.split(": ")[1])
        for line in listing.splitlines()
        if "tensor_name" in line
    ]
    assert sorted(names) == [
        "default:00000",
        "default:00000.2",
        "default:00000.3",
        "other:00000",
        "x/y:00007",
    ]
    places = [
        ast.literal_eval(line.split(": ")[1])
        for line in listing.splitlines()
        if "tensor_path" in line
    ]
    assert len(set(places)) == 5
    assert all((tmp_path / place).is_file() for place in places)


def test_files_of_an_embedding_are_those_of_torch_byte_for_byte(tmp_path):
    pytest.importorskip("tensorboard", reason="the peer needs tensorboard")
    from google.protobuf import text_format
    from tensorboard.plugins.projector import projector_config_pb2
    from torch.utils.tensorboard import SummaryWriter as Theirs

    config = vars(projector_config_pb2)["ProjectorConfig"]
    vectors = torch.randn(5, 3, generator=torch.Generator().manual_seed(0))
    rows, header = [(i, f"é{i}") for i in range(5)], ["n", "name"]
    pictures = torch.rand(5, 3, 4, 4, generator=torch.Generator().manual_seed(1))
    for name, kind in (("ours", SummaryWriter), ("theirs", Theirs)):
        with kind(tmp_path / name) as writer:
            writer.add_embedding(vectors, rows, pictures, 3, "a/b%", header)
            writer.add_embedding(vectors.double(), ["x"] * 5, None, 4)
    files = [
        path.relative_to(tmp_path / "theirs")
        for path in (tmp_path / "theirs").rglob("*.*")
        if "events" not in path.name
    ]
    assert len(files) == 6
    for file in files:
        mine, other = ((tmp_path / name / file).read_bytes() for name in ("ours", "theirs"))
        if file.suffix == ".pbtxt":
            assert text_format.Parse(mine, config()) == text_format.Parse(other, config())
        else:
            assert mine == other, file


def test_records_are_framed_as_tensorboard_frames_them(tmp_path):
    pytest.importorskip("tensorboard", reason="the peer needs tensorboard")
    from tensorboard.summary.writer.record_writer import RecordWriter as Theirs

    for name, kind in (("ours", RecordWriter), ("theirs", Theirs)):
        with (tmp_path / name).open("wb") as file:
            writer = kind(file)
            writer.write(b"")
            writer.write(b"abc" * 500)
            writer.flush()
            assert not writer.closed
    assert (tmp_path / "ours").read_bytes() == (tmp_path / "theirs").read_bytes()


def test_a_loop_that_is_faster_than_the_thread_helps_it(tmp_path, monkeypatch):
    from introspect.compat.tensorboard import stream

    monkeypatch.setattr(stream, "_MOST_BYTES", 100_000)
    with SummaryWriter(tmp_path) as writer:
        for step in range(50):
            writer.add_histogram("h", np.full(5000, step, np.float32), step)
            assert writer._get_file_writer().event_writer.stream().waiting_bytes <= 120_000
    assert [step for _, step, _ in logged(tmp_path)] == list(range(50))


def test_the_disk_may_be_full_for_a_while(tmp_path, monkeypatch):
    from introspect.history.formats.events.file import EventFile

    writer = SummaryWriter(tmp_path)
    good = EventFile._append

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(EventFile, "_append", full)
    writer.add_scalar("x", 1.0, 0)
    with pytest.warns(IntrospectWarning, match="No space left"):
        writer.flush()
    monkeypatch.setattr(EventFile, "_append", good)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        writer.add_scalar("x", 2.0, 1)
        writer.close()
    assert [value for *_, value in logged(tmp_path)] == [1.0, 2.0]
