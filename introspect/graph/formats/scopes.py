"""Graph -> nodes with unique names in scopes by module, for viewers that fold by themselves.

TensorBoard and Model Explorer know neither calls nor values: a node has a name with slashes
in it, reads other nodes, and has attributes. Ops that returned their input itself (``x.to``,
dropout in evaluation) made no value, so nothing could read them: they are left out.

Cost: 15 us an op.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from introspect.graph.outline.labels import by_times, op_word
from introspect.nouns.graph import Call, Graph, Op, Value

NodeKind = Literal["input", "parameter", "buffer", "constant", "op", "module", "output"]


@dataclass(frozen=True, slots=True, eq=False)
class ScopedNode:
    """One node of a graph whose names are paths.

    Attributes:
        name: Unique: ``"ResNet/layer1/0/conv1/conv2d"``.
        scope: Everything before the last part.
        kind: What it stands for.
        word: ``"conv2d"``, ``"add"``; the class of a module; the kind of anything else.
        reads: What it reads, in order: name of a node, and which of its outputs.
        shapes: What it makes: shape and dtype of each output.
        attributes: Whatever else a viewer may tell, as text.
        op: Of a node of kind ``"op"``.
    """

    name: str
    scope: str
    kind: NodeKind
    word: str
    reads: tuple[tuple[str, int], ...] = ()
    shapes: tuple[tuple[tuple[int, ...] | None, str], ...] = ()
    attributes: Mapping[str, str] | None = None
    op: Op | None = None


@dataclass(frozen=True, slots=True)
class ScopedGraph:
    """All nodes, a producer before its readers.

    Attributes:
        nodes: Inputs, then ops each after the parameters that it is the first to read, then
            outputs.
        scopes: Scope of each module call.
    """

    nodes: tuple[ScopedNode, ...]
    scopes: Mapping[Call, str]


def scoped(graph: Graph, *, clean: Callable[[str], str]) -> ScopedGraph:
    """The nodes of a graph.

    Args:
        graph: As traced; with ``level="module"`` there is one node for each module.
        clean: Makes one part of a name acceptable; must not leave a slash in it.

    Example:
        >>> import introspect, torch
        >>> graph = introspect.trace(torch.nn.Linear(4, 2), torch.zeros(1, 4))
        >>> [node.name for node in scoped(graph, clean=str).nodes]
        ['input/input', 'Linear/weight', 'Linear/bias', 'Linear/linear', 'output/output']
    """
    return _Scoper(graph, clean).run()


def attributes_of(op: Op) -> dict[str, str]:
    """Everything plain that an op says about itself, as text."""
    call = op.call
    found: dict[str, str] = {}
    if call is not None:
        found["module"] = f"{call.path or '(model)'} ({call.module})"
        if call.builtin:
            found.update({name: repr(value) for name, value in sorted(call.settings.items())})
    if op.arguments:
        found["arguments"] = ", ".join(map(repr, op.arguments))
    found.update({f"option {name}": repr(value) for name, value in op.options.items()})
    if op.function:
        found["function"] = op.function
    if op.source:
        found["source"] = f"{op.source[0]}:{op.source[1]}"
    if op.flags:
        found["flags"] = ", ".join(sorted(op.flags))
    if op.elapsed_s is not None:
        found["time"] = f"{op.elapsed_s * 1e6:.1f} µs"
    return found


class _Scoper:
    """Names things once; every name and every scope is taken only once."""

    def __init__(self, graph: Graph, clean: Callable[[str], str]) -> None:
        self._graph = graph
        self._clean = clean
        self._taken: set[str] = {"input", "output"}
        self._counts: dict[str, int] = {}
        self._nodes: list[ScopedNode] = []
        self._made_by: dict[Value, tuple[str, int]] = {}
        self._names: dict[Op | None, str] = {}
        self._root = self._clean(graph.name) or "model"
        if self._root in self._taken:
            self._root += "_model"
        self._taken.add(self._root)
        self._repeated = {call.path for call in graph.calls if call.repetition}
        self._scopes: dict[Call, str] = {}
        self._scope_of_path: dict[str, str] = {"": self._root}
        for call in graph.calls:
            self._add_scope(call)

    def run(self) -> ScopedGraph:
        graph = self._graph
        for value in graph.inputs:
            self._add_value(value, "input", value.name or "input")
        for op in graph.ops:
            if "pass_through" not in op.flags:
                self._add_op(op)
        if graph.level == "module":
            self._add_modules()
        for value, name in zip(graph.outputs, graph.output_names, strict=True):
            unique = self._unique("output", self._clean(name) or "output")
            reads = (self._source(value),)
            self._nodes.append(
                ScopedNode(unique, "output", "output", "output", reads, (_facts(value),))
            )
        return ScopedGraph(tuple(self._nodes), self._scopes)

    def _add_scope(self, call: Call) -> None:
        above = call.parent
        if above is None:
            self._scopes[call] = self._root
            return
        prefix = f"{above.path}."
        relative = call.path.removeprefix(prefix) if above.path else call.path
        scope = self._scopes[above]
        *between, last = [self._clean(part) or "_" for part in relative.split(".")]
        for part in between:
            scope += f"/{part}"
            self._taken.add(scope)
        if call.path in self._repeated:
            last += f"_call{call.repetition + 1}"
        self._scopes[call] = self._unique(scope, last)
        self._scope_of_path.setdefault(call.path, self._scopes[call])

    def _unique(self, scope: str, last: str) -> str:
        """A name that nothing else has, counted up if need be."""
        name = f"{scope}/{last}"
        while name in self._taken:
            count = self._counts[f"{scope}/{last}"] = self._counts.get(f"{scope}/{last}", 0) + 1
            name = f"{scope}/{last}_{count}"
        self._taken.add(name)
        return name

    def _add_op(self, op: Op) -> None:
        scope = self._root if op.call is None else self._scopes.get(op.call, self._root)
        word = op_word(op.name).strip("_") or op.name
        reads = tuple([self._source(value, scope) for value in op.inputs])
        name = self._names[op] = self._unique(scope, self._clean(word) or "op")
        made = [value for value in op.outputs if value.producer is op]
        for slot, value in enumerate(made):
            self._made_by[value] = name, slot
        self._nodes.append(
            ScopedNode(
                name,
                scope,
                "op",
                word,
                reads,
                tuple(map(_facts, made)),
                attributes_of(op),
                op,
            )
        )

    def _add_modules(self) -> None:
        parents = {call.parent for call in self._graph.calls}
        for call in self._graph.calls:
            if call not in parents:
                scope = self._scopes[call].rpartition("/")[0]
                settings = {name: repr(value) for name, value in call.settings.items()}
                self._nodes.append(
                    ScopedNode(
                        self._scopes[call] if scope else self._unique(self._root, "module"),
                        scope or self._root,
                        "module",
                        call.module,
                        attributes={"parameters": str(call.parameters), **settings},
                    )
                )

    def _source(self, value: Value, scope: str = "") -> tuple[str, int]:
        """Where a value comes from; a parameter gets its node when it is first read."""
        if value not in self._made_by:
            if value.producer in self._names:  # written through another tensor of its storage
                return self._names[value.producer], 0
            kinds: Mapping[str, NodeKind] = {"parameter": "parameter", "buffer": "buffer"}
            kind = "input" if value.kind == "input" else kinds.get(value.kind, "constant")
            self._add_value(value, kind, value.name, scope)
        return self._made_by[value]

    def _add_value(self, value: Value, kind: NodeKind, name: str, scope: str = "") -> None:
        around, _, last = name.rpartition(".")
        if kind == "input":
            unique = self._unique("input", self._clean(name) or "input")
        else:
            place = self._scope(around) if kind in {"parameter", "buffer"} else scope or self._root
            unique = self._unique(place, self._clean(last) or kind)
        self._made_by[value] = unique, 0
        attributes = {"name": value.name} if value.name else {}
        if value.aliases:
            attributes["tied with"] = ", ".join(value.aliases)
        if value.shape is not None and kind == "parameter":
            attributes["trained"] = "yes" if value.requires_grad else "no, frozen"
        self._nodes.append(
            ScopedNode(
                unique,
                unique.rpartition("/")[0],
                kind,
                kind,
                shapes=(_facts(value),),
                attributes=attributes,
            )
        )

    def _scope(self, path: str) -> str:
        """The scope of a module by its path, whether it ran or not."""
        parts: list[str] = []
        while path not in self._scope_of_path:
            path, _, last = path.rpartition(".")
            parts.append(self._clean(last) or "_")
        scope = self._scope_of_path[path]
        for part in reversed(parts):
            scope += f"/{part}"
            self._taken.add(scope)
        return scope


def _facts(value: Value) -> tuple[tuple[int, ...] | None, str]:
    return value.shape, value.dtype


def shape_text(shape: tuple[int, ...] | None) -> str:
    """A shape for people: ``64×3×7×7``, ``scalar``, ``?``."""
    return "?" if shape is None else by_times(shape) if shape else "scalar"


def listed_shapes(shapes: Iterable[tuple[tuple[int, ...] | None, str]]) -> str:
    """``float32 1×64×32×32, int64 scalar``."""
    return ", ".join(f"{dtype} {shape_text(shape)}" for shape, dtype in shapes)
