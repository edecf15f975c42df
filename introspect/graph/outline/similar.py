"""Siblings that differ in their numbers -> a run that may be folded, or none.

- *similar*: four or more, each reads the one before it, results leave from the last.
- *dense*: four or more, each reads all before it.
- *parallel*: three or more, all read the same and are read by the same.

Where two members differ, a range must show it; what no label shows must be equal.
"""

from introspect.graph.outline.box import Box, Repeat
from introspect.graph.outline.siblings import FOLDABLE, Run, Siblings

_LEAST_SIMILAR = 4
_LEAST_PARALLEL = 3


def find_similar(row: Siblings, start: int, failed: dict[int, int]) -> Run | None:
    """The run of boxes that differ in their numbers from `start` on, if there is one.

    Args:
        row: Signed.
        start: Position.
        failed: Loose sign -> position up to which there is none; kept between calls.
    """
    first, sign = row.boxes[start], row.loose[start]
    if sign < 0 or failed.get(sign, -1) > start or first.count > 1:
        return None
    if first.kind != "group" and first.family not in FOLDABLE:
        return None
    end = start + 1
    while end < len(row.boxes) and row.loose[end] == sign:
        end += 1
    if end - start < _LEAST_PARALLEL:
        return None
    for attempt in (_similar_chain, _similar_parallel):
        run = attempt(row, start, end)
        if run is not None:
            return run
    failed[sign] = end
    return None


def _inner_wires(row: Siblings, k: int) -> list[list[int]]:
    """Leaf -> the leaves of the same sibling that feed it."""
    found = []
    for leaf in row.leaves[k]:
        places = [row.place.get(source) for source in row.sources(leaf)]
        found.append([place[1] for place in places if place is not None and place[0] == k])
    return found


def _outer(row: Siblings, k: int) -> set[Box]:
    inside = set(row.leaves[k])
    return {s for leaf in row.leaves[k] for s in row.sources(leaf) if s not in inside}


def _taken(row: Siblings, k: int, start: int, end: int) -> set[Box]:
    """Readers of a sibling's leaves beyond the siblings from `start` to `end`."""
    found = set()
    for leaf in row.leaves[k]:
        for reader in row.readers(leaf):
            at = row.place.get(reader)
            if at is None or not start <= at[0] < end:
                found.add(reader)
    return found


def _is_told(row: Siblings, first: int, other: int) -> bool:
    """Whether a range would show where two siblings differ.

    Where label and shape are equal, so must be what is not written: scalar arguments, views.
    """
    one, two = ([*row.boxes[k].groups(), *row.leaves[k]] for k in (first, other))
    for a, b in zip(one, two, strict=True):
        seen = (a.detail, a.shape, a.parameters) == (b.detail, b.shape, b.parameters)
        if seen and (a.recipe, a.steps) != (b.recipe, b.steps):
            return False
        if seen and a.kind != "group" and _views(row, a) != _views(row, b):
            return False
    return True


def _views(row: Siblings, leaf: Box) -> list[tuple[int, ...]]:
    return list(row.sources(leaf).values())


def _similar_chain(row: Siblings, start: int, end: int) -> Run | None:
    given, inner = _outer(row, start), _inner_wires(row, start)
    dense = True
    linear = True
    k = start + 1
    while k < end and _inner_wires(row, k) == inner and _is_told(row, start, k):
        outer = _outer(row, k)
        members = {row.place[s][0] for s in outer if s in row.place and row.place[s][0] >= start}
        beyond = {s for s in outer if s not in row.place or row.place[s][0] < start}
        is_dense = members == set(range(start, k)) and beyond <= given
        is_linear = members == {k - 1} and beyond <= given
        if not (dense and is_dense) and not (linear and is_linear):
            break
        dense, linear = dense and is_dense, linear and is_linear
        k += 1
    count = k - start
    if count < _LEAST_SIMILAR:
        return None
    last = _taken(row, k - 1, start, k)
    taken = [_taken(row, j, start, k) for j in range(start, k - 1)]
    allowed = all(t == last for t in taken) if dense and not linear else not any(taken)
    if dense and not linear and not any(taken):
        allowed = True
    if not allowed:
        return None
    return Run(start, count, Repeat("similar" if linear else "dense"))


def _similar_parallel(row: Siblings, start: int, end: int) -> Run | None:
    given, inner = _outer(row, start), _inner_wires(row, start)
    taken = _taken(row, start, start, start + 1)
    k = start + 1
    while (
        k < end
        and _outer(row, k) == given
        and _inner_wires(row, k) == inner
        and _is_told(row, start, k)
        and _taken(row, k, k, k + 1) == taken
    ):
        k += 1
    first = row.boxes[start]  # query, key and value stay three linear layers
    is_clear = first.kind == "group" or first.family == "conv"
    least = _LEAST_PARALLEL if is_clear else _LEAST_SIMILAR
    if k - start < least or not given or not taken:
        return None
    return Run(start, k - start, Repeat("parallel"))
