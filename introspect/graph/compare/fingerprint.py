"""Graph -> a hash of its structure, for the whole and for each module call.

A Merkle tree over the module calls. The hash of a call covers its class and settings, its own
ops with their arguments and what they made (shapes, dtypes), the hashes of the calls inside
with their names, and the wiring. All of that is *relative*: a value is known by which op of the
call made it, or by being the call's first, second, ... input; so two equal blocks have equal
hashes wherever they stand, and their paths count only below them.

Not covered: the name of the graph, source lines and functions, devices, times, notes, whether
numbers were real or fake, whether a module was in training (where that matters, the ops differ).

Equal on every machine: texts through BLAKE2, never Python's ``hash``.

Cost: about 4 us an op.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import groupby
from typing import Any

from introspect.graph.compare.plain import FLAT, plain
from introspect.nouns.graph import Call, Graph, Op, Value

_VERSION = "introspect.fingerprint 1"
_DATA = frozenset({"input", "result", "alias"})


def fingerprint(graph: Graph) -> str:
    """32 hexadecimal digits that are equal for graphs of equal structure.

    Args:
        graph: As traced, or loaded.

    Example:
        >>> import introspect, torch
        >>> def traced(width):
        ...     net = torch.nn.Sequential(torch.nn.Linear(4, width), torch.nn.ReLU())
        ...     return introspect.trace(net, torch.zeros(1, 4))
        >>> fingerprint(traced(8)) == fingerprint(traced(8)), len(fingerprint(traced(8)))
        (True, 32)
        >>> fingerprint(traced(8)) == fingerprint(traced(9))
        False
    """
    return hashes(graph).whole


@dataclass(frozen=True, slots=True)
class Hashes:
    """The hash of every part of a graph.

    Attributes:
        whole: Of the graph.
        calls: Of each module call.
        ops: The text of each op without its wiring: name, arguments, what it made.
        wires: The wiring of each op, relative to the call that it ran in.
    """

    whole: str
    calls: Mapping[Call, str]
    ops: Mapping[Op, str]
    wires: Mapping[Op, str]


def hashes(graph: Graph) -> Hashes:
    """The hashes of a graph and all its calls, in one pass from the inside out."""
    return _Hasher(graph).run()


@dataclass(slots=True, eq=False)
class _Scope:
    """A call, or an op with children, while its text is put together."""

    path: str
    events: list[Any] = field(default_factory=list)
    has_calls: bool = False
    reads: dict[Value, int] = field(default_factory=dict)
    made: list[tuple[Value, int]] = field(default_factory=list)
    size: int = 0
    digest: str = ""


class _Hasher:
    """One pass over a graph."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.root = _Scope("")
        self.scopes: dict[Call | None, _Scope] = {None: self.root}
        for call in graph.calls:
            self.scopes[call] = _Scope(call.path)
        self.leaving = self._leaving()
        self.texts: dict[Op, str] = {}
        self.wires: dict[Op, str] = {}
        self._signs = self._sign_values()

    def run(self) -> Hashes:
        graph = self.graph
        self._place()
        for call in reversed(graph.calls):  # a call comes after the one around it
            self._close(self.scopes[call], self._head(call))
        inputs = [f"{value.name}:{self._signs[value]}" for value in graph.inputs]
        places = self._close(self.root, f"{_VERSION}|{graph.level}|{graph.parameters}|{inputs}")
        ends = [self._wire(value, self.root, places) for value in graph.outputs]
        whole = _hash(f"{self.root.digest}|{ends}|{graph.output_names}")
        digests = {call: self.scopes[call].digest for call in graph.calls}
        return Hashes(whole, digests, self.texts, self.wires)

    def _leaving(self) -> set[Value]:
        """Values that are read in another call than the one that made them."""
        found = set(self.graph.outputs)
        for op in self.graph.ops:
            call = op.call
            for value in op.inputs:
                maker = value.producer
                if maker is not None and maker.call is not call:
                    found.add(value)
        return found

    def _place(self) -> None:
        """Put ops and calls into the scopes that they ran in, in the order of execution."""
        scopes = self.scopes
        placed: set[Call] = set()
        for op in self.graph.ops:
            call = op.call
            scopes[call].events.append(op)
            while call is not None and call not in placed:  # it takes the place of its first op
                placed.add(call)
                around = scopes[call.parent]
                around.events.append(call)
                around.has_calls = True
                call = call.parent
        for call in self.graph.calls:
            if call not in placed:  # without ops: they come last
                scopes[call.parent].events.append(call)
                scopes[call.parent].has_calls = True

    def _head(self, call: Call) -> str:
        return f"{call.module}|{call.parameters}|{sorted(plain(call.settings).items())}"

    def _close(self, scope: _Scope, head: str) -> dict[Value, int]:
        """Hash a scope whose inner scopes are closed; returns the place of what it made."""
        lines = [head]
        places: dict[Value, int] = {}
        parts = groupby(scope.events, _is_op) if scope.has_calls else [(True, scope.events)]
        for is_op, events in parts:
            if is_op:
                self._add_ops(events, scope, places, lines)
            else:
                for call in events:
                    self._add_call(call, scope, places, lines)
        scope.reads = self._read_outside(scope, lines)
        scope.digest = _hash("\n".join(lines))
        leaving = self.leaving
        scope.made = [(value, place) for value, place in places.items() if value in leaving]
        return places

    def _add_ops(
        self, ops: Iterable[Op], scope: _Scope, places: dict[Value, int], lines: list[str]
    ) -> None:
        """The hot loop: 2 us an op."""
        reads, signs, texts, all_wires = scope.reads, self._signs, self.texts, self.wires
        at = scope.size
        for op in ops:
            inputs, outputs, arguments = op.inputs, op.outputs, op.arguments
            wire = ""
            for value in inputs:
                place = places.get(value)
                if place is not None:
                    wire += f" {place}"
                else:
                    wire += f" <{reads.setdefault(value, len(reads))}"
            made = ""
            for value in outputs:
                made += signs[value]
                if value not in inputs:  # what returned its input made nothing
                    places[value] = at
                at += 1
            if not FLAT.issuperset(map(type, arguments)):
                arguments = plain(arguments)
            text = f"{op.name}|{arguments!r}|{made}"
            if op.options:
                # names are distinct, so sorting never compares the values
                text += f"|{sorted(plain(op.options).items())}"
            if op.children:
                text += f"|{self._children(op)}"
            texts[op] = text
            all_wires[op] = wire
            lines += text, wire
        scope.size = at

    def _add_call(
        self, call: Call, scope: _Scope, places: dict[Value, int], lines: list[str]
    ) -> None:
        inner = self.scopes[call]
        name = call.path.removeprefix(f"{scope.path}.") if scope.path else call.path
        wires = " ".join([self._wire(value, scope, places) for value in inner.reads])
        lines.append(f"{name}|{call.repetition}|{inner.digest}|{wires}")
        for value, place in inner.made:
            places[value] = scope.size + place
        scope.size += inner.size

    def _wire(self, value: Value, scope: _Scope, places: Mapping[Value, int]) -> str:
        place = places.get(value)
        if place is not None:
            return str(place)
        return f"<{scope.reads.setdefault(value, len(scope.reads))}"

    def _children(self, op: Op) -> str:
        """The ops below an op, wired among themselves."""
        inner = _Scope(op.call.path if op.call else "")
        lines: list[str] = []
        places: dict[Value, int] = {}
        self._add_ops(op.children, inner, places, lines)
        self._read_outside(inner, lines)
        return _hash("\n".join(lines))

    def _read_outside(self, scope: _Scope, lines: list[str]) -> dict[Value, int]:
        """Write down what a scope reads; returns what of it the scope around must wire.

        A parameter is known by its name: below the scope's path it is the scope's own, and
        of no concern to those around it.
        """
        signs, prefix = self._signs, f"{scope.path}." if scope.path else ""
        foreign: dict[Value, int] = {}
        for value in scope.reads:
            if value.kind in _DATA:
                foreign[value] = len(foreign)
                lines.append(signs[value])
            elif prefix and value.name.startswith(prefix):
                lines.append(f"{value.kind} {value.name[len(prefix) :]} {signs[value]}")
            else:
                foreign[value] = len(foreign)
                lines.append(f"{value.kind} {value.name} {signs[value]}")
        return foreign

    def _sign_values(self) -> dict[Value, str]:
        """Shape and dtype of every value as text; each pair is spelled once."""
        spelled: dict[tuple[Any, str], str] = {}
        signs: dict[Value, str] = {}
        for value in self.graph.values:
            key = (value.shape, value.dtype)
            sign = spelled.get(key)
            if sign is None:
                sign = spelled[key] = f"{value.dtype}{value.shape}"
            signs[value] = sign
        return signs


def _is_op(event: Op | Call) -> bool:
    return type(event) is Op


def _hash(text: str) -> str:
    # surrogatepass: a module may be called anything that Python can spell
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
