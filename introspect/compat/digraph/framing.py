"""Clusters -> groups inside each other, and an order of all nodes in which each is in one piece.

Graphviz frames the subgraphs whose names begin with ``cluster``. A node belongs to the innermost
one that names it first; a cluster without nodes is none.

Cost: 3 us a node and 5 us an edge, for each level of clusters.

Not here: sizes and places (``placing``), the frames themselves (``painting``).
"""

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from introspect.compat.digraph.labels import lines
from introspect.compat.digraph.language import Frame, Statements
from introspect.graph.layout.node import Node
from introspect.graph.outline.box import Box

Item = str | Frame

T = TypeVar("T", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Framing:
    """Which cluster everything is in.

    Attributes:
        chains: Name of a node to the clusters around it, outermost first.
        inside: What stands directly in each cluster, and in the picture itself (None).
    """

    chains: dict[str, tuple[Frame, ...]]
    inside: dict[Frame | None, list[Item]]

    def order(self, pairs: Sequence[tuple[str, str]]) -> list[str]:
        """Every node behind those that lead to it, and each cluster in one piece.

        Args:
            pairs: Tail and head of each edge.
        """
        within: dict[Frame | None, list[tuple[Item, Item]]] = {place: [] for place in self.inside}
        for tail, head in pairs:
            place, *ends = self._meeting(tail, head)
            within[place].append((ends[0], ends[1]))
        found: list[str] = []
        todo: list[Item] = in_order(self.inside[None], within[None])[::-1]
        while todo:
            item = todo.pop()
            if isinstance(item, str):
                found.append(item)
            else:
                todo += in_order(self.inside[item], within[item])[::-1]
        return found

    def _meeting(self, tail: str, head: str) -> tuple[Frame | None, Item, Item]:
        """The innermost cluster around both, and what in it holds the one and the other."""
        up, down = self.chains[tail], self.chains[head]
        common = 0
        while common < min(len(up), len(down)) and up[common] is down[common]:
            common += 1
        return (
            up[common - 1] if common else None,
            up[common] if common < len(up) else tail,
            down[common] if common < len(down) else head,
        )


def framing(statements: Statements) -> Framing:
    """Where each node and each cluster with nodes stands.

    Args:
        statements: As read.

    Example:
        >>> from introspect.compat.digraph.language import read
        >>> found = framing(read("digraph { a -> b; subgraph cluster_x { b -> c } }"))
        >>> {name: [frame.name for frame in chain] for name, chain in found.chains.items()}
        {'a': [], 'b': ['cluster_x'], 'c': ['cluster_x']}
    """
    chains: dict[str, tuple[Frame, ...]] = {}
    inside: dict[Frame | None, dict[Item, None]] = {None: {}}
    for name in statements.nodes:
        chain = _chain(statements.frame_of.get(name))
        chains[name] = chain
        around: Frame | None = None
        for item in (*chain, name):
            inside.setdefault(around, {})[item] = None
            around = item if isinstance(item, Frame) else around
    return Framing(chains, {place: list(items) for place, items in inside.items()})


def _chain(frame: Frame | None) -> tuple[Frame, ...]:
    found: list[Frame] = []
    while frame is not None:
        if frame.is_cluster:
            found.append(frame)
        frame = frame.parent
    return tuple(reversed(found))


def grouped(found: Framing, root: Node) -> dict[Frame | None, Node]:
    """A group for each cluster, inside the group of the cluster around it.

    Args:
        found: Of all nodes.
        root: The picture.
    """
    groups: dict[Frame | None, Node] = {None: root}
    todo: list[Frame | None] = [None]
    for place in todo:
        for item in found.inside[place]:
            if isinstance(item, Frame):
                label = lines(item.attributes.get("label", ""), "")
                box = Box("group", name=" ".join(line.text for line in label if line.text))
                groups[item] = Node(box, "group", groups[place])
                todo.append(item)
    return groups


def in_order(items: Iterable[T], pairs: Sequence[tuple[T, T]]) -> list[T]:
    """Every item behind those that lead to it; where that is a circle, behind most of them.

    Args:
        items: All of them, those first that shall begin a circle.
        pairs: What leads to what.

    Example:
        >>> in_order("cba", [("a", "b"), ("b", "c")]), in_order("abc", [*zip("abc", "bca")])
        (['a', 'b', 'c'], ['a', 'b', 'c'])
    """
    above: dict[T, list[T]] = {item: [] for item in items}
    below: dict[T, list[T]] = {item: [] for item in above}
    for tail, head in pairs:
        above[head].append(tail)
        below[tail].append(head)
    found = _finished(above, above)
    place = {item: k for k, item in enumerate(found)}
    if all(place[tail] <= place[head] for tail, head in pairs):
        return found
    starts = sorted(above, key=lambda item: bool(above[item]))  # what nothing leads to, first
    return _finished(below, starts)[::-1]


def _finished(near: dict[T, list[T]], starts: Iterable[T]) -> list[T]:
    """Every item after all that can be reached from it; a stack, and no recursion."""
    done: dict[T, None] = {}
    met: set[T] = set()
    for start in starts:
        stack = [(start, iter(near[start]))] if start not in met else []
        met.add(start)
        while stack:
            item, rest = stack[-1]
            following = next((other for other in rest if other not in met), None)
            if following is None:
                done[item] = None
                stack.pop()
            else:
                met.add(following)
                stack.append((following, iter(near[following])))
    return list(done)
