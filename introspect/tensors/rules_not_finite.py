"""The rule of values that are not finite: where the first NaN or Inf came up, and when.

Not here: the other rules, and what a rule is (``introspect.tensors.rules``).
"""

import numpy as np

from introspect.canvas.ticks import format_count, format_value
from introspect.nouns.metric import Step
from introspect.tensors.evidence import Evidence, Lost
from introspect.tensors.findings import Finding
from introspect.tensors.wording import pair, percent


def not_finite(evidence: Evidence, found: tuple[Finding, ...]) -> list[Finding]:
    """The first step with NaN or Inf, and the first tensor in the order of the computation."""
    del found
    firsts = []
    for rank, kind in enumerate(("activations", "gradients", "updates", "weights")):
        names = evidence.names(kind)
        # A forward pass spoils from the input on, a backward pass from the output on.
        order = list(reversed(names)) if kind in {"gradients", "updates"} else names
        for place, name in enumerate(order):
            first = evidence.first_lost(kind, name)
            if first is not None:
                # Weights are read before the step: theirs come first if all are of one record.
                before = -1 if kind == "weights" else rank
                firsts.append((pair(first.time), before, place, kind, name, first))
    if not firsts:
        return _lost_losses(evidence)
    firsts.sort(key=lambda one: one[:3])
    _, _, _, kind, name, first = firsts[0]
    others = {(one[3], one[4]) for one in firsts[1:]}
    sketch = first.sketch
    words = f"{format_count(sketch.n - sketch.finite)} of {format_count(sketch.n)} values"
    words += f" ({sketch.nans} NaN, {sum(sketch.infinities)} Inf)."
    words += f" {len(others)} other tensors followed." if others else ""
    last_peak = _largest_before(first)
    words += f" The largest magnitude one record before was {last_peak}." if last_peak else ""
    hint = {
        "activations": "Look for a division, log or root of 0, or an overflow, in this module.",
        "gradients": "The forward pass is finite: look at the derivative of what follows this"
        " layer (a root or norm at 0, a log), and clip gradients.",
        "updates": "Look at the state of the optimizer, its eps, and the learning rate.",
        "weights": "The step before wrote it: lower the learning rate, warm up, or clip the"
        " gradient norm at 1.",
    }[kind]
    if kind == "weights" and first.before and not _follows(first.before[0], first.time):
        hint = "It came up since the record before: watch(every=1) names the module that made it."
        hint += " Lower the learning rate, or clip the gradient norm at 1."
    verb = "is" if kind == "activations" else "are"
    subject = f"output of {name}" if kind == "activations" else f"{kind} of {name}"
    layers = (name, *dict.fromkeys(other for _, other in sorted(others) if other != name))
    what = f"{subject} {verb} NaN or infinite"
    shares = evidence.sketched(kind, name, lambda sketch: 1 - sketch.finite / max(sketch.n, 1))
    change = f"{percent(0.0 if first.before else 1.0)} → {percent(shares.last)}"
    values = tuple(shares.values.tolist())
    return [Finding("not finite", "fault", layers, first.time, what, words, hint, change, values)]


def _follows(one: Step, two: Step) -> bool:
    """Whether no step can lie between two."""
    if isinstance(one, tuple) and isinstance(two, tuple):
        return one[0] == two[0] and one[1] + 1 == two[1]
    return not isinstance(one, tuple) and not isinstance(two, tuple) and one + 1 == two


def _largest_before(first: Lost) -> str:
    if first.before is None:
        return ""
    sketch = first.before[1]
    return format_value(max(abs(sketch.min), abs(sketch.max))) if sketch.finite else ""


def _lost_losses(evidence: Evidence) -> list[Finding]:
    for name, loss in evidence.losses().items():
        rows = np.flatnonzero(~np.isfinite(loss.values))
        if rows.size:
            words = f"{rows.size} of {len(loss)} values are not finite."
            hint = "Every tensor that was recorded is finite: look at the loss function itself."
            what = f"the metric {name} is NaN or infinite"
            return [Finding("not finite", "fault", (), loss.times[rows[0]], what, words, hint)]
    return []
