"""Equal neighbours become one box, times n. A wrong fold is worse than a long picture.

Three kinds, tried in this order on adjacent siblings:

- *chain*: the exact signature is equal (class tree, labels, shapes, every op with its scalar
  arguments, wiring), each reads its predecessor, other outside inputs are the first one's,
  and nothing but the next one reads it: ``×32``.
- *parallel*: equal signature, same inputs, same readers: ``×17 parallel``.
- *similar*: the signature without its numbers is equal, four or more in a run, inputs come
  from inside the run or are the first one's, results leave only where the last one's do:
  ``×5`` with ranges (``64…224``), or ``×24 dense`` where they read several earlier ones.

Scalar arguments are part of the signature: without them Swin's plain and shifted windows
folded into one. Multiplicities are, too: without them ResNet's four stages did.
"""

import re
from collections.abc import Hashable
from typing import Literal

from introspect.graph.outline.box import Box, readers

_FOLDABLE = ("linear", "conv", "recurrent", "module", "attention")
_LEAST_SIMILAR = 4
_LEAST_PARALLEL_LEAVES = 4

Kind = Literal["chain", "parallel", "similar"]


def fold(root: Box) -> None:
    """Fold every group of the tree, innermost first."""
    for group in reversed(list(root.groups())):
        _fold_children(root, group)


def _fold_children(root: Box, group: Box) -> None:
    start = 0
    while start < len(group.children):
        first = group.children[start]
        if first.kind == "group" or first.family in _FOLDABLE:
            run, kind = _longest_run(root, group.children[start:])
            if kind is not None:
                _collapse(root, run, kind)
                del group.children[start + 1 : start + len(run)]
        start += 1


def _longest_run(root: Box, siblings: list[Box]) -> tuple[list[Box], Kind | None]:
    first = siblings[0]
    alike = [first]
    for box in siblings[1:]:
        if box.kind != first.kind or box.module != first.module:
            break
        alike.append(box)
    if len(alike) < 2:
        return alike, None
    equal = _equal_prefix(alike, exact=True)
    least_parallel = 2 if first.kind == "group" else _LEAST_PARALLEL_LEAVES
    if len(equal) >= 2 or len(alike) >= _LEAST_SIMILAR:
        reading = readers(list(root.leaves()))
        if len(equal) >= 2 and _is_chain(equal, reading):
            return equal, "chain"
        if len(equal) >= least_parallel and _is_parallel(equal, reading):
            return equal, "parallel"
        similar = _equal_prefix(alike, exact=False)
        if len(similar) >= _LEAST_SIMILAR and _is_similar_run(similar, reading):
            return similar, "similar"
    return [first], None


def _equal_prefix(run: list[Box], *, exact: bool) -> list[Box]:
    wanted = signature(run[0], exact=exact)
    end = 1
    while end < len(run) and signature(run[end], exact=exact) == wanted:
        end += 1
    return run[:end]


def signature(box: Box, *, exact: bool = True) -> Hashable:
    """What must be equal for two boxes to fold: structure, words, inner wiring.

    Args:
        box: A leaf or group.
        exact: False forgets every number but a convolution's kernel.
    """
    index = {leaf: k for k, leaf in enumerate(box.leaves())}
    outside: dict[Box, int] = {}

    def of_leaf(leaf: Box) -> Hashable:
        strips = tuple((s.text, s.family) for s in (*leaf.before, *leaf.after))
        head = (leaf.kind, leaf.module, leaf.family, strips, leaf.count)
        wires: list[Hashable] = []
        for source in leaf.sources:
            inner = index.get(source)
            if inner is not None:
                wires.append(inner)
            else:
                wires.append(("outside", outside.setdefault(source, len(outside)) if exact else 0))
        if exact:
            return (*head, leaf.detail, tuple(wires), leaf.shape, leaf.recipe)
        kernel = leaf.detail.split(",")[0] if leaf.family == "conv" else ""
        return (*head, kernel, tuple(sorted(set(map(str, wires)))))

    tree = tuple((group.module, group.count, len(group.children)) for group in box.groups())
    return (box.module, box.kind, tree, tuple(of_leaf(leaf) for leaf in index))


def outside_sources(box: Box) -> list[Box]:
    """Leaves beyond `box` that feed it, with repeats."""
    inside = set(box.leaves())
    return [s for leaf in inside for s in leaf.sources if s not in inside]


def _is_chain(run: list[Box], reading: dict[Box, list[Box]]) -> bool:
    members = [set(box.leaves()) for box in run]
    given = set(outside_sources(run[0]))
    for k in range(1, len(run)):
        sources = set(outside_sources(run[k]))
        if not sources & members[k - 1] or not sources <= members[k - 1] | given:
            return False
        before = members[k - 1]
        if any(r not in before and r not in members[k] for leaf in before for r in reading[leaf]):
            return False
    return True


def _is_parallel(run: list[Box], reading: dict[Box, list[Box]]) -> bool:
    given = [set(outside_sources(box)) for box in run]
    taken = [_outside_readers(box, set(box.leaves()), reading) for box in run]
    same_inputs = all(sources == given[0] for sources in given)
    return bool(given[0]) and same_inputs and all(boxes == taken[0] for boxes in taken)


def _is_similar_run(run: list[Box], reading: dict[Box, list[Box]]) -> bool:
    members = [set(box.leaves()) for box in run]
    everything = set().union(*members)
    given = set(outside_sources(run[0]))
    for k in range(1, len(run)):
        sources = set(outside_sources(run[k]))
        if not sources & members[k - 1] or not sources <= everything | given:
            return False
    left = [_outside_readers(box, everything, reading) for box in run]
    return all(boxes <= left[-1] for boxes in left)


def _outside_readers(box: Box, inside: set[Box], reading: dict[Box, list[Box]]) -> set[Box]:
    return {reader for leaf in box.leaves() for reader in reading[leaf] if reader not in inside}


def _collapse(root: Box, run: list[Box], kind: Kind) -> None:
    """Keep the first of the run; everything that read another reads it instead."""
    head, count = run[0], len(run)
    originals = list(head.leaves())
    stands_in = {
        other: original
        for box in run[1:]
        for original, other in zip(originals, box.leaves(), strict=True)
    }
    badge = f"×{count} calls" if head.call and head.path == run[-1].path else f"×{count}"
    if kind == "parallel":
        badge += " parallel"
    if kind == "similar":
        badge += " dense" if _is_dense(run) else ""
        _write_ranges(run, originals)
    head.count, head.badge = count, badge
    head.name = _range_of_names(head.name, run[-1].name)
    inside = set(originals)
    for leaf in root.leaves():
        if leaf in stands_in:
            continue
        new = []
        for source in leaf.sources:
            if leaf in inside and source in stands_in:
                continue
            seen_as = stands_in.get(source, source)
            if seen_as is not leaf and seen_as not in new:
                new.append(seen_as)
        leaf.sources = new


def _is_dense(run: list[Box]) -> bool:
    members = [set(box.leaves()) for box in run]
    return any(
        sum(bool(earlier & set(outside_sources(box))) for earlier in members[:k]) > 1
        for k, box in enumerate(run)
    )


def _write_ranges(run: list[Box], originals: list[Box]) -> None:
    for original, *twins in zip(originals, *(box.leaves() for box in run[1:]), strict=True):
        everyone = [original, *twins]
        if len({twin.detail for twin in everyone}) > 1:
            original.detail = ranged([twin.arrow_detail or twin.detail for twin in everyone])
        if len({twin.shape for twin in everyone}) > 1:
            original.shape = None
        if len({twin.parameters for twin in everyone}) > 1:
            original.parameters = 0


def ranged(texts: list[str]) -> str:
    """One text for many that differ in their numbers.

    Example:
        >>> ranged(["3×3, 64 → 32", "3×3, 96 → 32", "3×3, 128 → 32"])
        '3×3, 64…128 → 32'
    """
    parts = [re.split(r"(\d+)", text) for text in texts]
    if len({len(part) for part in parts}) != 1:
        return f"{texts[0]} …"
    columns = zip(*parts, strict=True)
    return "".join(c[0] if len(set(c)) == 1 else f"{c[0]}…{c[-1]}" for c in columns)


def _range_of_names(first: str, last: str) -> str:
    """``layers.0`` and ``layers.31`` to ``layers.0–31``."""
    if first == last:
        return first
    a, b = re.match(r"^(.*?)(\d+)$", first), re.match(r"^(.*?)(\d+)$", last)
    if a and b and a[1] == b[1]:
        return f"{first}–{b[2]}"
    return f"{first} … {last}" if first and last else first or last
