"""Many runs as a table: finding, states, filters, order, memory, and damage that stays visible."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from introspect.errors import HistoryError, SegmentError
from introspect.history import History
from introspect.history.many import Runs, runs
from introspect.history.many.collecting import Collector
from introspect.history.many.glance import from_plain, to_plain
from introspect.history.many.memory import cache_file
from introspect.history.many.row import goal_of
from introspect.history.many.state import Writer, process_exists, state_of, this_host
from introspect.history.repair import check
from introspect.history.segment import END, ROWS
from introspect.values import Image


@pytest.fixture(autouse=True)
def cache(tmp_path_factory, monkeypatch):
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("INTROSPECT_CACHE", str(folder))
    return folder


def logged(path, values, *, key="loss", **config):
    with History(path, config=config, facts=False) as history:
        for step, value in enumerate(values):
            history.log(step, **{key: value})
    return path


@pytest.fixture
def sweep(tmp_path):
    logged(tmp_path / "lr10", [3.0, 1.0, 2.0], lr=10, batch=32, optimizer={"name": "adam"})
    logged(tmp_path / "lr2", [3.0, 2.5], lr=2, batch=32, optimizer={"name": "sgd"})
    logged(tmp_path / "deep/er/lr1", [0.5], lr=1, batch=32, optimizer={"name": "sgd"})
    return tmp_path


# --- finding -----------------------------------------------------------------------------


def test_runs_are_found_at_any_depth_and_numbers_in_names_count_as_numbers(sweep):
    assert runs(sweep).names == ["deep/er/lr1", "lr2", "lr10"]


def test_decimals_in_names_count_as_decimals(tmp_path):
    for name in ("lr0.1", "lr0.03", "lr1e-3", "lr2"):
        logged(tmp_path / name, [1.0])
    assert runs(tmp_path).names == ["lr1e-3", "lr0.03", "lr0.1", "lr2"]


def test_a_run_itself_is_a_table_of_one(sweep):
    assert runs(sweep / "lr2").names == ["lr2"]


def test_patterns_choose_names(sweep):
    assert runs(sweep, pattern="deep/*").names == ["deep/er/lr1"]
    assert runs(sweep, pattern=["lr1?", "lr2"]).names == ["lr2", "lr10"]
    assert runs(sweep, pattern="../*").names == []
    with pytest.raises(HistoryError, match="a pattern is a text"):
        runs(sweep, pattern=[3])


def test_links_are_followed_once_and_hidden_folders_are_passed_over(sweep):
    (sweep / "deep" / "up").symlink_to(sweep, target_is_directory=True)
    (sweep / "deep" / "self").symlink_to(sweep / "deep" / "self")
    logged(sweep / ".trash" / "old", [1.0])
    assert sorted(path.rpartition("/")[2] for path in runs(sweep).names) == ["lr1", "lr10", "lr2"]


@pytest.mark.parametrize("path", ["missing", "a\0b", "x" * 300, "../no/such"])
def test_a_folder_that_is_not_there_is_an_error_that_names_it(tmp_path, path):
    with pytest.raises(SegmentError, match="no run folder"):
        runs(f"{tmp_path}/{path}")


def test_hostile_names_are_listed_and_break_no_line(tmp_path):
    names = ["emoji 🎉" * 10, "x" * 200, "tab\tnew\nline", "<b>bold</b>[red]", "..dots", "é\u202e"]
    for name in names:
        logged(tmp_path / name, [1.0])
    bad = os.fsencode(tmp_path) + b"/\xff\xfe"
    os.rename(tmp_path / "..dots", bad)  # noqa: PTH104  a name that is no text
    table = runs(tmp_path)
    assert len(table) == len(names)
    assert len(repr(table).splitlines()) == 2 + len(names)
    assert "<b>" not in table._repr_html_()
    repr(table).encode("utf-8")
    table._repr_html_().encode("utf-8")
    assert table[os.fsdecode(b"\xff\xfe")].last("loss") == 1.0


def test_folders_that_vanish_while_they_are_listed_are_left_out(tmp_path):
    logged(tmp_path / "stays", [1.0])
    is_over = threading.Event()

    def churn():
        while not is_over.is_set():
            path = logged(tmp_path / "goes", [1.0])
            for file in path.iterdir():
                file.unlink()
            path.rmdir()

    thread = threading.Thread(target=churn)
    thread.start()
    try:
        for _ in range(60):
            table = runs(tmp_path, cache=False)
            assert table["stays"].last("loss") == 1.0
            assert len(table) <= 2
    finally:
        is_over.set()
        thread.join()


# --- what a row says ---------------------------------------------------------------------


def test_a_row_says_last_best_step_and_config_as_the_run_itself_does(sweep):
    run = runs(sweep)["lr10"]
    with History.open(sweep / "lr10") as history:
        assert run.last("loss") == history["loss"].last == 2.0
        assert run.best("loss") == history["loss"].min() == 1.0
        assert run.metrics["loss"].most == history["loss"].max()
        assert run.step == history.step
        assert dict(run.config) == dict(history.config)
        assert run.duration_s == pytest.approx(history.get_total_time().total_seconds(), abs=1e-6)
    assert run.metrics["loss"].least_step == 1
    assert run.flat_config["optimizer.name"] == "adam"
    assert run.open()["loss"].data.tolist() == [3.0, 1.0, 2.0]


def test_nan_is_never_the_best_and_a_run_of_nan_says_nan(tmp_path):
    logged(tmp_path / "a", [float("nan"), 2.0, float("inf"), 1.0])
    logged(tmp_path / "b", [float("nan")] * 2)
    table = runs(tmp_path)
    summary = table["a"].metrics["loss"]
    assert (summary.least, summary.least_step, summary.most) == (1.0, 3, float("inf"))
    assert np.isnan(table["b"].best("loss"))
    assert table.sorted("loss.min").names == ["a", "b"]
    assert table.sorted("loss.min", descending=True).names == ["a", "b"]
    assert table.best("loss").name == "a"


def test_rewound_and_overwritten_values_do_not_count(tmp_path):
    with History(tmp_path / "a", facts=False) as history:
        for step in range(5):
            history.log(step, loss=-float(step))
        history.log(0, loss=7.0)
        history.rewind(3)
    summary = runs(tmp_path)["a"].metrics["loss"]
    assert (summary.count, summary.last, summary.least, summary.most) == (3, -2.0, -2.0, 7.0)


def test_images_are_counted_and_not_decoded(tmp_path):
    with History(tmp_path / "a", facts=False) as history:
        for step in range(3):
            history.log(step, picture=Image.of(np.zeros((4, 4))), loss=1.0)
    summary = runs(tmp_path)["a"].metrics["picture"]
    assert (summary.count, summary.kind, summary.last, summary.last_step) == (3, "image", None, 2)
    assert runs(tmp_path).metric_keys == ["loss"]


def test_the_newest_attempt_counts(tmp_path):
    logged(tmp_path / "a", [1.0])
    logged(tmp_path / "a", [2.0])
    run = runs(tmp_path)["a"]
    assert (run.last("loss"), run.glance.attempt, run.glance.attempt_count) == (2.0, 2, 2)


@pytest.mark.parametrize(
    ("key", "goal"),
    [
        ("loss", "min"), ("val/loss", "min"), ("train_loss", "min"), ("valLoss", "min"),
        ("acc", "max"), ("test/acc@5", "max"), ("top1", "max"), ("F1", "max"), ("lr", None),
        ("epoch", None), ("glossy", None), ("account", None), ("loss_acc", None), ("map", "max"),
    ],
)  # fmt: skip
def test_the_name_of_a_metric_tells_what_is_good_or_says_nothing(key, goal):
    assert goal_of(key) == goal


# --- states ------------------------------------------------------------------------------

TRAINING = """
import sys, time
from introspect.history import History
history = History(sys.argv[1], facts=False)
history.log(0, loss=1.0)
history.flush()
print("ready", flush=True)
time.sleep(60)
"""


def test_a_run_is_running_until_its_process_is_killed(tmp_path):
    with subprocess.Popen(
        [sys.executable, "-c", TRAINING, tmp_path / "a"], stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout.readline() == "ready\n"
        age(tmp_path / "a", 3600)
        assert runs(tmp_path)["a"].state == "running"
        child.send_signal(signal.SIGKILL)
        child.wait()
    assert runs(tmp_path)["a"].state == "killed"
    assert repr(runs(tmp_path)).splitlines()[0].endswith("1 runs, 1 killed>")


def age(folder, seconds):
    """Make files look as if nobody had written to them for so long."""
    then = time.time() - seconds
    for file in folder.iterdir():
        os.utime(file, (then, then))


def test_a_closed_run_is_finished_and_one_that_goes_on_is_running(tmp_path):
    history = History(tmp_path / "a", facts=False)
    history.log(0, loss=1.0)
    history.close()
    assert runs(tmp_path)["a"].state == "finished"
    history.log(1, loss=1.0)
    history.flush()
    age(tmp_path / "a", 100)
    assert runs(tmp_path)["a"].state == "running"  # this process
    history.close()
    assert runs(tmp_path)["a"].state == "finished"


NOW = 10**18


def writer(**given):
    base = {
        "rank": 0, "pid": 1, "host": "other", "family": "f", "created_ns": 1, "is_closed": False,
        "changed_ns": NOW - 3600 * 10**9,
    }  # fmt: skip
    return Writer(**base | given)


@pytest.mark.parametrize(
    ("writers", "state"),
    [
        ([], "empty"),
        ([writer()], "killed"),
        ([writer(is_closed=True)], "finished"),
        ([writer(changed_ns=NOW - 300 * 10**9)], "running"),  # another host, and not yet silent
        ([writer(host=this_host(), pid=os.getpid(), created_ns=0)], "running"),
        ([writer(host=this_host(), pid=2**22 + 5)], "killed"),
        # a resumed training: its first half was killed, its second was closed
        ([writer(), writer(family="g", created_ns=2, is_closed=True)], "finished"),
        ([writer(is_closed=True), writer(family="g", created_ns=2)], "killed"),
        # a forked child that ended in silence
        ([writer(is_closed=True), writer(created_ns=2)], "finished"),
        # one of two ranks was killed
        ([writer(is_closed=True), writer(rank=1)], "killed"),
        ([writer(), writer(rank=1, changed_ns=NOW)], "running"),
    ],
)
def test_the_state_of_an_attempt(writers, state):
    assert state_of(writers, now_ns=NOW) == state


def test_a_process_that_was_given_the_number_of_a_dead_one_is_another():
    now_ns = time.time_ns()
    assert process_exists(os.getpid(), now_ns) is True
    if Path("/proc/stat").exists():
        assert process_exists(os.getpid(), 10**9) is False  # it has not lived since 1970
    assert process_exists(2**22 + 5) is False
    assert process_exists(-1) is False
    assert process_exists(2**40) is None


def test_the_digest_of_the_host_is_the_one_in_segments(tmp_path):
    logged(tmp_path / "a", [1.0])
    assert runs(tmp_path)["a"].glance.writers[0].host == this_host()


# --- damage ------------------------------------------------------------------------------


def test_a_damaged_run_is_listed_with_what_is_wrong_and_its_good_values(tmp_path):
    logged(tmp_path / "good", [1.0])
    with History(tmp_path / "bad", facts=False) as history:
        for step in range(4):
            history.log(step, loss=float(step))
            history.flush()
    (path,) = (tmp_path / "bad").iterdir()
    data = bytearray(path.read_bytes())
    data[data.index(bytes([0x93]) + b"SEG" + bytes([ROWS])) + 25] ^= 1
    path.write_bytes(data)
    table = runs(tmp_path)
    assert not check(tmp_path / "bad").is_clean
    assert "1 damaged place" in table["bad"].problem
    assert table["bad"].metrics["loss"].count == 3
    assert table["good"].problem is None
    assert "! 1 damaged place" in repr(table)
    assert "1 damaged place" in table._repr_html_()


def test_a_folder_in_place_of_a_segment_and_an_empty_one_are_listed(tmp_path):
    (tmp_path / "a" / "attempt-0001-rank-0-pid-1.segment").mkdir(parents=True)
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "attempt-0001-rank-0-pid-1.segment").write_bytes(b"")
    table = runs(tmp_path)
    assert table.names == ["a", "b"]
    assert "directory" in table["a"].problem
    assert table["b"].last("loss") is None
    assert table["a"].metrics == table["b"].metrics == {}
    repr(table)
    age(tmp_path / "b", 3600)
    assert runs(tmp_path)["b"].state == "killed"


@pytest.mark.parametrize("size", [0, 1, 20, 100, 5000])
def test_random_bytes_are_a_run_with_nothing_in_it(tmp_path, size):
    path = tmp_path / "a" / "attempt-0001-rank-0-pid-1.segment"
    path.parent.mkdir()
    path.write_bytes(np.random.default_rng(size).bytes(size))
    (run,) = runs(tmp_path)
    assert not run.metrics
    assert bool(run.problem) == (size > 0)


def test_parquet_that_is_none_is_listed_with_what_is_wrong(tmp_path):
    pytest.importorskip("pyarrow", reason="reads Parquet")
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "scalars.parquet").write_bytes(b"PAR1 and no more")
    (run,) = runs(tmp_path)
    assert run.state == "unreadable"
    assert "DataError" in run.problem
    with pytest.raises(HistoryError, match="fsck"):
        run.open()


# --- filters, order, columns -------------------------------------------------------------


def test_where_takes_values_functions_texts_and_dotted_names(sweep):
    table = runs(sweep)
    assert table.where(lr=2).names == ["lr2"]
    assert table.where(lr=lambda lr: lr > 1, batch=32).names == ["lr2", "lr10"]
    assert table.where({"optimizer.name": "sgd"}).names == ["deep/er/lr1", "lr2"]
    assert table.where(lambda run: run.last("loss") < 1).names == ["deep/er/lr1"]
    assert table.where("loss < 2.1").names == ["deep/er/lr1", "lr10"]
    assert table.where("optimizer.name=sgd").where("lr!=1").names == ["lr2"]
    assert table.where("state = finished").names == table.names
    assert table.where(state="running").names == []
    assert table.where("name == lr2").names == ["lr2"]
    assert table.where("optimizer.name < 3").names == []


def test_names_that_no_run_has_say_which_there_are(sweep):
    table = runs(sweep)
    with pytest.raises(HistoryError, match="'lr'"):
        table.where(lrr=1)
    with pytest.raises(HistoryError, match="loss"):
        table.where("los < 1")
    with pytest.raises(HistoryError, match="no condition"):
        table.where("loss")
    with pytest.raises(HistoryError, match="loss"):
        table.sorted("los")
    with pytest.raises(HistoryError, match="lr10"):
        table["lr11"]
    logged(sweep / "x", [1.0], key="speed")
    with pytest.raises(HistoryError, match='"min"'):
        runs(sweep).best("speed")


def test_tags_choose_runs(tmp_path):
    for name, tags in (("a", ["base", "old"]), ("b", ["base"])):
        with History(tmp_path / name, tags=tags, facts=False) as history:
            history.log(0, loss=1.0)
    assert runs(tmp_path).where(tag="old").names == ["a"]
    assert runs(tmp_path).where(tag="base").names == ["a", "b"]


def test_order_by_any_column_with_what_is_missing_at_the_end(sweep):
    logged(sweep / "other", [1.0], key="speed", lr=5)
    table = runs(sweep)
    assert table.sorted("loss").names == ["deep/er/lr1", "lr10", "lr2", "other"]
    assert table.sorted("loss", descending=True).names == ["lr2", "lr10", "deep/er/lr1", "other"]
    assert table.sorted("loss.min").names[:2] == ["deep/er/lr1", "lr10"]
    assert table.sorted("config.lr").names == ["deep/er/lr1", "lr2", "other", "lr10"]
    assert table.sorted("started").names == ["lr10", "lr2", "deep/er/lr1", "other"]


def test_slices_lists_and_places(sweep):
    table = runs(sweep)
    assert isinstance(table[:2], Runs)
    assert table[:2].names == ["deep/er/lr1", "lr2"]
    assert table[["lr10", "lr2"]].names == ["lr10", "lr2"]
    assert table[-1].name == "lr10"
    assert [run.name for run in table] == table.names


def test_only_hyper_parameters_that_differ_are_columns(sweep):
    table = runs(sweep)
    assert table.config_keys() == ["lr", "optimizer.name"]
    assert set(table.config_keys(differing=False)) == {"lr", "batch", "optimizer.name"}
    assert "batch" not in repr(table)
    assert "config.batch" in table.columns(config="all")
    with pytest.raises(HistoryError, match="differing, all, none"):
        table.columns(config="some")


def test_a_data_frame_holds_what_the_rows_say(sweep):
    pytest.importorskip("pandas", reason="makes a data frame")
    frame = runs(sweep).to_pandas()
    assert frame.loc["lr10", "loss"] == 2.0
    assert frame.loc["lr10", "loss.min"] == 1.0
    assert frame["config.lr"].tolist() == [1, 2, 10]
    assert frame.index.tolist() == ["deep/er/lr1", "lr2", "lr10"]


def test_long_tables_are_cut_in_the_middle(tmp_path):
    for index in range(50):
        logged(tmp_path / f"r{index}", [1.0])
    table = runs(tmp_path)
    text = repr(table)
    assert "… 10 more" in text
    assert "r0 " in text
    assert "r49" in text
    assert table._repr_html_().count("<tr>") == 41


# --- memory ------------------------------------------------------------------------------


def test_what_runs_said_is_remembered_until_their_files_change(sweep):
    before = runs(sweep)
    kept = json.loads(cache_file(sweep).read_bytes())
    kept["runs"][str(sweep / "lr2")][1]["config"]["lr"] = 99  # so that its use can be seen
    cache_file(sweep).write_text(json.dumps(kept))
    assert runs(sweep)["lr2"].config["lr"] == 99
    assert runs(sweep, cache=False)["lr2"].config["lr"] == 2
    logged(sweep / "lr2", [1.0], lr=3)
    after = runs(sweep)
    assert after["lr2"].config["lr"] == 3
    assert after["lr10"].last("loss") == before["lr10"].last("loss")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        '{"version": 1}',
        '{"version": 1, "folder": 3, "runs": {}}',
        "[" * 9999,
    ],
)
def test_a_memory_that_is_broken_is_ignored(sweep, text):
    expected = repr(runs(sweep)).splitlines()[1:]
    cache_file(sweep).write_text(text)
    assert [line.split()[0] for line in repr(runs(sweep)).splitlines()[1:]] == [
        line.split()[0] for line in expected
    ]


def test_a_memory_with_wrong_records_is_ignored(sweep):
    runs(sweep)
    kept = json.loads(cache_file(sweep).read_bytes())
    for record in kept["runs"].values():
        record[1]["metrics"] = {"loss": [1, 2]}
    cache_file(sweep).write_text(json.dumps(kept))
    assert runs(sweep)["lr2"].last("loss") == 2.5


def test_a_cache_that_cannot_be_written_is_no_error(sweep, cache, monkeypatch):
    (cache / "file").write_text("")
    monkeypatch.setenv("INTROSPECT_CACHE", str(cache / "file"))
    assert len(runs(sweep)) == 3
    assert (cache / "file").read_text() == ""


def test_a_glance_is_equal_after_json(sweep):
    with History(sweep / "t", facts=False) as history:
        history.log((1, 2), loss=float("nan"), other=1.0)
        history.note("hello")
    for run in runs(sweep):
        again = from_plain(json.loads(json.dumps(to_plain(run.glance))))
        assert repr(again) == repr(run.glance)


def test_nothing_is_written_into_the_runs(sweep):
    before = {path: path.stat().st_mtime_ns for path in sweep.rglob("*")}
    runs(sweep)
    assert {path: path.stat().st_mtime_ns for path in sweep.rglob("*")} == before


# --- live --------------------------------------------------------------------------------


def test_a_second_look_sees_what_was_logged_since(tmp_path):
    collector = Collector(tmp_path, cache=False)
    assert len(collector.table()) == 0
    with History(tmp_path / "a", facts=False) as history:
        for step in range(5):
            history.log(step, loss=float(step))
            history.flush()
            run = collector.table()["a"]
            assert (run.last("loss"), run.state) == (float(step), "running")
    assert collector.table()["a"].state == "finished"
    logged(tmp_path / "a", [7.0])
    assert collector.table()["a"].last("loss") == 7.0


# --- many --------------------------------------------------------------------------------


def test_a_hundred_thousand_keys_in_a_run_are_no_trouble(tmp_path):
    with History(tmp_path / "a", facts=False) as history:
        history.log(0, **{f"layer/{index}": float(index) for index in range(100_000)})
    began = time.process_time()
    table = runs(tmp_path)
    assert time.process_time() - began < 20
    assert len(table["a"].metrics) == 100_000
    assert table["a"].last("layer/77777") == 77777.0
    assert len(repr(table).splitlines()[1]) < 300


def test_a_url_is_a_folder_of_runs(sweep):
    fsspec = pytest.importorskip("fsspec", reason="opens URLs")
    files = fsspec.filesystem("memory")
    files.put(str(sweep), "/bucket/sweep", recursive=True)
    try:
        table = runs("memory://bucket/sweep")
        assert table.names == ["deep/er/lr1", "lr2", "lr10"]
        assert table["lr10"].open()["loss"].data.tolist() == [3.0, 1.0, 2.0]
        assert cache_file(table.folder) is not None
        assert not cache_file(table.folder).exists()
    finally:
        files.rm("/bucket", recursive=True)


def test_the_end_frame_is_what_tells_a_closed_run(tmp_path):
    """Guards the states above: END is the last frame of a closed segment."""
    (path,) = logged(tmp_path / "a", [1.0]).iterdir()
    assert path.read_bytes()[-20:-16] == bytes([0x93]) + b"SEG"
    assert path.read_bytes()[-16] == END
    path.write_bytes(path.read_bytes()[:-20])
    age(tmp_path / "a", 3600)
    glance = runs(tmp_path)["a"].glance
    assert not glance.writers[0].is_closed
