"""Panels to a file; the suffix picks the format.

A file is complete or it is not there: content is written beside it and moved into place.

Not here: the pictures (``introspect.canvas.figure``), films (``introspect.canvas.movie``), pages
(``introspect.canvas.html``).
"""

import contextlib
import math
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

from introspect.canvas.figure import Easel, figure, file_bytes
from introspect.canvas.movie import FILMS, film_bytes
from introspect.canvas.pictured import Pictured
from introspect.errors import CanvasError, FormatError, SaveError
from introspect.nouns.panels import Placed

SUFFIXES = (".png", ".pdf", ".svg", ".html", *FILMS)


@dataclass(frozen=True, slots=True)
class Film:
    """How a film is cut.

    Attributes:
        frames: At most so many, spread evenly.
        every: A frame at each such step in place of `frames`.
        fps: Frames a second.

    Raises:
        CanvasError: If one of them cannot be.
    """

    frames: int = 60
    every: int | None = None
    fps: float = 8.0

    def __post_init__(self) -> None:
        if self.every is not None and self.every < 1:
            raise CanvasError(
                "a film has a frame at each first step or less often.", given=f"every={self.every}"
            )
        if not 0 < self.fps <= 1000 or not math.isfinite(self.fps):
            raise CanvasError("a film has frames a second.", given=f"fps={self.fps}", hint="fps=8")


def checked(path: str | PathLike[str]) -> Path:
    """The path, if its suffix is one of `SUFFIXES`.

    Raises:
        FormatError: If not; the message names the known ones.
    """
    path = Path(path)
    if path.suffix.lower() not in SUFFIXES:
        raise FormatError(
            "a canvas cannot be saved in this format.",
            given=str(path),
            hint="a name that ends in " + ", ".join(SUFFIXES),
        )
    return path


def write(
    panels: Sequence[Placed], path: Path, easel: Easel, *, film: Film, dpi: float | None = None
) -> None:
    """Paint the panels and write the file; missing folders are made.

    Raises:
        SaveError: If it cannot be written. What was there before is then still there.
        MissingExtraError: If the format needs a package that is not installed.
    """
    put(path, content_of(panels, path.suffix.lower(), easel, film=film, dpi=dpi))


def content_of(
    panels: Sequence[Placed], suffix: str, easel: Easel, *, film: Film, dpi: float | None = None
) -> bytes:
    """The panels as a file of a format."""
    if suffix in FILMS:
        return film_bytes(panels, suffix, easel, frames=film.frames, every=film.every, fps=film.fps)
    if suffix == ".html":
        from introspect.canvas.html import page  # noqa: PLC0415  when needed

        return page(Pictured(lambda: easel).of(panels)).encode()
    return file_bytes(figure(panels, easel), suffix[1:], easel.mode, dpi=dpi)


def put(path: Path, content: bytes) -> None:
    """Write a file whole or not at all.

    Raises:
        SaveError: If it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:40]}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            umask = os.umask(0)
            os.umask(umask)
            Path(name).chmod(path.stat().st_mode & 0o777 if path.exists() else 0o666 & ~umask)
            Path(name).replace(path)
        except BaseException:
            with contextlib.suppress(OSError):
                Path(name).unlink()
            raise
    except OSError as error:
        raise SaveError("this file cannot be written.", given=str(path), cause=error) from error
