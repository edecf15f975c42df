"""What each call says, and what windows hold in the end, against Visdom 0.3.0 itself.

`visdom_messages.json` holds what the original said. Where it is installed (Python 3.12 and later)
``python tests/compat/test_visdom_messages.py`` writes it anew.
"""

import base64
import inspect
import io
import json
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

SAID = Path(__file__).with_name("visdom_messages.json")
NAN = float("nan")


def numbers(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).round(3)


CALLS = {
    # points
    "scatter": lambda v: v.scatter(numbers(5, 2), win="w"),
    "scatter labels": lambda v: v.scatter(numbers(5, 2), np.array([1, 3, 1, 3, 3]), win="w"),
    "scatter words": lambda v: v.scatter(numbers(3, 2), np.array(["b", "a", "b"]), win="w"),
    "scatter floats": lambda v: v.scatter(numbers(3, 2), np.array([0.5, 1.5, 0.5]), win="w"),
    "scatter zeros": lambda v: v.scatter(numbers(4, 2), np.array([0, 1, 2, 0]), win="w"),
    "scatter 3d": lambda v: v.scatter(
        numbers(4, 3), np.array([1, 2, 1, 2]), win="w", opts={"markersize": 4, "xlabel": "a"}
    ),
    "scatter legend": lambda v: v.scatter(
        numbers(4, 2), np.array([1, 2, 1, 2]), win="w", opts={"legend": ["men", "women"]}
    ),
    "scatter colours of labels": lambda v: v.scatter(
        numbers(4, 2),
        np.array([1, 2, 1, 2]),
        win="w",
        opts={
            "markercolor": np.array([[255, 0, 0], [0, 0, 255]]),
            "markersymbol": "cross-thin-open",
        },
    ),
    "scatter colours of points": lambda v: v.scatter(
        numbers(3, 2), win="w", opts={"markercolor": np.array([0, 128, 255])}
    ),
    "scatter sizes": lambda v: v.scatter(
        numbers(3, 2), np.array([1, 2, 1]), win="w", opts={"markersize": np.array([4.0, 9.0])}
    ),
    "scatter texts": lambda v: v.scatter(
        numbers(3, 2), win="w", opts={"textlabels": ["a", "b", "c"]}
    ),
    "scatter own layout": lambda v: v.scatter(
        numbers(3, 2),
        win="w",
        opts={
            "layoutopts": {"plotly": {"xaxis": {"range": [0, 9]}}},
            "traceopts": {"plotly": {"1": {"hoverinfo": "skip"}}},
        },
    ),
    "scatter update": lambda v: v.scatter(
        numbers(2, 2), win="w", update="replace", name="a", opts={"title": "t"}
    ),
    "scatter columns by name": lambda v: v.scatter(
        numbers(3), numbers(3, seed=1), win="w", update="append", name="a"
    ),
    "scatter remove": lambda v: v.scatter(None, win="w", name="a", update="remove"),
    "scatter history": lambda v: v.scatter(
        numbers(2, 2), win="w", opts={"store_history": True, "caption": "one"}
    ),
    # lines
    "line": lambda v: v.line(numbers(4), win="w"),
    "line places": lambda v: v.line(numbers(4), np.arange(4), win="w", opts={"markers": True}),
    "line several": lambda v: v.line(
        numbers(4, 2), np.arange(4), win="w", opts={"legend": ["a", "b"], "fillarea": True}
    ),
    "line own places": lambda v: v.line(numbers(4, 2), numbers(4, 2, seed=1), win="w"),
    "line looks": lambda v: v.line(
        numbers(4, 2),
        numbers(4, 2, seed=1),
        win="w",
        opts={
            "dash": np.array(["dash", "dot"]),
            "linecolor": np.array([[0, 0, 0], [255, 128, 0]]),
            "xlabel": "epoch",
            "ylabel": "loss",
            "ytype": "log",
            "xtickmin": 0,
            "xtickmax": 4,
            "xtickstep": 1,
        },
    ),
    "line 3d": lambda v: v.line(numbers(4), numbers(4, seed=1), Z=numbers(4, seed=2), win="w"),
    "line column": lambda v: v.line(numbers(4, 1), np.arange(4)[:, None], win="w"),
    "line append": lambda v: v.line(
        np.array([1.0]), np.array([3]), win="w", update="append", name="train"
    ),
    "line remove": lambda v: v.line(None, win="w", update="remove", name="train"),
    "learning_curve": lambda v: v.learning_curve({"a": [1.0, 2.0], "b": [3.0, 4.0]}, win="w"),
    "learning_curve append": lambda v: v.learning_curve(
        {"a": 1.0}, step=3, win="w", update="append"
    ),
    "stem": lambda v: v.stem(numbers(4), win="w"),
    "stem several": lambda v: v.stem(
        numbers(4, 2), np.arange(4.0), win="w", opts={"legend": ["sin", "cos"]}
    ),
    "quiver": lambda v: v.quiver(numbers(2, 3), numbers(2, 3, seed=1), win="w"),
    "quiver scaled": lambda v: v.quiver(
        numbers(2, 3),
        numbers(2, 3, seed=1),
        numbers(2, 3, seed=2),
        numbers(2, 3, seed=3),
        win="w",
        opts={"normalize": 0.5, "arrowheads": False},
    ),
    "dual_axis_lines": lambda v: v.dual_axis_lines(
        np.arange(3),
        numbers(3),
        numbers(3, seed=1),
        opts={"title": "two", "name_y1": "loss"},
        win="w",
    ),
    # rates
    "roc_curve": lambda v: v.roc_curve(
        np.array([0, 1, 1, 0, 1]), np.array([0.1, 0.9, 0.4, 0.4, 0.8]), win="w"
    ),
    "roc_curve points": lambda v: v.roc_curve(
        fpr=np.array([0, 1, 0.5]),
        tpr=np.array([0, 1, 0.9]),
        win="w",
        opts={"legend": ["net", "coin"]},
    ),
    "pr_curve": lambda v: v.pr_curve(
        np.array([0, 1, 1, 0, 1]), np.array([0.1, 0.9, 0.4, 0.4, 0.8]), win="w"
    ),
    "confusion_matrix": lambda v: v.confusion_matrix(
        np.array(["a", "b", "b"]), np.array(["a", "a", "b"]), win="w", normalize="true"
    ),
    "confusion_matrix counts": lambda v: v.confusion_matrix(
        cm=np.array([[3, 1], [0, 2]]), labels=["x", "y"], win="w"
    ),
    # fields
    "heatmap": lambda v: v.heatmap(numbers(2, 3), win="w"),
    "heatmap names": lambda v: v.heatmap(
        numbers(2, 3),
        win="w",
        opts={
            "rownames": ["a", "b"],
            "columnnames": ["x", "y", "z"],
            "colormap": "Electric",
            "xmin": 0,
            "xmax": 1,
            "nancolor": "red",
        },
    ),
    "heatmap append": lambda v: v.heatmap(numbers(1, 3), win="w", update="appendRow"),
    "heatmap remove": lambda v: v.heatmap(None, win="w", update="remove"),
    "histogram2d": lambda v: v.histogram2d(
        numbers(9), numbers(9, seed=1), win="w", opts={"xnumbins": 3, "histnorm": "percent"}
    ),
    "surf": lambda v: v.surf(numbers(3, 4), win="w", opts={"colormap": "Hot"}),
    "contour": lambda v: v.contour(numbers(3, 4), win="w", opts={"xmax": 2}),
    "mesh": lambda v: v.mesh(
        numbers(4, 3), np.array([[0, 1, 2], [1, 2, 3]]), win="w", opts={"opacity": 0.5}
    ),
    "mesh flat": lambda v: v.mesh(numbers(4, 2), win="w"),
    # shares
    "bar": lambda v: v.bar(numbers(3), win="w", opts={"rownames": ["a", "b", "c"]}),
    "bar groups": lambda v: v.bar(
        numbers(3, 2), win="w", opts={"stacked": True, "legend": ["a", "b"]}
    ),
    "bar legend": lambda v: v.bar(numbers(3), win="w", opts={"legend": ["a", "b", "c"]}),
    "bar places": lambda v: v.bar(numbers(3), np.array([2.0, 4.0, 8.0]), win="w"),
    "histogram": lambda v: v.histogram(numbers(40), win="w", opts={"numbins": 7}),
    "histogram few": lambda v: v.histogram(numbers(5), win="w"),
    "boxplot": lambda v: v.boxplot(numbers(5, 2), win="w", opts={"legend": ["a", "b"]}),
    "boxplot one": lambda v: v.boxplot(numbers(5), win="w"),
    "violin": lambda v: v.violin(
        numbers(5, 2), win="w", opts={"points": "all", "side": "positive"}
    ),
    "violin lying": lambda v: v.violin(
        numbers(5), win="w", opts={"orientation": "h", "bandwidth": 0.4, "jitter": None}
    ),
    "pie": lambda v: v.pie(np.array([1, 2, 3]), win="w", opts={"legend": ["a", "b", "c"]}),
    "sunburst": lambda v: v.sunburst(
        ["all", "a", "b"], ["", "all", "all"], [3, 1, 2], win="w", opts={"size": 9}
    ),
    "sankey": lambda v: v.sankey([0, 0, 1], [1, 2, 2], [2, 1, 2], ["a", "b", "c"], win="w"),
    "parallel_coordinates": lambda v: v.parallel_coordinates(
        numbers(4, 3),
        numbers(4, seed=1),
        win="w",
        opts={
            "title": "runs",
            "dimensions": ["lr", "depth", "loss"],
            "max_experiments": 3,
            "tickvals": {1: [0, 1]},
            "ticktext": {1: ["low", "high"]},
            "constraintranges": {0: [0, 1]},
        },
    ),
    "parallel_coordinates plain": lambda v: v.parallel_coordinates(numbers(4, 2), win="w"),
    # media
    "image": lambda v: v.image(np.linspace(0, 1, 24).reshape(3, 2, 4), win="w"),
    "image bytes": lambda v: v.image(
        np.arange(12, dtype=np.uint8).reshape(3, 4), win="w", opts={"caption": "twelve"}
    ),
    "image signed": lambda v: v.image(np.linspace(-1, 1, 12).reshape(1, 3, 4), win="w"),
    "image large": lambda v: v.image(np.linspace(-40, 400, 16).reshape(4, 2, 2), win="w"),
    "image normalised": lambda v: v.image(
        np.linspace(-7, 9, 12).reshape(3, 4), win="w", opts={"normalize": True, "title": "n"}
    ),
    "image history": lambda v: v.image(np.zeros((2, 2)), win="w", opts={"store_history": True}),
    "image_select": lambda v: v.image_select("w", 3),
    "update_image_slider": lambda v: v.update_image_slider("w", np.float64(2.0)),
    "image_heatmap": lambda v: v.image_heatmap(
        np.linspace(0, 1, 12).reshape(3, 2, 2), np.array([[0.0, 0.5], [1.0, 2.0]]), win="w"
    ),
    "images": lambda v: v.images(np.linspace(0, 1, 5 * 6).reshape(5, 1, 2, 3), nrow=3, win="w"),
    "images colours": lambda v: v.images(
        np.linspace(0, 1, 3 * 3 * 4).reshape(3, 3, 2, 2), nrow=2, padding=1, win="w"
    ),
    "images one": lambda v: v.images(np.linspace(0, 1, 4).reshape(2, 2), win="w"),
    "text": lambda v: v.text("a <b>word</b>", win="w", opts={"title": 3}),
    "text append": lambda v: v.text("more", win="w", append=True),
    "svg": lambda v: v.svg('<?xml?><svg width="3"><g/></svg> ', win="w"),
    "properties": lambda v: v.properties([{"type": "number", "name": "n", "value": "12"}], win="w"),
    "graph": lambda v: v.graph(
        [(0, 1), (0, 2), (1, 2)], ["a", "b", "c"], ["x", "y", "z"], {"scheme": "different"}, win="w"
    ),
    "update_window_opts": lambda v: v.update_window_opts("w", {"title": "t", "xlabel": "x"}),
}
"""Calls of a client with ``send=False``, which returns (message, endpoint)."""


def append_lines(v):
    v.line([1.0, 2.0], X=[0, 1], win="loss", opts={"title": "Loss", "legend": ["train"]})
    v.line([3.0], X=[2], win="loss", update="append", name="train")
    v.line([5.0, 6.0], X=[0, 1], win="loss", update="append", name="val")
    v.line([7.0], X=[2], win="loss", update="append", name="val")


def append_to_nothing(v):
    v.line([1.0], X=[0], win="new", update="append", opts={"title": "T", "xlabel": "epoch"})
    v.line([2.0], X=[1], win="new", update="append")


def replace_lines(v):
    v.line(np.ones((2, 2)), X=np.arange(2), win="w", opts={"legend": ["a", "b"]})
    v.line([9.0, 8.0, 7.0], X=[0, 1, 2], win="w", update="replace", name="b")
    v.line(None, win="w", name="a", update="remove")


def masked(v):
    v.line(np.array([[1.0, 2.0]]), X=np.array([[0.0, 0.0]]), win="w")
    v.line(np.array([[3.0, 4.0]]), X=np.array([[1.0, NAN]]), win="w", update="append")


def colours(v):
    v.scatter(np.ones((2, 2)), win="w", opts={"markercolor": np.array([[1, 2, 3], [4, 5, 6]])})
    v.scatter(
        np.zeros((1, 2)), win="w", update="append", opts={"markercolor": np.array([[7, 8, 9]])}
    )


def heat(v):
    names = {"columnnames": ["a", "b"]}
    v.heatmap(np.array([[1, 2], [3, 4]]), win="w", opts={"rownames": ["x", "y"], **names})
    v.heatmap(np.array([[5, 6]]), win="w", update="appendRow", opts={"rownames": ["z"], **names})
    v.heatmap(np.array([[7, 8]]), win="w", update="prependRow", opts={"rownames": ["w"], **names})


def heat_columns(v):
    v.heatmap(np.array([[1, 2], [3, 4]]), win="w")
    v.heatmap(np.array([[5], [6]]), win="w", update="appendColumn")
    v.heatmap(np.array([[7], [8]]), win="w", update="prependColumn")
    v.heatmap(np.array([[0, 0]]), win="other")
    v.heatmap(np.array([[1, 1]]), win="other", update="replace", opts={"colormap": "Hot"})


def texts(v):
    v.text("one", win="w", opts={"title": "log"})
    v.text("two", win="w", append=True)


def pictures(v):
    for value in (0.0, 0.5, 1.0):
        v.image(
            np.full((2, 2), value), win="w", opts={"store_history": True, "caption": str(value)}
        )
    v.image_select("w", 1)


def points_of_time(v):
    for value in (1.0, 2.0):
        v.scatter(np.full((2, 2), value), win="w", opts={"store_history": True})


def titles(v):
    v.line([1.0, 2.0], win="w", opts={"title": "old"})
    v.update_window_opts("w", {"title": "new", "legend": ["named"], "ylabel": "y", "width": 300})


def environments(v):
    v.text("here", win="a", env="one/two")
    v.fork_env("one/two", "three")
    v.text("gone", win="b", env="three")
    v.close("b", env="three")
    v.text("replaced", win="a", env="three")


SEQUENCES = {
    fn.__name__: fn
    for fn in (
        append_lines, append_to_nothing, replace_lines, masked, colours, heat, heat_columns, texts,
        pictures, points_of_time, titles, environments,
    )
}  # fmt: skip
"""Calls in a row, after which the windows of every environment are compared."""

COMPARED = ("id", "type", "title", "content", "width", "height", "selected", "i")


def plain(value):
    """JSON without NaN; pictures as their pixels."""
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if isinstance(value, dict):
        return {str(key): plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [plain(entry) for entry in value]
    if isinstance(value, float):
        return round(value, 9) if np.isfinite(value) else None
    if isinstance(value, str) and value.startswith("data:image/png;base64,"):
        with Pillow.open(io.BytesIO(base64.b64decode(value.split(",")[1]))) as picture:
            return {"pixels": np.asarray(picture).tolist(), "mode": picture.mode}
    return value


def state_of(envs):
    """Environments as {name: {window: what is compared}}."""
    return {
        env: {
            win: {key: plain(pane[key]) for key in COMPARED if key in pane}
            for win, pane in panes.items()
        }
        for env, panes in envs.items()
    }


def signatures(client):
    """Public methods to their parameters; a default that is no JSON is only said to be there."""
    found = {}
    for name, method in inspect.getmembers(client, inspect.isfunction):
        if name == "__init__" or not name.startswith("_"):
            found[name] = [
                [one.name, None if one.default is one.empty else repr(one.default)]
                for one in inspect.signature(method).parameters.values()
                if one.kind is not one.VAR_KEYWORD
            ]
    return found


def record():
    """Ask the original; writes the file."""
    import visdom
    from visdom.server.handlers import web_handlers as web
    from visdom.utils.server_utils import register_window, window

    class Store:
        def __getattr__(self, name):
            return lambda *_: []

    class Server(visdom.Visdom):
        """The client with the functions of its server behind it, and no socket between."""

        def __init__(self):
            self.subs, self.storage, self.answer = {}, Store(), ""
            self.state = {"main": {"jsons": {}, "reload": {}}}
            self.max_text_lines, self.max_old_content, self.max_image_history = 500, 50, 9
            super().__init__(use_incoming_socket=False)

        def write(self, text):
            self.answer = text

        def set_status(self, *_):
            pass

        def _handle_post(self, url, data=None):
            endpoint, args = url.split("8097/")[1], json.loads(data)
            self.answer = ""
            if endpoint == "events":
                register_window(self, window(args), web.extract_eid(args))
            elif not endpoint.startswith("env/"):
                handlers = {"update": web.UpdateHandler, "win_exists": web.ExistsHandler,
                            "close": web.CloseHandler, "fork_env": web.ForkEnvHandler}  # fmt: skip
                handlers[endpoint].wrap_func(self, args)
            return self.answer

    said = {"calls": {}, "sequences": {}}
    for name, call in CALLS.items():
        said["calls"][name] = plain(call(visdom.Visdom(send=False, use_incoming_socket=False)))
    for name, sequence in SEQUENCES.items():
        server = Server()
        sequence(server)
        said["sequences"][name] = state_of({env: s["jsons"] for env, s in server.state.items()})
    said["signatures"] = signatures(visdom.Visdom)
    SAID.write_text(json.dumps(said, indent=None, separators=(",", ":")) + "\n")
    return f"{len(said['calls'])} calls, {len(said['sequences'])} sequences"


if __name__ == "__main__":
    sys.exit(record())


@pytest.fixture(scope="module")
def said():
    return json.loads(SAID.read_text())


@pytest.fixture
def visdom(monkeypatch, tmp_path):
    from introspect.compat.visdom import Visdom, board

    monkeypatch.setattr(board, "_BOARDS", {})
    monkeypatch.chdir(tmp_path)
    return lambda **options: Visdom(**{"page": False, **options})


@pytest.mark.parametrize("name", CALLS)
def test_a_call_says_what_visdom_says(name, said, visdom):
    message, endpoint = CALLS[name](visdom(send=False))
    expected, place = said["calls"][name]
    assert endpoint == place
    assert plain(dict(message)) == expected


@pytest.mark.parametrize("name", SEQUENCES)
def test_after_these_calls_windows_hold_what_visdoms_server_holds(name, said, visdom):
    client = visdom()
    SEQUENCES[name](client)
    envs = {env: client.get_env_state(env) for env in client.get_env_list()}
    assert state_of(envs) == said["sequences"][name]


def test_every_method_has_its_name_and_its_parameters_in_their_order(said):
    from introspect.compat.visdom import Visdom

    ours = signatures(Visdom)
    for name, parameters in said["signatures"].items():
        assert ours[name][: len(parameters)] == parameters, name
    assert len(said["signatures"]) == 59
    more = set(ours) - set(said["signatures"])
    assert more == {"canvas", "wait"}


def test_the_original_still_says_what_was_recorded(said):
    pytest.importorskip("visdom", reason="Visdom is not installed")
    import visdom

    assert signatures(visdom.Visdom) == said["signatures"]
    for name, call in CALLS.items():
        client = visdom.Visdom(send=False, use_incoming_socket=False)
        assert plain(call(client)) == said["calls"][name]
