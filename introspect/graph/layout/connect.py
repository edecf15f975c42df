"""Edges between leaves -> links inside each container, cut at every border.

An edge from one leaf to another passes the borders between them at ports: one port for
each producer and border, so that five readers inside share one line through it. Three or
more values that leave one group and go exactly the same ways share a port, too, and are
one thick line (``bundle``).

Cost: a link for each edge and border between its ends.
"""

from introspect.graph.layout.bundle import bundle
from introspect.graph.layout.node import Link, Node

_Seen = set[tuple[Node, Node | None, Node | None, Node]]


def connect(root: Node) -> None:
    """Fill `links`, `ports_in`, `ports_out` and the bundles of every group."""
    seen: _Seen = set()
    above: dict[Node, list[Node]] = {}
    for reader in list(root.leaves()):
        for producer in reader.sources:
            if producer.parent is reader.parent is not None:
                _link(reader.parent, producer, producer, reader, seen)
            else:
                _connect(producer, reader, _around(producer, above), _around(reader, above), seen)
    bundle(root)


def _around(leaf: Node, above: dict[Node, list[Node]]) -> list[Node]:
    """The groups around a leaf, outermost first; found once for each group."""
    if leaf.parent is None:
        return []
    if leaf.parent not in above:
        above[leaf.parent] = leaf.ancestors()
    return above[leaf.parent]


def _connect(producer: Node, reader: Node, up: list[Node], down: list[Node], seen: _Seen) -> None:
    common = 0
    while common < min(len(up), len(down)) and up[common] is down[common]:
        common += 1
    start = [*up, producer]
    end = [*down, reader]
    for level in range(len(up) - 1, common - 1, -1):  # out of the producer's groups
        up[level].ports_out.setdefault(producer, 0.0)
        _link(up[level], producer, start[level + 1], None, seen)
    for level in range(common, len(down)):  # into the reader's groups
        down[level].ports_in.setdefault(producer, 0.0)
        _link(down[level], producer, None, end[level + 1], seen)
    _link(up[common - 1], producer, start[common], end[common], seen)


def _link(
    group: Node, producer: Node, source: Node | None, target: Node | None, seen: _Seen
) -> None:
    key = (group, source, target, producer)
    if key not in seen:
        seen.add(key)
        group.links.append(Link(producer, source, target))
