"""Findings of the same kind in several layers to one finding.

Not here: the rules that make them (``introspect.tensors.rules``).
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from introspect.tensors.findings import Cause, Finding
from introspect.tensors.wording import and_so_on, pair

_PLURAL: Mapping[tuple[Cause, str], str] = {
    ("dead", "fault"): "are dead",
    ("dead", "notice"): "are dying",
    ("saturated", "fault"): "are saturated",
    ("saturated", "notice"): "are partly saturated",
    ("outliers", "notice"): "have outlier channels",
    ("drift", "notice"): "have drifted far from where they began",
    ("rank collapse", "fault"): "have lost their rank",
}


def grouped(found: Sequence[Finding]) -> list[Finding]:
    """One finding for each cause and severity, in the words of the layer that had it first.

    Args:
        found: Of one rule.

    Example:
        >>> ones = [Finding("dead", "fault", (name,), 3, "", "All 0.", "") for name in "ab"]
        >>> one, = grouped(ones)
        >>> one.what, one.layers, one.evidence
        ('a and b are dead', ('a', 'b'), 'a: All 0.')
    """
    groups: dict[tuple[Cause, str], list[Finding]] = {}
    for one in found:
        groups.setdefault((one.cause, one.severity), []).append(one)
    made = []
    for kind, group in groups.items():
        first = min(group, key=lambda one: pair(one.step))
        if len(group) > 1:
            layers = tuple(dict.fromkeys(layer for one in group for layer in one.layers))
            words = f"{first.layer}: {first.evidence}"
            what = f"{and_so_on(layers)} {_PLURAL[kind]}"
            first = replace(first, layers=layers, what=what, evidence=words)
        made.append(first)
    return made
