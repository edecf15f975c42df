"""Words, sounds, films and finished pictures at one step.

Files are sent as they are: WAV, animated WebP, PNG.

Not here: charts (``introspect.canvas.shots_charts``).
"""

import io
from typing import Any

import numpy as np
import numpy.typing as npt

from introspect.canvas.markup import stated_height_px
from introspect.canvas.newest import stated_step
from introspect.canvas.shots_pictures import Shot
from introspect.canvas.ticks import clean, format_count
from introspect.canvas.words import table_view
from introspect.nouns.panels import (
    AudioPanel,
    FigurePanel,
    FramePanel,
    GraphPanel,
    TablePanel,
    TextPanel,
    VideoPanel,
)

_MOST_ROWS, _MOST_LETTERS = 500, 200_000
_MOST_FRAMES = 120
_MOST_MARKUP = 1_000_000


def table(panel: TablePanel, compact: bool) -> Shot:  # noqa: FBT001  the signature of every maker
    """Cells as text."""
    most = _MOST_ROWS // 5 if compact else _MOST_ROWS
    view = table_view(
        TablePanel(panel.name, panel.steps, panel.data, panel.best, most, panel.title)
    )
    names = ("how", "columns", "rows", "right", "best")
    return {name: getattr(view, name) for name in names}, {}


def text(panel: TextPanel, compact: bool) -> Shot:  # noqa: FBT001  the signature of every maker
    """Markdown, as it was written: the browser shows it without HTML, pictures and scripts."""
    del compact
    value: Any = panel.data[-1] if len(panel.data) else ""
    words = str(getattr(value, "text", value))[:_MOST_LETTERS]
    return {"how": stated_step(panel.steps), "text": words}, {}


def frame(panel: FramePanel, compact: bool) -> Shot:  # noqa: FBT001  the signature of every maker
    """Markup as it was written, for a frame without scripts, and how high it is."""
    del compact
    value: Any = panel.data[-1] if len(panel.data) else ""
    html = str(getattr(value, "text", value))
    if len(html) > _MOST_MARKUP:
        html = f"<p>{format_count(len(html))} letters are too many for a frame.</p>"
    height = panel.height_px or stated_height_px(html)
    return {"how": stated_step(panel.steps), "html": html, "height": height}, {}


def audio(panel: AudioPanel, compact: bool) -> Shot:  # noqa: FBT001  the signature of every maker
    """One sound as a WAV file, and its outline."""
    del compact
    if not len(panel.data):
        return {"how": "no sound yet", "empty": True}, {}
    value: Any = panel.data[-1]
    samples = np.abs(value.samples.astype(np.float32)).max(axis=0) / 32768.0
    edges = np.linspace(0, len(samples), min(400, max(len(samples), 1)) + 1).astype(np.int64)[:-1]
    outline = np.maximum.reduceat(samples, edges) if len(samples) else np.zeros(1)
    seconds = len(samples) / value.rate_hz
    meta = {"caption": clean(value.caption), "seconds": seconds, "rate": value.rate_hz}
    return meta, {"file": _file(value.to_wav()), "outline": outline.astype(np.float32)}


def video(panel: VideoPanel, compact: bool) -> Shot:  # noqa: FBT001  the signature of every maker
    """A film as animated WebP."""
    from PIL import Image as Picture  # noqa: PLC0415  when needed

    value: Any = panel.data[-1] if len(panel.data) else None
    if value is None:
        return {"how": "no film yet", "empty": True}, {}
    stride = max(1, -(-len(value.frames) // (_MOST_FRAMES // 4 if compact else _MOST_FRAMES)))
    frames = [f[:, :, 0] if f.shape[-1] == 1 else f for f in value.frames[::stride]]
    pictures = [Picture.fromarray(frame) for frame in frames]
    buffer = io.BytesIO()
    pictures[0].save(
        buffer,
        "WEBP",
        save_all=True,
        append_images=pictures[1:],
        duration=round(1000 * stride / value.fps),
        loop=0,
        quality=80,
    )
    height, width = frames[0].shape[:2]
    how = ", ".join(
        word
        for word in (clean(value.caption), f"{len(value.frames)} frames", stated_step(panel.steps))
        if word
    )
    meta = {"how": how, "width": width, "height": height, "type": "image/webp", "sharp": True}
    return meta, {"file": _file(buffer.getvalue())}


def figure(panel: FigurePanel, compact: bool) -> Shot:  # noqa: FBT001  the signature of every maker
    """A matplotlib figure as it was drawn."""
    del compact
    value: Any = panel.data[-1] if len(panel.data) else None
    if value is None:
        return {"how": "no figure yet", "empty": True}, {}
    meta = {
        "how": stated_step(panel.steps),
        "width": value.width_px,
        "height": value.height_px,
        "type": "image/png",
    }
    return meta, {"file": _file(value.png)}


def graph(panel: GraphPanel, compact: bool) -> Shot:  # noqa: FBT001  the signature of every maker
    """The picture of a model, at twice its size."""
    del compact
    from introspect.graph.formats import graph_theme  # noqa: PLC0415  when needed
    from introspect.graph.formats.png import to_png  # noqa: PLC0415  same
    from introspect.graph.picture import picture  # noqa: PLC0415  same
    from introspect.nouns.values.figure import png_size  # noqa: PLC0415  same

    options: dict[str, Any] = {} if panel.depth is None else {"depth": panel.depth}
    png = to_png(picture(panel.graph, title="", **options), theme=graph_theme("light"), scale=2.0)
    width, height = png_size(png)
    meta = {"how": "", "width": width // 2, "height": height // 2, "type": "image/png"}
    return meta, {"file": _file(png)}


def _file(content: bytes) -> npt.NDArray[np.uint8]:
    return np.frombuffer(content, np.uint8)
