"""hiddenlayer's transforms: a Graph -> a Graph with nodes folded, pruned or renamed.

Each ``apply`` returns a copy; the graph it was given stays as it is.

==================  =======================================================================
mended              what hiddenlayer 0.3 does
==================  =======================================================================
``Rename(name=)``   raises TypeError where a node has no name, as all imported ones
``FoldId``          loses a group whose key is the id of a node; raises for ids that are
                    numbers; forgets the output's shape
``Fold``            never ends if a pattern of one op folds to the same op
``FoldDuplicates``  never ends on an empty graph
``PruneBranch``     a recursion for each node of a branch
==================  =======================================================================

Cost: that of copying, and for each fold a search through all nodes.
"""

import copy
import re
from itertools import count
from typing import Any

from introspect.compat.hiddenlayer import ge
from introspect.compat.hiddenlayer.node import Node
from introspect.errors import FormatError

_KEEPS = ("__first__", "__last__")


def _pattern(text: str) -> Any:
    parser = ge.GEParser(text.strip())
    pattern = parser.parse()
    if pattern is None or parser.text[parser.index :].strip():
        raise FormatError(
            "this is no pattern.",
            given=repr(text),
            where=f"at {parser.text[parser.index :][:20]!r}",
            hint='"Conv > BatchNorm > Relu", "((ConvBn > Relu) | ConvBn) > Add"',
        )
    return pattern


class Fold:
    """Each match of a pattern becomes one node.

    Args:
        pattern: ``"Conv > BatchNorm > Relu"``.
        op: Of the new node; ``"__first__"`` or ``"__last__"`` keeps that node of the match.
        name: Its title; the titles of the match with ``>`` between, unless given.

    Raises:
        FormatError: If the pattern cannot be read to its end.
    """

    def __init__(self, pattern: str, op: str | None, name: str | None = None) -> None:
        self.pattern = _pattern(pattern)
        self.op = op
        self.name = name

    def apply(self, graph: Any) -> Any:
        """A copy with every match folded."""
        graph = copy.deepcopy(graph)
        done: set[Any] = set()
        while matches := self._next_match(graph, done):
            combo = self._folded(graph, matches)
            if len(matches) == 1 and combo.op == matches[0].op:
                done.add(graph.id(combo))  # or it would match for ever
            graph.replace(matches, combo)
        return graph

    def _next_match(self, graph: Any, done: set[Any]) -> list[Any]:
        for key, node in graph.nodes.items():
            if key not in done and (matches := self.pattern.match(graph, node)[0]):
                return matches
        return []

    def _folded(self, graph: Any, matches: list[Any]) -> Any:
        if self.op in _KEEPS:
            return matches[0 if self.op == "__first__" else -1]
        combo = Node(
            uid=graph.sequence_id(matches),
            name=self.name or " &gt; ".join(node.title for node in matches),
            op=self.op or self.pattern,
            output_shape=matches[-1].output_shape,
        )
        combo._caption = "/".join(filter(None, [node.caption for node in matches]))  # noqa: SLF001  hiddenlayer's name
        return combo


class FoldId:
    """Nodes whose ids have the same first group of a regular expression become one.

    Args:
        id_regex: Matched from the start of each id; needs a group.
        op: Of the new nodes.
        name: Their title; their op, unless given.

    Raises:
        FormatError: If the expression has no group.
    """

    def __init__(self, id_regex: str, op: str, name: str | None = None) -> None:
        self.id_regex = re.compile(id_regex)
        self.op = op
        self.name = name
        if not self.id_regex.groups:
            raise FormatError(
                "FoldId groups nodes by the first group of its expression, and there is none.",
                given=repr(id_regex),
                hint=r'FoldId(r"ResNet/(.+\[layer\d\])", "Layer")',
            )

    def apply(self, graph: Any) -> Any:
        """A copy with every group folded."""
        graph = copy.deepcopy(graph)
        groups: dict[str, list[Any]] = {}
        for key, node in graph.nodes.items():
            found = self.id_regex.match(str(key))
            if found:
                groups.setdefault(found.group(1), []).append(node)
        for key, nodes in groups.items():
            shapes = {node.output_shape for node in nodes if self._leaves(graph, node, nodes)}
            combo = Node(
                uid=_free(graph, key),
                name=self.name,
                op=self.op,
                output_shape=shapes.pop() if len(shapes) == 1 else None,
            )
            graph.replace(nodes, combo)
        return graph

    @staticmethod
    def _leaves(graph: Any, node: Any, nodes: list[Any]) -> bool:
        """Whether its result goes out of the group, or nowhere."""
        following = graph.outgoing(node)
        return not following or any(other not in nodes for other in following)


def _free(graph: Any, key: str) -> str:
    """The key, or another id if a node has it."""
    if key not in graph.nodes:
        return key
    return next(uid for k in count(2) if (uid := f"{key} ({k})") not in graph.nodes)


class Prune:
    """Each match of a pattern goes, with its edges."""

    def __init__(self, pattern: str) -> None:
        self.pattern = _pattern(pattern)

    def apply(self, graph: Any) -> Any:
        """A copy without the matches."""
        graph = copy.deepcopy(graph)
        while matches := graph.search(self.pattern)[0]:
            graph.remove(list(dict.fromkeys(matches)))
        return graph


class PruneBranch:
    """Each match of a pattern goes, and all that leads to nothing else."""

    def __init__(self, pattern: str) -> None:
        self.pattern = _pattern(pattern)

    def apply(self, graph: Any) -> Any:
        """A copy without the matches and their branches."""
        graph = copy.deepcopy(graph)
        while matches := graph.search(self.pattern)[0]:
            gone = dict.fromkeys(matches)
            todo = list(gone)
            while todo:
                for node in graph.incoming(todo.pop()):
                    if node not in gone and all(n in gone for n in graph.outgoing(node)):
                        gone[node] = None
                        todo.append(node)
            graph.remove([node for node in graph.nodes.values() if node in gone])
        return graph


class FoldDuplicates:
    """Chains of nodes with the same op become one node with a count."""

    def apply(self, graph: Any) -> Any:
        """A copy with every chain folded."""
        graph = copy.deepcopy(graph)
        while matches := self._next_pair(graph):
            first = matches[0]
            combo = Node(
                uid=graph.sequence_id(matches),
                name=first.name,
                op=first.op,
                output_shape=matches[-1].output_shape,
            )
            combo._caption = first.caption  # noqa: SLF001  hiddenlayer's name
            combo.repeat = sum(node.repeat for node in matches)
            graph.replace(matches, combo)
        return graph

    @staticmethod
    def _next_pair(graph: Any) -> list[Any]:
        for node in graph.nodes.values():
            same = ge.NodePattern(node.op)
            matches = ge.SerialPattern([same, same]).match(graph, node)[0]
            if len(set(map(graph.id, matches))) == 2:
                return matches
        return []


class Rename:
    r"""What a regular expression finds in ops or names is replaced.

    Args:
        op: Looked for in the op of each node; this or `name`, not both.
        name: Looked for in the name of each node that has one.
        to: What stands instead; ``\1`` is the first group.

    Raises:
        FormatError: If not exactly one of `op` and `name` is given, or `to` is missing.
    """

    def __init__(
        self, op: str | None = None, name: str | None = None, to: str | None = None
    ) -> None:
        if bool(op) == bool(name) or not to:
            raise FormatError(
                "Rename takes either op or name, and what to write instead.",
                given=f"op={op!r}, name={name!r}, to={to!r}",
                hint='Rename(op="Gemm", to="Linear")',
            )
        self.to = to
        self.op = re.compile(op) if op else None
        self.name = re.compile(name) if name else None

    def apply(self, graph: Any) -> Any:
        """A copy with new ops or names."""
        graph = copy.deepcopy(graph)
        for node in graph.nodes.values():
            if self.op:
                node.op = self.op.sub(self.to, node.op)
            if self.name and node.name is not None:
                node.name = self.name.sub(self.to, node.name)
        return graph


SIMPLICITY_TRANSFORMS = [
    Fold("Conv > Conv > BatchNorm > Relu", "ConvConvBnRelu"),
    Fold("Conv > BatchNorm > Relu", "ConvBnRelu"),
    Fold("Conv > BatchNorm", "ConvBn"),
    Fold("Conv > Relu", "ConvRelu"),
    Fold("Linear > Relu", "LinearRelu"),
    FoldDuplicates(),
]
"""What `build_graph` applies unless told otherwise."""
