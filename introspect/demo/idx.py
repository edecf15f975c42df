"""An idx file, plain or gzipped -> a NumPy array of bytes, exactly or not at all.

The format is that of the MNIST page: a big-endian magic number (two zero bytes, the type of
the values, the number of axes), one uint32 for the length of each axis, then the values in
C order. Only unsigned bytes (type 8) occur in data sets of images.

Cost: reading and unzipping. The values are held once, twice for a moment where they are
gzipped; a header that promises more than the file can hold takes no memory at all.

Not here: which files to read, and what they must fit (``introspect.demo.data``).
"""

import gzip
import io
import zlib
from pathlib import Path

import numpy as np
import numpy.typing as npt

from introspect.errors import DataError

_DEFLATE_MAX = 1032  # deflate shrinks nothing further than 1032 to 1


def read_idx(path: Path, *, hint: str | None = None) -> npt.NDArray[np.uint8]:
    """Read one idx file of unsigned bytes; its content, not its name, tells if it is gzipped.

    Args:
        path: For example ``train-images-idx3-ubyte.gz``.
        hint: What an error should advise.

    Returns:
        uint8 of the shape in the file's header, writable.

    Raises:
        DataError: If the file cannot be opened, is no idx file of unsigned bytes, or holds
            more or fewer values than its header says.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder, "labels")
        ...     _ = path.write_bytes(bytes([0, 0, 8, 1, 0, 0, 0, 3, 7, 2, 1]))
        ...     read_idx(path)
        array([7, 2, 1], dtype=uint8)
    """
    what = f"{path.name} is damaged."
    try:
        with path.open("rb") as raw:
            is_gzip = raw.read(2) == b"\x1f\x8b"
            raw.seek(0)
            limit_bytes = path.stat().st_size * (_DEFLATE_MAX if is_gzip else 1)
            stream: io.BufferedIOBase = gzip.GzipFile(fileobj=raw) if is_gzip else raw
            return _read_values(stream, limit_bytes=limit_bytes)
    except _NotIdxError as error:
        raise DataError(what, where=str(path), given=str(error), hint=hint) from None
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        given = "a gzip stream that breaks off or was altered"
        raise DataError(what, where=str(path), given=given, cause=error, hint=hint) from error
    except OSError as error:
        what = f"{path.name} cannot be read."
        raise DataError(what, where=str(path), cause=error, hint=hint) from error


class _NotIdxError(Exception):
    """What was found in place of an idx file."""


def _read_values(stream: io.BufferedIOBase, *, limit_bytes: int) -> npt.NDArray[np.uint8]:
    """The values behind the header; `limit_bytes` is the most that the file can hold."""
    magic = stream.read(4)
    if len(magic) < 4 or magic[:3] != b"\x00\x00\x08" or not magic[3]:
        found = f"a file that begins with 0x{magic.hex()}" if magic else "an empty file"
        raise _NotIdxError(
            f"{found}; idx files of bytes begin with 0x000008 and the number of axes"
        )
    axes = stream.read(4 * magic[3])
    if len(axes) < 4 * magic[3]:
        raise _NotIdxError(f"a header of {4 + len(axes)} bytes where {4 + 4 * magic[3]} belong")
    shape = tuple(int(length) for length in np.frombuffer(axes, dtype=">u4"))
    size = int(np.prod(shape, dtype=object))
    if size > limit_bytes:
        raise _NotIdxError(f"a header of shape {shape}, more than a file of this size can hold")
    values = bytearray(size)  # not bytes, whose array would be read-only
    count = stream.readinto(values)
    has_more = bool(stream.read(1))  # reading to the end also makes gzip check its checksum
    if count < size or has_more:
        held = f"more than {size:,}" if has_more else f"only {count:,}"
        raise _NotIdxError(
            f"a header of shape {shape} ({size:,} bytes), and {held} bytes behind it"
        )
    return np.frombuffer(values, dtype=np.uint8).reshape(shape)
