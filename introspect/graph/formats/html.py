"""Graph -> one HTML page in which it is opened, searched and followed. Offline, without a server.

The page holds the picture's data deflated, one script and one style sheet; it asks for no
address, and its own content security policy allows nothing but the two by their hashes. What
the script does is in ``web/graph``; ``introspect/_web`` is built from it.

Cost: 120 us a box; 38 kB and then 2 to 70 bytes a box.

Not here: the data (``html_data``), the page around it (``html_page``), still pictures (``svg``,
``pdf``, ``png``).
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from introspect.errors import FormatError
from introspect.graph.formats.html_data import encode
from introspect.graph.formats.html_details import Reader
from introspect.graph.formats.html_page import Living, finished_page, framed
from introspect.graph.layout.node import Direction
from introspect.graph.outline import Outline, open_outline, whole_depth
from introspect.graph.outline.box import Box
from introspect.graph.overlay_numbers import given_numbers
from introspect.nouns.graph import Graph
from introspect.nouns.metric import Step
from introspect.theme import OP_FAMILIES, GraphTheme

Numbers = str | Mapping[str, float] | Callable[[str], float | None]

MEASURES: Mapping[str, str] = {
    "flops": "FLOPs",
    "parameters": "parameters",
    "memory": "memory",
    "time": "time",
}
_GIVEN = "given"


def to_html(  # noqa: PLR0913  one keyword for each thing that a reader finds set
    graph: Graph,
    *,
    theme: str | GraphTheme | None = None,
    depth: float | str | None = None,
    expand: Sequence[str] = (),
    collapse: Sequence[str] | Callable[[Box], bool] = (),
    fold: bool = True,
    direction: Direction = "TB",
    title: str | None = None,
    color_by: Numbers | None = None,
    history: Any = None,
    step: Step | None = None,
    color: str | None = None,
) -> bytes:
    """A page that shows a graph and lets a reader open, search and follow it.

    Args:
        graph: As traced or loaded.
        theme: None or ``"auto"`` follows the reader's system and can be switched; ``"light"`` and
            ``"dark"`` start so; any other theme is kept.
        depth: Levels that start open: None for as many as fit a page, ``"all"`` for everything.
        expand: Module paths and patterns that start open.
        collapse: Module paths and patterns, or a predicate, that start as one card.
        fold: Whether equal neighbours become one box ``×32``.
        direction: ``"TB"`` flows down, ``"LR"`` to the right.
        title: Instead of the graph's name.
        color_by: What the boxes start coloured by: ``"flops"``, ``"parameters"``, ``"memory"``,
            ``"time"``, or numbers of your own by module path. The reader can choose another.
        history: Of a training that ``introspect.watch`` recorded, or its Watch, or the folder of
            the run: each box gets strips of its distributions over time, and the page a slider.
        step: The record that the slider starts at; None for the last.
        color: What the boxes start coloured by at that step (``introspect.graph.life.statistics``):
            ``"update_ratio"``, ``"gradient_norm"``, ``"weight_norm"``, ``"zeros"``, ``"dead"``,
            ``"saturated"``, ``"nan"``; ``""`` for none, None for the first that was recorded.

    Returns:
        The page, UTF-8. The same graph and options give the same bytes.

    Raises:
        FormatError: If an option is unknown, or nothing has such numbers.
        HistoryError: If the history has nothing to say about the graph, or not at this step.

    Example:
        >>> import torch, introspect
        >>> page = to_html(introspect.trace(torch.nn.Linear(2, 3), torch.zeros(1, 2)))
        >>> page[:15], page.count(b"https:")
        (b'<!doctype html>', 0)
    """
    drawn = open_outline(
        graph,
        depth=whole_depth(depth),
        fold=fold,
        title=title,
        expand=expand,
        collapse=collapse,
        dissolved=True,
    )
    check_life(history, step=step, color=color, color_by=color_by)
    numbers, chosen = _numbers(graph, drawn, color_by)
    document, _ = encode(drawn, Reader(graph).of, numbers=numbers)
    measures, living = _measures(document, given=bool(numbers)), None
    if history is not None:
        from introspect.graph.life.page import life_of  # noqa: PLC0415  only a living page pays

        color = "" if chosen else color
        life = life_of(graph, drawn, history, step=step, color=color, direction=direction)
        measures, chosen = [*life.measures, *measures], chosen or life.color
        living = Living(life.document, life.packed, life.beside_pt)
    return finished_page(
        drawn,
        document,
        theme=theme,
        direction=direction,
        families={name: word for name, word in OP_FAMILIES.items() if name != "io"},
        measures=measures,
        color_by=chosen,
        living=living,
    )


def check_life(history: Any, *, step: Any, color: Any, color_by: Any) -> None:
    """Raise a FormatError for options of a history without one, or for two sets of colours."""
    if history is None and (step is not None or color is not None):
        given = f"step={step!r}" if color is None else f"color={color!r}"
        raise FormatError(
            "step and color are of a training, and there is no history.",
            given=given,
            hint=f"history=history, {given}; color_by=... needs none",
        )
    if color is not None and color_by is not None:
        raise FormatError(
            "a box has one colour.",
            given=f"color={color!r}, color_by={color_by!r:.60}",
            hint="one of the two; in a page the reader can choose the other",
        )


def to_html_fragment(graph: Graph, *, height_px: int = 560, **options: Any) -> str:
    """The page as an element for other pages, such as notebooks; any number of them live together.

    Args:
        graph: As traced or loaded.
        height_px: Of the frame.
        **options: Of `to_html`.

    Returns:
        An ``<iframe>`` that holds the whole page and may run its script and save files, and
        nothing else: not read the page around it, not open addresses.
    """
    page = to_html(graph, **options)
    return framed(page, title=f"Architecture of {graph.name}", height_px=height_px)


def _numbers(
    graph: Graph, drawn: Outline, color_by: Numbers | None
) -> tuple[dict[Box, float], str]:
    """The user's own numbers, and what boxes are coloured by at first."""
    if color_by is None:
        return {}, ""
    if isinstance(color_by, str):
        if color_by not in MEASURES:
            raise FormatError(
                "color_by does not know this measure.",
                given=repr(color_by),
                hint=", ".join(MEASURES) + ", or a mapping from module paths to numbers",
            )
        return {}, color_by
    root = drawn.root
    boxes = [b for b in (*root.groups(), *root.leaves()) if b is not root and b.kind != "io"]
    found = given_numbers(graph, list(dict.fromkeys(boxes)), color_by, "color_by")
    return {box: number.value for box, number in found.items()}, _GIVEN


def _measures(document: Mapping[str, Any], *, given: bool) -> list[Mapping[str, str]]:
    """What there is to colour by: measures that some box has."""
    first = len(document["heads"]) - 10  # parameters is the first column of facts
    columns = document["heads"][first : first + 4]
    known: list[Mapping[str, str]] = [
        {"key": key, "title": title}
        for (key, title), column in zip(MEASURES.items(), _in_order(columns), strict=True)
        if any(column)
    ]
    return [*([{"key": _GIVEN, "title": "given numbers"}] if given else []), *known]


def _in_order(columns: Sequence[Any]) -> Sequence[Any]:
    """Columns are parameters, FLOPs, bytes, time; measures name FLOPs first."""
    parameters, flops, *rest = columns
    return [flops, parameters, *rest]
