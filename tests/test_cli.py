"""The command ``introspect graph``, run as people run it."""

import io
import json
import subprocess
import sys
import time

import pytest
import torch
from PIL import Image

import introspect
from introspect.cli.steps import Steps


def command(*arguments, cwd):
    """Exit code, stdout, stderr."""
    run = subprocess.run(
        [sys.executable, "-m", "introspect.cli", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        cwd=cwd,
        timeout=120,
    )
    return run.returncode, run.stdout, run.stderr


@pytest.fixture
def saved(residual, tmp_path):
    introspect.trace(residual, torch.zeros(2, 8)).save(tmp_path / "m.json")
    return tmp_path


def test_without_a_file_the_outline_is_printed(saved):
    code, out, err = command("graph", "m.json", cwd=saved)
    assert code == 0
    assert out.rstrip("\n") == repr(introspect.Graph.load(saved / "m.json"))
    assert err == ""
    code, shallow, _ = command("graph", "m.json", "--depth", "1", cwd=saved)
    assert len(shallow.splitlines()) < len(out.splitlines())


def test_several_files_are_written_each_with_the_options_that_it_takes(saved):
    names = ["a.svg", "a.png", "a.dot", "a.mmd", "new/a.json", "a.model-explorer.json"]
    files = [part for name in names for part in ("-o", name)]
    code, out, err = command(
        "graph", "m.json", *files, "--theme", "dark", "--direction", "lr", "--scale", "1", cwd=saved
    )
    assert (code, out) == (0, ""), err
    assert err.splitlines() == [f"wrote {name}" for name in names]
    assert "#14181D" in (saved / "a.svg").read_text()
    assert "rankdir=LR" in (saved / "a.dot").read_text()
    assert "flowchart LR" in (saved / "a.mmd").read_text()
    with Image.open(saved / "a.png") as picture:
        assert picture.width > picture.height
    assert introspect.Graph.load(saved / "new" / "a.json").ops
    assert json.loads((saved / "a.model-explorer.json").read_bytes())[0]["nodes"]


def test_options_of_the_picture_reach_it(saved):
    code, _, err = command(
        "graph", "m.json", "-o", "a.svg", "--no-fold", "--title", "Mine", cwd=saved
    )
    assert code == 0, err
    text = (saved / "a.svg").read_text()
    assert "Mine" in text
    assert "×3" not in text
    code, _, err = command("graph", "m.json", "-o", "b.svg", "--color-by", "parameters", cwd=saved)
    assert code == 0, err
    assert (saved / "b.svg").read_text() != text


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("m.jsn",), "m.json"),
        (("m.json", "-o", "m.docx"), ".svg, .pdf, .png"),
        (("m.json", "-o", "n.json", "--depth", "2"), "--depth"),
        (("m.json", "-o", "m.svg", "--theme", "pink"), "no such theme"),
        (("m.json", "-o", "m.svg", "--direction", "up"), "direction"),
        (("m.json", "-o", "m.svg", "--depth", "deep"), "depth"),
        (("m.json", "--depth", "deep"), "depth"),
        (("m.json", "-o", "m.svg", "--engine", "neato"), "engine"),
        (("m.json", "--input", "1,2"), "traced already"),
        (("torch.nn:Identity", "--mode", "reel", "--input", "1"), "mode"),
        (("torch.nn:Identity", "--input", "one"), "sizes"),
        (("m.json", "-o", "m.json/x.svg"), "could not be written"),
    ],
)
def test_what_goes_wrong_is_said_in_a_few_lines_with_exit_code_1(saved, arguments, said):
    code, out, err = command("graph", *arguments, cwd=saved)
    assert code == 1
    assert out == ""
    assert "Traceback" not in err
    assert said in err
    assert sorted(path.name for path in saved.iterdir()) == ["m.json"]


@pytest.mark.parametrize("arguments", [("graph",), ("graph", "a", "b"), ("graph", "a", "--x")])
def test_a_command_line_that_makes_no_sense_is_exit_code_2(tmp_path, arguments):
    code, _, err = command(*arguments, cwd=tmp_path)
    assert code == 2
    assert "Usage" in err


def test_a_factory_beside_is_found_and_its_failure_is_no_traceback(tmp_path):
    lines = "def net(): return nn.Linear(4, 2)", "def bad(): raise OSError('mine')"
    (tmp_path / "net.py").write_text("\n".join(["from torch import nn", *lines]))
    code, out, err = command("graph", "net:net", "--input", "1,4", cwd=tmp_path)
    assert code == 0, err
    assert "4 → 2" in out
    code, _, err = command("graph", "net.py:bad", cwd=tmp_path)
    assert code == 1
    assert "OSError: mine" in err
    assert "Traceback" not in err


def test_help_names_every_kind_of_spec(tmp_path):
    code, out, _ = command("graph", "--help", cwd=tmp_path)
    assert code == 0
    words = " ".join(out.replace("│", " ").split())
    for word in (
        "timm",
        "file.py:factory",
        "config.json",
        ".pt2",
        "--input",
        "--color-by",
        "--open",
    ):
        assert word in words


def test_open_shows_the_first_file(saved, monkeypatch):
    import typer
    from typer.testing import CliRunner

    from introspect.cli import app

    monkeypatch.chdir(saved)
    shown = []
    monkeypatch.setattr(typer, "launch", shown.append)
    result = CliRunner().invoke(app, ["graph", "m.json", "-o", "a.svg", "--open"])
    assert result.exit_code == 0, result.output
    assert shown == [(saved / "a.svg").resolve().as_uri()]
    monkeypatch.setattr("tempfile.tempdir", str(saved))
    result = CliRunner().invoke(app, ["graph", "m.json", "--open"])
    assert result.exit_code == 0, result.output
    assert shown[1].endswith("m.json.svg")


# ------------------------------------------------------------------------------- progress


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_long_steps_are_plain_lines_in_a_log_and_short_ones_are_silent():
    stream = io.StringIO()
    with Steps(stream, patience_s=0.05) as steps:
        steps.begin("reading m.json")
        steps.begin("tracing net")
        time.sleep(0.3)
        steps.begin("drawing a.svg")
    lines = stream.getvalue().splitlines()
    assert lines[0] == "introspect: tracing net ..."
    assert lines[1].startswith("introspect: tracing net: 0.")
    assert len(lines) == 2


def test_a_terminal_gets_a_line_that_goes_away():
    stream = Terminal()
    with Steps(stream) as steps:
        steps.begin("tracing [bold]net")
        time.sleep(0.2)
    assert "tracing [bold]net ..." in stream.getvalue()
    assert "\x1b[" in stream.getvalue()


def test_an_error_ends_the_progress():
    stream = io.StringIO()

    def interrupted():
        with Steps(stream, patience_s=0.01) as steps:
            steps.begin("tracing net")
            time.sleep(0.1)
            raise KeyError

    with pytest.raises(KeyError):
        interrupted()
    assert "tracing net: 0." in stream.getvalue()
    before = stream.getvalue()
    time.sleep(0.05)
    assert stream.getvalue() == before
