"""Boxes -> one number each: what they cost, or what the user says about them.

A box that stands for several says the number of each, or the mean where they differ.

Not here: which ops a box stands for (``overlay_ops``), scales and colours
(``introspect.graph.overlay``).
"""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from fnmatch import fnmatchcase
from itertools import islice
from numbers import Real
from typing import Any, Literal, SupportsFloat

from introspect.errors import FormatError
from introspect.graph.cost import Cost, cost
from introspect.graph.cost.memory import size_bytes
from introspect.graph.outline.box import Box
from introspect.graph.overlay_ops import BoxOps
from introspect.nouns.graph import Graph, Op


@dataclass(frozen=True, slots=True)
class Number:
    """What is laid over one box.

    Attributes:
        value: In the unit of the measure.
        of: ``"one"``: of the box; ``"each"``: of each of the equal ones that it stands for;
            ``"mean"``: their mean.
    """

    value: float
    of: Literal["one", "each", "mean"] = "one"


def cost_numbers(graph: Graph, boxes: Iterable[Box], measure: str) -> dict[Box, Number]:
    """What each box costs.

    Args:
        graph: As traced.
        boxes: Leaves, cards and groups.
        measure: ``"flops"``, ``"parameters"``, ``"memory"`` or ``"time"``.

    Raises:
        FormatError: If times were not measured, or nothing ran.
    """
    if measure != "parameters":
        _check_measured(graph, measure)
    found = cost(graph)
    finder = BoxOps(graph)
    numbers = {}
    for box in boxes:
        members = finder.members(box)
        if measure == "parameters" and (graph.level == "module" or len(members) < 2):
            values = [float(box.parameters)]
        elif measure == "parameters":
            values = [
                float(box.parameters),
                *(_weights(ops, math_only=True) for ops in members[1:]),
            ]
        else:
            values = [_total(ops, found, measure) for ops in members]
        numbers[box] = _number(values, box)
    return numbers


def _check_measured(graph: Graph, measure: str) -> None:
    if graph.level == "module":
        raise FormatError(
            f"this graph holds no operations to color by {measure}: nothing was run.",
            given='level="module"',
            hint='introspect.trace(model, ...), or color_by="parameters"',
        )
    if measure == "time" and graph.ops and all(op.elapsed_s is None for op in graph.ops):
        raise FormatError(
            "the times of this graph were not measured.",
            given='"time"',
            hint="introspect.Tracer(times=True).trace(model, ...)",
        )


def _total(ops: list[Op], found: Cost, measure: str) -> float:
    if measure == "flops":
        return float(sum(found.of(op).flops for op in ops))
    if measure == "time":
        return sum(op.elapsed_s or 0.0 for op in ops)
    return float(sum(found.of(op).activation_bytes for op in ops)) + _weights(ops)


def _weights(ops: list[Op], *, math_only: bool = False) -> float:
    """Bytes, or number, of the parameters that ops read, each once."""
    kinds = {"parameter"} if math_only else {"parameter", "buffer"}
    read = dict.fromkeys(v for op in ops for v in op.inputs if v.kind in kinds)
    if math_only:
        return float(sum(math.prod(value.shape or ()) for value in read))
    return float(sum(size_bytes(value) for value in read))


def _number(values: list[float], box: Box) -> Number:
    if box.count == 1 and len(values) == 1:
        return Number(values[0])
    if all(value == values[0] for value in values):
        stands_for_several = box.count > 1 and box.kind != "group"
        return Number(values[0], "each" if stands_for_several else "one")
    return Number(math.fsum(values) / len(values), "mean")


def given_numbers(
    graph: Graph,
    boxes: Iterable[Box],
    given: Mapping[str, SupportsFloat] | Callable[[str], SupportsFloat | None],
    option: str,
) -> dict[Box, Number]:
    """The user's own numbers, by the path of the module that a box shows.

    Args:
        graph: As traced.
        boxes: Leaves, cards and groups.
        given: A mapping from paths or patterns (``"layer1.*"``) to numbers, exact paths first
            and then the first pattern that fits; or a function of the path.
        option: For the message: ``"color_by"``.

    Raises:
        FormatError: If nothing is found, or what is found is no number.
    """
    paths = list(dict.fromkeys(call.path for call in graph.calls))
    look = _lookup(given, paths, option)
    finder = BoxOps(graph)
    numbers = {}
    for box in boxes:
        if box.kind == "op":
            continue  # an operation beside the modules: its path is that of the module around
        values = [look(path) for path in finder.member_paths(box)]
        known = [value for value in values if value is not None]
        if known:
            numbers[box] = _number(known, box)
    if not any(box.kind != "group" for box in numbers):
        raise FormatError(
            f"{option} has no number for any box of this picture.",
            where=f"the graph {graph.name}",
            given=_shown(given),
            hint='paths such as "' + '", "'.join(_drawn_paths(boxes)) + '"; depth="all" opens all',
        )
    return numbers


def _drawn_paths(boxes: Iterable[Box]) -> list[str]:
    return list(islice((box.path for box in boxes if box.kind == "leaf" and box.path), 4))


def _shown(given: Any) -> str:
    if not isinstance(given, Mapping):
        return repr(given)
    return ", ".join(repr(key) for key in islice(given, 4)) + (", …" if len(given) > 4 else "")


def _lookup(
    given: Mapping[str, SupportsFloat] | Callable[[str], SupportsFloat | None],
    paths: list[str],
    option: str,
) -> Callable[[str], float | None]:
    if not isinstance(given, Mapping):
        return lambda path: _checked(given(path), path, option)
    patterns = [key for key in given if isinstance(key, str) and any(c in key for c in "*?[")]
    found: dict[str, float | None] = {}
    for path in paths:
        key = path if path in given else next((p for p in patterns if fnmatchcase(path, p)), None)
        if key is not None:
            found[path] = _checked(given[key], key, option)
    if not found:
        near = [
            close
            for key in islice(given, 8)
            for close in get_close_matches(str(key), paths, n=2, cutoff=0.5)
        ]
        raise FormatError(
            f"no path of {option} is a module of this model.",
            given=_shown(given) or "an empty mapping",
            hint="did you mean " + ", ".join(map(repr, dict.fromkeys(near))) + "?"
            if near
            else "paths such as " + ", ".join(repr(path) for path in paths[1:5]),
        )
    return found.get


def _checked(value: Any, key: str, option: str) -> float | None:
    if value is None:
        return None
    number = value
    if not isinstance(value, Real) and getattr(value, "ndim", None) == 0:
        number = value.item()  # a NumPy scalar or a tensor without dimensions
    if not isinstance(number, Real) or isinstance(number, bool):
        raise FormatError(
            f"{option} holds something else than numbers.",
            where=key,
            given=f"{type(value).__name__}: {value!r:.60}",
        )
    try:
        return float(number)
    except OverflowError:
        return math.copysign(math.inf, float(number > 0) - 0.5)
