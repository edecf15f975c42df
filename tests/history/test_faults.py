"""What training survives: full and read-only disks, kill -9, forks, two writers, slow ends."""

# ruff: noqa: PT031  a loop is what must warn once

import contextlib
import errno
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
import warnings
from pathlib import Path

import numpy as np
import pytest

from introspect.errors import IntrospectWarning, SegmentError
from introspect.history import History, store
from introspect.history.folder import newest_attempt, segments


def run(code, *args, **environment):
    """A Python of its own; its standard output."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(code), *map(str, args)],
        capture_output=True, text=True, timeout=60, check=False,
        env={**os.environ, **environment},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def wait_until(is_true):
    """Wait, at most ten seconds."""
    deadline = time.monotonic() + 10
    while not is_true() and time.monotonic() < deadline:
        time.sleep(0.02)


def segment_of(folder):
    (path,) = Path(folder).glob("*.segment")
    return path


# --- opening -----------------------------------------------------------------------------


def test_a_run_folder_is_made_with_its_parents_and_stays_empty_until_the_first_log(tmp_path):
    history = History(tmp_path / "a" / "b")
    assert (tmp_path / "a" / "b").is_dir()
    history.flush()
    history.close()
    assert not list((tmp_path / "a" / "b").iterdir())


def test_a_run_folder_that_is_a_file_is_an_error_of_four_lines(tmp_path):
    path = tmp_path / "file"
    path.touch()
    with pytest.raises(SegmentError) as caught:
        History(path)
    assert len(str(caught.value).splitlines()) == 4
    assert str(path) in str(caught.value)
    assert isinstance(caught.value, OSError)


@pytest.mark.parametrize("path", ["{}/file/below", "a\x00b", 7])
def test_a_path_where_no_folder_can_be_says_why(tmp_path, path):
    (tmp_path / "file").touch()
    given = path.format(tmp_path) if isinstance(path, str) else path
    with pytest.raises(SegmentError, match="cause") as caught:
        History(given)
    assert "History()" in str(caught.value)


def test_a_folder_that_cannot_be_written_is_an_error_unless_it_holds_a_run(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda *_: False)  # root may write anywhere
    with pytest.raises(SegmentError, match="cannot be written"):
        History(tmp_path)
    monkeypatch.undo()
    with History(tmp_path) as history:
        history.log(0, x=1.0)
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert History(tmp_path)["x"].last == 1.0


def test_reading_writes_nothing(tmp_path):
    with History(tmp_path) as history:
        history.log(0, x=1.0)
    before = {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in tmp_path.iterdir()}
    with History(tmp_path) as opened:
        assert opened["x"].last == 1.0
        opened.flush()
    assert before == {p: (p.stat().st_mtime_ns, p.read_bytes()) for p in tmp_path.iterdir()}


# --- attempts ----------------------------------------------------------------------------


def test_logging_to_a_run_begins_a_new_attempt_and_touches_nothing_of_the_old(tmp_path):
    with History(tmp_path) as first:
        first.log(0, x=1.0, old=1.0)
    before = segment_of(tmp_path).read_bytes()
    with History(tmp_path) as second:
        assert second["x"].last == 1.0
        second.log(0, x=2.0)
        assert second.keys() == ["x"]
        assert second["x"].data.tolist() == [2.0]
    assert [name.attempt for name in segments(tmp_path)] == [1, 2]
    assert segments(tmp_path)[0].path.read_bytes() == before
    assert dict(History(tmp_path)["x"]) == {0: 2.0}
    assert dict(first["x"]) == {0: 1.0}


def test_a_closed_history_goes_on_in_the_same_file(tmp_path):
    history = History(tmp_path)
    for step in range(3):
        history.log(step, x=float(step))
        history.close()
    assert len(History(tmp_path)["x"]) == 3
    assert len(segments(tmp_path)) == 1


def test_a_reader_follows_a_run_and_changes_to_a_newer_attempt(tmp_path):
    writing, reading = History(tmp_path), None
    for step in range(5):
        writing.log(step, x=float(step), image=np.full(3, step))
        writing.flush()
        reading = reading or History(tmp_path)
        assert reading["x"].data.tolist() == list(range(step + 1))
        assert reading["image"].last.tolist() == [step] * 3
        assert reading.step == step
    with History(tmp_path) as newer:
        newer.log(0, y=1.0)
    assert reading.keys() == ["y"]
    writing.close()


def test_ranks_write_their_own_files_and_rank_0_is_the_one_read_at_a_shared_step(
    tmp_path, monkeypatch
):
    for rank in (0, 1, 2):
        monkeypatch.setenv("RANK", str(rank))
        with History(tmp_path) as history:
            history.log(0, loss=float(rank))
            history.log(10 + rank, loss=float(rank))
    assert {(name.attempt, name.rank) for name in segments(tmp_path)} == {(1, 0), (1, 1), (1, 2)}
    assert dict(History(tmp_path)["loss"]) == {0: 0.0, 10: 0.0, 11: 1.0, 12: 2.0}
    assert "6 values" in repr(History(tmp_path))


def test_a_hundred_histories_of_one_folder_in_one_process_each_keep_their_own(tmp_path):
    histories = [History(tmp_path) for _ in range(100)]
    for index, history in enumerate(histories):
        history.log(0, x=float(index))
    for history in histories:
        history.close()
    assert [history["x"].last for history in histories] == list(range(100))
    assert len(segments(tmp_path)) == 100
    assert threading.active_count() < 50


# --- full disks --------------------------------------------------------------------------


@contextlib.contextmanager
def full_disk(monkeypatch, room_bytes=0, *, code=errno.ENOSPC):
    """`os.write` on a disk with so much room, which fills up in the midst of a frame."""
    left, real = [room_bytes], os.write

    def write(descriptor, data):
        if descriptor <= 2:
            return real(descriptor, data)
        if not left[0]:
            raise OSError(code, os.strerror(code))
        written = real(descriptor, memoryview(data)[: left[0]])
        left[0] -= written
        return written

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", write)
        yield


@pytest.mark.parametrize("room_bytes", [0, 5, 100, 1000])
def test_a_full_disk_warns_once_and_everything_is_written_when_there_is_room(
    tmp_path, monkeypatch, room_bytes
):
    history = History(tmp_path)
    with full_disk(monkeypatch, room_bytes), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for step in range(2000):
            history.log(step, x=float(step), y=np.sin(step))
            if step % 500 == 0:
                history.log(step, image=np.random.default_rng(0).normal(size=(20, 20)))
                history.flush()
        history.flush()
        history.close()
    assert {warning.category for warning in caught} == {IntrospectWarning}
    texts = [str(warning.message) for warning in caught]
    assert len(texts) == 2  # when it happened, and at close
    assert "No space left" in texts[0]
    assert "not in its file" in texts[1]
    assert history.unsaved > 0
    assert len(history["x"]) == 2000  # all of it can still be read here
    history.close()  # there is room again
    assert history.unsaved == 0
    opened = History(tmp_path)
    assert opened["x"].data.tolist() == list(range(2000))
    assert len(opened["image"]) == 4


@pytest.mark.parametrize("code", [errno.EDQUOT, errno.EIO, errno.EROFS, errno.ESTALE])
def test_a_quota_or_a_disk_that_fails_in_another_way_is_told_once(tmp_path, monkeypatch, code):
    history = History(tmp_path)
    with full_disk(monkeypatch, 500, code=code), pytest.warns(IntrospectWarning) as caught:
        for step in range(100):
            history.log(step, x=np.sin(step))
            history.flush()
    assert [os.strerror(code) in str(warning.message) for warning in caught] == [True]
    history.close()
    assert len(History(tmp_path)["x"]) == 100


def test_what_fits_on_a_full_disk_can_be_read_from_it(tmp_path, monkeypatch):
    history = History(tmp_path)
    with full_disk(monkeypatch, 100_000), pytest.warns(IntrospectWarning):
        for step in range(40):
            history.log(step, image=np.random.default_rng(step).normal(size=(20, 30)))
            history.flush()
        history.close()
    saved = len(History(tmp_path)["image"])
    assert 15 <= saved < 40
    assert saved + history.unsaved == 40


def test_the_memory_for_a_full_disk_is_bounded_and_the_rest_counted(tmp_path, monkeypatch):
    monkeypatch.setattr(store, "BACKLOG_BYTES", 20_000)
    history = History(tmp_path)
    with full_disk(monkeypatch), pytest.warns(IntrospectWarning):
        for step in range(20):
            history.log(step, image=np.random.default_rng(step).normal(size=(20, 30)))
            history.flush()
        assert history._writer.store.backlog_bytes < 25_000
        assert history.unsaved == 20
        history.close()
    with pytest.warns(IntrospectWarning) if history.unsaved else contextlib.nullcontext():
        history.close()
    saved = len(History(tmp_path)["image"])
    assert 1 <= saved < 10
    assert history.unsaved == 20 - saved


def test_a_real_full_disk(tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(disk)]
    if os.geteuid() or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("mounting a small disk needs root")
    try:
        history = History(disk / "run")
        with pytest.warns(IntrospectWarning, match="No space left"):
            for step in range(30):
                history.log(step, image=np.random.default_rng(step).normal(size=(25, 20)))
                history.flush()
        saved = len(History(disk / "run")["image"])
        assert 5 <= saved < 20
        assert history.unsaved == 30 - saved
        with pytest.warns(IntrospectWarning, match="not in its file"):
            history.close()
        subprocess.run(["mount", "-o", "remount,size=1m", str(disk)], check=True)
        history.close()
        assert len(History(disk / "run")["image"]) == 30
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        opened = History(disk / "run")  # a run on a read-only disk
        assert len(opened["image"]) == 30
        with pytest.warns(IntrospectWarning, match="Read-only") as caught:
            for step in range(3):
                opened.log(step, x=1.0)
        assert len(caught) == 1
        with pytest.warns(IntrospectWarning, match="3 values"):
            opened.close()
        with pytest.raises(SegmentError):
            History(disk / "other")
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)


def test_a_folder_that_disappears_warns_and_keeps_memory(tmp_path):
    folder = tmp_path / "run"
    history = History(folder)
    folder.rmdir()
    folder.write_text("a file in its place")
    with pytest.warns(IntrospectWarning) as caught:
        for step in range(3):
            history.log(step, x=1.0)
    assert len(caught) == 1
    assert len(history["x"]) == 3
    with pytest.warns(IntrospectWarning, match="3 values"):
        history.close()


def test_a_file_that_is_deleted_is_begun_again(tmp_path):
    history = History(tmp_path)
    history.log(0, x=0.0, y=1.0)
    history.flush()
    segment_of(tmp_path).unlink()
    history.log(1, x=1.0)
    with pytest.warns(IntrospectWarning, match="deleted"):
        history.flush()
    history.log(2, x=2.0, y=2.0)
    history.close()
    assert dict(History(tmp_path)["x"]) == {1: 1.0, 2: 2.0}
    assert dict(history["x"]) == {0: 0.0, 1: 1.0, 2: 2.0}


# --- ends of processes -------------------------------------------------------------------


def test_what_flush_returned_for_survives_kill_9(tmp_path):
    code = """
        import sys, time
        from introspect.history import History
        history = History(sys.argv[1])
        for step in range(1000):
            history.log((1, step), loss=step / 2)
        history.flush()
        print("flushed", flush=True)
        while True:
            time.sleep(0.001)
            step += 1
            history.log((1, step), loss=step / 2)
    """
    command = [sys.executable, "-c", textwrap.dedent(code), str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "flushed\n"
        wait_until(lambda: len(History(tmp_path)["loss"]) > 1000)  # the thread writes on
        process.send_signal(signal.SIGKILL)
    metric = History(tmp_path)["loss"]
    assert len(metric) > 1000
    assert np.array_equal(metric.steps[:, 1], np.arange(len(metric)))
    assert np.array_equal(metric.data, np.arange(len(metric)) / 2)


@pytest.mark.parametrize("end", ["pass", "sys.exit(0)", "del history", "1 / 0"])
def test_a_process_that_forgets_to_close_loses_nothing(tmp_path, end):
    code = f"""
        import sys
        from introspect.history import History
        history = History(sys.argv[1])
        for step in range(10):
            history.log(step, loss=1.0)
        {end}
    """
    command = [sys.executable, "-W", "error", "-c", textwrap.dedent(code), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ("ZeroDivisionError" in done.stderr) == (end == "1 / 0")
    assert (not done.stderr) == (end != "1 / 0")
    assert len(History(tmp_path)["loss"]) == 10


def test_a_history_that_nobody_holds_is_closed_and_its_thread_ends(tmp_path):
    before = threading.active_count()
    history = History(tmp_path)
    history.log(0, x=1.0)
    assert threading.active_count() == before + 1
    del history
    assert threading.active_count() == before
    assert History(tmp_path)["x"].last == 1.0


def test_a_history_in_memory_needs_no_thread():
    before = threading.active_count()
    history = History()
    history.log(0, x=1.0)
    assert threading.active_count() == before


def test_the_thread_writes_within_a_second_with_no_call_of_flush(tmp_path):
    history = History(tmp_path)
    history.log(0, x=1.0)
    reading = History(tmp_path)
    wait_until(lambda: "x" in reading)
    assert reading["x"].last == 1.0
    history.close()


def test_a_forked_child_writes_a_file_of_its_own_and_nothing_twice(tmp_path):
    out = run(
        """
        import os, sys
        from introspect.history import History
        history = History(sys.argv[1])
        for step in range(100):
            history.log(step, parent=float(step))
        pid = os.fork()
        if pid == 0:
            for step in range(50):
                history.log(step, child=float(step))
            assert history["parent"].data.size == 100
            sys.exit(0)
        assert os.waitpid(pid, 0)[1] == 0
        history.log(100, parent=100.0)
        history.close()
        print(sorted(history.keys()))
        """,
        tmp_path,
    )
    assert out == "['parent']\n"
    assert len({name.pid for name in newest_attempt(tmp_path)}) == 2
    opened = History(tmp_path)
    assert opened["parent"].data.tolist() == list(range(101))
    assert opened["child"].data.tolist() == list(range(50))
    assert "151 values" in repr(opened)


def test_forks_in_the_midst_of_busy_logging_never_hang(tmp_path):
    run(
        """
        import os, sys, threading
        from introspect.history import History
        history = History(sys.argv[1])
        busy = True
        def work():
            step = 0
            while busy:
                history.log(step, a=1.0)
                step += 1
                if step % 100 == 0:
                    history.flush()
        thread = threading.Thread(target=work)
        thread.start()
        for index in range(20):
            pid = os.fork()
            if pid == 0:
                history.log(index, b=1.0)
                history.close()
                os._exit(0)
            assert os.waitpid(pid, 0)[1] == 0
        busy = False
        thread.join()
        history.close()
        """,
        tmp_path,
    )
    opened = History(tmp_path)
    assert opened["b"].steps.tolist() == list(range(20))
    steps = opened["a"].steps
    assert np.array_equal(steps, np.arange(len(steps)))


def test_workers_of_multiprocessing_lose_nothing_when_they_end(tmp_path):
    run(
        """
        import multiprocessing, sys
        from introspect.history import History
        history = History(sys.argv[1])
        def work(index):
            history.log(index, child=float(index))
        if __name__ == "__main__":
            history.log(0, parent=1.0)
            context = multiprocessing.get_context("fork")
            workers = [context.Process(target=work, args=(index,)) for index in range(3)]
            for worker in workers: worker.start()
            for worker in workers: worker.join()
            history.close()
        """,
        tmp_path,
    )
    assert dict(History(tmp_path)["child"]) == {0: 0.0, 1: 1.0, 2: 2.0}


def test_a_flush_that_fails_in_an_unforeseen_way_does_not_end_the_thread(tmp_path, monkeypatch):
    history = History(tmp_path)
    history.log(0, x=1.0)
    history.flush()
    with monkeypatch.context() as patch:
        patch.setattr(store, "row_frames", lambda *_, **__: 1 / 0)
        history.log(1, y=1.0)
        wait_until(lambda: history._writer.has_problems)
    with pytest.warns(IntrospectWarning, match="ZeroDivisionError"):
        history.log(2, z=1.0)
    history.close()
    assert History(tmp_path).keys() == ["x", "y", "z"]


def test_a_clock_that_goes_back_changes_no_order(tmp_path, monkeypatch):
    real = time.time_ns
    history = History(tmp_path)
    history.log(5, x=1.0)
    history.flush()
    monkeypatch.setattr(time, "time_ns", lambda: real() - 10**12)
    history.log(5, x=2.0)
    history.close()
    for opened in (history, History(tmp_path)):
        assert list(opened["x"]) == [(5, 2.0)]
        assert opened["x"].times[0] == pytest.approx(real() / 1e9 - 1000, abs=5)
    assert history.get_total_time().total_seconds() < 60


def test_a_log_in_the_loop_never_waits_for_a_slow_disk(tmp_path, monkeypatch):
    real, is_slow = os.write, threading.Event()

    def write(descriptor, data):
        if descriptor > 2 and is_slow.is_set():
            time.sleep(2.0)
        return real(descriptor, data)

    monkeypatch.setattr(os, "write", write)
    history = History(tmp_path)
    history.log(0, x=1.0)
    is_slow.set()
    worst = 0.0
    end = time.perf_counter() + 1.0
    step = 0
    while time.perf_counter() < end:
        start = time.perf_counter()
        history.log(step, x=1.0)
        worst = max(worst, time.perf_counter() - start)
        _ = history["x"]
        step += 1
    is_slow.clear()
    history.close()
    assert worst < 1.0


# --- sizes -------------------------------------------------------------------------------


def test_a_hundred_thousand_keys_are_written_and_read_in_seconds(tmp_path):
    keys = [f"layer/{index}/weight" for index in range(100_000)]
    start = time.process_time()
    with History(tmp_path, facts=False) as history:
        history.log(0, **dict.fromkeys(keys, 0.5))
        for index in range(0, 100_000, 5):
            history.log(1, **{keys[index]: 1.0})
    wrote_s = time.process_time() - start
    start = time.process_time()
    opened = History(tmp_path)
    assert len(opened) == 100_000
    assert opened[keys[99_995]].last == 1.0
    assert opened[keys[99_999]].last == 0.5
    read_s = time.process_time() - start
    assert wrote_s < 15, wrote_s
    assert read_s < 15, read_s


@pytest.mark.slow
def test_ten_million_points_are_read_in_seconds(tmp_path):
    with History(tmp_path, facts=False) as history:
        for step in range(10_000_000):
            history.log(step, x=0.5)
    (path,) = [name.path for name in segments(tmp_path)]
    assert path.stat().st_size < 8 * 10_000_000
    start = time.process_time()
    metric = History(tmp_path)["x"]
    assert time.process_time() - start < 15
    assert len(metric) == 10_000_000
    assert len(metric.thinned(width_px=1000)) <= 4002


def test_ten_thousand_images_open_without_being_decoded(tmp_path):
    from introspect.nouns.values import Image

    image = Image.of(np.eye(8))
    with History(tmp_path, facts=False) as history:
        for step in range(10_000):
            history.log(step, image=image)
            history.log(step, loss=float(step))
    start = time.process_time()
    opened = History(tmp_path)
    assert len(opened["loss"]) == 10_000
    assert ("image", 10_000, "Image 8×8 grey") in opened.summary().rows
    assert time.process_time() - start < 5
    assert opened["image"].last.pixels.shape == (8, 8)


@pytest.mark.parametrize("name", [
    "../../x", "/etc/passwd", "a\x00b", "n" * 300, "🔥", "CON", "a/b", "A", "a", "\u202egnp", "\n",
    "</script><img onerror=alert(1)>", ".", "..", "C:\\x", " ",
])  # fmt: skip
def test_a_hostile_name_is_data_and_never_a_path(tmp_path, name):
    folder = tmp_path / "deep" / "run"
    with History(folder, facts=False) as history:
        history.log(0, **{name: 1.0, name + "2": np.eye(2)})
    assert {path.relative_to(tmp_path).parts[:2] for path in tmp_path.rglob("*.*")} == {
        ("deep", "run")
    }
    assert History(folder).keys() == [name, name + "2"]
    assert "<img" not in History(folder)._repr_html_()


@pytest.mark.parametrize("path", ["hot", "long"])
def test_the_extremes_of_int64_and_float64_come_back(tmp_path, path):
    steps = [2**63 - 1, -(2**63), 0, -1, 2**63 - 1]
    values = [5e-324, -1.7976931348623157e308, -0.0, float("nan"), float("inf")]
    with History(tmp_path, facts=False) as history:
        for step, value in zip(steps, values, strict=True):
            if path == "hot":
                history.log(step, x=value)
                history.log((step, -step - 1), y=value)
            else:
                history.log(np.int64(step), x=np.float64(value))
                history.log((np.int64(step), np.int64(-step - 1)), y=np.float64(value))
    truth = dict(sorted(dict(zip(steps, values, strict=True)).items()))
    opened = History(tmp_path)
    assert opened["x"].steps.tolist() == list(truth)
    assert opened["y"].steps.tolist() == [[step, -step - 1] for step in truth]
    for key in ("x", "y"):
        assert opened[key].data.tobytes() == np.array([*truth.values()]).tobytes()


def test_a_sink_gets_everything_once_and_its_failure_is_told_once(tmp_path):
    class Good:
        def __init__(self):
            self.rows, self.cells, self.calls = 0, [], []

        def write(self, blocks, cells):
            self.rows += sum(len(block.ticks) for block in blocks)
            self.cells += [cell.resolve().sum() for cell in cells]

        def flush(self):
            self.calls.append("flush")

        def close(self):
            self.calls.append("close")

    class Bad(Good):
        def write(self, *_):
            raise RuntimeError("no room")

    for folder in (None, tmp_path):
        history = History(folder)
        good = Good()
        history._writer.sinks += [Bad(), good]
        with pytest.warns(IntrospectWarning, match="no room") as caught:
            for step in range(10):
                history.log(step, x=1.0, array=np.full(2, step))
                history.flush()
            history.close()
        assert len(caught) == 1
        assert good.rows == 10
        assert good.cells == [2 * step for step in range(10)]
        assert good.calls[-2:] == ["flush", "close"]
        assert len(history["x"]) == 10
    assert len(History(tmp_path)["array"]) == 10
