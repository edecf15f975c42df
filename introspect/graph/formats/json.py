"""Graph <-> JSON, without torch and without pickle. The written format: docs/formats/graph.md.

Tables of columns rather than a list of objects: every text, shape and argument list is
written once and referred to by its number, so that 2,000 ops are about 150 kB.

What comes back is equal in everything that a Graph says. What was no plain data in the
arguments of an op (``introspect.graph.compare.plain``) has become its ``repr``.

Cost: about 10 us an op to write, 15 us to read.
"""

import json
import math
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from introspect.errors import FormatError
from introspect.graph.compare.plain import plain
from introspect.graph.formats.json_reader import read_graph
from introspect.nouns.graph import TENSOR, Call, Graph, Op, Value

FORMAT = "introspect.graph"
VERSION = 1


def to_dict(graph: Graph) -> dict[str, Any]:
    """A graph as lists, dicts, texts and numbers: what ``json.dumps`` takes.

    Args:
        graph: As traced.

    Example:
        >>> import introspect, torch
        >>> graph = introspect.trace(torch.nn.Linear(4, 2), torch.zeros(1, 4))
        >>> document = to_dict(graph)
        >>> document["format"], document["version"], from_dict(document).ops
        ('introspect.graph', 1, (<Op 0 linear>,))
    """
    return _Writer(graph).document()


def to_json(graph: Graph) -> bytes:
    """A graph as one line of ASCII."""
    return json.dumps(to_dict(graph), separators=(",", ":"), allow_nan=False).encode("ascii")


def from_dict(document: Mapping[str, Any]) -> Graph:
    """The graph that `to_dict` was given.

    Raises:
        FormatError: If the dict is of another format, of a later version, or damaged; the
            message names the place.
    """
    return read_graph(document)


def load(path: str | os.PathLike[str]) -> Graph:
    """The graph in a file that ``graph.save("x.json")`` wrote.

    Raises:
        FormatError: If it holds something else or is damaged.
        FileNotFoundError: If there is no such file.
    """
    content = Path(path).read_bytes()
    try:
        document = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise FormatError(
            "this file is no JSON.",
            where=str(path),
            given=f"{len(content)} bytes that begin with {content[:24]!r}",
            cause=error,
            hint='a file written by graph.save("x.json")',
        ) from error
    return read_graph(document, where=str(path))


def encode(thing: Any) -> Any:
    """Plain data as JSON has it; what JSON lacks is an object with one key.

    Example:
        >>> encode((1, float("inf"), slice(0, None), [2], {"a": 1j}))
        [1, {'float': 'inf'}, {'slice': [0, None, None]}, {'list': [2]},
         {'dict': [['a', {'complex': [0.0, 1.0]}]]}]
    """
    if thing is None or isinstance(thing, bool | int | str):
        return thing
    if isinstance(thing, float):
        return thing if math.isfinite(thing) else {"float": repr(thing)}
    if thing is TENSOR:
        return {"tensor": None}
    if thing is ...:
        return {"ellipsis": None}
    if isinstance(thing, tuple):
        return [encode(item) for item in thing]
    if isinstance(thing, list):
        return {"list": [encode(item) for item in thing]}
    if isinstance(thing, dict):
        return {"dict": [[encode(key), encode(item)] for key, item in thing.items()]}
    if isinstance(thing, slice):
        return {"slice": [encode(part) for part in (thing.start, thing.stop, thing.step)]}
    return {"complex": [encode(thing.real), encode(thing.imag)]}  # `plain` left nothing else


class _Pool:
    """Things that occur many times, each written once: a key -> its number."""

    def __init__(self) -> None:
        self.written: list[Any] = []
        self._numbers: dict[Any, int] = {}

    def add(self, thing: Any) -> int:
        """The number of a text or a shape."""
        number = self._numbers.get(thing)
        if number is None:
            number = self._numbers[thing] = len(self.written)
            self.written.append(thing)
        return number

    def add_data(self, thing: Any) -> int:
        """The number of arguments or settings. ``1``, ``1.0`` and ``True`` are three things."""
        whole = plain(thing)
        key = repr(whole)
        number = self._numbers.get(key)
        if number is None:
            number = self._numbers[key] = len(self.written)
            self.written.append(encode(whole))
        return number


class _Writer:
    """One graph on its way into columns."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.texts, self.shapes, self.data = _Pool(), _Pool(), _Pool()
        self.ops: list[Op] = []
        self.parents: list[int] = []
        self._gather(graph.ops, -1)
        self.values = list(graph.values)
        self.op_row = {op: row for row, op in enumerate(self.ops)}
        self.value_row = {value: row for row, value in enumerate(self.values)}
        self.call_row = {call: row for row, call in enumerate(graph.calls)}

    def _gather(self, ops: Iterable[Op], parent: int) -> None:
        """The ops of the graph first, then the ops below them, level by level."""
        level = [(op, parent) for op in ops]
        while level:
            first = len(self.ops)
            self.ops.extend(op for op, _ in level)
            self.parents.extend(above for _, above in level)
            level = [(child, first + k) for k, (op, _) in enumerate(level) for child in op.children]

    def document(self) -> dict[str, Any]:
        graph = self.graph
        tables = {
            "values": self._values_table(),
            "calls": self._calls_table(),
            "ops": self._ops_table(),
        }
        return {
            "format": FORMAT,
            "version": VERSION,
            "name": graph.name,
            "module": graph.module,
            "mode": graph.mode,
            "level": graph.level,
            "parameters": graph.parameters,
            "notes": list(graph.notes),
            "inputs": self._rows(graph.inputs),
            "outputs": self._rows(graph.outputs),
            "output_names": list(graph.output_names),
            "texts": self.texts.written,
            "shapes": [None if shape is None else list(shape) for shape in self.shapes.written],
            "data": self.data.written,
            **tables,
        }

    def _values_table(self) -> dict[str, list[Any]]:
        text, shape, values = self.texts.add, self.shapes.add, self.values
        return {
            "shape": [shape(value.shape) for value in values],
            "dtype": [text(value.dtype) for value in values],
            "device": [text(value.device) for value in values],
            "kind": [text(value.kind) for value in values],
            "name": [text(value.name) for value in values],
            "aliases": [[text(name) for name in value.aliases] for value in values],
            "producer": [self._producer(value) for value in values],
            "requires_grad": [int(value.requires_grad) for value in values],
        }

    def _calls_table(self) -> dict[str, list[Any]]:
        text, data, calls = self.texts.add, self.data.add_data, self.graph.calls
        return {
            "path": [text(call.path) for call in calls],
            "module": [text(call.module) for call in calls],
            "builtin": [int(call.builtin) for call in calls],
            "parent": [self._call(call.parent) for call in calls],
            "repetition": [call.repetition for call in calls],
            "settings": [data(call.settings) for call in calls],
            "parameters": [call.parameters for call in calls],
            "training": [int(call.training) for call in calls],
            "inputs": [self._rows(call.inputs) for call in calls],
            "outputs": [self._rows(call.outputs) for call in calls],
        }

    def _ops_table(self) -> dict[str, list[Any]]:
        text, data, ops = self.texts.add, self.data.add_data, self.ops
        return {
            "name": [text(op.name) for op in ops],
            "call": [self._call(op.call) for op in ops],
            "inputs": [self._rows(op.inputs) for op in ops],
            "outputs": [self._rows(op.outputs) for op in ops],
            "arguments": [data(op.arguments) for op in ops],
            "options": [data(op.options) for op in ops],
            "function": [text(op.function) for op in ops],
            "source": [[text(op.source[0]), op.source[1]] if op.source else None for op in ops],
            "flags": [[text(flag) for flag in sorted(op.flags)] for op in ops],
            "elapsed_s": [None if op.elapsed_s is None else encode(op.elapsed_s) for op in ops],
            "index": [op.index for op in ops],
            "parent": self.parents,
        }

    def _rows(self, values: Iterable[Value]) -> list[int]:
        return [self._row(value) for value in values]

    def _row(self, value: Value) -> int:
        row = self.value_row.get(value)
        if row is None:
            raise FormatError(
                "a graph refers to a value that is none of its own.",
                where=repr(value),
                hint="every value of ops, calls, inputs and outputs stands in graph.values",
            )
        return row

    def _producer(self, value: Value) -> int:
        return -1 if value.producer is None else self.op_row[value.producer]

    def _call(self, call: Call | None) -> int:
        return -1 if call is None else self.call_row[call]


__all__ = ["FORMAT", "VERSION", "encode", "from_dict", "load", "to_dict", "to_json"]
