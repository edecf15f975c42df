"""Moments: one tensor at one time, measured against another time; courses of them.

Distances are computed when they are asked for. W1 and KS treat each bin of a sketch as filled
evenly, so they are exact to the width of a bin; JS compares the counts of the bins themselves,
so it is exactly that of a histogram with these bins.

Cost: 60 us a W1, 30 us a KS, 50 us a JS, for sketches of 300 bins.

Not here: which moments there are (``introspect.tensors.choosing``).
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from introspect.nouns.metric import Step
from introspect.nouns.sketch import Sketch
from introspect.nouns.watched import KINDS

MetricName = Literal["w1", "ks", "js"]


@dataclass(frozen=True, slots=True, eq=False)
class Moment:
    """One tensor at one time.

    Attributes:
        label: ``"epoch 3"``, ``"step 300"``, ``"start"`` for a first record that is not the
            last of its epoch; the name of the run where runs are compared.
        epoch: The epoch (the step itself, if steps are no tuples).
        step: The exact step, as text.
        sketch: Its values.
        reference: What distances are measured to.
        when: The step as it was logged.
    """

    label: str
    epoch: int
    step: str
    sketch: Sketch
    reference: Sketch
    when: Step = 0

    @property
    def w1(self) -> float:
        """How far mass has moved since the reference, in the unit of the values."""
        return self.sketch.w1(self.reference)

    @property
    def w1_sigma(self) -> float:
        """The same in standard deviations of the reference; NaN where it has none."""
        w1 = self.w1
        return w1 / (self.reference.std or (float("nan") if w1 else 1.0))

    @property
    def ks(self) -> float:
        """The Kolmogorov-Smirnov distance to the reference, 0..1."""
        return self.sketch.ks(self.reference)

    @property
    def js(self) -> float:
        """The Jensen-Shannon distance to the reference, 0..1."""
        return jensen_shannon(self.sketch, self.reference)


@dataclass(frozen=True, slots=True, eq=False)
class Course:
    """One key, and its moments in the order of time (or of runs).

    Attributes:
        key: What it was logged under.
        moments: At least one.
        run: The name of the run, where several are compared.
        over_runs: Whether the moments are runs at one time, not times of one run.
    """

    key: str
    moments: tuple[Moment, ...]
    run: str = ""
    over_runs: bool = False

    @property
    def kind(self) -> str:
        """``"weights"``, ``"gradients"``, ``"updates"``, ``"activations"``, else ``"values"``."""
        head, slash, _ = self.key.partition("/")
        return head if slash and head in KINDS else "values"

    @property
    def name(self) -> str:
        """The parameter or module, without its kind."""
        return self.key if self.kind == "values" else self.key.partition("/")[2]


def jensen_shannon(first: Sketch, second: Sketch) -> float:
    """The Jensen-Shannon distance of two sketches: the root of the divergence in bits.

    Over the bins of the coarser of both, plus one for what is beyond float32 at each end
    (Lin 1991, eq. 4.1, with its root as the distance). It sees mass that moves into a bin of
    its own, such as exact zeros; two small samples of the same numbers are far apart, too,
    where they seldom fall into the same bins.

    Returns:
        0 for equal shares to 1 for none in common; NaN if one has no finite values.

    Example:
        >>> jensen_shannon(Sketch.of([1.0, 1.0]), Sketch.of([4.0]))
        1.0
    """
    if not (first.finite and second.finite):
        return float("nan")
    bits = min(first.bits, second.bits)
    one = first if first.bits == bits else first.coarser(bits)
    two = second if second.bits == bits else second.coarser(bits)
    bins = np.union1d(one.bins, two.bins)
    shares = np.zeros((2, len(bins) + 2))
    for row, sketch in zip(shares, (one, two), strict=True):
        row[np.searchsorted(bins, sketch.bins)] = sketch.counts
        row[-2:] = sketch.overflows
    shares /= np.array([[one.finite], [two.finite]])
    middle = shares.mean(axis=0)
    ratio = np.divide(shares, middle, out=np.ones_like(shares), where=shares > 0)
    bits_apart = float((shares * np.log2(ratio)).sum()) / 2
    return float(np.sqrt(min(max(bits_apart, 0.0), 1.0)))
