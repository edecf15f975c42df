# ruff: noqa: E501  a table of calls, one a line
"""The modules behind SummaryWriter that others import, beside those of torch."""

import inspect
import sys
from importlib import import_module
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from introspect.compat.tensorboard import (
    FileWriter,
    _convert_np,
    _embedding,
    _utils,
    summary,
)
from introspect.compat.tensorboard.histograms import default_edges
from introspect.errors import MissingExtraError
from introspect.history.formats.events import read_events

pytest.importorskip("tensorboard", reason="the extra tensorboard is not installed")
theirs = pytest.importorskip("torch.utils.tensorboard.summary", reason="the peer needs tensorboard")

from tensorboard.compat.proto import event_pb2, summary_pb2  # noqa: E402  after the guard


def picture(*shape):
    return np.random.default_rng(sum(shape)).random(shape)


CORNERS = torch.tensor([[[1.0, 1, 1], [-1, -1, 1], [1, -1, -1]]])
LABELS, SCORES = np.arange(50) % 2, picture(50)
CALLS = {
    "scalar": lambda m: m.scalar("x", 0.1),
    "scalar, new": lambda m: m.scalar("x", 0.1, new_style=True, double_precision=True),
    "tensor_proto": lambda m: m.tensor_proto("x", torch.arange(6).reshape(2, 3)),
    "histogram": lambda m: m.histogram("x", picture(50), default_edges().tolist()),
    "histogram_raw": lambda m: m.histogram_raw("x", 0, 1, 2, 3, 4, [1, 2], [3, 4]),
    "make_histogram": lambda m: m.make_histogram(picture(50), "doane", 5),
    "image": lambda m: m.image("x", picture(2, 3, 4, 5)),
    "image, rescaled": lambda m: m.image("x", picture(3, 40, 50), rescale=0.5, dataformats="CHW"),
    "image_boxes": lambda m: m.image_boxes("x", picture(3, 32, 32), np.array([[2, 3, 9, 9]]), labels=["a"]),
    "make_image": lambda m: m.make_image(np.full((4, 5, 3), 7, np.uint8)),
    "audio": lambda m: m.audio("x", picture(99), 8000),
    "custom_scalars": lambda m: m.custom_scalars({"a": {"b": ["Multiline", ["c"]]}}),
    "text": lambda m: m.text("x", "*y*"),
    "pr_curve": lambda m: m.pr_curve("x", LABELS, SCORES, 10),
    "pr_curve_raw": lambda m: m.pr_curve_raw("x", *np.ones((6, 4)), num_thresholds=4),
    "mesh": lambda m: m.mesh("x", CORNERS, None, None, {"a": 1}, "name", "words"),
}  # fmt: skip


@pytest.mark.parametrize("call", CALLS)
def test_summaries_are_messages_equal_to_those_of_torch(call):
    mine, other = CALLS[call](summary), CALLS[call](theirs)
    assert type(mine) is type(other)
    assert mine == other


def test_hyper_parameters_are_three_messages_equal_to_those_of_torch():
    from tensorboard.plugins.hparams import plugin_data_pb2

    read = vars(plugin_data_pb2)["HParamsPluginData"].FromString
    arguments = ({"lr": 0.1, "b": False, "s": "x"}, {"m": 1}, {"lr": [0.1, 0.3]})
    for mine, other in zip(summary.hparams(*arguments), theirs.hparams(*arguments), strict=True):
        assert mine.value[0].tag == other.value[0].tag
        contents = [one.value[0].metadata.plugin_data.content for one in (mine, other)]
        assert read(contents[0]) == read(contents[1])
    for bad in ((None, {}), ({}, None), ({}, {}, [1])):
        with pytest.raises(TypeError, match="dictionary"):
            summary.hparams(*bad)


def test_every_public_name_of_the_modules_of_torch_is_here():
    from torch.utils.tensorboard import _convert_np as a
    from torch.utils.tensorboard import _embedding as b
    from torch.utils.tensorboard import _utils as c
    from torch.utils.tensorboard import summary as d

    for mine, other in ((_convert_np, a), (_embedding, b), (_utils, c), (summary, d)):
        names = {
            name
            for name, value in vars(other).items()
            if getattr(value, "__module__", "") == other.__name__
        }
        private = {name for name in names if name.startswith("_")} - {
            "_prepare_video",
            "_calc_scale_factor",
        }
        assert names - private <= set(vars(mine))


def test_halves_go_to_ints_and_back_as_in_torch():
    for number in (0.0, 1.5, -2.0, 1e-8):
        assert summary.half_to_int(number) == theirs.half_to_int(number)
        assert summary.int_to_half(summary.half_to_int(number)) == np.float32(number)
    assert summary._calc_scale_factor(np.zeros(1, np.uint8)) == 1
    assert summary._calc_scale_factor(torch.zeros(1)) == 255


@pytest.mark.parametrize(
    "shape", [(1, 2, 3, 4, 5), (3, 2, 1, 4, 5), (4, 1, 3, 2, 2), (9, 2, 3, 4, 4), (16, 1, 3, 2, 2)]
)
@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_films_are_laid_out_as_in_torch(shape, dtype):
    from torch.utils.tensorboard import _utils as other

    films = (picture(*shape) * 200).astype(dtype)
    np.testing.assert_array_equal(_utils._prepare_video(films), other._prepare_video(films))


@pytest.mark.parametrize(
    ("shape", "letters"),
    [
        ((4, 5), "hw"),
        ((3, 4, 5), "CHW"),
        ((5, 4, 1), "WHC"),
        ((9, 1, 4, 5), "NCHW"),
        ((4, 3, 5, 2), "HCWN"),
    ],
)
def test_axes_are_ordered_as_in_torch(shape, letters):
    from torch.utils.tensorboard import _utils as other

    pixels = picture(*shape)
    np.testing.assert_array_equal(
        _utils.convert_to_HWC(pixels, letters), other.convert_to_HWC(pixels, letters)
    )


def test_make_np_takes_what_torch_takes_and_bfloat16_without_loss():
    from torch.utils.tensorboard import _convert_np as other

    values: list[Any] = [
        0.5,
        3,
        True,
        np.arange(3),
        torch.ones(2, 3),
        torch.ones(2, requires_grad=True),
        torch.tensor(1.5).half(),
    ]
    for value in values:
        np.testing.assert_array_equal(_convert_np.make_np(value), other.make_np(value))
    assert _convert_np.make_np(torch.tensor([1e30]).bfloat16())[0] > 9e29
    for bad in ({"a": 1}, object(), "text and more".split, None):
        with pytest.raises(NotImplementedError, match="numpy array or torch tensor"):
            _convert_np.make_np(bad)


@pytest.mark.parametrize("values", [[1, 3, 4], (1, 2), np.empty(0), torch.empty(0, 3)])
def test_what_the_function_of_torch_refuses_to_count_is_refused(values):
    for module in (summary, theirs):
        with pytest.raises((NotImplementedError, ValueError), match=r"expected|no element"):
            module.histogram("x", values, "auto")


def test_tensors_of_other_frameworks_are_read_as_tensorboardx_reads_them():
    class OfMXNet:
        def asnumpy(self):
            return np.arange(3)

    class OnDevice:
        def get(self):
            return np.arange(4)

    class OfPaddle:
        def detach(self):
            return self

        def __array__(self, dtype=None, copy=None):
            return np.arange(5)

    chainer: Any = type("Variable", (), {"__module__": "chainer.variable"})()
    chainer.data = OnDevice()
    for given, size in ((OfMXNet(), 3), (chainer, 4), (OfPaddle(), 5)):
        np.testing.assert_array_equal(_convert_np.make_np(given), np.arange(size))
    chainer.data = np.arange(2)
    np.testing.assert_array_equal(_convert_np.make_np(chainer), [0, 1])


def test_a_file_writer_takes_messages(tmp_path):
    writer = FileWriter(tmp_path, filename_suffix=".x")
    event = vars(event_pb2)["Event"](summary=summary.scalar("a", 1.0))
    writer.add_event(event, 3, walltime=7.0)
    writer.add_summary(summary.scalar("b", 2.0), 4)
    writer.close()
    writer.add_summary(summary.scalar("lost", 2.0), 4)
    writer.reopen()
    writer.add_summary(vars(summary_pb2)["Summary"](), 5)
    writer.add_summary(summary.scalar("c", 3.0), 6)
    with pytest.raises(TypeError, match="Event proto"):
        writer.event_writer.add_event(summary.scalar("a", 1.0))
    writer.close()
    assert [(key, step, value) for key, step, _, value in read_events(tmp_path)] == [
        ("a", 3, 1.0),
        ("b", 4, 2.0),
        ("c", 6, 3.0),
    ]


def test_infos_of_embeddings_are_those_of_torch(tmp_path):
    from torch.utils.tensorboard import _embedding as other

    pictures = torch.rand(4, 3, 5, 5)
    arguments = (["a"], pictures, "00001/x", 1, "x")
    assert _embedding.get_embedding_info(*arguments) == other.get_embedding_info(*arguments)
    for name, module in (("ours", _embedding), ("theirs", other)):
        place = tmp_path / name
        place.mkdir()
        module.make_sprite(pictures, str(place))
        module.make_mat(np.eye(3), str(place))
        module.make_tsv(["a", "b"], str(place))
        module.write_pbtxt(str(place), "x")
    for file in ("tensors.tsv", "metadata.tsv", "projector_config.pbtxt"):
        assert (tmp_path / "ours" / file).read_bytes() == (tmp_path / "theirs" / file).read_bytes()
    sprites = [
        np.asarray(Image.open(tmp_path / name / "sprite.png")) for name in ("ours", "theirs")
    ]
    np.testing.assert_array_equal(sprites[0], sprites[1])


def test_messages_without_tensorboard_say_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorboard.compat.proto.summary_pb2", None)
    with pytest.raises(MissingExtraError, match=r"torch-introspect\[tensorboard\]"):
        summary.scalar("x", 1.0)


@pytest.mark.parametrize("module", ["torch.utils.tensorboard", "tensorboardX"])
def test_every_method_has_the_arguments_and_defaults_of_its_original(module):
    original = pytest.importorskip(module, reason="the peer is not installed").SummaryWriter
    name = {"tensorboardX": "tensorboardx"}.get(module, "tensorboard")
    mine = import_module(f"introspect.compat.{name}").SummaryWriter
    methods = [
        key for key, value in vars(original).items() if not key.startswith("_") and callable(value)
    ]
    assert len(methods) > 20
    for method in methods:
        found = [
            {
                key: one.default
                for key, one in inspect.signature(getattr(kind, method)).parameters.items()
            }
            for kind in (mine, original)
        ]
        if "kwargs" in found[1]:  # tensorboardX passes on rescale=
            found[0].pop("rescale")
            found[1].pop("kwargs")
        assert list(found[0].items()) == list(found[1].items()), method
