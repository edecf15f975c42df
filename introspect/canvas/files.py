"""Panels to a file; the suffix picks the format.

Not here: the pictures (``introspect.canvas.figure``), the film (``introspect.canvas.movie``).
"""

from collections.abc import Sequence
from os import PathLike
from pathlib import Path

from introspect.canvas.figure import Easel, figure, file_bytes
from introspect.canvas.movie import gif_bytes
from introspect.errors import FormatError
from introspect.nouns.panels import Panel

SUFFIXES = (".png", ".pdf", ".svg", ".gif")


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


def write(panels: Sequence[Panel], path: Path, easel: Easel, *, frames: int, fps: float) -> None:
    """Paint the panels and write the file; missing folders are made.

    Raises:
        OSError: If it cannot be written. What was there before is then still there, unless
            the disk failed in the middle of the write.
    """
    suffix = path.suffix.lower()
    if suffix == ".gif":
        content = gif_bytes(panels, easel, frames=frames, fps=fps)
    else:
        content = file_bytes(figure(panels, easel), suffix[1:], easel.mode)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
