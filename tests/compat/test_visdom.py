"""The client: windows, environments, logs, runs, and what it says when a call cannot be."""

import json
import warnings

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from introspect.compat import ignored
from introspect.compat.visdom import Visdom, VisdomError, board
from introspect.errors import CanvasError, IntrospectWarning
from introspect.history import History


@pytest.fixture
def make(monkeypatch, tmp_path):
    """Clients on boards of this test alone, in a folder of this test alone."""
    monkeypatch.setattr(board, "_BOARDS", {})
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("INTROSPECT_VISDOM_RUN", raising=False)
    ignored.forget()
    return lambda **options: Visdom(**{"page": False, **options})


@pytest.fixture
def vis(make):
    return make()


def held(vis, win, env=None):
    return json.loads(vis.get_window_data(win, env))


# Windows ------------------------------------------------------------------------------------


def test_a_window_without_an_id_gets_one_and_returns_it(vis):
    first, second = vis.text("a"), vis.text("b")
    assert first != second
    assert first.startswith("window_")
    assert vis.win_exists(first)
    assert not vis.win_exists("another")


def test_clients_of_one_address_share_their_windows_and_others_do_not(make):
    make().text("here", win="w")
    assert make().win_exists("w")
    assert make(env="other").win_exists("w", env="main")
    assert not make(port=9000).win_exists("w")


def test_tensors_lists_and_arrays_are_the_same(vis):
    for kind in (torch.tensor, np.array, list):
        vis.line(kind([1.0, 2.0]), X=kind([0, 1]), win="w")
        assert held(vis, "w")["content"]["data"][0]["y"] == [1.0, 2.0]
    vis.line(
        torch.tensor([1.5], dtype=torch.bfloat16, requires_grad=True), [2], "w", update="append"
    )
    assert held(vis, "w")["content"]["data"][0]["y"] == [1.0, 2.0, 1.5]
    vis.images([torch.zeros(3, 4, 4), torch.ones(3, 4, 4)], win="pictures")
    assert held(vis, "pictures")["width"] == 16


def test_opts_of_the_caller_are_not_changed(vis):
    opts = {"title": 7, "markercolor": np.array([[1, 2, 3]])}
    before = dict(opts)
    vis.scatter(np.ones((1, 2)), opts=opts)
    vis.line([1.0], opts=opts | {"markercolor": None})
    assert opts == before


def test_an_update_that_cannot_be_done_warns_and_changes_nothing(vis):
    vis.bar([1.0, 2.0], win="bars")
    with pytest.warns(IntrospectWarning, match="win is not scatter.*was bar"):
        vis.line([1.0], X=[0], win="bars", update="append")
    vis.heatmap(np.ones((2, 2)), win="heat", opts={"rownames": ["a", "b"]})
    for rows, names, message in (
        (np.ones((1, 3)), ["c"], "3 columns cannot join 2"),
        (np.ones((1, 2)), None, "rownames are needed in both calls"),
        (np.ones((1, 2)), ["a"], "rownames occur already: a"),
    ):
        with pytest.warns(IntrospectWarning, match=message):
            vis.heatmap(rows, win="heat", update="appendRow", opts={"rownames": names})
    assert np.shape(held(vis, "heat")["content"]["data"][0]["z"]) == (2, 2)
    with pytest.warns(IntrospectWarning, match="win does not exist"):
        vis.line([1.0], X=[0], win="none", update="replace")


def test_lines_that_an_update_adds_are_kept(vis):
    vis.line([1.0], X=[0], win="w")
    vis.line(np.ones((1, 3)), X=np.ones((1, 3)), win="w", update="append")
    assert [len(line["x"]) for line in held(vis, "w")["content"]["data"]] == [2, 1, 1]


def test_the_title_of_any_window_changes(vis):
    for win in (vis.bar([1.0, 2.0]), vis.text("words"), vis.image(np.zeros((2, 2)))):
        assert vis.update_window_opts(win, {"title": "new"}) == win
        assert held(vis, win)["title"] == "new"


def test_a_closed_window_is_gone_and_none_closes_all(vis):
    vis.text("a", win="a")
    vis.text("b", win="b")
    vis.text("c", win="c", env="other")
    assert vis.close("a") == ""
    assert list(json.loads(vis.get_window_data())) == ["b"]
    vis.close()
    assert json.loads(vis.get_window_data()) == {}
    assert vis.win_exists("c", env="other")


def test_text_can_be_appended_before_there_is_a_window(vis):
    assert vis.text("one", win="log", append=True) == "log"
    vis.text("two", win="log", append=True)
    assert held(vis, "log")["content"] == "one<br>two"
    for at in range(600):
        vis.text(str(at), win="log", append=True)
    assert len(held(vis, "log")["content"].split("<br>")) == 500


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=12), st.integers(1, 11))
@settings(max_examples=25, deadline=None)
def test_appended_in_two_parts_is_as_drawn_at_once(values, cut):
    vis = Visdom(page=False, server="http://localhost:1/property")
    x = np.arange(len(values))
    vis.line(values, X=x, win="whole")
    vis.line(values[:cut], X=x[:cut], win="parts")
    if values[cut:]:
        vis.line(values[cut:], X=x[cut:], win="parts", update="append")
    whole, parts = (held(vis, win)["content"]["data"] for win in ("whole", "parts"))
    assert whole == parts


# Environments -------------------------------------------------------------------------------


def test_environments_are_listed_forked_deleted_and_main_stays(vis):
    vis.text("words", win="w", env="a/b")
    assert vis.get_env_list() == ["main", "a_b"]
    assert vis.fork_env("a_b", "copy") == "copy"
    vis.text("others", win="w", env="copy")
    assert held(vis, "w", "a_b")["content"] == "words"
    assert vis.delete_env("a_b") == ""
    vis.delete_envs(["main", "copy"])
    assert vis.get_env_list() == ["main"]
    assert vis.get_env_state("copy") is None
    with pytest.raises(VisdomError, match=r"not there(.|\n)*given  gone"):
        vis.fork_env("gone", "new")


def test_what_windows_tell_can_be_set_again(vis):
    vis.line([1.0, float("nan")], win="w", opts={"title": "T"})
    told = vis.get_window_data("w")
    assert json.loads(told)["content"]["data"][0]["y"] == [1.0, None]
    vis.set_window_data(told, win="again", env="other")
    assert held(vis, "again", "other")["title"] == "T"
    vis.set_window_data(vis.get_window_data(), env="third")
    assert vis.win_exists("w", env="third")
    with pytest.raises(VisdomError, match="no data of windows"):
        vis.set_window_data("{not json", win="w")
    with pytest.raises(VisdomError, match=r"no such window(.|\n)*try    w"):
        vis.get_window_data("missing")


def test_a_log_is_written_and_replayed(make, tmp_path):
    log = tmp_path / "visdom.log"
    offline = make(offline=True, log_to_filename=log)
    assert offline.line([1.0, float("inf")], win="w", opts={"title": "Loss"}) == "w"
    offline.line([2.0], X=[2], win="w", update="append")
    offline.close("w")
    assert [json.loads(line)[0] for line in log.read_text().splitlines()] == ["events", "update"]
    vis = make(port=9000)
    vis.replay_log(log)
    assert held(vis, "w")["content"]["data"][0]["y"] == [1.0, None, 2.0]
    assert offline.check_connection()
    with pytest.raises(VisdomError, match="cannot be replayed"):
        vis.replay_log(tmp_path / "none.log")
    with pytest.raises(VisdomError, match=r"offline=True writes a log(.|\n)*log_to_filename"):
        make(offline=True)


def test_send_false_returns_messages_and_shows_nothing(make):
    vis = make(send=False)
    message, endpoint = vis.text("words", win=None)
    assert endpoint == "events"
    assert message["win"] is None
    assert message["eid"] == "main"
    assert vis.win_exists("w") is None
    assert not vis.check_connection()
    assert vis.save(["main"]) == ({"data": ["main"], "eid": "main"}, "save")
    with pytest.raises(VisdomError, match="nothing is kept"):
        _ = vis.history


@pytest.mark.usefixtures("make")
def test_a_subclass_may_send_in_its_own_way():
    said = []

    class Mine(Visdom):
        def _send(self, msg, endpoint="events", **options):
            said.append((endpoint, msg["win"]))
            return super()._send(msg, endpoint, **options)

    Mine(page=False).line([1.0], win="w")
    assert said == [("events", "w")]


def test_saved_environments_are_json_and_a_page(vis, tmp_path):
    vis.line([3.0, 2.0], win="w", opts={"title": "Loss"})
    vis.experiment(params={"lr": 0.1})
    assert vis.save(["main", "missing"]) == '["main"]'
    state = json.loads((tmp_path / "runs/visdom/main.json").read_text())
    assert state["jsons"]["w"]["title"] == "Loss"
    assert state["experiment"]["params"] == [{"key": "lr", "value": 0.1, "dtype": "float"}]
    assert "<!doctype html>" in (tmp_path / "runs/visdom/main.html").read_text()
    with pytest.raises(VisdomError, match="a list of names"):
        vis.save("main")


def test_experiments_add_up_and_end_once(vis):
    vis.experiment("first", params={"lr": 0.1, "deep": True}, tags={"by": "me"})
    record = vis.experiment(params={"lr": 0.2}, description="better")
    assert record["name"] == "first"
    assert {p["key"]: (p["value"], p["dtype"]) for p in record["params"]} == {
        "lr": (0.2, "float"),
        "deep": (True, "bool"),
    }
    vis.log_metrics({"loss": torch.tensor(0.5)}, step=3)
    assert vis.log_metrics({"loss": np.float32(0.25)})["metrics"][0]["value"] == 0.5
    assert vis.history["loss"].data.tolist() == [0.25, 0.5]
    assert vis.finish_experiment("failed")["status"] == "failed"
    with pytest.raises(VisdomError, match="has failed"):
        vis.finish_experiment()
    with pytest.raises(VisdomError, match="no experiment was begun"):
        vis.finish_experiment(env="other")


# What is kept -------------------------------------------------------------------------------


def test_lines_over_steps_are_kept_in_memory_as_metrics(vis):
    for step in range(3):
        vis.line([1.0 / (1 + step)], X=[step], win="loss", update="append", opts={"title": "Loss"})
        vis.line([step], X=[step], win="acc", update="append", name="train")
    assert vis.history["Loss"].data.tolist() == [1.0, 0.5, pytest.approx(1 / 3)]
    assert vis.history["acc/train"].steps.tolist() == [0, 1, 2]
    vis.line(np.ones((2, 2)), X=np.arange(2), win="both", opts={"legend": ["a", "b"]})
    assert {"both/a", "both/b"} <= set(vis.history.keys())
    vis.line([1.0, 2.0], X=[0.5, 1.5], win="curve")
    vis.image(np.zeros((2, 2)), win="picture")
    assert not {"curve", "picture"} & set(vis.history.keys())


def test_a_run_keeps_everything_in_a_folder(make, tmp_path, monkeypatch):
    monkeypatch.setenv("INTROSPECT_VISDOM_RUN", str(tmp_path / "kept"))
    vis = make(env="net")
    vis.line([1.0, 0.5], X=[0, 1], win="loss")
    vis.image(np.zeros((3, 4, 5)), win="picture", opts={"caption": "black"})
    vis.text("a <b>word</b>", win="note")
    vis.heatmap([[1, 2], [3, 4]], win="matrix")
    vis.table(["a"], [[1]], win="rows")
    vis.boxplot([1.0, 2.0, 4.0], win="box")
    vis._keeper.close()
    run = History.open(tmp_path / "kept" / "net")
    assert run["loss"].data.tolist() == [1.0, 0.5]
    assert run["picture"].last.pixels.shape == (4, 5, 3)
    assert run["note"].last.text == "a word"
    assert run["matrix"].last.tolist() == [[1.0, 2.0], [3.0, 4.0]]
    assert run["rows"].last.rows == ((1,),)
    assert run["box"].last.png[:4] == b"\x89PNG"


# What cannot be -----------------------------------------------------------------------------

WRONG = {
    "one dimension": (lambda v: v.scatter([1.0, 2.0]), "X is a row of two or three numbers"),
    "labels": (lambda v: v.scatter(np.ones((3, 2)), [1, 2]), "3 points, 2 labels"),
    "NaN labels": (lambda v: v.scatter(np.ones((2, 2)), [1, np.nan]), "labels are finite"),
    "legend": (
        lambda v: v.scatter(np.ones((2, 2)), [1, 3], opts={"legend": ["a"]}),
        "opts.legend names each label(.|\n)*3 labels",
    ),
    "colours": (
        lambda v: v.scatter(np.ones((2, 2)), opts={"markercolor": np.array([0.5, 2])}),
        "whole numbers of 0 to 255",
    ),
    "sizes": (
        lambda v: v.scatter(np.ones((2, 2)), opts={"markersize": [1.0, -1.0]}),
        "opts.markersize is positive",
    ),
    "texts": (
        lambda v: v.scatter(np.ones((2, 2)), opts={"textlabels": ["a"]}),
        "2 points, 1 opts.textlabels",
    ),
    "update": (lambda v: v.line([1.0], X=[1], win="w", update="add"), "this update is not known"),
    "update without win": (lambda v: v.line([1.0], X=[1], update="append"), "needs a window"),
    "update without X": (lambda v: v.line([1.0], win="w", update="append"), "needs X"),
    "history and update": (
        lambda v: v.scatter(
            np.ones((1, 2)), win="w", update="replace", opts={"store_history": True}
        ),
        "exclude each other",
    ),
    "remove without a name": (lambda v: v.line(None, win="w", update="remove"), "win and name"),
    "two labels, one name": (
        lambda v: v.scatter(np.ones((2, 2)), [1, 2], win="w", name="n", update="replace"),
        "name is that of one trace",
    ),
    "X of a line": (lambda v: v.line([1.0, 2.0], X=[1.0]), r"X has the shape of Y(.|\n)*\(1,\)"),
    "dash": (lambda v: v.line(np.ones((2, 2)), opts={"dash": ["dot"]}), "a dash for each line"),
    "linecolor": (
        lambda v: v.line([1.0], opts={"linecolor": np.array([1, 2, 3])}),
        "three numbers for each line",
    ),
    "Z": (lambda v: v.line([1.0], is3d=True), "needs Z"),
    "stem": (lambda v: v.stem([1.0, 2.0], [1.0]), "Y is one column of places"),
    "quiver": (lambda v: v.quiver(np.ones((2, 2)), np.ones((2, 3))), "matrices of one shape"),
    "heatmap": (lambda v: v.heatmap([1.0]), "X is a matrix"),
    "names": (lambda v: v.heatmap(np.ones((2, 2)), opts={"rownames": ["a"]}), "opts.rownames"),
    "no list": (lambda v: v.heatmap(np.ones((1, 1)), opts={"rownames": "a"}), "is a list"),
    "bar": (lambda v: v.bar([1.0, 2.0], opts={"rownames": ["a"]}), "a name for each bar"),
    "both": (lambda v: v.bar([1.0], opts={"rownames": ["a"], "legend": ["b"]}), "not both"),
    "histogram": (lambda v: v.histogram([np.nan, np.inf]), "finite values"),
    "bins": (lambda v: v.histogram([1.0], opts={"numbins": 0}), "opts.numbins"),
    "boxplot": (lambda v: v.boxplot(np.ones((2, 3)), opts={"legend": ["a"]}), "each column"),
    "violin": (lambda v: v.violin([1.0, 2.0], opts={"side": "left"}), "'both' or 'positive'"),
    "pie": (lambda v: v.pie([1, -1]), "nothing negative"),
    "sunburst": (lambda v: v.sunburst(["a"], ["", "a"]), "as long as each other"),
    "sankey": (lambda v: v.sankey([0], [0.5], [1]), "whole numbers from 0"),
    "mesh": (lambda v: v.mesh(np.ones((3, 3)), [[0, 1, 3]]), "indices of vertices(.|\n)*of 3"),
    "surf": (lambda v: v.surf(np.ones(3)), "X is a matrix"),
    "parallel": (lambda v: v.parallel_coordinates(np.ones((2, 1))), "two columns at least"),
    "image": (lambda v: v.image(np.ones((2, 2, 3))), r"\(C, H, W\)(.|\n)*permute"),
    "no image": (lambda v: v.image("photo.png"), "img is a tensor"),
    "images": (lambda v: v.images(np.ones(3)), r"\(N, C, H, W\)"),
    "quality": (lambda v: v.image(np.ones((2, 2)), opts={"jpgquality": 101}), "above 0 to 100"),
    "alpha": (
        lambda v: v.image_heatmap(np.ones((2, 2)), np.ones((2, 2)), opts={"alpha": 2}),
        "opts.alpha",
    ),
    "sizes of heat": (lambda v: v.image_heatmap(np.ones((2, 2)), np.ones((3, 2))), "as large as"),
    "audio": (lambda v: v.audio(), "neither"),
    "audio shape": (lambda v: v.audio(np.ones((2, 5))), r"\(n,\) or \(n, 2\)"),
    "audio file": (lambda v: v.audio(audiofile="none.wav"), "cannot be read(.|\n)*none.wav"),
    "video": (lambda v: v.video(np.ones((2, 4, 4, 2))), "one or three channels"),
    "dim": (lambda v: v.video(np.ones((2, 4, 4, 3)), dim="HWC"), "this dim"),
    "svg": (lambda v: v.svg("<b>no</b>"), "this is no SVG"),
    "matplot": (lambda v: v.matplot([1, 2]), r"given  list(.|\n)*vis.matplot\(plt\)"),
    "table": (lambda v: v.table(["a", "b"], [[1]]), "an entry for each header"),
    "properties": (lambda v: v.properties([{"type": "slider", "name": "n"}]), "text, number"),
    "graph": (lambda v: v.graph([(0, 2)]), "no edge of node 1"),
    "embeddings": (lambda v: v.embeddings(np.ones((3, 2)), ["a"]), "3 points, 1 labels"),
    "plotly": (lambda v: v.plotlyplot({"layout": {}}), "no figure of Plotly"),
    "roc": (lambda v: v.roc_curve([1, 1], [0.1, 0.2]), "both classes have samples"),
    "roc pairs": (lambda v: v.roc_curve([1, 0], fpr=[0, 1]), r"give \(y_true, y_score\) or"),
    "pr": (lambda v: v.pr_curve(precision=[0.5, 2], recall=[0, 1]), "between 0 and 1"),
    "confusion": (lambda v: v.confusion_matrix(cm=np.ones((2, 3))), "square matrix"),
    "metrics": (lambda v: v.learning_curve({"a": [1], "b": [1, 2]}), "columns of one length"),
    "opts": (lambda v: v.line([1.0], opts="red"), "opts is a dict"),
    "handler": (lambda v: v.register_event_handler(None, "w"), "a handler is a function"),
    "base_url": (lambda _: Visdom(base_url="here"), "base_url begins with /"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_what_visdom_refuses_is_refused_with_words(name, vis):
    call, message = WRONG[name]
    with pytest.raises(VisdomError, match=message) as caught:
        call(vis)
    assert isinstance(caught.value, AssertionError)
    assert isinstance(caught.value, CanvasError)


def test_what_cannot_be_heeded_warns_once_by_name(make):
    with pytest.warns(IntrospectWarning, match="Visdom does not heed: username, proxies"):
        make(username="me", proxies={"http": "a:1"})
    with pytest.warns(IntrospectWarning, match="server .the windows are shown by this program"):
        vis = make(server="http://gpu7", port=9000)
    with pytest.warns(IntrospectWarning, match="visdom opts does not heed: marginleft, webgl"):
        vis.line([1.0], opts={"marginleft": 3, "webgl": True})
    with pytest.warns(IntrospectWarning, match="data_getter"):
        vis.embeddings(np.eye(3), ["a", "b", "c"], data_getter=str)
    with pytest.warns(IntrospectWarning, match="traces of type candlestick"):
        vis.plotlyplot({"data": [{"type": "candlestick", "x": [1]}]})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        make(username="me", server="localhost:8097")
        vis.line([1.0], opts={"marginleft": 3})


def test_handlers_are_called_with_events_and_a_broken_one_hides_none(vis):
    heard = []
    with pytest.warns(IntrospectWarning, match="sends no events back"):
        vis.register_event_handler(lambda _: 1 / 0, "w")
    vis.register_event_handler(lambda event: heard.append(event["key"]), "w")
    vis.register_event_handler(lambda _: heard.append("other"), "w", env="other")
    event = json.dumps({"target": "w", "eid": "main", "key": "a"})
    with pytest.warns(IntrospectWarning, match="ZeroDivisionError"):
        vis._handle_incoming_message(event)
    assert heard == ["a"]
    vis.clear_event_handlers("w")
    vis._handle_incoming_message(event)
    vis._handle_incoming_message("no json")
    assert heard == ["a"]
