"""Numbers -> colours over the boxes of a picture: what is expensive, at a glance.

`paint_over` gives every drawn box its place on a scale (`Box.heat`), its number with a unit
(`Box.heat_text`), and by a second measure the length of a bar. Zero-based and linear for
costs, from least to most for the user's own numbers; logarithmic where the numbers span
more than a factor of 100.

Cost: that of ``introspect.graph.cost`` (3 us an op) and 10 us a box.

Not here: which ops a box stands for (``overlay_numbers``), the colours themselves
(``introspect.theme``), the drawing (``introspect.graph.layout.shapes``).
"""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal, Protocol, SupportsFloat, runtime_checkable

from introspect.errors import FormatError
from introspect.graph.layout.legend import Overlay, Scale
from introspect.graph.outline import Outline
from introspect.graph.outline.box import Box
from introspect.graph.outline.labels import short_count
from introspect.graph.overlay_numbers import Number, cost_numbers, given_numbers
from introspect.nouns.graph import Graph

Measure = Literal["flops", "parameters", "memory", "time"]


@runtime_checkable
class Coloring(Protocol):
    """Numbers of boxes from elsewhere, such as a training (``introspect.graph.life.still``)."""

    @property
    def title(self) -> str:
        """For the legend."""
        ...

    @property
    def is_log(self) -> bool:
        """Whether its scale is logarithmic whatever it spans; else it starts at 0."""
        ...

    def write(self, number: float) -> str:
        """A number as text."""
        ...

    def numbers(self, boxes: Iterable[Box]) -> dict[Box, Number]:
        """Those of the boxes that have one."""
        ...

    def span(self, boxes: Iterable[Box]) -> tuple[float, float, float, float]:
        """Ends of the scale, and the least and greatest number there is, perhaps beyond them."""
        ...


Numbers = Measure | Mapping[str, SupportsFloat] | Callable[[str], SupportsFloat | None] | Coloring
"""A cost, or numbers of the user's own: by module path or pattern, or from a module path."""

TITLES: Mapping[str, str] = {
    "flops": "FLOPs",
    "parameters": "parameters",
    "memory": "memory",
    "time": "time",
}
_LOG_FROM = 100.0
_NO_NUMBER = -1.0
_SPACE = "\N{NO-BREAK SPACE}"


@dataclass(frozen=True, slots=True)
class _Measured:
    """One measure over the boxes of a picture.

    Attributes:
        title: For the legend.
        numbers: Box to its number; boxes without one are missing.
        write: A number as text.
        from_zero: Whether the scale starts at 0.
        span: Of a `Coloring`: the ends of its scale, and the least and the greatest number.
    """

    title: str
    numbers: Mapping[Box, Number]
    write: Callable[[float], str]
    from_zero: bool
    span: tuple[float, float, float, float] | None = None

    def text(self, box: Box) -> str:
        """The number of a box as it is written on it; nothing for none and for 0."""
        number = self.numbers.get(box)
        if number is None or number.value == 0:
            return ""
        how = {"one": "{}", "each": "{} each", "mean": "mean {}"}[number.of]
        return how.format(self.write(number.value)).replace(" ", _SPACE)


def paint_over(
    graph: Graph,
    outline: Outline,
    *,
    color_by: Numbers | None = None,
    size_by: Numbers | None = None,
) -> Overlay:
    """Lay numbers over the boxes of an outline.

    Args:
        graph: That the outline is of.
        outline: Its boxes get `heat` and `heat_text`; boxes without a number a `heat` of -1.
        color_by: ``"flops"``, ``"parameters"``, ``"memory"`` (bytes of the results and the
            weights), ``"time"`` (of ``Tracer(times=True)``); or numbers of your own:
            ``{"layer1.*": 0.3}``, or a function from a module path to a number or None.
        size_by: A second one, drawn as a bar at the foot of each box.

    Returns:
        The scales and the bars, for `layout`.

    Raises:
        FormatError: If a measure is unknown, was not measured, or no box has a number.

    Example:
        >>> import introspect, torch
        >>> from introspect.graph.outline import outline
        >>> net = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.Linear(8, 2))
        >>> drawn = outline(introspect.trace(net, torch.zeros(1, 4)))
        >>> found = paint_over(introspect.trace(net, torch.zeros(1, 4)), drawn, color_by="flops")
        >>> [box.heat for box in drawn.root.leaves()]
        [None, 1.0, 0.5, None]
        >>> found.scales[0].high
        '64 FLOPs'
    """
    boxes = _boxes(outline)
    color = _measured(graph, boxes, color_by, "color_by")
    size = _measured(graph, boxes, size_by, "size_by")
    scales: list[Scale] = []
    if color is not None:
        scales.append(_heat(boxes, color))
    bars: dict[Box, float] = {}
    if size is not None:
        bars, scale = _bars(size)
        scales.append(scale)
    for box in boxes:
        written = [m.text(box) for m in (color, size) if m is not None]
        _write(box, next((text for text in written if text), ""))
    return Overlay(scales=tuple(scales), bars=bars)


def _boxes(outline: Outline) -> list[Box]:
    """Every box that may carry a number: leaves and groups, those of insets as well."""
    roots = [outline.root, *(inset.root for inset in outline.insets)]
    found = [box for root in roots for box in (*root.groups(), *root.leaves()) if box is not root]
    return [box for box in dict.fromkeys(found) if box.kind != "io"]


def _measured(
    graph: Graph, boxes: list[Box], wanted: Numbers | None, option: str
) -> _Measured | None:
    if wanted is None:
        return None
    if isinstance(wanted, Coloring):
        numbers = wanted.numbers(boxes)
        span = wanted.span(boxes)
        return _Measured(wanted.title, numbers, wanted.write, not wanted.is_log, span)
    if isinstance(wanted, str):
        if wanted not in TITLES:
            near = get_close_matches(wanted.lower(), TITLES, n=2, cutoff=0.5) or list(TITLES)
            raise FormatError(
                f"{option} does not know this measure.",
                given=repr(wanted),
                hint=" or ".join(f'{option}="{name}"' for name in near)
                + ", or a mapping from module paths to numbers",
            )
        numbers = cost_numbers(graph, boxes, wanted)
        return _Measured(TITLES[wanted], numbers, WRITERS[wanted], from_zero=True)
    if not isinstance(wanted, Mapping) and not callable(wanted):
        raise FormatError(
            f"{option} takes the name of a measure, a mapping or a function.",
            given=f"{type(wanted).__name__}: {wanted!r:.60}",
            hint=f'{option}="flops", or {option}={{"layer1.*": 0.3}}',
        )
    numbers = given_numbers(graph, boxes, wanted, option)
    return _Measured("given numbers", numbers, _plain, from_zero=False)


def _write(box: Box, text: str) -> None:
    """The number on the box; it takes the place of the parameter count."""
    box.heat_text = text
    if box.kind != "group":
        box.parameters = 0
        if text:
            box.detail = f"{box.detail}{_SPACE * 3}{text}" if box.detail else text


def _finite(numbers: Iterable[float]) -> list[float]:
    return [number for number in numbers if math.isfinite(number)]


def _heat(boxes: list[Box], measured: _Measured) -> Scale:
    """Give every leaf its place on the scale."""
    leaves = [box for box in boxes if box.kind != "group"]
    values = _finite(measured.numbers[box].value for box in leaves if box in measured.numbers)
    low, high = min(values, default=0.0), max(values, default=0.0)
    least = min((value for value in values if value > 0), default=high)
    is_log = low >= 0 and high > _LOG_FROM * least
    least_word = most_word = ""
    if measured.span is not None:
        low, high, smallest, largest = measured.span
        least, is_log = low, not measured.from_zero and high > low > 0
        least_word, most_word = "≤ " * (smallest < low), "≥ " * (largest > high)
    if measured.from_zero and not is_log:
        low = min(low, 0.0)
    place = _log_place(least, high) if is_log else _linear_place(low, high)
    for box in leaves:
        number = measured.numbers.get(box)
        box.heat = _NO_NUMBER if number is None or math.isnan(number.value) else place(number.value)
    note = "log scale" if is_log else ""
    if is_log and low == 0:
        note += ", 0 is palest"
    missing = any(box.heat == _NO_NUMBER for box in leaves)
    words = [note, "dashed: no number" if missing else ""]
    return Scale(
        measured.title,
        least_word + measured.write(least if is_log else low),
        most_word + measured.write(high),
        note="  ·  ".join(word for word in words if word),
    )


def _linear_place(low: float, high: float) -> Callable[[float], float]:
    # halved, so that the span of the largest floats does not overflow
    span = high / 2 - low / 2

    def place(value: float) -> float:
        if span == 0:
            return 0.5 if math.isfinite(value) else float(value > 0)
        return min(1.0, max(0.0, (value / 2 - low / 2) / span))

    return place


def _log_place(least: float, high: float) -> Callable[[float], float]:
    span = math.log(high) - math.log(least)

    def place(value: float) -> float:
        """Zero has the palest colour for itself."""
        if value <= 0:
            return 0.0
        share = (math.log(value) - math.log(least)) / span if value < math.inf else 1.0
        return 0.08 + 0.92 * min(1.0, max(0.0, share))

    return place


def _bars(measured: _Measured) -> tuple[dict[Box, float], Scale]:
    """Length of the bar of each leaf: linear from zero, or it would not be a length."""
    values = {box: n.value for box, n in measured.numbers.items() if box.kind != "group"}
    longest = max((abs(value) for value in _finite(values.values())), default=0.0)
    bars = {
        box: min(1.0, abs(value) / longest) if longest else 0.0
        for box, value in values.items()
        if not math.isnan(value)
    }
    note = "length is the absolute value" if any(v < 0 for v in values.values()) else ""
    return bars, Scale(measured.title, "0", measured.write(longest), "bar", note)


def _flops(number: float) -> str:
    return f"{_prefixed(number)}FLOPs"


def _bytes(number: float) -> str:
    return f"{_prefixed(number)}B"


def _prefixed(number: float) -> str:
    """Three figures and the prefix of a unit: ``1.21 G``.

    Example:
        >>> _prefixed(1_214_000_000.0), _prefixed(64), _prefixed(999_999)
        ('1.21 G', '64 ', '1 M')
    """
    for limit, prefix in ((1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if number >= limit * 0.9995:
            return f"{number / limit:.3g} {prefix}"
    return f"{number:.3g} "


def _seconds(number: float) -> str:
    """Three figures and the unit that suits: ``3.1 ms``.

    Example:
        >>> _seconds(0.0031), _seconds(2.5e-7), _seconds(12.0), _seconds(0.0)
        ('3.1 ms', '250 ns', '12 s', '0 s')
    """
    for limit, unit in ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs")):
        if number >= limit * 0.9995:
            return f"{number / limit:.3g} {unit}"
    return f"{number * 1e9:.3g} ns" if number else "0 s"


def _plain(number: float) -> str:
    """A number of unknown unit; what is no number is said.

    Example:
        >>> [_plain(x) for x in (0.25, 25_600_000, -1.5, float("nan"), float("inf"), 1e-9, 2e40)]
        ['0.25', '25.6M', '−1.5', 'NaN', '∞', '1e−09', '2e+40']
    """
    if math.isnan(number):
        return "NaN"
    size = abs(number)
    if math.isinf(size):
        text = "∞"
    else:
        text = short_count(size) if 1000 <= size < 1e15 else f"{size:.3g}"
    return ("−" if number < 0 else "") + text.replace("-", "−")


WRITERS: Mapping[str, Callable[[float], str]] = {
    "flops": _flops,
    "parameters": short_count,
    "memory": _bytes,
    "time": _seconds,
}
"""Measure to what writes its numbers with their unit."""
