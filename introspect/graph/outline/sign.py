"""Box -> a small number, equal for two boxes that may fold.

`Signs` gives every box two numbers, each looked up in a table, so that comparing two blocks
of a thousand operations is comparing two integers:

- *loose*: class tree, kinds, multiplicities and ops, without any whole number but a
  convolution's kernel; what *similar* boxes share.
- *exact*: labels, shapes and every op with its scalar arguments, too.

Scalar arguments are part of it: without them Swin's plain and shifted windows folded into
one. Multiplicities are, too: without them ResNet's four stages did.

Cost: linear; each box is signed once, from the signs of its children.

Not here: how boxes are wired, which is compared leaf by leaf (``runs``).
"""

import re
from collections.abc import Callable, Hashable

from introspect.graph.outline.box import Box

Resolve = Callable[[Box], Box]


class Signs:
    """The numbers of the boxes of one outline, made when they are asked for."""

    def __init__(self) -> None:
        self._table: dict[Hashable, int] = {}
        self._words: dict[Hashable, str] = {}
        self._loose: dict[Box, int] = {}
        self._exact: dict[Box, int] = {}

    def _number(self, key: Hashable) -> int:
        return self._table.setdefault(key, len(self._table))

    def forget(self, box: Box) -> None:
        """After its children were folded, a box is another."""
        self._loose.pop(box, None)
        self._exact.pop(box, None)

    def loose(self, box: Box) -> int:
        """Of the class tree alone. Its children must have been signed before."""
        known = self._loose.get(box)
        if known is None:
            known = self._loose[box] = self._number(self._loose_key(box))
        return known

    def _loose_key(self, box: Box) -> Hashable:
        if box.kind == "io":
            return box
        words = (box.kind, box.module, box.count, box.badge, box.choice, _repeat_key(box))
        if box.kind == "group":
            below = tuple(self.loose(child) for child in box.children)
            return (*words, self._without_numbers(box.recipe), below)
        strips = tuple((s.text, s.family) for s in (*box.before, *box.after))
        kernel = box.detail.split(",")[0] if box.family == "conv" else ""
        recipe = self._without_numbers(box.recipe)
        return (*words, box.family, strips, kernel, len(box.side_inputs), recipe)

    def _without_numbers(self, recipe: Hashable) -> str:
        """The ops and their arguments but whole numbers: sizes may differ, a slope may not.

        Neither counts how many tensors a concatenation has: in a dense block each has more.
        """
        known = self._words.get(recipe)
        if known is None:
            text = re.sub(r"(?<![\w.])\d+(?![\w.])", "#", repr(recipe))
            known = self._words[recipe] = re.sub(r"tensor(, tensor)*,?", "tensor", text)
        return known

    def exact(self, box: Box) -> int:
        """Of everything inside but the wiring."""
        if box not in self._exact:
            for group in reversed(list(box.groups())):  # innermost first, without recursion
                for inner in (*group.children, group):
                    if inner not in self._exact and (inner.kind != "group" or inner is group):
                        self._exact[inner] = self._number(self._exact_key(inner))
            if box.kind != "group":
                self._exact[box] = self._number(self._exact_key(box))
        return self._exact[box]

    def _exact_key(self, box: Box) -> Hashable:
        if box.kind == "group":
            below = tuple(self._exact[child] for child in box.children)
            return (self.loose(box), box.recipe, below)
        sides = tuple(side.shape for side in box.side_inputs)
        return (self.loose(box), box.detail, box.shape, box.recipe, sides)


def _repeat_key(box: Box) -> Hashable:
    """How the members of a folded box were wired, without naming what is outside."""
    repeat = box.repeat
    if repeat is None:
        return None
    carried = tuple((reader, source, first is None) for reader, source, first in repeat.carried)
    collected = tuple(sorted(place for _, place in repeat.collected))
    return (repeat.kind, repeat.period, carried, collected)
