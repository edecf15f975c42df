"""Scatter and stem panels to points, limits and class names; high dimensions by PCA.

Axes:
    m: points, d: dimensions, k: stalks

Cost: PCA of 10,000 points of 512 dimensions takes 60 ms (an eigenproblem of d x d).

Not here: dots and colours (``introspect.canvas.paint_points``, ``text_points``).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from introspect.canvas.line_axes import Range, limits_of
from introspect.canvas.newest import numbers_of, stated_step
from introspect.canvas.ticks import clean, format_count
from introspect.errors import CanvasError
from introspect.nouns.panels import ScatterPanel, StemPanel

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Basis:
    """Where a projection looks from: ``(vectors - mean) @ axes``."""

    mean: Floats
    axes: Floats
    explained: float


@dataclass(frozen=True, slots=True, eq=False)
class ScatterView:
    """Points without pixels.

    Attributes:
        title: Cleaned for one line.
        how: The grey words after it.
        points: float64 ``(m, 2)`` or ``(m, 3)``; points that are not finite are left out.
        classes: int64 ``(m,)``, -1 for none.
        class_names: Of the classes.
        thumbnails: uint8 ``(m, H, W)`` or ``(m, H, W, 3)``, or None.
        limits: Both ends of each axis.
        axes: Whether the axes have numbers.
        basis: Of the projection, or None.
        kept: int64 ``(m,)``, rows of the given data that the points are.
    """

    title: str
    how: str
    points: Floats
    classes: npt.NDArray[np.int64]
    class_names: tuple[str, ...]
    thumbnails: npt.NDArray[np.uint8] | None
    limits: tuple[Range, ...]
    axes: bool
    basis: Basis | None
    kept: npt.NDArray[np.int64]


def scatter_view(panel: ScatterPanel, *, still: ScatterView | None = None) -> ScatterView:
    """What a scatter panel shows.

    Args:
        panel: Points and classes.
        still: A view whose axes are taken, so that a film stands still.

    Raises:
        CanvasError: If the newest value is no cloud of points.

    Example:
        >>> square = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, np.nan]])
        >>> view = scatter_view(ScatterPanel("", None, [square]))
        >>> len(view.points), view.how
        (2, '2 points, 1 not finite')
    """
    data = _cloud(panel)
    basis = still.basis if still else None
    finite = np.flatnonzero(np.isfinite(data).all(axis=1))
    data = data[finite]
    if panel.projection == "pca":
        basis = basis if basis is not None and len(basis.mean) == data.shape[1] else None
        basis = basis or principal(data, panel.dimensions)
        data = (data - basis.mean) @ basis.axes
    else:
        data = data[:, : panel.dimensions]
    classes = np.full(len(data), -1)
    if panel.classes is not None:
        classes = np.resize(panel.classes, len(_cloud(panel)))[finite]
    limits = still.limits if still else _limits(panel, data)
    return ScatterView(
        title=clean(panel.title) or clean(panel.name),
        how=_how(panel, len(data), len(_cloud(panel)) - len(data), basis),
        points=data,
        classes=classes,
        class_names=tuple(clean(name) for name in panel.class_names),
        thumbnails=None if panel.thumbnails is None else panel.thumbnails[finite],
        limits=limits,
        axes=panel.axes and not panel.projection,
        basis=basis,
        kept=finite,
    )


def principal(data: Floats, dimensions: int) -> Basis:
    """The first principal components; each points to where its largest entry is positive.

    Args:
        data: float64 ``(m, d)``, finite.
        dimensions: How many components.

    Example:
        >>> line = np.array([[0.0, 0.0], [2.0, 2.0], [4.0, 4.0]])
        >>> basis = principal(line, 1)
        >>> basis.axes.round(3).tolist(), round(basis.explained, 3)
        ([[0.707], [0.707]], 1.0)
    """
    mean = data.mean(axis=0) if len(data) else np.zeros(data.shape[1])
    centred = data - mean
    if centred.shape[0] < centred.shape[1]:  # fewer points than dimensions: the smaller problem
        spread, left = np.linalg.eigh(centred @ centred.T)
        axes = centred.T @ left[:, ::-1]
    else:
        spread, axes = np.linalg.eigh(centred.T @ centred)
        axes = axes[:, ::-1]
    spread = np.maximum(spread[::-1], 0.0)
    axes = axes[:, :dimensions]
    norms = np.linalg.norm(axes, axis=0)
    axes = np.where(norms > 1e-12, axes / np.where(norms > 1e-12, norms, 1.0), 0.0)
    if axes.shape[1] < dimensions:
        axes = np.pad(axes, ((0, 0), (0, dimensions - axes.shape[1])))
    if axes.size:
        largest = np.abs(axes).argmax(axis=0)
        axes = axes * np.where(axes[largest, np.arange(dimensions)] < 0, -1.0, 1.0)
    total = float(spread.sum())
    return Basis(mean, axes, float(spread[:dimensions].sum()) / total if total > 0 else 0.0)


def _cloud(panel: ScatterPanel) -> Floats:
    value: Any = panel.data[-1] if len(panel.data) else np.zeros((0, panel.dimensions))
    data = numbers_of(getattr(value, "vectors", value))
    if data.ndim == 1:
        data = np.stack([np.arange(len(data), dtype=np.float64), data], axis=1)
    least = 1 if panel.projection else panel.dimensions
    if data.ndim != 2 or data.shape[1] < least:
        raise CanvasError(
            "these are no points.",
            given=f"shape {data.shape}",
            hint=f"(points, {panel.dimensions}), or draw_embedding for more dimensions",
        )
    return data


def _limits(panel: ScatterPanel, data: Floats) -> tuple[Range, ...]:
    limits: list[Range] = []
    for axis, column in enumerate(data.T):
        low, high = (float(column.min()), float(column.max())) if len(column) else (0.0, 1.0)
        pad = 0.05 * (high - low) or abs(low) * 0.1 or 0.5
        wanted = {0: panel.xlim, 1: panel.ylim}.get(axis)
        limits.append(limits_of((low - pad, high + pad), wanted, log=False))
    return tuple(limits)


def _how(panel: ScatterPanel, shown: int, broken: int, basis: Basis | None) -> str:
    words = [clean(panel.ylabel), f"{format_count(shown)} point{'s' * (shown != 1)}"]
    if basis is not None and panel.projection:
        words.append(f"PCA, {basis.explained:.0%} of variance")
    if broken:
        words.append(f"{format_count(broken)} not finite")
    words.append(stated_step(panel.steps))
    return ", ".join(word for word in words if word)


@dataclass(frozen=True, slots=True, eq=False)
class StemView:
    """Stalks without pixels.

    Attributes:
        title: Cleaned for one line.
        how: The grey words after it.
        x: float64 ``(k,)``.
        y: float64 ``(k,)``; NaN for no stalk.
        names: ``k``, or ``()``.
        x_limits: Left and right end.
        y_limits: Bottom and top; 0 is between them.
    """

    title: str
    how: str
    x: Floats
    y: Floats
    names: tuple[str, ...]
    x_limits: Range
    y_limits: Range


def stem_view(panel: StemPanel, *, still: StemView | None = None) -> StemView:
    """What a stem panel shows.

    Raises:
        CanvasError: If names or positions differ in number from the stalks.
    """
    y = numbers_of(panel.data[-1]).ravel() if len(panel.data) else np.zeros(0)
    x = np.arange(len(y), dtype=np.float64) if panel.positions is None else panel.positions
    if len(x) != len(y) or (panel.names and len(panel.names) != len(y)):
        raise CanvasError(
            "a stem chart needs a position and a name for each number.",
            given=f"{len(y)} numbers, {len(x)} positions, {len(panel.names)} names",
        )
    finite = y[np.isfinite(y)]
    low, high = (
        (min(0.0, float(finite.min())), max(0.0, float(finite.max()))) if finite.size else (0, 1)
    )
    pad = 0.08 * (high - low) or 0.5
    limits = (low - pad if low < 0 else low, high + pad if high > 0 else high)
    limits = limits if limits[1] > limits[0] else (-0.5, 0.5)
    broken = len(y) - len(finite)
    words = [clean(panel.ylabel), stated_step(panel.steps)]
    words.append(f"{format_count(broken)} not finite" if broken else "")
    ends = (float(x.min()), float(x.max())) if len(x) else (0.0, 1.0)
    room = 0.03 * (ends[1] - ends[0]) or 0.5
    return StemView(
        title=clean(panel.title) or clean(panel.name),
        how=", ".join(word for word in words if word),
        x=x,
        y=np.where(np.isfinite(y), y, np.nan),
        names=tuple(clean(name) for name in panel.names),
        x_limits=still.x_limits if still else (ends[0] - room, ends[1] + room),
        y_limits=still.y_limits if still else limits_of(limits, panel.ylim, log=False),
    )
