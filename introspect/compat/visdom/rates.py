"""Labels and scores to the rates of a classifier, and to a confusion matrix.

Formulas: T. Fawcett, "An introduction to ROC analysis" (2006); the area under precision over recall
is the average precision, a sum of steps.

Axes:
    N: samples, T: distinct scores, K: classes

Cost: a sort, O(N log N).

Not here: the calls (``introspect.compat.visdom.curves``).
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from introspect.compat.ignored import tell_ignored
from introspect.compat.visdom.arguments import check

Floats = npt.NDArray[np.float64]


def hits(truth: Any, scores: Any, positive: Any, call: str) -> tuple[Floats, Floats]:
    """How many wrong and right positives there are at each distinct score, from the highest down.

    Args:
        truth: ``(N,)`` labels.
        scores: ``(N,)`` finite numbers.
        positive: The label that is found.
        call: The method, for errors.

    Returns:
        float64 ``(T,)`` false and true positives.

    Raises:
        VisdomError: If they differ in length, are empty or are not finite.

    Example:
        >>> wrong, right = hits([0, 1, 1], [0.2, 0.9, 0.4], 1, "roc_curve")
        >>> wrong.tolist(), right.tolist()
        ([0.0, 0.0, 1.0], [1.0, 2.0, 2.0])
    """
    labels, values = np.ravel(truth), np.ravel(scores)
    check(
        len(labels) == len(values) > 0,
        call,
        "there is a score for each label.",
        given=f"y_true {labels.shape}, y_score {values.shape}",
    )
    check(np.isfinite(values).all(), call, "scores are finite.", given="NaN or infinity in y_score")
    order = np.argsort(-values, kind="stable")
    found, values = labels[order] == positive, values[order]
    ends = np.append(np.flatnonzero(np.diff(values)), len(values) - 1)
    right = np.cumsum(found, dtype=np.float64)[ends]
    return ends + 1.0 - right, right


def roc(truth: Any, scores: Any, positive: Any) -> tuple[Floats, Floats]:
    """False and true positive rate, from (0, 0) on: float64 ``(T + 1,)`` each.

    Raises:
        VisdomError: If a class has no sample.
    """
    wrong, right = hits(truth, scores, positive, "roc_curve")
    check(
        right[-1] > 0 and wrong[-1] > 0,
        "roc_curve",
        "both classes have samples.",
        given=f"{right[-1]:.0f} positive, {wrong[-1]:.0f} negative",
        hint="pos_label=",
    )
    return np.append(0.0, wrong / wrong[-1]), np.append(0.0, right / right[-1])


def precision_recall(truth: Any, scores: Any, positive: Any) -> tuple[Floats, Floats]:
    """Precision and recall, from recall 0 on: float64 ``(T + 1,)`` each.

    Raises:
        VisdomError: If there is no positive sample.
    """
    wrong, right = hits(truth, scores, positive, "pr_curve")
    check(right[-1] > 0, "pr_curve", "there are positive samples.", given="none", hint="pos_label=")
    return np.append(1.0, right / (right + wrong)), np.append(0.0, right / right[-1])


def sorted_pair(x: Any, y: Any, call: str, names: tuple[str, str]) -> tuple[Floats, Floats]:
    """Two columns of rates, by the first.

    Raises:
        VisdomError: If they are no columns of one length, or leave 0 to 1.
    """
    first, second = np.asarray(x, np.float64), np.asarray(y, np.float64)
    check(
        first.ndim == 1 and first.shape == second.shape and len(first) > 1,
        call,
        f"{names[0]} and {names[1]} are columns of one length, of two points at least.",
        given=(first, second),
    )
    inside = all(np.isfinite(c).all() and ((c >= 0) & (c <= 1)).all() for c in (first, second))
    check(inside, call, f"{names[0]} and {names[1]} are between 0 and 1.", given="others")
    order = np.argsort(first, kind="stable")
    return first[order], second[order]


def confusion(truth: Any, said: Any, labels: Sequence[Any]) -> npt.NDArray[np.int64]:
    """How often each label was taken for each: int64 ``(K, K)``, rows true, columns said.

    Samples of other labels are left out, with a warning.

    Example:
        >>> confusion(["a", "b", "b"], ["a", "a", "b"], ["a", "b"]).tolist()
        [[1, 0], [1, 1]]
    """
    places = {label: place for place, label in enumerate(labels)}
    true = np.array([places.get(label, -1) for label in np.ravel(truth).tolist()], np.int64)
    given = np.array([places.get(label, -1) for label in np.ravel(said).tolist()], np.int64)
    known = (true >= 0) & (given >= 0)
    if not known.all():
        tell_ignored(
            "Visdom.confusion_matrix", f"{(~known).sum()} samples", reason="not among labels"
        )
    counts = np.zeros((len(labels), len(labels)), np.int64)
    np.add.at(counts, (true[known], given[known]), 1)
    return counts
