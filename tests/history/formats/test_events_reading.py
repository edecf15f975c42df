"""Event files of other writers, damaged ones and hostile ones, to values and runs, and back."""

import io
import math
import random
import resource
import struct
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from introspect import History
from introspect.errors import DataError
from introspect.history.formats.events import export_events, import_events, read_events
from introspect.history.formats.events.decoding import event_of
from introspect.history.formats.events.messages import event, nanoseconds, seconds, simple, summary
from introspect.history.formats.events.messages import value as message
from introspect.history.formats.events.proto import framed
from introspect.history.formats.events.records import Found
from introspect.history.formats.events.rows import Rows, encoded_rows
from introspect.history.formats.events.tensors import tensor_of
from introspect.values import Audio, Histogram, Image, Images, Mesh, PRCurve, Text, Video


def event_path(folder, data, name="events.out.tfevents.1"):
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_bytes(data)
    return path


def some_events(count=50):
    """Framed events of one scalar, and where each begins and ends."""
    parts = [
        framed(event(1.7e9 + step, step, summary([message("loss", simple(step / 4))])))
        for step in range(count)
    ]
    return parts, np.cumsum([0, *map(len, parts)]).tolist()


def torch_writer(path, **options):
    module = pytest.importorskip("torch.utils.tensorboard", reason="torch's writer is the peer")
    pytest.importorskip("tensorboard", reason="the extra tensorboard is not installed")
    return module.SummaryWriter(str(path), **options)


def scalars_in(folder):
    """Tag to (step, wall time, value), by TensorBoard's own reader."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(folder), size_guidance={"scalars": 0}).Reload()
    return {
        tag: [(e.step, e.wall_time, e.value) for e in events.Scalars(tag)]
        for tag in events.Tags()["scalars"]
    }


# --------------------------------------------------------------------------- other writers


@pytest.mark.parametrize("is_new", [False, True])
def test_scalars_of_torch_are_those_that_tensorboard_reads(tmp_path, is_new):
    rng = random.Random(0)  # noqa: S311  no secret
    steps = [0, 1, 127, 128, 20_000, 1 << 40, -1, 5, 5]
    with torch_writer(tmp_path) as writer:
        for step in steps:
            for tag in ("loss", "acc", "a/longer/name"):
                writer.add_scalar(tag, rng.random(), step, new_style=is_new)
    found = {}
    for key, step, time_s, number in read_events(tmp_path):
        found.setdefault(key, []).append((step, time_s, number))
    if is_new:
        from tensorboard.backend.event_processing.plugin_event_accumulator import EventAccumulator
        from tensorboard.util import tensor_util

        events = EventAccumulator(str(tmp_path), tensor_size_guidance={"scalars": 0}).Reload()
        theirs = {
            tag: [
                (e.step, e.wall_time, tensor_util.make_ndarray(e.tensor_proto).item())
                for e in events.Tensors(tag)
            ]
            for tag in events.Tags()["tensors"]
        }
    else:
        theirs = scalars_in(tmp_path)
    assert found == theirs
    assert list(found) == ["loss", "acc", "a/longer/name"]


def test_tensorboardx_is_read(tmp_path):
    module = pytest.importorskip("tensorboardX", reason="tensorboardX is the peer")
    pytest.importorskip("tensorboard", reason="the extra tensorboard is not installed")
    with module.SummaryWriter(str(tmp_path)) as writer:
        for step in range(300):
            writer.add_scalar("loss", step / 3, step)
        writer.add_text("words", "hello", 1)
        writer.add_image("picture", np.zeros((3, 4, 5), np.uint8), 2)
    found = list(read_events(tmp_path))
    assert [(s, v) for k, s, _, v in found if k == "loss"] == [
        (e[0], e[2]) for e in scalars_in(tmp_path)["loss"]
    ]
    others = {key: value for key, _, _, value in found if key != "loss"}
    assert others["words/text_summary"] == Text("hello")
    assert others["picture"].pixels.shape == (4, 5, 3)


def test_tensorboards_own_protos_of_every_form_are_read(tmp_path):
    pytest.importorskip("tensorboard", reason="the extra tensorboard is not installed")
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import Summary
    from tensorboard.plugins.scalar import metadata
    from tensorboard.util import tensor_util

    meta = metadata.create_summary_metadata(display_name="shown", description="")
    arrays = [np.float32(0.5), np.float64(0.1), np.int64(7), np.arange(6).reshape(2, 3), True]
    values = [
        Summary.Value(tag=f"t{i}", tensor=tensor_util.make_tensor_proto(array), metadata=meta)
        for i, array in enumerate(arrays)
    ]
    data = b"".join(
        framed(Event(wall_time=1.5, step=i, summary=Summary(value=[v])).SerializeToString())
        for i, v in enumerate(values)
    )
    found = [value for _, _, _, value in read_events(event_path(tmp_path, data))]
    assert found[:3] == [0.5, 0.1, 7.0]
    assert found[3].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert found[4] == 1.0


@pytest.mark.parametrize(
    "name",
    "float16 float32 float64 int8 int16 int32 int64 uint8 uint16 uint32 uint64 bool complex64 "
    "complex128".split(),
)
def test_tensors_of_every_dtype_equal_tensorboards(name):
    tensor_util = pytest.importorskip("tensorboard.util.tensor_util", reason="the peer")
    array = np.array([[0, 1, 2], [3, 100, 1]]).astype(name)
    from tensorboard.compat.proto.tensor_pb2 import TensorProto
    from tensorboard.compat.tensorflow_stub import dtypes

    listed = tensor_util.make_tensor_proto(array).SerializeToString()
    kind = dtypes.as_dtype(array.dtype).as_datatype_enum
    packed = TensorProto(dtype=kind, tensor_content=array.tobytes())
    packed.tensor_shape.CopyFrom(tensor_util.make_tensor_proto(array).tensor_shape)
    for content in (listed, packed.SerializeToString()):
        found = tensor_of(content)
        assert found.dtype == array.dtype
        assert np.array_equal(found, array)


def test_small_floats_are_those_of_torch():
    torch = pytest.importorskip("torch", reason="torch is the truth")
    from introspect.history.formats.events.messages import bytes_field, int_field

    for code, dtype in ((14, torch.bfloat16), (24, torch.float8_e5m2), (25, torch.float8_e4m3fn)):
        bits = torch.arange(256, dtype=torch.uint8)
        if code == 14:
            bits = (torch.arange(256, dtype=torch.int32) * 257).to(torch.uint16)
        true = bits.view(dtype).float().numpy()
        shape = bytes_field(2, bytes_field(2, int_field(1, 256)))
        found = tensor_of(int_field(1, code) + shape + bytes_field(4, bits.numpy().tobytes()))
        assert np.array_equal(found, true, equal_nan=True)


def everything(folder):
    """A run of torch's writer with one value of each kind."""
    rng = np.random.default_rng(0)
    with torch_writer(folder) as writer:
        for step in range(200):
            writer.add_scalar("loss", 1 / (1 + step), step)
        writer.add_scalar("new/double", 0.1, 3, new_style=True, double_precision=True)
        writer.add_histogram("weights", rng.normal(size=300), 4)
        writer.add_image("picture", rng.integers(0, 256, (3, 6, 7), np.uint8), 5)
        writer.add_audio("tone", np.sin(np.linspace(0, 9, 400)).astype(np.float32), 6)
        writer.add_text("words", "# hello\n* one", 7)
        writer.add_pr_curve("pr", rng.integers(0, 2, 50), rng.random(50), 8)
        writer.add_mesh(
            "net",
            rng.random((1, 5, 3), np.float32),
            colors=rng.integers(0, 256, (1, 5, 3)),
            global_step=9,
        )
        writer.add_mesh("two", rng.random((2, 5, 3), np.float32), global_step=9)
        writer.add_custom_scalars({"all": {"loss": ["Multiline", ["loss"]]}})
        writer.add_hparams({"lr": 0.1, "on": True}, {"best": 0.5}, run_name="trial")
        writer.add_scalars("group", {"a": 1.0, "b": 2.0}, 10)


def messages_in(folder):
    """What TensorBoard's reader makes of a folder: (tag, step) to metadata and content."""
    from tensorboard.backend.event_processing.event_file_loader import EventFileLoader

    found = {}
    for path in sorted(folder.glob("*tfevents*")):
        for one in EventFileLoader(str(path)).Load():
            for value in one.summary.value:
                found.setdefault((value.tag, one.step), []).append((one.wall_time, value))
    return found


def test_everything_that_torch_writes_comes_back_from_an_export(tmp_path):
    from PIL import Image as Pillow
    from tensorboard.util import tensor_util

    everything(tmp_path / "events")
    report = import_events(tmp_path / "events", tmp_path / "runs")
    assert report.is_clean
    folders = sorted(run.folder.relative_to(tmp_path / "runs").as_posix() for run in report.runs)
    assert folders == [".", "group_a", "group_b", "trial"]
    for name in folders:
        export_events(tmp_path / "runs" / name, tmp_path / "back" / name)
        before, after = (messages_in(tmp_path / place / name) for place in ("events", "back"))
        assert before.keys() == after.keys()
        for place, theirs in before.items():
            for (time_s, value), (our_time_s, ours) in zip(theirs, after[place], strict=True):
                if value.metadata.plugin_data.plugin_name != "hparams":
                    assert our_time_s == pytest.approx(time_s, abs=1e-6)
                assert ours.metadata == value.metadata
                arrays = [tensor_util.make_ndarray(v.tensor) for v in (value, ours)]
                if value.metadata.plugin_data.plugin_name == "images":
                    pictures = [np.array(Pillow.open(io.BytesIO(a[2]))) for a in arrays]
                    assert np.array_equal(*pictures)
                else:
                    assert np.array_equal(*arrays)


def test_what_torch_wrote_can_be_used_as_a_history(tmp_path):
    everything(tmp_path / "events")
    import_events(tmp_path / "events", tmp_path / "runs")
    history = History.open(tmp_path / "runs")
    kinds = {key: type(history[key].last) for key in history}
    assert kinds["loss"] is float
    assert kinds["weights"] is Histogram
    assert kinds["picture"] is Image
    assert kinds["tone"] is Audio
    assert kinds["words/text_summary"] is Text
    assert kinds["pr"] is PRCurve
    assert kinds["net"] is Mesh
    assert history["loss"].data.tolist() == [float(np.float32(1 / (1 + s))) for s in range(200)]
    assert history["new/double"].last == 0.1
    trial = History.open(tmp_path / "runs" / "trial")
    assert dict(trial.config) == {"lr": 0.1, "on": True}
    assert trial["best"].last == 0.5


def test_purge_step_becomes_a_rewind(tmp_path):
    with torch_writer(tmp_path / "events") as writer:
        for step in range(10):
            writer.add_scalar("loss", step, step)
    with torch_writer(tmp_path / "events", purge_step=6, filename_suffix=".again") as writer:
        writer.add_scalar("loss", 60, 6)
    assert len(list(read_events(tmp_path / "events"))) == 11  # nothing is left out
    import_events(tmp_path / "events", tmp_path / "run")
    history = History.open(tmp_path / "run")
    assert history["loss"].steps.tolist() == [e[0] for e in scalars_in(tmp_path / "events")["loss"]]
    assert history["loss"].data.tolist() == [0, 1, 2, 3, 4, 5, 60]


# --------------------------------------------------------------------------- round trips


def test_a_run_comes_back_from_its_export_to_the_last_bit(tmp_path):
    rng = np.random.default_rng(0)
    numbers = [0.1, math.nan, math.inf, -math.inf, 1e300, -0.0, 5e-324, 3.0]
    with History(tmp_path / "run", config={"lr": 0.1}, facts=False) as history:
        for step, number in enumerate(numbers):
            history.log((step // 3, step * 100), loss=number, acc=number, other=float(step))
        history.log(-5, plain=1.0)
        history.log(
            7,
            image=Image.of(rng.random((5, 6))),
            grid=Images.of(rng.random((3, 5, 6))),
            text=Text("Größe"),
            audio=Audio.of(rng.random((2, 50)) - 0.5),
            histogram=Histogram.of(rng.normal(size=50)),
            film=Video.of(rng.integers(0, 256, (4, 1, 6, 20), np.uint8), fps=10),
        )
    before = History.open(tmp_path / "run")
    export_events(before, tmp_path / "events")
    report = import_events(tmp_path / "events", tmp_path / "again")
    assert report.is_clean
    after = History.open(tmp_path / "again")
    assert set(after) == set(before)
    for key in ("loss", "acc", "other", "plain"):
        one, two = before[key], after[key]
        assert one.data.tobytes() == two.data.tobytes()
        assert np.array_equal(one.paired_steps, two.paired_steps)
        assert one.times == pytest.approx(two.times, abs=1e-6)
    assert np.array_equal(before["image"].last.pixels, after["image"].last.pixels)
    pairs = zip(before["grid"].last.images, after["grid"].last.images, strict=True)
    assert all(np.array_equal(one.pixels, two.pixels) for one, two in pairs)
    assert before["text"].last == after["text"].last
    assert np.array_equal(before["audio"].last.samples, after["audio"].last.samples)
    assert np.array_equal(before["histogram"].last.edges, after["histogram"].last.edges)
    assert np.array_equal(before["histogram"].last.counts, after["histogram"].last.counts)
    film = after["film"].last
    assert np.array_equal(film.frames[..., :1], before["film"].last.frames)
    assert dict(after.config) == {"lr": 0.1}


@settings(deadline=None, max_examples=30)
@given(
    st.lists(
        st.tuples(
            st.integers(-(1 << 63), (1 << 63) - 1),
            st.floats(),
            st.sampled_from(["a", "b", "long/name", "é"]),
        ),
        max_size=30,
    )
)
def test_any_scalars_are_read_as_they_were_written(tmp_path_factory, rows):
    data = b"".join(
        framed(event(index + 0.25, step, summary([message(tag, simple(number, exact=True))])))
        for index, (step, number, tag) in enumerate(rows)
    )
    path = event_path(tmp_path_factory.mktemp("any"), data)
    found = list(read_events(path))
    assert [(key, step, time_s) for key, step, time_s, _ in found] == [
        (tag, step, index + 0.25) for index, (step, _, tag) in enumerate(rows)
    ]
    for (*_, number), (_, true, _) in zip(found, rows, strict=True):
        assert number == true or (math.isnan(number) and math.isnan(true))


@given(st.floats(0, 4e9))
def test_a_wall_time_survives_nanoseconds(time_s):
    assert seconds(nanoseconds(time_s)) == pytest.approx(time_s, abs=5e-10)
    if time_s > 1e7:  # before that, a float is finer than a nanosecond
        assert seconds(nanoseconds(time_s)) == time_s


def test_ranks_are_exported_to_folders(tmp_path, monkeypatch):
    for rank in ("0", "1"):
        monkeypatch.setenv("RANK", rank)
        with History(tmp_path / "run", facts=False) as history:
            history.log(0, loss=float(rank))
    export_events(tmp_path / "run", tmp_path / "out")
    found = {
        path.parent.name: [value for *_, value in read_events(path)]
        for path in (tmp_path / "out").rglob("*tfevents*")
    }
    assert found == {"out": [0.0], "rank-1": [1.0]}


# --------------------------------------------------------------------------- damage


def test_every_truncation_is_read_up_to_the_last_whole_event(tmp_path):
    parts, ends = some_events(6)
    data = b"".join(parts)
    for size in range(len(data) + 1):
        found = Found()
        values = [v for *_, v in read_events(event_path(tmp_path, data[:size]), found=found)]
        whole = sum(end <= size for end in ends[1:])
        assert values == [step / 4 for step in range(whole)]
        assert found.cut_bytes == size - ends[whole]
        assert not found.damage


def test_every_flipped_byte_costs_one_event_and_gives_no_wrong_value(tmp_path):
    parts, ends = some_events(6)
    data = b"".join(parts)
    for at in range(len(data)):
        damaged = bytearray(data)
        damaged[at] ^= 0x55
        found = Found()
        values = [v for *_, v in read_events(event_path(tmp_path, bytes(damaged)), found=found)]
        hit = next(i for i, end in enumerate(ends[1:]) if at < end)
        assert values == [step / 4 for step in range(6) if step != hit]
        bad = found.damage or [(ends[-1] - found.cut_bytes, found.cut_bytes)]
        assert bad == [(ends[hit], len(parts[hit]))]


def test_without_the_check_only_lengths_are_verified(tmp_path):
    parts, _ = some_events(3)
    damaged = bytearray(b"".join(parts))
    damaged[len(parts[0]) - 5] ^= 0x40  # of the first value
    path = event_path(tmp_path, bytes(damaged))
    assert len(list(read_events(path, check=False))) == 3
    assert len(list(read_events(path))) == 2


def test_junk_before_between_and_behind_is_skipped_and_counted(tmp_path):
    parts, _ = some_events(4)
    junk = random.Random(0).randbytes(5000)  # noqa: S311  no secret
    data = junk + parts[0] + bytes(777) + parts[1] + junk + parts[2] + parts[3] + junk
    report = import_events(event_path(tmp_path, data), tmp_path / "run")
    (run,) = report.runs
    assert History.open(tmp_path / "run")["loss"].data.tolist() == [0, 0.25, 0.5, 0.75]
    assert not run.is_clean
    assert [size for _, _, size in run.damaged][:3] == [5000, 777, 5000]
    assert run.cut_bytes + sum(size for _, _, size in run.damaged) == 15777
    assert "bytes at byte 0 of events.out.tfevents.1 are damaged" in str(report)


def test_damage_across_windows_is_skipped(tmp_path, monkeypatch):
    from introspect.history.formats.events import records

    monkeypatch.setattr(records, "WINDOW_BYTES", 256)
    parts, _ = some_events(40)
    data = b"".join(parts[:10]) + b"x" * 1000 + b"".join(parts[10:])
    found = Found()
    values = [v for *_, v in read_events(event_path(tmp_path, data), found=found)]
    assert values == [step / 4 for step in range(40)]
    assert sum(size for _, size in found.damage) == 1000


@pytest.mark.parametrize("length", [1 << 20, 1 << 31, 1 << 40, (1 << 63) + 5, (1 << 64) - 16])
def test_a_hostile_length_allocates_nothing(tmp_path, length):
    from introspect.history.formats.events.checksum import crc32c
    from introspect.history.formats.events.proto import masked

    parts, _ = some_events(3)
    head = struct.pack("<Q", length)
    hostile = head + struct.pack("<I", masked(crc32c(head)))
    path = event_path(tmp_path, parts[0] + hostile + parts[1] + parts[2])
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    found = Found()
    assert [v for *_, v in read_events(path, found=found)] == [0, 0.25, 0.5]
    assert sum(size for _, size in found.damage) == 12
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000  # KiB


def test_hostile_shapes_and_lengths_inside_events_allocate_nothing():
    from introspect.history.formats.events.messages import bytes_field, int_field

    huge = bytes_field(2, bytes_field(2, int_field(1, 1 << 40)))
    tensor = int_field(1, 1) + huge + bytes_field(4, bytes(4))
    with pytest.raises(ValueError, match="reshape"):
        tensor_of(tensor)
    record = event(1.0, 1, summary([message("x", bytes_field(8, tensor))]))
    ((_, value, _),) = event_of(record, {}).values
    assert value.kind == "value"  # kept as bytes


@settings(deadline=None, max_examples=300)
@given(st.data())
def test_any_damage_inside_an_event_is_a_value_or_a_value_error(data):
    from introspect.history.formats.events.messages import metadata, strings

    record = bytearray(
        event(1.0, 300, summary([
            message("loss", simple(0.5)), message("t", strings([b"x"], (1,)), metadata("text")),
        ]))
    )  # fmt: skip
    for _ in range(data.draw(st.integers(1, 4))):
        record[data.draw(st.integers(0, len(record) - 1))] = data.draw(st.integers(0, 255))
    try:
        found = event_of(bytes(record), {})
    except ValueError:
        return
    assert all(isinstance(key, str) for key, _, _ in found.values)


def test_pictures_that_are_too_large_or_none_are_kept_as_bytes(tmp_path):
    from PIL import Image as Pillow

    from introspect.history.formats.events.messages import picture

    file = io.BytesIO()
    Pillow.new("1", (20_000, 5_000)).save(file, "png")
    data = b"".join(
        framed(
            event(1.0, i, summary([message("x", picture(c, width_px=1, height_px=1, channels=1))]))
        )
        for i, c in enumerate([file.getvalue(), b"no picture"])
    )
    values = [value for *_, value in read_events(event_path(tmp_path, data))]
    assert all(isinstance(value, bytes) for value in values)
    import_events(tmp_path, tmp_path / "run")
    assert History.open(tmp_path / "run")["x"].data[1].dtype == np.uint8


# --------------------------------------------------------------------------- paths and errors


def test_nothing_to_read_and_folders_in_use_say_what_to_do(tmp_path):
    with pytest.raises(DataError, match="no event files") as error:
        import_events(tmp_path, tmp_path / "run")
    assert "events" in str(error.value)
    with pytest.raises(DataError, match="no event files"):
        read_events(tmp_path / "missing")
    for bad in ("nul\0", tmp_path / "missing"):
        with pytest.raises(DataError):
            import_events(bad, tmp_path / "run")
    event_path(tmp_path / "used", b"")
    with pytest.raises(DataError, match="without event files"):
        export_events(History(), tmp_path / "used")


def test_folders_below_become_runs_of_the_same_names_and_links_lead_nowhere(tmp_path):
    parts, _ = some_events(2)
    event_path(tmp_path / "in" / "a" / "b", b"".join(parts))
    event_path(tmp_path / "in", b"".join(parts))
    event_path(tmp_path / "elsewhere", b"".join(parts))
    (tmp_path / "in" / "link").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    report = import_events(tmp_path / "in", tmp_path / "runs")
    assert [run.folder for run in report.runs] == [tmp_path / "runs", tmp_path / "runs" / "a" / "b"]
    assert report.value_count == 4


def test_a_million_scalars_come_in_without_thinning_and_within_bounded_memory(tmp_path):
    count = 1_000_000
    steps = np.arange(count)
    with event_path(tmp_path, b"").open("wb") as file:
        for first in range(0, count, 100_000):
            part = slice(first, first + 100_000)
            values = np.sin(steps[part, None] / 1e3).astype(np.float32).astype(float)
            file.write(
                encoded_rows([Rows(("loss",), steps[part], steps[part], steps[part] + 0.5, values)])
            )
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    report = import_events(tmp_path, tmp_path / "run")
    grown_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert report.value_count == count
    assert grown_kib < 150_000
    metric = History.open(tmp_path / "run")["loss"]
    assert np.array_equal(metric.steps, steps)
    assert np.array_equal(metric.data, np.sin(steps / 1e3).astype(np.float32))
    assert np.allclose(metric.times, steps + 0.5)


def test_no_protobuf_and_no_tensorboard_is_imported():
    import subprocess

    script = (
        "import sys, tempfile\n"
        "from introspect import History\n"
        "from introspect.history.formats.events import *\n"
        "with tempfile.TemporaryDirectory() as d:\n"
        "    with History(d + '/r', tensorboard=True, config={'a': 1}) as h: h.log(0, loss=1.0)\n"
        "    import_events(d + '/r', d + '/i'); export_events(d + '/i', d + '/e')\n"
        "print([m for m in sys.modules if m.split('.')[0] in "
        "('google', 'tensorboard', 'torch', 'tensorflow', 'PIL')])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
