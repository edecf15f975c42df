"""Rules of health: evidence to findings, one rule a cause.

A rule judges what holds at the newest records, so what has healed is no finding. Thresholds
stand here as constants, with their source.

Not here: values that are not finite (``introspect.tensors.rules_not_finite``), gradients by
depth and layers that do not move (``introspect.tensors.rules_of_depth``).
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from introspect.canvas.ticks import format_value
from introspect.nouns.sketch import Sketch
from introspect.tensors.evidence import Evidence, Series, magnitude_quantile
from introspect.tensors.findings import Finding
from introspect.tensors.grouping import grouped
from introspect.tensors.rules_not_finite import not_finite
from introspect.tensors.rules_of_depth import exploding, frozen, vanishing
from introspect.tensors.wording import and_so_on, percent, worst_of

DEAD, MANY_DEAD = 0.9, 0.5
"""Share of channels that are zero throughout: above 90 % a layer is sick (Glorot et al. 2011)."""
ALL_ZERO = 0.98
SATURATED, MANY_SATURATED = 0.9, 0.6
RATIO_LOW, RATIO_HIGH = 1e-4, 1e-2
"""Update to weight: about 1e-3 is usual."""
RATIO_MARGIN = 10.0
"""So many times outside it is a fault."""
DRIFT_SIGMAS = 3.0
PEAK = 15.0
RANK_LOW, RANK_SHARE = 1.5, 0.5
RECENT = 3
"""How many of the newest records have to agree."""

Rule = Callable[[Evidence, tuple[Finding, ...]], Sequence[Finding]]


def dead(evidence: Evidence, found: tuple[Finding, ...]) -> list[Finding]:
    """Layers whose units are zero for every input; a pooling behind one shares its finding."""
    del found
    made: list[Finding] = []
    for name in evidence.names("activations"):
        shares = _dead_shares(evidence, name)
        recent = shares.values[-RECENT:]
        recent = recent[np.isfinite(recent)]
        if recent.size < 2 or recent.min() < MANY_DEAD:
            continue
        values = _told(shares)
        if made and made[-1].values == values:
            made[-1] = replace(made[-1], layers=(*made[-1].layers, name))
            continue
        is_fault = recent.min() >= DEAD
        limit = DEAD if is_fault else MANY_DEAD
        words = f"{percent(shares.values[0])} of its channels were zero for every input of the"
        words += f" batch at the start, {percent(shares.last)} now."
        hint = "Lower the learning rate, warm up longer, or clip the gradient norm at 1; look at"
        hint += " large negative biases; leaky units cannot die."
        extent = "all of its" if shares.last >= 0.9995 else f"{percent(shares.last)} of its"
        what = f"{name} is dead: {extent} channels are 0 for every input"
        if not is_fault:
            what = f"{name} is dying: {extent} channels are 0 for every input"
        change = f"{percent(shares.values[0])} → {percent(shares.last)} dead"
        since = shares.since(shares.values >= limit)
        severity = "fault" if is_fault else "notice"
        made.append(Finding("dead", severity, (name,), since, what, words, hint, change, values))
    return grouped(made)


def _dead_shares(evidence: Evidence, name: str) -> Series:
    """The share of dead channels; where it was not recorded, that of zeros if nearly all are."""
    shares = evidence.logged("activations", name, "dead")
    if len(shares):
        return shares
    zeros = evidence.sketched("activations", name, lambda sketch: sketch.share_zero)
    return Series(zeros.times, np.where(zeros.values >= ALL_ZERO, zeros.values, 0.0))


def saturated(evidence: Evidence, found: tuple[Finding, ...]) -> list[Finding]:
    """Bounded units that sit at the ends of their range; the output of the model may."""
    del found
    made = []
    for name in evidence.names("activations")[:-1]:
        shares = evidence.logged("activations", name, "saturated")
        if not len(shares):
            shares = evidence.sketched("activations", name, _near_one)
        recent = shares.values[-RECENT:]
        if recent.size < 2 or not recent.min() >= MANY_SATURATED:
            continue
        is_fault = recent.min() >= SATURATED
        limit = SATURATED if is_fault else MANY_SATURATED
        what = f"{name} is saturated: {percent(shares.last)} of its values are at an end"
        words = f"Within 1/32 of its range; {percent(shares.values[0])} at the start. Its"
        words += " derivative there is nearly 0, so little gradient passes."
        hint = "Smaller initial weights (Xavier), a normalisation before it, inputs of unit"
        hint += " variance, or a lower learning rate."
        change = f"{percent(shares.values[0])} → {percent(shares.last)}"
        since = shares.since(shares.values >= limit)
        severity = "fault" if is_fault else "notice"
        made.append(
            Finding("saturated", severity, (name,), since, what, words, hint, change, _told(shares))
        )
    return grouped(made)


def _near_one(sketch: Sketch) -> float:
    """Of a tanh, the share beyond 15/16 on both sides; 0 for what is none."""
    bounded = sketch.finite and -1.0 <= sketch.min < -0.9 and 0.9 < sketch.max <= 1.0
    if not bounded:
        return 0.0
    return float(sketch.cdf(-0.9375) + 1.0 - sketch.cdf(0.9375))


def update_ratio(evidence: Evidence, found: tuple[Finding, ...]) -> list[Finding]:
    """Updates that are small or large beside their weights, while the learning rate is up."""
    explained = {"not finite", "frozen", "vanishing"}  # they say it already
    ill = {layer for one in found if one.cause in explained for layer in one.layers}
    sides: dict[bool, list[tuple[str, Series, float]]] = {False: [], True: []}
    for name in evidence.matrices("updates"):
        ratio = evidence.ratio(name)
        ratio = ratio.where(evidence.is_judged(ratio.times) & np.isfinite(ratio.values))
        if len(ratio) < 2 or name in ill:
            continue
        late = ratio.values[len(ratio) // 2 :]
        middle = float(np.median(late))
        # Nine of ten late records, and the last: a training that settles is no fault.
        least, most = np.quantile(late, [0.1, 0.9])
        if min(least, late[-1]) > RATIO_HIGH or max(most, late[-1]) < RATIO_LOW:
            sides[middle > RATIO_HIGH].append((name, ratio, middle))
    if any(one.cause == "vanishing" for one in found):
        del sides[False]  # small updates are what follows from it
    made = []
    for is_large, group in sides.items():
        if not group:
            continue
        name, ratio, middle = worst_of(group, key=lambda one: one[2], largest=is_large)
        limit = RATIO_HIGH * RATIO_MARGIN if is_large else RATIO_LOW / RATIO_MARGIN
        is_fault = middle > limit if is_large else middle < limit
        names = tuple(one[0] for one in group)
        word = "large" if is_large else "small"
        what = f"updates of {and_so_on(names)} are {word} beside the weights"
        words = f"Update to weight is {format_value(middle)} in {name}; 10⁻⁴ to 10⁻² is usual."
        hint = (
            "Lower the learning rate, or warm up."
            if is_large
            else "Raise the learning rate, or look at what makes the gradient small."
        )
        outside = ratio.values > RATIO_HIGH if is_large else ratio.values < RATIO_LOW
        change = f"{format_value(ratio.values[0])} → {format_value(ratio.last)}"
        severity = "fault" if is_fault else "notice"
        since = ratio.since(outside) if outside[-1] else ratio.times[0]
        made.append(
            Finding("update ratio", severity, names, since, what, words, hint, change, _told(ratio))
        )
    return made


def rank_collapse(evidence: Evidence, found: tuple[Finding, ...]) -> list[Finding]:
    """Weight matrices that have come down to one direction; needs ``watch(spectra=...)``."""
    del found
    made = []
    for name in evidence.names("weights"):
        rank = evidence.logged("weights", name, "stable_rank")
        if len(rank) < 2 or not rank.last <= min(RANK_LOW, RANK_SHARE * rank.values[0]):
            continue
        what = f"{name} has lost its rank: one direction carries nearly all of it"
        words = "Its stable rank (Frobenius over spectral norm, squared) was"
        words += f" {format_value(rank.values[0])} and is {format_value(rank.last)}."
        hint = "Lower the learning rate, or use weight decay or a normalisation before this layer."
        change = f"rank {format_value(rank.values[0])} → {format_value(rank.last)}"
        since = rank.since(rank.values <= RANK_LOW)
        made.append(
            Finding(
                "rank collapse", "fault", (name,), since, what, words, hint, change, _told(rank)
            )
        )
    return grouped(made)


def outliers(evidence: Evidence, found: tuple[Finding, ...]) -> list[Finding]:
    """Outputs of which a few values are far larger than the rest."""
    del found
    made = []
    for name in evidence.names("activations"):
        peaks = evidence.sketched("activations", name, _peak)
        recent = peaks.values[-RECENT:]
        if recent.size < 2 or not recent.min() >= PEAK:
            continue
        last = evidence.last("activations", name)
        largest = max(abs(last.min), abs(last.max)) if last else float("nan")
        what = f"{name} has outlier channels: its largest value is"
        what += f" {format_value(peaks.last)} times that of 99 %"
        words = f"The largest magnitude is {format_value(largest)}."
        words += " Low precision and quantisation spend their range on it."
        hint = "Look at the channels with the largest mean magnitude; keep them in higher"
        hint += " precision, or normalise or clip before this layer."
        change = f"{format_value(peaks.values[0])} → {format_value(peaks.last)} ×"
        since = peaks.since(peaks.values >= PEAK)
        made.append(
            Finding("outliers", "notice", (name,), since, what, words, hint, change, _told(peaks))
        )
    return grouped(made)


def _peak(sketch: Sketch) -> float:
    """Largest magnitude over the 99 % quantile of magnitudes; NaN if that is 0.

    99 % and not 99.9 %, or a channel in a thousand would hide itself.
    """
    if not sketch.finite:
        return float("nan")
    level = magnitude_quantile(sketch, 0.99)
    largest = max(abs(sketch.min), abs(sketch.max))
    return max(1.0, largest / level) if level > 0 else float("nan")


def drift(evidence: Evidence, found: tuple[Finding, ...]) -> list[Finding]:
    """Weights that are far from where they began, and still going."""
    ill = {layer for one in found if one.cause == "not finite" for layer in one.layers}
    made = []
    for name in evidence.matrices("weights"):
        first = evidence.first("weights", name)
        if first is None or not first.std > 0 or name in ill:
            continue
        gone = evidence.sketched("weights", name, first.w1)
        gone = Series(gone.times, gone.values / first.std)
        if len(gone) < 3 or not gone.last >= DRIFT_SIGMAS:
            continue
        what = f"{name} has drifted {format_value(gone.last)} σ from where it began"
        half = gone.values[len(gone) // 2]
        words = (
            f"W₁ to the first record is {format_value(gone.last)} of its standard deviations, and"
        )
        words += f" was {format_value(half)} at half time; 0.2 to 1.5 is common."
        hint = "Weight decay, a lower learning rate, or a normalisation that bounds what this"
        hint += " layer gets."
        change = f"0 → {format_value(gone.last)} σ"
        since = gone.since(gone.values >= DRIFT_SIGMAS)
        made.append(
            Finding("drift", "notice", (name,), since, what, words, hint, change, _told(gone))
        )
    return grouped(made)


def _told(series: Series) -> tuple[float, ...]:
    return tuple(float(value) for value in series.values)


RULES: tuple[Rule, ...] = (
    not_finite,
    dead,
    exploding,
    vanishing,
    saturated,
    frozen,
    update_ratio,
    rank_collapse,
    outliers,
    drift,
)
