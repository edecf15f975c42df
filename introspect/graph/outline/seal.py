"""Groups -> cards: what a group is called when it is drawn shut, and its edges lifted to it.

Cost: linear in the boxes. Not here: which groups are shut (``depth``).
"""

from collections import Counter
from dataclasses import dataclass, field

from introspect.graph.outline.box import Box

_NO_COLOUR = frozenset({"merge", "io", "shape"})


@dataclass(slots=True)
class _Sum:
    """What the leaves below a group add up to."""

    classes: Counter[str] = field(default_factory=Counter)
    weight: Counter[str] = field(default_factory=Counter)
    operations: int = 0
    first: Box | None = None
    last: Box | None = None

    def take(self, leaf: Box) -> None:
        if leaf.kind == "leaf":
            self.classes[leaf.module] += leaf.count
        self.weight[leaf.family] += max(leaf.parameters, 1)
        self.operations += leaf.operations
        self.first, self.last = self.first or leaf, leaf

    def add(self, below: "_Sum", times: int) -> None:
        for word, count in below.classes.items():
            self.classes[word] += count * times
        self.weight.update(below.weight)
        self.operations += below.operations
        self.first, self.last = self.first or below.first, below.last or self.last


def write_cards(root: Box) -> None:
    """Give every group the words of its card: detail, family, shape, operations, order.

    Args:
        root: Its own words stay; those of the groups below are written.
    """
    sums: dict[Box, _Sum] = {}
    for group in reversed(list(root.groups())):
        total = _Sum()
        for child in group.children:
            if child.kind == "group":
                total.add(sums.pop(child), child.count)
            else:
                total.take(child)
        sums[group] = total
        if group is not root:
            _write_card(group, total)


def _write_card(group: Box, total: _Sum) -> None:
    common = " · ".join(f"{count} {word}" for word, count in total.classes.most_common(2))
    group.operations = total.operations
    group.detail = common or group.arrow_detail or f"{total.operations} operations"
    heaviest = total.weight.most_common(1)[0][0] if total.weight else "module"
    group.family = "module" if heaviest in _NO_COLOUR else heaviest
    if total.last is not None and total.first is not None:
        group.shape, group.order = total.last.shape, total.first.order


def seal(root: Box) -> None:
    """Turn every sealed group into one card, and lift its edges to the card."""
    write_cards(root)
    card_of: dict[Box, Box] = {}
    leaves = list(root.leaves())
    cards: list[Box] = []
    todo = [root]
    while todo:
        group = todo.pop()
        if group.is_sealed:
            cards.append(group)
            card_of.update(dict.fromkeys(group.leaves(), group))
        else:
            todo += [child for child in group.children if child.kind == "group"]
    for card in cards:
        card.sealed_leaves = tuple(card.leaves())
        card.kind, card.children, card.sources = "leaf", [], []
    lifted: dict[Box, dict[Box, None]] = {}
    for leaf in leaves:
        reader = card_of.get(leaf, leaf)
        feeding = lifted.setdefault(reader, {})
        for source in leaf.sources:
            seen_as = card_of.get(source, source)
            if seen_as is not reader:
                feeding[seen_as] = None
    for reader, feeding in lifted.items():
        reader.sources = list(feeding)
