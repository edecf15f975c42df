"""A faster counting of tensors, compiled once by the C compiler of the machine, if asked for.

Nothing needs it: without it `introspect.tensors.count` gives the same counts, from torch and
NumPy alone. It is off until `use_compiled` is called, or ``INTROSPECT_COMPILE=1`` is set in
the environment; then ``count_kernel.c`` is built (half a second) and kept in the user's cache
folder (``INTROSPECT_CACHE`` names another) under a name that holds its source, the compiler
and the processor, so that a home shared by unlike machines is safe. A library that does not
count a known row of numbers right is not used.

Cost: 0.6 to 0.9 ns an element with all moments, 15 us a small tensor.

Not here: what is counted and how (``introspect.nouns.float_bins``).
"""

import ctypes
import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import threading
import warnings
from functools import cache
from math import inf, nan
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from introspect.errors import IntrospectWarning, MissingExtraError
from introspect.nouns.sketch import Sketch

MOST_VALUES = 1 << 32
"""The counters of the kernel have 32 bits; longer rows go the other way."""

_SOURCE = Path(__file__).with_name("count_kernel.c")
_FLAGS = ("-O3", "-shared", "-fPIC", "-fno-math-errno")
_CHUNK_VALUES = 1 << 16
_FOUND = 9
_chosen: dict[str, "Kernel | None"] = {}


class _Room(threading.local):
    """The tables of one thread, for one number of bits each."""

    def __init__(self) -> None:
        self.rooms: dict[int, tuple[Any, ...]] = {}

    def of(self, bits: int) -> tuple[Any, ...]:
        if bits not in self.rooms:
            arrays = (
                np.zeros(2 << (9 + bits), np.uint32),
                np.empty(_FOUND, np.float64),
                np.empty(2 * (255 << bits), np.int32),
                np.empty(2 * (255 << bits), np.int64),
            )
            self.rooms[bits] = (*arrays, *(array.ctypes.data for array in arrays))
        return self.rooms[bits]


class Kernel:
    """The compiled counting."""

    def __init__(self, library: ctypes.CDLL) -> None:
        pointer, size, small = ctypes.c_void_p, ctypes.c_int64, ctypes.c_int
        self._floats = library.introspect_add_floats
        self._doubles = library.introspect_add_doubles
        for add in (self._floats, self._doubles):
            add.argtypes, add.restype = (pointer, size, small, pointer, pointer), None
        self._take = library.introspect_take
        self._take.argtypes, self._take.restype = (small, pointer, pointer, pointer), size
        self._room = _Room()

    def takes(self, flat: Tensor) -> bool:
        """Whether a row of floats on the CPU is short enough."""
        return len(flat) < MOST_VALUES

    def count(self, flat: Tensor, *, bits: int) -> Sketch:
        """Count a contiguous row of floats (64, 32 or 16 bits) on the CPU.

        Returns:
            What ``Sketch.of(flat, bits=bits)`` gives; the sums in another order of addition.
        """
        _, found, bins, counts, table, found_at, bins_at, counts_at = self._room.of(bits)
        found[:] = 0.0
        found[0], found[1] = inf, -inf
        add = self._doubles if flat.dtype == torch.float64 else self._floats
        if flat.dtype in (torch.float64, torch.float32):
            add(flat.data_ptr(), len(flat), bits, table, found_at)
        else:
            for chunk in flat.split(_CHUNK_VALUES):
                single = chunk.float()
                add(single.data_ptr(), len(single), bits, table, found_at)
        size = self._take(bits, table, bins_at, counts_at)
        low, high, total, squares, *outside = found.tolist()
        if low > high:
            low, high = nan, nan
        nans, minus, plus, under, over = (int(number) for number in outside)
        return Sketch(
            bits=bits,
            bins=bins[:size].copy(),
            counts=counts[:size].copy(),
            min=low + 0.0,
            max=high + 0.0,
            sum=total,
            sum_squares=squares,
            nans=nans,
            infinities=(minus, plus),
            overflows=(under, over),
        )


def kernel() -> Kernel | None:
    """The compiled counting, if it was asked for and is there."""
    return _chosen["kernel"] if _chosen else _asked_for()


def use_compiled(on: bool = True) -> None:  # noqa: FBT001, FBT002  a switch reads best so
    """Count with compiled code from now on, or (`on` is False) no longer.

    Raises:
        MissingExtraError: If there is no C compiler, or it cannot build the kernel.
    """
    _chosen["kernel"] = load() if on else None


@cache
def _asked_for() -> Kernel | None:
    if os.environ.get("INTROSPECT_COMPILE") != "1":
        return None
    try:
        return load()
    except MissingExtraError as error:
        message = f"INTROSPECT_COMPILE=1 has no effect: {error}"
        warnings.warn(message, IntrospectWarning, stacklevel=2)
        return None


def load() -> Kernel:
    """The kernel from the cache folder; it is built first if it is not there.

    Raises:
        MissingExtraError: If there is no C compiler, or it cannot build the kernel.
    """
    compiler = _compiler()
    path = _place(compiler)
    try:
        found = _loaded(path) if _is_ours(path) else None
        if found is None:
            _build(compiler, path)
            found = Kernel(ctypes.CDLL(str(path)))
    except (OSError, AttributeError, subprocess.SubprocessError) as error:
        raise _impossible("the kernel could not be built or loaded.", error) from error
    if not _counts_right(found):
        raise _impossible("the kernel that was built counts wrong.", str(path))
    return found


def _loaded(path: Path) -> Kernel | None:
    """The kernel in a file that was built before; None if it is damaged."""
    try:
        return Kernel(ctypes.CDLL(str(path)))
    except (OSError, AttributeError):
        return None


def _compiler() -> str:
    for name in (os.environ.get("CC"), "cc", "gcc", "clang"):
        place = shutil.which(name) if name else None
        if place:
            return place
    raise _impossible("no C compiler was found.", "CC, cc, gcc, clang")


def _folder() -> Path:
    given = os.environ.get("INTROSPECT_CACHE")
    if given:
        return Path(given)
    caches = Path.home() / "Library" / "Caches" if sys.platform == "darwin" else None
    return (
        caches or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    ) / "introspect"


def _place(compiler: str) -> Path:
    return _folder() / f"count-{_fingerprint(compiler)}.so"


def _fingerprint(compiler: str) -> str:
    """A name for this source, built by this compiler for this processor."""
    parts = [_SOURCE.read_bytes(), compiler.encode(), platform.platform().encode()]
    parts.append(str(Path(compiler).resolve().stat().st_mtime_ns).encode())
    with_flags = Path("/proc/cpuinfo")
    if with_flags.exists():
        lines = with_flags.read_text().splitlines()
        named = ("flags", "Features", "model name")
        parts += [line.encode() for line in lines if line.startswith(named)][:3]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:24]


def _is_ours(path: Path) -> bool:
    """Whether the file is there, and nobody else could have written it."""
    if not path.exists():
        return False
    entries = [entry.stat() for entry in (path, path.parent)]
    return all(entry.st_uid == os.getuid() and not entry.st_mode & 0o022 for entry in entries)


def _build(compiler: str, path: Path) -> None:
    """Compile into a folder of our own, then move into place: never half a file."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        made = Path(folder) / path.name
        for native in (("-march=native",), ()):  # not every compiler knows its machine
            command = [compiler, *_FLAGS, *native, "-o", str(made), str(_SOURCE)]
            done = subprocess.run(  # noqa: S603  the user's compiler and our own source
                command, capture_output=True, text=True, timeout=60, check=False
            )
            if not done.returncode:
                made.replace(path)
                return
    raise OSError(done.stderr.strip()[-300:])


def _counts_right(found: Kernel) -> bool:
    """Whether it counts words of every kind as NumPy does."""
    words = np.arange(0, 1 << 32, 104_729, dtype=np.uint32)
    single = words.view(np.float32)
    with np.errstate(invalid="ignore"):
        double = np.where(np.isnan(single), 1.0, single).astype(np.float64) * 16.0
    rows = (single, double)
    return all(found.count(torch.from_numpy(row), bits=3) == Sketch.of(row) for row in rows)


def _impossible(what: str, cause: BaseException | str) -> MissingExtraError:
    return MissingExtraError(
        what,
        given="compiled counting of tensors",
        cause=cause,
        hint="without it: the counts are the same, in twice the time",
    )
