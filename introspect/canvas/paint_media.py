"""Sounds as envelopes, finished pictures as they are, on a matplotlib axes.

Not here: what they show (``introspect.canvas.media``).
"""

import numpy as np
from matplotlib.axes import Axes

from introspect import theme
from introspect.canvas.brush import Brush, Setting, say_empty, write_head
from introspect.canvas.media import AudioView, PictureView
from introspect.canvas.paint_lines import size_pt
from introspect.canvas.style import series_color
from introspect.canvas.writing import shortened

_TRACK_PT, _WORDS_PT = 30.0, 13.0
_MOST_IN = 5.5


def paint_audio(ax: Axes, view: AudioView, setting: Setting) -> None:
    """Draw each sound as its lowest and highest samples."""
    mode = setting.mode
    width_pt, height_pt = size_pt(ax)
    ax.set_axis_off()
    ax.set_xlim(0, width_pt)
    ax.set_ylim(height_pt, 0)
    for index, track in enumerate(view.tracks):
        middle = index * (_TRACK_PT + _WORDS_PT + 4.0) + _TRACK_PT / 2
        x = np.linspace(0, width_pt, len(track.low))
        half = _TRACK_PT / 2
        ax.plot([0, width_pt], [middle] * 2, color=theme.color("rule_strong", mode), linewidth=0.75)
        low, high = middle - track.high * half - 0.3, middle - track.low * half + 0.3
        ax.fill_between(x, low, high, color=series_color(0, mode), linewidth=0)
        said = shortened(track.words, width_pt, 8)
        grey = theme.color("ink_3", mode)
        ax.text(0.0, middle + half + 3.0, said, va="top", fontsize=8, color=grey)
    if not view.tracks:
        say_empty(ax, mode, view.how)
    write_head(ax, view.title, "", room_pt=width_pt, mode=mode)


def audio_height_in(view: AudioView, width_in: float, in_row: int) -> float:
    """A strip for each sound."""
    del width_in, in_row
    return max(len(view.tracks), 1) * (_TRACK_PT + _WORDS_PT + 4.0) / 72


def paint_picture(ax: Axes, view: PictureView, setting: Setting) -> None:
    """Draw the picture in its own proportions, never enlarged."""
    mode = setting.mode
    width_pt, height_pt = size_pt(ax)
    ax.set_axis_off()
    wide, high = _size_pt(view, width_pt, height_pt)
    ax.imshow(view.pixels, extent=(0, wide, high, 0), aspect="auto", interpolation="antialiased")
    ax.set_xlim(0, width_pt)
    ax.set_ylim(height_pt, 0)
    write_head(ax, view.title, view.how, room_pt=width_pt, mode=mode)


def _size_pt(view: PictureView, width_pt: float, height_pt: float) -> tuple[float, float]:
    rows, columns = view.pixels.shape[:2]
    scale = min(72.0 / view.dpi, width_pt / columns, height_pt / rows)
    return columns * scale, rows * scale


def picture_height_in(view: PictureView, width_in: float, in_row: int) -> float:
    """Its own height, or less where the width is less."""
    del in_row
    return max(_size_pt(view, width_in * 72, _MOST_IN * 72)[1] / 72, 0.3)


AUDIO = Brush(paint_audio, height_in=audio_height_in, below_in=0.02, is_bare=True)
PICTURE = Brush(paint_picture, height_in=picture_height_in, below_in=0.02, is_bare=True)
