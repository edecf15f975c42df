"""Siblings in their order -> a run of them that may be folded, or none.

A run is ``n`` members of ``p`` siblings each (its period). What makes one:

- *chain*: the exact signs are equal; from the second member on each reads the one before
  it, always at the same places, and else what the first reads there; results leave from
  the last member only, or from every member to the same readers (`collected`).
- *parallel*: equal signs, the same inputs, the same readers.
- *similar* and *dense*: ``similar``.

A wrong fold is worse than a long picture: what is none of these stays as it is.

Cost: a run that is found costs its leaves and edges; one that is not stops where it fails.
"""

from collections.abc import Sequence
from itertools import product

from introspect.graph.outline.box import Box, Repeat
from introspect.graph.outline.siblings import FOLDABLE, Run, Siblings, is_pill
from introspect.graph.outline.similar import find_similar

_COLLECTORS = frozenset({"concat", "stack"})
_LEAST_PARALLEL_LEAVES = 4
LONGEST_PERIOD = 64
_PERIODS_TRIED = 8
_MOST_STATES = 4

Wire = tuple[int, int | Box, tuple[int, ...]]
"""What feeds a leaf, as seen from its member, and the hidden ops it comes through.

(0, r, _): leaf r of the same member; (d, r, _): of the member d before; (-1, box, _): a box
beyond the run.
"""


def find_run(row: Siblings, start: int, failed: dict[int, int]) -> Run | None:
    """The best run that begins at `start`, or less than a period later.

    Args:
        row: Signed.
        start: Position.
        failed: Loose sign -> position up to which no similar run was found; kept between
            calls, so that a long row of boxes that cannot fold is looked at once.
    """
    if row.loose[start] < 0:
        return None
    if not row.is_wired:
        return _equal(row, start)
    best: Run | None = None
    for period in _periods(row.exact, start):
        if best is not None and period % best.repeat.period == 0:
            continue  # twice the period folds no more
        run = _best_phase(row, start, period)
        if run is not None and (best is None or run.end - run.start > best.end - best.start):
            best = run
    if best is not None and best.repeat.period > 1 and _holds_run(row, best):
        return None  # first what repeats inside a turn; a later pass finds the turns
    if best is not None and best.start == start:
        return best
    similar = find_similar(row, start, failed)
    return similar or best


def _equal(row: Siblings, start: int) -> Run | None:
    """Equal neighbours of a module tree, of whose wiring nothing is known."""
    end = start + 1
    while end < len(row.exact) and row.exact[end] == row.exact[start]:
        end += 1
    is_fit = end - start > 1 and row.boxes[start].count == 1
    return Run(start, end - start, Repeat("equal")) if is_fit else None


def _periods(ids: Sequence[int], start: int) -> list[int]:
    """Distances at which the sequence repeats from `start` on, shortest first."""
    found: list[int] = []
    tried = 0
    for period in range(1, min(LONGEST_PERIOD, (len(ids) - start) // 2) + 1):
        if ids[start + period] == ids[start]:
            tried += 1
            if ids[start : start + period] == ids[start + period : start + 2 * period]:
                found.append(period)
            if tried == _PERIODS_TRIED:
                break
    return found


def _best_phase(row: Siblings, start: int, period: int) -> Run | None:
    """A loop may begin in the middle of what repeats: the start that folds most."""
    best: Run | None = None
    for begin in range(start, start + period):
        for attempt in (_Chain, _Parallel):
            run = attempt(row, begin, period).grow()
            if run is not None and (best is None or _gain(row, run) > _gain(row, best)):
                best = run
        if begin == start and (best is None or not _repeats_on(row.exact, best)):
            return best
    return best


def _holds_run(row: Siblings, run: Run) -> bool:
    """Whether a turn holds a run of single boxes, from its second box on or from its first."""
    end = run.start + run.repeat.period
    for begin in range(run.start, end - 1):
        inner = _best_phase(row, begin, 1)
        if inner is not None and inner.end <= end:
            return True
    return False


def _gain(row: Siblings, run: Run) -> tuple[int, int]:
    """More members are better; then, for loose code, fewer wires from turn to turn."""
    boxes = row.boxes[run.start : run.start + run.repeat.period]
    has_group = any(box.kind == "group" for box in boxes)
    return (run.count, 0 if has_group else -len(run.repeat.carried))


def _repeats_on(ids: Sequence[int], run: Run) -> bool:
    """Whether the next sibling would continue the pattern: then another start may fold more."""
    return run.end < len(ids) and ids[run.end] == ids[run.end - run.repeat.period]


class _Attempt:
    """Members of one period from one start, taken one by one as long as they fit."""

    def __init__(self, row: Siblings, start: int, period: int) -> None:
        self.row, self.start, self.period = row, start, period
        self._first_steps: dict[int, list[int]] = {}
        self.bases: list[int] = [0]
        for k in range(start, min(start + period, len(row.boxes))):
            self.bases.append(self.bases[-1] + len(row.leaves.get(k, ())))

    def is_next(self, member: int) -> bool:
        """Whether the siblings of a member are there and equal the first's."""
        ids, at = self.row.exact, self.start + member * self.period
        first = ids[self.start : self.start + self.period]
        return len(first) == self.period and ids[at : at + self.period] == first and first[0] >= 0

    def leaves(self, member: int) -> list[Box]:
        at = self.start + member * self.period
        return [leaf for k in range(at, at + self.period) for leaf in self.row.leaves.get(k, ())]

    def where(self, leaf: Box) -> tuple[int, int] | None:
        """(member, leaf within it), or None before the run."""
        known = self.row.place.get(leaf)
        if known is None or known[0] < self.start:
            return None
        member, within = divmod(known[0] - self.start, self.period)
        return member, self.bases[within] + known[1]

    def wires(self, member: int) -> list[list[Wire]]:
        """For each leaf of a member what feeds it, as seen from that member."""
        found: list[list[Wire]] = []
        for leaf in self.leaves(member):
            row: list[Wire] = []
            for source, via in self.row.sources(leaf).items():
                at = self.where(source)
                row.append((-1, source, via) if at is None else (member - at[0], at[1], via))
            found.append(row)
        return found

    def advances(self, member: int) -> bool:
        """Whether the positions its ops name go on as evenly as from the first to the second."""
        first, second, here = (self._steps(k) for k in (0, 1, member))
        if not len(first) == len(second) == len(here):
            return False
        rows = zip(first, second, here, strict=True)
        return not here or all(c == a + member * (b - a) for a, b, c in rows)

    def stands_still(self) -> bool:
        """Whether the second member names the same positions as the first."""
        return self._steps(0) == self._steps(1)

    def _steps(self, member: int) -> list[int]:
        if member < 2 and member in self._first_steps:
            return self._first_steps[member]
        at = self.start + member * self.period
        boxes = self.row.boxes[at : at + self.period]
        steps = [step for box in boxes for group in box.groups() for step in group.steps]
        steps += [step for leaf in self.leaves(member) for step in leaf.steps]
        if member < 2:
            self._first_steps[member] = steps
        return steps

    def readers(self, member: int, inside: Sequence[int]) -> set[tuple[Box | str, int]]:
        """(reader, leaf it reads) of all readers but those in the members `inside`.

        An output pill that reads nothing else counts as any such pill.
        """
        found: set[tuple[Box | str, int]] = set()
        for place, leaf in enumerate(self.leaves(member)):
            for reader in self.row.readers(leaf):
                at = self.where(reader)
                if at is None or at[0] not in inside:
                    found.add(("pill" if is_pill(reader) else reader, place))
        return found

    def pills(self, count: int, kept: set[tuple[Box | str, int]]) -> tuple[tuple[Box, ...], ...]:
        places = sorted(place for reader, place in kept if reader == "pill")
        if not places:
            return ()
        rows = (self.leaves(member) for member in range(count))
        return tuple(
            tuple(r for place in places for r in self.row.readers(row[place]) if is_pill(r))
            for row in rows
        )

    def is_folded(self) -> bool:
        """Whether its only box stands for several already: one badge cannot say both."""
        return self.period == 1 and self.row.boxes[self.start].count > 1

    def has_substance(self) -> bool:
        """Whether a member is more than loose operations."""
        boxes = self.row.boxes[self.start : self.start + self.period]
        return any(box.kind == "group" or box.family in FOLDABLE for box in boxes)

    def has_group(self) -> bool:
        boxes = self.row.boxes[self.start : self.start + self.period]
        return any(box.kind == "group" for box in boxes)


class _Chain(_Attempt):
    """Each member reads the one before it."""

    def grow(self) -> Run | None:
        if not self.is_next(1) or self.is_folded():
            return None
        pattern = self.wires(1)
        if not any(w[0] == 1 for ws in pattern for w in ws) or any(
            w[0] > 1 for ws in pattern for w in ws
        ):
            return None
        carried = self._carried(self.wires(0), pattern)
        if carried is None:
            return None
        taken = self.readers(0, (0, 1))
        count = 2
        while self.is_next(count) and self.wires(count) == pattern and self.advances(count):
            if self.readers(count - 1, (count - 1, count)) != taken:
                break
            count += 1
        if not taken <= self.readers(count - 1, (count - 1,)):
            count -= 1
        if count == 2 and not self.stands_still():
            return None
        if count < self._least() or not self._may_collect(taken, count):
            return None
        repeat = Repeat(
            "chain",
            self.period,
            tuple(carried),
            tuple(sorted(((r, k) for r, k in taken if isinstance(r, Box)), key=_by_order)),
        )
        return Run(self.start, count, repeat, self.pills(count, taken))

    def _least(self) -> int:
        if not self.has_substance():
            return 3
        few = self.period > 1 and not self.has_group() and self.bases[-1] < 4
        return 3 if few else 2

    def _may_collect(self, taken: set[tuple[Box | str, int]], count: int) -> bool:
        """Two results that meet again are a skip, not a collection."""
        boxes = [reader for reader, _ in taken if isinstance(reader, Box)]
        return count > 2 or all(box.module in _COLLECTORS or box.kind == "io" for box in boxes)

    def _carried(
        self, first: list[list[Wire]], pattern: list[list[Wire]]
    ) -> list[tuple[int, int, Box | None]] | None:
        """What passes from member to member, and what the first reads in its place.

        None if the first member is wired otherwise than the rest. It may lack what the others
        carry (a state of zeros), or begin with what all read (``h = x``).
        """
        found: list[tuple[int, int, Box | None]] = []
        for place, (given, wanted) in enumerate(zip(first, pattern, strict=True)):
            if len(given) == len(wanted):
                pairs = list(zip(given, wanted, strict=True))
                if any(w != g if w[0] != 1 else w[2] and w[2] != g[2] for g, w in pairs):
                    return None  # other wires; or other views than those between the members
                starts = [g[1] for g, w in pairs if w[0] == 1]
            else:
                starts = _starts(given, wanted)
            if starts is None or any(isinstance(start, int) for start in starts):
                return None
            states = [wire[1] for wire in wanted if wire[0] == 1]
            for state, start in zip(states, starts, strict=True):
                if isinstance(state, int) and not isinstance(start, int):
                    found.append((place, state, start))
        return found


def _starts(given: list[Wire], wanted: list[Wire]) -> list[int | Box | None] | None:
    """What stands for each carried wire in a first member that has fewer wires than the rest.

    It lacks a wire if the state begins as nothing, or as what the leaf reads anyway. None if
    there is no way to read it so, or more than one.
    """
    carried = sum(wire[0] == 1 for wire in wanted)
    if carried > _MOST_STATES:
        return None
    lasting = {wire[1] for wire in wanted if wire[0] != 1}
    ways: list[list[int | Box | None]] = []
    for choice in product([None, *given], repeat=carried):
        left = iter(choice)
        wires = [next(left) if wire[0] == 1 else wire for wire in wanted]
        if list(dict.fromkeys(wire for wire in wires if wire is not None)) == given:
            way = [None if w is None or w[1] in lasting else w[1] for w in choice]
            if way not in ways:
                ways.append(way)
    return ways[0] if len(ways) == 1 else None


def _by_order(pair: tuple[Box, int]) -> tuple[int, int]:
    return (pair[0].order, pair[1])


class _Parallel(_Attempt):
    """All read the same and are read by the same."""

    def grow(self) -> Run | None:
        if not self.is_next(1) or self.is_folded():
            return None
        pattern = self.wires(0)
        taken = self.readers(0, (0,))
        if not taken or not any(wire[0] < 0 for wires in pattern for wire in wires):
            return None
        count = 1
        while self.is_next(count) and self.wires(count) == pattern and self.advances(count):
            if self.readers(count, (count,)) != taken:
                break
            count += 1
        if count < (2 if self.has_group() else _LEAST_PARALLEL_LEAVES) or not self.has_substance():
            return None
        if count == 2 and not self.stands_still():
            return None
        pills = self.pills(count, taken)
        return Run(self.start, count, Repeat("parallel", self.period), pills)
