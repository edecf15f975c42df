"""Values that leave one group together and go the same ways -> one thick wire.

A feature pyramid hands five maps to the same heads: five parallel lines say less than one
line marked ``×5``. Producers share a border port if everything that reads them outside of the
group is the same, through all borders; so a bundle is never split where one could not
see which value goes where.
"""

from introspect.graph.layout.node import Link, Node

LEAST = 3
"""Fewer parallel wires stay apart."""

Reads = dict[tuple[Node | None, Node], list[Node | None]]


def bundle(root: Node) -> None:
    """Set `bundled_in` and `bundled_out` of every group, and unite the links outside."""
    groups = [root]
    for group in groups:
        groups.extend(child for child in group.children if child.form == "group")
    bundler = _Bundler()
    for group in reversed(groups):  # innermost first
        bundler.unite(group)


class _Bundler:
    def __init__(self) -> None:
        self.reads: dict[Node, Reads] = {}
        self.ways: dict[tuple[Node, Node, bool], frozenset[object]] = {}

    def unite(self, group: Node) -> None:
        """Bundle what leaves a group together."""
        if group.parent is None or len(group.ports_out) < LEAST:
            return
        together: dict[frozenset[object], list[Node]] = {}
        for producer in group.ports_out:
            together.setdefault(self._ways(group, producer, leaving=True), []).append(producer)
        for producers in together.values():
            if len(producers) >= LEAST:
                group.bundled_out.update(dict.fromkeys(producers, producers[0]))
                self._unite(group.parent, group, producers)

    def _reads_in(self, group: Node) -> Reads:
        """(source, producer) -> targets, as the links of the group were before bundling."""
        if group not in self.reads:
            table: Reads = {}
            for link in group.links:
                table.setdefault((link.source, link.producer), []).append(link.target)
            self.reads[group] = table
        return self.reads[group]

    def _ways(self, group: Node, producer: Node, *, leaving: bool) -> frozenset[object]:
        """Everywhere that a value goes after it left or entered a group; equal ways are equal."""
        key = (group, producer, leaving)
        if key not in self.ways:
            place = group.parent if leaving else group
            source = group if leaving else None
            found: list[object] = []
            for target in self._reads_in(place)[source, producer] if place else ():
                if target is None and place is not None:
                    found.append(self._ways(place, producer, leaving=True))
                elif target is not None and target.form == "group":
                    found.append((target, self._ways(target, producer, leaving=False)))
                else:
                    found.append(target)
            self.ways[key] = frozenset(found)
        return self.ways[key]

    def _unite(self, place: Node, source: Node | None, producers: list[Node]) -> None:
        """One link in place of several, here and in every group that they enter."""
        chosen = producers[0]
        targets = list(dict.fromkeys(self._reads_in(place)[source, chosen]))
        others = set(producers)
        place.links = [
            link for link in place.links if link.source is not source or link.producer not in others
        ]
        place.links += [Link(chosen, source, target, len(producers)) for target in targets]
        for target in targets:
            if target is not None and target.form == "group":
                target.bundled_in.update(dict.fromkeys(producers, chosen))
                self._unite(target, None, producers)
