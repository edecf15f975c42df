"""A U-Net's root -> a U: the encoder runs down on the left, the decoder up on the right.

A root is a U if its children form one chain and at least three long edges bridge it, each
strictly inside the one before. The chain turns at the innermost: its heaviest box below
stands in the middle. Both arms are stretched so that every skip is one level line, and the
first box is level with the last.

Cost: linear in the root's children.

Not here: which boxes there are (``outline``); groups inside an arm are laid out as anywhere,
flowing up in the right one.
"""

from itertools import pairwise

from introspect.graph.layout.container import Memo, arrange, side_width
from introspect.graph.layout.measure import text_width
from introspect.graph.layout.node import EDGE, LABELLED_GAP, Flow, Link, Node, Wire
from introspect.graph.layout.route import tidy
from introspect.nouns.drawing import Point

_LEAST_SKIPS = 3
_BELOW_GROUP = 9.0  # a skip leaves or enters an open group through its foot
_STEP, _STEP_INTO_GROUP = LABELLED_GAP - 2, LABELLED_GAP + 4
_BETWEEN_ARMS, _BESIDE_MIDDLE, _ABOVE_MIDDLE = 120.0, 34.0, 16.0


def skips_of(root: Node) -> list[tuple[int, int]]:
    """The nested long edges of a U as places in the root's children, outermost first; or none."""
    place = {child: number for number, child in enumerate(root.children)}
    spans: set[tuple[int, int]] = set()
    for link in root.links:
        if link.source is not None and link.target is not None:
            spans.add((place[link.source], place[link.target]))
    if not all((k, k + 1) in spans for k in range(len(root.children) - 1)):
        return []
    skips = sorted(span for span in spans if span[1] - span[0] != 1)
    nested = all(a < b and d < c for (a, c), (b, d) in pairwise(skips))
    return skips if len(skips) >= _LEAST_SKIPS and nested else []


def bend(root: Node, skips: list[tuple[int, int]], memo: Memo | None) -> None:
    """Lay the root out as a U around its skips; its groups, too."""
    arms = _Arms(root, skips)
    for child in root.children:
        if child.form == "group":
            arrange(child, arms.flow_of(child), memo)
    arms.place_levels()
    arms.place_base()
    arms.set_across()
    root.wires = [
        arms.wire(link, link.source, link.target)
        for link in root.links
        if link.source is not None and link.target is not None  # a root has no border
    ]
    root.flow = "TB"


class _Arms:
    """The children of a root on two arms and between them, by their places along the chain."""

    def __init__(self, root: Node, skips: list[tuple[int, int]]) -> None:
        self.root = root
        self.chain = root.children
        self.skips = skips
        innermost, turn = skips[-1]
        base = range(innermost + 1, turn)
        centre = (base[0] + base[-1]) / 2
        self.middle = max(base, key=lambda k: (self.chain[k].weight, -abs(k - centre)))
        self.level = dict.fromkeys(range(len(skips)), 0.0)
        self.skip_from = {source: number for number, (source, _) in enumerate(skips)}
        self.skip_to = {target: number for number, (_, target) in enumerate(skips)}
        self.place = {child: number for number, child in enumerate(self.chain)}

    def flow_of(self, child: Node) -> Flow:
        return "BT" if self.place[child] > self.middle else "TB"

    def _tall(self, number: int) -> float:
        child = self.chain[number]
        return child.height + child.stacked

    def _anchor(self, number: int) -> float:
        """How far below its top a skip meets a child."""
        child = self.chain[number]
        return self._tall(number) + _BELOW_GROUP if child.form == "group" else child.height / 2

    def _gap_below(self, number: int) -> float:
        """Free space below a child; more where a skip runs into a group's foot there."""
        is_met = number in self.skip_from or number in self.skip_to
        is_group = self.chain[number].form == "group"
        return _STEP_INTO_GROUP if is_met and is_group else _STEP

    def place_levels(self) -> None:
        """Both arms from the top down to the innermost skip, equally long between skips."""
        left = right = 0.0  # the places of the skips passed so far
        start, stop = -1, len(self.chain)
        for number, (source, target) in enumerate(self.skips):
            down = list(range(start + 1, source + 1))
            up = list(range(stop - 1, target - 1, -1))  # from the top, too
            need = [self._need(stack, above) for stack, above in ((down, start), (up, stop))]
            longest = max(need)
            self.level[number] = (left if number else 0.0) + longest
            self._stack(down, start, left, longest - need[0])
            self._stack(up, stop, right, longest - need[1])
            left = right = self.level[number]
            start, stop = source, target

    def _need(self, stack: list[int], above: int) -> float:
        """From the skip above (or the top) to the anchor of the last of a stack."""
        has_above = 0 <= above < len(self.chain)
        length = self._rest(above) if has_above else 0.0
        for k, number in enumerate(stack):
            is_last = k == len(stack) - 1
            length += self._anchor(number) if is_last else self._tall(number)
            if not is_last:
                length += self._gap_below(number)
        return length

    def _rest(self, number: int) -> float:
        """From a child's anchor to the box below it."""
        return self._tall(number) - self._anchor(number) + self._gap_below(number)

    def _stack(self, stack: list[int], above: int, top: float, spare: float) -> None:
        has_above = 0 <= above < len(self.chain)
        gaps = len(stack) - 1 + has_above
        extra = spare / gaps if gaps else 0.0
        at = top + (self._rest(above) + extra if has_above else 0.0)
        if not gaps:
            at += spare
        for number in stack:
            self.chain[number].y = at
            at += self._tall(number) + self._gap_below(number) + extra

    def place_base(self) -> None:
        """What lies inside the innermost skip: down, the middle one, and up again."""
        innermost, turn = self.skips[-1]
        feet = []
        for above, stack in (
            (innermost, range(innermost + 1, self.middle)),
            (turn, range(turn - 1, self.middle, -1)),
        ):
            foot, gap = self.chain[above].y + self._tall(above), self._gap_below(above)
            for number in stack:
                self.chain[number].y = foot + gap
                foot, gap = foot + gap + self._tall(number), self._gap_below(number)
            feet.append(foot)
        middle = self.chain[self.middle]
        room = _ABOVE_MIDDLE + (14.0 if middle.form == "group" else 0.0)
        middle.y = max(feet) + room

    def set_across(self) -> None:
        """The arms as near as their boxes, the labels of the skips, and the middle allow."""
        chain, middle = self.chain, self.chain[self.middle]
        down, up = chain[: self.middle], chain[self.middle + 1 :]
        labels = [text_width(link.producer.shape_label, EDGE) for link in self.root.links]
        between = max(_BETWEEN_ARMS, max(labels) + 40)
        lead = max(c.axis + side_width(c) for c in down)
        apart = max(c.width + c.stacked - c.axis for c in down) + between
        apart += max(c.axis + side_width(c) for c in up)
        beside = max(_BESIDE_MIDDLE, text_width(middle.edge_label, EDGE) + 14)
        half = max(middle.axis, middle.width + middle.stacked - middle.axis)
        apart = max(apart, 2 * (half + beside))
        for number, child in enumerate(chain):
            axis = lead if number < self.middle else lead + apart
            axis = lead + apart / 2 if number == self.middle else axis
            child.x = axis - child.axis
        root = self.root
        root.axis = lead
        root.width = max(c.x + c.width + c.stacked for c in chain)
        turn = 14.0 if middle.form == "group" else 0.0
        root.height = max(c.y + c.height + c.stacked for c in chain) + turn

    def wire(self, link: Link, source: Node, target: Node) -> Wire:
        """The line of one edge of the root."""
        start, end = self.place[source], self.place[target]
        out = source.x + source.axis + source.ports_out.get(link.producer, 0.0)
        into = target.x + target.axis + target.ports_in.get(link.producer, 0.0)
        label = ""
        if end - start > 1:
            points = self._skip(source, target, out, into)
            label = link.producer.shape_label
        elif self.middle in {start, end}:
            points = self._turn(source, target, out, into)
        else:
            goes_up = start > self.middle
            leaves = source.y if goes_up else source.y + source.height
            enters = target.y + target.height + target.stacked if goes_up else target.y
            half = (leaves + enters) / 2
            points = [(out, leaves), (out, half), (into, half), (into, enters)]
        return Wire(tuple(tidy(points)), link.producer, source, target, link.count, label)

    def _skip(self, source: Node, target: Node, out: float, into: float) -> list[Point]:
        level = self.level[self.skip_from[self.place[source]]]
        points = [(source.x + source.width + source.stacked, level)]
        if source.form == "group":
            points = [(out, source.y + source.height), (out, level)]
        if target.form == "group":
            return [*points, (into, level), (into, target.y + target.height + target.stacked)]
        return [*points, (target.x, level)]

    def _turn(self, source: Node, target: Node, out: float, into: float) -> list[Point]:
        """Into the middle from the left, out of it to the right; a group through its ports."""
        if self.place[target] == self.middle:
            leaves = source.y + source.height
            if target.form != "group":
                level = target.y + target.height / 2
                return [(out, leaves), (out, level), (target.x, level)]
            return [(out, leaves), (out, target.y - 14), (into, target.y - 14), (into, target.y)]
        enters = target.y + target.height + target.stacked
        if source.form != "group":
            level = source.y + source.height / 2
            return [
                (source.x + source.width + source.stacked, level),
                (into, level),
                (into, enters),
            ]
        below = source.y + source.height + source.stacked + 12
        return [(out, source.y + source.height), (out, below), (into, below), (into, enters)]
