"""Vectors to places on a plane: t-SNE where a package has it, else principal components.

Axes:
    N: points, D: dimensions

Cost: t-SNE of 1,000 points takes seconds, principal components milliseconds.

Not here: the call (``introspect.compat.visdom.words``).
"""

from importlib.util import find_spec
from typing import Any

import numpy as np
import numpy.typing as npt

from introspect.canvas.points import principal

Floats = npt.NDArray[np.float64]
_LEAST = 5  # points of which t-SNE can say something


def spread(vectors: npt.NDArray[Any]) -> Floats:
    """Places from -1 to 1 on both axes.

    Args:
        vectors: ``(N, D)`` real numbers.

    Returns:
        float64 ``(N, 2)``. The same vectors give the same places.

    Example:
        >>> spread(np.array([[0.0, 0.0, 0.0], [1.0, 1.0, 0.0]])).tolist()
        [[-1.0, 0.0], [1.0, 0.0]]
    """
    whole = np.asarray(vectors, np.float64).reshape(len(vectors), -1)
    whole = np.nan_to_num(whole)
    if len(whole) < _LEAST:
        places = _flat(whole)
    elif find_spec("openTSNE") is not None:
        from openTSNE import TSNE  # ty: ignore[import-not-found]  # noqa: PLC0415  as Visdom does

        places = np.asarray(TSNE(perplexity=_perplexity(len(whole)), random_state=0).fit(whole))
    elif find_spec("sklearn") is not None:
        from sklearn.manifold import TSNE  # noqa: PLC0415  when it is there

        way = TSNE(perplexity=_perplexity(len(whole)), init="random", random_state=0)
        places = way.fit_transform(whole)
    else:
        places = _flat(whole)
    low, high = places.min(axis=0), places.max(axis=0)
    span = np.where(high > low, high - low, 1.0)
    return np.where(high > low, (places - low) / span * 2.0 - 1.0, 0.0)


def _flat(vectors: Floats) -> Floats:
    basis = principal(vectors, 2)
    places = (vectors - basis.mean) @ basis.axes
    return np.where(np.abs(places) > 1e-9 * (np.abs(places).max() or 1.0), places, 0.0)


def _perplexity(points: int) -> float:
    """As Visdom chooses it: 50, or less for few points."""
    wanted = 50 if points >= 150 else points // 3 if points >= 21 else 7
    return float(min(wanted, max(1, (points - 1) // 3)))
