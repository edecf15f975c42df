"""A folder of runs as the source of a page: what is there, and what a browser chose."""

import shutil
import threading
import warnings

import numpy as np
import pytest

import introspect
from introspect.errors import SegmentError
from introspect.nouns.panels import LinePanel, MessagePanel, TablePanel
from introspect.viewer import Library
from introspect.viewer import library as library_module


@pytest.fixture(autouse=True)
def _look_at_once(monkeypatch, tmp_path):
    monkeypatch.setattr(library_module, "LOOK_S", 0.0)
    monkeypatch.setenv("INTROSPECT_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def folder(tmp_path):
    """Four runs: two learning rates with two seeds each."""
    folder = tmp_path / "runs"
    for lr in (0.1, 0.2):
        for seed in (0, 1):
            name = f"lr{lr}-seed{seed}"
            config = {"lr": lr, "seed": seed, "epochs": 3}
            with introspect.History(folder / name, config=config, facts=False) as history:
                for step in range(10):
                    history.log(step, **{"train/loss": lr + seed + step, "acc": step / 10})
                history.log(9, weight=np.ones((3, 4)))
    return folder


def lines(panels):
    """Title to the names of lines."""
    found = [panel for panel in panels if isinstance(panel, LinePanel)]
    return {panel.title: [line.name for line in panel.series] for panel in found}


def test_contents_name_the_runs_their_states_and_the_settings_that_differ(folder):
    contents = Library(folder).contents()
    assert contents["folder"] == "runs"
    assert [run["name"] for run in contents["runs"]] == [
        "lr0.1-seed0", "lr0.1-seed1", "lr0.2-seed0", "lr0.2-seed1",
    ]  # fmt: skip
    assert {run["state"] for run in contents["runs"]} == {"finished"}
    assert contents["runs"][2]["config"] == {"lr": "0.2", "seed": "0"}
    assert contents["groups"] == ["lr", "seed"]
    assert contents["more"] == 0


def test_without_a_wish_the_newest_run_is_shown_alone(folder):
    with introspect.History(folder / "newest", facts=False) as history:
        history.log(0, only_here=1.0)
    assert lines(Library(folder).panels({})) == {"only_here": ["only_here"]}


def test_several_runs_share_a_chart_for_each_metric(folder):
    wish = {"runs": ["lr0.1-seed0", "lr0.2-seed1"]}
    panels = Library(folder).panels(wish)
    names = ["lr0.1-seed0", "lr0.2-seed1"]
    assert lines(panels) == {"train/loss": names, "acc": names}
    loss = next(panel for panel in panels if getattr(panel, "title", "") == "train/loss")
    assert loss.series[1].values.tolist() == [1.2 + step for step in range(10)]
    titles = [getattr(panel, "title", "") for panel in panels]
    assert "weight, lr0.1-seed0" in titles
    table = panels[-1]
    assert isinstance(table, TablePanel)
    assert table.data[-1].columns[:3] == ("run", "lr", "seed")
    assert ("acc", "max") in table.best


def test_a_place_in_the_wish_is_a_colour_and_an_empty_one_stays_free(folder):
    names = [run["name"] for run in Library(folder).contents()["runs"]]
    wish = {"runs": [names[2], "", names[0], "", "", names[1]]}
    colours = {
        line.name: line.color
        for panel in Library(folder).panels(wish)
        if isinstance(panel, LinePanel)
        for line in panel.series
    }
    assert colours == {names[2]: 0, names[0]: 2, names[1]: 5}


def test_a_group_keeps_its_colour_when_another_is_left_out(folder):
    library = Library(folder)
    names = [run["name"] for run in library.contents()["runs"]]

    def colours(chosen):
        panels = library.panels({"runs": chosen, "group": "lr"})
        return {s.name: s.color for p in panels if isinstance(p, LinePanel) for s in p.series}

    both = colours(names)
    assert sorted(both.values()) == [0, 1]
    alone = colours([name for name in names if "0.2" in name])
    assert alone == {"0.2": both["0.2"]}


def test_groups_are_mean_and_range_of_their_runs(folder):
    names = [run["name"] for run in Library(folder).contents()["runs"]]
    panels = Library(folder).panels({"runs": names, "group": "lr", "search": "loss"})
    (loss,) = [panel for panel in panels if isinstance(panel, LinePanel)]
    assert len(loss.series) == 2
    first = loss.series[0]
    expected = np.array([[0.1 + seed + step for step in range(10)] for seed in (0, 1)])
    np.testing.assert_allclose(first.values, expected.mean(0))
    np.testing.assert_allclose(first.low, expected.min(0))
    np.testing.assert_allclose(first.high, expected.max(0))
    assert "lr" in loss.band


def test_a_search_leaves_only_what_holds_all_words(folder):
    panels = Library(folder).panels({"runs": ["lr0.1-seed0"], "search": "LOSS train"})
    assert lines(panels) == {"train/loss": ["train/loss"]}


@pytest.mark.parametrize(
    "wish",
    [
        {"runs": ["nothing of this name"]},
        {"runs": "lr0.1-seed0"},
        {"runs": [1, None]},
        {"runs": [["lr0.1-seed0"]]},
        {"search": 3},
        {"search": None},
        {"group": ["lr"]},
        {"group": "no such setting", "runs": ["lr0.1-seed0", "lr0.1-seed1"]},
        {"runs": ["../../etc/passwd", "/etc/passwd"]},
    ],
)
def test_nonsense_shows_something_and_reads_nothing_else(folder, wish):
    assert Library(folder).panels(wish)


def test_a_run_that_grows_is_followed(folder):
    library = Library(folder)
    history = introspect.History(folder / "live", facts=False)
    history.log(0, loss=1.0)
    history.flush()
    first = library.panels({"runs": ["live"]})
    history.log(1, loss=2.0)
    history.flush()
    second = library.panels({"runs": ["live"]})
    history.close()
    sizes = [
        len(panel.series[0].values)
        for panels in (first, second)
        for panel in panels
        if isinstance(panel, LinePanel)
    ]
    assert sizes == [1, 2]


def test_an_empty_folder_says_so_and_shows_the_first_run_when_it_comes(tmp_path):
    library = Library(tmp_path)
    (panel,) = library.panels({})
    assert isinstance(panel, MessagePanel)
    assert library.contents()["runs"] == []
    with introspect.History(tmp_path / "first", facts=False) as history:
        history.log(0, loss=1.0)
    assert lines(library.panels({})) == {"loss": ["loss"]}


def test_a_run_that_vanishes_leaves_the_others(folder):
    library = Library(folder)
    names = [run["name"] for run in library.contents()["runs"]]
    library.panels({"runs": names})
    shutil.rmtree(folder / names[0])
    assert all(names[0] not in found for found in lines(library.panels({"runs": names})).values())


def test_a_damaged_run_says_so_in_its_place(folder):
    (segment,) = (folder / "lr0.1-seed0").glob("*.segment")
    segment.write_bytes(b"\0" * 100)
    library = Library(folder)
    names = [run["name"] for run in library.contents()["runs"]]
    panels = library.panels({"runs": names})
    assert lines(panels)["acc"] == names[1:]


def test_a_missing_folder_is_an_error_of_the_call(tmp_path):
    with pytest.raises(SegmentError, match="no run folder"):
        Library(tmp_path / "nothing")


def test_many_browsers_ask_at_once(folder):
    library = Library(folder)
    names = [run["name"] for run in library.contents()["runs"]]
    found = []

    def ask():
        for _ in range(5):
            library.contents()
            found.append(lines(library.panels({"runs": names})))

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(found) == 30
    assert all(one == found[0] for one in found)


def test_damage_found_in_a_thread_is_a_panel_and_the_filters_of_warnings_stay(folder, monkeypatch):
    (segment,) = (folder / "lr0.1-seed0").glob("*.segment")
    content = bytearray(segment.read_bytes())
    content[len(content) // 2] ^= 0xFF
    segment.write_bytes(content)
    monkeypatch.setattr(warnings, "catch_warnings", lambda *_, **__: pytest.fail("in a thread"))
    before = list(warnings.filters)
    library, found = Library(folder), []
    reader = threading.Thread(
        target=lambda: found.append(library.panels({"runs": ["lr0.1-seed0", "lr0.2-seed0"]}))
    )
    reader.start()
    reader.join()
    assert warnings.filters == before
    (panels,) = found
    told = [panel.message for panel in panels if isinstance(panel, MessagePanel)]
    assert any("fsck" in message for message in told)
    assert "acc" in lines(panels)


def test_a_folder_of_event_files_says_how_to_see_them(tmp_path):
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "events.out.tfevents.1.host").write_bytes(b"")
    (panel,) = Library(tmp_path).panels({})
    assert "introspect import" in panel.message
    (tmp_path / "logs" / "events.out.tfevents.1.host").unlink()
    (panel,) = Library(tmp_path).panels({})
    assert panel.title == "No run yet"
