# ruff: noqa: E501  a table of calls, one a line
"""The same calls into the real tensorboardX and ours: the same events, field by field."""

import io
import json
import time
import wave

import numpy as np
import pytest
import torch
from PIL import Image

from introspect.compat import tensorboardx as ours
from introspect.errors import IntrospectWarning

pytest.importorskip("tensorboard", reason="the extra tensorboard is not installed")
theirs = pytest.importorskip("tensorboardX", reason="the peer is not installed")

from tensorboard.backend.event_processing.event_file_loader import (  # noqa: E402  after the guard
    RawEventFileLoader,
)
from tensorboard.compat.proto import event_pb2, graph_pb2  # noqa: E402  same
from tensorboard.plugins.hparams import plugin_data_pb2  # noqa: E402  same

Event = vars(event_pb2)["Event"]
GraphDef = vars(graph_pb2)["GraphDef"]
HParamsPluginData = vars(plugin_data_pb2)["HParamsPluginData"]


def events(folder):
    """The events of a folder and of those below, without their times, by place."""
    found = {}
    for path in sorted(folder.rglob("events.out.tfevents.*")):
        place = path.parent.relative_to(folder).as_posix()
        for record in list(RawEventFileLoader(str(path)).Load())[1:]:
            event = Event.FromString(record)
            event.ClearField("wall_time")
            for value in event.summary.value:
                plugin = value.metadata.plugin_data
                if plugin.plugin_name == "hparams":  # a map has no order in bytes
                    parsed = HParamsPluginData.FromString(plugin.content)
                    plugin.content = str(parsed).encode()
            found.setdefault(place, []).append(event)
    return found


def picture(*shape):
    return np.random.default_rng(sum(shape)).random(shape).astype(np.float32)


CORNERS = np.array([[[1.0, 1, 1], [-1, -1, 1], [1, -1, -1]]])
LABELS, SCORES = np.arange(90) % 2, picture(90).astype(float)


class Adam:
    pass


CALLS = {
    "scalars of all kinds": lambda w: [
        w.add_scalar("a b/c:d", v, i)
        for i, v in enumerate(
            (0.5, 2, np.float32(3), torch.ones(1), torch.tensor(2.5), np.array([1.0]), [7.0])
        )
    ],
    "a scalar without a step": lambda w: w.add_scalar("/x", 1.0),
    "a name and a description": lambda w: w.add_scalar(
        "x", 1.0, 2, display_name="X", summary_description="an *x*"
    ),
    "scalars in one chart": lambda w: w.add_scalars("a/b", {"c": 1.0, "d": 2.0}, 3),
    "a histogram": lambda w: w.add_histogram("h h", picture(500) - 0.5, 2),
    "with its own bins": lambda w: [
        w.add_histogram("h", picture(500), 2, bins=b) for b in ("auto", "sqrt", [0, 0.5, 1])
    ],
    "with fewer bins": lambda w: w.add_histogram("h", picture(500), 2, max_bins=9),
    "a raw histogram": lambda w: w.add_histogram_raw(
        "h", 0, 5.5, 3, 6, 14.0, [1, 2.5, 3], [1, 0, 2], 4
    ),
    "images": lambda w: [
        w.add_image("i", picture(3, 8, 9), 1),
        w.add_image("i", picture(1, 8, 9), 1),
        w.add_image("i", picture(8, 9), 1, dataformats="HW"),
        w.add_image("i", (picture(8, 9, 3) * 255).astype(np.uint8), 1, dataformats="HWC"),
    ],
    "an image with transparency": lambda w: w.add_image("i", picture(4, 8, 9), 1),
    "a grid": lambda w: [w.add_images("i", picture(n, 3, 8, 9), 1) for n in (1, 9)],
    "a list of images": lambda w: w.add_images(
        "i", [torch.from_numpy(picture(3, 8, 9))] * 3, 1, dataformats="CHW"
    ),
    "boxes": lambda w: w.add_image_with_boxes(
        "i", picture(3, 32, 32), np.array([[2, 3, 20, 25]]), 1, labels=["cat"]
    ),
    "a text": lambda w: w.add_text("t t", "**Ärger**", 1),
    "a curve": lambda w: w.add_pr_curve("p", LABELS, SCORES, 1, num_thresholds=20),
    "a raw curve": lambda w: w.add_pr_curve_raw(
        "p", *np.arange(30.0).reshape(6, 5), global_step=2, num_thresholds=5
    ),
    "charts": lambda w: [
        w.add_custom_scalars_multilinechart(["a", "b"], "c", "d"),
        w.add_custom_scalars_marginchart(["a", "b", "c"]),
    ],
    "points": lambda w: w.add_mesh("m", CORNERS, global_step=3),
    "a mesh": lambda w: w.add_mesh(
        "m",
        CORNERS,
        colors=CORNERS * 99,
        faces=np.array([[[0, 1, 2]]]),
        config_dict={"b": 1, "a": 2},
    ),
    "hyper-parameters": lambda w: w.add_hparams(
        {"lr": 0.1, "b": True, "s": "x", "f": Adam, "l": [1], "n": None}, {"acc": 0.5}, "r", 4
    ),
}


@pytest.mark.parametrize("call", CALLS)
def test_events_are_those_of_tensorboardx_field_by_field(tmp_path, call):
    for name, module in (("ours", ours), ("theirs", theirs)):
        with module.SummaryWriter(str(tmp_path / name)) as writer:
            CALLS[call](writer)
    mine, other = events(tmp_path / "ours"), events(tmp_path / "theirs")
    assert mine == other
    assert mine


def test_steps_and_times_may_be_set_for_a_while(tmp_path):
    for name, module in (("ours", ours), ("theirs", theirs)):
        with module.SummaryWriter(str(tmp_path / name)) as writer:
            with writer.use_metadata(global_step=7, walltime=5.0):
                writer.add_scalar("x", 1.0)
                writer.add_text("t", "x", 3)
            writer.add_scalar("x", 2.0)
            with pytest.raises(AssertionError, match="At least one"), writer.use_metadata():
                pass
    assert events(tmp_path / "ours") == events(tmp_path / "theirs")
    (path,) = (tmp_path / "ours").iterdir()
    times = [Event.FromString(record).wall_time for record in RawEventFileLoader(str(path)).Load()]
    assert times[1:3] == [5.0, 5.0]
    assert abs(times[3] - time.time()) < 60


def test_scalars_are_exported_as_tensorboardx_exports_them(tmp_path):
    found = []
    for name, module in (("ours", ours), ("theirs", theirs)):
        with module.SummaryWriter(str(tmp_path / name)) as writer:
            writer.add_scalars("m", {"a": 1.5, "b": torch.tensor(2.0)}, 3, walltime=9.0)
            writer.export_scalars_to_json(str(tmp_path / "all.json"))
            assert writer.scalar_dict == {}
        rows = json.loads((tmp_path / "all.json").read_text())
        found.append({key.replace(name, "x"): row for key, row in rows.items()})
    assert found[0] == found[1]


def test_two_writers_of_one_second_keep_each_others_events(tmp_path):
    first, second = ours.SummaryWriter(str(tmp_path)), ours.SummaryWriter(str(tmp_path))
    first.add_scalar("a", 1.0, 0)
    second.add_scalar("b", 2.0, 0)
    first.close()
    second.close()
    tags = [event.summary.value[0].tag for event in events(tmp_path)["."]]
    assert sorted(tags) == ["a", "b"]


def test_nothing_is_written_where_nothing_shall_be(tmp_path):
    with ours.SummaryWriter(str(tmp_path / "x"), write_to_disk=False) as writer:
        writer.add_scalar("a", 1.0, 0)
        writer.add_scalars("a", {"b": 1.0}, 0)
        writer.add_image("i", picture(3, 4, 4))
        writer.add_embedding(picture(3, 2))
        writer.add_hparams({"a": 1}, {"b": 2.0})
        writer.flush()
    assert not (tmp_path / "x").exists()


def test_sounds_keep_their_channels_and_their_bits(tmp_path):
    samples = np.array([[-1.0, 0.25], [1.0, 0.0], [2.0, -0.25]])
    with ours.SummaryWriter(str(tmp_path)) as writer:
        writer.add_audio("s", samples, 1, sample_rate=8000)
        writer.add_audio("i", np.array([-5, 32767], np.int16), 1)
        with pytest.raises(AssertionError, match="1 or 2"):
            writer.add_audio("s", np.zeros((5, 3)))
    one, two = (event.summary.value[0].audio for event in events(tmp_path)["."])
    assert (one.num_channels, one.length_frames, one.sample_rate) == (2, 3, 8000)
    for field, wanted in ((one, [-32767, 8192, 32767, 0, 32767, -8192]), (two, [-5, 32767])):
        with wave.open(io.BytesIO(field.encoded_audio_string)) as sound:
            assert np.frombuffer(sound.readframes(99), "<i2").tolist() == wanted


def test_films_may_have_their_axes_in_any_order(tmp_path):
    films = np.zeros((1, 6, 8, 3, 2), np.uint8)  # N H W C T
    films[..., 1] = 255
    with ours.SummaryWriter(str(tmp_path)) as writer:
        writer.add_video("v", films, 1, dataformats="NHWCT")
        with pytest.raises(AssertionError, match="5D"):
            writer.add_video("v", films[0], 1, dataformats="THWC")
    field = events(tmp_path)["."][0].summary.value[0].image
    film = Image.open(io.BytesIO(field.encoded_image_string))
    assert film.size == (8, 6)
    film.seek(1)
    assert np.asarray(film.convert("L")).min() == 255


OPENVINO = """<net><layers><layer id="0" name="in" type="Parameter"/><layer id="1" name="w" type="Const"/>
<layer id="2" name="add" type="Add"/></layers><edges><edge from-layer="0" to-layer="2"/>
<edge from-layer="1" to-layer="2"/></edges></net>"""


def test_a_graph_of_openvino_names_every_layer_once(tmp_path):
    (tmp_path / "net.xml").write_text(OPENVINO)
    with ours.SummaryWriter(str(tmp_path / "run")) as writer:
        writer.add_openvino_graph(tmp_path / "net.xml")
        (tmp_path / "bad.xml").write_text('<!DOCTYPE a [<!ENTITY b "c">]><net/>')
        with pytest.raises(ValueError, match="entities"):
            writer.add_openvino_graph(tmp_path / "bad.xml")
    graph = GraphDef.FromString(events(tmp_path / "run")["."][0].graph_def)
    assert {node.name: list(node.input) for node in graph.node} == {
        "in": [],
        "w": [],
        "add": ["in", "w"],
    }


def test_the_writer_of_a_program_counts_its_steps(tmp_path):
    writer = ours.GlobalSummaryWriter(str(tmp_path))
    for value in (5.0, 6.0):
        writer.add_scalar("a", value)
        writer.add_text("a", "x")
    writer.add_scalar("b", 1.0)
    writer.close()
    steps = [(event.summary.value[0].tag, event.step) for event in events(tmp_path)["."]]
    assert steps == [("a", 0), ("a/text_summary", 0), ("a", 1), ("a/text_summary", 1), ("b", 0)]


def test_calls_are_passed_on_to_every_format(tmp_path):
    both = ours.TorchVis(tensorboard={"logdir": str(tmp_path)})
    both.add_scalar("a", 1.0, 0)
    with pytest.raises(AttributeError):
        both.no_such_method  # noqa: B018  that it raises is the point
    both.unregister("tensorboard")
    assert events(tmp_path)["."][0].summary.value[0].tag == "a"


def test_what_cannot_be_honoured_warns_by_name(tmp_path):
    from introspect.compat.tensorboard import arguments

    arguments._warned.clear()
    with pytest.warns(IntrospectWarning, match="comet_config"):
        ours.SummaryWriter(str(tmp_path), comet_config={"disabled": False}).close()
    with pytest.warns(IntrospectWarning, match="colour="):
        ours.SummaryWriter(str(tmp_path), colour=1).close()
    with pytest.warns(IntrospectWarning, match="visdom"):
        ours.TorchVis("visdom")


def test_the_modules_of_tensorboardx_give_the_same_results(tmp_path):
    from tensorboardX import crc32c, record_writer, summary, utils, x2num

    from introspect.compat.tensorboardx import crc32c as c
    from introspect.compat.tensorboardx import record_writer as r
    from introspect.compat.tensorboardx import summary as s
    from introspect.compat.tensorboardx import utils as u
    from introspect.compat.tensorboardx import x2num as x

    assert c.crc32c(b"abc" * 99) == crc32c.crc32c(b"abc" * 99)
    assert r.make_valid_tf_name("$a b") == record_writer.make_valid_tf_name("$a b")
    assert r.masked_crc32c(b"x") == record_writer.masked_crc32c(b"x")
    for module in (r, record_writer):
        writer = module.RecordWriter(str(tmp_path / module.__name__))
        writer.write(b"hello")
        writer.close()
    assert (tmp_path / r.__name__).read_bytes() == (tmp_path / record_writer.__name__).read_bytes()
    np.testing.assert_array_equal(
        u.make_grid(picture(9, 1, 4, 5)), utils.make_grid(picture(9, 1, 4, 5))
    )
    films = picture(3, 2, 3, 4, 5)
    np.testing.assert_array_equal(u._prepare_video(films), utils._prepare_video(films))
    np.testing.assert_array_equal(x.make_np([1, 2]), x2num.make_np([1, 2]))
    for call in (
        lambda m: m.scalar("a b", 1.5),
        lambda m: m.image("i", picture(3, 4, 5)),
        lambda m: m.text("t", "x"),
        lambda m: m.histogram("h", picture(50), [0, 0.5, 1]),
        lambda m: m.mesh("m", CORNERS, None, None),
        lambda m: m.pr_curve("p", LABELS, SCORES, 9),
    ):
        assert call(s).SerializeToString() == call(summary).SerializeToString()


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_what_is_not_finite_is_said_in_the_log_that_programs_silence_by_name(caplog, bad):
    from tensorboardX import x2num as other

    from introspect.compat.tensorboardx import x2num as mine

    for module in (other, mine):
        module.make_np(np.array([1.0, bad]))
    first, second = caplog.record_tuples
    assert first == second
    assert first[0] == "tensorboardX.x2num"
