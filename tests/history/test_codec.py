"""Every kind of value through a real run: logged, killed or closed, opened, equal."""

import dataclasses
import io
import json
import os
import re
import signal
import struct
import subprocess
import sys
import textwrap
import threading
import wave
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure as MatplotlibFigure
from PIL import Image as Pillow

import introspect
from introspect import History
from introspect.errors import HistoryError, IntrospectWarning
from introspect.history import codec, codec_media, reader
from introspect.nouns.sketch import Sketch
from introspect.values import (
    Audio,
    ConfusionMatrix,
    Embedding,
    Figure,
    Histogram,
    Image,
    Images,
    Mesh,
    PRCurve,
    Table,
    Text,
    Video,
)

ODD = 'a "caption"\nwith \ud800 and 🔥'


def examples():
    """One value of each kind, and the emptiest and fullest of some."""
    random = np.random.default_rng(0)
    pixels = random.integers(0, 256, (4, 6, 5, 3), np.uint8)
    drawing = MatplotlibFigure(figsize=(1, 1))
    drawing.add_subplot().plot([0, 1])
    return {
        "array": random.normal(size=(3, 2)),
        "image": Image.of(pixels[0], caption=ODD),
        "sketch": Sketch.of(random.normal(size=100)),
        "text": Text("# Title\n" + ODD),
        "text/empty": Text(""),
        "audio": Audio.of(random.normal(size=(2, 500)), rate_hz=22_050, caption=ODD),
        "audio/empty": Audio.of(np.zeros((1, 0))),
        "video": Video.of(pixels, fps=12.5, caption=ODD),
        "video/one": Video.of(pixels[:1, ..., 0]),
        "table": Table.of(
            [[1, 1.0, True, None, ODD], [-(2**63), float("nan"), False, None, ""],
             [2**64 - 1, -0.0, True, 5e-324, "1"], [0, float("-inf"), 1, 0, "None"]],
            columns=[ODD, "", "b", "b", "c"],
        ),
        "table/empty": Table((), ()),
        "embedding": Embedding.of(
            random.normal(size=(4, 3)), labels={"a": list("wxyz"), ODD: [1, 2, 3, 4]},
            thumbnails=pixels,
        ),
        "embedding/bare": Embedding.of(np.array([[np.nan, np.inf, -0.0]])),
        "figure": Figure.of(drawing, dpi=40, svg=True, caption=ODD),
        "figure/png": Figure.of(drawing, dpi=40),
        "pr_curve": PRCurve.of([0, 1, 1, 0], [0.2, 0.9, 0.4, 0.5], thresholds=9),
        "pr_curve/weighted": PRCurve.of([0, 1], [0.2, 0.9], weights=[0.5, 0.25]),
        "confusion_matrix": ConfusionMatrix.of([0, 1, 2], [0, 2, 2], labels=["a", ODD, "c"]),
        "confusion_matrix/empty": ConfusionMatrix.of([], []),
        "mesh": Mesh.of(random.normal(size=(5, 3)), colors=pixels[0, 0], faces=[[0, 1, 4]]),
        "mesh/points": Mesh.of(np.zeros((0, 3))),
        "graph": introspect.trace(torch.nn.Sequential(torch.nn.Linear(4, 2)), torch.zeros(1, 4)),
        "histogram": Histogram.of(random.normal(size=100)),
        "histogram/empty": Histogram.of([]),
        "images": Images.of([*pixels, pixels[0, :3], pixels[0, :, :, 0]], columns=3, caption=ODD,
                            captions=[ODD, "", "b", "c", "d", "e"]),
        "images/empty": Images.of([]),
    }  # fmt: skip


EXAMPLES = examples()


def said(value):
    """What a value says, as plain things that can be compared: bits of floats, types of entries."""
    if hasattr(value, "to_dict"):
        return value.to_dict()
    if isinstance(value, Sketch):
        return value.to_bytes()
    if isinstance(value, np.ndarray):
        return value.dtype.str, value.shape, value.tobytes()
    if dataclasses.is_dataclass(value):
        fields = dataclasses.fields(value)
        return type(value), [said(getattr(value, field.name)) for field in fields]
    if isinstance(value, tuple):
        return [said(one) for one in value]
    return type(value), repr(value)


def test_every_kind_of_the_table_has_an_example():
    assert {key.split("/")[0] for key in EXAMPLES} == {kind.name for kind in codec.KINDS.values()}
    assert sorted(codec.KINDS) == list(range(1, 16))
    for key, value in EXAMPLES.items():
        assert codec.kind_of(value).name == key.split("/")[0]


@pytest.mark.parametrize("key", EXAMPLES)
def test_every_kind_comes_back_from_memory_and_from_a_closed_run(tmp_path, key):
    value = EXAMPLES[key]
    memory = History()
    with History(tmp_path, facts=False) as history:
        for one in (memory, history):
            one.log((1, 2), **{key: value})
    for opened in (memory, history, History.open(tmp_path)):
        metric = opened[key]
        assert list(metric.step_keys()) == [(1, 2)]
        assert said(metric.last) == said(value)
        assert repr(metric.last) == repr(value) or key == "array"


def test_what_flush_returned_for_survives_kill_9_and_is_seen_live(tmp_path):
    program = """
        import sys, test_codec
        from introspect import History
        history = History(sys.argv[1], facts=False)
        history.log(7, **test_codec.EXAMPLES)
        history.flush()
        print("flushed", flush=True)
        sys.stdin.read()
    """
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(program), str(tmp_path)],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parent)},
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stdout.readline() == "flushed\n"
        live = History.open(tmp_path)
        assert set(live.keys()) == set(EXAMPLES)
        assert said(live["video"].last) == said(EXAMPLES["video"])
        process.send_signal(signal.SIGKILL)
        process.wait(20)
    finally:
        process.kill()
        process.communicate()
    opened = History.open(tmp_path)
    random_ids = {"figure", "figure/png"}  # drawn again in that process: equal in size
    for key in set(EXAMPLES) - random_ids:
        assert said(opened[key].last) == said(EXAMPLES[key]), key
    assert repr(opened["figure"].last) == repr(EXAMPLES["figure"])


def test_a_closed_run_opens_and_shows_every_kind_without_torch(tmp_path):
    with History(tmp_path, facts=False) as history:
        history.log(0, **EXAMPLES)
    program = """
        import sys
        sys.modules["torch"] = sys.modules["matplotlib"] = None
        from introspect import History
        for key in (history := History.open(sys.argv[1])).keys():
            history[key].last
        print(len(history))
    """
    command = [sys.executable, "-c", textwrap.dedent(program), str(tmp_path)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert done.stdout.split() == [str(len(EXAMPLES))]


def test_a_run_of_numbers_imports_nothing_of_other_kinds():
    program = """
        import sys
        from introspect import History
        history = History()
        for step in range(3):
            history.log(step, loss=1.0 / (1 + step))
        history["loss"].last
        print(*(name for name in sys.modules if "codec_" in name or name in {
            "torch", "matplotlib", "PIL", "wave", "introspect.nouns.graph",
            "introspect.nouns.values.image"}))
    """
    command = [sys.executable, "-c", textwrap.dedent(program)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert done.stdout.split() == []


# ------------------------------------------------------------------------- the value at the call


def arrays_of(value):
    """Every array in a value."""
    if isinstance(value, np.ndarray):
        return [value]
    if isinstance(value, tuple):
        return [array for one in value for array in arrays_of(one)]
    if dataclasses.is_dataclass(value):
        return [a for field in dataclasses.fields(value)
                for a in arrays_of(getattr(value, field.name))]  # fmt: skip
    return []


def writable(value):
    """The same value of arrays that its owner can write."""
    if isinstance(value, np.ndarray):
        return value.copy()
    if isinstance(value, tuple):
        return tuple(writable(one) for one in value)
    if dataclasses.is_dataclass(value) and not isinstance(value, Sketch):
        changed = {f.name: writable(getattr(value, f.name)) for f in dataclasses.fields(value)}
        return dataclasses.replace(value, **changed)
    return value


@pytest.mark.parametrize("place", ["memory", "folder"])
@pytest.mark.parametrize("key", [key for key in EXAMPLES if key not in {"sketch", "graph"}])
def test_a_value_of_every_kind_is_the_one_at_the_call(tmp_path, place, key):
    value = writable(EXAMPLES[key])
    history = History(tmp_path if place == "folder" else None, facts=False)
    history.log(0, x=value)
    for array in arrays_of(value):
        array[...] = 1
    history.close()
    assert said(history["x"].last) == said(EXAMPLES[key])


def test_what_of_made_is_kept_without_another_copy():
    for key in ("audio", "video", "embedding", "pr_curve", "histogram", "mesh"):
        value = EXAMPLES[key]
        assert codec.kind_of(value).keep(value) is value
        assert not any(array.flags.writeable for array in arrays_of(value))


def test_a_figure_of_matplotlib_is_drawn_at_the_call(tmp_path):
    figure = MatplotlibFigure(figsize=(2, 1), dpi=50)
    (line,) = figure.add_subplot().plot([0, 1])
    before = Figure.of(figure)
    with History(tmp_path, facts=False) as history:
        history.log(0, plot=figure)
        line.set_ydata([1, 0])
        history.log(1, plot=figure)
    first, second = (value for _, value in History.open(tmp_path)["plot"])
    assert first.png == before.png
    assert second.png == Figure.of(figure).png != before.png


def test_encoding_is_the_flush_threads(tmp_path, monkeypatch):
    seen = []
    encode = codec_media.encode_video

    def watched(video):
        seen.append(threading.current_thread().name)
        return encode(video)

    monkeypatch.setattr(codec_media, "encode_video", watched)
    codec._function.cache_clear()
    with History(tmp_path, facts=False) as history:
        history.log(0, film=EXAMPLES["video"])
        assert seen == []
        deadline = 200
        while not seen and (deadline := deadline - 1):
            threading.Event().wait(0.05)
    codec._function.cache_clear()
    assert seen == ["introspect-history"]


# ------------------------------------------------------------------------- what is no value


@pytest.mark.parametrize(
    ("value", "hint"),
    [
        ("words", r"Text\(text\)"),
        (np.str_("words"), r"Text\(text\)"),
        (Pillow.new("RGB", (2, 2)), r"Image\.of\(picture\)"),
        ([1.0, 2.0], r"np\.array\(numbers\)"),
        ({"a": 1}, r"Table\.of\(columns\)"),
        (MatplotlibFigure().add_subplot(), r"axes\.figure"),
        (object(), "a number, or one of: array, image"),
        (Image(np.zeros((2, 2))), r"Image\.of\(data\)"),
        (Images((Image(np.zeros((2, 2))),)), r"Image\.of\(data\)"),
    ],
    ids=["str", "np.str_", "pillow", "list", "dict", "axes", "object", "image", "images"],
)
def test_what_was_meant_is_told_and_the_rest_is_logged(value, hint):
    history = History()
    with pytest.warns(IntrospectWarning, match=r"left out[\s\S]*history.log\(..., x=...\)") as told:
        history.log(0, x=value, loss=1.0)
    assert len(told) == 1
    assert re.search(hint, str(told[0].message))
    assert history.keys() == ["loss"]


def test_subclasses_are_of_the_kind_of_their_class():
    class Mine(Text):
        """A text."""

    class Array(np.ndarray):
        """An array."""

    assert codec.kind_of(Mine("x")).name == "text"
    assert codec.kind_of(np.zeros(3).view(Array)).name == "array"
    assert codec.kind_of(torch.nn.Parameter(torch.zeros(2))).name == "array"


# ------------------------------------------------------------------------- readers of other times


def test_a_reader_that_does_not_know_a_kind_passes_over_it(tmp_path, monkeypatch):
    with History(tmp_path, facts=False) as history:
        history.log(0, loss=1.0, **EXAMPLES)
    old = {code: kind for code, kind in codec.KINDS.items() if code <= 3}
    monkeypatch.setattr(reader, "KINDS", old)
    opened = History.open(tmp_path)  # a warning of damage would be an error here
    assert sorted(opened.keys()) == ["array", "image", "loss", "sketch"]
    assert opened["loss"].last == 1.0
    assert said(opened["image"].last) == said(EXAMPLES["image"])


def test_the_error_of_a_wrong_array_names_its_kind():
    with pytest.raises(HistoryError, match="Python objects"):
        codec.KINDS[1].keep(np.array([object()]))


def by_the_book(payload):
    """A record as docs/formats/segment.md tells somebody else to read it."""
    inner = zlib.decompress(payload)
    (size,) = struct.unpack_from("<I", inner)
    about, at, arrays = json.loads(inner[4 : 4 + size]), 4 + size, {}
    for name, dtype, shape in about.pop("arrays"):
        width = int(dtype[2:])
        count = int(np.prod(shape))
        planes = [inner[at + count * k : at + count * (k + 1)] for k in range(width)]
        words = b"".join(bytes(one) for one in zip(*planes, strict=True))
        arrays[name] = np.frombuffer(words, dtype).reshape(shape)
        at += count * width
    assert at == len(inner)
    return about, arrays


def test_the_bytes_are_those_that_the_format_describes():
    encoded = {key: codec.kind_of(value).encode(value) for key, value in EXAMPLES.items()}
    fields = {
        "embedding": ["vectors", "thumbnails"],
        "mesh": ["vertices", "colors", "faces"],
        "histogram": ["edges", "counts"],
        "confusion_matrix": ["counts"],
        "pr_curve": ["thresholds", "true_positives", "false_positives", "true_negatives",
                     "false_negatives", "precision", "recall"],
    }  # fmt: skip
    for key, names in fields.items():
        about, arrays = by_the_book(encoded[key])
        assert list(arrays) == names
        for name, array in arrays.items():
            np.testing.assert_array_equal(array, getattr(EXAMPLES[key], name), strict=True)
    about, arrays = by_the_book(encoded["audio"])
    with wave.open(io.BytesIO(arrays["wav"].tobytes())) as sound:
        assert sound.getparams()[:4] == (2, 2, 22_050, 500)
    assert about == {"caption": ODD}
    about, arrays = by_the_book(encoded["video"])
    np.testing.assert_array_equal(
        np.cumsum(arrays["changes"], axis=0, dtype=np.uint8), EXAMPLES["video"].frames
    )
    assert about == {"fps": 12.5, "caption": ODD}
    about, arrays = by_the_book(encoded["figure"])
    with Pillow.open(io.BytesIO(arrays["png"].tobytes())) as picture:
        assert picture.size == (about["width"], about["height"]) == (40, 40)
    assert b"<svg" in arrays["svg"].tobytes()
    assert zlib.decompress(encoded["text"]).decode("utf-8", "surrogatepass") == "# Title\n" + ODD
    assert json.loads(zlib.decompress(encoded["table"]))["rows"][0] == [1, 1.0, True, None, ODD]
    assert json.loads(zlib.decompress(encoded["graph"]))["format"] == "introspect.graph"
    (size,) = struct.unpack_from("<I", encoded["images"])
    at = 4 + size
    for one, image in zip(
        json.loads(encoded["images"][4:at])["images"], EXAMPLES["images"].images, strict=True
    ):
        with Pillow.open(io.BytesIO(encoded["images"][at : at + one["size"]])) as picture:
            np.testing.assert_array_equal(np.asarray(picture), image.pixels)
        at += one["size"]
    assert at == len(encoded["images"])
