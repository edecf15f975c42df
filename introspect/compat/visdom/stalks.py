"""Stalks and arrows as the interrupted lines in which Visdom sends them, and back.

Axes:
    N: stalks or arrows, M: series

Not here: the calls (``introspect.compat.visdom.points``), pictures (``painting``).
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from introspect.compat.ignored import tell_ignored

Floats = npt.NDArray[np.float64]
_HEAD = 0.33  # length and half width of an arrow head, in parts of the arrow


def stalks(heights: Any, places: Any) -> tuple[Floats, npt.NDArray[np.int64]]:
    """Points of one interrupted line for each series, and its label from 1.

    Args:
        heights: ``(N, M)``.
        places: ``(N, M)``.

    Returns:
        float64 ``(3 N M, 2)``: foot, top, gap for each stalk; and int64 ``(3 N M,)``.

    Example:
        >>> points, labels = stalks(np.array([[5.0]]), np.array([[2.0]]))
        >>> points.tolist(), labels.tolist()
        ([[2.0, 0.0], [2.0, 5.0], [nan, nan]], [1, 1, 1])
    """
    heights, places = np.asarray(heights, np.float64), np.asarray(places, np.float64)
    rows, series = heights.shape
    gap = np.full_like(heights, np.nan)
    up = np.stack([np.zeros_like(heights), heights, gap], axis=1).reshape(3 * rows, series)
    right = np.stack([places, places, gap], axis=1).reshape(3 * rows, series)
    labels = np.tile(np.arange(1, series + 1), 3 * rows)
    return np.column_stack([right.ravel(), up.ravel()]), labels


def stalks_of(x: Floats, y: Floats) -> tuple[Floats, Floats] | None:
    """Places and heights of an interrupted line, if it is one of stalks.

    Example:
        >>> nan = np.nan
        >>> stalks_of(np.array([2.0, 2.0, nan]), np.array([0.0, 5.0, nan]))
        (array([2.]), array([5.]))
        >>> stalks_of(np.array([1.0, 2.0, nan]), np.array([0.0, 5.0, nan])) is None
        True
    """
    if not len(x) or len(x) % 3:
        return None
    places, heights = x.reshape(-1, 3), y.reshape(-1, 3)
    is_one = (
        np.isnan(places[:, 2]).all()
        and np.isnan(heights[:, 2]).all()
        and (places[:, 0] == places[:, 1]).all()
        and (heights[:, 0] == 0).all()
    )
    return (places[:, 0], heights[:, 1]) if is_one else None


def arrows(right: Any, up: Any, from_x: Any, from_y: Any, *, longest: float, heads: bool) -> Floats:
    """Points of one interrupted line that draws arrows.

    Args:
        right: ``(N, M)``, how far each points to the right.
        up: ``(N, M)``, how far up.
        from_x: ``(N, M)``, where it begins.
        from_y: ``(N, M)``, likewise.
        longest: Length of the longest arrow; 0 for what they are.
        heads: Whether they have heads.

    Returns:
        float64 ``(3 N M, 2)``, or ``(7 N M, 2)`` with heads.
    """
    right, up = np.asarray(right, np.float64), np.asarray(up, np.float64)
    if longest:
        right, up = _scaled(right, up, longest)
    tip_x, tip_y, gap = from_x + right, from_y + up, np.full(right.size, np.nan)
    parts = [_joined(from_x, tip_x, gap), _joined(from_y, tip_y, gap)]
    points = np.column_stack(parts)
    if not heads:
        return points
    # An arrow of no length still gets a head that can be seen.
    aside_x, aside_y = (right + 1e-5) * _HEAD, (up + 1e-5) * _HEAD
    left_x, left_y = tip_x - _HEAD * (right + aside_y), tip_y - _HEAD * (up - aside_x)
    right_x, right_y = tip_x - _HEAD * (right - aside_y), tip_y - _HEAD * (up + aside_x)
    barbs = [_joined(left_x, tip_x, right_x, gap), _joined(left_y, tip_y, right_y, gap)]
    return np.concatenate([points, np.column_stack(barbs)])


def _joined(*columns: Any) -> Floats:
    return np.stack([np.ravel(column) for column in columns], axis=1).ravel()


def _scaled(right: Floats, up: Floats, longest: float) -> tuple[Floats, Floats]:
    lengths = np.hypot(right, up)
    known = lengths[np.isfinite(lengths)]
    most = float(known.max()) if known.size else 0.0
    if most <= 0:
        tell_ignored("Visdom.quiver", "normalize", reason="no arrow has a length")
        return right, up
    scale = longest / most
    kept = [np.where(np.isfinite(part), part, np.nan) * scale for part in (right, up)]
    return kept[0], kept[1]


def arrows_of(x: Floats, y: Floats) -> tuple[Floats, Floats] | None:
    """Beginnings and tips ``(N, 2)`` of an interrupted line, if it is one of arrows with heads.

    Example:
        >>> points = arrows([[1.0]], [[2.0]], np.zeros((1, 1)), np.zeros((1, 1)), longest=0,
        ...                 heads=True)
        >>> begin, tip = arrows_of(*points.T)
        >>> begin.tolist(), tip.tolist()
        ([[0.0, 0.0]], [[1.0, 2.0]])
    """
    if not len(x) or len(x) % 7:
        return None
    count = len(x) // 7
    points = np.column_stack([x, y])
    shafts, barbs = points[: 3 * count].reshape(-1, 3, 2), points[3 * count :].reshape(-1, 4, 2)
    is_one = (
        np.isnan(shafts[:, 2]).all()
        and np.isnan(barbs[:, 3]).all()
        and np.array_equal(shafts[:, 1], barbs[:, 1], equal_nan=True)
    )
    return (shafts[:, 0], shafts[:, 1]) if is_one else None
