"""Edges between leaves -> links inside each container, cut at every border.

An edge from one leaf to another passes the borders between them at ports: one port for
each producer and border, so that five readers inside share one line through it.
"""

from introspect.graph.layout.node import Link, Node


def connect(root: Node) -> None:
    """Fill `links`, `ports_in` and `ports_out` of every group."""
    seen: set[tuple[Node, Node | None, Node | None, Node]] = set()
    for reader in list(root.leaves()):
        for producer in reader.sources:
            _connect(producer, reader, seen)


def _connect(
    producer: Node, reader: Node, seen: set[tuple[Node, Node | None, Node | None, Node]]
) -> None:
    up, down = producer.ancestors(), reader.ancestors()
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
    group: Node,
    producer: Node,
    source: Node | None,
    target: Node | None,
    seen: set[tuple[Node, Node | None, Node | None, Node]],
) -> None:
    key = (group, source, target, producer)
    if key not in seen:
        seen.add(key)
        group.links.append(Link(producer, source, target))
