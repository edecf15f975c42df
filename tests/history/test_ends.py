"""How processes end: killed at any moment, asked to end, interrupted; and what is left then."""

# ruff: noqa: PT031  a loop is what must warn once

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time

import numpy as np
import pytest

from introspect.history import History, flushing
from introspect.history.folder import segments
from introspect.history.repair import check


def started(code, *args):
    """A Python that runs `code` and has printed its first line."""
    process = subprocess.Popen(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(code), *map(str, args)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    process.stdout.readline()
    return process


def test_a_run_killed_at_fifty_random_moments_always_opens_with_nothing_wrong(tmp_path):
    # Forks of one warm process, so that fifty of them take seconds.
    process = started(
        """
        import os, random, signal, sys, time
        import numpy as np
        from introspect.history import History
        print(flush=True)
        random.seed(0)
        for index in range(50):
            read_end, write_end = os.pipe()
            pid = os.fork()
            if pid == 0:
                history = History(f"{sys.argv[1]}/{index}", facts=False)
                step = 0
                while True:
                    history.log(step, loss=step / 3, other=-float(step))
                    if step % 50 == 0:
                        history.log(step, weight=np.full((20, 20), step, np.float32))
                    if step == 100:
                        history.flush()
                        os.write(write_end, b"!")
                    step += 1
                    if step % 200 == 0:
                        time.sleep(0.001)
            os.read(read_end, 1)
            time.sleep(random.random() * 0.6)
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            os.close(read_end), os.close(write_end)
        """,
        tmp_path,
    )
    assert process.wait(120) == 0, process.stderr.read()
    process.stdout.close()
    process.stderr.close()
    lengths = []
    for index in range(50):
        opened = History(tmp_path / str(index))  # a warning would be an error
        loss, other, weight = opened["loss"], opened["other"], opened["weight"]
        lengths.append(len(loss))
        assert len(loss) > 100  # what flush returned for
        assert np.array_equal(loss.steps, np.arange(len(loss)))
        assert np.array_equal(loss.data, loss.steps / 3)
        assert np.array_equal(other.data, -other.steps.astype(float))
        assert len(weight) >= 3
        assert all(np.all(value == step) for step, value in weight)
        report = check(tmp_path / str(index))
        assert report.is_clean
        assert not report.files[0].is_closed
    assert len(set(lengths)) > 5


def test_what_a_killed_process_loses_is_at_most_what_it_logged_in_a_quarter_of_a_second(tmp_path):
    process = started(
        """
        import sys, time
        from introspect.history import History
        history = History(sys.argv[1], facts=False)
        history.log(0, time=time.time())
        print(flush=True)
        step = 0
        while True:
            step += 1
            history.log(step, time=time.time())
            time.sleep(0.002)
        """,
        tmp_path,
    )
    time.sleep(1.5)
    process.kill()
    killed_s = time.time()
    process.communicate()
    assert killed_s - History(tmp_path)["time"].last < 0.2 + 0.3  # and some for a busy machine


# --- SIGTERM -----------------------------------------------------------------------------

LOOP = """
    import signal, sys, time
    from introspect.history import History
    history = History(sys.argv[1], facts=False)
    history.log(0, x=0.0)
    history.flush()
    print(flush=True)
    step = 0
    while True:
        step += 1
        history.log(step, x=float(step))
        with open(sys.argv[1] + ".steps", "w") as file:
            file.write(str(step))
        {extra}
"""


@pytest.mark.parametrize(
    "extra", ["time.sleep(0.001)", "history.flush()", "_ = history['x'], history.note('n')"]
)
def test_sigterm_ends_the_process_by_that_signal_after_a_flush(tmp_path, extra):
    process = started(LOOP.format(extra=extra), tmp_path / "run")
    time.sleep(0.3)
    sent = time.monotonic()
    process.terminate()
    _, errors = process.communicate(timeout=20)
    assert process.returncode == -signal.SIGTERM, errors
    assert time.monotonic() - sent < 5
    told = int((tmp_path / "run.steps").read_text() or 0)
    # The thread flushes and ends the process; what was logged between the two is its own.
    assert len(History(tmp_path / "run")["x"]) >= max(2, told - 200)


def test_a_second_sigterm_ends_the_process_at_once(tmp_path):
    process = started(
        """
        import os, sys, time
        from introspect.history import History
        real = os.write
        history = History(sys.argv[1], facts=False)
        history.log(0, x=0.0)
        history.flush()
        def never(descriptor, data):
            time.sleep(60)
        print(flush=True)
        os.write = never  # a disk that does not answer
        step = 0
        while True:
            history.log(step, x=0.0)
            time.sleep(0.001)
        """,
        tmp_path,
    )
    process.terminate()
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(1.0)
    process.terminate()
    process.communicate(timeout=10)
    assert process.returncode == -signal.SIGTERM


def test_a_handler_of_somebody_else_is_left_alone(tmp_path):
    process = started(
        """
        import signal, sys, time
        from introspect.history import History
        def mine(number, frame):
            raise SystemExit(7)
        signal.signal(signal.SIGTERM, mine)
        history = History(sys.argv[1], facts=False)
        history.log(0, x=1.0)
        assert signal.getsignal(signal.SIGTERM) is mine
        print(flush=True)
        time.sleep(60)
        """,
        tmp_path,
    )
    process.terminate()
    process.communicate(timeout=20)
    assert process.returncode == 7
    assert History(tmp_path)["x"].last == 1.0


def test_the_handler_is_there_while_a_history_in_a_folder_is_open(tmp_path):
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    History().log(0, x=1.0)
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    first, second = History(tmp_path / "a"), History(tmp_path / "b")
    first.log(0, x=1.0)
    second.log(0, x=1.0)
    assert signal.getsignal(signal.SIGTERM) is flushing._on_sigterm
    first.close()
    assert signal.getsignal(signal.SIGTERM) is flushing._on_sigterm
    second.close()
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


@pytest.mark.parametrize("logs", [True, False])
def test_a_forked_child_ends_by_sigterm_with_or_without_a_thread_of_its_own(tmp_path, logs):
    process = started(
        f"""
        import os, signal, sys, time
        from introspect.history import History
        history = History(sys.argv[1], facts=False)
        history.log(0, x=1.0)
        read_end, write_end = os.pipe()
        pid = os.fork()
        if pid == 0:
            if {logs}:
                history.log(0, child=1.0)
            os.write(write_end, b"!")
            while True:
                time.sleep(0.01)
        os.read(read_end, 1)
        os.kill(pid, signal.SIGTERM)
        _, status = os.waitpid(pid, 0)
        assert os.WTERMSIG(status) == signal.SIGTERM, status
        history.close()
        print(flush=True)
        """,
        tmp_path,
    )
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 0, errors
    opened = History(tmp_path)
    assert opened["x"].last == 1.0
    assert ("child" in opened) == logs


# --- Ctrl-C ------------------------------------------------------------------------------


class Interrupter:
    """Raises KeyboardInterrupt at the n-th line that runs inside the history room."""

    def __init__(self, countdown):
        self.countdown = countdown

    def __call__(self, frame, event, arg):
        del arg
        if "introspect/history/" not in frame.f_code.co_filename:
            return None
        if event == "line":
            self.countdown -= 1
            if self.countdown == 0:
                raise KeyboardInterrupt
        return self


def interrupted(countdown, action):
    """Whether Ctrl-C came before the action was done."""
    sys.settrace(Interrupter(countdown))
    try:
        action()
    except KeyboardInterrupt:
        return True
    finally:
        sys.settrace(None)
    return False


@pytest.mark.parametrize("action", ["log", "first log", "log of an array", "read", "flush"])
def test_ctrl_c_at_any_line_loses_nothing_that_was_logged_before(tmp_path, action):
    for countdown in range(1, 3000):
        folder = tmp_path / str(countdown)
        history = History(folder, facts=False)
        first = 0
        if action != "first log":
            for step in range(10):
                history.log(step, x=float(step), y=1.0)
            history.log(3, array=np.ones(2))
            first = 10
        what = {
            "log": lambda h=history: h.log(10, x=10.0, y=1.0),
            "first log": lambda h=history: h.log(10, x=10.0, y=1.0),
            "log of an array": lambda h=history: h.log(10, x=10.0, array=np.ones(2)),
            "read": lambda h=history: h["x"],
            "flush": lambda h=history: h.flush(),
        }[action]
        was_interrupted = interrupted(countdown, what)
        for step in range(20, 25):  # the training goes on
            history.log(step, x=float(step), y=1.0)
        history.close()
        for opened in (history, History(folder)):
            steps = set(opened["x"].steps.tolist())
            assert steps - {10} == {*range(first), *range(20, 25)}, countdown
            assert dict(opened["x"]) == {step: float(step) for step in steps}
        assert history.unsaved == 0
        if not was_interrupted:
            assert countdown > 5
            return
    raise AssertionError("the action never came to its end")


def test_an_exception_of_any_kind_inside_of_a_value_leaves_the_history_whole(tmp_path):
    class Wild:
        ndim = 0
        is_cpu = True

        def __init__(self, error):
            self.error = error

        def detach(self):
            return self

        def item(self):
            raise self.error

    history = History(tmp_path)
    errors = [ValueError("a"), RecursionError(), MemoryError(), StopIteration(), OSError(28, "b")]
    with pytest.warns(match="left out"):
        for step, error in enumerate(errors):
            history.log(step, wild=Wild(error), good=float(step))
    for stop in (KeyboardInterrupt, SystemExit):
        with pytest.raises(stop):
            history.log(9, wild=Wild(stop()), good=9.0)
    history.close()
    assert History(tmp_path)["good"].data.tolist() == [0, 1, 2, 3, 4]


# --- following ---------------------------------------------------------------------------


def test_a_follower_sees_points_younger_than_a_third_of_a_second(tmp_path):
    process = started(
        """
        import sys, time
        from introspect.history import History
        history = History(sys.argv[1], facts=False)
        history.log(0, time=time.time())
        print(flush=True)
        for step in range(1, 1500):
            history.log(step, time=time.time())
            time.sleep(0.002)
        """,
        tmp_path,
    )
    reader = History.open(tmp_path)
    time.sleep(0.5)
    ages = []
    while len(ages) < 40:
        time.sleep(0.05)
        ages.append(time.time() - reader["time"].last)
    process.kill()
    process.communicate()
    assert np.median(ages) < 0.3
    assert np.array_equal(reader["time"].steps, np.arange(len(reader["time"])))


def test_a_poll_costs_the_same_whatever_the_length_of_the_run(tmp_path):
    costs = {}
    for length in (1_000, 1_000_000):
        folder = tmp_path / str(length)
        writer = History(folder, facts=False)
        for step in range(length):
            writer.log(step, x=0.5)
        writer.flush()
        reader = History.open(folder)
        assert len(reader["x"]) == length
        times = []
        for step in range(length, length + 30):
            writer.log(step, x=0.5)
            writer.flush()
            start = time.process_time()
            assert len(reader["x"]) == step + 1
            times.append(time.process_time() - start)
        costs[length] = float(np.median(times))
        writer.close()
    assert costs[1_000_000] < 3 * costs[1_000] + 0.001


def test_a_reader_survives_that_the_run_is_deleted_and_made_anew(tmp_path):
    with History(tmp_path / "run") as history:
        history.log(0, x=1.0)
    reader = History.open(tmp_path / "run")
    assert reader["x"].last == 1.0
    for name in segments(tmp_path / "run"):
        name.path.unlink()
    (tmp_path / "run").rmdir()
    assert reader["x"].last == 1.0
    time.sleep(0.01)
    with History(tmp_path / "run") as history:
        history.log(0, x=2.0)
        history.log(1, y=2.0)
    assert "y" in reader


def test_no_thread_is_left_behind_by_fifty_histories_in_one_notebook(tmp_path):
    before = threading.active_count()
    for index in range(50):
        history = History(tmp_path / "run")
        history.log(0, x=float(index))
    del history
    assert threading.active_count() == before
    assert len(History(tmp_path / "run").attempts) == 50
    assert os.getpid()
