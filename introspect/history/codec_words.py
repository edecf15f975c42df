"""Text, Table and Graph to and from bytes: one zlib stream of text.

Not here: the JSON of a graph (docs/formats/graph.md), which a Graph writes and reads itself.
"""

from typing import Any

from introspect.history.codec_records import (
    MOST_JSON_BYTES,
    deflate,
    inflate,
    json_bytes,
    parse_object,
    rows_of,
    strings_of,
)
from introspect.nouns.values import Table, Text


def keep_text(text: Text) -> Text:
    """Itself: nobody can change it."""
    return text


def encode_text(text: Text) -> bytes:
    """UTF-8; half of a surrogate pair like any other code point."""
    return deflate(text.text.encode("utf-8", "surrogatepass"))


def decode_text(payload: bytes) -> Text:
    """The Text of such bytes."""
    return Text(inflate(payload, MOST_JSON_BYTES).decode("utf-8", "surrogatepass"))


def keep_table(table: Table) -> Table:
    """Itself: nobody can change it."""
    return table


def encode_table(table: Table) -> bytes:
    """JSON of names and rows."""
    return deflate(json_bytes({"columns": table.columns, "rows": table.rows}))


def decode_table(payload: bytes) -> Table:
    """The Table of such JSON."""
    about = parse_object(inflate(payload))
    return Table(strings_of(about, "columns"), rows_of(about, "rows"))


def keep_graph(graph: Any) -> Any:
    """Itself: nobody can change it."""
    return graph


def encode_graph(graph: Any) -> bytes:
    """The JSON of docs/formats/graph.md."""
    return deflate(json_bytes(graph.to_dict()))


def decode_graph(payload: bytes) -> Any:
    """The Graph of such JSON. Needs no torch."""
    from introspect.nouns.graph import Graph  # noqa: PLC0415  only runs that hold one need it

    return Graph.from_dict(parse_object(inflate(payload)))
