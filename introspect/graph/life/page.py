"""A watched training -> what a page needs to show it beside the boxes of a graph.

Tables for the page's data (`Life.document`), the packed sketches (`Life.packed`), and which boxes
get room at their right for strips (`Life.beside_pt`).

Cost: that of ``pack``, and of ``members``.

Not here: the page (``introspect.graph.formats.html``), what it draws (web/life).
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

import numpy as np

from introspect.errors import FormatError
from introspect.graph.formats.html_data import sized
from introspect.graph.layout.node import Direction
from introspect.graph.life.members import Held, Members, members_of
from introspect.graph.life.pack import Packed, pack
from introspect.graph.life.statistics import STATISTICS, known_statistics
from introspect.graph.life.watched import KINDS, Course, Watched, read_watched
from introspect.graph.outline import Outline
from introspect.graph.outline.box import Box
from introspect.nouns.float_bins import edges
from introspect.nouns.graph import Graph
from introspect.nouns.metric import Step
from introspect.theme import tokens

PANE_PT: Mapping[int, float] = {1: 72.0, 2: 58.0, 3: 48.0, 4: 42.0}
"""Width of one kind's strip, by how many kinds there are."""
BETWEEN_PT, BEFORE_PT = 3.0, 9.0

_DECADES = 9.0
_EPOCH_STEPS = 9
_TOLD = 3
_SHOWN_NAMES = 6


@dataclass(frozen=True, slots=True)
class Life:
    """A training, ready for a page.

    Attributes:
        document: What stands in the page's data under ``life``.
        packed: The sketches: deflated, in base64.
        measures: What the boxes can be coloured by: ``key`` and ``title``.
        color: The key of the one that they start coloured by.
        beside_pt: Box -> room at its right; boxes without are missing.
    """

    document: Mapping[str, Any]
    packed: str
    measures: tuple[Mapping[str, str], ...]
    color: str
    beside_pt: Mapping[Box, float]


def life_of(
    graph: Graph,
    drawn: Outline,
    history: Any,
    *,
    step: Step | None = None,
    color: str | None = None,
    direction: Direction = "TB",
) -> Life:
    """All that a page needs to show a training.

    Args:
        graph: As traced.
        drawn: Every group open.
        history: A History, a Watch or the folder of a run.
        step: The record that is shown first; None for the last.
        color: A key of ``STATISTICS`` that the boxes start coloured by; ``""`` for none of them,
            None for the first of which the history has anything to say.
        direction: Of the flow; where it goes down, strips stand in columns.

    Raises:
        HistoryError: If the history has nothing to say about this graph, or not at this step.
        FormatError: If there is no such statistic, or the history does not have it.
    """
    watched = read_watched(graph, history)
    known = known_statistics(watched)
    chosen = known[0].key if color is None and known else color or ""
    if chosen:
        check_statistic(chosen, [one.key for one in known])
    shown = start_of(watched, step, chosen)
    packed = pack(watched)
    members = members_of(graph, drawn)
    kinds = [kind for kind in KINDS if any(c.kind == kind for c in packed.watched.courses)]
    names = list(dict.fromkeys(course.name for course in packed.watched.courses))
    boxes = _boxes(drawn, members, names)
    usual_pt, beside_pt = _beside(drawn, boxes, packed, names, down=direction == "TB")
    document = {
        **_courses(packed, kinds, names),
        "boxes": boxes,
        "start": _kept(watched, packed, shown),
        "told": _told(watched, packed, members),
        "statistics": {one.key: [one.title, one.scale] for one in known},
        "pane": [PANE_PT[len(kinds)], BETWEEN_PT, BEFORE_PT],
        "card": usual_pt,
        "colors": {"light": _colors("light"), "dark": _colors("dark")},
    }
    measures = tuple({"key": one.key, "title": one.title.split(" ‖")[0]} for one in known)
    return Life(document, packed.text, measures, chosen, beside_pt)


def check_statistic(key: str, known: Sequence[str]) -> None:
    """Raise a FormatError unless a history has this statistic."""
    if key in known:
        return
    if isinstance(key, str) and key in STATISTICS:
        raise FormatError(
            "this history does not say what the boxes should be coloured by.",
            given=f"color={key!r}",
            hint=" or ".join(f'color="{one}"' for one in known)
            + '; introspect.watch(log=("weights", "gradients", "updates", "activations")) has all',
        )
    raise FormatError(
        "color does not know this statistic.", given=f"color={key!r}", hint=", ".join(STATISTICS)
    )


def start_of(watched: Watched, step: Step | None, key: str) -> int:
    """The record that is shown first: of a step, or the last with anything to say.

    After the last step of a training its weights are recorded, but no gradients or updates.
    """
    record = watched.record(step)
    while step is None and key and record > 0:
        if STATISTICS[key].of(watched.courses, record) is not None:
            return record
        record -= 1
    return record


def _kept(watched: Watched, packed: Packed, shown: int) -> int:
    """Of the records that fitted, the last up to one that was asked for."""
    rows = {record: row for row, record in enumerate(watched.records)}
    return sum(rows[record] <= shown for record in packed.watched.records) - 1


def _courses(packed: Packed, kinds: list[str], names: list[str]) -> dict[str, Any]:
    place = {name: k for k, name in enumerate(names)}
    rows = []
    for course in packed.watched.courses:
        there = [k for k, sketch in enumerate(course.sketches) if sketch is not None]
        gaps = 0 if len(there) == len(packed.watched.records) else there
        rows.append([kinds.index(course.kind), place[course.name], course.channels, gaps])
    return {
        "kinds": kinds,
        "records": [list(r) if isinstance(r, tuple) else r for r in packed.watched.records],
        "recorded": packed.watched.recorded,
        "bits": packed.bits,
        "names": [_clean(name) for name in names],
        "courses": rows,
        "odd": [list(row) for row in packed.odd],
        "spans": [_span([c for c in packed.watched.courses if c.kind == kind]) for kind in kinds],
    }


def _clean(text: str) -> str:
    return "".join(c if c >= " " else "\ufffd" for c in text)


def _boxes(drawn: Outline, members: Members, names: list[str]) -> list[list[Any]]:
    """[times, [names of each member]] of every box, each before what it holds."""
    place = {name: k for k, name in enumerate(names)}
    rows = []
    for box in _in_order(drawn.root):
        held = members.held.get(box, Held())
        both = zip(_spread(held.parameters, held), _spread(held.modules, held), strict=True)
        own = [
            [place[name] for name in dict.fromkeys((*parameters, *modules)) if name in place]
            for parameters, modules in both
        ]
        rows.append([held.times, own if any(own) else []])
    return rows


def _spread(found: Sequence[Mapping[str, None]], held: Held) -> Sequence[Mapping[str, None]]:
    """As many as there are members, also where all hold the same."""
    most = max(len(held.parameters), len(held.modules))
    return [found[0]] * most if len(found) == 1 else found


def _beside(
    drawn: Outline, boxes: list[list[Any]], packed: Packed, names: Sequence[str], *, down: bool
) -> tuple[float, dict[Box, float]]:
    """Width of the usual card, and room for the boxes that have strips (web/life/beside.ts).

    Where the flow goes down, strips stand in columns, as if every card had the usual width;
    those of a wider card where they are free of it. Else the width is 0, and each strip stands
    next to its card.
    """
    nodes = sized(drawn)
    width_pt = {box: node.width for box, node in nodes.items()}
    kinds = [kind for kind in KINDS if any(c.kind == kind for c in packed.watched.courses)]
    kinds_of: dict[str, set[int]] = {}
    for course in packed.watched.courses:
        kinds_of.setdefault(course.name, set()).add(kinds.index(course.kind))
    order = _in_order(drawn.root)
    there: dict[Box, set[int]] = {}
    for box, (_, own) in zip(reversed(order), reversed(boxes), strict=True):
        found = {kind for members in own for name in members for kind in kinds_of[names[name]]}
        there[box] = found.union(*(there[child] for child in box.children))
    no_room = {"circle", "pill"}  # wires enter from the side
    filled = [
        box
        for box in order
        if there[box] and box is not drawn.root and nodes[box].form not in no_room
    ]
    common = Counter(width_pt[box] for box in filled if len(there[box]) == len(kinds))
    usual_pt = common.most_common(1)[0][0] if common and down else 0.0
    pane_pt = PANE_PT[len(kinds)] + BETWEEN_PT
    room = {}
    for box in filled:
        left = -min(there[box]) * pane_pt
        spare = (usual_pt - width_pt[box]) / 2 if usual_pt else left
        offset = BEFORE_PT + max(spare, left)
        room[box] = float(ceil(offset + max(there[box]) * pane_pt + pane_pt - BETWEEN_PT))
    return usual_pt, room


def _in_order(root: Box) -> list[Box]:
    """Every box, each before what it holds."""
    order: list[Box] = []
    todo = [root]
    while todo:
        box = todo.pop()
        order.append(box)
        todo.extend(box.children[::-1])
    return order


def _span(courses: Sequence[Course]) -> list[int]:
    """Octaves, from and to, between which nearly all magnitudes lie; each tensor counts the same.

    At most nine decades down from the largest: below lies what no picture needs.
    """
    octaves = np.zeros(512)
    for course in courses:
        there = [sketch for sketch in course.sketches if sketch is not None]
        for sketch in {id(s): s for s in (there[0], there[len(there) // 2], there[-1])}.values():
            size = np.abs(sketch.bins)
            kept = size > 0
            if kept.any():
                magnitudes = edges(sketch.bits)[size[kept]]
                places = np.floor(np.log2(np.maximum(magnitudes, 2.0**-126))).astype(int) + 256
                share = sketch.counts[kept] / sketch.counts[kept].sum()
                np.add.at(octaves, places, share)
    total = octaves.sum()
    if not total:
        return [-10, 0]
    reached = np.cumsum(octaves) / total
    low = int(np.searchsorted(reached, 0.004)) - 256
    high = int(np.searchsorted(reached, 0.9995)) + 1 - 256
    low = max(low, high - round(_DECADES * np.log2(10)))
    return [min(low, high - 4), high]


def _colors(mode: str) -> dict[str, Any]:
    ramp = tokens()["ramp"]["epoch"][mode]
    steps = [ramp[round(k * (len(ramp) - 1) / (_EPOCH_STEPS - 1))] for k in range(_EPOCH_STEPS)]
    return {
        **{name: tokens()["color"][mode][name] for name in ("bad", "reference")},
        "epoch": steps,
    }


def _told(watched: Watched, packed: Packed, members: Members) -> list[str]:
    """What a reader must know, a line each."""
    lines = []
    kept = len(packed.watched.records)
    if kept < watched.recorded:
        lines.append(f"{kept} of {watched.recorded} records, evenly spaced in time")
    if members.loose:
        lines.append(f"{_counted(members.loose, 'parameter')} in no box: {_some(members.loose)}")
    if watched.strangers:
        many = _counted(watched.strangers, "key")
        lines.append(f"{many} of the history not in this graph: {_some(watched.strangers)}")
    return [_clean(line) for line in lines[:_TOLD]]


def _counted(names: Sequence[str], word: str) -> str:
    return f"{len(names)} {word}{'s' * (len(names) != 1)}"


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN_NAMES} more" if len(names) > _SHOWN_NAMES else ""
    return ", ".join(names[:_SHOWN_NAMES]) + more
