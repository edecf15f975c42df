"""AutogradGraph: what ``backward()`` would run, as functions, leaves and the tensors they keep.

A directed graph in the direction of the data, as it is usually drawn: an edge leads from the
function (or leaf) whose result was read to the function that read it; gradients flow against
it. A *function* is one node of autograd (``AddmmBackward0``), an *accumulate* node adds
into the ``.grad`` of its *leaf*, and outputs, bases of views and saved tensors are nodes of
their own. No tensor is kept, only shapes and dtypes.

Cost: about 0.6 kB for each function.

Not here: how it is read off a tensor (``introspect.graph.backward``), how it is joined to a
forward Graph, spelled as DOT or text, or drawn (``introspect.graph.autograd``).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from os import PathLike
from typing import Any, Literal

from introspect.nouns.verbs import verb

NodeKind = Literal["function", "accumulate", "leaf", "output", "base", "saved"]
EdgeKind = Literal["gradient", "leaf", "output", "base", "saved"]


@dataclass(frozen=True, slots=True)
class SavedTensor:
    """A tensor that a function keeps for its backward.

    Attributes:
        name: As autograd calls it (``"mat1"``, ``"indices[0]"``); its position for a function
            that a user wrote.
        shape: Sizes, or None where it was not read (see `AutogradGraph.notes`).
        dtype: ``"float32"``, or ``""`` where it was not read.
        node: Index of the node that stands for the tensor, None where it was not read.
    """

    name: str
    shape: tuple[int, ...] | None
    dtype: str
    node: int | None


@dataclass(frozen=True, slots=True, eq=False)
class AutogradNode:
    """One function, or one tensor, of the autograd graph.

    Attributes:
        index: Position in `AutogradGraph.nodes`.
        kind: ``"function"``; ``"accumulate"``: adds into a leaf's gradient; or a tensor:
            ``"leaf"``, ``"output"``, ``"base"`` (that an output is a view of), ``"saved"``.
        name: Class of a function (``"AddmmBackward0"``); of a tensor its parameter name, or
            where it stood in the outputs, or what the function that saved it calls it.
        parameters: All names of the parameter that an accumulate node or a tensor is.
        shape: Sizes of the tensor, or of the first output of the forward operation.
        dtype: Likewise; ``""`` if unknown.
        further_shapes: Sizes of the forward operation's outputs after the first (``unbind``).
        attributes: What a function saved besides tensors, by name, with the tensors' places
            held by ``"[saved tensor]"``; in alphabetical order.
        saved: The tensors that it saved.
        custom: Whether the function is a user's ``torch.autograd.Function``.
        sequence: When it was made; later is larger. None for accumulate nodes and tensors.
        op: Index of the forward op it came from, None where not joined.
        path: Path of the module that op ran in, None where not joined.
    """

    index: int
    kind: NodeKind
    name: str
    parameters: tuple[str, ...] = ()
    shape: tuple[int, ...] | None = None
    dtype: str = ""
    further_shapes: tuple[tuple[int, ...] | None, ...] = ()
    attributes: Mapping[str, Any] = field(default_factory=dict)
    saved: tuple[SavedTensor, ...] = ()
    custom: bool = False
    sequence: int | None = None
    op: int | None = None
    path: str | None = None

    def __repr__(self) -> str:
        what = " = ".join(self.parameters) or self.name
        where = f" in {self.path}" if self.path else ""
        return f"<AutogradNode {self.index} {self.kind} {what}{where}>"


@dataclass(frozen=True, slots=True)
class AutogradEdge:
    """One arrow, in the direction of the data.

    Attributes:
        source: Index of the node it leaves.
        target: Index of the node it enters.
        kind: ``"gradient"`` between functions; ``"leaf"`` from a leaf to its accumulate node;
            ``"output"`` from a function to an output (or base); ``"base"`` from a base to
            its view; ``"saved"`` from a saved tensor to the function that keeps it.
        slot: For a gradient edge the differentiable argument of the target, counted from 0.
        output: For a gradient edge which of the source's outputs was read, counted from 0.
    """

    source: int
    target: int
    kind: EdgeKind
    slot: int = 0
    output: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class AutogradGraph:
    """What ``backward()`` from some outputs would run.

    Attributes:
        nodes: In the order of a depth-first walk from the first output; the same in every run.
        edges: In the order of the walk.
        outputs: Indices of the nodes of the tensors that were asked for, in their order;
            the same index twice where one tensor was given twice.
        notes: What a reader must know: outputs that carry no gradient, parameters that
            are not reached, functions that joined no forward op.
        name: Of the forward graph it was joined to, or of the model's class, or "".

    Example:
        >>> from introspect.graph.backward import trace_backward
        >>> import torch
        >>> graph = trace_backward(torch.ones(2, requires_grad=True).exp().sum())
        >>> [node.name for node in graph.functions], len(graph.leaves)
        (['SumBackward0', 'ExpBackward0'], 1)
    """

    nodes: tuple[AutogradNode, ...]
    edges: tuple[AutogradEdge, ...]
    outputs: tuple[int, ...]
    notes: tuple[str, ...] = ()
    name: str = ""

    @property
    def functions(self) -> tuple[AutogradNode, ...]:
        """The functions, without accumulate nodes, in the order of the walk."""
        return tuple(node for node in self.nodes if node.kind == "function")

    @property
    def leaves(self) -> tuple[AutogradNode, ...]:
        """The accumulate nodes: where ``backward()`` adds into a ``.grad``."""
        return tuple(node for node in self.nodes if node.kind == "accumulate")

    @property
    def joined(self) -> float:
        """Share of the functions that are joined to a forward op, 0.0 to 1.0."""
        functions = self.functions
        return sum(n.op is not None for n in functions) / len(functions) if functions else 0.0

    def save(self, path: str | PathLike[str], **options: Any) -> None:
        """Draw the graph into a file; the suffix picks the format.

        Args:
            path: Ends in ``.svg``, ``.pdf``, ``.png``; in ``.dot`` or ``.gv`` for what torchviz
                writes; in ``.json`` for the graph itself. Missing folders are made.
            **options: As of ``introspect.graph.autograd.picture``: `theme` (``"torchviz"`` for its
                colours), `depth`, `fold`, `direction`, `title`, `legend`, `show_attrs`,
                `show_saved`, `show_accumulate`, and `scale` for PNG.

        Raises:
            FormatError: If the suffix or an option is unknown.
        """
        verb("introspect.graph.autograd.picture:save")(self, path, **options)

    def to_dot(
        self, *, show_attrs: bool = False, show_saved: bool = False, max_attr_chars: int = 50
    ) -> str:
        """The graph in the DOT language, with the nodes, labels and colours of torchviz.

        Args:
            show_attrs: Whether functions list what they saved besides tensors.
            show_saved: Whether saved tensors are drawn; those that a user's function saved
                always are.
            max_attr_chars: Longer attributes are cut.
        """
        spell = verb("introspect.graph.autograd.dot:as_dot")
        return spell(
            self, show_attrs=show_attrs, show_saved=show_saved, max_attr_chars=max_attr_chars
        )

    def outline_text(self, *, max_lines: int | None = 80) -> str:
        """The functions as indented text, latest first, grouped by module where joined."""
        return verb("introspect.graph.autograd.text:as_text")(self, max_lines=max_lines)

    def to_dict(self) -> dict[str, Any]:
        """Plain lists, dicts, numbers and strings, ready for JSON."""
        return {
            "format": "introspect.autograd",
            "version": 1,
            "name": self.name,
            "nodes": [_node_row(node) for node in self.nodes],
            "edges": [[e.source, e.target, e.kind, e.slot, e.output] for e in self.edges],
            "outputs": list(self.outputs),
            "notes": list(self.notes),
        }

    @classmethod
    def from_dict(cls, row: Mapping[str, Any]) -> "AutogradGraph":
        """The graph that `to_dict` wrote, also after JSON."""
        return cls(
            nodes=tuple(_node_of(k, node) for k, node in enumerate(row["nodes"])),
            edges=tuple(AutogradEdge(*edge) for edge in row["edges"]),
            outputs=tuple(row["outputs"]),
            notes=tuple(row["notes"]),
            name=row["name"],
        )

    def __repr__(self) -> str:
        return self.outline_text()

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        del include, exclude
        return verb("introspect.graph.autograd.picture:mime_bundle")(self)


def _node_row(node: AutogradNode) -> dict[str, Any]:
    """One node without what it lacks, since most nodes lack most."""
    row: dict[str, Any] = {"kind": node.kind, "name": node.name, "dtype": node.dtype}
    row["shape"] = None if node.shape is None else list(node.shape)
    if node.parameters:
        row["parameters"] = list(node.parameters)
    if node.further_shapes:
        row["further_shapes"] = [_plain(shape) for shape in node.further_shapes]
    if node.attributes:
        row["attributes"] = {key: _plain(value) for key, value in node.attributes.items()}
    if node.saved:
        row["saved"] = [
            [s.name, None if s.shape is None else list(s.shape), s.dtype, s.node]
            for s in node.saved
        ]
    if node.custom:
        row["custom"] = True
    for key in ("sequence", "op", "path"):
        if getattr(node, key) is not None:
            row[key] = getattr(node, key)
    return row


def _plain(value: Any) -> Any:
    """Tuples become lists, as JSON has it."""
    return [_plain(item) for item in value] if isinstance(value, tuple) else value


def _node_of(index: int, row: Mapping[str, Any]) -> AutogradNode:
    return AutogradNode(
        index=index,
        kind=row["kind"],
        name=row["name"],
        parameters=tuple(row.get("parameters", ())),
        shape=_tuple(row["shape"]),
        dtype=row["dtype"],
        further_shapes=_tuple(row.get("further_shapes", [])),
        attributes={k: _tuple(v) for k, v in row.get("attributes", {}).items()},
        saved=tuple(SavedTensor(n, _tuple(s), d, k) for n, s, d, k in row.get("saved", ())),
        custom=row.get("custom", False),
        sequence=row.get("sequence"),
        op=row.get("op"),
        path=row.get("path"),
    )


def _tuple(value: Any) -> Any:
    """Lists become tuples again."""
    return tuple(_tuple(item) for item in value) if isinstance(value, list) else value
