"""What ``graphviz.Digraph`` is to its users, drawn by our own layout: no Graphviz, no package.

============  ===================================================================
`quoting`     names and attributes as the DOT language writes them
`digraph`     Digraph: statements in, ``.source``, ``.render``, ``.view``, ``.pipe`` out
`language`    DOT text -> nodes and edges with their attributes
`labels`      a label, plain or HTML-like -> lines
`colors`      Graphviz's colour names -> hex
`framing`     clusters -> groups inside each other
`placing`     nodes and edges -> places
`painting`    places -> a Drawing and its theme; `sizing`: as large as it may be
============  ===================================================================

``compat.torchviz`` and ``compat.hiddenlayer`` return it where their originals return Graphviz's.

Cost: about 0.1 ms a node.

Not here: undirected graphs, records, ports, engines but ``dot``.
"""

from introspect.compat.digraph.digraph import Digraph as Digraph

__all__ = ["Digraph"]
