"""A watched training at one record -> colours over a still picture.

A `Coloring` is what ``color_by`` of a picture takes in place of a measure: it finds the number
of every box, whatever the picture leaves open or folds, and knows how to write it.

The scale spans all records, so that pictures of several steps can be compared.

Cost: that of ``members``, and 1 us a tensor for each box.

Not here: what the numbers are (``statistics``), how boxes are painted
(``introspect.graph.overlay``).
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from math import isfinite
from typing import Any

from introspect.graph.life.members import members_of
from introspect.graph.life.page import check_statistic, start_of
from introspect.graph.life.statistics import STATISTICS, Statistic, known_statistics
from introspect.graph.life.watched import Course, Watched, read_watched, written_step
from introspect.graph.outline import open_outline
from introspect.graph.outline.box import Box
from introspect.graph.overlay_numbers import Number
from introspect.nouns.graph import Graph
from introspect.nouns.metric import Step

_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_OUTSIDE = 0.02


class Coloring:
    """Numbers of a training for the boxes of one graph's pictures.

    Args:
        graph: As traced.
        history: A History, a Watch or the folder of a run.
        step: Which record; None for the last, an epoch alone for its last.
        color: A key of ``STATISTICS``; None for the first that the history has.
        folding: `fold`, `expand` and `collapse` of the picture.

    Raises:
        HistoryError: If the history has nothing to say about this graph, or not at this step.
        FormatError: If there is no such statistic, or the history does not have it.
    """

    def __init__(
        self,
        graph: Graph,
        history: Any,
        *,
        step: Step | None = None,
        color: str | None = None,
        folding: Mapping[str, Any] | None = None,
    ) -> None:
        self._graph = graph
        self._watched: Watched = read_watched(graph, history)
        known = [one.key for one in known_statistics(self._watched)]
        chosen = color if color is not None else known[0]
        check_statistic(chosen, known)
        self._statistic: Statistic = STATISTICS[chosen]
        self._record = start_of(self._watched, step, chosen)
        self._folding = dict(folding or {})

    @property
    def title(self) -> str:
        """For the legend."""
        return f"{self._statistic.title} · {written_step(self._watched.records[self._record])}"

    @property
    def is_log(self) -> bool:
        """Whether the scale is logarithmic whatever it spans; else it starts at 0."""
        return self._statistic.scale == "log"

    def write(self, number: float) -> str:
        """A number as text.

        Example:
            >>> import introspect, torch
            >>> from introspect.nouns.sketch import Sketch
            >>> model, history = torch.nn.Linear(4, 2), introspect.History()
            >>> history.log(0, **{"gradients/weight": Sketch.of([3e-4, 4e-4])})
            >>> coloring = Coloring(introspect.trace(model, torch.zeros(1, 4)), history)
            >>> coloring.title, coloring.write(5e-4)
            ('gradient norm ‖g‖ · step 0', '5.00×10⁻⁴')
        """
        return written(number, self._statistic.scale)

    def numbers(self, boxes: Iterable[Box]) -> dict[Box, Number]:
        """The number of each box at the record; boxes without one are missing."""
        found: dict[Box, Number] = {}
        for box in boxes:
            value = self._statistic.of(self._courses(box), self._record)
            if value is not None and isfinite(value):
                found[box] = Number(value)
        return found

    def span(self, boxes: Iterable[Box]) -> tuple[float, float, float, float]:
        """The ends of the scale, over these boxes and all records, and what there is at most.

        2 % of the numbers may lie beyond either end of a logarithmic scale: a first step or a
        single bias must not take all colours.
        """
        records = range(len(self._watched.records))
        every = [self._courses(box) for box in boxes if box.kind != "group"]
        values = [self._statistic.of(courses, k) for courses in every if courses for k in records]
        known = sorted(
            v for v in values if v is not None and isfinite(v) and (v > 0 or not self.is_log)
        )
        if not known:
            return 0.0, 0.0, 0.0, 0.0
        edge = int(len(known) * _OUTSIDE) if self.is_log else 0
        low = known[edge] if self.is_log else 0.0
        return low, known[-1 - edge], known[0] if self.is_log else 0.0, known[-1]

    def _courses(self, box: Box) -> Sequence[Course]:
        return self._of_box.get(_key(box), ())

    @cached_property
    def _of_box(self) -> dict[tuple[Any, ...], list[Course]]:
        """Key of a box -> all courses in it, however deep."""
        drawn = open_outline(self._graph, depth="all", **self._folding)
        held = members_of(self._graph, drawn).held
        names: dict[Box, dict[str, None]] = {}
        for box in (*drawn.root.leaves(), *reversed(list(drawn.root.groups()))):
            own = held.get(box)
            sets = (*own.parameters, *own.modules) if own is not None else ()
            inside = [names.get(child, {}) for child in box.children]
            names[box] = {name: None for one in (*sets, *inside) for name in one}
        by_name: dict[str, list[Course]] = {}
        for course in self._watched.courses:
            by_name.setdefault(course.name, []).append(course)
        return {
            _key(box): [course for name in found for course in by_name.get(name, ())]
            for box, found in names.items()
        }


def _key(box: Box) -> tuple[Any, ...]:
    """Equal for a box in a picture and the same box where every group is open."""
    is_group = box.kind == "group" or bool(box.sealed_leaves)
    return "group" if is_group else box.kind, box.path, box.order


def written(number: float, scale: str) -> str:
    """A number of a statistic, in its unit: three digits, shares in percent.

    Example:
        >>> written(0.00132, "log"), written(0.0131, "log"), written(0.125, "share")
        ('0.00132', '0.0131', '12.5%')
        >>> written(3.2e-7, "log"), written(1234.0, "count"), written(0.0, "log")
        ('3.20×10⁻⁷', '1234', '0')
    """
    if scale == "share":
        return f"{100 * number:.1f}%"
    if scale == "count":
        return f"{number:.0f}"
    if number == 0:
        return "0"
    if 1e-3 <= abs(number) < 1e5:
        return f"{number:.3g}" if abs(number) < 1000 else f"{number:.0f}"
    digits, _, power = f"{number:.2e}".partition("e")
    return f"{digits}×10{str(int(power)).translate(_SUPERSCRIPTS)}"
