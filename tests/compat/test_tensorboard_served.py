"""A run of torch's writer and one of ours, as a real TensorBoard answers for both over HTTP."""

import contextlib
import json
import re
import subprocess
import sys
import time
import urllib.parse
import urllib.request

import numpy as np
import pytest
import torch
from torch import nn

from introspect.compat.tensorboard import SummaryWriter

pytest.importorskip("tensorboard", reason="the extra tensorboard is not installed")

NAMES = ("ours", "theirs")


def log_everything(writer):
    generator = np.random.default_rng(0)
    corners = torch.tensor([[[1.0, 1, 1], [-1, -1, 1], [1, -1, -1]]])
    for step in range(3):
        writer.add_scalar("loss", 1 / (step + 1), step)
        writer.add_histogram("weights", generator.normal(size=500), step)
        writer.add_image("picture", generator.random((3, 8, 9)), step)
        writer.add_audio("sound", generator.random(100) * 2 - 1, step, sample_rate=8000)
        writer.add_text("words", f"**step** {step} <script>x</script>", step)
        writer.add_pr_curve("curve", generator.integers(0, 2, 50), generator.random(50), step)
    writer.add_mesh("mesh", corners, colors=(corners * 50 + 99).int())
    writer.add_custom_scalars({"all": {"losses": ["Multiline", ["loss"]]}})
    for step in range(3):
        writer.add_embedding(torch.eye(4) * step, ["a", "b", "c", "d"], global_step=step)
    if isinstance(writer, SummaryWriter):  # torch's warns that its own tracer is deprecated
        writer.add_graph(nn.Sequential(nn.Linear(3, 4), nn.ReLU()), torch.zeros(1, 3))
    writer.add_hparams({"lr": 0.1, "name": "x"}, {"best": 0.5}, run_name="chosen")


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    from torch.utils.tensorboard import SummaryWriter as Theirs

    place = tmp_path_factory.mktemp("served")
    for name, kind in zip(NAMES, (SummaryWriter, Theirs), strict=True):
        with kind(place / "runs" / name) as writer:
            log_everything(writer)
    with served(place / "runs", place / "log") as found:
        for _ in range(300):
            tags = asked(f"{found}/plugin/scalars/tags")
            if all("loss" in tags.get(name, {}) for name in NAMES):
                break
            time.sleep(0.1)
        yield found


@contextlib.contextmanager
def served(logdir, log):
    """The address of a real TensorBoard on a free port of this machine."""
    command = [sys.executable, "-W", "ignore", "-m", "tensorboard.main", "--logdir", str(logdir)]
    command += ["--host", "127.0.0.1", "--port", "0", "--load_fast", "false"]
    with log.open("wb") as stream:
        server = subprocess.Popen(command, stdout=stream, stderr=stream)
    try:
        for _ in range(600):
            found = re.search(r"http://[\w.\-]+:(\d+)/", log.read_text())
            if found:
                break
            assert server.poll() is None, log.read_text()
            time.sleep(0.1)
        assert found is not None, log.read_text()
        yield f"http://127.0.0.1:{found[1]}/data"
    finally:
        server.terminate()
        server.wait(30)


def fetched(address, **query):
    url = f"{address}?{urllib.parse.urlencode(query)}"
    with urllib.request.urlopen(url, timeout=60) as reply:  # noqa: S310  our own server
        return reply.read()


def asked(address, **query):
    return json.loads(fetched(address, **query))


def timeless(found):
    """An answer without times and without what is named after the run."""
    if isinstance(found, dict):
        skipped = {"wall_time", "wallTime", "blob_key", "query", "url"}
        return {key: timeless(part) for key, part in found.items() if key not in skipped}
    if isinstance(found, list):
        return [timeless(part) for part in found]
    return 0.0 if isinstance(found, float) and found > 1e9 else found


PLUGINS = ["scalars", "histograms", "images", "audio", "text", "pr_curves", "mesh", "distributions"]


@pytest.mark.parametrize("plugin", PLUGINS)
def test_every_tab_lists_the_same_tags(address, plugin):
    tags = asked(f"{address}/plugin/{plugin}/tags")
    assert timeless(tags["ours"]) == timeless(tags["theirs"])
    assert tags["ours"]


@pytest.mark.parametrize(
    ("place", "tag"),
    [
        ("scalars/scalars", "loss"),
        ("histograms/histograms", "weights"),
        ("distributions/distributions", "weights"),
        ("images/images", "picture"),
        ("audio/audio", "sound"),
        ("text/text", "words/text_summary"),
        ("mesh/meshes", "mesh"),
    ],
)
def test_every_tab_shows_the_same_values(address, place, tag):
    mine, other = (
        asked(f"{address}/plugin/{place}", run=name, tag=tag, sample=0) for name in NAMES
    )
    assert timeless(mine) == timeless(other)
    assert len(mine) >= 1


def test_curves_and_layouts_are_the_same(address):
    mine, other = (
        timeless(asked(f"{address}/plugin/pr_curves/pr_curves", run=name, tag="curve"))[name]
        for name in NAMES
    )
    assert mine == other
    layout = asked(f"{address}/plugin/custom_scalars/layout")
    assert layout["category"][0]["chart"][0]["title"] == "losses"


def test_pictures_and_sounds_are_the_same_bytes(address):
    for plugin, one, tag in (
        ("images", "individualImage", "picture"),
        ("audio", "individualAudio", "sound"),
    ):
        kind = "images" if plugin == "images" else "audio"
        contents = []
        for name in NAMES:
            rows = asked(f"{address}/plugin/{plugin}/{kind}", run=name, tag=tag, sample=0)
            query = dict(urllib.parse.parse_qsl(rows[-1]["query"]))
            contents.append(fetched(f"{address}/plugin/{plugin}/{one}", **query))
        assert contents[0] == contents[1]
        assert len(contents[0]) > 40


def test_the_projector_lists_and_reads_every_embedding(address):
    for name in NAMES:
        listed = asked(f"{address}/plugin/projector/info", run=name)["embeddings"]
        assert [one["tensorName"] for one in listed] == [f"default:{step:05}" for step in range(3)]
        raw = fetched(f"{address}/plugin/projector/tensor", run=name, name="default:00002")
        assert np.frombuffer(raw, np.float32).tolist() == (np.eye(4) * 2).ravel().tolist()
        labels = fetched(f"{address}/plugin/projector/metadata", run=name, name="default:00002")
        assert labels.decode().split() == ["a", "b", "c", "d"]


def test_the_graph_is_shown_with_all_its_nodes(address):
    assert asked(f"{address}/plugin/graphs/info")["ours"]["run_graph"]
    text = fetched(f"{address}/plugin/graphs/graph", run="ours").decode()
    assert "linear" in text.lower()
    assert "relu" in text.lower()


def test_hyper_parameters_have_a_run_with_their_metric(address):
    tags = asked(f"{address}/plugin/scalars/tags")
    assert list(tags["ours/chosen"]) == list(tags["theirs/chosen"]) == ["best"]
    listed = asked(f"{address}/plugins_listing")
    assert listed["hparams"]["enabled"]


def test_an_accumulator_reads_histograms_that_are_empty_or_not_finite(tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    with SummaryWriter(tmp_path) as writer:
        for step, values in enumerate(([], [np.nan], [np.nan, 1.0], [1e30], [0.0])):
            writer.add_histogram("h", np.array(values), step)
    reader = EventAccumulator(str(tmp_path), {"histograms": 0, "compressedHistograms": 0}).Reload()
    found = reader.Histograms("h")
    assert [one.histogram_value.num for one in found] == [0, 0, 1, 1, 1]
    assert len(reader.CompressedHistograms("h")) == 5
