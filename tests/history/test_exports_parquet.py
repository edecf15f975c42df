"""Runs as Parquet: equal to the segments bit for bit, and one data set for query engines."""

import shutil

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from introspect.errors import DataError, HistoryError, SegmentError
from introspect.history import History
from introspect.history.formats.parquet_columns import nanoseconds, seconds, shown_keys
from introspect.history.formats.parquet_reader import CompactedRun, problem_of
from introspect.history.many import runs
from introspect.history.many.compacting import compact, difference_of, read_attempts
from introspect.history.many.exporting import export
from introspect.history.segment import ROWS
from introspect.values import Image

pq = pytest.importorskip("pyarrow.parquet", reason="writes Parquet")

STEPS = 50


@pytest.fixture(autouse=True)
def cache(tmp_path_factory, monkeypatch):
    monkeypatch.setenv("INTROSPECT_CACHE", str(tmp_path_factory.mktemp("cache")))


def full_run(path, shift=0.0):
    """Two attempts, images, a key of mixed kinds, both kinds of steps, hostile keys, extremes."""
    with History(path, config={"lr": 0.1, "o": {"name": "adam"}}, tags=["x"], facts=False) as first:
        first.log(0, loss=99.0)
    with History(path, config={"lr": 0.2 + shift}, facts=False) as history:
        for step in range(STEPS):
            history.log(step, loss=1 / (step + 1) + shift, acc=step / STEPS)
            if step % 10 == 0:
                picture = np.full((4, 4), step, np.uint8)
                history.log(step, picture=Image.of(picture), mixed=np.eye(2) if step else 3.0)
        history.log(2**63 - 1, edge=float("nan"))
        history.log(-(2**63), edge=-0.0)
        history.log((1, 2), pair=float("inf"), edge=5e-324)
        history.log(0, **{"half \udc80": 1.0, "nul \0 ü 🎉": 2.0, "half \\udc80": 3.0})
        history.note("halved")
    return path


def assert_equal_histories(one, other):
    assert one.keys() == other.keys()
    assert dict(one.config) == dict(other.config)
    assert (one.notes, one.tags, one.step) == (other.notes, other.tags, other.step)
    assert one.get_total_time() == other.get_total_time()
    for key in one:
        a, b = one[key], other[key]
        np.testing.assert_array_equal(a.steps, b.steps)
        np.testing.assert_array_equal(a.times, b.times)
        assert a.data.dtype == b.data.dtype
        if a.is_scalar:
            assert a.data.tobytes() == b.data.tobytes()
        else:
            assert [type(v) for v in a.data] == [type(v) for v in b.data]
            for x, y in zip(a.data, b.data, strict=True):
                pixels = [getattr(value, "pixels", value) for value in (x, y)]
                np.testing.assert_array_equal(*pixels)


def test_a_compacted_run_reads_as_its_segments_do(tmp_path):
    run = full_run(tmp_path / "a")
    copy = shutil.copytree(run, tmp_path / "copy")
    compact(copy, remove_segments=True)
    assert not list(copy.glob("*.segment"))
    for attempt in (None, 1, 2):
        history = History.open(copy, attempt=attempt)
        assert_equal_histories(History.open(run, attempt=attempt), history)
    with pytest.raises(HistoryError, match="1, 2"):
        History.open(copy, attempt=3)


def test_a_training_that_starts_beside_parquet_is_a_new_attempt_and_hides_no_older_one(tmp_path):
    run = full_run(tmp_path / "a")
    copy = shutil.copytree(run, tmp_path / "copy")
    compact(run, remove_segments=True)
    with History(run, facts=False) as history:
        history.log(0, loss=7.0)
    assert [path.name.split("-rank")[0] for path in run.glob("*.segment")] == ["attempt-0003"]
    assert History.open(run)["loss"].data.tolist() == [7.0]
    for attempt in (1, 2):
        older = History.open(copy, attempt=attempt), History.open(run, attempt=attempt)
        assert_equal_histories(*older)
    with pytest.raises(HistoryError, match="there is no such attempt"):
        History.open(run, attempt=4)


def test_removing_segments_leaves_a_run_that_says_the_same(tmp_path):
    run = full_run(tmp_path / "a")
    before = runs(tmp_path, cache=False)["a"]
    copy = shutil.copytree(run, tmp_path / "copy")
    done = compact(run, remove_segments=True)
    assert len(done.removed) == 2
    assert sorted(path.name for path in run.iterdir()) == [
        "about.parquet", "scalars.parquet", "values.parquet",
    ]  # fmt: skip
    after = runs(tmp_path, cache=False)["a"]
    assert repr(after.metrics) == repr(before.metrics)
    assert after.state == before.state == "finished"
    assert (after.duration_s, after.started) == (before.duration_s, before.started)
    assert_equal_histories(History.open(copy), after.open())
    again = runs(tmp_path, cache=False)[["a"]].compare("loss").groups[0].mean
    np.testing.assert_array_equal(again, History.open(copy)["loss"].data)


def test_ranks_are_kept(tmp_path, monkeypatch):
    for rank in (1, 0):
        monkeypatch.setenv("RANK", str(rank))
        with History(tmp_path / "a", facts=False) as history:
            for step in range(3):
                history.log(step, loss=float(10 * rank + step))
    truth = History.open(tmp_path / "a")["loss"]
    assert sorted(truth.by_rank()) == [0, 1]
    compact(tmp_path / "a", remove_segments=True)
    found = runs(tmp_path, cache=False)["a"].open()["loss"]
    assert found.data.tolist() == truth.data.tolist() == [0.0, 1.0, 2.0]
    for rank in (0, 1):
        np.testing.assert_array_equal(found.by_rank()[rank].data, truth.by_rank()[rank].data)
        np.testing.assert_array_equal(found.by_rank()[rank].times, truth.by_rank()[rank].times)


def test_what_was_rewound_is_not_written(tmp_path):
    with History(tmp_path / "a", facts=False) as history:
        for step in range(5):
            history.log(step, loss=float(step))
        history.rewind(3)
        history.log(0, loss=9.0)
    compact(tmp_path / "a")
    table = pq.read_table(tmp_path / "a" / "scalars.parquet")
    assert table["value"].to_pylist() == [9.0, 1.0, 2.0]


def test_rows_are_sorted_by_key_rank_attempt_and_step(tmp_path):
    compact(full_run(tmp_path / "a"))
    table = pq.read_table(tmp_path / "a" / "scalars.parquet")
    rows = list(
        zip(
            *(table[name].to_pylist() for name in ("key", "rank", "attempt", "epoch", "step")),
            strict=True,
        )
    )
    assert rows == sorted(
        rows, key=lambda row: (row[0].encode(), row[1], row[2], row[3] or 0, row[4])
    )
    assert table.num_rows == 2 * STEPS + 1 + 1 + 3 + 1 + 3


def test_duckdb_reads_a_folder_of_runs_as_one_data_set(tmp_path, monkeypatch):
    duckdb = pytest.importorskip("duckdb", reason="queries Parquet")
    for index in range(3):
        compact(full_run(tmp_path / f"run{index}", shift=float(index)), remove_segments=index == 1)
    monkeypatch.chdir(tmp_path)
    best = duckdb.sql(
        "SELECT run, min(value), arg_min(step, value) FROM '*/scalars.parquet' "
        "WHERE key = 'loss' AND attempt = 2 GROUP BY run ORDER BY run"
    ).fetchall()
    assert best == [(f"run{i}", 1 / STEPS + i, STEPS - 1) for i in range(3)]
    config = duckdb.sql(
        "SELECT s.run, max(s.value) FROM '*/scalars.parquet' s "
        "JOIN '*/about.parquet' a USING (run, attempt) "
        "WHERE a.what = 'config' AND a.name = 'lr' AND a.number > 1 AND s.key = 'acc' "
        "GROUP BY s.run ORDER BY s.run"
    ).fetchall()
    assert config == [(f"run{i}", (STEPS - 1) / STEPS) for i in (1, 2)]
    pictures = duckdb.sql(
        "SELECT count(*), min(octet_length(payload)) > 0 FROM '*/values.parquet' "
        "WHERE kind = 'image'"
    ).fetchall()
    assert pictures == [(3 * STEPS // 10, True)]
    when = duckdb.sql(
        "SELECT epoch_us(max(time)) FROM 'run0/scalars.parquet' WHERE key = 'pair'"
    ).fetchall()[0]
    truth = History.open(tmp_path / "run0")["pair"].times[-1]
    assert when[0] == int(nanoseconds(np.array([truth]))[0] // 1000)


def test_pandas_reads_it_too(tmp_path):
    pd = pytest.importorskip("pandas", reason="reads Parquet")
    compact(full_run(tmp_path / "a"))
    frame = pd.read_parquet(tmp_path / "a" / "scalars.parquet", filters=[("key", "=", "acc")])
    assert frame["value"].tolist() == [step / STEPS for step in range(STEPS)]
    assert frame["epoch"].isna().all()


def test_a_url_takes_parquet_and_gives_it_back(tmp_path):
    fsspec = pytest.importorskip("fsspec", reason="opens URLs")
    run = full_run(tmp_path / "a")
    done = export(run, "memory://h4-bucket/runs/a")
    try:
        assert done.files[0] == "memory://h4-bucket/runs/a/scalars.parquet"
        found = runs("memory://h4-bucket/runs")["a"].open()
        assert_equal_histories(History.open(run), found)
    finally:
        fsspec.filesystem("memory").rm("/h4-bucket", recursive=True)


def test_a_running_a_damaged_and_a_distant_run_keep_their_segments(tmp_path):
    with History(tmp_path / "a", facts=False) as history:
        history.log(0, loss=1.0)
        history.flush()
        with pytest.raises(DataError, match="still being written"):
            compact(tmp_path / "a", remove_segments=True)
        assert compact(tmp_path / "a").number_count == 1  # a copy does no harm
    with pytest.raises(DataError, match="another folder"):
        compact(tmp_path / "a", tmp_path / "b", remove_segments=True)
    (path,) = (tmp_path / "a").glob("*.segment")
    data = bytearray(path.read_bytes())
    data[data.index(bytes([0x93]) + b"SEG" + bytes([ROWS])) + 25] ^= 1
    path.write_bytes(data)
    with pytest.raises(DataError, match="damaged place"):
        compact(tmp_path / "a", remove_segments=True)
    assert path.exists()


def test_a_difference_is_found_before_anything_is_removed(tmp_path):
    run, other = full_run(tmp_path / "a"), tmp_path / "b"
    with History(other, facts=False) as history:
        history.log(0, loss=1.0)
    compact(run)
    compact(other)
    assert difference_of(run, 2, read_attempts(run)[2][0]) is None
    assert difference_of(other, 1, read_attempts(run)[2][0]) is not None
    table = pq.read_table(run / "scalars.parquet")
    values = table["value"].to_numpy().copy()
    values[table["key"].to_pylist().index("acc") + 7] += 1e-15
    place = table.schema.get_field_index("value")
    pq.write_table(
        table.set_column(place, table.schema.field(place), [values]), run / "scalars.parquet"
    )
    assert "'acc'" in difference_of(run, 2, read_attempts(run)[2][0])


def test_parquet_whose_segments_are_gone_is_never_replaced(tmp_path):
    run = full_run(tmp_path / "a")
    compact(run, remove_segments=True)
    held = (run / "scalars.parquet").read_bytes()
    with History(run, facts=False) as history:
        history.log(0, loss=1.0)
    with pytest.raises(DataError, match="would replace"):
        compact(run)
    assert (run / "scalars.parquet").read_bytes() == held
    assert compact(run, tmp_path / "elsewhere").number_count == 1


def test_compacting_again_after_more_was_logged_replaces(tmp_path):
    with History(tmp_path / "a", facts=False) as history:
        history.log(0, loss=1.0)
    compact(tmp_path / "a")
    with History(tmp_path / "a", resume=True, facts=False) as history:
        history.log(1, loss=2.0)
    assert compact(tmp_path / "a", remove_segments=True).number_count == 2


def test_folders_without_a_run_say_so(tmp_path):
    with pytest.raises(SegmentError, match="no run folder"):
        compact(tmp_path / "missing")
    with pytest.raises(DataError, match="no segments"):
        compact(tmp_path)
    with pytest.raises(DataError, match="introspect compacted"):
        CompactedRun(tmp_path)


def test_a_run_without_any_value_can_be_compacted(tmp_path):
    with History(tmp_path / "a", facts=False) as history:
        history.note("nothing yet")
    assert compact(tmp_path / "a", remove_segments=True).number_count == 0
    assert runs(tmp_path, cache=False)["a"].open().notes[0].text == "nothing yet"


@pytest.mark.parametrize("name", ["scalars.parquet", "values.parquet"])
def test_a_flipped_byte_is_told_or_changes_nothing(tmp_path, name):
    truth, run = full_run(tmp_path / "truth"), tmp_path / "copy" / "a"
    shutil.copytree(truth, run)
    compact(run, remove_segments=True)
    assert problem_of(run) is None
    path = run / name
    good = path.read_bytes()
    told = 0
    places = np.random.default_rng(0).integers(0, len(good), 60).tolist()
    for place in places:
        data = bytearray(good)
        data[place] ^= 0x10
        path.write_bytes(data)
        told += problem_of(run) is not None
        try:
            history = History.open(run)
            metrics = [history[key] for key in history]
        except DataError:
            continue
        assert [len(metric) for metric in metrics] == [len(history[key]) for key in history]
        assert_equal_histories(History.open(truth), history)
    assert told > len(places) / 2
    path.write_bytes(good[: len(good) // 2])
    assert problem_of(run) is not None
    (row,) = runs(run.parent, cache=False)
    assert row.state == ("unreadable" if name == "scalars.parquet" else "finished")


def test_many_values_of_many_keys(tmp_path):
    with History(tmp_path / "a", facts=False) as history:
        history.log(0, **{f"k{index}": float(index) for index in range(20_000)})
    done = compact(tmp_path / "a", remove_segments=True)
    assert done.number_count == 20_000
    found = runs(tmp_path, cache=False)["a"]
    assert found.last("k777") == 777.0
    assert found.open()["k19999"].last == 19999.0


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(2**53, 2**62).map(lambda ns: ns if ns % 2 else -ns), min_size=1))
def test_times_come_back_to_the_last_bit(ns):
    times = np.array(ns, np.int64) / 1e9
    assert seconds(nanoseconds(times)).tobytes() == times.tobytes()


@settings(max_examples=100, deadline=None)
@given(st.lists(st.text(st.characters(codec=None), max_size=5), unique=True))
def test_every_key_has_a_text_of_its_own(keys):
    shown = shown_keys(keys)
    assert len(set(shown.values())) == len(keys)
    for key, text in shown.items():
        text.encode("utf-8")
        if not any(0xD800 <= ord(char) < 0xE000 for char in key):
            assert text.rstrip("~") == key.rstrip("~")
