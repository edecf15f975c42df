"""Merged: two graphs in one tree of boxes, each with the mark of what happened to it.

Not here: how it is made (``introspect.graph.compare.merge``).
"""

from collections import Counter
from dataclasses import dataclass, field

from introspect.graph.outline.box import Box

ADDED, REMOVED, CHANGED, MOVED, SAME = "+", "−", "~", "→", "="


@dataclass(slots=True)
class Merged:
    """Both graphs in one tree.

    Attributes:
        root: Of the tree; every box has its mark, none is fused or folded.
        notes: What a box says in its detail line beside, or in place of, its own words.
        remarks: Changes that no box stands for.
        counts: Of each mark; what lies inside of something added or removed is not counted.
        follows: How many boxes have other sizes only since something before them changed.
    """

    root: Box
    notes: dict[Box, str] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    follows: int = 0
