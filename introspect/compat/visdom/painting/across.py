"""Parallel coordinates onto axes: experiments as lines across their parameters.

Not here: the trace (``introspect.compat.visdom.parallel``).
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.collections import LineCollection

from introspect import theme
from introspect.canvas.style import series_color
from introspect.canvas.ticks import format_value
from introspect.compat.visdom.painting.axes import numbers, words_of
from introspect.compat.visdom.painting.colors import colormap_of
from introspect.theme import Mode

Trace = Mapping[str, Any]
Layout = Mapping[str, Any]


def paint_parallel(ax: Any, traces: Sequence[Trace], layout: Layout, mode: Mode) -> None:
    """Draw experiments as lines across axes of their own."""
    del layout
    trace = traces[0]
    axes = trace.get("dimensions") or []
    columns = [numbers(axis.get("values")) for axis in axes]
    known = [np.zeros(0) if column is None else column for column in columns]
    rows = min((len(column) for column in known), default=0)
    ends = [
        axis.get("range") or (column.min(), column.max())
        for axis, column in zip(axes, known, strict=True)
    ]
    scaled = np.zeros((rows, len(axes)))
    for at, (column, (low, high)) in enumerate(zip(known, ends, strict=True)):
        scaled[:, at] = (column[:rows] - low) / ((high - low) or 1.0)
    line = trace.get("line") or {}
    shades = numbers(line.get("color"))
    kept = np.ones(rows, bool)
    for column, axis in zip(known, axes, strict=True):
        asked = axis.get("constraintrange")
        if asked:
            kept &= (column[:rows] >= asked[0]) & (column[:rows] <= asked[1])
    lines = LineCollection(
        [np.column_stack([np.arange(len(axes)), row]) for row in scaled], linewidths=1.1, alpha=0.75
    )
    if shades is not None and len(shades) >= rows:
        ramp = colormap_of(line.get("colorscale") or "Viridis")
        lines.set_cmap(ramp.reversed() if line.get("reversescale") else ramp)
        lines.set_array(shades[:rows])
        bar = ax.figure.colorbar(lines, ax=ax, shrink=0.9, aspect=28, pad=0.02)
        bar.outline.set_visible(False)
        bar.ax.tick_params(length=0, labelsize=7.5)
    else:
        lines.set_color(series_color(0, mode))
    if not kept.all():
        lines.set_alpha(np.where(kept, 0.85, 0.12).tolist())
    ax.add_collection(lines)
    _rules(ax, axes, ends, mode)


def _rules(ax: Any, axes: Sequence[Mapping[str, Any]], ends: Sequence[Any], mode: Mode) -> None:
    grey = theme.color("ink_3", mode)
    for at, (axis, (low, high)) in enumerate(zip(axes, ends, strict=True)):
        ax.axvline(at, color=theme.color("axis", mode), linewidth=0.9, zorder=3)
        marks = axis.get("tickvals") or [low, high]
        texts = axis.get("ticktext") or [format_value(float(mark)) for mark in marks]
        for mark, text in zip(marks, texts, strict=False):
            height = (float(mark) - low) / ((high - low) or 1.0)
            ax.annotate(
                str(text),
                (at, height),
                xytext=(3, 0),
                textcoords="offset points",
                fontsize=7,
                color=grey,
                va="center",
                zorder=4,
            )
    ax.set_xticks(range(len(axes)), [words_of(axis.get("label"))[:16] for axis in axes])
    ax.set_yticks([])
    ax.grid(visible=False)
    ax.set_xlim(-0.05, len(axes) - 1 + 0.25)
    ax.set_ylim(-0.03, 1.03)
