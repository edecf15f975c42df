"""Pattern text -> a tree of steps, and where it matches a flow of nodes.

========================  ==========================================================
``conv2d > relu``         one after the other; the first is read by the second alone
``linear | linear``       side by side: same sources, one common reader
``(a > b | c) > add``     parentheses; ``|`` binds more loosely than ``>``
``conv*``, ``conv?d``     wildcards in a name; ``*`` or ``?`` alone is any one node
``conv2d[3x3]``           a condition; several are separated by commas
========================  ==========================================================

A matcher knows nothing of graphs: it asks a `Flow` who reads whom. Where hiddenlayer's
patterns overlap with these, they mean the same.

Cost: matching visits each node once for every step that fits it.

Not here: what a condition means (``conditions``), the flow of a Graph (``flow``), what is done
with a match (``transform``).
"""

import re
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Generic, Protocol, TypeVar

from introspect.errors import FormatError

GRAMMAR = (
    "conv2d > relu (in a row), linear | linear (side by side), parentheses, "
    "conv* (any such name), * (any one), conv2d[3x3, stride=2] (conditions)"
)


@dataclass(frozen=True, slots=True)
class Condition:
    """``key=value`` in brackets; ``3x3`` alone is ``kernel=3x3``."""

    key: str
    value: str


@dataclass(frozen=True, slots=True)
class Step:
    """One node: a name with wildcards, and what must hold for it."""

    name: str
    conditions: tuple[Condition, ...] = ()

    @property
    def is_any(self) -> bool:
        """Whether the name says nothing."""
        return self.name in {"*", "?"}

    def names(self, word: str) -> bool:
        """Whether the name fits a word; upper and lower case differ."""
        return self.is_any or fnmatchcase(word, self.name)


@dataclass(frozen=True, slots=True)
class Serial:
    """Parts in a row."""

    parts: "tuple[Pattern, ...]"


@dataclass(frozen=True, slots=True)
class Parallel:
    """Branches side by side."""

    branches: "tuple[Pattern, ...]"


Pattern = Step | Serial | Parallel
Node = TypeVar("Node", bound=Hashable)


def steps(pattern: Pattern) -> Iterator[Step]:
    """Every step of a pattern, from left to right."""
    if isinstance(pattern, Step):
        yield pattern
    else:
        for part in pattern.parts if isinstance(pattern, Serial) else pattern.branches:
            yield from steps(part)


# ------------------------------------------------------------------------ parsing

_TOKEN = re.compile(r"\s*(?:(?P<name>[\w.:*?]+)|(?P<sign>[>|()\[]))")


def parse(text: str) -> Pattern:
    """The tree of a pattern.

    Args:
        text: See the table above.

    Raises:
        FormatError: With the place where the text stops making sense, and the grammar.

    Example:
        >>> parse("conv2d[3x3] > relu")
        Serial(parts=(Step(name='conv2d', conditions=(Condition(key='kernel', value='3x3'),)),
                      Step(name='relu', conditions=())))
    """
    parser = _Parser(text)
    pattern = parser.parallel()
    if parser.sign or parser.name:
        raise parser.error("expected the end, '>' or '|'")
    return pattern


class _Parser:
    """Recursive descent over one line of text; `name` or `sign` is the next token."""

    def __init__(self, text: str) -> None:
        if not isinstance(text, str):
            raise FormatError(
                "a pattern is a text.", given=f"a {type(text).__name__}", hint=GRAMMAR
            )
        self.text = text
        self.start = self.end = 0
        self.name = self.sign = ""
        self.advance()

    def advance(self) -> None:
        found = _TOKEN.match(self.text, self.end)
        if found is None:
            self.start = self.end + len(self.text[self.end :]) - len(self.text[self.end :].lstrip())
            self.name = self.sign = ""
            if self.start < len(self.text):
                raise self.error("this sign has no meaning here")
            self.end = self.start
            return
        self.name, self.sign = found["name"] or "", found["sign"] or ""
        self.end = found.end()
        self.start = self.end - len(self.name or self.sign)

    def error(self, what: str, *, start: int | None = None) -> FormatError:
        place = self.start if start is None else start
        at = "its end" if place >= len(self.text) else f"character {place + 1}"
        return FormatError(
            f"a pattern cannot be read: {what}.",
            where=f"{at} of {self.text!r}",
            given=repr(self.text[place:]) if place < len(self.text) else "nothing more",
            hint=GRAMMAR,
        )

    def parallel(self) -> Pattern:
        branches = [self.serial()]
        while self.sign == "|":
            self.advance()
            branches.append(self.serial())
        return branches[0] if len(branches) == 1 else Parallel(tuple(branches))

    def serial(self) -> Pattern:
        parts = [self.expression()]
        while self.sign == ">":
            self.advance()
            parts.append(self.expression())
        return parts[0] if len(parts) == 1 else Serial(tuple(parts))

    def expression(self) -> Pattern:
        if self.sign == "(":
            self.advance()
            inner = self.parallel()
            if self.sign != ")":
                raise self.error("expected ')'")
            self.advance()
            return inner
        if not self.name:
            raise self.error("expected a name or '('")
        name = self.name
        self.advance()
        return Step(name, self.conditions() if self.sign == "[" else ())

    def conditions(self) -> tuple[Condition, ...]:
        start = self.start
        close = self.text.find("]", start)
        if close < 0:
            raise self.error("this '[' is never closed")
        found = []
        for part in self.text[start + 1 : close].split(","):
            key, equals, value = (word.strip() for word in part.partition("="))
            if not key or (equals and not value):
                raise self.error("expected a condition such as 3x3 or stride=2", start=start)
            found.append(Condition(key, value) if equals else Condition("kernel", key))
        self.end = close + 1
        self.advance()
        return tuple(found)


# ----------------------------------------------------------------------- matching


class Flow(Protocol[Node]):
    """Who reads whom. A reader that no step can name stands for the output of the graph."""

    def fits(self, node: Node, step: Step) -> bool:
        """Whether a node is what a step names."""
        ...

    def readers(self, node: Node) -> Sequence[Node]:
        """The nodes that read its results, each once."""
        ...

    def siblings(self, node: Node) -> Sequence[Node]:
        """The nodes with the same sources, the node itself among them."""
        ...


@dataclass(frozen=True, slots=True)
class Match(Generic[Node]):
    """What a pattern covered, and who reads its results."""

    nodes: tuple[Node, ...]
    following: tuple[Node, ...]


def match(pattern: Pattern, flow: Flow[Node], starts: Sequence[Node]) -> Match[Node] | None:
    """The match of `pattern` that begins at exactly these nodes, or None.

    Args:
        pattern: As parsed.
        flow: The nodes and their readers.
        starts: Where it begins. A serial pattern needs one; a parallel one as many as it has
            branches (from one node it looks at the siblings).
    """
    if isinstance(pattern, Serial):
        return _match_serial(pattern, flow, starts)
    if isinstance(pattern, Parallel):
        return _match_parallel(pattern, flow, starts)
    if len(starts) != 1 or not flow.fits(starts[0], pattern):
        return None
    return Match((starts[0],), tuple(flow.readers(starts[0])))


def _match_serial(pattern: Serial, flow: Flow[Node], starts: Sequence[Node]) -> Match[Node] | None:
    nodes: tuple[Node, ...] = ()
    for part in pattern.parts:
        found = match(part, flow, starts)
        if found is None or set(found.nodes) & set(nodes):
            return None
        nodes += found.nodes
        starts = found.following
    return Match(nodes, tuple(starts))


def _match_parallel(
    pattern: Parallel, flow: Flow[Node], starts: Sequence[Node]
) -> Match[Node] | None:
    if len(starts) == 1:
        starts = flow.siblings(starts[0])
    if len(starts) != len(pattern.branches):
        return None
    wanted = flow.siblings(starts[0])
    if any(node not in wanted for node in starts):
        return None
    found = _assign(pattern.branches, flow, list(starts))
    if found is None:
        return None
    ends = found[0].following
    if len(ends) != 1 or any(part.following != ends for part in found):
        return None
    nodes = tuple(node for part in found for node in part.nodes)
    return Match(nodes, ends) if len(set(nodes)) == len(nodes) else None


def _assign(
    branches: Sequence[Pattern], flow: Flow[Node], free: list[Node]
) -> list[Match[Node]] | None:
    """One start for each branch, in any order: hiddenlayer tried only the first that fits."""
    if not branches:
        return []
    for node in free:
        found = match(branches[0], flow, [node])
        if found is not None:
            rest = _assign(branches[1:], flow, [other for other in free if other is not node])
            if rest is not None:
                return [found, *rest]
    return None
