"""hiddenlayer's Graph, ``build_graph`` and ``THEMES``: nodes and edges, drawn by our own layout.

Not here: what folds nodes (``transforms``), how a model becomes nodes (``pytorch_builder``).
"""

import copy
import os
from collections.abc import Hashable, Sequence
from itertools import groupby
from random import getrandbits
from typing import Any, Literal

from introspect.compat.digraph import Digraph
from introspect.compat.hiddenlayer.node import Node
from introspect.compat.ignored import tell_ignored
from introspect.errors import FormatError, TraceError

THEMES: dict[str, dict[str, str]] = {
    "basic": {
        "background_color": "#FFFFFF",
        "fill_color": "#E8E8E8",
        "outline_color": "#000000",
        "font_color": "#000000",
        "font_name": "Times",
        "font_size": "10",
        "margin": "0,0",
        "padding": "1.0,0.5",
    },
    "blue": {
        "background_color": "#FFFFFF",
        "fill_color": "#BCD6FC",
        "outline_color": "#7C96BC",
        "font_color": "#202020",
        "font_name": "Verdana",
        "font_size": "10",
        "margin": "0,0",
        "padding": "1.0,0.5",
    },
}
"""Themes by name; assign a copy to ``Graph.theme`` and change it."""

Transforms = Sequence[Any] | Literal["default"] | None
_PICTURES = ("pdf", "png", "svg", "jpg", "jpeg", "webp", "gif", "dot", "gv")


class Graph:
    """Layers and the edges between them.

    Args:
        model: A torch module to draw; None for an empty graph.
        args: Its input, or a tuple of its inputs.
        input_names: Not heeded, as in hiddenlayer.
        transforms: As of `build_graph`.
        framework_transforms: As of `build_graph`.
        meaningful_ids: Whether folded nodes have the ids of their parts as id.

    Attributes:
        nodes: Id to node; a node is a `Node` or anything hashable.
        edges: ``(id, id, label)``.
        theme: A dict with the keys of `THEMES`.
        traced: The ``introspect.Graph`` underneath, or None.
    """

    def __init__(
        self,
        model: Any = None,
        args: Any = None,
        input_names: Any = None,
        transforms: Transforms = "default",
        framework_transforms: Transforms = "default",
        meaningful_ids: bool = False,  # noqa: FBT001, FBT002  theirs
    ) -> None:
        self.nodes: dict[Any, Any] = {}
        self.edges: list[tuple[Any, Any, Any]] = []
        self.meaningful_ids = meaningful_ids
        self.theme: dict[str, str] = THEMES["basic"]
        self.traced: Any = None
        if model is not None:
            built = build_graph(model, args, input_names, transforms, framework_transforms)
            self.nodes, self.edges, self.traced = built.nodes, built.edges, built.traced

    def id(self, node: Any) -> Hashable:
        """The node's id; its hash if it has none."""
        return node.id if hasattr(node, "id") else hash(node)

    def add_node(self, node: Any) -> None:
        """Add a node, in place of one with the same id."""
        self.nodes[self.id(node)] = node

    def add_edge(self, node1: Any, node2: Any, label: Any = None) -> None:
        """Add an edge, unless there is the same already."""
        edge = (self.id(node1), self.id(node2), label)
        if edge not in self.edges:
            self.edges.append(edge)

    def add_edge_by_id(self, vid1: Any, vid2: Any, label: Any = None) -> None:
        """Add an edge between two ids."""
        self.edges.append((vid1, vid2, label))

    def outgoing(self, node: Any) -> list[Any]:
        """Nodes that edges lead to from a node, or out of a list of nodes."""
        ids = self._ids(node)
        return [self[b] for a, b, _ in self.edges if a in ids and b not in ids]

    def incoming(self, node: Any) -> list[Any]:
        """Nodes from which edges lead to a node, or into a list of nodes."""
        ids = self._ids(node)
        return [self[a] for a, b, _ in self.edges if b in ids and a not in ids]

    def _ids(self, node: Any) -> set[Any]:
        return set(map(self.id, node if isinstance(node, list) else [node]))

    def siblings(self, node: Any) -> list[Any]:
        """Nodes with the same single parent, itself among them; itself alone otherwise."""
        parents = self.incoming(node)
        return self.outgoing(parents[0]) if len(parents) == 1 else [node]

    def __getitem__(self, key: Any) -> Any:
        """The node with an id, or a list of nodes; None where there is none."""
        if isinstance(key, list):
            return [self.nodes.get(one) for one in key]
        return self.nodes.get(key)

    def remove(self, nodes: Any) -> None:
        """Remove a node, or a list of them, with their edges."""
        gone = self._ids(nodes)
        self.edges = [edge for edge in self.edges if edge[0] not in gone and edge[1] not in gone]
        for key in gone:
            self.nodes.pop(key, None)

    def replace(self, nodes: Any, node: Any) -> None:
        """Put a node in the place of one or several: it takes over the edges around them.

        Args:
            nodes: A node or a list.
            node: A new one, or one of them.
        """
        old = nodes if isinstance(nodes, list) else [nodes]
        sources, targets = self.incoming(old), self.outgoing(old)
        self.remove([one for one in old if one != node])
        if self[self.id(node)] is None:  # a new one may have the id of what it stands for
            self.add_node(node)
        for source in sources:
            self.add_edge(source, node, getattr(source, "output_shape", None))
        for target in targets:
            self.add_edge(node, target, getattr(node, "output_shape", None))

    def search(self, pattern: Any) -> tuple[list[Any], Any]:
        """The first match of a pattern and what follows it; ``([], None)`` if there is none."""
        for node in self.nodes.values():
            match, following = pattern.match(self, node)
            if match:
                return match, following
        return [], None

    def sequence_id(self, sequence: Sequence[Any]) -> Any:
        """An id for what becomes of several nodes."""
        if self.meaningful_ids:
            return "><".join(str(self.id(node)) for node in sequence)
        return getrandbits(64)

    def build_dot(self) -> Digraph:
        """The graph with the names of ``graphviz.Digraph``; the text is hiddenlayer's."""
        theme = {**THEMES["basic"], **self.theme}
        line = theme["outline_color"]
        font: dict[str, Any] = {
            "color": line,
            "fontsize": theme["font_size"],
            "fontcolor": theme["font_color"],
            "fontname": theme["font_name"],
        }
        page: dict[str, Any] = {
            "bgcolor": theme["background_color"],
            "rankdir": "LR",
            "pad": theme["padding"],
        }
        box: dict[str, Any] = {"shape": "box", "style": "filled", "fillcolor": theme["fill_color"]}
        dot = Digraph()
        dot.attr("graph", margin=theme["margin"], **page, **font)
        dot.attr("node", margin="0,0", **box, **font)
        dot.attr("edge", style="solid", **font)
        for key, node in self.nodes.items():
            dot.node(str(key), _label(node))
        for first, second, label in self.edges:
            is_shape = isinstance(label, list | tuple)
            words = "x".join(str(size or "?") for size in label) if is_shape else label
            dot.edge(str(first), str(second), words if words is None else str(words))
        return dot

    def save(self, path: str | os.PathLike[str], format: str = "pdf") -> None:  # noqa: A002  theirs
        """Write the picture.

        Args:
            path: With or without the suffix of the format. Missing folders are made.
            format: ``"pdf"``, ``"png"``, ``"svg"``, or ``jpg``, ``webp``, ``gif``, ``dot``.

        Raises:
            FormatError: If the format is unknown; the message names the known ones.
            SaveError: If the file cannot be written.
        """
        form = str(format).lower().removeprefix(".")
        if form not in _PICTURES:
            raise FormatError(
                "a graph cannot be saved in this format.",
                given=f"format={format!r}",
                hint="one of " + ", ".join(f".{known}" for known in ("svg", *_PICTURES)),
            )
        name = os.fspath(path).removesuffix(f".{form}")
        self._checked().render(outfile=f"{name}.{form}", format=form, cleanup=True)

    def _checked(self) -> Digraph:
        from introspect.compat.digraph.colors import hex_color  # noqa: PLC0415  when it is drawn

        for key in ("background_color", "fill_color", "outline_color", "font_color"):
            color = self.theme.get(key, "#000000")
            if hex_color(color) is None:
                raise FormatError(
                    "a theme's colour is not known.",
                    given=f"{key}={color!r}",
                    hint="#BCD6FC, or a name of Graphviz's such as lightblue",
                )
        return self.build_dot()

    def _repr_svg_(self) -> str:
        return self._checked()._repr_svg_()

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        bundle = self._checked()._repr_mimebundle_(include, exclude)
        return {**bundle, "text/plain": repr(self)}

    def __deepcopy__(self, memo: dict[int, Any]) -> "Graph":
        made = copy.copy(self)  # the traced graph cannot change, and is not copied
        made.nodes, made.edges = copy.deepcopy((self.nodes, self.edges), memo)
        return made

    def __repr__(self) -> str:
        if self.traced is not None:
            return repr(self.traced)
        ops = [getattr(node, "op", str(node)) for node in self.nodes.values()]
        rows = [f"{op} x{len(list(group))}" for op, group in groupby(ops)]
        return f"<Graph: {len(self.nodes)} nodes, {len(self.edges)} edges: {', '.join(rows)}>"


def _label(node: Any) -> str:
    if not isinstance(node, Node):
        return str(node)
    rows = f"<tr><td cellpadding='6'>{node.title}</td></tr>"
    if node.caption:
        rows += f"<tr><td>{node.caption}</td></tr>"
    if node.repeat > 1:
        rows += f"<tr><td align='right' cellpadding='2'>x{node.repeat}</td></tr>"
    return f"<<table border='0' cellborder='0' cellpadding='0'>{rows}</table>>"


def build_graph(
    model: Any = None,
    args: Any = None,
    input_names: Any = None,
    transforms: Transforms = "default",
    framework_transforms: Transforms = "default",
) -> Graph:
    """Trace a model into layers, and fold them.

    Args:
        model: A torch module.
        args: Its input, or a tuple of its inputs.
        input_names: Not heeded, as in hiddenlayer; warns once.
        transforms: Applied in order; ``"default"`` for ``SIMPLICITY_TRANSFORMS``, None for none.
        framework_transforms: Applied before; ``"default"`` for ``FRAMEWORK_TRANSFORMS``.

    Raises:
        TraceError: If the model or its input is missing, or the model fails.

    Example:
        >>> from torch import nn, zeros
        >>> graph = build_graph(nn.Sequential(nn.Linear(4, 2), nn.ReLU()), zeros(1, 4))
        >>> [node.op for node in graph.nodes.values()]
        ['LinearRelu']
    """
    from introspect.compat.hiddenlayer import pytorch_builder  # noqa: PLC0415  torch, when needed
    from introspect.compat.hiddenlayer.transforms import SIMPLICITY_TRANSFORMS  # noqa: PLC0415  it folds what stands here

    if model is None or args is None:
        raise TraceError(
            "build_graph needs a model and its input.",
            given=f"model={type(model).__name__}, args={type(args).__name__}",
            hint="build_graph(model, torch.zeros(1, 1, 28, 28))",
        )
    if input_names is not None:
        tell_ignored("hiddenlayer.build_graph", "input_names")
    graph = Graph()
    pytorch_builder.import_graph(graph, model, args)
    if framework_transforms == "default":
        framework_transforms = pytorch_builder.FRAMEWORK_TRANSFORMS
    if transforms == "default":
        transforms = SIMPLICITY_TRANSFORMS
    for transform in (*(framework_transforms or ()), *(transforms or ())):
        graph = transform.apply(graph)
    return graph
