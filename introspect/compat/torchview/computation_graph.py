"""Flow -> a Digraph with torchview's nodes, labels, colours and clusters."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from introspect.compat.digraph import Digraph
from introspect.compat.torchview.computation_node import (
    FunctionNode,
    ModuleNode,
    Node,
    TensorNode,
)
from introspect.compat.torchview.flow import Flow
from introspect.compat.torchview.picture import Look, picture
from introspect.nouns.graph import Call, Graph

_COLORS: dict[type[Node], str] = {
    TensorNode: "lightyellow",
    ModuleNode: "darkseagreen1",
    FunctionNode: "aliceblue",
}


class ComputationGraph:
    """What ``draw_graph`` returns.

    Attributes:
        visual_graph: The picture: ``.source``, ``.render()``, ``.save()``; shows itself.
        graph: Ours, of the same run; not in torchview.
        show_shapes: With the five below as ``draw_graph`` was given them. To change one, set
            it and call `fill_visual_graph`.
        expand_nested: Whether opened modules are framed.
        hide_inner_tensors: Whether only inputs and outputs are drawn.
        hide_module_functions: Whether modules that hold no others are one box.
        roll: Whether the calls of one module are one box.
        depth: Of what is drawn.
        collect_attributes: Whether nodes have attributes.
        root_container: Nodes of the model's inputs.
        edge_list: Pairs of nodes.
        node_set: Python's ids of the nodes that are drawn.
        id_dict: A node's `node_id` -> its number in the picture.
    """

    def __init__(  # noqa: PLR0913  what draw_graph was given
        self,
        visual_graph: Digraph,
        graph: Graph,
        flow: Flow,
        leaves: frozenset[str],
        *,
        show_shapes: bool = True,
        expand_nested: bool = False,
        hide_inner_tensors: bool = True,
        hide_module_functions: bool = True,
        roll: bool = True,
        depth: float = 3,
        collect_attributes: bool = False,
    ) -> None:
        self.visual_graph = visual_graph
        self.graph = graph
        self.show_shapes = show_shapes
        self.expand_nested = expand_nested
        self.hide_inner_tensors = hide_inner_tensors
        self.hide_module_functions = hide_module_functions
        self.roll = roll
        self.depth = depth
        self.collect_attributes = collect_attributes
        self._flow = flow
        self._leaves = leaves
        self.html_config = {
            "border": 0,
            "cell_border": 1,
            "cell_spacing": 0,
            "cell_padding": 4,
            "col_span": 2,
            "row_span": 2,
        }
        self.reset_graph_history()

    def reset_graph_history(self) -> None:
        """Forget the picture."""
        self.visual_graph.body.clear()
        self.root_container: list[TensorNode] = []
        self.edge_list: list[tuple[Node, Node]] = []
        self.node_set: set[int] = set()
        self.id_dict: dict[str, int] = {}

    def fill_visual_graph(self) -> None:
        """Draw it, as the attributes say now."""
        self.reset_graph_history()
        self.render_nodes()
        self.render_edges()
        self.resize_graph()

    def render_nodes(self) -> None:
        """The boxes, framed by the modules that are open."""
        look = Look(
            self.depth,
            self.hide_module_functions,
            self.hide_inner_tensors,
            self.roll,
            self.collect_attributes,
            lambda call: call.path in self._leaves,
        )
        found = picture(self._flow, look)
        self.edge_list = found.edges
        self._draw(found.nodes, 1)

    def _draw(
        self, nodes: Sequence[tuple[Node, tuple[Call, ...]]], level: int, into: Any = None
    ) -> None:
        """Boxes whose calls up to `level` are drawn; a run of boxes in one call is one frame."""
        place = 0
        while place < len(nodes):
            node, around = nodes[place]
            if not self.expand_nested or len(around) <= level:
                self.add_node(node, into)
                place += 1
                continue
            end = place
            while end < len(nodes) and nodes[end][1][level : level + 1] == (around[level],):
                end += 1
            frame = self.visual_graph if into is None else into
            with frame.subgraph(name=f"cluster_{around[level].index}") as inner:
                name = around[level].module
                inner.attr(style="dashed", label=name, labeljust="l", fontsize="12")
                self._draw(nodes[place:end], level + 1, inner)
            place = end

    def render_edges(self) -> None:
        """The arrows: one for all tensors that go the same way, or a numbered one for each."""
        numbers = self.id_dict
        pairs = [(numbers[tail.node_id], numbers[head.node_id]) for tail, head in self.edge_list]
        if self.visual_graph.strict:
            for ends, count in Counter(pairs).items():
                self.add_edge(ends, count)
            return
        seen: Counter[tuple[int, int]] = Counter()
        for ends in pairs:
            seen[ends] += 1
            self.add_edge(ends, seen[ends])

    def add_edge(self, edge_ids: tuple[int, int], edg_cnt: int) -> None:
        """An arrow between two boxes by their numbers; a count above 1 is written on it."""
        tail, head = edge_ids
        self.visual_graph.edge(str(tail), str(head), label=None if edg_cnt == 1 else f" x{edg_cnt}")

    def add_node(self, node: Node, subgraph: Any = None) -> None:
        """A box, in a frame or in none."""
        if isinstance(node, TensorNode) and node.name == "input-tensor":
            self.root_container.append(node)
        number = self.id_dict.setdefault(node.node_id, len(self.id_dict))
        self.node_set.add(id(node))
        frame = self.visual_graph if subgraph is None else subgraph
        frame.node(
            name=str(number), label=self.get_node_label(node), fillcolor=self.get_node_color(node)
        )

    def get_node_label(self, node: Node) -> str:
        """A table in DOT's HTML: the name, the depth, sizes."""
        look = self.html_config
        title = f"{_escaped(node.name)}<BR/>depth:{node.depth}<BR/>"
        if not self.show_shapes:
            rows = f"<TR><TD>{title}</TD></TR>"
        elif isinstance(node, TensorNode):
            rows = f"<TR><TD>{title}</TD><TD>{node.tensor_shape}</TD></TR>"
        else:
            given, made = _sizes(node)
            span = f'<TD COLSPAN="{look["col_span"]}">'
            rows = (
                f'<TR><TD ROWSPAN="{look["row_span"]}">{title}</TD>'
                f"{span}input: </TD>{span}{given} </TD></TR>"
                f"<TR>{span}output: </TD>{span}{made} </TD></TR>"
            )
        return (
            f'<<TABLE BORDER="{look["border"]}" CELLBORDER="{look["cell_border"]}" '
            f'CELLSPACING="{look["cell_spacing"]}" CELLPADDING="{look["cell_padding"]}">'
            f"{rows}</TABLE>>"
        )

    @staticmethod
    def get_node_color(node: Node) -> str:
        """Of a tensor, a module or a function."""
        return _COLORS[type(node)]

    def resize_graph(
        self, scale: float = 1.0, size_per_element: float = 0.3, min_size: float = 12
    ) -> None:
        """Set the size of the picture.

        Args:
            scale: Factor.
            size_per_element: Inches for a line of the text.
            min_size: Inches at least.
        """
        size = scale * max(min_size, len(self.visual_graph.body) * size_per_element)
        self.visual_graph.graph_attr.update(size=f"{size},{size}")


def _sizes(node: Node) -> tuple[str, str]:
    given = getattr(node, "input_shape", [])
    made = getattr(node, "output_shape", [])
    return compact_list_repr(given), compact_list_repr(made)


def compact_list_repr(x: Iterable[Any]) -> str:
    """Sizes in a row, equal ones counted.

    Example:
        >>> compact_list_repr([(2, 3), (4,), (2, 3)])
        '2 x (2, 3), (4,)'
    """
    return ", ".join(f"{n} x {size}" if n > 1 else f"{size}" for size, n in Counter(x).items())


def _escaped(name: str) -> str:
    return name.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
