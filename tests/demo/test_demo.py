"""The whole job, small: train, log, watch, draw, and write the folder."""

import gzip
import struct
import subprocess
import sys
import xml.etree.ElementTree as ET

import numpy as np
import pytest
import torch
from PIL import Image

import introspect
from introspect.demo import run
from introspect.demo.convnet import ConvNet
from introspect.demo.training import choose_device
from introspect.errors import DataError, DeviceError


def write_idx(path, array):
    header = struct.pack(">HBB", 0, 8, array.ndim) + struct.pack(f">{array.ndim}I", *array.shape)
    path.write_bytes(gzip.compress(header + array.astype(np.uint8).tobytes()))


@pytest.fixture
def small_data(tmp_path):
    """25,600 training and 100 test images; the class is told by where a bright square lies."""
    folder = tmp_path / "data"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for name, count in (("train", 25_600), ("t10k", 100)):
        labels = rng.integers(0, 10, count)
        images = rng.integers(0, 60, (count, 28, 28))
        for image, label in zip(images, labels, strict=True):
            top, left = 2 + 5 * (label // 5), 5 * (label % 5)
            image[top : top + 5, left : left + 5] = 255
        write_idx(folder / f"{name}-images-idx3-ubyte.gz", images)
        write_idx(folder / f"{name}-labels-idx1-ubyte.gz", labels)
    return folder


@pytest.fixture
def result(small_data, tmp_path):
    return run(epochs=2, data=small_data, out=tmp_path / "out", device="cpu", seed=3)


@pytest.mark.slow
def test_the_demo_writes_everything_it_promises(result, tmp_path):
    out = tmp_path / "out"
    names = {path.relative_to(out).as_posix() for path in result.files}
    assert names == {
        "architecture.svg",
        "architecture.pdf",
        "architecture.png",
        "run",
        "canvas.png",
        "canvas.gif",
        "weights.png",
    }
    svg = ET.fromstring((out / "architecture.svg").read_text())
    assert "ConvNet" in "".join(svg.itertext())
    assert (out / "architecture.pdf").read_bytes().startswith(b"%PDF")
    for name in ("architecture.png", "canvas.png", "weights.png"):
        with Image.open(out / name) as picture:
            assert picture.width > 400
    with Image.open(out / "canvas.gif") as film:
        assert film.n_frames >= 4
    # the square's place is easy to learn
    assert result.accuracy > 0.9
    assert result.loss < 1.0
    assert not result.was_interrupted


@pytest.mark.slow
def test_the_run_opens_again_with_all_its_values(result, tmp_path):
    history = introspect.History(tmp_path / "out" / "run")
    assert history["test_accuracy"].formatted_steps == ["0:0", "0:100", "0:200", "1:100", "1:200"]
    assert history["train_loss"].last == pytest.approx(result.loss)
    assert history["test_accuracy"].last == pytest.approx(result.accuracy)
    assert np.asarray(history["hidden_weight"]).shape == (5, 64, 128)
    weights = [f"weights/{name}" for name, _ in ConvNet().named_parameters()]
    written = [key for key in history.keys() if key.startswith("weights/")]  # noqa: SIM118
    assert [key for key in written if key.count("/") == 1] == weights
    assert {key.rpartition("/")[0] for key in written if key.count("/") > 1} == set(weights)
    # the first record is the model as it was initialised, and the same seed makes it again
    torch.manual_seed(3)
    first = ConvNet().fc[2].weight
    assert history["weights/fc.2.weight"].data[0] == introspect.Sketch.of(first)
    assert np.array_equal(history["hidden_weight"].data[0], first.detach().numpy())
    history.close()


def test_the_net_is_the_tutorials(convnet):
    ours = [tuple(p.shape) for p in ConvNet().parameters()]
    assert ours == [tuple(p.shape) for p in convnet.parameters()]


def test_a_device_that_is_not_there_names_those_that_are():
    assert choose_device("cpu") == torch.device("cpu")
    with pytest.raises(DeviceError, match=r"--device tpu[\s\S]*auto.*cpu"):
        choose_device("tpu")


def test_missing_files_fail_before_anything_is_written(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="train-images-idx3-ubyte"):
        run(epochs=1, data=tmp_path / "empty", out=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def command(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "introspect.cli", *arguments],
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_command_prints_errors_without_a_traceback(tmp_path):
    done = command("demo", "--data", str(tmp_path))
    assert done.returncode == 1
    assert done.stderr.startswith("introspect: ")
    assert "Traceback" not in done.stderr
    assert "--data DIR" in done.stderr


def test_the_command_tells_its_version_and_options():
    assert command("--version").stdout == f"introspect {introspect.__version__}\n"
    options = command("demo", "--help").stdout
    for option in ("--epochs", "--data", "--out", "--device", "--seed"):
        assert option in options


@pytest.mark.slow
def test_ctrl_c_ends_the_training_and_keeps_what_was_logged(small_data, tmp_path, monkeypatch):
    from introspect.demo import training

    steps = []
    one_step = training._Loop._train

    def interrupted(self, images, labels):
        steps.append(1)
        if len(steps) > 150:
            raise KeyboardInterrupt
        return one_step(self, images, labels)

    monkeypatch.setattr(training._Loop, "_train", interrupted)
    result = run(epochs=3, data=small_data, out=tmp_path / "out", device="cpu")
    assert result.was_interrupted
    assert (tmp_path / "out" / "weights.png").exists()
    history = introspect.History(tmp_path / "out" / "run")
    assert history["train_loss"].formatted_steps == ["0:100"]
    history.close()
