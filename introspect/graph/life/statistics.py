"""Courses of many tensors -> the one number that colours their box at one record.

Norms add as squares, shares by what they are shares of, counts plainly; so the number of a
card of many layers is that of all their tensors as one.

Cost: 1 us a course. The same is computed in the page (web/life/statistics.ts).

Not here: colours (``still``).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import hypot, isfinite, sqrt
from typing import Literal

from introspect.graph.life.watched import Course, Watched
from introspect.nouns.sketch import Sketch

Value = float | None


@dataclass(frozen=True, slots=True)
class Statistic:
    """What boxes can be coloured by.

    Attributes:
        key: As it is given: ``color="update_ratio"``.
        title: In legends, with its symbol.
        scale: ``"log"``, ``"share"`` (from 0, in percent) or ``"count"`` (from 0).
        of: Courses of one box and a record -> the number, or None.
    """

    key: str
    title: str
    scale: Literal["log", "share", "count"]
    of: Callable[[Sequence[Course], int], Value]


def norm(course: Course, record: int) -> float:
    """Root of the sum of squares, of the whole tensor also where a sample was counted."""
    sketch = course.sketches[record]
    known = course.numbers.get("norm")
    if known is not None and isfinite(known[record]):
        return float(known[record])
    return sqrt(sketch.sum_squares) if sketch is not None else 0.0


def norm_of(courses: Sequence[Course], record: int) -> Value:
    """Norm of all tensors as one."""
    there = _there(courses, record)
    return hypot(*(norm(c, record) for c in there)) if there else None


def update_ratio(courses: Sequence[Course], record: int) -> Value:
    """Norm of all updates as a share of that of the weights before them.

    Each tensor's own ratio says what its weights were; where it has none, they were zero, or
    the update was: then the weights of the same record stand in.
    """
    updates = _there([c for c in courses if c.kind == "updates"], record)
    weights = {c.name: c for c in _there([c for c in courses if c.kind == "weights"], record)}
    moved = base = 0.0
    for course in updates:
        size = norm(course, record)
        column = course.numbers.get("ratio")
        ratio = float(column[record]) if column is not None else 0.0
        if isfinite(ratio) and ratio > 0:
            base = hypot(base, size / ratio)
        elif course.name in weights:
            base = hypot(base, norm(weights[course.name], record))
        moved = hypot(moved, size)
    return moved / base if base else None


def share_of_zeros(courses: Sequence[Course], record: int) -> Value:
    """Zeros among the finite values; of activations, or of weights where there are none."""
    sketches = _sketches(courses, record, "activations") or _sketches(courses, record, "weights")
    finite = sum(sketch.finite for sketch in sketches)
    return sum(sketch.zeros for sketch in sketches) / finite if finite else None


def share_of_dead(courses: Sequence[Course], record: int) -> Value:
    """Channels that were zero throughout, among all channels."""
    return _weighted(courses, record, "dead", lambda course: course.channels)


def share_of_saturated(courses: Sequence[Course], record: int) -> Value:
    """Units of bounded activations near the ends of their range, among all such units."""

    def units(course: Course) -> float:
        sketch = course.sketches[record]
        return sketch.finite if sketch is not None else 0

    return _weighted(courses, record, "saturated", units)


def broken(courses: Sequence[Course], record: int) -> Value:
    """How many values of any kind are NaN or infinite."""
    there = _there(courses, record)
    if not there:
        return None
    found = [course.sketches[record] for course in there]
    return float(sum(s.nans + sum(s.infinities) for s in found if s is not None))


def _there(courses: Sequence[Course], record: int) -> list[Course]:
    return [course for course in courses if course.sketches[record] is not None]


def _sketches(courses: Sequence[Course], record: int, kind: str) -> list[Sketch]:
    found = [course.sketches[record] for course in courses if course.kind == kind]
    return [sketch for sketch in found if sketch is not None]


def _weighted(
    courses: Sequence[Course], record: int, word: str, weigh: Callable[[Course], float]
) -> Value:
    total = weight = 0.0
    for course in courses:
        column = course.numbers.get(word)
        if column is not None and isfinite(column[record]):
            total += float(column[record]) * weigh(course)
            weight += weigh(course)
    return total / weight if weight else None


def _of_kind(kind: str) -> Callable[[Sequence[Course], int], Value]:
    return lambda courses, record: norm_of([c for c in courses if c.kind == kind], record)


STATISTICS: Mapping[str, Statistic] = {
    one.key: one
    for one in (
        Statistic("update_ratio", "update / weight ‖Δw‖/‖w‖", "log", update_ratio),
        Statistic("gradient_norm", "gradient norm ‖g‖", "log", _of_kind("gradients")),
        Statistic("weight_norm", "weight norm ‖w‖", "log", _of_kind("weights")),
        Statistic("zeros", "share of zeros", "share", share_of_zeros),
        Statistic("dead", "dead channels", "share", share_of_dead),
        Statistic("saturated", "saturated units", "share", share_of_saturated),
        Statistic("nan", "NaN and infinite values", "count", broken),
    )
}
"""What ``color=`` takes, in the order in which a reader is offered it."""


def known_statistics(watched: Watched) -> list[Statistic]:
    """Those of which the history has anything to say."""
    last = range(len(watched.records))
    return [
        one
        for one in STATISTICS.values()
        if any(one.of(watched.courses, record) is not None for record in last)
    ]
