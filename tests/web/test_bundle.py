"""What is built from web/ is what is committed; it is small and asks for no address."""

import gzip
import json
import re
import shutil
import subprocess
from importlib.resources import files
from pathlib import Path

import pytest

WEB = Path(__file__).parents[2] / "web"
ASSETS = ("graph.js", "loader.js", "graph.css", "canvas.js")


def committed(name):
    return (files("introspect") / "_web" / name).read_bytes()


@pytest.mark.parametrize("name", ASSETS)
def test_building_again_gives_the_committed_bytes(built, name):
    assert (built / name).read_bytes() == committed(name)


def test_the_sources_pass_the_strict_type_check(built):
    del built  # it skips where Node is missing
    if shutil.which("npx") is None:
        pytest.skip("npx is not installed")
    done = subprocess.run(
        ["npx", "tsc", "--noEmit"], cwd=WEB, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


def test_the_script_fits_60_kb():
    assert len(committed("graph.js")) + len(committed("loader.js")) <= 60_000


def test_the_canvas_fits_90_kb_and_40_kb_packed():
    script = committed("canvas.js")
    assert len(script) <= 90_000
    assert len(gzip.compress(script, 9)) <= 40_000


@pytest.mark.parametrize("name", ASSETS)
def test_nothing_in_the_bundle_loads_evaluates_or_handles_inline(name):
    text = committed(name).decode("ascii")
    for forbidden in (
        r"\beval\(",
        r"new Function",
        r"\bimport\(",
        r"\bfetch\(",
        "XMLHttp",
        r"@import",
    ):
        assert not re.search(forbidden, text), forbidden
    addresses = set(re.findall(r"https?://[^\s\"'`)]+", text))
    assert addresses <= {"http://www.w3.org/2000/svg"}  # the name of a format


def test_the_lock_file_holds_no_download_address():
    lock = json.loads((WEB / "package-lock.json").read_text())
    assert not [name for name, entry in lock["packages"].items() if "resolved" in entry]
    assert all("integrity" in entry for name, entry in lock["packages"].items() if name)
