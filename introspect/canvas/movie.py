"""Panels to a film, replayed from the history: recording costs the training nothing.

Every panel is cut at moments spread evenly over all steps, with the limits of the whole run,
so nothing jumps. One figure, one palette; Pillow stores only what changes.

Cost: about 40 ms a frame for three panels of 1,000 points, and 5-10 kB.

Not here: still pictures (``introspect.canvas.figure``), H.264 (``introspect.canvas.movie_mp4``).
"""

import io
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image as Picture

from introspect import theme
from introspect.canvas.figure import (
    Easel,
    axes_of,
    common_timeline,
    kept_still,
    paint_view,
    views_of,
    words_of,
)
from introspect.canvas.movie_mp4 import mp4_bytes, needed
from introspect.canvas.places import arranged, items_of
from introspect.canvas.style import style
from introspect.canvas.timeline import Timeline
from introspect.nouns.panels import (
    CustomPanel,
    Panel,
    Placed,
    ProgressPanel,
    SummaryPanel,
    columns,
    leaves,
    up_to,
)

FILMS = (".gif", ".webp", ".mp4")

Pixels = npt.NDArray[np.uint8]

_DPI = 84
_COLORS = 128
_HOLD_MS = 2000


def film_bytes(
    panels: Sequence[Placed],
    suffix: str,
    easel: Easel,
    *,
    frames: int = 60,
    every: int | None = None,
    fps: float = 8.0,
) -> bytes:
    """A film of the panels from their first step to their last.

    Args:
        panels: What the canvas shows at the end.
        suffix: One of `FILMS`.
        easel: Width and theme.
        frames: At most so many; no more than there are different steps.
        every: A frame at each such step in place of `frames`.
        fps: Frames a second; the last one is held for two seconds.

    Raises:
        MissingExtraError: For ``.mp4``, if PyAV is not installed.
    """
    if suffix == ".mp4":
        needed()
    pictures = _pictures(panels, easel, frames=frames, every=every)
    surface = theme.color("surface", easel.mode)
    if suffix == ".mp4":
        return mp4_bytes(pictures, fps=fps, hold_s=_HOLD_MS / 1000)
    if suffix == ".webp":
        return _webp([Picture.fromarray(pixels) for pixels in pictures], fps)
    return _gif([Picture.fromarray(pixels) for pixels in pictures], fps, surface)


def _pictures(
    panels: Sequence[Placed], easel: Easel, *, frames: int, every: int | None
) -> Iterator[Pixels]:
    """The frames as uint8 ``(H, W, 3)``; of one figure, in which only what moves is painted."""
    flat = list(leaves(panels))
    with rc_context(style(easel.mode, text=words_of(flat))), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        line = common_timeline(flat)
        whole = views_of(flat, line, easel)
        fixed = [kept_still(*pair) for pair in zip(flat, whole, strict=True)]
        plan = arranged(whole, easel.width_in, items_of(panels))
        drawn = Figure(figsize=(easel.width_in, plan.height_in), dpi=_DPI)
        screen = FigureCanvasAgg(drawn)
        axes = axes_of(drawn, plan)
        before: list[Panel | None] = [None] * len(flat)
        for moment in moments(flat, line, frames, every=every):
            now = _at(flat, line, moment)
            moving = [at for at in range(len(flat)) if _differs(before[at], now[at])]
            views = views_of(
                [now[at] for at in moving], line, easel, fixed=[fixed[at] for at in moving]
            )
            for at, view in zip(moving, views, strict=True):
                _emptied(axes[at], now[at])
                place = plan.places[at]
                paint_view(axes[at], view, easel, ends=place.ends, top=fixed[at].top)
            before = list(now)
            screen.draw()
            yield np.asarray(screen.buffer_rgba())[:, :, :3].copy()


def _differs(before: Panel | None, now: Panel) -> bool:
    """Whether a panel has more to show than at the frame before."""
    steps = columns(now)
    if before is None or not steps:
        return before is None or now != before or isinstance(now, CustomPanel)
    return [len(column) for column in steps] != [len(column) for column in columns(before)]


def _emptied(ax: Axes, panel: Panel) -> None:
    """An axes without what was drawn on it; ticks and spines stay, as they cost the most."""
    if isinstance(panel, CustomPanel):
        ax.clear()  # whatever the user did to it
        return
    drawn = (ax.lines, ax.collections, ax.patches, ax.texts, ax.images, ax.artists)
    for artist in [artist for kind in drawn for artist in kind]:
        artist.remove()


def moments(
    panels: Sequence[Panel], line: Timeline, frames: int, *, every: int | None = None
) -> npt.NDArray[np.float64]:
    """Positions at which the film stops, at most `frames`, the last step always among them."""
    known = [line.positions(steps) for panel in panels for steps in columns(panel)]
    known = [positions for positions in known if positions.size]
    if not known:
        return np.array([np.inf])
    known_at = np.unique(np.concatenate(known))
    if every is not None:
        return known_at[::-every][::-1]
    count = min(max(frames, 1), known_at.size)
    return known_at[np.linspace(known_at.size - 1, 0, count).round().astype(int)[::-1]]


def _at(panels: Sequence[Panel], line: Timeline, moment: float) -> list[Panel]:
    """The panels as they were at a moment."""

    def rows(steps: npt.NDArray[np.int64]) -> int:
        return int(np.searchsorted(line.positions(steps), moment, side="right"))

    known = [steps for panel in panels for steps in columns(panel) if len(steps)]
    ends = [float(line.positions(steps[-1:])[0]) for steps in known]
    starts = [float(line.positions(steps[:1])[0]) for steps in known]
    length = max(ends, default=0.0) - min(starts, default=0.0)
    share = (moment - min(starts)) / length if length > 0 else 1.0
    cut: list[Panel] = []
    for panel in panels:
        if isinstance(panel, ProgressPanel) and share < 1.0:
            done, elapsed = round(panel.done * share), panel.elapsed_s * share
            cut.append(replace(panel, done=done, elapsed_s=elapsed, left_s=None))
        elif isinstance(panel, SummaryPanel) and share < 1.0:
            cut.append(_summary_at(panel, known, line, moment, share))
        else:
            cut.append(up_to(panel, rows))
    return cut


def _summary_at(
    panel: SummaryPanel,
    known: list[npt.NDArray[np.int64]],
    line: Timeline,
    moment: float,
    share: float,
) -> SummaryPanel:
    """The summary of an earlier moment; its time is a share of the whole."""
    best: tuple[float, object] = (-np.inf, None)
    for steps in known:
        positions = line.positions(steps)
        row = int(np.searchsorted(positions, moment, side="right")) - 1
        if row >= 0 and positions[row] > best[0]:
            best = float(positions[row]), steps[row].tolist()
    step = tuple(best[1]) if isinstance(best[1], list) else best[1]
    return SummaryPanel(panel.title, step, panel.elapsed_s * share)


def _gif(pictures: list[Picture.Image], fps: float, surface: str) -> bytes:
    """One palette, taken from the first, a middle and the last frame, and no dithering."""
    probe = Picture.fromarray(
        np.concatenate([np.asarray(pictures[i]) for i in (0, len(pictures) // 2, -1)])
    )
    palette = probe.quantize(_COLORS, method=Picture.Quantize.MEDIANCUT)
    _exact(palette, surface)
    frames = [p.quantize(palette=palette, dither=Picture.Dither.NONE) for p in pictures]
    buffer = io.BytesIO()
    frames[0].save(
        buffer,
        format="GIF",
        save_all=True,
        append_images=frames[1:],
        duration=_durations_ms(len(frames), fps),
        loop=0,
        optimize=False,
    )
    return buffer.getvalue()


def _webp(pictures: list[Picture.Image], fps: float) -> bytes:
    """Without loss: charts are lines and flat colours, which that packs well."""
    buffer = io.BytesIO()
    pictures[0].save(
        buffer,
        format="WEBP",
        save_all=True,
        append_images=pictures[1:],
        duration=_durations_ms(len(pictures), fps),
        loop=0,
        lossless=True,
        quality=20,
        method=0,
    )
    return buffer.getvalue()


def _durations_ms(count: int, fps: float) -> list[int]:
    """Of each frame; viewers know no less than 20 ms. The last is held."""
    return [max(20, round(100 / fps) * 10)] * (count - 1) + [_HOLD_MS]


def _exact(palette: Picture.Image, surface: str) -> None:
    """Pure paper: entries near the surface become it, as Pillow's search cannot tell them apart."""
    wanted = np.array([int(surface[at : at + 2], 16) for at in (1, 3, 5)])
    colors = np.array(palette.getpalette()).reshape(-1, 3)
    far = np.abs(colors - wanted).max(axis=1)
    colors[far <= max(8, int(far.min()))] = wanted
    palette.putpalette(colors.ravel().tolist())
