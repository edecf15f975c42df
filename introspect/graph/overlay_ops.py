"""Boxes -> the ops and modules that they stand for.

A box keeps the path of its module and the position of its first op; the ops themselves are
found again in the graph: those of the module's call, those of the norms and activations
that were fused into its card (followed along the data), and for a folded box the same ops
of its equal siblings.

Cost: 1 us an op once, then 5 us a box.

Not here: what the ops cost (``overlay_numbers``).
"""

from collections import defaultdict

from introspect.graph.outline.box import Box
from introspect.graph.outline.labels import VIEWS, op_word
from introspect.nouns.graph import Call, Graph, Op, Value

_MOST_MEMBERS = 64  # of a fold; a mean over more says nothing new
_MOST_HOPS = 8  # views between a layer and the activation fused into its card


class BoxOps:
    """The ops behind the boxes of one graph's pictures."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._calls: dict[str, list[Call]] = defaultdict(list)
        self._below: dict[Call, list[Op]] = defaultdict(list)
        self._siblings: dict[Call | None, list[Call]] = defaultdict(list)
        self._readers: dict[Value, list[Op]] = defaultdict(list)
        for call in graph.calls:
            self._calls[call.path].append(call)
            self._siblings[call.parent].append(call)
        for op in graph.ops:
            call = op.call
            while call is not None:
                self._below[call].append(op)
                call = call.parent
            for value in op.inputs:
                self._readers[value].append(op)

    def members(self, box: Box) -> list[list[Op]]:
        """The ops of a box; of a folded one those of every equal sibling, its own first."""
        own = self._ops(box)
        members = [own]
        for swap in self._swaps(box):
            other = self._same_ops(own, *swap)
            if other is not None:
                members.append(other)
        return members

    def member_paths(self, box: Box) -> list[str]:
        """The module paths that a box stands for, its own first."""
        swapped = [_swapped(box.path, *swap) for swap in self._swaps(box)]
        return [box.path, *(path for path in swapped if path is not None and path in self._calls)]

    def _swaps(self, box: Box) -> list[tuple[str, str]]:
        """(path of the first, path of a sibling) for the folds that a box is in."""
        for group in [*box.ancestors(), box]:
            first = self._call(group)
            if group.count < 2 or first is None:
                continue
            alike = [c for c in self._siblings[first.parent] if c.module == first.module]
            start = alike.index(first)
            members = alike[start + 1 : start + min(group.count, _MOST_MEMBERS)]
            return [(first.path, call.path) for call in members if call.path != first.path]
        return []

    def _call(self, box: Box) -> Call | None:
        calls = self._calls.get(box.path) if box.path and box.kind != "op" else None
        if not calls:
            return None
        return calls[min(max(box.call, 1), len(calls)) - 1]

    def _same_ops(self, own: list[Op], first: str, other: str) -> list[Op] | None:
        """The ops at the same places below another path; None if it is built differently."""
        found = []
        places: dict[Call, list[Op]] = {}
        for op in own:
            path = _swapped(op.call.path, first, other) if op.call else None
            if path is None or op.call is None:
                return None
            again = self._calls.get(path, ())
            if len(again) <= op.call.repetition:
                return None
            call = again[op.call.repetition]
            here = places.setdefault(
                op.call, [o for o in self._below[op.call] if o.call is op.call]
            )
            there = places.setdefault(call, [o for o in self._below[call] if o.call is call])
            if len(here) != len(there):
                return None
            found.append(there[here.index(op)])
        return found

    def _ops(self, box: Box) -> list[Op]:
        if box.kind == "op":
            own = self._loose_ops(box)
        elif box.kind == "group" or box.sealed_leaves:
            return self._group_ops(box)
        else:
            own = self._call_ops(box)
        return own + self._fused_ops(box, own)

    def _call_ops(self, box: Box) -> list[Op]:
        if box.call and box.count > 1:  # a loop of calls: what one round costs
            call = self._call(box)
            return self._below[call] if call else []
        calls = self._calls.get(box.path, ()) if box.path else ()
        if box.call:
            calls = calls[box.call - 1 : box.call]
        return [op for call in calls for op in self._below[call]]

    def _group_ops(self, box: Box) -> list[Op]:
        """All below the module's call; of a group that is no module, what its leaves hold."""
        call = self._call(box)
        if call is not None and box.module in {call.module, call.module.removesuffix("Activation")}:
            return self._call_ops(box)
        leaves = box.sealed_leaves or tuple(box.leaves())
        return list(dict.fromkeys(op for leaf in leaves for op in self._ops(leaf)))

    def _loose_ops(self, box: Box) -> list[Op]:
        """One op, or those of one author-named function from the first on."""
        if not 0 <= box.order < len(self._graph.ops):
            return []
        first = self._graph.ops[box.order]
        if not first.function:
            return [first]
        found = []
        around = self._below[first.call] if first.call else list(self._graph.ops)
        for op in around:
            if op.index >= first.index and op.call is first.call:
                if op.function != first.function:
                    break
                found.append(op)
        return found

    def _fused_ops(self, box: Box, own: list[Op]) -> list[Op]:
        """The norms and activations on a card, found along the data."""
        if not own:
            return []
        found: list[Op] = []
        last, first = own[-1], own[0]
        for _ in box.after:
            readers = self._readers[last.outputs[0]] if last.outputs else []
            guest = self._guest(readers, own, forward=True)
            if not guest:
                break
            found += guest
            last = guest[-1]
        for _ in box.before:
            makers = [v.producer for v in first.inputs if v.producer is not None]
            guest = self._guest(makers, own, forward=False)
            if not guest:
                break
            found += guest
            first = guest[0]
        return found

    def _guest(self, ops: list[Op], own: list[Op], *, forward: bool) -> list[Op]:
        """What the next op along the data belongs to: its leaf module's ops, or itself."""
        for _ in range(_MOST_HOPS):
            op = next((op for op in ops if op not in own), None)
            if op is None:
                return []
            if op_word(op.name) in VIEWS or op_word(op.name) == "dropout":
                if forward:
                    ops = self._readers[op.outputs[0]] if op.outputs else []
                else:
                    ops = [v.producer for v in op.inputs if v.producer is not None]
                continue
            is_module = op.call is not None and op.call not in self._siblings
            return self._below[op.call] if is_module and op.call else [op]
        return []


def _swapped(path: str, first: str, other: str) -> str | None:
    """A path below one member of a fold, below another."""
    if path == first or path.startswith(f"{first}."):
        return other + path[len(first) :]
    return None
