"""Panels over a metric to frames: what a browser draws at one step.

``Stepped panel -> Shots -> Shot``. The views that a still picture is painted from are asked at
each step, so that page, notebook and PNG say the same; large arrays become bytes, the rest JSON.

Not here: which frames are sent when (``introspect.canvas.feed``).
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from introspect.canvas import shots_charts, shots_media, shots_pictures
from introspect.canvas.ticks import clean
from introspect.nouns.panels import (
    AudioPanel,
    BarPanel,
    ConfusionPanel,
    CurvePanel,
    FigurePanel,
    FramePanel,
    GraphPanel,
    GridPanel,
    HeatmapPanel,
    HistogramPanel,
    ImagePanel,
    MagnitudesPanel,
    Panel,
    PiePanel,
    RidgePanel,
    ScatterPanel,
    StemPanel,
    Stepped,
    TablePanel,
    TextPanel,
    VideoPanel,
    up_to,
)

Arrays = dict[str, npt.NDArray[Any]]
Shot = tuple[dict[str, Any], Arrays]
"""JSON and arrays of one frame."""

Make = Callable[[Any, bool], Shot]
"""(panel whose newest value is wanted, whether few bytes matter more than digits)."""


@dataclass(frozen=True, slots=True, eq=False)
class Shots:
    """A panel step by step.

    Attributes:
        kind: Which class of the front end draws it.
        title: Above it.
        lead: What says which steps there are; None for a panel without.
        panel: The whole panel.
        make: One frame of it.
        options: JSON that holds for all frames.
        is_whole: Whether a frame shows all steps: only the newest is ever needed.
        is_slow: Whether making one takes long enough to make fewer.
    """

    kind: str
    title: str
    lead: Stepped | None
    panel: Any
    make: Make
    options: Mapping[str, Any] = field(default_factory=dict)
    is_whole: bool = False
    is_slow: bool = False

    @property
    def count(self) -> int:
        """How many frames there are."""
        if self.lead is None or self.lead.steps is None:
            return 1
        return len(self.lead.steps)

    def step(self, row: int) -> int | list[int] | None:
        """The step of a frame, as JSON."""
        if self.lead is None or self.lead.steps is None:
            return None
        return self.lead.steps[row].tolist()

    def shot(self, row: int, *, compact: bool = False) -> Shot:
        """One frame.

        Args:
            row: 0 for the oldest.
            compact: Whether values may be rounded to what a picture shows.
        """
        panel = self.panel
        if self.lead is not None and self.lead.steps is not None and row < self.count - 1:
            panel = up_to(panel, _until(self.lead.steps[row]))
        meta, arrays = self.make(panel, compact)
        return plain(meta), arrays


def shots_of(panel: Panel) -> Shots:
    """The frames of any panel that has some."""
    kind, make, whole, slow = _KINDS[type(panel)]
    options: dict[str, Any] = {}
    for name in ("limit", "cmap"):
        if isinstance(getattr(panel, name, None), int):
            options[name] = getattr(panel, name)
    if isinstance(panel, RidgePanel):
        options = {
            "look": panel.kind,
            "limit": panel.limit or (24 if panel.kind == "ridge" else 120),
        }
    if isinstance(panel, ScatterPanel) and not panel.axes:
        options["embedding"] = True
    title = clean(getattr(panel, "title", "")) or clean(getattr(panel, "name", ""))
    if not title and isinstance(panel, BarPanel):
        title = ", ".join(clean(group.name) for group in panel.groups)
    if not title and isinstance(panel, CurvePanel):
        title = ", ".join(clean(curve.name) for curve in panel.curves)
    return Shots(kind, title, _lead(panel), panel, make, options, is_whole=whole, is_slow=slow)


def _lead(panel: Any) -> Stepped | None:
    if isinstance(panel, Stepped):
        return panel
    parts: list[Stepped] = []
    if isinstance(panel, BarPanel):
        parts = list(panel.groups)
    elif isinstance(panel, CurvePanel):
        parts = list(panel.curves)
    elif isinstance(panel, MagnitudesPanel):
        parts = [cell for row in panel.cells for cell in row if cell is not None]
    return max(parts, key=lambda part: -1 if part.steps is None else len(part.steps), default=None)


def _until(step: Any) -> Callable[[npt.NDArray[np.int64]], int]:
    """How many rows of any column of steps are not after a step."""

    def rows(steps: npt.NDArray[np.int64]) -> int:
        if steps.ndim == 1:
            number = step if np.ndim(step) == 0 else step[-1]
            return int(np.searchsorted(steps, number, "right"))
        epoch, number = (0, step) if np.ndim(step) == 0 else step
        later = (steps[:, 0] > epoch) | ((steps[:, 0] == epoch) & (steps[:, 1] > number))
        return int(len(steps) - np.count_nonzero(later))

    return rows


def plain(value: Any) -> Any:
    """Anything a view holds as JSON: NaN and infinity are None, floats have six digits.

    Example:
        >>> plain({"a": np.array([1.0, np.nan]), "b": (np.int64(2), "x")})
        {'a': [1.0, None], 'b': [2, 'x']}
    """
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if isinstance(value, float):
        return float(f"{value:.6g}") if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple | frozenset):
        return [plain(entry) for entry in value]
    return value


_KINDS: Mapping[type, tuple[str, Make, bool, bool]] = {
    ImagePanel: ("images", shots_pictures.image, False, False),
    GridPanel: ("grid", shots_pictures.grid, False, False),
    HistogramPanel: ("histogram", shots_charts.histogram, False, False),
    RidgePanel: ("ridge", shots_charts.histogram, False, False),
    MagnitudesPanel: ("magnitudes", shots_charts.magnitudes, True, True),
    BarPanel: ("bars", shots_charts.bars, False, False),
    PiePanel: ("pie", shots_charts.pie, False, False),
    HeatmapPanel: ("matrix", shots_charts.heatmap, False, False),
    ConfusionPanel: ("matrix", shots_charts.confusion, False, False),
    ScatterPanel: ("scatter", shots_charts.scatter, False, False),
    StemPanel: ("stem", shots_charts.stem, False, False),
    CurvePanel: ("curves", shots_charts.curves, False, False),
    TablePanel: ("table", shots_media.table, False, False),
    TextPanel: ("text", shots_media.text, False, False),
    FramePanel: ("frame", shots_media.frame, False, False),
    AudioPanel: ("audio", shots_media.audio, False, False),
    VideoPanel: ("picture", shots_media.video, False, True),
    FigurePanel: ("picture", shots_media.figure, False, False),
    GraphPanel: ("picture", shots_media.graph, False, True),
}
