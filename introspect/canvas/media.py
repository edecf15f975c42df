"""Sounds, films, figures and graphs to what a still picture can show of them.

Axes:
    H: height, W: width

Not here: pixels on a page (``introspect.canvas.paint_media``).
"""

import io
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from introspect import theme
from introspect.canvas.newest import stated_step
from introspect.canvas.pictures import Sheet, Tile
from introspect.canvas.ticks import clean, format_count
from introspect.errors import CanvasError
from introspect.nouns.metric import format_step
from introspect.nouns.panels import AudioPanel, FigurePanel, GraphPanel, VideoPanel
from introspect.theme import Mode

Pixels = npt.NDArray[np.uint8]
_COLUMNS = 600


@dataclass(frozen=True, slots=True, eq=False)
class Track:
    """One sound as an envelope.

    Attributes:
        words: Under it.
        low: float64 ``(w,)``, lowest sample of each column, -1 to 1.
        high: float64 ``(w,)``, highest.
    """

    words: str
    low: npt.NDArray[np.float64]
    high: npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class AudioView:
    """Sounds one under the other."""

    title: str
    how: str
    tracks: tuple[Track, ...]


@dataclass(frozen=True, slots=True, eq=False)
class PictureView:
    """A finished picture.

    Attributes:
        title: Above it, or "".
        how: The grey words after it.
        pixels: uint8 ``(H, W, 3)`` or ``(H, W, 4)``.
        dpi: Pixels an inch, at which it has its own size.
        name: What it is, for a terminal.
    """

    title: str
    how: str
    pixels: Pixels
    dpi: float
    name: str


def audio_view(panel: AudioPanel) -> AudioView:
    """What an audio panel shows.

    Raises:
        CanvasError: If a value is no sound.
    """
    newest = list(panel.data[-panel.limit :])
    steps: list[Any] = [None] * len(newest)
    if panel.steps is not None and newest:
        steps = panel.steps[len(panel.steps) - len(newest) :].tolist()
    tracks = tuple(_track(v, s) for v, s in zip(newest, steps, strict=True))
    how = "" if tracks else "no sound yet"
    return AudioView(clean(panel.title) or clean(panel.name), how, tracks)


def _track(value: Any, step: Any) -> Track:
    if not hasattr(value, "samples"):
        raise CanvasError("this is no sound.", given=type(value).__name__, hint="Audio.of(samples)")
    samples = value.samples
    wide = min(_COLUMNS, max(samples.shape[-1], 1))
    starts = np.linspace(0, max(samples.shape[-1], 1), wide, endpoint=False).astype(np.int64)
    if samples.shape[-1]:
        low = np.minimum.reduceat(samples.min(axis=0), starts) / 32768.0
        high = np.maximum.reduceat(samples.max(axis=0), starts) / 32768.0
    else:
        low = high = np.zeros(wide)
    words = (
        []
        if step is None
        else [f"step {format_step(tuple(step) if isinstance(step, list) else step)}"]
    )
    words += [clean(value.caption), f"{samples.shape[-1] / value.rate_hz:.1f} s"]
    words.append(f"{format_count(value.rate_hz)} Hz" + ", stereo" * (len(samples) == 2))
    return Track(", ".join(word for word in words if word), low, high)


def video_sheet(panel: VideoPanel) -> Sheet:
    """Some frames of a film, spread evenly.

    Raises:
        CanvasError: If the newest value is no film.
    """
    value: Any = panel.data[-1] if len(panel.data) else None
    title = clean(panel.title) or clean(panel.name)
    if value is None:
        return Sheet((), title, "no film yet", "gray", 0.0, 255.0, panel.stills)
    if not hasattr(value, "frames"):
        raise CanvasError("this is no film.", given=type(value).__name__, hint="Video.of(frames)")
    count = len(value.frames)
    shown = np.unique(np.linspace(0, count - 1, min(panel.stills, count)).round().astype(int))
    tiles = []
    for at in shown.tolist():
        frame = value.frames[at]
        frame = frame[:, :, 0].astype(np.float64) if frame.shape[-1] == 1 else frame
        tiles.append(Tile(frame, caption=f"{at / value.fps:.1f} s"))
    words = [clean(value.caption), f"{count} frames", f"{value.fps:g}/s", stated_step(panel.steps)]
    how = ", ".join(word for word in words if word)
    return Sheet(tuple(tiles), title, how, "gray", 0.0, 255.0, max(len(tiles), 2))


def figure_view(panel: FigurePanel) -> PictureView:
    """A figure as it was drawn.

    Raises:
        CanvasError: If the newest value is no Figure.
    """
    value: Any = panel.data[-1] if len(panel.data) else None
    if value is not None and not hasattr(value, "png"):
        raise CanvasError(
            "this is no figure.", given=type(value).__name__, hint="Figure.of(figure)"
        )
    title = clean(panel.title) or clean(panel.name)
    how = "no figure yet" if value is None else stated_step(panel.steps)
    pixels = np.zeros((1, 1, 3), np.uint8) if value is None else decoded(value.png)
    return PictureView(title, how, pixels, 110.0, "a figure")


def graph_view(panel: GraphPanel, *, mode: Mode) -> PictureView:
    """The picture of a model, as `Graph.save` paints it, in the theme of the canvas.

    Raises:
        CanvasError: If this is no graph.
    """
    if not hasattr(panel.graph, "to_dot"):
        raise CanvasError(
            "this is no graph.", given=type(panel.graph).__name__, hint="trace(model, x)"
        )
    from introspect.graph.formats import graph_theme  # noqa: PLC0415  when needed
    from introspect.graph.formats.png import to_png  # noqa: PLC0415  same
    from introspect.graph.picture import picture  # noqa: PLC0415  same

    options: dict[str, Any] = {} if panel.depth is None else {"depth": panel.depth}
    drawing = picture(panel.graph, title="", **options)
    look = replace(graph_theme(mode), page=theme.color("surface", mode))
    png = to_png(drawing, look, scale=_times(drawing))
    pixels = _cropped(decoded(png))
    return PictureView(clean(panel.title), "", pixels, 72.0 * _times(drawing), "the model's graph")


def _cropped(pixels: Pixels) -> Pixels:
    """Without the empty page around the drawing."""
    if min(pixels.shape[:2]) < 8:
        return pixels
    inner = pixels[2:-2, 2:-2].astype(np.int16)  # the outermost pixels are half paper, half nothing
    drawn = np.pad((np.abs(inner - inner[0, 0]) > 8).any(axis=2), 2)
    rows, columns = np.flatnonzero(drawn.any(axis=1)), np.flatnonzero(drawn.any(axis=0))
    if not rows.size:
        return pixels
    return pixels[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _times(drawing: Any) -> float:
    """Pixels a point: three, less for a huge picture."""
    return min(3.0, 6000.0 / max(drawing.width, drawing.height, 1.0))


def decoded(png: bytes) -> Pixels:
    """A PNG file as uint8 ``(H, W, 4)``."""
    from PIL import Image as Picture  # noqa: PLC0415  when needed

    with Picture.open(io.BytesIO(png)) as picture:
        return np.asarray(picture.convert("RGBA"))
