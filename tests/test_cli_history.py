"""The commands runs, export, import and fsck, run as people run them."""

import csv
import json
import os
import pty
import select
import signal
import subprocess
import sys
import time

import pytest

from introspect.history import History
from introspect.history.repair import check
from introspect.history.segment import ROWS


@pytest.fixture(autouse=True)
def cache(tmp_path_factory, monkeypatch):
    monkeypatch.setenv("INTROSPECT_CACHE", str(tmp_path_factory.mktemp("cache")))


def command(*arguments, cwd):
    """Exit code, stdout, stderr."""
    run = subprocess.run(
        [sys.executable, "-m", "introspect.cli", *map(str, arguments)],
        capture_output=True, text=True, check=False, cwd=cwd, timeout=120,
    )  # fmt: skip
    return run.returncode, run.stdout, run.stderr


@pytest.fixture
def sweep(tmp_path):
    for lr in (0.1, 0.2):
        with History(tmp_path / f"lr{lr}", config={"lr": lr, "n": 3}, facts=False) as history:
            for step in range(4):
                history.log(step, loss=lr / (step + 1), speed=step)
    return tmp_path


def flip(run):
    (path,) = run.glob("*.segment")
    data = bytearray(path.read_bytes())
    data[data.index(bytes([0x93]) + b"SEG" + bytes([ROWS])) + 25] ^= 1
    path.write_bytes(data)


def table(text):
    return list(csv.DictReader(text.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE))


def test_a_pipe_gets_columns_with_tabs_and_all_digits(sweep):
    code, out, err = command("runs", ".", cwd=sweep)
    assert (code, err) == (0, "")
    first, second = table(out)
    assert (first["name"], first["state"], first["config.lr"]) == ("lr0.1", "finished", "0.1")
    assert float(second["loss"]) == 0.2 / 4
    assert float(second["loss.min"]) == 0.2 / 4
    assert "config.n" not in first


def test_order_filters_and_metrics(sweep):
    code, out, _ = command("runs", ".", "--sort", "loss", "-d", "--metrics", "sp*", cwd=sweep)
    assert code == 0
    assert [row["name"] for row in table(out)] == ["lr0.2", "lr0.1"]
    assert "loss" not in table(out)[0]
    assert table(out)[0]["speed"] == "3.0"
    code, out, _ = command("runs", ".", "-w", "lr=0.1", "--where", "loss<1", cwd=sweep)
    assert [row["name"] for row in table(out)] == ["lr0.1"]
    code, out, _ = command("runs", ".", "--name", "*0.2", cwd=sweep)
    assert [row["name"] for row in table(out)] == ["lr0.2"]


def test_json_holds_what_the_runs_say(sweep):
    code, out, _ = command("runs", sweep, "--json", cwd=sweep)
    assert code == 0
    found = json.loads(out)
    assert [run["config"] for run in found] == [{"lr": 0.1, "n": 3}, {"lr": 0.2, "n": 3}]
    assert found[0]["metrics"]["loss"]["least"] == 0.1 / 4
    assert found[0]["metrics"]["loss"]["least_step"] == 3


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("runs", "missing"), "no run folder"),
        (("runs", ".", "--sort", "los"), "'loss'"),
        (("runs", ".", "-w", "lr"), "no condition"),
        (("runs", ".", "-w", "lrr=1"), "'lr'"),
        (("export", "lr0.1", "--to", "xlsx"), "parquet, csv"),
        (("export", "lr0.1", "--to", "csv", "--remove-segments"), "only Parquet"),
        (("fsck", "missing"), "no run folder"),
        (("export", "empty"), "no runs in this folder"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_few_lines(sweep, arguments, said):
    (sweep / "empty").mkdir()
    code, out, err = command(*arguments, cwd=sweep)
    assert (code, out) == (1, "")
    assert said in err
    assert "Traceback" not in err


def test_a_terminal_gets_a_picture(sweep):
    leader, follower = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "introspect.cli", "runs", "."], cwd=sweep, stdout=follower,
        env=os.environ | {"COLUMNS": "120", "TERM": "xterm-256color"},
    ) as child:  # fmt: skip
        child.wait(timeout=60)
    os.close(follower)
    shown = read(leader, until=b"lr0.2")
    os.close(leader)
    assert "✓ finished" in shown
    assert "\x1b[" in shown
    assert "columns left out" not in shown


def test_a_narrow_terminal_leaves_out_columns_and_cuts_none(sweep):
    pytest.importorskip("rich", reason="draws tables")
    from rich.console import Console

    from introspect.history.many import runs
    from introspect.history.many.picture import as_rich

    flip(sweep / "lr0.1")
    console = Console(width=40, file=open(os.devnull, "w", encoding="utf-8"), record=True)  # noqa: SIM115, PTH123  closed below
    console.print(as_rich(runs(sweep), width=40))
    console.file.close()
    shown = console.export_text()
    assert "columns left out" in shown
    assert "✓ finished" in shown
    assert "! lr0.1: 1 damaged place" in shown
    assert "…" not in shown


def read(descriptor, *, until, seconds=30):
    text, end = b"", time.monotonic() + seconds
    while until not in text and time.monotonic() < end:
        if select.select([descriptor], [], [], 0.2)[0]:
            try:
                text += os.read(descriptor, 65536)
            except OSError:  # the other side is closed
                break
    return text.decode(errors="replace")


def test_follow_says_what_changes_until_ctrl_c(sweep):
    with subprocess.Popen(
        [sys.executable, "-u", "-m", "introspect.cli", "runs", ".", "--follow", "--every", "0.1"],
        cwd=sweep, stdout=subprocess.PIPE,
    ) as child:  # fmt: skip
        first = read(child.stdout.fileno(), until=b"lr0.2")
        assert first.splitlines()[0].startswith("name\tstate")
        with History(sweep / "lr0.3", config={"lr": 0.3}, facts=False) as history:
            history.log(0, loss=0.75)
            history.flush()
            assert "lr0.3\trunning" in read(child.stdout.fileno(), until=b"0.75")
        assert "lr0.3\tfinished" in read(child.stdout.fileno(), until=b"finished")
        child.send_signal(signal.SIGINT)
        assert child.wait(timeout=30) == 130


def test_export_writes_one_run_or_all(sweep):
    code, out, err = command("export", "lr0.1", "--to", "csv", "-o", "out/a.csv", cwd=sweep)
    assert (code, out) == (0, "")
    assert err.splitlines() == ["wrote out/a.csv"]
    assert (sweep / "out" / "a.csv").read_text().count("\n") == 9
    code, _, _ = command("export", ".", "--to", "json", "-o", "all", cwd=sweep)
    assert code == 0
    assert sorted(path.name for path in (sweep / "all").iterdir()) == ["lr0.1.json", "lr0.2.json"]
    assert json.loads((sweep / "all" / "lr0.2.json").read_text())["run"] == "lr0.2"
    code, _, _ = command("export", "lr0.1", "--to", "csv-wide", cwd=sweep)
    assert code == 0
    assert (sweep / "lr0.1.csv").read_text().startswith("epoch,step,loss,speed")


def test_export_to_parquet_removes_segments_only_when_asked(sweep):
    pytest.importorskip("pyarrow", reason="writes Parquet")
    code, _, err = command("export", ".", cwd=sweep)
    assert code == 0, err
    assert len(list(sweep.glob("*/*.segment"))) == 2
    assert len(list(sweep.glob("*/scalars.parquet"))) == 2
    _, before, _ = command("runs", ".", cwd=sweep)
    code, _, err = command("export", ".", "--remove-segments", cwd=sweep)
    assert code == 0, err
    assert not list(sweep.glob("*/*.segment"))
    _, after, _ = command("runs", ".", cwd=sweep)
    assert after == before
    code, out, _ = command("fsck", ".", cwd=sweep)
    assert code == 0
    assert "Parquet, clean" in out


def test_fsck_says_what_is_damaged_and_repairs_it(sweep):
    code, out, _ = command("fsck", ".", cwd=sweep)
    assert code == 0
    assert "2 runs, 0 of them damaged" in out
    flip(sweep / "lr0.1")
    code, out, _ = command("fsck", "lr0.1", cwd=sweep)
    assert code == 1
    assert "1 damaged places" in out
    code, out, _ = command("fsck", ".", "-q", cwd=sweep)
    assert code == 1
    assert "lr0.2" not in out
    code, out, _ = command("fsck", "lr0.1", "--repair", "clean", cwd=sweep)
    assert code == 1
    assert "wrote clean" in out
    assert check(sweep / "clean").is_clean
    assert command("fsck", "clean", cwd=sweep)[0] == 0


def test_runs_lists_damaged_ones_with_what_is_wrong(sweep):
    flip(sweep / "lr0.1")
    code, out, _ = command("runs", ".", cwd=sweep)
    assert code == 0
    assert "1 damaged place" in table(out)[0]["problem"]
    assert table(out)[1]["problem"] == ""


def test_event_files_go_out_and_come_back(sweep):
    pytest.importorskip("introspect.history.formats.events.importing", reason="event files")
    code, _, err = command("export", "lr0.1", "--to", "tensorboard", "-o", "tb", cwd=sweep)
    assert code == 0, err
    code, _, err = command("import", "tb", "-o", "back", cwd=sweep)
    assert code == 0, err
    code, out, _ = command("runs", "back", cwd=sweep)
    assert float(table(out)[0]["loss"]) == pytest.approx(0.1 / 4)
