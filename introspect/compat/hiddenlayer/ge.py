"""hiddenlayer's graph expressions: text -> a pattern, and a pattern on a graph -> nodes.

``A > B`` is one after the other, ``A | B`` is side by side between the same two nodes, parentheses
group. Names are compared exactly with ``node.op``; a condition ``[1x1]`` or ``[3x3]`` is read
and, as in hiddenlayer, not looked at.

Not here: what is done with the nodes found (``transforms``).
"""

import re
from collections.abc import Sequence
from typing import Any, Protocol


class Pattern(Protocol):
    """Anything that finds itself in a graph, beginning at a node."""

    def match(self, graph: Any, node: Any) -> tuple[list[Any], Any]:
        """The nodes found and what follows them; ``([], None)`` if it is not there."""


class GEParser:
    """Reads one expression.

    Attributes:
        index: Where the next token begins.
        text: What is read.

    Example:
        >>> [step.op for step in GEParser("Conv > BatchNorm > Relu").parse().patterns]
        ['Conv', 'BatchNorm', 'Relu']
    """

    def __init__(self, text: str) -> None:
        self.index = 0
        self.text = text

    def parse(self) -> Any:
        """The pattern at the index, or None."""
        return self.serial() or self.parallel() or self.expression()

    def parallel(self) -> "ParallelPattern | None":
        """Two or more expressions with ``|`` between."""
        found = self._listed("|")
        return ParallelPattern(found) if found else None

    def serial(self) -> "SerialPattern | None":
        """Two or more expressions with ``>`` between."""
        found = self._listed(">")
        return SerialPattern(found) if found else None

    def _listed(self, sign: str) -> list[Any]:
        """Expressions with a sign between; one alone is none, and is read again."""
        index = self.index
        found: list[Any] = []
        while not found or self.token(sign):
            one = self.expression()
            if not one:
                break
            found.append(one)
        if len(found) < 2:
            self.index = index
            return []
        return found

    def expression(self) -> Any:
        """A name, or anything in parentheses."""
        index = self.index
        if self.token("("):
            inner = self.serial() or self.parallel() or self.op()
            if inner and self.token(")"):
                return inner
        self.index = index
        return self.op()

    def op(self) -> "NodePattern | None":
        """A name and perhaps a condition."""
        name = self.re(r"\w+")
        return NodePattern(name, self.condition()) if name else None

    def condition(self) -> str | None:
        """``[1x1]`` or ``[3x3]``."""
        index = self.index
        if self.token("["):
            size = self.token("1x1") or self.token("3x3")
            if size and self.token("]"):
                return size
        self.index = index
        return None

    def token(self, s: str) -> str | None:
        """These signs, with any space around."""
        return self.re(r"\s*(" + re.escape(s) + r")\s*", 1)

    def string(self, s: str) -> str | None:
        """These signs exactly."""
        if self.text.startswith(s, self.index):
            self.index += len(s)
            return s
        return None

    def re(self, regex: str, group: int = 0) -> str | None:
        """What a regular expression finds at the index, which moves behind it."""
        found = re.match(regex, self.text[self.index :])
        if found is None:
            return None
        self.index += found.end()
        return found.group(group)


class NodePattern:
    """One node, by its op."""

    def __init__(self, op: str, condition: str | None = None) -> None:
        self.op = op
        self.condition = condition

    def match(self, graph: Any, node: Any) -> tuple[list[Any], Any]:
        """The node, and the nodes behind it (itself and not a list, if there is one)."""
        if isinstance(node, list) or node is None or self.op != node.op:
            return [], None
        following = graph.outgoing(node)
        return [node], following[0] if len(following) == 1 else following


class SerialPattern:
    """Patterns one after the other."""

    def __init__(self, patterns: Sequence[Pattern]) -> None:
        self.patterns = list(patterns)

    def match(self, graph: Any, node: Any) -> tuple[list[Any], Any]:
        """All nodes of all patterns, and what follows the last."""
        found: list[Any] = []
        following = node
        for pattern in self.patterns:
            matches, following = pattern.match(graph, following)
            if not matches:
                return [], None
            found.extend(matches)
        return found, following


class ParallelPattern:
    """Patterns side by side: as many branches, from the same nodes to one end."""

    def __init__(self, patterns: Sequence[Pattern]) -> None:
        self.patterns = list(patterns)

    def match(self, graph: Any, nodes: Any) -> tuple[list[Any], Any]:
        """The nodes of all branches, and the node where they end."""
        if not nodes:
            return [], None
        branches = list(nodes) if isinstance(nodes, list) else [nodes]
        if len(branches) == 1:  # one node stands for its siblings as well
            branches = graph.siblings(branches[0])
        else:
            parents = [set(graph.incoming(branch)) for branch in branches]
            if any(others != parents[0] for others in parents[1:]):
                return [], None
        if len(self.patterns) != len(branches):
            return [], None
        return self._in_any_order(graph, list(branches))

    def _in_any_order(self, graph: Any, branches: list[Any]) -> tuple[list[Any], Any]:
        found: list[Any] = []
        end: Any = None
        for pattern in self.patterns:
            for branch in branches:
                matches, following = pattern.match(graph, branch)
                if matches:
                    break
            else:
                return [], None
            branches.remove(branch)
            found.extend(matches)
            if end and end != following:
                return [], None
            end = end or following
        return found, end
