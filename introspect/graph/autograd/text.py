"""AutogradGraph -> indented text: the functions, latest first, under the modules they ran in."""

from introspect.nouns.autograd import AutogradGraph, AutogradNode


def as_text(graph: AutogradGraph, *, max_lines: int | None = 80) -> str:
    """One line a function, with what it reads behind ``<-``.

    Args:
        graph: Any autograd graph.
        max_lines: Functions beyond are counted instead; None for all.
    """
    sources: dict[int, list[int]] = {}
    for edge in graph.edges:
        if edge.kind in {"gradient", "output", "base"}:
            sources.setdefault(edge.target, []).append(edge.source)
    lines = [_headline(graph)]
    for index in dict.fromkeys(graph.outputs):
        node = graph.nodes[index]
        named = f"output {node.name}".rstrip()
        lines.append(_line(graph, node, named, sources, indent=1))
    functions = sorted(graph.functions, key=lambda node: -(node.sequence or 0))
    shown = functions if max_lines is None else functions[:max_lines]
    path: str | None = None
    for node in shown:
        if node.path != path:
            path = node.path
            if path is not None:
                lines.append(f"  {path or '(model)'}")
        indent = 1 if path is None else 2
        lines.append(_line(graph, node, node.name, sources, indent=indent))
    if len(shown) < len(functions):
        lines.append(f"  … and {len(functions) - len(shown):,} functions before")
    lines += [f"  note: {note}" for note in graph.notes]
    return "\n".join(lines)


def _headline(graph: AutogradGraph) -> str:
    functions, leaves = len(graph.functions), len(graph.leaves)
    joined = f", {graph.joined:.0%} joined" if graph.joined else ""
    return (
        f"{graph.name + ': ' if graph.name else ''}autograd graph of {functions:,} functions"
        f" and {leaves:,} leaves{joined}"
    )


def _line(
    graph: AutogradGraph,
    node: AutogradNode,
    name: str,
    sources: dict[int, list[int]],
    *,
    indent: int,
) -> str:
    read = ", ".join(_mention(graph.nodes[k]) for k in sources.get(node.index, ()))
    sizes = "×".join(map(str, node.shape)) if node.shape else "scalar" if node.shape == () else ""
    text = f"{'  ' * indent}{name} #{node.index}" if node.kind == "function" else f"  {name}"
    return f"{text}  {sizes}{f'  <- {read}' if read else ''}".rstrip()


def _mention(node: AutogradNode) -> str:
    if node.kind == "accumulate":
        sizes = "×".join(map(str, node.shape or ())) or "scalar"
        return node.parameters[0] if node.parameters else f"leaf {sizes}"
    return f"#{node.index}" if node.kind == "function" else node.name
