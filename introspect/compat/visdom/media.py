"""``audio``, ``video``, ``svg`` and ``matplot``.

Axes:
    T: frames, C: channels, H: height, W: width, n: samples

Not here: pixels and files (``introspect.compat.visdom.pixels``).
"""

import html
import io
import math
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from introspect.compat.visdom import pixels
from introspect.compat.visdom.arguments import VisdomError, check, needed, opts_of
from introspect.compat.visdom.painting.drawn import Drawn
from introspect.compat.visdom.words import Words

Opts = Mapping[str, Any] | None
_SHARP_DPI = 220


class Media(Words):
    """Calls that show sounds, films and drawings."""

    def audio(
        self,
        tensor: Any = None,
        audiofile: str | os.PathLike[str] | None = None,
        win: str | None = None,
        env: str | None = None,
        opts: Opts = None,
    ) -> Any:
        """A sound.

        Args:
            tensor: ``(n,)`` or ``(n, 2)`` samples; the loudest becomes full range.
            audiofile: A .wav, .mp3, .ogg or .flac file instead.
            win: The window; None makes one.
            env: Its environment; None is that of the client.
            opts: sample_frequency, caption, title.

        Returns:
            The id of the window.

        Raises:
            VisdomError: If there is neither, or it is no sound.
        """
        checked = {"sample_frequency": 44100} | opts_of(opts, "audio")
        if tensor is not None:
            samples = needed(tensor, "audio", "tensor")
            check(
                samples.ndim == 1 or (samples.ndim == 2 and samples.shape[1] == 2),
                "audio",
                "samples are (n,) or (n, 2).",
                given=samples,
            )
            sound = pixels.sound_of(samples, float(checked["sample_frequency"]))
            markup = pixels.audio_markup(sound.to_wav(), "wav")
        else:
            file, suffix = _read(audiofile, "audio")
            markup = pixels.audio_markup(file, suffix)
        sized = checked | {"height": 80, "width": 330}
        return self.text(markup + _caption(checked), win, env, sized)

    def video(
        self,
        tensor: Any = None,
        dim: str = "LxHxWxC",
        videofile: str | os.PathLike[str] | None = None,
        win: str | None = None,
        env: str | None = None,
        opts: Opts = None,
    ) -> Any:
        """A film.

        Args:
            tensor: Frames in the order of `dim`; bytes, or floats of 0 to 1. Colours are blue,
                green, red.
            dim: ``"LxHxWxC"`` or ``"LxCxHxW"``.
            videofile: A .mp4, .ogv, .avi or .webm file instead.
            win: As in `audio`.
            env: As in `audio`.
            opts: fps, caption, title.

        Returns:
            The id of the window.

        Raises:
            VisdomError: If there is neither, or it is no film.
        """
        checked = {"fps": 25, "loop": False, "autoplay": False} | opts_of(opts, "video")
        film = None
        if tensor is not None:
            frames = needed(tensor, "video", "tensor")
            check(
                dim in {"LxHxWxC", "LxCxHxW"},
                "video",
                "this dim is not known.",
                given=dim,
                hint='"LxHxWxC" or "LxCxHxW"',
            )
            check(frames.ndim == 4, "video", "frames have four dimensions.", given=frames)
            frames = np.moveaxis(frames, 1, -1) if dim == "LxCxHxW" else frames
            check(
                frames.shape[3] in {1, 3} and frames.size > 0,
                "video",
                "frames have one or three channels.",
                given=frames,
                hint="dim=",
            )
            film = pixels.film_of(frames, checked["fps"])
            markup = pixels.film_markup(film)
        else:
            file, suffix = _read(videofile, "video")
            markup = pixels.video_markup(file, suffix)
        return self._text(markup + _caption(checked), checked, win, env, value=film)

    def svg(
        self,
        svgstr: str | None = None,
        svgfile: str | os.PathLike[str] | None = None,
        win: str | None = None,
        env: str | None = None,
        opts: Opts = None,
    ) -> Any:
        """A drawing, shown in a frame in which no script runs.

        Args:
            svgstr: The text of an SVG file.
            svgfile: Its path instead.
            win: As in `audio`.
            env: As in `audio`.
            opts: title.

        Returns:
            The id of the window.

        Raises:
            VisdomError: If there is no ``<svg>`` in it.
        """
        if svgfile is not None:
            svgstr = _read(svgfile, "svg")[0].decode("utf-8", "replace")
        found = re.search(r"<svg\b.*</svg>", svgstr or "", re.DOTALL)
        check(
            found,
            "svg",
            "this is no SVG.",
            given=repr(svgstr)[:80],
            hint="svgstr='<svg>...</svg>' or svgfile=",
        )
        return self._text(found[0] if found else "", opts_of(opts, "svg"), win, env)

    def matplot(
        self, plot: Any, opts: Opts = None, env: str | None = None, win: str | None = None
    ) -> Any:
        """What matplotlib has drawn.

        Args:
            plot: A figure, axes, or ``matplotlib.pyplot``.
            opts: title, resizable.
            env: As in `audio`.
            win: As in `audio`.

        Returns:
            The id of the window.

        Raises:
            VisdomError: If it cannot be saved.
        """
        checked = opts_of(opts, "matplot")
        source = plot if hasattr(plot, "savefig") else getattr(plot, "figure", None)
        if not hasattr(source, "savefig"):
            raise VisdomError(
                "matplot shows a figure of matplotlib.",
                where="Visdom.matplot",
                given=type(plot).__name__,
                hint="vis.matplot(plt), or a figure",
            )
        files = []
        for kind, options in (("svg", {}), ("png", {"dpi": _SHARP_DPI})):
            file = io.BytesIO()
            source.savefig(file, format=kind, **options)
            files.append(file.getvalue())
        text = files[0].decode("utf-8")
        sizes = _points(text)
        if checked.get("resizable"):
            text = re.sub(r'(<svg\b[^>]*?) (?:width|height)="[^"]*"', r"\1", text)
            text = re.sub(r'(<svg\b[^>]*?) (?:width|height)="[^"]*"', r"\1", text)
        for name, scale in (("height", 1.4), ("width", 1.35)):
            if name in sizes:
                checked.setdefault(name, scale * math.ceil(sizes[name]))
        found = re.search(r"<svg\b.*</svg>", text, re.DOTALL)
        return self._text(
            found[0] if found else text, checked, win, env, value=Drawn.of_png(files[1])
        )


def _read(path: str | os.PathLike[str] | None, call: str) -> tuple[bytes, str]:
    """A file and its suffix.

    Raises:
        VisdomError: If there is none.
    """
    if path is None:
        raise VisdomError(
            f"{call} shows a tensor or a file.", where=f"Visdom.{call}", given="neither"
        )
    try:
        return Path(path).read_bytes(), Path(path).suffix
    except OSError as error:
        raise VisdomError(
            "this file cannot be read.", where=f"Visdom.{call}", given=os.fspath(path), cause=error
        ) from error


def _caption(opts: Mapping[str, Any]) -> str:
    words = opts.get("caption")
    return f"<p>{html.escape(str(words))}</p>" if words else ""


def _points(svg: str) -> dict[str, float]:
    """Width and height in points that an SVG file states."""
    return {key: float(size) for key, size in re.findall(r'\b(width|height)="([\d.]+)pt"', svg)}
