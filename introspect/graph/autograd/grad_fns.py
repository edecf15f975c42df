"""Tensors -> AutogradGraph: a walk over ``grad_fn.next_functions``.

The walk has a stack of its own, so that a chain of 20,000 operations is no recursion.
Tensors that were saved through hooks (activation checkpointing, offloading) are named but
not read: reading them would run the hooks, and under checkpointing a part of the forward.

Cost: 7 us a node, saved tensors among them, as much as torchviz needs without them. No tensor
is kept, none is copied.

Not here: checks and the names of a model's parameters (``introspect.graph.backward``), forward
ops (``introspect.graph.autograd.join``).
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch

from introspect.nouns.autograd import (
    AutogradEdge,
    AutogradGraph,
    AutogradNode,
    EdgeKind,
    NodeKind,
    SavedTensor,
)

_PREFIX = "_saved_"
_PRECEDENCE: dict[NodeKind, int] = {"leaf": 3, "output": 2, "base": 1, "saved": 0}
_LISTED = 5  # names in a note, before "and 12 more"
_PLAIN = (bool, int, float, str, type(None))


def walk(
    outputs: Iterable[tuple[str, torch.Tensor]],
    named: Iterable[tuple[str, torch.Tensor]] = (),
    *,
    run_hooks: bool = False,
) -> AutogradGraph:
    """The autograd graph behind some tensors.

    Args:
        outputs: Name and tensor of each output.
        named: Name and tensor of whatever shall carry a name. A tensor with several names
            keeps all of them, the first in front.
        run_hooks: Whether tensors saved through hooks are read as well. Under activation
            checkpointing each of them runs a part of the forward again.

    Example:
        >>> x = torch.ones(2, requires_grad=True)
        >>> [node.kind for node in walk([("y", x.exp())], [("x", x)]).nodes]
        ['output', 'function', 'saved', 'accumulate', 'leaf']
    """
    reader = _Walk(named, run_hooks=run_hooks)
    places = [reader.add_output(name, tensor) for name, tensor in outputs]
    return reader.graph(places)


def listed(names: Sequence[str]) -> str:
    """Some names for a note.

    Example:
        >>> listed(list("abcdefg"))
        'a, b, c, d, e and 2 more'
    """
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return ", ".join(names[:_LISTED]) + more


def _distinct(names: Sequence[str]) -> str:
    return listed(list(dict.fromkeys(names)))


@dataclass(slots=True)
class _Row:
    """A node, while the walk can still learn about it."""

    kind: NodeKind
    name: str
    shape: tuple[int, ...] | None
    dtype: str
    parameters: tuple[str, ...] = ()
    further_shapes: tuple[tuple[int, ...] | None, ...] = ()
    attributes: dict[str, Any] = field(default_factory=dict)
    saved: list[SavedTensor] = field(default_factory=list)
    custom: bool = False
    sequence: int | None = None


class _Walk:
    """Rows and edges of everything behind the outputs, depth first.

    Tensors and functions are told apart by identity, so all that were met stay alive (in
    `_alive`) until the walk ends: a freed tensor's id would soon be another's.
    """

    def __init__(self, named: Iterable[tuple[str, torch.Tensor]], *, run_hooks: bool) -> None:
        self._run_hooks = run_hooks
        self._rows: list[_Row] = []
        self._edges: list[AutogradEdge] = []
        self._places: dict[int, int] = {}
        self._alive: list[Any] = []
        self._names: dict[int, list[str]] = {}
        self._spelled: dict[torch.dtype, str] = {}
        self._fields: dict[type, list[tuple[str, str | None]]] = {}
        self._dead: list[str] = []
        self._hooked: list[str] = []
        self._freed: list[str] = []
        self._overwritten: list[str] = []
        for name, tensor in named:
            self._alive.append(tensor)
            self._names.setdefault(id(tensor), []).append(name)

    def graph(self, places: Sequence[int]) -> AutogradGraph:
        """The noun, once every output is added."""
        nodes = tuple(
            AutogradNode(
                index=index,
                kind=row.kind,
                name=row.name,
                parameters=row.parameters,
                shape=row.shape,
                dtype=row.dtype,
                further_shapes=row.further_shapes,
                attributes=row.attributes,
                saved=tuple(row.saved),
                custom=row.custom,
                sequence=row.sequence,
            )
            for index, row in enumerate(self._rows)
        )
        return AutogradGraph(nodes, tuple(self._edges), tuple(places), tuple(self._notes()))

    def _notes(self) -> Iterator[str]:
        for name in self._dead:
            yield f"output {name or '(the only one)'} carries no gradient"
        if self._hooked:
            yield (
                "tensors saved through hooks were not read, since checkpointing would run its "
                f"forward again: {_distinct(self._hooked)}"
            )
        if self._freed:
            yield f"backward() has freed the saved tensors of {_distinct(self._freed)}"
        if self._overwritten:
            yield (
                "backward() will fail: an in-place operation has changed the saved tensors of "
                f"{_distinct(self._overwritten)}"
            )

    # ----------------------------------------------------------------- tensors

    def add_output(self, name: str, tensor: torch.Tensor) -> int:
        """A tensor that was asked for, the functions behind it, and what it is a view of."""
        first = self._tensor(tensor, "output", name)
        if not tensor.requires_grad:
            self._dead.append(name)
        current, index = tensor, first
        while True:
            if current.grad_fn is not None:
                self._add_functions(current.grad_fn)
                self._add_edge(self._places[id(current.grad_fn)], index, "output")
            base = current._base  # noqa: SLF001  the only way to what a view looks at
            if base is None:
                return first
            below = self._tensor(base, "base", f"base of {name}".removesuffix(" of "))
            self._add_edge(below, index, "base")
            current, index = base, below

    def _tensor(self, tensor: torch.Tensor, kind: NodeKind, name: str) -> int:
        """The row of a tensor, which may turn out to be more than it was taken for."""
        index = self._places.get(id(tensor))
        if index is None:
            row = _Row(kind, name, _sizes(tensor), self._spell(tensor.dtype))
            known = self._names.get(id(tensor))
            if known is not None:
                row.parameters, row.name = tuple(known), known[0]
            return self._add(tensor, row)
        row = self._rows[index]
        if _PRECEDENCE[kind] > _PRECEDENCE[row.kind]:
            row.kind = kind
            row.name = row.parameters[0] if row.parameters else name
        return index

    # --------------------------------------------------------------- functions

    def _add_functions(self, start: Any) -> None:
        """A function and everything before it: the order is that of a recursion."""
        stack = [start]
        visited: list[tuple[int, Any]] = []
        while stack:
            function = stack.pop()
            if id(function) in self._places:
                continue
            sources = function.next_functions
            visited.append((self._add_function(function), sources))
            stack.extend(source for source, _ in reversed(sources) if source is not None)
        for target, sources in visited:
            for slot, (source, output) in enumerate(sources):
                if source is not None:
                    place = self._places[id(source)]
                    self._edges.append(AutogradEdge(place, target, "gradient", slot, output))

    def _add_function(self, function: Any) -> int:
        kind = type(function)
        if kind.__name__ == "AccumulateGrad":
            return self._add_accumulate(function)
        row = _Row("function", kind.__name__, None, "", custom=hasattr(kind, "saved_tensors"))
        # what torch calls the metadata of the gradient's input is that of the op's output
        made = function._input_metadata  # noqa: SLF001  torch gives no other way to an output's shape
        if made:
            shapes = [_sizes(each) for each in made]
            row.shape, row.dtype = shapes[0], self._spell(made[0].dtype)
            row.further_shapes = tuple(shapes[1:])
        row.sequence = function._sequence_nr()  # noqa: SLF001  the only clock that autograd has
        index = self._add(function, row)
        self._add_saved(function, index, row)
        return index

    def _add_accumulate(self, function: Any) -> int:
        row = _Row("accumulate", "AccumulateGrad", None, "")
        index = self._add(function, row)
        leaf = self._tensor(function.variable, "leaf", "")
        variable = self._rows[leaf]
        row.parameters, row.shape, row.dtype = variable.parameters, variable.shape, variable.dtype
        self._add_edge(leaf, index, "leaf")
        return index

    # ----------------------------------------------------------- saved tensors

    def _add_saved(self, function: Any, index: int, row: _Row) -> None:
        for name, raw in self._fields_of(function, custom=row.custom):
            short = name.removeprefix(_PREFIX)
            value = self._read(function, name, raw)
            if isinstance(value, torch.Tensor | _Unread):
                row.attributes[short] = "[saved tensor]"
                self._save(row, index, short, value)
            elif isinstance(value, tuple) and any(isinstance(v, torch.Tensor) for v in value):
                row.attributes[short] = "[saved tensors]"
                for k, item in enumerate(value):
                    if isinstance(item, torch.Tensor):
                        self._save(row, index, f"{short}[{k}]", item)
            else:
                row.attributes[short] = _plain(value)
        if row.custom:
            tensors = self._read(function, "saved_tensors", "_raw_saved_tensors")
            for k, item in enumerate([tensors] if isinstance(tensors, _Unread) else tensors):
                if item is not None:
                    self._save(row, index, str(k), item)

    def _fields_of(self, function: Any, *, custom: bool) -> list[tuple[str, str | None]]:
        """Names of saved attributes, each with that of its unread form if it holds tensors."""
        kind = type(function)
        known = self._fields.get(kind)
        if known is None:
            # dir() costs 3 us: once a class, but once an instance where a user may set any
            names = [name for name in dir(function) if name.startswith(_PREFIX)]
            raw = [f"_raw{name}" for name in names]
            known = [(n, r if hasattr(kind, r) else None) for n, r in zip(names, raw, strict=True)]
            if not custom:
                self._fields[kind] = known
        return known

    def _read(self, function: Any, name: str, raw: str | None) -> Any:
        if raw is not None and not self._run_hooks and _is_hooked(getattr(function, raw)):
            self._hooked.append(type(function).__name__)
            return _Unread()
        try:
            return getattr(function, name)
        except RuntimeError as error:
            # of the user's making, and torch has two reasons: tell them, and go on
            is_overwritten = "modified by an inplace operation" in str(error)
            names = self._overwritten if is_overwritten else self._freed
            names.append(type(function).__name__)
            return _Unread()

    def _save(self, row: _Row, index: int, name: str, tensor: "torch.Tensor | _Unread") -> None:
        if isinstance(tensor, _Unread):
            row.saved.append(SavedTensor(name, None, "", None))
            return
        place = self._tensor(tensor, "saved", name)
        known = self._rows[place]
        row.saved.append(SavedTensor(name, known.shape, known.dtype, place))
        self._add_edge(place, index, "saved")

    # -------------------------------------------------------------------- both

    def _add(self, thing: Any, row: _Row) -> int:
        index = self._places[id(thing)] = len(self._rows)
        self._alive.append(thing)
        self._rows.append(row)
        return index

    def _add_edge(self, source: int, target: int, kind: EdgeKind) -> None:
        self._edges.append(AutogradEdge(source, target, kind))

    def _spell(self, dtype: torch.dtype) -> str:
        text = self._spelled.get(dtype)
        if text is None:
            text = self._spelled[dtype] = str(dtype).removeprefix("torch.")
        return text


class _Unread:
    """Stands for saved tensors that were not read."""

    __slots__ = ()


def _is_hooked(raw: Any) -> bool:
    if isinstance(raw, tuple):
        return any(each.unpack_hook is not None for each in raw)
    return raw.unpack_hook is not None


def _sizes(tensor: Any) -> tuple[int, ...] | None:
    try:
        return tuple(tensor.shape)
    except RuntimeError:  # nested tensors have no one shape
        return None


def _plain(value: Any) -> Any:
    """A number, text or tuple of them as it is, for JSON; everything else as text."""
    if type(value) in _PLAIN:
        return value
    if type(value) is tuple and all(type(item) in _PLAIN for item in value):
        return value
    return str(value)
