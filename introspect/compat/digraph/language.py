"""DOT text -> nodes and edges with their attributes.

Reads what the package graphviz writes and what people write by hand: quoted, HTML-like and
plain names, attribute lists, defaults, chains ``a -> b -> c``, subgraphs as ends of edges,
comments.

Format: https://graphviz.org/doc/info/lang.html

Cost: 10 us a statement. Not here: ports, which are read and dropped.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from introspect.errors import FormatError

_TOKEN = re.compile(
    r"""(?P<space>\s+|//[^\n]*|/\*.*?\*/|(?m:^)\#[^\n]*)
    |(?P<quoted>"(?:[^"\\]|\\.)*")
    |(?P<mark>->|--|[{}\[\];,=:+])
    |(?P<word>[A-Za-z_\u0080-\U0010ffff][\w\u0080-\U0010ffff]*|-?(?:\.\d+|\d+(?:\.\d*)?))
    |(?P<html><)""",
    re.VERBOSE | re.DOTALL,
)
_KINDS = ("graph", "node", "edge")


@dataclass(slots=True, eq=False)
class Frame:
    """A subgraph.

    Attributes:
        name: ``"cluster_0"``, or nothing.
        parent: The subgraph that it stands in.
        attributes: Its own.
    """

    name: str = ""
    parent: "Frame | None" = None
    attributes: dict[str, str] = field(default_factory=dict)

    @property
    def is_cluster(self) -> bool:
        """Whether Graphviz draws a frame around it."""
        return self.name.startswith("cluster") or self.attributes.get("cluster") == "true"


@dataclass(slots=True)
class Statements:
    """What a DOT text says.

    Attributes:
        graph: Attributes of the graph.
        nodes: Name to attributes, in the order in which they were first named.
        edges: Tail, head and attributes, in order.
        strict: Whether edges between the same two nodes are one.
        frame_of: Name of a node to the innermost cluster that named it first.
    """

    graph: dict[str, str] = field(default_factory=dict)
    nodes: dict[str, dict[str, str]] = field(default_factory=dict)
    edges: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    strict: bool = False
    frame_of: dict[str, Frame] = field(default_factory=dict)


def read(source: str) -> Statements:
    """The statements of one graph.

    Args:
        source: In the DOT language.

    Raises:
        FormatError: If it is not; says what stands where it stops making sense.

    Example:
        >>> found = read('digraph { a [label="two words"]; a -> b -> c [style=dashed] }')
        >>> found.nodes["a"], [(tail, head) for tail, head, _ in found.edges]
        ({'label': 'two words'}, [('a', 'b'), ('b', 'c')])
    """
    return _Reader(list(_tokens(source))).graph()


def _tokens(source: str) -> Iterator[tuple[str, str]]:
    """Kind and text of each token: ``mark``, ``word``, ``text`` (was quoted), ``html``."""
    place = 0
    while place < len(source):
        found = _TOKEN.match(source, place)
        if found is None:
            raise _no_sense(source[place : place + 30])
        place = found.end()
        kind, text = str(found.lastgroup), found.group()
        if kind == "html":
            place = _html_end(source, place)
            yield "html", source[found.end() : place - 1]
        elif kind == "quoted":
            yield "text", re.sub(r"\\(\"|\n)", lambda m: '"' if m[1] == '"' else "", text[1:-1])
        elif kind != "space":
            yield kind, text


def _html_end(source: str, place: int) -> int:
    """Behind the ``>`` that closes an HTML-like text."""
    depth = 1
    for found in re.compile(r"[<>]").finditer(source, place):
        depth += 1 if found.group() == "<" else -1
        if not depth:
            return found.end()
    raise _no_sense(source[place - 1 : place + 30])


def _no_sense(rest: str) -> FormatError:
    return FormatError(
        "this is not the DOT language.",
        given=repr(rest),
        hint="digraph { a -> b }: https://graphviz.org/doc/info/lang.html",
    )


@dataclass(slots=True)
class _Scope:
    """What holds inside one pair of braces: defaults, and the names that were met."""

    node: dict[str, str]
    edge: dict[str, str]
    graph: dict[str, str]
    names: dict[str, None] = field(default_factory=dict)
    frame: Frame | None = None


class _Reader:
    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self._tokens = tokens
        self._next = 0
        self._found = Statements()
        self._frames: dict[str, Frame] = {}

    def graph(self) -> Statements:
        self._found.strict = self._is_word("strict")
        if not (self._is_word("digraph") or self._is_word("graph")):
            raise self._lost()
        if self._kind() not in {"mark", "end"}:
            self._next += 1  # its name
        scope = _Scope({}, {}, self._found.graph)
        self._braces([scope])
        return self._found

    def _braces(self, scopes: list[_Scope]) -> None:
        """Statements up to the closing brace of the first scope; a stack, and no recursion."""
        self._expect("{")
        bottom = len(scopes)
        heads: list[list[list[str]]] = [[]]
        while len(scopes) >= bottom:
            scope = scopes[-1]
            if self._is_mark(";") or self._is_mark(","):
                continue
            if self._is_mark("}"):
                scopes.pop()
                if len(scopes) < bottom:
                    return
                heads.pop()
                if scope.frame is not None and scope.frame.is_cluster:
                    for name in scope.names:
                        self._found.frame_of.setdefault(name, scope.frame)
                scopes[-1].names.update(scope.names)
                self._chain(scopes[-1], [*heads[-1], list(scope.names)], scopes, heads)
                continue
            if self._opens():
                scopes.append(self._inner(scope))
                heads.append([])
                continue
            self._statement(scope, scopes, heads)

    def _statement(self, scope: _Scope, scopes: list[_Scope], heads: list[list[list[str]]]) -> None:
        kind, text = self._take()
        if kind in {"mark", "end"}:
            raise self._lost()
        if kind == "word" and text.lower() in _KINDS and self._peek() == "[":
            defaults: dict[str, str] = getattr(scope, text.lower())
            defaults.update(self._attributes())
        elif self._is_mark("="):
            scope.graph[text] = self._value()
        else:
            self._chain(scope, [*heads[-1], [self._node(scope, text)]], scopes, heads)

    def _chain(
        self,
        scope: _Scope,
        ends: list[list[str]],
        scopes: list[_Scope],
        heads: list[list[list[str]]],
    ) -> None:
        """The rest of a node or edge statement whose first ends were read."""
        heads[-1] = []
        while self._is_mark("->") or self._is_mark("--"):
            if self._opens():
                heads[-1] = ends
                scopes.append(self._inner(scope))
                heads.append([])
                return
            ends.append([self._node(scope, self._name())])
        attributes = self._attributes()
        if len(ends) == 1:
            if attributes and len(ends[0]) == 1:
                self._found.nodes[ends[0][0]].update(attributes)
            return
        for tails, tips in pairwise(ends):
            for tail in tails:
                self._found.edges += [(tail, tip, {**scope.edge, **attributes}) for tip in tips]

    def _opens(self) -> bool:
        """Whether a subgraph begins here; its brace and name are read later."""
        return self._peek() == "{" or (
            self._kind() == "word" and self._peek().lower() == "subgraph"
        )

    def _inner(self, outer: _Scope) -> _Scope:
        name = self._name() if self._is_word("subgraph") and self._peek() != "{" else ""
        frame = self._frames.get(name) if name else None
        if frame is None:  # one that was named before goes on
            frame = self._frames[name] = Frame(name, outer.frame)
        self._expect("{")
        return _Scope(dict(outer.node), dict(outer.edge), frame.attributes, frame=frame)

    def _node(self, scope: _Scope, name: str) -> str:
        while self._is_mark(":"):  # a port
            self._name()
        scope.names[name] = None
        if name not in self._found.nodes:
            self._found.nodes[name] = dict(scope.node)
        return name

    def _attributes(self) -> dict[str, str]:
        found: dict[str, str] = {}
        while self._is_mark("["):
            while not self._is_mark("]"):
                name = self._name()
                found[name] = self._value() if self._is_mark("=") else "true"
                if not self._is_mark(","):
                    self._is_mark(";")
        return found

    def _value(self) -> str:
        kind, text = self._take()
        if kind in {"mark", "end"}:
            raise self._lost()
        while self._is_mark("+"):
            text += self._take()[1]
        return f"<{text}>" if kind == "html" else text

    def _name(self) -> str:
        kind, text = self._take()
        if kind in {"mark", "end"}:
            raise self._lost()
        return text

    def _take(self) -> tuple[str, str]:
        token = self._tokens[self._next] if self._next < len(self._tokens) else ("end", "")
        self._next += 1
        return token

    def _peek(self) -> str:
        return self._tokens[self._next][1] if self._kind() not in {"end", "text"} else ""

    def _kind(self) -> str:
        return self._tokens[self._next][0] if self._next < len(self._tokens) else "end"

    def _is_mark(self, mark: str) -> bool:
        is_there = self._kind() == "mark" and self._peek() == mark
        self._next += is_there
        return is_there

    def _is_word(self, word: str) -> bool:
        is_there = self._kind() == "word" and self._peek().lower() == word
        self._next += is_there
        return is_there

    def _expect(self, mark: str) -> None:
        if not self._is_mark(mark):
            raise self._lost()

    def _lost(self) -> FormatError:
        rest = " ".join(text for _, text in self._tokens[max(self._next - 1, 0) :][:6])
        return _no_sense(rest or "the end of the text")
