"""Embeddings as a browser wishes to see them: by principal components or t-SNE, in 2D or 3D.

``ScatterPanel -> ScatterPanel``. Principal components are fitted to each step; t-SNE has no axes to
fit, so it is of the newest step alone. It takes seconds: one thread computes it, the principal
components are shown until it is done, and what was computed is kept.

Cost: t-SNE of 2,000 points takes 5 to 15 s of that thread; more points are sampled evenly.

Not here: principal components (``introspect.canvas.points``), dots (``web/canvas/scatter.ts``).
"""

import threading
from collections import OrderedDict
from collections.abc import Iterable
from concurrent.futures import Future
from dataclasses import dataclass, replace
from importlib.util import find_spec
from queue import SimpleQueue
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from introspect.canvas.points import principal
from introspect.nouns.panels import Column, Placed, Row, ScatterPanel

Floats = npt.NDArray[np.float64]
Way = Literal["pca2", "pca3", "tsne2", "tsne3"]
WAYS: tuple[Way, ...] = get_args(Way)

MOST_POINTS = 2000
"""That t-SNE is computed of."""

_LEAST_POINTS = 5
_FIRST_DIMENSIONS = 50  # what t-SNE begins with, by principal components
_MOST_KEPT = 16  # computed embeddings


@dataclass(frozen=True, slots=True, eq=False)
class Places:
    """Where t-SNE puts points.

    Attributes:
        kept: int64 ``(m,)``, rows of the vectors.
        points: float64 ``(m, 2)`` or ``(m, 3)``.
    """

    kept: npt.NDArray[np.int64]
    points: Floats


def places(vectors: npt.NDArray[Any], dimensions: int) -> Places:
    """Points by t-SNE; the same vectors give the same places.

    Args:
        vectors: float ``(n, d)``; rows that are not finite are left out.
        dimensions: 2 or 3.

    Example:
        >>> import pytest
        >>> _ = pytest.importorskip("sklearn")
        >>> far = np.repeat([[0.0, 0.0], [9.0, 9.0]], 10, axis=0)
        >>> found = places(far + np.arange(20)[:, None] / 100, 2)
        >>> found.points.shape, len(found.kept)
        ((20, 2), 20)
    """
    from sklearn.manifold import TSNE  # noqa: PLC0415  an extra

    whole = np.asarray(vectors, np.float64)
    whole = whole.reshape(len(whole), int(np.prod(whole.shape[1:])))
    kept = np.flatnonzero(np.isfinite(whole).all(axis=1))
    if len(kept) > MOST_POINTS:
        kept = kept[np.linspace(0, len(kept) - 1, MOST_POINTS).astype(np.int64)]
    data = whole[kept]
    basis = principal(data, max(dimensions, min(_FIRST_DIMENSIONS, data.shape[1])))
    data = (data - basis.mean) @ basis.axes
    first = data[:, :dimensions]
    spread = first.std() if len(first) else 0.0
    if len(data) < _LEAST_POINTS or whole.shape[1] <= dimensions or not spread:
        return Places(kept, first)
    way = TSNE(
        dimensions,
        perplexity=min(30.0, (len(data) - 1) / 3),
        init=(first / spread * 1e-4).astype(np.float32),
        random_state=0,
        n_jobs=1,
    )
    return Places(kept, np.asarray(way.fit_transform(data), np.float64))


class Embeddings:
    """What browsers wish to see, computed once for all of them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        # By the identity of the value, which is held here so that no other takes it.
        self._found: OrderedDict[tuple[int, int], tuple[Any, Future[Places]]] = OrderedDict()
        self._todo: SimpleQueue[tuple[Any, int, Future[Places]]] = SimpleQueue()
        self._thread: threading.Thread | None = None

    def shown(self, panels: Iterable[Placed], wish: object) -> tuple[Placed, ...]:
        """The panels with embeddings as wished for.

        Args:
            panels: Any; those that are no embedding come back as they are.
            wish: ``"pca2"``, ``"pca3"``, ``"tsne2"`` or ``"tsne3"``; anything else is the first.
        """
        way = wish if isinstance(wish, str) and wish in WAYS else WAYS[0]
        return tuple(self._panel(panel, way) for panel in panels)

    def _panel(self, panel: Any, way: str) -> Any:
        if isinstance(panel, Row | Column):
            return replace(panel, panels=self.shown(panel.panels, way))
        if not isinstance(panel, ScatterPanel) or panel.projection != "pca" or not len(panel.data):
            return panel
        dimensions: Literal[2, 3] = 3 if way.endswith("3") else 2
        # The name says what it is of: a browser begins anew when it changes.
        flat = replace(panel, dimensions=dimensions, name=f"{panel.name} {way}")
        if way.startswith("pca"):
            return flat
        if find_spec("sklearn") is None:
            note = "t-SNE needs scikit-learn: pip install scikit-learn"
            return replace(flat, name=f"{flat.name} missing", ylabel=note)
        found = self._asked(panel.data[-1], dimensions)
        if not found.done():
            return replace(flat, name=f"{flat.name} soon", ylabel="t-SNE is on its way")
        fault = found.exception()
        if fault is not None:
            return replace(flat, name=f"{flat.name} failed", ylabel=f"no t-SNE: {fault}")
        return _placed(flat, found.result())

    def _asked(self, value: Any, dimensions: int) -> "Future[Places]":
        with self._lock:
            key = (id(value), dimensions)
            known = self._found.get(key)
            if known is not None:
                self._found.move_to_end(key)
                return known[1]
            future: Future[Places] = Future()
            self._found[key] = (value, future)
            if len(self._found) > _MOST_KEPT:
                self._found.popitem(last=False)
            self._todo.put((value, dimensions, future))
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="t-SNE", daemon=True)
                self._thread.start()
            return future

    def _work(self) -> None:
        while True:
            value, dimensions, future = self._todo.get()
            try:
                future.set_result(places(np.asarray(getattr(value, "vectors", value)), dimensions))
            except Exception as fault:  # noqa: BLE001  told in the panel
                future.set_exception(fault)


def _placed(panel: ScatterPanel, found: Places) -> ScatterPanel:
    """The newest step where t-SNE puts it."""
    names, kept = panel.point_names, found.kept
    count = len(np.asarray(getattr(panel.data[-1], "vectors", panel.data[-1])))
    return replace(
        panel,
        steps=None if panel.steps is None else panel.steps[-1:],
        data=[found.points],
        classes=None if panel.classes is None else np.resize(panel.classes, count)[kept],
        point_names=tuple(names[row] for row in kept) if len(names) == count else (),
        thumbnails=None if panel.thumbnails is None else panel.thumbnails[kept],
        projection="",
        ylabel="t-SNE" if len(kept) == count else f"t-SNE of {len(kept)} of {count} points",
    )
