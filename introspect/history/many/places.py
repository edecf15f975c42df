"""Where files come from and go to: a path, or any URL that fsspec knows.

A file is written beside its place and put there when it is complete; nobody ever sees half of one.
``s3://``, ``gs://``, ``memory://`` and others need fsspec and its package for that service.

Not here: what is in the files (``introspect.history.formats``).
"""

import atexit
import contextlib
import itertools
import os
import re
import shutil
import tempfile
from collections.abc import Generator
from pathlib import Path, PurePosixPath
from typing import Any

from introspect.errors import DataError, IntrospectError, MissingExtraError

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]+(?:::|://)")
_COUNT = itertools.count()
_WANTED = (".segment", ".parquet")


def is_url(place: str | os.PathLike[str]) -> bool:
    r"""Whether a place is a URL and not a path.

    Example:
        >>> is_url("s3://bucket/run"), is_url("C:\\runs"), is_url("runs/a:b")
        (True, False, False)
    """
    return isinstance(place, str) and _URL.match(place) is not None


def joined(place: str | os.PathLike[str], name: str) -> str:
    """A name in a folder, which may be a URL."""
    return f"{str(place).rstrip('/')}/{name}" if is_url(place) else str(Path(place) / name)


@contextlib.contextmanager
def written(place: str | os.PathLike[str]) -> Generator[Path]:
    """A path to write a file to, which is put in its place when the block ends well.

    Args:
        place: A path, whose folders are made, or a URL.

    Raises:
        DataError: If it cannot be written.
        MissingExtraError: If a URL needs a package that is not installed.

    Example:
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     with written(f"{folder}/new/a.txt") as path:
        ...         _ = path.write_text("hello")
        ...     Path(folder, "new", "a.txt").read_text()
        'hello'
    """
    try:
        if is_url(place):
            files, inside = filesystem(str(place))
            with tempfile.TemporaryDirectory(prefix="introspect-") as folder:
                partial = Path(folder) / "file"
                yield partial
                with contextlib.suppress(NotImplementedError):
                    files.makedirs(str(PurePosixPath(inside).parent), exist_ok=True)
                files.put_file(str(partial), inside)
            return
        target = Path(place).expanduser()
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.is_dir():
            raise IsADirectoryError(21, "Is a directory", str(target))
        partial = target.with_name(f".introspect-{os.getpid()}-{next(_COUNT)}.part")
        try:
            yield partial
            partial.replace(target)
        finally:
            partial.unlink(missing_ok=True)
    except (OSError, ValueError) as error:
        if isinstance(error, IntrospectError):
            raise
        raise DataError(
            "the file could not be written.",
            given=repr(str(place)),
            cause=error,
            hint="a path in a folder that you may write to, on a disk with room",
        ) from error


def local_copy(url: str) -> Path:
    """The segments and Parquet files below a URL, copied to a folder that lives as long as Python.

    Raises:
        DataError: If there is nothing, or it cannot be read.
        MissingExtraError: If it needs a package that is not installed.
    """
    files, inside = filesystem(url)
    root = inside.rstrip("/")
    folder = Path(tempfile.mkdtemp(prefix="introspect-"))
    # Histories of it read their files when they are asked, so nobody knows when it is over.
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    try:
        for path in sorted(files.find(root)):
            below = PurePosixPath(path).relative_to(root) if root else PurePosixPath(path)
            if below.suffix not in _WANTED or ".." in below.parts:
                continue
            target = Path(folder, *(part for part in below.parts if part != "/"))
            target.parent.mkdir(parents=True, exist_ok=True)
            files.get_file(path, str(target))
        is_empty = not any(folder.iterdir()) and not files.exists(root)
    except Exception as error:
        raise DataError(
            "the runs could not be copied from there.", given=repr(url), cause=error,
            hint="is the address right, and are you signed in?",
        ) from error  # fmt: skip
    if is_empty:
        raise DataError("there is nothing at this address.", given=repr(url))
    return folder


def filesystem(url: str) -> tuple[Any, str]:
    """The file system of a URL, and the path inside it.

    Raises:
        MissingExtraError: If fsspec, or its package for this service, is not installed.
        DataError: If nobody knows such addresses.
    """
    try:
        import fsspec  # noqa: PLC0415  an extra
    except ImportError as error:
        raise MissingExtraError(
            "addresses of other machines need fsspec.",
            given=repr(url), cause=error, hint="pip install 'torch-introspect[data]'",
        ) from error  # fmt: skip
    try:
        files, inside = fsspec.core.url_to_fs(url)
    except ImportError as error:
        raise MissingExtraError(
            "this kind of address needs a package.",
            given=repr(url), cause=error, hint="pip install s3fs, gcsfs or adlfs",
        ) from error  # fmt: skip
    except ValueError as error:
        raise DataError("nobody knows such addresses.", given=repr(url), cause=error) from error
    return files, str(inside)
