"""AutogradGraph -> Outline: functions as boxes, from the loss down to the parameters.

Drawn against the arrows of the noun: gradients flow from the outputs to the leaves, so a
function's box reads the boxes of the functions that its result went to. Boxes stand in the
modules they are joined to, a parameter in the module it belongs to; without a join the
functions take the modules of the parameters that they read, and what lies between two of
one module is in it, too.

Cost: 10 us a function, then that of an outline. No recursion: 20,000 functions in a row are fine.

Not here: where things go and how they are painted (``introspect.graph.layout``, ``formats``).
"""

import heapq
import math
from collections import Counter
from collections.abc import Mapping, Sequence

from introspect.errors import FormatError
from introspect.graph.autograd.places import places
from introspect.graph.autograd.words import (
    arranges,
    function_family,
    listed,
    says,
    short,
    write_card,
)
from introspect.graph.outline import BUDGET, Outline
from introspect.graph.outline.box import Box
from introspect.graph.outline.choose import fits
from introspect.graph.outline.depth import Depth, choose_depth, dissolve
from introspect.graph.outline.fold import fold as fold_repeats
from introspect.graph.outline.fuse import merge_single
from introspect.graph.outline.labels import by_times
from introspect.graph.outline.seal import seal, write_cards
from introspect.nouns.autograd import AutogradGraph, AutogradNode

_FEW = 20  # boxes that say too little of a large graph
_MOST_LOOSE = 4  # functions of a module that are drawn without a border around them


class _Tree:
    """The boxes of a graph, while they are put into modules in the order of the gradients.

    A module that is left and entered again, as one that was called twice, gets a second
    group: so no group lies both before and after another.
    """

    def __init__(self, name: str) -> None:
        self.root = Box("group", name=name)
        self._open = [self.root]
        self._calls: dict[str, list[Box]] = {}

    def group(self, path: str) -> Box:
        """The open group of a module, made with those around it; others are left."""
        while len(self._open) > 1 and not f"{path}.".startswith(f"{self._open[-1].path}."):
            self._open.pop()
        around = self._open[-1]
        rest = path[len(around.path) + 1 :] if around.path else path
        for name in rest.split(".") if path != around.path else ():
            inner = f"{around.path}.{name}" if around.path else name
            around = around.add(Box("group", name=name, path=inner))
            self._open.append(around)
            self._calls.setdefault(inner, []).append(around)
        return around

    def number_calls(self) -> None:
        """Say of modules that were called several times which call it was; the last comes first."""
        for boxes in self._calls.values():
            for k, box in enumerate(boxes if len(boxes) > 1 else ()):
                box.call = len(boxes) - k


def outline(  # noqa: PLR0913  the options of a picture, each with its own default
    graph: AutogradGraph,
    *,
    depth: Depth = "auto",
    fold: bool = True,
    title: str | None = None,
    expand: Sequence[str] = (),
    collapse: Sequence[str] = (),
    show_attrs: bool = False,
    show_saved: bool = False,
    show_accumulate: bool = False,
    max_attr_chars: int = 50,
    color_by_family: bool = True,
    is_open: bool = False,
) -> Outline:
    """The outline of an autograd graph.

    Args:
        graph: As ``introspect.trace_backward`` returned it.
        depth: Levels of modules to open, ``"auto"`` (as many as fit), or ``"all"``.
        fold: Whether equal neighbours become one box.
        title: Of the picture; the graph's name if None.
        expand: Paths and patterns of modules to open whatever the depth.
        collapse: Those to draw as one card.
        show_attrs: Whether functions tell what they saved besides tensors.
        show_saved: Whether saved tensors are drawn.
        show_accumulate: Whether an accumulate node has a box of its own.
        max_attr_chars: Longer attributes are cut.
        color_by_family: Whether functions wear the colours of the operations they came from.
        is_open: Whether closed modules keep their boxes, for a viewer that opens them.

    Returns:
        A fresh tree.

    Raises:
        FormatError: If the graph was loaded from a file and has a cycle.

    Example:
        >>> import torch
        >>> from introspect.graph.backward import trace_backward
        >>> drawn = outline(trace_backward(torch.ones(2, requires_grad=True).exp().sum()))
        >>> [box.module or box.name for box in drawn.root.leaves()]
        ['output', 'SumBackward0', 'ExpBackward0', 'leaf']
    """
    write = _Writer(
        graph,
        show_attrs=show_attrs,
        show_accumulate=show_accumulate,
        max_attr_chars=max_attr_chars,
        color_by_family=color_by_family,
    )
    tree = write.tree
    boxes = write.boxes(show_saved=show_saved)
    _wire(graph, boxes)
    root = tree.root
    _choose(root, expand, "expand")
    _choose(root, collapse, "collapse")
    merge_single(root)
    if fold:
        fold_repeats(root)
        merge_single(root)
    if not write.is_grouped and depth == "auto":
        depth = "all"  # loose functions on one card would say nothing
    choose_depth(root, depth, budget=BUDGET)
    if depth == "auto":
        _open_more(root)
    if is_open:
        write_cards(root)
        for group in root.groups():
            write_card(group, tuple(group.leaves()))
    else:
        seal(root)
        for card in root.leaves():
            write_card(card, card.sealed_leaves)
        merge_single(root)
    dissolve(root)
    name = f"{graph.name} · backward" if graph.name else "backward"
    return Outline(
        root=root,
        title=name if title is None else title,
        subtitle=_subtitle(graph, root, guessed=write.is_guessed),
        batch=None,
    )


class _Writer:
    """Makes the box of each node."""

    def __init__(
        self,
        graph: AutogradGraph,
        *,
        show_attrs: bool,
        show_accumulate: bool,
        max_attr_chars: int,
        color_by_family: bool,
    ) -> None:
        self._graph = graph
        self._show_attrs = show_attrs
        self._show_accumulate = show_accumulate
        self._color_by_family = color_by_family
        self._width = max_attr_chars
        self._order = _in_order(graph)
        self._path, self.is_guessed = places(graph, self._order)
        self._open = _open_modules(self._path)
        self._gives = _gives(graph)
        self._weights = _weights(graph)
        self.tree = _Tree(graph.name)

    @property
    def is_grouped(self) -> bool:
        """Whether there is any module to put functions into."""
        return bool(self._open)

    def boxes(self, *, show_saved: bool) -> dict[int, Box]:
        """A box for each node that is drawn, in the order in which gradients come."""
        nodes = self._graph.nodes
        found: dict[int, Box] = {}
        leaf_of = {e.target: e.source for e in self._graph.edges if e.kind == "leaf"}
        drawn_as = {} if self._show_accumulate else {leaf: acc for acc, leaf in leaf_of.items()}
        givers: dict[int, list[int]] = {}
        for edge in self._graph.edges:
            givers.setdefault(edge.source, []).append(edge.target)
        for rank, index in enumerate(self._order):
            node = nodes[index]
            if index in drawn_as:  # its accumulate node stands for it
                found[index] = found[drawn_as[index]]
                continue
            if node.kind == "saved" and not show_saved:
                continue
            given = [found[k] for k in givers.get(index, ()) if k in found]
            last = max(given, key=lambda box: box.order, default=None)
            box = self._box(node, self.tree.root if last is None else last.parent)
            box.order = rank
            found[index] = box
        self.tree.number_calls()
        return found

    def _box(self, node: AutogradNode, beside: Box | None) -> Box:
        around = beside or self.tree.root
        if node.kind == "function":
            return self._function(node)
        if node.kind in {"output", "base"}:
            name = " = ".join(node.parameters) or node.name or "output"
            name = f"base of {name}" if node.kind == "base" else name
            family = "base" if node.kind == "base" else "io"
            box = Box("io", name=name, family=family, shape=node.shape, path=name)
            return self.tree.root.add(box)
        if node.kind == "accumulate" and self._show_accumulate:
            return around.add(Box("op", module=node.name, family="function", operations=1))
        return around.add(self._tensor(node, around.path))

    def _tensor(self, node: AutogradNode, around: str) -> Box:
        """A parameter, another leaf, or a saved tensor."""
        name = " = ".join(node.parameters[:2])
        path = node.parameters[0] if node.parameters else node.name
        if node.kind == "saved":
            name = node.name
        elif around:
            name = name.removeprefix(f"{around}.")
        sizes = by_times(node.shape) if node.shape else "scalar" if node.shape == () else ""
        family = "saved" if node.kind == "saved" else "leaf"
        box = Box("op", name=name, module="" if name else "leaf", family=family, detail=sizes)
        box.path, box.operations = path, 1
        return box

    def _family(self, node: AutogradNode) -> str:
        return function_family(node) if self._color_by_family else "function"

    def _function(self, node: AutogradNode) -> Box:
        index = node.index
        path = self._path.get(index, "")
        home = path
        while home and home not in self._open:
            home = home.rpartition(".")[0]
        around = self.tree.group(home)
        name = path.removeprefix(f"{around.path}.") if around.path else path
        name = "" if path == around.path else name
        box = Box("op", name=name, module=node.name, family=self._family(node))
        box.path, box.operations, box.shape = path, 1, self._gives.get(index)
        words = [f"{k} {short(v, self._width)}" for k, v in node.attributes.items() if says(v)]
        box.detail = "custom" if node.custom else ""
        if self._show_attrs and words:
            box.kind, box.detail = "leaf", listed(words)
        box.recipe = (tuple(words),)
        box.parameters = self._weights.get(index, 0)
        return around.add(box)


def _weights(graph: AutogradGraph) -> dict[int, int]:
    """Function -> how many scalars the leaves have that it reads, a transposed one, too."""
    users: dict[int, list[int]] = {}
    for edge in graph.edges:
        if edge.kind == "gradient":
            users.setdefault(edge.source, []).append(edge.target)
    found: dict[int, int] = {}
    for node in graph.leaves:
        size = math.prod(node.shape or ())
        for user in users.get(node.index, ()):
            for reader in users.get(user, ()) if arranges(graph.nodes[user]) else (user,):
                found[reader] = found.get(reader, 0) + size
    return found


def _open_more(root: Box) -> None:
    """Open groups where a picture would say too little: functions are loose by nature."""
    shown = 0
    shut: list[Box] = []
    todo = list(root.children)
    while todo:
        box = todo.pop()
        is_open = box.kind == "group" and not box.is_sealed
        todo += box.children if is_open else []
        shown += not is_open
        shut += [box] if box.kind == "group" and box.is_sealed else []
    while shut and shown < _FEW:
        smallest = min(shut, key=lambda box: (len(box.children), box.order))
        shut.remove(smallest)
        if smallest.choice == "collapse" or shown + len(smallest.children) - 1 > BUDGET:
            continue
        smallest.is_sealed = False
        shown += len(smallest.children) - 1
        shut += [child for child in smallest.children if child.kind == "group"]


def _open_modules(path: Mapping[int, str]) -> set[str]:
    """Modules that get a border: those with others inside, and those of many functions."""
    count = Counter(path.values())
    found = {place for place, functions in count.items() if functions > _MOST_LOOSE}
    for place in count:
        above = place.rpartition(".")[0]
        while above and above not in found:
            found.add(above)
            above = above.rpartition(".")[0]
    return found - {""}


def _gives(graph: AutogradGraph) -> dict[int, tuple[int, ...] | None]:
    """Function -> the shape of the gradient that it hands on first."""
    found: dict[int, tuple[int, ...] | None] = {}
    for edge in sorted((e for e in graph.edges if e.kind == "gradient"), key=lambda e: e.slot):
        source = graph.nodes[edge.source]
        if source.kind == "function" and edge.output == 0:
            found.setdefault(edge.target, source.shape)
    return found


def _wire(graph: AutogradGraph, boxes: Mapping[int, Box]) -> None:
    """Let each box read the boxes that hand it a gradient."""
    feeding: dict[Box, dict[Box, None]] = {}
    for edge in graph.edges:
        reader, giver = boxes.get(edge.source), boxes.get(edge.target)
        if reader is not None and giver is not None and reader is not giver:
            feeding.setdefault(reader, {})[giver] = None
    for box, givers in feeding.items():
        box.sources = list(givers)


def _in_order(graph: AutogradGraph) -> list[int]:
    """Nodes in the order in which gradients reach them; later functions first."""
    waiting = [0] * len(graph.nodes)
    below: dict[int, list[int]] = {}
    for edge in graph.edges:
        waiting[edge.source] += 1
        below.setdefault(edge.target, []).append(edge.source)
    ready = [_moment(node) for node in graph.nodes if not waiting[node.index]]
    heapq.heapify(ready)
    order: list[int] = []
    while ready:
        index = heapq.heappop(ready)[-1]
        order.append(index)
        for source in below.get(index, ()):
            waiting[source] -= 1
            if not waiting[source]:
                heapq.heappush(ready, _moment(graph.nodes[source]))
    if len(order) < len(graph.nodes):
        stuck = next(node for node in graph.nodes if waiting[node.index])
        raise FormatError(
            "the autograd graph cannot be drawn: it has a cycle.",
            where=f"node {stuck.index}, {stuck.name}",
            hint="trace it again; a function reads nothing that was made of its result",
        )
    return order


def _moment(node: AutogradNode) -> tuple[int, int, int]:
    """Outputs, then tensors beside the function before them, then functions, latest first."""
    kinds = {"output": 0, "base": 0, "function": 2}
    return kinds.get(node.kind, 1), -(node.sequence or 0), node.index


def _choose(root: Box, patterns: Sequence[str], choice: str) -> None:
    wanted = [pattern.split(".") for pattern in patterns]
    for group in root.groups() if wanted else ():
        if group is not root and any(fits(group.path.split("."), one) for one in wanted):
            group.choice = "expand" if choice == "expand" else "collapse"


def _subtitle(graph: AutogradGraph, root: Box, *, guessed: bool) -> str:
    shown = sum(1 for leaf in root.leaves() if leaf.family != "saved")
    functions, leaves = len(graph.functions), len(graph.leaves)
    counted = f"{functions:,} function{'s' * (functions != 1)}"
    counted += f" and {leaves:,} {'leaf' if leaves == 1 else 'leaves'} in {shown:,} boxes"
    parts = [counted]
    if guessed:
        parts.append("grouped by their parameters")
    return " · ".join([*parts, *graph.notes])
