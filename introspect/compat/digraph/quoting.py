"""Names and attributes -> DOT text, quoted as the package graphviz quotes them.

Format: https://graphviz.org/doc/info/lang.html
"""

import re
from collections.abc import Iterable, Mapping

_HTML = re.compile(r"<.*>$", re.DOTALL)
_PLAIN = re.compile(r"([a-zA-Z_][a-zA-Z0-9_]*|-?(\.[0-9]+|[0-9]+(\.[0-9]*)?))$")
_KEYWORDS = frozenset({"node", "edge", "graph", "digraph", "subgraph", "strict"})
_QUOTE = re.compile(r'((?:\\\\)*)\\?"')

Attributes = Mapping[str, object] | Iterable[tuple[str, object]]


def quote(identifier: str) -> str:
    r"""A name or value, in quotes if it needs them; ``<...>`` passes as an HTML-like label.

    Example:
        >>> quote("conv1"), quote("two words"), quote("-4.2"), quote("node"), quote("<<b>x</b>>")
        ('conv1', '"two words"', '-4.2', '"node"', '<<b>x</b>>')
    """
    if _HTML.match(identifier) and not _is_literal(identifier):
        return identifier
    if _PLAIN.match(identifier) and identifier.lower() not in _KEYWORDS:
        return identifier
    return '"' + _QUOTE.sub(r'\1\\"', identifier) + '"'


def _is_literal(identifier: str) -> bool:
    """Whether it is graphviz's own mark for text that only looks like HTML."""
    return type(identifier).__name__ == "NoHtml"


def quote_end(identifier: str) -> str:
    """An end of an edge, ``node[:port[:compass]]``.

    Example:
        >>> quote_end("my node:out:s")
        '"my node":out:s'
    """
    node, _, rest = identifier.partition(":")
    port, _, compass = rest.partition(":")
    return ":".join(
        [quote(node), *([quote(port)] if rest else []), *([compass] if compass else [])]
    )


def attribute_words(
    label: str | None, attributes: Mapping[str, object], more: Attributes | None = None
) -> str:
    """Attributes as ``key=value``, those of a plain mapping sorted by name; None is left out.

    Raises:
        TypeError: If a value is no text.
    """
    rows: list[tuple[str, object]] = [] if label is None else [("label", label)]
    for part in (attributes, more):
        if part:
            pairs = sorted(part.items()) if isinstance(part, Mapping) else part
            rows.extend((str(key), value) for key, value in pairs)
    words = []
    for key, value in rows:
        if value is None:
            continue
        if not isinstance(value, str):
            raise TypeError(f"attributes of DOT are text: {key}={value!r}, str({value!r}) would do")
        words.append(f"{quote(key)}={quote(value)}")
    return " ".join(words)


def attribute_list(
    label: str | None, attributes: Mapping[str, object], more: Attributes | None = None
) -> str:
    """The same in brackets, or nothing."""
    words = attribute_words(label, attributes, more)
    return f" [{words}]" if words else ""
