"""``tensorboardX.record_writer``: records into a file of its own, opened by path.

Not here: buckets of S3 and Google, which a factory may add.
"""

import os
import re
import struct
from pathlib import Path
from typing import Any

from introspect.compat.tensorboardx.crc32c import crc32c
from introspect.history.formats.events.proto import framed, masked

__all__ = [
    "RecordWriter",
    "directory_check",
    "make_valid_tf_name",
    "masked_crc32c",
    "open_file",
    "register_writer_factory",
]

REGISTERED_FACTORIES: dict[str, Any] = {}


def register_writer_factory(prefix: str, factory: Any) -> None:
    """Have paths that begin with ``prefix:`` opened by something else.

    Args:
        prefix: Without the colon.
        factory: Has ``open(path)`` and ``directory_check(path)``.

    Raises:
        ValueError: If there is a colon in the prefix.
    """
    if ":" in prefix:
        raise ValueError("prefix cannot contain a :")
    REGISTERED_FACTORIES[prefix] = factory


def directory_check(path: str) -> None:
    """Make a folder."""
    factory = REGISTERED_FACTORIES.get(path.split(":", maxsplit=1)[0])
    if factory is not None:
        factory.directory_check(path)
        return
    Path(path).mkdir(parents=True, exist_ok=True)


def open_file(path: str) -> Any:
    """Open a file for writing bytes."""
    factory = REGISTERED_FACTORIES.get(path.split(":", maxsplit=1)[0])
    return factory.open(path) if factory is not None else open(path, "wb")  # noqa: PTH123  the writer closes it


class RecordWriter:
    """Writes records to a path.

    Args:
        path: A file, or what a factory opens.

    Raises:
        OSError: If it cannot be opened.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = path
        self._writer = open_file(str(path))

    def write(self, data: bytes) -> None:
        """One record, with its length and checksums."""
        self._writer.write(framed(bytes(data)))

    def flush(self) -> None:
        """Have it on the disk."""
        self._writer.flush()
        if hasattr(self._writer, "fileno"):
            os.fsync(self._writer.fileno())

    def close(self) -> None:
        """Close the file."""
        self._writer.close()


def masked_crc32c(data: bytes) -> int:
    """The checksum of some bytes as it stands in the file."""
    return masked(crc32c(data))


def u32(x: int) -> int:
    """The lower 32 bits."""
    return struct.unpack("<I", struct.pack("<Q", x & 0xFFFFFFFFFFFFFFFF)[:4])[0]


def make_valid_tf_name(name: str) -> str:
    """A name in the letters that TensorFlow allows.

    Example:
        >>> make_valid_tf_name("_a b")
        '._a_b'
    """
    start = name if re.match(r"[A-Za-z0-9.]", name) else f".{name}"
    return "_".join(re.findall(r"[A-Za-z0-9_.\-/]+", start))
