"""How well a classifier does: `PRCurve` and `ConfusionMatrix`.

Axes:
    k: thresholds, or classes

Not here: what they are drawn from (TensorBoard's plugin and scikit-learn agree with both).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from introspect.errors import HistoryError
from introspect.nouns.values.arrays import (
    check_array,
    check_names,
    described,
    private,
    real_numbers,
    to_numpy,
)

MOST_THRESHOLDS = 1_000_000
MOST_CLASSES = 4096

_ALMOST_NONE = 1e-7  # TensorBoard's, under a precision or recall of nothing
_COUNTS = ("true_positives", "false_positives", "true_negatives", "false_negatives")


@dataclass(frozen=True, slots=True, eq=False)
class PRCurve:
    """Precision and recall at thresholds from 0 to 1.

    Attributes:
        thresholds: float64 of shape ``(k,)``, rising.
        true_positives: What is true and scores at least the threshold. Like the next three int64
            of shape ``(k,)``, or float64 with weights.
        false_positives: What is false and scores at least the threshold.
        true_negatives: What is false and scores less.
        false_negatives: What is true and scores less.
        precision: float64 of shape ``(k,)``; 0 where nothing scores so much.
        recall: float64 of shape ``(k,)``; 0 if nothing is true.
    """

    thresholds: npt.NDArray[np.float64]
    true_positives: npt.NDArray[Any]
    false_positives: npt.NDArray[Any]
    true_negatives: npt.NDArray[Any]
    false_negatives: npt.NDArray[Any]
    precision: npt.NDArray[np.float64]
    recall: npt.NDArray[np.float64]

    def __post_init__(self) -> None:
        for name in ("thresholds", "precision", "recall"):
            check_array(getattr(self, name), name, np.float64, "k")
        for name in _COUNTS:
            check_array(getattr(self, name), name, (np.int64, np.float64), "k")
        names = ("precision", "recall", *_COUNTS)
        sizes = {name: len(getattr(self, name)) for name in ("thresholds", *names)}
        if len(set(sizes.values())) > 1:
            raise HistoryError("a curve has one number for each threshold.", given=str(sizes))

    @classmethod
    def of(cls, labels: Any, scores: Any, *, thresholds: int = 127, weights: Any = None) -> Self:
        """The curve of scores, with the numbers of TensorBoard's plugin.

        Args:
            labels: What is true: bool, or 0 and 1. Any shape.
            scores: How likely it is, 0 to 1; the same shape. NaN is left out.
            thresholds: How many, evenly from 0 to 1; 2 or more. A score counts as the threshold
                at or below it.
            weights: How much each counts; 1 by default. The same shape, or one number.

        Raises:
            HistoryError: If the shapes differ, labels are others, or scores lie outside 0..1.

        Example:
            >>> curve = PRCurve.of([0, 1, 1, 0], [0.1, 0.9, 0.4, 0.6], thresholds=3)
            >>> curve.thresholds.tolist(), curve.true_positives.tolist()
            ([0.0, 0.5, 1.0], [2, 1, 0])
        """
        truth, likely, weight = _checked_scores(labels, scores, weights)
        if not 2 <= thresholds <= MOST_THRESHOLDS:
            raise HistoryError(
                f"a curve has 2 to {MOST_THRESHOLDS} thresholds.", given=f"thresholds={thresholds}"
            )
        # As tensorboard.plugins.pr_curve.summary: scores to buckets, then sums from above.
        buckets = np.floor(likely * (thresholds - 1)).astype(np.int64)
        tp, fp = (
            np.cumsum(np.bincount(buckets, share, thresholds)[::-1])[::-1]
            for share in (truth * weight, (1.0 - truth) * weight)
        )
        tn, fn = fp[0] - fp, tp[0] - tp
        kind = np.int64 if weights is None else np.float64
        counts = (private(column.astype(kind)) for column in (tp, fp, tn, fn))
        return cls(
            private(np.linspace(0.0, 1.0, thresholds)),
            *counts,
            precision=private(tp / np.maximum(_ALMOST_NONE, tp + fp)),
            recall=private(tp / np.maximum(_ALMOST_NONE, tp + fn)),
        )

    def __len__(self) -> int:
        return len(self.thresholds)

    def __repr__(self) -> str:
        return f"<PRCurve {len(self.thresholds)} thresholds>"


def _checked_scores(
    labels: Any, scores: Any, weights: Any
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Labels, scores and weights as float64 of one length, without NaN."""
    truth = real_numbers(labels, "labels", "bool, or 0 and 1").ravel()
    likely = real_numbers(scores, "scores", "floats in 0..1")
    given = f"{truth.size} labels, {likely.size} scores"
    weight = real_numbers(1.0 if weights is None else weights, "weights", "floats").ravel()
    if truth.size != likely.size or weight.size not in {1, truth.size}:
        raise HistoryError(
            "each label needs one score, and one weight if there are some.",
            given=given + ("" if weights is None else f", {weight.size} weights"),
            hint="scores[:, 1] if there is one column for each class",
        )
    if not np.isin(truth, (0, 1)).all():
        raise HistoryError(
            "labels are bool, or 0 and 1.", given=described(truth), hint="labels == class_index"
        )
    likely = likely.ravel().astype(np.float64)
    known = ~np.isnan(likely)
    if not ((likely[known] >= 0) & (likely[known] <= 1)).all():
        raise HistoryError(
            "scores are likelihoods, 0 to 1.",
            given=f"{likely[known].min():.4g} to {likely[known].max():.4g}",
            hint="torch.sigmoid(scores), or softmax(scores)[:, 1]",
        )
    weight = np.broadcast_to(weight.astype(np.float64), truth.shape)
    return truth.astype(np.float64)[known], likely[known], weight[known]


@dataclass(frozen=True, slots=True, eq=False)
class ConfusionMatrix:
    """How often what was taken for what.

    Attributes:
        counts: int64 of shape ``(k, k)``: ``counts[i, j]`` of class i were taken for class j.
        labels: The names of the classes.
    """

    counts: npt.NDArray[np.int64]
    labels: tuple[str, ...]

    def __post_init__(self) -> None:
        check_array(self.counts, "counts", np.int64, "k k")
        check_names(self.labels, "labels")
        if self.counts.shape != (len(self.labels), len(self.labels)):
            raise HistoryError(
                "a confusion matrix has a row and a column for each class.",
                given=f"{described(self.counts)}, {len(self.labels)} labels",
            )
        if (self.counts < 0).any():
            raise HistoryError("a count is 0 or more.", given=f"{self.counts.min()}")

    @classmethod
    def of(cls, true: Any, predicted: Any, *, labels: Sequence[Any] | None = None) -> Self:
        """Count how often each class was taken for each, as scikit-learn does.

        Args:
            true: What it is: class indices 0, 1, ..., or names. Any shape.
            predicted: What it was taken for; the same shape.
            labels: Names of the classes 0, 1, ...; or of names, which there are and their order.
                By default 0 to the greatest index, or all names in alphabetical order.

        Raises:
            HistoryError: If the sizes differ, there are more than 4096 classes, or one is unknown.

        Example:
            >>> ConfusionMatrix.of([0, 1, 1], [0, 1, 0], labels=["cat", "dog"]).counts.tolist()
            [[1, 0], [1, 1]]
        """
        rows, columns = _flat(true), _flat(predicted)
        if rows.size != columns.size:
            raise HistoryError(
                "each true class needs one that was predicted.",
                given=f"{rows.size} true, {columns.size} predicted",
                hint="scores.argmax(1) if there is one score for each class",
            )
        names = None if labels is None else [str(label) for label in labels]
        if "U" in {rows.dtype.kind, columns.dtype.kind} and rows.size:
            known = names or sorted({*rows.tolist(), *columns.tolist()})
            rows, columns = _places(rows, known), _places(columns, known)
        else:
            rows, columns = _indices(rows), _indices(columns)
            known = names or [str(i) for i in range(_class_count(rows, columns))]
        size = len(known)
        if size > MOST_CLASSES or _class_count(rows, columns) > size:
            raise HistoryError(
                "a class has no label." if size <= MOST_CLASSES else "there are too many classes.",
                given=f"{size} labels, class {max(rows.max(), columns.max())}",
                hint=f"one label for each class, at most {MOST_CLASSES}",
            )
        counts = np.bincount(rows * size + columns, minlength=size * size)
        return cls(private(counts.astype(np.int64).reshape(size, size)), tuple(known))

    @property
    def accuracy(self) -> float:
        """The share that was taken for what it is; NaN if there was nothing."""
        total = int(self.counts.sum())
        return int(np.trace(self.counts)) / total if total else float("nan")

    def __repr__(self) -> str:
        total = int(self.counts.sum())
        return f"<ConfusionMatrix {len(self.labels)} classes, {total} samples>"


def _flat(classes: Any) -> npt.NDArray[Any]:
    array = to_numpy(classes).ravel()
    if array.dtype.kind == "O" and all(isinstance(name, str) for name in array):
        array = array.astype(str)
    if array.dtype.kind not in "biufU":
        raise HistoryError("classes are indices or names.", given=described(array))
    return array


def _indices(classes: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    whole = classes.astype(np.int64) if np.isfinite(classes).all() else np.full(classes.size, -1)
    if (whole != classes).any() or (whole < 0).any():
        raise HistoryError(
            "the index of a class is 0 or more.",
            given=f"{classes.min()} to {classes.max()}",
            hint="class indices, or names",
        )
    return whole


def _class_count(rows: npt.NDArray[np.int64], columns: npt.NDArray[np.int64]) -> int:
    greatest = int(max(rows.max(), columns.max())) if rows.size else -1
    return min(greatest, MOST_CLASSES) + 1


def _places(names: npt.NDArray[Any], known: Sequence[str]) -> npt.NDArray[np.int64]:
    """Names to their places among those that are known."""
    places = {name: place for place, name in enumerate(known)}
    words = [str(name) for name in names.tolist()]
    unknown = next((word for word in words if word not in places), None)
    if unknown is not None:
        raise HistoryError("a class has no label.", given=repr(unknown), hint=", ".join(known[:10]))
    return np.array([places[word] for word in words], np.int64)
