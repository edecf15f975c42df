"""AutogradGraph -> DOT, statement for statement what torchviz 0.0.3 writes.

Blue: leaves; orange: saved tensors; green: outputs; dark green: bases of views; gray:
functions. The order of the statements matters, for a later one repaints the node of an
earlier one: so this walks the noun as torchviz walks the tensors, with its quirks (an
output that was drawn before as a saved tensor gets no arrow), but with a stack of its own:
20,000 functions in a row are no recursion.

Cost: 2 us a statement.

Not here: what is in the graph (``introspect.graph.backward``).
"""

import re
from collections.abc import Iterator

from introspect.nouns.autograd import AutogradGraph, AutogradNode, SavedTensor

_UNQUOTED = re.compile(r"[A-Za-z_]\w*|-?(\.[0-9]+|[0-9]+(\.[0-9]*)?)", re.ASCII)
_KEYWORDS = frozenset({"node", "edge", "graph", "digraph", "subgraph", "strict"})
_NODE_STYLE = (
    "node [align=left fontname=monospace fontsize=10 height=0.2 ranksep=0.1 shape=box style=filled]"
)
_MIN_SIZE_IN = 12
_SIZE_PER_STATEMENT_IN = 0.15


def as_dot(
    graph: AutogradGraph,
    *,
    show_attrs: bool = False,
    show_saved: bool = False,
    max_attr_chars: int = 50,
) -> str:
    """The DOT source of a graph. See ``AutogradGraph.to_dot``."""
    writer = _Writer(graph, show_attrs=show_attrs, show_saved=show_saved, width=max_attr_chars)
    body = writer.statements()
    size_in = max(_MIN_SIZE_IN, len(body) * _SIZE_PER_STATEMENT_IN)
    rows = [f'graph [size="{size_in},{size_in}"]', _NODE_STYLE, *body]
    return "\n".join(["digraph {", *(f"\t{row}" for row in rows), "}", ""])


class _Writer:
    """One walk over the graph; `body` grows by one statement at a time."""

    def __init__(
        self, graph: AutogradGraph, *, show_attrs: bool, show_saved: bool, width: int
    ) -> None:
        self._graph = graph
        self._show_attrs = show_attrs
        self._show_saved = show_saved
        self._width = width
        self._seen: set[int] = set()
        self._unread = len(graph.nodes)  # ids for tensors that have no node
        self.body: list[str] = []
        self._sources: dict[int, list[int]] = {}
        self._leaf: dict[int, int] = {}
        self._function: dict[int, int] = {}
        self._base: dict[int, int] = {}
        for edge in graph.edges:
            if edge.kind == "gradient":
                self._sources.setdefault(edge.target, []).append(edge.source)
            elif edge.kind == "leaf":
                self._leaf[edge.target] = edge.source
            elif edge.kind == "output":
                self._function[edge.target] = edge.source
            elif edge.kind == "base":
                self._base[edge.target] = edge.source

    def statements(self) -> list[str]:
        for index in self._graph.outputs:
            self._add_output(index)
        return self.body

    def _add_output(self, index: int) -> None:
        """A tensor that was asked for, and the chain of tensors it is a view of."""
        chain: list[int] = []
        color = "darkolivegreen1"
        current: int | None = index
        while current is not None:
            if current in self._seen:
                chain.append(current)
                break
            self._seen.add(current)
            chain.append(current)
            self._node(current, _tensor_label(self._graph.nodes[current]), color)
            color = "darkolivegreen3"
            function = self._function.get(current)
            if function is not None:
                self._add_functions(function)
                self._edge(function, current)
            current = self._base.get(current)
        for k in range(len(chain) - 2, -1, -1):
            self._edge(chain[k + 1], chain[k], "style=dotted")

    def _add_functions(self, start: int) -> None:
        """Depth first; a stack of the generators that a recursion would leave open."""
        if start in self._seen:
            return
        stack = [self._add_function(start)]
        while stack:
            below = next(stack[-1], None)
            if below is None:
                stack.pop()
            elif below not in self._seen:
                stack.append(self._add_function(below))

    def _add_function(self, index: int) -> Iterator[int]:
        """Write one function; yields each source where torchviz would recurse."""
        self._seen.add(index)
        node = self._graph.nodes[index]
        if self._show_saved:
            for saved in node.saved:
                if not _is_positional(node, saved):
                    place = self._place(saved)
                    self._edge(index, place, "dir=none")
                    self._node(place, _saved_label(saved, saved.name), "orange")
        leaf = self._leaf.get(index)
        if leaf is not None:
            self._seen.add(leaf)
            self._node(leaf, _tensor_label(self._graph.nodes[leaf]), "lightblue")
            self._edge(leaf, index)
        self._node(index, self._function_label(node))
        for source in self._sources.get(index, ()):
            self._edge(source, index)
            yield source
        for saved in node.saved:
            if _is_positional(node, saved):
                place = self._place(saved)
                self._edge(place, index, "dir=none")
                named = "" if saved.node is None else _name(self._graph.nodes[saved.node])
                self._node(place, _saved_label(saved, named), "orange")

    def _place(self, saved: SavedTensor) -> int:
        if saved.node is None:
            self._unread += 1
            return self._unread - 1
        self._seen.add(saved.node)
        return saved.node

    def _function_label(self, node: AutogradNode) -> str:
        if not self._show_attrs or not node.attributes:
            return node.name
        texts = {key: str(value) for key, value in node.attributes.items()}
        left = max(map(len, texts))
        right = min(max(map(len, texts.values())), max(self._width, 3))
        rows = [
            f"{key:<{left}}: {text if len(text) <= right else text[: right - 3] + '...':>{right}}"
            for key, text in texts.items()
        ]
        return "\n".join([node.name, "-" * max(left + right + 2, len(node.name)), *rows])

    def _node(self, index: int, label: str, color: str = "") -> None:
        style = f" fillcolor={color}" if color else ""
        self.body.append(f"{index} [label={_quoted(label)}{style}]")

    def _edge(self, source: int, target: int, style: str = "") -> None:
        self.body.append(f"{source} -> {target}{f' [{style}]' if style else ''}")


def _is_positional(node: AutogradNode, saved: SavedTensor) -> bool:
    """Whether a user's function saved it by ``save_for_backward``, which gives no name."""
    return node.custom and saved.name.isdigit()


def _name(node: AutogradNode) -> str:
    return node.parameters[0] if node.parameters else ""


def _tensor_label(node: AutogradNode) -> str:
    return f"{_name(node)}\n {_sizes(node.shape)}"


def _saved_label(saved: SavedTensor, name: str) -> str:
    return f"{name}\n {_sizes(saved.shape)}"


def _sizes(shape: tuple[int, ...] | None) -> str:
    return "(?)" if shape is None else f"({', '.join(map(str, shape))})"


def _quoted(text: str) -> str:
    if _UNQUOTED.fullmatch(text) and text.lower() not in _KEYWORDS:
        return text
    escaped = text.replace('"', '\\"')
    return f'"{escaped}"'
