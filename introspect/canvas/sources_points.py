"""What users pass to draw points, stalks and curves, to Panels.

Not here: lines over steps (``introspect.canvas.sources``).
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from introspect.canvas.newest import numbers_of
from introspect.canvas.sources_lines import baselines_of, checked_log
from introspect.canvas.sources_names import Names, copied, stepped
from introspect.errors import CanvasError
from introspect.nouns.metric import Metric
from introspect.nouns.panels import CurvePanel, ScatterPanel, StemPanel, Stepped
from introspect.nouns.panels.lines import Ends
from introspect.nouns.values import to_numpy


def scatter_panel(  # noqa: PLR0913  the options of a chart
    points: Any,
    classes: Any,
    *,
    class_names: Names,
    labels: Names,
    thumbnails: Any,
    title: str,
    ylabel: str,
    xlim: Ends | None = None,
    ylim: Ends | None = None,
) -> ScatterPanel:
    """Points ``(m, 2)`` or ``(m, 3)``, columns ``(x, y)``, or a Metric of clouds.

    Raises:
        CanvasError: If classes and points differ in number.
    """
    if isinstance(points, tuple) and len(points) in {2, 3}:
        points = np.stack([numbers_of(column).ravel() for column in points], axis=1)
    name, steps, data = stepped(points, "draw_scatter")
    shape = np.shape(data[-1]) if len(data) else (0, 2)
    dimensions: Literal[2, 3] = 3 if len(shape) == 2 and shape[1] == 3 else 2
    indices, known = _classes(classes, class_names, shape[0] if shape else 0)
    return ScatterPanel(
        name,
        steps,
        data,
        classes=indices,
        class_names=known,
        point_names=tuple(map(str, labels or ())),
        thumbnails=_thumbnails(thumbnails),
        dimensions=dimensions,
        title=title,
        ylabel=ylabel,
        xlim=xlim,
        ylim=ylim,
    )


def embedding_panel(
    vectors: Any,
    classes: Any,
    *,
    class_names: Names,
    labels: Names,
    thumbnails: Any,
    dimensions: int,
    title: str,
) -> ScatterPanel:
    """Vectors ``(m, d)``, an Embedding, or a Metric of either, to a projected scatter panel.

    Raises:
        CanvasError: If classes and points differ in number, or `dimensions` is not 2 or 3.
    """
    if dimensions not in {2, 3}:
        raise CanvasError("an embedding is drawn in 2 or 3 dimensions.", given=f"{dimensions=}")
    name, steps, data = stepped(vectors, "draw_embedding")
    newest: Any = data[-1] if len(data) else np.zeros((0, 2))
    if hasattr(newest, "vectors"):
        said = [row[0] if row else "" for row in newest.labels]
        classes = said if classes is None and 1 < len(set(said)) <= 16 else classes
        labels = labels or [", ".join(row) for row in newest.labels]
        thumbnails = newest.thumbnails if thumbnails is None else thumbnails
        newest = newest.vectors
    indices, known = _classes(classes, class_names, len(newest))
    return ScatterPanel(
        name,
        steps,
        data,
        classes=indices,
        class_names=known,
        point_names=tuple(map(str, labels or ())),
        thumbnails=_thumbnails(thumbnails),
        dimensions=3 if dimensions == 3 else 2,
        projection="pca",
        axes=False,
        title=title,
    )


def _classes(
    classes: Any, names: Names, points: int
) -> tuple[npt.NDArray[np.int64] | None, tuple[str, ...]]:
    """Indices of classes, and their names in alphabetical order where they are words."""
    known = tuple(map(str, names or ()))
    if classes is None:
        return None, known
    array = np.asarray(list(classes)) if isinstance(classes, list | tuple) else to_numpy(classes)
    array = array.ravel()
    if len(array) != points:
        raise CanvasError(
            "each point needs a class.", given=f"{points} points, {len(array)} classes"
        )
    if array.dtype.kind in "biu" or (array.dtype.kind == "f" and (array == array.round()).all()):
        indices = array.astype(np.int64)
        most = int(indices.max(initial=-1)) + 1
        return indices, known or tuple(str(i) for i in range(most)) if most <= 64 else ()
    words = [str(word) for word in array.tolist()]
    known = known or tuple(sorted(set(words)))
    places = {word: index for index, word in enumerate(known)}
    return np.array([places.get(word, -1) for word in words], dtype=np.int64), known


def _thumbnails(pictures: Any) -> npt.NDArray[np.uint8] | None:
    """uint8 ``(m, H, W)`` or ``(m, H, W, 3)`` of a batch."""
    if pictures is None:
        return None
    array = to_numpy(pictures)
    if array.ndim == 4 and array.shape[1] in {1, 3} and array.shape[-1] not in {1, 3}:
        array = np.moveaxis(array, 1, -1)
    if array.ndim == 4 and array.shape[-1] == 1:
        array = array[..., 0]
    if array.ndim not in {3, 4}:
        raise CanvasError("thumbnails are a batch of pictures.", given=f"shape {array.shape}")
    if array.dtype == np.uint8:
        return array.copy()
    numbers = np.nan_to_num(array.astype(np.float64))
    low, high = float(numbers.min(initial=0.0)), float(numbers.max(initial=0.0))
    if low < 0.0 or high > 1.0:
        numbers = (numbers - low) / ((high - low) or 1.0)
    return np.rint(numbers * 255.0).astype(np.uint8)


def stem_panel(
    values: Any, names: Names, *, positions: Any, title: str, ylabel: str, ylim: Ends | None
) -> StemPanel:
    """Numbers ``(k,)``, a mapping of names to numbers, or a Metric of arrays, to a stem panel."""
    if isinstance(values, Mapping):
        names = names or [str(key) for key in values]
        values = [float(value) for value in values.values()]
    name, steps, data = stepped(values, "draw_stem")
    places = None if positions is None else np.array(numbers_of(positions)).ravel()
    known = tuple(map(str, names or ()))
    return StemPanel(
        name, steps, data, positions=places, names=known, title=title, ylabel=ylabel, ylim=ylim
    )


def curve_panel(  # noqa: PLR0913  the options of a chart
    curves: Any,
    labels: Names,
    *,
    kind: str,
    title: str,
    xlabel: str,
    ylabel: str,
    log: str,
    xlim: Ends | None,
    ylim: Ends | None,
    baselines: Any,
) -> CurvePanel:
    """Columns ``(x, y)``, a PRCurve, a Metric of either, or a mapping of names to them.

    Raises:
        CanvasError: If something is no curve, or `kind` is unknown.
    """
    if kind not in {"xy", "pr", "roc"}:
        raise CanvasError(
            "this kind of curve is not known.", given=f"{kind=}", hint='"xy", "pr" or "roc"'
        )
    named = (
        list(curves.items()) if isinstance(curves, Mapping) else [("", c) for c in _several(curves)]
    )
    given = [labels] if isinstance(labels, str) else list(labels or ())
    found = []
    for index, (key, curve) in enumerate(named):
        name, steps, data = _curve(curve)
        said = given[index] if index < len(given) else str(key) or name
        found.append(Stepped(str(said), steps, data))
    known: Literal["xy", "pr", "roc"] = "pr" if kind == "pr" else "roc" if kind == "roc" else "xy"
    return CurvePanel(
        tuple(found),
        kind=known,
        title=title,
        xlabel=xlabel,
        ylabel=ylabel,
        log=checked_log(log),
        xlim=xlim,
        ylim=ylim,
        baselines=baselines_of(baselines),
    )


def _several(curves: Any) -> list[Any]:
    if isinstance(curves, list) and curves and not np.isscalar(curves[0]):
        return curves
    return [curves]


def _curve(curve: Any) -> tuple[str, npt.NDArray[np.int64] | None, Sequence[Any]]:
    if isinstance(curve, Metric):
        return stepped(curve, "draw_curve")
    if isinstance(curve, tuple) and len(curve) == 2:
        columns = [numbers_of(column).ravel() for column in curve]
        if len(columns[0]) != len(columns[1]):
            sizes = " and ".join(str(len(column)) for column in columns)
            raise CanvasError("x and y of a curve are as long as each other.", given=sizes)
        return "", None, [np.stack(columns)]
    return "", None, [copied(curve, "draw_curve")]
