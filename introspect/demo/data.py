"""A folder, a Debian package, a download or scikit-learn -> the arrays of the demo.

`load` looks for Fashion-MNIST in that order and says in `Dataset.source` what it took.
A damaged file is an error wherever it is found, since passing over it in silence would train
on something else than the user thinks.

Cost: 0.4 s and at most 95 MB for the 70,000 gzipped images, 0.03 s and 55 MB unzipped.

Not here: the file format (``introspect.demo.idx``); tensors and the training loop.
"""

import io
import os
import socket
import tempfile
import warnings
from collections.abc import Generator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from introspect.demo.idx import read_idx
from introspect.errors import DataError, MissingExtraError

DEBIAN_FOLDER = Path("/usr/share/datasets/fashion-mnist")
"""Where Debian's package ``dataset-fashion-mnist`` puts the four files."""

CLASSES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)

_TRAIN = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte")
_TEST = ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")
_NAMES = (*_TRAIN, *_TEST)
_SIZE_PX = 28
_NETWORK_TIMEOUT_S = 10.0

_WAYS_OUT = """one of these four:
         1. --data DIR, a folder with train-images-idx3-ubyte, train-labels-idx1-ubyte,
            t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte, each plain or .gz
         2. apt install --reinstall dataset-fashion-mnist (Debian), and no --data
         3. pip install torchvision, a network, and no --data: it is downloaded
            (a damaged download once more, when its file is deleted)
         4. pip install scikit-learn, no --data and none of the above: its 8x8 digits"""


@dataclass(frozen=True, slots=True, eq=False)
class Dataset:
    """Labelled grey images, split into a training and a test part.

    Attributes:
        train_images: uint8 of shape ``(n, 28, 28)``, 0 is empty; 60,000 of Fashion-MNIST.
        train_labels: int64 of shape ``(n,)``, indices into `classes`.
        test_images: uint8 of shape ``(m, 28, 28)``; 10,000 of Fashion-MNIST.
        test_labels: int64 of shape ``(m,)``.
        classes: The ten names.
        name: ``"Fashion-MNIST"`` or ``"digits"``.
        source: One line for people: where the images came from, and if they stand in for
            others, why.
        log_every: Steps between two log entries that suit its size.
        is_fallback: Whether these are the digits that stand in for Fashion-MNIST.
    """

    train_images: npt.NDArray[np.uint8]
    train_labels: npt.NDArray[np.int64]
    test_images: npt.NDArray[np.uint8]
    test_labels: npt.NDArray[np.int64]
    classes: tuple[str, ...]
    name: str
    source: str
    log_every: int
    is_fallback: bool = False


def load(folder: Path | None = None, *, download: bool = True) -> Dataset:
    """Fashion-MNIST from the first place that has it, otherwise scikit-learn's digits.

    Looked for in this order: `folder`; the files of Debian's package; the files that an
    earlier download left in the user's cache; a download by torchvision into that cache
    (30 MB); the 8x8 digits inside scikit-learn.

    Args:
        folder: A folder with the four files, plain or ``.gz``, directly or under
            ``FashionMNIST/raw`` as torchvision lays them out. Then nothing else is tried.
        download: Whether the network may be used. A network that does not answer costs
            at most a few times 10 s, and nothing is printed.

    Returns:
        The arrays, writable and owned by the caller. Any number of images is accepted.

    Raises:
        DataError: If `folder` lacks a file, or a file found in any of the places is
            damaged. Damaged files are never passed over in silence.
        MissingExtraError: If no Fashion-MNIST can be had and scikit-learn is missing.

    Example:
        >>> dataset = load(download=False)
        >>> dataset.train_images.dtype, dataset.test_images.shape[1:], len(dataset.classes)
        (dtype('uint8'), (28, 28), 10)
    """
    if folder is not None:
        folder = Path(folder).expanduser()
        return _read_folder(folder, source=str(folder))
    if any(_paths(DEBIAN_FOLDER, name) for name in _NAMES):  # an incomplete package is an error
        source = f"Debian's dataset-fashion-mnist, {DEBIAN_FOLDER}"
        return _read_folder(DEBIAN_FOLDER, source=source)
    cache = _cache_folder()
    why_not = None
    if not all(_paths(cache, name) for name in _NAMES):  # an incomplete download is repeated
        why_not = _download(cache) if download else "no download was allowed"
    if why_not:
        return _digits(why_not)
    return _read_folder(cache, source=f"a torchvision download, {cache}")


def _read_folder(folder: Path, *, source: str) -> Dataset:
    train_images, train_labels = _read_pair(folder, *_TRAIN)
    test_images, test_labels = _read_pair(folder, *_TEST)
    return Dataset(
        train_images=train_images,
        train_labels=train_labels,
        test_images=test_images,
        test_labels=test_labels,
        classes=CLASSES,
        name="Fashion-MNIST",
        source=source,
        log_every=100,
    )


def _read_pair(
    folder: Path, images_name: str, labels_name: str
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    """Images and labels that fit each other."""
    images_path, labels_path = _find(folder, images_name), _find(folder, labels_name)
    images = read_idx(images_path, hint=_WAYS_OUT)
    labels = read_idx(labels_path, hint=_WAYS_OUT)
    if not images.size or images.shape[1:] != (_SIZE_PX, _SIZE_PX):
        raise _misfit(images_path, f"images of shape {images.shape}, not (n, 28, 28)")
    if labels.shape != images.shape[:1]:
        given = f"labels of shape {labels.shape} for {len(images):,} images in {images_path.name}"
        raise _misfit(labels_path, given)
    if labels.max() >= len(CLASSES):
        raise _misfit(labels_path, f"a label {labels.max()}; there are ten classes, 0 to 9")
    return images, labels.astype(np.int64)


def _misfit(path: Path, given: str) -> DataError:
    what = f"{path.name} does not hold what the demo needs."
    return DataError(what, where=str(path), given=given, hint=_WAYS_OUT)


def _paths(folder: Path, name: str) -> list[Path]:
    """Files called `name` or `name`.gz, in torchvision's layout or directly in `folder`."""
    candidates = [place / (name + suffix) for place in _places(folder) for suffix in ("", ".gz")]
    return [path for path in candidates if path.is_file()]


def _places(folder: Path) -> list[Path]:
    return [folder / "FashionMNIST" / "raw", folder]


def _find(folder: Path, name: str) -> Path:
    try:
        paths = _paths(folder, name)
        if paths:
            return paths[0]
        given = _contents(folder)
    except OSError as error:  # no permission, a name too long for the system
        given = f"a folder that cannot be searched ({error.strerror})"
    what = f"{name} is missing, plain and as .gz."
    raise DataError(what, where=str(folder), given=given, hint=_WAYS_OUT)


def _contents(folder: Path) -> str:
    """What is there in place of the files, in one line."""
    if not folder.exists():
        return "a folder that does not exist"
    if not folder.is_dir():
        return "a file, not a folder"
    places = [place for place in _places(folder) if place.is_dir()]
    names = sorted(entry.name for place in places for entry in place.iterdir())
    more = f" and {len(names) - 6:,} more" if len(names) > 6 else ""
    return f"a folder with {', '.join(names[:6])}{more}" if names else "an empty folder"


def _cache_folder() -> Path:
    """Below ``$XDG_CACHE_HOME`` if that is absolute, as its rules demand, or ``~/.cache``."""
    configured = Path(os.environ.get("XDG_CACHE_HOME", ""))
    base = configured if configured.is_absolute() else Path("~/.cache").expanduser()
    return base / "introspect" / "fashion-mnist"


def _download(cache: Path) -> str | None:
    """Let torchvision fetch the files into `cache`; None, or why that was not possible.

    torchvision takes any file that exists for a whole one, so that an interrupted download
    would spoil all later runs. Hence a temporary folder first, and whole files are moved.
    """
    try:
        with _quietly():
            from torchvision.datasets import FashionMNIST  # noqa: PLC0415  heavy, and optional
    except Exception as error:  # noqa: BLE001  one built for another torch raises anything
        return f"torchvision cannot be imported ({type(error).__name__})"
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache, prefix="download-") as folder, _quietly():
            FashionMNIST(folder, train=False, download=True)
            for name in _NAMES:
                _find(Path(folder), name).replace(cache / name)
    except Exception as error:  # noqa: BLE001  whatever failed, the caller falls back and says it
        return f"the download failed ({_last_line(error)})"
    return None


def _last_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1].strip("<>") if lines else type(error).__name__


@contextmanager
def _quietly() -> Generator[None]:
    """Nothing on the terminal, and a network that does not answer ends after 10 s.

    torchvision has no option for either; the default of new sockets is the only handle.
    """
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(_NETWORK_TIMEOUT_S)
    try:
        with (
            warnings.catch_warnings(action="ignore"),
            redirect_stdout(io.StringIO()),
            redirect_stderr(io.StringIO()),
        ):
            yield
    finally:
        socket.setdefaulttimeout(before)


def _digits(why_not: str) -> Dataset:
    """The 1,797 digits of scikit-learn as 28x28 bytes, every fifth of a class for the test."""
    try:
        from sklearn.datasets import load_digits  # noqa: PLC0415  heavy, and optional
    except ImportError as error:
        raise MissingExtraError(
            "the demo found neither Fashion-MNIST nor scikit-learn, which has digits inside.",
            given=why_not,
            cause=error,
            hint=_WAYS_OUT,
        ) from error
    from PIL import Image  # noqa: PLC0415  only needed here

    digits = load_digits()
    size = (_SIZE_PX, _SIZE_PX)
    floats = digits.images.astype(np.float32) * (255 / 16)  # they count 0 to 16
    resized = [Image.fromarray(image).resize(size, Image.Resampling.BILINEAR) for image in floats]
    images = (
        np.stack([np.rint(np.asarray(image)) for image in resized]).clip(0, 255).astype(np.uint8)
    )
    labels = digits.target.astype(np.int64)
    # Without a random generator, the split is the same on every version of NumPy.
    is_test = np.zeros(len(labels), dtype=bool)
    is_test[np.argsort(labels, kind="stable")[::5]] = True
    return Dataset(
        train_images=images[~is_test],
        train_labels=labels[~is_test],
        test_images=images[is_test],
        test_labels=labels[is_test],
        classes=tuple(str(digit) for digit in range(10)),
        name="digits",
        source=f"scikit-learn's 8x8 digits instead of Fashion-MNIST: {why_not}",
        log_every=4,
        is_fallback=True,
    )
