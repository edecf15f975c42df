"""Tensors -> a Digraph of autograd functions, statement for statement torchviz's.

Cost: 10 us a function, and 0.1 ms a node when it is drawn.

Not here: the walk (``introspect.graph.autograd``), pictures (``introspect.compat.digraph``).
"""

import re
from collections import namedtuple
from collections.abc import Mapping
from typing import Any, NoReturn

import torch

from introspect.compat.digraph import Digraph
from introspect.errors import TraceError
from introspect.graph.autograd.dot import as_dot
from introspect.graph.autograd.grad_fns import walk
from introspect.graph.capture.leaves import named_tensors

SAVED_PREFIX = "_saved_"
"""How the attributes of a function begin that it saved for its backward."""

Node = namedtuple("Node", ("name", "inputs", "attr", "op"))  # noqa: PYI024  torchviz's own, never used there

_NODE_STYLE = {
    "style": "filled",
    "shape": "box",
    "align": "left",
    "fontsize": "10",
    "ranksep": "0.1",
    "height": "0.2",
    "fontname": "monospace",
}
_STATEMENT = re.compile(r"\n(?=\t\d+(?: -> \d+| \[label=))")
_HEAD_ROWS = 3  # digraph {, and the attributes of the graph and of all nodes


def make_dot(
    var: Any,
    params: Mapping[str, torch.Tensor] | None = None,
    show_attrs: bool = False,  # noqa: FBT001, FBT002  theirs
    show_saved: bool = False,  # noqa: FBT001, FBT002  theirs
    max_attr_chars: int = 50,
) -> Digraph:
    """The autograd graph of a tensor, as torchviz draws it.

    Blue: leaves; gray: functions; orange: saved tensors; green: outputs; dark green: what an
    output is a view of.

    Args:
        var: A tensor, or any structure of tensors: tuple, list, dict, what a model returned.
        params: Names of tensors, for example ``dict(model.named_parameters())``.
        show_attrs: Whether functions list what they saved besides tensors.
        show_saved: Whether saved tensors are drawn.
        max_attr_chars: Longer attributes are cut.

    Returns:
        A graph with the names of ``graphviz.Digraph``.

    Raises:
        TraceError: If there is no tensor in `var`, or `params` has anything else.

    Example:
        >>> x = torch.ones(2, requires_grad=True)
        >>> dot = make_dot((x**2).sum(), params={"x": x})
        >>> "PowBackward0" in dot.source, len(dot.body)
        (True, 9)
    """
    outputs = list(named_tensors(var))
    if not outputs:
        raise TraceError(
            "there is no tensor to draw the graph of.",
            given=f"{type(var).__module__}.{type(var).__qualname__}",
            hint="make_dot(loss), make_dot(model(x), dict(model.named_parameters()))",
        )
    named = _checked(params or {})
    source = as_dot(
        walk(outputs, named),
        show_attrs=show_attrs,
        show_saved=show_saved,
        max_attr_chars=max_attr_chars,
    )
    body = source.split("\n", _HEAD_ROWS)[_HEAD_ROWS].removesuffix("}\n").removesuffix("\n")
    dot = Digraph(node_attr=_NODE_STYLE, graph_attr={"size": "12,12"})
    dot.body = [f"{row}\n" for row in _STATEMENT.split(body) if row]
    resize_graph(dot)
    return dot


def _checked(params: Mapping[str, torch.Tensor]) -> list[tuple[str, torch.Tensor]]:
    """Name and tensor; of a tensor with several names the last, as torchviz has it."""
    wrong = [name for name, tensor in params.items() if not isinstance(tensor, torch.Tensor)]
    if wrong:
        raise TraceError(
            "params takes names and tensors.",
            given=f"{wrong[0]!r}: {type(params[wrong[0]]).__name__}",
            hint="params=dict(model.named_parameters())",
        )
    by_tensor = {id(tensor): (name, tensor) for name, tensor in params.items()}
    return list(by_tensor.values())


def make_dot_from_trace(trace: Any) -> NoReturn:
    """Raise: torchviz sends its users elsewhere, too.

    Raises:
        NotImplementedError: Always; says what to call.

    Example:
        >>> make_dot_from_trace(None)
        Traceback (most recent call last):
        ...
        NotImplementedError: torchviz dropped this; introspect.trace(model, x) draws a model
    """
    del trace
    raise NotImplementedError("torchviz dropped this; introspect.trace(model, x) draws a model")


def resize_graph(dot: Digraph, size_per_element: float = 0.15, min_size: float = 12) -> None:
    """Set how large the picture may become, by how much is in it.

    Args:
        dot: Is changed.
        size_per_element: Inches a statement.
        min_size: Inches, at least.

    Example:
        >>> dot = Digraph(body=["a"] * 100)
        >>> resize_graph(dot)
        >>> dot.graph_attr
        {'size': '15.0,15.0'}
    """
    size = max(min_size, len(dot.body) * size_per_element)
    dot.graph_attr.update(size=f"{size},{size}")


def get_fn_name(fn: Any, show_attrs: bool, max_attr_chars: int) -> str:  # noqa: FBT001  theirs
    """What stands on the node of a function.

    Args:
        fn: A ``grad_fn``.
        show_attrs: Whether with what it saved.
        max_attr_chars: Longer attributes are cut.

    Example:
        >>> get_fn_name(torch.ones(2, requires_grad=True).sum().grad_fn, False, 50)
        'SumBackward0'
    """
    name = type(fn).__name__
    saved = [attr for attr in dir(fn) if attr.startswith(SAVED_PREFIX)] if show_attrs else []
    texts = {attr.removeprefix(SAVED_PREFIX): _saved_text(getattr(fn, attr)) for attr in saved}
    if not texts:
        return name
    left = max(map(len, texts))
    right = min(max(map(len, texts.values())), max(max_attr_chars, 3))
    rows = [name, "-" * max(left + right + 2, len(name))]
    for key, text in texts.items():
        cut = text if len(text) <= right else f"{text[: right - 3]}..."
        rows.append(f"{key:<{left}}: {cut:>{right}}")
    return "\n".join(rows)


def _saved_text(value: Any) -> str:
    if isinstance(value, torch.Tensor):
        return "[saved tensor]"
    if isinstance(value, tuple) and any(isinstance(item, torch.Tensor) for item in value):
        return "[saved tensors]"
    return str(value)
