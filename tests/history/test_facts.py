"""What is told of a run as a whole: config, notes, tags, and facts without secrets."""

import argparse
import dataclasses
import enum
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from introspect.errors import HistoryError
from introspect.history import History, surroundings
from introspect.history.facts import About, plain_config
from introspect.history.folder import segments
from introspect.history.surroundings import git_facts, without_credentials, without_secrets


class Optimizer(enum.Enum):
    SGD = 1


@dataclasses.dataclass
class Model:
    width: int = 3
    name: str = "m"


def test_a_config_comes_back_from_the_folder_as_it_was_given(tmp_path):
    config = {"lr": 0.1, "layers": [1, 2], "nested": {"a": None, "b": True}, "name": "ключ\ud800"}
    with History(tmp_path, config=config, tags=["baseline"]) as history:
        assert dict(history.config) == config
        history.log(0, x=1.0)
        history.config.update(lr=0.2, batch=32)
        history.config["seed"] = 7
        history.tag("sweep", "baseline")
    truth = config | {"lr": 0.2, "batch": 32, "seed": 7}
    for opened in (history, History(tmp_path), History.open(tmp_path)):
        assert dict(opened.config) == truth
        assert opened.tags == ("baseline", "sweep")
        assert len(opened.config) == len(truth)
    assert repr(history.config) == repr(truth)


def test_a_config_is_written_with_the_first_log_and_reading_writes_nothing(tmp_path):
    history = History(tmp_path, config={"lr": 0.1})
    history.close()
    assert not list(tmp_path.iterdir())
    assert history.config["lr"] == 0.1
    history.config.update(lr=0.5)  # said on purpose: this is the run
    history.close()
    assert dict(History(tmp_path).config) == {"lr": 0.5}


@pytest.mark.parametrize(
    ("given", "plain"),
    [
        (argparse.Namespace(lr=0.1, out=Path("a/b")), {"lr": 0.1, "out": "a/b"}),
        (Model(), {"width": 3, "name": "m"}),
        ({"o": Optimizer.SGD, "m": Model(5)}, {"o": "SGD", "m": {"width": 5, "name": "m"}}),
        ({"n": np.int64(3), "b": np.bool_(True)}, {"n": 3, "b": True}),
        ({1: {2}, (1, 2): ()}, {"1": [2], "(1, 2)": []}),
        ({"call": len, "big": 10**30}, {"call": "<built-in function len>", "big": 10**30}),
    ],
)  # fmt: skip
def test_whatever_holds_hyper_parameters_becomes_plain(tmp_path, given, plain):
    assert plain_config(given) == plain
    with History(tmp_path, config=given) as history:
        history.log(0, x=1.0)
    assert dict(History(tmp_path).config) == plain


@pytest.mark.parametrize("given", [7, "lr=0.1", [1, 2], {"x": "y" * (5 << 20)}])
def test_what_is_no_config_says_so(given):
    with pytest.raises(HistoryError, match="a config is a mapping"):
        History(config=given)


def test_a_config_that_contains_itself_is_cut_off_somewhere():
    config = {"a": 1}
    config["self"] = config
    assert json.dumps(plain_config(config))


def test_non_finite_numbers_in_a_config_come_back(tmp_path):
    with History(tmp_path, config={"clip": float("inf")}) as history:
        history.log(0, x=1.0)
    assert History(tmp_path).config["clip"] == float("inf")


@pytest.mark.parametrize("tags", ["word", [1], [""]])
def test_tags_are_a_list_of_words(tags):
    with pytest.raises(HistoryError, match="list of words"):
        History(tags=tags)


def test_notes_keep_their_time_step_and_order(tmp_path):
    with History(tmp_path) as history:
        history.note("before anything")
        history.log((1, 20), x=1.0)
        history.note("*halved* the rate")
    with History(tmp_path, resume=True) as resumed:
        resumed.log((1, 21), x=1.0)
        resumed.note("resumed")
    for opened in (resumed, History(tmp_path)):
        assert [note.text for note in opened.notes] == [
            "before anything", "*halved* the rate", "resumed",
        ]  # fmt: skip
        assert [note.step for note in opened.notes] == [None, (1, 20), (1, 21)]
        assert opened.notes[0].time <= opened.notes[1].time
    assert repr(history.notes[1]) == "<Note at 1:20: *halved* the rate>"


def test_a_resumed_run_joins_old_and_new_config(tmp_path):
    with History(tmp_path, config={"lr": 0.1, "seed": 1}) as history:
        history.log(0, x=1.0)
    with History(tmp_path, resume=True, config={"lr": 0.5}) as resumed:
        assert dict(resumed.config) == {"lr": 0.5, "seed": 1}
        resumed.log(1, x=1.0)
        assert dict(resumed.config) == {"lr": 0.5, "seed": 1}
    assert dict(History(tmp_path).config) == {"lr": 0.5, "seed": 1}
    with History(tmp_path) as fresh:
        fresh.log(0, x=1.0)
        assert dict(fresh.config) == {}


def test_one_damaged_byte_loses_no_config(tmp_path):
    with History(tmp_path, config={"lr": 0.1}, facts=False) as history:
        history.log(0, x=1.0)
    (path,) = [name.path for name in segments(tmp_path)]
    data = path.read_bytes()
    for place in range(len(data)):
        path.write_bytes(data[:place] + bytes([data[place] ^ 8]) + data[place + 1 :])
        with pytest.warns(match="damaged"):
            config = dict(History(tmp_path).config)
        assert config == {"lr": 0.1}, place


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(["config", "notes", "tags", "facts", "x"]), JSON))
def test_a_record_of_any_form_is_taken_without_an_error(record):
    about = About()
    about.add(record)
    about.add(record)
    again = About()
    again.add(json.loads(json.dumps(about.record())))
    assert repr(again.record()) == repr(about.record())


# --- facts -------------------------------------------------------------------------------


def git(folder, *arguments):
    subprocess.run(
        ["git", "-c", "user.name=a", "-c", "user.email=a@b", *arguments],
        cwd=folder, check=True, capture_output=True,
    )  # fmt: skip


def test_facts_are_recorded_once_and_hold_no_secret_and_no_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("A_SECRET", "hunter2-in-environment")
    monkeypatch.setattr(sys, "argv", ["train.py", "--token", "hunter2-in-option", "--lr", "0.1"])
    git(tmp_path, "init", "-b", "main")
    (tmp_path / "train.py").write_text("pass")
    git(tmp_path, "add", "train.py")
    git(tmp_path, "commit", "-m", "one")
    git(tmp_path, "remote", "add", "origin", "https://ann:hunter2-in-remote@example.org/a.git")
    monkeypatch.chdir(tmp_path)
    with History(tmp_path / "run") as history:
        history.log(0, x=1.0)
    facts = History(tmp_path / "run").facts
    assert facts["command"] == ["train.py", "--token", "***", "--lr", "0.1"]
    assert facts["git"]["remote"] == "https://***@example.org/a.git"
    assert facts["git"]["branch"] == "main"
    assert facts["git"]["is_dirty"] is False
    assert len(facts["git"]["commit"]) == 40
    assert facts["python"] == ".".join(map(str, sys.version_info[:3]))
    assert facts["packages"]["numpy"] == np.__version__
    (path,) = (tmp_path / "run").glob("*.segment")
    assert b"hunter2" not in path.read_bytes()
    (tmp_path / "train.py").write_text("changed")
    assert git_facts(tmp_path)["is_dirty"] is True


def test_facts_can_be_turned_off(tmp_path, monkeypatch):
    monkeypatch.setattr(surroundings, "git_facts", lambda _: 1 / 0)
    with History(tmp_path, facts=False) as history:
        history.log(0, x=1.0)
        assert history.facts == {}
    assert History(tmp_path).facts == {}
    assert History().facts == {}


def test_facts_that_cannot_be_had_never_stop_the_loop(tmp_path, monkeypatch):
    monkeypatch.setattr(surroundings, "git_facts", lambda _: 1 / 0)
    history = History(tmp_path)
    history.log(0, x=1.0)
    with pytest.warns(match="ZeroDivisionError"):
        history.close()
    assert History(tmp_path)["x"].last == 1.0


def test_outside_of_a_repository_there_are_no_facts_about_one(tmp_path, monkeypatch):
    assert git_facts(tmp_path) is None
    monkeypatch.setenv("PATH", "")
    assert git_facts(Path(__file__).parent) is None


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (["--password=abc"], ["--password=***"]),
        (["--wandb-api-key", "abc", "next"], ["--wandb-api-key", "***", "next"]),
        (["--hub_token", "-abc"], ["--hub_token", "***"]),
        (["--token", "--lr", "0.1"], ["--token", "--lr", "0.1"]),
        (["model.secret=abc"], ["model.secret=***"]),
        (["--tokenizer", "gpt2", "--max-tokens=9"], ["--tokenizer", "gpt2", "--max-tokens=9"]),
        (["--author", "ann", "--keys", "3"], ["--author", "ann", "--keys", "3"]),
        (["ghp_" + "a" * 36], ["***"]),
        (["--url=https://h/x?X-Amz-Signature=abc&b=1"], ["--url=https://h/x?X-Amz-Signature=***&b=1"]),
    ],
)  # fmt: skip
def test_credentials_are_cut_from_a_command_line_and_nothing_else(command, told):
    assert without_credentials(command) == told


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("git@github.com:a/b.git", "git@github.com:a/b.git"),
        ("ssh://git:pw@host/a", "ssh://***@host/a"),
        ("s3://bucket/key", "s3://bucket/key"),
        ("/home/ann/data", "/home/ann/data"),
    ],
)
def test_credentials_are_cut_from_addresses(text, told):
    assert without_secrets(text) == told


# --- groups ------------------------------------------------------------------------------


def test_keys_are_grouped_by_what_stands_before_the_slash():
    history = History()
    history.log(0, **{"train/loss": 1.0, "lr": 1.0, "train/layer/3": 1.0, "/odd": 1.0, "a/": 1.0})
    assert history.groups() == {
        "train": ["train/loss", "train/layer/3"], "": ["lr", "/odd"], "a": ["a/"],
    }  # fmt: skip
