"""The children of one group in their order, with all that is asked of them again and again.

Not here: which of them may fold (``runs``, ``similar``).
"""

from dataclasses import dataclass, field

from introspect.graph.outline.box import Box, Repeat
from introspect.graph.outline.sign import Resolve, Signs

FOLDABLE = frozenset({"linear", "conv", "recurrent", "module", "attention"})
"""Families that are worth a fold by themselves; a norm or a sum is not."""


@dataclass(frozen=True, slots=True)
class Run:
    """Siblings to be folded: ``count`` members of ``repeat.period`` boxes from ``start``.

    Attributes:
        start: Position among the siblings.
        count: How many members.
        repeat: How they are wired.
        pills: Output pills that read a member each, member by member, in the order of leaves.
    """

    start: int
    count: int
    repeat: Repeat
    pills: tuple[tuple[Box, ...], ...] = ()

    @property
    def end(self) -> int:
        """The position after its last sibling."""
        return self.start + self.count * self.repeat.period


@dataclass(slots=True)
class Siblings:
    """The children of one group, and what is asked of them again and again.

    Attributes:
        boxes: In their order.
        exact, loose: Their signs; -1 - position where no sibling has the same.
        signs: Where the signs come from.
        reading: Leaf -> leaves that read it, as first read; `resolve` makes them current.
        resolve: Leaf -> the leaf that stands for it now.
        is_wired: Whether anything feeds anything; not so in a module tree.
        place: Leaf -> (position of the sibling, leaf within it).
        leaves: Position -> the leaves of that sibling.
    """

    boxes: list[Box]
    signs: Signs
    reading: dict[Box, list[Box]]
    resolve: Resolve
    is_wired: bool = True
    exact: list[int] = field(default_factory=list)
    loose: list[int] = field(default_factory=list)
    place: dict[Box, tuple[int, int]] = field(default_factory=dict)
    leaves: dict[int, list[Box]] = field(default_factory=dict)

    def sign(self) -> bool:
        """Sign every box that has a loose twin; whether there is any."""
        loose = [
            -1 - k if box.kind == "io" else self.signs.loose(box)
            for k, box in enumerate(self.boxes)
        ]
        seen: dict[int, int] = {}
        for number in loose:
            seen[number] = seen.get(number, 0) + 1
        self.loose = [n if seen[n] > 1 else -1 - k for k, n in enumerate(loose)]
        if all(number < 0 for number in self.loose):
            return False
        self.exact = [
            self.signs.exact(self.boxes[k]) if n >= 0 else n for k, n in enumerate(self.loose)
        ]
        for k, number in enumerate(self.loose):
            if number >= 0:
                self.leaves[k] = list(self.boxes[k].leaves())
                self.place.update((leaf, (k, place)) for place, leaf in enumerate(self.leaves[k]))
        return True

    def sources(self, leaf: Box) -> dict[Box, tuple[int, ...]]:
        """What feeds a leaf now, in argument order, each with the hidden ops between."""
        now: dict[Box, tuple[int, ...]] = {}
        for source in leaf.sources:
            seen_as = self.resolve(source)
            if seen_as is not leaf:
                now[seen_as] = now.get(seen_as, ()) + leaf.through.get(source, ())
        return now

    def readers(self, leaf: Box) -> list[Box]:
        """What reads a leaf now."""
        return list(dict.fromkeys(self.resolve(reader) for reader in self.reading[leaf]))


def is_pill(box: Box) -> bool:
    """Whether a box is an output that shows one result."""
    return box.kind == "io" and len(box.sources) == 1
