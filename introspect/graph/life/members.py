"""Boxes -> the parameters and modules that each stands for, of every member of a fold.

A folded box stands for siblings that are not in the picture. They are found by unfolding it:
the picture without folds has the same leaves in the same order, those of each member after
those of the member before. So both are walked side by side, the folded one over and over.

Parameters are those that the operations of a box read, and those of its modules. What no leaf
holds belongs to the innermost group around it.

Cost: two outlines of the graph, and 10 us a box.

Not here: what was recorded of them (``watched``).
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from introspect.graph.life.names import parameters_of
from introspect.graph.outline import Outline, open_outline
from introspect.graph.outline.box import Box
from introspect.graph.outline.labels import VIEWS, op_word
from introspect.graph.overlay_ops import BoxOps
from introspect.nouns.graph import Graph, Op, Value

_MOST_VIEWS = 4


@dataclass(slots=True)
class Held:
    """What one box holds, that no box inside it does.

    Attributes:
        times: How many members it stands for, those of the folds around it counted in.
        parameters: Names, a set for each member of a leaf; of a group one set.
        modules: Paths of modules whose outputs are made in it, likewise.
    """

    times: int = 1
    parameters: list[dict[str, None]] = field(default_factory=list)
    modules: list[dict[str, None]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Members:
    """What every box of an outline holds.

    Attributes:
        held: Box -> what it holds itself.
        loose: Parameters that no box holds, but the model as a whole.
    """

    held: Mapping[Box, Held]
    loose: tuple[str, ...]


def members_of(graph: Graph, drawn: Outline) -> Members:
    """What the boxes of an outline hold.

    Args:
        graph: As traced.
        drawn: Every group open (``open_outline``).

    Example:
        >>> import introspect, torch
        >>> model = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.Linear(3, 2))
        >>> graph = introspect.trace(model, torch.zeros(1, 2))
        >>> found = members_of(graph, open_outline(graph))
        >>> [list(names) for held in found.held.values() for names in held.parameters if names]
        [['0.weight', '0.bias'], ['1.weight', '1.bias']]
    """
    reader = _Reader(graph)
    unfolded = open_outline(graph, depth="all", fold=False)
    twins = _twins(drawn.root, unfolded.root)
    held: dict[Box, Held] = {}
    for box, alike in twins.items():
        found = [reader.of(twin) for twin in alike]
        held[box] = Held(
            len(found),
            _once([dict.fromkeys(parameters) for parameters, _ in found]),
            _once([dict.fromkeys(modules) for _, modules in found]),
        )
    groups = _groups(drawn.root)
    for group, times in groups.items():
        held[group] = Held(times, [{}], [{}])
    loose = _give_rest(graph, drawn.root, held, groups)
    return Members(held, loose)


def _twins(root: Box, plain: Box) -> dict[Box, list[Box]]:
    """Leaf of a folded tree -> the leaves of the unfolded one that it stands for."""
    leaves = [leaf for leaf in plain.leaves() if leaf.kind != "io"]
    walked = list(_unfolded(root, len(leaves)))
    found: dict[Box, list[Box]] = defaultdict(list)
    fits = len(walked) == len(leaves)
    for box, twin in zip(walked, leaves, strict=False):
        fits = fits and (box.kind, box.family) == (twin.kind, twin.family)
        found[box].append(twin)
    if fits:
        return dict(found)
    return {box: [box] for box in root.leaves() if box.kind != "io"}


def _unfolded(root: Box, most: int) -> Iterator[Box]:
    """The leaves in order, those of a folded box once for each member; at most one too many."""
    todo = [root]
    while todo and most >= 0:
        box = todo.pop()
        times = box.count if box.repeat is not None else 1
        if box.kind == "group":
            todo.extend(box.children[::-1] * min(times, most + 1))
        elif box.kind != "io":
            most -= times
            yield from [box] * min(times, times + most + 1)


def _once(found: list[dict[str, None]]) -> list[dict[str, None]]:
    """Members that all hold the same are one: the turns of a loop."""
    return found[:1] if all(one == found[0] for one in found) else found


def _groups(root: Box) -> dict[Box, int]:
    """Every group -> how many it stands for."""
    times: dict[Box, int] = {}
    for group in root.groups():
        around = times.get(group.parent, 1) if group.parent is not None else 1
        times[group] = around * (group.count if group.repeat is not None else 1)
    return times


class _Reader:
    """What an unfolded leaf holds."""

    def __init__(self, graph: Graph) -> None:
        self._finder = BoxOps(graph)
        self._parents = {call.parent for call in graph.calls}
        self._below: dict[str, list[str]] = defaultdict(list)
        for value in parameters_of(graph):
            for path in _paths_above(value.name):
                self._below[path].append(value.name)
        self._modules: dict[str, list[str]] = defaultdict(list)
        for call in graph.calls:
            for path in (call.path, *_paths_above(call.path)):
                self._modules[path].append(call.path)

    def of(self, leaf: Box) -> tuple[list[str], list[str]]:
        """Names of parameters and paths of modules."""
        ops: Iterable[Op] = self._finder.members(leaf)[0]
        read = [_behind_views(value) for op in ops for value in op.inputs]
        parameters = [v.name for v in read if v.kind == "parameter" and v.name]
        modules = [op.call.path for op in ops if op.call and op.call not in self._parents]
        if leaf.kind == "leaf":
            parameters += self._below.get(leaf.path, ())
            modules += self._modules.get(leaf.path, ())
        return parameters, modules


def _behind_views(value: Value) -> Value:
    """What a value is a view of: an expanded class token is the token."""
    for _ in range(_MOST_VIEWS):
        op = value.producer
        if op is None or not op.inputs or op_word(op.name) not in VIEWS:
            break
        value = op.inputs[0]
    return value


def _paths_above(name: str) -> Iterator[str]:
    """``"a.b"`` and ``"a"`` for ``"a.b.weight"``; the model itself for a name without dots."""
    path = name.rpartition(".")[0]
    if not path:
        yield ""
    while path:
        yield path
        path = path.rpartition(".")[0]


def _give_rest(
    graph: Graph, root: Box, held: Mapping[Box, Held], groups: Iterable[Box]
) -> tuple[str, ...]:
    """Give what no leaf holds to the innermost group of its name; what is left is loose."""
    known = {name for one in held.values() for names in one.parameters for name in names}
    run = {path for one in held.values() for paths in one.modules for path in paths}
    at = {group.path: group for group in groups if group is not root and group.path}
    loose = []
    for value in parameters_of(graph):
        if value.name in known:
            continue
        group = next((at[path] for path in _paths_above(value.name) if path in at), None)
        if group is None:
            loose.append(value.name)
        else:
            held[group].parameters[0][value.name] = None
    parents = {call.parent for call in graph.calls}
    for call in graph.calls:
        if call.path in run or call in parents:
            continue  # the output of a module that holds others is not added to theirs
        group = next((at[path] for path in _paths_above(call.path) if path in at), None)
        if group is not None:
            held[group].modules[0][call.path] = None
    return tuple(loose)
