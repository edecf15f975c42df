"""Outlines to draw: a nested transformer of any size, and ResNet-50; and the same for dot.

The transformer's heads are groups inside attention groups inside layers, and nothing is
folded: 24 layers of 3 heads are 1,011 boxes, 32 of 17 are 4,931, 96 of 24 are 20,163.
"""

from introspect.graph.layout.card import to_nodes
from introspect.graph.layout.node import Node
from introspect.graph.outline import Box, Outline

SIZES = {"1k": (24, 3), "5k": (32, 17), "20k": (96, 24)}


class _Maker:
    """Adds boxes in the order of execution."""

    def __init__(self) -> None:
        self.root = Box("group", name="model", module="Transformer")
        self.order = 0

    def add(
        self, parent: Box, name: str, module: str, family: str, *sources: Box, width: int = 512
    ) -> Box:
        kind = "op" if family == "merge" else "leaf"
        box = Box(kind, name="" if kind == "op" else name, module=module, family=family)
        box.order, box.shape, box.sources = self.order, (1, 128, width), list(sources)
        box.detail, box.parameters = ("512 → 512", 262_656) if family == "linear" else ("", 0)
        self.order += 1
        return parent.add(box)

    def group(self, parent: Box, name: str, module: str) -> Box:
        return parent.add(Box("group", name=name, module=module, order=self.order))


def transformer(layers: int, heads: int, *, equal: bool = True) -> Outline:
    """A transformer of `3 + layers * (18 + 8 * heads)` boxes.

    Args:
        layers: How many follow each other.
        heads: How many each layer has; every head is a group of eight boxes.
        equal: Whether all layers are equal; else each has names of its own lengths.
    """
    make = _Maker()
    x = make.add(make.root, "input", "input", "io")
    x.kind = "io"
    x = make.add(make.root, "embed", "Embedding", "embedding", x)
    for number in range(layers):
        name = f"layer{number}" if equal else f"layer{'_' * (number % 40)}{number}"
        x = _layer(make, x, make.group(make.root, name, "Layer"), heads)
    make.add(make.root, "head", "Linear", "linear", x)
    return Outline(make.root, "Transformer", f"{layers} layers of {heads} heads", 1)


def _layer(make: _Maker, x: Box, layer: Box, heads: int) -> Box:
    norm = make.add(layer, "norm1", "LayerNorm", "norm", x)
    attention = make.group(layer, "attention", "Attention")
    found = [_head(make, norm, make.group(attention, f"head{h}", "Head")) for h in range(heads)]
    y = make.add(attention, "", "concat", "merge", *found)
    for name, module, family in (
        ("merge", "Flatten", "shape"),
        ("out", "Linear", "linear"),
        ("drop", "Dropout", "activation"),
        ("scale", "LayerScale", "norm"),
    ):
        y = make.add(attention, name, module, family, y)
    residual = make.add(layer, "", "+", "merge", y, x)
    mlp = make.group(layer, "mlp", "MLP")
    norm = make.add(mlp, "norm2", "LayerNorm", "norm", residual)
    gate = make.add(mlp, "gate", "Linear", "linear", norm, width=2048)
    gate = make.add(mlp, "act", "SiLU", "activation", gate, width=2048)
    up = make.add(mlp, "up", "Linear", "linear", norm, width=2048)
    y = make.add(mlp, "", "×", "merge", gate, up, width=2048)
    y = make.add(mlp, "mid", "Film", "norm", y, norm, width=2048)
    for name, module, family in (
        ("down", "Linear", "linear"),
        ("drop", "Dropout", "activation"),
        ("scale", "LayerScale", "norm"),
    ):
        y = make.add(mlp, name, module, family, y)
    y = make.add(layer, "", "+", "merge", y, residual)
    return make.add(layer, "keep", "Flatten", "shape", y)


def _head(make: _Maker, x: Box, head: Box) -> Box:
    query, key, value = (
        make.add(head, name, "Linear", "linear", x, width=64) for name in ("q", "k", "v")
    )
    y = make.add(head, "", "matmul", "merge", query, key, width=128)
    y = make.add(head, "scale", "Scale", "norm", y, width=128)
    y = make.add(head, "soft", "Softmax", "activation", y, width=128)
    y = make.add(head, "drop", "Dropout", "activation", y, width=128)
    return make.add(head, "", "matmul", "merge", y, value, width=64)


def to_dot(outline: Outline) -> str:
    """The same boxes in the same groups for Graphviz, with the words that we write."""
    root = to_nodes(outline.root, outline.batch)
    number = {leaf: k for k, leaf in enumerate(root.leaves())}
    font = 'fontname="DejaVu Sans"'
    lines = ["digraph {", f"node [shape=box fontsize=10 height=0.3 {font}]"]
    lines.append(f"edge [fontsize=7.5 {font}]")
    todo: list[tuple[Node, bool]] = [(child, False) for child in reversed(root.children)]
    while todo:
        node, is_end = todo.pop()
        box = node.box
        if is_end:
            lines.append("}")
        elif node.form == "group":
            lines.append(f"subgraph cluster_{len(lines)} {{ label={_quoted(box.written_name)}")
            todo.append((node, True))
            todo.extend((child, False) for child in reversed(node.children))
        else:
            words = f"{box.written_name} {box.module}".strip()
            text = f"{words}\n{box.detail}" if box.detail else words
            lines.append(f"n{number[node]} [label={_quoted(text)}]")
    said = set()
    for leaf, k in number.items():
        for source in leaf.sources:
            label = "" if source in said else source.edge_label
            said.add(source)
            extra = f" [label={_quoted(label)}]" if label else ""
            lines.append(f"n{number[source]} -> n{k}{extra}")
    return "\n".join([*lines, "}"])


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
