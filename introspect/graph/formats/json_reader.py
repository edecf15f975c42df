"""The columns of a graph file -> Graph. Every number is checked before it is used.

A file may come from anywhere. What is wrong in it is named by its place, ``ops.inputs[17]``,
in a FormatError; nothing else is raised, whatever the file holds.

Not here: how it is written (``introspect.graph.formats.json``).
"""

from collections.abc import Mapping, Sequence
from typing import Any, get_args

from introspect.errors import FormatError
from introspect.graph.formats.json_columns import Table, decode
from introspect.nouns.graph import Call, Flag, Graph, Op, Value, ValueKind

_KINDS = frozenset(get_args(ValueKind))
_FLAGS = frozenset(get_args(Flag))


def read_graph(document: Any, *, where: str = "") -> Graph:
    """The graph of a document.

    Args:
        document: As ``json.loads`` returned it.
        where: The file's name, for messages.

    Raises:
        FormatError: Naming what is wrong.
    """
    reader = _Reader(where)
    if not isinstance(document, Mapping) or document.get("format") != "introspect.graph":
        given = type(document).__name__
        if isinstance(document, Mapping):
            given = f"format {document.get('format')!r}"
        raise FormatError(
            "this is no graph of introspect.",
            where=where or None,
            given=given,
            hint='a file written by graph.save("x.json"), or a dict of graph.to_dict()',
        )
    version = document.get("version")
    if version != 1 or isinstance(version, bool):
        raise FormatError(
            "this graph has a version that this introspect cannot read.",
            where=where or None,
            given=f"version {version!r}",
            hint="version 1; a newer introspect reads what a newer one wrote",
        )
    try:
        return reader.graph(document)
    except FormatError:
        raise
    except (TypeError, ValueError, LookupError, AttributeError, RecursionError) as error:
        raise reader.damaged("something in it", "has a wrong type", error) from error


class _Reader:
    """Columns -> nouns, in one pass."""

    def __init__(self, where: str) -> None:
        self.where = where
        self.texts: list[str] = []
        self.shapes: list[tuple[int, ...] | None] = []
        self.data: list[Any] = []

    def damaged(self, place: str, what: str, cause: BaseException | None = None) -> FormatError:
        """The error for a place in the document."""
        place = f"{place} in {self.where}" if self.where else place
        return FormatError(
            "a graph file is damaged.", where=place, given=what, cause=cause, hint="save it again"
        )

    def graph(self, document: Mapping[str, Any]) -> Graph:
        self.texts = [self._text(t, f"texts[{k}]") for k, t in self._list(document, "texts")]
        self.shapes = [self._shape(s, f"shapes[{k}]") for k, s in self._list(document, "shapes")]
        self.data = [decode(d, f"data[{k}]", self.damaged) for k, d in self._list(document, "data")]
        values = self._values(Table(document, "values", self.damaged))
        calls_table = Table(document, "calls", self.damaged)
        ops_table = Table(document, "ops", self.damaged)
        calls = self._calls(calls_table, values)
        ops, listed = self._ops(ops_table, values, calls)
        producers = Table(document, "values", self.damaged).rows("producer", len(ops), none=True)
        for value, row in zip(values, producers, strict=True):
            if row is not None:  # values come before the ops that make them
                object.__setattr__(value, "producer", ops[row])
        names = self._texts_of(document, "output_names")
        outputs = self._value_rows(document, "outputs", values)
        if len(names) != len(outputs):
            raise self.damaged("output_names", f"{len(names)} names of {len(outputs)} outputs")
        return Graph(
            name=self._text(document.get("name"), "name"),
            module=self._text(document.get("module"), "module"),
            ops=tuple(ops[:listed]),
            values=tuple(values),
            calls=tuple(calls),
            inputs=self._value_rows(document, "inputs", values),
            outputs=outputs,
            output_names=names,
            parameters=self._int(document.get("parameters"), "parameters"),
            mode=self._one_of(document, "mode", ("real", "fake")),
            level=self._one_of(document, "level", ("function", "aten", "module")),
            notes=self._texts_of(document, "notes"),
        )

    # ---------------------------------------------------------------------- tables

    def _values(self, table: Table) -> list[Value]:
        columns = zip(
            table.pooled("shape", self.shapes),
            table.pooled("dtype", self.texts),
            table.pooled("device", self.texts),
            table.pooled("kind", self.texts, allowed=_KINDS),
            table.pooled("name", self.texts),
            table.lists("aliases", self.texts),
            table.truths("requires_grad"),
            strict=True,
        )
        return [
            Value(
                index=index,
                shape=shape,
                dtype=dtype,
                device=device,
                kind=kind,
                name=name,
                aliases=aliases,
                requires_grad=requires_grad,
            )
            for index, (shape, dtype, device, kind, name, aliases, requires_grad) in enumerate(
                columns
            )
        ]

    def _calls(self, table: Table, values: Sequence[Value]) -> list[Call]:
        columns = zip(
            table.pooled("path", self.texts),
            table.pooled("module", self.texts),
            table.truths("builtin"),
            table.rows("parent", table.size, none=True, before=True),
            table.numbers("repetition"),
            table.pooled("settings", self.data, kind=dict),
            table.numbers("parameters"),
            table.truths("training"),
            table.lists("inputs", values),
            table.lists("outputs", values),
            strict=True,
        )
        calls: list[Call] = []
        for index, row in enumerate(columns):
            path, module, builtin, parent, repetition, settings, parameters, training = row[:8]
            calls.append(
                Call(
                    index=index,
                    path=path,
                    module=module,
                    builtin=builtin,
                    parent=None if parent is None else calls[parent],
                    repetition=repetition,
                    settings=dict(settings),
                    parameters=parameters,
                    training=training,
                    inputs=row[8],
                    outputs=row[9],
                )
            )
        return calls

    def _ops(
        self, table: Table, values: Sequence[Value], calls: Sequence[Call]
    ) -> tuple[list[Op], int]:
        """All ops, and how many of them are the graph's own: those come first."""
        parents = table.rows("parent", table.size, none=True, before=True)
        columns = zip(
            table.numbers("index"),
            table.pooled("name", self.texts),
            table.rows("call", len(calls), none=True),
            table.lists("inputs", values),
            table.lists("outputs", values),
            table.pooled("arguments", self.data, kind=tuple),
            table.pooled("options", self.data, kind=dict),
            table.pooled("function", self.texts),
            table.column("source", self._source),
            table.lists("flags", self.texts, allowed=_FLAGS),
            table.column("elapsed_s", self._seconds),
            strict=True,
        )
        ops = [
            Op(
                index=index,
                name=name,
                call=None if call is None else calls[call],
                inputs=inputs,
                outputs=outputs,
                arguments=arguments,
                options=dict(options),
                function=function,
                source=source,
                flags=frozenset(flags),
                elapsed_s=elapsed_s,
            )
            for (
                index,
                name,
                call,
                inputs,
                outputs,
                arguments,
                options,
                function,
                source,
                flags,
                elapsed_s,
            ) in columns
        ]
        children: dict[int, list[Op]] = {}
        for op, parent in zip(ops, parents, strict=True):
            if parent is not None:
                children.setdefault(parent, []).append(op)
        for parent, below in children.items():
            object.__setattr__(ops[parent], "children", tuple(below))
        listed = sum(parent is None for parent in parents)
        if None in parents[listed:]:
            raise self.damaged("ops.parent", "ops of the graph after ops below them")
        return ops, listed

    # ----------------------------------------------------------------- single things

    def _list(self, document: Mapping[str, Any], name: str) -> Any:
        found = document.get(name)
        if not isinstance(found, list):
            raise self.damaged(name, "missing" if found is None else type(found).__name__)
        return enumerate(found)

    def _text(self, found: Any, place: str) -> str:
        if not isinstance(found, str):
            raise self.damaged(place, f"{found!r:.60} instead of a text")
        return found

    def _int(self, found: Any, place: str) -> int:
        if not isinstance(found, int) or isinstance(found, bool):
            raise self.damaged(place, f"{found!r:.60} instead of a whole number")
        return found

    def _one_of(self, document: Mapping[str, Any], name: str, known: tuple[str, ...]) -> Any:
        if document.get(name) not in known:
            raise self.damaged(name, f"{document.get(name)!r:.60}, none of {', '.join(known)}")
        return document[name]

    def _texts_of(self, document: Mapping[str, Any], name: str) -> tuple[str, ...]:
        return tuple(self._text(t, f"{name}[{k}]") for k, t in self._list(document, name))

    def _value_rows(
        self, document: Mapping[str, Any], name: str, values: Sequence[Value]
    ) -> tuple[Value, ...]:
        found = [row for _, row in self._list(document, name)]
        for place, row in enumerate(found):
            if type(row) is not int or not 0 <= row < len(values):
                raise self.damaged(f"{name}[{place}]", f"{row!r:.60}, no row of values")
        return tuple(values[row] for row in found)

    def _shape(self, found: Any, place: str) -> tuple[int, ...] | None:
        if found is None:
            return None
        if not isinstance(found, list):
            raise self.damaged(place, f"{found!r:.60} instead of sizes")
        return tuple(self._int(size, place) for size in found)

    def _source(self, found: Any, place: str) -> tuple[str, int] | None:
        if found is None:
            return None
        if not isinstance(found, list) or len(found) != 2:
            raise self.damaged(place, f"{found!r:.60} instead of file and line")
        file, line = (self._int(part, place) for part in found)
        if not 0 <= file < len(self.texts):
            raise self.damaged(place, f"{file}, no row of texts")
        return self.texts[file], line

    def _seconds(self, found: Any, place: str) -> float | None:
        seconds = decode(found, place, self.damaged)
        if seconds is not None and not isinstance(seconds, float):
            raise self.damaged(place, f"{found!r:.60} instead of seconds")
        return seconds
