"""``confusion_matrix``.

Axes:
    N: samples, K: classes

Not here: how it is counted (``introspect.compat.visdom.rates``).
"""

# ruff: noqa: PLR0913, PLR0917  Visdom's signatures, kept by name and place

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from introspect.compat.visdom.arguments import array, check, opts_of
from introspect.compat.visdom.layout import layout_of
from introspect.compat.visdom.message import Message, Sender
from introspect.compat.visdom.rates import confusion

Opts = Mapping[str, Any] | None


class Confusion(Sender):
    """What was taken for what."""

    def confusion_matrix(
        self,
        y_true: Any = None,
        y_pred: Any = None,
        cm: Any = None,
        labels: Sequence[Any] | None = None,
        normalize: str | None = None,
        update: str | None = None,
        win: str | None = None,
        env: str | None = None,
        opts: Opts = None,
    ) -> Any:
        """What was taken for what.

        Args:
            y_true: ``(N,)`` labels, with `y_pred`.
            y_pred: ``(N,)`` labels.
            cm: ``(K, K)`` counts instead, rows true.
            labels: Names of the classes, in their order.
            normalize: ``"true"``, ``"pred"`` or ``"all"``: of what cells are shares.
            update: ``"replace"`` or ``"remove"``.
            win: As in `heatmap`.
            env: As in `heatmap`.
            opts: title, xlabel, ylabel, colormap, showCounts, showPercent.

        Returns:
            The id of the window.

        Raises:
            VisdomError: If counts, labels or options do not fit each other.
        """
        call = "confusion_matrix"
        check(
            update in {None, "replace", "remove"},
            call,
            "this update is not known.",
            given=update,
            hint='"replace" or "remove"',
        )
        if update == "remove":
            check(win is not None, call, "a removal needs a window.", hint="win=")
            return self._send(Message(data=[], delete=True, win=win, eid=env), "update")
        counts, names = _counts(y_true, y_pred, cm, labels)
        shares = _shares(counts, normalize)
        words = {"xlabel": "Predicted", "ylabel": "Actual", "title": "Confusion Matrix"}
        checked = words | opts_of(opts, call)
        layout = layout_of(checked)
        layout["annotations"] = _written(counts, shares, names, normalize, checked)
        layout["xaxis"] = layout.get("xaxis", {}) | {"title": checked["xlabel"], "side": "bottom"}
        layout["yaxis"] = layout.get("yaxis", {}) | {
            "title": checked["ylabel"],
            "autorange": "reversed",
        }
        trace = {
            "z": shares.tolist(), "x": names, "y": names, "type": "heatmap",
            "colorscale": checked.get("colormap", "Blues"), "showscale": True,
        }  # fmt: skip
        message = Message(data=[trace], win=win, eid=env, layout=layout, opts=checked)
        if update:
            message["updateDir"] = update
        return self._send(message, "update" if update else "events")


def _counts(
    y_true: Any, y_pred: Any, cm: Any, labels: Sequence[Any] | None
) -> tuple[np.ndarray, list[str]]:
    """Counts ``(K, K)`` and the names of the classes."""
    call = "confusion_matrix"
    raw = y_true is not None and y_pred is not None
    nothing = y_true is None and y_pred is None
    check(
        (raw and cm is None) or (nothing and cm is not None), call, "give (y_true, y_pred) or cm."
    )
    if raw:
        true, said = np.ravel(array(y_true)), np.ravel(array(y_pred))
        check(
            len(true) == len(said) > 0,
            call,
            "there is a prediction for each label.",
            given=(true, said),
        )
        known = list(np.unique(np.concatenate([true, said])).tolist()) if labels is None else labels
        counts: np.ndarray = confusion(true, said, list(known))
    else:
        counts = np.asarray(array(cm))
        check(
            counts.ndim == 2 and counts.shape[0] == counts.shape[1],
            call,
            "cm is a square matrix.",
            given=counts,
        )
        known = list(range(len(counts))) if labels is None else labels
    names = [str(label) for label in known]
    check(
        len(set(names)) == len(names) == len(counts),
        call,
        "each class has a name of its own.",
        given=f"labels={names}, {len(counts)} classes",
    )
    return counts, names


def _shares(counts: np.ndarray, normalize: str | None) -> np.ndarray:
    check(
        normalize in {None, "true", "pred", "all"},
        "confusion_matrix",
        "this normalize is not known.",
        given=normalize,
        hint='"true", "pred", "all" or None',
    )
    if normalize is None:
        return counts
    axis = {"true": 1, "pred": 0, "all": None}[normalize]
    total = counts.sum(axis=axis, keepdims=True).astype(np.float64)
    return counts / np.where(total == 0, 1.0, total)


def _written(
    counts: np.ndarray,
    shares: np.ndarray,
    names: list[str],
    normalize: str | None,
    opts: Mapping[str, Any],
) -> list[dict[str, Any]]:
    """What stands in each cell."""
    has_shares = opts.get("showPercent", normalize is not None)
    whole = counts.dtype.kind in "iu"
    of = shares if normalize is not None else counts / (float(counts.sum()) or 1.0)
    dark = float(shares.max(initial=0)) / 2.0
    cells = []
    for row, column in np.ndindex(counts.shape):
        said = []
        if opts.get("showCounts", True):
            said.append(str(int(counts[row, column])) if whole else f"{counts[row, column]:.3g}")
        if has_shares:
            said.append(f"{of[row, column]:.1%}")
        color = "white" if shares[row, column] > dark else "black"
        cells.append(
            {
                "x": names[column],
                "y": names[row],
                "text": "<br>".join(said),
                "showarrow": False,
                "font": {"color": color},
            }
        )
    return cells
