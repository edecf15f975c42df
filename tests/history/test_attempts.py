"""Attempts: starting again beside the old, going on with the old, and hiding some of it."""

import shutil
import tempfile
import threading
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from introspect.errors import HistoryError, SegmentError
from introspect.history import History
from introspect.history.folder import segments


def logged(path, steps, *, value=1.0, **options):
    with History(path, **options) as history:
        for step in steps:
            history.log(step, x=value)
    return history


def flip(path, place):
    data = bytearray(path.read_bytes())
    data[place] ^= 0x10
    path.write_bytes(data)


# --- attempts ----------------------------------------------------------------------------


def test_an_older_attempt_can_be_read_and_the_newest_is_read_by_default(tmp_path):
    for value in (1.0, 2.0, 3.0):
        logged(tmp_path, range(3), value=value)
    assert History(tmp_path)["x"].last == 3.0
    assert [History(tmp_path, attempt=n)["x"].last for n in (1, 2, 3)] == [1.0, 2.0, 3.0]
    assert History.open(tmp_path, attempt=1)["x"].last == 1.0


@pytest.mark.parametrize("attempt", [0, 4, -1])
def test_an_attempt_that_is_not_there_names_those_that_are(tmp_path, attempt):
    logged(tmp_path, [0])
    logged(tmp_path, [0])
    with pytest.raises(HistoryError, match="1, 2"):
        History(tmp_path, attempt=attempt)
    with pytest.raises(HistoryError, match="holds none"):
        History(tmp_path / "empty", attempt=1)


def test_logging_to_a_history_of_an_older_attempt_begins_a_new_one(tmp_path):
    logged(tmp_path, [0], value=1.0)
    logged(tmp_path, [0], value=2.0)
    with History(tmp_path, attempt=1) as history:
        assert history["x"].last == 1.0
        history.log(0, x=3.0)
    assert [a.number for a in history.attempts] == [1, 2, 3]
    assert History(tmp_path)["x"].last == 3.0


def test_attempts_tell_when_they_were_and_how_they_ended(tmp_path):
    assert History().attempts == ()
    logged(tmp_path, [0])
    open_one = History(tmp_path)
    open_one.log(0, x=1.0)
    open_one.flush()
    first, second = open_one.attempts
    assert (first.number, first.is_closed, first.ranks) == (1, True, (0,))
    assert (second.number, second.is_closed) == (2, False)
    assert first.started <= first.changed <= second.changed
    assert second.size_bytes == second.segments[0].stat().st_size
    assert repr(first) == f"<Attempt 1: {first.size_bytes} bytes, closed>"
    open_one.close()
    assert open_one.attempts[1].is_closed


# --- resume ------------------------------------------------------------------------------


def test_a_resumed_run_shows_what_was_logged_before_and_after(tmp_path):
    logged(tmp_path, range(5))
    history = History(tmp_path, resume=True)
    assert len(history["x"]) == 5  # before the first log
    for step in range(5, 8):
        history.log(step, x=2.0, y=0.5)
        assert history["x"].steps.tolist() == list(range(step + 1))
    assert history.keys() == ["x", "y"]
    assert history.step == 7
    assert "11 values" in repr(history)
    history.close()
    assert len(segments(tmp_path)) == 2
    assert {name.attempt for name in segments(tmp_path)} == {1}
    assert dict(History(tmp_path)["x"]) == {s: 1.0 if s < 5 else 2.0 for s in range(8)}


def test_at_a_step_that_was_logged_before_and_after_a_resume_the_later_counts(tmp_path):
    logged(tmp_path, range(10), value=1.0)
    resumed = logged(tmp_path, range(5, 8), value=2.0, resume=True)
    truth = {step: 2.0 if 5 <= step < 8 else 1.0 for step in range(10)}
    assert dict(resumed["x"]) == dict(History(tmp_path)["x"]) == truth


def test_resuming_an_older_attempt_goes_on_with_that(tmp_path):
    logged(tmp_path, [0], value=1.0)
    logged(tmp_path, [0], value=2.0)
    logged(tmp_path, [1], value=3.0, resume=True, attempt=1)
    assert dict(History(tmp_path, attempt=1)["x"]) == {0: 1.0, 1: 3.0}
    assert dict(History(tmp_path)["x"]) == {0: 2.0}


def test_resuming_nothing_is_the_first_attempt(tmp_path):
    logged(tmp_path, [0], resume=True)
    logged(tmp_path, [1], resume=True)
    assert dict(History(tmp_path)["x"]) == {0: 1.0, 1: 1.0}
    assert History(resume=True).keys() == []


def test_a_clock_that_was_set_back_between_starts_changes_no_order(tmp_path, monkeypatch):
    import time

    real = time.time_ns
    logged(tmp_path, range(3), value=1.0)
    monkeypatch.setattr(time, "time_ns", lambda: real() - 10**13)
    logged(tmp_path, range(3), value=2.0, resume=True)
    monkeypatch.setattr(time, "time_ns", lambda: real() - 10**14)
    logged(tmp_path, [1], value=3.0, resume=True)
    assert dict(History(tmp_path)["x"]) == {0: 2.0, 1: 3.0, 2: 2.0}


def test_a_resumed_run_whose_first_frame_is_damaged_keeps_its_order(tmp_path):
    logged(tmp_path, range(3), value=1.0)
    logged(tmp_path, range(3), value=2.0, resume=True)
    for name in segments(tmp_path):
        flip(name.path, 30)
    with pytest.warns(match="damaged"):
        assert dict(History(tmp_path)["x"]) == {0: 2.0, 1: 2.0, 2: 2.0}


def test_reading_a_resumed_run_after_each_log_costs_what_is_new(tmp_path):
    with History(tmp_path) as history:
        for step in range(1000):
            history.log(step, x=float(step))
    history = History(tmp_path, resume=True)
    history.log(1000, x=0.0)
    first = history["x"]
    for step in range(1001, 1100):
        history.log(step, x=float(step))
        _ = history["x"]
    assert np.shares_memory(history["x"].data, history["x"].data)
    assert len(first) == 1001
    assert len(history["x"]) == 1100
    history.log(3, x=-1.0)  # and one in the midst of what was there
    assert history["x"].at(3) == -1.0
    assert len(history["x"]) == 1100
    assert first.at(3) == 3.0
    history.close()


def test_the_time_of_a_resumed_run_leaves_out_the_pause(tmp_path):
    import time

    for steps in (range(2), range(2, 4)):
        history = History(tmp_path, resume=True)
        for step in steps:
            history.log(step, x=1.0)
            time.sleep(0.05)
        history.close()
        time.sleep(0.5)
    for opened in (history, History(tmp_path)):
        assert 0.09 < opened.get_total_time().total_seconds() < 0.45


# --- many writers on one folder ----------------------------------------------------------


@pytest.mark.parametrize("is_closed_between", [True, False])
def test_a_hundred_histories_that_resume_one_folder_lose_nothing(tmp_path, is_closed_between):
    held = []
    for index in range(100):
        history = History(tmp_path, resume=True)
        history.log(index, x=float(index))
        history.log(0, first=float(index))
        if is_closed_between:
            history.close()
        held.append(history)
    for history in held:
        history.close()
    opened = History(tmp_path)
    assert dict(opened["x"]) == {index: float(index) for index in range(100)}
    assert opened["first"].last == 99.0
    assert {name.attempt for name in segments(tmp_path)} == {1}
    assert threading.active_count() < 50


def test_threads_with_a_history_each_lose_nothing(tmp_path):
    def work(index):
        with History(tmp_path, resume=True) as history:
            for step in range(200):
                history.log(step, **{f"x{index}": float(step)})

    logged(tmp_path, [0])
    threads = [threading.Thread(target=work, args=(index,)) for index in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    opened = History(tmp_path)
    assert len(opened) == 9
    assert all(opened[f"x{i}"].data.tolist() == list(range(200)) for i in range(8))


# --- rewind ------------------------------------------------------------------------------


def test_a_rewind_hides_what_was_logged_from_a_step_on_and_keeps_it_on_disk(tmp_path):
    with History(tmp_path) as history:
        for step in range(100):
            history.log(step, loss=float(step), weight=np.full(2, step))
    size_bytes = segments(tmp_path)[0].path.stat().st_size
    resumed = History(tmp_path, resume=True)
    resumed.rewind(75)
    for history in (resumed, History(tmp_path)):
        assert history["loss"].steps.tolist() == list(range(75))
        assert history["weight"].steps.tolist() == list(range(75))
        assert history.step == 74
    for step in range(75, 80):
        resumed.log(step, loss=-float(step))
    resumed.close()
    for history in (resumed, History(tmp_path)):
        assert history["loss"].steps.tolist() == list(range(80))
        assert history["loss"].data[75:].tolist() == [-75, -76, -77, -78, -79]
        assert len(history["weight"]) == 75
        assert "155 values" in repr(history)
    assert segments(tmp_path)[0].path.stat().st_size == size_bytes


def test_a_rewind_in_one_history_hides_in_memory_and_on_disk(tmp_path):
    for path in (None, tmp_path):
        history = History(path)
        for step in range(10):
            history.log(step, x=1.0)
        history.log((1, 0), pair=1.0)
        seen = history["x"]
        history.rewind(4)
        history.log(9, x=2.0)
        assert dict(history["x"]) == {0: 1.0, 1: 1.0, 2: 1.0, 3: 1.0, 9: 2.0}
        assert "pair" not in history
        assert len(seen) == 10
        history.rewind(-(2**63))
        assert history.keys() == []
        assert history.step is None
        history.log(0, y=1.0)
        history.close()
        assert history.keys() == ["y"]
    assert History(tmp_path).keys() == ["y"]


def test_values_of_the_same_microsecond_are_on_the_right_side_of_a_rewind(tmp_path):
    history = History(tmp_path)
    for index in range(300):
        history.log(5, x=float(index))
        history.rewind(5)
    history.log(5, x=-1.0)
    history.close()
    assert dict(History(tmp_path)["x"]) == {5: -1.0}


def test_a_reader_that_was_ahead_of_a_rewind_goes_back(tmp_path):
    logged(tmp_path, range(5))
    reader = History.open(tmp_path)
    assert len(reader["x"]) == 5
    resumed = History(tmp_path, resume=True)
    resumed.log(5, x=5.0)
    resumed.rewind(3)
    resumed.log(3, x=9.0)
    resumed.flush()
    assert dict(reader["x"]) == {0: 1.0, 1: 1.0, 2: 1.0, 3: 9.0}
    resumed.close()


def test_what_another_writer_logs_after_a_rewind_is_not_hidden_by_it(tmp_path):
    old = History(tmp_path)
    for step in range(6):
        old.log(step, x=1.0)
    old.flush()
    reader = History.open(tmp_path)
    resumed = History(tmp_path, resume=True)
    resumed.rewind(2)
    old.log(5, x=7.0)
    old.flush()
    assert len(reader["x"]) == 3
    resumed.close()
    old.close()
    for opened in (reader, History(tmp_path)):
        assert dict(opened["x"]) == {0: 1.0, 1: 1.0, 5: 7.0}


def test_one_damaged_byte_never_brings_back_what_was_rewound(tmp_path):
    logged(tmp_path / "a", range(4))
    with History(tmp_path / "a", resume=True) as history:
        history.rewind(2)
        history.log(2, x=5.0)
    path = segments(tmp_path / "a")[-1].path
    data = path.read_bytes()
    for place in range(len(data)):
        path.write_bytes(data[:place] + bytes([data[place] ^ 4]) + data[place + 1 :])
        with pytest.warns(match="damaged"):
            found = dict(History(tmp_path / "a")["x"])
        assert found in ({0: 1.0, 1: 1.0, 2: 5.0}, {0: 1.0, 1: 1.0}), place


def test_rewinding_what_is_only_read_says_what_to_do(tmp_path):
    logged(tmp_path, [0])
    for history in (History(tmp_path), History.open(tmp_path)):
        with pytest.raises(HistoryError, match="resume=True"):
            history.rewind(0)
    with pytest.raises(HistoryError, match="a step is an int"):
        History().rewind("3")


STEPS = st.one_of(st.integers(-4, 4), st.tuples(st.integers(-2, 2), st.integers(-2, 2)))
ACTIONS = st.lists(
    st.one_of(
        st.tuples(st.just("log"), STEPS, st.sampled_from(["a", "b"])),
        st.tuples(st.just("array"), STEPS, st.sampled_from(["a", "c"])),
        st.tuples(st.just("rewind"), STEPS),
        st.tuples(st.just("flush")),
        st.tuples(st.just("read")),
        st.tuples(st.just("resume")),
    ),
    max_size=25,
)


@settings(max_examples=60, deadline=None)
@given(ACTIONS)
def test_any_course_of_logs_rewinds_and_resumes_reads_as_a_dictionary_says(actions):
    def wide(step):
        return step if isinstance(step, tuple) else (0, step)

    folder = tempfile.mkdtemp()
    history, truth = History(folder, facts=False), {}
    reader = History.open(folder)
    for number, (action, *rest) in enumerate(actions):
        if action in {"log", "array"}:
            step, key = rest
            history.log(step, **{key: float(number) if action == "log" else np.array([number])})
            truth.setdefault(key, {})[wide(step)] = number
        elif action == "rewind":
            history.rewind(rest[0])
            for key in list(truth):
                kept = {s: v for s, v in truth[key].items() if s < wide(rest[0])}
                truth = truth | {key: kept}
            truth = {key: rows for key, rows in truth.items() if rows}
        elif action == "flush":
            history.flush()
        elif action == "read":
            _ = [dict(reader[key]) for key in reader], [history[key].last for key in history]
        else:
            history.close()
            history = History(folder, resume=True, facts=False)
    for opened in (history, history.close() or History(folder), reader):
        found = {
            key: {wide(step): int(np.mean(value)) for step, value in opened[key]} for key in opened
        }
        assert found == truth
        assert sorted(opened.keys()) == sorted(truth)
    shutil.rmtree(folder)


# --- reading only ------------------------------------------------------------------------


def test_a_history_opened_to_be_read_writes_nothing_and_says_how_to_log(tmp_path):
    logged(tmp_path, [0])
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    reader = History.open(tmp_path)
    for action in (lambda: reader.log(1, x=1.0), lambda: reader.note("hello")):
        with pytest.raises(HistoryError, match="resume=True"):
            action()
    reader.close()
    assert before == {path: path.read_bytes() for path in tmp_path.iterdir()}


@pytest.mark.parametrize("path", ["nowhere", "a\x00b", 7])
def test_opening_no_folder_says_so(tmp_path, path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SegmentError, match="no run folder"):
        History.open(path)
    assert not list(tmp_path.iterdir())


def test_a_reader_may_come_before_the_first_log(tmp_path):
    reader = History.open(tmp_path)
    assert reader.keys() == []
    assert repr(reader).endswith("empty>")
    history = History(tmp_path)
    history.log(0, x=1.0)
    history.flush()
    assert reader["x"].last == 1.0
    history.close()


def test_a_run_lies_where_it_was_told_to(tmp_path):
    assert History.open(tmp_path).path == Path(tmp_path)
