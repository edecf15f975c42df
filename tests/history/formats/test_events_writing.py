"""What a history writes, as TensorBoard's own protos and readers see it."""

import io
import math
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from introspect import History
from introspect.errors import HistoryError, IntrospectWarning
from introspect.history.blocks import Block
from introspect.history.formats.events import EventSink, read_events
from introspect.history.formats.events.checksum import crc32c, crc32c_rows
from introspect.history.formats.events.proto import fields, framed, framed_rows, signed, varint
from introspect.history.formats.events.rows import Rows, encoded_rows, merged_rows
from introspect.nouns.sketch import Sketch
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

INT64 = st.integers(-(1 << 63), (1 << 63) - 1)


def protos_in(path):
    """The events of a file, by TensorBoard's record reader and protos, nothing migrated."""
    from tensorboard.backend.event_processing.event_file_loader import RawEventFileLoader
    from tensorboard.compat.proto.event_pb2 import Event

    return [Event.FromString(record) for record in RawEventFileLoader(str(path)).Load()]


def event_files_in(folder):
    return sorted(path for path in folder.glob("events.out.tfevents.*"))


def written(folder, **values):
    """The values of one step that a history wrote, by tag, as protos."""
    with History(tensorboard=folder) as history:
        history.log(3, **values)
    (path,) = event_files_in(folder)
    found = {}
    for event in protos_in(path):
        for value in event.summary.value:
            assert event.step == 3
            found[value.tag] = value
    return found


def plugin_of(value):
    return value.metadata.plugin_data.plugin_name


def accumulated(folder, **guidance):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    sizes = {"scalars": 0, "tensors": 0, "images": 0, "histograms": 0, "audio": 0}
    return EventAccumulator(str(folder), size_guidance=sizes | guidance).Reload()


def multiplexed(folder):
    """As a running TensorBoard reads it: migrated to tensors."""
    from tensorboard.backend.event_processing.plugin_event_accumulator import EventAccumulator

    return EventAccumulator(str(folder), tensor_size_guidance={}).Reload()


# --------------------------------------------------------------------------- bytes


@given(st.binary(max_size=3000))
def test_a_checksum_is_that_of_the_definition_whatever_the_length(content):
    state = 0xFFFFFFFF
    for byte in content:
        state ^= byte
        for _ in range(8):
            state = state >> 1 ^ (0x82F63B78 if state & 1 else 0)
    assert crc32c(content) == state ^ 0xFFFFFFFF
    rows = np.frombuffer(content * 3, np.uint8).reshape(3, -1)
    assert crc32c_rows(rows).tolist() == [state ^ 0xFFFFFFFF] * 3


def test_checksums_of_different_long_rows_are_those_of_each():
    rows = np.random.default_rng(0).integers(0, 256, (5, 4099), np.uint8)
    assert crc32c_rows(rows).tolist() == [crc32c(row.tobytes()) for row in rows]


@given(st.binary(max_size=200))
def test_rows_are_framed_as_tensorboards_writer_frames_records(record):
    from tensorboard.summary.writer.record_writer import RecordWriter

    stream = io.BytesIO()
    for _ in range(2):
        RecordWriter(stream).write(record)
    assert framed(record) * 2 == stream.getvalue()
    rows = np.frombuffer(record * 2, np.uint8).reshape(2, len(record))
    assert framed_rows(rows) == stream.getvalue()


@given(INT64)
def test_a_number_is_written_as_protobuf_writes_it(number):
    from tensorboard.compat.proto.event_pb2 import Event

    content = Event(step=number).SerializeToString()
    assert content == (b"\x10" + varint(number) if number else b"")
    assert [signed(value) for _, _, value in fields(content)] == ([number] if number else [])


@given(st.binary(max_size=60))
def test_any_bytes_are_a_message_or_a_value_error(content):
    try:
        assert sum(1 for _ in fields(content)) <= len(content)
    except ValueError as error:
        assert str(error)  # noqa: PT017  either is right


@given(
    st.lists(st.tuples(INT64, st.floats(width=32)), min_size=1, max_size=20),
    st.booleans(),
    st.lists(st.text(min_size=1, max_size=8), min_size=1, max_size=3, unique=True),
)
def test_rows_become_the_events_that_protobuf_would_write(table, exact, tags):
    from tensorboard.backend.event_processing.event_file_loader import RawEventFileLoader  # noqa: F401
    from tensorboard.compat.proto.event_pb2 import Event

    steps = np.array([step for step, _ in table], np.int64)
    values = np.array([[value] * len(tags) for _, value in table])
    times = np.arange(len(table)) + 1.7e9
    data = encoded_rows(
        [Rows(tuple(tags), np.arange(len(steps)), steps, times, values)], exact=exact
    )
    for (step, value), time_s in zip(table, times, strict=True):
        (size,) = struct.unpack_from("<Q", data)
        record, data = data[12 : 12 + size], data[16 + size :]
        event = Event.FromString(record)
        assert (event.step, event.wall_time) == (step, time_s)
        assert [one.tag for one in event.summary.value] == list(tags)
        for one in event.summary.value:
            assert one.WhichOneof("value") == "simple_value"
            assert struct.pack("<f", one.simple_value) == struct.pack("<f", value) or math.isnan(
                value
            )
    assert not data


def test_events_of_one_step_are_one_and_others_stay_as_they_are():
    steps = np.arange(5)
    one = Rows(("a",), 10 * steps, steps, steps + 0.5, np.ones((5, 1)))
    later = steps[2:] + 1
    two = Rows(("b",), 10 * later + 1, later, later + 0.5, np.ones((3, 1)))
    found = [(rows.tags, rows.steps.tolist()) for rows in merged_rows([one, two])]
    assert sorted(found) == [(("a",), [0, 1, 2]), (("a", "b"), [3, 4]), (("b",), [5])]


def test_what_was_logged_again_in_between_is_not_put_together():
    steps = np.arange(3)
    one = Rows(("a",), 10 * steps, steps, steps + 0.5, np.ones((3, 1)))
    late = Rows(("b",), 10 * steps + 15, steps, steps + 1.5, np.ones((3, 1)))
    found = [(rows.tags, rows.steps.tolist()) for rows in merged_rows([one, late])]
    assert sorted(found) == [(("a",), [0, 1]), (("a", "b"), [2]), (("b",), [0, 1])]


@settings(deadline=None, max_examples=60)
@given(
    calls=st.lists(
        st.tuples(st.integers(0, 6), st.sets(st.sampled_from("abc"), min_size=1), st.booleans()),
        min_size=1,
        max_size=40,
    ),
    is_pair=st.booleans(),
)
def test_each_tag_stands_in_the_file_in_the_order_in_which_it_was_logged(
    calls, is_pair, tmp_path_factory
):
    folder, truth = tmp_path_factory.mktemp("run"), {}
    with History(tensorboard=folder) as history:
        for number, (step, keys, is_flushed) in enumerate(calls):
            at = (step // 3, step) if is_pair else step
            history.log(at, **dict.fromkeys(sorted(keys), float(number)))
            for key in keys:
                truth.setdefault(key, []).append(float(number))
            if is_flushed:
                history.flush()
    found = {}
    for key, _, _, value in read_events(folder):
        found.setdefault(key, []).append(value)
    assert found == truth


# --------------------------------------------------------------------------- scalars


def test_one_event_a_step_holds_all_its_scalars(tmp_path):
    with History(tensorboard=tmp_path) as history:
        for step in range(300):
            history.log(step, loss=1 / (1 + step), acc=step)
            history.log(step, lr=0.1)
    (path,) = event_files_in(tmp_path)
    events = protos_in(path)
    assert events[0].file_version == "brain.Event:2"
    assert events[0].source_metadata.writer == "introspect"
    assert path.name.endswith(".introspect")
    tags = [[value.tag for value in event.summary.value] for event in events[1:]]
    assert sum(map(len, tags)) == 900
    assert tags.count(["loss", "acc", "lr"]) >= 290  # but for a step that a flush cut in two
    scalars = accumulated(tmp_path).Scalars("loss")
    assert [event.step for event in scalars] == list(range(300))
    assert [event.value for event in scalars] == [
        float(np.float32(1 / (1 + step))) for step in range(300)
    ]
    assert np.allclose([e.wall_time for e in scalars], history["loss"].times, atol=1e-3)


def test_nan_infinities_and_the_ends_of_int64_come_through(tmp_path):
    numbers = {-(1 << 63): math.nan, -1: math.inf, 0: -math.inf, (1 << 63) - 1: 1e300}
    with History(tensorboard=tmp_path) as history:
        for step, number in numbers.items():
            history.log(step, loss=number)
    found = {event.step: event.value for event in accumulated(tmp_path).Scalars("loss")}
    assert math.isnan(found.pop(-(1 << 63)))
    assert found == {-1: math.inf, 0: -math.inf, (1 << 63) - 1: math.inf}


def test_steps_of_two_parts_are_numbered_in_the_order_of_logging(tmp_path):
    with History(tensorboard=tmp_path) as history:
        for epoch in range(2):
            for step in (100, 200):
                history.log((epoch, step), loss=epoch + step)
            history.log((epoch, 200), text=Text("end"))
    scalars = accumulated(tmp_path).Scalars("loss")
    assert [(event.step, event.value) for event in scalars] == [
        (0, 100), (1, 200), (2, 101), (3, 201),
    ]  # fmt: skip
    read = [(key, step) for key, step, _, _ in read_events(tmp_path) if key == "text"]
    assert read == [("text", (0, 200)), ("text", (1, 200))]


def test_numbering_goes_on_after_a_resume_and_a_rewind_hides(tmp_path):
    with History(tmp_path, tensorboard=True, facts=False) as history:
        for step in range(6):
            history.log((0, step), loss=float(step))
    with History(tmp_path, tensorboard=True, resume=True, facts=False) as history:
        history.rewind((0, 4))
        history.log((0, 4), loss=40.0)
        history.log((0, 5), loss=50.0)
    scalars = accumulated(tmp_path).Scalars("loss")
    assert [(event.step, event.value) for event in scalars] == [
        (0, 0), (1, 1), (2, 2), (3, 3), (4, 40), (5, 50),
    ]  # fmt: skip
    assert History.open(tmp_path)["loss"].data.tolist() == [0, 1, 2, 3, 40, 50]


def test_a_new_attempt_hides_the_one_before_as_the_history_does(tmp_path):
    for number in (1.0, 2.0):
        with History(tmp_path, tensorboard=True, facts=False) as history:
            for step in range(int(4 / number)):
                history.log(step, loss=number)
    assert [event.value for event in accumulated(tmp_path).Scalars("loss")] == [2.0, 2.0]
    starts = [
        e for path in event_files_in(tmp_path) for e in protos_in(path) if e.HasField("session_log")
    ]
    assert [(event.session_log.status, event.step) for event in starts] == [(1, -(1 << 63))]


def test_a_rewind_is_the_session_start_that_torch_writes_for_purge_step(tmp_path):
    writer = pytest.importorskip("torch.utils.tensorboard", reason="torch's writer is the peer")
    with writer.SummaryWriter(str(tmp_path / "torch"), purge_step=7):
        pass
    (theirs,) = [
        e
        for p in event_files_in(tmp_path / "torch")
        for e in protos_in(p)
        if e.HasField("session_log")
    ]
    history = History(tensorboard=tmp_path / "ours")
    history.log(9, loss=1.0)
    history.rewind(7)
    history.close()
    (ours,) = [
        e
        for p in event_files_in(tmp_path / "ours")
        for e in protos_in(p)
        if e.HasField("session_log")
    ]
    assert (ours.step, ours.session_log) == (theirs.step, theirs.session_log)


# --------------------------------------------------------------------------- other values


def test_pictures_are_png_files_with_their_size(tmp_path):
    from PIL import Image as Pillow

    pixels = np.random.default_rng(0).integers(0, 256, (3, 5, 7), np.uint8)
    found = written(tmp_path, rgb=Image.of(pixels), grey=Image.of(pixels[0], caption="a grey one"))
    rgb = found["rgb"].image
    assert (rgb.width, rgb.height, rgb.colorspace) == (7, 5, 3)
    shown = np.array(Pillow.open(io.BytesIO(rgb.encoded_image_string)))
    assert np.array_equal(shown, pixels.transpose(1, 2, 0))
    assert np.array_equal(
        np.array(Pillow.open(io.BytesIO(found["grey"].image.encoded_image_string))), pixels[0]
    )
    assert found["grey"].metadata.summary_description == "a grey one"


def test_a_colour_map_is_applied(tmp_path):
    from matplotlib import colormaps
    from PIL import Image as Pillow

    found = written(tmp_path, heat=Image.of(np.array([[0, 255]], np.uint8), cmap="viridis"))
    shown = np.array(Pillow.open(io.BytesIO(found["heat"].image.encoded_image_string)))
    assert shown[0].tolist() == [list(colormaps["viridis"](x, bytes=True)[:3]) for x in (0, 255)]


def test_images_are_samples_of_one_series_and_all_of_one_size(tmp_path):
    batch = Images.of([np.zeros((4, 4), np.uint8), np.zeros((2, 6), np.uint8)])
    value = written(tmp_path, batch=batch)["batch"]
    assert plugin_of(value) == "images"
    width, height, *files = value.tensor.string_val
    assert (width, height, len(files)) == (b"6", b"4", 2)
    assert all(file.startswith(b"\x89PNG") for file in files)


def test_a_video_is_a_gif_that_plays(tmp_path):
    from PIL import Image as Pillow

    frames = np.zeros((3, 14, 15, 3), np.uint8)
    frames[1], frames[2] = 128, 255
    value = written(tmp_path, film=Video.of(frames, fps=5))["film"]
    assert value.image.encoded_image_string.startswith(b"GIF89a")
    with Pillow.open(io.BytesIO(value.image.encoded_image_string)) as gif:
        assert (gif.n_frames, gif.size) == (3, (15, 14))


def test_a_figure_is_the_png_that_it_is(tmp_path):
    from matplotlib.figure import Figure

    figure = Figure(figsize=(2, 1), dpi=50)
    figure.subplots().plot([0, 1])
    value = written(tmp_path, plot=figure)["plot"]
    assert (value.image.width, value.image.height) == (100, 50)
    assert value.image.encoded_image_string.startswith(b"\x89PNG")


def test_audio_equals_torchs_proto(tmp_path):
    summary = pytest.importorskip("torch.utils.tensorboard.summary", reason="torch is the peer")
    wave = np.sin(np.linspace(0, 30, 500)).astype(np.float32)
    ours = written(tmp_path, tone=Audio.of(wave, rate_hz=8000))["tone"].audio
    theirs = summary.audio("tone", wave[None], sample_rate=8000).value[0].audio
    for name in ("sample_rate", "num_channels", "length_frames", "content_type"):
        assert getattr(ours, name) == getattr(theirs, name)
    mine, other = (np.frombuffer(a.encoded_audio_string[44:], "<i2") for a in (ours, theirs))
    assert np.abs(mine.astype(int) - other.astype(int)).max() <= 1  # they cut, we round


def test_text_equals_torchs_proto_but_for_the_suffix_of_its_tag(tmp_path):
    summary = pytest.importorskip("torch.utils.tensorboard.summary", reason="torch is the peer")
    ours = written(tmp_path, note=Text("# Größe\n* eins"))["note"]
    theirs = summary.text("note", "# Größe\n* eins").value[0]
    theirs.tag = "note"
    assert ours == theirs


def test_a_pr_curve_equals_torchs_proto(tmp_path):
    summary = pytest.importorskip("torch.utils.tensorboard.summary", reason="torch is the peer")
    from tensorboard.util import tensor_util

    rng = np.random.default_rng(0)
    labels, scores = rng.integers(0, 2, 200), rng.random(200)
    ours = written(tmp_path, pr=PRCurve.of(labels, scores, thresholds=127))["pr"]
    theirs = summary.pr_curve("pr", labels, scores, 127).value[0]
    assert ours.metadata == theirs.metadata
    assert np.allclose(*(tensor_util.make_ndarray(v.tensor) for v in (ours, theirs)), rtol=1e-6)


def test_a_mesh_equals_torchs_protos(tmp_path):
    summary = pytest.importorskip("torch.utils.tensorboard.summary", reason="torch is the peer")
    from tensorboard.util import tensor_util

    rng = np.random.default_rng(0)
    vertices = rng.random((1, 4, 3), np.float32)
    colors, faces = rng.integers(0, 256, (1, 4, 3), np.uint8), np.array([[[0, 1, 2]]], np.int32)
    ours = written(tmp_path, net=Mesh.of(vertices, colors=colors, faces=faces))
    theirs = summary.mesh(
        "net", vertices, colors.astype(np.float32), faces.astype(np.float32), None
    )
    assert set(ours) == {value.tag for value in theirs.value}
    for value in theirs.value:
        mine = ours[value.tag]
        assert mine.metadata == value.metadata
        arrays = [tensor_util.make_ndarray(v.tensor) for v in (mine, value)]
        assert np.array_equal(*arrays)


def test_a_histogram_equals_torchs_proto_where_its_edges_are_the_same(tmp_path):
    summary = pytest.importorskip("torch.utils.tensorboard.summary", reason="torch is the peer")
    data = np.random.default_rng(0).normal(size=500)
    ours = written(tmp_path, weights=Histogram.of(data, bins=20))["weights"].histo
    theirs = summary.histogram("weights", data, bins=20).value[0].histo
    assert list(ours.bucket_limit) == list(theirs.bucket_limit)
    assert list(ours.bucket) == list(theirs.bucket)
    for name in ("min", "max", "num", "sum", "sum_squares"):
        assert getattr(ours, name) == pytest.approx(getattr(theirs, name), rel=1e-12)


@settings(deadline=None)
@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=50))
def test_a_sketch_loses_no_value_and_no_bucket_goes_back(numbers):
    from introspect.history.formats.events.showing import _limits

    limits, counts = _limits(Sketch.of(numbers))
    assert counts.sum() == len(numbers)
    assert (np.diff(limits) >= 0).all()
    if len(set(np.float32(numbers))) > 2:
        filled = np.flatnonzero(counts)
        assert (limits[filled] > limits[filled - 1]).all()  # a bucket of no width is not drawn


def test_arrays_and_sketches_are_histograms_that_tensorboard_can_migrate(tmp_path):
    data = np.random.default_rng(0).normal(size=(100, 10)).astype(np.float32)
    data[0, :5] = [np.nan, np.inf, 0, 0, 0]
    found = written(tmp_path, a=data, b=Sketch.of(data), empty=np.empty(0), many=np.arange(4))
    assert found["a"].histo == found["b"].histo
    assert found["a"].histo.num == 998
    assert found["a"].histo.sum == pytest.approx(data[np.isfinite(data)].sum(), rel=1e-4)
    from tensorboard.util import tensor_util

    events = multiplexed(tmp_path)
    buckets = tensor_util.make_ndarray(events.Tensors("a")[0].tensor_proto)
    assert buckets[:, 2].sum() == 998
    assert (buckets[:, 0] <= buckets[:, 1]).all()
    assert tensor_util.make_ndarray(events.Tensors("empty")[0].tensor_proto).shape == (0, 3)


def test_tables_and_confusion_matrices_are_markdown_and_a_heat_map(tmp_path):
    matrix = ConfusionMatrix.of([0, 1, 1], [0, 1, 0], labels=["a|b", "dog"])
    found = written(tmp_path, table=Table.of([[1, None]], columns=["x", "y"]), matrix=matrix)
    assert found["table"].tensor.string_val[0].decode().splitlines()[0] == "| x | y |"
    text = found["matrix (text)"].tensor.string_val[0].decode()
    assert "| **a\\|b** | 1 | 0 |" in text
    heat = found["matrix"]
    assert heat.image.width == heat.image.height >= 320


def test_all_embeddings_of_all_steps_are_listed_in_the_projector(tmp_path):
    from google.protobuf import text_format
    from PIL import Image as Pillow
    from tensorboard.plugins.projector.projector_config_pb2 import ProjectorConfig

    vectors = np.random.default_rng(0).random((5, 3), np.float32)
    labels = [["cat\ttab", "1"], ["", "2"], ["c", "3"], ["d", "4"], ["é🙂", "5"]]
    pictures = np.arange(5 * 2 * 4, dtype=np.uint8).reshape(5, 2, 4, 1)
    with History(tensorboard=tmp_path) as history:
        for step in range(3):
            history.log(
                step,
                **{
                    '../lat"ent/🙂': Embedding.of(
                        vectors + step, labels=labels, columns=["name", "n"], thumbnails=pictures
                    )
                },
            )
        history.log((1, 2), plain=Embedding.of(vectors, labels=list("abcde")))
        history.log((1, 2), plain=Embedding.of(vectors + 1, labels=list("abcde")))
    config = ProjectorConfig()
    text_format.Parse((tmp_path / "projector_config.pbtxt").read_text("utf-8"), config)
    assert [info.tensor_name for info in config.embeddings] == [
        '../lat"ent/🙂:0', '../lat"ent/🙂:1', '../lat"ent/🙂:2', "plain:1:2",
    ]  # fmt: skip
    for step, info in enumerate(config.embeddings[:3]):
        place = (tmp_path / info.tensor_path).resolve()
        assert place.is_relative_to(tmp_path.resolve())
        table = np.loadtxt(place, dtype=np.float32, delimiter="\t")
        assert np.array_equal(table, vectors + step)
        lines = (tmp_path / info.metadata_path).read_text("utf-8").splitlines()
        assert lines == ["name\tn", "cat tab\t1", "-\t2", "c\t3", "d\t4", "é🙂\t5"]
        assert list(info.sprite.single_image_dim) == [4, 2]
        sprite = np.array(Pillow.open(tmp_path / info.sprite.image_path))
        assert sprite.shape == (6, 12)
        assert np.array_equal(sprite[2:4, 4:8], pictures[4, :, :, 0])
    last = config.embeddings[3]
    table = np.loadtxt(tmp_path / last.tensor_path, dtype=np.float32, delimiter="\t")
    assert np.array_equal(table, vectors + 1)  # logged again: the later one counts


def test_a_graph_is_on_the_graph_tab(tmp_path):
    torch = pytest.importorskip("torch", reason="a graph is traced with torch")
    import introspect

    graph = introspect.trace(torch.nn.Linear(2, 3), torch.zeros(1, 2))
    with History(tensorboard=tmp_path) as history:
        history.log(0, model=graph)
    from tensorboard.compat.proto.graph_pb2 import GraphDef

    (path,) = event_files_in(tmp_path)
    (found,) = [GraphDef.FromString(e.graph_def) for e in protos_in(path) if e.graph_def]
    assert any(node.name.endswith("linear") for node in found.node)


def test_one_key_of_two_kinds_is_two_tags(tmp_path):
    found = written(tmp_path, mixed=1.0)
    assert list(found) == ["mixed"]
    with History(tensorboard=tmp_path / "b") as history:
        history.log(0, mixed=1.0)
        history.flush()
        history.log(1, mixed=Text("two"))
    tensors = multiplexed(tmp_path / "b")
    assert sorted(tensors.Tags()["tensors"]) == ["mixed", "mixed (text)"]


def test_a_value_that_no_tab_shows_is_told_once_and_kept_in_the_run(tmp_path):
    history = History(tmp_path, tensorboard=True, facts=False)
    for step in range(3):
        history.log(step, none=Images.of([]), loss=1.0)
    with pytest.warns(IntrospectWarning, match="not in TensorBoard's files") as told:
        history.close()
    assert len([w for w in told if "TensorBoard" in str(w.message)]) == 1
    assert "where  history.log(..., none=...)" in str(told[0].message)
    assert len(History.open(tmp_path)["none"]) == 3
    assert len(accumulated(tmp_path).Scalars("loss")) == 3


def test_names_that_are_hostile_come_through(tmp_path):
    names = ["../../x", "/abs", "nul\0", "x" * 300, "🙂", "a\ud800b", "</script>", "A", "a"]
    with History(tensorboard=tmp_path) as history:
        history.log(0, **dict.fromkeys(names, 1.0))
    expected = {name.encode("utf-8", "backslashreplace").decode() for name in names}
    assert set(accumulated(tmp_path).Tags()["scalars"]) == expected
    assert [path.parent for path in tmp_path.rglob("*")] == [tmp_path]


# --------------------------------------------------------------------------- hyper-parameters


def hparams_in(folder):
    """As TensorBoard's plugin finds them: in the first metadata of the tag."""
    from tensorboard.plugins.hparams import metadata

    content = multiplexed(folder).PluginTagToContent("hparams")
    info = metadata.parse_session_start_info_plugin_data(content[metadata.SESSION_START_INFO_TAG])
    return {name: getattr(v, v.WhichOneof("kind")) for name, v in info.hparams.items()}, content


def test_hyper_parameters_equal_torchs_and_nested_ones_have_dots(tmp_path):
    summary = pytest.importorskip("torch.utils.tensorboard.summary", reason="torch is the peer")
    config = {"lr": 0.1, "bs": 32, "name": "Größe", "bias": True, "off": False, "zero": 0}
    history = History(tmp_path, tensorboard=True, facts=False, config=config)
    history.log(0, loss=1.0)
    history.close()
    found, content = hparams_in(tmp_path)
    _, start, _ = summary.hparams(config, {})
    from tensorboard.plugins.hparams import metadata

    theirs = metadata.parse_session_start_info_plugin_data(
        start.value[0].metadata.plugin_data.content
    )
    assert found == {n: getattr(v, v.WhichOneof("kind")) for n, v in theirs.hparams.items()}
    end = metadata.parse_session_end_info_plugin_data(content[metadata.SESSION_END_INFO_TAG])
    assert end.status == 1


def test_hyper_parameters_that_are_told_or_changed_later_are_the_ones_shown(tmp_path):
    history = History(tmp_path, tensorboard=True, facts=False)
    history.log(0, loss=1.0)
    history.flush()
    history.config.update(lr=0.1, net={"depth": 3, "sizes": [1, 2]})
    history.flush()
    assert hparams_in(tmp_path)[0] == {"lr": 0.1, "net.depth": 3, "net.sizes": "[1, 2]"}
    history.config["lr"] = 0.2
    history.close()
    assert hparams_in(tmp_path)[0]["lr"] == 0.2
    with History(tmp_path, tensorboard=True, facts=False, resume=True, config={"bs": 8}) as again:
        again.log(1, loss=0.5)
    assert hparams_in(tmp_path)[0] == {"lr": 0.2, "net.depth": 3, "net.sizes": "[1, 2]", "bs": 8}
    with History(tmp_path, tensorboard=True, facts=False, config={"lr": 9.0}) as new:
        new.log(1, loss=0.5)
    assert hparams_in(tmp_path)[0] == {"lr": 9.0}


# --------------------------------------------------------------------------- faults


def test_true_without_a_folder_says_what_to_do():
    with pytest.raises(HistoryError, match="tensorboard=True means the run folder") as error:
        History(tensorboard=True)
    assert "tensorboard='another/folder'" in str(error.value)


def test_a_full_disk_loses_nothing_and_leaves_no_half_event(tmp_path, monkeypatch):
    from introspect.history.formats.events import file

    real, room = file.os.write, [100]

    def scarce(descriptor, data):
        if not room[0]:
            raise OSError(28, "No space left on device")
        part = bytes(data)[: room[0]]
        room[0] -= len(part)
        return real(descriptor, part)

    sink = EventSink(tmp_path)
    block = Block(("loss",), np.arange(10), np.arange(10), np.ones((10, 1)), 0)
    monkeypatch.setattr(file.os, "write", scarce)
    sink.write([block], [])
    with pytest.raises(OSError, match="No space left"):
        sink.flush()
    (path,) = event_files_in(tmp_path)
    assert len(protos_in(path)) <= 1
    room[0] = 1 << 20
    sink.close()
    assert len(protos_in(path)) == 11


def test_a_deleted_file_is_begun_again(tmp_path):
    history = History(tensorboard=tmp_path)
    history.log(0, loss=1.0)
    history.flush()
    for path in event_files_in(tmp_path):
        path.unlink()
    history.log(1, loss=2.0)
    history.close()
    assert [event.step for event in accumulated(tmp_path).Scalars("loss")] == [1]


def test_a_closed_history_that_logs_on_goes_on_in_its_file(tmp_path):
    history = History(tensorboard=tmp_path)
    for step in range(3):
        history.log(step, loss=1.0)
        history.close()
    assert len(event_files_in(tmp_path)) == 1
    assert len(accumulated(tmp_path).Scalars("loss")) == 3


def test_a_rank_writes_to_a_folder_of_its_own(tmp_path, monkeypatch):
    monkeypatch.setenv("RANK", "2")
    with History(tmp_path, tensorboard=True, facts=False) as history:
        history.log(0, loss=1.0)
    assert [path.parent.name for path in tmp_path.rglob("*tfevents*")] == ["rank-2"]


def test_nothing_is_encoded_in_the_thread_that_trains(tmp_path, monkeypatch):
    import threading
    import time

    threads, real = set(), EventSink.write

    def noted(self, blocks, cells):
        threads.add(threading.current_thread())
        real(self, blocks, cells)

    monkeypatch.setattr(EventSink, "write", noted)
    history = History(tensorboard=tmp_path)
    for step in range(10):
        history.log(step, loss=1.0, image=Image.of(np.zeros((8, 8))))
    for _ in range(100):
        if threads:
            break
        time.sleep(0.05)
    assert threads
    assert threading.current_thread() not in threads
    history.close()
