"""Rules that look at all layers: gradients by depth, and parameters that do not move.

Depth is the order in which parameters were logged, that of the model from input to output.

Not here: the other rules, and what a rule is (``introspect.tensors.rules``).
"""

import numpy as np

from introspect.canvas.ticks import format_value
from introspect.nouns.sketch import Sketch
from introspect.tensors.evidence import Evidence, Series
from introspect.tensors.findings import Finding, Severity
from introspect.tensors.wording import and_so_on, pair

DEPTH = 4
"""Fewer layers have no depth to judge."""
VANISHING = 1e-3
EXPLODING_BY_DEPTH = 1e3
EXPLODING_IN_TIME = 100.0
"""Times the median of what came before (spikes of a healthy training stay below 10 or so)."""
RECENT = 3


def exploding(evidence: Evidence, found: tuple[Finding, ...]) -> list[Finding]:
    """Gradients that grow by depth from the output to the input, or in time."""
    if any(one.cause == "not finite" and one.step == _start(evidence) for one in found):
        return []
    names, table, times = _table(evidence)
    if not times:
        return []
    made = []
    with np.errstate(divide="ignore", invalid="ignore"):
        steep = table[:, 0] / table[:, -1]
    recent = steep[-RECENT:]
    if len(names) >= DEPTH and recent.size and np.all(recent >= EXPLODING_BY_DEPTH):
        what = f"gradients explode by depth: {names[0]} gets {format_value(steep[-1])} times what"
        what += f" {names[-1]} gets"
        words = f"Root mean squares {format_value(table[-1, 0])} and {format_value(table[-1, -1])}."
        hint = "Smaller initial weights, a normalisation or residual connections between layers;"
        hint += " clip the gradient norm."
        series = Series(times, steep)
        made.append(_finding("exploding", (names[0], names[-1]), series, what, words, hint))
    totals = np.sqrt(np.nansum(np.where(np.isfinite(table), table, np.nan) ** 2, axis=1))
    row = _burst(totals)
    if row is not None and not made:
        before = float(np.median(totals[:row]))
        place = int(np.nanargmax(np.where(np.isfinite(table[row]), table[row], np.nan)))
        what = f"gradients explode: {names[place]} got {format_value(totals[row] / before)} times"
        what += " what was usual before"
        words = f"Root mean square {format_value(totals[row])} after {format_value(before)}."
        hint = "Clip the gradient norm at 1, lower the learning rate, or warm up longer."
        since = Series(times[row:], totals[row:])
        made.append(_finding("exploding", (names[place],), since, what, words, hint))
    return made


def _start(evidence: Evidence) -> object:
    times = [t[0] for n in evidence.sketches.values() for t, _ in n.values()]
    return min(times, key=pair, default=None)


def _burst(totals: np.ndarray) -> int | None:
    """The first record that is far above the median of at least three before it."""
    for row in range(3, len(totals)):
        before = float(np.median(totals[:row]))
        if before > 0 and totals[row] >= EXPLODING_IN_TIME * before:
            return row
    return None


def vanishing(evidence: Evidence, found: tuple[Finding, ...]) -> list[Finding]:
    """Gradients that fade on their way to the input, or do not arrive."""
    spoilt = {layer for one in found if one.cause == "not finite" for layer in one.layers}
    dead = tuple(one.layer for one in found if one.cause == "dead" and one.severity == "fault")
    names, table, times = _table(evidence)
    if not times or set(names) <= spoilt:
        return []
    none = np.all(table[-RECENT:] == 0.0, axis=0) & (len(times) >= 2)
    made = []
    if none.any() and (not none.all() or len(names) > 1):
        lost = tuple(name for name, is_none in zip(names, none, strict=True) if is_none)
        what = f"no gradient reaches {and_so_on(lost)}"
        hint = (
            f"This follows from {dead[0]}, which is dead: repair that first."
            if dead
            else "Look for detach(), no_grad(), an argmax, or units that are dead in between."
        )
        size = table[:, names.index(lost[0])]
        series = Series(times, size)
        words = "Exactly 0 in every element."
        made.append(_finding("vanishing", lost, series, what, words, hint, holds=size == 0))
    kept = [place for place, is_none in enumerate(none) if not is_none]
    if len(kept) < DEPTH:
        return made
    with np.errstate(divide="ignore", invalid="ignore"):
        share = table[:, kept[0]] / table[:, kept[-1]]
    recent = share[-RECENT:]
    if np.all(recent < VANISHING):
        first, last = names[kept[0]], names[kept[-1]]
        what = f"gradients vanish by depth: {first} gets {format_value(share[-1])} of what"
        what += f" {last} gets"
        words = f"Root mean squares {format_value(table[-1, kept[0]])} and"
        words += f" {format_value(table[-1, kept[-1]])}, over {len(kept)} layers."
        hint = "Units that do not saturate (ReLU), initial weights that suit them (He), a"
        hint += " normalisation, or residual connections."
        series = Series(times, share)
        holds = share < VANISHING
        made.append(_finding("vanishing", (first, last), series, what, words, hint, holds=holds))
    return made


def frozen(evidence: Evidence, found: tuple[Finding, ...]) -> list[Finding]:
    """Parameters that do not move while others do, or none at all."""
    ill = {
        layer for one in found if one.cause in {"not finite", "vanishing"} for layer in one.layers
    }
    still, moving = _still_and_moving(evidence)
    still = [name for name in still if name not in ill]
    if not still:
        return []
    pushed = [name for name in still if _is_pushed(evidence, name)]
    if not moving:
        what = "no parameter moves"
        words = f"All {len(still)} are exactly as they were at the first record."
        hint = "Look whether optimizer.step() is called, with parameters of this model and a"
        hint += " learning rate above 0."
        times = evidence.sketches["weights"][still[0]][0]
        return [Finding("frozen", "fault", tuple(still), times[0], what, words, hint)]
    made = []
    quiet = [name for name in still if name not in pushed]
    for group, severity in ((pushed, "fault"), (quiet, "notice")):
        if not group:
            continue
        times = evidence.sketches["weights"][group[0]][0]
        what = f"{and_so_on(group)} {'does' if len(group) == 1 else 'do'} not move"
        words = f"Exactly as at the first record, {len(times)} records ago, while"
        words += f" {len(moving)} others move."
        words += " They get a gradient." if severity == "fault" else " None was recorded for them."
        hint = (
            "Frozen by mistake? Give them to the optimizer, with a learning rate above 0."
            if severity == "fault"
            else "Nothing to do if they are frozen on purpose; else give them to the optimizer,"
            " with requires_grad_(True), and look whether the forward pass uses them."
        )
        kind: Severity = "fault" if severity == "fault" else "notice"
        made.append(Finding("frozen", kind, tuple(group), times[0], what, words, hint))
    return made


def _forgotten(evidence: Evidence) -> set[str]:
    """Parameters that get a gradient and do not move, while others do."""
    still, moving = _still_and_moving(evidence)
    return {name for name in still if _is_pushed(evidence, name)} if moving else set()


def _still_and_moving(evidence: Evidence) -> tuple[list[str], list[str]]:
    still: list[str] = []
    moving: list[str] = []
    for name, (times, sketches) in evidence.sketches["weights"].items():
        if len(times) >= 3:
            is_still = all(_is_same(sketches[-1], sketch) for sketch in sketches)
            (still if is_still else moving).append(name)
    return still, moving


def _is_same(one: Sketch, two: Sketch) -> bool:
    """Whether they are of the very same values, as far as can be told."""
    return (
        one.sum == two.sum
        and one.sum_squares == two.sum_squares
        and (one.min, one.max) == (two.min, two.max)
        and np.array_equal(one.bins, two.bins)
        and np.array_equal(one.counts, two.counts)
    )


def _is_pushed(evidence: Evidence, name: str) -> bool:
    """Whether a gradient that is not zero was recorded for it."""
    last = evidence.last("gradients", name)
    return last is not None and last.finite > 0 and last.share_zero < 1


def _table(evidence: Evidence) -> tuple[list[str], np.ndarray, tuple]:
    """Weight matrices, root mean squares of their gradients of shape (times, matrices), times.

    Only times at which all have one.
    """
    forgotten = _forgotten(evidence)  # gradients that nobody sets to zero pile up
    names = [name for name in evidence.matrices("gradients") if name not in forgotten]
    series = [evidence.rms("gradients", name) for name in names]
    if not names:
        return [], np.zeros((0, 0)), ()
    common = set(series[0].times).intersection(*(one.times for one in series))
    times = tuple(sorted(common, key=pair))
    columns = [dict(zip(one.times, one.values.tolist(), strict=True)) for one in series]
    table = np.array([[column[time] for column in columns] for time in times])
    return names, table.reshape(len(times), len(names)), times


def _finding(
    cause: str,
    layers: tuple[str, ...],
    series: Series,
    what: str,
    words: str,
    hint: str,
    *,
    holds: np.ndarray | None = None,
) -> Finding:
    since = series.times[0] if holds is None else series.since(holds)
    values = tuple(float(value) for value in series.values)
    change = f"{format_value(values[0])} → {format_value(values[-1])}"
    return Finding(
        "exploding" if cause == "exploding" else "vanishing",
        "fault",
        layers,
        since,
        what,
        words,
        hint,
        change,
        values,
    )
