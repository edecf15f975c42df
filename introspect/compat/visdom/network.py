"""Edges to the nodes and links of a network window.

Not here: where nodes stand in a picture (``introspect.compat.visdom.painting.networks``).
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from introspect.compat.visdom.arguments import array, check


def network(
    edges: Any,
    edge_labels: Sequence[Any] | None,
    node_labels: Sequence[Any] | None,
    *,
    directed: bool,
    clubs: bool,
) -> dict[str, Any]:
    """Nodes ``{name, label}`` and edges ``{source, target, label}``, each pair once.

    Args:
        edges: Pairs of numbers from 0.
        edge_labels: One for each edge that is left, in the order of `edges`.
        node_labels: One for each node.
        directed: Whether (0, 1) and (1, 0) are two edges.
        clubs: Whether each node has a colour of its own.

    Raises:
        VisdomError: If nodes are not numbered from 0, or labels do not fit.

    Example:
        >>> made = network([(0, 1), (1, 0)], None, None, directed=False, clubs=False)
        >>> made["edges"]
        [{'source': 0, 'target': 1, 'label': '0-1'}]
    """
    pairs = np.asarray(array(edges))
    check(
        pairs.ndim == 2 and pairs.shape[1] == 2 and pairs.dtype.kind in "iu",
        "graph",
        "edges are pairs of whole numbers.",
        given=repr(edges)[:80],
    )
    links: dict[tuple[int, int], tuple[int, int]] = {}
    for begin, end in pairs.tolist():
        key = (begin, end) if directed else (min(begin, end), max(begin, end))
        links.setdefault(key, (begin, end))
    known = sorted(set(pairs.ravel().tolist()))
    missing = next((at for at, node in enumerate(known) if at != node), None)
    check(
        missing is None,
        "graph",
        "nodes are numbered from 0, each occurs in an edge.",
        given=f"no edge of node {missing}",
    )
    for name, labels, count in (
        ("edgeLabels", edge_labels, len(links)),
        ("nodeLabels", node_labels, len(known)),
    ):
        check(
            labels is None or len(labels) == count,
            "graph",
            f"{name} has one for each.",
            given=f"{None if labels is None else len(labels)} for {count}",
        )
    return {
        "nodes": [
            {"name": node, "label": str(node if node_labels is None else node_labels[node])}
            | ({"club": node} if clubs else {})
            for node in known
        ],
        "edges": [
            {"source": begin, "target": end,
             "label": f"{begin}-{end}" if edge_labels is None else str(edge_labels[at])}
            for at, (begin, end) in enumerate(links.values())
        ],
    }  # fmt: skip
