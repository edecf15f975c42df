"""A run as CSV and JSON, at paths and URLs: every number as it was logged, or nothing."""

import csv
import json
import math
import os

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from introspect.errors import DataError, FormatError, IntrospectWarning
from introspect.history import History
from introspect.history.many.exporting import export
from introspect.history.many.places import is_url, written
from introspect.history.segment import ROWS
from introspect.values import Image


def logged(path, **options):
    with History(path, facts=False, **options) as history:
        for step in range(5):
            history.log(step, loss=1 / (step + 3), acc=step / 7)
        history.log(9, lr=1e-300, picture=Image.of(np.zeros((2, 2))))
    return path


def rows(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_long_csv_has_a_row_for_each_number(tmp_path):
    run = logged(tmp_path / "a")
    done = export(run, tmp_path / "new" / "a.csv", to="csv")
    found = rows(tmp_path / "new" / "a.csv")
    history = History.open(run)
    assert done.value_count == len(found) == 11
    assert done.left_out == {"picture": 1}
    for key in ("loss", "acc", "lr"):
        mine = [row for row in found if row["key"] == key]
        assert [float(row["value"]) for row in mine] == history[key].data.tolist()
        assert [int(row["step"]) for row in mine] == history[key].steps.tolist()
        times = np.array([row["time"].removesuffix("+00:00") for row in mine], "datetime64[us]")
        np.testing.assert_allclose(times.astype(np.int64), history[key].times * 1e6, rtol=0, atol=1)


def test_wide_csv_has_a_row_for_each_step(tmp_path):
    run = logged(tmp_path / "a")
    assert export(run, tmp_path / "a.csv", to="csv-wide").value_count == 6
    found = rows(tmp_path / "a.csv")
    assert list(found[0]) == ["epoch", "step", "loss", "acc", "lr"]
    assert [float(row["loss"]) for row in found[:5]] == History.open(run)["loss"].data.tolist()
    assert found[-1] == {"epoch": "", "step": "9", "loss": "", "acc": "", "lr": "1e-300"}


def test_ranks_and_epochs_have_columns(tmp_path, monkeypatch):
    for rank in (0, 1):
        monkeypatch.setenv("RANK", str(rank))
        with History(tmp_path / "a", facts=False) as history:
            history.log((1, 2), loss=float(rank))
    export(tmp_path / "a", tmp_path / "a.csv", to="csv")
    found = [(r["rank"], r["epoch"], r["step"], r["value"]) for r in rows(tmp_path / "a.csv")]
    assert found == [("0", "1", "2", "0.0"), ("1", "1", "2", "1.0")]
    export(tmp_path / "a", tmp_path / "a.json", to="json")
    loss = json.loads((tmp_path / "a.json").read_text())["metrics"]["loss"]
    assert loss["steps"] == [[1, 2]]
    assert loss["ranks"]["1"]["values"] == [1.0]


def test_json_says_everything_and_is_json(tmp_path):
    run = logged(tmp_path / "a", config={"lr": math.inf, "o": [1, {"x": math.nan}]}, tags=["t"])
    with History(run, resume=True, facts=False) as history:
        history.log(10, loss=math.nan, acc=-math.inf)
        history.note("hello")
    export(run, tmp_path / "a.json", to="json")
    text = (tmp_path / "a.json").read_text()
    found = json.loads(text, parse_constant=pytest.fail)
    assert found["config"] == {"lr": "Infinity", "o": [1, {"x": "NaN"}]}
    assert found["metrics"]["loss"]["values"][-1] == "NaN"
    assert found["metrics"]["acc"]["values"][-1] == "-Infinity"
    assert found["metrics"]["loss"]["values"][:5] == History.open(run)["loss"].data[:5].tolist()
    assert found["metrics"]["loss"]["times"] == History.open(run)["loss"].times.tolist()
    assert found["notes"][0]["text"] == "hello"
    assert (found["tags"], found["run"], found["left_out"]) == (["t"], "a", {"picture": 1})


def test_older_attempts_can_be_written(tmp_path):
    for value in (1.0, 2.0):
        with History(tmp_path / "a", facts=False) as history:
            history.log(0, loss=value)
    export(tmp_path / "a", tmp_path / "a.csv", to="csv", attempt=1)
    assert rows(tmp_path / "a.csv")[0]["value"] == "1.0"
    with pytest.raises(DataError, match="attempt=1 or 2"):
        export(tmp_path / "a", tmp_path / "a.csv", to="csv", attempt=7)


def test_a_compacted_run_can_be_written(tmp_path):
    pytest.importorskip("pyarrow", reason="writes Parquet")
    from introspect.history.many.compacting import compact

    run = logged(tmp_path / "a")
    export(run, tmp_path / "before.csv", to="csv")
    compact(run, remove_segments=True)
    export(run, tmp_path / "after.csv", to="csv")
    assert (tmp_path / "before.csv").read_bytes() == (tmp_path / "after.csv").read_bytes()


def test_hostile_keys_stay_in_their_cells(tmp_path):
    keys = ['a,b"c', "new\nline", "tab\t", "half \udc80", "🎉" * 100, "=1+1"]
    with History(tmp_path / "a", facts=False) as history:
        history.log(0, **{key: float(index) for index, key in enumerate(keys)})
    export(tmp_path / "a", tmp_path / "a.csv", to="csv")
    found = rows(tmp_path / "a.csv")
    assert [row["key"].replace("\\udc80", "\udc80") for row in found] == keys
    export(tmp_path / "a", tmp_path / "a.json", to="json")
    assert list(json.loads((tmp_path / "a.json").read_text())["metrics"]) == keys


def test_damage_is_warned_of_and_the_rest_is_written(tmp_path):
    run = logged(tmp_path / "a")
    with History(run, resume=True, facts=False) as history:
        history.log(20, loss=5.0)
        history.flush()
    path = max(run.iterdir(), key=lambda path: path.stat().st_size)
    data = bytearray(path.read_bytes())
    data[data.index(bytes([0x93]) + b"SEG" + bytes([ROWS])) + 25] ^= 1
    path.write_bytes(data)
    with pytest.warns(IntrospectWarning, match="damaged parts"):
        export(run, tmp_path / "a.csv", to="csv")
    assert rows(tmp_path / "a.csv")[-1]["value"] == "5.0"


def test_formats_and_runs_that_are_not_there_say_what_is(tmp_path):
    with pytest.raises(FormatError, match="parquet, csv, csv-wide, json, tensorboard"):
        export(tmp_path, to="xlsx")
    with pytest.raises(DataError, match="without segments"):
        export(tmp_path, tmp_path / "a.csv", to="csv")
    with pytest.raises(FormatError, match="folder of this machine"):
        export(logged(tmp_path / "a"), "memory://x/y", to="tensorboard")


# --- places ------------------------------------------------------------------------------


def test_nobody_sees_half_a_file(tmp_path):
    target = tmp_path / "a.csv"
    target.write_text("old")

    def fail():
        with written(target) as path:
            path.write_text("half")
            assert target.read_text() == "old"
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]
    assert target.read_text() == "old"
    with written(target) as path:
        path.write_text("new")
    assert target.read_text() == "new"
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("name", ["x" * 255, "🎉" * 60, "..dots", "a b", "-o"])
def test_any_name_that_a_folder_takes_can_be_written(tmp_path, name):
    with written(tmp_path / name) as path:
        path.write_text("x")
    assert os.listdir(tmp_path) == [name]  # noqa: PTH208  as the system says it


@pytest.mark.parametrize("place", ["folder", "file/below", "nul\0", "x" * 300])
def test_places_that_take_no_file_are_one_kind_of_error(tmp_path, place):
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("")
    run = logged(tmp_path / "run")
    with pytest.raises(DataError, match="could not be written"):
        export(run, f"{tmp_path}/{place}", to="csv")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder", "run"]


def test_a_url_takes_files(tmp_path):
    fsspec = pytest.importorskip("fsspec", reason="opens URLs")
    export(logged(tmp_path / "a"), "memory://h4-files/deep/a.csv", to="csv")
    files = fsspec.filesystem("memory")
    try:
        assert files.cat("/h4-files/deep/a.csv").startswith(b"key,rank,epoch")
    finally:
        files.rm("/h4-files", recursive=True)
    with pytest.raises(DataError, match="nobody knows"):
        export(tmp_path / "a", "nosuch://x/a.csv", to="csv")


@pytest.mark.parametrize(
    ("place", "expected"),
    [("s3://b/a", True), ("memory://a", True), ("simplecache::s3://a", True), ("a/b", False),
     ("C:/a", False), ("C://a", False), ("/a://b", False), ("", False)],
)  # fmt: skip
def test_what_a_url_is(place, expected):
    assert is_url(place) is expected


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(width=64), min_size=1, max_size=30))
def test_numbers_come_back_to_the_last_bit(tmp_path_factory, values):
    folder = tmp_path_factory.mktemp("run")
    with History(folder, facts=False) as history:
        for step, value in enumerate(values):
            history.log(step, x=value)
    for to in ("csv", "csv-wide"):
        export(folder, folder / "a.csv", to=to)
        name = "value" if to == "csv" else "x"
        found = [float(row[name]) for row in rows(folder / "a.csv")]
        np.testing.assert_array_equal(found, values)
    export(folder, folder / "a.json", to="json")
    found = json.loads((folder / "a.json").read_text())["metrics"]["x"]["values"]
    np.testing.assert_array_equal([float(value) for value in found], values)
