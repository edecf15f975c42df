"""Nodes and edges onto axes, placed by forces that push nodes apart and pull neighbours together.

The method is that of T. Fruchterman and E. Reingold, "Graph drawing by force-directed placement"
(1991), from a circle, so that the same graph gives the same picture.

Axes:
    N: nodes

Cost: O(N^2) for each of 120 rounds; 300 nodes take half a second.

Not here: which edges there are (``introspect.compat.visdom.network``).
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from introspect import theme
from introspect.canvas.style import series_color
from introspect.canvas.ticks import clean
from introspect.theme import Mode

Floats = npt.NDArray[np.float64]
_ROUNDS = 120
_MOST_PLACED = 600  # nodes; more stand on a circle


def paint(ax: Any, pane: Mapping[str, Any], mode: Mode) -> None:
    """Draw the nodes and edges of a network window."""
    nodes, edges = pane["content"]["nodes"], pane["content"]["edges"]
    pairs = np.array([(edge["source"], edge["target"]) for edge in edges], np.int64).reshape(-1, 2)
    places = placed(pairs, len(nodes))
    rule, grey = theme.color("rule_strong", mode), theme.color("ink_3", mode)
    for edge, (begin, end) in zip(edges, pairs.tolist(), strict=True):
        pull = {"arrowstyle": "-|>" if pane.get("directed") else "-", "color": rule,
                "linewidth": 1.1, "shrinkA": 5, "shrinkB": 5, "mutation_scale": 9}  # fmt: skip
        ax.annotate("", places[end], places[begin], arrowprops=pull)
        if pane.get("showEdgeLabels"):
            ax.annotate(
                clean(edge["label"]),
                (places[begin] + places[end]) / 2,
                fontsize=7,
                color=grey,
                ha="center",
                va="center",
            )
    colors = [series_color(int(node.get("club", 0)) % 8, mode) for node in nodes]
    ax.scatter(
        *places.T,
        s=44.0,
        color=colors,
        zorder=3,
        linewidths=1.2,
        edgecolors=theme.color("surface", mode),
    )
    if pane.get("showVertexLabels"):
        for node, place in zip(nodes, places, strict=True):
            ax.annotate(
                clean(node["label"]),
                place,
                xytext=(6, 5),
                textcoords="offset points",
                fontsize=8,
                color=theme.color("ink", mode),
            )
    ax.set_axis_off()
    ax.set_aspect("equal")
    ax.margins(0.12)


def placed(pairs: npt.NDArray[np.int64], count: int) -> Floats:
    """Places of nodes.

    Args:
        pairs: int64 ``(edges, 2)``.
        count: ``N``.

    Returns:
        float64 ``(N, 2)``, finite.

    Example:
        >>> places = placed(np.array([[0, 1], [1, 2]]), 3)
        >>> near, far = np.linalg.norm(places[0] - places[1:], axis=1)
        >>> bool(near < far)
        True
    """
    angles = 2 * np.pi * np.arange(count) / max(count, 1)
    places = np.column_stack([np.cos(angles), np.sin(angles)])
    if count > _MOST_PLACED or count < 3:
        return places
    ideal = np.sqrt(4.0 / count)
    begin, end = pairs[:, 0], pairs[:, 1]
    for heat in np.linspace(0.2, 0.005, _ROUNDS):
        apart = places[:, None] - places
        distance = np.maximum(np.linalg.norm(apart, axis=2), 0.01)
        force = (apart * (ideal**2 / distance**2)[..., None]).sum(axis=1)
        pull = places[begin] - places[end]
        pull *= np.linalg.norm(pull, axis=1, keepdims=True) / ideal
        np.subtract.at(force, begin, pull)
        np.add.at(force, end, pull)
        size = np.maximum(np.linalg.norm(force, axis=1, keepdims=True), 1e-9)
        places = places + force / size * np.minimum(size, heat)
    return places
