"""The demo's data: where it is looked for, and what is said when it is not there."""

import gzip
import socket
import struct
import subprocess
import sys
import tempfile
import types
import warnings
from pathlib import Path

import numpy as np
import pytest

from introspect.demo import data
from introspect.demo.data import load
from introspect.errors import DataError, MissingExtraError

NAMES = [
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
]
DEBIAN_FOLDER = Path("/usr/share/datasets/fashion-mnist")
needs_debian_files = pytest.mark.skipif(
    not DEBIAN_FOLDER.is_dir(), reason="Debian's package dataset-fashion-mnist is not installed"
)


def write_files(folder, *, train_n=12, test_n=5, is_gzip=False, mark=0):
    """The four files of a data set whose first pixel is `mark`."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, n in zip(NAMES, [train_n, train_n, test_n, test_n], strict=True):
        if "images" in name:
            values = bytes([mark]) + bytes(n * 28 * 28 - 1)
            content = struct.pack(">4I", 0x803, n, 28, 28) + values
        else:
            content = struct.pack(">2I", 0x801, n) + bytes(i % 10 for i in range(n))
        path = folder / (name + ".gz" * is_gzip)
        path.write_bytes(gzip.compress(content) if is_gzip else content)
    return folder


@pytest.fixture
def bare_machine(tmp_path, monkeypatch):
    """A machine without the Debian package, with an empty cache; returns the cache folder."""
    monkeypatch.setattr(data, "DEBIAN_FOLDER", tmp_path / "debian")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "introspect" / "fashion-mnist"


@pytest.fixture
def torchvision(monkeypatch):
    """A torchvision whose FashionMNIST does what a test tells it to do."""

    def install(download):
        datasets = types.ModuleType("torchvision.datasets")
        datasets.FashionMNIST = lambda root, *, train, download: fetch(Path(root), train, download)
        monkeypatch.setitem(sys.modules, "torchvision", types.ModuleType("torchvision"))
        monkeypatch.setitem(sys.modules, "torchvision.datasets", datasets)

        def fetch(root, train, is_wanted):
            assert is_wanted
            assert not train
            download(root)

    return install


def fail(_root):
    pytest.fail("the network was asked")  # no Exception, so that load cannot swallow it


def first_pixel(dataset):
    return dataset.train_images[0, 0, 0]


@pytest.mark.parametrize("is_gzip", [False, True])
@pytest.mark.parametrize("layout", [".", "FashionMNIST/raw"])
def test_a_folder_holds_the_files_directly_or_as_torchvision_lays_them_out(
    tmp_path, layout, is_gzip
):
    write_files(tmp_path / layout, is_gzip=is_gzip, mark=7)
    dataset = load(tmp_path)
    assert dataset.train_images.shape == (12, 28, 28)
    assert dataset.train_images.dtype == np.uint8
    assert first_pixel(dataset) == 7
    assert dataset.test_labels.tolist() == [0, 1, 2, 3, 4]
    assert dataset.test_labels.dtype == np.int64
    assert dataset.name == "Fashion-MNIST"
    assert dataset.source == str(tmp_path)
    assert dataset.log_every == 100
    assert not dataset.is_fallback


def test_a_folder_given_as_text_with_a_tilde_is_understood(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    write_files(tmp_path / "fashion", mark=7)
    assert first_pixel(load("~/fashion")) == 7


def test_a_folder_that_is_given_wins_over_all_other_places(tmp_path, bare_machine, torchvision):
    torchvision(fail)
    write_files(data.DEBIAN_FOLDER, mark=2)
    write_files(bare_machine, mark=3)
    assert first_pixel(load(write_files(tmp_path / "given", mark=1))) == 1


def test_the_debian_package_wins_over_an_earlier_download(bare_machine, torchvision):
    torchvision(fail)
    write_files(data.DEBIAN_FOLDER, is_gzip=True, mark=2)
    write_files(bare_machine, mark=3)
    dataset = load()
    assert first_pixel(dataset) == 2
    assert "dataset-fashion-mnist" in dataset.source


def test_an_earlier_download_is_read_and_the_network_left_alone(bare_machine, torchvision):
    torchvision(fail)
    write_files(bare_machine, mark=3)
    for download in (True, False):
        dataset = load(download=download)
        assert first_pixel(dataset) == 3
        assert dataset.source == f"a torchvision download, {bare_machine}"


def test_a_download_is_kept_in_the_cache_without_its_leftovers(bare_machine, torchvision):
    torchvision(lambda root: write_files(root / "FashionMNIST" / "raw", mark=4))
    assert first_pixel(load()) == 4
    torchvision(fail)
    assert first_pixel(load()) == 4
    assert sorted(path.name for path in bare_machine.iterdir()) == sorted(NAMES)


def test_a_download_completes_a_cache_that_lacks_a_file(bare_machine, torchvision):
    write_files(bare_machine, mark=3)
    (bare_machine / NAMES[3]).unlink()
    torchvision(lambda root: write_files(root / "FashionMNIST" / "raw", mark=4))
    assert first_pixel(load()) == 4


def test_a_relative_cache_home_is_ignored(tmp_path, bare_machine, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    write_files(tmp_path / "home" / ".cache" / "introspect" / "fashion-mnist", mark=5)
    assert not bare_machine.exists()
    assert first_pixel(load(download=False)) == 5


def test_a_download_prints_nothing_warns_of_nothing_and_waits_ten_seconds_at_most(
    bare_machine, torchvision, capfd
):
    timeouts_s = []

    def noisy(root):
        timeouts_s.append(socket.getdefaulttimeout())
        print("Downloading ...")  # noqa: T201  what the test is about
        sys.stderr.write("0%|     | 0/26421880")
        warnings.warn("careful", UserWarning, stacklevel=2)
        write_files(root / "FashionMNIST" / "raw")

    torchvision(noisy)
    load()
    assert capfd.readouterr() == ("", "")
    assert timeouts_s == [10]
    assert bare_machine.is_dir()
    assert socket.getdefaulttimeout() is None


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            RuntimeError("Error downloading x:\nTried y, got:\n<urlopen error no name>\n"),
            "the download failed (urlopen error no name)",
        ),
        (TimeoutError(), "the download failed (TimeoutError)"),
        (OSError(28, "No space left on device"), "No space left on device"),
    ],
)
def test_without_a_network_the_digits_stand_in_and_say_why_in_one_line(
    bare_machine, torchvision, error, said
):
    pytest.importorskip("sklearn", reason="the digits are inside scikit-learn")

    def broken(root):
        (root / "FashionMNIST").mkdir()
        raise error

    torchvision(broken)
    dataset = load()
    assert dataset.is_fallback
    assert said in dataset.source
    assert "\n" not in dataset.source
    assert list(bare_machine.iterdir()) == []
    assert socket.getdefaulttimeout() is None


def test_ctrl_c_during_a_download_stops_and_leaves_nothing_behind(bare_machine, torchvision):
    def interrupted(root):
        write_files(root / "FashionMNIST" / "raw")
        raise KeyboardInterrupt

    torchvision(interrupted)
    with pytest.raises(KeyboardInterrupt):
        load()
    assert list(bare_machine.iterdir()) == []
    assert socket.getdefaulttimeout() is None


def test_a_cache_that_cannot_be_made_leads_to_the_digits(bare_machine, torchvision):
    pytest.importorskip("sklearn", reason="the digits are inside scikit-learn")
    torchvision(fail)
    bare_machine.parent.parent.write_text("a file where the cache folder belongs")
    assert load().source.endswith("Not a directory: '" + str(bare_machine) + "')")


@pytest.mark.parametrize("error", [ImportError, RuntimeError, AttributeError])
def test_a_torchvision_that_cannot_be_imported_leads_to_the_digits(
    bare_machine, monkeypatch, error
):
    pytest.importorskip("sklearn", reason="the digits are inside scikit-learn")

    class Broken(types.ModuleType):
        def __getattr__(self, name):
            raise error(name)

    monkeypatch.setitem(sys.modules, "torchvision", types.ModuleType("torchvision"))
    monkeypatch.setitem(sys.modules, "torchvision.datasets", Broken("torchvision.datasets"))
    source = load().source
    assert "torchvision cannot be imported" in source
    assert not bare_machine.exists()


@pytest.mark.torchvision
def test_the_real_torchvision_fails_fast_where_no_server_answers(bare_machine, monkeypatch):
    pytest.importorskip("torchvision", reason="torchvision has no CPU-only build")
    pytest.importorskip("sklearn", reason="the digits are inside scikit-learn")
    from torchvision.datasets import FashionMNIST

    with socket.socket() as unanswered:  # bound, never listening: connections are refused
        unanswered.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unanswered.getsockname()[1]}/"
        monkeypatch.setattr(FashionMNIST, "mirrors", [url])
        dataset = load()
    assert dataset.is_fallback
    assert "refused" in dataset.source
    assert list(bare_machine.iterdir()) == []


@pytest.mark.torchvision
def test_the_real_torchvision_download_is_read_back(bare_machine, tmp_path, monkeypatch):
    pytest.importorskip("torchvision", reason="torchvision has no CPU-only build")
    import hashlib
    from functools import partial
    from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
    from threading import Thread

    from torchvision.datasets import FashionMNIST

    folder = write_files(tmp_path / "served", is_gzip=True, mark=6)
    digests = [
        (path.name, hashlib.md5(path.read_bytes()).hexdigest())  # noqa: S324  torchvision's check
        for path in (folder / f"{name}.gz" for name in NAMES)
    ]
    handler = partial(SimpleHTTPRequestHandler, directory=str(folder))
    monkeypatch.setattr(SimpleHTTPRequestHandler, "log_message", lambda *_: None)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/"
        monkeypatch.setattr(FashionMNIST, "mirrors", [url])
        monkeypatch.setattr(FashionMNIST, "resources", digests)
        dataset = load()
        server.shutdown()
    assert first_pixel(dataset) == 6
    assert sorted(path.name for path in bare_machine.iterdir()) == sorted(NAMES)


def test_the_digits_are_split_without_overlap_and_evenly(bare_machine):
    sklearn_datasets = pytest.importorskip("sklearn.datasets", reason="the digits are inside it")
    dataset = load(download=False)
    assert dataset.name == "digits"
    assert dataset.source.startswith("scikit-learn's 8x8 digits instead of Fashion-MNIST")
    assert dataset.classes == tuple("0123456789")
    assert dataset.log_every == 4
    assert dataset.train_images.shape == (1437, 28, 28)
    assert dataset.test_images.shape == (360, 28, 28)
    assert dataset.train_images.dtype == np.uint8
    assert dataset.train_images.min() == 0
    assert dataset.train_images.max() == 255
    truth = np.bincount(sklearn_datasets.load_digits().target)
    counts = np.bincount(dataset.test_labels)
    assert (counts + np.bincount(dataset.train_labels) == truth).all()
    assert np.abs(counts - truth / 5).max() <= 1
    assert not bare_machine.exists()


def test_the_digits_are_enlarged_by_bilinear_interpolation(bare_machine):
    sklearn_datasets = pytest.importorskip("sklearn.datasets", reason="the digits are inside it")
    dataset = load(download=False)
    assert not bare_machine.exists()
    # Truth: numpy.interp along one axis, then the other, between the centres of the pixels.
    centres = (np.arange(28) + 0.5) * 8 / 28 - 0.5
    along = np.stack([np.interp(centres, np.arange(8), row) for row in np.eye(8)], axis=1)
    digits = sklearn_datasets.load_digits()
    expected = (along @ digits.images @ along.T * 255 / 16).reshape(1797, 784)
    images = np.concatenate([dataset.train_images, dataset.test_images]).reshape(1797, 784)
    labels = np.concatenate([dataset.train_labels, dataset.test_labels])
    distances = (expected**2).sum(axis=1) - 2 * images.astype(float) @ expected.T
    nearest = distances.argmin(axis=1)
    assert sorted(nearest) == list(range(1797))  # each digit once, in one of the two parts
    assert np.abs(images - expected[nearest]).max() <= 0.51  # rounded to bytes
    assert (labels == digits.target[nearest]).all()


def test_without_scikit_learn_the_error_names_the_four_ways_out(bare_machine, monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    with pytest.raises(MissingExtraError, match="neither Fashion-MNIST nor scikit-learn") as caught:
        load(download=False)
    assert_four_ways_out(caught.value)
    assert "no download was allowed" in str(caught.value)
    assert not bare_machine.exists()


def assert_four_ways_out(error):
    for way in (
        "--data DIR",
        "apt install --reinstall dataset-fashion-mnist",
        "pip install torchvision",
        "pip install scikit-learn",
    ):
        assert way in str(error)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("place", ["given", "debian"])
def test_a_missing_file_is_named_and_never_replaced_by_other_data(
    tmp_path, bare_machine, torchvision, name, place
):
    torchvision(fail)
    folder = write_files(tmp_path / place, is_gzip=True)
    write_files(bare_machine)
    (folder / f"{name}.gz").unlink()
    with pytest.raises(DataError, match=f"{name} is missing, plain and as .gz") as caught:
        load(folder if place == "given" else None)
    assert str(folder) in str(caught.value)
    assert "given  a folder with t" in str(caught.value)
    assert_four_ways_out(caught.value)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("place", ["given", "debian", "cache"])
def test_a_damaged_file_is_named_wherever_it_is_found(
    tmp_path, bare_machine, torchvision, name, place
):
    torchvision(fail)
    folder = bare_machine if place == "cache" else tmp_path / place
    path = write_files(folder) / name
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(DataError, match=f"{name} is damaged") as caught:
        load(folder if place == "given" else None)
    assert str(path) in str(caught.value)
    assert_four_ways_out(caught.value)


@pytest.mark.parametrize(
    ("name", "content", "given"),
    [
        (NAMES[0], struct.pack(">4I", 0x803, 1, 32, 32) + bytes(1024), r"\(1, 32, 32\), not \(n"),
        (NAMES[0], struct.pack(">2I", 0x801, 12) + bytes(12), r"shape \(12,\), not \(n, 28, 28\)"),
        (NAMES[2], struct.pack(">4I", 0x803, 0, 28, 28), r"shape \(0, 28, 28\)"),
        (NAMES[1], struct.pack(">2I", 0x801, 11) + bytes(11), r"\(11,\) for 12 images in train"),
        (NAMES[3], struct.pack(">2I", 0x801, 5) + b"\x00\x01\x02\x03\x0a", "a label 10"),
    ],
    ids=["32x32", "labels for images", "no images", "too few labels", "a label out of range"],
)
def test_files_that_do_not_fit_are_named(tmp_path, name, content, given):
    path = write_files(tmp_path) / name
    path.write_bytes(content)
    with pytest.raises(DataError, match=given) as caught:
        load(tmp_path)
    assert str(caught.value).startswith(f"{name} does not hold what the demo needs.")
    assert_four_ways_out(caught.value)


@pytest.mark.parametrize(
    ("make", "given"),
    [
        (lambda path: path, "a folder that does not exist"),
        (lambda path: path.mkdir() or path, "an empty folder"),
        (lambda path: path.write_text("x") and path, "a file, not a folder"),
        (lambda path: path.mkdir() or path / ("long" * 100), "cannot be searched"),
        (lambda path: path / "nul\0byte", "a folder that does not exist"),
    ],
    ids=["missing", "empty", "a file", "a name too long", "a nul byte"],
)
def test_a_folder_that_holds_nothing_is_told_from_one_that_is_not_there(tmp_path, make, given):
    with pytest.raises(DataError, match=given) as caught:
        load(make(tmp_path / "place"))
    assert_four_ways_out(caught.value)


def test_a_crowded_folder_is_shown_in_one_line(tmp_path):
    for i in range(50):
        (tmp_path / f"file{i:02}").touch()
    with pytest.raises(DataError, match=r"a folder with file00, .*, file05 and 44 more"):
        load(tmp_path)


@needs_debian_files
def test_the_debian_package_holds_the_real_fashion_mnist():
    dataset = load(download=False)
    assert dataset.train_images.shape == (60_000, 28, 28)
    assert dataset.test_images.shape == (10_000, 28, 28)
    assert np.bincount(dataset.train_labels).tolist() == [6000] * 10
    assert np.bincount(dataset.test_labels).tolist() == [1000] * 10
    with gzip.open(DEBIAN_FOLDER / "t10k-labels-idx1-ubyte.gz") as stream:
        magic, count, first = struct.unpack(">IIB", stream.read(9))
    assert (magic, count) == (0x801, 10_000)
    assert dataset.test_labels[0] == first
    assert dataset.classes[first] == "Ankle boot"


@needs_debian_files
@pytest.mark.torchvision
def test_torchvision_reads_the_same_arrays_from_the_same_files(tmp_path):
    torchvision = pytest.importorskip("torchvision", reason="torchvision has no CPU-only build")
    raw = tmp_path / "FashionMNIST" / "raw"
    raw.mkdir(parents=True)
    for name in NAMES:
        (raw / name).write_bytes(gzip.decompress((DEBIAN_FOLDER / f"{name}.gz").read_bytes()))
    dataset = load(tmp_path)
    for is_train in (True, False):
        theirs = torchvision.datasets.FashionMNIST(tmp_path, train=is_train)
        images = dataset.train_images if is_train else dataset.test_images
        labels = dataset.train_labels if is_train else dataset.test_labels
        assert (theirs.data.numpy() == images).all()
        assert (theirs.targets.numpy() == labels).all()
    assert tuple(theirs.classes) == dataset.classes


def test_importing_the_data_module_loads_no_torch():
    code = "import sys, introspect.demo.data; print('torch' in sys.modules)"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "False"


def test_temporary_files_stay_out_of_the_system_folder(bare_machine, torchvision, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", "/nonexistent")  # any use of it would fail
    torchvision(lambda root: write_files(root / "FashionMNIST" / "raw", mark=4))
    assert first_pixel(load()) == 4
    assert bare_machine.is_dir()
