"""``%load_ext introspect`` and ``%introspect view PATH``; ``introspect view`` as a command."""

import os
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request

import pytest

import introspect
from introspect.errors import CanvasError, SegmentError
from introspect.viewer.magic import introspect_magic


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("INTROSPECT_CACHE", str(tmp_path / "cache"))
    for name in ("one", "the other"):
        with introspect.History(tmp_path / "runs" / name, facts=False) as history:
            history.log(0, loss=1.0, acc=0.5)
            history.log(1, loss=0.5, acc=0.6)
    return tmp_path / "runs"


def titles(canvas):
    return [panel.title for panel in canvas.panels]


def test_the_magic_shows_a_run_of_a_folder(folder):
    assert titles(introspect_magic(f'view "{folder}" --run "the other"')) == ["", "loss", "acc"]


def test_the_magic_shows_several_runs_and_searches(folder):
    canvas = introspect_magic(f"view {folder} --run one --run 'the other' --search LOSS")
    (loss,) = [panel for panel in canvas.panels if panel.title == "loss"]
    assert [line.name for line in loss.series] == ["one", "the other"]
    assert "image/png" in canvas._repr_mimebundle_()[0]


@pytest.mark.parametrize("line", ["", "draw x", "view a b", "view --port 3", "view --run"])
def test_a_line_that_is_not_understood_says_what_to_write(line):
    with pytest.raises(CanvasError, match="%introspect view"):
        introspect_magic(line)


def test_a_missing_folder_is_told(tmp_path):
    with pytest.raises(SegmentError, match="no run folder"):
        introspect_magic(f"view {tmp_path / 'nothing'}")


def test_the_extension_registers_the_magic():
    pytest.importorskip("IPython", reason="IPython is not installed")
    from IPython.core.interactiveshell import InteractiveShell

    shell = InteractiveShell()
    introspect.load_ipython_extension(shell)
    assert shell.find_line_magic("introspect") is not None


@pytest.mark.skipif(os.name != "posix", reason="sends a signal as a terminal does")
def test_the_command_prints_an_address_that_works_and_ends_with_ctrl_c(folder):
    pytest.importorskip("uvicorn", reason="the page needs the extra page")
    command = [sys.executable, "-m", "introspect.cli", "view", str(folder)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        said = process.stderr.readline()
        url = re.search(r"http://127\.0\.0\.1:\d+/\?token=\S+", said)[0]
        jar = urllib.request.HTTPCookieProcessor()
        with urllib.request.build_opener(jar).open(url, timeout=10) as answer:
            assert answer.status == 200
            assert b"page.js" in answer.read()
        with pytest.raises(urllib.error.HTTPError, match="403"):
            urllib.request.urlopen(url.partition("?")[0], timeout=10)  # noqa: S310  loopback
        process.send_signal(signal.SIGINT)
        assert process.wait(20) in {0, 130}


def test_a_missing_folder_ends_the_command_with_an_error(tmp_path):
    command = [sys.executable, "-m", "introspect.cli", "view", str(tmp_path / "nothing")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "no run folder" in done.stderr
    assert "Traceback" not in done.stderr
