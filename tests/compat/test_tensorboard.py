# ruff: noqa: E501  a table of calls, one a line
"""The same calls into torch's SummaryWriter and ours: the same events, field by field."""

import io
import wave

import numpy as np
import pytest
import torch
from PIL import Image
from PIL.GifImagePlugin import GifImageFile

from introspect.compat import tensorboard as ours
from introspect.errors import HistoryError, IntrospectWarning

pytest.importorskip("tensorboard", reason="the extra tensorboard is not installed")
theirs = pytest.importorskip("torch.utils.tensorboard", reason="the peer needs tensorboard")

from tensorboard.backend.event_processing.event_file_loader import (  # noqa: E402  after the guard
    RawEventFileLoader,
)
from tensorboard.compat.proto import event_pb2  # noqa: E402  same
from tensorboard.plugins.hparams import plugin_data_pb2  # noqa: E402  same

Event = vars(event_pb2)["Event"]
HParamsPluginData = vars(plugin_data_pb2)["HParamsPluginData"]
rng = np.random.default_rng(0)
LABELS, SCORES = rng.integers(0, 2, 100), rng.random(100)
CORNERS = torch.tensor([[[1.0, 1, 1], [-1, -1, 1], [1, -1, -1], [-1, 1, -1]]])
LAYOUT = {
    "a": {"x": ["Multiline", ["p", "q"]]},
    "b": {"y": ["Margin", ["l", "m", "n"]], "z": ["Multiline", []]},
}


def events(folder):
    """The events of a folder and of those below, without their times, by place."""
    found = {}
    for path in sorted(folder.rglob("events.out.tfevents.*")):
        place = path.parent.relative_to(folder).as_posix()
        for record in RawEventFileLoader(str(path)).Load():
            event = Event.FromString(record)
            if event.HasField("source_metadata"):
                continue  # the first event of a file says who wrote it
            event.ClearField("wall_time")
            for value in event.summary.value:
                plugin = value.metadata.plugin_data
                if plugin.plugin_name == "hparams":  # a map has no order in bytes
                    parsed = HParamsPluginData.FromString(plugin.content)
                    plugin.content = str(parsed).encode()
            found.setdefault(place, []).append(event)
    return found


def both(tmp_path, use, **options):
    """What the two writers leave behind."""
    found = []
    for name, module in (("ours", ours), ("theirs", theirs)):
        with module.SummaryWriter(tmp_path / name, **options) as writer:
            use(writer)
        found.append(events(tmp_path / name))
    return found


CALLS = {
    "a float": lambda w: w.add_scalar("loss", 0.1, 3),
    "no step": lambda w: w.add_scalar("loss", 2),
    "zero": lambda w: w.add_scalar("loss", 0.0, 0),
    "not finite": lambda w: [w.add_scalar("x", float(v), i) for i, v in enumerate(("nan", "inf", "-inf"))],
    "beyond float32": lambda w: w.add_scalar("x", 1e300, 1),
    "a negative and a huge step": lambda w: [w.add_scalar("x", 1, s) for s in (-1, 1 << 62, -(1 << 63))],
    "a step of NumPy": lambda w: w.add_scalar("x", np.float32(0.25), np.int32(7)),
    "tensors": lambda w: [w.add_scalar("x", t, 1) for t in (torch.tensor(0.5), torch.ones(1), torch.ones(1, 1, 1), torch.tensor(3), torch.tensor(True))],
    "a bfloat16": lambda w: w.add_scalar("x", torch.tensor(1.5, dtype=torch.bfloat16), 1),
    "one that needs a gradient": lambda w: w.add_scalar("x", torch.ones(1, requires_grad=True), 1),
    "an array": lambda w: w.add_scalar("x", np.array([[2.5]]), 1),
    "other tags": lambda w: [w.add_scalar(t, 1, 1) for t in ("é/ü", "<script>", "", "a" * 5000)],
    "a new style": lambda w: w.add_scalar("x", 0.1, 1, new_style=True),
    "double precision": lambda w: w.add_scalar("x", 0.1, 1, new_style=True, double_precision=True),
    "several tags in turn": lambda w: [w.add_scalar(f"t{i % 3}", i, i * 40) for i in range(300)],
    "between other things": lambda w: [w.add_scalar("x", 1, 1), w.add_text("t", "x", 1), w.add_scalar("x", 2, 2)],
    "scalars": lambda w: w.add_scalars("a/b", {"c": 1, "d": torch.tensor(2.0)}, 4),
    "a histogram": lambda w: w.add_histogram("h", rng_of(1).normal(size=(30, 40)), 2),
    "of float32": lambda w: w.add_histogram("h", torch.from_numpy(rng_of(2).normal(size=999).astype("f4")), 2),
    "of float16": lambda w: w.add_histogram("h", torch.linspace(-3, 3, 77).half(), 2),
    "of bfloat16": lambda w: w.add_histogram("h", torch.linspace(-3, 3, 77).bfloat16(), 2),
    "of ints": lambda w: w.add_histogram("h", np.arange(-50, 60), 2),
    "of bools": lambda w: w.add_histogram("h", torch.tensor([True, False, True]), 2),
    "of one number": lambda w: w.add_histogram("h", 3.5, 2),
    "of zeros": lambda w: w.add_histogram("h", torch.zeros(5), 2),
    "with its own bins": lambda w: [w.add_histogram("h", np.arange(100.0), 2, bins=b) for b in (7, "auto", "fd", [0, 3, 50, 99], np.array([5, 6.0]))],
    "with fewer bins": lambda w: [w.add_histogram("h", rng_of(3).normal(size=500), 2, max_bins=m) for m in (5, 20, 100, 5000)],
    "a raw histogram": lambda w: w.add_histogram_raw("h", 0, 5.5, 3, 6, 14.0, [1, 2.5, 3], np.array([1, 0, 2]), 4),
    "an image": lambda w: w.add_image("i", picture(3, 8, 9), 1),
    "of bytes": lambda w: w.add_image("i", (picture(3, 8, 9) * 255).astype(np.uint8), 1),
    "beyond 0 and 1": lambda w: w.add_image("i", picture(3, 8, 9) * 4 - 2, 1),
    "height first": lambda w: w.add_image("i", picture(8, 9, 3), 1, dataformats="HWC"),
    "grey": lambda w: [w.add_image("i", picture(1, 8, 9), 1), w.add_image("i", picture(8, 9), 1, dataformats="HW")],
    "images": lambda w: [w.add_images("i", picture(n, c, 8, 9), 1) for n in (1, 7, 8, 11) for c in (1, 3)],
    "images in another order": lambda w: w.add_images("i", torch.from_numpy(picture(5, 8, 9, 3)), 1, dataformats="NHWC"),
    "boxes": lambda w: w.add_image_with_boxes("i", picture(3, 32, 32), np.array([[2, 3, 20, 25], [10, 10, 31, 31]]), 1, labels=["cat", "dog"]),
    "boxes twice as large": lambda w: w.add_image_with_boxes("i", picture(3, 32, 32), torch.tensor([[2, 3, 20, 25]]), 1, rescale=2, labels="one"),
    "a sound": lambda w: w.add_audio("s", np.sin(np.arange(4410) / 9.0), 1, sample_rate=8000),
    "a sound of a tensor": lambda w: w.add_audio("s", torch.linspace(-1, 1, 500)[None], 1),
    "a text": lambda w: [w.add_text("t", text, 1) for text in ("**Ärger**", "")],
    "a curve": lambda w: w.add_pr_curve("p", LABELS, SCORES, 1),
    "a curve of tensors": lambda w: w.add_pr_curve("p", torch.from_numpy(LABELS), torch.from_numpy(SCORES), 1, num_thresholds=300),
    "a curve with weights": lambda w: [w.add_pr_curve("p", LABELS, SCORES, 1, num_thresholds=11, weights=x) for x in (0.5, SCORES)],
    "a raw curve": lambda w: w.add_pr_curve_raw("p", *np.arange(30.0).reshape(6, 5), global_step=2, num_thresholds=5),
    "a layout": lambda w: w.add_custom_scalars(LAYOUT),
    "a chart of lines": lambda w: w.add_custom_scalars_multilinechart(["a", "b"], "c", "d"),
    "a chart with a margin": lambda w: w.add_custom_scalars_marginchart(["a", "b", "c"]),
    "points": lambda w: w.add_mesh("m", CORNERS, global_step=3),
    "a mesh": lambda w: w.add_mesh("m", CORNERS, colors=(CORNERS * 99).int(), faces=torch.tensor([[[0, 1, 2], [1, 2, 3]]]), config_dict={"camera": {"z": 1}, "a": 2}, global_step=3),
    "hyper-parameters": lambda w: w.add_hparams({"lr": 0.1, "n": 3, "b": True, "s": "adam", "none": None, "t": torch.ones(1)}, {"acc": 0.5, "loss": 2}, run_name="r", global_step=4),
    "with domains": lambda w: w.add_hparams({"lr": 0.1, "s": "x"}, {}, {"lr": [0.1, 0.2], "s": ["x", "y"]}, run_name="r"),
}  # fmt: skip


def rng_of(seed):
    return np.random.default_rng(seed)


def picture(*shape):
    return rng_of(sum(shape)).random(shape)


@pytest.mark.filterwarnings("ignore::DeprecationWarning:torch.*")
@pytest.mark.parametrize("call", CALLS)
def test_events_are_those_of_torch_field_by_field(tmp_path, call):
    mine, other = both(tmp_path, CALLS[call])
    assert mine == other
    assert sum(map(len, mine.values())) >= 1


DTYPES = [
    torch.float16, torch.bfloat16, torch.float32, torch.float64, torch.int8, torch.uint8,
    torch.int16, torch.int32, torch.int64, torch.bool, torch.complex64, torch.complex128,
]  # fmt: skip


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_tensors_of_every_dtype_are_written_as_torch_writes_them(tmp_path, dtype):
    whole = torch.tensor([[-3, 0, 1], [2, 127, 5]])
    whole = whole.abs() if dtype is torch.uint8 else whole
    mine, other = both(
        tmp_path,
        lambda w: [
            w.add_tensor("t", part.to(dtype), 1) for part in (whole, whole[0, 0], whole[:0])
        ],
    )
    assert mine == other


def test_a_tensor_of_an_unknown_dtype_is_refused(tmp_path):
    with ours.SummaryWriter(tmp_path) as writer, pytest.raises(ValueError, match="float8_e5m2"):
        writer.add_tensor("t", torch.zeros(2, dtype=torch.float8_e5m2))


def test_a_hundred_hypotheses_of_histograms_are_counted_alike():
    from torch.utils.tensorboard.summary import make_histogram

    from introspect.compat.tensorboard.histograms import counted, default_edges

    edges = default_edges()
    for seed in range(100):
        draw = rng_of(seed)
        values = draw.normal(size=200) * 10.0 ** draw.integers(-12, 17)
        near = draw.choice(edges[1:-1], 20)
        around = [near, np.nextafter(near, np.inf), np.nextafter(near, -np.inf), values, -values]
        values = np.concatenate(around).astype(draw.choice([np.float32, np.float64]))
        mine, other = counted(values), make_histogram(values.astype(float), edges)
        assert mine.limits.tolist() == list(other.bucket_limit)
        assert mine.counts.tolist() == list(other.bucket)
        assert (mine.minimum, mine.maximum, mine.n) == (other.min, other.max, other.num)
        assert (mine.total, mine.squares) == (other.sum, other.sum_squares)


def test_a_figure_has_the_pixels_of_torch_and_keeps_its_canvas(tmp_path):
    from matplotlib.figure import Figure

    figure = Figure(figsize=(2, 1))
    figure.subplots().plot([1, 3, 2])
    canvas = figure.canvas
    other = Figure(figsize=(2, 1))
    other.subplots().plot([1, 3, 2])
    with ours.SummaryWriter(tmp_path / "ours") as writer:
        writer.add_figure("f", figure, 1)
        writer.add_figure("g", [figure, figure], 1, close=False)
    with theirs.SummaryWriter(tmp_path / "theirs") as writer:
        writer.add_figure("f", other, 1)
        writer.add_figure("g", [other, other], 1, close=False)
    assert figure.canvas is canvas
    assert events(tmp_path / "ours") == events(tmp_path / "theirs")


def test_a_figure_of_pyplot_is_closed_unless_it_shall_stay(tmp_path):
    plt = pytest.importorskip("matplotlib.pyplot", reason="needs matplotlib")
    with ours.SummaryWriter(tmp_path) as writer:
        kept = plt.figure(figsize=(1, 1))
        writer.add_figure("f", kept, close=False)
        assert kept.number in plt.get_fignums()
        writer.add_figure("f", kept)
        assert kept.number not in plt.get_fignums()


def test_a_video_is_a_gif_with_every_frame_in_a_grid(tmp_path):
    films = np.zeros((3, 4, 3, 6, 8), np.uint8)
    films[1, 2, 0] = 255  # the second film is red in its third frame
    with ours.SummaryWriter(tmp_path) as writer:
        writer.add_video("v", films, 1, fps=10)
        with pytest.raises(ValueError, match="N, T, C, H, W"):
            writer.add_video("v", films[0])
    (event,) = events(tmp_path)["."]
    field = event.summary.value[0].image
    assert (field.height, field.width, field.colorspace) == (6, 32, 3)
    film = Image.open(io.BytesIO(field.encoded_image_string))
    assert isinstance(film, GifImageFile)
    assert film.n_frames >= 3
    film.seek(1)
    pixels = np.asarray(film.convert("RGB"))
    assert pixels[:, 8:16].tolist() == [[[255, 0, 0]] * 8] * 6
    assert not pixels[:, :8].any()
    assert not pixels[:, 16:].any()


def test_purge_step_hides_as_torch_hides(tmp_path):
    mine, other = both(tmp_path, lambda w: w.add_scalar("x", 1, 5), purge_step=4)
    assert mine == other
    assert [event.WhichOneof("what") for event in mine["."]] == [
        "file_version",
        "session_log",
        "summary",
    ]


def test_folders_and_names_are_those_of_torch(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with ours.SummaryWriter(comment="_lr", filename_suffix=".mine") as writer:
        assert writer.get_logdir() == writer.log_dir
        (run,) = (tmp_path / "runs").iterdir()
        assert run.name.endswith("_lr")
        assert writer.log_dir == f"runs/{run.name}"
        (path,) = run.iterdir()
        assert path.name.startswith("events.out.tfevents.")
        assert path.name.endswith(".mine")
        assert writer.file_writer.get_logdir() == writer.log_dir
    assert ours.SummaryWriter(tmp_path).log_dir == tmp_path


@pytest.mark.parametrize(
    ("call", "error", "match"),
    [
        (lambda w: w.add_scalar("x", torch.ones(2)), AssertionError, "one element"),
        (lambda w: w.add_scalar("x", {}), NotImplementedError, "numpy array or torch tensor"),
        (lambda w: w.add_histogram_raw("h", 0, 1, 1, 1, 1, [1], [1, 2]), ValueError, "document"),
        (lambda w: w.add_image("i", picture(3, 4)), AssertionError, "size of input tensor"),
        (lambda w: w.add_image("i", picture(3, 4, 4), dataformats="CCW"), AssertionError, "twice"),
        (lambda w: w.add_audio("s", picture(3, 4)), AssertionError, "1 dimensional"),
        (lambda w: w.add_custom_scalars_marginchart(["a"]), AssertionError, "3 tags"),
        (lambda w: w.add_custom_scalars({"a": {"b": ["Margin", []]}}), AssertionError, "!= 3"),
        (lambda w: w.add_mesh("m", CORNERS[0]), ValueError, "BxNx3"),
        (lambda w: w.add_hparams([], {}), TypeError, "dictionary"),
        (lambda w: w.add_hparams({"a": []}, {}), ValueError, "value should be one of"),
        (lambda w: w.add_hparams({"a": 1}, {}, {"b": [1]}), TypeError, "list of same type"),
        (lambda w: w.add_embedding(picture(3)), AssertionError, "2D"),
        (lambda w: w.add_embedding(picture(3, 2), ["a"]), AssertionError, "#labels"),
        (lambda w: w.add_pr_curve("p", LABELS, SCORES[1:]), ValueError, None),
    ],
)
def test_what_torch_refuses_is_refused_with_the_same_error(tmp_path, call, error, match):
    for name, module in (("ours", ours), ("theirs", theirs)):
        with module.SummaryWriter(tmp_path / name) as writer, pytest.raises(error, match=match):
            call(writer)


def test_an_empty_sound_is_a_sound(tmp_path):
    with ours.SummaryWriter(tmp_path) as writer:
        writer.add_audio("s", np.empty(0))
    (event,) = events(tmp_path)["."]
    content = event.summary.value[0].audio.encoded_audio_string
    with wave.open(io.BytesIO(content)) as sound:
        assert sound.getnframes() == 0


def test_folders_that_are_elsewhere_are_refused_in_words():
    with pytest.raises(HistoryError, match="local folder"):
        ours.SummaryWriter("s3://bucket/run")


def test_arguments_that_cannot_be_honoured_warn_once_by_name(tmp_path):
    from introspect.compat.tensorboard import arguments

    arguments._warned.clear()
    with ours.SummaryWriter(tmp_path) as writer:
        with pytest.warns(IntrospectWarning, match="double_precision"):
            writer.add_scalar("x", 1.0, 1, double_precision=True)
        writer.add_scalar("x", 1.0, 1, double_precision=True)
        with pytest.warns(IntrospectWarning, match="labels"):
            writer.add_image_with_boxes("i", picture(3, 9, 9), np.ones((2, 4)), labels=["a"])
