"""Panels to a GIF, replayed from the history: recording costs the training nothing.

Every panel is cut at moments spread evenly over all steps, with the limits of the whole run,
so nothing jumps. One figure, one palette; Pillow stores only what changes.

Cost: about 40 ms a frame for three panels of 1,000 points, and 5-10 kB.

Not here: still pictures (``introspect.canvas.figure``).
"""

import io
import warnings
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from matplotlib import rc_context
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image as Picture

from introspect import theme
from introspect.canvas.figure import Easel, kept_still, paint, views_of
from introspect.canvas.places import arranged
from introspect.canvas.style import style
from introspect.canvas.timeline import Timeline, timeline
from introspect.nouns.panels import Panel, ProgressPanel, SummaryPanel, columns, up_to

_DPI = 84
_COLORS = 128
_HOLD_MS = 2000


def gif_bytes(panels: Sequence[Panel], easel: Easel, *, frames: int, fps: float) -> bytes:
    """A film of the panels from their first step to their last.

    Args:
        panels: What the canvas shows at the end.
        easel: Width and theme.
        frames: At most so many; no more than there are different steps.
        fps: Frames a second; the last one is held for two seconds.
    """
    with rc_context(style(easel.mode)), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        line = timeline([steps for panel in panels for steps in columns(panel)])
        whole = views_of(panels, line, easel)
        fixed = [kept_still(*pair) for pair in zip(panels, whole, strict=True)]
        plan = arranged(whole, easel.width_in)
        drawn = Figure(figsize=(easel.width_in, plan.height_in), dpi=_DPI)
        screen = FigureCanvasAgg(drawn)
        pictures = []
        for moment in moments(panels, line, frames):
            views = views_of(_at(panels, line, moment), line, easel, fixed=fixed)
            drawn.clear()
            paint(drawn, views, plan, easel, fixed=fixed)
            screen.draw()
            pictures.append(Picture.fromarray(np.asarray(screen.buffer_rgba())[:, :, :3].copy()))
    return _encoded(pictures, fps, theme.color("surface", easel.mode))


def moments(panels: Sequence[Panel], line: Timeline, frames: int) -> npt.NDArray[np.float64]:
    """Positions at which the film stops, at most `frames`, the last step always among them."""
    known = [line.positions(steps) for panel in panels for steps in columns(panel)]
    known = [positions for positions in known if positions.size]
    if not known:
        return np.array([np.inf])
    every = np.unique(np.concatenate(known))
    count = min(max(frames, 1), every.size)
    return every[np.linspace(every.size - 1, 0, count).round().astype(int)[::-1]]


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
            done, elapsed = panel.done * share, panel.elapsed_s * share
            rate, epochs = panel.rate_per_s, panel.epochs
            cut.append(ProgressPanel(panel.title, round(done), panel.total, epochs, elapsed, rate))
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


def _encoded(pictures: list[Picture.Image], fps: float, surface: str) -> bytes:
    """One palette, taken from the first, a middle and the last frame, and no dithering."""
    probe = Picture.fromarray(
        np.concatenate([np.asarray(pictures[i]) for i in (0, len(pictures) // 2, -1)])
    )
    palette = probe.quantize(_COLORS, method=Picture.Quantize.MEDIANCUT)
    _exact(palette, surface)
    frames = [p.quantize(palette=palette, dither=Picture.Dither.NONE) for p in pictures]
    each_ms = max(20, round(1000 / max(fps, 0.1) / 10) * 10)
    buffer = io.BytesIO()
    frames[0].save(
        buffer,
        format="GIF",
        save_all=True,
        append_images=frames[1:],
        duration=[each_ms] * (len(frames) - 1) + [_HOLD_MS],
        loop=0,
        optimize=False,
    )
    return buffer.getvalue()


def _exact(palette: Picture.Image, surface: str) -> None:
    """Pure paper: entries near the surface become it, as Pillow's search cannot tell them apart."""
    wanted = np.array([int(surface[at : at + 2], 16) for at in (1, 3, 5)])
    colors = np.array(palette.getpalette()).reshape(-1, 3)
    far = np.abs(colors - wanted).max(axis=1)
    colors[far <= max(8, int(far.min()))] = wanted
    palette.putpalette(colors.ravel().tolist())
