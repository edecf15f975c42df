"""A mirrored run on every tab of a real TensorBoard, by what it answers over HTTP."""

import contextlib
import json
import os
import re
import subprocess
import sys
import time
import urllib.parse
import urllib.request

import numpy as np
import pytest

from introspect import History
from introspect.values import (
    Audio,
    ConfusionMatrix,
    Embedding,
    Histogram,
    Image,
    Images,
    Mesh,
    PRCurve,
    Table,
    Text,
    Video,
)

pytest.importorskip("tensorboard", reason="the extra tensorboard is not installed")


@contextlib.contextmanager
def served(logdir, log):
    """The address of a real TensorBoard on a free port of this machine."""
    command = [sys.executable, "-W", "ignore", "-m", "tensorboard.main", "--logdir", str(logdir)]
    command += ["--host", "127.0.0.1", "--port", "0", "--load_fast", "false"]
    with log.open("wb") as stream:
        server = subprocess.Popen(command, stdout=stream, stderr=stream, env={**os.environ})
    try:
        for _ in range(600):
            found = re.search(r"http://[\w.\-]+:(\d+)/", log.read_text())
            if found:
                break
            assert server.poll() is None, log.read_text()
            time.sleep(0.1)
        yield f"http://127.0.0.1:{found[1]}/data"
    finally:
        server.terminate()
        server.wait(30)


def fetched(address, body=None, **query):
    url = f"{address}?{urllib.parse.urlencode(query)}"
    request = urllib.request.Request(url, data=body and json.dumps(body).encode())  # noqa: S310  our own server
    if body:
        request.add_header("Content-Type", "application/json")
    with urllib.request.urlopen(request, timeout=60) as reply:  # noqa: S310  same
        return reply.read()


def asked(address, body=None, **query):
    return json.loads(fetched(address, body, **query))


def waited(address, run, tag):
    """Until it has read the folder."""
    for _ in range(300):
        found = asked(f"{address}/plugin/scalars/tags")
        if tag in found.get(run, {}):
            return found
        time.sleep(0.1)
    raise AssertionError(f"TensorBoard found {found}")


def log_everything(folder):
    torch = pytest.importorskip("torch", reason="a graph is traced with torch")
    import introspect

    rng = np.random.default_rng(0)
    history = History(folder, tensorboard=True, config={"lr": 0.1, "net": {"depth": 3}})
    for step in range(50):
        history.log(step, loss=1 / (1 + step), acc=step)
    graph = introspect.trace(torch.nn.Linear(2, 3), torch.zeros(1, 2))
    for step in (1, 2):
        history.log(
            step,
            image=Image.of(rng.random((6, 7))),
            images=Images.of(rng.random((3, 6, 7))),
            film=Video.of(rng.random((3, 12, 12, 3))),
            array=rng.normal(size=100),
            histogram=Histogram.of(rng.normal(size=100)),
            text=Text("**hello**"),
            table=Table.of([[1, 2]], columns=["x", "y"]),
            audio=Audio.of(np.sin(np.linspace(0, 9, 400)), rate_hz=8000),
            pr=PRCurve.of([0, 1, 1], [0.1, 0.8, 0.3]),
            mesh=Mesh.of(rng.random((5, 3))),
            matrix=ConfusionMatrix.of([0, 1, 1], [0, 1, 0], labels=["cat", "dog"]),
            vectors=Embedding.of(
                rng.random((4, 3)),
                labels=[[c, c] for c in "abcd"],
                columns=["one", "two"],
                thumbnails=np.zeros((4, 2, 2, 3), np.uint8),
            ),
            model=graph,
        )
    history.flush()
    return history


def check_series(address, run):
    found = asked(f"{address}/plugin/scalars/scalars", run=run, tag="loss")
    assert [(step, value) for _, step, value in found] == [
        (step, float(np.float32(1 / (1 + step)))) for step in range(50)
    ]
    for plugin in ("histograms", "distributions"):
        assert set(asked(f"{address}/plugin/{plugin}/tags")[run]) == {"array", "histogram"}
        series = asked(f"{address}/plugin/{plugin}/{plugin}", run=run, tag="array")
        assert [step for _, step, _ in series] == [1, 2]
    buckets = asked(f"{address}/plugin/histograms/histograms", run=run, tag="histogram")[0][2]
    assert sum(count for _, _, count in buckets) == 100
    assert set(asked(f"{address}/plugin/text/tags")[run]) == {"text", "table", "matrix (text)"}
    (first, _) = asked(f"{address}/plugin/text/text", run=run, tag="text")
    assert "<strong>hello</strong>" in first["text"]
    (first, _) = asked(f"{address}/plugin/text/text", run=run, tag="table")
    assert "<table>" in first["text"]
    assert set(asked(f"{address}/plugin/pr_curves/tags")[run]) == {"pr"}
    curves = asked(f"{address}/plugin/pr_curves/pr_curves", run=run, tag="pr")[run]
    assert [curve["step"] for curve in curves] == [1, 2]
    assert curves[0]["precision"][0] == pytest.approx(2 / 3)  # two of three, below every threshold
    assert curves[0]["true_positives"][0] == 2


def check_media(address, run):
    tags = asked(f"{address}/plugin/images/tags")[run]
    assert {tag: entry["samples"] for tag, entry in tags.items()} == {
        "image": 1, "images": 3, "film": 1, "matrix": 1,
    }  # fmt: skip
    starts = {"image": b"\x89PNG", "film": b"GIF89a", "matrix": b"\x89PNG"}
    for tag, start in starts.items():
        series = asked(f"{address}/plugin/images/images", run=run, tag=tag, sample=0)
        assert [one["step"] for one in series] == [1, 2]
        content = fetched(f"{address}/plugin/images/individualImage?{series[0]['query']}&x")
        assert content.startswith(start)
    (sound, _) = asked(f"{address}/plugin/audio/audio", run=run, tag="audio", sample=0)
    assert sound["contentType"] == "audio/wav"
    assert fetched(f"{address}/plugin/audio/individualAudio?{sound['query']}&x")[:4] == b"RIFF"
    assert "mesh" in asked(f"{address}/plugin/mesh/tags")[run]
    points = fetched(
        f"{address}/plugin/mesh/data", run=run, tag="mesh", content_type="VERTEX", sample=0, step=1
    )
    assert len(points) == 5 * 3 * 4


def check_graph_and_projector(address, run):
    assert asked(f"{address}/plugin/graphs/info")[run]["run_graph"]
    graph = fetched(f"{address}/plugin/graphs/graph", run=run, conceptual="false").decode()
    assert "linear" in graph
    listed = asked(f"{address}/plugin/projector/info", run=run)["embeddings"]
    assert [one["tensorName"] for one in listed] == ["vectors:1", "vectors:2"]
    for one in listed:
        assert one["tensorShape"] == [4, 3]
        name = {"run": run, "name": one["tensorName"]}
        assert len(fetched(f"{address}/plugin/projector/tensor", **name)) == 4 * 3 * 4
        labels = fetched(f"{address}/plugin/projector/metadata", **name).decode()
        assert labels.splitlines()[:2] == ["one\ttwo", "a\ta"]
        assert fetched(f"{address}/plugin/projector/sprite_image", **name)[:4] == b"\x89PNG"


def check_hparams(address, run, lr, last_loss):
    about = {"experimentName": "", "includeMetrics": True}
    experiment = asked(f"{address}/plugin/hparams/experiment", about)
    assert {one["name"] for one in experiment["hparamInfos"]} == {"lr", "net.depth"}
    metrics = {one["name"]["tag"] for one in experiment["metricInfos"]}
    assert {"loss", "acc"} <= metrics
    wanted = {
        "experimentName": "",
        "allowedStatuses": ["STATUS_UNKNOWN", "STATUS_SUCCESS", "STATUS_FAILURE", "STATUS_RUNNING"],
        "colParams": [{"hparam": "lr"}, {"metric": {"group": "", "tag": "loss"}}],
        "startIndex": 0,
        "sliceSize": 10,
    }
    (group,) = asked(f"{address}/plugin/hparams/session_groups", wanted)["sessionGroups"]
    assert group["hparams"]["lr"] == lr
    (session,) = group["sessions"]
    (loss,) = [one for one in session["metricValues"] if one["name"]["tag"] == "loss"]
    assert loss["value"] == float(np.float32(last_loss))
    assert session["name"].rstrip("/").endswith(run)


@pytest.mark.slow
def test_every_tab_of_a_real_tensorboard_shows_a_run_that_is_being_logged(tmp_path):
    run = "fashion"
    history = log_everything(tmp_path / "runs" / run)
    with served(tmp_path / "runs", tmp_path / "log") as address:
        assert set(waited(address, run, "loss")[run]) == {"loss", "acc"}
        check_series(address, run)
        check_media(address, run)
        check_graph_and_projector(address, run)
        check_hparams(address, run, 0.1, 1 / 50)
        history.log(50, loss=0.5, later=1.0)
        history.flush()
    history.config["lr"] = 0.2
    history.close()
    with served(tmp_path / "runs", tmp_path / "log2") as address:
        waited(address, run, "later")
        check_hparams(address, run, 0.2, 0.5)
