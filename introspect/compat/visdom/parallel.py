"""Experiments and parameters to a trace of parallel coordinates.

Axes:
    N: experiments, M: parameters

Not here: the call (``introspect.compat.visdom.shares``).
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from introspect.compat.visdom.arguments import check

_CALL = "parallel_coordinates"


def parallel(
    values: npt.NDArray[np.float64], shades: npt.NDArray[np.float64] | None, opts: Mapping[str, Any]
) -> dict[str, Any]:
    """The trace.

    Args:
        values: ``(N, M)``.
        shades: ``(N,)`` or None.
        opts: As `Visdom.parallel_coordinates` says.

    Raises:
        VisdomError: If something does not fit the values.

    Example:
        >>> trace = parallel(np.array([[1.0, 2.0], [3.0, 4.0]]), None, {})
        >>> [axis["label"] for axis in trace["dimensions"]]
        ['Dim 1', 'Dim 2']
    """
    check(
        values.ndim == 2 and values.shape[0] >= 1 and values.shape[1] >= 2,
        _CALL,
        "X has a row for each experiment and two columns at least.",
        given=values,
    )
    if shades is not None:
        shades = np.atleast_1d(np.squeeze(shades))
        check(
            shades.shape == values.shape[:1],
            _CALL,
            "Y has a number for each row of X.",
            given=(values, shades),
        )
    most = opts.get("max_experiments")
    if most is not None:
        check(shades is not None, _CALL, "opts.max_experiments takes the best by Y, which is None.")
    if most is not None and shades is not None and len(values) > most:
        best = np.argsort(shades)[::-1][: int(most)]
        values, shades = values[best], shades[best]
    names = opts.get("dimensions") or [f"Dim {at + 1}" for at in range(values.shape[1])]
    check(
        isinstance(names, list | tuple) and len(names) == values.shape[1],
        _CALL,
        "opts.dimensions names each column of X.",
        given=f"{names!r}, X {values.shape}",
    )
    trace: dict[str, Any] = {
        "type": "parcoords",
        "dimensions": [_axis(at, values[:, at], str(name), opts) for at, name in enumerate(names)],
        "labelfont": {"size": 13},
        "tickfont": {"size": 11},
        "rangefont": {"size": 11},
    }
    if shades is not None:
        known = shades[np.isfinite(shades)]
        trace["line"] = {
            "color": shades.tolist(),
            "colorscale": opts.get("colormap", "Electric"),
            "showscale": True,
            "cmin": float(known.min()) if known.size else 0.0,
            "cmax": float(known.max()) if known.size else 1.0,
        } | ({"reversescale": True} if opts.get("reversescale") else {})
    if opts.get("title"):
        trace["domain"] = {"y": [0, 0.85]}
    return trace


def _axis(
    at: int, column: npt.NDArray[np.float64], name: str, opts: Mapping[str, Any]
) -> dict[str, Any]:
    known = column[np.isfinite(column)]
    low, high = (float(known.min()), float(known.max())) if known.size else (0.0, 1.0)
    pad = (high - low) * 0.05 if high > low else 0.5
    wanted = (opts.get("ranges") or {}).get(at)
    axis = {
        "values": column.tolist(),
        "label": name,
        "range": [low - pad, high + pad] if wanted is None else wanted,
    }
    ticks, texts = ((opts.get(key) or {}).get(at) for key in ("tickvals", "ticktext"))
    check(
        texts is None or (ticks is not None and len(texts) == len(ticks)),
        _CALL,
        f"opts.ticktext[{at}] has a text for each of opts.tickvals[{at}].",
        given=f"{ticks!r}, {texts!r}",
    )
    asked = (opts.get("constraintranges") or {}).get(at)
    more = {"constraintrange": asked, "tickvals": ticks, "ticktext": texts}
    return axis | {key: value for key, value in more.items() if value is not None}
