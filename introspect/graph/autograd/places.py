"""AutogradGraph -> the module that each function ran in, as far as it is known.

Where the graph is joined to a forward graph, every joined function says its module. Else a
function that reads a parameter ran in the parameter's module: a guess that the picture admits
to. What lies between known functions, in the order of execution, ran in what is around both.

Cost: linear, a few looks at every edge.
"""

from collections.abc import Sequence

from introspect.graph.autograd.words import arranges
from introspect.nouns.autograd import AutogradGraph


def places(graph: AutogradGraph, order: Sequence[int]) -> tuple[dict[int, str], bool]:
    """Function -> path of its module, and whether that was guessed from the parameters.

    Args:
        graph: Any autograd graph.
        order: Its nodes as gradients come to them.

    Returns:
        Every function if any is known, else none; ``""`` is the model itself.
    """
    path = {n.index: n.path for n in graph.functions if n.path is not None}
    guessed = not path and any(n.parameters and "." in n.parameters[0] for n in graph.leaves)
    if guessed:
        path = _by_parameters(graph)
    if path:
        functions = [k for k in order if graph.nodes[k].kind == "function"]
        _between(functions, path)
    return path, guessed


def _by_parameters(graph: AutogradGraph) -> dict[int, str]:
    """Functions that read parameters of one module, themselves or through one function."""
    users: dict[int, list[int]] = {}
    for edge in graph.edges:
        if edge.kind == "gradient":
            users.setdefault(edge.source, []).append(edge.target)
    claims: dict[int, set[str]] = {}
    for node in graph.leaves:
        for user in users.get(node.index, ()) if node.parameters else ():
            claims.setdefault(user, set()).add(node.parameters[0].rpartition(".")[0])
    path = {user: next(iter(modules)) for user, modules in claims.items() if len(modules) == 1}
    for user, module in list(path.items()):
        if arranges(graph.nodes[user]):  # a transposed weight: its reader is of the module, too
            for reader in users.get(user, ()):
                path.setdefault(reader, module)
    return path


def _between(functions: Sequence[int], path: dict[int, str]) -> None:
    """Give what lies between known functions the module around them."""
    known = [k for k, function in enumerate(functions) if function in path]
    before = ""  # the loss is outside of everything
    start = 0
    for place in [*known, len(functions)]:
        after = path[functions[place]] if place < len(functions) else ""
        for function in functions[start:place]:
            path[function] = around(before, after)
        before, start = after, place + 1


def around(first: str, second: str) -> str:
    """The innermost module that two paths are in.

    Example:
        >>> around("layer1.0.conv1", "layer1.0.bn1"), around("a.b", "a.b"), around("a", "b")
        ('layer1.0', 'a.b', '')
    """
    if first == second:
        return first
    shared: list[str] = []
    for a, b in zip(first.split("."), second.split("."), strict=False):
        if a != b:
            break
        shared.append(a)
    return ".".join(shared)
